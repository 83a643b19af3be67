package memory

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type jobKey struct{ kind, org, key string }

type jobs struct {
	table[jobKey, store.Job]
	byKind *group[string, store.Job]
	byOrg  *group[string, store.Job]
}

func newJobs() jobs {
	byKind := newGroup(func(j *store.Job) (string, bool) { return j.Kind, true })
	byOrg := newGroup(func(j *store.Job) (string, bool) { return j.OrgID, true })
	return jobs{
		table:  newTable(keyOfJob, nil, byKind, byOrg),
		byKind: byKind,
		byOrg:  byOrg,
	}
}

func keyOfJob(j *store.Job) jobKey { return jobKey{j.Kind, j.OrgID, j.Key} }

func (t *jobs) deleteOrg(log *undo, org string) {
	for _, j := range t.byOrg.take(org) {
		t.delete(log, j)
	}
}

func copyJob(j *store.Job) store.Job {
	c := *j
	c.At = instant(j.At)
	c.Body = bytes.Clone(j.Body)
	c.LeaseUntil = instant(j.LeaseUntil)
	return c
}

func (t *tx) PutJobs(ctx context.Context, jobs ...store.Job) error {
	return t.write(ctx, func(d *data, log *undo) error {
		for _, j := range jobs {
			if err := need("job", j.Kind, j.Key); err != nil {
				return err
			}
			row := store.Job{Kind: j.Kind, OrgID: j.OrgID, Key: j.Key, At: instant(j.At), Body: bytes.Clone(j.Body), Seq: 1}
			if old, ok := d.jobs.get(keyOfJob(&j)); ok {
				row.Seq = old.Seq + 1
			}
			if err := d.jobs.put(log, &row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) FinishJobs(ctx context.Context, done ...store.JobDone) (int, error) {
	return count(ctx, t, func(d *data, log *undo) (int, error) {
		stale := 0
		for _, f := range done {
			old, ok := d.jobs.get(keyOfJob(&f.Job))
			if !ok || old.Lease == "" || old.Lease != f.Lease || old.Seq != f.Seq {
				stale++
				continue
			}
			if f.Next.IsZero() {
				d.jobs.delete(log, old)
				continue
			}
			row := copyJob(old)
			row.At, row.Body = instant(f.Next), bytes.Clone(f.Body)
			row.Lease, row.LeaseUntil = "", time.Time{}
			if err := d.jobs.put(log, &row); err != nil {
				return 0, err
			}
		}
		return stale, nil
	})
}

// LeaseJobs implements [store.Standalone].
func (s *Store) LeaseJobs(ctx context.Context, q store.LeaseQuery) ([]store.Job, error) {
	return commit(ctx, s, func(t *tx) ([]store.Job, error) {
		if len(q.Kinds) == 0 || q.Worker == "" {
			return nil, store.ErrUnbounded
		}
		if !q.Until.After(q.Now) {
			return nil, errors.New("memory: lease that ends before it begins")
		}
		n, err := keyset.Limit(q.Limit)
		if err != nil {
			return nil, err
		}
		due := []*store.Job{}
		for j := range t.data.jobs.byKind.any(q.Kinds) {
			if !j.At.After(q.Now) && (j.Lease == "" || !j.LeaseUntil.After(q.Now)) {
				due = append(due, j)
			}
		}
		slices.SortFunc(due, func(a, b *store.Job) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.OrgID, b.OrgID), cmp.Compare(a.Key, b.Key))
		})
		out := []store.Job{}
		for _, j := range due[:min(n, len(due))] {
			row := copyJob(j)
			row.Lease, row.LeaseUntil = q.Worker, instant(q.Until)
			row.Seq++
			if err := t.data.jobs.put(&t.log, &row); err != nil {
				return nil, err
			}
			out = append(out, copyJob(&row))
		}
		return out, nil
	})
}
