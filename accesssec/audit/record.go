package audit

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/internal/newid"
	"github.com/accesssec/accesssec-go/store"
)

// Encode returns e as a record without a place in the chain. It makes the ID when
// there is none ("evt-" and 26 characters of base32), and a fresh salt.
//
// It is an error only when the caller has a defect: no Type, one that [Lookup] does
// not know, no Outcome or another than the three, no At or one outside the years 1 to
// 9999, or an orgID that is no id.
func Encode(orgID string, e Event) (store.AuditEvent, error) {
	var s salt
	rand.Read(s[:]) // never fails: crypto/rand ends the program instead
	if e.ID == "" {
		e.ID = newid.Of("evt")
	}
	return encode(orgID, e, s)
}

func encode(orgID string, e Event, s salt) (store.AuditEvent, error) {
	e = clean(e)
	switch year := e.At.Year(); {
	case e.Outcome != Success && e.Outcome != Refused && e.Outcome != Failed:
		return store.AuditEvent{}, errors.New("audit: an event has an outcome: success, refused or failed")
	case e.At.IsZero() || year < 1 || year > 9999:
		return store.AuditEvent{}, errors.New("audit: an event has a time, in the years 1 to 9999")
	case token(orgID, maxID) != orgID:
		return store.AuditEvent{}, errors.New("audit: an org id has at most 128 bytes of UTF-8 and no control character")
	}
	if _, ok := Lookup(e.Type); !ok {
		return store.AuditEvent{}, fmt.Errorf("audit: no event type %q", e.Type)
	}
	rec := columns(orgID, &e)
	rec.Personal = hide(&e, s)
	var room [1024]byte // most are shorter
	rec.Body = bytes.Clone(appendBody(room[:0], orgID, &e))
	return rec, nil
}

// columns repeats for queries what Body says.
func columns(orgID string, e *Event) store.AuditEvent {
	rec := store.AuditEvent{
		OrgID: orgID, ID: e.ID, At: e.At, Type: string(e.Type),
		Actor: e.Actor.ID, Outcome: string(e.Outcome),
	}
	if len(e.Targets) > 0 {
		rec.Target = e.Targets[0].ID
	}
	return rec
}

// Decode returns the event that rec holds, after it has shown that Body is canonical,
// that every column says what Body says, and that each personal value matches its
// digest. Of an event whose Personal part was erased the personal fields are empty
// and Erased is set. It does not look at the chain: see [VerifyChain].
//
// The error is an *[IntegrityError], or says that a later release wrote the event.
func Decode(rec store.AuditEvent) (Event, error) {
	org, e, newer, ok := parseBody(rec.Body)
	if newer > 0 {
		return Event{}, fmt.Errorf("audit: event %q has layout %d, which this release does not read", token(rec.ID, maxID), newer)
	}
	if !ok || !digestsOnly(&e) || !bytes.Equal(rec.Body, appendBody(make([]byte, 0, len(rec.Body)), org, &e)) {
		return Event{}, integrity(rec, FaultBody)
	}
	want := columns(org, &e)
	if rec.OrgID != want.OrgID || rec.ID != want.ID || !rec.At.Equal(want.At) || rec.Type != want.Type ||
		rec.Actor != want.Actor || rec.Target != want.Target || rec.Outcome != want.Outcome {
		return Event{}, integrity(rec, FaultColumn)
	}
	if len(rec.Personal) == 0 {
		e.Erased = erase(&e)
	} else if !show(&e, rec.Personal) {
		return Event{}, integrity(rec, FaultPersonal)
	}
	return e, nil
}

// digestsOnly holds when every personal field is empty or looks like a digest, so
// that no value written past the encoder is ever shown as one.
func digestsOnly(e *Event) bool {
	for i := 0; ; i++ {
		_, value, last := personalAt(e, i)
		if last {
			return true
		}
		if value == nil || *value == "" {
			continue
		}
		if b, err := hex.DecodeString(*value); err != nil || len(b) != 32 {
			return false
		}
	}
}
