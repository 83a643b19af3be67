package flowtest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

func sharingBothFlows() map[string]flow {
	return map[string]flow{
		"people of either domain, into both orgs":       sharingIntoBoth,
		"whoever is at the identity provider meanwhile": sharingUnderWay,
		"whom a directory has made":                     sharingProvisioned,
	}
}

// comesTo signs in over HTTP at a customer's sign-on on the way into an org, and says which org
// the browser is in then, and as what; nothing when it was not let in.
func (b *browser) comesTo(at, org *customer, who samltest.Person) (orgID, role string) {
	b.w.t.Helper()
	stay := *b.Client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := b.send(&stay, "sso/start", "connection", at.conn.ID, "org", org.owner.OrgID)
	b.w.must(err)
	res.Body.Close()
	if to := res.Header.Get("Location"); res.StatusCode == http.StatusSeeOther {
		b.walk(to, who.Email)
	}
	_, orgID, role = b.whoami()
	return orgID, role
}

// sharingIntoBoth: with one sign-on, people of both domains go into both orgs, each as what
// they are there. When the link ends, each org has its own people by its own sign-on again, and
// nobody else's by the other's.
func sharingIntoBoth(t *testing.T, w *world) {
	nia := samltest.Person{Email: "nia@example.net"} // who has no account
	everybody := []samltest.Person{ann, bea, nia}
	acme, beta := w.newCustomer("Acme", "example.com", everybody...), w.newCustomer("Beta", "example.net", everybody...)
	acme.add(policy.Admin, ann.Email)
	acme.add(policy.Member, bea.Email)
	beta.add(policy.Billing, ann.Email)
	beta.add(policy.Admin, bea.Email)
	for _, c := range []*customer{acme, beta} {
		c.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	}
	own := func(sentOn func(samltest.Person) bool) {
		t.Helper()
		for _, tt := range []struct {
			at   *customer
			who  samltest.Person
			role policy.Role
		}{{acme, ann, policy.Admin}, {beta, bea, policy.Admin}} {
			if org, role := w.browser().comesTo(tt.at, tt.at, tt.who); org != tt.at.owner.OrgID || role != string(tt.role) {
				t.Errorf("%s by %s's own sign-on: in %q as %q", tt.who.Email, tt.at.name, org, role)
			}
		}
		vouched := func(c *customer, address string) int {
			return w.sessions(store.SessionQuery{UserID: c.member(address), ConnectionID: c.conn.ID})
		}
		byAcme, byBeta := vouched(acme, bea.Email), vouched(beta, ann.Email)
		for _, tt := range []struct {
			at, to *customer
			who    samltest.Person
		}{{acme, acme, bea}, {acme, beta, bea}, {beta, beta, ann}, {beta, acme, ann}} {
			// Who came by the other's a moment ago is sent on to their own.
			if org, _ := w.browser().comesTo(tt.at, tt.to, tt.who); org != "" && !sentOn(tt.who) {
				t.Errorf("%s by %s's sign-on, to %s: in %q", tt.who.Email, tt.at.name, tt.to.name, org)
			}
		}
		if a, b := vouched(acme, bea.Email), vouched(beta, ann.Email); a != byAcme || b != byBeta {
			t.Errorf("the other's sign-on vouched for somebody: %d and %d times", a-byAcme, b-byBeta)
		}
	}
	own(func(samltest.Person) bool { return false })
	beta.linkTo(acme, true)
	for _, tt := range []struct {
		who  samltest.Person
		to   *customer
		role policy.Role
	}{
		{ann, acme, policy.Admin}, {ann, beta, policy.Billing},
		{bea, acme, policy.Member}, {bea, beta, policy.Admin},
		{nia, acme, policy.Member}, {nia, beta, policy.Member},
	} {
		if org, role := w.browser().comesTo(acme, tt.to, tt.who); org != tt.to.owner.OrgID || role != string(tt.role) {
			t.Errorf("%s, to %s: in %q as %q", tt.who.Email, tt.to.name, org, role)
		}
	}
	one := w.browser() // from one to the other and back, in one browser
	for _, to := range []*customer{acme, beta, acme} {
		if org, _ := one.comesTo(acme, to, bea); org != to.owner.OrgID {
			t.Errorf("on to %s: in %q", to.name, org)
		}
	}
	acme.unlink(beta, true)
	own(func(p samltest.Person) bool { return p.Email == bea.Email })
}

