package saml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// listOf is an InclusiveNamespaces with something in its tag and something inside.
func listOf(attributes, inside string) string {
	return `<ec:InclusiveNamespaces xmlns:ec="` + excC14N + `"` + attributes + `>` + inside + `</ec:InclusiveNamespaces>`
}

// prefixesOf names n prefixes.
func prefixesOf(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("p%d", i)
	}
	return ` PrefixList="` + strings.Join(names, " ") + `"`
}

// formEdits are ways to write a Signature that nobody has to understand.
func formEdits() map[string]edit {
	const (
		method  = `rsa-sha256"/>`
		digest  = `xmlenc#sha256"/>`
		foreign = ` xmlns:z="urn:z" z:a="1"`
	)
	out := map[string]edit{
		"HMACOutputLength":                  {method, `rsa-sha256"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>`, saml.CodeProfile},
		"SignatureMethod, a foreign child":  {method, `rsa-sha256"><x xmlns="urn:x"/></ds:SignatureMethod>`, saml.CodeProfile},
		"SignatureMethod, text":             {method, `rsa-sha256">x</ds:SignatureMethod>`, saml.CodeProfile},
		"SignatureMethod, Id":               {method, `rsa-sha256" Id="x"/>`, saml.CodeProfile},
		"DigestMethod, a child":             {digest, `xmlenc#sha256"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:DigestMethod>`, saml.CodeProfile},
		"DigestMethod, a foreign child":     {digest, `xmlenc#sha256"><x xmlns="urn:x"/></ds:DigestMethod>`, saml.CodeProfile},
		"DigestMethod, text":                {digest, `xmlenc#sha256">x</ds:DigestMethod>`, saml.CodeProfile},
		"DigestMethod, Id":                  {digest, `xmlenc#sha256" Id="x"/>`, saml.CodeProfile},
		"Reference, Type":                   {`<ds:Reference `, `<ds:Reference Type="http://www.w3.org/2000/09/xmldsig#Object" `, saml.CodeProfile},
		"Reference, text":                   {`</ds:Reference>`, `x</ds:Reference>`, saml.CodeProfile},
		"Reference, a child more":           {`</ds:Reference>`, `<x xmlns="urn:x"/></ds:Reference>`, saml.CodeProfile},
		"SignedInfo, text":                  {`</ds:SignedInfo>`, `x</ds:SignedInfo>`, saml.CodeProfile},
		"SignedInfo, a child more":          {`</ds:SignedInfo>`, `<x xmlns="urn:x"/></ds:SignedInfo>`, saml.CodeProfile},
		"Transforms, text":                  {`</ds:Transforms>`, `x</ds:Transforms>`, saml.CodeProfile},
		"Transforms, Id":                    {`<ds:Transforms>`, `<ds:Transforms Id="x">`, saml.CodeProfile},
		"Signature, text":                   {`</ds:Signature>`, `x</ds:Signature>`, saml.CodeProfile},
		"Signature, a child more":           {`</ds:Signature>`, `<x xmlns="urn:x"/></ds:Signature>`, saml.CodeProfile},
		"DigestValue, Id":                   {`<ds:DigestValue>`, `<ds:DigestValue Id="x">`, saml.CodeProfile},
		"SignatureValue, Type":              {`<ds:SignatureValue>`, `<ds:SignatureValue Type="x">`, saml.CodeProfile},
		"enveloped transform, text":         {enveloped + `"/>`, enveloped + `">x</ds:Transform>`, saml.CodeAlgorithm},
		"enveloped transform, a list in it": {enveloped + `"/>`, enveloped + `">` + listOf(` PrefixList="xs"`, "") + `</ds:Transform>`, saml.CodeAlgorithm},
	}
	for _, part := range []string{"Signature", "SignedInfo", "SignatureMethod", "Reference", "Transforms", "DigestMethod", "DigestValue", "SignatureValue"} {
		out["a foreign attribute on "+part] = edit{`<ds:` + part, `<ds:` + part + foreign, saml.CodeProfile}
		out["an unknown attribute on "+part] = edit{`<ds:` + part, `<ds:` + part + ` unknown="1"`, saml.CodeProfile}
	}
	canonicalizations := map[string]string{"CanonicalizationMethod": `<ds:CanonicalizationMethod Algorithm="` + excC14N + `">`, "Transform": `<ds:Transform Algorithm="` + excC14N + `">`}
	for part, open := range canonicalizations {
		for name, inside := range map[string]string{
			"text":                                `x`,
			"two lists":                           listOf(` PrefixList="xs"`, "") + listOf(` PrefixList="xs"`, ""),
			"a list and another element":          listOf(` PrefixList="xs"`, "") + `<x xmlns="urn:x"/>`,
			"another element and a list":          `<x xmlns="urn:x"/>` + listOf(` PrefixList="xs"`, ""),
			"a list and text":                     listOf(` PrefixList="xs"`, "") + `x`,
			"a list of another namespace":         `<ds:InclusiveNamespaces PrefixList="xs"/>`,
			"a list of another name":              `<ec:Inclusive xmlns:ec="` + excC14N + `" PrefixList="xs"/>`,
			"an unknown attribute of the list":    listOf(` PrefixList="xs" more="1"`, ""),
			"an ID of the list":                   listOf(` PrefixList="xs" Id="x"`, ""),
			"a foreign attribute of the list":     listOf(` PrefixList="xs"`+foreign, ""),
			"a PrefixList of a foreign namespace": listOf(` xmlns:z="urn:z" z:PrefixList="xs"`, ""),
			"text in the list":                    listOf(` PrefixList="xs"`, `x`),
			"white space in the list":             listOf(` PrefixList="xs"`, " "),
			"an element in the list":              listOf(` PrefixList="xs"`, `<x xmlns="urn:x"/>`),
			"17 prefixes":                         listOf(prefixesOf(17), ""),
			"200 prefixes":                        listOf(prefixesOf(200), ""),
		} {
			out[part+", "+name] = edit{open, open + inside, saml.CodeAlgorithm}
		}
		tag := strings.TrimSuffix(open, ">")
		out["a foreign attribute on "+part] = edit{open, tag + foreign + `>`, saml.CodeAlgorithm}
		out["an unknown attribute on "+part] = edit{open, tag + ` unknown="1">`, saml.CodeAlgorithm}
	}
	return out
}

