package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const sessionColumns = "hash, id, user_id, org_id, connection_id, role, methods, restricted, idp_session, ip, agent, " +
	"created_at, seen_at, idle_at, end_at, proved_at, version"

func scanSession(r row) (s store.Session, err error) {
	var methods []byte
	err = r.Scan(digest{&s.Hash}, &s.ID, &s.UserID, &s.OrgID, &s.ConnectionID, &s.Role, &methods, &s.Restricted, &s.IdPSession,
		&s.IP, &s.Agent, instant{&s.CreatedAt}, instant{&s.SeenAt}, instant{&s.IdleAt}, instant{&s.EndAt}, instant{&s.ProvedAt}, &s.Version)
	if err == nil {
		err = json.Unmarshal(methods, &s.Methods)
	}
	return s, err
}

func (c conn) sessionRecord(s store.Session) record {
	d := c.dialect()
	return record{
		version: s.Version,
		values: []any{
			s.Hash[:], s.ID, s.UserID, s.OrgID, s.ConnectionID, s.Role, textList(s.Methods), s.Restricted, s.IdPSession, s.IP, s.Agent,
			d.at(s.CreatedAt), d.at(s.SeenAt), d.at(s.IdleAt), d.at(s.EndAt), d.maybe(s.ProvedAt),
		},
		insert: `INSERT INTO {sessions} (` + sessionColumns + `)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1) ON CONFLICT DO NOTHING`,
		update: `UPDATE {sessions} SET hash = $1, user_id = $3, connection_id = $5, role = $6, methods = $7, restricted = $8,
			idp_session = $9, ip = $10, agent = $11, created_at = $12, seen_at = $13, idle_at = $14, end_at = $15, proved_at = $16,
			version = version + 1
			WHERE id = $2 AND org_id = $4 AND version = $17`,
		same: `hash = $1`,
		find: `SELECT version FROM {sessions} WHERE id = $1 AND org_id = $2`, key: []any{s.ID, s.OrgID},
		taken: `SELECT count(*) FROM {sessions} WHERE hash = $2 AND id <> $1`,
		keys:  []any{s.ID, s.Hash[:]},
	}
}

// sessions is which sessions q is for.
func (c conn) sessions(q store.SessionQuery) (*where, error) {
	if q.OrgID == "" && q.UserID == "" && q.ConnectionID == "" && q.IdPSession == "" {
		return nil, store.ErrUnbounded
	}
	w := c.where()
	w.narrow("user_id", q.UserID)
	w.narrow("org_id", q.OrgID)
	if q.ConnectionID != "" {
		w.is("connection_id", q.ConnectionID)
		w.and("connection_id <> ''") // which is what the index is for
	}
	if q.IdPSession != "" {
		v := w.arg(q.IdPSession)
		w.and("idp_session <> '' AND substr(idp_session, 1, 200) = substr(" + v + ", 1, 200) AND idp_session = " + v)
	}
	w.narrow("id", q.ID)
	if q.Except != (store.Hash{}) {
		w.and("hash <> " + w.arg(q.Except[:]))
	}
	if q.NotMethod != "" {
		w.and("NOT EXISTS (SELECT 1 FROM " + w.d.each("methods") + " WHERE each.value = " + w.arg(q.NotMethod) + ")")
	}
	return w, nil
}

// SessionByHash implements [store.Reader].
func (c conn) SessionByHash(ctx context.Context, hash store.Hash) (store.Session, error) {
	return found(ctx, c, scanSession, `SELECT `+sessionColumns+` FROM {sessions} WHERE hash = $1`, hash[:])
}

// Sessions implements [store.Reader].
func (c conn) Sessions(ctx context.Context, q store.SessionQuery) (store.Page[store.Session], error) {
	return do(ctx, c, func() (store.Page[store.Session], error) {
		w, err := c.sessions(q)
		if err != nil {
			return store.Page[store.Session]{}, err
		}
		return list[store.Session]{
			from:  `SELECT ` + sessionColumns + ` FROM {sessions}`,
			scan:  scanSession,
			order: order{by: "created_at", kind: byInstant, id: "id"},
			place: func(s store.Session) keyset.Place { return keyset.At(s.CreatedAt, s.ID) },
		}.page(ctx, c, w, q.Paging, 0)
	})
}

var errNoHash = errors.New("sqlstore: session without a hash")

// CreateSession implements [store.Writer].
func (t *Tx) CreateSession(ctx context.Context, s store.Session) error {
	return step(ctx, t.conn, func() error {
		if err := need("session", s.ID, s.UserID); err != nil {
			return err
		}
		if s.Hash == (store.Hash{}) {
			return errNoHash
		}
		return t.create(ctx, t.sessionRecord(s))
	})
}

// UpdateSession implements [store.Writer].
func (t *Tx) UpdateSession(ctx context.Context, s store.Session) error {
	return step(ctx, t.conn, func() error {
		r := t.sessionRecord(s)
		if s.Hash == (store.Hash{}) {
			if _, err := one(ctx, t.conn, scanInt, r.find, r.key...); err != nil {
				return err
			}
			return errNoHash
		}
		return t.replace(ctx, r)
	})
}

// DeleteSessions implements [store.Writer].
func (t *Tx) DeleteSessions(ctx context.Context, q store.SessionQuery) (int, error) {
	return do(ctx, t.conn, func() (int, error) {
		w, err := t.sessions(q)
		if err != nil {
			return 0, err
		}
		return t.exec(ctx, `DELETE FROM {sessions}`+w.String(), w.args...)
	})
}

// TouchSession implements [store.Standalone].
func (s *Store) TouchSession(ctx context.Context, hash store.Hash, seenAt, idleAt time.Time) error {
	d := s.dialect()
	_, err := alone(ctx, s, func(c conn) (struct{}, error) {
		return struct{}{}, c.remove(ctx, `UPDATE {sessions} SET seen_at = `+d.later("seen_at", "$2")+`, idle_at = `+d.later("idle_at", "$3")+`
			WHERE hash = $1`, hash[:], d.at(seenAt), d.at(idleAt))
	})
	return err
}
