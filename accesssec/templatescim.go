package accesssec

import "slices"

// The templates of how an org is provisioned.
const (
	TemplateSCIMTokenCreated  Template = "scim_token_created"
	TemplateSCIMTokenRevoked  Template = "scim_token_revoked"
	TemplateSCIMTokenExpiring Template = "scim_token_expiring"
	TemplateSCIMChanged       Template = "scim_changed"
)

// scimTemplates are of who can provision an org, and how.
func scimTemplates() []TemplateInfo {
	keys := []TemplateKey{
		{"org", "the name of the organization"},
		{"site", "the host that people know the application by"},
		{"time", "when it happened, in UTC"},
		{"by", "the address of who did it; \"the application on behalf of\" it when it was not the person at a browser"},
	}
	token := TemplateKey{"token", "the name of the token, and how it begins"}
	unexpected := "If nobody among you expected this, look into the audit log, and end the sessions of who did it.\n"
	return []TemplateInfo{
		{
			TemplateSCIMTokenCreated,
			"A provisioning token of {org} was made",
			"On {time} {by} made a token for the provisioning (SCIM) of {org} at {site}: {token}. It ends: {until}.\n\n" +
				"Who has the token makes, changes and removes the people and groups of {org} on its verified domains. " +
				"The tokens of before end with it, or soon after. " + unexpected,
			append(slices.Clone(keys), token, TemplateKey{"until", "when the token ends, in UTC, or never"}),
		},
		{
			TemplateSCIMTokenRevoked,
			"A provisioning token of {org} was revoked",
			"On {time} {by} revoked a token for the provisioning (SCIM) of {org} at {site}: {token}.\n\n" +
				"An identity provider that still uses it can't change the people of {org} any more. " + unexpected,
			append(slices.Clone(keys), token),
		},
		{
			TemplateSCIMTokenExpiring,
			"A provisioning token of {org} {ends}",
			"A token for the provisioning (SCIM) of {org} at {site} {ends}, as of {time}: {token}. It ends: {until}.\n\n" +
				"{advice}.\n",
			append(slices.Clone(keys[:3]), token,
				TemplateKey{"ends", "\"expires in 7 days\", or as it stands, in English"},
				TemplateKey{"until", "when the token ends, in UTC"},
				TemplateKey{"advice", "what to do, in English, without the last full stop"}),
		},
		{
			TemplateSCIMChanged,
			"The provisioning of {org} was changed",
			"On {time} {by} changed how {org} is provisioned (SCIM) at {site}.\n\n" +
				"Settings that changed: {fields}\n\n" +
				"Groups of the identity provider may give roles by them. " + unexpected,
			append(slices.Clone(keys), TemplateKey{"fields", "the names of the settings that changed"}),
		},
	}
}
