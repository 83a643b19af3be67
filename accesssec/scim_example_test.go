package accesssec_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// An Owner makes a token, and copies it with the base URL into the identity provider.
func ExampleService_SCIM() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		log.Fatal(err)
	}
	// region mount
	mux := http.NewServeMux() // all else
	host := scim.Mount(svc.SCIMPath(), svc.SCIM(), mux)
	// endregion

	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "ann@example.com", Verified: true})
	if err != nil {
		log.Fatal(err)
	}
	admin := svc.Admin(owner)
	// region token
	token, err := admin.CreateSCIMToken(ctx, &accesssec.SCIMTokenOptions{
		Name:      "Okta",
		ExpiresAt: time.Now().AddDate(1, 0, 0),
		Overlap:   24 * time.Hour, // the token of before goes on until then
	})
	// token.Secret() is shown this once.
	// endregion
	if err != nil {
		log.Fatal(err)
	}
	// region roles
	_, err = admin.SetSCIM(ctx, accesssec.SCIMSettings{
		Profile: scim.Okta,
		GroupRoles: []accesssec.SCIMGroupRole{
			{Group: "IT", OrgRole: policy.Admin},
			{Group: "Research", Role: string(policy.Analyst)}, // on every project
		},
	})
	// endregion
	if err != nil {
		log.Fatal(err)
	}
	state, err := admin.SCIM(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(state.BaseURL, strings.HasPrefix(token.Secret(), "accesssec_scim_"))

	// What the identity provider does then.
	ask := func(bearer string) {
		r := httptest.NewRequest("GET", "/scim/v2/Users?filter="+"userName%20eq%20%22ann@example.com%22", nil)
		r.Header.Set("Authorization", "Bearer "+bearer)
		w := httptest.NewRecorder()
		host.ServeHTTP(w, r)
		body, err := io.ReadAll(w.Body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(w.Code, strings.Contains(string(body), "ann@example.com"))
	}
	ask(token.Secret())
	if err := admin.RevokeSCIMToken(ctx, token.ID); err != nil {
		log.Fatal(err)
	}
	ask(token.Secret())
	// Output:
	// https://app.example.com/scim/v2 true
	// 200 true
	// 401 false
}
