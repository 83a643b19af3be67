package flowtest

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// accountsFlows: whose an account is, when somebody made it first, left, or came back.
func accountsFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a squatter's account is brought in":       accountSquatted,
		"a squatter's account owns an org":         accountSquattedOwner,
		"a squatter's browsers":                    accountSquattersBrowsers,
		"two who have proven nothing":              accountUnproven,
		"who left comes back":                      accountComesBack,
		"an address that was somebody else's":      accountRecycled,
		"names after the domain is gone":           accountNamesUnmanaged,
		"names can't hold controls":                accountNamesClean,
		"another org learns nothing of a person":   accountNotTold,
		"a link makes nobody a member":             accountLinkMakesNoMember,
		"governed by another org":                  accountGoverned,
		"external while the own claim has lapsed":  accountLapsedIsNotExternal,
		"two lapsed claims on one name":            accountTwoLapsed,
		"a closed password proves nothing":         accountClosedPassword,
		"a domain proven under require SSO":        accountSecondDomain,
		"an import is all or nothing":              accountImport,
		"an edited principal":                      accountEditedPrincipal,
		"an identity provider that does not renew": accountNotFresh,
		"the same work for a known address":        accountSameWork,
		"an edited mail attribute":                 accountEditedMail,
		"another NameID than before":               accountOtherNameID,
		"a transient NameID":                       accountTransient,
		"a recycled directory entry":               accountRecycledEntry,
		"a domain that was sold":                   accountSoldDomain,
	})
}

const squat = "The squatter's 1 password"

func squatter(w *world) *accesssec.Entered {
	_, err := w.svc.CreateOrg(w.ctx, "Squat", accesssec.Person{Address: "adam@example.com", Password: squat})
	w.must(err)
	in, err := w.byPassword("adam@example.com", squat)
	w.must(err)
	return in
}

func accountSquatted(t *testing.T, w *world) {
	in := squatter(w)
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "adam@example.com") // the host has verified it
	if _, err := w.byPassword("adam@example.com", squat); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("the squatter's password: %v", err)
	}
	w.alive(in, false)
	v := w.visit()
	v.OrgID = acme.owner.OrgID
	step, err := w.svc.SignIn().Password(w.ctx, v, "adam@example.com", right)
	w.must(err)
	if step.Entered.Principal.Role != policy.Admin {
		t.Errorf("the real one is %+v", step.Entered.Principal)
	}
	acme.last(audit.UserCleared)
}

// accountSquattersBrowsers: none of them is known any more, be they more than a page.
func accountSquattersBrowsers(t *testing.T, w *world) {
	id := squatter(w).Principal.UserID
	w.change(func(tx store.Tx) error {
		for range 1100 {
			d := store.Doc{Kind: "browser", ID: rand.Text(), Owner: id, At: w.clock(), ExpiresAt: w.clock().Add(time.Hour), Body: []byte("{}")}
			if err := tx.PutDocs(w.ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
	w.newOrg("Acme", "adam@example.com")
	page, err := w.store.Docs(w.ctx, "browser", "", store.DocQuery{Owners: []string{id}})
	w.must(err)
	if len(page.Items) != 0 {
		t.Errorf("%d or more are left", len(page.Items))
	}
}

func accountSquattedOwner(t *testing.T, w *world) {
	in := squatter(w)
	w.newOrg("Acme", "adam@example.com")
	if _, err := w.byPassword("adam@example.com", squat); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("the squatter's password: %v", err)
	}
	w.alive(in, false)
}

func accountUnproven(t *testing.T, w *world) {
	squatter(w)
	acme := w.newOrg("Acme", "owner@example.com")
	err := w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "adam@example.com", Role: policy.Admin})
	if w.code(err) != accesssec.CodeUnproven {
		t.Errorf("an account that nobody has proven joined: %v", err)
	}
}

func accountComesBack(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	u, _ := w.user("ann@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
	if in := acme.signIn(ann); in.Principal.UserID != u.ID || in.Principal.Role != policy.Member {
		t.Errorf("back as %+v", in.Principal)
	}
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
	acme.add(policy.Admin, "ann@example.com")
	page, err := w.store.Entries(w.ctx, acme.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: u.ID}})
	w.must(err)
	if len(page.Items) != 1 || !page.Items[0].Active {
		t.Errorf("the directory has %+v", page.Items)
	}
}

