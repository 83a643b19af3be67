package sqlstore

import (
	"context"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const orgColumns = "id, name, sso_from, access, created_at, version"

func scanOrg(r row) (o store.Org, err error) {
	err = r.Scan(&o.ID, &o.Name, &o.SSOFrom, &o.Access, instant{&o.CreatedAt}, &o.Version)
	return o, err
}

func (c conn) orgRecord(o store.Org) record {
	return record{
		version: o.Version,
		values:  []any{o.ID, o.Name, o.SSOFrom, blob(o.Access), c.dialect().at(o.CreatedAt)},
		insert:  `INSERT INTO {orgs} (` + orgColumns + `) VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT DO NOTHING`,
		update: `UPDATE {orgs} SET name = $2, sso_from = $3, access = $4, created_at = $5, version = version + 1
			WHERE id = $1 AND version = $6`,
		find: `SELECT version FROM {orgs} WHERE id = $1`, key: []any{o.ID},
	}
}

// Org implements [store.Reader].
func (c conn) Org(ctx context.Context, id string) (store.Org, error) {
	return found(ctx, c, scanOrg, `SELECT `+orgColumns+` FROM {orgs} WHERE id = $1`, id)
}

// Orgs implements [store.Reader].
func (c conn) Orgs(ctx context.Context, q store.OrgQuery) (store.Page[store.Org], error) {
	return do(ctx, c, func() (store.Page[store.Org], error) {
		w := c.where()
		if q.SSOFrom != "" {
			w.is("sso_from", q.SSOFrom)
			w.and("sso_from <> ''") // which is what the index is for
		}
		return list[store.Org]{
			from:  `SELECT ` + orgColumns + ` FROM {orgs}`,
			scan:  scanOrg,
			order: order{id: "id"},
			place: func(o store.Org) keyset.Place { return keyset.Place{ID: o.ID} },
		}.page(ctx, c, w, q.Paging, 0)
	})
}

// CreateOrg implements [store.Writer].
func (t *Tx) CreateOrg(ctx context.Context, o store.Org) error {
	return step(ctx, t.conn, func() error {
		if err := need("org", o.ID); err != nil {
			return err
		}
		return t.create(ctx, t.orgRecord(o))
	})
}

// UpdateOrg implements [store.Writer].
func (t *Tx) UpdateOrg(ctx context.Context, o store.Org) error {
	return step(ctx, t.conn, func() error { return t.replace(ctx, t.orgRecord(o)) })
}

// DeleteOrg implements [store.Writer].
func (t *Tx) DeleteOrg(ctx context.Context, id string) error {
	return step(ctx, t.conn, func() error {
		n, err := t.exec(ctx, `DELETE FROM {orgs} WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNotFound
		}
		for _, s := range []string{
			`DELETE FROM {domains} WHERE org_id = $1`,
			`DELETE FROM {members} WHERE org_id = $1`,
			`DELETE FROM {entry_index} WHERE org_id = $1`,
			`DELETE FROM {entries} WHERE org_id = $1`,
			`DELETE FROM {grants} WHERE org_id = $1`,
			`DELETE FROM {sessions} WHERE org_id = $1`,
			`DELETE FROM {docs} WHERE org_id = $1`,
			`DELETE FROM {jobs} WHERE org_id = $1`,
			`DELETE FROM {audit_events} WHERE org_id = $1`,
			`DELETE FROM {audit_heads} WHERE org_id = $1`,
		} {
			if _, err := t.exec(ctx, s, id); err != nil {
				return err
			}
		}
		return t.deleteMemberships(ctx, id)
	})
}

// deleteMemberships deletes those of an org: at once where they are ours, one by one
// where they are the host's.
func (t *Tx) deleteMemberships(ctx context.Context, orgID string) error {
	host, ok := t.reader.(hosts)
	if !ok {
		_, err := t.exec(ctx, `DELETE FROM {memberships} WHERE org_id = $1`, orgID)
		return err
	}
	for {
		page, err := host.Memberships(ctx, orgID, store.MembershipQuery{})
		if err != nil {
			return err
		}
		for _, m := range page.Items {
			if err := host.DeleteMembership(ctx, orgID, m.UserID); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
	}
}
