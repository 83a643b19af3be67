package scimtest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

func cursorChecks() []check {
	return []check{
		{"Walk", "RFC 9865, 2", func(j judge) {
			title, made := j.crowd(5)
			got := j.walkCursors(byTitle(title)+"&sortBy=nickName&sortOrder=descending", 2, nil)
			_, want := j.listed("/Users", byTitle(title)+"&sortBy=nickName&sortOrder=descending")
			if !slices.Equal(got, want) || len(want) != len(made) {
				j.Errorf("by cursor %q, by index %q of %d", got, want, len(made))
			}
		}},
		{"Stable", "RFC 9865, 2", testStableCursor},
		{"Refused", "RFC 9865, 2.1", testBadCursors},
		{"Search", "RFC 9865, 3", func(j judge) {
			title, made := j.crowd(3)
			body := map[string]any{"schemas": []any{searchSchema}, "filter": fmt.Sprintf("title eq %q", title), "count": 2, "cursor": ""}
			first := j.want(http.StatusOK, call{method: http.MethodPost, path: "/Users/.search", body: marshal(body)})
			body["cursor"] = first.text("nextCursor")
			second := j.want(http.StatusOK, call{method: http.MethodPost, path: "/Users/.search", body: marshal(body)})
			got := append(j.idsOf(first), j.idsOf(second)...)
			slices.Sort(got)
			slices.Sort(made)
			if !slices.Equal(got, made) || second.text("nextCursor") != "" {
				j.Errorf("found %q, want %q and no further cursor\n%v", got, made, second)
			}
		}},
	}
}

// walkCursors reads all pages. between is called after each.
func (j judge) walkCursors(query string, count int, between func(page int)) []string {
	j.Helper()
	unreserved := regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
	var all []string
	cursor := ""
	for page := 0; ; page++ {
		r, ids := j.listed("/Users", fmt.Sprintf("%s&count=%d&cursor=%s", query, count, url.QueryEscape(cursor)))
		all = append(all, ids...)
		if page == 0 && r.json["previousCursor"] != nil {
			j.Errorf("the first page has a previousCursor\n%v", r)
		}
		cursor = r.text("nextCursor")
		if cursor == "" {
			return all
		}
		if !unreserved.MatchString(cursor) {
			j.Errorf("cursor %q, want unreserved characters alone", cursor)
		}
		if len(ids) != count || page > 100 {
			j.Fatalf("a page of %d of %d that is not the last\n%v", len(ids), count, r)
		}
		if between != nil {
			between(page)
		}
	}
}

// testStableCursor lets people come and go while pages are read: who was there all the time is
// seen once.
func testStableCursor(j judge) {
	title, made := j.crowd(6)
	_, order := j.listed("/Users", byTitle(title))
	got := j.walkCursors(byTitle(title), 2, func(page int) {
		if page == 0 {
			j.want(http.StatusNoContent, call{method: http.MethodDelete, path: "/Users/" + order[0]})
			j.user(fmt.Sprintf(`"title":%q`, title))
		}
	})
	for _, id := range made {
		seen := 0
		for _, g := range got {
			if g == id {
				seen++
			}
		}
		if seen != 1 {
			j.Errorf("%s was seen %d times, want once", id, seen)
		}
	}
}

func testBadCursors(j judge) {
	title, _ := j.crowd(3)
	r, _ := j.listed("/Users", byTitle(title)+"&count=1&cursor=")
	cursor := r.text("nextCursor")
	if cursor == "" {
		j.Fatalf("no cursor\n%v", r)
	}
	forged := []byte(cursor)
	forged[len(forged)/2] ^= 1
	bad := func(query string, types ...string) {
		j.Helper()
		j.refused(http.StatusBadRequest, call{method: http.MethodGet, path: "/Users", query: query}, types...)
	}
	bad(byTitle(title)+"&count=1&cursor="+url.QueryEscape(string(forged)), "invalidCursor")
	bad(byTitle(title)+"&count=1&cursor=nothing", "invalidCursor")
	bad(byTitle(newText())+"&count=1&cursor="+cursor, "invalidCursor")
	bad("count=1&cursor="+cursor, "invalidCursor")
	bad(byTitle(title)+"&sortBy=nickName&count=1&cursor="+cursor, "invalidCursor")
	bad(byTitle(title)+"&count=2&cursor="+cursor, "invalidCount", "invalidCursor")
	j.refused(http.StatusBadRequest, call{method: http.MethodGet, path: "/Groups", query: "count=1&cursor=" + cursor}, "invalidCursor")
	if j.Other != nil {
		o := j.on(*j.Other)
		o.refused(http.StatusBadRequest, call{method: http.MethodGet, path: "/Users", query: byTitle(title) + "&count=1&cursor=" + cursor}, "invalidCursor")
	}
}
