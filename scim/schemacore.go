package scim

import "github.com/accesssec/accesssec-go/scim/filter"

// The core schemas as RFC 7643, section 8.7.1, has them, but for what is different here: a user
// always has "active" and a group always a "displayName" that no other has; addresses may be
// primary, as in the RFC's own examples; members have a name to show; ids are compared exactly.

func text(name, description string) Attribute {
	return Attribute{Name: name, Type: filter.String, Description: description}
}

func reference(name, description string, types ...string) Attribute {
	return Attribute{Name: name, Type: filter.Reference, Description: description, CaseExact: true, ReferenceTypes: types}
}

// plural is a multi-valued attribute of the usual five parts (RFC 7643, section 2.4).
func plural(name, description string, value Attribute, types ...string) Attribute {
	kind := text("type", "A label for what this one is for.")
	kind.CanonicalValues = types
	return Attribute{
		Name: name, Type: filter.Complex, MultiValued: true, Description: description,
		SubAttributes: []Attribute{
			value,
			text("display", "A name to show."),
			kind,
			{Name: "primary", Type: filter.Boolean, Description: "Whether this is the one that is preferred; true for at most one."},
		},
	}
}

func userSchema() Schema {
	return Schema{ID: UserSchema, Name: "User", Description: "User Account", Attributes: append([]Attribute{
		{
			Name: "userName", Type: filter.String, Required: true, Uniqueness: "server",
			Description: "The name by which the person signs in, unique whatever its case.",
		},
		nameSchema(),
		text("displayName", "The name to show for the person."),
		text("nickName", "What the person is called."),
		reference("profileUrl", "The address of a page about the person.", "external"),
		text("title", "The person's title, such as \"Vice President\"."),
		text("userType", "What the person is to the organization, such as \"Employee\"."),
		text("preferredLanguage", "The person's language, as in an Accept-Language header."),
		text("locale", "How numbers, money and dates are written, such as \"en-US\"."),
		text("timezone", "The person's time zone in the Olson format, such as \"America/Los_Angeles\"."),
		{
			Name: "active", Type: filter.Boolean, Required: true,
			Description: "Whether the person may sign in. A new user without it is active.",
		},
		{
			Name: "password", Type: filter.String, Mutability: "writeOnly", Returned: "never", CaseExact: true,
			Description: "Taken, and not kept.",
		},
	}, pluralsOfUser()...)}
}

func nameSchema() Attribute {
	return Attribute{
		Name: "name", Type: filter.Complex, Description: "The parts of the person's name.",
		SubAttributes: []Attribute{
			text("formatted", "The full name, as it is shown."),
			text("familyName", "The family name."),
			text("givenName", "The given name."),
			text("middleName", "The middle names."),
			text("honorificPrefix", "What stands before the name, such as \"Ms.\"."),
			text("honorificSuffix", "What stands behind the name, such as \"III\"."),
		},
	}
}

