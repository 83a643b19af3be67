package scimtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func bulkChecks() []check {
	return []check{
		{"References", "RFC 7644, 3.7.2", testBulkReferences},
		{"Circle", "RFC 7644, 3.7.1", testBulkCircle},
		{"Errors", "RFC 7644, 3.7.3", testBulkErrors},
		{"Methods", "RFC 7644, 3.7", testBulkMethods},
		{"Versions", "RFC 7644, 3.7", func(j judge) {
			u := j.user("")
			op := map[string]any{"method": "DELETE", "path": "/Users/" + u.id(), "version": `W/"other"`}
			if got := j.bulk(op); got[0].Status != "412" {
				j.Errorf("status %q, want 412", got[0].Status)
			}
			op["version"] = u.text("meta", "version")
			if got := j.bulk(op); got[0].Status != "204" {
				j.Errorf("status %q, want 204", got[0].Status)
			}
		}},
		{"Limits", "RFC 7644, 3.7.4", testBulkLimits},
	}
}

// bulkResult is what came of one operation.
type bulkResult struct {
	Method, BulkID, Version, Location, Status string
	Response                                  map[string]any
}

func (r bulkResult) id() string { return r.Location[strings.LastIndexByte(r.Location, '/')+1:] }

// path is that of the resource below the mount: the last two parts of its location.
func (r bulkResult) path() string {
	parts := strings.Split(r.Location, "/")
	return "/" + strings.Join(parts[max(0, len(parts)-2):], "/")
}

func bulkBody(failOnErrors int, ops ...map[string]any) string {
	body := map[string]any{"schemas": []any{bulkSchema}, "Operations": ops}
	if failOnErrors > 0 {
		body["failOnErrors"] = failOnErrors
	}
	return marshal(body)
}

func (j judge) bulk(ops ...map[string]any) []bulkResult {
	j.Helper()
	return j.bulked(bulkBody(0, ops...))
}

// bulked sends a bulk request, and remembers what it has made.
func (j judge) bulked(body string) []bulkResult {
	j.Helper()
	r := j.want(http.StatusOK, call{method: http.MethodPost, path: "/Bulk", body: body})
	var got struct {
		Schemas    []string
		Operations []bulkResult
	}
	if err := json.Unmarshal(r.body, &got); err != nil {
		j.Fatalf("%v\n%v", err, r)
	}
	if !slices.Contains(got.Schemas, bulkAnswer) {
		j.Errorf("schemas are %q", got.Schemas)
	}
	for _, o := range got.Operations {
		if o.Method == http.MethodPost && o.Status == "201" {
			j.made.add(o.path())
		}
		if o.Status >= "400" && dig(o.Response, "status") != o.Status {
			j.Errorf("an operation failed without saying why: %+v", o)
		}
	}
	return got.Operations
}

func (j judge) newUser(bulkID string, more map[string]any) map[string]any {
	data := map[string]any{"schemas": []any{userSchema}, "userName": j.userName()}
	for name, v := range more {
		data[name] = v
	}
	return map[string]any{"method": "POST", "path": "/Users", "bulkId": bulkID, "data": data}
}

func managedBy(id string) map[string]any {
	return map[string]any{"schemas": []any{userSchema, enterpriseSchema}, enterpriseSchema: map[string]any{"manager": map[string]any{"value": id}}}
}

func testBulkReferences(j judge) {
	there := j.user("")
	group := func(bulkID string, members ...string) map[string]any {
		return map[string]any{"method": "POST", "path": "/Groups", "bulkId": bulkID,
			"data": map[string]any{"schemas": []any{groupSchema}, "displayName": newText(), "members": values(members...)}}
	}
	// The first group names who comes only after it.
	got := j.bulk(group("g1", "bulkId:u1", there.id()), j.newUser("u1", nil), group("g2", "bulkId:u1"),
		map[string]any{"method": "PATCH", "path": "/Users/bulkId:u1", "data": map[string]any{"schemas": []any{patchSchema},
			"Operations": []any{operation("replace", "nickName", "Bulky")}}})
	if len(got) != 4 {
		j.Fatalf("%d results, want 4: %+v", len(got), got)
	}
	ids := map[string]string{}
	for i, o := range got {
		want := "201"
		if i == 3 {
			want = "200"
		}
		if o.Status != want && (i != 3 || o.Status != "204") {
			j.Fatalf("status %q, want %s: %+v", o.Status, want, o)
		}
		ids[o.BulkID] = o.id()
	}
	want := []string{ids["u1"], there.id()}
	slices.Sort(want)
	if ids := memberIDs(j.read("/Groups/" + ids["g1"])); !slices.Equal(ids, want) {
		j.Errorf("members of the first are %q, want %q", ids, want)
	}
	if got := memberIDs(j.read("/Groups/" + ids["g2"])); !slices.Equal(got, []string{ids["u1"]}) {
		j.Errorf("members of the second are %q, want %q", got, ids["u1"])
	}
	if got := j.read("/Users/" + ids["u1"]); got["nickName"] != "Bulky" {
		j.Errorf("nickName is %v", got["nickName"])
	}
}

