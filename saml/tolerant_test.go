package saml_test

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// shape is something legitimate that other libraries have refused. The document is
// signed as it is, so each shape is one that a provider with the right key wrote.
type shape struct {
	old, new string // an edit of the genuine document, "" for none
	how      signing
	pinned   []string                   // names in keys; none: idp
	want     func(id *saml.Identity)    // changes what is expected; nil: nothing
	write    func(doc string) string    // nil: nothing
	rules    *saml.Rules                // nil: none
	posted   func(base64 string) string // nil: as it is
}

func (s shape) doc(t testing.TB, b base) string {
	t.Helper()
	doc := genuine()
	if s.old != "" {
		doc = replace(t, doc, s.old, s.new)
	}
	if s.write != nil {
		doc = s.write(doc)
	}
	return b.sign(doc, s.how)
}

// tryShapes accepts each shape on every base, by both verifiers and by the engine
// alone, with exactly the identity that is expected.
func tryShapes(t *testing.T, shapes map[string]shape) {
	t.Helper()
	for name, s := range shapes {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				want := genuineIdentity()
				if s.want != nil {
					s.want(want)
				}
				posted := base64.StdEncoding.EncodeToString([]byte(s.doc(t, b)))
				if s.posted != nil {
					posted = s.posted(posted)
				}
				for _, only := range []bool{false, true} {
					m, err := saml.ParseMessage(posted)
					if err != nil {
						t.Fatal(explain(err))
					}
					rules := saml.Rules{}
					if s.rules != nil {
						rules = *s.rules
					}
					rules.InsecureEngineOnly = only
					id, err := ourSP().Finish(theirIdP(s.pinned...), &rules, m, ourRequest(), clock())
					if err != nil {
						t.Fatalf("engine only %v: %s", only, explain(err))
					}
					if diff := cmp.Diff(want, id); diff != "" {
						t.Error(diff)
					}
				}
			})
		}
	}
}

func second(id *saml.Identity) { id.Certificate = 1 }

func TestKeysThatGoodProvidersShow(t *testing.T) {
	t.Parallel()
	info := func(inside string) string { return `<ds:KeyInfo>` + inside + `</ds:KeyInfo>` }
	x509Data := func(name string) string {
		return `<ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(keys()[name].cert.Raw) + `</ds:X509Certificate></ds:X509Data>`
	}
	two := []string{"idp", "second"}
	tryShapes(t, map[string]shape{
		"no KeyInfo, one certificate":          {how: signing{keyInfo: "none"}},
		"no KeyInfo, the first of two":         {how: signing{keyInfo: "none"}, pinned: two},
		"no KeyInfo, the second of two":        {how: signing{keyInfo: "none", by: "second"}, pinned: two, want: second},
		"KeyInfo shows the other of two":       {how: signing{by: "second", keyInfo: info(x509Data("idp"))}, pinned: two, want: second},
		"a reissued certificate, the same key": {how: signing{keyInfo: info(`<ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(certify(keys()["idp"].key).Raw) + `</ds:X509Certificate></ds:X509Data>`)}},
		"empty KeyInfo":                        {how: signing{keyInfo: `<ds:KeyInfo/>`}},
		"KeyInfo of white space":               {how: signing{keyInfo: info("\n")}},
		"KeyName":                              {how: signing{keyInfo: info(`<ds:KeyName>k</ds:KeyName>`)}},
		"KeyValue":                             {how: signing{keyInfo: info(`<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`)}},
		"KeyValue after the certificate":       {how: signing{keyInfo: info(x509Data("idp") + `<ds:KeyValue/>`)}},
		"issuer and serial":                    {how: signing{keyInfo: info(`<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>7</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>`)}},
		"a chain, the issuer first":            {how: signing{keyInfo: info(x509Data("second") + x509Data("idp"))}},
		"a certificate with white space":       {how: signing{keyInfo: info("<ds:X509Data>\n<ds:X509Certificate>\n  " + base64.StdEncoding.EncodeToString(keys()["idp"].cert.Raw) + "\t\n</ds:X509Certificate></ds:X509Data>")}},
		"a certificate that is no base64":      {how: signing{keyInfo: info(`<ds:X509Data><ds:X509Certificate>!</ds:X509Certificate></ds:X509Data>`)}},
		"an empty certificate":                 {how: signing{keyInfo: info(`<ds:X509Data><ds:X509Certificate/></ds:X509Data>`)}},
		"a token reference":                    {how: signing{keyInfo: info(`<o:SecurityTokenReference xmlns:o="urn:o"><o:KeyIdentifier>AAAA</o:KeyIdentifier></o:SecurityTokenReference>`)}},
		"ECDSA P-256, r and s":                 {how: signing{by: "ec", plainEC: true}, pinned: []string{"ec"}},
		"ECDSA P-384, r and s":                 {how: signing{by: "ec384", plainEC: true, hash: crypto.SHA384}, pinned: []string{"ec384"}},
		"ECDSA P-521, r and s":                 {how: signing{by: "ec521", plainEC: true, hash: crypto.SHA512}, pinned: []string{"ec521"}},
		"ECDSA P-384 with SHA-256":             {how: signing{by: "ec384", plainEC: true}, pinned: []string{"ec384"}},
		"ECDSA P-256, no KeyInfo, among RSA":   {how: signing{by: "ec", plainEC: true, keyInfo: "none"}, pinned: []string{"idp", "ec"}, want: second},
		"RSA with SHA-384":                     {how: signing{hash: crypto.SHA384}},
		"RSA with SHA-512":                     {how: signing{hash: crypto.SHA512}},
	})
}

