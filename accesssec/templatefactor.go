package accesssec

import "strconv"

// factorTemplates are of what becomes of a person's second factor.
func factorTemplates() []TemplateInfo {
	site := TemplateKey{"site", "the host that people know the application by"}
	when := TemplateKey{"time", "when it happened, in UTC"}
	address := TemplateKey{"address", "the address of the account"}
	const notYou = "If this was not you, change your password and ask your administrator to reset your second factor.\n"
	return []TemplateInfo{
		{
			TemplateFactorAdded, "A second factor was set up for your account at {site}",
			"On {time} an authenticator app was set up for the account {address} at {site}. " +
				"Codes of an app and recovery codes from before do not work any more, and all other sign-ins by password were ended.\n\n" + notYou,
			[]TemplateKey{site, when, address},
		},
		{
			TemplateFactorChanging, "A new second factor is to be set up for your account at {site}",
			"On {time} somebody who is signed in as {address} at {site} asked to set up another authenticator app. " +
				"At the next sign-in a code of the old one, or a recovery code, is asked for first. Until then nothing changes.\n\n" + notYou,
			[]TemplateKey{site, when, address},
		},
		{
			TemplateFactorRemoved, "The second factor of your account at {site} was removed",
			"On {time} the authenticator app was removed from the account {address} at {site}, with its recovery codes. " +
				"A password is enough to sign in from now on.\n\n" + notYou,
			[]TemplateKey{site, when, address},
		},
		{
			TemplateFactorLocked, "Wrong codes were entered for your account at {site}",
			"Until {time} somebody who knows the password of the account {address} at {site} entered several wrong codes. " +
				"Codes are refused for a time, and after a hundred for good.\n\n" + notYou,
			[]TemplateKey{site, when, address},
		},
		{
			TemplateFactorReset, "The second factor of your account at {site} was reset",
			"On {time} the second factor of the account {address} at {site} was reset, and everything that was signed in was signed out. " +
				"At the next sign-in a new one has to be set up.\n\n" +
				"If you did not ask for this, sign in now to set up a new one before anybody else does, change your password, and tell your administrator.\n",
			[]TemplateKey{site, when, address},
		},
		{
			TemplateFactorResetAsked, "Confirm that your second factor at {site} be reset",
			"{by} of {org} has asked for the second factor of your account at {site} to be reset. You are in other organizations as well, so it is for you to confirm:\n\n" +
				"{link}\n\n" +
				"The link works for a day, and once. If you did not ask for this, do nothing, and tell your administrators.\n",
			[]TemplateKey{site, {"org", "the name of the organization"}, {"by", "the address of the Owner or Admin who asked"},
				{"link", "the link by which to confirm; a secret"}},
		},
		{
			TemplateRecoveryUsed, "A recovery code was used for your account at {site}",
			"On {time} somebody signed in to the account {address} at {site} with the password and a recovery code. {left}.\n\n" + notYou,
			[]TemplateKey{site, when, address, {"left", "how many are left, in English, without the full stop"}},
		},
		{
			TemplateRecoveryRenewed, "New recovery codes were made for your account at {site}",
			"On {time} new recovery codes were made for the account {address} at {site}. The ones from before do not work any more.\n\n" + notYou,
			[]TemplateKey{site, when, address},
		},
		{
			TemplateDeviceRemembered, "A browser stands in for the codes of your account at {site}",
			"On {time} somebody signed in to {org} as {address} at {site}, from the network address {ip}, and had the browser remembered. " +
				"Until {until} no code is asked there.\n\n" +
				"If this was not you, change your password, which ends it, and ask your administrator to reset your second factor.\n",
			[]TemplateKey{site, when, address, {"org", "the name of the organization"}, {"ip", "the network address they came from"},
				{"until", "when a code is asked there again at the latest, in UTC"}},
		},
	}
}

// leftInWords is what a person has to know about the recovery codes that are left.
func leftInWords(n int) string {
	switch {
	case n == 0:
		return "It was the last one: at the next sign-in a new second factor has to be set up"
	case n == 1:
		return "One more is left: make new ones soon"
	case n <= 3:
		return strconv.Itoa(n) + " more are left: make new ones soon"
	}
	return strconv.Itoa(n) + " more are left"
}
