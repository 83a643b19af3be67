package interop_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// service is our service provider over HTTP; it answers with what Finish said.
type service struct {
	sp    *saml.SP
	idp   *saml.IdP
	rules saml.Rules
	opts  *saml.StartOptions

	cookie string // a name of its own: browsers tell no ports apart

	mu       sync.Mutex
	pending  map[string]saml.Request
	sessions map[string]saml.Identity // by cookie
	message  saml.Message             // the last one
	request  *saml.Request
	ended    []endedBy
}

// endedBy is a logout request that was believed, and how it came.
type endedBy struct {
	lo     *saml.Logout
	method string
	cookie bool // one of ours came along
	ended  int  // sessions
}

// outcome is what the service tells of a message.
type outcome struct {
	Identity  *saml.Identity
	LoggedOut bool
	Code      saml.Code
	Detail    string
}

func newService(t testing.TB, idp *saml.IdP, keys ...saml.Key) (*service, string) {
	t.Helper()
	s := &service{idp: idp, pending: map[string]saml.Request{}, sessions: map[string]saml.Identity{}}
	mux := http.NewServeMux()
	for path, handle := range map[string]http.HandlerFunc{
		"/login": s.login, "/acs": s.acs, "/me": s.me, "/logout": s.logout, "/slo": s.slo,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			handle(w, r)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.cookie = "session-" + server.URL[strings.LastIndexByte(server.URL, ':')+1:]
	// Ports come again, and Keycloak forgets nobody.
	s.sp = &saml.SP{EntityID: server.URL + "/metadata/" + rand.Text(), ACS: server.URL + "/acs", SLO: server.URL + "/slo", Keys: keys}
	return s, server.URL
}

func (s *service) login(w http.ResponseWriter, r *http.Request) {
	req, bounce, err := s.sp.Start(s.idp, s.opts, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.pending[req.ID] = req
	bounce.ServeHTTP(w, r)
}

func (s *service) acs(w http.ResponseWriter, r *http.Request) {
	m, err := saml.ReadMessage(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.message, s.request = m, s.asked(m.InResponseTo())
	id, err := s.sp.Finish(s.idp, &s.rules, m, s.request, time.Now())
	if err == nil {
		token := rand.Text()
		s.sessions[token] = *id
		http.SetCookie(w, &http.Cookie{Name: s.cookie, Value: token, HttpOnly: true})
	}
	tell(w, outcome{Identity: id}, err)
}

// asked is the pending request of that ID, or nil.
func (s *service) asked(id string) *saml.Request {
	if req, ok := s.pending[id]; ok {
		return &req
	}
	return nil
}

func tell(w http.ResponseWriter, out outcome, err error) {
	if err != nil {
		out.Code, out.Detail = codeOf(err), describe(err)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out)
}

// me tells who is signed in.
func (s *service) me(w http.ResponseWriter, r *http.Request) {
	_, id, ok := s.session(r)
	if !ok {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	tell(w, outcome{Identity: &id}, nil)
}

func (s *service) session(r *http.Request) (token string, id saml.Identity, ok bool) {
	if c, err := r.Cookie(s.cookie); err == nil {
		token = c.Value
	}
	id, ok = s.sessions[token]
	return token, id, ok
}

// logout ends the session of this browser, then tells the provider.
func (s *service) logout(w http.ResponseWriter, r *http.Request) {
	token, id, ok := s.session(r)
	if !ok {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	delete(s.sessions, token)
	req, bounce, err := s.sp.StartLogout(s.idp, id.NameID, id.SessionIndex, &saml.LogoutOptions{RelayState: "handle-1"}, time.Now())
	if err != nil {
		http.Error(w, describe(err), http.StatusInternalServerError)
		return
	}
	s.pending[req.ID] = req
	bounce.ServeHTTP(w, r)
}

// slo takes logout messages; it ends sessions by name and index alone.
func (s *service) slo(w http.ResponseWriter, r *http.Request) {
	m, err := saml.ReadLogout(w, r)
	if err != nil {
		http.Error(w, describe(err), http.StatusBadRequest)
		return
	}
	if !m.IsRequest() {
		err := s.sp.FinishLogout(s.idp, &s.rules, m, s.asked(m.InResponseTo()), time.Now())
		tell(w, outcome{LoggedOut: err == nil && m.RelayState() == "handle-1"}, err)
		return
	}
	lo, err := s.sp.ReceiveLogout(s.idp, &s.rules, m, time.Now())
	if err != nil {
		http.Error(w, string(codeOf(err)), http.StatusForbidden)
		return
	}
	_, _, mine := s.session(r)
	by := endedBy{lo: lo, method: r.Method, cookie: mine}
	for token, id := range s.sessions {
		if s.sp.Ends(s.idp, lo, id.NameID, id.SessionIndex) {
			delete(s.sessions, token)
			by.ended++
		}
	}
	s.ended = append(s.ended, by)
	bounce, err := s.sp.AnswerLogout(s.idp, lo, true, time.Now())
	if err != nil {
		http.Error(w, describe(err), http.StatusInternalServerError)
		return
	}
	bounce.ServeHTTP(w, r)
}

// logouts are the logout requests that were believed.
func (s *service) logouts() []endedBy {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]endedBy(nil), s.ended...)
}
