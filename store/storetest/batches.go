package storetest

import (
	"context"
	"fmt"

	"github.com/accesssec/accesssec-go/store"
)

// inBatch is as many records as a sweep writes at once.
const inBatch = 500

// testBatches holds for the methods that take many records: what comes of them is what
// comes of one after another, or nothing.
func testBatches(s subject) {
	s.run("ClaimsAllOrNone", testClaimsAllOrNone)
	few(s, "ClaimsTwice", testClaimsTwice)
	few(s, "ClaimsMoveNames", testClaimsMoveNames)
	s.run("ManyClaims", testManyClaims)
	s.run("OneHoldsAName", testOneHoldsAName)
	few(s, "DocsInOrder", testDocsInOrder)
	s.run("ManyDocs", testManyDocs)
	s.run("ManyJobs", testManyJobs)
	few(s, "JobsTwice", testJobsTwice)
}

// few runs a case about few records alone, and with others beside them that nothing
// happens to: a store may write many in another way than few.
func few(s subject, name string, fn func(s subject, others int)) {
	s.run(name, func(s subject) { fn(s, 0) })
	s.run(name+"AmongMany", func(s subject) { fn(s, 40) })
}

// odd are texts that a list of them could be cut at.
func odd(i int) string {
	return []string{"", "NULL", "null", `"`, `\`, `\\x00`, ",", "{}", "{a,b}", "'", "a b", "\n", "é\U0001f600", "$1", "?"}[i%15]
}

// withClaims stores n claims, each of an org of its own, and returns them as stored.
func (s subject) withClaims(n int, status string) []store.Domain {
	s.Helper()
	out := make([]store.Domain, n)
	s.must(func(tx store.Tx) error {
		for i := range out {
			d := aDomain(newID("org"))
			d.ID, d.Name, d.Status = d.ID+odd(i), odd(i)+d.Name, status
			if err := tx.CreateDomain(s.Context(), d); err != nil {
				return err
			}
			d.Version = 1
			out[i] = d
		}
		return nil
	})
	return out
}

// claims checks that these are stored as they are here.
func (s subject) claims(what string, want ...store.Domain) {
	s.Helper()
	for _, d := range want {
		got, err := s.Domain(s.Context(), d.OrgID, d.ID)
		s.want(what, err, nil)
		s.same(what, got, d)
	}
}

func testClaimsAllOrNone(s subject) {
	was := s.withClaims(40, store.DomainVerified)
	for name, c := range map[string]struct {
		spoil  func(d *store.Domain)
		target error
	}{
		"a version that was": {func(d *store.Domain) { d.Version = 7 }, store.ErrConflict},
		"no version":         {func(d *store.Domain) { d.Version = 0 }, store.ErrConflict},
		"an id of no claim":  {func(d *store.Domain) { d.ID = newID("dom") }, store.ErrNotFound},
		"another org":        {func(d *store.Domain) { d.OrgID = was[1].OrgID }, store.ErrNotFound},
		"a name that is held": {
			func(d *store.Domain) { d.Name = was[len(was)-1].Name }, store.ErrExists},
	} {
		for _, at := range []int{0, 20, 38} {
			next := append([]store.Domain{}, was...)
			for i := range next {
				next[i].Claim = []byte(odd(i))
			}
			c.spoil(&next[at])
			err := s.do(func(tx store.Tx) error {
				err := tx.UpdateDomains(s.Context(), next...)
				s.want(name, err, c.target)
				if c.target == store.ErrExists {
					return err
				}
				for _, d := range was { // the transaction goes on, and nothing has changed
					got, err := tx.Domain(s.Context(), d.OrgID, d.ID)
					s.want(name, err, nil)
					s.same(name, got, d)
				}
				return nil
			})
			if c.target != store.ErrExists {
				s.want(name, err, nil)
			}
			s.claims(name, was...)
		}
	}
	both := append([]store.Domain{}, was...)
	both[3].ID, both[9].Version = newID("dom"), 7
	s.refuse("the first that fails says how", store.ErrNotFound, func(tx store.Tx) error {
		return tx.UpdateDomains(s.Context(), both...)
	})
	both[3], both[33].ID = was[3], newID("dom")
	s.refuse("the first that fails says how", store.ErrConflict, func(tx store.Tx) error {
		return tx.UpdateDomains(s.Context(), both...)
	})
	s.must(func(tx store.Tx) error { return tx.UpdateDomains(s.Context()) })
	s.claims("after all that", was...)
}

func testClaimsTwice(s subject, others int) {
	was := s.withClaims(3+others, store.DomainVerified)
	again := append(append([]store.Domain{}, was...), was[1])
	last := len(again) - 1
	s.refuse("twice by one Version", store.ErrConflict, func(tx store.Tx) error {
		return tx.UpdateDomains(s.Context(), again...)
	})
	s.claims("twice by one Version", was...)
	again[last].Version, again[last].Claim = 2, []byte("the second")
	s.must(func(tx store.Tx) error { return tx.UpdateDomains(s.Context(), again...) })
	for i := range was {
		was[i].Version = 2
	}
	was[1] = again[last]
	was[1].Version = 3
	s.claims("twice in turn", was...)
}

func testClaimsMoveNames(s subject, others int) {
	held := s.withClaims(2+others, store.DomainVerified)
	rival := aDomain(newID("org"))
	rival.Name, rival.Status = held[0].Name, store.DomainPending
	s.must(func(tx store.Tx) error { return tx.CreateDomain(s.Context(), rival) })
	rival.Version = 1
	all := append([]store.Domain{rival}, held...)
	gone, wins := held[0], rival
	gone.Status, wins.Status = store.DomainReleased, store.DomainVerified

	early := append(append([]store.Domain{wins}, held[1:]...), gone)
	s.refuse("taken before it is given up", store.ErrExists, func(tx store.Tx) error {
		return tx.UpdateDomains(s.Context(), early...)
	})
	s.claims("taken before it is given up", all...)
	swap := append([]store.Domain{}, held...)
	swap[0].Name, swap[1].Name = swap[1].Name, swap[0].Name
	s.refuse("two that swap their names", store.ErrExists, func(tx store.Tx) error {
		return tx.UpdateDomains(s.Context(), swap...)
	})
	s.claims("two that swap their names", all...)

	late := append(append([]store.Domain{gone}, held[1:]...), wins)
	s.must(func(tx store.Tx) error { return tx.UpdateDomains(s.Context(), late...) })
	for i := range late {
		late[i].Version = 2
	}
	s.claims("given up before it is taken", late...)
	got, err := s.DomainsByName(s.Context(), []string{wins.Name})
	s.want("DomainsByName", err, nil)
	s.same("who holds it", got, late[len(late)-1:])
}

// testManyClaims is a sweep's batch: most stay as they are, some change their state, a few
// their name.
func testManyClaims(s subject) {
	ds := s.withClaims(inBatch, store.DomainVerified)
	for i := range ds {
		ds[i].Claim = []byte(fmt.Sprintf("%d\x00\xff\\\"{,}%s", i, odd(i)))
		switch i % 10 {
		case 3:
			ds[i].Status = store.DomainMissing
		case 5:
			ds[i].Status = store.DomainUnverified
		case 7:
			ds[i].Name = newID("name")
		case 9:
			ds[i].Claim = nil
		}
	}
	s.must(func(tx store.Tx) error { return tx.UpdateDomains(s.Context(), ds...) })
	for i := range ds {
		ds[i].Version = 2
	}
	s.claims("after one batch", ds...)
	for i := range ds {
		ds[i].Status = store.DomainVerified
	}
	s.must(func(tx store.Tx) error { return tx.UpdateDomains(s.Context(), ds...) })
	for i := range ds {
		ds[i].Version = 3
	}
	s.claims("after another", ds...)
}

// testOneHoldsAName lets batches and single updates verify claims on one name.
func testOneHoldsAName(s subject) {
	const rivals = 8
	name := newID("name") + ".example.com"
	others := make([][]store.Domain, rivals)
	for i := range others {
		others[i] = s.withClaims(12, store.DomainVerified)
		mine := aDomain(newID("org"))
		mine.Name, mine.Status = name, store.DomainPending
		s.must(func(tx store.Tx) error { return tx.CreateDomain(s.Context(), mine) })
		mine.Version = 1
		if i%2 == 0 {
			others[i][4] = mine
		} else {
			others[i] = []store.Domain{mine}
		}
	}
	s.oneWins(rivals, func(ctx context.Context, i int) error {
		next := append([]store.Domain{}, others[i]...)
		for n := range next {
			next[n].Status, next[n].Claim = store.DomainVerified, []byte("won")
		}
		return s.RunInTx(ctx, func(tx store.Tx) error { return tx.UpdateDomains(ctx, next...) })
	})
	holders, err := s.DomainsByName(s.Context(), []string{name})
	s.want("DomainsByName", err, nil)
	if len(holders) != 1 {
		s.Fatalf("%d orgs hold the name, want one", len(holders))
	}
	for _, batch := range others {
		won := false
		for _, d := range batch {
			won = won || d.OrgID == holders[0].OrgID
		}
		for _, d := range batch {
			if won {
				d.Status, d.Claim, d.Version = store.DomainVerified, []byte("won"), 2
			}
			s.claims("of a batch that came whole or not at all", d)
		}
	}
}
