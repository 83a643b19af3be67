package storetest

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// record says how one noun with versions is kept, so that the rules all of them
// share are written once.
type record[R any] struct {
	make     func(s subject, org string) R // a new one, with what it needs stored
	create   func(ctx context.Context, tx store.Tx, r R) error
	update   func(ctx context.Context, tx store.Tx, r R) error
	read     func(ctx context.Context, rd store.Reader, r R) (R, error)
	remove   func(ctx context.Context, tx store.Tx, r R) error
	version  func(r *R) *int64
	change   func(r *R) // all but what identifies it
	scribble func(r *R) // overwrites in place what its slices hold; nil: it has none
	blank    func(r *R) // takes its identity away
	put      bool       // create and update are one method

	// unique gives b the key that a has. free does too, where that is no clash.
	unique, free map[string]func(a, b *R)
}

// test runs all cases of a noun.
func (rec record[R]) test(s subject) {
	s.run("RoundTrip", rec.testRoundTrip)
	s.run("Versions", rec.testVersions)
	s.run("Absent", rec.testAbsent)
	s.run("Exists", rec.testExists)
	s.run("Clone", rec.testClone)
	s.run("Rollback", rec.testRollback)
	s.run("OneUpdateWins", rec.testOneUpdateWins)
	s.run("OneCreateWins", rec.testOneCreateWins)
	for _, name := range slices.Sorted(maps.Keys(rec.unique)) {
		s.run("Unique"+name, func(s subject) { rec.testUnique(s, rec.unique[name]) })
	}
	for _, name := range slices.Sorted(maps.Keys(rec.free)) {
		s.run("Free"+name, func(s subject) { rec.testFree(s, rec.free[name]) })
	}
}

func (rec record[R]) store(s subject, r R) R {
	s.Helper()
	s.must(func(tx store.Tx) error { return rec.create(s.Context(), tx, r) })
	*rec.version(&r) = 1
	return r
}

// holds checks that the store has r as it is here.
func (rec record[R]) holds(s subject, what string, r R) {
	s.Helper()
	got, err := rec.read(s.Context(), s.Store, r)
	s.want(what, err, nil)
	s.same(what, got, r)
}

func (rec record[R]) testRoundTrip(s subject) {
	r := rec.make(s, s.withOrg())
	want := r
	*rec.version(&want) = 1
	s.must(func(tx store.Tx) error {
		if err := rec.create(s.Context(), tx, r); err != nil {
			return err
		}
		got, err := rec.read(s.Context(), tx, r)
		s.same("created, read inside the transaction", got, want)
		return err
	})
	rec.holds(s, "created", want)
	got, err := rec.read(s.Context(), s.Store, r)
	s.want("read", err, nil)
	s.inUTC(reflect.ValueOf(got))

	rec.change(&want)
	updated := want
	*rec.version(&updated) = 2
	s.must(func(tx store.Tx) error {
		if err := rec.update(s.Context(), tx, want); err != nil {
			return err
		}
		got, err := rec.read(s.Context(), tx, r)
		s.same("updated, read inside the transaction", got, updated)
		return err
	})
	rec.holds(s, "updated", updated)

	s.must(func(tx store.Tx) error {
		if err := rec.remove(s.Context(), tx, r); err != nil {
			return err
		}
		_, err := rec.read(s.Context(), tx, r)
		s.want("deleted, read inside the transaction", err, store.ErrNotFound)
		return nil
	})
	_, err = rec.read(s.Context(), s.Store, r)
	s.want("deleted", err, store.ErrNotFound)
}

// inUTC checks the instants of a record, which compare equal in any zone.
func (s subject) inUTC(v reflect.Value) {
	s.Helper()
	for i := range v.NumField() {
		switch f := v.Field(i).Interface().(type) {
		case time.Time:
			if f.Location() != time.UTC {
				s.Errorf("%s is in %v, want UTC", v.Type().Field(i).Name, f.Location())
			}
		}
	}
}

func (rec record[R]) testVersions(s subject) {
	r := rec.make(s, s.withOrg())
	versioned := r
	*rec.version(&versioned) = 1
	target := store.ErrConflict
	if rec.put {
		target = store.ErrNotFound
	}
	s.refuse("create with a version", target, func(tx store.Tx) error {
		return rec.create(s.Context(), tx, versioned)
	})
	r = rec.store(s, r)
	for _, v := range []int64{-1, 0, 2, 1 << 40} {
		wrong := r
		rec.change(&wrong)
		*rec.version(&wrong) = v
		target := store.ErrConflict
		if rec.put && v == 0 {
			target = store.ErrExists
		}
		s.refuse("update with a wrong version", target, func(tx store.Tx) error {
			return rec.update(s.Context(), tx, wrong)
		})
	}
	rec.holds(s, "after wrong versions", r)
	next := r
	rec.change(&next)
	s.must(func(tx store.Tx) error {
		if err := rec.update(s.Context(), tx, next); err != nil {
			return err
		}
		// The Tx goes on after ErrConflict, and what it did before is kept.
		s.want("update with the version of before", rec.update(s.Context(), tx, r), store.ErrConflict)
		return nil
	})
	*rec.version(&next) = 2
	rec.holds(s, "after a conflict in the same transaction", next)
}

