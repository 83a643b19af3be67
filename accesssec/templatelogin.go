package accesssec

// loginTemplates are of the other ways in that are linked to an account.
func loginTemplates() []TemplateInfo { return nil }
