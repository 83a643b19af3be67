package flowtest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// domainJobFlows: who looks, when instances die, are slow, or meet what is broken.
func domainJobFlows() map[string]flow {
	return map[string]flow{
		"an instance that dies while it looks":          lookDies,
		"an instance that is too slow":                  lookTooSlow,
		"three instances, and each claim is one's":      lookOnce,
		"what is broken keeps no other waiting":         lookBroken,
		"a job that was lost is put again":              lookLost,
		"a pass that is cut short anywhere":             lookCutShort,
		"a look that is cut off":                        lookCutOff,
		"turns are not saved up":                        lookPacedAgain,
		"claims that can't be read":                     lookBlind,
		"a hundred claims at one pair of name servers":  lookPaced,
		"a claim that is well costs one question a day": lookCost,
	}
}

// holding writes claims that hold their names into the store, all due now and each known to
// be at these name servers. Their records are there.
func (c *customer) holding(at []string, names ...string) {
	w := c.w
	w.t.Helper()
	now := w.clock()
	w.change(func(tx store.Tx) error {
		for _, name := range names {
			claim, err := domainclaim.New("accesssec", must1(domainclaim.ParseName(name, nil)), now.Add(-48*time.Hour))
			if err != nil {
				return err
			}
			look := domainclaim.Observation{Name: name, Token: claim.Token, Outcome: domainclaim.Present, At: now.Add(-24 * time.Hour), NameServers: at}
			claim, _ = claim.Next(look, look.At)
			claim.CheckAt = now
			w.publish(name, claim)
			rec := store.Domain{OrgID: c.owner.OrgID, ID: "dom-" + name, Name: name, Status: string(claim.State), Claim: must1(json.Marshal(claim))}
			if err := tx.CreateDomain(w.ctx, rec); err != nil {
				return err
			}
			if err := tx.PutJobs(w.ctx, store.Job{Kind: "domain", OrgID: rec.OrgID, Key: rec.ID, At: now}); err != nil {
				return err
			}
		}
		return nil
	})
}

// numbered are n names below a domain.
func numbered(n int, domain string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("n%d.%s", i, domain)
	}
	return out
}

// seenAt counts how many of the org's claims were looked at then.
func (c *customer) seenAt(at time.Time) int {
	c.w.t.Helper()
	n := 0
	for _, d := range must1(c.admin().Domains(c.w.ctx)) {
		if d.Last != nil && d.Last.At.Equal(at) {
			n++
		}
	}
	return n
}

// leaseLooks takes what is due as an instance does that dies right after.
func (w *world) leaseLooks() []store.Job {
	w.t.Helper()
	now := w.clock()
	return must1(w.store.LeaseJobs(w.ctx, store.LeaseQuery{Kinds: []string{"domain"}, Worker: "dead", Now: now, Until: now.Add(4 * time.Minute)}))
}

func lookDies(t *testing.T, w *world) {
	acme := unproven(w)
	dead := w.leaseLooks()
	if len(dead) != 1 {
		t.Fatalf("%d jobs", len(dead))
	}
	w.advance(4*time.Minute - time.Microsecond)
	w.tick(w.svc)
	acme.stands("example.com", domainclaim.Pending)
	w.advance(time.Microsecond)
	w.tick(w.svc)
	acme.stands("example.com", domainclaim.Verified)
	w.change(func(tx store.Tx) error {
		stale, err := tx.FinishJobs(w.ctx, store.JobDone{Job: dead[0]})
		if stale != 1 {
			t.Errorf("the dead one finished a job that was another's: %d stale", stale)
		}
		return err
	})
	w.strides(3, 24*time.Hour)
	acme.tells("claimed host", "verified system")
	if got := acme.claimOn("example.com").History; len(got) != 1 || got[0].Looks < 3 {
		t.Errorf("looked at %+v", got)
	}
}

// late is a store that does something right after it has leased looks, once.
type late struct {
	store.Store
	once *sync.Once
	do   func()
}

func (s late) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	jobs, err := s.Store.LeaseJobs(ctx, q)
	if len(jobs) > 0 && jobs[0].Kind == "domain" {
		s.once.Do(s.do)
	}
	return jobs, err
}