func TestSignaturesThatGoodProvidersWrite(t *testing.T) {
	t.Parallel()
	tryShapes(t, map[string]shape{
		"indented, SignatureValue and DigestValue too": {how: signing{indent: "\n\t  "}},
		"CRLF inside":                         {how: signing{indent: "\r\n"}},
		"a carriage return by reference":      {how: signing{indent: "&#13;\n"}},
		"prefixes kept by the transform":      {how: signing{list: "samlp"}, write: usesNoSamlp},
		"prefixes kept by both":               {how: signing{list: "samlp xs", infoList: "samlp saml"}, write: usesNoSamlp},
		"prefixes kept in SignedInfo":         {how: signing{infoList: "samlp saml"}},
		"a prefix that nobody declares":       {how: signing{list: "xs xsi", infoList: "nope"}},
		"an empty list":                       {how: signing{transforms: listed(""), infoList: " "}},
		"the default namespace, none in use":  {how: signing{list: "#default samlp", infoList: "#default"}},
		"a list over several lines":           {how: signing{list: "saml\n  samlp", infoList: "saml\tsamlp"}},
		"the signature last":                  {write: signatureLast},
		"the signature after the Status":      {write: signatureInTheMiddle},
		"the signature in front":              {write: signatureFirst},
		"without a prefix":                    {how: signing{unprefixed: true}},
		"elements with end tags":              {how: signing{transforms: `<ds:Transform Algorithm="` + enveloped + `"></ds:Transform><ds:Transform Algorithm="` + excC14N + `"></ds:Transform>`}},
		"a list that is a prefix of a prefix": {how: signing{list: "sam", infoList: "sa"}},
	})
}

// usesNoSamlp declares prefixes that only a prefix list brings into the digest.
func usesNoSamlp(doc string) string {
	return strings.Replace(doc, ` ID="resp-1"`, ` xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="resp-1"`, 1)
}

func listed(list string) string {
	return `<ds:Transform Algorithm="` + enveloped + `"/><ds:Transform Algorithm="` + excC14N + `"><ec:InclusiveNamespaces xmlns:ec="` + excC14N + `" PrefixList="` + list + `"/></ds:Transform>`
}

func signatureInTheMiddle(doc string) string {
	return strings.NewReplacer("</samlp:Status>", "</samlp:Status>@R@", "</saml:Subject>", "</saml:Subject>@A@").Replace(unmark(doc))
}

