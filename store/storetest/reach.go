package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/accesssec/accesssec-go/store"
)

// readGrants asks by each way a store may have an index for.
func readGrants(ctx context.Context, w *world, r store.Reader, org string) ([]string, error) {
	var found []string
	for _, q := range []store.GrantQuery{
		{}, {IDs: []string{"grant"}}, {Subjects: []string{"user"}}, {Projects: []string{"p1"}}, {Roles: []string{"analyst"}}, {Person: "user"},
		{Person: "user", Projects: []string{"p1"}},
	} {
		page, err := r.Grants(ctx, org, q)
		if err != nil {
			return nil, err
		}
		if org != w.nobody && len(page.Items) == 0 {
			w.Errorf("%+v: finds nothing", q)
		}
		for _, g := range page.Items {
			found = append(found, g.OrgID)
		}
	}
	return found, nil
}

func testReach(s subject) {
	s.run("Person", testPerson)
	s.run("PersonOfLookAlikes", testLookAlikes)
	s.run("PersonInTx", testPersonInTx)
	s.run("PersonNarrowed", testPersonNarrowed)
	s.run("PersonOfOtherOrgs", testPersonOfOtherOrgs)
	s.run("PersonByPages", testPersonByPages)
	s.run("ManyInAQuery", testManyInAQuery)
}

func testPerson(s subject) {
	c := newCircle(s)
	above := newID("grp")
	s.must(func(tx store.Tx) error {
		if err := tx.PutEntry(s.Context(), c.entry(above, store.EntryGroup, "")); err != nil {
			return err
		}
		return c.join(tx, above, c.in)
	})
	c.each(
		[3]string{"own", store.SubjectUser, c.ann}, [3]string{"bobs", store.SubjectUser, c.bob},
		[3]string{"in", store.SubjectGroup, c.in}, [3]string{"out", store.SubjectGroup, c.out},
		[3]string{"all", store.SubjectEveryone, ""}, [3]string{"service", store.SubjectServiceAccount, c.service},
		[3]string{"above", store.SubjectGroup, above}, // the group is in there, and she is not
		[3]string{"own again", store.SubjectUser, c.ann},
	)
	c.reaches("Ann", s, of(c.ann), "own in all own again")
	c.reaches("Bob, who is in no group", s, of(c.bob), "bobs all")
	c.reaches("who has no entry", s, of(c.nobody), "all")
	c.reaches("a service account is no person", s, of(c.service), "all")
	c.reaches("a group is no person", s, of(c.in), "all")
	c.reaches("nor is an entry", s, of(c.annEntry), "all")
	c.reaches("nobody in particular", s, of(""), "own bobs in out all service above own again")

	s.must(func(tx store.Tx) error {
		return c.grant(tx, "over", store.SubjectUser, c.nobody, func(g *store.Grant) { g.ExpiresAt = g.CreatedAt })
	})
	c.reaches("what has expired is found all the same", s, of(c.nobody), "all over")
}

// testLookAlikes has subjects of one kind with the ids of another.
func testLookAlikes(s subject) {
	c := newCircle(s)
	s.must(func(tx store.Tx) error { // a group with Ann's id, which she is not in
		return tx.PutEntry(s.Context(), c.entry(c.ann, store.EntryGroup, ""))
	})
	c.each(
		[3]string{"a", store.SubjectServiceAccount, c.ann}, [3]string{"b", store.SubjectGroup, c.ann},
		[3]string{"c", store.SubjectUser, c.in}, [3]string{"d", store.SubjectServiceAccount, c.in},
		[3]string{"e", store.SubjectUser, c.annEntry}, [3]string{"f", store.SubjectGroup, c.annEntry},
		[3]string{"g", store.SubjectUser, ""}, [3]string{"h", store.SubjectGroup, ""},
		[3]string{"i", store.SubjectServiceAccount, ""}, [3]string{"j", "", ""}, [3]string{"k", "", c.ann},
		[3]string{"l", strings.ToUpper(store.SubjectUser), c.ann}, [3]string{"m", store.SubjectUser, strings.ToLower(c.ann)},
		[3]string{"n", store.SubjectUser, c.ann + " "},
	)
	c.reaches("Ann", s, of(c.ann), "")
	s.must(func(tx store.Tx) error { return c.join(tx, c.ann, c.annEntry) })
	c.reaches("Ann, in the group with her id", s, of(c.ann), "b")
	c.each([3]string{"o", store.SubjectUser, c.ann})
	c.reaches("Ann, by herself and by that group", s, of(c.ann), "b o")
	c.reaches("a user with the id of a group", s, of(c.in), "c")
}

