package flowtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// teamUnknown: of a change with anybody in it who can't be in the team nothing is done.
func teamUnknown(t *testing.T, w *world) {
	acme, other := w.newOrg("Acme", "owner@example.com"), w.newOrg("Other", "owner@example.org")
	acme.add(policy.Member, "ann@example.com", "left@example.com")
	team := acme.team("Design", "ann@example.com", "left@example.com")
	left := acme.member("left@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, left) })
	ann := acme.member("ann@example.com")
	for name, d := range map[string]accesssec.TeamChange{
		"nobody":           {Add: []string{"usr-nobodys"}},
		"an empty id":      {Add: []string{""}},
		"no id at all":     {Remove: []string{"\xff\x00"}},
		"of another org":   {Add: []string{other.owner.UserID}},
		"out of it":        {Remove: []string{"usr-nobodys"}},
		"the team itself":  {Add: []string{team.ID}},
		"no member":        {Add: []string{left}},
		"one of two":       {Add: []string{acme.owner.UserID, other.owner.UserID}},
		"beside a removal": {Add: []string{other.owner.UserID}, Remove: []string{ann}},
	} {
		if err := acme.admin().ChangeTeam(w.ctx, team.ID, d); w.code(err) != accesssec.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, d := range map[string]accesssec.TeamChange{
		"too many": {Add: make([]string, 501), Remove: make([]string, 500)},
		"both":     {Add: []string{ann}, Remove: []string{ann}},
	} {
		if err := acme.admin().ChangeTeam(w.ctx, team.ID, d); err == nil || errors.As(err, new(*accesssec.Refusal)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	acme.inTeam(team.ID, "ann@example.com") // who has left is not shown
	if _, err := acme.admin().TeamsOf(w.ctx, left); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("teams of who has left: %v", err)
	}
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Remove: []string{left, ann}}))
	if page, err := w.store.EntryMembers(w.ctx, acme.owner.OrgID, team.ID, store.MemberQuery{}); err != nil || len(page.Items) != 0 {
		t.Errorf("left in the team: %v, %v", page.Items, err)
	}
}

// teamManaged: nobody here changes what comes from an identity provider.
func teamManaged(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	team := acme.team("Design", "ann@example.com")
	w.change(func(tx store.Tx) error {
		e, err := tx.Entry(w.ctx, acme.owner.OrgID, team.ID)
		if err != nil {
			return err
		}
		e.ConnectionID, e.ExternalID = "con-1", "g-1"
		return tx.PutEntry(w.ctx, e)
	})
	if got := must1(acme.admin().Team(w.ctx, team.ID)); !got.Managed {
		t.Errorf("%+v", got)
	}
	admin := acme.admin()
	for name, err := range map[string]error{
		"rename": admin.RenameTeam(w.ctx, team.ID, "Else"),
		"change": admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{acme.owner.UserID}}),
		"delete": admin.DeleteTeam(w.ctx, team.ID),
	} {
		if w.code(err) != accesssec.CodeTeamManaged {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := admin.CreateTeam(w.ctx, "DESIGN")
	acme.refuses(err, accesssec.CodeTeamName)
	acme.inTeam(team.ID, "ann@example.com")
	if n := len(acme.events(audit.ChangeRefused)); n != 4 {
		t.Errorf("%d refusals in the log, want 4", n)
	}
	acme.grant(toTeam(team), "p1", string(policy.Analyst)) // what it has is for the org to say
	w.must(acme.admin().RemoveMember(w.ctx, acme.member("ann@example.com")))
	acme.inTeam(team.ID)
}

func teamDeleted(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	b := w.browser()
	b.submit("password", "address", "ann@example.com", "password", right)
	team, other := acme.team("Design", "ann@example.com"), acme.team("Other", "ann@example.com")
	acme.grant(toTeam(team), "p1", string(policy.Analyst))
	acme.grant(toTeam(team), "", string(policy.Consumer))
	acme.grant(toTeam(other), "p3", string(policy.Consumer))
	if b.project("p1") != "analyst" || b.project("p2") != "consumer" {
		t.Fatal("the team has nothing")
	}
	w.must(acme.admin().DeleteTeam(w.ctx, team.ID))
	if got := []string{b.project("p1"), b.project("p2"), b.project("p3")}; got[0] != "" || got[1] != "" || got[2] != "consumer" {
		t.Errorf("afterwards: %q", got)
	}
	if e := acme.last(audit.TeamDeleted); factsOf(e)["grants_revoked"] != "2" || e.Targets[0].Name != "Design" {
		t.Errorf("the log says %+v", e)
	}
	page, err := w.store.Grants(w.ctx, acme.owner.OrgID, store.GrantQuery{})
	w.must(err)
	if len(page.Items) != 1 {
		t.Errorf("%d grants are left, want one", len(page.Items))
	}
	if again := acme.team("Design", "ann@example.com"); again.ID == team.ID || b.project("p1") != "" {
		t.Error("what it had is back")
	}
	for name, err := range map[string]error{
		"delete": acme.admin().DeleteTeam(w.ctx, team.ID),
		"change": acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{acme.owner.UserID}}),
	} {
		if w.code(err) != accesssec.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = acme.admin().Team(w.ctx, team.ID)
	acme.refuses(err, accesssec.CodeNotFound)
	_, err = acme.admin().TeamMembers(w.ctx, team.ID, store.Paging{})
	acme.refuses(err, accesssec.CodeNotFound)
}

