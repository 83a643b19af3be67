package flowtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// connectionsFlows: how one is set up, what its state does, and what changing it ends.
func connectionsFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"from the fields of a form":       connectionFromForm,
		"what can't work is refused":      connectionRefused,
		"a key of the host's":             connectionHostKey,
		"states":                          connectionStates,
		"the password again":              connectionProof,
		"another key ends sessions":       connectionOtherKey,
		"switched off ends sessions":      connectionSwitchedOff,
		"reconfigured during a login":     connectionReconfigured,
		"switched off during a login":     connectionSwitchedOffDuring,
		"the identity provider's end":     connectionSessionEnd,
		"what the log says of a change":   connectionLogged,
		"an identity provider's rollover": connectionRollover,
	})
}

// connectionHostKey: the host's larger key is the connection's, and what could not sign is no
// connection.
func connectionHostKey(t *testing.T, w *world) {
	larger := must1(rsa.GenerateKey(rand.Reader, 3072))
	var asked []string
	w.svc = w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
		o.ConnectionKey = func(_ context.Context, entityID string) (saml.Key, error) {
			asked = append(asked, entityID)
			return selfSigned(larger, entityID, w.clock())
		}
	})
	w.host.Config.Handler = handler(w.svc)
	acme := withAnn(w)
	must1(acme.by(acme.idp, ann))
	_, certificate, _ := bytes.Cut(must1(w.svc.SignIn().Metadata(w.ctx, acme.conn.ID)), []byte("<ds:X509Certificate>"))
	certificate, _, _ = bytes.Cut(certificate, []byte("<"))
	ours := must1(x509.ParseCertificate(must1(base64.StdEncoding.DecodeString(string(bytes.TrimSpace(certificate))))))
	if len(asked) != 1 || asked[0] != acme.conn.EntityID || !larger.PublicKey.Equal(ours.PublicKey) {
		t.Errorf("asked for %q; the connection shows another key", asked)
	}

	fails := errors.New("the key service is away")
	_, onCurve, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	short := must1(rsa.GenerateKey(rand.Reader, 1024))
	for name, give := range map[string]func() (saml.Key, error){
		"an error":               func() (saml.Key, error) { return saml.Key{}, fails },
		"nothing":                func() (saml.Key, error) { return saml.Key{}, nil },
		"another's certificate":  func() (saml.Key, error) { return saml.Key{Signer: larger, Cert: acme.idp.Certificate()}, nil },
		"a short one":            func() (saml.Key, error) { return selfSigned(short, "x", w.clock()) },
		"one that is not of RSA": func() (saml.Key, error) { return selfSigned(onCurve, "x", w.clock()) },
		"one that is elsewhere": func() (saml.Key, error) {
			k, err := selfSigned(larger, "x", w.clock())
			k.Signer = struct{ crypto.Signer }{larger} // and could not be kept
			return k, err
		},
	} {
		svc := w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
			o.ConnectionKey = func(context.Context, string) (saml.Key, error) { return give() }
		})
		owner := must1(svc.Vouch(w.ctx, acme.owner.OrgID, acme.owner.UserID))
		_, err := svc.Admin(owner).NewConnection(w.ctx, name)
		if err == nil || name == "an error" && !errors.Is(err, fails) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := must1(acme.admin().Connections(w.ctx)); len(all) != 1 {
		t.Errorf("%d connections", len(all))
	}
}

// connectionFromForm sets the three fields that a form has: issuer, sign-in URL and a
// certificate file.
func connectionFromForm(t *testing.T, w *world) {
	acme := withAnn(w)
	file := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: acme.idp.Certificate().Raw})
	certs, err := saml.ParseCertificates(file)
	w.must(err)
	_, err = acme.admin().Configure(w.ctx, acme.conn.ID, &saml.IdP{
		EntityID: acme.idp.EntityID(), SSO: saml.Endpoint{URL: acme.idp.SSOURL()}, Certificates: certs,
	}, nil)
	w.must(err)
	if in := acme.signIn(ann); in.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("in as %+v", in.Principal)
	}
}

