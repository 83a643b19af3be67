package domainclaim

import (
	"hash/fnv"
	"slices"
	"time"
)

// The rules by which a claim is proven and lapses.
const (
	// Grace is for how long a record must be gone before the claim lapses, and
	// GraceConfirmations how many looks must have found it gone by then.
	Grace              = 7 * 24 * time.Hour
	GraceConfirmations = 10
	// PendingFor is how long a claim waits for its proof.
	PendingFor = 30 * 24 * time.Hour

	// A gap between two absences counts as absence when somebody has looked often enough,
	// and when DNS was silent in it for a short while only.
	longestGap     = 12 * time.Hour
	longestSilence = 3 * time.Hour
	// A lapsed claim is looked at for so long, should its record come back.
	lapsedFor = 30 * 24 * time.Hour

	day = 24 * time.Hour
)

// Event is what an observation changed about a claim, for the audit log and the
// notices. "" is nothing.
type Event string

// The events of [Claim.Next].
const (
	EventNone         Event = ""
	EventVerified     Event = "verified"      // proven, for the first time or after it lapsed
	EventMissing      Event = "missing"       // the record of a proven claim is gone
	EventStillMissing Event = "still_missing" // for three days now, and for six
	EventRecovered    Event = "recovered"     // the record is back within the grace
	EventUnverified   Event = "unverified"    // lapsed
	EventExpired      Event = "expired"       // not proven in PendingFor, and released
	EventContested    Event = "contested"     // proven, and held by another: see Contest
)

// Next moves the claim by what was seen, and reports what changed. The claim it is
// called on stays as it was.
//
// Present verifies a claim that is pending, missing or unverified, and ends any count
// of absence.
//
// Absent and Mismatch make a verified claim Missing, which still holds its name, and
// count towards the end of it: Unverified, when it was gone for the [Grace], by
// [GraceConfirmations] looks or more, of which this one was answered by the zone's own
// name servers. The time of absence is made of the gaps between two looks that found the
// record gone, one after the other: a gap counts when it is at most twelve hours long and
// DNS told nothing for at most three of them, which are taken off. So a month without
// checks is no month of absence, and an outage of DNS, however long, is none either.
//
// Unknown moves nothing, and neither adds to a count of absence nor ends it.
//
// A pending claim stays pending whatever else is seen, and is released when that has gone
// on for [PendingFor]. An observation made for another name or token, which was under
// way when the claim was changed, is ignored, and so is every one on a released claim.
// CheckAt is set to when to look next.
func (c Claim) Next(o Observation, now time.Time) (Claim, Event) {
	if c.State == Released || o.Name != c.Name || o.Token != c.Token {
		return c, EventNone
	}
	now = instant(now)
	c = c.seen(o, now)
	event := EventNone
	switch o.Outcome {
	case Present:
		event = c.present(now)
	case Absent, Mismatch:
		event = c.absent(o, now)
	}
	return c.plan(now, event)
}

// Contest is for a claim whose proof was seen while another claim holds the name, so that
// what Next gave could not be kept. It is called on the claim as it was before that: the
// proof takes nothing from who holds the name, whose own record has to be gone for the
// [Grace]. The event is EventContested at the first time.
func (c Claim) Contest(o Observation, now time.Time) (Claim, Event) {
	if c.State == Released || c.Holds() || o.Outcome != Present || o.Name != c.Name || o.Token != c.Token {
		return c, EventNone
	}
	now = instant(now)
	c = c.seen(o, now)
	event := EventNone
	if c.Contested.IsZero() {
		c.Contested, event = now, EventContested
	}
	return c.plan(now, event)
}

// seen writes the look down.
func (c Claim) seen(o Observation, now time.Time) Claim {
	c.Last = &o
	c.History = history(c.History, o, now)
	if len(o.NameServers) > 0 {
		c.NameServers = slices.Clone(o.NameServers)
	}
	switch o.Outcome {
	case Present, Absent, Mismatch:
	default:
		if c.Unknowns == 0 {
			c.UnknownSince = now
		}
		c.Unknowns++
	}
	return c
}

