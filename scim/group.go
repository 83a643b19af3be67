package scim

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
	// and fails as a whole may never try again.
	Strict bool
}

// Empty reports whether the members stay as they are.
func (m MemberChange) Empty() bool { return !m.Clear && len(m.Add) == 0 && len(m.Remove) == 0 }
