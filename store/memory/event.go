package memory

import (
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// event is a [store.AuditEvent] as it is kept: a log is most of what a store has after a while,
// so that an event is two pieces of memory and leads to nothing else.
type event struct {
	orgID      string
	text       string // the parts, one behind the other
	ends       [eventParts - 1]uint32
	at         time.Time
	seq        int64
	prev, hash store.Hash
}

// The parts of an event's text.
const (
	eventID = iota
	eventType
	eventActor
	eventTarget
	eventOutcome
	eventBody
	eventPersonal
	eventParts
)

func newEvent(e *store.AuditEvent) *event {
	out := &event{orgID: e.OrgID, at: instant(e.At), seq: e.Seq, prev: e.Prev, hash: e.Hash}
	var b strings.Builder
	b.Grow(len(e.ID) + len(e.Type) + len(e.Actor) + len(e.Target) + len(e.Outcome) + len(e.Body) + len(e.Personal))
	for i, part := range [...]string{e.ID, e.Type, e.Actor, e.Target, e.Outcome} {
		b.WriteString(part)
		out.ends[i] = uint32(b.Len())
	}
	b.Write(e.Body)
	out.ends[eventBody] = uint32(b.Len())
	b.Write(e.Personal)
	out.text = b.String()
	return out
}

func (e *event) part(i int) string { return partOf(e.text, e.ends[:], i) }

// partOf is one of the parts of text, which end where ends says, the last one where text does.
func partOf(text string, ends []uint32, i int) string {
	if i < len(ends) {
		text = text[:ends[i]]
	}
	if i > 0 {
		text = text[ends[i-1]:]
	}
	return text
}

func (e *event) key() orgKey { return orgKey{e.orgID, e.part(eventID)} }

// sealed is e in its place of the chain.
func (e *event) sealed(at store.AuditEvent) *event {
	out := *e
	out.seq, out.prev, out.hash = at.Seq, at.Prev, at.Hash
	return &out
}

// erased is e without its personal part, of which nothing stays.
func (e *event) erased() *event {
	out := *e
	out.text = strings.Clone(e.text[:e.ends[eventBody]])
	return &out
}

func copyEvent(e *event) store.AuditEvent {
	return store.AuditEvent{
		OrgID: e.orgID, ID: e.part(eventID), Seq: e.seq, At: e.at, Type: e.part(eventType), Actor: e.part(eventActor),
		Target: e.part(eventTarget), Outcome: e.part(eventOutcome), Prev: e.prev, Hash: e.hash,
		Body: bytesOf(e.part(eventBody)), Personal: bytesOf(e.part(eventPersonal)),
	}
}

// bytesOf is s for who may write into it; nil where there is none.
func bytesOf(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}
