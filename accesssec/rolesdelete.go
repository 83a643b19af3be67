package accesssec

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// RoleDeletion is what deleting a custom role would do. Its Hash is what DeleteRole wants:
// who confirms a preview confirms that one and no other.
type RoleDeletion struct {
	Hash  string
	Role  Role
	Into  policy.ProjectRole // what its holders get instead; "" nothing
	Moves []RoleMove         // the first hundred, the oldest grant first
	Count int                // all of them
}

// RoleMove is what becomes of one grant.
type RoleMove struct {
	Grant Grant
	To    policy.ProjectRole // on the same project, from the same source, as long; "" it is revoked
}

// PreviewRoleDeletion says who has a custom role, and what they would have after DeleteRole;
// it changes nothing. With an into of "" the grants would be revoked.
func (a *Admin) PreviewRoleDeletion(ctx context.Context, id string, into policy.ProjectRole) (RoleDeletion, error) {
	if err := soundInto(into); err != nil {
		return RoleDeletion{}, err
	}
	if err := a.allowed(ctx); err != nil {
		return RoleDeletion{}, err
	}
	set, err := rolesOf(ctx, a.s.store, a.p.OrgID)
	if err != nil {
		return RoleDeletion{}, err
	}
	return a.roleDeletion(ctx, a.s.store, a.s.now(), set.Value, id, into)
}

func soundInto(into policy.ProjectRole) error {
	if into != "" && !into.Valid() {
		return fmt.Errorf("accesssec: %q is no built-in role", into)
	}
	return nil
}

// DeleteRole deletes a custom role. Everybody who has it gets the built-in role into in its
// place, on the same project, from the same source and for as long; where they have that
// already, the longer of the two stays. With an into of "" the grants are revoked. All of
// that is one transaction, in the log grant by grant: it takes the longer the more there are.
//
// It is for Owners and Admins of the org who may do all that the role allows, and for good all
// that into does, on every project: CodeAbove. It wants the Hash of the preview: when that is
// another by now, it refuses with CodePreviewStale.
func (a *Admin) DeleteRole(ctx context.Context, id string, into policy.ProjectRole, previewed string) error {
	if err := soundInto(into); err != nil {
		return err
	}
	return a.s.change(ctx, func(c *change) error {
		by, h, err := a.onRoles(ctx, c)
		if err != nil {
			return err
		}
		set, err := rolesOf(ctx, c, a.p.OrgID)
		if err != nil {
			return err
		}
		plan, err := a.roleDeletion(ctx, c, c.now, set.Value, id, into)
		if err != nil {
			return err
		}
		e := by.by(audit.RoleDeleted, thing(audit.KindRole, id, plan.Role.Name))
		e.Facts = []audit.Fact{fact("into", string(into))}
		role := set.Value.Roles[set.Value.find(id)]
		switch {
		case !h.gives("", role.Actions) || !h.lasting(time.Time{}).gives("", into.Actions(a.s.opts.Actions...)):
			err = refuse(CodeAbove, "the role, or the one in its place, allows more than who deletes it may do on every project")
		case plan.Hash != previewed:
			err = refuse(CodePreviewStale, "")
		}
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		set.Value.Roles = slices.DeleteFunc(slices.Clone(set.Value.Roles), func(r customRole) bool { return r.ID == id })
		if err := customRoles.put(ctx, c, set); err != nil {
			return err
		}
		m := roleMover{change: c, by: by, orgID: a.p.OrgID, role: id, into: into, names: map[Subject]audit.Target{}}
		if err := m.run(ctx); err != nil {
			return err
		}
		e.Facts = append(e.Facts, count("moved", m.moved), count("joined", m.joined), count("revoked", m.revoked))
		return c.record(ctx, a.p.OrgID, e)
	})
}

