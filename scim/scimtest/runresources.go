package scimtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/scim"
)

func userChecks() []check {
	return []check{
		{"Create", "RFC 7644, 3.3", func(j judge) {
			r := j.user(`"nickName":"Nick"`)
			j.isMade(r, "/Users", "User")
			j.same("/Users", j.read("/Users/"+r.id()), marshal(r.json))
			if r.json["active"] != true {
				j.Errorf("active is %v, want true for who was made without it", r.json["active"])
			}
		}},
		{"Password", "RFC 7643, 4.1.1", testPassword},
		{"ReadOnly", "RFC 7644, 3.3", func(j judge) {
			r := j.user(`"id":"mine","meta":{"created":"2001-01-01T00:00:00Z","version":"x"},"groups":[{"value":"x"}]`)
			if r.id() == "mine" || strings.HasPrefix(r.text("meta", "created"), "2001") || r.json["groups"] != nil {
				j.Errorf("the client's id, meta or groups were taken\n%v", r)
			}
		}},
		{"Unassigned", "RFC 7643, 2.5", func(j judge) {
			r := j.user(`"title":null,"nickName":"","emails":[],"name":{"givenName":null}`)
			got := j.read("/Users/" + r.id())
			for _, name := range []string{"title", "nickName", "emails", "name"} {
				if v, ok := got[name]; ok {
					j.Errorf("%s is %v, want it not there", name, v)
				}
			}
		}},
		{"Required", "RFC 7643, 2.2", func(j judge) {
			for _, body := range []string{`{"schemas":["%s"]}`, `{"schemas":["%s"],"userName":""}`, `{"schemas":["%s"],"userName":null}`} {
				j.refused(http.StatusBadRequest, call{method: http.MethodPost, path: "/Users", body: fmt.Sprintf(body, userSchema)}, "invalidValue")
			}
		}},
		{"Taken", "RFC 7644, 3.3.1", testTaken},
		{"Replace", "RFC 7644, 3.5.1", testReplace},
		{"Location", "RFC 7644, 3.3", func(j judge) {
			r := j.user("")
			at, found := strings.CutPrefix(r.header.Get("Location"), j.url(""))
			if !found {
				// Behind a proxy a mount may be known under another name.
				at = "/Users/" + r.id()
			}
			if got := j.read(at); got["id"] != r.id() {
				j.Errorf("at its Location is %v, want %q", got["id"], r.id())
			}
		}},
		{"Names", "RFC 7643, 4.1.1", func(j judge) {
			local, domain, _ := strings.Cut(j.userName(), "@")
			for _, name := range []string{local + "+tag@" + domain, local + ".o'brien@" + domain, local + "_%2f&=#@" + domain} {
				r := j.userNamed(name, "")
				if got := j.read("/Users/" + r.id()); got["userName"] != name {
					j.Errorf("userName is %q, want %q", got["userName"], name)
				}
				if _, ids := j.listed("/Users", "filter="+percent(fmt.Sprintf("userName eq %q", name))); len(ids) != 1 || ids[0] != r.id() {
					j.Errorf("%q finds %q, want %q", name, ids, r.id())
				}
			}
		}},
		{"Delete", "RFC 7644, 3.6", func(j judge) {
			r := j.user("")
			path := "/Users/" + r.id()
			j.want(http.StatusNoContent, call{method: http.MethodDelete, path: path})
			j.refused(http.StatusNotFound, call{method: http.MethodGet, path: path})
			j.refused(http.StatusNotFound, call{method: http.MethodDelete, path: path})
			j.refused(http.StatusNotFound, call{method: http.MethodPut, path: path, body: fmt.Sprintf(`{"schemas":["%s"],"userName":%q}`, userSchema, r.text("userName"))})
			found := j.want(http.StatusOK, call{method: http.MethodGet, path: "/Users", query: "filter=" + escape(fmt.Sprintf("userName eq %q", r.text("userName")))})
			if found.number("totalResults") != 0 {
				j.Errorf("who was deleted is found\n%v", found)
			}
		}},
		{"Inactive", "RFC 7643, 4.1.1", func(j judge) {
			r := j.user("")
			path := "/Users/" + r.id()
			j.patched(path, `{"op":"replace","path":"active","value":false}`)
			if got := j.read(path); got["active"] != false {
				j.Errorf("active is %v, want false", got["active"])
			}
			j.patched(path, `{"op":"replace","value":{"active":true}}`)
			if got := j.read(path); got["active"] != true {
				j.Errorf("active is %v, want true", got["active"])
			}
		}},
		{"Me", "RFC 7644, 3.11", func(j judge) {
			if r := j.do(call{method: http.MethodGet, path: "/Me"}); r.status != http.StatusOK {
				j.refused(http.StatusNotImplemented, call{method: http.MethodGet, path: "/Me"})
			}
		}},
	}
}

