package saml_test

import (
	"crypto"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// dialect is one way in which providers write and sign the same login.
type dialect struct {
	name   string
	where  base
	how    signing
	write  func(genuine string) string // nil: as it is
	pinned string                      // name in keys; "": idp
	seal   *sealing                    // nil: the assertion is in clear
}

// dialects are what attacks start from. What they say is always the same.
func dialects() []dialect {
	return []dialect{
		{name: "response signed", where: "response"},
		{name: "assertion signed", where: "assertion"},
		{name: "both signed", where: "both"},
		{name: "assertion signed, prefix lists", where: "assertion", how: signing{list: "xs samlp", infoList: "xs samlp"}},
		{name: "both signed, prefix lists", where: "both", how: signing{list: "xs", infoList: "samlp"}},
		{name: "response signed at its end", where: "response", write: signatureLast},
		{name: "assertion signed at its end", where: "assertion", write: signatureLast},
		{name: "both signed, default namespaces", where: "both", how: signing{unprefixed: true}, write: unprefixed},
		{name: "assertion signed by ECDSA", where: "assertion", how: signing{by: "ec", plainEC: true}, pinned: "ec"},
		{name: "response signed by ECDSA P-384", where: "response", how: signing{by: "ec384", hash: crypto.SHA384, plainEC: true}, pinned: "ec384"},
		{name: "both signed, indented", where: "both", how: signing{indent: "\n      "}, write: indented},
		{name: "assertion signed, CRLF", where: "assertion", how: signing{indent: "\r\n"}, write: func(doc string) string {
			return strings.ReplaceAll(indented(doc), "\n", "\r\n")
		}},
		{name: "assertion that declares its own namespaces", where: "assertion", write: selfContained},
		{name: "assertion signed, then encrypted", where: "assertion", seal: &sealing{}},
		{name: "encrypted, then the response signed", where: "response", seal: &sealing{cipher: xmlenc11 + "aes128-gcm"}},
		{name: "assertion signed, encrypted, response signed", where: "both", write: selfContained, seal: &sealing{beside: true}},
		{name: "assertion signed, its name encrypted", where: "assertion", write: func(doc string) string { return sealing{}.encryptedName(doc) }},
	}
}

// doc is the signed login.
func (d dialect) doc() string { return d.of(genuine()) }

// of signs another document the same way.
func (d dialect) of(doc string) string {
	if d.write != nil {
		doc = d.write(doc)
	}
	if d.seal != nil {
		return d.where.encrypted(doc, d.how, *d.seal)
	}
	return d.where.sign(doc, d.how)
}

func (d dialect) idp() *saml.IdP {
	if d.pinned == "" {
		return theirIdP()
	}
	return theirIdP(d.pinned)
}

// engineOnly are the rules under which our own verifier stands alone.
func engineOnly() *saml.Rules { return &saml.Rules{InsecureEngineOnly: true} }

// login finishes doc by the engine alone or by both verifiers.
func (d dialect) login(doc string, rules *saml.Rules) (*saml.Identity, error) {
	m, err := saml.ParseMessage(base64.StdEncoding.EncodeToString([]byte(doc)))
	if err != nil {
		return nil, err
	}
	return d.sp().Finish(d.idp(), rules, m, ourRequest(), clock())
}

// sp has a key to decrypt with where something is encrypted.
func (d dialect) sp() *saml.SP {
	sp := ourSP()
	if k := keys()["sp"]; d.seal != nil || strings.Contains(d.name, "encrypted") {
		sp.Keys = []saml.Key{{Signer: k.key, Cert: k.cert}}
	}
	return sp
}

// signedDialects are the documents, made once.
var signedDialects = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, d := range dialects() {
		out[d.name] = d.doc()
	}
	return out
})

func signatureLast(doc string) string {
	doc = strings.NewReplacer("@R@", "", "@A@", "").Replace(doc)
	return strings.NewReplacer("</saml:Assertion>", "@A@</saml:Assertion>", "</samlp:Response>", "@R@</samlp:Response>").Replace(doc)
}

// unprefixed writes the same names by default namespaces.
func unprefixed(doc string) string {
	const assertion = ` xmlns="urn:oasis:names:tc:SAML:2.0:assertion"`
	doc = strings.NewReplacer(
		` xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`, ` xmlns="urn:oasis:names:tc:SAML:2.0:protocol"`,
		`<saml:Assertion `, `<Assertion`+assertion+` `, `<samlp:`, `<`, `</samlp:`, `</`).Replace(doc)
	doc = strings.Replace(doc, `<saml:Issuer>`, `<Issuer`+assertion+`>`, 1)
	return strings.NewReplacer(`<saml:`, `<`, `</saml:`, `</`).Replace(doc)
}

// indented puts every element on a line of its own, but for those that hold text.
func indented(doc string) string {
	return strings.NewReplacer("><", ">\n  <", "@<", "@\n  <", ">@", ">\n  @").Replace(doc)
}

func selfContained(doc string) string {
	const assertion = ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`
	doc = strings.Replace(doc, assertion, ` xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"`, 1)
	doc = strings.NewReplacer(`<saml:Issuer>`, `<a:Issuer>`, `</saml:Issuer>@R@`, `</a:Issuer>@R@`).Replace(doc)
	doc = strings.Replace(doc, `<saml:Assertion `, `<saml:Assertion`+assertion+` xmlns:xs="http://www.w3.org/2001/XMLSchema" `, 1)
	i := strings.Index(doc, "<saml:Assertion ")
	return doc[:i] + strings.Replace(doc[i:], "<a:Issuer>", "<saml:Issuer>", 1)
}

// Every dialect logs in, and says exactly the same.
func TestDialectsOfOneLogin(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			for _, rules := range []*saml.Rules{nil, engineOnly()} {
				got, err := d.login(signedDialects()[d.name], rules)
				if err != nil {
					t.Fatal(explain(err))
				}
				sameAsGenuine(t, got)
			}
		})
	}
}

// genuineIdentity is what the genuine document says.
func genuineIdentity() *saml.Identity {
	return &saml.Identity{
		AssertionID:     "asrt-1",
		NameID:          saml.NameID{Value: "ann@victim.example", Format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
		Email:           "ann@victim.example",
		FirstName:       "Ann",
		Groups:          []string{"red", "blue"},
		Attributes:      map[string][]string{"firstName": {"Ann"}, "groups": {"red", "blue"}},
		SessionIndex:    "sess-1",
		AuthnContext:    []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:Password"},
		AuthenticatedAt: clock().Add(-time.Minute),
		ReplayUntil:     clock().Add(15 * time.Minute),
		Solicited:       true,
	}
}

func sameAsGenuine(t testing.TB, got *saml.Identity) {
	t.Helper()
	if diff := cmp.Diff(genuineIdentity(), got); diff != "" {
		t.Fatal(diff)
	}
}
