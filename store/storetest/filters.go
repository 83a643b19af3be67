package storetest

import (
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

func op(path string, o store.Op, value string) store.Filter {
	return store.Filter{Path: path, Op: o, Value: value}
}

func all(parts ...store.Filter) store.Filter { return store.Filter{And: parts} }

func either(parts ...store.Filter) store.Filter { return store.Filter{Or: parts} }

func not(f store.Filter) store.Filter { return store.Filter{Not: &f} }

func within(path string, parts ...store.Filter) store.Filter {
	return store.Filter{Path: path, Element: parts}
}

// filterCase names the entries that a filter holds for.
type filterCase struct {
	name   string
	filter store.Filter
	want   []string
}

// testFilters asks one directory of three people and two groups many questions.
func testFilters(s subject) {
	org := s.withOrg()
	anns, bobs := newID("ann"), newID("bob")
	zone := time.FixedZone("", 2*3600)
	entries := []store.Entry{
		{ID: "u1", Name: "ann", NameKey: "ann", ConnectionID: "c1", ExternalID: "X1", UserID: anns, Active: true,
			CreatedAt: day(0), ModifiedAt: day(3), Index: []store.Index{
				{Path: "emails.type", Row: 0, Text: "work"}, {Path: "emails.value", Row: 0, Text: "ann@example.com"},
				{Path: "emails.type", Row: 1, Text: "home"}, {Path: "emails.value", Row: 1, Text: "ann@example.org"},
				{Path: "title", Text: "100%_sure"}, {Path: "emailsx.value", Row: 7, Text: "no"}}},
		{ID: "u2", Name: "bob", NameKey: "bob", ConnectionID: "c1", UserID: bobs,
			CreatedAt: day(1), ModifiedAt: day(3), Index: []store.Index{
				{Path: "emails.type", Row: 0, Text: "home"}, {Path: "emails.value", Row: 0, Text: "bob@example.com"}}},
		{ID: "u3", Name: "cyd", NameKey: "cyd", Active: true, CreatedAt: day(2), ModifiedAt: day(2)},
		{ID: "g1", Name: "ann", NameKey: "ann", CreatedAt: day(3), ModifiedAt: day(3)},
		{ID: "g2", Name: "ops", NameKey: "ops", CreatedAt: day(4), ModifiedAt: day(4)},
	}
	s.must(func(tx store.Tx) error {
		for _, e := range entries {
			e.OrgID, e.Type = org, store.EntryUser
			if e.ID[0] == 'g' {
				e.Type = store.EntryGroup
			}
			if err := tx.PutEntry(s.Context(), e); err != nil {
				return err
			}
		}
		if err := tx.ChangeEntryMembers(s.Context(), org, "g1", store.MemberDelta{Add: []string{"u1", "g2"}}); err != nil {
			return err
		}
		return tx.ChangeEntryMembers(s.Context(), org, "g2", store.MemberDelta{Add: []string{"u1"}})
	})
	cases := slices.Concat(columnCases(anns), indexCases(), shapeCases(), []filterCase{
		{"an instant in another zone", op("created", store.OpEq, day(1).In(zone).Format(time.RFC3339Nano)), []string{"u2"}},
	})
	for _, c := range cases {
		s.run(c.name, func(s subject) { s.filtered(org, c.filter, c.want) })
	}
	s.run("Malformed", func(s subject) { testBadFilters(s, org) })
}

// filtered compares what a filter finds, alone and turned round.
func (s subject) filtered(org string, f store.Filter, want []string) {
	everybody := []string{"g1", "g2", "u1", "u2", "u3"}
	rest := slices.DeleteFunc(slices.Clone(everybody), func(id string) bool { return slices.Contains(want, id) })
	inverse := not(f)
	for _, c := range []struct {
		filter *store.Filter
		want   []string
	}{{&f, want}, {&inverse, rest}} {
		page, err := s.Entries(s.Context(), org, store.EntryQuery{Filter: c.filter, Sort: store.Sort{Path: "id"}, Count: true})
		s.want("Entries", err, nil)
		var got []string
		for _, e := range page.Items {
			got = append(got, e.ID)
		}
		s.same("found", got, c.want)
		if page.Total != len(c.want) {
			s.Errorf("total %d, want %d", page.Total, len(c.want))
		}
	}
}

func columnCases(anns string) []filterCase {
	at := func(n int) string { return day(n).Format(time.RFC3339Nano) }
	return []filterCase{
		{"id", op("id", store.OpEq, "u2"), []string{"u2"}},
		{"id starts", op("id", store.OpStarts, "g"), []string{"g1", "g2"}},
		{"no such id", op("id", store.OpEq, "U2"), nil},
		{"name is the key", op("name", store.OpEq, "ann"), []string{"g1", "u1"}},
		{"name as it is written", op("name", store.OpEq, "ANN"), nil},
		{"name contains", op("name", store.OpContains, "o"), []string{"g2", "u2"}},
		{"name ends", op("name", store.OpEnds, "b"), []string{"u2"}},
		{"name after", op("name", store.OpGreater, "bob"), []string{"g2", "u3"}},
		{"name from", op("name", store.OpAtLeast, "bob"), []string{"g2", "u2", "u3"}},
		{"name before", op("name", store.OpLess, "bob"), []string{"g1", "u1"}},
		{"name to", op("name", store.OpAtMost, "bob"), []string{"g1", "u1", "u2"}},
		{"external id", op("externalId", store.OpEq, "X1"), []string{"u1"}},
		{"external id in another case", op("externalId", store.OpEq, "x1"), nil},
		{"external id present", op("externalId", store.OpPresent, ""), []string{"u1"}},
		{"no external id", op("externalId", store.OpEq, ""), []string{"g1", "g2", "u2", "u3"}},
		{"user", op("userId", store.OpEq, anns), []string{"u1"}},
		{"no user", op("userId", store.OpEq, ""), []string{"g1", "g2", "u3"}},
		{"connection", op("connectionId", store.OpEq, "c1"), []string{"u1", "u2"}},
		{"active", op("active", store.OpEq, "true"), []string{"u1", "u3"}},
		{"inactive", op("active", store.OpEq, "false"), []string{"g1", "g2", "u2"}},
		{"active present", op("active", store.OpPresent, ""), []string{"g1", "g2", "u1", "u2", "u3"}},
		{"created", op("created", store.OpEq, at(1)), []string{"u2"}},
		{"created after", op("created", store.OpGreater, at(2)), []string{"g1", "g2"}},
		{"created from", op("created", store.OpAtLeast, at(2)), []string{"g1", "g2", "u3"}},
		{"created before", op("created", store.OpLess, at(1)), []string{"u1"}},
		{"modified to", op("modified", store.OpAtMost, at(3)), []string{"g1", "u1", "u2", "u3"}},
		{"modified present", op("modified", store.OpPresent, ""), []string{"g1", "g2", "u1", "u2", "u3"}},
		{"members", op("members", store.OpEq, "u1"), []string{"g1", "g2"}},
		{"members of nobody", op("members", store.OpEq, "u2"), nil},
	}
}

func indexCases() []filterCase {
	mail, kind := "emails.value", "emails.type"
	return []filterCase{
		{"any value", op(mail, store.OpEnds, "example.com"), []string{"u1", "u2"}},
		{"any value of two", op(mail, store.OpEq, "ann@example.org"), []string{"u1"}},
		{"value present", op(mail, store.OpPresent, ""), []string{"u1", "u2"}},
		{"unknown path", op("nowhere", store.OpPresent, ""), nil},
		{"unknown path before", op("nowhere", store.OpLess, "x"), nil},
		{"wildcards are text", op("title", store.OpContains, "%_s"), []string{"u1"}},
		{"percent is no wildcard", op("title", store.OpStarts, "1%s"), nil},
		{"underscore is no wildcard", op("title", store.OpEnds, "_ure"), nil},
		{"value after", op(mail, store.OpGreater, "b"), []string{"u2"}},
		{"both but not in one element", all(op(kind, store.OpEq, "home"), op(mail, store.OpEnds, ".com")), []string{"u1", "u2"}},
		{"both in one element", within("emails", op(kind, store.OpEq, "home"), op(mail, store.OpEnds, ".com")), []string{"u2"}},
		{"either in one element", within("emails", either(op(kind, store.OpEq, "work"), op(mail, store.OpEq, "bob@example.com"))), []string{"u1", "u2"}},
		{"not in one element", within("emails", not(op(kind, store.OpEq, "home"))), []string{"u1"}},
		{"both nested in one element", within("emails", all(op(kind, store.OpEq, "work"), op(mail, store.OpEnds, ".org"))), nil},
		{"no element at all", within("nowhere", not(op("nowhere.x", store.OpEq, "y"))), nil},
		{"a path is not a prefix", within("emails", op("emails.value", store.OpEq, "no")), nil},
		{"no element beside a prefix", within("email", not(op("email.value", store.OpEq, "x"))), nil},
	}
}

func shapeCases() []filterCase {
	ann, active := op("name", store.OpEq, "ann"), op("active", store.OpEq, "true")
	return []filterCase{
		{"and", all(ann, active), []string{"u1"}},
		{"and of one", all(ann), []string{"g1", "u1"}},
		{"or", either(ann, active), []string{"g1", "u1", "u3"}},
		{"not", not(either(ann, active)), []string{"g2", "u2"}},
		{"not not", not(not(ann)), []string{"g1", "u1"}},
		{"nested", all(either(ann, op("id", store.OpEq, "u3")), not(op("members", store.OpEq, "u1"))), []string{"u1", "u3"}},
		{"contradiction", all(ann, not(ann)), nil},
		{"members and name", all(op("members", store.OpEq, "u1"), ann), []string{"g1"}},
	}
}

func testBadFilters(s subject, org string) {
	deep := op("id", store.OpEq, "x")
	for range 1000 {
		deep = not(deep)
	}
	name := op("name", store.OpEq, "x")
	cases := map[string]store.Filter{
		"nothing set":             {},
		"two shapes":              {And: []store.Filter{name}, Or: []store.Filter{name}},
		"shape and operator":      {And: []store.Filter{name}, Path: "id", Op: store.OpEq},
		"no path":                 op("", store.OpEq, "x"),
		"unknown operator":        op("name", "ne", "x"),
		"unknown index operator":  op("title", "ne", "x"),
		"bad part":                all(name, store.Filter{}),
		"bad part of or":          either(name, op("active", store.OpEq, "x")),
		"active compared":         op("active", store.OpGreater, "true"),
		"active as a number":      op("active", store.OpEq, "1"),
		"created contains":        op("created", store.OpContains, "2040"),
		"created is no instant":   op("created", store.OpEq, "yesterday"),
		"members contains":        op("members", store.OpContains, "u"),
		"too deep":                deep,
		"element without a path":  {Element: []store.Filter{op("emails.type", store.OpEq, "x")}},
		"element reaches out":     within("emails", op("title", store.OpEq, "x")),
		"element reaches columns": within("emails", op("active", store.OpEq, "true")),
		"element in an element":   within("emails", within("emails", op("emails.type", store.OpEq, "x"))),
		"bad operator in element": within("emails", op("emails.type", "ne", "x")),
	}
	for name, f := range cases {
		for _, where := range []string{org, newID("org")} { // bad whatever there is to filter
			_, err := s.Entries(s.Context(), where, store.EntryQuery{Filter: &f})
			s.misuse(name, err)
		}
	}
}
