package flowtest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// domainFlows: what becomes of claims on domains as time passes, and by whose hand.
func domainFlows(t *testing.T, open func(*testing.T) store.Store) {
	for name, flows := range map[string]map[string]flow{
		"Life":     domainLifeFlows(),
		"Contest":  domainContestFlows(),
		"Withdraw": domainWithdrawFlows(),
		"Races":    domainRaceFlows(),
		"Cover":    domainCoverFlows(),
		"Limits":   domainLimitFlows(),
		"Jobs":     domainJobFlows(),
		"Doubt":    domainDoubtFlows(),
		"Faults":   domainFaultFlows(),
		"Lost":     domainLostFlows(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, open, flows)
		})
	}
}

// watched makes the host of w one that can ask name servers, and whose notices are kept.
func (w *world) watched() *post {
	w.t.Helper()
	p := newPost()
	w.rehost(w.watching(p))
	return p
}

// watching is how instances beside that one are made.
func (w *world) watching(p *post) func(*accesssec.Options) {
	authority := w.dns.Authority()
	return func(o *accesssec.Options) {
		supported(o)
		o.Authority, o.Notify = authority, p.sink(works)
	}
}

// publish has the apex of a domain show the records of these claims and no others.
func (w *world) publish(name string, claims ...domainclaim.Claim) {
	if len(claims) == 0 {
		w.dns.Remove(name)
		return
	}
	var values []string
	for _, c := range claims {
		values = append(values, c.Records()[0].Value)
	}
	w.dns.SetTXT(name, values...)
}

// kept is the org's claim as it is stored.
func (c *customer) kept(name string) (domainclaim.Claim, store.Domain) {
	c.w.t.Helper()
	page, err := c.w.store.Domains(c.w.ctx, c.owner.OrgID, store.Paging{})
	c.w.must(err)
	for _, rec := range page.Items {
		if rec.Name != name {
			continue
		}
		var claim domainclaim.Claim
		c.w.must(json.Unmarshal(rec.Claim, &claim))
		if rec.Status != string(claim.State) {
			c.w.t.Errorf("%s is %s beside a claim that is %s", name, rec.Status, claim.State)
		}
		return claim, rec
	}
	c.w.t.Fatalf("%s has no claim on %s", c.name, name)
	return domainclaim.Claim{}, store.Domain{}
}

func (c *customer) claimOn(name string) domainclaim.Claim {
	c.w.t.Helper()
	claim, _ := c.kept(name)
	return claim
}

func (c *customer) domainID(name string) string {
	c.w.t.Helper()
	_, rec := c.kept(name)
	return rec.ID
}

// stands compares where the org's claim stands.
func (c *customer) stands(name string, want domainclaim.State) {
	c.w.t.Helper()
	if got := c.claimOn(name); got.State != want {
		c.w.t.Errorf("%s: the claim on %s is %s, want %s, at %v, history %+v", c.name, name, got.State, want, c.w.clock(), got.History)
	}
}

// rewrite makes the claim what would take weeks.
func (c *customer) rewrite(name string, edit func(*domainclaim.Claim)) {
	c.w.t.Helper()
	claim, rec := c.kept(name)
	edit(&claim)
	var err error
	rec.Claim, err = json.Marshal(claim)
	c.w.must(err)
	rec.Status = string(claim.State)
	c.w.change(func(tx store.Tx) error { return tx.UpdateDomains(c.w.ctx, rec) })
}

// lapsed is a claim whose record has been gone for a week, and stays away.
func (c *customer) lapsed(name string) {
	c.w.t.Helper()
	now := c.w.clock()
	c.rewrite(name, func(d *domainclaim.Claim) { d.State, d.LapsedAt = domainclaim.Unverified, now })
	c.w.publish(name)
}

// look verifies the claim now, and compares why that is refused.
func (c *customer) look(name string, want accesssec.Code) domainclaim.Observation {
	c.w.t.Helper()
	seen, err := c.admin().VerifyDomain(c.w.ctx, c.domainID(name))
	c.refuses(err, want)
	return seen
}

// withdraw gives a claim up as its preview says.
func (c *customer) withdraw(name string) accesssec.Withdrawal {
	c.w.t.Helper()
	p, err := c.admin().PreviewWithdrawal(c.w.ctx, c.domainID(name))
	c.w.must(err)
	c.w.must(c.admin().WithdrawDomain(c.w.ctx, c.domainID(name), p.Hash))
	return p
}

