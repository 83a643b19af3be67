package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
)

// frozen fails when a Backend is written to.
type frozen struct {
	*scim.Memory
	t *testing.T
}

func (f frozen) CreateUser(_ context.Context, u scim.User) (scim.User, error) {
	f.t.Errorf("user %.40q is made", u.UserName)
	return u, nil
}

func (f frozen) CreateGroup(_ context.Context, g scim.Group, _ scim.MemberChange) (scim.Group, []string, error) {
	f.t.Errorf("group %.40q is made", g.DisplayName)
	return g, nil, nil
}

// Whatever comes is answered by a SCIM error, and changes nothing.
func TestHostile(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	id, group := m.user("ann"), m.group("Staff")
	before := m.must(200, "GET", "/?sortBy=id", "").text
	deep := strings.Repeat(`{"a":`, 100000) + "1" + strings.Repeat("}", 100000)
	filter := func(f string) string { return "/Users?filter=" + url.QueryEscape(f) }
	many := func(one string, n int) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	type row struct {
		status       int
		kind         string
		method, path string
		body         string
	}
	rows := []row{
		{413, "", "POST", "/Users", userBody(strings.Repeat("x", 10<<20))},
		{413, "", "PATCH", "/Users/" + id, strings.Repeat(" ", 10<<20)},
		{413, "", "POST", "/Bulk", bulkBody(many(`{"method":"DELETE","path":"/Users/`+id+`"}`, 10000))},
		{413, "", "PATCH", "/Users/" + id, patchBody(many(`{"op":"add","path":"title","value":"x"}`, 10000))},
		{413, "", "PATCH", "/Groups/" + group, patchBody(many(`{"op":"add","path":"members","value":[{"value":"x"}]}`, 10000))},
		{400, "invalidFilter", "GET", filter(strings.Repeat("(", 20000)), ""},
		{400, "invalidFilter", "GET", filter(strings.Repeat("not (", 3000)), ""},
		{400, "invalidFilter", "GET", filter(strings.Repeat("title pr or ", 3000) + "title pr"), ""},
		{400, "invalidFilter", "GET", filter(`userName eq "` + strings.Repeat("x", 20000) + `"`), ""},
		{400, "invalidFilter", "GET", filter("userName eq \"\x00\""), ""},
		{400, "invalidFilter", "GET", filter("userName eq \"\xff\""), ""},
		{400, "invalidFilter", "POST", "/Users/.search", `{"schemas":["` + searchURN + `"],"filter":"` + strings.Repeat("a pr and ", 100000) + `a pr"}`},
		{400, "invalidValue", "GET", "/Users?attributes=" + strings.Repeat("a,", 1000), ""},
		{400, "invalidPath", "GET", "/Users?sortBy=" + strings.Repeat("a", 20000), ""},
		{404, "", "GET", "/Users/" + strings.Repeat("a", 20000), ""},
		{404, "", "GET", "/Users/%00", ""},
		{404, "", "DELETE", "/Users/" + id + "%00", ""},
		{404, "", "PATCH", "/Groups/%ff", patchBody(`{"op":"add","path":"members","value":[{"value":"x"}]}`)},
		{404, "", "GET", "/Schemas/%ff%fe", ""},
	}
	for _, body := range []string{
		"", " ", "{", "nul", "null", "1", `"x"`, "[]", `{"a":1}{"a":1}`, deep, strings.Repeat("[", 500000),
		`{"userName":"a","userName":"b"}`, userBody("a", `,"userName":"b"`), userBody("a", `,"USERNAME":"b"`),
		userBody("a\x00b"), userBody(`a\u0000b`), userBody("a\xffb"), userBody(`\ud800`), userBody("a\nb"),
		userBody("a", `,"active":[]`), userBody("a", `,"emails":{"value":{}}`), userBody("a", `,"name":"x","emails":1`),
		userBody(strings.Repeat("n", 300)), userBody("a", `,"title":"`+strings.Repeat("x", 5000)+`"`),
		userBody("a", `,"emails":[`+many(`{"value":"x"}`, 1000)+`]`), "\xef\xbb\xbf" + userBody("a"),
		`{"schemas":["` + scim.UserSchema + `"],"userName":1e400}`, `{"schemas":{},"userName":"x"}`, `<User/>`,
	} {
		for _, to := range []row{{method: "POST", path: "/Users"}, {method: "PUT", path: "/Users/" + id}, {method: "PATCH", path: "/Users/" + id},
			{method: "POST", path: "/Groups"}, {method: "PATCH", path: "/Groups/" + group}, {method: "POST", path: "/Bulk"}, {method: "POST", path: "/.search"}} {
			to.status, to.body, to.kind = 400, body, "any"
			rows = append(rows, to)
		}
	}
	for i, row := range rows {
		a := m.send(row.method, row.path, row.body, "Content-Type", scimType)
		if kind, _ := a.body["scimType"].(string); a.status != row.status || a.str("status") != fmt.Sprint(row.status) || row.kind != "any" && kind != row.kind || len(a.text) > 3000 {
			t.Errorf("%d: %s %.60s %.60q: %d %.300s", i, row.method, row.path, row.body, a.status, a.text)
		}
	}
	if after := m.must(200, "GET", "/?sortBy=id", "").text; after != before {
		t.Errorf("something has changed:\n%.2000s\n%.2000s", before, after)
	}
	if log := m.log.String(); log != "" {
		t.Errorf("faults of ours: %.2000s", log)
	}
	t.Logf("%d requests", len(rows))
}