// teamOfAnother: by the id of another org's team one gets nowhere, and neither by that of a
// person's own entry.
func teamOfAnother(t *testing.T, w *world) {
	acme, evil := w.newOrg("Acme", "owner@example.com"), w.newOrg("Evil", "owner@example.org")
	team := acme.team("Design", "owner@example.com")
	page, err := w.store.Entries(w.ctx, evil.owner.OrgID, store.EntryQuery{Type: store.EntryUser})
	w.must(err)
	for _, id := range []string{team.ID, page.Items[0].ID, "team-nobodys"} {
		a := evil.admin()
		_, read := a.Team(w.ctx, id)
		_, members := a.TeamMembers(w.ctx, id, store.Paging{})
		for name, err := range map[string]error{
			"read": read, "members": members,
			"rename": a.RenameTeam(w.ctx, id, "Mine"),
			"change": a.ChangeTeam(w.ctx, id, accesssec.TeamChange{Add: []string{evil.owner.UserID}}),
			"delete": a.DeleteTeam(w.ctx, id),
		} {
			if w.code(err) != accesssec.CodeNotFound {
				t.Errorf("%s %s: %v", name, id, err)
			}
		}
	}
	if teams := must1(evil.admin().Teams(w.ctx, accesssec.TeamQuery{})); len(teams.Items) != 0 {
		t.Errorf("Evil sees %v", namesOf(teams.Items))
	}
	acme.inTeam(team.ID, "owner@example.com")
	evil.team("Design") // a name is an org's own
}

// teamDisabled: who is disabled is in the team, has nothing of it, and has it again.
func teamDisabled(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	ann := acme.member("ann@example.com")
	team := acme.team("Design", "ann@example.com")
	acme.grant(toTeam(team), "p1", string(policy.Analyst))
	w.must(acme.admin().DisableMember(w.ctx, ann))
	acme.inTeam(team.ID, "ann@example.com")
	if got := acme.sources("ann@example.com", "p1"); len(got) != 0 {
		t.Errorf("disabled: %q", got)
	}
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Remove: []string{ann}}))
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann}}))
	w.must(acme.admin().EnableMember(w.ctx, ann))
	if got := acme.sources("ann@example.com", "p1"); len(got) != 1 || got[0] != "team analyst" {
		t.Errorf("enabled again: %q", got)
	}
}

// teamRaceMembers: 64 put somebody into one team at once, and nobody is lost.
func teamRaceMembers(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	var people []accesssec.Person
	var addresses []string
	for i := range 64 {
		addresses = append(addresses, fmt.Sprintf("p%d@example.com", i))
		people = append(people, accesssec.Person{Address: addresses[i], Verified: true, Role: policy.Member})
	}
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, people...))
	ids, team, admin := acme.members(addresses...), acme.team("Design"), acme.admin()
	version := must1(w.store.Entry(w.ctx, acme.owner.OrgID, team.ID)).Version
	won, codes := w.race(64, func(i int) error {
		return admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: ids[i : i+1]})
	})
	if won != 64 {
		t.Errorf("%d were put in, refused as %v", won, codes)
	}
	acme.inTeam(team.ID, addresses...)
	if n := len(acme.events(audit.TeamChanged)); n != 64 {
		t.Errorf("%d lines in the log, want 64", n)
	}
	if got := must1(w.store.Entry(w.ctx, acme.owner.OrgID, team.ID)).Version; got != version {
		t.Errorf("the team's own record was written: version %d, was %d", got, version)
	}
}

func teamRaceName(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	admin := acme.admin()
	won, codes := w.race(16, func(i int) error {
		_, err := admin.CreateTeam(w.ctx, []string{"Design", "DESIGN", "design", " de\u00adsign"}[i%4])
		return err
	})
	if won != 1 || codes[accesssec.CodeTeamName] != 15 {
		t.Errorf("%d were made, refused as %v", won, codes)
	}
	if teams := must1(admin.Teams(w.ctx, accesssec.TeamQuery{})); len(teams.Items) != 1 {
		t.Errorf("there are %q", namesOf(teams.Items))
	}
}

