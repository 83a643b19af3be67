package saml

import "slices"

// claim is what an attribute holds for us.
type claim uint8

const (
	noClaim claim = iota
	emailClaim
	firstNameClaim
	lastNameClaim
	groupsClaim
	linkClaim   // where to ask for the groups, because they were too many to send
	methodClaim // how the person proved who they are
)

// maxPreset is longer than every preset.
const maxPreset = 80

// preset says what goes by a name, ASCII case ignored. Of two names for one claim the
// one with the lower rank is the more exact. Names with a URI come from the claim types
// of Microsoft's products, the ones with an OID from LDAP and eduPerson.
func preset(name string) (is claim, rank int) {
	if len(name) > maxPreset {
		return noClaim, 0
	}
	var lower [maxPreset]byte
	for i := range len(name) {
		lower[i] = lowerASCII(name[i])
	}
	switch string(lower[:len(name)]) {
	case "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress":
		return emailClaim, 1
	case "http://schemas.xmlsoap.org/claims/emailaddress":
		return emailClaim, 2
	case "urn:oid:0.9.2342.19200300.100.1.3":
		return emailClaim, 3
	case "urn:oid:1.2.840.113549.1.9.1":
		return emailClaim, 4
	case "email", "mail", "emailaddress", "email_address", "user.email":
		return emailClaim, 5
	case "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname":
		return firstNameClaim, 1
	case "urn:oid:2.5.4.42":
		return firstNameClaim, 2
	case "firstname", "first_name", "givenname", "given_name", "user.firstname":
		return firstNameClaim, 3
	case "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname":
		return lastNameClaim, 1
	case "urn:oid:2.5.4.4":
		return lastNameClaim, 2
	case "lastname", "last_name", "surname", "sn", "familyname", "family_name", "user.lastname":
		return lastNameClaim, 3
	case "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "http://schemas.xmlsoap.org/claims/group",
		"urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "groups", "group", "memberof", "ismemberof":
		return groupsClaim, 1
	case "http://schemas.microsoft.com/claims/groups.link":
		return linkClaim, 1
	case "http://schemas.microsoft.com/claims/authnmethodsreferences":
		return methodClaim, 1
	}
	return noClaim, 0
}

// claimOf looks at the Name, and at the FriendlyName only where the Name says nothing.
func (a *attribute) claimOf() (claim, int) {
	if is, rank := preset(a.name); is != noClaim || a.friendlyName == "" {
		return is, rank
	}
	is, rank := preset(a.friendlyName)
	return is, rank + 8
}

// choice is the first value under the most exact name.
type choice struct {
	value string
	rank  int
}

func (c *choice) offer(value string, rank int) {
	if value != "" && (c.value == "" || rank < c.rank) {
		c.value, c.rank = value, rank
	}
}

// gathered is what one pass over the attributes finds under the usual names.
type gathered struct {
	email, firstName, lastName choice
	another                    string // an address beside email, when there are two
	groups, methods            [][]string
	link                       bool
}

func gather(all []attribute) gathered {
	var g gathered
	for i := range all {
		a := &all[i]
		is, rank := a.claimOf()
		switch is {
		case emailClaim:
			for _, v := range a.values {
				g.offerAddress(v, rank)
			}
		case firstNameClaim:
			for _, v := range a.values {
				g.firstName.offer(v, rank)
			}
		case lastNameClaim:
			for _, v := range a.values {
				g.lastName.offer(v, rank)
			}
		case groupsClaim:
			g.groups = append(g.groups, a.values)
		case methodClaim:
			g.methods = append(g.methods, a.values)
		case linkClaim:
			g.link = true
		}
	}
	return g
}

func (g *gathered) offerAddress(v string, rank int) {
	if !isMailbox(v) {
		return
	}
	if g.email.value != "" && g.another == "" && !equalASCII(v, g.email.value) {
		g.another = v
	}
	g.email.offer(v, rank)
}

// find returns the values of the attributes of that name, merged. Name wins over
// FriendlyName, and ASCII case does not count.
func find(all []attribute, name string) []string {
	var byName, byFriendly [][]string
	for i := range all {
		switch a := &all[i]; {
		case len(a.values) == 0:
		case equalASCII(a.name, name):
			byName = append(byName, a.values)
		case equalASCII(a.friendlyName, name):
			byFriendly = append(byFriendly, a.values)
		}
	}
	if byName == nil {
		byName = byFriendly
	}
	return slices.Concat(byName...)
}

// merge joins lists in their order and leaves out what is empty or was there before.
func merge(lists [][]string) []string {
	most := 0
	for _, list := range lists {
		most += len(list)
	}
	if most == 0 {
		return nil
	}
	out := make([]string, 0, most)
	var seen map[string]struct{}
	if most > 32 {
		seen = make(map[string]struct{}, most)
	}
	for _, list := range lists {
		for _, v := range list {
			if v == "" {
				continue
			}
			if seen == nil {
				if slices.Contains(out, v) {
					continue
				}
			} else if _, known := seen[v]; known {
				continue
			} else {
				seen[v] = struct{}{}
			}
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// names lists what came, for an admin: each Name once, 20 at most.
func names(all []attribute) []string {
	var out []string
	for _, a := range all {
		if len(out) < 20 && !slices.Contains(out, a.name) {
			out = append(out, a.name)
		}
	}
	return out
}
