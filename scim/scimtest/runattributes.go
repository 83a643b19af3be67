package scimtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// attribute is one as a mount publishes it.
type attribute struct {
	Name            string      `json:"name"`
	Type            string      `json:"type"`
	MultiValued     bool        `json:"multiValued"`
	Required        bool        `json:"required"`
	Mutability      string      `json:"mutability"`
	Returned        string      `json:"returned"`
	CanonicalValues []string    `json:"canonicalValues"`
	ReferenceTypes  []string    `json:"referenceTypes"`
	SubAttributes   []attribute `json:"subAttributes"`

	urn string // of an extension; "" the core schema
}

// writable says whether a client may set and unset it at any time.
func (a attribute) writable() bool { return a.Mutability == "readWrite" || a.Mutability == "writeOnly" }

func (a attribute) path() string {
	if a.urn != "" {
		return a.urn + ":" + a.Name
	}
	return a.Name
}

// of is the attribute's value in a resource.
func (a attribute) of(resource map[string]any) any {
	if a.urn != "" {
		return dig(resource, a.urn, a.Name)
	}
	return resource[a.Name]
}

// published are the attributes of a resource type, with those of its extensions.
func (j judge) published(name string) []attribute {
	j.Helper()
	typ := j.read("/ResourceTypes/" + name)
	core, _ := typ["schema"].(string)
	urns := []string{core}
	extensions, _ := typ["schemaExtensions"].([]any)
	for _, e := range extensions {
		urn, _ := dig(e, "schema").(string)
		urns = append(urns, urn)
	}
	var out []attribute
	for _, urn := range urns {
		r := j.want(http.StatusOK, call{method: http.MethodGet, path: "/Schemas/" + urn})
		var s struct {
			Attributes []attribute `json:"attributes"`
		}
		if err := json.Unmarshal(r.body, &s); err != nil {
			j.Fatalf("%v\n%v", err, r)
		}
		for _, a := range s.Attributes {
			if urn != core {
				a.urn = urn
			}
			out = append(out, a)
		}
	}
	return out
}

// value makes a value that a has not had yet. person is the id of a user, for references to one.
func (j judge) value(a attribute, of, person string) any {
	var v any
	switch a.Type {
	case "boolean":
		v = true
	case "integer":
		v = json.Number("7")
	case "decimal":
		v = json.Number("2.5")
	case "dateTime":
		v = "2011-05-13T04:42:34Z"
	case "binary":
		v = base64.StdEncoding.EncodeToString([]byte(newText()))
	case "reference":
		v = "https://example.com/" + newText()
	case "complex":
		m := map[string]any{}
		for _, sub := range a.SubAttributes {
			if sub.Mutability != "readOnly" && sub.Name != "$ref" {
				m[sub.Name] = j.value(sub, a.Name, person)
			}
		}
		v = m
	default:
		v = j.text(a, of, person)
	}
	if a.MultiValued {
		return []any{v}
	}
	return v
}

func (j judge) text(a attribute, of, person string) string {
	switch {
	case a.Name == "value" && of == "emails", a.Name == "userName":
		return j.userName()
	case a.Name == "value" && (of == "manager" || of == "members"):
		return person
	case a.Name == "type" && of == "members":
		return "User"
	case len(a.CanonicalValues) > 0:
		return a.CanonicalValues[0]
	case of == "phoneNumbers" && a.Name == "value":
		return "tel:+1-201-555-0123"
	case a.Name == "country":
		return "DE"
	case a.Name == "locale", a.Name == "preferredLanguage":
		return "de-DE"
	case a.Name == "timezone":
		return "Europe/Berlin"
	}
	return newText()
}

func attributeChecks() []check {
	return []check{
		{"EveryAttributeOfUsers", "RFC 7644, 3.5.2", func(j judge) { j.everyAttribute("User", "/Users") }},
		{"EveryAttributeOfGroups", "RFC 7644, 3.5.2", func(j judge) { j.everyAttribute("Group", "/Groups") }},
		{"Whole", "RFC 7644, 3.3", func(j judge) { j.whole("User", "/Users") }},
		{"InOrder", "RFC 7644, 3.5.2", func(j judge) {
			path := "/Users/" + j.user("").id()
			var ops []any
			for i := range 200 {
				ops = append(ops, operation("replace", "title", fmt.Sprint(i)), operation("add", "roles", []any{map[string]any{"value": fmt.Sprint(i % 20)}}))
			}
			j.want(http.StatusOK, call{method: http.MethodPatch, path: path, body: operations(ops...)})
			got := j.read(path)
			if got["title"] != "199" || count(got["roles"]) != 20 {
				j.Errorf("after 400 operations: title %v, %d roles, want 199 and 20", got["title"], count(got["roles"]))
			}
		}},
		{"Atomic", "RFC 7644, 3.5.2", func(j judge) {
			r := j.user(`"title":"Dr"`)
			path := "/Users/" + r.id()
			j.refused(http.StatusBadRequest, patching(path, `{"op":"replace","path":"title","value":"Prof"},{"op":"remove","path":"userName"}`))
			j.same("/Users", j.read(path), marshal(r.json))
		}},
	}
}

