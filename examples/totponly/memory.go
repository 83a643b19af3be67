package main

import (
	"crypto/sha256"
	"errors"
	"maps"
	"sync"
	"time"
)

// memory is the database. Its methods are safe for concurrent use, and what has to happen
// together happens under one lock, as in one transaction: first every condition is looked
// at, and then everything is written. It never reads a clock. The tables:
//
//	users    (id PRIMARY KEY, address UNIQUE, password)
//	factors  (user_id PRIMARY KEY, version, state, id, enrollment, secret, recovery, pepper, saved)
//	setups   (session PRIMARY KEY, version, user_id, id, enrollment, secret, ends_at)
//	logins   (token PRIMARY KEY, user_id, ends_at)
//	sessions (token PRIMARY KEY, user_id, set_up, guesses, ends_at)
//
// Tokens stand there as SHA-256, so that nobody who reads the tables can come in.
type memory struct {
	mu       sync.Mutex
	users    map[string]user // by address
	factors  map[string]row  // by user
	setups   map[digest]setup
	logins   map[digest]login
	sessions map[digest]session
}

func newMemory() *memory {
	return &memory{users: map[string]user{}, factors: map[string]row{}, setups: map[digest]setup{},
		logins: map[digest]login{}, sessions: map[digest]session{}}
}

var (
	// errConflict is a swap that lost: the row is another by now.
	errConflict = errors.New("somebody else was faster")
	// errGone is a row that is not there, or whose time is over.
	errGone = errors.New("no such row")
	// errEnded is a session that is over since the request came.
	errEnded = errors.New("the session has ended")
	errFull  = errors.New("there are too many sign-ins at the moment")
)

// How much is kept, so that nobody can fill the memory from outside.
const (
	mostLogins   = 1_000
	mostSessions = 1_000
)

type digest [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

type user struct{ id, address, password string }

// row is what is kept of a person's factor. Every user has one from the first day on, also
// without a factor: there always is something to compare with and to lock.
type row struct {
	user    string
	version int64 // that it was read at

	state      state
	id         string // of the factor; the boxes are sealed for it
	enrollment []byte // JSON of package totp
	secret     []byte // sealed
	recovery   []byte // JSON of package totp
	pepper     []byte // of the recovery codes, sealed
	saved      bool   // the person said that they keep the codes
}

// setup is a factor that waits for its first code. It stands apart from the one that is
// live, so that who gives up half-way keeps that, and belongs to the session that began it.
type setup struct {
	session digest
	version int64
	user    string

	id         string
	enrollment []byte
	secret     []byte // sealed
	endsAt     time.Time
}

// login is somebody who has shown a password and still owes a code. It opens nothing, and
// is no session with a mark on it that a page could forget to look at.
type login struct {
	token  digest
	user   string
	endsAt time.Time
}

// session is somebody who has come in.
type session struct {
	token   digest
	user    string
	setUp   bool // and may do nothing but set up a factor
	guesses int  // at the password, since it was last right
	endsAt  time.Time
}

// addUser:
//
//	INSERT INTO users VALUES (...); INSERT INTO factors (user_id, version) VALUES ($1, 0)
func (m *memory) addUser(u user) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[u.address], m.factors[u.id] = u, row{user: u.id}
}

// userAt is for somebody who signs in, userOf for somebody who has.
//
//	SELECT * FROM users WHERE address = $1
func (m *memory) userAt(address string) (user, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, ok := m.users[address]
	if !ok {
		return user{}, errGone
	}
	return u, nil
}

// userOf:
//
//	SELECT * FROM users WHERE id = $1
func (m *memory) userOf(id string) (user, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range m.users {
		if u.id == id {
			return u, nil
		}
	}
	return user{}, errGone
}

// factor:
//
//	SELECT * FROM factors WHERE user_id = $1
func (m *memory) factor(user string) (row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.factors[user]
	if !ok {
		return row{}, errGone
	}
	return r, nil
}

// swap is committed by itself. It returns the row with its new version.
//
//	UPDATE factors SET ..., version = version + 1 WHERE user_id = $1 AND version = $2
//
// No row: errConflict.
func (m *memory) swap(r row) (row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.unchanged(r); err != nil {
		return row{}, err
	}
	return m.write(r), nil
}

// unchanged is called under the lock.
func (m *memory) unchanged(r row) error {
	if now, ok := m.factors[r.user]; !ok || now.version != r.version {
		return errConflict
	}
	return nil
}

// write is called under the lock, after unchanged.
func (m *memory) write(r row) row {
	r.version++
	m.factors[r.user] = r
	return r
}

// begin takes the place of a set-up that the session had begun before.
//
//	INSERT INTO setups SELECT ... FROM sessions WHERE token = $1
//	ON CONFLICT (session) DO UPDATE ...
func (m *memory) begin(s setup) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.sessions[s.session]; !ok {
		return errEnded
	}
	m.setups[s.session] = s
	return nil
}

// setup:
//
//	SELECT * FROM setups WHERE session = $1 AND ends_at > $2
func (m *memory) setup(session digest, now time.Time) (setup, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.setups[session]
	if !ok || !now.Before(s.endsAt) {
		return setup{}, errGone
	}
	return s, nil
}

// swapSetup is swap for a factor that waits for its first code.
//
//	UPDATE setups SET enrollment = $3, version = version + 1 WHERE session = $1 AND version = $2
func (m *memory) swapSetup(s setup) (setup, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now, ok := m.setups[s.session]; !ok || now.id != s.id || now.version != s.version {
		return setup{}, errConflict
	}
	s.version++
	m.setups[s.session] = s
	return s, nil
}

// sweep forgets what is over. It is called under the lock, whenever somebody comes.
//
//	DELETE FROM logins WHERE ends_at <= $1; DELETE FROM sessions ...; DELETE FROM setups ...
func (m *memory) sweep(now time.Time) {
	maps.DeleteFunc(m.logins, func(_ digest, l login) bool { return !now.Before(l.endsAt) })
	maps.DeleteFunc(m.sessions, func(_ digest, s session) bool { return !now.Before(s.endsAt) })
	maps.DeleteFunc(m.setups, func(at digest, s setup) bool {
		_, ok := m.sessions[at]
		return !ok || !now.Before(s.endsAt)
	})
}
