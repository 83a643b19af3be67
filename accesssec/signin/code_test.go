package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A password alone makes no session where there is a second factor.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t)
	v.post("/auth/", form("address", "fay@example.org", "next", "/who?a=1", "org", w.orgID))
	p := v.post("/auth/password", form("address", "fay@example.org", "password", right, "next", "/who?a=1", "org", w.orgID))
	want(t, p, http.StatusOK, "Enter your code", `<label for="code">Code</label>`, `autocomplete="one-time-code"`, `inputmode="numeric"`,
		`name="next" value="/who?a=1"`, `name="org" value="`+w.orgID+`"`, "Need help? Use a recovery code to sign in",
		`href="/auth/recover?next=%2Fwho%3Fa%3D1&amp;org=`+w.orgID+`"`)
	if p.url != "/auth/code?next=%2Fwho%3Fa%3D1&org="+w.orgID {
		t.Errorf("asked for the code at %s", p.url)
	}
	if v.in() != "" {
		t.Error("signed in by a password alone")
	}
	p = v.post("/auth/code", form("code", fay.wrong(), "next", "/who?a=1", "org", w.orgID))
	want(t, p, http.StatusUnauthorized, "This code is wrong.", `role="alert"`, `aria-invalid="true"`, `name="next" value="/who?a=1"`,
		`name="org" value="`+w.orgID+`"`, "<title>Error: Enter your code", "Use a recovery code")
	if v.in() != "" {
		t.Error("signed in by a wrong code")
	}
	code := fay.next()
	p = v.post("/auth/code", form("code", " "+code[:3]+" "+code[3:], "next", "/who?a=1", "org", w.orgID))
	want(t, p, http.StatusOK, "hello fay@example.org in "+w.orgID)
	if p.url != "/who?a=1" {
		t.Errorf("sent to %s", p.url)
	}
	// Once more, by the same code: it is used up.
	if p := w.visitor(t).half("fay@example.org").post("/auth/code", form("code", code)); p.status != http.StatusUnauthorized {
		t.Errorf("a used code: status %d at %s", p.status, p.url)
	}
}

// Where the person was going is kept with the half that was right: what the second form
// says of it does not count.
func TestCodeKeepsTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t)
	v.post("/auth/password", form("address", "fay@example.org", "password", right, "next", "/who"))
	if p := v.post("/auth/code", form("code", fay.next(), "next", "//evil.example", "org", "org-another")); p.url != "/who" {
		t.Errorf("sent to %s (status %d)", p.url, p.status)
	}
}

func TestRecoveryCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t).half("fay@example.org")
	want(t, v.get("/auth/recover?next=/who"), http.StatusOK, `<label for="code">Recovery code</label>`, `name="next" value="/who"`,
		`href="/auth/code?next=%2Fwho"`)
	p := v.post("/auth/recover", form("code", "0000-0000-0000-0000", "next", "/who"))
	want(t, p, http.StatusUnauthorized, "This code is wrong.", `aria-invalid="true"`, `name="next" value="/who"`, "Use your app instead")
	want(t, v.post("/auth/recover", form("code", fay.next())), http.StatusUnauthorized, "This code is wrong.")
	if v.in() != "" {
		t.Error("signed in")
	}
	if p = v.post("/auth/recover", form("code", strings.ToLower(fay.codes[3]))); p.url != "/home" || v.in() != "fay@example.org" {
		t.Errorf("status %d at %s", p.status, p.url)
	}
	want(t, v.get("/auth/factor"), http.StatusOK, "Recovery codes left: 9.")
	want(t, w.visitor(t).half("fay@example.org").post("/auth/recover", form("code", fay.codes[3])), http.StatusUnauthorized)
}

// Without a half that was right no code is looked at, and the start says why.
func TestHalfLoginIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	late, other, changed := w.visitor(t).half("fay@example.org"), w.visitor(t), w.visitor(t)
	for _, path := range []string{"/auth/code", "/auth/recover"} {
		for name, p := range map[string]page{
			"no password":     other.post(path, form("code", fay.next(), "next", "/who")),
			"a recovery code": other.post(path, form("code", fay.codes[0], "next", "/who")),
			"nothing":         changed.post(path, form("next", "/who")),
		} {
			want(t, p, http.StatusUnauthorized, "This sign-in took too long, or was ended. Start it again.",
				`<label for="address">Email address</label>`, `name="next" value="/who"`, "<title>Error: Sign in")
			if strings.Contains(p.text, `aria-invalid="true"`) {
				t.Errorf("%s: the address is told to be wrong", name)
			}
		}
	}
	w.advance(10 * time.Minute)
	want(t, late.post("/auth/code", form("code", fay.next())), http.StatusUnauthorized, "This sign-in took too long")
	if late.in() != "" || other.in() != "" {
		t.Error("signed in")
	}
	// It is used up by the sign-in that it was for.
	v := w.visitor(t).byCode("fay@example.org", fay)
	want(t, v.post("/auth/code", form("code", fay.next())), http.StatusUnauthorized, "Start it again")
}

