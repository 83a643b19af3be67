package scim_test

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/scim"
)

// A wary backend is one over a database that takes no such text.
type wary struct {
	*scim.Memory
	t *testing.T
}

func (w wary) look(id string) {
	if !utf8.ValidString(id) || strings.Contains(id, "\x00") {
		w.t.Errorf("the backend is asked for %q", id)
	}
}

func (w wary) User(ctx context.Context, id string) (scim.User, error) {
	w.look(id)
	return w.Memory.User(ctx, id)
}

func (w wary) DeleteUser(ctx context.Context, id string, check func(scim.User) error) error {
	w.look(id)
	return w.Memory.DeleteUser(ctx, id, check)
}

func (w wary) Group(ctx context.Context, id string) (scim.Group, error) {
	w.look(id)
	return w.Memory.Group(ctx, id)
}

// What could be no id, as no database would keep it, is a 404 and no fault of ours.
func TestIDsThatAreNone(t *testing.T) {
	t.Parallel()
	m := serve(t, func(tenant *scim.Tenant, _ *scim.Options) { tenant.Backend = wary{scim.NewMemory(nil, nil), t} })
	id := m.user("ann")
	for _, path := range []string{"/Users/%00", "/Users/" + id + "%00", "/Users/%ff", "/Users/%ed%a0%80"} {
		m.refused(404, "", "GET", path, "")
		m.refused(404, "", "DELETE", path, "")
	}
	m.refused(404, "", "GET", "/Groups/a%00b", "")
	for _, path := range []string{"/Users/..", "/Users/%2e%2e/Groups", "/Users/" + id + ";x", "/Users%2f" + id + "%2fx", "/Users/" + id + "%252f", "/users/" + id} {
		if a := m.send("DELETE", path, ""); a.status != 404 {
			t.Errorf("DELETE %s is a %d", path, a.status)
		}
	}
	m.must(200, "GET", "/Users/"+id, "")
}

// A parameter is ours however its name is written: a filter that is not seen would be all.
func TestEscapedParameters(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	m.people(3)
	for _, query := range []string{"filter=userName%20eq%20%22u01%22", "%66ilter=userName+eq+%22u01%22", "fil%74er=userName+eq+%22u01%22&other=1&%zz=2"} {
		if a := m.must(200, "GET", "/Users?"+query, ""); m.number(a, "totalResults") != 1 || !m.last().Filter {
			t.Errorf("%s: %.300s", query, a.text)
		}
	}
	m.refused(400, "invalidValue", "GET", "/Users?filter=title%20pr&%66ilter=title%20pr", "")
}
