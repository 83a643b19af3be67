package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// Somebody who is signed in sets up a second factor of their own accord.
func TestSetUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, elsewhere := w.visitor(t).byPassword("ext@example.org"), w.visitor(t).byPassword("ext@example.org")
	p := v.get("/auth/factor?next=/who")
	want(t, p, http.StatusOK, "Set up a second factor", "ext@example.org", `action="/auth/factor/begin"`, `name="next" value="/who"`, `href="/who">Not now`)
	if p.key() != "" {
		t.Error("a page that is only looked at has begun a factor")
	}
	p = v.post("/auth/factor/begin", form("next", "/who"))
	if p.url != "/auth/prove?next=%2Fauth%2Ffactor%3Fnext%3D%252Fwho" {
		t.Fatalf("without a proof: at %s", p.url)
	}
	if p = v.post("/auth/prove", form("password", right, "next", "/auth/factor?next=/who")); p.url != "/auth/factor?next=/who" {
		t.Fatalf("after the proof: at %s", p.url)
	}
	p = v.post("/auth/factor/begin", form("next", "/who"))
	want(t, p, http.StatusOK, `<div class="qr"><svg `, `role="img"`, "Can’t scan the QR code?", `<label for="code">Code that the app shows</label>`,
		`autocomplete="one-time-code"`, `name="next" value="/who"`)
	if p.url != "/auth/factor?next=%2Fwho" {
		t.Errorf("shown at %s, which can't be loaded again", p.url)
	}
	app, typed := must[*totptest.App](t)(totptest.NewApp(p.link(t))), must[*totptest.App](t)(totptest.NewTypedApp(p.key()))
	if app.Issuer != issuer || app.Account != "ext@example.org" || app.Code(w.now()) != typed.Code(w.now()) {
		t.Errorf("the app shows %q %q; the typed key is the same: %v", app.Issuer, app.Account, app.Code(w.now()) == typed.Code(w.now()))
	}
	if again := v.get("/auth/factor"); again.key() != p.key() {
		t.Error("loading the page again has begun another one")
	}
	ext := &phone{w: w, app: app}
	wrong := v.post("/auth/factor/confirm", form("code", ext.wrong(), "next", "/who"))
	want(t, wrong, http.StatusUnauthorized, "This code is wrong.", `aria-invalid="true"`, `name="next" value="/who"`)
	if wrong.key() != p.key() {
		t.Error("another key after a wrong code")
	}

	p = v.confirm(ext, "next", "/who")
	want(t, p, http.StatusOK, "I have saved them", `action="/auth/factor/done"`, `action="/auth/factor/codes.txt"`, `name="next" value="/who"`)
	if elsewhere.in() != "" {
		t.Error("a session that was made without a second factor goes on")
	}
	if p := v.post("/auth/factor/done", form("next", "/who")); p.url != "/who" || v.in() != "ext@example.org" {
		t.Errorf("done: status %d at %s", p.status, p.url)
	}
	want(t, v.get("/auth/factor"), http.StatusOK, "Your second factor", "Recovery codes left: 10.", w.now().UTC().Format("2 January 2006"))
	want(t, v.post("/auth/factor/begin", form()), http.StatusConflict, "A second factor is set up already.")
	want(t, v.post("/auth/factor/confirm", form("code", ext.next())), http.StatusConflict, "A second factor is set up already.")
	w.visitor(t).byCode("ext@example.org", ext)
}

func TestDownloadCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org").prove()
	ext := v.setUp()
	v.confirm(ext)
	fields := form()
	fields["code"] = ext.codes
	p := v.post("/auth/factor/codes.txt", fields)
	want(t, p, http.StatusOK, "Recovery codes for "+issuer+"\n", "Account: ext@example.org\n", "Made on: "+w.now().UTC().Format("2 January 2006")+"\n",
		strings.Join(ext.codes, "\n"))
	for name, value := range map[string]string{
		"Content-Type": "text/plain; charset=utf-8", "Content-Disposition": `attachment; filename="recovery-codes.txt"`,
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := p.header.Get(name); got != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	// It gives back codes, and nothing else that somebody may have put in their place.
	for _, codes := range [][]string{nil, {""}, {"<script>"}, {strings.ToLower(ext.codes[0])}, append(ext.codes, ext.codes[0]), {ext.codes[0], "x"}} {
		fields["code"] = codes
		p := v.post("/auth/factor/codes.txt", fields)
		want(t, p, http.StatusBadRequest, "These are no recovery codes.")
		if strings.Contains(p.text, ext.codes[0]) || strings.Contains(p.text, "&lt;script") {
			t.Error("what was refused is repeated")
		}
	}
	fields["code"] = ext.codes
	if p := w.visitor(t).post("/auth/factor/codes.txt", fields); p.url != "/auth/?next=%2Fauth%2Ffactor" {
		t.Errorf("who is signed out: status %d at %s", p.status, p.url)
	}
}

