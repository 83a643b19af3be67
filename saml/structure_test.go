package saml_test

import (
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// edits are tried on every base: before signing, so that even a provider's own
// signature does not help, and after it.
type edit struct {
	old, new string
	code     saml.Code
}

func tryEdits(t *testing.T, edits map[string]edit) {
	t.Helper()
	for _, doc := range controls() {
		accepted(t, doc)
	}
	for name, e := range edits {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				got, err := login(b.sign(replace(t, genuine(), e.old, e.new), signing{}))
				refused(t, got, err, e.code)
			})
		}
	}
}

// tryAfter edits signed documents.
func tryAfter(t *testing.T, edits map[string]edit) {
	t.Helper()
	for b, doc := range controls() {
		accepted(t, doc)
		for name, e := range edits {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				got, err := login(replace(t, doc, e.old, e.new))
				refused(t, got, err, e.code)
			})
		}
	}
}

// The right name in the wrong namespace, and prefixes that change their meaning.
func TestNamespaceConfusion(t *testing.T) {
	t.Parallel()
	const fake = ` xmlns:saml="urn:fake"`
	tryEdits(t, map[string]edit{
		"Assertion in another namespace":    {`<saml:Assertion ID="asrt-1"`, `<saml:Assertion` + fake + ` ID="asrt-1"`, saml.CodeProfile},
		"Subject in another namespace":      {`<saml:Subject>`, `<saml:Subject` + fake + `>`, saml.CodeProfile},
		"NameID in another namespace":       {`<saml:NameID `, `<saml:NameID` + fake + ` `, saml.CodeProfile},
		"NameID in no namespace, beside it": {`<saml:SubjectConfirmation `, `<NameID>owner@victim.example</NameID><saml:SubjectConfirmation `, saml.CodeProfile},
		"Issuer in another namespace":       {`@A@<saml:Subject>`, `@A@<x:Issuer xmlns:x="urn:fake">` + idpID + `</x:Issuer><saml:Subject>`, saml.CodeProfile},
		"Audience in another namespace":     {`<saml:Audience>`, `<x:Audience xmlns:x="urn:fake">` + spID + `</x:Audience><saml:Audience>`, saml.CodeProfile},
		"Conditions in another namespace":   {`<saml:Conditions `, `<saml:Conditions` + fake + ` `, saml.CodeProfile},
		"attribute statement elsewhere":     {`<saml:AttributeStatement>`, `<saml:AttributeStatement` + fake + `>`, saml.CodeProfile},
		"prefix rebound on a child":         {`<saml:Issuer>`, `<saml:Issuer xmlns:saml="urn:fake">`, saml.CodeProfile},
		"text between elements":             {`<saml:Conditions `, `owner@victim.example<saml:Conditions `, saml.CodeProfile},
		"Response in another namespace":     {`xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"`, `xmlns:samlp="urn:fake"`, saml.CodeProfile},
	})
	tryAfter(t, map[string]edit{
		"Signature in another namespace":  {`<ds:Signature xmlns:ds="` + dsNS + `"`, `<ds:Signature xmlns:ds="urn:fake"`, saml.CodeProfile},
		"SignedInfo in another namespace": {`<ds:SignedInfo>`, `<ds:SignedInfo xmlns:ds="urn:fake">`, saml.CodeProfile},
		"xml prefix rebound":              {` ID="resp-1"`, ` xmlns:xml="urn:fake" ID="resp-1"`, saml.CodeXML},
		"xmlns prefix declared":           {` ID="resp-1"`, ` xmlns:xmlns="urn:fake" ID="resp-1"`, saml.CodeXML},
		"xml namespace under a prefix":    {` ID="resp-1"`, ` xmlns:y="http://www.w3.org/XML/1998/namespace" ID="resp-1"`, saml.CodeXML},
		"prefix that is not declared":     {`<samlp:Status>`, `<nope:x/><samlp:Status>`, saml.CodeXML},
	})
}

