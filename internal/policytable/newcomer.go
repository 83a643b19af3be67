package policytable

// The kinds of person who are disabled in O, or invited into it.
const (
	DisabledMember   Who = "disabled member on D"
	DisabledOwner    Who = "disabled Owner on D"
	DisabledExternal Who = "disabled external member"
	InvitedMember    Who = "invited as Member, account on D"
	InvitedBilling   Who = "invited as Billing Admin, account on D"
	InvitedAdmin     Who = "invited as Admin, account on D"
	InvitedOwner     Who = "invited as Owner, account on D"
	InvitedNobody    Who = "invited as Member, no account, on D"
	InvitedOff       Who = "invited as Member, account off D"
	InvitedOffOwner  Who = "invited as Owner, account off D"
)

// Exempt is Made and then Bypass.
const Exempt Outcome = "made, bypass"

// DisabledRows is the table of who is disabled in O and nowhere else.
func DisabledRows() []Row {
	return []Row{
		{DisabledMember, Password, Own, SentSSO, Own, SentSSO},
		{DisabledOwner, Password, Own, SentSSO, Own, SentSSO},
		{DisabledExternal, Password, Own, Own, Own, Own},
		{DisabledMember, SSO, Disabled, Disabled, Disabled, Disabled},
		{DisabledOwner, SSO, Disabled, Disabled, Disabled, Disabled},
	}
}

// InvitedRows is the table of who is no member of O, and shows an invitation into it that is
// for their address.
func InvitedRows() []Row {
	return []Row{
		{InvitedMember, Password, Made, SentSSO, Made, SentSSO},
		{InvitedBilling, Password, Made, SentSSO, Made, SentSSO},
		{InvitedAdmin, Password, Made, Exempt, Made, Exempt},
		{InvitedOwner, Password, Made, Exempt, Made, Exempt},
		{InvitedOff, Password, Made, Made, Made, Made},
		{InvitedOffOwner, Password, Made, Made, Made, Made},
		{InvitedMember, SSO, Made, Made, Made, Made},
		{InvitedOwner, SSO, Made, Made, Made, Made},
		{InvitedNobody, SSO, Made, Made, Made, Made},
		{InvitedOff, SSO, NoDomain, NoDomain, NoDomain, NoDomain},
	}
}

// InvitedBlocking are the rows of these that differ when the org blocks external people.
func InvitedBlocking() []Row {
	return []Row{
		{DisabledExternal, Password, Own, Blocked, Own, Blocked},
		{InvitedOff, Password, Made, Blocked, Made, Blocked},
	}
}

// The kinds of person around an org T that has its sign-on from O, which holds D. T holds E.
const (
	LinkedMember    Who = "member of T on D"
	LinkedBoth      Who = "Owner of T on D, member of O"
	LinkedOwner     Who = "Owner of T on D"
	LinkedChief     Who = "member of T on D, Owner of O"
	LinkedDisabled  Who = "disabled Owner of T on D"
	LinkedExternal  Who = "external member of T"
	LinkedAccount   Who = "account on D, in neither"
	LinkedNobody    Who = "no account, on D"
	LinkedInvited   Who = "invited into T as Member, account on D"
	LinkedOwnMember Who = "member of T on E"
	LinkedOwnOwner  Who = "Owner of T on E"
	LinkedOwnOther  Who = "account on E, not a member of T"
)

// LinkedRows is the table of who wants T. The columns are O's switches.
func LinkedRows() []Row {
	return []Row{
		{LinkedMember, Password, In, SentSSO, In, SentSSO},
		{LinkedBoth, Password, In, SentSSO, In, SentSSO},
		{LinkedOwner, Password, In, Bypass, In, Bypass},
		{LinkedChief, Password, In, Bypass, In, Bypass},
		{LinkedDisabled, Password, Own, SentSSO, Own, SentSSO},
		{LinkedExternal, Password, In, In, In, In},
		{LinkedAccount, Password, Own, Own, Own, SentSSO},
		{LinkedInvited, Password, Made, SentSSO, Made, SentSSO},
		{LinkedMember, SSO, In, In, In, In},
		{LinkedOwner, SSO, In, In, In, In},
		{LinkedDisabled, SSO, Disabled, Disabled, Disabled, Disabled},
		{LinkedAccount, SSO, Invite, Invite, Made, Made},
		{LinkedNobody, SSO, Invite, Invite, Made, Made},
		{LinkedInvited, SSO, Made, Made, Made, Made},
		{LinkedExternal, SSO, NoDomain, NoDomain, NoDomain, NoDomain},
	}
}

// RestingRows is the table of who is on E, the domain that T has proven for itself: it opens
// nothing while T has its sign-on from O, and keeps closed what O's switches close.
func RestingRows() []Row {
	return []Row{
		{LinkedOwnMember, Password, In, SentSSO, In, SentSSO},
		{LinkedOwnOwner, Password, In, Bypass, In, Bypass},
		{LinkedOwnOther, Password, Own, Own, Own, SentSSO},
		{LinkedOwnMember, SSO, Resting, Resting, Resting, Resting},
		{LinkedOwnOwner, SSO, Resting, Resting, Resting, Resting},
		{LinkedOwnOther, SSO, Resting, Resting, Resting, Resting},
	}
}
