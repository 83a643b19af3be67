package accesssec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// asking is one question to the policy: who wants in, where, and how.
type asking struct {
	address domainclaim.Address
	orgID   string // wanted; "" none
	invite  string // the key of the invitation that was shown; "" none
	attempt policy.Attempt
	browser func(orgID, userID string) string // its name, where it may be remembered; nil: nobody's
}

// facts is what a decision rests on, and the records it was read from.
type facts struct {
	in     policy.Input
	user   store.User       // zero when there is no account
	owner  store.Org        // of the domain; zero: nobody
	factor string           // the mark of the person's second factor
	invite kept[invitation] // zero: none that is for this person and this org
	asked  asking

	choices []OrgChoice // with more than one: where the person is asked to go, and nothing else is done
	// of the target: what it has decided, and for the session's lifetime
	access   access
	settings Settings
}

// logOrg is where an event about this login belongs: with the owner of the domain,
// else in the system's own log.
func (f facts) logOrg() string { return f.owner.ID }

// eventOrg is where an event about the person belongs: with the org they are on their way
// into as a member, else as logOrg says.
func (f facts) eventOrg() string {
	if f.in.Target != nil && f.in.Person.Role != "" {
		return f.in.Target.ID
	}
	return f.logOrg()
}

// refusedBy is the org whose rule it was.
func (f facts) refusedBy(d policy.Decision) string {
	if d.Reason == policy.ExternalBlocked {
		return f.in.Target.ID
	}
	return f.logOrg()
}

// facts gathers the input of one decision in a handful of point reads. It takes a
// Reader, so that who asks and who mints run the same lines.
func (s *Service) facts(ctx context.Context, r store.Reader, q asking) (facts, error) {
	f := facts{asked: q, settings: defaultSettings()}
	f.in.Ways = s.ways()
	f.in.Attempt, f.in.Person.Address = q.attempt, q.address.String()
	claims, err := f.domain(ctx, r, q.address)
	if err != nil {
		return f, err
	}
	if q.orgID != "" {
		if err := f.want(ctx, r, q.orgID); err != nil {
			return f, err
		}
		f.in.OnTarget = slices.ContainsFunc(claims, func(d store.Domain) bool {
			return d.OrgID == f.in.Target.ID || d.OrgID == f.in.Target.GovernedBy
		})
		if f.in.Former, err = f.formerly(ctx, r); err != nil {
			return f, err
		}
		if err := f.invited(ctx, r, s.now()); err != nil {
			return f, err
		}
	}
	f.user, err = r.UserByAddress(ctx, q.address.Key())
	if errors.Is(err, store.ErrNotFound) {
		return f, nil
	} else if err == nil && f.user.AddressKey != q.address.Key() {
		err = errors.New("accesssec: the store found another account than was asked for")
	}
	if err != nil {
		return f, err
	}
	f.in.Person.Known, f.in.Person.Disabled = true, f.user.Disabled
	if q.attempt.Method != policy.SSO && !f.user.AddressVerified {
		f.in.Person.Invited = "" // who has the password need not be who has the mailbox
	}
	if err := f.second(ctx, r); err != nil {
		return f, err
	}
	if f.in.Person.Role, f.in.Person.Suspended, err = roleIn(ctx, r, q.orgID, f.user.ID); err != nil {
		return f, err
	}
	if err := f.graced(ctx, r, s.now()); err != nil {
		return f, err
	}
	if err := f.remembered(ctx, r, s.now()); err != nil {
		return f, err
	}
	if f.in.Person.OwnerRole = f.in.Person.Role; f.owner.ID != q.orgID {
		f.in.Person.OwnerRole, _, err = roleIn(ctx, r, f.owner.ID, f.user.ID)
	}
	if err == nil {
		f.in.Person.Governed, err = f.governed(ctx, r)
	}
	return f, err
}

// governed reports whether the person is in an org that has its sign-on from the owner of
// their domain: what that requires of its own members it requires of those too, wherever
// they sign in. It is asked where it makes a difference, which is seldom.
func (f facts) governed(ctx context.Context, r store.Reader) (bool, error) {
	o, t := f.in.Owner, f.in.Target
	if o == nil || o.SSO != policy.SSOActive || !o.RequireSSO || o.IdPManaged || f.in.Person.OwnerRole != "" ||
		t != nil && f.in.Person.Role != "" && t.GovernedBy == o.ID {
		return false, nil
	}
	orgs, err := r.OrgsOf(ctx, f.user.ID)
	for _, m := range orgs {
		if err != nil {
			break
		}
		var org store.Org
		if org, err = r.Org(ctx, m.OrgID); err == nil && org.SSOFrom == o.ID {
			return true, nil
		}
		err = unless(err, store.ErrNotFound)
	}
	return false, err
}

