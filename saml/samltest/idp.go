// Package samltest is a SAML 2.0 identity provider for tests and demos. It owns a
// key made when it starts, a list of people, and a sign-in page on which anyone may
// be picked by anyone: there is no password, so it must never be trusted by a
// service that holds real data.
//
// Its signatures, documents and timings are those of a real provider, and each
// [Attack] makes it misbehave in exactly one known way, so that a service provider
// can be tested on what it must refuse. It refuses in turn what a real one refuses:
// service providers it was not told about by [IdP.Trust], addresses that their
// metadata does not list, and requests whose signature is missing or wrong.
//
// [Options] let it speak like a product ([Flavor]), sign by other algorithms
// ([Signing]) and encrypt ([Encryption]). It remembers the sign-ins that no attack was
// part of as sessions, for single logout in both directions; it has none of its own, so
// that everybody is asked again at every sign-in. It decrypts nothing.
//
// Start with [New], mount the result, exchange metadata by [IdP.Metadata] and
// [IdP.Trust], and let [Login] play the browser. The documents follow SAML 2.0 core,
// bindings, profiles (sections 4.1 and 4.4) and metadata, by OASIS, and XML Encryption
// 1.1, by the W3C.
package samltest

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// What an [IdP] refuses, for errors.Is.
var (
	ErrRequest   = errors.New("samltest: not an acceptable authentication request")
	ErrMetadata  = errors.New("samltest: not usable service provider metadata")
	ErrUntrusted = errors.New("samltest: service provider not trusted")
	ErrLogout    = errors.New("samltest: not an acceptable logout message")
)

// Person is someone who can sign in at the sign-in page.
type Person struct {
	Email               string // also the value of their button on the page
	FirstName, LastName string
	Groups              []string
	NameID              string              // "": Email, or what the [Flavor] makes of it
	Guest               bool                // of another organisation; for [Entra]
	Attributes          map[string][]string // sent beside the attributes made from the fields above
}

// Options of an [IdP]. The zero value signs the assertion alone, by the clock of the
// machine.
type Options struct {
	EntityID                    string           // "": the base URL + "/metadata", or what the flavour has
	Now                         func() time.Time // nil: time.Now
	Flavor                      Flavor           // "": that of no product
	SignResponse, SignAssertion bool             // neither: the assertion, or what the flavour signs
	Signing                     Signing          // "": RSA and SHA-256
	Encrypt                     Encryption       // zero: nothing is encrypted
	Indent                      bool             // white space between all elements, and base64 in lines
	NameIDFormat                string           // "": by the look of the NameID, or what the flavour has
	SessionFor                  time.Duration    // SessionNotOnOrAfter, this long from now; 0: not said, or what the flavour has
	SessionAge                  time.Duration    // how long ago people signed in here, even when ForceAuthn asks for anew; 0: just now
}

// IdP is the identity provider: an http.Handler for everything below its base URL.
// Its methods may be called from any number of goroutines.
type IdP struct {
	base                        string // without a slash at its end
	path                        string // of base
	entityID                    string
	now                         func() time.Time
	signResponse, signAssertion bool
	sessionAge, sessionFor      time.Duration
	nameIDFormat                string
	product                     product
	signing                     Signing
	encrypt                     Encryption
	people                      []Person
	otherKey                    func() (keyPair, error) // that of a stranger, made when first wanted
	spareKey                    func() (keyPair, error) // an RSA key of nobody, made when first wanted
	ticketKey                   []byte

	mu        sync.RWMutex
	keys      []keyPair           // the first one signs, the others did
	providers map[string]provider // by entity ID
	last      map[string]Response // by entity ID: the last answer that no attack was part of
	sessions  []Session           // the oldest first
	started   map[string]Session  // by ID of the LogoutRequest that was sent
}

