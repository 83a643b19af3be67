package accesssec

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/totp"
)

// Factor is what a person sees of their own second factor.
type Factor struct {
	State     policy.FactorState // one that is none of policy's: it can't be used, and has to be reset
	Since     time.Time          // when the live one was begun; zero: there is none
	CodesLeft int                // recovery codes
	Disabled  bool               // the app's codes are not accepted any more: use a recovery code
	Shown     bool               // in a session for set-up: it is done but for FinishSetUp

	Issuer, Address string    // whose it is, as the app shows it and a file of recovery codes says it
	At              time.Time // when this was read
}

// Factor reads it, in a session for set-up as well.
func (m *Me) Factor(ctx context.Context) (Factor, error) {
	who, err := m.leaving(ctx, m.s.store)
	if err == nil {
		err = who.there()
	}
	if err != nil {
		return Factor{}, err
	}
	f, state, err := m.s.factorOf(ctx, m.s.store, who.user.ID)
	if err != nil {
		return Factor{}, err
	}
	out := Factor{State: state, Shown: who.session.Restricted == setUpShown, Issuer: m.s.opts.Issuer, Address: who.user.Address, At: m.s.now()}
	if state == policy.FactorLive || state == policy.FactorChanging {
		out.Since, out.CodesLeft, out.Disabled = f.Value.Enrollment.CreatedAt(), f.Value.Recovery.Left(), f.Value.Enrollment.Disabled()
	}
	return out, nil
}

// settingUp is who may bring a new factor into their app: somebody without a live one who
// has just proved who they are, or somebody in a session that is for that. A live one is
// not replaced from within: see [Me.ChangeFactor].
func (m *Me) settingUp(ctx context.Context, r store.Reader, need strength) (acting, error) {
	who, err := m.leaving(ctx, r)
	if err == nil {
		err = who.there()
	}
	if err == nil && who.session.Restricted != setUpOnly {
		err = fit(who.session)
		if err == nil && need == proven {
			err = m.s.proved(who.session)
		}
	}
	if err != nil {
		return who, err
	}
	if who.session.Restricted == setUpOnly {
		if err := heldSetUp(ctx, r, who); err != nil {
			return who, err
		}
	}
	_, state, err := m.s.factorOf(ctx, r, who.user.ID)
	if err != nil {
		return who, err
	}
	// Who changes it has shown the old one, or a recovery code, on the way into the session.
	_, second := parted(who.session.Methods)
	shown := who.session.Restricted == setUpOnly && second != ""
	if state != policy.FactorNone && state != policy.FactorDue && (state != policy.FactorChanging || !shown) {
		return who, refuse(CodeFactorLive, "the factor is "+string(state))
	}
	return who, nil
}

// BeginFactor makes a new second factor that waits for its first code, for ten minutes.
// Show the person the Setup. Beginning again drops the one that waits. Someone who is
// signed in as usual has to have proved who they are ([Me.Prove]), and to have none.
func (m *Me) BeginFactor(ctx context.Context) (totp.Setup, error) {
	s := m.s
	if err := s.alone(); err != nil {
		return totp.Setup{}, err
	}
	who, err := m.settingUp(ctx, s.store, proven)
	if err != nil {
		return totp.Setup{}, err
	}
	if err := s.book(ctx, setUpCounters(who.user.ID)); err != nil {
		return totp.Setup{}, err
	}
	e, secret, err := totp.New(s.now(), nil)
	if err != nil {
		return totp.Setup{}, err
	}
	setup, err := e.Setup(s.opts.Issuer, who.user.Address, secret)
	if err != nil {
		return totp.Setup{}, err
	}
	value := pendingFactor{ID: newID("fac"), Enrollment: e, Session: who.session.ID}
	value.Sealed = s.sealFactorSecret(secret, who.user.ID, value.ID)
	err = s.change(ctx, func(c *change) error {
		who, err := m.settingUp(ctx, c, proven)
		if err != nil {
			return err
		}
		p, err := pendingFactors.get(ctx, c, "", who.user.ID)
		if errors.Is(err, store.ErrNotFound) {
			p, err = pendingFactors.fresh("", who.user.ID, "", c.now, time.Time{}, value), nil
		}
		if err != nil {
			return err
		}
		p.Owner, p.At, p.ExpiresAt, p.Value = who.user.ID, c.now, e.CreatedAt().Add(totp.ConfirmWithin), value
		if err := pendingFactors.put(ctx, c, p); err != nil {
			return err
		}
		return c.recordOwn(ctx, who, who.by(audit.FactorBegun))
	})
	return setup, err
}

// PendingFactor is the Setup of BeginFactor once more, in the session that has begun it,
// and under the same proof: for a page that is shown again. CodeFactorExpired: begin again.
func (m *Me) PendingFactor(ctx context.Context) (totp.Setup, error) {
	who, p, err := m.pendingFactor(ctx, m.s.store, proven)
	if err != nil {
		return totp.Setup{}, err
	}
	secret, err := m.s.factorSecret(p.Value.Sealed, who.user.ID, p.Value.ID)
	if err != nil {
		return totp.Setup{}, err
	}
	return p.Value.Enrollment.Setup(m.s.opts.Issuer, who.user.Address, secret)
}

