package accesssectest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

var errDisk = errors.New("the disk is gone")

// brokenStore keeps nothing.
type brokenStore struct{ store.Store }

func (brokenStore) RunInTx(context.Context, func(store.Tx) error) error { return errDisk }

// Two customers on one database, each in a World of its own.
func TestTwoWorldsOnOneStore(t *testing.T) {
	t.Parallel()
	st := memory.New()
	one := accesssectest.New(t, &accesssectest.Options{Store: st})
	_, err := accesssectest.Start(&accesssectest.Options{Store: st})
	if err == nil || !strings.Contains(err.Error(), "example.com has an owner in this store already") {
		t.Errorf("a second one of the same domain: %v", err)
	}
	two := accesssectest.New(t, &accesssectest.Options{Store: st, Domain: strings.ToLower(rand.Text()) + ".example.org"})
	ann, err := one.SignIn("ann@" + one.Domain)
	ok(t, err)
	other, err := two.SignIn("ann@" + two.Domain)
	ok(t, err)
	says(t, ann, one.URL+"/", "ann@example.com is member of Acme")
	says(t, other, two.URL+"/", "ann@"+two.Domain+" is member of Acme")
	if one.Owner.OrgID == two.Owner.OrgID {
		t.Error("one org for both")
	}
	if one.Store != two.Store {
		t.Error("not on one store")
	}
}

// A login that one instance has begun ends at another, and counts at all of them.
func TestInstances(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	two, err := w.Instance()
	ok(t, err)
	if two.URL == w.URL || two.Service == w.Service {
		t.Fatal("the same instance")
	}
	ann, err := two.SignIn("ann@example.com") // the identity provider posts to the first
	ok(t, err)
	for _, at := range []*accesssectest.World{w, two} {
		says(t, ann, at.URL+"/", "ann@example.com is member of Acme")
	}
	res, err := ann.PostForm(w.URL+"/auth/signout", url.Values{"scope": {"device"}})
	ok(t, err)
	res.Body.Close()
	isOut(t, ann, two)
	ok(t, two.Close())
	if _, err := ann.Get(w.URL + "/"); err == nil {
		t.Error("the first one goes on")
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, nil)
	var wg sync.WaitGroup
	for _, name := range []string{"ann", "bob", "cat", "dan"} {
		wg.Go(func() {
			c, err := w.SignIn(name + "@example.com")
			if err != nil {
				t.Error(err)
				return
			}
			says(t, c, w.URL+"/", name+"@example.com is member of Acme")
			w.Advance(1)
			w.Now()
		})
	}
	wg.Wait()
}

// ownCookie is a host that keeps the session's token in a cookie of its own, and so has
// a postback of its own; the other sign-in pages are ours.
func ownCookie(svc *accesssec.Service) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(svc.Path(), signin.New(svc, nil))
	mux.HandleFunc("POST "+svc.Path()+"sso/{connection}/acs", func(w http.ResponseWriter, r *http.Request) {
		v := svc.SignIn().Visit(w, r)
		m, _ := saml.ReadMessage(w, r)
		step, err := svc.SignIn().FinishSSO(r.Context(), v, r.PathValue("connection"), m)
		if err != nil {
			http.Error(w, "Not this time.", http.StatusForbidden)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "app", Value: step.Entered.Token(), Path: "/", HttpOnly: true, Expires: step.Entered.EndsAt})
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	})
	mux.HandleFunc("/home", func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("app")
		if err == nil {
			if p, err := svc.Authenticate(r.Context(), c.Value); err == nil {
				w.Write([]byte("home of a " + string(p.Role)))
				return
			}
		}
		http.Error(w, "whose home?", http.StatusUnauthorized)
	})
	return mux
}

func TestHostWithItsOwnCookie(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, &accesssectest.Options{Handler: ownCookie})
	ann, err := w.SignIn("ann@example.com")
	ok(t, err)
	says(t, ann, w.URL+"/home", "home of a member")
	says(t, w.Client(), w.URL+"/home", "whose home?")
	c, err := w.SignIn("ann@example.com", "unsigned")
	if no := refused(t, c, err); no.Text != "Not this time." {
		t.Errorf("%+v", no)
	}
	w.Advance(365 * 24 * 3600e9)
	says(t, ann, w.URL+"/home", "whose home?")
}

// A host whose door is nailed shut: wrapped in a check that an identity provider's
// answer can't pass.
func TestHostThatWrapsThePostback(t *testing.T) {
	t.Parallel()
	w := accesssectest.New(t, &accesssectest.Options{Handler: func(svc *accesssec.Service) http.Handler {
		return http.NewCrossOriginProtection().Handler(app(svc))
	}})
	c, err := w.SignIn("ann@example.com")
	if no := refused(t, c, err); no.Status != http.StatusForbidden || !strings.Contains(no.Text, "cross-origin") {
		t.Errorf("%+v", no)
	}
	_, err = w.SignInPassword("owner@example.com", accesssectest.Password) // our own forms pass
	ok(t, err)
}
