package flowtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// domainLifeFlows: what the background does by itself, from the claim to its end.
func domainLifeFlows() map[string]flow {
	return map[string]flow{
		"proven without a click":                        lifeProven,
		"a record that is gone for a week":              lifeLapses,
		"a record that is back on the sixth day":        lifeRecovers,
		"never proven, and claimed again":               lifeExpires,
		"an old record proves nothing":                  lifeWithdrawn,
		"DNS that fails for ten days is no absence":     lifeDNSFails,
		"a month without a look is no absence":          lifeNobodyLooks,
		"an absence that no name server confirms":       lifeUnconfirmed,
		"a claim that ends while others are looked at":  lifeEndsMeanwhile,
		"a record that stands at the challenge's label": lifeLabel,
	}
}

// waiting is Acme, which requires SSO on example.org, and has claimed example.com. Ann is
// signed in with a password that example.com will close.
func waiting(w *world) (*post, *customer, accesssec.Domain, *accesssec.Entered) {
	w.t.Helper()
	p := w.watched()
	acme := w.newCustomer("Acme", "example.org")
	acme.add(policy.Member, "ann@example.com")
	acme.add(policy.Owner, "olive@example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	in := must1(w.byPassword("ann@example.com", right))
	d := acme.claim("example.com")
	p.told(w)
	return p, acme, d, in
}

// proven is waiting, and then proven by what the background sees.
func proven(w *world) (*post, *customer, domainclaim.Claim) {
	w.t.Helper()
	p, acme, d, _ := waiting(w)
	w.publish("example.com", d.Claim)
	w.passes(5 * time.Minute)
	p.told(w)
	return p, acme, acme.claimOn("example.com")
}

func lifeProven(t *testing.T, w *world) {
	p, acme, d, in := waiting(w)
	acme.stands("example.com", domainclaim.Pending)
	if at := acme.claimOn("example.com").CheckAt; at.Sub(w.clock()) > 2*time.Minute {
		t.Errorf("looked for in %v: somebody waits for it", at.Sub(w.clock()))
	}
	w.passes(time.Hour)
	acme.stands("example.com", domainclaim.Pending)
	w.alive(in, true)
	p.hears(w, "while nothing is there")
	w.publish("example.com", d.Claim)
	w.passes(15 * time.Minute)
	claim := acme.claimOn("example.com")
	acme.stands("example.com", domainclaim.Verified)
	var came []domainclaim.Outcome
	for _, s := range claim.History {
		came = append(came, s.Outcome)
	}
	if diff := cmp.Diff([]domainclaim.Outcome{domainclaim.Absent, domainclaim.Present}, came); diff != "" {
		t.Errorf("the history (-want +got)\n%s", diff)
	}
	if wait := claim.CheckAt.Sub(claim.VerifiedAt); wait < 12*time.Hour || wait > 36*time.Hour {
		t.Errorf("looked at again after %v", wait)
	}
	w.alive(in, false)
	_, err := w.byPassword("ann@example.com", right)
	acme.refuses(err, reasonCode(policy.SSORequired))
	w.alive(acme.signIn(ann), true)
	p.hears(w, "of the proof", "domain_verified olive@example.com", "domain_verified owner@example.org")
	acme.tells("claimed host", "claimed host", "verified host", "verified system")
	e := acme.last(audit.DomainVerified)
	if got := factsOf(e); got["sessions_ended"] != "1" || got["seen"] != "present" || e.Targets[0].ID != d.ID {
		t.Errorf("the log says %+v", e)
	}
}

func lifeLapses(t *testing.T, w *world) {
	p, acme, _ := proven(w)
	w.publish("example.com")
	w.passes(36 * time.Hour)
	acme.stands("example.com", domainclaim.Missing)
	since := acme.claimOn("example.com").AbsentSince
	both := func(template string) []string {
		return []string{template + " olive@example.com", template + " owner@example.org"}
	}
	p.hears(w, "on the first day", both("domain_missing")...)
	w.alive(acme.signIn(ann), true)
	// A look is at most six hours after the time it is about.
	for _, days := range []time.Duration{3, 6} {
		w.passes(since.Add(days*24*time.Hour - time.Second).Sub(w.clock()))
		p.hears(w, "before the day")
		w.passes(6 * time.Hour)
		p.hears(w, "on the day", both("domain_missing")...)
	}
	w.passes(since.Add(domainclaim.Grace - time.Second).Sub(w.clock()))
	acme.stands("example.com", domainclaim.Missing)
	in := acme.signIn(ann)
	w.passes(6 * time.Hour)
	acme.stands("example.com", domainclaim.Unverified)
	p.hears(w, "at the end", both("domain_lapsed")...)
	acme.tells("claimed host", "claimed host", "verified host", "verified system",
		"missing system", "checked system", "checked system", "lapsed system")
	if got := factsOf(acme.last(audit.DomainLapsed)); got["told_by"] != "name servers" || got["seen"] != "absent" {
		t.Errorf("the log says %v", got)
	}
	// Single sign-on has stopped; what was closed stays closed, but for Owners.
	l := acme.start()
	_, err := l.finish(l.answer(ann))
	acme.refuses(err, "domain_lapsed")
	_, err = w.byPassword("ann@example.com", right)
	acme.refuses(err, reasonCode(policy.SSORequired))
	must1(w.byPassword("olive@example.com", right))
	w.alive(in, true)
	w.advance(24 * time.Hour)
	w.alive(in, false) // by its own clock
	p.told(w)

	w.publish("example.com", acme.claimOn("example.com"))
	w.passes(36 * time.Hour)
	acme.stands("example.com", domainclaim.Verified)
	p.hears(w, "that it is back", both("domain_verified")...)
	w.alive(acme.signIn(ann), true)
	if n := len(acme.events(audit.DomainVerified)); n != 3 {
		t.Errorf("%d times verified in the log", n)
	}
}

func lifeRecovers(t *testing.T, w *world) {
	p, acme, before := proven(w)
	w.publish("example.com")
	w.passes(36 * time.Hour)
	w.strides(24, 6*time.Hour)
	acme.stands("example.com", domainclaim.Missing)
	p.told(w)
	w.publish("example.com", before)
	w.strides(1, 6*time.Hour)
	acme.stands("example.com", domainclaim.Verified)
	p.hears(w, "that it is back", "domain_recovered olive@example.com", "domain_recovered owner@example.org")
	after := acme.claimOn("example.com")
	if after.Token != before.Token || after.AbsentFor != 0 || after.Confirmations != 0 || after.Warned != 0 {
		t.Errorf("the claim is %+v", after)
	}
	// The next week is a whole one.
	w.publish("example.com")
	w.passes(36 * time.Hour)
	w.strides(16, 6*time.Hour)
	acme.stands("example.com", domainclaim.Missing)
}

func lifeExpires(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	old := acme.claim("example.com")
	w.tick(w.svc)
	w.advance(domainclaim.PendingFor - time.Second)
	w.tick(w.svc)
	acme.stands("example.com", domainclaim.Pending)
	w.passes(5 * time.Hour)
	acme.stands("example.com", domainclaim.Released)
	p.hears(w, "at the end", "domain_expired owner@example.com")
	acme.tells("claimed host", "expired system")
	w.publish("example.com", old.Claim)
	w.strides(2, 24*time.Hour) // nobody looks any more
	acme.stands("example.com", domainclaim.Released)
	acme.look("example.com", accesssec.CodeDomainUnproven)

	renewed := acme.claim("example.com")
	if renewed.ID != old.ID || renewed.Token == old.Token || renewed.Generation != 2 {
		t.Errorf("claimed again as %+v", renewed)
	}
	w.passes(10 * time.Minute)
	acme.stands("example.com", domainclaim.Pending)
	if seen := acme.look("example.com", accesssec.CodeDomainUnproven); seen.Outcome != domainclaim.Mismatch {
		t.Errorf("the old record is seen as %+v", seen)
	}
	w.publish("example.com", renewed.Claim)
	w.passes(10 * time.Minute)
	acme.stands("example.com", domainclaim.Verified)
	p.hears(w, "of the proof", "domain_verified owner@example.com")
	acme.tells("claimed host", "expired system", "claimed host", "verified system")
}

func lifeWithdrawn(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	old := acme.claimOn("example.com")
	acme.cover("example.com")
	acme.withdraw("example.com")
	w.strides(2, 24*time.Hour)
	acme.stands("example.com", domainclaim.Released)
	renewed := acme.claim("example.com")
	if renewed.Token == old.Token || renewed.Subdomains || renewed.Generation != 2 {
		t.Errorf("claimed again as %+v", renewed)
	}
	w.passes(10 * time.Minute)
	acme.look("example.com", accesssec.CodeDomainUnproven)
	acme.stands("example.com", domainclaim.Pending)
	w.publish("example.com", renewed.Claim)
	acme.look("example.com", "")
	p.hears(w, "of it all", "domain_verified owner@example.com", "domain_verified owner@example.com",
		"connection_changed owner@example.com", "domain_widened owner@example.com", "domain_withdrawn owner@example.com")
}

// scripted is a resolver that fails as it is told to, at once.
type scripted struct {
	domainclaim.Resolver
	mu   sync.Mutex
	code domainclaim.Code // "": it does not fail
	do   func()           // before the next answer, once
}

func (s *scripted) LookupTXT(ctx context.Context, rooted string) (domainclaim.Answer, error) {
	s.mu.Lock()
	code, do := s.code, s.do
	s.do = nil
	s.mu.Unlock()
	if do != nil {
		do()
	}
	if code != "" {
		return domainclaim.Answer{}, &domainclaim.LookupError{Server: "192.0.2.53:53", Name: rooted, Code: code}
	}
	return s.Resolver.LookupTXT(ctx, rooted)
}

func (s *scripted) set(code domainclaim.Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code = code
}

func lifeDNSFails(t *testing.T, w *world) {
	p, acme, claim := proven(w)
	set := w.watching(p)
	r := &scripted{Resolver: w.asking(w.dns)}
	w.svc = w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
		set(o)
		o.Resolvers = []domainclaim.Resolver{r}
	})
	for name, broken := range map[string]struct {
		fault dnstest.Fault
		code  domainclaim.Code
	}{
		"SERVFAIL":   {dnstest.ServFail, ""},
		"REFUSED":    {dnstest.Refused, ""},
		"no answers": {dnstest.ServFail, domainclaim.CodeTimeout}, // of name servers an error, of resolvers nothing
	} {
		w.dns.Fail(".", broken.fault)
		r.set(broken.code)
		w.publish("example.com")
		w.strides(15, 16*time.Hour)
		acme.stands("example.com", domainclaim.Verified)
		got := acme.claimOn("example.com")
		if got.Unknowns < 10 || !got.AbsentSince.IsZero() || got.AbsentFor != 0 || got.Confirmations != 0 {
			t.Errorf("%s: the claim is %+v", name, got)
		}
		if seen := acme.look("example.com", accesssec.CodeDNS); seen.Outcome != domainclaim.Unknown {
			t.Errorf("%s: %+v", name, seen)
		}
		w.alive(acme.signIn(ann), true)
		w.publish("example.com", claim)
		w.dns.Heal(".")
		r.set("")
		w.strides(1, 16*time.Hour)
		if got := acme.claimOn("example.com"); got.Unknowns != 0 || got.State != domainclaim.Verified || got.Token != claim.Token {
			t.Errorf("%s: afterwards the claim is %+v", name, got)
		}
	}
	p.hears(w, "of it all")
	// The first look after an outage is where an absence begins.
	w.dns.Fail(".", dnstest.ServFail)
	w.publish("example.com")
	w.strides(15, 16*time.Hour)
	w.dns.Heal(".")
	w.strides(1, 6*time.Hour)
	acme.stands("example.com", domainclaim.Missing)
	if got := acme.claimOn("example.com"); !got.AbsentSince.Equal(w.clock()) || got.AbsentFor != 0 {
		t.Errorf("absent since %v for %v, and it is %v", got.AbsentSince, got.AbsentFor, w.clock())
	}
}