// isMade holds the answer to a POST to what RFC 7644, section 3.3, asks of it.
func (j judge) isMade(r reply, path, typ string) {
	j.Helper()
	location := r.text("meta", "location")
	switch {
	case r.id() == "":
		j.Errorf("no id\n%v", r)
	case !strings.HasSuffix(location, path+"/"+r.id()):
		j.Errorf("meta.location %q, want one that ends in %s/%s", location, path, r.id())
	case r.header.Get("Location") != location:
		j.Errorf("Location %q, want meta.location, %q", r.header.Get("Location"), location)
	case r.text("meta", "resourceType") != typ:
		j.Errorf("meta.resourceType %q, want %q", r.text("meta", "resourceType"), typ)
	case r.text("meta", "created") == "" || r.text("meta", "lastModified") == "":
		j.Errorf("no meta.created or meta.lastModified\n%v", r)
	case !strings.HasPrefix(r.header.Get("Content-Type"), j.answers()):
		j.Errorf("Content-Type %q, want %s", r.header.Get("Content-Type"), j.answers())
	}
}

func testPassword(j judge) {
	r := j.user(`"password":"t1meMa$heen"`)
	path := "/Users/" + r.id()
	j.patched(path, `{"op":"replace","path":"password","value":"An0ther!pass"}`)
	answers := []reply{r, j.want(http.StatusOK, call{method: http.MethodGet, path: path}),
		j.want(http.StatusOK, call{method: http.MethodGet, path: path, query: "attributes=password,userName"})}
	for _, a := range answers {
		if a.json["password"] != nil || strings.Contains(string(a.body), "t1meMa$heen") || strings.Contains(string(a.body), "An0ther!pass") {
			j.Errorf("a password is told\n%v", a)
		}
	}
	for _, op := range []string{"pr", `eq "t1meMa$heen"`, `sw "t"`} {
		f := j.do(call{method: http.MethodGet, path: "/Users", query: "filter=" + escape("password "+op)})
		if f.status == http.StatusOK && f.number("totalResults") > 0 {
			j.Errorf("a password can be guessed by a filter\n%v", f)
		}
	}
}

func testTaken(j judge) {
	name := j.userName()
	first := j.userNamed(name, "")
	for _, same := range []string{name, strings.ToUpper(name)} {
		j.refused(http.StatusConflict, call{method: http.MethodPost, path: "/Users", body: fmt.Sprintf(`{"schemas":["%s"],"userName":%q}`, userSchema, same)}, "uniqueness")
	}
	second := j.user("")
	path := "/Users/" + second.id()
	j.refused(http.StatusConflict, call{method: http.MethodPut, path: path, body: fmt.Sprintf(`{"schemas":["%s"],"userName":%q}`, userSchema, name)}, "uniqueness")
	j.refused(http.StatusConflict, patching(path, fmt.Sprintf(`{"op":"replace","path":"userName","value":%q}`, name)), "uniqueness")
	j.same("/Users", j.read(path), marshal(second.json))
	j.same("/Users", j.read("/Users/"+first.id()), marshal(first.json))
}

func testReplace(j judge) {
	r := j.user(`"nickName":"Nick","title":"Dr","name":{"givenName":"Ann","familyName":"Gray"}`)
	path := "/Users/" + r.id()
	name := r.text("userName")
	put := j.want(http.StatusOK, call{method: http.MethodPut, path: path, body: fmt.Sprintf(
		`{"schemas":["%s"],"id":"other","userName":%q,"nickName":"Nicky","name":{"givenName":"Anna"},"meta":{"created":"2001-01-01T00:00:00Z"}}`, userSchema, name)})
	want := fmt.Sprintf(`{"userName":%q,"active":true,"nickName":"Nicky","name":{"givenName":"Anna"}}`, name)
	j.same("/Users", put.json, want)
	got := j.read(path)
	j.same("/Users", got, want)
	if got["id"] != r.id() || dig(got, "meta", "created") != r.text("meta", "created") {
		j.Errorf("id or meta.created has changed: %v", got)
	}
	// Who is inactive is not let in again by a PUT that says nothing of it.
	j.patched(path, `{"op":"replace","path":"active","value":false}`)
	j.want(http.StatusOK, call{method: http.MethodPut, path: path, body: fmt.Sprintf(`{"schemas":["%s"],"userName":%q}`, userSchema, name)})
	if got := j.read(path); got["active"] != false || got["nickName"] != nil {
		j.Errorf("after a PUT without active and nickName: %v", got)
	}
}

