package samltest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

// scripted answers by path, without a network, and notes what was posted.
type scripted struct {
	pages   map[string]string // by URL without query
	headers http.Header       // of every page
	posted  []*http.Request
	bodies  []string
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.posted, s.bodies = append(s.posted, r), append(s.bodies, string(body))
	}
	w := httptest.NewRecorder()
	for name, values := range s.headers {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	at := *r.URL
	at.RawQuery = ""
	page, ok := s.pages[at.String()]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
	}
	fmt.Fprint(w, page)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (s *scripted) client(t testing.TB) *http.Client {
	c := newClient(t)
	c.Transport = s
	return c
}

const people = `<!DOCTYPE html><form action="/search"><input name="q"></form>
<FORM method=POST action="/sim/login"><input type="hidden" name="ticket" value="t&amp;1"><input type=text name=ignored value=x>
<button name="person" value="ann@example.com">Ann</button><label><input type="checkbox" name="attack" value="expired"></label></FORM>`

const answerForm = `<form method="post" action="https://app.example/acs"><input type="hidden" name="SAMLResponse" value="a+b="><input type="hidden" name="RelayState" value="r"></form>`

func TestLoginWalk(t *testing.T) {
	t.Parallel()
	s := &scripted{pages: map[string]string{
		"https://app.example/login": `<form method="post" action="https://idp.example/sso"><input type="hidden" name="SAMLRequest" value="x"/></form>`,
		"https://idp.example/sso":   people,
		// The service provider's page posts the response once more, to itself.
		"https://idp.example/sim/login": answerForm,
		"https://app.example/acs":       strings.ReplaceAll(answerForm, "/acs", "/again"),
		"https://app.example/again":     "<p>Welcome<form method=post><input type=hidden name=csrf></form>",
	}}
	resp, err := samltest.Login(context.Background(), s.client(t), "https://app.example/login", "ann@example.com", samltest.Expired)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if string(body) != s.pages["https://app.example/again"] {
		t.Errorf("answer %q", body)
	}
	want := []string{
		"https://idp.example/sso https://app.example cross-site SAMLRequest=x",
		"https://idp.example/sim/login https://idp.example same-origin attack=expired&person=ann%40example.com&ticket=t%261",
		"https://app.example/acs https://idp.example cross-site RelayState=r&SAMLResponse=a%2Bb%3D",
		"https://app.example/again https://app.example same-origin RelayState=r&SAMLResponse=a%2Bb%3D",
	}
	for i, r := range s.posted {
		got := strings.Join([]string{r.URL.String(), r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site"), s.bodies[i]}, " ")
		if i >= len(want) || got != want[i] {
			t.Errorf("post %d: %s", i, got)
		}
	}
	if len(s.posted) != len(want) {
		t.Errorf("%d posts, want %d", len(s.posted), len(want))
	}
}

func TestLoginOriginFollowsReferrerPolicy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ policy, action, want string }{
		"default":                {"", "https://app.example/acs", "https://idp.example"},
		"no referrer":            {"no-referrer", "https://app.example/acs", "null"},
		"no referrer, same":      {"no-referrer", "https://idp.example/acs", "null"},
		"same origin, elsewhere": {"same-origin", "https://app.example/acs", "null"},
		"same origin":            {"same-origin", "https://idp.example/acs", "https://idp.example"},
		"downgrade":              {"", "http://app.example/acs", "null"},
		"unsafe downgrade":       {"unsafe-url", "http://app.example/acs", "https://idp.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{
				pages:   map[string]string{"https://idp.example/": strings.Replace(answerForm, "https://app.example/acs", tc.action, 1)},
				headers: http.Header{"Referrer-Policy": {tc.policy}},
			}
			resp, err := samltest.Login(context.Background(), s.client(t), "https://idp.example/", "ann@example.com")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := s.posted[0].Header.Get("Origin"); got != tc.want {
				t.Errorf("origin %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLoginFails(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	const start = "https://idp.example/sso"
	for name, tc := range map[string]struct {
		ctx     context.Context
		page    string
		headers http.Header
		email   string
		attack  samltest.Attack
		says    string
	}{
		"no form":          {page: "<p>Hello", says: "no sign-in page at https://idp.example/sso (status 200)"},
		"not HTML":         {page: people, headers: http.Header{"Content-Type": {"text/plain"}}, says: "no sign-in page"},
		"unknown person":   {page: people, email: "eve@example.com", says: `does not list "eve@example.com"`},
		"unknown attack":   {page: people, attack: "sharks", says: `does not offer the attack "sharks"`},
		"no script action": {page: strings.Replace(answerForm, "https://app.example/acs", "javascript:alert(1)", 1), says: "no sign-in page"},
		"GET form":         {page: strings.Replace(answerForm, "post", "get", 1), says: "no sign-in page"},
		"bad action":       {page: strings.Replace(answerForm, "https://app.example/acs", "http://%zz", 1), says: "no usable action"},
		"form not closed":  {page: strings.Replace(answerForm, "</form>", "", 1), says: "no sign-in page"},
		"large page":       {page: strings.Repeat("x", 4<<20+1), says: "larger than"},
		"many elements":    {page: strings.Repeat("<a>", 300_000), says: "too many elements"},
		"many fields":      {page: "<form method=post>" + manyFields(2000) + "</form>", says: "too many fields"},
		"round and round":  {page: strings.Replace(answerForm, "https://app.example/acs", start, 1), says: "more than 10 forms"},
		"canceled":         {ctx: canceled, page: people, says: "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{pages: map[string]string{start: tc.page}, headers: tc.headers}
			ctx, email, attacks := tc.ctx, tc.email, []samltest.Attack(nil)
			if ctx == nil {
				ctx = context.Background()
			}
			if email == "" {
				email = "ann@example.com"
			}
			if tc.attack != "" {
				attacks = append(attacks, tc.attack)
			}
			_, err := samltest.Login(ctx, s.client(t), start, email, attacks...)
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.HasPrefix(err.Error(), "samltest: ") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<input type=hidden name=f%d>`, i)
	}
	return b.String()
}

func TestLoginNeedsCookies(t *testing.T) {
	t.Parallel()
	for _, c := range []*http.Client{nil, {}} {
		if _, err := samltest.Login(context.Background(), c, "https://app.example", "ann@example.com"); err == nil {
			t.Error("a client without a jar was taken")
		}
	}
	if _, err := samltest.Login(context.Background(), newClient(t), "http://%zz", "ann@example.com"); err == nil {
		t.Error("a URL that is none was taken")
	}
}

// No page can make Login panic or run for ever.
func FuzzLogin(f *testing.F) {
	for _, page := range []string{people, answerForm, "<form><form>", "<form method=post action=:>", "<", "<!--", "<form method=post><input name=SAMLResponse type=hidden></form>"} {
		f.Add(page, "no-referrer")
	}
	f.Fuzz(func(t *testing.T, page, policy string) {
		s := &scripted{pages: map[string]string{"https://idp.example/": page}, headers: http.Header{"Referrer-Policy": {policy}}}
		resp, err := samltest.Login(context.Background(), s.client(t), "https://idp.example/", "ann@example.com", samltest.Expired)
		if err == nil {
			resp.Body.Close()
		}
		if err != nil && !strings.HasPrefix(err.Error(), "samltest: ") {
			t.Errorf("error %v", err)
		}
		if len(s.posted) > 10 {
			t.Errorf("%d posts", len(s.posted))
		}
	})
}
