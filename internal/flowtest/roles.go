package flowtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// roleFlows are about an org's own roles: who makes them, what they allow, and what becomes
// of who has one that is deleted. And about service accounts.
func roleFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"made, changed and in force":            roleLife,
		"what is no role":                       roleUnsound,
		"as many as there may be":               roleLimit,
		"nobody makes or changes what is above": roleAbove,
		"what no role has by itself":            roleOfNobody,
		"who sees them":                         roleSeen,
		"nothing of other orgs":                 roleOtherOrgs,
		"gone or broken, it allows nothing":     roleBroken,
		"two change one at once":                roleRaces,
		"deleted, and who had it moved":         roleDeleted,
		"deleted, and who had it has nothing":   roleDeletedIntoNothing,
		"a preview that is not true any more":   roleDeletionStale,
		"who deletes it":                        roleDeletionAbove,
		"deleted with a thousand holders":       roleDeletedWithMany,
		"granted and deleted at once":           roleDeletionRaces,
		"whatever fails":                        roleFaults,
		"service accounts":                      serviceAccountLife,
		"as many service accounts as may be":    serviceAccountLimit,
		"who deletes a service account":         serviceAccountAbove,
	})
}

// exports is what a host adds: one action from Analyst on, one for project Owners, and one
// that no role has by itself.
func exports(o *accesssec.Options) {
	supported(o)
	o.Actions = []policy.Permission{
		{Action: "host.export", Sentence: "export", Least: policy.Analyst},
		{Action: "host.purge", Sentence: "purge", Least: policy.ProjectOwner},
		{Action: "host.sensitive", Sentence: "see what is sensitive"},
	}
}

// withRoles is Acme on such a host, with an Admin and Ann, a member.
func withRoles(w *world) *customer {
	w.t.Helper()
	w.rehost(exports)
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "admin@example.com")
	acme.add(policy.Member, "ann@example.com")
	return acme
}

// role is one that the Owner makes.
func (c *customer) role(name string, actions ...policy.Action) accesssec.Role {
	c.w.t.Helper()
	r, err := c.admin().PutRole(c.w.ctx, accesssec.Role{Name: name, Actions: actions})
	c.w.must(err)
	return r
}

func (c *customer) person(address string) accesssec.Subject {
	c.w.t.Helper()
	return accesssec.Subject{Kind: accesssec.ToPerson, ID: c.member(address)}
}

// may is all that somebody may do on a project, apart from what org roles allow in the org.
func (c *customer) may(of accesssec.Subject, project string, want ...policy.Action) {
	c.w.t.Helper()
	a, err := c.w.svc.AccessOf(c.w.ctx, c.owner.OrgID, of, project)
	c.w.must(err)
	got := slices.DeleteFunc(a.Actions(), func(a policy.Action) bool { return strings.HasPrefix(string(a), "org.") })
	if !slices.Equal(got, want) {
		c.w.t.Errorf("on %q %s %s may %v, want %v", project, of.Kind, of.ID, got, want)
	}
}

// grants are those that are kept, as "subject project role", sorted.
func (c *customer) grants() []string {
	c.w.t.Helper()
	out := []string{}
	q := store.GrantQuery{Paging: store.Paging{Limit: 1000}}
	for {
		page, err := c.w.store.Grants(c.w.ctx, c.owner.OrgID, q)
		c.w.must(err)
		for _, g := range page.Items {
			out = append(out, fmt.Sprintf("%s %s %s %s", g.SubjectKind, g.Subject, g.Project, g.Role))
		}
		if q.After = page.Next; q.After == "" {
			slices.Sort(out)
			return out
		}
	}
}

func roleNames(roles []accesssec.Role) []string {
	var out []string
	for _, r := range roles {
		out = append(out, r.Name)
	}
	return out
}

func changesOf(e audit.Event) []string {
	var out []string
	for _, c := range e.Changes {
		out = append(out, fmt.Sprintf("%s %s>%s", c.Field, c.Old, c.New))
	}
	return out
}

