package filter

import "strings"

// String is p as it is written.
func (p Path) String() string {
	if p.URN == "" && p.Sub == "" {
		return p.Name
	}
	s := p.URN
	if p.Name != "" {
		if s != "" {
			s += ":"
		}
		s += p.Name
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

// splitPath reads a path. With bare the last part of a URN need not be the name of an
// attribute: what it then means, [Lookup] is asked.
func splitPath(s string, bare bool) (Path, bool) {
	p, rest := Path{}, s
	if colon := strings.LastIndexByte(s, ':'); colon >= 0 {
		p.URN, rest = s[:colon], s[colon+1:]
		if !isURN(p.URN) {
			return Path{}, false
		}
	}
	name, sub, dotted := strings.Cut(rest, ".")
	if isName(name) && (!dotted || isName(sub)) {
		p.Name, p.Sub = name, sub
		return p, true
	}
	if bare && p.URN != "" && isURN(s) {
		return Path{URN: s}, true
	}
	return Path{}, false
}

// isName reports whether s is an ATTRNAME (RFC 7643, section 2.1), of which "$ref" is one.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '$':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '_'):
		default:
			return false
		}
	}
	return s != ""
}

// isURN reports whether s is made of what a URI is made of, but for what ends a path.
func isURN(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("-._~:/?#@!$&'*+,;=%", c) >= 0:
		default:
			return false
		}
	}
	return s != "" && s[0] != ':' && s[len(s)-1] != ':'
}
