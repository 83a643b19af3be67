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
			for _, s := range []struct{ table, columns, over string }{
				{"{docs}", "org_id, kind, id", "expires_at"},
				{"{grants}", "org_id, id", "expires_at"},
				{"{sessions}", "hash", "idle_at"},
				{"{sessions}", "hash", "end_at"},
			} {
				if total == limit {
					break
				}
				due := `SELECT ` + s.columns + ` FROM ` + s.table + ` WHERE ` + s.over + ` <= $1 LIMIT $2` + c.dialect().skipLocked()
				n, err := c.exec(ctx, once(due)+`DELETE FROM `+s.table+` WHERE (`+s.columns+`) IN (SELECT `+s.columns+` FROM due)`, c.dialect().at(now), limit-total)
				if err != nil {
					return 0, err
				}
				total += n
			}
			return total, nil
		})
	})
}
