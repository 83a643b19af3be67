package flowtest

import (
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// settingsFlows: who may change them, and what a change does to people.
func settingsFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"only Owners and Admins":                 settingsOnlyOwnersAndAdmins,
		"the password again":                     settingsThePasswordAgain,
		"by a fresh sign-on, without a password": settingsByAFreshSignOnWithoutAPassword,
		"preview and apply":                      settingsPreviewAndApply,
		"what is in the way":                     settingsWhatIsInTheWay,
		"domains":                                settingsDomains,
		"an org finds nothing of another's":      settingsAnOrgFindsNothingOfAnotherS,
	})
}

func settingsOnlyOwnersAndAdmins(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Admin, "adam@example.com")
	acme.add(policy.Member, "ann@example.com")
	acme.add(policy.Billing, "bill@example.com")
	for address, allowed := range map[string]bool{"owner@example.com": true, "adam@example.com": true, "ann@example.com": false, "bill@example.com": false} {
		in, err := w.byPassword(address, right)
		w.must(err)
		w.prove(in)
		for name, err := range everyCall(w, w.svc.Admin(in.Principal), acme) {
			if code := w.code(err); (code == accesssec.CodeNotAllowed) == allowed {
				t.Errorf("%s, %s: %q", address, name, code)
			}
		}
	}
	for name, p := range map[string]accesssec.Principal{
		"zero":         {},
		"put together": {UserID: acme.owner.UserID, OrgID: acme.owner.OrgID, Role: policy.Owner},
	} {
		for call, err := range everyCall(w, w.svc.Admin(p), acme) {
			if code := w.code(err); code != accesssec.CodeNotAllowed {
				t.Errorf("%s, %s: %q", name, call, code)
			}
		}
	}
}

func settingsThePasswordAgain(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	in, err := w.byPassword("owner@example.com", right)
	w.must(err)
	admin, me := w.svc.Admin(in.Principal), w.svc.Me(in.Principal)
	if _, err := admin.ClaimDomain(w.ctx, "example.com"); w.code(err) != accesssec.CodeProve {
		t.Errorf("not proven: %v", err)
	}
	if _, err := me.Prove(w.ctx, "wrong"); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := admin.ClaimDomain(w.ctx, "example.com"); w.code(err) != accesssec.CodeProve {
		t.Errorf("after a wrong password: %v", err)
	}
	w.prove(in)
	admin, me = w.svc.Admin(in.Principal), w.svc.Me(in.Principal)
	w.advance(5*time.Minute - time.Microsecond)
	_, err = admin.ClaimDomain(w.ctx, "example.com")
	w.must(err)
	w.advance(time.Microsecond)
	if _, err := admin.ClaimDomain(w.ctx, "example.net"); w.code(err) != accesssec.CodeProve {
		t.Errorf("five minutes later: %v", err)
	}
	// It is the session that has proven something, not the person.
	must1(me.Prove(w.ctx, right))
	other, err := w.byPassword("owner@example.com", right)
	w.must(err)
	if _, err := w.svc.Admin(other.Principal).ClaimDomain(w.ctx, "example.net"); w.code(err) != accesssec.CodeProve {
		t.Errorf("another session: %v", err)
	}
	w.advance(6 * time.Minute)
	if _, err := w.svc.Admin(acme.owner).Settings(w.ctx); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("what CreateOrg gave, later: %v", err)
	}
	for range 5 {
		if _, err := me.Prove(w.ctx, "wrong"); w.code(err) != accesssec.CodeWrongPassword {
			t.Errorf("guessing: %v", err)
		}
	}
	if _, err := me.Prove(w.ctx, right); w.code(err) != accesssec.CodeLocked {
		t.Errorf("the right one while locked: %v", err)
	}
	if _, err := w.byPassword("owner@example.com", right); err != nil {
		t.Errorf("locked out of signing in: %v", err)
	}
	if n := len(acme.events(audit.ProveRefused)); n != 6 {
		t.Errorf("%d failures in the log, want 6", n)
	}
}

func settingsByAFreshSignOnWithoutAPassword(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "adam@example.com", Verified: true, Role: policy.Admin}))
	adam := samltest.Person{Email: "adam@example.com"}
	in := acme.signIn(adam)
	if _, err := w.svc.Me(in.Principal).Prove(w.ctx, right); w.code(err) != accesssec.CodeNoPassword {
		t.Errorf("no password: %v", err)
	}
	if _, err := w.svc.Admin(in.Principal).ClaimDomain(w.ctx, "example.net"); w.code(err) != accesssec.CodeProve {
		t.Errorf("an ordinary sign-on: %v", err)
	}
	l := acme.startFresh()
	step, err := l.finish(l.answer(adam))
	w.must(err)
	_, err = w.svc.Admin(step.Entered.Principal).ClaimDomain(w.ctx, "example.net")
	w.must(err)
}

