package domainclaim

import (
	"fmt"
	"slices"
	"strings"
)

// hint says in plain English what was seen and what to do. It decides nothing.
func (c Claim) hint(outcome Outcome, replies []reply, ours []string) string {
	records := c.Records()
	wanted := fmt.Sprintf("a TXT record at %s with the value %s", records[apex].Name, records[apex].Value)
	switch outcome {
	case Present:
		return "The record was found. Leave it in place: it is looked for again and again."
	case Absent:
		return fmt.Sprintf("No record was found. Add %s. A new record can take from minutes to a day until it is seen everywhere.", wanted)
	case Mismatch:
		return c.hintMismatch(wanted, replies, ours)
	}
	if len(replies) == 0 {
		return "No DNS server is configured, so nothing could be looked up. This is for the operator of this service to fix."
	}
	return "DNS gave no usable answer, so nothing is known about the record, and nothing changes. " + trouble(replies)
}

func (c Claim) hintMismatch(wanted string, replies []reply, ours []string) string {
	seen := quote(printable(ours[0], maxShown))
	for _, r := range replies {
		if r.record == apex && slices.ContainsFunc(r.Values, func(v string) bool { return bare(v) == c.Token }) {
			return fmt.Sprintf("The token stands alone at %s. There it needs the text before it too: publish %s.", c.Name, wanted)
		}
	}
	for _, v := range ours {
		if c.Token != "" && strings.Contains(v, c.Token) {
			return fmt.Sprintf("The token was found with other text around it: %s. The value must be exactly %s.", quote(printable(v, maxShown)), c.prefix()+c.Token)
		}
		if c.Token != "" && strings.Contains(foldASCII(v), c.Token) {
			return fmt.Sprintf("The token was found in capital letters: %s. The value must be exactly %s.", quote(printable(v, maxShown)), c.prefix()+c.Token)
		}
	}
	for _, v := range ours {
		if strings.HasPrefix(bare(v), c.prefix()) {
			return fmt.Sprintf("The token found belongs to another claim, or to an older one on this domain: %s. Add %s.", quote(printable(v, maxShown)), wanted)
		}
	}
	return fmt.Sprintf("A record was found, but not with the value of this claim: %s. Add %s.", seen, wanted)
}

func hintDoubled(c Claim) string {
	return fmt.Sprintf("The record was found at %s.%s: the DNS panel has added the domain by itself. Type %q as the name of the record.",
		c.challenge(), c.Name, strings.TrimSuffix(c.challenge(), "."+c.Name))
}

// trouble names what went wrong, each kind once.
func trouble(replies []reply) string {
	var codes []Code
	for _, r := range replies {
		if !r.ok && !slices.Contains(codes, r.Code) {
			codes = append(codes, r.Code)
		}
	}
	says := make([]string, 0, len(codes))
	for _, code := range codes {
		says = append(says, reason(code))
	}
	return strings.Join(says, " ")
}

func reason(code Code) string {
	switch code {
	case CodeServFail:
		return "A server failed to find out (SERVFAIL): the domain's name servers or its DNSSEC signatures may be broken."
	case CodeRefused:
		return "A server refused to answer (REFUSED): the domain may point to name servers that do not know it."
	case CodeTimeout:
		return "A server did not answer in time (TIMEOUT)."
	case CodeTruncated:
		return "The answer was cut short (TRUNCATED): the name may have too many TXT records."
	case CodeAliasLoop:
		return "The aliases of the name lead in a circle or too far (CNAME_LOOP): check its CNAME records."
	case CodeLame:
		return "A server answered for another (LAME): the domain's name servers may be set up wrongly."
	case CodeNetwork:
		return "A server could not be reached (NETWORK)."
	}
	return "A server gave an answer that could not be used (" + printable(string(code), maxShown) + ")."
}
