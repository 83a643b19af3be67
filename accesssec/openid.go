package accesssec

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// OpenID is an OpenID provider, as the host talks to it (OpenID Connect Core 1.0, section 3.1:
// the code flow). What binds an answer to the browser that asked is made and checked here; the
// host's part is the address, the exchange of the code, and the check of the ID token's
// signature, issuer, audience, times and nonce. It is called by several requests at once,
// outside of any transaction. docs/google.md has one to copy.
type OpenID interface {
	// AuthURL is where the browser is sent: https, with state, nonce and code_challenge in its
	// query as they are, and code_challenge_method S256 (RFC 7636). With fresh the person is to
	// prove themselves anew (max_age=0).
	AuthURL(state, nonce, challenge string, fresh bool) string
	// Exchange trades the code for an ID token, and verifies it: with that nonce, or it is an
	// error. verifier is what challenge was made of. ctx ends after 30 seconds. Whatever error
	// it returns the sign-in is refused, and the error goes to Options.Log: keep the code and
	// the tokens out of it.
	Exchange(ctx context.Context, code, verifier, nonce string) (OpenIDClaims, error)
}

// OpenIDClaims are what a verified ID token says.
type OpenIDClaims struct {
	Issuer, Subject string // which never change, and are never another's: 1 to 255 bytes each
	Address         string
	// Verified is email_verified, as the JSON value true and nothing else: not "true", not 1.
	Verified            bool
	FirstName, LastName string
	AuthTime            int64 // auth_time in seconds since 1970; 0 unknown
}

const (
	stateMark    = "o1."
	openIDFor    = 10 * time.Minute
	exchangeTime = 30 * time.Second
)

// openIDState is what is kept between StartGoogle and the answer, keyed by a hash of the state.
// It holds no secret: nonce and verifier are made of the state and of the browser's mark, anew
// each time.
type openIDState struct {
	Browser store.Hash `json:"browser"` // of the visit's secret
	OrgID   string     `json:"org,omitempty"`
	Invite  string     `json:"invite,omitempty"` // the key of an invitation
	After   string     `json:"after,omitempty"`
	Fresh   bool       `json:"fresh,omitempty"`   // the person is to prove themselves anew
	UserID  string     `json:"user,omitempty"`    // who it has to be
	Instead string     `json:"instead,omitempty"` // the session whose place the new one takes
}

var openIDStates = collection[openIDState]{"openid_state"}

func stateKey(state string) string {
	sum := hashOf(state)
	return hexOf(sum[:])
}

// visit is v on the way that it was on when it asked.
func (st openIDState) visit(v Visit) Visit {
	v.OrgID, v.After, v.Invitation, v.invite = st.OrgID, st.After, "", st.Invite
	return v
}

// openIDSecret is a secret of one sign-in in one browser, by name: 256 bits in 43 characters
// that RFC 7636, section 4.1, allows in a verifier.
func (v Visit) openIDSecret(name, state string) string {
	mac := hmac.New(sha256.New, []byte(v.id()))
	mac.Write([]byte("openid " + name + "\x00" + state))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// challengeOf is that of PKCE by S256 (RFC 7636, section 4.2).
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// StartGoogle sends the browser to the OpenID provider: Step.URL. What comes back is believed
// once, within ten minutes, and in this browser alone. With opts.Fresh the provider asks the
// person again, and the session that comes of it has proven them; a provider that does not say
// when it has asked is CodeNotFresh then. opts may be nil.
//
// Refusals: CodeNotOffered without a provider; CodeBrowser with a Visit that does not come from
// [SignIn.Visit].
func (i *SignIn) StartGoogle(ctx context.Context, v Visit, opts *StartOptions) (Step, error) {
	st := openIDState{Fresh: opts != nil && opts.Fresh}
	return i.s.startOpenID(ctx, v, st)
}

// ProveGoogle is [Me.Prove] for people whose login at the OpenID provider is linked to their
// account: Step.URL. The provider asks them again, and [SignIn.FinishGoogle] goes on, for nobody
// else: CodeLinked. The session that it makes takes this one's place. Me does not go on with it.
func (m *Me) ProveGoogle(ctx context.Context, v Visit) (Step, error) {
	if err := m.s.alone(); err != nil {
		return Step{}, err
	}
	who, err := m.signedIn(ctx, m.s.store)
	if err != nil {
		return Step{}, err
	}
	v.OrgID, v.Invitation, v.invite = who.session.OrgID, "", ""
	return m.s.startOpenID(ctx, v, openIDState{Fresh: true, UserID: who.user.ID, Instead: who.session.ID})
}

func (s *Service) startOpenID(ctx context.Context, v Visit, st openIDState) (Step, error) {
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	if !slices.Contains(s.ways(), policy.Google) {
		return Step{}, v.refused(CodeNotOffered, nil)
	}
	if v.id() == "" {
		return Step{}, v.refused(CodeBrowser, nil) // it could never be finished
	}
	var err error
	if st.OrgID, err = v.wanted(ctx, s.store); err != nil {
		return Step{}, err
	}
	st.Browser, st.Invite, st.After = hashOf(v.id()), v.inviteKey(), SafePath(v.After)
	state := newSecret(stateMark)
	nonce, challenge := v.openIDSecret("nonce", state), challengeOf(v.openIDSecret("verifier", state))
	to := s.opts.Google.AuthURL(state, nonce, challenge, st.Fresh)
	if err := carries(to, state, nonce, challenge); err != nil {
		return Step{}, err
	}
	now := s.now()
	rec := openIDStates.fresh("", newID("oid"), stateKey(state), now, now.Add(openIDFor), st)
	if err := s.upkeep(ctx, func(tx store.Tx) error { return openIDStates.put(ctx, tx, rec) }); err != nil {
		return Step{}, err
	}
	return Step{URL: to, After: st.After}, nil
}

// carries looks at an address for what an answer is checked by: one that leaves it out would
// have a provider answer that anybody could use.
func carries(to, state, nonce, challenge string) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("accesssec: Options.Google: AuthURL returned no URL")
	}
	q := u.Query()
	for name, want := range map[string]string{"state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256"} {
		if len(q[name]) != 1 || q.Get(name) != want {
			return errors.New("accesssec: Options.Google: the URL of AuthURL has no " + name + ", or another one")
		}
	}
	return nil
}
