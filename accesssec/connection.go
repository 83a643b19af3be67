package accesssec

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// connection is what is kept of one SAML connection. Its URLs are data, fixed when it
// is made: a host that moves keeps them working or changes them knowingly.
type connection struct {
	Name     string          `json:"name"`
	EntityID string          `json:"entity_id"`
	ACS      string          `json:"acs"`
	SLO      string          `json:"slo,omitempty"` // "" where it was made before there was one: no single logout
	IdP      *saml.IdP       `json:"idp,omitempty"` // nil until configured
	Rules    saml.Rules      `json:"rules"`
	Slots    map[string]slot `json:"slots,omitempty"`    // of IdP.Certificates, by fingerprint
	Dropped  []string        `json:"dropped,omitempty"`  // keys that followed metadata brings back no more, as keyPrint, oldest first
	Subjects int             `json:"subjects,omitempty"` // raised when the NameIDs so far are to be forgotten
	Encrypt  bool            `json:"encrypt,omitempty"`  // our metadata has a key to encrypt for
	Follow   *followed       `json:"follow,omitempty"`   // metadata that is read again and again
	// StrictEnd takes the identity provider at its word where its sessions are shorter than
	// shortestSession.
	StrictEnd bool   `json:"strict_end,omitempty"`
	Cert      []byte `json:"cert"`       // our signing certificate, DER
	Key       []byte `json:"sealed_key"` // its private key, PKCS #8, sealed
}

// connection finds one by the id that stands in its URLs.
func (s *Service) connection(ctx context.Context, r store.Reader, id string) (kept[connection], error) {
	k, err := connections.byKey(ctx, r, id)
	if errors.Is(err, store.ErrNotFound) {
		return k, refuse(CodeNoConnection, "")
	}
	return k, err
}

// activeConnection is one that is switched on in its org, and that org: where it has its
// sign-on from another, the connection rests, and answers to it are judged all the same, for
// who was on their way when that came. The policy asks again inside the transaction of the
// login, and lets in nobody by a connection that rests.
func (s *Service) activeConnection(ctx context.Context, v Visit, id string) (kept[connection], store.Org, error) {
	k, err := s.connection(ctx, s.store, id)
	var no *Refusal
	if errors.As(err, &no) {
		return k, store.Org{}, s.refusedAt(ctx, v, "", id, "", no)
	} else if err != nil {
		return k, store.Org{}, err
	}
	org, acc, err := accessOf(ctx, s.store, k.OrgID)
	if errors.Is(err, store.ErrNotFound) { // the org was deleted since
		return k, org, s.refusedAt(ctx, v, "", id, "", refuse(CodeNoConnection, ""))
	} else if err != nil {
		return k, org, err
	}
	if acc.SSO != policy.SSOActive || acc.Connection != id || k.Value.IdP == nil {
		return k, org, s.refusedAt(ctx, v, k.OrgID, id, "", refuse(Code(policy.ConnectionInactive), ""))
	}
	if no := k.Value.outOfDate(s.now()); no != nil && org.SSOFrom == "" {
		return k, org, s.refusedAt(ctx, v, k.OrgID, id, "", no)
	}
	return k, org, nil
}

