package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// FuzzDecode: nothing that stands in a database makes Decode panic, and what it
// accepts is what an encoder would have written.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(goldenBody), []byte(goldenPersonal))
	f.Add([]byte(goldenBody), []byte(nil))
	f.Add([]byte(goldenPlain), []byte(nil))
	f.Add([]byte(goldenPlain), []byte(`{"v":1,"salt":"","values":{}}`))
	f.Add([]byte(strings.Replace(goldenBody, `"v":1`, `"v":2`, 1)), []byte("{}"))
	f.Add([]byte(`{"actor":null,"targets":[null],"changes":[{"personal":true}]}`), []byte(`null`))
	f.Fuzz(func(t *testing.T, body, personal []byte) {
		rec := store.AuditEvent{Body: body, Personal: personal}
		// The columns say what the body says, so that more than the first check is met.
		var w struct {
			Org, ID, Type, Outcome string
			At                     time.Time
			Actor                  struct{ ID string }
			Targets                []struct{ ID string }
		}
		if json.Unmarshal(body, &w) == nil {
			rec.OrgID, rec.ID, rec.At, rec.Type, rec.Actor, rec.Outcome = w.Org, w.ID, w.At, w.Type, w.Actor.ID, w.Outcome
			if len(w.Targets) > 0 {
				rec.Target = w.Targets[0].ID
			}
		}
		e, err := audit.Decode(rec)
		if err != nil {
			var bad *audit.IntegrityError
			if !errors.As(err, &bad) && !strings.Contains(err.Error(), "layout") {
				t.Errorf("err = %v", err)
			}
			return
		}
		if !json.Valid(body) || bytes.ContainsAny(body, "\n\r\x00") {
			t.Errorf("accepted %q", body)
		}
		if e.Erased && len(personal) > 0 {
			t.Error("erased, with a personal part")
		}
	})
}

// FuzzEncode: whatever is recorded comes back, but for what clean takes away, and
// encoding that again gives the same bytes.
func FuzzEncode(f *testing.F) {
	f.Add("user", "usr-1", "Ann", "ann@example.com", "192.0.2.7", "note", "old", "new", int64(1_772_366_400_000_001), true)
	f.Add(hostile, hostile, hostile, hostile, hostile, hostile, hostile, hostile, int64(-1), false)
	f.Add(strings.Repeat("€", 300), "\xff", "\u2028", "", "\x00", "(cut)", `"`, `\`, int64(0), true)
	f.Fuzz(func(t *testing.T, kind, id, name, address, ip, field, old, new string, micros int64, personal bool) {
		e := audit.Event{
			ID: id, Type: audit.HostEvent, At: time.UnixMicro(micros), Outcome: audit.Refused,
			Actor:   audit.Actor{Kind: kind, ID: id, Name: name, Address: address, OnBehalfOf: field},
			Targets: []audit.Target{{Kind: kind, ID: id, Name: name, Person: personal}, {Name: old, Person: !personal}},
			Reason:  field, Session: id, Trace: kind, IP: ip, Agent: address,
			Changes: []audit.Change{{Field: field, Old: old, New: new, Personal: personal}, {Field: kind, Old: new, New: old, Personal: !personal}},
			Facts:   []audit.Fact{{Key: field, Value: old}, {Key: kind, Value: new}},
		}
		rec, err := audit.EncodeWith("org-1", e, goldenSalt())
		if err != nil {
			if y := e.At.UTC().Year(); y >= 1 && y <= 9999 && !audit.Clean(e).At.IsZero() {
				t.Fatalf("an event was lost: %v", err)
			}
			return
		}
		if !json.Valid(rec.Body) {
			t.Fatalf("no JSON: %s", rec.Body)
		}
		got, err := audit.Decode(rec)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(audit.Clean(e), got); diff != "" {
			t.Fatal(diff)
		}
		again, err := audit.EncodeWith("org-1", got, goldenSalt())
		if err != nil || !bytes.Equal(again.Body, rec.Body) || !bytes.Equal(again.Personal, rec.Personal) {
			t.Fatalf("%v\n%s\n%s", err, rec.Body, again.Body)
		}
	})
}

// FuzzString holds the string encoder to the standard library's reader.
func FuzzString(f *testing.F) {
	f.Add(hostile)
	f.Add("R&D <Köln> \U0001F511")
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ToValidUTF8(s, "\ufffd")
		var got string
		b := audit.AppendString(nil, want)
		if err := json.Unmarshal(b, &got); err != nil || got != want {
			t.Errorf("%q became %s, %q, %v", want, b, got, err)
		}
	})
}