func signatureFirst(doc string) string {
	doc = unmark(doc)
	i := strings.Index(doc, ">") + 1
	doc = doc[:i] + "@R@" + doc[i:]
	j := strings.Index(doc, "<saml:Assertion ")
	j += strings.Index(doc[j:], ">") + 1
	return doc[:j] + "@A@" + doc[j:]
}

func TestWhatGoodProvidersLeaveOut(t *testing.T) {
	t.Parallel()
	doc := genuine()
	between := func(from, to string) string {
		i := strings.Index(doc, from)
		return doc[i : i+strings.Index(doc[i:], to)+len(to)]
	}
	authn := between("<saml:AuthnStatement ", "</saml:AuthnStatement>")
	attributes := between("<saml:AttributeStatement>", "</saml:AttributeStatement>")
	noAuthn := func(id *saml.Identity) {
		id.SessionIndex, id.AuthnContext, id.AuthenticatedAt = "", nil, id.SessionEndsAt
	}
	noAttributes := func(id *saml.Identity) {
		id.FirstName, id.Groups, id.Attributes = "", nil, map[string][]string{}
	}
	tryShapes(t, map[string]shape{
		"AuthnStatement":                    {old: authn, want: noAuthn},
		"AttributeStatement":                {old: attributes, want: noAttributes},
		"the content of AttributeStatement": {old: attributes, new: `<saml:AttributeStatement></saml:AttributeStatement>`, want: noAttributes},
		"both statements":                   {old: authn + attributes, want: func(id *saml.Identity) { noAuthn(id); noAttributes(id) }},
		"SessionIndex":                      {old: ` SessionIndex="sess-1"`, want: func(id *saml.Identity) { id.SessionIndex = "" }},
		"NameID Format":                     {old: ` Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"`, want: func(id *saml.Identity) { id.NameID.Format = "" }},
		"Issuer of the Response":            {old: `<saml:Issuer>` + idpID + `</saml:Issuer>@R@`, new: `@R@`},
		"Destination":                       {old: ` Destination="` + acs + `"`},
		"InResponseTo of the Response":      {old: ` InResponseTo="` + reqID + `"><saml:Issuer>`, new: `><saml:Issuer>`},
		"bounds of the Conditions":          {old: ` NotBefore="` + at(-300e9) + `" NotOnOrAfter="` + at(300e9) + `"><saml:Aud`, new: `><saml:Aud`},
		"NotBefore":                         {old: ` NotBefore="` + at(-300e9) + `"`},
	})
}