func connectionRefused(t *testing.T, w *world) {
	acme := withAnn(w)
	good := idpOf(t, acme)
	change := func(fn func(*saml.IdP)) *saml.IdP {
		idp := *good
		fn(&idp)
		return &idp
	}
	for name, tt := range map[string]struct {
		idp   *saml.IdP
		rules *saml.Rules
	}{
		"nothing":         {nil, nil},
		"no issuer":       {change(func(i *saml.IdP) { i.EntityID = "" }), nil},
		"no certificate":  {change(func(i *saml.IdP) { i.Certificates = nil }), nil},
		"eleven of them":  {change(func(i *saml.IdP) { i.Certificates = eleven(good.Certificates[0]) }), nil},
		"no URL":          {change(func(i *saml.IdP) { i.SSO.URL = "" }), nil},
		"http":            {change(func(i *saml.IdP) { i.SSO.URL = "http://idp.example.com/sso" }), nil},
		"javascript":      {change(func(i *saml.IdP) { i.SSO.URL = "javascript:alert(1)" }), nil},
		"unknown binding": {change(func(i *saml.IdP) { i.SSO.Binding = "soap" }), nil},

		"logout by http":            {change(func(i *saml.IdP) { i.SLO.URL = "http://idp.example.com/slo" }), nil},
		"logout by a script":        {change(func(i *saml.IdP) { i.SLO.URL = "javascript:alert(1)" }), nil},
		"logout answers by http":    {change(func(i *saml.IdP) { i.SLOResponseURL = "http://idp.example.com/slo/answers" }), nil},
		"logout answers, a script":  {change(func(i *saml.IdP) { i.SLOResponseURL = "data:text/html,x" }), nil},
		"logout by a very long URL": {change(func(i *saml.IdP) { i.SLO.URL = "https://idp.example.com/" + strings.Repeat("x", 2048) }), nil},

		"skew too wide":   {good, &saml.Rules{Skew: time.Hour}},
		"skew below zero": {good, &saml.Rules{Skew: -1}},
	} {
		if _, err := acme.admin().Configure(w.ctx, acme.conn.ID, tt.idp, tt.rules); w.code(err) != accesssec.CodeConfiguration {
			t.Errorf("%s: %v", name, err)
		}
	}
	acme.signIn(ann) // and nothing of it was kept
}

func eleven(c *x509.Certificate) []*x509.Certificate {
	out := make([]*x509.Certificate, 11)
	for i := range out {
		out[i] = c
	}
	return out
}

// connectionStates walks through set-up, active and off.
func connectionStates(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	acme.add(policy.Member, "ann@example.com")
	state := func(want policy.SSOState) {
		t.Helper()
		list, err := acme.admin().Connections(w.ctx)
		w.must(err)
		for _, c := range list {
			if c.ID == acme.conn.ID && c.State != want {
				t.Errorf("the connection is %s, want %s", c.State, want)
			}
		}
		step, err := w.svc.SignIn().Discover(w.ctx, w.visit(), "ann@example.com")
		w.must(err)
		if step.Offers(policy.SSO) != (want == policy.SSOActive) || !step.Offers(policy.Password) {
			t.Errorf("in state %s the page offers %v", want, step.Allows)
		}
		_, err = w.svc.SignIn().StartSSO(w.ctx, w.visit(), acme.conn.ID, nil)
		if code := w.code(err); (code == "") != (want == policy.SSOActive) {
			t.Errorf("in state %s starting says %q", want, code)
		}
	}
	var err error
	acme.conn, err = acme.admin().NewConnection(w.ctx, "first")
	w.must(err)
	state(policy.SSOSetup)
	if err := acme.admin().Enable(w.ctx, acme.conn.ID, true); w.code(err) != accesssec.CodeConfiguration {
		t.Errorf("switched on without an identity provider: %v", err)
	}
	if err := acme.admin().Enable(w.ctx, acme.conn.ID, false); w.code(err) != reasonCode(policy.ConnectionInactive) {
		t.Errorf("switched off what was never on: %v", err)
	}
	first := acme.conn
	acme.connect()
	state(policy.SSOActive)
	_, err = acme.admin().Configure(w.ctx, first.ID, idpOf(t, acme), nil)
	w.must(err)
	if err := acme.admin().Enable(w.ctx, first.ID, true); w.code(err) != accesssec.CodeAnotherIsActive {
		t.Errorf("a second one switched on: %v", err)
	}
	if err := acme.admin().RemoveConnection(w.ctx, acme.conn.ID); w.code(err) != accesssec.CodeActive {
		t.Errorf("removed while it is active: %v", err)
	}
	w.must(acme.admin().RemoveConnection(w.ctx, first.ID))
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	state(policy.SSOOff)
	if _, err := w.byPassword("ann@example.com", right); err != nil {
		t.Errorf("single sign-on is off, and a password is refused: %v", err)
	}
	w.must(acme.admin().RemoveConnection(w.ctx, acme.conn.ID))
	if err := acme.admin().Enable(w.ctx, acme.conn.ID, true); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("switched on what was removed: %v", err)
	}
	if _, err := w.svc.SignIn().Metadata(w.ctx, acme.conn.ID); w.code(err) != accesssec.CodeNoConnection {
		t.Errorf("metadata of what was removed: %v", err)
	}
}

