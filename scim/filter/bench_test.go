package filter_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/scim/filter"
)

const (
	simple     = `userName eq "ann@example.com"`
	fiveTerms  = `userName eq "ann@example.com" and active eq true and (name.givenName sw "A" or title pr) and not (meta.created lt "2011-05-13T04:42:34Z")`
	valuePaths = `emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`
)

// The bounds that the parts of a server count on.
func TestAllocations(t *testing.T) {
	for s, most := range map[string]float64{simple: 3, fiveTerms: 14, valuePaths: 17} {
		got := testing.AllocsPerRun(100, func() {
			if _, err := filter.Parse(s, nil); err != nil {
				t.Fatal(err)
			}
		})
		if got > most {
			t.Errorf("%s: %v allocations, want at most %v", s, got, most)
		}
	}
	folded := ""
	if got := testing.AllocsPerRun(100, func() { folded = filter.Fold("ann@example.com") }); got != 0 || folded != "ann@example.com" {
		t.Errorf("%v allocations where nothing is to be folded", got)
	}
}

func BenchmarkParse(b *testing.B) {
	for name, s := range map[string]string{"simple": simple, "five terms": fiveTerms, "value paths": valuePaths} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := filter.Parse(s, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	r := resource(b, ann)
	x, err := resolve(`userName eq "ann@example.com" and emails[type eq "home" and value co "home"]`, false)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !filter.Match(x, r) {
			b.Fatal("no match")
		}
	}
}
