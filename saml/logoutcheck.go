package saml

// The steps by which a logout message is judged, in the order of usefulness.

func (c *check) logoutHead(doc *logoutDocument) *Error {
	if doc.version != "2.0" {
		return refuse(CodeVersion, "2.0", doc.version)
	}
	return nil
}

// logoutIssuer wants one on a request. An answer is of the provider we asked, by the
// key that signed it and the request it names, so that it may leave its issuer out.
func (c *check) logoutIssuer(doc *logoutDocument) *Error {
	if !doc.hasIssuer && c.req != nil {
		return nil
	}
	if doc.issuer != c.idp.EntityID {
		return refuse(CodeIssuer, c.idp.EntityID, doc.issuer)
	}
	return nil
}

// logoutDestination wants one: a signed message has to say where it goes (saml-bindings
// 3.4.5.2 and 3.5.5.2), or what was meant for another application would be good here.
func (c *check) logoutDestination(doc *logoutDocument) *Error {
	if doc.destination != c.sp.SLO {
		return refuse(CodeDestination, c.sp.SLO, doc.destination)
	}
	return nil
}

func (c *check) logoutAge(doc *logoutDocument) *Error {
	at := doc.issueInstant
	switch {
	case at.IsZero():
		return structure("an IssueInstant", "")
	case c.tooEarly(at):
		return refuse(CodeNotYetValid, c.clock(), "issued at "+stamp(at))
	case c.tooLate(at.Add(maxAge)):
		return refuse(CodeStale, c.clock(), "issued at "+stamp(at))
	case !doc.notOnOrAfter.IsZero() && c.tooLate(doc.notOnOrAfter):
		return refuse(CodeExpired, c.clock(), "NotOnOrAfter "+stamp(doc.notOnOrAfter))
	}
	return nil
}

func (c *check) logoutName(doc *logoutDocument) *Error {
	if doc.nameID.Value == "" {
		return refuse(CodeNameID, "a NameID", "none")
	}
	for _, v := range []struct{ what, value string }{
		{"NameID", doc.nameID.Value}, {"NameID Format", doc.nameID.Format},
		{"NameQualifier", doc.nameID.NameQualifier}, {"SPNameQualifier", doc.nameID.SPNameQualifier},
	} {
		if err := usable(v.what, v.value, maxIdentifier); err != nil {
			return err
		}
	}
	return nil
}

// logoutReply holds the answer to the request at hand.
func (c *check) logoutReply(doc *logoutDocument) *Error {
	switch {
	case !doc.hasReplyTo:
		return refuse(CodeUnsolicited, "an answer to a logout request", "no InResponseTo")
	case doc.inResponseTo != c.req.ID:
		return refuse(CodeRequestUnknown, c.req.ID, doc.inResponseTo)
	case !c.now.Before(c.req.ExpiresAt):
		return refuse(CodeRequestExpired, "an answer before "+stamp(c.req.ExpiresAt), c.clock())
	}
	return nil
}
