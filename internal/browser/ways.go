package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

const fence = "Correct horse 7 battery staple"

// walkWays is what people do on the other ways in: by an OpenID provider, without an account and
// with one; in a browser that is remembered; by grace, in an org that asks for a second factor;
// and to another address. Every wait ends with ctx.
func walkWays(ctx context.Context, b *browser, _ host, _ bool) (err error) {
	h, err := startMailHost()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	admin, err := h.customer(ctx)
	if err != nil {
		return err
	}
	somebody := func(address, name string) *newcomer {
		return &newcomer{mails: h, person: person{
			ctx: ctx, b: b, host: host{origin: h.origin}, address: address, hello: "Hello " + name, password: fence, now: h.now,
		}}
	}
	for _, part := range []func() error{
		func() error { return walkGoogle(somebody("gil@example.net", "Gil Good")) },
		func() error { return walkLinking(somebody("lea@example.net", "Lea Long")) },
		func() error { return walkRemembered(somebody("rob@example.net", "Rob Root"), admin) },
		func() error { return walkGrace(somebody("gus@example.net", "Gus Gray"), admin) },
		func() error { return walkAddress(somebody("adi@example.net", "Adi Ash")) },
		func() error { return quiet(ctx, b) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// customer makes an org with members, and an account of its own.
func (h *mailHost) customer(ctx context.Context) (*accesssec.Admin, error) {
	owner, err := h.svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "otto@example.net", Verified: true, Password: fence})
	if err != nil {
		return nil, err
	}
	err = h.svc.ImportPeople(ctx, owner.OrgID,
		accesssec.Person{Address: "lea@example.net", FirstName: "Lea", LastName: "Long", Verified: true, Password: fence, Role: policy.Member},
		accesssec.Person{Address: "rob@example.net", FirstName: "Rob", LastName: "Root", Verified: true, Password: fence, Role: policy.Member},
		accesssec.Person{Address: "gus@example.net", FirstName: "Gus", LastName: "Gray", Verified: true, Password: fence, Role: policy.Member})
	if err != nil {
		return nil, err
	}
	other, err := h.svc.CreateOrg(ctx, "Bell", accesssec.Person{Address: "adi@example.net", FirstName: "Adi", LastName: "Ash", Verified: true, Password: fence})
	if err != nil || other.OrgID == owner.OrgID {
		return nil, errors.Join(err, errors.New("no other org"))
	}
	h.openID.Set(accesssec.OpenIDClaims{Subject: "gil", Address: "gil@example.net", Verified: true, FirstName: "Gil", LastName: "Good"})
	h.openID.Set(accesssec.OpenIDClaims{Subject: "lea", Address: "lea@example.net", Verified: true})
	return h.svc.Admin(owner), nil
}

func apply(ctx context.Context, admin *accesssec.Admin, change func(*accesssec.Settings)) error {
	s, err := admin.Settings(ctx)
	if err != nil {
		return err
	}
	change(&s)
	p, err := admin.Preview(ctx, s)
	if err != nil {
		return err
	}
	return admin.Apply(ctx, s, p.Hash)
}

// step is one thing that a person does.
type step struct {
	name string
	do   func() error
}

func (n *newcomer) take(steps ...step) error {
	for _, s := range steps {
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %s: %w", n.address, s.name, err)
		}
	}
	return nil
}

// byGoogle chooses who somebody is at the OpenID provider, which is asked by a button of that form.
func (n *newcomer) byGoogle(form, subject, heading string) error {
	if err := n.b.click(n.ctx, `form[action$="`+form+`"] button`); err != nil {
		return err
	}
	if err := n.b.find(n.ctx, `button[value="`+subject+`"]`); err != nil {
		return err
	}
	return n.press(`button[value="`+subject+`"]`, heading)
}

// mistake sends what comes back with an alert.
func (n *newcomer) mistake(css, text string) error {
	if err := n.b.write(n.ctx, css, text+enter); err != nil {
		return err
	}
	return n.b.find(n.ctx, "#alert")
}

