package sqltest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// inSweep is how many jobs a sweep takes at once.
const inSweep = 500

// Claims is a store on d with n verified claims and a job for each, due in an order that
// has nothing to do with that of the claims.
func Claims(tb testing.TB, d Database, n int) store.Store {
	tb.Helper()
	s := d.Store(tb)
	for from := 0; from < n; from += inSweep {
		must(tb, s.RunInTx(tb.Context(), func(tx store.Tx) error {
			var jobs []store.Job
			for i := from; i < min(from+inSweep, n); i++ {
				name := fmt.Sprintf("host%d.example.com", i)
				err := tx.CreateDomain(tb.Context(), store.Domain{OrgID: fmt.Sprintf("org-%d", i*7919%n/8), ID: fmt.Sprintf("dom-%d", i), Name: name,
					Status: store.DomainVerified, Claim: []byte(strings.Repeat("x", 400))})
				if err != nil {
					return err
				}
				jobs = append(jobs, store.Job{Kind: "domain", OrgID: fmt.Sprintf("org-%d", i*7919%n/8), Key: name, At: began.Add(time.Duration(i*31%n) * time.Millisecond)})
			}
			return tx.PutJobs(tb.Context(), jobs...)
		}))
	}
	_, err := d.Pool(tb).ExecContext(tb.Context(), "ANALYZE")
	must(tb, err)
	return s
}

// sweeping takes some hundred jobs at now, looks up their claims, writes them, and puts the
// jobs back for a day later. It returns how many.
func sweeping(tb testing.TB, s store.Store, now time.Time, said func(step string)) int {
	tb.Helper()
	ctx := tb.Context()
	jobs, err := s.LeaseJobs(ctx, store.LeaseQuery{Kinds: []string{"domain"}, Worker: "w", Now: now, Until: now.Add(time.Hour), Limit: inSweep})
	must(tb, err)
	said("lease")
	names, done := make([]string, len(jobs)), make([]store.JobDone, len(jobs))
	for i, j := range jobs {
		names[i], done[i] = j.Key, store.JobDone{Job: j, Next: now.Add(24 * time.Hour)}
	}
	claims, err := s.DomainsByName(ctx, names)
	must(tb, err)
	said("names")
	for i := range claims {
		claims[i].Claim[0]++
	}
	must(tb, s.RunInTx(ctx, func(tx store.Tx) error {
		if err := tx.UpdateDomains(ctx, claims...); err != nil {
			return err
		}
		said("claims")
		stale, err := tx.FinishJobs(ctx, done...)
		if err == nil && stale > 0 {
			err = fmt.Errorf("%d stale", stale)
		}
		said("finish")
		return err
	}))
	if len(claims) != len(jobs) {
		tb.Fatalf("%d claims for %d jobs", len(claims), len(jobs))
	}
	return len(jobs)
}

// Sweep measures that, by the claim.
func Sweep(b *testing.B, d Database) {
	const all = 20_000
	s := Claims(b, d, all)
	b.ReportAllocs()
	swept, now := 0, began.Add(time.Hour)
	for b.Loop() {
		n := sweeping(b, s, now.AddDate(0, 0, 2*(swept/all)), func(string) {})
		if n != inSweep {
			b.Fatalf("%d jobs were due", n)
		}
		swept += n
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(swept), "ns/claim")
}

// SweepUsesKeys asks the database how it answers the steps of a sweep: by keys, whatever
// is written at once, and a lease by the order in which jobs are due.
func SweepUsesKeys(t *testing.T, d Database) {
	Claims(t, d, 4000)
	seen := &recorder{}
	db := seen.pool(t, d)
	s, err := sqlstore.Open(db, d.Dialect, &d.Options)
	must(t, err)
	type asked struct {
		query string
		args  []any
	}
	steps := map[string]asked{}
	if n := sweeping(t, s, began.Add(time.Hour), func(step string) { steps[step] = asked{seen.query, seen.args} }); n != inSweep {
		t.Fatalf("%d jobs were due", n)
	}
	want := map[string]string{"lease": "jobs_next"}
	if d.Dialect == sqlstore.PostgreSQL { // on SQLite the others are one by one
		want["claims"], want["finish"] = "domains_pkey", "jobs_pkey"
	}
	for step, index := range want {
		plan := explain(t, db, d.Dialect, steps[step].query, steps[step].args)
		if !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN accesssec_jobs") {
			t.Errorf("%s: want %s in\n%s", step, index, plan)
		}
	}
}
