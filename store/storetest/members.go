package storetest

import (
	"context"
	"slices"

	"github.com/accesssec/accesssec-go/store"
)

// change applies one delta in a transaction of its own.
func (s subject) change(org, group string, d store.MemberDelta) error {
	return s.do(func(tx store.Tx) error { return tx.ChangeEntryMembers(s.Context(), org, group, d) })
}

// members checks who is in a group, from both sides.
func (s subject) members(what, org, group string, want ...string) {
	s.Helper()
	slices.Sort(want)
	page, err := s.EntryMembers(s.Context(), org, group, store.MemberQuery{Count: true, Paging: store.Paging{Limit: 1000}})
	s.want(what, err, nil)
	s.same(what, page.Items, want)
	if page.Total != len(want) {
		s.Errorf("%s: total %d, want %d", what, page.Total, len(want))
	}
	groups, err := s.EntryGroups(s.Context(), org, want)
	s.want(what, err, nil)
	for _, id := range want {
		if !slices.Contains(groups[id], group) {
			s.Errorf("%s: %s is not in its group seen from itself", what, id)
		}
	}
}

func testMembers(s subject) {
	testMembersKept(s)
	testMemberReads(s)
	s.run("Change", func(s subject) {
		org := s.withOrg()
		g, u := s.withEntries(org, store.EntryGroup, 1)[0], s.withEntries(org, store.EntryUser, 4)
		steps := []struct {
			what  string
			delta store.MemberDelta
			want  []string
		}{
			{"add", store.MemberDelta{Add: u[:2]}, u[:2]},
			{"add again", store.MemberDelta{Add: []string{u[0], u[2], u[2]}}, u[:3]},
			{"remove", store.MemberDelta{Remove: u[1:2]}, []string{u[0], u[2]}},
			{"remove none", store.MemberDelta{Remove: []string{u[1], newID("ent")}}, []string{u[0], u[2]}},
			{"remove, then add", store.MemberDelta{Remove: u[:1], Add: u[:1]}, []string{u[0], u[2]}},
			{"clear, then add", store.MemberDelta{Clear: true, Add: u[3:]}, u[3:]},
			{"nothing", store.MemberDelta{}, u[3:]},
			{"the version as it is", store.MemberDelta{Version: 1, Add: u[:1]}, []string{u[0], u[3]}},
			{"clear", store.MemberDelta{Clear: true}, nil},
		}
		for _, step := range steps {
			s.want(step.what, s.change(org, g, step.delta), nil)
			s.members(step.what, org, g, slices.Clone(step.want)...)
		}
		e, err := s.Entry(s.Context(), org, g)
		s.want("Entry", err, nil)
		if e.Version != 1 {
			s.Errorf("members raised the version of the group to %d", e.Version)
		}
	})
	s.run("Refused", func(s subject) {
		org := s.withOrg()
		g, u := s.withEntries(org, store.EntryGroup, 1)[0], s.withEntries(org, store.EntryUser, 2)
		s.want("add", s.change(org, g, store.MemberDelta{Add: u[:1]}), nil)
		s.must(func(tx store.Tx) error {
			change := func(group string, d store.MemberDelta) error {
				return tx.ChangeEntryMembers(s.Context(), org, group, d)
			}
			s.want("no such group", change(newID("ent"), store.MemberDelta{}), store.ErrNotFound)
			s.want("a person", change(u[0], store.MemberDelta{Add: u[1:]}), store.ErrNotFound)
			s.want("another version", change(g, store.MemberDelta{Version: 2, Clear: true}), store.ErrConflict)
			s.want("nobody", change(g, store.MemberDelta{Clear: true, Add: []string{u[1], newID("ent")}}), store.ErrNotFound)
			return nil
		})
		s.members("after refusals", org, g, u[0])
	})
}

