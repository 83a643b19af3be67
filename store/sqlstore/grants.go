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
		from, left := soughtGrants(w, orgID, q)
		w.in("id", left.IDs)
		w.in("subject", left.Subjects)
		w.in("project", left.Projects)
		w.in("role", left.Roles)
		return list[store.Grant]{
			from:  `SELECT ` + grantColumns + ` FROM ` + from,
			scan:  scanGrant,
			order: order{by: "created_at", kind: byInstant, id: "id"},
			place: func(g store.Grant) keyset.Place { return keyset.At(g.CreatedAt, g.ID) },
		}.page(ctx, c, w, q.Paging, 0)
	})
}

// fewProjects is how many are looked up by the index for each subject, and not among all
// that the subject has.
const fewProjects = 4

// soughtGrants is where the grants that q is for are found, and what is left to ask of
// them: one by one by the index for what q names, and then put in order. That way is not
// left to the database. It may take the grants of others for few, or go through all of the
// org in their order for the sake of the first that fit.
func soughtGrants(w *where, orgID string, q store.GrantQuery) (from string, left store.GrantQuery) {
	org := w.arg(orgID)
	cond, index := "r.org_id = "+org, ""
	switch {
	case q.Person != "":
		from, index = reaching(w, org, q.Person)+" AS s", "grants_reach"
		cond += " AND r.subject = s.id AND r.subject_kind = s.kind"
		if n := len(q.Projects); n > 0 && n <= fewProjects {
			from += " CROSS JOIN " + w.once(q.Projects) + " AS p"
			cond += " AND r.project = p.value"
			q.Projects = nil
		}
	case len(q.IDs) > 0:
		from = w.once(q.IDs) + " AS s"
		cond += " AND r.id = s.value"
		q.IDs = nil
	case len(q.Subjects) > 0:
		from, index = w.once(q.Subjects)+" AS s", "grants_reach"
		cond += " AND r.subject = s.value"
		q.Subjects = nil
	case len(q.Projects) > 0 && !slices.Contains(q.Projects, ""):
		from, index = w.once(q.Projects)+" AS s", "grants_project"
		cond += " AND r.project = s.value AND r.project <> ''"
		q.Projects = nil
	default:
		w.and("org_id = " + org)
		return "{grants}", q
	}
	return "(SELECT r.* FROM " + from + w.d.lookup("grants", index, cond) + ") AS g", q
}

// reaching is a query for the subjects by which grants reach a person. The entry is looked
// up by itself, and its groups by what was found, whatever the database takes for the size
// of a group.
func reaching(w *where, org, person string) string {
	who := w.arg(person)
	return "(SELECT '" + store.SubjectUser + "' AS kind, CAST(" + who + " AS text) AS id" +
		" UNION ALL SELECT '" + store.SubjectEveryone + "', ''" +
		" UNION ALL SELECT '" + store.SubjectGroup + "', m.group_id FROM {members} AS m" + w.d.by("members_entry") +
		" WHERE m.org_id = " + org + " AND m.entry_id = (SELECT e.id FROM {entries} AS e" + w.d.by("entries_user") +
		" WHERE e.org_id = " + org + " AND e.user_id = " + who + " AND e.user_id <> ''))"
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
