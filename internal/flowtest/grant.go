package flowtest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// grantFlows are about who may do what on a project, and who says so.
func grantFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"everyone has it from their first request":  grantEveryone,
		"whichever way they came":                   everyoneEveryWay,
		"everyone, and nobody else":                 everyoneAndNobodyElse,
		"each source by itself":                     grantSources,
		"a grant that ends":                         grantEnds,
		"the same grant again":                      grantAgain,
		"who may grant":                             grantWho,
		"a project's own Admin":                     grantProjectAdmin,
		"nothing of other orgs":                     grantOtherOrgs,
		"what is no grant":                          grantUnsound,
		"who acts is asked in the transaction":      grantMeanwhile,
		"two who grant and revoke at once are both": grantRace,
	})
}

// project is what the host's page of a project says to the browser: a role, or nothing.
func (b *browser) project(id string) string {
	b.w.t.Helper()
	req, err := http.NewRequestWithContext(b.w.ctx, http.MethodGet, b.site+"/projects/"+id, nil)
	b.w.must(err)
	a := b.read(b.Do(req))
	if a.status != http.StatusOK && a.status != http.StatusForbidden && a.status != http.StatusUnauthorized {
		b.w.t.Fatalf("status %d: %s", a.status, a.body)
	}
	if a.status != http.StatusOK {
		return ""
	}
	return a.body
}

// grant is what the Owner grants.
func (c *customer) grant(to accesssec.Subject, project, role string) accesssec.Grant {
	c.w.t.Helper()
	g, err := c.admin().Grant(c.w.ctx, accesssec.Grant{To: to, Project: project, Role: role})
	c.w.must(err)
	return g
}

// member is the id of a member.
func (c *customer) member(address string) string {
	c.w.t.Helper()
	u, ok := c.w.user(address)
	if !ok {
		c.w.t.Fatalf("nobody is %s", address)
	}
	return u.ID
}

// as is what another member of the org may do there.
func (c *customer) as(address string) *accesssec.Admin {
	c.w.t.Helper()
	p, err := c.w.svc.Vouch(c.w.ctx, c.owner.OrgID, c.member(address))
	c.w.must(err)
	return c.w.svc.Admin(p)
}

func grantEveryone(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", samltest.Person{Email: "new@example.com"})
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	acme.add(policy.Member, "before@example.com")
	before := w.browser()
	before.submit("password", "address", "before@example.com", "password", right)
	if got := before.project("p1"); got != "" {
		t.Fatalf("before anything is granted: %q", got)
	}
	g := acme.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "p1", string(policy.Analyst))
	acme.add(policy.Billing, "imported@example.net")
	imported, jit := w.browser(), w.browser()
	imported.submit("password", "address", "imported@example.net", "password", right)
	jit.sso(acme, "new@example.com")
	browsers := map[string]*browser{"a session of before": before, "an import": imported, "just in time": jit}
	all := func(p1, p2 string) {
		t.Helper()
		for name, b := range browsers {
			if got := b.project("p1"); got != p1 {
				t.Errorf("%s: the role on p1 is %q, not %q", name, got, p1)
			}
			if got := b.project("p2"); got != p2 {
				t.Errorf("%s: the role on p2 is %q, not %q", name, got, p2)
			}
		}
	}
	all("analyst", "")
	w.must(acme.admin().Revoke(w.ctx, g.ID))
	all("", "")
	acme.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "", string(policy.Consumer))
	all("consumer", "consumer")
}

// sources are those of a person on a project, as "kind role".
func (c *customer) sources(address, project string) []string {
	c.w.t.Helper()
	a, err := c.admin().Access(c.w.ctx, accesssec.Subject{Kind: accesssec.ToPerson, ID: c.member(address)}, project)
	c.w.must(err)
	out := []string{}
	for _, s := range a.Sources {
		out = append(out, fmt.Sprintf("%s %s", s.Kind, s.Role))
	}
	slices.Sort(out)
	return out
}

