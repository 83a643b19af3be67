package saml

import (
	"fmt"
	"strings"
)

// shape is what the profile leaves of a document: one response, one assertion and
// one or two signatures, each in its only place.
type shape struct {
	response, assertion       *node
	responseSig, assertionSig *signature
}

// profile judges the structure before any key is used. Names are counted anywhere and
// in any namespace and compared with what stands on the one allowed path, so that
// there is nothing a second look could take for the assertion or its signature.
func profile(root *node, legacy bool) (*shape, *Error) {
	if !root.is(protocolSpace, "Response") {
		if root.local == "Response" && strings.HasPrefix(root.space, "urn:oasis:names:tc:SAML:1.") {
			return nil, refuse(CodeVersion, "SAML 2.0", root.space)
		}
		return nil, structure("a SAML 2.0 Response", root.local)
	}
	if err := checkStatus(root); err != nil {
		return nil, err
	}
	count, err := census(root)
	if err != nil {
		return nil, err
	}
	assertions := root.named(assertionSpace, "Assertion")
	if len(assertions) != 1 || count["Assertion"] != 1 || count["Response"] != 1 {
		return nil, structure("one Response with one Assertion", fmt.Sprintf("%d Response, %d Assertion", count["Response"], count["Assertion"]))
	}
	s := &shape{response: root, assertion: assertions[0]}
	for _, n := range []*node{s.response, s.assertion} {
		if err := checkID(n); err != nil {
			return nil, err
		}
	}
	if s.responseSig, err = signatureOf(s.response, legacy); err != nil {
		return nil, err
	}
	if s.assertionSig, err = signatureOf(s.assertion, legacy); err != nil {
		return nil, err
	}
	found := 0
	for _, sig := range []*signature{s.responseSig, s.assertionSig} {
		if sig != nil {
			found++
		}
	}
	for _, name := range []string{"Signature", "SignedInfo", "SignatureValue", "DigestValue"} {
		if count[name] != found {
			return nil, structure("signatures only as children of the Response and the Assertion", fmt.Sprintf("%d %s", count[name], name))
		}
	}
	if found == 0 {
		return nil, refuse(CodeUnsigned, "a signature on the Response or the Assertion", "none")
	}
	return s, nil
}

func structure(expected, received string) *Error {
	return refuse(CodeProfile, expected, received)
}

// census counts local names and makes sure that IDs, in every spelling, are unique.
func census(root *node) (map[string]int, *Error) {
	count := map[string]int{}
	ids := map[string]bool{}
	for n := range root.walk() {
		count[n.local]++
		switch n.local {
		case "EncryptedAssertion", "EncryptedID", "EncryptedAttribute", "EncryptedData", "EncryptedKey":
			return nil, refuse(CodeEncrypted, "an assertion in clear", n.local)
		}
		for _, a := range n.attrs {
			if a.space == xmlnsSpace || foldASCII(a.local) != "id" {
				continue
			}
			if ids[a.value] {
				return nil, structure("IDs that are unique", a.value)
			}
			ids[a.value] = true
		}
	}
	return count, nil
}

// checkID wants exactly one attribute that looks like an ID, and that it is the ID.
func checkID(n *node) *Error {
	found := 0
	for _, a := range n.attrs {
		if a.space != xmlnsSpace && foldASCII(a.local) == "id" {
			found++
		}
	}
	if found != 1 || !isNCName(n.attr("ID")) {
		return structure("one ID on the "+n.local, n.attr("ID"))
	}
	return nil
}

// isNCName accepts the ASCII names of Namespaces in XML 1.0 section 3; providers
// write no others.
func isNCName(s string) bool {
	if s == "" || len(s) > 256 || !isLetter(s[0]) && s[0] != '_' {
		return false
	}
	for _, c := range []byte(s) {
		if !isLetter(c) && !isDigit(c) && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

const (
	statusSpace   = "urn:oasis:names:tc:SAML:2.0:status:"
	statusSuccess = statusSpace + "Success"
)

// checkStatus reads saml-core 3.2.2. A failure is believed even when it is unsigned,
// because all it can do is to refuse.
func checkStatus(root *node) *Error {
	status, err := root.one(protocolSpace, "Status")
	if err != nil || status == nil {
		return structure("one Status", "").because(err)
	}
	top, err := status.one(protocolSpace, "StatusCode")
	if err != nil || top == nil {
		return structure("one StatusCode", "").because(err)
	}
	if top.attr("Value") == statusSuccess {
		return nil
	}
	codes := []string{strings.TrimPrefix(top.attr("Value"), statusSpace)}
	for _, c := range top.named(protocolSpace, "StatusCode") {
		codes = append(codes, strings.TrimPrefix(c.attr("Value"), statusSpace))
	}
	received := strings.Join(codes, " / ")
	for _, m := range status.named(protocolSpace, "StatusMessage") {
		if text, err := m.value(); err == nil && text != "" {
			received += ": " + text
		}
	}
	e := refuse(CodeStatus, "Success", received)
	switch codes[len(codes)-1] {
	case "NoPassive":
		e.advise("nobody was signed in at the provider and the request allowed no page: start again without IsPassive")
	case "InvalidNameIDPolicy":
		e.advise("the provider cannot send a NameID in the format set for this application: choose another NameID format there")
	case "NoAuthnContext":
		e.advise("the provider has a rule about how people must authenticate that this sign-in did not meet")
	case "RequestDenied", "AuthnFailed":
		e.advise("the provider denied the sign-in: make sure the person is assigned to this application and read the provider's log")
	case "Requester":
		e.advise("the provider did not accept the request: compare entity ID, ACS URL and the signing certificate it has for this application")
	}
	return e
}
