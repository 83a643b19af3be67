package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

const (
	scimType   = "application/scim+json"
	errorURN   = "urn:ietf:params:scim:api:messages:2.0:Error"
	patchURN   = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	searchURN  = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	bulkURN    = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	listURN    = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	acmeToken  = "acme-token"
	otherToken = "other-token"
)

// mount is SCIM for two tenants over real HTTP.
type mount struct {
	t       testing.TB
	url     string
	acme    *scim.Memory
	other   *scim.Memory
	handler http.Handler

	mu     sync.Mutex
	served []scim.Request
	events []scim.Event
	log    strings.Builder
}

// lines is the log.
type lines struct{ m *mount }

func (l lines) Write(b []byte) (int, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return l.m.log.Write(b)
}

// clock goes on by a millisecond with every look.
func clock() func() time.Time {
	var mu sync.Mutex
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Millisecond)
		return now
	}
}

func authenticate(r *http.Request, tenants map[string]scim.Tenant) (scim.Tenant, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if tenant, known := tenants[token]; ok && known {
		return tenant, nil
	}
	return scim.Tenant{}, &scim.Error{Status: http.StatusUnauthorized, Detail: "This token is none."}
}

// serve mounts SCIM; change may change the tenant, and the options.
func serve(t testing.TB, change func(*scim.Tenant, *scim.Options)) *mount {
	t.Helper()
	m := &mount{t: t}
	now := clock()
	o := scim.Options{
		Now:    now,
		Log:    slog.New(slog.NewTextHandler(lines{m}, nil)),
		Served: func(_ context.Context, r scim.Request) { m.mu.Lock(); m.served = append(m.served, r); m.mu.Unlock() },
		Event:  func(_ context.Context, e scim.Event) { m.mu.Lock(); m.events = append(m.events, e); m.mu.Unlock() },
	}
	acme := scim.Tenant{Scope: "acme"}
	if change != nil {
		change(&acme, &o)
	}
	m.acme, m.other = scim.NewMemory(o.Schemas, now), scim.NewMemory(o.Schemas, now)
	if acme.Backend == nil {
		acme.Backend = m.acme
	}
	other := acme
	other.Backend, other.Scope = m.other, "other"
	h, err := scim.NewHandler(func(r *http.Request) (scim.Tenant, error) {
		return authenticate(r, map[string]scim.Tenant{acmeToken: acme, otherToken: other})
	}, &o)
	if err != nil {
		t.Fatal(err)
	}
	m.handler = h
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	m.url = server.URL + "/scim/v2"
	return m
}

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// send sends one request. Headers are names and values.
func (m *mount) send(method, path, body string, headers ...string) answer {
	m.t.Helper()
	req, err := http.NewRequest(method, m.url+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+acmeToken)
	if body != "" {
		req.Header.Set("Content-Type", scimType)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			m.t.Fatalf("%s %s: %v in %.300s", method, path, err, text)
		}
	}
	return a
}

// must sends a request that has to come to that status.
func (m *mount) must(status int, method, path, body string, headers ...string) answer {
	m.t.Helper()
	a := m.send(method, path, body, headers...)
	if a.status != status {
		m.t.Fatalf("%s %s: %d instead of %d: %.500s", method, path, a.status, status, a.text)
	}
	return a
}

// refused sends a request that has to come to a SCIM error.
func (m *mount) refused(status int, scimType, method, path, body string, headers ...string) answer {
	m.t.Helper()
	a := m.must(status, method, path, body, headers...)
	got, _ := a.body["scimType"].(string)
	schemas := fmt.Sprint(a.body["schemas"])
	if got != scimType || schemas != "["+errorURN+"]" || a.body["status"] != fmt.Sprint(status) || a.body["detail"] == "" || a.body["detail"] == nil {
		m.t.Errorf("%s %.200s: the error is %.300s, not a %q", method, path, a.text, scimType)
	}
	return a
}

func (a answer) str(path ...string) string {
	var v any = a.body
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, _ := v.(string)
	return s
}

func (a answer) id() string { return a.str("id") }

// ids are those of a list.
func (a answer) ids() []string {
	out := []string{}
	list, _ := a.body["Resources"].([]any)
	for _, one := range list {
		id, _ := one.(map[string]any)["id"].(string)
		out = append(out, id)
	}
	return out
}

func userBody(name string, more ...string) string {
	return `{"schemas":["` + scim.UserSchema + `"],"userName":"` + name + `"` + strings.Join(more, "") + `}`
}

func groupBody(name string, more ...string) string {
	return `{"schemas":["` + scim.GroupSchema + `"],"displayName":"` + name + `"` + strings.Join(more, "") + `}`
}

func patchBody(operations ...string) string {
	return `{"schemas":["` + patchURN + `"],"Operations":[` + strings.Join(operations, ",") + `]}`
}

