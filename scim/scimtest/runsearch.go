package scimtest

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/accesssec/accesssec-go/scim"
)

func searchChecks() []check {
	return []check{
		{"Users", "RFC 7644, 3.4.3", func(j judge) {
			title, made := j.crowd(3)
			body := map[string]any{"schemas": []any{searchSchema}, "filter": fmt.Sprintf("title eq %q", title), "startIndex": 2, "count": 1,
				"sortBy": "nickName", "attributes": []any{"nickName"}}
			r := j.want(http.StatusOK, call{method: http.MethodPost, path: "/Users/.search", body: marshal(body)})
			if ids := j.idsOf(r); len(ids) != 1 || r.number("totalResults") != len(made) || r.number("startIndex") != 2 {
				j.Errorf("found %q of %d\n%v", ids, r.number("totalResults"), r)
			}
			if names := namesOf(r.resources()[0]); !slices.Equal(names, []string{"id", "nickName", "schemas"}) {
				j.Errorf("found %q of them", names)
			}
		}},
		{"AllTypes", "RFC 7644, 3.4.2.1", func(j judge) {
			u, g := j.user(""), j.group()
			body := map[string]any{"schemas": []any{searchSchema}, "filter": fmt.Sprintf("id eq %q or id eq %q", u.id(), g.id())}
			r := j.want(http.StatusOK, call{method: http.MethodPost, path: "/.search", body: marshal(body)})
			ids := j.idsOf(r)
			slices.Sort(ids)
			want := []string{u.id(), g.id()}
			slices.Sort(want)
			if !slices.Equal(ids, want) || r.number("totalResults") != 2 {
				j.Errorf("found %q, want %q\n%v", ids, want, r)
			}
			_, ids = j.listed("/", "filter="+escape(fmt.Sprintf("displayName eq %q", g.text("displayName"))))
			if !slices.Equal(ids, []string{g.id()}) {
				j.Errorf("found %q, want %q", ids, g.id())
			}
		}},
		{"Refused", "RFC 7644, 3.4.3", func(j judge) {
			for _, body := range []string{`{}`, `{"schemas":["` + userSchema + `"]}`, `[]`, ``, `{"schemas":["` + searchSchema + `"],"count":"many"}`,
				`{"schemas":["` + searchSchema + `"],"filter":"userName eq"}`} {
				status := http.StatusBadRequest
				if body == "" && !j.Profile.Takes(scim.ContentType) {
					status = http.StatusUnsupportedMediaType // nothing is of no type
				}
				j.refused(status, call{method: http.MethodPost, path: "/Users/.search", body: body})
			}
		}},
	}
}
