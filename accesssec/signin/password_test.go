package signin_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
)

func TestPasswordSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)

	p := v.get("/who?a=1")
	want(t, p, http.StatusOK, `<label for="address">Email address</label>`, `name="next" value="/who?a=1"`)
	if p.url != "/auth/?next=%2Fwho%3Fa%3D1" {
		t.Errorf("asked to sign in at %s", p.url)
	}
	p = v.post("/auth/", form("address", "ext@example.org", "next", "/who?a=1"))
	want(t, p, http.StatusOK, "ext@example.org", `action="/auth/password"`, `autocomplete="current-password"`)
	if strings.Contains(p.text, "sso/start") {
		t.Error("single sign-on is offered for a domain that has none")
	}
	p = v.post("/auth/password", form("address", " ext@example.org ", "password", right, "next", "/who?a=1"))
	want(t, p, http.StatusOK, "hello ext@example.org")
	if p.url != "/who?a=1" {
		t.Errorf("sent to %s", p.url)
	}
	if p := v.get("/auth/?next=/who"); p.url != "/who" {
		t.Errorf("who is signed in already is sent to %s", p.url)
	}
	if p := v.get("/auth/?org=" + w.orgID); p.url != "/home" {
		t.Errorf("who is signed in to that org already is sent to %s", p.url)
	}
	want(t, v.get("/auth/?org=org-another"), http.StatusOK, `name="org" value="org-another"`)
}

func TestBothWaysAreOffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	asked := form("address", "max@example.com", "next", "/who", "org", w.orgID)

	first := v.post("/auth/", asked)
	want(t, first, http.StatusOK, "single sign-on", "Use a password instead", `name="connection" value="`+w.connection+`"`)
	if strings.Contains(first.text, `type="password"`) {
		t.Error("a password is asked for before it is chosen")
	}
	asked.Set("way", "password")
	second := v.post("/auth/", asked)
	want(t, second, http.StatusOK, `type="password"`, `class="second"`, `action="/auth/sso/start"`)
	for _, field := range []string{`name="next" value="/who"`, `name="org" value="` + w.orgID + `"`} {
		if forms := strings.Count(second.text, "<form "); strings.Count(second.text, field) != forms {
			t.Errorf("%s is not in all %d forms", field, forms)
		}
	}

	w.apply(t, func(s *accesssec.Settings) { s.IdPManaged = false })
	asked.Del("way")
	want(t, v.post("/auth/", asked), http.StatusOK, `type="password"`, `class="second"`, `action="/auth/sso/start"`)
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	wrong := form("address", "ext@example.org", "password", "hunter2-hunter2", "next", "/who")
	p := v.post("/auth/password", wrong)
	want(t, p, http.StatusUnauthorized, "The address or the password is wrong.", `role="alert"`, `aria-invalid="true"`,
		`value="ext@example.org"`, `name="next" value="/who"`, "<title>Error: Sign in")
	if strings.Contains(p.text, "hunter2") {
		t.Error("the password is echoed")
	}
	if v.in() != "" {
		t.Error("signed in by a wrong password")
	}
	for range 5 {
		p = v.post("/auth/password", wrong)
	}
	want(t, p, http.StatusTooManyRequests, "Too many attempts", "You can try again in 30 seconds.", `value="ext@example.org"`)
	if got := p.header.Get("Retry-After"); got != "30" {
		t.Errorf("Retry-After %q", got)
	}
	// The right one does not help while the account is locked.
	wrong.Set("password", right)
	want(t, v.post("/auth/password", wrong), http.StatusTooManyRequests)
}

func TestUnusableAddress(t *testing.T) {
	t.Parallel()
	v := newWorld(t).visitor(t)
	for _, path := range []string{"/auth/", "/auth/password"} {
		for _, address := range []string{"", "nonsense", "a@b@c", "x@" + strings.Repeat("a", 600) + ".org", "\x00@example.com", "\xff\xfe"} {
			want(t, v.post(path, form("address", address, "password", "x", "next", "/who")), http.StatusBadRequest,
				"This is not a usable email address.", `name="next" value="/who"`, `aria-describedby="alert"`)
		}
	}
}

