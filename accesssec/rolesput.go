package accesssec

import (
	"context"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// PutRole makes a custom role, or with an ID changes one, for everybody who has it and from
// their next request on. It is for Owners and Admins of the org, and for actions that they
// may do on all of its projects themselves: of the role as it is to be, and as it was. So
// nobody widens what others have beyond themselves, and nobody narrows what is above them:
// CodeAbove. What comes into a role is there for good, so a right of theirs that ends does not
// count for that. An Owner may all of it, for some of the host's actions no role has by itself.
//
// What who has a role may manage projects by from then on wants a fresh proof ([Me.Prove]); a new
// role, which nobody has, does not.
//
// The name is kept on one line; one that is empty, too long or another role's, as names of
// teams are compared, is CodeName.
// Actions that are none on projects, or none at all, are CodeActions; an org has at most 50
// roles of its own: CodeRoleLimit. A Version that is not the one that was read is
// CodeConflict. It returns the role as it is kept.
func (a *Admin) PutRole(ctx context.Context, r Role) (Role, error) {
	var out Role
	err := a.s.change(ctx, func(c *change) error {
		by, h, err := a.onRoles(ctx, c)
		if err != nil {
			return err
		}
		set, err := rolesOf(ctx, c, a.p.OrgID)
		if err != nil {
			return err
		}
		was, next, err := set.Value.take(r, a.s.opts.Actions)
		e := by.by(audit.RoleCreated, thing(audit.KindRole, next.ID, next.Name))
		if r.ID != "" {
			e.Type = audit.RoleChanged
		}
		if e.Changes = changedRole(was, next); err == nil && len(e.Changes) == 0 {
			out = was.role(set.Value, a.s.opts.Actions)
			return errSettled
		}
		if err == nil && !(h.gives("", was.Actions) && h.lasting(time.Time{}).gives("", added(was, next))) {
			err = refuse(CodeAbove, "the role allows, or is to allow, more than who changes it may do on every project")
		}
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		if r.ID != "" && slices.Contains(added(was, next), policy.ManageProject) {
			if err := a.s.proved(by.session); err != nil {
				return err
			}
		}
		if set.Value.keep(next); set.At.IsZero() {
			set.At = c.now
		}
		if err := customRoles.put(ctx, c, set); err != nil {
			return err
		}
		out = next.role(set.Value, a.s.opts.Actions)
		return c.record(ctx, a.p.OrgID, e)
	})
	if err = unless(err, errSettled); err != nil {
		return Role{}, err
	}
	return out, nil
}

// onRoles is authorise for who may change the org's roles, with what they may do themselves.
func (a *Admin) onRoles(ctx context.Context, r store.Reader) (acting, holdings, error) {
	by, err := a.authorise(ctx, r, asIs)
	if err != nil {
		return by, holdings{}, err
	}
	h, err := a.s.holdings(ctx, r, a.p.OrgID, Subject{ToPerson, a.p.UserID}, nil)
	return by, h, err
}

// take is a role as it was, zero when it is a new one, and as it is asked to be; with what
// stands in the way of that.
func (s roleSet) take(r Role, host []policy.Permission) (was, next customRole, err error) {
	name, key, sound := teamName(r.Name) // what is no name of a team is none of a role
	next = customRole{ID: r.ID, Name: name, Actions: slices.Clone(r.Actions)}
	slices.Sort(next.Actions)
	next.Actions = slices.Compact(next.Actions)
	known := onProjects(host)
	switch i := s.find(r.ID); {
	case r.ID == "":
		next.ID, next.Version = newID("role"), 1
	case i < 0:
		return was, next, refuse(CodeNotFound, "no custom role of the organization")
	default:
		was, next.Version = s.Roles[i], s.Roles[i].Version+1
	}
	switch {
	case r.ID != "" && r.Version != was.Version:
		err = refuse(CodeConflict, "")
	case r.ID == "" && len(s.Roles) >= mostRoles:
		err = refuse(CodeRoleLimit, "an organization has at most 50 roles of its own")
	case !sound || s.named(key, next.ID):
		err = refuse(CodeName, "")
	case len(next.Actions) == 0:
		err = refuse(CodeActions, "no action")
	case slices.ContainsFunc(next.Actions, func(a policy.Action) bool { return !slices.Contains(known, a) }):
		err = refuse(CodeActions, "what is no action on projects")
	}
	return was, next, err
}

// added lists the actions that are in next and were not in was.
func added(was, next customRole) []policy.Action {
	return slices.DeleteFunc(slices.Clone(next.Actions), func(a policy.Action) bool { return slices.Contains(was.Actions, a) })
}

// named reports whether a role but the one with that id has the name: one of the org's, or a
// built-in one, which it could be taken for.
func (s roleSet) named(key, but string) bool {
	for _, b := range policy.ProjectRoles() {
		if teamKey(b.Name()) == key {
			return true
		}
	}
	return slices.ContainsFunc(s.Roles, func(o customRole) bool { return o.ID != but && teamKey(o.Name) == key })
}

// keep puts r into the set, in the place of what it was.
func (s *roleSet) keep(r customRole) {
	s.Roles = slices.Clone(s.Roles)
	if i := s.find(r.ID); i >= 0 {
		s.Roles[i] = r
	} else {
		s.Roles = append(s.Roles, r)
	}
}

// changedRole lists what differs, each action by itself: a list of them could be cut short.
func changedRole(was, next customRole) []audit.Change {
	var out []audit.Change
	if was.Name != next.Name {
		out = append(out, audit.Change{Field: "name", Old: was.Name, New: next.Name})
	}
	for _, a := range was.Actions {
		if !slices.Contains(next.Actions, a) {
			out = append(out, audit.Change{Field: "action", Old: string(a)})
		}
	}
	for _, a := range next.Actions {
		if !slices.Contains(was.Actions, a) {
			out = append(out, audit.Change{Field: "action", New: string(a)})
		}
	}
	return out
}
