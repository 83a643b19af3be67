package saml_test

import (
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// shop is an application behind a real server, with what a host keeps: sessions with
// the names they were opened with, requests that wait, and what was used up.
type shop struct {
	sp  *saml.SP
	idp *saml.IdP
	sim *samltest.IdP
	url string

	mu       sync.Mutex
	sessions map[string]*saml.Identity // by assertion
	pending  map[string]saml.Request
	burned   map[string]bool
	failed   error // of the last message
	cookies  bool  // the last message brought some
}

// open starts the shop and the provider, each on its own server, joined by metadata.
func open(t *testing.T, binding saml.Binding) *shop {
	t.Helper()
	s := &shop{sessions: map[string]*saml.Identity{}, pending: map[string]saml.Request{}, burned: map[string]bool{}}
	ours := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(ours.Close)
	s.url = ours.URL
	theirs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.sim.ServeHTTP(w, r) }))
	t.Cleanup(theirs.Close)
	var err error
	people := []samltest.Person{{Email: "ann@victim.example"}, {Email: "bob@victim.example"}}
	if s.sim, err = samltest.New(theirs.URL, people, &samltest.Options{Now: clock}); err != nil {
		t.Fatal(err)
	}
	if s.idp, err = saml.ParseMetadata(s.sim.Metadata(), ""); err != nil {
		t.Fatal(explain(err))
	}
	s.idp.SLO.Binding = binding
	s.sp = &saml.SP{EntityID: ours.URL + "/metadata", ACS: ours.URL + "/acs", SLO: ours.URL + "/slo?c=1", Keys: logoutSP().Keys}
	metadata, err := s.sp.Metadata(nil)
	if err != nil {
		t.Fatal(explain(err))
	}
	if err := s.sim.Trust(metadata); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.URL.Path {
	case "/signout":
		s.signOut(w, r)
	case "/slo":
		s.cookies = len(r.Cookies()) > 0
		s.failed = s.logout(w, r)
	}
}

// signOut ends the person's sessions here, and goes on to the provider.
func (s *shop) signOut(w http.ResponseWriter, r *http.Request) {
	for key, id := range s.sessions {
		if id.Email == r.URL.Query().Get("who") {
			delete(s.sessions, key)
			req, bounce, err := s.sp.StartLogout(s.idp, id.NameID, id.SessionIndex, &saml.LogoutOptions{RelayState: "after-1"}, clock())
			if err != nil {
				s.failed = err
				return
			}
			s.pending[req.ID] = req
			bounce.ServeHTTP(w, r)
			return
		}
	}
}

// logout is the handler of SP.SLO.
func (s *shop) logout(w http.ResponseWriter, r *http.Request) error {
	m, err := saml.ReadLogout(w, r)
	if err != nil {
		return err
	}
	if !m.IsRequest() {
		var waiting *saml.Request
		if req, ok := s.pending[m.InResponseTo()]; ok {
			waiting = &req
		}
		if err := s.sp.FinishLogout(s.idp, nil, m, waiting, clock()); err != nil {
			return err
		}
		delete(s.pending, m.InResponseTo())
		_, err := io.WriteString(w, "signed out, "+m.RelayState())
		return err
	}
	lo, err := s.sp.ReceiveLogout(s.idp, nil, m, clock())
	if err != nil {
		return err
	}
	if !s.burned[lo.ID] {
		maps.DeleteFunc(s.sessions, func(_ string, id *saml.Identity) bool { return s.sp.Ends(s.idp, lo, id.NameID, id.SessionIndex) })
		s.burned[lo.ID] = true
	}
	answer, err := s.sp.AnswerLogout(s.idp, lo, true, clock())
	if err != nil {
		return err
	}
	answer.ServeHTTP(w, r)
	return nil
}