// reset has the factor of a member of the org's own domain taken away, so that a new one
// is due.
func (w *world) reset(t *testing.T, address string) {
	t.Helper()
	out := must[[]accesssec.FactorReset](t)(w.owner(t).ResetFactors(t.Context(), w.member(t, address)))
	if len(out) != 1 || out[0].Outcome != accesssec.ResetDone {
		t.Fatalf("reset: %v", out)
	}
}

// comesToSetUp is a browser that a password has let in to set-up alone, since the factor of
// a member was reset.
func (w *world) comesToSetUp(t *testing.T, address string) *visitor {
	t.Helper()
	w.enrol(t, address)
	w.reset(t, address)
	v := w.visitor(t)
	v.post("/auth/password", form("address", address, "password", right))
	return v
}

// Where one is due, a password leads to the set-up and nowhere else, until the person says
// that the recovery codes are saved.
func TestSetUpComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, "max@example.com")
	w.reset(t, "max@example.com")
	v := w.visitor(t)
	p := v.post("/auth/password", form("address", "max@example.com", "password", right, "next", "/who", "org", w.orgID))
	want(t, p, http.StatusOK, "To go on, set up a second factor.", "max@example.com", `name="next" value="/who"`, `name="org" value="`+w.orgID+`"`,
		`href="/auth/signout">Sign out`)
	if p.url != "/auth/factor?next=%2Fwho&org="+w.orgID {
		t.Errorf("sent to %s", p.url)
	}
	// All else leads back here, and never in circles.
	for _, path := range []string{"/who", "/anything?a=1", "/auth/prove?next=/who"} {
		if p := v.get(path); !strings.HasPrefix(p.url, "/auth/factor?next=%2F") || p.status != http.StatusOK {
			t.Errorf("%s leads to %s (status %d)", path, p.url, p.status)
		}
	}
	want(t, v.get("/auth/?next=/who"), http.StatusOK, `<label for="address">Email address</label>`, `name="next" value="/who"`)
	p = v.get("/auth/signout")
	want(t, p, http.StatusOK, "You are signed in as max@example.com.", `value="device"`)
	if strings.Contains(p.text, `value="everywhere"`) {
		t.Error("offers what a set-up may not do")
	}
	for _, path := range []string{"change", "remove", "codes"} {
		if p := v.post("/auth/factor/"+path, form("code", "123456")); p.url != "/auth/factor" || p.status != http.StatusOK {
			t.Errorf("%s: status %d at %s", path, p.status, p.url)
		}
	}
	if p := v.post("/auth/factor/done", form("next", "/who")); p.url != "/auth/factor?next=%2Fwho" {
		t.Errorf("done without a factor: status %d at %s", p.status, p.url)
	}

	max := v.setUp() // without another proof: the password was typed just now
	v.confirm(max, "next", "/who")
	if v.in() != "" {
		t.Error("signed in before the codes are saved")
	}
	p = v.get("/who")
	want(t, p, http.StatusOK, "Your second factor is set up", "The recovery codes were shown once, and can’t be shown again.", "I have saved them",
		`name="next" value="/who"`, `name="next" value="/auth/factor?next=%2Fwho"`)
	if len(p.codes()) > 0 {
		t.Error("the codes are shown again")
	}
	// The same form once more, as a browser sends it that loads the page again.
	want(t, v.post("/auth/factor/confirm", form("code", max.next())), http.StatusOK, "Your second factor is set up")
	p = v.post("/auth/factor/done", form("next", "/who", "org", w.orgID))
	want(t, p, http.StatusOK, "hello max@example.com in "+w.orgID)
	if p.url != "/who" {
		t.Errorf("sent to %s", p.url)
	}
	w.visitor(t).byCode("max@example.com", max)
}

