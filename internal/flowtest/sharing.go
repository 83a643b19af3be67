package flowtest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// sharingFlows: orgs that have their sign-on from another one.
func sharingFlows(t *testing.T, open func(*testing.T) store.Store) {
	for name, flows := range map[string]map[string]flow{
		"Link":     sharingLinkFlows(),
		"Codes":    sharingCodeFlows(),
		"Transfer": sharingTransferFlows(),
		"Landing":  sharingLandingFlows(),
		"Both":     sharingBothFlows(),
		"Loss":     sharingLossFlows(),
		"Load":     sharingLoadFlows(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, open, flows)
		})
	}
}

func sharingLinkFlows() map[string]flow {
	return map[string]flow{
		"with its domains, and back":           sharedAndRestored,
		"without its domains":                  sharedWithoutDomains,
		"what rests can't be changed":          sharedCannotBeChanged,
		"what goes on":                         sharedGoesOn,
		"ended by the one that governs":        sharedEndedByAdmin,
		"domains that stay":                    sharedDomainsStay,
		"a claim that was given up meanwhile":  sharedGivenUp,
		"a claim that is not proven yet waits": sharedPendingWaits,
		"one that lapses meanwhile":            sharedLapsesMeanwhile,
		"an org that is deleted":               sharedDeleted,
	}
}

var (
	bea = samltest.Person{Email: "bea@example.net", FirstName: "Bea", LastName: "Roe"}
	bob = samltest.Person{Email: "bob@example.net", FirstName: "Bob", LastName: "Roe"}
)

// twoOrgs are two customers with a domain and a sign-on each, whose identity providers know
// the people of both: Acme on example.com and Beta on example.net.
func twoOrgs(w *world) (acme, beta *customer) {
	w.t.Helper()
	everybody := []samltest.Person{ann, bea, bob}
	acme, beta = w.newCustomer("Acme", "example.com", everybody...), w.newCustomer("Beta", "example.net", everybody...)
	acme.add(policy.Member, ann.Email)
	beta.add(policy.Member, bea.Email, bob.Email)
	return acme, beta
}

// linkingCode is one of the customer's.
func (c *customer) linkingCode() string {
	c.w.t.Helper()
	code, err := c.admin().LinkingCode(c.w.ctx)
	c.w.must(err)
	return code.Code
}

// again does what an Owner is told to do when so many sign in that a change finds no moment
// for itself.
func (c *customer) again(try func() error) error {
	err := try()
	for n := 0; n < 20 && accesssec.IsRefusal(err, accesssec.CodeConflict); n++ {
		err = try()
	}
	return err
}

// linkTo has the customer have its sign-on from another.
func (c *customer) linkTo(from *customer, domains bool) accesssec.LinkPreview {
	c.w.t.Helper()
	code, opts := from.linkingCode(), &accesssec.LinkOptions{TransferDomains: domains}
	p, err := c.admin().PreviewLink(c.w.ctx, code, opts)
	c.w.must(err)
	c.w.must(c.again(func() error { return c.admin().LinkTo(c.w.ctx, code, p.Hash, opts) }))
	return p
}

// unlink ends the link of an org, by the customer's hand.
func (c *customer) unlink(org *customer, domains bool) accesssec.UnlinkPreview {
	c.w.t.Helper()
	opts := &accesssec.UnlinkOptions{ReturnDomains: domains}
	p, err := c.admin().PreviewUnlink(c.w.ctx, org.owner.OrgID, opts)
	c.w.must(err)
	c.w.must(c.again(func() error { return c.admin().Unlink(c.w.ctx, org.owner.OrgID, p.Hash, opts) }))
	return p
}

// transfer hands a domain over.
func (c *customer) transfer(name string, to *customer) accesssec.TransferPreview {
	c.w.t.Helper()
	id := c.domainID(name)
	p, err := c.admin().PreviewTransfer(c.w.ctx, id, to.owner.OrgID)
	c.w.must(err)
	c.w.must(c.again(func() error { return c.admin().TransferDomain(c.w.ctx, id, to.owner.OrgID, p.Hash) }))
	return p
}

// heldBy compares who holds a name; nil is nobody.
func (w *world) heldBy(name string, want *customer) {
	w.t.Helper()
	claims, err := w.store.DomainsByName(w.ctx, []string{name})
	w.must(err)
	got := ""
	for _, d := range claims {
		if d.Status == store.DomainVerified || d.Status == store.DomainMissing {
			got += d.OrgID
		}
	}
	if want == nil && got != "" || want != nil && got != want.owner.OrgID {
		w.t.Errorf("%s is held by %q", name, got)
	}
}

