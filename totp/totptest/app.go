// Package totptest is an authenticator app for tests: it reads an otpauth link as a phone
// does, and shows the code of any time.
//
// It owns its own reading of the Key URI Format and its own arithmetic of RFC 4226 and
// RFC 6238. It shares neither with package totp, so that a test which passes with it says
// something. It refuses links that apps read in different ways, which the apps themselves
// don't. Start with [NewApp].
package totptest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// App is an app that holds one factor. It prints without its secret, and is safe for
// concurrent use as long as nobody writes to its fields.
type App struct {
	Issuer  string // as the app shows it; "" when the link has none
	Account string

	held func() factor // fmt does not look into a function
}

type factor struct {
	secret    []byte
	algorithm string
	digits    int
	period    int64 // seconds
}

func newApp(issuer, account string, f factor) *App {
	return &App{Issuer: issuer, Account: account, held: func() factor { return f }}
}

// NewApp takes in an otpauth link, as a scan of the QR code would. It is an error when
// apps would not agree on what the link says: the issuer's two places differ, a name has a
// separator too many, a "+" in the query, which some read as a space. No error repeats
// anything of the link, since the secret is in it.
func NewApp(uri string) (*App, error) {
	l, err := readLink(uri)
	if err != nil {
		return nil, fmt.Errorf("totptest: link: %w", err)
	}
	return newApp(l.issuer, l.account, l.factor), nil
}

// NewTypedApp takes in a secret that was typed instead of scanned. Such an app knows no
// names, and computes SHA1, six digits, 30 seconds. Spaces and case count for nothing.
func NewTypedApp(secret string) (*App, error) {
	if len(secret) > longest {
		return nil, errors.New("totptest: the secret is too long")
	}
	raw, err := readSecret(strings.ToUpper(strings.ReplaceAll(secret, " ", "")))
	if err != nil {
		return nil, fmt.Errorf("totptest: %w", err)
	}
	return newApp("", "", plain(raw)), nil
}

func plain(secret []byte) factor {
	return factor{secret: secret, algorithm: "SHA1", digits: 6, period: 30}
}

// Ignoring is the same factor in an app that ignores algorithm, digits and period, and
// shows codes of SHA1, six digits, 30 seconds without a word. Google Authenticator is one,
// by its own page on the Key URI Format.
func (a *App) Ignoring() *App {
	return newApp(a.Issuer, a.Account, plain(a.factor().secret))
}

func (a *App) factor() factor {
	if a.held == nil {
		return factor{}
	}
	return a.held()
}

// Code is what the app shows at now: RFC 6238, section 4. It is "" for an App that did not
// come from here, and before 1970.
func (a *App) Code(now time.Time) string {
	f := a.factor()
	if f.secret == nil || now.Unix() < 0 {
		return ""
	}
	return f.hotp(uint64(now.Unix() / f.period))
}

// hotp is RFC 4226, section 5.3, with the hashes of RFC 6238.
func (f factor) hotp(counter uint64) string {
	newHash := sha1.New
	switch f.algorithm {
	case "SHA256":
		newHash = sha256.New
	case "SHA512":
		newHash = sha512.New
	}
	mac := hmac.New(newHash, f.secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, counter))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	number := uint64(binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff)
	modulo := uint64(1)
	for range f.digits {
		modulo *= 10
	}
	return fmt.Sprintf("%0*d", f.digits, number%modulo)
}

// readSecret is base 32 in upper case without padding (RFC 4648, section 6), the one form
// that all apps read.
func readSecret(s string) ([]byte, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
	if err != nil || len(raw) == 0 || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("the secret is no base 32 in upper case without padding")
	}
	return raw, nil
}
