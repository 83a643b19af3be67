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

// ReadUser reads what the two steps do that it stands for, and refuses what they refuse.
func FuzzReadUser(f *testing.F) {
	for _, s := range []string{
		`{"userName":"ann@example.com","active":true,"name":{"givenName":"Ann","familyName":7,"x":{}},"title":"Engineer"}`,
		`{"emails":[{"value":"a","type":"work","primary":true,"display":"b"},{"value":3,"primary":"yes","z":[1]}]}`,
		`{"emails":[]}`, `{"emails":[7]}`, `{"emails":null}`, `{"emails":{}}`, `{"name":null}`, `{"name":[]}`, `{"userName":7}`,
		`{"active":"true"}`, `{"a":null}`, `{"a":{"b":[{"c":{"d":1}}]}}`, `{"a":[[[[[1]]]]]}`, `{"UserName":"a","userName":"b"}`,
		`{"name":{"givenName":"a","GivenName":"b"}}`, `{`, `{"userName":"a"`, `{} x`, ``, `[]`, `{"emails":[{"value":"a"`, `{"a":1.e}`,
		`{"` + scim.EnterpriseSchema + `":{"department":"R&D"},"x509Certificates":[{"value":"AA=="}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var want scim.User
		attributes, fault := scim.ReadAttributes(b)
		if fault == nil {
			want, fault = scim.UserOf(attributes)
		}
		got, err := scim.ReadUser(b)
		if (err == nil) != (fault == nil) || err != nil && err.Error() != fault.Error() {
			t.Fatalf("%s: %v, want %v", b, err, fault)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", b, d)
		}
	})
}