// counts compares how many events of a type the log has.
func (c *customer) counts(want map[audit.Type]int) {
	c.w.t.Helper()
	for typ, n := range want {
		if got := len(c.events(typ)); got != n {
			c.w.t.Errorf("the log of %s has %d times %s, want %d", c.name, got, typ, n)
		}
	}
}

// ownSignOn is all of an org's own that a link is to leave as it is.
type ownSignOn struct {
	Access      []byte
	Settings    accesssec.Settings
	Connections []accesssec.Connection
	Domains     []accesssec.Domain
	Records     []store.Domain
	Docs        map[store.Kind][]store.Doc
}

func (c *customer) ownSignOn() ownSignOn {
	c.w.t.Helper()
	var out ownSignOn
	org, err := c.w.store.Org(c.w.ctx, c.owner.OrgID)
	c.w.must(err)
	out.Access = org.Access
	out.Settings, err = c.admin().Settings(c.w.ctx)
	c.w.must(err)
	out.Settings.Version = 0 // the org was written, though nothing of its settings
	out.Connections, err = c.admin().Connections(c.w.ctx)
	c.w.must(err)
	out.Domains, err = c.admin().Domains(c.w.ctx)
	c.w.must(err)
	page, err := c.w.store.Domains(c.w.ctx, c.owner.OrgID, store.Paging{})
	c.w.must(err)
	for _, d := range page.Items {
		d.Version = 0
		out.Records = append(out.Records, d)
	}
	out.Docs = map[store.Kind][]store.Doc{}
	for _, kind := range []store.Kind{"connection", "former_domain", "brought_domain", "linking_code", "shared_sso"} {
		docs, err := c.w.store.Docs(c.w.ctx, kind, c.owner.OrgID, store.DocQuery{})
		c.w.must(err)
		for _, d := range docs.Items {
			d.Version = 0
			out.Docs[kind] = append(out.Docs[kind], d)
		}
	}
	return out
}

// same compares what is an org's own with what it was.
func (c *customer) same(was ownSignOn) {
	c.w.t.Helper()
	now := c.ownSignOn()
	if !bytes.Equal(was.Access, now.Access) {
		c.w.t.Errorf("the settings of %s were %s and are %s", c.name, was.Access, now.Access)
	}
	if diff := cmp.Diff(was, now, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		c.w.t.Errorf("%s is not as it was:\n%s", c.name, diff)
	}
}

func sharedAndRestored(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	before := beta.signIn(bea)
	acme.signIn(ann)
	ours, theirs := acme.ownSignOn(), beta.ownSignOn()

	p := beta.linkTo(acme, true)
	if len(p.Moved) != 1 || len(p.Suspended) != 0 || p.LoseCount != 0 || p.LoseSSO != 0 || p.Sessions != 0 || p.From.Name != "Acme" {
		t.Errorf("the preview says %+v", p)
	}
	w.heldBy("example.net", acme)
	w.alive(before, true)
	step, err := w.svc.SignIn().Discover(w.ctx, w.visit(), bea.Email)
	w.must(err)
	if step.OrgName != "Acme" || step.Connection != acme.conn.ID {
		t.Errorf("Bea is offered %+v", step)
	}
	if in := acme.signIn(bea); in.Principal.OrgID != beta.owner.OrgID {
		t.Errorf("Bea is in %+v", in.Principal)
	}
	if in := acme.signIn(ann); in.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("Ann is in %+v", in.Principal)
	}
	linked, err := acme.admin().LinkedOrgs(w.ctx, store.Paging{})
	w.must(err)
	if want := []accesssec.LinkedOrg{{ID: beta.owner.OrgID, Name: "Beta", Since: w.clock(), Members: 3}}; !cmp.Equal(linked.Items, want) {
		t.Errorf("Acme has linked to it %+v", linked.Items)
	}

	back := beta.unlink(beta, true)
	if len(back.Returned) != 1 || len(back.Kept) != 0 || back.LoseCount != 0 || back.LoseSSO != 0 {
		t.Errorf("the preview says %+v", back)
	}
	w.heldBy("example.net", beta)
	acme.same(ours)
	beta.same(theirs)
	w.alive(before, true)
	if in := beta.signIn(bea); in.Principal.OrgID != beta.owner.OrgID {
		t.Errorf("Bea is in %+v", in.Principal)
	}
	acme.signIn(ann)
	acme.counts(map[audit.Type]int{audit.SSOLinkOffered: 1, audit.SSOLinked: 1, audit.SSOUnlinked: 1, audit.DomainTransferred: 2})
	beta.counts(map[audit.Type]int{audit.SSOLinkOffered: 0, audit.SSOLinked: 1, audit.SSOUnlinked: 1, audit.DomainTransferred: 2})
}

