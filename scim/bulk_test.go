package scim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

func bulkBody(operations ...string) string {
	return `{"schemas":["` + bulkURN + `"],"Operations":[` + strings.Join(operations, ",") + `]}`
}

func bulkPost(path, bulkID, data string) string {
	return fmt.Sprintf(`{"method":"POST","path":%q,"bulkId":%q,"data":%s}`, path, bulkID, data)
}

// outcome are the operations of an answer: their status, and the type of an error.
func outcome(a answer) []string {
	var out []string
	list, _ := a.body["Operations"].([]any)
	for _, one := range list {
		op := one.(map[string]any)
		line := fmt.Sprint(op["method"], " ", op["status"])
		if response, ok := op["response"].(map[string]any); ok {
			line += fmt.Sprint(" ", response["scimType"])
			if response["status"] != op["status"] || response["detail"] == nil {
				line += " with an error that does not fit"
			}
		}
		out = append(out, line)
	}
	return out
}

// locations are where the operations of an answer have been.
func (m *mount) locations(a answer) []string {
	var out []string
	list, _ := a.body["Operations"].([]any)
	for _, one := range list {
		at, _ := one.(map[string]any)["location"].(string)
		out = append(out, strings.TrimPrefix(at, m.url))
	}
	return out
}

func TestBulk(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	id := m.user("ann")
	tag := m.must(200, "GET", "/Users/"+id, "").header.Get("Etag")
	group := m.group("Staff")
	a := m.must(200, "POST", "/Bulk", bulkBody(
		bulkPost("/Users", "q", userBody("bob")),
		`{"method":"patch","path":"/Users/`+id+`","version":"W/\"stale\"","data":`+patchBody(`{"op":"add","path":"title","value":"x"}`)+`}`,
		fmt.Sprintf(`{"method":"PATCH","path":"/Users/%s","version":%q,"data":%s}`, id, tag, patchBody(`{"op":"add","path":"title","value":"Dr"}`)),
		`{"method":"PUT","path":"/Users/bulkId:q","data":`+userBody("bobby")+`}`,
		`{"method":"PATCH","path":"/Groups/`+group+`","data":`+patchBody(`{"op":"add","path":"members","value":[{"value":"bulkId:q"}]}`)+`}`,
		`{"method":"DELETE","path":"/Users/nobody"}`,
		bulkPost("/Users", "r", userBody("ANN")),
		`{"method":"DELETE","path":"/Users/`+id+`"}`,
	))
	if r := m.last(); r.Operations != 8 || r.Status != 200 {
		t.Errorf("served: %+v", r)
	}
	want := []string{"POST 201", "PATCH 412 <nil>", "PATCH 200", "PUT 200", "PATCH 204", "DELETE 404 <nil>", "POST 409 uniqueness", "DELETE 204"}
	if diff := cmp.Diff(want, outcome(a)); diff != "" {
		t.Errorf("-want +got\n%s\n%s", diff, a.text)
	}
	at := m.locations(a)
	if at[1] != "/Users/"+id || at[0] != at[3] || at[4] != "/Groups/"+group || at[6] != "" {
		t.Errorf("locations %v", at)
	}
	bob := m.must(200, "GET", at[0], "")
	if bob.str("userName") != "bobby" || !strings.Contains(bob.text, group) {
		t.Errorf("bob: %s", bob.text)
	}
	first := a.body["Operations"].([]any)[3].(map[string]any)
	if first["version"] != bob.header.Get("Etag") {
		t.Errorf("version %v, later %s", first["version"], bob.header.Get("Etag"))
	}
}

