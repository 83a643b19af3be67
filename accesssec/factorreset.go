package accesssec

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

const (
	resetMark = "r1."
	resetFor  = 24 * time.Hour
	// resetAgain is how long the same person is not sent another link.
	resetAgain = time.Hour
	mostResets = 100
)

// ResetOutcome is what became of one person's second factor. The strings are stable.
type ResetOutcome string

// The outcomes of [Admin.ResetFactors].
const (
	ResetDone  ResetOutcome = "reset" // a new one is due at their next sign-in
	ResetAsked ResetOutcome = "asked" // they were sent a link by which to confirm it
	ResetNone  ResetOutcome = "none"  // they have none
)

// FactorReset is one line of the answer of [Admin.ResetFactors].
type FactorReset struct {
	UserID  string
	Outcome ResetOutcome
}

// resetLink waits for the person to confirm what an Owner or Admin has asked for.
type resetLink struct {
	Org string `json:"org"` // whose Owner or Admin
	By  string `json:"by"`
	To  string `json:"to"` // the address it was sent to, folded

	Factor   string `json:"factor"`   // that it is about
	Password bool   `json:"password"` // the person had one
}

var resetLinks = collection[resetLink]{"factor_reset"} // keyed by the hash of the link's token

// ResetFactors takes the second factors of members away who have lost theirs: up to a
// hundred, all of them or none. It wants a fresh proof, from an Owner for an Owner's.
//
// It is done at once for people on the org's own verified domains, and for those who are in
// no other org and were in this one when they set up their factor: their sessions end in
// every org, the browsers they were known by are strangers', and a new factor is due at
// their very next sign-in, before anything else.
// Other orgs have a say in everybody else's: they are sent a link, good for a day, and it
// is done when they confirm; without a Notifier it is refused. A person's own is refused:
// that takes a code or a recovery code ([Me]).
//
// Each person is told, and each reset is in the log. Whose factor it was is proven again
// by nothing but the password until the new one is set up: be sure who asks.
func (a *Admin) ResetFactors(ctx context.Context, userIDs ...string) ([]FactorReset, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(userIDs)))
	if len(ids) == 0 || len(ids) > mostResets {
		return nil, fmt.Errorf("accesssec: ResetFactors takes 1 to %d people", mostResets)
	}
	var out []FactorReset
	err := a.s.change(ctx, func(c *change) error {
		out = nil
		by, err := a.authorise(ctx, c, proven)
		if err != nil {
			return err
		}
		for _, id := range ids {
			outcome, err := a.resetFactor(ctx, c, by, id)
			if err != nil {
				return err
			}
			out = append(out, FactorReset{id, outcome})
		}
		if c.recorded == 0 {
			return errSettled
		}
		return nil
	})
	if errors.Is(err, errSettled) {
		return out, nil
	} else if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *Admin) resetFactor(ctx context.Context, c *change, by acting, userID string) (ResetOutcome, error) {
	m, err := c.Membership(ctx, a.p.OrgID, userID)
	if err != nil {
		return "", gone(err)
	}
	e := by.by(audit.FactorReset, personOf(m.User))
	if m.UserID == a.p.UserID {
		return "", refuse(CodeOwnFactor, "").inOrg(a.p.OrgID, refusedChange(e))
	}
	may, err := mayReset(ctx, c, a.p.UserID, m)
	if err != nil {
		return "", err
	} else if !may {
		no := refuse(CodeNotAllowed, "only an Owner may do this to an Owner")
		return "", no.inOrg(a.p.OrgID, refusedChange(e))
	}
	d, err := c.Doc(ctx, factors.kind, "", userID)
	if errors.Is(err, store.ErrNotFound) {
		return ResetNone, nil
	} else if err != nil {
		return "", err
	}
	ours, err := a.ours(ctx, c, m, d.At)
	if err != nil {
		return "", err
	}
	if !ours {
		return ResetAsked, a.askReset(ctx, c, by, m, factorID(d))
	}
	return ResetDone, a.s.resetNow(ctx, c, a.p.OrgID, m.User, e)
}

func refusedChange(e audit.Event) audit.Event {
	e.Type = audit.ChangeRefused
	return e
}