// pendingFactor finds what waits for this session's code.
func (m *Me) pendingFactor(ctx context.Context, r store.Reader, need strength) (acting, kept[pendingFactor], error) {
	who, err := m.settingUp(ctx, r, need)
	if err != nil {
		return who, kept[pendingFactor]{}, err
	}
	p, err := pendingFactors.get(ctx, r, "", who.user.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		err = refuse(CodeFactorExpired, "nothing waits for a code")
	case err == nil && p.Value.Session != who.session.ID:
		err = refuse(CodeFactorExpired, "it was begun in another session")
	case err == nil && !m.s.now().Before(p.ExpiresAt):
		err = refuse(CodeFactorExpired, "ten minutes are over")
	}
	return who, p, err
}

// ConfirmFactor makes live what BeginFactor has begun, when code is what the app shows.
// What was live before dies now, with its recovery codes. The Codes are new, and shown
// once: only hashes of them are kept. All other sessions of the person that are not by
// single sign-on end, since no second factor was asked for them; in a session for set-up
// [SignIn.FinishSetUp] comes next.
func (m *Me) ConfirmFactor(ctx context.Context, code string) (totp.Codes, error) {
	s := m.s
	if err := s.alone(); err != nil {
		return totp.Codes{}, err
	}
	who, p, err := m.pendingFactor(ctx, s.store, asIs)
	if err != nil {
		return totp.Codes{}, err
	}
	live, err := s.confirm(ctx, who, p, code)
	if err != nil {
		return totp.Codes{}, err
	}
	value := factor{ID: p.Value.ID, Enrollment: live, Sealed: p.Value.Sealed}
	codes, err := s.newRecovery(ctx, &value, who.user.ID)
	if err != nil {
		return totp.Codes{}, err
	}
	err = s.change(ctx, func(c *change) error {
		who, again, err := m.pendingFactor(ctx, c, asIs)
		if err != nil {
			return err
		}
		// Version tells of another code that was tried, ID of another beginning.
		if again.Value.ID != p.Value.ID || again.Version != p.Version+1 {
			return refuse(CodeConflict, "another attempt is under way")
		}
		return s.goLive(ctx, c, who, value)
	})
	if err != nil {
		return totp.Codes{}, err
	}
	return codes, nil
}

// confirm books the attempt and looks at the code.
func (s *Service) confirm(ctx context.Context, who acting, p kept[pendingFactor], code string) (totp.Enrollment, error) {
	// Opened before it is counted, as in appCode.
	secret, err := s.factorSecret(p.Value.Sealed, who.user.ID, p.Value.ID)
	if err != nil {
		return totp.Enrollment{}, err
	}
	try, err := p.Value.Enrollment.BeginConfirmation(s.now())
	if errors.Is(err, totp.ErrExpired) {
		return totp.Enrollment{}, refuse(CodeFactorExpired, "ten minutes are over")
	} else if err != nil {
		return totp.Enrollment{}, closedFactor(err)
	}
	p.Value.Enrollment = try.Booked()
	if _, err := bookIn(ctx, s, p); err != nil {
		return totp.Enrollment{}, err
	}
	live, err := try.Check(secret, code)
	if !errors.Is(err, totp.ErrWrongCode) {
		return live, err
	}
	home, err := homeOf(ctx, s.store, who)
	if err != nil {
		return live, err
	}
	e := who.by(audit.FactorRefused)
	e.Facts = []audit.Fact{fact("factor", "pending"), count("failures", p.Value.Enrollment.Fails())}
	return live, s.refused(ctx, refuse(CodeWrongCode, "wrong code").inOrg(home, e))
}

// goLive writes a factor that was confirmed in this session.
func (s *Service) goLive(ctx context.Context, c *change, who acting, value factor) error {
	id := who.user.ID
	before, state, err := s.factorOf(ctx, c, id)
	if err != nil {
		return err
	}
	before.Value, before.At = value, c.now
	if err := factors.put(ctx, c, before); err != nil {
		return err
	}
	if err := c.dropAsked(ctx, id); err != nil {
		return err
	}
	ses := who.session
	ended, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: id, Except: ses.Hash, NotMethod: string(policy.SSO)})
	if err != nil {
		return err
	}
	if !slices.Contains(ses.Methods, string(policy.SSO)) {
		first, _ := parted(ses.Methods)
		ses.Methods = append(first, string(policy.TOTP))
	}
	if ses.Restricted != "" {
		ses.Restricted = setUpShown
	}
	if err := c.UpdateSession(ctx, ses); err != nil {
		return err
	}
	e := who.by(audit.FactorAdded)
	e.Facts = []audit.Fact{fact("before", inWords(state)), count("sessions_ended", ended)}
	if err := c.recordOwn(ctx, who, e); err != nil {
		return err
	}
	return s.tellFactor(ctx, c, TemplateFactorAdded, who.user, nil)
}

