package flowtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// orgDeleteFlows: an org goes with all that is its own, and with nothing of anybody else's.
func orgDeleteFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"refused":                        orgDeleteRefused,
		"by its Owner":                   func(t *testing.T, w *world) { orgDeleted(t, w, byOwner) },
		"by the host":                    func(t *testing.T, w *world) { orgDeleted(t, w, byHost) },
		"its background":                 orgDeleteBackground,
		"whatever call fails, all of it": orgDeleteFaults,
		"while people sign in":           orgDeleteRace,
		"by two at once":                 orgDeleteTwice,
		"between two reads":              orgDeleteBetween,
	})
}

func byOwner(ctx context.Context, c *customer, _ *accesssec.Service) error {
	return c.admin().DeleteOrg(ctx, c.name)
}

func byHost(ctx context.Context, c *customer, svc *accesssec.Service) error {
	return svc.DeleteOrg(ctx, c.owner.OrgID, "the contract is\nover")
}

// orgDeleteRefused: nothing of it is gone, nobody is signed out, and the log has it.
func orgDeleteRefused(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "admin@example.com")
	acme.add(policy.Member, "ann@example.com")
	branch := w.newOrg("Branch", "owner@example.org")
	in := must1(w.byPassword("ann@example.com", right))
	owner := must1(w.byPassword("owner@example.com", right)) // the password is not fresh enough
	before := acme.state(in.Principal.UserID)
	refused := func(what string, err error, want accesssec.Code) {
		t.Helper()
		if got := w.code(err); got != want {
			t.Errorf("%s: %q, not %q", what, got, want)
		}
		after := acme.state(in.Principal.UserID)
		after.Teams.Events = before.Teams.Events
		same(t, what, before, after)
		w.alive(in, true)
	}
	for _, name := range []string{"", "acme", "Acme ", "ACME", "Acme\n", acme.owner.OrgID} {
		refused("called "+name, acme.admin().DeleteOrg(w.ctx, name), accesssec.CodeConfirm)
	}
	refused("an Admin", acme.as("admin@example.com").DeleteOrg(w.ctx, "Acme"), accesssec.CodeNotAllowed)
	refused("a Member", acme.as("ann@example.com").DeleteOrg(w.ctx, "Acme"), accesssec.CodeNotAllowed)
	refused("another org's", branch.admin().DeleteOrg(w.ctx, "Acme"), accesssec.CodeConfirm)
	refused("no proof", w.svc.Admin(owner.Principal).DeleteOrg(w.ctx, "Acme"), accesssec.CodeProve)
	if err := w.svc.DeleteOrg(w.ctx, "org-nobodys", "tidying"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an org that is not there: %v", err)
	}
	links := func(to string) {
		w.change(func(tx store.Tx) error {
			o, err := tx.Org(w.ctx, branch.owner.OrgID)
			if err != nil {
				return err
			}
			o.SSOFrom = to
			return tx.UpdateOrg(w.ctx, o)
		})
	}
	links(acme.owner.OrgID)
	refused("another has its sign-on from here", acme.admin().DeleteOrg(w.ctx, "Acme"), accesssec.CodeInUse)
	refused("the same, by the host", w.svc.DeleteOrg(w.ctx, acme.owner.OrgID, ""), accesssec.CodeInUse)
	var reasons []string
	for _, e := range acme.events(audit.ChangeRefused) {
		reasons = append(reasons, e.Reason)
	}
	slices.Sort(reasons)
	want := []string{"confirm", "confirm", "confirm", "confirm", "confirm", "confirm", "in_use", "not_allowed", "not_allowed"}
	same(t, "the log", want, reasons)
	links("")
	w.prove(owner)
	w.must(w.svc.Admin(owner.Principal).DeleteOrg(w.ctx, "Acme"))
	w.alive(owner, false)
	w.alive(in, false)
}

