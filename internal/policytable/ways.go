package policytable

// The ways that no connection vouches for and that are no password. They are decided alike.
const (
	Link      How = "link"
	Google    How = "Google"
	ByAnother How = "link or Google"
)

// ExternalOwner is an Owner who is external.
const ExternalOwner Who = "external Owner"

// SwitchedOff is refused, for the org has switched off that way in.
const SwitchedOff Outcome = "off"

// Grace is as above, without the second factor that the org requires: for now.
const Grace Outcome = "grace"

// WayRows is the table of links and Google: nobody goes past single sign-on by them.
func WayRows() []Row {
	return []Row{
		{Member, ByAnother, In, SentSSO, In, SentSSO},
		{Owner, ByAnother, In, SentSSO, In, SentSSO},
		{Admin, ByAnother, In, SentSSO, In, SentSSO},
		{External, ByAnother, In, In, In, In},
		{ExternalOwner, ByAnother, In, In, In, In},
		{Account, ByAnother, Own, Own, Own, SentSSO},
		{DisabledMember, ByAnother, Own, SentSSO, Own, SentSSO},
		{DisabledOwner, ByAnother, Own, SentSSO, Own, SentSSO},
		{DisabledExternal, ByAnother, Own, Own, Own, Own},
		{InvitedMember, ByAnother, Made, SentSSO, Made, SentSSO},
		{InvitedBilling, ByAnother, Made, SentSSO, Made, SentSSO},
		{InvitedAdmin, ByAnother, Made, SentSSO, Made, SentSSO},
		{InvitedOwner, ByAnother, Made, SentSSO, Made, SentSSO},
		{InvitedOff, ByAnother, Made, Made, Made, Made},
		{InvitedOffOwner, ByAnother, Made, Made, Made, Made},
	}
}

// WayBlocking are the rows that differ when the org blocks external people. An external Owner
// comes in by a password all the same, and by nothing else.
func WayBlocking() []Row {
	return []Row{
		{External, ByAnother, In, Blocked, In, Blocked},
		{ExternalOwner, ByAnother, In, Blocked, In, Blocked},
		{ExternalOwner, Password, In, In, In, In},
		{DisabledExternal, ByAnother, Own, Blocked, Own, Blocked},
		{InvitedOff, ByAnother, Made, Blocked, Made, Blocked},
		{InvitedOffOwner, ByAnother, Made, Blocked, Made, Blocked},
	}
}

// WayLinkedRows is the table of links and Google around an org that has its sign-on from
// another, its own domain that rests among it.
func WayLinkedRows() []Row {
	return []Row{
		{LinkedMember, ByAnother, In, SentSSO, In, SentSSO},
		{LinkedBoth, ByAnother, In, SentSSO, In, SentSSO},
		{LinkedOwner, ByAnother, In, SentSSO, In, SentSSO},
		{LinkedChief, ByAnother, In, SentSSO, In, SentSSO},
		{LinkedDisabled, ByAnother, Own, SentSSO, Own, SentSSO},
		{LinkedExternal, ByAnother, In, In, In, In},
		{LinkedAccount, ByAnother, Own, Own, Own, SentSSO},
		{LinkedInvited, ByAnother, Made, SentSSO, Made, SentSSO},
		{LinkedOwnMember, ByAnother, In, SentSSO, In, SentSSO},
		{LinkedOwnOwner, ByAnother, In, SentSSO, In, SentSSO},
		{LinkedOwnOther, ByAnother, Own, Own, Own, SentSSO},
	}
}

// Any is a password, a link or Google, where they are decided alike.
const Any How = "any of the three"

// RestRows is the table of all three while single sign-on is off or in set-up.
func RestRows() []Row {
	return []Row{
		{Member, Any, In, In, In, In},
		{Owner, Any, In, In, In, In},
		{Admin, Any, In, In, In, In},
		{External, Any, In, In, In, In},
		{ExternalOwner, Any, In, In, In, In},
		{Account, Any, Own, Own, Own, Own},
		{DisabledMember, Any, Own, Own, Own, Own},
		{DisabledOwner, Any, Own, Own, Own, Own},
		{DisabledExternal, Any, Own, Own, Own, Own},
		{InvitedMember, Any, Made, Made, Made, Made},
		{InvitedBilling, Any, Made, Made, Made, Made},
		{InvitedAdmin, Any, Made, Made, Made, Made},
		{InvitedOwner, Any, Made, Made, Made, Made},
		{InvitedOff, Any, Made, Made, Made, Made},
		{InvitedOffOwner, Any, Made, Made, Made, Made},
	}
}

// MethodRow is what becomes of who comes into the org as a member by that way, by what the org
// has left on.
type MethodRow struct {
	Who string
	How

	All, OnlyPassword, OnlyLink, OnlyGoogle Outcome
}

// MethodRows is the table of ways that are switched off.
func MethodRows() []MethodRow {
	return []MethodRow{
		{"Member, Billing Admin", Password, Above, Above, SwitchedOff, SwitchedOff},
		{"Member, Billing Admin", Link, Above, SwitchedOff, Above, SwitchedOff},
		{"Member, Billing Admin", Google, Above, SwitchedOff, SwitchedOff, Above},
		{"Owner, Admin", Password, Above, Above, Above, Above},
		{"Owner, Admin", Link, Above, SwitchedOff, Above, SwitchedOff},
		{"Owner, Admin", Google, Above, SwitchedOff, SwitchedOff, Above},
		{"anybody", SSO, Above, Above, Above, Above},
	}
}

// RequiredRow is what becomes of who comes into the org as a member by a password, a link or
// Google, where it requires a second factor.
type RequiredRow struct {
	Factor

	NotRequired, InGrace, GraceOver, SSOActive Outcome
}

// RequiredRows is the table of that. Where it says as above, the table about the second factor
// goes on.
func RequiredRows() []RequiredRow {
	return []RequiredRow{
		{FactorNone, Above, Grace, SetUp, Above},
		{FactorLive, Above, Above, Above, Above},
		{FactorChanging, Above, Above, Above, Above},
		{FactorDue, Above, Above, Above, Above},
		{FactorJunk, Above, Above, Above, Above},
	}
}

// DeviceRow is what becomes, with a second factor in that state, of who shows a browser that is
// remembered.
type DeviceRow struct {
	Factor

	Allowed, NotAllowed, OwnAccount Outcome
}

// DeviceRows is the table of that: by whether the org that is entered allows it.
func DeviceRows() []DeviceRow {
	return []DeviceRow{
		{FactorNone, Above, Above, Above},
		{FactorLive, Above, Asked, Asked},
		{FactorChanging, Asked, Asked, Asked},
		{FactorDue, SetUp, SetUp, SetUp},
		{FactorJunk, Unknown, Unknown, Unknown},
	}
}