func roleLife(t *testing.T, w *world) {
	acme := withRoles(w)
	ann := acme.person("ann@example.com")
	r := acme.role(" Export\tdesk ", "host.export", policy.ViewProject, "host.export")
	if want := (accesssec.Role{ID: r.ID, Name: "Export desk", Actions: []policy.Action{"host.export", policy.ViewProject}, Version: 1}); !cmp.Equal(r, want) || !strings.HasPrefix(r.ID, "role-") {
		t.Errorf("made %+v", r)
	}
	if e := acme.last(audit.RoleCreated); e.Targets[0].ID != r.ID || e.Targets[0].Name != "Export desk" ||
		!slices.Equal(changesOf(e), []string{"name >Export desk", "action >host.export", "action >project.view"}) {
		t.Errorf("the log says %+v", e)
	}
	acme.role("auditors", policy.ViewProject)
	list, err := acme.as("admin@example.com").Roles(w.ctx)
	w.must(err)
	if got := roleNames(list); !slices.Equal(got, []string{"Owner", "Admin", "Analyst", "Consumer", "auditors", "Export desk"}) || !list[0].BuiltIn || list[4].BuiltIn {
		t.Errorf("listed %v", got)
	}
	if got := list[2]; got.ID != "analyst" || !slices.Equal(got.Actions, []policy.Action{"host.export", policy.EditProject, policy.ViewProject}) {
		t.Errorf("Analyst is %+v", got)
	}
	acme.grant(ann, "p1", r.ID)
	acme.may(ann, "p1", "host.export", policy.ViewProject)
	acme.may(ann, "p2")

	stale := r
	r.Name, r.Actions = "Editors", []policy.Action{policy.EditProject, policy.ViewProject}
	r, err = acme.as("admin@example.com").PutRole(w.ctx, r)
	w.must(err)
	if r.Version != 2 || r.ID != stale.ID {
		t.Errorf("changed to %+v", r)
	}
	acme.may(ann, "p1", policy.EditProject, policy.ViewProject)
	if e := acme.last(audit.RoleChanged); e.Targets[0].ID != r.ID || !slices.Equal(changesOf(e), []string{"name Export desk>Editors", "action host.export>", "action >project.edit"}) {
		t.Errorf("the log says %+v", e)
	}
	again, err := acme.admin().PutRole(w.ctx, r)
	w.must(err)
	if diff := cmp.Diff(r, again); diff != "" || len(acme.events(audit.RoleChanged)) != 1 {
		t.Errorf("the same again is a change: %s", diff)
	}
	_, err = acme.admin().PutRole(w.ctx, stale)
	acme.refuses(err, accesssec.CodeConflict)
	if e := acme.last(audit.ChangeRefused); e.Targets[0].ID != r.ID || e.Reason != string(accesssec.CodeConflict) {
		t.Errorf("the log says %+v", e)
	}
	acme.may(ann, "p1", policy.EditProject, policy.ViewProject)
}

func roleUnsound(t *testing.T, w *world) {
	acme := withRoles(w)
	there := acme.role("Straße", policy.ViewProject)
	view := []policy.Action{policy.ViewProject}
	for _, tt := range []struct {
		role accesssec.Role
		want accesssec.Code
	}{
		{accesssec.Role{Name: "", Actions: view}, accesssec.CodeName},
		{accesssec.Role{Name: " \t\u200b\n", Actions: view}, accesssec.CodeName},
		{accesssec.Role{Name: strings.Repeat("ä", 101), Actions: view}, accesssec.CodeName},
		{accesssec.Role{Name: "STRASSE", Actions: view}, accesssec.CodeName},
		{accesssec.Role{Name: "stra\u00dfe ", Actions: view}, accesssec.CodeName},
		{accesssec.Role{Name: "owner", Actions: view}, accesssec.CodeName},
		{accesssec.Role{Name: "ADMIN", Actions: view}, accesssec.CodeName},
		{accesssec.Role{Name: "Nothing"}, accesssec.CodeActions},
		{accesssec.Role{Name: "Unknown", Actions: []policy.Action{policy.ViewProject, "host.nothing"}}, accesssec.CodeActions},
		{accesssec.Role{Name: "Empty", Actions: []policy.Action{""}}, accesssec.CodeActions},
		{accesssec.Role{Name: "Org", Actions: []policy.Action{policy.ManageMembers}}, accesssec.CodeActions},
		{accesssec.Role{Name: "Org", Actions: []policy.Action{policy.EnterOrg, policy.ViewProject}}, accesssec.CodeActions},
		{accesssec.Role{ID: "role-nobodys", Name: "New", Actions: view}, accesssec.CodeNotFound},
		{accesssec.Role{ID: "owner", Name: "New", Actions: view}, accesssec.CodeNotFound},
		{accesssec.Role{ID: there.ID, Name: "New", Actions: view}, accesssec.CodeConflict},
		{accesssec.Role{ID: there.ID, Name: "New", Actions: view, Version: 2}, accesssec.CodeConflict},
		{accesssec.Role{ID: there.ID, Name: "Consumer", Actions: view, Version: 1}, accesssec.CodeName},
		{accesssec.Role{ID: there.ID, Name: "New", Version: 1}, accesssec.CodeActions},
	} {
		got, err := acme.admin().PutRole(w.ctx, tt.role)
		if code := w.code(err); code != tt.want || got.ID != "" {
			t.Errorf("%+v: %q, want %q", tt.role, code, tt.want)
		}
	}
	list, err := acme.admin().Roles(w.ctx)
	w.must(err)
	if len(list) != 5 || !cmp.Equal(list[4], there) {
		t.Errorf("there are %+v", list)
	}
	if r, err := acme.admin().PutRole(w.ctx, accesssec.Role{ID: there.ID, Name: "STRASSE", Actions: view, Version: 1}); err != nil || r.Name != "STRASSE" {
		t.Errorf("its own name in capitals: %+v, %v", r, err)
	}
	acme.role(strings.Repeat("ä", 100), policy.ViewProject)
}

