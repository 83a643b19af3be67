package scimquery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/internal/scimquery"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
	"github.com/accesssec/accesssec-go/store"
)

const department = scim.EnterpriseSchema + ":department"

// lookup knows a few attributes of users and groups.
func lookup(p filter.Path) (filter.Attribute, bool) {
	a := filter.Attribute{Path: p}
	switch p.String() {
	case "userName", "displayName", "emails.type", "emails.value", department:
		a.Type = filter.String
	case "id", "externalId", "members.value":
		a.Type, a.CaseExact = filter.String, true
	case "active", "emails.primary":
		a.Type = filter.Boolean
	case "meta.created", "meta.lastModified":
		a.Type = filter.DateTime
	case "emails", "members":
		a.Type, a.MultiValued = filter.Complex, true
	default:
		return a, false
	}
	return a, true
}

func resolved(t *testing.T, s string) filter.Expr {
	t.Helper()
	x, err := filter.Parse(s, nil)
	if err == nil {
		x, err = filter.Resolve(x, lookup, nil)
	}
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return x
}

func is(path string, op store.Op, value string) store.Filter {
	return store.Filter{Path: path, Op: op, Value: value}
}

func not(f store.Filter) store.Filter { return store.Filter{Not: &f} }

func TestFilters(t *testing.T) {
	t.Parallel()
	mail, work := is("emails.value", store.OpEq, "a@b"), is("emails.type", store.OpEq, "work")
	for s, want := range map[string]store.Filter{
		`id eq "E1"`:                                      is("id", store.OpEq, "E1"),
		`externalId eq "X"`:                               is("externalId", store.OpEq, "X"),
		`externalId ne "X"`:                               not(is("externalId", store.OpEq, "X")),
		`externalId pr`:                                   is("externalId", store.OpPresent, ""),
		`externalId lt "X"`:                               {And: []store.Filter{is("externalId", store.OpPresent, ""), is("externalId", store.OpLess, "X")}},
		`externalId ge "X"`:                               is("externalId", store.OpAtLeast, "X"),
		`active eq true`:                                  is("active", store.OpEq, "true"),
		`active ne true`:                                  not(is("active", store.OpEq, "true")),
		`userName eq "ANN"`:                               is("userName", store.OpEq, "ann"),
		`displayName sw "A"`:                              is("displayName", store.OpStarts, "a"),
		`userName co "A" and userName ew "B"`:             {And: []store.Filter{is("userName", store.OpContains, "a"), is("userName", store.OpEnds, "b")}},
		`userName gt "A" or userName le "B"`:              {Or: []store.Filter{is("userName", store.OpGreater, "a"), is("userName", store.OpAtMost, "b")}},
		department + ` eq "R&D"`:                          is(department, store.OpEq, "r&d"),
		`meta.created gt "2040-01-02T00:00:00+02:00"`:     is("created", store.OpGreater, "2040-01-01T22:00:00.000000000Z"),
		`meta.lastModified le "2040-01-02T00:00:00Z"`:     is("modified", store.OpAtMost, "2040-01-02T00:00:00.000000000Z"),
		`emails.value eq "A@B"`:                           mail,
		`emails co "A@B"`:                                 is("emails.value", store.OpContains, "a@b"),
		`emails pr`:                                       {Path: "emails", Element: []store.Filter{not(is("emails", store.OpLess, ""))}},
		`emails[type eq "work" and value eq "A@B"]`:       {Path: "emails", Element: []store.Filter{{And: []store.Filter{work, mail}}}},
		`emails[type eq "work"].value ne "A@B"`:           {Path: "emails", Element: []store.Filter{{And: []store.Filter{work, not(mail)}}}},
		`emails[not (value eq "A@B") or primary eq true]`: {Or: []store.Filter{{Path: "emails", Element: []store.Filter{not(mail)}}, is("emails.primary", store.OpEq, "true")}},
		`not (userName eq null)`:                          not(not(is("userName", store.OpPresent, ""))),
	} {
		got, err := scimquery.Filter(resolved(t, s), store.EntryUser)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", s, diff)
		}
	}
	for _, s := range []string{`members eq "E1"`, `members.value eq "E1"`, `members[value eq "E1"]`} {
		got, err := scimquery.Filter(resolved(t, s), store.EntryGroup)
		if want := is("members", store.OpEq, "E1"); err != nil || !cmp.Equal(&want, got) {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
	if got, err := scimquery.Filter(nil, store.EntryUser); got != nil || err != nil {
		t.Errorf("no filter: %+v, %v", got, err)
	}
}

// many joins n parts.
func many(n int, op string, part func(int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = part(i)
	}
	return strings.Join(parts, op)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	eq := func(i int) string { return fmt.Sprintf(`userName eq "u%d"`, i) }
	co := func(i int) string { return fmt.Sprintf(`userName co "u%d"`, i) }
	kind := func(int) string { return `emails.type eq "work"` }
	within := func(i int) string { return fmt.Sprintf(`value co "u%d"`, i) }
	deep := func(n int) string { return strings.Repeat("not (", n) + eq(1) + strings.Repeat(")", n) }
	for name, c := range map[string]struct {
		x   string
		typ string
		ok  bool
	}{
		"a hundred names":                  {many(100, " or ", eq), store.EntryUser, true},
		"a hundred times another name":     {many(100, " and ", func(i int) string { return `userName ne "x"` }), store.EntryUser, false},
		"fifty times another name":         {many(50, " and ", func(i int) string { return `userName ne "x"` }), store.EntryUser, true},
		"twenty-four addresses":            {many(24, " or ", func(int) string { return `emails eq "x"` }), store.EntryUser, true},
		"one address too many":             {many(25, " or ", func(int) string { return `emails eq "x"` }), store.EntryUser, false},
		"as many parts as may be":          {many(6, " or ", co), store.EntryUser, true},
		"one too many":                     {many(7, " or ", co), store.EntryUser, false},
		"beginnings":                       {many(7, " or ", func(int) string { return `userName sw "x"` }), store.EntryUser, false},
		"what many have":                   {many(7, " or ", kind), store.EntryUser, false},
		"names that many people may have":  {many(7, " or ", func(int) string { return `displayName eq "x"` }), store.EntryUser, false},
		"names that one group has":         {many(50, " or ", func(int) string { return `displayName eq "x"` }), store.EntryGroup, true},
		"columns":                          {many(24, " and ", func(int) string { return `active eq true` }), store.EntryUser, true},
		"too many columns":                 {many(25, " and ", func(int) string { return `active eq true` }), store.EntryUser, false},
		"many in an element of few":        {`emails[value eq "x" and ` + many(50, " and ", within) + `]`, store.EntryUser, true},
		"some in an element of many":       {`emails[type eq "work" and ` + many(5, " and ", within) + `]`, store.EntryUser, true},
		"many in an element of many":       {`emails[type eq "work" and ` + many(6, " and ", within) + `]`, store.EntryUser, false},
		"one of many in an element":        {`emails[` + many(6, " or ", within) + `]`, store.EntryUser, true},
		"one of too many in an element":    {`emails[` + many(7, " or ", within) + `]`, store.EntryUser, false},
		"many elements of few":             {many(24, " or ", func(int) string { return `emails[value eq "x" and type eq "work"]` }), store.EntryUser, true},
		"what an element lacks":            {`emails[not (type eq "work")]`, store.EntryUser, true},
		"what an element of few lacks":     {`displayName eq "x" and emails[not (type eq "work")]`, store.EntryUser, true},
		"what two elements lack":           {many(2, " or ", func(int) string { return `emails[not (type eq "work")]` }), store.EntryUser, false},
		"much that an element lacks":       {`emails[not (value co "x" and type eq "work")]`, store.EntryUser, false},
		"an address that an element lacks": {many(2, " or ", func(int) string { return `emails[value ne "x"]` }), store.EntryUser, false},
		"that three are there":             {many(3, " and ", func(int) string { return `emails pr` }), store.EntryUser, true},
		"that four are there":              {many(4, " and ", func(int) string { return `emails pr` }), store.EntryUser, false},
		"the longest of RFC 7644's":        {`userName eq "Employee" and (emails co "example.com" or emails.value co "example.org")`, store.EntryUser, true},
		"its longest about elements":       {many(2, " or ", func(int) string { return `emails[type eq "work" and value co "@example.com"]` }), store.EntryUser, true},
		"as deep as may be":                {deep(32), store.EntryUser, true},
		"a user's members":                 {`members eq "E1"`, store.EntryUser, false},
		"an order of members":              {`members gt "E1"`, store.EntryGroup, false},
		"a part of a member's id":          {`members co "E1"`, store.EntryGroup, false},
		"that there are members":           {`members pr`, store.EntryGroup, false},
		"who is no member, in brackets":    {`members[value ne "E1"]`, store.EntryGroup, false},
		"who is no member":                 {`members ne "E1"`, store.EntryGroup, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := scimquery.Filter(resolved(t, c.x), c.typ)
			if c.ok {
				if err != nil || f.Validate() != nil {
					t.Errorf("%v, %v", err, f)
				}
				return
			}
			var refused *scim.Error
			if !errors.As(err, &refused) || refused.Status != 400 || (refused.Type != scim.InvalidFilter && refused.Type != scim.TooMany) || refused.Detail == "" {
				t.Errorf("%+v, %v", f, err)
			}
		})
	}
	odd := filter.Compare{Attribute: filter.Attribute{Path: filter.Path{Name: "userName"}, Type: filter.String}, Op: "like", Value: "x", Key: "x"}
	unresolved := filter.Compare{Attribute: filter.Attribute{Path: filter.Path{Name: "userName"}}, Op: filter.OpEqual, Value: "x"}
	for _, x := range []filter.Expr{odd, unresolved, filter.And{}, filter.Not{}} {
		if f, err := scimquery.Filter(x, store.EntryUser); err == nil {
			t.Errorf("%#v is %+v", x, f)
		}
	}
}

func TestSorts(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"userName": "userName", "id": "id", "externalId": "externalId", "active": "active", "meta.created": "created",
		"meta.lastModified": "modified", "emails": "emails.value", department: department,
	} {
		a, err := filter.ResolveSort(path, lookup)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := scimquery.Sort(&a, true); err != nil || got != (store.Sort{Path: want, Desc: true}) {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	if got, err := scimquery.Sort(nil, false); err != nil || got != (store.Sort{}) {
		t.Errorf("no order: %+v, %v", got, err)
	}
	a, err := filter.ResolveSort("members", lookup)
	if err != nil {
		t.Fatal(err)
	}
	var refused *scim.Error
	if got, err := scimquery.Sort(&a, false); !errors.As(err, &refused) || refused.Status != 400 {
		t.Errorf("members: %+v, %v", got, err)
	}
}
