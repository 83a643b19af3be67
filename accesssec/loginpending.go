package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// pendingLogin waits in a browser to be linked to one account, its owner. A browser has one.
type pendingLogin struct {
	linkedLogin
	Key     string `json:"key"`     // of issuer and subject
	Account string `json:"account"` // the address of the account, folded
}

var pendingLogins = collection[pendingLogin]{"login_pending"} // keyed by the browser

// pendingName stands where an address key does, and is none.
const pendingName = "login\x00"

// pendingLogin finds what waits in this browser for this person. What waits for another is as
// if there were nothing.
func (s *Service) pendingLogin(ctx context.Context, r store.Reader, v Visit, who acting) (kept[pendingLogin], error) {
	none := v.refused(CodeNotFound, nil)
	if v.id() == "" {
		return kept[pendingLogin]{}, none
	}
	p, err := pendingLogins.get(ctx, r, "", v.browser(pendingName))
	if errors.Is(err, store.ErrNotFound) {
		return p, none
	} else if err != nil {
		return p, err
	}
	if p.Owner != who.user.ID || p.Value.Account != who.user.AddressKey || !s.now().Before(p.ExpiresAt) {
		return kept[pendingLogin]{}, none
	}
	return p, nil
}

// PendingLogin is what waits in this browser to be linked to the account that is signed in to:
// CodeNotFound, nothing, or it is for another account.
func (m *Me) PendingLogin(ctx context.Context, v Visit) (Login, error) {
	who, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return Login{}, err
	}
	p, err := m.s.pendingLogin(ctx, m.s.store, v, who)
	if err != nil {
		return Login{}, err
	}
	return Login{Issuer: p.Value.Issuer, Address: p.Value.Address}, nil
}

// LinkLogin links what [Me.PendingLogin] shows, once. It wants a proof from the last five
// minutes, which the sign-in is that has just been made, whichever way it was: CodeProve. The
// person is told. Other refusals: CodeNotFound; CodeLinked, if it has become another account's
// meanwhile; those of the policy, for whom the provider's word would not let in.
func (m *Me) LinkLogin(ctx context.Context, v Visit) error {
	s := m.s
	return traced(s.change(ctx, func(c *change) error {
		who, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		if since := c.now.Sub(who.session.CreatedAt); since < 0 || since >= provedFor {
			if err := s.proved(who.session); err != nil {
				return err
			}
		}
		p, err := s.pendingLogin(ctx, c, v, who)
		if err != nil {
			return err
		}
		if _, err := pendingLogins.take(ctx, c, p.Key); errors.Is(err, store.ErrNotFound) {
			return v.refused(CodeNotFound, err)
		} else if err != nil {
			return err
		}
		home, err := homeOf(ctx, c, who)
		if err != nil {
			return err
		}
		e := who.by(audit.LoginLinked, personOf(who.user))
		e.Trace = v.Trace
		// The question is what else is in the way, so the second factor counts as shown.
		f, err := s.ownFacts(ctx, c, who, policy.Attempt{Method: policy.Google, Second: policy.TOTP})
		if err != nil {
			return err
		}
		if d := policy.Decide(f.in); !d.Allow {
			return refusedAs(refuseDecision(d).through(f.in.Owner), home, e)
		}
		if err := c.link(ctx, who.user, p.Value.Key, p.Value.linkedLogin, home, e); err != nil {
			return refusedAs(err, home, e)
		}
		return s.tellLogin(ctx, c, TemplateLoginLinked, who.user, p.Value.Issuer)
	}), v)
}
