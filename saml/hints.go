package saml

import "strings"

// hint is advice in the words of one product.
type hint struct {
	product Product
	code    Code
	when    string // what Received must hold, ASCII case ignored; "": a refusal without advice of its own
	say     string
}

// advise makes the hint of a refusal as exact as what is known allows: the name of the
// setting in the provider's own console, a value that stands in the wrong place, a
// difference that is easily overlooked. Received text is looked at and never repeated.
// doc may be nil.
func (c *check) advise(e *Error, doc *document) {
	plain := e.Hint == e.Code.row().hint
	if product := c.product(doc); product != "" {
		if say := sayOf(product, e.Code, foldASCII(e.Received), plain); say != "" {
			e.Hint = say
		}
	}
	switch e.Code {
	case CodeIssuer, CodeAudience, CodeDestination, CodeRecipient:
		if note := c.difference(e.Expected, e.Received); note != "" {
			e.Hint += "; " + note
		}
	}
}

// Hint is what an admin does about a code, in the words of the provider's product where
// that is known: for a caller who refuses what Finish has accepted, such as an Identity
// without an address ([CodeIdentifier]). Nil is fine.
func (i *IdP) Hint(code Code) string {
	if say := sayOf(i.Product(), code, "", true); say != "" {
		return say
	}
	return code.row().hint
}

// sayOf finds the row of a product: first one for what was received, then, where nothing
// more exact has been said, the one of the code.
func sayOf(product Product, code Code, received string, plain bool) string {
	say := ""
	for _, h := range hints() {
		if h.product != product || h.code != code {
			continue
		}
		if h.when != "" && strings.Contains(received, h.when) {
			return h.say
		}
		if h.when == "" && plain {
			say = h.say
		}
	}
	return say
}

// difference says how two values differ, when that is one of the usual slips.
func (c *check) difference(expected, received string) string {
	const only = "the two differ only in "
	switch {
	case expected == received || expected == "" || received == "":
		return ""
	case received == c.sp.ACS:
		return "the ACS URL stands there now"
	case received == c.sp.EntityID:
		return "the entity ID of the application stands there now"
	case strings.TrimSuffix(expected, "/") == strings.TrimSuffix(received, "/"):
		return only + "the slash at the end"
	case equalASCII(expected, received):
		return only + "upper and lower case"
	case plainHTTP(expected) == plainHTTP(received):
		return only + "http and https"
	}
	return ""
}

func plainHTTP(s string) string {
	if rest, ok := strings.CutPrefix(s, "https://"); ok {
		return "http://" + rest
	}
	return s
}

// hints are the settings by the names they have in each product, from the documentation
// of its maker or from captured messages.
func hints() []hint {
	var all []hint
	for _, some := range [][]hint{hostedHints(), otherHostedHints(), installedHints()} {
		all = append(all, some...)
	}
	return all
}
