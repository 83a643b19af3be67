package samltest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

// A browser signs in by an identity provider that misbehaves. The service provider
// of this example is content with any response; a real one would refuse it.
func Example() {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()

	people := []samltest.Person{{Email: "ann@example.com", FirstName: "Ann", LastName: "Lee"}}
	idp, err := samltest.New(server.URL+"/idp", people, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.Handle("/idp/", idp)
	if err := idp.Trust(spMetadata("https://app.example/saml", server.URL+"/acs", "", false)); err != nil {
		fmt.Println(err)
		return
	}
	mux.HandleFunc("POST /acs", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "got a response: %t", r.PostFormValue("SAMLResponse") != "")
	})

	jar, _ := cookiejar.New(nil) // nil options never fail
	start := idp.SSOURL() + "?sp=https://app.example/saml"
	resp, err := samltest.Login(context.Background(), &http.Client{Jar: jar}, start, "ann@example.com", samltest.Expired)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))
	// Output: 200 got a response: true
}

// Without HTTP, a test asks for a response and hands it to what it tests.
func ExampleIdP_Unsolicited() {
	idp, err := samltest.New("https://idp.example", nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := idp.Trust(spMetadata("https://app.example/saml", "https://app.example/acs", "", false)); err != nil {
		fmt.Println(err)
		return
	}
	resp, err := idp.Unsolicited("https://app.example/saml", samltest.Person{Email: "ann@example.com"}, samltest.OtherKey)
	fmt.Println(resp.ACS, resp.SAMLResponse != "", err)
	fmt.Println(samltest.OtherKey.Explain())
	// Output:
	// https://app.example/acs true <nil>
	// Sign with the key of a stranger.
}

// A provider that speaks like a product and encrypts. It answers nobody whose metadata
// lists no key for that.
func ExampleFlavor() {
	idp, err := samltest.New("https://idp.example", nil, &samltest.Options{
		Flavor:  samltest.Entra,
		Encrypt: samltest.Encryption{Cipher: samltest.AES256GCM},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := idp.Trust(spMetadata("https://app.example/saml", "https://app.example/acs", "", false)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(idp.EntityID())
	_, err = idp.Unsolicited("https://app.example/saml", samltest.Person{Email: "ann@example.com"})
	fmt.Println(err)
	// Output:
	// https://sts.windows.net/4a701a7c-8115-46f1-84d7-11bbf9e41c7a/
	// samltest: service provider not trusted: "https://app.example/saml" lists no RSA certificate to encrypt to
}

// The provider ends a session that it began, and is told so.
func ExampleIdP_StartLogout() {
	idp, err := samltest.New("https://idp.example", nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	const app = "https://app.example/saml/c1"
	if err := idp.Trust(logoutMetadata("")); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := idp.Unsolicited(app, samltest.Person{Email: "ann@example.com"}); err != nil {
		fmt.Println(err)
		return
	}
	for _, session := range idp.Sessions(app) {
		message, err := idp.StartLogout(session, samltest.POST)
		fmt.Println(session.NameID.Value, "at", message.URL, message.Form.Has("SAMLRequest"), err)
	}
	// Output: ann@example.com at https://app.example/saml/c1/slo true <nil>
}
