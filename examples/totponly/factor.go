package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/accesssec/accesssec-go/totp"
)

// state is what has become of a person's second factor.
type state string

const (
	none     state = ""         // the password is enough
	live     state = "live"     // it is asked
	changing state = "changing" // it is asked, and then a new one is set up
	due      state = "due"      // nothing is left to ask for: a new one is set up first
)

// factor is a row as package totp works with it. It is a value: what a function returns is
// to be saved against the version that it carries.
type factor struct {
	row
	enrollment totp.Enrollment
	recovery   totp.RecoveryCodes
}

// factor reads a person's row. A row that nobody here could have written is an error, and
// never a person without a factor.
func (a *app) factor(user string) (factor, error) {
	r, err := a.memory.factor(user)
	if err != nil {
		return factor{}, err
	}
	f := factor{row: r}
	switch r.state {
	case none, due:
		return f, nil
	case live, changing:
	default:
		return factor{}, fmt.Errorf("totponly: a factor is %q", r.state)
	}
	if err := json.Unmarshal(r.enrollment, &f.enrollment); err != nil {
		return factor{}, err
	}
	if err := json.Unmarshal(r.recovery, &f.recovery); err != nil {
		return factor{}, err
	}
	return f, nil
}

// kept is the row to save.
func (f factor) kept() (row, error) {
	r := f.row
	if r.state != live && r.state != changing {
		return row{user: r.user, version: r.version, state: r.state}, nil
	}
	var err error
	if r.enrollment, err = json.Marshal(f.enrollment); err != nil {
		return row{}, err
	}
	r.recovery, err = json.Marshal(f.recovery)
	return r, err
}

// save is a swap that is committed by itself.
func (a *app) save(f factor) (factor, error) {
	r, err := f.kept()
	if err == nil {
		f.row, err = a.memory.swap(r)
	}
	return f, err
}

// byApp looks at a code of the app. What it returns is to be saved in the transaction that
// the code is for.
func (a *app) byApp(f factor, code string) (factor, error) {
	// 1. Count the attempt. Who counts after looking can be made to look at thousands of
	// codes at once. While the factor is locked this is as far as a right code comes.
	attempt, err := f.enrollment.Begin(a.now())
	if err != nil {
		return factor{}, err
	}
	// 2. Save the count, in a swap of its own: what becomes of the login, the attempt was
	// made. Who loses the swap has seen no code.
	f.enrollment = attempt.Booked()
	if f, err = a.save(f); err != nil {
		return factor{}, err
	}
	// 3. Look at the code.
	secret, err := a.openSecret(f.user, f.id, f.secret)
	if err != nil {
		return factor{}, err
	}
	if f.enrollment, err = attempt.Check(secret, code); err != nil {
		return factor{}, err
	}
	// Keys are rotated by use: what an old one sealed is sealed by the current one.
	if a.keys.Stale(f.secret) {
		f.secret = a.sealSecret(f.user, f.id, secret)
	}
	return f, nil
}

// byRecovery looks at a recovery code, in the same three steps.
func (a *app) byRecovery(ctx context.Context, f factor, code string) (factor, error) {
	redemption, err := f.recovery.Begin(a.now())
	if err != nil {
		return factor{}, err
	}
	f.recovery = redemption.Booked()
	if f, err = a.save(f); err != nil {
		return factor{}, err
	}
	pepper, err := a.keys.Open(f.pepper, "recovery", f.user, f.recovery.ID())
	if err != nil {
		return factor{}, err
	}
	next, err := redemption.Check(ctx, totp.Peppered(pepper, a.hasher.Derive), code)
	if err != nil {
		return factor{}, err
	}
	f.recovery = next
	if a.keys.Stale(f.pepper) {
		f.pepper = a.keys.Seal(pepper, "recovery", f.user, f.recovery.ID())
	}
	switch {
	case next.Left() == 0:
		// Whoever uses the last one has no app at hand either, and would be locked out by
		// a factor that stays. From here to the set-up their password alone guards the
		// account, so the session that this code opens leads into the set-up at once.
		f.state = due
	case f.enrollment.Disabled():
		// The app's codes are refused for good: a new one is set up, as NIST SP
		// 800-63B-4, section 3.2.2, has it.
		f.state = changing
	}
	return f, nil
}

// newCodes makes ten recovery codes. The set before is gone with the row that it stood in.
// They are peppered by a key that stands sealed beside them: from the table alone nobody
// can guess at them, and a rotation of keys does not end them.
func (a *app) newCodes(ctx context.Context, f factor) (factor, totp.Codes, error) {
	pepper := make([]byte, 32)
	rand.Read(pepper) // crypto/rand.Read fills all of it or ends the program
	set, codes, err := totp.NewRecoveryCodes(ctx, totp.Peppered(pepper, a.hasher.Derive))
	if err != nil {
		return factor{}, totp.Codes{}, err
	}
	f.recovery, f.saved = set, false
	f.pepper = a.keys.Seal(pepper, "recovery", f.user, set.ID())
	return f, codes, nil
}

// sealSecret binds a secret to its person and factor: in another row it does not open.
func (a *app) sealSecret(user, id string, s totp.Secret) []byte {
	return a.keys.Seal(s.Bytes(), "totp", user, id)
}

func (a *app) openSecret(user, id string, box []byte) (totp.Secret, error) {
	plain, err := a.keys.Open(box, "totp", user, id)
	if err != nil {
		return totp.Secret{}, err
	}
	return totp.SecretFrom(plain)
}