// A Signature has one form. What is not of it is refused by the form alone, though all of
// it is signed, and before any key is tried.
func TestFormOfTheSignature(t *testing.T) {
	t.Parallel()
	for _, b := range []base{"response", "assertion"} {
		for name, e := range formEdits() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				doc := resigned(replace(t, b.sign(genuine(), signing{}), e.old, e.new), "idp")
				for _, rules := range []*saml.Rules{nil, engineOnly(), {InsecureEngineOnly: true, InsecureAllowLegacy: true}} {
					id, err := finish(doc, theirIdP(), rules, ourRequest(), clock())
					refused(t, id, err, e.code)
				}
			})
		}
		// Sixteen prefixes, Ids where the schema has them, and white space are no harm.
		for name, e := range map[string]edit{
			"sixteen prefixes of SignedInfo":    {`<ds:CanonicalizationMethod Algorithm="` + excC14N + `">`, `<ds:CanonicalizationMethod Algorithm="` + excC14N + `">` + listOf(prefixesOf(16), ""), ""},
			"sixteen prefixes of the transform": {`<ds:Transform Algorithm="` + excC14N + `">`, `<ds:Transform Algorithm="` + excC14N + `">` + listOf(prefixesOf(16), ""), ""},
			"Id of the Signature":               {`<ds:Signature `, `<ds:Signature Id="x" `, ""},
			"Id of SignedInfo":                  {`<ds:SignedInfo>`, `<ds:SignedInfo Id="x">`, ""},
			"Id of the Reference":               {`<ds:Reference `, `<ds:Reference Id="x" `, ""},
			"Id of the SignatureValue":          {`<ds:SignatureValue>`, `<ds:SignatureValue Id="x">`, ""},
			"white space":                       {`<ds:Reference `, "\n  <ds:Reference ", ""},
		} {
			doc := resigned(replace(t, b.sign(genuine(), signing{}), e.old, e.new), "idp")
			id, err := login(doc)
			if err != nil {
				t.Fatalf("%s: %s", name, explain(err))
			}
			sameAsGenuine(t, id)
		}
	}
}

// A Reference is "#" and the ID, and nothing that is almost that.
func TestReferenceURIToTheLetter(t *testing.T) {
	t.Parallel()
	for b, id := range map[base]string{"assertion": "asrt-1", "response": "resp-1"} {
		for _, uri := range []string{"?", "x", "", "/", "##", " #", "%23", "&#x23;&#x23;", "*", "\"", "\uff03", "#x-", "cid:", "#xpointer(id('"} {
			uri = strings.ReplaceAll(uri, `"`, "&quot;") + id
			doc := b.sign(genuine(), signing{uri: uri})
			got, err := login(doc)
			refused(t, got, err, saml.CodeProfile)
			got, err = finish(doc, theirIdP(), engineOnly(), ourRequest(), clock())
			refused(t, got, err, saml.CodeProfile)
		}
		for _, uri := range []string{"#" + id + "x", "#" + id[:len(id)-1], "#" + strings.ToUpper(id), "#" + id + "#", "#" + id + "')", "#"} {
			got, err := finish(b.sign(genuine(), signing{uri: uri}), theirIdP(), engineOnly(), ourRequest(), clock())
			refused(t, got, err, saml.CodeProfile)
		}
		// The same letters by a reference of XML are the same.
		accepted(t, b.sign(genuine(), signing{uri: "&#x23;" + id}))
	}
}
