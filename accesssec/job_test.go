package accesssec

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

type nobody struct{}

func (nobody) Notify(context.Context, Notice) error { return nil }

func testService(t *testing.T, opts *Options) *Service {
	t.Helper()
	s, err := New(memory.New(), "https://app.example.com", seal.GenerateRing(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJobKinds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range testService(t, &Options{Notify: nobody{}}).jobKinds() {
		if seen[k.kind] || k.kind == "" || (k.run == nil) == (k.runAll == nil) || (k.runAll == nil) != (k.batch == 0) || k.atOnce < 1 {
			t.Errorf("%q: twice, or not whole: %+v", k.kind, k)
		}
		seen[k.kind] = true
		// A run, the waiting for one that does not stop, and the booking fit into the lease.
		if left := k.lease - k.within() - 2*lingerFor; k.within() < 10*time.Second || left < 10*time.Second {
			t.Errorf("%s: may run for %v of a lease of %v", k.kind, k.within(), k.lease)
		}
		if k.run != nil && k.retry.first <= 0 || k.retry.most < k.retry.first {
			t.Errorf("%s: %+v", k.kind, k.retry)
		}
		if k.every > 0 && k.retry.most > max(k.every, time.Minute) {
			t.Errorf("%s: one that fails stops for %v what comes every %v", k.kind, k.retry.most, k.every)
		}
	}
	if !seen["seal"] || !seen["sweep"] || !seen["notice"] {
		t.Errorf("kinds %v", seen)
	}
	for _, k := range testService(t, nil).jobKinds() {
		if k.kind == noticeJob {
			t.Error("notices would be leased by who can't deliver them")
		}
	}
}

func TestDelays(t *testing.T) {
	t.Parallel()
	d := delays{30 * time.Second, time.Hour}
	for failures, want := range map[int]time.Duration{
		-1: d.first, 0: d.first, 1: 30 * time.Second, 2: time.Minute, 3: 2 * time.Minute, 7: 32 * time.Minute,
		8: time.Hour, 9: time.Hour, 1 << 40: time.Hour,
	} {
		if got := d.after(failures); got != want {
			t.Errorf("after %d failures %v, want %v", failures, got, want)
		}
	}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	k := jobKind{retry: d}
	for _, tt := range []struct {
		until time.Duration // from now; 0: never
		want  time.Duration
	}{{0, 30 * time.Second}, {10 * time.Second, 10 * time.Second}, {time.Hour, 30 * time.Second}, {-time.Hour, 30 * time.Second}} {
		b := jobBody{Attempts: 1}
		if tt.until != 0 {
			b.Until = now.Add(tt.until)
		}
		if got := k.next(now, b).Sub(now); got != tt.want {
			t.Errorf("given up in %v: comes again in %v, want %v", tt.until, got, tt.want)
		}
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		every  time.Duration
		faults int
		want   time.Duration
	}{
		{0, 0, time.Second}, {5 * time.Second, 0, time.Second}, {10 * time.Minute, 0, 30 * time.Second},
		{0, 1, time.Second}, {0, 4, 8 * time.Second}, {0, 1000, time.Minute}, {10 * time.Minute, 1, 30 * time.Second},
	} {
		if got := (jobKind{every: tt.every}).pause(tt.faults); got != tt.want {
			t.Errorf("every %v after %d faults: %v, want %v", tt.every, tt.faults, got, tt.want)
		}
	}
	for range 1000 {
		if d := jitter(time.Second); d < 750*time.Millisecond || d > 1250*time.Millisecond {
			t.Fatalf("a second became %v", d)
		}
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	s := testService(t, nil)
	k := jobKind{kind: "test", every: time.Minute}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.schedule(t.Context(), k); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	lease := func() store.Job {
		t.Helper()
		now := s.now()
		jobs, err := s.store.LeaseJobs(t.Context(), store.LeaseQuery{Kinds: []string{"test"}, Worker: "w", Now: now, Until: now.Add(time.Hour)})
		if err != nil || len(jobs) != 1 {
			t.Fatalf("%d jobs, %v", len(jobs), err)
		}
		return jobs[0]
	}
	if j := lease(); j.Seq != 2 { // put once, leased once
		t.Errorf("put %d times", j.Seq-1)
	}
	if err := s.schedule(t.Context(), k); err != nil {
		t.Error(err)
	}
	if jobs, err := s.store.LeaseJobs(t.Context(), store.LeaseQuery{Kinds: []string{"test"}, Worker: "x", Now: s.now(), Until: s.now().Add(time.Hour)}); err != nil || len(jobs) != 0 {
		t.Errorf("taken away from who is at it: %d, %v", len(jobs), err)
	}
	// A release with another pace puts it anew, and the one who was at it is late.
	k.every = time.Hour
	if err := s.schedule(t.Context(), k); err != nil {
		t.Error(err)
	}
	if j := lease(); j.Seq != 4 {
		t.Errorf("not put anew: seq %d", j.Seq)
	}
}

func FuzzReadJobBody(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(`{"attempts":3,"until":"2026-03-02T12:00:00Z","box":"AQID"}`))
	f.Add([]byte(`{"attempts":-1}`))
	f.Add([]byte(`{"attempts":9223372036854775807,"until":"9999-12-31T23:59:59-23:59"}`))
	f.Add([]byte(`{"until":"0001-01-01T00:00:00+23:59"}`))
	k := jobKind{retry: delays{30 * time.Second, time.Hour}}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		b := readJobBody(body)
		if b.Attempts < 0 {
			t.Errorf("%d attempts", b.Attempts)
		}
		if wait := k.next(now, b).Sub(now); wait <= 0 || wait > k.retry.most {
			t.Errorf("comes again in %v", wait)
		}
		again, err := b.encode()
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		if got := readJobBody(again); got.Attempts != b.Attempts || !got.Until.Equal(b.Until) || string(got.Box) != string(b.Box) {
			t.Errorf("%+v became %+v", b, got)
		}
	})
}

