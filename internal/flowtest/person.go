package flowtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// personFlows: the host changes a person in its own tables, and says so.
func personFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"disabled":                            personDisabled,
		"gone":                                personGone,
		"removed from one org of two":         personRemoved,
		"another role":                        personRole,
		"an Owner no more":                    personBypassOver,
		"another address":                     personAddress,
		"an address that is another's":        personAddressLost,
		"added":                               personAdded,
		"an address that is taken":            personTaken,
		"an entry that is managed":            personManaged,
		"nothing has changed":                 personUnchanged,
		"what is no session of today":         personOddSessions,
		"more sessions than a page":           personMany,
		"their own account":                   personOwnAccount,
		"a person of whom nobody has heard":   personUnknown,
		"whatever call fails, all or nothing": personFaults,
		"races with logins in flight":         personRaces,
		"races with itself":                   personRacesItself,
	})
}

// hostSets changes an account as the host's own code would.
func (w *world) hostSets(address string, change func(*store.User)) store.User {
	w.t.Helper()
	u, there := w.user(address)
	if !there {
		w.t.Fatalf("no account %s", address)
	}
	w.change(func(tx store.Tx) error {
		now, err := tx.User(w.ctx, u.ID)
		if err != nil {
			return err
		}
		change(&now)
		return tx.UpdateUser(w.ctx, now)
	})
	return u
}

// hostRoles gives a member another role.
func (w *world) hostRoles(c *customer, userID string, role policy.Role) {
	w.t.Helper()
	w.change(func(tx store.Tx) error {
		m, err := tx.Membership(w.ctx, c.owner.OrgID, userID)
		if err != nil {
			return err
		}
		m.Role = string(role)
		return tx.PutMembership(w.ctx, m.Membership)
	})
}

func disable(u *store.User) { u.Disabled = true }

// factsOf are what an event counts.
func factsOf(e audit.Event) map[string]string {
	out := map[string]string{}
	for _, f := range e.Facts {
		out[f.Key] = f.Value
	}
	return out
}

// roleAt is the role in a browser's session; "" when it is signed out.
func roleAt(b *browser) string {
	_, _, role := b.whoami()
	return role
}

// inTwoBrowsers are one by password and one by single sign-on, over HTTP.
func inTwoBrowsers(w *world, c *customer, address string) (*browser, *browser) {
	w.t.Helper()
	one, two := w.browser(), w.browser()
	one.submit("password", "address", address, "password", right)
	two.sso(c, address)
	if !in(one, c) || !in(two, c) {
		w.t.Fatal("not let in")
	}
	return one, two
}

// withPeople is withAnn, with an identity provider that knows its people.
func withPeople(w *world) *customer {
	w.t.Helper()
	acme := w.newCustomer("Acme", "example.com", ann, samltest.Person{Email: "zoe@example.com"})
	acme.add(policy.Member, "ann@example.com", "zoe@example.com")
	return acme
}

func personDisabled(t *testing.T, w *world) {
	acme := withPeople(w)
	one, two := inTwoBrowsers(w, acme, "ann@example.com")
	zoe, _ := inTwoBrowsers(w, acme, "zoe@example.com")
	u := w.hostSets("ann@example.com", disable)
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if roleAt(one) != "" || roleAt(two) != "" || w.sessions(store.SessionQuery{UserID: u.ID}) != 0 {
		t.Error("a disabled person is signed in")
	}
	if roleAt(zoe) != "member" {
		t.Error("somebody else was signed out")
	}
	e := acme.last(audit.UserChanged)
	want := map[string]string{"sessions_ended": "2", "sessions_rewritten": "0", "browsers": "forgotten", "entries_written": "1"}
	if acme.active(u) {
		t.Error("a disabled person is active in the directory")
	}
	if diff := cmp.Diff(want, factsOf(e)); diff != "" || e.Reason != "person_disabled" || e.Actor.Kind != audit.KindHost || e.Targets[0].ID != u.ID {
		t.Errorf("the log says %+v\n%s", e, diff)
	}
	if page, err := w.store.Docs(w.ctx, "browser", "", store.DocQuery{Owners: []string{u.ID}}); err != nil || len(page.Items) != 0 {
		t.Errorf("known by %d browsers: %v", len(page.Items), err)
	}
	// Enabled again they are who they were: tied to the same NameID, and let in.
	w.hostSets("ann@example.com", func(u *store.User) { u.Disabled = false })
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	l := acme.start()
	_, err := l.finish(l.answer(samltest.Person{Email: "ann@example.com", NameID: "zoe@example.com"}))
	acme.refuses(err, accesssec.CodeSubject)
	inTwoBrowsers(w, acme, "ann@example.com")
	if n := len(acme.events(audit.UserChanged)); n != 2 || !acme.active(u) {
		t.Errorf("%d lines in the log, want 2; active in the directory: %v", n, acme.active(u))
	}
}

