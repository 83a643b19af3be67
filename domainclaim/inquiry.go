package domainclaim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// inquiry is one look at DNS for one claim.
type inquiry struct {
	*Checker
	claim Claim
	names [2]string // of its records, rooted

	recalls bool   // the Authority may answer from what it has kept
	glanced *reply // what one resolver has answered already; nil if none

	resolverReplies []reply
	authorityAsked  bool
	authorityErr    error // why no name server was asked
	zone            Zone  // of the claim's name, when it was found
	verdicts        []verdict

	mu    sync.Mutex
	zones int // that were looked for
}

func (c *Checker) inquire(claim Claim) *inquiry {
	return &inquiry{Checker: c, claim: claim, names: [2]string{apex: claim.Name + ".", label: claim.challenge() + "."}}
}

// reply is one answer before it is cut to what is kept.
type reply struct {
	server int // its place among those that were asked
	record int
	ok     bool // answered properly
	Answer
}

// askResolvers asks each for both records, but for what was glanced at; the replies are in
// that order.
func (l *inquiry) askResolvers(ctx context.Context) {
	replies := make([]reply, len(l.resolvers)*len(l.names))
	var wg sync.WaitGroup
	for i, r := range l.resolvers {
		for j, name := range l.names {
			if g := l.glanced; g != nil && g.server == i && g.record == j {
				replies[i*len(l.names)+j] = *g
				continue
			}
			wg.Go(func() {
				r := l.lookup(ctx, r, false, j, name)
				r.server = i
				replies[i*len(l.names)+j] = r
			})
		}
	}
	wg.Wait()
	l.resolverReplies = replies
}

func (l *inquiry) lookup(ctx context.Context, r Resolver, authoritative bool, record int, rooted string) reply {
	return lookup(ctx, l.timeout, r, authoritative, record, rooted)
}

func lookup(ctx context.Context, timeout time.Duration, r Resolver, authoritative bool, record int, rooted string) reply {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	a, err := guarded(rooted, func() (Answer, error) {
		if err := ctx.Err(); err != nil { // a question over UDP might win the race against it
			return Answer{}, err
		}
		return r.LookupTXT(ctx, rooted)
	})
	rep := reply{record: record, Answer: a}
	rep.Name, rep.Authoritative = rooted, authoritative
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
	case a.Code == CodeElsewhere && authoritative && len(a.Aliases) > 0:
	default:
		rep.Code = CodeUnexpected
	}
	return rep
}

// guarded makes an error of a panic in what a caller of this package has brought: look-ups
// have goroutines of their own, where it would end the process.
func guarded[T any](rooted string, ask func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var none T
			v, err = none, &LookupError{Name: rooted, Code: CodeUnexpected, Err: fmt.Errorf("a panic with a %T", p)}
		}
	}()
	return ask()
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

// worthwhile reports whether there is an Authority that may get further than the
// resolvers did.
func (l *inquiry) worthwhile() bool {
	if l.authority == nil {
		return false
	}
	// Where nobody answers, nobody says where the name servers are either.
	return !l.derived || slices.ContainsFunc(l.resolverReplies, func(r reply) bool {
		return r.ok || r.Code != CodeTimeout && r.Code != CodeNetwork
	})
}

// verdict is what the name servers of a zone say about one record.
type verdict struct {
	outcome Outcome // Present, Absent (no proof; maybe other values) or Unknown
	has, of int     // how many show the proof, and of how many that answered properly
	some    bool    // somebody shows it, if only behind an alias where others do not
	replies []reply // of those that were asked, with those behind aliases
}

// lowest is the record whose zone is looked for: the one at the label, which may be a zone of
// its own, unless most resolvers say that there is no such name. Should they be wrong, the
// servers above do not answer for it either.
func (l *inquiry) lowest() int {
	without := 0
	for _, r := range l.resolverReplies {
		if r.record == label && r.Code == CodeNoName && len(r.Aliases) == 0 {
			without++
		}
	}
	if 2*without > len(l.resolvers) {
		return apex
	}
	return label
}

// askAuthority finds the zones of both records, which are mostly one, from that of lowest
// on, and asks.
func (l *inquiry) askAuthority(ctx context.Context, lowest int) {
	l.authorityAsked = true
	zones := make([]Zone, len(l.names))
	errs := make([]error, len(l.names))
	zones[label], errs[label] = l.findZone(ctx, l.names[lowest])
	rooted := l.names[apex]
	var failed *zoneError
	switch {
	case errs[label] == nil && within(rooted, zones[label].Name):
		// The label stands right below the name, so no cut is between them.
		zones[apex] = zones[label]
	case errs[label] == nil, errors.As(errs[label], &failed) && failed.zone == l.names[label]:
		zones[apex], errs[apex] = l.findZone(ctx, rooted)
	default:
		errs[apex] = errs[label]
	}
	if errs[apex] == nil && !zones[apex].Ending {
		l.zone = zones[apex]
	}
	l.authorityErr = errors.Join(errs...)
	l.verdicts = make([]verdict, len(l.names))
	var wg sync.WaitGroup
	for i, name := range l.names {
		l.verdicts[i].outcome = Unknown
		if errs[i] == nil {
			wg.Go(func() { l.verdicts[i] = l.askZone(ctx, zones[i], i, name, nil) })
		}
	}
	wg.Wait()
}

