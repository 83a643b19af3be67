package interop_test

import (
	"fmt"

	"github.com/accesssec/accesssec-go/scim"
)

// scimKinds are the kinds of operations. Of a kind that an oracle is known to get wrong it is not
// asked; the test holds that it does get it wrong, so that the list says no more than is so.
func scimKinds() []scimKind {
	const (
		scimPatch = "scim-patch"
		scimmy    = "scimmy"
	)
	replaceText := setter("replace", "", scimTexts, true)
	work := scim.EnterpriseSchema + ":"
	return []scimKind{
		{name: "replace an attribute", draw: replaceText},
		{name: "replace an attribute that is not there", draw: setter("replace", "", scimTexts, false)},
		{name: "add an attribute", draw: setter("add", "", scimTexts, false)},
		{name: "add over an attribute", draw: setter("add", "", scimTexts, true)},
		{name: "remove an attribute", draw: setter("remove", "", scimTexts, true)},
		{name: "remove an attribute that is not there", draw: setter("remove", "", scimTexts, false)},
		{name: "replace a boolean", draw: func(d *scimDraw) (map[string]any, bool) { return scimOp("replace", "active", d.next(2) == 0), true }},
		{name: "replace, as Replace", draw: spelt("Replace", replaceText)},
		{name: "replace, as REPLACE", wrong: map[string]string{scimPatch: "refuses it"}, draw: spelt("REPLACE", replaceText)},
		{name: "a path in another case", wrong: map[string]string{scimPatch: "makes another attribute of it", scimmy: "refuses it"}, draw: recased(replaceText)},
		{name: "a path with the URN of the core schema", wrong: map[string]string{scimmy: "refuses it"}, draw: setter("replace", scim.UserSchema+":", scimTexts, true)},
		{name: "replace a part of the name", draw: setter("replace", "name.", scimParts, true)},
		{name: "replace a part of the name that is not there", draw: setter("replace", "name.", scimParts, false)},
		{name: "add a part of the name", draw: setter("add", "name.", scimParts, false)},
		{name: "remove a part of the name", draw: setter("remove", "name.", scimParts, true)},
		{name: "remove the name", draw: func(d *scimDraw) (map[string]any, bool) {
			there := d.pick(d.parts, true) != ""
			for k := range d.parts {
				d.parts[k] = false
			}
			return scimOp("remove", "name", nil), there
		}},
		{name: "add to the name", draw: func(d *scimDraw) (map[string]any, bool) { return scimOp("add", "name", d.someParts()), true }},
		{name: "replace in the name", wrong: map[string]string{scimmy: "drops the parts that are not named (RFC 7644, 3.5.2.3)"}, draw: func(d *scimDraw) (map[string]any, bool) { return scimOp("replace", "name", d.someParts()), true }},
		{name: "replace without a path", draw: pathless("replace", (*scimDraw).somePlain)},
		{name: "add without a path", draw: pathless("add", (*scimDraw).somePlain)},
		{name: "replace parts of the name without a path", wrong: map[string]string{scimPatch: "drops the parts that are not named"}, draw: pathless("replace", func(d *scimDraw) map[string]any { return map[string]any{"name": d.someParts()} })},
		{name: "add parts of the name without a path", wrong: map[string]string{scimPatch: "drops the parts that are not named"}, draw: pathless("add", func(d *scimDraw) map[string]any { return map[string]any{"name": d.someParts()} })},
		{name: "dotted keys", draw: pathless("replace", func(d *scimDraw) map[string]any {
			out := map[string]any{}
			for k, v := range d.someParts() {
				out["name."+k] = v
			}
			return out
		})},
		{name: "add to a list", draw: func(d *scimDraw) (map[string]any, bool) {
			list := d.newEmails(false)
			return scimOp("add", "emails", list), len(list) > 0
		}},
		{name: "replace a list", draw: func(d *scimDraw) (map[string]any, bool) { return scimOp("replace", "emails", d.newEmails(true)), true }},
		{name: "remove a list", draw: func(d *scimDraw) (map[string]any, bool) {
			there := d.pick(d.emails, true) != ""
			for k := range d.emails {
				d.emails[k] = false
			}
			clear(d.display)
			return scimOp("remove", "emails", nil), there
		}},
		{name: "add to a list without a path", draw: func(d *scimDraw) (map[string]any, bool) {
			list := d.newEmails(false)
			return scimOp("add", "", map[string]any{"emails": list}), len(list) > 0
		}},
		{name: "replace a list without a path", wrong: map[string]string{scimmy: "keeps what was in the list"}, draw: pathless("replace", func(d *scimDraw) map[string]any { return map[string]any{"emails": d.newEmails(true)} })},
		{name: "replace in an element", draw: onEmail("replace", "value", true)},
		{name: "add in an element", draw: onEmail("add", "display", true)},
		{name: "replace in an element that is not there", wrong: map[string]string{scimmy: "finds no target where clients want it made"}, draw: onEmail("replace", "value", false)},
		{name: "add in an element that is not there", wrong: map[string]string{scimmy: "finds no target where clients want it made"}, draw: onEmail("add", "value", false)},
		{name: "remove an element", draw: onEmail("remove", "", true)},
		{name: "remove a part of an element", draw: onEmail("remove", "display", true)},
		{name: "replace an attribute of the extension", draw: setter("replace", work, scimWork, true)},
		{name: "add an attribute of the extension", draw: setter("add", work, scimWork, false)},
		{name: "remove an attribute of the extension", draw: setter("remove", work, scimWork, true)},
		{name: "replace in the extension without a path", wrong: map[string]string{scimPatch: "splits the URN at its dot"}, draw: pathless("replace", func(d *scimDraw) map[string]any {
			d.work["department"] = true
			return map[string]any{scim.EnterpriseSchema: map[string]any{"department": d.text()}}
		})},
		{name: "keys with a URN", draw: pathless("replace", func(d *scimDraw) map[string]any {
			d.work["department"] = true
			return map[string]any{scim.EnterpriseSchema + ":department": d.text()}
		})},
		{name: "the manager's id", draw: func(d *scimDraw) (map[string]any, bool) {
			return scimOp("add", work+"manager", map[string]any{"value": d.text()}), true
		}},
		{name: "active as text", wrong: map[string]string{scimPatch: "keeps the text", scimmy: "refuses it"}, draw: func(d *scimDraw) (map[string]any, bool) { return scimOp("replace", "active", "False"), true }},
		{name: "the manager as text", wrong: map[string]string{scimPatch: "keeps the text", scimmy: "refuses it"}, draw: func(d *scimDraw) (map[string]any, bool) { return scimOp("add", work+"manager", d.text()), true }},
		{name: "null", draw: func(d *scimDraw) (map[string]any, bool) {
			k := d.pick(d.texts, true)
			if k == "" {
				return nil, false
			}
			d.texts[k] = false
			return map[string]any{"op": "replace", "path": k, "value": nil}, true
		}},
		{name: "a second primary", wrong: map[string]string{scimPatch: "keeps two", scimmy: "keeps two, or refuses it"}, draw: func(d *scimDraw) (map[string]any, bool) {
			there, k := d.pick(d.emails, true), d.pick(d.emails, false)
			if there == "" || k == "" {
				return nil, false
			}
			d.emails[k] = true
			return scimOp("add", "emails", []any{map[string]any{"type": k, "value": d.address(), "primary": true}}), true
		}},
		{name: "replace id", wrong: map[string]string{scimPatch: "changes it"}, draw: func(d *scimDraw) (map[string]any, bool) { return scimOp("replace", "id", d.text()), true }},
		{name: "a value path that matches nothing", draw: func(d *scimDraw) (map[string]any, bool) {
			return scimOp("replace", `emails[value co "nobody"].display`, d.text()), true
		}},

		{name: "rename", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			return scimOp("replace", "displayName", d.name+d.text()), true
		}},
		{name: "rename without a path", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			return scimOp("replace", "", map[string]any{"displayName": d.name + d.text()}), true
		}},
		{name: "add members", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			ids := d.someMembers(false, 3)
			return scimOp("add", "members", scimMembers(ids)), ids != nil
		}},
		{name: "add a member that is there", group: true, wrong: map[string]string{scimmy: "adds it again"}, draw: func(d *scimDraw) (map[string]any, bool) {
			id := d.pick(d.members, true)
			return scimOp("add", "members", scimMembers([]string{id})), id != ""
		}},
		{name: "add members without a path", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			ids := d.someMembers(false, 3)
			return scimOp("add", "", map[string]any{"members": scimMembers(ids)}), ids != nil
		}},
		{name: "remove a member", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			ids := d.someMembers(true, 1)
			if ids == nil {
				return nil, false
			}
			return scimOp("remove", fmt.Sprintf("members[value eq %q]", ids[0]), nil), true
		}},
		{name: "remove members by value", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			ids := d.someMembers(true, 3)
			return scimOp("remove", "members", scimMembers(ids)), ids != nil
		}},
		{name: "remove a member by value and display", group: true, wrong: map[string]string{scimPatch: "removes nobody", scimmy: "removes nobody"}, draw: func(d *scimDraw) (map[string]any, bool) {
			ids := d.someMembers(true, 1)
			if ids == nil {
				return nil, false
			}
			return scimOp("remove", "members", []any{map[string]any{"value": ids[0], "display": d.text()}}), true
		}},
		{name: "replace all members", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			var ids []string
			for _, id := range d.people {
				if d.members[id] = d.next(2) == 0; d.members[id] {
					ids = append(ids, id)
				}
			}
			return scimOp("replace", "members", scimMembers(ids)), ids != nil
		}},
		{name: "replace all members by none", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			for id := range d.members {
				d.members[id] = false
			}
			return scimOp("replace", "members", []any{}), true
		}},
		{name: "remove all members", group: true, draw: func(d *scimDraw) (map[string]any, bool) {
			there := d.pick(d.members, true) != ""
			for id := range d.members {
				d.members[id] = false
			}
			return scimOp("remove", "members", nil), there
		}},
	}
}
