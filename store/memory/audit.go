package memory

import (
	"context"
	"errors"
	"slices"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type events struct {
	table[orgKey, event]
	sealed   *group[string, event]
	unsealed *group[string, event]
	heads    map[string]store.AuditHead
}

func newEvents() events {
	sealed := newGroup(func(e *event) (string, bool) { return e.orgID, e.seq != 0 })
	unsealed := newGroup(func(e *event) (string, bool) { return e.orgID, e.seq == 0 })
	return events{
		table:    newTable((*event).key, nil, sealed, unsealed),
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

// AuditHead implements [store.Reader].
func (v view) AuditHead(ctx context.Context, orgID string) (store.AuditHead, error) {
	return read(ctx, v, func(d *data) (store.AuditHead, error) { return d.events.heads[orgID], nil })
}

// AuditEvents implements [store.Reader].
func (v view) AuditEvents(ctx context.Context, orgID string, q store.AuditQuery) (store.Page[store.AuditEvent], error) {
	return read(ctx, v, func(d *data) (store.Page[store.AuditEvent], error) {
		rows := d.events.sealed.get(orgID)
		order := func(e *event) keyset.Place { return keyset.Place{Num: e.seq, ID: e.part(eventID)} }
		if q.Unsealed {
			rows = d.events.unsealed.get(orgID)
			order = func(e *event) keyset.Place { return keyset.At(e.at, e.part(eventID)) }
		}
		return list[*event, store.AuditEvent]{
			paging: q.Paging,
			desc:   q.Desc,
			place:  order,
			copy:   copyEvent,
		}.page(where(rows, func(e *event) bool {
			return anyOf(q.IDs, e.part(eventID)) && anyOf(q.Types, e.part(eventType)) &&
				anyOf(q.Actors, e.part(eventActor)) && anyOf(q.Targets, e.part(eventTarget)) &&
				(q.Outcome == "" || q.Outcome == e.part(eventOutcome)) && within(e.at, q.From, q.To)
		}))
	})
}

// UnsealedOrgs implements [store.Reader].
func (v view) UnsealedOrgs(ctx context.Context, limit int) ([]string, error) {
	return read(ctx, v, func(d *data) ([]string, error) {
		if limit < 1 {
			return nil, store.ErrUnbounded
		}
		out := slices.Compact(slices.Sorted(d.events.unsealed.each()))
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
			if err := d.events.putAt(log, nowhere, newEvent(&e)); err != nil {
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
			case old.seq != 0:
				return store.ErrConflict
			}
			if err := d.events.put(log, old.sealed(e)); err != nil {
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
			if err := d.events.put(log, old.erased()); err != nil {
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
			if e.seq <= through {
				d.events.delete(log, e)
				n++
			}
		}
		return n, nil
	})
}
