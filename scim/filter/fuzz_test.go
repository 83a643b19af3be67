package filter_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim/filter"
)

func seeds() []string {
	return []string{
		simple, fiveTerms, valuePaths, `emails[type eq "work"].value eq "x"`, `userName eq null`, `tags ne "\u00e9\ud83d\ude00"`,
		`not (emails[not (type eq "home") or value ne ""])`, `level ge -1.5e+2 and active eq true`, `externalId eq jyoung`,
		`emails[value eq "ann@work.example"].type ne "home"`, `emails co "work" or name[givenName sw "Ä"]`,
		`active eq "True"`, `profileUrl co "e" and photo ne "QQ=="`, `emails ne "x" or emails pr`,
		enterprise + `:manager.value eq "7"`, `meta.created gt "2011-05-13T04:42:34.0000000+02:00"`, `((a pr))`, `[`, `(`, `not`, `a eq "\`,
	}
}

// No text makes the parser panic, and what is parsed is printed to the same, as is what is
// resolved, which means the same when it is resolved again.
func FuzzParse(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	all := &filter.Options{Lenient: func(string) bool { return true }}
	f.Fuzz(func(t *testing.T, s string) {
		for _, opts := range []*filter.Options{nil, all} {
			x, err := filter.Parse(s, opts)
			if err != nil {
				var refused *filter.Error
				if !errors.As(err, &refused) || refused.Offset < -1 || refused.Offset > len(s) || len(err.Error()) > 300 {
					t.Fatalf("%q: %#v", s, err)
				}
				continue
			}
			again, err := filter.Parse(x.String(), &filter.Options{MaxLength: 10*len(s) + 100})
			if err != nil || !cmp.Equal(x, again) || x.String() != again.String() {
				t.Fatalf("%q: printed as %q, which is %v, %v", s, x, again, err)
			}
			r, err := filter.Resolve(x, lookup, opts)
			if err != nil {
				continue
			}
			twice, err := filter.Resolve(r, lookup, nil)
			if err != nil || !cmp.Equal(r, twice) {
				t.Fatalf("%q: resolved as %q, and again as %v, %v", s, r, twice, err)
			}
		}
	})
}

// The same for paths.
func FuzzParseTarget(f *testing.F) {
	for _, s := range append(seeds(), `emails[type eq "work"].value`, `members`, enterprise, enterprise+":manager.value") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := filter.ParseTarget(s)
		if err != nil {
			return
		}
		if again, err := filter.ParseTarget(target.String()); err != nil || !cmp.Equal(target, again) {
			t.Fatalf("%q: printed as %q, which is %v, %v", s, target, again, err)
		}
		if r, err := filter.ResolveTarget(target, lookup, nil); err == nil {
			if twice, err := filter.ResolveTarget(r, lookup, nil); err != nil || !cmp.Equal(r, twice) {
				t.Fatalf("%q: resolved as %q, and again as %v, %v", s, r, twice, err)
			}
		}
	})
}

// Match finds what is found among the values of a resource, written down one by one.
func FuzzMatch(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, ann)
		f.Add(s, `{"emails": [{"type": "home", "value": ["a", null, "b"]}, null, 5], "level": 1.50, "tags": "x", "active": true}`)
	}
	lenient := &filter.Options{Lenient: func(string) bool { return true }}
	f.Fuzz(func(t *testing.T, s, body string) {
		var r map[string]any
		if json.Unmarshal([]byte(body), &r) != nil {
			return
		}
		parsed, err := filter.Parse(s, lenient)
		if err != nil {
			return
		}
		filter.Match(parsed, r) // of what has no schema nothing is said here
		x, err := filter.Resolve(parsed, lookup, lenient)
		if err != nil {
			return
		}
		if got, want := filter.Match(x, r), naive(x, rowsOf(r)); got != want {
			t.Fatalf("%s on %s: %v, want %v", x, body, got, want)
		}
	})
}
