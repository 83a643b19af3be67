package saml_test

import (
	"crypto"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// TestLogoutMessagesOfGoodProviders is the control of all that is refused below.
func TestLogoutMessagesOfGoodProviders(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]signing{
		"RSA": {}, "RSA with SHA-512": {hash: crypto.SHA512}, "second certificate": {by: "second"},
		"ECDSA as r and s": {by: "ec", plainEC: true}, "ECDSA as ASN.1": {by: "ec"}, "P-384 as r and s": {by: "ec384", hash: crypto.SHA384, plainEC: true},
	} {
		for _, b := range bindings() {
			t.Run(string(b)+" "+name, func(t *testing.T) {
				t.Parallel()
				idp := logoutIdP("idp", "second", "ec", "ec384")
				lo, err := receive(b.send(logoutRequest(), "their state", s), idp, nil)
				if err != nil {
					t.Fatal(explain(err))
				}
				want := genuineLogout()
				want.RelayState = "their state"
				want.Certificate = map[string]int{"": 0, "second": 1, "ec": 2, "ec384": 3}[s.by]
				if diff := cmp.Diff(want, lo); diff != "" {
					t.Error(diff)
				}
				if err := finishLogout(b.send(logoutResponse(), "ours", s), idp, nil, ourRequest()); err != nil {
					t.Error(explain(err))
				}
			})
		}
	}
}