// inWords is what was there before, for the log.
func inWords(s policy.FactorState) string {
	if s == policy.FactorNone {
		return "none"
	}
	return string(s)
}

// ChangeFactor marks the factor to be replaced: at the next sign-in the old one or a
// recovery code is asked for, and then a new one is set up. Until that is confirmed the
// old one and its recovery codes stay as good as they are. It wants a fresh proof
// ([Me.Prove]); sign the person out to go on.
func (m *Me) ChangeFactor(ctx context.Context) error {
	return m.s.change(ctx, func(c *change) error {
		who, err := m.provenIn(ctx, c)
		if err != nil {
			return err
		}
		f, state, err := m.s.factorOf(ctx, c, who.user.ID)
		if err != nil {
			return err
		}
		if state != policy.FactorLive && state != policy.FactorChanging {
			return refuse(CodeNoFactor, "the factor is "+string(state))
		}
		f.Value.Due = dueChange
		if err := factors.put(ctx, c, f); err != nil {
			return stale(err)
		}
		if err := c.recordOwn(ctx, who, who.by(audit.FactorChanging)); err != nil {
			return err
		}
		return m.s.tellFactor(ctx, c, TemplateFactorChanging, who.user, nil)
	})
}

// RemoveFactor takes the factor away. It wants a fresh proof ([Me.Prove]) and a code of
// the app, so that neither a session that was stolen nor a password strips an account of
// it. Who has no app any more changes the factor by a recovery code.
func (m *Me) RemoveFactor(ctx context.Context, code string) error {
	f, err := m.shown(ctx, code)
	if err != nil {
		return err
	}
	return m.afterCode(ctx, f, func(c *change, who acting) error {
		if err := c.dropFactor(ctx, who.user.ID, ""); err != nil {
			return err
		}
		if err := c.spendAll(ctx, who.user.ID); err != nil {
			return err
		}
		if err := c.recordOwn(ctx, who, who.by(audit.FactorRemoved)); err != nil {
			return err
		}
		return m.s.tellFactor(ctx, c, TemplateFactorRemoved, who.user, nil)
	})
}

// NewRecoveryCodes makes ten new recovery codes, and the old ones worthless. It wants what
// RemoveFactor wants.
func (m *Me) NewRecoveryCodes(ctx context.Context, code string) (totp.Codes, error) {
	f, err := m.shown(ctx, code)
	if err != nil {
		return totp.Codes{}, err
	}
	codes, err := m.s.newRecovery(ctx, &f.Value, f.ID) // ten slow runs, for nobody without a code
	if err != nil {
		return totp.Codes{}, err
	}
	err = m.afterCode(ctx, f, func(c *change, who acting) error {
		if err := c.recordOwn(ctx, who, who.by(audit.RecoveryRenewed)); err != nil {
			return err
		}
		return m.s.tellFactor(ctx, c, TemplateRecoveryRenewed, who.user, nil)
	})
	if err != nil {
		return totp.Codes{}, err
	}
	return codes, nil
}

// shown looks at a code of the app, for what wants a fresh proof and one.
func (m *Me) shown(ctx context.Context, code string) (kept[factor], error) {
	s := m.s
	if err := s.alone(); err != nil {
		return kept[factor]{}, err
	}
	who, err := m.provenIn(ctx, s.store)
	if err != nil {
		return kept[factor]{}, err
	}
	home, err := homeOf(ctx, s.store, who)
	if err != nil {
		return kept[factor]{}, err
	}
	e := who.by(audit.FactorRefused)
	e.Facts = []audit.Fact{fact("factor", string(policy.TOTP))}
	return s.appCode(ctx, showing{user: who.user, code: code, orgID: home, event: e})
}

// afterCode does what the code was for, in the transaction that keeps what came of it: not
// when the factor was used or changed meanwhile.
func (m *Me) afterCode(ctx context.Context, f kept[factor], then func(*change, acting) error) error {
	return m.s.change(ctx, func(c *change) error {
		who, err := m.provenIn(ctx, c)
		if err != nil {
			return err
		}
		if err := putFactor(ctx, c, f); err != nil {
			return err
		}
		return then(c, who)
	})
}

// provenIn is signedIn for what wants a fresh proof.
func (m *Me) provenIn(ctx context.Context, r store.Reader) (acting, error) {
	who, err := m.signedIn(ctx, r)
	if err == nil {
		err = m.s.proved(who.session)
	}
	return who, err
}

// homeOf is the org whose log has what a person does with what is theirs: that of the
// session, else the one that owns the domain of their address.
func homeOf(ctx context.Context, r store.Reader, who acting) (string, error) {
	if who.session.OrgID != "" {
		return who.session.OrgID, nil
	}
	return holder(ctx, r, who.user.Address)
}

// recordOwn records what a person did with what is theirs.
func (c *change) recordOwn(ctx context.Context, who acting, e audit.Event) error {
	home, err := homeOf(ctx, c, who)
	if err != nil {
		return err
	}
	return c.record(ctx, home, e)
}
