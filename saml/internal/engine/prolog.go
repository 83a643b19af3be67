package engine

import (
	"strings"
)

// prolog takes a byte order mark and an XML declaration of UTF-8 (XML 1.0 section 2.8).
func (r *reader) prolog() *Error {
	if strings.HasPrefix(r.src, "\uFEFF") {
		r.at = len("\uFEFF")
	}
	if !strings.HasPrefix(r.src[r.at:], "<?xml") || !isWhite(r.peek(len("<?xml"))) {
		return nil
	}
	n := strings.Index(r.src[r.at:], "?>")
	if n < 0 {
		return malformed("an XML declaration that does not end")
	}
	rest := r.src[r.at+len("<?xml") : r.at+n]
	r.at += n + len("?>")
	rest, version, ok := pseudo(rest, "version")
	if !ok || version != "1.0" {
		return refuse(XML, "XML 1.0", version)
	}
	if more, encoding, ok := pseudo(rest, "encoding"); ok {
		if !strings.EqualFold(encoding, "UTF-8") || len(encoding) != len("UTF-8") {
			return refuse(XML, "UTF-8", encoding)
		}
		rest = more
	}
	if more, standalone, ok := pseudo(rest, "standalone"); ok {
		if standalone != "yes" && standalone != "no" {
			return malformed("an XML declaration that is none")
		}
		rest = more
	}
	if !white(rest) {
		return malformed("an XML declaration that is none")
	}
	return nil
}

// pseudo reads name="value" behind white space.
func pseudo(in, name string) (rest, value string, ok bool) {
	s := strings.TrimLeft(in, " \t\r\n")
	if len(s) == len(in) || !strings.HasPrefix(s, name) {
		return in, "", false
	}
	s, ok = strings.CutPrefix(strings.TrimLeft(s[len(name):], " \t\r\n"), "=")
	s = strings.TrimLeft(s, " \t\r\n")
	if !ok || len(s) == 0 || s[0] != '"' && s[0] != '\'' {
		return in, "", false
	}
	n := strings.IndexByte(s[1:], s[0])
	if n < 0 {
		return in, "", false
	}
	return s[n+2:], s[1 : n+1], true
}

// instruction reads "<?...?>". An XML declaration in any other place than the first is
// an instruction too, and is refused everywhere.
func (r *reader) instruction() *Error {
	n := strings.Index(r.src[r.at:], "?>")
	body := r.src[r.at+2:]
	if !r.max.Lenient || n < 0 || len(body) < 3 || strings.EqualFold(body[:3], "xml") && !isNameByte(r.peek(5)) {
		return malformed("a processing instruction")
	}
	r.at += n + 2
	return nil
}

func isNameByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '-' || c == '_' || c == '.' || c == ':'
}

// declaration reads "<!...": comments and CDATA sections where they are tolerated.
func (r *reader) declaration() *Error {
	rest := r.src[r.at:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		n := strings.Index(rest[4:], "--")
		if !r.max.Lenient || n < 0 || !strings.HasPrefix(rest[4+n:], "-->") {
			return malformed("a comment")
		}
		r.at += 4 + n + len("-->")
		return nil
	case strings.HasPrefix(rest, "<![CDATA["):
		n := strings.Index(rest, "]]>")
		if !r.max.Lenient || n < 0 || r.open < 0 {
			return malformed("a CDATA section")
		}
		from := r.at + len("<![CDATA[")
		r.at += n + len("]]>")
		return r.add(from, r.at-len("]]>"), literal)
	}
	return malformed("a document type or another directive")
}
