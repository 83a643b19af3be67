package sqltest

import (
	"fmt"
	"testing"

	"github.com/accesssec/accesssec-go/store"
)

// GrantsOfPerson compares what it costs to ask what reaches a person where nobody else has
// grants, and where ten thousand others do, one of the person's groups has a hundred
// thousand members, and the database has counted both.
func GrantsOfPerson(b *testing.B, d Database) {
	var stores [2]store.Store
	audiences := [2]audience{{groups: 3, others: 3}, {groups: 3, others: 10_000 - 7, members: 100_000}}
	for i, a := range audiences {
		d.Options.Prefix = fmt.Sprintf("accesssec_%d_", i)
		db := d.Pool(b)
		stores[i] = d.StoreOn(b, db)
		a.fill(b, stores[i], db, d)
		d.count(b, db)
	}
	for name, q := range map[string]store.GrantQuery{
		"all":     {Person: "usr-ann"},
		"project": {Person: "usr-ann", Projects: []string{"p1", ""}},
	} {
		ask := func(s store.Store, want int) func() {
			return func() {
				page, err := s.Grants(b.Context(), "org", q)
				if err != nil || len(page.Items) != want {
					b.Fatalf("%d grants, %v; want %d", len(page.Items), err, want)
				}
			}
		}
		want := audiences[0].reached()
		if len(q.Projects) > 0 {
			want-- // of p2
		}
		few, many := ask(stores[0], want), ask(stores[1], want)
		for grants, fn := range map[int]func(){10: few, 10_000: many} {
			b.Run(fmt.Sprintf("%s/grants=%d", name, grants), func(b *testing.B) {
				for b.Loop() {
					fn()
				}
			})
		}
		b.Run(name+"/ratio", func(b *testing.B) {
			takeTurns(b, "10000/10", func() {}, [2]func(){few, many})
		})
	}
}
