package flowtest

import (
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

// scimGroupFlows: groups as an identity provider pushes them are teams.
func scimGroupFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"made, renamed, deleted":          scimGroupLife,
		"a team of that name":             scimGroupAdopts,
		"people come and go":              scimGroupMembers,
		"who is nobody":                   scimGroupUnknown,
		"externals":                       scimGroupExternals,
		"groups in groups":                scimGroupNested,
		"names":                           scimGroupNames,
		"64 adds at once":                 scimGroupRace,
		"one name, sixteen times at once": scimGroupRaceName,
		"who is deactivated stays in":     scimGroupInactive,
		"whatever call fails, all of it":  scimGroupFaults,
	})
}

func groupBody(name string, members ...string) string {
	var list []string
	for _, id := range members {
		list = append(list, fmt.Sprintf(`{"value":%q}`, id))
	}
	return fmt.Sprintf(`{%s,"displayName":%q,"members":[%s]}`, groupURN, name, strings.Join(list, ","))
}

// group pushes one, and returns its id.
func (p *provisioner) group(name string, members ...string) string {
	p.w.t.Helper()
	id, _ := p.says(201, "POST", "/Groups", groupBody(name, members...)).json["id"].(string)
	return id
}

// members are the ids of who is in a group, sorted.
func (p *provisioner) members(id string) []string {
	p.w.t.Helper()
	list, _ := p.says(200, "GET", "/Groups/"+id, "").json["members"].([]any)
	out := []string{}
	for _, x := range list {
		m, _ := x.(map[string]any)
		v, _ := m["value"].(string)
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// groupsOf are the names of the groups that a user is in.
func (p *provisioner) groupsOf(id string) []string {
	p.w.t.Helper()
	list, _ := p.says(200, "GET", "/Users/"+id, "").json["groups"].([]any)
	out := []string{}
	for _, x := range list {
		m, _ := x.(map[string]any)
		v, _ := m["display"].(string)
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

func add(ids ...string) string    { return membersOp("add", ids...) }
func remove(ids ...string) string { return membersOp("remove", ids...) }

func membersOp(op string, ids ...string) string {
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf(`{"value":%q}`, id))
	}
	return fmt.Sprintf(`{"op":%q,"path":"members","value":[%s]}`, op, strings.Join(list, ","))
}

func (p *provisioner) patches(group string, operations ...string) {
	p.w.t.Helper()
	p.says(204, "PATCH", "/Groups/"+group, patchBody(operations...))
}

func scimGroupLife(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	ann, bob := p.makes("ann@example.com"), p.makes("bob@example.com")
	n := len(acme.events())
	a := p.says(201, "POST", "/Groups", fmt.Sprintf(`{%s,"displayName":"Design","externalId":"g1","members":[{"value":%q}]}`, groupURN, ann))
	id := a.json["id"].(string)
	acme.logged("made", n, audit.TeamCreated, audit.TeamChanged)
	acme.inTeam(id, "ann@example.com")
	if team := must1(acme.admin().Team(w.ctx, id)); !team.Managed || team.Name != "Design" {
		t.Errorf("the team is %+v", team)
	}
	acme.refuses(acme.admin().RenameTeam(w.ctx, id, "Else"), accesssec.CodeTeamManaged)
	acme.grant(accesssec.Subject{Kind: accesssec.ToTeam, ID: id}, "p1", "analyst")
	p.patches(id, add(bob), `{"op":"replace","value":{"id":"`+id+`","displayName":"Designers"}}`)
	acme.inTeam(id, "ann@example.com", "bob@example.com")
	if diff := cmp.Diff([]string{"Designers"}, p.groupsOf(bob)); diff != "" {
		t.Errorf("of Bob (-want +got)\n%s", diff)
	}
	if e := acme.last(audit.TeamRenamed); e.Changes[0].Old != "Design" || e.Changes[0].New != "Designers" || e.Actor.ID != p.id {
		t.Errorf("the log says %+v", e)
	}
	for filter, want := range map[string]int{`displayName eq "designERS"`: 1, `displayName eq "Design"`: 0, `externalId eq "g1"`: 1, `members.value eq "` + bob + `"`: 1, `members[value eq "x"]`: 0} {
		if found := p.list("Groups", filter); len(found) != want {
			t.Errorf("%s finds %v", filter, found)
		}
	}
	if a := p.says(200, "GET", "/Groups/"+id+"?excludedAttributes=members", ""); a.json["members"] != nil {
		t.Errorf("%s", a.body)
	}
	n = len(acme.events())
	p.says(204, "DELETE", "/Groups/"+id, "")
	acme.logged("deleted", n, audit.TeamDeleted)
	if e := acme.last(); factsOf(e)["grants_revoked"] != "1" {
		t.Errorf("the log says %+v", e)
	}
	p.says(404, "GET", "/Groups/"+id, "")
	if p.group("Designers") == id {
		t.Error("the same team again")
	}
}

func scimGroupAdopts(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ann@example.com", "friend@example.org")
	team := acme.team("Design team", "ann@example.com", "friend@example.org")
	other := acme.team("Other", "ann@example.com")
	acme.grant(toTeam(team), "p1", "analyst")
	p := acme.provisioner()
	bob := p.makes("bob@example.com")
	n := len(acme.events())
	if id := p.group("DESIGN  team", bob); id != team.ID {
		t.Errorf("pushed as %s, the team is %s", id, team.ID)
	}
	acme.logged("adopted", n, audit.TeamLinked, audit.TeamChanged)
	acme.inTeam(team.ID, "ann@example.com", "bob@example.com", "friend@example.org")
	if got := must1(acme.admin().Team(w.ctx, team.ID)); !got.Managed || got.Version != 2 {
		t.Errorf("the team is %+v", got)
	}
	if a := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: acme.member("bob@example.com")}, "p1")); a.Role != policy.Analyst {
		t.Errorf("Bob has %+v", a)
	}
	p.refused(409, "uniqueness", "displayName", "POST", "/Groups", groupBody("design team"))
	p.refused(403, "", "made in the application", "DELETE", "/Groups/"+other.ID, "")
	p.refused(409, "uniqueness", "displayName", "PATCH", "/Groups/"+team.ID, patchBody(`{"op":"replace","path":"displayName","value":"other"}`))
	n = len(acme.events())
	p.patches(other.ID, add(bob)) // by its id
	acme.logged("adopted", n, audit.TeamLinked, audit.TeamChanged)
	if got := must1(acme.admin().Team(w.ctx, other.ID)); !got.Managed || got.Name != "Other" {
		t.Errorf("the team is %+v", got)
	}
}

