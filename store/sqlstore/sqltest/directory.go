package sqltest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// texts look like each other where databases have reason to stumble: case, wildcards,
// quotes, the order of bytes, the ends of the planes, and the part that is indexed.
func texts() []string {
	long := strings.Repeat("x", 199)
	wide := strings.Repeat("é", 199)
	return []string{
		"", "a", "A", "b", "ab", "aB", "abc", "bc", "B", "é", "e", "ß", "ss", "Z", "z", "10", "2",
		"%", "_", "a%", "a_c", "'", "\"", "\\", "$1", "?1", "{members}", " ", "a ", "\t", "\n", "null", "true",
		"a\ud7ff", "a\ue000", "a\uffff", "a\U0001f600", "a\U0010ffff", "\U0010ffff", "\U0010ffff\U0010ffff", "\u2028", "<&>",
		long, long + "x", long + "y", long + "xa", long + "xb", long + "xab", wide, wide + "é", wide + "éa", wide + "éz",
	}
}

func paths() []string {
	return []string{"emails", "emails.type", "emails.value", "emailsx.value", "Emails.type", "title", "tags.value", "emails.value.x"}
}

func instants() []time.Time {
	day := func(n int) time.Time { return time.Date(2040, 1, n, 12, 0, 0, 0, time.UTC) }
	return []time.Time{{}, day(1), day(2), day(2).Add(time.Microsecond), day(3), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)}
}

// aDirectory are the steps that make one: entries, then changes, removals and members.
func aDirectory(d *dice, orgs []string) []func(*testing.T, store.Tx) error {
	var steps []func(*testing.T, store.Tx) error
	for _, org := range orgs {
		kept := map[string]store.Entry{}
		for i := range 60 {
			e := anEntry(d, org, i)
			kept[e.ID] = e
			steps = append(steps, put(e))
			if d.once(3) {
				e.Version, e.Active, e.Name = 1, !e.Active, "changed"
				if d.once(2) {
					e.Index = someIndex(d)
				}
				steps = append(steps, put(e))
			}
			if d.once(10) {
				delete(kept, e.ID)
				steps = append(steps, func(t *testing.T, tx store.Tx) error { return tx.DeleteEntry(t.Context(), org, e.ID) })
			}
		}
		for i := range 60 {
			g, ok := kept[entryID(i)]
			if !ok || g.Type != store.EntryGroup {
				continue
			}
			var delta store.MemberDelta
			for j := range 60 {
				if _, ok := kept[entryID(j)]; ok && d.once(3) {
					delta.Add = append(delta.Add, entryID(j))
				}
			}
			steps = append(steps, func(t *testing.T, tx store.Tx) error {
				return tx.ChangeEntryMembers(t.Context(), org, g.ID, delta)
			})
		}
	}
	return steps
}

func put(e store.Entry) func(*testing.T, store.Tx) error {
	return func(t *testing.T, tx store.Tx) error { return tx.PutEntry(t.Context(), e) }
}

func entryID(i int) string { return fmt.Sprintf("e%02d", i) }

// suffix makes a text one that no other entry has.
func suffix(i int) string { return fmt.Sprintf("-%02d", i) }

func anEntry(d *dice, org string, i int) store.Entry {
	maybe := func() string {
		if d.once(3) {
			return ""
		}
		return pick(d, texts()) + suffix(i)
	}
	e := store.Entry{
		OrgID: org, ID: entryID(i), ConnectionID: pick(d, []string{"", "c1", "c2"}), Type: store.EntryUser,
		Name: "name", NameKey: pick(d, texts()) + suffix(i), ExternalID: maybe(), UserID: maybe(),
		Active: d.once(2), CreatedAt: pick(d, instants()), ModifiedAt: pick(d, instants()), Index: someIndex(d),
	}
	if d.once(3) {
		e.Type = store.EntryGroup
	}
	return e
}

func someIndex(d *dice) []store.Index {
	var index []store.Index
	for range d.roll(9) {
		index = append(index, store.Index{Path: pick(d, paths()), Row: d.roll(3) - 1, Text: pick(d, texts())})
	}
	return index
}
