package saml_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

// entra is the document of a login with attributes as Entra ID sends them, and so many
// groups. With 24 it has 7 kB when its assertion is signed.
func entra(tb testing.TB, groups int) string {
	tb.Helper()
	var b strings.Builder
	b.WriteString(`<saml:AttributeStatement>`)
	add := func(name string, values ...string) {
		fmt.Fprintf(&b, `<saml:Attribute Name="%s">`, name)
		for _, v := range values {
			fmt.Fprintf(&b, `<saml:AttributeValue>%s</saml:AttributeValue>`, v)
		}
		b.WriteString(`</saml:Attribute>`)
	}
	const claims, theirs = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/", "http://schemas.microsoft.com/identity/claims/"
	add(theirs+"tenantid", "7f3c2a10-55aa-4c6e-9f0e-2b1f4a9d8c77")
	add(theirs+"objectidentifier", "c2d1e0f9-8877-4655-b443-322110ffeedd")
	add(theirs+"displayname", "Ann Lee")
	add("http://schemas.microsoft.com/claims/authnmethodsreferences",
		"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password", "http://schemas.microsoft.com/claims/multipleauthn")
	add(claims+"givenname", "Ann")
	add(claims+"surname", "Lee")
	add(claims+"emailaddress", "ann@victim.example")
	add(claims+"name", "ann@victim.example")
	var ids []string
	for i := range groups {
		ids = append(ids, fmt.Sprintf("%08x-4d2c-4b8a-9c1e-0f1e2d3c4b5a", 0xb5a10000+i))
	}
	add("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", ids...)
	b.WriteString(`</saml:AttributeStatement>`)
	doc := genuine()
	from, to := strings.Index(doc, "<saml:AttributeStatement>"), strings.Index(doc, "</saml:AttributeStatement>")
	if from < 0 || to < 0 {
		tb.Fatal("the document has no attributes")
	}
	return doc[:from] + b.String() + strings.TrimPrefix(doc[to:], "</saml:AttributeStatement>")
}

// encryptedFor seals the assertion of doc for a key of ours.
func encryptedFor(tb testing.TB, doc string, to saml.Key) string {
	tb.Helper()
	from, end := strings.Index(doc, "<saml:Assertion "), "</saml:Assertion>"
	upTo := strings.Index(doc, end) + len(end)
	key := make([]byte, 16)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		tb.Fatal(err)
	}
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, to.Cert.PublicKey.(*rsa.PublicKey), key, &rsa.OAEPOptions{Hash: crypto.SHA1})
	if err != nil {
		tb.Fatal(err)
	}
	return doc[:from] + `<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>` +
		`<ds:KeyInfo xmlns:ds="` + dsNS + `"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/><xenc:CipherData><xenc:CipherValue>` +
		base64.StdEncoding.EncodeToString(wrapped) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>` +
		base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, []byte(doc[from:upTo]), nil)) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>` + doc[upTo:]
}

// logins are what the benchmarks read, each as the base64 in the form.
func logins(tb testing.TB) []struct {
	name, encoded string
	by            string
} {
	tb.Helper()
	plain := base("assertion").sign(entra(tb, 24), signing{})
	out := []struct{ name, encoded, by string }{
		{"signed assertion", plain, "idp"},
		{"both signed", base("both").sign(entra(tb, 24), signing{}), "idp"},
		{"200 groups", base("assertion").sign(entra(tb, 200), signing{}), "idp"},
		{"5000 groups", base("assertion").sign(entra(tb, 5000), signing{}), "idp"},
		{"encrypted", encryptedFor(tb, plain, signingSP().Keys[0]), "idp"},
		{"ECDSA P-256", base("assertion").sign(entra(tb, 24), signing{by: "ec", plainEC: true}), "ec"},
	}
	for i := range out {
		out[i].encoded = base64.StdEncoding.EncodeToString([]byte(out[i].encoded))
	}
	return out
}

// signIn is what an ACS does with the base64 of a form.
func signIn(sp *saml.SP, idp *saml.IdP, rules *saml.Rules, encoded string) (*saml.Identity, error) {
	m, err := saml.ParseMessage(encoded)
	if err != nil {
		return nil, err
	}
	return sp.Finish(idp, rules, m, ourRequest(), clock())
}

// BenchmarkFinish reads logins from base64 to claims. Compare it with BenchmarkUnit;
// internal/bench has the ratios, and other libraries beside.
func BenchmarkFinish(b *testing.B) {
	sp := signingSP()
	for _, l := range logins(b) {
		for name, rules := range map[string]*saml.Rules{"both verifiers": nil, "engine alone": {InsecureEngineOnly: true}} {
			idp := theirIdP(l.by)
			b.Run(l.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(l.encoded)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := signIn(sp, idp, rules, l.encoded); err != nil {
						b.Fatal(explain(err))
					}
				}
			})
		}
	}
}

// BenchmarkUnit is the cryptography that a login cannot do without.
func BenchmarkUnit(b *testing.B) {
	digest := hashOf(crypto.SHA256, []byte("content"))
	signature := func(by string) []byte {
		out, err := keys()[by].key.Sign(rand.Reader, digest, crypto.SHA256)
		if err != nil {
			b.Fatal(err)
		}
		return out
	}
	b.Run("RSA-2048 verify", func(b *testing.B) {
		public, value := keys()["idp"].cert.PublicKey.(*rsa.PublicKey), signature("idp")
		for b.Loop() {
			if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ECDSA P-256 verify", func(b *testing.B) {
		public, value := keys()["ec"].cert.PublicKey.(*ecdsa.PublicKey), signature("ec")
		for b.Loop() {
			if !ecdsa.VerifyASN1(public, digest, value) {
				b.Fatal("refused")
			}
		}
	})
	b.Run("RSA-2048 OAEP decrypt", func(b *testing.B) {
		private := signingSP().Keys[0].Signer.(*rsa.PrivateKey)
		sealed, err := rsa.EncryptOAEPWithOptions(rand.Reader, &private.PublicKey, make([]byte, 16), &rsa.OAEPOptions{Hash: crypto.SHA1})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := private.Decrypt(nil, sealed, &rsa.OAEPOptions{Hash: crypto.SHA1}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFinishForged is what an attacker without the key can make us do.
func BenchmarkFinishForged(b *testing.B) {
	doc := base("assertion").sign(entra(b, 5000), signing{})
	encoded := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(doc, "ann@victim.example", "owner@victim.example")))
	sp := signingSP()
	for name, idp := range map[string]*saml.IdP{"other content": theirIdP(), "other key": theirIdP("second")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := signIn(sp, idp, nil, encoded); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

// BenchmarkHostile is what a stranger can make us do with the largest message there is.
// internal/bench holds the same, and what a tenant's own key signs, to their budgets.
func BenchmarkHostile(b *testing.B) {
	sp, idp := ourSP(), theirIdP()
	for name, doc := range hostile(3*(1<<20)/4 - 10_000) {
		encoded := base64.StdEncoding.EncodeToString([]byte(doc))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if m, err := saml.ParseMessage(encoded); err == nil {
					sp.Finish(idp, nil, m, ourRequest(), clock()) // a few are logins with padding
				}
			}
		})
	}
}

func BenchmarkStart(b *testing.B) {
	for name, sp := range map[string]*saml.SP{"unsigned": ourSP(), "signed": signingSP()} {
		idp := theirIdP()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := sp.Start(idp, nil, clock()); err != nil {
					b.Fatal(explain(err))
				}
			}
		})
	}
}
