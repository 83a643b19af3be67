package scimtest

import (
	"net/http"

	"github.com/accesssec/accesssec-go/scim"
)

// letterOfPatch are bodies that keep to the RFC, or break it beyond what has one meaning.
func letterOfPatch() []Body {
	const rfc = "RFC 7644, 3.5.2"
	bad := func(status int, typ scim.ErrorType, operations string) []Message {
		return []Message{patch("/Users", operations).refused(status, typ)}
	}
	two := annWith(`"emails":[{"type":"work","value":"{{address ann}}","primary":true},{"type":"home","value":"{{address home}}"}]`)
	return []Body{
		{Name: "op REPLACE", Client: rfc, Row: "op REPLACE", Path: "/Users", Given: ann, Want: annIs(true, `"title":"Dr"`), Breaks: []scim.Tolerance{scim.OpCase},
			Send: []Message{patch("/Users", `{"op":"REPLACE","path":"title","value":"Dr"}`)}},
		{Name: "op ADD and REMOVE", Client: rfc, Row: "op REPLACE", Path: "/Users", Given: annWith(`"nickName":"A"`), Want: annIs(true, `"title":"Dr"`),
			Breaks: []scim.Tolerance{scim.OpCase}, Send: []Message{patch("/Users", `{"op":"ADD","path":"title","value":"Dr"},{"op":"REMOVE","path":"nickName"}`)}},
		{Name: "path DisplayName of a user", Client: rfc, Row: "path DisplayName", Path: "/Users", Given: ann, Want: annIs(true, `"displayName":"Ann"`),
			Send: []Message{patch("/Users", `{"op":"replace","path":"DisplayName","value":"Ann"}`)}},
		{Name: "path with the URN of the core schema", Client: rfc, Row: "path core-URN:displayName", Path: "/Users", Given: ann, Want: annIs(true, `"displayName":"Ann"`),
			Send: []Message{patch("/Users", `{"op":"replace","path":"{{U}}:displayName","value":"Ann"}`)}},
		{Name: "a part of a name, without a path", Client: rfc, Row: "no-path {name:{givenName}}", Path: "/Users",
			Given: annWith(`"name":{"givenName":"Ann","familyName":"Gray"}`), Want: annIs(true, `"name":{"givenName":"Anna","familyName":"Gray"}`),
			Send: []Message{patch("/Users", `{"op":"replace","value":{"name":{"givenName":"Anna"}}}`)}},
		{Name: "a part of a name, added without a path", Client: rfc, Row: "no-path {name:{givenName}}", Path: "/Users",
			Given: annWith(`"name":{"givenName":"Ann","familyName":"Gray"}`), Want: annIs(true, `"name":{"givenName":"Anna","familyName":"Gray"}`),
			Send: []Message{patch("/Users", `{"op":"add","value":{"name":{"givenName":"Anna"}}}`)}},
		{Name: "a part of an extension, without a path", Client: rfc, Row: "no-path {enterprise:{department}}", Path: "/Users",
			Given: `{"schemas":["{{U}}","{{E}}"],"userName":"{{address ann}}","{{E}}":{"employeeNumber":"7","department":"Old"}}`,
			Want:  annIs(true, `"{{E}}":{"employeeNumber":"7","department":"Sales"}`),
			Send:  []Message{patch("/Users", `{"op":"replace","value":{"{{E}}":{"department":"Sales"}}}`)}},
		{Name: "a part of an extension that is not there, without a path", Client: rfc, Row: "no-path {enterprise:{department}}", Path: "/Users",
			Given: ann, Want: annIs(true, `"{{E}}":{"department":"Sales"}`),
			Send: []Message{patch("/Users", `{"op":"add","value":{"{{E}}":{"department":"Sales"}}}`)}},
		{Name: "a second primary address", Client: rfc, Row: "add 2nd primary email", Path: "/Users", Given: two,
			Want: annIs(true, `"emails":[{"type":"work","value":"{{address ann}}"},{"type":"home","value":"{{address home}}"},
				{"type":"other","value":"{{address new}}","primary":true}]`),
			Send: []Message{patch("/Users", `{"op":"add","path":"emails","value":[{"type":"other","value":"{{address new}}","primary":true}]}`)}},
		{Name: "the other address made primary", Client: rfc, Row: "add 2nd primary email", Path: "/Users", Given: two,
			Want: annIs(true, `"emails":[{"type":"work","value":"{{address ann}}"},{"type":"home","value":"{{address home}}","primary":true}]`),
			Send: []Message{patch("/Users", `{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}`)}},
		{Name: "replace id", Client: rfc, Row: "replace id", Path: "/Users", Given: ann,
			Send: bad(http.StatusBadRequest, scim.Mutability, `{"op":"replace","path":"id","value":"other"}`)},
		{Name: "replace meta.created", Client: rfc, Row: "replace id", Path: "/Users", Given: ann,
			Send: bad(http.StatusBadRequest, scim.Mutability, `{"op":"replace","path":"meta.created","value":"2000-01-01T00:00:00Z"}`)},
		{Name: "a value path that matches nothing", Client: rfc, Row: "replace valuePath no match", Path: "/Users", Given: two,
			Send: bad(http.StatusBadRequest, scim.NoTarget, `{"op":"replace","path":"emails[value co \"nobody\"].display","value":"x"}`)},
		{Name: "a value path that matches nothing, with or", Client: rfc, Row: "replace valuePath no match", Path: "/Users", Given: ann,
			Send: bad(http.StatusBadRequest, scim.NoTarget, `{"op":"replace","path":"emails[type eq \"work\" or type eq \"home\"].value","value":"{{address new}}"}`)},
		{Name: "null for a display name", Client: rfc, Row: "replace displayName null", Path: "/Users", Given: annWith(`"displayName":"Ann"`), Want: annIs(true, ""),
			Breaks: []scim.Tolerance{scim.NullValue}, Send: []Message{patch("/Users", `{"op":"replace","path":"displayName","value":null}`)}},
		{Name: "null for a display name, without a path", Client: rfc, Row: "replace displayName null", Path: "/Users", Given: annWith(`"displayName":"Ann"`),
			Want: annIs(true, ""), Breaks: []scim.Tolerance{scim.NullValue}, Send: []Message{patch("/Users", `{"op":"replace","value":{"displayName":null}}`)}},
		{Name: "no schemas", Client: "RFC 7643, 3", Row: "schemas [] / absent", Want: "none",
			Send: []Message{post("/Users", `{"userName":"{{address ann}}"}`).refused(http.StatusBadRequest, "")}},
		{Name: "empty schemas", Client: "RFC 7643, 3", Row: "schemas [] / absent", Want: "none",
			Send: []Message{post("/Users", `{"schemas":[],"userName":"{{address ann}}"}`).refused(http.StatusBadRequest, "")}},
		{Name: "a dot and an at in a value path", Client: rfc, Row: "emails[value eq a.b@x].type", Path: "/Users", Given: two,
			Want: annIs(true, `"emails":[{"type":"work","value":"{{address ann}}","primary":true},{"type":"other","value":"{{address home}}"}]`),
			Send: []Message{patch("/Users", `{"op":"replace","path":"emails[value eq \"{{address home}}\"].type","value":"other"}`)}},
		{Name: "remove an element", Client: rfc, Path: "/Users", Given: two, Want: annIs(true, `"emails":[{"type":"work","value":"{{address ann}}","primary":true}]`),
			Send: []Message{patch("/Users", `{"op":"remove","path":"emails[type eq \"home\"]"}`)}},
		{Name: "remove a part of an element", Client: rfc, Path: "/Users", Given: two,
			Want: annIs(true, `"emails":[{"type":"work","value":"{{address ann}}","primary":true},{"value":"{{address home}}"}]`),
			Send: []Message{patch("/Users", `{"op":"remove","path":"emails[type eq \"home\"].type"}`)}},
		{Name: "remove without a path", Client: "RFC 7644, 3.5.2.2", Path: "/Users", Given: ann, Send: bad(http.StatusBadRequest, scim.NoTarget, `{"op":"remove"}`)},
		{Name: "remove what is required", Client: "RFC 7644, 3.5.2.2", Path: "/Users", Given: ann,
			Send: bad(http.StatusBadRequest, scim.Mutability, `{"op":"remove","path":"userName"}`)},
		{Name: "an operation that is none", Client: rfc, Path: "/Users", Given: ann, Send: bad(http.StatusBadRequest, scim.InvalidSyntax, `{"op":"move","path":"title","value":"x"}`)},
		{Name: "a path that is none", Client: rfc, Path: "/Users", Given: ann, Send: bad(http.StatusBadRequest, scim.InvalidPath, `{"op":"replace","path":"emails[type eq","value":"x"}`)},
		{Name: "one bad operation among good ones", Client: rfc, Path: "/Users", Given: ann,
			Send: bad(http.StatusBadRequest, scim.Mutability, `{"op":"replace","path":"title","value":"Dr"},{"op":"replace","path":"id","value":"x"}`)},
		{Name: "a name that is taken, by PATCH", Client: rfc, Path: "/Users", Given: ann,
			Send: []Message{post("/Users", `{"schemas":["{{U}}"],"userName":"{{address two}}"}`),
				patch("/Users", `{"op":"replace","path":"userName","value":"{{address two}}"}`).refused(http.StatusConflict, scim.Uniqueness)}},
	}
}
