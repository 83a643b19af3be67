package samltest

import (
	"net/mail"
	"slices"
	"strings"
)

// claims are what is said of the person.
type claims struct {
	nameID     NameID
	email      string
	attributes []claim
}

type claim struct {
	name, format string // format: the NameFormat; "" for none
	values       []string
}

// NameID names a person, to the letter (core, section 2.2.3). Empty fields are not sent.
type NameID struct{ Value, Format, NameQualifier, SPNameQualifier string }

func plainClaims(_ tenant, p Person) claims {
	c := claims{nameID: NameID{Value: nameOf(p), Format: formatUnspecified}, email: p.Email}
	if _, err := mail.ParseAddress(c.nameID.Value); err == nil {
		c.nameID.Format = formatEmail
	}
	c.usual(p, nameFormatBasic, "groups")
	return c
}

func oktaClaims(_ tenant, p Person) claims {
	c := claims{nameID: NameID{Value: nameOf(p), Format: formatUnspecified}, email: p.Email}
	c.usual(p, nameFormatUnspecified, "groups")
	return c
}

func googleClaims(_ tenant, p Person) claims {
	c := claims{nameID: NameID{Value: nameOf(p), Format: formatUnspecified}, email: p.Email}
	c.own(p, "")
	return c
}

func oneLoginClaims(_ tenant, p Person) claims {
	c := claims{nameID: NameID{Value: nameOf(p), Format: formatEmail}, email: p.Email}
	c.usual(p, nameFormatBasic, "memberOf")
	return c
}

// The names of claims at Entra, and the most groups that it lists.
const (
	entraIdentity = "http://schemas.microsoft.com/identity/claims/"
	entraPerson   = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	entraGroups   = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
	entraLink     = "http://schemas.microsoft.com/claims/groups.link"
	entraMethods  = "http://schemas.microsoft.com/claims/authnmethodsreferences"
	entraPassword = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
	entraMost     = 150
)

func entraClaims(t tenant, p Person) claims {
	upn := nameOf(p)
	if p.Guest && p.NameID == "" {
		upn = strings.ReplaceAll(p.Email, "@", "_") + "#EXT#@tenant.onmicrosoft.com"
	}
	object := t.uuid("person " + p.Email)
	c := claims{nameID: NameID{Value: upn, Format: formatEmail}, email: p.Email}
	c.add(entraIdentity+"tenantid", "", t.uuid("tenant"))
	c.add(entraIdentity+"objectidentifier", "", object)
	c.add(entraIdentity+"displayname", "", strings.TrimSpace(p.FirstName+" "+p.LastName))
	c.add(entraIdentity+"identityprovider", "", t.issuer())
	c.add(entraMethods, "", entraPassword)
	if len(p.Groups) > entraMost {
		c.add(entraLink, "", "https://graph.windows.net/"+t.uuid("tenant")+"/users/"+object+"/getMemberObjects")
	} else {
		var ids []string
		for _, g := range p.Groups {
			if !isUUID(g) {
				g = t.uuid("group " + g)
			}
			ids = append(ids, g)
		}
		c.add(entraGroups, "", ids...)
	}
	c.add(entraPerson+"givenname", "", p.FirstName)
	c.add(entraPerson+"surname", "", p.LastName)
	c.add(entraPerson+"emailaddress", "", p.Email)
	c.add(entraPerson+"name", "", upn)
	c.own(p, "")
	return c
}

func nameOf(p Person) string {
	if p.NameID != "" {
		return p.NameID
	}
	return p.Email
}

// usual adds the claims that most products send.
func (c *claims) usual(p Person, format, groups string) {
	c.add("email", format, p.Email)
	c.add("firstName", format, p.FirstName)
	c.add("lastName", format, p.LastName)
	c.add(groups, format, p.Groups...)
	c.own(p, format)
}

// own adds what the person has beside.
func (c *claims) own(p Person, format string) {
	for _, name := range sortedKeys(p.Attributes) {
		c.attributes = append(c.attributes, claim{name, format, p.Attributes[name]})
	}
}

// add leaves out what the person does not have.
func (c *claims) add(name, format string, values ...string) {
	if len(values) > 1 || len(values) == 1 && values[0] != "" {
		c.attributes = append(c.attributes, claim{name, format, values})
	}
}

// rename puts another address wherever the person's was.
func (c *claims) rename(email string) {
	if c.nameID.Value == c.email {
		c.nameID.Value = email
	}
	renamed := slices.Clone(c.attributes)
	for i, a := range renamed {
		if slices.Contains(a.values, c.email) {
			renamed[i].values = slices.Clone(a.values)
			for j, v := range a.values {
				if v == c.email {
					renamed[i].values[j] = email
				}
			}
		}
	}
	c.attributes, c.email = renamed, email
}

// strangerAt is an address at the domain of another one, whose person it is not.
func strangerAt(email string) string {
	_, domain, _ := strings.Cut(email, "@")
	return "intruder@" + domain
}
