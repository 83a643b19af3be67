package audit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

func Example() {
	ctx := context.Background()
	s := memory.New()

	// An event is written in the transaction of what it records.
	err := s.RunInTx(ctx, func(tx store.Tx) error {
		return audit.Add(ctx, tx, "org-acme", audit.Event{
			ID:      "evt-1",
			Type:    audit.SessionCreated,
			At:      time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
			Actor:   audit.Actor{Kind: audit.KindUser, ID: "usr-1", Name: "Ann", Address: "ann@example.com"},
			Outcome: audit.Success,
			Facts:   []audit.Fact{{Key: "method", Value: "sso"}},
		})
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// A job gives it its place in the chain.
	var head store.AuditHead
	err = s.RunInTx(ctx, func(tx store.Tx) (err error) {
		head, err = audit.Seal(ctx, tx, "org-acme", 100)
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	show(ctx, s, head)

	// Ann asks to be forgotten: the event stays, and so does the chain.
	err = s.RunInTx(ctx, func(tx store.Tx) error {
		_, err := tx.EraseAudit(ctx, "org-acme", []string{"evt-1"})
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	show(ctx, s, head)

	// Output:
	// session.created by "ann@example.com" (usr-1), chain holds: true
	// session.created by "" (usr-1), chain holds: true
}

func show(ctx context.Context, s store.Store, head store.AuditHead) {
	page, err := s.AuditEvents(ctx, "org-acme", store.AuditQuery{IDs: []string{"evt-1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := audit.VerifyChain(store.AuditHead{}, page.Items)
	for _, rec := range page.Items {
		e, err := audit.Decode(rec)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s by %q (%s)", e.Type, e.Actor.Address, e.Actor.ID)
	}
	fmt.Printf(", chain holds: %v\n", err == nil && got == head)
}
