package flowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// addressFlows: people change their address by the mailbox of the new one, unless an org keeps
// it for them.
func addressFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"changed":                    addressChanges,
		"it wants a proof":           addressProof,
		"an org's domain":            addressManaged,
		"of a provisioned person":    addressProvisioned,
		"an address of somebody":     addressTaken,
		"one that nobody has proven": addressUnproven,
		"two at once":                addressTwo,
		"ten clicks":                 addressRace,
		"to where SSO comes first":   addressSSO,
		"what ends the link":         addressOver,
		"an invitation waits there":  addressInvited,
		"sessions are decided again": addressDecided,
		"whatever fails":             addressFaults,
		"floods":                     addressFlood,
		"what the asker can look at": addressUntold,
	})
}

// provenAs is somebody who is signed in, and has just proved who they are.
func provenAs(w *world, address string) *accesssec.Entered {
	w.t.Helper()
	in := must1(w.byPassword(address, right))
	w.prove(in)
	return in
}

// moves asks for another address, and has the link.
func (p *post) moves(w *world, in *accesssec.Entered, to string) letter {
	w.t.Helper()
	w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, to))
	return w.of(p.takes(w), accesssec.TemplateAddressConfirm)
}

// confirms is why a link changes no address.
func (w *world) confirms(token string) accesssec.Code {
	w.t.Helper()
	return w.code(w.svc.SignIn().ConfirmAddress(w.ctx, w.visit(), token))
}

func addressChanges(t *testing.T, w *world) {
	p, acme := mailing(w)
	in := provenAs(w, "ann@example.com")
	w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "Ann@Example.net"))
	got := p.takes(w)
	if len(got) != 2 || got[0].Template != accesssec.TemplateAddressAsked || got[0].To != "ann@example.com" || got[1].To != "Ann@Example.net" {
		t.Fatalf("mailed %+v", got)
	}
	m := w.letter(got[1])
	for range 3 {
		if shown := must1(w.svc.SignIn().Mailed(w.ctx, w.visit(), m.token)); shown.For != accesssec.MailAddress || shown.Address != "Ann@Example.net" || !shown.Here {
			t.Errorf("shown %+v", shown)
		}
	}
	if _, there := w.user("ann@example.net"); there {
		t.Error("looking has changed it")
	}
	half := w.visit()
	if code := w.confirms(m.token); code != "" {
		t.Fatalf("confirmed: %s", code)
	}
	u, there := w.user("ann@example.net")
	if _, old := w.user("ann@example.com"); !there || old || u.ID != in.Principal.UserID || u.Address != "Ann@Example.net" || !u.AddressVerified {
		t.Errorf("left %+v, and the old address: %v", u, old)
	}
	if entry := acme.entryOf("ann@example.net"); entry.UserID != u.ID {
		t.Errorf("the directory has %+v", entry)
	}
	if _, err := w.byPassword("ann@example.com", right); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("by the old address: %v", err)
	}
	must1(w.svc.SignIn().Password(w.ctx, half, "ann@example.net", right))
	must1(w.svc.Authenticate(w.ctx, in.Token()))
	if code := w.confirms(m.token); code != accesssec.CodeLinkOver {
		t.Errorf("used again: %s", code)
	}
	got = p.takes(w)
	if len(got) != 2 || got[0].Template != accesssec.TemplateAddressMoved || got[0].To != "Ann@Example.net" || got[1].To != "ann@example.com" {
		t.Errorf("told %+v", got)
	}
	if e := acme.last(audit.AddressChanged); len(e.Changes) != 1 || !e.Changes[0].Personal || e.Changes[0].New != "Ann@Example.net" {
		t.Errorf("the log has %+v", e)
	}
	if len(acme.events(audit.AddressAsked)) != 1 || len(w.system(audit.MailRequested)) != 1 {
		t.Error("the log does not say that it was asked for")
	}
}

