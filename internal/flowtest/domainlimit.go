package flowtest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// domainLimitFlows: who may not, and how often.
func domainLimitFlows() map[string]flow {
	return map[string]flow{
		"seven looks in a minute":              limitLooks,
		"a hundred claims that wait":           limitPending,
		"who is nobody here":                   limitStrangers,
		"who is nobody any more by the end":    limitDemoted,
		"another org's claim":                  limitOthers,
		"what was given up":                    limitReleased,
		"who has gone away before the answer":  limitHangsUp,
		"a plan without domains keeps its own": limitPlan,
	}
}

func limitLooks(t *testing.T, w *world) {
	w.watched()
	acme, other := w.newOrg("Acme", "owner@example.com"), w.newOrg("Other", "owner@example.net")
	acme.claim("example.com")
	acme.claim("example.org") // it is the org that is counted, not the claim
	other.claim("example.net")
	for i := range 6 {
		acme.look([]string{"example.com", "example.org"}[i%2], accesssec.CodeDomainUnproven)
	}
	asked := len(w.dns.Queries())
	for _, name := range []string{"example.com", "example.org"} {
		seen, err := acme.admin().VerifyDomain(w.ctx, acme.domainID(name))
		w.locked(err, 10*time.Second)
		if seen.Outcome != "" {
			t.Errorf("locked, and yet %+v", seen)
		}
	}
	if n := len(w.dns.Queries()); n != asked {
		t.Errorf("%d questions while it is locked", n-asked)
	}
	other.look("example.net", accesssec.CodeDomainUnproven)
	w.publish("example.com", acme.claimOn("example.com"))
	for _, wait := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		w.advance(wait - time.Microsecond)
		_, err := acme.admin().VerifyDomain(w.ctx, acme.domainID("example.org"))
		w.locked(err, time.Microsecond)
		w.advance(time.Microsecond)
		acme.look("example.org", accesssec.CodeDomainUnproven)
	}
	// The background waits for nobody, and it is forgotten after ten minutes.
	w.tick(w.svc)
	acme.stands("example.com", domainclaim.Verified)
	w.advance(10 * time.Minute)
	for range 6 {
		acme.look("example.com", "")
	}
	// A refusal is not recorded each time: who is locked out does not fill the log.
	acme.tells("claimed host", "claimed host", "verified system")
}

func limitPending(t *testing.T, w *world) {
	acme, other := w.newOrg("Acme", "owner@example.com"), w.newOrg("Other", "owner@example.net")
	waits := acme.claim("example.com").Claim
	w.change(func(tx store.Tx) error {
		for i := range 99 {
			waits.Name = fmt.Sprintf("d%d.example.com", i)
			rec := store.Domain{OrgID: acme.owner.OrgID, ID: fmt.Sprintf("dom-%d", i), Name: waits.Name, Status: store.DomainPending, Claim: must1(json.Marshal(waits))}
			if err := tx.CreateDomain(w.ctx, rec); err != nil {
				return err
			}
		}
		return nil
	})
	for range 2 {
		_, err := acme.admin().ClaimDomain(w.ctx, "example.org")
		acme.refuses(err, accesssec.CodeDomainLimit)
	}
	if n := len(must1(acme.admin().Domains(w.ctx))); n != 100 {
		t.Errorf("%d claims", n)
	}
	_, err := acme.admin().ClaimDomain(w.ctx, "example.com") // which is there
	acme.refuses(err, accesssec.CodeDomainClaimed)
	other.claim("example.org")
	acme.withdraw("d7.example.com")
	acme.claim("example.org")
	_, err = acme.admin().ClaimDomain(w.ctx, "d7.example.com") // again
	acme.refuses(err, accesssec.CodeDomainLimit)
	w.publish("example.com", acme.claimOn("example.com"))
	acme.look("example.com", "") // what is verified does not count
	acme.claim("d7.example.com")
}

// domainCalls are all calls that are about one claim.
func domainCalls(w *world, a *accesssec.Admin, id string) map[string]error {
	out := map[string]error{}
	_, out["VerifyDomain"] = a.VerifyDomain(w.ctx, id)
	_, out["CoverSubdomains"] = a.CoverSubdomains(w.ctx, id)
	_, out["PreviewWithdrawal"] = a.PreviewWithdrawal(w.ctx, id)
	out["WithdrawDomain"] = a.WithdrawDomain(w.ctx, id, "")
	return out
}

// unmoved runs fn, and compares that the org's claim is as it was.
func (c *customer) unmoved(what string, fn func()) {
	c.w.t.Helper()
	_, before := c.kept("example.com")
	fn()
	_, after := c.kept("example.com")
	if diff := cmp.Diff(before, after); diff != "" {
		c.w.t.Errorf("%s: the claim has changed (-want +got)\n%s", what, diff)
	}
}

// unproven is Acme, with a claim that waits and whose record is there.
func unproven(w *world) *customer {
	w.t.Helper()
	w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	w.publish("example.com", acme.claim("example.com").Claim)
	return acme
}

