package accesssec

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/totp"
)

// A second factor is a person's and in no org. What becomes of it:
//
//	        begin                 confirm by a code
//	none ----------> pending ----------------------> live <------------------------+
//	 ^                  |  10 minutes                 | | |                         |
//	 |                  v                             | | |                         |
//	 |               dropped                          | | |                         |
//	 |    remove (proof and a code)                   | | |  change (proof)         |
//	 +------------------------------------------------+ | +--> changing -----+      |
//	                                                    |                    |      |
//	        reset by an Owner or Admin,                 v   sign in: old     v      |
//	        or the last recovery code is used ------>  due  code, or a    set-up ---+
//	                                                    |   recovery code    ^
//	                                                    +--------------------+
//	                                                     sign in: password alone
//
// A pending one stands beside a live one, which stays good until the new one is
// confirmed; so do its recovery codes. A hundred wrong codes in a row disable the app's
// codes: then a recovery code lets in to set-up, as when changing. Set-up is a session
// that can do nothing else.
type factor struct {
	ID         string             `json:"id,omitempty"`
	Enrollment totp.Enrollment    `json:"enrollment,omitzero"`
	Sealed     []byte             `json:"sealed,omitempty"` // the secret
	Recovery   totp.RecoveryCodes `json:"recovery,omitzero"`
	Pepper     []byte             `json:"pepper,omitempty"` // sealed, of the recovery codes
	Due        due                `json:"due,omitempty"`
	Locks      int                `json:"locks,omitempty"` // so far: each ends the logins that wait for a code
}

// mark is what a login that waits for a code remembers of the factor: with another one, or
// after a lock, it is over. Nobody has to go looking for the logins.
func (f factor) mark() string { return f.ID + " " + strconv.Itoa(f.Locks) }

// factorBroken is the state of one that can be read, and makes no sense: the policy knows no
// such state, and refuses.
const factorBroken policy.FactorState = "broken"

// due is why a new one is to be set up at the next sign-in.
type due string

const (
	dueChange due = "change"  // the person asked for it, and the old one is asked first
	dueReset  due = "reset"   // an Owner or Admin did, and nothing is left to ask
	dueUsedUp due = "used_up" // no recovery code is left
	dueAtOnce due = "at_once" // and the app's codes are disabled: whoever used the last one sets up right away
)

// pendingFactor is one that waits for its first code. The session that has begun it is
// the one that may confirm it.
type pendingFactor struct {
	ID         string          `json:"id"`
	Enrollment totp.Enrollment `json:"enrollment"`
	Sealed     []byte          `json:"sealed"`
	Session    string          `json:"session"`
}

var (
	factors        = collection[factor]{"factor"} // by the person's id, as the next
	pendingFactors = collection[pendingFactor]{"factor_pending"}
)

// state is what the policy asks by. One that is none of those below is refused there.
func (f factor) state() policy.FactorState {
	switch {
	case f.Due == dueReset || f.Due == dueUsedUp || f.Due == dueAtOnce:
		return policy.FactorDue
	case f.Due == dueChange && f.Enrollment.Confirmed():
		return policy.FactorChanging
	case f.Due == "" && f.Enrollment.Confirmed():
		return policy.FactorLive
	}
	return factorBroken
}

// factorOf is the person's factor; none: a fresh one, of state FactorNone, to be put.
func (s *Service) factorOf(ctx context.Context, r store.Reader, userID string) (kept[factor], policy.FactorState, error) {
	f, err := factors.get(ctx, r, "", userID)
	if errors.Is(err, store.ErrNotFound) {
		f = factors.fresh("", userID, "", s.now(), time.Time{}, factor{})
		f.Owner = userID
		return f, policy.FactorNone, nil
	} else if err != nil {
		return f, "", err
	}
	return f, f.Value.state(), nil
}

// factorSecret opens what the app has. A secret that can't be opened is a fault, and lets
// nobody in.
func (s *Service) factorSecret(sealed []byte, userID, factorID string) (totp.Secret, error) {
	plain, err := s.keys.Open(sealed, "totp", userID, factorID)
	if err != nil {
		return totp.Secret{}, fmt.Errorf("accesssec: secret of the factor of %s: %w", userID, err)
	}
	return totp.SecretFrom(plain)
}

func (s *Service) sealFactorSecret(secret totp.Secret, userID, factorID string) []byte {
	return s.keys.Seal(secret.Bytes(), "totp", userID, factorID)
}

// recoveryKDF is slow, bounded with the passwords, and keyed by a pepper that stands
// sealed beside the hashes: who has the database alone can't even guess.
func (s *Service) recoveryKDF(pepper []byte) totp.KDF {
	return totp.Peppered(pepper, s.hasher.Derive)
}

// openPepper opens the pepper of f's recovery codes.
func (s *Service) openPepper(f factor, userID string) ([]byte, error) {
	pepper, err := s.keys.Open(f.Pepper, "recovery", userID, f.Recovery.ID())
	if err != nil {
		return nil, fmt.Errorf("accesssec: pepper of the recovery codes of %s: %w", userID, err)
	}
	return pepper, nil
}

func newPepper() []byte {
	b := make([]byte, 32)
	rand.Read(b) // never fails: the program is ended instead
	return b
}

// newRecovery makes a set of codes, with a pepper of its own, that takes the place of f's.
func (s *Service) newRecovery(ctx context.Context, f *factor, userID string) (totp.Codes, error) {
	pepper := newPepper()
	set, codes, err := totp.NewRecoveryCodes(ctx, s.recoveryKDF(pepper))
	if err != nil {
		return totp.Codes{}, err
	}
	f.Recovery, f.Pepper = set, s.keys.Seal(pepper, "recovery", userID, set.ID())
	return codes, nil
}

// dropFactor takes a person's factor away, with what waits. With a reason, a new one is
// due at the next sign-in. Where there is none it does nothing.
func (c *change) dropFactor(ctx context.Context, userID string, why due) error {
	// As a Doc, and not by what is in it: one that can't be read is dropped like any other.
	d, err := c.Doc(ctx, factors.kind, "", userID)
	if err == nil && why == "" {
		err = c.DeleteDoc(ctx, factors.kind, "", userID)
	} else if err == nil {
		err = factors.put(ctx, c, kept[factor]{Doc: d, Value: factor{Due: why}})
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := c.forgetDevices(ctx, userID); err != nil {
		return err
	}
	return c.dropAsked(ctx, userID)
}

// dropAsked takes away what waits for a person: the factor that waits for its first code,
// and the links by which they could confirm a reset.
func (c *change) dropAsked(ctx context.Context, userID string) error {
	err := c.DeleteDoc(ctx, pendingFactors.kind, "", userID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err = resetLinks.drop(ctx, c, "", []string{userID}, nil)
	return err
}

// hasFactor reports whether dropFactor would find anything.
func hasFactor(ctx context.Context, r store.Reader, userID string) (bool, error) {
	for _, kind := range []store.Kind{factors.kind, pendingFactors.kind} {
		_, err := r.Doc(ctx, kind, "", userID)
		if !errors.Is(err, store.ErrNotFound) {
			return err == nil, err
		}
	}
	links, err := r.Docs(ctx, resetLinks.kind, "", store.DocQuery{Owners: []string{userID}, Paging: store.Paging{Limit: 1}})
	return len(links.Items) > 0, err
}
