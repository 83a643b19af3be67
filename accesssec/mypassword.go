package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// ChangePassword sets another password, with the one that holds now. All other sessions of the
// person end, with the sign-ins that are under way, and the browsers that are known or
// remembered are strangers' again; this session goes on under another token, that of the
// Entered, and counts as proved ([Me.Prove]). The person is told by a notice. With
// Options.PasswordCheck that one is asked about the old password, and the new one is hashed by
// Hasher.
//
// Refusals: CodeNoPassword, with Next; CodeLocked and CodeWrongPassword, which count with those
// of [Me.Prove]; what the policy says where the password would not let the person in, before
// anything is written; CodePasswordRules, with a *password.RejectedError beneath;
// CodePasswordReused; CodeConflict where the password was changed at the same moment.
func (m *Me) ChangePassword(ctx context.Context, old, new string) (*Entered, error) {
	s := m.s
	if err := s.alone(); err != nil {
		return nil, err
	}
	who, counters, err := m.retyped(ctx, old)
	if err != nil {
		return nil, err
	}
	hash, err := s.newPassword(ctx, who.user, new)
	if err != nil {
		s.giveBack(ctx, counters, every) // it was no wrong password
		return nil, err
	}
	var in *Entered
	err = s.change(ctx, func(c *change) (err error) {
		in, err = m.putPassword(ctx, c, who.user.Password, hash)
		if err != nil {
			return err
		}
		return settle(ctx, c, counters)
	})
	if err != nil {
		return nil, s.excused(ctx, counters, err)
	}
	m.goOn(in)
	return in, nil
}

// retyped is who has typed the password that holds now, for a change of it: somebody whom it
// would let in. The attempt is counted in the counters until they are settled.
func (m *Me) retyped(ctx context.Context, password string) (acting, []counter, error) {
	s := m.s
	who, err := m.signedIn(ctx, s.store)
	if err != nil {
		return who, nil, err
	}
	if !s.hasPassword(who.user) {
		no := refuse(CodeNoPassword, "")
		no.Next = policy.NextSSO
		return who, nil, no
	}
	counters := proveCounters(who.user.ID)
	if err := s.book(ctx, counters); err != nil {
		return who, nil, err
	}
	if err := s.closedTo(ctx, s.store, who); err != nil {
		return who, nil, s.refused(ctx, refusedProof(err, who))
	}
	// A check that fails stays counted: it may be the host's way to say "wrong".
	right, _, err := s.verify(ctx, who.user, password)
	if err != nil {
		return who, nil, err
	}
	if !right {
		return who, nil, s.refused(ctx, refusedProof(refuse(CodeWrongPassword, "wrong password"), who))
	}
	return who, counters, nil
}

// refusedProof has a refusal recorded where the person is.
func refusedProof(err error, who acting) error {
	var no *Refusal
	if errors.As(err, &no) {
		no.inOrg(who.session.OrgID, who.by(audit.ProveRefused))
	}
	return err
}

// putPassword is the transaction of a change of password: of the one whose hash is old.
func (m *Me) putPassword(ctx context.Context, c *change, old, hash string) (*Entered, error) {
	who, err := m.signedIn(ctx, c)
	if err != nil {
		return nil, err
	}
	err = m.s.closedTo(ctx, c, who)
	if err == nil && who.user.Password != old {
		err = refuse(CodeConflict, "the password was changed meanwhile")
	}
	if err != nil {
		return nil, refusedProof(err, who)
	}
	ses := who.session
	ended, err := c.setPassword(ctx, &who.user, hash, ses.Hash)
	if err != nil {
		return nil, err
	}
	ses.ProvedAt = c.now
	in, err := c.rotate(ctx, ses)
	if err != nil {
		return nil, err
	}
	e := who.by(audit.PasswordChanged)
	e.Facts = []audit.Fact{count("sessions_ended", ended)}
	if err := c.recordOwn(ctx, who, e); err != nil {
		return nil, err
	}
	return in, m.s.tellPassword(ctx, c, who.user)
}

// tellPassword tells a person that their password was changed.
func (s *Service) tellPassword(ctx context.Context, c *change, u store.User) error {
	return s.notify(ctx, c, message{template: TemplatePasswordChanged, values: map[string]string{
		"site": s.site(), "time": noticeTime(c.now), "address": u.Address,
	}}, u)
}
