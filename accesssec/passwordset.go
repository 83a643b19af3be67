package accesssec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// longestHistory bounds Options.PasswordHistory: each costs a run of the Hasher.
const longestHistory = 10

// mostOrgWords is of how many orgs of a person the name is no password for them.
const mostOrgWords = 20

// pastPasswords are the hashes of a person's passwords before the one of now, the last one
// first. They are kept where Options.PasswordHistory asks for them, by the person's id.
type pastPassword struct {
	Hashes []string `json:"hashes"`
}

var pastPasswords = collection[pastPassword]{"password_history"}

// PasswordRules are those for new passwords, for pages that say them.
func (s *Service) PasswordRules() *password.Rules {
	rules := *s.opts.Passwords
	return &rules
}

// completePasswords works out which passwords may be chosen.
func (s *Service) completePasswords() error {
	if s.opts.Passwords == nil {
		s.opts.Passwords = password.Classic()
	}
	rules := *s.opts.Passwords
	s.opts.Passwords = &rules
	if n := s.opts.PasswordHistory; n < 0 || n > longestHistory {
		return fmt.Errorf("accesssec: Options.PasswordHistory %d: want 0 to %d", n, longestHistory)
	}
	return nil
}

// newPassword holds a new password to the rules and hashes it: outside of any transaction. u is
// whose it will be; of somebody without an account yet, who they say they are. about is what
// else it must not be: the name of the org that they come into.
//
// It tells who may choose it whether it was theirs before, so it comes after whatever proves
// the person.
func (s *Service) newPassword(ctx context.Context, u store.User, plain string, about ...string) (string, error) {
	if err := s.checkPassword(ctx, u, plain, about...); err != nil {
		return "", err
	}
	if s.opts.PasswordBreached != nil {
		breached, err := s.opts.PasswordBreached(ctx, plain)
		if err != nil {
			return "", fmt.Errorf("accesssec: Options.PasswordBreached: %w", err)
		}
		if breached {
			return "", rejectedPassword(&password.RejectedError{Problems: []password.Problem{
				{Code: password.CodeBreached, Say: "This password has become known in a theft of data. Choose another one."},
			}})
		}
	}
	used, err := s.usedBefore(ctx, u, plain)
	if err != nil {
		return "", err
	} else if used {
		return "", refuse(CodePasswordReused, "")
	}
	return s.hasher.Hash(ctx, plain)
}

// checkPassword is the part of newPassword that costs no hash: the rules.
func (s *Service) checkPassword(ctx context.Context, u store.User, plain string, about ...string) error {
	who := password.Whose{Address: u.Address, Words: append(about, u.FirstName, u.LastName, s.opts.Product, s.opts.Issuer, s.site())}
	if u.ID != "" {
		_, state, err := s.factorOf(ctx, s.store, u.ID)
		if err != nil {
			return err
		}
		who.SecondFactor = state == policy.FactorLive || state == policy.FactorChanging
		names, err := s.orgNames(ctx, u.ID)
		if err != nil {
			return err
		}
		who.Words = append(who.Words, names...)
	}
	if err := s.opts.Passwords.Check(plain, who); err != nil {
		return rejectedPassword(err)
	}
	return nil
}

// rejectedPassword refuses for what a *password.RejectedError says.
func rejectedPassword(err error) *Refusal {
	no := refuse(CodePasswordRules, err.Error())
	no.Err = err
	return no
}

// orgNames are those of a person's orgs.
func (s *Service) orgNames(ctx context.Context, userID string) ([]string, error) {
	orgs, err := s.store.OrgsOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range orgs[:min(len(orgs), mostOrgWords)] {
		org, err := s.store.Org(ctx, m.OrgID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		out = append(out, org.Name)
	}
	return out, nil
}

// usedBefore reports whether it is one of the person's last passwords, as many as
// Options.PasswordHistory says, that of now among them.
func (s *Service) usedBefore(ctx context.Context, u store.User, plain string) (bool, error) {
	most := s.opts.PasswordHistory
	if most == 0 || u.ID == "" {
		return false, nil
	}
	if s.hasPassword(u) {
		same, _, err := s.verify(ctx, u, plain)
		if err != nil || same {
			return same, err
		}
	}
	past, err := pastPasswords.get(ctx, s.store, "", u.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	for _, hash := range past.Value.Hashes[:min(len(past.Value.Hashes), most-1)] {
		same, _, err := s.hasher.Verify(ctx, plain, hash)
		if err != nil || same {
			return same, err
		}
	}
	return false, nil
}

// setPassword makes hash the person's password, and ends what came of the one before: the
// sign-ins that are under way or wait for a second factor, the browsers that are known or
// remembered, and all sessions but keep's. It writes u and counts the sessions.
func (c *change) setPassword(ctx context.Context, u *store.User, hash string, keep store.Hash) (ended int, err error) {
	if err := c.keepPast(ctx, *u); err != nil {
		return 0, err
	}
	u.Password, u.PasswordSetByUser = hash, true
	if err := c.UpdateUser(ctx, *u); err != nil {
		return 0, err
	}
	if err := c.signOut(ctx, u.ID); err != nil {
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

// keepPast keeps the hash of the password that u has still among those of before, where that is
// asked for; else it keeps none.
func (c *change) keepPast(ctx context.Context, u store.User) error {
	most := c.history - 1 // the next one is among them
	if most <= 0 {
		return c.forgetPast(ctx, u.ID)
	}
	past, err := pastPasswords.get(ctx, c, "", u.ID)
	if errors.Is(err, store.ErrNotFound) {
		past = pastPasswords.fresh("", u.ID, "", c.now, time.Time{}, pastPassword{})
		past.Owner = u.ID
	} else if err != nil {
		return err
	}
	hashes := past.Value.Hashes
	if u.Password != "" {
		hashes = append([]string{u.Password}, hashes...)
	}
	past.At, past.Value.Hashes = c.now, hashes[:min(len(hashes), most)]
	if len(past.Value.Hashes) == 0 {
		return nil
	}
	return pastPasswords.put(ctx, c, past)
}

// forgetPast drops what is kept of a person's passwords of before.
func (c *change) forgetPast(ctx context.Context, userID string) error {
	return unless(c.DeleteDoc(ctx, pastPasswords.kind, "", userID), store.ErrNotFound)
}
