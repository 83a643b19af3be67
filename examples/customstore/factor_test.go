package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// withFactor is a browser in which somebody has just set up a second factor.
func (a *app) withFactor(t *testing.T, first string) (*visitor, inHand) {
	t.Helper()
	v, err := a.comeIn(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := v.setUp(t.Context(), url.Values{"password": {a.known[first].Password}})
	if err != nil {
		t.Fatal(err)
	}
	return v, mine
}

// next is a code that was not used yet: the one of now has confirmed the factor.
func (h inHand) next() string { return h.phone.Code(time.Now().Add(30 * time.Second)) }

// What the host changes between the password and the code ends the login. accesssec knows
// of a new password by User.Password alone, which is why that is the column of the hash.
func TestChangedBetweenPasswordAndCode(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	v, mine := a.withFactor(t, "tess")
	fresh, err := a.passwords.Hash(ctx, "quite another one")
	if err != nil {
		t.Fatal(err)
	}
	before, err := a.st.User(ctx, "acct-3")
	if err != nil {
		t.Fatal(err)
	}
	set := func(column, value string) {
		t.Helper()
		if _, err := a.db.ExecContext(ctx, `UPDATE accounts SET `+column+` = ?1 WHERE id = 3`, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ column, was, is string }{
		{"active", "1", "0"},
		{"mail", before.Address, "tess@example.net"},
		{"pw", before.Password, ""},
		{"pw", before.Password, fresh},
	} {
		if err := a.halfIn(ctx, v, "tess"); err != nil {
			t.Fatal(err)
		}
		set(c.column, c.is)
		for path, code := range map[string]string{"/login/code": mine.next(), "/login/recovery": mine.codes[0]} {
			page, err := v.byCode(ctx, path, code)
			if err != nil || page.status != http.StatusForbidden || page.in() {
				t.Errorf("%s is %q, %s: status %d at %s, %v", c.column, c.is, path, page.status, page.url, err)
			}
		}
		if n, err := a.count(ctx, `SELECT count(*) FROM accesssec_sessions`); err != nil || n != 0 {
			t.Fatalf("%s is %q: %d sessions, %v", c.column, c.is, n, err)
		}
		set(c.column, c.was)
	}
	set("pw", fresh)
	a.known["tess"] = person{a.known["tess"].Mail, "quite another one"}
	if err := a.halfIn(ctx, v, "tess"); err != nil {
		t.Fatal(err)
	}
	if page, err := v.byCode(ctx, "/login/recovery", mine.codes[0]); err != nil || !page.in() {
		t.Errorf("with the new password: status %d, %v", page.status, err)
	}
}

// Five wrong codes close the factor for a while, to the right code as well, and end the
// login that waited: who goes on has to know the password still.
func TestWrongCodes(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	v, mine := a.withFactor(t, "tess")
	if err := a.halfIn(ctx, v, "tess"); err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		page, err := v.byCode(ctx, "/login/code", "no code")
		if err != nil || page.status != http.StatusUnauthorized || !strings.Contains(page.text, "This code is wrong.") {
			t.Fatalf("wrong code %d: status %d, %v", n+1, page.status, err)
		}
	}
	if page, err := v.byCode(ctx, "/login/code", mine.next()); err != nil || page.status != http.StatusForbidden || !strings.Contains(page.text, "Start it again.") {
		t.Errorf("the right code after five wrong ones: status %d, %v", page.status, err)
	}
	if err := a.halfIn(ctx, v, "tess"); err != nil {
		t.Fatal(err)
	}
	if page, err := v.byCode(ctx, "/login/code", mine.next()); err != nil || page.status != http.StatusTooManyRequests || !strings.Contains(page.text, "/login/recovery") {
		t.Errorf("the right code while it is locked: status %d, %v", page.status, err)
	}
	// Who guesses at the app's codes takes no recovery code from its owner.
	if page, err := v.byCode(ctx, "/login/recovery", mine.codes[9]); err != nil || !page.in() {
		t.Errorf("a recovery code: status %d, %v", page.status, err)
	}
}

// A database that is away between the password and the code lets nobody in.
func TestAwayBeforeTheCode(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	v, mine := a.withFactor(t, "tess")
	if err := a.halfIn(ctx, v, "tess"); err != nil {
		t.Fatal(err)
	}
	if err := a.db.Close(); err != nil {
		t.Fatal(err)
	}
	for path, code := range map[string]string{"/login/code": mine.next(), "/login/recovery": mine.codes[0]} {
		page, err := v.byCode(ctx, path, code)
		if err != nil || page.status != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d, %v", path, page.status, err)
		}
	}
}

