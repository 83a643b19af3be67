package scim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/scim"
)

// FuzzHandlerBody sends any body by any method to any path. The answer is JSON or nothing, is
// never a fault of ours, and an error changes nothing.
func FuzzHandlerBody(f *testing.F) {
	for _, seed := range []struct{ method, path, body string }{
		{"POST", "/Users", userBody("bob", `,"emails":[{"value":"b@example.com"}],"manager":"1"`)},
		{"PUT", "/Users/ID", userBody("ann", `,"name":{"givenName":"A"}`)},
		{"PATCH", "/Users/ID", patchBody(`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x"}`, `{"op":"add","value":{"name.givenName":"A","active":"False"}}`)},
		{"PATCH", "/Groups/GROUP", patchBody(`{"op":"add","path":"members","value":[{"value":"ID"}]}`, `{"op":"remove","path":"members[value eq \"ID\"]"}`)},
		{"PUT", "/Groups/GROUP", groupBody("Crew", `,"members":[]`)},
		{"POST", "/Bulk", bulkBody(bulkPost("/Groups", "a", groupBody("a", `,"members":[{"value":"bulkId:b"}]`)), bulkPost("/Groups", "b", groupBody("b", `,"members":[{"value":"bulkId:a"}]`)))},
		{"POST", "/Bulk", bulkBody(`{"method":"DELETE","path":"/Users/ID","version":"W/\"1\""}`)},
		{"POST", "/.search", `{"schemas":["` + searchURN + `"],"filter":"userName sw \"a\" or members pr","sortBy":"displayName","count":1,"cursor":""}`},
		{"GET", `/Users?filter=not+(userName+eq+"x")&sortBy=emails&startIndex=-1&count=0&attributes=name.givenName`, ""},
		{"GET", "?aadOptscim062020/Groups/GROUP?excludedAttributes=members", ""},
		{"DELETE", "//Users//ID/", ""},
	} {
		f.Add(seed.method, seed.path, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		memory := scim.NewMemory(nil, clock())
		ann, err := memory.CreateUser(t.Context(), scim.User{UserName: "ann", Active: true})
		if err != nil {
			t.Fatal(err)
		}
		group, _, err := memory.CreateGroup(t.Context(), scim.Group{DisplayName: "Staff"}, scim.MemberChange{Add: []string{ann.ID}})
		if err != nil {
			t.Fatal(err)
		}
		h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) { return scim.Tenant{Backend: memory, Me: ann.ID}, nil },
			&scim.Options{MaxBody: 1 << 16, MaxOperations: 20})
		if err != nil {
			t.Fatal(err)
		}
		named := strings.NewReplacer("/ID", "/"+ann.ID, "\"ID", "\""+ann.ID, "GROUP", group.ID)
		r, err := http.NewRequest(method, "http://example.com", strings.NewReader(named.Replace(body)))
		if err != nil {
			return
		}
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut("/scim/v2"+named.Replace(path), "?")
		r.Header.Set("Content-Type", scimType)
		state := func() string {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/scim/v2/?sortBy=id", nil))
			if w.Code != 200 || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("what is kept can't be read: %d %.500s", w.Code, w.Body)
			}
			return w.Body.String()
		}
		before := state()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		text := w.Body.Bytes()
		if w.Code == http.StatusInternalServerError || len(text) > 0 && (!json.Valid(text) || !utf8.Valid(text)) {
			t.Fatalf("%s %q %q: %d %q", method, path, body, w.Code, text)
		}
		if w.Code >= 400 && !strings.Contains(w.Body.String(), errorURN) {
			t.Fatalf("%s %q %q: %d without a SCIM error: %q", method, path, body, w.Code, text)
		}
		if after := state(); w.Code >= 400 && before != after {
			t.Fatalf("%s %q %q: a %d has changed\n%s\ninto\n%s", method, path, body, w.Code, before, after)
		}
	})
}

// FuzzCursor changes a cursor. None but the one that was given out leads anywhere, and it
// leads nowhere with another question.
func FuzzCursor(f *testing.F) {
	memory := scim.NewMemory(nil, nil)
	for _, name := range []string{"a", "b", "c"} {
		if _, err := memory.CreateUser(f.Context(), scim.User{UserName: name}); err != nil {
			f.Fatal(err)
		}
	}
	h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) { return scim.Tenant{Backend: memory}, nil }, nil)
	if err != nil {
		f.Fatal(err)
	}
	ask := func(cursor string) (int, map[string]any) {
		w := httptest.NewRecorder()
		body, err := json.Marshal(map[string]any{"schemas": []string{searchURN}, "count": 1, "cursor": cursor})
		if err != nil {
			f.Fatal(err)
		}
		h.ServeHTTP(w, request("POST", "/Users/.search", string(body)))
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			f.Fatal(err)
		}
		return w.Code, answer
	}
	_, first := ask("")
	good, _ := first["nextCursor"].(string)
	f.Add(good)
	f.Add(good + "A")
	f.Add(good[:len(good)-1])
	f.Add("AQ" + good[2:])
	f.Add("AQ") // of this version, and nothing in it
	f.Add("AQ" + strings.Repeat("A", 60))
	f.Fuzz(func(t *testing.T, cursor string) {
		code, answer := ask(cursor)
		switch {
		case cursor == "" || cursor == good:
			if code != 200 {
				t.Fatalf("%q: %d", cursor, code)
			}
		case utf8.ValidString(cursor) && !strings.Contains(cursor, "\x00"):
			if code != 400 || answer["scimType"] != "invalidCursor" {
				t.Fatalf("%q: %d %v", cursor, code, answer)
			}
		}
	})
}
