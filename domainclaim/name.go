package domainclaim

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// The longest name and label in bytes, RFC 1035 section 2.3.4, without the root, and
// the longest text that is looked at: a name may be longer before it is converted.
const (
	maxName  = 253
	maxLabel = 63
	maxTyped = 1024
)

// Name is a domain that may be claimed. The zero Name is none. Names made by
// [ParseName] are comparable: the same domain is the same value.
type Name struct{ ascii string }

// NameOptions changes what [ParseName] refuses. The zero value is the strict default.
type NameOptions struct {
	// Refuse refuses further names, such as those of a longer list of mail
	// providers. It gets the A-label form.
	Refuse func(ascii string) bool
	// Allow lifts the lists of mail providers and tenant domains for a name. It
	// lifts no other rule, and Refuse is asked all the same.
	Allow func(ascii string) bool
	// AllowPrivate accepts names at and under suffixes of the private division of
	// the public suffix list, such as github.io, whose operators hand out names.
	AllowPrivate bool
}

// ParseName reads a domain that an organisation wants to claim. It converts to
// A-labels first (UTS #46, non-transitional) and compares only then, drops one
// trailing dot, and refuses what cannot be claimed: see the codes of [NameError],
// which is the type of the error.
func ParseName(s string, opts *NameOptions) (Name, error) {
	if opts == nil {
		opts = &NameOptions{}
	}
	ascii, fault := parseName(s)
	if fault == nil {
		fault = refuse(ascii, opts)
	}
	if fault != nil {
		fault.Name = printable(s, maxShown)
		return Name{}, fault
	}
	return Name{ascii}, nil
}

// String is the name as A-labels in lower case, without trailing dot.
func (n Name) String() string { return n.ascii }

// Display is the name for a person to read: the A-label form, and before it the
// Unicode form where that is another, because a letter of another script can look
// like a familiar one.
func (n Name) Display() string { return display(n.ascii) }

// Candidates are the name and its parents below the public suffix, most specific
// first. They never cross a public suffix, private ones included.
func (n Name) Candidates() []string {
	if n.ascii == "" {
		return nil
	}
	return candidates(n.ascii)
}

// NameCode says why a name was refused.
type NameCode string

// The codes of a [NameError].
const (
	NameEmpty         NameCode = "empty"
	NameSyntax        NameCode = "syntax"
	NameTooLong       NameCode = "too_long"
	NameIP            NameCode = "ip"
	NameSingleLabel   NameCode = "single_label"
	NameWildcard      NameCode = "wildcard"
	NamePublicSuffix  NameCode = "public_suffix"  // is one, such as co.uk or github.io
	NamePrivateSuffix NameCode = "private_suffix" // is under a private one
	NameNotICANN      NameCode = "not_icann"      // under no suffix that ICANN knows
	NameFreeMail      NameCode = "free_mail"      // at or under a mail provider for everybody
	NameTenant        NameCode = "tenant"         // lent by a provider to its customer
	NameRefused       NameCode = "refused"        // by NameOptions.Refuse
)

// NameError says why a name was refused.
type NameError struct {
	Code NameCode
	Name string // as typed, cut to 100 bytes, control characters replaced
	Hint string // for a person, in English
}

func (e *NameError) Error() string {
	return "domainclaim: name " + quote(e.Name) + " refused: " + e.Hint
}

func parseName(s string) (string, *NameError) {
	switch {
	case s == "" || s == ".":
		return "", &NameError{Code: NameEmpty, Hint: "type a domain, such as example.com"}
	case len(s) > maxTyped:
		return "", &NameError{Code: NameTooLong, Hint: "a domain has at most 253 characters"}
	case strings.HasPrefix(s, "*."):
		return "", &NameError{Code: NameWildcard, Hint: "type the domain without the star"}
	case strings.ContainsAny(s, "/@"):
		return "", &NameError{Code: NameSyntax, Hint: "type the domain alone, without https:// and without anything before or after it"}
	}
	ascii, fault := toASCII(s)
	if fault != nil {
		return "", fault
	}
	ascii = strings.TrimSuffix(ascii, ".")
	if fault := checkLabels(ascii); fault != nil {
		return "", fault
	}
	return ascii, nil
}

