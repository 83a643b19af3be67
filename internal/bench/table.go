package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/saml"
)

// row is one document, who reads it, and the piece of cryptography that cannot be
// saved: the unit in which time is counted.
type row struct {
	name    string
	login   login
	unit    subject
	peers   bool // both peers can read it
	against []bar
}

// names of the readers
const (
	engineOnly = "engine alone"
	bothKeys   = "both verifiers"
	peerG      = "gosaml2"
	peerC      = "crewjam"
	units      = "unit"
)

// bar is what must hold: the cost of one reader against another's.
type bar struct {
	who, of string // of "": an absolute number
	most    float64
	what    string // "time", "allocations", "bytes"
}

func atMost(who string, most float64, of string) bar { return bar{who, of, most, "time"} }

// rows are the logins that are measured.
func (w *world) rows() ([]row, error) {
	verify, err := w.rsaVerify()
	if err != nil {
		return nil, err
	}
	decrypt, err := w.oaepDecrypt()
	if err != nil {
		return nil, err
	}
	ec, err := w.ecdsaVerify()
	if err != nil {
		return nil, err
	}
	plain := login{by: w.rsa, signAssertion: true, groups: 19}
	posted, both := plain, plain
	posted.groups, both.signResponse = 0, true
	many, most := plain, plain
	many.groups, most.groups = 200, 5000
	sealed := plain
	sealed.encrypted = true
	curve := plain
	curve.by = w.ec
	second := []bar{atMost(bothKeys, 0.45, peerG)}
	first := append([]bar{
		atMost(engineOnly, 3.0, units), atMost(engineOnly, 1.0/15, peerG), atMost(engineOnly, 1.0/15, peerC),
		{engineOnly, "", 150, "allocations"},
	}, second...)
	return []row{
		{"signed assertion, 7 kB as it is posted", posted, verify, true, append(first[:len(first):len(first)], bar{engineOnly, "", 16 << 10, "bytes"})},
		// Of its bytes 8 kB are the decoded document, which every string in the claims is a part of.
		{"signed assertion, 7 kB of XML", plain, verify, true, append(first[:len(first):len(first)], bar{engineOnly, "", 20 << 10, "bytes"})},
		{"response and assertion signed", both, verify, true, append([]bar{atMost(engineOnly, 5.5, units)}, second...)},
		{"200 groups", many, verify, true, append([]bar{
			atMost(engineOnly, 14, units), {engineOnly, "", 1000, "allocations"},
		}, second...)},
		{"5,000 groups", most, verify, false, nil}, // goxmldsig's limit of 1,000 elements stops both peers
		{"encrypted", sealed, decrypt, true, append([]bar{atMost(engineOnly, 1.2, units)}, second...)},
		{"ECDSA P-256", curve, ec, false, []bar{atMost(engineOnly, 2.0, units)}}, // the peers expect ASN.1
	}, nil
}

// subjects are the readers of r, the unit first. Each has read the document once,
// rightly.
func (w *world) subjects(r row) ([]subject, int, error) {
	xml, err := w.document(r.login)
	if err != nil {
		return nil, 0, err
	}
	crew, err := w.crewjam(r.login.by)
	if err != nil {
		return nil, 0, err
	}
	readers := []struct {
		name string
		read reader
		peer bool
	}{
		{engineOnly, w.ours(r.login.by, &saml.Rules{InsecureEngineOnly: true}), false},
		{bothKeys, w.ours(r.login.by, nil), false},
		{peerG, w.gosaml2(r.login.by), true},
		{peerC, crew, true},
	}
	encoded := encode(xml)
	out := []subject{r.unit}
	for _, rd := range readers {
		run := func() error {
			who, groups, err := rd.read(encoded)
			if err == nil && (who != email || groups != r.login.groups) {
				err = fmt.Errorf("read %q with %d groups", who, groups)
			}
			if err != nil {
				return fmt.Errorf("%s, %s: %w", r.name, rd.name, err)
			}
			return nil
		}
		err := run()
		if rd.peer && !r.peers {
			if err == nil {
				return nil, 0, fmt.Errorf("%s: %s reads it, and is not measured", r.name, rd.name)
			}
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		out = append(out, subject{rd.name, run})
	}
	return out, len(xml), nil
}

func encode(xml string) string { return base64.StdEncoding.EncodeToString([]byte(xml)) }

var errUnit = errors.New("bench: the unit fails")

// rsaVerify is one verification of an RSA-2048 signature over a digest.
func (w *world) rsaVerify() (subject, error) {
	digest := sha256.Sum256([]byte("content"))
	sig, err := w.rsa.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return subject{}, err
	}
	public := w.rsa.cert.PublicKey.(*rsa.PublicKey)
	return subject{units, func() error { return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], sig) }}, nil
}

// oaepDecrypt is one decryption of a content key with an RSA-2048 key.
func (w *world) oaepDecrypt() (subject, error) {
	private := w.sp.key.(*rsa.PrivateKey)
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &private.PublicKey, make([]byte, 16), nil)
	if err != nil {
		return subject{}, err
	}
	return subject{units, func() error {
		_, err := rsa.DecryptOAEP(sha1.New(), nil, private, sealed, nil)
		return err
	}}, nil
}

// ecdsaVerify is one verification of an ECDSA signature on P-256 over a digest.
func (w *world) ecdsaVerify() (subject, error) {
	digest := sha256.Sum256([]byte("content"))
	sig, err := w.ec.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return subject{}, err
	}
	public := w.ec.cert.PublicKey.(*ecdsa.PublicKey)
	return subject{units, func() error {
		if !ecdsa.VerifyASN1(public, digest[:], sig) {
			return errUnit
		}
		return nil
	}}, nil
}
