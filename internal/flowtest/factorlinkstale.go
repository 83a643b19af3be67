package flowtest

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorStaleLinkFlows: a link is of a factor, of an address, and of somebody who may ask.
func factorStaleLinkFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a link is of the factor that was lost":      staleLinkFactor,
		"a second asker within the hour is heard":    staleLinkAsker,
		"another address within the hour is written": staleLinkAddress,
	})
}

// staleLinkFactor: the person finds the old phone, changes to a new app, and a day-old
// mail still strips them of it.
func staleLinkFactor(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	token := acme.mustLink(p, h)
	h.proves(h.in)
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	in := h.mustShow(h.half(), h.next(), "").Entered
	h.finishes(in)
	acme.refuses(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right), accesssec.CodeLinkOver)
	h.signIn()
}

func staleLinkAsker(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	acme.add(policy.Admin, "adam@example.com")
	adam, _ := w.user("adam@example.com")
	must1(w.svc.Admin(must1(w.svc.Vouch(w.ctx, acme.owner.OrgID, adam.ID))).ResetFactors(w.ctx, h.id))
	token := p.link(w, h.address)
	w.hostRoles(acme, adam.ID, policy.Member)
	w.advance(time.Minute)
	acme.resets(h.id) // by an Owner, who is told ResetAsked
	if again := p.link(w, h.address); again != "" {
		token = again
	}
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right))
}

func staleLinkAddress(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	acme.mustLink(p, h)
	w.hostSets(h.address, func(u *store.User) { u.Address, u.AddressKey = "new@example.net", "new@example.net" })
	h.address = "new@example.net"
	acme.resets(h.id)
	if p.link(w, h.address) == "" {
		t.Error("asked, and nothing was sent to the address of now")
	}
}
