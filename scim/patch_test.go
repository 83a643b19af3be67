package scim_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
)

const hostURN = "urn:example:params:scim:schemas:extension:1.0:Desk"

// hostSchemas has an attribute of each kind that the core schemas have none of.
func hostSchemas(t *testing.T) *scim.Schemas {
	t.Helper()
	s, err := scim.NewSchemas(scim.Extension{ResourceType: "User", Schema: scim.Schema{
		ID: hostURN, Name: "Desk", Attributes: []scim.Attribute{
			{Name: "floor", Type: filter.Integer},
			{Name: "height", Type: filter.Decimal},
			{Name: "since", Type: filter.DateTime},
			{Name: "badge", Type: filter.String, CaseExact: true, Mutability: "immutable"},
			{Name: "seat", Type: filter.String, Mutability: "readOnly"},
			{Name: "pin", Type: filter.String, Mutability: "writeOnly", Returned: "never"},
			{Name: "tags", Type: filter.String, MultiValued: true},
			{Name: "keys", Type: filter.Complex, MultiValued: true, SubAttributes: []scim.Attribute{
				{Name: "value", Type: filter.String, Required: true},
				{Name: "serial", Type: filter.Integer, Mutability: "immutable"},
				{Name: "primary", Type: filter.Boolean},
			}},
			{Name: "box", Type: filter.Complex, SubAttributes: []scim.Attribute{
				{Name: "value", Type: filter.String}, {Name: "$ref", Type: filter.Reference},
				{Name: "owner", Type: filter.String, Required: true}, {Name: "label", Type: filter.String, Mutability: "readOnly"},
			}},
			{Name: "note", Type: filter.String, Returned: "request"},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// in is attributes of the host's extension.
func in(attributes string) string { return `{"` + hostURN + `":` + attributes + `}` }

func op(verb, path, value string) string {
	s := `{"op":"` + verb + `","path":"` + strings.ReplaceAll(path, `"`, `\"`) + `"`
	if value != "" {
		s += `,"value":` + value
	}
	return s + `}`
}

// TestPatch holds the operations of RFC 7644, section 3.5.2, to their words.
func TestPatch(t *testing.T) {
	t.Parallel()
	const two = `{"emails":[{"type":"work","value":"w@example.com","primary":true},{"type":"home","value":"h@example.com"}]}`
	const desk = hostURN + ":"
	tests := []struct {
		name, has string
		ops       []string
		want      string // "": the refusal
		refuse    string
	}{
		{"add a text", `{}`, []string{op("add", "nickName", `"N"`)}, `{"nickName":"N"}`, ""},
		{"add the same again", `{"nickName":"N"}`, []string{op("add", "nickName", `"N"`)}, `{"nickName":"N"}`, ""},
		{"add merges a complex one", `{"name":{"familyName":"F"}}`, []string{op("add", "name", `{"givenName":"G"}`)}, `{"name":{"familyName":"F","givenName":"G"}}`, ""},
		{"replace merges a complex one", `{"name":{"familyName":"F"}}`, []string{op("replace", "name", `{"givenName":"G"}`)}, `{"name":{"familyName":"F","givenName":"G"}}`, ""},
		{"null in a complex one removes a part", `{"name":{"familyName":"F","givenName":"G"}}`, []string{op("replace", "name", `{"givenName":null}`)}, `{"name":{"familyName":"F"}}`, ""},
		{"the last part goes, and the whole with it", `{"name":{"familyName":"F"}}`, []string{op("remove", "name.familyName", "")}, `{}`, ""},
		{"nothing in a complex one changes nothing", `{"name":{"familyName":"F"}}`, []string{op("replace", "name", `{}`)}, `{"name":{"familyName":"F"}}`, ""},
		{"a part by its path", `{}`, []string{op("replace", "name.givenName", `"G"`)}, `{"name":{"givenName":"G"}}`, ""},
		{"URN and part", `{}`, []string{op("replace", coreURN+":name.givenName", `"G"`)}, `{"name":{"givenName":"G"}}`, ""},
		{"URN in another case", `{}`, []string{op("replace", strings.ToUpper(coreURN)+":NAME.GIVENNAME", `"G"`)}, `{"name":{"givenName":"G"}}`, ""},
		{"URN of the core schema alone", `{}`, []string{op("add", coreURN, `{"title":"T"}`)}, `{"title":"T"}`, ""},
		{"URN of an extension alone", `{}`, []string{op("add", extURN, `{"department":"D"}`)}, `{"` + extURN + `":{"department":"D"}}`, ""},
		{"extension removed", `{"` + extURN + `":{"department":"D"}}`, []string{op("remove", extURN, "")}, `{}`, ""},
		{"extension's attribute removed", `{"` + extURN + `":{"department":"D"}}`, []string{op("remove", extURN+":department", "")}, `{}`, ""},
		{"another manager has another URI", `{"` + extURN + `":{"manager":{"value":"1","$ref":"../Users/1","displayName":"One"}}}`, []string{op("replace", extURN+":manager", `{"value":"2"}`)}, `{"` + extURN + `":{"manager":{"value":"2"}}}`, ""},
		{"another manager by the part", `{"` + extURN + `":{"manager":{"value":"1","$ref":"../Users/1"}}}`, []string{op("replace", extURN+":manager.value", `"2"`)}, `{"` + extURN + `":{"manager":{"value":"2"}}}`, ""},
		{"the same manager keeps theirs", `{"` + extURN + `":{"manager":{"value":"1","$ref":"../Users/1"}}}`, []string{op("replace", extURN+":manager", `{"value":"1"}`)}, `{"` + extURN + `":{"manager":{"value":"1","$ref":"../Users/1"}}}`, ""},
		{"what a manager is called is left out", `{}`, []string{op("add", extURN+":manager", `{"value":"1","displayName":"Eve"}`)}, `{"` + extURN + `":{"manager":{"value":"1"}}}`, ""},
		{"what a manager is called, by its path", `{}`, []string{op("add", extURN+":manager.displayName", `"Eve"`)}, "", "mutability"},
		{"manager removed, with who it was", `{"` + extURN + `":{"manager":{"value":"1"}}}`, []string{op("remove", extURN+":manager", `"1"`)}, `{}`, ""},

		{"add to a list", two, []string{op("add", "emails", `[{"value":"x"}]`)}, `{"emails":[{"type":"work","value":"w@example.com","primary":true},{"type":"home","value":"h@example.com"},{"value":"x"}]}`, ""},
		{"add one object", `{}`, []string{op("add", "emails", `{"value":"x"}`)}, `{"emails":[{"value":"x"}]}`, ""},
		{"add what is there", two, []string{op("add", "emails", `[{"type":"home","value":"H@example.com"}]`)}, `{"emails":[{"type":"work","value":"w@example.com","primary":true},{"type":"home","value":"H@example.com"}]}`, ""},
		{"add more to what is there", two, []string{op("add", "emails", `[{"type":"home","value":"h@example.com","display":"D"}]`)}, `{"emails":[{"type":"work","value":"w@example.com","primary":true},{"type":"home","value":"h@example.com","display":"D"}]}`, ""},
		{"the same address for another purpose", `{"emails":[{"type":"work","value":"x"}]}`, []string{op("add", "emails", `[{"type":"home","value":"x"}]`)}, `{"emails":[{"type":"work","value":"x"},{"type":"home","value":"x"}]}`, ""},
		{"replace a list", two, []string{op("replace", "emails", `[{"value":"x"}]`)}, `{"emails":[{"value":"x"}]}`, ""},
		{"replace a list by none", two, []string{op("replace", "emails", `[]`)}, `{}`, ""},
		{"add none", two, []string{op("add", "emails", `[]`)}, two, ""},
		{"remove a list", two, []string{op("remove", "emails", "")}, `{}`, ""},
		{"remove an element", two, []string{op("remove", `emails[type eq "work"]`, "")}, `{"emails":[{"type":"home","value":"h@example.com"}]}`, ""},
		{"remove by value", two, []string{op("remove", "emails", `[{"value":"W@example.com","type":"other"}]`)}, `{"emails":[{"type":"home","value":"h@example.com"}]}`, ""},
		{"remove by value, none of them", two, []string{op("remove", "emails", `[]`)}, two, ""},
		{"remove by value, all or none", two, []string{op("remove", "emails", `null`)}, "", "invalidValue"},
		{"remove by value that has none", two, []string{op("remove", "emails", `[{"type":"work"}]`)}, "", "invalidValue"},
		{"remove a part of an element", two, []string{op("remove", `emails[type eq "work"].value`, "")}, `{"emails":[{"type":"work","primary":true},{"type":"home","value":"h@example.com"}]}`, ""},
		{"remove a part of all", two, []string{op("remove", "emails.type", "")}, `{"emails":[{"value":"w@example.com","primary":true},{"value":"h@example.com"}]}`, ""},
		{"replace a part of all", two, []string{op("replace", "emails.type", `"x"`)}, `{"emails":[{"type":"x","value":"w@example.com","primary":true},{"type":"x","value":"h@example.com"}]}`, ""},
		{"replace elements", two, []string{op("replace", `emails[type eq "work"]`, `{"value":"x"}`)}, `{"emails":[{"type":"work","value":"x","primary":true},{"type":"home","value":"h@example.com"}]}`, ""},
		{"replace elements that are not there", `{}`, []string{op("replace", `emails[type eq "work"]`, `{"value":"x"}`)}, `{"emails":[{"type":"work","value":"x"}]}`, ""},
		{"two terms describe an element", `{}`, []string{op("add", `addresses[type eq "work" and primary eq true].locality`, `"L"`)}, `{"addresses":[{"type":"work","primary":true,"locality":"L"}]}`, ""},
		{"terms that contradict describe none", `{}`, []string{op("add", `emails[type eq "work" and type eq "home"].value`, `"x"`)}, "", "noTarget"},
		{"or describes none", `{}`, []string{op("add", `emails[type eq "work" or type eq "home"].value`, `"x"`)}, "", "noTarget"},
		{"pr describes none", `{}`, []string{op("add", `emails[type pr].value`, `"x"`)}, "", "noTarget"},
		{"not describes none", `{}`, []string{op("add", `emails[not (type eq "work")].value`, `"x"`)}, "", "noTarget"},
		{"or chooses several", two, []string{op("replace", `emails[type eq "work" or type eq "home"].display`, `"D"`)}, `{"emails":[{"type":"work","value":"w@example.com","primary":true,"display":"D"},{"type":"home","value":"h@example.com","display":"D"}]}`, ""},
		{"the other becomes primary", two, []string{op("replace", `emails[type eq "home"].primary`, `true`)}, `{"emails":[{"type":"work","value":"w@example.com","primary":false},{"type":"home","value":"h@example.com","primary":true}]}`, ""},
		{"a new one becomes primary", two, []string{op("add", `emails[type eq "other" and primary eq true].value`, `"x"`)}, `{"emails":[{"type":"work","value":"w@example.com"},{"type":"home","value":"h@example.com"},{"type":"other","value":"x","primary":true}]}`, ""},
		{"all become primary, the last one stays", two, []string{op("replace", "emails.primary", `true`)}, `{"emails":[{"type":"work","value":"w@example.com"},{"type":"home","value":"h@example.com","primary":true}]}`, ""},
		{"two primary ones in one value", `{}`, []string{op("add", "emails", `[{"value":"a","primary":true},{"value":"b","primary":true}]`)}, "", "invalidValue"},
		{"one after the other", `{}`, []string{op("add", "nickName", `"A"`), op("replace", "nickName", `"B"`), op("add", "title", `"T"`), op("remove", "title", "")}, `{"nickName":"B"}`, ""},
		{"nothing stays of what fails", `{}`, []string{op("add", "nickName", `"A"`), op("replace", `emails[type pr].value`, `"x"`)}, "", "noTarget"},

		{"required, removed", `{}`, []string{op("remove", "userName", "")}, "", "mutability"},
		{"required, active", `{}`, []string{op("remove", "active", "")}, "", "mutability"},
		{"required, null", `{}`, []string{op("replace", "userName", "null")}, "", "invalidValue"},
		{"required, nothing in it", `{}`, []string{op("replace", "userName", `""`)}, "", "invalidValue"},
		{"required, blank", `{}`, []string{op("replace", "userName", `" "`)}, "", "invalidValue"},
		{"required, without a path", `{}`, []string{`{"op":"replace","value":{"userName":null}}`}, "", "invalidValue"},
		{"meta", `{}`, []string{op("replace", "meta.version", `"1"`)}, "", "mutability"},
		{"groups", `{}`, []string{op("add", "groups", `[{"value":"g"}]`)}, "", "mutability"},
		{"groups in brackets", `{}`, []string{op("remove", `groups[value eq "g"]`, "")}, "", "mutability"},
		{"password is not kept", `{}`, []string{op("replace", "password", `"secret"`)}, `{}`, ""},
		{"schemas follow", `{}`, []string{op("add", "schemas", `["`+extURN+`"]`)}, `{}`, ""},
		{"schemas removed", `{}`, []string{op("remove", "schemas", "")}, "", "mutability"},
		{"no such attribute", `{}`, []string{op("replace", "nickname2", `"N"`)}, `{}`, ""},
		{"no such schema", `{}`, []string{op("replace", "urn:example:nobody:2.0:User:x", `"N"`)}, `{}`, ""},
		{"no such part", `{}`, []string{op("replace", "name.nobody", `"N"`)}, `{}`, ""},
		{"no such part of an element", two, []string{op("replace", `emails[type eq "work"].nobody`, `"N"`)}, two, ""},
		{"no such part in brackets", two, []string{op("replace", `emails[nobody eq "work"].value`, `"N"`)}, "", "invalidPath"},

		{"no path, none to remove", `{}`, []string{`{"op":"remove"}`}, "", "noTarget"},
		{"no path, one that is no list", `{"nickName":"N"}`, []string{`{"op":"remove","value":{"nickName":"N"}}`}, "", "noTarget"},
		{"no path, no object", `{}`, []string{`{"op":"add","value":"x"}`}, "", "invalidValue"},
		{"no value", `{}`, []string{`{"op":"add","path":"title"}`}, "", "invalidValue"},
		{"no op", `{}`, []string{`{"path":"title","value":"x"}`}, "", "invalidSyntax"},
		{"no such op", `{}`, []string{op("move", "title", `"x"`)}, "", "invalidSyntax"},
		{"an operation that is none", `{}`, []string{`"add"`}, "", "invalidSyntax"},
		{"path of nothing", `{}`, []string{op("add", "", `"x"`)}, "", "invalidPath"},
		{"path with a blank", `{}`, []string{op("add", "nick Name", `"x"`)}, "", "invalidPath"},
		{"path that is no text", `{}`, []string{`{"op":"add","path":1,"value":"x"}`}, "", "invalidPath"},
		{"brackets without an end", `{}`, []string{op("add", `emails[type eq "work"`, `"x"`)}, "", "invalidPath"},
		{"brackets behind what has none", `{}`, []string{op("add", `name[givenName eq "G"].familyName`, `"x"`)}, "", "invalidPath"},
		{"brackets in brackets", `{}`, []string{op("add", `emails[emails[type eq "x"]].value`, `"x"`)}, "", "invalidPath"},
		{"an element takes an object", `{}`, []string{op("add", `emails[type eq "work"]`, `[]`)}, "", "invalidValue"},

		{"integer", in(`{}`), []string{op("add", desk+"floor", "3")}, in(`{"floor":3}`), ""},
		{"no integer", in(`{}`), []string{op("add", desk+"floor", "3.5")}, "", "invalidValue"},
		{"no number", in(`{}`), []string{op("add", desk+"floor", `"3"`)}, "", "invalidValue"},
		{"decimal as written", in(`{}`), []string{op("add", desk+"height", "1.50")}, in(`{"height":1.50}`), ""},
		{"time", in(`{}`), []string{op("add", desk+"since", `"2011-05-13T04:42:34.1234567+02:00"`)}, in(`{"since":"2011-05-13T04:42:34.1234567+02:00"}`), ""},
		{"no time", in(`{}`), []string{op("add", desk+"since", `"yesterday"`)}, "", "invalidValue"},
		{"immutable, set once", in(`{"floor":1}`), []string{op("add", desk+"badge", `"B"`)}, in(`{"floor":1,"badge":"B"}`), ""},
		{"immutable, set again", in(`{"badge":"B"}`), []string{op("replace", desk+"badge", `"b"`)}, "", "mutability"},
		{"immutable, the same again", in(`{"badge":"B"}`), []string{op("replace", desk+"badge", `"B"`)}, in(`{"badge":"B"}`), ""},
		{"immutable, removed", in(`{"badge":"B"}`), []string{op("remove", desk+"badge", "")}, "", "mutability"},
		{"immutable, within", in(`{"badge":"B"}`), []string{op("replace", hostURN, `{"badge":"C"}`)}, "", "mutability"},
		{"immutable, in elements", in(`{"keys":[{"value":"k","serial":1}]}`), []string{op("replace", desk+`keys[value eq "k"].serial`, "2")}, "", "mutability"},
		{"immutable, in new elements", in(`{"keys":[{"value":"k","serial":1}]}`), []string{op("add", desk+"keys", `[{"value":"l","serial":2}]`)}, in(`{"keys":[{"value":"k","serial":1},{"value":"l","serial":2}]}`), ""},
		{"immutable, with the whole", in(`{"badge":"B"}`), []string{op("remove", hostURN, "")}, "", "mutability"},
		{"read-only", in(`{}`), []string{op("add", desk+"seat", `"S"`)}, "", "mutability"},
		{"read-only with others", in(`{"seat":"S"}`), []string{op("add", hostURN, `{"seat":"T","floor":1}`)}, in(`{"seat":"S","floor":1}`), ""},
		{"texts", in(`{"tags":["a"]}`), []string{op("add", desk+"tags", `["b","a"]`)}, in(`{"tags":["a","b"]}`), ""},
		{"one text", in(`{}`), []string{op("add", desk+"tags", `"b"`)}, in(`{"tags":["b"]}`), ""},
		{"texts removed", in(`{"tags":["a","b"]}`), []string{op("remove", desk+"tags", `["A"]`)}, in(`{"tags":["b"]}`), ""},
		{"required part of an element", in(`{}`), []string{op("add", desk+"keys", `[{"serial":1}]`)}, "", "invalidValue"},
		{"required part of an element, removed", in(`{"keys":[{"value":"k"}]}`), []string{op("remove", desk+`keys[value eq "k"].value`, "")}, "", "mutability"},
		{"required part, with the whole", in(`{"keys":[{"value":"k"}],"floor":1}`), []string{op("remove", desk+`keys[value eq "k"]`, "")}, in(`{"floor":1}`), ""},
		{"required part of one that is new", in(`{}`), []string{op("add", desk+"box.value", `"b"`)}, "", "invalidValue"},
		{"required part later in the request", in(`{}`), []string{op("add", desk+"box.value", `"b"`), op("add", desk+"box.owner", `"o"`)}, in(`{"box":{"value":"b","owner":"o"}}`), ""},
		{"what the server has said of another", in(`{"box":{"value":"a","owner":"o","label":"L"}}`), []string{op("replace", desk+"box", `{"value":"b"}`)}, in(`{"box":{"value":"b","owner":"o"}}`), ""},
	}
	s := hostSchemas(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := person(t, tt.has)
			next, _, err := patched(t, scim.NewEngine(s, scim.Detect), u, ops(tt.ops...))
			if got := refusal(t, err); got != tt.refuse {
				t.Fatalf("refused %q (%v), want %q", got, err, tt.refuse)
			}
			if tt.refuse != "" {
				return
			}
			want := state(person(t, tt.want))
			if x, _ := want[hostURN].(map[string]any); x != nil && len(x) == 0 {
				delete(want, hostURN)
			}
			if d := cmp.Diff(want, state(next)); d != "" {
				t.Errorf("after the PATCH: %s", d)
			}
		})
	}
}

func TestPatchIsBounded(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range 200 {
		list = append(list, `{"value":"`+strings.Repeat("x", i+1)+`"}`)
	}
	full := `[` + strings.Join(list, ",") + `]`
	u := person(t, `{"emails":`+full+`}`)
	tests := []struct{ name, op, want string }{
		{"one more", op("add", "emails", `[{"value":"y"}]`), "invalidValue"},
		{"one more, described", op("add", `emails[type eq "work"].value`, `"y"`), "invalidValue"},
		{"one that is there", op("add", "emails", `[{"value":"x"}]`), ""},
		{"as many again", op("replace", "emails", full), ""},
		{"too many at once", op("replace", "emails", `[`+strings.Join(list, ",")+`,{"value":"y"}]`), "invalidValue"},
		{"too many to remove", op("remove", "emails", `[`+strings.Join(list, ",")+`,{"value":"y"}]`), "invalidValue"},
		{"long text", op("add", "title", `"`+strings.Repeat("x", 4097)+`"`), "invalidValue"},
		{"text at the bound", op("add", "title", `"`+strings.Repeat("x", 4096)+`"`), ""},
		{"long name", op("replace", "userName", `"`+strings.Repeat("é", 256)+`"`), "invalidValue"},
		{"name at the bound", op("replace", "userName", `"`+strings.Repeat("é", 255)+`"`), ""},
		{"long externalId", op("replace", "externalId", `"`+strings.Repeat("x", 256)+`"`), "invalidValue"},
		{"long certificate", op("add", "x509Certificates", `[{"value":"`+strings.Repeat("A", 65540)+`"}]`), "invalidValue"},
		{"certificate at the bound", op("add", "x509Certificates", `[{"value":"`+strings.Repeat("A", 65536)+`"}]`), ""},
		{"large resource", op("add", "x509Certificates", `[{"value":"`+strings.Repeat("A", 65536)+`"},{"value":"`+strings.Repeat("B", 65536)+
			`"},{"value":"`+strings.Repeat("C", 65536)+`"},{"value":"`+strings.Repeat("D", 65536)+`"}]`), "invalidValue"},
		{"name of a letter that folds", op("add", "nic\u212aName", `"x"`), "invalidPath"},
		{"long path", op("add", strings.Repeat("a", 100000), `"x"`), "invalidPath"},
		{"long name of a part", op("add", "name."+strings.Repeat("a", 1000), `"x"`), ""},
	}
	for _, tt := range tests {
		_, _, err := patched(t, scim.NewEngine(nil, scim.Detect), u, ops(tt.op))
		if got := refusal(t, err); got != tt.want {
			t.Errorf("%s: refused %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestPatchMessage(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want, strict string }{
		{"no schemas", `{"Operations":[{"op":"add","path":"title","value":"T"}]}`, "invalidValue", "invalidValue"},
		{"schemas of none", `{"schemas":[],"Operations":[{"op":"add","path":"title","value":"T"}]}`, "invalidValue", "invalidValue"},
		{"schemas of another", `{"schemas":["` + coreURN + `"],"Operations":[{"op":"add","path":"title","value":"T"}]}`, "invalidValue", "invalidValue"},
		{"schemas that are none", `{"schemas":[1],"Operations":[]}`, "invalidValue", "invalidValue"},
		{"no Operations", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`, "invalidValue", "invalidValue"},
		{"Operations that are none", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":{}}`, "invalidValue", "invalidValue"},
		{"names in another case", `{"SCHEMAS":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"operations":[{"OP":"add","Path":"title","VALUE":"T"}]}`, "", ""},
		{"id beside them", `{"id":"1","schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"title","value":"T"}]}`, "", "invalidSyntax"},
	}
	for _, tt := range tests {
		for profile, want := range map[scim.Profile]string{scim.Detect: tt.want, scim.Strict: tt.strict} {
			_, _, err := patched(t, scim.NewEngine(nil, profile), person(t, "{}"), tt.body)
			if got := refusal(t, err); got != want {
				t.Errorf("%s, %s: refused %q (%v), want %q", tt.name, profile, got, err, want)
			}
		}
	}
}

func TestPatchSaysWhichOperation(t *testing.T) {
	t.Parallel()
	for _, second := range []string{op("add", "active", "1"), op("replace", `emails[type pr].value`, `"x"`)} {
		_, _, err := patched(t, scim.NewEngine(nil, scim.Detect), person(t, "{}"), ops(op("add", "title", `"T"`), second))
		var e *scim.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Detail, "Operation 2: ") {
			t.Errorf("%s: %v", second, err)
		}
	}
}

// 250 operations of 200 elements each end soon.
func TestPatchOfManyElements(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range 200 {
		list = append(list, fmt.Sprintf(`{"locality":"l%d"}`, i))
	}
	operations := make([]string, 250)
	for i := range operations {
		operations[i] = op("add", "addresses", `[`+strings.Join(list, ",")+`]`)
	}
	u := person(t, "{}")
	edit, err := scim.NewEngine(nil, scim.Strict).PatchUser(ops(operations...))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if changed, err := edit(&u); err != nil || !changed || len(u.Extra["addresses"].([]any)) != 200 {
		t.Fatal(changed, err)
	}
	if d := time.Since(start); d > 20*time.Second { // some hundred milliseconds, on a machine with nothing else to do
		t.Errorf("it took %v", d)
	}
}

// A secret that a client sent is in no message.
func TestRefusalsHideValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-hunter2"
	for _, o := range []string{
		op("add", "active", `"`+secret+`"`), op("add", "name", `"`+secret+`"`), op("add", "password", `{"x":"`+secret+`"}`),
		op("add", "profileUrl", `"java script:`+secret+`"`), op("add", "x509Certificates", `[{"value":"`+secret+`"}]`),
	} {
		_, _, err := patched(t, scim.NewEngine(nil, scim.Strict), person(t, "{}"), ops(o))
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", o, err)
		}
	}
}

func TestPatchLeavesSharedValuesAlone(t *testing.T) {
	t.Parallel()
	shared := jsonOf(t, `{"roles":[{"value":"a","primary":true}],"`+extURN+`":{"manager":{"value":"1"}}}`)
	u := scim.User{UserName: "ann", Extra: shared}
	was := mustJSON(t, shared)
	body := ops(
		op("add", "roles", `[{"value":"b","primary":true}]`), op("replace", extURN+":manager.value", `"2"`),
		op("add", "title", `"T"`), op("remove", `roles[value eq "a"]`, ""),
	)
	next, _, err := patched(t, scim.NewEngine(nil, scim.Detect), u, body)
	if err != nil || mustJSON(t, shared) != was {
		t.Errorf("what the user shares with its Backend was changed: %s (%v)", mustJSON(t, shared), err)
	}
	want := maps.Clone(jsonOf(t, `{"userName":"ann","active":false,"title":"T","roles":[{"value":"b","primary":true}],"`+extURN+`":{"manager":{"value":"2"}}}`))
	if d := cmp.Diff(want, next.Attributes()); d != "" {
		t.Error(d)
	}
}