func limitStrangers(t *testing.T, w *world) {
	acme := unproven(w)
	acme.add(policy.Member, "ann@example.com")
	acme.add(policy.Billing, "bill@example.com")
	other := w.newOrg("Other", "owner@example.net")
	id := acme.domainID("example.com")
	signed := func(address string) accesssec.Principal {
		in := must1(w.byPassword(address, right))
		w.prove(in)
		return in.Principal
	}
	edited := signed("owner@example.net")
	edited.OrgID = acme.owner.OrgID
	over := signed("owner@example.com")
	w.must(w.svc.Me(over).SignOut(w.ctx))
	for name, tt := range map[string]struct {
		p    accesssec.Principal
		want accesssec.Code
	}{
		"nobody":                 {accesssec.Principal{}, accesssec.CodeNotAllowed},
		"put together":           {accesssec.Principal{UserID: acme.owner.UserID, OrgID: acme.owner.OrgID, Role: policy.Owner}, accesssec.CodeNotAllowed},
		"a Member":               {signed("ann@example.com"), accesssec.CodeNotAllowed},
		"a Billing Admin":        {signed("bill@example.com"), accesssec.CodeNotAllowed},
		"another org's Owner":    {signed("owner@example.net"), accesssec.CodeNotFound},
		"who edits the org":      {edited, accesssec.CodeNotAllowed},
		"an Owner, signed out":   {over, accesssec.CodeSignedOut},
		"what the host vouched":  {other.owner, accesssec.CodeNotFound},
		"a claim that is no one": {acme.owner, accesssec.CodeNotFound},
	} {
		which := id
		if tt.p == acme.owner {
			which = "dom-none"
		}
		acme.unmoved(name, func() {
			for call, err := range domainCalls(w, w.svc.Admin(tt.p), which) {
				if got := w.code(err); got != tt.want {
					t.Errorf("%s, %s: %q, want %q", name, call, got, tt.want)
				}
			}
		})
	}
	asked := map[string]bool{}
	for _, q := range w.dns.Queries() {
		asked[q.Name] = true
	}
	if len(asked) != 0 {
		t.Errorf("they had us ask for %v", asked)
	}
}

// limitDemoted: who was an Owner when the look began is asked again at its end.
func limitDemoted(t *testing.T, w *world) {
	acme := unproven(w)
	acme.add(policy.Admin, "adam@example.com")
	in := must1(w.byPassword("adam@example.com", right))
	svc := w.looking(newPost(), func() { w.hostRoles(acme, in.Principal.UserID, policy.Member) })
	acme.unmoved("demoted", func() {
		_, err := svc.Admin(in.Principal).VerifyDomain(w.ctx, acme.domainID("example.com"))
		acme.refuses(err, accesssec.CodeNotAllowed)
	})
	if e := acme.last(audit.ChangeRefused); e.Actor.ID != in.Principal.UserID {
		t.Errorf("the log says %+v", e)
	}
}

func limitOthers(t *testing.T, w *world) {
	acme := unproven(w)
	other := w.newOrg("Other", "owner@example.net")
	other.claim("example.com")
	theirs := other.domainID("example.com")
	acme.unmoved("another org's claim", func() {
		for call, err := range domainCalls(w, acme.admin(), theirs) {
			if got := w.code(err); got != accesssec.CodeNotFound {
				t.Errorf("%s of another org's claim: %q", call, got)
			}
		}
	})
	list, err := other.admin().Domains(w.ctx)
	w.must(err)
	if len(list) != 1 || list[0].ID != theirs {
		t.Errorf("it sees %+v", list)
	}
}

func limitReleased(t *testing.T, w *world) {
	acme := unproven(w)
	acme.withdraw("example.com")
	acme.unmoved("released", func() {
		for call, err := range domainCalls(w, acme.admin(), acme.domainID("example.com")) {
			want := accesssec.CodeNotFound
			if call == "VerifyDomain" {
				want = accesssec.CodeDomainUnproven
			}
			if got := w.code(err); got != want {
				t.Errorf("%s: %q, want %q", call, got, want)
			}
		}
		w.strides(2, 24*time.Hour)
	})
	list, err := acme.admin().Domains(w.ctx)
	w.must(err)
	if len(list) != 1 || list[0].State != domainclaim.Released || len(list[0].Guide().Records) != 0 {
		t.Errorf("the claims are %+v", list)
	}
}

// limitHangsUp: what nobody waited for is not written.
func limitHangsUp(t *testing.T, w *world) {
	acme := unproven(w)
	ctx, hangUp := context.WithCancel(w.ctx)
	defer hangUp()
	svc := w.looking(newPost(), hangUp)
	who := must1(svc.Vouch(w.ctx, acme.owner.OrgID, acme.owner.UserID))
	acme.unmoved("hung up", func() {
		if _, err := svc.Admin(who).VerifyDomain(ctx, acme.domainID("example.com")); err == nil {
			t.Error("verified")
		}
	})
	acme.look("example.com", "")
}

// limitPlan: a plan that ends takes no domain away.
func limitPlan(t *testing.T, w *world) {
	sold := w.sells()
	acme := w.newOrg("Acme", "owner@example.com")
	w.publish("example.com", acme.claim("example.com").Claim)
	sold.say(true, nil)
	w.passes(5 * time.Minute)
	acme.stands("example.com", domainclaim.Verified)
	w.publish("example.com")
	acme.look("example.com", accesssec.CodeDomainUnproven)
	w.publish("example.com", acme.claimOn("example.com"))
	acme.look("example.com", "")
	acme.stands("example.com", domainclaim.Verified)
	acme.withdraw("example.com")
	if asked := sold.say(true, nil); len(asked) != 0 {
		t.Errorf("the plan was asked for %v", asked)
	}
	_, err := acme.admin().ClaimDomain(w.ctx, "example.com")
	acme.refuses(err, accesssec.CodeNotEntitled)
	acme.stands("example.com", domainclaim.Released)
}