func scimGroupMembers(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	var ids []string
	for i := range 5 {
		ids = append(ids, p.makes(fmt.Sprintf("p%d@example.com", i)))
	}
	group := p.group("G", ids[0], ids[0])
	tag := func() string {
		return p.says(200, "GET", "/Groups/"+group+"?excludedAttributes=members", "").header.Get("ETag")
	}
	before := tag()
	step := func(what string, want []string, events int, operations ...string) {
		t.Helper()
		n := len(acme.events())
		p.patches(group, operations...)
		want = append([]string{}, want...)
		slices.Sort(want)
		if diff := cmp.Diff(want, p.members(group)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", what, diff)
		}
		if got := len(acme.events()) - n; got != events {
			t.Errorf("%s: %d events, want %d", what, got, events)
		}
	}
	step("added", ids[:3], 1, add(ids[1], ids[2]))
	step("added again", ids[:3], 0, add(ids[1]), add(ids[0], ids[2]))
	step("removed who is not in it", ids[:3], 0, remove(ids[4]))
	step("one comes, one goes", []string{ids[1], ids[2], ids[3]}, 2, remove(ids[0]), add(ids[3]))
	step("removed by a filter", []string{ids[1], ids[2]}, 1, `{"op":"remove","path":"members[value eq \"`+ids[3]+`\"]"}`)
	step("exactly these", []string{ids[2], ids[4]}, 2, `{"op":"replace","path":"members","value":[{"value":"`+ids[2]+`"},{"value":"`+ids[4]+`"}]}`)
	step("exactly these again", []string{ids[2], ids[4]}, 0, `{"op":"replace","path":"members","value":[{"value":"`+ids[2]+`"},{"value":"`+ids[4]+`"}]}`)
	step("removed are none", []string{ids[2], ids[4]}, 0, `{"op":"remove","path":"members","value":[]}`)
	if after := tag(); after != before {
		t.Errorf("the tag was %s and is %s", before, after)
	}
	step("all", []string{}, 1, `{"op":"remove","path":"members"}`)
	e := acme.last(audit.TeamChanged)
	if factsOf(e)["removed"] != "2" || len(e.Targets) != 3 || e.Targets[0].ID != group {
		t.Errorf("the log says %+v", e)
	}
	p.says(200, "PUT", "/Groups/"+group, groupBody("G", ids...))
	if got := p.members(group); len(got) != 5 {
		t.Errorf("in the group are %v", got)
	}
	p.says(200, "PUT", "/Groups/"+group, fmt.Sprintf(`{%s,"displayName":"G2"}`, groupURN))
	if got := p.members(group); len(got) != 5 {
		t.Errorf("a PUT without members: in the group are %v", got)
	}
}

