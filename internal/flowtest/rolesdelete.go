package flowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// deleteRole shows the preview and confirms it.
func (c *customer) deleteRole(id string, into policy.ProjectRole) accesssec.RoleDeletion {
	c.w.t.Helper()
	p, err := c.admin().PreviewRoleDeletion(c.w.ctx, id, into)
	c.w.must(err)
	c.w.must(c.admin().DeleteRole(c.w.ctx, id, into, p.Hash))
	return p
}

// holders gives a role to each kind of subject, on projects and on the org: six grants, of
// which one ends in an hour, and one is from where no person grants.
func holders(acme *customer, role string) {
	w := acme.w
	w.t.Helper()
	team, err := acme.admin().CreateTeam(w.ctx, "Desk")
	w.must(err)
	robot, err := acme.admin().PutServiceAccount(w.ctx, accesssec.ServiceAccount{Name: "robot", Purpose: "tests"})
	w.must(err)
	ann := acme.person("ann@example.com")
	acme.grant(ann, "p1", role)
	acme.grant(accesssec.Subject{Kind: accesssec.ToTeam, ID: team.ID}, "p1", role)
	acme.grant(accesssec.Subject{Kind: accesssec.ToEveryone}, "p2", role)
	acme.grant(accesssec.Subject{Kind: accesssec.ToServiceAccount, ID: robot.ID}, "", role)
	_, err = acme.admin().Grant(w.ctx, accesssec.Grant{To: ann, Project: "p3", Role: role, Expires: w.clock().Add(time.Hour)})
	w.must(err)
	w.change(func(tx store.Tx) error {
		return tx.PutGrant(w.ctx, store.Grant{OrgID: acme.owner.OrgID, ID: "grant-scim", Project: "p4", Subject: ann.ID,
			SubjectKind: store.SubjectUser, Role: role, Source: "scim", CreatedAt: w.clock()})
	})
}

func roleDeleted(t *testing.T, w *world) {
	acme := withRoles(w)
	r, other := acme.role("Reader", policy.ViewProject), acme.role("Other", policy.ViewProject)
	ann := acme.person("ann@example.com")
	soon, later := w.clock().Add(time.Hour), w.clock().Add(2*time.Hour)
	expires := func(project, role string, at time.Time) accesssec.Grant {
		t.Helper()
		g, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: ann, Project: project, Role: role, Expires: at})
		w.must(err)
		return g
	}
	expires("short over long", r.ID, soon)
	long := expires("short over long", "consumer", later)
	expires("long over short", r.ID, later)
	expires("long over short", "consumer", soon)
	expires("for ever", r.ID, time.Time{})
	kept := expires("for ever", "consumer", soon)
	expires("has for ever", r.ID, later)
	expires("has for ever", "consumer", time.Time{})
	acme.grant(ann, "of another", other.ID)
	expires("over", r.ID, soon.Add(-30*time.Minute))
	expires("was over", r.ID, later)
	expires("was over", "consumer", soon.Add(-30*time.Minute))
	w.advance(30 * time.Minute)
	holders(acme, r.ID)
	before := acme.grants()

	p, err := acme.admin().PreviewRoleDeletion(w.ctx, r.ID, policy.Consumer)
	w.must(err)
	if p.Count != 11 || len(p.Moves) != 11 || p.Into != policy.Consumer || p.Role.Name != "Reader" || p.Moves[0].To != policy.Consumer || p.Moves[0].Grant.Role != r.ID {
		t.Errorf("the preview is %+v", p)
	}
	if diff := cmp.Diff(before, acme.grants()); diff != "" {
		t.Errorf("a preview changes %s", diff)
	}
	w.must(acme.admin().DeleteRole(w.ctx, r.ID, policy.Consumer, p.Hash))

	ends := map[string]time.Time{}
	page, err := acme.admin().Grants(w.ctx, accesssec.GrantQuery{Paging: store.Paging{Limit: 100}})
	w.must(err)
	for _, g := range page.Items {
		if g.Role != "consumer" && g.Project != "of another" {
			t.Errorf("there is %+v", g)
		}
		ends[fmt.Sprint(g.To.Kind, " ", g.Project)] = g.Expires
		if g.Project == "p4" && (g.Source != "scim" || g.By != acme.owner.UserID) {
			t.Errorf("what was provisioned is %+v", g)
		}
		if (g.ID == long.ID || g.ID == kept.ID) && !g.Since.Equal(long.Since) {
			t.Errorf("what was there is %+v", g)
		}
	}
	if diff := cmp.Diff(map[string]time.Time{
		"user short over long": later, "user long over short": later, "user for ever": {}, "user has for ever": {},
		"user of another": {}, "user was over": later, "user p1": {}, "group p1": {}, "everyone p2": {}, "service_account ": {},
		"user p3": w.clock().Add(time.Hour), "user p4": {},
	}, ends); diff != "" {
		t.Errorf("granted until (-want +got)\n%s", diff)
	}
	acme.may(ann, "p4", policy.ViewProject)
	if slices.Contains(roleNames(must1(acme.admin().Roles(w.ctx))), "Reader") {
		t.Error("still listed")
	}
	roleDeletionLogged(t, acme, r.ID, map[string]string{"into": "consumer", "moved": "7", "joined": "4", "revoked": "0"}, 9, 2)
	_, err = acme.admin().Grant(w.ctx, accesssec.Grant{To: ann, Project: "p1", Role: r.ID})
	acme.refuses(err, accesssec.CodeRole)
	acme.refuses(acme.admin().DeleteRole(w.ctx, r.ID, "", p.Hash), accesssec.CodeNotFound)
}

