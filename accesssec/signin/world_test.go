package signin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
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
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// right is everybody's password, where they have one.
const right = "Correct-horse-7"

// issuer is how apps name the product.
const issuer = `App & "Co"`

const hostile = `Acme <script>alert(1)</script> "&'`

// world is a service with one customer, whose provider runs on a site of its own.
type world struct {
	origin     string
	svc        *accesssec.Service
	store      store.Store
	acme       *accesssec.Admin
	orgID      string
	connection string
	idp        *samltest.IdP
	broken     *atomic.Bool // the store fails
	rival      *atomic.Bool // somebody else is always a moment faster
	log        *syncBuffer
	ahead      *atomic.Int64 // how far the service's clock is, in nanoseconds
	post       *mailbox
	google     *google
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) advance(d time.Duration) { w.ahead.Add(int64(d)) }

// mailbox keeps what people would have been sent.
type mailbox struct {
	mu  sync.Mutex
	all []accesssec.Notice
}

func (m *mailbox) Notify(_ context.Context, n accesssec.Notice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, n)
	return nil
}

// delivered is all of it, once everything that is due has been done.
func (w *world) delivered(t testing.TB) []accesssec.Notice {
	t.Helper()
	if _, err := w.svc.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.post.mu.Lock()
	defer w.post.mu.Unlock()
	return w.post.all
}

// brokenStore fails when it is told to.
type brokenStore struct {
	store.Store
	broken *atomic.Bool
	rival  *atomic.Bool
}

var errDisk = errors.New("disk 7 of db-3 is on fire")

func (s brokenStore) DomainsByName(ctx context.Context, names []string) ([]store.Domain, error) {
	if s.broken.Load() {
		return nil, errDisk
	}
	return s.Store.DomainsByName(ctx, names)
}

func (s brokenStore) SessionByHash(ctx context.Context, h store.Hash) (store.Session, error) {
	if s.broken.Load() {
		return store.Session{}, errDisk
	}
	return s.Store.SessionByHash(ctx, h)
}

func (s brokenStore) SwapDoc(ctx context.Context, d store.Doc) error {
	switch {
	case s.broken.Load():
		return errDisk
	case s.rival.Load():
		return store.ErrConflict
	}
	return s.Store.SwapDoc(ctx, d)
}

func (s brokenStore) Doc(ctx context.Context, k store.Kind, orgID, id string) (store.Doc, error) {
	if s.broken.Load() {
		return store.Doc{}, errDisk
	}
	return s.Store.Doc(ctx, k, orgID, id)
}

func (s brokenStore) DocByKey(ctx context.Context, k store.Kind, key string) (store.Doc, error) {
	if s.broken.Load() {
		return store.Doc{}, errDisk
	}
	return s.Store.DocByKey(ctx, k, key)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// newWorld makes it. The org is on example.com and has: olive, an Owner; max, a member
// with a password; nora, one without; ext and fay, members from elsewhere, and bare,
// another without a password.
func newWorld(t testing.TB) *world {
	t.Helper()
	app, provider := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	w := &world{
		origin: "http://" + app.Listener.Addr().String(), broken: new(atomic.Bool), rival: new(atomic.Bool), log: new(syncBuffer),
		ahead: new(atomic.Int64), post: new(mailbox),
	}
	w.google = &google{now: w.now, people: map[string]accesssec.OpenIDClaims{}, asked: map[string]string{}}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var people []samltest.Person
	for _, p := range []string{"ann@example.com", "olive@example.com", "max@example.com", "nora@example.com"} {
		people = append(people, samltest.Person{Email: p, FirstName: "Ann", LastName: "Archer"})
	}
	w.idp = must[*samltest.IdP](t)(samltest.New("http://"+provider.Listener.Addr().String(), people, &samltest.Options{SessionFor: 2 * time.Hour}))
	dns := must[*dnstest.Server](t)(dnstest.New())
	t.Cleanup(func() { dns.Close() })
	w.store = memory.New()
	w.svc = must[*accesssec.Service](t)(accesssec.New(brokenStore{w.store, w.broken, w.rival}, w.origin, seal.GenerateRing(), &accesssec.Options{
		Support:   "support@host.example",
		Issuer:    issuer,
		Notify:    w.post,
		Google:    w.google,
		Log:       log,
		Now:       w.now,
		Resolvers: []domainclaim.Resolver{dns.Resolver()},
		Hasher:    password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	}))
	w.setUp(t, dns)

	mux := http.NewServeMux()
	mux.Handle(w.svc.Path(), signin.New(w.svc, &signin.Options{
		Name: `Host & "Co"`, After: "/home", Log: log,
	}))
	mux.Handle("/", w.svc.Protect(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p, _ := accesssec.FromContext(r.Context())
		profile, err := w.svc.Me(p).Profile(r.Context())
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		io.WriteString(rw, "hello "+profile.Address+" in "+p.OrgID)
	})))
	app.Config.Handler, provider.Config.Handler = mux, w.idp
	app.Start()
	provider.Start()
	t.Cleanup(app.Close)
	t.Cleanup(provider.Close)
	return w
}

