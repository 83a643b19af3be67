package memory

import (
	"context"
	"iter"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// DeleteExpired implements [store.Standalone].
func (s *Store) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return commit(ctx, s, func(t *tx) (int, error) {
		if limit < 1 {
			return 0, store.ErrUnbounded
		}
		d := t.data
		docs := atMost(d.docs.all(), limit, func(m *store.Doc) bool { return over(m.ExpiresAt, now) })
		limit -= len(docs)
		grants := atMost(d.grants.all(), limit, func(g *store.Grant) bool { return over(g.ExpiresAt, now) })
		limit -= len(grants)
		// A session has no "never": both of its ends are instants.
		sessions := atMost(d.sessions.all(), limit, func(s *store.Session) bool {
			return !now.Before(s.IdleAt) || !now.Before(s.EndAt)
		})
		for _, m := range docs {
			d.docs.delete(&t.log, m)
		}
		for _, g := range grants {
			d.grants.delete(&t.log, g)
		}
		for _, s := range sessions {
			d.sessions.delete(&t.log, s)
		}
		return len(docs) + len(grants) + len(sessions), nil
	})
}

// over reports whether an instant, where zero is never, has come by now.
func over(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// atMost gathers up to n rows that are ok.
func atMost[V any](rows iter.Seq[V], n int, ok func(V) bool) []V {
	var out []V
	for v := range rows {
		if len(out) >= n {
			break
		}
		if ok(v) {
			out = append(out, v)
		}
	}
	return out
}