// makeKey gives the connection a signing key of its own, sealed to it.
func (v *connection) makeKey(ctx context.Context, s *Service, id string) error {
	key, err := s.opts.ConnectionKey(ctx, v.EntityID)
	if err != nil {
		return fmt.Errorf("accesssec: key of a new connection: %w", err)
	}
	// What signs nothing today would refuse every sign-in tomorrow.
	sp := saml.SP{EntityID: v.EntityID, ACS: v.ACS, SLO: v.SLO, Keys: []saml.Key{key}}
	if _, err := sp.Metadata(&saml.MetadataOptions{Sign: true}); err != nil {
		return fmt.Errorf("accesssec: key of a new connection: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.Signer)
	if err != nil {
		return fmt.Errorf("accesssec: key of a new connection: %w", err)
	}
	v.Cert = key.Cert.Raw
	v.Key = s.keys.Seal(der, "saml key", id)
	return nil
}

// checkConfiguration refuses settings with which no login could work or be safe.
func checkConfiguration(idp *saml.IdP, rules *saml.Rules) error {
	detail := ""
	var bad *saml.Error
	switch {
	case errors.As(errors.Join(idp.Check(rules), rules.Check()), &bad):
		detail = bad.Expected + " is needed"
	case len(idp.EntityID) > 1024:
		detail = "the issuer is longer than 1024 bytes"
	case len(idp.Certificates) > mostCertificates:
		detail = "there are more than ten certificates"
	case !safeURL(idp.SSO.URL):
		detail = "the sign-in URL is no https URL"
	case idp.SLO.URL != "" && !safeURL(idp.SLO.URL), idp.SLOResponseURL != "" && !safeURL(idp.SLOResponseURL):
		detail = "a single logout URL is no https URL"
	}
	if detail == "" {
		return nil
	}
	return refuse(CodeConfiguration, detail)
}

func safeURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && secureURL(u) && len(s) <= 2048
}

// trustsOther reports whether another could speak for the org's people than with old,
// or name them otherwise.
func (v connection) trustsOther(old connection) bool {
	return old.IdP != nil && (v.IdP.EntityID != old.IdP.EntityID || v.Rules.Identifier != old.Rules.Identifier ||
		!same(v.slots(), old.slots()))
}

// changes says what next sets otherwise.
func (v connection) changes(next connection) []audit.Change {
	old := v.IdP
	if old == nil {
		old = &saml.IdP{}
	}
	var out []audit.Change
	add := func(field, from, to string) {
		if from != to {
			out = append(out, audit.Change{Field: field, Old: from, New: to})
		}
	}
	add("issuer", old.EntityID, next.IdP.EntityID)
	add("sign_in_url", old.SSO.URL, next.IdP.SSO.URL)
	add("binding", string(old.SSO.Binding), string(next.IdP.SSO.Binding))
	add("certificates", fingerprints(old.Certificates), fingerprints(next.IdP.Certificates))
	flag := func(field string, from, to bool) { add(field, strconv.FormatBool(from), strconv.FormatBool(to)) }
	add("logout_url", old.SLO.URL, next.IdP.SLO.URL)
	add("logout_binding", string(old.SLO.Binding), string(next.IdP.SLO.Binding))
	add("logout_response_url", old.SLOResponseURL, next.IdP.SLOResponseURL)
	flag("sign_requests", old.SignRequests, next.IdP.SignRequests)
	was, is := v.Rules, next.Rules
	add("skew", was.Skew.String(), is.Skew.String())
	flag("idp_initiated", was.IdPInitiated, is.IdPInitiated)
	flag("require_encrypted", was.RequireEncrypted, is.RequireEncrypted)
	flag("deny_expired_certificates", was.DenyExpiredCertificates, is.DenyExpiredCertificates)
	flag("insecure_allow_cbc", was.InsecureAllowCBC, is.InsecureAllowCBC)
	flag("insecure_allow_legacy", was.InsecureAllowLegacy, is.InsecureAllowLegacy)
	flag("insecure_engine_only", was.InsecureEngineOnly, is.InsecureEngineOnly)
	flag("publish_encryption_key", v.Encrypt, next.Encrypt)
	add("first_name", was.FirstName, is.FirstName)
	add("last_name", was.LastName, is.LastName)
	add("groups", was.Groups, is.Groups)
	add("metadata_url", v.Follow.url(), next.Follow.url())
	add("identifier", was.Identifier, is.Identifier)
	add("subjects", strconv.Itoa(v.Subjects), strconv.Itoa(next.Subjects))
	return out
}

func fingerprints(certs []*x509.Certificate) string {
	out := make([]string, len(certs))
	for i, c := range certs {
		out[i] = fingerprint(c)
	}
	return strings.Join(out, " ")
}

// fingerprint is the SHA-256 of a certificate, in hex.
func fingerprint(c *x509.Certificate) string {
	sum := hashOf(string(c.Raw))
	return hexOf(sum[:])
}
