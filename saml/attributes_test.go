package saml_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

const (
	microsoft  = "http://schemas.microsoft.com/"
	groupsLink = microsoft + "claims/groups.link"
	methods    = microsoft + "claims/authnmethodsreferences"
	transient  = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// withFormat is withAttributes and another Format of the NameID.
func withFormat(t *testing.T, format, nameID, attributes string) string {
	t.Helper()
	doc := replace(t, genuine(), "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", format)
	doc = replace(t, doc, "ann@victim.example", nameID)
	doc = replace(t, doc, `<saml:AttributeStatement>`, `<saml:AttributeStatement>`+attributes)
	return base("assertion").sign(doc, signing{})
}

// What each provider calls its attributes when its own guide is followed.
func TestAttributesOfEachProvider(t *testing.T) {
	t.Parallel()
	type person struct {
		Email, First, Last string
		Groups             []string
	}
	want := person{"ann@b.example", "Ann", "Lee", []string{"red", "blue"}}
	for provider, attributes := range map[string]string{
		"Okta":           named("email", want.Email) + named("firstName", "Ann") + named("lastName", "Lee") + named("groups", "red", "blue"),
		"Entra":          named(claims05+"emailaddress", want.Email) + named(claims05+"givenname", "Ann") + named(claims05+"surname", "Lee") + named(claims05+"name", "ann@tenant.example") + named(microsoft+"ws/2008/06/identity/claims/groups", "red", "blue"),
		"AD FS":          named("http://schemas.xmlsoap.org/claims/EmailAddress", want.Email) + named(claims05+"givenname", "Ann") + named(claims05+"surname", "Lee") + named("http://schemas.xmlsoap.org/claims/Group", "red", "blue"),
		"JumpCloud":      named("email", want.Email) + named("firstname", "Ann") + named("lastname", "Lee") + named("memberOf", "red", "blue"),
		"Keycloak":       named("email", want.Email) + named("givenName", "Ann") + named("surname", "Lee") + named("groups", "red") + named("groups", "blue"),
		"Shibboleth":     friendly("urn:oid:0.9.2342.19200300.100.1.3", "mail", want.Email) + friendly("urn:oid:2.5.4.42", "givenName", "Ann") + friendly("urn:oid:2.5.4.4", "sn", "Lee") + named("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "red", "blue"),
		"SimpleSAMLphp":  named("mail", want.Email) + named("givenName", "Ann") + named("sn", "Lee") + named("memberOf", "red", "blue"),
		"friendly names": friendly("urn:x:1", "MAIL", want.Email) + friendly("urn:x:2", "GivenName", "Ann") + friendly("urn:x:3", "SN", "Lee") + friendly("urn:x:4", "isMemberOf", "red") + friendly("urn:x:4", "isMemberOf", "blue"),
		"screaming":      named("EMAIL", want.Email) + named("FIRST_NAME", "Ann") + named("LAST_NAME", "Lee") + named("GROUP", "red", "blue"),
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			id, err := login(withAttributes(t, "u-17", attributes))
			if err != nil {
				t.Fatal(explain(err))
			}
			if diff := cmp.Diff(want, person{id.Email, id.FirstName, id.LastName, id.Groups}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheMoreExactNameCounts(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string]string{
		"a URI before a word":       named("firstName", "x") + named(claims05+"givenname", "Ann"),
		"an OID before a word":      named("given_name", "x") + named("urn:oid:2.5.4.42", "Ann"),
		"a URI before an OID":       named("urn:oid:2.5.4.42", "x") + named(claims05+"givenname", "Ann"),
		"Name before FriendlyName":  friendly("urn:x", "givenName", "x") + named("firstName", "Ann"),
		"the first of the same":     named("firstName", "Ann") + named("FIRSTNAME", "x"),
		"the first with a value":    named("firstName", "", "Ann") + named("firstName", "x"),
		"an empty one counts never": named(claims05+"givenname", "") + named("firstName", "Ann"),
		"FriendlyName of a known":   friendly("firstName", "surname", "Ann"),
	} {
		id, err := login(withAttributes(t, "u-17", attributes))
		if err != nil || id.FirstName != "Ann" || id.LastName != "" {
			t.Errorf("%s: %+v %v", name, id, err)
		}
	}
}

func TestRulesNameTheAttributes(t *testing.T) {
	t.Parallel()
	rules := &saml.Rules{Identifier: "login", FirstName: "vorname", LastName: "NACHNAME", Groups: "Rollen"}
	usual := named("email", "x@b.example") + named("firstName", "x") + named("lastName", "x") + named("groups", "x")
	theirs := named("Login", "ann@b.example") + named("Vorname", "", " Ann\n Marie ") + friendly("urn:x", "nachname", "Lee") + named("rollen", "red", "red", "") + named("ROLLEN", "blue")
	id, err := finish(withAttributes(t, "u-17", usual+theirs), theirIdP(), rules, ourRequest(), clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	if id.Email != "ann@b.example" || id.FirstName != "Ann Marie" || id.LastName != "Lee" {
		t.Errorf("%+v", id)
	}
	if diff := cmp.Diff([]string{"red", "blue"}, id.Groups); diff != "" {
		t.Error(diff)
	}
	// Named and not there is not there: the usual names are no second choice.
	id, err = finish(withAttributes(t, "u-17", usual+named("login", "ann@b.example")), theirIdP(), rules, ourRequest(), clock())
	if err != nil || id.FirstName != "" || id.LastName != "" || id.Groups != nil {
		t.Errorf("%+v %v", id, err)
	}
}

func TestFiveThousandGroups(t *testing.T) {
	t.Parallel()
	var one, many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&one, "%s", value(fmt.Sprintf("group-%04d", i%4900)))
		if i < 2000 {
			many.WriteString(named("Role", fmt.Sprintf("role-%04d", i)))
		}
	}
	id, err := login(withAttributes(t, "", `<saml:Attribute Name="groups">`+one.String()+`</saml:Attribute>`))
	if err != nil {
		t.Fatal(explain(err))
	}
	if len(id.Groups) != 4900 || id.Groups[4899] != "group-4899" || len(id.Attributes["groups"]) != 5000 {
		t.Errorf("%d groups of %d values", len(id.Groups), len(id.Attributes["groups"]))
	}
	id, err = finish(withAttributes(t, "", many.String()), theirIdP(), &saml.Rules{Groups: "role"}, ourRequest(), clock())
	if err != nil {
		t.Fatal(explain(err))
	}
	if len(id.Groups) != 2000 || len(id.Attributes["Role"]) != 2000 || id.Groups[1999] != "role-1999" {
		t.Errorf("%d groups of %d values", len(id.Groups), len(id.Attributes["Role"]))
	}
}

// Entra sends a link instead of more than 150 groups.
func TestGroupsThatAreNotInTheMessage(t *testing.T) {
	t.Parallel()
	link := named(groupsLink, "https://graph.example/users/1/getMemberObjects")
	for name, c := range map[string]struct {
		attributes string
		omitted    bool
		groups     []string
	}{
		"no groups":         {"", false, nil},
		"a link":            {link, true, nil},
		"a link in capital": {strings.Replace(link, "groups.link", "Groups.Link", 1), true, nil},
		"groups":            {named("groups", "red"), false, []string{"red"}},
		"both":              {link + named("groups", "red"), false, []string{"red"}},
		"a link, none":      {link + `<saml:Attribute Name="groups"/>`, true, nil},
	} {
		id, err := login(withAttributes(t, "", c.attributes))
		if err != nil {
			t.Fatal(explain(err))
		}
		if id.GroupsOmitted != c.omitted || !cmp.Equal(id.Groups, c.groups) {
			t.Errorf("%s: omitted %v, %v", name, id.GroupsOmitted, id.Groups)
		}
	}
}

// A guest's user principal name looks like an address and gets no mail.
func TestGuestsAreNoAddresses(t *testing.T) {
	t.Parallel()
	for _, upn := range []string{"ann_idp.example#EXT#@tenant.example", "ann_idp.example#ext#@tenant.example"} {
		id, err := login(withAttributes(t, upn, named("email", upn)))
		if err != nil || id.Email != "" {
			t.Errorf("%s: %v %v", upn, id, err)
		}
		id, err = login(withAttributes(t, upn, named("email", upn)+named("mail", "ann@idp.example")))
		if err != nil || id.Email != "ann@idp.example" {
			t.Errorf("%s beside an address: %v %v", upn, id, err)
		}
		for _, rules := range []*saml.Rules{{Identifier: saml.IdentifierNameID}, {Identifier: "upn"}} {
			id, err = finish(withAttributes(t, upn, named("upn", upn)), theirIdP(), rules, ourRequest(), clock())
			if e := refused(t, id, err, saml.CodeIdentifier); !strings.Contains(e.Hint, "user.mail") || e.Received != upn {
				t.Errorf("%q: hint %q", e.Received, e.Hint)
			}
		}
	}
}

func TestTransientNamesAreNoKeys(t *testing.T) {
	t.Parallel()
	doc := withFormat(t, transient, "ann@victim.example", "")
	id, err := login(doc)
	if err != nil || id.Email != "" || !id.NameID.Transient() {
		t.Errorf("taken for an address: %+v %v", id, err)
	}
	id, err = login(withFormat(t, transient, "_17", named("mail", "ann@b.example")))
	if err != nil || id.Email != "ann@b.example" || !id.NameID.Transient() {
		t.Errorf("with an address: %+v %v", id, err)
	}
	id, err = finish(doc, theirIdP(), &saml.Rules{Identifier: saml.IdentifierNameID}, ourRequest(), clock())
	e := refused(t, id, err, saml.CodeIdentifier)
	if !strings.Contains(e.Hint, "transient") || !strings.Contains(e.Received, transient) {
		t.Errorf("%+v", e)
	}
	for _, format := range []string{"", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", transient + "x", strings.ToUpper(transient)} {
		if (saml.NameID{Format: format}).Transient() {
			t.Errorf("%q is transient", format)
		}
	}
}

func TestMultiFactorIsWhatIsDefinedSo(t *testing.T) {
	t.Parallel()
	const class = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
	for _, c := range []struct {
		contexts, methods string
		want              bool
	}{
		{class + "PasswordProtectedTransport", "", false},
		{class + "Password", named(methods, microsoft+"ws/2008/06/identity/authenticationmethod/password"), false},
		{class + "Password", named(methods, microsoft+"ws/2008/06/identity/authenticationmethod/password", microsoft+"claims/multipleauthn"), true},
		{microsoft + "claims/multipleauthn", "", true},
		{"https://refeds.org/profile/mfa", "", true},
		{"https://refeds.org/profile/sfa", "", false},
		{"https://refeds.org/profile/mfa/", "", false},
		{class + "MobileTwoFactorContract", "", true},
		{class + "MobileTwoFactorUnregistered", "", true},
		{class + "MobileOneFactorContract", "", false},
		{class + "SmartcardPKI", "", true},
		{class + "Smartcard", "", false},
		{class + "TimeSyncToken", "", false},
		{class + "unspecified", named("amr", "mfa"), false},
	} {
		doc := replace(t, genuine(), class+"Password</", c.contexts+"</")
		doc = replace(t, doc, `<saml:AttributeStatement>`, `<saml:AttributeStatement>`+c.methods)
		id, err := login(base("both").sign(doc, signing{}))
		if err != nil {
			t.Fatal(explain(err))
		}
		if id.MultiFactor() != c.want {
			t.Errorf("%s %v: %v", id.AuthnContext, id.AuthnMethods, id.MultiFactor())
		}
	}
	id, err := login(withAttributes(t, "", named(methods, "a", "b")+named(methods, "b", "", "c")))
	if err != nil || !cmp.Equal(id.AuthnMethods, []string{"a", "b", "c"}) {
		t.Errorf("%+v %v", id, err)
	}
	if (&saml.Identity{}).MultiFactor() {
		t.Error("nothing was claimed")
	}
}

// The fields that were added later are left out while they say nothing.
func TestStableJSONOfWhatWasAdded(t *testing.T) {
	t.Parallel()
	for want, id := range map[string]saml.Identity{
		`"groups_omitted":true`: {GroupsOmitted: true}, `"authn_methods":["a"]`: {AuthnMethods: []string{"a"}},
	} {
		data, err := json.Marshal(id)
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s %v, want %s", data, err, want)
		}
		var back saml.Identity
		if err := json.Unmarshal(data, &back); err != nil || !cmp.Equal(id, back) {
			t.Errorf("%+v %v", back, err)
		}
	}
}

// A refusal for want of an address says what came.
func TestIdentifierRefusalsSayWhatCame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ attributes, received string }{
		"no attributes":  {"", "no attributes at all"},
		"other names":    {named("mail", "a@b.example") + named("dept", "x") + named("mail", "y"), "mail, dept"},
		"two values":     {named("login", "a@b.example", "c@d.example"), "a@b.example, c@d.example"},
		"no address":     {named("login", "ann"), "ann"},
		"an empty value": {named("login", ""), "login"},
	} {
		id, err := finish(withAttributes(t, "", c.attributes), theirIdP(), &saml.Rules{Identifier: "login"}, ourRequest(), clock())
		e := refused(t, id, err, saml.CodeIdentifier)
		if e.Received != c.received || e.Expected != "one address in login" || e.Fix != saml.FixIdentityProvider {
			t.Errorf("%s: %+v", name, e)
		}
		if strings.Contains(e.Error(), "login") {
			t.Errorf("%s: the public text is %q", name, e)
		}
	}
	// The same address twice is one.
	id, err := finish(withAttributes(t, "", named("login", "a@b.example", "a@b.example")), theirIdP(), &saml.Rules{Identifier: "login"}, ourRequest(), clock())
	if err != nil || id.Email != "a@b.example" {
		t.Errorf("%v %v", id, err)
	}
}

