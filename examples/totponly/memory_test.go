package main

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// tables are Ann with a factor, and a login, a session and a set-up of hers.
func tables() (*memory, row, login, session, setup) {
	m := newMemory()
	m.addUser(user{id: "ann", address: ann})
	r := row{user: "ann", state: live, id: "factor"}
	m.factors["ann"] = r
	l := login{token: digestOf("login"), user: "ann", endsAt: noon.Add(time.Minute)}
	s := session{token: digestOf("session"), user: "ann", endsAt: noon.Add(time.Hour)}
	p := setup{session: s.token, user: "ann", id: "next", endsAt: noon.Add(time.Minute)}
	m.logins[l.token], m.sessions[s.token], m.setups[p.session] = l, s, p
	return m, r, l, s, p
}

// snapshot is everything that stands in the tables.
func (m *memory) snapshot() string {
	return fmt.Sprintf("%+v %+v %+v %+v %+v", m.users, m.factors, m.setups, m.logins, m.sessions)
}

func TestSwapHasOneWinner(t *testing.T) {
	t.Parallel()
	m, r, _, _, p := tables()
	var won, wonSetup atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			switch next, err := m.swap(r); {
			case err == nil && next.version == 1:
				won.Add(1)
			case !errors.Is(err, errConflict):
				t.Errorf("%v, %v", next, err)
			}
			switch next, err := m.swapSetup(p); {
			case err == nil && next.version == 1:
				wonSetup.Add(1)
			case !errors.Is(err, errConflict):
				t.Errorf("%v, %v", next, err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || wonSetup.Load() != 1 {
		t.Errorf("%d and %d winners", won.Load(), wonSetup.Load())
	}
}

// A transaction that is refused has written nothing.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	fresh := session{token: digestOf("fresh"), user: "ann", endsAt: noon.Add(time.Hour)}
	stale := func(r row) row { r.version--; return r }
	for name, row := range map[string]struct {
		do   func(*memory, row, login, session, setup) error
		want error
	}{
		"password: another row": {func(m *memory, r row, _ login, _ session, _ setup) error { return m.letIn(stale(r), fresh, noon) }, errConflict},
		"password: no row": {func(m *memory, r row, _ login, _ session, _ setup) error {
			return m.letIn(row{user: "nobody"}, fresh, noon)
		}, errConflict},
		"code: another row": {func(m *memory, r row, l login, _ session, _ setup) error {
			return m.letInByCode(stale(r), l, fresh, noon)
		}, errConflict},
		"code: no login": {func(m *memory, r row, _ login, _ session, _ setup) error {
			return m.letInByCode(r, login{token: digestOf("none"), user: "ann"}, fresh, noon)
		}, errGone},
		"code: another's session": {func(m *memory, r row, l login, _ session, _ setup) error {
			return m.letInByCode(r, l, session{token: digestOf("fresh"), user: "bob"}, noon)
		}, errGone},
		"replace: another row": {func(m *memory, r row, _ login, s session, p setup) error {
			return m.replace(stale(r), source{s.token, &p}, &fresh, noon)
		}, errConflict},
		"replace: no session": {func(m *memory, r row, _ login, _ session, p setup) error {
			return m.replace(r, source{digestOf("none"), &p}, &fresh, noon)
		}, errEnded},
		"replace: another version": {func(m *memory, r row, _ login, s session, p setup) error {
			p.version--
			return m.replace(r, source{s.token, &p}, &fresh, noon)
		}, errConflict},
		"replace: another set-up": {func(m *memory, r row, _ login, s session, p setup) error {
			p.id = "another"
			return m.replace(r, source{s.token, &p}, &fresh, noon)
		}, errConflict},
		"begin: no session": {func(m *memory, _ row, _ login, _ session, p setup) error {
			p.session = digestOf("none")
			return m.begin(p)
		}, errEnded},
		"swap: another set-up": {func(m *memory, _ row, _ login, _ session, p setup) error {
			p.id = "another"
			_, err := m.swapSetup(p)
			return err
		}, errConflict},
	} {
		m, r, l, s, p := tables()
		before := m.snapshot()
		if err := row.do(m, r, l, s, p); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
		if diff := cmp.Diff(before, m.snapshot()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A login is good for one session.
func TestLoginOnce(t *testing.T) {
	t.Parallel()
	m, r, l, _, _ := tables()
	for i, want := range []error{nil, errGone} {
		s := session{token: digestOf(fmt.Sprint(i)), user: "ann", endsAt: noon.Add(time.Hour)}
		r.version = m.factors["ann"].version
		if err := m.letInByCode(r, l, s, noon); !errors.Is(err, want) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if len(m.sessions) != 2 {
		t.Errorf("%d sessions", len(m.sessions))
	}
}

// What replace ends is of that person, all of it, and of nobody else.
func TestReplaceEnds(t *testing.T) {
	t.Parallel()
	m, r, l, s, p := tables()
	m.sessions[digestOf("other")] = session{token: digestOf("other"), user: "ann", endsAt: noon.Add(time.Hour)}
	m.sessions[digestOf("his")] = session{token: digestOf("his"), user: "bob", endsAt: noon.Add(time.Hour)}
	m.logins[digestOf("his")] = login{token: digestOf("his"), user: "bob", endsAt: noon.Add(time.Hour)}
	m.setups[digestOf("his")] = setup{session: digestOf("his"), user: "bob", endsAt: noon.Add(time.Hour)}
	next := session{token: digestOf("next"), user: "ann", endsAt: noon.Add(time.Hour)}
	if err := m.replace(r, source{s.token, &p}, &next, noon); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.sessions[next.token]; !ok || len(m.sessions) != 2 || len(m.logins) != 1 || len(m.setups) != 1 || m.factors["ann"].version != 1 {
		t.Errorf("%s", m.snapshot())
	}
	if err := m.letInByCode(m.factors["ann"], l, next, noon); !errors.Is(err, errGone) {
		t.Errorf("a login of before: %v", err)
	}
}

// Five guesses are looked at, however many come at once.
func TestGuess(t *testing.T) {
	t.Parallel()
	m, _, _, s, _ := tables()
	var looked atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if m.guess(s.token) == nil {
				looked.Add(1)
			}
		})
	}
	all.Wait()
	if _, err := m.session("session", noon); looked.Load() != mostGuesses || !errors.Is(err, errGone) || len(m.setups) != 0 {
		t.Errorf("%d guesses, session %v", looked.Load(), err)
	}
}

// What is full refuses, and drops nobody. What is over makes room.
func TestFull(t *testing.T) {
	t.Parallel()
	w, _ := enrolled(t)
	m := w.site.app.memory
	waiting, now := owing(t, w), w.clock.now()
	fill := func(endsAt time.Time) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for i := range max(mostLogins, mostSessions) {
			d := digestOf(fmt.Sprint(i))
			m.logins[d], m.sessions[d] = login{token: d, user: "x", endsAt: endsAt}, session{token: d, user: "x", endsAt: endsAt}
		}
	}
	fill(now.Add(time.Hour))
	before := w.ann.codes[0]
	for name, try := range map[string]func() (answer, error){
		"a password of one without a factor": func() (answer, error) { return w.knock(t.Context(), arrival(t, w), bob) },
		"a password of one with a factor":    func() (answer, error) { return w.knock(t.Context(), arrival(t, w), ann) },
		"a code":                             func() (answer, error) { return waiting.recover(t.Context(), before) },
	} {
		page, err := try()
		if err == nil {
			err = page.says(http.StatusServiceUnavailable, "Try again later")
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	fill(now) // over by now
	if err := w.in(t.Context(), waiting.recover, before); err != nil {
		t.Errorf("the code that was refused for want of room: %v", err)
	}
	if len(m.logins) > 1 || len(m.sessions) > 2 {
		t.Errorf("%d logins and %d sessions are kept", len(m.logins), len(m.sessions))
	}
}
