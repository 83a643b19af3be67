package scimtest

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/accesssec/accesssec-go/scim"
)

func discoveryChecks() []check {
	return []check{
		{"ServiceProviderConfig", "RFC 7643, 5", testConfig},
		{"Pagination", "RFC 9865, 4", testPaginationConfig},
		{"ResourceTypes", "RFC 7643, 6", testResourceTypes},
		{"Schemas", "RFC 7643, 7", testSchemas},
		{"ReadOnly", "RFC 7644, 4", testDiscoveryMethods},
		{"NoFilter", "RFC 7644, 4", testDiscoveryFilter},
		{"NotThere", "RFC 7644, 3.12", testNotThere},
	}
}

func testConfig(j judge) {
	r := j.want(http.StatusOK, call{method: http.MethodGet, path: "/ServiceProviderConfig"})
	if !hasSchema(r.json, configSchema) {
		j.Errorf("schemas are %q", schemasOf(r.json))
	}
	for _, feature := range []string{"patch", "bulk", "filter", "changePassword", "sort", "etag"} {
		if _, ok := dig(r.json, feature, "supported").(bool); !ok {
			j.Errorf("%s.supported is no boolean", feature)
		}
	}
	// One client that misses any of these does without PATCH and filters altogether.
	for _, path := range [][]string{{"bulk", "maxOperations"}, {"bulk", "maxPayloadSize"}, {"filter", "maxResults"}} {
		n, _ := dig(r.json, path...).(json.Number)
		if i, err := n.Int64(); err != nil || i <= 0 {
			j.Errorf("%v is %v, want a number above 0", path, n)
		}
	}
	schemes, _ := r.json["authenticationSchemes"].([]any)
	if len(schemes) == 0 {
		j.Errorf("there are no authenticationSchemes")
	}
	for _, s := range schemes {
		for _, name := range []string{"type", "name", "description"} {
			if text, _ := dig(s, name).(string); text == "" {
				j.Errorf("an authentication scheme without %s: %v", name, s)
			}
		}
	}
}

func testPaginationConfig(j judge) {
	p, _ := j.read("/ServiceProviderConfig")["pagination"].(map[string]any)
	if p["cursor"] != true || p["index"] != true {
		j.Errorf("pagination is %v, want cursor and index", p)
	}
	if p["defaultPaginationMethod"] != "index" {
		j.Errorf("defaultPaginationMethod is %v: clients from before cursors would find no pages", p["defaultPaginationMethod"])
	}
}

func testResourceTypes(j judge) {
	r := j.want(http.StatusOK, call{method: http.MethodGet, path: "/ResourceTypes"})
	names := []string{}
	for _, m := range r.resources() {
		name, _ := m["name"].(string)
		names = append(names, name)
		id, _ := m["id"].(string)
		one := j.read("/ResourceTypes/" + id)
		if one["endpoint"] != m["endpoint"] || one["schema"] != m["schema"] {
			j.Errorf("%s by itself is %v, in the list %v", name, one, m)
		}
		urns := []any{m["schema"]}
		extensions, _ := m["schemaExtensions"].([]any)
		for _, e := range extensions {
			urns = append(urns, dig(e, "schema"))
		}
		for _, urn := range urns {
			text, _ := urn.(string)
			if got := j.read("/Schemas/" + text); got["id"] != text {
				j.Errorf("the schema %q of %s has the id %v", text, name, got["id"])
			}
		}
	}
	slices.Sort(names)
	if !slices.Contains(names, "User") || !slices.Contains(names, "Group") {
		j.Errorf("the types are %q, want User and Group", names)
	}
	if r.number("totalResults") != len(names) {
		j.Errorf("totalResults is %d of %d", r.number("totalResults"), len(names))
	}
}