func TestBlankNamesAreNone(t *testing.T) {
	t.Parallel()
	for _, blank := range []string{"", " ", "\n\t", "\u00a0", "\u2003", "\u3000 \u00a0"} {
		id, err := login(base("both").sign(replace(t, genuine(), "ann@victim.example", blank), signing{}))
		refused(t, id, err, saml.CodeNameID)
	}
}

// The simulated providers speak as the products do, and their people are understood.
func TestPeopleOfEachFlavour(t *testing.T) {
	t.Parallel()
	many := make([]string, 151)
	for i := range many {
		many[i] = fmt.Sprintf("group-%03d", i)
	}
	ann := samltest.Person{Email: "ann@victim.example", FirstName: "Ann", LastName: "Lee", Groups: []string{"red", "blue"}}
	guest, popular := ann, ann
	guest.Guest, popular.Groups = true, many
	for name, c := range map[string]struct {
		flavor  samltest.Flavor
		person  samltest.Person
		first   string
		groups  int
		omitted bool
	}{
		"Okta":                   {samltest.Okta, ann, "Ann", 2, false},
		"Okta, many groups":      {samltest.Okta, popular, "Ann", 151, false},
		"Entra":                  {samltest.Entra, ann, "Ann", 2, false},
		"Entra, a guest":         {samltest.Entra, guest, "Ann", 2, false},
		"Entra, many groups":     {samltest.Entra, popular, "Ann", 0, true},
		"Google, nothing mapped": {samltest.Google, ann, "", 0, false},
		"OneLogin":               {samltest.OneLogin, ann, "Ann", 2, false},
		"OneLogin, many groups":  {samltest.OneLogin, popular, "Ann", 151, false},
		"of no product":          {"", ann, "Ann", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, &samltest.Options{Flavor: c.flavor})
			kept, asked := conn.ask(t)
			r, err := conn.sim.Respond(asked, c.person)
			if err != nil {
				t.Fatal(err)
			}
			id, err := conn.answer(t, &kept, r)
			if err != nil {
				t.Fatal(explain(err))
			}
			if id.Email != ann.Email || id.FirstName != c.first || len(id.Groups) != c.groups || id.GroupsOmitted != c.omitted || id.MultiFactor() {
				t.Errorf("%+v", id)
			}
			if strings.Contains(id.NameID.Value, "#EXT#") != c.person.Guest {
				t.Errorf("NameID %q", id.NameID.Value)
			}
			if c.flavor == samltest.Entra && len(id.AuthnMethods) != 1 {
				t.Errorf("methods %v", id.AuthnMethods)
			}
		})
	}
}