// active is what the directory says of somebody.
func (c *customer) active(u store.User) bool {
	c.w.t.Helper()
	page, err := c.w.store.Entries(c.w.ctx, c.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: u.ID}})
	c.w.must(err)
	return len(page.Items) == 1 && page.Items[0].Active
}

func personGone(t *testing.T, w *world) {
	acme := withPeople(w)
	one, two := inTwoBrowsers(w, acme, "ann@example.com")
	u, _ := w.user("ann@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, u.ID) })
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if roleAt(one) != "" || roleAt(two) != "" {
		t.Error("signed in without an account")
	}
	e := acme.last(audit.UserChanged)
	if e.Reason != "account_gone" || factsOf(e)["sessions_ended"] != "2" || e.Targets[0].ID != u.ID {
		t.Errorf("the log says %+v", e)
	}
	// Who gets the address next gets none of it, and is not kept out by what is left.
	acme.add(policy.Member, "ann@example.com")
	if again := acme.signIn(ann); again.Principal.UserID == u.ID {
		t.Error("the account is back")
	}
}

func personRemoved(t *testing.T, w *world) {
	acme, other := withPeople(w), w.newOrg("Other", "owner@example.org")
	other.add(policy.Billing, "ann@example.com")
	one, two := inTwoBrowsers(w, acme, "ann@example.com")
	v := w.visit()
	v.OrgID = other.owner.OrgID
	step, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right)
	w.must(err)
	u, _ := w.user("ann@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if roleAt(one) != "" || roleAt(two) != "" {
		t.Error("signed in to an org they have left")
	}
	w.alive(step.Entered, true)
	if e := acme.last(audit.UserChanged); factsOf(e)["sessions_ended"] != "2" || e.Reason != "" {
		t.Errorf("the log says %+v", e)
	}
	if n := len(other.events(audit.UserChanged)); n != 0 {
		t.Errorf("%d lines in the log of an org where nothing happened", n)
	}
}

func personRole(t *testing.T, w *world) {
	acme := withPeople(w)
	one, two := inTwoBrowsers(w, acme, "ann@example.com")
	u, _ := w.user("ann@example.com")
	for _, role := range []policy.Role{policy.Admin, policy.Billing} {
		w.hostRoles(acme, u.ID, role)
		w.advance(time.Second)
		w.must(w.svc.PersonChanged(w.ctx, u.ID))
		if got := []string{roleAt(one), roleAt(two)}; got[0] != string(role) || got[1] != string(role) {
			t.Errorf("in as %v, want %s", got, role)
		}
		e := acme.last(audit.UserChanged)
		if factsOf(e)["sessions_rewritten"] != "2" || len(e.Changes) != 1 || e.Changes[0].Field != "role" || e.Changes[0].New != string(role) {
			t.Errorf("the log says %+v", e)
		}
	}
}