func sharedWithoutDomains(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	in := beta.signIn(bea)
	theirs := beta.ownSignOn()
	p := beta.linkTo(acme, false)
	// They have passwords, so nobody loses everything.
	if len(p.Moved) != 0 || len(p.Suspended) != 1 || p.LoseCount != 0 || p.LoseSSO != 3 || p.Sessions != 1 {
		t.Errorf("the preview says %+v", p)
	}
	w.alive(in, false)
	w.heldBy("example.net", beta)
	step, err := w.svc.SignIn().Discover(w.ctx, w.visit(), bea.Email)
	w.must(err)
	if step.Offers(policy.SSO) {
		t.Errorf("Bea is offered %+v", step)
	}
	l := acme.startFor(beta.owner.OrgID)
	_, err = l.finish(l.answer(bea))
	acme.refuses(err, reasonCode(policy.DomainIsSuspended))
	_, err = w.byPassword(bea.Email, right)
	w.must(err)
	beta.unlink(beta, true)
	beta.same(theirs)
	beta.signIn(bea)
}

func sharedCannotBeChanged(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	pending := beta.claim("example.org")
	beta.linkTo(acme, false)
	conns, err := beta.admin().Connections(w.ctx)
	w.must(err)
	domains, err := beta.admin().Domains(w.ctx)
	w.must(err)
	for _, d := range domains {
		if !d.Suspended {
			t.Errorf("%s is not shown as suspended", d.Name)
		}
	}
	settings, err := beta.admin().Settings(w.ctx)
	w.must(err)
	if !conns[0].Suspended || settings.SSOFrom != (accesssec.OrgChoice{ID: acme.owner.OrgID, Name: "Acme"}) {
		t.Errorf("shown are %+v and %+v", conns[0], settings.SSOFrom)
	}
	own := beta.ownSignOn()
	id, verified := beta.conn.ID, beta.domainID("example.net")
	for name, try := range map[string]func() error{
		"NewConnection": func() error { _, err := beta.admin().NewConnection(w.ctx, "x"); return err },
		"Configure":     func() error { _, err := beta.admin().Configure(w.ctx, id, idpOf(t, beta), nil); return err },
		"Publish":       func() error { _, err := beta.admin().PublishEncryptionKey(w.ctx, id, true); return err },
		"Disable":       func() error { return beta.admin().Enable(w.ctx, id, false) },
		"Remove":        func() error { return beta.admin().RemoveConnection(w.ctx, id) },
		"Follow": func() error {
			_, err := beta.admin().FollowMetadata(w.ctx, id, accesssec.MetadataURL{URL: "https://idp.example.org/m"}, nil)
			return err
		},
		"Refresh":  func() error { _, err := beta.admin().RefreshMetadata(w.ctx, id); return err },
		"Claim":    func() error { _, err := beta.admin().ClaimDomain(w.ctx, "sub.example.net"); return err },
		"Verify":   func() error { _, err := beta.admin().VerifyDomain(w.ctx, pending.ID); return err },
		"Cover":    func() error { _, err := beta.admin().CoverSubdomains(w.ctx, verified); return err },
		"Preview":  func() error { _, err := beta.admin().PreviewWithdrawal(w.ctx, verified); return err },
		"Withdraw": func() error { return beta.admin().WithdrawDomain(w.ctx, verified, "") },
		"Code":     func() error { _, err := beta.admin().LinkingCode(w.ctx); return err },
		"Link":     func() error { return beta.admin().LinkTo(w.ctx, acme.linkingCode(), "", nil) },
		"Require": func() error {
			next := settings
			next.RequireSSO = true
			p, err := beta.admin().Preview(w.ctx, next)
			if err == nil && (len(p.Refused) != 1 || p.Refused[0].Code != "shared") {
				t.Errorf("the preview says %+v", p.Refused)
			}
			return beta.admin().Apply(w.ctx, next, p.Hash)
		},
	} {
		if got := w.code(try()); got != accesssec.CodeShared {
			t.Errorf("%s: %q", name, got)
		}
	}
	beta.same(own)
	if n := len(beta.events(audit.ChangeRefused)); n < 13 {
		t.Errorf("%d refusals in the log", n)
	}
}

// sharedGoesOn: a link is about signing in, and about nothing else.
func sharedGoesOn(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	beta.apply(func(s *accesssec.Settings) { s.SessionIdle = time.Hour })
	in := acme.signIn(bea)
	if got := w.row(in).IdleAt.Sub(w.clock()); got != time.Hour {
		t.Errorf("idle after %v: the session times are the org's own", got)
	}
	beta.add(policy.Billing, "new@example.net")
	w.must(beta.admin().SetRole(w.ctx, beta.member(bea.Email), policy.Admin))
	if in := acme.signIn(bea); in.Principal.Role != policy.Admin {
		t.Errorf("%+v", in.Principal)
	}
	if _, err := acme.admin().Domains(w.ctx); err != nil {
		t.Error(err)
	}
	theirs, err := w.svc.Vouch(w.ctx, beta.owner.OrgID, beta.owner.UserID)
	w.must(err)
	if _, err := w.svc.Admin(theirs).Events(w.ctx, store.AuditQuery{}); err != nil {
		t.Errorf("its own log: %v", err)
	}
}

