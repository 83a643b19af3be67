package filter_test

import (
	"strings"

	"github.com/accesssec/accesssec-go/scim/filter"
)

const coreUser = "urn:ietf:params:scim:schemas:core:2.0:User"

// attributes are those of a schema that has one of each kind, by their canonical paths.
func attributes() map[string]filter.Attribute {
	all := map[string]filter.Attribute{}
	for path, a := range map[string]filter.Attribute{
		"userName":       {Type: filter.String},
		"externalId":     {Type: filter.String, CaseExact: true},
		"active":         {Type: filter.Boolean},
		"level":          {Type: filter.Integer},
		"score":          {Type: filter.Decimal},
		"photo":          {Type: filter.Binary},
		"profileUrl":     {Type: filter.Reference},
		"meta":           {Type: filter.Complex},
		"meta.created":   {Type: filter.DateTime},
		"name":           {Type: filter.Complex},
		"name.givenName": {Type: filter.String},
		"emails":         {Type: filter.Complex, MultiValued: true},
		"emails.value":   {Type: filter.String},
		"emails.type":    {Type: filter.String},
		"emails.primary": {Type: filter.Boolean},
		"tags":           {Type: filter.String, MultiValued: true},

		enterprise + ":manager":       {Type: filter.Complex},
		enterprise + ":manager.value": {Type: filter.String, CaseExact: true},
		enterprise + ":department":    {Type: filter.String},
	} {
		a.Path = at(path).Path
		all[path] = a
	}
	all[enterprise] = filter.Attribute{Path: filter.Path{URN: enterprise}, Type: filter.Complex}
	return all
}

// lookup finds them whatever their case, with the URN of the core schema or without.
func lookup(p filter.Path) (filter.Attribute, bool) {
	asked := strings.ToLower(p.String())
	asked = strings.TrimPrefix(asked, strings.ToLower(coreUser)+":")
	for path, a := range attributes() {
		if strings.ToLower(path) == asked {
			return a, true
		}
	}
	return filter.Attribute{}, false
}