// first is the page that asks for the address.
func (n *newcomer) first() error { return n.b.visit(n.ctx, n.host.origin+"/", "Sign in") }

// signIn types address and password.
func (n *newcomer) signIn(heading string) error {
	if err := n.start(); err != nil {
		return err
	}
	return n.fill("#password", n.password, heading)
}

const ownPage = "Your sign-in and security"

// end is the key that goes behind what stands in a field.
const end = "\ue010"

func (n *newcomer) ownPage() error {
	return n.b.visit(n.ctx, n.host.origin+"/auth/security?next=/", ownPage)
}

// walkGoogle is somebody without an account, and without a password ever.
func walkGoogle(n *newcomer) error {
	const none = "You are not signed in"
	return n.take(
		step{"a protected page asks to sign in", n.first},
		step{"nobody is chosen at the provider", func() error { return n.byGoogle("/google/start", "", none) }},
		step{"start again", func() error { return n.press("main a.button", "Sign in") }},
		step{"the account is made", func() error { return n.byGoogle("/google/start", "gil", n.hello) }},
		step{"the person's own page", n.ownPage},
		step{"the login is linked", func() error { return n.says("#logins", "gil@example.net") }},
		step{"the second factor", func() error { return n.press("#factor a.button", "Set up a second factor") }},
		step{"which wants a proof", func() error { return n.press(`form[action$="/factor/begin"] button`, "Confirm that it is you") }},
		step{"by the provider", func() error { return n.byGoogle("/prove/google", "gil", "Set up a second factor") }},
		step{"the picture", func() error { return n.b.click(n.ctx, `form[action$="/factor/begin"] button`) }},
		step{"scan it", n.scan},
		step{"the first code", n.confirm},
		step{"the codes are saved", func() error { return n.press(`form[action$="/factor/done"] button`, ownPage) }},
		step{"sign out", n.signOut},
		step{"a protected page asks again", n.first},
		step{"the provider is not enough", func() error { return n.byGoogle("/google/start", "gil", "Enter your code") }},
		step{"the code", n.next},
		step{"sign out at last", n.signOut},
	)
}

// walkLinking is somebody who has an account, and links the provider's login to it.
func walkLinking(n *newcomer) error {
	const link = "Link your login"
	return n.take(
		step{"a protected page asks to sign in", n.first},
		step{"the provider alone is not enough", func() error { return n.byGoogle("/google/start", "lea", link) }},
		step{"the page stays closed", n.first},
		step{"once more", func() error { return n.byGoogle("/google/start", "lea", link) }},
		step{"to the account", func() error { return n.press("main a.button", "Sign in") }},
		step{"the address", func() error { return n.fill("#address", n.address, "Sign in") }},
		step{"the password", func() error { return n.fill("#password", n.password, link) }},
		step{"link the two", func() error { return n.press(`form[action$="/login/link"] button`, "Your login is linked") }},
		step{"go on", func() error { return n.press("main a.button", n.hello) }},
		step{"sign out", n.signOut},
		step{"sign in", n.first},
		step{"by the provider", func() error { return n.byGoogle("/google/start", "lea", n.hello) }},
		step{"sign out at last", n.signOut},
	)
}

