package main

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/accesssec/accesssec-go/totp"
)

var errPassword = errors.New("wrong password")

// refusal is what a person is told, and the status of the page that tells it.
type refusal struct {
	status int
	text   string
}

// refuse logs why, and finds the words. A code that was right and is used up is a wrong
// code to whoever typed it: that it was right is for the log. What is not known here is a
// fault, and lets nobody in.
func (a *app) refuse(w http.ResponseWriter, user string, err error) refusal {
	a.log.Printf("user %s: refused: %v", user, err)
	var locked *totp.LockedError
	switch {
	case errors.As(err, &locked):
		seconds := int(math.Ceil(locked.RetryAfter.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		return refusal{http.StatusTooManyRequests, fmt.Sprintf("Too many codes were wrong. "+
			"Until %v have passed none is looked at, not even a right one.", time.Duration(seconds)*time.Second)}
	case errors.Is(err, totp.ErrWrongCode):
		return refusal{http.StatusUnauthorized, "This code is not accepted. Each code is good once."}
	case errors.Is(err, totp.ErrDisabled):
		return refusal{http.StatusForbidden, "After a hundred wrong codes no more are looked at. Use the other kind of code, or ask support."}
	case errors.Is(err, totp.ErrNoCodes):
		return refusal{http.StatusForbidden, "No recovery codes are left. Ask support."}
	case errors.Is(err, totp.ErrExpired), errors.Is(err, errGone):
		return refusal{http.StatusForbidden, "This took too long. Start again."}
	case errors.Is(err, errPassword):
		return refusal{http.StatusUnauthorized, "The password is wrong, or the address."}
	case errors.Is(err, errEnded):
		return refusal{http.StatusForbidden, "You are signed out. Sign in again."}
	case errors.Is(err, errConflict):
		return refusal{http.StatusConflict, "Something else was going on with your account at the same moment. Try again with the next code."}
	}
	return refusal{http.StatusServiceUnavailable, "This does not work at the moment. Try again later."}
}
