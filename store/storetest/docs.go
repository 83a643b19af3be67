package storetest

import (
	"context"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

func docRecord() record[store.Doc] {
	kind := newKind()
	return record[store.Doc]{
		make: func(_ subject, org string) store.Doc { return aDoc(kind, org) },
		create: func(ctx context.Context, tx store.Tx, m store.Doc) error {
			return tx.PutDocs(ctx, m)
		},
		update: func(ctx context.Context, tx store.Tx, m store.Doc) error {
			return tx.PutDocs(ctx, m)
		},
		read: func(ctx context.Context, r store.Reader, m store.Doc) (store.Doc, error) {
			return r.Doc(ctx, m.Kind, m.OrgID, m.ID)
		},
		remove: func(ctx context.Context, tx store.Tx, m store.Doc) error {
			return tx.DeleteDoc(ctx, m.Kind, m.OrgID, m.ID)
		},
		version: func(m *store.Doc) *int64 { return &m.Version },
		change: func(m *store.Doc) {
			m.Owner, m.At, m.ExpiresAt, m.Body = "other", day(5), time.Time{}, []byte("x")
		},
		scribble: func(m *store.Doc) { m.Body[0] = 'X' },
		blank:    func(m *store.Doc) { m.ID = "" },
		put:      true,
		unique: map[string]func(a, b *store.Doc){
			"Key": func(a, b *store.Doc) { b.Key = a.Key },
		},
		free: map[string]func(a, b *store.Doc){
			"NoKey":            func(a, b *store.Doc) { a.Key, b.Key = "", "" },
			"KeyOfAnotherKind": func(a, b *store.Doc) { b.Key, b.Kind = a.Key, newKind() },
			"IDOfAnotherKind":  func(a, b *store.Doc) { b.ID, b.Kind = a.ID, newKind() },
			"IDElsewhere":      func(a, b *store.Doc) { b.ID, b.OrgID = a.ID, newID("org") },
			"NoOrg":            func(a, b *store.Doc) { a.OrgID, b.OrgID = "", "" },
			"EmptyBody":        func(a, b *store.Doc) { a.Body, b.Body = nil, []byte{} },
		},
	}
}

func testDocs(s subject) {
	docRecord().test(s)
	s.run("ByKey", func(s subject) {
		m := aDoc(newKind(), s.withOrg())
		s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), m) })
		m.Version = 1
		got, err := s.DocByKey(s.Context(), m.Kind, m.Key)
		s.want("DocByKey", err, nil)
		s.same("doc", got, m)
		_, err = s.DocByKey(s.Context(), newKind(), m.Key)
		s.want("in another kind", err, store.ErrNotFound)
		old := m.Key
		m.Key = newID("key")
		s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), m) })
		_, err = s.DocByKey(s.Context(), m.Kind, old)
		s.want("by the key of before", err, store.ErrNotFound)
	})
	s.run("NoKeyFindsNothing", func(s subject) {
		m := aDoc(newKind(), s.withOrg())
		m.Key = ""
		s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), m) })
		_, err := s.DocByKey(s.Context(), m.Kind, "")
		s.want("DocByKey", err, store.ErrNotFound)
		s.refuse("TakeDoc", store.ErrNotFound, func(tx store.Tx) error {
			_, err := tx.TakeDoc(s.Context(), m.Kind, "")
			return err
		})
	})
	s.run("PutAllOrNone", testPutDocsTogether)
	s.run("Query", testDocQuery)
	s.run("Take", testTakeDoc)
	s.run("Swap", testSwapDoc)
	s.run("OneKeyWins", func(s subject) {
		kind, key := newKind(), newID("key")
		s.oneWins(16, func(ctx context.Context, i int) error {
			m := aDoc(kind, newID("org"))
			m.Key = key
			if i%2 == 0 {
				return s.SwapDoc(ctx, m)
			}
			return s.RunInTx(ctx, func(tx store.Tx) error { return tx.PutDocs(ctx, m) })
		})
	})
}

