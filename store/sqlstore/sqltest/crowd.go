package sqltest

import (
	"fmt"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// crowd is the org of a large directory.
const crowd = "org"

// person is the id of one of its entries.
func person(i int) string { return fmt.Sprintf("p%06d", i) }

// Crowd is a store on d with n people, each with two mail addresses and a title.
func Crowd(tb testing.TB, d Database, n int) store.Store {
	tb.Helper()
	s := d.Store(tb)
	const batch = 1000
	for from := 0; from < n; from += batch {
		err := s.RunInTx(tb.Context(), func(tx store.Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				if err := tx.PutEntry(tb.Context(), somebody(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	// A database that is in use knows how its rows are spread.
	if _, err := d.Pool(tb).ExecContext(tb.Context(), "ANALYZE"); err != nil {
		tb.Fatal(err)
	}
	return s
}

func somebody(i int) store.Entry {
	id := person(i)
	return store.Entry{
		OrgID: crowd, ID: id, ConnectionID: "c", Type: store.EntryUser, Name: id, NameKey: "name-" + id,
		ExternalID: "ext-" + id, UserID: "usr-" + id, Active: i%7 != 0,
		CreatedAt: time.Unix(int64(i), 0), ModifiedAt: time.Unix(0, 0),
		Index: []store.Index{
			{Path: "emails.type", Text: "work"}, {Path: "emails.value", Text: id + "@example.com"},
			{Path: "emails.type", Row: 1, Text: "home"}, {Path: "emails.value", Row: 1, Text: id + "@example.org"},
			{Path: "title", Text: fmt.Sprintf("title %d", i%50)},
		},
	}
}

// AddMember adds a person to groups of these sizes, again and again, and takes them out
// between.
func AddMember(b *testing.B, s store.Store, sizes ...int) {
	b.Helper()
	ctx := b.Context()
	change := func(group string, d store.MemberDelta) {
		err := s.RunInTx(ctx, func(tx store.Tx) error { return tx.ChangeEntryMembers(ctx, crowd, group, d) })
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, n := range sizes { // all of them are there before the first is timed
		group := store.Entry{OrgID: crowd, ID: fmt.Sprint("group", n), Type: store.EntryGroup, NameKey: fmt.Sprint("group", n)}
		if err := s.RunInTx(ctx, func(tx store.Tx) error { return tx.PutEntry(ctx, group) }); err != nil {
			b.Fatal(err)
		}
		ids := make([]string, n-1)
		for i := range ids {
			ids[i] = person(i)
		}
		change(group.ID, store.MemberDelta{Add: ids})
	}
	for _, n := range sizes {
		group, last := fmt.Sprint("group", n), []string{person(n - 1)}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				change(group, store.MemberDelta{Add: last})
				b.StopTimer()
				change(group, store.MemberDelta{Remove: last})
				b.StartTimer()
			}
		})
	}
}

// AskCrowd asks s, which is a Crowd, by filters of many kinds.
func AskCrowd(b *testing.B, s store.Store) {
	b.Helper()
	for _, l := range lookups(77_777) {
		b.Run(l.name, func(b *testing.B) {
			for b.Loop() {
				page, err := s.Entries(b.Context(), crowd, store.EntryQuery{Filter: &l.filter})
				if err != nil || len(page.Items) == 0 {
					b.Fatal(len(page.Items), err)
				}
			}
		})
	}
}

// lookup is a filter that an index is to answer.
type lookup struct {
	name   string
	filter store.Filter
	index  []string // any of these; without the prefix of names
}

// lookups are about the i-th of a crowd.
func lookups(i int) []lookup {
	id := person(i)
	eq := func(path, value string) store.Filter { return store.Filter{Path: path, Op: store.OpEq, Value: value} }
	sw := func(path, value string) store.Filter {
		return store.Filter{Path: path, Op: store.OpStarts, Value: value[:len(value)-1]}
	}
	mail, home := eq("emails.value", id+"@example.com"), eq("emails.type", "home")
	value := []string{"entry_index_value"}
	return []lookup{
		{"id", eq("id", id), []string{"entries_pkey", "sqlite_autoindex_accesssec_entries_1"}},
		{"name", eq("name", "name-"+id), []string{"entries_name"}},
		{"name starts", sw("name", "name-"+id), []string{"entries_name"}},
		{"externalId", eq("externalId", "ext-"+id), []string{"entries_external"}},
		{"externalId starts", sw("externalId", "ext-"+id), []string{"entries_external"}},
		{"userId", eq("userId", "usr-"+id), []string{"entries_user"}},
		{"emails.value", mail, value},
		{"emails.value starts", sw("emails.value", id+"@"), value},
		{"one element", store.Filter{Path: "emails", Element: []store.Filter{eq("emails.type", "work"), mail}}, value},
		{"one element and not", store.Filter{Path: "emails", Element: []store.Filter{mail, {Not: &home}}}, value},
		{"and", store.Filter{And: []store.Filter{eq("active", fmt.Sprint(i%7 != 0)), mail}}, value},
		{"or", store.Filter{Or: []store.Filter{eq("name", "name-"+id), mail}}, value},
	}
}