// Of two attempts at once one is not looked at, and may be made again.
func TestTwoAttemptsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t).half("fay@example.org")
	w.rival.Store(true)
	for path, code := range map[string]string{"/auth/code": fay.next(), "/auth/recover": fay.codes[0]} {
		p := v.post(path, form("code", code, "next", "/who"))
		want(t, p, http.StatusConflict, "Another attempt is under way. Try again.", `action="`+path+`"`, `name="next" value="/who"`)
	}
	ext := w.visitor(t)
	w.rival.Store(false)
	scanned := ext.byPassword("ext@example.org").prove().setUp()
	w.rival.Store(true)
	want(t, ext.post("/auth/factor/confirm", form("code", scanned.app.Code(w.now()))), http.StatusConflict, "Another attempt is under way. Try again.", `<div class="qr">`)
	w.rival.Store(false)
	ext.confirm(scanned)
	if p := v.post("/auth/code", form("code", fay.app.Code(w.now()))); p.url != "/home" {
		t.Errorf("afterwards: status %d at %s", p.status, p.url)
	}
}

func TestCodesAreLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t).half("fay@example.org")
	for range 5 {
		want(t, v.post("/auth/code", form("code", fay.wrong(), "next", "/who")), http.StatusUnauthorized, "This code is wrong.")
	}
	// The fifth has ended what waited in this browser.
	want(t, v.post("/auth/code", form("code", fay.app.Code(w.now()), "next", "/who")), http.StatusUnauthorized, "Start it again")
	p := v.half("fay@example.org").post("/auth/code", form("code", fay.app.Code(w.now()), "next", "/who"))
	want(t, p, http.StatusTooManyRequests, "Too many attempts", "You can try again in ", " seconds.", `name="next" value="/who"`, "Use a recovery code")
	if p.header.Get("Retry-After") == "" || v.in() != "" {
		t.Errorf("Retry-After %q, signed in as %q", p.header.Get("Retry-After"), v.in())
	}
	// Recovery codes have a count of their own.
	if p := v.post("/auth/recover", form("code", fay.codes[0])); p.url != "/home" {
		t.Errorf("a recovery code: status %d at %s", p.status, p.url)
	}
}

// guess types a hundred wrong codes in a row, as fast as the locks allow.
func (v *visitor) guess(path string, p *phone, beside func()) {
	v.t.Helper()
	for range 100 {
		v.w.advance(time.Hour)
		want(v.t, v.half("fay@example.org").post(path, form("code", p.wrong())), http.StatusUnauthorized, "This code is wrong.")
		beside()
	}
	v.w.advance(time.Hour)
}

// After a hundred the codes of the app are dead, and a recovery code leads to set-up.
func TestDisabledFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	in, v := w.visitor(t).byCode("fay@example.org", fay), w.visitor(t)
	v.guess("/auth/code", fay, func() { in.in() }) // her session stays awake
	p := v.half("fay@example.org").post("/auth/code", form("code", fay.next(), "next", "/who"))
	want(t, p, http.StatusForbidden, "Codes of your app are not accepted any more.", `action="/auth/recover"`, `name="next" value="/who"`)
	p = in.get("/auth/factor")
	want(t, p, http.StatusOK, "Codes of your app are not accepted any more", "sign in again with a recovery code", `action="/auth/factor/change"`)
	if strings.Contains(p.text, `name="code"`) {
		t.Error("a code is asked for that can't be right")
	}
	p = v.post("/auth/recover", form("code", fay.codes[0], "next", "/who"))
	want(t, p, http.StatusOK, "Set up a second factor", `action="/auth/factor/begin"`, "To go on, set up a second factor.")
	if v.in() != "" {
		t.Error("signed in before the set-up")
	}
}

// After a hundred wrong recovery codes nobody is told that it was the app.
func TestDisabledRecovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t)
	v.guess("/auth/recover", fay, func() {})
	p := v.half("fay@example.org").post("/auth/recover", form("code", fay.codes[0]))
	want(t, p, http.StatusForbidden, "Recovery codes are not accepted any more", "Use your app", "Start again", "support@host.example")
	if p := v.post("/auth/code", form("code", fay.next())); p.url != "/home" {
		t.Errorf("the app: status %d at %s", p.status, p.url)
	}
}
