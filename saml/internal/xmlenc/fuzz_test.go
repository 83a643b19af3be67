package xmlenc_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/accesssec/accesssec-go/saml/internal/xmlenc"
)

// FuzzOpen: nothing panics, failure is one of two errors and comes with nothing, and
// under AES-GCM only what was sealed opens.
func FuzzOpen(f *testing.F) {
	private, content, made := vectors(f) // the same key in every worker
	for _, c := range made {
		f.Add(c.Cipher, c.Data, c.KeyTransport, c.Digest, c.MGF, c.Label, c.Key, true)
	}
	c := made[0]
	f.Add(c.Cipher, c.Data[:12], c.KeyTransport, c.Digest, c.MGF, []byte("label"), c.Key[:5], false)
	f.Fuzz(func(t *testing.T, uri string, data []byte, transport, digest, mgf string, label, key []byte, allowCBC bool) {
		c := &xmlenc.Ciphertext{Cipher: uri, Data: data, KeyTransport: transport, Digest: digest, MGF: mgf, Label: label, Key: key}
		allowed := c.Allowed(allowCBC)
		got, err := c.Open(ring(private), allowCBC)
		var refusal *xmlenc.AlgorithmError
		switch {
		case err == nil && allowed == nil:
		case got != nil:
			t.Fatalf("an error and a content: %v", err)
		case allowed != nil && errors.As(err, &refusal) && err.Error() == allowed.Error():
		case allowed == nil && err == xmlenc.ErrOpen:
		default:
			t.Fatalf("Allowed says %v, Open says %v", allowed, err)
		}
		if err == nil && !isCBC(uri) && !bytes.Equal(got, content) {
			t.Fatalf("opened to %q", got)
		}
	})
}