// rowsOf counts what there is of an org in the store, but for its record.
func (c *customer) rowsOf() map[string]int {
	w, org := c.w, c.owner.OrgID
	w.t.Helper()
	out := map[string]int{
		"members":  len(must1(w.store.Memberships(w.ctx, org, store.MembershipQuery{})).Items),
		"entries":  len(must1(w.store.Entries(w.ctx, org, store.EntryQuery{})).Items),
		"grants":   len(must1(w.store.Grants(w.ctx, org, store.GrantQuery{})).Items),
		"domains":  len(must1(w.store.Domains(w.ctx, org, store.Paging{})).Items),
		"sessions": w.sessions(store.SessionQuery{OrgID: org}),
		"events":   c.written(),
	}
	for _, kind := range []store.Kind{"connection", "invitation", "request", "subject", "custom_roles", "access_request", "assertion"} {
		out[string(kind)] = len(must1(w.store.Docs(w.ctx, kind, org, store.DocQuery{})).Items)
	}
	return out
}

// orgDeleted: Acme has a domain, sign-on, teams, grants, invitations and people, of whom Ann
// is in another org as well.
func orgDeleted(t *testing.T, w *world, end func(context.Context, *customer, *accesssec.Service) error) {
	p := w.watched()
	acme, team := endowed(w)
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Billing, "ann@example.com")
	otherTeam := other.team("Design", "ann@example.com")
	other.grant(toTeam(otherTeam), "p1", string(policy.ProjectAdmin))
	_, token := acme.invite(p, "nia@example.net", policy.Admin)
	h := acme.newHolder(policy.Member, "hal@example.com")
	half := h.half()
	stranger := other.newHolder(policy.Member, "sam@example.org")
	onTheWay := stranger.halfAt(acme) // who is no member of Acme
	b := w.browser()
	b.sso(acme, "ann@example.com")
	if b.project("p1") != "analyst" {
		t.Fatal("Ann has nothing")
	}
	owner := must1(w.byPassword("owner@example.com", right))
	there := w.passwordAt(other.owner.OrgID, "ann@example.com")
	l := acme.startFor(other.owner.OrgID)
	vouched := must1(l.finish(l.answer(ann))).Entered
	waiting := acme.start()
	id, before := there.Principal.UserID, other.rowsOf()
	if vouched.Principal.OrgID != other.owner.OrgID || acme.rowsOf()["request"] == 0 {
		t.Fatalf("not all is there: %+v, %v", vouched.Principal, acme.rowsOf())
	}
	w.advance(time.Second)
	w.must(end(w.ctx, acme, w.svc))

	if got := roleAt(b) + b.project("p1"); got != "" {
		t.Errorf("in as %q", got)
	}
	for _, in := range []*accesssec.Entered{owner, h.in, vouched} {
		w.alive(in, false)
	}
	w.alive(there, true)
	w.alive(stranger.in, true)
	if _, code := h.shows(half, h.next()); code != accesssec.CodeHalfOver {
		t.Errorf("a half login of a member: %q", code)
	}
	if in, code := stranger.shows(onTheWay, stranger.next()); code != "" || in.Entered.Principal.OrgID == acme.owner.OrgID {
		t.Errorf("a half login of somebody else: %q, %+v", code, in.Entered)
	}
	_, err := waiting.finish(waiting.answer(ann))
	acme.refuses(err, accesssec.CodeNoConnection)
	if got := b.sso(acme, "ann@example.com"); got.status < 400 || roleAt(b) != "" {
		t.Errorf("the sign-on answers %d", got.status)
	}
	if code := w.accept(token); code != accesssec.CodeLinkOver {
		t.Errorf("an invitation is answered %q", code)
	}
	for what, n := range acme.rowsOf() {
		if n != 0 {
			t.Errorf("%d %s are left", n, what)
		}
	}
	if _, err := w.store.Org(w.ctx, acme.owner.OrgID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the org is there: %v", err)
	}
	if _, err := w.svc.Vouch(w.ctx, acme.owner.OrgID, acme.owner.UserID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("vouched for: %v", err)
	}
	other.inTeam(otherTeam.ID, "ann@example.com")
	after := other.rowsOf()
	for _, what := range []string{"events", "sessions"} { // of who has come in meanwhile
		delete(before, what)
		delete(after, what)
	}
	same(t, "the other org", before, after)
	if u, there := w.user("ann@example.com"); !there || u.ID != id {
		t.Error("the account is gone")
	}
	if in := must1(w.byPassword("ann@example.com", right)); in.Principal.OrgID != other.owner.OrgID {
		t.Errorf("Ann is in as %+v", in.Principal)
	}
	if _, err := acme.w.svc.Access(w.ctx, owner.Principal, "p1"); err != nil {
		t.Errorf("access in what is no more: %v", err)
	}
	acme.refuses(w.svc.Admin(owner.Principal).ChangeTeam(w.ctx, team.ID, accesssec.TeamChange{Add: []string{id}}), accesssec.CodeSignedOut)
	orgDeleteLogged(t, w, acme)
}

