package accesssec

import "slices"

// The templates of orgs that share a sign-on.
const (
	TemplateSSOLinkOffered    Template = "sso_link_offered"
	TemplateSSOLinked         Template = "sso_linked"
	TemplateSSOUnlinked       Template = "sso_unlinked"
	TemplateDomainTransferred Template = "domain_transferred"
	TemplateDomainResting     Template = "domain_resting"
)

// sharingTemplates are of who has its sign-on from whom.
func sharingTemplates() []TemplateInfo {
	plain := []TemplateKey{
		{"org", "the name of the organization that is told"},
		{"site", "the host that people know the application by"},
		{"time", "when it happened, in UTC"},
	}
	by := TemplateKey{"by", "the address of who did it; \"the application on behalf of\" it when it was not the person at a browser"}
	both := []TemplateKey{by,
		{"linked", "the name of the organization that has its sign-on from the other"},
		{"from", "the name of the organization whose sign-on it is"},
	}
	unexpected := "If nobody among you expected this, look into the audit log, and end the sessions of who did it.\n"
	return []TemplateInfo{
		{
			TemplateSSOLinkOffered,
			"A linking code of {org} was made",
			"On {time} {by} made a code by which another organization at {site} can have its sign-on from {org}. It is good once, until {until}.\n\n" +
				"The single sign-on of {org} would then decide who comes in there. Codes that wait can be cancelled in the settings. " + unexpected,
			append(slices.Clone(plain), by, TemplateKey{"until", "when the code ends, in UTC"}),
		},
		{
			TemplateSSOLinked,
			"{linked} has its sign-on from {from}",
			"On {time} {by} linked {linked} to {from} at {site}: people of {linked} sign in by the single sign-on and the rules of {from} from now on. " +
				"The sign-on of {linked} itself rests until the link ends.\n\n" +
				"Domains that were handed over to {from}: {domains}\n\n" +
				"This notice goes to {org}. " + unexpected,
			slices.Concat(plain, both, []TemplateKey{{"domains", "the domains that were handed over, or none"}}),
		},
		{
			TemplateSSOUnlinked,
			"{linked} has its own sign-on again",
			"On {time} {by} ended the link by which {linked} had its sign-on from {from} at {site}: the connections, domains and rules of {linked} itself count again.\n\n" +
				"Domains that were handed back to {linked}: {domains}\n\n" +
				"This notice goes to {org}. " + unexpected,
			slices.Concat(plain, both, []TemplateKey{{"domains", "the domains that were handed back, or none"}}),
		},
		{
			TemplateDomainTransferred,
			"{domain} was handed over to {to}",
			"On {time} {by} handed the domain {domain} at {site} over from {from} to {to}, which share their sign-on. " +
				"The DNS record that proves it stays as it is: keep it in place.\n\n" +
				"This notice goes to {org}. " + unexpected,
			append(domainKeys(), by,
				TemplateKey{"from", "the name of the organization that had it"},
				TemplateKey{"to", "the name of the organization that has it now"}),
		},
		{
			TemplateDomainResting,
			"{domain}, which rests: its DNS record {what}",
			"{org} has its sign-on at {site} from another organization, so its own claim on {domain} decides about no sign-in. " +
				"It is looked for all the same, so that it is true when the link ends. On {time}: the DNS record {what}.\n\n" +
				"The record is a TXT record at {name} with the value {value}. Keep it in place, if the domain is to be yours after the link.\n",
			append(domainKeys(),
				TemplateKey{"what", "what has become of the record, in English"},
				TemplateKey{"name", "the name of the DNS record"},
				TemplateKey{"value", "its value"}),
		},
	}
}
