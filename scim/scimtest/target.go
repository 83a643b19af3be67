package scimtest

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/accesssec/accesssec-go/scim"
)

// Target is a mount to be tested: one tenant of it.
type Target struct {
	URL   string // of the mount, "http://127.0.0.1:8080/scim/v2"
	Token string // a bearer token of the tenant
	// Client sends the requests, and follows no redirect whatever it says. nil: [http.DefaultClient].
	Client *http.Client
	// NewUserName returns another address with each call: one that is free, and that SCIM may
	// create in this tenant. It must be safe for concurrent use. nil: random addresses at
	// example.com.
	NewUserName func() string
	// Profile is the one that the mount goes by. "" is [scim.Detect]. It says what the mount is
	// asked to take that breaks the letter of the RFCs ([scim.Profile.Takes]), and that it refuses
	// the rest: [scim.Strict] all of it. What is asked of all is asked of each.
	Profile scim.Profile
	// Other is another tenant of the same mount. nil: nothing is tested between tenants.
	Other *Target
}

// client is a copy that follows no redirect, as those of identity providers.
func (t Target) client() *http.Client {
	c := *http.DefaultClient
	if t.Client != nil {
		c = *t.Client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// answers is the type of the mount's answers to who takes them as [scimJSON].
func (t Target) answers() string {
	if t.Profile == scim.OneLogin {
		return plainJSON
	}
	return scimJSON
}

func (t Target) url(path string) string { return strings.TrimRight(t.URL, "/") + path }

// userName is an address that is free.
func (t Target) userName() string {
	if t.NewUserName != nil {
		return t.NewUserName()
	}
	return newText() + "@example.com"
}

// newText is a text that nobody else uses, in lower case.
func newText() string { return "scimtest-" + strings.ToLower(rand.Text()[:16]) }
