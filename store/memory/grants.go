package memory

import (
	"context"
	"iter"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type grants struct {
	table[orgKey, store.Grant]
	byOrg     *group[string, store.Grant]
	bySubject *group[orgKey, store.Grant]
	byKind    *group[subjectKey, store.Grant]
}

type subjectKey struct{ org, kind, subject string }

func newGrants() grants {
	byOrg := newGroup(func(g *store.Grant) (string, bool) { return g.OrgID, true })
	bySubject := newGroup(func(g *store.Grant) (orgKey, bool) { return orgKey{g.OrgID, g.Subject}, true })
	byKind := newGroup(func(g *store.Grant) (subjectKey, bool) {
		return subjectKey{g.OrgID, g.SubjectKind, g.Subject}, true
	})
	return grants{
		table: newTable(
			func(g *store.Grant) orgKey { return orgKey{g.OrgID, g.ID} },
			func(g *store.Grant) *int64 { return &g.Version },
			byOrg, bySubject, byKind),
		byOrg:     byOrg,
		bySubject: bySubject,
		byKind:    byKind,
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
		if q.Person == "" && len(q.IDs) == 0 && len(q.Subjects) == 1 && !d.grants.bySubject.has(orgKey{orgID, q.Subjects[0]}) {
			return none[store.Grant](q.Paging) // most people have none of their own
		}
		return list[*store.Grant, store.Grant]{
			paging: q.Paging,
			place:  func(g *store.Grant) keyset.Place { return keyset.At(g.CreatedAt, g.ID) },
			copy:   copyGrant,
		}.page(where(d.grantCandidates(orgID, q), grantCondition(q)))
	})
}

// grantCandidates are all that q can hold for, each once: those that reach its Person if
// it has one.
func (d *data) grantCandidates(org string, q store.GrantQuery) iter.Seq[*store.Grant] {
	switch {
	case q.Person != "":
		return d.grants.byKind.any(d.reaching(org, q.Person))
	case len(q.IDs) > 0:
		return d.grants.any(inOrg(org, q.IDs))
	case len(q.Subjects) > 0:
		return d.grants.bySubject.any(inOrg(org, q.Subjects))
	}
	return d.grants.byOrg.get(org)
}

// reaching are the subjects by which a grant reaches a person.
func (d *data) reaching(org, person string) []subjectKey {
	keys := []subjectKey{{org, store.SubjectUser, person}, {org, store.SubjectEveryone, ""}}
	if e, ok := d.entries.byUser.get(orgKey{org, person}); ok {
		for group := range d.members.groups[orgKey{org, e.id()}] {
			keys = append(keys, subjectKey{org, store.SubjectGroup, group})
		}
	}
	return keys
}

// grantCondition is all of q but Person.
func grantCondition(q store.GrantQuery) func(*store.Grant) bool {
	ids, subjects, projects, roles := newSet(q.IDs), newSet(q.Subjects), newSet(q.Projects), newSet(q.Roles)
	return func(g *store.Grant) bool {
		return ids.admits(g.ID) && subjects.admits(g.Subject) && projects.admits(g.Project) && roles.admits(g.Role)
	}
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
