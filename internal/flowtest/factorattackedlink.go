package flowtest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// linkOver compares that a link does nothing.
func (h *holder) linkOver(what, token, password string) {
	w := h.w
	w.t.Helper()
	kept, sessions := h.kept(), w.sessions(store.SessionQuery{UserID: h.id})
	if got := w.code(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, password)); got != accesssec.CodeLinkOver {
		w.t.Errorf("%s: %q", what, got)
	}
	h.has(sessions)
	if now := h.kept(); now.Version != kept.Version {
		w.t.Errorf("%s: kept is %s", what, now.Body)
	}
}

// attackedLink: it is about the factor that there was. Where a link is in the store all the
// same, because two things happened at once, it is over by what it says.
func attackedLink(_ *testing.T, w *world) {
	p := newPost()
	acme, other, h := inTwoOrgs(w, p, "ann@example.net")
	bob := acme.newHolder(policy.Member, "bob@example.net")
	other.add(policy.Member, "bob@example.net")
	for name, do := range map[string]func(){
		"another factor": func() {
			in := h.signIn()
			h.proves(in)
			w.must(h.me(in).ChangeFactor(w.ctx))
			h.finishes(h.mustShow(h.half(), h.next(), "").Entered)
		},
		"no factor": func() {
			in := h.signIn()
			h.proves(in)
			w.must(h.me(in).RemoveFactor(w.ctx, h.next()))
		},
		"a reset, and another factor": func() {
			w.must(w.svc.ResetFactor(w.ctx, h.id))
			h.finishes(h.settingUp())
		},
		"a reset": func() { w.must(w.svc.ResetFactor(w.ctx, h.id)) },
	} {
		w.advance(2 * time.Hour)
		one, two := acme.mustLink(p, h), other.mustLink(p, h)
		bobs := acme.mustLink(p, bob)
		rows := w.docsOf("factor_reset", h.id)
		do()
		for _, token := range []string{one, two} {
			h.linkOver(name, token, right)
		}
		if n := len(w.docsOf("factor_reset", h.id)); n != 0 || len(rows) != 2 {
			w.t.Errorf("%s: of %d links %d are left", name, len(rows), n)
		}
		for i := range rows {
			rows[i].Version = 0
		}
		w.change(func(tx store.Tx) error { return tx.PutDocs(w.ctx, rows...) })
		for _, token := range []string{one, two} {
			h.linkOver(name+", and the row is there", token, right)
		}
		w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), bobs, right)) // somebody else's goes on
		bob.finishes(bob.settingUp())
		w.change(func(tx store.Tx) error { // as it was
			for _, d := range rows {
				if err := tx.DeleteDoc(w.ctx, d.Kind, "", d.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if h.kept().Version != 0 {
			w.must(w.svc.ResetFactor(w.ctx, h.id))
			h.finishes(h.settingUp())
		} else {
			h = w.holder(h.address)
		}
		p.told(w)
	}
	// Of two orgs' links one is used; that is the end of the other.
	w.advance(2 * time.Hour)
	one, two := acme.mustLink(p, h), other.mustLink(p, h)
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), one, right))
	h.linkOver("used is the other", two, right)
	h.finishes(h.settingUp())
	h.linkOver("used was the other", two, right)
	h.signIn()
}

// attackedLinkPerson: nobody confirms who could not sign in, and a password that was asked
// for is not done without.
func attackedLinkPerson(_ *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	token := acme.mustLink(p, h)
	for name, set := range map[string]func(*store.User){
		"disabled": disable,
		"emptied":  func(u *store.User) { u.Password = "" },
	} {
		was := w.hostSets(h.address, set)
		h.linkOver(name, token, "")
		h.linkOver(name, token, right)
		back := func() {
			w.hostSets(h.address, func(u *store.User) { u.Disabled, u.Password = false, was.Password })
		}
		back()
		err := w.meanwhile(func() { w.hostSets(h.address, set) }).SignIn().ConfirmReset(w.ctx, w.visit(), token, right)
		acme.refuses(err, accesssec.CodeLinkOver)
		h.has(2)
		back()
	}
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right)) // none of that has used it up
	h.finishes(h.settingUp())
	// Who had no password when it was sent needs none.
	was := w.hostSets(h.address, func(u *store.User) { u.Password = "" })
	w.advance(2 * time.Hour)
	token = acme.mustLink(p, h)
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, ""))
	h.has(0)
	w.hostSets(h.address, func(u *store.User) { u.Password = was.Password })
	h.settingUp()
}

// attackedImport: whoever knows an address can make its person a member, and takes no factor
// by that which was there before.
func attackedImport(t *testing.T, w *world) {
	p := newPost()
	acme := w.newOrg("Acme", "owner@example.com")
	h := acme.newHolder(policy.Member, "solo@example.net")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, h.id) })
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	w.advance(time.Hour)
	w.svc = w.instance(w.store, p.sink(works))
	evil := w.newOrg("Evil", "eve@example.org")
	w.must(w.svc.ImportPeople(w.ctx, evil.owner.OrgID, accesssec.Person{Address: h.address, Role: policy.Member}))
	mine := evil.newHolder(policy.Member, "mine@example.net")
	got := map[string]accesssec.ResetOutcome{}
	for _, r := range evil.resets(h.id, mine.id) {
		got[r.UserID] = r.Outcome
	}
	if diff := cmp.Diff(map[string]accesssec.ResetOutcome{h.id: accesssec.ResetAsked, mine.id: accesssec.ResetDone}, got); diff != "" {
		t.Errorf("the outcomes (-want +got)\n%s", diff)
	}
	h.signIn()
	mine.settingUp()
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), p.link(w, h.address), right)) // the person may
	if got := evil.resets(h.id); got[0].Outcome != accesssec.ResetAsked {
		t.Errorf("of one that is due since: %+v", got)
	}
	h.finishes(h.settingUp())
	if got := evil.resets(h.id); got[0].Outcome != accesssec.ResetDone {
		t.Errorf("of one that was set up by a member: %+v", got)
	}
}
