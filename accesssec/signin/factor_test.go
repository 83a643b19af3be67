package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// Without a session the page leads to sign in, and back.
func TestFactorSignedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if p := w.visitor(t).get("/auth/factor?next=/who&org=org-a"); p.url != "/auth/?next=%2Fauth%2Ffactor%3Fnext%3D%252Fwho%26org%3Dorg-a&org=org-a" {
		t.Errorf("sent to %s", p.url)
	}
	for _, path := range []string{"begin", "confirm", "codes.txt", "done", "change", "remove", "codes"} {
		p := w.visitor(t).post("/auth/factor/"+path, form("next", "/who", "code", "123456"))
		if p.url != "/auth/?next=%2Fauth%2Ffactor%3Fnext%3D%252Fwho" {
			t.Errorf("%s: status %d at %s", path, p.status, p.url)
		}
	}
}

// A session whose account is gone or disabled leads nowhere by itself: to be sent to sign in
// and back, without end, helps nobody.
func TestFactorOfDisabledAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org")
	w.edit(t, "ext@example.org", func(u *store.User) { u.Disabled = true })
	for _, path := range []string{"/auth/factor", "/auth/prove"} {
		want(t, v.get(path), http.StatusUnauthorized, "You are signed out.", "Start again")
	}
}

// What is kept and makes no sense is a fault: nothing is offered, and nobody gets in.
func TestFactorThatMakesNoSense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, "fay@example.org")
	v := w.visitor(t).byPassword("ext@example.org").prove()
	ext := v.setUp()
	v.confirm(ext)
	for _, body := range []string{"{}", "{", `{"due":"someday"}`} {
		w.keep(t, "ext@example.org", body)
		want(t, v.get("/auth/factor"), http.StatusServiceUnavailable, "out of order on our side")
		for path, fields := range map[string]url.Values{
			"begin": form(), "change": form(), "remove": form("code", ext.next()), "codes": form("code", ext.next()),
		} {
			if p := v.post("/auth/factor/"+path, fields); p.status != http.StatusServiceUnavailable {
				t.Errorf("%s, %s: status %d at %s", body, path, p.status, p.url)
			}
		}
		in := w.visitor(t)
		if p := in.post("/auth/password", form("address", "ext@example.org", "password", right)); p.status < 400 || in.in() != "" {
			t.Errorf("%s: status %d at %s", body, p.status, p.url)
		}
	}
}

func TestChangeFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.enrol(t, "fay@example.org")
	v := w.visitor(t).byCode("fay@example.org", old)
	p := v.get("/auth/factor?next=/who")
	want(t, p, http.StatusOK, "a code of your authenticator app is asked for as well", "You will be signed out.", "Sign out and change",
		`<label for="codes">Code of your app</label>`, `<label for="remove">Code of your app</label>`, `href="/who">Go back`)
	if p := v.post("/auth/factor/change", form("next", "/who")); p.url != "/auth/prove?next=%2Fauth%2Ffactor%3Fnext%3D%252Fwho" {
		t.Errorf("without a proof: at %s", p.url)
	}
	elsewhere, ticket := w.visitor(t).byCode("fay@example.org", old), v.ticket()
	p = v.prove().post("/auth/factor/change", form("next", "/who"))
	want(t, p, http.StatusOK, "You are signed out", "Sign in again to set up your new second factor.", `href="/auth/?next=%2Fwho"`)
	if c := strings.Join(p.header.Values("Set-Cookie"), "\n"); !strings.Contains(c, "__Host-accesssec=;") || v.in() != "" {
		t.Errorf("still in, with %q", c)
	}
	w.over(t, ticket)
	want(t, elsewhere.get("/auth/factor"), http.StatusOK, "You set up a new second factor at your next sign-in.")

	v.post("/auth/password", form("address", "fay@example.org", "password", right, "next", "/who"))
	p = v.post("/auth/code", form("code", old.next()))
	want(t, p, http.StatusOK, "To go on, set up a second factor.")
	if p.url != "/auth/factor?next=%2Fwho" {
		t.Errorf("sent to %s", p.url)
	}
	young := v.setUp()
	v.confirm(young)
	if p := v.post("/auth/factor/done", form("next", "/who")); p.url != "/who" || v.in() != "fay@example.org" {
		t.Errorf("done: status %d at %s", p.status, p.url)
	}
	want(t, w.visitor(t).half("fay@example.org").post("/auth/code", form("code", old.next())), http.StatusUnauthorized)
	want(t, w.visitor(t).half("fay@example.org").post("/auth/recover", form("code", old.codes[0])), http.StatusUnauthorized)
	w.visitor(t).byCode("fay@example.org", young)
}

func TestRemoveFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t).byCode("fay@example.org", fay)
	if p := v.post("/auth/factor/remove", form("code", fay.next(), "next", "/who")); p.url != "/auth/prove?next=%2Fauth%2Ffactor%3Fnext%3D%252Fwho" {
		t.Errorf("without a proof: at %s", p.url)
	}
	p := v.prove().post("/auth/factor/remove", form("code", fay.wrong(), "next", "/who"))
	want(t, p, http.StatusUnauthorized, "This code is wrong.", `id="remove"`, `autofocus aria-invalid="true" aria-describedby="alert">
<button class="second">Remove the second factor`)
	if strings.Count(p.text, `aria-invalid="true"`) != 1 {
		t.Error("the other form is told to be wrong as well")
	}
	want(t, v.post("/auth/factor/remove", form("code", fay.codes[0])), http.StatusUnauthorized, "This code is wrong.")
	p = v.post("/auth/factor/remove", form("code", fay.next(), "next", "/who"))
	want(t, p, http.StatusOK, "Your second factor is removed", "From now on a password is enough to sign in.", `href="/who">Go on`)
	want(t, v.get("/auth/factor"), http.StatusOK, `action="/auth/factor/begin"`)
	want(t, v.post("/auth/factor/remove", form("code", fay.next())), http.StatusConflict, "There is no second factor to do this with.")
	want(t, v.post("/auth/factor/change", form()), http.StatusConflict, "There is no second factor to do this with.")
	if got := w.visitor(t).byPassword("fay@example.org").in(); got != "fay@example.org" {
		t.Errorf("signed in as %q", got)
	}
}

func TestNewRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t).byCode("fay@example.org", fay)
	if p := v.post("/auth/factor/codes", form("code", fay.next())); p.url != "/auth/prove?next=%2Fauth%2Ffactor" {
		t.Errorf("without a proof: at %s", p.url)
	}
	v.prove()
	p := v.post("/auth/factor/codes", form("code", fay.wrong()))
	want(t, p, http.StatusUnauthorized, "This code is wrong.", `id="codes"`)
	p = v.post("/auth/factor/codes", form("code", fay.next(), "next", "/who"))
	want(t, p, http.StatusOK, "Save your recovery codes", "codes from before do not work any more", `name="next" value="/who"`)
	codes := p.codes()
	if len(codes) != 10 {
		t.Fatalf("%d codes", len(codes))
	}
	if p := v.post("/auth/factor/done", form("next", "/who")); p.url != "/who" {
		t.Errorf("sent to %s", p.url)
	}
	want(t, w.visitor(t).half("fay@example.org").post("/auth/recover", form("code", fay.codes[0])), http.StatusUnauthorized)
	for i, code := range codes[:8] {
		if p := w.visitor(t).half("fay@example.org").post("/auth/recover", form("code", code)); p.url != "/home" {
			t.Errorf("new code %d: status %d", i, p.status)
		}
	}
	want(t, v.get("/auth/factor"), http.StatusOK, "Recovery codes left: 2. Make new ones soon.")
}

