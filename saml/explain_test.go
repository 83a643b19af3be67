package saml_test

import (
	"encoding/base64"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// diagnose is finish for Explain.
func diagnose(doc string, idp *saml.IdP, rules *saml.Rules, req *saml.Request, now time.Time) []saml.Finding {
	m, _ := saml.ParseMessage(base64.StdEncoding.EncodeToString([]byte(doc)))
	return ourSP().Explain(idp, rules, m, req, now)
}

// failing lists check and code of what did not pass.
func failing(all []saml.Finding) []string {
	var out []string
	for _, f := range all {
		if f.Err != nil {
			out = append(out, f.Check+" "+string(f.Err.Code))
		}
	}
	return out
}

// agree wants the first failure to be what Finish says, to the letter. The hint may know
// more: Explain has read what Finish has not.
func agree(t *testing.T, all []saml.Finding, id *saml.Identity, err error) {
	t.Helper()
	var first *saml.Error
	for _, f := range all {
		if first == nil {
			first = f.Err
		}
	}
	if err == nil {
		if first != nil || len(all) != 23 {
			t.Errorf("Finish accepts %v, of %d findings %v fail", id.NameID, len(all), failing(all))
		}
		return
	}
	var want *saml.Error
	if !errors.As(err, &want) || first == nil {
		t.Fatalf("Finish says %v, Explain finds nothing wrong", err)
	}
	type said struct {
		Code               saml.Code
		Fix                saml.Side
		Expected, Received string
	}
	if diff := cmp.Diff(said{want.Code, want.Fix, want.Expected, want.Received},
		said{first.Code, first.Fix, first.Expected, first.Received}); diff != "" || first.Hint == "" {
		t.Errorf("Finish and Explain differ: %s", diff)
	}
}

func TestExplainOfALoginPassesEveryCheck(t *testing.T) {
	t.Parallel()
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		all := diagnose(doc, theirIdP("second", "idp"), nil, ourRequest(), clock())
		agree(t, all, accepted(t, doc), nil)
		saw := map[string]string{}
		for _, f := range all {
			saw[f.Check] = f.Saw
		}
		for check, want := range map[string]string{
			saml.CheckIssuer: idpID, saml.CheckDestination: acs, saml.CheckAudience: spID, saml.CheckRecipient: acs, saml.CheckInResponseTo: reqID, saml.CheckRequest: reqID,
			saml.CheckValidity: "from " + at(-5*time.Minute) + " until " + at(5*time.Minute), saml.CheckConfirmationTime: "until " + at(5*time.Minute), saml.CheckAge: "issued at " + at(0),
			saml.CheckNameID: "ann@victim.example urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", saml.CheckIdentifier: "ann@victim.example",
			saml.CheckValues: "attributes: firstName, groups", saml.CheckVersion: "2.0", saml.CheckConfirmation: "1 SubjectConfirmation", saml.CheckSession: "", saml.CheckConditions: "",
		} {
			if saw[check] != want {
				t.Errorf("%s: saw %q, want %q", check, saw[check], want)
			}
		}
		if !strings.HasPrefix(saw[saml.CheckSignature], "SHA-256 ") {
			t.Errorf("signature: %q", saw[saml.CheckSignature])
		}
	}
}

