package flowtest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// spellingOf is one of three ways to write one address.
func spellingOf(local string, i int) string {
	upper := map[string]string{"ann": "ANN", "new": "New"}[local]
	return []string{local + "@example.com", upper + "@example.com", local + "@EXAMPLE.com"}[i%3]
}

func spelling(i int) string { return spellingOf("new", i) }

// idpOf is the customer's identity provider as its metadata describes it.
func idpOf(t *testing.T, c *customer) *saml.IdP {
	t.Helper()
	idp, err := saml.ParseMetadata(c.idp.Metadata(), "")
	c.w.must(err)
	return idp
}

// peopleFlows: who an address belongs to, and what a login makes of an account.
func peopleFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"three spellings are one person": peopleThreeSpellingsAreOnePerson,
		"look-alikes are nobody":         peopleLookAlikesAreNobody,
		"just in time":                   peopleJustInTime,
		"names":                          peopleNames,
		"an account with an unproven address is emptied first": peopleAnAccountWithAnUnprovenAddressIsEmptiedFirst,
		"a disabled person":       peopleADisabledPerson,
		"members of several orgs": peopleMembersOfSeveralOrgs,
	})
}

func peopleThreeSpellingsAreOnePerson(t *testing.T, w *world) {
	bücher := w.newCustomer("Bücher", "bücher.de")
	bücher.add(policy.Member, "Ann@bücher.de")
	want, _ := w.user("ann@xn--bcher-kva.de")
	for _, address := range []string{"Ann@bücher.de", "ANN@BÜCHER.DE", "ann@xn--bcher-kva.de"} {
		in, err := w.byPassword(address, right)
		w.must(err)
		if in.Principal.UserID != want.ID {
			t.Errorf("%s by password is %s", address, in.Principal.UserID)
		}
		if in := bücher.signIn(samltest.Person{Email: address}); in.Principal.UserID != want.ID {
			t.Errorf("%s by SSO is %s", address, in.Principal.UserID)
		}
		if err := w.svc.ImportPeople(w.ctx, bücher.owner.OrgID, accesssec.Person{Address: address, Role: policy.Member}); w.code(err) != accesssec.CodeMember {
			t.Errorf("%s imported again: %v", address, err)
		}
	}
	// One counter for all of them: five are looked at, whatever the spelling.
	v := w.visit()
	for i, address := range []string{"Ann@bücher.de", "ANN@BÜCHER.DE", "ann@xn--bcher-kva.de", "Ann@bücher.de", "ANN@BÜCHER.DE", "ann@xn--bcher-kva.de"} {
		want := accesssec.CodeWrongPassword
		if i == 5 {
			want = accesssec.CodeLocked
		}
		_, err := w.svc.SignIn().Password(w.ctx, v, address, "wrong")
		if got := w.code(err); got != want {
			t.Errorf("attempt %d, %s: %q, want %q", i+1, address, got, want)
		}
	}
}

func peopleLookAlikesAreNobody(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "kelvin@example.com")
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	kelvin, _ := w.user("kelvin@example.com")
	for _, address := range []string{"\u212aelvin@example.com", "\uff4belvin@example.com", "\u043aelvin@example.com"} {
		if in, err := w.byPassword(address, right); err == nil {
			t.Errorf("%q by password is %s", address, in.Principal.UserID)
		}
		l := acme.start()
		if step, err := l.finish(l.answer(samltest.Person{Email: address})); err == nil && step.Entered.Principal.UserID == kelvin.ID {
			t.Errorf("%q by SSO is kelvin", address)
		}
	}
}

func peopleJustInTime(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	in := acme.signIn(samltest.Person{Email: "New@Example.com", FirstName: "Nell", LastName: "Ewing"})
	if in.Principal.Role != policy.Member || in.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("came in as %+v", in.Principal)
	}
	u, _ := w.user("new@example.com")
	if u.FirstName != "Nell" || u.LastName != "Ewing" || !u.AddressVerified || u.Password != "" {
		t.Errorf("the account is %+v", u)
	}
	m, err := w.store.Membership(w.ctx, acme.owner.OrgID, u.ID)
	w.must(err)
	if m.Source != "jit" || m.Role != "member" {
		t.Errorf("the membership is %+v", m.Membership)
	}
	page, err := w.store.Entries(w.ctx, acme.owner.OrgID, store.EntryQuery{Type: store.EntryUser})
	w.must(err)
	var entries []string
	for _, e := range page.Items {
		entries = append(entries, e.NameKey)
	}
	slices.Sort(entries)
	if diff := cmp.Diff([]string{"new@example.com", "owner@example.com"}, entries); diff != "" {
		t.Errorf("the directory (-want +got)\n%s", diff)
	}
	acme.signIn(samltest.Person{Email: "new@example.com"})
	if n := len(acme.events(audit.UserCreated)); n != 2 { // the Owner and the new one
		t.Errorf("%d accounts were made", n)
	}
}

