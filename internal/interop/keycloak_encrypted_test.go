package interop_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/google/go-cmp/cmp"
)

// encryptedBy are the settings of a client at Keycloak for one encryption.
func encryptedBy(e encryption) map[string]string {
	return map[string]string{
		"saml.encrypt": "true", "saml.assertion.signature": "true", "saml.server.signature": "true",
		"saml.encryption.algorithm": e.data, "saml.encryption.keyAlgorithm": e.key,
		"saml.encryption.digestMethod": e.digest, "saml.encryption.maskGenerationFunction": e.mask,
	}
}

// response is the last one that the browser carried.
func (b *browser) response(t *testing.T) string {
	t.Helper()
	for i := len(b.posts) - 1; i >= 0; i-- {
		if value := b.posts[i].fields.Get("SAMLResponse"); value != "" {
			doc, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			return string(doc)
		}
	}
	t.Fatal("the browser carried no response")
	return ""
}

// methods are the algorithms that a document says it is encrypted with, in its order.
func methods(doc string) []string {
	var out []string
	_, doc, _ = strings.Cut(doc, "EncryptedData")
	for {
		_, rest, found := strings.Cut(doc, `Algorithm="`)
		if !found {
			return out
		}
		var name string
		name, doc, _ = strings.Cut(rest, `"`)
		out = append(out, name)
	}
}

// checkEncrypted wants the response to be what was asked of Keycloak, which leaves out
// what it takes for the default.
func checkEncrypted(t *testing.T, doc string, e encryption) {
	t.Helper()
	if strings.Contains(doc, "ann@example.com") || !strings.Contains(doc, "EncryptedAssertion") {
		t.Errorf("it is in clear:\n%s", doc)
	}
	want := slices.DeleteFunc([]string{e.data, e.key, e.digest, e.mask}, func(name string) bool {
		return name == "" || name == xmldsig+"sha1" || name == xmlenc11+"mgf1sha1"
	})
	if diff := cmp.Diff(want, methods(doc)); diff != "" {
		t.Errorf("encryption (-asked for +got):\n%s", diff)
	}
}

func TestKeycloakEncrypted(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	key, next := newKey(t), newKey(t)
	for _, bits := range []int{128, 192, 256} {
		for name, e := range map[string]encryption{
			"OAEP SHA-1":                     {key: xmlenc + "rsa-oaep-mgf1p", digest: xmldsig + "sha1"},
			"OAEP SHA-256 with MGF1 SHA-1":   {key: xmlenc + "rsa-oaep-mgf1p", digest: xmlenc + "sha256"},
			"OAEP 1.1 SHA-256, MGF1 SHA-256": {key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha256", mask: xmlenc11 + "mgf1sha256"},
			"OAEP 1.1 SHA-512, MGF1 SHA-512": {key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha512", mask: xmlenc11 + "mgf1sha512"},
			"OAEP 1.1 SHA-256, MGF1 SHA-1":   {key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha256", mask: xmlenc11 + "mgf1sha1"},
		} {
			if bits == 192 && e.mask != "" {
				continue // one cipher more says nothing of the rest
			}
			e.data = fmt.Sprintf("%saes%d-gcm", xmlenc11, bits)
			t.Run(fmt.Sprintf("AES-%d-GCM, %s", bits, name), func(t *testing.T) {
				t.Parallel()
				s, at := k.service(t, encryptedBy(e), key)
				s.rules = saml.Rules{Groups: "Role", RequireEncrypted: true}
				b := newBrowser(t)
				checkKeycloakAnn(t, k.signIn(t, b, at+"/login"), wantKeycloakAnn())
				checkEncrypted(t, b.response(t), e)

				// Keycloak knows a key that is on its way out.
				s.sp.Keys = []saml.Key{next, key}
				id, err := s.sp.Finish(s.idp, &s.rules, s.message, s.request, time.Now())
				if err != nil || id.Email != "ann@example.com" {
					t.Errorf("with a key more: %v, %v", id, err)
				}
				s.sp.Keys = []saml.Key{next}
				if id, err := s.sp.Finish(s.idp, &s.rules, s.message, s.request, time.Now()); id != nil || codeOf(err) != saml.CodeEncrypted {
					t.Errorf("with another key: %v, %v", id, err)
				}
			})
		}
	}
}

// Each way in which Keycloak signs what it encrypts.
func TestKeycloakEncryptedAndSigned(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	e := encryption{data: xmlenc11 + "aes256-gcm", key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha256", mask: xmlenc11 + "mgf1sha256"}
	for name, signing := range keycloakSigning() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := encryptedBy(e)
			maps.Copy(settings, signing)
			s, at := k.service(t, settings, newKey(t))
			s.rules.Groups = "Role"
			b := newBrowser(t)
			checkKeycloakAnn(t, k.signIn(t, b, at+"/login"), wantKeycloakAnn())
			checkEncrypted(t, b.response(t), e)
		})
	}
}

// What Keycloak does by itself when it reads a key for encryption in our metadata.
func TestKeycloakEncryptedByDefault(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	s, at := k.service(t, map[string]string{"saml.encrypt": "true"}, newKey(t))
	s.rules = saml.Rules{Groups: "Role", RequireEncrypted: true}
	b := newBrowser(t)
	checkKeycloakAnn(t, k.signIn(t, b, at+"/login"), wantKeycloakAnn())
	checkEncrypted(t, b.response(t), encryption{
		data: xmlenc11 + "aes256-gcm", key: xmlenc11 + "rsa-oaep", digest: xmlenc + "sha256", mask: xmlenc11 + "mgf1sha256",
	})
}

func TestKeycloakInClear(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	s, at := k.service(t, nil)
	s.rules.RequireEncrypted = true
	if out := k.signIn(t, newBrowser(t), at+"/login"); out.Identity != nil || out.Code != saml.CodeClear {
		t.Errorf("outcome %s", out)
	}
}

// What Keycloak can do and nobody should.
func TestKeycloakEncryptedNotAllowed(t *testing.T) {
	t.Parallel()
	k := newKeycloak(t)
	for name, tc := range map[string]struct {
		encryption
		rules saml.Rules
		ok    bool
	}{
		"CBC":                  {encryption{data: xmlenc + "aes256-cbc", key: xmlenc + "rsa-oaep-mgf1p", digest: xmlenc + "sha256"}, saml.Rules{}, false},
		"CBC with the opt-in":  {encryption{data: xmlenc + "aes256-cbc", key: xmlenc + "rsa-oaep-mgf1p", digest: xmlenc + "sha256"}, saml.Rules{InsecureAllowCBC: true, Groups: "Role"}, true},
		"AES-128-CBC, the old": {encryption{data: xmlenc + "aes128-cbc", key: xmlenc + "rsa-oaep-mgf1p", digest: xmlenc + "sha256"}, saml.Rules{InsecureAllowCBC: true, Groups: "Role"}, true},
		"RSA 1.5":              {encryption{data: xmlenc11 + "aes256-gcm", key: xmlenc + "rsa-1_5"}, saml.Rules{InsecureAllowCBC: true, InsecureAllowLegacy: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, at := k.service(t, encryptedBy(tc.encryption), newKey(t))
			s.rules = tc.rules
			b := newBrowser(t)
			out := k.signIn(t, b, at+"/login")
			checkEncrypted(t, b.response(t), tc.encryption)
			if tc.ok {
				checkKeycloakAnn(t, out, wantKeycloakAnn())
			} else if out.Identity != nil || out.Code != saml.CodeAlgorithm {
				t.Errorf("outcome %s", out)
			}
		})
	}
}
