package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// halfLoginFor is how long somebody may look for their phone.
const halfLoginFor = 10 * time.Minute

// halfLogin is a sign-in whose first factor was right, and that waits for the second. It
// is of one browser, which has at most one.
type halfLogin struct {
	Address string        `json:"address"`
	OrgID   string        `json:"org,omitempty"`    // that was asked for
	Invite  string        `json:"invite,omitempty"` // the key of the invitation that was shown
	After   string        `json:"after,omitempty"`
	Method  policy.Method `json:"method"`
	Log     string        `json:"log,omitempty"`     // the org whose log a wrong code is in
	Proof   string        `json:"proof"`             // of the password at that moment, which may be none: a hash of what is stored
	Instead string        `json:"instead,omitempty"` // the session whose place the new one takes
	Factor  string        `json:"factor"`            // the mark of the one that is asked for
}

var halfLogins = collection[halfLogin]{"half_login"} // keyed by the browser

// halfName stands where an address key does, and is none.
const halfName = "half login\x00"

var errHalfOver = errors.New("accesssec: no sign-in waits for a second factor in this browser")

// challenge keeps the half that was right, in the transaction that has found it so.
func (c *change) challenge(ctx context.Context, f facts, p proof) error {
	v := p.visit
	if v.id() == "" {
		return refuse(CodeBrowser, "a second factor needs a Visit that comes from SignIn.Visit")
	}
	half := halfLogin{
		Address: f.user.Address, OrgID: v.OrgID, Invite: v.inviteKey(), After: SafePath(v.After), Method: f.in.Attempt.Method,
		Log: f.eventOrg(), Proof: passwordProof(f.user), Instead: p.instead, Factor: f.factor,
	}
	id := v.browser(halfName)
	h, err := halfLogins.get(ctx, c, "", id)
	if errors.Is(err, store.ErrNotFound) {
		h, err = halfLogins.fresh("", id, id, c.now, time.Time{}, half), nil
	}
	if err != nil {
		return err
	}
	h.Owner, h.At, h.ExpiresAt, h.Value = f.user.ID, c.now, c.now.Add(halfLoginFor), half
	if err := halfLogins.put(ctx, c, h); err != nil {
		return err
	}
	return c.record(ctx, half.Log, v.by(audit.LoginChallenged, actorOf(f.user)))
}

// halfLogin finds what waits in this browser, and whose it is.
func (s *Service) halfLogin(ctx context.Context, v Visit) (kept[halfLogin], store.User, error) {
	over := v.refused(CodeHalfOver, errHalfOver)
	if v.id() == "" {
		return kept[halfLogin]{}, store.User{}, over
	}
	h, err := halfLogins.get(ctx, s.store, "", v.browser(halfName))
	if errors.Is(err, store.ErrNotFound) || err == nil && !s.now().Before(h.ExpiresAt) {
		return h, store.User{}, over
	} else if err != nil {
		return h, store.User{}, err
	}
	u, err := s.store.User(ctx, h.Owner)
	if errors.Is(err, store.ErrNotFound) || err == nil && !h.Value.holds(u) {
		return h, u, over
	}
	return h, u, err
}

// holds reports whether the first factor is still what it was when it was shown.
func (h halfLogin) holds(u store.User) bool {
	return u.Address == h.Address && proves(h.Proof, h.Method, u)
}

// SecondFactor goes on where Step.Next was policy.NextFactor, in the same browser, with a
// code of the person's app. Refusals: CodeWrongCode; CodeLocked and CodeFactorDisabled,
// under which the right code is refused as well; CodeHalfOver when there is nothing to go
// on with, because ten minutes are over or a lock has ended it: start again; CodeConflict
// when another attempt at the same factor is under way, and this one was not looked at.
//
// A code is good once. The attempt is counted before the code is looked at, for the
// person, whatever browser it comes from. What the policy says after that may refuse too.
func (i *SignIn) SecondFactor(ctx context.Context, v Visit, code string) (Step, error) {
	return i.second(ctx, v, code, policy.TOTP, i.s.appCode)
}

