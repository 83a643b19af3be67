package flowtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// domainRaceFlows: a look takes seconds, and a claim may be another one by its end.
func domainRaceFlows() map[string]flow {
	return map[string]flow{
		"given up while it is looked at":              raceWithdrawnMeanwhile,
		"claimed again while it is looked at":         raceRenewedMeanwhile,
		"widened while it is looked at":               raceWidenedMeanwhile,
		"verified now while the background looks":     raceBothLook,
		"verified now, and it is not there, at once":  raceNotThere,
		"verified now by several at once":             raceVerify,
		"20 withdrawals at once":                      race20Withdrawals,
		"withdrawals and looks at once":               raceWithdrawAndVerify,
		"held, and then not":                          raceRerun,
		"50 orgs prove one domain in the background":  race50OrgsInTheBackground,
		"20 orgs prove a domain that has just lapsed": race20OrgsAfterALapse,
	}
}

// looking is an instance during whose first look something happens.
func (w *world) looking(p *post, do func()) *accesssec.Service {
	w.t.Helper()
	set := w.watching(p)
	return w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
		set(o)
		o.Resolvers = []domainclaim.Resolver{&scripted{Resolver: w.asking(w.dns), do: do}}
	})
}

// looks are the two ways to look at a claim. The code is what who looks now is refused with.
func (c *customer) looks() map[string]func(*accesssec.Service) accesssec.Code {
	w := c.w
	return map[string]func(*accesssec.Service) accesssec.Code{
		"now": func(svc *accesssec.Service) accesssec.Code {
			who := must1(svc.Vouch(w.ctx, c.owner.OrgID, c.owner.UserID))
			_, err := svc.Admin(who).VerifyDomain(w.ctx, c.domainID("example.com"))
			return w.code(err)
		},
		"in the background": func(svc *accesssec.Service) accesssec.Code {
			w.tick(svc)
			return accesssec.CodeConflict
		},
	}
}

// eachLook runs a flow for both, with a claim whose record is there and has not been seen.
func eachLook(w *world, fn func(name string, p *post, acme *customer, look func(*accesssec.Service) accesssec.Code)) {
	p := w.watched()
	for _, name := range []string{"now", "in the background"} {
		acme := w.newOrg("Acme", map[string]string{"now": "a", "in the background": "b"}[name]+"@example.net")
		w.tick(w.svc)
		d := acme.claim("example.com")
		w.publish("example.com", d.Claim)
		fn(name, p, acme, acme.looks()[name])
		if acme.claimOn("example.com").State != domainclaim.Released {
			acme.withdraw("example.com")
		}
	}
}

func raceWithdrawnMeanwhile(t *testing.T, w *world) {
	eachLook(w, func(name string, p *post, acme *customer, look func(*accesssec.Service) accesssec.Code) {
		if code := look(w.looking(p, func() { acme.withdraw("example.com") })); code != accesssec.CodeConflict {
			t.Errorf("%s: %q", name, code)
		}
		acme.stands("example.com", domainclaim.Released)
		w.strides(3, time.Hour)
		acme.stands("example.com", domainclaim.Released)
		if n := len(acme.events(audit.DomainVerified)); n != 0 {
			t.Errorf("%s: verified %d times", name, n)
		}
	})
}

func raceRenewedMeanwhile(t *testing.T, w *world) {
	eachLook(w, func(name string, p *post, acme *customer, look func(*accesssec.Service) accesssec.Code) {
		svc := w.looking(p, func() { acme.withdraw("example.com"); acme.claim("example.com") })
		if code := look(svc); code != accesssec.CodeConflict {
			t.Errorf("%s: %q", name, code)
		}
		w.strides(3, time.Hour)
		acme.stands("example.com", domainclaim.Pending)
		if got := acme.claimOn("example.com"); got.Generation != 2 || got.Last == nil || got.Last.Token != got.Token {
			t.Errorf("%s: the claim is %+v", name, got)
		}
	})
}

