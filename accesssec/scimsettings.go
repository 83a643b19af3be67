package accesssec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// SCIMSettings are how an org is provisioned. The zero value takes what every known client
// sends, shows all members, and gives no roles.
type SCIMSettings struct {
	// Profile says how much of the standard is asked of the client; "" is scim.Detect.
	Profile scim.Profile
	// HideExternals leaves members out of what the client reads whose address is on none of
	// the org's verified domains. It could not change them anyway. A client by a token of the org
	// that this one has its sign-on from sees none of them in any case.
	HideExternals bool
	// GroupRoles are the roles that people have by being in a group. At most 100.
	GroupRoles []SCIMGroupRole
	// Version is the one that was read; [Admin.SetSCIM] refuses another.
	Version int64
}

// SCIMGroupRole is one role for all who are in a group that the identity provider keeps: a role
// in the org, or one on projects. Exactly one of OrgRole and Role is set.
type SCIMGroupRole struct {
	Group   string      `json:"group"`              // its displayName, compared as names of teams are
	OrgRole policy.Role `json:"org_role,omitempty"` // policy.Admin or policy.Billing
	Project string      `json:"project,omitempty"`  // that Role is on; "" the org, and with it every project
	Role    string      `json:"role,omitempty"`     // a policy.ProjectRole, or the id of a custom [Role]
}

const mostGroupRoles = 100

// scimSettings are they as they are kept.
type scimSettings struct {
	Profile       scim.Profile    `json:"profile,omitempty"`
	HideExternals bool            `json:"hide_externals,omitempty"`
	GroupRoles    []SCIMGroupRole `json:"group_roles,omitempty"`
}

var scimSettingses = collection[scimSettings]{"scim_settings"}

// theSCIMSettings is the id of the one Doc of an org.
const theSCIMSettings = "scim"

// scimSettingsOf reads an org's; fresh ones where there are none.
func scimSettingsOf(ctx context.Context, r store.Reader, orgID string) (kept[scimSettings], error) {
	k, err := scimSettingses.get(ctx, r, orgID, theSCIMSettings)
	if errors.Is(err, store.ErrNotFound) {
		return scimSettingses.fresh(orgID, theSCIMSettings, "", time.Time{}, time.Time{}, scimSettings{}), nil
	}
	return k, err
}

func (k scimSettings) shown(version int64) SCIMSettings {
	out := SCIMSettings{Profile: k.Profile, HideExternals: k.HideExternals, GroupRoles: slices.Clone(k.GroupRoles), Version: version}
	if out.Profile == "" {
		out.Profile = scim.Detect
	}
	return out
}

// SetSCIM changes how the org is provisioned, and carries out at once what the roles of groups
// come to. It is for Owners and Admins, asks for the password again ([Me.Prove]), and tells all
// Owners and Admins. It returns the settings as they are kept.
//
// Who changes the roles of groups may give what they add and take what they remove: CodeAbove.
// No group makes an Owner. A role that is not there, or none that a group can give, is
// CodeRole; a group without a usable name CodeTeamName; more than 100 CodeRoleLimit. A Version
// that is not the one that was read is CodeConflict. Where an org has its sign-on from another,
// which provisions it, what becomes of its people and groups is its own to say all the same.
func (a *Admin) SetSCIM(ctx context.Context, next SCIMSettings) (SCIMSettings, error) {
	if err := next.sound(); err != nil {
		return SCIMSettings{}, err
	}
	var out SCIMSettings
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		org, err := c.Org(ctx, a.p.OrgID)
		if err != nil {
			return err
		}
		k, err := scimSettingsOf(ctx, c, org.ID)
		if err != nil {
			return err
		}
		e := by.by(audit.SCIMChanged, thing(audit.KindOrg, org.ID, org.Name))
		was, is := k.Value, next.kept()
		if e.Changes = changedSCIM(was, is); k.Version != next.Version {
			err = refuse(CodeConflict, "")
		} else {
			err = a.mayMapGroups(ctx, c, by, was, is)
		}
		if err != nil {
			return refusedAs(err, org.ID, e)
		}
		if len(e.Changes) == 0 {
			out = was.shown(k.Version)
			return errSettled
		}
		if k.Value = is; k.At.IsZero() {
			k.At = c.now
		}
		if err := scimSettingses.put(ctx, c, k); err != nil {
			return err
		}
		out = is.shown(k.Version + 1)
		if err := c.record(ctx, org.ID, e); err != nil {
			return err
		}
		if err := a.s.groupRolesChanged(ctx, c, by, org, was, is); err != nil {
			return err
		}
		return a.tellSCIM(ctx, c, by, TemplateSCIMChanged, map[string]string{"fields": scimFields(e.Changes)})
	})
	if err = unless(err, errSettled); err != nil {
		return SCIMSettings{}, err
	}
	return out, nil
}

// sound refuses what a caller can't mean.
func (s SCIMSettings) sound() error {
	switch s.Profile {
	case "", scim.Detect, scim.Entra, scim.Okta, scim.OneLogin, scim.JumpCloud, scim.Strict:
	default:
		return fmt.Errorf("accesssec: there is no SCIM profile %q", s.Profile)
	}
	for _, g := range s.GroupRoles {
		if err := soundProject(g.Project); err != nil {
			return err
		}
	}
	return nil
}

