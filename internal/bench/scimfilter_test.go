package main

import (
	"fmt"
	"testing"

	peer "github.com/scim2/filter-parser/v2"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// Both read all of each filter, and as the same.
func TestFiltersAreRead(t *testing.T) {
	t.Parallel()
	for _, r := range filterRows() {
		for _, s := range r.subjects() {
			if err := s.run(); err != nil {
				t.Errorf("%s, %s: %v", r.name, s.name, err)
			}
		}
		theirs, err := peer.ParseFilter([]byte(r.text))
		if err != nil {
			t.Fatal(err)
		}
		ours, err := filter.Parse(r.text, nil)
		if err != nil || ours.String() != r.text {
			t.Errorf("%s is read as %v, %v", r.text, ours, err)
		}
		if got := fmt.Sprint(theirs); got == "" {
			t.Errorf("%s: filter-parser reads nothing", r.text)
		}
		for _, b := range r.bars() {
			if b.who != filterParse || b.most <= 0 || b.of != "" && b.of != filterParser {
				t.Errorf("bar %+v", b)
			}
		}
	}
	// The bars are about what is parsed: neither takes what is no filter.
	for _, s := range (filterRow{text: "userName eq"}).subjects() {
		if s.run() == nil {
			t.Errorf("%s takes half a filter", s.name)
		}
	}
}
