package accesssec

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// mostDropped is how many keys a connection remembers as dropped: of more, the oldest are
// forgotten.
const mostDropped = 50

// keyPrint is the SHA-256 of a certificate's SubjectPublicKeyInfo, in hex. A login is
// verified by the key, so that another certificate on it would be the same trust again.
func keyPrint(c *x509.Certificate) string {
	sum := hashOf(string(c.RawSubjectPublicKeyInfo))
	return hexOf(sum[:])
}

// drop remembers a key that was removed or has lapsed, so that metadata does not bring it
// back: it may be listed there for long. A key that another certificate still has is not
// dropped.
func (v *connection) drop(key string) {
	if slices.ContainsFunc(v.slots(), func(h held) bool { return keyPrint(h.cert) == key }) {
		return
	}
	v.forgive(key)
	v.Dropped = append(v.Dropped, key)
	v.Dropped = v.Dropped[max(0, len(v.Dropped)-mostDropped):]
}

// welcome forgets that the key of a certificate was dropped: a person has given it.
func (v *connection) welcome(c *x509.Certificate) { v.forgive(keyPrint(c)) }

func (v *connection) forgive(key string) {
	v.Dropped = slices.DeleteFunc(slices.Clone(v.Dropped), func(s string) bool { return s == key })
}

// wanted is idp without the certificates on keys that were dropped here.
func (v connection) wanted(idp *saml.IdP) *saml.IdP {
	next := *idp
	next.Certificates = slices.DeleteFunc(slices.Clone(idp.Certificates), func(c *x509.Certificate) bool {
		return slices.Contains(v.Dropped, keyPrint(c))
	})
	return &next
}

// seat makes the first of the next ones the current one where there is none.
func (v *connection) seat(now time.Time) {
	all := v.slots()
	if len(all) > 0 && all[0].State == SlotNext {
		all[0].State, all[0].Since = SlotCurrent, now
		v.hold(all)
	}
}
