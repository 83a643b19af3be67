package flowtest

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// metadataFlows: a connection that follows what its identity provider publishes.
func metadataFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a login":                            metadataLogin,
		"a new key":                          metadataRollover,
		"a key that is taken back":           metadataTakenBack,
		"nothing new":                        metadataSame,
		"what can't be read":                 metadataAway,
		"another provider":                   metadataAnother,
		"what a notice quotes":               metadataQuoted,
		"what nobody could sign in by":       metadataUnusable,
		"from where we may not look":         metadataPrivate,
		"who may not have us look":           metadataRefused,
		"given by hand again":                metadataByHand,
		"a connection that is gone":          metadataGone,
		"read now":                           metadataNow,
		"two instances, and one that dies":   metadataInstances,
		"changed by somebody else meanwhile": metadataRaced,
	})
}

// publisher is the site of somebody's metadata.
type publisher struct {
	*httptest.Server
	asked atomic.Int64

	mu   sync.Mutex
	body []byte // nil: there is none at the moment
}

func (p *publisher) publish(xml []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body = xml
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.asked.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.body == nil {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	w.Write(p.body)
}

// publishing is Acme with a site for its metadata, and a Service that may look there.
func publishing(w *world, n accesssec.Notifier) (*customer, *publisher) {
	w.t.Helper()
	acme := withAnn(w)
	p := &publisher{body: acme.idp.Metadata()}
	p.Server = httptest.NewTLSServer(p)
	w.t.Cleanup(p.Close)
	w.svc = p.service(w, n)
	return acme, p
}

func (p *publisher) service(w *world, n accesssec.Notifier) *accesssec.Service {
	w.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	return w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
		o.Notify, o.MetadataRoots = n, roots
		o.DialMetadata = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, p.Listener.Addr().String())
		}
	})
}

// at is where the metadata is, by a name that its certificate has.
func (p *publisher) at() accesssec.MetadataURL {
	return accesssec.MetadataURL{URL: "https://example.com/metadata"}
}

func (c *customer) follow(p *publisher) accesssec.Connection {
	c.w.t.Helper()
	conn, err := c.admin().FollowMetadata(c.w.ctx, c.conn.ID, p.at(), nil)
	c.w.must(err)
	return conn
}

// aDay passes, and what is due is done.
func (w *world) aDay() {
	w.t.Helper()
	w.advance(24*time.Hour + time.Second)
	w.tick(w.svc)
}

func metadataLogin(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	in := acme.signIn(ann)
	w.advance(time.Second)
	conn := acme.follow(p)
	w.alive(in, true) // it says what was known
	if m := conn.Metadata; m == nil || m.URL != p.at().URL || !m.ReadAt.Equal(w.clock()) || !m.NextAt.After(w.clock()) || m.Failures != 0 {
		t.Errorf("%+v", conn.Metadata)
	}
	if conn.IdP.EntityID != acme.idp.EntityID() || len(conn.Certificates) != 1 {
		t.Errorf("%+v", conn.IdP)
	}
	acme.signIn(ann)
	e := acme.last(audit.ConnectionConfigured)
	if len(e.Changes) != 1 || e.Changes[0].Field != "metadata_url" || e.Changes[0].New != p.at().URL {
		t.Errorf("the log says %+v", e.Changes)
	}
}

