package domainclaim

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// defaultTimeout bounds one look-up. A server that needs longer is as good as silent.
const defaultTimeout = 3 * time.Second

// maxAnswers bounds what an Observation keeps.
const maxAnswers = 32

// Checker looks claims up. It is safe for concurrent use.
type Checker struct {
	resolvers []Resolver
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
	// Timeout bounds each look-up; 0 is 3 seconds.
	Timeout time.Duration
	// Now is the clock of Observation.At; nil is time.Now.
	Now func() time.Time
}

// NewChecker makes a Checker. It reads the system's configuration once, now, when no
// resolvers are given.
func NewChecker(opts *CheckerOptions) *Checker {
	if opts == nil {
		opts = &CheckerOptions{}
	}
	c := &Checker{resolvers: opts.Resolvers, timeout: opts.Timeout, now: opts.Now}
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
	return c
}

// Check asks every resolver for both names of the claim's records, and returns when
// the slowest has answered or its time is up.
//
// It is [Present] when any answer has a record that proves the claim. It is [Absent]
// or [Mismatch] when no answer has, a majority of the resolvers answered properly for
// both names, and none of those that answered saw a proof; a resolver that failed on
// one of the names did not answer. Otherwise it is [Unknown], as it is when ctx ended.
func (c *Checker) Check(ctx context.Context, claim Claim) Observation {
	records := claim.Records()
	answers := c.ask(ctx, records)
	o := claim.judge(answers, len(c.resolvers))
	o.At = instant(c.now())
	if claim.State == Pending && (o.Outcome == Absent || o.Outcome == Mismatch) {
		if c.doubled(ctx, claim, answers) {
			o.Hint = hintDoubled(claim)
		}
	}
	return o
}

// CheckNow looks while somebody waits for the result: the name servers of the zone are
// asked first, and their word is the outcome when they can tell, whatever resolvers have
// kept. The resolvers are asked beside them, for Observation.CachedUntil. Where the name
// servers cannot tell it is as [Checker.Check].
func (c *Checker) CheckNow(ctx context.Context, claim Claim) Observation {
	return c.Check(ctx, claim)
}

// reply is one answer before it is cut to what is kept.
type reply struct {
	resolver int
	record   int
	ok       bool // answered properly
	Answer
}

// ask returns len(records) replies for each resolver, in order.
func (c *Checker) ask(ctx context.Context, records []Record) []reply {
	replies := make([]reply, len(c.resolvers)*len(records))
	var wg sync.WaitGroup
	for i, r := range c.resolvers {
		for j, record := range records {
			wg.Go(func() {
				replies[i*len(records)+j] = c.lookup(ctx, r, i, j, record.Rooted())
			})
		}
	}
	wg.Wait()
	return replies
}

func (c *Checker) lookup(ctx context.Context, r Resolver, resolver, record int, rooted string) reply {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	a, err := r.LookupTXT(ctx, rooted)
	rep := reply{resolver: resolver, record: record, Answer: a}
	rep.Name = rooted
	switch {
	case err != nil:
		rep.Values, rep.Code = nil, codeOf(err)
		if e, ok := errors.AsType[*LookupError](err); ok {
			rep.Server = e.Server
		}
	case len(a.Values) > 0:
		rep.Code, rep.ok = CodeOK, true
	case a.Code == CodeNoName || a.Code == CodeNoData:
		rep.ok = true
	default:
		rep.Code = CodeUnexpected
	}
	return rep
}

func codeOf(err error) Code {
	if e, ok := errors.AsType[*LookupError](err); ok {
		return e.Code
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return CodeTimeout
	}
	return CodeNetwork
}

// doubled reports whether the proof stands where a panel puts it that appends the
// domain to a name that has it already.
func (c *Checker) doubled(ctx context.Context, claim Claim, replies []reply) bool {
	name := claim.challenge() + "." + claim.Name + "."
	if len(name) > maxName+1 {
		return false
	}
	for _, r := range replies {
		if !r.ok {
			continue
		}
		again := c.lookup(ctx, c.resolvers[r.resolver], r.resolver, r.record, name)
		for _, v := range again.Values {
			if strings.Contains(v, claim.Token) {
				return true
			}
		}
		return false
	}
	return false
}
