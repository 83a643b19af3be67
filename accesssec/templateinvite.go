package accesssec

// inviteTemplates are of how people come to be members.
func inviteTemplates() []TemplateInfo {
	site := TemplateKey{"site", "the host that people know the application by"}
	org := TemplateKey{"org", "the name of the organization"}
	role := TemplateKey{"role", "the role that they get: owner, admin, billing or member"}
	return []TemplateInfo{
		{
			TemplateInvitation, "You are invited to {org} at {site}",
			"{by} has invited you to join {org} at {site}, with the role {role}. To accept, open this link:\n\n" +
				"{link}\n\n" +
				"It is for you alone, works once, and until {until}. If you did not expect this, do nothing.\n",
			[]TemplateKey{org, site, role,
				{"by", "the address of the Owner or Admin who invites"},
				{"link", "the link by which to accept; a secret"},
				{"until", "when the link ends, in UTC"}},
		},
		{
			TemplateAccessRequested, "Somebody asks to be let in to {org} at {site}",
			"On {time} {address} asked to become a member of {org} at {site}. Requests that wait for an answer: {open}.\n\n" +
				"Answer it in the settings of {org}. Be sure that you know who asks. " +
				"Of more requests within the hour you are not told one by one.\n",
			[]TemplateKey{org, site, {"time", "when it happened, in UTC"},
				{"address", "the address of who asks"},
				{"open", "how many requests wait"}},
		},
		{
			TemplateAccessGranted, "You are a member of {org} at {site}",
			"Your request was granted: you are a member of {org} at {site} now, with the role {role}. Sign in as you always do.\n",
			[]TemplateKey{org, site, role},
		},
		{
			TemplateAccessDeclined, "Your request to join {org} at {site} was declined",
			"Your request to become a member of {org} at {site} was declined. If you think that this is a mistake, ask an administrator of {org}.\n",
			[]TemplateKey{org, site},
		},
	}
}
