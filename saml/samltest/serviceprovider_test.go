package samltest_test

import (
	"crypto"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/google/go-cmp/cmp"
)

// pair is the service provider of this module and a simulated provider that know each
// other by their metadata alone.
type pair struct {
	sp  *saml.SP
	idp *saml.IdP
	sim *samltest.IdP
}

func pairUp(t testing.TB, key saml.Key, opts samltest.Options) pair {
	t.Helper()
	opts.Now = clock
	sim, err := samltest.New(baseURL, []samltest.Person{ann()}, &opts)
	if err != nil {
		t.Fatal(err)
	}
	sp := &saml.SP{EntityID: spEntity, ACS: spACS, SLO: spSLO, Keys: []saml.Key{key}}
	ours, err := sp.Metadata(&saml.MetadataOptions{Encryption: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Trust(ours); err != nil {
		t.Fatal(err)
	}
	idp, err := saml.ParseMetadata(sim.Metadata(), "")
	if err != nil {
		t.Fatal(err)
	}
	return pair{sp, idp, sim}
}

func spKeyOf(t testing.TB) saml.Key {
	t.Helper()
	key, err := saml.GenerateKey("app.example", now)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// login asks and is answered; rules may be nil.
func (p pair) login(t testing.TB, who samltest.Person, rules *saml.Rules, attacks ...samltest.Attack) (*saml.Identity, error) {
	t.Helper()
	kept, bounce, err := p.sp.Start(p.idp, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := p.sim.ReadRequest(httptest.NewRequest("GET", bounce.URL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.sim.Respond(asked, who, attacks...)
	if err != nil {
		t.Fatal(err)
	}
	m, err := saml.ParseMessage(resp.SAMLResponse)
	if err != nil {
		return nil, err
	}
	return p.sp.Finish(p.idp, rules, m, &kept, now)
}

func lenient() *saml.Rules { return &saml.Rules{InsecureAllowCBC: true, InsecureAllowLegacy: true} }

// Every flavour is understood, signed in every way and encrypted or not.
func TestOurServiceProviderTakesEveryFlavor(t *testing.T) {
	t.Parallel()
	key := spKeyOf(t)
	encryptions := map[string]samltest.Encryption{
		"clear": {}, "encrypted": {Cipher: samltest.AES256GCM}, "the name too": {Cipher: samltest.AES128GCM, NameID: true, KeyBeside: true},
	}
	for _, flavor := range append(samltest.Flavors(), "") {
		for _, signing := range signings() {
			for name, encryption := range encryptions {
				if name != "clear" && signing != samltest.SignP256 { // what is signed does not depend on it
					continue
				}
				t.Run(fmt.Sprintf("%s %s %s", flavor, signing, name), func(t *testing.T) {
					t.Parallel()
					p := pairUp(t, key, samltest.Options{Flavor: flavor, Signing: signing, Encrypt: encryption, Indent: name == "encrypted"})
					old := signing == samltest.SignSHA1 || signing == samltest.SignRSA1024
					var rules *saml.Rules
					if old {
						_, err := p.login(t, ann(), nil)
						if e := new(saml.Error); !errors.As(err, &e) || e.Code != saml.CodeAlgorithm && e.Code != saml.CodeConfig {
							t.Errorf("without the opt-in: %v", err)
						}
						rules = lenient()
					}
					id, err := p.login(t, ann(), rules)
					if err != nil {
						t.Fatal(err)
					}
					if id.Email != "ann@example.com" || id.NameID.Value != "ann@example.com" || id.SessionIndex == "" {
						t.Errorf("%+v", id)
					}
					if named := id.FirstName == "Ann" && id.LastName == "Lee" && len(id.Groups) == 2; named != (flavor != samltest.Google) {
						t.Errorf("%q %q %q", id.FirstName, id.LastName, id.Groups)
					}
				})
			}
		}
	}
}

func TestOurServiceProviderDecryptsEverything(t *testing.T) {
	t.Parallel()
	key := spKeyOf(t)
	for _, c := range samltest.Ciphers() {
		for _, digest := range []crypto.Hash{0, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			for _, mask := range []crypto.Hash{0, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
				t.Run(fmt.Sprintf("%s %d %d", c, digest, mask), func(t *testing.T) {
					t.Parallel()
					p := pairUp(t, key, samltest.Options{
						Signing: samltest.SignP256, SignResponse: mask == crypto.SHA1, SignAssertion: true,
						Encrypt: samltest.Encryption{Cipher: c, Digest: digest, MGF: mask, NameID: digest == crypto.SHA1, KeyBeside: mask == crypto.SHA256},
					})
					id, err := p.login(t, ann(), lenient())
					if err != nil {
						t.Fatal(err)
					}
					if id.NameID.Value != "ann@example.com" {
						t.Errorf("%+v", id)
					}
					_, err = p.login(t, ann(), &saml.Rules{RequireEncrypted: true})
					if cbc := strings.HasSuffix(string(c), "cbc"); cbc != refusedBy(err, saml.CodeAlgorithm) || !cbc && err != nil {
						t.Errorf("without the opt-in: %v", err)
					}
				})
			}
		}
	}
}

func refusedBy(err error, code saml.Code) bool {
	e := new(saml.Error)
	return errors.As(err, &e) && e.Code == code
}

// No attack of any flavour gets through, in clear or encrypted, by the most lenient rules.
func TestOurServiceProviderRefusesEveryAttack(t *testing.T) {
	t.Parallel()
	key := spKeyOf(t)
	// Two are for the caller to judge, and one is what the rules allow.
	judged := []samltest.Attack{samltest.ForeignDomain, samltest.Replayed, samltest.WeakDigest}
	for _, flavor := range append(samltest.Flavors(), "") {
		for _, encryption := range []samltest.Encryption{{}, {Cipher: samltest.AES256GCM}, {Cipher: samltest.AES128CBC}} {
			for _, both := range []bool{false, true} {
				if encryption.Cipher == samltest.AES128CBC && flavor != "" || both && flavor == samltest.Okta { // which signs both by itself
					continue
				}
				t.Run(fmt.Sprintf("%s %s %t", flavor, encryption.Cipher, both), func(t *testing.T) {
					t.Parallel()
					opts := samltest.Options{Flavor: flavor, Encrypt: encryption, SignResponse: both, SignAssertion: both}
					if both || flavor != "" { // made faster
						opts.Signing = samltest.SignP256
					}
					p := pairUp(t, key, opts)
					if _, err := p.login(t, ann(), lenient()); err != nil {
						t.Fatalf("control: %v", err)
					}
					for _, attack := range samltest.Attacks() {
						if slices.Contains(judged, attack) {
							continue
						}
						id, err := p.login(t, ann(), lenient(), attack)
						if e := new(saml.Error); err == nil || !errors.As(err, &e) {
							t.Errorf("%s: %+v, %v", attack, id, err)
						}
					}
				})
			}
		}
	}
}

// Both ends log out, by every binding that a flavour has, with the name that was sent.
func TestOurServiceProviderLogsOut(t *testing.T) {
	t.Parallel()
	key := spKeyOf(t)
	for _, flavor := range append(samltest.Flavors(), "") {
		for _, signing := range signings() {
			if flavor != "" && signing != samltest.SignP256 {
				continue
			}
			t.Run(fmt.Sprintf("%s %s", flavor, signing), func(t *testing.T) {
				t.Parallel()
				p := pairUp(t, key, samltest.Options{Flavor: flavor, Signing: signing, NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"})
				if flavor == samltest.Google {
					if p.idp.SLO != (saml.Endpoint{}) {
						t.Errorf("a logout that it does not have: %+v", p.idp.SLO)
					}
					return
				}
				p.fromHere(t)
				for _, by := range []samltest.Binding{samltest.Redirect, samltest.POST} {
					if by == samltest.Redirect || flavor != samltest.Entra {
						p.fromThere(t, by)
					}
				}
			})
		}
	}
}

func (p pair) fromHere(t testing.TB) {
	t.Helper()
	id, err := p.login(t, ann(), lenient())
	if err != nil {
		t.Fatal(err)
	}
	kept, bounce, err := p.sp.StartLogout(p.idp, id.NameID, id.SessionIndex, &saml.LogoutOptions{RelayState: "h-1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := p.sim.ReadLogoutRequest(httptest.NewRequest("GET", bounce.URL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.sim.AnswerLogout(asked)
	if err != nil {
		t.Fatal(err)
	}
	read := p.carry(t, m)
	if err := p.sp.FinishLogout(p.idp, lenient(), read, &kept, now); err != nil {
		t.Error(err)
	}
	if read.RelayState() != "h-1" || len(p.sim.Sessions(spEntity)) != 0 {
		t.Errorf("relay %q, left %v", read.RelayState(), p.sim.Sessions(spEntity))
	}
}

func (p pair) carry(t testing.TB, m samltest.LogoutMessage) saml.LogoutMessage {
	t.Helper()
	r, err := m.Request(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	read, err := saml.ReadLogout(httptest.NewRecorder(), r)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func (p pair) fromThere(t testing.TB, by samltest.Binding) {
	t.Helper()
	id, err := p.login(t, ann(), lenient())
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.sim.StartLogout(p.sim.Sessions(spEntity)[0], by)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.sp.ReceiveLogout(p.idp, lenient(), p.carry(t, m), now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(id.NameID, got.NameID); diff != "" || !slices.Equal(got.SessionIndexes, []string{id.SessionIndex}) {
		t.Errorf("%v\n%s", got.SessionIndexes, diff)
	}
	bounce, err := p.sp.AnswerLogout(p.idp, got, true, now)
	if err != nil {
		t.Fatal(err)
	}
	done, err := p.sim.ReadLogoutResponse(httptest.NewRequest("GET", bounce.URL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	if !done.Success || done.InResponseTo != m.ID || len(p.sim.Sessions(spEntity)) != 0 {
		t.Errorf("%+v, left %v", done, p.sim.Sessions(spEntity))
	}
}
