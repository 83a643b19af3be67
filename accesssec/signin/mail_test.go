package signin_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// another is a password that somebody changes to.
const another = "Another horse 8 at the fence"

// mail is the newest of a kind, and nil when there is none.
func (w *world) mail(t testing.TB, template accesssec.Template) *accesssec.Notice {
	t.Helper()
	w.delivered(t) // one Tick decides
	all := w.delivered(t)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Template == template {
			return &all[i]
		}
	}
	return nil
}

// link is the path and token of the newest mail of that kind.
func (w *world) link(t testing.TB, template accesssec.Template) string {
	t.Helper()
	n := w.mail(t, template)
	if n == nil {
		t.Fatalf("no mail %s", template)
	}
	at, ok := strings.CutPrefix(n.Values["link"], w.origin)
	if !ok {
		t.Fatalf("the link leads to %q", n.Values["link"])
	}
	return at
}

func tokenOf(t testing.TB, link string) string {
	t.Helper()
	return must[*url.URL](t)(url.Parse(link)).Query().Get("token")
}

func TestLinkByMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	offered := v.post("/auth/", form("address", "ext@example.org", "next", "/who"))
	want(t, offered, http.StatusOK, "Email me a link", `action="/auth/link"`, "Forgot your password?")
	sent := v.post("/auth/link", form("address", "ext@example.org", "next", "/who"))
	want(t, sent, http.StatusOK, "Check your mail", `autocomplete="one-time-code"`, `action="/auth/link/code"`, `name="next" value="/who"`)
	if sent.url != "/auth/link?next=%2Fwho" {
		t.Errorf("shown at %s, which can't be loaded again", sent.url)
	}
	link := w.link(t, accesssec.TemplateMailSignIn)
	for range 3 { // mail scanners look
		want(t, w.visitor(t).get(link), http.StatusOK, "Go back to where you started")
		want(t, v.get(link), http.StatusOK, "ext@example.org", `action="/auth/link/open"`, `name="token"`)
	}
	token := tokenOf(t, link)
	want(t, w.visitor(t).post("/auth/link/open", form("token", token)), http.StatusForbidden, "Go back to where you started")
	if p := v.post("/auth/link/open", form("token", token)); p.url != "/who" || v.in() != "ext@example.org" {
		t.Errorf("status %d at %s", p.status, p.url)
	}
	want(t, w.visitor(t).get(link), http.StatusGone, "This link does not work any more")
	want(t, w.visitor(t).post("/auth/link/open", form("token", token)), http.StatusGone, "This link does not work any more")
}

func TestCodeOfTheMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	v.post("/auth/link", form("address", "bare@example.org", "next", "/who")) // who has no password
	code := w.mail(t, accesssec.TemplateMailSignIn).Values["code"]
	want(t, v.post("/auth/link/code", form("code", "0000-0000", "next", "/who")), http.StatusUnauthorized, "This code is wrong", `aria-invalid="true"`, `name="next" value="/who"`)
	want(t, w.visitor(t).post("/auth/link/code", form("code", code)), http.StatusGone, "does not work any more")
	if p := v.post("/auth/link/code", form("code", strings.ToLower(code), "next", "/who")); p.url != "/who" || v.in() != "bare@example.org" {
		t.Errorf("status %d at %s: %s", p.status, p.url, p.text)
	}
}

func TestSecondFactorAfterALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t)
	v.post("/auth/link", form("address", "fay@example.org", "next", "/who"))
	p := v.post("/auth/link/open", form("token", tokenOf(t, w.link(t, accesssec.TemplateMailSignIn))))
	if p.url != "/auth/code?next=%2Fwho" || v.in() != "" {
		t.Fatalf("status %d at %s", p.status, p.url)
	}
	if p := v.post("/auth/code", form("code", fay.next(), "next", "/who")); p.url != "/who" || v.in() != "fay@example.org" {
		t.Errorf("status %d at %s", p.status, p.url)
	}
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere, v := w.visitor(t).byPassword("ext@example.org"), w.visitor(t)
	want(t, v.get("/auth/password/forgot?next=/who"), http.StatusOK, "Forgot your password?", `autocomplete="username"`, `name="next" value="/who"`)
	want(t, v.post("/auth/", form("address", "ext@example.org", "way", "forgot")), http.StatusOK, "Forgot your password?", `value="ext@example.org"`)
	sent := v.post("/auth/password/forgot", form("address", "ext@example.org", "next", "/who"))
	want(t, sent, http.StatusOK, "Check your mail", "If you have an account")
	link := w.link(t, accesssec.TemplateMailPassword)
	token := tokenOf(t, link)
	want(t, w.visitor(t).get(link), http.StatusOK, "Choose a new password", `autocomplete="new-password"`, `value="ext@example.org"`, `action="/auth/password/reset"`)
	weak := v.post("/auth/password/reset", form("token", token, "password", "short"))
	want(t, weak, http.StatusBadRequest, "This password can", "at least", `aria-invalid="true"`, `name="token"`)
	if elsewhere.in() == "" {
		t.Error("signed out by a password that was not taken")
	}
	if p := v.post("/auth/password/reset", form("token", token, "password", another)); p.url != "/who" || v.in() != "ext@example.org" {
		t.Errorf("status %d at %s: %s", p.status, p.url, p.text)
	}
	if elsewhere.in() != "" {
		t.Error("a session of before goes on")
	}
	want(t, v.post("/auth/password/reset", form("token", token, "password", another+"!")), http.StatusGone, "This link does not work any more")
	want(t, w.visitor(t).post("/auth/password", form("address", "ext@example.org", "password", right)), http.StatusUnauthorized)
	if p := w.visitor(t).post("/auth/password", form("address", "ext@example.org", "password", another)); p.url != "/home" {
		t.Errorf("the new password: status %d at %s", p.status, p.url)
	}
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	want(t, v.get("/auth/?next=/who"), http.StatusOK, `href="/auth/signup?next=%2Fwho">Create an account`)
	want(t, v.get("/auth/signup?next=/who"), http.StatusOK, "Create an account", "I have an account", `name="next" value="/who"`)
	want(t, v.post("/auth/signup", form("address", "new@example.net", "next", "/who")), http.StatusOK, "Check your mail", "is on its way to the address that you typed")
	link := w.link(t, accesssec.TemplateMailSignUp)
	token := tokenOf(t, link)
	fields := form("token", token, "first", "Nia", "last", `New "<b>"`, "password", "short")
	want(t, v.get(link), http.StatusOK, "new@example.net", `autocomplete="given-name"`, `autocomplete="family-name"`, `autocomplete="new-password"`)
	want(t, v.post("/auth/signup/finish", fields), http.StatusBadRequest, "This password can", `value="Nia"`, `value="New &#34;&lt;b&gt;&#34;"`)
	fields.Set("password", another)
	if p := v.post("/auth/signup/finish", fields); p.url != "/who" || v.in() != "new@example.net" {
		t.Errorf("status %d at %s: %s", p.status, p.url, p.text)
	}
	want(t, w.visitor(t).post("/auth/signup/finish", fields), http.StatusGone, "This link does not work any more")
}

// Where the domain sends everybody to single sign-on, a link by mail and an account of one's own
// are no way in, and the page says so of the domain, whoever asks. A new password may be an
// Owner's, so for that everybody gets the same page.
func TestMailsOfAManagedDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want(t, w.visitor(t).post("/auth/", form("address", "max@example.com", "way", "password")), http.StatusOK, "Email me a link")
	w.apply(t, func(s *accesssec.Settings) { s.RequireSSO = true })
	for _, path := range []string{"/auth/link", "/auth/signup", "/auth/password/forgot"} {
		seen := ""
		for _, who := range []string{"olive", "max", "nora", "stranger"} {
			p := w.visitor(t).post(path, form("address", who+"@example.com", "next", "/who"))
			if path == "/auth/password/forgot" {
				want(t, p, http.StatusOK, "Check your mail")
			} else {
				want(t, p, http.StatusForbidden, "single sign-on", `action="/auth/sso/start"`, `name="next" value="/who"`)
			}
			if text := strings.ReplaceAll(p.text, who+"@", "X@"); seen != "" && text != seen {
				t.Errorf("%s: the page for %s is another", path, who)
			} else {
				seen = text
			}
		}
	}
	p := w.visitor(t).post("/auth/", form("address", "max@example.com", "way", "password"))
	if want(t, p, http.StatusOK, `type="password"`); strings.Contains(p.text, "Email me a link") {
		t.Error("a link is offered that would lead back to single sign-on")
	}
}