// What must not be in the text of a document at all.
func TestMarkupThatReadersSeeDifferently(t *testing.T) {
	t.Parallel()
	start := `<samlp:Response `
	after := map[string]edit{
		"DOCTYPE":                        {start, `<!DOCTYPE x>` + start, saml.CodeXML},
		"DOCTYPE with an entity":         {start, `<!DOCTYPE x [<!ENTITY e "v">]>` + start, saml.CodeXML},
		"DOCTYPE with attributes":        {start, `<!DOCTYPE samlp:Response [<!ATTLIST samlp:Response ID ID #IMPLIED>]>` + start, saml.CodeXML},
		"DOCTYPE after the declaration":  {start, `<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://evil.example/x.dtd">` + start, saml.CodeXML},
		"directive inside":               {`<samlp:Status>`, `<!ELEMENT x ANY><samlp:Status>`, saml.CodeXML},
		"entity of one's own":            {`ann@victim.example`, `&e;`, saml.CodeXML},
		"instruction in NameID":          {`ann@victim.example`, `ann@victim<?p x?>.example`, saml.CodeXML},
		"instruction in Issuer":          {idpID + `</saml:Issuer>`, idpID + `<?p x?></saml:Issuer>`, saml.CodeXML},
		"instruction between children":   {`<samlp:Status>`, `<?p x?><samlp:Status>`, saml.CodeXML},
		"instruction before the root":    {start, `<?p x?>` + start, saml.CodeXML},
		"second XML declaration":         {`<samlp:Status>`, `<?xml version="1.0"?><samlp:Status>`, saml.CodeXML},
		"comment in NameID":              {`ann@victim.example`, `ann@victim.example<!-- -->.evil.example`, saml.CodeXML},
		"comment in Issuer":              {idpID + `</saml:Issuer>`, `<!-- -->` + idpID + `</saml:Issuer>`, saml.CodeXML},
		"comment in Audience":            {spID + `</saml:Audience>`, spID + `<!-- --></saml:Audience>`, saml.CodeXML},
		"comment in a value":             {`>Ann<`, `>An<!-- -->n<`, saml.CodeXML},
		"CDATA in NameID":                {`ann@victim.example`, `ann@<![CDATA[victim]]>.example`, saml.CodeXML},
		"comment in DigestValue":         {`<ds:DigestValue>`, `<ds:DigestValue><!-- x -->`, saml.CodeXML},
		"CDATA in DigestValue":           {`<ds:DigestValue>`, `<ds:DigestValue><![CDATA[]]>`, saml.CodeXML},
		"instruction in DigestValue":     {`<ds:DigestValue>`, `<ds:DigestValue><?p x?>`, saml.CodeXML},
		"element in DigestValue":         {`<ds:DigestValue>`, `<ds:DigestValue><x/>`, saml.CodeProfile},
		"comment in SignatureValue":      {`<ds:SignatureValue>`, `<ds:SignatureValue><!-- x -->`, saml.CodeXML},
		"element in SignatureValue":      {`<ds:SignatureValue>`, `<ds:SignatureValue><x/>`, saml.CodeProfile},
		"comment in X509Certificate":     {`<ds:X509Certificate>`, `<ds:X509Certificate><!-- x -->`, saml.CodeXML},
		"two roots":                      {`</samlp:Response>`, `</samlp:Response><x/>`, saml.CodeXML},
		"text after the root":            {`</samlp:Response>`, `</samlp:Response>x`, saml.CodeXML},
		"comment after the root":         {`</samlp:Response>`, `</samlp:Response><!-- -->`, saml.CodeXML},
		"text before the root":           {start, `x` + start, saml.CodeXML},
		"no end":                         {`</samlp:Response>`, ``, saml.CodeXML},
		"wrong end":                      {`</samlp:Response>`, `</saml:Response>`, saml.CodeXML},
		"UTF-7":                          {start, `<?xml version="1.0" encoding="UTF-7"?>` + start, saml.CodeXML},
		"Latin 1":                        {start, `<?xml version="1.0" encoding="ISO-8859-1"?>` + start, saml.CodeXML},
		"UTF-16 by name":                 {start, `<?xml version="1.0" encoding="UTF-16"?>` + start, saml.CodeXML},
		"XML 1.1":                        {start, `<?xml version="1.1"?>` + start, saml.CodeXML},
		"two byte order marks":           {start, "\uFEFF\uFEFF" + start, saml.CodeXML},
		"bytes that are not UTF-8":       {`>Ann<`, ">A\xffnn<", saml.CodeXML},
		"overlong":                       {`>Ann<`, ">A\xc0\xafnn<", saml.CodeXML},
		"NUL":                            {`>Ann<`, ">A\x00nn<", saml.CodeXML},
		"NUL by reference":               {`>Ann<`, ">A&#0;nn<", saml.CodeXML},
		"name that starts with a colon":  {`<samlp:Status>`, `<:x/><samlp:Status>`, saml.CodeXML},
		"name that ends with a colon":    {`<samlp:Status>`, `<samlp:/><samlp:Status>`, saml.CodeXML},
		"attribute with a leading colon": {` ID="resp-1"`, ` :a="1" ID="resp-1"`, saml.CodeXML},
		"attribute with a final colon":   {` ID="resp-1"`, ` samlp:="1" ID="resp-1"`, saml.CodeXML},
		"name with two colons":           {`<samlp:Status>`, `<samlp:a:b/><samlp:Status>`, saml.CodeXML},
		"ID twice":                       {` ID="resp-1"`, ` ID="resp-1" ID="resp-2"`, saml.CodeXML},
		"Destination twice":              {` Destination="`, ` Destination="https://evil.example" Destination="`, saml.CodeXML},
		"twice by two prefixes":          {` ID="resp-1"`, ` xmlns:p="urn:p" xmlns:q="urn:p" p:a="1" q:a="2" ID="resp-1"`, saml.CodeXML},
	}
	tryAfter(t, after)
	accepted(t, `<?xml version="1.0" encoding="utf-8"?>`+"\n"+base("both").sign(genuine(), signing{})+"\n")
}