func groupChecks() []check {
	return []check{
		{"Create", "RFC 7644, 3.3", func(j judge) {
			u := j.user("")
			r := j.group(u.id())
			j.isMade(r, "/Groups", "Group")
			got := j.read("/Groups/" + r.id())
			if ids := memberIDs(got); len(ids) != 1 || ids[0] != u.id() {
				j.Errorf("members are %q, want %q", ids, u.id())
			}
			if ref, _ := dig(got["members"].([]any)[0], "$ref").(string); ref != "" && !strings.HasSuffix(ref, "/Users/"+u.id()) {
				j.Errorf("$ref is %q", ref)
			}
		}},
		{"OfUser", "RFC 7643, 4.1.2", func(j judge) {
			u := j.user("")
			g := j.group(u.id())
			groups, _ := j.read("/Users/" + u.id())["groups"].([]any)
			if len(groups) != 1 || dig(groups[0], "value") != g.id() {
				j.Errorf("groups are %v, want %q alone", groups, g.id())
			}
			j.refused(http.StatusBadRequest, patching("/Users/"+u.id(), `{"op":"remove","path":"groups"}`), "mutability")
			if ids := memberIDs(j.read("/Groups/" + g.id())); len(ids) != 1 {
				j.Errorf("members are %q, want one", ids)
			}
		}},
		{"ExternalID", "RFC 7643, 3.1", testGroupExternalID},
		{"OtherType", "RFC 7644, 3.2", testOtherType},
		{"HalfDone", "RFC 7644, 3.5.2", testHalfDone},
		{"Taken", "RFC 7644, 3.3.1", func(j judge) {
			g := j.group()
			for _, same := range []string{g.text("displayName"), strings.ToUpper(g.text("displayName"))} {
				j.refused(http.StatusConflict, call{method: http.MethodPost, path: "/Groups", body: fmt.Sprintf(`{"schemas":["%s"],"displayName":%q}`, groupSchema, same)}, "uniqueness")
			}
			other := j.group()
			j.refused(http.StatusConflict, patching("/Groups/"+other.id(), fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, g.text("displayName"))), "uniqueness")
		}},
		{"Replace", "RFC 7644, 3.5.1", func(j judge) {
			a, b := j.user(""), j.user("")
			g := j.group(a.id())
			name := newText()
			r := j.want(http.StatusOK, call{method: http.MethodPut, path: "/Groups/" + g.id(),
				body: fmt.Sprintf(`{"schemas":["%s"],"displayName":%q,"members":%s}`, groupSchema, name, references([]string{b.id()}))})
			want := fmt.Sprintf(`{"displayName":%q,"members":%s}`, name, references([]string{b.id()}))
			j.same("/Groups", r.json, want)
			j.same("/Groups", j.read("/Groups/"+g.id()), want)
		}},
		{"Delete", "RFC 7644, 3.6", func(j judge) {
			u := j.user("")
			g := j.group(u.id())
			j.want(http.StatusNoContent, call{method: http.MethodDelete, path: "/Groups/" + g.id()})
			j.refused(http.StatusNotFound, call{method: http.MethodGet, path: "/Groups/" + g.id()})
			if got := j.read("/Users/" + u.id()); got["groups"] != nil {
				j.Errorf("groups are %v after the group is gone", got["groups"])
			}
		}},
		{"MemberGoes", "RFC 7644, 3.6", func(j judge) {
			a, b := j.user(""), j.user("")
			g := j.group(a.id(), b.id())
			j.want(http.StatusNoContent, call{method: http.MethodDelete, path: "/Users/" + a.id()})
			if ids := memberIDs(j.read("/Groups/" + g.id())); len(ids) != 1 || ids[0] != b.id() {
				j.Errorf("members are %q, want %q", ids, b.id())
			}
		}},
		{"Many", "RFC 7643, 4.2", testManyMembers},
		{"PatchAnswer", "RFC 7644, 3.5.2", func(j judge) {
			g := j.group()
			path := "/Groups/" + g.id()
			r := j.want(http.StatusNoContent, patching(path, fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, newText())))
			if len(r.body) > 0 {
				j.Errorf("a 204 with a body\n%v", r)
			}
			c := patching(path, fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, newText()))
			c.query = "attributes=displayName"
			if r := j.want(http.StatusOK, c); r.text("displayName") == "" || r.json["members"] != nil {
				j.Errorf("want displayName alone\n%v", r)
			}
		}},
	}
}

