package memory

import (
	"context"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type grants struct {
	table[orgKey, store.Grant]
	byOrg     *group[string, store.Grant]
	bySubject *group[orgKey, store.Grant]
}

func newGrants() grants {
	byOrg := newGroup(func(g *store.Grant) (string, bool) { return g.OrgID, true })
	bySubject := newGroup(func(g *store.Grant) (orgKey, bool) { return orgKey{g.OrgID, g.Subject}, true })
	return grants{
		table: newTable(
			func(g *store.Grant) orgKey { return orgKey{g.OrgID, g.ID} },
			func(g *store.Grant) *int64 { return &g.Version },
			byOrg, bySubject),
		byOrg:     byOrg,
		bySubject: bySubject,
	}
}

func (t *grants) deleteOrg(log *undo, org string) {
	for _, g := range t.byOrg.take(org) {
		t.delete(log, g)
	}
}

func copyGrant(g *store.Grant) store.Grant {
	c := *g
	c.CreatedAt = instant(g.CreatedAt)
	c.ExpiresAt = instant(g.ExpiresAt)
	return c
}

// Grants implements [store.Reader].
func (v view) Grants(ctx context.Context, orgID string, q store.GrantQuery) (store.Page[store.Grant], error) {
	return read(ctx, v, func(d *data) (store.Page[store.Grant], error) {
		rows := d.grants.byOrg.get(orgID)
		if len(q.Subjects) > 0 {
			rows = d.grants.bySubject.any(inOrg(orgID, q.Subjects))
		}
		return list[*store.Grant, store.Grant]{
			paging: q.Paging,
			place:  func(g *store.Grant) keyset.Place { return keyset.At(g.CreatedAt, g.ID) },
			copy:   copyGrant,
		}.page(where(rows, func(g *store.Grant) bool {
			return q.Project == nil || *q.Project == g.Project
		}))
	})
}

func (t *tx) PutGrant(ctx context.Context, g store.Grant) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if err := need("grant", g.OrgID, g.ID); err != nil {
			return err
		}
		row := copyGrant(&g)
		return d.grants.createOrUpdate(log, &row)
	})
}

func (t *tx) DeleteGrant(ctx context.Context, orgID, id string) error {
	return t.write(ctx, func(d *data, log *undo) error {
		return d.grants.remove(log, orgKey{orgID, id})
	})
}
