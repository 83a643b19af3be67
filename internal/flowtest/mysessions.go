package flowtest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

func mySessionFlows(t *testing.T, open func(*testing.T) store.Store) {
	flows := map[string]flow{
		"the list":               sessionList,
		"ending one":             sessionEndOne,
		"whose sessions are not": sessionsOfOthers,
		"an Admin ends":          sessionsAdmin,
		"an Owner ends":          sessionsOwner,
		"every cookie":           cookiesFlow,
	}
	maps.Copy(flows, enterFlows())
	maps.Copy(flows, revokeFlows())
	maps.Copy(flows, againFlows())
	each(t, open, flows)
}

// annInTwo is Ann in two orgs, with a session in each by password.
func annInTwo(w *world) (acme, other *customer, in, there *accesssec.Entered) {
	acme, other = w.newOrg("Acme", "owner@example.com"), w.newOrg("Beta", "boss@example.org")
	acme.add(policy.Member, "ann@example.com")
	other.add(policy.Member, "ann@example.com")
	return acme, other, w.into(acme, "ann@example.com"), w.into(other, "ann@example.com")
}

// into signs somebody in to that org by password.
func (w *world) into(c *customer, address string) *accesssec.Entered {
	w.t.Helper()
	v := w.visit()
	v.OrgID = c.owner.OrgID
	step, err := w.svc.SignIn().Password(w.ctx, v, address, right)
	w.must(err)
	if step.Entered == nil || step.Entered.Principal.OrgID != c.owner.OrgID {
		w.t.Fatalf("%s is not in %s: %+v", address, c.name, step)
	}
	return step.Entered
}

func sessionList(t *testing.T, w *world) {
	acme, other, first, second := annInTwo(w)
	w.advance(time.Minute)
	third := w.into(acme, "ann@example.com")
	list, err := w.svc.Me(second.Principal).Sessions(w.ctx)
	w.must(err)
	if len(list) != 3 || list[0].ID != third.Principal.SessionID {
		t.Fatalf("%+v", list)
	}
	for _, s := range list {
		name := map[string]string{acme.owner.OrgID: "Acme", other.owner.OrgID: "Beta"}[s.OrgID]
		if s.OrgName != name || s.Here != (s.ID == second.Principal.SessionID) || !slices.Equal(s.Methods, []policy.Method{policy.Password}) ||
			s.Agent != "flowtest" || s.IP == "" || s.Ends.Sub(s.Since) != 14*24*time.Hour {
			t.Errorf("%+v", s)
		}
	}
	orgs, err := w.svc.Me(first.Principal).Orgs(w.ctx)
	w.must(err)
	if want := []accesssec.OrgChoice{{ID: acme.owner.OrgID, Name: "Acme"}, {ID: other.owner.OrgID, Name: "Beta"}}; !slices.Equal(orgs, want) {
		t.Errorf("%+v", orgs)
	}
	// What is over is nobody's to end, and an org that keeps a person out is none to enter.
	w.must(acme.admin().DisableMember(w.ctx, first.Principal.UserID))
	w.advance(25 * time.Hour)
	fourth := w.into(other, "ann@example.com")
	list, err = w.svc.Me(fourth.Principal).Sessions(w.ctx)
	w.must(err)
	orgs, err = w.svc.Me(fourth.Principal).Orgs(w.ctx)
	w.must(err)
	if len(list) != 1 || len(orgs) != 1 || orgs[0].Name != "Beta" {
		t.Errorf("%+v %+v", list, orgs)
	}
}

func sessionEndOne(t *testing.T, w *world) {
	_, other, first, second := annInTwo(w)
	me := w.svc.Me(first.Principal)
	w.must(me.EndSession(w.ctx, second.Principal.SessionID))
	w.alive(second, false)
	w.alive(first, true)
	if e := other.last(audit.SessionEnded); e.Actor.ID != first.Principal.UserID || e.Session != first.Principal.SessionID {
		t.Errorf("%+v", e)
	}
	if err := me.EndSession(w.ctx, second.Principal.SessionID); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("twice: %v", err)
	}
	w.must(me.EndSession(w.ctx, first.Principal.SessionID))
	w.alive(first, false)
	if _, err := me.Sessions(w.ctx); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("from a session that is over: %v", err)
	}
}

