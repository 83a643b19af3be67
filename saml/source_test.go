package saml_test

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/accesssec/accesssec-go/saml"
)

// publisher signs the element of an ID in a file, as federations and providers do.
type publisher struct {
	id, by string
	hash   crypto.Hash // 0: SHA-256
	edit   func(sig *etree.Element)
}

func (p publisher) sign(t testing.TB, doc string) string {
	t.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromString(doc); err != nil {
		t.Fatal(err)
	}
	el := tree.FindElement(`//*[@ID='` + p.id + `']`)
	if el == nil {
		t.Fatalf("no element %s", p.id)
	}
	ctx, err := dsig.NewSigningContext(keys()[p.by].key, [][]byte{keys()[p.by].cert.Raw})
	if err != nil {
		t.Fatal(err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if p.hash != 0 {
		ctx.Hash = p.hash
	}
	sig, err := ctx.ConstructSignature(el, true)
	if err != nil {
		t.Fatal(err)
	}
	if p.edit != nil {
		p.edit(sig)
	}
	el.InsertChildAt(0, sig)
	out, err := tree.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// published is an entity with an ID and further attributes.
func published(id, attrs, entityID, key string) string {
	return strings.Replace(entity(entityID, "", keyDescriptor(signingUse, key)+sso("HTTP-Redirect", "https://idp.example/sso")),
		"entityID=", `ID="`+id+`" `+attrs+` entityID=`, 1)
}

// federation is several of them under one root.
func federation(attrs string, all ...string) string {
	return strings.Replace(entities(all...), "<md:EntitiesDescriptor", `<md:EntitiesDescriptor ID="all" `+attrs, 1)
}

func certificates(names ...string) []*x509.Certificate {
	var out []*x509.Certificate
	for _, n := range names {
		out = append(out, keys()[n].cert)
	}
	return out
}

const otherID = "https://other.example/issuer"

func TestSourceTrust(t *testing.T) {
	t.Parallel()
	one := published("one", "", idpID, "idp")
	two := published("two", "", otherID, "ec")
	for name, c := range map[string]struct {
		doc   string
		trust []string
		want  bool // signed
	}{
		"unsigned, nobody is trusted":         {one, nil, false},
		"signed, nobody is trusted":           {publisher{id: "one", by: "attacker"}.sign(t, one), nil, false},
		"the entity":                          {publisher{id: "one", by: "second"}.sign(t, one), []string{"second"}, true},
		"by the second key of two":            {publisher{id: "one", by: "second"}.sign(t, one), []string{"attacker", "second"}, true},
		"by an elliptic key":                  {publisher{id: "one", by: "ec"}.sign(t, one), []string{"ec"}, true},
		"by SHA-512":                          {publisher{id: "one", by: "second", hash: crypto.SHA512}.sign(t, one), []string{"second"}, true},
		"everything":                          {publisher{id: "all", by: "second"}.sign(t, federation("", two, one)), []string{"second"}, true},
		"everything around everything":        {publisher{id: "all", by: "second"}.sign(t, federation("", two, entities(one))), []string{"second"}, true},
		"one of several":                      {publisher{id: "one", by: "second"}.sign(t, federation("", two, one)), []string{"second"}, true},
		"the entity by itself, all by trust":  {publisher{id: "all", by: "second"}.sign(t, publisher{id: "one", by: "idp"}.sign(t, federation("", two, one))), []string{"second"}, true},
		"the entity by trust, all by another": {publisher{id: "all", by: "attacker"}.sign(t, publisher{id: "one", by: "second"}.sign(t, federation("", two, one))), []string{"second"}, true},
		"without KeyInfo": {publisher{id: "one", by: "second", edit: func(sig *etree.Element) {
			sig.RemoveChild(sig.SelectElement("KeyInfo"))
		}}.sign(t, one), []string{"second"}, true},
		"a comment in what is signed": {replace(t, publisher{id: "one", by: "second"}.sign(t, one), "<md:SingleSignOn", "<!-- x --><md:SingleSignOn"), []string{"second"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := &saml.Source{EntityID: idpID, Trust: certificates(c.trust...)}
			m, err := src.Parse([]byte(c.doc), clock())
			if err != nil {
				t.Fatal(explain(err))
			}
			if m.Signed != c.want || m.IdP.EntityID != idpID || len(m.IdP.Certificates) != 1 || !m.IdP.Certificates[0].Equal(keys()["idp"].cert) || !m.ReadAt.Equal(clock()) {
				t.Errorf("%+v %+v", m, m.IdP)
			}
		})
	}
}

// Whoever can change the file, or serve another one, cannot make a trusting Source take
// a key of theirs.
func TestSourceTrustRefuses(t *testing.T) {
	t.Parallel()
	one := published("one", "", idpID, "idp")
	two := published("two", "", otherID, "ec")
	evil := published("evil", "", idpID, "attacker")
	trusted := publisher{id: "one", by: "second"}
	good := trusted.sign(t, one)
	goodTwo := publisher{id: "two", by: "second"}.sign(t, two)
	// graft puts a genuine signature over another element on the evil one.
	graft := func(where string) string {
		sig := good[strings.Index(good, "<ds:Signature"):strings.Index(good, "</ds:Signature>")] + "</ds:Signature>"
		body := strings.Replace(good, sig, "", 1)
		switch where {
		case "extensions":
			return replace(t, evil, "<md:IDPSSO", sig+"<md:Extensions>"+body+"</md:Extensions><md:IDPSSO")
		case "object":
			return replace(t, evil, "<md:IDPSSO", strings.Replace(sig, "</ds:Signature>", "<ds:Object>"+body+"</ds:Object></ds:Signature>", 1)+"<md:IDPSSO")
		case "same ID":
			return strings.Replace(replace(t, evil, "<md:IDPSSO", sig+"<md:Extensions>"+body+"</md:Extensions><md:IDPSSO"), `ID="evil"`, `ID="one"`, 1)
		}
		return replace(t, evil, "<md:IDPSSO", sig+"<md:IDPSSO")
	}
	for name, doc := range map[string]string{
		"unsigned":                       one,
		"by another key":                 publisher{id: "one", by: "attacker"}.sign(t, one),
		"by the provider's own key":      publisher{id: "one", by: "idp"}.sign(t, one),
		"another's, trusted in KeyInfo":  replaceKeyInfo(t, publisher{id: "one", by: "attacker"}.sign(t, one), "second"),
		"another certificate inside":     replace(t, good, strings.Split(strings.Split(one, "<ds:X509Certificate>")[1], "</ds:X509Certificate>")[0], strings.Split(strings.Split(evil, "<ds:X509Certificate>")[1], "</ds:X509Certificate>")[0]),
		"another sign-in URL":            replace(t, good, "https://idp.example/sso", "https://evil.example/sso"),
		"a validUntil taken away":        replace(t, trusted.sign(t, published("one", `validUntil="2026-03-02T00:00:00Z"`, idpID, "idp")), ` validUntil="2026-03-02T00:00:00Z"`, ""),
		"another entity is signed":       federation("", goodTwo, evil),
		"a sibling is signed":            federation("", goodTwo, one),
		"the role is signed":             publisher{id: "role", by: "second"}.sign(t, replace(t, one, "<md:IDPSSODescriptor ", `<md:IDPSSODescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="role" `)),
		"signed in extensions":           replace(t, evil, "<md:IDPSSO", "<md:Extensions>"+good+"</md:Extensions><md:IDPSSO"),
		"signature of another element":   graft(""),
		"and that in extensions":         graft("extensions"),
		"and that with the same ID":      graft("same ID"),
		"and that in the signature":      graft("object"),
		"SHA-1":                          publisher{id: "one", by: "second", hash: crypto.SHA1}.sign(t, one),
		"a reference to everything":      publisher{id: "one", by: "second", edit: func(sig *etree.Element) { sig.FindElement(".//Reference").CreateAttr("URI", "") }}.sign(t, one),
		"two signatures":                 trusted.sign(t, good),
		"a signature that is empty":      replace(t, one, "<md:IDPSSO", `<ds:Signature xmlns:ds="`+dsNS+`"/><md:IDPSSO`),
		"the signature in another space": strings.ReplaceAll(good, dsNS, "urn:x"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, id := range []string{idpID, ""} {
				src := &saml.Source{EntityID: id, Trust: certificates("second")}
				m, err := src.Parse([]byte(doc), clock())
				if m != nil {
					t.Fatalf("read as %+v", m.IdP)
				}
				e := refused(t, nil, err, saml.CodeMetadata)
				if id != "" && e.Expected != "metadata signed by a key that is trusted for it" {
					t.Errorf("refused for another reason: %s", explain(err))
				}
			}
		})
	}
}

// replaceKeyInfo shows another certificate in the signature, which comes first.
func replaceKeyInfo(t *testing.T, doc, name string) string {
	t.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromString(doc); err != nil {
		t.Fatal(err)
	}
	other := etree.NewDocument()
	if err := other.ReadFromString(keyDescriptor("", name)[len("<md:KeyDescriptor>") : len(keyDescriptor("", name))-len("</md:KeyDescriptor>")]); err != nil {
		t.Fatal(err)
	}
	tree.FindElement("//Signature//X509Certificate").SetText(other.FindElement("//X509Certificate").Text())
	out, err := tree.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSourceRefusesItself(t *testing.T) {
	t.Parallel()
	doc := []byte(publisher{id: "one", by: "weak"}.sign(t, published("one", "", idpID, "idp")))
	for name, c := range map[string]struct {
		src *saml.Source
		now time.Time
	}{
		"nil":            {nil, clock()},
		"no time":        {&saml.Source{}, time.Time{}},
		"nil trust":      {&saml.Source{Trust: []*x509.Certificate{nil}}, clock()},
		"empty trust":    {&saml.Source{Trust: []*x509.Certificate{{}}}, clock()},
		"a short key":    {&saml.Source{Trust: certificates("weak")}, clock()},
		"a key too many": {&saml.Source{Trust: certificates("second", "weak")}, clock()},
	} {
		m, err := c.src.Parse(doc, c.now)
		if m != nil {
			t.Errorf("%s: %+v", name, m)
		}
		refused(t, nil, err, saml.CodeConfig)
		m, err = c.src.Fetch(t.Context(), c.now)
		if m != nil {
			t.Errorf("%s: %+v", name, m)
		}
		refused(t, nil, err, saml.CodeConfig)
	}
}

func TestSourceDates(t *testing.T) {
	t.Parallel()
	const never = 0
	day := 24 * time.Hour
	until := func(d time.Duration) string { return `validUntil="` + at(d) + `"` }
	for name, c := range map[string]struct {
		root, entity, role string
		until              time.Duration // from now
		refresh            time.Duration
	}{
		"nothing said":               {"", "", "", never, day},
		"an hour's cache":            {"", `cacheDuration="PT1H"`, "", never, time.Hour},
		"the shortest counts":        {`cacheDuration="PT4H"`, `cacheDuration="PT3H"`, `cacheDuration="P1D"`, never, 3 * time.Hour},
		"too short":                  {"", `cacheDuration="PT1S"`, "", never, 15 * time.Minute},
		"too long":                   {"", `cacheDuration="P3Y"`, "", never, 7 * day},
		"nonsense counts as none":    {`cacheDuration="soon"`, `cacheDuration=""`, `cacheDuration="PT0S"`, never, day},
		"an end":                     {"", until(30 * day), "", 30 * day, day},
		"an end that is near":        {"", until(10 * time.Hour), "", 10 * time.Hour, 5 * time.Hour},
		"an end that is very near":   {"", until(time.Minute), "", time.Minute, 15 * time.Minute},
		"the first end counts":       {until(9 * day), until(8 * day), until(10 * day), 8 * day, day},
		"an end and a cache":         {until(9 * day), "", `cacheDuration="PT2H"`, 9 * day, 2 * time.Hour},
		"the end of time":            {"", `validUntil=" 9999-12-31T23:59:59Z "`, "", time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC).Sub(clock()), day},
		"an end in another zone":     {"", `validUntil="2026-03-04T12:00:00.5+12:00"`, "", 60*time.Hour + 500*time.Millisecond, day},
		"an end at the last instant": {"", until(time.Second), "", time.Second, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := strings.Replace(published("one", c.entity, idpID, "idp"), "<md:IDPSSODescriptor ", "<md:IDPSSODescriptor "+c.role+" ", 1)
			m, err := new(saml.Source).Parse([]byte(federation(c.root, doc)), clock())
			if err != nil {
				t.Fatal(explain(err))
			}
			if c.until == never && !m.ValidUntil.IsZero() || c.until != never && !m.ValidUntil.Equal(clock().Add(c.until)) {
				t.Errorf("ValidUntil = %s", m.ValidUntil)
			}
			if got := m.RefreshAt().Sub(clock()); got != c.refresh {
				t.Errorf("refreshed after %s, want %s", got, c.refresh)
			}
		})
	}
	for name, attr := range map[string]string{
		"over": until(-time.Second), "over now": until(0), "long over": until(-1000 * day), "empty": `validUntil=""`, "a date": `validUntil="2030-01-01"`,
		"text": `validUntil="tomorrow"`, "year zero": `validUntil="0001-01-01T00:00:00Z"`, "a year of letters": `validUntil="9a99-01-01T00:00:00Z"`, "five digits": `validUntil="10000-01-01T00:00:00Z"`,
	} {
		for where, doc := range map[string]string{
			"root": federation(attr, published("one", "", idpID, "idp")), "entity": federation("", published("one", attr, idpID, "idp")),
			"role": strings.Replace(published("one", "", idpID, "idp"), "<md:IDPSSODescriptor ", "<md:IDPSSODescriptor "+attr+" ", 1),
		} {
			m, err := new(saml.Source).Parse([]byte(doc), clock())
			if m != nil {
				t.Errorf("%s at the %s: %+v", name, where, m)
			}
			refused(t, nil, err, saml.CodeMetadata)
			if _, err := saml.ParseMetadata([]byte(doc), ""); err != nil {
				t.Errorf("%s: ParseMetadata looks at dates: %s", name, explain(err))
			}
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	read := func(text string) time.Duration {
		m, err := new(saml.Source).Parse([]byte(published("one", `cacheDuration="`+text+`"`, idpID, "idp")), clock())
		if err != nil {
			t.Fatal(explain(err))
		}
		return m.CacheDuration
	}
	for text, want := range map[string]time.Duration{
		"PT6H": 6 * time.Hour, "P7D": 7 * day, "PT604800S": 7 * day, " P1D\t": day, "P0Y0M0DT6H0M0.000S": 6 * time.Hour, "PT1.999S": time.Second,
		"P1Y2M3DT4H5M6S": 365*day + 60*day + 3*day + 4*time.Hour + 5*time.Minute + 6*time.Second, "P1M": 30 * day, "PT1M": time.Minute, "P10Y": 3650 * day,
		"PT999999S": 999999 * time.Second, "P0001D": day,
	} {
		if got := read(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{
		"", "P", "PT", "P1", "1D", "PD", "-P1D", "P-1D", "+P1D", "P1DT", "P1H", "PT1D", "PT1Y", "P1M1Y", "P1D1D", "P1DT1S1M", "p1d", "P1d", "P1W", "P1.5D", "PT1.5H", "PT1.S", "PT.5S", "PT1.5",
		"P11Y", "P9Y1000D", "PT999999999H", "P99999999999999999999Y", "P1D ,", "P1 D", "P1D\u00a0", "P\u0661D", "P" + strings.Repeat("0", 100) + "1D", "P1DT1H1",
	} {
		if got := read(text); got != 0 {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func FuzzSourceParse(f *testing.F) {
	doc := published("one", `validUntil="2026-04-01T00:00:00Z" cacheDuration="PT1H"`, idpID, "idp")
	f.Add(doc, idpID, false)
	f.Add(publisher{id: "one", by: "second"}.sign(f, doc), "", true)
	f.Add(publisher{id: "all", by: "second"}.sign(f, federation(`cacheDuration="P1Y2M3DT4H5M6.7S"`, doc, published("two", "", otherID, "ec"))), otherID, true)
	f.Fuzz(func(t *testing.T, doc, id string, trusting bool) {
		src := &saml.Source{EntityID: id}
		if trusting {
			src.Trust = certificates("second")
		}
		m, err := src.Parse([]byte(doc), clock())
		if err != nil {
			if m != nil {
				t.Fatal("metadata beside an error")
			}
			refusedAny(t, err)
			if strings.Contains(explain(err), "saml: panic") {
				t.Fatal(err)
			}
			return
		}
		plain, err := saml.ParseMetadata([]byte(doc), id)
		if err != nil || len(saml.Compare(plain, m.IdP)) > 0 {
			t.Fatalf("ParseMetadata reads another provider: %v", err)
		}
		wait := m.RefreshAt().Sub(clock())
		if m.Signed != trusting || wait < 15*time.Minute || wait > 7*24*time.Hour || !m.ValidUntil.IsZero() && !m.ValidUntil.After(clock()) {
			t.Fatalf("%+v", m)
		}
		// What is signed by a key of the test can only be what the test has signed.
		if key := m.IdP.Certificates[0]; trusting && !key.Equal(keys()["idp"].cert) && !key.Equal(keys()["ec"].cert) {
			t.Fatalf("another key is trusted: %s", fmt.Sprint(saml.Compare(nil, m.IdP)))
		}
	})
}

func FuzzDuration(f *testing.F) {
	before, after, _ := strings.Cut(published("one", `cacheDuration="@"`, idpID, "idp"), "@")
	for _, s := range []string{"PT6H", "P1Y2M3DT4H5M6.7S", "PT", "-P1D", "P999999999Y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := new(saml.Source).Parse([]byte(before+text+after), clock())
		if err != nil {
			refusedAny(t, err)
			return
		}
		if m.CacheDuration < 0 || m.CacheDuration > 10*366*24*time.Hour || m.CacheDuration%time.Second != 0 {
			t.Fatalf("%q is %s", text, m.CacheDuration)
		}
	})
}
