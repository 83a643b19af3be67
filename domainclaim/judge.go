package domainclaim

import (
	"context"
	"slices"
	"strings"
	"time"
)

// The records of a claim, as Claim.Records orders them.
const (
	apex = iota
	label
)

// poll is what the resolvers say, one by one.
type poll struct {
	shows  int // have the proof
	clean  int // answered properly for both names, and have it not
	failed int
}

func (p poll) proves() bool { return 2*p.shows > p.all() }

// absent needs a majority of all, and nobody who says otherwise.
func (p poll) absent() bool { return p.shows == 0 && 2*p.clean > p.all() }

func (p poll) all() int { return p.shows + p.clean + p.failed }

func (l *inquiry) poll() poll {
	shows, failed := make([]bool, len(l.resolvers)), make([]bool, len(l.resolvers))
	for _, r := range l.resolverReplies {
		shows[r.server] = shows[r.server] || l.claim.shows(r)
		failed[r.server] = failed[r.server] || !r.ok
	}
	var p poll
	for i := range l.resolvers {
		switch {
		case shows[i]:
			p.shows++
		case failed[i]:
			p.failed++
		default:
			p.clean++
		}
	}
	return p
}

// authoritative is what the name servers come to over both records.
func (l *inquiry) authoritative() Outcome {
	absent := 0
	for _, v := range l.verdicts {
		switch v.outcome {
		case Present:
			return Present
		case Absent:
			absent++
		}
	}
	if absent == len(l.names) {
		return Absent
	}
	return Unknown
}

// seenByAuthority reports whether any name server has the proof.
func (l *inquiry) seenByAuthority() bool {
	return slices.ContainsFunc(l.verdicts, func(v verdict) bool { return v.some })
}

// finish weighs what was seen. It alone decides the Outcome of a whole look.
func (l *inquiry) finish(ctx context.Context) Observation {
	var servers []reply
	for _, v := range l.verdicts {
		servers = append(servers, v.replies...)
	}
	p, said := l.poll(), l.authoritative()
	outcome, authoritative, decided := Unknown, false, append(slices.Clone(l.resolverReplies), servers...)
	switch {
	case said == Present:
		outcome, authoritative, decided = Present, true, servers
	case said == Absent:
		// Whatever resolvers still show: the grace outlasts every cache, and one that lies
		// must not keep a name.
		outcome, authoritative, decided = Absent, true, servers
	case p.proves(), l.claim.Holds() && p.shows > 0:
		outcome, decided = Present, l.resolverReplies
	case p.absent() && !l.seenByAuthority():
		outcome, decided = Absent, l.resolverReplies
	}
	o := l.observe(outcome, decided)
	o.Authoritative = authoritative
	o.Answers = l.answers(servers)
	o.CachedUntil = l.cachedUntil(o)
	if l.zone.Name != "" {
		o.Zone, o.NameServers = printable(l.zone.Name, maxName+1), shownHosts(l.zone.NameServers)
	}
	o.Hint = l.hint(o, decided, p)
	if !l.claim.Holds() && (o.Outcome == Absent || o.Outcome == Mismatch) {
		if record, ok := l.doubled(ctx); ok {
			o.Hint = hintDoubled(record)
		}
	}
	return o
}

// observe makes an observation of the replies that decided it.
func (l *inquiry) observe(outcome Outcome, replies []reply) Observation {
	o := Observation{Name: l.claim.Name, Token: l.claim.Token, Outcome: outcome, At: instant(l.now())}
	ours, other := l.claim.sort(replies)
	if outcome == Absent && len(ours) > 0 {
		o.Outcome = Mismatch
	}
	o.Found = shown(append(ours, other...))
	return o
}

// well is what is seen of a claim whose record is where it was. It is written for each claim
// on each day: what was found stands in the one answer, and not twice.
func (l *inquiry) well(r reply) Observation {
	a := l.claim.answer(r)
	return Observation{
		Name: l.claim.Name, Token: l.claim.Token, Outcome: Present, At: instant(l.now()),
		Hint: hintPresent, Answers: []Answer{a},
	}
}

