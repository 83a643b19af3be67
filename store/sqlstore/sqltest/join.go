package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// joint is a host with a table of its own beside ours.
type joint struct {
	t     *testing.T
	d     Database
	db    *sql.DB
	store *sqlstore.Store
	table string
}

func newJoint(t *testing.T, d Database) *joint {
	t.Helper()
	j := &joint{t: t, d: d, db: d.Pool(t), table: d.qualified("theirs")}
	j.store = d.StoreOn(t, j.db)
	_, err := j.db.ExecContext(t.Context(), "CREATE TABLE "+j.table+" (name varchar(100) NOT NULL PRIMARY KEY)")
	must(t, err)
	return j
}

// begin opens a transaction of the host's as Join asks for.
func begin(t testing.TB, db *sql.DB, d Database) *sql.Tx {
	t.Helper()
	opts := &sql.TxOptions{Isolation: sql.LevelSerializable}
	if d.Dialect == sqlstore.SQLite {
		opts = nil // mattn's driver knows no levels; there is one writer, and no other here
	}
	tx, err := db.BeginTx(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() { tx.Rollback() })
	return tx
}

// theirs writes a row of the host's own.
func (j *joint) theirs(tx *sql.Tx, name string) {
	j.t.Helper()
	_, err := tx.ExecContext(j.t.Context(), "INSERT INTO "+j.table+" (name) VALUES ('"+name+"')")
	must(j.t, err)
}

// ours writes a row of ours.
func (j *joint) ours(st store.Store, id string) error {
	return st.RunInTx(j.t.Context(), func(tx store.Tx) error {
		return tx.CreateOrg(j.t.Context(), store.Org{ID: id, Name: id})
	})
}

// has compares what is kept: which rows of theirs, and which of ours.
func (j *joint) has(theirs []string, ours []string) {
	j.t.Helper()
	var n int
	must(j.t, j.db.QueryRowContext(j.t.Context(), "SELECT count(*) FROM "+j.table).Scan(&n))
	if n != len(theirs) {
		j.t.Errorf("%d rows of the host's are kept, want %v", n, theirs)
	}
	for _, name := range theirs {
		must(j.t, j.db.QueryRowContext(j.t.Context(), "SELECT count(*) FROM "+j.table+" WHERE name = '"+name+"'").Scan(&n))
		if n != 1 {
			j.t.Errorf("%s of the host's is not kept", name)
		}
	}
	page, err := j.store.Orgs(j.t.Context(), store.OrgQuery{})
	must(j.t, err)
	var got []string
	for _, o := range page.Items {
		got = append(got, o.ID)
	}
	if len(got) != len(ours) {
		j.t.Errorf("orgs kept: %v, want %v", got, ours)
	}
	for _, id := range ours {
		if _, err := j.store.Org(j.t.Context(), id); err != nil {
			j.t.Errorf("%s: %v", id, err)
		}
	}
}

var errHost = errors.New("sqltest: the host changes its mind")

// JoinEnds: what the host's transaction ends with holds for both.
func JoinEnds(t *testing.T, d Database) {
	j := newJoint(t, d)
	for _, commit := range []bool{false, true} {
		tx := begin(t, j.db, d)
		j.theirs(tx, "before")
		joined := j.store.Join(tx)
		must(t, j.ours(joined, "org-1"))
		if _, err := joined.Org(t.Context(), "org-1"); err != nil {
			t.Errorf("what was written can't be read: %v", err)
		}
		j.theirs(tx, "between")
		must(t, j.ours(joined, "org-2"))
		j.theirs(tx, "after")
		if !commit {
			must(t, tx.Rollback())
			j.has(nil, nil)
			continue
		}
		must(t, tx.Commit())
	}
	j.has([]string{"before", "between", "after"}, []string{"org-1", "org-2"})
}