// orgDeleteLogged: one event in the system's log says what became of it.
func orgDeleteLogged(t *testing.T, w *world, acme *customer) {
	page := must1(w.svc.SystemEvents(w.ctx, store.AuditQuery{Types: []string{string(audit.OrgDeleted)}}))
	if len(page.Items) != 1 {
		t.Fatalf("%d lines in the system's log", len(page.Items))
	}
	e, facts := page.Items[0], factsOf(page.Items[0])
	if e.Targets[0].ID != acme.owner.OrgID || e.Targets[0].Name != "Acme" || e.Actor.Kind != audit.KindHost || facts["sessions_ended"] != "4" {
		t.Errorf("the log says %+v", e)
	}
	if facts["because"] != "" && (facts["because"] != "the contract is over" || e.Actor.OnBehalfOf != "") {
		t.Errorf("by the host, the log says %+v", e)
	}
}

// orgDeleteBackground: what was to be done for the org is not done, and nothing fails over it;
// its domain is anybody's to prove.
func orgDeleteBackground(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com", ann)
	acme.add(policy.Admin, "adam@example.com")
	w.must(acme.admin().SetRole(w.ctx, acme.member("adam@example.com"), policy.Owner))
	acme.claim("example.org") // looked for, and not proven
	must1(acme.admin().Invite(w.ctx, "nia@example.net", policy.Member))
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	w.must(w.svc.DeleteOrg(w.ctx, acme.owner.OrgID, "over"))
	for _, d := range []time.Duration{0, time.Hour, 25 * time.Hour, 8 * 24 * time.Hour} {
		w.advance(d)
		w.tick(w.svc)
	}
	p.mu.Lock()
	for _, n := range p.delivered {
		if n.Template == accesssec.TemplateInvitation {
			t.Errorf("sent to %s: %s", n.To, n.Template)
		}
	}
	p.mu.Unlock()
	rival := w.newOrg("Rival", "boss@example.net")
	rival.verify("example.com")
	rival.stands("example.com", domainclaim.Verified)
	rival.connect(ann)
	rival.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	if in := rival.signIn(samltest.Person{Email: "new@example.com"}); in.Principal.OrgID != rival.owner.OrgID {
		t.Errorf("in as %+v", in.Principal)
	}
	w.tick(w.svc)
	if page := must1(w.store.AuditEvents(w.ctx, acme.owner.OrgID, store.AuditQuery{})); len(page.Items) != 0 {
		t.Errorf("%d lines in the log of what is no more", len(page.Items))
	}
}

