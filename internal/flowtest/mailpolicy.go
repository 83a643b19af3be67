package flowtest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// mailCodeAlike: who types codes for a mail that was never sent hears what they would have
// heard of one that was.
func mailCodeAlike(t *testing.T, w *world) {
	p, acme := mailing(w)
	acme.add(policy.Member, "off@example.com")
	off, _ := w.user("off@example.com")
	off.Disabled = true
	w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, off) })
	tries := func(address string) (got []string) {
		v := w.visit()
		p.asks(w, v, address, accesssec.MailSignIn)
		for range 7 {
			ctx := &dying{Context: context.WithoutCancel(w.ctx)}
			ctx.left.Store(1 << 40)
			_, err := w.svc.SignIn().LinkCode(ctx, v, "0000-0000")
			got = append(got, fmt.Sprintf("%s after %d calls", w.code(err), 1<<40-ctx.left.Load()))
		}
		return got
	}
	diff := ""
	for range 3 { // a store may have to run something again
		want := tries("ann@example.com")
		if !strings.HasPrefix(want[4], "wrong_code") || !strings.HasPrefix(want[5], "link_over") {
			t.Fatalf("codes are answered %v", want)
		}
		diff = ""
		for _, address := range []string{"nobody@example.com", "off@example.com"} {
			diff += cmp.Diff(want, tries(address))
		}
		if diff == "" {
			return
		}
	}
	t.Errorf("codes are answered (-a member's +others')\n%s", diff)
}

func mailFactor(t *testing.T, w *world) {
	p, acme := mailing(w)
	h := acme.newHolder(policy.Member, "bob@example.com")
	p.takes(w)
	for _, withPassword := range []bool{true, false} {
		if !withPassword {
			u, _ := w.user("bob@example.com")
			u.Password, u.PasswordSetByUser = "", false
			w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
		}
		v := w.visit()
		m := p.linked(w, v, "bob@example.com")
		step := must1(w.svc.SignIn().Link(w.ctx, v, m.token))
		if step.Entered != nil || step.Next != policy.NextFactor {
			t.Fatalf("a link alone leads to %+v", step)
		}
		got, no := h.shows(v, h.next())
		if no != "" || got.Entered == nil {
			t.Fatalf("with the code: %s", no)
		}
		ses := must1(w.store.Sessions(w.ctx, store.SessionQuery{UserID: h.id, ID: got.Entered.Principal.SessionID})).Items
		if len(ses) != 1 || !slices.Equal(ses[0].Methods, []string{"link", "totp"}) {
			t.Errorf("by %+v", ses)
		}
		// With another password, or the first, it is over.
		w.advance(2 * time.Hour)
		v = w.visit()
		must1(w.svc.SignIn().Link(w.ctx, v, p.linked(w, v, "bob@example.com").token))
		u, _ := w.user("bob@example.com")
		was := u.Password
		u.Password = must1(w.hasher.Hash(w.ctx, another))
		w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
		if _, no := h.shows(v, h.next()); no != accesssec.CodeHalfOver {
			t.Errorf("with another password than before: %q", no)
		}
		u, _ = w.user("bob@example.com")
		u.Password = was
		w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
		w.advance(2 * time.Hour)
	}
}

// mailMeantime: what keeps somebody out between the mail and the click keeps them out.
func mailMeantime(t *testing.T, w *world) {
	p, acme := mailing(w)
	for n, tt := range []struct {
		name string
		do   func(u store.User)
		want accesssec.Code
	}{
		{"nothing", func(store.User) {}, ""},
		{"disabled", func(u store.User) {
			u.Disabled = true
			w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
		}, accesssec.Code(policy.PersonDisabled)},
		{"gone", func(u store.User) {
			w.must(acme.admin().RemoveMember(w.ctx, u.ID))
			w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, u.ID) })
		}, accesssec.CodeLinkOver},
		{"another password", func(u store.User) {
			u.Password = must1(w.hasher.Hash(w.ctx, another))
			w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
		}, accesssec.CodeLinkOver},
		{"another address", func(u store.User) {
			u.Address, u.AddressKey = "moved@example.net", "moved@example.net"
			w.change(func(tx store.Tx) error { return tx.UpdateUser(w.ctx, u) })
		}, accesssec.CodeLinkOver},
		{"signed out everywhere", func(u store.User) {
			in := must1(w.byPassword(u.Address, right))
			w.advance(time.Minute)
			w.must(w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, false))
		}, accesssec.CodeSignedOut},
	} {
		address := fmt.Sprintf("p%d@example.com", n)
		acme.add(policy.Member, address)
		v, late := w.visit(), w.visit()
		m := p.linked(w, v, address)
		other := p.linked(w, late, address)
		u, _ := w.user(address)
		tt.do(u)
		if code := w.clicked(v, m.token); code != tt.want {
			t.Errorf("%s: by the link: %q, want %q", tt.name, code, tt.want)
		}
		if code := w.typed(late, other.code); code != tt.want {
			t.Errorf("%s: by the code: %q, want %q", tt.name, code, tt.want)
		}
	}
}