func TestWhatGoodProvidersAdd(t *testing.T) {
	t.Parallel()
	doc := genuine()
	i, j := strings.Index(doc, "<saml:SubjectConfirmation "), strings.Index(doc, "</saml:Subject>")
	good := doc[i:j]
	holder := strings.Replace(good, "cm:bearer", "cm:holder-of-key", 1)
	elsewhere := strings.Replace(good, acs, "https://other.example/acs", 1)
	sender := `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>`
	tryShapes(t, map[string]shape{
		"a confirmation that does not hold, before": {old: good, new: elsewhere + good},
		"a confirmation that does not hold, after":  {old: good, new: good + elsewhere},
		"two others around the one that holds":      {old: good, new: sender + good + holder},
		"a NameID in the confirmation":              {old: `<saml:SubjectConfirmationData `, new: `<saml:NameID>gateway</saml:NameID><saml:SubjectConfirmationData `},
		"an Address":                                {old: `<saml:SubjectConfirmationData `, new: `<saml:SubjectConfirmationData Address="192.0.2.1" `},
		"a key in the confirmation data":            {old: `InResponseTo="` + reqID + `"/>`, new: `InResponseTo="` + reqID + `"><ds:KeyInfo xmlns:ds="` + dsNS + `"><ds:KeyName>k</ds:KeyName></ds:KeyInfo></saml:SubjectConfirmationData>`},
		"qualifiers of the NameID": {old: `<saml:NameID `, new: `<saml:NameID NameQualifier="idp q" SPNameQualifier="https://sp.example/?a=1&amp;b" SPProvidedID="x" `,
			want: func(id *saml.Identity) {
				id.NameID.NameQualifier, id.NameID.SPNameQualifier = "idp q", "https://sp.example/?a=1&b"
			}},
		"a Format on the Issuer":            {old: `<saml:Issuer>`, new: `<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">`},
		"Consent":                           {old: ` ID="resp-1"`, new: ` Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" ID="resp-1"`},
		"a message with the success":        {old: `</samlp:Status>`, new: `<samlp:StatusMessage>urn:oasis:names:tc:SAML:2.0:status:Success</samlp:StatusMessage><samlp:StatusDetail><x:y xmlns:x="urn:x">1</x:y></samlp:StatusDetail></samlp:Status>`},
		"a second code below the success":   {old: `status:Success"/>`, new: `status:Success"><samlp:StatusCode Value="urn:x"/></samlp:StatusCode>`},
		"Extensions":                        {old: `<samlp:Status>`, new: `<samlp:Extensions><x:y xmlns:x="urn:x" a="1">2</x:y></samlp:Extensions><samlp:Status>`},
		"Advice":                            {old: `<saml:AuthnStatement `, new: `<saml:Advice><saml:AssertionIDRef>a</saml:AssertionIDRef></saml:Advice><saml:AuthnStatement `},
		"another audience in the list":      {old: `<saml:Audience>`, new: `<saml:Audience>https://other.example</saml:Audience><saml:Audience>`},
		"OneTimeUse and ProxyRestriction":   {old: `<saml:AudienceRestriction>`, new: `<saml:OneTimeUse/><saml:ProxyRestriction Count="0"/><saml:AudienceRestriction>`},
		"SubjectLocality":                   {old: `<saml:AuthnContext>`, new: `<saml:SubjectLocality Address="192.0.2.1" DNSName="pc"/><saml:AuthnContext>`},
		"authorities and a declaration":     {old: `</saml:AuthnContext>`, new: `<saml:AuthnContextDeclRef>urn:d</saml:AuthnContextDeclRef><saml:AuthenticatingAuthority>urn:a</saml:AuthenticatingAuthority></saml:AuthnContext>`},
		"a decision about a resource":       {old: `<saml:AttributeStatement>`, new: `<saml:AuthzDecisionStatement Resource="urn:r" Decision="Permit"><saml:Action Namespace="urn:n">read</saml:Action></saml:AuthzDecisionStatement><saml:AttributeStatement>`},
		"attributes of foreign namespaces":  {old: `<saml:Subject>`, new: `<saml:Subject xmlns:q="urn:q" q:Recipient="x" xmlns:p="urn:p" p:Recipient="y" xml:lang="en">`},
		"a declaration again and again":     {old: `<saml:Subject>`, new: `<saml:Subject xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:unused="urn:u">`},
		"a signature method with an end":    {old: `<saml:Subject>`, new: `<saml:Subject  >`},
		"an Id on an element nobody signed": {old: `<saml:AuthnStatement `, new: `<saml:AuthnStatement Id="other" `},
	})
}

