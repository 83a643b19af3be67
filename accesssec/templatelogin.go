package accesssec

// The templates of logins at an OpenID provider that are linked to an account.
const (
	TemplateLoginLinked   Template = "login_linked"
	TemplateLoginUnlinked Template = "login_unlinked"
)

// loginTemplates are of the other ways in that are linked to an account.
func loginTemplates() []TemplateInfo {
	keys := []TemplateKey{
		{"site", "the host that people know the application by"},
		{"time", "when it happened, in UTC"},
		{"address", "the address of the account"},
		{"provider", "the issuer, a URL"},
	}
	return []TemplateInfo{
		{
			TemplateLoginLinked, "Another way to sign in to your account at {site}",
			"On {time} a login at {provider} was linked to the account {address} at {site}. Whoever has that login can sign in to the account from now on.\n\n" +
				"If this was not you, sign in and take the login away, set another password, and sign out everywhere.\n",
			keys,
		},
		{
			TemplateLoginUnlinked, "A way to sign in to your account at {site} was taken away",
			"On {time} a login at {provider} was taken away from the account {address} at {site}. What it was signed in to elsewhere was signed out.\n\n" +
				"If this was not you, set another password and sign out everywhere.\n",
			keys,
		},
	}
}