func testPutDocsTogether(s subject) {
	kind, org := newKind(), s.withOrg()
	a, b, stale := aDoc(kind, org), aDoc(kind, org), aDoc(kind, org)
	s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), stale) })
	stale.Version = 7
	s.must(func(tx store.Tx) error {
		s.want("the last is stale", tx.PutDocs(s.Context(), a, stale), store.ErrConflict)
		_, err := tx.Doc(s.Context(), kind, org, a.ID)
		s.want("the first of a call that failed", err, store.ErrNotFound)
		s.want("none", tx.PutDocs(s.Context()), nil)
		return tx.PutDocs(s.Context(), b)
	})
	_, err := s.Doc(s.Context(), kind, org, a.ID)
	s.want("the first of a call that failed", err, store.ErrNotFound)
	_, err = s.Doc(s.Context(), kind, org, b.ID)
	s.want("of the call that did not", err, nil)
}

func testDocQuery(s subject) {
	kind, org := newKind(), s.withOrg()
	s.must(func(tx store.Tx) error {
		for i, owner := range []string{"o1", "o2", "o1", "", "o3"} {
			m := store.Doc{Kind: kind, OrgID: org, ID: string(rune('a' + i)), Owner: owner, At: day(i)}
			if i == 4 {
				m.ExpiresAt = day(0).AddDate(-39, 0, 0) // expired, and found until DeleteExpired
			}
			if err := tx.PutDocs(s.Context(), m); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		q    store.DocQuery
		want string
	}{
		{store.DocQuery{}, "abcde"},
		{store.DocQuery{Owners: []string{"o1"}}, "ac"},
		{store.DocQuery{Owners: []string{"o2", "o1", "o2"}}, "abc"},
		{store.DocQuery{Owners: []string{""}}, "d"},
		{store.DocQuery{Owners: []string{"x"}}, ""},
		{store.DocQuery{From: day(1)}, "bcde"},
		{store.DocQuery{To: day(1)}, "a"},
		{store.DocQuery{From: day(1), To: day(3)}, "bc"},
		{store.DocQuery{From: day(1).Add(time.Microsecond), To: day(3).Add(time.Microsecond)}, "cd"},
		{store.DocQuery{From: day(3), To: day(1)}, ""},
		{store.DocQuery{Owners: []string{"o1"}, From: day(1)}, "c"},
	} {
		page, err := s.Docs(s.Context(), kind, org, c.q)
		s.want("Docs", err, nil)
		got := ""
		for _, m := range page.Items {
			got += m.ID
		}
		if got != c.want {
			s.Errorf("%+v: docs %q, want %q", c.q, got, c.want)
		}
	}
}

func testTakeDoc(s subject) {
	m := aDoc(newKind(), s.withOrg())
	s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), m) })
	m.Version = 1
	take := func(ctx context.Context, back error) error {
		return s.RunInTx(ctx, func(tx store.Tx) error {
			got, err := tx.TakeDoc(ctx, m.Kind, m.Key)
			if err != nil {
				return err
			}
			s.same("taken", got, m)
			if _, err := tx.TakeDoc(ctx, m.Kind, m.Key); err == nil {
				s.Error("taken twice in one transaction")
			}
			return back
		})
	}
	s.want("taken and rolled back", take(s.Context(), errBack), errBack)
	s.oneWins(16, func(ctx context.Context, _ int) error { return take(ctx, nil) })
	_, err := s.Doc(s.Context(), m.Kind, m.OrgID, m.ID)
	s.want("the doc", err, store.ErrNotFound)
}

func testSwapDoc(s subject) {
	m := aDoc(newKind(), s.withOrg())
	s.want("update of none", s.SwapDoc(s.Context(), withVersion(m, 1)), store.ErrNotFound)
	s.want("create", s.SwapDoc(s.Context(), m), nil)
	s.want("create again", s.SwapDoc(s.Context(), m), store.ErrExists)
	s.want("wrong version", s.SwapDoc(s.Context(), withVersion(m, 2)), store.ErrConflict)

	// A counter under contention counts each of those who were told that they won.
	won := 0
	for version := int64(1); version <= 4; version++ {
		next := withVersion(m, version)
		next.Body = []byte{byte(version)}
		won += s.race(8, func(ctx context.Context, _ int) error { return s.SwapDoc(ctx, next) })
	}
	got, err := s.Doc(s.Context(), m.Kind, m.OrgID, m.ID)
	s.want("Doc", err, nil)
	if won != 4 || got.Version != 5 || got.Body[0] != 4 {
		s.Errorf("%d winners, version %d, body %v; want 4, 5, [4]", won, got.Version, got.Body)
	}
}

func withVersion(m store.Doc, v int64) store.Doc {
	m.Version = v
	return m
}
