package accesssec

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/accesssec/accesssec-go/totp"
)

// Service is safe for concurrent use, keeps no state of its own between requests (but for
// what makes it look at DNS more slowly, or doubt what it sees there, and how fast
// identity providers come; and Options.SessionCache), and starts nothing by itself, but what writes their requests down
// while there are some. Any number of them may share one Store.
type Service struct {
	store   store.Store
	origin  string
	keys    *seal.Ring
	opts    Options
	hasher  *password.Hasher
	checker *domainclaim.Checker
	breaker *doubt
	pace    *pace
	cache   *sessionCache // nil: none
	scim    *scimMount
	joined  bool // the store is part of a transaction of the host's: see On
}

// Options of a [Service]: every zero value is safe.
type Options struct {
	// Product stands in the DNS records that prove a domain: letters, digits and
	// hyphens. "" is "accesssec".
	Product string
	// Path is where the sign-in pages are mounted, with a slash at both ends. "" is
	// "/auth/". It is part of the URLs customers type into their identity provider,
	// so it is chosen once.
	Path string
	// Issuer is the name under which authenticator apps show an account, as people know
	// the product: at most 64 characters, without ":". "" is the host of the origin.
	Issuer string
	// Support is the host's contact for people who are stuck, a mail address or URL.
	Support string
	// Resolvers look up DNS. Empty is the system's. Several of different operators make it
	// hard to lie about a record.
	Resolvers []domainclaim.Resolver
	// Authority finds the name servers that keep a domain. nil: it is made of Resolvers, and
	// asks name servers at public addresses alone (see domainclaim.CheckerOptions). A
	// domain lapses only by the word of its own name servers: where they can't be reached
	// from here, by UDP and TCP on port 53, none ever does.
	Authority domainclaim.Authority
	// DomainNames changes which domains can be claimed: nil refuses those of mail providers,
	// tenants' names and the like.
	DomainNames *domainclaim.NameOptions
	// Hasher hashes passwords, and bounds how many are hashed at once. nil makes one.
	Hasher *password.Hasher
	// PasswordCheck verifies a password in the host's own way, in place of Hasher, at the
	// sign-in page and in [Me.Prove]: false beside a nil error is a wrong password, an
	// error is a fault, is returned and lets nobody in. The attempt has been counted by
	// then, and the same limits hold; a right password still has to be allowed by the
	// policy.
	//
	// It is asked once for every attempt, with userID "" where nobody can be right: there
	// is no such account, or one whose User.Password is "". What it answers to "" counts
	// for nothing, but it has to cost as much as any other answer, or the time tells who
	// has an account. password is as it was typed, at most 1024 bytes and never "".
	//
	// User.Password is then the host's to fill, and never read here: "" is an account
	// without a password, and anything else must change whenever the password does (the
	// hash itself, best of all). By that a password which is changed meanwhile is noticed,
	// and an account is emptied that somebody else has proven to be theirs: a People that
	// keeps hashes elsewhere has to clear them when "" is written. Every password that is
	// given to this package, by the host in CreateOrg and ImportPeople or by a person who
	// takes up an invitation, signs up, sets a password by a link or changes it, is hashed by
	// Hasher and written there, for PasswordCheck to know by its "$argon2id$". A
	// Person.PasswordHash stands there as it was brought.
	//
	// It is called by several requests at once, outside of any transaction, and bounds by
	// itself how many hashes it computes. nil: Hasher verifies, and what
	// password.CheckHash refuses is nobody's.
	PasswordCheck func(ctx context.Context, userID, password string) (bool, error)
	// Passwords say which passwords may be chosen, wherever one is: nil is password.Classic,
	// password.NIST the other one. They are read in New.
	Passwords *password.Rules
	// PasswordBreached is asked about a new password that keeps the rules, whether it has become
	// known, by a service or a list of the host's: true refuses it, an error is a fault, and
	// nothing is written. The password must not be sent anywhere as it is: such services take
	// the beginning of a hash. It is called by several requests at once, outside of any
	// transaction, once for each person of an import who has a password in clear. nil: nobody
	// is asked.
	PasswordBreached func(ctx context.Context, password string) (bool, error)
	// PasswordHistory is how many passwords a person can't go back to, the one they have among
	// them: 1 to 10, or 0 for none. Each costs as much as a sign-in when one is chosen. Hashes
	// that PasswordCheck alone can verify are told apart only while they are the person's.
	PasswordHistory int
	// Google is the OpenID provider by which people may sign in, Google's or another. nil: none.
	Google OpenID
	// Methods are the ways in besides single sign-on. nil: policy.Password, policy.Link where
	// there is a Notify, and policy.Google where there is a Google.
	Methods []policy.Method
	// InviteOnly keeps people from making accounts of their own: they come by invitation,
	// import, single sign-on or provisioning.
	InviteOnly bool
	// Notify carries notices to people. nil: notices that only inform are not written,
	// and what needs one to work is refused.
	Notify Notifier
	// Entitled is asked before an org switches a feature on: whether its plan has it. It
	// may ask a network, for no transaction is open; it is called by several requests at
	// once, and waited for. An error is returned as it is, not as a Refusal, and nothing
	// is switched on. What is on already stays on and can be switched off: it is asked
	// at no login, so no plan that ends locks anybody out. nil: every org has every
	// feature.
	Entitled func(ctx context.Context, orgID string, f Feature) (bool, error)
	// Actions are what the host's projects have besides our own actions ([policy.Permissions]):
	// each with a name that begins with "host.", and the lowest project role that allows it,
	// or "" for what custom roles alone give. [Access.Can] answers for them.
	Actions []policy.Permission
	// ConnectionKey makes the private key of a new SAML connection, and its certificate: an
	// *rsa.PrivateKey of at least 2048 bits, another one each time. It is for hosts that need
	// larger keys, or have them made elsewhere; the certificate is one that only carries the
	// key, and its names mean nothing to identity providers. It is called outside of any
	// transaction. nil is saml.GenerateKey: RSA of 2048 bits, a certificate for ten years.
	ConnectionKey func(ctx context.Context, entityID string) (saml.Key, error)
	// DialMetadata makes the connections by which metadata is fetched that a connection
	// follows ([Admin.FollowMetadata]). nil dials public addresses alone, so that no
	// customer makes the host look into its own network: see saml.Source.
	DialMetadata func(ctx context.Context, network, address string) (net.Conn, error)
	// MetadataRoots vouch for the hosts of such metadata. nil: the system's.
	MetadataRoots *x509.CertPool
	// SCIMPath is where [Service.SCIM] is mounted: "" is "/scim/v2". It is part of the URL that
	// customers type into their identity provider, so it is chosen once.
	SCIMPath string
	// SCIMSchemas are what is provisioned, with the host's own extensions. nil: users with the
	// enterprise extension, and groups. Every instance has the same.
	SCIMSchemas *scim.Schemas
	// SCIMEvent is told what provisioning has changed in an org, after it has: the events of
	// RFC 9967, for systems that follow. It must not block. The audit log has all of it too,
	// and is not lost with the process.
	SCIMEvent func(ctx context.Context, orgID string, e scim.Event)
	// SCIMRate is how many requests in a second one token may send to one instance, for as
	// long as it likes; twice as many at once. Each operation of a bulk is one. Those beyond it
	// are told when to come again (429). 0: 50, twice what the largest identity providers ask for.
	SCIMRate int
	// SessionCache is for how long [Service.Protect] and [Service.Authenticate] may go by what a
	// session was when it was last read, so that not every request asks the store: at most 5
	// seconds. Sessions that this Service ends or changes are gone from it at once. What another
	// instance ends, or the host's own transaction ([Service.On]), goes on here for that long.
	// It holds up to 65,536 sessions. 0: none, and what is ended is ended for every request.
	SessionCache time.Duration
	// Log gets faults that no caller sees. nil discards them.
	Log *slog.Logger
	// Now is the clock. nil is time.Now.
	Now func() time.Time
	// TrustedIP tells the client's address apart from a proxy's. nil takes
	// RemoteAddr: a header that anybody can send is nobody's address. Behind a proxy
	// that leaves everybody with one address, and the limits on guessing with less to
	// go by: name the proxy's header here.
	TrustedIP func(*http.Request) string
}

