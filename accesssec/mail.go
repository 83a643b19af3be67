package accesssec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// MailFor is what somebody asks a mail for.
type MailFor string

// The mails that [SignIn.SendMail] sends, and MailAddress, which [Me.ChangeAddress] does.
const (
	MailSignIn   MailFor = "sign_in"  // a link and a code that sign in the browser that has asked: ten minutes
	MailPassword MailFor = "password" // a link by which a password is set, or another: an hour
	MailSignUp   MailFor = "sign_up"  // a link by which an account is made: a day
	MailAddress  MailFor = "address"  // a link by which the address of an account is changed: an hour
)

// lasts is how long a link is good from when its mail is written.
func (f MailFor) lasts() time.Duration {
	switch f {
	case MailSignIn:
		return 10 * time.Minute
	case MailSignUp:
		return 24 * time.Hour
	}
	return time.Hour
}

// page is where a link leads.
func (f MailFor) page() string {
	switch f {
	case MailSignIn:
		return "link/open"
	case MailPassword:
		return "password/reset"
	case MailSignUp:
		return "signup/finish"
	}
	return "address/confirm"
}

// attempt is the sign-in that a link leads to, with a second factor as shown: what the policy
// is asked is whether anything else is in the way.
func (f MailFor) attempt() policy.Attempt {
	if f == MailSignIn {
		return policy.Attempt{Method: policy.Link, Second: policy.TOTP}
	}
	return policy.Attempt{Method: policy.Password, Second: policy.TOTP}
}

// SendMail has a mail sent to the address. It answers alike, and does the same work, whoever
// the address belongs to: what becomes of it is decided in the background ([Service.Run]), and
// who may not come in that way, or has no account, is sent nothing, or what helps them. A newer
// mail ends the links of the one before: of a MailSignIn in this browser, of any other to this
// address.
//
// Refusals: CodeAddress; CodeLocked after several in a short time; CodeNoMail without a
// Notifier; CodeNotOffered for what Options has switched off; CodeBrowser for a MailSignIn with
// a Visit that does not come from [SignIn.Visit]; policy.SSORequired with NextSSO where the
// domain sends everybody to single sign-on, which is said of the domain alone. A MailPassword is
// not refused by that: Owners and Admins may use a password, and who is one must not show.
func (i *SignIn) SendMail(ctx context.Context, v Visit, address string, what MailFor) error {
	s := i.s
	if err := s.alone(); err != nil {
		return err
	}
	a, err := domainclaim.ParseAddress(address)
	if err != nil {
		return v.refused(CodeAddress, err)
	}
	if err := s.sendsMail(v, what); err != nil {
		return err
	}
	if err := s.ssoFirst(ctx, s.store, v, a, what); err != nil {
		return err
	}
	counters, err := s.mailCounters(ctx, v, a.Key())
	if err == nil {
		err = s.book(ctx, counters)
	}
	if err != nil {
		return traced(err, v)
	}
	m := mailAsked{
		For: what, Address: a.String(), OrgID: v.OrgID, After: SafePath(v.After), Invite: v.inviteKey(),
		IP: v.IP, Agent: v.Agent, Trace: v.Trace,
	}
	if what == MailSignIn {
		m.Browser, m.Secret = v.browser(mailName), v.codeSecret()
	}
	return s.excused(ctx, counters, s.askMail(ctx, m))
}

// sendsMail refuses what is not offered here to anybody.
func (s *Service) sendsMail(v Visit, what MailFor) error {
	switch {
	case what != MailSignIn && what != MailPassword && what != MailSignUp:
		return fmt.Errorf("accesssec: nobody asks for a mail for %q", what)
	case what == MailSignIn && !slices.Contains(s.ways(), policy.Link), what == MailSignUp && s.opts.InviteOnly:
		return v.refused(CodeNotOffered, nil)
	case s.opts.Notify == nil:
		return v.refused(CodeNoMail, nil)
	case what == MailSignIn && v.id() == "":
		return v.refused(CodeBrowser, errors.New("accesssec: a link to sign in needs a Visit that comes from SignIn.Visit"))
	}
	return nil
}

// ssoFirst refuses where the domain of an address sends everybody to single sign-on, but a
// password: an account that is made there by other means would be in the way of the one whom
// the identity provider vouches for.
func (s *Service) ssoFirst(ctx context.Context, r store.Reader, v Visit, a domainclaim.Address, what MailFor) error {
	if what == MailPassword {
		return nil
	}
	var f facts
	f.in.Ways = s.ways()
	if _, err := f.domain(ctx, r, a); err != nil {
		return err
	}
	d := policy.Decide(f.in)
	if d.Next != policy.NextSSO || what == MailSignIn && slices.Contains(d.Allows, policy.Link) {
		return nil
	}
	no := v.refused(Code(policy.SSORequired), nil)
	no.Next = policy.NextSSO
	return no.through(f.in.Owner)
}

// Mailed is what a page shows to who has opened the link of a mail. It changes nothing: mail
// scanners open links too.
type Mailed struct {
	For     MailFor
	Address string // it was sent to
	Expires time.Time
	Here    bool   // this is the browser that has asked: MailSignIn works in no other
	Account bool   // there is an account with the address, that somebody has proven
	OrgName string // of the org that is wanted; "" none
}

// Mailed reads a link: CodeLinkOver for one that is over, used or unknown. Whom single sign-on
// or anything else keeps out by now is told so here already, with Next: nobody shall think of a
// password for nothing.
func (i *SignIn) Mailed(ctx context.Context, v Visit, token string) (Mailed, error) {
	s := i.s
	l, err := s.opened(ctx, s.store, v, token)
	if err != nil {
		return Mailed{}, err
	}
	a, err := domainclaim.ParseAddress(l.Value.Address)
	if err != nil {
		return Mailed{}, err
	}
	out := Mailed{For: l.Value.For, Address: l.Value.Address, Expires: l.ExpiresAt, Here: l.Value.For != MailSignIn || l.in(v)}
	switch l.Value.For {
	case MailSignUp:
		_, err = s.signingUp(ctx, s.store, l.visit(v), a)
		if out.Account = IsRefusal(err, CodeAccount); out.Account {
			err = nil
		}
	case MailAddress:
		_, err = s.moving(ctx, s.store, v, l)
	default:
		var f facts
		f, err = s.comingBy(ctx, s.store, l.visit(v), l)
		out.Account = f.user.AddressVerified
		if d := policy.Decide(f.in); err == nil && !d.Allow {
			err = traced(refuseDecision(d).through(f.in.Owner), l.visit(v))
		}
	}
	if err != nil {
		return Mailed{}, err
	}
	wanted, err := l.visit(v).wanted(ctx, s.store)
	if err != nil || wanted == "" {
		return out, err
	}
	org, err := s.store.Org(ctx, wanted)
	if err == nil {
		out.OrgName = org.Name
	}
	return out, unless(err, store.ErrNotFound)
}
