package flowtest

import (
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// addressFollowFlows: whom an identity provider calls by the same name as before has the address
// that it says by now.
func addressFollowFlows(t *testing.T, open func(*testing.T) store.Store) {
	flows := map[string]flow{
		"who has married":             followMarried,
		"ten answers at once":         followRace,
		"an invitation waits there":   followInvited,
		"a login that is refused":     followUndone,
		"a member of a linked org":    followLinked,
		"the name is the old address": followOldName,
	}
	for name, tc := range followRefused() {
		flows["not "+name] = tc.run
	}
	each(t, open, flows)
}

const followNew = "anna@example.com"

// married is an org whose identity provider knows Ann by another name than her address, and her
// session there.
func married(w *world) (*post, *customer, *accesssec.Entered) {
	w.t.Helper()
	p := w.watched()
	acme := withAnn(w)
	return p, acme, acme.signIn(samltest.Person{NameID: "u-ann", Email: "ann@example.com"})
}

// asAnn signs in as NameID u-ann, with that address.
func (c *customer) asAnn(address string) (accesssec.Step, error) {
	c.w.t.Helper()
	l := c.start()
	return l.finish(l.answer(samltest.Person{NameID: "u-ann", Email: address}))
}

func followMarried(t *testing.T, w *world) {
	p, acme, in := married(w)
	before, _ := w.user("ann@example.com")
	p.takes(w)
	for range 2 { // the second time nothing is new
		if got := must1(acme.asAnn("Anna@example.com")).Entered.Principal; got.UserID != before.ID || got.OrgID != acme.owner.OrgID {
			t.Fatalf("in as %+v", got)
		}
	}
	u, there := w.user(followNew)
	if _, old := w.user("ann@example.com"); !there || old || u.ID != before.ID || u.Address != "Anna@example.com" || u.Password != before.Password {
		t.Errorf("left %+v, and the old address: %v", u, old)
	}
	if entry := acme.entryOf(followNew); entry.UserID != u.ID || entry.Name != "Anna@example.com" {
		t.Errorf("the directory has %+v", entry)
	}
	w.alive(in, true)
	if _, err := w.byPassword("ann@example.com", right); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("by the old address: %v", err)
	}
	must1(w.byPassword(followNew, right))
	events := acme.events(audit.UserAddressChanged)
	if len(events) != 1 || len(events[0].Changes) != 1 || !events[0].Changes[0].Personal || factsOf(events[0])["connection"] != acme.conn.ID {
		t.Errorf("the log has %+v", events)
	}
	got := p.takes(w)
	if len(got) != 2 || got[0].Template != accesssec.TemplateAddressChanged || got[0].To == got[1].To {
		t.Errorf("told %+v", got)
	}
	// The old address is free: for somebody else, and not for Ann's name.
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	other := acme.signIn(samltest.Person{NameID: "u-other", Email: "ann@example.com"})
	if other.Principal.UserID == u.ID {
		t.Error("somebody else is Ann")
	}
	_, err := acme.asAnn("ann@example.com")
	acme.refuses(err, accesssec.CodeSubject)
}

func followRace(t *testing.T, w *world) {
	_, acme, in := married(w)
	logins := make([]*login, 10)
	for i := range logins {
		logins[i] = acme.start()
	}
	won, codes := w.race(len(logins), func(i int) error {
		_, err := logins[i].finish(logins[i].answer(samltest.Person{NameID: "u-ann", Email: followNew}))
		return err
	})
	u, _ := w.user(followNew)
	if won != len(logins) || u.ID != in.Principal.UserID || len(acme.events(audit.UserAddressChanged)) != 1 {
		t.Errorf("%d are in, refused: %v; the account is %+v", won, codes, u)
	}
}

// followInvited: what waits for somebody new at the address is not Ann's.
func followInvited(t *testing.T, w *world) {
	p, acme, in := married(w)
	_, token := acme.invite(p, followNew, policy.Admin)
	if got := must1(acme.asAnn(followNew)).Entered.Principal; got.UserID != in.Principal.UserID || got.Role != policy.Member {
		t.Errorf("in as %+v", got)
	}
	if code := w.accept(token); code != accesssec.CodeLinkOver {
		t.Errorf("taken up: %s", code)
	}
	if waits := acme.invites(); len(waits) != 0 {
		t.Errorf("invited: %v", waits)
	}
}

// notFollowed is where the account stays as it is.
type notFollowed struct {
	to   string
	make func(*customer, store.User) // nil: nothing
	want accesssec.Code              // "": it is let in, as somebody new
}