// A body that is too long is not read into memory, whatever length it says that it has. It is
// not parallel: what it measures is of the whole process.
func TestMemoryBounded(t *testing.T) {
	h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) {
		return scim.Tenant{Backend: frozen{scim.NewMemory(nil, nil), t}}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 20
	deep := strings.Repeat("[", 1<<20-1)
	for name, send := range map[string]func() *http.Request{
		"10 MB": func() *http.Request { return request("POST", "/Users", userBody(strings.Repeat("x", 10<<20))) },
		"endless": func() *http.Request {
			r := httptest.NewRequest("POST", "/scim/v2/Users", io.LimitReader(endless{}, 1<<40))
			r.ContentLength = -1
			r.Header.Set("Content-Type", scimType)
			return r
		},
		"deep":    func() *http.Request { return request("POST", "/Users", deep) },
		"objects": func() *http.Request { return request("POST", "/Users", "["+strings.Repeat("{},", 300000)+"{}") },
	} {
		var before, after runtime.MemStats
		requests := make([]*http.Request, rounds)
		for i := range requests {
			requests[i] = send()
		}
		runtime.ReadMemStats(&before)
		for _, r := range requests {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 413 && w.Code != 400 {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
		runtime.ReadMemStats(&after)
		each := (after.TotalAlloc - before.TotalAlloc) / rounds
		t.Logf("%s: %d KB for each request", name, each>>10)
		if each > 8<<20 {
			t.Errorf("%s takes %d bytes", name, each)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A group of many members is written out in parts: it is never whole in memory.
func TestBigGroup(t *testing.T) {
	t.Parallel()
	memory := scim.NewMemory(nil, nil)
	const size = 20000
	var ids []string
	for i := range size {
		u, err := memory.CreateUser(t.Context(), scim.User{UserName: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	g, _, err := memory.CreateGroup(t.Context(), scim.Group{DisplayName: "all"}, scim.MemberChange{Add: ids})
	if err != nil {
		t.Fatal(err)
	}
	for name, backend := range map[string]scim.Backend{"whole": memory, "failing": failing{memory}} {
		h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) { return scim.Tenant{Backend: backend}, nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		for path, only := range map[string]bool{"/Groups/" + g.ID: true, "/Groups": false} {
			w := &parts{header: http.Header{}}
			h.ServeHTTP(w, httptest.NewRequest("GET", "/scim/v2"+path, nil))
			whole := json.Valid([]byte(w.text.String()))
			if whole != (name == "whole") || w.longest > 300<<10 || w.header.Get("Content-Length") != "" {
				t.Errorf("%s %s (one group: %v): ends in %.60q, longest part %d, %v", name, path, only, w.text.String()[w.text.Len()-20:], w.longest, w.header)
			}
			if name == "whole" && strings.Count(w.text.String(), `"value":`) != size {
				t.Errorf("%s: %d members", path, strings.Count(w.text.String(), `"value":`))
			}
		}
	}
}

// failing loses its database on the third page.
type failing struct{ *scim.Memory }

func (f failing) Members(ctx context.Context, id, after string, limit int) ([]scim.Member, string, error) {
	list, next, err := f.Memory.Members(ctx, id, after, limit)
	if after > "user-h" {
		err = errors.New("the database is gone")
	}
	return list, next, err
}

// parts is a ResponseWriter that looks at how it is written to.
type parts struct {
	header  http.Header
	text    strings.Builder
	longest int
}

func (p *parts) Header() http.Header { return p.header }
func (p *parts) WriteHeader(int)     {}
func (p *parts) Write(b []byte) (int, error) {
	p.longest = max(p.longest, len(b))
	return p.text.Write(b)
}

// A body that ends too early is no body.
func TestCutBody(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	u, err := url.Parse(m.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := userBody("ann")
	fmt.Fprintf(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", acmeToken, len(body)+1, body)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Errorf("%v %.300s", err, answer)
	}
	if got := m.must(200, "GET", "/Users", ""); len(got.ids()) != 0 {
		t.Errorf("half a body made %s", got.text)
	}
}

// What a backend says of itself stays here.
func TestBackendErrors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err    error
		status int
		kind   string
		says   string
	}{
		{errors.New("dial tcp 10.0.0.1:5432"), 500, "", "internal error"},
		{context.DeadlineExceeded, 500, "", "internal error"},
		{fmt.Errorf("member: %w", scim.ErrNotFound), 404, "", "no such resource"},
		{scim.ErrTaken, 409, "uniqueness", "userName, displayName or externalId is taken"},
		{fmt.Errorf("externalId: %w", scim.ErrTaken), 409, "uniqueness", "externalId is taken"},
		{&scim.Error{Status: 403, Detail: "This address is on no domain of yours."}, 403, "", "no domain of yours"},
		{fmt.Errorf("pg: %w", &scim.Error{Status: 400, Type: scim.TooMany, Detail: "Too many."}), 400, "tooMany", "Too many."},
		{&scim.Error{Status: 503, Detail: "Later.", Err: errors.New("10.0.0.1")}, 503, "", "Later."},
	} {
		m := serve(t, func(tenant *scim.Tenant, o *scim.Options) {
			tenant.Backend = broken{scim.NewMemory(nil, o.Now), row.err}
		})
		for method, body := range map[string]string{"POST": userBody("ann"), "GET": ""} {
			a := m.refused(row.status, row.kind, method, "/Users", body)
			if !strings.Contains(a.text, row.says) || strings.Contains(a.text, "10.0.0.1") || strings.Contains(a.text, "pg") {
				t.Errorf("%v: %s", row.err, a.text)
			}
		}
		if logged := strings.Contains(m.log.String(), "request failed"); logged != (row.status >= 500) {
			t.Errorf("%v: log %q", row.err, m.log.String())
		}
	}
}

// broken is a backend that fails.
type broken struct {
	*scim.Memory
	err error
}

func (b broken) CreateUser(context.Context, scim.User) (scim.User, error) { return scim.User{}, b.err }
func (b broken) Users(context.Context, scim.Query) (scim.Page[scim.User], error) {
	return scim.Page[scim.User]{}, b.err
}

// A body that something on the way has made longer is not cut.
func TestLongerBody(t *testing.T) {
	t.Parallel()
	h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) {
		return scim.Tenant{Backend: frozen{scim.NewMemory(nil, nil), t}}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	body := userBody("ann")
	r := request("POST", "/Users", body+body)
	r.ContentLength = int64(len(body))
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 400 || !strings.Contains(w.Body.String(), "invalidSyntax") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