// One setting after another is wrong, and all of them are said at once.
func TestExplainGoesOnBehindAFailure(t *testing.T) {
	t.Parallel()
	wrong := genuine()
	for _, r := range [][2]string{
		{`Destination="` + acs, `Destination="https://other.example`},
		{`<saml:Audience>` + spID, `<saml:Audience>https://other.example`},
		{`Recipient="` + acs, `Recipient="https://other.example`},
		{`NotOnOrAfter="` + at(5*time.Minute) + `" InResponseTo="` + reqID, `NotOnOrAfter="` + at(-time.Hour) + `" InResponseTo="req-other`},
		{`<saml:Attribute Name="groups">`, `<saml:Attribute Name="email"><saml:AttributeValue>a@b.example</saml:AttributeValue><saml:AttributeValue>c@d.example</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups">`},
		{`<saml:AuthnStatement `, `<saml:AuthnStatement SessionNotOnOrAfter="` + at(-time.Hour) + `" `},
	} {
		wrong = replace(t, wrong, r[0], r[1])
	}
	claims := []string{"destination destination", "audience audience", "recipient recipient", "confirmation_time expired",
		"in_response_to request_unknown", "session session_over", "identifier identifier"}
	for name, c := range map[string]struct {
		doc   string
		idp   *saml.IdP
		rules *saml.Rules
		first []string
	}{
		"signed":           {base("assertion").sign(wrong, signing{}), theirIdP(), nil, nil},
		"response signed":  {base("response").sign(wrong, signing{}), theirIdP(), nil, nil},
		"by another key":   {base("assertion").sign(wrong, signing{by: "attacker"}), theirIdP(), nil, []string{"signature signature"}},
		"by a weak key":    {base("both").sign(wrong, signing{by: "weak"}), theirIdP("weak"), nil, []string{"algorithm algorithm"}},
		"not signed":       {unmark(wrong), theirIdP(), nil, []string{"signature unsigned"}},
		"changed":          {replace(t, base("both").sign(replace(t, wrong, "sess-1", "sess-9"), signing{}), "sess-9", "sess-1"), theirIdP(), nil, []string{"signature signature"}},
		"in clear":         {base("both").sign(wrong, signing{}), theirIdP(), &saml.Rules{RequireEncrypted: true}, []string{"encryption not_encrypted"}},
		"expired, legacy":  {base("both").sign(wrong, signing{by: "weak"}), theirIdP("weak"), &saml.Rules{DenyExpiredCertificates: true}, []string{"algorithm algorithm"}},
		"clear and weak":   {base("both").sign(wrong, signing{by: "weak"}), theirIdP("weak"), &saml.Rules{RequireEncrypted: true}, []string{"encryption not_encrypted", "algorithm algorithm"}},
		"other key, weak":  {base("both").sign(wrong, signing{by: "attacker"}), theirIdP("weak"), nil, []string{"algorithm algorithm", "signature signature"}},
		"status, unsigned": {unmark(replace(t, wrong, "status:Success", "status:Responder")), theirIdP(), nil, []string{"status status"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := diagnose(c.doc, c.idp, c.rules, ourRequest(), clock())
			if diff := cmp.Diff(append(slices.Clone(c.first), claims...), failing(all)); diff != "" {
				t.Error(diff)
			}
			id, err := finish(c.doc, c.idp, c.rules, ourRequest(), clock())
			agree(t, all, id, err)
		})
	}
}

