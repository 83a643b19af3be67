package scimtest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
)

// RunBodies sends [Bodies] to a mount, each in a parallel subtest named Client/Name, and
// compares what is read back. Those that break the letter of the RFCs in a way that the mount's
// profile does not take, which is any for strict, it must refuse, and change nothing. It returns how
// many there were.
func RunBodies(t *testing.T, target Target) int {
	t.Helper()
	bodies := Bodies()
	for _, b := range bodies {
		t.Run(b.Client+"/"+b.Name, func(t *testing.T) {
			t.Parallel()
			RunBody(t, target, b)
		})
	}
	return len(bodies)
}

// RunBody sends one.
func RunBody(t *testing.T, target Target, b Body) {
	t.Helper()
	j := newJudge(t, target)
	w := wording{target: target, values: map[string]string{}}
	for _, p := range b.users() {
		if w.values[p] == "" {
			w.values[p] = j.user("").id()
		}
	}
	strict := slices.ContainsFunc(b.Breaks, func(t scim.Tolerance) bool { return !target.Profile.Takes(t) })
	before := ""
	if b.Given != "" {
		r := j.want(http.StatusCreated, call{method: http.MethodPost, path: b.Path, body: w.fill(b.Given)})
		w.values["{{id}}"] = r.id()
		before = w.fill(b.Given)
		if b.Path == "/Users" || strict {
			before = marshal(j.read(b.Path + "/" + r.id()))
		}
	}
	for i, m := range b.Send {
		if strict && i == len(b.Send)-1 {
			j.refusedStrictly(w, m)
			break
		}
		r := j.sent(w, m)
		if m.Method == http.MethodPost && r.status == http.StatusCreated && kindOf(m.Path) == b.Path {
			switch {
			case b.Given == "":
				w.values["{{id}}"] = r.id()
			case slices.Contains(b.Breaks, scim.ExternalIDAgain) && r.id() != w.values["{{id}}"]:
				j.Errorf("id %q, want that of before, %q", r.id(), w.values["{{id}}"])
			}
		}
	}
	j.settled(w, b, before, strict)
}

// settled compares the state in the end.
func (j judge) settled(w wording, b Body, before string, strict bool) {
	j.Helper()
	want := w.fill(b.Want)
	switch {
	case strict && b.Given == "", b.Want == "none":
		return
	case strict && len(b.Send) > 1:
		return // what came before the last message was taken
	case strict, b.Want == "":
		want = before
	}
	path := b.Path + "/" + w.values["{{id}}"]
	if b.Want == "gone" {
		j.refused(http.StatusNotFound, call{method: http.MethodGet, path: path})
		return
	}
	j.same(b.Path, j.read(path), want)
}

func (j judge) sent(w wording, m Message) reply {
	j.Helper()
	r := j.do(call{method: m.Method, path: w.fill(m.Path), query: w.fill(m.Query), body: w.fill(m.Body), header: m.Header})
	switch {
	case r.status != m.Status:
		j.Fatalf("status %d, want %d\n%v", r.status, m.Status, r)
	case m.Status >= http.StatusBadRequest:
		var types []string
		if m.Type != "" {
			types = []string{string(m.Type)}
		}
		if err := errorOf(r, m.Status, types...); err != nil {
			j.Errorf("%v\n%v", err, r)
		}
	case m.Status == http.StatusNoContent:
		if len(r.body) > 0 {
			j.Errorf("a 204 with a body\n%v", r)
		}
	default:
		j.answered(w, m, r)
	}
	return r
}

// answered judges an answer that has a body.
func (j judge) answered(w wording, m Message, r reply) {
	j.Helper()
	want := m.ContentType
	if !j.Profile.Takes(scim.Response) {
		want = scimJSON
	} else if j.Profile == scim.OneLogin {
		want = plainJSON
	}
	if want == "" && !strings.Contains(m.Header.Get("Accept"), plainJSON) {
		want = scimJSON
	}
	if got, _, _ := strings.Cut(r.header.Get("Content-Type"), ";"); want != "" && got != want {
		j.Errorf("Content-Type %q, want %q\n%v", got, want, r)
	}
	if r.json == nil {
		j.Fatalf("an answer that is no JSON object\n%v", r)
	}
	if dig(r.json, "password") != nil {
		j.Errorf("the answer has a password\n%v", r)
	}
	if m.Answers != "" {
		j.same(kindOf(m.Path), r.json, w.fill(m.Answers))
	}
	if m.Finds != "" {
		j.found(w, m, r)
	}
}

func (j judge) found(w wording, m Message, r reply) {
	j.Helper()
	var ids []string
	for _, resource := range r.resources() {
		id, _ := resource["id"].(string)
		ids = append(ids, id)
	}
	id := w.values["{{id}}"]
	ok := false
	switch m.Finds {
	case FindsNothing:
		ok = len(ids) == 0 && r.number("totalResults") == 0
	case FindsIt:
		ok = len(ids) == 1 && ids[0] == id && r.number("totalResults") == 1
	case FindsAmong:
		ok = slices.Contains(ids, id)
	}
	if !ok || !hasSchema(r.json, listSchema) {
		j.Errorf("found %q of %d, want %s (%s)\n%v", ids, r.number("totalResults"), m.Finds, id, r)
	}
}

// refusedStrictly sends what a strict mount must not take.
func (j judge) refusedStrictly(w wording, m Message) {
	j.Helper()
	r := j.do(call{method: m.Method, path: w.fill(m.Path), query: w.fill(m.Query), body: w.fill(m.Body), header: m.Header})
	if r.status < 400 || r.status > 499 {
		j.Fatalf("status %d, want it to be refused\n%v", r.status, r)
	}
	if err := errorOf(r, r.status); err != nil {
		j.Errorf("%v\n%v", err, r)
	}
}

// kindOf is the endpoint of a path: "/Users" of "/Users/2819".
func kindOf(path string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	return "/" + name
}
