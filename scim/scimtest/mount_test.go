package scimtest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
)

// mount is a SCIM server over memory with two tenants.
type mount struct {
	scimtest.Target
	mu     sync.Mutex
	served []scim.Request
}

// newMount serves two tenants, "one" and "two", that go by a profile.
func newMount(t *testing.T, profile scim.Profile) *mount {
	t.Helper()
	return newBroken(t, profile, defect{})
}

// newBroken is a mount with a defect.
func newBroken(t *testing.T, profile scim.Profile, d defect) *mount {
	t.Helper()
	m := &mount{}
	tenants := map[string]scim.Tenant{}
	for _, name := range []string{"one", "two"} {
		tenant := scim.Tenant{Backend: scim.NewMemory(nil, nil), Profile: profile, Scope: name}
		if d.tenant != nil {
			tenant = d.tenant(tenant)
		}
		tenants["Bearer "+name] = tenant
	}
	h, err := scim.NewHandler(func(r *http.Request) (scim.Tenant, error) {
		tenant, ok := tenants[r.Header.Get("Authorization")]
		if !ok {
			return tenant, &scim.Error{Status: http.StatusUnauthorized, Detail: "This token is not known."}
		}
		return tenant, nil
	}, &scim.Options{Served: func(_ context.Context, r scim.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.served = append(m.served, r)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if d.mount != nil {
		h = d.mount(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	other := scimtest.Target{URL: s.URL + "/scim/v2", Token: "two", Client: s.Client(), Profile: profile}
	m.Target = other
	m.Token, m.Other = "one", &other
	return m
}

// requests are those that were served, and forgets them.
func (m *mount) requests() []scim.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.served
	m.served = nil
	return out
}

// empty holds that nothing is left in either tenant.
func (m *mount) empty(t *testing.T) {
	t.Helper()
	for _, target := range []scimtest.Target{m.Target, *m.Other} {
		for _, path := range []string{"/Users", "/Groups"} {
			req, err := http.NewRequest(http.MethodGet, target.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+target.Token)
			resp, err := target.Client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			var body strings.Builder
			if err := resp.Write(&body); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(body.String(), `"totalResults":0`) {
				t.Errorf("left behind at %s of %s: %s", path, target.Token, body.String())
			}
		}
	}
}
