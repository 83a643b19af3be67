package scimtest

import (
	"net/http"

	"github.com/accesssec/accesssec-go/scim"
)

// fromOkta is a message with the headers that Okta sends.
func fromOkta(m Message) Message {
	m = m.with("User-Agent", oktaAgent).with("Accept", oktaAccepts)
	if m.Body != "" {
		m = m.with("Content-Type", plainJSON)
	}
	return m
}

func oktaUsers() []Body {
	const created = `{"schemas":["{{U}}"],"userName":"{{address ann}}","name":{"givenName":"Ann","familyName":"Gray"},
		"emails":[{"primary":true,"value":"{{address ann}}","type":"work"}],"displayName":"Ann Gray","locale":"en-US",
		"externalId":"{{text ext}}","groups":[],"password":"1mz050nq","active":true}`
	const attributes = `"name":{"givenName":"Ann","familyName":"Gray"},"emails":[{"primary":true,"value":"{{address ann}}","type":"work"}],
		"displayName":"Ann Gray","locale":"en-US","externalId":"{{text ext}}"`
	probe := fromOkta(find("/Users", `userName eq "{{text probe}}@okta.local"`, FindsNothing))
	probe.Query += "&startIndex=1&count=100"
	whole := func(active, given string) string {
		return `{"schemas":["{{U}}"],"id":"{{id}}","userName":"{{address ann}}","name":{"givenName":"` + given + `","familyName":"Gray"},
			"emails":[{"primary":true,"value":"{{address ann}}","type":"work"}],"displayName":"Ann Gray","locale":"en-US",
			"externalId":"{{text ext}}","groups":[],"active":` + active + `,"meta":{"resourceType":"User"}}`
	}
	off := patch("/Users", `{"op":"replace","value":{"active":false}}`)
	again := `{"schemas":["{{U}}"],"userName":"{{address new}}","externalId":"{{text ext}}","active":true,
		"emails":[{"primary":true,"value":"{{address new}}","type":"work"}]}`
	return []Body{
		{Name: "look for who is not there", Client: "Okta", Want: "none", Send: []Message{probe}},
		{Name: "create with a password", Client: "Okta", Path: "/Users", Send: []Message{fromOkta(post("/Users", created))}, Want: annIs(true, attributes)},
		{Name: "create who is there", Client: "Okta", Path: "/Users", Given: created, Want: annIs(true, attributes),
			Send: []Message{fromOkta(post("/Users", created).refused(http.StatusConflict, scim.Uniqueness))}},
		{Name: "replace the whole user", Client: "Okta", Path: "/Users", Given: created,
			Send: []Message{fromOkta(get("/Users/{{id}}", "")), fromOkta(put("/Users", whole("true", "Anna")))},
			Want: annIs(true, `"name":{"givenName":"Anna","familyName":"Gray"},"emails":[{"primary":true,"value":"{{address ann}}","type":"work"}],
				"displayName":"Ann Gray","locale":"en-US","externalId":"{{text ext}}"`)},
		{Name: "deactivate by PUT", Client: "Okta", Path: "/Users", Given: created,
			Send: []Message{fromOkta(put("/Users", whole("false", "Ann")))}, Want: annIs(false, attributes)},
		{Name: "deactivate without a path", Client: "Okta", Row: "no-path {active:false}", Path: "/Users", Given: created,
			Send: []Message{fromOkta(off)}, Want: annIs(false, attributes)},
		{Name: "activate without a path", Client: "Okta", Row: "no-path {active:false}", Path: "/Users", Given: created, Want: annIs(true, attributes),
			Send: []Message{fromOkta(off), fromOkta(patch("/Users", `{"op":"replace","value":{"active":true}}`))}},
		{Name: "a new password", Client: "Okta", Path: "/Users", Given: created, Want: annIs(true, attributes),
			Send: []Message{fromOkta(patch("/Users", `{"op":"replace","value":{"password":"Abcd123!"}}`))}},
		{Name: "assign again under another name", Client: "Okta", Path: "/Users", Given: created, Breaks: []scim.Tolerance{scim.ExternalIDAgain},
			Send: []Message{fromOkta(off), fromOkta(find("/Users", `userName eq "{{address new}}"`, FindsNothing)), fromOkta(post("/Users", again))},
			Want: `{"userName":"{{address new}}","active":true,"externalId":"{{text ext}}",
				"emails":[{"primary":true,"value":"{{address new}}","type":"work"}]}`},
		{Name: "import", Client: "Okta", Path: "/Users", Given: created,
			Send: []Message{fromOkta(get("/Users", "startIndex=1&count=100")), fromOkta(get("/Users", "startIndex=101&count=100")),
				fromOkta(get("/Groups", "startIndex=1&count=100"))}},
		{Name: "by the name in another case", Client: "Okta", Path: "/Users", Given: created,
			Send: []Message{fromOkta(find("/Users", `username EQ "{{address ann}}"`, FindsIt))}},
	}
}

