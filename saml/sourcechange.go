package saml

import (
	"bytes"
	"crypto/x509"
	"strconv"
)

// Changed is what differs between two descriptions of a provider. The strings are
// stable.
type Changed string

// What may differ.
const (
	ChangedEntityID       Changed = "entity_id"
	ChangedSSO            Changed = "sso"
	ChangedSLO            Changed = "slo"
	ChangedSLOResponseURL Changed = "slo_response_url"
	ChangedSignRequests   Changed = "sign_requests"
	ChangedCertificate    Changed = "certificate"
)

// Change is one difference, to be shown to a person.
type Change struct {
	What   Changed
	Before string // "": added. A certificate is its SHA-256 and its last day
	After  string // "": removed
	Key    bool   // somebody else could speak for the provider's people: another entity ID, or a key that was not trusted before
}

// Compare lists what after changes in before; nil stands for an empty provider. The
// order of certificates does not count, and one that was issued anew for the same key is
// one change without Key.
func Compare(before, after *IdP) []Change {
	if before == nil {
		before = &IdP{}
	}
	if after == nil {
		after = &IdP{}
	}
	var out []Change
	add := func(what Changed, was, is string) {
		if was != is {
			out = append(out, Change{What: what, Before: printable(was), After: printable(is), Key: what == ChangedEntityID})
		}
	}
	add(ChangedEntityID, before.EntityID, after.EntityID)
	add(ChangedSSO, before.SSO.text(), after.SSO.text())
	add(ChangedSLO, before.SLO.text(), after.SLO.text())
	add(ChangedSLOResponseURL, before.SLOResponseURL, after.SLOResponseURL)
	add(ChangedSignRequests, strconv.FormatBool(before.SignRequests), strconv.FormatBool(after.SignRequests))
	return append(out, compareCertificates(before.Certificates, after.Certificates)...)
}

func (e Endpoint) text() string {
	if e.URL == "" {
		return ""
	}
	if e.Binding == "" {
		e.Binding = Redirect
	}
	return string(e.Binding) + " " + e.URL
}

// compareCertificates pairs what went with what came for the same key.
func compareCertificates(before, after []*x509.Certificate) []Change {
	var out []Change
	gone, come := lackedBy(before, after), lackedBy(after, before)
	for _, c := range come {
		change := Change{What: ChangedCertificate, After: named(c), Key: true}
		for _, old := range before {
			if old != nil && bytes.Equal(old.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo) {
				change.Key = false
			}
		}
		for i, old := range gone {
			if bytes.Equal(old.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo) {
				change.Before = named(old)
				gone = append(gone[:i:i], gone[i+1:]...)
				break
			}
		}
		out = append(out, change)
	}
	for _, c := range gone {
		out = append(out, Change{What: ChangedCertificate, Before: named(c)})
	}
	return out
}

// lackedBy are the certificates of all that are not in others.
func lackedBy(all, others []*x509.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range all {
		if c != nil && !containsCertificate(others, c) {
			out = append(out, c)
		}
	}
	return out
}

func named(c *x509.Certificate) string {
	return "SHA-256 " + fingerprint(c.Raw) + ", until " + c.NotAfter.UTC().Format("2006-01-02")
}