// What has nothing to look at is left out, not passed.
func TestExplainLeavesOutWhatItCannotSee(t *testing.T) {
	t.Parallel()
	good := base("assertion").sign(genuine(), signing{})
	noBearer := base("assertion").sign(replace(t, genuine(), "cm:bearer", "cm:sender-vouches"), signing{})
	noName := base("assertion").sign(replace(t, genuine(), "ann@victim.example", ""), signing{})
	noConditions := base("assertion").sign(replace(t, genuine(), genuine()[strings.Index(genuine(), "<saml:Conditions"):strings.Index(genuine(), "<saml:AuthnStatement")], ""), signing{})
	for name, c := range map[string]struct {
		doc     string
		fails   string
		missing []string
	}{
		"no XML":           {"hello", "message xml", []string{saml.CheckStatus, saml.CheckSignature, saml.CheckAudience}},
		"a logout request": {`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`, "structure profile", []string{saml.CheckStatus, saml.CheckEncryption, saml.CheckSignature, saml.CheckAudience}},
		"SAML 1.1":         {`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:1.1:protocol"/>`, "version version", []string{saml.CheckStatus, saml.CheckStructure, saml.CheckSignature}},
		"two assertions":   {strings.Replace(good, "</samlp:Response>", `<saml:Assertion/></samlp:Response>`, 1), "structure profile", []string{saml.CheckEncryption, saml.CheckSignature, saml.CheckAudience}},
		"no bearer":        {noBearer, "confirmation subject", []string{saml.CheckRecipient, saml.CheckConfirmationTime, saml.CheckInResponseTo}},
		"no name":          {noName, "name_id name_id", []string{saml.CheckIdentifier, saml.CheckValues}},
		"no conditions":    {noConditions, "audience audience_missing", nil},
		"unsigned":         {unmark(genuine()), "signature unsigned", []string{saml.CheckAlgorithm}},
	} {
		all := diagnose(c.doc, theirIdP(), nil, ourRequest(), clock())
		if diff := cmp.Diff([]string{c.fails}, failing(all)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, f := range all {
			if slices.Contains(c.missing, f.Check) {
				t.Errorf("%s: there was nothing to find for %s", name, f.Check)
			}
		}
	}
}

func TestExplainOfAnIncompleteConnection(t *testing.T) {
	t.Parallel()
	m := message(t, base("both").sign(genuine(), signing{}))
	if all := ourSP().Explain(nil, nil, m, ourRequest(), clock()); len(all) != 1 || failing(all)[0] != "configuration config" {
		t.Errorf("%v", failing(all))
	}
	if all := ourSP().Explain(theirIdP(), nil, saml.Message{}, ourRequest(), clock()); len(all) != 2 || failing(all)[0] != "message encoding" {
		t.Errorf("%v", failing(all))
	}
	broken := theirIdP()
	cert := *broken.Certificates[0]
	cert.Raw, cert.PublicKey = nil, 17
	broken.Certificates[0] = &cert
	if all := ourSP().Explain(broken, nil, m, ourRequest(), clock()); len(failing(all)) == 0 {
		t.Errorf("a key of no kind passes: %v", all)
	}
}

// encrypting is a connection to a provider that encrypts for key.
func encrypting(t *testing.T, cipher samltest.Cipher, key saml.Key) (*saml.IdP, saml.Message, *saml.Request) {
	t.Helper()
	person := samltest.Person{Email: "ann@victim.example"}
	sim, err := samltest.New("https://idp.example", []samltest.Person{person}, &samltest.Options{
		Flavor: samltest.Okta, Now: clock, Encrypt: samltest.Encryption{Cipher: cipher},
	})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := (&saml.SP{EntityID: spID, ACS: acs, Keys: []saml.Key{key}}).Metadata(&saml.MetadataOptions{Encryption: true})
	if err != nil {
		t.Fatal(explain(err))
	}
	if err := sim.Trust(ours); err != nil {
		t.Fatal(err)
	}
	r, err := sim.Respond(samltest.Request{ID: reqID, Issuer: spID}, person)
	if err != nil {
		t.Fatal(err)
	}
	m, err := saml.ParseMessage(r.SAMLResponse)
	if err != nil {
		t.Fatal(explain(err))
	}
	idp, err := saml.ParseMetadata(sim.Metadata(), "")
	if err != nil {
		t.Fatal(explain(err))
	}
	return idp, m, ourRequest()
}

func TestExplainOfAnEncryptedAssertion(t *testing.T) {
	t.Parallel()
	sp := signingSP()
	other := saml.Key{Signer: keys()["attacker"].key, Cert: keys()["attacker"].cert}
	idp, m, req := encrypting(t, samltest.AES256GCM, sp.Keys[0])
	id, err := sp.Finish(idp, nil, m, req, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	agree(t, sp.Explain(idp, nil, m, req, clock()), id, nil)

	// For another key, and by a cipher that is not allowed: nothing of it is shown.
	for name, c := range map[string]struct {
		cipher samltest.Cipher
		key    saml.Key
		fails  string
		says   string
	}{
		"another key": {samltest.AES256GCM, other, "encryption encrypted", `"Assertion Encryption"`},
		"CBC":         {samltest.AES256CBC, sp.Keys[0], "algorithm algorithm", "AES-GCM"},
	} {
		idp, m, req := encrypting(t, c.cipher, c.key)
		id, err := sp.Finish(idp, nil, m, req, clock())
		all := sp.Explain(idp, nil, m, req, clock())
		agree(t, all, id, err)
		last := all[len(all)-1]
		if diff := cmp.Diff([]string{c.fails}, failing(all)); diff != "" || last.Err == nil || !strings.Contains(last.Err.Hint, c.says) || !strings.HasPrefix(last.Err.Hint, "in Okta") {
			t.Errorf("%s: %s, %+v", name, diff, last)
		}
	}
}

// Whatever is wrong, Explain and Finish say the same of it first. The documents are
// those that real providers sent, and the genuine one with one thing after another cut
// out of it.
func TestExplainAgreesWithFinish(t *testing.T) {
	t.Parallel()
	for key := range sources() {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			sp, idp := sources()[key].parties(t)
			for _, file := range capturedFiles(t) {
				m, _ := capturedMessage(t, file)
				for _, now := range []string{"2017-08-30T23:15:00Z", "2016-07-25T18:30:00Z"} {
					for _, legacy := range []bool{false, true} {
						rules := &saml.Rules{IdPInitiated: true, InsecureAllowLegacy: legacy}
						req := &saml.Request{ID: "id-531b2bf02ae0a588c30234163adbfd9d6bbf0747", ExpiresAt: utc(t, now).Add(time.Minute)}
						if m.InResponseTo() == "" {
							req = nil
						}
						id, err := sp.Finish(idp, rules, m, req, utc(t, now))
						agree(t, sp.Explain(idp, rules, m, req, utc(t, now)), id, err)
					}
				}
			}
		})
	}
	for _, b := range bases() {
		doc := b.sign(genuine(), signing{})
		for i := 0; i < len(doc); i += 7 {
			cut := doc[:i] + doc[min(i+1+i%40, len(doc)):]
			id, err := finish(cut, theirIdP(), nil, ourRequest(), clock())
			agree(t, diagnose(cut, theirIdP(), nil, ourRequest(), clock()), id, err)
		}
	}
}

