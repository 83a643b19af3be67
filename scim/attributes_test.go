package scim_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// TestReadAttributes: what a backend keeps as JSON comes back as it was.
func TestReadAttributes(t *testing.T) {
	t.Parallel()
	want := scim.User{UserName: "ann@example.com", Active: true, Name: scim.Name{Family: "É\u2028<"},
		Emails: []scim.Email{{Value: "ann@example.com", Primary: true}},
		Extra: map[string]any{"title": "Engineer", scim.EnterpriseSchema: map[string]any{"employeeNumber": "7"},
			"roles": []any{map[string]any{"value": "x", "primary": true}}}}
	kept, err := json.Marshal(want.Attributes())
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := scim.ReadAttributes(kept)
	if err != nil {
		t.Fatal(err)
	}
	got, err := scim.UserOf(attributes)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var no *scim.Error
	if _, err := scim.ReadAttributes([]byte(`{"a":1,"A":2}`)); !errors.As(err, &no) {
		t.Errorf("a name twice: %v", err)
	}
}
