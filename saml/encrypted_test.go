package saml_test

import (
	"crypto"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

func allowCBC() *saml.Rules { return &saml.Rules{InsecureAllowCBC: true} }

// ciphers are the algorithms that are accepted, CBC with its opt-in.
func ciphers() []string {
	return []string{xmlenc11 + "aes128-gcm", xmlenc11 + "aes192-gcm", xmlenc11 + "aes256-gcm",
		xmlenc + "aes128-cbc", xmlenc + "aes192-cbc", xmlenc + "aes256-cbc"}
}

func TestEncryptedAssertionsAreOpened(t *testing.T) {
	t.Parallel()
	table := map[string]sealing{
		"SHA-1 digest and mask, the older name": {transport: xmlenc + "rsa-oaep-mgf1p", digest: crypto.SHA1},
		"SHA-256 digest, the older name":        {transport: xmlenc + "rsa-oaep-mgf1p", digest: crypto.SHA256},
		"SHA-256 digest and mask":               {digest: crypto.SHA256, mgf: crypto.SHA256},
		"SHA-512 digest, SHA-256 mask":          {digest: crypto.SHA512, mgf: crypto.SHA256},
		"a label":                               {label: "for us"},
		"the other of two keys":                 {to: "sp2"},
		"the key beside the data":               {beside: true},
		"another receiver first":                {also: "second"},
	}
	for _, c := range ciphers() {
		table[c] = sealing{cipher: c}
	}
	for name, how := range table {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				for _, rules := range []*saml.Rules{{InsecureAllowCBC: true}, {InsecureAllowCBC: true, InsecureEngineOnly: true, RequireEncrypted: true}} {
					id, err := opened(b.encrypted(genuine(), signing{}, how), rules)
					if err != nil {
						t.Fatal(explain(err))
					}
					sameAsGenuine(t, id)
				}
			})
		}
	}
}

func TestEncryptedNamesAreOpened(t *testing.T) {
	t.Parallel()
	for _, b := range bases() {
		doc := sealing{}.encryptedName(genuine())
		for name, signed := range map[string]string{"assertion in clear": b.sign(doc, signing{}), "encrypted assertion": b.encrypted(doc, signing{}, sealing{to: "sp2"})} {
			id, err := opened(signed, nil)
			if err != nil {
				t.Fatalf("%s, %s: %s", b, name, explain(err))
			}
			sameAsGenuine(t, id)
		}
		for name, content := range map[string]string{
			"an assertion": cut(t, controls()["assertion"]).assertion, "another element": `<saml:BaseID xmlns:saml="` + samlSpace + `"/>`, "no XML": "ann@victim.example", "nothing": "",
			"in no namespace": "<NameID>ann@victim.example</NameID>", "two": `<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>`, "a comment": `<saml:NameID>ann@victim.example<!-- -->.evil.example</saml:NameID>`,
		} {
			i, j := strings.Index(doc, "<saml:EncryptedID "), strings.Index(doc, "</saml:EncryptedID>")+len("</saml:EncryptedID>")
			id, err := opened(b.sign(doc[:i]+sealing{}.seal("EncryptedID", content)+doc[j:], signing{}), nil)
			if e := refused(t, id, err, saml.CodeEncrypted); e.AssertionID != "asrt-1" {
				t.Errorf("%s: AssertionID %q", name, e.AssertionID)
			}
		}
		// Whoever stands between cannot put a name of his into what was signed.
		signed := b.sign(genuine(), signing{})
		id, err := opened(replace(t, signed, cut(t, signed).name(), sealing{}.seal("EncryptedID", "<saml:NameID>"+intruder+"</saml:NameID>")), nil)
		refused(t, id, err, saml.CodeSignature)
	}
}

// name is the NameID element.
func (p parts) name() string {
	return p.doc[strings.Index(p.doc, "<saml:NameID") : strings.Index(p.doc, "</saml:NameID>")+len("</saml:NameID>")]
}