func lookTooSlow(t *testing.T, w *world) {
	p := w.watched()
	quick, acme := w.svc, w.newOrg("Acme", "owner@example.com")
	w.publish("example.com", acme.claim("example.com").Claim)
	leased := false
	then := func() {
		leased = true
		w.advance(5 * time.Minute)
		w.tick(quick)
	}
	if _, err := w.serviceOn(late{w.store, new(sync.Once), then}, w.host.URL, w.watching(p)).Tick(w.ctx); err != nil {
		t.Errorf("that it is late is an error: %v", err)
	}
	if !leased {
		t.Error("nothing was leased")
	}
	acme.stands("example.com", domainclaim.Verified)
	acme.tells("claimed host", "verified system")
	p.hears(w, "once", "domain_verified owner@example.com")
	if got := acme.claimOn("example.com").History; len(got) != 1 || got[0].Looks != 1 {
		t.Errorf("looked at %+v", got)
	}
}

func lookOnce(t *testing.T, w *world) {
	p := w.watched()
	var services []*accesssec.Service
	for range 3 {
		services = append(services, w.serviceOn(portion{w.store, 9}, w.host.URL, w.watching(p)))
	}
	acme := w.newOrg("Acme", "owner@example.com")
	w.tick(w.svc)
	acme.holding(nil, numbered(30, "example.com")...)
	for range 4 { // a pass takes no more than it has hands for
		w.race(len(services), func(i int) error {
			if _, err := services[i].Tick(w.ctx); err != nil {
				t.Errorf("instance %d: %v", i, err)
			}
			return nil
		})
	}
	for _, d := range must1(acme.admin().Domains(w.ctx)) {
		if looks := d.History[0].Looks; looks != 2 || d.State != domainclaim.Verified { // one is of before
			t.Errorf("%s was looked at %d times", d.Name, looks-1)
		}
	}
}

// panics is a resolver that breaks at some names.
type panics struct {
	domainclaim.Resolver
	at string
}

func (p panics) LookupTXT(ctx context.Context, rooted string) (domainclaim.Answer, error) {
	if strings.Contains(rooted, p.at) {
		panic("what a host brought is broken")
	}
	return p.Resolver.LookupTXT(ctx, rooted)
}

