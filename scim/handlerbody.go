package scim

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// body reads what came with the request, and decodes it.
func (x *exchange) body() (map[string]any, error) {
	text, err := x.text()
	if err != nil {
		return nil, err
	}
	raw, err := decode(text)
	clear(text) // the room is used again, and a body may have a password in it
	return raw, err
}

// text is what came with the request, when it may be read.
func (x *exchange) text() ([]byte, error) {
	if err := x.readable(); err != nil {
		return nil, err
	}
	return x.read()
}

// readable looks at what the body says it is.
func (x *exchange) readable() error {
	h := x.r.Header
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return &Error{Status: http.StatusUnsupportedMediaType, Detail: "Bodies are taken without a Content-Encoding."}
	}
	given, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	given = strings.TrimSpace(given)
	if given == scimJSON || given == plainJSON || strings.EqualFold(given, scimJSON) || strings.EqualFold(given, plainJSON) {
		return nil
	}
	if !x.taken.allow(ContentType) {
		return &Error{Status: http.StatusUnsupportedMediaType, Detail: "The Content-Type of a body is " + scimJSON + "."}
	}
	return nil
}

// read takes the body as far as it may go. It is good until the exchange is over: nothing that
// decode makes of it lies in it.
func (x *exchange) read() ([]byte, error) {
	most := x.h.o.MaxBody
	if x.r.ContentLength > most {
		x.w.Header().Set("Connection", "close") // what is not read is not waited for
		return nil, tooLarge(most)
	}
	if n := x.r.ContentLength; n >= 0 {
		if int64(cap(x.in)) <= n {
			x.in = make([]byte, n+1)
		}
		text := x.in[:n]
		_, err := io.ReadFull(x.r.Body, text)
		if err == nil {
			if more, _ := x.r.Body.Read(x.in[n : n+1]); more > 0 {
				err = errors.New("scim: there is more of a body than it says")
			}
		}
		if err != nil {
			return nil, unread(err, most)
		}
		return text, nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, most))
	if err != nil {
		return nil, unread(err, most)
	}
	return text, nil
}

func unread(err error, most int64) error {
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return tooLarge(most)
	}
	return &Error{Status: http.StatusBadRequest, Type: InvalidSyntax, Detail: "The body could not be read to its end.", Err: err}
}

func tooLarge(most int64) error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("A body has at most %d bytes.", most)}
}

// fieldNamed finds a value of a body by its name, whatever its case: what is decoded has no two
// names that differ by case alone.
func fieldNamed(raw map[string]any, name string) (any, bool) {
	if v, ok := raw[name]; ok {
		return v, true
	}
	for key, v := range raw {
		if sameName(key, name) {
			return v, true
		}
	}
	return nil, false
}

// sameName reports whether two names, one of ours, differ by case alone. Names are ASCII: what
// only folds to that, as the long s does, is another name, and would else stand beside ours.
func sameName(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// hasSchema holds a message to the URN that says what it is (RFC 7644, section 3.1).
func hasSchema(raw map[string]any, urn string) error {
	list, _ := fieldNamed(raw, "schemas")
	named, _ := list.([]any)
	for _, one := range named {
		if s, ok := one.(string); ok && strings.EqualFold(s, urn) {
			return nil
		}
	}
	return badRequest(InvalidSyntax, `The body needs "schemas": ["`+urn+`"].`)
}

// operationsOf counts those of a PATCH.
func (x *exchange) operationsOf(raw map[string]any) error {
	v, _ := fieldNamed(raw, "Operations")
	list, _ := v.([]any)
	return x.countOperations(len(list))
}

func (x *exchange) countOperations(n int) error {
	x.seen.Operations = max(x.seen.Operations, n)
	if most := x.h.o.MaxOperations; n > most {
		return &Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("A request has at most %d operations.", most)}
	}
	return nil
}
