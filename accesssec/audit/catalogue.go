package audit

import "strings"

// Type names what happened: a noun, a dot, a verb. A host's own types begin with
// "host.", for example "host.report_exported".
type Type string

// The types of events. What only looks (opening the log, a list, a preview) is no
// event: it would fill the log with its own readers.
const (
	OrgCreated            Type = "org.created"
	MemberAdded           Type = "member.added"
	UserCreated           Type = "user.created"
	UserProved            Type = "user.proved"
	UserRenamed           Type = "user.renamed"
	UserCleared           Type = "user.cleared"
	UserChanged           Type = "user.changed"
	SessionCreated        Type = "session.created"
	SessionEnded          Type = "session.ended"
	SessionsEnded         Type = "sessions.ended"
	LoginRefused          Type = "login.refused"
	LoginBypassed         Type = "login.bypassed"
	LoginOrgAsked         Type = "login.org_asked"
	LogoutRefused         Type = "logout.refused"
	LogoutAnswered        Type = "logout.answered"
	ProveRefused          Type = "prove.refused"
	LoginChallenged       Type = "login.challenged"
	FactorBegun           Type = "factor.begun"
	FactorAdded           Type = "factor.added"
	FactorRefused         Type = "factor.refused"
	FactorLocked          Type = "factor.locked"
	FactorDisabled        Type = "factor.disabled"
	FactorRecovered       Type = "factor.recovered"
	FactorChanging        Type = "factor.changing"
	FactorRemoved         Type = "factor.removed"
	FactorReset           Type = "factor.reset"
	FactorResetAsked      Type = "factor.reset_asked"
	RecoveryRenewed       Type = "recovery.renewed"
	DomainClaimed         Type = "domain.claimed"
	DomainVerified        Type = "domain.verified"
	DomainChecked         Type = "domain.checked"
	DomainMissing         Type = "domain.missing"
	DomainRecovered       Type = "domain.recovered"
	DomainLapsed          Type = "domain.lapsed"
	DomainExpired         Type = "domain.expired"
	DomainContested       Type = "domain.contested"
	DomainReleased        Type = "domain.released"
	DomainCarved          Type = "domain.carved"
	DomainWithdrawn       Type = "domain.withdrawn"
	DomainWidened         Type = "domain.widened"
	OrgDeleted            Type = "org.deleted"
	MemberRemoved         Type = "member.removed"
	MemberDisabled        Type = "member.disabled"
	MemberEnabled         Type = "member.enabled"
	MemberRoleChanged     Type = "member.role_changed"
	GrantAdded            Type = "grant.added"
	GrantRevoked          Type = "grant.revoked"
	RoleCreated           Type = "role.created"
	RoleChanged           Type = "role.changed"
	RoleDeleted           Type = "role.deleted"
	TeamCreated           Type = "team.created"
	TeamRenamed           Type = "team.renamed"
	TeamChanged           Type = "team.changed"
	TeamDeleted           Type = "team.deleted"
	TeamLinked            Type = "team.linked"
	TeamProvisioned       Type = "team.provisioned"
	MemberLinked          Type = "member.linked"
	MemberProvisioned     Type = "member.provisioned"
	UserAddressChanged    Type = "user.address_changed"
	ServiceAccountCreated Type = "serviceaccount.created"
	ServiceAccountChanged Type = "serviceaccount.changed"
	ServiceAccountDeleted Type = "serviceaccount.deleted"
	InvitationSent        Type = "invitation.sent"
	InvitationCancelled   Type = "invitation.cancelled"
	InvitationAccepted    Type = "invitation.accepted"
	AccessRequested       Type = "access.requested"
	AccessAnswered        Type = "access.answered"
	SSOLinkOffered        Type = "sso.link_offered"
	SSOLinkCancelled      Type = "sso.link_cancelled"
	SSOLinked             Type = "sso.linked"
	SSOUnlinked           Type = "sso.unlinked"
	DomainTransferred     Type = "domain.transferred"
	SCIMTokenCreated      Type = "scim.token_created"
	SCIMTokenRevoked      Type = "scim.token_revoked"
	SCIMTokenExpiring     Type = "scim.token_expiring"
	SCIMChanged           Type = "scim.changed"
	DNSDoubted            Type = "dns.doubted"
	DNSTrusted            Type = "dns.trusted"
	ConnectionCreated     Type = "connection.created"
	ConnectionConfigured  Type = "connection.configured"
	ConnectionEnabled     Type = "connection.enabled"
	ConnectionDisabled    Type = "connection.disabled"
	ConnectionRemoved     Type = "connection.removed"
	MetadataChanged       Type = "metadata.changed"
	MetadataFailed        Type = "metadata.failed"
	CertificateAdded      Type = "certificate.added"
	CertificateRemoved    Type = "certificate.removed"
	CertificatePromoted   Type = "certificate.promoted"
	CertificateStillUsed  Type = "certificate.still_used"
	CertificateExpiring   Type = "certificate.expiring"
	SettingsChanged       Type = "settings.changed"
	ChangeRefused         Type = "change.refused"
	NoticeDropped         Type = "notice.dropped"
	PasswordChanged       Type = "password.changed"
	PasswordSet           Type = "password.set"
	MailRequested         Type = "mail.requested"
	MailWithheld          Type = "mail.withheld"
	LoginLinked           Type = "login.linked"
	LoginUnlinked         Type = "login.unlinked"
	LoginLinkAsked        Type = "login.link_asked"
	AddressAsked          Type = "address.asked"
	AddressChanged        Type = "address.changed"
	DeviceRemembered      Type = "device.remembered"
	HostEvent             Type = "host.event"
)