func accountRecycled(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	old, _ := w.user("ann@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, old.ID) })
	in := acme.signIn(ann)
	if in.Principal.UserID == old.ID {
		t.Error("came in as the one before")
	}
	page, err := w.store.Entries(w.ctx, acme.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "name", Op: store.OpEq, Value: "ann@example.com"}})
	w.must(err)
	if len(page.Items) != 1 || page.Items[0].UserID != in.Principal.UserID {
		t.Errorf("the directory has %+v", page.Items)
	}
}

func accountNamesUnmanaged(_ *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	me := w.svc.Me(in.Principal)
	acme.refuses(me.SetName(w.ctx, "Annie", "Lee"), accesssec.CodeNamesManaged)
	lapse(w, acme)
	w.must(me.SetName(w.ctx, "Annie", "Lee"))
}

func accountNamesClean(t *testing.T, w *world) {
	withAnn(w)
	in := must1(w.byPassword("ann@example.com", right))
	me := w.svc.Me(in.Principal)
	w.must(me.SetName(w.ctx, "A\x00n\x1b[2Jn\u202e", "\xff  Lee\n"+strings.Repeat("x", 200)))
	p, err := me.Profile(w.ctx)
	w.must(err)
	if p.FirstName != "An[2Jn" || !strings.HasPrefix(p.LastName, "Lee x") || len(p.LastName) != 100 {
		t.Errorf("%q %q", p.FirstName, p.LastName)
	}
}

func accountNotTold(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(samltest.Person{Email: "ann@example.com", FirstName: "Secret", LastName: "Name"})
	evil := w.newCustomer("Evil", "example.org")
	l := evil.start()
	_, err := l.finish(l.answer(samltest.Person{Email: "ann@example.com"}))
	evil.refuses(err, reasonCode(policy.DomainOfAnother))
	if a := evil.last(audit.LoginRefused).Actor; a.ID != "" || a.Name != "" || a.Address != "ann@example.com" {
		t.Errorf("Evil's log names %+v", a)
	}
}

// accountLinkMakesNoMember: a link names an org. It decides where somebody lands among the
// orgs whose sign-on this is, and nothing else.
func accountLinkMakesNoMember(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	other, sub := w.newOrg("Other", "boss@example.org"), governed(w, acme)
	for _, tt := range []struct{ who, wanted, lands string }{
		{"new@example.com", other.owner.OrgID, acme.owner.OrgID},
		{"newer@example.com", "org-nobodys", acme.owner.OrgID},
		{"newest@example.com", sub.owner.OrgID, sub.owner.OrgID},
	} {
		l := acme.startFor(tt.wanted)
		if got := must1(l.finish(l.answer(samltest.Person{Email: tt.who}))).Entered.Principal; got.OrgID != tt.lands || got.Role != policy.Member {
			t.Errorf("%s, sent to %s, is made a member of %+v", tt.who, tt.wanted, got)
		}
	}
}

// governed is an org whose domains and sign-on another holds.
func governed(w *world, by *customer) *customer {
	w.t.Helper()
	sub := w.newOrg("Subsidiary", "boss@example.net")
	w.change(func(tx store.Tx) error {
		o, err := tx.Org(w.ctx, sub.owner.OrgID)
		if err != nil {
			return err
		}
		o.SSOFrom = by.owner.OrgID
		return tx.UpdateOrg(w.ctx, o)
	})
	return sub
}