// testSchemas also holds that there is no null: Entra can't read a schema that has one.
func testSchemas(j judge) {
	r := j.want(http.StatusOK, call{method: http.MethodGet, path: "/Schemas"})
	var ids []string
	for _, m := range r.resources() {
		id, _ := m["id"].(string)
		ids = append(ids, id)
		one := j.read("/Schemas/" + id)
		delete(one, "meta")
		delete(m, "meta")
		if marshal(one) != marshal(m) {
			j.Errorf("%s by itself differs from that in the list", id)
		}
		if path := null(m, id); path != "" {
			j.Errorf("%s is null", path)
		}
		j.described(id, m["attributes"], true)
	}
	for _, want := range []string{userSchema, groupSchema, scim.EnterpriseSchema} {
		if !slices.Contains(ids, want) {
			j.Errorf("the schemas are %q, want %q among them", ids, want)
		}
	}
}

// null is where v has one, "" nowhere.
func null(v any, path string) string {
	switch v := v.(type) {
	case nil:
		return path
	case map[string]any:
		for name, value := range v {
			if p := null(value, path+"."+name); p != "" {
				return p
			}
		}
	case []any:
		for _, value := range v {
			if p := null(value, path); p != "" {
				return p
			}
		}
	}
	return ""
}

// described holds each attribute to the characteristics of RFC 7643, section 7.
func (j judge) described(of string, attributes any, top bool) {
	j.Helper()
	list, _ := attributes.([]any)
	if len(list) == 0 {
		j.Errorf("%s has no attributes", of)
	}
	allowed := map[string][]string{
		"type":       {"string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"},
		"mutability": {"readOnly", "readWrite", "immutable", "writeOnly"},
		"returned":   {"always", "never", "default", "request"},
	}
	for _, a := range list {
		name, _ := dig(a, "name").(string)
		path := of + ":" + name
		for key, values := range allowed {
			if v, _ := dig(a, key).(string); !slices.Contains(values, v) {
				j.Errorf("%s has %s %v", path, key, dig(a, key))
			}
		}
		for _, key := range []string{"multiValued", "required"} {
			if _, ok := dig(a, key).(bool); !ok {
				j.Errorf("%s has %s %v", path, key, dig(a, key))
			}
		}
		if dig(a, "type") == "complex" {
			if !top {
				j.Errorf("%s is complex within complex", path)
			}
			j.described(path, dig(a, "subAttributes"), false)
		}
	}
}

func testDiscoveryMethods(j judge) {
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			r := j.refused(http.StatusMethodNotAllowed, call{method: method, path: path, body: `{}`})
			if r.header.Get("Allow") == "" {
				j.Errorf("a 405 without Allow\n%v", r)
			}
		}
	}
}

func testDiscoveryFilter(j judge) {
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas"} {
		j.refused(http.StatusForbidden, call{method: http.MethodGet, path: path, query: "filter=" + escape(`id eq "x"`)})
	}
}

func testNotThere(j judge) {
	for _, path := range []string{"/" + newText(), "/Schemas/" + newText(), "/ResourceTypes/" + newText(), "/Users/" + newText(), "/Groups/" + newText(),
		"/Users/" + newText() + "/emails"} {
		j.refused(http.StatusNotFound, call{method: http.MethodGet, path: path})
	}
	for _, path := range []string{"/Users/" + newText(), "/Groups/" + newText()} {
		j.refused(http.StatusNotFound, call{method: http.MethodDelete, path: path})
		j.refused(http.StatusNotFound, patching(path, `{"op":"replace","path":"displayName","value":"x"}`))
	}
}

func tokenChecks() []check {
	return []check{
		{"Refused", "RFC 7644, 2", func(j judge) {
			made := j.user("")
			for _, token := range []string{"", "Bearer", "Bearer ", "Bearer " + newText(), "Basic " + j.Token, "Bearer " + j.Token + "x", j.Token} {
				h := http.Header{"Authorization": {token}}
				if token == "" {
					h["Authorization"] = nil
				}
				for _, c := range []call{{method: http.MethodGet, path: "/Users"}, {method: http.MethodGet, path: "/Users/" + made.id()},
					{method: http.MethodDelete, path: "/Users/" + made.id()}, {method: http.MethodPost, path: "/Bulk", body: `{}`}} {
					c.header = h
					r := j.refused(http.StatusUnauthorized, c)
					if r.header.Get("WWW-Authenticate") == "" {
						j.Errorf("a 401 without WWW-Authenticate\n%v", r)
					}
				}
			}
			j.read("/Users/" + made.id())
		}},
	}
}
