package accesssec_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/domainclaim"
)

const (
	chaosDay       = 24 * time.Hour
	chaosDays      = 40
	chaosResolvers = 3
	chaosFails     = 30 // look-ups in a hundred
)

// chaosSpan is a time, counted from the beginning of the run.
type chaosSpan struct{ from, to time.Duration }

func (s chaosSpan) has(at time.Duration) bool { return s.from <= at && at < s.to }

func chaosIn(at time.Duration, spans []chaosSpan) bool {
	return slices.ContainsFunc(spans, func(s chaosSpan) bool { return s.has(at) })
}

// chaosOutside is how much of the time between from and to lies in none of spans.
func chaosOutside(from, to time.Duration, spans ...chaosSpan) time.Duration {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b chaosSpan) int { return cmp.Compare(a.from, b.from) })
	out, at := time.Duration(0), from
	for _, s := range spans {
		if s.to <= at || s.from >= to {
			continue
		}
		out += max(s.from-at, 0)
		at = s.to
	}
	return out + max(to-at, 0)
}

// chaosScript is what is true, and what goes wrong in DNS. Whatever is asked, the answer is
// made of the script, the question, who is asked and the time alone.
type chaosScript struct {
	seed      uint64
	silent    []chaosSpan                 // no resolver answers, so nobody finds a name server either
	unreached []chaosSpan                 // name servers are found and can't be reached
	lies      [chaosResolvers][]chaosSpan // it knows of no name at all
	away      [chaosResolvers][]chaosSpan // it does not answer
	few       []chaosSpan                 // most of them do not, and so nobody finds a name server
	groups    []chaosGroup                // of name servers
	domains   []*chaosDomain
	byRecord  map[string]*chaosDomain // by the rooted names of its records
}

type chaosGroup struct {
	hosts []string
	down  []chaosSpan
}

// chaosDomain is the truth about one domain.
type chaosDomain struct {
	name    string
	org     int
	group   int
	label   bool          // the record stands there, not at the apex
	since   time.Duration // when it was published
	gone    time.Duration // when it was removed for good; 0: never
	away    []chaosSpan   // when it was removed for a while
	changed bool          // what stands there after that is a record with another token
	records []domainclaim.Record
}

// stands reports whether the record is published.
func (d *chaosDomain) stands(at time.Duration) bool {
	return at >= d.since && (d.gone == 0 || at < d.gone) && !chaosIn(at, d.away)
}

func newChaosScript(seed uint64, n int) *chaosScript {
	s := &chaosScript{seed: seed, byRecord: map[string]*chaosDomain{}}
	r := rand.New(rand.NewPCG(seed, 1))
	days := func(least, most float64) time.Duration {
		return time.Duration((least + r.Float64()*(most-least)) * float64(chaosDay)).Truncate(time.Second)
	}
	span := func(from, to, least, most float64) chaosSpan {
		at := days(from, to)
		return chaosSpan{at, at + days(least, most)}
	}
	s.silent = []chaosSpan{span(3, 9, 2, 5), span(15, 20, 2, 5), span(27, 32, 2, 5)}
	s.unreached = []chaosSpan{span(5, 18, 1, 1), span(22, 36, 1, 1)}
	// Each lies for a day, and no two at once: what most resolvers say is believed, where name
	// servers can't be asked.
	const turn = 37.0 / chaosResolvers
	for i, k := range r.Perm(chaosResolvers) {
		from := 1 + turn*float64(k)
		s.lies[i] = []chaosSpan{span(from, from+turn-1, 1, 1)}
		s.away[i] = []chaosSpan{span(1, 38, 1, 3)}
		for _, other := range s.away[:i] { // two of three are most
			both := chaosSpan{max(other[0].from, s.away[i][0].from), min(other[0].to, s.away[i][0].to)}
			if both.from < both.to {
				s.few = append(s.few, both)
			}
		}
	}
	for i := range 100 {
		g := chaosGroup{}
		for host := range 2 + r.IntN(3) {
			g.hosts = append(g.hosts, fmt.Sprintf("ns%d.g%d.example.net.", host+1, i))
		}
		if r.IntN(3) == 0 {
			g.down = []chaosSpan{span(1, 37, 1, 3)}
		}
		s.groups = append(s.groups, g)
	}
	for i := range n {
		s.domains = append(s.domains, s.domain(r, i, days))
	}
	return s
}

