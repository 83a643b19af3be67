package accesssec

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// shortestSession is what a session by single sign-on lasts at least, but by a connection that
// is strict: some identity providers send a few minutes, meaning something else by it.
const shortestSession = time.Hour

// endedFor is for how long the cookie of a session stays that has ended by itself: longer than
// the sweep leaves the session, so that who goes on working is sent to their identity provider,
// and not asked who they are.
const endedFor = time.Hour

// sessionEnd is when the identity provider wants a session over that begins now
// (SessionNotOnOrAfter: saml-core 2.7.2, saml-profiles 4.1.4.3); zero: it says nothing.
func (v connection) sessionEnd(id *saml.Identity, now time.Time) time.Time {
	if id.SessionEndsAt.IsZero() {
		return time.Time{}
	}
	end := id.SessionEndsAt.UTC().Truncate(time.Microsecond)
	if least := now.Add(shortestSession); !v.StrictEnd && end.Before(least) {
		return least
	}
	return end
}

// StrictSessionEnd has sessions that come by a connection end when its identity provider says
// (SessionNotOnOrAfter), however soon that is. Off, as it is by default, they last an hour at
// least, and never longer than the org's settings say. It holds for sessions made from then on. On an
// active connection it asks for the password again ([Me.Prove]): a lifetime of seconds keeps everybody
// out.
func (a *Admin) StrictSessionEnd(ctx context.Context, id string, on bool) (Connection, error) {
	var out Connection
	err := a.s.change(ctx, func(c *change) error {
		by, k, acc, err := a.onTrust(ctx, c, id)
		if err != nil {
			return err
		}
		e := by.by(audit.ConnectionConfigured, thing(audit.KindConnection, id, k.Value.Name))
		e.Changes = []audit.Change{{Field: "strict_session_end", Old: strconv.FormatBool(k.Value.StrictEnd), New: strconv.FormatBool(on)}}
		k.Value.StrictEnd = on
		if err := connections.put(ctx, c, k); err != nil {
			return stale(err)
		}
		out = shown(k, acc, c.now)
		return c.record(ctx, a.p.OrgID, e)
	})
	if err != nil {
		return Connection{}, err
	}
	return out, nil
}

// lapsed reports whether a session by single sign-on has come to its end while it was in use.
// One that was ended is not there any more.
func (s *Service) lapsed(ses store.Session) bool {
	now := s.now()
	return ses.ConnectionID != "" && ses.Restricted == "" && !now.Before(ses.EndAt) && now.Before(ses.IdleAt)
}

// Again is for somebody whose session has ended because their identity provider had set an end
// to it, while they were using it: it starts single sign-on anew, by the same connection and
// into the same org, and asks them nothing. [Service.Protect] sends a page request there
// ("sso/again" below Path, with the page that was wanted as "next": set Visit.After). All it does
// is to begin, in this browser, what [SignIn.FinishSSO] ends; so it may be reached by a link.
//
// Whoever it is not for is refused with CodeSignedOut, and belongs at the sign-in page: the
// session was ended, or ended so long ago that it has been swept (ten minutes, see
// [Service.Tick]), or has been idle, or is over by the org's own settings, which ask for a
// sign-in then; or it has been tried several times in a row, so that two sites don't send a
// browser round for ever.
func (i *SignIn) Again(ctx context.Context, v Visit, r *http.Request) (Step, error) {
	token, err := cookieToken(r)
	if err != nil {
		return Step{}, traced(err, v)
	}
	return i.AgainBy(ctx, v, token)
}

// AgainBy is Again for a host that keeps the token in a cookie of its own ([Entered.Token]).
func (i *SignIn) AgainBy(ctx context.Context, v Visit, token string) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	no := v.refused(CodeSignedOut, errors.New("accesssec: no session that an identity provider has ended"))
	if !plausible(token, sessionMark) {
		return Step{}, no
	}
	ses, err := s.store.SessionByHash(ctx, hashOf(token))
	if errors.Is(err, store.ErrNotFound) || err == nil && !s.lapsed(ses) {
		return Step{}, no
	} else if err != nil {
		return Step{}, err
	}
	own, err := s.ownEnd(ctx, ses)
	if err != nil {
		return Step{}, err
	}
	if own {
		return Step{}, no
	}
	tired, err := s.failed(ctx, counter{name: "again\x00" + ses.UserID + "\x00" + ses.ConnectionID, limit: limitRestart})
	if err != nil {
		return Step{}, err
	}
	if tired {
		return Step{}, no
	}
	v.OrgID, v.Invitation = ses.OrgID, ""
	return i.StartSSO(ctx, v, ses.ConnectionID, nil)
}

// ownEnd reports whether the session has ended when the org's settings say, so that the
// identity provider had nothing to do with it. Where they were changed since, it has.
func (s *Service) ownEnd(ctx context.Context, ses store.Session) (bool, error) {
	set := defaultSettings()
	if ses.OrgID != "" {
		_, acc, err := accessOf(ctx, s.store, ses.OrgID)
		if errors.Is(err, store.ErrNotFound) {
			return true, nil
		} else if err != nil {
			return false, err
		}
		set = acc.Settings
	}
	return !ses.EndAt.Before(ses.CreatedAt.Add(set.SessionEnd)), nil
}
