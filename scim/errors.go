package scim

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// What a [Backend] returns for the cases that the engine words itself.
var (
	ErrNotFound = errors.New("scim: not found")
	ErrTaken    = errors.New("scim: taken") // wrap it to say in the response what is taken
)

// Error is an error as the client gets it (RFC 7644, section 3.12). A Backend returns one to
// refuse in its own words.
type Error struct {
	Status int       // an HTTP status from 400 on
	Type   ErrorType // "" none
	Detail string    // for the customer's administrator, never ""; no secrets, nothing of other tenants
	Err    error     // what lies behind it, for logs; never sent

	// RetryAfter goes out with a 429 or 503, rounded up to whole seconds; 0: it does not.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	s := "scim: " + http.StatusText(e.Status)
	if e.Type != "" {
		s += " (" + string(e.Type) + ")"
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// ErrorType is the scimType of an error.
type ErrorType string

// The types of RFC 7644, table 9, and of RFC 9865, section 2.1.
const (
	InvalidFilter ErrorType = "invalidFilter"
	TooMany       ErrorType = "tooMany"
	Uniqueness    ErrorType = "uniqueness"
	Mutability    ErrorType = "mutability"
	InvalidSyntax ErrorType = "invalidSyntax"
	InvalidPath   ErrorType = "invalidPath"
	NoTarget      ErrorType = "noTarget"
	InvalidValue  ErrorType = "invalidValue"
	InvalidVers   ErrorType = "invalidVers"
	Sensitive     ErrorType = "sensitive"
	InvalidCursor ErrorType = "invalidCursor"
	ExpiredCursor ErrorType = "expiredCursor"
	InvalidCount  ErrorType = "invalidCount"
)

const errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"

// mostDetail is more than any sentence of ours, in bytes; what is quoted in one may be long.
const mostDetail = 1 << 10

// faulty says what an error of a Backend, or of ours, is to the client. own is false for one
// that nobody worded for them: its text stays here.
func faulty(err error) (e *Error, own bool) {
	switch {
	case errors.As(err, &e) && e.Status >= 400 && e.Status < 600:
		return e, true
	case errors.Is(err, ErrNotFound):
		return notFound(), true
	case errors.Is(err, ErrTaken):
		what := strings.TrimSuffix(strings.TrimSuffix(err.Error(), ErrTaken.Error()), ": ")
		if what == "" || strings.Contains(what, "scim:") {
			what = "The userName, displayName or externalId"
		}
		return &Error{Status: http.StatusConflict, Type: Uniqueness, Detail: what + " is taken by another resource.", Err: err}, true
	}
	return &Error{Status: http.StatusInternalServerError, Detail: "internal error", Err: err}, false
}

func notFound() *Error {
	return &Error{Status: http.StatusNotFound, Detail: "There is no such resource."}
}

func badRequest(t ErrorType, detail string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: t, Detail: detail}
}

// appendError writes an error as JSON.
func appendError(b []byte, e *Error) []byte {
	b = append(b, `{"schemas":["`+errorSchema+`"]`...)
	if e.Type != "" {
		b = appendText(append(b, `,"scimType":`...), string(e.Type))
	}
	if e.Detail != "" {
		b = appendText(append(b, `,"detail":`...), shortened(e.Detail))
	}
	b = strconv.AppendInt(append(b, `,"status":"`...), int64(e.Status), 10)
	return append(b, `"}`...)
}

// shortened is a detail that fits.
func shortened(detail string) string {
	if cut := cutAt(detail, mostDetail); cut != detail {
		return cut + "…"
	}
	return detail
}

// cutAt is the beginning of s, of at most that many bytes, cut between two characters.
func cutAt(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