func testBulkCircle(j judge) {
	got := j.bulk(j.newUser("a", managedBy("bulkId:b")), j.newUser("b", managedBy("bulkId:a")))
	if len(got) != 2 || got[0].Status != "201" || got[1].Status != "201" {
		j.Fatalf("%+v, want 201 and 201", got)
	}
	ids := map[string]string{got[0].BulkID: got[0].id(), got[1].BulkID: got[1].id()}
	for one, other := range map[string]string{"a": "b", "b": "a"} {
		u := j.read("/Users/" + ids[one])
		if manager := dig(u, enterpriseSchema, "manager", "value"); manager != ids[other] {
			j.Errorf("the manager of %s is %v, want %q", one, manager, ids[other])
		}
	}
}

func testBulkErrors(j judge) {
	taken := j.user("").text("userName")
	bad := func() map[string]any {
		op := j.newUser(newText(), nil)
		op["data"].(map[string]any)["userName"] = taken
		return op
	}
	all := j.bulked(bulkBody(0, bad(), j.newUser("one", nil), bad(), j.newUser("two", nil)))
	var statuses []string
	for _, o := range all {
		statuses = append(statuses, o.Status)
	}
	if !slices.Equal(statuses, []string{"409", "201", "409", "201"}) {
		j.Errorf("statuses %q, want all of them done", statuses)
	}
	if len(all) > 0 && dig(all[0].Response, "scimType") != "uniqueness" {
		j.Errorf("scimType %v, want uniqueness", dig(all[0].Response, "scimType"))
	}
	ends := j.bulked(bulkBody(1, j.newUser("one", nil), bad(), j.newUser("never", nil)))
	if len(ends) != 2 || ends[0].Status != "201" || ends[1].Status != "409" {
		j.Errorf("%+v, want the end at the first error", ends)
	}
}

func testBulkMethods(j judge) {
	u := j.user("")
	path := "/Users/" + u.id()
	for _, op := range []map[string]any{
		{"method": "GET", "path": path}, {"method": "OPTIONS", "path": path}, {"method": "POST", "path": "/Users", "data": map[string]any{}},
		{"method": "PUT", "path": "/Users", "data": map[string]any{}}, {"method": "DELETE", "path": "/Users"}, {"method": "DELETE", "path": "/Nothing/1"},
		{"method": "DELETE", "path": "/Users/" + newText()}, {"method": "PATCH", "path": path}, {"path": path}, {"method": "DELETE"},
		{"method": "DELETE", "path": "/Users/bulkId:nobody"}, {"method": "DELETE", "path": "/ServiceProviderConfig"}, {"method": "POST", "path": "/Bulk", "bulkId": "x", "data": map[string]any{}},
	} {
		body := bulkBody(0, op)
		r := j.do(call{method: http.MethodPost, path: "/Bulk", body: body})
		if r.status == http.StatusBadRequest {
			j.refused(http.StatusBadRequest, call{method: http.MethodPost, path: "/Bulk", body: body})
			continue
		}
		if got := j.bulked(body); len(got) != 1 || got[0].Status < "400" || got[0].Status > "499" {
			j.Errorf("%s: %+v, want it refused", body, got)
		}
	}
	j.same("/Users", j.read(path), marshal(u.json))
	got := j.bulk(map[string]any{"method": "PUT", "path": path, "data": map[string]any{"schemas": []any{userSchema}, "userName": u.text("userName"), "nickName": "N"}},
		map[string]any{"method": "DELETE", "path": path})
	if len(got) != 2 || got[0].Status != "200" || got[1].Status != "204" {
		j.Errorf("%+v, want 200 and 204", got)
	}
}

func testBulkLimits(j judge) {
	config := j.read("/ServiceProviderConfig")
	limit := func(name string) int {
		n, err := dig(config, "bulk", name).(json.Number).Int64()
		if err != nil || n > 1<<26 {
			j.Fatalf("bulk.%s is %d: %v", name, n, err)
		}
		return int(n)
	}
	ops := slices.Repeat([]map[string]any{{"method": "DELETE", "path": "/Users/1"}}, limit("maxOperations")+1)
	j.refused(http.StatusRequestEntityTooLarge, call{method: http.MethodPost, path: "/Bulk", body: bulkBody(0, ops...)})
	long := fmt.Sprintf(`{"schemas":[%q],"Operations":[],"x":%q}`, bulkSchema, strings.Repeat("x", limit("maxPayloadSize")))
	j.refused(http.StatusRequestEntityTooLarge, call{method: http.MethodPost, path: "/Bulk", body: long})
}
