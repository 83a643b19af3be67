package saml_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

func products() []saml.Product {
	return []saml.Product{saml.Auth0, saml.ADFS, saml.CyberArk, saml.Duo, saml.Entra, saml.Google, saml.JumpCloud, saml.Keycloak,
		saml.Okta, saml.OneLogin, saml.PingFederate, saml.PingOne, saml.Rippling, saml.Shibboleth, saml.SimpleSAMLphp}
}

func TestProductsAreRecognised(t *testing.T) {
	t.Parallel()
	seen := map[saml.Product]bool{}
	for _, c := range []struct {
		entityID, sso string
		want          saml.Product
	}{
		{"http://www.okta.com/exk659aytfMeNI49v0h7", "", saml.Okta},
		{"urn:acme", "https://acme.oktapreview.com/app/x/exk1/sso/saml", saml.Okta},
		{"https://sts.windows.net/3f1a/", "", saml.Entra},
		{"urn:acme", "https://login.microsoftonline.com/3f1a/saml2", saml.Entra},
		{"https://accounts.google.com/o/saml2?idpid=C01", "", saml.Google},
		{"https://app.onelogin.com/saml/metadata/634027", "", saml.OneLogin},
		{"http://fs.spstest2.com/adfs/services/trust", "", saml.ADFS},
		{"urn:acme", "https://sts.acme.example/adfs/ls/", saml.ADFS},
		{"https://auth.pingone.eu/3f1a", "", saml.PingOne},
		{"PF-ACME", "https://sso.acme.example:9031/idp/SSO.saml2", saml.PingFederate},
		{"JumpCloud", "https://sso.jumpcloud.com/saml2/acme", saml.JumpCloud},
		{"https://login.acme.example/realms/acme", "", saml.Keycloak},
		{"https://login.acme.example/auth/realms/acme", "", saml.Keycloak},
		{"https://idp.acme.example/idp/shibboleth", "", saml.Shibboleth},
		{"urn:acme", "https://idp.acme.example/idp/profile/SAML2/Redirect/SSO", saml.Shibboleth},
		{"https://idp.acme.example/simplesaml/saml2/idp/metadata.php", "", saml.SimpleSAMLphp},
		{"urn:acme", "https://idp.acme.example/simplesaml/module.php/saml/idp/singleSignOnService", saml.SimpleSAMLphp},
		{"urn:scaleft-test.auth0.com", "", saml.Auth0},
		{"urn:acme", "https://login.acme.example/samlp/rlXOZ4kO", saml.Auth0},
		{"https://sso-1.sso.duosecurity.com/saml2/sp/DI1/metadata", "", saml.Duo},
		{"https://aab1234.id.cyberark.cloud/3f1a", "", saml.CyberArk},
		{"https://aab1234.my.idaptive.app/3f1a", "", saml.CyberArk},
		{"https://www.rippling.com/api/platform/sso/1", "", saml.Rippling},
		{"HTTPS://ACME.OKTA.COM/x", "", saml.Okta},
		{"https://idp.example/issuer", "https://idp.example/sso", ""},
		{"https://okta.com.evil.example/exk1", "https://notokta.com/sso", ""},
		{"https://evil.example/?x=www.okta.com", "", ""},
		{"urn:acme:notauth0.com", "", ""},
		{"", "", ""}, {"::", "%zz", ""},
	} {
		idp := &saml.IdP{EntityID: c.entityID, SSO: saml.Endpoint{URL: c.sso}}
		if got := idp.Product(); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.entityID, c.sso, got, c.want)
		}
		seen[c.want] = true
	}
	for _, p := range products() {
		if !seen[p] {
			t.Errorf("nothing is recognised as %s", p)
		}
	}
	if p := (*saml.IdP)(nil).Product(); p != "" {
		t.Errorf("nil is %q", p)
	}
}

// Every row is for a product and a code that there are, says something of its own, and
// is a phrase as all hints are.
func TestEveryHintIsOfUse(t *testing.T) {
	t.Parallel()
	type key struct {
		p    saml.Product
		c    saml.Code
		when string
	}
	rows, of := map[key]bool{}, map[saml.Product]int{}
	saml.EachHint(func(p saml.Product, c saml.Code, when, say string) {
		k := key{p, c, when}
		if rows[k] || !slices.Contains(products(), p) || !slices.Contains(saml.Codes(), c) || when != strings.ToLower(when) {
			t.Errorf("%v: twice, or of nothing", k)
		}
		rows[k] = true
		of[p]++
		if len(say) < 40 || len(say) > 300 || strings.HasSuffix(say, ".") || say == saml.Explain(c).Hint || strings.Count(say, `"`)%2 != 0 {
			t.Errorf("%v: %q", k, say)
		}
	})
	for _, p := range products() {
		if of[p] == 0 {
			t.Errorf("no hint for %s", p)
		}
	}
}

