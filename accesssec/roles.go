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

// roleSet is all custom roles of an org: one Doc, so that one read answers for all of them.
type roleSet struct {
	Roles []customRole `json:"roles"`
}

// customRole is a set of actions under a name.
type customRole struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Actions []policy.Action `json:"actions"`
}

var customRoles = collection[roleSet]{"custom_roles"}

// theRoles is the id of the one Doc.
const theRoles = "roles"

// rolesOf reads the set; a fresh one where there is none.
func rolesOf(ctx context.Context, r store.Reader, orgID string) (kept[roleSet], error) {
	set, err := customRoles.get(ctx, r, orgID, theRoles)
	if errors.Is(err, store.ErrNotFound) {
		return customRoles.fresh(orgID, theRoles, "", time.Time{}, time.Time{}, roleSet{}), nil
	}
	return set, err
}

// has reports whether there is such a role, of ours or of the org's.
func (s roleSet) has(role string) bool {
	return policy.ProjectRole(role).Valid() || slices.ContainsFunc(s.Roles, func(r customRole) bool { return r.ID == role })
}

// allowedBy lists what a role allows on its project. One that is gone allows nothing.
func (s roleSet) allowedBy(role string, host []policy.Permission) []policy.Action {
	if r := policy.ProjectRole(role); r.Valid() {
		return r.Actions(host...)
	}
	for _, r := range s.Roles {
		if r.ID == role {
			return r.Actions
		}
	}
	return nil
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
