package main

import (
	"fmt"
	"io"

	peer "github.com/scim2/filter-parser/v2"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// names of who reads a filter
const (
	filterParse  = "Parse"
	filterParser = "filter-parser"
)

// mostOfParser is how long a filter may take us, beside filter-parser.
const mostOfParser = 1.0 / 75

// provisioning measures everything about SCIM.
func provisioning(out io.Writer, rounds int) (missed int, err error) {
	for _, measure := range []func(io.Writer, int) (int, error){filters, scimHTTP} {
		n, err := measure(out, rounds)
		if missed += n; err != nil {
			return missed, err
		}
	}
	return missed, nil
}

// filterRow is one filter, and how many pieces of memory its tree may be.
type filterRow struct {
	name, text string
	allocs     float64
}

func filterRows() []filterRow {
	return []filterRow{
		{"one comparison", `userName eq "ann@example.com"`, 12},
		{"five comparisons", `userName eq "ann@example.com" and active eq true and (name.givenName sw "A" or title pr) and not (meta.created lt "2011-05-13T04:42:34Z")`, 40},
		{"elements of two attributes", `emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`, 30},
	}
}

// filters prints what it costs to read a filter.
func filters(out io.Writer, rounds int) (missed int, err error) {
	for _, r := range filterRows() {
		subjects := r.subjects()
		costs, err := measure(subjects, rounds, 1)
		if err != nil {
			return missed, err
		}
		fmt.Fprintf(out, "a filter of %s, %d bytes\n", r.name, len(r.text))
		show(out, subjects, costs)
		missed += judge(out, r.bars(), subjects, costs)
		fmt.Fprintln(out)
	}
	return missed, nil
}

func (r filterRow) bars() []bar {
	return []bar{
		atMost(filterParse, mostOfParser, filterParser),
		{filterParse, "", r.allocs, "allocations"},
	}
}

// subjects read the same filter, and fail if they don't.
func (r filterRow) subjects() []subject {
	text := []byte(r.text)
	return []subject{
		{filterParser, func() error {
			_, err := peer.ParseFilter(text)
			return err
		}},
		{filterParse, func() error {
			_, err := filter.Parse(r.text, nil)
			return err
		}},
	}
}
