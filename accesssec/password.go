package accesssec

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Password signs in with an address and a password. Of a person with a second factor it
// asks for that: Step.Next is policy.NextFactor then, nobody is signed in, and
// [SignIn.SecondFactor] goes on. Where a new factor is due the session can do nothing but
// set it up, and Step.Next is policy.NextSetUp. Until the password was right every
// refusal is CodeWrongPassword or CodeLocked, whoever the address belongs to, and costs
// the same work. After that the policy is asked, and its refusals speak plainly.
//
// The attempt is counted before the password is looked at, in a step that is committed
// by itself. No password is hashed inside a transaction.
func (i *SignIn) Password(ctx context.Context, v Visit, address, password string) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	a, err := domainclaim.ParseAddress(address)
	if err != nil {
		return Step{}, v.refused(CodeAddress, err)
	}
	began := s.now()
	counters, err := s.passwordCounters(ctx, v, a.Key())
	if err == nil {
		err = s.book(ctx, counters)
	}
	if err != nil {
		return Step{}, traced(err, v)
	}
	// Of several who bring the right password to a stale hash at once the first one's is
	// kept, and the others are to be looked at once more.
	out, err := s.enterByPassword(ctx, v, a, password, counters, began)
	if errors.Is(err, errRehashed) {
		out, err = s.enterByPassword(ctx, v, a, password, counters, began)
	}
	if errors.Is(err, errRehashed) {
		err = s.wrongPassword(ctx, v, a, store.User{}, "the password was changed meanwhile")
	}
	if err != nil {
		return Step{}, err
	}
	s.giveBack(ctx, counters, shared)
	return out.step(v), nil
}

// errRehashed: in place of a stale hash the account has another one by now, of the same password
// as a rule.
var errRehashed = errors.New("accesssec: the password was changed meanwhile")

// enterByPassword looks at a password once, and asks the gate. The attempt is in the counters.
func (s *Service) enterByPassword(ctx context.Context, v Visit, a domainclaim.Address, password string, counters []counter, began time.Time) (outcome, error) {
	user, err := s.store.UserByAddress(ctx, a.Key())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return outcome{}, s.excused(ctx, counters, err)
	}
	// A check that fails stays counted: it may be the host's way to say "wrong".
	right, stale, err := s.verify(ctx, user, password)
	if err != nil {
		return outcome{}, err
	}
	if !right {
		return outcome{}, s.wrongPassword(ctx, v, a, user, s.wrongBy(user))
	}
	if err := s.bookChallenge(ctx, v, user); err != nil {
		s.giveBack(ctx, counters, every) // it was no wrong password
		return outcome{}, traced(err, v)
	}
	fresh := user.Password
	if stale {
		if fresh, err = s.hasher.Hash(ctx, password); err != nil {
			return outcome{}, err
		}
	}
	var out outcome
	err = s.change(ctx, func(c *change) error {
		out = outcome{}
		if err := settle(ctx, c, counters); err != nil {
			return err
		}
		f, err := s.passwordFacts(ctx, c, v, a, policy.Attempt{Method: policy.Password})
		if err != nil {
			return err
		}
		if f.user.ID != user.ID || f.user.Password != user.Password {
			if stale {
				return errRehashed
			}
			return refuse(CodeWrongPassword, "the password was changed meanwhile").inOrg(f.logOrg(), v.by(audit.LoginRefused, f.actor()))
		}
		if stale {
			f.user.Password = fresh
			if err := c.UpdateUser(ctx, f.user); err != nil {
				return err
			}
		}
		out, err = s.admit(ctx, c, f, proof{visit: v, began: began})
		return err
	})
	if err == nil || errors.Is(err, errRehashed) {
		return out, err
	}
	return outcome{}, s.excused(ctx, counters, err)
}

