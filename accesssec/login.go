package accesssec

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// Login is an identity elsewhere by which a person can sign in.
type Login struct {
	ID      string
	Issuer  string // "https://accounts.google.com"
	Address string // there, when it was linked
}

// mostLogins of one account are many.
const mostLogins = 20

// linkedLogin is one that is linked: owned by the account, and keyed by a hash of issuer and
// subject, so that it is of one account.
type linkedLogin struct {
	Issuer  string `json:"issuer"`
	Address string `json:"address,omitempty"`
}

var logins = collection[linkedLogin]{"login"}

func (l openIDLogin) asLogin() linkedLogin {
	return linkedLogin{Issuer: l.claims.Issuer, Address: l.address.String()}
}

// linkedTo is the account that a login is of, none where nobody has it. The row of an account
// that is gone goes.
func (c *change) linkedTo(ctx context.Context, key string) (store.User, error) {
	k, err := logins.byKey(ctx, c, key)
	if err != nil {
		return store.User{}, unless(err, store.ErrNotFound)
	}
	u, err := c.User(ctx, k.Owner)
	if errors.Is(err, store.ErrNotFound) {
		return store.User{}, c.DeleteDoc(ctx, logins.kind, "", k.ID)
	}
	return u, err
}

// link makes a login one of u's. Of two accounts that it is linked to at once the key decides.
func (c *change) link(ctx context.Context, u store.User, key string, l linkedLogin, orgID string, e audit.Event) error {
	other, err := c.linkedTo(ctx, key)
	if err != nil {
		return err
	}
	if other.ID != "" {
		return refuse(CodeLinked, "the login is linked already")
	}
	mine, err := loginsOf(ctx, c, u.ID)
	if err != nil {
		return err
	}
	if len(mine) >= mostLogins {
		return refuse(CodeLinked, "the account has too many logins")
	}
	k := logins.fresh("", newID("lgn"), key, c.now, time.Time{}, l)
	k.Owner = u.ID
	if err := logins.put(ctx, c, k); err != nil {
		return err
	}
	e.Targets, e.Facts = []audit.Target{personOf(u)}, []audit.Fact{fact("issuer", l.Issuer)}
	return c.record(ctx, orgID, e)
}

// dropLogins takes all of a person's away, where the account is not theirs any more.
func (c *change) dropLogins(ctx context.Context, userID string) error {
	_, err := logins.drop(ctx, c, "", []string{userID}, nil)
	return err
}

func loginsOf(ctx context.Context, r store.Reader, userID string) ([]kept[linkedLogin], error) {
	page, err := logins.list(ctx, r, "", store.DocQuery{Owners: []string{userID}, Paging: store.Paging{Limit: mostLogins}})
	return page.Items, err
}

// tellLogin tells a person of a login that was linked or unlinked.
func (s *Service) tellLogin(ctx context.Context, c *change, t Template, u store.User, issuer string) error {
	return s.notify(ctx, c, message{template: t, values: map[string]string{
		"site": s.site(), "time": noticeTime(c.now), "address": u.Address, "provider": issuer,
	}}, u)
}

// Logins are the person's.
func (m *Me) Logins(ctx context.Context) ([]Login, error) {
	who, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return nil, err
	}
	all, err := loginsOf(ctx, m.s.store, who.user.ID)
	if err != nil {
		return nil, err
	}
	var out []Login
	for _, k := range all {
		out = append(out, Login{ID: k.ID, Issuer: k.Value.Issuer, Address: k.Value.Address})
	}
	return out, nil
}

// UnlinkLogin takes one of the person's logins away, and ends their other sessions that were
// made by such a one, and the sign-ins that wait for a second factor. It wants a proof
// ([Me.Prove]). The person is told. Refusals: CodeNotFound; CodeLastWay where there would be no
// other way in.
func (m *Me) UnlinkLogin(ctx context.Context, id string) error {
	s := m.s
	return s.change(ctx, func(c *change) error {
		who, err := m.provenIn(ctx, c)
		if err != nil {
			return err
		}
		u := who.user
		k, err := logins.get(ctx, c, "", id)
		if errors.Is(err, store.ErrNotFound) || err == nil && k.Owner != u.ID {
			return refuse(CodeNotFound, "no login of the person's")
		} else if err != nil {
			return err
		}
		if another, err := s.anotherWay(ctx, c, who); err != nil {
			return err
		} else if !another {
			return refuse(CodeLastWay, "")
		}
		if err := c.DeleteDoc(ctx, logins.kind, "", k.ID); err != nil {
			return err
		}
		n, err := c.endByGoogle(ctx, who)
		if err != nil {
			return err
		}
		e := who.by(audit.LoginUnlinked, personOf(u))
		e.Facts = []audit.Fact{fact("issuer", k.Value.Issuer), count("sessions_ended", n)}
		if err := c.recordOwn(ctx, who, e); err != nil {
			return err
		}
		return s.tellLogin(ctx, c, TemplateLoginUnlinked, u, k.Value.Issuer)
	})
}

// anotherWay reports whether the person could come in where they are without one of their logins.
func (s *Service) anotherWay(ctx context.Context, r store.Reader, who acting) (bool, error) {
	all, err := loginsOf(ctx, r, who.user.ID)
	if err != nil || len(all) > 1 {
		return err == nil, err
	}
	f, err := s.ownFacts(ctx, r, who, policy.Attempt{})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(policy.Decide(f.in).Allows, func(m policy.Method) bool {
		return m == policy.SSO || m == policy.Link || m == policy.Password && (s.hasPassword(who.user) || s.Mails())
	}), nil
}

// ownFacts are those of the person as they are signed in.
func (s *Service) ownFacts(ctx context.Context, r store.Reader, who acting, by policy.Attempt) (facts, error) {
	a, err := domainclaim.ParseAddress(who.user.Address)
	if err != nil {
		return facts{}, err
	}
	return s.facts(ctx, r, asking{address: a, orgID: who.session.OrgID, attempt: by})
}

// endByGoogle ends what came of a person's logins, but the session that they act in: of which
// of them it came nobody knows.
func (c *change) endByGoogle(ctx context.Context, who acting) (int, error) {
	if _, err := halfLogins.drop(ctx, c, "", []string{who.user.ID}, nil); err != nil {
		return 0, err
	}
	all, err := sessionsOf(ctx, c, who.user.ID)
	if err != nil {
		return 0, err
	}
	ended := 0
	for _, ses := range all {
		if ses.ID == who.session.ID || !slices.Contains(ses.Methods, string(policy.Google)) {
			continue
		}
		n, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: who.user.ID, ID: ses.ID})
		if err != nil {
			return 0, err
		}
		ended += n
	}
	return ended, nil
}