// mayReset reports whether by may take the factor of m's person: an Owner anybody's, an
// Admin that of everybody but Owners, and who is disabled nobody's.
func mayReset(ctx context.Context, r store.Reader, by string, m store.Member) (bool, error) {
	asker, err := r.Membership(ctx, m.OrgID, by)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	role := policy.Role(asker.Role)
	may := role == policy.Owner || role == policy.Admin && policy.Role(m.Role) != policy.Owner
	return may && !asker.Disabled && !asker.User.Disabled, err
}

// ours reports whether nobody but this org has a say in the person's account: their domain
// is its own, and proven, or it is the only org they are in and they were a member already
// when they set up their factor. An account may be added to an org without being asked.
func (a *Admin) ours(ctx context.Context, r store.Reader, m store.Member, since time.Time) (bool, error) {
	owner, err := holder(ctx, r, m.User.Address)
	if err != nil || owner == a.p.OrgID {
		return err == nil, err
	}
	if since.Before(m.JoinedAt) {
		return false, nil
	}
	orgs, err := r.OrgsOf(ctx, m.UserID)
	return len(orgs) == 1 && orgs[0].OrgID == a.p.OrgID, err
}

// factorID is of the factor that d keeps; of one that can't be read, and of one that is due,
// there is one name.
func factorID(d store.Doc) string {
	f, err := factors.read(d, nil)
	if err != nil || f.Value.ID == "" {
		return "none"
	}
	return f.Value.ID
}

// resetNow takes the factor away, and all that was signed in by it.
func (s *Service) resetNow(ctx context.Context, c *change, orgID string, u store.User, e audit.Event) error {
	if err := c.dropFactor(ctx, u.ID, dueReset); err != nil {
		return err
	}
	ended, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: u.ID})
	if err != nil {
		return err
	}
	if err := c.forgetBrowsers(ctx, u.ID); err != nil {
		return err
	}
	e.Facts = append(e.Facts, count("sessions_ended", ended))
	if err := c.record(ctx, orgID, e); err != nil {
		return err
	}
	return s.tellFactor(ctx, c, TemplateFactorReset, u, nil)
}

