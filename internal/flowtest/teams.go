package flowtest

import (
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

// teamFlows: teams, by what name they go, who is in them, and what comes of it.
func teamFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"names":                             teamNames,
		"lists":                             teamLists,
		"who may":                           teamWho,
		"nobody gives what they lack":       teamAbove,
		"people come and go":                teamPeople,
		"more people than one event names":  teamMany,
		"people who are not there":          teamUnknown,
		"one that an IdP keeps":             teamManaged,
		"deleted, with what it had":         teamDeleted,
		"of another org":                    teamOfAnother,
		"64 changes of one at once":         teamRaceMembers,
		"one name, sixteen times at once":   teamRaceName,
		"whatever call fails, all of it":    teamFaults,
		"who is disabled stays in it":       teamDisabled,
		"its grants, given while it is led": teamMeanwhile,
	})
}

// team makes one, of these members.
func (c *customer) team(name string, addresses ...string) accesssec.Team {
	c.w.t.Helper()
	team, err := c.admin().CreateTeam(c.w.ctx, name)
	c.w.must(err)
	if len(addresses) > 0 {
		c.w.must(c.admin().ChangeTeam(c.w.ctx, team.ID, accesssec.TeamChange{Add: c.members(addresses...)}))
	}
	return team
}

// members are the ids of people.
func (c *customer) members(addresses ...string) []string {
	c.w.t.Helper()
	var out []string
	for _, a := range addresses {
		out = append(out, c.member(a))
	}
	return out
}

