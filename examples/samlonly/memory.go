package main

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

// How much is kept, so that nobody can fill the memory from outside. What is full
// refuses; nothing is dropped before its time.
const (
	mostAttempts = 10_000
	mostSessions = 1_000
	mostUsed     = 100_000
	sessionLife  = 8 * time.Hour
	lateness     = 10 * time.Minute // how long a request that is over is known, so that Finish can say so
)

var (
	errUsed = errors.New("this message was used already, and it is good for once")
	errFull = errors.New("there are too many sign-ins at the moment; try again later")
)

// memory is what a service keeps in its database. Its methods are safe for concurrent
// use, and what has to happen together happens under one lock, as in one transaction.
type memory struct {
	mu       sync.Mutex
	attempts map[string]attempt   // by the ID of their request
	sessions map[digest]*session  // by their cookie
	used     map[digest]time.Time // assertions and logout requests, until nothing accepts them any more
}

func newMemory() *memory {
	return &memory{attempts: map[string]attempt{}, sessions: map[digest]*session{}, used: map[digest]time.Time{}}
}

// digest stands for what a browser or a provider sends, so that memory holds no value
// that opens anything, and none of any length.
type digest [sha256.Size]byte

func digestOf(value string) digest { return sha256.Sum256([]byte(value)) }

type purpose int

const (
	toSignIn purpose = iota + 1
	toSignOut
)

// attempt is a browser that was sent to the provider.
type attempt struct {
	purpose purpose
	browser string       // its cookie; kept as a digest
	bounced bool         // it had come from there without being asked
	request saml.Request // set by wait
	digest  digest       // set by wait
}

// session is a person who is signed in.
type session struct {
	identity    *saml.Identity
	certificate *x509.Certificate // that verified it
	report      report
	until       time.Time // set by signIn
}

// wait keeps what take returns.
func (m *memory) wait(request saml.Request, a attempt, now time.Time) error {
	a.request, a.digest, a.browser = request, digestOf(a.browser), ""
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if len(m.attempts) >= mostAttempts {
		return errFull
	}
	m.attempts[request.ID] = a
	return nil
}

// take returns a request once, to the browser that began it, and nil to others. Whether
// its time is over is for Finish to say.
func (m *memory) take(p purpose, id, browser string) *saml.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.attempts[id]
	if !ok || a.purpose != p || browser == "" || a.digest != digestOf(browser) {
		return nil
	}
	delete(m.attempts, id)
	return &a.request
}

// bounced tells whether the browser is on its way through a request of ours already.
func (m *memory) bounced(browser string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	mark := digestOf(browser)
	for _, a := range m.attempts {
		if a.bounced && browser != "" && a.digest == mark && now.Before(a.request.ExpiresAt) {
			return true
		}
	}
	return false
}

// signIn burns the assertion and opens a session under token, both or neither.
func (m *memory) signIn(token string, s *session, now time.Time) error {
	s.until = now.Add(sessionLife)
	if end := s.identity.SessionEndsAt; !end.IsZero() && end.Before(s.until) {
		s.until = end
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if len(m.sessions) >= mostSessions {
		return errFull
	}
	if err := m.burn("assertion "+s.identity.AssertionID, s.identity.ReplayUntil); err != nil {
		return err
	}
	m.sessions[digestOf(token)] = s
	return nil
}

// session is nil when there is none, or when it is over.
func (m *memory) session(token string, now time.Time) *session {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sessions[digestOf(token)]; s != nil && now.Before(s.until) {
		return s
	}
	return nil
}

// signOut ends a session and returns it; nil when there was none.
func (m *memory) signOut(token string) *session {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := digestOf(token)
	s := m.sessions[key]
	delete(m.sessions, key)
	return s
}

// signOutAll burns a logout request and ends the sessions that it means, both or neither.
func (m *memory) signOutAll(logout *saml.Logout, means func(*saml.Identity) bool, now time.Time) (ended int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if err := m.burn("logout "+logout.ID, logout.ReplayUntil); err != nil {
		return 0, err
	}
	before := len(m.sessions)
	maps.DeleteFunc(m.sessions, func(_ digest, s *session) bool { return means(s.identity) })
	return before - len(m.sessions), nil
}

// burn is called under the lock.
func (m *memory) burn(id string, until time.Time) error {
	key := digestOf(id)
	if _, twice := m.used[key]; twice {
		return errUsed
	}
	if len(m.used) >= mostUsed {
		return errFull
	}
	m.used[key] = until
	return nil
}

// sweep forgets what is over. It is called under the lock, whenever something is added.
func (m *memory) sweep(now time.Time) {
	maps.DeleteFunc(m.attempts, func(_ string, a attempt) bool { return !now.Before(a.request.ExpiresAt.Add(lateness)) })
	maps.DeleteFunc(m.sessions, func(_ digest, s *session) bool { return !now.Before(s.until) })
	maps.DeleteFunc(m.used, func(_ digest, until time.Time) bool { return !now.Before(until) })
}
