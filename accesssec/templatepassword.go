package accesssec

// passwordTemplates are of what becomes of a password.
func passwordTemplates() []TemplateInfo { return nil }
