package scimtest_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
)

// clients are all that are simulated, each with the profile that is made for it.
func clients() map[string]struct {
	profile scim.Profile
	make    func(scimtest.Target) scimtest.Client
} {
	type made = struct {
		profile scim.Profile
		make    func(scimtest.Target) scimtest.Client
	}
	return map[string]made{
		"Entra":     {scim.Entra, func(t scimtest.Target) scimtest.Client { return scimtest.NewEntra(t, false) }},
		"EntraFlag": {scim.Entra, func(t scimtest.Target) scimtest.Client { return scimtest.NewEntra(t, true) }},
		"Okta":      {scim.Okta, scimtest.NewOkta},
		"OneLogin":  {scim.OneLogin, scimtest.NewOneLogin},
		"JumpCloud": {scim.JumpCloud, scimtest.NewJumpCloud},
		"authentik": {scim.Detect, scimtest.NewAuthentik},
	}
}

// Every client lives through the life of a directory, by the profile that goes by who asks and
// by its own.
func TestWalk(t *testing.T) {
	t.Parallel()
	for name, c := range clients() {
		for _, profile := range []scim.Profile{scim.Detect, c.profile} {
			t.Run(name+"/"+string(profile), func(t *testing.T) {
				t.Parallel()
				m := newMount(t, profile)
				report, err := scimtest.Walk(t.Context(), c.make(m.Target))
				if err != nil {
					t.Fatal(err)
				}
				t.Log(report)
				if len(report.Steps) != 16 || report.Requests < 30 || len(report.Notes) != 0 {
					t.Errorf("%v: %v, want 16 steps, and nothing done without", report, report.Notes)
				}
				m.empty(t)
			})
		}
	}
}

// Who is told to wait comes again; who is not told for how long can't.
func TestWaits(t *testing.T) {
	t.Parallel()
	for wait, ok := range map[string]bool{"0": true, "": false, "soon": false} {
		t.Run(wait, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			m := newBroken(t, scim.Detect, defect{mount: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if n.Add(1)%3 != 0 {
						w.Header().Set("Retry-After", wait)
						w.WriteHeader(http.StatusTooManyRequests)
						return
					}
					next.ServeHTTP(w, r)
				})
			}})
			err := scimtest.NewOkta(m.Target).TestConnection(t.Context())
			if (err == nil) != ok {
				t.Errorf("error %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), "Retry-After") {
				t.Errorf("error %v, want one that says why", err)
			}
		})
	}
}

// Two clients of two kinds take over whom the other has made.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	m := newMount(t, scim.Detect)
	ann := scimtest.Person{ExternalID: "1", UserName: "ann@example.com", Given: "Ann", Family: "Gray"}
	first := ""
	for name, c := range clients() {
		id, err := c.make(m.Target).CreateUser(t.Context(), ann)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if first == "" {
			first = id
		}
		if id != first {
			t.Errorf("%s has made %q, want %q taken over", name, id, first)
		}
	}
	everybody, err := scimtest.NewEntra(m.Target, true).Import(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []scimtest.Account{{ID: first, UserName: ann.UserName, ExternalID: "1", Active: true}}; !slices.Equal(everybody, want) {
		t.Errorf("everybody is %+v, want %+v", everybody, want)
	}
}

// What is not there is an error with a reason, and not a step that went well.
func TestNobody(t *testing.T) {
	t.Parallel()
	for name, c := range clients() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := c.make(newMount(t, scim.Detect).Target)
			ctx := t.Context()
			for step, err := range map[string]error{
				"UpdateUser":    client.UpdateUser(ctx, "nobody", scimtest.Person{UserName: "ann@example.com", ExternalID: "1"}),
				"Deactivate":    client.Deactivate(ctx, "nobody"),
				"RenameGroup":   client.RenameGroup(ctx, "nobody", "x"),
				"AddMembers":    client.AddMembers(ctx, "nobody", "x"),
				"RemoveMembers": client.RemoveMembers(ctx, "nobody", "x"),
			} {
				if err == nil {
					t.Errorf("%s of nobody goes well", step)
				}
			}
		})
	}
}
