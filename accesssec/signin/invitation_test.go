package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// invite has an Owner invite somebody, and reads the path and the token of the link.
func (w *world) invite(t testing.TB, address string, role policy.Role) (path, token string) {
	t.Helper()
	must[accesssec.Invitation](t)(w.owner(t).Invite(t.Context(), address, role))
	for _, n := range w.delivered(t) {
		if n.Template == accesssec.TemplateInvitation && n.To == address {
			u := must[*url.URL](t)(url.Parse(n.Values["link"]))
			path, token = u.RequestURI(), u.Query().Get("token")
		}
	}
	if token == "" {
		t.Fatal("nobody was sent an invitation")
	}
	return path, token
}

// role is what somebody is in the org.
func (w *world) role(t testing.TB, address string) policy.Role {
	t.Helper()
	page := must[store.Page[accesssec.Member]](t)(w.owner(t).Members(t.Context(), accesssec.MemberQuery{Search: address}))
	if len(page.Items) == 0 {
		return ""
	}
	return page.Items[0].Role
}

func TestInvitedNewcomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, token := w.invite(t, "nia@example.net", policy.Billing)
	v := w.visitor(t)
	for range 3 {
		want(t, v.get(path), http.StatusOK, "You are invited", "has invited you to join", "Acme &lt;script&gt;", "nia@example.net",
			`action="/auth/invitation"`, `name="invitation" value="`+token+`"`, `autocomplete="new-password"`, "Make my account and join")
	}
	if w.role(t, "nia@example.net") != "" || v.in() != "" {
		t.Error("looking at the link has done it")
	}
	fields := form("invitation", token, "first", `Nia "<b>`, "last", "New", "password", "short", "next", "/who")
	p := v.post("/auth/invitation", fields)
	want(t, p, http.StatusBadRequest, "This password can&#39;t be used.", `value="Nia &#34;&lt;b&gt;"`, `name="next" value="/who"`, `aria-invalid="true"`)
	fields.Set("password", right)
	foreign := v.send(http.MethodPost, "/auth/invitation", fields, http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}})
	want(t, foreign, http.StatusForbidden, "This form came from another site")
	if p = v.post("/auth/invitation", fields); p.url != "/who" || v.in() != "nia@example.net" || w.role(t, "nia@example.net") != policy.Billing {
		t.Errorf("at %s as %q, who is %q", p.url, v.in(), w.role(t, "nia@example.net"))
	}
	want(t, w.visitor(t).get(path), http.StatusGone, "This link does not work any more.", `href="/auth/"`)
	want(t, w.visitor(t).post("/auth/invitation", fields), http.StatusGone, "This link does not work any more.")
}

func TestInvitedWithAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must[accesssec.Principal](t)(w.svc.CreateOrg(t.Context(), "Other", accesssec.Person{Address: "otto@example.net", Verified: true, Password: right}))
	path, token := w.invite(t, "otto@example.net", policy.Admin)
	v := w.visitor(t)
	want(t, v.get(path), http.StatusOK, "Sign in and join", `action="/auth/password"`, `name="invitation" value="`+token+`"`, `autocomplete="current-password"`)
	want(t, v.post("/auth/invitation", form("invitation", token, "password", right+right)), http.StatusConflict,
		"You have an account with this address.", "Sign in and join")
	p := v.post("/auth/password", form("invitation", token, "address", "otto@example.net", "password", "a guess of his"))
	want(t, p, http.StatusUnauthorized, "The address or the password is wrong.", `name="invitation" value="`+token+`"`)
	p = v.post("/auth/password", form("invitation", token, "address", "otto@example.net", "password", right))
	if p.url != "/home" || !strings.Contains(p.text, "in "+w.orgID) || w.role(t, "otto@example.net") != policy.Admin {
		t.Errorf("at %s: %s", p.url, p.text)
	}
}

