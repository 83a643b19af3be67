package flowtest

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorLinkFlows: a link is of a factor, of an address, and of somebody who may ask.
func factorLinkFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a link is of the factor that was lost":      staleLinkFactor,
		"a second asker within the hour is heard":    staleLinkAsker,
		"another address within the hour is written": staleLinkAddress,
	})
}

// link is what the person was sent; "" nothing.
func (p *post) link(w *world, to string) (token string) {
	w.t.Helper()
	token, _ = p.mailed(w, accesssec.TemplateFactorResetAsked, to, "factor/reset")
	return token
}

// mailed is the token in the one link to that page that was mailed to an address, and whom it
// was for; "" nothing. It takes all mail.
func (p *post) mailed(w *world, t accesssec.Template, to, page string) (token, userID string) {
	w.t.Helper()
	w.tick(w.svc)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.delivered {
		if n.Template != t || n.To != to {
			continue
		}
		u := must1(url.Parse(n.Values["link"]))
		if token != "" || !strings.HasPrefix(u.String(), w.host.URL+"/auth/"+page+"?") || !strings.Contains(n.Text, u.String()) {
			w.t.Errorf("sent %+v", n)
		}
		token, userID = u.Query().Get("token"), n.UserID
	}
	clear(p.delivered)
	return token, userID
}

// mustLink asks for a reset that the person has to confirm.
func (c *customer) mustLink(p *post, h *holder) string {
	c.w.t.Helper()
	if diff := cmp.Diff([]accesssec.FactorReset{{UserID: h.id, Outcome: accesssec.ResetAsked}}, c.resets(h.id)); diff != "" {
		c.w.t.Errorf("the outcome (-want +got)\n%s", diff)
	}
	token := p.link(c.w, h.address)
	if token == "" {
		c.w.t.Fatal("no link was sent")
	}
	return token
}

func resetAsked(t *testing.T, w *world) {
	p := newPost()
	acme, other, h := inTwoOrgs(w, p, "ann@example.net")
	token := acme.mustLink(p, h)
	if n := p.tried[0]; n.OrgID != acme.owner.OrgID || n.UserID != h.id || !n.Expires.Equal(w.clock().Add(24*time.Hour)) || n.Values["org"] != "Acme" {
		t.Errorf("sent %+v", n)
	}
	// Nothing has become of it until they confirm.
	h.has(2)
	w.alive(h.in, true)
	h.mustShow(h.half(), h.next(), "")
	if e := acme.last(audit.FactorResetAsked); e.Targets[0].ID != h.id || e.Actor.OnBehalfOf != acme.owner.UserID {
		t.Errorf("the log says %+v", e)
	}
	v := w.visit()
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, v, token, right))
	h.has(0)
	w.alive(h.in, false)
	if e := acme.last(audit.FactorReset); e.Actor.ID != h.id || e.Trace != v.Trace || factsOf(e)["sessions_ended"] != "3" {
		t.Errorf("the log says %+v", e)
	}
	if n := len(other.events(audit.FactorReset, audit.FactorResetAsked)); n != 0 {
		t.Errorf("%d lines in the log of another org", n)
	}
	if diff := cmp.Diff([]string{"factor_reset ann@example.net"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	acme.refuses(w.svc.SignIn().ConfirmReset(w.ctx, v, token, right), accesssec.CodeLinkOver)
	w.by(h.finishes(h.settingUp()), "password totp")
	acme.refuses(w.svc.SignIn().ConfirmReset(w.ctx, v, token, right), accesssec.CodeLinkOver)
	h.signIn()
	h.has(2)
}

func resetLinkOver(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	token := acme.mustLink(p, h)
	confirm := func(token string) accesssec.Code {
		return w.code(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right))
	}
	for _, wrong := range []string{"", "r1.", token[:len(token)-1], token + "x", "s1." + token[3:], strings.ToUpper(token), h.in.Token(), h.id, "r1." + strings.Repeat("A", len(token)-3)} {
		if got := confirm(wrong); got != accesssec.CodeLinkOver {
			t.Errorf("%q: %q", wrong, got)
		}
	}
	w.advance(24 * time.Hour)
	if got := confirm(token); got != accesssec.CodeLinkOver {
		t.Errorf("a day later: %q", got)
	}
	// The link is of the address it was sent to, and of a member.
	token = acme.mustLink(p, h)
	until := w.clock().Add(24*time.Hour - time.Microsecond)
	w.hostSets(h.address, func(u *store.User) { u.Address, u.AddressKey = "new@example.net", "new@example.net" })
	if got := confirm(token); got != accesssec.CodeLinkOver {
		t.Errorf("after the address has changed: %q", got)
	}
	w.hostSets("new@example.net", func(u *store.User) { u.Address, u.AddressKey = h.address, h.address })
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, h.id) })
	if got := confirm(token); got != accesssec.CodeLinkOver {
		t.Errorf("after they have left: %q", got)
	}
	w.change(func(tx store.Tx) error {
		return tx.PutMembership(w.ctx, store.Membership{OrgID: acme.owner.OrgID, UserID: h.id, Role: "member", JoinedAt: w.clock()})
	})
	if h.own(h.signIn()).State != policy.FactorLive {
		t.Error("one of those did it")
	}
	w.advance(until.Sub(w.clock()))
	w.tick(w.svc)
	if got := confirm(token); got != "" {
		t.Errorf("none of that has used it up, and: %q", got)
	}
}