// mailSSO: nobody goes past single sign-on by a link, an Owner neither.
func mailSSO(t *testing.T, w *world) {
	p := w.watched()
	acme := withAnn(w)
	p.takes(w)
	for _, address := range []string{"ann@example.com", "owner@example.com"} {
		v := w.visit()
		m := p.linked(w, v, address)
		acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
		for _, err := range []error{w.visitMailed(v, m.token), second(w.svc.SignIn().Link(w.ctx, v, m.token)), second(w.svc.SignIn().LinkCode(w.ctx, v, m.code))} {
			no := refusal(w, err)
			if no.Code != accesssec.Code(policy.SSORequired) || no.Next != policy.NextSSO {
				t.Errorf("%s: refused as %s, next %q", address, no.Code, no.Next)
			}
		}
		acme.apply(func(s *accesssec.Settings) { s.RequireSSO = false })
		p.takes(w)
		if code := w.clicked(v, m.token); code != "" {
			t.Errorf("%s: not required any more: %s", address, code)
		}
	}
	if e := acme.events(audit.LoginRefused); len(e) != 4 {
		t.Errorf("%d refusals in the log", len(e))
	}
}

func second[T any](_ T, err error) error { return err }

// refusal is err as one; anything else ends the test.
func refusal(w *world, err error) *accesssec.Refusal {
	w.t.Helper()
	no, ok := err.(*accesssec.Refusal)
	if !ok {
		w.t.Fatalf("not a refusal: %v", err)
	}
	return no
}

func mailMethodOff(t *testing.T, w *world) {
	p, acme := mailing(w)
	v := w.visit()
	m := p.linked(w, v, "ann@example.com")
	acme.apply(func(s *accesssec.Settings) { s.SessionIdle += time.Minute }) // from here on they are kept
	p.takes(w)
	org := must1(w.store.Org(w.ctx, acme.owner.OrgID))
	org.Access = []byte(strings.Replace(string(org.Access), "{", `{"methods":["password"],`, 1))
	w.change(func(tx store.Tx) error { return tx.UpdateOrg(w.ctx, org) })
	if code := w.clicked(v, m.token); code != accesssec.Code(policy.MethodOff) {
		t.Errorf("by a way that is off: %s", code)
	}
	n := w.one(p.asks(w, w.visit(), "ann@example.com", accesssec.MailSignIn), accesssec.TemplateMailOtherWay)
	if n.token != "" || n.code != "" || n.Values["why"] == "" {
		t.Errorf("mailed %+v", n)
	}
	// A password is no way that is off, and sets one.
	w.one(p.asks(w, w.visit(), "ann@example.com", accesssec.MailPassword), accesssec.TemplateMailPassword)
}

// mailTrap: an account that somebody else has made, and waits in, is the mailbox's owner's.
func mailTrap(t *testing.T, w *world) {
	p, acme := mailing(w)
	for n, sign := range []func(v accesssec.Visit, m letter) accesssec.Code{
		func(v accesssec.Visit, m letter) accesssec.Code { return w.clicked(v, m.token) },
		func(v accesssec.Visit, m letter) accesssec.Code { return w.typed(v, m.code) },
	} {
		address := fmt.Sprintf("vic%d@example.com", n)
		w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: address, Password: right, Role: policy.Member}))
		trap := w.holder(address)
		p.takes(w)
		v := w.visit()
		m := p.linked(w, v, address)
		if got := must1(w.svc.SignIn().Mailed(w.ctx, v, m.token)); got.Account {
			t.Error("an account that nobody has proven is said to be there")
		}
		if code := sign(v, m); code != "" {
			t.Fatalf("its owner: %s", code)
		}
		u, _ := w.user(address)
		if !u.AddressVerified || u.Password != "" || w.sessions(store.SessionQuery{UserID: u.ID}) != 1 {
			t.Errorf("left: %+v, %d sessions", u, w.sessions(store.SessionQuery{UserID: u.ID}))
		}
		if _, err := w.svc.Authenticate(w.ctx, trap.in.Token()); w.code(err) != accesssec.CodeSignedOut {
			t.Errorf("who has made the account: %v", err)
		}
		if _, err := w.byPassword(address, right); w.code(err) != accesssec.CodeWrongPassword {
			t.Errorf("their password: %v", err)
		}
		if len(w.system(audit.UserCleared))+len(acme.events(audit.UserCleared)) != n+1 {
			t.Error("the log does not say that it was emptied")
		}
	}
}

