package main

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/saml"
)

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func TestAttempts(t *testing.T) {
	t.Parallel()
	m, now := newMemory(), noon()
	request := saml.Request{ID: "req-1", ExpiresAt: now.Add(10 * time.Minute)}
	if err := m.wait(request, attempt{purpose: toSignIn, browser: "hers"}, now); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name        string
		purpose     purpose
		id, browser string
		want        bool
	}{
		{"another browser", toSignIn, "req-1", "his", false},
		{"no cookie", toSignIn, "req-1", "", false},
		{"a logout", toSignOut, "req-1", "hers", false},
		{"another request", toSignIn, "req-2", "hers", false},
		{"right", toSignIn, "req-1", "hers", true},
		{"twice", toSignIn, "req-1", "hers", false},
	} {
		got := m.take(row.purpose, row.id, row.browser)
		if (got != nil) != row.want || got != nil && *got != request {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

// Who has no cookie is nobody, also where the attempt has none.
func TestAttemptWithoutBrowser(t *testing.T) {
	t.Parallel()
	m, now := newMemory(), noon()
	if err := m.wait(saml.Request{ID: "req-1", ExpiresAt: now.Add(time.Minute)}, attempt{purpose: toSignIn, bounced: true}, now); err != nil {
		t.Fatal(err)
	}
	if m.take(toSignIn, "req-1", "") != nil || m.bounced("", now) {
		t.Error("no cookie matched no cookie")
	}
}

func TestBounced(t *testing.T) {
	t.Parallel()
	m, now := newMemory(), noon()
	end := now.Add(10 * time.Minute)
	for id, a := range map[string]attempt{
		"req-1": {purpose: toSignIn, browser: "hers", bounced: true},
		"req-2": {purpose: toSignIn, browser: "his"},
	} {
		if err := m.wait(saml.Request{ID: id, ExpiresAt: end}, a, now); err != nil {
			t.Fatal(err)
		}
	}
	if !m.bounced("hers", now) || m.bounced("his", now) || m.bounced("hers", end) {
		t.Error("who was bounced?")
	}
}

func TestFullMemory(t *testing.T) {
	t.Parallel()
	m, now := newMemory(), noon()
	end := now.Add(time.Minute)
	for i := range mostAttempts {
		m.attempts[fmt.Sprint("req-", i)] = attempt{request: saml.Request{ExpiresAt: end}}
	}
	request := saml.Request{ID: "req-x", ExpiresAt: end.Add(time.Hour)}
	if err := m.wait(request, attempt{}, now); !errors.Is(err, errFull) {
		t.Errorf("attempts: %v", err)
	}
	if err := m.wait(request, attempt{}, end.Add(lateness)); err != nil || len(m.attempts) != 1 {
		t.Errorf("attempts when the others are over: %v, %d", err, len(m.attempts))
	}

	for i := range mostSessions {
		m.sessions[digestOf(fmt.Sprint(i))] = &session{until: end}
	}
	s := &session{identity: &saml.Identity{AssertionID: "a", ReplayUntil: end.Add(time.Hour)}}
	if err := m.signIn("token", s, now); !errors.Is(err, errFull) || len(m.used) != 0 {
		t.Errorf("sessions: %v, burned %d", err, len(m.used))
	}
	if err := m.signIn("token", s, end); err != nil || len(m.sessions) != 1 {
		t.Errorf("sessions when the others are over: %v, %d", err, len(m.sessions))
	}

	for i := range mostUsed {
		m.used[digestOf(fmt.Sprint(i))] = end.Add(time.Minute)
	}
	s = &session{identity: &saml.Identity{AssertionID: "b", ReplayUntil: end.Add(time.Hour)}}
	if err := m.signIn("other", s, end); !errors.Is(err, errFull) || len(m.sessions) != 1 {
		t.Errorf("used: %v, %d sessions", err, len(m.sessions))
	}
}

// A session ends when the provider says, and not later than ours.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	now := noon()
	for _, row := range []struct {
		said time.Time
		want time.Duration
	}{
		{time.Time{}, sessionLife},
		{now.Add(time.Minute), time.Minute},
		{now.Add(48 * time.Hour), sessionLife},
	} {
		m := newMemory()
		s := &session{identity: &saml.Identity{AssertionID: "a", SessionEndsAt: row.said, ReplayUntil: now.Add(time.Hour)}}
		if err := m.signIn("token", s, now); err != nil {
			t.Fatal(err)
		}
		if m.session("token", now.Add(row.want-1)) != s || m.session("token", now.Add(row.want)) != nil || m.session("", now) != nil {
			t.Errorf("said %v: until %v", row.said, s.until)
		}
	}
}

// One assertion opens one session, however many come at once.
func TestOneWinner(t *testing.T) {
	t.Parallel()
	m, now := newMemory(), noon()
	errs := make([]error, 64)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			s := &session{identity: &saml.Identity{AssertionID: "a", ReplayUntil: now.Add(time.Hour)}}
			errs[i] = m.signIn(fmt.Sprint(i), s, now)
		})
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, errUsed) {
			t.Error(err)
		}
	}
	if won != 1 || len(m.sessions) != 1 {
		t.Errorf("%d winners, %d sessions", won, len(m.sessions))
	}
}

// A logout request ends sessions once; one that comes again ends nothing.
func TestLogoutOnce(t *testing.T) {
	t.Parallel()
	m, now := newMemory(), noon()
	logout := &saml.Logout{ID: "lo-1", ReplayUntil: now.Add(time.Hour)}
	everybody := func(*saml.Identity) bool { return true }
	for _, want := range []error{nil, errUsed} {
		id := fmt.Sprint("a", want)
		if err := m.signIn(id, &session{identity: &saml.Identity{AssertionID: id, ReplayUntil: now.Add(time.Hour)}}, now); err != nil {
			t.Fatal(err)
		}
		n, err := m.signOutAll(logout, everybody, now)
		if !errors.Is(err, want) || (n == 1) != (want == nil) || len(m.sessions) == n {
			t.Errorf("%d ended, %v", n, err)
		}
	}
}
