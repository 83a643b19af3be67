package scim

import (
	"net/http"
	"strings"
)

// entityTag is the weak ETag of a version (RFC 7644, section 3.14). What an ETag can't hold is
// written as % and two hex digits, and so is %, so that two versions never have one tag.
func entityTag(version string) string {
	const hex = "0123456789ABCDEF"
	plain := true
	for i := range len(version) {
		plain = plain && tagByte(version[i])
	}
	if plain {
		return `W/"` + version + `"`
	}
	var b strings.Builder
	b.WriteString(`W/"`)
	for i := range len(version) {
		if c := version[i]; tagByte(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	b.WriteByte('"')
	return b.String()
}

// appendTag appends the entity tag as JSON.
func appendTag(b []byte, version string) []byte {
	for i := range len(version) {
		if c := version[i]; !tagByte(c) || c == '\\' || c == '<' || c == '>' || c == '&' {
			return appendText(b, entityTag(version))
		}
	}
	b = append(b, `"W/\"`...)
	return append(append(b, version...), `\""`...)
}

// tagByte reports whether c stands for itself in a tag.
func tagByte(c byte) bool { return c > ' ' && c < 0x7f && c != '"' && c != '%' }

// conditions are what a request says of the version it is about (RFC 9110, section 13.1). A
// bulk's operation says it by its "version".
type conditions struct {
	match, noneMatch string // the header fields, joined; "" none
}

func conditionsOf(h http.Header) conditions {
	return conditions{match: joined(h["If-Match"]), noneMatch: joined(h["If-None-Match"])}
}

// joined is a header field as one. One that is there and empty is a blank: a condition that
// nothing meets.
func joined(fields []string) string {
	switch {
	case len(fields) == 1 && fields[0] != "":
		return fields[0]
	case len(fields) > 0:
		return " " + strings.Join(fields, ",")
	}
	return ""
}

func (c conditions) none() bool { return c.match == "" && c.noneMatch == "" }

// allowWrite says whether what has that version may be written. Tags that can't be read are
// no match, and forbid it: who sets a condition does not want to write without.
func (c conditions) allowWrite(version string) error {
	if c.match != "" {
		if found, _ := lists(c.match, version); !found {
			return failedPrecondition()
		}
	}
	if c.noneMatch != "" {
		if found, read := lists(c.noneMatch, version); found || !read {
			return failedPrecondition()
		}
	}
	return nil
}

// allowRead is as allowWrite. unchanged is a 304.
func (c conditions) allowRead(version string) (unchanged bool, err error) {
	if c.match != "" {
		if found, _ := lists(c.match, version); !found {
			return false, failedPrecondition()
		}
	}
	if c.noneMatch != "" {
		unchanged, _ = lists(c.noneMatch, version)
	}
	return unchanged, nil
}

func failedPrecondition() error {
	return &Error{Status: http.StatusPreconditionFailed, Detail: "The resource has been changed since that version. Read it again."}
}

// lists reports whether a list of entity tags has that of version, or is "*", and whether it
// could be read. All tags of SCIM are weak, so they are compared as weak ones, also in
// If-Match, where HTTP has only strong ones.
func lists(field, version string) (found, read bool) {
	field = strings.Trim(field, " \t")
	if field == "*" {
		return true, true
	}
	_, own, _ := strings.Cut(entityTag(version), "/")
	for rest := field; ; {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			return found, field != ""
		}
		if rest = strings.TrimPrefix(rest, "W/"); rest == "" {
			return false, false
		}
		if rest[0] != '"' {
			return false, false
		}
		end := strings.IndexByte(rest[1:], '"')
		if end < 0 {
			return false, false
		}
		found = found || rest[:end+2] == own
		rest = strings.TrimLeft(rest[end+2:], " \t")
		if rest != "" && rest[0] != ',' {
			return false, false
		}
	}
}
