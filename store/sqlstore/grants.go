package sqlstore

import (
	"context"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const grantColumns = "org_id, id, project, subject, subject_kind, role, source, granted_by, created_at, expires_at, version"

func scanGrant(r row) (g store.Grant, err error) {
	err = r.Scan(&g.OrgID, &g.ID, &g.Project, &g.Subject, &g.SubjectKind, &g.Role, &g.Source, &g.GrantedBy,
		instant{&g.CreatedAt}, instant{&g.ExpiresAt}, &g.Version)
	return g, err
}

// Grants implements [store.Reader].
func (c conn) Grants(ctx context.Context, orgID string, q store.GrantQuery) (store.Page[store.Grant], error) {
	return do(ctx, c, func() (store.Page[store.Grant], error) {
		w := c.where()
		w.is("org_id", orgID)
		w.in("subject", q.Subjects)
		if q.Project != nil {
			w.is("project", *q.Project)
		}
		return list[store.Grant]{
			from:  `SELECT ` + grantColumns + ` FROM {grants}`,
			scan:  scanGrant,
			order: order{by: "created_at", kind: byInstant, id: "id"},
			place: func(g store.Grant) keyset.Place { return keyset.At(g.CreatedAt, g.ID) },
		}.page(ctx, c, w, q.Paging, 0)
	})
}

// PutGrant implements [store.Writer].
func (t *Tx) PutGrant(ctx context.Context, g store.Grant) error {
	return step(ctx, t.conn, func() error {
		if err := need("grant", g.OrgID, g.ID); err != nil {
			return err
		}
		d := t.dialect()
		return t.put(ctx, record{
			version: g.Version,
			values: []any{
				g.OrgID, g.ID, g.Project, g.Subject, g.SubjectKind, g.Role, g.Source, g.GrantedBy,
				d.at(g.CreatedAt), d.maybe(g.ExpiresAt),
			},
			insert: `INSERT INTO {grants} (` + grantColumns + `)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) ON CONFLICT DO NOTHING`,
			update: `UPDATE {grants} SET project = $3, subject = $4, subject_kind = $5, role = $6, source = $7, granted_by = $8,
				created_at = $9, expires_at = $10, version = version + 1
				WHERE org_id = $1 AND id = $2 AND version = $11`,
			find: `SELECT version FROM {grants} WHERE org_id = $1 AND id = $2`, key: []any{g.OrgID, g.ID},
		})
	})
}

// DeleteGrant implements [store.Writer].
func (t *Tx) DeleteGrant(ctx context.Context, orgID, id string) error {
	return t.remove(ctx, `DELETE FROM {grants} WHERE org_id = $1 AND id = $2`, orgID, id)
}