func oktaGroups() []Body {
	wholeTeam := `{"schemas":["{{G}}"],"id":"{{id}}","displayName":"{{text team}}","members":[{"value":"{{user b}}","display":"b"},{"value":"{{user c}}","display":"c"}]}`
	renames := []scim.Tolerance{scim.ReadOnlyAttribute}
	return []Body{
		{Name: "create a group", Client: "Okta", Path: "/Groups", Want: team(""),
			Send: []Message{fromOkta(post("/Groups", `{"schemas":["{{G}}"],"displayName":"{{text team}}","members":[]}`))}},
		{Name: "rename with the id", Client: "Okta", Path: "/Groups", Given: team("a"), Want: teamNamed("{{text new}}", "a"), Breaks: renames,
			Send: []Message{fromOkta(patch("/Groups", `{"op":"replace","value":{"id":"{{id}}","displayName":"{{text new}}"}}`))}},
		{Name: "remove and add in one", Client: "Okta", Row: "remove+add / add+remove in one", Path: "/Groups", Given: team("a b"), Want: team("b c"),
			Send: []Message{fromOkta(patch("/Groups", `{"op":"remove","path":"members[value eq \"{{user a}}\"]"},
				{"op":"add","path":"members","value":[{"value":"{{user c}}","display":"c@example.com"}]}`))}},
		{Name: "push all members", Client: "Okta", Row: "replace members", Path: "/Groups", Given: team("a"), Want: team("b c"),
			Send: []Message{fromOkta(patch("/Groups", `{"op":"replace","path":"members","value":[{"value":"{{user b}}","display":"b"},{"value":"{{user c}}","display":"c"}]}`))}},
		{Name: "push a group that is empty", Client: "Okta", Row: "replace members", Path: "/Groups", Given: team("a b"), Want: team(""),
			Send: []Message{fromOkta(patch("/Groups", `{"op":"replace","path":"members","value":[]}`))}},
		{Name: "push a group that is empty, without a path", Client: "Okta", Row: "replace members", Path: "/Groups", Given: team("a b"), Want: team(""), Breaks: renames,
			Send: []Message{fromOkta(patch("/Groups", `{"op":"replace","value":{"members":[],"id":"{{id}}","displayName":"{{text team}}"}}`))}},
		{Name: "replace the whole group", Client: "Okta", Path: "/Groups", Given: team("a b"), Want: team("b c"),
			Send: []Message{fromOkta(put("/Groups", wholeTeam))}},
		{Name: "unlink", Client: "Okta", Path: "/Groups", Given: team("a"), Want: "gone", Send: []Message{fromOkta(erase("/Groups"))}},
		{Name: "create a group that is there", Client: "Okta", Path: "/Groups", Given: team("a"),
			Send: []Message{fromOkta(post("/Groups", team("")).refused(http.StatusConflict, scim.Uniqueness))}},
	}
}
