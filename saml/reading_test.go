package saml_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

// A value is text, or one NameID and nothing else. What is neither is left out, so that no
// part of it is taken for the whole.
func TestAttributeValuesThatAreNoText(t *testing.T) {
	t.Parallel()
	const name = `<saml:NameID>admins</saml:NameID>`
	values := map[string]string{
		"text before a NameID":        value("x" + name),
		"text after a NameID":         value(name + "x"),
		"text around a NameID":        value("a" + name + "b"),
		"two NameIDs":                 value(name + `<saml:NameID>others</saml:NameID>`),
		"a NameID and markup":         value(name + `<x xmlns="urn:x">admins</x>`),
		"markup and a NameID":         value(`<x xmlns="urn:x">admins</x>` + name),
		"other markup":                value(`<x xmlns="urn:x">admins</x>`),
		"empty markup":                value(`admins<x xmlns="urn:x"/>`),
		"text with markup in it":      value(`ad<b xmlns="urn:x"></b>mins`),
		"markup in a NameID":          value(`<saml:NameID>admins<x xmlns="urn:x"/></saml:NameID>`),
		"a NameID in a NameID":        value(`<saml:NameID>` + name + `</saml:NameID>`),
		"NameID of another namespace": value(`<x:NameID xmlns:x="urn:x">admins</x:NameID>`),
		"NameID in no namespace":      value(`<NameID>admins</NameID>`),
		"another name":                value(`<saml:Audience>admins</saml:Audience>`),
		"a value in a value":          value(value("admins")),
		"a value of another space":    `<x:AttributeValue xmlns:x="urn:x">admins</x:AttributeValue>`,
		"a value of another name":     `<saml:Value>admins</saml:Value>`,
		"a NameID that is no value":   name,
		"text beside the values":      `admins`,
	}
	for what, v := range values {
		for where, doc := range map[string]string{
			"before": replace(t, genuine(), value("red"), v+value("red")),
			"after":  replace(t, genuine(), value("blue"), value("blue")+v),
			"alone":  replace(t, genuine(), `<saml:AttributeStatement>`, `<saml:AttributeStatement><saml:Attribute Name="memberOf">`+v+`</saml:Attribute>`),
		} {
			id, err := login(base("assertion").sign(doc, signing{}))
			if err != nil {
				t.Fatalf("%s: %s", what, explain(err))
			}
			if diff := cmp.Diff([]string{"red", "blue"}, id.Groups); diff != "" || len(id.Attributes["memberOf"]) != 0 {
				t.Errorf("%s, %s: %v %s", what, where, id.Attributes, diff)
			}
		}
	}
	for what, v := range map[string]string{"a NameID": value(name), "indented": value("\n  " + name + "\n  "), "text": value("admins"), "text with space around": value(" admins\n")} {
		id, err := login(base("assertion").sign(replace(t, genuine(), value("blue"), value("blue")+v), signing{}))
		if err != nil {
			t.Fatalf("%s: %s", what, explain(err))
		}
		if diff := cmp.Diff([]string{"red", "blue", "admins"}, id.Groups); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

// elementOnly are those that hold elements and no text, each by its end tag.
func elementOnly() map[string]string {
	return map[string]string{
		"Response":            "</samlp:Response>",
		"Assertion":           "</saml:Assertion>",
		"Subject":             "</saml:Subject>",
		"SubjectConfirmation": "</saml:SubjectConfirmation>",
		"Conditions":          "</saml:Conditions>",
		"AudienceRestriction": "</saml:AudienceRestriction>",
		"AuthnStatement":      "</saml:AuthnStatement>",
		"AttributeStatement":  "</saml:AttributeStatement>",
	}
}

// What the profile does not know, and text between elements, is refused at each place,
// first and last: it could be what another reader believes.
func TestStrangersAmongTheElements(t *testing.T) {
	t.Parallel()
	edits := map[string]edit{}
	for where, end := range elementOnly() {
		add := func(what, stranger string, code saml.Code) {
			edits[what+" in "+where+", last"] = edit{end, stranger + end, code}
			// The first child follows the start tag, whatever that says.
			doc := genuine()
			i := strings.Index(doc, strings.Replace(end, "</", "<", 1)[:len(end)-2])
			tag := doc[i : i+strings.Index(doc[i:], ">")+1]
			edits[what+" in "+where+", first"] = edit{tag, tag + stranger, code}
		}
		foreign := saml.CodeProfile
		if where == "Conditions" { // an unknown condition has an answer of its own
			foreign = saml.CodeConditions
		}
		add("text", "x", saml.CodeProfile)
		add("text of a reference", "&#65;", saml.CodeProfile)
		add("a no-break space", "\u00a0", saml.CodeProfile)
		add("an unknown element", `<saml:Other/>`, foreign)
		add("a foreign element", `<x:y xmlns:x="urn:x"/>`, foreign)
		add("an element in no namespace", `<y/>`, foreign)
		add("a foreign NameID", `<x:NameID xmlns:x="urn:x">`+intruder+`</x:NameID>`, foreign)
		add("a NameID in samlp", `<samlp:NameID>`+intruder+`</samlp:NameID>`, foreign)
		add("a foreign Audience", `<x:Audience xmlns:x="urn:x">`+spID+`</x:Audience>`, foreign)
		add("a foreign Attribute", `<x:Attribute xmlns:x="urn:x" Name="groups">`+value("admins")+`</x:Attribute>`, foreign)
		add("a foreign Subject", `<x:Subject xmlns:x="urn:x"/>`, foreign)
		add("a foreign Issuer", `<x:Issuer xmlns:x="urn:x">`+idpID+`</x:Issuer>`, foreign)
	}
	for name, e := range edits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := replace(t, genuine(), e.old, e.new)
			for _, b := range []base{"response", "assertion"} {
				id, err := login(b.sign(doc, signing{}))
				refused(t, id, err, e.code)
			}
		})
	}
}

