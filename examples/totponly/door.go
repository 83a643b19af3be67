package main

import (
	"maps"
	"time"
)

// The part of the database by which people come in and go.

const (
	loginLife   = 10 * time.Minute
	sessionLife = 8 * time.Hour
	// mostGuesses at the password, by somebody who has a session and may have stolen it.
	mostGuesses = 5
)

// wait keeps that a password was right, until the code.
//
//	INSERT INTO logins VALUES (...)
func (m *memory) wait(l login, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if len(m.logins) >= mostLogins {
		return errFull
	}
	m.logins[l.token] = l
	return nil
}

// login:
//
//	SELECT * FROM logins WHERE token = $1 AND ends_at > $2
func (m *memory) login(token string, now time.Time) (login, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.logins[digestOf(token)]
	if !ok || !now.Before(l.endsAt) {
		return login{}, errGone
	}
	return l, nil
}

// forget:
//
//	DELETE FROM logins WHERE token = $1
func (m *memory) forget(token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.logins, digestOf(token))
}

// letIn opens a session for a password alone. r is the row by which no code was asked, and
// it must be that still: a factor may have gone live since it was read.
//
//	BEGIN
//	SELECT 1 FROM factors WHERE user_id = $1 AND version = $2 FOR UPDATE  -- one row, or ROLLBACK
//	INSERT INTO sessions VALUES (...)
//	COMMIT
func (m *memory) letIn(r row, s session, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if err := m.unchanged(r); err != nil {
		return err
	}
	if len(m.sessions) >= mostSessions {
		return errFull
	}
	m.sessions[s.token] = s
	return nil
}

// letInByCode opens a session for a code, and saves that the code is used: both or neither.
// Of two who show the same code at the same time one finds another version.
//
//	BEGIN
//	UPDATE factors SET ..., version = version + 1 WHERE user_id = $1 AND version = $2  -- one row, or ROLLBACK
//	DELETE FROM logins WHERE token = $1 AND user_id = $2 AND ends_at > $3              -- one row, or ROLLBACK
//	INSERT INTO sessions VALUES (...)
//	COMMIT
func (m *memory) letInByCode(r row, l login, s session, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if err := m.unchanged(r); err != nil {
		return err
	}
	if kept, ok := m.logins[l.token]; !ok || kept.user != r.user || s.user != r.user {
		return errGone
	}
	if len(m.sessions) >= mostSessions {
		return errFull
	}
	m.write(r)
	delete(m.logins, l.token)
	m.sessions[s.token] = s
	return nil
}

// replace saves another factor, or none, and ends everything that the person had open under
// the one before, logins that wait for its code included. by is the session that asks for
// it, and the set-up that the factor comes from, if any, as its code was looked at. next is
// a session to go on with, under a new token; nil: nobody is signed in afterwards.
//
//	BEGIN
//	UPDATE factors SET ..., version = version + 1 WHERE user_id = $1 AND version = $2  -- one row, or ROLLBACK
//	DELETE FROM sessions WHERE token = $1                                              -- one row, or ROLLBACK
//	DELETE FROM setups WHERE session = $1 AND version = $2                             -- one row, or ROLLBACK
//	DELETE FROM setups WHERE user_id = $1; DELETE FROM logins ...; DELETE FROM sessions ...
//	INSERT INTO sessions VALUES (...)
//	COMMIT
func (m *memory) replace(r row, by source, next *session, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if err := m.unchanged(r); err != nil {
		return err
	}
	if s, ok := m.sessions[by.session]; !ok || s.user != r.user {
		return errEnded
	}
	if by.setup != nil {
		if s, ok := m.setups[by.session]; !ok || s.id != by.setup.id || s.version != by.setup.version {
			return errConflict
		}
	}
	m.write(r)
	maps.DeleteFunc(m.setups, func(_ digest, s setup) bool { return s.user == r.user })
	maps.DeleteFunc(m.logins, func(_ digest, l login) bool { return l.user == r.user })
	maps.DeleteFunc(m.sessions, func(_ digest, s session) bool { return s.user == r.user })
	if next != nil {
		m.sessions[next.token] = *next
	}
	return nil
}

// source is what a change comes from.
type source struct {
	session digest
	setup   *setup
}

// session:
//
//	SELECT * FROM sessions WHERE token = $1 AND ends_at > $2
func (m *memory) session(token string, now time.Time) (session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions[digestOf(token)]
	if !ok || !now.Before(s.endsAt) {
		return session{}, errGone
	}
	return s, nil
}

// guess counts a guess at the password before it is looked at, and ends the session when
// there were too many: it is in the wrong hands.
//
//	UPDATE sessions SET guesses = guesses + 1 WHERE token = $1 AND guesses < 5
//
// No row: DELETE FROM sessions WHERE token = $1
func (m *memory) guess(token digest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions[token]
	if !ok || s.guesses >= mostGuesses {
		delete(m.sessions, token)
		delete(m.setups, token)
		return errEnded
	}
	s.guesses++
	m.sessions[token] = s
	return nil
}

// guessed:
//
//	UPDATE sessions SET guesses = 0 WHERE token = $1
func (m *memory) guessed(token digest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.sessions[token]; ok {
		s.guesses = 0
		m.sessions[token] = s
	}
}

// signOut:
//
//	DELETE FROM sessions WHERE token = $1; DELETE FROM setups WHERE session = $1
func (m *memory) signOut(token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, digestOf(token))
	delete(m.setups, digestOf(token))
}
