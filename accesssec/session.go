package accesssec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

const (
	sessionMark   = "s1."
	sessionCookie = "__Host-accesssec"

	// A session is marked as seen at most once in this time: an idle clock need not
	// cost a write for each request.
	touchEvery  = time.Minute
	touchWithin = 2 * time.Second
)

// Principal is who acts, in one org or, with OrgID "", in their own account. It comes
// from Protect, Authenticate, CreateOrg or Vouch; one that a host puts together by
// itself may do nothing. Role is what it was when the session was read; what matters
// is asked of the store again.
type Principal struct {
	UserID, OrgID, SessionID string
	Role                     policy.Role

	user, org string     // UserID and OrgID as they were made; no user: put together by somebody else
	hash      store.Hash // of the session; zero when there is none
	proved    time.Time  // without a session: when the host vouched
}

func principalOf(s store.Session) Principal {
	return Principal{UserID: s.UserID, OrgID: s.OrgID, SessionID: s.ID, Role: policy.Role(s.Role), user: s.UserID, org: s.OrgID, hash: s.Hash}
}

// genuine reports whether p is as this package made it.
func (p Principal) genuine() bool { return p.user != "" && p.user == p.UserID && p.org == p.OrgID }

// Entered is a session just made. SetCookie writes its only copy of the token.
type Entered struct {
	Principal Principal
	EndsAt    time.Time
	token     func() string // fmt does not look into one, in whatever struct it stands
	device    *deviceMark   // that the browser is given, if it is remembered from now on
}

// Token is the bearer value, for a host that keeps it in a cookie of its own. It is
// shown once: the store has only its hash.
func (e *Entered) Token() string {
	if e.token == nil {
		return ""
	}
	return e.token()
}

// String leaves out the token, as does every other way to print an Entered.
func (e Entered) String() string { return "session " + e.Principal.SessionID }

// Format is String for every verb.
func (e Entered) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// SetCookie gives the browser its session. The cookie stays for an hour longer than that, so that
// [SignIn.Again] knows whose it was. A browser that is remembered from now on gets a second one.
func (e *Entered) SetCookie(w http.ResponseWriter) {
	if secret := e.device.secret(); secret != "" {
		setCookie(w, &http.Cookie{Name: deviceCookie, Value: secret, SameSite: http.SameSiteLaxMode, MaxAge: int(longestDevice.Seconds())})
	}
	setCookie(w, &http.Cookie{Name: sessionCookie, Value: e.Token(), Expires: e.EndsAt.Add(endedFor), SameSite: http.SameSiteLaxMode})
}

// rotate gives a session another token, and writes it: whoever has the old one is signed out.
// It is done whenever the session gets to mean more.
func (c *change) rotate(ctx context.Context, ses store.Session) (*Entered, error) {
	token := newSecret(sessionMark)
	ses.Hash = hashOf(token)
	if err := c.UpdateSession(ctx, ses); err != nil {
		return nil, err
	}
	return &Entered{Principal: principalOf(ses), EndsAt: ses.EndAt, token: func() string { return token }}, nil
}

// ClearCookie takes the session cookie from the browser. It ends no session.
func ClearCookie(w http.ResponseWriter) {
	setCookie(w, &http.Cookie{Name: sessionCookie, MaxAge: -1, SameSite: http.SameSiteLaxMode})
}

// setCookie adds what the "__Host-" prefix and good sense ask of every cookie of ours
// (RFC 6265bis, section 4.1.3).
func setCookie(w http.ResponseWriter, c *http.Cookie) {
	c.Path, c.Secure, c.HttpOnly = "/", true, true
	http.SetCookie(w, c)
}

// Authenticate finds whose token it is. It refuses with CodeSignedOut when the session
// is over, and with CodeSetUp when it is for nothing but setting up a second factor; any
// other error is a fault, and nobody is let in on a fault. The row behind the token is what
// signing out everywhere ends, whoever holds the token. With Options.SessionCache it may be what
// it was a moment ago.
func (s *Service) Authenticate(ctx context.Context, token string) (Principal, error) {
	if err := s.alone(); err != nil {
		return Principal{}, err
	}
	now := s.now()
	if p, known := s.cache.get(token, now); known {
		return p, nil
	}
	if !plausible(token, sessionMark) {
		return Principal{}, refuse(CodeSignedOut, "no session token")
	}
	hash, before := hashOf(token), s.cache.before()
	ses, err := s.session(ctx, s.store, hash)
	if err != nil {
		return Principal{}, err
	}
	if now.Sub(ses.SeenAt) >= touchEvery {
		if ses, err = s.touch(ctx, ses, now); err != nil {
			return Principal{}, err
		}
	}
	s.cache.put(before, ses, now)
	return principalOf(ses), nil
}

