package policy

import "slices"

// ProjectRole is a role on one project of the host's, or on all projects of an org.
type ProjectRole string

// The project roles, the highest first. Each allows all that the ones below it allow.
const (
	ProjectOwner ProjectRole = "owner"
	ProjectAdmin ProjectRole = "admin"
	Analyst      ProjectRole = "analyst"
	Consumer     ProjectRole = "consumer"
)

// ProjectRoles lists them, the highest first. The slice is the caller's.
func ProjectRoles() []ProjectRole {
	return []ProjectRole{ProjectOwner, ProjectAdmin, Analyst, Consumer}
}

// Name is the role as people read it, in English; of what is none of the four it is "".
func (r ProjectRole) Name() string {
	switch r {
	case ProjectOwner:
		return "Owner"
	case ProjectAdmin:
		return "Admin"
	case Analyst:
		return "Analyst"
	case Consumer:
		return "Consumer"
	}
	return ""
}

// Valid reports whether r is one of the four project roles.
func (r ProjectRole) Valid() bool { return r.rank() > 0 }

func (r ProjectRole) rank() int {
	switch r {
	case ProjectOwner:
		return 4
	case ProjectAdmin:
		return 3
	case Analyst:
		return 2
	case Consumer:
		return 1
	}
	return 0
}

// AtLeast reports whether r allows all that o allows. A role that is none of the four
// allows nothing, and nothing is at least that.
func (r ProjectRole) AtLeast(o ProjectRole) bool {
	return o.Valid() && r.rank() >= o.rank()
}

// OnProjects is the role that an org role has on every project of the org: Owners are
// project Owners and Admins project Admins. "" none.
func (r Role) OnProjects() ProjectRole {
	switch r {
	case Owner:
		return ProjectOwner
	case Admin:
		return ProjectAdmin
	}
	return ""
}

// Action is one thing that a role may allow. Those of a host begin with "host.".
type Action string

// What org roles allow.
const (
	EnterOrg              Action = "org.enter"
	ManageBilling         Action = "org.billing.manage"
	ViewMembers           Action = "org.members.view"
	ManageMembers         Action = "org.members.manage"
	ManageAccess          Action = "org.access.manage"
	ManageTeams           Action = "org.teams.manage"
	ManageGrants          Action = "org.grants.manage"
	ManageRoles           Action = "org.roles.manage"
	ManageServiceAccounts Action = "org.service_accounts.manage"
	ViewLog               Action = "org.log.view"
	CreateProjects        Action = "org.projects.create"
	ManageOwners          Action = "org.owners.manage"
	ShareSSO              Action = "org.sso.share"
	DeleteOrg             Action = "org.delete"
)

// What project roles allow.
const (
	ViewProject   Action = "project.view"
	EditProject   Action = "project.edit"
	ManageProject Action = "project.manage"
	DeleteProject Action = "project.delete"
)

// Permission is one row of the table of roles and actions: an action on the org, which Orgs
// lists the roles for, or on a project, of which Least is the lowest role.
type Permission struct {
	Action   Action
	Sentence string // what it is, in English: "see ..."
	Orgs     []Role
	Least    ProjectRole // "" an action on the org; or one on projects that no role has by itself
}

// permissions is the table, and all there is to it: docs/roles.md is made from it.
var permissions = [...]Permission{
	{EnterOrg, "sign in to the org, and have what is granted to everyone there", []Role{Owner, Admin, Billing, Member}, ""},
	{ManageBilling, "see and change plan, invoices and means of payment", []Role{Owner, Admin, Billing}, ""},
	{ViewMembers, "see members, teams, roles, grants and service accounts of the whole org", []Role{Owner, Admin}, ""},
	{ManageMembers, "invite people with roles up to one's own, change, disable and remove who is below, reset second factors, answer who asks to be let in", []Role{Owner, Admin}, ""},
	{ManageAccess, "see and change sign-on, domains, provisioning, second factor and all other access settings", []Role{Owner, Admin}, ""},
	{ManageTeams, "make, rename and delete teams, and say who is in them", []Role{Owner, Admin}, ""},
	{ManageGrants, "grant roles on the org, and with it on every project, up to what one may do oneself", []Role{Owner, Admin}, ""},
	{ManageRoles, "make, change and delete custom roles, of actions that one may do oneself", []Role{Owner, Admin}, ""},
	{ManageServiceAccounts, "make, change and delete service accounts", []Role{Owner, Admin}, ""},
	{ViewLog, "read the audit log", []Role{Owner, Admin}, ""},
	{CreateProjects, "make projects", []Role{Owner, Admin}, ""},
	{ManageOwners, "make somebody an Owner, and change, disable or remove an Owner or Admin", []Role{Owner}, ""},
	{ShareSSO, "link the org's sign-on to another org's, end that, and hand over a domain", []Role{Owner}, ""},
	{DeleteOrg, "delete the org", []Role{Owner}, ""},

	{ViewProject, "see a project and what is in it", nil, Consumer},
	{EditProject, "make and change what is in a project", nil, Analyst},
	{ManageProject, "change a project's settings, and grant roles on it, up to what one may do oneself", nil, ProjectAdmin},
	{DeleteProject, "delete a project, or hand it over", nil, ProjectOwner},
}

// Permissions is the table of what each role allows. The slice is the caller's.
func Permissions() []Permission {
	out := slices.Clone(permissions[:])
	for i := range out {
		out[i].Orgs = slices.Clone(out[i].Orgs)
	}
	return out
}

// Allows reports whether r allows the action by itself. What is in no row is allowed to
// nobody.
func (r Role) Allows(a Action) bool {
	for _, p := range permissions {
		if p.Action == a {
			return slices.Contains(p.Orgs, r) || r.OnProjects().AtLeast(p.Least)
		}
	}
	return false
}

// Actions lists what r allows by itself.
func (r Role) Actions() []Action {
	var out []Action
	for i := range permissions {
		if r.Allows(permissions[i].Action) {
			out = append(out, permissions[i].Action)
		}
	}
	return out
}

// Actions lists what r allows on its project. Rows are those of the host, beside our own.
func (r ProjectRole) Actions(rows ...Permission) []Action {
	var out []Action
	for _, list := range [][]Permission{permissions[:], rows} {
		for i := range list {
			if r.AtLeast(list[i].Least) {
				out = append(out, list[i].Action)
			}
		}
	}
	return out
}

// Allows reports whether r allows the action on its project. Rows are those of the host,
// beside our own: nil for none.
func (r ProjectRole) Allows(a Action, rows ...Permission) bool {
	for _, list := range [][]Permission{permissions[:], rows} {
		for _, p := range list {
			if p.Action == a {
				return r.AtLeast(p.Least)
			}
		}
	}
	return false
}