// metadataRollover: the next key is published, and used later on.
func metadataRollover(t *testing.T, w *world) {
	post := newPost()
	acme, p := publishing(w, post.sink(works))
	acme.follow(p)
	acme.signIn(ann)
	post.told(w)
	next := acme.sibling()
	p.publish(both(t, acme.idp.Metadata(), next.Metadata()))
	w.aDay()
	if got := acme.slots(); got != "current next" {
		t.Errorf("%s", got)
	}
	e := acme.last(audit.MetadataChanged)
	if e.Actor.Kind != audit.KindSystem || len(e.Changes) != 1 || e.Changes[0].Field != "certificates" {
		t.Errorf("the log says %+v", e)
	}
	if diff := cmp.Diff([]string{"metadata_changed owner@example.com"}, post.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	acme.signIn(ann)
	must1(acme.by(next, ann))
	if got := acme.slots(); got != "current retired" {
		t.Errorf("%s", got)
	}
	p.publish(next.Metadata())
	for range 9 {
		w.aDay()
	}
	if got := acme.slots(); got != "current" {
		t.Errorf("%s", got)
	}
}

// both is the metadata of the first with the certificates of both.
func both(t *testing.T, first, second []byte) []byte {
	t.Helper()
	begin, end := "<md:KeyDescriptor", "</md:KeyDescriptor>"
	a := strings.Index(string(second), begin)
	b := strings.Index(string(second), end)
	at := strings.Index(string(first), begin)
	if a < 0 || b < a || at < 0 {
		t.Fatalf("no key in\n%s\n%s", first, second)
	}
	return []byte(string(first[:at]) + string(second[a:b+len(end)]) + string(first[at:]))
}

func metadataTakenBack(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	acme.follow(p)
	acme.signIn(ann)
	next := acme.sibling()
	p.publish(both(t, acme.idp.Metadata(), next.Metadata()))
	w.aDay()
	p.publish(acme.idp.Metadata())
	w.aDay()
	if got := acme.slots(); got != "current" {
		t.Errorf("%s", got)
	}
	_, err := acme.by(next, ann)
	acme.refuses(err, "saml_signature")
	// What a person has added stays, whatever is published.
	acme.addCertificate(next)
	w.aDay()
	if got := acme.slots(); got != "current next" {
		t.Errorf("%s", got)
	}
	// What is in use is not dropped because it is not listed.
	must1(acme.by(next, ann))
	w.aDay()
	must1(acme.by(next, ann))
}

func metadataSame(t *testing.T, w *world) {
	post := newPost()
	acme, p := publishing(w, post.sink(works))
	acme.follow(p)
	acme.signIn(ann)
	post.told(w)
	events := len(acme.events())
	for range 10 {
		w.aDay()
	}
	if n := p.asked.Load(); n != 11 {
		t.Errorf("asked %d times in ten days", n)
	}
	if n := len(acme.events()) - events; n != 0 || len(post.told(w)) != 0 {
		t.Errorf("%d lines in the log of what has not changed", n)
	}
	if m := acme.connection().Metadata; !m.ReadAt.Equal(w.clock()) {
		t.Errorf("%+v", m)
	}
}

func metadataAway(t *testing.T, w *world) {
	post := newPost()
	acme, p := publishing(w, post.sink(works))
	acme.follow(p)
	post.told(w)
	p.publish(nil)
	var told []string
	for range 3 * 24 {
		w.advance(time.Hour)
		told = append(told, post.told(w)...)
	}
	if diff := cmp.Diff([]string{"metadata_failed owner@example.com"}, told); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if n := p.asked.Load(); n < 5 || n > 12 {
		t.Errorf("asked %d times in three days", n)
	}
	m := acme.connection().Metadata
	if m.Failures < 5 || !strings.Contains(m.Failure, "503") || len(acme.events(audit.MetadataFailed)) != 1 {
		t.Errorf("%+v", m)
	}
	acme.signIn(ann) // by what it said last
	p.publish(acme.idp.Metadata())
	w.aDay()
	if m := acme.connection().Metadata; m.Failures != 0 || m.Failure != "" {
		t.Errorf("%+v", m)
	}
}

func metadataAnother(t *testing.T, w *world) {
	post := newPost()
	acme, p := publishing(w, post.sink(works))
	other := w.newCustomer("Other", "example.org")
	acme.follow(p)
	post.told(w)
	p.publish(other.idp.Metadata())
	w.aDay()
	if diff := cmp.Diff([]string{"metadata_failed owner@example.com"}, post.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	conn := acme.connection()
	if conn.IdP.EntityID != acme.idp.EntityID() || len(conn.Certificates) != 1 || conn.Metadata.Failures != 1 ||
		!strings.Contains(conn.Metadata.Failure, other.idp.EntityID()) {
		t.Errorf("%+v", conn.Metadata)
	}
	acme.signIn(ann)
}

// metadataQuoted: who answers at the URL writes no notices of their own.
func metadataQuoted(t *testing.T, w *world) {
	post := newPost()
	acme, p := publishing(w, post.sink(works))
	acme.follow(p)
	post.told(w)
	bait := "urn:x &#10;URGENT: confirm your password at https://evil.example/ &#x202E;" + strings.Repeat("y", 300)
	p.publish([]byte(strings.Replace(string(acme.idp.Metadata()), `entityID="`+acme.idp.EntityID(), `entityID="`+bait, 1)))
	post.tried = nil
	w.aDay()
	post.told(w)
	if len(post.tried) != 1 {
		t.Fatalf("told %d times", len(post.tried))
	}
	said := post.tried[0].Values["failure"]
	_, said, _ = strings.Cut(said, `"`)
	said, rest, ok := strings.Cut(said, `"...`)
	if !ok || len([]rune(said)) > 120 || strings.Contains(rest, "yy") || strings.ContainsAny(said, "\n\u202e") {
		t.Errorf("quoted %q, then %q", said, rest)
	}
}

func metadataUnusable(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	before := acme.follow(p)
	theirs := string(acme.idp.Metadata())
	slo := `Location="` + before.IdP.SLO.URL + `"`
	if !strings.Contains(theirs, slo) {
		t.Fatalf("no %s in\n%s", slo, theirs)
	}
	for i, xml := range []string{
		strings.ReplaceAll(theirs, acme.idp.SSOURL(), "http://idp.example.net/sso"),
		strings.ReplaceAll(theirs, slo, `Location="http://idp.example.net/slo"`),
		strings.ReplaceAll(theirs, slo, slo+` ResponseLocation="http://idp.example.net/slo/answers"`),
	} {
		p.publish([]byte(xml))
		w.aDay()
		conn := acme.connection()
		if conn.Metadata.Failures != i+1 || !strings.Contains(conn.Metadata.Failure, "https") {
			t.Errorf("%d: %+v", i, conn.Metadata)
		}
		if is, was := *conn.IdP, *before.IdP; is.SSO != was.SSO || is.SLO != was.SLO || is.SLOResponseURL != was.SLOResponseURL {
			t.Errorf("%d: %+v", i, is)
		}
		acme.signIn(ann)
	}
	_, err := acme.admin().FollowMetadata(w.ctx, acme.conn.ID, p.at(), nil) // nor when a person asks for it
	acme.refuses(err, accesssec.CodeConfiguration)
}

func metadataPrivate(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	w.svc = w.service(w.host.URL) // a host that says nothing of it
	for _, from := range []string{p.URL, "https://localhost/metadata", "https://169.254.169.254/latest", "http://example.com/metadata", "file:///etc/passwd", "", "https://"} {
		_, err := acme.admin().FollowMetadata(w.ctx, acme.conn.ID, accesssec.MetadataURL{URL: from}, nil)
		if got := w.code(err); got != accesssec.CodeConfiguration {
			t.Errorf("%q: %s", from, got)
		}
	}
	if n := p.asked.Load(); n != 0 {
		t.Errorf("asked %d times", n)
	}
	if acme.connection().Metadata != nil {
		t.Error("it follows what was refused")
	}
}

func metadataRefused(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	member := w.svc.Admin(must1(w.byPassword("ann@example.com", right)).Principal)
	_, err := member.FollowMetadata(w.ctx, acme.conn.ID, p.at(), nil)
	acme.refuses(err, accesssec.CodeNotAllowed)
	owner := w.svc.Admin(must1(w.byPassword("owner@example.com", right)).Principal)
	_, err = owner.FollowMetadata(w.ctx, acme.conn.ID, p.at(), nil)
	acme.refuses(err, accesssec.CodeProve)
	other := w.newOrg("Other", "owner@example.org")
	_, err = other.admin().FollowMetadata(w.ctx, acme.conn.ID, p.at(), nil)
	other.refuses(err, accesssec.CodeNotFound)
	if n := p.asked.Load(); n != 0 {
		t.Errorf("asked %d times for people who may not", n)
	}
	from := p.at()
	from.Trust = []*x509.Certificate{acme.idp.Certificate()} // and nobody has signed it
	_, err = acme.admin().FollowMetadata(w.ctx, acme.conn.ID, from, nil)
	acme.refuses(err, accesssec.CodeConfiguration)
	from.Trust = []*x509.Certificate{nil}
	_, err = acme.admin().FollowMetadata(w.ctx, acme.conn.ID, from, nil)
	acme.refuses(err, accesssec.CodeConfiguration)
	_, err = acme.admin().FollowMetadata(w.ctx, acme.conn.ID, p.at(), &saml.Rules{Skew: time.Hour})
	acme.refuses(err, accesssec.CodeConfiguration)
}

func metadataByHand(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	acme.follow(p)
	conn := must1(acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, acme), nil))
	if conn.Metadata != nil {
		t.Errorf("%+v", conn.Metadata)
	}
	asked := p.asked.Load()
	w.aDay()
	w.aDay()
	if p.asked.Load() != asked {
		t.Error("it is asked on")
	}
	_, err := acme.admin().RefreshMetadata(w.ctx, acme.conn.ID)
	acme.refuses(err, accesssec.CodeNotFound)
}