func peopleNames(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ann@example.com")
	names := func(first, last, from string) {
		t.Helper()
		u, _ := w.user("ann@example.com")
		if u.FirstName != first || u.LastName != last || u.NamesFrom != from {
			t.Errorf("%q %q from %q, want %q %q from %q", u.FirstName, u.LastName, u.NamesFrom, first, last, from)
		}
	}
	in, err := w.byPassword("ann@example.com", right)
	w.must(err)
	me := w.svc.Me(in.Principal)
	w.must(me.SetName(w.ctx, "Annie", " of  Cleves "))
	names("Annie", "of Cleves", "self")
	acme.signIn(samltest.Person{Email: "ann@example.com"})
	names("Annie", "of Cleves", "self") // nothing was said
	acme.signIn(samltest.Person{Email: "ann@example.com", FirstName: "Ann"})
	names("Ann", "of Cleves", "sso") // an absent last name empties nothing
	if err := me.SetName(w.ctx, "Annie", "Lee"); w.code(err) != accesssec.CodeNamesManaged {
		t.Errorf("own edit over the assertion: %v", err)
	}
	names("Ann", "of Cleves", "sso")
	w.change(func(tx store.Tx) error {
		u, err := tx.UserByAddress(w.ctx, "ann@example.com")
		if err != nil {
			return err
		}
		u.FirstName, u.NamesFrom = "Anna", "scim"
		return tx.UpdateUser(w.ctx, u)
	})
	acme.signIn(samltest.Person{Email: "ann@example.com", FirstName: "Ann", LastName: "Lee"})
	names("Anna", "of Cleves", "scim")
}

func peopleAnAccountWithAnUnprovenAddressIsEmptiedFirst(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "ann@example.com", Password: right, Role: policy.Member}))
	squatter, err := w.byPassword("ann@example.com", right)
	w.must(err)
	acme.signIn(ann)
	if _, err := w.svc.Authenticate(w.ctx, squatter.Token()); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("the other's session lives on: %v", err)
	}
	if _, err := w.byPassword("ann@example.com", right); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("the other's password still works: %v", err)
	}
	acme.last(audit.UserCleared)
}

func peopleADisabledPerson(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ann@example.com")
	w.change(func(tx store.Tx) error {
		u, err := tx.UserByAddress(w.ctx, "ann@example.com")
		if err != nil {
			return err
		}
		u.Disabled = true
		return tx.UpdateUser(w.ctx, u)
	})
	if _, err := w.byPassword("ann@example.com", right); w.code(err) != reasonCode(policy.PersonDisabled) {
		t.Errorf("by password: %v", err)
	}
	l := acme.start()
	if _, err := l.finish(l.answer(ann)); w.code(err) != reasonCode(policy.PersonDisabled) {
		t.Errorf("by SSO: %v", err)
	}
}

func peopleMembersOfSeveralOrgs(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	other := w.newCustomer("Other", "example.org")
	other.add(policy.Member, "ann@example.com")
	acme.add(policy.Billing, "ann@example.com")
	in, err := w.byPassword("ann@example.com", right)
	w.must(err)
	if in.Principal.OrgID != acme.owner.OrgID || in.Principal.Role != policy.Billing {
		t.Errorf("none asked for: %+v, want the org that owns the domain", in.Principal)
	}
	v := w.visit()
	v.OrgID = other.owner.OrgID
	step, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right)
	w.must(err)
	if step.Entered.Principal.OrgID != other.owner.OrgID {
		t.Errorf("asked for Other: %+v", step.Entered.Principal)
	}
	// Other keeps out outsiders: that keeps nobody out of Acme.
	other.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	if _, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right); w.code(err) != reasonCode(policy.ExternalBlocked) {
		t.Errorf("asked for Other, which blocks: %v", err)
	}
	if in, err := w.byPassword("ann@example.com", right); err != nil || in.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("kept out of Acme: %v", err)
	}
	// Acme requires its sign-on, wherever its people go.
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	v.OrgID = ""
	if _, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right); w.code(err) != reasonCode(policy.SSORequired) {
		t.Errorf("a member of Acme by password: %v", err)
	}
}

// twoSessions are one person's: by password and by single sign-on.
func twoSessions(w *world) (acme *customer, one, two *accesssec.Entered) {
	w.t.Helper()
	acme = withAnn(w)
	one, err := w.byPassword("ann@example.com", right)
	w.must(err)
	return acme, one, acme.signIn(ann)
}

// alive compares whether the session is still good.
func (w *world) alive(e *accesssec.Entered, want bool) {
	w.t.Helper()
	p, err := w.svc.Authenticate(w.ctx, e.Token())
	if code := w.code(err); want && code != "" || !want && code != accesssec.CodeSignedOut {
		w.t.Errorf("session: %v, want alive %v", err, want)
	}
	if !want && p != (accesssec.Principal{}) {
		w.t.Errorf("refused, and yet %+v", p)
	}
}

