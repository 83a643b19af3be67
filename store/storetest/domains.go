package storetest

import (
	"context"

	"github.com/accesssec/accesssec-go/store"
)

func domainRecord() record[store.Domain] {
	return record[store.Domain]{
		// Each in an org of its own, so that what is unique is so across orgs.
		make: func(subject, string) store.Domain { return aDomain(newID("org")) },
		create: func(ctx context.Context, tx store.Tx, m store.Domain) error {
			return tx.CreateDomain(ctx, m)
		},
		update: func(ctx context.Context, tx store.Tx, m store.Domain) error {
			return tx.UpdateDomains(ctx, m)
		},
		read: func(ctx context.Context, r store.Reader, m store.Domain) (store.Domain, error) {
			return r.Domain(ctx, m.OrgID, m.ID)
		},
		remove: func(ctx context.Context, tx store.Tx, m store.Domain) error {
			return tx.DeleteDomain(ctx, m.OrgID, m.ID)
		},
		version:  func(m *store.Domain) *int64 { return &m.Version },
		change:   func(m *store.Domain) { m.Status, m.Claim = store.DomainMissing, []byte("{}") },
		scribble: func(m *store.Domain) { m.Claim[0] = 'X' },
		blank:    func(m *store.Domain) { m.ID = "" },
		unique: map[string]func(a, b *store.Domain){
			"Verified": func(a, b *store.Domain) { b.Name = a.Name },
			"Missing":  func(a, b *store.Domain) { b.Name, b.Status = a.Name, store.DomainMissing },
		},
		free: map[string]func(a, b *store.Domain){
			"Pending":    func(a, b *store.Domain) { b.Name, b.Status = a.Name, store.DomainPending },
			"Unverified": func(a, b *store.Domain) { b.Name, b.Status = a.Name, store.DomainUnverified },
			"Released":   func(a, b *store.Domain) { b.Name, b.Status = a.Name, store.DomainReleased },
			"Name":       func(a, b *store.Domain) { b.OrgID, b.ID = newID("org"), a.ID },
		},
	}
}

func testDomains(s subject) {
	domainRecord().test(s)
	s.run("OneClaimOnANamePerOrg", func(s subject) {
		a, b := aDomain(newID("org")), aDomain(newID("org"))
		b.OrgID = a.OrgID
		s.must(func(tx store.Tx) error {
			s.want("CreateDomain", tx.CreateDomain(s.Context(), a), nil)
			return tx.CreateDomain(s.Context(), b)
		})
		for _, status := range []string{store.DomainPending, store.DomainUnverified, store.DomainReleased, store.DomainVerified} {
			again := aDomain(a.OrgID)
			again.Name, again.Status = a.Name, status
			s.refuse("create with the name of another", store.ErrExists, func(tx store.Tx) error {
				return tx.CreateDomain(s.Context(), again)
			})
			renamed := b
			renamed.Name, renamed.Status, renamed.Version = a.Name, status, 1
			s.refuse("update to the name of another", store.ErrExists, func(tx store.Tx) error {
				return tx.UpdateDomains(s.Context(), renamed)
			})
		}
	})
	s.run("ByName", func(s subject) {
		name, other := newID("name")+".example.com", newID("name")+".example.com"
		var counted []store.Domain
		s.must(func(tx store.Tx) error {
			counted = nil
			for _, status := range []string{
				store.DomainPending, store.DomainVerified, store.DomainUnverified, store.DomainReleased,
			} {
				m := aDomain(newID("org"))
				m.Name, m.Status = name, status
				if err := tx.CreateDomain(s.Context(), m); err != nil {
					return err
				}
				m.Version = 1
				if status == store.DomainVerified || status == store.DomainUnverified {
					counted = append(counted, m)
				}
			}
			m := aDomain(newID("org"))
			m.Name, m.Status = other, store.DomainMissing
			if err := tx.CreateDomain(s.Context(), m); err != nil {
				return err
			}
			m.Version = 1
			counted = append(counted, m)
			return nil
		})
		got, err := s.DomainsByName(s.Context(), []string{other, newID("none"), name, name})
		s.want("DomainsByName", err, nil)
		if len(got) != len(counted) {
			s.Errorf("%d claims, want %d", len(got), len(counted))
		}
		for _, m := range counted {
			found := false
			for _, g := range got {
				if g.OrgID == m.OrgID {
					found = true
					s.same("claim", g, m)
				}
			}
			if !found {
				s.Errorf("the %s claim is not there", m.Status)
			}
		}
		none, err := s.DomainsByName(s.Context(), []string{newID("none")})
		s.want("DomainsByName of a free name", err, nil)
		if len(none) != 0 {
			s.Errorf("a free name has claims: %v", none)
		}
		_, err = s.DomainsByName(s.Context(), nil)
		s.want("DomainsByName of no names", err, store.ErrUnbounded)
	})
	s.run("NameChangesHandsWithoutAGap", testNameChangesHands)
	s.run("OneOfManyOrgsVerifies", func(s subject) {
		name := newID("name") + ".example.com"
		claims := make([]store.Domain, 50)
		s.must(func(tx store.Tx) error {
			for i := range claims {
				claims[i] = aDomain(newID("org"))
				claims[i].Name, claims[i].Status = name, store.DomainPending
				if err := tx.CreateDomain(s.Context(), claims[i]); err != nil {
					return err
				}
				claims[i].Version = 1
			}
			return nil
		})
		s.oneWins(len(claims), func(ctx context.Context, i int) error {
			m := claims[i]
			m.Status = store.DomainVerified
			return s.RunInTx(ctx, func(tx store.Tx) error { return tx.UpdateDomains(ctx, m) })
		})
		got, err := s.DomainsByName(s.Context(), []string{name})
		s.want("DomainsByName", err, nil)
		if len(got) != 1 {
			s.Errorf("%d orgs hold the name, want one", len(got))
		}
	})
}

// testNameChangesHands: a name goes from org to org and back, each time in one transaction,
// and whoever looks meanwhile finds one that holds it, never none and never two.
func testNameChangesHands(s subject) {
	name := newID("name") + ".example.com"
	ends := [2]store.Domain{aDomain(newID("org")), aDomain(newID("org"))}
	s.must(func(tx store.Tx) error {
		for i, status := range []string{store.DomainVerified, store.DomainReleased} {
			ends[i].Name, ends[i].Status = name, status
			if err := tx.CreateDomain(s.Context(), ends[i]); err != nil {
				return err
			}
		}
		return nil
	})
	const moves, readers = 20, 4
	s.race(1+readers, func(ctx context.Context, who int) error {
		for i := range moves {
			if who > 0 {
				got, err := s.DomainsByName(ctx, []string{name})
				if err == nil && len(got) != 1 {
					s.Errorf("%d hold the name, want one", len(got))
				}
				if err != nil {
					return err
				}
				continue
			}
			from, to := ends[i%2], ends[1-i%2]
			from.Status, to.Status = store.DomainReleased, store.DomainVerified
			from.Version, to.Version = int64(i+1), int64(i+1)
			err := s.RunInTx(ctx, func(tx store.Tx) error { return tx.UpdateDomains(ctx, from, to) })
			s.want("move", err, nil)
		}
		return nil
	})
}
