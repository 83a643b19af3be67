// Package policy decides how a person may come in. It is pure: it reads no store, no
// clock and no request, and imports nothing of ours.
//
// [Decide] is asked twice in every login, before the browser is sent off and again in
// the transaction that makes the session, and whenever a page wants to say why. What
// it decides is written down, cell by cell, in docs/policy.md.
package policy

import "slices"

// Role is a person's role in one org. "" is no member.
type Role string

// The org roles.
const (
	Owner   Role = "owner"
	Admin   Role = "admin"
	Billing Role = "billing"
	Member  Role = "member"
)

// Valid reports whether r is one of the four org roles.
func (r Role) Valid() bool { return r == Owner || r == Admin || r == Billing || r == Member }

// rank orders the roles by what they allow. What is no role is below all of them.
func (r Role) rank() int {
	switch r {
	case Owner:
		return 4
	case Admin:
		return 3
	case Billing:
		return 2
	case Member:
		return 1
	}
	return 0
}

// MayGive reports whether who has r may make somebody next: Owners anything, Admins
// anything but an Owner, others nothing. A role is nobody's to give above their own.
func (r Role) MayGive(next Role) bool {
	return r.Administers() && next.Valid() && r.rank() >= next.rank()
}

// MayChange reports whether who has r may take the role of somebody who is of, or remove
// or disable them: Owners anybody's, Admins that of who is below them. What people do to
// themselves is not asked here.
func (r Role) MayChange(of Role) bool {
	return r == Owner || r.Administers() && r.rank() > of.rank()
}

// Administers reports whether r may see and change access settings.
func (r Role) Administers() bool { return r == Owner || r == Admin }

// one is r with its article, for the trace.
func (r Role) one() string {
	if r.Administers() {
		return "an " + string(r)
	}
	return "a " + string(r)
}

// Method is a way of proving who one is.
type Method string

// The login methods. TOTP, Recovery and Device come second, after one of the first three, and
// never first.
const (
	Password Method = "password"
	Link     Method = "link"   // a link or a code that was sent to the address
	Google   Method = "google" // an OpenID provider that the host has chosen
	SSO      Method = "sso"
	TOTP     Method = "totp"     // a code of an authenticator app
	Recovery Method = "recovery" // a recovery code
	Device   Method = "device"   // a browser that is remembered from a sign-in with a code
)

// Own reports whether m is a way by which a person shows by themselves who they are, with no
// org vouching for them.
func (m Method) Own() bool { return m == Password || m == Link || m == Google }

// shown is what the trace calls what was shown.
func (m Method) shown() string {
	switch m {
	case Link:
		return "a link by mail"
	case Google:
		return "the OpenID provider's word"
	}
	return "a password"
}

// SSOState is the state of an org's single sign-on.
type SSOState string

// Only SSOActive has an effect on anybody's login.
const (
	SSOOff    SSOState = "off"
	SSOSetup  SSOState = "setup"
	SSOActive SSOState = "active"
)

// DomainState is the state of the claim on a person's domain.
type DomainState string

// A pending or released claim is DomainUnclaimed: claiming alone locks nobody out.
const (
	DomainUnclaimed DomainState = ""
	DomainVerified  DomainState = "verified"
	DomainMissing   DomainState = "missing" // the record is gone, for less than the grace
	DomainLapsed    DomainState = "lapsed"  // no longer proven, and nobody else's yet
	// DomainSuspended is proven, and has no effect while the org that holds it has its
	// sign-on from another. Like a lapsed one it opens nothing, and keeps closed what is.
	DomainSuspended DomainState = "suspended"
)

// Org is what one org has decided and can do, loaded once however many people are
// asked about. For an org governed by another, all but ID and Name are the other's.
type Org struct {
	ID, Name      string
	GovernedBy    string // id of the admin org that holds its domains and sign-on; "" itself
	SSO           SSOState
	Connection    string // id of the active connection; "" none
	RequireSSO    bool
	IdPManaged    bool
	BlockExternal bool // with RequireSSO: people on nobody's or another org's domain stay out

	// What follows is the org's own, also when another governs it.
	Methods       []Method // by which its members come in besides SSO; empty: all of Input.Ways. Owners and Admins may use a password all the same
	RequireFactor bool     // a second factor; without effect while SSO is active
	Devices       bool     // a remembered browser counts as a second factor
}

// requiresFactor reports whether the org's second factor has an effect.
func (o *Org) requiresFactor() bool { return o != nil && o.RequireFactor && o.SSO != SSOActive }

// requires reports whether the org's require-SSO has an effect.
func (o *Org) requires() bool { return o != nil && o.SSO == SSOActive && o.RequireSSO }

