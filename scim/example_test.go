package scim_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/accesssec/accesssec-go/scim"
)

// A host says whom a token is for, and mounts the handler. What a client breaks of the
// standard is taken where its meaning is clear, and noted.
func ExampleNewHandler() {
	backend := scim.NewMemory(nil, nil)
	tenant := func(r *http.Request) (scim.Tenant, error) {
		if r.Header.Get("Authorization") != "Bearer acme-secret" {
			return scim.Tenant{}, &scim.Error{Status: http.StatusUnauthorized, Detail: "This token is none of ours."}
		}
		return scim.Tenant{Backend: backend, Scope: "acme", BaseURL: "https://api.example.com/scim/v2"}, nil
	}
	handler, err := scim.NewHandler(tenant, &scim.Options{
		Served: func(_ context.Context, r scim.Request) { fmt.Println(r.Method, r.Status, r.Tolerated) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	send := func(method, path, body string) *http.Response {
		req, err := http.NewRequest(method, server.URL+"/scim/v2"+path, strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		req.Header.Set("Authorization", "Bearer acme-secret")
		req.Header.Set("Content-Type", "application/scim+json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			panic(err)
		}
		return resp
	}
	made := send("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com"}`)
	defer made.Body.Close()
	path := strings.TrimPrefix(made.Header.Get("Location"), "https://api.example.com/scim/v2")
	changed := send("PATCH", path+"?attributes=active", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
	defer changed.Body.Close()
	text, err := io.ReadAll(changed.Body)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.Contains(string(text), `"active":false`))
	// Output:
	// POST 201 []
	// PATCH 200 [op-case boolean-text]
	// true
}