func testMembersKept(s subject) {
	s.run("Rollback", func(s subject) {
		org := s.withOrg()
		g, u := s.withEntries(org, store.EntryGroup, 1)[0], s.withEntries(org, store.EntryUser, 3)
		s.want("add", s.change(org, g, store.MemberDelta{Add: u[:2]}), nil)
		s.refuse("RunInTx", errBack, func(tx store.Tx) error {
			err := tx.ChangeEntryMembers(s.Context(), org, g, store.MemberDelta{Clear: true, Add: u[2:]})
			s.want("ChangeEntryMembers", err, nil)
			s.want("DeleteEntry", tx.DeleteEntry(s.Context(), org, u[2]), nil)
			page, err := tx.EntryMembers(s.Context(), org, g, store.MemberQuery{})
			s.want("EntryMembers", err, nil)
			s.same("inside", page.Items, []string{})
			return errBack
		})
		s.members("after a rollback", org, g, u[:2]...)
	})
	s.run("DeletedEntryLeaves", func(s subject) {
		org := s.withOrg()
		g, u := s.withEntries(org, store.EntryGroup, 2), s.withEntries(org, store.EntryUser, 2)
		s.want("add", s.change(org, g[0], store.MemberDelta{Add: []string{u[0], u[1], g[1]}}), nil)
		s.want("add", s.change(org, g[1], store.MemberDelta{Add: u}), nil)
		s.must(func(tx store.Tx) error { return tx.DeleteEntry(s.Context(), org, u[0]) })
		s.members("without the person", org, g[0], u[1], g[1])
		s.must(func(tx store.Tx) error { return tx.DeleteEntry(s.Context(), org, g[1]) })
		s.members("without the group", org, g[0], u[1])
		page, err := s.EntryMembers(s.Context(), org, g[1], store.MemberQuery{})
		s.want("EntryMembers of a group that is gone", err, nil)
		s.same("its members", page.Items, []string{})
	})
}

func testMemberReads(s subject) {
	s.run("Among", func(s subject) {
		org := s.withOrg()
		g, u := s.withEntries(org, store.EntryGroup, 1)[0], s.withEntries(org, store.EntryUser, 3)
		s.want("add", s.change(org, g, store.MemberDelta{Add: u[:2]}), nil)
		page, err := s.EntryMembers(s.Context(), org, g, store.MemberQuery{
			Among: []string{u[1], u[2], u[1], newID("ent")}, Count: true,
		})
		s.want("EntryMembers", err, nil)
		s.same("page", page, store.Page[string]{Items: []string{u[1]}, Total: 1})
	})
	s.run("Groups", func(s subject) {
		org := s.withOrg()
		g, u := s.withEntries(org, store.EntryGroup, 3), s.withEntries(org, store.EntryUser, 2)
		for _, id := range []string{g[2], g[0]} {
			s.want("add", s.change(org, id, store.MemberDelta{Add: u[:1]}), nil)
		}
		got, err := s.EntryGroups(s.Context(), org, []string{u[0], u[1], newID("ent")})
		s.want("EntryGroups", err, nil)
		in := []string{g[0], g[2]}
		slices.Sort(in)
		s.same("groups", got, map[string][]string{u[0]: in})
		none, err := s.EntryGroups(s.Context(), org, nil)
		s.want("EntryGroups of nobody", err, nil)
		s.same("groups of nobody", none, map[string][]string{})
	})
	s.run("ParallelAddsLoseNothing", func(s subject) {
		org := s.withOrg()
		g, u := s.withEntries(org, store.EntryGroup, 1)[0], s.withEntries(org, store.EntryUser, 64)
		won := s.race(len(u), func(ctx context.Context, i int) error {
			return s.RunInTx(ctx, func(tx store.Tx) error {
				return tx.ChangeEntryMembers(ctx, org, g, store.MemberDelta{Add: u[i : i+1]})
			})
		})
		if won != len(u) {
			s.Errorf("%d of %d adds went through", won, len(u))
		}
		s.members("after parallel adds", org, g, u...)
	})
}
