package signin_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
)

const (
	openIDIssuer = "https://openid.example"
	authorize    = openIDIssuer + "/authorize"
)

// google is an OpenID provider without pages: whoever has a code is whom it names.
type google struct {
	now func() time.Time

	mu     sync.Mutex
	people map[string]accesssec.OpenIDClaims // by subject, which is the code
	asked  map[string]string                 // challenges, by nonce
}

func (g *google) AuthURL(state, nonce, challenge string, fresh bool) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked[nonce] = challenge
	q := url.Values{"state": {state}, "nonce": {nonce}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}}
	if fresh {
		q.Set("max_age", "0")
	}
	return authorize + "?" + q.Encode()
}

func (g *google) Exchange(_ context.Context, code, verifier, nonce string) (accesssec.OpenIDClaims, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	sum := sha256.Sum256([]byte(verifier))
	who, ok := g.people[code]
	if !ok || g.asked[nonce] != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return accesssec.OpenIDClaims{}, errors.New("the provider: invalid_grant")
	}
	delete(g.asked, nonce)
	who.AuthTime = g.now().Unix()
	return who, nil
}

// knows adds somebody with that address.
func (g *google) knows(subject, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.people[subject] = accesssec.OpenIDClaims{Issuer: openIDIssuer, Subject: subject, Address: address, Verified: true, FirstName: "Gil", LastName: "Good"}
}

// toGoogle presses the button, and is the state that the browser brings back.
func (v *visitor) toGoogle(path string, fields url.Values) string {
	v.t.Helper()
	away := v.still().post(path, fields)
	to := must[*url.URL](v.t)(url.Parse(away.header.Get("Location")))
	if away.status != http.StatusSeeOther || !strings.HasPrefix(to.String(), authorize+"?") {
		v.t.Fatalf("%s: status %d, to %q", path, away.status, to)
	}
	return to.Query().Get("state")
}

// back is the answer of the provider: a link that another site has the browser follow.
func (v *visitor) back(subject, state string) page {
	v.t.Helper()
	q := url.Values{"code": {subject}, "state": {state}}
	return v.send(http.MethodGet, "/auth/google/callback?"+q.Encode(), nil, http.Header{"Sec-Fetch-Site": {"cross-site"}})
}

func TestGoogle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.google.knows("sub-gil", "gil@example.net")
	v := w.visitor(t)
	want(t, v.get("/auth/?next=/who"), http.StatusOK, `Continue with <span class="whole">Google</span>`, `action="/auth/google/start"`)
	want(t, v.post("/auth/", form("address", "gil@example.net")), http.StatusOK, `action="/auth/google/start"`)
	state := v.toGoogle("/auth/google/start", form("next", "/who"))
	want(t, w.visitor(t).back("sub-gil", state), http.StatusForbidden, "You are not signed in") // in another browser
	state = v.toGoogle("/auth/google/start", form("next", "/who"))
	if p := v.back("sub-gil", state); p.url != "/who" || v.in() != "gil@example.net" {
		t.Fatalf("status %d at %s", p.status, p.url)
	}
	again := w.visitor(t)
	if p := again.back("sub-gil", state); p.status != http.StatusForbidden || again.in() != "" {
		t.Errorf("an answer twice: status %d", p.status)
	}
	for _, query := range []string{"", "state=x", "code=sub-gil", "code=a&code=b&state=" + state, "error=access_denied&state=" + url.QueryEscape(v.toGoogle("/auth/google/start", form())), "code=" + strings.Repeat("a", 9000)} {
		p := w.visitor(t).get("/auth/google/callback?" + query)
		if p.status < 400 || p.status > 499 {
			t.Errorf("%.40s: status %d", query, p.status)
		}
	}
	want(t, v.get("/auth/security"), http.StatusOK, "Linked logins", "gil@example.net", `aria-label="Unlink Google, gil@example.net"`, "by Google")
	// Without a password the provider's word proves it once more, and leads back.
	p := v.post("/auth/factor/begin", form("next", "/who"))
	want(t, p, http.StatusOK, "Confirm that it is you", `action="/auth/prove/google"`, "Email me a link to set a password")
	was := v.ticket()
	if p := v.back("sub-gil", v.toGoogle("/auth/prove/google", form("next", "/auth/factor?next=/who"))); p.url != "/auth/factor?next=/who" {
		t.Errorf("proven: status %d at %s", p.status, p.url)
	}
	w.over(t, was)
	want(t, v.post("/auth/factor/begin", form("next", "/who")), http.StatusOK, `<div class="qr">`)
}

