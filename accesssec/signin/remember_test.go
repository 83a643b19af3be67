package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// A browser is remembered where the org allows it, the person asks for it, and the code is
// right; and nowhere else.
func TestRememberedBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	v := w.visitor(t).half("fay@example.org")
	if p := v.get("/auth/code"); strings.Contains(p.text, "remember") {
		t.Error("offered by an org that does not allow it")
	}
	w.apply(t, func(s *accesssec.Settings) { s.RememberDevices = 7 * 24 * time.Hour })
	const box = `<input id="remember" name="remember" type="checkbox" value="1"> <label for="remember">Ask for no code in this browser for 7 days</label>`
	want(t, v.get("/auth/code"), http.StatusOK, box)
	if p := w.visitor(t).get("/auth/code"); strings.Contains(p.text, "remember") {
		t.Error("offered in a browser in which nothing waits")
	}
	if p := v.get("/auth/recover"); strings.Contains(p.text, "remember") {
		t.Error("offered for a recovery code")
	}
	want(t, v.post("/auth/code", form("code", fay.wrong(), "remember", "1")), http.StatusUnauthorized, strings.Replace(box, `value="1"`, `value="1" checked`, 1))
	if p := v.post("/auth/code", form("code", fay.next(), "remember", "1")); p.url != "/home" {
		t.Fatalf("status %d at %s", p.status, p.url)
	}
	v.post("/auth/signout", form("scope", "device"))
	if p := v.post("/auth/password", form("address", "fay@example.org", "password", right)); p.url != "/home" {
		t.Errorf("remembered: status %d at %s", p.status, p.url)
	}
	want(t, v.get("/auth/security"), http.StatusOK, "by password, remembered browser")
	if p := w.visitor(t).post("/auth/password", form("address", "fay@example.org", "password", right)); p.url != "/auth/code" {
		t.Errorf("another browser: at %s", p.url)
	}
	// It is only ever this person's.
	if p := v.post("/auth/password", form("address", "fay@example.org", "password", "Another guess 1")); p.status != http.StatusUnauthorized {
		t.Errorf("a wrong password in a remembered browser: status %d", p.status)
	}
	w.advance(7 * 24 * time.Hour)
	v.post("/auth/signout", form("scope", "device"))
	if p := v.post("/auth/password", form("address", "fay@example.org", "password", right)); p.url != "/auth/code" {
		t.Errorf("after its time: at %s", p.url)
	}
}

// Whose org requires a second factor comes in once without, and is told; then it comes first.
func TestGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := must[accesssec.Principal](t)(w.svc.CreateOrg(t.Context(), "Other", accesssec.Person{Address: "otto@example.net", Verified: true, Password: right}))
	if err := w.svc.ImportPeople(t.Context(), owner.OrgID, accesssec.Person{Address: "gus@example.net", Verified: true, Password: right, Role: policy.Member}); err != nil {
		t.Fatal(err)
	}
	admin := w.svc.Admin(owner)
	require := func(from time.Time) {
		t.Helper()
		s := must[accesssec.Settings](t)(admin.Settings(t.Context()))
		s.RequireFactor, s.FactorFrom = true, from
		if err := admin.Apply(t.Context(), s, must[accesssec.Preview](t)(admin.Preview(t.Context(), s)).Hash); err != nil {
			t.Fatal(err)
		}
	}
	from := w.now().Add(10 * 24 * time.Hour)
	require(from)
	signIn := form("address", "gus@example.net", "password", right, "next", "/who")
	v := w.visitor(t)
	p := v.post("/auth/password", signIn)
	want(t, p, http.StatusOK, "Set up a second factor", "gus@example.net", from.UTC().Format("2 January 2006"), `href="/who">Later`, `action="/auth/factor/begin"`)
	if !strings.HasPrefix(p.url, "/auth/factor/soon?next=%2Fwho") || v.in() != "gus@example.net" {
		t.Errorf("at %s, in as %q", p.url, v.in())
	}
	// A sign-in is no proof, however fresh, and the pages say so before and when it is asked for.
	want(t, p, http.StatusOK, "though you have just signed in")
	p = v.post("/auth/factor/begin", form("next", "/who"))
	want(t, p, http.StatusOK, "Confirm that it is you", "still gus@example.net, even if you have signed in a moment ago", "not asked again for five minutes")
	if p.url != "/auth/prove?next=%2Fauth%2Ffactor%3Fnext%3D%252Fwho" {
		t.Errorf("the proof is at %s", p.url)
	}
	p = v.post("/auth/prove", form("password", right, "next", "/auth/factor?next=/who"))
	want(t, p, http.StatusOK, "Set up a second factor", `name="next" value="/who"`)
	want(t, v.post("/auth/factor/begin", fieldsOf(p, "/auth/factor/begin")), http.StatusOK, `<div class="qr">`, `href="/who">Not now`)
	for _, until := range []string{"", "x", "%3Cscript%3E", "2026-99-99"} {
		want(t, v.get("/auth/factor/soon?until="+until), http.StatusOK, "At your next sign-in")
	}
	w.advance(11 * 24 * time.Hour)
	v = w.visitor(t)
	if p = v.post("/auth/password", signIn); strings.HasPrefix(p.url, "/auth/factor/soon") {
		t.Errorf("still grace after its end: at %s", p.url)
	}
	want(t, p, http.StatusOK, "To go on, set up a second factor")
	if v.in() != "" {
		t.Error("in without a second factor")
	}

	once := must[accesssec.Principal](t)(w.svc.CreateOrg(t.Context(), "Once", accesssec.Person{Address: "ona@example.net", Verified: true, Password: right}))
	if err := w.svc.ImportPeople(t.Context(), once.OrgID, accesssec.Person{Address: "pia@example.net", Verified: true, Password: right, Role: policy.Member}); err != nil {
		t.Fatal(err)
	}
	admin = w.svc.Admin(once)
	require(time.Time{})
	signIn.Set("address", "pia@example.net")
	want(t, w.visitor(t).post("/auth/password", signIn), http.StatusOK, "At your next sign-in you set one up before anything else.", `href="/who">Later`)
	want(t, w.visitor(t).post("/auth/password", signIn), http.StatusOK, "To go on, set up a second factor")
}
