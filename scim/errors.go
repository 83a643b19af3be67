package scim

import (
	"errors"
	"net/http"
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
	Detail string    // for the customer's administrator; no secrets, nothing of other tenants
	Err    error     // what lies behind it, for logs; never sent
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