// capturedFiles are a few of each provider.
func capturedFiles(t *testing.T) []string {
	t.Helper()
	return []string{"auth0_response.xml", "adfs_response.b64", "adfs_response_enc.b64", "okta_response.xml", "oktaenc_response.b64", "onelogin_response.xml", "oam_response.xml",
		"pingfed/pfed11_response_01.b64", "pingfed/pfed11_response_05.b64", "onelogin/olgn09_response_01.b64", "onelogin/olgn09_response_11.b64", "onelogin/olgn09_response_52.b64",
		"onelogin/olgn09_response_53.b64", "saml.oktadev.com/response_0", "saml.oktadev.com/response_1", "saml.oktadev.com/response_13", "saml.oktadev.com/response_14"}
}

// An Identity is made in one place, of what verify returned.
func TestOnlyJudgeMakesAnIdentity(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	uses := map[string][]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CompositeLit:
					if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Identity" {
						uses["Identity{}"] = append(uses["Identity{}"], f.Name.Name)
					}
				case *ast.CallExpr:
					if s, ok := n.Fun.(*ast.SelectorExpr); ok && (s.Sel.Name == "identity" || s.Sel.Name == "judge" || s.Sel.Name == "claims") {
						uses[s.Sel.Name] = append(uses[s.Sel.Name], f.Name.Name)
					}
				}
				return true
			})
		}
	}
	for _, list := range uses {
		slices.Sort(list)
	}
	want := map[string][]string{"Identity{}": {"identity"}, "identity": {"judge"}, "judge": {"Finish"}, "claims": {"read", "readUnverified"}}
	if diff := cmp.Diff(want, uses); diff != "" {
		t.Error(diff)
	}
}
