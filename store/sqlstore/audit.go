package sqlstore

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const eventColumns = "org_id, id, seq, at, type, actor, target, outcome, prev, hash, body, personal"

func scanEvent(r row) (e store.AuditEvent, err error) {
	err = r.Scan(&e.OrgID, &e.ID, &e.Seq, instant{&e.At}, &e.Type, &e.Actor, &e.Target, &e.Outcome,
		digest{&e.Prev}, digest{&e.Hash}, &e.Body, &e.Personal)
	return e, err
}

func scanHead(r row) (h store.AuditHead, err error) {
	err = r.Scan(&h.Seq, digest{&h.Hash})
	return h, err
}

// AuditHead implements [store.Reader].
func (c conn) AuditHead(ctx context.Context, orgID string) (store.AuditHead, error) {
	return do(ctx, c, func() (store.AuditHead, error) { return c.head(ctx, orgID) })
}

func (c conn) head(ctx context.Context, orgID string) (store.AuditHead, error) {
	h, err := one(ctx, c, scanHead, `SELECT seq, hash FROM {audit_heads} WHERE org_id = $1`, orgID)
	if errors.Is(err, store.ErrNotFound) {
		return store.AuditHead{}, nil
	}
	return h, err
}

// AuditEvents implements [store.Reader].
func (c conn) AuditEvents(ctx context.Context, orgID string, q store.AuditQuery) (store.Page[store.AuditEvent], error) {
	return do(ctx, c, func() (store.Page[store.AuditEvent], error) {
		w := c.where()
		w.is("org_id", orgID)
		by := order{by: "seq", kind: byNumber, id: "id", desc: q.Desc}
		place := func(e store.AuditEvent) keyset.Place { return keyset.Place{Num: e.Seq, ID: e.ID} }
		if q.Unsealed {
			w.and("seq = 0")
			by.by, by.kind = "at", byInstant
			place = func(e store.AuditEvent) keyset.Place { return keyset.At(e.At, e.ID) }
		} else {
			w.and("seq > 0")
		}
		w.in("id", q.IDs)
		w.in("type", q.Types)
		w.in("actor", q.Actors)
		w.in("target", q.Targets)
		w.narrow("outcome", q.Outcome)
		w.within("at", q.From, q.To)
		return list[store.AuditEvent]{
			from: `SELECT ` + eventColumns + ` FROM {audit_events}`, scan: scanEvent, order: by, place: place,
		}.page(ctx, c, w, q.Paging, 0)
	})
}

// UnsealedOrgs implements [store.Reader].
func (c conn) UnsealedOrgs(ctx context.Context, limit int) ([]string, error) {
	return do(ctx, c, func() ([]string, error) {
		if limit < 1 {
			return nil, store.ErrUnbounded
		}
		return all(ctx, c, scanText, `SELECT DISTINCT org_id FROM {audit_events} WHERE seq = 0 ORDER BY org_id LIMIT $1`, limit)
	})
}

// AddAudit implements [store.Writer].
func (t *Tx) AddAudit(ctx context.Context, events ...store.AuditEvent) error {
	return step(ctx, t.conn, func() error {
		none := store.Hash{}
		for _, e := range events {
			if err := need("audit event", e.ID); err != nil {
				return err
			}
			if e.Seq != 0 || e.Prev != none || e.Hash != none {
				return errors.New("sqlstore: audit event that is sealed before it is added")
			}
			n, err := t.exec(ctx, `INSERT INTO {audit_events} (`+eventColumns+`) VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $8, $9, $10)
				ON CONFLICT DO NOTHING`,
				e.OrgID, e.ID, t.dialect().at(e.At), e.Type, e.Actor, e.Target, e.Outcome, none[:], blob(e.Body), blob(e.Personal))
			if err != nil {
				return err
			}
			if n == 0 {
				return store.ErrExists
			}
		}
		return nil
	})
}

// SealAudit implements [store.Writer].
func (t *Tx) SealAudit(ctx context.Context, orgID string, head store.AuditHead, events ...store.AuditEvent) error {
	return step(ctx, t.conn, func() error {
		if is, err := t.head(ctx, orgID); err != nil || is != head {
			return or(err, store.ErrConflict)
		}
		next := head
		for _, e := range events {
			if e.OrgID != orgID {
				return store.ErrNotFound
			}
			if e.Seq != next.Seq+1 {
				return errors.New("sqlstore: audit events are sealed without a gap")
			}
			next = store.AuditHead{Seq: e.Seq, Hash: e.Hash}
		}
		if len(events) == 0 {
			return nil
		}
		return t.savepoint(ctx, func() error { return t.seal(ctx, orgID, next, events) })
	})
}

// seal gives events their place and moves the head, which has just been read: who has
// moved it meanwhile makes this transaction run again.
func (t *Tx) seal(ctx context.Context, orgID string, head store.AuditHead, events []store.AuditEvent) error {
	for _, e := range events {
		n, err := t.exec(ctx, `UPDATE {audit_events} SET seq = $3, prev = $4, hash = $5 WHERE org_id = $1 AND id = $2 AND seq = 0`,
			orgID, e.ID, e.Seq, e.Prev[:], e.Hash[:])
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := one(ctx, t.conn, scanInt, `SELECT seq FROM {audit_events} WHERE org_id = $1 AND id = $2`, orgID, e.ID)
			return or(err, store.ErrConflict)
		}
	}
	_, err := t.exec(ctx, `INSERT INTO {audit_heads} (org_id, seq, hash) VALUES ($1, $2, $3)
		ON CONFLICT (org_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash`, orgID, head.Seq, head.Hash[:])
	return err
}

// EraseAudit implements [store.Writer].
func (t *Tx) EraseAudit(ctx context.Context, orgID string, ids []string) (int, error) {
	return do(ctx, t.conn, func() (int, error) {
		w := t.where()
		none := w.arg([]byte{})
		w.is("org_id", orgID)
		w.and("id IN (" + w.each(ids) + ")")
		return t.exec(ctx, `UPDATE {audit_events} SET personal = `+none+w.String(), w.args...)
	})
}

// PruneAudit implements [store.Writer].
func (t *Tx) PruneAudit(ctx context.Context, orgID string, through int64) (int, error) {
	return do(ctx, t.conn, func() (int, error) {
		return t.exec(ctx, `DELETE FROM {audit_events} WHERE org_id = $1 AND seq > 0 AND seq <= $2`, orgID, through)
	})
}

// or is err, or else what is wrong without it.
func or(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