// Comments and instructions again, signed by the provider: strict all the same, never truncated.
func TestCommentsAndInstructionsSignedByTheProvider(t *testing.T) {
	t.Parallel()
	for _, inside := range []string{`<!-- -->`, `<?p x?>`, `<![CDATA[]]>`} {
		doc := replace(t, genuine(), "ann@victim.example", "ann@victim.example"+inside+".evil.example")
		got, err := login(base("assertion").sign(doc, signing{}))
		refused(t, got, err, saml.CodeXML)
	}
}

// One SignedInfo, one value, one Reference.
func TestMultipleSignedInfoAndReference(t *testing.T) {
	t.Parallel()
	info := func(doc string) string {
		i, j := strings.Index(doc, "<ds:SignedInfo>"), strings.Index(doc, "</ds:SignedInfo>")
		return doc[i : j+len("</ds:SignedInfo>")]
	}
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		accepted(t, doc)
		for name, forged := range map[string]string{
			"two SignedInfo":               strings.Replace(doc, info(doc), info(doc)+info(doc), 1),
			"SignedInfo in an Object":      strings.Replace(doc, "</ds:Signature>", "<ds:Object>"+info(doc)+"</ds:Object></ds:Signature>", 1),
			"SignedInfo in KeyInfo":        strings.Replace(doc, "</ds:KeyInfo>", info(doc)+"</ds:KeyInfo>", 1),
			"foreign SignedInfo":           strings.Replace(doc, info(doc), `<x:SignedInfo xmlns:x="urn:x"/>`+info(doc), 1),
			"two SignatureValue":           strings.Replace(doc, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignatureValue>", 1),
			"two KeyInfo":                  strings.Replace(doc, "<ds:KeyInfo>", "<ds:KeyInfo/><ds:KeyInfo>", 1),
			"two DigestValue":              strings.Replace(doc, "<ds:DigestValue>", "<ds:DigestValue>AAAA</ds:DigestValue><ds:DigestValue>", 1),
			"DigestValue in KeyInfo":       strings.Replace(doc, "</ds:KeyInfo>", "<ds:DigestValue>AAAA</ds:DigestValue></ds:KeyInfo>", 1),
			"two References":               b.sign(genuine(), signing{twice: true}),
			"no Reference":                 strings.Replace(doc, doc[strings.Index(doc, "<ds:Reference "):strings.Index(doc, "</ds:Reference>")+len("</ds:Reference>")], "", 1),
			"a Signature in the Signature": strings.Replace(doc, "</ds:KeyInfo>", "<ds:Signature/></ds:KeyInfo>", 1),
		} {
			t.Run(string(b)+"/"+name, func(t *testing.T) {
				t.Parallel()
				got, err := login(forged)
				refused(t, got, err, saml.CodeProfile)
			})
		}
	}
}

// A Reference names the parent's ID, spelled exactly.
func TestReferenceURI(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"asrt-1", "#", "#other", "#asrt-1 ", "#Asrt-1", "#%61srt-1", "http://sp.example/#asrt-1",
		"#xpointer(id('asrt-1'))", "#xpointer(/)", "file:///etc/passwd", "#resp-1"} {
		t.Run(uri, func(t *testing.T) {
			t.Parallel()
			got, err := login(base("assertion").sign(genuine(), signing{uri: uri}))
			refused(t, got, err, saml.CodeProfile)
		})
	}
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		i := strings.Index(doc, `URI="`)
		j := i + len(`URI="`) + strings.Index(doc[i+len(`URI="`):], `"`)
		for name, forged := range map[string]string{"empty": doc[:i] + `URI="` + doc[j:], "none": doc[:i] + doc[j+1:]} {
			got, err := login(forged)
			if e := refused(t, got, err, saml.CodeProfile); e.AssertionID != "" {
				t.Errorf("%s: AssertionID %q without a signature", name, e.AssertionID)
			}
		}
		accepted(t, doc)
	}
}

// Namespaces for which canonicalization has no answer, and the digest of nothing.
func TestVoidCanonicalization(t *testing.T) {
	t.Parallel()
	for _, ns := range []string{"1", "../x", "", "x y", "#", "?", ":", "1:2", " urn:x"} {
		for _, where := range []string{"<samlp:Response ", "<saml:Assertion "} {
			for _, b := range bases() {
				doc := b.sign(genuine(), signing{})
				accepted(t, doc)
				got, err := login(replace(t, doc, where, where+`xmlns:e="`+ns+`" `))
				refused(t, got, err, saml.CodeXML)
				got, err = login(b.sign(replace(t, genuine(), where, where+`xmlns:e="`+ns+`" `), signing{}))
				refused(t, got, err, saml.CodeXML)
			}
		}
	}
	tryAfter(t, map[string]edit{
		"on the Signature":  {`<ds:Signature `, `<ds:Signature xmlns:e="1" `, saml.CodeXML},
		"on the SignedInfo": {`<ds:SignedInfo>`, `<ds:SignedInfo xmlns="..">`, saml.CodeXML},
	})
	doc := base("assertion").sign(genuine(), signing{})
	i := strings.Index(doc, "<ds:DigestValue>") + len("<ds:DigestValue>")
	got, err := login(doc[:i] + "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" + doc[i+44:])
	refused(t, got, err, saml.CodeProfile)
}
