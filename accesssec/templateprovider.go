package accesssec

// providerTemplates are of what an identity provider has done.
func providerTemplates() []TemplateInfo {
	org := TemplateKey{"org", "the name of the organization"}
	site := TemplateKey{"site", "the host that people know the application by"}
	when := TemplateKey{"time", "when it happened, in UTC"}
	connection := TemplateKey{"connection", "the name of the connection"}
	return []TemplateInfo{
		{
			TemplateMetadataChanged,
			"Single sign-on of {org} was changed by its metadata",
			"The metadata that the connection {connection} of {org} at {site} follows has changed, and was taken over on {time}.\n\n" +
				"Metadata: {url}\n" +
				"Settings that changed: {fields}\n\n" +
				"A certificate that is new there signs nobody out: it takes over when the identity provider signs with it. " +
				"One that was in use and is gone there is trusted for a week more. " +
				"If nobody among you expected this, ask who runs the identity provider.\n",
			[]TemplateKey{org, site, when, connection,
				{"url", "where the metadata is"},
				{"fields", "the names of the settings that changed"}},
		},
		{
			TemplateMetadataFailed,
			"The single sign-on metadata of {org} can't be read",
			"The metadata that the connection {connection} of {org} at {site} follows could not be taken over on {time}:\n\n" +
				"Metadata: {url}\n" +
				"{failure}\n\n" +
				"What it said last goes on to be used, and it is tried again. A new certificate of the identity provider does not arrive that way until then.\n",
			[]TemplateKey{org, site, when, connection,
				{"url", "where the metadata is"},
				{"failure", "what went wrong, in English"}},
		},
		{
			TemplateMetadataExpired,
			"The single sign-on metadata of {org} is out of date",
			"The metadata that the connection {connection} of {org} at {site} follows was valid until {until} by its own word, and could not be read anew by {time}:\n\n" +
				"Metadata: {url}\n" +
				"{failure}\n\n" +
				"{effect}. It is tried again, and this notice comes every day until it can be read. " +
				"If the identity provider publishes it no more, configure the connection by hand.\n",
			[]TemplateKey{org, site, when, connection,
				{"url", "where the metadata is"},
				{"until", "the end of its validity, in UTC"},
				{"failure", "what went wrong, in English"},
				{"effect", "what that means for sign-ins, in English, without the last full stop"}},
		},
		{
			TemplateCertificatePromoted,
			"The identity provider of {org} signs with its next certificate",
			"On {time} somebody signed in to {org} at {site} through the connection {connection}, by the certificate that was added as the next one. " +
				"It is the current one from now on:\n\n" +
				"{certificate}\n\n" +
				"What was in use before stays trusted until it has signed nobody in for a week, and is dropped then. Nothing is to be done, " +
				"unless nobody among you expected this: then remove the certificate, and ask who has added it.\n",
			[]TemplateKey{org, site, when, connection,
				{"certificate", "its SHA-256 fingerprint"}},
		},
		{
			TemplateCertificateStillUsed,
			"The identity provider of {org} still signs with a certificate that was replaced",
			"On {time} somebody signed in to {org} at {site} through the connection {connection}, by a certificate that another one has replaced:\n\n" +
				"{certificate}\n\n" +
				"It stays trusted as long as people sign in by it, so that nobody is kept out. If the identity provider should not sign with it any more, remove it: whoever has its key can sign people in until then.\n",
			[]TemplateKey{org, site, when, connection,
				{"certificate", "its SHA-256 fingerprint"}},
		},
		{
			TemplateCertificateExpiring,
			"A single sign-on certificate of {org} {ends}",
			"A certificate by which people sign in to {org} at {site} {ends}, as of {time}.\n\n" +
				"Connection: {connection}\n" +
				"Certificate: {certificate}\n" +
				"It ends: {expires}\n\n" +
				"{advice}.\n",
			[]TemplateKey{org, site, when, connection,
				{"certificate", "its SHA-256 fingerprint"},
				{"ends", "\"expires in 14 days\", or as it stands, in English"},
				{"expires", "when, in UTC"},
				{"advice", "what to do, in English, without the last full stop"}},
		},
	}
}