// from is the connection to a product, and the genuine document as it would send it.
func from(entityID string) (*saml.IdP, string) {
	idp := theirIdP()
	idp.EntityID = entityID
	return idp, strings.ReplaceAll(genuine(), idpID, entityID)
}

const (
	oktaID     = "http://www.okta.com/exk1"
	oneLoginID = "https://app.onelogin.com/saml/metadata/1"
	adfsID     = "http://sts.acme.example/adfs/services/trust"
	googleID   = "https://accounts.google.com/o/saml2?idpid=C01"
	ripplingID = "https://www.rippling.com/api/platform/sso/1"
	keycloakID = "https://login.acme.example/realms/acme"
)

func TestHintsSpeakTheProvidersLanguage(t *testing.T) {
	t.Parallel()
	status := func(second string) [2]string {
		return [2]string{`:status:Success"/>`, `:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:` + second + `"/></samlp:StatusCode>`}
	}
	audience := `<saml:Audience>` + spID + `<`
	for name, c := range map[string]struct {
		entityID string
		edit     [2]string
		s        signing
		rules    *saml.Rules
		code     saml.Code
		says     string
	}{
		"nobody in particular":      {idpID, [2]string{audience, `<saml:Audience>x<`}, signing{}, nil, saml.CodeAudience, "to exactly the entity ID shown here"},
		"Okta, audience":            {oktaID, [2]string{audience, `<saml:Audience>x<`}, signing{}, nil, saml.CodeAudience, `"Audience URI (SP Entity ID)"`},
		"Okta, a slash too many":    {oktaID, [2]string{audience, `<saml:Audience>` + spID + `/<`}, signing{}, nil, saml.CodeAudience, "the slash at the end"},
		"another case":              {idpID, [2]string{audience, `<saml:Audience>` + strings.ToUpper(spID) + `<`}, signing{}, nil, saml.CodeAudience, "upper and lower case"},
		"http":                      {idpID, [2]string{`Recipient="https:`, `Recipient="http:`}, signing{}, nil, saml.CodeRecipient, "http and https"},
		"ACS for entity ID":         {idpID, [2]string{audience, `<saml:Audience>` + acs + `<`}, signing{}, nil, saml.CodeAudience, "at the provider to exactly the entity ID shown here; the ACS URL stands there now"},
		"CyberArk, ACS":             {"https://aab1234.id.cyberark.cloud/3f1a", [2]string{audience, `<saml:Audience>` + acs + `<`}, signing{}, nil, saml.CodeAudience, `"SP Entity ID / Issuer / Audience" on the Trust page of the app to exactly the entity ID shown here; the ACS URL stands there now`},
		"our own ID as issuer":      {idpID, [2]string{idpID + "</saml:Issuer>@A@", spID + "</saml:Issuer>@A@"}, signing{}, nil, saml.CodeIssuer, "the entity ID of the application stands there now"},
		"entity ID for ACS":         {idpID, [2]string{`Recipient="` + acs, `Recipient="` + spID}, signing{}, nil, saml.CodeRecipient, "the entity ID of the application stands there now"},
		"OneLogin, blank audience":  {oneLoginID, [2]string{audience, `<saml:Audience>{audience}<`}, signing{}, nil, saml.CodeAudience, "the placeholder is sent instead"},
		"OneLogin, audience":        {oneLoginID, [2]string{audience, `<saml:Audience>x<`}, signing{}, nil, saml.CodeAudience, `"Audience (EntityID)"`},
		"OneLogin, another key":     {oneLoginID, [2]string{}, signing{by: "attacker"}, nil, saml.CodeSignature, `"X.509 Certificate"`},
		"AD FS, issuer":             {adfsID, [2]string{"</saml:Issuer>@A@", "x</saml:Issuer>@A@"}, signing{}, nil, saml.CodeIssuer, "with http and not https"},
		"AD FS, no NameID":          {adfsID, [2]string{"ann@victim.example", ""}, signing{}, nil, saml.CodeNameID, "Transform an Incoming Claim"},
		"AD FS, NameIDPolicy":       {adfsID, status("InvalidNameIDPolicy"), signing{}, nil, saml.CodeStatus, "MSIS7070"},
		"InvalidNameIDPolicy":       {idpID, status("InvalidNameIDPolicy"), signing{}, nil, saml.CodeStatus, "another NameID format"},
		"Entra, NoAuthnContext":     {"https://sts.windows.net/3f1a/", status("NoAuthnContext"), signing{}, nil, saml.CodeStatus, "AADSTS75011"},
		"Entra, denied":             {"https://sts.windows.net/3f1a/", status("RequestDenied"), signing{}, nil, saml.CodeStatus, "assigned to this application"},
		"Google, no attributes":     {googleID, [2]string{}, signing{}, &saml.Rules{Identifier: "email"}, saml.CodeIdentifier, `Google sends no attributes until`},
		"Google, another key":       {googleID, [2]string{}, signing{by: "attacker"}, nil, saml.CodeSignature, "download the certificate"},
		"Rippling, dummy":           {ripplingID, [2]string{`NotOnOrAfter="` + at(300e9) + `" InResponseTo="` + reqID, `NotOnOrAfter="` + at(300e9) + `" InResponseTo="dummy`}, signing{}, nil, saml.CodeRequestUnknown, "Disable InResponseTo field"},
		"Keycloak, request":         {keycloakID, status("Requester"), signing{}, nil, saml.CodeStatus, `"Client signature required"`},
		"no advice beats a guest's": {googleID, [2]string{`ann@victim.example`, `ann_x.example#EXT#@victim.example`}, signing{}, &saml.Rules{Identifier: saml.IdentifierNameID}, saml.CodeIdentifier, "user.mail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp, doc := from(c.entityID)
			if c.edit[0] != "" {
				doc = replace(t, doc, c.edit[0], c.edit[1])
			}
			id, err := finish(base("assertion").sign(doc, c.s), idp, c.rules, ourRequest(), clock())
			e := refused(t, id, err, c.code)
			if !strings.Contains(e.Hint, c.says) {
				t.Errorf("hint %q, want %q", e.Hint, c.says)
			}
			if strings.Contains(e.Error(), e.Hint) {
				t.Errorf("the public text is %q", e)
			}
		})
	}
}