func raceWidenedMeanwhile(t *testing.T, w *world) {
	eachLook(w, func(name string, p *post, acme *customer, look func(*accesssec.Service) accesssec.Code) {
		if code := look(w.looking(p, func() { acme.cover("example.com") })); code != accesssec.CodeConflict {
			t.Errorf("%s: %q", name, code)
		}
		got := acme.claimOn("example.com")
		if !got.Subdomains || got.State != domainclaim.Pending {
			t.Errorf("%s: what was done meanwhile is lost: %+v", name, got)
		}
		w.strides(1, 3*time.Minute)
		if got := acme.claimOn("example.com"); !got.Subdomains || got.State != domainclaim.Verified {
			t.Errorf("%s: three minutes later %+v", name, got)
		}
	})
}

// raceBothLook: the job that was under way is another's, and writes nothing.
func raceBothLook(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newOrg("Acme", "owner@example.net")
	w.tick(w.svc)
	p.told(w)
	w.publish("example.com", acme.claim("example.com").Claim)
	w.tick(w.looking(p, func() { acme.look("example.com", "") }))
	acme.stands("example.com", domainclaim.Verified)
	w.strides(2, 10*time.Minute)
	acme.tells("claimed host", "verified host")
	p.hears(w, "once", "domain_verified owner@example.net")
	if got := acme.claimOn("example.com"); len(got.History) != 1 || got.History[0].Looks != 1 {
		t.Errorf("looked at %+v", got.History)
	}
}

// verifies has several look now, at two instances at once.
func (c *customer) verifies(n int) (won int, codes map[accesssec.Code]int) {
	w := c.w
	w.t.Helper()
	id, services := c.domainID("example.com"), w.two()
	return w.race(n, func(i int) error {
		who, err := services[i%2].Vouch(w.ctx, c.owner.OrgID, c.owner.UserID)
		if err != nil {
			return err
		}
		_, err = services[i%2].Admin(who).VerifyDomain(w.ctx, id)
		return err
	})
}

