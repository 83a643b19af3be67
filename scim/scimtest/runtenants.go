package scimtest

import (
	"fmt"
	"net/http"
	"slices"
)

// tenantChecks are those that need a second tenant.
func tenantChecks(t Target) []check {
	if t.Other == nil {
		return nil
	}
	const section = "RFC 7644, 6"
	return []check{
		{"Unseen", section, func(j judge) {
			u := j.user(fmt.Sprintf(`"externalId":%q,"nickName":%q`, newText(), newText()))
			g := j.group(u.id())
			o := j.on(*j.Other)
			for path, m := range map[string]reply{"/Users": u, "/Groups": g} {
				at := path + "/" + m.id()
				for _, c := range []call{{method: http.MethodGet, path: at}, {method: http.MethodDelete, path: at},
					{method: http.MethodPut, path: at, body: marshal(m.json)}, patching(at, `{"op":"replace","path":"displayName","value":"Mine"}`)} {
					// An answer must not tell whether it is there: it is the one for an id that nobody has.
					got := o.refused(http.StatusNotFound, c)
					c.path = path + "/" + newText()
					if nobody := o.refused(http.StatusNotFound, c); got.text("scimType") != nobody.text("scimType") {
						o.Errorf("another tenant's id is told from none\n%v\n%v", got, nobody)
					}
				}
				if _, ids := o.listed(path, "filter="+escape(fmt.Sprintf("id eq %q", m.id()))); len(ids) != 0 {
					o.Errorf("another tenant's is found: %q", ids)
				}
			}
			for _, f := range []string{fmt.Sprintf("userName eq %q", u.text("userName")), fmt.Sprintf("externalId eq %q", u.text("externalId")),
				fmt.Sprintf("nickName eq %q", u.text("nickName"))} {
				if _, ids := o.listed("/Users", "filter="+escape(f)); slices.Contains(ids, u.id()) {
					o.Errorf("another tenant's is found by %s", f)
				}
			}
			for _, f := range []string{fmt.Sprintf("displayName eq %q", g.text("displayName")), fmt.Sprintf("members eq %q", u.id())} {
				if _, ids := o.listed("/Groups", "filter="+escape(f)); len(ids) != 0 {
					o.Errorf("another tenant's is found by %s", f)
				}
			}
			j.same("/Users", j.read("/Users/"+u.id()), marshal(u.json))
			j.same("/Groups", j.read("/Groups/"+g.id()), marshal(g.json))
		}},
		{"NoMembers", section, func(j judge) {
			u := j.user("")
			o := j.on(*j.Other)
			g := o.group()
			path := "/Groups/" + g.id()
			for _, ops := range []string{fmt.Sprintf(`{"op":"add","path":"members","value":%s}`, references([]string{u.id()})),
				fmt.Sprintf(`{"op":"replace","path":"members","value":%s}`, references([]string{u.id()}))} {
				// It is refused, or left out; never is it taken.
				o.do(patching(path, ops))
				if ids := memberIDs(o.read(path)); len(ids) != 0 {
					o.Errorf("another tenant's user is a member: %q", ids)
				}
			}
			if got := j.read("/Users/" + u.id()); got["groups"] != nil {
				j.Errorf("groups are %v", got["groups"])
			}
		}},
		{"Bulk", section, func(j judge) {
			u := j.user("")
			o := j.on(*j.Other)
			got := o.bulk(map[string]any{"method": "DELETE", "path": "/Users/" + u.id()},
				map[string]any{"method": "PUT", "path": "/Users/" + u.id(), "data": map[string]any{"schemas": []any{userSchema}, "userName": o.userName()}})
			for _, r := range got {
				if r.Status != "404" {
					o.Errorf("%s: status %q, want 404", r.Method, r.Status)
				}
			}
			j.same("/Users", j.read("/Users/"+u.id()), marshal(u.json))
		}},
		{"NamesApart", section, func(j judge) {
			external, name := newText(), newText()
			j.userNamed(j.userName(), fmt.Sprintf(`"externalId":%q`, external))
			o := j.on(*j.Other)
			o.user(fmt.Sprintf(`"externalId":%q`, external))
			for _, t := range []judge{j, o} {
				t.want(http.StatusCreated, call{method: http.MethodPost, path: "/Groups", body: fmt.Sprintf(`{"schemas":[%q],"displayName":%q}`, groupSchema, name)})
			}
		}},
	}
}