// roleDeletionLogged: one event about the role, with these counts, and one about each grant.
func roleDeletionLogged(t *testing.T, acme *customer, id string, facts map[string]string, added, revoked int) {
	t.Helper()
	e := acme.last(audit.RoleDeleted)
	if diff := cmp.Diff(facts, factsOf(e)); diff != "" || e.Targets[0].ID != id || e.Targets[0].Name != "Reader" {
		t.Errorf("the log says %+v\n%s", e, diff)
	}
	got := map[audit.Type]int{}
	for _, e := range acme.events(audit.GrantAdded, audit.GrantRevoked) {
		f := factsOf(e)
		if f["role_deleted"] != id {
			continue
		}
		got[e.Type]++
		if e.Type == audit.GrantAdded && (f["instead_of"] == "" || f["role"] == id || f["grant"] == f["instead_of"]) ||
			e.Type == audit.GrantRevoked && f["role"] != id || e.Targets[0].Name == "" {
			t.Errorf("the log says %+v", e)
		}
	}
	if got[audit.GrantAdded] != added || got[audit.GrantRevoked] != revoked {
		t.Errorf("the log has %v", got)
	}
}

func roleDeletedIntoNothing(t *testing.T, w *world) {
	acme := withRoles(w)
	r := acme.role("Reader", policy.ViewProject, "host.export")
	ann := acme.person("ann@example.com")
	holders(acme, r.ID)
	acme.grant(ann, "p1", "consumer")
	for _, into := range []policy.ProjectRole{"Owner", "billing", policy.ProjectRole(r.ID)} {
		var no *accesssec.Refusal
		if _, err := acme.admin().PreviewRoleDeletion(w.ctx, r.ID, into); err == nil || errors.As(err, &no) {
			t.Errorf("into %q: %v", into, err)
		}
		if err := acme.admin().DeleteRole(w.ctx, r.ID, into, "x"); err == nil || errors.As(err, &no) {
			t.Errorf("into %q: %v", into, err)
		}
	}
	if p := acme.deleteRole(r.ID, ""); p.Count != 6 || p.Moves[0].To != "" {
		t.Errorf("the preview is %+v", p)
	}
	if got, want := acme.grants(), []string{"user " + ann.ID + " p1 consumer"}; !slices.Equal(got, want) {
		t.Errorf("left is %q", got)
	}
	acme.may(ann, "p1", policy.ViewProject)
	acme.may(ann, "p2")
	roleDeletionLogged(t, acme, r.ID, map[string]string{"into": "", "moved": "0", "joined": "0", "revoked": "6"}, 0, 6)
}

