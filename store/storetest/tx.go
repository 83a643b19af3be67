package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/accesssec/accesssec-go/store"
)

func testTx(s subject) {
	testTxEnds(s)
	s.run("RollsBackOnError", func(s subject) {
		o := anOrg()
		s.refuse("RunInTx", errBack, func(tx store.Tx) error {
			s.want("CreateOrg", tx.CreateOrg(s.Context(), o), nil)
			return errBack
		})
		_, err := s.Org(s.Context(), o.ID)
		s.want("Org", err, store.ErrNotFound)
	})
	s.run("RollsBackOnPanic", func(s subject) {
		o := anOrg()
		func() {
			defer func() {
				if got := recover(); got != "storetest: panic" {
					s.Errorf("recovered %v, want the panic of the function", got)
				}
			}()
			s.must(func(tx store.Tx) error {
				s.want("CreateOrg", tx.CreateOrg(s.Context(), o), nil)
				panic("storetest: panic")
			})
		}()
		_, err := s.Org(s.Context(), o.ID)
		s.want("Org", err, store.ErrNotFound)
		s.withOrg() // and the store goes on
	})
	s.run("UndoesInOrder", testUndoInOrder)
	s.run("Serializable", testSerializable)
	s.run("NoDirtyRead", testDirtyRead)
	s.run("AbortedKeepsNothing", func(s subject) {
		before, after, taken := anOrg(), anOrg(), s.withOrg()
		err := s.do(func(tx store.Tx) error {
			s.want("CreateOrg", tx.CreateOrg(s.Context(), before), nil)
			again := anOrg()
			again.ID = taken
			s.want("CreateOrg again", tx.CreateOrg(s.Context(), again), store.ErrExists)
			s.want("write after ErrExists", tx.CreateOrg(s.Context(), after), store.ErrAborted)
			_, err := tx.Org(s.Context(), taken)
			s.want("read after ErrExists", err, store.ErrAborted)
			return nil // which does not commit it
		})
		if err == nil {
			s.Error("RunInTx said that an aborted transaction was committed")
		}
		for _, id := range []string{before.ID, after.ID} {
			_, err := s.Org(s.Context(), id)
			s.want("Org", err, store.ErrNotFound)
		}
	})
}

func testTxEnds(s subject) {
	s.run("MisuseAborts", func(s subject) {
		o := anOrg()
		err := s.do(func(tx store.Tx) error {
			s.want("CreateOrg", tx.CreateOrg(s.Context(), o), nil)
			_, err := tx.Sessions(s.Context(), store.SessionQuery{})
			s.want("Sessions", err, store.ErrUnbounded)
			_, err = tx.Org(s.Context(), o.ID)
			s.want("after ErrUnbounded", err, store.ErrAborted)
			return nil
		})
		if err == nil {
			s.Error("RunInTx said that an aborted transaction was committed")
		}
		_, err = s.Org(s.Context(), o.ID)
		s.want("Org", err, store.ErrNotFound)
	})
	s.run("GoesOnAfterAbsence", func(s subject) {
		o, stale := anOrg(), s.withOrg()
		s.must(func(tx store.Tx) error {
			s.want("UpdateOrg", tx.UpdateOrg(s.Context(), store.Org{ID: stale, Version: 9}), store.ErrConflict)
			_, err := tx.Org(s.Context(), newID("org"))
			s.want("Org", err, store.ErrNotFound)
			return tx.CreateOrg(s.Context(), o)
		})
		_, err := s.Org(s.Context(), o.ID)
		s.want("Org", err, nil)
	})
	s.run("EndedContextKeepsNothing", func(s subject) {
		ctx, cancel := context.WithCancel(s.Context())
		defer cancel()
		o := anOrg()
		err := s.RunInTx(ctx, func(tx store.Tx) error {
			s.want("CreateOrg", tx.CreateOrg(ctx, o), nil)
			cancel()
			return nil
		})
		s.want("RunInTx", err, context.Canceled)
		_, err = s.Org(s.Context(), o.ID)
		s.want("Org", err, store.ErrNotFound)
	})
	s.run("ErrorComesBackAsItIs", func(s subject) {
		own := &ownError{}
		var got *ownError
		if err := s.do(func(store.Tx) error { return own }); !errors.As(err, &got) || got != own {
			s.Errorf("RunInTx: %v, want the error of the function", err)
		}
	})
	s.run("ManyAtOnce", func(s subject) {
		// Nothing in common, so nobody may lose.
		won := s.race(32, func(ctx context.Context, _ int) error {
			return s.RunInTx(ctx, func(tx store.Tx) error {
				o := anOrg()
				if err := tx.CreateOrg(ctx, o); err != nil {
					return err
				}
				_, err := tx.Org(ctx, o.ID)
				return err
			})
		})
		if won != 32 {
			s.Errorf("%d of 32 that had nothing in common went through", won)
		}
	})
}

type ownError struct{}

func (*ownError) Error() string { return "storetest: own error" }

// testUndoInOrder writes the same records several times before it goes back.
func testUndoInOrder(s subject) {
	w := newWorld(s)
	before, other := w.dump(w.a), w.dump(w.b)
	s.refuse("RunInTx", errBack, func(tx store.Tx) error {
		m, err := tx.Doc(s.Context(), w.kind, w.a, "doc")
		s.want("Doc", err, nil)
		for range 3 {
			m.Body = append(m.Body, 'x')
			s.want("PutDocs", tx.PutDocs(s.Context(), m), nil)
			m.Version++
		}
		s.want("DeleteDoc", tx.DeleteDoc(s.Context(), w.kind, w.a, "doc"), nil)
		m.Version = 0
		s.want("PutDocs", tx.PutDocs(s.Context(), m), nil)
		_, err = tx.TakeDoc(s.Context(), w.kind, m.Key)
		s.want("TakeDoc", err, nil)
		s.want("DeleteOrg", tx.DeleteOrg(s.Context(), w.a), nil)
		s.want("CreateOrg", tx.CreateOrg(s.Context(), store.Org{ID: w.a, CreatedAt: day(0)}), nil)
		s.want("PutDocs", tx.PutDocs(s.Context(), m), nil)
		return errBack
	})
	s.same("after the rollback", w.dump(w.a), before)
	s.same("the other org", w.dump(w.b), other)
}

// testDirtyRead reads while a transaction that will fail has written. The reader may
// have to wait for it, so nobody waits for the reader inside.
func testDirtyRead(s subject) {
	m := aDoc(newKind(), s.withOrg())
	s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), m) })
	m.Version = 1
	var wg sync.WaitGroup
	s.refuse("RunInTx", errBack, func(tx store.Tx) error {
		dirty := m
		dirty.Body = []byte("dirty")
		s.want("PutDocs", tx.PutDocs(s.Context(), dirty), nil)
		wg.Go(func() {
			got, err := s.Doc(s.Context(), m.Kind, m.OrgID, m.ID)
			s.want("Doc", err, nil)
			s.same("read beside the transaction", got, m)
		})
		return errBack
	})
	wg.Wait()
}
