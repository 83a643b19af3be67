package audit

import (
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// EncodeWith is Encode with a salt that a test knows.
func EncodeWith(orgID string, e Event, s [32]byte) (store.AuditEvent, error) {
	return encode(orgID, e, s)
}

// Clean is what Encode keeps of an event.
func Clean(e Event) Event { return clean(e) }

// AppendString writes a canonical JSON string.
func AppendString(b []byte, s string) []byte { return appendString(b, s) }

// AppendTime writes a time as Body has it, and TimeLayout is how that is.
func AppendTime(b []byte, t time.Time) []byte { return appendTime(b, t) }

const TimeLayout = timeLayout

// MaxEncoded is the bound that Decode puts on its input.
const MaxEncoded = maxEncoded
