package xmlenc_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"os"
	"testing"

	"github.com/accesssec/accesssec-go/saml/internal/xmlenc"
)

// vectors are what other programs encrypted to one key, all with the same content.
func vectors(t testing.TB) (*rsa.PrivateKey, []byte, []xmlenc.Ciphertext) {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		PrivateKey []byte `json:"private_key"`
		Plain      []byte `json:"plain"`
		Vectors    []struct {
			Cipher    string `json:"cipher"`
			Transport string `json:"transport"`
			Digest    string `json:"digest"`
			MGF       string `json:"mgf"`
			Label     []byte `json:"label"`
			Key       []byte `json:"key"`
			Data      []byte `json:"data"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	private, err := x509.ParsePKCS8PrivateKey(file.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var out []xmlenc.Ciphertext
	for _, v := range file.Vectors {
		out = append(out, xmlenc.Ciphertext{Cipher: v.Cipher, Data: v.Data,
			KeyTransport: v.Transport, Digest: v.Digest, MGF: v.MGF, Label: v.Label, Key: v.Key})
	}
	return private.(*rsa.PrivateKey), file.Plain, out
}