// followRefused: nothing is followed out of the org's domains, onto somebody's address, or for
// those whom a directory keeps and those who manage the org.
func followRefused() map[string]notFollowed {
	return map[string]notFollowed{
		"to somebody's address": {"zoe@example.com", nil, accesssec.CodeSubject},
		"to a domain of nobody": {"ann@example.net", nil, accesssec.Code(policy.DomainUnowned)},
		"to a domain that is going": {"ann@example.org", func(c *customer, _ store.User) {
			c.verify("example.org")
			c.claimed("example.org", store.DomainMissing)
		}, accesssec.CodeSubject},
		"from an address that is not the org's": {followNew, func(c *customer, u store.User) {
			c.w.hostSets(u.AddressKey, func(u *store.User) { u.Address, u.AddressKey = "ann@example.net", "ann@example.net" })
		}, accesssec.CodeSubject},
		"an Admin": {followNew, func(c *customer, u store.User) {
			c.w.must(c.admin().SetRole(c.w.ctx, u.ID, policy.Admin))
		}, accesssec.CodeSubject},
		"whom a directory keeps": {followNew, func(c *customer, u store.User) {
			e := c.entryOf(u.AddressKey)
			e.ConnectionID = "scim"
			c.w.change(func(tx store.Tx) error { return tx.PutEntry(c.w.ctx, e) })
		}, accesssec.CodeSubject},
		"to whom the directory has there": {followNew, func(c *customer, u store.User) {
			e := c.entryOf(u.AddressKey)
			e.ID, e.UserID, e.Name, e.NameKey, e.Version = "ent-other", "", followNew, followNew, 0
			c.w.change(func(tx store.Tx) error { return tx.PutEntry(c.w.ctx, e) })
		}, accesssec.CodeSubject},
		"who is no member any more": {followNew, func(c *customer, u store.User) {
			c.w.must(c.admin().RemoveMember(c.w.ctx, u.ID))
		}, accesssec.CodeSubject},
		"a name that is forgotten": {followNew, func(c *customer, _ store.User) {
			c.w.must(c.admin().ForgetSubjects(c.w.ctx, c.conn.ID))
		}, ""},
	}
}

func (n notFollowed) run(t *testing.T, w *world) {
	_, acme, in := married(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	u, _ := w.user("ann@example.com")
	if n.make != nil {
		n.make(acme, u)
	}
	step, err := acme.asAnn(n.to)
	acme.refuses(err, n.want)
	if err == nil && step.Entered.Principal.UserID == in.Principal.UserID {
		t.Error("followed")
	}
	if now := must1(w.store.User(w.ctx, u.ID)); len(acme.events(audit.UserAddressChanged)) != 0 || now.AddressKey == n.to {
		t.Errorf("the account is %+v", now)
	}
}

// followUndone: who is not let in has the address of before.
func followUndone(t *testing.T, w *world) {
	p, acme, _ := married(w)
	l := acme.startFresh()
	p.takes(w)
	stale := samltest.Person{NameID: "u-ann", Email: followNew}
	u, _ := w.user("ann@example.com")
	w.must(acme.admin().DisableMember(w.ctx, u.ID))
	_, err := l.finish(l.answer(stale))
	acme.refuses(err, accesssec.Code(policy.MemberDisabled))
	if now := must1(w.store.User(w.ctx, u.ID)); now.AddressKey != "ann@example.com" || len(acme.events(audit.UserAddressChanged)) != 0 {
		t.Errorf("the account is %+v", now)
	}
}

// followLinked: who governs the sign-on of the org that the person is in says their address too.
func followLinked(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	beta.linkTo(acme, false)
	beta.add(policy.Member, "beth@example.com")
	ann := samltest.Person{NameID: "u-beth", Email: "beth@example.com"}
	in := func(p samltest.Person) accesssec.Principal {
		l := acme.startFor(beta.owner.OrgID)
		return must1(l.finish(l.answer(p))).Entered.Principal
	}
	before := in(ann)
	p := w.watched()
	_, token := beta.invite(p, "elizabeth@example.com", policy.Admin)
	ann.Email = "elizabeth@example.com"
	if got := in(ann); got.UserID != before.UserID || got.OrgID != beta.owner.OrgID {
		t.Errorf("in as %+v, before %+v", got, before)
	}
	if entry := beta.entryOf(ann.Email); entry.Name != ann.Email || len(acme.events(audit.UserAddressChanged)) != 1 {
		t.Errorf("the directory has %+v", entry)
	}
	if code := w.accept(token); code != accesssec.CodeLinkOver {
		t.Errorf("what waited there for somebody new is taken up: %s", code)
	}
}

// followOldName: a name that was the address stays the person's, as the identity provider has it.
func followOldName(t *testing.T, w *world) {
	acme := withAnn(w)
	first := acme.signIn(samltest.Person{NameID: "ann@example.com", Email: "ann@example.com"})
	again := acme.signIn(samltest.Person{NameID: "ann@example.com", Email: followNew})
	third := acme.signIn(samltest.Person{NameID: "ann@example.com", Email: followNew})
	if again.Principal.UserID != first.Principal.UserID || third.Principal.UserID != first.Principal.UserID {
		t.Errorf("in as %s, %s and %s", first.Principal.UserID, again.Principal.UserID, third.Principal.UserID)
	}
	w.advance(time.Minute)
	// And nobody else comes in by it.
	l := acme.start()
	_, err := l.finish(l.answer(samltest.Person{NameID: "ann@example.com", Email: "zoe@example.com"}))
	acme.refuses(err, accesssec.CodeSubject)
}