// New needs a Store, the origin that people see ("https://app.example.com", or http
// on a loopback host), and the keys that seal what must not be read from the
// database. An origin with "_" in it is refused, because identity providers do.
func New(st store.Store, origin string, keys *seal.Ring, opts *Options) (*Service, error) {
	if st == nil || keys == nil {
		return nil, errors.New("accesssec: New needs a store and keys")
	}
	s := &Service{store: st, keys: keys}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Product == "" {
		s.opts.Product = "accesssec"
	}
	if s.opts.Path == "" {
		s.opts.Path = "/auth/"
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.Log == nil {
		s.opts.Log = slog.New(slog.DiscardHandler)
	}
	if s.opts.TrustedIP == nil {
		s.opts.TrustedIP = remoteAddr
	}
	if s.opts.ConnectionKey == nil {
		s.opts.ConnectionKey = func(_ context.Context, entityID string) (saml.Key, error) {
			return saml.GenerateKey(entityID, s.now())
		}
	}
	if s.hasher = s.opts.Hasher; s.hasher == nil {
		s.hasher = password.NewHasher(nil)
	}
	var err error
	if s.origin, err = cleanOrigin(origin); err != nil {
		return nil, err
	}
	if s.opts.Issuer == "" {
		s.opts.Issuer = s.issuer()
	}
	if err := checkIssuer(s.opts.Issuer); err != nil {
		return nil, err
	}
	example, err := domainclaim.ParseName("example.com", nil)
	if err != nil {
		return nil, err
	}
	if _, err := domainclaim.New(s.opts.Product, example, s.now()); err != nil {
		return nil, fmt.Errorf("accesssec: Options.Product: %w", err)
	}
	if p := s.opts.Path; !strings.HasPrefix(p, "/") || !strings.HasSuffix(p, "/") ||
		strings.ContainsAny(p, "_?#% \\") || strings.Contains(p, "//") {
		return nil, fmt.Errorf("accesssec: Options.Path %q: want a plain path with a slash at both ends and no underscore", p)
	}
	if err := s.completePasswords(); err != nil {
		return nil, err
	}
	if err := s.completeWays(); err != nil {
		return nil, err
	}
	s.opts.Actions = slices.Clone(s.opts.Actions)
	if err := checkActions(s.opts.Actions); err != nil {
		return nil, err
	}
	if err := s.mountSCIM(); err != nil {
		return nil, err
	}
	if s.cache, err = newSessionCache(s.opts.SessionCache); err != nil {
		return nil, err
	}
	s.breaker, s.pace = &doubt{}, newPace()
	s.checker = domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: s.opts.Resolvers, Authority: s.opts.Authority, Now: s.opts.Now})
	return s, nil
}

