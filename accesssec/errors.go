package accesssec

import (
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
)

// Refusal is the one error that a host shows. Say is for the person and gives nothing
// away; Detail and Fix are for an Owner or Admin, who come to see them where the host
// shows them.
//
// The log has the Code and the Trace of what was refused, but for what can't be read as
// an address or a domain, what only asks for a proof first, and attempts beyond a limit:
// who is locked out shall not fill the log.
type Refusal struct {
	Code       Code
	Say        string
	Detail     string
	Fix        string
	Next       policy.Next   // "" or what would help
	Connection string        // with policy.NextSSO, where that is known: what SignIn.StartSSO wants
	OrgName    string        // and whose sign-on it is
	Trace      string        // what a person can read out, and support can look for
	RetryAfter time.Duration // with CodeLocked
	After      string        // where the person was going, if that is known: a SafePath
	Err        error         // *saml.Error, *domainclaim.NameError ...; nil when the code says it all

	// Bounce, if any, is a sign-in that was started in place of what was refused: send
	// the browser there and show nothing. The person did nothing wrong.
	Bounce *saml.Bounce

	target string // the org that somebody was on their way into
	orgID  string
	event  audit.Event // recorded when the refusal leaves; zero: not worth a line
	flood  bool        // one of so many that no more of them are kept
}

// Error names the code and no more, fit for any log.
func (r *Refusal) Error() string { return "accesssec: refused: " + string(r.Code) }

// Unwrap gives what lies beneath.
func (r *Refusal) Unwrap() error { return r.Err }

// Code is why something was refused. It is stable: hosts may match it.
type Code string

// The codes of accesssec itself. Those of a decision are policy's reasons, those of a
// SAML response come from [SAMLCode].
const (
	CodeWrongPassword   Code = "wrong_password"
	CodeLocked          Code = "locked"
	CodeAddress         Code = "address"
	CodeBrowser         Code = "browser"
	CodeReplay          Code = "replay"
	CodeNoConnection    Code = "no_connection"
	CodeReconfigured    Code = "reconfigured"
	CodeSignedOut       Code = "signed_out"
	CodeNotAllowed      Code = "not_allowed"
	CodeProve           Code = "prove"
	CodeNoPassword      Code = "no_password"
	CodeDomainName      Code = "domain_name"
	CodeDomainTaken     Code = "domain_taken"
	CodeDomainUnproven  Code = "domain_unproven"
	CodeDomainClaimed   Code = "domain_claimed"
	CodeDomainLimit     Code = "domain_limit"
	CodeSettings        Code = "settings"
	CodePreviewStale    Code = "preview_stale"
	CodeConfiguration   Code = "configuration"
	CodeNotFound        Code = "not_found"
	CodeMember          Code = "member"
	CodeUnproven        Code = "unproven"
	CodeConflict        Code = "conflict"
	CodeNotFresh        Code = "not_fresh"
	CodeDNS             Code = "dns"
	CodeSubject         Code = "subject"
	CodeActive          Code = "active"
	CodePasswordRules   Code = "password_rules"
	CodeInUse           Code = "in_use"
	CodeAnotherIsActive Code = "another_is_active"
	CodeNamesManaged    Code = "names_managed"
	CodeNotEntitled     Code = "not_entitled"
	CodeMetadataExpired Code = "metadata_expired"
	CodeWrongCode       Code = "wrong_code"
	CodeFactorDisabled  Code = "factor_disabled"
	CodeFactorExpired   Code = "factor_expired"
	CodeFactorLive      Code = "factor_live"
	CodeNoFactor        Code = "no_factor"
	CodeOwnFactor       Code = "own_factor"
	CodeHalfOver        Code = "half_over"
	CodeSetUp           Code = "set_up_factor"
	CodeLinkOver        Code = "link_over"
	CodeCantTell        Code = "cant_tell"
	CodeAbove           Code = "above"
	CodeLastOwner       Code = "last_owner"
	CodeConfirm         Code = "confirm"
	CodeRole            Code = "role"
	CodeRoleLimit       Code = "role_limit"
	CodeName            Code = "name"
	CodeActions         Code = "actions"
	CodePurpose         Code = "purpose"
	CodeTeamName        Code = "team_name"
	CodeTeamManaged     Code = "team_managed"
	CodeInvited         Code = "invited"
	CodeRequested       Code = "requested"
	CodeLinkCode        Code = "link_code"
	CodeShared          Code = "shared"
	CodeNotShared       Code = "not_shared"
	CodeLentDomain      Code = "lent_domain"
	CodeAccount         Code = "account"
	CodeNoMail          Code = "no_mail"
	CodeTime            Code = "time"
	CodeSCIMDomain      Code = "scim_domain"
	CodeSCIMInvite      Code = "scim_invite"
	CodeNotOffered      Code = "not_offered"
	CodeAddressManaged  Code = "address_managed"
	CodeOpenID          Code = "openid"
	CodeLinked          Code = "linked"
	CodePasswordReused  Code = "password_reused"
	CodeLastWay         Code = "last_way"
)

