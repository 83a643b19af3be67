package flowtest

import (
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

func sharingLossFlows() map[string]flow {
	return map[string]flow{
		"who loses by a link":                        lossByLink,
		"whose names are shown to whom":              lossNames,
		"settings of who governs bind the linked":    lossSettings,
		"a withdrawal counts the linked":             lossWithdrawal,
		"a proof closes the passwords of the linked": lossProof,
		"a rule that binds binds elsewhere":          lossElsewhere,
	}
}

func lossByLink(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	beta.add(policy.Member, "ext@example.org")
	bea1, bob1 := beta.signIn(bea), must1(w.byPassword(bob.Email, right))
	ext := must1(w.byPassword("ext@example.org", right))
	owner := must1(w.byPassword("owner@example.net", right))
	p := beta.linkTo(acme, false)
	// The passwords of Bea and Bob are closed by Acme's rule, and their domain rests; who is
	// external to both is kept out. The Owner can still decide.
	if p.LoseCount != 3 || len(p.Lose) != 3 || p.LosePassword != 3 || p.LoseSSO != 3 || p.Sessions < 3 {
		t.Errorf("the preview says %+v", p)
	}
	for _, m := range p.Lose {
		if m.OrgID != beta.owner.OrgID {
			t.Errorf("%+v", m)
		}
	}
	for _, in := range []*accesssec.Entered{bea1, bob1, ext} {
		w.alive(in, false)
	}
	w.alive(owner, true)
	_, err := w.byPassword("owner@example.net", right)
	w.must(err)
	beta.unlink(beta, true)
	must1(w.byPassword(bob.Email, right))
}

// lossNames: who links to an org learns how many of its people lose, and not who they are.
func lossNames(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	acme.add(policy.Member, "guest@example.net") // external there, so by password
	code := acme.linkingCode()
	opts := &accesssec.LinkOptions{TransferDomains: true}
	p, err := beta.admin().PreviewLink(w.ctx, code, opts)
	w.must(err)
	// The Owner keeps a password by being one. Guest, Bea and Bob have single sign-on instead.
	if p.LosePassword != 3 || p.LoseCount != 0 || p.LoseSSO != 0 {
		t.Errorf("the preview says %+v", p)
	}
	w.must(beta.admin().LinkTo(w.ctx, code, p.Hash, opts))
	in := acme.signIn(samltest.Person{Email: "guest@example.net"})
	w.must(acme.admin().DisableMember(w.ctx, acme.member("guest@example.net")))
	w.alive(in, false)
	// Acme would hand the domain back, where it rests: it sees who of Beta loses.
	back, err := acme.admin().PreviewTransfer(w.ctx, acme.domainID("example.net"), beta.owner.OrgID)
	w.must(err)
	if back.LoseCount == 0 {
		t.Error("nobody loses")
	}
	for _, m := range back.Lose {
		if m.OrgID != acme.owner.OrgID && m.OrgID != beta.owner.OrgID {
			t.Errorf("%+v", m)
		}
	}
}

func lossSettings(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	beta.add(policy.Member, ann.Email)
	in, at := must1(w.byPassword(bea.Email, right)), must1(w.byPassword(ann.Email, right))
	p := acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	if p.LoseCount != 3 || len(p.Lose) != 3 {
		t.Errorf("%d lose, %+v", p.LoseCount, p.Lose)
	}
	from := map[string]string{}
	for _, m := range p.Lose {
		from[m.Address] = m.OrgID
	}
	if from[bea.Email] != beta.owner.OrgID || from[ann.Email] != acme.owner.OrgID {
		t.Errorf("they are of %v", from)
	}
	w.alive(in, false)
	w.alive(at, false)
	w.refusesPassword(bea.Email, policy.SSORequired)
	acme.signIn(bea)
	_, err := w.byPassword("owner@example.net", right)
	w.must(err)
}

func lossWithdrawal(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	in := acme.signIn(bea)
	p := acme.withdraw("example.net")
	if p.LoseSSO != 3 || p.LoseAccess != 2 {
		t.Errorf("the preview says %+v", p)
	}
	w.alive(in, false)
	w.refusesPassword(bea.Email, policy.ExternalBlocked)
	w.left(beta, 0)
}

func lossProof(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	beta.linkTo(acme, true)
	beta.add(policy.Member, "pia@example.org")
	in := must1(w.byPassword("pia@example.org", right))
	acme.verify("example.org")
	w.alive(in, false)
	w.refusesPassword("pia@example.org", policy.SSORequired)
}

// lossElsewhere: who may not use a password in their own org may not use it in another, or
// for their own account, be that org linked or not.
func lossElsewhere(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	for _, c := range []*customer{acme, beta} {
		c.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	}
	other := w.newOrg("Other", "owner@elsewhere.example.com")
	other.add(policy.Member, bea.Email, "owner@example.net")
	try := func(address string) accesssec.Code {
		v := w.visit()
		v.OrgID = other.owner.OrgID
		_, err := w.svc.SignIn().Password(w.ctx, v, address, right)
		return w.code(err)
	}
	if got := try(bea.Email); got != reasonCode(policy.SSORequired) {
		t.Errorf("before: %q", got)
	}
	beta.linkTo(acme, true)
	if got := try(bea.Email); got != reasonCode(policy.SSORequired) {
		t.Errorf("linked: %q", got)
	}
	beta.unlink(beta, true)
	if got := try(bea.Email); got != reasonCode(policy.SSORequired) {
		t.Errorf("after: %q", got)
	}
}
