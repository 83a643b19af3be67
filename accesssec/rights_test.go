package accesssec_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// TestRights lets people of generated orgs do whatever comes to their mind to each other's
// roles, grants, teams and custom roles, and holds what comes of it against a model that
// knows nothing of the code: an org is never without an Owner who can come in; nobody gains
// what the actor lacks, now or at a later time, when some grants have ended; what somebody may
// do is the union of what reaches them; one grant that is revoked takes its own source with it
// and no other.
//
// ACCESSSEC_RIGHTS is how many orgs, 8 if unset.
func TestRights(t *testing.T) {
	t.Parallel()
	orgs := 8
	if text := os.Getenv("ACCESSSEC_RIGHTS"); text != "" {
		var err error
		if orgs, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	total := map[string][2]int{}
	for seed := range orgs {
		r := newRightsRun(t, uint64(seed))
		for range 150 {
			r.step()
			if t.Failed() {
				t.Fatalf("seed %d: %s", seed, r.last)
			}
		}
		for name, n := range r.counts {
			was := total[name]
			total[name] = [2]int{was[0] + n[0], was[1] + n[1]}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%-16s %5d done, %5d refused", name, total[name][0], total[name][1])
		if total[name][0] == 0 || total[name][1] == 0 && name != "all of these" {
			t.Errorf("%s: %v: too little happened to show anything", name, total[name])
		}
	}
}

// rightsRun is one org, and the model of it.
type rightsRun struct {
	t      *testing.T
	st     store.Store
	svc    *accesssec.Service
	at     time.Time
	lots   *rand.Rand
	orgID  string
	people []string // user ids, members or not any more
	last   string
	counts map[string][2]int // done, refused

	roles  map[string]policy.Role // of members
	off    map[string]bool
	teams  map[string]map[string]bool // who is in it
	custom map[string][]policy.Action
	read   map[string]int64 // versions of custom roles
	grants map[string]accesssec.Grant
	agents []string // service accounts
}

var rightsProjects = []string{"", "p1", "p2"}

// rightsHost are the actions of a host.
var rightsHost = []policy.Permission{
	{Action: "host.deploy", Least: policy.ProjectAdmin},
	{Action: "host.export", Least: policy.Consumer},
	{Action: "host.secret"}, // no role has it by itself
}

func newRightsRun(t *testing.T, seed uint64) *rightsRun {
	t.Helper()
	keys, err := seal.NewRing(seal.Key{ID: "test", Secret: sha256.Sum256([]byte(t.Name()))})
	fatal(t, err)
	r := &rightsRun{
		t: t, st: memory.New(), at: time.Date(2040, 3, 1, 12, 0, 0, 0, time.UTC), lots: rand.New(rand.NewPCG(seed, 1)), counts: map[string][2]int{},
		roles: map[string]policy.Role{}, off: map[string]bool{}, teams: map[string]map[string]bool{},
		custom: map[string][]policy.Action{}, read: map[string]int64{}, grants: map[string]accesssec.Grant{},
	}
	r.svc, err = accesssec.New(r.st, "https://app.example.com", keys, &accesssec.Options{
		Now: func() time.Time { return r.at }, Actions: rightsHost,
		Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	})
	fatal(t, err)
	owner, err := r.svc.CreateOrg(t.Context(), "Acme", accesssec.Person{Address: "p0@example.com", Verified: true})
	fatal(t, err)
	r.orgID = owner.OrgID
	r.join(owner.UserID, policy.Owner)
	for i := range 6 {
		r.bring(fmt.Sprintf("p%d@example.com", i+1), pick(r.lots, policy.Owner, policy.Admin, policy.Billing, policy.Member, policy.Member))
	}
	admin := r.svc.Admin(owner)
	team, err := admin.CreateTeam(t.Context(), "Team of the first day")
	fatal(t, err)
	r.teams[team.ID] = map[string]bool{}
	first := []accesssec.Grant{{To: accesssec.Subject{Kind: accesssec.ToTeam, ID: team.ID}, Role: "owner"}}
	for i, id := range r.people[1:] { // who may give, and not for ever
		to := accesssec.Subject{Kind: accesssec.ToPerson, ID: id}
		first = append(first, accesssec.Grant{To: to, Project: rightsProjects[i%2], Role: "owner", Expires: r.at.Add(time.Duration(i+1) * time.Minute)})
	}
	for _, g := range first {
		g, err = admin.Grant(t.Context(), g)
		fatal(t, err)
		r.grants[g.ID] = g
	}
	for i := range 2 {
		sa, err := admin.PutServiceAccount(t.Context(), accesssec.ServiceAccount{Name: fmt.Sprintf("agent %d", i), Purpose: "to see what it may do"})
		fatal(t, err)
		r.agents = append(r.agents, sa.ID)
	}
	return r
}

func pick[T any](lots *rand.Rand, from ...T) T { return from[lots.IntN(len(from))] }

func (r *rightsRun) join(id string, role policy.Role) {
	if !slices.Contains(r.people, id) {
		r.people = append(r.people, id)
	}
	r.roles[id] = role
}

// bring is the host's own doing: who was removed may come back.
func (r *rightsRun) bring(address string, role policy.Role) {
	r.t.Helper()
	fatal(r.t, r.svc.ImportPeople(r.t.Context(), r.orgID, accesssec.Person{Address: address, Verified: true, Role: role}))
	u, err := r.st.UserByAddress(r.t.Context(), address)
	fatal(r.t, err)
	r.join(u.ID, role)
}

// mays is what each person and service account may do on each project.
type mays map[may][]policy.Action

type may struct{ id, project string }

func (r *rightsRun) subjects() []accesssec.Subject {
	var out []accesssec.Subject
	for _, id := range r.people {
		out = append(out, accesssec.Subject{Kind: accesssec.ToPerson, ID: id})
	}
	for _, id := range r.agents {
		out = append(out, accesssec.Subject{Kind: accesssec.ToServiceAccount, ID: id})
	}
	return out
}

// now asks the service, and holds each answer against the model.
func (r *rightsRun) now() mays {
	r.t.Helper()
	out := mays{}
	for _, s := range r.subjects() {
		for _, project := range rightsProjects {
			got, err := r.svc.AccessOf(r.t.Context(), r.orgID, s, project)
			fatal(r.t, err)
			actions, sources := r.expect(s, project)
			if d := cmp.Diff(actions, got.Actions()); d != "" {
				r.t.Errorf("after %s, %s on %q may, by the model and by the service:\n%s", r.last, s.ID, project, d)
			}
			var from []string
			for _, src := range got.Sources {
				from = append(from, src.Grant)
			}
			slices.Sort(from)
			if d := cmp.Diff(sources, from); d != "" {
				r.t.Errorf("after %s, %s on %q has it from, by the model and by the service:\n%s", r.last, s.ID, project, d)
			}
			out[may{s.ID, project}] = got.Actions()
		}
	}
	return out
}

// expect is the model: the union of what reaches somebody, and by which grants ("" the org
// role).
func (r *rightsRun) expect(s accesssec.Subject, project string) (actions []policy.Action, sources []string) {
	set := map[policy.Action]bool{}
	person := s.Kind == accesssec.ToPerson
	if person && (r.roles[s.ID] == "" || r.off[s.ID]) {
		return nil, nil
	}
	role := r.roles[s.ID]
	for _, p := range policy.Permissions() {
		if slices.Contains(p.Orgs, role) {
			set[p.Action] = true
		}
	}
	if person && (role == policy.Owner || role == policy.Admin) {
		sources = append(sources, "")
		maps.Copy(set, r.of(string(role)))
	}
	for id, g := range r.grants {
		reaches := g.To == s
		switch g.To.Kind {
		case accesssec.ToEveryone:
			reaches = person
		case accesssec.ToTeam:
			reaches = r.teams[g.To.ID][s.ID]
		}
		if reaches && (g.Project == "" || g.Project == project) && !r.ended(g) {
			sources = append(sources, id)
			maps.Copy(set, r.of(g.Role))
		}
	}
	slices.Sort(sources)
	return slices.Sorted(maps.Keys(set)), sources
}

func (r *rightsRun) ended(g accesssec.Grant) bool {
	return !g.Expires.IsZero() && !r.at.Before(g.Expires)
}

// in is what it will be then, if nobody does anything.
func (r *rightsRun) in(then time.Duration) mays {
	r.t.Helper()
	r.at = r.at.Add(then)
	defer func() { r.at = r.at.Add(-then) }()
	return r.now()
}

// of is what a role allows on its project, written out by hand.
func (r *rightsRun) of(role string) map[policy.Action]bool {
	list := r.custom[role]
	switch role {
	case "owner":
		list = []policy.Action{"project.view", "project.edit", "project.manage", "project.delete", "host.export", "host.deploy"}
	case "admin":
		list = []policy.Action{"project.view", "project.edit", "project.manage", "host.export", "host.deploy"}
	case "analyst":
		list = []policy.Action{"project.view", "project.edit", "host.export"}
	case "consumer":
		list = []policy.Action{"project.view", "host.export"}
	}
	out := map[policy.Action]bool{}
	for _, a := range list {
		out[a] = true
	}
	return out
}

// step is one person who does one thing.
func (r *rightsRun) step() {
	r.t.Helper()
	before, then := r.now(), pick(r.lots, 20*time.Second, time.Minute, 10*time.Minute, 365*24*time.Hour)
	later := r.in(then)
	actor := pick(r.lots, r.people...)
	p, err := r.svc.Vouch(r.t.Context(), r.orgID, actor)
	if err != nil { // no member any more
		return
	}
	was, acts := r.roles[actor], r.acts()
	name := pick(r.lots, slices.Sorted(maps.Keys(acts))...)
	r.last = fmt.Sprintf("%s by %s (%s)", name, actor, r.roles[actor])
	err = acts[name](r.svc.Admin(p), actor)
	n := r.counts[name]
	if err == nil {
		n[0]++
	} else {
		var no *accesssec.Refusal
		if !errors.As(err, &no) {
			r.t.Fatalf("%s: %v", r.last, err)
		}
		n[1]++
		r.last += ": refused: " + string(no.Code)
	}
	r.counts[name] = n
	r.gains(name, actor, was, err, before, r.now())
	r.gains(name+", later", actor, was, err, later, r.in(then))
	owners := 0
	for id, role := range r.roles {
		if role == policy.Owner && !r.off[id] {
			owners++
		}
	}
	if owners == 0 {
		r.t.Errorf("%s: no Owner is left", r.last)
	}
	r.at = r.at.Add(time.Second)
}

// gains: nobody has what they had not before and the actor lacks. To let a member in again
// who was disabled gives back what others have granted to them.
func (r *rightsRun) gains(name, actor string, was policy.Role, err error, before, after mays) {
	r.t.Helper()
	if err != nil {
		if d := cmp.Diff(before, after); d != "" {
			r.t.Errorf("%s, and yet:\n%s", r.last, d)
		}
		return
	}
	if strings.HasPrefix(name, "enable") {
		return
	}
	for key, now := range after {
		for _, a := range now {
			if slices.Contains(before[key], a) || slices.Contains(before[may{actor, key.project}], a) {
				continue
			}
			if was != policy.Owner || a != "host.secret" { // what no role has is for an Owner to give
				r.t.Errorf("%s: %v gains %s, which the actor lacks", r.last, key, a)
			}
		}
	}
}

// acts are the things that people do. Each changes the model when it is done.
func (r *rightsRun) acts() map[string]func(*accesssec.Admin, string) error {
	return map[string]func(*accesssec.Admin, string) error{
		"set role": r.setRole, "remove": r.remove, "disable": r.disable, "enable": r.enable,
		"grant": r.grant, "grant again": r.grant, "grant more": r.grant, "revoke": r.revoke, "custom role": r.putRole, "delete role": r.deleteRole,
		"team": r.createTeam, "join team": r.changeTeam, "change team": r.changeTeam, "delete team": r.deleteTeam,
	}
}

func (r *rightsRun) setRole(a *accesssec.Admin, _ string) error {
	id, role := pick(r.lots, r.people...), pick(r.lots, policy.Owner, policy.Admin, policy.Billing, policy.Member)
	err := a.SetRole(r.t.Context(), id, role)
	if err == nil {
		r.roles[id] = role
	}
	return err
}

func (r *rightsRun) remove(a *accesssec.Admin, _ string) error {
	id := pick(r.lots, r.people...)
	err := a.RemoveMember(r.t.Context(), id)
	if err != nil {
		return err
	}
	delete(r.roles, id)
	delete(r.off, id)
	for _, in := range r.teams {
		delete(in, id)
	}
	maps.DeleteFunc(r.grants, func(_ string, g accesssec.Grant) bool {
		return g.To == accesssec.Subject{Kind: accesssec.ToPerson, ID: id}
	})
	// Another comes in their place, who begins anew.
	if len(r.roles) < 5 {
		u, err := r.st.User(r.t.Context(), id)
		fatal(r.t, err)
		r.now()
		r.bring(u.Address, policy.Member)
	}
	return nil
}

func (r *rightsRun) disable(a *accesssec.Admin, _ string) error {
	id := pick(r.lots, r.people...)
	err := a.DisableMember(r.t.Context(), id)
	if err == nil {
		r.off[id] = true
	}
	return err
}

func (r *rightsRun) enable(a *accesssec.Admin, _ string) error {
	id := pick(r.lots, r.people...)
	err := a.EnableMember(r.t.Context(), id)
	if err == nil {
		delete(r.off, id)
	}
	return err
}

// role is any that there is, or was.
func (r *rightsRun) role() string {
	from := []string{"owner", "admin", "analyst", "consumer", "analyst", "role-nobodys"}
	return pick(r.lots, append(from, slices.Sorted(maps.Keys(r.custom))...)...)
}

func (r *rightsRun) grant(a *accesssec.Admin, _ string) error {
	to := pick(r.lots, r.subjects()...)
	switch r.lots.IntN(4) {
	case 0:
		to = accesssec.Subject{Kind: accesssec.ToEveryone}
	case 1:
		if teams := slices.Sorted(maps.Keys(r.teams)); len(teams) > 0 {
			to = accesssec.Subject{Kind: accesssec.ToTeam, ID: pick(r.lots, teams...)}
		}
	}
	ends := pick(r.lots, time.Time{}, time.Time{}, r.at.Add(30*time.Second), r.at.Add(2*time.Minute), r.at.Add(time.Hour))
	g, err := a.Grant(r.t.Context(), accesssec.Grant{To: to, Project: pick(r.lots, rightsProjects...), Role: r.role(), Expires: ends})
	if err == nil {
		r.grants[g.ID] = g
	}
	return err
}

func (r *rightsRun) revoke(a *accesssec.Admin, _ string) error {
	id := pick(r.lots, append(slices.Sorted(maps.Keys(r.grants)), "grant-nobodys")...)
	err := a.Revoke(r.t.Context(), id)
	if err == nil {
		delete(r.grants, id)
	}
	return err
}

func (r *rightsRun) putRole(a *accesssec.Admin, _ string) error {
	all := []policy.Action{"host.deploy", "host.export", "host.secret", "project.delete", "project.edit", "project.manage", "project.view"}
	var actions []policy.Action
	for _, action := range all {
		if r.lots.IntN(3) == 0 {
			actions = append(actions, action)
		}
	}
	if len(actions) == 0 {
		actions = all[:1]
	}
	role := accesssec.Role{Name: fmt.Sprintf("Role %d", r.lots.IntN(1_000_000)), Actions: actions}
	if ids := slices.Sorted(maps.Keys(r.custom)); len(ids) > 0 && r.lots.IntN(2) == 0 {
		role.ID = pick(r.lots, ids...)
		role.Version = r.read[role.ID]
	}
	put, err := a.PutRole(r.t.Context(), role)
	if err == nil {
		r.custom[put.ID], r.read[put.ID] = actions, put.Version
	}
	return err
}

func (r *rightsRun) deleteRole(a *accesssec.Admin, _ string) error {
	id, into := pick(r.lots, append(slices.Sorted(maps.Keys(r.custom)), "role-nobodys")...), pick(r.lots, "", policy.Consumer, policy.Analyst, policy.ProjectOwner)
	p, err := a.PreviewRoleDeletion(r.t.Context(), id, into)
	if err == nil {
		err = a.DeleteRole(r.t.Context(), id, into, p.Hash)
	}
	if err != nil {
		return err
	}
	delete(r.custom, id)
	r.moved(id, into)
	return nil
}

// moved is what deleting a role does to the grants of it: each becomes one of another role,
// or ends. Their ids are new, so they are read from the store, and their number compared.
func (r *rightsRun) moved(id string, into policy.ProjectRole) {
	type place struct {
		to      accesssec.Subject
		project string
		role    string
	}
	want := map[place]bool{}
	for _, g := range r.grants {
		if g.Role == id {
			g.Role = string(into)
		}
		if g.Role != "" && !r.ended(g) {
			want[place{g.To, g.Project, g.Role}] = true
		}
	}
	page, err := r.st.Grants(r.t.Context(), r.orgID, store.GrantQuery{Paging: store.Paging{Limit: 1000}})
	fatal(r.t, err)
	r.grants = map[string]accesssec.Grant{}
	got := map[place]bool{}
	for _, g := range page.Items {
		to := accesssec.Subject{Kind: accesssec.SubjectKind(g.SubjectKind), ID: g.Subject}
		kept := accesssec.Grant{ID: g.ID, To: to, Project: g.Project, Role: g.Role, Expires: g.ExpiresAt}
		if r.grants[g.ID] = kept; !r.ended(kept) {
			got[place{to, g.Project, g.Role}] = true
		}
	}
	if !maps.Equal(want, got) {
		r.t.Errorf("%s: grants are %v, and should be %v", r.last, got, want)
	}
}

func (r *rightsRun) createTeam(a *accesssec.Admin, _ string) error {
	team, err := a.CreateTeam(r.t.Context(), fmt.Sprintf("Team %d", r.lots.IntN(1_000_000)))
	if err == nil {
		r.teams[team.ID] = map[string]bool{}
	}
	return err
}

func (r *rightsRun) changeTeam(a *accesssec.Admin, actor string) error {
	id := pick(r.lots, append(slices.Sorted(maps.Keys(r.teams)), "ent-nobodys")...)
	who := pick(r.lots, append(slices.Clone(r.people), actor)...)
	change := accesssec.TeamChange{Add: []string{who}}
	if r.lots.IntN(3) == 0 {
		change = accesssec.TeamChange{Remove: []string{who}}
	}
	err := a.ChangeTeam(r.t.Context(), id, change)
	if err != nil {
		return err
	}
	if r.teams[id][who] = true; len(change.Remove) > 0 {
		delete(r.teams[id], who)
	}
	return nil
}

func (r *rightsRun) deleteTeam(a *accesssec.Admin, _ string) error {
	id := pick(r.lots, append(slices.Sorted(maps.Keys(r.teams)), "ent-nobodys")...)
	err := a.DeleteTeam(r.t.Context(), id)
	if err != nil {
		return err
	}
	delete(r.teams, id)
	maps.DeleteFunc(r.grants, func(_ string, g accesssec.Grant) bool {
		return g.To == accesssec.Subject{Kind: accesssec.ToTeam, ID: id}
	})
	return nil
}