func grantSources(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "ann@example.com")
	ann := accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("ann@example.com")}
	own := acme.grant(ann, "p1", string(policy.Analyst))
	all := acme.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "", string(policy.Analyst))
	want := func(sources ...string) {
		t.Helper()
		if got := acme.sources("ann@example.com", "p1"); !slices.Equal(got, sources) {
			t.Errorf("sources are %q, not %q", got, sources)
		}
	}
	want("everyone analyst", "grant analyst", "org_role admin")
	w.must(acme.admin().SetRole(w.ctx, ann.ID, policy.Member))
	want("everyone analyst", "grant analyst")
	w.must(acme.admin().Revoke(w.ctx, own.ID))
	want("everyone analyst")
	acme.refuses(acme.admin().Revoke(w.ctx, own.ID), accesssec.CodeNotFound)
	w.must(acme.admin().Revoke(w.ctx, all.ID))
	want()
	for _, e := range []audit.Type{audit.GrantAdded, audit.GrantRevoked, audit.MemberRoleChanged} {
		if acme.last(e).Actor.OnBehalfOf != acme.owner.UserID {
			t.Errorf("%s: %+v", e, acme.last(e))
		}
	}
}

func grantEnds(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	b := w.browser()
	b.submit("password", "address", "ann@example.com", "password", right)
	end := w.clock().Add(time.Hour)
	g, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToEveryone}, Project: "p1", Role: string(policy.Consumer), Expires: end})
	w.must(err)
	w.advance(time.Hour - time.Microsecond)
	if got := b.project("p1"); got != "consumer" {
		t.Errorf("a moment before the end: %q", got)
	}
	w.advance(time.Microsecond)
	if got := b.project("p1"); got != "" {
		t.Errorf("at the end: %q", got)
	}
	page, err := acme.admin().Grants(w.ctx, accesssec.GrantQuery{})
	w.must(err)
	if len(page.Items) != 0 {
		t.Errorf("listed after its end: %+v", page.Items)
	}
	_, err = acme.admin().Grant(w.ctx, accesssec.Grant{To: g.To, Project: "p1", Role: g.Role, Expires: end})
	if err == nil {
		t.Error("a grant that has ended is granted")
	}
	acme.grant(g.To, "p1", g.Role)
	if got := b.project("p1"); got != "consumer" {
		t.Errorf("granted again: %q", got)
	}
}

func grantAgain(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	all := accesssec.Subject{Kind: accesssec.ToEveryone}
	first := acme.grant(all, "p1", string(policy.Consumer))
	w.advance(time.Minute)
	end := w.clock().Add(time.Hour)
	again, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: all, Project: "p1", Role: string(policy.Consumer), Expires: end})
	w.must(err)
	if again.ID != first.ID || !again.Since.Equal(first.Since) || !again.Expires.Equal(end) {
		t.Errorf("%+v after %+v", again, first)
	}
	page, err := acme.admin().Grants(w.ctx, accesssec.GrantQuery{To: &all})
	w.must(err)
	if len(page.Items) != 1 || !page.Items[0].Expires.Equal(end) {
		t.Errorf("%+v", page.Items)
	}
	e := acme.last(audit.GrantAdded)
	if len(e.Changes) != 1 || e.Changes[0].Field != "expires" || e.Changes[0].Old != "never" {
		t.Errorf("%+v", e)
	}
}

