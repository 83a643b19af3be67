package signin_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

var sessionShape = regexp.MustCompile(`name="session" value="([^"]+)"`)

func (p page) sessions() []string {
	var out []string
	for _, m := range sessionShape.FindAllStringSubmatch(p.text, -1) {
		out = append(out, m[1])
	}
	return out
}

// prove is needed for what is dangerous, and brings people back to what they were about.
func TestSecurityPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	if p := v.get("/auth/security?next=/who"); p.url != "/auth/?next=%2Fauth%2Fsecurity%3Fnext%3D%252Fwho" {
		t.Errorf("a stranger is at %s", p.url)
	}
	v.byPassword("ext@example.org")
	want(t, v.get("/auth/security?next=/who"), http.StatusOK, "Your sign-in and security", "ext@example.org", "Acme &lt;script&gt;",
		`autocomplete="current-password"`, `autocomplete="new-password"`, `<label for="to">New email address</label>`, "None is set up",
		`href="/auth/factor?next=%2Fauth%2Fsecurity%3Fnext%3D%252Fwho"`, "this browser", "by password", `href="/who">Go back`)
	w.enrol(t, "fay@example.org")
	fay := w.visitor(t).half("fay@example.org")
	want(t, fay.get("/auth/security"), http.StatusOK, "Sign in") // half is not in
}

// Who has no password is sent a link to set one, and comes back.
func TestNoPasswordYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	v.post("/auth/link", form("address", "bare@example.org"))
	v.post("/auth/link/open", form("token", tokenOf(t, w.link(t, accesssec.TemplateMailSignIn))))
	want(t, v.get("/auth/security"), http.StatusOK, "Your account has none.", "Email me a link to set a password", "by mail")
	p := v.post("/auth/factor/begin", form("next", "/who"))
	want(t, p, http.StatusOK, "Confirm that it is you", "Your account has no password. You can choose one", `action="/auth/security/mail"`)
	back := "/auth/factor?next=/who"
	want(t, v.post("/auth/security/mail", form("next", back)), http.StatusOK, "Check your mail")
	w.advance(1)
	link := w.link(t, accesssec.TemplateMailFirstPassword)
	if p := v.post("/auth/password/reset", form("token", tokenOf(t, link), "password", another)); p.url != back {
		t.Fatalf("status %d at %s: %s", p.status, p.url, p.text)
	}
	want(t, v.post("/auth/factor/begin", form("next", "/who")), http.StatusOK, "Confirm that it is you", `type="password"`)
}

func TestDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other, third := w.visitor(t).byPassword("ext@example.org"), w.visitor(t).byPassword("ext@example.org"), w.visitor(t).byPassword("ext@example.org")
	fay := w.visitor(t).byPassword("fay@example.org")
	p := v.get("/auth/security")
	want(t, p, http.StatusOK, "Another program", "this browser", "Sign out everywhere else")
	ids := p.sessions()
	if len(ids) != 2 {
		t.Fatalf("%d sessions besides this one", len(ids))
	}
	// Another's session is none of theirs to end.
	if p := fay.post("/auth/security/end", form("session", ids[0])); p.url != "/auth/security#sessions" || other.in() == "" || third.in() == "" {
		t.Errorf("another person: at %s", p.url)
	}
	if p := v.post("/auth/security/end", form("session", ids[0])); p.url != "/auth/security#sessions" || len(p.sessions()) != 1 {
		t.Errorf("at %s: %d left", p.url, len(p.sessions()))
	}
	if (other.in() == "") == (third.in() == "") || v.in() == "" {
		t.Errorf("signed in: %q, %q and %q", v.in(), other.in(), third.in())
	}
	want(t, v.post("/auth/security/end", form("session", ids[0])), http.StatusOK) // once more
	p = v.post("/auth/security/end", form())
	if other.in() != "" || third.in() != "" || v.in() == "" || strings.Contains(p.text, "Sign out everywhere else") {
		t.Errorf("signed in: %q, %q and %q", v.in(), other.in(), third.in())
	}
	if fay.in() == "" {
		t.Error("another person is signed out")
	}
}

func TestAnotherAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org")
	v.prove()
	want(t, v.post("/auth/security/address", form("to", "no <address>")), http.StatusBadRequest, "not a usable email address", `value="no &lt;address&gt;" autofocus aria-invalid="true"`)
	// Whether there is an account with it is told by the mail alone.
	taken := v.post("/auth/security/address", form("to", "fay@example.org"))
	want(t, taken, http.StatusOK, "Check your mail")
	free := v.post("/auth/security/address", form("to", "moved@example.net"))
	if free.text != taken.text || free.status != taken.status {
		t.Error("a taken address shows on the page")
	}
	link := w.link(t, accesssec.TemplateAddressConfirm)
	token := tokenOf(t, link)
	want(t, w.visitor(t).get(link), http.StatusOK, "moved@example.net", `action="/auth/address/confirm"`, "Use this address")
	if v.in() != "ext@example.org" {
		t.Error("to look at the link has changed the address")
	}
	want(t, v.post("/auth/address/confirm", form("token", token)), http.StatusOK, "Your address is changed")
	want(t, v.post("/auth/address/confirm", form("token", token)), http.StatusGone, "This link does not work any more")
	if p := w.visitor(t).post("/auth/password", form("address", "moved@example.net", "password", right)); p.url != "/home" {
		t.Errorf("by the new address: status %d at %s", p.status, p.url)
	}
	// On a domain of the org it is the org's to change.
	max := w.visitor(t).byPassword("max@example.com")
	max.post("/auth/prove", form("password", right))
	want(t, max.post("/auth/security/address", form("to", "max@example.net")), http.StatusConflict, "kept by your organization")
}

// What was typed goes on over the proof, on its form alone: no link brings an address there, and
// no URL and no log has it.
func TestAddressOverTheProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const to = "moved+a@example.net"
	v := w.visitor(t).byPassword("ext@example.org")
	p := v.post("/auth/security/address", form("to", to, "next", "/who"))
	want(t, p, http.StatusOK, "Confirm that it is you", "After it a link is sent to <strong>moved&#43;a@example.net</strong>",
		`action="/auth/security/address"`, `name="to" value="moved&#43;a@example.net"`, `name="next" value="/who"`)
	kept := fieldsOf(p, "/auth/security/address")
	kept.Set("password", "Not the horse 7")
	p = v.post("/auth/security/address", kept)
	want(t, p, http.StatusUnauthorized, "Confirm that it is you", `aria-invalid="true"`)
	if w.mail(t, accesssec.TemplateAddressAsked) != nil {
		t.Fatal("a wrong password has sent the mail")
	}
	was := v.ticket()
	kept = fieldsOf(p, "/auth/security/address")
	kept.Set("password", right)
	want(t, v.post("/auth/security/address", kept), http.StatusOK, "Check your mail", `href="/auth/security?next=%2Fwho">Go on`)
	w.over(t, was)
	if v.in() != "ext@example.org" || w.mail(t, accesssec.TemplateAddressAsked) == nil {
		t.Errorf("signed in: %q; mails: %v", v.in(), w.mail(t, accesssec.TemplateAddressAsked))
	}
	for _, x := range v.c.Transport.(*tape).all {
		if strings.Contains(x.path, "moved") || strings.Contains(strings.Join(x.asked["Referer"], ""), "moved") || strings.Contains(x.header.Get("Location"), "moved") {
			t.Errorf("the address is in the URL of %s %s", x.method, x.path)
		}
	}
	if strings.Contains(w.log.String(), "moved") {
		t.Error("the address is in the log")
	}
	// Somebody else's link can't have it sent where they like.
	for _, path := range []string{"/auth/prove?to=evil@example.net", "/auth/security?to=evil@example.net"} {
		if p := v.get(path); p.status != http.StatusOK || strings.Contains(p.text, "evil") {
			t.Errorf("%s: status %d, with the address of the link", path, p.status)
		}
	}
	long := v.post("/auth/security/address", form("to", strings.Repeat("a", 600)+"@example.net"))
	want(t, long, http.StatusBadRequest, `name="to" type="text"`)
	if strings.Contains(long.text, "aaaa") {
		t.Error("what is too long comes back")
	}
}

func TestAnotherOrg(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.twoOrgs(t, "ext@example.org")
	v := w.visitor(t).byPassword("ext@example.org")
	p := v.get("/auth/security?next=/who")
	want(t, p, http.StatusOK, "Organizations", "you are here", `aria-label="Go to `, `action="/auth/enter"`)
	other := regexp.MustCompile(`action="/auth/enter">\s*<input type="hidden" name="org" value="([^"]+)"`).FindStringSubmatch(p.text)
	if other == nil {
		t.Fatal("nowhere to go")
	}
	was := v.ticket()
	if p := v.post("/auth/enter", form("org", other[1], "next", "/who")); p.url != "/who" || !strings.HasSuffix(p.text, "in "+other[1]) {
		t.Errorf("status %d at %s: %s", p.status, p.url, p.text)
	}
	w.over(t, was)
	want(t, v.post("/auth/enter", form("org", "org-nowhere")), http.StatusNotFound, "Your sign-in and security")
	if v.in() != "ext@example.org" {
		t.Error("signed out by an org that is not there")
	}
}

// Nothing of the person's own is done for who is not in, or is in for a set-up alone.
func TestOwnFormsWantASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"password", "mail", "address", "end", "unlink"} {
		if p := w.visitor(t).post("/auth/security/"+path, form("address", "a@example.net", "password", right, "new", another)); !strings.HasPrefix(p.url, "/auth/?next=") {
			t.Errorf("%s: status %d at %s", path, p.status, p.url)
		}
	}
	for _, path := range []string{"/auth/enter", "/auth/login/link"} {
		if p := w.visitor(t).post(path, form("org", w.orgID)); !strings.HasPrefix(p.url, "/auth/?next=") {
			t.Errorf("%s: status %d at %s", path, p.status, p.url)
		}
	}
}

