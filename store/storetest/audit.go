package storetest

import (
	"context"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// logged adds n events to an org's log, a day apart.
func (s subject) logged(org string, n int) []store.AuditEvent {
	s.Helper()
	events := make([]store.AuditEvent, n)
	for i := range events {
		events[i] = anEvent(org)
		events[i].At = day(i)
	}
	s.must(func(tx store.Tx) error { return tx.AddAudit(s.Context(), events...) })
	return events
}

// chained gives events the places after head.
func chained(head store.AuditHead, events ...store.AuditEvent) []store.AuditEvent {
	out := make([]store.AuditEvent, len(events))
	for i, e := range events {
		e.Seq, e.Prev, e.Hash = head.Seq+1, head.Hash, newHash()
		out[i], head = e, store.AuditHead{Seq: e.Seq, Hash: e.Hash}
	}
	return out
}

func (s subject) seal(org string, head store.AuditHead, events ...store.AuditEvent) error {
	return s.do(func(tx store.Tx) error { return tx.SealAudit(s.Context(), org, head, events...) })
}

func (s subject) events(org string, q store.AuditQuery) []store.AuditEvent {
	s.Helper()
	page, err := s.AuditEvents(s.Context(), org, q)
	s.want("AuditEvents", err, nil)
	return page.Items
}

func testAudit(s subject) {
	s.run("AddAndSeal", testAddAndSeal)
	s.run("SealRefused", testSealRefused)
	s.run("OneSealWins", func(s subject) {
		org := s.withOrg()
		events := s.logged(org, 2)
		s.oneWins(16, func(ctx context.Context, _ int) error {
			sealed := chained(store.AuditHead{}, events...)
			return s.RunInTx(ctx, func(tx store.Tx) error {
				return tx.SealAudit(ctx, org, store.AuditHead{}, sealed...)
			})
		})
		head, err := s.AuditHead(s.Context(), org)
		s.want("AuditHead", err, nil)
		chain := s.events(org, store.AuditQuery{})
		if len(chain) != 2 || head.Seq != 2 || chain[1].Hash != head.Hash || chain[1].Prev != chain[0].Hash {
			s.Errorf("head %d over %d events does not end their chain", head.Seq, len(chain))
		}
	})
	s.run("Exists", func(s subject) {
		org := s.withOrg()
		e := s.logged(org, 1)[0]
		s.refuse("the same id", store.ErrExists, func(tx store.Tx) error { return tx.AddAudit(s.Context(), anEvent(org), e) })
		if got := s.events(org, store.AuditQuery{Unsealed: true}); len(got) != 1 {
			s.Errorf("%d events, want the first alone", len(got))
		}
		sealed := chained(store.AuditHead{}, anEvent(org))[0]
		s.misuse("an event with a place", s.do(func(tx store.Tx) error { return tx.AddAudit(s.Context(), sealed) }))
		s.must(func(tx store.Tx) error { return tx.AddAudit(s.Context()) })
	})
	s.run("Clone", func(s subject) {
		e := anEvent(s.withOrg())
		s.must(func(tx store.Tx) error { return tx.AddAudit(s.Context(), e) })
		e.Body[0], e.Personal[0] = 'X', 'X'
		got := s.events(e.OrgID, store.AuditQuery{Unsealed: true})[0]
		got.Body[0], got.Personal[0] = 'Y', 'Y'
		got = s.events(e.OrgID, store.AuditQuery{Unsealed: true})[0]
		if got.Body[0] != '{' || got.Personal[0] != '{' {
			s.Errorf("body %q, personal %q; want them as they were", got.Body, got.Personal)
		}
	})
	s.run("Query", testAuditQuery)
	s.run("Erase", testEraseAudit)
	s.run("Prune", testPruneAudit)
	s.run("UnsealedOrgs", testUnsealedOrgs)
}

func testAddAndSeal(s subject) {
	org := s.withOrg()
	head, err := s.AuditHead(s.Context(), org)
	s.want("AuditHead", err, nil)
	s.same("head of an empty log", head, store.AuditHead{})
	events := s.logged(org, 3)
	s.same("unsealed", s.events(org, store.AuditQuery{Unsealed: true}), events)
	s.same("the chain of before", s.events(org, store.AuditQuery{}), []store.AuditEvent{})
	if at := s.events(org, store.AuditQuery{Unsealed: true})[0].At; at.Location() != time.UTC {
		s.Errorf("At is in %v, want UTC", at.Location())
	}

	// The order of the chain is the sealer's, and only the place is taken from it.
	sealed := chained(head, events[1], events[0])
	passed := append([]store.AuditEvent{}, sealed...)
	passed[0].Body, passed[0].Personal, passed[0].Type = []byte("forged"), nil, "forged"
	s.want("seal", s.seal(org, head, passed...), nil)
	s.same("chain", s.events(org, store.AuditQuery{}), sealed)
	s.same("rest", s.events(org, store.AuditQuery{Unsealed: true}), events[2:])
	head, err = s.AuditHead(s.Context(), org)
	s.want("AuditHead", err, nil)
	s.same("head", head, store.AuditHead{Seq: 2, Hash: sealed[1].Hash})

	last := chained(head, events[2])
	s.refuse("rolled back", errBack, func(tx store.Tx) error {
		s.want("SealAudit", tx.SealAudit(s.Context(), org, head, last...), nil)
		got, err := tx.AuditHead(s.Context(), org)
		s.want("AuditHead", err, nil)
		s.same("head inside", got.Seq, int64(3))
		return errBack
	})
	s.want("seal", s.seal(org, head, last...), nil)
	s.same("chain", s.events(org, store.AuditQuery{}), append(sealed, last...))
}

func testSealRefused(s subject) {
	org := s.withOrg()
	events := s.logged(org, 3)
	first := chained(store.AuditHead{}, events[0])
	s.want("first", s.seal(org, store.AuditHead{}, first...), nil)
	head := store.AuditHead{Seq: 1, Hash: first[0].Hash}
	foreign := anEvent(newID("org"))
	gap := chained(head, events[1:]...)
	gap[1].Seq++
	cases := map[string]struct {
		head   store.AuditHead
		events []store.AuditEvent
		want   error
	}{
		"head of before":     {store.AuditHead{}, chained(head, events[1]), store.ErrConflict},
		"hash of another":    {store.AuditHead{Seq: 1, Hash: newHash()}, chained(head, events[1]), store.ErrConflict},
		"head of the future": {store.AuditHead{Seq: 2, Hash: head.Hash}, nil, store.ErrConflict},
		"sealed already":     {head, chained(head, events[1], events[0]), store.ErrConflict},
		"not there":          {head, chained(head, events[1], anEvent(org)), store.ErrNotFound},
		"another org's":      {head, chained(head, foreign), store.ErrNotFound},
	}
	for name, c := range cases {
		s.want(name, s.seal(org, c.head, c.events...), c.want)
	}
	s.misuse("a gap", s.seal(org, head, gap...))
	// What fails in the middle has changed nothing, also when the transaction goes on.
	s.must(func(tx store.Tx) error {
		err := tx.SealAudit(s.Context(), org, head, chained(head, events[1], events[0])...)
		s.want("sealed already, and on", err, store.ErrConflict)
		return nil
	})
	s.want("nothing to seal", s.seal(org, head), nil)
	s.same("chain", s.events(org, store.AuditQuery{}), first)
	s.same("unsealed", s.events(org, store.AuditQuery{Unsealed: true}), events[1:])
	got, err := s.AuditHead(s.Context(), org)
	s.want("AuditHead", err, nil)
	s.same("head", got, head)
}

func testAuditQuery(s subject) {
	org := s.withOrg()
	var events []store.AuditEvent
	for i, e := range []store.AuditEvent{
		{ID: "a", Type: "login", Actor: "u1", Target: "u1", Outcome: "success"},
		{ID: "b", Type: "login", Actor: "u2", Target: "u2", Outcome: "failure"},
		{ID: "c", Type: "invite", Actor: "u1", Target: "u2", Outcome: "success"},
		{ID: "d", Type: "remove", Actor: "u3", Target: "u1", Outcome: "success"},
	} {
		e.OrgID, e.At, e.Body = org, day(i), []byte("{}")
		events = append(events, e)
	}
	cases := []struct {
		q    store.AuditQuery
		want string
	}{
		{store.AuditQuery{}, "abcd"},
		{store.AuditQuery{Desc: true}, "dcba"},
		{store.AuditQuery{IDs: []string{"c", "a", "x"}}, "ac"},
		{store.AuditQuery{Types: []string{"login", "remove"}}, "abd"},
		{store.AuditQuery{Actors: []string{"u1"}}, "ac"},
		{store.AuditQuery{Targets: []string{"u2"}}, "bc"},
		{store.AuditQuery{Outcome: "failure"}, "b"},
		{store.AuditQuery{From: day(1), To: day(3)}, "bc"},
		{store.AuditQuery{Types: []string{"login"}, Actors: []string{"u1"}, Desc: true}, "a"},
		{store.AuditQuery{Types: []string{"logi"}}, ""},
	}
	check := func(unsealed bool) {
		for _, c := range cases {
			c.q.Unsealed = unsealed
			got := ""
			for _, e := range s.events(org, c.q) {
				got += e.ID
			}
			if got != c.want {
				s.Errorf("%+v: events %q, want %q", c.q, got, c.want)
			}
		}
	}
	s.must(func(tx store.Tx) error { return tx.AddAudit(s.Context(), events...) })
	check(true)
	s.want("seal", s.seal(org, store.AuditHead{}, chained(store.AuditHead{}, events...)...), nil)
	check(false)
	s.same("unsealed", s.events(org, store.AuditQuery{Unsealed: true}), []store.AuditEvent{})
}

// testEraseAudit is the right to be forgotten against a chain that must still prove
// what it proved.
func testEraseAudit(s subject) {
	org := s.withOrg()
	events := s.logged(org, 3)
	chain := chained(store.AuditHead{}, events[:2]...)
	s.want("seal", s.seal(org, store.AuditHead{}, chain...), nil)
	erase := func(ids ...string) (n int) {
		s.must(func(tx store.Tx) (err error) {
			n, err = tx.EraseAudit(s.Context(), org, ids)
			return err
		})
		return n
	}
	if n := erase(events[0].ID, events[2].ID, events[0].ID, newID("evt")); n != 2 {
		s.Errorf("erased %d, want 2", n)
	}
	chain[0].Personal, events[2].Personal = nil, nil
	s.same("chain", s.events(org, store.AuditQuery{}), chain)
	s.same("unsealed", s.events(org, store.AuditQuery{Unsealed: true}), events[2:])
	if n := erase(events[0].ID); n != 1 {
		s.Errorf("erased again: %d, want 1 found", n)
	}
	if n := erase(); n != 0 {
		s.Errorf("erased %d of none", n)
	}
	s.same("chain", s.events(org, store.AuditQuery{}), chain)
	head, err := s.AuditHead(s.Context(), org)
	s.want("AuditHead", err, nil)
	s.same("head", head, store.AuditHead{Seq: 2, Hash: chain[1].Hash})
}

func testPruneAudit(s subject) {
	org := s.withOrg()
	events := s.logged(org, 4)
	chain := chained(store.AuditHead{}, events[:3]...)
	s.want("seal", s.seal(org, store.AuditHead{}, chain...), nil)
	for _, step := range []struct {
		through int64
		want    int
	}{{0, 0}, {-1, 0}, {2, 2}, {2, 0}, {99, 1}} {
		s.must(func(tx store.Tx) error {
			n, err := tx.PruneAudit(s.Context(), org, step.through)
			if n != step.want {
				s.Errorf("pruned through %d: %d, want %d", step.through, n, step.want)
			}
			return err
		})
	}
	s.same("unsealed", s.events(org, store.AuditQuery{Unsealed: true}), events[3:])
	head := store.AuditHead{Seq: 3, Hash: chain[2].Hash}
	s.want("the chain goes on", s.seal(org, head, chained(head, events[3])...), nil)
}

func testUnsealedOrgs(s subject) {
	org := s.withOrg()
	is := func() bool {
		orgs, err := s.UnsealedOrgs(s.Context(), 1000000)
		s.want("UnsealedOrgs", err, nil)
		found := 0
		for _, id := range orgs {
			if id == org {
				found++
			}
		}
		if found > 1 {
			s.Errorf("the org is listed %d times", found)
		}
		return found > 0
	}
	if is() {
		s.Error("listed before it has events")
	}
	events := s.logged(org, 2)
	if !is() {
		s.Error("not listed though it has unsealed events")
	}
	some, err := s.UnsealedOrgs(s.Context(), 1)
	s.want("UnsealedOrgs", err, nil)
	if len(some) != 1 {
		s.Errorf("%d orgs with a limit of 1", len(some))
	}
	s.want("seal", s.seal(org, store.AuditHead{}, chained(store.AuditHead{}, events...)...), nil)
	if is() {
		s.Error("listed though all is sealed")
	}
	_, err = s.UnsealedOrgs(s.Context(), 0)
	s.want("no limit", err, store.ErrUnbounded)
}
