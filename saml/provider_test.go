package saml_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// connection joins a service provider and a simulated identity provider by nothing
// but their metadata.
type connection struct {
	sp     *saml.SP
	idp    *saml.IdP
	sim    *samltest.IdP
	person samltest.Person
}

func connect(t testing.TB, opts *samltest.Options) connection {
	t.Helper()
	person := samltest.Person{Email: "ann@victim.example", FirstName: "Ann", LastName: "Lee", Groups: []string{"red", "blue"}}
	if opts == nil {
		opts = &samltest.Options{}
	}
	opts.Now = clock
	sim, err := samltest.New("https://idp.example", []samltest.Person{person}, opts)
	if err != nil {
		t.Fatal(err)
	}
	idp, err := saml.ParseMetadata(sim.Metadata(), "")
	if err != nil {
		t.Fatal(explain(err))
	}
	sp := signingSP()
	ours, err := sp.Metadata(nil)
	if err != nil {
		t.Fatal(explain(err))
	}
	if err := sim.Trust(ours); err != nil {
		t.Fatal(err)
	}
	return connection{sp, idp, sim, person}
}

// ask sends the request of Start through the simulated provider's own reader.
func (c connection) ask(t testing.TB) (saml.Request, samltest.Request) {
	t.Helper()
	kept, bounce, err := c.sp.Start(c.idp, nil, clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	asked, err := c.sim.ReadRequest(httptest.NewRequest(http.MethodGet, bounce.URL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	return kept, asked
}

// answer posts what the provider says to the ACS.
func (c connection) answer(t testing.TB, kept *saml.Request, r samltest.Response) (*saml.Identity, error) {
	t.Helper()
	if r.ACS != acs {
		t.Fatalf("the answer goes to %s", r.ACS)
	}
	body := url.Values{"SAMLResponse": {r.SAMLResponse}}.Encode()
	post := httptest.NewRequest(http.MethodPost, "/acs", strings.NewReader(body))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	m, err := saml.ReadMessage(httptest.NewRecorder(), post)
	if err != nil {
		return nil, err
	}
	if kept != nil && kept.ID == "" {
		kept = nil
	}
	return c.sp.Finish(c.idp, nil, m, kept, clock())
}

func TestRoundTripWithAProvider(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*samltest.Options{
		"assertion signed": nil, "response signed": {SignResponse: true}, "both signed": {SignResponse: true, SignAssertion: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, opts)
			kept, asked := c.ask(t)
			r, err := c.sim.Respond(asked, c.person)
			if err != nil {
				t.Fatal(err)
			}
			id, err := c.answer(t, &kept, r)
			if err != nil {
				t.Fatal(explain(err))
			}
			if id.Email != c.person.Email || id.FirstName != "Ann" || id.LastName != "Lee" || !id.Solicited || !id.ReplayUntil.After(clock()) {
				t.Errorf("%+v", id)
			}
			if diff := cmp.Diff(c.person.Groups, id.Groups); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAttacksOfAProvider(t *testing.T) {
	t.Parallel()
	want := map[samltest.Attack]saml.Code{
		samltest.WrongAudience: saml.CodeAudience, samltest.NoAudience: saml.CodeAudienceMissing, samltest.WrongRecipient: saml.CodeRecipient,
		samltest.WrongDestination: saml.CodeDestination, samltest.WrongIssuer: saml.CodeIssuer, samltest.Expired: saml.CodeExpired,
		samltest.NotYetValid: saml.CodeNotYetValid, samltest.Stale: saml.CodeStale, samltest.SessionOver: saml.CodeSessionOver,
		samltest.UnknownRequest: saml.CodeRequestUnknown, samltest.NoInResponseTo: saml.CodeUnsolicited, samltest.CommentInNameID: saml.CodeXML,
		samltest.StatusFailed: saml.CodeStatus, samltest.TwoAssertions: saml.CodeProfile, samltest.Unsigned: saml.CodeUnsigned,
		samltest.OtherKey: saml.CodeSignature, samltest.BorrowedCertificate: saml.CodeSignature, samltest.WeakDigest: saml.CodeAlgorithm,
		samltest.ReferenceWhole: saml.CodeProfile, samltest.Tampered: saml.CodeSignature, samltest.Wrapped: saml.CodeProfile,
		samltest.Doctype: saml.CodeXML, samltest.Deflated: saml.CodeXML,
		samltest.CommentInDigest: saml.CodeXML, samltest.TwoSignedInfos: saml.CodeProfile, samltest.Instruction: saml.CodeXML,
		samltest.TwinAttribute: saml.CodeXML, samltest.EncryptedUnsigned: saml.CodeEncrypted, samltest.EncryptedTampered: saml.CodeEncrypted,
		samltest.XSW1: saml.CodeProfile, samltest.XSW2: saml.CodeProfile, samltest.XSW3: saml.CodeProfile, samltest.XSW4: saml.CodeProfile,
		samltest.XSW5: saml.CodeProfile, samltest.XSW6: saml.CodeProfile, samltest.XSW7: saml.CodeProfile, samltest.XSW8: saml.CodeProfile,
		// For the caller to judge: whose domain it is, and that an assertion is used once.
		samltest.ForeignDomain: "", samltest.Replayed: "",
	}
	for name, opts := range map[string]*samltest.Options{
		"assertion": {}, "response": {SignResponse: true}, "both": {SignResponse: true, SignAssertion: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, opts)
			for _, attack := range samltest.Attacks() {
				code, known := want[attack]
				if !known {
					t.Errorf("no verdict on %s", attack)
					continue
				}
				if attack == samltest.EncryptedTampered && name != "assertion" {
					code = saml.CodeSignature // which covers the ciphertext
				}
				t.Run(string(attack), func(t *testing.T) { c.attack(t, attack, code) })
			}
		})
	}
}

// attack shows that the honest answer is accepted and the other one is not; an empty
// code is what the caller has to judge.
func (c connection) attack(t *testing.T, attack samltest.Attack, code saml.Code) {
	t.Helper()
	kept, asked := c.ask(t)
	honest, err := c.sim.Respond(asked, c.person)
	if err != nil {
		t.Fatal(err)
	}
	first, err := c.answer(t, &kept, honest)
	if err != nil {
		t.Fatal(explain(err))
	}
	r, err := c.sim.Respond(asked, c.person, attack)
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.answer(t, &kept, r)
	if code != "" {
		refused(t, id, err, code)
		return
	}
	if err != nil {
		t.Fatal(explain(err))
	}
	switch attack {
	case samltest.ForeignDomain:
		if id.Email != "ann@elsewhere.example" {
			t.Errorf("Email = %q", id.Email)
		}
	case samltest.Replayed:
		if diff := cmp.Diff(first, id); diff != "" {
			t.Error(diff)
		}
	}
}

func TestUnsolicitedFromAProvider(t *testing.T) {
	t.Parallel()
	c := connect(t, nil)
	r, err := c.sim.Unsolicited(spID, c.person)
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.answer(t, nil, r)
	refused(t, id, err, saml.CodeUnsolicited)
	m, err := saml.ParseMessage(r.SAMLResponse)
	if err != nil || m.InResponseTo() != "" {
		t.Fatalf("%v %q", err, m.InResponseTo())
	}
	id, err = c.sp.Finish(c.idp, &saml.Rules{IdPInitiated: true}, m, nil, clock())
	if err != nil || id.Solicited {
		t.Fatalf("%+v %v", id, err)
	}
}
