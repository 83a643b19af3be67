package flowtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// rolloverFlows: an identity provider changes its key, and nobody is kept out.
func rolloverFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"the next certificate takes over":           rolloverPromotes,
		"the one before is good for a week":         rolloverRetires,
		"thirty people on the morning after":        rolloverRace,
		"listed the wrong way round":                rolloverOrder,
		"who is refused promotes nothing":           rolloverRefused,
		"a promotion that can't be written":         rolloverFault,
		"one is removed at once":                    rolloverRemoved,
		"what can't be added":                       rolloverRefusedToAdd,
		"given again as it is":                      rolloverConfigured,
		"kept before there were slots":              rolloverOld,
		"notices before the end":                    rolloverNotices,
		"no notices of what signs nobody in":        rolloverQuiet,
		"an expired one, where that is not to pass": rolloverExpired,
	})
}

// sibling is a second machine of the customer's identity provider: the same name, and a
// key of its own.
func (c *customer) sibling() *samltest.IdP {
	c.w.t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	idp, err := samltest.New("http://"+srv.Listener.Addr().String()+"/idp", nil, &samltest.Options{Now: c.w.clock, EntityID: c.idp.EntityID(), Encrypt: c.encrypt, Signing: c.w.signing})
	c.w.must(err)
	srv.Config.Handler = idp
	srv.Start()
	c.w.t.Cleanup(srv.Close)
	ours, err := c.w.svc.SignIn().Metadata(c.w.ctx, c.conn.ID)
	c.w.must(err)
	c.w.must(idp.Trust(ours))
	return idp
}

// by signs in through an answer of that machine.
func (c *customer) by(idp *samltest.IdP, p samltest.Person) (accesssec.Step, error) {
	c.w.t.Helper()
	l := c.start()
	resp, err := idp.Respond(l.req, p)
	c.w.must(err)
	return l.finish(c.w.message(resp))
}

// addCertificate adds that machine's.
func (c *customer) addCertificate(idp *samltest.IdP) {
	c.w.t.Helper()
	_, err := c.admin().AddCertificate(c.w.ctx, c.conn.ID, idp.Certificate())
	c.w.must(err)
}

// slots are the states of the connection's certificates: "current" and the like, in order.
func (c *customer) slots() string {
	c.w.t.Helper()
	var out []string
	for _, cert := range c.connection().Certificates {
		out = append(out, string(cert.State))
	}
	return strings.Join(out, " ")
}

func (c *customer) connection() accesssec.Connection {
	c.w.t.Helper()
	list, err := c.admin().Connections(c.w.ctx)
	c.w.must(err)
	i := slices.IndexFunc(list, func(x accesssec.Connection) bool { return x.ID == c.conn.ID })
	if i < 0 {
		c.w.t.Fatal("the connection is gone")
	}
	return list[i]
}