func lookBroken(t *testing.T, w *world) {
	w.watched()
	acme, gone := w.newOrg("Acme", "owner@example.com"), w.newOrg("Gone", "owner@example.net")
	w.tick(w.svc)
	acme.holding(nil, "broken.example.com", "panics.example.com", "well.example.com", "zwell.example.com")
	gone.holding(nil, "gone.example.net", "going.example.net")
	claim, rec := acme.kept("broken.example.com")
	body := rec.Claim
	rec.Claim = []byte(`{"name":`)
	w.change(func(tx store.Tx) error {
		if err := tx.UpdateDomains(w.ctx, rec); err != nil {
			return err
		}
		return tx.DeleteDomain(w.ctx, gone.owner.OrgID, "dom-gone.example.net")
	})
	var log lockedBuffer
	then := func() { w.change(func(tx store.Tx) error { return tx.DeleteOrg(w.ctx, gone.owner.OrgID) }) }
	set := w.watching(newPost())
	svc := w.serviceOn(late{w.store, new(sync.Once), then}, w.host.URL, func(o *accesssec.Options) {
		set(o)
		o.Resolvers = []domainclaim.Resolver{panics{w.asking(w.dns), "panics"}}
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	began := w.clock()
	w.tick(svc)
	for _, name := range []string{"well.example.com", "zwell.example.com"} {
		if got := acme.claimOn(name); !got.Last.At.Equal(began) || got.Last.Outcome != domainclaim.Present {
			t.Errorf("%s was seen as %+v", name, got.Last)
		}
	}
	if got := acme.claimOn("panics.example.com"); got.State != domainclaim.Verified || got.AbsentFor != 0 {
		t.Errorf("where the resolver panics: %+v", got)
	}
	if !strings.Contains(log.String(), "dom-broken.example.com") {
		t.Errorf("the log says nothing of it: %s", log.String())
	}
	// When it is mended it is looked at again.
	w.change(func(tx store.Tx) error {
		rec, err := tx.Domain(w.ctx, acme.owner.OrgID, rec.ID)
		if err != nil {
			return err
		}
		rec.Claim = body
		return tx.UpdateDomains(w.ctx, rec)
	})
	w.strides(1, time.Hour)
	if got := acme.claimOn("broken.example.com"); !got.Last.At.Equal(w.clock()) || got.Token != claim.Token {
		t.Errorf("after it was mended: %+v", got)
	}
}

func lookLost(t *testing.T, w *world) {
	w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	w.tick(w.svc)
	acme.holding(nil, "broken.example.com", "lost.example.com")
	w.change(func(tx store.Tx) error {
		rec, err := tx.Domain(w.ctx, acme.owner.OrgID, "dom-broken.example.com")
		if err != nil {
			return err
		}
		rec.Claim = []byte(`[]`)
		return tx.UpdateDomains(w.ctx, rec)
	})
	jobs := w.leaseLooks()
	w.change(func(tx store.Tx) error {
		for _, j := range jobs {
			if _, err := tx.FinishJobs(w.ctx, store.JobDone{Job: j}); err != nil {
				return err
			}
		}
		return nil
	})
	lost := w.clock()
	for range 60 { // the broken one is for the log, and no more than that
		w.advance(time.Hour)
		w.tick(w.svc)
	}
	got := acme.claimOn("lost.example.com").Last.At
	if !got.After(lost) || got.After(lost.Add(50*time.Hour)) {
		t.Errorf("lost at %v, and looked at at %v", lost, got)
	}
}

// lookCutShort ends the context of a pass at its first call, at its second and so on: what
// was not looked at is looked at by the next.
func lookCutShort(t *testing.T, w *world) {
	w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	w.tick(w.svc)
	acme.holding([]string{"ns.dnstest.net."}, numbered(3, "example.com")...)
	whole := 0
	for n := int64(0); n < 5000 && whole < 2; n += 1 + n/8 { // drivers ask the context too
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		began := w.clock()
		if _, err := w.svc.Tick(ctx); err == nil {
			whole++
		}
		w.advance(5 * time.Minute)
		w.tick(w.svc)
		for _, d := range must1(acme.admin().Domains(w.ctx)) {
			if d.State != domainclaim.Verified || d.Last.At.Before(began) {
				t.Fatalf("cut after %d calls: %s is %s, looked at at %v", n, d.Name, d.State, d.Last.At)
			}
		}
		w.advance(36 * time.Hour)
	}
	if whole == 0 {
		t.Error("no pass came to its end")
	}
	if n := len(acme.events(domainTypes()...)); n != 0 {
		t.Errorf("%d events, and nothing has happened", n)
	}
}

func lookPaced(t *testing.T, w *world) {
	w.watched()
	acme, other := w.newOrg("Acme", "owner@example.com"), w.newOrg("Other", "owner@example.net")
	w.tick(w.svc)
	busy := []string{"ns1.example.com.", "ns2.example.com."}
	acme.holding(busy, numbered(100, "example.com")...)
	other.holding([]string{"ns1.example.net."}, "example.net")
	began := w.clock()
	w.tick(w.svc)
	if n := acme.seenAt(began); n != 20 {
		t.Errorf("%d of 100 were looked at in the first second, want 20", n)
	}
	if n := other.seenAt(began); n != 1 {
		t.Error("who has nothing to do with them had to wait")
	}
	for second := range 4 {
		w.advance(time.Second)
		w.tick(w.svc)
		if n := acme.seenAt(w.clock()); n < 1 || n > 21 {
			t.Errorf("%d were looked at in second %d", n, second+1)
		}
	}
	w.advance(time.Second)
	w.tick(w.svc)
	left := 0
	for _, d := range must1(acme.admin().Domains(w.ctx)) {
		if d.Last.At.Before(began) {
			left++
		}
	}
	if left != 0 {
		t.Errorf("%d were never looked at", left)
	}
	// Who waited has had its turn then: what comes after that comes at once.
	w.advance(time.Second)
	acme.holding(busy, "example.org")
	w.tick(w.svc)
	if got := acme.claimOn("example.org").Last.At; !got.Equal(w.clock()) {
		t.Errorf("looked at at %v, and it is %v", got, w.clock())
	}
}

func lookCost(t *testing.T, w *world) {
	w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	w.publish("example.com", acme.claim("example.com").Claim)
	w.tick(w.svc)
	acme.stands("example.com", domainclaim.Verified)
	for range 5 {
		asked := len(w.dns.Queries())
		before := acme.claimOn("example.com").CheckAt
		w.advance(before.Sub(w.clock()))
		w.tick(w.svc)
		w.tick(w.svc)
		if n := len(w.dns.Queries()) - asked; n != 1 {
			t.Errorf("%d questions", n)
		}
		if next := acme.claimOn("example.com").CheckAt.Sub(w.clock()); next < 12*time.Hour || next > 36*time.Hour {
			t.Errorf("looked at again after %v", next)
		}
	}
	if n := len(acme.events(audit.DomainChecked, audit.DomainMissing)); n != 0 {
		t.Errorf("%d events", n)
	}
}
