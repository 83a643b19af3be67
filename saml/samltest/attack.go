package samltest

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Attack is one way to misbehave. The rest of the response stays as it would be. Those
// that have a meaning there can be part of logout messages as well.
type Attack string

// The attacks on values: the provider, or who holds its key, states something else.
const (
	WrongAudience    Attack = "wrong-audience"     // the audience is another service provider
	NoAudience       Attack = "no-audience"        // no AudienceRestriction at all
	WrongRecipient   Attack = "wrong-recipient"    // the Recipient that was signed is another address
	WrongDestination Attack = "wrong-destination"  // the Destination of the Response is another address
	WrongIssuer      Attack = "wrong-issuer"       // Response and assertion name another provider
	Expired          Attack = "expired"            // everything ended an hour ago
	NotYetValid      Attack = "not-yet-valid"      // the conditions hold from an hour from now
	Stale            Attack = "stale"              // made two days ago, with conditions that still hold
	SessionOver      Attack = "session-over"       // SessionNotOnOrAfter was an hour ago
	UnknownRequest   Attack = "unknown-request"    // InResponseTo names a request that never was
	NoInResponseTo   Attack = "no-in-response-to"  // says nothing of the request that it answers
	ForeignDomain    Attack = "foreign-domain"     // the person's address is at elsewhere.example
	CommentInNameID  Attack = "comment-in-name-id" // the address ends in .attacker.example, with a comment in front of that
	StatusFailed     Attack = "status-failed"      // no assertion, but the status AuthnFailed
	TwoAssertions    Attack = "two-assertions"     // a second assertion, as well signed, for an intruder
)

// The attacks on the signature.
const (
	Unsigned            Attack = "unsigned"             // no signature at all
	OtherKey            Attack = "other-key"            // signed by a stranger, whose certificate is in KeyInfo
	BorrowedCertificate Attack = "borrowed-certificate" // signed by a stranger, with the provider's certificate in KeyInfo
	WeakDigest          Attack = "weak-digest"          // signed with SHA-1, over SHA-1 digests
	ReferenceWhole      Attack = "reference-whole"      // the Response signed by URI="", the assertion not at all
	CommentInDigest     Attack = "comment-in-digest"    // a changed address, whose digest stands in a comment in front of the right one
	TwoSignedInfos      Attack = "two-signed-infos"     // a changed address, whose digest stands in a second SignedInfo that is not signed
)

// The attacks by encryption, to the key that the service provider publishes. One that
// publishes none is sent what nobody can read.
const (
	EncryptedUnsigned Attack = "encrypted-unsigned" // an assertion that nobody signed, in a Response that nobody signed
	EncryptedTampered Attack = "encrypted-tampered" // one bit of the ciphertext is another one
)

// The attacks by someone in between, on a response that was honest.
const (
	Tampered Attack = "tampered" // the address became the intruder's after signing
	Wrapped  Attack = "wrapped"  // the signed element is moved aside, and an intruder's stands in its place (XSW)
	Doctype  Attack = "doctype"  // a DOCTYPE with an entity in front
	Deflated Attack = "deflated" // compressed, as only a redirect may carry it
	Replayed Attack = "replayed" // the last honest response made for that service provider, again; goes alone

	Instruction   Attack = "instruction"    // a processing instruction behind the address
	TwinAttribute Attack = "twin-attribute" // the element that is signed has two IDs
)

// The eight ways to wrap a signature, by the numbers that they are known by. The first
// two sign the Response, the others the assertion, whatever the options say.
const (
	XSW1 Attack = "xsw1" // the signed Response stands in its signature
	XSW2 Attack = "xsw2" // the signed Response stands in front of its signature
	XSW3 Attack = "xsw3" // a forged assertion stands in front of the signed one
	XSW4 Attack = "xsw4" // the signed assertion stands in a forged one
	XSW5 Attack = "xsw5" // a forged assertion has the signature, the signed one stands at the end
	XSW6 Attack = "xsw6" // a forged assertion has the signature, in which the signed one stands
	XSW7 Attack = "xsw7" // a forged assertion of the same ID stands in extensions
	XSW8 Attack = "xsw8" // a forged assertion has the signature, in an object of which the signed one stands
)

