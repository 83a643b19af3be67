package storetest

import (
	"fmt"
	"slices"

	"github.com/accesssec/accesssec-go/store"
)

// testPersonByPages goes through what reaches Ann in several ways, among as much that does
// not, with instants that are shared.
func testPersonByPages(s subject) {
	c := newCircle(s)
	s.must(func(tx store.Tx) error { return c.join(tx, c.out, c.annEntry) })
	ways := [][2]string{
		{store.SubjectUser, c.ann}, {store.SubjectGroup, c.in}, {store.SubjectUser, c.bob},
		{store.SubjectGroup, c.out}, {store.SubjectServiceAccount, c.ann}, {store.SubjectEveryone, ""},
	}
	var want []string
	s.must(func(tx store.Tx) error {
		want = nil
		for i := range 8 * len(ways) {
			way, id := ways[i%len(ways)], fmt.Sprintf("%02d", i)
			err := c.grant(tx, id, way[0], way[1], func(g *store.Grant) {
				g.CreatedAt, g.Project = day(i/10), fmt.Sprint("p", i%2)
			})
			if err != nil {
				return err
			}
			if way[1] != c.bob && way[0] != store.SubjectServiceAccount {
				want = append(want, id)
			}
		}
		return nil
	})
	for _, limit := range []int{1, 3, 5, len(want), 100} {
		for _, projects := range [][]string{nil, {"p1", "p0", "p1"}, slices.Repeat([]string{"p0", "p1"}, 20)} {
			q := store.GrantQuery{Person: c.ann, Projects: projects, Paging: store.Paging{Limit: limit}}
			var got []string
			for range len(want) + 1 {
				page, err := s.Grants(s.Context(), c.org, q)
				s.want("Grants", err, nil)
				for _, g := range page.Items {
					got = append(got, g.ID)
				}
				if q.After = page.Next; page.Next == "" {
					break
				}
			}
			s.same(fmt.Sprintf("by %d, of %d projects", limit, len(projects)), got, want)
		}
	}
}

// testManyInAQuery asks for a thousand of each at once.
func testManyInAQuery(s subject) {
	c := newCircle(s)
	c.each([3]string{"own", store.SubjectUser, c.ann}, [3]string{"in", store.SubjectGroup, c.in}, [3]string{"bobs", store.SubjectUser, c.bob})
	many := func(values ...string) []string {
		list := make([]string, 0, 1000+len(values))
		for i := range 1000 {
			list = append(list, fmt.Sprint("none-", i))
		}
		return append(list, values...)
	}
	all := store.GrantQuery{
		IDs: many("own", "in", "bobs"), Subjects: many(c.ann, c.in, c.bob), Projects: many("p1"), Roles: many("analyst"),
	}
	ask := func(r store.Reader, person, want string) {
		for what, q := range map[string]store.GrantQuery{
			"ids": {IDs: all.IDs}, "subjects": {Subjects: all.Subjects}, "projects": {Projects: all.Projects},
			"roles": {Roles: all.Roles}, "all": all,
		} {
			q.Person = person
			c.reaches("a thousand "+what, r, q, want)
		}
	}
	s.must(func(tx store.Tx) error {
		ask(tx, c.ann, "own in")
		return nil
	})
	ask(s, c.ann, "own in")
	ask(s, "", "own in bobs")
	none := many()
	for _, q := range []store.GrantQuery{{IDs: none}, {Subjects: none}, {Projects: none}, {Roles: none}} {
		c.reaches("a thousand that nobody has", s, q, "")
		q.Person = c.ann
		c.reaches("a thousand that nobody has, and Ann", s, q, "")
	}
}