func pluralsOfUser() []Attribute {
	certificate := Attribute{Name: "value", Type: filter.Binary, CaseExact: true, Description: "An X.509 certificate in DER."}
	return []Attribute{
		plural("emails", "The person's mail addresses.", text("value", "The address."), "work", "home", "other"),
		plural("phoneNumbers", "The person's phone numbers.", text("value", "The number."),
			"work", "home", "mobile", "fax", "pager", "other"),
		plural("ims", "The person's addresses for instant messages.", text("value", "The address."),
			"aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
		plural("photos", "Where pictures of the person are.", reference("value", "The address of the picture.", "external"),
			"photo", "thumbnail"),
		addressesSchema(),
		groupsOfUser(),
		plural("entitlements", "What the person is entitled to.", text("value", "The entitlement.")),
		plural("roles", "What the person is, such as \"Student\".", text("value", "The role.")),
		plural("x509Certificates", "The person's certificates.", certificate),
	}
}

func addressesSchema() Attribute {
	kind := text("type", "A label for what this one is for.")
	kind.CanonicalValues = []string{"work", "home", "other"}
	return Attribute{
		Name: "addresses", Type: filter.Complex, MultiValued: true, Description: "Where the person lives or works.",
		SubAttributes: []Attribute{
			text("formatted", "The full address, as it is shown; with line breaks."),
			text("streetAddress", "Street, house number and the like; with line breaks."),
			text("locality", "The city."),
			text("region", "The state or region."),
			text("postalCode", "The postal code."),
			text("country", "The country, in two letters."),
			kind,
			{Name: "primary", Type: filter.Boolean, Description: "Whether this is the one that is preferred; true for at most one."},
		},
	}
}

func groupsOfUser() Attribute {
	readOnly := func(a Attribute) Attribute { a.Mutability = "readOnly"; return a }
	kind := text("type", "How the person belongs to it.")
	kind.CanonicalValues = []string{"direct", "indirect"}
	id := text("value", "The id of the group.")
	id.CaseExact = true
	return Attribute{
		Name: "groups", Type: filter.Complex, MultiValued: true, Mutability: "readOnly",
		Description: "The groups that the person is in. Change the group to change it.",
		SubAttributes: []Attribute{
			readOnly(id),
			readOnly(reference("$ref", "The URI of the group.", "Group")),
			readOnly(text("display", "The group's name.")),
			readOnly(kind),
		},
	}
}

func groupSchema() Schema {
	immutable := func(a Attribute) Attribute { a.Mutability = "immutable"; return a }
	id := text("value", "The id of the member.")
	id.CaseExact = true
	kind := text("type", "What the member is.")
	kind.CanonicalValues = []string{"User", "Group"}
	display := text("display", "The member's name.")
	display.Mutability = "readOnly"
	return Schema{ID: GroupSchema, Name: "Group", Description: "Group", Attributes: []Attribute{
		{
			Name: "displayName", Type: filter.String, Required: true, Uniqueness: "server",
			Description: "The group's name, unique whatever its case.",
		},
		{
			Name: "members", Type: filter.Complex, MultiValued: true, Description: "Who is in the group.",
			SubAttributes: []Attribute{
				immutable(id),
				immutable(reference("$ref", "The URI of the member.", "User", "Group")),
				immutable(kind),
				display,
			},
		},
	}}
}

func enterpriseSchema() Schema {
	id := text("value", "The id of the manager.")
	id.CaseExact = true
	name := text("displayName", "The manager's name.")
	name.Mutability = "readOnly"
	return Schema{ID: EnterpriseSchema, Name: "EnterpriseUser", Description: "Enterprise User", Attributes: []Attribute{
		text("employeeNumber", "What the organization numbers the person by."),
		text("costCenter", "The name of a cost center."),
		text("organization", "The name of an organization."),
		text("division", "The name of a division."),
		text("department", "The name of a department."),
		{
			Name: "manager", Type: filter.Complex, Description: "The person's manager.",
			SubAttributes: []Attribute{
				id,
				reference("$ref", "The URI of the manager.", "User"),
				name,
			},
		},
	}}
}

// commonAttributes are those of RFC 7643, section 3.1, and "schemas". No schema lists them.
func commonAttributes() []Attribute {
	readOnly := func(a Attribute) Attribute { a.Mutability = "readOnly"; return a }
	stamp := func(name string) Attribute { return readOnly(Attribute{Name: name, Type: filter.DateTime}) }
	exact := func(name string) Attribute { a := text(name, ""); a.CaseExact = true; return a }
	id := readOnly(exact("id"))
	id.Returned = "always"
	schemas := readOnly(reference("schemas", "", "uri"))
	schemas.MultiValued, schemas.Returned = true, "always"
	return []Attribute{
		schemas,
		id,
		exact("externalId"),
		{
			Name: "meta", Type: filter.Complex, Mutability: "readOnly",
			SubAttributes: []Attribute{
				readOnly(exact("resourceType")),
				stamp("created"),
				stamp("lastModified"),
				readOnly(reference("location", "", "uri")),
				readOnly(exact("version")),
			},
		},
	}
}