func (m *mount) user(name string, more ...string) string {
	m.t.Helper()
	return m.must(201, "POST", "/Users", userBody(name, more...)).id()
}

func (m *mount) group(name string, members ...string) string {
	m.t.Helper()
	return m.must(201, "POST", "/Groups", groupBody(name, `,"members":`+memberList(members...))).id()
}

func memberList(ids ...string) string {
	var list []string
	for _, id := range ids {
		list = append(list, `{"value":"`+id+`"}`)
	}
	return "[" + strings.Join(list, ",") + "]"
}

// last is what the last request came to.
func (m *mount) last() scim.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.served[len(m.served)-1]
}

func TestResources(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	created := m.must(201, "POST", "/Users", userBody("ann@example.com", `,"externalId":"e1","password":"secret","name":{"givenName":"Ann"}`))
	id := created.id()
	at := m.url + "/Users/" + id
	if created.header.Get("Location") != at || created.str("meta", "location") != at || created.header.Get("Etag") != created.str("meta", "version") ||
		!strings.HasPrefix(created.header.Get("Etag"), `W/"`) || created.header.Get("Content-Type") != scimType ||
		created.header.Get("Cache-Control") != "no-store" || created.body["active"] != true {
		t.Errorf("created: %v %s", created.header, created.text)
	}
	if strings.Contains(created.text, "secret") {
		t.Error("a password comes back")
	}
	if got := m.must(200, "GET", "/Users/"+id, ""); got.text != created.text {
		t.Errorf("read:\n%s\ncreated:\n%s", got.text, created.text)
	}
	put := m.must(200, "PUT", "/Users/"+id, userBody("ann@example.com", `,"externalId":"e2"`))
	if put.body["name"] != nil || put.str("externalId") != "e2" || put.header.Get("Etag") == created.header.Get("Etag") {
		t.Errorf("replaced: %s", put.text)
	}
	patched := m.must(200, "PATCH", "/Users/"+id, patchBody(`{"op":"replace","path":"active","value":false}`))
	if patched.body["active"] != false || patched.header.Get("Location") != at {
		t.Errorf("patched: %s", patched.text)
	}
	m.refused(409, "uniqueness", "POST", "/Users", userBody("ANN@example.com"))
	head := m.must(200, "HEAD", "/Users/"+id, "")
	if head.text != "" || head.header.Get("Etag") != patched.header.Get("Etag") || head.header.Get("Content-Length") != fmt.Sprint(len(patched.text)) {
		t.Errorf("head: %v %q", head.header, head.text)
	}
	gone := m.must(204, "DELETE", "/Users/"+id, "")
	if gone.text != "" {
		t.Errorf("deleted: %q", gone.text)
	}
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		body := ""
		switch method {
		case "PUT":
			body = userBody("x")
		case "PATCH":
			body = patchBody(`{"op":"replace","path":"active","value":false}`)
		}
		m.refused(404, "", method, "/Users/"+id, body)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	ann, bob := m.user("ann"), m.user("bob")
	created := m.must(201, "POST", "/Groups", groupBody("Staff", `,"members":`+memberList(ann, "nobody")))
	id := created.id()
	if !strings.Contains(created.text, ann) || strings.Contains(created.text, `"nobody"`) {
		t.Errorf("created: %s", created.text)
	}
	if r := m.last(); !slices.Equal(r.Skipped, []string{"nobody"}) || !slices.Contains(r.Tolerated, scim.UnknownMember) {
		t.Errorf("served: %+v", r)
	}
	patched := m.must(204, "PATCH", "/Groups/"+id, patchBody(`{"op":"add","path":"members","value":`+memberList(bob)+`}`))
	if patched.header.Get("Etag") != created.header.Get("Etag") || patched.header.Get("Content-Type") != "" {
		t.Errorf("who is in a group is not its own: %v", patched.header)
	}
	with := m.must(200, "PATCH", "/Groups/"+id+"?attributes=displayName", patchBody(`{"op":"replace","path":"displayName","value":"Crew"}`))
	if with.str("displayName") != "Crew" || with.body["members"] != nil {
		t.Errorf("asked for the name: %s", with.text)
	}
	if got := m.must(200, "GET", "/Groups/"+id, ""); len(got.body["members"].([]any)) != 2 {
		t.Errorf("read: %s", got.text)
	}
	if got := m.must(200, "GET", "/Groups/"+id+"?excludedAttributes=members", ""); got.body["members"] != nil {
		t.Errorf("read without: %s", got.text)
	}
	if got := m.must(200, "GET", "/Users/"+bob, ""); !strings.Contains(got.text, `"value":"`+id+`"`) || !strings.Contains(got.text, `"display":"Crew"`) {
		t.Errorf("the groups of a member: %s", got.text)
	}
	if got := m.must(200, "PUT", "/Groups/"+id, groupBody("Crew")); got.body["members"] != nil {
		t.Errorf("a name alone reads the members back: %s", got.text)
	}
	if got := m.must(200, "PUT", "/Groups/"+id, groupBody("Crew", `,"members":[]`)); strings.Contains(got.text, ann) {
		t.Errorf("emptied: %s", got.text)
	}
	m.must(204, "DELETE", "/Groups/"+id, "")
	m.refused(404, "", "GET", "/Groups/"+id, "")
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	id := m.user("ann")
	for _, row := range []struct {
		method, path, allow string
		status              int
		loose               bool
	}{
		{"GET", "/Users/", "", 200, true},
		{"GET", "//Users", "", 200, true},
		{"GET", "/Users//" + id, "", 200, true},
		{"GET", "/Users/" + id + "/", "", 200, true},
		{"GET", "?aadOptscim062020/Users/" + id, "", 200, true},
		{"GET", "/?aadOptscim062020/Users?count=1", "", 200, true},
		{"GET", "/Users/" + id + "?aadOptscim062020", "", 200, false},
		{"GET", "/Users?x=%zz&utm=1", "", 200, false},
		{"GET", "?a=b/Users/" + id, "", 200, false}, // a search at the root, with a parameter of somebody else's
		{"GET", "/users", "", 404, false},
		{"GET", "/Users/" + id + "/name", "", 404, false},
		{"GET", "/Roles", "", 404, false},
		{"GET", "/Bulk/1", "", 404, false},
		{"GET", "/Me/x", "", 404, false},
		{"GET", "/ServiceProviderConfig/x", "", 404, false},
		{"GET", strings.Repeat("/a", 200), "", 404, false},
		{"GET", "/..%2f..%2fUsers", "", 404, false},
		{"PUT", "/Users", "GET, HEAD, POST", 405, false},
		{"DELETE", "/Groups", "GET, HEAD, POST", 405, false},
		{"POST", "/Users/" + id, "GET, HEAD, PUT, PATCH, DELETE", 405, false},
		{"OPTIONS", "/Users", "GET, HEAD, POST", 405, false},
		{"BREW", "/Users", "GET, HEAD, POST", 405, false},
		{"GET", "/Bulk", "POST", 405, false},
		{"GET", "/.search", "POST", 405, false},
		{"GET", "/Users/.search", "POST", 405, false},
		{"POST", "/", "GET, HEAD", 405, false},
		{"POST", "/Me", "GET, HEAD, PUT, PATCH, DELETE", 405, false},
		{"POST", "/Schemas", "GET, HEAD", 405, false},
		{"PUT", "/ResourceTypes", "GET, HEAD", 405, false},
		{"PATCH", "/ServiceProviderConfig", "GET, HEAD", 405, false},
		{"DELETE", "/Schemas/" + scim.UserSchema, "GET, HEAD", 405, false},
		{"GET", "/Me", "", 501, false},
	} {
		a := m.send(row.method, row.path, "")
		if a.status != row.status || a.header.Get("Allow") != row.allow {
			t.Errorf("%s %s: %d, Allow %q: %.200s", row.method, row.path, a.status, a.header.Get("Allow"), a.text)
		}
		if row.status >= 400 && a.str("status") != fmt.Sprint(row.status) {
			t.Errorf("%s %s: no SCIM error: %.200s", row.method, row.path, a.text)
		}
		if loose := slices.Contains(m.last().Tolerated, scim.PathForm); loose != row.loose {
			t.Errorf("%s %s: noted as loose: %v", row.method, row.path, loose)
		}
	}
	strict := serve(t, func(t *scim.Tenant, _ *scim.Options) { t.Profile = scim.Strict })
	strict.refused(404, "", "GET", "/Users/", "")
	strict.must(200, "GET", "/Users?x=1", "")
}