func grantWho(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "admin@example.com")
	acme.add(policy.Billing, "billing@example.com")
	acme.add(policy.Member, "member@example.com")
	boss := accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.owner.UserID}
	for _, tt := range []struct {
		who, project, role string
		want               accesssec.Code
	}{
		{"admin@example.com", "p1", "admin", ""},
		{"admin@example.com", "", "admin", ""},
		{"admin@example.com", "p1", "owner", accesssec.CodeAbove},
		{"admin@example.com", "", "owner", accesssec.CodeAbove},
		{"owner@example.com", "", "owner", ""},
		{"owner@example.com", "p1", "role-nobodys", accesssec.CodeRole},
		{"owner@example.com", "p1", "", accesssec.CodeRole},
		{"owner@example.com", "p1", "billing", accesssec.CodeRole},
	} {
		g, err := acme.as(tt.who).Grant(w.ctx, accesssec.Grant{To: boss, Project: tt.project, Role: tt.role})
		if got := w.code(err); got != tt.want {
			t.Errorf("%s grants %s on %q: %q, not %q", tt.who, tt.role, tt.project, got, tt.want)
		}
		if err == nil && tt.role == "owner" {
			acme.refuses(acme.as("admin@example.com").Revoke(w.ctx, g.ID), accesssec.CodeAbove)
		}
		if err == nil {
			w.must(acme.as(tt.who).Revoke(w.ctx, g.ID))
		}
	}
	all := accesssec.Subject{Kind: accesssec.ToEveryone}
	g := acme.grant(all, "p1", string(policy.Analyst))
	for _, who := range []string{"billing@example.com", "member@example.com"} {
		_, err := acme.as(who).Grant(w.ctx, accesssec.Grant{To: all, Project: "p1", Role: "consumer"})
		acme.refuses(err, accesssec.CodeNotAllowed)
		acme.refuses(acme.as(who).Revoke(w.ctx, g.ID), accesssec.CodeNotAllowed)
		_, err = acme.as(who).Grants(w.ctx, accesssec.GrantQuery{})
		acme.refuses(err, accesssec.CodeNotAllowed)
		_, err = acme.as(who).Access(w.ctx, accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.owner.UserID}, "p1")
		acme.refuses(err, accesssec.CodeNotAllowed)
	}
	disabled := acme.as("admin@example.com")
	w.must(acme.admin().DisableMember(w.ctx, acme.member("admin@example.com")))
	_, err := disabled.Grant(w.ctx, accesssec.Grant{To: all, Project: "p1", Role: "consumer"})
	acme.refuses(err, accesssec.CodeNotAllowed)
}

// grantProjectAdmin: who is Admin of one project says who has what there, up to Admin, and
// nowhere else.
func grantProjectAdmin(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "lead@example.com", "ann@example.com")
	lead, ann := accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("lead@example.com")}, accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("ann@example.com")}
	acme.grant(lead, "p1", string(policy.ProjectAdmin))
	own := acme.grant(ann, "p1", string(policy.ProjectOwner))
	me := acme.as("lead@example.com")
	for _, tt := range []struct {
		project, role string
		want          accesssec.Code
	}{
		{"p1", "admin", ""},
		{"p1", "analyst", ""},
		{"p1", "owner", accesssec.CodeAbove},
		{"p2", "consumer", accesssec.CodeNotAllowed},
		{"", "consumer", accesssec.CodeNotAllowed},
	} {
		_, err := me.Grant(w.ctx, accesssec.Grant{To: ann, Project: tt.project, Role: tt.role})
		if got := w.code(err); got != tt.want {
			t.Errorf("%s on %q: %q, not %q", tt.role, tt.project, got, tt.want)
		}
	}
	acme.refuses(me.Revoke(w.ctx, own.ID), accesssec.CodeAbove)
	p1, p2 := "p1", "p2"
	page, err := me.Grants(w.ctx, accesssec.GrantQuery{Project: &p1})
	w.must(err)
	if len(page.Items) != 4 {
		t.Errorf("%+v", page.Items)
	}
	for _, project := range []*string{&p2, nil} {
		_, err := me.Grants(w.ctx, accesssec.GrantQuery{Project: project})
		acme.refuses(err, accesssec.CodeNotAllowed)
	}
	_, err = me.Settings(w.ctx)
	acme.refuses(err, accesssec.CodeNotAllowed)
}

