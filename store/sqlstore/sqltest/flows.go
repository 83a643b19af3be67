package sqltest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/internal/flowtest"
	"github.com/accesssec/accesssec-go/store"
)

// Flows are the tests of whole flows on d.
func Flows(t *testing.T, d Database) { flowtest.Run(t, d.Fresh(t, "", 6)) }

// FlowsInTwoProcesses runs all flows in this process and in another, at the same time,
// on one database. The other one is this test again, and learns where by its task.
func FlowsInTwoProcesses(t *testing.T, d Database) {
	if k, is := given(); is {
		flowtest.Run(t, k.database().Fresh(t, "b", 6))
		return
	}
	d.Store(t) // makes the schema
	only := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	// It does one after the other: on SQLite all wait for one lock, and who waits too long
	// for it is refused.
	other := start(t, d.task("flows"), "-test.run="+only, "-test.parallel=1", "-test.timeout="+left(t).String())
	t.Run("here", func(t *testing.T) { flowtest.Run(t, d.Fresh(t, "a", 6)) })
	if err := other.end(); err != nil {
		t.Error(err)
	}
}

// left is how long another process may run, so that it says what it is at if that is too
// short.
func left(t *testing.T) time.Duration {
	if end, is := t.Deadline(); is {
		return max(time.Until(end)-15*time.Second, time.Second).Round(time.Second)
	}
	return 10 * time.Minute
}

// OneConnection has people sign in, side by side, on a pool of one connection, and what is
// done in the background beside them: nobody asks for a second connection while holding
// the first.
func OneConnection(t *testing.T, d Database) {
	db := d.Pool(t)
	db.SetMaxOpenConns(1)
	h := newHost(t, d.StoreOn(t, db))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	logins := make([]*accesssec.Entered, 40)
	together(t, len(logins)+2, func(i int) error {
		if i >= len(logins) {
			_, err := h.svc.Tick(ctx)
			return err
		}
		by := []func(context.Context, string) (accesssec.Step, error){h.byPassword, h.bySSO}[i%2]
		step, err := by(ctx, fmt.Sprintf("192.0.2.%d", i))
		logins[i] = step.Entered
		return err
	})
	h.signIns(t, logins)
	_, err := h.svc.Authenticate(ctx, logins[0].Token())
	must(t, err)
	page, err := h.admin(t).Events(ctx, store.AuditQuery{Types: []string{string(audit.SessionCreated)}, Paging: store.Paging{Limit: 100}})
	must(t, err)
	if len(page.Items) != len(logins) {
		t.Errorf("%d sign-ins in the log, want %d", len(page.Items), len(logins))
	}
}