// signIn opens a session by a response of the provider.
func (s *shop) signIn(t *testing.T, email string) {
	t.Helper()
	req, bounce, err := s.sp.Start(s.idp, nil, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	asked, err := s.sim.ReadRequest(httptest.NewRequest(http.MethodGet, bounce.URL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.sim.Respond(asked, samltest.Person{Email: email})
	if err != nil {
		t.Fatal(err)
	}
	m, err := saml.ParseMessage(answer.SAMLResponse)
	if err != nil {
		t.Fatal(explain(err))
	}
	id, err := s.sp.Finish(s.idp, nil, m, &req, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[id.AssertionID] = id
}

// who is signed in, each as often as there are sessions.
func (s *shop) who() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{}
	for _, id := range s.sessions {
		counts[id.Email]++
	}
	return strings.Repeat("a", counts["ann@victim.example"]) + strings.Repeat("b", counts["bob@victim.example"])
}

func (s *shop) problem() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
	anyHidden  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// browse sends r and posts every form that carries a message on, as a browser without
// any cookie does in a frame. It returns the last page.
func browse(t *testing.T, r *http.Request) string {
	t.Helper()
	for range 5 {
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		action, fields := formAction.FindStringSubmatch(string(body)), url.Values{}
		for _, m := range anyHidden.FindAllStringSubmatch(string(body), -1) {
			fields.Add(m[1], html.UnescapeString(m[2]))
		}
		if action == nil || !fields.Has("SAMLRequest") && !fields.Has("SAMLResponse") {
			return string(body)
		}
		if r, err = http.NewRequestWithContext(t.Context(), http.MethodPost, html.UnescapeString(action[1]), strings.NewReader(fields.Encode())); err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	t.Fatal("the forms never end")
	return ""
}

func TestLogoutFromHereOverHTTP(t *testing.T) {
	t.Parallel()
	for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
		t.Run(string(binding), func(t *testing.T) {
			t.Parallel()
			s := open(t, binding)
			s.signIn(t, "ann@victim.example")
			s.signIn(t, "bob@victim.example")
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/signout?who=ann@victim.example", nil)
			if err != nil {
				t.Fatal(err)
			}
			if page := browse(t, r); page != "signed out, after-1" || s.problem() != nil {
				t.Fatalf("%s %s", page, explain(s.problem()))
			}
			left := s.sim.Sessions(s.sp.EntityID)
			if s.who() != "b" || len(left) != 1 || left[0].Email != "bob@victim.example" {
				t.Errorf("%q here, there %+v", s.who(), left)
			}
		})
	}
}

func TestLogoutFromTheProviderOverHTTP(t *testing.T) {
	t.Parallel()
	for _, binding := range []samltest.Binding{samltest.Redirect, samltest.POST} {
		for _, back := range []saml.Binding{saml.Redirect, saml.POST} {
			t.Run(string(binding)+" "+string(back), func(t *testing.T) {
				t.Parallel()
				s := open(t, back)
				s.signIn(t, "ann@victim.example")
				s.signIn(t, "ann@victim.example")
				s.signIn(t, "bob@victim.example")
				for i, want := range []string{"ab", "b", ""} {
					m, err := s.sim.StartLogout(s.sim.Sessions(s.sp.EntityID)[0], binding)
					if err != nil {
						t.Fatal(err)
					}
					r, err := m.Request(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					page := browse(t, r)
					if s.problem() != nil || s.who() != want || len(s.sim.Sessions(s.sp.EntityID)) != 2-i || s.cookies {
						t.Fatalf("%d: %s, %q here, %d there: %s", i, explain(s.problem()), s.who(), len(s.sim.Sessions(s.sp.EntityID)), page)
					}
				}
			})
		}
	}
}

// TestAttackedLogoutsEndNothing: every attack that the simulated provider knows on a
// logout message, in both bindings and directions. The last of each is the control.
func TestAttackedLogoutsEndNothing(t *testing.T) {
	t.Parallel()
	for _, binding := range []samltest.Binding{samltest.Redirect, samltest.POST} {
		t.Run(string(binding), func(t *testing.T) {
			t.Parallel()
			s := open(t, saml.Binding(binding))
			s.signIn(t, "ann@victim.example")
			requests, answers := 0, 0
			for _, attack := range samltest.Attacks() {
				if attack == samltest.ForeignDomain {
					continue // somebody else is signed out, by who may say so
				}
				m, err := s.sim.StartLogout(s.sim.Sessions(s.sp.EntityID)[0], binding, attack)
				if err == nil {
					requests++
					s.endsNothing(t, "request: "+string(attack), m)
				}
				if m, err = s.answer(t, binding, attack); err == nil {
					answers++
					s.endsNothing(t, "answer: "+string(attack), m)
				}
			}
			if requests < 11 || answers < 10 {
				t.Errorf("%d requests and %d answers attacked", requests, answers)
			}
			m, err := s.answer(t, binding)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := m.Request(t.Context()); err != nil || browse(t, r) != "signed out, after-1" {
				t.Errorf("%v %s", err, explain(s.problem()))
			}
		})
	}
}

// TestLogoutOfNobodyHere is done at once, and ends nobody's session.
func TestLogoutOfNobodyHere(t *testing.T) {
	t.Parallel()
	s := open(t, saml.Redirect)
	s.signIn(t, "ann@victim.example")
	m, err := s.sim.StartLogout(s.sim.Sessions(s.sp.EntityID)[0], samltest.POST, samltest.ForeignDomain)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Request(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if page := browse(t, r); s.problem() != nil || s.who() != "a" || len(s.sim.Sessions(s.sp.EntityID)) != 0 {
		t.Errorf("%s, %q is here: %s", explain(s.problem()), s.who(), page)
	}
}

func (s *shop) endsNothing(t *testing.T, name string, m samltest.LogoutMessage) {
	t.Helper()
	r, err := m.Request(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page := browse(t, r)
	if err := s.problem(); err == nil || s.who() != "a" || strings.Contains(page, "signed out") {
		t.Errorf("%s: %s, %q is here: %s", name, explain(err), s.who(), page)
	}
}

// answer is what the provider says to a request of the shop.
func (s *shop) answer(t *testing.T, binding samltest.Binding, attacks ...samltest.Attack) (samltest.LogoutMessage, error) {
	t.Helper()
	session := s.sim.Sessions(s.sp.EntityID)[0]
	name := saml.NameID{Value: session.NameID.Value, Format: session.NameID.Format, NameQualifier: session.NameID.NameQualifier, SPNameQualifier: session.NameID.SPNameQualifier}
	req, bounce, err := s.sp.StartLogout(s.idp, name, session.Index, &saml.LogoutOptions{RelayState: "after-1"}, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	s.mu.Lock()
	s.pending[req.ID] = req
	s.mu.Unlock()
	asked, err := s.sim.ReadLogoutRequest(follow(t, bounce))
	if err != nil {
		t.Fatal(err)
	}
	if string(asked.Binding) != string(binding) {
		t.Fatalf("it came by %s", asked.Binding)
	}
	return s.sim.AnswerLogout(asked, attacks...)
}