func TestLogoutRequestWithoutWhatMayBeAbsent(t *testing.T) {
	t.Parallel()
	doc := replace(t, logoutRequest(), ` NotOnOrAfter="`+at(5*time.Minute)+`"`, "")
	doc = replace(t, doc, `<samlp:SessionIndex>sess-1</samlp:SessionIndex><samlp:SessionIndex>sess-2</samlp:SessionIndex>`, `<samlp:SessionIndex/>`)
	doc = replace(t, doc, doc[strings.Index(doc, "<saml:NameID"):strings.Index(doc, "ann-1")], "<saml:NameID>")
	doc = replace(t, doc, "@R@", "@R@<samlp:Extensions><x xmlns=\"urn:x\"/></samlp:Extensions>")
	want := &saml.Logout{ID: "lo-1", NameID: saml.NameID{Value: "ann-1"}, ReplayUntil: clock().Add(24*time.Hour + 10*time.Minute)}
	for _, b := range bindings() {
		lo, err := receive(b.send(doc, "", signing{}), logoutIdP(), nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		if diff := cmp.Diff(want, lo); diff != "" {
			t.Error(diff)
		}
	}
}

func TestEncryptedNamesOfLogoutRequestsAreOpened(t *testing.T) {
	t.Parallel()
	for _, b := range bindings() {
		for name, c := range map[string]struct {
			how   sealing
			rules *saml.Rules
			code  saml.Code
		}{
			"for us":                {sealing{to: "second"}, nil, ""},
			"for somebody else":     {sealing{to: "attacker"}, nil, saml.CodeEncrypted},
			"changed":               {sealing{to: "second", tamper: func(d []byte) []byte { d[20] ^= 1; return d }}, nil, saml.CodeEncrypted},
			"AES-CBC":               {sealing{to: "second", cipher: xmlenc + "aes256-cbc"}, nil, saml.CodeAlgorithm},
			"AES-CBC, opted in":     {sealing{to: "second", cipher: xmlenc + "aes256-cbc"}, allowCBC(), ""},
			"the key beside of it":  {sealing{to: "second", beside: true}, nil, ""},
			"RSA without its OAEP":  {sealing{to: "second", transport: xmlenc + "rsa-1_5"}, nil, saml.CodeAlgorithm},
			"for others and for us": {sealing{to: "second", also: "attacker"}, nil, ""},
			"its tag cut off":       {sealing{to: "second", tamper: func(d []byte) []byte { return d[:len(d)-16] }}, nil, saml.CodeEncrypted},
		} {
			t.Run(string(b)+" "+name, func(t *testing.T) {
				t.Parallel()
				lo, err := receive(b.send(c.how.encryptedName(logoutRequest()), "", signing{}), logoutIdP(), c.rules)
				if c.code != "" {
					notOver(t, err, c.code)
					return
				}
				if err != nil {
					t.Fatal(explain(err))
				}
				if diff := cmp.Diff(genuineLogout(), lo); diff != "" {
					t.Error(diff)
				}
			})
		}
		// No key is used for what nobody signed, or is for somebody else.
		doc := sealing{to: "attacker"}.encryptedName(logoutRequest())
		_, err := receive(b.send(doc, "", signing{by: "attacker"}), logoutIdP(), nil)
		notOver(t, err, saml.CodeSignature)
		// In clear beside it, or beside another: one of them could be believed.
		doc = sealing{to: "second"}.encryptedName(logoutRequest())
		for _, more := range []string{"<saml:NameID>owner</saml:NameID>", sealing{to: "second"}.seal("EncryptedID", "<saml:NameID>owner</saml:NameID>")} {
			_, err := receive(b.send(replace(t, doc, "<samlp:SessionIndex>", more+"<samlp:SessionIndex>"), "", signing{}), logoutIdP(), nil)
			refusedAny(t, err)
		}
		doc = replace(t, logoutRequest(), "ann-1", "")
		_, err = receive(b.send(sealing{to: "second"}.encryptedName(doc), "", signing{}), logoutIdP(), nil)
		notOver(t, err, saml.CodeNameID)
	}
}

// TestUnsignedLogoutMessagesEndNothing: anybody could end anybody's session.
func TestUnsignedLogoutMessagesEndNothing(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{logoutRequest(), logoutResponse()} {
		field := fieldOf(doc)
		query := unsignedQuery(field, unmark(doc), "r", signing{})
		bare, _, _ := strings.Cut(query, "&SigAlg=")
		_, sig, _ := strings.Cut(signOctets(query, signing{}), "&Signature=")
		for name, q := range map[string]string{
			"nothing": bare, "SigAlg alone": query, "Signature alone": bare + "&Signature=" + sig,
			"both empty": bare + "&SigAlg=&Signature=", "no value": query + "&Signature", "an empty one": query + "&Signature=",
		} {
			e := notOver(t, takes(get(q), doc, logoutIdP(), nil), saml.CodeUnsigned)
			if e.Fix != saml.FixIdentityProvider || !strings.Contains(e.Hint, "logout") {
				t.Errorf("%s: %s, %s", name, e.Fix, e.Hint)
			}
		}
		notOver(t, takes(post(field, unmark(doc), ""), doc, logoutIdP(), nil), saml.CodeUnsigned)
		// A form has no signature of its own, whatever stands in it.
		form := post(field, unmark(doc), "")
		form.URL.RawQuery = signOctets(query, signing{})
		notOver(t, takes(form, doc, logoutIdP(), nil), saml.CodeUnsigned)
		// A signature within the document signs no query.
		notOver(t, takes(get(field+"="+strings.ReplaceAll(packed(sign(doc, "@R@", signing{})), "+", "%2B")), doc, logoutIdP(), nil), saml.CodeProfile)
	}
}

// TestLogoutMessagesOfOthersEndNothing: expired, for another service provider, of
// another connection, by another key.
func TestLogoutMessagesOfOthersEndNothing(t *testing.T) {
	t.Parallel()
	type change struct {
		old, new string
		code     saml.Code
	}
	both := map[string]change{
		"version":           {`Version="2.0"`, `Version="1.1"`, saml.CodeVersion},
		"another issuer":    {`<saml:Issuer>` + idpID, `<saml:Issuer>` + idpID + "/", saml.CodeIssuer},
		"two issuers":       {`<saml:Issuer>`, `<saml:Issuer>x</saml:Issuer><saml:Issuer>`, saml.CodeProfile},
		"another's address": {`Destination="` + slo, `Destination="https://sp.example/saml/two/slo`, saml.CodeDestination},
		"our ACS":           {`Destination="` + slo, `Destination="` + acs, saml.CodeDestination},
		"a longer address":  {`Destination="` + slo, `Destination="` + slo + "/", saml.CodeDestination},
		"no address":        {` Destination="` + slo + `"`, ``, saml.CodeDestination},
		"an empty address":  {`Destination="` + slo, `Destination="`, saml.CodeDestination},
		"from the future":   {`IssueInstant="` + at(0), `IssueInstant="` + at(4*time.Minute), saml.CodeNotYetValid},
		"a day old":         {`IssueInstant="` + at(0), `IssueInstant="` + at(-24*time.Hour-3*time.Minute), saml.CodeStale},
		"no time":           {` IssueInstant="` + at(0) + `"`, ``, saml.CodeProfile},
		"no real time":      {`IssueInstant="` + at(0), `IssueInstant="yesterday`, saml.CodeProfile},
		"another ID":        {` ID="l`, ` Id="l`, saml.CodeProfile},
		"an assertion":      {`@R@`, `@R@<saml:Assertion/>`, saml.CodeProfile},
		"one in extensions": {`@R@`, `@R@<samlp:Extensions><saml:Assertion/></samlp:Extensions>`, saml.CodeProfile},
		"a foreign element": {`@R@`, `@R@<x xmlns="urn:x"/>`, saml.CodeProfile},
		"a comment":         {`@R@`, `@R@<!-- -->`, saml.CodeXML},
	}
	requests := map[string]change{
		"no issuer":         {`<saml:Issuer>` + idpID + `</saml:Issuer>`, ``, saml.CodeIssuer},
		"expired":           {`NotOnOrAfter="` + at(5*time.Minute), `NotOnOrAfter="` + at(-3*time.Minute), saml.CodeExpired},
		"no expiry":         {`NotOnOrAfter="` + at(5*time.Minute), `NotOnOrAfter="never`, saml.CodeProfile},
		"no name":           {`ann-1`, ``, saml.CodeNameID},
		"nobody at all":     {between(logoutRequest(), "<saml:NameID", "</saml:NameID>"), ``, saml.CodeNameID},
		"a blank name":      {`ann-1`, " \n ", saml.CodeNameID},
		"an element in it":  {`ann-1`, `ann-1<b/>`, saml.CodeNameID},
		"two names":         {`<samlp:SessionIndex>`, `<saml:NameID>bob-1</saml:NameID><samlp:SessionIndex>`, saml.CodeNameID},
		"a comment in it":   {`ann-1`, `ann-1<!-- -->.evil`, saml.CodeXML},
		"a control in it":   {`ann-1`, `ann-1&#10;x`, saml.CodeValue},
		"a name too long":   {`ann-1`, strings.Repeat("a", 1025), saml.CodeValue},
		"an index too long": {`sess-1`, strings.Repeat("s", 1025), saml.CodeProfile},
		"300 indexes":       {`<samlp:SessionIndex>`, strings.Repeat(`<samlp:SessionIndex>x</samlp:SessionIndex>`, 300) + `<samlp:SessionIndex>`, saml.CodeProfile},
		"an index of XML":   {`sess-1`, `<a/>`, saml.CodeProfile},
		"a BaseID":          {`<samlp:SessionIndex>`, `<saml:BaseID/><samlp:SessionIndex>`, saml.CodeProfile},
		"a status":          {`<samlp:SessionIndex>`, `<samlp:Status/><samlp:SessionIndex>`, saml.CodeProfile},
	}
	responses := map[string]change{
		"of no request":      {` InResponseTo="` + reqID + `"`, ``, saml.CodeUnsolicited},
		"of another request": {`InResponseTo="` + reqID, `InResponseTo="req-other`, saml.CodeRequestUnknown},
		"no status":          {`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`, ``, saml.CodeProfile},
		"a failure":          {`status:Success`, `status:Responder`, saml.CodeStatus},
		"in part":            {`status:Success"/>`, `status:Success"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:PartialLogout"/></samlp:StatusCode>`, saml.CodeStatus},
		"two statuses":       {`<samlp:Status>`, `<samlp:Status><samlp:StatusCode Value="x"/></samlp:Status><samlp:Status>`, saml.CodeProfile},
		"a name":             {`<samlp:Status>`, `<saml:NameID>ann</saml:NameID><samlp:Status>`, saml.CodeProfile},
	}
	for doc, tables := range map[string][]map[string]change{
		logoutRequest(): {both, requests}, logoutResponse(): {both, responses},
	} {
		for _, table := range tables {
			for name, c := range table {
				for _, b := range bindings() {
					t.Run(fieldOf(doc)+" "+string(b)+" "+name, func(t *testing.T) {
						t.Parallel()
						aboutLogout(t, takes(b.send(replace(t, doc, c.old, c.new), "", signing{}), doc, logoutIdP(), nil), c.code)
					})
				}
			}
		}
	}
}

// TestLogoutMessagesByOtherKeysEndNothing: the key of another connection, and keys and
// algorithms that are too weak.
func TestLogoutMessagesByOtherKeysEndNothing(t *testing.T) {
	t.Parallel()
	legacy := &saml.Rules{InsecureAllowLegacy: true}
	expired := &saml.Rules{DenyExpiredCertificates: true}
	old := logoutIdP()
	over := *old.Certificates[0]
	over.NotBefore, over.NotAfter = clock().AddDate(-3, 0, 0), clock().AddDate(-2, 0, 0)
	old.Certificates[0] = &over
	for _, doc := range []string{logoutRequest(), logoutResponse()} {
		for _, b := range bindings() {
			for name, c := range map[string]struct {
				s     signing
				idp   *saml.IdP
				rules *saml.Rules
				code  saml.Code // "" is accepted
			}{
				"another key":               {signing{by: "attacker"}, logoutIdP(), nil, saml.CodeSignature},
				"another connection":        {signing{}, logoutIdP("second"), nil, saml.CodeSignature},
				"RSA claimed of ECDSA":      {signing{by: "ec", method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}, logoutIdP("ec"), nil, saml.CodeSignature},
				"ECDSA claimed of RSA":      {signing{method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}, logoutIdP(), nil, saml.CodeSignature},
				"HMAC":                      {signing{method: "http://www.w3.org/2000/09/xmldsig#hmac-sha1"}, logoutIdP(), legacy, saml.CodeAlgorithm},
				"no algorithm":              {signing{method: "none"}, logoutIdP(), legacy, saml.CodeAlgorithm},
				"SHA-1":                     {signing{hash: crypto.SHA1}, logoutIdP(), nil, saml.CodeAlgorithm},
				"SHA-1 as it is called":     {signing{hash: crypto.SHA1, method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}, logoutIdP(), legacy, saml.CodeSignature},
				"a short key":               {signing{by: "weak"}, logoutIdP("weak"), nil, saml.CodeAlgorithm},
				"a short key beside others": {signing{by: "weak"}, logoutIdP("weak", "idp"), nil, saml.CodeSignature},
				"SHA-1, opted in":           {signing{hash: crypto.SHA1}, logoutIdP(), legacy, ""},
				"a short key, opted in":     {signing{by: "weak"}, logoutIdP("weak"), legacy, ""},
				"an expired certificate":    {signing{}, old, expired, saml.CodeCertificateExpired},
				"its dates not looked at":   {signing{}, old, nil, ""},
			} {
				t.Run(fieldOf(doc)+" "+string(b)+" "+name, func(t *testing.T) {
					t.Parallel()
					err := takes(b.send(doc, "", c.s), doc, c.idp, c.rules)
					if c.code != "" {
						aboutLogout(t, err, c.code)
					} else if err != nil {
						t.Error(explain(err))
					}
				})
			}
		}
	}
}

// TestWrappedLogoutRequestsEndNothing puts another name where a reader might look,
// around, beside and inside of what was signed.
func TestWrappedLogoutRequestsEndNothing(t *testing.T) {
	t.Parallel()
	signed := sign(logoutRequest(), "@R@", signing{})
	signature := signed[strings.Index(signed, "<ds:Signature") : strings.Index(signed, "</ds:Signature>")+len("</ds:Signature>")]
	evil := strings.NewReplacer("ann-1", "owner", "sess-", "other-").Replace(logoutRequest())
	evilID := strings.Replace(evil, `ID="lo-1"`, `ID="lo-2"`, 1)
	inside := strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+unmark(logoutRequest())+"</ds:Object></ds:Signature>", 1)
	for name, doc := range map[string]string{
		"tampered":              strings.Replace(signed, "ann-1", "owner", 1),
		"another index":         strings.Replace(signed, "sess-1", "other", 1),
		"an index less":         strings.Replace(signed, "<samlp:SessionIndex>sess-2</samlp:SessionIndex>", "", 1),
		"a later time":          strings.Replace(signed, at(5*time.Minute), at(9*time.Minute), 1),
		"in extensions":         strings.Replace(evilID, "@R@", "<samlp:Extensions>"+signed+"</samlp:Extensions>", 1),
		"with its signature":    strings.Replace(evilID, "@R@", signature+"<samlp:Extensions>"+signed+"</samlp:Extensions>", 1),
		"same ID":               strings.Replace(evil, "@R@", signature+"<samlp:Extensions>"+unmark(logoutRequest())+"</samlp:Extensions>", 1),
		"the genuine in Object": strings.Replace(evil, "@R@", inside, 1),
		"the same, other ID":    strings.Replace(evilID, "@R@", inside, 1),
		"two signatures":        strings.Replace(signed, signature, signature+signature, 1),
		"signature deeper":      strings.Replace(strings.Replace(signed, signature, "", 1), "<saml:NameID", "<samlp:Extensions>"+signature+"</samlp:Extensions><saml:NameID", 1),
		"a second ID":           strings.Replace(signed, `ID="lo-1"`, `ID="lo-1" x:ID="lo-2" xmlns:x="urn:x"`, 1),
	} {
		lo, err := receive(post("SAMLRequest", doc, ""), logoutIdP(), nil)
		if err == nil {
			t.Errorf("%s: accepted: %+v", name, lo)
			continue
		}
		var code saml.Code
		switch name {
		case "tampered", "another index", "an index less", "a later time":
			code = saml.CodeSignature
		default:
			code = saml.CodeProfile
		}
		refused(t, nil, err, code)
	}
}

