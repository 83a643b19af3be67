package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/accesssec/accesssec-go/store"
)

// testSerializable races pairs of transactions of which each reads what the other
// writes, and neither writes what the other does: no version and no key stands between
// them. Whatever order they end in, the second must have seen the first.
func testSerializable(s subject) {
	for range 40 {
		org, kind := s.withOrg(), newKind()
		a, b := aDoc(kind, org), aDoc(kind, org)
		s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), a, b) })
		s.both(func(ctx context.Context, tx store.Tx) error { return leaveOne(ctx, tx, a, b) },
			func(ctx context.Context, tx store.Tx) error { return leaveOne(ctx, tx, b, a) })
		left := 0
		for _, m := range []store.Doc{a, b} {
			if _, err := s.Doc(s.Context(), kind, org, m.ID); err == nil {
				left++
			}
		}
		if left != 1 {
			s.Fatalf("each deleted itself because the other was there: %d are left, want 1", left)
		}
	}
	for range 40 {
		o, ses := anOrg(), aSession(newID("org"))
		s.must(func(tx store.Tx) error { return tx.CreateOrg(s.Context(), o) })
		ses.OrgID = o.ID
		closed := o
		closed.Version, closed.Name = 1, "closed"
		s.both(func(ctx context.Context, tx store.Tx) error { // a login
			org, err := tx.Org(ctx, o.ID)
			if err != nil || org.Name == closed.Name {
				return err
			}
			return tx.CreateSession(ctx, ses)
		}, func(ctx context.Context, tx store.Tx) error { // a change that closes it
			if err := tx.UpdateOrg(ctx, closed); err != nil {
				return err
			}
			_, err := tx.DeleteSessions(ctx, store.SessionQuery{OrgID: o.ID})
			return err
		})
		if _, err := s.SessionByHash(s.Context(), ses.Hash); err == nil {
			s.Fatal("a session made by what was read before the change is alive after it")
		}
	}
}

// leaveOne deletes mine if the other is still there.
func leaveOne(ctx context.Context, tx store.Tx, mine, other store.Doc) error {
	_, err := tx.Doc(ctx, other.Kind, other.OrgID, other.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it has gone first
	} else if err != nil {
		return err
	}
	return tx.DeleteDoc(ctx, mine.Kind, mine.OrgID, mine.ID)
}

// both runs two transactions at once; both must commit.
func (s subject) both(fns ...func(context.Context, store.Tx) error) {
	s.Helper()
	var wg sync.WaitGroup
	start, errs := make(chan struct{}), make([]error, len(fns))
	for i, fn := range fns {
		wg.Go(func() {
			<-start
			errs[i] = s.do(func(tx store.Tx) error { return fn(s.Context(), tx) })
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		s.want("RunInTx", err, nil)
	}
}
