package samltest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Flavor makes an [IdP] speak like a product: how its issuer looks, what it signs, how
// its documents are spelled, what it calls the claims, and how long they hold. All is as
// these products send it when nobody has changed their set-up; of claims that an admin
// has to map, the usual ones are sent.
type Flavor string

// The flavours. The zero Flavor is that of no product: short names, no surprises.
const (
	// Okta signs Response and assertion with the prefix list "xs". The NameID is of no
	// declared kind; values carry xsi:type.
	Okta Flavor = "okta"

	// Entra signs the assertion. Its issuer is the tenant's, for all of its applications.
	// The NameID is the user principal name (UPN), which for a [Person.Guest] is no address
	// ("#EXT#"). Claims are called by URIs; groups are ids, and more than 150 of them are
	// replaced by a link.
	Entra Flavor = "entra"

	// Google signs the assertion, its base64 in lines, and names the subject of its
	// certificate in KeyInfo. It sends the address as a NameID of no
	// declared kind, and of the attributes only [Person.Attributes], which an admin would have
	// mapped. It has no single logout.
	Google Flavor = "google"

	// OneLogin signs the assertion, and ends its sessions after 24 hours.
	OneLogin Flavor = "onelogin"
)

// Flavors lists them, without the zero one.
func Flavors() []Flavor { return []Flavor{Okta, Entra, Google, OneLogin} }

// product is what a flavour stands for.
type product struct {
	style                       spelling
	issuer                      string // the default entity ID; "": the base URL + "/metadata"
	signResponse, signAssertion bool   // unless the options say otherwise
	before, validity            time.Duration
	session                     time.Duration // SessionNotOnOrAfter, from now; 0: not said
	authnContext                string
	ownIndex                    bool // the SessionIndex is another than the assertion's ID
	logout                      []Binding
	claims                      func(tenant, Person) claims
}

// product of f at a base URL.
func (f Flavor) product(base string) (product, error) {
	at := tenant(base)
	p := product{
		style: plainSpelling(), signAssertion: true, validity: validity, authnContext: classPassword,
		logout: []Binding{Redirect, POST}, claims: plainClaims,
	}
	switch f {
	case "":
	case Okta:
		p.style.protocol, p.style.assertion = "saml2p", "saml2"
		p.style.prefixList, p.style.issuerFormat, p.style.typed = "xs", true, true
		p.issuer = "http://www.okta.com/exk" + at.short(17)
		p.signResponse, p.ownIndex, p.before = true, true, validity
		p.claims = oktaClaims
	case Entra:
		p.style.assertion, p.style.signature, p.style.lowerEscapes = "", "", true
		p.issuer = at.issuer()
		p.before, p.validity = validity, time.Hour
		p.authnContext = classEntra
		p.logout, p.claims = []Binding{Redirect}, entraClaims
	case Google:
		p.style.protocol, p.style.assertion = "saml2p", "saml2"
		p.style.wrapped, p.style.subjectName = true, true
		p.issuer = "https://accounts.google.com/o/saml2?idpid=C" + at.short(8)
		p.before, p.authnContext = validity, classUnspecified
		p.logout, p.claims = nil, googleClaims
	case OneLogin:
		p.issuer = "https://app.onelogin.com/saml/metadata/" + at.uuid("app")
		p.before, p.validity = 3*time.Minute, 3*time.Minute
		p.session, p.ownIndex = 24*time.Hour, true
		p.claims = oneLoginClaims
	default:
		return product{}, fmt.Errorf("samltest: %q is no flavour", string(f))
	}
	return p, nil
}

// tenant is a customer of the product: ids of its are the same for the same base URL,
// so that they survive a restart.
type tenant string

func (t tenant) digest(what string) string {
	sum := sha256.Sum256([]byte(string(t) + "\x00" + what))
	return hex.EncodeToString(sum[:])
}

func (t tenant) short(n int) string { return t.digest("")[:n] }

func (t tenant) uuid(what string) string {
	d := t.digest(what)
	return strings.Join([]string{d[:8], d[8:12], "4" + d[13:16], "8" + d[17:20], d[20:32]}, "-")
}

func (t tenant) issuer() string { return "https://sts.windows.net/" + t.uuid("tenant") + "/" }

// isUUID tells an id from a name.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hexDigit := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash && c != '-' || !dash && !hexDigit {
			return false
		}
	}
	return true
}