// bookChallenge counts that a second factor is about to be asked, but in a browser of the
// person's: strangers can't keep them out of those.
func (s *Service) bookChallenge(ctx context.Context, v Visit, u store.User) error {
	_, err := s.store.Doc(ctx, factors.kind, "", u.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	known, err := s.knows(ctx, v, u.AddressKey)
	if err != nil || known {
		return err
	}
	return s.book(ctx, challengeCounters(u.ID))
}

// longestPassword is what a host's own check is asked about, in bytes; Hasher has the
// same bound.
const longestPassword = 1024

// verify looks at a password, by the host's own check if there is one, with the same
// work for every account and for none (a zero u). stale: it is right, and Hasher has to
// make its hash anew.
func (s *Service) verify(ctx context.Context, u store.User, password string) (right, stale bool, err error) {
	if s.opts.PasswordCheck == nil {
		return s.hasher.Verify(ctx, password, u.Password)
	}
	if password == "" || len(password) > longestPassword {
		return false, false, nil
	}
	id := u.ID
	if u.Password == "" {
		id = "" // the account was emptied, or never had one
	}
	right, err = s.opts.PasswordCheck(ctx, id, password)
	if err != nil {
		return false, false, fmt.Errorf("accesssec: Options.PasswordCheck: %w", err)
	}
	return right && id != "", false, nil
}

// passwordProof changes whenever the password does, and is no way to it.
func passwordProof(u store.User) string {
	sum := hashOf("half login\x00" + u.ID + "\x00" + u.Password)
	return hexOf(sum[:])
}

// proves reports whether a proof is of the password that u has still. Who came by another way
// need not have one, but has the same then as before: whoever sets one ends what waits.
func proves(proof string, by policy.Method, u store.User) bool {
	return (u.Password != "" || by.Own() && by != policy.Password) && subtle.ConstantTimeCompare([]byte(proof), []byte(passwordProof(u))) == 1
}

// wrongBy is what an Owner or Admin reads of a password that was not right.
func (s *Service) wrongBy(u store.User) string {
	switch {
	case u.ID == "":
		return "no such account"
	case u.Password == "":
		return "the account has no password"
	case !s.hasPassword(u):
		return "the account has a hash that can't be verified here"
	}
	return "wrong password"
}

// wrongPassword refuses alike for an account and for none, with the same work.
func (s *Service) wrongPassword(ctx context.Context, v Visit, a domainclaim.Address, u store.User, detail string) error {
	ctx, cancel := lingering(ctx)
	defer cancel()
	claim, err := claimOver(ctx, s.store, a)
	if err != nil {
		return err
	}
	f := facts{asked: asking{address: a}, user: u}
	return s.refused(ctx, refuse(CodeWrongPassword, detail).inOrg(claim.OrgID, v.by(audit.LoginRefused, f.actor())))
}

// passwordFacts gathers the facts for the org that is wanted. When none is named it
// takes the first of the person's orgs that lets them in, be it after a second factor, the
// one that owns their domain before the others, so that an org that keeps them out does not
// keep them out of the rest. With none that does, it is the first one's refusal that counts.
func (s *Service) passwordFacts(ctx context.Context, r store.Reader, v Visit, a domainclaim.Address, attempt policy.Attempt) (facts, error) {
	wanted, err := v.wanted(ctx, r)
	if err != nil {
		return facts{}, err
	}
	ask := asking{address: a, orgID: wanted, invite: v.inviteKey(), attempt: attempt, browser: v.deviceID}
	if wanted != "" {
		_, err := r.Org(ctx, wanted)
		if err == nil {
			return s.facts(ctx, r, ask)
		} else if !errors.Is(err, store.ErrNotFound) {
			return facts{}, err
		}
		ask.orgID = "" // a link to an org that is no more
	}
	first, err := s.facts(ctx, r, ask)
	if err != nil || !first.in.Person.Known {
		return first, err
	}
	orgs, err := r.OrgsOf(ctx, first.user.ID)
	if err != nil {
		return first, err
	}
	for n := range orgs {
		if orgs[n].OrgID == first.owner.ID {
			orgs[0], orgs[n] = orgs[n], orgs[0]
		}
	}
	for n, m := range orgs {
		ask.orgID = m.OrgID
		f, err := s.facts(ctx, r, ask)
		if err != nil {
			return f, err
		}
		if d := policy.Decide(f.in); d.Allow && !d.OwnAccount || d.Reason == policy.FactorAsked {
			return f, nil
		}
		if n == 0 {
			first = f
		}
	}
	return first, nil
}

// insteadFacts are passwordFacts; of who goes on from a session, those for the org that they went
// on to ("": their own account) and for no other.
func (s *Service) insteadFacts(ctx context.Context, r store.Reader, v Visit, instead string, a domainclaim.Address, attempt policy.Attempt) (facts, error) {
	if instead == "" {
		return s.passwordFacts(ctx, r, v, a, attempt)
	}
	f, err := s.facts(ctx, r, asking{address: a, orgID: v.OrgID, attempt: attempt, browser: v.deviceID})
	if errors.Is(err, store.ErrNotFound) {
		err = refuse(CodeSignedOut, "the org is no more")
	}
	return f, err
}

// traced gives a refusal the trace of the visit, and where it was going.
func traced(err error, v Visit) error {
	var no *Refusal
	if errors.As(err, &no) {
		no.Trace, no.After = v.Trace, SafePath(v.After)
	}
	return err
}
