package domainclaim

import (
	"hash/fnv"
	"time"
)

// Event is what an observation changed about a claim, for the audit log and the
// notices. "" is nothing.
type Event string

// The events of [Claim.Next].
const (
	EventNone      Event = ""
	EventVerified  Event = "verified"  // proven, for the first time or after it lapsed
	EventRecovered Event = "recovered" // the record is back within the grace
)

// Next moves the claim by what was seen, and reports what changed. The claim it is
// called on stays as it was.
//
// Present verifies a claim that is pending, missing or unverified, and ends any count
// of absence. Absent and Mismatch leave a pending claim pending; on one that was
// proven they are recorded in AbsentSince and Confirmations, and move no state.
// Unknown moves nothing and neither adds to a count of absence nor ends it. AbsentSince
// is the time of an observation, never earlier: a month without checks is no month of
// absence.
//
// An observation made for another name or token, which was under way when the claim
// was changed, is ignored, and so is every one on a released claim. CheckAt is set to
// when to look next.
func (c Claim) Next(o Observation, now time.Time) (Claim, Event) {
	if c.State == Released || o.Name != c.Name || o.Token != c.Token {
		return c, EventNone
	}
	now = instant(now)
	c.Last = &o
	event := EventNone
	switch o.Outcome {
	case Present:
		c.AbsentSince, c.Confirmations, c.Unknowns = time.Time{}, 0, 0
		switch c.State {
		case Verified:
		case Missing:
			event = EventRecovered
		default:
			event = EventVerified
			c.VerifiedAt = now
		}
		c.State = Verified
	case Absent, Mismatch:
		c.Unknowns = 0
		if c.State != Pending {
			if c.AbsentSince.IsZero() {
				c.AbsentSince = now
			}
			c.Confirmations++
		}
	default:
		c.Unknowns++
	}
	c.CheckAt = now.Add(c.pause(now))
	return c, event
}

// pause is how long to wait for the next look: short while somebody waits for the
// result or something is wrong, a day when all is well. It differs a little from name
// to name, so that claims made together do not stay together.
func (c Claim) pause(now time.Time) time.Duration {
	var wait time.Duration
	switch {
	case c.Unknowns > 0:
		wait = step(c.Unknowns, 5*time.Minute, 15*time.Minute, time.Hour, 4*time.Hour, 6*time.Hour)
	case c.Confirmations > 0:
		wait = step(c.Confirmations, time.Hour, 6*time.Hour, 12*time.Hour)
	case c.State == Pending:
		// In proportion to how long it was waited already: every two minutes in the
		// first quarter of an hour, and never less than six times a day.
		wait = min(max(now.Sub(c.CreatedAt)/8, 2*time.Minute), 4*time.Hour)
	default:
		wait = 24 * time.Hour
	}
	h := fnv.New32a()
	h.Write([]byte(c.Name))
	permille := time.Duration(h.Sum32() % 101) // up to a tenth earlier
	return wait - wait*permille/1000
}

// step is the n-th of waits, counted from 1; the last one from there on.
func step(n int, waits ...time.Duration) time.Duration {
	return waits[min(n, len(waits))-1]
}