func roleLimit(t *testing.T, w *world) {
	acme := withRoles(w)
	admin := acme.admin()
	var last accesssec.Role
	for i := range 49 {
		last = must1(admin.PutRole(w.ctx, accesssec.Role{Name: fmt.Sprint("role ", i), Actions: []policy.Action{policy.ViewProject}}))
	}
	won, codes := w.race(4, func(i int) error {
		_, err := admin.PutRole(w.ctx, accesssec.Role{Name: fmt.Sprint("one more ", i), Actions: []policy.Action{policy.ViewProject}})
		return err
	})
	if won != 1 || codes[accesssec.CodeRoleLimit] != 3 {
		t.Errorf("%d are made, and %v", won, codes)
	}
	last.Name = "changed still"
	last, err := admin.PutRole(w.ctx, last)
	w.must(err)
	p, err := admin.PreviewRoleDeletion(w.ctx, last.ID, "")
	w.must(err)
	w.must(admin.DeleteRole(w.ctx, last.ID, "", p.Hash))
	acme.role("in its place", policy.ViewProject)
}

// roleAbove: Admins do all that project Admins do, and so neither make nor touch a role that
// allows more.
func roleAbove(t *testing.T, w *world) {
	acme := withRoles(w)
	high, low := acme.role("High", policy.ViewProject, policy.DeleteProject), acme.role("Low", policy.ViewProject)
	refused := len(acme.events(audit.ChangeRefused))
	put := func(address string, r accesssec.Role, name string, actions ...policy.Action) accesssec.Code {
		t.Helper()
		r.Name, r.Actions = name, actions
		_, err := acme.as(address).PutRole(w.ctx, r)
		return w.code(err)
	}
	for _, tt := range []struct {
		role    accesssec.Role
		name    string
		actions []policy.Action
	}{
		{accesssec.Role{}, "New", []policy.Action{policy.ViewProject, policy.DeleteProject}},
		{accesssec.Role{}, "New", []policy.Action{"host.purge"}},
		{accesssec.Role{}, "New", []policy.Action{"host.sensitive"}},
		{low, "Low", []policy.Action{policy.ViewProject, policy.DeleteProject}},
		{low, "Low", []policy.Action{"host.sensitive"}},
		{high, "High", []policy.Action{policy.ViewProject}},
		{high, "Another name", []policy.Action{policy.ViewProject, policy.DeleteProject}},
	} {
		if got := put("admin@example.com", tt.role, tt.name, tt.actions...); got != accesssec.CodeAbove {
			t.Errorf("an Admin makes %q of %q, with %v: %q", tt.name, tt.role.Name, tt.actions, got)
		}
	}
	if n := len(acme.events(audit.ChangeRefused)) - refused; n != 7 {
		t.Errorf("%d refusals in the log", n)
	}
	if got := put("admin@example.com", low, "Low", policy.ViewProject, policy.ManageProject, "host.export"); got != "" {
		t.Errorf("an Admin is refused what they have: %q", got)
	}
	for _, project := range []string{"p1", ""} {
		acme.grant(acme.person("admin@example.com"), project, string(policy.ProjectOwner))
		acme.grant(acme.person("ann@example.com"), project, string(policy.ProjectOwner))
		want := accesssec.CodeAbove // what they have on one project
		if project == "" {
			want = ""
		}
		if got := put("admin@example.com", accesssec.Role{}, "Purger"+project, policy.DeleteProject, "host.purge"); got != want {
			t.Errorf("an Admin who is Owner on %q: %q", project, got)
		}
		if got := put("ann@example.com", accesssec.Role{}, "Mine"+project, policy.ViewProject); got != accesssec.CodeNotAllowed {
			t.Errorf("a member who is Owner on %q: %q", project, got)
		}
	}
}

