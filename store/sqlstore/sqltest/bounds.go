package sqltest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/store"
)

// FiltersAtTheirBounds asks as broadly and as deeply as a filter may be: databases have
// bounds of their own, on parameters, on the depth of an expression, on nested queries.
func FiltersAtTheirBounds(t *testing.T, d Database) {
	s := Crowd(t, d, 3)
	mail := func(i int) store.Filter {
		return store.Filter{Path: "emails.value", Op: store.OpEq, Value: person(i) + "@example.com"}
	}
	title := store.Filter{Path: "title", Op: store.OpContains, Value: "title"}
	many := func(n int, part func(int) store.Filter) []store.Filter {
		parts := make([]store.Filter, n)
		for i := range parts {
			parts[i] = part(i)
		}
		return parts
	}
	nobody := func(i int) store.Filter {
		return store.Filter{Path: "name", Op: store.OpStarts, Value: fmt.Sprint("nobody", i)}
	}
	nested := func(times int, wrap func(store.Filter) store.Filter) store.Filter {
		f := mail(1)
		for range times {
			f = wrap(f)
		}
		return f
	}
	for name, f := range map[string]store.Filter{
		"and":          {And: append(many(198, func(int) store.Filter { return title }), mail(1))},
		"or":           {Or: append(many(198, nobody), mail(1))},
		"or of sets":   {Or: append(many(99, nobody), mail(1))},
		"element":      {Path: "emails", Element: many(199, func(int) store.Filter { return mail(1) })},
		"element's or": {Path: "emails", Element: []store.Filter{{Or: append(many(190, func(int) store.Filter { return mail(7) }), mail(1))}}},
		"not":          nested(64, func(f store.Filter) store.Filter { return store.Filter{Not: &f} }),
		"and in and":   nested(64, func(f store.Filter) store.Filter { return store.Filter{And: []store.Filter{title, f}} }),
		"or in or":     nested(64, func(f store.Filter) store.Filter { return store.Filter{Or: []store.Filter{nobody(1), f}} }),
		"sets in sets": nested(32, func(f store.Filter) store.Filter {
			return store.Filter{Or: []store.Filter{nobody(1), {And: []store.Filter{f, title}}}}
		}),
	} {
		page, err := s.Entries(t.Context(), crowd, store.EntryQuery{Filter: &f, Count: true})
		if err != nil || len(page.Items) != 1 || page.Items[0].ID != person(1) || page.Total != 1 {
			t.Errorf("%s: %d found, %v", name, len(page.Items), err)
		}
	}
}

// ManyMembers changes and reads a group by a hundred thousand ids in one call.
func ManyMembers(t *testing.T, d Database) {
	const people, calls = 1000, 100_000
	ctx, s := t.Context(), Crowd(t, d, people)
	ids := make([]string, calls)
	for i := range ids {
		ids[i] = person(i % people)
	}
	change := func(d store.MemberDelta) error {
		return s.RunInTx(ctx, func(tx store.Tx) error { return tx.ChangeEntryMembers(ctx, crowd, "group", d) })
	}
	group := store.Entry{OrgID: crowd, ID: "group", Type: store.EntryGroup, NameKey: "group"}
	must(t, s.RunInTx(ctx, func(tx store.Tx) error { return tx.PutEntry(ctx, group) }))
	total := func(what string, among []string, want int) {
		page, err := s.EntryMembers(ctx, crowd, "group", store.MemberQuery{Among: among, Count: true})
		if err != nil || page.Total != want {
			t.Errorf("%s: %d members, %v; want %d", what, page.Total, err, want)
		}
	}
	must(t, change(store.MemberDelta{Add: ids}))
	total("added", nil, people)
	total("among", ids, people)
	if err := change(store.MemberDelta{Clear: true, Add: append(ids, "a stranger")}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("with a stranger: %v", err)
	}
	total("after a stranger", nil, people)
	in, err := s.EntryGroups(ctx, crowd, ids)
	must(t, err)
	if len(in) != people || !cmp.Equal(in[person(1)], []string{"group"}) {
		t.Errorf("%d are in groups, %s in %v", len(in), person(1), in[person(1)])
	}
	must(t, change(store.MemberDelta{Remove: ids[1:people]}))
	total("all but one removed", nil, 1)
}