func orgDeleteFaults(t *testing.T, w *world) {
	for name, end := range map[string]func(context.Context, *customer, *accesssec.Service) error{"by the Owner": byOwner, "by the host": byHost} {
		acme := w.newOrg("Acme", "owner@"+map[string]string{"by the Owner": "a", "by the host": "b"}[name]+".example.com")
		address := "ann@" + acme.owner.OrgID + ".example.com"
		h := acme.newHolder(policy.Member, address)
		acme.grant(toTeam(acme.team("Design", address)), "p1", "analyst")
		h.half()
		owner := acme.admin()
		untilChanged(w, name, func() orgState { return acme.state(h.id) }, func(ctx context.Context) error {
			if name == "by the Owner" {
				return owner.DeleteOrg(ctx, "Acme")
			}
			return end(ctx, acme, w.svc)
		})
		left := acme.state(h.id)
		left.Teams.Members = nil
		if diff := cmp.Diff(orgState{Teams: teamState{Entries: []store.Entry{}, Grants: []store.Grant{}}, Members: []store.Member{}, Sessions: []store.Session{}, Invitations: []store.Doc{}}, left); diff != "" {
			t.Errorf("%s: left over (-want +got)\n%s", name, diff)
		}
	}
}

// orgDeleteRace: people are on their way in while the org goes. Nobody is in it afterwards.
func orgDeleteRace(t *testing.T, w *world) {
	acme := withPeople(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	admin := acme.admin()
	logins, answers, visits := make([]*login, 6), make([]func() error, 6), make([]accesssec.Visit, 6)
	for i := range logins {
		l := acme.start()
		m := l.answer(samltest.Person{Email: spellingOf("new", i)})
		answers[i] = func() error { _, err := l.finish(m); return err }
		visits[i] = w.from("192.0.2." + string(rune('1'+i)))
	}
	_, codes := w.race(13, func(i int) error {
		switch {
		case i == 12:
			return admin.DeleteOrg(w.ctx, "Acme")
		case i < 6:
			return answers[i]()
		}
		_, err := w.svc.SignIn().Password(w.ctx, visits[i-6], "zoe@example.com", right)
		return err
	})
	for code := range codes {
		if code != accesssec.CodeNoConnection && code != accesssec.CodeReconfigured && code != "saml_request_unknown" {
			t.Errorf("refused as %v", codes)
		}
	}
	for what, n := range acme.rowsOf() {
		if n != 0 && what != "events" {
			t.Errorf("%d %s are left", n, what)
		}
	}
}

func orgDeleteTwice(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	admin := acme.admin()
	won, codes := w.race(4, func(int) error { return admin.DeleteOrg(w.ctx, "Acme") })
	if won != 1 || codes[accesssec.CodeNotAllowed] != 3 {
		t.Errorf("%d have done it, refused as %v", won, codes)
	}
	if page := must1(w.svc.SystemEvents(w.ctx, store.AuditQuery{Types: []string{string(audit.OrgDeleted)}})); len(page.Items) != 1 {
		t.Errorf("%d lines in the system's log", len(page.Items))
	}
}

// goesNext is a store from which an org is gone as soon as a connection was read.
type goesNext struct {
	store.Store
	once *sync.Once
	do   func()
}

func (g goesNext) DocByKey(ctx context.Context, kind store.Kind, key string) (store.Doc, error) {
	if kind == "connection" {
		defer g.once.Do(g.do)
	}
	return g.Store.DocByKey(ctx, kind, key)
}

// orgDeleteBetween: the org goes between two reads that no transaction holds together. Who
// is on their way in hears that there is no such sign-on.
func orgDeleteBetween(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", ann)
	acme.add(policy.Member, "ann@example.com")
	l := acme.start()
	m := l.answer(ann)
	gone := false
	svc := w.serviceOn(goesNext{w.store, new(sync.Once), func() {
		w.must(w.svc.DeleteOrg(w.ctx, acme.owner.OrgID, "between"))
		gone = true
	}}, w.host.URL, supported)
	step, err := svc.SignIn().FinishSSO(w.ctx, l.visit, acme.conn.ID, m)
	if w.code(err) != accesssec.CodeNoConnection || step.Entered != nil || !gone {
		t.Errorf("%+v, %v; the org is gone: %v", step.Entered, err, gone)
	}
}