func (w *world) setUp(t testing.TB, dns *dnstest.Server) {
	t.Helper()
	ctx := t.Context()
	person := func(address, pass string, role policy.Role) accesssec.Person {
		return accesssec.Person{Address: address, Verified: true, Password: pass, Role: role}
	}
	owner := must[accesssec.Principal](t)(w.svc.CreateOrg(ctx, hostile, person("olive@example.com", right, policy.Owner)))
	w.orgID, w.acme = owner.OrgID, w.svc.Admin(owner)
	err := w.svc.ImportPeople(ctx, w.orgID,
		person("max@example.com", right, policy.Member), person("nora@example.com", "", policy.Member),
		person("ext@example.org", right, policy.Member), person("bare@example.org", "", policy.Member),
		person("fay@example.org", right, policy.Member))
	if err != nil {
		t.Fatal(err)
	}
	d := must[accesssec.Domain](t)(w.acme.ClaimDomain(ctx, "example.com"))
	dns.SetTXT(d.Records()[0].Name, d.Records()[0].Value)
	must[domainclaim.Observation](t)(w.acme.VerifyDomain(ctx, d.ID))
	conn := must[accesssec.Connection](t)(w.acme.NewConnection(ctx, "theirs"))
	w.connection = conn.ID
	must[accesssec.Connection](t)(w.acme.Configure(ctx, conn.ID, must[*saml.IdP](t)(saml.ParseMetadata(w.idp.Metadata(), "")), nil))
	if err := w.idp.Trust(must[[]byte](t)(w.svc.SignIn().Metadata(ctx, conn.ID))); err != nil {
		t.Fatal(err)
	}
	if err := w.acme.Enable(ctx, conn.ID, true); err != nil {
		t.Fatal(err)
	}
	w.apply(t, func(s *accesssec.Settings) { s.IdPManaged = true })
}

func (w *world) apply(t testing.TB, change func(*accesssec.Settings)) {
	t.Helper()
	s := must[accesssec.Settings](t)(w.acme.Settings(t.Context()))
	change(&s)
	if err := w.acme.Apply(t.Context(), s, must[accesssec.Preview](t)(w.acme.Preview(t.Context(), s)).Hash); err != nil {
		t.Fatal(err)
	}
}

// visitor is a browser.
type visitor struct {
	t testing.TB
	w *world
	c *http.Client
}

func (w *world) visitor(t testing.TB) *visitor {
	jar := must[*cookiejar.Jar](t)(cookiejar.New(nil))
	return &visitor{t, w, &http.Client{Jar: jar, Transport: new(tape)}}
}

// exchange is one request of a browser, and its answer.
type exchange struct {
	method, path  string
	asked, header http.Header
	body          string
}

// tape keeps all that a browser has sent and got.
type tape struct {
	mu  sync.Mutex
	all []exchange
}

func (c *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, exchange{r.Method, r.URL.RequestURI(), r.Header, resp.Header, string(body)})
	return resp, nil
}

// page is an answer behind all redirects. Pages of ours have been through checkPage.
type page struct {
	status int
	url    string // path and query at the service; the whole URL elsewhere
	text   string
	header http.Header
}

func (v *visitor) get(path string) page { v.t.Helper(); return v.send(http.MethodGet, path, nil, nil) }

func (v *visitor) post(path string, fields url.Values) page {
	v.t.Helper()
	return v.send(http.MethodPost, path, fields, http.Header{"Origin": {v.w.origin}, "Sec-Fetch-Site": {"same-origin"}})
}

