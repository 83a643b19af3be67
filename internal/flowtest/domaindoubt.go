package flowtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/store"
)

// domainDoubtFlows: DNS that lies makes records of many vanish at once, and people do not.
func domainDoubtFlows() map[string]flow {
	return map[string]flow{
		"30 vanish at once, and are not believed": doubtMany,
		"two vanish, and are":                     doubtFew,
		"30 of one org vanish, and are":           doubtOneOrg,
		"30 below one domain vanish, and are":     doubtOneDomain,
		"verified now while nothing is believed":  doubtNow,
		"a resolver that lies is outvoted":        doubtOutvoted,
	}
}

// thirty are orgs with a domain each, at name servers of its own, that is due.
func thirty(w *world) (*post, []*customer) {
	w.t.Helper()
	p := w.watched()
	orgs := make([]*customer, 30)
	w.tick(w.svc)
	for i := range orgs {
		orgs[i] = w.newOrg(fmt.Sprintf("Org %d", i), fmt.Sprintf("owner%d@example.net", i))
		orgs[i].holding([]string{fmt.Sprintf("ns%d.example.net.", i)}, orgs[i].domain(i))
	}
	return p, orgs
}

func (c *customer) domain(i int) string { return fmt.Sprintf("example%d.com", i) }

// systemTells compares the system's own log.
func (w *world) systemTells(want ...audit.Type) {
	w.t.Helper()
	page, err := w.svc.SystemEvents(w.ctx, store.AuditQuery{})
	w.must(err)
	got := []audit.Type{}
	for _, e := range page.Items {
		got = append(got, e.Type)
	}
	if diff := cmp.Diff(append([]audit.Type{}, want...), got); diff != "" {
		w.t.Errorf("the system's log (-want +got)\n%s", diff)
	}
}

// doubtMany: none of them is so much as missing, for as long as it goes on.
func doubtMany(t *testing.T, w *world) {
	p, orgs := thirty(w)
	w.dns.Fail(".", dnstest.NXDomain)
	w.tick(w.svc)
	for i, o := range orgs {
		got := o.claimOn(o.domain(i))
		if got.State != domainclaim.Verified || got.Unknowns != 1 || !got.Last.Doubted || got.Last.Outcome != domainclaim.Unknown {
			t.Errorf("%s is %s, last seen %+v", got.Name, got.State, got.Last)
		}
	}
	w.systemTells(audit.DNSDoubted)
	for range 6 {
		w.advance(4 * time.Hour)
		w.tick(w.svc)
	}
	for i, o := range orgs {
		o.stands(o.domain(i), domainclaim.Verified)
	}
	w.systemTells(audit.DNSDoubted)
	w.dns.Heal(".")
	w.strides(4, 6*time.Hour)
	for i, o := range orgs {
		o.stands(o.domain(i), domainclaim.Verified)
		o.tells()
		if got := o.claimOn(o.domain(i)); got.Unknowns != 0 || got.AbsentFor != 0 {
			t.Errorf("afterwards %+v", got)
		}
	}
	w.systemTells(audit.DNSDoubted, audit.DNSTrusted)
	p.hears(w, "all the while")
}

func doubtFew(t *testing.T, w *world) {
	p, orgs := thirty(w)
	w.publish(orgs[3].domain(3))
	w.publish(orgs[17].domain(17))
	w.tick(w.svc)
	for i, o := range orgs {
		want := domainclaim.Verified
		if i == 3 || i == 17 {
			want = domainclaim.Missing
		}
		o.stands(o.domain(i), want)
	}
	w.systemTells()
	p.hears(w, "of the two", "domain_missing owner3@example.net", "domain_missing owner17@example.net")
}

// doubtOneOrg: one that takes all its records away is believed, and shields nobody.
func doubtOneOrg(t *testing.T, w *world) {
	w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	w.tick(w.svc)
	for i := range 30 {
		acme.holding(nil, acme.domain(i))
		w.publish(acme.domain(i))
	}
	w.tick(w.svc)
	for i := range 30 {
		acme.stands(acme.domain(i), domainclaim.Missing)
	}
	w.systemTells()
}

// doubtOneDomain: so is whoever runs a domain below which many orgs have theirs.
func doubtOneDomain(t *testing.T, w *world) {
	w.watched()
	w.tick(w.svc)
	orgs, names := make([]*customer, 30), numbered(30, "example.com")
	for i := range orgs {
		orgs[i] = w.newOrg(fmt.Sprintf("Org %d", i), fmt.Sprintf("owner%d@example.net", i))
		orgs[i].holding(nil, names[i])
		w.publish(names[i])
	}
	w.tick(w.svc)
	for i, o := range orgs {
		o.stands(names[i], domainclaim.Missing)
	}
	w.systemTells()
}

func doubtNow(t *testing.T, w *world) {
	_, orgs := thirty(w)
	w.dns.Fail(".", dnstest.NXDomain)
	w.tick(w.svc)
	seen, err := orgs[0].admin().VerifyDomain(w.ctx, orgs[0].domainID(orgs[0].domain(0)))
	orgs[0].refuses(err, accesssec.CodeDNS)
	if seen.Outcome != domainclaim.Unknown || !seen.Doubted {
		t.Errorf("%+v", seen)
	}
	orgs[0].stands(orgs[0].domain(0), domainclaim.Verified)
	// Who proves a domain is believed all the same.
	w.dns.Heal(".")
	fresh := w.newOrg("Fresh", "owner@example.org")
	w.publish("example.org", fresh.claim("example.org").Claim)
	fresh.look("example.org", "")
}

// doubtOutvoted: neither does one of three resolvers prove a domain, nor take it away.
func doubtOutvoted(t *testing.T, w *world) {
	p := newPost()
	honest, err := dnstest.New()
	w.must(err)
	t.Cleanup(func() { honest.Close() })
	set := w.watching(p) // of w.dns, which is what lies; the name servers are those of honest
	authority := honest.Authority()
	w.svc = w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
		set(o)
		o.Authority = authority
		o.Resolvers = []domainclaim.Resolver{w.asking(w.dns), w.asking(honest), w.asking(honest)}
	})
	acme := w.newOrg("Acme", "owner@example.net")
	claim := acme.claim("example.com").Claim
	w.publish("example.com", claim)
	w.passes(time.Hour)
	acme.look("example.com", accesssec.CodeDomainUnproven)
	acme.stands("example.com", domainclaim.Pending)

	rec := claim.Records()[0]
	honest.SetTXT(rec.Name, rec.Value)
	w.publish("example.com")
	w.passes(time.Hour)
	acme.stands("example.com", domainclaim.Verified)
	w.strides(14, 24*time.Hour)
	acme.stands("example.com", domainclaim.Verified)
	if n := len(acme.events(audit.DomainMissing)); n != 0 {
		t.Errorf("%d times missing", n)
	}
}