// kept is how they are kept: names as names of teams are, each role of a group once, and in an
// order of their own.
func (s SCIMSettings) kept() scimSettings {
	out := scimSettings{Profile: s.Profile, HideExternals: s.HideExternals}
	if out.Profile == scim.Detect {
		out.Profile = ""
	}
	for _, g := range s.GroupRoles {
		if name, _, ok := teamName(g.Group); ok {
			g.Group = name
		}
		if !slices.ContainsFunc(out.GroupRoles, g.same) {
			out.GroupRoles = append(out.GroupRoles, g)
		}
	}
	return out
}

// same reports whether o gives the same role to the same group.
func (g SCIMGroupRole) same(o SCIMGroupRole) bool {
	return g.OrgRole == o.OrgRole && g.Project == o.Project && g.Role == o.Role && teamKey(g.Group) == teamKey(o.Group)
}

// String is it as the log and the notices have it.
func (g SCIMGroupRole) String() string {
	switch {
	case g.OrgRole != "":
		return fmt.Sprintf("%s: %s of the organization", g.Group, g.OrgRole)
	case g.Project == "":
		return fmt.Sprintf("%s: %s on every project", g.Group, g.Role)
	}
	return fmt.Sprintf("%s: %s on %s", g.Group, g.Role, g.Project)
}

// mayMapGroups refuses roles of groups that can't be, and those that are more than who changes
// them may give, or take away.
func (a *Admin) mayMapGroups(ctx context.Context, c *change, by acting, was, is scimSettings) error {
	if len(is.GroupRoles) > mostGroupRoles {
		return refuse(CodeRoleLimit, "an organization has roles for at most 100 groups")
	}
	more, less := without(is.GroupRoles, was.GroupRoles), without(was.GroupRoles, is.GroupRoles)
	if len(more)+len(less) == 0 {
		return nil
	}
	set, err := rolesOf(ctx, c, a.p.OrgID)
	if err != nil {
		return err
	}
	h, err := a.s.holdings(ctx, c, a.p.OrgID, Subject{ToPerson, by.user.ID}, nil)
	if err != nil {
		return err
	}
	for _, g := range more {
		if err := g.usable(set.Value); err != nil {
			return err
		}
		if g.OrgRole != "" && !by.role.MayGive(g.OrgRole) || g.Role != "" && !h.lasting(time.Time{}).covers(g.Project, g.Role, set.Value) {
			return refuse(CodeAbove, "the role allows more than who gives it to the group may do")
		}
	}
	for _, g := range less {
		if g.OrgRole != "" && !by.role.MayChange(g.OrgRole) || g.Role != "" && !h.gives(g.Project, set.Value.madeOf(g.Role, h.actions)) {
			return refuse(CodeAbove, "the role allows more than who takes it from the group may do")
		}
	}
	return nil
}

// without lists what is in of and not in the others.
func without(of, others []SCIMGroupRole) []SCIMGroupRole {
	var out []SCIMGroupRole
	for _, g := range of {
		if !slices.ContainsFunc(others, g.same) {
			out = append(out, g)
		}
	}
	return out
}

// usable refuses what no group can give.
func (g SCIMGroupRole) usable(set roleSet) error {
	_, _, named := teamName(g.Group)
	switch {
	case !named:
		return refuse(CodeTeamName, "")
	case (g.OrgRole == "") == (g.Role == ""):
		return refuse(CodeRole, "a group gives a role in the organization or one on projects")
	case g.OrgRole != "" && (g.OrgRole != policy.Admin && g.OrgRole != policy.Billing || g.Project != ""):
		return refuse(CodeRole, "a group makes people Admin or Billing Admin, of the whole organization")
	case g.Role != "" && !set.has(g.Role):
		return refuse(CodeRole, "")
	}
	return nil
}

// changedSCIM lists what differs.
func changedSCIM(was, is scimSettings) []audit.Change {
	var out []audit.Change
	if a, b := was.shown(0).Profile, is.shown(0).Profile; a != b {
		out = append(out, audit.Change{Field: "profile", Old: string(a), New: string(b)})
	}
	if was.HideExternals != is.HideExternals {
		out = append(out, audit.Change{Field: "hide_externals", Old: strconv.FormatBool(was.HideExternals), New: strconv.FormatBool(is.HideExternals)})
	}
	for _, g := range without(was.GroupRoles, is.GroupRoles) {
		out = append(out, audit.Change{Field: "group_role", Old: g.String()})
	}
	for _, g := range without(is.GroupRoles, was.GroupRoles) {
		out = append(out, audit.Change{Field: "group_role", New: g.String()})
	}
	return out
}

// scimFields names what has changed, each once.
func scimFields(changes []audit.Change) string {
	var once []audit.Change
	for _, c := range changes {
		if !slices.ContainsFunc(once, func(o audit.Change) bool { return o.Field == c.Field }) {
			once = append(once, c)
		}
	}
	return fieldsOf(once)
}
