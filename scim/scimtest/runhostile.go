package scimtest

import (
	"fmt"
	"net/http"
	"strings"
)

func hostileChecks() []check {
	return []check{
		{"Bodies", "RFC 7644, 3.12", testHostileBodies},
		{"Patches", "RFC 7644, 3.5.2", testHostilePatches},
		{"Filters", "RFC 7644, 7.5.2", testHostileFilters},
		{"Sizes", "RFC 7644, 3.7.4", testHostileSizes},
		{"Text", "RFC 8259, 8.1", testHostileText},
		{"NoWipe", "RFC 7644, 3.5.2.2", testNoWipe},
	}
}

// unmoved sends requests that must be refused, and looks whether the user is as before.
func (j judge) unmoved(u reply, calls map[string]call) {
	j.Helper()
	for name, c := range calls {
		r := j.do(c)
		if r.status < 400 || r.status > 499 {
			j.Errorf("%s: status %d, want it refused\n%v", name, r.status, r)
			continue
		}
		if err := errorOf(r, r.status); err != nil {
			j.Errorf("%s: %v\n%v", name, err, r)
		}
	}
	got := j.read("/Users/" + u.id())
	if marshal(got) != marshal(u.json) {
		j.Errorf("something has changed:\n%s\n%s", marshal(u.json), marshal(got))
	}
}

// bodies are bodies in a POST and in a PUT of u.
func posted(u reply, bodies map[string]string) map[string]call {
	out := map[string]call{}
	for name, body := range bodies {
		out["POST "+name] = call{method: http.MethodPost, path: "/Users", body: body}
		out["PUT "+name] = call{method: http.MethodPut, path: "/Users/" + u.id(), body: body}
	}
	return out
}

