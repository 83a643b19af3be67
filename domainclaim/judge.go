package domainclaim

import (
	"slices"
	"strings"
)

// The records of a claim, as Claim.Records orders them.
const (
	apex = iota
	label
)

// judge weighs the replies of so many resolvers. It alone decides the Outcome.
func (c Claim) judge(replies []reply, resolvers int) Observation {
	o := Observation{Name: c.Name, Token: c.Token, Outcome: Unknown}
	failed := map[int]bool{}
	answered := map[int]bool{}
	var ours, other []string // values meant for the claim, and the rest
	for _, r := range replies {
		answered[r.resolver] = true
		if !r.ok {
			failed[r.resolver] = true
		}
		for _, v := range r.Values {
			switch {
			case c.proves(r.record, v):
				o.Outcome = Present
				ours = append(ours, v)
			case c.meant(r.record, v):
				ours = append(ours, v)
			default:
				other = append(other, v)
			}
		}
		if len(o.Answers) < maxAnswers {
			o.Answers = append(o.Answers, r.shown())
		}
	}
	o.Found = shown(append(ours, other...))
	proper := len(answered) - len(failed)
	if o.Outcome != Present && proper > 0 && proper > resolvers/2 {
		o.Outcome = Absent
		if len(ours) > 0 {
			o.Outcome = Mismatch
		}
	}
	o.Hint = c.hint(o.Outcome, replies, ours)
	return o
}

// proves reports whether value, found at the name of that record, is the proof.
func (c Claim) proves(record int, value string) bool {
	if c.Token == "" {
		return false
	}
	value = bare(value)
	return value == c.prefix()+c.Token || record == label && value == c.Token
}

// meant reports whether value looks as if it was published for a claim of this
// product. Whatever stands under the label does.
func (c Claim) meant(record int, value string) bool {
	return record == label ||
		strings.Contains(foldASCII(value), c.prefix()) ||
		c.Token != "" && strings.Contains(foldASCII(value), c.Token)
}

// bare takes off what panels and people put around a value.
func bare(value string) string {
	return strings.Trim(value, " \t\r\n\u00a0\"'\u201c\u201d\u2018\u2019")
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

func (r reply) shown() Answer {
	a := r.Answer
	a.Values = shown(a.Values)
	a.Aliases = shown(a.Aliases)
	a.Server = printable(a.Server, maxShown)
	a.Code = Code(printable(string(a.Code), maxShown))
	return a
}