// SignIn is the face for people who are not signed in.
func (s *Service) SignIn() *SignIn { return &SignIn{s} }

// Me is the face for a signed-in person.
func (s *Service) Me(p Principal) *Me { return &Me{s: s, p: p} }

// Admin is the face for an Owner or Admin of the org that p is signed in to. Each of
// its methods asks the store again whether p still is one.
func (s *Service) Admin(p Principal) *Admin { return &Admin{s, p} }

// Path is where the sign-in pages are mounted.
func (s *Service) Path() string { return s.opts.Path }

// Support is the contact to show to people who are stuck; "" none.
func (s *Service) Support() string { return s.opts.Support }

// now is the time as it is stored: UTC, in whole microseconds.
func (s *Service) now() time.Time { return s.opts.Now().UTC().Truncate(time.Microsecond) }

func cleanOrigin(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return "", fmt.Errorf("accesssec: origin: %w", err)
	}
	if u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("accesssec: origin %q: want only a scheme and a host", origin)
	}
	if strings.Contains(u.Host, "_") {
		return "", fmt.Errorf("accesssec: origin %q: identity providers refuse a host with an underscore", origin)
	}
	if !secureURL(u) {
		return "", fmt.Errorf("accesssec: origin %q: want https (http only on a loopback host)", origin)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// secureURL reports whether what is sent there is safe from others on the network.
func secureURL(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// issuer is the host that people know us by, or the product where that has ":" in it.
func (s *Service) issuer() string {
	u, err := url.Parse(s.origin)
	if err != nil || strings.Contains(u.Hostname(), ":") {
		return s.opts.Product
	}
	return u.Hostname()
}

// checkIssuer tries the name as [Me.BeginFactor] will use it.
func checkIssuer(name string) error {
	e, secret, err := totp.New(time.Unix(0, 0), nil)
	if err == nil {
		_, err = e.Setup(name, "address", secret)
	}
	if err != nil {
		return fmt.Errorf("accesssec: Options.Issuer: %w", err)
	}
	return nil
}

func remoteAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func hashOf(secret string) store.Hash { return sha256.Sum256([]byte(secret)) }
