package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store"
)

// ServerDropsConnections signs Ann in over and over while PostgreSQL ends the
// connections that this happens on, again and again and at any place.
func ServerDropsConnections(t *testing.T, d Database) {
	const workers, each, enough = 8, 12, 10
	// A name by which the connections can be told from those of other tests.
	name := d.Options.Schema
	named := d
	named.DSN += "&application_name=" + name
	h := newHost(t, named.Store(t))
	stop := drop(t, d.Pool(t), name)
	var mu sync.Mutex
	var in []*accesssec.Entered
	var failed atomic.Int64
	together(t, workers, func(i int) error {
		for n := 0; n < each || failed.Load() < enough; n++ {
			login := h.byPassword
			if n%2 == 1 {
				login = h.bySSO
			}
			step, err := login(t.Context(), fmt.Sprintf("192.0.%d.%d", i, n%250))
			if err != nil && step.Entered != nil {
				return fmt.Errorf("let in, with the error %w", err)
			}
			var no *accesssec.Refusal
			if errors.As(err, &no) {
				return fmt.Errorf("a fault is told as %s: %w", no.Code, err)
			}
			if err == nil && step.Entered == nil {
				return errors.New("no error and no session")
			}
			if err != nil {
				failed.Add(1)
				continue
			}
			mu.Lock()
			in = append(in, step.Entered)
			mu.Unlock()
		}
		return nil
	})
	dropped := stop()
	t.Logf("%d connections were dropped, %d logins failed, %d did not", dropped, failed.Load(), len(in))
	// A pool may still hold a connection that is gone, and gives it out once.
	for range 20 {
		step, err := h.byPassword(t.Context(), "198.51.100.1")
		if err == nil {
			in = append(in, step.Entered)
			break
		}
	}
	for _, login := range []func(context.Context, string) (accesssec.Step, error){h.byPassword, h.bySSO} {
		step, err := login(t.Context(), "198.51.100.2")
		must(t, err)
		in = append(in, step.Entered)
	}
	h.signIns(t, in)
}

// drop ends connections of that name, ten times a second, until stop is called, which
// counts them.
func drop(t *testing.T, db *sql.DB, name string) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	dropped, done := 0, make(chan error, 1)
	go func() {
		for {
			var n int
			// One that is in the middle of something, if there is one.
			err := db.QueryRowContext(ctx, `SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
				WHERE application_name = $1 ORDER BY state LIKE 'idle in%' OR state = 'active' DESC, random() LIMIT 1) AS chosen`, name).Scan(&n)
			if err == nil {
				dropped += n
				_, err = db.ExecContext(ctx, "SELECT pg_sleep(0.1)")
			}
			if ctx.Err() != nil {
				done <- nil
				return
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	return func() int {
		cancel()
		must(t, <-done)
		return dropped
	}
}

// SerializationComesOut makes a serialization failure, on purpose, inside a transaction
// of the host's: it is store.ErrConflict, and from then on the joined store refuses.
func SerializationComesOut(t *testing.T, d Database) {
	db := d.Pool(t)
	s := d.StoreOn(t, db)
	must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
		for _, id := range []string{"org-a", "org-b"} {
			if err := tx.CreateOrg(t.Context(), store.Org{ID: id, Name: id}); err != nil {
				return err
			}
		}
		return nil
	}))
	host := begin(t, db, d)
	joined := s.Join(host)
	_, err := joined.Org(t.Context(), "org-a")
	must(t, err)
	// Meanwhile somebody writes what was read, after reading what is about to be written.
	must(t, s.RunInTx(t.Context(), func(tx store.Tx) error {
		if _, err := tx.Org(t.Context(), "org-b"); err != nil {
			return err
		}
		a, err := tx.Org(t.Context(), "org-a")
		if err != nil {
			return err
		}
		a.Name = "changed meanwhile"
		return tx.UpdateOrg(t.Context(), a)
	}))
	rename := func(tx store.Tx, id string) error {
		o, err := tx.Org(t.Context(), id)
		if err != nil {
			return err
		}
		o.Name = "by the host"
		return tx.UpdateOrg(t.Context(), o)
	}
	// Writing what the other one has read is what can't be put in any order; writing what
	// it has written fails at once. PostgreSQL says the first at the latest by COMMIT.
	err = joined.RunInTx(t.Context(), func(tx store.Tx) error { return rename(tx, "org-a") })
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("the first to meet it: %v", err)
	}
	err = joined.RunInTx(t.Context(), func(store.Tx) error { t.Error("run in a transaction that is lost"); return nil })
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("from then on: %v", err)
	}
	if _, err := joined.Org(t.Context(), "org-b"); !errors.Is(err, store.ErrAborted) {
		t.Errorf("read in a transaction that is lost: %v", err)
	}
	must(t, host.Rollback())
	// And once more from the beginning: now it is well.
	again := begin(t, db, d)
	must(t, s.Join(again).RunInTx(t.Context(), func(tx store.Tx) error { return rename(tx, "org-a") }))
	must(t, again.Commit())
	if o, err := s.Org(t.Context(), "org-a"); err != nil || o.Name != "by the host" {
		t.Errorf("%q, %v", o.Name, err)
	}
}