// misbehaviour is an attack as the sign-in page tells it and as it is carried out.
type misbehaviour struct {
	attack  Attack
	says    string
	prepare func(*draft) error // nil: done before there is a draft
}

// Attacks lists them all, in the order of the sign-in page.
func Attacks() []Attack {
	var all []Attack
	for _, m := range misbehaviours() {
		all = append(all, m.attack)
	}
	return all
}

// Explain says in a sentence what the attack does, or "" when it is none.
func (a Attack) Explain() string {
	m, _ := find(a)
	return m.says
}

func find(a Attack) (misbehaviour, bool) {
	for _, m := range misbehaviours() {
		if m.attack == a {
			return m, true
		}
	}
	return misbehaviour{}, false
}

// set makes a prepare of what cannot fail.
func set(change func(*draft)) func(*draft) error {
	return func(d *draft) error {
		change(d)
		return nil
	}
}

func misbehaviours() []misbehaviour {
	return slices.Concat(valueAttacks(), signatureAttacks(), encryptionAttacks(), transportAttacks(), wrappingAttacks())
}

// misbehave prepares the attacks.
func (d *draft) misbehave(attacks []Attack) error {
	for _, attack := range attacks {
		m, ok := find(attack)
		if !ok || m.prepare == nil {
			return fmt.Errorf("samltest: %q is no attack, or one that goes alone", attack)
		}
		if err := m.prepare(d); err != nil {
			return err
		}
	}
	return nil
}

// later makes a prepare of what comes behind the signature.
func later(change func(*documentDraft) error) func(*draft) error {
	return set(func(d *draft) { d.later = append(d.later, change) })
}

// onBytes makes a prepare of what is done to the document as it is written.
func onBytes(change func([]byte) ([]byte, error)) func(*draft) error {
	return set(func(d *draft) { d.bytes = append(d.bytes, change) })
}

func valueAttacks() []misbehaviour {
	const elsewhere = "https://other-service.example/acs"
	return []misbehaviour{
		{WrongAudience, "Name another service as the audience.", set(func(d *draft) {
			d.audience = "https://other-service.example/metadata"
		})},
		{NoAudience, "Leave the audience out.", set(func(d *draft) { d.audience = "" })},
		{WrongRecipient, "Sign another address as the recipient.", set(func(d *draft) { d.recipient = elsewhere })},
		{WrongDestination, "Send it as if meant for another address.", set(func(d *draft) { d.destination = elsewhere })},
		{WrongIssuer, "Claim to be another identity provider.", set(func(d *draft) {
			d.issuer = "https://other-provider.example/metadata"
		})},
		{Expired, "Use times that were over an hour ago.", set(func(d *draft) {
			d.issued, d.authenticated = d.issued.Add(-time.Hour-validity), d.authenticated.Add(-time.Hour-validity)
			d.notBefore, d.notOnOrAfter = d.issued, d.issued.Add(validity)
		})},
		{NotYetValid, "Use conditions that begin in an hour.", set(func(d *draft) {
			d.notBefore = d.issued.Add(time.Hour)
			d.notOnOrAfter = d.notBefore.Add(validity)
		})},
		{Stale, "Say it was made two days ago.", set(func(d *draft) {
			d.issued, d.authenticated = d.issued.Add(-48*time.Hour), d.authenticated.Add(-48*time.Hour)
			d.notBefore = d.issued
		})},
		{SessionOver, "Say the session ended an hour ago.", set(func(d *draft) { d.sessionEnds = d.issued.Add(-time.Hour) })},
		{UnknownRequest, "Answer a request that never was.", set(func(d *draft) { d.inResponseTo = newID() })},
		{NoInResponseTo, "Do not say which request this answers.", set(func(d *draft) { d.inResponseTo = "" })},
		{ForeignDomain, "Vouch for an address at elsewhere.example.", set(func(d *draft) {
			local, _, _ := strings.Cut(d.claims.email, "@")
			d.claims.rename(local + "@elsewhere.example")
		})},
		{CommentInNameID, "Hide the end of the address behind a comment.", set(func(d *draft) {
			visible := d.claims.email
			d.claims.nameID.Value = visible // both places, whatever the name identifier was
			d.claims.rename(visible + hiddenEnd)
			d.inside = append(d.inside, (*documentDraft).comment)
		})},
		{StatusFailed, "Say that the sign-in failed.", set(func(d *draft) {
			d.status = &failure{statusResponder, statusAuthnFailed, "The person could not be signed in."}
		})},
		{TwoAssertions, "Add a signed assertion for an intruder.", set(func(d *draft) { d.second = true })},
	}
}

