package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/store"
)

// Events reads the org's log, by Seq: q.Unsealed is ignored, since what has come
// since the last seal is sealed first, and what is read is always part of the chain.
func (a *Admin) Events(ctx context.Context, q store.AuditQuery) (store.Page[audit.Event], error) {
	if err := a.s.alone(); err != nil {
		return store.Page[audit.Event]{}, err
	}
	if err := a.allowed(ctx); err != nil {
		return store.Page[audit.Event]{}, err
	}
	return a.s.events(ctx, a.p.OrgID, q)
}

// SystemEvents reads the log of what belongs to no org: sign-ins at addresses whose
// domain nobody has claimed.
func (s *Service) SystemEvents(ctx context.Context, q store.AuditQuery) (store.Page[audit.Event], error) {
	if err := s.alone(); err != nil {
		return store.Page[audit.Event]{}, err
	}
	return s.events(ctx, "", q)
}

func (s *Service) events(ctx context.Context, orgID string, q store.AuditQuery) (store.Page[audit.Event], error) {
	var out store.Page[audit.Event]
	if err := s.seal(ctx, orgID); err != nil {
		return out, err
	}
	q.Unsealed = false
	page, err := s.store.AuditEvents(ctx, orgID, q)
	if err != nil {
		return out, err
	}
	out.Next, out.Total, out.Items = page.Next, page.Total, make([]audit.Event, len(page.Items))
	for i, e := range page.Items {
		if out.Items[i], err = audit.Decode(e); err != nil {
			return out, err
		}
	}
	return out, nil
}

// seal gives all that is new in a log its place in the chain. Several instances may
// seal at once: the head's compare-and-swap lets one of them win each round.
func (s *Service) seal(ctx context.Context, orgID string) error {
	const batch = 500
	for range 1000 {
		var before, after store.AuditHead
		err := s.upkeep(ctx, func(tx store.Tx) error {
			var err error
			if before, err = tx.AuditHead(ctx, orgID); err != nil {
				return err
			}
			after, err = audit.Seal(ctx, tx, orgID, batch)
			return err
		})
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil || after.Seq-before.Seq < batch {
			return err
		}
	}
	return errors.New("accesssec: the log grows faster than it is sealed")
}
