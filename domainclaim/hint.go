package domainclaim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const hintPresent = "The record was found. Leave it in place: it is looked for again and again."

// hint says in plain English what was seen and what to do. It decides nothing.
func (l *inquiry) hint(o Observation, decided []reply, p poll) string {
	switch o.Outcome {
	case Present:
		return l.hintPresent(o)
	case Absent:
		return l.hintAbsent(o)
	case Mismatch:
		ours, _ := l.claim.sort(decided)
		return sentences(l.claim.hintMismatch(l.wanted(), decided, ours), l.hintCached(o))
	}
	return l.hintUnknown(o, p)
}

// wanted is the record to publish.
func (l *inquiry) wanted() string {
	record := l.claim.Records()[apex]
	for _, v := range l.resolverReplies {
		if v.record == apex && len(v.Aliases) > 0 { // beside an alias no record can stand
			record = l.claim.Records()[label]
		}
	}
	return fmt.Sprintf("a TXT record at %s with the value %s", record.Name, record.Value)
}

func (l *inquiry) hintPresent(o Observation) string {
	lagging := ""
	for _, v := range l.verdicts {
		if o.Authoritative && v.outcome == Present && v.has < v.of {
			lagging = fmt.Sprintf("%d of %d name servers have it so far.", v.has, v.of)
		}
	}
	if !o.CachedUntil.IsZero() {
		lagging = sentences(lagging, "Other DNS servers may not see it until "+clock(o.CachedUntil, o.At)+".")
	}
	return sentences(hintPresent, lagging)
}

func (l *inquiry) hintAbsent(o Observation) string {
	if o.Authoritative && l.zone.Name == "" {
		return "The domain has no name servers: it may not be registered any more. See to that first, then add " + l.wanted() + "."
	}
	if o.Authoritative {
		return sentences(fmt.Sprintf("No record was found. Add %s.", l.wanted()),
			fmt.Sprintf("The name servers of %s were asked themselves: they have it as soon as it is published.", l.zoneName()),
			l.hintCached(o))
	}
	wait := "A new record can take from minutes to a day until it is seen everywhere."
	if !o.CachedUntil.IsZero() {
		wait = l.hintCached(o)
	}
	return sentences(fmt.Sprintf("No record was found. Add %s.", l.wanted()), wait, l.hintZone())
}

func (l *inquiry) hintCached(o Observation) string {
	switch {
	case o.CachedUntil.IsZero():
		return ""
	case o.Authoritative:
		return "Other DNS servers may still show one until " + clock(o.CachedUntil, o.At) + "."
	}
	return "If it was changed just now, DNS servers may go on saying so until " + clock(o.CachedUntil, o.At) + "."
}

// hintZone says why the name servers were not asked themselves.
func (l *inquiry) hintZone() string {
	var e *zoneError
	if errors.As(l.authorityErr, &e) {
		return e.hint
	}
	return ""
}

func (l *inquiry) zoneName() string {
	if l.zone.Name == "" {
		return l.claim.Name
	}
	return printable(strings.TrimSuffix(l.zone.Name, "."), maxName)
}

func (l *inquiry) hintUnknown(o Observation, p poll) string {
	for _, v := range l.verdicts {
		if v.outcome == Unknown && v.has > 0 {
			return fmt.Sprintf("Only %d of %d name servers that answered has the record, so nothing changes yet. Wait until they agree, or ask the DNS provider.", v.has, v.of)
		}
	}
	switch {
	case p.shows > 0:
		return sentences(fmt.Sprintf("The record is seen by %d of %d DNS servers. More than half have to see it.", p.shows, p.all()), l.hintStill(o), l.hintZone())
	case len(l.resolverReplies) == 0 && !l.authorityAsked:
		return "No DNS server is configured, so nothing could be looked up. This is for the operator of this service to fix."
	}
	replies := slices.Clone(l.resolverReplies)
	for _, v := range l.verdicts {
		replies = append(replies, v.replies...)
	}
	return sentences("DNS gave no usable answer, so nothing is known about the record, and nothing changes.", trouble(replies), l.hintZone())
}

func (l *inquiry) hintStill(o Observation) string {
	if o.CachedUntil.IsZero() {
		return ""
	}
	return "They may differ until " + clock(o.CachedUntil, o.At) + "."
}