func (c *Claim) present(now time.Time) Event {
	event := EventNone
	switch c.State {
	case Verified:
	case Missing:
		event = EventRecovered
	default:
		event = EventVerified
		c.VerifiedAt = now
	}
	c.State = Verified
	c.AbsentSince, c.AbsentAt, c.AbsentFor, c.Confirmations, c.Warned = time.Time{}, time.Time{}, 0, 0, 0
	c.Unknowns, c.UnknownSince, c.LapsedAt, c.Contested = 0, time.Time{}, time.Time{}, time.Time{}
	return event
}

func (c *Claim) absent(o Observation, now time.Time) Event {
	gap := c.gap(now)
	c.Unknowns, c.UnknownSince, c.Contested = 0, time.Time{}, time.Time{}
	if c.State != Verified && c.State != Missing {
		return EventNone
	}
	if c.AbsentSince.IsZero() {
		c.AbsentSince = now
	}
	if c.AbsentAt.Before(now) {
		c.AbsentAt = now
	}
	c.AbsentFor += gap
	c.Confirmations++
	switch {
	case c.State == Verified:
		c.State, c.Warned = Missing, 1
		return EventMissing
	case c.AbsentFor >= Grace && c.Confirmations >= GraceConfirmations && o.Authoritative:
		c.State, c.LapsedAt = Unverified, now
		return EventUnverified
	case c.Warned < 2 && c.AbsentFor >= 3*day, c.Warned < 3 && c.AbsentFor >= 6*day:
		c.Warned++
		return EventStillMissing
	}
	return EventNone
}

// gap is what counts of the time since the last absence.
func (c Claim) gap(now time.Time) time.Duration {
	if c.AbsentAt.IsZero() {
		return 0
	}
	gap := now.Sub(c.AbsentAt)
	var silence time.Duration
	if c.Unknowns > 0 {
		silence = max(now.Sub(c.UnknownSince), 0)
	}
	if gap > longestGap || silence > longestSilence {
		return 0
	}
	return max(gap-silence, 0)
}

// plan sets when to look next, and ends the wait for a proof that does not come.
func (c Claim) plan(now time.Time, event Event) (Claim, Event) {
	switch {
	case c.State == Pending && !now.Before(c.CreatedAt.Add(PendingFor)):
		return c.Release(), EventExpired
	case c.State == Unverified && !now.Before(c.LapsedAt.Add(lapsedFor)):
		c.CheckAt = time.Time{}
	default:
		c.CheckAt = c.due(now)
	}
	return c, event
}

// due is when to look next: soon while somebody waits for the result or something is
// wrong, once a day when all is well.
func (c Claim) due(now time.Time) time.Time {
	var wait time.Duration
	switch {
	case c.State == Missing && c.Unknowns > 0:
		wait = step(c.Unknowns, 5*time.Minute, 10*time.Minute, 15*time.Minute, 30*time.Minute)
	case c.State == Missing && c.AbsentFor >= Grace:
		wait = time.Hour // only the word of its name servers is missing
	case c.State == Missing:
		wait = step(c.Confirmations, time.Hour, 3*time.Hour, 6*time.Hour)
	case c.State == Pending:
		// In proportion to how long it was waited already: every two minutes in the
		// first quarter of an hour, and never less than six times a day.
		wait = min(max(now.Sub(c.CreatedAt)/8, 2*time.Minute), 4*time.Hour)
	case c.Unknowns > 0:
		wait = step(c.Unknowns, 5*time.Minute, 15*time.Minute, time.Hour, 4*time.Hour, 6*time.Hour)
	default:
		return c.ownTime(now.Add(day / 2))
	}
	permille := time.Duration(c.spread() % 101) // up to a tenth earlier: not all at once
	return instant(now.Add(wait - wait*permille/1000))
}

// ownTime is the first instant from then on at the claim's own time of the day. Claims
// made together come apart that way, and come back to it after an outage.
func (c Claim) ownTime(from time.Time) time.Time {
	own := time.Duration(c.spread()) * (day / (1 << 32))
	at := from.Truncate(day).Add(own)
	if at.Before(from) {
		at = at.Add(day)
	}
	return instant(at)
}

// spread is a number that differs from name to name.
func (c Claim) spread() uint32 {
	h := fnv.New32a()
	h.Write([]byte(c.Name))
	return h.Sum32()
}

// step is the n-th of waits, counted from 1; the last one from there on.
func step(n int, waits ...time.Duration) time.Duration {
	return waits[min(n, len(waits))-1]
}