func grantOtherOrgs(t *testing.T, w *world) {
	acme, evil := w.newOrg("Acme", "owner@example.com"), w.newOrg("Evil", "owner@example.org")
	acme.add(policy.Member, "ann@example.com")
	ann := accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("ann@example.com")}
	g := acme.grant(ann, "p1", string(policy.Analyst))
	_, err := evil.admin().Grant(w.ctx, accesssec.Grant{To: ann, Project: "p1", Role: "consumer"})
	evil.refuses(err, accesssec.CodeNotFound)
	evil.refuses(evil.admin().Revoke(w.ctx, g.ID), accesssec.CodeNotFound)
	evil.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "p1", string(policy.ProjectOwner))
	if got := acme.sources("ann@example.com", "p1"); !slices.Equal(got, []string{"grant analyst"}) {
		t.Errorf("Ann has it from %q", got)
	}
	for _, id := range []string{evil.owner.UserID, "usr-nobodys"} {
		a, err := w.svc.AccessOf(w.ctx, acme.owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: id}, "p1")
		if err != nil || len(a.Actions()) != 0 || len(a.Sources) != 0 {
			t.Errorf("%s: %+v, %v", id, a, err)
		}
	}
	for name, p := range map[string]accesssec.Principal{"nobody": {}, "made up": {UserID: ann.ID, OrgID: acme.owner.OrgID, Role: policy.Owner}} {
		a, err := w.svc.Access(w.ctx, p, "p1")
		if err != nil || len(a.Actions()) != 0 {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func grantUnsound(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	all := accesssec.Subject{Kind: accesssec.ToEveryone}
	for name, g := range map[string]accesssec.Grant{
		"to nothing":            {Project: "p1", Role: "consumer"},
		"to everybody by name":  {To: accesssec.Subject{Kind: accesssec.ToEveryone, ID: "usr-1"}, Role: "consumer"},
		"to a person of no id":  {To: accesssec.Subject{Kind: accesssec.ToPerson}, Role: "consumer"},
		"to a kind of its own":  {To: accesssec.Subject{Kind: "robot", ID: "r1"}, Role: "consumer"},
		"a project too long":    {To: all, Project: string(make([]byte, 201)), Role: "consumer"},
		"a project with NUL":    {To: all, Project: "p\x00", Role: "consumer"},
		"a project that is not": {To: all, Project: "p\xff", Role: "consumer"},
	} {
		_, err := acme.admin().Grant(w.ctx, g)
		if refusal := new(accesssec.Refusal); err == nil || errors.As(err, &refusal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, to := range []accesssec.Subject{{Kind: accesssec.ToPerson, ID: "usr-nobodys"}, {Kind: accesssec.ToTeam, ID: "ent-nobodys"}, {Kind: accesssec.ToServiceAccount, ID: "svc-nobodys"}} {
		_, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: to, Project: "p1", Role: "consumer"})
		acme.refuses(err, accesssec.CodeNotFound)
	}
	page, err := w.store.Grants(w.ctx, acme.owner.OrgID, store.GrantQuery{})
	w.must(err)
	if len(page.Items) != 0 {
		t.Errorf("%+v", page.Items)
	}
}

// grantMeanwhile: who has lost the right between two calls has lost it.
func grantMeanwhile(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "admin@example.com")
	admin := acme.as("admin@example.com")
	w.must(acme.admin().SetRole(w.ctx, acme.member("admin@example.com"), policy.Member))
	_, err := admin.Grant(w.ctx, accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToEveryone}, Role: "consumer"})
	acme.refuses(err, accesssec.CodeNotAllowed)
	w.must(acme.admin().RemoveMember(w.ctx, acme.member("admin@example.com")))
	_, err = admin.Grant(w.ctx, accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToEveryone}, Role: "consumer"})
	acme.refuses(err, accesssec.CodeNotAllowed)
}

// grantRace: sixteen grants of one and the same thing are one grant, and as many that are
// revoked at once were revoked once.
func grantRace(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	all := accesssec.Subject{Kind: accesssec.ToEveryone}
	admin := acme.admin()
	won, codes := w.race(8, func(int) error {
		_, err := admin.Grant(w.ctx, accesssec.Grant{To: all, Project: "p1", Role: "consumer"})
		return err
	})
	if won != 8 {
		t.Errorf("%d have granted it, and %v", won, codes)
	}
	page, err := admin.Grants(w.ctx, accesssec.GrantQuery{})
	w.must(err)
	if len(page.Items) != 1 {
		t.Fatalf("%+v", page.Items)
	}
	won, codes = w.race(8, func(int) error { return admin.Revoke(w.ctx, page.Items[0].ID) })
	if won != 1 || codes[accesssec.CodeNotFound] != 7 {
		t.Errorf("%d have revoked it, and %v", won, codes)
	}
}
