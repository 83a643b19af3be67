package flowtest

import (
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
)

// sealedFlows: an identity provider that encrypts.
func sealedFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a login":                        sealedLogin,
		"what is in clear, where not":    sealedRequired,
		"by a cipher that is not safe":   sealedCBC,
		"and every check is made":        sealedRefused,
		"metadata says so when asked to": sealedMetadata,
		"the key opens for nobody else":  sealedKey,
	})
}

// encrypting is Acme, whose identity provider encrypts by that cipher.
func encrypting(w *world, cipher samltest.Cipher) *customer {
	w.t.Helper()
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	acme.encrypt = samltest.Encryption{Cipher: cipher}
	acme.connect(ann)
	acme.add(policy.Member, "ann@example.com")
	return acme
}

func sealedLogin(t *testing.T, w *world) {
	acme := encrypting(w, samltest.AES256GCM)
	l := acme.start()
	resp, err := acme.idp.Respond(l.req, ann)
	w.must(err)
	if xml := w.decode(resp); !strings.Contains(xml, "EncryptedAssertion") || strings.Contains(xml, "ann@") {
		t.Fatalf("not encrypted:\n%s", xml)
	}
	m := w.message(resp)
	_, err = l.finish(m)
	w.must(err)
	_, err = l.finish(m)
	acme.refuses(err, accesssec.CodeReplay)
	w.left(acme, 1)
	b := w.browser()
	b.sso(acme, ann.Email)
	if user, _, _ := b.whoami(); user == "" {
		t.Error("not in over HTTP")
	}
}

func sealedRequired(t *testing.T, w *world) {
	acme := withAnn(w)
	before := acme.start()
	m := before.answer(ann)
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, acme), &saml.Rules{RequireEncrypted: true}))
	_, err := before.finish(m)
	acme.refuses(err, "saml_not_encrypted")
	w.left(acme, 0)
}

func sealedCBC(_ *testing.T, w *world) {
	acme := encrypting(w, samltest.AES256CBC)
	l := acme.start()
	_, err := l.finish(l.answer(ann))
	acme.refuses(err, "saml_algorithm")
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(w.t, acme), &saml.Rules{InsecureAllowCBC: true}))
	acme.signIn(ann)
}

func sealedRefused(_ *testing.T, w *world) {
	acme := encrypting(w, samltest.AES128GCM)
	for attack, want := range map[samltest.Attack]accesssec.Code{
		samltest.WrongAudience: "saml_audience", samltest.Expired: "saml_expired", samltest.ForeignDomain: reasonCode(policy.DomainUnowned),
	} {
		l := acme.start()
		_, err := l.finish(l.answer(ann, attack))
		acme.refuses(err, want)
	}
	w.left(acme, 0)
}

func sealedMetadata(t *testing.T, w *world) {
	acme := withAnn(w)
	has := func() bool {
		xml, err := w.svc.SignIn().Metadata(w.ctx, acme.conn.ID)
		w.must(err)
		return strings.Contains(string(xml), `use="encryption"`)
	}
	if has() {
		t.Error("there is a key that nobody has asked for")
	}
	if got := must1(acme.admin().PublishEncryptionKey(w.ctx, acme.conn.ID, true)); !got.Encrypt || !has() {
		t.Error("asked for, and there is none")
	}
	must1(acme.admin().PublishEncryptionKey(w.ctx, acme.conn.ID, false))
	if has() {
		t.Error("it is still there")
	}
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, acme), &saml.Rules{RequireEncrypted: true}))
	if !has() {
		t.Error("encryption is required, and there is no key for it")
	}
}

// sealedKey: an instance whose keys open nothing tells a fault, and only where a key is
// wanted.
func sealedKey(t *testing.T, w *world) {
	acme := encrypting(w, samltest.AES256GCM)
	l := acme.start()
	m := l.answer(ann)
	mine := w.keys
	w.keys = must1(seal.NewRing(seal.Key{ID: "other", Secret: [32]byte{1}}))
	other := w.service(w.host.URL)
	w.keys = mine
	step, err := other.SignIn().FinishSSO(w.ctx, l.visit, acme.conn.ID, m)
	if step.Entered != nil || err == nil || accesssec.IsRefusal(err, "saml_encrypted") {
		t.Errorf("a key that can't be opened: %v", err)
	}
	w.left(acme, 0)
	_, err = other.SignIn().FinishSSO(w.ctx, l.visit, acme.conn.ID, saml.Message{})
	acme.refuses(err, "saml_encoding")
	_, err = l.finish(m)
	w.must(err)
}
