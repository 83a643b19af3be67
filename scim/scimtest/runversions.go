package scimtest

import (
	"fmt"
	"net/http"
)

func versionChecks() []check {
	return []check{
		{"Users", "RFC 7644, 3.14", func(j judge) { j.versioned("/Users", j.user("")) }},
		{"Groups", "RFC 7644, 3.14", func(j judge) { j.versioned("/Groups", j.group()) }},
		{"MembersAside", "RFC 7644, 3.14", func(j judge) {
			g := j.group()
			path := "/Groups/" + g.id()
			j.patched(path, `{"op":"add","path":"members","value":`+references([]string{j.user("").id()})+`}`)
			r := j.want(http.StatusOK, call{method: http.MethodGet, path: path})
			if r.header.Get("ETag") != g.header.Get("ETag") {
				j.Errorf("a new member has changed the group's version")
			}
			if len(memberIDs(r.json)) != 1 {
				j.Errorf("the member is not there\n%v", r)
			}
		}},
	}
}

// conditional is a request with a precondition.
func conditional(c call, name, tag string) call {
	c.header = http.Header{name: {tag}}
	return c
}

// versioned walks through the preconditions.
func (j judge) versioned(endpoint string, r reply) {
	j.Helper()
	path := endpoint + "/" + r.id()
	read := call{method: http.MethodGet, path: path, query: "excludedAttributes=members"}
	first := j.want(http.StatusOK, read).header.Get("ETag")
	if first == "" || first != r.text("meta", "version") || first != r.header.Get("ETag") {
		j.Fatalf("ETag %q, of the POST %q, meta.version %q: want the same", first, r.header.Get("ETag"), r.text("meta", "version"))
	}
	for _, tag := range []string{first, "*", `"other", ` + first} {
		n := j.want(http.StatusNotModified, conditional(read, "If-None-Match", tag))
		if len(n.body) > 0 {
			j.Errorf("a 304 with a body\n%v", n)
		}
	}
	j.want(http.StatusOK, conditional(read, "If-None-Match", `W/"other"`))

	operation := func() string { return fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, newText()) }
	rename := func() call { return patching(path, operation()) }
	j.patched(path, operation())
	second := j.want(http.StatusOK, read).header.Get("ETag")
	if second == first {
		j.Errorf("the version is the same after a change: %q", second)
	}
	before := j.read(path)
	put := call{method: http.MethodPut, path: path, body: marshal(before)}
	for _, c := range []call{rename(), put, {method: http.MethodDelete, path: path}} {
		j.refused(http.StatusPreconditionFailed, conditional(c, "If-Match", first))
		j.refused(http.StatusPreconditionFailed, conditional(c, "If-Match", `W/"other", "another"`))
	}
	j.same(endpoint, j.read(path), marshal(before))
	for _, tag := range []string{second, "*"} {
		if got := j.do(conditional(rename(), "If-Match", tag)); got.status >= 300 {
			j.Errorf("with the version it has: %v", got)
		}
	}
	last := j.want(http.StatusOK, read).header.Get("ETag")
	// What changes nothing makes no version.
	j.want(http.StatusOK, call{method: http.MethodPut, path: path, body: marshal(j.read(path))})
	if got := j.want(http.StatusOK, read).header.Get("ETag"); got != last {
		j.Errorf("a PUT that changes nothing has made %q of %q", got, last)
	}
	j.want(http.StatusNoContent, conditional(call{method: http.MethodDelete, path: path}, "If-Match", last))
}
