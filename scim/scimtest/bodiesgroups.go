package scimtest

import (
	"strings"

	"github.com/accesssec/accesssec-go/scim"
)

// team is a group with those users as members, "a b".
func team(users string) string { return teamNamed("{{text team}}", users) }

func teamNamed(name, users string) string {
	var members []string
	for _, u := range strings.Fields(users) {
		members = append(members, `{"value":"{{user `+u+`}}"}`)
	}
	s := `{"schemas":["{{G}}"],"displayName":"` + name + `"`
	if members != nil {
		s += `,"members":[` + strings.Join(members, ",") + `]`
	}
	return s + "}"
}

func entraGroups() []Body {
	const value = `[{"$ref":null,"value":"{{user b}}"}]`
	noMembers := get("/Groups/{{id}}", "excludedAttributes=members")
	noMembers.Answers = team("")
	lookUp := find("/Groups", `displayName eq "{{text team}}"`, FindsIt)
	lookUp.Query = "excludedAttributes=members&" + lookUp.Query
	removes := []scim.Tolerance{scim.OpCase, scim.RemoveWithValue}
	return []Body{
		{Name: "create a group", Client: "Entra", Path: "/Groups", Breaks: []scim.Tolerance{scim.UnknownSchema},
			Send: []Message{post("/Groups", `{"schemas":["{{G}}","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
				"externalId":"{{text ext}}","displayName":"{{text team}}","meta":{"resourceType":"Group"}}`)},
			Want: `{"displayName":"{{text team}}","externalId":"{{text ext}}"}`},
		{Name: "create a group with no members", Client: "Entra", Path: "/Groups",
			Send: []Message{post("/Groups", `{"schemas":["{{G}}"],"displayName":"{{text team}}","members":[]}`)}, Want: team("")},
		{Name: "read without members", Client: "Entra", Path: "/Groups", Given: team("a b"), Send: []Message{noMembers, lookUp}},
		{Name: "rename", Client: "Entra", Path: "/Groups", Given: team("a"), Breaks: []scim.Tolerance{scim.OpCase},
			Send: []Message{patch("/Groups", `{"op":"Replace","path":"displayName","value":"{{text new}}"}`)}, Want: teamNamed("{{text new}}", "a")},
		{Name: "add a member", Client: "Entra", Path: "/Groups", Given: team("a"), Breaks: []scim.Tolerance{scim.OpCase},
			Send: []Message{patch("/Groups", `{"op":"Add","path":"members","value":`+value+`}`)}, Want: team("a b")},
		{Name: "add several members", Client: "Entra", Path: "/Groups", Given: team("a"), Breaks: []scim.Tolerance{scim.OpCase},
			Send: []Message{patch("/Groups", `{"op":"Add","path":"members","value":[{"$ref":null,"value":"{{user b}}"},{"$ref":null,"value":"{{user c}}"}]}`)},
			Want: team("a b c")},
		{Name: "remove a member by value", Client: "Entra", Row: "Remove members + $ref:null value", Path: "/Groups", Given: team("a b c"), Breaks: removes,
			Send: []Message{patch("/Groups", `{"op":"Remove","path":"members","value":`+value+`}`)}, Want: team("a c")},
		{Name: "remove a member with the flag", Client: "Entra", Row: "remove members[value eq]", Path: "/Groups", Given: team("a b c"),
			Send: []Message{patch("/Groups", `{"op":"remove","path":"members[value eq \"{{user b}}\"]"}`)}, Want: team("a c")},
		{Name: "remove two members", Client: "Entra", Row: "remove 2 values", Path: "/Groups", Given: team("a b c"), Breaks: removes,
			Send: []Message{patch("/Groups", `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"{{user a}}"},{"$ref":null,"value":"{{user c}}"}]}`)},
			Want: team("b")},
		{Name: "remove a member under another display name", Client: "Entra", Row: "remove value+other display", Path: "/Groups", Given: team("a b"), Breaks: removes,
			Send: []Message{patch("/Groups", `{"op":"Remove","path":"members","value":[{"value":"{{user b}}","display":"somebody else"}]}`)}, Want: team("a")},
		{Name: "an operation with a name", Client: "Entra", Path: "/Groups", Given: team("a"), Breaks: []scim.Tolerance{scim.ExtraKey},
			Send: []Message{patch("/Groups", `{"name":"addMember","op":"add","path":"members","value":[{"value":"{{user b}}"}]}`)}, Want: team("a b")},
		{Name: "by externalId without quotes", Client: "Entra", Path: "/Groups", Breaks: []scim.Tolerance{scim.UnquotedFilter},
			Given: `{"schemas":["{{G}}"],"displayName":"{{text team}}","externalId":"{{text ext}}"}`,
			Send:  []Message{find("/Groups", `externalId eq {{text ext}}`, FindsIt)}},
	}
}