// Removing and new recovery codes take the password and a code: a browser that was left
// alone has neither.
func TestOwnFactor(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	tess, mine := a.withFactor(t, "tess")
	olive, hers := a.withFactor(t, "olive")
	known := func(c string) func() string { return func() string { return c } }
	for _, c := range []struct {
		who, path, password string
		code                func() string
		want                string
	}{
		{"tess", "/factor/codes", "a guess", mine.next, "password is wrong"},
		{"tess", "/factor/codes", a.known["tess"].Password, known("no code"), "This code is wrong."},
		{"tess", "/factor/codes", a.known["tess"].Password, known(mine.codes[0]), "This code is wrong."},
		{"tess", "/factor/codes", a.known["tess"].Password, hers.next, "This code is wrong."},
		{"tess", "/factor/codes", a.known["tess"].Password, mine.next, "Your recovery codes"},
		{"olive", "/factor/remove", "a guess", hers.next, "password is wrong"},
		{"olive", "/factor/remove", a.known["olive"].Password, known(""), "This code is wrong."},
		{"olive", "/factor/remove", a.known["olive"].Password, hers.next, "Set up"},
		{"olive", "/factor/change", a.known["olive"].Password, known(""), "no second factor"},
	} {
		v := map[string]*visitor{"tess": tess, "olive": olive}[c.who]
		page, err := v.post(ctx, c.path, url.Values{"password": {c.password}, "code": {c.code()}})
		if err != nil || !strings.Contains(page.text, c.want) {
			t.Errorf("%s of %s does not say %q: status %d, %v", c.path, c.who, c.want, page.status, err)
		}
	}
	if err := a.halfIn(ctx, tess, "tess"); err != nil {
		t.Fatal(err)
	}
	if err := tess.mustBeRefused(ctx, "/login/recovery", mine.codes[0]); err != nil {
		t.Errorf("a recovery code from before: %v", err)
	}
	if _, err := a.comeIn(ctx, "olive"); err != nil {
		t.Errorf("without a second factor: %v", err)
	}
}

// A session for set-up can be left, and nothing is shown to who has none.
func TestSetUpPages(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	v, mine := a.withFactor(t, "tess")
	for _, codes := range [][]string{nil, {"rubbish"}, append(mine.codes, mine.codes[0]), {strings.ToLower(mine.codes[0])}} {
		if page, err := v.post(ctx, "/factor/codes.txt", url.Values{"code": codes}); err != nil || page.status != http.StatusBadRequest {
			t.Errorf("a download of %d: status %d, %v", len(codes), page.status, err)
		}
	}
	page, err := v.post(ctx, "/factor/change", url.Values{"password": {a.known["tess"].Password}})
	if err != nil || !strings.HasPrefix(page.url, a.origin+"/login") {
		t.Fatalf("status %d at %s, %v", page.status, page.url, err)
	}
	if err := a.halfIn(ctx, v, "tess"); err != nil {
		t.Fatal(err)
	}
	if page, err = v.byCode(ctx, "/login/code", mine.next()); err != nil || !strings.Contains(page.text, "before anything else") {
		t.Fatalf("status %d at %s, %v", page.status, page.url, err)
	}
	if page, err = v.post(ctx, "/factor/done", nil); err != nil || page.in() || !strings.Contains(page.text, "Set up a second factor to go on.") {
		t.Errorf("done before anything was: status %d, %v", page.status, err)
	}
	if _, err := v.post(ctx, "/logout", nil); err != nil {
		t.Fatal(err)
	}
	if err := v.mustBeOut(ctx); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/factor/begin", "/factor/confirm", "/factor/codes.txt", "/factor/done", "/factor/change", "/factor/remove", "/factor/codes", "/team/factor"} {
		page, err := v.post(ctx, path, url.Values{"code": mine.codes, "password": {a.known["tess"].Password}})
		if err != nil || !strings.HasPrefix(page.url, a.origin+"/login") {
			t.Errorf("%s: status %d at %s, %v", path, page.status, page.url, err)
		}
	}
}

// The link of a message leads to a page that asks first. No other page of package signin
// is served: it would write a cookie that this host does not read.
func TestResetLink(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), started(t)
	v, err := a.visitor()
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) answer {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.origin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		page, err := read(v.client.Do(req))
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	link := "/auth/factor/reset?token=r1." + strings.Repeat("A", 43)
	if page := get(link); page.status != http.StatusOK || !strings.Contains(page.text, `<form method="post" action="/auth/factor/reset">`) {
		t.Errorf("the page: status %d", page.status)
	}
	page, err := v.post(ctx, link, url.Values{"token": {"r1." + strings.Repeat("A", 43)}, "password": {"x"}})
	if err != nil || !strings.Contains(page.text, "This link does not work any more.") {
		t.Errorf("a link that nobody was sent: status %d, %v", page.status, err)
	}
	if page := get("/auth/"); page.url != a.origin+"/login" {
		t.Errorf("where the page leads to: status %d at %s", page.status, page.url)
	}
	for _, path := range []string{"/auth/factor", "/auth/code", "/auth/signout", "/auth/factor/reset/"} {
		if page := get(path); page.status != http.StatusNotFound {
			t.Errorf("%s is served: status %d", path, page.status)
		}
	}
}