func sharedEndedByAdmin(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	other := w.newOrg("Other", "owner@example.org")
	beta.linkTo(acme, true)
	for _, c := range []*customer{other, acme} {
		for _, id := range []string{other.owner.OrgID, acme.owner.OrgID, "org-none"} {
			_, err := c.admin().PreviewUnlink(w.ctx, id, nil)
			c.refuses(err, accesssec.CodeNotShared)
		}
	}
	beta.add(policy.Admin, "adam@example.net")
	_, err := beta.as("adam@example.net").PreviewUnlink(w.ctx, beta.owner.OrgID, nil)
	beta.refuses(err, accesssec.CodeNotAllowed)
	p := acme.unlink(beta, true)
	if p.Linked.Name != "Beta" || p.From.Name != "Acme" {
		t.Errorf("%+v", p)
	}
	w.heldBy("example.net", beta)
	beta.signIn(bea)
	err = acme.admin().Unlink(w.ctx, beta.owner.OrgID, p.Hash, nil)
	acme.refuses(err, accesssec.CodeNotShared)
}

// sharedDomainsStay: who has lost a domain for good is not vouched for by who has it.
func sharedDomainsStay(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	in := acme.signIn(bea)
	p := beta.unlink(beta, false)
	if len(p.Kept) != 1 || p.LoseSSO != 3 || p.LoseCount != 0 || p.Sessions != 1 {
		t.Errorf("the preview says %+v", p)
	}
	w.alive(in, false)
	w.heldBy("example.net", acme)
	l := acme.startFor(beta.owner.OrgID)
	_, err := l.finish(l.answer(bea))
	acme.refuses(err, reasonCode(policy.DomainOfAnother))
	// What stayed has stayed: another link brings no right to it back.
	beta.linkTo(acme, true)
	if p := beta.unlink(beta, true); len(p.Returned) != 0 {
		t.Errorf("handed back %+v", p.Returned)
	}
	w.heldBy("example.net", acme)
}

func sharedGivenUp(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	acme.withdraw("example.net")
	acme.verify("example.net") // anew, and by its own proof
	if p := beta.unlink(beta, true); len(p.Returned) != 0 {
		t.Errorf("handed back %+v", p.Returned)
	}
	w.heldBy("example.net", acme)
}

func sharedPendingWaits(t *testing.T, w *world) {
	w.watched()
	acme, beta := twoOrgs(w)
	d := beta.claim("example.org")
	beta.linkTo(acme, true)
	rec := d.Records()[0]
	w.dns.SetTXT(rec.Name, rec.Value)
	w.passes(3 * 24 * time.Hour)
	beta.stands("example.org", "pending")
	w.heldBy("example.org", nil)
	beta.unlink(beta, true)
	w.passes(2 * 24 * time.Hour)
	beta.stands("example.org", "verified")
}

func sharedLapsesMeanwhile(t *testing.T, w *world) {
	p := w.watched()
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, false)
	w.dns.Remove("example.net")
	w.passes(10 * 24 * time.Hour)
	beta.stands("example.net", "unverified")
	told := 0
	w.tick(w.svc)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.tried {
		if n.OrgID == beta.owner.OrgID && strings.Contains(n.Text, "has stopped") {
			t.Errorf("told of what does not happen: %s", n.Text)
		}
		if n.Template == accesssec.TemplateDomainResting {
			told++
		}
	}
	if told < 2 {
		t.Errorf("told %d times", told)
	}
	preview := beta.unlink(beta, true)
	if len(preview.Resumed) != 1 {
		t.Errorf("%+v", preview)
	}
	beta.refusesSSO(bea, policy.DomainIsLapsed)
}

func sharedDeleted(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, true)
	err := acme.admin().DeleteOrg(w.ctx, "Acme")
	acme.refuses(err, accesssec.CodeInUse)
	w.must(beta.admin().DeleteOrg(w.ctx, "Beta"))
	linked, err := acme.admin().LinkedOrgs(w.ctx, store.Paging{})
	w.must(err)
	if len(linked.Items) != 0 || len(acme.ownSignOn().Docs["shared_sso"]) != 0 || len(acme.ownSignOn().Docs["brought_domain"]) != 0 {
		t.Errorf("left over: %+v", linked.Items)
	}
	var no *accesssec.Refusal
	if err := acme.admin().DeleteOrg(w.ctx, "Acme"); err != nil || errors.As(err, &no) {
		t.Error(err)
	}
}