func scimGroupUnknown(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	ann := p.makes("ann@example.com")
	group := p.group("G", "ent-nobody", ann)
	if got := p.members(group); !slices.Equal(got, []string{ann}) {
		t.Errorf("in the group are %v", got)
	}
	p.patches(group, add("ent-nobody", "x"))
	n := len(acme.events())
	for _, body := range []string{groupBody("Renamed", "ent-nobody", "x"), patchBody(`{"op":"replace","path":"members","value":[{"value":"ent-nobody"}]}`)} {
		method := "PUT"
		if strings.Contains(body, "Operations") {
			method = "PATCH"
		}
		p.refused(400, "invalidValue", "None of these members is known", method, "/Groups/"+group, body)
	}
	if got := p.members(group); !slices.Equal(got, []string{ann}) || len(p.list("Groups", `displayName eq "G"`)) != 1 || len(acme.events()) != n {
		t.Errorf("in the group are %v", got)
	}
	p.patches(group, `{"op":"replace","path":"members","value":[]}`)
	p.patches(group, `{"op":"replace","path":"members","value":[{"value":"ent-nobody"}]}`) // nobody was in it
	p.patches(group, add(ann))
	must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{Profile: "strict"}))
	bob := p.makes("bob@example.com")
	p.refused(400, "invalidValue", "ent-nobody", "PATCH", "/Groups/"+group, patchBody(add(bob, "ent-nobody")))
	p.refused(400, "invalidValue", "ent-nobody", "POST", "/Groups", groupBody("H", "ent-nobody"))
	if got := p.members(group); !slices.Equal(got, []string{ann}) {
		t.Errorf("in the group are %v", got)
	}
	if found := p.list("Groups", `displayName eq "H"`); len(found) != 0 {
		t.Error("half of it was made")
	}
}

func scimGroupExternals(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "friend@example.org", "ann@example.com")
	team := acme.team("G", "friend@example.org", "ann@example.com")
	p := acme.provisioner()
	friend, ann := p.idOf("friend@example.org"), p.idOf("ann@example.com")
	p.group("G")
	p.patches(team.ID, add(friend, ann)) // both are in it
	p.refused(403, "", "friend@example.org", "PATCH", "/Groups/"+team.ID, patchBody(remove(friend)))
	p.refused(403, "", "friend@example.org", "POST", "/Groups", groupBody("H", ann, friend))
	p.patches(team.ID, `{"op":"replace","path":"members","value":[]}`)
	acme.inTeam(team.ID, "friend@example.org")
	p.patches(team.ID, `{"op":"replace","path":"members","value":[{"value":"`+ann+`"}]}`)
	acme.inTeam(team.ID, "friend@example.org", "ann@example.com")
	p.patches(team.ID, `{"op":"remove","path":"members"}`)
	acme.inTeam(team.ID, "friend@example.org")
	must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{HideExternals: true}))
	if got := p.members(team.ID); len(got) != 0 {
		t.Errorf("in the group are %v", got)
	}
}