// personBypassOver: an Owner came in by password where single sign-on is required. As
// a member they could not have.
func personBypassOver(t *testing.T, w *world) {
	acme := withPeople(w)
	acme.add(policy.Admin, "adam@example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	bypass := must1(w.byPassword("adam@example.com", right))
	sso := acme.signIn(samltest.Person{Email: "adam@example.com"})
	w.hostRoles(acme, bypass.Principal.UserID, policy.Member)
	w.must(w.svc.PersonChanged(w.ctx, bypass.Principal.UserID))
	w.alive(bypass, false)
	w.alive(sso, true)
	want := map[string]string{"sessions_ended": "1", "sessions_rewritten": "1"}
	if diff := cmp.Diff(want, factsOf(acme.last(audit.UserChanged))); diff != "" {
		t.Errorf("the log says (-want +got)\n%s", diff)
	}
}

// personAddress: the new address is on the domain of an org that lets in only by its
// own sign-on, and the directory follows.
func personAddress(t *testing.T, w *world) {
	acme := withPeople(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	acme.add(policy.Member, "out@example.net")
	in := must1(w.byPassword("out@example.net", right))
	u := w.hostSets("out@example.net", func(u *store.User) { u.Address, u.AddressKey = "Inn@example.com", "inn@example.com" })
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	w.alive(in, false)
	if got := entriesOf(w, acme, u.ID); !slices.Equal(got, []string{"Inn@example.com"}) {
		t.Errorf("the directory has %v", got)
	}
	want := map[string]string{"sessions_ended": "1", "sessions_rewritten": "0", "entries_written": "1"}
	if diff := cmp.Diff(want, factsOf(acme.last(audit.UserChanged))); diff != "" {
		t.Errorf("the log says (-want +got)\n%s", diff)
	}
	// The old address is free for somebody else.
	acme.add(policy.Member, "out@example.net")
}

// entriesOf are the names of a person's entries in an org's directory.
func entriesOf(w *world, c *customer, userID string) []string {
	w.t.Helper()
	page, err := w.store.Entries(w.ctx, c.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: userID}})
	w.must(err)
	var out []string
	for _, e := range page.Items {
		out = append(out, e.Name)
	}
	return out
}

// personAddressLost: by the address of the account one finds another account, or none.
// Nobody could sign in to it, so nobody stays.
func personAddressLost(t *testing.T, w *world) {
	acme := withPeople(w)
	for address, key := range map[string]string{"zoe@example.com": "", "no address": "no address", "": ""} {
		name := fmt.Sprintf("x%d@example.com", len(address))
		acme.add(policy.Member, name)
		in := must1(w.byPassword(name, right))
		u := w.hostSets(name, func(u *store.User) { u.Address, u.AddressKey = address, key })
		w.must(w.svc.PersonChanged(w.ctx, u.ID))
		if w.alive(in, false); w.sessions(store.SessionQuery{UserID: u.ID}) != 0 {
			t.Errorf("address %q: sessions are left", address)
		}
	}
}

func personAdded(t *testing.T, w *world) {
	acme := withPeople(w)
	u := store.User{ID: "host-4711", Address: "New@example.net", AddressKey: "new@example.net", AddressVerified: true, CreatedAt: w.clock()}
	w.change(func(tx store.Tx) error {
		if err := tx.CreateUser(w.ctx, u); err != nil {
			return err
		}
		return tx.PutMembership(w.ctx, store.Membership{OrgID: acme.owner.OrgID, UserID: u.ID, Role: "member", JoinedAt: w.clock()})
	})
	for range 3 {
		w.must(w.svc.PersonChanged(w.ctx, u.ID))
	}
	if got := entriesOf(w, acme, u.ID); !slices.Equal(got, []string{"New@example.net"}) {
		t.Errorf("the directory has %v", got)
	}
	want := map[string]string{"sessions_ended": "0", "sessions_rewritten": "0", "entries_written": "1"}
	events := acme.events(audit.UserChanged)
	if len(events) != 1 {
		t.Fatalf("%d lines in the log, want 1", len(events))
	}
	if diff := cmp.Diff(want, factsOf(events[0])); diff != "" {
		t.Errorf("the log says (-want +got)\n%s", diff)
	}
}

