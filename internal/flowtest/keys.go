package flowtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// keysFlows: a key that is trusted no more stays so, and one that is in use is not lost.
func keysFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"removed, and still published":        keyRemoved,
		"removed with its other certificates": keyRemovedWhole,
		"lapsed, and still published":         keyLapsed,
		"in use, and published no more":       keyWithdrawn,
		"never used, and published no more":   keyWithdrawnUnused,
		"retired, and still in use":           keyStillUsed,
		"signed metadata out of date":         keyOutOfDate,
		"metadata out of date":                keyOutOfDateUnsigned,
	})
}

// certificateOf is what the connection shows of that machine's certificate.
func (c *customer) certificateOf(idp *samltest.IdP) (accesssec.Certificate, bool) {
	c.w.t.Helper()
	for _, cert := range c.connection().Certificates {
		if cert.X509.Equal(idp.Certificate()) {
			return cert, true
		}
	}
	return accesssec.Certificate{}, false
}

func (c *customer) removeCertificate(idp *samltest.IdP) {
	c.w.t.Helper()
	cert, ok := c.certificateOf(idp)
	if !ok {
		c.w.t.Fatal("there is no such certificate")
	}
	must1(c.admin().RemoveCertificate(c.w.ctx, c.conn.ID, cert.Fingerprint))
}

func keyRemoved(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	stolen := acme.sibling()
	p.publish(both(t, acme.idp.Metadata(), stolen.Metadata()))
	acme.follow(p)
	acme.signIn(ann)
	acme.removeCertificate(stolen)
	out := func() {
		t.Helper()
		_, err := acme.by(stolen, ann)
		acme.refuses(err, "saml_signature")
		if got := acme.slots(); got != "current" {
			t.Errorf("%s", got)
		}
	}
	out()
	w.aDay()
	out()
	must1(acme.admin().RefreshMetadata(w.ctx, acme.conn.ID))
	out()
	acme.follow(p) // a person asks to follow it, and has not said so of the key
	out()
	if m := acme.connection().Metadata; m.Failures != 0 {
		t.Errorf("%+v", m)
	}
	// That key alone is not followed.
	p.publish(stolen.Metadata())
	_, err := acme.admin().FollowMetadata(w.ctx, acme.conn.ID, p.at(), nil)
	acme.refuses(err, accesssec.CodeConfiguration)
	p.publish(both(t, acme.idp.Metadata(), stolen.Metadata()))
	// A person may trust it again, and then it is as any other.
	acme.addCertificate(stolen)
	w.aDay()
	must1(acme.by(stolen, ann))
}

// keyRemovedWhole: a login is verified by the key, whatever certificate it stands in.
func keyRemovedWhole(t *testing.T, w *world) {
	acme := withAnn(w)
	next := acme.sibling()
	acme.addCertificate(next)
	// The same key in another certificate: the end of the certificate is all that differs.
	again := resigned(t, next)
	must1(acme.admin().AddCertificate(w.ctx, acme.conn.ID, again))
	if got := acme.slots(); got != "current next next" {
		t.Errorf("%s", got)
	}
	acme.removeCertificate(next)
	if got := acme.slots(); got != "current" {
		t.Errorf("%s", got)
	}
	if e := acme.last(audit.CertificateRemoved); len(e.Facts) < 2 {
		t.Errorf("the log says %+v", e.Facts)
	}
	_, err := acme.by(next, ann)
	acme.refuses(err, "saml_signature")
	// They are the only ones: neither goes.
	must1(acme.admin().AddCertificate(w.ctx, acme.conn.ID, resigned(t, acme.idp)))
	cert, _ := acme.certificateOf(acme.idp)
	_, err = acme.admin().RemoveCertificate(w.ctx, acme.conn.ID, cert.Fingerprint)
	acme.refuses(err, accesssec.CodeConfiguration)
}

