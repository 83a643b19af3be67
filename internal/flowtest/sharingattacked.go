package flowtest

import (
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// sharingAttackedFlows: the Owners of one org against the other, and what a preview would
// have to say.
func sharingAttackedFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"who governs keeps what was lent":           attackedKeeps,
		"a link opens passwords":                    attackedLinkOpens,
		"the end of a link opens passwords":         attackedUnlinkOpens,
		"a transfer opens passwords":                attackedTransferOpens,
		"bound through a third org":                 attackedThird,
		"a password that opens nothing yet":         attackedImported,
		"a name that is another in each answer":     attackedNameless,
		"and of whom the domain has left, as often": attackedNamelessMoved,
	})
}

// attackedKeeps: who governs ends the link and would keep the domain, and with it the say
// over how the people of the other org sign in.
func attackedKeeps(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	_, err := acme.admin().PreviewUnlink(w.ctx, beta.owner.OrgID, nil)
	acme.refuses(err, accesssec.CodeLentDomain)
	acme.refuses(acme.admin().Unlink(w.ctx, beta.owner.OrgID, "", nil), accesssec.CodeLentDomain)
	linked, err := acme.admin().LinkedOrgs(w.ctx, store.Paging{})
	w.must(err)
	if len(linked.Items) != 1 {
		t.Errorf("%d are linked", len(linked.Items))
	}
	acme.unlink(beta, true)
	w.heldBy("example.net", beta)
	beta.signIn(bea)
}

func attackedLinkOpens(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	w.refusesPassword(bea.Email, policy.SSORequired)
	if p := beta.linkTo(acme, false); p.OpenPasswords != 2 {
		t.Errorf("the preview says %+v", p)
	}
	must1(w.byPassword(bea.Email, right))
}

func attackedUnlinkOpens(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	beta.linkTo(acme, true)
	w.refusesPassword(bea.Email, policy.SSORequired)
	if p := beta.unlink(beta, true); p.OpenPasswords != 2 {
		t.Errorf("the preview says %+v", p)
	}
	must1(w.byPassword(bea.Email, right))
}

func attackedTransferOpens(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	acme.verify("example.org")
	acme.add(policy.Member, "orla@example.org")
	beta.linkTo(acme, true)
	w.refusesPassword("orla@example.org", policy.SSORequired)
	if p := acme.transfer("example.org", beta); p.OpenPasswords != 1 {
		t.Errorf("the preview says %+v", p)
	}
	must1(w.byPassword("orla@example.org", right))
}

// attackedThird: Bea is in Gamma too, which stays with Acme: her password stays closed, so
// that without her domain she has no way into Beta.
func attackedThird(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	gamma := w.newOrg("Gamma", "owner@example.org")
	gamma.add(policy.Member, bea.Email)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	beta.linkTo(acme, true)
	gamma.linkTo(acme, false)
	p := beta.unlink(beta, false)
	if p.LoseCount != 1 || p.LoseSSO != 3 || p.OpenPasswords != 1 {
		t.Errorf("the preview says %+v", p)
	}
	w.refusesPassword(bea.Email, policy.SSORequired)
	must1(w.byPassword(bob.Email, right))
}

// attackedImported: who has only a hash of another system's has no other way in.
func attackedImported(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	w.must(w.svc.ImportPeople(w.ctx, beta.owner.OrgID, accesssec.Person{
		Address: "bo@example.net", Verified: true, Role: policy.Member,
		PasswordHash: "$2b$15$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
	}))
	if p := beta.linkTo(acme, false); p.LoseCount != 1 || len(p.Lose) != 1 || p.Lose[0].Address != "bo@example.net" {
		t.Errorf("the preview says %+v", p)
	}
}

const transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

// nameless is a customer whose identity provider names people differently each time.
func (w *world) nameless(name, domain string, people ...samltest.Person) *customer {
	w.t.Helper()
	c := w.newOrg(name, "owner@"+domain)
	c.nameIDFormat = transient
	c.verify(domain)
	c.connect(people...)
	return c
}

// attackedNameless: a provider that answers no request of ours, and names people differently
// each time, sends nobody round for ever.
func attackedNameless(_ *testing.T, w *world) {
	acme := w.nameless("Acme", "example.com", ann)
	acme.roundsEnd(acme, ann)
}

func attackedNamelessMoved(_ *testing.T, w *world) {
	acme, beta := w.newCustomer("Acme", "example.com", bea), w.nameless("Beta", "example.net", bea)
	beta.letIn()
	beta.linkTo(acme, true)
	beta.roundsEnd(acme, bea)
}

// roundsEnd has somebody come again and again, unasked, who is sent to a provider three times.
func (c *customer) roundsEnd(to *customer, p samltest.Person) {
	c.w.t.Helper()
	b, rounds := c.w.browser(), 0
	for ; rounds < 10; rounds++ {
		p.NameID = string(rune('a' + rounds))
		if to.away(b.carry(c.unasked(p))) == "" {
			break
		}
	}
	if rounds != 3 {
		c.w.t.Errorf("went round %d times", rounds)
	}
}
