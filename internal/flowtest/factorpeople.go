package flowtest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorPeopleFlows: what becomes of a factor when something becomes of the person.
func factorPeopleFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a change leaves alone who is in by two": factorPersonStays,
		"an account that is gone":                factorPersonGone,
		"a factor of theirs that can't be read":  factorPersonUnreadable,
		"somebody else's trap, by sign-on":       factorTrapSSO,
		"somebody else's trap, by import":        factorTrapImport,
		"in no org":                              factorOwnAccount,
	})
}

func factorPersonStays(t *testing.T, w *world) {
	acme, h := withHolder(w)
	code := h.signIn()
	paper := h.mustRedeem(h.half(), h.paper[0], "").Entered
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	for _, in := range []*accesssec.Entered{h.in, code, paper} {
		w.alive(in, true)
	}
	if n := len(acme.events(audit.UserChanged)); n != 0 {
		t.Errorf("%d changes in the log of nothing", n)
	}
	w.hostRoles(acme, h.id, policy.Billing)
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	for in, want := range map[*accesssec.Entered]string{h.in: "password totp", code: "password totp", paper: "password recovery"} {
		w.by(in, want)
		if got := w.row(in).Role; got != string(policy.Billing) {
			t.Errorf("in as %s", got)
		}
	}
	// A session for set-up stays what it is.
	h.due("used_up")
	in := h.settingUp()
	w.hostRoles(acme, h.id, policy.Admin)
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	if row := w.row(in); row.Restricted != "enrol" || row.Role != string(policy.Admin) {
		t.Errorf("the session for set-up is %+v", row)
	}
	_, err := w.svc.Admin(in.Principal).Settings(w.ctx)
	acme.refuses(err, accesssec.CodeSetUp)
	h.finishes(in)
	w.hostSets(h.address, disable)
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	h.has(0)
	if h.kept().Version == 0 {
		t.Error("disabled, and the factor is gone") // enabled again they have it still
	}
}

func factorPersonGone(t *testing.T, w *world) {
	acme, h := withHolder(w)
	v := h.half()
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, h.id) })
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	if h.kept().Version != 0 {
		t.Error("the factor is left")
	}
	h.waiting(0)
	h.has(0)
	h.mustShow(v, h.next(), accesssec.CodeHalfOver)
	page, err := w.svc.SystemEvents(w.ctx, store.AuditQuery{Types: []string{string(audit.UserChanged)}})
	w.must(err)
	if len(page.Items) != 1 || factsOf(page.Items[0])["factor"] != "removed" || page.Items[0].Reason != "account_gone" {
		t.Errorf("the log says %+v", page.Items)
	}
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	acme.add(policy.Member, h.address)
	w.by(must1(w.byPassword(h.address, right)), "password") // whoever has the address next
}

// factorPersonUnreadable: it keeps nobody in whose account is gone.
func factorPersonUnreadable(t *testing.T, w *world) {
	_, h := withHolder(w)
	h.becomes([]byte("{"))
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, h.id) })
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	if h.has(0); h.kept().Version != 0 {
		t.Error("the factor is left")
	}
}

// trap is an account that somebody made with an address that is not theirs, and set up a
// factor for, so that its owner would never get rid of them.
func trap(w *world, address string) *holder {
	w.t.Helper()
	evil := w.newOrg("Evil", "eve@example.net")
	w.must(w.svc.ImportPeople(w.ctx, evil.owner.OrgID, accesssec.Person{Address: address, Password: right, Role: policy.Member}))
	h := w.holder(address)
	h.proves(h.in)
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	h.half()
	in := h.mustShow(h.half(), h.next(), "").Entered
	setup := must1(h.me(in).BeginFactor(w.ctx)) // one more that waits, in a session for set-up
	if setup.URI() == "" || len(w.docsOf("factor_pending", h.id)) != 1 {
		w.t.Fatal("nothing waits")
	}
	h.waiting(1)
	return h
}

