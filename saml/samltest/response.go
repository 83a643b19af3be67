package samltest

import (
	"encoding/base64"
	"fmt"
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
// service provider, also when an attack names another inside of it. One without attacks
// begins a [Session], unless it is that nobody can be asked.
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
	d, err := idp.draft(sp, req, p)
	if err != nil {
		return Response{}, err
	}
	if err := d.misbehave(attacks); err != nil {
		return Response{}, err
	}
	data, err := d.compose()
	if err != nil {
		return Response{}, err
	}
	answer.SAMLResponse = base64.StdEncoding.EncodeToString(data)
	if len(attacks) == 0 && d.status == nil {
		idp.remember(answer, Session{SP: sp.entityID, NameID: d.claims.nameID, Index: d.sessionIndex, Email: p.Email})
	}
	return answer, nil
}
