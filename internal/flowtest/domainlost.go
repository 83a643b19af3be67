package flowtest

import (
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// domainLostFlows: what was an org's domain is another's by now, whose identity provider
// does not vouch for that org's members.
func domainLostFlows() map[string]flow {
	return map[string]flow{
		"who buys a lapsed domain is nobody in the org that had it": lostSold,
		"who proves a domain below is nobody in the org above":      lostBelow,
	}
}

// entersAs tries to enter an org by the sign-on of another.
func entersAs(by, into *customer, address string) error {
	l := by.startFor(into.owner.OrgID)
	_, err := l.finish(l.answer(samltest.Person{Email: address}))
	return err
}

func lostSold(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	lapse(w, acme)
	buyer := w.newOrg("Buyer", "boss@example.net")
	buyer.verify("example.com")
	buyer.connect()
	for _, address := range []string{"owner@example.com", "ann@example.com"} {
		if err := entersAs(buyer, acme, address); w.code(err) != reasonCode(policy.DomainOfAnother) {
			t.Errorf("the buyer's provider vouches for %s: %v", address, err)
		}
	}
	// Who has the domain back has its people back.
	buyer.withdraw("example.com")
	acme.verify("example.com")
	acme.signIn(ann)
}

func lostBelow(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.add(policy.Admin, "ops@status.example.com")
	acme.cover("example.com")
	rival := w.newOrg("Rival", "boss@example.net")
	rival.verify("status.example.com")
	acme.last(audit.DomainCarved)
	rival.connect()
	if err := entersAs(rival, acme, "ops@status.example.com"); w.code(err) != reasonCode(policy.DomainOfAnother) {
		t.Errorf("Rival's provider vouches for Acme's Admin: %v", err)
	}
}
