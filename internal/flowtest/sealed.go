package flowtest

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

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
		"the key is not asked for ever":  sealedLimit,
		"nor by what a stranger signs":   sealedForged,
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

// spoilt is an encrypted answer whose ciphertext somebody has changed.
func (l *login) spoilt() saml.Message {
	l.c.w.t.Helper()
	resp, err := l.c.idp.Respond(l.req, ann)
	l.c.w.must(err)
	xml := l.c.w.decode(resp)
	at := strings.LastIndex(xml, "</xenc:CipherValue>") - 40
	if at < 0 {
		l.c.w.t.Fatalf("no ciphertext in\n%s", xml)
	}
	other := "A"
	if xml[at] == 'A' {
		other = "B"
	}
	resp.SAMLResponse = base64.StdEncoding.EncodeToString([]byte(xml[:at] + other + xml[at+1:]))
	return l.c.w.message(resp)
}

// sealedLimit: nobody may ask the private key as often as they like.
func sealedLimit(t *testing.T, w *world) {
	acme := encrypting(w, samltest.AES256GCM)
	at := func(ip string) *login {
		l := acme.start()
		l.visit.IP = ip
		return l
	}
	mine := at("198.51.100.7")
	must1(mine.finish(mine.answer(ann))) // a browser that has signed in here
	thief := at("192.0.2.1")
	captured, spoilt := thief.answer(ann), thief.spoilt()
	for range 50 {
		_, err := thief.finish(spoilt)
		acme.refuses(err, "saml_encrypted")
	}
	for _, m := range []saml.Message{spoilt, captured} {
		_, err := thief.finish(m)
		acme.refuses(err, accesssec.CodeLocked)
	}
	traces, err := acme.admin().LoginTraces(w.ctx, acme.conn.ID, accesssec.TraceQuery{Trace: thief.visit.Trace})
	w.must(err)
	if len(traces.Items) != 50 {
		t.Errorf("%d traces", len(traces.Items))
	}
	for _, tr := range traces.Items {
		if last := tr.Checks[len(tr.Checks)-1]; tr.Code != "saml_encrypted" || last.Code != saml.CodeEncrypted || last.Hint == "" {
			t.Errorf("%+v", tr)
		}
	}
	other := at("198.51.100.8")
	must1(other.finish(other.answer(ann)))
	w.advance(30 * time.Second)
	_, err = thief.finish(captured)
	w.must(err)
	// What is in clear asks no key, and is judged as ever.
	_, err = at("192.0.2.1").finish(saml.Message{})
	acme.refuses(err, "saml_encoding")
	// A changed ciphertext is a question under AES-CBC, so there the limit is one for all.
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(w.t, acme), &saml.Rules{InsecureAllowCBC: true}))
	for i := 0; ; i++ {
		far := at(fmt.Sprintf("203.0.113.%d", i%200))
		_, err := far.finish(spoilt)
		if w.code(err) == accesssec.CodeLocked {
			break
		}
		if acme.refuses(err, "saml_encrypted"); i > 200 {
			t.Fatal("from many networks there is no limit")
		}
	}
	far := at("203.0.113.250")
	_, err = far.finish(far.answer(ann))
	acme.refuses(err, accesssec.CodeLocked)
	again := acme.startIn(mine.visit)
	must1(again.finish(again.answer(ann))) // and nobody is kept out of their own browser
}

// sealedForged: what a stranger has encrypted and signed counts as well.
func sealedForged(t *testing.T, w *world) {
	acme := encrypting(w, samltest.AES256GCM)
	stranger := acme.sibling()
	l := acme.start()
	resp, err := stranger.Respond(l.req, ann)
	w.must(err)
	m := w.message(resp)
	if xml := w.decode(resp); !strings.Contains(xml, "EncryptedAssertion") {
		t.Fatal("not encrypted")
	}
	for range 50 {
		_, err := l.finish(m)
		acme.refuses(err, "saml_signature")
	}
	_, err = l.finish(m)
	acme.refuses(err, accesssec.CodeLocked)
	// In clear it is no question to the key.
	acme.encrypt = samltest.Encryption{}
	resp, err = acme.sibling().Respond(l.req, ann)
	w.must(err)
	_, err = l.finish(w.message(resp))
	acme.refuses(err, "saml_signature")
}