// Whoever has typed which address sees the same page, to the byte, and is at the same URL: a
// member, one without a password, somebody whom nobody knows, one who is kept out.
func TestMailsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	if err := w.acme.DisableMember(ctx, w.member(t, "fay@example.org")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/auth/link", "/auth/password/forgot", "/auth/signup"} {
		var first page
		for i, who := range []string{"ext", "bare", "fay", "stranger"} {
			v := w.visitor(t)
			p := v.post(path, form("address", who+"@example.org", "next", "/who", "org", w.orgID))
			want(t, p, http.StatusOK, "Check your mail")
			if i == 0 {
				first = p
			} else if p.text != first.text || p.url != first.url || p.status != first.status {
				t.Errorf("%s: the page for %s is another", path, who)
			}
			for _, x := range v.c.Transport.(*tape).all {
				if strings.Contains(unescaped(x.path), who+"@") {
					t.Errorf("the address is in the URL %s", x.path)
				}
			}
		}
		var locked []string
		for _, who := range []string{"ext", "stranger"} {
			v := w.visitor(t)
			for range 20 {
				if p := v.post(path, form("address", who+"@example.org")); p.status != http.StatusOK {
					want(t, p, http.StatusTooManyRequests, "Too many attempts")
					if p.header.Get("Retry-After") == "" {
						t.Error("no Retry-After")
					}
					locked = append(locked, strings.ReplaceAll(p.text, who+"@", "X@"))
					break
				}
			}
		}
		if len(locked) != 2 || said.ReplaceAllString(locked[0], "") != said.ReplaceAllString(locked[1], "") {
			t.Errorf("%s: locked pages that differ: %q", path, locked)
		}
		w.advance(25 * time.Hour)
	}
}

// said is for how long somebody is locked out, which depends on the moment.
var said = regexp.MustCompile(`in \d+ (seconds|minutes)`)

// Links are made of the origin that the host has configured, whatever a request says of itself.
func TestHostHeaderIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, path := range []string{"/auth/link", "/auth/password/forgot", "/auth/signup"} {
		body := form("address", []string{"ext@example.org", "fay@example.org", "new@example.net"}[i]).Encode()
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, w.origin+path, strings.NewReader(body)))
		r.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host", "X-Host"} {
			r.Header.Set(name, "evil.example")
		}
		r.Header.Set("X-Forwarded-Proto", "gopher")
		r.Header.Set("Forwarded", "host=evil.example")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp := must[*http.Response](t)(w.visitor(t).still().c.Do(r))
		resp.Body.Close()
		if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/auth/") {
			t.Errorf("%s: status %d, to %q", path, resp.StatusCode, to)
		}
		if n := w.mail(t, []accesssec.Template{accesssec.TemplateMailSignIn, accesssec.TemplateMailPassword, accesssec.TemplateMailSignUp}[i]); n == nil || !strings.HasPrefix(n.Values["link"], w.origin+"/auth/") {
			t.Errorf("%s: the mail is %+v", path, n)
		}
	}
}

// A token stands in its link and in the form behind it: in no other URL, no header (a Referer
// among them) and no log.
func TestTokensOfMailsStayOnTheirPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		ask, address, open string
		template           accesssec.Template
		fields             url.Values
	}{
		{"/auth/link", "ext@example.org", "/auth/link/open", accesssec.TemplateMailSignIn, form()},
		{"/auth/password/forgot", "fay@example.org", "/auth/password/reset", accesssec.TemplateMailPassword, form("password", another)},
		{"/auth/signup", "new@example.net", "/auth/signup/finish", accesssec.TemplateMailSignUp, form("password", another, "first", "N")},
	} {
		v := w.visitor(t)
		v.post(c.ask, form("address", c.address, "next", "/who"))
		link := w.link(t, c.template)
		token := tokenOf(t, link)
		v.get(link)
		c.fields.Set("token", token)
		if c.fields.Has("password") {
			weak := url.Values{"token": {token}, "password": {"short"}}
			v.post(c.open, weak)
		}
		if p := v.post(c.open, c.fields); p.url != "/who" {
			t.Fatalf("%s: status %d at %s", c.open, p.status, p.url)
		}
		v.post(c.open, c.fields) // once more
		code := w.mail(t, c.template).Values["code"]
		for name, secret := range map[string]string{"token": token, "code": code, "password": another} {
			if secret != "" && strings.Contains(w.log.String(), secret) {
				t.Errorf("the %s is in the log", name)
			}
		}
		for _, x := range v.c.Transport.(*tape).all {
			if strings.Contains(x.path, token) && !(x.method == http.MethodGet && x.path == link) {
				t.Errorf("the token is in the URL of %s %s", x.method, strings.Split(x.path, "?")[0])
			}
			for _, h := range []http.Header{x.asked, x.header} {
				for field, values := range h {
					if all := strings.Join(values, "\n"); field != "Cookie" && field != "Set-Cookie" && (strings.Contains(all, token) || strings.Contains(all, another)) {
						t.Errorf("a secret is in the header %s of %s", field, x.path)
					}
				}
			}
			if strings.Contains(x.body, another) {
				t.Errorf("the password is on the page %s", x.path)
			}
		}
	}
}

