package interop_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// xmlsec is xmlsec1, which makes and judges documents for these tests. It works in a
// folder of its own.
type xmlsec struct {
	dir    string
	python string // runs libxmlsec where the program is too old for xmlenc11; may be ""
}

// missing leaves a test out, or fails it where all of it must be there.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("ACCESSSEC_REQUIRE_XMLSEC") != "" {
		t.Fatalf("missing: %s", what)
	}
	t.Skipf("left out: %s is missing; .ci/xmlsec.sh installs it and runs these tests", what)
}

func newXMLSec(t testing.TB) xmlsec {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		missing(t, "xmlsec1")
	}
	return xmlsec{dir: t.TempDir(), python: os.Getenv("ACCESSSEC_TEST_XMLSEC_PYTHON")}
}

// file writes one into the folder.
func (x xmlsec) file(t testing.TB, name string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(x.dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// run returns what the program writes, or its complaint. It finds files by their bare
// names, because a comma in a path means something to xmlsec1.
func (x xmlsec) run(t testing.TB, program string, args ...string) ([]byte, error) {
	t.Helper()
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = x.dir
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(program), err, complaint.Bytes())
	}
	return out.Bytes(), nil
}

// maker is a key that documents are signed with, and the certificate for it.
type maker struct {
	private crypto.Signer
	cert    *x509.Certificate
}

func newRSA(t testing.TB) maker {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return newMaker(t, private)
}

func newECDSA(t testing.TB, curve elliptic.Curve) maker {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newMaker(t, private)
}

func newMaker(t testing.TB, private crypto.Signer) maker {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "xmlsec"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return maker{private, cert}
}

func certPEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// named is an XPath to the one element of that path, by local names.
func named(path ...string) string {
	var b strings.Builder
	for _, name := range path {
		fmt.Fprintf(&b, "/*[local-name()='%s']", name)
	}
	return b.String()
}

// ids tell xmlsec1, which reads no schema, what the ID attributes are.
func ids() []string {
	return []string{
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:LogoutResponse",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
	}
}

// sign fills in the signature that stands as a template below the element of that path.
func (x xmlsec) sign(t testing.TB, doc []byte, by maker, path ...string) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(by.private)
	if err != nil {
		t.Fatal(err)
	}
	key := x.file(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	cert := x.file(t, "cert.pem", certPEM(by.cert))
	args := append([]string{"--sign", "--privkey-pem", key + "," + cert}, ids()...)
	args = append(args, "--node-xpath", named(append(path, "Signature")...), x.file(t, "doc.xml", doc))
	out, err := x.run(t, "xmlsec1", args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return out
}

// verify says what xmlsec1 thinks of the signature below the root.
func (x xmlsec) verify(t testing.TB, doc []byte, root string, by *x509.Certificate) error {
	t.Helper()
	args := []string{"--verify", "--pubkey-cert-pem", x.file(t, "cert.pem", certPEM(by))}
	args = append(append(args, x.lax(t)...), ids()...)
	_, err := x.run(t, "xmlsec1", append(args, "--node-xpath", named(root, "Signature"), x.file(t, "doc.xml", doc))...)
	return err
}

// lax makes releases from 1.3 on take the one key they are given, whatever its name.
func (x xmlsec) lax(t testing.TB) []string {
	t.Helper()
	version, err := x.run(t, "xmlsec1", "--version")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(version, []byte("xmlsec1 1.2.")) {
		return nil
	}
	return []string{"--lax-key-search"}
}

// encryption is what a document is encrypted with.
type encryption struct {
	data   string // of the block cipher
	kind   string // "aes" or "des"
	bits   int
	key    string // of the key transport
	digest string // "" is not written
	mask   string // "" is not written
}

const (
	xmlenc   = "http://www.w3.org/2001/04/xmlenc#"
	xmlenc11 = "http://www.w3.org/2009/xmlenc11#"
	xmldsig  = "http://www.w3.org/2000/09/xmldsig#"
	dsigMore = "http://www.w3.org/2001/04/xmldsig-more#"
	excC14N  = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

func (e encryption) template() []byte {
	var details strings.Builder
	if e.digest != "" {
		fmt.Fprintf(&details, `<ds:DigestMethod xmlns:ds="%s" Algorithm="%s"/>`, xmldsig, e.digest)
	}
	if e.mask != "" {
		fmt.Fprintf(&details, `<xenc11:MGF xmlns:xenc11="%s" Algorithm="%s"/>`, xmlenc11, e.mask)
	}
	return fmt.Appendf(nil, `<xenc:EncryptedData xmlns:xenc="%s" Type="%[1]sElement">
  <xenc:EncryptionMethod Algorithm="%s"/>
  <ds:KeyInfo xmlns:ds="%s">
    <xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="%s">%s</xenc:EncryptionMethod>
      <xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey>
  </ds:KeyInfo>
  <xenc:CipherData><xenc:CipherValue/></xenc:CipherData>
</xenc:EncryptedData>`, xmlenc, e.data, xmldsig, e.key, details.String())
}

// encrypt puts the element of that path into an EncryptedData for the certificate.
func (x xmlsec) encrypt(t testing.TB, doc []byte, e encryption, to *x509.Certificate, path ...string) []byte {
	t.Helper()
	cert, in, template := x.file(t, "sp.pem", certPEM(to)), x.file(t, "doc.xml", doc), x.file(t, "template.xml", e.template())
	var out []byte
	var err error
	if beyond := e.key == xmlenc11+"rsa-oaep" || e.digest != "" && e.digest != xmldsig+"sha1"; beyond && x.lax(t) == nil {
		if x.python == "" {
			missing(t, "an xmlsec1 from 1.3 on, or a Python with the xmlsec package in ACCESSSEC_TEST_XMLSEC_PYTHON,")
		}
		script, failed := filepath.Abs("testdata/encrypt.py")
		if failed != nil {
			t.Fatal(failed)
		}
		out, err = x.run(t, x.python, script, in, template, cert, e.kind, fmt.Sprint(e.bits), named(path...))
	} else {
		args := append([]string{"--encrypt", "--pubkey-cert-pem", cert}, x.lax(t)...)
		out, err = x.run(t, "xmlsec1", append(args, "--session-key", fmt.Sprintf("%s-%d", e.kind, e.bits),
			"--xml-data", in, "--node-xpath", named(path...), template)...)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return out
}
