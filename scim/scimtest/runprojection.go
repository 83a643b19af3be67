package scimtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func projectionChecks() []check {
	return []check{
		{"One", "RFC 7644, 3.9", func(j judge) {
			u := j.posed()
			j.projected(func(query string) map[string]any {
				return j.want(http.StatusOK, call{method: http.MethodGet, path: "/Users/" + u.id(), query: query}).json
			})
		}},
		{"List", "RFC 7644, 3.9", func(j judge) {
			u := j.posed()
			j.projected(func(query string) map[string]any {
				r, ids := j.listed("/Users", "filter="+escape(fmt.Sprintf("id eq %q", u.id()))+"&"+query)
				if len(ids) != 1 {
					j.Fatalf("%d are found by id", len(ids))
				}
				return r.resources()[0]
			})
		}},
		{"Search", "RFC 7644, 3.4.3", func(j judge) {
			u := j.posed()
			for _, path := range []string{"/.search", "/Users/.search"} {
				j.projected(func(query string) map[string]any {
					name, list, _ := strings.Cut(query, "=")
					body := map[string]any{"schemas": []any{searchSchema}, "filter": fmt.Sprintf("id eq %q", u.id()), name: strings.Split(list, ",")}
					r := j.want(http.StatusOK, call{method: http.MethodPost, path: path, body: marshal(body)})
					if len(r.resources()) != 1 {
						j.Fatalf("%d are found by id\n%v", len(r.resources()), r)
					}
					return r.resources()[0]
				})
			}
		}},
		{"Writes", "RFC 7644, 3.9", func(j judge) {
			u := j.posed()
			for _, c := range []call{
				{method: http.MethodPut, path: "/Users/" + u.id(), body: fmt.Sprintf(`{"schemas":["%s"],"userName":%q,"nickName":"N"}`, userSchema, u.text("userName"))},
				patching("/Users/"+u.id(), `{"op":"replace","path":"nickName","value":"M"}`),
				{method: http.MethodPost, path: "/Users", body: fmt.Sprintf(`{"schemas":["%s"],"userName":%q,"nickName":"N"}`, userSchema, j.userName())},
			} {
				c.query = "attributes=nickName"
				r := j.do(c)
				if got := namesOf(r.json); r.status >= 300 || !slices.Equal(got, []string{"id", "nickName", "schemas"}) {
					j.Errorf("the answer has %q, want id, nickName and schemas\n%v", got, r)
				}
			}
		}},
		{"Members", "RFC 7644, 3.9", func(j judge) {
			g := j.group(j.user("").id())
			for query, want := range map[string]bool{"": true, "attributes=members": true, "attributes=displayName": false, "excludedAttributes=members": false,
				"excludedAttributes=Members": false, "excludedAttributes=" + groupSchema + ":members": false, "excludedAttributes=displayName": true, "attributes=members.value": true} {
				r := j.want(http.StatusOK, call{method: http.MethodGet, path: "/Groups/" + g.id(), query: query})
				if got := r.json["members"] != nil; got != want {
					j.Errorf("with %q members are there: %v, want %v\n%v", query, got, want, r)
				}
				_, ids := j.listed("/Groups", query+"&filter="+escape(fmt.Sprintf("id eq %q", g.id())))
				if len(ids) != 1 {
					j.Errorf("%d are found by id", len(ids))
				}
			}
		}},
	}
}

// posed is a user with attributes to choose from.
func (j judge) posed() reply {
	j.Helper()
	return j.user(`"nickName":"Nick","title":"Dr","name":{"givenName":"Ann","familyName":"Gray"}`)
}

func namesOf(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// projected holds what read returns to what is asked for.
func (j judge) projected(read func(query string) map[string]any) {
	j.Helper()
	for query, want := range map[string][]string{
		"attributes=nickName":                         {"id", "nickName", "schemas"},
		"attributes=NICKNAME":                         {"id", "nickName", "schemas"},
		"attributes=" + userSchema + ":nickName":      {"id", "nickName", "schemas"},
		"attributes=nickName,name.givenName":          {"id", "name", "nickName", "schemas"},
		"attributes=nobodyHasThis":                    {"id", "schemas"},
		"attributes=meta.created":                     {"id", "meta", "schemas"},
		"excludedAttributes=nickName,meta,active":     {"id", "name", "schemas", "title", "userName"},
		"excludedAttributes=id,schemas,nickName,meta": {"active", "id", "name", "schemas", "title", "userName"},
	} {
		got := read(query)
		if names := namesOf(got); !slices.Equal(names, want) {
			j.Errorf("%s gives %q, want %q", query, names, want)
		}
		if strings.Contains(query, "name.givenName") && marshal(got["name"]) != `{"givenName":"Ann"}` {
			j.Errorf("%s gives the name %s, want givenName alone", query, marshal(got["name"]))
		}
	}
	if got := read("excludedAttributes=name.givenName"); marshal(got["name"]) != `{"familyName":"Gray"}` {
		j.Errorf("without givenName the name is %s", marshal(got["name"]))
	}
}