func testHostileBodies(j judge) {
	u := j.user("")
	name := j.userName()
	user := func(more string) string {
		return fmt.Sprintf(`{"schemas":[%q],"userName":%q%s}`, userSchema, name, more)
	}
	j.unmoved(u, posted(u, map[string]string{
		"nothing":                 "",
		"no JSON":                 "userName=ann",
		"null":                    "null",
		"a list":                  "[]",
		"a text":                  `"x"`,
		"half":                    `{"schemas":[`,
		"two":                     user("") + user(""),
		"XML":                     `<User/>`,
		"duplicate names":         user(`,"userName":"other@example.com"`),
		"duplicate in other case": user(`,"USERNAME":"other@example.com"`),
		"duplicate within":        user(`,"name":{"givenName":"A","givenName":"B"}`),
		"a number for a name":     fmt.Sprintf(`{"schemas":[%q],"userName":7}`, userSchema),
		"an object for a name":    fmt.Sprintf(`{"schemas":[%q],"userName":{"value":"x"}}`, userSchema),
		"a list for a name":       fmt.Sprintf(`{"schemas":[%q],"userName":["a","b"]}`, userSchema),
		"a number for active":     user(`,"active":1`),
		"a word for active":       user(`,"active":"yes"`),
		"a number for emails":     user(`,"emails":7`),
		"a list in emails":        user(`,"emails":[["x"]]`),
		"an object for a title":   user(`,"title":{"a":"b"}`),
		"schemas of numbers":      `{"schemas":[7],"userName":"x@example.com"}`,
		"schemas as text":         fmt.Sprintf(`{"schemas":%q,"userName":7}`, userSchema),
		"another type's schema":   fmt.Sprintf(`{"schemas":[%q],"userName":"x@example.com"}`, groupSchema),
		"deep":                    user(`,"name":` + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)),
		"deep lists":              user(`,"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)),
		"a long name":             fmt.Sprintf(`{"schemas":[%q],"userName":%q}`, userSchema, strings.Repeat("a", 300)+"@example.com"),
		"a long title":            user(fmt.Sprintf(`,"title":%q`, strings.Repeat("x", 100_000))),
		"many emails":             user(`,"emails":[` + strings.Repeat(`{"value":"a@example.com"},`, 5000) + `{"value":"b@example.com"}]`),
		"no date":                 user(fmt.Sprintf(`,"x509Certificates":[{"value":%q}]`, "no base64!")),
		"a leading plus":          user(`,"active":+true`),
		"NaN":                     user(`,"x":NaN`),
		"a trailing comma":        user(`,`),
		"a comment":               user(`/* x */`),
	}))
}

func testHostilePatches(j judge) {
	u := j.user("")
	path := "/Users/" + u.id()
	calls := map[string]call{}
	for name, ops := range map[string]string{
		"no op":             `{"path":"title","value":"x"}`,
		"op of no kind":     `{"op":7,"path":"title","value":"x"}`,
		"op unknown":        `{"op":"test","path":"title","value":"x"}`,
		"path of no kind":   `{"op":"replace","path":7,"value":"x"}`,
		"no value":          `{"op":"replace","path":"title"}`,
		"add no value":      `{"op":"add"}`,
		"a text alone":      `{"op":"replace","value":"x"}`,
		"a list alone":      `{"op":"replace","value":["x"]}`,
		"operation no kind": `"x"`,
		"path too deep":     `{"op":"replace","path":"name.givenName.x","value":"x"}`,
		"path with filter":  `{"op":"replace","path":"title[value eq \"x\"]","value":"x"}`,
		"half a path":       `{"op":"replace","path":"emails[","value":"x"}`,
		"path long":         fmt.Sprintf(`{"op":"replace","path":%q,"value":"x"}`, strings.Repeat("a", 100_000)),
		"path deep":         fmt.Sprintf(`{"op":"replace","path":"emails[%stype eq 1%s].value","value":"x"}`, strings.Repeat("(", 5000), strings.Repeat(")", 5000)),
		"meta":              `{"op":"replace","path":"meta.version","value":"x"}`,
		"two names":         `{"op":"replace","op":"add","path":"title","value":"x"}`,
		"active as object":  `{"op":"replace","path":"active","value":{"value":false}}`,
		"name as text":      `{"op":"replace","path":"name.givenName","value":{"a":1}}`,
		"last is bad":       `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"active","value":"perhaps"}`,
	} {
		calls[name] = patching(path, ops)
	}
	for name, body := range map[string]string{"no operations": fmt.Sprintf(`{"schemas":[%q]}`, patchSchema), "operations of no kind": fmt.Sprintf(`{"schemas":[%q],"Operations":{}}`, patchSchema),
		"no schemas": `{"Operations":[{"op":"replace","path":"title","value":"x"}]}`, "another schema": fmt.Sprintf(`{"schemas":[%q],"Operations":[{"op":"replace","path":"title","value":"x"}]}`, userSchema),
		"10,000 operations": patching(path, strings.TrimSuffix(strings.Repeat(`{"op":"add","path":"title","value":"x"},`, 10_000), ",")).body} {
		calls[name] = call{method: http.MethodPatch, path: path, body: body}
	}
	j.unmoved(u, calls)
}

func testHostileFilters(j judge) {
	u := j.user("")
	calls := map[string]call{}
	for name, f := range map[string]string{
		"1 MB":       `userName eq "` + strings.Repeat("x", 1_000_000) + `"`,
		"deep":       strings.Repeat("(", 4000) + "userName pr" + strings.Repeat(")", 4000),
		"deep nots":  strings.Repeat("not (", 1500) + "userName pr" + strings.Repeat(")", 1500),
		"many terms": strings.Repeat(`title eq "x" or `, 2000) + "title pr",
		"NUL":        "userName eq \"a\x00b\"",
		"surrogate":  `userName eq "\ud800"`,
		"control":    "userName eq \"a\nb\"",
	} {
		calls[".search "+name] = call{method: http.MethodPost, path: "/Users/.search", body: marshal(map[string]any{"schemas": []any{searchSchema}, "filter": f})}
		if len(f) < 40_000 && !strings.ContainsAny(f, "\x00\n") {
			calls["GET "+name] = call{method: http.MethodGet, path: "/Users", query: "filter=" + escape(f)}
		}
	}
	calls["GET control"] = call{method: http.MethodGet, path: "/Users", query: "filter=userName%20eq%20%22a%00b%22"}
	calls["GET bytes"] = call{method: http.MethodGet, path: "/Users", query: "filter=userName%20eq%20%22%ff%fe%22"}
	j.unmoved(u, calls)
}

func testHostileSizes(j judge) {
	u := j.user("")
	ten := strings.Repeat("x", 10<<20)
	big := fmt.Sprintf(`{"schemas":[%q],"userName":%q,"title":%q}`, userSchema, j.userName(), ten)
	for _, c := range []call{
		{method: http.MethodPost, path: "/Users", body: big},
		{method: http.MethodPut, path: "/Users/" + u.id(), body: big},
		patching("/Users/"+u.id(), fmt.Sprintf(`{"op":"replace","path":"title","value":%q}`, ten)),
		{method: http.MethodPost, path: "/Bulk", body: big},
		{method: http.MethodPost, path: "/.search", body: big},
	} {
		j.refused(http.StatusRequestEntityTooLarge, c)
	}
	j.unmoved(u, nil)
}

func testHostileText(j judge) {
	u := j.user("")
	title := func(s string) string {
		return fmt.Sprintf(`{"schemas":[%q],"userName":%q,"title":"%s"}`, userSchema, j.userName(), s)
	}
	j.unmoved(u, posted(u, map[string]string{
		"NUL as it is":      title("a\x00b"),
		"NUL escaped":       title(`a\u0000b`),
		"invalid UTF-8":     title("a\xff\xfeb"),
		"overlong":          title("a\xc0\xafb"),
		"half a surrogate":  title(`a\ud800b`),
		"surrogates turned": title(`\udc00\ud800`),
		"a bad escape":      title(`\x41`),
		"a line":            title("a\nb"),
		"UTF-16":            "\xff\xfe{\x00}\x00",
	}))
	for _, s := range []string{"Ärger \U0001F600 \u202e x", "<script>alert(1)</script>", `"quoted" \ back`, "'; DROP TABLE users; --", "a\u2028b", "\u007f", "${jndi:x}", "%00"} {
		r := j.user(fmt.Sprintf(`"title":%s`, marshal(s)))
		if got := j.read("/Users/" + r.id()); got["title"] != s {
			j.Errorf("title is %q, want %q", got["title"], s)
		}
		if _, ids := j.listed("/Users", "filter="+percent(fmt.Sprintf("id eq %q and title eq %s", r.id(), marshal(s)))); len(ids) != 1 {
			j.Errorf("%q is not found again", s)
		}
	}
}

// testNoWipe sends removals and replacements that say badly of whom they speak. They may be
// refused or do nothing; that everybody goes is what nobody has asked for.
func testNoWipe(j judge) {
	a, b := j.user("").id(), j.user("").id()
	g := j.group(a, b)
	path := "/Groups/" + g.id()
	want := marshal(j.read(path))
	for _, value := range []string{`null`, `""`, `{}`, `[]`, `[{}]`, `[{"value":""}]`, `[{"value":null}]`, `[{"display":"x"}]`, `[{"$ref":"x"}]`, `7`, `"nobody"`,
		`[{"value":"nobody"}]`, `{"members":[]}`, `{"members":null}`, `{"members":[{"value":"nobody"}]}`, `[null]`, `[[]]`} {
		for _, c := range []call{
			patching(path, `{"op":"remove","path":"members","value":`+value+`}`),
			patching(path, `{"op":"Remove","path":"Members","value":`+value+`}`),
		} {
			r := j.do(c)
			if r.status >= http.StatusInternalServerError {
				j.Errorf("%v", r)
			}
			if got := marshal(j.read(path)); got != want {
				j.Fatalf("the group has changed\n%v\n%s", r, got)
			}
		}
	}
	for _, ops := range []string{`{"op":"remove","path":"members[value eq \"nobody\"]"}`, `{"op":"remove","path":"members[value eq \"\"]"}`, `{"op":"remove","path":"members["}`,
		`{"op":"remove","path":"members.value"}`, `{"op":"remove"}`, `{"op":"remove","value":{"members":[{"value":"nobody"}]}}`, `{"op":"remove","path":""}`,
		`{"op":"replace","path":"members","value":null}`, `{"op":"replace","path":"members","value":[{}]}`, `{"op":"replace","path":"members","value":[{"value":null}]}`,
		`{"op":"replace","value":{"members":null}}`, `{"op":"replace","value":{}}`, `{"op":"replace","path":"members"}`} {
		r := j.do(patching(path, ops))
		if r.status >= http.StatusInternalServerError {
			j.Errorf("%v", r)
		}
		if got := marshal(j.read(path)); got != want {
			j.Fatalf("the group has changed\n%v\n%s", r, got)
		}
	}
	// A list for another directory is not an empty one.
	put := call{method: http.MethodPut, path: path, body: fmt.Sprintf(`{"schemas":[%q],"displayName":%q,"members":[{"value":"nobody"},{"value":"else"}]}`, groupSchema, g.json["displayName"])}
	for _, c := range []call{put, patching(path, `{"op":"replace","path":"members","value":[{"value":"nobody"}]}`), patching(path, `{"op":"replace","value":{"members":[{"value":"nobody"}]}}`)} {
		if r := j.do(c); r.status != http.StatusBadRequest {
			j.Errorf("members that are all nobody: %v", r)
		}
		if got := marshal(j.read(path)); got != want {
			j.Fatalf("members that are all nobody have changed the group:\n%s", got)
		}
	}
	r := j.patched(path, `{"op":"replace","path":"members","value":[]}`)
	if list, _ := j.read(path)["members"].([]any); len(list) != 0 {
		j.Errorf("an empty list: %v", r)
	}
}