// Everything that goes wrong behind the private key is one answer, so that no answer is
// an oracle; what the names of algorithms say is said before.
func TestDecryptionFailsInOneWay(t *testing.T) {
	t.Parallel()
	var first *saml.Error
	cutTo := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:min(n, len(b))] } }
	flip := func(i int) func([]byte) []byte {
		return func(b []byte) []byte { b[(i+len(b))%len(b)] ^= 1; return b }
	}
	table := map[string]sealing{
		"for somebody else":            {to: "attacker"},
		"a wrong digest":               {tamperKey: flip(0)},
		"the key cut off":              {tamperKey: cutTo(255)},
		"no key":                       {tamperKey: cutTo(0)},
		"a content key of 128 bits":    {keyBytes: 16},
		"nonce changed":                {tamper: flip(0)},
		"content changed":              {tamper: flip(40)},
		"tag changed":                  {tamper: flip(-1)},
		"nothing":                      {tamper: cutTo(0)},
		"a nonce alone":                {tamper: cutTo(12)},
		"CBC, padding changed":         {cipher: xmlenc + "aes128-cbc", tamper: flip(-17)},
		"CBC, content changed":         {cipher: xmlenc + "aes128-cbc", tamper: flip(20)},
		"CBC, not whole blocks":        {cipher: xmlenc + "aes128-cbc", tamper: cutTo(100)},
		"CBC, a vector alone":          {cipher: xmlenc + "aes128-cbc", tamper: cutTo(16)},
		"CBC, one block":               {cipher: xmlenc + "aes128-cbc", tamper: cutTo(32)},
		"CBC, nothing":                 {cipher: xmlenc + "aes128-cbc", tamper: cutTo(0)},
		"CBC, a content key too short": {cipher: xmlenc + "aes256-cbc", keyBytes: 16},
	}
	for n := range 16 {
		table[fmt.Sprintf("a tag of %d bytes", n)] = sealing{tamper: func(b []byte) []byte { return b[:len(b)-16+n] }}
	}
	for name, how := range table {
		// The Response is not signed, as a stranger would send it.
		id, err := opened(base("assertion").encrypted(genuine(), signing{}, how), allowCBC())
		e := refused(t, id, err, saml.CodeEncrypted)
		if first == nil {
			first = e
		}
		if diff := cmp.Diff([]string{first.Expected, first.Received, first.Hint, first.AssertionID, string(first.Fix), fmt.Sprint(first.Err)},
			[]string{e.Expected, e.Received, e.Hint, e.AssertionID, string(e.Fix), fmt.Sprint(e.Err)}); diff != "" {
			t.Errorf("%s is told from another failure: %s", name, diff)
		}
	}
	for name, content := range map[string]string{"no XML": "hello", "nothing": "", "cut off": "<saml:Assertion", "markup": "<!DOCTYPE x><x/>",
		"another element": "<x/>", "a NameID": "<saml:NameID>ann@victim.example</saml:NameID>", "a Response": unmark(genuine()), "in no namespace": `<Assertion ID="a"/>`} {
		for _, c := range ciphers() {
			doc := strings.Replace(unmark(genuine()), cut(t, unmark(genuine())).assertion, sealing{cipher: c}.seal("EncryptedAssertion", content), 1)
			id, err := opened(doc, allowCBC())
			if e := refused(t, id, err, saml.CodeEncrypted); e.Received != "" || e.Err != nil {
				t.Errorf("%s: received %q, cause %v", name, e.Received, e.Err)
			}
		}
	}
	// Under CBC a stranger can choose parts of what is decrypted, so nothing of it is told.
	for name, content := range map[string]string{"another element": `<x/>`, "a Response": unmark(genuine()), "not signed": cut(t, unmark(genuine())).assertion, "signed by a stranger": cut(t, base("assertion").sign(genuine(), signing{by: "attacker"})).assertion} {
		doc := strings.Replace(unmark(genuine()), cut(t, unmark(genuine())).assertion, sealing{cipher: xmlenc + "aes128-cbc"}.seal("EncryptedAssertion", content), 1)
		id, err := opened(doc, allowCBC())
		if e := refused(t, id, err, saml.CodeEncrypted); e.Received != "" || e.Err != nil {
			t.Errorf("%s: received %q, cause %v", name, e.Received, e.Err)
		}
	}
}