// mailFlood: one mailbox gets few mails, and one network sends few.
func mailFlood(t *testing.T, w *world) {
	p, _ := mailing(w)
	ask := func(ip, address string) accesssec.Code {
		v := w.visit()
		v.IP = ip
		return w.code(w.svc.SignIn().SendMail(w.ctx, v, address, accesssec.MailSignUp))
	}
	tries := map[string]int{}
	count := func(name, ip, address string) {
		if code := ask(ip, address); code == "" {
			tries[name]++
		} else if code != accesssec.CodeLocked {
			t.Fatalf("%s: %s", name, code)
		}
	}
	for n := range 30 {
		count("one network", "198.51.100.7", "ann@example.com")
		count("many networks", fmt.Sprintf("203.0.113.%d", n), "bob@example.com")
		count("an address that varies", fmt.Sprintf("203.0.113.%d", n), []string{"CY@example.com", "cy@EXAMPLE.com"}[n%2])
	}
	for n := range 70 {
		count("one network, many addresses", "192.0.2.1", fmt.Sprintf("x%d@example.com", n))
	}
	want := map[string]int{"one network": 5, "many networks": 15, "an address that varies": 15, "one network, many addresses": 50}
	if diff := cmp.Diff(want, tries); diff != "" {
		t.Errorf("asked (-want +got)\n%s", diff)
	}
	sent, asked := 0, len(w.system(audit.MailRequested, audit.MailWithheld))
	for range 40 { // what is due at once is leased bit by bit
		got := len(p.takes(w))
		if sent += got; got == 0 {
			break
		}
	}
	events := len(w.system(audit.MailRequested, audit.MailWithheld))
	if sent != 85 || asked != 0 || events != 85 {
		t.Errorf("%d mails, %d events before and %d after", sent, asked, events)
	}
}

// mailStrangers: whoever asks and asks for Ann does not keep her from a mail of her own.
func mailStrangers(t *testing.T, w *world) {
	p, _ := mailing(w)
	v := w.visit()
	must1(w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right))
	for n := range 100 {
		other := w.visit()
		other.IP = fmt.Sprintf("203.0.113.%d", n)
		if w.code(w.svc.SignIn().SendMail(w.ctx, other, "ann@example.com", accesssec.MailSignIn)) == accesssec.CodeLocked && n > 20 {
			break
		}
	}
	p.takes(w)
	m := p.linked(w, v, "ann@example.com")
	if code := w.clicked(v, m.token); code != "" {
		t.Errorf("in her own browser: %s", code)
	}
	// Who uses what was mailed need not wait for the next.
	for range 12 {
		if code := w.clicked(v, p.linked(w, v, "ann@example.com").token); code != "" {
			t.Fatalf("again: %s", code)
		}
	}
}

func mailNotOffered(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newOrg("Acme", "owner@example.com")
	for what, want := range map[accesssec.MailFor]accesssec.Code{accesssec.MailSignIn: accesssec.CodeNotOffered, accesssec.MailSignUp: accesssec.CodeNotOffered, accesssec.MailPassword: ""} {
		svc := w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
			o.Notify, o.Methods, o.InviteOnly = p.sink(works), []policy.Method{policy.Password}, true
		})
		acme.refuses(svc.SignIn().SendMail(w.ctx, w.visit(), "owner@example.com", what), want)
		mute := w.service(w.host.URL)
		err := mute.SignIn().SendMail(w.ctx, w.visit(), "owner@example.com", what)
		if code := w.code(err); code != accesssec.CodeNoMail && !(what == accesssec.MailSignIn && code == accesssec.CodeNotOffered) {
			t.Errorf("%s without a Notifier: %s", what, code)
		}
		acme.refuses(w.svc.SignIn().SendMail(w.ctx, w.visit(), "no address", what), accesssec.CodeAddress)
	}
	acme.refuses(w.svc.SignIn().SendMail(w.ctx, accesssec.Visit{}, "owner@example.com", accesssec.MailSignIn), accesssec.CodeBrowser)
	for _, what := range []accesssec.MailFor{"", "junk", accesssec.MailAddress} {
		if err := w.svc.SignIn().SendMail(w.ctx, w.visit(), "owner@example.com", what); err == nil {
			t.Errorf("a mail for %q", what)
		}
	}
	ways := must1(w.svc.SignIn().Discover(w.ctx, w.visit(), "owner@example.com")).Allows
	if !slices.Contains(ways, policy.Link) {
		t.Errorf("offered: %v", ways)
	}
}