// sessionsOfOthers: by no id does anybody end what is not theirs.
func sessionsOfOthers(t *testing.T, w *world) {
	acme, other, first, second := annInTwo(w)
	acme.add(policy.Member, "bob@example.com")
	bob := w.into(acme, "bob@example.com")
	for _, id := range []string{first.Principal.SessionID, second.Principal.SessionID, "", "ses-none", first.Principal.UserID} {
		if err := w.svc.Me(bob.Principal).EndSession(w.ctx, id); w.code(err) != accesssec.CodeNotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
	list, err := w.svc.Me(bob.Principal).Sessions(w.ctx)
	w.must(err)
	if len(list) != 1 || !list[0].Here {
		t.Errorf("Bob sees %+v", list)
	}
	// The Admin of one org sees and ends nothing of another.
	of, err := acme.admin().Sessions(w.ctx, first.Principal.UserID)
	w.must(err)
	if len(of) != 1 || of[0].ID != first.Principal.SessionID {
		t.Errorf("Acme sees %+v", of)
	}
	stranger := w.into(other, "boss@example.org")
	if _, err := acme.admin().Sessions(w.ctx, stranger.Principal.UserID); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("a member of another org: %v", err)
	}
	if _, err := acme.admin().EndSessions(w.ctx, first.Principal.UserID, stranger.Principal.UserID); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("a member of another org: %v", err)
	}
	w.alive(first, true) // all or none
	if n := must1(acme.admin().EndSessions(w.ctx)); n != 2 {
		t.Errorf("%d ended", n)
	}
	w.alive(first, false)
	w.alive(bob, false)
	w.alive(second, true)
	w.alive(stranger, true)
}

func sessionsAdmin(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "ada@example.com", "adam@example.com")
	acme.add(policy.Member, "ann@example.com", "bob@example.com")
	in := func(who string) *accesssec.Entered { return w.into(acme, who+"@example.com") }
	owner, ada, adam, ann, bob := in("owner"), in("ada"), in("adam"), in("ann"), in("bob")
	again := in("ada")
	admin := w.svc.Admin(ada.Principal)
	for _, above := range []*accesssec.Entered{owner, adam} {
		if _, err := admin.EndSessions(w.ctx, ann.Principal.UserID, above.Principal.UserID); w.code(err) != accesssec.CodeAbove {
			t.Errorf("an Admin ends those above: %v", err)
		}
	}
	w.alive(ann, true)
	if n := must1(admin.EndSessions(w.ctx, ann.Principal.UserID, ann.Principal.UserID)); n != 1 {
		t.Errorf("%d ended", n)
	}
	w.alive(ann, false)
	if e := acme.last(audit.SessionsEnded); e.Actor.ID != ada.Principal.UserID || len(e.Targets) != 1 || e.Targets[0].ID != ann.Principal.UserID {
		t.Errorf("%+v", e)
	}
	ada, admin = w.signsAllOut(acme, ada)
	if n := must1(admin.EndSessions(w.ctx)); n != 2 {
		t.Errorf("%d ended", n)
	}
	for _, goes := range []*accesssec.Entered{owner, adam, ada} {
		w.alive(goes, true)
	}
	w.alive(again, false)
	w.alive(bob, false)
	for _, who := range []*accesssec.Entered{bob, ann} {
		if _, err := w.svc.Admin(who.Principal).EndSessions(w.ctx); err == nil {
			t.Error("ended by a session that is over")
		}
	}
	member := in("bob")
	if _, err := w.svc.Admin(member.Principal).EndSessions(w.ctx, ada.Principal.UserID); w.code(err) != accesssec.CodeNotAllowed {
		t.Errorf("by a Member: %v", err)
	}
}

// signsAllOut is refused to who has proved nothing lately; then they prove it.
func (w *world) signsAllOut(c *customer, in *accesssec.Entered) (*accesssec.Entered, *accesssec.Admin) {
	w.t.Helper()
	_, err := w.svc.Admin(in.Principal).EndSessions(w.ctx)
	c.refuses(err, accesssec.CodeProve)
	in = must1(w.svc.Me(in.Principal).Prove(w.ctx, right))
	return in, w.svc.Admin(in.Principal)
}

func sessionsOwner(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Owner, "zoe@example.com")
	acme.add(policy.Admin, "ada@example.com")
	owner, mine, zoe, ada := w.into(acme, "owner@example.com"), w.into(acme, "owner@example.com"), w.into(acme, "zoe@example.com"), w.into(acme, "ada@example.com")
	admin := w.svc.Admin(owner.Principal)
	if n := must1(admin.EndSessions(w.ctx, zoe.Principal.UserID)); n != 1 {
		t.Errorf("%d ended", n)
	}
	owner, admin = w.signsAllOut(acme, owner)
	if n := must1(admin.EndSessions(w.ctx)); n != 2 {
		t.Errorf("%d ended", n)
	}
	for in, want := range map[*accesssec.Entered]bool{owner: true, mine: false, zoe: false, ada: false} {
		w.alive(in, want)
	}
	if n := must1(acme.admin().EndSessions(w.ctx)); n != 1 {
		t.Errorf("%d ended by who acts without a session", n)
	}
	w.left(acme, 0)
}