// References work forwards, backwards and in circles.
func TestBulkReferences(t *testing.T) {
	t.Parallel()
	ref := func(names ...string) string {
		var list []string
		for _, n := range names {
			list = append(list, "bulkId:"+n)
		}
		return `,"members":` + memberList(list...)
	}
	manager := func(name string) string {
		return `,"` + scim.EnterpriseSchema + `":{"department":"x","manager":{"value":"bulkId:` + name + `"}}`
	}
	for name, row := range map[string]struct {
		ops     []string
		want    []string
		members map[int][]int // of the group of an operation, by operations
		manager map[int]int
	}{
		"backwards": {
			ops:     []string{bulkPost("/Users", "u", userBody("u")), bulkPost("/Groups", "g", groupBody("g", ref("u")))},
			want:    []string{"POST 201", "POST 201"},
			members: map[int][]int{1: {0}},
		},
		"forwards": {
			ops:     []string{bulkPost("/Groups", "g", groupBody("g", ref("u", "v"))), bulkPost("/Users", "u", userBody("u")), bulkPost("/Users", "v", userBody("v"))},
			want:    []string{"POST 201", "POST 201", "POST 201"},
			members: map[int][]int{0: {1, 2}},
		},
		"a circle of two groups": {
			ops:     []string{bulkPost("/Groups", "a", groupBody("a", ref("b"))), bulkPost("/Groups", "b", groupBody("b", ref("a")))},
			want:    []string{"POST 201", "POST 201"},
			members: map[int][]int{0: {1}, 1: {0}},
		},
		"a circle of three, and others": {
			ops: []string{
				bulkPost("/Groups", "a", groupBody("a", ref("b", "u"))), bulkPost("/Groups", "b", groupBody("b", ref("c"))),
				bulkPost("/Groups", "c", groupBody("c", ref("u", "a"))), bulkPost("/Users", "u", userBody("u"))},
			want:    []string{"POST 201", "POST 201", "POST 201", "POST 201"},
			members: map[int][]int{0: {1, 3}, 1: {2}, 2: {3, 0}},
		},
		"itself": {
			ops:     []string{bulkPost("/Users", "u", userBody("u", manager("u")))},
			want:    []string{"POST 201"},
			manager: map[int]int{0: 0},
		},
		"managers of each other": {
			ops:     []string{bulkPost("/Users", "u", userBody("u", manager("v"))), bulkPost("/Users", "v", userBody("v", manager("u")))},
			want:    []string{"POST 201", "POST 201"},
			manager: map[int]int{0: 1, 1: 0},
		},
		"a forward path": {
			ops:  []string{`{"method":"PATCH","path":"/Users/bulkId:u","data":` + patchBody(`{"op":"add","path":"title","value":"x"}`) + `}`, bulkPost("/Users", "u", userBody("u"))},
			want: []string{"PATCH 200", "POST 201"},
		},
		"nothing of that name": {
			ops:  []string{bulkPost("/Groups", "g", groupBody("g", ref("x"))), `{"method":"DELETE","path":"/Users/bulkId:x"}`},
			want: []string{"POST 409 invalidValue", "DELETE 409 invalidValue"},
		},
		"one that fails": {
			ops:  []string{bulkPost("/Groups", "g", groupBody("g", ref("u"))), bulkPost("/Users", "u", `{"schemas":["`+scim.UserSchema+`"]}`)},
			want: []string{"POST 409 invalidValue", "POST 400 invalidValue"},
		},
		"a circle with one that fails": {
			ops:  []string{bulkPost("/Groups", "a", groupBody("a", ref("b"))), bulkPost("/Groups", "b", groupBody("", ref("a")))},
			want: []string{"POST 409 invalidValue", "POST 400 invalidValue"},
		},
		"another type": {
			ops:  []string{bulkPost("/Users", "u", userBody("u")), `{"method":"DELETE","path":"/Groups/bulkId:u"}`},
			want: []string{"POST 201", "DELETE 409 invalidValue"},
		},
		"text that looks like one": {
			ops:  []string{bulkPost("/Users", "u", userBody("u", `,"title":"bulkId:nothing"`))},
			want: []string{"POST 201"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := serve(t, nil)
			a := m.must(200, "POST", "/Bulk", bulkBody(row.ops...))
			if diff := cmp.Diff(row.want, outcome(a)); diff != "" {
				t.Fatalf("-want +got\n%s\n%s", diff, a.text)
			}
			at := m.locations(a)
			id := func(i int) string { return at[i][strings.LastIndex(at[i], "/")+1:] }
			for group, members := range row.members {
				got := m.must(200, "GET", at[group], "")
				list, _ := got.body["members"].([]any)
				if len(list) != len(members) {
					t.Errorf("group %d: %s", group, got.text)
				}
				for _, i := range members {
					if !strings.Contains(got.text, `"value":"`+id(i)+`"`) {
						t.Errorf("group %d lacks %d: %s", group, i, got.text)
					}
				}
				if v := a.body["Operations"].([]any)[group].(map[string]any)["version"]; v != got.header.Get("Etag") {
					t.Errorf("group %d: version %v, later %s", group, v, got.header.Get("Etag"))
				}
			}
			for user, of := range row.manager {
				got := m.must(200, "GET", at[user], "")
				if got.str(scim.EnterpriseSchema, "manager", "value") != id(of) || got.str(scim.EnterpriseSchema, "department") != "x" {
					t.Errorf("user %d: %s", user, got.text)
				}
				if v := a.body["Operations"].([]any)[user].(map[string]any)["version"]; v != got.header.Get("Etag") {
					t.Errorf("user %d: version %v, later %s", user, v, got.header.Get("Etag"))
				}
			}
		})
	}
}

