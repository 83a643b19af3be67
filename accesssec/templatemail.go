package accesssec

// The templates of mails by which people come in, and of addresses that people change. All but
// the notices of what has happened go to whoever has the mailbox, account or none.
const (
	TemplateMailSignIn        Template = "mail_sign_in"
	TemplateMailPassword      Template = "mail_password"
	TemplateMailFirstPassword Template = "mail_first_password"
	TemplateMailSignUp        Template = "mail_sign_up"
	TemplateMailAccount       Template = "mail_account"
	TemplateMailOtherWay      Template = "mail_other_way"
	TemplatePasswordSet       Template = "password_set"

	TemplateAddressAsked   Template = "address_asked"
	TemplateAddressConfirm Template = "address_confirm"
	TemplateAddressTaken   Template = "address_taken"
	TemplateAddressMoved   Template = "address_moved"
)

const notAsked = "If you did not ask for this, do nothing: nobody gets in by it but who reads your mail.\n"

// mailTemplates are of the mails by which people come in, and of addresses that change.
func mailTemplates() []TemplateInfo {
	site := TemplateKey{"site", "the host that people know the application by"}
	address := TemplateKey{"address", "the address that it is sent to"}
	link := TemplateKey{"link", "the link; a secret"}
	until := TemplateKey{"until", "when the link ends, in UTC"}
	page := TemplateKey{"link", "the sign-in page; no secret"}
	all := []TemplateInfo{
		{
			TemplateMailSignIn, "Sign in to {site}",
			"To sign in to {site} as {address}, open this link in the browser in which you asked for it:\n\n{link}\n\n" +
				"Or type this code there: {code}\n\n" +
				"Both work once, until {until}. Nobody from {site} will ever ask you for the code. " + notAsked,
			[]TemplateKey{site, address, link, until, {"code", "the code; a secret"}},
		},
		{
			TemplateMailPassword, "Set another password at {site}",
			"To set another password for your account {address} at {site}, open this link:\n\n{link}\n\n" +
				"It works once, until {until}. All that is signed in is signed out by it. " + notAsked,
			[]TemplateKey{site, address, link, until},
		},
		{
			TemplateMailFirstPassword, "Set a password at {site}",
			"Your account {address} at {site} has no password. To set one, open this link:\n\n{link}\n\n" +
				"It works once, until {until}. All that is signed in is signed out by it. " + notAsked,
			[]TemplateKey{site, address, link, until},
		},
		{
			TemplateMailSignUp, "Finish signing up at {site}",
			"To make an account at {site} with the address {address}, open this link:\n\n{link}\n\n" +
				"It works once, until {until}. If you did not ask for this, do nothing: no account is made then.\n",
			[]TemplateKey{site, address, link, until},
		},
		{
			TemplateMailAccount, "You have an account at {site}",
			"Somebody, probably you, wanted to sign up at {site} with the address {address}. You have an account with it already. " +
				"To sign in, or to set another password, go to:\n\n{link}\n\n" + notAsked,
			[]TemplateKey{site, address, page},
		},
		{
			TemplateMailOtherWay, "Signing in to {site}",
			"Somebody, probably you, asked for a link for the account {address} at {site}. It can't be used that way. {why}\n\n" +
				"Sign in at:\n\n{link}\n\n" + notAsked,
			[]TemplateKey{site, address, page, {"why", "the reason, in a sentence"}},
		},
	}
	return append(all, movedTemplates()...)
}

// movedTemplates are notices of what links have done, and the mails of addresses that change.
func movedTemplates() []TemplateInfo {
	site := TemplateKey{"site", "the host that people know the application by"}
	when := TemplateKey{"time", "when it happened, in UTC"}
	before := TemplateKey{"old", "the address of the account"}
	next := TemplateKey{"new", "the address that it is to have"}
	const notYou = "If this was not you, set another password right away, and tell the support of {site}.\n"
	return []TemplateInfo{
		{
			TemplatePasswordSet, "The password of your account at {site} was set",
			"On {time} a password was set for the account {address} at {site}, by a link that was sent to this address. " +
				"All that was signed in was signed out.\n\n" + notYou,
			[]TemplateKey{site, when, {"address", "the address of the account"}},
		},
		{
			TemplateAddressAsked, "Another address was asked for your account at {site}",
			"On {time} somebody who is signed in as {old} at {site} asked to change the address of the account to {new}. " +
				"Nothing changes until a link is opened that was sent there.\n\n" + notYou,
			[]TemplateKey{site, when, before, next},
		},
		{
			TemplateAddressConfirm, "Confirm your address at {site}",
			"To change the address of your account at {site} from {old} to {new}, open this link:\n\n{link}\n\n" +
				"It works once, until {until}. If you did not ask for this, do nothing.\n",
			[]TemplateKey{site, before, next, {"link", "the link; a secret"}, {"until", "when the link ends, in UTC"}},
		},
		{
			TemplateAddressTaken, "Your address at {site}",
			"Somebody, probably you, wanted to give another account at {site} the address {new}. You have an account with it already, " +
				"so nothing was changed. If it was you, sign in to that account and change its address first.\n",
			[]TemplateKey{site, next},
		},
		{
			TemplateAddressMoved, "The address of your account at {site} was changed",
			"On {time} the address of your account at {site} was changed from {old} to {new}. Sign in with {new} from now on.\n\n" +
				"If this was not you, tell the support of {site} right away.\n",
			[]TemplateKey{site, when, before, next},
		},
	}
}
