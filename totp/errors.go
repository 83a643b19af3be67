package totp

import (
	"errors"
	"fmt"
	"time"
)

// The errors of a factor. Callers match them with errors.Is.
var (
	// ErrWrongCode is all that a person may be told of a code that was not accepted.
	ErrWrongCode = errors.New("totp: wrong code")
	// ErrUsedCode is an ErrWrongCode too: the code was right, and has been used before.
	// It is for a log, not for the page: it says that the code was right.
	ErrUsedCode = fmt.Errorf("%w: used before", ErrWrongCode)

	ErrPending   = errors.New("totp: not confirmed yet")
	ErrConfirmed = errors.New("totp: confirmed already")
	ErrExpired   = errors.New("totp: not confirmed in time")
	ErrDisabled  = errors.New("totp: disabled after too many failures")
	ErrNoCodes   = errors.New("totp: no recovery codes are left")
	ErrSecret    = errors.New("totp: empty or short secret")
	// ErrNotBooked is a mistake of the caller: Check without Booked, or a second Check.
	ErrNotBooked = errors.New("totp: one attempt is one Booked and one Check")
)

// LockedError says how long codes are refused, right or wrong.
type LockedError struct {
	RetryAfter time.Duration // above zero
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("totp: locked, retry after %v", e.RetryAfter)
}