// answers keeps what the resolvers said, and what the name servers did.
func (l *inquiry) answers(servers []reply) []Answer {
	keep := maxAnswers - min(len(servers), maxAnswers/2)
	replies := slices.Clone(l.resolverReplies[:min(len(l.resolverReplies), keep)])
	replies = append(replies, servers...)
	out := make([]Answer, 0, min(len(replies), maxAnswers))
	for _, r := range replies[:min(len(replies), maxAnswers)] {
		out = append(out, l.claim.answer(r))
	}
	return out
}

// cachedUntil is for how long resolvers will go on to say what the name servers do not,
// or what nobody could ask them about.
func (l *inquiry) cachedUntil(o Observation) time.Time {
	var longest time.Duration
	for _, r := range l.resolverReplies {
		shows := l.claim.shows(r)
		contradicts := !shows
		switch {
		case !r.ok:
			continue
		case o.Authoritative && o.Outcome == Present:
			contradicts = !shows && l.verdicts[r.record].outcome == Present
		case l.authoritative() == Absent:
			contradicts = shows
		case o.Outcome == Present:
			continue
		}
		if contradicts {
			longest = max(longest, min(r.TTL, longestTTL*time.Second))
		}
	}
	if longest <= 0 {
		return time.Time{}
	}
	return instant(o.At.Add(longest))
}

// sort parts the values that look meant for the claim, with the proof first, from others.
func (c Claim) sort(replies []reply) (ours, other []string) {
	var proof []string
	for _, r := range replies {
		for _, v := range r.Values {
			switch {
			case c.proof(r, v):
				proof = append(proof, v)
			case c.meant(r, v):
				ours = append(ours, v)
			case len(r.Aliases) > 0:
				// Whoever claims a name can have its alias lead anywhere, also to names that
				// only the host's own resolvers know: what stands there is not for them to see.
			default:
				other = append(other, v)
			}
		}
	}
	return append(proof, ours...), other
}

// shows reports whether an answer has the proof.
func (c Claim) shows(r reply) bool {
	return r.ok && slices.ContainsFunc(r.Values, func(v string) bool { return c.proof(r, v) })
}

// proof reports whether a value of an answer is the proof. Behind an alias of the name
// itself it is not: there stands what somebody publishes who runs a server for the name's
// owner. An alias of the label is made for no other purpose.
func (c Claim) proof(r reply, value string) bool {
	return (r.record == label || len(r.Aliases) == 0) && c.proves(r.record, value)
}

// proves reports whether value, found at the name of that record, is the proof.
func (c Claim) proves(record int, value string) bool {
	if c.Token == "" {
		return false
	}
	before, ok := strings.CutSuffix(bare(value), c.Token)
	return ok && (before == c.prefix() || record == label && before == "")
}

// meant reports whether value looks as if it was published for a claim of this
// product. Whatever stands under the label itself does.
func (c Claim) meant(r reply, value string) bool {
	return r.record == label && len(r.Aliases) == 0 ||
		strings.Contains(foldASCII(value), c.prefix()) ||
		c.Token != "" && strings.Contains(foldASCII(value), c.Token)
}

// bare takes off what panels and people put around a value.
func bare(value string) string {
	return strings.Trim(value, " \t\r\n\u00a0\"'\u201c\u201d\u2018\u2019")
}

// answer is what is kept of a reply.
func (c Claim) answer(r reply) Answer {
	a := r.Answer
	ours, other := c.sort([]reply{r})
	a.Values = shown(append(ours, other...))
	a.Values = a.Values[:min(len(a.Values), maxAnswerValues)]
	a.Aliases = shown(a.Aliases)
	a.Name = printable(a.Name, maxName+1)
	a.Server = printable(a.Server, maxShown)
	a.Code = Code(printable(string(a.Code), maxShown))
	return a
}

// shown is the part of values that is kept and shown, each once.
func shown(values []string) []string {
	var kept []string
	for _, v := range values {
		if v = printable(v, maxShown); !slices.Contains(kept, v) {
			kept = append(kept, v)
		}
		if len(kept) == maxValues {
			break
		}
	}
	return kept
}

// shownHosts is the part of a list of hosts that is kept.
func shownHosts(hosts []string) []string {
	kept := make([]string, 0, min(len(hosts), maxHosts))
	for _, h := range hosts[:min(len(hosts), maxHosts)] {
		kept = append(kept, printable(h, maxName+1))
	}
	return kept
}
