// Package flowtest holds the tests of whole flows: an org is made, a domain proven, a
// connection configured, people come in or don't. They are functions over a store, so
// that accesssec runs them on store/memory and each database runs the same ones.
//
// [Run] is the whole of them. A flow that a new feature brings is added there.
package flowtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
)

// right is everybody's password.
const right = "Correct horse 7 battery staple"

// world is one host with its customers around it: real HTTP, real DNS on loopback, a
// real identity provider, and a clock that stands until it is moved.
type world struct {
	t     *testing.T
	ctx   context.Context
	store store.Store
	keys  *seal.Ring
	dns   *dnstest.Server
	host  *httptest.Server
	svc   *accesssec.Service

	hasher *password.Hasher

	mu      sync.Mutex
	now     time.Time
	between func() // what happens when the clock is read next, once

	connections int              // that were made: each has a key of its own
	signing     samltest.Signing // of new identity providers
}

// newWorld serves a Service over st, at an address of its own.
func newWorld(t *testing.T, st store.Store) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), store: st, keys: seal.GenerateRing(), now: noon(),
		signing: samltest.SignP256, // its keys are made at once, RSA's are not
		hasher:  password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	}
	var err error
	if w.dns, err = dnstest.New(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.dns.Close() })
	w.rehost(supported)
	return w
}

// service is one more instance on the same store, under the same keys.
func (w *world) service(origin string) *accesssec.Service {
	w.t.Helper()
	return w.serviceOn(w.store, origin, supported)
}

// supported is a host whose people can ask somebody.
func supported(o *accesssec.Options) { o.Support = "help@host.example" }

// serviceOn is an instance on st, with the options that a flow is about.
func (w *world) serviceOn(st store.Store, origin string, set func(*accesssec.Options)) *accesssec.Service {
	w.t.Helper()
	authority, err := domainclaim.NewAuthority(&domainclaim.AuthorityOptions{Servers: []string{w.dns.Addr()}, Timeout: long, Now: w.clock})
	w.must(err)
	opts := accesssec.Options{Resolvers: []domainclaim.Resolver{w.asking(w.dns)}, Authority: authority, Hasher: w.hasher, Now: w.clock, ConnectionKey: w.connectionKey}
	set(&opts)
	svc, err := accesssec.New(st, origin, w.keys, &opts)
	w.must(err)
	return svc
}

// long is more than an answer takes where hundreds of others are under way on the same
// processor.
const long = time.Minute

// asking is a resolver at s. It waits for the answer when the time of the look is up: how
// long a host waits is no part of a flow, and nobody drops a question here.
func (w *world) asking(s *dnstest.Server) domainclaim.Resolver {
	w.t.Helper()
	r, err := domainclaim.NewResolver(s.Addr(), &domainclaim.ResolverOptions{Timeout: long})
	w.must(err)
	return unhurried{r}
}

type unhurried struct{ domainclaim.Resolver }

func (u unhurried) LookupTXT(ctx context.Context, rooted string) (domainclaim.Answer, error) {
	asked, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})()
	return u.Resolver.LookupTXT(asked, rooted)
}

// rehost makes the host of w one with those options, at an address of its own.
func (w *world) rehost(set func(*accesssec.Options)) {
	w.t.Helper()
	w.host = httptest.NewUnstartedServer(nil)
	w.svc = w.serviceOn(w.store, "http://"+w.host.Listener.Addr().String(), set)
	w.host.Config.Handler = handler(w.svc)
	w.host.Start()
	w.t.Cleanup(w.host.Close)
}

// handler is a host: the sign-in pages, provisioning, and a page for people who are signed in.
func handler(svc *accesssec.Service) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(svc.Path(), signin.New(svc, nil))
	mux.Handle("/", svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := accesssec.FromContext(r.Context())
		fmt.Fprintf(w, "%s %s %s", p.UserID, p.OrgID, p.Role)
	})))
	mux.Handle("/projects/{id}", svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := accesssec.FromContext(r.Context())
		a, err := svc.Access(r.Context(), p, r.PathValue("id"))
		switch {
		case err != nil:
			http.Error(w, "not now", http.StatusServiceUnavailable)
		case !a.Can(policy.ViewProject):
			http.Error(w, "not yours", http.StatusForbidden)
		default:
			fmt.Fprint(w, a.Role)
		}
	})))
	return scim.Mount(svc.SCIMPath(), svc.SCIM(), mux)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	now, between := w.now, w.between
	w.between = nil
	w.mu.Unlock()
	if between != nil {
		between()
	}
	return now
}