func TestAttributesThatGoodProvidersWrite(t *testing.T) {
	t.Parallel()
	const first = `<saml:Attribute Name="firstName"><saml:AttributeValue>Ann</saml:AttributeValue></saml:Attribute>`
	add := func(attribute string, want func(id *saml.Identity)) shape {
		return shape{old: first, new: first + attribute, want: want}
	}
	is := func(name string, values ...string) func(id *saml.Identity) {
		return func(id *saml.Identity) { id.Attributes[name] = values }
	}
	one := func(inside string) string {
		return `<saml:Attribute Name="x">` + inside + `</saml:Attribute>`
	}
	const types = ` xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`
	shapes := map[string]shape{
		"repeated":                  add(named("x", "1")+named("y", "z")+named("x", "2"), func(id *saml.Identity) { is("x", "1", "2")(id); is("y", "z")(id) }),
		"groups repeated":           add(named("groups", "green"), func(id *saml.Identity) { is("groups", "green", "red", "blue")(id); id.Groups = id.Attributes["groups"] }),
		"typed":                     add(one(`<saml:AttributeValue`+types+` xsi:type="xs:string">v</saml:AttributeValue>`), is("x", "v")),
		"typed and in a language":   add(one(`<saml:AttributeValue`+types+` xml:lang="en" xsi:type="xs:string">v</saml:AttributeValue>`), is("x", "v")),
		"typed on the root":         {old: `>Ann<`, new: ` xsi:type="xs:string">Ann<`, write: func(doc string) string { return strings.Replace(doc, ` ID="resp-1"`, types+` ID="resp-1"`, 1) }},
		"a format and another":      {old: ` Name="firstName"`, new: ` NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic" FriendlyName="f" Name="firstName"`},
		"a language":                {old: `<saml:AttributeValue>Ann`, new: `<saml:AttributeValue xml:lang="en" xml:space="preserve">Ann`},
		"no value":                  add(`<saml:Attribute Name="x"/>`, is("x")),
		"no value, with an end":     add(`<saml:Attribute Name="x"></saml:Attribute>`, is("x")),
		"an empty value":            add(one(`<saml:AttributeValue/>`), is("x", "")),
		"an empty value, an end":    add(one(`<saml:AttributeValue></saml:AttributeValue>`), is("x", "")),
		"a nil value":               add(one(`<saml:AttributeValue`+types+` xsi:nil="true"/>`), is("x", "")),
		"a NameID as value":         add(one(`<saml:AttributeValue><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="q">t-1</saml:NameID></saml:AttributeValue>`), is("x", "t-1")),
		"XML as value":              add(one(`<saml:AttributeValue><a:b xmlns:a="urn:a" a:c="1">x<a:d xmlns:a="urn:other"/>y</a:b></saml:AttributeValue>`), is("x")),
		"white space around":        add(one("<saml:AttributeValue>\n\t v \n</saml:AttributeValue>"), is("x", "v")),
		"a line end by reference":   add(one("<saml:AttributeValue>a&#13;&#10;b&#xD;c&#9;d</saml:AttributeValue>"), is("x", "a\r\nb\rc\td")),
		"a line end":                add(one("<saml:AttributeValue>a\r\nb\rc\nd</saml:AttributeValue>"), is("x", "a\nb\nc\nd")),
		"references in text":        add(one("<saml:AttributeValue>&#65;&#x42;&amp;&lt;&gt;&quot;&apos;&#x1F600;&#228;</saml:AttributeValue>"), is("x", "AB&<>\"'\U0001F600\u00e4")),
		"the end of CDATA, escaped": add(one("<saml:AttributeValue>]]&gt;</saml:AttributeValue>"), is("x", "]]>")),
		"references in attributes":  {old: ` Name="firstName"`, new: ` FriendlyName="&lt;&amp;&gt;&quot;&apos;&#9;&#10;&#13;&#x41;" Name="first&#78;ame"`},
		"letters of many scripts":   add(one("<saml:AttributeValue>\u00e4\u0950\u4e2d\U0001F468\u200d\U0001F469 \u0627\u0644</saml:AttributeValue>"), is("x", "\u00e4\u0950\u4e2d\U0001F468\u200d\U0001F469 \u0627\u0644")),
		"not composed":              add(one("<saml:AttributeValue>a\u0308\ufb01</saml:AttributeValue>"), is("x", "a\u0308\ufb01")),
		"a photo":                   add(one(`<saml:AttributeValue>`+strings.Repeat("AAAA", 20_000)+`</saml:AttributeValue>`), is("x", strings.Repeat("AAAA", 20_000))),
	}
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("CN=group-%04d", i)
	}
	shapes["5,000 groups"] = shape{old: `<saml:AttributeValue>red</saml:AttributeValue><saml:AttributeValue>blue</saml:AttributeValue>`,
		new: value(strings.Join(many, "</saml:AttributeValue><saml:AttributeValue>")), want: func(id *saml.Identity) { is("groups", many...)(id); id.Groups = many }}
	tryShapes(t, shapes)
}

