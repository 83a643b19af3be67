package sqltest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
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
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
)

const (
	right = "Correct horse 7 battery staple"
	ann   = "ann@example.com"
)

// host is one with a customer whose people can sign in by password and by single
// sign-on: Ann, and the Owner.
type host struct {
	store  store.Store
	site   *httptest.Server
	secret [32]byte
	svc    *accesssec.Service
	owner  accesssec.Principal
	idp    *samltest.IdP
	conn   accesssec.Connection
}

func newHost(t testing.TB, st store.Store) *host {
	t.Helper()
	h := &host{store: st, site: httptest.NewUnstartedServer(nil)}
	rand.Read(h.secret[:])
	dns, err := dnstest.New()
	must(t, err)
	t.Cleanup(func() { dns.Close() })
	h.svc, err = service(st, "http://"+h.site.Listener.Addr().String(), h.secret, dns.Resolver())
	must(t, err)
	h.site.Config.Handler = handler(h.svc)
	h.site.Start()
	t.Cleanup(h.site.Close)

	ctx := t.Context()
	h.owner, err = h.svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "owner@example.com", Verified: true, Password: right})
	must(t, err)
	d, err := h.admin(t).ClaimDomain(ctx, "example.com")
	must(t, err)
	dns.SetTXT(d.Records()[0].Name, d.Records()[0].Value)
	_, err = h.admin(t).VerifyDomain(ctx, d.ID)
	must(t, err)
	must(t, h.svc.ImportPeople(ctx, h.owner.OrgID, accesssec.Person{Address: ann, Verified: true, Password: right, Role: policy.Member}))
	h.connect(t)
	return h
}

func (h *host) connect(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	srv := httptest.NewUnstartedServer(nil)
	var err error
	h.idp, err = samltest.New("http://"+srv.Listener.Addr().String()+"/idp", nil, nil)
	must(t, err)
	srv.Config.Handler = h.idp
	srv.Start()
	t.Cleanup(srv.Close)
	theirs, err := saml.ParseMetadata(h.idp.Metadata(), "")
	must(t, err)
	h.conn, err = h.admin(t).NewConnection(ctx, "Acme IdP")
	must(t, err)
	ours, err := h.svc.SignIn().Metadata(ctx, h.conn.ID)
	must(t, err)
	must(t, h.idp.Trust(ours))
	_, err = h.admin(t).Configure(ctx, h.conn.ID, theirs, nil)
	must(t, err)
	must(t, h.admin(t).Enable(ctx, h.conn.ID, true))
}

func (h *host) admin(t testing.TB) *accesssec.Admin {
	t.Helper()
	p, err := h.svc.Vouch(t.Context(), h.owner.OrgID, h.owner.UserID)
	must(t, err)
	return h.svc.Admin(p)
}

// service is an instance of the host. Passwords cost next to nothing.
func service(st store.Store, origin string, secret [32]byte, resolvers ...domainclaim.Resolver) (*accesssec.Service, error) {
	keys, err := seal.NewRing(seal.Key{ID: "test", Secret: secret})
	if err != nil {
		return nil, err
	}
	return accesssec.New(st, origin, keys, &accesssec.Options{
		Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}), Resolvers: resolvers,
	})
}

// handler serves the sign-in pages, and one for people who are signed in.
func handler(svc *accesssec.Service) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(svc.Path(), signin.New(svc, nil))
	mux.Handle("/", svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := accesssec.FromContext(r.Context())
		fmt.Fprint(w, p.UserID)
	})))
	return mux
}

// visit is a browser of its own, and the cookies it was given.
func (h *host) visit(ip string) (accesssec.Visit, []*http.Cookie) {
	r := httptest.NewRequest(http.MethodGet, h.site.URL, nil)
	w := httptest.NewRecorder()
	v := h.svc.SignIn().Visit(w, r)
	v.IP = ip
	return v, w.Result().Cookies()
}

// byPassword signs Ann in, from a network of its own so that no limit is met.
func (h *host) byPassword(ctx context.Context, ip string) (accesssec.Step, error) {
	v, _ := h.visit(ip)
	return h.svc.SignIn().Password(ctx, v, ann, right)
}

// start sends a browser to the identity provider and has that answer for Ann.
func (h *host) start(ctx context.Context, ip string) (accesssec.Visit, []*http.Cookie, samltest.Response, error) {
	v, cookies := h.visit(ip)
	step, err := h.svc.SignIn().StartSSO(ctx, v, h.conn.ID, nil)
	if err != nil {
		return v, nil, samltest.Response{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, step.Bounce.URL(), nil)
	if err != nil {
		return v, nil, samltest.Response{}, err
	}
	req, err := h.idp.ReadRequest(r)
	if err != nil {
		return v, nil, samltest.Response{}, err
	}
	resp, err := h.idp.Respond(req, samltest.Person{Email: ann})
	return v, cookies, resp, err
}

// bySSO is the whole of a single sign-on.
func (h *host) bySSO(ctx context.Context, ip string) (accesssec.Step, error) {
	v, _, resp, err := h.start(ctx, ip)
	if err != nil {
		return accesssec.Step{}, err
	}
	m, err := saml.ParseMessage(resp.SAMLResponse)
	if err != nil {
		return accesssec.Step{}, err
	}
	return h.svc.SignIn().FinishSSO(ctx, v, h.conn.ID, m)
}

// sessions are all of Acme's, and events all that its log says of that type. Both are
// asked of the store, so that a Service that errs can't hide it.
func (h *host) sessions(t testing.TB) []store.Session {
	t.Helper()
	return pages(t, func(p store.Paging) (store.Page[store.Session], error) {
		return h.store.Sessions(t.Context(), store.SessionQuery{OrgID: h.owner.OrgID, Paging: p})
	})
}

func (h *host) events(t testing.TB, typ string) []store.AuditEvent {
	t.Helper()
	out := []store.AuditEvent{}
	for _, unsealed := range []bool{true, false} {
		out = append(out, pages(t, func(p store.Paging) (store.Page[store.AuditEvent], error) {
			return h.store.AuditEvents(t.Context(), h.owner.OrgID, store.AuditQuery{Types: []string{typ}, Unsealed: unsealed, Paging: p})
		})...)
	}
	return out
}

// pages are the items of all pages.
func pages[T any](t testing.TB, read func(store.Paging) (store.Page[T], error)) []T {
	t.Helper()
	out, after := []T{}, ""
	for {
		page, err := read(store.Paging{After: after, Limit: 1000})
		must(t, err)
		out = append(out, page.Items...)
		if after = page.Next; after == "" {
			return out
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon is how long anything may take that is done at once.
const soon = time.Minute
