package interop_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/google/go-cmp/cmp"
)

// customersKeycloak is a Keycloak that a customer of a host brings along.
type customersKeycloak struct {
	keycloak
	settings map[string]string
}

func (k customersKeycloak) trustMetadata(t testing.TB, metadata []byte) {
	t.Helper()
	k.trust(t, metadata, with(k.settings, "saml_name_id_format", "persistent"))
}

func (k customersKeycloak) parsed(t testing.TB) *saml.IdP { return k.metadata(t) }

// enter signs Ann in at the host by her company's Keycloak.
func (h *host) enter(t *testing.T, b *browser, c *customer, k keycloak) *page {
	t.Helper()
	start := form{origin: h.url, action: h.url + h.svc.Path() + "sso/start", fields: url.Values{"connection": {c.conn.ID}}}
	p := b.submit(t, start, nil)
	return b.submit(t, p.form(t, "kc-form-login"), url.Values{"username": {"ann"}, "password": {k.password}})
}

// A whole SaaS, and a customer with Keycloak: Ann signs in and is a member from then on.
func TestKeycloakHost(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	h := newHost(t)
	c := h.newCustomer(t, "example.com", customersKeycloak{keycloak: k})
	b := newBrowser(t)
	if p := h.enter(t, b, c, k); p.status != http.StatusOK {
		t.Fatalf("status %d: %s", p.status, p.body)
	}
	if p := b.get(t, h.url+"/"); p.status != http.StatusOK || !strings.HasPrefix(string(p.body), "member in ") {
		t.Errorf("signed in as %q, status %d", p.body, p.status)
	}
	want := []string{"owner@example.com|||owner|created", "ann@example.com|Ann|O'Söhne-Łee|member|jit"}
	if diff := cmp.Diff(want, c.members(t)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}
