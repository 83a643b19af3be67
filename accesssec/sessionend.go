package accesssec

import (
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// shortestSession is what a session by single sign-on lasts at least, but by a connection that
// is strict: some identity providers send a few minutes, meaning something else by it.
const shortestSession = time.Hour

// sessionEnd is when the identity provider wants a session over that begins now
// (SessionNotOnOrAfter: saml-core 2.7.2, saml-profiles 4.1.4.3); zero: it says nothing.
func (v connection) sessionEnd(id *saml.Identity, now time.Time) time.Time {
	if id.SessionEndsAt.IsZero() {
		return time.Time{}
	}
	end := id.SessionEndsAt.UTC().Truncate(time.Microsecond)
	if least := now.Add(shortestSession); !v.StrictEnd && end.Before(least) {
		return least
	}
	return end
}