func metadataGone(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	acme.follow(p)
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	w.must(acme.admin().RemoveConnection(w.ctx, acme.conn.ID))
	asked := p.asked.Load()
	for range 3 {
		w.aDay()
	}
	if p.asked.Load() != asked {
		t.Error("it is asked on")
	}
}

func metadataNow(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	acme.follow(p)
	acme.signIn(ann)
	p.publish(both(t, acme.idp.Metadata(), acme.sibling().Metadata()))
	conn := must1(acme.admin().RefreshMetadata(w.ctx, acme.conn.ID))
	if len(conn.Certificates) != 2 || conn.Certificates[1].State != accesssec.SlotNext {
		t.Errorf("%+v", conn.Certificates)
	}
	p.publish([]byte("<html>"))
	_, err := acme.admin().RefreshMetadata(w.ctx, acme.conn.ID)
	acme.refuses(err, accesssec.CodeConfiguration)
	if got := acme.slots(); got != "current next" {
		t.Errorf("%s", got)
	}
}

func metadataInstances(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	acme.follow(p)
	second := p.service(w, nil)
	asked := p.asked.Load()
	w.advance(24*time.Hour + time.Second)
	_, _ = w.race(2, func(i int) error {
		w.tick([]*accesssec.Service{w.svc, second}[i])
		return nil
	})
	if n := p.asked.Load() - asked; n != 1 {
		t.Errorf("asked %d times", n)
	}
	// One leases the job and is never heard of again.
	w.advance(24*time.Hour + time.Second)
	jobs, err := w.store.LeaseJobs(w.ctx, store.LeaseQuery{Kinds: []string{"metadata"}, Worker: "dead", Now: w.clock(), Until: w.clock().Add(time.Minute)})
	w.must(err)
	if len(jobs) != 1 {
		t.Fatalf("%d jobs", len(jobs))
	}
	asked = p.asked.Load()
	w.tick(second)
	w.advance(time.Minute)
	w.tick(second)
	if n := p.asked.Load() - asked; n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// metadataRaced: what an Admin changes while it is read is not undone by it.
func metadataRaced(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	acme.follow(p)
	acme.signIn(ann)
	added := acme.sibling()
	p.publish(both(t, acme.idp.Metadata(), acme.sibling().Metadata()))
	w.advance(24*time.Hour + time.Second)
	slow := p.Config.Handler
	p.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		acme.addCertificate(added)
		slow.ServeHTTP(rw, r)
	})
	w.tick(w.svc)
	if got := acme.slots(); got != "current next next" {
		t.Errorf("%s", got)
	}
}