func settingsPreviewAndApply(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Admin, "adam@example.com")
	acme.add(policy.Member, "ann@example.com", "out@example.net")
	annPW, err := w.byPassword("ann@example.com", right)
	w.must(err)
	outPW, err := w.byPassword("out@example.net", right)
	w.must(err)
	annSSO := acme.signIn(ann)

	next, err := acme.admin().Settings(w.ctx)
	w.must(err)
	next.RequireSSO = true
	p, err := acme.admin().Preview(w.ctx, next)
	w.must(err)
	if len(p.Lose) != 1 || p.Lose[0].Address != "ann@example.com" || p.LoseCount != 1 || len(p.Bypass) != 2 || len(p.Refused) != 0 {
		t.Errorf("the preview names %+v", p)
	}
	for _, hash := range []string{"", "x", strings.ToUpper(p.Hash)} {
		if err := acme.admin().Apply(w.ctx, next, hash); w.code(err) != accesssec.CodePreviewStale {
			t.Errorf("hash %q: %v", hash, err)
		}
	}
	wider := next
	wider.BlockExternal = true
	if err := acme.admin().Apply(w.ctx, wider, p.Hash); w.code(err) != accesssec.CodePreviewStale {
		t.Errorf("other settings than the preview's: %v", err)
	}
	acme.add(policy.Member, "late@example.com")
	if err := acme.admin().Apply(w.ctx, next, p.Hash); w.code(err) != accesssec.CodePreviewStale {
		t.Errorf("one more would lose: %v", err)
	}
	p, err = acme.admin().Preview(w.ctx, next)
	w.must(err)
	w.must(acme.admin().Apply(w.ctx, next, p.Hash))
	if err := acme.admin().Apply(w.ctx, next, p.Hash); w.code(err) != accesssec.CodePreviewStale {
		t.Errorf("a preview twice: %v", err)
	}
	for e, want := range map[*accesssec.Entered]accesssec.Code{annPW: accesssec.CodeSignedOut, annSSO: "", outPW: ""} {
		if _, err := w.svc.Authenticate(w.ctx, e.Token()); w.code(err) != want {
			t.Errorf("a session after the switch: %v, want %q", err, want)
		}
	}
	if _, err := w.byPassword("ann@example.com", right); w.code(err) != reasonCode(policy.SSORequired) {
		t.Errorf("a member by password: %v", err)
	}
	e := acme.last(audit.SettingsChanged)
	if len(e.Changes) != 1 || e.Changes[0].Field != "require_sso" || e.Changes[0].New != "true" {
		t.Errorf("the log says %+v", e.Changes)
	}
	if err := acme.admin().Enable(w.ctx, acme.conn.ID, false); w.code(err) != accesssec.CodeInUse {
		t.Errorf("switched off while required: %v", err)
	}
}

func settingsWhatIsInTheWay(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	next, err := acme.admin().Settings(w.ctx)
	w.must(err)
	next.RequireSSO, next.SessionIdle = true, time.Second
	p, err := acme.admin().Preview(w.ctx, next)
	w.must(err)
	var codes []string
	for _, f := range p.Refused {
		codes = append(codes, f.Code)
	}
	if got := strings.Join(codes, " "); got != "sso_inactive no_domain session_times" {
		t.Errorf("in the way: %s", got)
	}
	if err := acme.admin().Apply(w.ctx, next, p.Hash); w.code(err) != accesssec.CodeSettings {
		t.Errorf("applied all the same: %v", err)
	}
	acme.last(audit.ChangeRefused)
}