func addressProof(t *testing.T, w *world) {
	p, acme := mailing(w)
	in := must1(w.byPassword("ann@example.com", right))
	acme.refuses(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"), accesssec.CodeProve)
	w.prove(in)
	w.advance(5 * time.Minute)
	acme.refuses(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"), accesssec.CodeProve)
	w.prove(in)
	for _, none := range []string{"", "ann", "ANN@example.com"} {
		acme.refuses(w.svc.Me(in.Principal).ChangeAddress(w.ctx, none), accesssec.CodeAddress)
	}
	if got := p.takes(w); len(got) != 0 {
		t.Errorf("mailed %+v", got)
	}
	mute := w.service(w.host.URL)
	acme.refuses(mute.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"), accesssec.CodeNoMail)
}

// addressManaged: on a domain of an org of theirs the address is the org's to change, also when
// the domain came after the link.
func addressManaged(t *testing.T, w *world) {
	p, acme := mailing(w)
	in := provenAs(w, "ann@example.com")
	m := p.moves(w, in, "ann@example.net")
	acme.verify("example.com")
	p.takes(w)
	if code := w.confirms(m.token); code != accesssec.CodeAddressManaged {
		t.Errorf("confirmed on the org's domain: %s", code)
	}
	if err := w.visitMailed(w.visit(), m.token); w.code(err) != accesssec.CodeAddressManaged {
		t.Errorf("shown on the org's domain: %v", err)
	}
	acme.refuses(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"), accesssec.CodeAddressManaged)
	if e := acme.events(audit.ChangeRefused); len(e) != 2 {
		t.Errorf("%d refusals in the log", len(e))
	}
	for _, status := range []string{store.DomainMissing, store.DomainUnverified} {
		acme.claimed("example.com", status)
		w.advance(time.Minute)
		acme.refuses(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"), accesssec.CodeAddressManaged)
	}
	// Who is no member there is nobody's.
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Member, "ext@example.com")
	ext := provenAs(w, "ext@example.com")
	if code := w.confirms(p.moves(w, ext, "ext@example.net").token); code != "" {
		t.Errorf("who is no member of the org that holds the domain: %s", code)
	}
}

// claimed is what a claim comes to in weeks.
func (c *customer) claimed(name, status string) {
	w := c.w
	w.t.Helper()
	for _, d := range must1(w.store.DomainsByName(w.ctx, []string{name})) {
		d.Status = status
		w.change(func(tx store.Tx) error { return tx.UpdateDomains(w.ctx, d) })
	}
}

func addressProvisioned(t *testing.T, w *world) {
	p, acme := mailing(w)
	in := provenAs(w, "ann@example.com")
	m := p.moves(w, in, "ann@example.net")
	e := acme.entryOf("ann@example.com")
	e.ConnectionID = "scim"
	w.change(func(tx store.Tx) error { return tx.PutEntry(w.ctx, e) })
	acme.refuses(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"), accesssec.CodeAddressManaged)
	if code := w.confirms(m.token); code != accesssec.CodeAddressManaged {
		t.Errorf("confirmed: %s", code)
	}
}

// addressTaken: who asks does not learn whose it is, and who has it is told.
// addressUnproven: somebody has made an account with the address, and never had its mailbox. Who has
// gets it by the way that everybody has, and not by a move, which would end what the account was given.
func addressUnproven(t *testing.T, w *world) {
	p, _ := mailing(w)
	other := w.newOrg("Other", "olga@example.org")
	w.must(w.svc.ImportPeople(w.ctx, other.owner.OrgID, accesssec.Person{Address: "ann@example.net", Role: policy.Billing, Password: right}))
	in := provenAs(w, "ann@example.com")
	w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"))
	w.of(p.takes(w), accesssec.TemplateAddressTaken)
	if code := w.sets(p.reset(w, "ann@example.net", accesssec.TemplateMailPassword).token, another); code != "" {
		t.Fatalf("the mailbox sets no password: %s", code)
	}
	if _, err := w.byPassword("ann@example.net", right); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("in by the password of before: %v", err)
	}
	theirs := must1(w.byPassword("ann@example.net", another))
	if m, err := w.store.Membership(w.ctx, other.owner.OrgID, theirs.Principal.UserID); err != nil || m.Role != string(policy.Billing) {
		t.Errorf("what the account was given: %+v, %v", m, err)
	}
	theirs = must1(w.svc.Me(theirs.Principal).Prove(w.ctx, another))
	if code := w.confirms(p.moves(w, theirs, "second@example.net").token); code != "" {
		t.Errorf("moved off: %s", code)
	}
	p.takes(w)
	if code := w.confirms(p.moves(w, provenAs(w, "ann@example.com"), "ann@example.net").token); code != "" {
		t.Errorf("and the other one to it: %s", code)
	}
}

func addressTaken(t *testing.T, w *world) {
	p, acme := mailing(w)
	const most = 40 // tries: a busy database has nearly all of them run again
	var got []accesssec.Notice
	cost := func(to string) int64 {
		got = append(got, p.takes(w)...)
		w.advance(25 * time.Hour)
		in := provenAs(w, "ann@example.com")
		ctx := &dying{Context: context.WithoutCancel(w.ctx)}
		ctx.left.Store(1 << 40)
		w.must(w.svc.Me(in.Principal).ChangeAddress(ctx, to))
		return 1<<40 - ctx.left.Load()
	}
	cost("warm@example.com") // from here on the counts are there
	// A store may have to run one again: the least is what it costs.
	taken, free := int64(1<<40), int64(1<<40)
	asked := 0
	for n := range most {
		asked++
		acme.add(policy.Member, fmt.Sprintf("bob%d@example.com", n))
		free = min(free, cost(fmt.Sprintf("nobody%d@example.com", n)))
		taken = min(taken, cost(fmt.Sprintf("bob%d@example.com", n)))
		if n > 0 && taken == free {
			break
		}
	}
	if taken != free {
		t.Errorf("%d calls for an address that is somebody's, %d for one that is nobody's", taken, free)
	}
	got = append(got, p.takes(w)...)
	for n := range asked {
		if n := w.of(slices.DeleteFunc(slices.Clone(got), func(m accesssec.Notice) bool { return m.To != fmt.Sprintf("bob%d@example.com", n) }), accesssec.TemplateAddressTaken); n.token != "" {
			t.Errorf("told %+v", n)
		}
	}
	// Somebody has it by then.
	m := p.moves(w, provenAs(w, "ann@example.com"), "nia@example.com")
	acme.add(policy.Member, "nia@example.com")
	before, _ := w.user("nia@example.com")
	if code := w.confirms(m.token); code != accesssec.CodeLinkOver {
		t.Errorf("taken meanwhile: %s", code)
	}
	acme.refuses(w.visitMailed(w.visit(), m.token), accesssec.CodeLinkOver)
	if after, _ := w.user("nia@example.com"); after != before {
		t.Errorf("the other account is %+v", after)
	}
}

// addressTwo: of two that were asked for the newer one counts, and each link has its address.
func addressTwo(t *testing.T, w *world) {
	p, _ := mailing(w)
	in := provenAs(w, "ann@example.com")
	first := p.moves(w, in, "a1@example.net")
	w.advance(time.Second)
	me := w.svc.Me(in.Principal)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for n, to := range []string{"a2@example.net", "a3@example.net"} {
		wg.Go(func() { errs[n] = me.ChangeAddress(w.ctx, to) })
	}
	wg.Wait()
	w.must(errors.Join(errs...))
	tokens := map[string]string{}
	for _, n := range p.takes(w) {
		if n.Template == accesssec.TemplateAddressConfirm {
			tokens[n.To] = w.letter(n).token
		}
	}
	if code := w.confirms(first.token); code != accesssec.CodeLinkOver {
		t.Errorf("the one before: %s", code)
	}
	moved := 0
	for to, token := range tokens {
		if w.confirms(token) == "" {
			moved++
			if u, _ := w.user(to); u.ID != in.Principal.UserID {
				t.Errorf("the link for %s has made it another", to)
			}
		}
	}
	if moved != 1 || len(tokens) != 2 {
		t.Errorf("%d of %d links work", moved, len(tokens))
	}
}

// addressRace: of ten clicks one changes it; of two people who want one address, one gets it.
func addressRace(t *testing.T, w *world) {
	p, acme := mailing(w)
	acme.add(policy.Member, "bob@example.com")
	ann := p.moves(w, provenAs(w, "ann@example.com"), "one@example.net")
	bob := p.moves(w, provenAs(w, "bob@example.com"), "one@example.net")
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for n := range errs {
		wg.Go(func() {
			errs[n] = w.svc.SignIn().ConfirmAddress(w.ctx, w.visit(), []string{ann.token, bob.token}[n%2])
		})
	}
	wg.Wait()
	done := 0
	for _, err := range errs {
		switch code := w.code(err); code {
		case "":
			done++
		case accesssec.CodeLinkOver, accesssec.CodeLocked:
		default:
			t.Errorf("refused as %s", code)
		}
	}
	if _, there := w.user("one@example.net"); done != 1 || !there || len(acme.events(audit.AddressChanged)) != 1 {
		t.Errorf("%d have changed it, there: %v", done, there)
	}
}

// addressSSO: where an identity provider vouches for people nobody waits for them.
func addressSSO(t *testing.T, w *world) {
	p := w.watched()
	acme := withAnn(w)
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Member, "mal@example.org")
	in := provenAs(w, "mal@example.org")
	m := p.moves(w, in, "victim@example.com")
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	p.takes(w)
	if code := w.confirms(m.token); code != accesssec.Code(policy.SSORequired) {
		t.Errorf("confirmed: %s", code)
	}
	for _, to := range []string{"victim@example.com", "ann@example.com"} {
		acme.refuses(w.svc.Me(in.Principal).ChangeAddress(w.ctx, to), accesssec.Code(policy.SSORequired))
	}
	if got := p.takes(w); len(got) != 0 {
		t.Errorf("mailed %+v", got)
	}
}

func addressOver(t *testing.T, w *world) {
	p, acme := mailing(w)
	for n, end := range []func(u store.User, in *accesssec.Entered){
		func(u store.User, _ *accesssec.Entered) { w.advance(time.Hour) },
		func(u store.User, _ *accesssec.Entered) {
			u.Disabled = true
			w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
		},
		func(u store.User, _ *accesssec.Entered) {
			u.Password = must1(w.hasher.Hash(w.ctx, another))
			w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
		},
		func(u store.User, _ *accesssec.Entered) {
			w.must(acme.admin().RemoveMember(w.ctx, u.ID))
			w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, u.ID) })
		},
		func(_ store.User, in *accesssec.Entered) {
			w.advance(time.Second)
			w.must(w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, false))
		},
	} {
		address := string(rune('a'+n)) + "@example.com"
		acme.add(policy.Member, address)
		in := provenAs(w, address)
		m := p.moves(w, in, string(rune('a'+n))+"@example.net")
		u, _ := w.user(address)
		end(u, in)
		if code := w.confirms(m.token); code != accesssec.CodeLinkOver {
			t.Errorf("%d: %q", n, code)
		}
		if _, there := w.user(string(rune('a'+n)) + "@example.net"); there {
			t.Errorf("%d: changed all the same", n)
		}
	}
	// What was asked for, and ended before it was written.
	acme.add(policy.Member, "z@example.com")
	in := provenAs(w, "z@example.com")
	w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "z@example.net"))
	u, _ := w.user("z@example.com")
	u.Disabled = true
	w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
	for _, n := range p.takes(w) {
		if n.To == "z@example.net" {
			t.Errorf("mailed %+v", n)
		}
	}
}

