package storetest

import (
	"context"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/store"
)

func userRecord() record[store.User] {
	return record[store.User]{
		make: func(subject, string) store.User { return aUser() },
		create: func(ctx context.Context, tx store.Tx, u store.User) error {
			return tx.CreateUser(ctx, u)
		},
		update: func(ctx context.Context, tx store.Tx, u store.User) error {
			return tx.UpdateUser(ctx, u)
		},
		read: func(ctx context.Context, r store.Reader, u store.User) (store.User, error) {
			return r.User(ctx, u.ID)
		},
		remove: func(ctx context.Context, tx store.Tx, u store.User) error {
			return tx.DeleteUser(ctx, u.ID)
		},
		version: func(u *store.User) *int64 { return &u.Version },
		change: func(u *store.User) {
			*u = store.User{ID: u.ID, Address: u.Address, AddressKey: u.AddressKey, CreatedAt: u.CreatedAt, Version: u.Version}
		},
		blank: func(u *store.User) { u.ID = "" },
		unique: map[string]func(a, b *store.User){
			"AddressKey": func(a, b *store.User) { b.AddressKey = a.AddressKey },
		},
		free: map[string]func(a, b *store.User){
			"Address":      func(a, b *store.User) { b.Address = a.Address },
			"NoAddressKey": func(a, b *store.User) { a.AddressKey, b.AddressKey = "", "" },
		},
	}
}

func testUsers(s subject) {
	userRecord().test(s)
	s.run("ByAddress", func(s subject) {
		u := aUser()
		s.must(func(tx store.Tx) error { return tx.CreateUser(s.Context(), u) })
		u.Version = 1
		got, err := s.UserByAddress(s.Context(), u.AddressKey)
		s.want("UserByAddress", err, nil)
		s.same("user", got, u)
		_, err = s.UserByAddress(s.Context(), u.Address)
		s.want("an address that is not folded", err, store.ErrNotFound)

		old := u.AddressKey
		u.AddressKey = "new." + old
		s.must(func(tx store.Tx) error { return tx.UpdateUser(s.Context(), u) })
		_, err = s.UserByAddress(s.Context(), old)
		s.want("the address of before", err, store.ErrNotFound)
		if got, err = s.UserByAddress(s.Context(), u.AddressKey); err != nil || got.ID != u.ID {
			s.Errorf("the new address: %v, %v", got.ID, err)
		}
	})
	s.run("LookAlikesAreNobody", func(s subject) {
		u := aUser()
		id := newID("ann")
		u.AddressKey = id + "@example.com"
		s.must(func(tx store.Tx) error { return tx.CreateUser(s.Context(), u) })
		for _, key := range []string{"%@example.com", "_" + u.AddressKey[1:], strings.ToUpper(u.AddressKey), u.AddressKey + " ", " " + u.AddressKey} {
			_, err := s.UserByAddress(s.Context(), key)
			s.want("UserByAddress of "+key, err, store.ErrNotFound)
		}
	})
	s.run("NoAddressIsNobody", func(s subject) {
		u := aUser()
		u.AddressKey = ""
		s.must(func(tx store.Tx) error { return tx.CreateUser(s.Context(), u) })
		_, err := s.UserByAddress(s.Context(), "")
		s.want("UserByAddress of nothing", err, store.ErrNotFound)
	})
	s.run("OneAddressWins", func(s subject) {
		key := newID("ann") + "@example.com"
		s.oneWins(16, func(ctx context.Context, _ int) error {
			u := aUser()
			u.AddressKey = key
			return s.RunInTx(ctx, func(tx store.Tx) error { return tx.CreateUser(ctx, u) })
		})
	})
	s.run("DeleteEndsMemberships", func(s subject) {
		a, b, gone, stays := s.withOrg(), s.withOrg(), s.withUser(), s.withUser()
		s.must(func(tx store.Tx) error {
			for _, m := range []store.Membership{aMembership(a, gone), aMembership(b, gone), aMembership(a, stays)} {
				if err := tx.PutMembership(s.Context(), m); err != nil {
					return err
				}
			}
			return nil
		})
		s.must(func(tx store.Tx) error { return tx.DeleteUser(s.Context(), gone) })
		for _, org := range []string{a, b} {
			_, err := s.Membership(s.Context(), org, gone)
			s.want("membership", err, store.ErrNotFound)
		}
		_, err := s.Membership(s.Context(), a, stays)
		s.want("another's membership", err, nil)
	})
}

