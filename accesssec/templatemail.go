package accesssec

// mailTemplates are of the mails by which people come in, and of addresses that change.
func mailTemplates() []TemplateInfo { return nil }
