package password_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

// quick is a Hasher whose cost is next to nothing.
func quick() *password.Hasher {
	return password.NewHasher(&password.HasherOptions{InsecureCost: true})
}

func mustHash(t *testing.T, h *password.Hasher, pw string) string {
	t.Helper()
	hash, err := h.Hash(t.Context(), pw)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestDefaultCost(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(nil)
	hash := mustHash(t, h, "correct horse battery")
	form := regexp.MustCompile(`^\$argon2id\$v=19\$m=47104,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	if !form.MatchString(hash) {
		t.Errorf("hash = %s", hash)
	}
	ok, stale, err := h.Verify(t.Context(), "correct horse battery", hash)
	if !ok || stale || err != nil {
		t.Errorf("Verify = %v, %v, %v", ok, stale, err)
	}
}

// The vectors of the reference implementation of Argon2 (its test.c), which share
// no code with ours.
func TestForeignHashes(t *testing.T) {
	t.Parallel()
	hashes := []string{
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	}
	h := quick()
	for _, hash := range hashes {
		ok, stale, err := h.Verify(t.Context(), "password", hash)
		if !ok || !stale || err != nil {
			t.Errorf("%s: %v, %v, %v", hash, ok, stale, err)
		}
		ok, stale, err = h.Verify(t.Context(), "passwore", hash)
		if ok || stale || err != nil {
			t.Errorf("%s, wrong password: %v, %v, %v", hash, ok, stale, err)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	h := quick()
	const pw = "Grüße aus Köln"
	hash := mustHash(t, h, pw)
	again := mustHash(t, h, pw)
	if hash == again {
		t.Fatal("two hashes of one password are equal: the salt is not fresh")
	}
	last := strings.LastIndexByte(hash, '$')
	tests := map[string]struct {
		password, hash string
		want           bool
	}{
		"right":                    {pw, hash, true},
		"right, other salt":        {pw, again, true},
		"decomposed (NFD) as well": {"Gru\u0308ße aus Ko\u0308ln", hash, true},
		"wrong":                    {"Grusse aus Koeln", hash, false},
		"other case":               {strings.ToLower(pw), hash, false},
		"space behind":             {pw + " ", hash, false},
		"NUL behind":               {pw + "\x00", hash, false},
		"cut":                      {pw[:len(pw)-1], hash, false},
		"empty":                    {"", hash, false},
		"empty, no hash":           {"", "", false},
		"no hash":                  {pw, "", false},
		"hash of zeros, no hash":   {pw, "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
		"truncated hash":           {pw, hash[:last+1+20], false},
		"hash without output":      {pw, hash[:last+1], false},
		"text for a hash":          {pw, pw, false},
		"bcrypt":                   {pw, "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ok, stale, err := h.Verify(t.Context(), tt.password, tt.hash)
			if ok != tt.want || stale || err != nil {
				t.Errorf("Verify = %v, %v, %v; want %v", ok, stale, err, tt.want)
			}
		})
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	h := quick()
	dear := password.NewHasher(&password.HasherOptions{Time: 2})
	hash := mustHash(t, h, "a password of ours")
	ok, stale, err := dear.Verify(t.Context(), "a password of ours", hash)
	if !ok || !stale || err != nil {
		t.Errorf("cheaper hash: %v, %v, %v", ok, stale, err)
	}
	ok, stale, err = dear.Verify(t.Context(), "another password", hash)
	if ok || stale || err != nil {
		t.Errorf("wrong password: %v, %v, %v", ok, stale, err)
	}
}

// Options may raise the cost and never lower it.
func TestCostOptions(t *testing.T) {
	t.Parallel()
	type cost struct {
		Memory, Time uint32
		Lanes        uint8
	}
	tests := map[string]struct {
		opts         *password.HasherOptions
		hash, derive cost
	}{
		"nil":      {nil, cost{47104, 1, 1}, cost{47104, 1, 1}},
		"lower":    {&password.HasherOptions{Memory: 8, Time: 0}, cost{47104, 1, 1}, cost{47104, 1, 1}},
		"raised":   {&password.HasherOptions{Memory: 65536, Time: 3}, cost{65536, 3, 1}, cost{47104, 1, 1}},
		"capped":   {&password.HasherOptions{Memory: 1 << 31, Time: 1 << 31}, cost{262144, 10, 1}, cost{47104, 1, 1}},
		"insecure": {&password.HasherOptions{Memory: 65536, InsecureCost: true}, cost{64, 1, 1}, cost{64, 1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := password.NewHasher(tt.opts)
			var got cost
			h.SetCompute(func(memory, time uint32, lanes uint8, _ []byte, n uint32) []byte {
				got = cost{memory, time, lanes}
				return make([]byte, n)
			})
			hash := mustHash(t, h, "correct horse battery")
			if got != tt.hash {
				t.Errorf("Hash costs %+v, want %+v", got, tt.hash)
			}
			if err := password.CheckHash(hash); err != nil {
				t.Errorf("its own hash %s: %v", hash, err)
			}
			if _, err := h.Derive(t.Context(), []byte("secret"), []byte("somesalt")); err != nil || got != tt.derive {
				t.Errorf("Derive costs %+v, %v; want %+v", got, err, tt.derive)
			}
		})
	}
}

// An answer must not tell, by what it costs, whether there is an account. Runs and
// their parameters are compared, not time.
func TestUnknownCostsWhatKnownCosts(t *testing.T) {
	t.Parallel()
	h := quick()
	hash := mustHash(t, h, "correct horse battery")
	type run struct {
		Memory, Time uint32
		Lanes        uint8
		Salt, Out    int
	}
	var mu sync.Mutex
	var runs []run
	h.SetCompute(func(memory, time uint32, lanes uint8, salt []byte, n uint32) []byte {
		mu.Lock()
		defer mu.Unlock()
		runs = append(runs, run{memory, time, lanes, len(salt), int(n)})
		return make([]byte, n)
	})
	tests := map[string]struct {
		password, hash string
		want           []run
	}{
		"known":               {"correct horse battery", hash, []run{{64, 1, 1, 16, 32}}},
		"unknown":             {"correct horse battery", "", []run{{64, 1, 1, 16, 32}}},
		"unparsable":          {"correct horse battery", "{SHA}xyz", []run{{64, 1, 1, 16, 32}}},
		"beyond the caps":     {"correct horse battery", "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", []run{{64, 1, 1, 16, 32}}},
		"too long, known":     {strings.Repeat("x", 1025), hash, nil},
		"too long, unknown":   {strings.Repeat("x", 1025), "", nil},
		"no password":         {"", hash, nil},
		"no password or hash": {"", "", nil},
	}
	for name, tt := range tests { // one after the other: they share the counter
		runs = nil
		before := h.Runs()
		ok, _, err := h.Verify(t.Context(), tt.password, tt.hash)
		if ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		if diff := cmp.Diff(tt.want, runs); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got := h.Runs() - before; got != int64(len(tt.want)) {
			t.Errorf("%s: Runs rose by %d", name, got)
		}
	}
}

// Of fifty that ask at once at most n compute, and each gets its turn.
func TestAtMostParallelRunAtOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := password.NewHasher(&password.HasherOptions{Parallel: n, InsecureCost: true})
				release := make(chan struct{})
				var mu sync.Mutex
				running, most := 0, 0
				h.SetCompute(func(_, _ uint32, _ uint8, _ []byte, n uint32) []byte {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					<-release
					mu.Lock()
					running--
					mu.Unlock()
					return make([]byte, n)
				})
				const waiters = 50
				errs := make([]error, waiters)
				var wg sync.WaitGroup
				for i := range waiters {
					wg.Go(func() {
						switch i % 3 {
						case 0:
							_, errs[i] = h.Hash(t.Context(), "correct horse battery")
						case 1:
							_, _, errs[i] = h.Verify(t.Context(), "correct horse battery", "")
						case 2:
							_, errs[i] = h.Derive(t.Context(), []byte("secret"), []byte("somesalt"))
						}
					})
				}
				for range waiters {
					synctest.Wait()
					release <- struct{}{}
				}
				wg.Wait()
				if most != n {
					t.Errorf("%d ran at once, want %d", most, n)
				}
				if h.Runs() != waiters || errors.Join(errs...) != nil {
					t.Errorf("%d runs, errors %v", h.Runs(), errors.Join(errs...))
				}
			})
		})
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := password.NewHasher(&password.HasherOptions{Parallel: 1, InsecureCost: true})
		release := make(chan struct{})
		h.SetCompute(func(_, _ uint32, _ uint8, _ []byte, n uint32) []byte {
			<-release
			return make([]byte, n)
		})
		var wg sync.WaitGroup
		wg.Go(func() { h.Verify(t.Context(), "the one that runs", "") })
		synctest.Wait()

		ctx, cancel := context.WithCancel(t.Context())
		var ok bool
		var err error
		wg.Go(func() { ok, _, err = h.Verify(ctx, "the one that waits", "") })
		synctest.Wait()
		cancel()
		synctest.Wait()
		if ok || !errors.Is(err, context.Canceled) || h.Runs() != 1 {
			t.Errorf("waiting: %v, %v after %d runs", ok, err, h.Runs())
		}
		close(release)
		wg.Wait()

		if _, err := h.Hash(ctx, "never begun"); !errors.Is(err, context.Canceled) {
			t.Errorf("ended before: %v", err)
		}
		if _, err := h.Hash(t.Context(), "the turn was given back"); err != nil || h.Runs() != 2 {
			t.Errorf("afterwards: %v, %d runs", err, h.Runs())
		}
	})
}

func TestHashBounds(t *testing.T) {
	t.Parallel()
	h := quick()
	for pw, code := range map[string]string{"": password.CodeTooShort, strings.Repeat("x", 1025): password.CodeTooLong} {
		_, err := h.Hash(t.Context(), pw)
		var rejected *password.RejectedError
		if !errors.As(err, &rejected) || rejected.Problems[0].Code != code {
			t.Errorf("%d bytes: %v", len(pw), err)
		}
	}
	if h.Runs() != 0 {
		t.Errorf("%d runs", h.Runs())
	}
	long := strings.Repeat("x", 1024)
	ok, _, err := h.Verify(t.Context(), long, mustHash(t, h, long))
	if !ok || err != nil {
		t.Errorf("1024 bytes: %v, %v", ok, err)
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	h := quick()
	derive := func(secret, salt string) string {
		b, err := h.Derive(t.Context(), []byte(secret), []byte(salt))
		if err != nil || len(b) != 32 {
			t.Fatalf("%q, %q: %x, %v", secret, salt, b, err)
		}
		return string(b)
	}
	first, again := derive("secret", "somesalt"), derive("secret", "somesalt")
	if first != again {
		t.Error("two answers for one question")
	}
	if first == derive("secret", "othersalt") || first == derive("Secret", "somesalt") {
		t.Error("one answer for two questions")
	}
	if derive("\u00fc", "somesalt") == derive("u\u0308", "somesalt") {
		t.Error("bytes were normalised")
	}
	before := h.Runs()
	for _, bad := range [][2]string{{"", "somesalt"}, {strings.Repeat("x", 1025), "somesalt"}, {"secret", ""}, {"secret", "short"}, {"secret", strings.Repeat("s", 65)}} {
		if b, err := h.Derive(t.Context(), []byte(bad[0]), []byte(bad[1])); err == nil || b != nil {
			t.Errorf("%d and %d bytes: %x, %v", len(bad[0]), len(bad[1]), b, err)
		}
	}
	if h.Runs() != before {
		t.Error("what is refused was computed")
	}
}

func TestDeriveIsFixed(t *testing.T) {
	t.Parallel()
	// The same call to a raised Hasher must find what an older one derived.
	a, errA := password.NewHasher(nil).Derive(t.Context(), []byte("code"), []byte("somesalt"))
	b, errB := password.NewHasher(&password.HasherOptions{Memory: 65536, Time: 2}).Derive(t.Context(), []byte("code"), []byte("somesalt"))
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Errorf("%x, %v and %x, %v", a, errA, b, errB)
	}
}
