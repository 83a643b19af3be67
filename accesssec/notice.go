package accesssec

import (
	"context"
	"time"
)

// Notifier carries a notice to a person: by mail, as a rule. It is called from the
// outbox, by [Service.Run] and [Service.Tick], never while a request waits. A notice
// is delivered at least once: after an error, a panic or an instance that died it
// comes again with the same ID, later and later (after 30 seconds, then twice as long
// up to an hour), until it expires. That it was dropped is then in the log of its org.
//
// Up to eight are delivered at once, so an implementation is safe for concurrent use,
// and one that fails or hangs keeps no other waiting. ctx ends after 30 seconds, or with
// the context of Run and Tick; nil says that the notice was delivered, whenever it
// comes. The error goes to Options.Log and to the caller of Tick: keep the notice's text
// and values out of it, for they may hold a secret.
type Notifier interface {
	Notify(ctx context.Context, n Notice) error
}

// Notice is one message to one person. Subject and Text are English and ready to be
// sent: plain text, to be escaped by whoever puts it into HTML, Subject a single line. A
// host that has words of its own goes by Template and Values.
type Notice struct {
	ID       string // the same at each delivery of one notice
	Template Template
	Values   map[string]string // what Subject and Text were made of; [Templates] lists the keys
	OrgID    string            // the org it is about; "" none
	UserID   string            // whom it is for; "" where there is no account, and with an invitation, which tells nothing of accounts
	To       string            // the address of the account; that of an invitation, or of a mail somebody asked for, may be one that was typed
	Subject  string
	Text     string
	Expires  time.Time // from then on it is not delivered any more
}

// Template names what a notice is about. It is stable: hosts may match it.
type Template string

// The templates. [Templates] has their texts.
const (
	TemplateSSOBypassed       Template = "sso_bypassed"
	TemplateSettingsChanged   Template = "settings_changed"
	TemplateConnectionChanged Template = "connection_changed"

	TemplateDomainVerified       Template = "domain_verified"
	TemplateDomainMissing        Template = "domain_missing"
	TemplateDomainRecovered      Template = "domain_recovered"
	TemplateDomainLapsed         Template = "domain_lapsed"
	TemplateDomainExpired        Template = "domain_expired"
	TemplateDomainContesting     Template = "domain_contesting"
	TemplateDomainContested      Template = "domain_contested"
	TemplateDomainReleased       Template = "domain_released"
	TemplateDomainCarved         Template = "domain_carved"
	TemplateDomainWithdrawn      Template = "domain_withdrawn"
	TemplateDomainWidened        Template = "domain_widened"
	TemplateMetadataChanged      Template = "metadata_changed"
	TemplateMetadataFailed       Template = "metadata_failed"
	TemplateMetadataExpired      Template = "metadata_expired"
	TemplateCertificatePromoted  Template = "certificate_promoted"
	TemplateCertificateStillUsed Template = "certificate_still_used"
	TemplateCertificateExpiring  Template = "certificate_expiring"

	TemplateFactorAdded      Template = "factor_added"
	TemplateFactorChanging   Template = "factor_changing"
	TemplateFactorRemoved    Template = "factor_removed"
	TemplateFactorLocked     Template = "factor_locked"
	TemplateFactorReset      Template = "factor_reset"
	TemplateFactorResetAsked Template = "factor_reset_asked"
	TemplateRecoveryUsed     Template = "recovery_used"
	TemplateRecoveryRenewed  Template = "recovery_renewed"
	TemplateDeviceRemembered Template = "device_remembered"

	TemplateInvitation      Template = "invitation"
	TemplateAccessRequested Template = "access_requested"
	TemplateAccessGranted   Template = "access_granted"
	TemplateAccessDeclined  Template = "access_declined"
)
