package sqltest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// changes make a store write what a login writes, by the same calls.
type changes struct {
	b     *testing.B
	store store.Store
	ready []string // keys of requests that can be taken
}

var began = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// newChanges makes the org, the claim, the connection and the person that a login reads.
func newChanges(b *testing.B, s store.Store) *changes {
	b.Helper()
	ctx := b.Context()
	must(b, s.RunInTx(ctx, func(tx store.Tx) error {
		for _, err := range []error{
			tx.CreateOrg(ctx, store.Org{ID: "org-1", Name: "Acme", Access: make([]byte, 300), CreatedAt: began}),
			tx.CreateDomain(ctx, store.Domain{OrgID: "org-1", ID: "dom-1", Name: "example.com", Status: store.DomainVerified, Claim: make([]byte, 300)}),
			tx.CreateUser(ctx, store.User{ID: "usr-1", Address: ann, AddressKey: ann, CreatedAt: began}),
			tx.PutMembership(ctx, store.Membership{OrgID: "org-1", UserID: "usr-1", Role: "member", JoinedAt: began}),
			tx.PutDocs(ctx,
				store.Doc{Kind: "connection", OrgID: "org-1", ID: "con-1", Key: "con-1", At: began, Body: make([]byte, 3000)},
				store.Doc{Kind: "subject", OrgID: "org-1", ID: "sub-1", Key: "subject-key", Owner: "usr-1", At: began, Body: make([]byte, 100)}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	}))
	return &changes{b: b, store: s}
}

// prepare makes n requests that are pending, as StartSSO does in a transaction before.
func (c *changes) prepare(n int) {
	c.b.Helper()
	for n > 0 {
		docs := make([]store.Doc, min(n, 200))
		for i := range docs {
			key := rand.Text()
			docs[i] = store.Doc{Kind: "request", OrgID: "org-1", ID: key, Key: key, At: began, ExpiresAt: began.Add(time.Hour), Body: make([]byte, 300)}
			c.ready = append(c.ready, key)
		}
		must(c.b, c.store.RunInTx(c.b.Context(), func(tx store.Tx) error { return tx.PutDocs(c.b.Context(), docs...) }))
		n -= len(docs)
	}
}

// login is one change: six reads, and the writes of a login by single sign-on, with the
// event it owes or without.
func (c *changes) login(event bool) {
	ctx := c.b.Context()
	key := c.ready[len(c.ready)-1]
	c.ready = c.ready[:len(c.ready)-1]
	id := rand.Text()
	var hash store.Hash
	rand.Read(hash[:])
	must(c.b, c.store.RunInTx(ctx, func(tx store.Tx) error {
		if _, err := tx.DocByKey(ctx, "connection", "con-1"); err != nil {
			return err
		}
		if _, err := tx.TakeDoc(ctx, "request", key); err != nil {
			return err
		}
		if err := tx.PutDocs(ctx, store.Doc{Kind: "assertion", OrgID: "org-1", ID: id, At: began, ExpiresAt: began.Add(time.Hour)}); err != nil {
			return err
		}
		if _, err := tx.DomainsByName(ctx, []string{"example.com", "com"}); err != nil {
			return err
		}
		if _, err := tx.Org(ctx, "org-1"); err != nil {
			return err
		}
		u, err := tx.UserByAddress(ctx, ann)
		if err != nil {
			return err
		}
		m, err := tx.Membership(ctx, "org-1", u.ID)
		if err != nil {
			return err
		}
		if _, err := tx.DocByKey(ctx, "subject", "subject-key"); err != nil {
			return err
		}
		u.FirstName = id
		if err := tx.UpdateUser(ctx, u); err != nil {
			return err
		}
		if err := tx.CreateSession(ctx, session(id, hash, m.Role)); err != nil {
			return err
		}
		if !event {
			return nil
		}
		return tx.AddAudit(ctx, store.AuditEvent{OrgID: "org-1", ID: "evt-" + id, At: began, Type: "session.created", Actor: u.ID, Target: "ses-" + id,
			Outcome: "success", Body: make([]byte, 600), Personal: make([]byte, 300)})
	}))
}

func session(id string, hash store.Hash, role string) store.Session {
	return store.Session{Hash: hash, ID: "ses-" + id, UserID: "usr-1", OrgID: "org-1", ConnectionID: "con-1", Role: role, Methods: []string{"sso"},
		IP: "192.0.2.1", Agent: "Mozilla/5.0 (X11; Linux x86_64)", CreatedAt: began, SeenAt: began, IdleAt: began.Add(time.Hour), EndAt: began.Add(12 * time.Hour)}
}

// LoginChanges are the two alone: what a change like that of a login costs, with its
// event and without.
func LoginChanges(b *testing.B, d Database) {
	for _, event := range []bool{false, true} {
		b.Run(fmt.Sprintf("event=%v", event), func(b *testing.B) {
			b.ReportAllocs()
			c := newChanges(b, d.emptied(b))
			c.prepare(b.N + 1)
			c.login(event) // prepares statements
			b.ResetTimer()
			for range b.N {
				c.login(event)
			}
		})
	}
}

// EventCost says what share the event has: the ratio of the medians of seven rounds, in
// which a login with it and one without take turns. One run is enough (-benchtime=1x).
func EventCost(b *testing.B, d Database) {
	c := newChanges(b, d.emptied(b))
	c.prepare(2)
	c.login(false)
	c.login(true)
	takeTurns(b, "with/without", func() { c.prepare(2 * inRound) }, [2]func(){func() { c.login(false) }, func() { c.login(true) }})
}

const inRound = 300

// takeTurns reports the ratio of the second to the first: of the medians of seven rounds,
// where a round counts as its median. Whatever else the machine does meets both alike.
func takeTurns(b *testing.B, unit string, before func(), pair [2]func()) {
	b.Helper()
	takeTurnsOf(b, inRound, unit, before, pair)
}

// takeTurnsOf is takeTurns with so many turns in a round: few, of what takes long.
func takeTurnsOf(b *testing.B, turns int, unit string, before func(), pair [2]func()) {
	b.Helper()
	var rounds [2][]time.Duration
	for range 7 {
		before()
		var took [2][]time.Duration
		for n := range turns {
			for _, i := range []int{n % 2, 1 - n%2} { // neither is always the first
				start := time.Now()
				pair[i]()
				took[i] = append(took[i], time.Since(start))
			}
		}
		for i := range pair {
			rounds[i] = append(rounds[i], median(took[i]))
		}
	}
	b.ReportMetric(float64(median(rounds[1]))/float64(median(rounds[0])), unit)
	b.ReportMetric(float64(median(rounds[1]).Microseconds()), "µs")
	b.ReportMetric(0, "ns/op") // is of all rounds, and says nothing
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

// emptied is a store on d with nothing in it.
func (d Database) emptied(b *testing.B) store.Store {
	b.Helper()
	s := d.Store(b)
	db := d.Pool(b)
	for _, statement := range d.emptying(b, db) {
		_, err := db.ExecContext(b.Context(), statement)
		must(b, err)
	}
	return s
}
