package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Enter goes on in another org of the person's ("": their own account), in a new session that
// takes this one's place: give the browser the token of Step.Entered. Me goes on with it. What
// was shown at sign-in counts as far as that org takes it, and for no longer than from then on:
// the new session ends no later than this one, and no later than it would if the person had
// signed in to that org in the first place. Whose sessions there were ended since this one was made
// ([Admin.EndSessions]) signs in anew.
//
// Where the org asks for more, Step.Entered is nil, Step.Next says what comes first, and this
// session goes on:
//
//   - policy.NextFactor: [SignIn.SecondFactor] in this browser goes on from here, and then this
//     session ends
//   - policy.NextSetUp: the person needs a second factor, which they can set up in this session
//     ([Me.BeginFactor]), and then enter
//   - policy.NextSSO: sign in by Step.Connection, with Visit.OrgID set
//   - policy.NextPassword: sign in by one of Step.Allows, with Visit.OrgID set
//
// CodeNotFound: there is no such org, or the person is no member of it. Nobody is made a member
// by this.
func (m *Me) Enter(ctx context.Context, v Visit, orgID string) (Step, error) {
	s := m.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	v.OrgID, v.Invitation, v.invite = orgID, "", ""
	var step Step
	err := s.change(ctx, func(c *change) (err error) {
		step, err = s.enter(ctx, c, m, v)
		return err
	})
	if err = unless(err, errSettled); err != nil {
		return Step{}, traced(err, v)
	}
	if step.Entered != nil {
		m.goOn(step.Entered)
	}
	return step, nil
}

// enter goes through the gate by what was shown when the session was made. It is errSettled
// where something else comes first, which the step says.
func (s *Service) enter(ctx context.Context, c *change, m *Me, v Visit) (Step, error) {
	who, err := m.signedIn(ctx, c)
	if err != nil {
		return Step{}, err
	}
	f, err := s.enterFacts(ctx, c, who, v)
	if err != nil {
		return Step{}, err
	}
	d := policy.Decide(f.in)
	tired, err := c.tired(ctx, f, who.session)
	if err != nil {
		return Step{}, err
	}
	switch {
	case d.Reason == policy.FactorAsked && !tired:
	case !d.Allow || tired:
		return f.more(d, v, tired)
	case d.SetUp:
		return Step{Next: policy.NextSetUp, After: SafePath(v.After)}, errSettled
	}
	out, err := s.admit(ctx, c, f, proof{visit: v, instead: who.session.ID})
	return out.step(v), err
}

// tired reports whether a session was made too long ago to go on with into the org that is wanted:
// longer than sessions last there, or before the person was signed out there, which whoever had
// gone elsewhere in time would come back from.
func (c *change) tired(ctx context.Context, f facts, ses store.Session) (bool, error) {
	if !c.now.Before(ses.CreatedAt.Add(f.settings.SessionEnd)) {
		return true, nil
	}
	if f.in.Target == nil || f.in.Target.ID == ses.OrgID {
		return false, nil
	}
	_, out, _, err := f.lastOut(ctx, c)
	return ses.CreatedAt.Before(out), err
}

// enterFacts are those of a sign-in to the org by what was shown when the session was made.
func (s *Service) enterFacts(ctx context.Context, r store.Reader, who acting, v Visit) (facts, error) {
	orgID := v.OrgID
	none := refuse(CodeNotFound, "no org of the person's")
	if orgID != "" {
		if _, err := r.Membership(ctx, orgID, who.user.ID); errors.Is(err, store.ErrNotFound) {
			return facts{}, none
		} else if err != nil {
			return facts{}, err
		}
	}
	a, err := domainclaim.ParseAddress(who.user.Address)
	if err != nil {
		return facts{}, err
	}
	first, second := parted(who.session.Methods)
	if len(first) != 1 {
		return facts{}, refuse(CodeSignedOut, "nobody knows how the session was made")
	}
	if second == policy.Device {
		second = "" // a browser is remembered for one org, and another looks for itself
	}
	attempt := policy.Attempt{Method: policy.Method(first[0]), Connection: who.session.ConnectionID, Second: second}
	f, err := s.facts(ctx, r, asking{address: a, orgID: orgID, attempt: attempt, browser: v.deviceID})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return f, none // the org is no more
	case err == nil && f.user.ID != who.user.ID:
		return f, refuse(CodeSignedOut, "the address is another account's by now")
	case err == nil && f.in.Person.Suspended:
		return f, refuse(Code(policy.MemberDisabled), "").inOrg(orgID, who.by(audit.LoginRefused))
	}
	return f, err
}

