package accesssec

// deviceTemplates are of browsers that are remembered, and of second factors that an org requires.
func deviceTemplates() []TemplateInfo { return nil }
