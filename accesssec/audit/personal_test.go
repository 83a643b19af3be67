package audit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// canaries has a value of its own in every personal field.
func canaries() (audit.Event, []string) {
	e := goldenEvent()
	var all []string
	canary := func() string {
		all = append(all, fmt.Sprintf("canary%02d@example.com", len(all)))
		return all[len(all)-1]
	}
	e.Actor.Name, e.Actor.Address, e.IP, e.Agent = canary(), canary(), canary(), canary()
	e.Targets = []audit.Target{
		{Kind: "user", ID: "usr-1", Name: canary(), Person: true},
		{Kind: "domain", ID: "dom-1", Name: "example.com"},
		{Kind: "user", ID: "usr-2", Name: canary(), Person: true},
	}
	e.Changes = []audit.Change{
		{Field: "role", Old: "member", New: "admin"},
		{Field: "address", Old: canary(), New: canary(), Personal: true},
	}
	return e, all
}

// Named for secrets and names that stay in a log: the hashed bytes and the columns
// name nobody, and erasing Personal leaves nothing of anyone.
func TestNobodyIsNamedOutsidePersonal(t *testing.T) {
	t.Parallel()
	e, all := canaries()
	rec := mustEncode(t, goldenOrg, e)
	personal := string(rec.Personal)
	rec.Personal = nil
	rest := fmt.Sprintf("%+v %s", rec, rec.Body)
	for _, c := range all {
		if strings.Contains(rest, c) {
			t.Errorf("%s stands outside Personal", c)
		}
		if strings.Count(personal, c) != 1 {
			t.Errorf("%s stands in Personal %d times", c, strings.Count(personal, c))
		}
	}
	if !json.Valid([]byte(personal)) {
		t.Errorf("Personal is no JSON: %s", personal)
	}
}

func TestErasedEventDecodes(t *testing.T) {
	t.Parallel()
	e, _ := canaries()
	want := audit.Clean(e)
	want.Actor.Name, want.Actor.Address, want.IP, want.Agent = "", "", "", ""
	want.Targets[0].Name, want.Targets[2].Name = "", ""
	want.Changes[1].Old, want.Changes[1].New = "", ""
	want.Erased = true
	for name, erased := range map[string][]byte{"nil": nil, "empty": {}} {
		rec := mustEncode(t, goldenOrg, e)
		rec.Personal = erased
		got, err := audit.Decode(rec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// An event that never named anybody is not one that was erased.
	got, err := audit.Decode(mustEncode(t, goldenOrg, plainEvent()))
	if err != nil || got.Erased {
		t.Errorf("Erased = %v, %v", got.Erased, err)
	}
}

// The same person in two events, and in two fields of one, has unlike digests.
func TestDigestsDoNotLinkPeople(t *testing.T) {
	t.Parallel()
	e := plainEvent()
	e.Actor.Name, e.Actor.Address, e.IP = "Ann", "Ann", "Ann"
	seen := map[string]bool{}
	for range 3 {
		rec := mustEncode(t, goldenOrg, e)
		var body struct {
			Actor struct{ Name, Address string }
			IP    string
		}
		if err := json.Unmarshal(rec.Body, &body); err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{body.Actor.Name, body.Actor.Address, body.IP} {
			if len(d) != 64 || seen[d] {
				t.Errorf("digest %q was seen before or is none", d)
			}
			seen[d] = true
		}
	}
}

// No error repeats what an event says, however broken it is.
func TestErrorsNameNobody(t *testing.T) {
	t.Parallel()
	e, all := canaries()
	e.Facts = []audit.Fact{{Key: "k", Value: "canary-fact"}}
	breaks := map[string]func(*store.AuditEvent){
		"body":     func(r *store.AuditEvent) { r.Body = append(r.Body, ' ') },
		"cut":      func(r *store.AuditEvent) { r.Body = r.Body[:len(r.Body)/2] },
		"column":   func(r *store.AuditEvent) { r.Actor = "canary00@example.com" },
		"personal": func(r *store.AuditEvent) { r.Personal = r.Personal[:len(r.Personal)-1] },
		"version":  func(r *store.AuditEvent) { r.Body = []byte(strings.Replace(string(r.Body), `"v":1`, `"v":9`, 1)) },
	}
	for name, change := range breaks {
		rec := mustEncode(t, goldenOrg, e)
		change(&rec)
		_, err := audit.Decode(rec)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, c := range append(all, "canary") {
			if strings.Contains(err.Error(), c) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
