package scimtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/scim"
)

// canonical is a resource as it is compared: without what the server alone decides (id, meta,
// groups, the $ref and display of references), its members by id, and its lists in one order,
// which SCIM gives them none of. A resource that names no schemas has those of its attributes.
func canonical(path string, resource map[string]any) string {
	out := map[string]any{}
	core := scim.UserSchema
	if strings.HasPrefix(path, "/Groups") {
		core = scim.GroupSchema
	}
	schemas := []any{core}
	for name, v := range resource {
		switch name {
		case "id", "meta", "groups", "schemas":
			continue
		}
		if strings.HasPrefix(name, "urn:") {
			schemas = append(schemas, name)
		}
		if list, ok := v.([]any); ok && len(list) == 0 {
			continue // an empty list is as good as none (RFC 7643, section 2.5)
		}
		out[name] = ordered(bare(name, v))
	}
	out["schemas"] = ordered(schemas)
	if given, ok := resource["schemas"]; ok {
		out["schemas"] = ordered(given)
	}
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return fmt.Sprintf("scimtest: %v", err) // maps of JSON always marshal
	}
	return string(b)
}

// bare drops what a server may add to a reference.
func bare(name string, v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = bare(name, item)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for sub, value := range v {
			switch {
			case sub == "$ref":
			case name == "members" && sub != "value":
			case name == "manager" && sub == "displayName":
			case sub == "primary" && value == false: // as good as none
			default:
				out[sub] = bare(sub, value)
			}
		}
		return out
	default:
		return v
	}
}

// ordered sorts every list within v.
func ordered(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = ordered(item)
		}
		slices.SortFunc(out, func(a, b any) int { return strings.Compare(marshal(a), marshal(b)) })
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			out[name] = ordered(value)
		}
		return out
	default:
		return v
	}
}

// marshal is v as JSON, its names in order.
func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("scimtest: " + err.Error()) // of what was read as JSON, or made here
	}
	return string(b)
}

// memberIDs are the ids of a group's members, in order.
func memberIDs(group map[string]any) []string {
	list, _ := group["members"].([]any)
	out := []string{}
	for _, m := range list {
		if id, ok := dig(m, "value").(string); ok {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