// letterOfGroups are bodies that keep to the RFC and are taken wrongly all the same.
func letterOfGroups() []Body {
	const rfc = "RFC 7644, 3.5.2"
	return []Body{
		{Name: "add who is a member", Client: rfc, Row: "add duplicate member", Path: "/Groups", Given: team("a b"), Want: team("a b"),
			Send: []Message{patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{user b}}"}]}`)}},
		{Name: "add who is a member, twice in one request", Client: rfc, Row: "add duplicate member", Path: "/Groups", Given: team("a"), Want: team("a b"),
			Send: []Message{patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{user b}}"},{"value":"{{user b}}"}]},
				{"op":"add","path":"members","value":[{"value":"{{user b}}"}]}`)}},
		{Name: "remove, then add", Client: rfc, Row: "remove+add / add+remove in one", Path: "/Groups", Given: team("a b"), Want: team("b c"),
			Send: []Message{patch("/Groups", `{"op":"remove","path":"members[value eq \"{{user a}}\"]"},{"op":"add","path":"members","value":[{"value":"{{user c}}"}]}`)}},
		{Name: "add, then remove", Client: rfc, Row: "remove+add / add+remove in one", Path: "/Groups", Given: team("a b"), Want: team("b c"),
			Send: []Message{patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{user c}}"}]},{"op":"remove","path":"members[value eq \"{{user a}}\"]"}`)}},
		{Name: "remove and add the same", Client: rfc, Row: "remove+add / add+remove in one", Path: "/Groups", Given: team("a b"), Want: team("a b"),
			Send: []Message{patch("/Groups", `{"op":"remove","path":"members[value eq \"{{user a}}\"]"},{"op":"add","path":"members","value":[{"value":"{{user a}}"}]}`)}},
		{Name: "add and remove the same", Client: rfc, Row: "remove+add / add+remove in one", Path: "/Groups", Given: team("a b"), Want: team("a b"),
			Send: []Message{patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{user c}}"}]},{"op":"remove","path":"members[value eq \"{{user c}}\"]"}`)}},
		{Name: "add members without a path", Client: rfc, Row: "no-path add {members}", Path: "/Groups", Given: team("a"), Want: team("a b"),
			Send: []Message{patch("/Groups", `{"op":"add","value":{"members":[{"value":"{{user b}}"}]}}`)}},
		{Name: "replace all members", Client: rfc, Row: "replace members", Path: "/Groups", Given: team("a b"), Want: team("b c"),
			Send: []Message{patch("/Groups", `{"op":"replace","path":"members","value":[{"value":"{{user b}}"},{"value":"{{user c}}"}]}`)}},
		{Name: "replace all members by none", Client: rfc, Row: "replace members", Path: "/Groups", Given: team("a b"), Want: team(""),
			Send: []Message{patch("/Groups", `{"op":"replace","path":"members","value":[]}`)}},
		{Name: "remove all members", Client: rfc, Path: "/Groups", Given: team("a b"), Want: team(""),
			Send: []Message{patch("/Groups", `{"op":"remove","path":"members"}`)}},
		{Name: "remove none of the members", Client: rfc, Path: "/Groups", Given: team("a b"), Want: team("a b"), Breaks: []scim.Tolerance{scim.RemoveWithValue},
			Send: []Message{patch("/Groups", `{"op":"remove","path":"members","value":[]}`)}},
		{Name: "a replace that names no members", Client: rfc, Path: "/Groups", Given: team("a b"), Want: teamNamed("{{text new}}", "a b"),
			Send: []Message{patch("/Groups", `{"op":"replace","value":{"displayName":"{{text new}}"}}`)}},
		{Name: "a PUT that names no members", Client: "RFC 7644, 3.5.1", Path: "/Groups", Given: team("a b"), Want: teamNamed("{{text new}}", "a b"),
			Send: []Message{put("/Groups", teamNamed("{{text new}}", ""))}},
		{Name: "members by a path in another case, with the URN", Client: rfc, Path: "/Groups", Given: team("a"), Want: team("a b"),
			Send: []Message{patch("/Groups", `{"op":"add","path":"{{G}}:Members","value":[{"value":"{{user b}}"}]}`)}},
		{Name: "path DisplayName", Client: rfc, Row: "path DisplayName", Path: "/Groups", Given: team("a"), Want: teamNamed("{{text new}}", "a"),
			Send: []Message{patch("/Groups", `{"op":"replace","path":"DisplayName","value":"{{text new}}"}`)}},
		{Name: "a member who is nobody among others", Client: "Okta", Path: "/Groups", Given: team("a"), Want: team("a b"),
			Breaks: []scim.Tolerance{scim.UnknownMember},
			Send:   []Message{patch("/Groups", `{"op":"add","path":"members","value":[{"value":"{{text nobody}}"},{"value":"{{user b}}"}]}`)}},
		{Name: "by member", Client: rfc, Path: "/Groups", Given: team("a b"),
			Send: []Message{find("/Groups", `members.value eq "{{user a}}"`, FindsIt), find("/Groups", `members[value eq "{{user b}}"]`, FindsIt),
				find("/Groups", `members eq "{{user a}}" and not (members eq "{{user b}}")`, FindsNothing)}},
	}
}
