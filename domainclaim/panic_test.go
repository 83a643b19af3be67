package domainclaim_test

import (
	"context"
	"testing"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// broken is what a host brought, and what panics.
type broken struct{}

func (broken) LookupTXT(context.Context, string) (domainclaim.Answer, error) { panic("broken") }

func (broken) Zone(context.Context, string) (domainclaim.Zone, error) { panic("broken") }

// What panics has told nothing: neither does the process end by it, nor are the others
// not heard.
func TestPanicIsNoAnswer(t *testing.T) {
	t.Parallel()
	s := server(t)
	claim := claim(t, "example.com")
	s.SetTXT(claim.Records()[0].Name, claim.Records()[0].Value)
	for name, tt := range map[string]struct {
		resolvers []domainclaim.Resolver
		want      domainclaim.Outcome
	}{
		"all of them": {[]domainclaim.Resolver{broken{}}, domainclaim.Unknown},
		"one of them": {[]domainclaim.Resolver{s.Resolver(), broken{}, s.Resolver()}, domainclaim.Present},
	} {
		c := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: tt.resolvers, Authority: broken{}})
		for how, look := range map[string]func(context.Context, domainclaim.Claim) domainclaim.Observation{"Check": c.Check, "CheckNow": c.CheckNow} {
			o := look(t.Context(), claim)
			if o.Outcome != tt.want {
				t.Errorf("%s: %s gives %s: %s", name, how, o.Outcome, o.Hint)
			}
			for _, a := range o.Answers {
				if a.Server == "" && a.Code != domainclaim.CodeUnexpected {
					t.Errorf("%s: %s has an answer %+v", name, how, a)
				}
			}
		}
	}
}