// Who has used up the last recovery code is in, and told that a new factor is due.
func TestLastRecoveryCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	var v *visitor
	for _, code := range fay.codes {
		v = w.visitor(t).half("fay@example.org")
		if p := v.post("/auth/recover", form("code", code)); p.url != "/home" {
			t.Fatalf("status %d at %s", p.status, p.url)
		}
	}
	want(t, v.get("/auth/factor"), http.StatusOK, "There is no second factor of yours left to ask for.", `action="/auth/factor/begin"`)
	next := w.visitor(t)
	want(t, next.post("/auth/password", form("address", "fay@example.org", "password", right)), http.StatusOK, "To go on, set up a second factor.")
	v.prove()
	v.confirm(v.setUp())
	if next.in() != "" {
		t.Error("signed in")
	}
}

// A person in more orgs than one confirms a reset by a link and their password. To look at
// the link does nothing.
func TestReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	w.twoOrgs(t, "fay@example.org")
	in := w.visitor(t).byCode("fay@example.org", fay)
	token := w.resetLink(t, w.member(t, "fay@example.org"))
	path := "/auth/factor/reset?" + url.Values{"token": {token}}.Encode()

	v := w.visitor(t)
	for range 2 {
		want(t, v.get(path), http.StatusOK, "Reset your second factor", `action="/auth/factor/reset"`, `name="token" value="`+token+`"`, `<label for="password">Password</label>`)
	}
	if in.in() != "fay@example.org" {
		t.Error("looking at the link has done it")
	}
	p := v.post("/auth/factor/reset", form("token", token, "password", "a guess of somebody's"))
	want(t, p, http.StatusUnauthorized, "The password is wrong.", `aria-invalid="true"`, `name="token" value="`+token+`"`)
	want(t, v.post("/auth/factor/reset", form("token", token)), http.StatusUnauthorized, "The password is wrong.")
	p = v.post("/auth/factor/reset", form("token", token, "password", right))
	want(t, p, http.StatusOK, "Your second factor is reset", "You are signed out on all devices.", `href="/auth/">Sign in`)
	if in.in() != "" || v.in() != "" {
		t.Errorf("afterwards: signed in as %q and %q", in.in(), v.in())
	}
	p = v.post("/auth/factor/reset", form("token", token, "password", right))
	want(t, p, http.StatusGone, "This link does not work any more.")
	if strings.Contains(p.text, token) {
		t.Error("the token is repeated")
	}
	want(t, v.post("/auth/password", form("address", "fay@example.org", "password", right)), http.StatusOK, "To go on, set up a second factor.")
}

func TestResetLinkThatIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	for _, token := range []string{"", "a b", `"><script>`, strings.Repeat("a", 65), "r1.\x00"} {
		p := v.get("/auth/factor/reset?" + url.Values{"token": {token}}.Encode())
		want(t, p, http.StatusGone, "This link is not whole.")
		p = v.post("/auth/factor/reset", form("token", token, "password", right))
		want(t, p, http.StatusGone, "This link does not work any more.")
	}
	made := "r1." + strings.Repeat("A", 43)
	want(t, v.get("/auth/factor/reset?token="+made), http.StatusOK, `name="token" value="`+made+`"`)
	want(t, v.post("/auth/factor/reset", form("token", made, "password", right)), http.StatusGone, "This link does not work any more.")
}

// The password of a link is guessed no faster than at the sign-in page.
func TestResetIsLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, "fay@example.org")
	w.twoOrgs(t, "fay@example.org")
	token, v := w.resetLink(t, w.member(t, "fay@example.org")), w.visitor(t)
	var p page
	for range 6 {
		p = v.post("/auth/factor/reset", form("token", token, "password", "a guess of somebody's"))
	}
	want(t, p, http.StatusTooManyRequests, "Too many attempts", `name="token" value="`+token+`"`)
	if p.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.advance(25 * time.Hour)
	want(t, v.post("/auth/factor/reset", form("token", token, "password", right)), http.StatusGone, "This link does not work any more.")
}