func mailFaults(_ *testing.T, w *world) {
	p, acme := mailing(w)
	v := w.visit()
	n := 0
	acme.untilIn(func(ctx context.Context) (*accesssec.Entered, error) {
		w.advance(25 * time.Hour) // attempts that failed were counted, and are forgotten
		m := p.linked(w, v, "ann@example.com")
		if n++; n%2 == 0 {
			step, err := w.svc.SignIn().LinkCode(ctx, v, m.code)
			return step.Entered, err
		}
		step, err := w.svc.SignIn().Link(ctx, v, m.token)
		return step.Entered, err
	})
}

// mailNewer: of one browser the last one counts, and nobody else's is touched by it.
func mailNewer(t *testing.T, w *world) {
	p, _ := mailing(w)
	v, other := w.visit(), w.visit()
	theirs := p.linked(w, other, "ann@example.com")
	first := p.linked(w, v, "ann@example.com")
	last := p.linked(w, v, "owner@example.com")
	if code := w.clicked(v, first.token); code != accesssec.CodeLinkOver {
		t.Errorf("the one before: %s", code)
	}
	if code := w.typed(v, first.code); code != accesssec.CodeWrongCode {
		t.Errorf("its code: %s", code)
	}
	if code := w.clicked(v, last.token); code != "" {
		t.Errorf("the last one: %s", code)
	}
	if code := w.clicked(other, theirs.token); code != "" {
		t.Errorf("another browser's: %s", code)
	}
}

// mailCanary is a tour through all links, with everything written down.
func mailCanary(_ *testing.T, w *world) {
	p, log := newPost(), &lockedBuffer{}
	c := &canary{w: w, secrets: map[string][]string{}, sinks: map[string]*strings.Builder{}}
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	w.svc = w.logging(w.store, p.sink(works), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	closed := w.logging(undone{w.store}, p.sink(fails), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	v, mark := w.marked()
	c.secret("the browser's mark", mark, mark[3:])
	c.secret("a password", right, another)
	keep := func() {
		c.stored(acme.owner.OrgID)
		for _, d := range must1(w.store.Docs(w.ctx, "mail_link", "", store.DocQuery{Paging: store.Paging{Limit: 1000}})).Items {
			c.doc("docs of links", d.ID, d.Key+" "+d.Owner, d.Body)
		}
		w.advance(3 * time.Minute) // what has been looked at was leased
	}
	took := func(m letter) letter {
		c.secret("a link's token", m.token, m.token[3:])
		if m.code != "" {
			c.secret("a link's code", m.code, strings.ReplaceAll(m.code, "-", ""))
		}
		keep()
		return m
	}
	in := must1(w.byPassword("ann@example.com", right))
	w.must(w.svc.SignIn().SendMail(w.ctx, v, "ann@example.com", accesssec.MailSignIn))
	keep() // the job that waits
	m := took(w.one(p.takes(w), accesssec.TemplateMailSignIn))
	c.held(must1(w.svc.SignIn().Mailed(w.ctx, v, m.token)))
	for _, svc := range []*accesssec.Service{closed, w.svc} {
		c.failed(second(svc.SignIn().LinkCode(w.ctx, v, "0000-0000")))
	}
	for _, svc := range []*accesssec.Service{closed, w.svc} {
		step, err := svc.SignIn().Link(w.ctx, v, m.token)
		if c.held(step); err != nil {
			c.failed(err)
		}
	}
	c.failed(second(w.svc.SignIn().Link(w.ctx, v, m.token)))
	w.prove(in)
	w.must(w.svc.Me(in.Principal).ChangeAddress(w.ctx, "ann@example.net"))
	keep()
	m = took(w.of(p.takes(w), accesssec.TemplateAddressConfirm))
	c.failed(closed.SignIn().ConfirmAddress(w.ctx, v, m.token))
	w.must(w.svc.SignIn().ConfirmAddress(w.ctx, v, m.token))
	m = took(w.of(p.asks(w, v, "ann@example.net", accesssec.MailPassword), accesssec.TemplateMailPassword))
	c.failed(second(w.svc.SignIn().SetPassword(w.ctx, v, m.token, "short")))
	c.failed(second(closed.SignIn().SetPassword(w.ctx, v, m.token, another)))
	c.held(must1(w.svc.SignIn().SetPassword(w.ctx, v, m.token, another)))
	p.takes(w)
	m = took(w.of(p.asks(w, v, "nia@example.net", accesssec.MailSignUp), accesssec.TemplateMailSignUp))
	c.failed(second(closed.SignIn().SignUp(w.ctx, v, m.token, newcomer())))
	c.held(must1(w.svc.SignIn().SignUp(w.ctx, v, m.token, newcomer())))
	c.write("log lines", log.String(), "every one of them, which may be none, and is looked at in any case")
	keep()
	c.check("errors", "what a host prints", "the log", "jobs", "docs of links", "log lines")
}
