package accesssectest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
)

// OpenID is an OpenID provider for tests, to be Options.Service.Google (accesssec.Options.Google):
// it keeps state, nonce and PKCE challenge as a real one does and compares them, serves the page
// on which a person chooses who they are, and signs nothing. Whoever reaches its page is whom
// they choose. It listens on 127.0.0.1 alone. It is safe for concurrent use.
type OpenID struct {
	site *site

	mu     sync.Mutex
	now    func() time.Time
	to     string // where it sends browsers back
	people map[string]accesssec.OpenIDClaims
	order  []string
	codes  map[string]openIDCode
	fault  error
}

// openIDCode is what a code was given out for.
type openIDCode struct {
	subject, nonce, challenge string
	fresh                     bool
	until                     time.Time
}

// NewOpenID starts one that knows these people, by their Subject. An empty Issuer is its own.
// AuthTime is when they say they have signed in: 0 is an hour ago, and now when they are asked
// anew. Close it.
func NewOpenID(people ...accesssec.OpenIDClaims) (*OpenID, error) {
	one, err := newSite()
	if err != nil {
		return nil, fmt.Errorf("accesssectest: %w", err)
	}
	p := &OpenID{site: one, now: time.Now, people: map[string]accesssec.OpenIDClaims{}, codes: map[string]openIDCode{}}
	for _, who := range people {
		p.Set(who)
	}
	one.serve(p, slog.New(slog.DiscardHandler))
	return p, nil
}

// Close ends its server.
func (p *OpenID) Close() error { return p.site.close() }

// Issuer is what it calls itself.
func (p *OpenID) Issuer() string { return p.site.url }

// Set adds a person, or changes what is said of one.
func (p *OpenID) Set(who accesssec.OpenIDClaims) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if who.Issuer == "" {
		who.Issuer = p.site.url
	}
	if _, known := p.people[who.Subject]; !known {
		p.order = append(p.order, who.Subject)
	}
	p.people[who.Subject] = who
}

// ReturnTo says where it sends browsers back, and by which clock it goes: nil is the real one.
// A [World] does that by itself.
func (p *OpenID) ReturnTo(callback string, now func() time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to = callback; now != nil {
		p.now = now
	}
}

// Fail has each Exchange fail with err from now on; nil ends that.
func (p *OpenID) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = err
}

// AuthURL is of its page.
func (p *OpenID) AuthURL(state, nonce, challenge string, fresh bool) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := url.Values{
		"response_type": {"code"}, "client_id": {"host"}, "scope": {"openid email profile"}, "redirect_uri": {p.to},
		"state": {state}, "nonce": {nonce}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	if fresh {
		q.Set("max_age", "0")
	}
	return p.site.url + "/authorize?" + q.Encode()
}

// Exchange is the token endpoint, and what a host's adapter does with the token.
func (p *OpenID) Exchange(_ context.Context, code, verifier, nonce string) (accesssec.OpenIDClaims, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	given, ok := p.codes[code]
	delete(p.codes, code) // it is used up, whatever comes of it
	sum := sha256.Sum256([]byte(verifier))
	who, known := p.people[given.subject]
	switch {
	case p.fault != nil:
		return accesssec.OpenIDClaims{}, p.fault
	case !ok || !p.now().Before(given.until) || !known:
		return accesssec.OpenIDClaims{}, errors.New("accesssectest: no such code, or it was used")
	case base64.RawURLEncoding.EncodeToString(sum[:]) != given.challenge:
		return accesssec.OpenIDClaims{}, errors.New("accesssectest: the verifier is not the one of the challenge")
	case nonce != given.nonce:
		return accesssec.OpenIDClaims{}, errors.New("accesssectest: the token has another nonce")
	}
	if who.AuthTime == 0 {
		at := p.now()
		if !given.fresh {
			at = at.Add(-time.Hour)
		}
		who.AuthTime = at.Unix()
	}
	return who, nil
}

// Answer is the query that a browser brings back, when it was sent to authURL and the person
// with that subject went through with it.
func (p *OpenID) Answer(authURL, subject string) (url.Values, error) {
	u, err := url.Parse(authURL)
	if err != nil {
		return nil, fmt.Errorf("accesssectest: %w", err)
	}
	q := u.Query()
	if !strings.HasPrefix(authURL, p.site.url+"/") || q.Get("response_type") != "code" || q.Get("state") == "" || q.Get("nonce") == "" ||
		q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256" {
		return nil, errors.New("accesssectest: this is no request of the OpenID provider's")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.people[subject]; !known {
		return nil, fmt.Errorf("accesssectest: the OpenID provider knows no %q", subject)
	}
	code := rand.Text()
	p.codes[code] = openIDCode{subject, q.Get("nonce"), q.Get("code_challenge"), q.Get("max_age") == "0", p.now().Add(time.Minute)}
	return url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.site.url}}, nil
}

var choosePage = template.Must(template.New("").Parse(`<!doctype html><title>Choose who you are</title>
<form method="post">{{range .}}<button name="subject" value="{{.Subject}}">{{.Address}}</button>
{{end}}<button name="subject" value="">None of these</button></form>
`))

// ServeHTTP is the page: a person chooses who they are, and is sent back.
func (p *OpenID) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	to, people := p.to, make([]accesssec.OpenIDClaims, 0, len(p.order))
	for _, subject := range p.order {
		people = append(people, p.people[subject])
	}
	p.mu.Unlock()
	q := r.URL.Query()
	if r.URL.Path != "/authorize" || to == "" || q.Get("redirect_uri") != to {
		http.Error(w, "This is no address of a host that is known here.", http.StatusBadRequest)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = choosePage.Execute(w, people)
		return
	}
	back := url.Values{"error": {"access_denied"}, "state": {q.Get("state")}, "iss": {p.site.url}}
	if subject := r.PostFormValue("subject"); subject != "" {
		var err error
		if back, err = p.Answer(p.site.url+r.URL.RequestURI(), subject); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	http.Redirect(w, r, to+"?"+back.Encode(), http.StatusSeeOther)
}

// SignInGoogle goes through a sign-in at Options.Service.Google, which has to be an *OpenID, as
// the person there with that subject does: from the button on the sign-in page to what comes
// behind the pages. Its errors are those of [World.SignIn]. Where an account has to be linked
// first that is a RefusedError: the page asks to sign in.
func (w *World) SignInGoogle(subject string) (*http.Client, error) {
	v := visit{w, w.Client(), subject}
	p, err := v.get(w.URL + w.Service.Path())
	if err != nil {
		return nil, err
	}
	start, ok := p.posts("google/start")
	if !ok {
		return nil, v.refused(p, "no OpenID provider is offered")
	}
	if p, err = v.post(start); err != nil {
		return nil, err
	}
	choose, ok := p.button("subject", subject)
	if !ok {
		return nil, v.refused(p, "the OpenID provider knows nobody of that name, or is not reached")
	}
	return v.behind(v.post(choose))
}
