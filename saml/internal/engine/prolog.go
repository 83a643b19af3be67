package engine

import "bytes"

// prolog takes a byte order mark and an XML declaration of UTF-8 (XML 1.0 section 2.8).
func (r *reader) prolog() *Error {
	if bytes.HasPrefix(r.src, []byte("\uFEFF")) {
		r.at = len("\uFEFF")
	}
	if !bytes.HasPrefix(r.src[r.at:], []byte("<?xml")) || !isWhite(r.peek(len("<?xml"))) {
		return nil
	}
	n := bytes.Index(r.src[r.at:], []byte("?>"))
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
		if !bytes.EqualFold([]byte(encoding), []byte("UTF-8")) || len(encoding) != len("UTF-8") {
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
func pseudo(in []byte, name string) (rest []byte, value string, ok bool) {
	s := bytes.TrimLeft(in, " \t\r\n")
	if len(s) == len(in) || !bytes.HasPrefix(s, []byte(name)) {
		return in, "", false
	}
	s, ok = bytes.CutPrefix(bytes.TrimLeft(s[len(name):], " \t\r\n"), []byte("="))
	s = bytes.TrimLeft(s, " \t\r\n")
	if !ok || len(s) == 0 || s[0] != '"' && s[0] != '\'' {
		return in, "", false
	}
	n := bytes.IndexByte(s[1:], s[0])
	if n < 0 {
		return in, "", false
	}
	return s[n+2:], string(s[1 : n+1]), true
}

// instruction reads "<?...?>". An XML declaration in any other place than the first is
// an instruction too, and is refused everywhere.
func (r *reader) instruction() *Error {
	n := bytes.Index(r.src[r.at:], []byte("?>"))
	body := r.src[r.at+2:]
	if !r.max.Lenient || n < 0 || len(body) < 3 || bytes.EqualFold(body[:3], []byte("xml")) && !isNameByte(r.peek(5)) {
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
	case bytes.HasPrefix(rest, []byte("<!--")):
		n := bytes.Index(rest[4:], []byte("--"))
		if !r.max.Lenient || n < 0 || !bytes.HasPrefix(rest[4+n:], []byte("-->")) {
			return malformed("a comment")
		}
		r.at += 4 + n + len("-->")
		return nil
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		n := bytes.Index(rest, []byte("]]>"))
		if !r.max.Lenient || n < 0 || r.open < 0 {
			return malformed("a CDATA section")
		}
		from := r.at + len("<![CDATA[")
		r.at += n + len("]]>")
		return r.add(from, r.at-len("]]>"), literal)
	}
	return malformed("a document type or another directive")
}