func lifeNobodyLooks(t *testing.T, w *world) {
	_, acme, _ := proven(w)
	w.publish("example.com")
	w.advance(30 * 24 * time.Hour)
	w.tick(w.svc)
	acme.stands("example.com", domainclaim.Missing)
	if got := acme.claimOn("example.com"); !got.AbsentSince.Equal(w.clock()) {
		t.Errorf("absent since %v, and it is %v", got.AbsentSince, w.clock())
	}
	w.advance(30 * 24 * time.Hour)
	w.tick(w.svc) // which is no week of absence either
	acme.stands("example.com", domainclaim.Missing)
	if got := acme.claimOn("example.com"); got.AbsentFor != 0 || got.Confirmations != 2 {
		t.Errorf("absent for %v in %d looks", got.AbsentFor, got.Confirmations)
	}
}

// lifeUnconfirmed: where the name servers can't be asked, no domain lapses.
func lifeUnconfirmed(t *testing.T, w *world) {
	p := newPost()
	w.rehost(func(o *accesssec.Options) { supported(o); o.Notify = p.sink(works) })
	acme := w.newCustomer("Acme", "example.com")
	p.told(w)
	w.publish("example.com")
	w.passes(36 * time.Hour)
	w.strides(40, 6*time.Hour)
	acme.stands("example.com", domainclaim.Missing)
	if got := acme.claimOn("example.com").AbsentFor; got < domainclaim.Grace {
		t.Errorf("absent for %v", got)
	}
	w.alive(acme.signIn(samltest.Person{Email: "owner@example.com"}), true)
	p.hears(w, "all the while", "domain_missing owner@example.com", "domain_missing owner@example.com", "domain_missing owner@example.com")
	// The word of one is enough.
	w.svc = w.serviceOn(w.store, w.host.URL, w.watching(p))
	w.strides(1, time.Hour)
	acme.stands("example.com", domainclaim.Unverified)
}