func rolloverPromotes(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	before := acme.signIn(ann)
	next := acme.sibling()
	_, err := acme.by(next, ann)
	acme.refuses(err, "saml_signature")
	acme.addCertificate(next)
	if got := acme.slots(); got != "current next" {
		t.Errorf("%s", got)
	}
	if diff := cmp.Diff([]string{"connection_changed owner@example.com"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	acme.signIn(ann) // by the old one, still
	if got := acme.slots(); got != "current next" || len(acme.events(audit.CertificatePromoted)) != 0 {
		t.Errorf("promoted by a login of the current one: %s", got)
	}
	w.advance(time.Second)
	_, err = acme.by(next, ann)
	w.must(err)
	if got := acme.slots(); got != "current retired" {
		t.Errorf("%s", got)
	}
	certs := acme.connection().Certificates
	if !certs[0].X509.Equal(next.Certificate()) || !certs[0].Since.Equal(w.clock()) || !certs[1].X509.Equal(acme.idp.Certificate()) ||
		!certs[1].Until.Equal(w.clock().Add(7*24*time.Hour)) || certs[0].Dates != saml.CertValid || certs[0].DaysLeft < 300 {
		t.Errorf("%+v", certs)
	}
	e := acme.last(audit.CertificatePromoted)
	if e.Actor.Kind != audit.KindSystem || e.Targets[0].ID != acme.conn.ID || e.Facts[0].Value != certs[0].Fingerprint {
		t.Errorf("the log says %+v", e)
	}
	if diff := cmp.Diff([]string{"certificate_promoted owner@example.com"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	w.alive(before, true)
	_, err = acme.by(next, ann)
	w.must(err)
	if n := len(acme.events(audit.CertificatePromoted)); n != 1 {
		t.Errorf("promoted %d times", n)
	}
}

func rolloverRetires(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	next := acme.sibling()
	acme.addCertificate(next)
	must1(acme.by(next, ann))
	w.advance(24*time.Hour - time.Second)
	if _, err := acme.by(acme.idp, ann); err != nil {
		t.Errorf("within the week: %v", err)
	}
	if got := acme.slots(); got != "current retired" {
		t.Errorf("a login of the retired one makes it %s", got)
	}
	w.advance(6 * 24 * time.Hour)
	w.tick(w.svc)
	if got := acme.slots(); got != "current retired" {
		t.Errorf("a second before the week is over: %s", got)
	}
	w.advance(time.Second)
	_, err := acme.by(acme.idp, ann)
	acme.refuses(err, "saml_signature")
	if got := acme.slots(); got != "current" {
		t.Errorf("after the week: %s", got)
	}
	w.advance(6 * time.Hour)
	w.tick(w.svc)
	if e := acme.last(audit.CertificateRemoved); e.Actor.Kind != audit.KindSystem || e.Reason != "retired" {
		t.Errorf("the log says %+v", e)
	}
	doc, err := w.store.DocByKey(w.ctx, "connection", acme.conn.ID)
	w.must(err)
	var body struct {
		IdP   *saml.IdP
		Slots map[string]any
	}
	w.must(json.Unmarshal(doc.Body, &body))
	if len(body.IdP.Certificates) != 1 || len(body.Slots) != 1 {
		t.Errorf("%d certificates in %d slots are kept", len(body.IdP.Certificates), len(body.Slots))
	}
	must1(acme.by(next, ann))
}

// rolloverRace: the first of them changes the connection under the others.
func rolloverRace(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	next := acme.sibling()
	acme.addCertificate(next)
	logins, answers := make([]*login, 30), make([]saml.Message, 30)
	for i := range logins {
		logins[i] = acme.start()
		resp, err := next.Respond(logins[i].req, samltest.Person{Email: []string{"ann@example.com", "zoe@example.com"}[i%2]})
		w.must(err)
		answers[i] = w.message(resp)
	}
	services := []*accesssec.Service{w.svc, w.service(w.host.URL)}
	won, codes := w.race(len(logins), func(i int) error {
		_, err := services[i%2].SignIn().FinishSSO(w.ctx, logins[i].visit, acme.conn.ID, answers[i])
		return err
	})
	if won != len(logins) {
		t.Errorf("%d let in, refused as %v", won, codes)
	}
	if n := len(acme.events(audit.CertificatePromoted)); n != 1 || acme.slots() != "current retired" {
		t.Errorf("promoted %d times: %s", n, acme.slots())
	}
}

// rolloverOrder: metadata lists certificates in any order. What has never signed is still
// to come, and must not be dropped a week later.
func rolloverOrder(t *testing.T, w *world) {
	acme := withAnn(w)
	next := acme.sibling()
	idp := idpOf(t, acme)
	idp.Certificates = []*x509.Certificate{next.Certificate(), acme.idp.Certificate()}
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idp, nil))
	must1(acme.by(acme.idp, ann))
	certs := acme.connection().Certificates
	if acme.slots() != "current next" || !certs[0].X509.Equal(acme.idp.Certificate()) {
		t.Errorf("%s", acme.slots())
	}
	w.advance(8 * 24 * time.Hour)
	w.tick(w.svc)
	must1(acme.by(next, ann))
	if got := acme.slots(); got != "current retired" {
		t.Errorf("%s", got)
	}
}

func rolloverRefused(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	next := acme.sibling()
	acme.addCertificate(next)
	_, err := acme.by(next, samltest.Person{Email: "bob@example.com"})
	acme.refuses(err, reasonCode(policy.NotMember))
	if got := acme.slots(); got != "current next" {
		t.Errorf("%s", got)
	}
}

// rolloverFault: whatever call fails, there is neither a session nor a promotion.
func rolloverFault(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(samltest.Person{Email: "zoe@example.com"})
	next := acme.sibling()
	acme.addCertificate(next)
	w.change(func(tx store.Tx) error {
		_, err := tx.DeleteSessions(w.ctx, store.SessionQuery{OrgID: acme.owner.OrgID})
		return err
	})
	l := acme.start()
	resp, err := next.Respond(l.req, ann)
	w.must(err)
	m := w.message(resp)
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		step, err := w.svc.SignIn().FinishSSO(ctx, l.visit, acme.conn.ID, m)
		if err == nil {
			if step.Entered == nil || acme.slots() != "current retired" {
				t.Errorf("in, and the slots are %s", acme.slots())
			}
			return
		}
		if acme.slots() != "current next" || len(acme.events(audit.CertificatePromoted)) != 0 {
			t.Fatalf("failure %d: %s", n, acme.slots())
		}
		w.left(acme, 0)
	}
	t.Fatal("never let in")
}

func rolloverRemoved(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	next := acme.sibling()
	first := acme.connection().Certificates[0].Fingerprint
	remove := func(print string) error {
		_, err := acme.admin().RemoveCertificate(w.ctx, acme.conn.ID, print)
		return err
	}
	acme.refuses(remove(first), accesssec.CodeConfiguration) // the last one
	acme.refuses(remove("none"), accesssec.CodeNotFound)
	acme.addCertificate(next)
	second := acme.connection().Certificates[1].Fingerprint
	w.must(remove(second))
	w.alive(in, true) // nobody has come in by it
	_, err := acme.by(next, ann)
	acme.refuses(err, "saml_signature")
	acme.addCertificate(next)
	must1(acme.by(next, ann))
	w.must(remove(first)) // the retired one, before its week is over
	w.alive(in, false)
	_, err = acme.by(acme.idp, ann)
	acme.refuses(err, "saml_signature")
	// The current one goes, and the next takes its place.
	acme.addCertificate(acme.idp)
	w.must(remove(second))
	if got := acme.slots(); got != "current" || acme.connection().Certificates[0].Fingerprint != first {
		t.Errorf("%s", got)
	}
	must1(acme.by(acme.idp, ann))
	if n := len(acme.events(audit.CertificateRemoved)); n != 3 {
		t.Errorf("%d removals in the log", n)
	}
	thief := must1(w.byPassword("owner@example.com", right))
	_, err = w.svc.Admin(thief.Principal).RemoveCertificate(w.ctx, acme.conn.ID, first)
	acme.refuses(err, accesssec.CodeProve)
	_, err = w.svc.Admin(thief.Principal).AddCertificate(w.ctx, acme.conn.ID, next.Certificate())
	acme.refuses(err, accesssec.CodeProve)
}

// certificate is one that ends at a time, and signs nothing here.
func certificate(t *testing.T, ends time.Time, bits int) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(ends.Unix()), Subject: pkix.Name{CommonName: "idp"}, NotBefore: ends.AddDate(-1, 0, 0), NotAfter: ends,
	}
	var public, signer any
	if bits > 0 {
		key := must1(rsa.GenerateKey(rand.Reader, bits))
		public, signer = key.Public(), key
	} else {
		key := must1(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		public, signer = key.Public(), key
	}
	der := must1(x509.CreateCertificate(rand.Reader, template, template, public, signer))
	return must1(x509.ParseCertificate(der))
}