// addressInvited: who is in already needs no invitation to the new address.
func addressInvited(t *testing.T, w *world) {
	p, acme := mailing(w)
	in := provenAs(w, "ann@example.com")
	m := p.moves(w, in, "ann@example.net")
	_, token := acme.invite(p, "ann@example.net", policy.Admin)
	if code := w.confirms(m.token); code != "" {
		t.Fatalf("confirmed: %s", code)
	}
	if waits := acme.invites(); len(waits) != 0 {
		t.Errorf("invited: %v", waits)
	}
	if code := w.accept(token); code != accesssec.CodeLinkOver {
		t.Errorf("taken up: %s", code)
	}
}

// addressDecided: a session that could not be made with the new address ends.
func addressDecided(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ext@example.net")
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Member, "ext@example.net")
	into := func(c *customer) *accesssec.Entered {
		v := w.visit()
		v.OrgID = c.owner.OrgID
		return must1(w.svc.SignIn().Password(w.ctx, v, "ext@example.net", right)).Entered
	}
	in, there := into(acme), into(other)
	w.prove(in)
	m := p.moves(w, in, "ext@example.org")
	acme.apply(func(s *accesssec.Settings) { s.SessionIdle += time.Minute }) // from here on they are kept
	org := must1(w.store.Org(w.ctx, acme.owner.OrgID))
	for _, on := range []string{"require_sso", "block_external"} {
		org.Access = []byte(strings.Replace(string(org.Access), `"`+on+`":false`, `"`+on+`":true`, 1))
	}
	w.change(func(tx store.Tx) error { return tx.UpdateOrg(w.ctx, org) })
	if code := w.confirms(m.token); code != "" {
		t.Fatalf("confirmed: %s", code)
	}
	if _, err := w.svc.Authenticate(w.ctx, in.Token()); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("in the org that keeps them out: %v", err)
	}
	must1(w.svc.Authenticate(w.ctx, there.Token()))
	if e := acme.last(audit.AddressChanged); len(e.Facts) != 1 || e.Facts[0].Value != "1" {
		t.Errorf("the log has %+v", e)
	}
}

