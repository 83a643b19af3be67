package flowtest

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/saml"
)

func rolloverNotices(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	ends := w.clock().AddDate(0, 0, 61)
	idp := idpOf(t, acme)
	idp.Certificates = append(idp.Certificates, certificate(t, ends, 0))
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idp, nil))
	p.told(w)
	var days []string
	for range 70 {
		p.tried = nil
		w.tick(w.svc)
		if got := p.told(w); len(got) == 1 {
			n := p.tried[0]
			days = append(days, fmt.Sprintf("%d %s", int(ends.Sub(w.clock()).Hours()/24), n.Values["ends"]))
			if n.Template != accesssec.TemplateCertificateExpiring || n.To != "owner@example.com" || n.Values["connection"] != "Acme IdP" ||
				!strings.Contains(n.Values["advice"], "not in use yet") {
				t.Errorf("%+v", n)
			}
		} else if len(got) > 1 {
			t.Errorf("told %v", got)
		}
		w.advance(24 * time.Hour)
	}
	want := []string{"60 expires in 60 days", "30 expires in 30 days", "14 expires in 14 days", "7 expires in 7 days", "1 expires in 1 day", "-1 has expired"}
	if diff := cmp.Diff(want, days); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if n := len(acme.events(audit.CertificateExpiring)); n != 6 {
		t.Errorf("%d lines in the log", n)
	}
	// One that is added late is told of once, and not for each day that has passed.
	must1(acme.admin().AddCertificate(w.ctx, acme.conn.ID, certificate(t, w.clock().AddDate(0, 0, 10), 0)))
	late := 0
	for range 8 {
		p.tried = nil
		w.tick(w.svc)
		p.told(w)
		for _, n := range p.tried {
			if n.Template == accesssec.TemplateCertificateExpiring && n.Values["ends"] == "expires in 10 days" {
				late++
			}
		}
		w.advance(6 * time.Hour)
	}
	if late != 1 {
		t.Errorf("told %d times", late)
	}
	w.alive(acme.signIn(ann), true)
}

func rolloverQuiet(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	spare := must1(acme.admin().NewConnection(w.ctx, "spare"))
	idp := idpOf(t, acme)
	idp.Certificates = []*x509.Certificate{certificate(t, w.clock().AddDate(0, 0, 3), 0)}
	must1(acme.admin().Configure(w.ctx, spare.ID, idp, nil))
	p.told(w)
	for range 10 {
		w.advance(24 * time.Hour)
		if got := p.told(w); len(got) != 0 {
			t.Errorf("told %v", got)
		}
	}
}

func rolloverExpired(t *testing.T, w *world) {
	acme := withAnn(w)
	end := acme.connection().Certificates[0].X509.NotAfter
	w.advance(end.Sub(w.clock()) + 24*time.Hour)
	if _, err := acme.by(acme.idp, ann); err != nil {
		t.Errorf("expired, and nothing forbids it: %v", err)
	}
	if c := acme.connection().Certificates[0]; c.Dates != saml.CertExpired || c.DaysLeft >= 0 {
		t.Errorf("%+v", c)
	}
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, acme), &saml.Rules{DenyExpiredCertificates: true}))
	_, err := acme.by(acme.idp, ann)
	acme.refuses(err, "saml_certificate_expired")
}
