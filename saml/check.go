package saml

import "time"

// check judges one document.
type check struct {
	sp    *SP
	idp   *IdP
	rules Rules
	req   *Request
	now   time.Time
}

func (c *check) judge(doc *document) (*Identity, *Error) {
	return nil, refuse(CodeConfig, "an engine", "")
}