// TestLogoutMessagesAreWhatTheyAreReadAs: no message passes for another kind.
func TestLogoutMessagesAreWhatTheyAreReadAs(t *testing.T) {
	t.Parallel()
	sp, idp := logoutSP(), logoutIdP()
	read := func(r binding, doc string) saml.LogoutMessage {
		m, err := saml.ReadLogout(httptest.NewRecorder(), r.send(doc, "", signing{}))
		if err != nil {
			t.Fatal(explain(err))
		}
		return m
	}
	for _, b := range bindings() {
		request, response := read(b, logoutRequest()), read(b, logoutResponse())
		if !request.IsRequest() || response.IsRequest() || request.InResponseTo() != "" || response.InResponseTo() != reqID {
			t.Errorf("%v %v %q %q", request.IsRequest(), response.IsRequest(), request.InResponseTo(), response.InResponseTo())
		}
		_, err := sp.ReceiveLogout(idp, nil, response, clock())
		notOver(t, err, saml.CodeEncoding)
		notOver(t, sp.FinishLogout(idp, nil, request, ourRequest(), clock()), saml.CodeEncoding)
		_, err = sp.ReceiveLogout(idp, nil, saml.LogoutMessage{}, clock())
		notOver(t, err, saml.CodeEncoding)
	}
	// In the parameter of the other kind, and other signed documents of this provider.
	login := replace(t, genuine(), "@A@", "")
	for _, doc := range []string{
		strings.ReplaceAll(logoutResponse(), "LogoutResponse", "LogoutRequest"), strings.ReplaceAll(logoutRequest(), "LogoutRequest", "AuthnRequest"), login,
	} {
		_, err := receive(get(signedQuery("SAMLRequest", unmark(doc), "", signing{})), idp, nil)
		refusedAny(t, err)
		_, err = receive(post("SAMLRequest", unmark(sign(doc, "@R@", signing{})), ""), idp, nil)
		refusedAny(t, err)
	}
	for _, doc := range []string{logoutRequest(), login} {
		notOver(t, finishLogout(get(signedQuery("SAMLResponse", unmark(doc), "", signing{})), idp, nil, ourRequest()), saml.CodeProfile)
		notOver(t, finishLogout(post("SAMLResponse", unmark(sign(doc, "@R@", signing{})), ""), idp, nil, ourRequest()), saml.CodeProfile)
	}
	// And none signs anybody in.
	_, err := finish(unmark(sign(logoutResponse(), "@R@", signing{})), idp, nil, ourRequest(), clock())
	notOver(t, err, saml.CodeProfile)
}