// A second factor stands between, and the token in no URL of it.
func TestInvitedWithAFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrol(t, "fay@example.org")
	if err := w.owner(t).RemoveMember(t.Context(), w.member(t, "fay@example.org")); err != nil {
		t.Fatal(err)
	}
	_, token := w.invite(t, "fay@example.org", policy.Member)
	v := w.visitor(t)
	p := v.post("/auth/password", form("invitation", token, "address", "fay@example.org", "password", right, "next", "/who"))
	if p.url != "/auth/code?next=%2Fwho" || strings.Contains(p.text, token) {
		t.Fatalf("at %s:\n%s", p.url, p.text)
	}
	if p = v.post("/auth/code", form("code", phone.next(), "next", "/who")); p.url != "/who" || !strings.Contains(p.text, "in "+w.orgID) {
		t.Errorf("at %s: %s", p.url, p.text)
	}
}

// Where single sign-on comes first it is all that is offered, and carries the invitation.
func TestInvitedThroughSSO(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(t, func(s *accesssec.Settings) { s.RequireSSO = true })
	path, token := w.invite(t, "ann@example.com", policy.Admin)
	v := w.visitor(t)
	p := v.get(path)
	want(t, p, http.StatusOK, `action="/auth/sso/start"`, `name="invitation" value="`+token+`"`)
	if strings.Contains(p.text, `type="password"`) {
		t.Error("a password is asked for")
	}
	want(t, v.post("/auth/invitation", form("invitation", token, "password", right)), http.StatusForbidden,
		"Your organization requires single sign-on.", `action="/auth/sso/start"`)
	if p = v.bySSO("ann@example.com", form("invitation", token)); p.url != "/home" || w.role(t, "ann@example.com") != policy.Admin {
		t.Errorf("at %s, is %q", p.url, w.role(t, "ann@example.com"))
	}
}

func TestInvitationsThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, query := range []string{"", "?token=", "?token=%22%3E%3Cscript%3E", "?token=" + strings.Repeat("x", 3000)} {
		want(t, w.visitor(t).get("/auth/invitation"+query), http.StatusGone, "This link is not whole.")
	}
	want(t, w.visitor(t).get("/auth/invitation?token=i1."+strings.Repeat("A", 43)), http.StatusGone, "This link does not work any more.")
	path, token := w.invite(t, "nia@example.net", policy.Member)
	w.advance(7 * 24 * time.Hour)
	want(t, w.visitor(t).get(path), http.StatusGone, "This link does not work any more.")
	want(t, w.visitor(t).post("/auth/invitation", form("invitation", token, "password", right)), http.StatusGone)
	w.broken.Store(true)
	want(t, w.visitor(t).get(path), http.StatusServiceUnavailable, "That did not work")
	want(t, w.visitor(t).post("/auth/invitation", form("invitation", token, "password", right)), http.StatusServiceUnavailable)
}

// An invitation's token is on the pages that carry it on, in the URL of its link, and in no
// other URL, no header and no log line.
func TestInvitationStaysOnItsPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must[accesssec.Principal](t)(w.svc.CreateOrg(t.Context(), "Other", accesssec.Person{Address: "otto@example.com", Verified: true, Password: right}))
	w.apply(t, func(s *accesssec.Settings) { s.IdPManaged = false })
	path, token := w.invite(t, "otto@example.com", policy.Member)
	v := w.visitor(t)
	v.get(path)
	v.post("/auth/", form("address", "otto@example.com", "invitation", token, "way", "password"))
	v.post("/auth/password", form("address", "otto@example.com", "invitation", token, "password", "a guess of his"))
	v.bySSO("ann@example.com", form("invitation", token)) // whose it is not
	v.post("/auth/password", form("address", "otto@example.com", "invitation", token, "password", right))
	v.get("/auth/")
	if w.role(t, "otto@example.com") != policy.Member {
		t.Error("not in")
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("the token is in the log")
	}
	for i, x := range v.c.Transport.(*tape).all {
		if strings.Contains(x.path, token) != (i == 0) {
			t.Errorf("the token is in the URL of %s %s", x.method, x.path)
		}
		for _, h := range []http.Header{x.asked, x.header} {
			for field, values := range h {
				if strings.Contains(strings.Join(values, "\n"), token) {
					t.Errorf("the token is in the header %s of %s", field, x.path)
				}
			}
		}
	}
}

func TestRequestAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(t, func(s *accesssec.Settings) { s.IdPManaged = false })
	v := w.visitor(t)
	p := v.bySSO("ann@example.com", url.Values{})
	want(t, p, http.StatusForbidden, "You are not a member of this organization.", `action="/auth/request"`, `<label for="note">`)
	if v.in() != "" {
		t.Error("signed in")
	}
	want(t, w.visitor(t).post("/auth/request", form("note", "x")), http.StatusUnauthorized, "This sign-in took too long")
	want(t, v.send(http.MethodPost, "/auth/request", form("note", "x"), http.Header{"Sec-Fetch-Site": {"cross-site"}}), http.StatusForbidden)
	if p := v.still().get("/auth/request"); p.status != http.StatusSeeOther || p.header.Get("Location") != "/auth/" {
		t.Errorf("by a link: status %d, to %q", p.status, p.header.Get("Location"))
	}
	want(t, v.post("/auth/request", form("note", "first <day>")), http.StatusOK, "Your request was sent.")
	page := must[store.Page[accesssec.AccessRequest]](t)(w.owner(t).AccessRequests(t.Context(), store.Paging{}))
	if len(page.Items) != 1 || page.Items[0].Address != "ann@example.com" || page.Items[0].Note != "first <day>" {
		t.Errorf("waiting: %+v", page.Items)
	}
	want(t, v.post("/auth/request", form("note", "x")), http.StatusUnauthorized)
	v.bySSO("ann@example.com", url.Values{})
	want(t, v.post("/auth/request", form()), http.StatusConflict, "You have asked already.")
	// What is refused for another reason offers nothing to ask for.
	if p := w.visitor(t).bySSO("ann@example.com", url.Values{}, samltest.Tampered); strings.Contains(p.text, "/auth/request") {
		t.Error("offered after a forged answer")
	}
}

// An invitation goes along with the other ways in as well: with the provider's login of who has
// no account, and with a mail to who has one without a password.
func TestInvitedByOtherWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, token := w.invite(t, "nia@example.net", policy.Billing)
	w.google.knows("sub-nia", "nia@example.net")
	v := w.visitor(t)
	p := v.get(path)
	want(t, p, http.StatusOK, `action="/auth/google/start"`, `action="/auth/invitation"`)
	if strings.Contains(p.text, `action="/auth/link"`) {
		t.Error("a mail is offered to who has just opened one")
	}
	if p := v.back("sub-nia", v.toGoogle("/auth/google/start", form("invitation", token, "next", "/who"))); p.url != "/who" || w.role(t, "nia@example.net") != policy.Billing {
		t.Errorf("at %s, who is %q", p.url, w.role(t, "nia@example.net"))
	}
	want(t, w.visitor(t).get(path), http.StatusGone)

	other := must[accesssec.Principal](t)(w.svc.CreateOrg(t.Context(), "Other", accesssec.Person{Address: "otto@example.net", Verified: true, Password: right}))
	if err := w.svc.ImportPeople(t.Context(), other.OrgID, accesssec.Person{Address: "mia@example.net", Verified: true, Role: policy.Member}); err != nil {
		t.Fatal(err)
	}
	path, token = w.invite(t, "mia@example.net", policy.Member)
	v = w.visitor(t)
	p = v.get(path)
	want(t, p, http.StatusOK, `action="/auth/link"`, `name="address" value="mia@example.net"`)
	if strings.Contains(p.text, `type="password"`) || strings.Contains(p.text, "Your account has no password") {
		t.Error("a password is asked for, or missed, that is not needed")
	}
	v.post("/auth/link", form("address", "mia@example.net", "invitation", token, "next", "/who"))
	if p := v.post("/auth/link/open", form("token", tokenOf(t, w.link(t, accesssec.TemplateMailSignIn)))); p.url != "/who" || w.role(t, "mia@example.net") != policy.Member {
		t.Errorf("at %s, who is %q", p.url, w.role(t, "mia@example.net"))
	}
	for _, x := range v.c.Transport.(*tape).all {
		if strings.Contains(x.path, token) && !strings.HasPrefix(x.path, "/auth/invitation?") {
			t.Errorf("the invitation's token is in the URL %s", x.path)
		}
	}
}