func settingsDomains(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	for _, name := range []string{"", "com", "co.uk", "gmail.com", "127.0.0.1", "localhost", "*.example.com", "a..b"} {
		if _, err := acme.admin().ClaimDomain(w.ctx, name); w.code(err) != accesssec.CodeDomainName {
			t.Errorf("claim %q: %v", name, err)
		}
	}
	d := acme.claim("Example.COM.")
	if _, err := acme.admin().ClaimDomain(w.ctx, "example.com"); w.code(err) != accesssec.CodeDomainClaimed {
		t.Errorf("claimed twice: %v", err)
	}
	if _, err := acme.admin().VerifyDomain(w.ctx, d.ID); w.code(err) != accesssec.CodeDomainUnproven {
		t.Errorf("no record: %v", err)
	}
	rec := d.Records()[0]
	w.dns.SetTXT(rec.Name, rec.Value)
	w.dns.Fail(".", dnstest.ServFail)
	if _, err := acme.admin().VerifyDomain(w.ctx, d.ID); w.code(err) != accesssec.CodeDNS {
		t.Errorf("DNS is broken: %v", err)
	}
	w.dns.Heal(".")
	thief := w.newOrg("Thief", "owner@example.net")
	stolen := thief.claim("example.com")
	if _, err := thief.admin().VerifyDomain(w.ctx, stolen.ID); w.code(err) != accesssec.CodeDomainUnproven {
		t.Errorf("another org's token proves it: %v", err)
	}
	if _, err := thief.admin().VerifyDomain(w.ctx, d.ID); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("another org's claim: %v", err)
	}
	_, err := acme.admin().VerifyDomain(w.ctx, d.ID)
	w.must(err)
	w.dns.SetTXT(rec.Name, rec.Value, stolen.Records()[0].Value)
	if _, err := thief.admin().VerifyDomain(w.ctx, stolen.ID); w.code(err) != accesssec.CodeDomainTaken {
		t.Errorf("proven by a second org: %v", err)
	}
	list, err := acme.admin().Domains(w.ctx)
	w.must(err)
	if len(list) != 1 || list[0].State != "verified" {
		t.Errorf("the claims are %+v", list)
	}
	acme.last(audit.DomainVerified)
	thief.last(audit.DomainContested)
	acme.last(audit.DomainContested)
}

func settingsAnOrgFindsNothingOfAnotherS(t *testing.T, w *world) {
	acme, evil := w.newCustomer("Acme", "example.com"), w.newCustomer("Evil", "example.org")
	if _, err := evil.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, evil), nil); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("configured another's connection: %v", err)
	}
	if err := evil.admin().Enable(w.ctx, acme.conn.ID, false); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("switched off another's connection: %v", err)
	}
	conns, err := evil.admin().Connections(w.ctx)
	w.must(err)
	if len(conns) != 1 || conns[0].ID != evil.conn.ID {
		t.Errorf("sees %+v", conns)
	}
}

// everyCall makes each call of Admin once.
func everyCall(w *world, a *accesssec.Admin, c *customer) map[string]error {
	out := map[string]error{}
	next := accesssec.Settings{}
	_, out["Settings"] = a.Settings(w.ctx)
	_, out["Preview"] = a.Preview(w.ctx, next)
	out["Apply"] = a.Apply(w.ctx, next, "")
	_, out["Domains"] = a.Domains(w.ctx)
	_, out["ClaimDomain"] = a.ClaimDomain(w.ctx, "example.net")
	_, out["VerifyDomain"] = a.VerifyDomain(w.ctx, "dom-none")
	_, out["CoverSubdomains"] = a.CoverSubdomains(w.ctx, "dom-none")
	_, out["PreviewWithdrawal"] = a.PreviewWithdrawal(w.ctx, "dom-none")
	out["WithdrawDomain"] = a.WithdrawDomain(w.ctx, "dom-none", "")
	_, out["Connections"] = a.Connections(w.ctx)
	_, out["NewConnection"] = a.NewConnection(w.ctx, "x")
	_, out["Configure"] = a.Configure(w.ctx, c.conn.ID, idpOf(w.t, c), nil)
	out["Enable"] = a.Enable(w.ctx, c.conn.ID, true)
	_, out["Members"] = a.Members(w.ctx, accesssec.MemberQuery{})
	_, out["Events"] = a.Events(w.ctx, store.AuditQuery{})
	_, out["PublishEncryptionKey"] = a.PublishEncryptionKey(w.ctx, c.conn.ID, true)
	_, out["FollowMetadata"] = a.FollowMetadata(w.ctx, c.conn.ID, accesssec.MetadataURL{URL: "https://idp.example.com/metadata"}, nil)
	_, out["RefreshMetadata"] = a.RefreshMetadata(w.ctx, c.conn.ID)
	_, out["AddCertificate"] = a.AddCertificate(w.ctx, c.conn.ID, c.idp.Certificate())
	_, out["RemoveCertificate"] = a.RemoveCertificate(w.ctx, c.conn.ID, "none")
	_, out["ResetFactors"] = a.ResetFactors(w.ctx, "usr-none")
	_, out["LoginTraces"] = a.LoginTraces(w.ctx, c.conn.ID, accesssec.TraceQuery{})
	return out
}