func TestFinishLogoutHoldsToItsRequest(t *testing.T) {
	t.Parallel()
	for _, b := range bindings() {
		over := ourRequest()
		over.ExpiresAt = clock()
		for name, c := range map[string]struct {
			req  *saml.Request
			code saml.Code
		}{
			"nobody waits": {nil, saml.CodeUnsolicited}, "an empty one": {&saml.Request{}, saml.CodeConfig}, "too late": {over, saml.CodeRequestExpired},
			"another": {&saml.Request{ID: "req-other", ExpiresAt: clock().Add(time.Minute)}, saml.CodeRequestUnknown},
		} {
			t.Run(string(b)+" "+name, func(t *testing.T) {
				t.Parallel()
				aboutLogout(t, finishLogout(b.send(logoutResponse(), "", signing{}), logoutIdP(), nil, c.req), c.code)
			})
		}
	}
	// Whose answer it is, its key and the request say; an issuer it may leave out.
	doc := replace(t, logoutResponse(), `<saml:Issuer>`+idpID+`</saml:Issuer>`, "")
	for _, b := range bindings() {
		if err := finishLogout(b.send(doc, "", signing{}), logoutIdP(), nil, ourRequest()); err != nil {
			t.Error(explain(err))
		}
	}
}

func TestLogoutTimesAreExact(t *testing.T) {
	t.Parallel()
	m, err := saml.ReadLogout(httptest.NewRecorder(), binding("redirect").send(logoutRequest(), "", signing{}))
	if err != nil {
		t.Fatal(explain(err))
	}
	for _, c := range []struct {
		after time.Duration
		skew  time.Duration
		code  saml.Code
	}{
		{-3 * time.Minute, 0, ""}, {-3*time.Minute - time.Second, 0, saml.CodeNotYetValid}, {8*time.Minute - time.Second, 0, ""}, {8 * time.Minute, 0, saml.CodeExpired},
		{15*time.Minute - time.Second, 10 * time.Minute, ""}, {15 * time.Minute, 10 * time.Minute, saml.CodeExpired},
	} {
		lo, err := logoutSP().ReceiveLogout(logoutIdP(), &saml.Rules{Skew: c.skew}, m, clock().Add(c.after))
		if c.code != "" {
			notOver(t, err, c.code)
		} else if err != nil || !clock().Add(c.after).Before(lo.ReplayUntil) {
			t.Errorf("%v: %v %v", c.after, lo, err)
		}
	}
}

