package saml_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

func TestCertificateState(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	begin, end := clock().AddDate(-1, 0, 0), clock()
	cert := &x509.Certificate{NotBefore: begin, NotAfter: end}
	for name, c := range map[string]struct {
		now   time.Time
		state saml.CertState
		days  int
	}{
		"before it begins":     {begin.Add(-time.Second), saml.CertNotYetValid, 365},
		"as it begins":         {begin, saml.CertValid, 365},
		"61 days":              {end.Add(-61 * day), saml.CertValid, 61},
		"more than 60 days":    {end.Add(-60*day - time.Second), saml.CertValid, 60},
		"60 days":              {end.Add(-60 * day), saml.CertExpiring, 60},
		"less than 60 days":    {end.Add(-60*day + time.Second), saml.CertExpiring, 59},
		"one day":              {end.Add(-day), saml.CertExpiring, 1},
		"the last day":         {end.Add(-day + time.Second), saml.CertExpiring, 0},
		"the last instant":     {end, saml.CertExpiring, 0},
		"just over":            {end.Add(1), saml.CertExpired, -1},
		"over for a day":       {end.Add(day), saml.CertExpired, -1},
		"over for a day and 1": {end.Add(day + time.Second), saml.CertExpired, -2},
	} {
		if state, days := saml.CertificateState(cert, c.now); state != c.state || days != c.days {
			t.Errorf("%s: %s, %d days; want %s, %d", name, state, days, c.state, c.days)
		}
	}
	if state, days := saml.CertificateState(nil, clock()); state != saml.CertExpired || days >= 0 {
		t.Errorf("nil: %s, %d days", state, days)
	}
	forever := &x509.Certificate{NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}
	if state, days := saml.CertificateState(forever, clock()); state != saml.CertValid || days < 100_000 {
		t.Errorf("without an end: %s, %d days", state, days)
	}
}

// negative is the certificate with a serial number below zero, as one well-known
// provider's had it.
func negative(t *testing.T, cert *x509.Certificate) []byte {
	t.Helper()
	der := bytes.Replace(cert.Raw, []byte{0x02, 0x01, 0x07, 0x30}, []byte{0x02, 0x01, 0xf9, 0x30}, 1)
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("crypto/x509 reads it, so that nothing is shown")
	}
	return der
}

func TestCertificateThatOnlyItsKeyIsSoundOf(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"idp", "ec"} {
		cert := keys()[name].cert
		for what, der := range map[string][]byte{
			"a negative serial number": negative(t, cert),
			"a name that is none":      bytes.ReplaceAll(cert.Raw, []byte("\x13\x0bidp.example"), []byte("\x13\x0bidp*exa\xffple")),
		} {
			if _, err := x509.ParseCertificate(der); err == nil {
				t.Fatalf("%s: crypto/x509 reads it, so that nothing is shown", what)
			}
			got, err := saml.ParseCertificates(der)
			if err != nil {
				t.Fatalf("%s, %s: %s", name, what, explain(err))
			}
			have := got[0]
			if !bytes.Equal(have.Raw, der) || !have.NotAfter.Equal(cert.NotAfter) || !have.NotBefore.Equal(cert.NotBefore) ||
				!bytes.Equal(have.RawSubjectPublicKeyInfo, cert.RawSubjectPublicKeyInfo) || have.PublicKeyAlgorithm != cert.PublicKeyAlgorithm {
				t.Errorf("%s, %s: another certificate: %+v", name, what, have)
			}
			if have.SerialNumber == nil || have.IsCA {
				t.Errorf("%s, %s: serial %v, CA %t", name, what, have.SerialNumber, have.IsCA)
			}
			idp := theirIdP()
			idp.Certificates = got
			kept, err := json.Marshal(idp)
			if err != nil {
				t.Fatal(err)
			}
			var again saml.IdP
			if err := json.Unmarshal(kept, &again); err != nil {
				t.Fatal(explain(err))
			}
			if err := again.Check(nil); err != nil {
				t.Error(explain(err))
			}
			id, err := finish(bases()[0].sign(genuine(), signing{by: name}), &again, nil, ourRequest(), clock())
			if err != nil || id.NameID.Value != "ann@victim.example" {
				t.Errorf("%s, %s: no login: %s", name, what, explain(err))
			}
			id, err = finish(bases()[0].sign(genuine(), signing{by: "attacker"}), &again, nil, ourRequest(), clock())
			refused(t, id, err, saml.CodeSignature)
		}
	}
}

