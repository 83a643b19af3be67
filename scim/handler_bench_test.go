package scim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
)

// bench is a handler over memory with that many users.
func bench(b *testing.B, users int) (http.Handler, *scim.Memory, []string) {
	b.Helper()
	memory := scim.NewMemory(nil, nil)
	var ids []string
	for i := range users {
		name := fmt.Sprintf("user%06d@example.com", i)
		u, err := memory.CreateUser(b.Context(), scim.User{UserName: name, ExternalID: "x-" + strconv.Itoa(i), Active: true,
			Name: scim.Name{Given: "Ann", Family: "Archer"}, Emails: []scim.Email{{Value: name, Type: "work", Primary: true}}})
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	h, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) {
		return scim.Tenant{Backend: memory, Scope: "bench", BaseURL: "https://api.example.com/scim/v2"}, nil
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return h, memory, ids
}

// request makes one for the recorder.
func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	return r
}

func run(b *testing.B, h http.Handler, status int, next func(i int) *http.Request) {
	b.Helper()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, next(i))
		if w.Code != status {
			b.Fatalf("%d: %s", w.Code, w.Body)
		}
		i++
	}
}

func BenchmarkHandlerHello(b *testing.B) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"hello":"world"}`))
	})
	run(b, h, 200, func(int) *http.Request { return request("GET", "/Users/x", "") })
}

func BenchmarkHandlerGetUser(b *testing.B) {
	h, _, ids := bench(b, 1000)
	run(b, h, 200, func(i int) *http.Request { return request("GET", "/Users/"+ids[i%len(ids)], "") })
}

func BenchmarkHandlerPostUser(b *testing.B) {
	h, _, _ := bench(b, 0)
	run(b, h, 201, func(i int) *http.Request {
		name := strconv.Itoa(i) + "@example.com"
		return request("POST", "/Users", `{"schemas":["`+scim.UserSchema+`"],"userName":"`+name+`","externalId":"`+name+
			`","active":true,"name":{"givenName":"Ann","familyName":"Archer"},"emails":[{"primary":true,"type":"work","value":"`+name+`"}]}`)
	})
}

func BenchmarkHandlerFilterUserName(b *testing.B) {
	h, _, ids := bench(b, 10000)
	run(b, h, 200, func(i int) *http.Request {
		name := fmt.Sprintf("user%06d@example.com", i%len(ids))
		return request("GET", "/Users?filter="+url.QueryEscape(`userName eq "`+name+`"`), "")
	})
}

func BenchmarkHandlerPatchActive(b *testing.B) {
	h, _, ids := bench(b, 1000)
	run(b, h, 200, func(i int) *http.Request {
		return request("PATCH", "/Users/"+ids[i%len(ids)], patchBody(`{"op":"Replace","path":"active","value":"`+strconv.FormatBool(i/len(ids)%2 == 1)+`"}`))
	})
}

// To add a member costs the same in a group of ten and in one of a hundred thousand; to read
// such a group without its members costs what a user does. Both groups are in one memory: the
// garbage collector costs more where there are more users, whatever group is asked for.
func BenchmarkHandlerGroup(b *testing.B) {
	const most = 100_000
	h, memory, ids := bench(b, most+1000)
	for _, size := range []int{10, most} {
		g, _, err := memory.CreateGroup(b.Context(), scim.Group{DisplayName: fmt.Sprint("Staff ", size)}, scim.MemberChange{Add: ids[:size]})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("AddMember/%d", size), func(b *testing.B) {
			run(b, h, 204, func(i int) *http.Request {
				op := "add"
				if i/1000%2 == 1 {
					op = "remove"
				}
				return request("PATCH", "/Groups/"+g.ID, patchBody(`{"op":"`+op+`","path":"members","value":[{"value":"`+ids[most+i%1000]+`"}]}`))
			})
		})
		b.Run(fmt.Sprintf("GetWithoutMembers/%d", size), func(b *testing.B) {
			run(b, h, 200, func(int) *http.Request { return request("GET", "/Groups/"+g.ID+"?excludedAttributes=members", "") })
		})
	}
}
