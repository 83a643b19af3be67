package storetest

import (
	"context"
	"slices"

	"github.com/accesssec/accesssec-go/store"
)

func sessionRecord() record[store.Session] {
	return record[store.Session]{
		make: func(_ subject, org string) store.Session { return aSession(org) },
		create: func(ctx context.Context, tx store.Tx, x store.Session) error {
			return tx.CreateSession(ctx, x)
		},
		update: func(ctx context.Context, tx store.Tx, x store.Session) error {
			return tx.UpdateSession(ctx, x)
		},
		read: func(ctx context.Context, r store.Reader, x store.Session) (store.Session, error) {
			return r.SessionByHash(ctx, x.Hash)
		},
		remove: func(ctx context.Context, tx store.Tx, x store.Session) error {
			n, err := tx.DeleteSessions(ctx, store.SessionQuery{UserID: x.UserID, ID: x.ID})
			if err == nil && n == 0 {
				return store.ErrNotFound
			}
			return err
		},
		version: func(x *store.Session) *int64 { return &x.Version },
		change: func(x *store.Session) {
			x.Role, x.Restricted, x.Methods, x.ProvedAt = "member", "", nil, day(2)
		},
		scribble: func(x *store.Session) { x.Methods[0] = "X" },
		blank:    func(x *store.Session) { x.ID = "" },
		unique: map[string]func(a, b *store.Session){
			"Hash": func(a, b *store.Session) { b.Hash = a.Hash },
		},
		free: map[string]func(a, b *store.Session){
			"EverythingElse": func(a, b *store.Session) {
				id, hash := b.ID, b.Hash
				*b = *a
				b.ID, b.Hash = id, hash
			},
			"NoOrg": func(a, b *store.Session) { a.OrgID, b.OrgID = "", "" },
		},
	}
}

func testSessions(s subject) {
	sessionRecord().test(s)
	s.run("UniqueID", func(s subject) {
		a, b := aSession(s.withOrg()), aSession(s.withOrg())
		b.ID = a.ID
		s.must(func(tx store.Tx) error { return tx.CreateSession(s.Context(), a) })
		s.refuse("the id of another org's", store.ErrExists, func(tx store.Tx) error {
			return tx.CreateSession(s.Context(), b)
		})
	})
	s.run("NeedsAHash", func(s subject) {
		x := aSession(s.withOrg())
		x.Hash = store.Hash{}
		s.misuse("CreateSession", s.do(func(tx store.Tx) error { return tx.CreateSession(s.Context(), x) }))
		_, err := s.SessionByHash(s.Context(), store.Hash{})
		s.want("SessionByHash of nothing", err, store.ErrNotFound)
	})
	s.run("NewHash", func(s subject) {
		x := aSession(s.withOrg())
		s.must(func(tx store.Tx) error { return tx.CreateSession(s.Context(), x) })
		old := x.Hash
		x.Hash, x.Version = newHash(), 1
		s.must(func(tx store.Tx) error { return tx.UpdateSession(s.Context(), x) })
		_, err := s.SessionByHash(s.Context(), old)
		s.want("the old hash", err, store.ErrNotFound)
		_, err = s.SessionByHash(s.Context(), x.Hash)
		s.want("the new hash", err, nil)
	})
	s.run("OneHashWins", func(s subject) {
		org, hash := s.withOrg(), newHash()
		s.oneWins(16, func(ctx context.Context, _ int) error {
			x := aSession(org)
			x.Hash = hash
			return s.RunInTx(ctx, func(tx store.Tx) error { return tx.CreateSession(ctx, x) })
		})
	})
	s.run("Query", testSessionQuery)
	s.run("Touch", testTouch)
	s.run("TouchNeverMakesOne", testTouchEnded)
}

