package flowtest

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

func sharingTransferFlows() map[string]flow {
	return map[string]flow{
		"a domain that was suspended":               transferLater,
		"what the receiver had claimed is replaced": transferReplaces,
		"to an org that is to be unlinked":          transferAway,
		"what can't be handed over":                 transferRefused,
		"what is lent goes back to nobody else":     transferLent,
		"its job goes with it":                      transferJob,
		"a look that is under way":                  transferMeanwhile,
		"who had lost it before":                    transferFormer,
	}
}

func transferLater(t *testing.T, w *world) {
	p := w.watched()
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, false)
	was := beta.claimOn("example.net")
	p.told(w)
	beta.refusesSSOAt(acme, bea, policy.DomainIsSuspended)
	preview := beta.transfer("example.net", acme)
	if preview.Suspends || preview.To.Name != "Acme" || preview.LoseSSO != 0 || preview.LoseCount != 0 {
		t.Errorf("the preview says %+v", preview)
	}
	w.heldBy("example.net", acme)
	if now := acme.claimOn("example.net"); now.Token != was.Token || now.Generation != was.Generation || len(now.History) != len(was.History) || !now.VerifiedAt.Equal(was.VerifiedAt) {
		t.Errorf("the claim was %+v and is %+v", was, now)
	}
	p.hears(w, "of the transfer", "domain_transferred owner@example.com", "domain_transferred owner@example.net")
	acme.signIn(bea)
	beta.unlink(beta, true)
	w.heldBy("example.net", beta)
	beta.signIn(bea)
}

// refusesSSOAt compares why another's connection lets nobody into this org.
func (c *customer) refusesSSOAt(by *customer, p samltest.Person, want policy.Reason) {
	c.w.t.Helper()
	l := by.startFor(c.owner.OrgID)
	_, err := l.finish(l.answer(p))
	c.refuses(err, reasonCode(want))
}

func transferReplaces(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	pending := acme.claim("example.net")
	beta.linkTo(acme, true)
	w.heldBy("example.net", acme)
	if id := acme.domainID("example.net"); id == pending.ID {
		t.Error("the claim that was not proven is there still")
	}
	beta.unlink(beta, true)
	w.heldBy("example.net", beta)
}

func transferAway(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	acme.verify("example.org")
	beta.linkTo(acme, true)
	beta.add(policy.Member, "orla@example.org")
	in := acme.signIn(samltest.Person{Email: "orla@example.org"})
	p := acme.transfer("example.org", beta)
	if !p.Suspends || p.LoseSSO != 1 || p.Sessions != 1 || p.LoseCount != 0 {
		t.Errorf("the preview says %+v", p)
	}
	w.alive(in, false)
	w.heldBy("example.org", beta)
	beta.unlink(beta, true)
	w.heldBy("example.org", beta)
	w.heldBy("example.net", beta)
	beta.signIn(samltest.Person{Email: "orla@example.org"})
}

func transferRefused(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	pending, gone := beta.claim("example.org"), beta.claim("example.edu")
	beta.withdraw("example.edu")
	other := w.newOrg("Other", "owner@elsewhere.example.com")
	id := beta.domainID("example.net")
	_, err := beta.admin().PreviewTransfer(w.ctx, id, acme.owner.OrgID)
	beta.refuses(err, accesssec.CodeNotShared)
	beta.linkTo(acme, false)
	for _, tt := range []struct {
		id, to string
		want   accesssec.Code
	}{
		{id, other.owner.OrgID, accesssec.CodeNotShared},
		{id, beta.owner.OrgID, accesssec.CodeNotShared},
		{id, "org-none", accesssec.CodeNotShared},
		{pending.ID, acme.owner.OrgID, accesssec.CodeDomainUnproven},
		{gone.ID, acme.owner.OrgID, accesssec.CodeDomainUnproven},
		{acme.domainID("example.com"), acme.owner.OrgID, accesssec.CodeNotFound},
	} {
		_, err := beta.admin().PreviewTransfer(w.ctx, tt.id, tt.to)
		beta.refuses(err, tt.want)
		beta.refuses(beta.admin().TransferDomain(w.ctx, tt.id, tt.to, ""), tt.want)
	}
	_, err = acme.admin().PreviewTransfer(w.ctx, id, acme.owner.OrgID) // another's
	acme.refuses(err, accesssec.CodeNotShared)
	beta.refuses(beta.admin().TransferDomain(w.ctx, id, acme.owner.OrgID, "another"), accesssec.CodePreviewStale)
	w.heldBy("example.net", beta)
	if n := len(beta.events(audit.DomainTransferred)); n != 0 {
		t.Errorf("%d transfers in the log", n)
	}
}

func transferLent(_ *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	gamma := w.newOrg("Gamma", "owner@example.org")
	beta.linkTo(acme, true)
	gamma.linkTo(acme, true)
	_, err := acme.admin().PreviewTransfer(w.ctx, acme.domainID("example.net"), gamma.owner.OrgID)
	acme.refuses(err, accesssec.CodeLentDomain)
	acme.transfer("example.net", beta)
	w.heldBy("example.net", beta)
	acme.transfer("example.com", gamma) // which is its own
	w.heldBy("example.com", gamma)
}

func transferJob(t *testing.T, w *world) {
	w.watched()
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	seen := acme.claimOn("example.net").Last.At
	w.passes(3 * 24 * time.Hour)
	now := acme.claimOn("example.net")
	if !now.Last.At.After(seen.Add(24*time.Hour)) || now.State != domainclaim.Verified {
		t.Errorf("looked at last at %v", now.Last.At)
	}
	w.dns.Remove("example.net")
	w.passes(10 * 24 * time.Hour)
	acme.stands("example.net", domainclaim.Unverified)
	beta.unlink(beta, true) // lapsed, and its own again
	beta.stands("example.net", domainclaim.Unverified)
	w.publish("example.net", beta.claimOn("example.net"))
	w.passes(2 * 24 * time.Hour)
	beta.stands("example.net", domainclaim.Verified)
}

// transferMeanwhile: what was seen for the org that had the domain is written nowhere.
func transferMeanwhile(t *testing.T, w *world) {
	p := w.watched()
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, false)
	w.advance(48 * time.Hour)
	svc := w.looking(p, func() { beta.transfer("example.net", acme) })
	w.tick(svc)
	w.heldBy("example.net", acme)
	if n := len(beta.events(audit.DomainChecked, audit.DomainMissing)); n != 0 {
		t.Errorf("%d events of looks", n)
	}
	w.passes(2 * 24 * time.Hour)
	acme.stands("example.net", domainclaim.Verified)
}

// transferFormer: Acme had the domain once, and Beta has proven it since. A link and its end
// make Beta no voucher for Acme's people of that time.
func transferFormer(_ *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", bea)
	acme.verify("example.net")
	acme.add(policy.Admin, bea.Email)
	acme.lapsed("example.net")
	beta := w.newCustomer("Beta", "example.net", bea)
	try := func() {
		w.t.Helper()
		acme.refusesSSOAt(beta, bea, policy.DomainOfAnother)
	}
	try()
	was := acme.ownSignOn().Docs[store.Kind("former_domain")]
	beta.linkTo(acme, true)
	beta.unlink(beta, true)
	if now := acme.ownSignOn().Docs[store.Kind("former_domain")]; len(was) != 1 || len(now) != 1 {
		w.t.Errorf("Acme had lost %d names, and %d after the link", len(was), len(now))
	}
	try()
}
