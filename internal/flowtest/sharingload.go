package flowtest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

func sharingLoadFlows() map[string]flow {
	return map[string]flow{"linked and unlinked while people sign in": sharingUnderLoad}
}

const (
	loadRounds   = 2 // one by either side; ACCESSSEC_ROUNDS makes it more
	loadBrowsers = 8
	loadAtOnce   = 3 // of them: a small database has other work to do
)

// sharingUnderLoad is two customers whose people sign in all the time, at their own identity
// provider's page and at ours, over HTTP, while one links its sign-on to the other's with its
// domain, hands over another domain that was suspended, and takes all of it back. Nobody sees
// a page that says no, and at no moment does nobody, or two, hold a domain.
func sharingUnderLoad(t *testing.T, w *world) {
	var acmes, betas, thirds []samltest.Person
	var emails []string
	for i := range loadBrowsers {
		acmes = append(acmes, samltest.Person{Email: fmt.Sprintf("a%d@example.com", i)})
		betas = append(betas, samltest.Person{Email: fmt.Sprintf("b%d@example.net", i)})
	}
	thirds = append(thirds, samltest.Person{Email: "third@example.org"})
	all := append(append(append([]samltest.Person{}, acmes...), betas...), thirds...)
	acme, beta := w.newCustomer("Acme", "example.com", all...), w.newCustomer("Beta", "example.net", all...)
	beta.verify("example.org")
	for i := range loadBrowsers {
		acme.add(policy.Member, acmes[i].Email)
		beta.add(policy.Member, betas[i].Email)
		emails = append(emails, acmes[i].Email, betas[i].Email)
	}
	beta.add(policy.Member, thirds[0].Email)
	beta.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	acme.signIn(acmes[0]) // by now their certificates have been used
	beta.signIn(betas[0])
	ours, theirs := acme.ownSignOn(), beta.ownSignOn()

	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	var wg sync.WaitGroup
	turns := make(chan struct{}, loadAtOnce)
	var logins, looks, bounced atomic.Int64
	done := make(chan *customer) // whose, where somebody waits for it
	for i := range loadBrowsers {
		wg.Go(func() {
			who, home := acmes[i], acme
			if i%2 == 0 {
				who, home = betas[i], beta
			}
			for n := 0; ctx.Err() == nil; n++ {
				turns <- struct{}{}
				org, hops := w.signsIn(home, who, n%2 == 1)
				<-turns
				logins.Add(1)
				bounced.Add(int64(max(hops-1, 0)))
				if org != home.owner.OrgID {
					t.Errorf("%s, login %d, is in %q", who.Email, n, org)
					stop()
				}
				select {
				case done <- home:
				default:
				}
			}
		})
	}
	wg.Go(func() {
		for ; ctx.Err() == nil; looks.Add(1) {
			for _, name := range []string{"example.com", "example.net", "example.org"} {
				claims, err := w.store.DomainsByName(ctx, []string{name})
				if ctx.Err() != nil {
					return
				}
				if err != nil || len(claims) != 1 || claims[0].Status != store.DomainVerified {
					t.Errorf("%s is held by %d: %v", name, len(claims), err)
					return
				}
			}
		}
	})
	some := func() { // people of either have come in, who set out before or after
		for missing := map[*customer]int{acme: 2, beta: 2}; missing[acme] > 0 || missing[beta] > 0; {
			select {
			case home := <-done:
				missing[home]--
			case <-ctx.Done():
				return
			}
		}
	}
	rounds := loadRounds
	if text := os.Getenv("ACCESSSEC_ROUNDS"); text != "" {
		var err error
		rounds, err = strconv.Atoi(text)
		w.must(err)
	}
	for round := range rounds {
		if t.Failed() {
			break
		}
		beta.linkKeeping(acme, "example.org")
		w.heldBy("example.net", acme)
		some()
		if round%2 == 0 {
			beta.unlink(beta, true)
		} else {
			acme.unlink(beta, true)
		}
		w.heldBy("example.net", beta)
		w.heldBy("example.org", beta)
		some()
	}
	stop()
	wg.Wait()
	acme.same(ours)
	beta.same(theirs)
	for _, c := range []*customer{acme, beta} {
		for _, e := range c.events(audit.LoginRefused) {
			t.Errorf("refused: %+v", e)
		}
	}
	org, _ := w.signsIn(beta, thirds[0], false)
	if org != beta.owner.OrgID {
		t.Errorf("by Beta's own sign-on, on the second domain: %q", org)
	}
	t.Logf("%d logins, %d of them with one bounce more, %d looks, %d people", logins.Load(), bounced.Load(), looks.Load(), len(emails))
}

// linkKeeping links with all domains, and has one of them suspended for a while before it is
// handed over again.
func (c *customer) linkKeeping(from *customer, later string) {
	c.w.t.Helper()
	c.linkTo(from, true)
	from.transfer(later, c)
	c.w.heldBy(later, c)
	c.transfer(later, from)
	c.w.heldBy(later, from)
}

// signsIn is one login in a new browser, and how many identity providers it took.
func (w *world) signsIn(at *customer, who samltest.Person, unasked bool) (org string, hops int) {
	b := w.browser()
	var to string
	if unasked {
		to = b.carry(at.unasked(who)).Header.Get("Location")
	} else {
		to = b.startSSO(at, "org", at.owner.OrgID)
	}
	if to == "" {
		return "nowhere", 0
	}
	return b.arrives(to, who)
}

// arrives signs in at the identity provider that the browser was sent to, and at those that it
// is sent on to.
func (b *browser) arrives(to string, who samltest.Person) (org string, hops int) {
	w := b.w
	a := b.read(samltest.Login(w.ctx, b.Client, to, who.Email))
	for hops = 1; hops < 6 && len(a.at.Path) > 4 && a.at.Path[:4] == "/idp"; hops++ {
		a = b.read(samltest.Login(w.ctx, b.Client, a.at.String(), who.Email))
	}
	if a.status != http.StatusOK && a.status != http.StatusUnauthorized {
		return fmt.Sprintf("status %d: %s", a.status, a.body), hops
	}
	_, org, _ = b.whoami()
	return org, hops
}
