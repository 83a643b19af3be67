package store_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/store"
)

func op(path string, o store.Op, value string) store.Filter {
	return store.Filter{Path: path, Op: o, Value: value}
}

func not(f store.Filter) store.Filter { return store.Filter{Not: &f} }

func nested(depth int) store.Filter {
	f := op("id", store.OpEq, "x")
	for range depth {
		f = not(f)
	}
	return f
}

func wide(n int) store.Filter {
	f := store.Filter{Or: make([]store.Filter, n)}
	for i := range f.Or {
		f.Or[i] = op("id", store.OpEq, "x")
	}
	return f
}

const noon = "2040-01-02T12:00:00Z"

func TestFilterSound(t *testing.T) {
	t.Parallel()
	emails := func(parts ...store.Filter) store.Filter { return store.Filter{Path: "emails", Element: parts} }
	kind := op("emails.type", store.OpEq, "work")
	cases := map[string]store.Filter{
		"and":                    {And: []store.Filter{kind, op("active", store.OpEq, "true")}},
		"or":                     {Or: []store.Filter{kind, op("active", store.OpEq, "false")}},
		"not":                    not(kind),
		"as deep as allowed":     nested(64),
		"as wide as allowed":     wide(199),
		"active present":         op("active", store.OpPresent, "whatever"),
		"members":                op("members", store.OpEq, "u1"),
		"members of nothing":     op("members", store.OpEq, ""),
		"an instant elsewhere":   op("created", store.OpEq, "2040-01-02T12:00:00.123456789+02:00"),
		"created present":        op("created", store.OpPresent, "whatever"),
		"any text":               op("title", store.OpContains, "100%_'\"\\ßé\n"),
		"an empty value":         op("name", store.OpStarts, ""),
		"an element":             emails(kind, not(op("emails.value", store.OpEnds, ".com"))),
		"an element's own value": emails(op("emails", store.OpEq, "x")),
		"an element, nested":     emails(store.Filter{Or: []store.Filter{kind, {And: []store.Filter{kind, kind}}}}),
		"an element like a column": {Path: "active",
			Element: []store.Filter{op("active", store.OpContains, "x"), op("active.since", store.OpGreater, "x")}},
		"what is beside the shape counts for nothing": {And: []store.Filter{kind}, Path: "id", Value: "x"},
	}
	for _, path := range []string{"id", "name", "externalId", "userId", "connectionId", "title", "urn:x:y"} {
		for _, o := range []store.Op{store.OpEq, store.OpContains, store.OpStarts, store.OpEnds, store.OpPresent,
			store.OpGreater, store.OpAtLeast, store.OpLess, store.OpAtMost} {
			cases[path+" "+string(o)] = op(path, o, "x")
		}
	}
	for _, o := range []store.Op{store.OpEq, store.OpGreater, store.OpAtLeast, store.OpLess, store.OpAtMost} {
		cases["created "+string(o)], cases["modified "+string(o)] = op("created", o, noon), op("modified", o, noon)
	}
	for name, f := range cases {
		if err := f.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFilterRefused(t *testing.T) {
	t.Parallel()
	name := op("name", store.OpEq, "x")
	emails := func(parts ...store.Filter) store.Filter { return store.Filter{Path: "emails", Element: parts} }
	loop := store.Filter{}
	loop.Not = &loop
	inItself := make([]store.Filter, 8)
	for i := range inItself {
		inItself[i] = store.Filter{And: inItself}
	}
	cases := map[string]struct {
		filter store.Filter
		says   string
	}{
		"nothing set":               {store.Filter{}, "exactly one"},
		"a path alone":              {store.Filter{Path: "id", Value: "x"}, "exactly one"},
		"empty and":                 {store.Filter{And: []store.Filter{}}, "exactly one"},
		"two shapes":                {store.Filter{And: []store.Filter{name}, Or: []store.Filter{name}}, "exactly one"},
		"shape and operator":        {store.Filter{Not: &name, Op: store.OpEq, Path: "id"}, "exactly one"},
		"element and operator":      {store.Filter{Element: []store.Filter{name}, Op: store.OpEq, Path: "id"}, "exactly one"},
		"bad part of and":           {store.Filter{And: []store.Filter{name, {}}}, "exactly one"},
		"bad part of or":            {store.Filter{Or: []store.Filter{name, op("active", store.OpEq, "x")}}, "active"},
		"bad part of not":           {not(store.Filter{}), "exactly one"},
		"no path":                   {op("", store.OpEq, "x"), "without a path"},
		"unknown operator":          {op("name", "ne", "x"), `"ne" does not fit "name"`},
		"unknown index operator":    {op("title", "EQ", "x"), `"EQ" does not fit "title"`},
		"active compared":           {op("active", store.OpGreater, "true"), "does not fit"},
		"active as a number":        {op("active", store.OpEq, "1"), "true"},
		"active in another case":    {op("active", store.OpEq, "True"), "true"},
		"created contains":          {op("created", store.OpContains, noon), "does not fit"},
		"modified starts":           {op("modified", store.OpStarts, noon), "does not fit"},
		"created is no instant":     {op("created", store.OpEq, "yesterday"), "RFC 3339"},
		"modified without a zone":   {op("modified", store.OpLess, "2040-01-02T12:00:00"), "RFC 3339"},
		"members contains":          {op("members", store.OpContains, "u"), "does not fit"},
		"members present":           {op("members", store.OpPresent, ""), "does not fit"},
		"too deep":                  {nested(65), "deeper"},
		"too deep in an element":    {emails(nested(64)), "deeper"},
		"points at itself":          {loop, "deeper"},
		"lies within itself":        {inItself[0], ""},
		"too wide":                  {wide(200), "more than 200"},
		"element without a path":    {store.Filter{Element: []store.Filter{name}}, "without a path"},
		"element reaches out":       {emails(op("title", store.OpEq, "x")), "beyond"},
		"element reaches a column":  {emails(op("active", store.OpEq, "true")), "beyond"},
		"element reaches a prefix":  {emails(op("emailsx.value", store.OpEq, "x")), "beyond"},
		"element in an element":     {emails(emails(op("emails.type", store.OpEq, "x"))), "beyond"},
		"element in it, nested":     {emails(not(emails(op("emails.type", store.OpEq, "x")))), "beyond"},
		"part without a path":       {emails(op("", store.OpEq, "x")), "without a path"},
		"bad operator in element":   {emails(op("emails.type", "ne", "x")), "does not fit"},
		"a NUL in a value":          {op("name", store.OpEq, "a\x00"), "NUL"},
		"a NUL in an element":       {emails(op("emails.type", store.OpEq, "\x00")), "NUL"},
		"a NUL in a path":           {op("a\x00", store.OpPresent, ""), "NUL"},
		"a NUL in an element's":     {store.Filter{Path: "\x00", Element: []store.Filter{name}}, "NUL"},
		"a value that is not UTF-8": {op("name", store.OpStarts, "\xff"), "UTF-8"},
	}
	for what, c := range cases {
		err := c.filter.Validate()
		if err == nil {
			t.Errorf("%s: no error", what)
			continue
		}
		if !strings.HasPrefix(err.Error(), "store: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, want it to say %q", what, err, c.says)
		}
	}
}

func TestSortValidate(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"": true, "id": true, "created": true, "active": true, "title": true, "urn:x:y.z": true,
		"members": false, "a\x00": false, "\xff": false,
	} {
		if err := (store.Sort{Path: path, Desc: true}).Validate(); (err == nil) != want {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestIndexUnder(t *testing.T) {
	t.Parallel()
	cases := []struct {
		path, attribute string
		want            bool
	}{
		{"emails", "emails", true},
		{"emails.type", "emails", true},
		{"emails.type.x", "emails", true},
		{"emails.type.x", "emails.type", true},
		{"emailsx", "emails", false},
		{"emailsx.type", "emails", false},
		{"email", "emails", false},
		{"Emails.type", "emails", false},
		{"title", "emails", false},
	}
	for _, c := range cases {
		if got := (store.Index{Path: c.path}).Under(c.attribute); got != c.want {
			t.Errorf("%q under %q: %v", c.path, c.attribute, got)
		}
	}
}

// FuzzFilterValidate reads filters that somebody made up. One that is sound stays so
// as a part of others.
func FuzzFilterValidate(f *testing.F) {
	f.Add(`{"Path":"emails","Element":[{"Path":"emails.type","Op":"eq","Value":"work"}]}`)
	f.Add(`{"And":[{"Path":"created","Op":"gt","Value":"2040-01-02T12:00:00Z"},{"Not":{"Path":"active","Op":"eq","Value":"true"}}]}`)
	f.Add(`{"Or":[{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var filter store.Filter
		if json.Unmarshal([]byte(text), &filter) != nil {
			return
		}
		err := filter.Validate()
		if err != nil {
			if !strings.HasPrefix(err.Error(), "store: ") {
				t.Errorf("%v", err)
			}
			return
		}
		again := not(store.Filter{Or: []store.Filter{filter}}).Validate()
		if again != nil && !strings.Contains(again.Error(), "deeper") && !strings.Contains(again.Error(), "more than") {
			t.Errorf("sound alone, and as a part: %v", again)
		}
	})
}
