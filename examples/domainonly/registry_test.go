package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// Two organizations prove one domain at the same moment, again and again: it is always
// exactly one that has it.
func TestOneHolder(t *testing.T) {
	t.Parallel()
	w := serving(t)
	g := w.site.app.registry
	for round := range 20 {
		name := fmt.Sprintf("round%d.example.com", round)
		claims := map[string]string{}
		for org := range orgs() {
			claim, token := claimed(t, w, org, name)
			claims[org] = path.Base(claim)
			must(t, w.site.app.internet.add(label+"."+name, token))
		}
		w.site.app.clock.forwardTo(w.site.app.clock.now().Add(2 * time.Minute))
		var wg sync.WaitGroup
		for org, id := range claims {
			for range 3 {
				wg.Go(func() {
					if err := g.verify(t.Context(), org, id); err != nil && !errors.Is(err, errConflict) {
						t.Errorf("%s: %v", org, err)
					}
				})
			}
		}
		wg.Wait()
		holders := 0
		for org, id := range claims {
			r, err := g.memory.row(org, id)
			must(t, err)
			c, err := r.read()
			must(t, err)
			if c.Holds() != r.holds {
				t.Errorf("%s: the column says %t, the claim %t", org, r.holds, c.Holds())
			}
			if r.holds {
				holders++
			}
			must(t, g.withdraw(org, id))
		}
		if holders != 1 {
			t.Fatalf("%s has %d holders", name, holders)
		}
	}
}

// One claim, many at once: each name is an org's once, and of two writers one wins.
func TestMemory(t *testing.T) {
	t.Parallel()
	m := newMemory()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	count := func(n int, do func(i int) error, lost error) (won int) {
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { errs[i] = do(i) })
		}
		wg.Wait()
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, lost) {
				t.Error(err)
			}
		}
		return won
	}
	made := func(i int) row { return row{id: fmt.Sprint(i), org: "acme", name: domain, checkAt: now} }
	if won := count(50, func(i int) error { return m.insert(made(i)) }, errTaken); won != 1 {
		t.Errorf("%d claims on one name", won)
	}
	r := m.of("acme")[0]
	if won := count(50, func(int) error { return m.swap(r) }, errConflict); won != 1 {
		t.Errorf("%d writers of one version", won)
	}
	other := row{id: "other", org: "globex", name: domain}
	must(t, m.insert(other))
	r.version++
	rows := []row{r, other}
	if won := count(2, func(i int) error { rows[i].holds = true; return m.swap(rows[i]) }, errHeld); won != 1 {
		t.Errorf("%d holders", won)
	}
	if err := m.swap(row{id: r.id, org: "globex", name: domain, version: r.version}); !errors.Is(err, errConflict) {
		t.Errorf("another org's claim: %v", err)
	}
	for i := range mostClaims {
		must(t, m.insert(row{id: fmt.Sprint("full", i), org: "initech", name: fmt.Sprintf("n%d.example.com", i)}))
	}
	if err := m.insert(row{id: "one more", org: "initech", name: domain}); !errors.Is(err, errFull) {
		t.Errorf("one claim more than there can be: %v", err)
	}
}

// A claim that is due is one worker's until its lease is over.
func TestLease(t *testing.T) {
	t.Parallel()
	m := newMemory()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for i := range 10 {
		must(t, m.insert(row{id: fmt.Sprint(i), org: "acme", name: fmt.Sprint(i), checkAt: now.Add(time.Duration(i-4) * time.Second)}))
	}
	must(t, m.insert(row{id: "never", org: "acme", name: "never"}))
	ids := func(rows []row) (out []string) {
		for _, r := range rows {
			out = append(out, r.id)
		}
		return out
	}
	first, second, third := m.lease(now, 3), m.lease(now, 3), m.lease(now, 3)
	if diff := cmp.Diff([][]string{{"0", "1", "2"}, {"3", "4"}, nil}, [][]string{ids(first), ids(second), ids(third)}); diff != "" {
		t.Errorf("leased (-want +got):\n%s", diff)
	}
	first[0].checkAt = now.Add(time.Hour)
	must(t, m.swap(first[0]))
	if diff := cmp.Diff([]string{"1", "2", "3", "4"}, ids(m.lease(now.Add(leaseLife), 100))[:4]); diff != "" {
		t.Errorf("after the lease (-want +got):\n%s", diff)
	}
	if _, ok := newMemory().nextDue(); ok {
		t.Error("something is due where nothing is")
	}
}

