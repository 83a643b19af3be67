package filter_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/scim/filter"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`title pr`:                              1,
		`not (title pr) and (a eq 1 or b eq 2)`: 3,
		`emails[type eq "work" and value co "x"] or id pr`: 3,
		`emails[not (type eq "work")].value eq "x"`:        2,
	} {
		x, err := filter.Parse(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := filter.Terms(x); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
	if filter.Terms(nil) != 0 {
		t.Error("nil has some")
	}
}
