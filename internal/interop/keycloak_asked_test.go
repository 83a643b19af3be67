package interop_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// What a request can ask for, and Keycloak's answer.
func TestKeycloakIsAsked(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	s, at := k.service(t, nil, newKey(t))
	ask := func(opts *saml.StartOptions) {
		s.mu.Lock()
		s.opts = opts
		s.mu.Unlock()
	}
	b := newBrowser(t)

	ask(&saml.StartOptions{IsPassive: true})
	if out := outcomeOf(t, b.get(t, at+"/login")); out.Identity != nil || out.Code != saml.CodeStatus {
		t.Errorf("nobody has signed in, and no page may be shown: %s", out)
	}
	ask(nil)
	first := k.signIn(t, b, at+"/login")
	if first.Identity == nil {
		t.Fatalf("refused: %s", first.Detail)
	}
	if p := b.get(t, at+"/login"); p.has("kc-form-login") {
		t.Error("who has signed in is asked again")
	}
	ask(&saml.StartOptions{IsPassive: true})
	if out := outcomeOf(t, b.get(t, at+"/login")); out.Identity == nil || out.Identity.NameID != first.Identity.NameID {
		t.Errorf("without a page: %s", out)
	}
	ask(&saml.StartOptions{ForceAuthn: true})
	p := b.get(t, at+"/login")
	out := outcomeOf(t, b.submit(t, p.form(t, "kc-form-login"), map[string][]string{"password": {k.password}}))
	if out.Identity == nil || out.Identity.NameID != first.Identity.NameID || !out.Identity.AuthenticatedAt.After(first.Identity.AuthenticatedAt) {
		t.Errorf("by password again: %s, %s", out, out.Detail)
	}
	for format, want := range map[string]string{
		"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress": "ann@example.com",
		persistent: first.Identity.NameID.Value,
	} {
		ask(&saml.StartOptions{NameIDFormat: format, RelayState: "handle-1"})
		out := outcomeOf(t, b.get(t, at+"/login"))
		if out.Identity == nil || out.Identity.NameID.Format != format || out.Identity.NameID.Value != want {
			t.Errorf("%s: %s", format, out)
		}
		if got := b.posts[len(b.posts)-1].fields.Get("RelayState"); got != "handle-1" {
			t.Errorf("relay state %q", got)
		}
	}
}

func TestKeycloakLoginThatStartsThere(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	s, at := k.service(t, map[string]string{"saml_idp_initiated_sso_url_name": "portal"}, newKey(t))
	s.rules.Groups = "Role"
	start := k.url + "/realms/" + realm + "/protocol/saml/clients/portal"
	b := newBrowser(t)
	if out := k.signIn(t, b, start); out.Identity != nil || out.Code != saml.CodeUnsolicited {
		t.Errorf("without leave: %s", out)
	}
	s.mu.Lock()
	s.rules.IdPInitiated = true
	s.mu.Unlock()
	want := wantKeycloakAnn()
	want.Solicited = false
	checkKeycloakAnn(t, k.signIn(t, b, start), want)
	if p := b.get(t, at+"/me"); p.status != 200 {
		t.Errorf("status %d", p.status)
	}
}

// Keycloak can still sign with SHA-1.
func TestKeycloakLegacy(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	s, at := k.service(t, map[string]string{"saml.signature.algorithm": "RSA_SHA1"})
	b := newBrowser(t)
	if out := k.signIn(t, b, at+"/login"); out.Identity != nil || out.Code != saml.CodeAlgorithm {
		t.Errorf("without the opt-in: %s", out)
	}
	s.mu.Lock()
	s.rules = saml.Rules{Groups: "Role", InsecureAllowLegacy: true}
	s.mu.Unlock()
	checkKeycloakAnn(t, k.signIn(t, b, at+"/login"), wantKeycloakAnn())
}