func accountGoverned(t *testing.T, w *world) {
	acme := withAnn(w)
	sub := governed(w, acme)
	sub.add(policy.Member, "ann@example.com", "out@example.org")
	sub.add(policy.Owner, "zoe@example.com", "pat@example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	try := func(address string) accesssec.Code {
		v := w.visit()
		v.OrgID = sub.owner.OrgID
		_, err := w.svc.SignIn().Password(w.ctx, v, address, right)
		return w.code(err)
	}
	for address, want := range map[string]accesssec.Code{
		"ann@example.com": reasonCode(policy.SSORequired),
		"zoe@example.com": reasonCode(policy.SSORequired),     // a Member of the org whose rule it is
		"pat@example.com": "",                                 // nobody there, and Owner here
		"out@example.org": reasonCode(policy.ExternalBlocked), // on no domain of the org that governs
	} {
		if got := try(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	l := acme.startFor(sub.owner.OrgID)
	step, err := l.finish(l.answer(ann))
	w.must(err)
	if step.Entered.Principal.OrgID != sub.owner.OrgID {
		t.Errorf("by sign-on into the subsidiary: %+v", step.Entered.Principal)
	}
}

func accountLapsedIsNotExternal(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	lapse(w, acme)
	next := w.newOrg("Next", "owner@example.net")
	next.verify("example.com")
	v := w.visit()
	v.OrgID = acme.owner.OrgID
	_, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right)
	acme.refuses(err, reasonCode(policy.ExternalBlocked))
	v = w.visit()
	v.OrgID = acme.owner.OrgID
	if _, err := w.svc.SignIn().Password(w.ctx, v, "owner@example.com", right); err != nil {
		t.Errorf("the Owner, who is to decide, is external by that as well: %v", err)
	}
	settings, err := acme.admin().Settings(w.ctx)
	w.must(err)
	settings.RequireSSO, settings.BlockExternal = false, false
	p, err := acme.admin().Preview(w.ctx, settings)
	w.must(err)
	w.must(acme.admin().Apply(w.ctx, settings, p.Hash))
	settings, err = acme.admin().Settings(w.ctx)
	w.must(err)
	settings.RequireSSO = true
	p, err = acme.admin().Preview(w.ctx, settings)
	w.must(err)
	if p.LoseCount != 0 {
		t.Errorf("the preview says that %d lose what is another's to close", p.LoseCount)
	}
}

// accountTwoLapsed: of two claims that have lapsed the one that was proven last rules.
func accountTwoLapsed(t *testing.T, w *world) {
	for range 4 {
		name := strings.ToLower(rand.Text()) + ".example.com"
		first := w.newOrg("First", "owner@"+name)
		first.verify(name)
		lapse(w, first)
		w.advance(time.Hour)
		second := w.newOrg("Second", "owner@x"+name)
		second.verify(name)
		second.connect()
		second.add(policy.Member, "ann@"+name)
		second.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
		lapse(w, second)
		if _, err := w.byPassword("ann@"+name, right); w.code(err) != reasonCode(policy.SSORequired) {
			t.Errorf("the older claim rules: %v", err)
		}
	}
}

func accountClosedPassword(_ *testing.T, w *world) {
	acme, other := withAnn(w), w.newOrg("Other", "owner@example.org")
	other.add(policy.Admin, "ann@example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	l := acme.startFor(other.owner.OrgID)
	step := must1(l.finish(l.answer(ann)))
	_, err := w.svc.Me(step.Entered.Principal).Prove(w.ctx, right)
	other.refuses(err, reasonCode(policy.SSORequired))
	_, err = w.svc.Admin(step.Entered.Principal).ClaimDomain(w.ctx, "example.net")
	other.refuses(err, accesssec.CodeProve)
}

func accountSecondDomain(_ *testing.T, w *world) {
	acme := withAnn(w)
	acme.add(policy.Member, "pat@example.net")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	in, err := w.byPassword("pat@example.net", right)
	w.must(err)
	acme.verify("example.net")
	w.alive(in, false)
	_, err = w.byPassword("pat@example.net", right)
	acme.refuses(err, reasonCode(policy.SSORequired))
}

func accountImport(t *testing.T, w *world) {
	acme := withAnn(w)
	err := w.svc.ImportPeople(w.ctx, acme.owner.OrgID,
		accesssec.Person{Address: "one@example.com", Role: policy.Member},
		accesssec.Person{Address: "ann@example.com", Role: policy.Member})
	if w.code(err) != accesssec.CodeMember || !strings.Contains(err.Error(), "person 2") {
		t.Errorf("imported twice: %v", err)
	}
	if _, there := w.user("one@example.com"); there {
		t.Error("half of the import was kept")
	}
}

func accountEditedPrincipal(t *testing.T, w *world) {
	acme, other := withAnn(w), w.newOrg("Other", "owner@example.org")
	p := other.owner
	p.OrgID, p.UserID = acme.owner.OrgID, acme.owner.UserID
	if _, err := w.svc.Admin(p).Settings(w.ctx); w.code(err) != accesssec.CodeNotAllowed {
		t.Errorf("another org's Owner by editing: %v", err)
	}
	in := must1(w.byPassword("ann@example.com", right)).Principal
	in.UserID = acme.owner.UserID
	if _, err := w.svc.Admin(in).Settings(w.ctx); w.code(err) != accesssec.CodeNotAllowed {
		t.Errorf("another person by editing: %v", err)
	}
	if _, err := w.svc.Me(in).Profile(w.ctx); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("another person's profile by editing: %v", err)
	}
}

func accountNotFresh(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	acme.sessionAge = time.Hour // of the session at the identity provider
	acme.connect()
	acme.add(policy.Member, "ann@example.com")
	l := acme.startFresh()
	_, err := l.finish(l.answer(ann))
	acme.refuses(err, accesssec.CodeNotFresh)
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		t.Errorf("%d sessions", n)
	}
	acme.signIn(ann) // when nobody asked for it, it may be old
}

