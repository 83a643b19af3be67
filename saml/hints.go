package saml

import "strings"

// hint is advice in the words of one product.
type hint struct {
	product Product
	code    Code
	when    string // what Received must hold, ASCII case ignored; "": a refusal without advice of its own
	say     string
}

// advise makes the hint of a refusal as exact as what is known allows: a value that is
// in the wrong place, a difference that is easily overlooked, or the name of the setting
// in the provider's own console. Received text is looked at and never repeated. doc may be nil.
func (c *check) advise(e *Error, doc *document) {
	plain := e.Hint == e.Code.row().hint
	if say := c.misplaced(e); say != "" && plain {
		e.Hint, plain = say, false
	}
	received := foldASCII(e.Received)
	if product := c.product(doc); product != "" {
		if say := sayOf(product, e.Code, received, plain); say != "" {
			e.Hint = say
		}
	}
	switch e.Code {
	case CodeIssuer, CodeAudience, CodeDestination, CodeRecipient:
		if d := difference(e.Expected, e.Received); d != "" {
			e.Hint += "; the two differ only in " + d
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

// misplaced knows the two values that people mix up.
func (c *check) misplaced(e *Error) string {
	switch e.Code {
	case CodeAudience:
		if e.Received == c.sp.ACS {
			return "the provider has the ACS URL where the entity ID belongs: set the audience (SP entity ID) there to exactly the entity ID shown here"
		}
	case CodeDestination, CodeRecipient:
		if e.Received == c.sp.EntityID {
			return "the provider has the entity ID where the ACS URL belongs: set the ACS URL there to exactly the one shown here"
		}
	}
	return ""
}

// difference names what is easily overlooked; "" when there is more to it than that.
func difference(a, b string) string {
	switch {
	case a == b || a == "" || b == "":
		return ""
	case strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/"):
		return "the slash at the end"
	case equalASCII(a, b):
		return "upper and lower case"
	case strings.TrimPrefix(a, "https://") == strings.TrimPrefix(b, "http://"), strings.TrimPrefix(a, "http://") == strings.TrimPrefix(b, "https://"):
		return "http and https"
	}
	return ""
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