// New makes an identity provider with a new key, of RSA and 2048 bits unless the options
// name another. baseURL is the
// absolute URL below which it is mounted; people are those who can be picked, each
// with an address of their own. opts may be nil.
func New(baseURL string, people []Person, opts *Options) (*IdP, error) {
	if opts == nil {
		opts = &Options{}
	}
	base := strings.TrimRight(baseURL, "/")
	u, err := url.Parse(base)
	if err != nil || !isWeb(u) || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("samltest: base URL %q is not an absolute http or https URL without a query", baseURL)
	}
	if opts.SessionAge < 0 || opts.SessionFor < 0 {
		return nil, fmt.Errorf("samltest: a session age of %s, for %s", opts.SessionAge, opts.SessionFor)
	}
	seen := map[string]bool{}
	for _, p := range people {
		if p.Email == "" || seen[p.Email] {
			return nil, fmt.Errorf("samltest: every person needs an address of their own: %q", p.Email)
		}
		seen[p.Email] = true
	}
	look, err := opts.Flavor.product(base)
	if err != nil {
		return nil, err
	}
	if err := opts.Encrypt.check(); err != nil {
		return nil, err
	}
	look.style.indent = opts.Indent
	idp := &IdP{
		base: base, path: u.Path, now: opts.Now,
		signResponse: opts.SignResponse, signAssertion: opts.SignAssertion,
		sessionAge: opts.SessionAge,
		sessionFor: opts.SessionFor, nameIDFormat: opts.NameIDFormat,
		product: look, signing: opts.Signing, encrypt: opts.Encrypt,
		people:    clonePeople(people),
		ticketKey: make([]byte, 32),
		providers: map[string]provider{},
		last:      map[string]Response{},
		started:   map[string]Session{},
	}
	for _, name := range []string{opts.EntityID, look.issuer, base + "/metadata"} {
		if idp.entityID == "" {
			idp.entityID = name
		}
	}
	if idp.now == nil {
		idp.now = time.Now
	}
	if !idp.signResponse && !idp.signAssertion {
		idp.signResponse, idp.signAssertion = look.signResponse, look.signAssertion
	}
	if idp.sessionFor == 0 {
		idp.sessionFor = look.session
	}
	rand.Read(idp.ticketKey)
	if err := idp.Rotate(); err != nil {
		return nil, err
	}
	idp.otherKey = sync.OnceValues(func() (keyPair, error) { return newKeyPair(idp.signing, "A stranger", idp.now()) })
	idp.spareKey = sync.OnceValues(func() (keyPair, error) { return newKeyPair(SignRSA, "Nobody", idp.now()) })
	return idp, nil
}

// EntityID is the name under which it signs.
func (idp *IdP) EntityID() string { return idp.entityID }

// SSOURL is where requests are sent, by redirect or by POST.
func (idp *IdP) SSOURL() string { return idp.base + "/sso" }

// SLOURL is where logout messages are sent, by redirect or by POST, as far as the
// metadata lists these bindings.
func (idp *IdP) SLOURL() string { return idp.base + "/slo" }

// Certificate is what its signatures are verified with from now on.
func (idp *IdP) Certificate() *x509.Certificate {
	idp.mu.RLock()
	defer idp.mu.RUnlock()
	return idp.keys[0].cert
}

// Rotate makes a new key, which signs from now on. The metadata lists its
// certificate first and those of all keys before behind it.
func (idp *IdP) Rotate() error {
	key, err := newKeyPair(idp.signing, ownName, idp.now())
	if err != nil {
		return err
	}
	idp.mu.Lock()
	defer idp.mu.Unlock()
	idp.keys = append([]keyPair{key}, idp.keys...)
	return nil
}

// ServeHTTP serves the paths below the base URL: /metadata, /sso, /slo, /login and
// /logout (what the pages post to) and / (service providers to start from, and sessions
// to end).
func (idp *IdP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, idp.path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	page, ok := map[string]struct {
		read, post func(http.ResponseWriter, *http.Request)
	}{
		"/metadata": {idp.serveMetadata, nil},
		"/sso":      {idp.serveSSO, idp.serveSSO},
		"/slo":      {idp.serveSLO, idp.serveSLO},
		"/login":    {nil, idp.serveLogin},
		"/logout":   {nil, idp.serveLogout},
		"/":         {idp.serveStart, nil},
		"":          {idp.serveStart, nil},
	}[path]
	switch {
	case !ok:
		http.NotFound(w, r)
	case isRead(r) && page.read != nil:
		page.read(w, r)
	case r.Method == http.MethodPost && page.post != nil:
		page.post(w, r)
	default:
		http.Error(w, "samltest: method not allowed", http.StatusMethodNotAllowed)
	}
}

func (idp *IdP) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(idp.Metadata())
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

func isWeb(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Fragment == ""
}

func (idp *IdP) person(email string) (Person, bool) {
	for _, p := range idp.people {
		if p.Email == email {
			return p, true
		}
	}
	return Person{}, false
}