// accountSameWork counts what a wrong password costs, and what it asks of the store.
func accountSameWork(t *testing.T, w *world) {
	acme := withAnn(w)
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "bare@example.com", Verified: true, Role: policy.Member}))
	cost := func(address string) (runs, asked int64) {
		// A context that can't be cancelled is asked by the store alone, not by its driver.
		ctx := &dying{Context: context.WithoutCancel(w.ctx)}
		ctx.left.Store(1 << 40)
		before := w.hasher.Runs()
		_, err := w.svc.SignIn().Password(ctx, w.visit(), address, "wrong")
		if w.code(err) != accesssec.CodeWrongPassword {
			t.Fatal(err)
		}
		return w.hasher.Runs() - before, 1<<40 - ctx.left.Load()
	}
	runs, asked := cost("ann@example.com")
	if runs != 1 {
		t.Errorf("%d computations", runs)
	}
	for _, address := range []string{"nobody@example.com", "bare@example.com", "owner@example.com"} {
		if r, a := cost(address); r != runs || a != asked {
			t.Errorf("%s: %d computations and %d calls, a member's %d and %d", address, r, a, runs, asked)
		}
	}
}

// accountEditedMail: whoever can write an address into an attribute of theirs does not
// become the one whose address it is.
func accountEditedMail(_ *testing.T, w *world) {
	acme := withAnn(w)
	mail := func(nameID, address string) (*login, samltest.Person) {
		return acme.start(), samltest.Person{NameID: nameID, Email: address}
	}
	// Ann has signed in before, and her NameID is no address.
	l, p := mail("u-ann", "ann@example.com")
	_, err := l.finish(l.answer(p))
	w.must(err)
	l, p = mail("u-ann", "owner@example.com")
	_, err = l.finish(l.answer(p))
	acme.refuses(err, accesssec.CodeSubject)
	// The Owner has, and somebody new says to be them.
	l, p = mail("u-owner", "owner@example.com")
	_, err = l.finish(l.answer(p))
	w.must(err)
	l, p = mail("u-zoe", "owner@example.com")
	_, err = l.finish(l.answer(p))
	acme.refuses(err, accesssec.CodeSubject)
	// Nobody has, and the NameID is the address of an account.
	l, p = mail("zoe@example.com", "ann@example.com")
	_, err = l.finish(l.answer(p))
	acme.refuses(err, accesssec.CodeSubject)
	w.left(acme, 2)
}