// connectionProof: what decides who comes in wants to know that it is them.
func connectionProof(t *testing.T, w *world) {
	acme := withAnn(w)
	in, err := w.byPassword("owner@example.com", right)
	w.must(err)
	admin, me := w.svc.Admin(in.Principal), w.svc.Me(in.Principal)
	settings, err := admin.Settings(w.ctx)
	w.must(err)
	calls := map[string]func() error{
		"Configure":  func() error { _, err := admin.Configure(w.ctx, acme.conn.ID, idpOf(t, acme), nil); return err },
		"Enable off": func() error { return admin.Enable(w.ctx, acme.conn.ID, false) },
		"Enable on":  func() error { return admin.Enable(w.ctx, acme.conn.ID, true) },
		"Apply":      func() error { return admin.Apply(w.ctx, settings, "") },
	}
	for name, call := range calls {
		if code := w.code(call()); code != accesssec.CodeProve {
			t.Errorf("%s without proof: %q", name, code)
		}
	}
	admin = w.svc.Admin(must1(me.Prove(w.ctx, right)).Principal)
	for _, name := range []string{"Configure", "Enable off", "Enable on"} {
		if err := calls[name](); err != nil {
			t.Errorf("%s with proof: %v", name, err)
		}
	}
}

func connectionOtherKey(t *testing.T, w *world) {
	acme := withAnn(w)
	before, byPassword := acme.signIn(ann), must1(w.byPassword("zoe@example.com", right))
	l := acme.start()
	_, err := acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, acme), nil)
	w.must(err)
	w.alive(before, true) // the same again
	other := w.newCustomer("Other", "example.org")
	_, err = acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, other), nil)
	w.must(err)
	w.alive(before, false)
	w.alive(byPassword, true)
	if _, err := l.finish(l.answer(ann)); err == nil {
		t.Error("the old key still signs people in")
	}
}

func connectionSwitchedOff(_ *testing.T, w *world) {
	acme := withAnn(w)
	before := acme.signIn(ann)
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	w.alive(before, false)
}

func connectionReconfigured(_ *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	m := l.answer(ann)
	// Between the check of the signature and the transaction, somebody changes it.
	other := w.newCustomer("Other", "example.org")
	w.between = func() {
		_, err := acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(w.t, other), nil)
		w.must(err)
	}
	_, err := l.finish(m)
	acme.refuses(err, "saml_signature") // by what the connection is now
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		w.t.Errorf("%d sessions", n)
	}
}

// connectionSwitchedOffDuring: nor is a login made through what is off by then, or gone.
func connectionSwitchedOffDuring(_ *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	m := l.answer(ann)
	w.between = func() { w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false)) }
	_, err := l.finish(m)
	acme.refuses(err, reasonCode(policy.ConnectionInactive))
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, true))
	w.between = func() {
		w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
		w.must(acme.admin().RemoveConnection(w.ctx, acme.conn.ID))
	}
	_, err = l.finish(m)
	acme.refuses(err, accesssec.CodeNoConnection)
	w.left(acme, 0)
}

// connectionSessionEnd: a session lasts no longer than the identity provider says.
func connectionSessionEnd(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	acme.sessionFor = time.Hour
	acme.connect()
	acme.add(policy.Member, "ann@example.com")
	in := acme.signIn(ann)
	if last := w.clock().Add(time.Hour); in.EndsAt.After(last) || in.EndsAt.Before(last.Add(-time.Second)) {
		t.Errorf("ends at %v, want %v", in.EndsAt, last)
	}
	w.advance(in.EndsAt.Sub(w.clock()) - time.Microsecond)
	w.alive(in, true)
	w.advance(time.Microsecond)
	w.alive(in, false)
}

func connectionLogged(t *testing.T, w *world) {
	acme := withAnn(w)
	w.advance(time.Second)
	idp := idpOf(t, acme)
	idp.SignRequests = !idp.SignRequests
	_, err := acme.admin().Configure(w.ctx, acme.conn.ID, idp, &saml.Rules{IdPInitiated: true, Identifier: "upn", Skew: time.Minute})
	w.must(err)
	fields := ""
	for _, c := range acme.last(audit.ConnectionConfigured).Changes {
		fields += c.Field + " "
	}
	if fields != "sign_requests skew idp_initiated identifier " {
		t.Errorf("the log says that %sare others", fields)
	}
}

// connectionRollover: with the old and the new certificate pinned, logins by either
// key go on.
func connectionRollover(_ *testing.T, w *world) {
	acme := withAnn(w)
	w.must(acme.idp.Rotate())
	l := acme.start()
	_, err := l.finish(l.answer(ann))
	acme.refuses(err, "saml_signature")
	_, err = acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(w.t, acme), nil)
	w.must(err)
	acme.signIn(samltest.Person{Email: "zoe@example.com"})
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
