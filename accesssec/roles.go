package accesssec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// Role is a set of actions on projects under a name: one of the four that are built in, or
// one that an org has made for itself.
type Role struct {
	ID      string          // what a [Grant] names: a policy.ProjectRole, or the id of a custom role
	Name    string          // one line of 1 to 100 characters, which no other role has, be it in other letter case
	Actions []policy.Action // what it allows, sorted
	BuiltIn bool
	Version int64 // of a custom role: the one that was read, which [Admin.PutRole] compares
}

// mostRoles is how many custom roles an org may have.
const mostRoles = 50

// roleSet is all custom roles of an org: one Doc, so that one read answers for all of them.
type roleSet struct {
	Roles []customRole `json:"roles"`
}

// customRole is a set of actions under a name.
type customRole struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Actions []policy.Action `json:"actions"`
	Version int64           `json:"version"`
}

var customRoles = collection[roleSet]{"custom_roles"}

// theRoles is the id of the one Doc.
const theRoles = "roles"

// rolesOf reads the set; a fresh one where there is none. One that can't be read is an
// error: who asks what a role allows must not take it for one that is gone, and who
// changes the set must not begin anew.
func rolesOf(ctx context.Context, r store.Reader, orgID string) (kept[roleSet], error) {
	set, err := customRoles.get(ctx, r, orgID, theRoles)
	if errors.Is(err, store.ErrNotFound) {
		return customRoles.fresh(orgID, theRoles, "", time.Time{}, time.Time{}, roleSet{}), nil
	}
	return set, err
}

// find is the place of a custom role in the set; -1 it is not there.
func (s roleSet) find(id string) int {
	return slices.IndexFunc(s.Roles, func(r customRole) bool { return r.ID == id })
}

// has reports whether there is such a role, of ours or of the org's.
func (s roleSet) has(role string) bool {
	return policy.ProjectRole(role).Valid() || s.find(role) >= 0
}

// allowedBy lists what a role allows on its project. One that is gone allows nothing, and
// none allows what is no action on projects, or one that the host has given up.
func (s roleSet) allowedBy(role string, host []policy.Permission) []policy.Action {
	if r := policy.ProjectRole(role); r.Valid() {
		return r.Actions(host...)
	}
	i := s.find(role)
	if i < 0 {
		return nil
	}
	known := onProjects(host)
	return slices.DeleteFunc(slices.Clone(s.Roles[i].Actions), func(a policy.Action) bool { return !slices.Contains(known, a) })
}

// madeOf lists all that a role may ever allow: also what the host does not know at the moment,
// and brings back, or knows in a release that is about to replace this one.
func (s roleSet) madeOf(role string, host []policy.Permission) []policy.Action {
	if i := s.find(role); i >= 0 {
		return s.Roles[i].Actions
	}
	return policy.ProjectRole(role).Actions(host...)
}

// onProjects lists what a custom role can be made of: all actions on projects, ours and the
// host's, and none on the org.
func onProjects(host []policy.Permission) []policy.Action {
	out := policy.ProjectOwner.Actions()
	for _, p := range host {
		out = append(out, p.Action)
	}
	return out
}

// gives reports whether who has this may give or take these actions on a project, or with ""
// on all of them: nobody what they lack themselves. But an Owner of the org may whatever a
// role can be made of, and it takes one to begin with: some actions no role has by itself.
func (h holdings) gives(project string, actions []policy.Action) bool {
	if h.role == policy.Owner {
		return true
	}
	a := h.on(project)
	if !a.Can(policy.ManageProject) {
		return false
	}
	return !slices.ContainsFunc(actions, func(action policy.Action) bool { return !a.Can(action) })
}

// grantsSomewhere reports whether who has this may grant a role on anything.
func (h holdings) grantsSomewhere() bool {
	if h.on("").Can(policy.ManageGrants) {
		return true
	}
	return slices.ContainsFunc(h.grants, func(g store.Grant) bool {
		return slices.Contains(h.custom.allowedBy(g.Role, h.actions), policy.ManageProject)
	})
}

// Roles lists the roles that can be granted: the four that are built in, the highest first,
// and then the org's own by name. They are shown to everybody who may grant any: Owners and
// Admins of the org, and who has project.manage on some project.
func (a *Admin) Roles(ctx context.Context) ([]Role, error) {
	r := a.s.store
	by, err := a.member(ctx, r)
	if err != nil {
		return nil, a.s.refused(ctx, err)
	}
	h, err := a.s.holdings(ctx, r, a.p.OrgID, Subject{ToPerson, a.p.UserID}, nil)
	if err != nil {
		return nil, err
	}
	if !h.grantsSomewhere() {
		return nil, a.s.refused(ctx, a.notAllowed(by, "nobody who may grant a role"))
	}
	set, err := rolesOf(ctx, r, a.p.OrgID)
	if err != nil {
		return nil, err
	}
	out := builtInRoles(a.s.opts.Actions)
	for _, c := range set.Value.Roles {
		out = append(out, c.role(set.Value, a.s.opts.Actions))
	}
	slices.SortStableFunc(out[len(policy.ProjectRoles()):], func(x, y Role) int {
		return strings.Compare(teamKey(x.Name), teamKey(y.Name))
	})
	return out, nil
}

func builtInRoles(host []policy.Permission) []Role {
	var out []Role
	for _, r := range policy.ProjectRoles() {
		actions := r.Actions(host...)
		slices.Sort(actions)
		out = append(out, Role{ID: string(r), Name: r.Name(), Actions: actions, BuiltIn: true})
	}
	return out
}

// role is r as it is shown: with what it allows by now.
func (r customRole) role(set roleSet, host []policy.Permission) Role {
	return Role{ID: r.ID, Name: r.Name, Actions: set.allowedBy(r.ID, host), Version: r.Version}
}

// checkActions refuses Options.Actions that would shadow ours, or one another.
func checkActions(rows []policy.Permission) error {
	seen := map[policy.Action]bool{}
	for _, p := range rows {
		name, host := strings.CutPrefix(string(p.Action), "host.")
		switch {
		case !host || name == "" || len(p.Action) > 64 || string(p.Action) != bound(string(p.Action), 64):
			return fmt.Errorf("accesssec: Options.Actions: %q: want a short name that begins with \"host.\"", p.Action)
		case seen[p.Action]:
			return fmt.Errorf("accesssec: Options.Actions: %q is there twice", p.Action)
		case len(p.Orgs) > 0 || p.Least != "" && !p.Least.Valid():
			return fmt.Errorf("accesssec: Options.Actions: %q: want a project role in Least, or none", p.Action)
		}
		seen[p.Action] = true
	}
	return nil
}
