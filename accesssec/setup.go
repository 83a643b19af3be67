package accesssec

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// What a session is for that was let in to set up a second factor.
const (
	setUpOnly  = "enrol"    // and has not done so
	setUpShown = "enrolled" // and has, but the person has not said that they keep the recovery codes
)

// setUpFor is how long such a session lasts.
const setUpFor = 30 * time.Minute

// setUp is kept beside such a session: of the password at the moment that has begun it. With
// another one it is over, as a login that waits for a code is.
type setUp struct {
	Proof string `json:"proof"`
}

var setUps = collection[setUp]{"set_up"} // by the session's id

func (c *change) keepSetUp(ctx context.Context, ses store.Session, u store.User) error {
	k := setUps.fresh("", ses.ID, "", c.now, ses.EndAt, setUp{passwordProof(u)})
	k.Owner = u.ID
	return setUps.put(ctx, c, k)
}

// heldSetUp refuses when the person has another password than when the session was begun.
func heldSetUp(ctx context.Context, r store.Reader, who acting) error {
	var by policy.Method
	if first, _ := parted(who.session.Methods); len(first) > 0 {
		by = policy.Method(first[0])
	}
	k, err := setUps.get(ctx, r, "", who.session.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !proves(k.Value.Proof, by, who.user) {
		return refuse(CodeSignedOut, "the password was changed since the session was made")
	}
	return err
}

// SettingUp is who sent r, by our cookie, in a session that is for nothing but setting up
// a second factor. With the Principal, [Me.BeginFactor], [Me.PendingFactor],
// [Me.ConfirmFactor], [Me.Factor] and [Me.SignOut] work, and [SignIn.FinishSetUp]; all else
// is refused with CodeSetUp. CodeSignedOut: there is no such session.
func (i *SignIn) SettingUp(r *http.Request) (Principal, error) {
	if err := i.s.alone(); err != nil {
		return Principal{}, err
	}
	token, err := cookieToken(r)
	if err != nil {
		return Principal{}, err
	}
	return i.SettingUpBy(r.Context(), token)
}

// SettingUpBy is SettingUp for a host that keeps the token in a cookie of its own
// ([Entered.Token]).
func (i *SignIn) SettingUpBy(ctx context.Context, token string) (Principal, error) {
	if err := i.s.alone(); err != nil {
		return Principal{}, err
	}
	if !plausible(token, sessionMark) {
		return Principal{}, refuse(CodeSignedOut, "no session token")
	}
	ses, err := i.s.anySession(ctx, i.s.store, hashOf(token))
	if err != nil {
		return Principal{}, err
	}
	if ses.Restricted != setUpOnly && ses.Restricted != setUpShown {
		return Principal{}, refuse(CodeSignedOut, "the session is not for set-up")
	}
	return principalOf(ses), nil
}

// FinishSetUp is for the person who has said that they keep their recovery codes: the
// session that was for set-up ends, and one that is good for all takes its place, by what
// was shown at its beginning, a password as a rule, and the code that has confirmed the factor.
// v.After is where they go. CodeSetUp: there is no factor yet. CodeNotFound: the session is good
// for all already.
func (i *SignIn) FinishSetUp(ctx context.Context, v Visit, p Principal) (Step, error) {
	s, me := i.s, i.s.Me(p)
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	var out outcome
	err := s.change(ctx, func(c *change) error {
		out = outcome{}
		who, err := me.leaving(ctx, c)
		if err == nil {
			err = who.there()
		}
		if err != nil {
			return err
		}
		ses := who.session
		if ses.Restricted != setUpShown {
			if err := fit(ses); err != nil {
				return err
			}
			return refuse(CodeNotFound, "the session is not for set-up")
		}
		if err := heldSetUp(ctx, c, who); err != nil {
			return err
		}
		f, err := s.setUpFacts(ctx, c, who)
		if err != nil {
			return err
		}
		if _, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: ses.UserID, ID: ses.ID}); err != nil {
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

// setUpFacts are those of the login that the session for set-up has begun.
func (s *Service) setUpFacts(ctx context.Context, r store.Reader, who acting) (facts, error) {
	a, err := domainclaim.ParseAddress(who.user.Address)
	if err != nil {
		return facts{}, err
	}
	first, second := parted(who.session.Methods)
	if len(first) == 0 || second != policy.TOTP {
		return facts{}, refuse(CodeSignedOut, "the session was not made by a first factor and a code")
	}
	attempt := policy.Attempt{Method: policy.Method(first[0]), Second: second}
	f, err := s.facts(ctx, r, asking{address: a, orgID: who.session.OrgID, attempt: attempt})
	if errors.Is(err, store.ErrNotFound) {
		return f, refuse(CodeSignedOut, "the org is no more")
	}
	if err == nil && f.user.ID != who.user.ID {
		return f, refuse(CodeSignedOut, "the address is another account's by now")
	}
	return f, err
}
