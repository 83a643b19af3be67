package flowtest

import (
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// domainWithdrawFlows: a claim is given up by who has seen what that does.
func domainWithdrawFlows() map[string]flow {
	return map[string]flow{
		"what it would do, counted by hand":       withdrawCounted,
		"what it would do, with a claim above it": withdrawBelow,
		"what it does":                        withdrawDone,
		"who is outside by it is signed out":  withdrawBlocks,
		"the password again":                  withdrawProof,
		"a preview that is not true any more": withdrawStale,
		"in every state":                      withdrawStates,
		"the name is free":                    withdrawFree,
	}
}

// twoDomains is Acme with example.com and example.org, and with six people: two on each,
// the Owner on example.com, and one outside.
func twoDomains(w *world) (*post, *customer) {
	w.t.Helper()
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	acme.verify("example.org")
	acme.add(policy.Member, "ann@example.com", "zoe@example.com", "max@example.org", "eve@example.org", "out@example.net")
	p.told(w)
	return p, acme
}

func (c *customer) wouldLose(name string, sso, access int) {
	c.w.t.Helper()
	p, err := c.admin().PreviewWithdrawal(c.w.ctx, c.domainID(name))
	c.w.must(err)
	if p.LoseSSO != sso || p.LoseAccess != access {
		c.w.t.Errorf("without %s %d lose single sign-on and %d all access, want %d and %d", name, p.LoseSSO, p.LoseAccess, sso, access)
	}
}

func withdrawCounted(_ *testing.T, w *world) {
	_, acme := twoDomains(w)
	acme.wouldLose("example.com", 3, 0) // Ann, Zoe and the Owner
	acme.wouldLose("example.org", 2, 0)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	acme.wouldLose("example.com", 3, 0)
	acme.apply(func(s *accesssec.Settings) { s.BlockExternal = true })
	acme.wouldLose("example.com", 3, 2) // the Owner comes in by password
	acme.wouldLose("example.org", 2, 2)
	acme.lapsed("example.org")
	acme.wouldLose("example.org", 0, 2) // whose passwords are closed, which is less than being outside
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = false, false })
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	acme.wouldLose("example.com", 0, 0)
	acme.claim("example.de")
	acme.wouldLose("example.de", 0, 0)
}

// withdrawBelow: what a claim on the parent covers goes on.
func withdrawBelow(_ *testing.T, w *world) {
	_, acme := twoDomains(w)
	acme.verify("eu.example.com")
	acme.add(policy.Member, "pat@eu.example.com")
	acme.wouldLose("eu.example.com", 1, 0)
	acme.cover("example.com")
	acme.wouldLose("eu.example.com", 0, 0)
	acme.wouldLose("example.com", 3, 0)
	acme.withdraw("eu.example.com")
	acme.signIn(samltest.Person{Email: "pat@eu.example.com"})
	acme.wouldLose("example.com", 4, 0)
}

func withdrawDone(t *testing.T, w *world) {
	p, acme := twoDomains(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	in := acme.signIn(ann)
	p.told(w)
	id := acme.domainID("example.com")
	got := acme.withdraw("example.com")
	acme.stands("example.com", domainclaim.Released)
	p.hears(w, "of it", "domain_withdrawn owner@example.com")
	e := acme.last(audit.DomainWithdrawn)
	facts := factsOf(e)
	if e.Targets[0].ID != id || e.Targets[0].Name != "example.com" || e.Actor.OnBehalfOf == "" && e.Actor.ID == "" {
		t.Errorf("the log says %+v", e)
	}
	if facts["state"] != "verified" || facts["lose_sso"] != "3" || facts["lose_access"] != "0" || facts["sessions_ended"] != "0" || got.LoseSSO != 3 {
		t.Errorf("the log says %v", facts)
	}
	w.alive(in, true)
	l := acme.start()
	_, err := l.finish(l.answer(ann))
	acme.refuses(err, reasonCode(policy.DomainUnowned))
	must1(w.byPassword("ann@example.com", right)) // nobody's rule closes it any more
	if step, err := w.svc.SignIn().Discover(w.ctx, w.visit(), "ann@example.com"); err != nil || step.Next != policy.NextPassword {
		t.Errorf("she is sent to %+v, %v", step, err)
	}
	acme.signIn(samltest.Person{Email: "max@example.org"})
	if err := acme.admin().WithdrawDomain(w.ctx, id, got.Hash); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("given up twice: %v", err)
	}
	w.strides(2, 24*time.Hour)
	acme.stands("example.com", domainclaim.Released)
	acme.tells("claimed host", "claimed host", "verified host", "verified host", "withdrawn host")
}