func membershipRecord() record[store.Membership] {
	return record[store.Membership]{
		make: func(s subject, org string) store.Membership { return aMembership(org, s.withUser()) },
		create: func(ctx context.Context, tx store.Tx, m store.Membership) error {
			return tx.PutMembership(ctx, m)
		},
		update: func(ctx context.Context, tx store.Tx, m store.Membership) error {
			return tx.PutMembership(ctx, m)
		},
		read: func(ctx context.Context, r store.Reader, m store.Membership) (store.Membership, error) {
			got, err := r.Membership(ctx, m.OrgID, m.UserID)
			return got.Membership, err
		},
		remove: func(ctx context.Context, tx store.Tx, m store.Membership) error {
			return tx.DeleteMembership(ctx, m.OrgID, m.UserID)
		},
		version: func(m *store.Membership) *int64 { return &m.Version },
		change: func(m *store.Membership) {
			m.Role, m.Source, m.Disabled, m.JoinedAt = "owner", "scim", false, day(5)
		},
		blank: func(m *store.Membership) { m.OrgID = "" },
		put:   true,
	}
}

func testMemberships(s subject) {
	membershipRecord().test(s)
	s.run("ComesWithItsUser", func(s subject) {
		org, u := s.withOrg(), aUser()
		s.must(func(tx store.Tx) error {
			if err := tx.CreateUser(s.Context(), u); err != nil {
				return err
			}
			return tx.PutMembership(s.Context(), aMembership(org, u.ID))
		})
		want := store.Member{Membership: aMembership(org, u.ID), User: u}
		want.Version, want.User.Version = 1, 1
		got, err := s.Membership(s.Context(), org, u.ID)
		s.want("Membership", err, nil)
		s.same("member", got, want)
		page, err := s.Memberships(s.Context(), org, store.MembershipQuery{})
		s.want("Memberships", err, nil)
		s.same("page", page, store.Page[store.Member]{Items: []store.Member{want}, Total: -1})
	})
	s.run("NeedsItsUser", func(s subject) {
		m := aMembership(s.withOrg(), newID("usr"))
		s.refuse("PutMembership of nobody", store.ErrNotFound, func(tx store.Tx) error {
			return tx.PutMembership(s.Context(), m)
		})
	})
	s.run("OrgsOf", func(s subject) {
		user, orgs := s.withUser(), []string{newID("org-c"), newID("org-a"), newID("org-b")}
		s.must(func(tx store.Tx) error {
			for i, org := range orgs {
				m := aMembership(org, user)
				m.JoinedAt = day(-i / 2) // the last one joined first, the others at once
				if err := tx.PutMembership(s.Context(), m); err != nil {
					return err
				}
			}
			return nil
		})
		got, err := s.OrgsOf(s.Context(), user)
		s.want("OrgsOf", err, nil)
		var ids []string
		for _, m := range got {
			ids = append(ids, m.OrgID)
		}
		s.same("orgs by JoinedAt, then id", ids, []string{orgs[2], orgs[1], orgs[0]})
		none, err := s.OrgsOf(s.Context(), newID("usr"))
		s.want("OrgsOf of nobody", err, nil)
		if len(none) != 0 {
			s.Errorf("nobody is in %v", none)
		}
	})
	s.run("Disabled", testMembershipDisabled)
	s.run("Query", testMembershipQuery)
}

