package saml_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

func value(v string) string { return "<saml:AttributeValue>" + v + "</saml:AttributeValue>" }

func named(name string, values ...string) string {
	return `<saml:Attribute Name="` + name + `">` + value(strings.Join(values, "</saml:AttributeValue><saml:AttributeValue>")) + `</saml:Attribute>`
}

func friendly(name, friendlyName, v string) string {
	return `<saml:Attribute Name="` + name + `" FriendlyName="` + friendlyName + `">` + value(v) + `</saml:Attribute>`
}

// withAttributes replaces the statement's content; nameID "" keeps the name.
func withAttributes(t *testing.T, nameID, attributes string) string {
	t.Helper()
	doc := genuine()
	i, j := strings.Index(doc, "<saml:AttributeStatement>")+len("<saml:AttributeStatement>"), strings.Index(doc, "</saml:AttributeStatement>")
	doc = doc[:i] + attributes + doc[j:]
	if nameID != "" {
		doc = replace(t, doc, "ann@victim.example", nameID)
	}
	return base("assertion").sign(doc, signing{})
}

func TestClaimsByTheirUsualNames(t *testing.T) {
	t.Parallel()
	const ms = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	type person struct {
		Email, First, Last string
		Groups             []string
	}
	for name, c := range map[string]struct {
		nameID, attributes string
		want               person
	}{
		"nothing but a NameID":         {"ann@idp.example", "", person{Email: "ann@idp.example"}},
		"NameID that is no address":    {"u-17", "", person{}},
		"guest of a directory":         {"ann_idp.example#EXT#@tenant.example", "", person{}},
		"guest with a mail claim":      {"ann_idp.example#EXT#@tenant.example", named(ms+"emailaddress", "ann@idp.example"), person{Email: "ann@idp.example"}},
		"claim URIs":                   {"u", named(ms+"emailaddress", "a@b.example") + named(ms+"givenname", "Ann") + named(ms+"surname", "Lee") + named("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "g1", "g2"), person{"a@b.example", "Ann", "Lee", []string{"g1", "g2"}}},
		"object identifiers":           {"u", named("urn:oid:0.9.2342.19200300.100.1.3", "a@b.example") + named("urn:oid:2.5.4.42", "Ann") + named("urn:oid:2.5.4.4", "Lee") + named("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "g"), person{"a@b.example", "Ann", "Lee", []string{"g"}}},
		"friendly names":               {"u", friendly("urn:x:1", "mail", "a@b.example") + friendly("urn:x:2", "givenName", "Ann") + friendly("urn:x:3", "sn", "Lee"), person{"a@b.example", "Ann", "Lee", nil}},
		"plain names in any case":      {"u", named("EMAIL", "a@b.example") + named("FirstName", "Ann") + named("LASTNAME", "Lee") + named("MemberOf", "g"), person{"a@b.example", "Ann", "Lee", []string{"g"}}},
		"attribute before NameID":      {"", named("mail", "other@b.example"), person{Email: "other@b.example"}},
		"attribute that is no address": {"", named("mail", "nobody"), person{Email: "ann@victim.example"}},
		"second value is the address":  {"u", named("mail", "x", "a@b.example"), person{Email: "a@b.example"}},
		"merged groups, no duplicates": {"u", named("groups", "a", "b") + named("groups", "b", "c") + named("memberOf", "a", "d"), person{Groups: []string{"a", "b", "c", "d"}}},
		"white space folded in names":  {"u", named("firstName", "\n  Ann \n Marie ") + named("lastName", " "), person{First: "Ann Marie"}},
		"Kelvin sign is no k":          {"u", named("fam\u0131lyName", "x") + named("MEMBER\u00d6F", "y"), person{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := login(withAttributes(t, c.nameID, c.attributes))
			if err != nil {
				t.Fatal(explain(err))
			}
			if diff := cmp.Diff(c.want, person{id.Email, id.FirstName, id.LastName, id.Groups}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRepeatedAttributesAreMerged(t *testing.T) {
	t.Parallel()
	nested := `<saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.10"><saml:AttributeValue><saml:NameID>t-1</saml:NameID></saml:AttributeValue></saml:Attribute>`
	complexValue := `<saml:Attribute Name="address"><saml:AttributeValue><x:a xmlns:x="urn:x">1</x:a></saml:AttributeValue></saml:Attribute>`
	id, err := login(withAttributes(t, "", named("Role", "r1")+named("Role", "r2", "r3")+nested+complexValue+`<saml:Attribute Name="empty"/>`))
	if err != nil {
		t.Fatal(explain(err))
	}
	want := map[string][]string{"Role": {"r1", "r2", "r3"}, "urn:oid:1.3.6.1.4.1.5923.1.1.1.10": {"t-1"}, "address": nil, "empty": nil}
	if diff := cmp.Diff(want, id.Attributes); diff != "" {
		t.Error(diff)
	}
}

func TestStatementsMayBeMissing(t *testing.T) {
	t.Parallel()
	doc := genuine()
	doc = doc[:strings.Index(doc, "<saml:AuthnStatement ")] + doc[strings.Index(doc, "</saml:Assertion>"):]
	for _, b := range bases() {
		id := accepted(t, b.sign(doc, signing{}))
		if id.SessionIndex != "" || !id.AuthenticatedAt.IsZero() || !id.SessionEndsAt.IsZero() || len(id.Attributes) != 0 {
			t.Errorf("%+v", id)
		}
	}
}

func TestSessionEndIsTheEarliest(t *testing.T) {
	t.Parallel()
	one := `<saml:AuthnStatement AuthnInstant="` + at(-time.Hour) + `" SessionNotOnOrAfter="` + at(time.Hour) + `"><saml:AuthnContext/></saml:AuthnStatement>`
	two := `<saml:AuthnStatement AuthnInstant="` + at(-2*time.Hour) + `" SessionNotOnOrAfter="` + at(2*time.Hour) + `" SessionIndex="later"><saml:AuthnContext/></saml:AuthnStatement>`
	doc := genuine()
	i, j := strings.Index(doc, "<saml:AuthnStatement "), strings.Index(doc, "<saml:AttributeStatement>")
	id := accepted(t, base("both").sign(doc[:i]+one+two+doc[j:], signing{}))
	if !id.SessionEndsAt.Equal(clock().Add(time.Hour)) || !id.AuthenticatedAt.Equal(clock().Add(-2*time.Hour)) || id.SessionIndex != "later" {
		t.Errorf("%+v", id)
	}
}

func TestIdentifierOfTheRules(t *testing.T) {
	t.Parallel()
	rules := &saml.Rules{Identifier: "UPN"}
	good := withAttributes(t, "", named("upn", "ann@upn.example")+named("mail", "ann@mail.example"))
	id, err := finish(good, theirIdP(), rules, ourRequest(), clock())
	if err != nil || id.Email != "ann@upn.example" {
		t.Fatalf("%v %v", id, err)
	}
	for name, attributes := range map[string]string{
		"missing": named("mail", "ann@mail.example"), "empty": named("upn", ""), "no address": named("upn", "ann"), "two": named("upn", "a@b.example", "c@d.example"),
		"twice": named("upn", "a@b.example") + named("UPN", "c@d.example"), "no value": `<saml:Attribute Name="upn"/>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := finish(withAttributes(t, "", attributes), theirIdP(), rules, ourRequest(), clock())
			refused(t, id, err, saml.CodeIdentifier)
		})
	}
	got, err := finish(withAttributes(t, "", named("mail", "a@b.example")+named("dept", "x")), theirIdP(), rules, ourRequest(), clock())
	if e := refused(t, got, err, saml.CodeIdentifier); e.Received != "mail, dept" {
		t.Errorf("Received = %q", e.Received)
	}
}

func TestValuesAreBounded(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string]string{
		"long first name":        named("firstName", strings.Repeat("a", 257)),
		"control in a last name": named("lastName", "a\u007fb"),
		"long group":             named("groups", strings.Repeat("g", 1025)),
		"control in a group":     named("groups", "a&#9;b"),
		"long attribute name":    named(strings.Repeat("n", 1025), "v"),
		"control in a name":      named("a&#9;b", "v"),
		"C1 in a group":          named("groups", "a\u0080b"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := login(withAttributes(t, "", attributes))
			refused(t, got, err, saml.CodeValue)
		})
	}
	accepted(t, withAttributes(t, "", named("firstName", strings.Repeat("a", 256))+named("groups", strings.Repeat("g", 1024))+named("photo", strings.Repeat("p", 100_000))))
}

// One spelling of an address, so that comparing has no second opinion.
func TestAddresses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 94) + "b"
	for _, s := range []string{"a@b.example", "a.b+c@d-e.example", "O'Neil@x.example", "A@B.Example", "a@1.2.example", "j\u00f6rg@b\u00fccher.example", long} {
		if !saml.IsAddress(s) {
			t.Errorf("refused %q", s)
		}
	}
	for _, s := range []string{"", "a", "@", "a@", "@b.example", "a@b", "a@b@c.example", `"a@evil"@good.example`, "a@b.example.", "a@.b.example", "a@b..example",
		".a@b.example", "a.@b.example", "a..b@c.example", " a@b.example", "a@b.example ", "a\u00a0@b.example", "a\u200b@b.example", "a@b.example\r\n", "a\x00@b.example",
		"a@b_c.example", "a@-b.example", "a@b-.example", "a@[127.0.0.1]", "a,b@c.example", "a b@c.example",
		"a@b.example,c@d.example", "a<b@c.example>", "a" + long, strings.Repeat("a", 65) + "@b.example", "a@" + strings.Repeat("b", 64) + ".example"} {
		if saml.IsAddress(s) {
			t.Errorf("accepted %q", s)
		}
	}
}

func TestTimesAsSAMLWritesThem(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2026-03-01T12:00:00Z": noon, "2026-03-01T12:00:00": noon, "2026-03-01T12:00:00.000Z": noon, "2026-03-01T14:00:00+02:00": noon,
		"2026-03-01T06:30:00-05:30": noon, "2026-03-01T12:00:00.5Z": noon.Add(500 * time.Millisecond), " 2026-03-01T12:00:00Z\n": noon,
		"2026-03-01T12:00:00.1234567Z": noon.Add(123456700), "2026-03-01T12:00:00.123456789123Z": noon.Add(123456789), "2026-03-02T02:00:00+14:00": noon,
	} {
		if got, err := saml.ParseTime(s); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "now", "2026-03-01", "2026-03-01 12:00:00Z", "2026-03-01T12:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:00:60Z", "2026-02-30T12:00:00Z",
		"2026-03-01T12:00:00.Z", "2026-03-01T12:00:00,5Z", "2026-03-01T12:00:00z", "2026-03-01t12:00:00Z", "2026-03-01T12:00:00+15:00", "2026-03-01T12:00:00+02:60", "2026-03-01T12:00:00+0200",
		"2026-03-01T12:00:00+14:01", "-2026-03-01T12:00:00Z", "12026-03-01T12:00:00Z", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "2026-03-01T12:00:00ZZ",
		"2026-03-01T12:00:00+aa:00", strings.Repeat("2", 100)} {
		if got, err := saml.ParseTime(s); err == nil {
			t.Errorf("%q read as %v", s, got)
		}
	}
}

// The JSON of the values that are kept may only grow.
func TestStableJSON(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"request":       {saml.Request{ID: "req-a", ExpiresAt: when}, `{"id":"req-a","expires_at":"2026-03-01T12:00:00Z"}`},
		"rules":         {saml.Rules{Skew: time.Second, IdPInitiated: true, Identifier: "upn"}, `{"skew":1000000000,"idp_initiated":true,"identifier":"upn"}`},
		"strict rules":  {saml.Rules{}, `{}`},
		"identity":      {saml.Identity{AssertionID: "a", NameID: saml.NameID{Value: "n", Format: "f"}, ReplayUntil: when}, `{"assertion_id":"a","name_id":{"value":"n","format":"f"},"replay_until":"2026-03-01T12:00:00Z","solicited":false,"certificate":0}`},
		"empty IdP":     {saml.IdP{EntityID: "i", SSO: saml.Endpoint{URL: "u", Binding: saml.POST}, SignRequests: true}, `{"entity_id":"i","sso":{"url":"u","binding":"post"},"certificates":[],"sign_requests":true}`},
		"IdP by points": {&saml.IdP{EntityID: "i"}, `{"entity_id":"i","sso":{"url":"","binding":""},"certificates":[],"sign_requests":false}`},
	} {
		got, err := json.Marshal(c.value)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
	idp := theirIdP("idp", "ec")
	data, err := json.Marshal(idp)
	if err != nil {
		t.Fatal(err)
	}
	var back saml.IdP
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Certificates) != 2 || !back.Certificates[1].Equal(idp.Certificates[1]) || back.EntityID != idp.EntityID || back.SSO != idp.SSO {
		t.Errorf("%+v", back)
	}
	for _, bad := range []string{`{"certificates":["AAAA"]}`, `{"certificates":["!"]}`, `[]`, `{"certificates":5}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil || len(back.Certificates) != 2 {
			t.Errorf("%s: %v, %d certificates left", bad, err, len(back.Certificates))
		}
	}
	if _, err := json.Marshal(saml.IdP{Certificates: append(idp.Certificates[:0:0], nil)}); err == nil {
		t.Error("a nil certificate was written")
	}
}
