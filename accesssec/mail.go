package accesssec

import (
	"context"
	"errors"
	"time"
)

// MailFor is what somebody asks a mail for.
type MailFor string

// The mails that [SignIn.SendMail] sends.
const (
	MailSignIn   MailFor = "sign_in"  // a link and a code that sign in the browser that has asked: ten minutes
	MailPassword MailFor = "password" // a link by which a password is set, or another: an hour
	MailSignUp   MailFor = "sign_up"  // a link by which an account is made: a day
	mailAddress  MailFor = "address"  // by which an address is changed: see Me.ChangeAddress
)

// SendMail has a mail sent to the address. It answers alike, and does the same work, whoever
// the address belongs to: what becomes of it is decided in the background ([Service.Run]), and
// who may not come in that way, or has no account, is sent nothing, or what helps them. Refusals:
// CodeAddress, CodeLocked, CodeNoMail, CodeNotOffered; policy.SSORequired with NextSSO and the
// step's Connection where the domain sends everybody to single sign-on, which is said of the
// domain alone.
func (i *SignIn) SendMail(ctx context.Context, v Visit, address string, what MailFor) error {
	return errors.ErrUnsupported
}

// Mailed is what a page shows to who has opened the link of a mail. It changes nothing: mail
// scanners open links too.
type Mailed struct {
	For     MailFor
	Address string
	Expires time.Time
	Here    bool // this is the browser that has asked: MailSignIn works in no other
	Account bool // there is an account with the address, that somebody has proven
	OrgName string
}

// Mailed reads a link: CodeLinkOver for one that is over, used or unknown.
func (i *SignIn) Mailed(ctx context.Context, v Visit, token string) (Mailed, error) {
	return Mailed{}, errors.ErrUnsupported
}

// Link signs in by a link of a MailSignIn: in the browser that has asked, once. The second
// factor is asked after it, as after a password.
func (i *SignIn) Link(ctx context.Context, v Visit, token string) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// LinkCode is Link by the code of the mail, typed into the browser that has asked. Refusals:
// CodeWrongCode, CodeLocked, CodeLinkOver.
func (i *SignIn) LinkCode(ctx context.Context, v Visit, code string) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// SetPassword sets a password by a link of a MailPassword, in any browser, once, and goes on as
// a sign-in with it: the second factor is asked, and so is the policy. All that was signed in
// is signed out, and whoever waits for a code waits in vain.
func (i *SignIn) SetPassword(ctx context.Context, v Visit, token, password string) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// SignUp makes an account by a link of a MailSignUp, with the address as proven, and signs in.
func (i *SignIn) SignUp(ctx context.Context, v Visit, token string, who Newcomer) (Step, error) {
	return Step{}, errors.ErrUnsupported
}

// SendPasswordLink mails the person a link by which they set a password, and come back to
// after: for those who have none, and are asked for one ([Me.Prove]: CodeNoPassword).
func (m *Me) SendPasswordLink(ctx context.Context, after string) error {
	return errors.ErrUnsupported
}

// ChangeAddress has a link sent to a new address, by which whoever has its mailbox makes it the
// account's: an hour. It wants a proof ([Me.Prove]). It is refused while the address is on a
// domain that an org holds of which the person is a member (CodeAddressManaged): it is theirs
// to change there. To an address that has an account it answers alike, and sends what says so.
func (m *Me) ChangeAddress(ctx context.Context, address string) error { return errors.ErrUnsupported }

// ConfirmAddress changes it by the link: the old address is told, and everything that is signed
// in is decided again.
func (i *SignIn) ConfirmAddress(ctx context.Context, v Visit, token string) error {
	return errors.ErrUnsupported
}
