package accesssec

import (
	"context"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// SetPassword sets a password by a link of a MailPassword, in any browser, once, and goes on as
// a sign-in with it: the second factor is asked, and so is the policy, before anything is
// written. All that was signed in is signed out, and whoever waits for a code waits in vain. The
// person is told by a notice.
//
// Refusals: CodeLinkOver, also where the account has got another password or address since the
// mail was written; what the policy says (with Next, for whom single sign-on keeps out);
// CodePasswordRules and CodePasswordReused, after which the link is still good.
func (i *SignIn) SetPassword(ctx context.Context, v Visit, token, password string) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	l, err := s.opened(ctx, s.store, v, token, MailPassword)
	if err != nil {
		return Step{}, err
	}
	v = l.visit(v)
	if err := s.bookUse(ctx, v, l); err != nil {
		return Step{}, err
	}
	f, err := s.settingPassword(ctx, s.store, v, l)
	if err != nil {
		return Step{}, traced(s.refused(ctx, err), v)
	}
	if err := s.bookChallenge(ctx, v, f.user); err != nil {
		return Step{}, traced(err, v)
	}
	hash, err := s.newPassword(ctx, f.user, password)
	if err != nil {
		return Step{}, traced(err, v)
	}
	var out outcome
	err = s.change(ctx, func(c *change) error {
		out = outcome{}
		if err := c.use(ctx, v, l); err != nil {
			return err
		}
		f, err := s.settingPassword(ctx, c, v, l)
		if err != nil {
			return err
		}
		if err := s.resetPassword(ctx, c, v, f, hash); err != nil {
			return err
		}
		if f, err = s.passwordFacts(ctx, c, v, f.asked.address, policy.Attempt{Method: policy.Password}); err != nil {
			return err
		}
		out, err = s.admit(ctx, c, f, proof{visit: v})
		return err
	})
	if err != nil {
		return Step{}, traced(err, v)
	}
	return out.step(v), nil
}

// settingPassword are the facts of who has the link, whom a password would let in: else they
// set none.
func (s *Service) settingPassword(ctx context.Context, r store.Reader, v Visit, l openLink) (facts, error) {
	f, err := s.comingBy(ctx, r, v, l)
	if err != nil {
		return f, err
	}
	if d := policy.Decide(f.in); !d.Allow {
		return f, refuseDecision(d).through(f.in.Owner).inOrg(f.refusedBy(d), v.by(audit.LoginRefused, f.actor()))
	}
	return f, nil
}

// resetPassword writes it, with its event and its notice.
func (s *Service) resetPassword(ctx context.Context, c *change, v Visit, f facts, hash string) error {
	u, first := f.user, f.user.Password == ""
	if err := c.claimAccount(ctx, f.logOrg(), &u, v); err != nil {
		return err
	}
	ended, err := c.setPassword(ctx, &u, hash, store.Hash{})
	if err != nil {
		return err
	}
	e := v.by(audit.PasswordSet, actorOf(u))
	e.Targets = []audit.Target{personOf(u)}
	e.Facts = []audit.Fact{count("sessions_ended", ended)}
	if first {
		e.Facts = append(e.Facts, fact("first", "true"))
	}
	if err := c.record(ctx, f.eventOrg(), e); err != nil {
		return err
	}
	return s.notify(ctx, c, message{template: TemplatePasswordSet, orgID: f.eventOrg(), values: map[string]string{
		"site": s.site(), "address": u.Address, "time": noticeTime(c.now),
	}}, u)
}

// SendPasswordLink mails the person a link by which they set a password, and come back to
// after: for those who have none, and are asked for one ([Me.Prove]: CodeNoPassword). Refusals:
// CodeNoMail; CodeLocked; what the policy says of somebody whom a password would not let in.
func (m *Me) SendPasswordLink(ctx context.Context, after string) error {
	s := m.s
	if err := s.alone(); err != nil {
		return err
	}
	who, err := m.signedIn(ctx, s.store)
	if err != nil {
		return err
	}
	if s.opts.Notify == nil {
		return refuse(CodeNoMail, "a link goes by mail")
	}
	if err := s.closedTo(ctx, s.store, who); err != nil {
		return err
	}
	a, err := domainclaim.ParseAddress(who.user.Address)
	if err != nil {
		return err
	}
	v := Visit{IP: who.session.IP, Agent: who.session.Agent, Trace: newTrace()}
	counters, err := s.mailCounters(ctx, v, a.Key())
	if err == nil {
		err = s.book(ctx, counters)
	}
	if err != nil {
		return err
	}
	return s.excused(ctx, counters, s.askMail(ctx, mailAsked{
		For: MailPassword, Address: a.String(), OrgID: who.session.OrgID, After: SafePath(after), IP: v.IP, Agent: v.Agent, Trace: v.Trace,
	}))
}