// An account that somebody has is not signed in to by an address alone: they sign in to it, in
// the same browser, and say so.
func TestLinkingALogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.google.knows("sub-ext", "ext@example.org")
	v := w.visitor(t)
	p := v.back("sub-ext", v.toGoogle("/auth/google/start", form("next", "/who")))
	want(t, p, http.StatusOK, "There is an account with this address", "Sign in to my account", `href="/auth/?next=%2Fauth%2Flogin%2Flink%3Fnext%3D%252Fwho"`)
	if v.in() != "" {
		t.Fatal("signed in by an address")
	}
	// Neither another person in this browser, nor the person in another, has anything to link.
	other, fay := w.visitor(t).byPassword("ext@example.org"), *v
	want(t, other.get("/auth/login/link"), http.StatusNotFound, "There is nothing to link")
	want(t, other.post("/auth/login/link", form()), http.StatusNotFound, "There is nothing to link")
	fay.byPassword("fay@example.org")
	want(t, fay.get("/auth/login/link"), http.StatusNotFound, "There is nothing to link")
	fay.post("/auth/signout", form("scope", "device"))

	p = v.post("/auth/password", form("address", "ext@example.org", "password", right, "next", "/auth/login/link?next=/who"))
	want(t, p, http.StatusOK, "Link your login", "ext@example.org", `action="/auth/login/link"`, `name="next" value="/who"`, `href="/who">Not now`)
	want(t, v.post("/auth/login/link", form("next", "/who")), http.StatusOK, "Your login is linked", `href="/who">Go on`)
	elsewhere := w.visitor(t)
	if p := elsewhere.back("sub-ext", elsewhere.toGoogle("/auth/google/start", form("next", "/who"))); p.url != "/who" || elsewhere.in() != "ext@example.org" {
		t.Errorf("linked: status %d at %s", p.status, p.url)
	}
	own := v.get("/auth/security")
	_, rest, _ := strings.Cut(own.text, `name="login" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	if p := v.post("/auth/security/unlink", form("login", id)); p.url != "/auth/security#logins" && p.url != "/auth/prove?next=%2Fauth%2Fsecurity%23logins" {
		t.Fatalf("unlink: status %d at %s", p.status, p.url)
	}
	v.post("/auth/prove", form("password", right))
	if p := v.post("/auth/security/unlink", form("login", id)); strings.Contains(p.text, "Linked logins") && p.status == http.StatusOK {
		t.Error("still linked")
	}
	if p := v.back("sub-ext", v.toGoogle("/auth/google/start", form())); strings.Contains(p.url, "/home") {
		t.Error("an unlinked login signs in")
	}
}

// What the provider's answer holds stays in its URL: no page, header or log has it.
func TestStateStaysInItsURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.google.knows("sub-ext", "ext@example.org")
	v := w.visitor(t)
	state := v.toGoogle("/auth/google/start", form("next", "/who"))
	p := v.back("sub-ext", state)
	want(t, p, http.StatusOK, "There is an account")
	if got := p.header.Get("Referrer-Policy"); got != "strict-origin" {
		t.Errorf("Referrer-Policy %q", got)
	}
	if strings.Contains(p.text, state) || strings.Contains(w.log.String(), state) {
		t.Error("the state is on the page or in the log")
	}
	v.get("/auth/")
	for _, x := range v.c.Transport.(*tape).all {
		if strings.Contains(strings.Join(x.asked["Referer"], ""), state) {
			t.Errorf("the state is in the Referer of %s", x.path)
		}
	}
}
