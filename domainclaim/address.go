package domainclaim

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The longest parts of an address in bytes, RFC 5321 section 4.5.3.1: the path of
// 256 bytes includes its two angle brackets.
const (
	maxAddress = 254
	maxLocal   = 64
)

// Address is an e-mail address that can be compared. Two addresses are the same when
// their Keys are; the == operator compares what was typed. The zero Address is no
// address. Values are immutable and safe for concurrent use.
type Address struct {
	typed, local, domain, key string
}

// ParseAddress reads a bare address, such as "Ann@Example.com". It is the only way
// from text to an Address, and stricter than RFC 5322: one "@", a dot-atom on its
// left (UTF-8 in Unicode form NFC allowed, RFC 6531), a domain of two or more labels
// on its right. Quoted local parts, comments, display names, domain literals, IP
// addresses, a trailing dot, and white space, control or invisible characters
// anywhere are refused, as is what is longer than 254 bytes in all or 64 before the
// "@". The domain need not be one that can be claimed.
//
// The error is an [*AddressError].
func ParseAddress(s string) (Address, error) {
	switch {
	case s == "":
		return Address{}, &AddressError{AddressEmpty, "the address is empty"}
	case len(s) > maxAddress:
		return Address{}, &AddressError{AddressTooLong, "an address has at most 254 bytes"}
	case !utf8.ValidString(s):
		return Address{}, &AddressError{AddressEncoding, "the address is not valid UTF-8"}
	case strings.ContainsFunc(s, blank):
		return Address{}, &AddressError{AddressBlank, "the address contains a space or a control character"}
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || strings.Contains(domain, "@") {
		return Address{}, &AddressError{AddressSyntax, "an address has exactly one @"}
	}
	if err := checkLocal(local); err != nil {
		return Address{}, err
	}
	ascii, err := addressDomain(domain)
	if err != nil {
		return Address{}, err
	}
	// Folding can bring a letter and its mark together (H with a macron below has
	// a composed form in lower case alone), so the key is composed once more.
	key := norm.NFC.String(foldASCII(local)) + "@" + ascii
	if len(key) > maxAddress || len(local)+1+len(ascii) > maxAddress {
		return Address{}, &AddressError{AddressTooLong, "an address has at most 254 bytes"}
	}
	return Address{typed: s, local: local, domain: ascii, key: key}, nil
}

// Key is the form by which addresses are compared and kept unique: the local part
// with the ASCII letters folded to lower case, "@", the domain as [Address.Domain].
// Nothing else is folded: "a+tag" stays, and so does the case of other letters.
// ParseAddress accepts a Key and gives it the same Key.
func (a Address) Key() string { return a.key }

// String is the address as it was typed, for showing.
func (a Address) String() string { return a.typed }

// Mailbox is the form to send mail to: the local part as typed, the domain as
// A-label, so that no mail program maps the domain in its own way.
func (a Address) Mailbox() string {
	if a.key == "" {
		return ""
	}
	return a.local + "@" + a.domain
}

// Local is the part before the "@", as typed.
func (a Address) Local() string { return a.local }

// Domain is the part after the "@" as A-labels in lower case, without trailing dot.
func (a Address) Domain() string { return a.domain }

// Candidates are the names whose claim may cover the address: its domain and the
// parents of it below the public suffix, most specific first. The claim on the first
// of them that covers the address wins. The zero Address has none.
func (a Address) Candidates() []string {
	if a.domain == "" {
		return nil
	}
	return candidates(a.domain)
}

// AddressCode says why an address was refused.
type AddressCode string

// The codes of an [AddressError].
const (
	AddressEmpty    AddressCode = "empty"
	AddressTooLong  AddressCode = "too_long"
	AddressEncoding AddressCode = "encoding" // not UTF-8, or not in Unicode form NFC
	AddressBlank    AddressCode = "blank"    // white space, control or invisible characters
	AddressSyntax   AddressCode = "syntax"
	AddressLocal    AddressCode = "local"  // the part before the @
	AddressDomain   AddressCode = "domain" // the part after the @
)

// AddressError says why an address was refused. It does not repeat the address, so
// that it can be logged.
type AddressError struct {
	Code AddressCode
	Hint string // for a person, in English
}

func (e *AddressError) Error() string { return "domainclaim: address refused: " + e.Hint }

// atextMarks are the characters beside letters and digits that RFC 5322 section
// 3.2.3 lets stand in an atom.
const atextMarks = "!#$%&'*+-/=?^_`{|}~"

// checkLocal holds the part before the @ to the dot-atom of RFC 5322, extended to
// UTF-8 by RFC 6531 section 3.3.
func checkLocal(local string) error {
	switch {
	case local == "":
		return &AddressError{AddressLocal, "there is nothing before the @"}
	case len(local) > maxLocal:
		return &AddressError{AddressTooLong, "the part before the @ has at most 64 bytes"}
	case !norm.NFC.IsNormalString(local):
		return &AddressError{AddressEncoding, "the part before the @ is not in Unicode form NFC"}
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return &AddressError{AddressLocal, "a dot before the @ stands between two other characters"}
	}
	for _, r := range local {
		if !localRune(r) {
			return &AddressError{AddressLocal, "the part before the @ contains a character that is not accepted; quoted parts, comments and names are not"}
		}
	}
	return nil
}

func localRune(r rune) bool {
	if r < utf8.RuneSelf {
		return asciiAlnum(byte(r)) || r == '.' || strings.ContainsRune(atextMarks, r)
	}
	if r == utf8.RuneError || invisible(r) {
		return false
	}
	// A full-width @ or a dot leader becomes a mark with a meaning as soon as some
	// program compares in form NFKC.
	for _, c := range norm.NFKC.String(string(r)) {
		if c < utf8.RuneSelf && !asciiAlnum(byte(c)) && !strings.ContainsRune(atextMarks, c) {
			return false
		}
	}
	return true
}

func addressDomain(domain string) (string, error) {
	if domain == "" {
		return "", &AddressError{AddressDomain, "there is nothing after the @"}
	}
	ascii, fault := toASCII(domain)
	if fault == nil && strings.HasSuffix(ascii, ".") {
		fault = &NameError{Code: NameSyntax, Hint: "a domain ends without a dot"}
	}
	if fault == nil {
		fault = checkLabels(ascii)
	}
	if fault == nil && !strings.Contains(ascii, ".") {
		fault = &NameError{Code: NameSingleLabel, Hint: "a domain has a dot in it"}
	}
	if fault != nil {
		return "", &AddressError{AddressDomain, "after the @: " + fault.Hint}
	}
	return ascii, nil
}

// blank reports what has no place anywhere in an address or a name. The two joiners
// are left to IDNA, which knows where a script needs them.
func blank(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	}
	return invisible(r)
}

// invisible reports characters that print nothing or move what stands beside them,
// and those that this version of Unicode does not know.
func invisible(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r <= ' ' || r == 0x7f
	case r == '\u2800': // the empty braille cell
		return true
	}
	return unicode.In(r, unicode.Z, unicode.C, unicode.Variation_Selector,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

func asciiAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// foldASCII lowers A to Z and leaves every other byte alone: strings.ToLower would
// also turn the Kelvin sign into a k.
func foldASCII(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