// Recover is SecondFactor with a recovery code, which is used up by it. The person is
// told by a notice. With the last one a new factor is due at the next sign-in; when the
// app's codes are disabled, right away.
func (i *SignIn) Recover(ctx context.Context, v Visit, code string) (Step, error) {
	return i.second(ctx, v, code, policy.Recovery, i.s.recoveryCode)
}

func (i *SignIn) second(ctx context.Context, v Visit, code string, by policy.Method, look func(context.Context, showing) (kept[factor], error)) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	half, user, err := s.halfLogin(ctx, v)
	if err != nil {
		return Step{}, err
	}
	v.OrgID, v.After, v.invite = half.Value.OrgID, half.Value.After, half.Value.Invite
	e := v.by(audit.FactorRefused, actorOf(user))
	e.Facts = []audit.Fact{fact("factor", string(by))}
	f, err := look(ctx, showing{user: user, code: code, mark: half.Value.Factor, orgID: half.Value.Log, event: e})
	if err != nil {
		return Step{}, traced(err, v)
	}
	var out outcome
	err = s.change(ctx, func(c *change) (err error) {
		out, err = s.enterSecond(ctx, c, v, half, f, by)
		return err
	})
	if err != nil {
		return Step{}, traced(err, v)
	}
	return out.step(v), nil
}

// enterSecond is the transaction that a code was for: the half login is used up, the
// factor takes note, and the gate is asked.
func (s *Service) enterSecond(ctx context.Context, c *change, v Visit, half kept[halfLogin], f kept[factor], by policy.Method) (outcome, error) {
	took, err := halfLogins.take(ctx, c, half.Key)
	if errors.Is(err, store.ErrNotFound) || err == nil && (took.Owner != half.Owner || took.Value != half.Value) {
		return outcome{}, v.refused(CodeHalfOver, errHalfOver) // or somebody else began one in this browser
	} else if err != nil {
		return outcome{}, err
	}
	a, err := domainclaim.ParseAddress(half.Value.Address)
	if err != nil {
		return outcome{}, err
	}
	asked, err := s.insteadFacts(ctx, c, v, half.Value.Instead, a, policy.Attempt{Method: half.Value.Method, Second: by})
	if err != nil {
		return outcome{}, err
	}
	if asked.user.ID != half.Owner || !half.Value.holds(asked.user) {
		return outcome{}, refuse(CodeHalfOver, "the password was changed meanwhile").inOrg(half.Value.Log, v.by(audit.LoginRefused, asked.actor()))
	}
	// The facts are those of before: who is let in by the last recovery code is let in, and
	// what is due then comes at the next sign-in. But with an app that is disabled it comes now.
	if f.Value.Due == dueChange || f.Value.Due == dueAtOnce {
		asked.in.Person.Factor = policy.FactorChanging
	}
	if err := putFactor(ctx, c, f); err != nil {
		return outcome{}, err
	}
	if err := settle(ctx, c, challengeCounters(half.Owner)); err != nil {
		return outcome{}, err
	}
	if by == policy.Recovery {
		if err := s.recovered(ctx, c, v, asked, f.Value); err != nil {
			return outcome{}, err
		}
	}
	out, err := s.admit(ctx, c, asked, proof{visit: v, began: half.At, instead: half.Value.Instead})
	if err == nil && by == policy.TOTP {
		err = s.rememberDevice(ctx, c, v, asked, f.Value.mark(), out.entered)
	}
	return out, err
}

// recovered records that a recovery code was used, and tells of it.
func (s *Service) recovered(ctx context.Context, c *change, v Visit, asked facts, f factor) error {
	left := f.Recovery.Left()
	e := v.by(audit.FactorRecovered, actorOf(asked.user))
	e.Facts = []audit.Fact{count("left", left)}
	if err := c.record(ctx, asked.eventOrg(), e); err != nil {
		return err
	}
	return s.tellFactor(ctx, c, TemplateRecoveryUsed, asked.user, map[string]string{"left": leftInWords(left)})
}

// putFactor keeps what came of a code that was looked at. Who lost a race lets nobody in.
func putFactor(ctx context.Context, c *change, f kept[factor]) error {
	err := factors.put(ctx, c, f)
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return refuse(CodeConflict, "the factor was used or changed meanwhile")
	}
	return err
}
