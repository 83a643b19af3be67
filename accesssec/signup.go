package accesssec

import (
	"context"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// SignUp makes an account by a link of a MailSignUp, in any browser, once: with the address as
// proven, and a password. An account that somebody else has made with the address, and that
// nobody has proven, is emptied first. Then it signs in, into the org whose invitation the
// browser has shown when it asked, if that is for this address, else into the person's own
// account: all of it in one transaction, or nothing.
//
// Refusals: CodeLinkOver; CodeAccount for who has an account by now: sign in to it;
// policy.SSORequired with Next where the domain sends everybody to single sign-on by now;
// CodePasswordRules; CodeNotOffered with Options.InviteOnly.
func (i *SignIn) SignUp(ctx context.Context, v Visit, token string, who Newcomer) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	if s.opts.InviteOnly {
		return Step{}, v.refused(CodeNotOffered, nil)
	}
	l, err := s.opened(ctx, s.store, v, token, MailSignUp)
	if err != nil {
		return Step{}, err
	}
	a, err := domainclaim.ParseAddress(l.Value.Address)
	if err != nil {
		return Step{}, err
	}
	v = l.visit(v)
	if err := s.bookUse(ctx, v, l); err != nil {
		return Step{}, err
	}
	if _, err := s.signingUp(ctx, s.store, v, a); err != nil {
		return Step{}, traced(s.refused(ctx, err), v)
	}
	hash, err := s.newPassword(ctx, store.User{Address: a.String(), FirstName: boundName(who.FirstName), LastName: boundName(who.LastName)}, who.Password)
	if err != nil {
		return Step{}, traced(err, v)
	}
	var out outcome
	err = s.change(ctx, func(c *change) error {
		out = outcome{}
		if err := c.use(ctx, v, l); err != nil {
			return err
		}
		f, err := s.signingUp(ctx, c, v, a)
		if err != nil {
			return err
		}
		if err := c.settleIn(ctx, f, v, who, hash); err != nil {
			return err
		}
		// From here on it is a login as any other, by the account that is there now.
		if f, err = s.passwordFacts(ctx, c, v, a, policy.Attempt{Method: policy.Password}); err != nil {
			return err
		}
		if policy.Decide(f.in).Bypass {
			return s.notByPassword(f, v)
		}
		out, err = s.admit(ctx, c, f, proof{visit: v})
		return err
	})
	if err != nil {
		return Step{}, traced(err, v)
	}
	return out.step(v), nil
}

// signingUp are the facts of somebody about to make an account: of an account that nobody has
// proven as if there were none. It refuses who has one, whom single sign-on would keep out
// right away, and who was disabled before they came.
func (s *Service) signingUp(ctx context.Context, r store.Reader, v Visit, a domainclaim.Address) (facts, error) {
	f, err := s.facts(ctx, r, asking{address: a})
	if err != nil {
		return f, err
	}
	if f.user.AddressVerified {
		no := v.refused(CodeAccount, nil)
		no.Next = policy.NextPassword
		return f, no
	}
	if err := s.ssoFirst(ctx, r, v, a, MailSignUp); err != nil {
		return f, err
	}
	next := f.in
	next.Person = policy.Person{Address: f.in.Person.Address, Known: true, Disabled: f.user.Disabled}
	next.Attempt = policy.Attempt{Method: policy.Password}
	if d := policy.Decide(next); !d.Allow {
		no := refuseDecision(d).through(f.in.Owner)
		return f, no.inOrg(f.refusedBy(d), v.by(audit.LoginRefused, stranger(a)))
	}
	return f, nil
}
