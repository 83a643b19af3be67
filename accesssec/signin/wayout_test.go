package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// Who is invited and has forgotten their password sets another one, and is let in by that.
func TestInvitedAndForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	otto := accesssec.Person{Address: "otto@example.net", Verified: true, Password: right}
	must[accesssec.Principal](t)(w.svc.CreateOrg(t.Context(), "Other", otto))
	path, _ := w.invite(t, otto.Address, policy.Billing)
	v := w.visitor(t)
	p := v.get(path)
	want(t, p, http.StatusOK, "Sign in and join", "Forgot your password?")
	fields := fieldsOf(p, "/auth/")
	fields.Set("way", "forgot")
	p = v.post("/auth/", fields)
	want(t, p, http.StatusOK, "Forgot your password?", `value="otto@example.net"`)
	want(t, v.post("/auth/password/forgot", fieldsOf(p, "/auth/password/forgot")), http.StatusOK, "Check your mail")
	p = v.get(w.link(t, accesssec.TemplateMailPassword))
	fields = fieldsOf(p, "/auth/password/reset")
	fields.Set("password", another)
	v.post("/auth/password/reset", fields)
	if v.in() != otto.Address || w.role(t, otto.Address) != policy.Billing {
		t.Errorf("in as %q, who is %q", v.in(), w.role(t, otto.Address))
	}
	// Who has none yet has none to forget.
	path, _ = w.invite(t, "nia@example.net", policy.Member)
	if p := w.visitor(t).get(path); strings.Contains(p.text, "Forgot") {
		t.Error("a newcomer is asked for a password that they have forgotten")
	}
}

// Nobody is stuck at the proof: there is a way to another password, and one back.
func TestForgottenAtTheProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t).byPassword("ext@example.org")
	back := "/auth/factor?next=/who"
	p := v.get("/auth/prove?next=" + url.QueryEscape(back))
	want(t, p, http.StatusOK, "Forgot your password?", `action="/auth/security/mail"`, `href="/auth/factor?next=/who">Not now`)
	want(t, v.get("/auth/prove"), http.StatusOK, `href="/home">Not now`)
	want(t, v.get("/auth/security"), http.StatusOK, "Forgot your password?")
	want(t, v.post("/auth/security/mail", fieldsOf(p, "/auth/security/mail")), http.StatusOK, "Check your mail", `href="`+back+`">Go back`)
	token := tokenOf(t, w.link(t, accesssec.TemplateMailPassword))
	if p := v.post("/auth/password/reset", form("token", token, "password", another)); p.url != back {
		t.Fatalf("status %d at %s", p.status, p.url)
	}
	// The new one is no proof by itself, as no sign-in is.
	p = v.post("/auth/factor/begin", form("next", "/who"))
	want(t, p, http.StatusOK, "Confirm that it is you")
	if p = v.post("/auth/prove", form("password", another, "next", back)); p.url != back {
		t.Errorf("status %d at %s", p.status, p.url)
	}
	// Who is in is not told that they are not.
	want(t, v.post("/auth/prove/sso", form("connection", "nowhere")), http.StatusNotFound, "That did not work")
	// To a mail for an address that was typed the page offers the way back to that form.
	fresh := w.visitor(t).byPassword("fay@example.org")
	p = fresh.post("/auth/security/address", form("to", "moved@example.net", "next", "/who"))
	want(t, p, http.StatusOK, `href="/auth/security?next=%2Fwho#address">Not now`)
}

// From a link that is over it is one step to where another one is asked for.
func TestAnotherLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	for path, to := range map[string]string{
		"/auth/password/reset": "/auth/password/forgot", "/auth/signup/finish": "/auth/signup", "/auth/address/confirm": "/auth/security#address",
	} {
		for _, token := range []string{"", "m1." + strings.Repeat("A", 43)} {
			want(t, v.get(path+"?token="+token), http.StatusGone, `href="`+to+`">Ask for a new link`)
			want(t, v.post(path, form("token", token, "password", another)), http.StatusGone, `href="`+to+`">Ask for a new link`)
		}
	}
	want(t, v.get("/auth/link/open?token=m1."+strings.Repeat("A", 43)), http.StatusGone, `href="/auth/">Go to the sign-in page`)
}

// The field that has the focus refers to what went wrong, be it another thing than the field.
func TestAlertIsReferredTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor(t)
	want(t, v.post("/auth/code", form("code", "123456")), http.StatusUnauthorized, `autofocus value="" aria-describedby="alert">`)
	want(t, v.post("/auth/", form("address", "no address")), http.StatusBadRequest, `aria-invalid="true" aria-describedby="alert">`)
	want(t, v.get("/auth/recover"), http.StatusOK, "ask an administrator of your organization to reset your second factor")
}
