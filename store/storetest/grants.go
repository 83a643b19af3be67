package storetest

import (
	"context"

	"github.com/accesssec/accesssec-go/store"
)

func grantRecord() record[store.Grant] {
	return record[store.Grant]{
		make: func(_ subject, org string) store.Grant { return aGrant(org) },
		create: func(ctx context.Context, tx store.Tx, g store.Grant) error {
			return tx.PutGrant(ctx, g)
		},
		update: func(ctx context.Context, tx store.Tx, g store.Grant) error {
			return tx.PutGrant(ctx, g)
		},
		read: func(ctx context.Context, r store.Reader, g store.Grant) (store.Grant, error) {
			page, err := r.Grants(ctx, g.OrgID, store.GrantQuery{})
			if err != nil {
				return g, err
			}
			for _, got := range page.Items {
				if got.ID == g.ID {
					return got, nil
				}
			}
			return g, store.ErrNotFound
		},
		remove: func(ctx context.Context, tx store.Tx, g store.Grant) error {
			return tx.DeleteGrant(ctx, g.OrgID, g.ID)
		},
		version: func(g *store.Grant) *int64 { return &g.Version },
		change: func(g *store.Grant) {
			*g = store.Grant{OrgID: g.OrgID, ID: g.ID, Subject: "s", CreatedAt: day(4), Version: g.Version}
		},
		blank: func(g *store.Grant) { g.ID = "" },
		put:   true,
		free: map[string]func(a, b *store.Grant){
			"SameRight":   func(a, b *store.Grant) { id := b.ID; *b = *a; b.ID = id },
			"IDElsewhere": func(a, b *store.Grant) { b.OrgID, b.ID = newID("org"), a.ID },
		},
	}
}

func testGrants(s subject) {
	grantRecord().test(s)
	testReach(s)
	s.run("Query", func(s subject) {
		org := s.withOrg()
		s.must(func(tx store.Tx) error {
			for i, g := range []store.Grant{
				{ID: "a", Subject: "s1", Role: "r1"}, {ID: "b", Subject: "s1", Project: "p1", Role: "r2"},
				{ID: "c", Subject: "s2", Project: "p1"}, {ID: "d", Subject: "s3", Project: "p2", Role: "r2"},
			} {
				g.OrgID, g.CreatedAt = org, day(i)
				if err := tx.PutGrant(s.Context(), g); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct {
			q    store.GrantQuery
			want string
		}{
			{store.GrantQuery{}, "abcd"},
			{store.GrantQuery{Subjects: []string{"s1"}}, "ab"},
			{store.GrantQuery{Subjects: []string{"s3", "s2", "s3", "x"}}, "cd"},
			{store.GrantQuery{Subjects: []string{"x"}}, ""},
			{store.GrantQuery{Projects: []string{""}}, "a"},
			{store.GrantQuery{Projects: []string{"p1"}}, "bc"},
			{store.GrantQuery{Projects: []string{"p2", "p1", "p2", "x"}}, "bcd"},
			{store.GrantQuery{Projects: []string{"p2", ""}}, "ad"},
			{store.GrantQuery{Projects: []string{"x"}}, ""},
			{store.GrantQuery{IDs: []string{"d", "a", "d", "x"}}, "ad"},
			{store.GrantQuery{IDs: []string{"x"}}, ""},
			{store.GrantQuery{IDs: []string{"a", "b"}, Projects: []string{"p1"}}, "b"},
			{store.GrantQuery{IDs: []string{"a", "b", "c"}, Subjects: []string{"s1", "s3"}}, "ab"},
			{store.GrantQuery{Roles: []string{"r2"}}, "bd"},
			{store.GrantQuery{Roles: []string{"r1", "r2", "r1"}}, "abd"},
			{store.GrantQuery{Roles: []string{""}}, "c"},
			{store.GrantQuery{Roles: []string{"R1"}}, ""},
			{store.GrantQuery{Roles: []string{"r2"}, Projects: []string{"p1", ""}}, "b"},
			{store.GrantQuery{Roles: []string{"r2"}, Subjects: []string{"s3", "s2"}, IDs: []string{"d", "b"}, Projects: []string{"p2"}}, "d"},
			{store.GrantQuery{Projects: []string{"p1"}, Subjects: []string{"s1", "s3"}}, "b"},
		} {
			page, err := s.Grants(s.Context(), org, c.q)
			s.want("Grants", err, nil)
			got := ""
			for _, g := range page.Items {
				got += g.ID
			}
			if got != c.want {
				s.Errorf("%+v: grants %q, want %q", c.q, got, c.want)
			}
		}
	})
}
