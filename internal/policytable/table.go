// Package policytable holds the expected outcomes of require SSO and IdP-managed
// access, typed by hand: from docs/policy.md, and never computed by the code that is
// tested against them. It imports nothing of ours, so that policy's own test and the tests of
// whole logins over HTTP hold themselves to the same lines.
package policytable

// Outcome is how an attempt ends.
type Outcome string

// The outcomes.
const (
	In       Outcome = "in"       // a session in the org
	Bypass   Outcome = "bypass"   // the same, with an event of high severity
	Own      Outcome = "own"      // a session in the person's own account, not in the org
	Made     Outcome = "made"     // made a member, then in
	SentSSO  Outcome = "sso"      // refused, and sent to single sign-on
	Blocked  Outcome = "blocked"  // refused, for the person is external
	NoDomain Outcome = "domain"   // refused, for the address is on no domain of the org
	Invite   Outcome = "invite"   // refused, and nothing is made: ask to be invited
	Lapsed   Outcome = "lapsed"   // refused, for the domain is no longer proven
	Inactive Outcome = "inactive" // refused, for the connection is not active
	Disabled Outcome = "disabled" // refused, for the member is disabled in the org
	Resting  Outcome = "resting"  // refused, for the org has its sign-on from another

	// Of a second factor, see FactorRows.
	Above   Outcome = "as above" // whatever the other tables say
	Asked   Outcome = "asked"    // refused, until a second factor is shown
	SetUp   Outcome = "set up"   // as above, but into nothing but setting up a second factor
	Unknown Outcome = "unknown"  // refused, for nobody knows what that is
)

// Refused is the outcome that a refusal for that reason is, by the code that is logged.
func Refused(reason string) Outcome {
	out, ok := map[string]Outcome{
		"sso_required": SentSSO, "external_blocked": Blocked, "domain_unowned": NoDomain, "domain_of_another": NoDomain,
		"not_member": Invite, "domain_lapsed": Lapsed, "connection_inactive": Inactive, "member_disabled": Disabled,
		"domain_suspended": Resting, "second_factor": Asked, "method_unknown": Unknown, "method_off": SwitchedOff,
	}[reason]
	if !ok {
		return Outcome("? " + reason)
	}
	return out
}

// Who is a kind of person, seen from org O with the domain D.
type Who string

// The kinds. All but External and Off have an address on D.
const (
	Member   Who = "member on D"
	Owner    Who = "Owner on D"
	Admin    Who = "Admin on D"
	External Who = "external member"
	Account  Who = "account on D, not a member"
	Nobody   Who = "no account, on D"
	Off      Who = "person off D"
)

// How is the way that is tried.
type How string

// The ways.
const (
	Password How = "password"
	SSO      How = "SSO"
)

// Row is one kind of person trying one way: the outcome in each column.
type Row struct {
	Who
	How

	BothOff, RequireOn, ManagedOn, BothOn Outcome
}

// Rows is the table of docs/policy.md with active single sign-on on a verified domain.
func Rows() []Row {
	return []Row{
		{Member, Password, In, SentSSO, In, SentSSO},
		{Owner, Password, In, Bypass, In, Bypass},
		{Admin, Password, In, Bypass, In, Bypass},
		{External, Password, In, In, In, In},
		{Account, Password, Own, Own, Own, SentSSO},
		{Member, SSO, In, In, In, In},
		{Owner, SSO, In, In, In, In},
		{Admin, SSO, In, In, In, In},
		{Off, SSO, NoDomain, NoDomain, NoDomain, NoDomain},
		{Account, SSO, Invite, Invite, Made, Made},
		{Nobody, SSO, Invite, Invite, Made, Made},
	}
}

// Blocking are the rows that differ when the org blocks external people.
func Blocking() []Row {
	return []Row{{External, Password, In, Blocked, In, Blocked}}
}

// LapsedRows is the table while the claim on D has lapsed: passwords that were closed
// stay closed, and nobody comes in by single sign-on.
func LapsedRows() []Row {
	return []Row{
		{Member, Password, In, SentSSO, In, SentSSO},
		{Owner, Password, In, Bypass, In, Bypass},
		{Admin, Password, In, Bypass, In, Bypass},
		{External, Password, In, In, In, In},
		{Account, Password, Own, Own, Own, SentSSO},
		{Member, SSO, Lapsed, Lapsed, Lapsed, Lapsed},
		{Owner, SSO, Lapsed, Lapsed, Lapsed, Lapsed},
		{Account, SSO, Lapsed, Lapsed, Lapsed, Lapsed},
		{Nobody, SSO, Lapsed, Lapsed, Lapsed, Lapsed},
	}
}

// InactiveRows is the table while single sign-on is off or in set-up, whatever the
// switches say: nothing that is not active has an effect on a login.
func InactiveRows() []Row {
	return []Row{
		{Member, Password, In, In, In, In},
		{Owner, Password, In, In, In, In},
		{External, Password, In, In, In, In},
		{Account, Password, Own, Own, Own, Own},
		{Member, SSO, Inactive, Inactive, Inactive, Inactive},
		{Nobody, SSO, Inactive, Inactive, Inactive, Inactive},
	}
}

// Column is one setting of the two switches.
type Column struct {
	Name                   string
	RequireSSO, IdPManaged bool
	// SSOFirst is whether an address on D is offered single sign-on before all else.
	SSOFirst bool
}

// Columns in the order of a Row's fields.
func Columns() []Column {
	return []Column{
		{"both off", false, false, false},
		{"require on, managed off", true, false, true},
		{"require off, managed on", false, true, true},
		{"both on", true, true, true},
	}
}

// In is the row's outcome in the column with that index.
func (r Row) In(column int) Outcome {
	return [...]Outcome{r.BothOff, r.RequireOn, r.ManagedOn, r.BothOn}[column]
}
