package scimtest

import (
	"net/http"

	"github.com/accesssec/accesssec-go/scim"
)

func oneLoginBodies() []Body {
	quiet := func(m Message) Message { return m.with("User-Agent", "").with("Accept", plainJSON) }
	answered := quiet(find("/Users", `userName eq "{{address ann}}"`, FindsIt))
	answered.ContentType = plainJSON
	return []Body{
		{Name: "look for who is not there", Client: "OneLogin", Want: "none",
			Send: []Message{quiet(find("/Users", `userName eq "{{text probe}}"`, FindsNothing))}},
		{Name: "answers of plain JSON", Client: "OneLogin", Path: "/Users", Given: ann, Send: []Message{answered}},
		{Name: "delete", Client: "OneLogin", Path: "/Users", Given: ann, Want: "gone", Send: []Message{quiet(erase("/Users"))}},
		{Name: "add members", Client: "OneLogin", Path: "/Groups", Given: team("a"), Want: team("a b"),
			Send: []Message{quiet(patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{user b}}"}]}`)).with("Content-Type", scimJSON)}},
	}
}

func jumpCloudBodies() []Body {
	add := patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{user b}}"}]}`)
	return []Body{
		{Name: "create and delete a test user", Client: "JumpCloud", Path: "/Users", Want: "gone",
			Send: []Message{post("/Users", `{"schemas":["{{U}}"],"userName":"{{address ann}}","name":{"givenName":"Test","familyName":"User"},
				"emails":[{"type":"work","value":"{{address ann}}","primary":true}],"active":true}`), erase("/Users")}},
		{Name: "create and delete a test group", Client: "JumpCloud", Path: "/Groups", Want: "gone",
			Send: []Message{post("/Groups", team("")), erase("/Groups")}},
		{Name: "rename", Client: "JumpCloud", Path: "/Groups", Given: team("a"), Want: teamNamed("{{text new}}", "a"),
			Send: []Message{patch("/Groups", `{"op":"replace","value":{"displayName":"{{text new}}"}}`)}},
		{Name: "add a member, again and again", Client: "JumpCloud", Row: "add duplicate member", Path: "/Groups", Given: team("a"), Want: team("a b"),
			Send: []Message{add, add, add}},
		{Name: "remove a member", Client: "JumpCloud", Row: "Remove members + $ref:null value", Path: "/Groups", Given: team("a b"), Want: team("a"),
			Breaks: []scim.Tolerance{scim.RemoveWithValue},
			Send:   []Message{patch("/Groups", `{"op":"remove","path":"members","value":[{"value":"{{user b}}"}]}`)}},
	}
}

func authentikBodies() []Body {
	whole := `{"schemas":["{{G}}"],"id":"{{id}}","displayName":"{{text new}}","externalId":"{{text ext}}"}`
	return []Body{
		{Name: "add members one by one", Client: "authentik", Path: "/Groups", Given: team("a"), Want: team("a b c"),
			Send: []Message{patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{user b}}"}]},{"op":"add","path":"members","value":[{"value":"{{user c}}"}]}`)}},
		{Name: "remove members one by one", Client: "authentik", Row: "remove 2 values", Path: "/Groups", Given: team("a b c"), Want: team("b"),
			Breaks: []scim.Tolerance{scim.RemoveWithValue},
			Send: []Message{patch("/Groups", `{"op":"remove","path":"members","value":[{"value":"{{user a}}"}]},
				{"op":"remove","path":"members","value":[{"value":"{{user c}}"}]}`)}},
		{Name: "replace the group without a path", Client: "authentik", Path: "/Groups", Given: team("a b"),
			Breaks: []scim.Tolerance{scim.ReadOnlyAttribute}, Send: []Message{patch("/Groups", `{"op":"replace","value":`+whole+`}`)},
			Want: `{"displayName":"{{text new}}","externalId":"{{text ext}}","members":[{"value":"{{user a}}"},{"value":"{{user b}}"}]}`},
		{Name: "replace the user", Client: "authentik", Path: "/Users", Given: annWith(`"title":"Dr"`),
			Send: []Message{put("/Users", `{"schemas":["{{U}}"],"id":"{{id}}","userName":"{{address ann}}","externalId":"{{text ext}}","active":true,
				"name":{"formatted":"Ann Gray","givenName":"Ann","familyName":"Gray"},"displayName":"Ann Gray",
				"emails":[{"value":"{{address ann}}","type":"other","primary":true}],"photos":[],"locale":"en"}`)},
			Want: annIs(true, `"externalId":"{{text ext}}","name":{"formatted":"Ann Gray","givenName":"Ann","familyName":"Gray"},"displayName":"Ann Gray",
				"emails":[{"value":"{{address ann}}","type":"other","primary":true}],"locale":"en"`)},
		{Name: "a group that is there is looked for", Client: "authentik", Path: "/Groups", Given: team(""),
			Send: []Message{post("/Groups", team("")).refused(http.StatusConflict, scim.Uniqueness), find("/Groups", `displayName eq "{{text team}}"`, FindsIt)}},
		{Name: "what the mount can do", Client: "authentik", Want: "none", Send: []Message{get("/ServiceProviderConfig", "")}},
		{Name: "lists by startIndex alone", Client: "authentik", Path: "/Users", Given: ann,
			Send: []Message{get("/Users", "startIndex=1"), get("/Groups", "startIndex=1")}},
	}
}

func otherClients() []Body {
	active := func(text string, before, after bool) Body {
		given := ann
		if !before {
			given = `{"schemas":["{{U}}"],"userName":"{{address ann}}","active":false}`
		}
		return Body{Name: "active is the text " + text + ", op in lower case", Client: "Keycloak", Row: "active as text", Path: "/Users", Given: given,
			Breaks: []scim.Tolerance{scim.BooleanText}, Want: annIs(after, ""),
			Send: []Message{patch("/Users", `{"op":"replace","path":"active","value":"`+text+`"}`)}}
	}
	twice := `{"schemas":["{{U}}"],"userName":"{{address ann}}","externalId":"{{text ext}}","active":true}`
	thrice := `{"schemas":["{{U}}"],"userName":"{{address new}}","externalId":"{{text ext}}","active":true}`
	primary := get("/Users/{{id}}", "attributes=externalId,emails.primary,name.givenName,name.familyName")
	primary.Answers = `{"name":{"givenName":"Ann","familyName":"Gray"},"emails":[{"primary":true}]}`
	return []Body{
		active("false", true, false), active("true", false, true),
		{Name: "replace the user", Client: "Keycloak", Path: "/Users", Given: annWith(`"title":"Dr","nickName":"A"`), Want: annIs(false, `"nickName":"B"`),
			Send: []Message{put("/Users", `{"schemas":["{{U}}"],"userName":"{{address ann}}","nickName":"B","active":false}`)}},
		{Name: "all members with each change", Client: "Keycloak", Path: "/Groups", Given: team("a b"), Want: team("a b c"),
			Send: []Message{patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{user a}}"},{"value":"{{user b}}"},{"value":"{{user c}}"}]}`)}},
		{Name: "replace of a name where there is none", Client: "SailPoint", Path: "/Users", Given: ann,
			Send: []Message{patch("/Users", `{"op":"replace","path":"name","value":{"familyName":"Gray","givenName":"Ann"}}`)},
			Want: annIs(true, `"name":{"familyName":"Gray","givenName":"Ann"}`)},
		{Name: "replace of a part of a name where there is none", Client: "SailPoint", Path: "/Users", Given: ann, Want: annIs(true, `"name":{"familyName":"Gray"}`),
			Send: []Message{patch("/Users", `{"op":"replace","path":"name.familyName","value":"Gray"}`)}},
		{Name: "replace of a department where there is none", Client: "SailPoint", Path: "/Users", Given: ann, Want: annIs(true, `"{{E}}":{"department":"Sales"}`),
			Send: []Message{patch("/Users", `{"op":"replace","path":"{{E}}:department","value":"Sales"}`)}},
		{Name: "remove with members in an object", Client: "Salesforce", Path: "/Groups", Given: team("a b"), Want: team("a"),
			Breaks: []scim.Tolerance{scim.RemoveWithValue},
			Send:   []Message{patch("/Groups", `{"op":"remove","path":"members","value":{"members":[{"value":"{{user b}}"}]}}`)}},
		{Name: "remove with a value", Client: "Ping", Path: "/Groups", Given: team("a b"), Want: team("b"), Breaks: []scim.Tolerance{scim.RemoveWithValue},
			Send: []Message{patch("/Groups", `{"op":"remove","path":"members","value":[{"value":"{{user a}}"}]}`)}},
		{Name: "remove with a value, of a list that is no group's", Client: "Ping", Path: "/Users", Given: annWith(`"roles":[{"value":"one"},{"value":"two"}]`),
			Want: annIs(true, `"roles":[{"value":"two"}]`), Breaks: []scim.Tolerance{scim.RemoveWithValue},
			Send: []Message{patch("/Users", `{"op":"remove","path":"roles","value":[{"value":"one"}]}`)}},
		{Name: "delete who is active", Client: "Google", Path: "/Users", Given: ann, Want: "gone", Send: []Message{erase("/Users")}},
		{Name: "a mapping from the schemas", Client: "Google", Want: "none", Send: []Message{get("/Schemas", ""), get("/Schemas/{{U}}", "")}},
		{Name: "create twice with one externalId", Client: "Rippling", Path: "/Users", Given: twice,
			Send: []Message{post("/Users", twice).refused(http.StatusConflict, scim.Uniqueness)}},
		{Name: "another with the externalId of who is active", Client: "Rippling", Path: "/Users", Given: twice,
			Send: []Message{post("/Users", thrice).refused(http.StatusConflict, scim.Uniqueness)}},
		{Name: "a few attributes", Client: "Rippling", Path: "/Users", Send: []Message{primary},
			Given: annWith(`"name":{"givenName":"Ann","familyName":"Gray"},"title":"Dr","emails":[{"value":"{{address ann}}","primary":true}]`)},
	}
}