// domain draws the truth about one: of a hundred five lose their record for good, three for
// some hours to six days, and of one it comes and goes.
func (s *chaosScript) domain(r *rand.Rand, i int, days func(least, most float64) time.Duration) *chaosDomain {
	d := &chaosDomain{name: fmt.Sprintf("c%05d.example.com", i), org: i / 12, label: r.IntN(2) == 0, since: days(0, 0.25), changed: r.IntN(10) == 0}
	if i/12%7 == 3 { // some have one domain, and some have many
		d.org = 1_000_000 + i
	}
	switch lot := r.IntN(100); {
	case lot < 5:
		d.gone = days(1.5, 30)
	case lot < 8:
		at := days(1.5, 34)
		d.away = []chaosSpan{{at, at + days(0.1, 6)}}
	case lot < 9:
		for at := days(1.5, 8); at < chaosDays*chaosDay; at += days(6, 8) { // it stays for longer than any outage
			next := at + days(0.5, 6)
			d.away = append(d.away, chaosSpan{at, next})
			at = next
		}
	}
	// Those with name servers of their own, and the hosters: the largest has one in fifty.
	const own = 0.2
	if d.group = len(s.groups); r.Float64() < own {
		s.groups = append(s.groups, chaosGroup{hosts: []string{"ns1." + d.name + ".", "ns2." + d.name + "."}})
		return d
	}
	for {
		k := r.IntN(100)
		if r.Float64() < 25/float64(k+25) {
			d.group = k
			return d
		}
	}
}

// publish takes down which records prove the claim on a domain.
func (s *chaosScript) publish(d *chaosDomain, c accesssec.Domain) {
	d.records = c.Records()
	for _, rec := range d.records {
		s.byRecord[rec.Rooted()] = d
	}
}

// dark are the times in which nobody could tell anything about d, and unreached those and the
// ones in which its name servers could not be asked: any other time is answerable. The times
// of few resolvers are of the second kind: such a one can be so short that it is no outage.
func (s *chaosScript) dark(d *chaosDomain) (dark, unreached []chaosSpan) {
	dark = slices.Concat(s.silent, s.groups[d.group].down)
	return dark, slices.Concat(dark, s.unreached, s.few)
}

// chaosLot is a number that depends on nothing but what is passed.
func chaosLot(seed uint64, text string, numbers ...uint64) uint64 {
	h := seed ^ 0xcbf29ce484222325
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 0x100000001b3
	}
	for _, n := range numbers {
		h = (h ^ n) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	return h
}

// fails draws whether a look-up does, and how.
func (s *chaosScript) fails(name string, server int, at time.Duration) (domainclaim.Code, bool) {
	lot := chaosLot(s.seed, name, uint64(server), uint64(at/time.Minute))
	if lot%100 >= chaosFails {
		return "", false
	}
	return []domainclaim.Code{domainclaim.CodeServFail, domainclaim.CodeTimeout, domainclaim.CodeRefused}[lot/100%3], true
}

// resolver is what the resolver of that number answers.
func (s *chaosScript) resolver(i int, name string, at time.Duration) (domainclaim.Answer, error) {
	server := fmt.Sprintf("192.0.2.%d:53", i+1)
	no := func(code domainclaim.Code) (domainclaim.Answer, error) {
		return domainclaim.Answer{}, &domainclaim.LookupError{Server: server, Name: name, Code: code}
	}
	d := s.byRecord[name]
	if chaosIn(at, s.silent) || chaosIn(at, s.away[i]) {
		return no(domainclaim.CodeTimeout)
	}
	if chaosIn(at, s.lies[i]) {
		return domainclaim.Answer{Server: server, Name: name, Code: domainclaim.CodeNoName, TTL: time.Hour}, nil
	}
	if d != nil && chaosIn(at, s.groups[d.group].down) {
		return no(domainclaim.CodeServFail)
	}
	if code, ok := s.fails(name, i, at); ok {
		return no(code)
	}
	// A cache goes on for up to an hour with what was there before.
	return s.answer(server, name, d, at-time.Duration(chaosLot(s.seed, name, uint64(i))%60)*time.Minute), nil
}

