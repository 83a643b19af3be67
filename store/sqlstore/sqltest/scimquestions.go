package sqltest

import (
	"encoding/json"
	"strings"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// aSCIMFilter is a filter as a client writes it, about users or groups.
func aSCIMFilter(d *dice, typ string, ids []string, depth int) string {
	part := func() string { return aSCIMFilter(d, typ, ids, depth-1) }
	if depth > 0 {
		switch d.roll(7) {
		case 0:
			return "(" + part() + ") and (" + part() + ")"
		case 1:
			return part() + " or " + part()
		case 2:
			return "not (" + part() + ")"
		case 3:
			if typ == store.EntryUser {
				return anElementFilter(d, depth)
			}
		}
	}
	if typ == store.EntryGroup {
		switch d.roll(3) {
		case 0:
			return pick(d, []string{"members", "members.value", "MEMBERS"}) + pick(d, []string{" eq ", " ne "}) + quoted(pick(d, ids))
		case 1:
			return "members[value eq " + quoted(pick(d, ids)) + "]"
		}
		return textComparison(d, pick(d, []string{"displayName", "externalId", "id"}), ids)
	}
	return aComparisonOf(d, ids)
}

// anElementFilter is about elements of an attribute that has parts.
func anElementFilter(d *dice, depth int) string {
	kind := d.roll(5)
	names := [][]string{
		{"emails", "value", "type", "display"}, {"phoneNumbers", "value", "type"}, {hostSchema + ":notes", "text"},
		{"name", "familyName", "givenName"}, {scim.EnterpriseSchema + ":manager", "value"},
	}[kind]
	one := func() string { return textComparison(d, pick(d, names[1:]), nil) }
	if kind < 2 && d.once(4) {
		one = func() string { return pick(d, []string{"primary eq true", "primary ne true", "primary pr"}) }
	}
	if kind == 2 && d.once(2) {
		one = func() string {
			return numberComparison(d, "weight") + pick(d, []string{" or ", " and "}) + dateComparison(d, "at")
		}
	}
	inner := one()
	for range d.roll(depth + 1) {
		switch d.roll(3) {
		case 0:
			inner += " and " + one()
		case 1:
			inner = "(" + inner + ") or not (" + one() + ")"
		default:
			inner = "not (" + inner + ") and " + one()
		}
	}
	if d.once(3) {
		return names[0] + "[" + inner + "]." + textComparison(d, names[1], nil)
	}
	return names[0] + "[" + inner + "]"
}

func aComparisonOf(d *dice, ids []string) string {
	switch d.roll(9) {
	case 0:
		return pick(d, []string{"active", "emails.primary", hostSchema + ":contractor"}) + pick(d, []string{" eq true", " eq false", " ne true", " ne null", " pr"})
	case 1:
		return numberComparison(d, pick(d, []string{hostSchema + ":level", hostSchema + ":score", hostSchema + ":notes.weight"}))
	case 2:
		return dateComparison(d, pick(d, []string{"meta.created", "meta.lastModified", hostSchema + ":since", hostSchema + ":notes.at"}))
	case 3:
		return pick(d, []string{"emails", "name", "phoneNumbers", scim.EnterpriseSchema + ":manager", hostSchema + ":notes", hostSchema + ":tags"}) +
			pick(d, []string{" pr", " eq null", " ne null"})
	case 4:
		return hostSchema + ":key" + pick(d, []string{` eq "QQ=="`, ` ne "qq=="`, " pr"})
	}
	return textComparison(d, pick(d, []string{
		"userName", "userName", "USERNAME", "externalId", "id", "title", "displayName", "nickName", "name.familyName", "name.givenName",
		"emails", "emails.value", "emails.value", "emails.type", "emails.display", "phoneNumbers.value", scim.EnterpriseSchema + ":department",
		scim.EnterpriseSchema + ":manager", hostSchema + ":code", hostSchema + ":tags", hostSchema + ":notes.text", hostSchema + ":page",
	}), ids)
}

func textComparison(d *dice, path string, ids []string) string {
	value := pick(d, texts())
	switch {
	case path == "id" && d.once(2):
		value = pick(d, ids)
	case d.once(3):
		value += suffix(d.roll(100))
	case d.once(3):
		value = strings.ToUpper(value)
	}
	op := pick(d, []string{"eq", "eq", "eq", "ne", "sw", "SW", "co", "ew", "gt", "ge", "lt", "le", "pr"})
	if op == "pr" {
		return path + " pr"
	}
	if value == "" && strings.ContainsAny(op, "gl") {
		value = "a"
	}
	return path + " " + op + " " + quoted(value)
}

func numberComparison(d *dice, path string) string {
	return path + pick(d, []string{" eq ", " ne ", " gt ", " ge ", " lt ", " le "}) + pick(d, numbers())
}

func dateComparison(d *dice, path string) string {
	at := pick(d, append(dates(), "2040-01-01T00:00:30Z", "2040-01-01T00:03:00.0000000Z", "2040-01-01T02:02:00+02:00"))
	return path + pick(d, []string{" eq ", " ne ", " gt ", " ge ", " lt ", " le "}) + quoted(at)
}

// quoted is s as JSON writes it.
func quoted(s string) string {
	b, _ := json.Marshal(s) // text can't fail
	return string(b)
}

// aSCIMOrder is what a sortBy may name.
func aSCIMOrder(d *dice, typ string) string {
	if d.once(3) {
		return ""
	}
	if typ == store.EntryGroup {
		return pick(d, []string{"displayName", "externalId", "meta.created"})
	}
	return pick(d, []string{"userName", "externalId", "id", "active", "meta.created", "meta.lastModified", "title", "emails", "emails.value", "emails.type",
		"name.familyName", "phoneNumbers", scim.EnterpriseSchema + ":department", hostSchema + ":level", hostSchema + ":score", hostSchema + ":since", hostSchema + ":tags"})
}