// roleOfNobody: somebody has to begin with what no role has, and that is an Owner.
func roleOfNobody(t *testing.T, w *world) {
	acme := withRoles(w)
	boss := accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.owner.UserID}
	r := acme.role("Sensitive", "host.sensitive", policy.ManageProject)
	a, err := w.svc.AccessOf(w.ctx, acme.owner.OrgID, boss, "p1")
	w.must(err)
	if a.Can("host.sensitive") || !a.Can("host.purge") {
		t.Errorf("an Owner may %v", a.Actions())
	}
	_, err = acme.as("admin@example.com").Grant(w.ctx, accesssec.Grant{To: acme.person("admin@example.com"), Project: "p1", Role: r.ID})
	acme.refuses(err, accesssec.CodeAbove)
	_, err = acme.as("admin@example.com").PutRole(w.ctx, accesssec.Role{ID: r.ID, Name: r.Name, Actions: []policy.Action{policy.ManageProject}, Version: r.Version})
	acme.refuses(err, accesssec.CodeAbove)
	r.Actions = []policy.Action{policy.ManageProject}
	if _, err := acme.admin().PutRole(w.ctx, r); err != nil {
		t.Errorf("an Owner takes it out again: %v", err)
	}
}

func roleSeen(t *testing.T, w *world) {
	acme := withRoles(w)
	acme.add(policy.Billing, "billing@example.com")
	acme.add(policy.Member, "lead@example.com", "own@example.com", "all@example.com", "late@example.com")
	manager := acme.role("Manager", policy.ManageProject)
	acme.grant(acme.person("lead@example.com"), "p1", string(policy.ProjectAdmin))
	acme.grant(acme.person("own@example.com"), "p1", manager.ID)
	acme.grant(acme.person("all@example.com"), "", string(policy.ProjectAdmin))
	acme.grant(acme.person("ann@example.com"), "", string(policy.Analyst))
	_, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: acme.person("late@example.com"), Project: "p1", Role: "admin", Expires: w.clock().Add(1)})
	if err == nil {
		t.Fatal("a grant that ends at once")
	}
	for address, want := range map[string]accesssec.Code{
		"owner@example.com": "", "admin@example.com": "", "lead@example.com": "", "own@example.com": "", "all@example.com": "",
		"billing@example.com": accesssec.CodeNotAllowed, "ann@example.com": accesssec.CodeNotAllowed, "late@example.com": accesssec.CodeNotAllowed,
	} {
		list, err := acme.as(address).Roles(w.ctx)
		if got := w.code(err); got != want || (want == "") != (len(list) == 5) {
			t.Errorf("%s: %q, %d roles", address, got, len(list))
		}
	}
	lead := acme.as("lead@example.com")
	w.must(acme.admin().DisableMember(w.ctx, acme.member("lead@example.com")))
	_, err = lead.Roles(w.ctx)
	acme.refuses(err, accesssec.CodeNotAllowed)
}

func roleOtherOrgs(t *testing.T, w *world) {
	acme := withRoles(w)
	evil := w.newOrg("Evil", "owner@example.org")
	r := acme.role("Reader", policy.ViewProject)
	all := accesssec.Subject{Kind: accesssec.ToEveryone}
	_, err := evil.admin().Grant(w.ctx, accesssec.Grant{To: all, Project: "p1", Role: r.ID})
	evil.refuses(err, accesssec.CodeRole)
	_, err = evil.admin().PutRole(w.ctx, r)
	evil.refuses(err, accesssec.CodeNotFound)
	_, err = evil.admin().PreviewRoleDeletion(w.ctx, r.ID, "")
	evil.refuses(err, accesssec.CodeNotFound)
	evil.refuses(evil.admin().DeleteRole(w.ctx, r.ID, "", "x"), accesssec.CodeNotFound)
	if list := must1(evil.admin().Roles(w.ctx)); len(list) != 4 {
		t.Errorf("another org sees %v", roleNames(list))
	}
	evil.role("Reader", policy.ViewProject) // names are each org's own
}