func scimGroupNested(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	inner := p.group("Inner")
	outer := p.group("Outer")
	p.refused(400, "invalidValue", "no groups", "PATCH", "/Groups/"+outer, patchBody(add(inner)))
	p.refused(400, "invalidValue", "no groups", "PATCH", "/Groups/"+outer, patchBody(add(outer)))
	p.refused(400, "invalidValue", "no groups", "POST", "/Groups", groupBody("Third", inner))
}

func scimGroupNames(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	long := strings.Repeat("g", 255)
	id := p.group(long)
	if team := must1(acme.admin().Team(w.ctx, id)); team.Name != long {
		t.Errorf("%+v", team)
	}
	for _, name := range []string{"\u200b", "\u202e\u00ad"} {
		p.refused(400, "invalidValue", "displayName", "POST", "/Groups", groupBody(name))
		p.refused(400, "invalidValue", "displayName", "PATCH", "/Groups/"+id, patchBody(fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, name)))
	}
	p.group("Straße")
	p.refused(409, "uniqueness", "displayName", "POST", "/Groups", groupBody("STRASSE"))
	a := p.says(201, "POST", "/Groups", groupBody("Two  blanks"))
	if a.json["displayName"] != "Two  blanks" {
		t.Errorf("said back: %s", a.body)
	}
}

func scimGroupRace(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) { supported(o); o.SCIMRate = 100_000 })
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	const n = 64
	var ids []string
	for i := range n {
		ids = append(ids, p.makes(fmt.Sprintf("p%d@example.com", i)))
	}
	group := p.group("G")
	before := must1(acme.admin().Team(w.ctx, group))
	again := make([]int, n)
	w.race(n, func(i int) error {
		for {
			a := p.do("PATCH", "/Groups/"+group, patchBody(add(ids[i])))
			switch a.status {
			case 204:
				return nil
			case 503:
				again[i]++ // and says to come again
			default:
				return fmt.Errorf("%d %s", a.status, a.body)
			}
		}
	})
	slices.Sort(ids)
	if diff := cmp.Diff(ids, p.members(group)); diff != "" {
		t.Errorf("in the group (-want +got)\n%s", diff)
	}
	if after := must1(acme.admin().Team(w.ctx, group)); after != before {
		t.Errorf("the team's own record was written: %+v", after)
	}
	for _, times := range again {
		if times > 0 {
			t.Logf("told to come again: %v", again)
			break
		}
	}
}

func scimGroupRaceName(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	status := make([]int, 16)
	w.race(16, func(i int) error {
		for status[i] == 0 || status[i] == 503 { // which says to come again
			status[i] = p.do("POST", "/Groups", groupBody("G")).status
		}
		return nil
	})
	slices.Sort(status)
	if status[0] != 201 || status[1] != 409 || status[15] != 409 {
		t.Errorf("%v", status)
	}
}

func scimGroupInactive(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	p := acme.provisioner()
	ann := p.makes("ann@example.com")
	group := p.group("G", ann)
	p.says(200, "PATCH", "/Users/"+ann, setActive(false))
	if got := p.members(group); !slices.Equal(got, []string{ann}) {
		t.Errorf("in the group are %v", got)
	}
	p.says(200, "PATCH", "/Users/"+ann, setActive(true))
	if diff := cmp.Diff([]string{"G"}, p.groupsOf(ann)); diff != "" {
		t.Errorf("of Ann (-want +got)\n%s", diff)
	}
}
