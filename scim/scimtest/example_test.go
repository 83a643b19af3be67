package scimtest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
)

// host is the SCIM mount of a host's application.
func host() http.Handler {
	tenant := scim.Tenant{Backend: scim.NewMemory(nil, nil), Scope: "acme"}
	h, err := scim.NewHandler(func(r *http.Request) (scim.Tenant, error) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			return scim.Tenant{}, &scim.Error{Status: http.StatusUnauthorized, Detail: "This token is not known."}
		}
		return tenant, nil
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	return h
}

// A host's own test of its mount.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestSCIM(t *testing.T)
		s := httptest.NewServer(host())
		t.Cleanup(s.Close)
		target := scimtest.Target{URL: s.URL + "/scim/v2", Token: "secret"}
		scimtest.Run(t, target)
		scimtest.RunBodies(t, target)
		if _, err := scimtest.Walk(t.Context(), scimtest.NewOkta(target)); err != nil {
			t.Error(err)
		}
	}
}

// A simulated client lives through the life of a directory.
func ExampleWalk() {
	s := httptest.NewServer(host())
	defer s.Close()
	target := scimtest.Target{URL: s.URL + "/scim/v2", Token: "secret"}

	for _, client := range []scimtest.Client{scimtest.NewEntra(target, true), scimtest.NewOkta(target)} {
		report, err := scimtest.Walk(context.Background(), client)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(report)
	}
	// Output:
	// Entra with its flag: 16 steps, 44 requests
	// Okta: 16 steps, 37 requests
}

// One simulated client, step by step: who comes, and who goes.
func ExampleClient() {
	s := httptest.NewServer(host())
	defer s.Close()
	okta := scimtest.NewOkta(scimtest.Target{URL: s.URL + "/scim/v2", Token: "secret"})
	ctx := context.Background()

	ann := scimtest.Person{ExternalID: "00u1", UserName: "ann@example.com", Given: "Ann", Family: "Gray"}
	id, err := okta.CreateUser(ctx, ann)
	if err != nil {
		log.Fatal(err)
	}
	if err := okta.Deactivate(ctx, id); err != nil {
		log.Fatal(err)
	}
	ann.UserName = "ann.gray@example.com"
	again, err := okta.Reactivate(ctx, ann)
	if err != nil {
		log.Fatal(err)
	}
	everybody, err := okta.Import(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again == id, len(everybody), everybody[0].UserName, everybody[0].Active)
	// Output: true 1 ann.gray@example.com true
}

// What clients send is data: a request or several, and the state that they lead to.
func ExampleBodies() {
	for _, b := range scimtest.Bodies() {
		if b.Client == "Okta" && b.Name == "deactivate without a path" {
			fmt.Println(b.Send[0].Method, b.Send[0].Path)
			fmt.Println(b.Send[0].Body)
		}
	}
	// Output:
	// PATCH /Users/{{id}}
	// {"schemas":["{{P}}"],"Operations":[{"op":"replace","value":{"active":false}}]}
}