func TestBulkFailOnErrors(t *testing.T) {
	t.Parallel()
	ops := []string{
		bulkPost("/Users", "a", userBody("a")),
		`{"method":"DELETE","path":"/Users/x"}`,
		bulkPost("/Users", "b", userBody("b")),
		`{"method":"DELETE","path":"/Users/y"}`,
		bulkPost("/Users", "c", userBody("c")),
	}
	for most, want := range map[int]int{0: 5, 1: 2, 2: 4, 3: 5} {
		m := serve(t, nil)
		body := strings.Replace(bulkBody(ops...), `"Operations"`, fmt.Sprintf(`"failOnErrors":%d,"Operations"`, most), 1)
		a := m.must(200, "POST", "/Bulk", body)
		if got := len(outcome(a)); got != want {
			t.Errorf("failOnErrors %d: %d operations: %s", most, got, a.text)
		}
	}
}

func TestBulkShape(t *testing.T) {
	t.Parallel()
	m := serve(t, func(_ *scim.Tenant, o *scim.Options) { o.MaxOperations = 3 })
	many := func(n int) []string {
		var list []string
		for range n {
			list = append(list, `{"method":"DELETE","path":"/Users/x"}`)
		}
		return list
	}
	m.must(200, "POST", "/Bulk", bulkBody(many(3)...))
	m.refused(413, "", "POST", "/Bulk", bulkBody(many(4)...))
	patches := strings.TrimSuffix(strings.Repeat(`{"op":"add","path":"title","value":"x"},`, 4), ",")
	m.refused(413, "", "PATCH", "/Users/"+m.user("z"), patchBody(patches))
	m.must(200, "POST", "/Bulk", bulkBody())
	for body, kind := range map[string]string{
		`{}`:                              "invalidSyntax",
		`{"schemas":["` + bulkURN + `"]}`: "invalidSyntax",
		`{"schemas":["` + bulkURN + `"],"Operations":{}}`:                                          "invalidSyntax",
		`{"schemas":["` + bulkURN + `"],"Operations":[1]}`:                                         "invalidSyntax",
		`{"schemas":["` + bulkURN + `"],"failOnErrors":"x","Operations":[]}`:                       "invalidValue",
		`{"schemas":["` + bulkURN + `"],"failOnErrors":-1,"Operations":[]}`:                        "invalidValue",
		bulkBody(bulkPost("/Users", "a", userBody("a")), bulkPost("/Groups", "a", groupBody("a"))): "invalidValue",
		strings.Replace(bulkBody(), bulkURN, searchURN, 1):                                         "invalidSyntax",
	} {
		m.refused(400, kind, "POST", "/Bulk", body)
	}
	for op, want := range map[string]string{
		`{}`:                                " 404 invalidPath",
		`{"method":1,"path":"/Users"}`:      " 400 invalidSyntax",
		`{"method":"POST","path":"/Users"}`: "POST 400 invalidSyntax",
		`{"method":"POST","path":"/Users","bulkId":"a"}`:                       "POST 400 invalidSyntax",
		`{"method":"POST","path":"/Users","bulkId":"a","data":[]}`:             "POST 400 invalidSyntax",
		`{"method":"POST","path":"/Users","bulkId":"a","data":{}}`:             "POST 400 invalidValue",
		`{"method":"POST","path":"/Bulk","bulkId":"a","data":{}}`:              "POST 404 invalidPath",
		`{"method":"POST","path":"/","bulkId":"a","data":{}}`:                  "POST 404 invalidPath",
		`{"method":"PATCH","path":"/Me","data":{}}`:                            "PATCH 404 invalidPath",
		`{"method":"GET","path":"/Users/x"}`:                                   "GET 405 <nil>",
		`{"method":"PUT","path":"/Users","data":{}}`:                           "PUT 405 <nil>",
		`{"method":"DELETE","path":"/Users/x","data":1}`:                       "DELETE 400 invalidSyntax",
		`{"method":"DELETE","path":"/Users/x/y"}`:                              "DELETE 404 invalidPath",
		`{"method":"DELETE","path":"https://evil.example/Users/x"}`:            "DELETE 404 invalidPath",
		`{"method":"PATCH","path":"/Users/x","data":{"Operations":[1,2,3,4]}}`: "PATCH 413 <nil>",
	} {
		a := m.must(200, "POST", "/Bulk", bulkBody(op))
		if got := outcome(a); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v: %s", op, got, a.text)
		}
	}
}