func addressFaults(t *testing.T, w *world) {
	p, _ := mailing(w)
	for n := int64(0); n < 1000; n++ {
		w.advance(25 * time.Hour)
		m := p.moves(w, provenAs(w, "ann@example.com"), "ann@example.net")
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		err := w.svc.SignIn().ConfirmAddress(ctx, w.visit(), m.token)
		_, moved := w.user("ann@example.net")
		if err == nil {
			if !moved || n < 5 {
				t.Errorf("changed: %v, after %d failures", moved, n)
			}
			return
		}
		var no *accesssec.Refusal
		if moved || errors.As(err, &no) {
			t.Fatalf("failure %d: %v, changed: %v", n, err, moved)
		}
	}
	t.Fatal("never changed")
}

// addressFlood: nobody is mailed without end by somebody who is signed in.
func addressFlood(t *testing.T, w *world) {
	p, _ := mailing(w)
	in := provenAs(w, "ann@example.com")
	asked := 0
	for n := range 20 {
		if w.code(w.svc.Me(in.Principal).ChangeAddress(w.ctx, string(rune('a'+n))+"@example.net")) == "" {
			asked++
		}
	}
	got := p.takes(w)
	got = append(got, p.takes(w)...)
	if asked != 5 || len(got) != 10 {
		t.Errorf("asked %d times, %d mails", asked, len(got))
	}
}