// everyAttribute adds, replaces and removes each attribute that is published, with the parts
// of those that are complex.
func (j judge) everyAttribute(typ, endpoint string) {
	person := j.user("").id()
	var path string
	if endpoint == "/Users" {
		path = endpoint + "/" + j.user("").id()
	} else {
		path = endpoint + "/" + j.group().id()
	}
	tried := 0
	for _, a := range j.published(typ) {
		if !a.writable() {
			continue
		}
		tried++
		if a.Required {
			if a.Type == "string" {
				j.set("replace", path, a, j.value(a, "", person))
			}
			j.refused(http.StatusBadRequest, patching(path, fmt.Sprintf(`{"op":"remove","path":%q}`, a.path())), "mutability")
			continue
		}
		j.set("add", path, a, j.value(a, "", person))
		j.set("replace", path, a, j.value(a, "", person))
		if a.Type == "complex" {
			j.parts(path, a, person)
		}
		j.unset(path, a)
	}
	if tried == 0 {
		j.Errorf("%s publishes no attribute that can be written", typ)
	}
	j.Logf("%d attributes", tried)
}

// set adds or replaces an attribute and reads it back.
func (j judge) set(op, path string, a attribute, value any) {
	j.Helper()
	r := j.patched(path, marshal(operation(op, a.path(), value)))
	never := a.Returned == "never" || a.Mutability == "writeOnly"
	got := a.of(j.read(path))
	switch {
	case never && got != nil:
		j.Errorf("%s is told: %v", a.path(), got)
	case never:
	case !holds(got, value), op == "replace" && a.MultiValued && count(got) != count(value):
		j.Errorf("%s is %s after %s of %s", a.path(), marshal(got), op, marshal(value))
	case r.status == http.StatusOK && a.Returned != "request" && !holds(a.of(r.json), value):
		j.Errorf("the answer has %s as %s after %s of %s", a.path(), marshal(a.of(r.json)), op, marshal(value))
	}
}

func (j judge) unset(path string, a attribute) {
	j.Helper()
	j.patched(path, marshal(operation("remove", a.path(), nil)))
	if got := a.of(j.read(path)); got != nil && count(got) > 0 {
		j.Errorf("%s is %s after it was removed", a.path(), marshal(got))
	}
}

// parts changes each sub-attribute by itself: of a list, those of one element.
func (j judge) parts(path string, a attribute, person string) {
	j.Helper()
	for _, sub := range a.SubAttributes {
		if !sub.writable() || a.Name == "members" || sub.Name == "$ref" || a.MultiValued && sub.Name == "value" {
			continue
		}
		at := a.path() + "." + sub.Name
		if a.MultiValued {
			element, _ := a.of(j.read(path)).([]any)
			key := "value"
			if dig(element[0], key) == nil {
				key = "type"
			}
			by, _ := dig(element[0], key).(string)
			if by == "" || key == sub.Name {
				continue
			}
			at = fmt.Sprintf("%s[%s eq %q].%s", a.path(), key, by, sub.Name)
		}
		value := j.value(sub, a.Name, person)
		j.patched(path, marshal(operation("replace", at, value)))
		got := a.of(j.read(path))
		if list, ok := got.([]any); ok && len(list) == 1 {
			got = list[0]
		}
		if !holds(dig(got, sub.Name), value) {
			j.Errorf("%s is %s after replace of %s", at, marshal(got), marshal(value))
		}
	}
}

// whole makes a resource with every attribute that is published, and reads it back.
func (j judge) whole(typ, endpoint string) {
	person := j.user("").id()
	body := map[string]any{"schemas": []any{userSchema}}
	extended := map[string]map[string]any{}
	attributes := j.published(typ)
	for _, a := range attributes {
		if a.Mutability == "readOnly" {
			continue
		}
		v := j.value(a, "", person)
		if a.urn == "" {
			body[a.Name] = v
			continue
		}
		if extended[a.urn] == nil {
			extended[a.urn] = map[string]any{}
			body["schemas"] = append(body["schemas"].([]any), a.urn)
		}
		extended[a.urn][a.Name] = v
	}
	for urn, m := range extended {
		body[urn] = m
	}
	want, err := object([]byte(marshal(body))) // as it comes back from JSON
	if err != nil {
		j.Fatal(err)
	}
	r := j.want(http.StatusCreated, call{method: http.MethodPost, path: endpoint, body: marshal(body)})
	got := j.read(endpoint + "/" + r.id())
	for _, a := range attributes {
		if a.Mutability == "readOnly" || a.Returned == "never" || a.Returned == "request" {
			continue
		}
		if !holds(a.of(got), a.of(want)) {
			j.Errorf("%s is %s, want %s", a.path(), marshal(a.of(got)), marshal(a.of(want)))
		}
	}
	for urn := range extended {
		if !hasSchema(got, urn) {
			j.Errorf("schemas are %q, want %q among them", schemasOf(got), urn)
		}
	}
}

// holds says whether all of want is in got, which may have more.
func holds(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		for name, v := range want {
			ok = ok && holds(m[name], v)
		}
		return ok
	case []any:
		list, ok := got.([]any)
		for _, v := range want {
			found := false
			for _, item := range list {
				found = found || holds(item, v)
			}
			ok = ok && found
		}
		return ok
	case json.Number:
		n, ok := got.(json.Number)
		return ok && strings.TrimRight(n.String(), "0") == strings.TrimRight(want.String(), "0")
	default:
		return got == want
	}
}

func count(v any) int {
	if list, ok := v.([]any); ok {
		return len(list)
	}
	return 1
}
