package accesssec

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

const (
	longestOpenIDCode = 4096
	longestOpenIDName = 255 // OpenID Connect Core 1.0, section 2: sub
)

// openIDAnswer is the query with which a provider sends a browser back (RFC 6749, sections
// 4.1.2 and 4.1.2.1; RFC 9207 has iss).
type openIDAnswer struct {
	state, code, issuer string
	failed              string // the provider's word for why there is no code
}

// readOpenIDAnswer takes what it knows, each once, and leaves the rest alone.
func readOpenIDAnswer(q url.Values) (openIDAnswer, error) {
	most := map[string]int{"state": 64, "code": longestOpenIDCode, "iss": longestOpenIDName, "error": 1024}
	for name, n := range most {
		switch all := q[name]; {
		case len(all) > 1:
			return openIDAnswer{}, errors.New(name + " is there more than once")
		case len(all) == 1 && (len(all[0]) > n || !utf8.ValidString(all[0])):
			return openIDAnswer{}, errors.New(name + " is too long, or no text")
		}
	}
	a := openIDAnswer{state: q.Get("state"), code: q.Get("code"), issuer: q.Get("iss")}
	switch {
	case !plausible(a.state, stateMark):
		return openIDAnswer{}, errors.New("state is missing, or none of ours")
	case q.Has("error") && a.code != "":
		return openIDAnswer{}, errors.New("there is an error beside a code")
	case q.Has("error"):
		if a.failed = oneLine(q.Get("error"), 60); a.failed == "" {
			a.failed = "no reason"
		}
	case a.code == "":
		return openIDAnswer{}, errors.New("there is no code")
	}
	return a, nil
}

// openIDLogin is who somebody is at the provider, by a token that was verified and claims that
// fit.
type openIDLogin struct {
	claims  OpenIDClaims
	address domainclaim.Address // usable when claims.Verified
	key     string              // of the issuer and the subject
}

// loginOf holds claims to their bounds.
func loginOf(c OpenIDClaims) (openIDLogin, *Refusal) {
	for _, v := range []string{c.Issuer, c.Subject} {
		if v == "" || len(v) > longestOpenIDName || !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return openIDLogin{}, refuse(CodeOpenID, "the token has no issuer or subject that can be kept")
		}
	}
	l := openIDLogin{claims: c, key: subjectID("login", c.Issuer, c.Subject)}
	if !c.Verified {
		return l, nil
	}
	a, err := domainclaim.ParseAddress(c.Address)
	if err != nil {
		no := refuse(CodeAddress, "the token carries no usable address")
		no.Fix, no.Err = "Have the OpenID provider send the person's email address: scope email.", err
		return l, no
	}
	l.address = a
	return l, nil
}

// freshAt reports whether the provider says that it has asked the person since then, which was
// at most five minutes ago.
func (l openIDLogin) freshAt(asked, now time.Time) bool {
	if l.claims.AuthTime <= 0 || l.claims.AuthTime > 1<<40 {
		return false
	}
	at := time.Unix(l.claims.AuthTime, 0)
	return !at.Before(asked.Add(-time.Minute)) && !at.After(now.Add(time.Minute)) && now.Sub(at) < provedFor
}

// byGoogle starts the event of an answer that was refused before anybody is known by it.
func (v Visit) byGoogle() audit.Event {
	e := v.by(audit.LoginRefused, audit.Actor{Kind: audit.KindStranger})
	e.Facts = []audit.Fact{fact("method", string(policy.Google))}
	return e
}

// refusedAnswer records what was refused where anybody may knock. Who is refused there by the
// hundred leaves no more lines in the log.
func (s *Service) refusedAnswer(ctx context.Context, v Visit, no *Refusal) error {
	ctx, cancel := lingering(ctx)
	defer cancel()
	no.Trace, no.After = v.Trace, SafePath(v.After)
	flood, err := s.failed(ctx, responseCounter("openid", v.IP, no.Code))
	if err != nil {
		return err
	}
	if flood {
		no.flood = true
		return no
	}
	return s.refused(ctx, no.inOrg("", v.byGoogle()))
}

const stateOver = "nobody asked here, or it was answered before, or ten minutes are over"

// takeState finds what an answer belongs to, and uses it up: in the browser that has asked, and
// before anything is done with the code.
func (s *Service) takeState(ctx context.Context, v Visit, a openIDAnswer) (kept[openIDState], error) {
	st, err := openIDStates.byKey(ctx, s.store, stateKey(a.state))
	if errors.Is(err, store.ErrNotFound) || err == nil && !s.now().Before(st.ExpiresAt) {
		return st, s.refusedAnswer(ctx, v, refuse(CodeOpenID, stateOver))
	} else if err != nil {
		return st, err
	}
	if !v.is(st.Value.Browser) {
		return st, s.refusedAnswer(ctx, v, refuse(CodeBrowser, "the answer came in another browser than the one that asked"))
	}
	err = s.upkeep(ctx, func(tx store.Tx) (err error) {
		st, err = openIDStates.take(ctx, tx, stateKey(a.state))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return st, s.refusedAnswer(ctx, v, refuse(CodeOpenID, stateOver))
	}
	return st, err
}

// exchange has the host trade the code, and looks at what comes of it.
func (s *Service) exchange(ctx context.Context, v Visit, st kept[openIDState], a openIDAnswer) (openIDLogin, error) {
	limited, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	claims, err := s.opts.Google.Exchange(limited, a.code, v.openIDSecret("verifier", a.state), v.openIDSecret("nonce", a.state))
	if ctx.Err() != nil {
		return openIDLogin{}, ctx.Err()
	}
	if err != nil {
		s.opts.Log.WarnContext(ctx, "accesssec: OpenID provider's code not exchanged", "trace", v.Trace, "err", err)
		return openIDLogin{}, s.refusedAnswer(ctx, v, refuse(CodeOpenID, "the code could not be exchanged for a token that holds"))
	}
	l, no := loginOf(claims)
	switch {
	case no != nil:
	case a.issuer != "" && a.issuer != claims.Issuer:
		no = refuse(CodeOpenID, "the answer names another issuer than the token")
	case st.Value.Fresh && !l.freshAt(st.At, s.now()):
		no = refuse(CodeNotFresh, "the token does not say that the person was asked again")
		no.Fix = "The OpenID provider has to honour max_age=0 and to send auth_time."
	}
	if no != nil {
		return l, s.refusedAnswer(ctx, v, no)
	}
	return l, nil
}
