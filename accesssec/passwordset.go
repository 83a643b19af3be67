package accesssec

import (
	"context"

	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/store"
)

// newPassword holds a new password to the rules and hashes it: outside of any transaction. u is
// whose it will be; of somebody without an account yet, who they say they are. about is what
// else it must not be: the name of the org that they come into.
func (s *Service) newPassword(ctx context.Context, u store.User, plain string, about ...string) (string, error) {
	if err := password.CheckNew(plain); err != nil {
		no := refuse(CodePasswordRules, "")
		no.Err = err
		return "", no
	}
	return s.hasher.Hash(ctx, plain)
}

// setPassword makes hash the person's password, and ends what came of the one before: the
// sign-ins that wait for a second factor, the browsers that are known or remembered, and all
// sessions but keep's. It writes u and counts the sessions.
func (c *change) setPassword(ctx context.Context, u *store.User, hash string, keep store.Hash) (ended int, err error) {
	u.Password, u.PasswordSetByUser = hash, true
	if err := c.UpdateUser(ctx, *u); err != nil {
		return 0, err
	}
	if _, err := halfLogins.drop(ctx, c, "", []string{u.ID}, nil); err != nil {
		return 0, err
	}
	if err := c.forgetBrowsers(ctx, u.ID); err != nil {
		return 0, err
	}
	if _, err := c.forgetDevices(ctx, u.ID); err != nil {
		return 0, err
	}
	return c.DeleteSessions(ctx, store.SessionQuery{UserID: u.ID, Except: keep})
}
