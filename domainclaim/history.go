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
	// Doubted counts those whose absence a [Breaker] did not believe.
	Doubted int `json:"doubted,omitempty"`
	// Codes are how look-ups ended in it, each once, and at most five of them.
	Codes []Code `json:"codes,omitempty"`
}

// history is spans with one look more. It leaves spans alone.
func history(spans []Span, o Observation, at time.Time) []Span {
	spans = slices.Clone(spans[max(0, len(spans)-maxSpans):])
	if n := len(spans); n == 0 || spans[n-1].Outcome != o.Outcome {
		spans = append(spans, Span{Outcome: o.Outcome, From: at})
	}
	s := &spans[len(spans)-1]
	if s.To.Before(at) {
		s.To = at
	}
	s.Looks++
	if o.Authoritative {
		s.Authoritative++
	}
	if o.Doubted {
		s.Doubted++
	}
	s.Codes = slices.Clone(s.Codes[:min(len(s.Codes), maxCodes)])
	for _, a := range o.Answers {
		if len(s.Codes) < maxCodes && !slices.Contains(s.Codes, a.Code) {
			s.Codes = append(s.Codes, a.Code)
		}
	}
	return spans[max(0, len(spans)-maxSpans):]
}

// answered is when DNS last told something about the claim, and doubted whether a
// [Breaker] has not believed an absence since.
func (c Claim) answered() (at time.Time, doubted bool) {
	for _, s := range slices.Backward(c.History) {
		switch s.Outcome {
		case Present, Absent, Mismatch:
			return s.To, doubted
		}
		doubted = doubted || s.Doubted > 0
	}
	return time.Time{}, doubted
}
