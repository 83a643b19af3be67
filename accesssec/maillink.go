package accesssec

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

const (
	mailMark = "m1."
	// mailName stands where an address key does, and is none.
	mailName = "mail\x00"
	// mostCodes is how many codes may be typed for one mail.
	mostCodes = 5
)

// mailLink is what one mail opens, once. It is owned by the account that there was when the
// mail was written, "" none, and keyed by the hash of the link's token. That of a MailSignIn
// has the browser that asked as its id, so that a browser has one; it is there also where no
// mail was sent, with a token and a code that nobody has, or who types codes could tell.
type mailLink struct {
	For     MailFor `json:"for"`
	Address string  `json:"address"` // it was sent to
	OrgID   string  `json:"org,omitempty"`
	Invite  string  `json:"invite,omitempty"`
	After   string  `json:"after,omitempty"`
	Log     string  `json:"log,omitempty"`   // the org whose log has it
	Proof   string  `json:"proof,omitempty"` // of the account's password at that moment, which may be none
	Was     string  `json:"was,omitempty"`   // of a MailAddress: the address of the account
	Code    string  `json:"code,omitempty"`  // a hash of the code, which nobody can try without the browser's secret
	Tries   int     `json:"tries,omitempty"`
}

var mailLinks = collection[mailLink]{"mail_link"}

// openLink is a link that was found.
type openLink struct{ kept[mailLink] }

// mailLinkID is that of the one link of its kind to an address, or of an account.
func mailLinkID(what MailFor, whose string) string {
	sum := hashOf("mail link\x00" + string(what) + "\x00" + whose)
	return hexOf(sum[:])
}

func mailKeyOf(token string) string {
	sum := hashOf(token)
	return hexOf(sum[:])
}

// in reports whether v is the browser that has asked.
func (l openLink) in(v Visit) bool { return v.id() != "" && l.ID == v.browser(mailName) }

// visit is v on the way that it was on when it asked.
func (l openLink) visit(v Visit) Visit {
	v.OrgID, v.After, v.Invitation, v.invite = l.Value.OrgID, l.Value.After, "", l.Value.Invite
	return v
}

// over is how all links are refused that open nothing.
func (v Visit) over() *Refusal { return v.refused(CodeLinkOver, nil) }

// keepLink keeps a link that was asked for at that time, in place of the one of that id, and
// returns its token. Where somebody has asked again by now, and was answered first, that link
// stays, and this token opens nothing.
func (c *change) keepLink(ctx context.Context, id, owner string, asked time.Time, v mailLink) (token string, err error) {
	l, err := mailLinks.get(ctx, c, "", id)
	if errors.Is(err, store.ErrNotFound) {
		l, err = mailLinks.fresh("", id, "", asked, time.Time{}, v), nil
	}
	if err != nil {
		return "", err
	}
	token = newSecret(mailMark)
	if asked.Before(l.At) {
		return token, nil
	}
	l.Key, l.Owner, l.At, l.ExpiresAt, l.Value = mailKeyOf(token), owner, asked, c.now.Add(v.For.lasts()), v
	return token, mailLinks.put(ctx, c, l)
}

// opened is the link with that token: CodeLinkOver for one that is over, used, unknown or for
// something else than one of these (none: whatever it is for).
func (s *Service) opened(ctx context.Context, r store.Reader, v Visit, token string, what ...MailFor) (openLink, error) {
	if !plausible(token, mailMark) {
		return openLink{}, v.over()
	}
	l, err := mailLinks.byKey(ctx, r, mailKeyOf(token))
	if err != nil {
		return openLink{}, orOver(err, v.over())
	}
	if !s.now().Before(l.ExpiresAt) || len(what) > 0 && !slices.Contains(what, l.Value.For) {
		return openLink{}, v.over()
	}
	return openLink{l}, nil
}

// use takes a link that was found, in the transaction that it is for: of two who come with it
// one gets it. Where that is undone the link stays as it was.
func (c *change) use(ctx context.Context, v Visit, l openLink) error {
	took, err := mailLinks.take(ctx, c, l.Key)
	if err != nil {
		return orOver(err, v.over())
	}
	if took.ID != l.ID || took.Value.For != l.Value.For || !c.now.Before(took.ExpiresAt) {
		return v.over()
	}
	return settle(ctx, c, mailCountersOf(v, l.Value.Address))
}

// bookUse counts that somebody comes with a link, before anything is looked at that costs.
func (s *Service) bookUse(ctx context.Context, v Visit, l openLink) error {
	return traced(s.book(ctx, acceptCounters(l.Key)), v)
}

// comingBy are the facts of the person who comes by a link to an account: CodeLinkOver unless
// it is the one that there was, under the address and with the password of then.
func (s *Service) comingBy(ctx context.Context, r store.Reader, v Visit, l openLink) (facts, error) {
	return s.comingWith(ctx, r, v, l, l.Value.For.attempt())
}

func (s *Service) comingWith(ctx context.Context, r store.Reader, v Visit, l openLink, by policy.Attempt) (facts, error) {
	a, err := domainclaim.ParseAddress(l.Value.Address)
	if err != nil {
		return facts{}, err
	}
	f, err := s.passwordFacts(ctx, r, v, a, by)
	if err == nil && (f.user.ID == "" || !l.holds(f.user)) {
		return f, v.over()
	}
	return f, err
}

