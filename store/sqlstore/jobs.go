package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const jobColumns = "org_id, kind, key, at, body, lease, lease_until, seq"

func scanJob(r row) (j store.Job, err error) {
	err = r.Scan(&j.OrgID, &j.Kind, &j.Key, instant{&j.At}, &j.Body, &j.Lease, instant{&j.LeaseUntil}, &j.Seq)
	return j, err
}

// jobKey is what one job is known by.
type jobKey struct{ org, kind, key string }

func keyOf(j store.Job) jobKey { return jobKey{j.OrgID, j.Kind, j.Key} }

// PutJobs implements [store.Writer].
func (t *Tx) PutJobs(ctx context.Context, jobs ...store.Job) error {
	return step(ctx, t.conn, func() error {
		for _, j := range jobs {
			if err := need("job", j.Kind, j.Key); err != nil {
				return err
			}
		}
		for _, round := range rounds(jobs, keyOf) {
			if err := t.putJobs(ctx, round); err != nil {
				return err
			}
		}
		return nil
	})
}

// putJobs puts jobs of which none is there twice.
func (c conn) putJobs(ctx context.Context, jobs []store.Job) error {
	const into = `INSERT INTO {jobs} AS j (` + jobColumns + `) `
	const moved = ` ON CONFLICT (org_id, kind, key) DO UPDATE
		SET at = excluded.at, body = excluded.body, lease = '', lease_until = NULL, seq = j.seq + 1`
	values := func(j store.Job) []any {
		return []any{j.OrgID, j.Kind, j.Key, c.dialect().at(j.At), blob(j.Body)}
	}
	if c.batches(len(jobs)) {
		in := rows{most: len(jobs)}
		for _, j := range jobs {
			in.add(values(j)...)
		}
		_, err := c.exec(ctx, batch{
			before:  into + `SELECT r.org_id, r.kind, r.key, r.at, r.body, '', NULL, 1 FROM`,
			columns: []string{"org_id text", "kind text", "key text", "at timestamptz", "body bytea"},
			after:   moved,
		}.String(), in.args()...)
		return err
	}
	for _, j := range jobs {
		if _, err := c.exec(ctx, into+`VALUES ($1, $2, $3, $4, $5, '', NULL, 1)`+moved, values(j)...); err != nil {
			return err
		}
	}
	return nil
}

// FinishJobs implements [store.Writer].
func (t *Tx) FinishJobs(ctx context.Context, done ...store.JobDone) (int, error) {
	return do(ctx, t.conn, func() (int, error) {
		if err := t.queue(ctx, len(done)); err != nil {
			return 0, err
		}
		stale := 0
		for _, round := range rounds(done, func(f store.JobDone) jobKey { return keyOf(f.Job) }) {
			n, err := t.finishJobs(ctx, round)
			if err != nil {
				return 0, err
			}
			stale += len(round) - n
		}
		return stale, nil
	})
}

// finishJobs ends the leases of jobs of which none is there twice, and counts those that
// were still held.
func (c conn) finishJobs(ctx context.Context, done []store.JobDone) (int, error) {
	over, back := rows{most: len(done)}, rows{most: len(done)}
	finished := 0
	for _, f := range done {
		held := []any{f.OrgID, f.Kind, f.Key, f.Lease, f.Seq}
		next := []any{c.dialect().at(f.Next), blob(f.Body)}
		switch {
		case c.batches(len(done)) && f.Next.IsZero():
			over.add(held...)
		case c.batches(len(done)):
			back.add(append(held, next...)...)
		default:
			n, err := c.finishJob(ctx, held, next, f.Next.IsZero())
			if err != nil {
				return 0, err
			}
			finished += n
		}
	}
	const held = `WHERE j.org_id = r.org_id AND j.kind = r.kind AND j.key = r.key AND j.lease = r.lease AND r.lease <> '' AND j.seq = r.seq`
	columns := []string{"org_id text", "kind text", "key text", "lease text", "seq bigint", "at timestamptz", "body bytea"}
	if over.columns != nil {
		n, err := c.exec(ctx, batch{`DELETE FROM {jobs} AS j USING`, columns[:5], held}.String(), over.args()...)
		if err != nil {
			return 0, err
		}
		finished += n
	}
	if back.columns != nil {
		n, err := c.exec(ctx, batch{`UPDATE {jobs} AS j SET at = r.at, body = r.body, lease = '', lease_until = NULL FROM`, columns, held}.String(), back.args()...)
		if err != nil {
			return 0, err
		}
		finished += n
	}
	return finished, nil
}

// finishJob ends one lease.
func (c conn) finishJob(ctx context.Context, held, next []any, over bool) (int, error) {
	const one = ` WHERE org_id = $1 AND kind = $2 AND key = $3 AND lease = $4 AND lease <> '' AND seq = $5`
	if over {
		return c.exec(ctx, `DELETE FROM {jobs}`+one, held...)
	}
	return c.exec(ctx, `UPDATE {jobs} SET at = $6, body = $7, lease = '', lease_until = NULL`+one, append(held, next...)...)
}

// LeaseJobs implements [store.Standalone].
func (s *Store) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(q.Kinds) == 0 || q.Worker == "" {
		return nil, store.ErrUnbounded
	}
	if !q.Until.After(q.Now) {
		return nil, errors.New("sqlstore: lease that ends before it begins")
	}
	n, err := keyset.Limit(q.Limit)
	if err != nil {
		return nil, err
	}
	out, err := alone(ctx, s, func(c conn) ([]store.Job, error) {
		return do(ctx, c, func() ([]store.Job, error) {
			w := c.where()
			due := w.due(q, n)
			return all(ctx, c, scanJob, once(due)+`UPDATE {jobs} SET lease = `+w.arg(q.Worker)+`, lease_until = `+w.arg(q.Until)+`, seq = seq + 1
				WHERE `+w.d.placed("SELECT place FROM due")+` RETURNING `+jobColumns, w.args...)
		})
	})
	slices.SortFunc(out, func(a, b store.Job) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.OrgID, b.OrgID), cmp.Compare(a.Key, b.Key))
	})
	return out, err
}

// due is a query for the places of at most n jobs that are due. Each kind is asked for by
// itself: so the index has them in their order, and what is due and not among the first
// is not looked at.
func (w *where) due(q store.LeaseQuery, n int) string {
	now, limit := w.arg(q.Now), w.arg(n)
	var kinds []string
	for _, kind := range slices.Compact(slices.Sorted(slices.Values(q.Kinds))) {
		kinds = append(kinds, `SELECT * FROM (SELECT `+w.d.place()+` AS place, org_id, kind, key, at FROM {jobs} WHERE kind = `+w.arg(kind)+
			` AND at <= `+now+` AND (lease = '' OR lease_until <= `+now+`) ORDER BY at, org_id, key LIMIT `+limit+w.d.skipLocked()+`) AS k`)
	}
	return `SELECT place FROM (` + strings.Join(kinds, ` UNION ALL `) + ` ORDER BY at, kind, org_id, key LIMIT ` + limit + `) AS d`
}