// A key by an algorithm that is refused, beside one that may be used, does not tell what
// became of the other.
func TestRefusedAlgorithmBesideAnAllowedOne(t *testing.T) {
	t.Parallel()
	refusedKey := sealing{transport: xmlenc + "rsa-1_5"}.defaults().wrapped("sp", make([]byte, 16))
	beside := func(doc string) string {
		i := strings.Index(doc, "</xenc:EncryptedKey></ds:KeyInfo>")
		return doc[:i] + "</xenc:EncryptedKey>" + refusedKey + doc[i+len("</xenc:EncryptedKey>"):]
	}
	how := sealing{cipher: xmlenc + "aes128-cbc"}
	if id, err := opened(beside(base("assertion").encrypted(genuine(), signing{}, how)), allowCBC()); err != nil || id.Email != "ann@victim.example" {
		t.Fatal(explain(err))
	}
	how.tamper = func(b []byte) []byte { b[len(b)-17] ^= 0x55; return b }
	id, err := opened(beside(base("assertion").encrypted(genuine(), signing{}, how)), allowCBC())
	refused(t, id, err, saml.CodeEncrypted)
	how.tamper = nil
	id, err = opened(beside(base("assertion").encrypted(genuine(), signing{by: "attacker"}, how)), allowCBC())
	refused(t, id, err, saml.CodeEncrypted)
}

func TestCipherAlgorithmsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, b := range bases() {
		for name, how := range map[string]sealing{
			"RSA 1.5":                {transport: xmlenc + "rsa-1_5"},
			"an unknown transport":   {transport: xmlenc + "rsa-oaep-mgf2"},
			"no transport":           {transport: " "},
			"the mask of another":    {transport: xmlenc + "rsa-oaep-mgf1p", mgf: crypto.SHA256},
			"a cipher of its own":    {cipher: xmlenc + "aes256-ctr", keyBytes: 32},
			"a cipher in upper case": {cipher: xmlenc11 + "aes256-GCM"},
		} {
			id, err := opened(b.encrypted(genuine(), signing{}, how), allowCBC())
			if e := refused(t, id, err, saml.CodeAlgorithm); e.AssertionID != "" {
				t.Errorf("%s: AssertionID %q", name, e.AssertionID)
			}
		}
		for _, c := range ciphers()[3:] {
			id, err := opened(b.encrypted(genuine(), signing{}, sealing{cipher: c}), nil)
			refused(t, id, err, saml.CodeAlgorithm)
		}
		tripleDES := strings.Replace(base("assertion").encrypted(genuine(), signing{}, sealing{}), xmlenc11+"aes256-gcm", xmlenc+"tripledes-cbc", 1)
		id, err := opened(tripleDES, allowCBC())
		refused(t, id, err, saml.CodeAlgorithm)
	}
}

// Anyone can encrypt for a published key: a secret is no signature.
func TestEncryptedAndNotSigned(t *testing.T) {
	t.Parallel()
	plain := unmark(genuine())
	id, err := opened(sealing{}.sealed(plain), nil)
	refused(t, id, err, saml.CodeUnsigned)
	id, err = opened(sealing{}.sealed(evil(plain, "asrt-1")), nil)
	refused(t, id, err, saml.CodeUnsigned)
	for _, by := range []signing{{by: "attacker"}, {by: "attacker", keyInfo: "none"}} {
		for _, b := range bases() {
			id, err = opened(b.encrypted(genuine(), by, sealing{}), nil)
			refused(t, id, err, saml.CodeSignature)
		}
	}
}

func TestEncryptedShortAndLong(t *testing.T) {
	t.Parallel()
	for _, c := range ciphers() {
		for n := range 65 {
			how := sealing{cipher: c, tamper: func([]byte) []byte { return make([]byte, n) }}
			id, err := opened(base("assertion").encrypted(genuine(), signing{}, how), allowCBC())
			refused(t, id, err, saml.CodeEncrypted)
		}
	}
}

func TestEncryptionThatTheRulesWant(t *testing.T) {
	t.Parallel()
	must := &saml.Rules{RequireEncrypted: true}
	for _, b := range bases() {
		id, err := opened(b.sign(genuine(), signing{}), must)
		refused(t, id, err, saml.CodeClear)
		id, err = opened(b.sign(sealing{}.encryptedName(genuine()), signing{}), must)
		refused(t, id, err, saml.CodeClear)
		if id, err = opened(b.encrypted(genuine(), signing{}, sealing{}), must); err != nil {
			t.Error(explain(err))
		} else {
			sameAsGenuine(t, id)
		}
		id, err = login(b.encrypted(genuine(), signing{}, sealing{})) // without any key
		refused(t, id, err, saml.CodeEncrypted)
	}
}

