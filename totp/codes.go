package totp

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
)

// crockford is Douglas Crockford's base 32: no I, L, O and U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	codeSize    = 16 // characters of five bits
	codeGroup   = 4
	longestText = 128 // bytes of a code as it is typed
	noCode      = "----------------"
)

// Codes are recovery codes to be shown once: only hashes of them are kept.
type Codes struct {
	redacted
	held func() []string
}

func codesOf(shown []string) Codes { return Codes{held: func() []string { return shown }} }

// newCode has 80 bits, in four groups of four characters.
func newCode() string {
	var random [codeSize]byte
	rand.Read(random[:])
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%codeGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(crockford[r%32])
	}
	return b.String()
}

// plain is a code without what typing adds to it, and "" when it is none.
func plain(code string) string {
	if len(code) > longestText {
		return ""
	}
	var b strings.Builder
	for _, c := range code {
		if filler(c) {
			continue
		}
		switch c = unicode.ToUpper(c); c {
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if !strings.ContainsRune(crockford, c) {
			return ""
		}
		b.WriteRune(c)
	}
	if b.Len() != codeSize {
		return ""
	}
	return b.String()
}

// ParseCodes takes back what [Codes.Show] has given, for a page that offers the codes for
// download without keeping them: at most ten, each in its own form. Anything else is an
// error that does not repeat it.
func ParseCodes(shown []string) (Codes, error) {
	if len(shown) == 0 || len(shown) > setSize {
		return Codes{}, errors.New("totp: want one to ten recovery codes")
	}
	for _, c := range shown {
		if c == "" || grouped(plain(c)) != c {
			return Codes{}, errors.New("totp: no recovery code")
		}
	}
	return codesOf(slices.Clone(shown)), nil
}

func grouped(plain string) string {
	var parts []string
	for group := range slices.Chunk([]byte(plain), codeGroup) {
		parts = append(parts, string(group))
	}
	return strings.Join(parts, "-")
}

// Show is the codes themselves, for the page that shows them once.
func (c Codes) Show() []string {
	if c.held == nil {
		return nil
	}
	return slices.Clone(c.held())
}

// Text is what a person keeps: whose codes they are, of which day, and one on each line.
func (c Codes) Text(issuer, account string, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Recovery codes for %s\nAccount: %s\nMade on: %s\n\nEach code works once.\n\n",
		oneLine(issuer), oneLine(account), at.UTC().Format("2 January 2006"))
	for _, code := range c.Show() {
		b.WriteString(code + "\n")
	}
	return b.String()
}

// Download answers with Text as a file. No header has anything of it, and no cache keeps
// it; see that the request's body and the answer's are in no log of yours.
func (c Codes) Download(w http.ResponseWriter, issuer, account string, at time.Time) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="recovery-codes.txt"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write([]byte(c.Text(issuer, account, at)))
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
