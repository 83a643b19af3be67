package storetest

import (
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// testExpiry works in 1990, where no other test keeps anything, and is one case: two
// that delete what is expired would delete it for each other.
func testExpiry(s subject) {
	past := func(n int) time.Time { return time.Date(1990, 1, 1+n, 0, 0, 0, 0, time.UTC) }
	// An earlier run that was cut off may have left some.
	_, err := s.DeleteExpired(s.Context(), past(10), 1_000_000)
	s.want("DeleteExpired", err, nil)

	org, kind := s.withOrg(), newKind()
	docs := map[string]time.Time{"over": past(1), "over now": past(2), "lasts": past(3), "never": {}}
	grants := map[string]time.Time{"over": past(1), "over now": past(2), "lasts": past(3), "never": {}}
	sessions := map[string][2]time.Time{
		"idle": {past(1), past(9)}, "idle now": {past(2), past(9)}, "lasts": {past(3), past(3)},
		"ended": {past(9), past(1)}, "ended now": {past(9), past(2)},
	}
	hashes := map[string]store.Hash{}
	s.must(func(tx store.Tx) error {
		var err error
		for id, at := range docs {
			m := aDoc(kind, org)
			m.ID, m.ExpiresAt = id, at
			err = errors.Join(err, tx.PutDocs(s.Context(), m))
		}
		for id, at := range grants {
			g := aGrant(org)
			g.ID, g.ExpiresAt = id, at
			err = errors.Join(err, tx.PutGrant(s.Context(), g))
		}
		for id, at := range sessions {
			x := aSession(org)
			x.IdleAt, x.EndAt, hashes[id] = at[0], at[1], x.Hash
			err = errors.Join(err, tx.CreateSession(s.Context(), x))
		}
		return err
	})
	left := func() int {
		d, err := s.Docs(s.Context(), kind, org, store.DocQuery{})
		s.want("Docs", err, nil)
		g, err := s.Grants(s.Context(), org, store.GrantQuery{})
		s.want("Grants", err, nil)
		x, err := s.Sessions(s.Context(), store.SessionQuery{OrgID: org})
		s.want("Sessions", err, nil)
		return len(d.Items) + len(g.Items) + len(x.Items)
	}
	const all, expired = 13, 8
	_, err = s.DeleteExpired(s.Context(), past(2), 0)
	s.want("no limit", err, store.ErrUnbounded)
	if n := left(); n != all {
		s.Fatalf("%d records, want %d", n, all)
	}
	n, err := s.DeleteExpired(s.Context(), past(2), 3)
	s.want("DeleteExpired", err, nil)
	if n != 3 || left() != all-3 {
		s.Errorf("deleted %d and left %d, want 3 and %d", n, left(), all-3)
	}
	n, err = s.DeleteExpired(s.Context(), past(2), 1000)
	s.want("DeleteExpired", err, nil)
	if n != expired-3 || left() != all-expired {
		s.Errorf("deleted %d and left %d, want %d and %d", n, left(), expired-3, all-expired)
	}
	for _, id := range []string{"lasts", "never"} {
		_, err := s.Doc(s.Context(), kind, org, id)
		s.want("doc "+id, err, nil)
	}
	_, err = s.SessionByHash(s.Context(), hashes["lasts"])
	s.want("session", err, nil)
	s.must(func(tx store.Tx) error { return tx.DeleteOrg(s.Context(), org) })
}