// prove types the password again: in is what the session is from then on.
func (w *world) prove(in *accesssec.Entered) {
	w.t.Helper()
	next, err := w.svc.Me(in.Principal).Prove(w.ctx, right)
	w.must(err)
	*in = *next
}

// sessionsFlows: what ends them, and what does not bring them back.
func sessionsFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"sign out":                    sessionSignOut,
		"sign out everywhere":         sessionSignOutEverywhere,
		"a touch brings nothing back": sessionATouchBringsNothingBack,
		"idle":                        sessionIdle,
		"absolute":                    sessionAbsolute,
		"settings hold for new ones":  sessionSettingsHoldForNewOnes,
		"no token, no session":        sessionNoTokenNoSession,
		"the store has no token":      sessionTheStoreHasNoToken,
	})
}

func sessionSignOut(t *testing.T, w *world) {
	_, one, two := twoSessions(w)
	w.must(w.svc.Me(one.Principal).SignOut(w.ctx))
	w.alive(one, false)
	w.alive(two, true)
	if err := w.svc.Me(one.Principal).SignOut(w.ctx); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("twice: %v", err)
	}
}

func sessionSignOutEverywhere(t *testing.T, w *world) {
	_, one, two := twoSessions(w)
	owner, err := w.byPassword("owner@example.com", right)
	w.must(err)
	w.must(w.svc.Me(two.Principal).SignOutEverywhere(w.ctx, true))
	w.alive(one, false)
	w.alive(two, true)
	w.must(w.svc.Me(two.Principal).SignOutEverywhere(w.ctx, false))
	w.alive(two, false)
	w.alive(owner, true)
}

func sessionATouchBringsNothingBack(t *testing.T, w *world) {
	_, one, two := twoSessions(w)
	ses, err := w.store.Sessions(w.ctx, store.SessionQuery{UserID: one.Principal.UserID})
	w.must(err)
	w.must(w.svc.Me(two.Principal).SignOutEverywhere(w.ctx, false))
	for _, s := range ses.Items {
		if err := w.store.TouchSession(w.ctx, s.Hash, w.clock(), w.clock()); err == nil {
			t.Error("a request that was under way touched a session that was over")
		}
	}
	if n := w.sessions(store.SessionQuery{UserID: one.Principal.UserID}); n != 0 {
		t.Errorf("%d sessions are back", n)
	}
}

func sessionIdle(t *testing.T, w *world) {
	_, one, _ := twoSessions(w)
	for range 3 { // used, it lives on
		w.advance(20 * time.Hour)
		w.alive(one, true)
	}
	w.advance(24 * time.Hour)
	w.alive(one, false)
}

func sessionAbsolute(t *testing.T, w *world) {
	_, one, _ := twoSessions(w)
	for range 18 {
		w.advance(18 * time.Hour)
		w.alive(one, true)
	}
	w.advance(12*time.Hour - time.Microsecond) // 13 days 12 hours and 12 hours
	w.alive(one, true)
	w.advance(time.Microsecond)
	w.alive(one, false)
}

func sessionSettingsHoldForNewOnes(t *testing.T, w *world) {
	acme, _, _ := twoSessions(w)
	acme.apply(func(s *accesssec.Settings) { s.SessionIdle, s.SessionEnd = 10*time.Minute, time.Hour })
	in := acme.signIn(ann)
	if want := w.clock().Add(time.Hour); !in.EndsAt.Equal(want) {
		t.Errorf("ends at %v, want %v", in.EndsAt, want)
	}
	w.advance(10 * time.Minute)
	w.alive(in, false)
}

func sessionNoTokenNoSession(t *testing.T, w *world) {
	_, one, _ := twoSessions(w)
	for _, token := range []string{"", "s1.", one.Token() + "x", one.Token()[1:], "s1." + one.Token()[4:] + "A", one.Principal.SessionID} {
		if p, err := w.svc.Authenticate(w.ctx, token); w.code(err) != accesssec.CodeSignedOut || p != (accesssec.Principal{}) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func sessionTheStoreHasNoToken(t *testing.T, w *world) {
	_, one, _ := twoSessions(w)
	ses, err := w.store.Sessions(w.ctx, store.SessionQuery{UserID: one.Principal.UserID})
	w.must(err)
	for _, s := range ses.Items {
		if s.ID == one.Principal.SessionID && s.Hash != store.Hash(sha256.Sum256([]byte(one.Token()))) {
			t.Error("the hash is not that of the token")
		}
		if all := fmt.Sprintf("%+v", s); strings.Contains(all, one.Token()) || strings.Contains(all, strings.TrimPrefix(one.Token(), "s1.")) {
			t.Error("the token is stored")
		}
	}
}