// resigned is another certificate on that machine's key. Who has signed it is nothing that
// a connection looks at.
func resigned(t *testing.T, idp *samltest.IdP) *x509.Certificate {
	t.Helper()
	key := idp.Certificate()
	template := x509.Certificate{SerialNumber: key.SerialNumber, Subject: key.Subject, NotBefore: key.NotBefore, NotAfter: key.NotAfter.Add(time.Hour)}
	signer := must1(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der, err := x509.CreateCertificate(rand.Reader, &template, &x509.Certificate{Subject: key.Subject}, key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return must1(x509.ParseCertificate(der))
}

func keyLapsed(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	acme.follow(p)
	acme.signIn(ann)
	next := acme.sibling()
	p.publish(both(t, acme.idp.Metadata(), next.Metadata()))
	w.aDay()
	must1(acme.by(next, ann))
	for range 9 {
		w.aDay()
	}
	if got := acme.slots(); got != "current" {
		t.Errorf("%s", got)
	}
	_, err := acme.by(acme.idp, ann)
	acme.refuses(err, "saml_signature")
	doc, err := w.store.DocByKey(w.ctx, "connection", acme.conn.ID)
	w.must(err)
	var body struct{ Dropped []string }
	w.must(json.Unmarshal(doc.Body, &body))
	if len(body.Dropped) != 1 {
		t.Errorf("dropped %v", body.Dropped)
	}
	// Given by hand it is welcome.
	acme.addCertificate(acme.idp)
	must1(acme.by(acme.idp, ann))
}

// only is the metadata of the first with the certificate of the second alone.
func only(t *testing.T, first, second []byte) []byte {
	t.Helper()
	key := regexp.MustCompile(`(?s)<md:KeyDescriptor.*</md:KeyDescriptor>`)
	if !key.Match(first) || !key.Match(second) {
		t.Fatalf("no key in\n%s\n%s", first, second)
	}
	return key.ReplaceAllLiteral(first, key.Find(second))
}

// keyWithdrawn: what the identity provider has taken out of its metadata ends in a week,
// whoever goes on to use it.
func keyWithdrawn(t *testing.T, w *world) {
	post := newPost()
	acme, p := publishing(w, post.sink(works))
	acme.follow(p)
	acme.signIn(ann)
	post.told(w)
	next := acme.sibling()
	p.publish(only(t, acme.idp.Metadata(), next.Metadata()))
	w.aDay()
	if got := acme.slots(); got != "current retired" {
		t.Errorf("%s", got)
	}
	old, _ := acme.certificateOf(acme.idp)
	if old.State != accesssec.SlotRetired || !old.Until.Equal(w.clock().Add(7*24*time.Hour)) {
		t.Errorf("%+v", old)
	}
	e := acme.last(audit.MetadataChanged)
	if n := len(e.Changes); n == 0 || e.Changes[n-1].Field != "retired_certificates" || e.Changes[n-1].New != old.Fingerprint {
		t.Errorf("the log says %+v", e.Changes)
	}
	if diff := cmp.Diff([]string{"metadata_changed owner@example.com"}, post.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	for range 6 {
		must1(acme.by(acme.idp, ann)) // that does not renew it
		w.aDay()
	}
	w.aDay()
	_, err := acme.by(acme.idp, ann)
	acme.refuses(err, "saml_signature")
	must1(acme.by(next, ann))
	// Published again it does not come back.
	p.publish(both(t, acme.idp.Metadata(), next.Metadata()))
	w.aDay()
	if got := acme.slots(); got != "current" {
		t.Errorf("%s", got)
	}
}

func keyWithdrawnUnused(t *testing.T, w *world) {
	acme, p := publishing(w, nil)
	acme.follow(p)
	next := acme.sibling()
	p.publish(only(t, acme.idp.Metadata(), next.Metadata()))
	w.aDay()
	if got := acme.slots(); got != "current" {
		t.Errorf("%s", got)
	}
	_, err := acme.by(acme.idp, ann)
	acme.refuses(err, "saml_signature")
	must1(acme.by(next, ann))
}

// keyStillUsed: one login by another key does not shut out those who sign in by the first.
func keyStillUsed(t *testing.T, w *world) {
	post := newPost()
	acme := told(w, post.sink(works))
	acme.signIn(ann)
	other := acme.sibling()
	acme.addCertificate(other)
	must1(acme.by(other, ann))
	post.told(w)
	var heard []string
	for range 20 {
		w.advance(20 * time.Hour)
		before := w.connectionVersion(acme)
		must1(acme.by(acme.idp, ann))
		must1(acme.by(acme.idp, ann))
		if n := w.connectionVersion(acme) - before; n > 1 {
			t.Errorf("written %d times in a day", n)
		}
		w.advance(4 * time.Hour)
		heard = append(heard, post.told(w)...)
	}
	if diff := cmp.Diff([]string{"certificate_still_used owner@example.com"}, heard); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if n := len(acme.events(audit.CertificateStillUsed)); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	if c, _ := acme.certificateOf(other); acme.slots() != "current retired" || c.State != accesssec.SlotCurrent {
		t.Errorf("%s", acme.slots())
	}
	// It ends when nobody signs in by it, or when an Admin removes it.
	acme.removeCertificate(acme.idp)
	_, err := acme.by(acme.idp, ann)
	acme.refuses(err, "saml_signature")
}

// connectionVersion is how often the record was written.
func (w *world) connectionVersion(c *customer) int64 {
	w.t.Helper()
	doc, err := w.store.DocByKey(w.ctx, "connection", c.conn.ID)
	w.must(err)
	return int64(doc.Version)
}

// following follows metadata that says it is good for two days.
func following(w *world, n accesssec.Notifier) (*customer, *publisher) {
	acme, p := publishing(w, n)
	end := w.clock().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	p.publish([]byte(strings.Replace(string(acme.idp.Metadata()), `entityID="`, `validUntil="`+end+`" entityID="`, 1)))
	acme.follow(p)
	return acme, p
}

// requireSignature has the connection follow signed metadata alone, as if what it has read
// had been signed.
func (c *customer) requireSignature() {
	c.w.t.Helper()
	c.w.change(func(tx store.Tx) error {
		doc, err := tx.DocByKey(c.w.ctx, "connection", c.conn.ID)
		if err != nil {
			return err
		}
		var body, follow map[string]json.RawMessage
		if err := errors.Join(json.Unmarshal(doc.Body, &body), json.Unmarshal(body["follow"], &follow)); err != nil {
			return err
		}
		follow["trust"] = must1(json.Marshal([][]byte{c.idp.Certificate().Raw}))
		body["follow"] = must1(json.Marshal(follow))
		doc.Body = must1(json.Marshal(body))
		return tx.PutDocs(c.w.ctx, doc)
	})
}

// keyOutOfDate: who holds back newer metadata does not keep an old key alive.
func keyOutOfDate(t *testing.T, w *world) {
	post := newPost()
	acme, p := following(w, post.sink(works))
	acme.requireSignature()
	before := acme.start()
	m := before.answer(ann)
	p.publish(nil)
	post.told(w)
	w.advance(48*time.Hour - time.Second)
	acme.signIn(ann)
	post.told(w)
	w.advance(time.Second)
	_, err := before.finish(m)
	acme.refuses(err, accesssec.CodeMetadataExpired)
	var no *accesssec.Refusal
	if !errors.As(err, &no) || !strings.Contains(no.Detail, "valid until") {
		t.Errorf("%+v", no)
	}
	_, err = w.svc.SignIn().StartSSO(w.ctx, w.visit(), acme.conn.ID, nil)
	acme.refuses(err, accesssec.CodeMetadataExpired)
	w.tick(w.svc)
	if diff := cmp.Diff([]string{"metadata_expired owner@example.com"}, post.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	var heard []string
	for range 2 * 24 {
		w.advance(time.Hour)
		heard = append(heard, post.told(w)...)
	}
	if len(heard) == 0 || len(heard) > 2 || heard[0] != "metadata_expired owner@example.com" {
		t.Errorf("in two days told %v", heard)
	}
	// What a person gives is trusted by their word, be it the same certificate.
	acme.addCertificate(acme.idp)
	acme.signIn(ann)
	other := acme.sibling()
	_, err = acme.by(other, ann)
	acme.refuses(err, "saml_signature")
	if !errors.As(err, &no) || !strings.Contains(no.Detail, "valid until") {
		t.Errorf("%+v", no)
	}
}

// keyOutOfDateUnsigned: nobody has signed it, so that its end says little; it is told.
func keyOutOfDateUnsigned(t *testing.T, w *world) {
	post := newPost()
	acme, p := following(w, post.sink(works))
	p.publish(nil)
	post.told(w)
	var heard []string
	for range 4*24 + 1 {
		w.advance(time.Hour)
		heard = append(heard, post.told(w)...)
	}
	want := []string{"metadata_failed owner@example.com", "metadata_expired owner@example.com", "metadata_expired owner@example.com", "metadata_expired owner@example.com"}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	acme.signIn(ann)
	p.publish(acme.idp.Metadata())
	w.aDay()
	if got := post.told(w); len(got) != 0 || acme.connection().Metadata.Failures != 0 {
		t.Errorf("told %v", got)
	}
}
