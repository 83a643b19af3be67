package sqlstore

import (
	"context"
	"slices"

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
		l := list[store.Grant]{
			from:  `SELECT ` + grantColumns + ` FROM {grants} AS g`,
			scan:  scanGrant,
			order: order{by: "created_at", kind: byInstant, id: "id"},
			place: func(g store.Grant) keyset.Place { return keyset.At(g.CreatedAt, g.ID) },
		}
		if len(q.IDs) > 0 || len(q.Subjects) > 0 || q.Person != "" {
			l.order.by = w.d.unindexed(l.order.by) // few are found, by a better index than that of the order
		}
		projects := q.Projects
		if q.Person == "" {
			w.is("org_id", orgID)
			if len(projects) > 0 && !slices.Contains(projects, "") {
				w.and("project <> ''") // for the index, which leaves out the org itself
			}
		} else {
			few := len(projects) <= fewProjects
			if few {
				projects = nil
			}
			l.from = `SELECT ` + grantColumns + ` FROM (` + reach(w, orgID, q, few) + `) AS g`
		}
		w.in("id", q.IDs)
		w.in("subject", q.Subjects)
		w.in("project", projects)
		w.in("role", q.Roles)
		return l.page(ctx, c, w, q.Paging, 0)
	})
}

// fewProjects is how many are looked up by the index for each subject, and not among all
// that the subject has.
const fewProjects = 8

// reach is a query for the grants that reach q.Person, with the projects of q if these are
// few: one part for each kind of subject, so that no grant comes twice. It is answered as
// it stands, before anything around it: else a database that wants the first few in order
// may go through all grants of the org in that order.
func reach(w *where, orgID string, q store.GrantQuery, few bool) string {
	org, person, project := w.arg(orgID), w.arg(q.Person), ""
	if few && len(q.Projects) > 0 {
		project = " AND " + w.d.among("project", w.each(q.Projects))
	}
	// The entry is looked up by itself, and its groups by what was found, whatever the
	// database takes for the size of a group.
	groups := "SELECT m.group_id FROM {members} AS m WHERE m.org_id = " + org + " AND m.entry_id = (SELECT e.id FROM {entries} AS e" +
		" WHERE e.org_id = " + org + " AND e.user_id = " + person + " AND e.user_id <> '')"
	part := func(subject, kind string) string {
		return "SELECT " + grantColumns + " FROM {grants} WHERE org_id = " + org + " AND " + subject +
			" AND subject_kind = '" + kind + "'" + project
	}
	return part("subject = "+person, store.SubjectUser) +
		" UNION ALL " + part("subject = ''", store.SubjectEveryone) +
		" UNION ALL " + part(w.d.among("subject", groups), store.SubjectGroup) + w.d.fence()
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
