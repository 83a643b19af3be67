package accesssec

import (
	"context"
	"errors"
)

// ChangePassword sets another password, with the one that holds now. All other sessions of the
// person end, and this one goes on under another token: the Entered that is returned. A wrong
// old one is CodeWrongPassword, and counts as with [Me.Prove]; rules that the new one breaks
// are CodePasswordRules, with a *password.RejectedError beneath.
func (m *Me) ChangePassword(ctx context.Context, old, new string) (*Entered, error) {
	return nil, errors.ErrUnsupported
}
