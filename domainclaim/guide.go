package domainclaim

import "time"

// Guide is what a page shows about a claim, in plain English.
type Guide struct {
	// Records are the two ways to publish the proof, of which one is enough; none when the
	// claim was released.
	Records []Record `json:"records,omitempty"`
	// Keep says that the record must stay, and what happens when it does not.
	Keep string `json:"keep,omitempty"`
	// Says is where the claim stands.
	Says string `json:"says"`
	// Seen is what the last look came to and what would help, and SeenAt when it was; ""
	// before the first.
	Seen   string    `json:"seen,omitempty"`
	SeenAt time.Time `json:"seenAt,omitzero"`
	// NextAt is when the next look is; zero: there is none.
	NextAt time.Time `json:"nextAt,omitzero"`
	// EndsAt is when a pending claim is released if it was not proven by then, and the
	// earliest instant at which one whose record is missing lapses. A claim that is
	// contested waits without an end.
	EndsAt time.Time `json:"endsAt,omitzero"`
}

// Guide says what to publish, where the claim stands, and what was seen.
func (c Claim) Guide() Guide {
	g := Guide{NextAt: c.CheckAt}
	if c.State != Released {
		g.Records = c.Records()
		g.Keep = "Keep this record even after the domain is verified: it is looked for every day, and once it has been gone for a week, the domain is no longer verified."
	}
	if c.Last != nil {
		g.Seen, g.SeenAt = c.Last.Hint, c.Last.At
	}
	switch c.State {
	case Pending:
		g.EndsAt = c.CreatedAt.Add(PendingFor)
		g.Says = "The domain is not verified yet. Publish one of the records: it is looked for again and again, until " + date(g.EndsAt) + "."
		if !c.Contested.IsZero() {
			g.EndsAt = time.Time{}
			g.Says = "The record is there, but another organization has verified this domain, and its record is there too. Both have been told. The domain is yours once the other organization gives it up, or its record has been gone for a week."
		}
	case Verified:
		g.Says = "The domain is verified."
	case Missing:
		g.EndsAt = c.lapsesAt()
		g.Says = "The record has been gone since " + date(c.AbsentSince) + ". Put it back: the domain stays verified until " + date(g.EndsAt) + " at the earliest."
	case Unverified:
		g.Says = "The record was gone for a week, so the domain is no longer verified. Put the record back and verify it again."
		if !c.Contested.IsZero() {
			g.Says = "The domain is no longer verified for you: its record is back, but another organization has verified it since."
		}
	case Released:
		g.Says = "The claim was given up, or not proven in time. Claim the domain again for a new record."
	default:
		return Guide{Says: "The domain counts as not verified: where its claim stands cannot be read."}
	}
	return g
}

// lapsesAt is the earliest instant at which a missing claim can lapse: when the rest of the
// [Grace] is over, counted from the last absence, or from the last look where that told
// nothing.
func (c Claim) lapsesAt() time.Time {
	rest, from := Grace-c.AbsentFor, c.AbsentAt
	if c.Unknowns > 0 && c.Last != nil && c.Last.At.After(from) {
		from = c.Last.At
		rest -= c.gap(from)
	}
	return from.Add(max(rest, 0))
}

func date(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }
