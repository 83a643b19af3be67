package scimtest

import (
	"net/http"

	"github.com/accesssec/accesssec-go/scim"
)

// ann is a user with nothing but what is required.
const ann = `{"schemas":["{{U}}"],"userName":"{{address ann}}","active":true}`

// annWith is ann with more attributes.
func annWith(attributes string) string {
	return `{"schemas":["{{U}}"],"userName":"{{address ann}}","active":true,` + attributes + `}`
}

// annIs is what is read of ann, with those attributes beside her name.
func annIs(active bool, attributes string) string {
	if attributes != "" {
		attributes = "," + attributes
	}
	if active {
		return `{"userName":"{{address ann}}","active":true` + attributes + `}`
	}
	return `{"userName":"{{address ann}}","active":false` + attributes + `}`
}

func entraUsers() []Body {
	return []Body{
		{Name: "test connection", Client: "Entra", Want: "none",
			Send: []Message{find("/Users", `userName eq "AzureAD_Test-{{text probe}}"`, FindsNothing)}},
		{Name: "create", Client: "Entra", Path: "/Users",
			Send: []Message{post("/Users", `{"schemas":["{{U}}","{{E}}"],"externalId":"{{text ext}}","userName":"{{address ann}}","active":true,
				"emails":[{"primary":true,"type":"work","value":"{{address ann}}"}],"meta":{"resourceType":"User"},
				"name":{"formatted":"Ann Gray","familyName":"Gray","givenName":"Ann"},"roles":[]}`)},
			Want: annIs(true, `"externalId":"{{text ext}}","emails":[{"primary":true,"type":"work","value":"{{address ann}}"}],
				"name":{"formatted":"Ann Gray","familyName":"Gray","givenName":"Ann"}`)},
		{Name: "create with nulls and a URN that is misspelt", Client: "Entra", Path: "/Users",
			Breaks: []scim.Tolerance{scim.UnknownSchema, scim.BareExtension},
			Send: []Message{post("/Users", `{"schemas":["{{U}}","urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
				"userName":"{{address ann}}","displayName":"Ann","active":true,"externalId":"{{text ext}}","addresses":null,
				"phoneNumbers":null,"preferredLanguage":null,"title":null,"department":null,"manager":null,"employeeNumber":null,
				"emails":[{"type":"work","value":"{{address ann}}","primary":true}],"name":{"givenName":"Ann","familyName":null}}`)},
			Want: annIs(true, `"externalId":"{{text ext}}","displayName":"Ann","name":{"givenName":"Ann"},
				"emails":[{"primary":true,"type":"work","value":"{{address ann}}"}]`)},
		{Name: "create with a department beside the core attributes", Client: "Entra", Path: "/Users", Breaks: []scim.Tolerance{scim.BareExtension},
			Send: []Message{post("/Users", `{"schemas":["{{U}}"],"userName":"{{address ann}}","department":"Sales","manager":null}`)},
			Want: annIs(true, `"{{E}}":{"department":"Sales"}`)},
		{Name: "create with an attribute that is none", Client: "Entra", Path: "/Users", Breaks: []scim.Tolerance{scim.UnknownAttribute},
			Send: []Message{post("/Users", `{"schemas":["{{U}}"],"userName":"{{address ann}}","shoeSize":42}`)}, Want: annIs(true, "")},
		{Name: "create with active as text", Client: "Entra", Path: "/Users", Breaks: []scim.Tolerance{scim.BooleanText},
			Send: []Message{post("/Users", `{"schemas":["{{U}}"],"userName":"{{address ann}}","active":"True"}`)},
			Want: annIs(true, "")},
		{Name: "create inactive, as text", Client: "Entra", Path: "/Users", Breaks: []scim.Tolerance{scim.BooleanText},
			Send: []Message{post("/Users", `{"schemas":["{{U}}"],"userName":"{{address ann}}","active":"False"}`)},
			Want: annIs(false, "")},
		{Name: "roles as text that holds JSON", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.OpCase},
			Send: []Message{patch("/Users", `{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"827f\",\"value\":\"DocumentMgmt-Admin\",\"displayName\":\"Admin\"}"}]}`)},
			Want: annIs(true, `"roles":[{"value":"{\"id\":\"827f\",\"value\":\"DocumentMgmt-Admin\",\"displayName\":\"Admin\"}"}]`)},
		{Name: "hard delete", Client: "Entra", Path: "/Users", Given: ann,
			Send: []Message{patch("/Users", `{"op":"replace","path":"active","value":false}`), erase("/Users")}, Want: "gone"},
		{Name: "no operations", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.NoOperations},
			Send: []Message{patch("/Users", ``)}},
		{Name: "keys beside the operations", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.ExtraKey},
			Send: []Message{{Method: http.MethodPatch, Path: "/Users/{{id}}", Status: http.StatusOK,
				Body: `{"schemas":["{{P}}"],"id":"{{id}}","Operations":[{"name":"setTitle","op":"replace","path":"title","value":"Dr"}]}`}},
			Want: annIs(true, `"title":"Dr"`)},
	}
}

// actives are the spellings of a boolean, and what was before.
func actives() []Body {
	var out []Body
	for _, c := range []struct {
		text          string
		before, after bool
	}{{"False", true, false}, {"True", false, true}, {"false", true, false}, {"true", false, true}} {
		given := `{"schemas":["{{U}}"],"userName":"{{address ann}}","active":false}`
		if c.before {
			given = ann
		}
		out = append(out, Body{Name: "active is the text " + c.text, Client: "Entra", Row: "active as text", Path: "/Users",
			Given: given, Breaks: []scim.Tolerance{scim.OpCase, scim.BooleanText}, Want: annIs(c.after, ""),
			Send: []Message{patch("/Users", `{"op":"Replace","path":"active","value":"`+c.text+`"}`)}})
	}
	return append(out, Body{Name: "active is a boolean", Client: "Entra", Path: "/Users", Given: ann, Want: annIs(false, ""),
		Send: []Message{patch("/Users", `{"op":"replace","path":"active","value":false}`)}})
}

// workEmail are PATCHes at the value of the work address, with none, with another and with one.
func workEmail() []Body {
	work := `{"type":"work","value":"{{address new}}"}`
	home := `{"type":"home","value":"{{address home}}"}`
	var out []Body
	for _, op := range []string{"Replace", "Add"} {
		sent := []Message{patch("/Users", `{"op":"`+op+`","path":"emails[type eq \"work\"].value","value":"{{address new}}"}`)}
		breaks := []scim.Tolerance{scim.OpCase}
		row := "replace emails[work].value, no emails"
		if op == "Add" {
			row = "add emails[work].value, no emails"
		}
		creates := append(breaks[:1:1], scim.ElementCreated)
		out = append(out,
			Body{Name: op + " of the work address, no address there", Client: "Entra", Row: row, Path: "/Users",
				Given: ann, Send: sent, Breaks: creates, Want: annIs(true, `"emails":[`+work+`]`)},
			Body{Name: op + " of the work address, a home address there", Client: "Entra", Row: "emails[work].value, only a home address", Path: "/Users",
				Given: annWith(`"emails":[` + home + `]`), Send: sent, Breaks: creates, Want: annIs(true, `"emails":[`+home+`,`+work+`]`)},
			Body{Name: op + " of the work address that is there", Client: "Entra", Path: "/Users",
				Given: annWith(`"emails":[` + home + `,{"type":"work","value":"{{address ann}}"}]`), Send: sent, Breaks: breaks,
				Want: annIs(true, `"emails":[`+home+`,`+work+`]`)})
	}
	return out
}

func entraPatches() []Body {
	managed := func(id string) string { return annIs(true, `"{{E}}":{"manager":{"value":"`+id+`"}}`) }
	out := append(actives(), workEmail()...)
	out = append(out,
		Body{Name: "manager by its bare name, in a list", Client: "Entra", Row: "manager, bare array", Path: "/Users", Given: ann,
			Breaks: []scim.Tolerance{scim.OpCase, scim.ValueForComplex, scim.BareExtension},
			Send:   []Message{patch("/Users", `{"op":"Add","path":"manager","value":[{"$ref":"http://localhost/scim/v2/Users/{{user boss}}","value":"{{user boss}}"}]}`)},
			Want:   managed("{{user boss}}")},
		Body{Name: "manager as text", Client: "Entra", Row: "enterprise manager as text", Path: "/Users", Given: ann,
			Breaks: []scim.Tolerance{scim.OpCase, scim.ValueForComplex},
			Send:   []Message{patch("/Users", `{"op":"Add","path":"{{E}}:manager","value":"{{user boss}}"}`)}, Want: managed("{{user boss}}")},
		Body{Name: "manager as text, for another", Client: "Entra", Row: "enterprise manager as text", Path: "/Users",
			Given:  `{"schemas":["{{U}}","{{E}}"],"userName":"{{address ann}}","{{E}}":{"manager":{"value":"{{user old}}"}}}`,
			Breaks: []scim.Tolerance{scim.OpCase, scim.ValueForComplex},
			Send:   []Message{patch("/Users", `{"op":"Replace","path":"{{E}}:manager","value":"{{user boss}}"}`)}, Want: managed("{{user boss}}")},
		Body{Name: "dotted keys and keys with a URN", Client: "Entra", Row: "dotted and URN keys", Path: "/Users",
			Given:  annWith(`"nickName":"A","name":{"familyName":"Old","middleName":"M"},"emails":[{"type":"work","value":"{{address ann}}"}]`),
			Breaks: []scim.Tolerance{scim.DottedKey},
			Send: []Message{patch("/Users", `{"op":"replace","path":"emails[type eq \"work\"].value","value":"{{address new}}"},
				{"op":"replace","value":{"displayName":"Bjfe","name.givenName":"Kkom","name.familyName":"Unua","{{E}}:employeeNumber":"Aklq"}}`)},
			Want: annIs(true, `"nickName":"A","displayName":"Bjfe","name":{"givenName":"Kkom","familyName":"Unua","middleName":"M"},
				"emails":[{"type":"work","value":"{{address new}}"}],"{{E}}":{"employeeNumber":"Aklq"}`)},
		Body{Name: "Add to an attribute that is empty", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.OpCase},
			Send: []Message{patch("/Users", `{"op":"Add","path":"title","value":"Dr"},{"op":"Add","path":"name.givenName","value":"Ann"}`)},
			Want: annIs(true, `"title":"Dr","name":{"givenName":"Ann"}`)},
		Body{Name: "Replace of an attribute that is empty", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.OpCase},
			Send: []Message{patch("/Users", `{"op":"Replace","path":"title","value":"Dr"},{"op":"Replace","path":"name.givenName","value":"Ann"}`)},
			Want: annIs(true, `"title":"Dr","name":{"givenName":"Ann"}`)},
		Body{Name: "Add to a list that is not empty", Client: "Entra", Path: "/Users", Given: annWith(`"entitlements":[{"value":"one"}]`),
			Breaks: []scim.Tolerance{scim.OpCase}, Send: []Message{patch("/Users", `{"op":"Add","path":"entitlements","value":[{"value":"two"}]}`)},
			Want: annIs(true, `"entitlements":[{"value":"one"},{"value":"two"}]`)},
		Body{Name: "Remove of an attribute", Client: "Entra", Path: "/Users", Given: annWith(`"title":"Dr"`),
			Breaks: []scim.Tolerance{scim.OpCase}, Send: []Message{patch("/Users", `{"op":"Remove","path":"title"}`)}, Want: annIs(true, "")},
	)
	for _, text := range []string{"true", "True"} {
		sent := []Message{patch("/Users", `{"op":"Replace","path":"roles[primary eq \"`+text+`\"].value","value":"senior-engineer"}`)}
		out = append(out,
			Body{Name: "the primary role, by the text " + text, Client: "Entra", Row: "roles[primary eq text]", Path: "/Users",
				Given: annWith(`"roles":[{"value":"engineer","primary":true},{"value":"reader"}]`), Send: sent,
				Breaks: []scim.Tolerance{scim.OpCase, scim.BooleanText},
				Want:   annIs(true, `"roles":[{"value":"senior-engineer","primary":true},{"value":"reader"}]`)},
			Body{Name: "a primary role where there is none, by the text " + text, Client: "Entra", Row: "roles[primary eq text]", Path: "/Users",
				Given: ann, Send: sent, Breaks: []scim.Tolerance{scim.OpCase, scim.BooleanText, scim.ElementCreated},
				Want: annIs(true, `"roles":[{"value":"senior-engineer","primary":true}]`)})
	}
	return out
}