// lifeEndsMeanwhile: a claim whose time is over while a batch is at work ends with its event.
func lifeEndsMeanwhile(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	var mu sync.Mutex
	var late time.Duration
	set := w.watching(p)
	svc := w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
		set(o)
		o.Now = func() time.Time { // each look at the clock takes a second
			mu.Lock()
			defer mu.Unlock()
			late += time.Second
			return w.clock().Add(late)
		}
	})
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for i, n := range names {
		acme.claim(n + ".example.com")
		acme.rewrite(n+".example.com", func(d *domainclaim.Claim) {
			d.CreatedAt = w.clock().Add(-domainclaim.PendingFor + time.Duration(8*(i+1))*time.Second)
		})
	}
	w.tick(svc)
	ended := 0
	for _, n := range names {
		if acme.claimOn(n+".example.com").State == domainclaim.Released {
			ended++
		}
	}
	if n := len(acme.events(audit.DomainExpired)); n != ended || ended == 0 {
		t.Errorf("%d claims ended, and %d are in the log", ended, n)
	}
}

func lifeLabel(_ *testing.T, w *world) {
	w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	rec := acme.claim("example.com").Records()[1]
	w.dns.SetTXT(rec.Name, rec.Value)
	w.passes(5 * time.Minute)
	acme.stands("example.com", domainclaim.Verified)
	w.strides(3, 24*time.Hour)
	acme.stands("example.com", domainclaim.Verified)
	w.dns.Remove(rec.Name)
	w.strides(2, 24*time.Hour)
	acme.stands("example.com", domainclaim.Missing)
}