// made is a certificate whose inside a test has changed.
func made(t *testing.T, key any, days int) []byte {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	type tbs struct {
		Serial    *big.Int
		Algorithm pkix.AlgorithmIdentifier
		Issuer    pkix.RDNSequence
		Validity  []time.Time
		Subject   pkix.RDNSequence
		Key       asn1.RawValue
	}
	algorithm := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 3}}
	der, err := asn1.Marshal(struct {
		TBS       tbs
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{tbs{big.NewInt(-5), algorithm, nil, []time.Time{clock(), clock().AddDate(0, 0, days)}, nil, asn1.RawValue{FullBytes: spki}}, algorithm, asn1.BitString{Bytes: []byte{1}, BitLength: 8}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCertificateMadeByHand(t *testing.T) {
	t.Parallel()
	good := made(t, keys()["idp"].key.Public(), 100)
	certs, err := saml.ParseCertificates(good)
	if err != nil {
		t.Fatal(explain(err))
	}
	if state, days := saml.CertificateState(certs[0], clock()); state != saml.CertValid || days != 100 {
		t.Errorf("%s, %d days", state, days)
	}
	other, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first := keys()["idp"].key.Public().(*rsa.PublicKey)
	for name, der := range map[string][]byte{
		"something behind": append(bytes.Clone(good), 0),
		"cut":              good[:len(good)-1],
		"a key of no use":  made(t, other, 100),
		"exponent 1":       made(t, &rsa.PublicKey{N: first.N, E: 1}, 100),
		"an even exponent": made(t, &rsa.PublicKey{N: first.N, E: 4}, 100),
		"512 bits":         made(t, &rsa.PublicKey{N: new(big.Int).Rsh(first.N, 2048-512), E: 65537}, 100),
		"9000 bits":        made(t, &rsa.PublicKey{N: new(big.Int).Lsh(first.N, 9000-2048), E: 65537}, 100),
	} {
		got, err := saml.ParseCertificates(der)
		if got != nil {
			t.Errorf("%s: read", name)
		}
		refused(t, nil, err, saml.CodeCertificate)
	}
}

// A short key is read, so that Check can say what is wrong with it, and verifies nothing
// without the opt-in.
func TestShortKeyNeedsTheOptIn(t *testing.T) {
	t.Parallel()
	certs, err := saml.ParseCertificates(keys()["weak"].cert.Raw)
	if err != nil {
		t.Fatal(explain(err))
	}
	idp := theirIdP()
	idp.Certificates = certs
	for _, rules := range []*saml.Rules{nil, {}, {InsecureAllowCBC: true}} {
		refused(t, nil, idp.Check(rules), saml.CodeConfig)
		id, err := finish(bases()[0].sign(genuine(), signing{by: "weak"}), idp, rules, ourRequest(), clock())
		refused(t, id, err, saml.CodeAlgorithm)
	}
	if err := idp.Check(&saml.Rules{InsecureAllowLegacy: true}); err != nil {
		t.Error(explain(err))
	}
	idp.Certificates = append(idp.Certificates, keys()["idp"].cert)
	refused(t, nil, idp.Check(nil), saml.CodeConfig)
}

// FuzzCertificate: what is read has a key that can verify, and is kept as it is.
func FuzzCertificate(f *testing.F) {
	for _, name := range []string{"idp", "ec", "weak"} {
		f.Add(keys()[name].cert.Raw)
	}
	f.Add(bytes.Replace(keys()["ec"].cert.Raw, []byte{0x02, 0x01, 0x07, 0x30}, []byte{0x02, 0x01, 0xf9, 0x30}, 1))
	f.Fuzz(func(t *testing.T, file []byte) {
		certs, err := saml.ParseCertificates(file)
		if err != nil {
			refusedAny(t, err)
			return
		}
		idp := theirIdP()
		idp.Certificates = certs
		if err := idp.Check(&saml.Rules{InsecureAllowLegacy: true}); err != nil {
			t.Fatalf("a key of no use: %s", explain(err))
		}
		kept, err := json.Marshal(idp)
		if err != nil {
			t.Fatal(err)
		}
		var again saml.IdP
		if err := json.Unmarshal(kept, &again); err != nil {
			t.Fatal(explain(err))
		}
		for i, c := range certs {
			if state, days := saml.CertificateState(c, clock()); state == "" || (state == saml.CertExpired) != (days < 0) {
				t.Fatalf("%s, %d days", state, days)
			}
			if !again.Certificates[i].Equal(c) || c.SerialNumber == nil {
				t.Fatalf("another certificate: %+v", again.Certificates[i])
			}
		}
	})
}