// rolesDoc replaces what is kept of an org's roles.
func (c *customer) rolesDoc(body string) {
	c.w.t.Helper()
	c.w.change(func(tx store.Tx) error {
		d, err := tx.Doc(c.w.ctx, "custom_roles", c.owner.OrgID, "roles")
		if err != nil {
			return err
		}
		d.Body = []byte(body)
		return tx.PutDocs(c.w.ctx, d)
	})
}

// roleBroken: what a role can't be known to allow it does not allow, and nobody takes a set
// that can't be read for an empty one.
func roleBroken(t *testing.T, w *world) {
	acme := withRoles(w)
	ann, admin := acme.person("ann@example.com"), acme.person("admin@example.com")
	r := acme.role("Reader", policy.ViewProject, "host.export")
	acme.grant(ann, "p1", r.ID)
	acme.grant(ann, "p2", string(policy.Consumer))
	set := func(actions string) string {
		return fmt.Sprintf(`{"roles":[{"id":%q,"name":"Reader","actions":[%s],"version":1}]}`, r.ID, actions)
	}
	acme.rolesDoc(set(`"project.view","org.owners.make","org.members.manage","host.dropped","x",""`))
	acme.may(ann, "p1", policy.ViewProject)
	if a := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, ann, "p1")); a.Can(policy.ManageMembers) || a.Can("") {
		t.Errorf("a role of projects allows %v", a.Actions())
	}
	acme.rolesDoc(`{"roles":[]}`)
	acme.may(ann, "p1")
	acme.may(ann, "p2", policy.ViewProject)
	_, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: ann, Project: "p3", Role: r.ID})
	acme.refuses(err, accesssec.CodeRole)
	for _, body := range []string{"", "null and void", `{"roles":{}}`, `{"roles":[{"id":1}]}`} {
		acme.rolesDoc(body)
		calls := map[string]func() error{
			"Access": func() error {
				a, err := w.svc.AccessOf(w.ctx, acme.owner.OrgID, ann, "p1")
				if len(a.Actions()) > 0 || len(a.Sources) > 0 {
					t.Errorf("%q: with an error Ann may %+v", body, a)
				}
				return err
			},
			"Roles": func() error { _, err := acme.admin().Roles(w.ctx); return err },
			"PutRole": func() error {
				_, err := acme.admin().PutRole(w.ctx, accesssec.Role{Name: "New", Actions: r.Actions})
				return err
			},
			"PreviewRoleDeletion": func() error { _, err := acme.admin().PreviewRoleDeletion(w.ctx, r.ID, ""); return err },
			"DeleteRole":          func() error { return acme.admin().DeleteRole(w.ctx, r.ID, "", "") },
			"Grant": func() error {
				_, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: ann, Project: "p3", Role: "consumer"})
				return err
			},
		}
		for name, call := range calls {
			var no *accesssec.Refusal
			if err := call(); err == nil || errors.As(err, &no) {
				t.Errorf("%s of %q: %v", name, body, err)
			}
		}
		acme.may(admin, "p1", "host.export", policy.EditProject, policy.ManageProject, policy.ViewProject) // has no custom one
	}
}

// roleRaces: of two who change what they both have read one is told, and two who make roles
// at once make two.
func roleRaces(t *testing.T, w *world) {
	acme := withRoles(w)
	admin := acme.admin()
	won, codes := w.race(4, func(i int) error {
		_, err := admin.PutRole(w.ctx, accesssec.Role{Name: fmt.Sprint("role ", i), Actions: []policy.Action{policy.ViewProject}})
		return err
	})
	list := must1(admin.Roles(w.ctx))
	if won != 4 || len(list) != 8 {
		t.Fatalf("%d are made, there are %v, and %v", won, roleNames(list), codes)
	}
	won, codes = w.race(4, func(i int) error {
		_, err := admin.PutRole(w.ctx, accesssec.Role{Name: "Same", Actions: []policy.Action{policy.ViewProject}})
		return err
	})
	if won != 1 || codes[accesssec.CodeName] != 3 {
		t.Errorf("%d have the same name, and %v", won, codes)
	}
	r := list[4]
	won, codes = w.race(4, func(i int) error {
		mine := r
		mine.Name = fmt.Sprint("changed ", i)
		_, err := admin.PutRole(w.ctx, mine)
		return err
	})
	if won != 1 || codes[accesssec.CodeConflict] != 3 {
		t.Errorf("%d have changed it, and %v", won, codes)
	}
}
