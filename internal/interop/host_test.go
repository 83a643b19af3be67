package interop_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/google/go-cmp/cmp"
)

// host is a whole SaaS over HTTP: the sign-in pages, and one page behind them.
type host struct {
	svc *accesssec.Service
	dns *dnstest.Server
	url string
}

func newHost(t *testing.T) *host {
	t.Helper()
	dns, err := dnstest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dns.Close() })
	server := httptest.NewUnstartedServer(nil)
	h := &host{dns: dns, url: "http://" + server.Listener.Addr().String()}
	h.svc, err = accesssec.New(memory.New(), h.url, seal.GenerateRing(), &accesssec.Options{
		Resolvers: []domainclaim.Resolver{dns.Resolver()},
		Hasher:    password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(h.svc.Path(), signin.New(h.svc, nil))
	mux.Handle("/", h.svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := accesssec.FromContext(r.Context())
		fmt.Fprintf(w, "%s in %s", p.Role, p.OrgID)
	})))
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(server.Close)
	return h
}

// provider is one that a customer brings along.
type provider interface {
	// trustMetadata registers ours there.
	trustMetadata(t testing.TB, metadata []byte)
	// parsed is its metadata as we read it.
	parsed(t testing.TB) *saml.IdP
}

// customer is an org that signs in by its own provider and manages its people there.
type customer struct {
	orgID string
	admin *accesssec.Admin
	conn  accesssec.Connection
}

func (h *host) newCustomer(t *testing.T, domain string, p provider) *customer {
	t.Helper()
	ctx := t.Context()
	owner, err := h.svc.CreateOrg(ctx, domain, accesssec.Person{
		Address: "owner@" + domain, Verified: true, Password: "Correct horse 7 battery staple",
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &customer{orgID: owner.OrgID, admin: h.svc.Admin(owner)}
	claim, err := c.admin.ClaimDomain(ctx, domain)
	if err != nil {
		t.Fatal(err)
	}
	record := claim.Records()[0]
	h.dns.SetTXT(record.Name, record.Value)
	if _, err := c.admin.VerifyDomain(ctx, claim.ID); err != nil {
		t.Fatal(err)
	}
	if c.conn, err = c.admin.NewConnection(ctx, "their own"); err != nil {
		t.Fatal(err)
	}
	metadata, err := h.svc.SignIn().Metadata(ctx, c.conn.ID)
	if err != nil {
		t.Fatal(err)
	}
	p.trustMetadata(t, metadata)
	if _, err := c.admin.Configure(ctx, c.conn.ID, p.parsed(t), nil); err != nil {
		t.Fatal(err)
	}
	if err := c.admin.Enable(ctx, c.conn.ID, true); err != nil {
		t.Fatal(err)
	}
	settings, err := c.admin.Settings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	settings.IdPManaged = true
	preview, err := c.admin.Preview(ctx, settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.admin.Apply(ctx, settings, preview.Hash); err != nil {
		t.Fatal(err)
	}
	return c
}

// members are the addresses of the org, each with name, role and source.
func (c *customer) members(t *testing.T) []string {
	t.Helper()
	page, err := c.admin.Members(t.Context(), accesssec.MemberQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range page.Items {
		out = append(out, strings.Join([]string{m.Address, m.FirstName, m.LastName, string(m.Role), m.Source}, "|"))
	}
	return out
}

// visitor is a browser that remembers what it posted to a postback URL.
type visitor struct {
	*http.Client
	host *host

	mu     sync.Mutex
	posted url.Values
}

func (h *host) visitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{host: h}
	v.Client = &http.Client{Jar: jar, Transport: v}
	return v
}

func (v *visitor) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/acs") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		v.mu.Lock()
		v.posted = form
		v.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (v *visitor) post(t *testing.T, at string, form url.Values) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.host.url)
	resp, err := v.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// signIn goes from the sign-in page to whatever comes behind the provider's answer.
func (v *visitor) signIn(t *testing.T, c *customer) int {
	t.Helper()
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	start := v.post(t, v.host.url+v.host.svc.Path()+"sso/start", url.Values{"connection": {c.conn.ID}})
	v.CheckRedirect = nil
	resp, err := samltest.Login(t.Context(), v.Client, start.Header.Get("Location"), "")
	if err != nil {
		t.Fatalf("%v (the start was answered by %d)", err, start.StatusCode)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// sees is what the protected page says; "" when it asks to sign in.
func (v *visitor) sees(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.host.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := v.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized {
		return ""
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHostLogin(t *testing.T) {
	t.Parallel()
	h, p := newHost(t), newIdentityProvider(t)
	c := h.newCustomer(t, "example.com", p)
	v := h.visitor(t)
	if status := v.signIn(t, c); status != http.StatusOK {
		t.Fatalf("status %d; crewjam says: %s", status, p.log)
	}
	if got, want := v.sees(t), "member in "+c.orgID; got != want {
		t.Errorf("signed in as %q, want %q", got, want)
	}
	want := []string{"owner@example.com|||owner|created", "ann@example.com|Ann|Lee & \"Söhne\"|member|jit"}
	if diff := cmp.Diff(want, c.members(t)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}

	// The answer again, in this browser and in another one.
	for name, again := range map[string]*visitor{"same browser": v, "other browser": h.visitor(t)} {
		if resp := again.post(t, c.conn.ACS, v.posted); resp.StatusCode < 400 || resp.StatusCode > 499 {
			t.Errorf("replayed in the %s: status %d", name, resp.StatusCode)
		}
	}
	if diff := cmp.Diff(want, c.members(t)); diff != "" {
		t.Errorf("members after replays (-want +got):\n%s", diff)
	}
}

// The provider vouches for whom it likes; it is believed on its own domain alone.
func TestHostForeignDomain(t *testing.T) {
	t.Parallel()
	h, p := newHost(t), newIdentityProvider(t)
	c := h.newCustomer(t, "example.com", p)
	p.session.UserEmail = "ann@elsewhere.example"
	v := h.visitor(t)
	if status := v.signIn(t, c); status < 400 || status > 499 {
		t.Errorf("status %d", status)
	}
	if got := v.sees(t); got != "" {
		t.Errorf("signed in as %q", got)
	}
	if diff := cmp.Diff([]string{"owner@example.com|||owner|created"}, c.members(t)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

// Two customers with one provider: what was said to one is worth nothing at the other.
func TestHostAnswerForAnotherCustomer(t *testing.T) {
	t.Parallel()
	h, p := newHost(t), newIdentityProvider(t)
	acme, beta := h.newCustomer(t, "example.com", p), h.newCustomer(t, "example.org", p)
	v := h.visitor(t)
	if status := v.signIn(t, acme); status != http.StatusOK {
		t.Fatalf("control: status %d", status)
	}
	other := h.visitor(t)
	if resp := other.post(t, beta.conn.ACS, v.posted); resp.StatusCode < 400 || resp.StatusCode > 499 {
		t.Errorf("status %d", resp.StatusCode)
	}
	if got := other.sees(t); got != "" {
		t.Errorf("signed in as %q", got)
	}
	if diff := cmp.Diff([]string{"owner@example.org|||owner|created"}, beta.members(t)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}