// SAMLCode is the code for a response that package saml refuses with c.
func SAMLCode(c saml.Code) Code { return "saml_" + Code(c) }

// text is what everybody may hear of a code, and what would mend it.
type text struct{ say, fix string }

const (
	sayTryAgain = "That did not work. Start the sign-in again; if it keeps failing, give its code to your administrator."
	sayAdmin    = "Your organization's sign-in service sent an answer that can't be accepted. Give the code of this attempt to your administrator."
)

// texts has a row for every code but those of SAML. A test holds it to that.
var texts = map[Code]text{
	CodeWrongPassword:   {"The address or the password is wrong.", "Check the spelling of the address and of the password."},
	CodeLocked:          {"Too many attempts. Wait a little before you try again.", "Wait; the count is forgotten after about a day, and most of it after a success. Many of these for one address mean that somebody is guessing."},
	CodeAddress:         {"This is not a usable email address.", "Have the identity provider send the person's plain email address, as the NameID or as the attribute email."},
	CodeBrowser:         {sayTryAgain, "The answer came back in another browser than the one that asked, or its cookies are blocked. Start again in one browser and allow cookies."},
	CodeReplay:          {sayTryAgain, "This answer was used before. Going back in the browser does that; otherwise somebody has a copy of it."},
	CodeNoConnection:    {"There is no such sign-in.", "Check the postback URL in the identity provider against the one in the settings."},
	CodeReconfigured:    {sayTryAgain, "The connection was changed while somebody signed in through it. Start again."},
	CodeSignedOut:       {"You are signed out.", "Sign in again."},
	CodeNotAllowed:      {"Only an Owner or Admin of the organization may do this.", "Ask an Owner or Admin."},
	CodeProve:           {"Please confirm that it is you.", "Enter the password again, or sign in anew by single sign-on; that is good for five minutes."},
	CodeNoPassword:      {"This account has no password to confirm with.", "Confirm by a fresh single sign-on."},
	CodeDomainName:      {"This domain can't be claimed.", "Claim a domain that the organization has registered itself."},
	CodeDomainTaken:     {"This domain is verified by another organization.", "Ask support: one of the two organizations has to give the domain up."},
	CodeDomainUnproven:  {"The DNS record was not found.", "Add the record exactly as shown and keep it; DNS may need a while to show it."},
	CodeDomainClaimed:   {"This organization has claimed that domain already.", "Use the claim that is there."},
	CodeDomainLimit:     {"Too many domains of this organization wait to be verified.", "Verify some of them, or withdraw their claims."},
	CodeSettings:        {"These settings can't be switched on as they are.", "See what the preview lists, and settle it first."},
	CodePreviewStale:    {"Something changed since the preview was shown.", "Look at the preview again and confirm it."},
	CodeConfiguration:   {"The sign-on settings are not complete.", "See the detail; metadata XML from the identity provider fills in all of them."},
	CodeNotFound:        {"This is not here any more.", "Load the page again."},
	CodeMember:          {"This person is a member already.", "Nothing is to be done."},
	CodeUnproven:        {"There is an account with this address, and nobody has proven that the address is theirs.", "Have the person prove the address first, or vouch for it (Person.Verified)."},
	CodeConflict:        {"Somebody else changed this at the same moment.", "Load the page and try again."},
	CodeNotFresh:        {"Your identity provider did not ask you to sign in again.", "Have the identity provider honour ForceAuthn for this application."},
	CodeSubject:         {sayAdmin, "The identity provider names this person otherwise than before, or by what belongs to somebody else. Check whose the NameID and the email attribute are; when the NameID was changed for everybody, let the connection forget the old ones."},
	CodeActive:          {"This connection is active.", "Switch it off first."},
	CodeDNS:             {"DNS could not be asked. That says nothing about the record.", "Try again later; see what the check saw."},
	CodePasswordRules:   {"This password can't be used.", "Choose another one: the detail says what is wrong with it."},
	CodeInUse:           {"This can't be done while single sign-on is needed.", "Switch off require SSO and IdP-managed access first."},
	CodeAnotherIsActive: {"Another sign-on is active.", "Switch the other connection off first."},
	CodeMetadataExpired: {"Single sign-on for your organization is interrupted. Ask your administrator.", "Publish the metadata of the identity provider anew, signed and with a later validUntil, and have it read again; or configure the connection by hand."},
	CodeNamesManaged:    {"Your name is kept by your organization.", "Change the name at the identity provider."},
	CodeNotEntitled:     {"Your organization's plan does not include this.", "Ask support for a plan that includes it. What is on already stays on, and can be switched off."},

	CodeWrongCode:      {"This code is wrong.", "Type the code that the app shows now; each is good once. See that the phone sets its clock by itself. A recovery code works as well."},
	CodeFactorDisabled: {"Codes of your app are not accepted any more.", "Too many in a row were wrong. The person signs in with a recovery code and sets up the app anew, or an Owner or Admin resets their second factor."},
	CodeFactorExpired:  {"Setting up took too long. Begin again.", "A new second factor waits ten minutes for its first code, in the session that has begun it."},
	CodeFactorLive:     {"A second factor is set up already.", "Change it: at the next sign-in the old one is asked for, and then a new one is set up."},
	CodeNoFactor:       {"There is no second factor to do this with.", "Start the sign-in again."},
	CodeOwnFactor:      {"Your own second factor is yours to change.", "Change it with a code or a recovery code, or ask another Owner or Admin."},
	CodeHalfOver:       {"This sign-in took too long, or was ended. Start it again.", "Start at the sign-in page, in one browser, with cookies allowed. Too many wrong codes end it as well."},
	CodeSetUp:          {"Set up a second factor to go on.", "Scan the code with an authenticator app, and type what it shows."},
	CodeLinkOver:       {"This link does not work any more.", "Ask for a new one. A link is good once, for ten minutes to a day by what it is for, and in the browser that has asked where it signs in."},
	CodeCantTell:       {"This person can't be asked.", "They are in other organizations as well, so they have to confirm it from a verified address, by a message. Ask support."},

	CodeAbove:          {"You may not do this.", "It takes somebody with more rights: nobody gives what they don't have themselves, and only an Owner makes, changes or removes an Owner or Admin."},
	CodeLastOwner:      {"An organization needs an Owner.", "Make somebody else an Owner first, one who can sign in."},
	CodeConfirm:        {"Type the name of the organization to confirm.", "It has to be typed exactly as it is shown."},
	CodeRole:           {"There is no such role.", "Choose one of the roles that are listed."},
	CodeRoleLimit:      {"The organization has too many of these.", "Delete one that is not needed any more."},
	CodeName:           {"This name can't be used.", "Choose a name of 1 to 100 characters, on one line, that no other one has."},
	CodeActions:        {"A role allows at least one thing.", "Choose one or more of the actions that are listed."},
	CodePurpose:        {"Say what it is for.", "Give a purpose of 1 to 500 characters: whoever reviews access later goes by it."},
	CodeTeamName:       {"This name can't be used.", "Choose a name of at most 100 characters that no other team has."},
	CodeTeamManaged:    {"The identity provider keeps this team.", "Change it there; it is taken over from there."},
	CodeInvited:        {"This person is invited already.", "Send the invitation again, or call it back first."},
	CodeRequested:      {"You have asked already.", "An Owner or Admin will answer."},
	CodeLinkCode:       {"This code does not work.", "Have an Owner of the other organization make a new one. A code is good for a day, and once."},
	CodeShared:         {"This organization has its sign-on from another one.", "Change it there, or end the link first."},
	CodeAccount:        {"You have an account with this address. Sign in to it.", "The invitation is taken up by signing in; nobody gets a new password by it."},
	CodeNoMail:         {"This needs a message to be sent, and none can be.", "The application has to set Options.Notify."},
	CodeSCIMDomain:     {"This person is not for this organization to provision.", "Claim and verify the domain of the address, or leave the person out of what the identity provider provisions."},
	CodeSCIMInvite:     {"This person has an account already, and is no member.", "Invite the person. When they have accepted, the next synchronization finds them and links them."},
	CodeNotOffered:     {"This is not offered here.", "The application has this way in switched off (Options.Methods, Options.InviteOnly)."},
	CodeAddressManaged: {"Your address is kept by your organization.", "Change it at the identity provider, or ask an Owner or Admin: the address is on a domain of the organization."},
	CodeOpenID:         {sayTryAgain, "The OpenID provider's answer can't be accepted: see the detail."},
	CodeLastWay:        {"This is the only way in to your account. Set a password first.", "The person sets a password, or links another login, before this one goes."},
	CodeLinked:         {"This login belongs to another account.", "Sign in to that account, and unlink it there first."},
	CodePasswordReused: {"You have used this password before. Choose another one.", "The application keeps people from going back to their last passwords."},
	CodeTime:           {"This time can't be used.", "Choose a time that lies ahead, and not further than it may."},
	CodeLentDomain:     {"This domain goes back to the organization that has brought it along, and to no other.", "End the link with that organization, or hand the domain back to it."},
	CodeNotShared:      {"These organizations don't share their sign-on.", "Link them first."},

	Code(policy.MethodOff):          {"Your organization does not let you sign in this way.", "Sign in by another way. An Owner or Admin chooses the ways in the settings."},
	Code(policy.FactorAsked):        {"Enter the code of your authenticator app.", "Go on with a code or a recovery code."},
	Code(policy.SSORequired):        {"Your organization requires single sign-on.", "Sign in by SSO. Owners and Admins may use a password."},
	Code(policy.ExternalBlocked):    {"This organization lets in people of its own domains only.", "An Owner or Admin can allow external people in the settings."},
	Code(policy.NotMember):          {"You are not a member of this organization. Ask to be invited.", "Invite the person, or switch on IdP-managed access."},
	Code(policy.PersonDisabled):     {"This account is disabled. Ask your administrator.", "The account was disabled by the application."},
	Code(policy.MemberDisabled):     {"You are disabled in this organization. Ask its administrator.", "An Owner or Admin, or the identity provider, has disabled the member."},
	Code(policy.DomainIsSuspended):  {"Single sign-on does not work for this address at the moment. Ask your administrator.", "The organization that holds the domain has its sign-on from another one. Hand the domain over to that one, or end the link."},
	Code(policy.DomainUnowned):      {"Single sign-on does not work for this address.", "Claim and verify the domain of the address, or correct the address in the identity provider."},
	Code(policy.DomainOfAnother):    {"Single sign-on does not work for this address.", "The domain belongs to another organization; its own sign-on lets these people in."},
	Code(policy.DomainIsLapsed):     {"Single sign-on for your organization is interrupted. Ask your administrator.", "Put the DNS record of the domain back and verify it again."},
	Code(policy.ConnectionInactive): {"Single sign-on is not switched on.", "An Owner or Admin can switch the connection on."},
	Code(policy.MethodUnknown):      {"This way to sign in is not offered.", "Choose another way."},
}

