package samltest

import (
	"errors"
	"fmt"
	"time"
)

// draft is a message before it is written and signed: what an attack can change.
type draft struct {
	id, assertionID         string
	issuer, destination     string
	inResponseTo            string // "": none
	recipient               string
	audience                string // "": no AudienceRestriction
	issued, authenticated   time.Time
	notBefore, notOnOrAfter time.Time
	sessionEnds             time.Time // zero: not said
	sessionIndex            string
	authnContext            string
	status                  *failure // nil: success
	claims                  claims
	second                  bool // an assertion for an intruder beside it

	style                       spelling
	signResponse, signAssertion bool
	signer                      signer
	encrypter                   *encrypter // nil: nothing is encrypted
	otherKey                    func() (keyPair, error)
	recipientKey                func() (*encrypter, error) // encrypts to the service provider, whatever its metadata lists

	// What happens behind the back of the signature, in order: to the signed assertion before
	// it is encrypted and put into the Response; to the signed document, as who can read it
	// sees it; to it as it is sent.
	inside, later, sent []func(*documentDraft) error
	bytes               []func([]byte) ([]byte, error) // the last changes of all
}

// failure is a status other than success (core, section 3.2.2).
type failure struct{ code, second, message string }

// Statuses of core, section 3.2.2.2.
const (
	statusSuccess     = "urn:oasis:names:tc:SAML:2.0:status:Success"
	statusRequester   = "urn:oasis:names:tc:SAML:2.0:status:Requester"
	statusResponder   = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	statusAuthnFailed = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
	statusNoPassive   = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
	statusUnknown     = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"
)

// newDraft has what responses and logout messages have in common.
func (idp *IdP) newDraft(p provider, destination string) *draft {
	now := idp.now().UTC()
	idp.mu.RLock()
	key := idp.keys[0]
	idp.mu.RUnlock()
	d := &draft{
		id: newID(), issuer: idp.entityID, destination: destination,
		issued: now, notOnOrAfter: now.Add(validity),
		style:    idp.product.style,
		signer:   newSigner(key, idp.signing.hash(), idp.product.style),
		otherKey: idp.otherKey,
	}
	d.recipientKey = func() (*encrypter, error) { return idp.anyEncrypter(p) }
	return d
}

// draft of a response.
func (idp *IdP) draft(sp provider, req Request, p Person) (*draft, error) {
	if p.Email == "" {
		return nil, errors.New("samltest: a person without an address")
	}
	d := idp.newDraft(sp, req.ACS)
	d.assertionID, d.sessionIndex = newID(), newID()
	if !idp.product.ownIndex {
		d.sessionIndex = d.assertionID
	}
	d.recipient, d.audience, d.inResponseTo = req.ACS, req.Issuer, req.ID
	d.authenticated = d.issued.Add(-idp.sessionAge)
	d.notBefore, d.notOnOrAfter = d.issued.Add(-idp.product.before), d.issued.Add(idp.product.validity)
	d.authnContext = idp.product.authnContext
	d.signResponse, d.signAssertion = idp.signResponse, idp.signAssertion
	d.claims = idp.product.claims(tenant(idp.base), p)
	if idp.nameIDFormat != "" {
		d.claims.nameID.Format = idp.nameIDFormat
	}
	if d.claims.nameID.Format == formatPersistent { // core, section 8.3.7
		d.claims.nameID.NameQualifier, d.claims.nameID.SPNameQualifier = idp.entityID, sp.entityID
	}
	if idp.sessionFor > 0 {
		d.sessionEnds = d.issued.Add(idp.sessionFor)
	}
	if req.Passive {
		d.status = &failure{
			code: statusResponder, second: statusNoPassive,
			message: "The person would have to be asked.",
		}
	}
	if idp.encrypt.Cipher != "" {
		var err error
		if d.encrypter, err = idp.encrypter(sp); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// encrypter is that of the options.
func (idp *IdP) encrypter(p provider) (*encrypter, error) {
	if len(p.recipients) == 0 {
		return nil, fmt.Errorf("%w: %q lists no RSA certificate to encrypt to", ErrUntrusted, p.entityID)
	}
	return &encrypter{idp.encrypt, p.recipients[0], p.entityID, idp.product.style}, nil
}

// anyEncrypter is for who has to encrypt whatever the metadata lists. A key that nobody
// has is as good as any then: what is looked at is whether anything is believed.
func (idp *IdP) anyEncrypter(p provider) (*encrypter, error) {
	e := &encrypter{idp.encrypt, nil, p.entityID, idp.product.style}
	if e.Cipher == "" {
		e.Encryption = Encryption{Cipher: AES256GCM}
	}
	e.ClearAssertion = false
	if len(p.recipients) > 0 {
		e.to = p.recipients[0]
		return e, nil
	}
	pair, err := idp.spareKey()
	e.to = pair.cert
	return e, err
}
