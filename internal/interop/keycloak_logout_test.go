package interop_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// application is a service of ours, and where it is.
type application struct {
	*service
	at string
}

// applications are two services that a browser has signed in to by one session at Keycloak.
func (k keycloak) applications(t *testing.T, b *browser, binding saml.Binding, settings map[string]string) (first, second application) {
	t.Helper()
	var apps []application
	for range 2 {
		// Of the two addresses in our metadata Keycloak likes that for POST better.
		settings = with(settings, "slo", string(binding))
		s, at := k.service(t, settings, newKey(t))
		s.rules.Groups = "Role"
		s.idp.SLO.Binding = binding
		s.idp.SSO.Binding = binding
		if s.idp.SLO.URL == "" {
			t.Fatal("no single logout in Keycloak's metadata")
		}
		if out := k.signIn(t, b, at+"/login"); out.Identity == nil {
			t.Fatalf("refused: %s", out.Detail)
		}
		apps = append(apps, application{s, at})
	}
	for _, app := range apps {
		if p := b.get(t, app.at+"/me"); p.status != http.StatusOK {
			t.Fatalf("not signed in: %d", p.status)
		}
	}
	return apps[0], apps[1]
}

// isOver checks that the session of a browser is over here.
func (a application) isOver(t *testing.T, b *browser, where string) {
	t.Helper()
	if p := b.get(t, a.at+"/me"); p.status != http.StatusUnauthorized {
		t.Errorf("the session at the %s application goes on: %d, %s", where, p.status, p.body)
	}
}

// wantsPassword checks that Keycloak has forgotten the browser.
func wantsPassword(t *testing.T, b *browser, at string) {
	t.Helper()
	if p := b.get(t, at+"/login"); !p.has("kc-form-login") {
		t.Errorf("Keycloak's session goes on: %s, %s", p.url, p.body)
	}
}

// Who signs out at one application is signed out at Keycloak, and at the other one.
func TestKeycloakLogoutStartsHere(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
		t.Run(string(binding), func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t)
			first, second := k.applications(t, b, binding, nil)
			bystander := newBrowser(t)
			if out := k.signIn(t, bystander, second.at+"/login"); out.Identity == nil {
				t.Fatalf("refused: %s", out.Detail)
			}

			out := outcomeOf(t, b.get(t, first.at+"/logout"))
			if !out.LoggedOut {
				t.Errorf("Keycloak's answer: %s", out.Detail)
			}
			first.isOver(t, b, "first")
			second.isOver(t, b, "second")
			wantsPassword(t, b, first.at)
			checkLogouts(t, second, binding, true)
			if p := bystander.get(t, second.at+"/me"); p.status != http.StatusOK {
				t.Errorf("another session of the same person is over: %d", p.status)
			}
		})
	}
}

// checkLogouts wants one logout request, with one session that it ended.
func checkLogouts(t *testing.T, a application, binding saml.Binding, browser bool) {
	t.Helper()
	all := a.logouts()
	if len(all) != 1 || all[0].ended != 1 {
		t.Fatalf("logout requests: %+v", all)
	}
	lo := all[0]
	if (lo.method == http.MethodPost) != (binding == saml.POST) || lo.cookie != browser {
		t.Errorf("it came by %s, with our cookie: %t", lo.method, lo.cookie)
	}
	if len(lo.lo.SessionIndexes) != 1 || lo.lo.NameID.Format != persistent {
		t.Errorf("logout request %+v", lo.lo)
	}
}

// Who signs out at Keycloak is signed out here.
func TestKeycloakLogoutStartsThere(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
		t.Run(string(binding), func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t)
			first, second := k.applications(t, b, binding, nil)
			p := b.get(t, k.url+"/realms/"+realm+"/protocol/openid-connect/logout")
			if len(p.forms) != 1 {
				t.Fatalf("no page to confirm at %s:\n%s", p.url, p.body)
			}
			if p = b.submit(t, p.forms[0], url.Values{"confirmLogout": {"Logout"}}); p.status != http.StatusOK {
				t.Errorf("%s: status %d: %s", p.url, p.status, p.body)
			}
			first.isOver(t, b, "first")
			second.isOver(t, b, "second")
			wantsPassword(t, b, first.at)
			checkLogouts(t, first, binding, true)
			checkLogouts(t, second, binding, true)
		})
	}
}

// An administrator's logout reaches us from Keycloak itself: no browser, no cookie.
func TestKeycloakLogoutByAdministrator(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	b := newBrowser(t)
	first, second := k.applications(t, b, saml.POST, map[string]string{"front": "false"})
	index := outcomeOf(t, b.get(t, first.at+"/me")).Identity.SessionIndex
	session, _, _ := strings.Cut(index, "::")
	k.administrator(t).call(t, http.MethodDelete, "/sessions/"+session, nil, nil)
	first.isOver(t, b, "first")
	second.isOver(t, b, "second")
	checkLogouts(t, first, saml.POST, false)
	checkLogouts(t, second, saml.POST, false)
}

// With "Sign documents" off, Keycloak signs assertions and no logout request.
func TestKeycloakLogoutUnsigned(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	b := newBrowser(t)
	settings := map[string]string{"front": "false", "saml.assertion.signature": "true", "saml.server.signature": "false"}
	first, _ := k.applications(t, b, saml.POST, settings)
	index := outcomeOf(t, b.get(t, first.at+"/me")).Identity.SessionIndex
	session, _, _ := strings.Cut(index, "::")
	k.administrator(t).call(t, http.MethodDelete, "/sessions/"+session, nil, nil)
	if p := b.get(t, first.at+"/me"); p.status != http.StatusOK || len(first.logouts()) != 0 {
		t.Errorf("status %d after an unsigned logout request; believed: %+v", p.status, first.logouts())
	}
}
