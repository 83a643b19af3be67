package scim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
)

func TestServiceProviderConfig(t *testing.T) {
	t.Parallel()
	m := serve(t, func(_ *scim.Tenant, o *scim.Options) {
		o.MaxOperations, o.MaxBody, o.MaxResults, o.DefaultCount, o.CursorLifetime = 50, 2<<20, 80, 20, 10*time.Minute
		o.Documentation = "https://example.com/scim"
	})
	a := m.must(200, "GET", "/ServiceProviderConfig", "")
	want := map[string]any{
		"schemas":          []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"documentationUri": "https://example.com/scim",
		"patch":            map[string]any{"supported": true},
		"bulk":             map[string]any{"supported": true, "maxOperations": 50.0, "maxPayloadSize": float64(2 << 20)},
		"filter":           map[string]any{"supported": true, "maxResults": 80.0},
		"changePassword":   map[string]any{"supported": false},
		"sort":             map[string]any{"supported": true},
		"etag":             map[string]any{"supported": true},
		"pagination": map[string]any{"cursor": true, "index": true, "defaultPaginationMethod": "index",
			"defaultPageSize": 20.0, "maxPageSize": 80.0, "cursorTimeout": 600.0},
		"authenticationSchemes": []any{map[string]any{"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
			"description": "A token in the Authorization header.", "specUri": "https://www.rfc-editor.org/info/rfc6750"}},
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": m.url + "/ServiceProviderConfig"},
	}
	if diff := cmp.Diff(want, a.body); diff != "" {
		t.Error(diff)
	}
}

// extended has one extension of a host's.
func extended(t testing.TB) *scim.Schemas {
	t.Helper()
	s, err := scim.NewSchemas(scim.Extension{ResourceType: "Group", Schema: scim.Schema{
		ID: "urn:example:params:scim:schemas:extension:2.0:Room", Name: "Room", Description: "Where a group sits.",
		Attributes: []scim.Attribute{{Name: "floor", Type: filter.Integer, Description: "From 0."}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemasServed(t *testing.T) {
	t.Parallel()
	m := serve(t, func(_ *scim.Tenant, o *scim.Options) { o.Schemas = extended(t) })
	const room = "urn:example:params:scim:schemas:extension:2.0:Room"
	want := []string{scim.UserSchema, scim.GroupSchema, scim.EnterpriseSchema, room}
	list := m.must(200, "GET", "/Schemas?startIndex=2&count=1", "") // there are no pages here
	if diff := cmp.Diff(want, list.ids()); diff != "" || m.number(list, "totalResults") != 4 || strings.Contains(list.text, "null") {
		t.Errorf("%s: %.300s", diff, list.text)
	}
	for _, urn := range append(want, strings.ToUpper(room)) {
		a := m.must(200, "GET", "/Schemas/"+urn, "")
		if !strings.EqualFold(a.id(), urn) || a.str("meta", "location") != m.url+"/Schemas/"+a.id() || a.header.Get("Location") != a.str("meta", "location") || !strings.Contains(list.text, a.text) {
			t.Errorf("%s: %.300s", urn, a.text)
		}
	}
	a := m.must(200, "GET", "/Schemas/"+room, "")
	attribute := map[string]any{"name": "floor", "type": "integer", "multiValued": false, "description": "From 0.", "required": false,
		"caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none"}
	if diff := cmp.Diff([]any{attribute}, a.body["attributes"]); diff != "" {
		t.Error(diff)
	}
	types := m.must(200, "GET", "/ResourceTypes", "")
	if diff := cmp.Diff([]string{"User", "Group"}, types.ids()); diff != "" {
		t.Error(diff)
	}
	group := m.must(200, "GET", "/ResourceTypes/Group", "")
	if group.str("schema") != scim.GroupSchema || group.str("endpoint") != "/Groups" ||
		!strings.Contains(group.text, `"schemaExtensions":[{"schema":"`+room+`","required":false}]`) {
		t.Error(group.text)
	}
	for _, path := range []string{"/Schemas/x", "/ResourceTypes/x", "/Schemas/" + scim.UserSchema + "x"} {
		m.refused(404, "", "GET", path, "")
	}
	for _, path := range []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Schemas/" + room} {
		m.refused(403, "", "GET", path+"?filter=id+pr", "")
	}
	made := m.must(201, "POST", "/Groups", `{"schemas":["`+scim.GroupSchema+`","`+room+`"],"displayName":"G","`+room+`":{"floor":3}}`)
	if found := m.must(200, "GET", "/Groups?filter="+room+":floor+gt+2", ""); !strings.Contains(found.text, made.id()) {
		t.Errorf("by an extension: %s", found.text)
	}
}

// Without a base URL locations are made of what the client has called.
func TestBaseURL(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ base, mounted, target, want string }{
		{"", "", "http://api.example.com/scim/v2/ResourceTypes/User", "http://api.example.com/scim/v2/ResourceTypes/User"},
		{"", "", "https://api.example.com/scim/v2/ResourceTypes/User", "https://api.example.com/scim/v2/ResourceTypes/User"},
		{"", "/", "http://api.example.com/ResourceTypes/User", "http://api.example.com/ResourceTypes/User"},
		{"", "/a/b", "http://api.example.com/a/b/ResourceTypes/User", "http://api.example.com/a/b/ResourceTypes/User"},
		{"", "/a/b", "http://api.example.com/ResourceTypes/User", "http://api.example.com/a/b/ResourceTypes/User"}, // behind a StripPrefix
		{"https://x.example/scim", "", "http://10.0.0.1/scim/v2/ResourceTypes/User", "https://x.example/scim/ResourceTypes/User"},
	} {
		h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) {
			return scim.Tenant{Backend: scim.NewMemory(nil, nil), BaseURL: row.base}, nil
		}, &scim.Options{BasePath: row.mounted})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", row.target, nil))
		if w.Code != 200 || w.Header().Get("Location") != row.want || !strings.Contains(w.Body.String(), `"location":"`+row.want+`"`) {
			t.Errorf("%+v: %d %v %s", row, w.Code, w.Header(), w.Body)
		}
	}
}
