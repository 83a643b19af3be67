package interop_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

// wantKeycloakAnn is who Keycloak says Ann is, but for what it makes up as it goes.
func wantKeycloakAnn() *saml.Identity {
	return &saml.Identity{
		NameID: saml.NameID{Format: persistent},
		Email:  "ann@example.com", FirstName: "Ann", LastName: "O'Söhne-Łee",
		Groups: []string{"admins", "readers", "staff"},
		Attributes: map[string][]string{
			"email": {"ann@example.com"}, "firstName": {"Ann"}, "lastName": {"O'Söhne-Łee"},
			"Role": {"admins", "readers", "staff"},
		},
		AuthnContext: []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"},
		Solicited:    true,
	}
}

// checkKeycloakAnn compares an outcome with Ann, what Keycloak made up by its shape.
func checkKeycloakAnn(t *testing.T, out outcome, want *saml.Identity) {
	t.Helper()
	id := out.Identity
	if id == nil {
		t.Errorf("refused: %s, %s", out.Code, out.Detail)
		return
	}
	madeUp := cmpopts.IgnoreFields(saml.Identity{}, "AssertionID", "ReplayUntil", "NameID.Value", "SessionIndex", "AuthenticatedAt", "SessionEndsAt")
	anyOrder := cmpopts.SortSlices(strings.Compare)
	got := *id
	got.Attributes = maps.Clone(id.Attributes)
	got.Attributes["Role"] = ofOurRealm(got.Attributes["Role"])
	got.Groups = ofOurRealm(got.Groups)
	if diff := cmp.Diff(want, &got, madeUp, anyOrder); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if id.NameID.Value == "" || id.SessionIndex == "" || id.AssertionID == "" {
		t.Errorf("a name, a session and an assertion ID are wanted: %+v", id)
	}
	if age := time.Since(id.AuthenticatedAt); age < -time.Second || age > time.Hour {
		t.Errorf("authenticated %s ago", age)
	}
}

// ofOurRealm leaves out the roles that Keycloak gives to everybody.
func ofOurRealm(roles []string) []string {
	return slices.DeleteFunc(slices.Clone(roles), func(r string) bool {
		return !slices.Contains([]string{"staff", "admins", "readers"}, r)
	})
}

// keycloakSigning are the settings of a client for each way in which Keycloak signs.
func keycloakSigning() map[string]map[string]string {
	return map[string]map[string]string{
		"assertion": {"saml.assertion.signature": "true", "saml.server.signature": "false"},
		"response":  {"saml.assertion.signature": "false", "saml.server.signature": "true"},
		"both":      {"saml.assertion.signature": "true", "saml.server.signature": "true"},
	}
}

// Each way in which Keycloak signs, asked in each way in which we ask.
func TestKeycloakLogin(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	for name, settings := range keycloakSigning() {
		for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
			for _, signed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s signed, request by %s, signed %t", name, binding, signed), func(t *testing.T) {
					t.Parallel()
					var keys []saml.Key
					if signed {
						keys = append(keys, newKey(t))
					}
					s, at := k.service(t, settings, keys...)
					s.idp.SSO.Binding = binding
					s.rules.Groups = "Role"
					out := k.signIn(t, newBrowser(t), at+"/login")
					checkKeycloakAnn(t, out, wantKeycloakAnn())
				})
			}
		}
	}
}