// refuse makes a refusal with the sentences of its code. detail may be "".
func refuse(code Code, detail string) *Refusal {
	t := texts[code]
	return &Refusal{Code: code, Say: t.say, Fix: t.fix, Detail: detail}
}

// inOrg adds where the refusal is recorded, and as what.
func (r *Refusal) inOrg(orgID string, e audit.Event) *Refusal {
	r.orgID, r.event, r.Trace = orgID, e, e.Trace
	return r
}

// through adds whose single sign-on would help, where one would: that of who owns the domain.
func (r *Refusal) through(owner *policy.Org) *Refusal {
	if r.Next == policy.NextSSO && owner != nil {
		r.Connection, r.OrgName = owner.Connection, owner.Name
	}
	return r
}

// refuseSAML carries over what saml found wrong. What the person hears is the same for
// all of it.
func refuseSAML(err *saml.Error) *Refusal {
	r := &Refusal{Code: SAMLCode(err.Code), Say: sayAdmin, Fix: err.Hint, Err: err}
	r.Detail = fmt.Sprintf("%s; to be fixed by the %s", err.Code, err.Fix)
	if err.Expected != "" || err.Received != "" {
		r.Detail = fmt.Sprintf("%s: expected %q, received %q; to be fixed by the %s", err.Code, err.Expected, err.Received, err.Fix)
	}
	switch err.Code {
	case saml.CodeUnsolicited, saml.CodeRequestUnknown, saml.CodeRequestExpired:
		r.Say, r.Next = sayTryAgain, policy.NextSSO
	}
	return r
}

// refuseDecision carries over what policy decided.
func refuseDecision(d policy.Decision) *Refusal {
	r := refuse(Code(d.Reason), "")
	if n := len(d.Trace); n > 0 {
		r.Detail = d.Trace[n-1].Text
	}
	r.Next = d.Next
	return r
}

// IsRefusal reports whether err is a refusal with this code.
func IsRefusal(err error, code Code) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == code
}