func TestAwait(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	var none map[string]int
	for name, tt := range map[string]struct {
		ctx    context.Context
		linger time.Duration
		fn     func() (result, error)
		want   string // in the error
	}{
		"returns":                 {t.Context(), 0, func() (result, error) { return result{done: 7}, nil }, ""},
		"fails":                   {t.Context(), 0, func() (result, error) { return result{}, io.EOF }, "EOF"},
		"done when it is over":    {over, time.Minute, func() (result, error) { return result{done: 7}, nil }, ""},
		"never comes back":        {over, 0, func() (result, error) { <-never; return result{}, nil }, "not waited for"},
		"panics with a secret":    {t.Context(), 0, func() (result, error) { panic("the text of a notice") }, "panic: string"},
		"panics with an error":    {t.Context(), 0, func() (result, error) { panic(errors.New("the text")) }, "panic: *errors.errorString"},
		"a fault of the program":  {t.Context(), 0, func() (result, error) { none["a"]++; return result{}, nil }, "nil map"},
		"panics with nil":         {t.Context(), 0, func() (result, error) { panic(nil) }, "panic"},
		"leaves through the back": {t.Context(), 0, func() (result, error) { runtime.Goexit(); return result{}, nil }, "goroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := await(tt.ctx, tt.linger, tt.fn)
			if tt.want == "" {
				if err != nil || res.done != 7 {
					t.Errorf("%+v, %v", res, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "the text") {
				t.Errorf("%v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestPanicIsLoggedWithItsStack(t *testing.T) {
	t.Parallel()
	_, err := await(t.Context(), 0, func() (result, error) { panic("secret") })
	var p *panicError
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	if line := p.LogValue().String(); !strings.Contains(line, "TestPanicIsLoggedWithItsStack") {
		t.Errorf("no stack: %s", line)
	}
	if line := p.LogValue().String(); strings.Contains(line, "secret") {
		t.Errorf("what it panicked with is logged: %s", line)
	}
}

// TestStoredJobs holds the bytes of a job's body, which outlive a release.
func TestStoredJobs(t *testing.T) {
	t.Parallel()
	b := jobBody{Attempts: 2, Until: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC), Box: []byte{1, 2, 3}}
	got, err := b.encode()
	if want := `{"attempts":2,"until":"2026-03-05T12:00:00Z","box":"AQID"}`; err != nil || string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, err := (jobBody{}).encode(); err != nil || string(got) != "{}" {
		t.Errorf("an empty one is %s", got)
	}
	p, err := json.Marshal(posted{Template: "a", Values: map[string]string{"k": "v"}, UserID: "u", To: "t", Subject: "s", Text: "x", Expires: b.Until})
	if want := `{"template":"a","values":{"k":"v"},"user":"u","to":"t","subject":"s","text":"x","expires":"2026-03-05T12:00:00Z"}`; err != nil || string(p) != want {
		t.Errorf("%s, want %s", p, want)
	}
}
