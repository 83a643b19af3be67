package saml

import (
	"context"
	"crypto/x509"
	"net"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/saml/internal/engine"
)

// Source is where an identity provider publishes its metadata, for a connection that
// follows it. Whoever answers at URL says which keys may sign logins; with Trust, whoever
// holds one of those keys does.
type Source struct {
	URL      string              // https; only Fetch needs it
	EntityID string              // chooses one of several providers; "": there is only one
	Trust    []*x509.Certificate // keys one of which must have signed the metadata; none: a signature is not looked at. Dates are not looked at, as with all pinned keys
	Roots    *x509.CertPool      // who may vouch for the host of URL; nil: the system's

	// Dial makes the connections of Fetch. Nil is a dialer that refuses addresses that
	// are not public, so that nobody makes a service look into its own network: loopback,
	// private, link-local, multicast and every other range of IANA's registries, also
	// where an IPv6 address embeds one. It looks at the address that is really dialled,
	// after the name was resolved. A Dial of the host's own takes that over, for example
	// to reach a provider in the company's network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Metadata is what a file of a Source says. Its JSON is stable: idp, valid_until,
// cache_duration in nanoseconds, read_at, signed.
type Metadata struct {
	IdP           *IdP          `json:"idp"`
	ValidUntil    time.Time     `json:"valid_until,omitzero"`     // zero: it says no end
	CacheDuration time.Duration `json:"cache_duration,omitempty"` // 0: it does not say
	ReadAt        time.Time     `json:"read_at"`                  // the now of Parse or Fetch
	Signed        bool          `json:"signed"`                   // a key of Source.Trust signed it
}

const (
	refreshDefault = 24 * time.Hour
	refreshLeast   = 15 * time.Minute
	refreshMost    = 7 * 24 * time.Hour
)

// RefreshAt is when to fetch it again: after CacheDuration, or after a day when it does
// not say, but with half of the time to ValidUntil still left, and never sooner than 15
// minutes or later than 7 days after it was read.
func (m *Metadata) RefreshAt() time.Time {
	after := refreshDefault
	if m.CacheDuration > 0 {
		after = m.CacheDuration
	}
	if !m.ValidUntil.IsZero() {
		after = min(after, m.ValidUntil.Sub(m.ReadAt)/2)
	}
	return m.ReadAt.Add(max(refreshLeast, min(after, refreshMost)))
}

// Parse reads an identity provider as [ParseMetadata] does, and holds the file to more:
// with Trust, an enveloped signature by one of its keys on the EntityDescriptor, or on
// an EntitiesDescriptor around it, has to verify (saml-metadata 3.1; RSA or ECDSA with
// SHA-256 or better, exclusive canonicalization, as in a login); a validUntil of the
// role, the entity or anything around it must not have come. A cacheDuration that is no
// xs:duration counts as none. The error is an *Error of CodeMetadata, CodeXML, CodeSize
// or CodeConfig.
func (s *Source) Parse(xml []byte, now time.Time) (m *Metadata, err error) {
	defer rescue(CodeXML, func(e *Error) { m, err = nil, e })
	if err := s.check(now); err != nil {
		return nil, err
	}
	root, refused := metadataRoot(xml)
	if refused != nil {
		return nil, refused
	}
	entity, role, refused := chooseEntity(root, s.EntityID)
	if refused != nil {
		return nil, refused
	}
	if len(s.Trust) > 0 {
		if refused := s.verify(entity, now); refused != nil {
			return nil, refused
		}
	}
	out := &Metadata{ReadAt: now, Signed: len(s.Trust) > 0}
	for e := role; !e.IsZero(); e = e.Parent() {
		if refused := out.bound(e, now); refused != nil {
			return nil, refused
		}
	}
	if out.IdP, err = readIdP(entity, role); err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Source) check(now time.Time) *Error {
	if s == nil || now.IsZero() {
		return refuse(CodeConfig, "a source and the time", "")
	}
	for _, c := range s.Trust {
		if c == nil || c.PublicKey == nil {
			return refuse(CodeConfig, "a certificate to trust", "nil")
		}
		if why := weaknessBelow(c, minRSABits); why != "" {
			return refuse(CodeConfig, "a certificate to trust with "+goodKeys, why)
		}
	}
	return nil
}

// verify wants one signature that holds, on the entity or on anything around it. What
// else is signed by whom does not matter then, as all of the entity is within.
func (s *Source) verify(entity engine.Element, now time.Time) *Error {
	var last *Error
	for e := entity; !e.IsZero(); e = e.Parent() {
		sig, err := engine.SignatureOf(e, false)
		if err != nil {
			last = fault(err)
			continue
		}
		if sig == nil {
			continue
		}
		verified, _, refused := verifier{certs: s.Trust, now: now}.signed(sig, true)
		if refused != nil {
			last = refused
			continue
		}
		if !verified.Inside(entity).IsZero() {
			return nil
		}
	}
	e := refuse(CodeMetadata, "metadata signed by a key that is trusted for it", "no signature")
	if last != nil {
		e.Received = "a signature that does not hold: " + string(last.Code)
		if last.Received != "" {
			e.Received += ", " + last.Received
		}
		e.because(last)
	}
	return e.advise("the certificate to trust is the one its publisher signs metadata with, which need not be the one that signs logins; compare it with the publisher's page, and look whether this file is signed at all")
}

// bound takes over what one element says of how long it may be used.
func (m *Metadata) bound(e engine.Element, now time.Time) *Error {
	if text, given := e.Lookup("validUntil"); given {
		end, err := parseEnd(text)
		if err != nil {
			return refuse(CodeMetadata, "a validUntil with date and time", text).because(err)
		}
		if !now.Before(end) {
			return refuse(CodeMetadata, "metadata that is valid "+stamp(now), "validUntil "+stamp(end)).
				advise("this file is out of date: get the current one from the provider")
		}
		if m.ValidUntil.IsZero() || end.Before(m.ValidUntil) {
			m.ValidUntil = end
		}
	}
	if text, given := e.Lookup("cacheDuration"); given {
		if d, err := parseDuration(text); err == nil && d > 0 && (m.CacheDuration == 0 || d < m.CacheDuration) {
			m.CacheDuration = d
		}
	}
	return nil
}

// parseEnd is parseTime with years from 2200 on, which mean never, brought into range.
func parseEnd(s string) (time.Time, error) {
	s = strings.Trim(s, xmlWhite)
	if year, rest, ok := strings.Cut(s, "-"); ok && len(year) == 4 && year > "2199" && strings.Trim(year, "0123456789") == "" {
		s = "2199-" + rest
	}
	return parseTime(s)
}