// JoinFails: an error, a lost key and a panic undo what is ours of that call, and the
// host's transaction goes on.
func JoinFails(t *testing.T, d Database) {
	j := newJoint(t, d)
	ctx := t.Context()
	tx := begin(t, j.db, d)
	joined := j.store.Join(tx)
	j.theirs(tx, "before")
	must(t, j.ours(joined, "org-kept"))
	writes := func(tx store.Tx) error { return tx.CreateOrg(ctx, store.Org{ID: "org-gone", Name: "gone"}) }

	if err := joined.RunInTx(ctx, func(tx store.Tx) error { return errors.Join(writes(tx), errHost) }); !errors.Is(err, errHost) {
		t.Errorf("an error: %v", err)
	}
	runs := 0
	if err := joined.RunInTx(ctx, func(tx store.Tx) error {
		runs++
		must(t, writes(tx))
		return tx.CreateOrg(ctx, store.Org{ID: "org-kept", Name: "twice"})
	}); !errors.Is(err, store.ErrExists) || runs != 1 {
		t.Errorf("a key that is taken: %v, after %d runs", err, runs)
	}
	if err := joined.RunInTx(ctx, func(tx store.Tx) error {
		must(t, writes(tx))
		if err := tx.CreateOrg(ctx, store.Org{ID: "org-kept"}); !errors.Is(err, store.ErrExists) {
			t.Errorf("a key that is taken: %v", err)
		}
		return nil // and says nothing of it
	}); !errors.Is(err, store.ErrAborted) {
		t.Errorf("an error that is kept quiet: %v", err)
	}
	func() {
		defer func() {
			if p := recover(); p != errHost {
				t.Errorf("the panic came as %v", p)
			}
		}()
		err := joined.RunInTx(ctx, func(tx store.Tx) error {
			must(t, writes(tx))
			panic(errHost)
		})
		t.Errorf("after a panic: %v", err)
	}()
	var kept store.Tx
	must(t, joined.RunInTx(ctx, func(tx store.Tx) error { kept = tx; return nil }))
	if _, err := kept.Org(ctx, "org-kept"); err == nil {
		t.Error("a Tx is of use after its function")
	}
	dead, cancel := context.WithCancel(ctx)
	if err := joined.RunInTx(dead, func(tx store.Tx) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
	must(t, j.ours(joined, "org-later"))
	j.theirs(tx, "after")
	must(t, tx.Commit())
	j.has([]string{"before", "after"}, []string{"org-kept", "org-later"})
}

// JoinRefuses: what has to be committed by itself can't be.
func JoinRefuses(t *testing.T, d Database) {
	j := newJoint(t, d)
	tx := begin(t, j.db, d)
	joined := j.store.Join(tx)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for name, call := range map[string]func() error{
		"SwapDoc":      func() error { return joined.SwapDoc(t.Context(), store.Doc{Kind: "k", ID: "1"}) },
		"TouchSession": func() error { return joined.TouchSession(t.Context(), store.Hash{1}, now, now) },
		"LeaseJobs": func() error {
			_, err := joined.LeaseJobs(t.Context(), store.LeaseQuery{Kinds: []string{"k"}, Worker: "w", Now: now, Until: now.Add(time.Minute)})
			return err
		},
		"DeleteExpired": func() error {
			_, err := joined.DeleteExpired(t.Context(), now, 10)
			return err
		},
	} {
		if err := call(); !errors.Is(err, store.ErrJoined) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, j.ours(joined, "org-1"))
	must(t, tx.Commit())
	j.has(nil, []string{"org-1"})
}

// JoinService has a whole Service in the host's transaction.
func JoinService(t *testing.T, d Database) {
	db := d.Pool(t)
	s := d.StoreOn(t, db)
	h := newHost(t, s)
	ctx := t.Context()
	in, err := h.byPassword(ctx, "192.0.2.1")
	must(t, err)
	for _, commit := range []bool{false, true} {
		tx := begin(t, db, d)
		joined := s.Join(tx)
		on := h.svc.On(joined)
		made, err := on.CreateOrg(ctx, "Other", accesssec.Person{Address: "otto@example.org", Password: right})
		must(t, err)
		must(t, on.ImportPeople(ctx, made.OrgID, accesssec.Person{Address: "zoe@example.org", Verified: true, Role: policy.Member}))
		if err := on.ImportPeople(ctx, made.OrgID, accesssec.Person{Address: "zoe@example.org", Verified: true, Role: policy.Member}); !accesssec.IsRefusal(err, accesssec.CodeMember) {
			t.Errorf("imported twice: %v", err)
		}
		// The host disables Ann by its own statement, and says so.
		_, err = tx.ExecContext(ctx, "UPDATE "+d.qualified("accesssec_users")+" SET disabled = "+d.yes()+" WHERE id = '"+in.Entered.Principal.UserID+"'")
		must(t, err)
		must(t, on.PersonChanged(ctx, in.Entered.Principal.UserID))
		v, _ := h.visit("192.0.2.9")
		step, err := on.SignIn().Password(ctx, v, "owner@example.com", right)
		if !errors.Is(err, store.ErrJoined) || step.Entered != nil {
			t.Errorf("signed in inside the host's transaction: %v", err)
		}
		if commit {
			must(t, tx.Commit())
		} else {
			must(t, tx.Rollback())
		}
		_, err = h.svc.Authenticate(ctx, in.Entered.Token())
		if ended := accesssec.IsRefusal(err, accesssec.CodeSignedOut); ended != commit || !ended && err != nil {
			t.Errorf("commit %v: Ann's session: %v", commit, err)
		}
		if _, err := s.Org(ctx, made.OrgID); errors.Is(err, store.ErrNotFound) == commit {
			t.Errorf("commit %v: the org: %v", commit, err)
		}
		if _, err := s.UserByAddress(ctx, "zoe@example.org"); errors.Is(err, store.ErrNotFound) == commit {
			t.Errorf("commit %v: Zoe: %v", commit, err)
		}
		if n := len(h.events(t, "user.changed")); (n == 1) != commit {
			t.Errorf("commit %v: %d lines of the change in the log", commit, n)
		}
	}
}

// yes is a flag that is set, as the tables have it.
func (d Database) yes() string {
	if d.Dialect == sqlstore.SQLite {
		return "1"
	}
	return "true"
}
