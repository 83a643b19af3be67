package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const jobColumns = "org_id, kind, key, at, body, lease, lease_until, seq"

func scanJob(r row) (j store.Job, err error) {
	err = r.Scan(&j.OrgID, &j.Kind, &j.Key, instant{&j.At}, &j.Body, &j.Lease, instant{&j.LeaseUntil}, &j.Seq)
	return j, err
}

// PutJobs implements [store.Writer].
func (t *Tx) PutJobs(ctx context.Context, jobs ...store.Job) error {
	return step(ctx, t.conn, func() error {
		for _, j := range jobs {
			if err := need("job", j.Kind, j.Key); err != nil {
				return err
			}
			_, err := t.exec(ctx, `INSERT INTO {jobs} AS j (`+jobColumns+`) VALUES ($1, $2, $3, $4, $5, '', NULL, 1)
				ON CONFLICT (org_id, kind, key) DO UPDATE
				SET at = excluded.at, body = excluded.body, lease = '', lease_until = NULL, seq = j.seq + 1`,
				j.OrgID, j.Kind, j.Key, t.dialect().at(j.At), blob(j.Body))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// FinishJobs implements [store.Writer].
func (t *Tx) FinishJobs(ctx context.Context, done ...store.JobDone) (int, error) {
	return do(ctx, t.conn, func() (int, error) {
		const held = ` WHERE org_id = $1 AND kind = $2 AND key = $3 AND lease = $4 AND lease <> '' AND seq = $5`
		stale := 0
		for _, f := range done {
			args := []any{f.OrgID, f.Kind, f.Key, f.Lease, f.Seq}
			s := `DELETE FROM {jobs}` + held
			if !f.Next.IsZero() {
				s = `UPDATE {jobs} SET at = $6, body = $7, lease = '', lease_until = NULL` + held
				args = append(args, t.dialect().at(f.Next), blob(f.Body))
			}
			n, err := t.exec(ctx, s, args...)
			if err != nil {
				return 0, err
			}
			stale += 1 - n
		}
		return stale, nil
	})
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
			now := w.arg(q.Now)
			w.in("kind", q.Kinds)
			w.and("at <= " + now + " AND (lease = '' OR lease_until <= " + now + ")")
			due := `SELECT org_id, kind, key FROM {jobs}` + w.String() +
				` ORDER BY at, kind, org_id, key LIMIT ` + w.arg(n) + w.d.skipLocked()
			return all(ctx, c, scanJob, once(due)+`UPDATE {jobs} SET lease = `+w.arg(q.Worker)+`, lease_until = `+w.arg(q.Until)+`, seq = seq + 1
				WHERE (org_id, kind, key) IN (SELECT org_id, kind, key FROM due) RETURNING `+jobColumns, w.args...)
		})
	})
	slices.SortFunc(out, func(a, b store.Job) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.OrgID, b.OrgID), cmp.Compare(a.Key, b.Key))
	})
	return out, err
}
