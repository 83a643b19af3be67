package memory

import (
	"bytes"
	"context"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type orgs struct {
	table[string, store.Org]
}

func newOrgs() orgs {
	return orgs{newTable(
		func(o *store.Org) string { return o.ID },
		func(o *store.Org) *int64 { return &o.Version },
	)}
}

func copyOrg(o *store.Org) store.Org {
	c := *o
	c.Access = bytes.Clone(o.Access)
	c.CreatedAt = instant(o.CreatedAt)
	return c
}

// Org implements [store.Reader].
func (v view) Org(ctx context.Context, id string) (store.Org, error) {
	return read(ctx, v, func(d *data) (store.Org, error) {
		o, ok := d.orgs.get(id)
		if !ok {
			return store.Org{}, store.ErrNotFound
		}
		return copyOrg(o), nil
	})
}

// Orgs implements [store.Reader].
func (v view) Orgs(ctx context.Context, q store.OrgQuery) (store.Page[store.Org], error) {
	return read(ctx, v, func(d *data) (store.Page[store.Org], error) {
		return list[*store.Org, store.Org]{
			paging: q.Paging,
			place:  func(o *store.Org) keyset.Place { return keyset.Place{ID: o.ID} },
			copy:   copyOrg,
		}.page(where(d.orgs.all(), func(o *store.Org) bool {
			return q.SSOFrom == "" || o.SSOFrom == q.SSOFrom
		}))
	})
}

func (t *tx) CreateOrg(ctx context.Context, o store.Org) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if err := need("org", o.ID); err != nil {
			return err
		}
		row := copyOrg(&o)
		return d.orgs.create(log, &row)
	})
}

func (t *tx) UpdateOrg(ctx context.Context, o store.Org) error {
	return t.write(ctx, func(d *data, log *undo) error {
		row := copyOrg(&o)
		return d.orgs.update(log, &row)
	})
}

func (t *tx) DeleteOrg(ctx context.Context, id string) error {
	return t.write(ctx, func(d *data, log *undo) error {
		o, ok := d.orgs.get(id)
		if !ok {
			return store.ErrNotFound
		}
		d.orgs.delete(log, o)
		d.domains.deleteOrg(log, id)
		d.memberships.deleteOrg(log, id)
		d.entries.deleteOrg(log, id)
		d.members.deleteOrg(log, id)
		d.grants.deleteOrg(log, id)
		d.sessions.deleteOrg(log, id)
		d.docs.deleteOrg(log, id)
		d.jobs.deleteOrg(log, id)
		d.events.deleteOrg(log, id)
		return nil
	})
}