func withdrawBlocks(t *testing.T, w *world) {
	_, acme := twoDomains(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	annIn, maxIn := acme.signIn(ann), acme.signIn(samltest.Person{Email: "max@example.org"})
	owner := must1(w.byPassword("owner@example.com", right))
	if got := acme.withdraw("example.com"); got.LoseAccess != 2 {
		t.Errorf("%d lose access", got.LoseAccess)
	}
	w.alive(annIn, false)
	w.alive(maxIn, true)
	w.alive(owner, true)
	if got := factsOf(acme.last(audit.DomainWithdrawn)); got["lose_access"] != "2" || got["sessions_ended"] != "1" {
		t.Errorf("the log says %v", got)
	}
	v := w.visit()
	v.OrgID = acme.owner.OrgID
	_, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right)
	acme.refuses(err, reasonCode(policy.ExternalBlocked))
	must1(w.byPassword("owner@example.com", right))
}

func withdrawProof(t *testing.T, w *world) {
	_, acme := twoDomains(w)
	in := must1(w.byPassword("owner@example.com", right))
	admin, id := w.svc.Admin(in.Principal), acme.domainID("example.com")
	p, err := admin.PreviewWithdrawal(w.ctx, id) // to look costs nothing
	w.must(err)
	acme.refuses(admin.WithdrawDomain(w.ctx, id, p.Hash), accesssec.CodeProve)
	w.prove(in)
	admin = w.svc.Admin(in.Principal)
	w.advance(5 * time.Minute)
	acme.refuses(admin.WithdrawDomain(w.ctx, id, p.Hash), accesssec.CodeProve)
	acme.stands("example.com", domainclaim.Verified)
	w.prove(in)
	admin = w.svc.Admin(in.Principal)
	w.must(admin.WithdrawDomain(w.ctx, id, p.Hash))
	acme.stands("example.com", domainclaim.Released)
	if e := acme.last(audit.DomainWithdrawn); e.Session != in.Principal.SessionID {
		t.Errorf("the log says %+v", e)
	}
}

func withdrawStale(t *testing.T, w *world) {
	_, acme := twoDomains(w)
	id := acme.domainID("example.com")
	preview := func() string {
		t.Helper()
		p, err := acme.admin().PreviewWithdrawal(w.ctx, id)
		w.must(err)
		return p.Hash
	}
	for _, hash := range []string{"", "x", strings.ToUpper(preview())} {
		acme.refuses(acme.admin().WithdrawDomain(w.ctx, id, hash), accesssec.CodePreviewStale)
	}
	other, err := acme.admin().PreviewWithdrawal(w.ctx, acme.domainID("example.org"))
	w.must(err)
	acme.refuses(acme.admin().WithdrawDomain(w.ctx, id, other.Hash), accesssec.CodePreviewStale)
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"one more member", func() { acme.add(policy.Member, "late@example.com") }},
		{"a setting", func() { acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true }) }},
		{"another setting", func() { acme.apply(func(s *accesssec.Settings) { s.BlockExternal = true }) }},
		{"the domains below", func() { acme.cover("example.com") }},
		{"another role", func() {
			u, _ := w.user("ann@example.com")
			w.hostRoles(acme, u.ID, policy.Admin)
		}},
		{"the record is gone", func() { w.publish("example.com"); w.passes(36 * time.Hour) }},
	} {
		before := preview()
		if before != preview() {
			t.Errorf("before %s two previews differ", step.name)
		}
		step.do()
		w.advance(time.Second)
		acme.refuses(acme.admin().WithdrawDomain(w.ctx, id, before), accesssec.CodePreviewStale)
		if e := acme.last(audit.ChangeRefused); !e.At.Equal(w.clock()) || e.Reason != string(accesssec.CodePreviewStale) || e.Targets[0].ID != id {
			t.Errorf("%s: the log says %+v", step.name, e)
		}
	}
	acme.stands("example.com", domainclaim.Missing)
	w.must(acme.admin().WithdrawDomain(w.ctx, id, preview()))
	acme.stands("example.com", domainclaim.Released)
}

func withdrawStates(_ *testing.T, w *world) {
	w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	for _, state := range []domainclaim.State{domainclaim.Pending, domainclaim.Verified, domainclaim.Missing, domainclaim.Unverified} {
		name := string(state) + ".example.com"
		acme.claim(name)
		acme.rewrite(name, func(d *domainclaim.Claim) { d.State = state })
		acme.withdraw(name)
		acme.stands(name, domainclaim.Released)
		if _, err := acme.admin().PreviewWithdrawal(w.ctx, acme.domainID(name)); w.code(err) != accesssec.CodeNotFound {
			w.t.Errorf("%s: a preview of what was given up: %v", name, err)
		}
	}
	w.strides(3, 24*time.Hour)
	for _, state := range []domainclaim.State{domainclaim.Pending, domainclaim.Verified, domainclaim.Missing, domainclaim.Unverified} {
		acme.stands(string(state)+".example.com", domainclaim.Released)
	}
}

func withdrawFree(_ *testing.T, w *world) {
	_, acme := twoDomains(w)
	next := w.newOrg("Next", "owner@example.net")
	d := next.claim("example.com")
	w.publish("example.com", acme.claimOn("example.com"), d.Claim)
	next.look("example.com", accesssec.CodeDomainTaken)
	acme.withdraw("example.com")
	w.strides(1, time.Hour)
	next.stands("example.com", domainclaim.Verified)
	acme.stands("example.com", domainclaim.Released)
}
