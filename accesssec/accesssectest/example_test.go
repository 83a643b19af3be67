package accesssectest_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/accesssec/signin"
)

// A login by single sign-on, as a host tests it: Ann has no account yet, and comes out on
// a page that is protected. In a test, New takes the place of Start and Close.
func Example() {
	w, err := accesssectest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	ann, err := w.SignIn("ann@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text(ann.Get(w.URL + "/")))
	// Output: ann@example.com is member of Acme
}

// The host's own app, with a page for Admins and Owners alone.
func Example_host() {
	w, err := accesssectest.Start(&accesssectest.Options{Handler: app})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	for _, address := range []string{"ann@example.com", "owner@example.com"} {
		browser, err := w.SignIn(address)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text(browser.Get(w.URL + "/invoices")))
	}
	// Output:
	// invoices are for admins
	// 3 invoices
}

// app is what the host serves in production as well.
func app(svc *accesssec.Service) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(svc.Path(), signin.New(svc, &signin.Options{Name: "App", After: "/invoices"}))
	mux.Handle("/invoices", svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p, ok := accesssec.FromContext(r.Context()); !ok || !p.Role.Administers() {
			http.Error(w, "invoices are for admins", http.StatusForbidden)
			return
		}
		fmt.Fprintln(w, "3 invoices")
	})))
	return mux
}

// Someone whom the identity provider does not vouch for in the way it should, or at all,
// meets a page that says so.
func ExampleRefusedError() {
	w, err := accesssectest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	_, err = w.SignIn("mallory@example.net")
	if no, ok := err.(*accesssectest.RefusedError); ok {
		fmt.Println(no.Reason)
	}
	// Output: no single sign-on is offered
}

// Nobody has to wait until a session is over.
func ExampleWorld_Advance() {
	w, err := accesssectest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	olive, err := w.SignInPassword("owner@example.com", accesssectest.Password)
	if err != nil {
		log.Fatal(err)
	}
	for _, days := range []int{0, 15} {
		w.Advance(time.Duration(days) * 24 * time.Hour)
		res, err := olive.Get(w.URL + "/")
		if err != nil {
			log.Fatal(err)
		}
		res.Body.Close()
		fmt.Println(res.Request.URL.Path)
	}
	// Output:
	// /
	// /auth/
}

// text is the body of an answer.
func text(res *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
