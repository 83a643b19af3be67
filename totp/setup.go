package totp

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest names of a [Setup], in characters: apps cut what is longer.
const (
	maxIssuer  = 64
	maxAccount = 254 // an email address (RFC 5321, section 4.5.3.1)
)

// Setup is what a person needs to bring the factor into their app. It holds the secret.
type Setup struct {
	redacted
	held func() setup
}

type setup struct {
	uri, secret string
}

// Setup tells the app whose factor it is: issuer is the product, account the person's
// address or name. Either may be in any script; ":" would part them elsewhere and is
// refused, and so is what can't be seen. [ErrSecret] when s is none; [ErrConfirmed] when the
// factor is live: its secret has been shown, and is not shown again.
//
// A QR code holds a link of 2331 bytes, in which every byte beyond ASCII takes three and
// the issuer stands twice. The longest names in ASCII fit, and any address of 254 bytes
// beside an issuer of 64 Chinese characters; for what does not fit the error says which of
// the two to shorten.
//
// The URI is that of the Key URI Format, with everything percent-encoded that could be
// read otherwise (RFC 3986, section 2.3).
func (e Enrollment) Setup(issuer, account string, s Secret) (Setup, error) {
	issuer, account = strings.TrimSpace(issuer), strings.TrimSpace(account)
	if err := checkName("issuer", issuer, maxIssuer); err != nil {
		return Setup{}, err
	}
	if err := checkName("account", account, maxAccount); err != nil {
		return Setup{}, err
	}
	switch {
	case e.e.Period <= 0:
		return Setup{}, errors.New("totp: no enrolment")
	case e.e.Confirmed:
		return Setup{}, ErrConfirmed
	}
	secret, err := s.base32()
	if err != nil {
		return Setup{}, err
	}
	issuer, account = escape(issuer), escape(account)
	uri := fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%d&period=%d",
		issuer, account, secret, issuer, e.e.Algorithm, e.e.Digits, e.e.Period)
	if len(uri) > longestLink {
		what := "account"
		if 2*len(issuer) > len(account) {
			what = "issuer"
		}
		return Setup{}, fmt.Errorf("totp: a QR code holds a link of %d bytes, and this one has %d: shorten the %s (percent-encoding makes three bytes of one)",
			longestLink, len(uri), what)
	}
	v := setup{uri: uri, secret: secret}
	return Setup{held: func() setup { return v }}, nil
}

// URI is the otpauth link, which a phone opens in the app. It holds the secret.
func (s Setup) URI() string { return s.get().uri }

// SecretText is the secret in groups of four, for typing it in.
func (s Setup) SecretText() string {
	var b strings.Builder
	for i, c := range s.get().secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// QR is the link as a picture. To draw one takes some ten milliseconds: keep it if it is
// wanted twice. That of the zero Setup is empty.
func (s Setup) QR() QR { return newQR(s.get().uri) }

func (s Setup) get() setup {
	if s.held == nil {
		return setup{}
	}
	return s.held()
}

func checkName(what, name string, longest int) error {
	switch {
	case !strings.ContainsFunc(name, seen):
		return errors.New("totp: the " + what + " is empty")
	case !utf8.ValidString(name) || utf8.RuneCountInString(name) > longest:
		return fmt.Errorf("totp: the %s is no UTF-8, or longer than %d characters", what, longest)
	case strings.Contains(name, ":"):
		return errors.New(`totp: the ` + what + ` has ":" in it, which parts issuer and account`)
	case strings.ContainsFunc(name, unseen):
		return errors.New("totp: the " + what + " has control characters")
	}
	return nil
}

// seen are characters that leave ink: not spaces, and not what only joins or parts others.
func seen(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// unseen are characters that change a line without being seen: controls, the ends of
// lines, and what turns the direction of writing.
func unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// escape leaves alone what RFC 3986, section 2.3, calls unreserved. A space is %20: some
// apps show a plus sign as one.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