// advance moves the clock of the host and of its identity providers.
func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// customer is one org with an identity provider of its own.
type customer struct {
	w     *world
	name  string
	owner accesssec.Principal // as CreateOrg gave it
	idp   *samltest.IdP
	conn  accesssec.Connection

	sessionAge, sessionFor time.Duration // at the identity provider
	nameIDFormat           string
	encrypt                samltest.Encryption
}

// newCustomer makes an org whose Owner is owner@domain. The domain is verified and
// the connection active; the switches are off.
func (w *world) newCustomer(name, domain string, people ...samltest.Person) *customer {
	w.t.Helper()
	c := w.newOrg(name, "owner@"+domain)
	c.verify(domain)
	c.connect(people...)
	return c
}

// newOrg makes an org with an Owner and nothing else.
func (w *world) newOrg(name, owner string) *customer {
	w.t.Helper()
	p, err := w.svc.CreateOrg(w.ctx, name, accesssec.Person{Address: owner, Verified: true, FirstName: "Olive", Password: right})
	w.must(err)
	return &customer{w: w, name: name, owner: p}
}

// admin is what the Owner may do: the host vouches for them anew each time.
func (c *customer) admin() *accesssec.Admin {
	c.w.t.Helper()
	p, err := c.w.svc.Vouch(c.w.ctx, c.owner.OrgID, c.owner.UserID)
	c.w.must(err)
	return c.w.svc.Admin(p)
}

func (c *customer) claim(domain string) accesssec.Domain {
	c.w.t.Helper()
	d, err := c.admin().ClaimDomain(c.w.ctx, domain)
	c.w.must(err)
	return d
}

func (c *customer) verify(domain string) {
	c.w.t.Helper()
	d := c.claim(domain)
	rec := d.Records()[0]
	c.w.dns.SetTXT(rec.Name, rec.Value)
	_, err := c.admin().VerifyDomain(c.w.ctx, d.ID)
	c.w.must(err)
}

func (c *customer) connect(people ...samltest.Person) {
	c.w.t.Helper()
	// The provider has a site of its own, as in the world.
	srv := httptest.NewUnstartedServer(nil)
	var err error
	c.idp, err = samltest.New("http://"+srv.Listener.Addr().String()+"/idp", people, &samltest.Options{
		Now: c.w.clock, SessionAge: c.sessionAge, SessionFor: c.sessionFor, NameIDFormat: c.nameIDFormat, Encrypt: c.encrypt,
		Signing: c.w.signing,
	})
	c.w.must(err)
	srv.Config.Handler = c.idp
	srv.Start()
	c.w.t.Cleanup(srv.Close)

	theirs, err := saml.ParseMetadata(c.idp.Metadata(), "")
	c.w.must(err)
	c.conn, err = c.admin().NewConnection(c.w.ctx, c.name+" IdP")
	c.w.must(err)
	if c.encrypt.Cipher != "" {
		_, err = c.admin().PublishEncryptionKey(c.w.ctx, c.conn.ID, true)
		c.w.must(err)
	}
	ours, err := c.w.svc.SignIn().Metadata(c.w.ctx, c.conn.ID)
	c.w.must(err)
	c.w.must(c.idp.Trust(ours))
	_, err = c.admin().Configure(c.w.ctx, c.conn.ID, theirs, nil)
	c.w.must(err)
	c.w.must(c.admin().Enable(c.w.ctx, c.conn.ID, true))
}

// apply shows a preview and confirms it.
func (c *customer) apply(change func(*accesssec.Settings)) accesssec.Preview {
	c.w.t.Helper()
	next, err := c.admin().Settings(c.w.ctx)
	c.w.must(err)
	change(&next)
	preview, err := c.admin().Preview(c.w.ctx, next)
	c.w.must(err)
	c.w.must(c.admin().Apply(c.w.ctx, next, preview.Hash))
	return preview
}

// add makes people members.
func (c *customer) add(role policy.Role, addresses ...string) {
	c.w.t.Helper()
	for _, a := range addresses {
		c.w.must(c.w.svc.ImportPeople(c.w.ctx, c.owner.OrgID, accesssec.Person{Address: a, Verified: true, Password: right, Role: role}))
	}
}

// sessions counts what is left of a person's, or of everybody's in the org.
func (w *world) sessions(q store.SessionQuery) int {
	w.t.Helper()
	page, err := w.store.Sessions(w.ctx, q)
	w.must(err)
	return len(page.Items)
}

// user is the account with that address, or none.
func (w *world) user(address string) (store.User, bool) {
	w.t.Helper()
	a, err := domainclaim.ParseAddress(address)
	w.must(err)
	u, err := w.store.UserByAddress(w.ctx, a.Key())
	return u, err == nil
}
