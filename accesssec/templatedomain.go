package accesssec

import "slices"

// domainTemplates are of what becomes of a claim on a domain.
func domainTemplates() []TemplateInfo {
	return slices.Concat(recordTemplates(), claimTemplates())
}

// domainKeys have a place in each of them.
func domainKeys() []TemplateKey {
	return []TemplateKey{
		{"org", "the name of the organization"},
		{"site", "the host that people know the application by"},
		{"time", "when it happened, in UTC"},
		{"domain", "the domain, with its ASCII form where that is another"},
	}
}

// recordTemplates are of what was seen in DNS.
func recordTemplates() []TemplateInfo {
	plain := domainKeys()
	record := []TemplateKey{{"name", "the name of the DNS record"}, {"value", "its value"}}
	seen := []TemplateKey{{"since", "when the record was first found missing, in UTC"}, {"seen", "what was seen, in English"}}
	return []TemplateInfo{
		{
			TemplateDomainVerified,
			"{domain} is verified for {org}",
			"The domain {domain} was verified for {org} at {site} on {time}. Its DNS record is looked for every day: keep it in place.\n\n" +
				"From now on the rules of {org} decide how people with addresses there sign in. " +
				"If nobody among you expected this, look into the audit log.\n",
			plain,
		},
		{
			TemplateDomainMissing,
			"The DNS record of {domain} is missing",
			"The record that proves that {domain} belongs to {org} was not found on {time}. It is missing since {since}.\n\n" +
				"Put it back: a TXT record at {name} with the value {value}\n" +
				"What was seen: {seen}\n\n" +
				"Nothing has changed yet for anybody who signs in at {site}. When the record stays away, the domain is verified no more, " +
				"on {ends} at the earliest, and single sign-on stops for people with addresses there.\n",
			slices.Concat(plain, record, seen, []TemplateKey{{"ends", "when the domain lapses at the earliest, in UTC"}}),
		},
		{
			TemplateDomainRecovered,
			"The DNS record of {domain} is back",
			"The record that proves that {domain} belongs to {org} was found again on {time}. The domain was verified at {site} all the time, and stays so.\n",
			plain,
		},
		{
			TemplateDomainLapsed,
			"{domain} is verified no more, and single sign-on on it has stopped",
			"The record that proves that {domain} belongs to {org} was missing since {since}, and the domain is verified no more at {site} since {time}.\n\n" +
				"Single sign-on has stopped for people with addresses there. Passwords that {org} had closed stay closed, but for those of Owners and Admins; " +
				"who is signed in stays so until the session ends by itself.\n\n" +
				"What was seen: {seen}\n\n" +
				"To go on, put the record back, a TXT record at {name} with the value {value}, and verify the domain again. " +
				"If the domain is not yours any more, remove the people with addresses there or block external people, and then withdraw the claim: " +
				"without it their passwords are open.\n",
			slices.Concat(plain, record, seen),
		},
	}
}

// claimTemplates are of how claims end, and of what people make of them.
func claimTemplates() []TemplateInfo {
	by := TemplateKey{"by", "the address of who did it; \"the application on behalf of\" it when it was not the person at a browser"}
	plain := domainKeys()
	return []TemplateInfo{
		{
			TemplateDomainExpired,
			"The claim of {org} on {domain} has ended",
			"The claim of {org} on {domain} at {site} was not proven in time, and ended on {time}. Claim the domain again for a new record.\n",
			plain,
		},
		{
			TemplateDomainContesting,
			"{domain} is held by another organization",
			"The record of {org} for {domain} was found on {time}, but another organization has verified this domain at {site}. That organization was told, and its own record is looked for.\n\n" +
				"The domain becomes yours once that record has been gone for a week, or the organization gives the domain up. Keep your record in place.\n",
			plain,
		},
		{
			TemplateDomainContested,
			"Another organization has proven control of {domain}",
			"The domain {domain} is verified for {org} at {site}. On {time} another organization published a DNS record there that proves its control of the domain as well.\n\n" +
				"Nothing changes while your own record is in place: make sure that it is. " +
				"If the domain is not yours any more, withdraw the claim. If it is, ask who runs its DNS.\n",
			plain,
		},
		{
			TemplateDomainReleased,
			"{domain} belongs to another organization now",
			"The claim of {org} on {domain} at {site} had lapsed, and ended on {time}, because another organization has proven that the domain is its own. " +
				"From now on the rules of that organization decide how people with addresses there sign in.\n",
			plain,
		},
		{
			TemplateDomainCarved,
			"{below} was verified by another organization",
			"The claim of {org} on {domain} at {site} is for the domains below it as well. On {time} another organization verified one of them, {below}, as its own. " +
				"From now on the rules of that organization decide how people with addresses there sign in.\n\n" +
				"If that is not as it should be, ask who runs the DNS of {below}, and claim that domain yourselves.\n",
			slices.Concat(plain, []TemplateKey{{"below", "the domain below it, with its ASCII form where that is another"}}),
		},
		{
			TemplateDomainWithdrawn,
			"{org} gave up its claim on {domain}",
			"On {time} {by} gave up the claim of {org} on {domain} at {site}. Single sign-on of {org} does not work for people with addresses there any more, " +
				"and the rules of {org} say nothing about them.\n\n" +
				"If nobody among you expected this, look into the audit log, and end the sessions of who did it.\n",
			append(domainKeys(), by),
		},
		{
			TemplateDomainWidened,
			"The claim of {org} on {domain} counts for the domains below it",
			"On {time} {by} made the claim of {org} on {domain} at {site} count for all domains below it. " +
				"From now on the rules of {org} decide how people with addresses there sign in, but for domains that another claim holds.\n\n" +
				"If nobody among you expected this, look into the audit log, and end the sessions of who did it.\n",
			append(domainKeys(), by),
		},
	}
}
