package memory

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type sessions struct {
	table[string, store.Session]
	byHash       *unique[store.Hash, store.Session]
	byOrg        *group[string, store.Session]
	byUser       *group[string, store.Session]
	byConnection *group[string, store.Session]
	byIdP        *group[string, store.Session]
}

func newSessions() sessions {
	text := func(of func(*store.Session) string) *group[string, store.Session] {
		return newGroup(func(s *store.Session) (string, bool) { return of(s), of(s) != "" })
	}
	t := sessions{
		byHash:       newUnique(func(s *store.Session) (store.Hash, bool) { return s.Hash, true }),
		byOrg:        text(func(s *store.Session) string { return s.OrgID }),
		byUser:       text(func(s *store.Session) string { return s.UserID }),
		byConnection: text(func(s *store.Session) string { return s.ConnectionID }),
		byIdP:        text(func(s *store.Session) string { return s.IdPSession }),
	}
	t.table = newTable(
		func(s *store.Session) string { return s.ID },
		func(s *store.Session) *int64 { return &s.Version },
		t.byHash, t.byOrg, t.byUser, t.byConnection, t.byIdP)
	return t
}

func (t *sessions) deleteOrg(log *undo, org string) {
	if org == "" {
		return
	}
	for _, s := range t.byOrg.take(org) {
		t.delete(log, s)
	}
}

func copySession(s *store.Session) store.Session {
	c := *s
	c.Methods = slices.Clone(s.Methods)
	c.CreatedAt = instant(s.CreatedAt)
	c.SeenAt = instant(s.SeenAt)
	c.IdleAt = instant(s.IdleAt)
	c.EndAt = instant(s.EndAt)
	c.ProvedAt = instant(s.ProvedAt)
	return c
}

// nobodys reports whether q asks for somebody who has no session, as most have not.
func (t *sessions) nobodys(q store.SessionQuery) bool {
	return q.UserID != "" && !t.byUser.has(q.UserID)
}

// find ranges over the sessions that q is for, by the condition that leaves fewest.
func (t *sessions) find(q store.SessionQuery) (iter.Seq[*store.Session], error) {
	var rows iter.Seq[*store.Session]
	switch {
	case q.UserID != "":
		rows = t.byUser.get(q.UserID)
	case q.IdPSession != "":
		rows = t.byIdP.get(q.IdPSession)
	case q.ConnectionID != "":
		rows = t.byConnection.get(q.ConnectionID)
	case q.OrgID != "":
		rows = t.byOrg.get(q.OrgID)
	default:
		return nil, store.ErrUnbounded
	}
	return where(rows, func(s *store.Session) bool {
		return (q.OrgID == "" || s.OrgID == q.OrgID) &&
			(q.UserID == "" || s.UserID == q.UserID) &&
			(q.ConnectionID == "" || s.ConnectionID == q.ConnectionID) &&
			(q.IdPSession == "" || s.IdPSession == q.IdPSession) &&
			(q.ID == "" || s.ID == q.ID) &&
			(q.Except == store.Hash{} || s.Hash != q.Except) &&
			(q.NotMethod == "" || !slices.Contains(s.Methods, q.NotMethod))
	}), nil
}

// SessionByHash implements [store.Reader].
func (v view) SessionByHash(ctx context.Context, hash store.Hash) (store.Session, error) {
	return read(ctx, v, func(d *data) (store.Session, error) {
		s, ok := d.sessions.byHash.get(hash)
		if !ok {
			return store.Session{}, store.ErrNotFound
		}
		return copySession(s), nil
	})
}

// Sessions implements [store.Reader].
func (v view) Sessions(ctx context.Context, q store.SessionQuery) (store.Page[store.Session], error) {
	return read(ctx, v, func(d *data) (store.Page[store.Session], error) {
		if d.sessions.nobodys(q) {
			return none[store.Session](q.Paging)
		}
		rows, err := d.sessions.find(q)
		if err != nil {
			return store.Page[store.Session]{}, err
		}
		return list[*store.Session, store.Session]{
			paging: q.Paging,
			place:  func(s *store.Session) keyset.Place { return keyset.At(s.CreatedAt, s.ID) },
			copy:   copySession,
		}.page(rows)
	})
}

func (t *tx) CreateSession(ctx context.Context, s store.Session) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if err := need("session", s.ID, s.UserID); err != nil {
			return err
		}
		if s.Hash == (store.Hash{}) {
			return errors.New("memory: session without a hash")
		}
		row := copySession(&s)
		return d.sessions.create(log, &row)
	})
}

func (t *tx) UpdateSession(ctx context.Context, s store.Session) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if old, ok := d.sessions.get(s.ID); !ok || old.OrgID != s.OrgID {
			return store.ErrNotFound
		}
		if s.Hash == (store.Hash{}) {
			return errors.New("memory: session without a hash")
		}
		row := copySession(&s)
		return d.sessions.update(log, &row)
	})
}

func (t *tx) DeleteSessions(ctx context.Context, q store.SessionQuery) (int, error) {
	return count(ctx, t, func(d *data, log *undo) (int, error) {
		if d.sessions.nobodys(q) {
			return 0, nil
		}
		rows, err := d.sessions.find(q)
		if err != nil {
			return 0, err
		}
		found := slices.Collect(rows)
		for _, s := range found {
			d.sessions.delete(log, s)
		}
		return len(found), nil
	})
}

// TouchSession implements [store.Standalone].
func (s *Store) TouchSession(ctx context.Context, hash store.Hash, seenAt, idleAt time.Time) error {
	_, err := commit(ctx, s, func(t *tx) (struct{}, error) {
		old, ok := t.data.sessions.byHash.get(hash)
		if !ok {
			return struct{}{}, store.ErrNotFound
		}
		row := copySession(old)
		row.SeenAt = later(old.SeenAt, instant(seenAt))
		row.IdleAt = later(old.IdleAt, instant(idleAt))
		return struct{}{}, t.data.sessions.put(&t.log, &row)
	})
	return err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
