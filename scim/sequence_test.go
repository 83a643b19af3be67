package scim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// A person is a user as a sequence of requests should leave one.
type personKept struct {
	UserName, ExternalID, Title string
	Active                      bool
	tag                         string
}

// A sequence makes requests, and keeps beside them, in the plainest way, what should come of
// each.
type sequence struct {
	t      *testing.T
	h      http.Handler
	users  map[string]personKept
	groups map[string]map[string]bool // ids of those who are in
	alive  map[string]bool            // ids, by the events
	active map[string]int             // activated less deactivated, by the events
	log    []string
}

func newSequence(t *testing.T) *sequence {
	s := &sequence{t: t, users: map[string]personKept{}, groups: map[string]map[string]bool{},
		alive: map[string]bool{}, active: map[string]int{}}
	memory := scim.NewMemory(nil, clock())
	var err error
	s.h, err = scim.NewHandler(func(*http.Request) (scim.Tenant, error) { return scim.Tenant{Backend: memory}, nil },
		&scim.Options{Event: func(_ context.Context, e scim.Event) {
			switch e.Type {
			case scim.EventCreate:
				s.alive[e.ID] = true
			case scim.EventDelete:
				delete(s.alive, e.ID)
			case scim.EventActivate:
				s.active[e.ID]++
			case scim.EventDeactivate:
				s.active[e.ID]--
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// send makes a request, by itself or within a bulk, and returns its status, the tag of what it
// is about, and its id.
func (s *sequence) send(bulk bool, method, path, body, match string) (status int, tag, id string) {
	s.t.Helper()
	s.log = append(s.log, fmt.Sprintf("bulk=%v %s %s %s match=%s", bulk, method, path, body, match))
	var r *http.Request
	if bulk {
		op := fmt.Sprintf(`{"method":%q,"path":%q,"bulkId":"b","version":%q`, method, path, match)
		if body != "" {
			op += `,"data":` + body
		}
		r = request("POST", "/Bulk", bulkBody(op+"}"))
	} else if r = request(method, path, body); match != "" {
		r.Header.Set("If-Match", match)
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	if !bulk {
		location := w.Header().Get("Location")
		return w.Code, w.Header().Get("Etag"), location[strings.LastIndex(location, "/")+1:]
	}
	var answer struct {
		Operations []struct{ Status, Version, Location string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Operations) != 1 {
		s.fail("the bulk's answer is %s", w.Body)
	}
	o := answer.Operations[0]
	if _, err := fmt.Sscan(o.Status, &status); err != nil {
		s.fail("the bulk's answer is %s", w.Body)
	}
	return status, o.Version, o.Location[strings.LastIndex(o.Location, "/")+1:]
}

func (s *sequence) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(s.log, "\n"))
}

// expect holds a status to what it should be.
func (s *sequence) expect(got, want int) {
	s.t.Helper()
	if got != want {
		s.fail("%d instead of %d", got, want)
	}
}

// taken finds who else has the userName or externalId.
func (s *sequence) taken(but, userName, externalID string) bool {
	for id, u := range s.users {
		if id != but && (strings.EqualFold(u.UserName, userName) || externalID != "" && u.ExternalID == externalID) {
			return true
		}
	}
	return false
}

func (s *sequence) again(externalID string) string {
	for id, u := range s.users {
		if externalID != "" && u.ExternalID == externalID && !u.Active {
			return id
		}
	}
	return ""
}

func (s *sequence) postUser(bulk bool, u personKept) {
	s.t.Helper()
	status, tag, id := s.send(bulk, "POST", "/Users", u.body(), "")
	u.tag = tag
	if who := s.again(u.ExternalID); who != "" && !s.taken(who, u.UserName, u.ExternalID) {
		s.expect(status, 201)
		if id != who {
			s.fail("%s came back as %s", who, id)
		}
		s.users[id] = u
		return
	}
	if s.taken("", u.UserName, u.ExternalID) {
		s.expect(status, 409)
		return
	}
	s.expect(status, 201)
	s.users[id] = u
	s.active[id] = 0
	if u.Active {
		s.active[id] = 1
	}
}

func (u personKept) body() string {
	return userBody(u.UserName, fmt.Sprintf(`,"externalId":%q,"title":%q,"active":%v`, u.ExternalID, u.Title, u.Active))
}

// change is a PUT or PATCH of id to what u says; match is sent, and stale says that it is old.
func (s *sequence) change(bulk bool, method, id string, u personKept, body, match string, stale bool) {
	s.t.Helper()
	status, tag, _ := s.send(bulk, method, "/Users/"+id, body, match)
	old, known := s.users[id]
	switch {
	case !known:
		s.expect(status, 404)
		return
	case stale:
		s.expect(status, 412)
		return
	case s.taken(id, u.UserName, u.ExternalID):
		s.expect(status, 409)
		return
	}
	s.expect(status, 200)
	u.tag = old.tag
	if changed := u != old; changed != (tag != old.tag) {
		s.fail("changed %v, from %s to %s", changed, old.tag, tag)
	}
	u.tag = tag
	s.users[id] = u
}

// step does one thing.
func (s *sequence) step(r *rand.Rand) {
	s.t.Helper()
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	one := func(ids []string) string { slices.Sort(ids); return pick(append(ids, "nobody")...) }
	who := one(slices.Collect(maps.Keys(s.users)))
	group := one(slices.Collect(maps.Keys(s.groups)))
	bulk := r.IntN(3) == 0
	u := personKept{UserName: pick("ann", "ANN", "bob", "cy"), ExternalID: pick("", "x1", "x2", "X1"), Title: pick("", "Dr"), Active: r.IntN(2) == 0}
	match, stale := "", false
	if r.IntN(3) == 0 {
		if match = s.users[who].tag; match == "" || r.IntN(3) == 0 {
			match, stale = `W/"old"`, true
		}
	}
	switch now := s.users[who]; r.IntN(8) {
	case 0, 1:
		s.postUser(bulk, u)
	case 2:
		s.change(bulk, "PUT", who, u, u.body(), match, stale)
	case 3:
		now.Active = u.Active
		s.change(bulk, "PATCH", who, now, patchBody(fmt.Sprintf(`{"op":"Replace","path":"active","value":"%v"}`, u.Active)), match, stale)
	case 4:
		now.UserName, now.Title = u.UserName, u.Title
		s.change(bulk, "PATCH", who, now, patchBody(fmt.Sprintf(`{"op":"replace","value":{"userName":%q,"title":%q,"id":"no","groups":[{"value":"no"}],"password":"p"}}`, u.UserName, u.Title)), match, stale)
	case 5:
		if r.IntN(2) == 0 {
			s.deleteUser(bulk, who, match, stale)
		} else if status, _, id := s.send(bulk, "POST", "/Groups", groupBody("g"+fmt.Sprint(len(s.log)), `,"members":`+memberList(who, who)), ""); status == 201 {
			s.groups[id] = map[string]bool{}
			s.say(id, who, true)
		} else {
			s.expect(status, 201)
		}
	default:
		s.members(r, bulk, group, who)
	}
}

func (s *sequence) deleteUser(bulk bool, id, match string, stale bool) {
	s.t.Helper()
	status, _, _ := s.send(bulk, "DELETE", "/Users/"+id, "", match)
	switch _, known := s.users[id]; {
	case !known:
		s.expect(status, 404)
	case stale:
		s.expect(status, 412)
	default:
		s.expect(status, 204)
		delete(s.users, id)
		for _, in := range s.groups {
			delete(in, id)
		}
	}
}

func (s *sequence) say(group, id string, in bool) {
	if _, known := s.users[id]; known && in {
		s.groups[group][id] = true
	} else {
		delete(s.groups[group], id)
	}
}

// members changes who is in a group.
func (s *sequence) members(r *rand.Rand, bulk bool, group, who string) {
	s.t.Helper()
	var operations []string
	after := maps.Clone(s.groups[group])
	replaced, put := false, false
	for range 1 + r.IntN(3) {
		_, known := s.users[who]
		switch r.IntN(6) {
		case 0, 1:
			operations = append(operations, `{"op":"Add","path":"members","value":`+memberList(who)+`}`)
			if put = true; known && after != nil {
				after[who] = true
			}
		case 2:
			put = false
			operations = append(operations, `{"op":"Remove","path":"members","value":`+memberList(who)+`}`)
			delete(after, who)
		case 3:
			put = false
			operations = append(operations, `{"op":"remove","path":"members[value eq \"`+who+`\"]"}`)
			delete(after, who)
		case 4:
			operations = append(operations, `{"op":"replace","value":{"members":`+memberList(who)+`,"id":"no"}}`)
			clear(after)
			if replaced, put = true, true; known && after != nil {
				after[who] = true
			}
		case 5:
			operations = append(operations, `{"op":"remove","path":"members","value":[]}`)
		}
	}
	status, _, _ := s.send(bulk, "PATCH", "/Groups/"+group, patchBody(operations...), "")
	if s.groups[group] == nil {
		s.expect(status, 404)
		return
	}
	if _, known := s.users[who]; replaced && put && !known && len(s.groups[group]) > 0 {
		s.expect(status, 400) // it would be empty because of somebody who is nobody
		return
	}
	s.expect(status, 204)
	s.groups[group] = after
}

// check compares all that is there with what should be.
func (s *sequence) check() {
	s.t.Helper()
	type shown struct {
		ID, UserName, ExternalID, Title, DisplayName string
		Active                                       bool
		Members, Groups                              []struct{ Value string }
	}
	var list struct {
		TotalResults int
		Resources    []shown
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, request("GET", "/?count=200", ""))
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		s.fail("%v", err)
	}
	users, groups, in := map[string]personKept{}, map[string]map[string]bool{}, map[string]map[string]bool{}
	for id := range s.groups {
		in[id] = map[string]bool{}
	}
	for _, x := range list.Resources {
		if x.UserName == "" {
			groups[x.ID] = map[string]bool{}
			for _, m := range x.Members {
				groups[x.ID][m.Value] = true
			}
			continue
		}
		users[x.ID] = personKept{UserName: x.UserName, ExternalID: x.ExternalID, Title: x.Title, Active: x.Active, tag: s.users[x.ID].tag}
		for _, g := range x.Groups {
			in[g.Value][x.ID] = true
		}
		if live := s.active[x.ID] == 1; live != x.Active || !s.alive[x.ID] {
			s.fail("the events say that %s is there: %v, active: %v (%d)", x.UserName, s.alive[x.ID], live, s.active[x.ID])
		}
	}
	if list.TotalResults != len(s.users)+len(s.groups) || len(s.alive) != list.TotalResults {
		s.fail("%d resources, %d by the events, not %d", list.TotalResults, len(s.alive), len(s.users)+len(s.groups))
	}
	if d := cmp.Diff(s.users, users, cmp.AllowUnexported(personKept{})); d != "" {
		s.fail("users: %s", d)
	}
	if d := cmp.Diff(s.groups, groups); d != "" {
		s.fail("groups: %s", d)
	}
	if d := cmp.Diff(s.groups, in); d != "" {
		s.fail("the groups of users: %s", d)
	}
}

// FuzzSequence makes sequences of requests, one by one and in bulks, and compares after each
// what is there, and what the events have told, with what should be.
func FuzzSequence(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, uint8(60))
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) {
		s, r := newSequence(t), rand.New(rand.NewPCG(seed, 9967))
		for range min(n, 100) {
			s.step(r)
			s.check()
		}
	})
}
