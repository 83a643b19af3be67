package accesssec

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

func TestUnsaid(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "",
		"The user can't be made: the organization's domain is not verified.": "The user can't be made: the organization's domain is not verified.",
		`userName "ann@example.com" is taken.`:                               "userName … is taken.",
		`"a" is no path, and "b" none either.`:                               "… none either.",
		`emails[value eq "a\"b"] finds nothing.`:                             "emails[value eq …] finds nothing.",
		`The text begins "hunter2 and was cut`:                               "The text begins …",
		"The address ann@example.com, which is (bob@example.com) not.":       "The address … which is … not.",
		"“a” and `b`": "…",
	} {
		if got := unsaid(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestWritesSCIM(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, path string
		want         bool
	}{
		{"GET", "/Users", false}, {"HEAD", "/Users", false}, {"POST", "/Users", true}, {"POST", "/Bulk", true},
		{"POST", "/.search", false}, {"POST", "/Users/.search", false}, {"PUT", "/Users/1", true}, {"PATCH", "/Groups/1", true},
		{"DELETE", "/Users/1", true}, {"TRACE", "/Users", false},
	} {
		if got := writesSCIM(scim.Request{Method: tt.method, Path: tt.path}); got != tt.want {
			t.Errorf("%s %s: %v", tt.method, tt.path, got)
		}
	}
}

// TestSCIMRequestIsBounded: whatever comes, a line of the log is short, plain text.
func TestSCIMRequestIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä\x00\r\n", 3000) + "\xff"
	r := scim.Request{Method: long, Path: long, ResourceType: long, ID: long, ExternalID: long, Detail: long, Status: 400}
	for range 50 {
		r.Skipped = append(r.Skipped, long)
	}
	got := scimRequestOf(r, "tok-1", time.Time{})
	all := append([]string{got.Method, got.Path, got.ResourceType, got.ResourceID, got.ExternalID, got.Detail}, got.Skipped...)
	if len(got.Skipped) != 10 {
		t.Errorf("%d are kept", len(got.Skipped))
	}
	for _, s := range all {
		if len(s) > 1024 || !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\n") {
			t.Errorf("kept %q", s)
		}
	}
	filter := scimRequestOf(scim.Request{Detail: "unknown secret at 3", ErrorType: scim.InvalidFilter}, "", time.Time{})
	if strings.Contains(filter.Detail, "secret") || filter.Detail == "" {
		t.Errorf("of a filter %q is kept", filter.Detail)
	}
}

func TestSCIMUseJoins(t *testing.T) {
	t.Parallel()
	now := time.Date(2090, 3, 2, 12, 0, 0, 0, time.UTC)
	var a, b SCIMUse
	a.add(scim.Request{Status: 200, Tolerated: []scim.Tolerance{scim.OpCase}}, now, false)
	b.add(scim.Request{Status: 429}, now.Add(time.Second), true)
	b.add(scim.Request{Status: 404, Tolerated: []scim.Tolerance{scim.OpCase, scim.NullValue}}, now, false)
	a.join(b)
	want := SCIMUse{LastUsedAt: now.Add(time.Second), Requests: 3, Failures: 2, Limited: 1, Tolerated: map[scim.Tolerance]int{scim.OpCase: 2, scim.NullValue: 1}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("joined (-want +got):\n%s", diff)
	}
}

// A line is what encoding/json makes of it, byte for byte, with and without each field.
func TestALineIsThatOfEncodingJSON(t *testing.T) {
	t.Parallel()
	full := SCIMRequest{
		TokenID: "tok-1", At: time.Now(), Method: "PATCH", Path: "/Users/a&b", ResourceType: "User", ResourceID: "ent-\"1\"", ExternalID: "é\u2028",
		Status: 400, ErrorType: scim.InvalidValue, Detail: "<b> & \\ \x01", Profile: scim.Detect,
		Tolerated: []scim.Tolerance{scim.PathForm, scim.Response}, Skipped: []string{"x", "y\xff"}, Operations: 3, Duration: -time.Second,
	}
	fields := reflect.TypeFor[SCIMRequest]().NumField()
	for empty := range 1 << fields {
		r := full
		for i := range fields {
			if empty>>i&1 == 1 {
				reflect.ValueOf(&r).Elem().Field(i).SetZero()
			}
		}
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.line(); string(got) != string(want) {
			t.Fatalf("got %s\nwant %s", got, want)
		}
	}
}