func entraQueries() []Body {
	mailed := annWith(`"externalId":"{{text ext}}","emails":[{"type":"work","value":"{{address ann}}"},{"type":"home","value":"{{address home}}"}]`)
	is := annIs(true, `"externalId":"{{text ext}}","emails":[{"type":"work","value":"{{address ann}}"},{"type":"home","value":"{{address home}}"}]`)
	managed := `{"schemas":["{{U}}","{{E}}"],"userName":"{{address ann}}","{{E}}":{"manager":{"value":"{{user boss}}"}}}`
	byManager := find("/Users", `id eq "{{id}}" and manager eq "{{user boss}}"`, FindsIt)
	byManager.Query += "&attributes=id"
	flagged := find("/Users", `userName eq "{{address ann}}"`, FindsIt)
	flagged.Query = "aadOptscim062020&" + flagged.Query
	return []Body{
		{Name: "by the work address", Client: "Entra", Path: "/Users", Given: mailed, Want: is,
			Send: []Message{find("/Users", `emails[type eq "work"].value eq "{{address ann}}"`, FindsIt),
				find("/Users", `emails[type eq "work"].value eq "{{address home}}"`, FindsNothing)}},
		{Name: "by an externalId without quotes", Client: "Entra", Path: "/Users", Given: mailed, Want: is, Breaks: []scim.Tolerance{scim.UnquotedFilter},
			Send: []Message{find("/Users", `externalId eq {{text ext}}`, FindsIt)}},
		{Name: "by id and manager", Client: "Entra", Path: "/Users", Given: managed, Breaks: []scim.Tolerance{scim.BareExtension}, Send: []Message{byManager}},
		{Name: "who is inactive is found", Client: "Entra", Path: "/Users", Given: ann, Want: annIs(false, ""),
			Send: []Message{patch("/Users", `{"op":"replace","path":"active","value":false}`),
				find("/Users", `userName eq "{{address ann}}"`, FindsIt), get("/Users/{{id}}", "")}},
		{Name: "the flag in the query", Client: "Entra", Path: "/Users", Given: ann, Send: []Message{flagged}},
		{Name: "the flag between the mount and the path", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.PathForm},
			Send: []Message{get("/", "aadOptscim062020/Users/{{id}}")}},
		{Name: "a slash at the end", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.PathForm},
			Send: []Message{get("/Users/{{id}}/", "")}},
		{Name: "two slashes", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.PathForm},
			Send: []Message{get("//Users/{{id}}", "")}},
		{Name: "inbound, since an instant of seven digits", Client: "Entra", Path: "/Users", Given: ann,
			Send: []Message{find("/Users", `active eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and userName eq "{{address ann}}")`, FindsIt)}},
		{Name: "inbound, names in any case", Client: "Entra", Path: "/Users", Given: ann,
			Send: []Message{find("/Users", `(ActiVe eq true) and (USERNAME eq "{{address ann}}")`, FindsIt)}},
		{Name: "a boolean as text in a filter", Client: "Entra", Path: "/Users", Given: ann, Breaks: []scim.Tolerance{scim.BooleanText},
			Send: []Message{find("/Users", `active eq "True" and userName eq "{{address ann}}"`, FindsIt)}},
	}
}
