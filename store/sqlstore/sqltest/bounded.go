package sqltest

import (
	"fmt"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// LimitsHold asks for a few of many when the database has counted its rows while there
// were none, as it will of tables that are mostly empty: PostgreSQL may then look for what
// is due once for each row, lock others each time, and take them all.
func LimitsHold(t *testing.T, d Database) {
	const many, few = 40, 8
	db := d.Pool(t)
	s := d.StoreOn(t, db)
	ctx := t.Context()
	put := func() {
		t.Helper()
		must(t, s.RunInTx(ctx, func(tx store.Tx) error {
			jobs, docs := make([]store.Job, many), make([]store.Doc, many)
			for i := range many {
				id := fmt.Sprintf("n%02d", i)
				jobs[i] = store.Job{Kind: "notice", OrgID: "org-1", Key: id, At: began}
				docs[i] = store.Doc{Kind: "request", OrgID: "org-1", ID: id, At: began, ExpiresAt: began}
				if err := tx.CreateSession(ctx, session(id, store.Hash{byte(i), 1}, "member")); err != nil {
					return err
				}
				if err := tx.PutGrant(ctx, store.Grant{OrgID: "org-1", ID: id, Subject: "usr-1", CreatedAt: began, ExpiresAt: began}); err != nil {
					return err
				}
			}
			if err := tx.PutDocs(ctx, docs...); err != nil {
				return err
			}
			return tx.PutJobs(ctx, jobs...)
		}))
	}
	put()
	for _, statement := range append(d.emptying(t, db), "ANALYZE") {
		_, err := db.ExecContext(ctx, statement)
		must(t, err)
	}
	put()
	leased := map[string]bool{}
	for range many / few {
		jobs, err := s.LeaseJobs(ctx, store.LeaseQuery{Kinds: []string{"notice"}, Worker: "w", Now: began, Until: began.Add(time.Minute), Limit: few})
		must(t, err)
		if len(jobs) != few {
			t.Errorf("%d jobs are leased, want %d", len(jobs), few)
		}
		for _, j := range jobs {
			if leased[j.Key] {
				t.Errorf("%s is leased twice", j.Key)
			}
			leased[j.Key] = true
		}
	}
	over := began.Add(24 * time.Hour)
	for range 3 * many / few { // docs, grants and sessions
		n, err := s.DeleteExpired(ctx, over, few)
		must(t, err)
		if n != few {
			t.Errorf("%d are deleted, want %d", n, few)
		}
	}
	if n, err := s.DeleteExpired(ctx, over, few); err != nil || n != 0 {
		t.Errorf("%d are left, %v", n, err)
	}
}