// personTaken: an identity provider keeps another member's entry under the address.
// That is no reason to leave sessions alone.
func personTaken(t *testing.T, w *world) {
	acme := withPeople(w)
	zoe, _ := w.user("zoe@example.com")
	w.change(func(tx store.Tx) error {
		page, err := tx.Entries(w.ctx, acme.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: zoe.ID}})
		if err != nil {
			return err
		}
		e := page.Items[0]
		e.ConnectionID, e.Name, e.NameKey = acme.conn.ID, "annie@example.com", "annie@example.com"
		return tx.PutEntry(w.ctx, e)
	})
	one, _ := inTwoBrowsers(w, acme, "ann@example.com")
	u := w.hostSets("ann@example.com", func(u *store.User) { u.Address, u.AddressKey = "annie@example.com", "annie@example.com" })
	w.hostRoles(acme, u.ID, policy.Billing)
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if roleAt(one) != "billing" {
		t.Errorf("in as %q", roleAt(one))
	}
	if got := [][]string{entriesOf(w, acme, u.ID), entriesOf(w, acme, zoe.ID)}; !slices.Equal(got[0], []string{"ann@example.com"}) || !slices.Equal(got[1], []string{"annie@example.com"}) {
		t.Errorf("the directory has %v", got)
	}
}

// personManaged: what an identity provider says of somebody in the directory stays,
// whatever the host does to the account.
func personManaged(t *testing.T, w *world) {
	acme := withPeople(w)
	u, _ := w.user("ann@example.com")
	w.change(func(tx store.Tx) error {
		page, err := tx.Entries(w.ctx, acme.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: u.ID}})
		if err != nil {
			return err
		}
		e := page.Items[0]
		e.ConnectionID = acme.conn.ID
		return tx.PutEntry(w.ctx, e)
	})
	w.hostSets("ann@example.com", func(u *store.User) {
		u.Address, u.AddressKey, u.Disabled = "annie@example.com", "annie@example.com", true
	})
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if got := entriesOf(w, acme, u.ID); !slices.Equal(got, []string{"ann@example.com"}) || !acme.active(u) {
		t.Errorf("the directory has %v, active: %v", got, acme.active(u))
	}
}

func personUnchanged(t *testing.T, w *world) {
	acme := withPeople(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = true, true })
	acme.add(policy.Member, "out@example.net")
	var all []*accesssec.Entered
	for _, address := range []string{"owner@example.com", "out@example.net"} {
		all = append(all, must1(w.byPassword(address, right)))
	}
	all = append(all, acme.signIn(ann), acme.signIn(samltest.Person{Email: "jit@example.com"}))
	// Acme's sign-on leads to another org that she is a member of.
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Billing, "ann@example.com")
	l := acme.startFor(other.owner.OrgID)
	step, err := l.finish(l.answer(ann))
	w.must(err)
	if step.Entered.Principal.OrgID != other.owner.OrgID {
		t.Fatalf("in as %+v", step.Entered.Principal)
	}
	all = append(all, step.Entered)
	before := len(acme.events()) + len(other.events())
	for _, in := range all {
		for range 3 {
			w.must(w.svc.PersonChanged(w.ctx, in.Principal.UserID))
		}
		w.alive(in, true)
	}
	if n := len(acme.events()) + len(other.events()) - before; n != 0 {
		t.Errorf("%d lines in the log, and nothing has changed", n)
	}
}