// manages reports whether the org's IdP-managed access has an effect.
func (o *Org) manages() bool { return o != nil && o.SSO == SSOActive && o.IdPManaged }

// governedBy reports whether owner's rules are o's rules.
func (o *Org) governedBy(owner *Org) bool {
	return o != nil && owner != nil && (o.ID == owner.ID || o.GovernedBy == owner.ID)
}

// Person is what is known of who asks. The zero value is a stranger.
type Person struct {
	Address   string // for the trace only
	Known     bool   // there is an account
	Disabled  bool
	Role      Role // in the target org
	OwnerRole Role // in the org that owns the domain; of a member that is disabled there: Member
	Governed  bool // a member of an org that the one which owns the domain governs; asked only where nothing else says that its rules hold
	Suspended bool // disabled in the target org: Role counts as Member, and does not let them in
	Invited   Role // by an invitation into the target org that they have shown; "" none
	Factor    FactorState
	Grace     bool // may come in without the second factor that Target requires, for now
}

// Attempt is how they try. A zero Method asks what is allowed.
type Attempt struct {
	Method     Method
	Connection string // with SSO: the connection that vouches
	Second     Method // what they have shown besides: TOTP, Recovery, Device, or "" for nothing yet
}

// Input is one question. Owner is the org that owns the person's domain and Target
// the one they want; either may be nil, and both may be the same org.
type Input struct {
	Owner, Target *Org
	Domain        string      // of the person's address, for the trace
	State         DomainState // of Owner's claim on it
	OnTarget      bool        // Target, or who governs it, has a claim on the domain too: a lapsed one, or one on a parent
	Former        bool        // Target, or who governs it, had a claim on the domain, which ended when Owner has proven it
	Ways          []Method    // that the host offers besides SSO; empty: Password
	Person        Person
	Attempt       Attempt
}

// offers reports whether the host has that way in.
func (in Input) offers(m Method) bool {
	if len(in.Ways) == 0 {
		return m == Password
	}
	return slices.Contains(in.Ways, m)
}

// ways are those that the host has.
func (in Input) ways() []Method {
	if len(in.Ways) == 0 {
		return []Method{Password}
	}
	return in.Ways
}

// External reports whether the person's address is on no domain of the target org or
// of the org that governs it, be its claim verified, missing or lapsed.
func (in Input) External() bool {
	return in.Target != nil && !in.OnTarget && (in.Owner == nil || !in.Target.governedBy(in.Owner))
}

// Decision is the answer.
type Decision struct {
	Allow      bool
	OwnAccount bool // allowed, but into the person's own account and not into Target
	Create     bool // allowed, and the person is to be made a member of Target first: as Invited, else as Member
	Bypass     bool // allowed although SSO is required, for the person is Owner or Admin
	SetUp      bool // allowed, but into nothing but setting up a second factor
	Grace      bool // allowed although Target requires a second factor, and there is none
	Reason     Reason
	Next       Next     // what would help, or what comes first
	Allows     []Method // all that would be allowed, if need be with a second factor; to a stranger: what may be offered by domain alone
	Trace      []Step   // in order; the last step carries Reason
}

// Next is what a page should offer.
type Next string

// The next steps.
const (
	NextNone     Next = ""
	NextPassword Next = "password"
	NextSSO      Next = "sso"
	NextFactor   Next = "second_factor" // to show it
	NextSetUp    Next = "set_up_factor" // with SetUp
	NextOrg      Next = "choose_org"    // say which org is wanted
	NextLink     Next = "link_login"    // prove that an account is yours, to link another way in to it
)

// Reason says why, in a word that is stable.
type Reason string

// The reasons of a [Decision]. Allowed and Bypassed come with Allow, all others without.
const (
	Allowed            Reason = "allowed"
	Bypassed           Reason = "bypass"
	Ask                Reason = "ask" // a zero Method: nothing was tried
	SSORequired        Reason = "sso_required"
	ExternalBlocked    Reason = "external_blocked"
	NotMember          Reason = "not_member"
	PersonDisabled     Reason = "person_disabled"
	MemberDisabled     Reason = "member_disabled" // in the org, and nowhere else
	DomainUnowned      Reason = "domain_unowned"
	DomainOfAnother    Reason = "domain_of_another"
	DomainIsLapsed     Reason = "domain_lapsed"
	DomainIsSuspended  Reason = "domain_suspended"
	ConnectionInactive Reason = "connection_inactive"
	MethodUnknown      Reason = "method_unknown"
	MethodOff          Reason = "method_off"    // the org has switched it off
	FactorAsked        Reason = "second_factor" // all else allows
)

// Step is one sentence of the trace and the reason it gives.
type Step struct {
	Reason Reason
	Text   string
}