// touch marks a session as seen. A store that answers reads and is slow to write keeps
// nobody out: what was read says that the session is alive, and one that can't be marked
// is over all the sooner.
func (s *Service) touch(ctx context.Context, ses store.Session, now time.Time) (store.Session, error) {
	brief, cancel := context.WithTimeout(ctx, touchWithin)
	defer cancel()
	idleAt := now.Add(ses.IdleAt.Sub(ses.SeenAt))
	err := s.store.TouchSession(brief, ses.Hash, now, idleAt)
	switch {
	case err == nil:
		ses.SeenAt, ses.IdleAt = now, idleAt
		return ses, nil
	case errors.Is(err, store.ErrNotFound): // ended since it was read
		return ses, refuse(CodeSignedOut, "the session has been ended")
	case ctx.Err() != nil:
		return ses, ctx.Err()
	}
	s.opts.Log.WarnContext(ctx, "accesssec: session not marked as seen", "session", ses.ID, "err", err)
	return ses, nil
}

// session reads a session that is not over, and fit for anything.
func (s *Service) session(ctx context.Context, r store.Reader, hash store.Hash) (store.Session, error) {
	ses, err := s.anySession(ctx, r, hash)
	if err == nil {
		err = fit(ses)
	}
	return ses, err
}

// fit refuses a session that is for nothing but setting up a second factor.
func fit(ses store.Session) error {
	switch ses.Restricted {
	case "":
		return nil
	case setUpOnly, setUpShown:
		no := refuse(CodeSetUp, "")
		if ses.Restricted == setUpShown {
			no.Say, no.Detail = "Save your recovery codes to go on.", "the second factor is set up, but for SignIn.FinishSetUp"
		}
		no.Next = policy.NextSetUp
		return no
	}
	return refuse(CodeSignedOut, "the session is not fit for this")
}

// parted are the methods of a session, the first factors by themselves in a slice of their
// own, and the second one beside them; "" none was asked for.
func parted(methods []string) (first []string, second policy.Method) {
	for _, m := range methods {
		if policy.Method(m).Second() {
			second = policy.Method(m)
		} else {
			first = append(first, m)
		}
	}
	return first, second
}

// anySession reads a session that is not over.
func (s *Service) anySession(ctx context.Context, r store.Reader, hash store.Hash) (store.Session, error) {
	ses, err := r.SessionByHash(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return ses, refuse(CodeSignedOut, "no such session")
	} else if err != nil {
		return ses, err
	}
	if s.over(ses) {
		no := refuse(CodeSignedOut, "the session is over")
		if s.lapsed(ses) {
			no.Next = policy.NextSSO
		}
		return ses, no
	}
	return ses, nil
}

// over reports whether the session's time is up.
func (s *Service) over(ses store.Session) bool {
	now := s.now()
	return !now.Before(ses.EndAt) || !now.Before(ses.IdleAt)
}

type contextKey struct{}

// FromContext is the person whom Protect has let through.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(contextKey{}).(Principal)
	return p, ok
}

// Protect lets through people who are signed in, found by [FromContext]. Others are
// sent to the sign-in page when they ask for a page, and get a 401 otherwise; those who
// have to set up a second factor first are sent to that, and those whose identity provider has
// set an end to their session are sent there ([SignIn.Again]). When the store can't be asked the
// answer is a 503. It does not look for forged forms: wrap your own pages in
// http.CrossOriginProtection as well.
func (s *Service) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		p, err := s.FromRequest(r)
		var no *Refusal
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, p)))
		case !errors.As(err, &no):
			s.opts.Log.ErrorContext(r.Context(), "accesssec: session not checked", "err", err)
			http.Error(w, "Sign-in can't be checked at the moment. Try again.", http.StatusServiceUnavailable)
		case wantsPage(r):
			w.Header().Set("Cache-Control", "no-store")
			page := s.opts.Path
			if no.Code == CodeSetUp {
				page += "factor"
			} else if no.Next == policy.NextSSO {
				page += "sso/again"
			}
			http.Redirect(w, r, page+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		default:
			http.Error(w, no.Say, http.StatusUnauthorized)
		}
	})
}

// FromRequest is who sent r, by our cookie. Its errors are those of Authenticate.
func (s *Service) FromRequest(r *http.Request) (Principal, error) {
	token, err := cookieToken(r)
	if err != nil {
		return Principal{}, err
	}
	return s.Authenticate(r.Context(), token)
}

// cookieToken is the token in our cookie.
func cookieToken(r *http.Request) (string, error) {
	// Of several cookies of one name none is trusted over the others.
	cookies := r.CookiesNamed(sessionCookie)
	if len(cookies) != 1 || !plausible(cookies[0].Value, sessionMark) {
		return "", refuse(CodeSignedOut, "no session cookie")
	}
	return cookies[0].Value, nil
}

func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