func resetAskerGone(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	acme.add(policy.Admin, "adam@example.com")
	adam, _ := w.user("adam@example.com")
	as := func() *accesssec.Admin { return w.svc.Admin(must1(w.svc.Vouch(w.ctx, acme.owner.OrgID, adam.ID))) }
	for name, change := range map[string][2]func(){
		"a member by now":   {func() { w.hostRoles(acme, adam.ID, policy.Member) }, func() { w.hostRoles(acme, adam.ID, policy.Admin) }},
		"an Owner's by now": {func() { w.hostRoles(acme, h.id, policy.Owner) }, func() { w.hostRoles(acme, h.id, policy.Member) }},
		"disabled by now":   {func() { w.hostSets("adam@example.com", disable) }, func() { w.hostSets("adam@example.com", func(u *store.User) { u.Disabled = false }) }},
	} {
		must1(as().ResetFactors(w.ctx, h.id))
		token := p.link(w, h.address)
		change[0]()
		if got := w.code(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right)); got != accesssec.CodeLinkOver {
			t.Errorf("%s: %q", name, got)
		}
		change[1]()
		h.signIn()
		w.advance(2 * time.Hour) // another link
	}
}

// resetLinkPassword: whoever reads the mail does not know the password.
func resetLinkPassword(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	token, v := acme.mustLink(p, h), w.from("198.51.100.1")
	for _, password := range []string{"", "wrong", h.address, right + " ", h.code()} {
		acme.refuses(w.svc.SignIn().ConfirmReset(w.ctx, v, token, password), accesssec.CodeWrongPassword)
	}
	acme.refuses(w.svc.SignIn().ConfirmReset(w.ctx, v, token, right), accesssec.CodeLocked)
	if got := w.guess(v, h.address, right); got != accesssec.CodeLocked {
		t.Errorf("at the sign-in page it is another count: %q", got)
	}
	if n := len(acme.events(audit.FactorRefused)); n != 5 {
		t.Errorf("%d wrong ones in the log", n)
	}
	h.signIn()
	won, codes := w.race(10, func(i int) error {
		return w.svc.SignIn().ConfirmReset(w.ctx, w.from("198.51.100.2"), token, right)
	})
	if won != 1 {
		t.Errorf("confirmed %d times, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeLinkOver, accesssec.CodeLocked)
	if n := len(acme.events(audit.FactorReset)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
}

func resetLinkAgain(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	first := acme.mustLink(p, h)
	w.advance(time.Hour - time.Microsecond)
	acme.resets(h.id)
	if again := p.link(w, h.address); again != "" {
		t.Error("a second mail within the hour")
	}
	if n := len(acme.events(audit.FactorResetAsked)); n != 2 {
		t.Errorf("asked %d times by the log", n)
	}
	w.advance(time.Microsecond)
	second := acme.mustLink(p, h)
	acme.refuses(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), first, right), accesssec.CodeLinkOver)
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), second, right))
	h.settingUp()
}

func resetCantTell(t *testing.T, w *world) {
	p := newPost()
	acme, other, h := inTwoOrgs(w, p, "ann@example.net")
	ask := func() accesssec.Code {
		_, err := acme.admin().ResetFactors(w.ctx, h.id)
		return w.code(err)
	}
	for name, set := range map[string]func(*store.User, bool){
		"nobody has proven the address": func(u *store.User, on bool) { u.AddressVerified = !on },
		"a disabled person":             func(u *store.User, on bool) { u.Disabled = on },
	} {
		w.hostSets(h.address, func(u *store.User) { set(u, true) })
		if got := ask(); got != accesssec.CodeCantTell {
			t.Errorf("%s: %q", name, got)
		}
		w.hostSets(h.address, func(u *store.User) { set(u, false) })
	}
	whole := w.svc
	w.svc = w.service(w.host.URL) // without a Notifier
	if got := ask(); got != accesssec.CodeCantTell {
		t.Errorf("nobody can be told: %q", got)
	}
	w.svc = whole
	if n := len(acme.events(audit.FactorResetAsked)) + len(w.docsOf("factor_reset", h.id)); n != 0 {
		t.Errorf("%d traces of what was refused", n)
	}
	// It is the other org's domain, and another org's member.
	w.hostSets(h.address, func(u *store.User) { u.Address, u.AddressKey = "ann@example.org", "ann@example.org" })
	h.address = "ann@example.org"
	acme.mustLink(p, h)
	if got := other.resets(h.id); got[0].Outcome != accesssec.ResetDone {
		t.Errorf("on its own domain: %v", got)
	}
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
