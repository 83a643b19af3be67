package saml_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// application is what a host keeps for logout; here in memory, for one connection.
type application struct {
	sp       *saml.SP
	idp      *saml.IdP
	now      time.Time
	sessions map[string]*saml.Identity // by session, what its sign-in returned
	waiting  map[string]saml.Request   // logout requests of ours
	used     map[string]time.Time      // IDs of logout requests, until when
}

// ServeHTTP takes what arrives at SP.SLO. It asks for no cookie and no session: a
// provider that logs out in a frame brings none.
func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	message, err := saml.ReadLogout(w, r)
	if err == nil && message.IsRequest() {
		err = a.end(w, r, message)
	} else if err == nil {
		err = a.finish(w, message)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// end carries out a request of the provider.
func (a *application) end(w http.ResponseWriter, r *http.Request, message saml.LogoutMessage) error {
	logout, err := a.sp.ReceiveLogout(a.idp, nil, message, a.now)
	if err != nil {
		return err
	}
	if _, twice := a.used[logout.ID]; twice {
		return errors.New("this logout was carried out already")
	}
	a.used[logout.ID] = logout.ReplayUntil
	for id, identity := range a.sessions {
		if a.sp.Ends(a.idp, logout, identity.NameID, identity.SessionIndex) {
			delete(a.sessions, id)
		}
	}
	answer, err := a.sp.AnswerLogout(a.idp, logout, true, a.now)
	if err != nil {
		return err
	}
	answer.ServeHTTP(w, r)
	return nil
}

// start ends a session here, and then at the provider.
func (a *application) start(w http.ResponseWriter, r *http.Request, session string) error {
	identity := a.sessions[session]
	delete(a.sessions, session)
	request, bounce, err := a.sp.StartLogout(a.idp, identity.NameID, identity.SessionIndex, nil, a.now)
	if err != nil {
		return err
	}
	a.waiting[request.ID] = request
	bounce.ServeHTTP(w, r)
	return nil
}

// finish reads the provider's answer to that.
func (a *application) finish(w http.ResponseWriter, message saml.LogoutMessage) error {
	request, known := a.waiting[message.InResponseTo()]
	if !known {
		return errors.New("nobody waits for this answer")
	}
	delete(a.waiting, request.ID)
	if err := a.sp.FinishLogout(a.idp, nil, message, &request, a.now); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "You are signed out everywhere.")
	return err
}

// Single logout in both directions, with the simulated identity provider.
func Example_singleLogout() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ann := samltest.Person{Email: "ann@example.com"}
	app, provider, err := connected(now, ann)
	if err != nil {
		fmt.Println(err)
		return
	}

	// Ann has a session in each of two browsers, and signs out in the first.
	w := httptest.NewRecorder()
	if err := app.start(w, httptest.NewRequest(http.MethodPost, "/signout", nil), "first"); err != nil {
		fmt.Println(err)
		return
	}
	asked, err := provider.ReadLogoutRequest(httptest.NewRequest(http.MethodGet, w.Header().Get("Location"), nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := provider.AnswerLogout(asked)
	if err != nil {
		fmt.Println(err)
		return
	}
	w = httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, answer.URL, nil))
	fmt.Print(w.Body)
	fmt.Println(len(app.sessions), "session is left")

	// In the second browser she signs out at the provider, which tells us.
	told, err := provider.StartLogout(provider.Sessions(app.sp.EntityID)[0], samltest.Redirect)
	if err != nil {
		fmt.Println(err)
		return
	}
	w = httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, told.URL, nil))
	back, err := provider.ReadLogoutResponse(httptest.NewRequest(http.MethodGet, w.Header().Get("Location"), nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(app.sessions), "sessions are left,", back.Status)
	// Output:
	// You are signed out everywhere.
	// 1 session is left
	// 0 sessions are left, Success
}

// connected is a connection at which a person has signed in twice.
func connected(now time.Time, person samltest.Person) (*application, *samltest.IdP, error) {
	provider, err := samltest.New("https://idp.example", []samltest.Person{person}, &samltest.Options{Now: func() time.Time { return now }})
	if err != nil {
		return nil, nil, err
	}
	key, err := saml.GenerateKey("app.example", now)
	if err != nil {
		return nil, nil, err
	}
	app := &application{
		sp: &saml.SP{EntityID: "https://app.example/saml/c1", ACS: "https://app.example/saml/c1/acs",
			SLO: "https://app.example/saml/c1/slo", Keys: []saml.Key{key}},
		now: now, sessions: map[string]*saml.Identity{}, waiting: map[string]saml.Request{}, used: map[string]time.Time{},
	}
	if app.idp, err = saml.ParseMetadata(provider.Metadata(), ""); err != nil {
		return nil, nil, err
	}
	metadata, err := app.sp.Metadata(nil)
	if err != nil {
		return nil, nil, err
	}
	if err := provider.Trust(metadata); err != nil {
		return nil, nil, err
	}
	for _, session := range []string{"first", "second"} {
		response, err := provider.Unsolicited(app.sp.EntityID, person)
		if err != nil {
			return nil, nil, err
		}
		message, err := saml.ParseMessage(response.SAMLResponse)
		if err != nil {
			return nil, nil, err
		}
		if app.sessions[session], err = app.sp.Finish(app.idp, &saml.Rules{IdPInitiated: true}, message, nil, now); err != nil {
			return nil, nil, err
		}
	}
	return app, provider, nil
}