func rolloverRefusedToAdd(t *testing.T, w *world) {
	acme := withAnn(w)
	year := w.clock().AddDate(1, 0, 0)
	add := func(id string, c *x509.Certificate) error {
		_, err := acme.admin().AddCertificate(w.ctx, id, c)
		return err
	}
	acme.refuses(add(acme.conn.ID, nil), accesssec.CodeConfiguration)
	acme.refuses(add(acme.conn.ID, acme.idp.Certificate()), accesssec.CodeConfiguration)
	acme.refuses(add(acme.conn.ID, certificate(t, year, 1024)), accesssec.CodeConfiguration)
	acme.refuses(add("con-none", certificate(t, year, 0)), accesssec.CodeNotFound)
	empty := must1(acme.admin().NewConnection(w.ctx, "empty"))
	acme.refuses(add(empty.ID, certificate(t, year, 0)), accesssec.CodeConfiguration)
	for i := range 9 {
		w.must(add(acme.conn.ID, certificate(t, year.Add(time.Duration(i)*time.Second), 0)))
	}
	acme.refuses(add(acme.conn.ID, certificate(t, year, 0)), accesssec.CodeConfiguration)
	if got := acme.slots(); got != "current"+strings.Repeat(" next", 9) {
		t.Errorf("%s", got)
	}
	acme.signIn(ann)
}

// rolloverConfigured: a form that is saved as it is changes nothing.
func rolloverConfigured(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	next := acme.sibling()
	acme.addCertificate(next)
	must1(acme.by(next, ann))
	in := acme.signIn(ann)
	before := acme.connection()
	idp := *before.IdP
	got := must1(acme.admin().Configure(w.ctx, acme.conn.ID, &idp, nil))
	if diff := cmp.Diff(prints(before), prints(got)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	w.alive(in, true)
	// Others, and what was retired goes with the rest.
	idp.Certificates = []*x509.Certificate{certificate(t, w.clock().AddDate(1, 0, 0), 0)}
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, &idp, nil))
	if got := acme.slots(); got != "current" {
		t.Errorf("%s", got)
	}
	w.alive(in, false)
}

func prints(c accesssec.Connection) []string {
	var out []string
	for _, cert := range c.Certificates {
		out = append(out, fmt.Sprint(cert.State, cert.Fingerprint, cert.Since, cert.Until))
	}
	return out
}

// rolloverOld: a connection of an earlier release, with two certificates in one list.
func rolloverOld(t *testing.T, w *world) {
	acme := withAnn(w)
	next := acme.sibling()
	acme.addCertificate(next)
	w.change(func(tx store.Tx) error {
		doc, err := tx.DocByKey(w.ctx, "connection", acme.conn.ID)
		if err != nil {
			return err
		}
		var body map[string]json.RawMessage
		if err := json.Unmarshal(doc.Body, &body); err != nil {
			return err
		}
		if body["slots"] == nil {
			t.Error("there are no slots to take away")
		}
		delete(body, "slots")
		if doc.Body, err = json.Marshal(body); err != nil {
			return err
		}
		return tx.PutDocs(w.ctx, doc)
	})
	if got := acme.slots(); got != "current next" {
		t.Errorf("%s", got)
	}
	acme.signIn(ann)
	must1(acme.by(next, ann))
	if got := acme.slots(); got != "current retired" {
		t.Errorf("%s", got)
	}
}
