package main

import (
	"strings"
	"testing"
	"time"
)

func ours(t *testing.T) *world {
	t.Helper()
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// What is measured is a login, by everyone who is measured.
func TestEveryReaderReadsItsRow(t *testing.T) {
	t.Parallel()
	w := ours(t)
	rows, err := w.rows()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			subjects, size, err := w.subjects(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range r.against {
				if b.who == peerG || b.most <= 0 {
					t.Errorf("bar %+v", b)
				}
			}
			for _, s := range subjects {
				if err := s.run(); err != nil {
					t.Errorf("%s: %v", s.name, err)
				}
			}
			if strings.HasSuffix(r.name, "7 kB of XML") && (size < 6900 || size > 7200) || strings.HasSuffix(r.name, "posted") && (size/3*4 < 6900 || size/3*4 > 7500) {
				t.Errorf("%d bytes, want 7 kB", size)
			}
		})
	}
}

// A reader that takes anything would be fast.
func TestReadersRefuseWhatIsForged(t *testing.T) {
	t.Parallel()
	w := ours(t)
	l := login{by: w.rsa, signAssertion: true, groups: 3}
	xml, err := w.document(l)
	if err != nil {
		t.Fatal(err)
	}
	crew, err := w.crewjam(w.rsa)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.ReplaceAll(xml, email, "owner@victim.example")
	for name, read := range map[string]reader{engineOnly: w.ours(w.rsa, nil), peerG: w.gosaml2(w.rsa), peerC: crew} {
		if who, _, err := read(encode(xml)); err != nil || who != email {
			t.Errorf("%s: the control: %q, %v", name, who, err)
		}
		if who, _, err := read(encode(forged)); err == nil {
			t.Errorf("%s reads %q", name, who)
		}
	}
}

// Of what strangers can post nothing is accepted, and what a tenant signed is sound,
// or it would be refused before it costs anything.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	w := ours(t)
	all, err := w.requests()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 45 {
		t.Fatalf("%d requests", len(all))
	}
	for _, p := range all {
		code, err := w.acs(p)
		if err != nil {
			t.Fatal(err)
		}
		if sound := strings.HasPrefix(p.name, signed.name); sound != (code == "accepted") {
			t.Errorf("%s: %s", p.name, code)
		}
	}
}

// Each attempt at a second factor ends as its row says, and each bar is about two rows.
func TestAttemptsAreWhatTheyAreCalled(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]struct {
		subjects func() ([]subject, error)
		against  []bar
	}{"codes": {codeSubjects, codeBars()}, "recovery codes": {recoverySubjects, recoveryBars()}} {
		subjects, err := part.subjects()
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, s := range subjects {
			names[s.name] = true
			for range 2 {
				if err := s.run(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		for _, b := range part.against {
			if !names[b.who] || !names[b.of] || strings.HasPrefix(b.who, peerP) || b.most < 1 {
				t.Errorf("%s: bar %+v", name, b)
			}
		}
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	if _, err := run(t.Output(), "none of these", 1); err == nil {
		t.Error("measures a part that is not there")
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	subjects := []subject{{name: units}, {name: engineOnly}}
	costs := []cost{{rounds: []time.Duration{10, 20, 10}}, {rounds: []time.Duration{31, 20, 90}, allocs: 150, bytes: 99}}
	for _, tc := range []struct {
		b    bar
		want int
	}{
		{bar{engineOnly, units, 3.1, "time"}, 0},
		{bar{engineOnly, units, 3.0, "time"}, 1},
		{bar{engineOnly, "", 150, "allocations"}, 0},
		{bar{engineOnly, "", 149, "allocations"}, 1},
		{bar{engineOnly, "", 98, "bytes"}, 1},
	} {
		if got := judge(t.Output(), []bar{tc.b}, subjects, costs); got != tc.want {
			t.Errorf("%+v: %d missed, want %d", tc.b, got, tc.want)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	if got := median([]int{9, 1, 5}); got != 5 {
		t.Errorf("got %d", got)
	}
}
