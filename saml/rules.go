package saml

import "time"

const (
	defaultSkew = 3 * time.Minute
	maxSkew     = 10 * time.Minute

	// requestLife is how long a person may take to sign in at the identity provider.
	requestLife = 10 * time.Minute

	// maxAge bounds IssueInstant, so that a provider that writes endless validity
	// windows cannot make an assertion, or its replay record, live for years.
	maxAge = 24 * time.Hour
)

// IdentifierNameID as [Rules.Identifier] takes the NameID for the address.
const IdentifierNameID = "NameID"

// Rules of one connection. The zero value is the strictest, and nil means it. The
// JSON is stable; skew is in nanoseconds. What weakens a check is called Insecure.
type Rules struct {
	Skew         time.Duration `json:"skew,omitempty"`          // clock difference forgiven on both sides; 0: 3 minutes; at most 10 minutes
	IdPInitiated bool          `json:"idp_initiated,omitempty"` // accept responses nobody asked for

	Identifier string `json:"identifier,omitempty"` // Name or FriendlyName of the attribute that is the address, or IdentifierNameID; "": the usual ones, if they agree, then NameID
	FirstName  string `json:"first_name,omitempty"` // Name or FriendlyName of the attribute; "": the usual ones
	LastName   string `json:"last_name,omitempty"`
	Groups     string `json:"groups,omitempty"`

	RequireEncrypted        bool `json:"require_encrypted,omitempty"`         // refuse an assertion in clear
	DenyExpiredCertificates bool `json:"deny_expired_certificates,omitempty"` // a certificate outside its dates verifies nothing; otherwise they are not looked at

	InsecureAllowCBC    bool `json:"insecure_allow_cbc,omitempty"`    // accept AES-CBC, which cannot tell a changed ciphertext
	InsecureAllowLegacy bool `json:"insecure_allow_legacy,omitempty"` // accept SHA-1, and RSA keys of 1024 to 2047 bits
	InsecureEngineOnly  bool `json:"insecure_engine_only,omitempty"`  // verify once, by this package's engine, and not by goxmldsig as well
}

// EffectiveSkew is Skew, or the default where it is 0.
func (r *Rules) EffectiveSkew() time.Duration {
	if r == nil || r.Skew == 0 {
		return defaultSkew
	}
	return r.Skew
}

// Check reports what is out of bounds, as the *Error of CodeConfig with which Finish
// would refuse. Nil rules are fine.
func (r *Rules) Check() error {
	if _, err := r.effective(); err != nil {
		return err
	}
	return nil
}

// effective fills the defaults in.
func (r *Rules) effective() (Rules, *Error) {
	out := Rules{}
	if r != nil {
		out = *r
	}
	if out.Skew = r.EffectiveSkew(); out.Skew < 0 || out.Skew > maxSkew {
		return out, refuse(CodeConfig, "a skew between 0 and "+maxSkew.String(), out.Skew.String()).
			advise("set the skew of the connection to something between 0 and " + maxSkew.String())
	}
	return out, nil
}
