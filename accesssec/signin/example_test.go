package signin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

func ExampleNew() {
	ctx := context.Background()
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com", Verified: true, Password: "Correct-horse-7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle(svc.Path(), signin.New(svc, &signin.Options{Name: "App", After: "/dashboard"}))
	mux.Handle("/", svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "the dashboard")
	})))

	// A page that is protected leads to the sign-in page.
	page := httptest.NewRequest(http.MethodGet, "/reports", nil)
	page.Header.Set("Accept", "text/html")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, page)
	fmt.Println(answer.Code, answer.Header().Get("Location"))

	// There, the right password leads back.
	fields := url.Values{"address": {"olive@example.com"}, "password": {"Correct-horse-7"}, "next": {"/reports"}}
	form := httptest.NewRequest(http.MethodPost, "/auth/password", strings.NewReader(fields.Encode()))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer = httptest.NewRecorder()
	mux.ServeHTTP(answer, form)
	fmt.Println(answer.Code, answer.Header().Get("Location"))

	// Output:
	// 303 /auth/?next=%2Freports
	// 303 /reports
}