// What may occur once occurs once, and what has to say something says it.
func TestWhatMayOccurOnce(t *testing.T) {
	t.Parallel()
	doc := genuine()
	confirmation := between(doc, "<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>")
	data := between(doc, "<saml:SubjectConfirmationData ", "/></saml:SubjectConfirmation>")
	data = strings.TrimSuffix(data, "</saml:SubjectConfirmation>")
	conditions := between(doc, "<saml:Conditions ", "</saml:Conditions>")
	statement := between(doc, "<saml:AttributeStatement>", "</saml:AttributeStatement>")
	issuer := `<saml:Issuer>` + idpID + `</saml:Issuer>`
	edits := map[string]edit{
		"a second Subject, with no NameID":       {conditions, `<saml:Subject>` + confirmation + `</saml:Subject>` + conditions, saml.CodeProfile},
		"a second Subject, empty":                {conditions, `<saml:Subject/>` + conditions, saml.CodeProfile},
		"a second Subject before the first":      {`<saml:Subject>`, `<saml:Subject>` + confirmation + `</saml:Subject><saml:Subject>`, saml.CodeProfile},
		"a second Conditions":                    {conditions, conditions + conditions, saml.CodeProfile},
		"a second Conditions, empty":             {conditions, conditions + `<saml:Conditions/>`, saml.CodeProfile},
		"a second AttributeStatement":            {statement, statement + statement, saml.CodeProfile},
		"a second AttributeStatement, empty":     {statement, statement + `<saml:AttributeStatement/>`, saml.CodeProfile},
		"a second Issuer of the Assertion":       {issuer + `@A@`, issuer + issuer + `@A@`, saml.CodeProfile},
		"a second Issuer of the Response":        {issuer + `@R@`, issuer + issuer + `@R@`, saml.CodeProfile},
		"a second SubjectConfirmationData":       {data, data + data, saml.CodeProfile},
		"a second SubjectConfirmationData, last": {data, data + `<saml:SubjectConfirmationData/>`, saml.CodeProfile},
		"an Audience with markup":                {spID + `</saml:Audience>`, spID + `<x xmlns="urn:x"/></saml:Audience>`, saml.CodeProfile},
		"an Issuer with markup":                  {issuer + `@A@`, `<saml:Issuer>` + idpID + `<x xmlns="urn:x"/></saml:Issuer>@A@`, saml.CodeProfile},
		"an AuthnContextClassRef with markup":    {`</saml:AuthnContextClassRef>`, `<x xmlns="urn:x"/></saml:AuthnContextClassRef>`, saml.CodeProfile},
		"a NameID with markup":                   {`</saml:NameID>`, `<x xmlns="urn:x"/></saml:NameID>`, saml.CodeProfile},
	}
	for what, name := range map[string]string{"an empty Name": ` Name=""`, "a blank Name": ` Name=" "`, "a Name of a tab": ` Name="&#9;"`, "a Name of line ends": ` Name="&#10;&#13;&#10;"`,
		"no Name": ``, "a FriendlyName alone": ` FriendlyName="groups"`, "a foreign Name": ` xmlns:z="urn:z" z:Name="groups"`} {
		edits["an Attribute with "+what] = edit{`<saml:Attribute Name="groups"`, `<saml:Attribute` + name, saml.CodeProfile}
		edits["one more Attribute with "+what] = edit{`</saml:AttributeStatement>`, `<saml:Attribute` + name + `/></saml:AttributeStatement>`, saml.CodeProfile}
	}
	tryEdits(t, edits)
}