func TestEndsComparesNamesToTheLetter(t *testing.T) {
	t.Parallel()
	sp, idp := logoutSP(), logoutIdP()
	const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	full := saml.NameID{Value: "ann-1", Format: persistent, NameQualifier: idpID, SPNameQualifier: spID}
	short := saml.NameID{Value: "ann-1", Format: persistent}
	plain := saml.NameID{Value: "ann-1"}
	for name, c := range map[string]struct {
		asked, kept saml.NameID
		indexes     []string
		index       string
		want        bool
	}{
		"the same":                   {full, full, []string{"a", "b"}, "b", true},
		"all sessions":               {full, full, nil, "b", true},
		"another session":            {full, full, []string{"a"}, "b", false},
		"no index known":             {full, full, []string{"a"}, "", true},
		"qualifiers left out":        {short, full, nil, "", true},
		"qualifiers never told":      {full, short, nil, "", true},
		"another person":             {saml.NameID{Value: "ann-2", Format: persistent}, short, nil, "", false},
		"another case":               {saml.NameID{Value: "Ann-1", Format: persistent}, short, nil, "", false},
		"another format":             {plain, short, nil, "", false},
		"unspecified":                {plain, saml.NameID{Value: "ann-1", Format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"}, nil, "", true},
		"unspecified, misspelled":    {saml.NameID{Value: "ann-1", Format: "urn:oasis:names:tc:SAML:1.0:nameid-format:unspecified"}, plain, nil, "", true},
		"another provider's name":    {saml.NameID{Value: "ann-1", Format: persistent, NameQualifier: "https://other.example"}, full, nil, "", false},
		"another application's name": {saml.NameID{Value: "ann-1", Format: persistent, SPNameQualifier: "https://other.example"}, full, nil, "", false},
		"no name kept":               {saml.NameID{}, saml.NameID{}, nil, "", false},
	} {
		lo := &saml.Logout{NameID: c.asked, SessionIndexes: c.indexes}
		if got := sp.Ends(idp, lo, c.kept, c.index); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if sp.Ends(idp, nil, full, "") || sp.Ends(nil, &saml.Logout{NameID: full}, full, "") || (*saml.SP)(nil).Ends(idp, &saml.Logout{NameID: full}, full, "") {
		t.Error("something ends by nothing")
	}
}