func accountOtherNameID(_ *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	renamed := samltest.Person{Email: "ann@example.com", NameID: "u-17"}
	l := acme.start()
	_, err := l.finish(l.answer(renamed))
	acme.refuses(err, accesssec.CodeSubject)
	w.must(acme.admin().ForgetSubjects(w.ctx, acme.conn.ID))
	acme.signIn(renamed)
	l = acme.start()
	_, err = l.finish(l.answer(ann))
	acme.refuses(err, accesssec.CodeSubject)
	// The account is gone, the person is not.
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	u, _ := w.user("ann@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, u.ID) })
	acme.signIn(renamed)
}

func accountTransient(_ *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	acme.nameIDFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	acme.connect()
	acme.add(policy.Member, "ann@example.com")
	for _, id := range []string{"t-1", "t-2"} {
		acme.signIn(samltest.Person{Email: "ann@example.com", NameID: id})
	}
}

// accountRecycledEntry: what was in the directory of the one before is not inherited.
func accountRecycledEntry(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	old, _ := w.user("ann@example.com")
	team := store.Entry{OrgID: acme.owner.OrgID, ID: "ent-team", Type: store.EntryGroup, Name: "Finance", NameKey: "finance", CreatedAt: w.clock()}
	var before store.Entry
	w.change(func(tx store.Tx) error {
		page, err := tx.Entries(w.ctx, acme.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: old.ID}})
		if err != nil || len(page.Items) != 1 {
			t.Fatal("no entry", err)
		}
		before = page.Items[0]
		before.ConnectionID, before.ExternalID = "con-scim", "x-1"
		if err := tx.PutEntry(w.ctx, before); err != nil {
			return err
		}
		if err := tx.PutEntry(w.ctx, team); err != nil {
			return err
		}
		if err := tx.ChangeEntryMembers(w.ctx, acme.owner.OrgID, team.ID, store.MemberDelta{Add: []string{before.ID}}); err != nil {
			return err
		}
		return tx.DeleteUser(w.ctx, old.ID)
	})
	in := acme.signIn(ann)
	page, err := w.store.Entries(w.ctx, acme.owner.OrgID, store.EntryQuery{Filter: &store.Filter{Path: "userId", Op: store.OpEq, Value: in.Principal.UserID}})
	w.must(err)
	if len(page.Items) != 1 || page.Items[0].ID == before.ID || page.Items[0].ExternalID != "" {
		t.Fatalf("the newcomer's entry is %+v", page.Items)
	}
	groups, err := w.store.EntryGroups(w.ctx, acme.owner.OrgID, []string{page.Items[0].ID})
	w.must(err)
	if len(groups) != 0 {
		t.Errorf("the newcomer is in %v", groups)
	}
}

// accountSoldDomain: who buys a domain that has lapsed vouches for nobody in the org
// that had it, when that one keeps out people from outside.
func accountSoldDomain(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	lapse(w, acme)
	buyer := w.newOrg("Buyer", "owner@example.net")
	buyer.verify("example.com")
	buyer.connect()
	buyer.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	l := buyer.startFor(acme.owner.OrgID)
	_, err := l.finish(l.answer(samltest.Person{Email: "owner@example.com"}))
	if w.code(err) != reasonCode(policy.ExternalBlocked) {
		t.Errorf("the buyer's identity provider lets its people in: %v", err)
	}
	w.left(acme, 0)
}