// A look that is cut off tells nothing, and a claim that can't be read or that was changed
// meanwhile stays as it is.
func TestLook(t *testing.T) {
	t.Parallel()
	w := serving(t)
	g := w.site.app.registry
	claim, token := claimed(t, w, "acme", domain)
	must(t, w.publish(t.Context(), claim, label, token))
	r, err := g.memory.row("acme", path.Base(claim))
	must(t, err)
	same := func(name string) {
		t.Helper()
		if now, err := g.memory.row("acme", r.id); err != nil || cmp.Diff(r, now, cmp.AllowUnexported(row{}, notice{})) != "" {
			t.Errorf("%s: the claim changed: %v", name, err)
		}
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := g.look(ended, r, g.checker.CheckNow); !errors.Is(err, context.Canceled) {
		t.Errorf("cut off: %v", err)
	}
	same("cut off")

	torn := r
	torn.claim = []byte(`{"name":`)
	if err := g.look(t.Context(), torn, func(context.Context, domainclaim.Claim) domainclaim.Observation {
		t.Error("it was looked up")
		return domainclaim.Observation{}
	}); err == nil {
		t.Error("a claim that can't be read: no error")
	}
	same("can't be read")

	err = g.look(t.Context(), r, func(ctx context.Context, c domainclaim.Claim) domainclaim.Observation {
		must(t, g.withdraw("acme", r.id))
		return g.checker.CheckNow(ctx, c)
	})
	if !errors.Is(err, errConflict) {
		t.Errorf("withdrawn meanwhile: %v", err)
	}
	page, err := w.shows(t.Context(), claim, state("released"))
	if err != nil || page.told("verified") != 0 {
		t.Errorf("withdrawn meanwhile: %v", err)
	}
}

// A page says where a fault is none of the person's, and what can't be read holds nothing.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	w := serving(t)
	claim, _ := claimed(t, w, "acme", domain)
	g := w.site.app.registry
	r, err := g.memory.row("acme", path.Base(claim))
	must(t, err)
	r.claim, r.holds = []byte(`[]`), true
	must(t, g.memory.swap(r))
	for _, path := range []string{claim, "/acme"} {
		page, err := w.get(t.Context(), path)
		if err == nil {
			err = page.says(http.StatusServiceUnavailable, "Try again later")
		}
		if err != nil {
			t.Error(err)
		}
	}
	for _, form := range []string{"verify", "withdraw"} {
		page, err := w.post(t.Context(), claim+"/"+form)
		if err != nil || page.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d, %v", form, page.status, err)
		}
	}
	page, err := w.post(t.Context(), "/acme/whose", "address", "ann@"+domain)
	if err != nil || page.says(http.StatusServiceUnavailable) != nil || page.lacks("belongs to") != nil {
		t.Errorf("%d, %v", page.status, err)
	}
}

// Who proves a name again and again is not told of again and again to whoever holds it.
func TestChallengedOnceADay(t *testing.T) {
	t.Parallel()
	w := serving(t)
	claim, token := claimed(t, w, "acme", domain)
	must(t, w.publish(t.Context(), claim, label, token))
	must(t, w.sees(t.Context(), claim, state("verified")))
	for range 5 {
		other, token := claimed(t, w, "globex", domain)
		must(t, w.publish(t.Context(), other, label, token))
		must(t, w.sees(t.Context(), other, state("pending"), "another organization has verified this domain"))
		page, err := w.post(t.Context(), other+"/withdraw")
		must(t, err)
		must(t, page.says(http.StatusOK))
	}
	page, err := w.shows(t.Context(), claim, state("verified"))
	must(t, err)
	if n := page.told("challenged"); n != 1 {
		t.Errorf("told %d times", n)
	}
}