// inTeam compares who is in a team.
func (c *customer) inTeam(id string, want ...string) {
	c.w.t.Helper()
	got := []string{}
	p := store.Paging{Limit: 1000}
	for {
		page, err := c.admin().TeamMembers(c.w.ctx, id, p)
		c.w.must(err)
		for _, m := range page.Items {
			got = append(got, m.Address)
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	slices.Sort(got)
	want = append([]string{}, want...)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		c.w.t.Errorf("in the team (-want +got)\n%s", diff)
	}
}

// teamsOf are the names of the teams that somebody is in.
func (c *customer) teamsOf(address string) []string {
	c.w.t.Helper()
	teams, err := c.admin().TeamsOf(c.w.ctx, c.member(address))
	c.w.must(err)
	return namesOf(teams)
}

func namesOf(teams []accesssec.Team) []string {
	out := []string{}
	for _, t := range teams {
		out = append(out, t.Name)
	}
	return out
}

func toTeam(team accesssec.Team) accesssec.Subject {
	return accesssec.Subject{Kind: accesssec.ToTeam, ID: team.ID}
}

func teamNames(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	design := acme.team("  Design\n team ")
	if design.Name != "Design team" || design.Managed || design.Version != 1 || !design.CreatedAt.Equal(w.clock()) {
		t.Errorf("%+v", design)
	}
	if e := acme.last(audit.TeamCreated); e.Targets[0].ID != design.ID || e.Targets[0].Name != "Design team" || e.Targets[0].Kind != audit.KindTeam {
		t.Errorf("the log says %+v", e)
	}
	ops := acme.team("Straße")
	for _, name := range []string{"", " \u200b", strings.Repeat("a", 101), "design TEAM", "Design\u00a0team", "\uff24esign team", "De\u00adsign team", "STRASSE"} {
		_, err := acme.admin().CreateTeam(w.ctx, name)
		acme.refuses(err, accesssec.CodeTeamName)
		if name != "STRASSE" {
			acme.refuses(acme.admin().RenameTeam(w.ctx, ops.ID, name), accesssec.CodeTeamName)
		}
	}
	acme.refuses(acme.admin().RenameTeam(w.ctx, "team-nobodys", "Else"), accesssec.CodeNotFound)
	w.advance(time.Minute)
	w.must(acme.admin().RenameTeam(w.ctx, design.ID, "DESIGN team")) // its own key is no other's
	if e := acme.last(audit.TeamRenamed); len(e.Changes) != 1 || e.Changes[0].Old != "Design team" || e.Changes[0].New != "DESIGN team" || e.Targets[0].ID != design.ID {
		t.Errorf("the log says %+v", e)
	}
	w.must(acme.admin().RenameTeam(w.ctx, design.ID, "DESIGN team")) // nothing to do
	if n := len(acme.events(audit.TeamRenamed)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
	got, err := acme.admin().Team(w.ctx, design.ID)
	w.must(err)
	design.Name, design.Version = "DESIGN team", 2
	if got != design {
		t.Errorf("%+v, want %+v", got, design)
	}
	w.must(acme.admin().RenameTeam(w.ctx, design.ID, "Else"))
	acme.team("Design team") // the name is free
}

func teamLists(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	for _, name := range []string{"Zebra", "apple", "100% Café", "a_b", `back\slash`, "Æther", "Bananas"} {
		acme.team(name)
	}
	find := func(q accesssec.TeamQuery) []string {
		t.Helper()
		var out []accesssec.Team
		for {
			page, err := acme.admin().Teams(w.ctx, q)
			w.must(err)
			if q.Limit > 0 && len(page.Items) > q.Limit {
				t.Fatalf("%d on a page of %d", len(page.Items), q.Limit)
			}
			out = append(out, page.Items...)
			if q.After = page.Next; q.After == "" {
				return namesOf(out)
			}
		}
	}
	all := []string{"100% Café", "a_b", "apple", `back\slash`, "Bananas", "Zebra", "Æther"}
	for _, tt := range []struct {
		search string
		want   []string
	}{
		{"", all}, {" ", all},
		{"A", []string{"100% Café", "a_b", "apple", `back\slash`, "Bananas", "Zebra"}},
		{"%", []string{"100% Café"}}, {"_", []string{"a_b"}}, {`\`, []string{`back\slash`}},
		{"CAFE\u0301", []string{"100% Café"}}, {"æ", []string{"Æther"}},
		{"nothing", []string{}}, {strings.Repeat("a", 5000), []string{}}, {"\xff\x00'", []string{}}, {"' OR 1=1 --", []string{}},
	} {
		for _, limit := range []int{0, 2} {
			if diff := cmp.Diff(tt.want, find(accesssec.TeamQuery{Search: tt.search, Paging: store.Paging{Limit: limit}})); diff != "" {
				t.Errorf("%+q, %d a page (-want +got)\n%s", tt.search, limit, diff)
			}
		}
	}
}

func teamWho(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "admin@example.com")
	acme.add(policy.Billing, "billing@example.com")
	acme.add(policy.Member, "member@example.com", "lead@example.com")
	team := acme.team("Design", "member@example.com")
	acme.grant(accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("lead@example.com")}, "", string(policy.ProjectOwner))
	calls := func(a *accesssec.Admin) map[string]error {
		_, created := a.CreateTeam(w.ctx, "Another")
		_, listed := a.Teams(w.ctx, accesssec.TeamQuery{})
		_, read := a.Team(w.ctx, team.ID)
		_, members := a.TeamMembers(w.ctx, team.ID, store.Paging{})
		_, of := a.TeamsOf(w.ctx, acme.owner.UserID)
		return map[string]error{
			"create": created, "list": listed, "read": read, "members": members, "teams of": of,
			"rename": a.RenameTeam(w.ctx, team.ID, "Renamed"),
			"change": a.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{acme.owner.UserID}}),
			"delete": a.DeleteTeam(w.ctx, team.ID),
		}
	}
	for _, who := range []string{"billing@example.com", "member@example.com", "lead@example.com"} {
		for name, err := range calls(acme.as(who)) {
			if w.code(err) != accesssec.CodeNotAllowed {
				t.Errorf("%s, %s: %v", who, name, err)
			}
		}
	}
	was := acme.as("admin@example.com")
	w.must(acme.admin().DisableMember(w.ctx, acme.member("admin@example.com")))
	for name, err := range calls(was) {
		if w.code(err) != accesssec.CodeNotAllowed {
			t.Errorf("disabled, %s: %v", name, err)
		}
	}
	acme.inTeam(team.ID, "member@example.com")
	w.must(acme.admin().EnableMember(w.ctx, acme.member("admin@example.com")))
	for name, err := range calls(acme.as("admin@example.com")) {
		if err != nil {
			t.Errorf("an Admin, %s: %v", name, err)
		}
	}
	acme.refuses(acme.as("admin@example.com").DeleteTeam(w.ctx, team.ID), accesssec.CodeNotFound)
}

// teamAbove: who is put into a team has all that is granted to it, so who puts them there
// must have it as well.
func teamAbove(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "admin@example.com", "second@example.com")
	acme.add(policy.Member, "ann@example.com", "bob@example.com")
	team := acme.team("Release", "bob@example.com")
	ann, bob := acme.member("ann@example.com"), acme.member("bob@example.com")
	admin := acme.as("admin@example.com")
	acme.grant(toTeam(team), "p1", string(policy.ProjectAdmin)) // an Admin may give that
	w.must(admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann}}))
	w.must(admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Remove: []string{ann}}))
	end := w.clock().Add(time.Minute)
	above := must1(acme.admin().Grant(w.ctx, accesssec.Grant{To: toTeam(team), Project: "p2", Role: string(policy.ProjectOwner), Expires: end}))
	refused := func() {
		t.Helper()
		before := len(acme.events(audit.ChangeRefused))
		for _, d := range []accesssec.TeamChange{{Add: []string{ann}}, {Add: []string{acme.member("admin@example.com")}}, {Remove: []string{bob}}} {
			acme.refuses(admin.ChangeTeam(w.ctx, team.ID, d), accesssec.CodeAbove)
		}
		acme.refuses(admin.DeleteTeam(w.ctx, team.ID), accesssec.CodeAbove)
		acme.inTeam(team.ID, "bob@example.com")
		if n := len(acme.events(audit.ChangeRefused)) - before; n != 4 {
			t.Errorf("%d refusals in the log, want 4", n)
		}
		if e := acme.last(audit.ChangeRefused); e.Targets[0].ID != team.ID || e.Reason != string(accesssec.CodeAbove) {
			t.Errorf("the log says %+v", e)
		}
	}
	refused()
	w.must(admin.RenameTeam(w.ctx, team.ID, "Releases")) // that gives nobody anything
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann}, Remove: []string{bob}}))
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{bob}, Remove: []string{ann}}))
	// Who has it from elsewhere may give it, and as long as they have it.
	own := acme.grant(accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("admin@example.com")}, "p2", string(policy.ProjectOwner))
	w.must(admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann}}))
	w.must(admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Remove: []string{ann}}))
	w.must(acme.admin().Revoke(w.ctx, own.ID))
	refused()
	w.advance(time.Minute) // what has ended gives nobody anything
	w.must(admin.ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann}}))
	acme.grant(toTeam(team), "", string(policy.ProjectOwner))
	acme.refuses(admin.DeleteTeam(w.ctx, team.ID), accesssec.CodeAbove)
	w.must(acme.admin().DeleteTeam(w.ctx, team.ID))
	acme.refuses(acme.admin().Revoke(w.ctx, above.ID), accesssec.CodeNotFound)
}

// teamPeople: who is in a team has what it has from the next request on, and who is out of
// it no more.
func teamPeople(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com", "bob@example.com")
	ann, bob := acme.member("ann@example.com"), acme.member("bob@example.com")
	b := w.browser()
	b.submit("password", "address", "ann@example.com", "password", right)
	team, other := acme.team("Design"), acme.team("alpha", "ann@example.com")
	acme.grant(toTeam(team), "p1", string(policy.Analyst))
	if got := b.project("p1"); got != "" {
		t.Errorf("before: %q", got)
	}
	w.advance(time.Second)
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{bob, ann, ann}}))
	if got := b.project("p1"); got != "analyst" {
		t.Errorf("in the team: %q", got)
	}
	e := acme.last(audit.TeamChanged)
	if diff := cmp.Diff(map[string]string{"added": "2"}, factsOf(e)); diff != "" || e.Targets[0].ID != team.ID || len(e.Targets) != 3 {
		t.Errorf("the log says %+v\n%s", e, diff)
	}
	for _, p := range e.Targets[1:] {
		if p.Kind != audit.KindUser || !p.Person || p.ID != ann && p.ID != bob {
			t.Errorf("the log names %+v", p)
		}
	}
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{ann}})) // once more
	acme.inTeam(team.ID, "ann@example.com", "bob@example.com")
	acme.inTeam(other.ID, "ann@example.com")
	if got := acme.teamsOf("ann@example.com"); !slices.Equal(got, []string{"alpha", "Design"}) {
		t.Errorf("Ann is in %q", got)
	}
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Remove: []string{ann}}))
	if got := b.project("p1"); got != "" {
		t.Errorf("out of the team: %q", got)
	}
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Remove: []string{ann}})) // once more
	acme.inTeam(team.ID, "bob@example.com")
	before := len(acme.events(audit.TeamChanged))
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{}))
	if n := len(acme.events(audit.TeamChanged)); n != before {
		t.Error("nothing was changed, and is in the log")
	}
	// Out of the org is out of the team, and back in the org is not back in the team.
	w.must(acme.admin().RemoveMember(w.ctx, bob))
	acme.inTeam(team.ID)
	acme.add(policy.Member, "bob@example.com")
	acme.inTeam(team.ID)
	if got := acme.teamsOf("bob@example.com"); len(got) != 0 {
		t.Errorf("Bob is in %q", got)
	}
}

func teamMany(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	var people []accesssec.Person
	var addresses []string
	for i := range 130 {
		addresses = append(addresses, fmt.Sprintf("p%d@example.com", i))
		people = append(people, accesssec.Person{Address: addresses[i], Verified: true, Role: policy.Member})
	}
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, people...))
	ids := acme.members(addresses...)
	team := acme.team("All hands")
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: ids}))
	acme.inTeam(team.ID, addresses...)
	w.must(acme.admin().ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{acme.owner.UserID}, Remove: ids[:125]}))
	acme.inTeam(team.ID, append(slices.Clone(addresses[125:]), "owner@example.com")...)
	named := map[string]int{}
	for _, e := range acme.events(audit.TeamChanged) {
		if e.Targets[0].ID != team.ID || len(e.Targets) > 64 {
			t.Fatalf("%d are named after %+v", len(e.Targets), e.Targets[0])
		}
		for what, n := range factsOf(e) {
			if n != fmt.Sprint(len(e.Targets)-1) {
				t.Errorf("%s %s, and %d are named", n, what, len(e.Targets)-1)
			}
			named[what] += len(e.Targets) - 1
		}
	}
	if diff := cmp.Diff(map[string]int{"added": 131, "removed": 125}, named); diff != "" {
		t.Errorf("the log (-want +got)\n%s", diff)
	}
}