// second loads the state of the person's second factor. One that can't be read stands in
// the way of passwords, and of nothing else.
func (f *facts) second(ctx context.Context, r store.Reader) error {
	d, err := r.Doc(ctx, factors.kind, "", f.user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	f.in.Person.Factor = factorBroken
	if kept, err := factors.read(d, nil); err == nil {
		f.in.Person.Factor, f.factor = kept.Value.state(), kept.Value.mark()
	}
	return nil
}

// domain loads who owns the domain of an address, and with it all that a stranger may be
// told. It returns every claim that covers it and counts.
func (f *facts) domain(ctx context.Context, r store.Reader, a domainclaim.Address) ([]store.Domain, error) {
	claims, err := covering(ctx, r, a.Candidates())
	if err != nil {
		return nil, err
	}
	claim := whose(claims)
	f.in.Domain, f.in.State = a.Domain(), domainState(claim.Status)
	if f.in.State == policy.DomainUnclaimed {
		return claims, nil
	}
	if f.owner, err = r.Org(ctx, claim.OrgID); err != nil {
		return nil, fmt.Errorf("accesssec: owner of %s: %w", claim.Name, err)
	}
	if f.owner.SSOFrom != "" {
		f.in.State = policy.DomainSuspended
	}
	f.in.Owner, _, err = policyOrg(ctx, r, f.owner)
	return claims, err
}

// want loads the org that is asked for.
func (f *facts) want(ctx context.Context, r store.Reader, orgID string) error {
	org := f.owner
	if orgID != f.owner.ID {
		var err error
		if org, err = r.Org(ctx, orgID); err != nil {
			return err
		}
	}
	var err error
	f.in.Target, f.access, err = policyOrg(ctx, r, org)
	f.settings = f.access.Settings
	return err
}

// policyOrg is o as the policy sees it: with the rules of the org that governs it.
// It returns what the org has decided itself as well.
func policyOrg(ctx context.Context, r store.Reader, o store.Org) (*policy.Org, access, error) {
	own, err := readAccess(o)
	if err != nil {
		return nil, access{}, err
	}
	rules := own
	if o.SSOFrom != "" {
		admin, err := r.Org(ctx, o.SSOFrom)
		if err != nil {
			return nil, access{}, fmt.Errorf("accesssec: org that governs %s: %w", o.ID, err)
		}
		if rules, err = readAccess(admin); err != nil {
			return nil, access{}, err
		}
	}
	p := rules.policy(o.ID, o.Name)
	p.GovernedBy = o.SSOFrom
	own.apply(&p)
	return &p, own, nil
}

// roleIn is a person's role in an org; that of a member who is disabled there counts for
// no more than a Member's.
func roleIn(ctx context.Context, r store.Reader, orgID, userID string) (role policy.Role, disabled bool, err error) {
	if orgID == "" {
		return "", false, nil
	}
	m, err := r.Membership(ctx, orgID, userID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", false, nil
	case err == nil && m.Disabled:
		return policy.Member, true, nil
	}
	return policy.Role(m.Role), false, err
}

// proof is how a person has just shown who they are. By which method, the facts say.
type proof struct {
	visit    Visit
	conn     kept[connection] // with SSO
	identity *saml.Identity   // with SSO
	fresh    bool             // asked and shown just now: counts like a password typed again
	began    time.Time        // when it was shown, or asked for; zero: in this very transaction
	instead  string           // the id of the session whose place the new one takes; "" none
}

// outcome is what the gate has come to: a session, or the step that comes before one.
type outcome struct {
	entered *Entered
	next    policy.Next
	grace   bool      // without the second factor that the org requires
	until   time.Time // for how long, where a day is set
}

// step is what the way in answers with.
func (o outcome) step(v Visit) Step {
	return Step{Entered: o.entered, Next: o.next, After: SafePath(v.After), Grace: o.grace, GraceUntil: o.until}
}

// admit is the gate: every path to a session ends here, inside the transaction that
// makes it, with facts read in that transaction. It decides, makes the member where
// the decision says so, and is the only caller of CreateSession (a test looks). Where a
// second factor is still to be shown it keeps the half that was right, and makes none.
func (s *Service) admit(ctx context.Context, c *change, f facts, p proof) (outcome, error) {
	if err := s.alone(); err != nil {
		return outcome{}, err
	}
	d := policy.Decide(f.in)
	if d.Reason == policy.FactorAsked {
		return outcome{next: policy.NextFactor}, s.askFactor(ctx, c, f, p)
	}
	if !d.Allow {
		no := refuseDecision(d).through(f.in.Owner).inOrg(f.refusedBy(d), p.visit.by(audit.LoginRefused, f.actor()))
		if f.in.Target != nil {
			no.target = f.in.Target.ID
		}
		return outcome{}, no
	}
	if f.in.Attempt.Method == policy.SSO && (p.instead == "" || p.identity != nil) {
		if err := c.vouched(ctx, &f, p); err != nil {
			var no *Refusal
			if errors.As(err, &no) {
				no.inOrg(f.logOrg(), p.visit.by(audit.LoginRefused, f.actor()))
			}
			return outcome{}, err
		}
	}
	if !f.in.Person.Known {
		return outcome{}, errors.New("accesssec: a decision to let in nobody") // unreachable unless policy is wrong
	}
	if d.Create {
		if err := c.join(ctx, &f, p.visit); err != nil {
			return outcome{}, err
		}
	}
	if err := c.heed(ctx, f, p); err != nil {
		return outcome{}, err
	}
	before, err := s.replaced(ctx, c, f, p)
	if err != nil {
		return outcome{}, err
	}
	// A session alone makes no browser one of the person's, in which guesses are counted apart.
	if !d.SetUp && (p.instead == "" || p.fresh) {
		if err := c.remember(ctx, p.visit, f.user); err != nil {
			return outcome{}, err
		}
	}
	if err := c.spend(ctx, f); err != nil {
		return outcome{}, err
	}
	token, ses := newSession(c.now, f, d, p)
	if before != nil && !(p.fresh && f.in.Attempt.Second == "") {
		follow(&ses, *before, f.settings)
	}
	if err := c.CreateSession(ctx, ses); err != nil {
		return outcome{}, err
	}
	if d.SetUp {
		if err := c.keepSetUp(ctx, ses, f.user); err != nil {
			return outcome{}, err
		}
	}
	if err := s.keepBeside(ctx, c, before, ses, p); err != nil {
		return outcome{}, err
	}
	if err := s.recordEntry(ctx, c, f, d, p, ses); err != nil {
		return outcome{}, err
	}
	in := &Entered{Principal: principalOf(ses), EndsAt: ses.EndAt, token: func() string { return token }}
	out := outcome{entered: in, next: d.Next, grace: d.Grace}
	if d.Grace {
		out.until = f.access.FactorFrom
	}
	return out, nil
}

// askFactor keeps the half that was right, where it would be good for a session.
func (s *Service) askFactor(ctx context.Context, c *change, f facts, p proof) error {
	if err := c.heed(ctx, f, p); err != nil {
		return err
	}
	if _, err := s.replaced(ctx, c, f, p); err != nil {
		return err
	}
	return c.challenge(ctx, f, p)
}

// keepBeside writes what a logout needs of a session, and ends the one whose place it has taken.
func (s *Service) keepBeside(ctx context.Context, c *change, before *store.Session, ses store.Session, p proof) error {
	if p.identity != nil {
		if err := s.keepName(ctx, c, p.conn, ses, p.identity); err != nil {
			return err
		}
	}
	if before == nil {
		return nil
	}
	return s.replace(ctx, c, *before, ses, p)
}

// recordEntry records a session that was made, and tells of one that goes past the single
// sign-on that is required.
func (s *Service) recordEntry(ctx context.Context, c *change, f facts, d policy.Decision, p proof, ses store.Session) error {
	org := ses.OrgID
	if org == "" {
		org = f.logOrg()
	}
	e := p.visit.by(audit.SessionCreated, actorOf(f.user))
	e.Session, e.Reason = ses.ID, string(d.Reason)
	e.Facts = []audit.Fact{fact("method", strings.Join(ses.Methods, " "))}
	if ses.Restricted != "" {
		e.Facts = append(e.Facts, fact("restricted", ses.Restricted))
	}
	if p.identity != nil {
		e.Facts = append(e.Facts, fact("connection", f.in.Attempt.Connection), fact("assertion", p.identity.AssertionID))
		if !p.identity.Solicited {
			e.Facts = append(e.Facts, fact("idp_initiated", "true"))
		}
	}
	if err := c.record(ctx, org, e); err != nil {
		return err
	}
	if !d.Bypass || d.SetUp {
		return nil
	}
	b := p.visit.by(audit.LoginBypassed, actorOf(f.user))
	b.Session = ses.ID
	if err := c.record(ctx, f.logOrg(), b); err != nil {
		return err
	}
	return s.tellBypass(ctx, c, f.logOrg(), f.user, p.visit)
}

// actor is who the log names: the account if there is one, else what was typed.
func (f facts) actor() audit.Actor {
	if f.user.ID == "" {
		return stranger(f.asked.address)
	}
	return actorOf(f.user)
}

// newSession is the row that a request will trust.
func newSession(now time.Time, f facts, d policy.Decision, p proof) (token string, ses store.Session) {
	token = newSecret(sessionMark)
	ses = store.Session{
		Hash: hashOf(token), ID: newID("ses"), UserID: f.user.ID,
		ConnectionID: f.in.Attempt.Connection, Methods: []string{string(f.in.Attempt.Method)},
		IP: p.visit.IP, Agent: p.visit.Agent,
		CreatedAt: now, SeenAt: now,
		IdleAt: now.Add(f.settings.SessionIdle), EndAt: now.Add(f.settings.SessionEnd),
	}
	if second := f.in.Attempt.Second; second != "" {
		ses.Methods = append(ses.Methods, string(second))
	}
	if d.SetUp {
		ses.Restricted, ses.IdleAt, ses.EndAt = setUpOnly, now.Add(setUpFor), now.Add(setUpFor)
	}
	if !d.OwnAccount {
		ses.OrgID, ses.Role = f.in.Target.ID, string(f.in.Person.Role)
	}
	if p.fresh {
		ses.ProvedAt = now
	}
	if id := p.identity; id != nil {
		ses.IdPSession = id.SessionIndex
		if end := p.conn.Value.sessionEnd(id, now); !end.IsZero() && end.Before(ses.EndAt) {
			ses.EndAt = end
		}
	}
	return token, ses
}