func signatureAttacks() []misbehaviour {
	return []misbehaviour{
		{Unsigned, "Do not sign.", set(func(d *draft) { d.signResponse, d.signAssertion = false, false })},
		{OtherKey, "Sign with the key of a stranger.", func(d *draft) error {
			pair, err := d.otherKey()
			if err == nil {
				d.signer.key, d.signer.shown = pair.signer, pair.cert.Raw
			}
			return err
		}},
		{BorrowedCertificate, "Sign with the key of a stranger, and show the right certificate.", func(d *draft) error {
			pair, err := d.otherKey()
			if err == nil {
				d.signer.key = pair.signer
			}
			return err
		}},
		{WeakDigest, "Sign with SHA-1.", set(func(d *draft) { d.signer.hash = crypto.SHA1 })},
		{ReferenceWhole, "Sign whatever the document is, instead of an ID.", set(func(d *draft) {
			d.signResponse, d.signAssertion, d.signer.whole = true, false, true
		})},
		{CommentInDigest, "Hide the digest of another address in a comment.", later((*documentDraft).commentDigest)},
		{TwoSignedInfos, "Add the digest of another address in a second list of what is signed.", later((*documentDraft).secondSignedInfo)},
	}
}

func encryptionAttacks() []misbehaviour {
	return []misbehaviour{
		{EncryptedUnsigned, "Encrypt what nobody signed.", func(d *draft) error {
			d.signResponse, d.signAssertion = false, false
			var err error
			d.encrypter, err = d.recipientKey()
			return err
		}},
		{EncryptedTampered, "Change what is encrypted.", func(d *draft) error {
			d.sent = append(d.sent, (*documentDraft).flip)
			var err error
			d.encrypter, err = d.recipientKey()
			return err
		}},
	}
}

func transportAttacks() []misbehaviour {
	return []misbehaviour{
		{Tampered, "Change the address after signing.", later((*documentDraft).tamper)},
		{Wrapped, "Move what was signed aside, and put an intruder's in its place.", func(d *draft) error {
			if !d.signResponse && !d.signAssertion {
				return errors.New("samltest: nothing is signed that could be wrapped")
			}
			d.later = append(d.later, (*documentDraft).wrap)
			return nil
		}},
		{Doctype, "Put a DOCTYPE in front.", onBytes(prependDoctype)},
		{Deflated, "Compress it.", onBytes(deflate)},
		{Instruction, "Put a processing instruction behind the address.", later((*documentDraft).instruct)},
		{TwinAttribute, "Give what is signed a second ID.", set(func(d *draft) {
			twin := newID()
			d.bytes = append(d.bytes, func(data []byte) ([]byte, error) { return twinID(data, d.signedID(), twin) })
		})},
		{Replayed, "Send the last honest response again.", nil},
	}
}

// signedID is that of the element that is signed and can be seen.
func (d *draft) signedID() string {
	if d.signResponse || d.assertionID == "" || d.encrypter != nil && !d.encrypter.ClearAssertion {
		return d.id
	}
	return d.assertionID
}