func roleDeletionStale(t *testing.T, w *world) {
	acme := withRoles(w)
	r, other := acme.role("Reader", policy.ViewProject), acme.role("Other", policy.ViewProject)
	ann := acme.person("ann@example.com")
	holders(acme, r.ID)
	preview := func() string {
		t.Helper()
		p, err := acme.admin().PreviewRoleDeletion(w.ctx, r.ID, policy.Consumer)
		w.must(err)
		return p.Hash
	}
	stale := func(name, hash string) {
		t.Helper()
		before := acme.grants()
		if got := w.code(acme.admin().DeleteRole(w.ctx, r.ID, policy.Consumer, hash)); got != accesssec.CodePreviewStale {
			t.Fatalf("%s: %q", name, got)
		}
		if e := acme.last(audit.ChangeRefused); e.Reason != string(accesssec.CodePreviewStale) || e.Targets[0].ID != r.ID {
			t.Errorf("%s: the log says %+v", name, e)
		}
		if diff := cmp.Diff(before, acme.grants()); diff != "" {
			t.Errorf("%s: changed\n%s", name, diff)
		}
	}
	stale("none", "")
	p, err := acme.admin().PreviewRoleDeletion(w.ctx, r.ID, policy.Analyst)
	w.must(err)
	stale("into another role", p.Hash)
	p, err = acme.admin().PreviewRoleDeletion(w.ctx, r.ID, "")
	w.must(err)
	stale("into nothing", p.Hash)
	p, err = acme.admin().PreviewRoleDeletion(w.ctx, other.ID, policy.Consumer)
	w.must(err)
	stale("of another role", p.Hash)
	var g accesssec.Grant
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"one more", func() { g = acme.grant(ann, "late", r.ID) }},
		{"another end", func() {
			_, err := acme.admin().Grant(w.ctx, accesssec.Grant{To: ann, Project: "late", Role: r.ID, Expires: w.clock().Add(5 * time.Hour)})
			w.must(err)
		}},
		{"one less", func() { w.must(acme.admin().Revoke(w.ctx, g.ID)) }},
		{"what it allows", func() {
			r.Actions = append(r.Actions, "host.export")
			r, err = acme.admin().PutRole(w.ctx, r)
			w.must(err)
		}},
		{"one has ended", func() { w.advance(time.Hour) }},
	} {
		before := preview()
		if before != preview() {
			t.Errorf("before %s two previews differ", step.name)
		}
		step.do()
		stale(step.name, before)
	}
	before := preview()
	acme.grant(ann, "elsewhere", other.ID)
	acme.grant(ann, "elsewhere", "consumer")
	w.must(acme.admin().DeleteRole(w.ctx, r.ID, policy.Consumer, before)) // what is none of its business
}

func roleDeletionAbove(t *testing.T, w *world) {
	acme := withRoles(w)
	high, low := acme.role("High", policy.ViewProject, "host.purge"), acme.role("Low", policy.ViewProject)
	acme.grant(acme.person("ann@example.com"), "p1", low.ID)
	try := func(address, id string, into policy.ProjectRole) accesssec.Code {
		t.Helper()
		admin := acme.as(address)
		p, err := admin.PreviewRoleDeletion(w.ctx, id, into)
		if err != nil {
			return w.code(err)
		}
		return w.code(admin.DeleteRole(w.ctx, id, into, p.Hash))
	}
	for _, tt := range []struct {
		address, id string
		into        policy.ProjectRole
		want        accesssec.Code
	}{
		{"ann@example.com", low.ID, "", accesssec.CodeNotAllowed},
		{"admin@example.com", high.ID, "", accesssec.CodeAbove},
		{"admin@example.com", high.ID, policy.Consumer, accesssec.CodeAbove},
		{"admin@example.com", low.ID, policy.ProjectOwner, accesssec.CodeAbove},
		{"admin@example.com", low.ID, policy.ProjectAdmin, ""},
		{"owner@example.com", high.ID, policy.ProjectOwner, ""},
	} {
		before := acme.grants()
		if got := try(tt.address, tt.id, tt.into); got != tt.want {
			t.Errorf("%s deletes %s into %q: %q, want %q", tt.address, tt.id, tt.into, got, tt.want)
		}
		if diff := cmp.Diff(before, acme.grants()); diff != "" && tt.want != "" {
			t.Errorf("%s: changed\n%s", tt.address, diff)
		}
	}
	acme.may(acme.person("ann@example.com"), "p1", "host.export", policy.EditProject, policy.ManageProject, policy.ViewProject)
}

// roleDeletedWithMany is more than a page of a store.
func roleDeletedWithMany(t *testing.T, w *world) {
	const many = 1030
	acme := withRoles(w)
	r := acme.role("Reader", policy.ViewProject)
	everyone := accesssec.Subject{Kind: accesssec.ToEveryone}
	w.change(func(tx store.Tx) error {
		for i := range many {
			g := store.Grant{OrgID: acme.owner.OrgID, ID: fmt.Sprint("grant-", i), Project: fmt.Sprint("p", i), SubjectKind: store.SubjectEveryone,
				Role: r.ID, Source: "admin", CreatedAt: w.clock().Add(time.Duration(i) * time.Microsecond)}
			if err := tx.PutGrant(w.ctx, g); err != nil {
				return err
			}
		}
		return nil
	})
	acme.grant(everyone, "p1029", "consumer")
	if p := acme.deleteRole(r.ID, policy.Consumer); p.Count != many || len(p.Moves) != 100 || p.Moves[99].Grant.Project != "p99" {
		t.Errorf("the preview counts %d and shows %d", p.Count, len(p.Moves))
	}
	got := acme.grants()
	if slices.Sort(got); len(got) != many || len(slices.Compact(got)) != many || got[0] != "everyone  p0 consumer" {
		t.Errorf("%d grants, of which the first is %q", len(got), got[0])
	}
	if f := factsOf(acme.last(audit.RoleDeleted)); f["moved"] != fmt.Sprint(many-1) || f["joined"] != "1" {
		t.Errorf("the log says %v", f)
	}
}

