package scim

import "errors"

// Group is a resource of type Group (RFC 7643, section 4.2) without its members, which are
// read by [Backend.Members] and changed by a [MemberChange]: a group costs the same whether it
// has ten or a hundred thousand.
type Group struct {
	ID          string
	ExternalID  string
	DisplayName string // unique in a tenant, whatever its case
	Extra       map[string]any
	Meta        Meta // of the group's own attributes: who is in it does not change it
}

// Member is one of a group's members, or one of a user's groups.
type Member struct {
	ID      string
	Type    string // "User" or "Group"
	Display string // "" is left out
}

// MemberChange is what a request does to the members of a group, its operations folded in
// order: at most one word on each member. First Clear, then Remove, then Add.
type MemberChange struct {
	Clear       bool // all go that are not in Add
	Add, Remove []string

	// Strict refuses an id in Add that is nobody with a 400 invalidValue and changes nothing.
	// Otherwise such ids are left out, and returned: a client that pushes many members at once
	// and fails as a whole may never try again. When Clear would take all members out of a group
	// that has some, and none of Add is anybody, that is a 400 invalidValue all the same, and
	// changes nothing: a list that was meant for another directory empties no group. Add is empty
	// where that is meant.
	Strict bool
}

// Empty reports whether the members stay as they are.
func (m MemberChange) Empty() bool { return !m.Clear && len(m.Add) == 0 && len(m.Remove) == 0 }

// Attributes are the group's, as [User.Attributes] are a user's. Its members are not in it.
func (g Group) Attributes() map[string]any {
	out := make(map[string]any, len(g.Extra)+1)
	for k, v := range g.Extra {
		out[k] = v
	}
	out["displayName"] = g.DisplayName
	return out
}

// GroupOf is the group of what [Group.Attributes] made, as [UserOf] is the user.
func GroupOf(attributes map[string]any) (Group, error) {
	g := Group{}
	ok := true
	for k, v := range attributes {
		good := true
		if k == "displayName" {
			g.DisplayName, good = v.(string)
		} else if good = canonical(v, 0); good {
			if g.Extra == nil {
				g.Extra = make(map[string]any, len(attributes))
			}
			g.Extra[k] = v
		}
		ok = ok && good
	}
	if !ok {
		return Group{}, errors.New("scim: attributes that are no group's")
	}
	return g, nil
}