// walkRemembered ticks the box, is asked for no code, and signs out everywhere else.
func walkRemembered(n *newcomer, admin *accesssec.Admin) error {
	return n.take(
		step{"the org remembers browsers", func() error {
			return apply(n.ctx, admin, func(s *accesssec.Settings) { s.RememberDevices = 7 * 24 * time.Hour })
		}},
		step{"sign in", func() error { return n.signIn(n.hello) }},
		step{"the second factor", func() error {
			return n.b.visit(n.ctx, n.host.origin+"/auth/factor?next=/", "Set up a second factor")
		}},
		step{"prove who it is", func() error { return n.prove(`form[action$="/factor/begin"] button`, "Set up a second factor") }},
		step{"scan the picture", n.scan},
		step{"the first code", n.confirm},
		step{"the codes are saved", func() error { return n.press(`form[action$="/factor/done"] button`, n.hello) }},
		step{"sign out", n.signOut},
		step{"the password asks for a code", func() error { return n.signIn("Enter your code") }},
		step{"remember this browser", func() error { return n.b.click(n.ctx, `label[for="remember"]`) }},
		step{"the code", n.next},
		step{"sign out again", n.signOut},
		step{"the password is enough", func() error { return n.signIn(n.hello) }},
		step{"forget it", func() error {
			if err := n.b.visit(n.ctx, n.host.origin+"/auth/signout", "Sign out"); err != nil {
				return err
			}
			return n.press(`button[value="everywhere"]`, "You are signed out")
		}},
		step{"a code is asked for again", func() error { return n.signIn("Enter your code") }},
		step{"the code again", n.next},
		step{"sign out at last", n.signOut},
	)
}

// walkGrace is somebody whose org asks for a second factor from now on.
func walkGrace(n *newcomer, admin *accesssec.Admin) error {
	const setUp = "Set up a second factor"
	return n.take(
		step{"the org asks for it", func() error {
			return apply(n.ctx, admin, func(s *accesssec.Settings) { s.RequireFactor, s.FactorFrom = true, n.now().Add(10*24*time.Hour) })
		}},
		step{"in, and told", func() error { return n.signIn(setUp) }},
		step{"later", func() error { return n.press("main a.button.plain", n.hello) }},
		step{"sign out", n.signOut},
		step{"told again", func() error { return n.signIn(setUp) }},
		step{"set up now, by a proof", func() error { return n.prove(`form[action$="/factor/begin"] button`, setUp) }},
		step{"scan the picture", n.scan},
		step{"not now after all", func() error { return n.press("main a.button.plain", n.hello) }},
		step{"sign out again", n.signOut},
		step{"the day has come", func() error { n.mails.ahead.Add(int64(11 * 24 * time.Hour)); return nil }},
		step{"it comes first", func() error { return n.signIn(setUp) }},
		step{"nothing else is open", func() error { return n.b.visit(n.ctx, n.host.origin+"/", setUp) }},
		step{"begin", func() error { return n.b.click(n.ctx, `form[action$="/factor/begin"] button`) }},
		step{"scan the new picture", n.scan},
		step{"the first code", n.confirm},
		step{"the codes are saved", func() error { return n.press(`form[action$="/factor/done"] button`, n.hello) }},
		step{"sign out at last", n.signOut},
	)
}

// walkAddress is somebody who moves to another mailbox.
func walkAddress(n *newcomer) error {
	const to = "adi.ash@example.org"
	return n.take(
		step{"sign in", func() error { return n.signIn(n.hello) }},
		step{"the person's own page", n.ownPage},
		step{"an address that is none", func() error { return n.mistake("#to", "adi.ash") }},
		step{"the field is there with it", func() error { return n.focused("New email address") }},
		step{"what was missing", func() error { return n.fill("#to", end+"@example.org", "Confirm that it is you") }},
		step{"the page says where the link goes", func() error { return n.says("main", to) }},
		step{"a wrong password", func() error { return n.mistake("#password", "not this one") }},
		step{"the field again", func() error { return n.focused("Password") }},
		step{"the right one", func() error { return n.fill("#password", n.password, "Check your mail") }},
		step{"go on", func() error { return n.press("main a.button", ownPage) }},
		step{"nothing has changed", func() error { return n.says("main", n.address) }},
		step{"the link of the mail", func() error { return n.follow(accesssec.TemplateAddressConfirm, "Confirm your address") }},
		step{"which is pressed", func() error { return n.press(`form[action$="/address/confirm"] button`, "Your address is changed") }},
		step{"sign out", n.signOut},
		step{"in by the new one", func() error { n.address = to; return n.signIn(n.hello) }},
	)
}