func (v *visitor) send(method, path string, fields url.Values, h http.Header) page {
	v.t.Helper()
	req := must[*http.Request](v.t)(http.NewRequestWithContext(v.t.Context(), method, v.w.origin+path, strings.NewReader(fields.Encode())))
	for k, vs := range h {
		req.Header[k] = vs
	}
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return v.read(must[*http.Response](v.t)(v.c.Do(req)))
}

func (v *visitor) read(resp *http.Response) page {
	v.t.Helper()
	text := must[[]byte](v.t)(io.ReadAll(resp.Body))
	resp.Body.Close()
	p := page{resp.StatusCode, strings.TrimPrefix(resp.Request.URL.String(), v.w.origin), string(text), resp.Header}
	if p.status/100 != 3 && strings.HasPrefix(p.url, v.w.svc.Path()) && strings.HasPrefix(p.header.Get("Content-Type"), "text/html") && p.text != "" {
		checkPage(v.t, p)
	}
	return p
}

// still stops at redirects.
func (v *visitor) still() *visitor {
	c := *v.c
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &visitor{v.t, v.w, &c}
}

// bySSO starts at the button and ends behind the provider.
func (v *visitor) bySSO(address string, fields url.Values, attacks ...samltest.Attack) page {
	v.t.Helper()
	return v.through("/auth/sso/start", address, fields, attacks...)
}

// through is that from another button.
func (v *visitor) through(button, address string, fields url.Values, attacks ...samltest.Attack) page {
	v.t.Helper()
	fields.Set("connection", v.w.connection)
	away := v.still().post(button, fields)
	if away.status != http.StatusSeeOther || !strings.HasPrefix(away.header.Get("Location"), v.w.idp.SSOURL()) {
		v.t.Fatalf("sso/start: status %d, to %q", away.status, away.header.Get("Location"))
	}
	return v.read(must[*http.Response](v.t)(samltest.Login(v.t.Context(), v.c, away.header.Get("Location"), address, attacks...)))
}

func (v *visitor) byPassword(address string) *visitor {
	v.t.Helper()
	if p := v.post("/auth/password", form("address", address, "password", right)); p.url != "/home" {
		v.t.Fatalf("sign in as %s: status %d at %s", address, p.status, p.url)
	}
	return v
}

// ticket is the session cookie that the browser has.
func (v *visitor) ticket() *http.Cookie {
	v.t.Helper()
	for _, c := range v.c.Jar.Cookies(must[*url.URL](v.t)(url.Parse(v.w.origin))) {
		if c.Name == "__Host-accesssec" {
			return c
		}
	}
	v.t.Fatal("no session cookie")
	return nil
}

// over wants the session behind a cookie to be at its end, and not only the cookie gone.
func (w *world) over(t testing.TB, c *http.Cookie) {
	t.Helper()
	_, err := w.svc.Authenticate(t.Context(), c.Value)
	_, other := w.svc.SignIn().SettingUpBy(t.Context(), c.Value)
	if !accesssec.IsRefusal(err, accesssec.CodeSignedOut) || !accesssec.IsRefusal(other, accesssec.CodeSignedOut) {
		t.Errorf("the session goes on: %v, %v", err, other)
	}
}

// in says whose session the browser has, "" none.
func (v *visitor) in() string {
	v.t.Helper()
	if rest, ok := strings.CutPrefix(v.get("/who").text, "hello "); ok {
		address, _, _ := strings.Cut(rest, " ")
		return address
	}
	return ""
}

func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

var traceShape = regexp.MustCompile(`<code>([0-9A-Z]{4}-[0-9A-Z]{4})</code>`)

func (p page) trace() string {
	if m := traceShape.FindStringSubmatch(p.text); m != nil {
		return m[1]
	}
	return ""
}

func want(t testing.TB, p page, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("status %d at %s, want %d", p.status, p.url, status)
	}
	for _, s := range texts {
		if !strings.Contains(p.text, s) {
			t.Errorf("the page at %s does not say %q:\n%s", p.url, s, p.text)
		}
	}
}

// asker asks a handler without a server.
func asker(t testing.TB, h http.Handler) (get func(string) page, post func(string, url.Values) page) {
	send := func(r *http.Request) page {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return page{rec.Code, r.URL.RequestURI(), rec.Body.String(), rec.Result().Header}
	}
	return func(path string) page { return send(httptest.NewRequest(http.MethodGet, path, nil)) },
		func(path string, fields url.Values) page {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(fields.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return send(r)
		}
}
