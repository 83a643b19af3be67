package saml

// Refusals of logout messages have the codes of those of sign-ins, and sentences of
// their own: nobody who signs out wants to read about a sign-in.

// ofLogout makes e speak of a logout. A hint that fits better stays.
func (e *Error) ofLogout() *Error {
	e.logout = true
	if hint := e.Code.logoutRow().hint; hint != "" && e.Hint == e.Code.row().hint {
		e.Hint = hint
	}
	return e
}

// logoutRow is row for a logout.
func (c Code) logoutRow() codeRow {
	row := c.row()
	for _, r := range logoutRows() {
		if r.code == c {
			row.say, row.hint = r.say, r.hint
		}
	}
	return row
}

// logoutRows has no sides: they are those of the code. An empty hint is that as well.
func logoutRows() []codeRow {
	const (
		anew   = "sign out again; if it always happens, one of the two clocks is wrong"
		window = "sign out again, in one window"
	)
	return []codeRow{
		{code: CodeConfig, say: "single logout is not set up completely", hint: "single logout needs a logout URL of each side, the provider's issuer and certificate, and a signing key of ours"},
		{code: CodeSize, say: "the logout message is too large", hint: "a query may have 128 KiB and inflate to 64 KiB, a form may have 192 KiB"},
		{code: CodeEncoding, say: "the logout message could not be decoded", hint: "it must come with one SAMLRequest or one SAMLResponse, as the provider sent it; look for a proxy or a plug-in that rewrites queries"},
		{code: CodeXML, say: "the logout message is not acceptable XML"},
		{code: CodeProfile, say: "the logout message does not have the structure of one", hint: "one LogoutRequest or LogoutResponse, each element once, signed in its query or over its own ID; anything else is treated as an attack"},
		{code: CodeStatus, say: "the identity provider did not end every session", hint: "close the browser, or sign out at the identity provider as well"},
		{code: CodeEncrypted, say: "the name in the logout message could not be decrypted", hint: "the provider encrypts for another key: give it this connection's metadata again, or switch encryption off there"},
		{code: CodeUnsigned, say: "the logout message is not signed", hint: "switch on signing of logout requests and logout responses at the provider: one that nobody signed could end anybody's session"},
		{code: CodeAlgorithm, say: "the logout message is signed or encrypted in a way that is no longer safe"},
		{code: CodeVersion, say: "the logout message is not SAML 2.0"},
		{code: CodeIssuer, say: "the logout message comes from another issuer"},
		{code: CodeDestination, say: "the logout message was meant for another address", hint: "set the single logout (SLO) URL at the provider to exactly the one shown here"},
		{code: CodeExpired, say: "the sign-out took too long", hint: anew},
		{code: CodeNotYetValid, say: "the logout message is not valid yet"},
		{code: CodeStale, say: "the logout message is older than a day", hint: anew},
		{code: CodeUnsolicited, say: "this sign-out was not started here", hint: window},
		{code: CodeRequestUnknown, say: "this answer belongs to another sign-out", hint: window},
		{code: CodeRequestExpired, say: "the sign-out took longer than ten minutes", hint: window},
		{code: CodeNameID, say: "the logout request does not name the person", hint: "a logout request needs the one NameID that the provider sent at the sign-in"},
		{code: CodeValue, say: "a value in the logout request is not usable"},
	}
}