// What is in an EncryptedID is a NameID, by name and namespace.
func TestEncryptedIDHoldsANameID(t *testing.T) {
	t.Parallel()
	seal := func(content string) string {
		doc := sealing{}.encryptedName(genuine())
		i, j := strings.Index(doc, "<saml:EncryptedID "), strings.Index(doc, "</saml:EncryptedID>")+len("</saml:EncryptedID>")
		return doc[:i] + sealing{}.seal("EncryptedID", content) + doc[j:]
	}
	for _, b := range bases() {
		for name, content := range map[string]string{
			"a BaseID":                 `<saml:BaseID xmlns:saml="` + samlSpace + `">ann@victim.example</saml:BaseID>`,
			"an Issuer":                `<saml:Issuer xmlns:saml="` + samlSpace + `">ann@victim.example</saml:Issuer>`,
			"a NameIdentifier":         `<saml:NameIdentifier xmlns:saml="` + samlSpace + `">ann@victim.example</saml:NameIdentifier>`,
			"a NameID of samlp":        `<samlp:NameID xmlns:samlp="` + samlpSpace + `">ann@victim.example</samlp:NameID>`,
			"a foreign NameID":         `<x:NameID xmlns:x="urn:x">ann@victim.example</x:NameID>`,
			"a NameID, no namespace":   `<NameID xmlns="">ann@victim.example</NameID>`,
			"a NameID in an element":   `<x xmlns="urn:x"><saml:NameID xmlns:saml="` + samlSpace + `">ann@victim.example</saml:NameID></x>`,
			"an EncryptedID once more": sealing{}.seal("EncryptedID", `<saml:NameID xmlns:saml="`+samlSpace+`">ann@victim.example</saml:NameID>`),
		} {
			id, err := opened(b.sign(seal(content), signing{}), nil)
			if e := refused(t, id, err, saml.CodeEncrypted); e.Received != "" {
				t.Errorf("%s: %q is told of it", name, e.Received)
			}
		}
		id, err := opened(b.sign(seal(`<saml:NameID xmlns:saml="`+samlSpace+`">ann@victim.example</saml:NameID>`), signing{}), nil)
		if err != nil || id.NameID.Value != "ann@victim.example" {
			t.Fatal(explain(err))
		}
	}
}
