package interop_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// service is our service provider over HTTP; it answers with what Finish said.
type service struct {
	sp      *saml.SP
	idp     *saml.IdP
	rules   saml.Rules
	opts    *saml.StartOptions
	mu      sync.Mutex
	pending map[string]saml.Request
	message saml.Message // the last one
	request *saml.Request
}

// outcome is what the service tells of a response.
type outcome struct {
	Identity *saml.Identity
	Code     saml.Code
	Detail   string
}

func newService(t testing.TB, idp *saml.IdP, keys ...saml.Key) (*service, string) {
	t.Helper()
	s := &service{idp: idp, pending: map[string]saml.Request{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.sp = &saml.SP{EntityID: server.URL + "/metadata", ACS: server.URL + "/acs", Keys: keys}
	return s, server.URL
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.URL.Path {
	case "/login":
		req, bounce, err := s.sp.Start(s.idp, s.opts, time.Now())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		s.pending[req.ID] = req
		bounce.ServeHTTP(w, r)
	case "/acs":
		m, err := saml.ReadMessage(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.message, s.request = m, nil
		if req, ok := s.pending[m.InResponseTo()]; ok {
			s.request = &req
		}
		var out outcome
		if out.Identity, err = s.sp.Finish(s.idp, &s.rules, m, s.request, time.Now()); err != nil {
			out.Code, out.Detail = codeOf(err), fmt.Sprintf("%+v", err)
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(out)
	default:
		http.NotFound(w, r)
	}
}
