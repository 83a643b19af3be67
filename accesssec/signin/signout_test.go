package signin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

func TestSignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	laptop, phone := w.visitor(t).byPassword("olive@example.com"), w.visitor(t).byPassword("olive@example.com")
	want(t, laptop.get("/auth/signout"), http.StatusOK, "You are signed in as olive@example.com.", "on this device", "on all devices")
	want(t, laptop.post("/auth/signout", form("scope", "universe")), http.StatusBadRequest, "You are still signed in.")
	if laptop.in() == "" {
		t.Error("signed out by a form that says nothing")
	}

	p := laptop.post("/auth/signout", form("scope", "device"))
	want(t, p, http.StatusOK, "You are signed out")
	if p.url != "/auth/signout" || laptop.in() != "" || phone.in() != "olive@example.com" {
		t.Errorf("this device: at %s, here %q, there %q", p.url, laptop.in(), phone.in())
	}
	laptop.byPassword("olive@example.com")
	p = laptop.still().post("/auth/signout", form("scope", "everywhere"))
	if c := strings.Join(p.header.Values("Set-Cookie"), "\n"); !strings.Contains(c, "__Host-accesssec=;") || !strings.Contains(c, "Max-Age=0") {
		t.Errorf("the cookie is not cleared: %q", c)
	}
	if laptop.in() != "" || phone.in() != "" {
		t.Errorf("all devices: here %q, there %q", laptop.in(), phone.in())
	}
	// Once more, by somebody who is out already.
	want(t, phone.post("/auth/signout", form("scope", "everywhere")), http.StatusOK, "You are signed out", "Sign in again")
}

// Who is signed out already has ended nothing elsewhere, and is not told so.
func TestSignOutEverywhereTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	there := w.visitor(t).byPassword("ext@example.org")
	late := w.visitor(t)
	want(t, late.post("/auth/signout", form("scope", "everywhere")), http.StatusOK, "nothing was ended on other devices", `href="/auth/"`)
	want(t, late.post("/auth/signout", form("scope", "device")), http.StatusOK, "You are signed out")
	if there.in() == "" {
		t.Error("signed out by somebody")
	}
}

// Who came by single sign-on may have their identity provider end its session as well,
// and it may end ours.
func TestSingleLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, phone := w.visitor(t), w.visitor(t)
	ann.bySSO("ann@example.com", form())
	phone.bySSO("ann@example.com", form())
	want(t, ann.get("/auth/signout"), http.StatusOK, "on this device", "at your identity provider", `value="provider"`)
	away := ann.still().post("/auth/signout", form("scope", "provider"))
	if to := away.header.Get("Location"); away.status != http.StatusSeeOther || !strings.HasPrefix(to, w.idp.SLOURL()) {
		t.Fatalf("status %d, to %q", away.status, to)
	}
	if c := strings.Join(away.header.Values("Set-Cookie"), "\n"); !strings.Contains(c, "__Host-accesssec=;") || ann.in() != "" {
		t.Errorf("still in, with %q", c)
	}
	req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, away.header.Get("Location"), nil))
	p := ann.read(must[*http.Response](t)(samltest.Follow(ann.c, req)))
	want(t, p, http.StatusOK, "You are signed out", "Sign in again")
	if phone.in() != "ann@example.com" {
		t.Error("another session is over as well")
	}

	there := w.idp.Sessions(w.origin + "/auth/sso/" + w.connection)
	if len(there) != 1 {
		t.Fatalf("%d sessions there", len(there))
	}
	m := must[samltest.LogoutMessage](t)(w.idp.StartLogout(there[0], samltest.POST))
	p = w.visitor(t).read(must[*http.Response](t)(http.DefaultClient.Do(must[*http.Request](t)(m.Request(t.Context())))))
	want(t, p, http.StatusOK, "Signed out", ": Success")
	if phone.in() != "" {
		t.Error("their logout ends nothing here")
	}
	// The same again, one that nobody has signed, and none at all.
	p = w.visitor(t).read(must[*http.Response](t)(http.DefaultClient.Do(must[*http.Request](t)(m.Request(t.Context())))))
	want(t, p, http.StatusForbidden, "The sign-out did not work", "Give this code")
	path := "/auth/sso/" + w.connection + "/slo"
	want(t, w.visitor(t).get(path), http.StatusBadRequest, "The sign-out did not work")
	want(t, w.visitor(t).post(path, form("SAMLRequest", "bm9uc2Vuc2U=")), http.StatusBadRequest, "The sign-out did not work")
	want(t, w.visitor(t).get("/auth/sso/con-none/slo"), http.StatusNotFound, "The sign-out did not work")
}

func TestProve(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.visitor(t).get("/auth/prove?next=/settings")
	if p.url != "/auth/?next=%2Fauth%2Fprove%3Fnext%3D%252Fsettings" {
		t.Errorf("who is signed out is sent to %s", p.url)
	}

	ext := w.visitor(t).byPassword("ext@example.org")
	p = ext.get("/auth/prove?next=/settings")
	want(t, p, http.StatusOK, "Confirm that it is you", "ext@example.org", `name="next" value="/settings"`)
	if strings.Contains(p.text, "sso/start") {
		t.Error("a sign-on is offered that is not there")
	}
	want(t, ext.post("/auth/prove", form("password", "wrong", "next", "/settings")), http.StatusUnauthorized,
		"The password is wrong.", `name="next" value="/settings"`)
	if p := ext.post("/auth/prove", form("password", right, "next", "/settings")); p.url != "/settings" {
		t.Errorf("sent to %s (status %d)", p.url, p.status)
	}
	for range 6 {
		p = ext.post("/auth/prove", form("password", "wrong"))
	}
	want(t, p, http.StatusTooManyRequests, "Too many attempts")
	if p.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if p := w.visitor(t).post("/auth/prove", form("password", right, "next", "/settings")); !strings.HasPrefix(p.url, "/auth/?next=") {
		t.Errorf("who is signed out is sent to %s", p.url)
	}
}

// Who has no password proves by a fresh single sign-on.
func TestProveWithoutPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.visitor(t)
	ann.bySSO("ann@example.com", form())
	p := ann.get("/auth/prove?next=/settings")
	want(t, p, http.StatusOK, `action="/auth/prove/sso"`, `name="connection" value="`+w.connection+`"`, `name="org" value="`+w.orgID+`"`)
	if strings.Contains(p.text, `type="password"`) {
		t.Error("a password is asked for that is not there")
	}
	p = ann.post("/auth/prove", form("password", "anything", "next", "/settings"))
	want(t, p, http.StatusForbidden, "This account has no password to confirm with.", `action="/auth/prove/sso"`)
	if strings.Contains(p.text, `type="password"`) {
		t.Error("a password is asked for that is not there")
	}
	away := ann.still().post("/auth/prove/sso", form("connection", w.connection))
	req := must[*http.Request](t)(http.NewRequest(http.MethodGet, away.header.Get("Location"), nil))
	if asked, err := w.idp.ReadRequest(req); err != nil || !asked.ForceAuthn {
		t.Errorf("the provider is not asked to ask again (%v)", err)
	}
	was := ann.ticket()
	if p := ann.through("/auth/prove/sso", "ann@example.com", form("next", "/settings", "org", w.orgID)); p.url != "/settings" {
		t.Errorf("sent to %s (status %d)", p.url, p.status)
	}
	w.over(t, was)
	if p := w.visitor(t).post("/auth/prove/sso", form("connection", w.connection)); !strings.HasPrefix(p.url, "/auth/?next=") {
		t.Errorf("who is signed out is sent to %s", p.url)
	}
}
