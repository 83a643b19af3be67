package flowtest

import (
	"encoding/json"
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

// domainCoverFlows: what a claim says about the domains below its own.
func domainCoverFlows() map[string]flow {
	return map[string]flow{
		"nothing by itself":                             coverExact,
		"everything, when it was widened":               coverWide,
		"who was closed out is signed out":              coverEnds,
		"outside and inside, with external blocked":     coverExternal,
		"a second factor is reset at once":              coverFactor,
		"names are the identity provider's":             coverNames,
		"another org's claim below wins":                coverAnothers,
		"another org's claim below lapses":              coverAnothersLapsed,
		"who is on it is not the parent's to count":     coverCounted,
		"the closer one counts, if proven before":       coverLapsedLater,
		"the org's own parent, where the closer lapsed": coverOwnLapsed,
		"another's parent, where the closer lapsed":     coverLapsedAnothers,
		"a parent that has lapsed keeps closed":         coverLapsed,
		"a claim that has lapsed is not widened":        coverLapsedNotWidened,
		"never across a public suffix":                  coverSuffix,
		"the password again, and not what is not ours":  coverProof,
		"a claim that waits is widened as well":         coverPending,
	}
}

// sub is somebody below example.com.
var sub = samltest.Person{Email: "sue@sub.example.com", FirstName: "Sue", LastName: "Box"}

// withSub is an org whose member Sue is below its domain.
func withSub(w *world) (*post, *customer) {
	w.t.Helper()
	p := w.watched()
	acme := withAnn(w)
	acme.add(policy.Member, "sue@sub.example.com", "deep@a.b.example.com")
	p.told(w)
	return p, acme
}

func (c *customer) refusesSSO(p samltest.Person, want policy.Reason) {
	c.w.t.Helper()
	l := c.start()
	_, err := l.finish(l.answer(p))
	c.refuses(err, reasonCode(want))
}

func (w *world) refusesPassword(address string, want policy.Reason) {
	w.t.Helper()
	if _, err := w.byPassword(address, right); w.code(err) != reasonCode(want) {
		w.t.Errorf("%s by password: %v, want %s", address, err, want)
	}
}

// sent is what the sign-in page offers first.
func (w *world) sent(address string, want policy.Next) {
	w.t.Helper()
	step, err := w.svc.SignIn().Discover(w.ctx, w.visit(), address)
	w.must(err)
	if step.Next != want {
		w.t.Errorf("%s is sent to %q, want %q", address, step.Next, want)
	}
}

func coverExact(_ *testing.T, w *world) {
	_, acme := withSub(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	acme.refusesSSO(sub, policy.DomainUnowned)
	must1(w.byPassword("sue@sub.example.com", right))
	w.sent("sue@sub.example.com", policy.NextPassword)
	w.sent("ann@example.com", policy.NextSSO)
}

func coverWide(t *testing.T, w *world) {
	p, acme := withSub(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	p.told(w)
	acme.cover("example.com")
	p.hears(w, "of it", "domain_widened owner@example.com")
	for _, who := range []samltest.Person{sub, {Email: "deep@a.b.example.com"}, {Email: "new@sub.example.com"}, ann} {
		if in := acme.signIn(who); in.Principal.OrgID != acme.owner.OrgID {
			t.Errorf("%s is in as %+v", who.Email, in.Principal)
		}
		w.sent(who.Email, policy.NextSSO)
		if who.Email != "new@sub.example.com" { // who has no password
			w.refusesPassword(who.Email, policy.SSORequired)
		}
	}
	acme.refusesSSO(samltest.Person{Email: "ann@notexample.com"}, policy.DomainUnowned)
	w.sent("ann@notexample.com", policy.NextPassword)
	acme.look("example.com", "")
	if got := acme.claimOn("example.com"); !got.Subdomains || got.State != domainclaim.Verified {
		t.Errorf("the claim is %+v", got)
	}
}

func coverEnds(t *testing.T, w *world) {
	_, acme := withSub(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	sue, zoe := must1(w.byPassword("sue@sub.example.com", right)), acme.signIn(samltest.Person{Email: "zoe@example.com"})
	acme.cover("example.com")
	w.alive(sue, false)
	w.alive(zoe, true)
	e := acme.last(audit.DomainWidened)
	if factsOf(e)["sessions_ended"] != "1" || e.Targets[0].Name != "example.com" {
		t.Errorf("the log says %+v", e)
	}
}

func coverExternal(_ *testing.T, w *world) {
	_, acme := withSub(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	w.refusesPassword("sue@sub.example.com", policy.ExternalBlocked)
	acme.cover("example.com")
	in := acme.signIn(sub)
	w.refusesPassword("sue@sub.example.com", policy.SSORequired)
	acme.wouldLose("example.com", 5, 4) // Ann, Zoe, Sue, who is deep below, and the Owner
	acme.withdraw("example.com")
	w.alive(in, false)
	w.refusesPassword("sue@sub.example.com", policy.ExternalBlocked)
}

func coverFactor(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "sue@sub.example.com")
	outcome := func() accesssec.ResetOutcome { return acme.resets(h.id)[0].Outcome }
	if got := outcome(); got != accesssec.ResetAsked {
		t.Errorf("of somebody in two orgs, on nobody's domain: %s", got)
	}
	acme.cover("example.com")
	if got := outcome(); got != accesssec.ResetDone {
		t.Errorf("of somebody on the org's own domain: %s", got)
	}
}

func coverNames(_ *testing.T, w *world) {
	_, acme := withSub(w)
	me := w.svc.Me(must1(w.byPassword("sue@sub.example.com", right)).Principal)
	w.must(me.SetName(w.ctx, "Susan", "Box"))
	acme.cover("example.com")
	me = w.svc.Me(acme.signIn(sub).Principal)
	acme.refuses(me.SetName(w.ctx, "Susan", "Box"), accesssec.CodeNamesManaged)
}

// below is Other, which has a claim of its own below that of Acme.
func below(w *world) (acme, other *customer) {
	w.t.Helper()
	_, acme = withSub(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	acme.cover("example.com")
	other = w.newOrg("Other", "owner@example.org")
	other.claim("sub.example.com")
	return acme, other
}

func coverAnothers(_ *testing.T, w *world) {
	acme, other := below(w)
	acme.signIn(sub) // a claim that waits takes nothing
	w.publish("sub.example.com", other.claimOn("sub.example.com"))
	other.look("sub.example.com", "") // nor does that of the parent stand in its way
	acme.refusesSSO(sub, policy.DomainOfAnother)
	must1(w.byPassword("sue@sub.example.com", right)) // Other requires nothing
	w.sent("sue@sub.example.com", policy.NextPassword)
	w.sent("deep@a.b.example.com", policy.NextSSO)
	acme.signIn(samltest.Person{Email: "deep@a.b.example.com"})
	other.connect()
	other.add(policy.Member, "sue@sub.example.com")
	other.signIn(sub)
	acme.look("example.com", "")
	acme.stands("example.com", domainclaim.Verified)
	other.stands("sub.example.com", domainclaim.Verified)
}

func coverAnothersLapsed(_ *testing.T, w *world) {
	acme, other := below(w)
	w.publish("sub.example.com", other.claimOn("sub.example.com"))
	other.look("sub.example.com", "")
	other.lapsed("sub.example.com")
	acme.signIn(sub)
	w.refusesPassword("sue@sub.example.com", policy.SSORequired)
	// When both have lapsed, the closer one is what counts.
	acme.lapsed("example.com")
	w.sent("sue@sub.example.com", policy.NextPassword)
	must1(w.byPassword("sue@sub.example.com", right))
	w.refusesPassword("deep@a.b.example.com", policy.SSORequired)
	other.withdraw("sub.example.com")
	w.refusesPassword("sue@sub.example.com", policy.SSORequired)
}

func coverLapsed(_ *testing.T, w *world) {
	_, acme := withSub(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	acme.cover("example.com")
	acme.lapsed("example.com")
	acme.refusesSSO(sub, policy.DomainIsLapsed)
	w.refusesPassword("sue@sub.example.com", policy.SSORequired)
	must1(w.byPassword("owner@example.com", right))
	w.publish("example.com", acme.claimOn("example.com"))
	w.passes(36 * time.Hour)
	acme.signIn(sub)
}

// coverLapsedNotWidened: who has lost a domain closes no more passwords by it.
func coverLapsedNotWidened(t *testing.T, w *world) {
	_, acme := withSub(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	acme.lapsed("example.com")
	_, err := acme.admin().CoverSubdomains(w.ctx, acme.domainID("example.com"))
	acme.refuses(err, accesssec.CodeDomainUnproven)
	if acme.claimOn("example.com").Subdomains {
		t.Error("it is for the domains below by now")
	}
	must1(w.byPassword("sue@sub.example.com", right))
}

func coverSuffix(t *testing.T, w *world) {
	w.watched()
	acme := w.newCustomer("Acme", "acme.co.uk")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	acme.cover("acme.co.uk")
	w.sent("ann@eu.acme.co.uk", policy.NextSSO)
	for _, address := range []string{"ann@other.co.uk", "ann@co.uk", "ann@notacme.co.uk"} {
		w.sent(address, policy.NextPassword)
	}
	// Should a claim on a public suffix ever stand in the store, it covers nothing.
	evil := w.newOrg("Evil", "owner@example.net")
	for _, name := range []string{"uk", "co.uk"} {
		claim := domainclaim.Claim{Name: name, Product: "accesssec", Token: "x", Generation: 1, State: domainclaim.Verified, Subdomains: true}
		body := must1(json.Marshal(claim))
		w.change(func(tx store.Tx) error {
			return tx.CreateDomain(w.ctx, store.Domain{OrgID: evil.owner.OrgID, ID: "dom-" + name, Name: name, Status: store.DomainVerified, Claim: body})
		})
		w.sent("ann@other.co.uk", policy.NextPassword)
		w.sent("ann@eu.acme.co.uk", policy.NextSSO)
	}
	for _, name := range []string{"uk", "co.uk", "CO.UK.", "github.io"} {
		if _, err := evil.admin().ClaimDomain(w.ctx, name); w.code(err) != accesssec.CodeDomainName {
			t.Errorf("a claim on %s: %v", name, err)
		}
	}
}

func coverProof(t *testing.T, w *world) {
	_, acme := withSub(w)
	in := must1(w.byPassword("owner@example.com", right))
	admin, id := w.svc.Admin(in.Principal), acme.domainID("example.com")
	_, err := admin.CoverSubdomains(w.ctx, id)
	acme.refuses(err, accesssec.CodeProve)
	w.prove(in)
	admin = w.svc.Admin(in.Principal)
	_, err = admin.CoverSubdomains(w.ctx, "dom-none")
	acme.refuses(err, accesssec.CodeNotFound)
	if acme.claimOn("example.com").Subdomains {
		t.Error("widened without a proof")
	}
	d, err := admin.CoverSubdomains(w.ctx, id)
	w.must(err)
	if !d.Subdomains || d.ID != id {
		t.Errorf("widened as %+v", d)
	}
	acme.withdraw("example.com")
	_, err = admin.CoverSubdomains(w.ctx, id)
	acme.refuses(err, accesssec.CodeNotFound)
	acme.tells("claimed host", "verified host", "widened user", "withdrawn host")
}

func coverPending(t *testing.T, w *world) {
	p, acme := withSub(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	acme.add(policy.Member, "pat@eu.example.org")
	in := must1(w.byPassword("pat@eu.example.org", right))
	d := acme.claim("example.org")
	acme.cover("example.org")
	w.alive(in, true)
	p.told(w)
	w.publish("example.org", d.Claim)
	w.passes(5 * time.Minute)
	w.alive(in, false)
	w.refusesPassword("pat@eu.example.org", policy.SSORequired)
	acme.signIn(samltest.Person{Email: "pat@eu.example.org"})
	want := []audit.Type{audit.DomainVerified, audit.DomainWidened}
	var got []audit.Type
	for _, e := range acme.events(want...) {
		if e.Targets[0].ID == d.ID {
			got = append(got, e.Type)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log (-want +got)\n%s", diff)
	}
}
