package scim

import "time"

// User is a resource of type User (RFC 7643, section 4.1). A text of "" and a list of none
// stand for an attribute that is not assigned (section 2.5).
type User struct {
	ID         string // the server's; fixed
	ExternalID string // the client's
	UserName   string // unique in a tenant, whatever its case
	Active     bool
	Name       Name
	Emails     []Email

	// Extra is all else, by canonical name, those of an extension in a map under its URN.
	// Values are string, bool, [json.Number], map[string]any (complex), and []any (multi-valued)
	// of those. There is never a password in it.
	Extra map[string]any
	Meta  Meta
}

// Name is a person's name. All but Family and Given are seldom filled in.
type Name struct {
	Formatted, Family, Given, Middle string
	Prefix, Suffix                   string
}

// Email is one element of emails. At most one of a user is Primary.
type Email struct {
	Value   string
	Type    string // "work", "home", "other", or what the client says
	Display string
	Primary bool
}

// Address is the address that counts: the primary one, else the first of type work, else the
// first. "" when there is none.
func (u User) Address() string {
	best, rank := "", 0
	for _, e := range u.Emails {
		r := 1
		switch {
		case e.Primary:
			r = 3
		case e.Type == "work":
			r = 2
		}
		if e.Value != "" && r > rank {
			best, rank = e.Value, r
		}
	}
	return best
}

// Meta is kept by the backend.
type Meta struct {
	Created      time.Time
	LastModified time.Time
	Version      string // another one with every change; any text; sent as a weak ETag
}
