package memory_test

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

// TestNestedUseIsRefused is the mistake of reaching past the Tx to the Store, which
// would otherwise wait for itself.
func TestNestedUseIsRefused(t *testing.T) {
	t.Parallel()
	s, ctx := memory.New(), t.Context()
	cases := map[string]func() error{
		"RunInTx":  func() error { return s.RunInTx(ctx, func(store.Tx) error { return nil }) },
		"read":     func() error { _, err := s.Org(ctx, "org1"); return err },
		"SwapDoc":  func() error { return s.SwapDoc(ctx, store.Doc{Kind: "k", ID: "d"}) },
		"touch":    func() error { return s.TouchSession(ctx, store.Hash{1}, time.Unix(1, 0), time.Unix(2, 0)) },
		"lease":    func() error { _, err := s.LeaseJobs(ctx, store.LeaseQuery{}); return err },
		"expiries": func() error { _, err := s.DeleteExpired(ctx, time.Unix(1, 0), 1); return err },
	}
	const want = "memory: the Store was used inside its own transaction; use the Tx"
	for name, use := range cases {
		err := s.RunInTx(ctx, func(store.Tx) error {
			if err := use(); err == nil || err.Error() != want {
				t.Errorf("%s inside a transaction: %v, want %q", name, err, want)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: RunInTx: %v", name, err)
		}
		if _, err := s.UnsealedOrgs(ctx, 1); err != nil {
			t.Errorf("%s: the store does not go on: %v", name, err)
		}
	}
}