// toASCII converts to A-labels in lower case. Case is folded by the conversion and
// never before it: folding first would make other letters into ASCII ones.
func toASCII(s string) (string, *NameError) {
	if !utf8.ValidString(s) {
		return "", &NameError{Code: NameSyntax, Hint: "the domain is not valid UTF-8"}
	}
	if strings.ContainsFunc(s, blank) {
		return "", &NameError{Code: NameSyntax, Hint: "the domain contains a space or an invisible character"}
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return "", &NameError{Code: NameIP, Hint: "type a domain, not an IP address"}
	}
	ascii, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return "", &NameError{Code: NameSyntax, Hint: "the domain contains a character that domains cannot have"}
	}
	if !strings.Contains(ascii, "xn--") {
		return ascii, nil
	}
	// One name, one spelling: what does not come back the same has two.
	wide, err := idna.Lookup.ToUnicode(ascii)
	if err == nil {
		wide, err = idna.Lookup.ToASCII(wide)
	}
	if err != nil || wide != ascii {
		return "", &NameError{Code: NameSyntax, Hint: "the domain contains an xn-- part that stands for nothing"}
	}
	return ascii, nil
}

// checkLabels checks what IDNA leaves open: lengths, empty labels, characters, and
// names that programs read as IP addresses.
func checkLabels(ascii string) *NameError {
	if ascii == "" {
		return &NameError{Code: NameEmpty, Hint: "type a domain, such as example.com"}
	}
	if len(ascii) > maxName {
		return &NameError{Code: NameTooLong, Hint: "a domain has at most 253 characters"}
	}
	last := ""
	for label := range strings.SplitSeq(ascii, ".") {
		switch {
		case label == "":
			return &NameError{Code: NameSyntax, Hint: "the domain has two dots in a row, or one at its beginning or end"}
		case len(label) > maxLabel:
			return &NameError{Code: NameTooLong, Hint: "between two dots a domain has at most 63 characters"}
		case label[0] == '-' || label[len(label)-1] == '-':
			return &NameError{Code: NameSyntax, Hint: "a part of a domain neither begins nor ends with a hyphen"}
		}
		for i := range len(label) {
			c := label[i]
			if c != '-' && (!asciiAlnum(c) || 'A' <= c && c <= 'Z') {
				return &NameError{Code: NameSyntax, Hint: "a domain has letters, digits, hyphens and dots only"}
			}
		}
		last = label
	}
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return &NameError{Code: NameIP, Hint: "type a domain, not an IP address"}
	}
	return nil
}

// refuse holds a well-formed name to what may be claimed.
func refuse(ascii string, opts *NameOptions) *NameError {
	suffix, icann := publicsuffix.PublicSuffix(ascii)
	private := !icann && strings.Contains(suffix, ".")
	allowed := opts.Allow != nil && opts.Allow(ascii)
	switch {
	case icann && suffix == ascii, private && suffix == ascii && !opts.AllowPrivate:
		return &NameError{Code: NamePublicSuffix, Hint: "everybody can register names under this domain; type your own"}
	case !strings.Contains(ascii, "."):
		return &NameError{Code: NameSingleLabel, Hint: "type the whole domain, such as example.com"}
	case !icann && !private:
		return &NameError{Code: NameNotICANN, Hint: "this domain is not under an ending of the public DNS"}
	case !allowed && listed(freeMail, ascii):
		return &NameError{Code: NameFreeMail, Hint: "everybody can get an address of this mail provider, so no organisation can claim it"}
	case !allowed && listed(tenants, ascii):
		return &NameError{Code: NameTenant, Hint: "a provider lends this domain to its customers; claim the domain that you own"}
	case private && suffix != ascii && !opts.AllowPrivate:
		return &NameError{Code: NamePrivateSuffix, Hint: "the operator of " + suffix + " hands out names like this one; claim a domain that you own"}
	case opts.Refuse != nil && opts.Refuse(ascii):
		return &NameError{Code: NameRefused, Hint: "this domain cannot be claimed here"}
	}
	return nil
}

// candidates takes an A-label name in lower case.
func candidates(ascii string) []string {
	top, err := publicsuffix.EffectiveTLDPlusOne(ascii)
	if err != nil { // a public suffix itself
		return []string{ascii}
	}
	names := []string{ascii}
	for name := ascii; name != top; {
		_, name, _ = strings.Cut(name, ".")
		names = append(names, name)
	}
	return names
}

func display(ascii string) string {
	if !strings.Contains(ascii, "xn--") {
		return ascii
	}
	wide, err := idna.Lookup.ToUnicode(ascii)
	if err != nil || wide == ascii {
		return ascii
	}
	return wide + " (" + ascii + ")"
}