func (rec record[R]) testAbsent(s subject) {
	org := s.withOrg()
	r, other := rec.make(s, org), rec.make(s, org)
	_, err := rec.read(s.Context(), s.Store, r)
	s.want("read", err, store.ErrNotFound)
	s.must(func(tx store.Tx) error {
		_, err := rec.read(s.Context(), tx, r)
		s.want("read inside a transaction", err, store.ErrNotFound)
		gone := r
		*rec.version(&gone) = 1
		s.want("update", rec.update(s.Context(), tx, gone), store.ErrNotFound)
		s.want("delete", rec.remove(s.Context(), tx, r), store.ErrNotFound)
		return rec.create(s.Context(), tx, other) // the Tx goes on
	})
	*rec.version(&other) = 1
	rec.holds(s, "created after ErrNotFound", other)
}

func (rec record[R]) testExists(s subject) {
	r := rec.store(s, rec.make(s, s.withOrg()))
	again := r
	*rec.version(&again) = 0
	s.refuse("create again", store.ErrExists, func(tx store.Tx) error {
		return rec.create(s.Context(), tx, again)
	})
	rec.holds(s, "after ErrExists", r)
	nobody := rec.make(s, s.withOrg())
	rec.blank(&nobody)
	if err := s.do(func(tx store.Tx) error { return rec.create(s.Context(), tx, nobody) }); err == nil {
		s.Error("a record without an id was stored")
	}
}

func (rec record[R]) testClone(s subject) {
	if rec.scribble == nil {
		return // the record is all values
	}
	org := s.withOrg()
	// What is compared are copies: a store that hands out its own slices would agree
	// with whatever was written to them.
	passed := rec.make(s, org)
	want := deepCopy(s, passed)
	var inTx R
	s.must(func(tx store.Tx) error {
		if err := rec.create(s.Context(), tx, passed); err != nil {
			return err
		}
		var err error
		inTx, err = rec.read(s.Context(), tx, want)
		return err
	})
	*rec.version(&want) = 1
	rec.scribble(&passed)
	rec.holds(s, "after writing to what was passed in", deepCopy(s, want))
	rec.scribble(&inTx)
	rec.holds(s, "after writing to what a Tx handed out", deepCopy(s, want))
	out, err := rec.read(s.Context(), s.Store, want)
	s.want("read", err, nil)
	rec.scribble(&out)
	rec.holds(s, "after writing to what was handed out", want)
}

// deepCopy shares nothing with r.
func deepCopy[R any](s subject, r R) R {
	s.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		s.Fatal(err)
	}
	var out R
	if err := json.Unmarshal(text, &out); err != nil {
		s.Fatal(err)
	}
	return out
}

func (rec record[R]) testRollback(s subject) {
	org := s.withOrg()
	kept, gone, made := rec.store(s, rec.make(s, org)), rec.store(s, rec.make(s, org)), rec.make(s, org)
	s.refuse("RunInTx", errBack, func(tx store.Tx) error {
		changed := kept
		rec.change(&changed)
		for _, err := range []error{
			rec.update(s.Context(), tx, changed),
			rec.remove(s.Context(), tx, gone),
			rec.create(s.Context(), tx, made),
		} {
			s.want("write", err, nil)
		}
		return errBack
	})
	rec.holds(s, "updated in vain", kept)
	rec.holds(s, "deleted in vain", gone)
	_, err := rec.read(s.Context(), s.Store, made)
	s.want("created in vain", err, store.ErrNotFound)
}

func (rec record[R]) testOneUpdateWins(s subject) {
	r := rec.store(s, rec.make(s, s.withOrg()))
	s.oneWins(16, func(ctx context.Context, _ int) error {
		next := r
		rec.change(&next)
		return s.RunInTx(ctx, func(tx store.Tx) error { return rec.update(ctx, tx, next) })
	})
	got, err := rec.read(s.Context(), s.Store, r)
	s.want("read", err, nil)
	if v := *rec.version(&got); v != 2 {
		s.Errorf("version %d after one winner, want 2", v)
	}
}

func (rec record[R]) testOneCreateWins(s subject) {
	r := rec.make(s, s.withOrg())
	s.oneWins(16, func(ctx context.Context, _ int) error {
		return s.RunInTx(ctx, func(tx store.Tx) error { return rec.create(ctx, tx, r) })
	})
	*rec.version(&r) = 1
	rec.holds(s, "the winner", r)
}

func (rec record[R]) testUnique(s subject, clash func(a, b *R)) {
	org := s.withOrg()
	a, b := rec.store(s, rec.make(s, org)), rec.make(s, org)
	taken := b
	clash(&a, &taken)
	s.refuse("create with a taken key", store.ErrExists, func(tx store.Tx) error {
		return rec.create(s.Context(), tx, taken)
	})
	b = rec.store(s, b)
	clash(&a, &b)
	s.refuse("update to a taken key", store.ErrExists, func(tx store.Tx) error {
		return rec.update(s.Context(), tx, b)
	})
	rec.holds(s, "the one that had the key", a)
	s.must(func(tx store.Tx) error { return rec.update(s.Context(), tx, a) }) // its own key is no clash
	s.must(func(tx store.Tx) error { return rec.remove(s.Context(), tx, a) })
	s.must(func(tx store.Tx) error { return rec.update(s.Context(), tx, b) })
	*rec.version(&b) = 2
	rec.holds(s, "the one that has it now", b)
}

func (rec record[R]) testFree(s subject, free func(a, b *R)) {
	org := s.withOrg()
	a, b := rec.make(s, org), rec.make(s, org)
	free(&a, &b)
	a, b = rec.store(s, a), rec.store(s, b)
	rec.holds(s, "the first", a)
	rec.holds(s, "the second", b)
}
