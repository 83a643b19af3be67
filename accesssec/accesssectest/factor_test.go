package accesssectest_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/accesssec/signin"
)

// A person with an authenticator app, in a host's test.
func ExampleWorld_SetUpFactor() {
	w, err := accesssectest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	phone, err := w.SetUpFactor("owner@example.com", accesssectest.Password)
	if err != nil {
		log.Fatal(err)
	}
	_, err = w.SignInPassword("owner@example.com", accesssectest.Password)
	if no, ok := err.(*accesssectest.RefusedError); ok {
		fmt.Println(no.Reason)
	}
	olive, err := w.SignInFactor("owner@example.com", accesssectest.Password, phone.App.Code(w.Now()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text(olive.Get(w.URL + "/")))
	// Output:
	// a code of a second factor is asked for
	// owner@example.com is owner of Acme
}

func TestSignInFactor(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	ok(t, w.AddMember(policy.Member, "max@example.com"))
	before, err := w.SignInPassword("max@example.com", accesssectest.Password)
	ok(t, err)
	_, err = w.SignInFactor("max@example.com", accesssectest.Password, "123456")
	if no := refused(t, nil, err); no.Reason != "no code is asked for" {
		t.Errorf("%+v", no)
	}
	max, err := w.SetUpFactor("max@example.com", accesssectest.Password)
	ok(t, err)
	isOut(t, before, w)
	if len(max.RecoveryCodes) != 10 || max.App.Account != "max@example.com" {
		t.Errorf("%+v", max)
	}
	first, second := max.App.Code(w.Now()), max.RecoveryCodes[0]
	for name, code := range map[string]string{"app": first, "recovery": second} {
		c, err := w.SignInFactor("max@example.com", accesssectest.Password, code)
		ok(t, err)
		says(t, c, w.URL+"/", "max@example.com is member of Acme")
		c, err = w.SignInFactor("max@example.com", accesssectest.Password, code)
		if no := refused(t, c, err); no.Status != http.StatusUnauthorized || no.Reason != "" || !strings.Contains(no.Text, "This code is wrong.") {
			t.Errorf("%s, once more: %+v", name, no)
		}
	}
	w.Advance(30 * time.Second)
	_, err = w.SignInFactor("max@example.com", accesssectest.Password, max.App.Code(w.Now()))
	ok(t, err)
	c, err := w.SignInFactor("max@example.com", "a guess of somebody's", max.App.Code(w.Now()))
	refused(t, c, err)
	if _, err := w.SetUpFactor("max@example.com", accesssectest.Password); err == nil {
		t.Error("set up behind a factor that was not shown")
	}
}

// Where a new one is due SetUpFactor is what comes before all else.
func TestSetUpFactorThatIsDue(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	ok(t, w.AddMember(policy.Member, "max@example.com"))
	old, err := w.SetUpFactor("max@example.com", accesssectest.Password)
	ok(t, err)
	members, err := w.Admin().Members(t.Context(), accesssec.MemberQuery{Search: "max@"})
	ok(t, err)
	_, err = w.Admin().ResetFactors(t.Context(), members.Items[0].UserID)
	ok(t, err)
	c, err := w.SignInPassword("max@example.com", accesssectest.Password)
	if no := refused(t, c, err); no.Reason != "a second factor has to be set up first" {
		t.Errorf("%+v", no)
	}
	young, err := w.SetUpFactor("max@example.com", accesssectest.Password)
	ok(t, err)
	c, err = w.SignInFactor("max@example.com", accesssectest.Password, old.RecoveryCodes[0])
	refused(t, c, err)
	c, err = w.SignInFactor("max@example.com", accesssectest.Password, young.App.Code(w.Now()))
	ok(t, err)
	says(t, c, w.URL+"/", "max@example.com is member of Acme")
}

// A host whose pages of the second factor are not those of package signin.
func TestFactorPagesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	const key = "otpauth://totp/App:owner?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&amp;issuer=App"
	button := `<form method="post" action="/auth/factor/begin"></form>`
	for name, tc := range map[string]struct {
		pages  map[string]string
		reason string
	}{
		"none":       {map[string]string{"/auth/factor": "<p>nothing</p>"}, "no second factor can be set up"},
		"no picture": {map[string]string{"/auth/factor": button, "/auth/factor/begin": "<p>wait</p>"}, "no second factor is shown"},
		"no codes": {map[string]string{"/auth/factor": button, "/auth/factor/confirm": "<p>fine</p>",
			"/auth/factor/begin": `<a href="` + key + `">app</a><form method="post" action="/auth/factor/confirm"><input name="code"></form>`}, "no recovery codes are shown"},
		"for ever": {map[string]string{"/auth/factor": button, "/auth/again": button,
			"/auth/factor/begin": `<form method="post" action="/auth/again"><input name="password"></form>`}, "the password is asked again and again"},
		"no link": {map[string]string{"/auth/factor": button, "/auth/factor/confirm": "<p>fine</p>",
			"/auth/factor/begin": `<a href="otpauth://totp/x">app</a><form method="post" action="/auth/factor/confirm"><input name="code"></form>`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := accesssectest.New(t, &accesssectest.Options{Handler: func(svc *accesssec.Service) http.Handler {
				pages := signin.New(svc, nil)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if text, ours := tc.pages[r.URL.Path]; ours {
						w.Header().Set("Content-Type", "text/html")
						io.WriteString(w, text)
						return
					}
					pages.ServeHTTP(w, r)
				})
			}})
			_, err := w.SetUpFactor("owner@example.com", accesssectest.Password)
			var no *accesssectest.RefusedError
			if errors.As(err, &no) != (tc.reason != "") || no != nil && no.Reason != tc.reason || !strings.HasPrefix(err.Error(), "accesssectest: ") {
				t.Errorf("%v", err)
			}
		})
	}
}

// A host without a page for recovery codes.
func TestNoPageForRecovery(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, &accesssectest.Options{Handler: func(svc *accesssec.Service) http.Handler {
		pages := signin.New(svc, nil)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/auth/code":
				w.Header().Set("Content-Type", "text/html")
				io.WriteString(w, `<a href="/auth/help">Help</a><a href="%zz">x</a><form method="post" action="/auth/code"><input name="code"></form>`)
				return
			case "/":
				io.WriteString(w, "hello")
				return
			}
			pages.ServeHTTP(w, r)
		})
	}})
	phone, err := w.SetUpFactor("owner@example.com", accesssectest.Password)
	ok(t, err)
	c, err := w.SignInFactor("owner@example.com", accesssectest.Password, phone.RecoveryCodes[0])
	if no := refused(t, c, err); no.Reason != "no recovery code is asked for" {
		t.Errorf("%+v", no)
	}
}