// No form of ours is taken from another site, but for the answers of identity providers.
func TestNewFormsFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org")
	for _, path := range []string{
		"link", "link/code", "link/open", "password/forgot", "password/reset", "signup", "signup/finish", "address/confirm",
		"google/start", "login/link", "security/password", "security/mail", "security/address", "security/end", "security/unlink", "enter",
		"prove/sso", "prove/google", "request", "invitation",
	} {
		for _, h := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://evil.example"}}, {"Sec-Fetch-Site": {"same-site"}}} {
			want(t, v.send(http.MethodPost, "/auth/"+path, form("address", "ext@example.org"), h), http.StatusForbidden, "This form came from another site")
		}
	}
	if n := w.mail(t, accesssec.TemplateMailSignIn); n != nil {
		t.Error("another site has had a mail sent")
	}
}

func TestDeviceNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for agent, name := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                           "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0":        "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":            "Chrome on Mac",
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"curl/8.0":                  "Another program",
		`<script>alert(1)</script>`: "Another program",
	} {
		v := w.visitor(t)
		v.send(http.MethodPost, "/auth/password", form("address", "ext@example.org", "password", right), http.Header{"User-Agent": {agent}, "Origin": {w.origin}})
		if p := v.get("/auth/security"); !strings.Contains(p.text, "<strong>"+name+"</strong> <span class=\"quiet\">this browser") {
			t.Errorf("%s is not %q", agent, name)
		}
	}
}

func TestAnotherPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.visitor(t).byPassword("ext@example.org"), w.visitor(t).byPassword("ext@example.org")
	wrong := v.post("/auth/security/password", form("password", "Not the horse 7", "new", another, "next", "/who"))
	want(t, wrong, http.StatusUnauthorized, "The password is wrong.", `name="next" value="/who"`, `<input id="old" name="password" type="password" autocomplete="current-password" required autofocus aria-invalid="true"`)
	want(t, v.post("/auth/security/password", form("password", right, "new", "short")), http.StatusBadRequest, "This password can", "at least 12 characters",
		`aria-describedby="alert rules" autofocus aria-invalid="true"`)
	if other.in() == "" {
		t.Error("signed out by what was refused")
	}
	was := v.ticket()
	want(t, v.post("/auth/security/password", form("password", right, "new", another, "next", "/who")), http.StatusOK, "Your password is changed", `href="/auth/security?next=%2Fwho">Go on`)
	w.over(t, was)
	if v.in() != "ext@example.org" || other.in() != "" {
		t.Errorf("signed in: %q and %q", v.in(), other.in())
	}
	want(t, w.visitor(t).post("/auth/password", form("address", "ext@example.org", "password", right)), http.StatusUnauthorized)
	if p := w.visitor(t).post("/auth/password", form("address", "ext@example.org", "password", another)); p.url != "/home" {
		t.Errorf("by the new one: status %d at %s", p.status, p.url)
	}
}

// An org that asks for single sign-on is entered by that; the session that is there goes on.
func TestAnotherOrgBySSO(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(t, func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, false })
	other := must[accesssec.Principal](t)(w.svc.CreateOrg(t.Context(), "Other", accesssec.Person{Address: "otto@example.net", Verified: true, Password: right}))
	ann := accesssec.Person{Address: "ann@example.com", Verified: true, Password: right, Role: policy.Member}
	if err := w.svc.ImportPeople(t.Context(), other.OrgID, ann); err != nil {
		t.Fatal(err)
	}
	v := w.visitor(t)
	if p := v.post("/auth/password", form("address", ann.Address, "password", right, "next", "/who")); !strings.HasSuffix(p.text, "in "+other.OrgID) {
		t.Fatalf("status %d at %s", p.status, p.url)
	}
	ann.Password = ""
	if err := w.svc.ImportPeople(t.Context(), w.orgID, ann); err != nil {
		t.Fatal(err)
	}
	p := v.post("/auth/enter", form("org", w.orgID, "next", "/who"))
	want(t, p, http.StatusOK, "Single sign-on comes first", `action="/auth/sso/start"`, `name="org" value="`+w.orgID+`"`, `name="next" value="/who"`, `href="/who">Not now`)
	if v.in() != ann.Address {
		t.Error("the session of before is over")
	}
	if p := v.bySSO(ann.Address, form("org", w.orgID, "next", "/who")); p.url != "/who" || !strings.HasSuffix(p.text, "in "+w.orgID) {
		t.Errorf("status %d at %s: %s", p.status, p.url, p.text)
	}
}
