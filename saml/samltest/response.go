package samltest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// Response is an answer and where the browser must post it.
type Response struct {
	ACS          string
	SAMLResponse string // base64
	RelayState   string
}

// validity is how long an assertion can be used.
const validity = 5 * time.Minute

// Respond answers req for p, who need not be among the people of the sign-in page,
// with all attacks at once. The answer always goes to an address of a trusted
// service provider, also when an attack names another inside of it.
func (idp *IdP) Respond(req Request, p Person, attacks ...Attack) (Response, error) {
	if req.ID == "" {
		return Response{}, fmt.Errorf("%w: no ID; Unsolicited answers no request", ErrRequest)
	}
	return idp.answer(req, p, attacks)
}

// Unsolicited makes the response of a sign-in that starts here, without a request
// (profiles, section 4.1.5).
func (idp *IdP) Unsolicited(spEntityID string, p Person, attacks ...Attack) (Response, error) {
	return idp.answer(Request{Issuer: spEntityID}, p, attacks)
}

func (idp *IdP) answer(req Request, p Person, attacks []Attack) (Response, error) {
	sp, err := idp.provider(req.Issuer)
	if err != nil {
		return Response{}, err
	}
	acs, err := sp.consumerURL(req.ACS, "")
	if err != nil {
		return Response{}, err
	}
	req.ACS = acs
	answer := Response{ACS: acs, RelayState: req.RelayState}
	if len(attacks) == 1 && attacks[0] == Replayed {
		idp.mu.RLock()
		defer idp.mu.RUnlock()
		last, ok := idp.last[sp.entityID]
		if !ok {
			return Response{}, fmt.Errorf("samltest: nothing to replay: %q has had no honest response yet", sp.entityID)
		}
		answer.SAMLResponse = last.SAMLResponse
		return answer, nil
	}
	d, err := idp.draft(req, p)
	if err != nil {
		return Response{}, err
	}
	for _, attack := range attacks {
		m, ok := find(attack)
		if !ok || m.prepare == nil {
			return Response{}, fmt.Errorf("samltest: %q is no attack, or one that goes alone", attack)
		}
		if err := m.prepare(d); err != nil {
			return Response{}, err
		}
	}
	data, err := d.compose()
	if err != nil {
		return Response{}, err
	}
	answer.SAMLResponse = base64.StdEncoding.EncodeToString(data)
	if len(attacks) == 0 && d.status == nil {
		idp.mu.Lock()
		idp.last[sp.entityID] = answer
		idp.mu.Unlock()
	}
	return answer, nil
}

// draft is a response before it is written and signed: what an attack can change.
type draft struct {
	id, assertionID         string
	issuer, destination     string
	inResponseTo            string // "": none
	recipient               string
	audience                string // "": no AudienceRestriction
	issued, authenticated   time.Time
	notBefore, notOnOrAfter time.Time
	sessionEnds             time.Time // zero: not said
	status                  *failure  // nil: success
	claims                  claims
	second                  bool // an assertion for an intruder beside it

	signResponse, signAssertion bool
	signer                      signer
	otherKey                    func() (keyPair, error)

	later []func(*documentDraft) error // changes behind the back of the signature, in order
	bytes func([]byte) ([]byte, error) // the last change of all
}

// claims are what is said of the person.
type claims struct {
	nameID, nameIDFormat string
	email                string
	attributes           []claim
}

type claim struct {
	name   string
	values []string
}

// failure is a status other than success (core, section 3.2.2).
type failure struct{ code, second, message string }

func (idp *IdP) draft(req Request, p Person) (*draft, error) {
	if p.Email == "" {
		return nil, errors.New("samltest: a person without an address")
	}
	now := idp.now().UTC()
	idp.mu.RLock()
	key := idp.keys[0]
	idp.mu.RUnlock()
	d := &draft{
		id: newID(), assertionID: newID(),
		issuer: idp.entityID, destination: req.ACS, recipient: req.ACS, audience: req.Issuer,
		inResponseTo: req.ID,
		issued:       now, authenticated: now.Add(-idp.sessionAge), notBefore: now, notOnOrAfter: now.Add(validity),
		claims:       claimsOf(p),
		signResponse: idp.signResponse, signAssertion: idp.signAssertion,
		signer:   newSigner(key),
		otherKey: idp.otherKey,
	}
	if idp.nameIDFormat != "" {
		d.claims.nameIDFormat = idp.nameIDFormat
	}
	if idp.sessionFor > 0 {
		d.sessionEnds = now.Add(idp.sessionFor)
	}
	if req.Passive {
		d.status = &failure{
			code: statusResponder, second: statusNoPassive,
			message: "The person would have to be asked.",
		}
	}
	return d, nil
}

// Statuses of core, section 3.2.2.2.
const (
	statusSuccess     = "urn:oasis:names:tc:SAML:2.0:status:Success"
	statusResponder   = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	statusAuthnFailed = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
	statusNoPassive   = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
)

func claimsOf(p Person) claims {
	c := claims{nameID: p.NameID, email: p.Email, nameIDFormat: formatUnspecified}
	if c.nameID == "" {
		c.nameID = p.Email
	}
	if _, err := mail.ParseAddress(c.nameID); err == nil {
		c.nameIDFormat = formatEmail
	}
	c.attributes = []claim{{"email", []string{p.Email}}}
	if p.FirstName != "" {
		c.attributes = append(c.attributes, claim{"firstName", []string{p.FirstName}})
	}
	if p.LastName != "" {
		c.attributes = append(c.attributes, claim{"lastName", []string{p.LastName}})
	}
	if len(p.Groups) > 0 {
		c.attributes = append(c.attributes, claim{"groups", p.Groups})
	}
	for _, name := range sortedKeys(p.Attributes) {
		c.attributes = append(c.attributes, claim{name, p.Attributes[name]})
	}
	return c
}

// rename puts another address wherever the person's was.
func (c *claims) rename(email string) {
	if c.nameID == c.email {
		c.nameID = email
	}
	c.email = email
	c.attributes[0].values = []string{email}
}

// stranger is an address at the same domain that the person does not have.
func (c *claims) stranger() string {
	_, domain, _ := strings.Cut(c.email, "@")
	return "intruder@" + domain
}
