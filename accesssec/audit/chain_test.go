package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

// add writes n events to the org's log, one second apart from the one numbered first.
func add(t *testing.T, s store.Store, orgID string, first, n int) {
	t.Helper()
	err := s.RunInTx(t.Context(), func(tx store.Tx) error {
		for i := first; i < first+n; i++ {
			e := goldenEvent()
			e.ID = fmt.Sprintf("evt-%04d", i)
			e.At = e.At.Add(time.Duration(i) * time.Second)
			if err := audit.Add(t.Context(), tx, orgID, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, s store.Store, orgID string, limit int) store.AuditHead {
	t.Helper()
	var head store.AuditHead
	err := s.RunInTx(t.Context(), func(tx store.Tx) (err error) {
		head, err = audit.Seal(t.Context(), tx, orgID, limit)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func events(t *testing.T, s store.Store, orgID string) []store.AuditEvent {
	t.Helper()
	page, err := s.AuditEvents(t.Context(), orgID, store.AuditQuery{From: time.Unix(0, 0).UTC(), Paging: store.Paging{Limit: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

func TestSealInBatches(t *testing.T) {
	t.Parallel()
	s := memory.New()
	if head := seal(t, s, goldenOrg, 10); head != (store.AuditHead{}) {
		t.Errorf("an empty log has head %+v", head)
	}
	add(t, s, goldenOrg, 0, 7)
	add(t, s, "org-other", 0, 2)
	var heads []int64
	for range 4 {
		heads = append(heads, seal(t, s, goldenOrg, 3).Seq)
	}
	if diff := cmp.Diff([]int64{3, 6, 7, 7}, heads); diff != "" {
		t.Error(diff)
	}
	// An event that is dated earlier and comes later goes to the end of the chain.
	add(t, s, goldenOrg, 100, 1)
	seal(t, s, goldenOrg, 0)
	add(t, s, goldenOrg, 50, 1)
	head := seal(t, s, goldenOrg, 0)
	log := events(t, s, goldenOrg)
	if log[8].ID != "evt-0050" {
		t.Errorf("the last is %s", log[8].ID)
	}
	got, err := audit.VerifyChain(store.AuditHead{}, log)
	if err != nil || got != head {
		t.Errorf("head %+v, want %+v, %v", got, head, err)
	}
	if other := seal(t, s, "org-other", 0); other.Seq != 2 {
		t.Errorf("the other org's head is %+v", other)
	}
}

func TestVerifyPageByPage(t *testing.T) {
	t.Parallel()
	s := memory.New()
	add(t, s, goldenOrg, 0, 10)
	want := seal(t, s, goldenOrg, 0)
	log := events(t, s, goldenOrg)
	var head store.AuditHead
	var err error
	for page := range slices.Chunk(log, 3) {
		if head, err = audit.VerifyChain(head, page); err != nil {
			t.Fatal(err)
		}
	}
	if head != want {
		t.Errorf("head %+v, want %+v", head, want)
	}
	if same, err := audit.VerifyChain(head, nil); same != head || err != nil {
		t.Errorf("nothing to verify: %+v, %v", same, err)
	}
}

// Erasing who it was leaves every link as it was.
func TestErasingKeepsTheChain(t *testing.T) {
	t.Parallel()
	s := memory.New()
	add(t, s, goldenOrg, 0, 5)
	want := seal(t, s, goldenOrg, 0)
	err := s.RunInTx(t.Context(), func(tx store.Tx) error {
		n, err := tx.EraseAudit(t.Context(), goldenOrg, []string{"evt-0001", "evt-0003"})
		if n != 2 {
			t.Errorf("%d were erased", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	log := events(t, s, goldenOrg)
	got, err := audit.VerifyChain(store.AuditHead{}, log)
	if err != nil || got != want {
		t.Errorf("head %+v, want %+v, %v", got, want, err)
	}
	for i, rec := range log {
		e, err := audit.Decode(rec)
		if err != nil {
			t.Fatal(err)
		}
		if gone := i == 1 || i == 3; e.Erased != gone || (e.Actor.Name == "") != gone || e.Actor.ID == "" {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

func TestPrunedChainVerifiesFromItsHead(t *testing.T) {
	t.Parallel()
	s := memory.New()
	add(t, s, goldenOrg, 0, 6)
	want := seal(t, s, goldenOrg, 0)
	log := events(t, s, goldenOrg)
	through := store.AuditHead{Seq: 4, Hash: log[3].Hash}
	got, err := audit.VerifyChain(through, log[4:])
	if err != nil || got != want {
		t.Errorf("head %+v, want %+v, %v", got, want, err)
	}
	var bad *audit.IntegrityError
	if _, err := audit.VerifyChain(store.AuditHead{}, log[4:]); !errors.As(err, &bad) || bad.Fault != audit.FaultGap {
		t.Errorf("from the beginning: %v", err)
	}
}

// Named for exports that could not be verified: an edit, a deletion, a move, an
// insertion and a gap are each found, at the event where they begin.
func TestTampering(t *testing.T) {
	t.Parallel()
	s := memory.New()
	add(t, s, goldenOrg, 0, 6)
	seal(t, s, goldenOrg, 0)
	add(t, s, "org-other", 0, 6)
	seal(t, s, "org-other", 0)
	add(t, s, goldenOrg, 90, 1)
	page, err := s.AuditEvents(t.Context(), goldenOrg, store.AuditQuery{Unsealed: true})
	if err != nil || len(page.Items) != 1 {
		t.Fatal(len(page.Items), err)
	}
	pending, foreign := page.Items[0], events(t, s, "org-other")
	type log = []store.AuditEvent

	tests := map[string]struct {
		tamper func(l log) log
		at     int64 // Seq of the event that is reported
		want   audit.Fault
	}{
		"body edited": {func(l log) log { l[2].Body[len(l[2].Body)-5] ^= 1; return l }, 3, audit.FaultHash},
		"body and hash edited": {func(l log) log {
			l[2].Body[len(l[2].Body)-5] ^= 1
			relink(l[2:3], store.AuditHead{Seq: 2, Hash: l[1].Hash})
			return l
		}, 4, audit.FaultPrev},
		"body no longer canonical, all relinked": {func(l log) log {
			l[2].Body = append(l[2].Body, ' ')
			relink(l, store.AuditHead{})
			return l
		}, 3, audit.FaultBody},
		"hash edited":               {func(l log) log { l[2].Hash[31] ^= 1; return l }, 3, audit.FaultHash},
		"prev edited":               {func(l log) log { l[2].Prev[0] ^= 1; return l }, 3, audit.FaultPrev},
		"first left out":            {func(l log) log { return l[1:] }, 2, audit.FaultGap},
		"one left out":              {func(l log) log { return slices.Delete(l, 2, 3) }, 4, audit.FaultGap},
		"one left out, renumbered":  {func(l log) log { l = slices.Delete(l, 2, 3); renumber(l); return l }, 3, audit.FaultPrev},
		"two exchanged":             {func(l log) log { l[2], l[3] = l[3], l[2]; return l }, 4, audit.FaultGap},
		"two exchanged, renumbered": {func(l log) log { l[2], l[3] = l[3], l[2]; renumber(l); return l }, 3, audit.FaultPrev},
		"one twice":                 {func(l log) log { return slices.Insert(l, 3, l[2]) }, 3, audit.FaultOrder},
		"backwards":                 {func(l log) log { slices.Reverse(l); return l }, 6, audit.FaultGap},
		"one inserted, renumbered": {func(l log) log {
			l = slices.Insert(l, 3, foreign[3])
			renumber(l)
			return l
		}, 4, audit.FaultOrg},
		"another org's in its place":   {func(l log) log { l[2] = foreign[2]; return l }, 3, audit.FaultOrg},
		"another org's as its own":     {func(l log) log { l[2] = foreign[2]; l[2].OrgID = goldenOrg; return l }, 3, audit.FaultPrev},
		"one without a place":          {func(l log) log { return append(l, pending) }, 0, audit.FaultUnsealed},
		"negative place":               {func(l log) log { l[0].Seq = -1; return l }, -1, audit.FaultUnsealed},
		"id edited":                    {func(l log) log { l[4].ID = "evt-x"; return l }, 5, audit.FaultColumn},
		"time edited":                  {func(l log) log { l[4].At = l[4].At.Add(time.Hour); return l }, 5, audit.FaultColumn},
		"type edited":                  {func(l log) log { l[4].Type = "session.created"; return l }, 5, audit.FaultColumn},
		"actor edited":                 {func(l log) log { l[4].Actor = "usr-x"; return l }, 5, audit.FaultColumn},
		"target edited":                {func(l log) log { l[4].Target = "usr-x"; return l }, 5, audit.FaultColumn},
		"outcome edited":               {func(l log) log { l[4].Outcome = "refused"; return l }, 5, audit.FaultColumn},
		"org edited":                   {func(l log) log { l[4].OrgID = "org-x"; return l }, 5, audit.FaultOrg},
		"all moved to another org":     {func(l log) log { return moved(l, "org-x") }, 1, audit.FaultColumn},
		"personal edited":              {func(l log) log { l[4].Personal[len(l[4].Personal)-5] ^= 1; return l }, 5, audit.FaultPersonal},
		"personal of another event":    {func(l log) log { l[4].Personal = l[3].Personal; return l }, 5, audit.FaultPersonal},
		"bodies exchanged, not hashes": {func(l log) log { l[3].Body, l[4].Body = l[4].Body, l[3].Body; return l }, 4, audit.FaultHash},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := tt.tamper(events(t, s, goldenOrg))
			got, err := audit.VerifyChain(store.AuditHead{}, l)
			var bad *audit.IntegrityError
			if !errors.As(err, &bad) || bad.Fault != tt.want || bad.Seq != tt.at {
				t.Fatalf("err = %v, want %s at %d", err, tt.want, tt.at)
			}
			if good, err := audit.VerifyChain(store.AuditHead{}, l[:got.Seq]); err != nil || good != got {
				t.Errorf("%+v is not the last good head: %v", got, err)
			}
		})
	}
}

// What is cut off at the end, or relinked from the middle by someone who can write
// all of it, shows in the head and nowhere else: so a head is kept elsewhere.
func TestHeadKeptElsewhereShowsTheRest(t *testing.T) {
	t.Parallel()
	s := memory.New()
	add(t, s, goldenOrg, 0, 6)
	want := seal(t, s, goldenOrg, 0)
	short, err := audit.VerifyChain(store.AuditHead{}, events(t, s, goldenOrg)[:5])
	if err != nil || short == want {
		t.Errorf("cut off: %+v, %v", short, err)
	}
	l := events(t, s, goldenOrg)
	e := goldenEvent()
	e.Reason = "forged"
	forged := mustEncode(t, goldenOrg, e)
	forged.Seq = 3
	l[2] = forged
	relink(l, store.AuditHead{})
	other, err := audit.VerifyChain(store.AuditHead{}, l)
	if err != nil || other.Seq != want.Seq || other == want {
		t.Errorf("relinked: %+v, %v", other, err)
	}
}

// relink gives events new places behind head, as one who knows the format can. It
// borrows Seal for it.
func relink(l []store.AuditEvent, head store.AuditHead) {
	next, err := audit.Seal(context.Background(), &forger{head: head, log: l}, l[0].OrgID, 0)
	if err != nil || next.Seq != head.Seq+int64(len(l)) {
		panic(fmt.Sprint(next, err))
	}
}

// forger is a log whose owner edits it.
type forger struct {
	head store.AuditHead
	log  []store.AuditEvent
}

func (f *forger) AuditHead(context.Context, string) (store.AuditHead, error) { return f.head, nil }

func (f *forger) AuditEvents(context.Context, string, store.AuditQuery) (store.Page[store.AuditEvent], error) {
	return store.Page[store.AuditEvent]{Items: f.log}, nil
}

func (f *forger) SealAudit(context.Context, string, store.AuditHead, ...store.AuditEvent) error {
	return nil // Seal has filled f.log in place
}

func renumber(l []store.AuditEvent) {
	for i := range l {
		l[i].Seq = int64(i) + 1
	}
}

func moved(l []store.AuditEvent, orgID string) []store.AuditEvent {
	for i := range l {
		l[i].OrgID = orgID
	}
	return l
}

// broken is a store of which one method fails.
type broken struct {
	store.Tx
	head, events, seal, add error
}

func (b broken) AuditHead(ctx context.Context, orgID string) (store.AuditHead, error) {
	if b.head != nil {
		return store.AuditHead{}, b.head
	}
	return b.Tx.AuditHead(ctx, orgID)
}

func (b broken) AuditEvents(ctx context.Context, orgID string, q store.AuditQuery) (store.Page[store.AuditEvent], error) {
	if b.events != nil {
		return store.Page[store.AuditEvent]{}, b.events
	}
	return b.Tx.AuditEvents(ctx, orgID, q)
}

func (b broken) SealAudit(ctx context.Context, orgID string, head store.AuditHead, events ...store.AuditEvent) error {
	if b.seal != nil {
		return b.seal
	}
	return b.Tx.SealAudit(ctx, orgID, head, events...)
}

func (b broken) AddAudit(ctx context.Context, events ...store.AuditEvent) error {
	if b.add != nil {
		return b.add
	}
	return b.Tx.AddAudit(ctx, events...)
}

func TestStoreErrorsStayRecognisable(t *testing.T) {
	t.Parallel()
	fault := errors.New("disk on fire")
	for name, b := range map[string]broken{
		"head": {head: fault}, "events": {events: fault}, "seal": {seal: fault}, "add": {add: fault},
		"conflict": {seal: fmt.Errorf("busy: %w", store.ErrConflict)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memory.New()
			add(t, s, goldenOrg, 0, 1)
			want := errors.Join(b.head, b.events, b.seal, b.add)
			err := s.RunInTx(t.Context(), func(tx store.Tx) error {
				b := b
				b.Tx = tx
				if b.add != nil {
					return audit.Add(t.Context(), b, goldenOrg, goldenEvent())
				}
				head, err := audit.Seal(t.Context(), b, goldenOrg, 0)
				if head != (store.AuditHead{}) {
					t.Errorf("a head came with the error: %+v", head)
				}
				if name == "conflict" != errors.Is(err, store.ErrConflict) {
					t.Errorf("err = %v", err)
				}
				return fmt.Errorf("stop: %w", err)
			})
			if err == nil || !errors.Is(err, fault) && !errors.Is(err, store.ErrConflict) {
				t.Errorf("err = %v, want %v", err, want)
			}
		})
	}
}

// An event is all or nothing with the others of its Add.
func TestAddIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := memory.New()
	err := s.RunInTx(t.Context(), func(tx store.Tx) error {
		if err := audit.Add(t.Context(), tx, goldenOrg); err != nil {
			t.Errorf("no events: %v", err)
		}
		bad := goldenEvent()
		bad.Outcome = ""
		if err := audit.Add(t.Context(), tx, goldenOrg, goldenEvent(), bad); err == nil {
			t.Error("an event without an outcome was written")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if head := seal(t, s, goldenOrg, 0); head.Seq != 0 {
		t.Errorf("%d events were written", head.Seq)
	}
}