// holds reports whether the account is still what it was when the mail was written.
func (l openLink) holds(u store.User) bool {
	return u.ID == l.Owner && subtle.ConstantTimeCompare([]byte(l.Value.Proof), []byte(passwordProof(u))) == 1
}

// Link signs in by a link of a MailSignIn: in the browser that has asked, once. The second
// factor is asked after it, as after a password. Refusals: CodeLinkOver; CodeBrowser in another
// browser, with what to do there; those of the policy, which is asked again.
//
// Who has the mail has the mailbox, so an account that nobody has proven is theirs from then on,
// and is emptied first of all that somebody else may have left in it.
func (i *SignIn) Link(ctx context.Context, v Visit, token string) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	l, err := s.opened(ctx, s.store, v, token, MailSignIn)
	if err != nil {
		return Step{}, err
	}
	if !l.in(v) {
		no := v.refused(CodeBrowser, nil)
		no.Say = "This link works in the browser in which you asked for it. Open it there, or type the code of the mail there."
		return Step{}, no
	}
	if err := s.bookUse(ctx, v, l); err != nil {
		return Step{}, err
	}
	return s.byLink(ctx, v, l)
}

// LinkCode is Link by the code of the mail, typed into the browser that has asked. Blanks,
// hyphens and the case of letters count for nothing. Each is counted before it is looked at,
// and after five the link is over. Refusals: CodeWrongCode, CodeLinkOver, CodeConflict when two
// are typed at once.
func (i *SignIn) LinkCode(ctx context.Context, v Visit, code string) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	if v.id() == "" {
		return Step{}, v.over()
	}
	k, err := mailLinks.get(ctx, s.store, "", v.browser(mailName))
	if err != nil {
		return Step{}, orOver(err, v.over())
	}
	if k.Value.For != MailSignIn || !s.now().Before(k.ExpiresAt) || k.Value.Tries >= mostCodes {
		return Step{}, v.over()
	}
	folded := foldCode(code)
	if folded == "" {
		return Step{}, v.refused(CodeWrongCode, nil) // it can't be right, so it is no try
	}
	k.Value.Tries++
	if k, err = bookIn(ctx, s, k); err != nil {
		return Step{}, traced(err, v)
	}
	l := openLink{k}
	if subtle.ConstantTimeCompare([]byte(codeHash(v.codeSecret(), folded)), []byte(l.Value.Code)) != 1 {
		return Step{}, s.wrongLinkCode(ctx, v, l)
	}
	return s.byLink(ctx, v, l)
}

// wrongLinkCode refuses alike for an account and for none, with the same work.
func (s *Service) wrongLinkCode(ctx context.Context, v Visit, l openLink) error {
	a, err := domainclaim.ParseAddress(l.Value.Address)
	if err != nil {
		return err
	}
	e := v.by(audit.LoginRefused, stranger(a))
	e.Facts = []audit.Fact{fact("method", string(policy.Link)), count("tries", l.Value.Tries)}
	return s.refused(ctx, refuse(CodeWrongCode, "wrong code of a link").inOrg(l.Value.Log, e))
}

// byLink signs in whoever has shown the link, or its code, in its browser.
func (s *Service) byLink(ctx context.Context, v Visit, l openLink) (Step, error) {
	v = l.visit(v)
	user, err := s.store.User(ctx, l.Owner)
	if err != nil {
		return Step{}, orOver(err, v.over())
	}
	if err := s.bookChallenge(ctx, v, user); err != nil {
		return Step{}, traced(err, v)
	}
	var out outcome
	err = s.change(ctx, func(c *change) error {
		out = outcome{}
		if err := c.use(ctx, v, l); err != nil {
			return err
		}
		by := policy.Attempt{Method: policy.Link}
		f, err := s.comingWith(ctx, c, v, l, by)
		if err != nil {
			return err
		}
		if !f.user.AddressVerified {
			u := f.user
			if err := c.claimAccount(ctx, f.logOrg(), &u, v); err != nil {
				return err
			}
			if err := c.UpdateUser(ctx, u); err != nil {
				return err
			}
			a := f.asked.address
			if f, err = s.passwordFacts(ctx, c, v, a, by); err != nil {
				return err
			}
		}
		out, err = s.admit(ctx, c, f, proof{visit: v, began: l.At})
		return err
	})
	if err != nil {
		return Step{}, traced(err, v)
	}
	return out.step(v), nil
}

// claimAccount empties an account that nobody has proven, for who has shown that the mailbox is
// theirs. The caller updates the record.
func (c *change) claimAccount(ctx context.Context, orgID string, u *store.User, v Visit) error {
	if u.AddressVerified {
		return nil
	}
	return c.empty(ctx, orgID, u, v.by(audit.UserCleared, actorOf(*u)))
}

// codeSecret is the part of the browser's secret that codes are hashed with.
func (v Visit) codeSecret() string {
	sum := hashOf("link code\x00" + v.id())
	return hexOf(sum[:])
}

func codeHash(secret, folded string) string {
	sum := hashOf("link code\x00" + secret + "\x00" + folded)
	return hexOf(sum[:])
}

// foldCode is a typed code as it is compared: eight characters of Crockford's base 32, or "" for
// what can't be one.
func foldCode(code string) string {
	if len(code) > 64 {
		return ""
	}
	code = strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(code))
	if len(code) != 8 || strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
		return ""
	}
	return code
}
