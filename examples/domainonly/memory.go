package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// memory stands in for a database with this table. Its keys are what makes a domain belong
// to one organization: no check before a write can do that, since two of them run at once.
//
//	CREATE TABLE claims (
//	  id       TEXT PRIMARY KEY,
//	  org      TEXT NOT NULL,
//	  name     TEXT NOT NULL,       -- claim.Name
//	  holds    BOOLEAN NOT NULL,    -- claim.Holds()
//	  check_at TIMESTAMPTZ,         -- claim.CheckAt, or sooner; NULL is never
//	  claim    JSON NOT NULL,       -- domainclaim.Claim
//	  version  BIGINT NOT NULL,
//	  ...);
//	CREATE UNIQUE INDEX ON claims (org, name);
//	CREATE UNIQUE INDEX ON claims (name) WHERE holds;
//	CREATE INDEX ON claims (check_at);
type memory struct {
	mu    sync.Mutex
	rows  map[string]row
	looks map[string][]time.Time // "Verify now", by org
}

// row is one claim. Rows are values: what is changed of one counts when it is swapped in.
type row struct {
	id, org, name string
	holds         bool
	checkAt       time.Time
	claim         []byte // JSON
	version       int

	notices      []notice  // what the org was told, the newest last
	challengedAt time.Time // when it was last told that another org has proven the name
	leasedUntil  time.Time
}

// notice is what a site would send by mail.
type notice struct {
	at   time.Time
	what string
	text string
}

var (
	errGone     = errors.New("there is no such claim")
	errTaken    = errors.New("the organization has claimed this domain already")
	errConflict = errors.New("the claim was changed meanwhile")
	errHeld     = errors.New("another organization holds the domain")
	errFull     = errors.New("the organization has too many claims")
)

// Claims are looked up at servers that whoever makes them can choose, so they are few.
const (
	mostClaims  = 20
	mostNotices = 20
)

func newMemory() *memory { return &memory{rows: map[string]row{}, looks: map[string][]time.Time{}} }

// insert:
//
//	INSERT INTO claims VALUES (...)    -- a violated key is errTaken
func (m *memory) insert(r row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, have := range m.rows {
		if have.org != r.org {
			continue
		}
		if n++; have.name == r.name {
			return errTaken
		}
	}
	if n >= mostClaims {
		return errFull
	}
	m.rows[r.id] = r
	return nil
}

// row never finds the claim of another org:
//
//	SELECT * FROM claims WHERE org = $1 AND id = $2
func (m *memory) row(org, id string) (row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.rows[id]
	if !ok || r.org != org {
		return row{}, errGone
	}
	return r, nil
}

// of:
//
//	SELECT * FROM claims WHERE org = $1 ORDER BY name
func (m *memory) of(org string) []row {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := slices.Collect(maps.Values(m.rows))
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.org != org })
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.name, b.name) })
	return rows
}

// holder is the one claim that holds a name:
//
//	SELECT * FROM claims WHERE name = $1 AND holds
func (m *memory) holder(name string) (row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if r.name == name && r.holds {
			return r, nil
		}
	}
	return row{}, errGone
}

// swap writes a claim that is still the one that was read.
//
//	UPDATE claims SET ..., version = version + 1 WHERE org = $1 AND id = $2 AND version = $3
//
// No row: errConflict. A violated key: errHeld.
func (m *memory) swap(r row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, ok := m.rows[r.id]
	if !ok || now.org != r.org || now.version != r.version {
		return errConflict
	}
	for _, have := range m.rows {
		if r.holds && have.holds && have.id != r.id && have.name == r.name {
			return errHeld
		}
	}
	r.version++
	r.leasedUntil = time.Time{}
	r.notices = latest(r.notices)
	m.rows[r.id] = r
	return nil
}

// challenge makes the claim that holds a name due at once, and tells its org, but not more
// than once a day: who challenges can do so again and again.
//
//	UPDATE claims SET check_at = $2, notices = ..., version = version + 1 WHERE name = $1 AND holds
func (m *memory) challenge(name string, n notice) (org string, told bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, r := range m.rows {
		if r.name != name || !r.holds {
			continue
		}
		if told = n.at.Sub(r.challengedAt) >= 24*time.Hour; told {
			r.challengedAt = n.at
			r.notices = latest(append(slices.Clone(r.notices), n))
		}
		r.checkAt = n.at
		r.version++
		m.rows[id] = r
		return r.org, told
	}
	return "", false
}

func latest(n []notice) []notice { return slices.Clone(n[max(0, len(n)-mostNotices):]) }

// lease gives claims that are due to one worker, for as long as a look may take. A worker
// that dies gives them back by that.
//
//	UPDATE claims SET leased_until = $1 + interval '2 minutes' WHERE id IN (
//	  SELECT id FROM claims WHERE check_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
//	  ORDER BY check_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING *
func (m *memory) lease(now time.Time, most int) []row {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []row
	for _, r := range m.rows {
		if at, ok := r.due(); ok && !at.After(now) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b row) int { return a.checkAt.Compare(b.checkAt) })
	due = due[:min(len(due), most)]
	for i := range due {
		due[i].leasedUntil = now.Add(leaseLife)
		m.rows[due[i].id] = due[i]
	}
	return due
}

const leaseLife = 2 * time.Minute

// due is when the claim can be leased; a claim without a time is never looked at.
func (r row) due() (time.Time, bool) {
	if r.checkAt.IsZero() {
		return time.Time{}, false
	}
	if r.leasedUntil.After(r.checkAt) {
		return r.leasedUntil, true
	}
	return r.checkAt, true
}

// nextDue:
//
//	SELECT min(greatest(check_at, leased_until)) FROM claims
func (m *memory) nextDue() (at time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if due, is := r.due(); is && (!ok || due.Before(at)) {
			at, ok = due, true
		}
	}
	return at, ok
}

// The looks that an org may ask for.
const (
	mostLooks = 6
	lookSpan  = time.Minute
)

// book counts a look that an org asks for, or says how long it has to wait.
func (m *memory) book(org string, now time.Time) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	recent := slices.DeleteFunc(slices.Clone(m.looks[org]), func(at time.Time) bool { return now.Sub(at) >= lookSpan })
	if len(recent) >= mostLooks {
		return recent[0].Add(lookSpan).Sub(now)
	}
	m.looks[org] = append(recent, now)
	return 0
}
