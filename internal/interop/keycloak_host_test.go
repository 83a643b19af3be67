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

// Who signs out of the host may be signed out at Keycloak, and the other way round.
func TestKeycloakHostLogout(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	for name, tc := range map[string]struct {
		settings map[string]string
		end      func(*testing.T, *browser, *host, *customer)
	}{
		"starts here": {nil, func(t *testing.T, b *browser, h *host, _ *customer) {
			p := b.get(t, h.url+h.svc.Path()+"signout")
			if len(p.forms) == 0 {
				t.Fatalf("no form at %s:\n%s", p.url, p.body)
			}
			if p = b.submit(t, p.forms[0], url.Values{"scope": {"provider"}}); p.status != http.StatusOK || !strings.HasPrefix(p.url.String(), h.url) {
				t.Errorf("the end is at %s, status %d: %s", p.url, p.status, p.body)
			}
		}},
		"starts at Keycloak": {nil, func(t *testing.T, b *browser, _ *host, _ *customer) {
			p := b.get(t, k.url+"/realms/"+realm+"/protocol/openid-connect/logout")
			if len(p.forms) != 1 {
				t.Fatalf("no page to confirm at %s:\n%s", p.url, p.body)
			}
			b.submit(t, p.forms[0], url.Values{"confirmLogout": {"Logout"}})
		}},
		"its administrator": {map[string]string{"front": "false"}, func(t *testing.T, _ *browser, _ *host, c *customer) {
			k.endSession(t, c.conn.EntityID)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			c := h.newCustomer(t, "example.com", customersKeycloak{keycloak: k, settings: tc.settings})
			b := newBrowser(t)
			h.enter(t, b, c, k)
			if p := b.get(t, h.url+"/"); p.status != http.StatusOK {
				t.Fatalf("not signed in: status %d", p.status)
			}
			tc.end(t, b, h, c)
			if p := b.get(t, h.url+"/"); p.status != http.StatusUnauthorized {
				t.Errorf("the session at the host goes on: %d, %s", p.status, p.body)
			}
			start := form{origin: h.url, action: h.url + h.svc.Path() + "sso/start", fields: url.Values{"connection": {c.conn.ID}}}
			if p := b.submit(t, start, nil); !p.has("kc-form-login") {
				t.Errorf("Keycloak's session goes on: %s", p.url)
			}
		})
	}
}

// endSession lets Keycloak's administrator end the one session that an application is in.
func (k keycloak) endSession(t *testing.T, entityID string) {
	t.Helper()
	admin := k.administrator(t)
	var people []struct {
		ID string `json:"id"`
	}
	admin.call(t, http.MethodGet, "/users?exact=true&username=ann", nil, &people)
	if len(people) != 1 {
		t.Fatalf("%d people are called Ann", len(people))
	}
	var sessions []struct {
		ID      string            `json:"id"`
		Clients map[string]string `json:"clients"`
	}
	admin.call(t, http.MethodGet, "/users/"+people[0].ID+"/sessions", nil, &sessions)
	for _, s := range sessions {
		for _, client := range s.Clients {
			if client == entityID {
				admin.call(t, http.MethodDelete, "/sessions/"+s.ID, nil, nil)
				return
			}
		}
	}
	t.Fatalf("Keycloak knows no session at %s: %+v", entityID, sessions)
}
