package audit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

func mustEncode(t *testing.T, orgID string, e audit.Event) store.AuditEvent {
	t.Helper()
	rec, err := audit.Encode(orgID, e)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		org   string
		event audit.Event
	}{
		"full":       {goldenOrg, goldenEvent()},
		"plain":      {goldenOrg, plainEvent()},
		"system log": {"", plainEvent()},
		"host's own": {goldenOrg, func() audit.Event {
			e := plainEvent()
			e.Type = "host.report_exported"
			return e
		}()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := audit.Decode(mustEncode(t, tt.org, tt.event))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(audit.Clean(tt.event), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEncodeMakesIDAndSalt(t *testing.T) {
	t.Parallel()
	e := goldenEvent()
	e.ID = ""
	a, b := mustEncode(t, goldenOrg, e), mustEncode(t, goldenOrg, e)
	form := regexp.MustCompile(`^evt-[a-z2-7]{26}$`)
	if !form.MatchString(a.ID) || !form.MatchString(b.ID) || a.ID == b.ID {
		t.Errorf("ids %q and %q", a.ID, b.ID)
	}
	salt := regexp.MustCompile(`"salt":"([^"]{44})"`)
	sa, sb := salt.FindSubmatch(a.Personal), salt.FindSubmatch(b.Personal)
	if sa == nil || sb == nil || string(sa[1]) == string(sb[1]) {
		t.Errorf("salts %s and %s", sa, sb)
	}
}

func TestEncodeLeavesItsArgumentAlone(t *testing.T) {
	t.Parallel()
	e := goldenEvent()
	e.Facts[0].Value = strings.Repeat("x", 5000)
	before := fmt.Sprintf("%+v", e)
	mustEncode(t, goldenOrg, e)
	if after := fmt.Sprintf("%+v", e); after != before {
		t.Errorf("%s\nbecame\n%s", before, after)
	}
}

func TestEncodeRefusesDefects(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		org    string
		change func(e *audit.Event)
	}{
		"no type":              {"", func(e *audit.Event) { e.Type = "" }},
		"unknown type":         {"", func(e *audit.Event) { e.Type = "user.unheard_of" }},
		"host's without name":  {"", func(e *audit.Event) { e.Type = "host." }},
		"host's, malformed":    {"", func(e *audit.Event) { e.Type = "host.Report exported" }},
		"host's, long":         {"", func(e *audit.Event) { e.Type = audit.Type("host." + strings.Repeat("x", 60)) }},
		"no outcome":           {"", func(e *audit.Event) { e.Outcome = "" }},
		"unknown outcome":      {"", func(e *audit.Event) { e.Outcome = "perhaps" }},
		"no time":              {"", func(e *audit.Event) { e.At = time.Time{} }},
		"year 10000":           {"", func(e *audit.Event) { e.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		"year 0":               {"", func(e *audit.Event) { e.At = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }},
		"org of control bytes": {"org\x00", func(*audit.Event) {}},
		"org of bad UTF-8":     {"org\xff", func(*audit.Event) {}},
		"long org":             {strings.Repeat("o", 129), func(*audit.Event) {}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := goldenEvent()
			tt.change(&e)
			rec, err := audit.Encode(tt.org, e)
			if err == nil || !strings.HasPrefix(err.Error(), "audit: ") {
				t.Errorf("%+v, %v", rec, err)
			}
		})
	}
}

// bloated has far too much of everything.
func bloated(fill string) audit.Event {
	long := strings.Repeat(fill, 3000)
	e := goldenEvent()
	e.ID, e.Reason, e.Session, e.Trace, e.IP, e.Agent = long, long, long, long, long, long
	e.Actor = audit.Actor{Kind: long, ID: long, Name: long, Address: long, OnBehalfOf: long}
	e.Targets, e.Changes, e.Facts = nil, nil, nil
	for range 200 {
		e.Targets = append(e.Targets, audit.Target{Kind: long, ID: long, Name: long, Person: true})
		e.Changes = append(e.Changes, audit.Change{Field: long, Old: long, New: long})
		e.Facts = append(e.Facts, audit.Fact{Key: long, Value: long})
	}
	return e
}

// An event is never lost because something in it is too long, and what was cut says
// so.
func TestBoundsCutAndMark(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]string{
		"ASCII": "x", "three bytes": "€", "quotes": `"`, "controls": "\x01", "bad UTF-8": "a\xff", "direction marks": "\u202e",
	} {
		for _, personal := range []bool{false, true} {
			t.Run(fmt.Sprint(name, personal), func(t *testing.T) {
				t.Parallel()
				e := bloated(fill)
				for i := range e.Changes {
					e.Changes[i].Personal = personal
				}
				rec := mustEncode(t, goldenOrg, e)
				if len(rec.Body) > audit.MaxEncoded || len(rec.Personal) > audit.MaxEncoded {
					t.Fatalf("%d and %d bytes", len(rec.Body), len(rec.Personal))
				}
				got, err := audit.Decode(rec)
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Targets) != 64 || len(got.Changes) != 64 || len(got.Facts) != 64 {
					t.Errorf("%d targets, %d changes, %d facts", len(got.Targets), len(got.Changes), len(got.Facts))
				}
				if got.Targets[63].ID != "137" || got.Changes[63].New != "137" || got.Facts[63].Value != "137" {
					t.Errorf("marks: %+v %+v %+v", got.Targets[63], got.Changes[63], got.Facts[63])
				}
				for field, v := range map[string]string{
					"id": got.ID, "agent": got.Agent, "actor id": got.Actor.ID, "address": got.Actor.Address,
					"target": got.Targets[5].Name, "fact": got.Facts[5].Value, "old": got.Changes[5].Old,
				} {
					if !strings.HasSuffix(v, "(cut)") || !utf8.ValidString(v) || len(v) > 512 || len(v) < 50 {
						t.Errorf("%s: %d bytes %q", field, len(v), v)
					}
				}
				if diff := cmp.Diff(got, audit.Clean(got)); diff != "" {
					t.Errorf("cut twice: %s", diff)
				}
			})
		}
	}
}

// hostile is one of every character that could forge or hide a line.
const hostile = "a\x00b\nc\rd\te\x1b[2Jf\x7fg\u0085h\u2028i\u2029j\u202ek\u2066l\u200fm\ufeffn\xffo\"p\\q</script>"

// Named for log injection: no value can begin a line or turn the text of one around.
func TestNoLineCanBeForged(t *testing.T) {
	t.Parallel()
	e := goldenEvent()
	e.ID, e.Reason, e.Session, e.Trace, e.IP, e.Agent = hostile, hostile, hostile, hostile, hostile, hostile
	e.Actor = audit.Actor{Kind: hostile, ID: hostile, Name: hostile, Address: hostile, OnBehalfOf: hostile}
	e.Targets = []audit.Target{{Kind: hostile, ID: hostile, Name: hostile}, {Name: hostile, Person: true}}
	e.Changes = []audit.Change{{Field: hostile, Old: hostile, New: hostile}, {Old: hostile, Personal: true}}
	e.Facts = []audit.Fact{{Key: hostile, Value: hostile}}
	rec := mustEncode(t, goldenOrg, e)
	for name, b := range map[string][]byte{"Body": rec.Body, "Personal": rec.Personal} {
		if !json.Valid(b) || !utf8.Valid(b) {
			t.Errorf("%s is not JSON: %s", name, b)
		}
		for _, r := range string(b) {
			if r < 0x20 || r >= 0x7f && r <= 0x9f || strings.ContainsRune("\u2028\u2029\u202e\u2066\u200f\ufeff", r) {
				t.Errorf("%s holds %U", name, r)
			}
		}
	}
	for name, v := range map[string]string{"ID": rec.ID, "Actor": rec.Actor, "Target": rec.Target} {
		if strings.ContainsAny(v, "\x00\n\r\t\x1b\x7f\u0085") || !utf8.ValidString(v) {
			t.Errorf("column %s holds %q", name, v)
		}
	}
	got, err := audit.Decode(rec)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(audit.Clean(e), got); diff != "" {
		t.Error(diff)
	}
	if want := strings.ToValidUTF8(hostile, "\ufffd"); got.Facts[0].Value != want || got.Agent[:20] != want[:20] {
		t.Errorf("text came back as %q", got.Facts[0].Value)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	body := func(old, new string) func(*store.AuditEvent) {
		return func(r *store.AuditEvent) { r.Body = []byte(strings.Replace(string(r.Body), old, new, 1)) }
	}
	personal := func(old, new string) func(*store.AuditEvent) {
		return func(r *store.AuditEvent) { r.Personal = []byte(strings.Replace(string(r.Personal), old, new, 1)) }
	}
	digest := regexp.MustCompile(`"name":"[0-9a-f]{64}"`)
	tests := map[string]struct {
		change func(*store.AuditEvent)
		want   audit.Fault
	}{
		"empty":                  {func(r *store.AuditEvent) { r.Body = nil }, audit.FaultBody},
		"no JSON":                {body(`{"v"`, `{v`), audit.FaultBody},
		"space":                  {body(`,"org"`, `, "org"`), audit.FaultBody},
		"line end behind":        {func(r *store.AuditEvent) { r.Body = append(r.Body, '\n') }, audit.FaultBody},
		"key twice":              {body(`"v":1`, `"v":1,"v":1`), audit.FaultBody},
		"key in capitals":        {body(`"org"`, `"Org"`), audit.FaultBody},
		"unknown key":            {body(`"v":1`, `"v":1,"x":1`), audit.FaultBody},
		"key left out":           {body(`"reason":"",`, ``), audit.FaultBody},
		"other order":            {body(`"reason":"","session":"ses-dddddddddddddddddddddddddd"`, `"session":"ses-dddddddddddddddddddddddddd","reason":""`), audit.FaultBody},
		"null list":              {body(`"facts":[{"key":"method","value":"password"}]`, `"facts":null`), audit.FaultBody},
		"version 0":              {body(`"v":1`, `"v":0`), audit.FaultBody},
		"version as text":        {body(`"v":1`, `"v":"1"`), audit.FaultBody},
		"time with offset":       {body(`.000001Z`, `.000001+00:00`), audit.FaultBody},
		"time, no fraction":      {body(`.000001Z`, `Z`), audit.FaultBody},
		"time, nine digits":      {body(`.000001Z`, `.000001000Z`), audit.FaultBody},
		"escape in capitals":     {body(`\u000a`, `\u000A`), audit.FaultBody},
		"short escape":           {body(`\u000a`, `\n`), audit.FaultBody},
		"HTML escaped":           {body(`<`, `\u003c`), audit.FaultBody},
		"bad UTF-8":              {body(`Köln`, "K\xf6ln"), audit.FaultBody},
		"half a surrogate":       {body(`Köln`, `K\ud800ln`), audit.FaultBody},
		"person in clear":        {func(r *store.AuditEvent) { r.Body = digest.ReplaceAll(r.Body, []byte(`"name":"Eve"`)) }, audit.FaultBody},
		"above the bound":        {func(r *store.AuditEvent) { r.Body = append(r.Body, make([]byte, audit.MaxEncoded)...) }, audit.FaultBody},
		"deep nesting":           {func(r *store.AuditEvent) { r.Body = []byte(strings.Repeat("[", 100_000)) }, audit.FaultBody},
		"other org":              {func(r *store.AuditEvent) { r.OrgID = "org-other" }, audit.FaultColumn},
		"other id":               {func(r *store.AuditEvent) { r.ID = "evt-other" }, audit.FaultColumn},
		"other time":             {func(r *store.AuditEvent) { r.At = r.At.Add(time.Microsecond) }, audit.FaultColumn},
		"other type":             {func(r *store.AuditEvent) { r.Type = "org.created" }, audit.FaultColumn},
		"other actor":            {func(r *store.AuditEvent) { r.Actor = "" }, audit.FaultColumn},
		"other target":           {func(r *store.AuditEvent) { r.Target = goldenOrg }, audit.FaultColumn},
		"other outcome":          {func(r *store.AuditEvent) { r.Outcome = "refused" }, audit.FaultColumn},
		"body of another":        {func(r *store.AuditEvent) { r.Body = []byte(goldenPlain) }, audit.FaultColumn},
		"name changed":           {personal(`"actor.name":"Ann Example"`, `"actor.name":"Eve Example"`), audit.FaultPersonal},
		"names exchanged":        {personal(`"changes.0.old":"Anna","changes.0.new":"Ann"`, `"changes.0.old":"Ann","changes.0.new":"Anna"`), audit.FaultPersonal},
		"a value left out":       {personal(`"ip":"192.0.2.7",`, ``), audit.FaultPersonal},
		"a value emptied":        {personal(`192.0.2.7`, ``), audit.FaultPersonal},
		"a value added":          {personal(`"ip"`, `"targets.1.name":"x","ip"`), audit.FaultPersonal},
		"other salt":             {personal(`AAEC`, `AAED`), audit.FaultPersonal},
		"short salt":             {personal(`AAECAwQF`, ``), audit.FaultPersonal},
		"no salt":                {personal(`"salt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",`, ``), audit.FaultPersonal},
		"personal, no JSON":      {func(r *store.AuditEvent) { r.Personal = []byte("x") }, audit.FaultPersonal},
		"personal is null":       {func(r *store.AuditEvent) { r.Personal = []byte("null") }, audit.FaultPersonal},
		"personal above":         {func(r *store.AuditEvent) { r.Personal = append(r.Personal, make([]byte, audit.MaxEncoded)...) }, audit.FaultPersonal},
		"personal not canonical": {personal(`"v":1`, `"v": 1`), audit.FaultPersonal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, err := audit.EncodeWith(goldenOrg, goldenEvent(), goldenSalt())
			if err != nil {
				t.Fatal(err)
			}
			before := string(rec.Body) + string(rec.Personal) + fmt.Sprint(rec)
			tt.change(&rec)
			if before == string(rec.Body)+string(rec.Personal)+fmt.Sprint(rec) {
				t.Fatal("the test changed nothing")
			}
			e, err := audit.Decode(rec)
			var bad *audit.IntegrityError
			if !errors.As(err, &bad) || bad.Fault != tt.want {
				t.Fatalf("err = %v, want %s", err, tt.want)
			}
			if diff := cmp.Diff(audit.Event{}, e); diff != "" {
				t.Errorf("an event came with the error: %s", diff)
			}
		})
	}
}

func TestPersonalBesideNothing(t *testing.T) {
	t.Parallel()
	rec := mustEncode(t, goldenOrg, plainEvent())
	rec.Personal = []byte(`{"v":1,"salt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","values":{}}`)
	var bad *audit.IntegrityError
	if _, err := audit.Decode(rec); !errors.As(err, &bad) || bad.Fault != audit.FaultPersonal {
		t.Errorf("err = %v", err)
	}
}

func TestLaterLayoutIsNoTampering(t *testing.T) {
	t.Parallel()
	for _, b := range []string{`{"v":2,"org":"x"}`, `{"v":2,"actor":["another","shape"]}`} {
		_, err := audit.Decode(store.AuditEvent{ID: "evt-x", Body: []byte(b)})
		var bad *audit.IntegrityError
		if err == nil || errors.As(err, &bad) || !strings.Contains(err.Error(), "layout 2") {
			t.Errorf("%s: %v", b, err)
		}
	}
}

// TestTimesAreWrittenAsTheirLayoutSays: by hand, because it is done for each event.
func TestTimesAreWrittenAsTheirLayoutSays(t *testing.T) {
	at := []time.Time{{}, time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)}
	for i := range 10_000 {
		at = append(at, time.UnixMicro(int64(i)*1_000_003*86_399_999_989/7).UTC().Add(time.Duration(i)*time.Microsecond))
	}
	for _, one := range at {
		if one.Year() > 9999 || one.Year() < 0 {
			continue
		}
		if got, want := string(audit.AppendTime(nil, one)), one.Format(audit.TimeLayout); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}
