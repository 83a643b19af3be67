package samltest

import (
	"fmt"
	"slices"
)

// maxSessions is how many sign-ins are remembered, so that a provider that is asked for
// answers without end does not grow.
const maxSessions = 2000

// Session is a sign-in that the provider remembers until it is logged out.
type Session struct {
	SP     string // entity ID of the service provider
	NameID NameID // as it was sent
	Index  string // SessionIndex, as it was sent
	Email  string // of the person
}

// remember keeps an answer to replay, and the session that it begins.
func (idp *IdP) remember(answer Response, s Session) {
	idp.mu.Lock()
	defer idp.mu.Unlock()
	idp.last[s.SP] = answer
	if len(idp.sessions) == maxSessions {
		idp.sessions = slices.Clone(idp.sessions[maxSessions/2:])
	}
	idp.sessions = append(idp.sessions, s)
}

// Sessions returns those at a service provider that have not been logged out, the oldest
// first. It remembers the last 1,000 of all at least, and never one that began with an
// [Attack].
func (idp *IdP) Sessions(spEntityID string) []Session {
	idp.mu.RLock()
	defer idp.mu.RUnlock()
	var found []Session
	for _, s := range idp.sessions {
		if s.SP == spEntityID {
			found = append(found, s)
		}
	}
	return found
}

// session finds one by its index, which is random.
func (idp *IdP) session(index string) (Session, error) {
	idp.mu.RLock()
	defer idp.mu.RUnlock()
	for _, s := range idp.sessions {
		if s.Index == index {
			return s, nil
		}
	}
	return Session{}, fmt.Errorf("%w: no such session", ErrLogout)
}

// end forgets the sessions that a request is for, and returns how many these were.
func (idp *IdP) end(req LogoutRequest) int {
	idp.mu.Lock()
	defer idp.mu.Unlock()
	before := len(idp.sessions)
	idp.sessions = slices.DeleteFunc(idp.sessions, func(s Session) bool {
		return s.SP == req.Issuer && s.NameID == req.NameID &&
			(len(req.SessionIndexes) == 0 || slices.Contains(req.SessionIndexes, s.Index))
	})
	return before - len(idp.sessions)
}
