package accesssec

// TemplatePasswordChanged tells a person that their password was changed.
const TemplatePasswordChanged Template = "password_changed"

// passwordTemplates are of what becomes of a password.
func passwordTemplates() []TemplateInfo {
	return []TemplateInfo{{
		TemplatePasswordChanged, "The password of your account at {site} was changed",
		"On {time} the password of the account {address} at {site} was changed by somebody who is signed in and knew the one before. " +
			"Everything else that was signed in was signed out.\n\n" +
			"If this was not you, set another password right away, and tell the support of {site}.\n",
		[]TemplateKey{
			{"site", "the host that people know the application by"},
			{"time", "when it happened, in UTC"},
			{"address", "the address of the account"},
		},
	}}
}