// testPersonInTx reads what the same transaction has written, and what is left when it is
// rolled back.
func testPersonInTx(s subject) {
	c := newCircle(s)
	c.each(
		[3]string{"own", store.SubjectUser, c.ann}, [3]string{"in", store.SubjectGroup, c.in}, [3]string{"out", store.SubjectGroup, c.out},
	)
	ctx, ann := s.Context(), of(c.ann)
	undone := func(what string, fn func(tx store.Tx) error) {
		s.Helper()
		s.refuse(what, errBack, func(tx store.Tx) error {
			c.reaches(what+", before", tx, ann, "own in")
			if err := fn(tx); err != nil {
				return err
			}
			return errBack
		})
		c.reaches(what+", rolled back", s, ann, "own in")
	}
	undone("joined", func(tx store.Tx) error {
		err := c.join(tx, c.out, c.annEntry)
		c.reaches("joined", tx, ann, "own in out")
		return err
	})
	undone("left", func(tx store.Tx) error {
		err := c.leave(tx, c.in, c.annEntry)
		c.reaches("left", tx, ann, "own")
		return err
	})
	undone("her entry deleted", func(tx store.Tx) error {
		err := tx.DeleteEntry(ctx, c.org, c.annEntry)
		c.reaches("her entry deleted", tx, ann, "own")
		return err
	})
	undone("the group deleted", func(tx store.Tx) error {
		err := tx.DeleteEntry(ctx, c.org, c.in)
		c.reaches("the group deleted", tx, ann, "own")
		c.reaches("its grants, which stay", tx, store.GrantQuery{Subjects: []string{c.in}}, "in")
		return err
	})
	undone("the entry given away", func(tx store.Tx) error {
		e, err := tx.Entry(ctx, c.org, c.annEntry)
		if err != nil {
			return err
		}
		e.UserID = c.nobody
		err = tx.PutEntry(ctx, e)
		c.reaches("the entry given away", tx, ann, "own")
		c.reaches("to somebody else", tx, of(c.nobody), "in")
		return err
	})
	undone("grants deleted and made", func(tx store.Tx) error {
		for _, id := range []string{"own", "in"} {
			if err := tx.DeleteGrant(ctx, c.org, id); err != nil {
				return err
			}
		}
		c.reaches("grants deleted", tx, ann, "")
		err := c.grant(tx, "new", store.SubjectEveryone, "")
		c.reaches("a grant made", tx, ann, "new")
		return err
	})
	s.must(func(tx store.Tx) error { return tx.DeleteEntry(ctx, c.org, c.in) })
	c.reaches("the group gone for good", s, ann, "own")
	s.must(func(tx store.Tx) error { return tx.PutEntry(ctx, c.entry(c.in, store.EntryGroup, "")) })
	c.reaches("another group in its place", s, ann, "own")
}

