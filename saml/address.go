package saml

import (
	"strings"
	"unicode"
)

// address finds the person's address by the rules of the connection.
func (c *check) address(a *assertion, found *gathered) (string, *Error) {
	switch want := c.rules.Identifier; want {
	case "":
		return usualAddress(a.nameID, found)
	case IdentifierNameID:
		return addressOfNameID(a.nameID)
	default:
		return addressIn(a.attributes, want)
	}
}

// usualAddress prefers attributes: a NameID that looks like an address may be a login
// name that gets no mail, as guests of a directory have. Two attributes that name two
// addresses are refused: people can edit some of their attributes, and which one counts
// is for the admin to say. It may find none.
func usualAddress(name *NameID, found *gathered) (string, *Error) {
	if found.another != "" {
		return "", refuse(CodeIdentifier, "one address", found.email.value+", "+found.another).
			advise("name the attribute that holds the address as the identifier of the connection, or \"NameID\"")
	}
	if found.email.value == "" && !name.Transient() && isMailbox(name.Value) {
		return name.Value, nil
	}
	return found.email.value, nil
}

func addressOfNameID(name *NameID) (string, *Error) {
	switch {
	case name.Transient():
		return "", refuse(CodeIdentifier, "an address as NameID", "a NameID of format "+name.Format).
			advise("a transient NameID is another one at each sign-in: have the provider send the address as a NameID of format emailAddress or persistent, or name an attribute as the identifier of the connection")
	case isGuest(name.Value):
		return "", refuse(CodeIdentifier, "an address as NameID", name.Value).advise(adviseGuest)
	case !isAddress(name.Value):
		return "", refuse(CodeIdentifier, "an address as NameID", name.Value)
	}
	return name.Value, nil
}

// adviseGuest is about the user principal name of a guest in a Microsoft directory.
const adviseGuest = "this is the login name of a guest and no address: send the mail attribute (user.mail) instead of the user principal name"

func addressIn(all []attribute, want string) (string, *Error) {
	values := merge([][]string{find(all, want)})
	expected := "one address in " + want
	switch {
	case len(values) == 0 && len(all) == 0:
		return "", refuse(CodeIdentifier, expected, "no attributes at all").
			advise("the provider sends no attributes: add a mapping for the attribute that the connection names as identifier, or make \"NameID\" the identifier")
	case len(values) == 0:
		return "", refuse(CodeIdentifier, expected, strings.Join(names(all), ", "))
	case len(values) > 1:
		return "", refuse(CodeIdentifier, expected, strings.Join(values, ", "))
	case isGuest(values[0]):
		return "", refuse(CodeIdentifier, expected, values[0]).advise(adviseGuest)
	case !isAddress(values[0]):
		return "", refuse(CodeIdentifier, expected, values[0])
	}
	return values[0], nil
}

// isGuest knows the user principal name that Microsoft's directories make for a guest:
// the address with "_" for "@", then #EXT#, then a domain that gets no mail.
func isGuest(s string) bool {
	const mark = "#ext#"
	for i := 0; i+len(mark) <= len(s); i++ {
		if equalASCII(s[i:i+len(mark)], mark) {
			return true
		}
	}
	return false
}

func isMailbox(s string) bool { return isAddress(s) && !isGuest(s) }

// isAddress accepts the dot-atom form of RFC 5322 with a domain of two labels or
// more, and letters of any script in both (RFC 6531). It tells an address from a login
// name and no more: whether two are the same is for the caller, who has one way to
// compare them.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > 254 || len(local) > 64 {
		return false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" {
			return false
		}
		for _, r := range atom {
			if !wordRune(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) {
				return false
			}
		}
	}
	labels := 0
	for label := range strings.SplitSeq(domain, ".") {
		labels++
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !wordRune(r) && r != '-' {
				return false
			}
		}
	}
	return labels > 1
}

// wordRune is a letter or a digit, with the marks that some scripts put on them.
func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r > unicode.MaxASCII && unicode.IsMark(r)
}
