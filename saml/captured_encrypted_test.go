package saml_test

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// capturedKey is the key that the documents of a source are encrypted for.
func capturedKey(t testing.TB, src string) saml.Key {
	t.Helper()
	file := map[string]string{"adfs": "oktaenc_sp_encryption_key.pem", "oktaenc": "oktaenc_sp_encryption_key.pem",
		"pingfed": "pingfed/sp.encryption.key", "olgn09": "onelogin/sp.encryption.key"}[src]
	block, _ := pem.Decode(captured(t, file))
	if block == nil {
		t.Fatalf("%s is no PEM", file)
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return saml.Key{Signer: k}
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return saml.Key{Signer: k.(crypto.Signer)}
}

// capturedEncrypted are the documents that open, and when they were made.
func capturedEncrypted() map[string]string {
	out := map[string]string{
		"adfs_response_enc.b64 adfs":             "2017-09-21T23:20:00Z",
		"oktaenc_response.b64 oktaenc":           "2017-09-06T22:14:00Z",
		"pingfed/pfed11_response_05.b64 pingfed": "2017-09-03T01:23:00Z",
	}
	for _, n := range []int{5, 6, 7, 8, 9, 27, 28} {
		out[fmt.Sprintf("onelogin/olgn09_response_%02d.b64 olgn09", n)] = "2017-08-30T23:15:00Z"
	}
	return out
}

// TestCapturedEncryptedLogins: what real providers encrypted opens with the opt-ins it
// needs (all of it is AES-CBC, and of a time that signed with SHA-1), and with none.
func TestCapturedEncryptedLogins(t *testing.T) {
	t.Parallel()
	for key, at := range capturedEncrypted() {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			file, src, _ := strings.Cut(key, " ")
			sp, idp := sources()[src].parties(t)
			m, err := capturedMessage(t, file)
			if err != nil {
				t.Fatal(explain(err))
			}
			now := utc(t, at)
			req := &saml.Request{ID: m.InResponseTo(), ExpiresAt: now.Add(time.Minute)}
			both := &saml.Rules{InsecureAllowCBC: true, InsecureAllowLegacy: true, RequireEncrypted: true}

			got, err := sp.Finish(idp, both, m, req, now)
			refused(t, got, err, saml.CodeEncrypted) // no key to open it with

			sp.Keys = []saml.Key{signingSP().Keys[0], capturedKey(t, src)}
			got, err = sp.Finish(idp, both, m, req, now)
			if err != nil {
				t.Fatal(explain(err))
			}
			if got.Email == "" || got.NameID.Value == "" || !got.Solicited {
				t.Errorf("%+v", got)
			}
			got, err = sp.Finish(idp, &saml.Rules{InsecureAllowLegacy: true}, m, req, now)
			refused(t, got, err, saml.CodeAlgorithm)
			sp.Keys = sp.Keys[:1]
			got, err = sp.Finish(idp, both, m, req, now)
			refused(t, got, err, saml.CodeEncrypted)
		})
	}
}

// TestCapturedEncryptedForgeries: opened or not, with both opt-ins: changed ciphertexts,
// other signers, and nobody's signature, all with one answer where a key was used on
// what nobody had signed.
func TestCapturedEncryptedForgeries(t *testing.T) {
	t.Parallel()
	want := map[int]saml.Code{
		17: saml.CodeSignature, 37: saml.CodeSignature, 38: saml.CodeSignature, // the Response is signed, and was changed or by another
		23: saml.CodeStale, 24: saml.CodeNotYetValid,
	}
	for _, n := range []int{16, 18, 36, 46, 47, 48, 97, 98} {
		want[n] = saml.CodeEncrypted
	}
	sp, idp := sources()["olgn09"].parties(t)
	sp.Keys = []saml.Key{capturedKey(t, "olgn09")}
	now := utc(t, "2017-08-30T23:15:00Z")
	for n, code := range want {
		m, err := capturedMessage(t, fmt.Sprintf("onelogin/olgn09_response_%02d.b64", n))
		if err != nil {
			t.Fatal(explain(err))
		}
		req := &saml.Request{ID: m.InResponseTo(), ExpiresAt: now.Add(time.Minute)}
		got, err := sp.Finish(idp, &saml.Rules{InsecureAllowCBC: true, InsecureAllowLegacy: true}, m, req, now)
		refused(t, got, err, code)
	}
}
