package sqlstore

import (
	"context"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const domainColumns = "org_id, id, name, status, claim, version"

func scanDomain(r row) (d store.Domain, err error) {
	err = r.Scan(&d.OrgID, &d.ID, &d.Name, &d.Status, &d.Claim, &d.Version)
	return d, err
}

// holding is of the states in which a claim holds its name.
const holding = "IN ('verified', 'missing')"

func domainRecord(d store.Domain) record {
	holds := d.Status == store.DomainVerified || d.Status == store.DomainMissing
	return record{
		version: d.Version,
		values:  []any{d.OrgID, d.ID, d.Name, d.Status, blob(d.Claim)},
		insert:  `INSERT INTO {domains} (` + domainColumns + `) VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT DO NOTHING`,
		update: `UPDATE {domains} SET name = $3, status = $4, claim = $5, version = version + 1
			WHERE org_id = $1 AND id = $2 AND version = $6`,
		same: `name = $3 AND (status ` + holding + `) = ($4 ` + holding + `)`,
		find: `SELECT version FROM {domains} WHERE org_id = $1 AND id = $2`, key: []any{d.OrgID, d.ID},
		taken: `SELECT count(*) FROM {domains} WHERE name = $3 AND NOT (org_id = $1 AND id = $2)
			AND (org_id = $1 OR $4 AND status ` + holding + `)`,
		keys: []any{d.OrgID, d.ID, d.Name, holds},
	}
}

// Domain implements [store.Reader].
func (c conn) Domain(ctx context.Context, orgID, id string) (store.Domain, error) {
	return found(ctx, c, scanDomain, `SELECT `+domainColumns+` FROM {domains} WHERE org_id = $1 AND id = $2`, orgID, id)
}

// Domains implements [store.Reader].
func (c conn) Domains(ctx context.Context, orgID string, p store.Paging) (store.Page[store.Domain], error) {
	return do(ctx, c, func() (store.Page[store.Domain], error) {
		w := c.where()
		w.is("org_id", orgID)
		return list[store.Domain]{
			from:  `SELECT ` + domainColumns + ` FROM {domains}`,
			scan:  scanDomain,
			order: order{by: "name", kind: byText, id: "id"},
			place: func(d store.Domain) keyset.Place {
				return keyset.Place{Missing: d.Name == "", Text: d.Name, ID: d.ID}
			},
		}.page(ctx, c, w, p, 0)
	})
}

// DomainsByName implements [store.Reader].
func (c conn) DomainsByName(ctx context.Context, names []string) ([]store.Domain, error) {
	return do(ctx, c, func() ([]store.Domain, error) {
		if len(names) == 0 {
			return nil, store.ErrUnbounded
		}
		w := c.where()
		w.in("name", names)
		w.and("status IN ('verified', 'missing', 'unverified')")
		return all(ctx, c, scanDomain, `SELECT `+domainColumns+` FROM {domains}`+w.String()+` ORDER BY name, org_id, id`, w.args...)
	})
}

// CreateDomain implements [store.Writer].
func (t *Tx) CreateDomain(ctx context.Context, d store.Domain) error {
	return step(ctx, t.conn, func() error {
		if err := need("domain", d.OrgID, d.ID); err != nil {
			return err
		}
		return t.create(ctx, domainRecord(d))
	})
}

// UpdateDomains implements [store.Writer].
func (t *Tx) UpdateDomains(ctx context.Context, ds ...store.Domain) error {
	return step(ctx, t.conn, func() error {
		if err := t.queue(ctx, len(ds)); err != nil {
			return err
		}
		rs := make([]record, len(ds))
		for i, d := range ds {
			rs[i] = domainRecord(d)
		}
		return t.replaceAll(ctx, rs, batch{
			before:  `UPDATE {domains} AS d SET status = r.status, claim = r.claim, version = d.version + 1 FROM`,
			columns: []string{"org_id text", "id text", "name text", "status text", "claim bytea", "version bigint"},
			after: `WHERE d.org_id = r.org_id AND d.id = r.id AND d.version = r.version AND d.name || '' = r.name -- not by the index of names
				AND (d.status ` + holding + `) = (r.status ` + holding + `) RETURNING r.n`,
		})
	})
}

// DeleteDomain implements [store.Writer].
func (t *Tx) DeleteDomain(ctx context.Context, orgID, id string) error {
	return t.remove(ctx, `DELETE FROM {domains} WHERE org_id = $1 AND id = $2`, orgID, id)
}