func TestSpellingsOfOneDocument(t *testing.T) {
	t.Parallel()
	edit := func(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }
	long := strings.Repeat("p", 255)
	tryShapes(t, map[string]shape{
		"CRLF line ends":               {write: func(doc string) string { return strings.ReplaceAll(indented(doc), "\n", "\r\n") }},
		"CR line ends":                 {write: func(doc string) string { return strings.ReplaceAll(indented(doc), "\n", "\r") }},
		"indented":                     {write: indented, how: signing{indent: "\n"}},
		"a declaration":                {write: func(doc string) string { return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + doc + "\n" }},
		"a declaration, single quotes": {write: func(doc string) string { return `<?xml version='1.0' encoding='utf-8' standalone='yes'?>` + doc }},
		"a declaration, no encoding":   {write: func(doc string) string { return `<?xml version="1.0"?>` + doc + "\r\n\t " }},
		"a byte order mark":            {write: func(doc string) string { return "\uFEFF<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + doc }},
		"white space in front":         {write: func(doc string) string { return "\n  " + doc }},
		"single quotes":                {write: func(doc string) string { return strings.ReplaceAll(doc, `"`, `'`) }},
		"double quotes in single":      {write: edit(` Name="firstName"`, ` Name='firstName' FriendlyName='"a"'`)},
		"white space in tags":          {write: edit(`ID="asrt-1" `, "\n\tID = \"asrt-1\"\r\n  ", `</saml:Issuer>`, "</saml:Issuer \n>", `<saml:Conditions `, "<saml:Conditions\t", `<saml:AudienceRestriction>`, `<saml:AudienceRestriction  >`)},
		"white space before the slash": {write: edit(`Success"/>`, "Success\" \n/>")},
		"line ends in an attribute":    {write: edit(` Name="firstName"`, " FriendlyName=\"a\nb\tc\r\nd\" Name=\"firstName\"")},
		"end tags on empty elements":   {write: edit(`Success"/>`, `Success"></samlp:StatusCode>`, reqID+`"/>`, reqID+`"></saml:SubjectConfirmationData>`)},
		"very long prefixes":           {write: edit(`<saml:Subject>`, `<saml:Subject xmlns:`+long+`="urn:l" `+long+`:a="1">`)},
		"prefixes with odd letters":    {write: edit(`<samlp:`, `<p-1_2.x:`, `</samlp:`, `</p-1_2.x:`, `xmlns:samlp`, `xmlns:p-1_2.x`)},
		"prefixes exchanged":           {write: edit(`<samlp:`, `<saml:`, `</samlp:`, `</saml:`, `xmlns:samlp`, `xmlns:saml`, `<saml:`, `<samlp:`, `</saml:`, `</samlp:`, `xmlns:saml=`, `xmlns:samlp=`)},
		"references for letters":       {write: edit(`ann@victim.example`, `&#97;nn&#x40;victim.example`, `ID="asrt-1"`, `ID="asrt&#45;1"`, ` Recipient="h`, ` Recipient="&#104;`)},
		"white space around values":    {write: edit(`>ann@victim.example<`, ">\n  ann@victim.example\r\n<", idpID+`</`, "\n"+idpID+" </", spID+`</`, spID+"\t</")},
		"default namespaces":           {write: unprefixed},
		"base64 in lines":              {posted: func(s string) string { return "\r\n" + s[:76] + "\r\n" + s[76:200] + "\n" + s[200:] + "\n" }},
		"base64 with spaces":           {posted: func(s string) string { return " " + s[:10] + " \t" + s[10:] + " " }},
	})
}