// roleDeletionRaces: either the grant was there, and the preview is not true any more, or
// the role is gone, and is not granted.
func roleDeletionRaces(t *testing.T, w *world) {
	acme := withRoles(w)
	admin, ann := acme.admin(), acme.person("ann@example.com")
	for i := range 4 {
		r := acme.role(fmt.Sprint("Reader ", i), policy.ViewProject)
		p, err := admin.PreviewRoleDeletion(w.ctx, r.ID, "")
		w.must(err)
		won, codes := w.race(2, func(i int) error {
			if i == 0 {
				return admin.DeleteRole(w.ctx, r.ID, "", p.Hash)
			}
			_, err := admin.Grant(w.ctx, accesssec.Grant{To: ann, Project: "p1", Role: r.ID})
			return err
		})
		if won != 1 || codes[accesssec.CodePreviewStale]+codes[accesssec.CodeRole] != 1 {
			t.Errorf("%d came through, and %v", won, codes)
		}
	}
	r := acme.role("Last", policy.ViewProject)
	p, err := admin.PreviewRoleDeletion(w.ctx, r.ID, "")
	w.must(err)
	won, codes := w.race(4, func(int) error { return admin.DeleteRole(w.ctx, r.ID, "", p.Hash) })
	if won != 1 || codes[accesssec.CodeNotFound] != 3 {
		t.Errorf("%d have deleted it, and %v", won, codes)
	}
}

// roleFaults: whatever call to the store fails, nothing is changed and nothing is told to a
// person as their fault; and what is run again does it once.
func roleFaults(t *testing.T, w *world) {
	acme := withRoles(w)
	r := acme.role("Reader", policy.ViewProject)
	holders(acme, r.ID)
	ann := acme.person("ann@example.com")
	acme.grant(ann, "p1", "consumer")
	p, err := acme.admin().PreviewRoleDeletion(w.ctx, r.ID, policy.Consumer)
	w.must(err)
	robots, err := acme.admin().ServiceAccounts(w.ctx, store.Paging{})
	w.must(err)
	robot := robots.Items[0]
	robot.Purpose = "another"
	changed := r
	changed.Name = "Another"
	state := func() any {
		t.Helper()
		sa, err := acme.admin().ServiceAccounts(w.ctx, store.Paging{})
		w.must(err)
		return []any{acme.grants(), must1(acme.admin().Roles(w.ctx)), sa.Items, len(acme.events())}
	}
	admin := acme.admin()
	for _, call := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"PutServiceAccount", func(ctx context.Context) error { _, err := admin.PutServiceAccount(ctx, robot); return err }},
		{"DeleteRole", func(ctx context.Context) error { return admin.DeleteRole(ctx, r.ID, policy.Consumer, p.Hash) }},
		{"PutRole", func(ctx context.Context) error {
			_, err := admin.PutRole(ctx, accesssec.Role{Name: "New", Actions: changed.Actions})
			return err
		}},
		{"DeleteServiceAccount", func(ctx context.Context) error { return admin.DeleteServiceAccount(ctx, robot.ID) }},
	} {
		acme.untilKept(call.name, call.do, state)
	}
	if got := must1(acme.admin().Roles(w.ctx)); len(got) != 5 || got[4].Name != "New" {
		t.Errorf("there are %v", roleNames(got))
	}
	if got := acme.grants(); len(got) != 5 || slices.ContainsFunc(got, func(g string) bool { return !strings.HasSuffix(g, " consumer") }) {
		t.Errorf("left is %q", got)
	}
}

// untilKept runs fn with the store failing ever later, until it is done: until then nothing
// is changed.
func (c *customer) untilKept(name string, fn func(context.Context) error, state func() any) {
	t := c.w.t
	t.Helper()
	before := state()
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: c.w.ctx}
		ctx.left.Store(n)
		err := fn(ctx)
		if err == nil {
			if n < 5 {
				t.Errorf("%s is done after %d failures: the store was hardly asked", name, n)
			}
			return
		}
		var no *accesssec.Refusal
		if errors.As(err, &no) {
			t.Fatalf("%s, failure %d: a fault is told as %s", name, n, no.Code)
		}
		if diff := cmp.Diff(before, state()); diff != "" {
			t.Fatalf("%s, failure %d: changed\n%s", name, n, diff)
		}
	}
	t.Fatalf("%s is never done", name)
}