// server is what a name server of the domain's zone answers.
func (s *chaosScript) server(d *chaosDomain, i int, name string, at time.Duration) (domainclaim.Answer, error) {
	server := fmt.Sprintf("198.51.100.%d:53", i+1)
	no := func(code domainclaim.Code) (domainclaim.Answer, error) {
		return domainclaim.Answer{}, &domainclaim.LookupError{Server: server, Name: name, Code: code}
	}
	if chaosIn(at, s.silent) || chaosIn(at, s.unreached) || chaosIn(at, s.groups[d.group].down) {
		return no(domainclaim.CodeTimeout)
	}
	if code, ok := s.fails(name, 100+i, at); ok {
		return no(code)
	}
	if i > 0 { // a secondary is late
		at -= time.Duration(chaosLot(s.seed, name, uint64(i))%20) * time.Minute
	}
	a := s.answer(server, name, d, at)
	a.Authoritative = true
	return a, nil
}

// answer is the truth.
func (s *chaosScript) answer(server, name string, d *chaosDomain, at time.Duration) domainclaim.Answer {
	a := domainclaim.Answer{Server: server, Name: name, Code: domainclaim.CodeNoName, TTL: 5 * time.Minute}
	if d == nil { // nothing of ours
		return a
	}
	apex, label := d.records[0], d.records[1]
	here, value := name == label.Rooted(), label.Value
	if !here {
		a.Code, a.Values = domainclaim.CodeOK, []string{"v=spf1 -all"}
		value = apex.Value
	}
	switch here = here == d.label; {
	case here && d.stands(at):
		a.Code, a.Values = domainclaim.CodeOK, append(a.Values, value)
	case here && d.changed && at >= d.since:
		a.Code, a.Values = domainclaim.CodeOK, append(a.Values, strings.Repeat("7", 32))
	}
	return a
}

// zone finds name servers: by resolvers, which fail as often as for any other question.
func (s *chaosScript) zone(name string, at time.Duration, ask func(d *chaosDomain, i int) domainclaim.Resolver) (domainclaim.Zone, error) {
	d := s.byRecord[name]
	if d == nil {
		return domainclaim.Zone{}, &domainclaim.LookupError{Name: name, Code: domainclaim.CodeNoName}
	}
	if chaosIn(at, s.silent) || chaosIn(at, s.few) {
		return domainclaim.Zone{}, &domainclaim.LookupError{Name: name, Code: domainclaim.CodeTimeout}
	}
	if code, ok := s.fails(name, 99, at); ok {
		return domainclaim.Zone{}, &domainclaim.LookupError{Name: name, Code: code}
	}
	z := domainclaim.Zone{Name: d.name + ".", NameServers: s.groups[d.group].hosts}
	for i := range z.NameServers {
		z.Servers = append(z.Servers, ask(d, i))
	}
	return z, nil
}

// chaosAsked is a server as one instance asks it.
type chaosAsked struct {
	by     *chaosInstance
	server int
	domain *chaosDomain // nil: it is a resolver
}

func (a chaosAsked) LookupTXT(ctx context.Context, rooted string) (domainclaim.Answer, error) {
	if err := a.by.looks(ctx); err != nil {
		return domainclaim.Answer{}, err
	}
	if a.domain != nil {
		return a.by.run.script.server(a.domain, a.server, rooted, a.by.run.at())
	}
	return a.by.run.script.resolver(a.server, rooted, a.by.run.at())
}

// chaosAuthority finds name servers for one instance.
type chaosAuthority struct{ by *chaosInstance }

func (a chaosAuthority) Zone(ctx context.Context, rooted string) (domainclaim.Zone, error) {
	if err := a.by.looks(ctx); err != nil {
		return domainclaim.Zone{}, err
	}
	return a.by.run.script.zone(rooted, a.by.run.at(), func(d *chaosDomain, i int) domainclaim.Resolver {
		return chaosAsked{a.by, i, d}
	})
}