// Every check that a plain assertion has to pass, an encrypted one has to pass.
func TestEncryptedAssertionsPassEveryCheck(t *testing.T) {
	t.Parallel()
	edits := map[string]edit{
		"audience":            {spID + `</saml:Audience>`, `https://other.example</saml:Audience>`, saml.CodeAudience},
		"no audience":         {audiences, ``, saml.CodeAudienceMissing},
		"recipient":           {` Recipient="` + acs, ` Recipient="https://other.example`, saml.CodeRecipient},
		"destination":         {` Destination="` + acs, ` Destination="https://other.example`, saml.CodeDestination},
		"issuer":              {`"><saml:Issuer>` + idpID + `</saml:Issuer>@A@`, `"><saml:Issuer>https://other.example</saml:Issuer>@A@`, saml.CodeIssuer},
		"over":                {`NotOnOrAfter="` + at(300e9) + `"><saml:AudienceRestriction>`, `NotOnOrAfter="` + at(-3600e9) + `"><saml:AudienceRestriction>`, saml.CodeExpired},
		"not yet":             {`NotBefore="` + at(-300e9), `NotBefore="` + at(3600e9), saml.CodeNotYetValid},
		"confirmation over":   {`NotOnOrAfter="` + at(300e9) + `" InResponseTo`, `NotOnOrAfter="` + at(-3600e9) + `" InResponseTo`, saml.CodeExpired},
		"answer to another":   {`InResponseTo="` + reqID + `"/>`, `InResponseTo="req-other"/>`, saml.CodeRequestUnknown},
		"answer to none":      {` InResponseTo="` + reqID + `"/>`, `/>`, saml.CodeUnsolicited},
		"holder of key":       {`cm:bearer`, `cm:holder-of-key`, saml.CodeSubject},
		"session over":        {` SessionIndex="sess-1"`, ` SessionIndex="sess-1" SessionNotOnOrAfter="` + at(-3600e9) + `"`, saml.CodeSessionOver},
		"stale":               {`ID="asrt-1" Version="2.0" IssueInstant="` + at(0), `ID="asrt-1" Version="2.0" IssueInstant="` + at(-90000e9), saml.CodeStale},
		"version":             {`ID="asrt-1" Version="2.0"`, `ID="asrt-1" Version="1.1"`, saml.CodeVersion},
		"unknown condition":   {`<saml:AudienceRestriction>`, `<saml:Condition/><saml:AudienceRestriction>`, saml.CodeConditions},
		"empty NameID":        {`>ann@victim.example<`, `><`, saml.CodeNameID},
		"a second NameID":     {`<saml:SubjectConfirmation `, `<saml:NameID>` + intruder + `</saml:NameID><saml:SubjectConfirmation `, saml.CodeProfile},
		"a second Subject":    {`<saml:Conditions `, `<saml:Subject><saml:NameID>` + intruder + `</saml:NameID></saml:Subject><saml:Conditions `, saml.CodeProfile},
		"an unknown element":  {`<saml:Conditions `, `<saml:Other/><saml:Conditions `, saml.CodeProfile},
		"the Response's ID":   {`ID="asrt-1"`, `ID="resp-1"`, saml.CodeProfile},
		"an ID twice":         {`<saml:AuthnStatement `, `<saml:AuthnStatement Id="asrt-1" `, saml.CodeProfile},
		"a control character": {`ann@victim`, `ann&#9;@victim`, saml.CodeValue},
		"status":              {`status:Success`, `status:Responder`, saml.CodeStatus},
		"an inner assertion":  {`<saml:AuthnStatement `, `<saml:Advice><saml:Assertion ID="i"/></saml:Advice><saml:AuthnStatement `, saml.CodeProfile},
		"an inner cipher":     {`<saml:AuthnStatement `, `<saml:Advice><saml:EncryptedAssertion/></saml:Advice><saml:AuthnStatement `, saml.CodeProfile},
		"an inner Response":   {`<saml:AuthnStatement `, `<saml:Advice><samlp:Response/></saml:Advice><saml:AuthnStatement `, saml.CodeProfile},
		"an encrypted value":  {`<saml:AttributeStatement>`, `<saml:AttributeStatement><saml:EncryptedAttribute/>`, saml.CodeProfile},
	}
	for name, e := range edits {
		for _, b := range bases() {
			t.Run(name+"/"+string(b), func(t *testing.T) {
				t.Parallel()
				id, err := opened(b.encrypted(replace(t, genuine(), e.old, e.new), signing{}, sealing{}), nil)
				refused(t, id, err, e.code)
			})
		}
	}
	// Text that no reader may see twice is no assertion at all.
	for name, inside := range map[string]string{"a comment": `<!-- -->`, "an instruction": `<?p x?>`, "CDATA": `<![CDATA[]]>`, "an entity": `&e;`} {
		how := base("response").encrypted(genuine(), signing{}, sealing{})
		p := cut(t, unmark(genuine()))
		content := strings.Replace(p.assertion, "ann@victim.example", "ann@victim.example"+inside+".evil.example", 1)
		i, j := strings.Index(genuine(), "<saml:Assertion"), strings.Index(genuine(), "</samlp:Response>")
		doc := sign(genuine()[:i]+sealing{}.seal("EncryptedAssertion", content)+genuine()[j:], "@R@", signing{})
		if id, err := opened(doc, nil); err == nil || id != nil {
			t.Errorf("%s: accepted as %s", name, id.NameID.Value)
		}
		if _, err := opened(how, nil); err != nil {
			t.Error(explain(err))
		}
	}
}