// What stands between a right password and a session is said plainly.
func TestRightPasswordIsNotEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(t, func(s *accesssec.Settings) { s.RequireSSO = true })
	v := w.visitor(t)
	p := v.post("/auth/password", form("address", "max@example.com", "password", right, "next", "/who", "way", "password"))
	want(t, p, http.StatusForbidden, "Your organization requires single sign-on.", `action="/auth/sso/start"`, `name="next" value="/who"`)
	if strings.Contains(p.text, `type="password"`) || strings.Contains(p.text, "Use a password instead") {
		t.Error("what the policy forbids is offered again")
	}
	if v.in() != "" {
		t.Error("signed in all the same")
	}
	if got := v.byPassword("olive@example.com").in(); got != "olive@example.com" {
		t.Errorf("an Owner's password: signed in as %q", got)
	}

	w.apply(t, func(s *accesssec.Settings) { s.BlockExternal = true })
	p = w.visitor(t).post("/auth/password", form("address", "ext@example.org", "password", right, "org", w.orgID))
	want(t, p, http.StatusForbidden, "This organization lets in people of its own domains only.", "support@host.example", "Start again")
	if p.trace() == "" {
		t.Error("no code to read out")
	}
}

// Who has an account, and with what, is not to be read from any page: also not that there
// is a second factor, until the password was right.
func TestPagesDoNotEnumerate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, "fay@example.org")
	w.enrol(t, "max@example.com")
	for _, addresses := range [][]string{
		{"ext@example.org", "fay@example.org", "bare@example.org", "nobody@example.org"},                 // no sign-on
		{"olive@example.com", "max@example.com", "nora@example.com", "ann@example.com", "x@example.com"}, // sign-on
	} {
		for _, step := range []struct {
			path   string
			fields url.Values
			status int
		}{
			{"/auth/", form("next", "/who"), http.StatusOK},
			{"/auth/", form("way", "password"), http.StatusOK},
			{"/auth/password", form("password", "not the one of anybody"), http.StatusUnauthorized},
		} {
			first := ""
			for _, a := range addresses {
				step.fields.Set("address", a)
				p := w.visitor(t).post(step.path, step.fields)
				want(t, p, step.status)
				body := strings.ReplaceAll(traceShape.ReplaceAllString(p.text, ""), html.EscapeString(a), "ADDRESS")
				if first == "" {
					first = body
				}
				if body != first {
					t.Errorf("%s %s tells of another kind of account:\n%s\nand\n%s", step.path, a, first, body)
				}
			}
		}
	}
}

func TestFormsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	want(t, v.post("/auth/password", form("address", "a@example.org", "password", strings.Repeat("x", 20<<10))), http.StatusRequestEntityTooLarge)
	want(t, v.post("/auth/password", form("address", "a@example.org", "password", strings.Repeat("x", 5000))), http.StatusUnauthorized)
	p := v.post("/auth/", form("address", "a@example.org", "org", "a/../b", "next", "/"+strings.Repeat("n", 4000)))
	want(t, p, http.StatusOK)
	if strings.Contains(p.text, `name="org"`) || strings.Contains(p.text, `name="next"`) {
		t.Error("fields out of their bounds are carried on")
	}
	for _, path := range []string{"/auth/code", "/auth/recover", "/auth/factor/begin", "/auth/factor/confirm", "/auth/factor/codes.txt",
		"/auth/factor/done", "/auth/factor/change", "/auth/factor/remove", "/auth/factor/codes", "/auth/factor/reset"} {
		want(t, v.post(path, form("code", strings.Repeat("1", 20<<10))), http.StatusRequestEntityTooLarge)
	}
	fay := w.enrol(t, "fay@example.org")
	for _, path := range []string{"/auth/code", "/auth/recover"} {
		for _, code := range []string{"", strings.Repeat("1", 5000), fay.next() + strings.Repeat(" ", 5000), "\x00\xff", "1234567", "12345"} {
			p := w.visitor(t).half("fay@example.org").post(path, form("code", code))
			if p.status != http.StatusUnauthorized && p.status != http.StatusTooManyRequests {
				t.Errorf("%s %.10q: status %d at %s", path, code, p.status, p.url)
			}
		}
	}
}
