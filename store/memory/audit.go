package memory

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type events struct {
	table[orgKey, store.AuditEvent]
	sealed   *group[string, store.AuditEvent]
	unsealed *group[string, store.AuditEvent]
	heads    map[string]store.AuditHead
}

func newEvents() events {
	sealed := newGroup(func(e *store.AuditEvent) (string, bool) { return e.OrgID, e.Seq != 0 })
	unsealed := newGroup(func(e *store.AuditEvent) (string, bool) { return e.OrgID, e.Seq == 0 })
	return events{
		table: newTable(
			func(e *store.AuditEvent) orgKey { return orgKey{e.OrgID, e.ID} }, nil, sealed, unsealed),
		sealed:   sealed,
		unsealed: unsealed,
		heads:    map[string]store.AuditHead{},
	}
}

func (t *events) deleteOrg(log *undo, org string) {
	for _, e := range slices.Concat(t.sealed.take(org), t.unsealed.take(org)) {
		t.delete(log, e)
	}
	t.setHead(log, org, store.AuditHead{})
}

func (t *events) setHead(log *undo, org string, head store.AuditHead) {
	old := t.heads[org]
	t.putHead(org, head)
	log.add(func() { t.putHead(org, old) })
}

func (t *events) putHead(org string, head store.AuditHead) {
	if head == (store.AuditHead{}) {
		delete(t.heads, org)
		return
	}
	t.heads[org] = head
}

func copyEvent(e *store.AuditEvent) store.AuditEvent {
	c := *e
	c.At = instant(e.At)
	c.Body = bytes.Clone(e.Body)
	c.Personal = bytes.Clone(e.Personal)
	return c
}

// AuditHead implements [store.Reader].
func (v view) AuditHead(ctx context.Context, orgID string) (store.AuditHead, error) {
	return read(ctx, v, func(d *data) (store.AuditHead, error) { return d.events.heads[orgID], nil })
}

// AuditEvents implements [store.Reader].
func (v view) AuditEvents(ctx context.Context, orgID string, q store.AuditQuery) (store.Page[store.AuditEvent], error) {
	return read(ctx, v, func(d *data) (store.Page[store.AuditEvent], error) {
		rows := d.events.sealed.get(orgID)
		order := func(e *store.AuditEvent) keyset.Place { return keyset.Place{Num: e.Seq, ID: e.ID} }
		if q.Unsealed {
			rows = d.events.unsealed.get(orgID)
			order = func(e *store.AuditEvent) keyset.Place { return keyset.At(e.At, e.ID) }
		}
		return list[*store.AuditEvent, store.AuditEvent]{
			paging: q.Paging,
			desc:   q.Desc,
			place:  order,
			copy:   copyEvent,
		}.page(where(rows, func(e *store.AuditEvent) bool {
			return anyOf(q.IDs, e.ID) && anyOf(q.Types, e.Type) &&
				anyOf(q.Actors, e.Actor) && anyOf(q.Targets, e.Target) &&
				(q.Outcome == "" || q.Outcome == e.Outcome) && within(e.At, q.From, q.To)
		}))
	})
}

// UnsealedOrgs implements [store.Reader].
func (v view) UnsealedOrgs(ctx context.Context, limit int) ([]string, error) {
	return read(ctx, v, func(d *data) ([]string, error) {
		if limit < 1 {
			return nil, store.ErrUnbounded
		}
		out := slices.Sorted(maps.Keys(d.events.unsealed.rows))
		return append([]string{}, out[:min(limit, len(out))]...), nil
	})
}

func (t *tx) AddAudit(ctx context.Context, events ...store.AuditEvent) error {
	return t.write(ctx, func(d *data, log *undo) error {
		for _, e := range events {
			if err := need("audit event", e.ID); err != nil {
				return err
			}
			if e.Seq != 0 || e.Prev != (store.Hash{}) || e.Hash != (store.Hash{}) {
				return errors.New("memory: audit event that is sealed before it is added")
			}
			if _, ok := d.events.get(orgKey{e.OrgID, e.ID}); ok {
				return store.ErrExists
			}
			row := copyEvent(&e)
			if err := d.events.put(log, &row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) SealAudit(ctx context.Context, orgID string, head store.AuditHead, events ...store.AuditEvent) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if d.events.heads[orgID] != head {
			return store.ErrConflict
		}
		for i, e := range events {
			if e.OrgID != orgID {
				return store.ErrNotFound
			}
			if e.Seq != head.Seq+int64(i)+1 {
				return errors.New("memory: audit events are sealed without a gap")
			}
			old, ok := d.events.get(orgKey{orgID, e.ID})
			switch {
			case !ok:
				return store.ErrNotFound
			case old.Seq != 0:
				return store.ErrConflict
			}
			row := copyEvent(old)
			row.Seq, row.Prev, row.Hash = e.Seq, e.Prev, e.Hash
			if err := d.events.put(log, &row); err != nil {
				return err
			}
		}
		if n := len(events); n > 0 {
			d.events.setHead(log, orgID, store.AuditHead{Seq: events[n-1].Seq, Hash: events[n-1].Hash})
		}
		return nil
	})
}

func (t *tx) EraseAudit(ctx context.Context, orgID string, ids []string) (int, error) {
	return count(ctx, t, func(d *data, log *undo) (int, error) {
		n := 0
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			old, ok := d.events.get(orgKey{orgID, id})
			if !ok {
				continue
			}
			row := copyEvent(old)
			row.Personal = nil
			if err := d.events.put(log, &row); err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
}

func (t *tx) PruneAudit(ctx context.Context, orgID string, through int64) (int, error) {
	return count(ctx, t, func(d *data, log *undo) (int, error) {
		n := 0
		for _, e := range d.events.sealed.take(orgID) {
			if e.Seq <= through {
				d.events.delete(log, e)
				n++
			}
		}
		return n, nil
	})
}
