package accesssec_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	st, ring := memory.New(), seal.GenerateRing()
	for _, origin := range []string{"", "app.example.com", "http://app.example.com", "https://", "ftp://app.example.com", "https://my_app.example.com",
		"https://app.example.com/path", "https://app.example.com?x", "https://u:p@app.example.com", "https://app.example.com#x", "javascript:alert(1)", "http://127.0.0.1.evil.example"} {
		if _, err := accesssec.New(st, origin, ring, nil); err == nil {
			t.Errorf("origin %q taken", origin)
		}
	}
	for _, origin := range []string{"https://app.example.com", "https://app.example.com:8443/", "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1"} {
		if _, err := accesssec.New(st, origin, ring, nil); err != nil {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
	for _, o := range []accesssec.Options{{Path: "auth"}, {Path: "/auth"}, {Path: "/my_auth/"}, {Path: "//"}, {Path: "/a?b/"}, {Product: "My Product"}, {Product: strings.Repeat("a", 40)}} {
		if _, err := accesssec.New(st, "https://app.example.com", ring, &o); err == nil {
			t.Errorf("options %+v taken", o)
		}
	}
	if _, err := accesssec.New(nil, "https://app.example.com", ring, nil); err == nil {
		t.Error("no store")
	}
	if _, err := accesssec.New(st, "https://app.example.com", nil, nil); err == nil {
		t.Error("no keys")
	}
}

// broken is a store whose sessions can't be read.
type broken struct{ store.Store }

func (broken) SessionByHash(context.Context, store.Hash) (store.Session, error) {
	return store.Session{}, errors.New("the database is away")
}

func TestProtect(t *testing.T) {
	t.Parallel()
	st, ring := memory.New(), seal.GenerateRing()
	opts := &accesssec.Options{Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true})}
	svc, err := accesssec.New(st, "https://app.example.com", ring, opts)
	if err != nil {
		t.Fatal(err)
	}
	away, err := accesssec.New(broken{st}, "https://app.example.com", ring, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.CreateOrg(t.Context(), "Acme", accesssec.Person{Address: "ann@example.com", Password: "A password of 5 words"}); err != nil {
		t.Fatal(err)
	}
	step, err := svc.SignIn().Password(t.Context(), accesssec.Visit{}, "ann@example.com", "A password of 5 words")
	if err != nil {
		t.Fatal(err)
	}
	set := httptest.NewRecorder()
	step.Entered.SetCookie(set)
	cookie := set.Result().Cookies()[0]
	if cookie.Name != "__Host-accesssec" || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %+v", cookie)
	}
	in := func(r *http.Request) { r.AddCookie(cookie) }
	page := func(r *http.Request) { r.Header.Set("Accept", "text/html,*/*") }
	for name, tt := range map[string]struct {
		svc    *accesssec.Service
		method string
		change []func(*http.Request)
		status int
	}{
		"signed in":                {svc, "GET", []func(*http.Request){in}, 200},
		"signed in, store away":    {away, "GET", []func(*http.Request){in}, 503},
		"store away, no cookie":    {away, "GET", nil, 401},
		"nobody, a page":           {svc, "GET", []func(*http.Request){page}, 303},
		"nobody, a call":           {svc, "GET", nil, 401},
		"nobody, a form":           {svc, "POST", []func(*http.Request){page}, 401},
		"two cookies of that name": {svc, "GET", []func(*http.Request){in, in}, 401},
		"another's name":           {svc, "GET", []func(*http.Request){func(r *http.Request) { r.Header.Set("Cookie", "accesssec="+cookie.Value) }}, 401},
		"a bearer header":          {svc, "GET", []func(*http.Request){func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+cookie.Value) }}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached := false
			h := tt.svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				p, ok := accesssec.FromContext(r.Context())
				reached = ok && p == step.Entered.Principal
			}))
			r := httptest.NewRequest(tt.method, "/page?q=1", nil)
			for _, c := range tt.change {
				c(r)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status || reached != (tt.status == 200) {
				t.Errorf("status %d, reached %v", w.Code, reached)
			}
			if tt.status == 303 && w.Header().Get("Location") != "/auth/?next=%2Fpage%3Fq%3D1" {
				t.Errorf("sent to %q", w.Header().Get("Location"))
			}
		})
	}
	if _, ok := accesssec.FromContext(t.Context()); ok {
		t.Error("somebody is signed in without Protect")
	}
}

func TestCreateOrgRefuses(t *testing.T) {
	t.Parallel()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []accesssec.Person{{}, {Address: "ann"}, {Address: "ann@example.com", Password: "short"}, {Address: "Ann <ann@example.com>"}} {
		if got, err := svc.CreateOrg(t.Context(), "Acme", p); err == nil || got != (accesssec.Principal{}) {
			t.Errorf("%+v: %v, %v", p, got, err)
		}
	}
	if _, err := svc.CreateOrg(t.Context(), " ", accesssec.Person{Address: "ann@example.com"}); err == nil {
		t.Error("an org without a name")
	}
	if err := svc.ImportPeople(t.Context(), "org-none", accesssec.Person{Address: "ann@example.com", Role: "member"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("people of no org: %v", err)
	}
	if err := svc.ImportPeople(t.Context(), "org-none", accesssec.Person{Address: "ann@example.com", Role: "king"}); err == nil {
		t.Error("a role that is none")
	}
}