func testSessionQuery(s subject) {
	org, user, conn, idp := newID("org"), newID("usr"), newID("con"), newID("idp")
	rows := map[string]store.Session{
		"a": {OrgID: org, UserID: user, ConnectionID: conn, IdPSession: idp, Methods: []string{"sso"}},
		"b": {OrgID: org, UserID: user, Methods: []string{"password", "totp"}},
		"c": {OrgID: newID("org"), UserID: user, ConnectionID: conn},
		"d": {OrgID: org, UserID: newID("usr"), ConnectionID: conn, IdPSession: newID("idp"), Methods: []string{"sso", "totp"}},
		"e": {UserID: user, IdPSession: idp},
		"f": {OrgID: newID("org"), UserID: newID("usr")},
	}
	hashes, prefix := map[string]store.Hash{}, newID("ses")
	s.must(func(tx store.Tx) error {
		for name, x := range rows {
			hashes[name] = newHash()
			x.ID, x.Hash = prefix+name, hashes[name]
			x.CreatedAt, x.SeenAt, x.IdleAt, x.EndAt = day(int(name[0])), day(0), day(1), day(2)
			if err := tx.CreateSession(s.Context(), x); err != nil {
				return err
			}
		}
		return nil
	})
	cases := []struct {
		q    store.SessionQuery
		want string
	}{
		{store.SessionQuery{OrgID: org}, "abd"},
		{store.SessionQuery{UserID: user}, "abce"},
		{store.SessionQuery{ConnectionID: conn}, "acd"},
		{store.SessionQuery{IdPSession: idp}, "ae"},
		{store.SessionQuery{OrgID: org, UserID: user}, "ab"},
		{store.SessionQuery{OrgID: org, ConnectionID: conn}, "ad"},
		{store.SessionQuery{OrgID: org, UserID: user, ConnectionID: conn, IdPSession: idp}, "a"},
		{store.SessionQuery{OrgID: newID("org"), UserID: user}, ""},
		{store.SessionQuery{UserID: user, ConnectionID: conn}, "ac"},
		{store.SessionQuery{UserID: user, IdPSession: idp}, "ae"},
		{store.SessionQuery{ConnectionID: conn, IdPSession: idp}, "a"},
		{store.SessionQuery{UserID: user, ID: prefix + "b"}, "b"},
		{store.SessionQuery{OrgID: org, ID: prefix + "c"}, ""},
		{store.SessionQuery{UserID: user, Except: hashes["a"]}, "bce"},
		{store.SessionQuery{OrgID: org, NotMethod: "totp"}, "a"},
		{store.SessionQuery{UserID: user, NotMethod: "sso"}, "bce"},
		{store.SessionQuery{UserID: user, NotMethod: "to"}, "abce"},
	}
	for _, c := range cases {
		page, err := s.Sessions(s.Context(), c.q)
		s.want("Sessions", err, nil)
		got := ""
		for _, x := range page.Items {
			got += x.ID[len(prefix):]
		}
		if got != c.want {
			s.Errorf("%+v: sessions %q, want %q", c.q, got, c.want)
		}
		// The same query deletes the same, however small its page.
		c.q.Limit = 1
		s.refuse("RunInTx", errBack, func(tx store.Tx) error {
			n, err := tx.DeleteSessions(s.Context(), c.q)
			s.want("DeleteSessions", err, nil)
			if n != len(c.want) {
				s.Errorf("%+v: deleted %d, want %d", c.q, n, len(c.want))
			}
			for name, hash := range hashes {
				_, err := tx.SessionByHash(s.Context(), hash)
				if gone := err != nil; gone != slices.Contains([]byte(c.want), name[0]) {
					s.Errorf("%+v: session %s: %v", c.q, name, err)
				}
			}
			return errBack
		})
	}
	for _, q := range []store.SessionQuery{{}, {ID: prefix + "a"}, {Except: hashes["a"]}, {NotMethod: "sso"}} {
		_, err := s.Sessions(s.Context(), q)
		s.want("Sessions without a condition", err, store.ErrUnbounded)
		s.refuse("DeleteSessions without a condition", store.ErrUnbounded, func(tx store.Tx) error {
			_, err := tx.DeleteSessions(s.Context(), q)
			return err
		})
	}
}

func testTouch(s subject) {
	x := aSession(s.withOrg())
	s.must(func(tx store.Tx) error { return tx.CreateSession(s.Context(), x) })
	x.Version = 1
	steps := []struct{ seen, idle, wantSeen, wantIdle int }{
		{2, 4, 2, 4}, // forward
		{1, 3, 2, 4}, // never back
		{3, 1, 3, 4}, // each by itself
		{2, 6, 3, 6},
		{3, 6, 3, 6},
	}
	for _, step := range steps {
		s.want("TouchSession", s.TouchSession(s.Context(), x.Hash, day(step.seen), day(step.idle)), nil)
		x.SeenAt, x.IdleAt = day(step.wantSeen), day(step.wantIdle)
		got, err := s.SessionByHash(s.Context(), x.Hash)
		s.want("SessionByHash", err, nil)
		s.same("touched", got, x)
	}
}

// testTouchEnded is the request that was slow while the person logged out.
func testTouchEnded(s subject) {
	x := aSession(s.withOrg())
	s.want("before there is one", s.TouchSession(s.Context(), x.Hash, day(1), day(2)), store.ErrNotFound)
	s.must(func(tx store.Tx) error { return tx.CreateSession(s.Context(), x) })
	s.want("TouchSession", s.TouchSession(s.Context(), x.Hash, day(1), day(2)), nil)
	s.must(func(tx store.Tx) error {
		_, err := tx.DeleteSessions(s.Context(), store.SessionQuery{UserID: x.UserID})
		return err
	})
	won := s.race(8, func(ctx context.Context, _ int) error {
		return s.TouchSession(ctx, x.Hash, day(3), day(4))
	})
	if won != 0 {
		s.Errorf("%d touches of a session that ended went through", won)
	}
	_, err := s.SessionByHash(s.Context(), x.Hash)
	s.want("SessionByHash", err, store.ErrNotFound)
	page, err := s.Sessions(s.Context(), store.SessionQuery{UserID: x.UserID})
	s.want("Sessions", err, nil)
	s.same("sessions", page.Items, []store.Session{})
}
