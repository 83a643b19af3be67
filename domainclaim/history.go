package domainclaim

import (
	"slices"
	"time"
)

// The bounds of a history.
const (
	maxSpans = 30
	maxCodes = 5
)

// Span is a number of looks, one after the other, that came to the same.
type Span struct {
	Outcome Outcome   `json:"outcome"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Looks   int       `json:"looks"`
	// Authoritative counts those that the zone's own name servers answered.
	Authoritative int `json:"authoritative,omitempty"`
	// Codes are how look-ups ended in it, each once, and at most five of them.
	Codes []Code `json:"codes,omitempty"`
}

// history is spans with one look more. It leaves spans alone.
func history(spans []Span, o Observation, at time.Time) []Span {
	spans = slices.Clone(spans)
	if n := len(spans); n == 0 || spans[n-1].Outcome != o.Outcome {
		spans = append(spans, Span{Outcome: o.Outcome, From: at})
	}
	s := &spans[len(spans)-1]
	s.To = at
	s.Looks++
	if o.Authoritative {
		s.Authoritative++
	}
	s.Codes = slices.Clone(s.Codes)
	for _, a := range o.Answers {
		if len(s.Codes) < maxCodes && !slices.Contains(s.Codes, a.Code) {
			s.Codes = append(s.Codes, a.Code)
		}
	}
	return spans[max(0, len(spans)-maxSpans):]
}
