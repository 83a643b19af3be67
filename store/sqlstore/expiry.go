package sqlstore

import (
	"context"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// DeleteExpired implements [store.Standalone].
func (s *Store) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if limit < 1 {
		return 0, store.ErrUnbounded
	}
	return alone(ctx, s, func(c conn) (int, error) {
		return do(ctx, c, func() (int, error) {
			total := 0
			for _, s := range []string{
				`DELETE FROM {docs} WHERE (org_id, kind, id) IN (SELECT org_id, kind, id FROM {docs} WHERE expires_at <= $1 LIMIT $2` + c.dialect().skipLocked() + `)`,
				`DELETE FROM {grants} WHERE (org_id, id) IN (SELECT org_id, id FROM {grants} WHERE expires_at <= $1 LIMIT $2` + c.dialect().skipLocked() + `)`,
				`DELETE FROM {sessions} WHERE hash IN (SELECT hash FROM {sessions} WHERE idle_at <= $1 LIMIT $2` + c.dialect().skipLocked() + `)`,
				`DELETE FROM {sessions} WHERE hash IN (SELECT hash FROM {sessions} WHERE end_at <= $1 LIMIT $2` + c.dialect().skipLocked() + `)`,
			} {
				if total == limit {
					break
				}
				n, err := c.exec(ctx, s, c.dialect().at(now), limit-total)
				if err != nil {
					return 0, err
				}
				total += n
			}
			return total, nil
		})
	})
}