// emptied compares that nothing of the trap is left.
func (h *holder) emptied() {
	w := h.w
	w.t.Helper()
	if n := len(w.docsOf("factor_pending", h.id)); n != 0 || h.kept().Version != 0 {
		w.t.Errorf("the factor is left, and %d that wait", n)
	}
	h.waiting(0)
	w.alive(h.in, false)
}

func factorTrapSSO(t *testing.T, w *world) {
	h := trap(w, "ann@example.com")
	acme := w.newCustomer("Acme", "example.com")
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	in := acme.signIn(ann)
	if in.Principal.UserID != h.id {
		t.Fatal("it is another account")
	}
	h.emptied()
	h.has(1)
	if got := acme.last(audit.UserCleared); factsOf(got)["sessions_ended"] != "2" {
		t.Errorf("the log says %+v", got)
	}
	// With a password of their own, that alone is asked.
	olive, _ := w.user("owner@example.com")
	w.hostSets(h.address, func(u *store.User) { u.Password = olive.Password })
	w.by(must1(w.byPassword(h.address, right)), "password")
}

func factorTrapImport(t *testing.T, w *world) {
	h := trap(w, "ann@example.com")
	acme := w.newOrg("Acme", "owner@example.com")
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: h.address, Verified: true, Password: right, Role: policy.Member}))
	h.emptied()
	h.has(0)
	in := must1(w.byPassword(h.address, right))
	if w.by(in, "password"); in.Principal.UserID != h.id {
		t.Error("it is another account")
	}
}

// factorOwnAccount: what happens there is in the log of who owns the domain, else in that
// of the system.
func factorOwnAccount(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	evil := w.newOrg("Other", "owner@example.org")
	for address, log := range map[string]*customer{"ann@example.com": acme, "bob@example.net": nil} {
		evil.add(policy.Member, address)
		u, _ := w.user(address)
		w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, evil.owner.OrgID, u.ID) })
		from := w.clock()
		h := w.holder(address)
		w.advance(time.Second)
		v := h.half()
		w.advance(time.Second)
		h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
		in := h.mustShow(v, h.next(), "").Entered
		if in.Principal.OrgID != "" {
			t.Errorf("in as %+v", in.Principal)
		}
		h.mustRedeem(h.half(), h.paper[0], "")
		for range 5 {
			w.advance(time.Second)
			h.mustShow(h.half(), h.wrong(), accesssec.CodeWrongCode)
		}
		w.advance(period)
		h.proves(in)
		h.paper = must1(h.me(in).NewRecoveryCodes(w.ctx, h.code())).Show()
		w.must(h.me(in).ChangeFactor(w.ctx))
		w.must(h.me(in).RemoveFactor(w.ctx, h.next()))
		got := map[audit.Type]int{}
		for _, e := range w.since(log, from) {
			if e.Actor.ID == h.id {
				got[e.Type]++
			}
		}
		delete(got, audit.UserProved) // which is in the session's
		delete(got, audit.SessionCreated)
		delete(got, audit.SessionsEnded)
		want := map[audit.Type]int{
			audit.FactorBegun: 1, audit.FactorAdded: 1, audit.LoginChallenged: 7, audit.FactorRefused: 6, audit.FactorLocked: 1,
			audit.FactorRecovered: 1, audit.RecoveryRenewed: 1, audit.FactorChanging: 1, audit.FactorRemoved: 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the log has (-want +got)\n%s", address, diff)
		}
		if n := len(evil.events(audit.FactorAdded, audit.FactorRefused, audit.LoginChallenged)); n != 0 {
			t.Errorf("%d lines in the log of an org they have left", n)
		}
	}
}

// since is what a log has of a time and later; with no org, the system's.
func (w *world) since(c *customer, from time.Time) []audit.Event {
	w.t.Helper()
	q := store.AuditQuery{From: from, Paging: store.Paging{Limit: 1000}}
	if c != nil {
		return must1(c.admin().Events(w.ctx, q)).Items
	}
	return must1(w.svc.SystemEvents(w.ctx, q)).Items
}