// personOddSessions: what the policy would not make today does not stay.
func personOddSessions(t *testing.T, w *world) {
	acme := withPeople(w)
	u, _ := w.user("ann@example.com")
	good := store.Session{
		UserID: u.ID, OrgID: acme.owner.OrgID, Role: "member", Methods: []string{"password"},
		CreatedAt: w.clock(), SeenAt: w.clock(), IdleAt: w.clock().Add(time.Hour), EndAt: w.clock().Add(time.Hour),
	}
	n := byte(0)
	for name, change := range map[string]func(*store.Session){
		"as it should be":        func(*store.Session) {},
		"no method":              func(s *store.Session) { s.Methods = nil },
		"an unknown method":      func(s *store.Session) { s.Methods = []string{"password", "magic"} },
		"another connection":     func(s *store.Session) { s.Methods, s.ConnectionID = []string{"sso"}, "con-other" },
		"by SSO and none said":   func(s *store.Session) { s.Methods = []string{"sso"} },
		"an org that is no more": func(s *store.Session) { s.OrgID = "org-none" },
		"by SSO in no org":       func(s *store.Session) { s.Methods, s.ConnectionID, s.OrgID = []string{"sso"}, acme.conn.ID, "" },
	} {
		n++
		ses := good
		ses.ID, ses.Hash = fmt.Sprintf("ses-odd-%d-%s", n, u.ID), store.Hash{n, 77}
		copy(ses.Hash[2:], u.ID)
		change(&ses)
		w.change(func(tx store.Tx) error { return tx.CreateSession(w.ctx, ses) })
		w.must(w.svc.PersonChanged(w.ctx, u.ID))
		_, err := w.store.SessionByHash(w.ctx, ses.Hash)
		if stays := err == nil; stays != (name == "as it should be") {
			t.Errorf("%s: stays %v", name, stays)
		}
	}
}

func personMany(t *testing.T, w *world) {
	acme := withPeople(w)
	u, _ := w.user("ann@example.com")
	w.change(func(tx store.Tx) error {
		for i := range 1003 {
			ses := store.Session{
				ID: fmt.Sprintf("ses-%d-%s", i, u.ID), UserID: u.ID, OrgID: acme.owner.OrgID, Role: "member", Methods: []string{"password"},
				CreatedAt: w.clock(), SeenAt: w.clock(), IdleAt: w.clock().Add(time.Hour), EndAt: w.clock().Add(time.Hour),
				Hash: store.Hash{byte(i), byte(i >> 8), 1},
			}
			copy(ses.Hash[3:], u.ID)
			if err := tx.CreateSession(w.ctx, ses); err != nil {
				return err
			}
		}
		return nil
	})
	w.hostRoles(acme, u.ID, policy.Billing)
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if got := factsOf(acme.last(audit.UserChanged))["sessions_rewritten"]; got != "1003" {
		t.Errorf("%s rewritten", got)
	}
	w.advance(time.Second)
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
	w.must(w.svc.PersonChanged(w.ctx, u.ID))
	if got := factsOf(acme.last(audit.UserChanged))["sessions_ended"]; got != "1003" || w.sessions(store.SessionQuery{UserID: u.ID}) != 0 {
		t.Errorf("%s ended", got)
	}
}

// personOwnAccount: a session in no org is its domain's owner's to log, or nobody's.
func personOwnAccount(t *testing.T, w *world) {
	acme := withPeople(w)
	for _, address := range []string{"ann@example.com", fmt.Sprintf("own-%s@example.net", acme.owner.OrgID)} {
		if address != "ann@example.com" {
			acme.add(policy.Member, address)
		}
		u, _ := w.user(address)
		w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
		in := must1(w.byPassword(address, right))
		if in.Principal.OrgID != "" {
			t.Fatalf("in as %+v", in.Principal)
		}
		w.must(w.svc.PersonChanged(w.ctx, u.ID))
		w.alive(in, true)
		w.hostSets(address, disable)
		w.must(w.svc.PersonChanged(w.ctx, u.ID))
		w.alive(in, false)
		q := store.AuditQuery{Types: []string{string(audit.UserChanged)}, Targets: []string{u.ID}}
		system, err := w.svc.SystemEvents(w.ctx, q)
		w.must(err)
		theirs, err := acme.admin().Events(w.ctx, q)
		w.must(err)
		if owned := address == "ann@example.com"; len(theirs.Items) == 1 != owned || len(system.Items) == 1 == owned {
			t.Errorf("%s: %d lines with Acme, %d with the system", address, len(theirs.Items), len(system.Items))
		}
	}
}

func personUnknown(t *testing.T, w *world) {
	w.must(w.svc.PersonChanged(w.ctx, "usr-none"))
	if err := w.svc.PersonChanged(w.ctx, ""); err == nil {
		t.Error("nobody in particular")
	}
}