// A provider under the customer's own name is known by what it calls its attributes.
func TestProductsByTheirAttributes(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		microsoft + "identity/claims/tenantid":    `"Identifier (Entity ID)"`,
		"http://schemas.auth0.com/email_verified": "SAML2 Web App addon",
		"department": "set the audience (SP entity ID) at the provider",
	} {
		doc := replace(t, genuine(), `<saml:AttributeStatement>`, `<saml:AttributeStatement>`+named(name, "x"))
		doc = replace(t, doc, `<saml:Audience>`+spID, `<saml:Audience>x`)
		id, err := login(base("assertion").sign(doc, signing{}))
		if e := refused(t, id, err, saml.CodeAudience); !strings.Contains(e.Hint, says) {
			t.Errorf("%s: %q", name, e.Hint)
		}
	}
}

// The flavours of the simulated provider are taken for the products they imitate.
func TestFlavoursAreRecognised(t *testing.T) {
	t.Parallel()
	for _, f := range samltest.Flavors() {
		sim, err := samltest.New("https://idp.example", nil, &samltest.Options{Flavor: f, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		idp := &saml.IdP{EntityID: sim.EntityID()}
		if got := idp.Product(); string(got) != string(f) {
			t.Errorf("%s is taken for %q", f, got)
		}
	}
}

func TestHintOfACode(t *testing.T) {
	t.Parallel()
	for entityID, want := range map[string]string{
		googleID: "Google sends no attributes until", idpID: saml.Explain(saml.CodeIdentifier).Hint,
	} {
		if got := (&saml.IdP{EntityID: entityID}).Hint(saml.CodeIdentifier); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", entityID, got)
		}
	}
	if got := (*saml.IdP)(nil).Hint(saml.CodeAudience); got != saml.Explain(saml.CodeAudience).Hint {
		t.Errorf("nil: %q", got)
	}
	if got := (&saml.IdP{EntityID: oneLoginID}).Hint(saml.CodeAudience); strings.Contains(got, "placeholder") {
		t.Errorf("nothing was received: %q", got)
	}
}

// What a document says of itself must not lead to a hint that repeats it.
func TestHintsRepeatNothingReceived(t *testing.T) {
	t.Parallel()
	const evil = "CALL-0800-EVIL"
	for _, old := range []string{`<saml:Audience>` + spID, `Recipient="` + acs, `Destination="` + acs, `:status:Success`} {
		doc := replace(t, genuine(), old, old[:strings.LastIndexAny(old, `>":`)+1]+evil)
		if strings.HasPrefix(old, ":status") {
			doc = replace(t, genuine(), old, ":status:"+evil)
		}
		for _, f := range diagnose(base("assertion").sign(doc, signing{}), theirIdP(), nil, ourRequest(), clock()) {
			if f.Err != nil && (strings.Contains(f.Err.Hint, evil) || strings.Contains(f.Err.Error(), evil)) {
				t.Errorf("%s: %q %q", old, f.Err, f.Err.Hint)
			}
		}
	}
}