func TestMe(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	id := m.user("ann")
	h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) {
		return scim.Tenant{Backend: m.acme, Me: id, BaseURL: "https://api.example.com/scim/v2/"}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	m.url = server.URL + "/scim/v2"
	at := "https://api.example.com/scim/v2/Users/" + id
	for _, row := range []struct {
		method, body string
		status       int
	}{
		{"GET", "", 200},
		{"PATCH", patchBody(`{"op":"add","path":"title","value":"Dr"}`), 200},
		{"PUT", userBody("ann2"), 200},
		{"DELETE", "", 204},
		{"GET", "", 404},
	} {
		a := m.must(row.status, row.method, "/Me", row.body)
		if row.status == 200 && (a.header.Get("Location") != at || a.id() != id) {
			t.Errorf("%s: %v %s", row.method, a.header, a.text)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	const okta = "application/scim+json; charset=utf-8"
	for _, row := range []struct {
		profile                     scim.Profile
		accept, agent, sent, answer string
		status                      int
		noted                       []scim.Tolerance
	}{
		{"", "", "", scimType, scimType, 201, nil},
		{"", "*/*", "", "application/json", scimType, 201, nil},
		{"", okta, "Okta SCIM Client 1.0.0", "application/json; charset=utf-8", scimType, 201, nil},
		{"", "application/json", "", scimType, "application/json", 201, []scim.Tolerance{scim.Response}},
		{"", "application/json, application/scim+json", "", scimType, scimType, 201, nil},
		{"", "text/html", "", scimType, scimType, 201, nil},
		{"", "", "OneLogin SCIM", scimType, "application/json", 201, []scim.Tolerance{scim.Response}},
		{"", "", "", "", scimType, 201, []scim.Tolerance{scim.ContentType}},
		{"", "", "", "text/plain", scimType, 201, []scim.Tolerance{scim.ContentType}},
		{scim.OneLogin, "", "", scimType, "application/json", 201, []scim.Tolerance{scim.Response}},
		{scim.Strict, "application/json", "", scimType, scimType, 201, nil},
		{scim.Strict, "", "", "application/json", scimType, 201, nil},
		{scim.Strict, "", "", "", scimType, 415, nil},
		{scim.Strict, "", "", "text/plain", scimType, 415, nil},
	} {
		m := serve(t, func(t *scim.Tenant, _ *scim.Options) { t.Profile = row.profile })
		a := m.send("POST", "/Users", userBody("ann"), "Accept", row.accept, "User-Agent", row.agent, "Content-Type", row.sent)
		if a.status != row.status || a.header.Get("Content-Type") != row.answer || !slices.Equal(m.last().Tolerated, row.noted) {
			t.Errorf("%+v: %d %s %v", row, a.status, a.header.Get("Content-Type"), m.last().Tolerated)
		}
	}
	m := serve(t, nil)
	m.refused(415, "", "POST", "/Users", userBody("ann"), "Content-Encoding", "gzip")
}

// Who is not known learns nothing, and nothing is read from them.
func TestTenant(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	id := m.user("ann")
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer x", "Basic " + acmeToken} {
		for _, path := range []string{"/Users/" + id, "/nowhere", "/ServiceProviderConfig"} {
			a := m.refused(401, "", "GET", path, "", "Authorization", header)
			if a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%q: %v", header, a.header)
			}
		}
	}
	if r := m.last(); r.Status != 401 || r.Detail != "This token is none." {
		t.Errorf("served: %+v", r)
	}
	foreign := []string{"Authorization", "Bearer " + otherToken}
	m.refused(404, "", "GET", "/Users/"+id, "", foreign...)
	m.refused(404, "", "DELETE", "/Users/"+id, "", foreign...)
	for _, row := range []struct {
		err    error
		status int
		retry  string
	}{
		{errors.New("the database is at 10.0.0.1"), 500, ""},
		{fmt.Errorf("over: %w", &scim.Error{Status: 429, Detail: "Too many requests.", RetryAfter: 1500 * time.Millisecond}), 429, "2"},
		{&scim.Error{Status: 7}, 500, ""},
		{nil, 500, ""}, // no backend
	} {
		var log strings.Builder
		h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) { return scim.Tenant{}, row.err },
			&scim.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/scim/v2/Users", nil))
		if w.Code != row.status || w.Header().Get("Retry-After") != row.retry || strings.Contains(w.Body.String(), "10.0.0.1") {
			t.Errorf("%v: %d %v %s", row.err, w.Code, w.Header(), w.Body)
		}
		if logged := log.Len() > 0; logged != (row.status == 500) {
			t.Errorf("%v: log %q", row.err, log.String())
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	tenant := func(*http.Request) (scim.Tenant, error) { return scim.Tenant{}, nil }
	if _, err := scim.NewHandler(nil, nil); err == nil {
		t.Error("served for nobody")
	}
	for _, o := range []scim.Options{
		{BasePath: "scim"}, {BasePath: "/scim?x"}, {BasePath: "/a//b"}, {BasePath: strings.Repeat("/a", 40)},
		{MaxBody: -1}, {MaxOperations: -1}, {MaxResults: -1}, {DefaultCount: -1}, {CursorLifetime: -1},
		{CursorKey: make([]byte, 31)}, {CursorKey: []byte{}},
	} {
		if _, err := scim.NewHandler(tenant, &o); err == nil || !strings.HasPrefix(err.Error(), "scim: ") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, at := range []string{"/", "/scim/v2/", "/a/b/c"} {
		if _, err := scim.NewHandler(tenant, &scim.Options{BasePath: at}); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	}
}
