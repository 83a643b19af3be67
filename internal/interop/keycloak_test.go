package interop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// keycloak is a Keycloak that runs beside these tests, with the realm of
// testdata/realm.json and Ann in it.
type keycloak struct {
	url      string
	password string // of its administrator and of Ann
}

const realm = "accesssec"

func newKeycloak(t testing.TB) keycloak {
	t.Helper()
	k := keycloak{url: os.Getenv("ACCESSSEC_TEST_KEYCLOAK"), password: os.Getenv("ACCESSSEC_TEST_KEYCLOAK_PASSWORD")}
	if k.url == "" {
		t.Skip("left out: no Keycloak in ACCESSSEC_TEST_KEYCLOAK; .ci/keycloak.sh starts one for these tests")
	}
	return k
}

// metadata is Keycloak's, as we read it.
func (k keycloak) metadata(t testing.TB) *saml.IdP {
	t.Helper()
	p := newBrowser(t).get(t, k.url+"/realms/"+realm+"/protocol/saml/descriptor")
	idp, err := saml.ParseMetadata(p.body, "")
	if err != nil {
		t.Fatalf("Keycloak's metadata, read by us: %v\n%s", err, p.body)
	}
	return idp
}

// administrator is a token for some calls: it is good for a minute.
type administrator struct {
	keycloak
	token string
}

func (k keycloak) administrator(t testing.TB) administrator {
	t.Helper()
	resp, err := http.PostForm(k.url+"/realms/master/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {"admin"}, "password": {k.password},
	})
	if err != nil {
		t.Fatal(err)
	}
	var token struct {
		Access string `json:"access_token"`
	}
	err = json.NewDecoder(resp.Body).Decode(&token)
	resp.Body.Close()
	if err != nil || token.Access == "" {
		t.Fatalf("no token of the administrator: status %d, %v", resp.StatusCode, err)
	}
	return administrator{k, token.Access}
}

// call fills out, which may be nil, from the answer.
func (a administrator) call(t testing.TB, method, path string, in []byte, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.url+"/admin/realms/"+realm+path, bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		t.Fatalf("%s %s: status %d, %v: %s", method, path, resp.StatusCode, err, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			t.Fatal(err)
		}
	}
}

// trust registers a service by its metadata, as Keycloak itself reads them, and then
// sets attributes of the client, which its administrator would do by hand. Settings
// that are not attributes are "front" (logout through the browser, unless "false") and
// "slo" (the binding of logout).
func (k keycloak) trust(t testing.TB, metadata []byte, settings map[string]string) {
	t.Helper()
	var client map[string]any
	admin := k.administrator(t)
	admin.call(t, http.MethodPost, "/client-description-converter", metadata, &client)
	attributes, ok := client["attributes"].(map[string]any)
	if !ok {
		t.Fatalf("Keycloak read of our metadata: %v", client)
	}
	for name, value := range settings {
		if strings.HasPrefix(name, "saml") {
			attributes[name] = value
		}
	}
	mappers := []map[string]any{}
	for property, name := range map[string]string{"email": "email", "firstName": "firstName", "lastName": "lastName"} {
		mappers = append(mappers, map[string]any{
			"name": name, "protocol": "saml", "protocolMapper": "saml-user-property-mapper",
			"config": map[string]string{"user.attribute": property, "attribute.name": name, "attribute.nameformat": "Basic"},
		})
	}
	client["protocolMappers"] = mappers
	client["frontchannelLogout"] = settings["front"] != "false"
	data, err := json.Marshal(client)
	if err != nil {
		t.Fatal(err)
	}
	admin.call(t, http.MethodPost, "/clients", data, nil)
}

// service is a service provider of ours that Keycloak trusts.
func (k keycloak) service(t testing.TB, settings map[string]string, keys ...saml.Key) (*service, string) {
	t.Helper()
	s, at := newService(t, k.metadata(t), keys...)
	s.idp.SignRequests = len(keys) > 0
	metadata, err := s.sp.Metadata(&saml.MetadataOptions{Encryption: settings["saml.encrypt"] == "true"})
	if err != nil {
		t.Fatal(err)
	}
	settings = with(settings, "saml_name_id_format", "persistent")
	if len(keys) == 0 {
		// It is not read of the metadata, and on unless said otherwise.
		settings = with(settings, "saml.client.signature", "false")
	}
	if settings["slo"] == string(saml.Redirect) {
		settings["saml_single_logout_service_url_post"] = ""
		settings["saml_single_logout_service_url_redirect"] = s.sp.SLO
	}
	k.trust(t, metadata, settings)
	return s, at
}

func with(settings map[string]string, name, value string) map[string]string {
	out := maps.Clone(settings)
	if out == nil {
		out = map[string]string{}
	}
	if _, set := out[name]; !set {
		out[name] = value
	}
	return out
}

// signIn goes from start over Keycloak's own page to our answer.
func (k keycloak) signIn(t testing.TB, b *browser, start string) outcome {
	t.Helper()
	p := b.get(t, start)
	if !p.has("kc-form-login") {
		return outcomeOf(t, p)
	}
	p = b.submit(t, p.form(t, "kc-form-login"), url.Values{"username": {"ann"}, "password": {k.password}})
	return outcomeOf(t, p)
}

func outcomeOf(t testing.TB, p *page) outcome {
	t.Helper()
	var out outcome
	if err := json.Unmarshal(p.body, &out); err != nil {
		t.Fatalf("%s: status %d: %s", p.url, p.status, p.body)
	}
	return out
}

func (o outcome) String() string {
	data, err := json.Marshal(o.Identity)
	return fmt.Sprintf("code %q, identity %s, %v", o.Code, data, err)
}