// roleDeletion works out what deleting a role would do. The same lines run for the preview
// and, in the transaction, for the change.
func (a *Admin) roleDeletion(ctx context.Context, r store.Reader, now time.Time, set roleSet, id string, into policy.ProjectRole) (RoleDeletion, error) {
	i := set.find(id)
	if i < 0 {
		return RoleDeletion{}, refuse(CodeNotFound, "no custom role of the organization")
	}
	out := RoleDeletion{Role: set.Roles[i].role(set, a.s.opts.Actions), Into: into, Moves: []RoleMove{}}
	sum := sha256.New()
	fmt.Fprintf(sum, "accesssec role deletion v1\n%s %s %d %q\n", a.p.OrgID, id, out.Role.Version, into)
	q := store.GrantQuery{Roles: []string{id}, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := r.Grants(ctx, a.p.OrgID, q)
		if err != nil {
			return RoleDeletion{}, err
		}
		for _, g := range page.Items {
			if expired(g, now) {
				continue
			}
			fmt.Fprintf(sum, "%s %s\n", g.ID, endOf(g))
			if out.Count++; len(out.Moves) < 100 {
				out.Moves = append(out.Moves, RoleMove{grantOf(g), into})
			}
		}
		if q.After = page.Next; q.After == "" {
			out.Hash = hexOf(sum.Sum(nil))
			return out, nil
		}
	}
}

// roleMover carries the grants of a role that is going over to another one.
type roleMover struct {
	*change
	by    acting
	orgID string
	role  string
	into  policy.ProjectRole // "" nowhere

	names                  map[Subject]audit.Target
	moved, joined, revoked int
}

// run takes what is left page by page, for each page deletes what it has seen.
func (m *roleMover) run(ctx context.Context) error {
	q := store.GrantQuery{Roles: []string{m.role}, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := m.Grants(ctx, m.orgID, q)
		if err != nil || len(page.Items) == 0 {
			return err
		}
		there, err := m.there(ctx, page.Items)
		if err != nil {
			return err
		}
		for _, g := range page.Items {
			if err := m.DeleteGrant(ctx, g.OrgID, g.ID); err != nil {
				return err
			}
			if expired(g, m.now) {
				continue // nobody has had it
			}
			if err := m.move(ctx, g, there); err != nil {
				return err
			}
		}
	}
}

// next is g with the other role.
func (m *roleMover) next(g store.Grant) store.Grant {
	g.Role, g.GrantedBy, g.CreatedAt, g.Version = string(m.into), m.by.user.ID, m.now, 0
	g.ID = grantID(g)
	return g
}

// there finds those of the other role that the subjects of these have already, by id.
func (m *roleMover) there(ctx context.Context, grants []store.Grant) (map[string]store.Grant, error) {
	out := map[string]store.Grant{}
	if m.into == "" {
		return out, nil
	}
	ids := make([]string, len(grants))
	for i, g := range grants {
		ids[i] = m.next(g).ID
	}
	page, err := m.Grants(ctx, m.orgID, store.GrantQuery{IDs: ids, Paging: store.Paging{Limit: 1000}})
	for _, g := range page.Items {
		out[g.ID] = g
	}
	return out, err
}

// move gives the subject of g, which has been deleted, what it has in its place.
func (m *roleMover) move(ctx context.Context, g store.Grant, there map[string]store.Grant) error {
	name, err := m.name(ctx, g)
	if err != nil {
		return err
	}
	e := grantEvent(m.by.by(audit.GrantRevoked, name), g)
	e.Facts = append(e.Facts, fact("role_deleted", m.role))
	if m.into == "" {
		m.revoked++
		return m.record(ctx, m.orgID, e)
	}
	next := m.next(g)
	had, is := there[next.ID]
	live := is && !expired(had, m.now)
	if live {
		m.joined++
		next.CreatedAt, next.GrantedBy = had.CreatedAt, had.GrantedBy
	} else {
		m.moved++
	}
	if live && !outlasts(next, had) {
		e.Facts = append(e.Facts, fact("stays", had.ID))
		return m.record(ctx, m.orgID, e)
	}
	next.Version = had.Version // 0: it is a new one
	if err := m.PutGrant(ctx, next); err != nil {
		return err
	}
	e = grantEvent(m.by.by(audit.GrantAdded, name), next)
	e.Facts = append(e.Facts, fact("instead_of", g.ID), fact("role_deleted", m.role))
	return m.record(ctx, m.orgID, e)
}

// outlasts reports whether g ends later than o.
func outlasts(g, o store.Grant) bool {
	return !o.ExpiresAt.IsZero() && (g.ExpiresAt.IsZero() || g.ExpiresAt.After(o.ExpiresAt))
}

// name is how the log names the subject, who need not be there any more.
func (m *roleMover) name(ctx context.Context, g store.Grant) (audit.Target, error) {
	of := Subject{SubjectKind(g.SubjectKind), g.Subject}
	if name, ok := m.names[of]; ok {
		return name, nil
	}
	name, err := m.named(ctx, g)
	m.names[of] = name
	return name, err
}
