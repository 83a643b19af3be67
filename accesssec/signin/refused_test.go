package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
)

// bySSOFrom presses the button of single sign-on on a page, and ends behind the provider.
func (v *visitor) bySSOFrom(p page, address string) page {
	v.t.Helper()
	want(v.t, p, p.status, `Continue with Acme &lt;script&gt;alert(1)&lt;/script&gt; &#34;&amp;&#39;’s`, `name="connection" value="`+v.w.connection+`"`)
	return v.bySSO(address, fieldsOf(p, "/auth/sso/start"))
}

// Whom a link does not let in any more, because their org has come to require single sign-on, goes
// on by that from where they are told, to where they were going.
func TestRefusedLinkOffersSSO(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"link", "looking", "code", "another password"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.apply(t, func(s *accesssec.Settings) { s.IdPManaged = false })
			v, path, kind := w.visitor(t), "/auth/link", accesssec.TemplateMailSignIn
			if by == "another password" {
				path, kind = "/auth/password/forgot", accesssec.TemplateMailPassword
			}
			v.post(path, form("address", "max@example.com", "next", "/who"))
			link, code := w.link(t, kind), w.mail(t, kind).Values["code"]
			w.apply(t, func(s *accesssec.Settings) { s.RequireSSO = true })
			var p page
			switch by {
			case "link":
				p = v.post("/auth/link/open", form("token", tokenOf(t, link)))
			case "looking":
				p = v.get(link)
			case "code":
				p = v.post("/auth/link/code", form("code", code))
			default:
				p = v.post("/auth/password/reset", form("token", tokenOf(t, link), "password", another))
			}
			want(t, p, http.StatusForbidden, "You are not signed in", "requires single sign-on", `name="next" value="/who"`, `href="/auth/?next=%2Fwho">Start again`)
			if v.in() != "" {
				t.Fatal("signed in")
			}
			if p := v.bySSOFrom(p, "max@example.com"); p.url != "/who" || v.in() != "max@example.com" {
				t.Errorf("status %d at %s", p.status, p.url)
			}
		})
	}
}

// So does whom the OpenID provider's word does not let in: with an account, or without.
func TestRefusedGoogleOffersSSO(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(t, func(s *accesssec.Settings) { s.RequireSSO = true })
	w.google.knows("sub-max", "max@example.com")
	w.google.knows("sub-olive", "olive@example.com")
	w.google.knows("sub-ann", "ann@example.com")
	w.google.knows("sub-out", "out@example.net")
	for _, subject := range []string{"max", "olive", "ann"} {
		v := w.visitor(t)
		p := v.back("sub-"+subject, v.toGoogle("/auth/google/start", form("next", "/who")))
		want(t, p, http.StatusForbidden, "You are not signed in", `name="next" value="/who"`, "Start again")
		if v.in() != "" {
			t.Fatalf("%s is in", subject)
		}
		if p := v.bySSOFrom(p, subject+"@example.com"); p.url != "/who" || v.in() != subject+"@example.com" {
			t.Errorf("%s: status %d at %s", subject, p.status, p.url)
		}
	}
	// The button is for whom it helps: it is of the domain, and of nobody else's.
	v := w.visitor(t)
	state := v.toGoogle("/auth/google/start", form())
	for _, p := range []page{w.visitor(t).back("sub-max", state), v.get("/auth/google/callback?error=access_denied&state=" + url.QueryEscape(state))} {
		want(t, p, http.StatusForbidden, "Start again")
		if strings.Contains(p.text, "Acme") {
			t.Error("whose address nobody has shown learns the name of the org")
		}
	}
}