// teamMeanwhile: a role is granted to a team while an Admin who lacks it puts somebody in.
// Whichever is first, either the Admin is refused or the grant came after.
func teamMeanwhile(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "admin@example.com")
	acme.add(policy.Member, "ann@example.com")
	owner, admin, ann := acme.admin(), acme.as("admin@example.com"), acme.member("ann@example.com")
	team := acme.team("Design")
	won, codes := w.race(2, func(i int) error {
		if i == 0 {
			_, err := owner.Grant(w.ctx, accesssec.Grant{To: toTeam(team), Role: string(policy.ProjectOwner)})
			return err
		}
		return admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann}})
	})
	if won != 2 && (won != 1 || codes[accesssec.CodeAbove] != 1) {
		t.Errorf("%d without an error, refused as %v", won, codes)
	}
	acme.refuses(admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann}}), accesssec.CodeAbove)
}

// teamState is all that a change of a team may touch.
type teamState struct {
	Entries []store.Entry
	Members map[string][]string
	Grants  []store.Grant
	Events  int
}

func (c *customer) teamState() teamState {
	w := c.w
	w.t.Helper()
	entries, err := w.store.Entries(w.ctx, c.owner.OrgID, store.EntryQuery{})
	w.must(err)
	out := teamState{Entries: entries.Items, Members: map[string][]string{}}
	for _, e := range entries.Items {
		if e.Type == store.EntryGroup {
			out.Members[e.ID] = must1(w.store.EntryMembers(w.ctx, c.owner.OrgID, e.ID, store.MemberQuery{})).Items
		}
	}
	out.Grants = must1(w.store.Grants(w.ctx, c.owner.OrgID, store.GrantQuery{})).Items
	out.Events = c.written()
	return out
}

// written counts the customer's log without sealing it.
func (c *customer) written() int {
	c.w.t.Helper()
	sealed, err := c.w.store.AuditEvents(c.w.ctx, c.owner.OrgID, store.AuditQuery{Paging: store.Paging{Limit: 1000}})
	c.w.must(err)
	return len(eventsUnsealed(c.w, c)) + len(sealed.Items)
}

// untilChanged runs fn with the store failing ever later, until it succeeds. A failure
// leaves state as it was, and is told as a failure.
func untilChanged[S any](w *world, what string, state func() S, fn func(context.Context) error) {
	t := w.t
	t.Helper()
	before := state()
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		err := fn(ctx)
		if err == nil {
			if n < 5 {
				t.Errorf("%s: done after %d failures", what, n)
			}
			return
		}
		if no := (*accesssec.Refusal)(nil); errors.As(err, &no) {
			t.Fatalf("%s: failure %d is told as %s", what, n, no.Code)
		}
		if diff := cmp.Diff(before, state()); diff != "" {
			t.Fatalf("%s: failure %d has changed (-want +got)\n%s", what, n, diff)
		}
	}
	t.Fatalf("%s: never done", what)
}

func teamFaults(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com", "bob@example.com")
	ann, bob := acme.member("ann@example.com"), acme.member("bob@example.com")
	var team accesssec.Team
	admin := acme.admin()
	untilChanged(w, "CreateTeam", acme.teamState, func(ctx context.Context) (err error) {
		team, err = admin.CreateTeam(ctx, "Design")
		return err
	})
	acme.grant(toTeam(team), "p1", string(policy.Analyst))
	acme.grant(toTeam(team), "p2", string(policy.Consumer))
	w.must(admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{bob}}))
	untilChanged(w, "RenameTeam", acme.teamState, func(ctx context.Context) error { return admin.RenameTeam(ctx, team.ID, "Else") })
	untilChanged(w, "ChangeTeam", acme.teamState, func(ctx context.Context) error {
		return admin.ChangeTeam(ctx, team.ID, accesssec.TeamChange{Add: []string{ann}, Remove: []string{bob}})
	})
	acme.inTeam(team.ID, "ann@example.com")
	untilChanged(w, "DeleteTeam", acme.teamState, func(ctx context.Context) error { return admin.DeleteTeam(ctx, team.ID) })
	if left := acme.teamState(); len(left.Grants) != 0 || len(left.Members) != 0 {
		t.Errorf("left over: %+v", left)
	}
	for _, e := range []audit.Type{audit.TeamCreated, audit.TeamRenamed, audit.TeamDeleted} {
		if n := len(acme.events(e)); n != 1 {
			t.Errorf("%s is %d times in the log", e, n)
		}
	}
}