// more is what has to come first, because the way in of this session is not open into that org,
// or was too long ago. Where nothing would help it is a refusal.
func (f facts) more(d policy.Decision, v Visit, tired bool) (Step, error) {
	in := f.in
	in.Attempt = policy.Attempt{}
	ask := policy.Decide(in)
	step := Step{Next: policy.NextPassword, Allows: ask.Allows, After: SafePath(v.After)}
	if step.Offers(policy.SSO) {
		step.Connection, step.OrgName = f.in.Owner.Connection, f.in.Owner.Name
	}
	switch {
	case len(ask.Allows) == 0 && tired && d.Allow:
		return Step{}, refuse(CodeSignedOut, "the sign-in is too long ago for that org")
	case len(ask.Allows) == 0:
		no := refuseDecision(d).through(f.in.Owner)
		return Step{}, no.inOrg(f.refusedBy(d), v.by(audit.LoginRefused, f.actor()))
	case step.Connection != "" && (ask.Next == policy.NextSSO || d.Next == policy.NextSSO || len(ask.Allows) == 1 || f.in.Attempt.Method == policy.SSO):
		step.Next = policy.NextSSO
	}
	return step, errSettled
}

// replaced is the session whose place the new one is to take; nil for a sign-in from nothing.
// One that has ended is nothing to go on from.
func (s *Service) replaced(ctx context.Context, r store.Reader, f facts, p proof) (*store.Session, error) {
	if p.instead == "" {
		return nil, nil
	}
	page, err := r.Sessions(ctx, store.SessionQuery{UserID: f.user.ID, ID: p.instead})
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 || s.over(page.Items[0]) || fit(page.Items[0]) != nil {
		return nil, refuse(CodeSignedOut, "the session that this was to go on from is over")
	}
	return &page.Items[0], nil
}

// follow makes ses no younger than the one whose place it takes.
func follow(ses *store.Session, before store.Session, set Settings) {
	ses.CreatedAt, ses.IdPSession = before.CreatedAt, before.IdPSession
	if own := before.CreatedAt.Add(set.SessionEnd); own.Before(ses.EndAt) {
		ses.EndAt = own
	}
	if before.EndAt.Before(ses.EndAt) {
		ses.EndAt = before.EndAt
	}
}

// replace ends the session whose place ses has taken. What its identity provider calls it is
// what it calls ses, so that a logout there ends that.
func (s *Service) replace(ctx context.Context, c *change, before, ses store.Session, p proof) error {
	if p.identity == nil {
		if err := s.rename(ctx, c, before, ses); err != nil {
			return err
		}
	}
	u, err := c.User(ctx, ses.UserID)
	if err != nil {
		return err
	}
	if _, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: u.ID, ID: before.ID}); err != nil {
		return err
	}
	e := acting{user: u, session: before}.by(audit.SessionEnded)
	if e.Reason = "switched"; p.fresh {
		e.Reason = "proved"
	}
	return c.record(ctx, before.OrgID, e)
}

func (s *Service) rename(ctx context.Context, c *change, before, ses store.Session) error {
	if before.ConnectionID == "" || before.ConnectionID != ses.ConnectionID {
		return nil
	}
	conn, err := connections.byKey(ctx, c, ses.ConnectionID)
	if err != nil {
		return unless(err, store.ErrNotFound)
	}
	k, err := ssoSessions.get(ctx, c, conn.OrgID, before.ID)
	if err != nil {
		return unless(err, store.ErrNotFound) // from before the connection had single logout
	}
	name, err := s.nameOf(k)
	if err != nil {
		return err
	}
	name.OrgID = ses.OrgID
	if err := s.putName(ctx, c, conn, ses, name); err != nil {
		return err
	}
	return c.DeleteDoc(ctx, ssoSessions.kind, conn.OrgID, before.ID)
}
