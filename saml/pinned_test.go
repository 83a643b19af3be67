package saml_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// dated is the certificate of a key with other dates.
func dated(name string, from, to time.Time) *x509.Certificate {
	out := *keys()[name].cert
	out.NotBefore, out.NotAfter = from, to
	return &out
}

// lapsed is the certificate of a key, out of date for a year.
func lapsed(name string) *x509.Certificate {
	return dated(name, clock().AddDate(-3, 0, 0), clock().AddDate(-1, 0, 0))
}

// pins is a provider with these certificates.
func pins(certs ...*x509.Certificate) *saml.IdP {
	idp := logoutIdP()
	idp.Certificates = certs
	return idp
}

// pinCase is a set of certificates and who signs.
type pinCase struct {
	idp   *saml.IdP
	by    string // "": idp
	rules *saml.Rules
	index int // of the certificate, where it is accepted
	code  saml.Code
}

// everywhere tries a case with logins and logouts of every binding.
func (c pinCase) everywhere(t *testing.T, now time.Time) {
	t.Helper()
	s := signing{by: c.by}
	for _, b := range bases() {
		for _, only := range []bool{false, true} {
			rules := saml.Rules{InsecureEngineOnly: only}
			if c.rules != nil {
				rules = *c.rules
				rules.InsecureEngineOnly = only
			}
			id, err := finish(b.sign(genuine(), s), c.idp, &rules, ourRequest(), now)
			if c.code != "" {
				refused(t, id, err, c.code)
			} else if err != nil {
				t.Fatalf("%s: %s", b, explain(err))
			} else if id.Certificate != c.index {
				t.Errorf("%s: by certificate %d, want %d", b, id.Certificate, c.index)
			}
		}
	}
	for _, b := range bindings() {
		lo, err := receive(b.send(logoutRequest(), "", s), c.idp, c.rules)
		if c.code != "" {
			notOver(t, err, c.code)
		} else if err != nil {
			t.Fatalf("logout by %s: %s", b, explain(err))
		} else if lo.Certificate != c.index {
			t.Errorf("logout by %s: by certificate %d, want %d", b, lo.Certificate, c.index)
		}
		err = finishLogout(b.send(logoutResponse(), "", s), c.idp, c.rules, ourRequest())
		if c.code != "" {
			notOver(t, err, c.code)
		} else if err != nil {
			t.Fatalf("answer by %s: %s", b, explain(err))
		}
	}
}

// The index is that in IdP.Certificates, whichever of them may not verify under the rules.
func TestCertificateIsTheIndexAmongAll(t *testing.T) {
	t.Parallel()
	deny := &saml.Rules{DenyExpiredCertificates: true}
	legacy := &saml.Rules{InsecureAllowLegacy: true}
	weak, good, second, ec := keys()["weak"].cert, keys()["idp"].cert, keys()["second"].cert, keys()["ec"].cert
	weakAndOver := lapsed("weak")
	for name, c := range map[string]pinCase{
		"one":                                 {pins(good), "", nil, 0, ""},
		"weak, good":                          {pins(weak, good), "", nil, 1, ""},
		"good, weak":                          {pins(good, weak), "", nil, 0, ""},
		"weak, good, opted in":                {pins(weak, good), "", legacy, 1, ""},
		"weak, good, by the weak, opted in":   {pins(weak, good), "weak", legacy, 0, ""},
		"good, weak, by the weak, opted in":   {pins(good, weak), "weak", legacy, 1, ""},
		"over, good":                          {pins(lapsed("second"), good), "", deny, 1, ""},
		"over, good, dates not looked at":     {pins(lapsed("second"), good), "", nil, 1, ""},
		"over, by it, dates not looked at":    {pins(good, lapsed("second")), "second", nil, 1, ""},
		"over, weak, other, good":             {pins(lapsed("second"), weak, ec, good), "", deny, 3, ""},
		"other, weak, good, over":             {pins(ec, weak, good, lapsed("second")), "", deny, 2, ""},
		"weak and over, good":                 {pins(weakAndOver, good), "", deny, 1, ""},
		"good, weak, second, by the second":   {pins(good, weak, second), "second", nil, 2, ""},
		"the same key twice, over first":      {pins(lapsed("idp"), good), "", deny, 1, ""},
		"the same key twice":                  {pins(good, good), "", nil, 0, ""},
		"weak, good, by the weak":             {pins(weak, good), "weak", nil, 0, saml.CodeSignature},
		"weak, good, by another":              {pins(weak, good), "attacker", nil, 0, saml.CodeSignature},
		"weak":                                {pins(weak), "weak", nil, 0, saml.CodeAlgorithm},
		"weak and over":                       {pins(weakAndOver), "weak", deny, 0, saml.CodeAlgorithm},
		"weak, and another over":              {pins(weak, lapsed("idp")), "", deny, 0, saml.CodeAlgorithm},
		"over, and another weak":              {pins(lapsed("idp"), weak), "", deny, 0, saml.CodeAlgorithm},
		"over":                                {pins(lapsed("idp")), "", deny, 0, saml.CodeCertificateExpired},
		"over, both":                          {pins(lapsed("idp"), lapsed("second")), "", deny, 0, saml.CodeCertificateExpired},
		"good, over, by that which is over":   {pins(second, lapsed("idp")), "", deny, 0, saml.CodeCertificateExpired},
		"good, over, by another":              {pins(second, lapsed("idp")), "attacker", deny, 0, saml.CodeSignature},
		"good, weak and over, by that":        {pins(good, weakAndOver), "weak", deny, 0, saml.CodeSignature},
		"weak and over is over when opted in": {pins(weakAndOver), "weak", &saml.Rules{DenyExpiredCertificates: true, InsecureAllowLegacy: true}, 0, saml.CodeCertificateExpired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.everywhere(t, clock())
		})
	}
}

// A certificate is valid from its first second to its last, both included.
func TestDatesOfCertificatesToTheSecond(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	now := clock()
	deny := &saml.Rules{DenyExpiredCertificates: true}
	for name, c := range map[string]struct {
		from, to time.Time
		code     saml.Code
	}{
		"a second before it begins":      {now.Add(time.Second), now.Add(year), saml.CodeCertificateExpired},
		"as it begins":                   {now, now.Add(year), ""},
		"a second later":                 {now.Add(-time.Second), now.Add(year), ""},
		"a second before it ends":        {now.Add(-year), now.Add(time.Second), ""},
		"as it ends":                     {now.Add(-year), now, ""},
		"a second after it ended":        {now.Add(-year), now.Add(-time.Second), saml.CodeCertificateExpired},
		"a nanosecond after":             {now.Add(-year), now.Add(-1), saml.CodeCertificateExpired},
		"for one second, which is now":   {now, now, ""},
		"skew is not for certificates":   {now.Add(-year), now.Add(-time.Minute), saml.CodeCertificateExpired},
		"nor for those that are to come": {now.Add(time.Minute), now.Add(year), saml.CodeCertificateExpired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pinCase{idp: pins(dated("idp", c.from, c.to)), rules: deny, code: c.code}.everywhere(t, now)
			pinCase{idp: pins(dated("idp", c.from, c.to))}.everywhere(t, now)
			// Beside another that is valid, it is the same.
			pinCase{idp: pins(keys()["second"].cert, dated("idp", c.from, c.to)), rules: deny, index: 1, code: c.code}.everywhere(t, now)
			// With a short key, it is the key that is told.
			pinCase{idp: pins(dated("weak", c.from, c.to)), by: "weak", rules: deny, code: saml.CodeAlgorithm}.everywhere(t, now)
		})
	}
}
