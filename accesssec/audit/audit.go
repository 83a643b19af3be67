// Package audit is the log of who did what: the catalogue of events, the exact bytes
// of each, and the chain that shows when one was changed, removed or moved.
//
// It owns [Event] and its canonical encoding, the list of event types ([Catalogue])
// and the per-org hash chain ([Seal], [VerifyChain]). It keeps nothing: events are
// rows of the store, written by [Add] in the transaction of the change they record.
//
// It refuses to lose an event because a value is long, malformed or hostile: values
// are cut at a bound with a marker, invalid UTF-8 is replaced, and control characters
// are escaped, so that no value can forge a line of a log. It refuses to hand out an
// event whose bytes are not what was written.
//
// # Personal data
//
// What names a person (the actor's name and address, names of persons among the
// targets, IP address, user agent, changes marked Personal) is not in the bytes that
// are hashed. In its place stands a salted SHA-256; salt and value lie beside it and
// can be erased, after which the chain still verifies and [Decode] leaves those
// fields empty. Erasing shows (see [Event].Erased), but not who did it: it is for the
// caller to record. Ids stay in clear: they are random, and mean nothing once the
// account they belonged to is gone. So an id must never be an address or a name.
//
// An event has no field for a secret, and none may be put into one.
//
// # Chain
//
// Each event is linked by SHA-256("accesssec audit v1\x00" ‖ previous hash ‖ seq as 8
// bytes, big endian ‖ SHA-256(body)). A chain shows tampering only to who holds a
// later head: keep one outside the database.
//
// Start at [Add], and read with [Decode].
package audit

import (
	"context"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
)

// Log is the part of [store.Tx] that takes an event.
type Log interface {
	AddAudit(ctx context.Context, events ...store.AuditEvent) error
}

// Sealer is the part of [store.Tx] that [Seal] needs.
type Sealer interface {
	AuditHead(ctx context.Context, orgID string) (store.AuditHead, error)
	AuditEvents(ctx context.Context, orgID string, q store.AuditQuery) (store.Page[store.AuditEvent], error)
	SealAudit(ctx context.Context, orgID string, head store.AuditHead, events ...store.AuditEvent) error
}

var (
	_ Log    = store.Tx(nil)
	_ Sealer = store.Tx(nil)
)

// Add writes events of one org beside the change they record: log is the transaction
// of that change. orgID "" is the system's own log. An event gets its place in the
// chain from the next [Seal], so that a busy org does not queue for its own log.
//
// The error is that of [Encode] or, wrapped, the store's.
func Add(ctx context.Context, log Log, orgID string, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	recs := make([]store.AuditEvent, len(events))
	for i, e := range events {
		rec, err := Encode(orgID, e)
		if err != nil {
			return err
		}
		recs[i] = rec
	}
	if err := log.AddAudit(ctx, recs...); err != nil {
		return fmt.Errorf("audit: add: %w", err)
	}
	return nil
}