func TestBulkGroups(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	ann := m.user("ann")
	group := m.group("Staff", ann)
	bare := strings.Trim(strings.TrimPrefix(m.must(200, "GET", "/Groups/"+group, "").header.Get("Etag"), "W/"), `"`)
	a := m.must(200, "POST", "/Bulk", bulkBody(
		fmt.Sprintf(`{"method":"PUT","path":"/Groups/%s","version":%q,"data":%s}`, group, bare, groupBody("Crew", `,"members":[]`)),
		fmt.Sprintf(`{"method":"PUT","path":"/Groups/%s","version":%q,"data":%s}`, group, bare, groupBody("Again")),
		fmt.Sprintf(`{"method":"PUT","path":"/Groups/%s","version":"*","data":%s}`, group, `{"schemas":["`+scim.GroupSchema+`"],"displayName":7}`),
		`{"method":"POST","path":"/Groups","bulkId":"a","data":{"schemas":["`+scim.GroupSchema+`"]}}`,
		`{"method":"DELETE","path":"/Groups/`+group+strings.Repeat("x", 300)+`"}`,
		`{"method":"DELETE","path":"/Groups/`+group+`","bulkId":"`+strings.Repeat("x", 2000)+`"}`,
		`{"method":"DELETE","path":"//Groups/`+group+`/"}`,
	))
	want := []string{"PUT 200", "PUT 412 <nil>", "PUT 400 invalidValue", "POST 400 invalidValue", "DELETE 404 <nil>", "DELETE 400 invalidSyntax", "DELETE 204"}
	if diff := cmp.Diff(want, outcome(a)); diff != "" {
		t.Errorf("-want +got\n%s\n%s", diff, a.text)
	}
	m.refused(404, "", "GET", "/Groups/"+group, "")
	strict := serve(t, func(tenant *scim.Tenant, _ *scim.Options) { tenant.Profile = scim.Strict })
	a = strict.must(200, "POST", "/Bulk", bulkBody(`{"method":"DELETE","path":"/Groups/x/"}`))
	if diff := cmp.Diff([]string{"DELETE 400 invalidPath"}, outcome(a)); diff != "" {
		t.Error(diff)
	}
}

// A reference that can't be put in is an error of the operation, which says what was made.
func TestBulkMendFails(t *testing.T) {
	t.Parallel()
	m := serve(t, func(tenant *scim.Tenant, o *scim.Options) {
		tenant.Backend = immovable{scim.NewMemory(nil, o.Now)}
	})
	a := m.must(200, "POST", "/Bulk", bulkBody(
		bulkPost("/Groups", "a", groupBody("a", `,"members":[{"value":"bulkId:b"}]`)),
		bulkPost("/Groups", "b", groupBody("b", `,"members":[{"value":"bulkId:a"}]`))))
	if diff := cmp.Diff([]string{"POST 201", "POST 500 <nil>"}, outcome(a)); diff != "" {
		t.Fatalf("%s\n%s", diff, a.text)
	}
	if at := m.locations(a); at[1] == "" {
		t.Errorf("what was made is lost: %s", a.text)
	}
	if strings.Contains(a.text, "disk") || !strings.Contains(m.log.String(), "disk") {
		t.Errorf("%s\n%s", a.text, m.log.String())
	}
}

// immovable makes groups, and changes none.
type immovable struct{ *scim.Memory }

func (immovable) ChangeGroup(context.Context, string, func(*scim.Group) (bool, error), scim.MemberChange) (scim.Group, []string, error) {
	return scim.Group{}, nil, errors.New("the disk is full")
}

// A bulk of many that refer to each other ends soon: the first refers to all, and all to it
// and to two more.
func TestBulkMany(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	var ops []string
	const n = 300
	for i := range n {
		name := fmt.Sprint("g", i)
		refs := []string{"bulkId:g0", fmt.Sprint("bulkId:g", (i+1)%n), fmt.Sprint("bulkId:g", (i*7+3)%n)}
		for j := 1; i == 0 && j < n; j++ {
			refs = append(refs, fmt.Sprint("bulkId:g", j))
		}
		ops = append(ops, bulkPost("/Groups", name, groupBody(name, `,"members":`+memberList(refs...))))
	}
	a := m.must(200, "POST", "/Bulk", bulkBody(ops...))
	for i, at := range m.locations(a) {
		want := 3
		switch {
		case i == 0:
			want = n
		case (i+1)%n == 0 || (i*7+3)%n == 0 || (i+1)%n == (i*7+3)%n:
			want = 2
		}
		if got := m.must(200, "GET", at, ""); len(got.body["members"].([]any)) != want {
			t.Errorf("group %d has not %d: %s", i, want, got.text)
		}
	}
	if got := strings.Count(a.text, `"status":"201"`); got != n {
		t.Errorf("%d of %d", got, n)
	}
}
