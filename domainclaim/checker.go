package domainclaim

import (
	"context"
	"slices"
	"time"
)

// defaultTimeout bounds one look-up. A server that needs longer is as good as silent.
const defaultTimeout = 3 * time.Second

// allTimeouts is how many look-ups one after the other a whole Check may take: the name
// servers, their addresses, and what they say, with one to spare.
const allTimeouts = 4

// maxAnswers bounds what an Observation keeps.
const maxAnswers = 32

// Checker looks claims up. It is safe for concurrent use.
type Checker struct {
	resolvers []Resolver
	authority Authority
	derived   bool // the authority asks the resolvers
	timeout   time.Duration
	now       func() time.Time
}

// CheckerOptions changes how a [Checker] looks. The zero value asks the servers that
// the system is set up with.
type CheckerOptions struct {
	// Resolvers are asked all at once; several of different operators make it hard to
	// lie about a record. Empty: [SystemResolvers]. When those cannot be read, every
	// Check is Unknown and says so.
	Resolvers []Resolver
	// Authority finds the name servers of a name. nil: it is made of those Resolvers that
	// NewResolver made, with their addresses as Servers of [AuthorityOptions]; where there are
	// none nobody is asked but Resolvers, and no claim that was proven ever lapses.
	Authority Authority
	// Timeout bounds each look-up, and a whole Check to four times as long; 0 is 3 seconds.
	Timeout time.Duration
	// Now is the clock of Observation.At, and of the Authority that is made; nil is time.Now.
	Now func() time.Time
}

// NewChecker makes a Checker. It reads the system's configuration once, now, when no
// resolvers are given.
func NewChecker(opts *CheckerOptions) *Checker {
	if opts == nil {
		opts = &CheckerOptions{}
	}
	c := &Checker{resolvers: slices.Clone(opts.Resolvers), authority: opts.Authority, timeout: opts.Timeout, now: opts.Now}
	if len(c.resolvers) == 0 {
		// Without any, Check has nobody to ask, and says that.
		c.resolvers, _ = SystemResolvers()
	}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.authority == nil {
		c.authority = derive(c.resolvers, c.timeout, c.now)
		c.derived = true
	}
	return c
}

// derive makes an Authority of the resolvers whose addresses are known; nil of none.
func derive(resolvers []Resolver, timeout time.Duration, now func() time.Time) Authority {
	var servers []string
	for _, r := range resolvers {
		if c, ok := r.(*client); ok && c.zone == "" {
			servers = append(servers, c.server)
		}
	}
	if len(servers) == 0 {
		return nil
	}
	a, err := NewAuthority(&AuthorityOptions{Servers: servers, Timeout: timeout, Now: now})
	if err != nil {
		return nil // not to be had: NewResolver took the same addresses
	}
	return a
}

// Check looks in the background. It asks as few as it can, and is bounded to four times
// the Timeout.
//
// A claim that holds its name and was Present when it was last looked at costs one
// question: one resolver, another one from day to day, is asked at that of the two names
// where the record was. When that is no proof, and for every other claim, all resolvers
// are asked for both names at once.
//
// A verified claim is [Present] when more than half of the resolvers show the proof. When
// they do not, and for every claim in another state, the name servers of the zone
// are asked, if there is an Authority, and what they say goes, with
// Observation.Authoritative: Present, when one of them (for a claim that holds) or at least
// half of those that answered, which are more than half of all, show the proof; [Absent] or
// [Mismatch] when more than half answered properly, and none shows it. So a resolver that
// lies, or has not heard of a change, proves no domain and keeps none.
//
// When they cannot tell, it is Present when more than half of the resolvers show the proof,
// or any, for a claim that holds; and Absent or Mismatch when more than half of them
// answered properly for both names, and nobody at all showed a proof. Otherwise it is
// [Unknown], as it is when ctx ended.
//
// Where the name servers are may be taken from looks of the last minutes, see
// [NewAuthority], but by no look that can prove the claim or end it.
func (c *Checker) Check(ctx context.Context, claim Claim) Observation {
	l := c.inquire(claim)
	l.recalls = !claim.mayTurn()
	if len(c.resolvers) > 0 && claim.Holds() && claim.Last != nil && claim.Last.Outcome == Present {
		r := l.glance(ctx)
		if claim.shows(r) {
			return l.well(r)
		}
		if r.ok { // it is not asked that again
			l.glanced = &r
		}
	}
	ctx, cancel := context.WithTimeout(ctx, allTimeouts*c.timeout)
	defer cancel()
	l.askResolvers(ctx)
	if !(claim.State == Verified && l.poll().proves()) && l.worthwhile() {
		l.askAuthority(ctx, l.lowest())
	}
	return l.finish(ctx)
}

// CheckNow looks while somebody waits for the result: the name servers of the zone are
// looked for and asked first, and their word is the outcome when they can tell, whatever
// resolvers, or looks before this one, have kept. The resolvers are asked beside them, for
// Observation.CachedUntil. Where the name servers cannot tell it is as [Checker.Check].
func (c *Checker) CheckNow(ctx context.Context, claim Claim) Observation {
	ctx, cancel := context.WithTimeout(ctx, allTimeouts*c.timeout)
	defer cancel()
	l := c.inquire(claim)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.askResolvers(ctx)
	}()
	if c.authority != nil {
		l.askAuthority(ctx, label)
	}
	<-done
	return l.finish(ctx)
}

// glance asks one resolver for the record that was seen last. It takes half the time of a
// look-up: when it tells nothing, more follows.
func (l *inquiry) glance(ctx context.Context) reply {
	today := uint64(l.now().Unix() / int64(day/time.Second))
	i := int((uint64(l.claim.spread()) + today) % uint64(len(l.resolvers)))
	record := l.seenAt()
	r := lookup(ctx, l.timeout/2, l.resolvers[i], false, record, l.names[record])
	r.server = i
	return r
}

// mayTurn reports whether one look may prove the claim, or end it.
func (c Claim) mayTurn() bool {
	return !c.Holds() || c.State == Missing && c.AbsentFor >= Grace-longestGap
}

// seenAt is the record that was there when the claim was last looked at.
func (l *inquiry) seenAt() int {
	for _, a := range l.claim.Last.Answers {
		for i, name := range l.names {
			if a.Name == name && slices.ContainsFunc(a.Values, func(v string) bool { return l.claim.proves(i, v) }) {
				return i
			}
		}
	}
	return apex
}