// A namespace declaration that nothing uses is in no digest, so whoever carries a message
// may add one or change it. It must not say what is read of an encrypted assertion that
// only the Response's signature covers.
func TestUnsignedNamespacesAroundCiphertexts(t *testing.T) {
	t.Parallel()
	add := func(doc string) string {
		return strings.Replace(doc, "<samlp:Response ", `<samlp:Response xmlns="`+samlSpace+`" xmlns:s2="`+samlSpace+`" `, 1)
	}
	markup := func(value string) string {
		return strings.Replace(genuine(), `<saml:AttributeValue>blue</saml:AttributeValue>`, `<saml:AttributeValue>blue</saml:AttributeValue><saml:AttributeValue>`+value+`</saml:AttributeValue>`, 1)
	}
	for name, inner := range map[string]string{
		"a default namespace": markup(`<NameID>admins</NameID>`),
		"no markup":           genuine(),
	} {
		signed := base("response").encrypted(inner, signing{}, sealing{})
		want, err := opened(signed, nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		got, err := opened(add(signed), nil)
		if err != nil {
			t.Fatalf("%s: %s", name, explain(err))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// An assertion that leans on a declaration that is not covered is refused, whatever
	// the declaration says; one that leans on what the Response itself uses is not.
	leaning := strings.Replace(genuine(), `<saml:AttributeValue>red</saml:AttributeValue>`, `<s2:AttributeValue>restricted</s2:AttributeValue>`, 1)
	for _, uri := range []string{samlSpace, "urn:x"} {
		doc := base("response").encrypted(strings.Replace(leaning, `<samlp:Response `, `<samlp:Response xmlns:s2="`+uri+`" `, 1), signing{}, sealing{})
		id, err := opened(doc, nil)
		refused(t, id, err, saml.CodeSignature)
	}
	// Types of values are attributes, and name nothing that is read.
	typed := strings.Replace(genuine(), `<saml:AttributeValue>red`, `<saml:AttributeValue xsi:type="xs:string">red`, 1)
	typed = strings.Replace(typed, `<samlp:Response `, `<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" `, 1)
	if id, err := opened(base("response").encrypted(typed, signing{}, sealing{}), nil); err != nil || len(id.Groups) != 2 {
		t.Error(explain(err))
	}
	for _, how := range []signing{{}, {list: "saml samlp"}} {
		if _, err := opened(base("response").encrypted(genuine(), how, sealing{}), nil); err != nil {
			t.Error(explain(err))
		}
	}
	// Its own signature covers what it uses, wherever that was declared.
	for _, b := range []base{"assertion", "both"} {
		signed := b.encrypted(genuine(), signing{}, sealing{})
		want, err := opened(signed, nil)
		if err != nil {
			t.Fatal(explain(err))
		}
		if got, err := opened(strings.Replace(signed, "<samlp:Response ", `<samlp:Response xmlns="urn:x" `, 1), nil); err != nil || !cmp.Equal(want, got) {
			t.Error(explain(err))
		}
	}
}