func (c *customer) cover(name string) {
	c.w.t.Helper()
	must1(c.admin().CoverSubdomains(c.w.ctx, c.domainID(name)))
}

// passes lets time pass on a server that looks all the while: whenever a claim is due.
func (w *world) passes(d time.Duration) {
	w.t.Helper()
	end := w.clock().Add(d)
	w.tick(w.svc)
	for {
		now := w.clock()
		next := w.nextLook()
		if next.IsZero() || next.After(end) {
			w.advance(end.Sub(now))
			w.tick(w.svc)
			return
		}
		w.advance(max(next.Sub(now), time.Second))
		w.tick(w.svc)
	}
}

// strides is passes of a server that looks every so often: for what takes days.
func (w *world) strides(n int, each time.Duration) {
	w.t.Helper()
	for range n {
		w.advance(each)
		w.tick(w.svc)
	}
}

// nextLook is when the first claim of all is due.
func (w *world) nextLook() time.Time {
	w.t.Helper()
	var next time.Time
	orgs, err := w.store.Orgs(w.ctx, store.OrgQuery{})
	w.must(err)
	for _, o := range orgs.Items {
		page, err := w.store.Domains(w.ctx, o.ID, store.Paging{})
		w.must(err)
		for _, rec := range page.Items {
			var claim domainclaim.Claim
			w.must(json.Unmarshal(rec.Claim, &claim))
			if at := claim.CheckAt; !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}

// hears compares what came since the last time: "template address" of each.
func (p *post) hears(w *world, when string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if d := cmp.Diff(append([]string{}, want...), p.told(w)); d != "" {
		w.t.Errorf("told %s (-want +got)\n%s", when, d)
	}
}

// domainTypes are the events of claims.
func domainTypes() []audit.Type {
	return []audit.Type{
		audit.DomainClaimed, audit.DomainVerified, audit.DomainChecked, audit.DomainMissing, audit.DomainRecovered, audit.DomainLapsed,
		audit.DomainExpired, audit.DomainContested, audit.DomainReleased, audit.DomainWithdrawn, audit.DomainWidened,
	}
}

// tells compares the events of the org's claims, oldest first: "type actor".
func (c *customer) tells(want ...string) {
	c.w.t.Helper()
	got := []string{}
	events := c.events(domainTypes()...)
	slices.SortStableFunc(events, func(a, b audit.Event) int { // the clock stands still at times
		if at := a.At.Compare(b.At); at != 0 {
			return at
		}
		return strings.Compare(string(a.Type), string(b.Type))
	})
	for _, e := range events {
		line := strings.TrimPrefix(string(e.Type), "domain.") + " " + e.Actor.Kind
		if e.Outcome != audit.Success {
			line += " " + string(e.Outcome)
		}
		got = append(got, line)
	}
	if d := cmp.Diff(append([]string{}, want...), got); d != "" {
		c.w.t.Errorf("the log of %s (-want +got)\n%s", c.name, d)
	}
}

// domainMarks is what nobody else may learn of an org.
func (c *customer) marks() []string { return []string{c.owner.OrgID, c.owner.UserID, c.name} }

// learnsNothing looks for those marks in all that another org can read.
func (c *customer) learnsNothing(p *post, of *customer, more ...string) {
	c.w.t.Helper()
	marks := slices.Concat(of.marks(), more)
	look := func(where, text string) {
		c.w.t.Helper()
		for _, m := range marks {
			if strings.Contains(text, m) {
				c.w.t.Errorf("%s learns %q by %s: %s", c.name, m, where, text)
			}
		}
	}
	for _, e := range c.events() {
		look("its log", string(must1(json.Marshal(e))))
	}
	domains, err := c.admin().Domains(c.w.ctx)
	c.w.must(err)
	for _, d := range domains {
		look("its claim", string(must1(json.Marshal(d)))+string(must1(json.Marshal(d.Guide()))))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.tried {
		if n.OrgID == c.owner.OrgID {
			look("a notice", n.To+n.Subject+n.Text+strings.Join(slices.Collect(maps.Values(n.Values)), " "))
		}
	}
}