// sharingUnderWay: everybody who is at an identity provider's page at the moment of a link, of a
// transfer and of the end of the link comes in, by one page more at most, and nobody is refused.
func sharingUnderWay(t *testing.T, w *world) {
	const crowd = 6
	var acmes, betas []samltest.Person
	for i := range crowd {
		acmes = append(acmes, samltest.Person{Email: fmt.Sprintf("a%d@example.com", i)})
		betas = append(betas, samltest.Person{Email: fmt.Sprintf("b%d@example.net", i)})
	}
	everybody := slices.Concat(acmes, betas)
	acme, beta := w.newCustomer("Acme", "example.com", everybody...), w.newCustomer("Beta", "example.net", everybody...)
	for i := range crowd {
		acme.add(policy.Member, acmes[i].Email)
		beta.add(policy.Member, betas[i].Email)
	}
	beta.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	// while has both crowds set out at those sign-ons, does it, and has them arrive.
	while := func(what string, at *customer, do func(), betasHops int) {
		t.Helper()
		type traveller struct {
			*browser
			who   samltest.Person
			to    string
			org   string
			hops  int
			whose *customer
		}
		var all []*traveller
		for i := range crowd {
			for home, who := range map[*customer]samltest.Person{acme: acmes[i], beta: betas[i]} {
				b, from := w.browser(), acme
				if home == beta {
					from = at
				}
				all = append(all, &traveller{browser: b, who: who, whose: home, to: b.startSSO(from, "org", home.owner.OrgID)})
			}
		}
		do()
		var wg sync.WaitGroup
		turns := make(chan struct{}, loadAtOnce)
		for _, tr := range all {
			wg.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				tr.org, tr.hops = tr.arrives(tr.to, tr.who)
			})
		}
		wg.Wait()
		for _, tr := range all {
			want := 1
			if tr.whose == beta {
				want = betasHops
			}
			if tr.org != tr.whose.owner.OrgID || tr.hops != want {
				t.Errorf("%s: %s is in %q, by %d pages, want %d", what, tr.who.Email, tr.org, tr.hops, want)
			}
		}
	}
	while("linked", beta, func() { beta.linkTo(acme, true) }, 2)
	while("and nothing happens", acme, func() {}, 1)
	while("unlinked", acme, func() { beta.unlink(beta, true) }, 2)
	while("linked and unlinked", beta, func() { beta.linkTo(acme, true); acme.unlink(beta, true) }, 1)
	beta.linkTo(acme, false) // and its domain rests, until it is handed over
	while("transferred", acme, func() { beta.transfer("example.net", acme) }, 1)
	while("with the domain, unlinked", acme, func() { acme.unlink(beta, true) }, 2)
	for _, c := range []*customer{acme, beta} {
		if n := len(c.events(audit.LoginRefused)); n != 0 {
			t.Errorf("%s: %d refusals in the log", c.name, n)
		}
	}
}

// sharingProvisioned: a directory speaks for the org whose token it has. Whom it makes is the
// admin org's, and lands there; into a linked org they come as anybody who has the sign-on. Whom
// it deactivates has no session left that the shared sign-on vouched for.
func sharingProvisioned(t *testing.T, w *world) {
	sam := samltest.Person{Email: "sam@example.net"}
	acme, beta := w.newCustomer("Acme", "example.com", sam), w.newCustomer("Beta", "example.net", sam)
	p := acme.provisioner()
	p.refused(403, "", "on no verified domain", "POST", "/Users", userBody(sam.Email))
	beta.linkTo(acme, true)
	id := p.makes(sam.Email)
	acme.is(sam.Email, policy.Member)
	if beta.roleOf(sam.Email) != "" {
		t.Error("made a member of the linked org by the other's token")
	}
	if in := acme.signIn(sam); in.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("landed in %+v", in.Principal)
	}
	_, err := acme.startInto(beta.owner.OrgID, sam)
	beta.refuses(err, reasonCode(policy.NotMember))
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	here, there := must1(acme.startInto(acme.owner.OrgID, sam)).Entered, must1(acme.startInto(beta.owner.OrgID, sam)).Entered
	if here.Principal.OrgID != acme.owner.OrgID || there.Principal.OrgID != beta.owner.OrgID || beta.roleOf(sam.Email) != policy.Member {
		t.Errorf("in %+v and %+v", here.Principal, there.Principal)
	}
	p.says(200, "PATCH", "/Users/"+id, setActive(false))
	w.alive(here, false)
	w.alive(there, false)
}

// startInto is the whole of a sign-in on the way to an org.
func (c *customer) startInto(orgID string, p samltest.Person) (accesssec.Step, error) {
	c.w.t.Helper()
	l := c.startFor(orgID)
	return l.finish(l.answer(p))
}