// hostPrefix begins the types that hosts name themselves.
const hostPrefix = "host."

// Severity says how soon a person should look. It is not part of an event's bytes:
// what happened stays, how grave it is may be judged anew.
type Severity string

// The severities.
const (
	Info   Severity = "info"
	Notice Severity = "notice"
	High   Severity = "high"
)

// Entry is one line of the catalogue.
type Entry struct {
	Type     Type
	Severity Severity
	Sentence string // English
}

var entries = [...]Entry{
	{OrgCreated, Info, "An organization was created."},
	{MemberAdded, Info, "A person became a member of the organization."},
	{UserCreated, Info, "An account was created."},
	{UserProved, Info, "A signed-in person proved again who they are."},
	{UserRenamed, Info, "The name of an account was changed."},
	{UserCleared, Notice, "An account whose address nobody had verified was emptied of all ways in before it was linked to its owner."},
	{UserChanged, Notice, "The application changed or removed an account, and what that person was signed in to was decided anew."},
	{SessionCreated, Info, "A person signed in."},
	{SessionEnded, Info, "A session was ended."},
	{SessionsEnded, Notice, "All sessions of a person or a connection were ended."},
	{LoginRefused, Notice, "A sign-in was refused."},
	{LoginBypassed, High, "An Owner or Admin signed in with a password although single sign-on is required."},
	{LoginOrgAsked, Info, "A person whom single sign-on has vouched for was asked which of their organizations they want, and is not signed in yet."},
	{LogoutRefused, Notice, "A message that claimed to come from an identity provider, to end sessions or about their end, was refused."},
	{LogoutAnswered, Info, "An identity provider said whether the session of a person who has signed out is over there as well."},
	{ProveRefused, Notice, "A signed-in person failed to prove again who they are."},
	{LoginChallenged, Info, "A person was asked for their second factor, after a right password."},
	{FactorBegun, Info, "A person began to set up a second factor."},
	{FactorAdded, Notice, "A person set up a second factor, which takes the place of the one before."},
	{FactorRefused, Notice, "A code of a second factor was refused."},
	{FactorLocked, Notice, "Too many codes in a row were wrong: the second factor refuses all codes for a time."},
	{FactorDisabled, High, "A hundred codes in a row were wrong: the second factor is disabled."},
	{FactorRecovered, High, "A recovery code was used in place of a second factor."},
	{FactorChanging, Notice, "A person asked to set up another second factor at their next sign-in."},
	{FactorRemoved, High, "A person removed their second factor."},
	{FactorReset, High, "The second factor of a person was reset."},
	{FactorResetAsked, High, "An Owner or Admin asked a person to confirm that their second factor be reset."},
	{RecoveryRenewed, Notice, "A person made new recovery codes; the old ones are worthless."},
	{DomainClaimed, Notice, "The organization claimed a domain."},
	{DomainVerified, Notice, "A domain was verified as the organization's own."},
	{DomainChecked, Notice, "The record of a verified domain is still missing."},
	{DomainMissing, High, "The record of a verified domain is gone; the domain lapses when it stays away for a week."},
	{DomainRecovered, Notice, "The record of a verified domain is back."},
	{DomainLapsed, High, "The record of a domain was gone for a week: the domain is verified no more, and single sign-on on it has stopped."},
	{DomainExpired, Info, "A claim on a domain was not proven in time, and was given up."},
	{DomainContested, High, "The proof for a domain is there, and another organization holds the domain."},
	{DomainReleased, High, "A lapsed claim on a domain ended, because another organization has proven the domain."},
	{DomainCarved, High, "Another organization has verified a domain below one of this organization, whose claim covers it no more."},
	{DomainWithdrawn, High, "The organization gave up its claim on a domain."},
	{DomainWidened, High, "The organization made its claim on a domain count for the domains below it."},
	{OrgDeleted, High, "An organization was deleted, with its log."},
	{MemberRemoved, High, "A person was removed from the organization, or left it."},
	{MemberDisabled, High, "A member was disabled, and can't come into the organization."},
	{MemberEnabled, Notice, "A member who was disabled can come into the organization again."},
	{MemberRoleChanged, High, "A member got another role in the organization."},
	{GrantAdded, Notice, "A role was granted, or when the grant ends was changed."},
	{GrantRevoked, Notice, "A grant of a role was taken back."},
	{RoleCreated, Notice, "A custom role was made."},
	{RoleChanged, High, "What a custom role allows was changed."},
	{RoleDeleted, High, "A custom role was deleted, and who had it got another role or none."},
	{TeamCreated, Info, "A team was made."},
	{TeamRenamed, Info, "A team got another name."},
	{TeamChanged, Notice, "People were put into a team, or taken out of it."},
	{TeamDeleted, Notice, "A team was deleted, with what was granted to it."},
	{TeamLinked, High, "A team is kept by the identity provider from now on: it pushes a group of that name."},
	{TeamProvisioned, Info, "The identity provider changed what it says of a team beyond its name and its people."},
	{MemberLinked, Notice, "A member is kept by the identity provider from now on: it has found them, and provisions them."},
	{MemberProvisioned, Info, "The identity provider changed what it says of a member."},
	{UserAddressChanged, High, "The identity provider changed the address of an account, from one on a verified domain of the organization to another."},
	{ServiceAccountCreated, Notice, "A service account was made."},
	{ServiceAccountChanged, Notice, "The name or the purpose of a service account was changed."},
	{ServiceAccountDeleted, Notice, "A service account was deleted, with what was granted to it."},
	{InvitationSent, Notice, "A person was invited into the organization."},
	{InvitationCancelled, Notice, "An invitation was called back."},
	{InvitationAccepted, Info, "A person took up an invitation."},
	{AccessRequested, Notice, "A person asked to be let into the organization."},
	{AccessAnswered, Notice, "A request to be let in was granted or declined."},
	{SSOLinkOffered, High, "An Owner made a code by which another organization can have its sign-on from this one."},
	{SSOLinkCancelled, Notice, "The codes that waited to be used, by which another organization could have had its sign-on from this one, were made worthless."},
	{SSOLinked, High, "An organization has its sign-on from another one from now on; its own rests."},
	{SSOUnlinked, High, "An organization has its own sign-on again."},
	{DomainTransferred, High, "A domain was handed over from one organization to another that shares its sign-on."},
	{SCIMTokenCreated, High, "A token was made by which an identity provider can provision the organization's people."},
	{SCIMTokenRevoked, High, "A token for provisioning was revoked."},
	{SCIMTokenExpiring, Notice, "A token for provisioning is about to end, and an identity provider depends on it."},
	{SCIMChanged, High, "How the organization is provisioned was changed: the profile, who is shown, or the roles that groups give."},
	{DNSDoubted, High, "So many records of domains vanished at once that absences are not believed for now."},
	{DNSTrusted, Notice, "Records of domains no longer vanish in numbers, and absences are believed again."},
	{ConnectionCreated, Notice, "A single sign-on connection was created."},
	{ConnectionConfigured, High, "The settings of a single sign-on connection were changed."},
	{ConnectionEnabled, High, "A single sign-on connection was switched on."},
	{ConnectionDisabled, High, "A single sign-on connection was switched off."},
	{ConnectionRemoved, High, "A single sign-on connection was removed, with its settings and its key."},
	{MetadataChanged, High, "The settings of a single sign-on connection were changed by the metadata that it follows."},
	{MetadataFailed, Notice, "The metadata that a connection follows can't be read, or is another provider's; what it said last is kept."},
	{CertificateAdded, High, "A certificate was added to those by which a connection believes its identity provider."},
	{CertificateRemoved, High, "A certificate was removed from those by which a connection believes its identity provider."},
	{CertificatePromoted, Notice, "An identity provider signs with its next certificate, which has become the current one."},
	{CertificateStillUsed, Notice, "A certificate that was retired goes on to verify logins, and stays trusted while it does."},
	{CertificateExpiring, Notice, "A certificate of an identity provider is about to expire, or has expired."},
	{SettingsChanged, High, "The access settings of the organization were changed."},
	{ChangeRefused, Notice, "A change of access settings was refused."},
	{NoticeDropped, Notice, "A message to a person was given up: it could not be delivered before it expired."},
	{PasswordChanged, Notice, "A person changed their password."},
	{PasswordSet, High, "A password was set by a link that was sent to the account's address."},
	{MailRequested, Info, "Somebody asked for a mail by which to sign in, to make an account or to set a password, and it was sent."},
	{MailWithheld, Notice, "Somebody asked for a mail by which to sign in, to make an account or to set a password, and it was not sent."},
	{LoginLinked, High, "Another way to sign in was linked to an account."},
	{LoginUnlinked, Notice, "A way to sign in was taken away from an account."},
	{LoginLinkAsked, Info, "Somebody whose address an OpenID provider has verified was asked to prove that the account with that address is theirs, and is not signed in yet."},
	{AddressAsked, Notice, "A person asked to change the address of their account."},
	{AddressChanged, High, "A person changed the address of their account, and proved the new one."},
	{DeviceRemembered, Notice, "A browser was remembered: it stands in for the code of a second factor for a time."},
	{HostEvent, Info, "The application recorded an event of its own."},
}

// Catalogue lists every type. The slice is the caller's.
func Catalogue() []Entry { return append([]Entry(nil), entries[:]...) }

// Lookup finds the entry of t. For a host's own type it is that of [HostEvent] under
// t's name. It is false for a type that this release does not know.
func Lookup(t Type) (Entry, bool) {
	for i := range entries {
		if entries[i].Type == t {
			return entries[i], true
		}
	}
	if rest, ok := strings.CutPrefix(string(t), hostPrefix); ok && rest != "" && wellFormed(t) {
		e, _ := Lookup(HostEvent)
		e.Type = t
		return e, true
	}
	return Entry{}, false
}

// wellFormed holds for up to 64 lower-case letters, digits, dots and underscores.
func wellFormed(t Type) bool {
	for _, c := range []byte(t) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' {
			return false
		}
	}
	return t != "" && len(t) <= maxToken
}
