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
	// PendingFor is how long a claim waits for its proof. One whose proof is there, and the
	// name another's, waits on.
	PendingFor = 30 * 24 * time.Hour

	// A gap between two absences counts as absence when somebody has looked often enough,
	// and when DNS was silent in it for a short while only. For less than shortestSilence is
	// no outage: a look or two failed.
	longestGap      = 12 * time.Hour
	longestSilence  = 3 * time.Hour
	shortestSilence = time.Hour
	// A lapsed claim is looked at for so long, should its record come back.
	lapsedFor = 30 * 24 * time.Hour

	// Counts go no further, and neither does the time of absence that no name server
	// confirms.
	mostLooks   = 1_000_000
	mostAbsence = 10 * 365 * day

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
// DNS told nothing for at most three of them, which are taken off unless it was for less
// than one: looks that fail now and then are no outage. So a month without checks is no
// month of absence, and an outage of DNS, however long, is none either.
//
// Unknown moves nothing, and neither adds to a count of absence nor ends it.
//
// A pending claim stays pending whatever else is seen, and is released when that has gone
// on for [PendingFor]; but not while it is contested, see [Claim.Contest]. An observation made for another name or token, which was under
// way when the claim was changed, is ignored, and so is every one on a claim that is
// released, has no token, or is in a state that this version does not know.
//
// What an observation says, it says of its At: one that comes in late counts for no longer
// than until it was made. CheckAt is set to when to look next.
func (c Claim) Next(o Observation, now time.Time) (Claim, Event) {
	if !c.moves(o) {
		return c, EventNone
	}
	now = instant(now)
	at := o.madeAt(now)
	c = c.seen(o, at)
	event := EventNone
	switch o.Outcome {
	case Present:
		event = c.present(now)
	case Absent, Mismatch:
		event = c.absent(o, at, now)
	}
	return c.plan(now, event)
}

// moves reports whether o is a look at c, and c one that looks can move.
func (c Claim) moves(o Observation) bool {
	switch c.State {
	case Pending, Verified, Missing, Unverified:
		return c.Name != "" && c.Token != "" && o.Name == c.Name && o.Token == c.Token
	}
	return false
}

// madeAt is when o was made, which is never after now.
func (o Observation) madeAt(now time.Time) time.Time {
	if o.At.IsZero() || o.At.After(now) {
		return now
	}
	return instant(o.At)
}

// Contest is for a claim whose proof was seen while another claim holds the name, so that
// what Next gave could not be kept. It is called on the claim as it was before that: the
// proof takes nothing from who holds the name, whose own record has to be gone for the
// [Grace]. The event is EventContested at the first time.
func (c Claim) Contest(o Observation, now time.Time) (Claim, Event) {
	if !c.moves(o) || c.Holds() || o.Outcome != Present {
		return c, EventNone
	}
	now = instant(now)
	c = c.seen(o, o.madeAt(now))
	c.Unknowns, c.UnknownSince = 0, time.Time{}
	event := EventNone
	if c.Contested.IsZero() {
		c.Contested, event = now, EventContested
	}
	return c.plan(now, event)
}

// seen writes the look down.
func (c Claim) seen(o Observation, at time.Time) Claim {
	c.Last = &o
	c.History = history(c.History, o, at)
	if len(o.NameServers) > 0 {
		c.NameServers = slices.Clone(o.NameServers)
	}
	switch o.Outcome {
	case Present, Absent, Mismatch:
	default:
		if c.Unknowns = max(c.Unknowns, 0); c.Unknowns == 0 {
			c.UnknownSince = at
		}
		c.Unknowns = min(c.Unknowns, mostLooks) + 1
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

func (c *Claim) absent(o Observation, at, now time.Time) Event {
	gap := c.gap(at)
	c.Unknowns, c.UnknownSince, c.Contested = 0, time.Time{}, time.Time{}
	switch c.State {
	case Verified:
		c.State = Missing
		c.AbsentSince, c.AbsentAt, c.AbsentFor, c.Confirmations, c.Warned = at, at, 0, 1, 1
		return EventMissing
	case Missing:
	default:
		return EventNone
	}
	if c.AbsentSince.IsZero() {
		c.AbsentSince = at
	}
	// One that is further ahead than any gap that counts comes from a clock that was wrong.
	if c.AbsentAt.Before(at) || c.AbsentAt.Sub(at) > longestGap {
		c.AbsentAt = at
	}
	c.AbsentFor = min(max(c.AbsentFor, 0), mostAbsence) + gap
	c.Confirmations = min(max(c.Confirmations, 0), mostLooks) + 1
	switch {
	case c.AbsentFor >= Grace && c.Confirmations >= GraceConfirmations && o.Authoritative:
		c.State, c.LapsedAt = Unverified, now
		return EventUnverified
	case c.Warned < 2 && c.AbsentFor >= 3*day, c.Warned < 3 && c.AbsentFor >= 6*day:
		c.Warned = max(c.Warned, 1) + 1
		return EventStillMissing
	}
	return EventNone
}

// gap is what counts of the time between the last absence and at.
func (c Claim) gap(at time.Time) time.Duration {
	if c.AbsentAt.IsZero() {
		return 0
	}
	gap := at.Sub(c.AbsentAt)
	var silence time.Duration
	if c.Unknowns > 0 {
		silence = at.Sub(c.UnknownSince)
	}
	// A silence that has not begun yet is one by another clock: nothing is known of it.
	if gap > longestGap || silence > longestSilence || silence < 0 {
		return 0
	}
	if silence < shortestSilence {
		silence = 0
	}
	return max(gap-silence, 0)
}

// plan sets when to look next, and ends the wait for a proof that does not come.
func (c Claim) plan(now time.Time, event Event) (Claim, Event) {
	switch {
	case c.State == Pending && c.Contested.IsZero() && !now.Before(c.CreatedAt.Add(PendingFor)):
		return c.Release(), EventExpired
	case c.State == Unverified && !c.LapsedAt.IsZero() && !now.Before(c.LapsedAt.Add(lapsedFor)):
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
		wait = step(c.Unknowns, 5*time.Minute, 10*time.Minute, 15*time.Minute)
	case c.State == Missing && c.AbsentFor >= Grace:
		// Only the word of its name servers is missing.
		wait = step(int((c.AbsentFor-Grace)/day)+1, 15*time.Minute, time.Hour)
	case c.State == Missing:
		wait = step(c.Confirmations, time.Hour, 3*time.Hour, 4*time.Hour)
		wait = min(wait, max(Grace-c.AbsentFor, 15*time.Minute))
	case c.State == Pending:
		// In proportion to how long it was waited already: every two minutes in the
		// first quarter of an hour, and never less than six times a day.
		wait = min(max(now.Sub(c.CreatedAt).Abs()/8, 2*time.Minute), 4*time.Hour)
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
	return waits[max(min(n, len(waits)), 1)-1]
}
