package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
)

// chainLabel keeps these hashes apart from any other use of SHA-256.
const chainLabel = "accesssec audit v1\x00"

// link is the head after body was put behind head.
func link(head store.AuditHead, body []byte) store.AuditHead {
	next := store.AuditHead{Seq: head.Seq + 1}
	sum := sha256.Sum256(body)
	b := append([]byte(chainLabel), head.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(next.Seq))
	next.Hash = sha256.Sum256(append(b, sum[:]...))
	return next
}

// Seal gives at most limit of the org's new events their place in its chain, the
// oldest first, and returns the new head. limit 0 means 100; at most 1000. When the
// head moved by limit there may be more.
//
// The error is the store's, wrapped: after store.ErrConflict another sealed in
// between, and the transaction is to be run again.
func Seal(ctx context.Context, tx Sealer, orgID string, limit int) (store.AuditHead, error) {
	head, err := tx.AuditHead(ctx, orgID)
	if err != nil {
		return store.AuditHead{}, fmt.Errorf("audit: seal: %w", err)
	}
	page, err := tx.AuditEvents(ctx, orgID, store.AuditQuery{
		Unsealed: true,
		Paging:   store.Paging{Limit: min(max(limit, 0), 1000)},
	})
	if err != nil {
		return store.AuditHead{}, fmt.Errorf("audit: seal: %w", err)
	}
	if len(page.Items) == 0 {
		return head, nil
	}
	next := head
	for i := range page.Items {
		e := &page.Items[i]
		e.Prev = next.Hash
		next = link(next, e.Body)
		e.Seq, e.Hash = next.Seq, next.Hash
	}
	if err := tx.SealAudit(ctx, orgID, head, page.Items...); err != nil {
		return store.AuditHead{}, fmt.Errorf("audit: seal: %w", err)
	}
	return next, nil
}

// VerifyChain shows that events, in the order given, are what was sealed behind from,
// none changed, left out, added or moved, and returns the head they end at. Call it
// page by page, each from where the last one ended; the zero head is before the
// first event of an org, and after pruning it is the head that was pruned through.
//
// What was cut off at the end leaves no trace in the events: compare the returned
// head with one that was kept elsewhere.
//
// The error is an *[IntegrityError] for the first event that is not right, or says
// that a later release wrote it; the head returned with it is the last good one.
func VerifyChain(from store.AuditHead, events []store.AuditEvent) (store.AuditHead, error) {
	head := from
	for _, e := range events {
		next := link(head, e.Body)
		switch {
		case e.Seq <= 0:
			return head, integrity(e, FaultUnsealed)
		case e.Seq > next.Seq:
			return head, integrity(e, FaultGap)
		case e.Seq < next.Seq:
			return head, integrity(e, FaultOrder)
		case e.OrgID != events[0].OrgID:
			return head, integrity(e, FaultOrg)
		case e.Prev != head.Hash:
			return head, integrity(e, FaultPrev)
		case e.Hash != next.Hash:
			return head, integrity(e, FaultHash)
		}
		if _, err := Decode(e); err != nil {
			return head, err
		}
		head = next
	}
	return head, nil
}

// Fault is what is wrong with an event that was tampered with.
type Fault string

// The faults.
const (
	FaultBody     Fault = "body"     // Body is not canonical
	FaultColumn   Fault = "column"   // a column says another thing than Body
	FaultPersonal Fault = "personal" // a personal value does not match its digest
	FaultHash     Fault = "hash"     // Body, or the Hash itself, was changed
	FaultPrev     Fault = "prev"     // another event stood before it
	FaultGap      Fault = "gap"      // events before it are missing
	FaultOrder    Fault = "order"    // it stands later than its place, or twice
	FaultOrg      Fault = "org"      // it is another org's
	FaultUnsealed Fault = "unsealed" // it has no place in the chain
)

// IntegrityError says that a stored event is not what was written. It holds nothing
// of the event's content.
type IntegrityError struct {
	Seq     int64 // as the record says; 0 before sealing
	EventID string
	Fault   Fault
}

func integrity(rec store.AuditEvent, f Fault) error {
	return &IntegrityError{Seq: rec.Seq, EventID: token(rec.ID, maxID), Fault: f}
}

func (e *IntegrityError) Error() string {
	return fmt.Sprintf("audit: event %q, seq %d: integrity: %s", e.EventID, e.Seq, e.Fault)
}