// Who lost the page with the codes goes on all the same, to where new ones are made.
func TestCodesThatWereNotSaved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.comesToSetUp(t, "max@example.com")
	max := v.setUp()
	v.confirm(max)
	p := v.post("/auth/factor/done", form("next", "/auth/factor?next=%2Fwho"))
	want(t, p, http.StatusOK, "Make new recovery codes", `name="next" value="/who"`)
	v.prove()
	want(t, v.post("/auth/factor/codes", form("code", max.next())), http.StatusOK, "Save your recovery codes")
}

// Nobody is held in a set-up: they may sign out of it, and it is over by itself.
func TestSetUpIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, "max@example.com")
	w.reset(t, "max@example.com")
	v, slow := w.visitor(t), w.visitor(t)
	for _, scope := range []string{"device", "everywhere", "provider"} {
		v.post("/auth/password", form("address", "max@example.com", "password", right))
		ticket := v.ticket()
		want(t, v.post("/auth/signout", form("scope", scope)), http.StatusOK, "You are signed out")
		w.over(t, ticket)
	}
	slow.post("/auth/password", form("address", "max@example.com", "password", right))
	if p := v.get("/auth/factor"); p.url != "/auth/?next=%2Fauth%2Ffactor" {
		t.Errorf("signed out, and at %s", p.url)
	}
	max := slow.setUp()
	w.advance(10 * time.Minute)
	p := slow.post("/auth/factor/confirm", form("code", max.app.Code(w.now()), "next", "/who"))
	want(t, p, http.StatusConflict, "Setting up took too long. Begin again.", `action="/auth/factor/begin"`, `name="next" value="/who"`)
	slow.setUp()
	w.advance(20 * time.Minute)
	for _, path := range []string{"begin", "confirm", "done", "codes.txt"} {
		if p := slow.post("/auth/factor/"+path, form("next", "/who", "code", "123456")); p.url != "/auth/?next=%2Fauth%2Ffactor%3Fnext%3D%252Fwho" {
			t.Errorf("%s: status %d at %s", path, p.status, p.url)
		}
	}
}

// With the password that has begun it a set-up ends, and says so.
func TestSetUpAfterAnotherPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.comesToSetUp(t, "max@example.com")
	max := v.setUp()
	w.edit(t, "max@example.com", func(u *store.User) { u.Password += "x" })
	want(t, v.get("/auth/factor"), http.StatusUnauthorized, "You are signed out.", "Start again")
	for _, path := range []string{"begin", "confirm"} {
		want(t, v.post("/auth/factor/"+path, form("code", max.app.Code(w.now()))), http.StatusUnauthorized, "You are signed out.")
	}
}

// Who begins again and again has to wait.
func TestBeginIsLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org").prove()
	var p page
	for n := 0; p.status != http.StatusTooManyRequests; n++ {
		if n > 100 {
			t.Fatal("a hundred times")
		}
		p = v.post("/auth/factor/begin", form("next", "/who"))
	}
	want(t, p, http.StatusTooManyRequests, "Too many attempts", `name="next" value="/who"`)
	if p.header.Get("Retry-After") == "" || p.key() == "" {
		t.Errorf("Retry-After %q, key %q: what waits is not shown", p.header.Get("Retry-After"), p.key())
	}
}

// What waits is shown for as long as the proof is good, and after another one.
func TestSetUpIsShownUnderItsProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org").prove()
	key := v.post("/auth/factor/begin", form()).key()
	w.advance(5 * time.Minute)
	want(t, v.get("/auth/factor"), http.StatusOK, `action="/auth/factor/begin"`)
	if p := v.post("/auth/factor/begin", form()); p.url != "/auth/prove?next=%2Fauth%2Ffactor" {
		t.Errorf("at %s (status %d)", p.url, p.status)
	}
	v.prove()
	if got := v.get("/auth/factor").key(); got != key {
		t.Errorf("key %q, want %q", got, key)
	}
}

// Wrong first codes lock too, and the picture stays where it is.
func TestConfirmIsLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org").prove()
	ext := v.setUp()
	var p page
	for range 6 {
		p = v.post("/auth/factor/confirm", form("code", ext.wrong()))
	}
	want(t, p, http.StatusTooManyRequests, "Too many attempts", "You can try again in ")
	if p.key() == "" || p.header.Get("Retry-After") == "" {
		t.Errorf("Retry-After %q, key %q", p.header.Get("Retry-After"), p.key())
	}
	w.advance(time.Minute)
	v.confirm(ext)
}