// testPersonNarrowed asks for a person and more.
func testPersonNarrowed(s subject) {
	c := newCircle(s)
	s.must(func(tx store.Tx) error {
		for _, g := range []struct{ name, kind, subject, project, role string }{
			{"a", store.SubjectUser, c.ann, "", "admin"}, {"b", store.SubjectUser, c.ann, "p1", "analyst"},
			{"c", store.SubjectGroup, c.in, "p1", "consumer"}, {"d", store.SubjectGroup, c.in, "p2", "analyst"},
			{"e", store.SubjectEveryone, "", "", "consumer"}, {"f", store.SubjectEveryone, "", "p3", "analyst"},
			{"x", store.SubjectUser, c.bob, "p1", "analyst"}, {"y", store.SubjectGroup, c.out, "p1", "analyst"},
		} {
			err := c.grant(tx, g.name, g.kind, g.subject, func(r *store.Grant) { r.Project, r.Role = g.project, g.role })
			if err != nil {
				return err
			}
		}
		return nil
	})
	several := []string{"p1", "p1", "p2", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", ""}
	for _, q := range []struct {
		q    store.GrantQuery
		want string
	}{
		{store.GrantQuery{}, "a b c d e f"},
		{store.GrantQuery{Projects: []string{"p1"}}, "b c"},
		{store.GrantQuery{Projects: []string{""}}, "a e"},
		{store.GrantQuery{Projects: []string{"", "p1", "p1", "p9"}}, "a b c e"},
		{store.GrantQuery{Projects: []string{"P1"}}, ""},
		{store.GrantQuery{Projects: several}, "a b c d e"},
		{store.GrantQuery{Roles: []string{"analyst"}}, "b d f"},
		{store.GrantQuery{Roles: []string{"analyst", "admin", "analyst"}}, "a b d f"},
		{store.GrantQuery{Roles: []string{"analyst"}, Projects: []string{"p1", "p2"}}, "b d"},
		{store.GrantQuery{IDs: []string{"c", "x", "a", "c"}}, "a c"},
		{store.GrantQuery{IDs: []string{"x"}}, ""},
		{store.GrantQuery{Subjects: []string{c.in, c.bob}}, "c d"},
		{store.GrantQuery{Subjects: []string{""}}, "e f"},
		{store.GrantQuery{Subjects: []string{c.in}, Roles: []string{"analyst"}, Projects: several, IDs: []string{"d", "c", "b"}}, "d"},
	} {
		q.q.Person = c.ann
		c.reaches(fmt.Sprintf("%+v", q.q), s, q.q, q.want)
		s.must(func(tx store.Tx) error {
			c.reaches(fmt.Sprintf("%+v in a transaction", q.q), tx, q.q, q.want)
			return nil
		})
	}
}

// testPersonOfOtherOrgs has one person and the same groups in two orgs: what they are in
// there gives them nothing here.
func testPersonOfOtherOrgs(s subject) {
	c := newCircle(s)
	there := *c
	there.org = s.withOrg()
	s.must(func(tx store.Tx) error {
		for _, e := range []store.Entry{
			there.entry(c.annEntry, store.EntryUser, c.bob), there.entry(newID("ent"), store.EntryUser, c.nobody),
			there.entry(c.in, store.EntryGroup, ""), there.entry(c.out, store.EntryGroup, ""),
		} {
			if err := tx.PutEntry(s.Context(), e); err != nil {
				return err
			}
		}
		return there.join(tx, c.out, c.annEntry)
	})
	for _, at := range []*circle{c, &there} {
		at.each(
			[3]string{"own", store.SubjectUser, c.ann}, [3]string{"bobs", store.SubjectUser, c.bob},
			[3]string{"in", store.SubjectGroup, c.in}, [3]string{"out", store.SubjectGroup, c.out},
		)
	}
	there.each([3]string{"all", store.SubjectEveryone, ""})
	c.reaches("Ann here", s, of(c.ann), "own in")
	c.reaches("Bob here", s, of(c.bob), "bobs")
	c.reaches("nobody here", s, of(c.nobody), "")
	there.reaches("Ann there, who has no entry", s, of(c.ann), "own all")
	there.reaches("Bob there, who has the entry that is Ann's here", s, of(c.bob), "bobs out all")
}