// askReset sends the person a link. One that was sent within the hour is good still, if it
// would be now.
func (a *Admin) askReset(ctx context.Context, c *change, by acting, m store.Member, factor string) error {
	s, u := a.s, m.User
	if s.opts.Notify == nil || !u.AddressVerified || u.Disabled {
		return refuse(CodeCantTell, "the person is in other orgs and has to confirm it by mail")
	}
	id := a.p.OrgID + " " + u.ID
	link, err := resetLinks.get(ctx, c, "", id)
	good := false
	if err == nil && link.Value.Factor == factor && link.Value.To == u.AddressKey && c.now.Before(link.At.Add(resetAgain)) {
		if good, err = mayReset(ctx, c, link.Value.By, m); err != nil {
			return err
		}
	}
	if good {
		return c.record(ctx, a.p.OrgID, by.by(audit.FactorResetAsked, personOf(u)))
	}
	if err == nil {
		err = c.DeleteDoc(ctx, resetLinks.kind, "", id)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	token := newSecret(resetMark)
	link = resetLinks.fresh("", id, resetKey(token), c.now, c.now.Add(resetFor), resetLink{
		Org: a.p.OrgID, By: a.p.UserID, To: u.AddressKey, Factor: factor, Password: u.Password != "",
	})
	link.Owner = u.ID
	if err := resetLinks.put(ctx, c, link); err != nil {
		return err
	}
	org, err := c.Org(ctx, a.p.OrgID)
	if err != nil {
		return err
	}
	if err := c.record(ctx, a.p.OrgID, by.by(audit.FactorResetAsked, personOf(u))); err != nil {
		return err
	}
	values := map[string]string{
		"org": org.Name, "site": s.site(), "by": by.named(),
		"link": s.origin + s.opts.Path + "factor/reset?" + url.Values{"token": {token}}.Encode(),
	}
	return s.notify(ctx, c, message{template: TemplateFactorResetAsked, orgID: a.p.OrgID, values: values, lasts: resetFor}, u)
}

func resetKey(token string) string {
	sum := hashOf("factor reset\x00" + token)
	return hexOf(sum[:])
}

// ConfirmReset is for the person who was sent a link ([Admin.ResetFactors]): with their
// password, if they have one, their second factor is taken away, and all of their sessions
// end. It signs nobody in. The password keeps those out who only read the mail, scanners
// that press every button among them; it is limited as at the sign-in page.
// CodeLinkOver: the link is over, or was used.
func (i *SignIn) ConfirmReset(ctx context.Context, v Visit, token, password string) error {
	s := i.s
	if err := s.alone(); err != nil {
		return err
	}
	over := v.refused(CodeLinkOver, nil)
	if !plausible(token, resetMark) {
		return over
	}
	link, err := resetLinks.byKey(ctx, s.store, resetKey(token))
	if errors.Is(err, store.ErrNotFound) {
		return over
	} else if err != nil {
		return err
	}
	u, err := s.store.User(ctx, link.Owner)
	if err != nil {
		return orOver(err, over)
	}
	if u.Disabled || link.Value.Password && u.Password == "" {
		return over
	}
	counters, err := s.confirmPassword(ctx, v, link, u, password)
	if err != nil {
		return traced(err, v)
	}
	err = s.change(ctx, func(c *change) error {
		if err := settle(ctx, c, counters); err != nil {
			return err
		}
		link, err := resetLinks.take(ctx, c, resetKey(token))
		if err != nil {
			return orOver(err, over)
		}
		if !c.now.Before(link.ExpiresAt) {
			return over
		}
		// Who asked must still be one who may, and the person a member by that address.
		m, err := c.Membership(ctx, link.Value.Org, link.Owner)
		if err != nil {
			return orOver(err, over)
		}
		may, err := mayReset(ctx, c, link.Value.By, m)
		if err != nil {
			return err
		}
		d, err := c.Doc(ctx, factors.kind, "", m.UserID)
		if err != nil {
			return orOver(err, over)
		}
		if !may || m.User.AddressKey != link.Value.To || m.User.Password != u.Password || m.User.Disabled || factorID(d) != link.Value.Factor {
			return over
		}
		return s.resetNow(ctx, c, link.Value.Org, m.User, v.by(audit.FactorReset, actorOf(m.User)))
	})
	return s.excused(ctx, counters, err)
}

// confirmPassword asks the password of somebody who has one.
func (s *Service) confirmPassword(ctx context.Context, v Visit, link kept[resetLink], u store.User, password string) ([]counter, error) {
	if u.Password == "" {
		return nil, nil
	}
	counters, err := s.passwordCounters(ctx, v, u.AddressKey)
	if err == nil {
		err = s.book(ctx, counters)
	}
	if err != nil {
		return nil, err
	}
	right, _, err := s.verify(ctx, u, password)
	if err != nil || right {
		return counters, err
	}
	e := v.by(audit.FactorRefused, actorOf(u))
	e.Facts = []audit.Fact{fact("factor", "reset")}
	return nil, s.refused(ctx, refuse(CodeWrongPassword, "wrong password").inOrg(link.Value.Org, e))
}

// orOver is over where something is not there any more.
func orOver(err error, over *Refusal) error {
	if errors.Is(err, store.ErrNotFound) {
		return over
	}
	return err
}

// ResetFactor is for the host's own support: it takes the second factor of anybody away, as
// Admin.ResetFactors does at once, for somebody whom nobody else can help, such as the only
// Owner of an org. Be sure who asks. The log has it as the host's, in the org that owns the
// domain of the address, else in the system's; the person is told. Nobody with that id, or
// no factor: nothing is done.
func (s *Service) ResetFactor(ctx context.Context, userID string) error {
	err := s.change(ctx, func(c *change) error {
		u, err := c.User(ctx, userID)
		if err == nil {
			_, err = c.Doc(ctx, factors.kind, "", userID)
		}
		if errors.Is(err, store.ErrNotFound) {
			return errSettled
		} else if err != nil {
			return err
		}
		home, err := holder(ctx, c, u.Address)
		if err != nil {
			return err
		}
		return s.resetNow(ctx, c, home, u, byHost(audit.FactorReset, personOf(u)))
	})
	if errors.Is(err, errSettled) {
		return nil
	}
	return err
}