// clock is an instant for a person, with its day when it is not within one.
func clock(t, from time.Time) string {
	if t.Sub(from) < day {
		return t.UTC().Format("15:04 UTC")
	}
	return t.UTC().Format("15:04 UTC on 2 January")
}

func sentences(s ...string) string {
	return strings.Join(slices.DeleteFunc(s, func(s string) bool { return s == "" }), " ")
}

func (c Claim) hintMismatch(wanted string, replies []reply, ours []string) string {
	for _, r := range replies {
		if r.record == apex && len(r.Aliases) > 0 && slices.ContainsFunc(r.Values, func(v string) bool { return c.proves(apex, v) }) {
			return fmt.Sprintf("The record was found behind an alias of %s, where it proves nothing. Add %s.", c.Name, wanted)
		}
	}
	for _, r := range replies {
		if r.record == apex && slices.ContainsFunc(r.Values, func(v string) bool { return c.Token != "" && bare(v) == c.Token }) {
			return fmt.Sprintf("The token stands alone at %s. There it needs the text before it too: publish %s.", c.Name, wanted)
		}
	}
	for _, v := range ours {
		if c.Token != "" && strings.Contains(v, c.Token) {
			return fmt.Sprintf("The token was found with other text around it: %s. The value must be exactly %s.", quote(printable(v, maxShown)), c.prefix()+c.Token)
		}
		if c.Token != "" && strings.Contains(foldASCII(v), c.Token) {
			return fmt.Sprintf("The token was found in capital letters: %s. The value must be exactly %s.", quote(printable(v, maxShown)), c.prefix()+c.Token)
		}
	}
	for _, v := range ours {
		if strings.HasPrefix(bare(v), c.prefix()) || tokenLike(bare(v)) {
			return fmt.Sprintf("The token found belongs to another claim, or to an older one on this domain: %s. Add %s.", quote(printable(v, maxShown)), wanted)
		}
	}
	seen := quote(printable(ours[0], maxShown))
	if wildcard(replies) {
		return fmt.Sprintf("A record was found, but not with the value of this claim: %s. It may come from a wildcard (*.%s): a record of the exact name goes before that. Add %s.", seen, c.Name, wanted)
	}
	return fmt.Sprintf("A record was found, but not with the value of this claim: %s. Add %s.", seen, wanted)
}

// tokenLike reports whether value could be the token of a claim.
func tokenLike(value string) bool {
	return len(value) == 32 && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// wildcard guesses: nobody publishes the records of a mail server, or what stands at the
// domain itself, under the label of a challenge.
func wildcard(replies []reply) bool {
	var above []string
	for _, r := range replies {
		if r.record == apex {
			above = append(above, r.Values...)
		}
	}
	for _, r := range replies {
		for _, v := range r.Values {
			if r.record == label && (strings.HasPrefix(v, "v=") || slices.Contains(above, v)) {
				return true
			}
		}
	}
	return false
}

func hintDoubled(record Record) string {
	return fmt.Sprintf("The record was found, but with the domain twice in its name: the DNS panel has added the domain to %s by itself. Type %q as the name of the record.",
		record.Name, record.Host)
}

// trouble names what went wrong, each kind once.
func trouble(replies []reply) string {
	var codes []Code
	for _, r := range replies {
		if !r.ok && r.Code != CodeElsewhere && !slices.Contains(codes, r.Code) {
			codes = append(codes, r.Code)
		}
	}
	says := make([]string, 0, len(codes))
	for _, code := range codes {
		says = append(says, reason(code))
	}
	return strings.Join(says, " ")
}

func reason(code Code) string {
	switch code {
	case CodeServFail:
		return "A server failed to find out (SERVFAIL): the domain's name servers or its DNSSEC signatures may be broken."
	case CodeRefused:
		return "A server refused to answer (REFUSED): the domain may point to name servers that do not know it."
	case CodeTimeout:
		return "A server did not answer in time (TIMEOUT)."
	case CodeTruncated:
		return "The answer was cut short (TRUNCATED): the name may have too many TXT records."
	case CodeAliasLoop:
		return "The aliases of the name lead in a circle or too far (CNAME_LOOP): check its CNAME records."
	case CodeLame:
		return "A server answered for another (LAME): the domain's name servers may be set up wrongly."
	case CodeNetwork:
		return "A server could not be reached (NETWORK)."
	}
	return "A server gave an answer that could not be used (" + printable(string(code), maxShown) + ")."
}