// A link of one kind opens the page of no other.
func TestLinksOfAnotherKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	v.post("/auth/password/forgot", form("address", "ext@example.org"))
	token := tokenOf(t, w.link(t, accesssec.TemplateMailPassword))
	for _, path := range []string{"/auth/link/open", "/auth/signup/finish", "/auth/address/confirm"} {
		want(t, v.get(path+"?token="+url.QueryEscape(token)), http.StatusGone, "This link does not work any more")
		want(t, v.post(path, form("token", token, "password", another)), http.StatusGone, "This link does not work any more")
	}
	for _, bad := range []string{"", "a b", "xyz", strings.Repeat("a", 65), `"><script>`, "\x00"} {
		for _, path := range []string{"/auth/link/open", "/auth/password/reset", "/auth/signup/finish", "/auth/address/confirm"} {
			want(t, v.get(path+"?token="+url.QueryEscape(bad)), http.StatusGone)
			want(t, v.post(path, form("token", bad, "password", another)), http.StatusGone)
		}
	}
	if p := v.post("/auth/password/reset", form("token", token, "password", another)); p.url != "/home" {
		t.Errorf("the link is spent: status %d at %s", p.status, p.url)
	}
}

// A host that sends nothing, or has no accounts of people's own, offers none of it.
func TestWhatIsNotOffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, opts := range map[string]*accesssec.Options{
		"no mail":     {},
		"invite only": {Notify: w.post, InviteOnly: true, Methods: []policy.Method{policy.Password}},
	} {
		svc := must[*accesssec.Service](t)(accesssec.New(memory.New(), w.origin, seal.GenerateRing(), opts))
		h := signin.New(svc, nil)
		get, post := asker(t, h)
		if p := get("/auth/"); strings.Contains(p.text, "Create an account") {
			t.Errorf("%s: sign-up is offered", name)
		}
		want(t, get("/auth/signup"), http.StatusForbidden, "by invitation")
		want(t, post("/auth/signup", form("address", "a@example.org")), http.StatusForbidden)
		p := post("/auth/", form("address", "a@example.org"))
		if strings.Contains(p.text, "Email me a link") || strings.Contains(p.text, "Continue with") {
			t.Errorf("%s: what is switched off is offered", name)
		}
		if mails := strings.Contains(p.text, "Forgot your password?"); mails != svc.Mails() {
			t.Errorf("%s: a mail for a password is offered: %v", name, mails)
		}
		want(t, post("/auth/link", form("address", "a@example.org")), http.StatusForbidden)
	}
}

// A store that fails lets nobody in, and tells nobody more.
func TestMailsWhileTheStoreFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org")
	v.post("/auth/password/forgot", form("address", "ext@example.org"))
	link := w.link(t, accesssec.TemplateMailPassword)
	w.broken.Store(true)
	want(t, v.get(link), http.StatusServiceUnavailable, "out of order")
	want(t, v.post("/auth/password/reset", form("token", tokenOf(t, link), "password", another)), http.StatusServiceUnavailable)
	for _, path := range []string{"/auth/link", "/auth/password/forgot", "/auth/signup"} {
		want(t, v.post(path, form("address", "ext@example.org")), http.StatusServiceUnavailable)
	}
	want(t, v.get("/auth/security"), http.StatusServiceUnavailable)
	w.broken.Store(false)
	if p := v.post("/auth/password/reset", form("token", tokenOf(t, link), "password", another)); p.url != "/home" {
		t.Errorf("status %d at %s", p.status, p.url)
	}
}