// findZone is bounded: aliases lead to at most eight more zones than the claim's two.
func (l *inquiry) findZone(ctx context.Context, rooted string) (Zone, error) {
	l.mu.Lock()
	l.zones++
	n := l.zones
	l.mu.Unlock()
	if n > maxAliases+2 {
		return Zone{}, &LookupError{Name: rooted, Code: CodeAliasLoop, Err: errors.New("too many zones")}
	}
	from := l.authority
	if a, ok := from.(*authority); ok && l.recalls {
		from = a.keeping()
	}
	z, err := guarded(rooted, func() (Zone, error) { return from.Zone(ctx, rooted) })
	if err == nil && len(z.Servers) == 0 {
		err = fmt.Errorf("domainclaim: the Authority gave no servers for %s", quote(printable(rooted, maxName+1)))
	}
	if err != nil {
		return Zone{}, err
	}
	z.Servers = z.Servers[:min(len(z.Servers), maxZoneServers)]
	return z, nil
}

// askZone asks all servers of a zone for one name, and follows the aliases that leave
// it. path is the aliases that led there.
func (l *inquiry) askZone(ctx context.Context, z Zone, record int, rooted string, path []string) verdict {
	v := verdict{replies: make([]reply, len(z.Servers))}
	var wg sync.WaitGroup
	for i, s := range z.Servers {
		wg.Go(func() {
			v.replies[i] = l.lookup(ctx, s, true, record, rooted)
			v.replies[i].server = i
			if r := &v.replies[i]; z.Ending && (r.ok || r.Code == CodeElsewhere) && r.Code != CodeNoName {
				r.ok, r.Code, r.Values, r.Aliases = false, CodeLame, nil, nil
			}
		})
	}
	wg.Wait()
	beyond := map[string]verdict{}
	total := len(v.replies)
	for i := range total {
		r := &v.replies[i]
		if r.Code != CodeElsewhere {
			v.count(l.claim, *r)
			continue
		}
		if record == apex { // what stands behind it proves nothing
			v.of++
			continue
		}
		target := r.Aliases[len(r.Aliases)-1]
		sub, ok := beyond[target]
		if !ok && len(beyond) < 2 { // servers that differ: one is out of date
			sub = l.beyond(ctx, record, target, slices.Concat(path, []string{rooted}, r.Aliases))
			beyond[target] = sub
			v.replies = append(v.replies, sub.replies...)
			r = &v.replies[i]
		}
		v.some = v.some || sub.some
		switch sub.outcome {
		case Present:
			v.has++
			v.of++
		case Absent:
			v.of++
		default:
			r.Code = codeBeyond(sub)
		}
	}
	v.outcome = v.weigh(l.claim.Holds(), total)
	return v
}

// beyond asks where an alias leads. path ends in its target.
func (l *inquiry) beyond(ctx context.Context, record int, target string, path []string) verdict {
	lost := func(code Code) verdict {
		return verdict{outcome: Unknown, replies: []reply{{record: record, Answer: Answer{Name: target, Code: code, Authoritative: true}}}}
	}
	if slices.Contains(path[:len(path)-1], target) || len(path)-1 > maxAliases {
		return lost(CodeAliasLoop)
	}
	z, err := l.findZone(ctx, target)
	if err != nil {
		return lost(codeOf(err))
	}
	return l.askZone(ctx, z, record, target, path[:len(path)-1])
}

// codeBeyond is why it is not known what stands behind an alias.
func codeBeyond(sub verdict) Code {
	for _, r := range sub.replies {
		if !r.ok && r.Code != CodeElsewhere {
			return r.Code
		}
	}
	return CodeElsewhere
}

func (v *verdict) count(c Claim, r reply) {
	switch {
	case c.shows(r):
		v.has++
		v.of++
		v.some = true
	case r.ok:
		v.of++
	}
}

// weigh is what so many servers come to. A server that lags behind must not stand in
// the way of a proof, and an odd one must not make it.
func (v *verdict) weigh(holds bool, total int) Outcome {
	switch {
	case v.has > 0 && (holds || 2*v.has >= v.of && 2*v.of > total):
		return Present
	case !v.some && 2*v.of > total:
		return Absent
	}
	return Unknown
}

// doubled looks where a panel puts a record that appends the zone to a name that has it
// already, and returns the record that is there.
func (l *inquiry) doubled(ctx context.Context) (Record, bool) {
	parents := candidates(l.claim.Name)
	suffix := parents[len(parents)-1] + "."
	var asked Resolver
	for _, v := range l.verdicts {
		for _, r := range v.replies {
			if asked == nil && r.ok && r.server < len(l.zone.Servers) && within(r.Name, l.zone.Name) {
				asked, suffix = l.zone.Servers[r.server], l.zone.Name
			}
		}
	}
	for _, r := range l.resolverReplies {
		if asked == nil && r.ok {
			asked = l.resolvers[r.server]
		}
	}
	if asked == nil {
		return Record{}, false
	}
	hits := make([]bool, len(l.names))
	var wg sync.WaitGroup
	for i, name := range l.names {
		name += suffix
		if len(name) > maxName+1 {
			continue
		}
		wg.Go(func() {
			r := l.lookup(ctx, asked, false, i, name)
			hits[i] = l.claim.Token != "" && slices.ContainsFunc(r.Values, func(v string) bool {
				return strings.Contains(foldASCII(v), l.claim.Token)
			})
		})
	}
	wg.Wait()
	if i := slices.Index(hits, true); i >= 0 {
		return l.claim.Records()[i], true
	}
	return Record{}, false
}