// testMembershipDisabled has one who may not come in and one who may: both are members.
func testMembershipDisabled(s subject) {
	org, out, in := s.withOrg(), aMembership("", s.withUser()), aMembership("", s.withUser())
	out.OrgID, out.Disabled, out.JoinedAt = org, true, day(0)
	in.OrgID, in.Disabled, in.JoinedAt = org, false, day(1)
	for range 2 {
		s.must(func(tx store.Tx) error {
			if err := tx.PutMembership(s.Context(), out); err != nil {
				return err
			}
			return tx.PutMembership(s.Context(), in)
		})
		out.Version++
		in.Version++
		for _, want := range []store.Membership{out, in} {
			got, err := s.Membership(s.Context(), org, want.UserID)
			s.want("Membership", err, nil)
			s.same("membership", got.Membership, want)
			orgs, err := s.OrgsOf(s.Context(), want.UserID)
			s.want("OrgsOf", err, nil)
			s.same("orgs", orgs, []store.Membership{want})
		}
		page, err := s.Memberships(s.Context(), org, store.MembershipQuery{Count: true})
		s.want("Memberships", err, nil)
		if len(page.Items) != 2 || page.Total != 2 {
			s.Fatalf("%d members of %d, want both", len(page.Items), page.Total)
		}
		s.same("members", []store.Membership{page.Items[0].Membership, page.Items[1].Membership}, []store.Membership{out, in})
		out.Disabled, in.Disabled = in.Disabled, out.Disabled
	}
}

func testMembershipQuery(s subject) {
	org := s.withOrg()
	people := map[string]store.User{
		"owner":  {FirstName: "Jo-Ann", LastName: "Lee", AddressKey: newID("x") + "@example.com"},
		"admin":  {FirstName: "Bob", LastName: "O-ANNE", AddressKey: newID("y") + "@example.com"},
		"member": {FirstName: "Ärne", LastName: "100%_x", AddressKey: newID("z") + "@example.org"},
	}
	ids := map[string]string{}
	s.must(func(tx store.Tx) error {
		for role, u := range people {
			u.ID, u.CreatedAt = newID("usr"), day(0)
			ids[u.ID] = role
			if err := tx.CreateUser(s.Context(), u); err != nil {
				return err
			}
			m := aMembership(org, u.ID)
			m.Role = role
			if err := tx.PutMembership(s.Context(), m); err != nil {
				return err
			}
		}
		return nil
	})
	// What is searched for has a sign that no random id can have.
	cases := map[string]struct {
		q    store.MembershipQuery
		want []string
	}{
		"everybody":            {store.MembershipQuery{}, []string{"admin", "member", "owner"}},
		"role":                 {store.MembershipQuery{Roles: []string{"owner"}}, []string{"owner"}},
		"roles":                {store.MembershipQuery{Roles: []string{"owner", "admin", "x"}}, []string{"admin", "owner"}},
		"no such role":         {store.MembershipQuery{Roles: []string{"x"}}, nil},
		"search":               {store.MembershipQuery{Search: "o-aNn"}, []string{"admin", "owner"}},
		"search and role":      {store.MembershipQuery{Search: "o-ann", Roles: []string{"admin"}}, []string{"admin"}},
		"search in address":    {store.MembershipQuery{Search: "EXAMPLE.ORG"}, []string{"member"}},
		"beyond ASCII as is":   {store.MembershipQuery{Search: "Ärn"}, []string{"member"}},
		"a percent is no joke": {store.MembershipQuery{Search: "0%_X"}, []string{"member"}},
		"nor is it a wildcard": {store.MembershipQuery{Search: "a%n"}, nil},
		"nor an underscore":    {store.MembershipQuery{Search: "a_n"}, nil},
		"nor a backslash":      {store.MembershipQuery{Search: `\`}, nil},
	}
	for name, c := range cases {
		c.q.Count = true
		page, err := s.Memberships(s.Context(), org, c.q)
		s.want(name, err, nil)
		var got []string
		for _, m := range page.Items {
			got = append(got, ids[m.UserID])
		}
		slices.Sort(got)
		s.same(name, got, c.want)
		if page.Total != len(c.want) {
			s.Errorf("%s: total %d, want %d", name, page.Total, len(c.want))
		}
	}
}