func raceNotThere(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.net")
	acme.claim("example.com")
	won, codes := acme.verifies(6)
	if won != 0 || codes[accesssec.CodeDomainUnproven] == 0 {
		t.Errorf("%d verified it, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeDomainUnproven, accesssec.CodeConflict)
	acme.stands("example.com", domainclaim.Pending)
}

func raceVerify(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.net")
	w.publish("example.com", acme.claim("example.com").Claim)
	won, codes := acme.verifies(6)
	if won == 0 {
		t.Errorf("nobody verified it, refused as %v", codes)
	}
	w.lost(codes, accesssec.CodeConflict)
	acme.stands("example.com", domainclaim.Verified)
	if n := len(acme.events(audit.DomainVerified)); n != 1 {
		t.Errorf("verified %d times", n)
	}
}

func race20Withdrawals(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	p.told(w)
	id := acme.domainID("example.com")
	preview := must1(acme.admin().PreviewWithdrawal(w.ctx, id))
	services := []*accesssec.Service{w.svc, w.serviceOn(w.store, w.host.URL, w.watching(p))}
	won, codes := w.race(20, func(i int) error {
		who, err := services[i%2].Vouch(w.ctx, acme.owner.OrgID, acme.owner.UserID)
		if err != nil {
			return err
		}
		return services[i%2].Admin(who).WithdrawDomain(w.ctx, id, preview.Hash)
	})
	if won != 1 {
		t.Errorf("%d gave it up, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeConflict, accesssec.CodeNotFound)
	acme.stands("example.com", domainclaim.Released)
	acme.tells("claimed host", "verified host", "withdrawn host")
	p.hears(w, "once", "domain_withdrawn owner@example.com")
}

// raceWithdrawAndVerify: whatever comes first, the end is that it was given up.
func raceWithdrawAndVerify(t *testing.T, w *world) {
	for round := range 4 {
		acme := w.newOrg("Acme", fmt.Sprintf("owner%d@example.net", round))
		w.publish("example.com", acme.claim("example.com").Claim)
		id := acme.domainID("example.com")
		services := w.two()
		_, codes := w.race(6, func(i int) error {
			svc := services[i%2]
			who, err := svc.Vouch(w.ctx, acme.owner.OrgID, acme.owner.UserID)
			if err != nil {
				return err
			}
			switch i % 3 {
			case 0:
				_, err = svc.Admin(who).VerifyDomain(w.ctx, id)
			case 1:
				_, err = svc.Tick(w.ctx)
			default:
				var p accesssec.Withdrawal
				for range 20 {
					if p, err = svc.Admin(who).PreviewWithdrawal(w.ctx, id); err != nil {
						return nil // the other one did it
					}
					if err = svc.Admin(who).WithdrawDomain(w.ctx, id, p.Hash); err == nil {
						break
					}
				}
			}
			return err
		})
		w.lost(codes, accesssec.CodeConflict, accesssec.CodeNotFound, accesssec.CodeDomainUnproven)
		acme.stands("example.com", domainclaim.Released)
		w.strides(2, time.Hour)
		acme.stands("example.com", domainclaim.Released)
		if n := len(acme.events(audit.DomainWithdrawn)); n != 1 {
			t.Errorf("given up %d times", n)
		}
		if n := len(acme.events(audit.DomainVerified)); n > 1 {
			t.Errorf("verified %d times", n)
		}
	}
}

// portion is a store of which an instance gets no more than so many looks at once.
type portion struct {
	store.Store
	most int
}

func (s portion) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	if q.Kinds[0] == "domain" {
		q.Limit = min(q.Limit, s.most)
	}
	return s.Store.LeaseJobs(ctx, q)
}

// proveAtOnce is many orgs whose records are all there, looked at by three instances.
func proveAtOnce(w *world, n int, ready func()) []*customer {
	w.t.Helper()
	p := newPost()
	var services []*accesssec.Service
	for range 3 {
		services = append(services, w.serviceOn(portion{w.store, n/3 + 1}, w.host.URL, w.watching(p)))
	}
	orgs, claims := make([]*customer, n), make([]domainclaim.Claim, n)
	for i := range orgs {
		orgs[i] = w.newOrg(fmt.Sprintf("Org %d", i), fmt.Sprintf("owner%d@example.net", i))
		claims[i] = orgs[i].claim("example.com").Claim
	}
	w.publish("example.com", claims...)
	ready()
	var faults sync.Map
	for range 5 {
		w.race(len(services), func(i int) error {
			if _, err := services[i].Tick(w.ctx); err != nil {
				faults.Store(i, err)
			}
			return nil
		})
		w.advance(3 * time.Minute)
	}
	faults.Range(func(k, v any) bool { w.t.Errorf("instance %v: %v", k, v); return true })
	return orgs
}

// oneHolds compares that one of orgs holds the name, and the others were told that they don't.
func oneHolds(t *testing.T, orgs []*customer) {
	t.Helper()
	var holder *customer
	for _, o := range orgs {
		claim := o.claimOn("example.com")
		switch {
		case claim.State == domainclaim.Verified && holder == nil:
			holder = o
		case claim.State == domainclaim.Pending && !claim.Contested.IsZero():
			o.tells("claimed host", "contested system")
		default:
			t.Errorf("%s is %s, contested since %v", o.name, claim.State, claim.Contested)
		}
	}
	if holder == nil {
		t.Fatal("nobody holds the name")
	}
	for what, want := range map[audit.Type]int{audit.DomainVerified: 1, audit.DomainContested: 1, audit.DomainMissing: 0} {
		if n := len(holder.events(what)); n != want {
			t.Errorf("%d times %s in the log of who holds it", n, what)
		}
	}
}

func race50OrgsInTheBackground(t *testing.T, w *world) {
	oneHolds(t, proveAtOnce(w, 50, func() {}))
}

func race20OrgsAfterALapse(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	orgs := proveAtOnce(w, 20, func() {
		now := w.clock()
		acme.rewrite("example.com", func(d *domainclaim.Claim) { d.State, d.LapsedAt = domainclaim.Unverified, now })
	})
	oneHolds(t, orgs)
	acme.stands("example.com", domainclaim.Released)
	if n := len(acme.events(audit.DomainReleased)); n != 1 {
		t.Errorf("released %d times", n)
	}
}