// testGroupExternalID holds that no two groups have one externalId, however the second comes by it.
func testGroupExternalID(j judge) {
	external := newText()
	named := func(method, path, name string) reply {
		return j.do(call{method: method, path: path, body: fmt.Sprintf(`{"schemas":["%s"],"displayName":%q,"externalId":%q}`, groupSchema, name, external)})
	}
	first := named(http.MethodPost, "/Groups", newText())
	if first.status != http.StatusCreated {
		j.Fatalf("status %d, want 201\n%v", first.status, first)
	}
	other := j.group()
	for _, r := range []reply{
		named(http.MethodPost, "/Groups", newText()),
		named(http.MethodPut, "/Groups/"+other.id(), newText()),
		j.do(patching("/Groups/"+other.id(), fmt.Sprintf(`{"op":"add","path":"externalId","value":%q}`, external))),
	} {
		if err := errorOf(r, http.StatusConflict, "uniqueness"); err != nil {
			j.Errorf("%v\n%v", err, r)
		}
	}
	j.same("/Groups", j.read("/Groups/"+other.id()), marshal(other.json))
	if _, ids := j.listed("/Groups", "filter="+escape(fmt.Sprintf("externalId eq %q", external))); !slices.Equal(ids, []string{first.id()}) {
		j.Errorf("%q have it, want %q", ids, first.id())
	}
	// Of users and groups each has its own.
	j.user(fmt.Sprintf(`"externalId":%q`, external))
}

// testOtherType holds that a user is no group, nor a group a user, whoever asks for the id.
func testOtherType(j judge) {
	u := j.user("")
	g := j.group(u.id())
	for path, body := range map[string]string{
		"/Groups/" + u.id(): fmt.Sprintf(`{"schemas":["%s"],"displayName":%q}`, groupSchema, newText()),
		"/Users/" + g.id():  fmt.Sprintf(`{"schemas":["%s"],"userName":%q}`, userSchema, j.userName()),
	} {
		for _, c := range []call{{method: http.MethodGet, path: path}, {method: http.MethodPut, path: path, body: body},
			patching(path, `{"op":"replace","path":"displayName","value":"x"}`), {method: http.MethodDelete, path: path}} {
			j.refused(http.StatusNotFound, c)
		}
	}
	j.same("/Users", j.read("/Users/"+u.id()), marshal(u.json))
	j.same("/Groups", j.read("/Groups/"+g.id()), marshal(g.json))
}

// testHalfDone holds that a change which is refused has moved no member.
func testHalfDone(j judge) {
	a, b := j.user("").id(), j.user("").id()
	name, g := j.group().text("displayName"), j.group(a)
	path, add := "/Groups/"+g.id(), `{"op":"add","path":"members","value":`+references([]string{b})+`}`
	out := fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, a)
	rename := fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, name)
	body := fmt.Sprintf(`{"schemas":["%s"],"displayName":%q,"members":%s}`, groupSchema, name, references([]string{b}))
	for _, c := range []call{patching(path, add+","+rename), patching(path, rename+","+add+","+out), patching(path, out+","+rename),
		{method: http.MethodPut, path: path, body: body}, {method: http.MethodPost, path: "/Groups", body: body}} {
		j.refused(http.StatusConflict, c, "uniqueness")
		if got := memberIDs(j.read(path)); !slices.Equal(got, []string{a}) {
			j.Fatalf("after a 409 members are %q, want %q\n%s %s %s", got, a, c.method, c.path, c.body)
		}
	}
	if groups := j.read("/Users/" + b)["groups"]; groups != nil {
		j.Errorf("after a 409 who was to be added is in %v", groups)
	}
}

// testManyMembers holds that no page bounds what is known of a group: who adds one to a hundred
// and fifty removes nobody.
func testManyMembers(j judge) {
	const size = 150
	var people []string
	for len(people) < size {
		ops := []map[string]any{}
		for range 50 {
			ops = append(ops, j.newUser(newText(), nil))
		}
		for _, r := range j.bulk(ops...) {
			if r.Status != "201" {
				j.Fatalf("%+v, want 201", r)
			}
			people = append(people, r.id())
		}
	}
	g := j.group(people[:size-2]...)
	path := "/Groups/" + g.id()
	j.patched(path, `{"op":"add","path":"members","value":`+references(people[size-2:size-1])+`}`)
	j.patched(path, `{"op":"add","value":{"members":`+references(people[size-1:])+`}}`)
	want := slices.Clone(people)
	slices.Sort(want)
	if got := memberIDs(j.read(path)); !slices.Equal(got, want) {
		j.Errorf("%d members, want %d", len(got), len(want))
	}
	if out := `{"op":"remove","path":"members","value":` + references(people[:100]) + `}`; j.Profile.Takes(scim.RemoveWithValue) {
		j.patched(path, out)
	} else {
		j.refused(http.StatusBadRequest, patching(path, out))
		ops := make([]string, 100)
		for i, id := range people[:100] {
			ops[i] = fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, id)
		}
		j.patched(path, strings.Join(ops, ","))
	}
	want = slices.Sorted(slices.Values(people[100:]))
	if got := memberIDs(j.read(path)); !slices.Equal(got, want) {
		j.Errorf("%d members after 100 have gone, want %d", len(got), len(want))
	}
}
