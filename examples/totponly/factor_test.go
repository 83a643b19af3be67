package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/store/seal"
)

// A row that nobody here has written lets nobody in, and never by the password alone.
func TestBrokenRows(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(*row){
		"no such state":     func(r *row) { r.state = "off" },
		"no enrolment":      func(r *row) { r.enrollment = nil },
		"an empty one":      func(r *row) { r.enrollment = []byte("{}") },
		"a cut one":         func(r *row) { r.enrollment = r.enrollment[:20] },
		"no recovery codes": func(r *row) { r.recovery = nil },
		"a short hash":      func(r *row) { r.recovery = regexp.MustCompile(`\["[^"]*"`).ReplaceAll(r.recovery, []byte(`["AAAA"`)) },
		"no secret":         func(r *row) { r.secret = nil },
		"a secret in clear": func(r *row) { r.secret = []byte("12345678901234567890") },
		"a changed secret":  func(r *row) { r.secret = append(slices.Clone(r.secret[:len(r.secret)-1]), r.secret[len(r.secret)-1]^1) },
		"of another factor": func(r *row) { r.id = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, inside := enrolled(t)
			waiting := owing(t, w)
			put(t, w, ann, broken)
			for path, v := range map[string]*visitor{"/signin": arrival(t, w), "/code": waiting, "/remove": inside, "/codes": inside} {
				page, err := v.post(t.Context(), path, url.Values{"address": {ann}, "password": {w.site.passwords[ann]}, "code": {w.fresh(w.ann)}})
				if err != nil {
					t.Fatal(err)
				}
				if path == "/signin" && page.leads("/code", codePage) == nil {
					continue // the row is good enough to be asked for a code
				}
				if err := page.says(http.StatusServiceUnavailable, "This does not work at the moment"); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
			for _, v := range []*visitor{waiting, arrival(t, w)} {
				if err := v.mustBeOut(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A box that is moved to another person's row opens nothing there.
func TestMovedSecret(t *testing.T) {
	t.Parallel()
	w, _ := enrolled(t)
	v := arrival(t, w)
	_, err := w.knock(t.Context(), v, bob)
	if err == nil {
		w.bob, err = w.enrol(t.Context(), v, bob)
	}
	if err != nil {
		t.Fatal(err)
	}
	his := rowOf(t, w, bob)
	put(t, w, ann, func(r *row) {
		r.id, r.secret, r.enrollment, r.recovery, r.pepper = his.id, his.secret, his.enrollment, his.recovery, his.pepper
	})
	waiting := owing(t, w)
	for _, show := range []func() (answer, error){
		func() (answer, error) { return waiting.code(t.Context(), w.fresh(w.bob)) },
		func() (answer, error) { return waiting.recover(t.Context(), w.bob.codes[0]) },
	} {
		page, err := show()
		if err == nil {
			err = errors.Join(page.says(http.StatusServiceUnavailable), waiting.mustBeOut(t.Context()))
		}
		if err != nil {
			t.Errorf("Bob's code for Ann's row: %v", err)
		}
	}
}

// A new key takes over as people sign in, and then the old one may go.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	keys := []seal.Key{{ID: "old", Secret: [32]byte{1}}, {ID: "new", Secret: [32]byte{2}}}
	ring := func(current seal.Key, old ...seal.Key) *seal.Ring {
		r, err := seal.NewRing(current, old...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	w := serving(t)
	w.site.app.keys = ring(keys[0])
	v := arrival(t, w)
	_, err := w.knock(t.Context(), v, ann)
	if err == nil {
		w.ann, err = w.enrol(t.Context(), v, ann)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, now := range []*seal.Ring{ring(keys[1], keys[0]), ring(keys[1])} {
		w.site.app.keys = now
		if _, err := w.comeIn(t.Context(), ann, w.ann); err != nil {
			t.Errorf("%d, by app: %v", i, err)
		}
		if err := w.in(t.Context(), owing(t, w).recover, w.ann.spend()); err != nil {
			t.Errorf("%d, by recovery code: %v", i, err)
		}
		if r := rowOf(t, w, ann); now.Stale(r.secret) || now.Stale(r.pepper) {
			t.Errorf("%d: still under the old key", i)
		}
	}
}

// fails sets the count of attempts in a row's JSON.
func fails(n int, json []byte) []byte {
	return []byte(strings.Replace(string(json), "{", fmt.Sprintf(`{"fails":%d,`, n), 1))
}

// After a hundred wrong codes of the app a recovery code lets in, into a new set-up.
func TestDisabledApp(t *testing.T) {
	t.Parallel()
	w, inside := enrolled(t)
	put(t, w, ann, func(r *row) { r.enrollment = fails(100, r.enrollment) })
	page, err := inside.get(t.Context(), "/")
	if err == nil {
		err = page.says(http.StatusOK, "After a hundred wrong codes the app's are refused")
	}
	if err != nil {
		t.Error(err)
	}
	v := owing(t, w)
	page, err = v.code(t.Context(), w.fresh(w.ann))
	if err == nil {
		err = errors.Join(page.says(http.StatusForbidden, "After a hundred wrong codes"), v.mustBeOut(t.Context()))
	}
	if err != nil {
		t.Errorf("a right code: %v", err)
	}
	page, err = v.recover(t.Context(), w.ann.spend())
	if err == nil {
		err = errors.Join(page.leads("/setup", setUpPage), v.mustBeHeld(t.Context()))
	}
	if err == nil {
		w.ann, err = w.enrol(t.Context(), v, ann)
	}
	if err == nil {
		_, err = w.comeIn(t.Context(), ann, w.ann)
	}
	if err != nil {
		t.Errorf("a recovery code: %v", err)
	}
}

// After a hundred wrong recovery codes the app lets in, and makes new ones.
func TestDisabledRecovery(t *testing.T) {
	t.Parallel()
	w, _ := enrolled(t)
	put(t, w, ann, func(r *row) { r.recovery = fails(100, r.recovery) })
	v := owing(t, w)
	page, err := v.recover(t.Context(), w.ann.codes[0])
	if err == nil {
		err = errors.Join(page.says(http.StatusForbidden, "After a hundred wrong codes"), v.mustBeOut(t.Context()))
	}
	if err == nil {
		err = w.in(t.Context(), v.code, w.fresh(w.ann))
	}
	if err == nil {
		if page, err = v.get(t.Context(), "/"); err == nil {
			err = page.says(http.StatusOK, "After a hundred wrong recovery codes yours are refused")
		}
	}
	if err == nil {
		page, err = v.post(t.Context(), "/codes", url.Values{"password": {w.site.passwords[ann]}, "code": {w.fresh(w.ann)}})
	}
	if err == nil {
		err = w.in(t.Context(), owing(t, w).recover, listed(page)[0])
	}
	if err != nil {
		t.Error(err)
	}
}

// Fifty guesses at once: no more are looked at than are counted, and that is five. Then a
// right one is refused as well.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/code", "/recovery"} {
		w, _ := enrolled(t)
		w.clock.forward(time.Minute)
		guess, right := w.wrong(w.ann), w.code(w.ann)
		if path == "/recovery" {
			guess, right = "AAAA-BBBB-CCCC-DDDD", w.ann.codes[0]
		}
		var looked atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			v := owing(t, w)
			all.Go(func() {
				page, err := v.post(t.Context(), path, url.Values{"code": {guess}})
				switch {
				case err != nil:
					t.Error(err)
				case page.status == http.StatusUnauthorized:
					looked.Add(1)
				case page.status != http.StatusConflict && page.status != http.StatusTooManyRequests:
					t.Errorf("%s: status %d", path, page.status)
				}
			})
		}
		all.Wait()
		f, err := w.site.app.factor(rowOf(t, w, ann).user)
		if err != nil {
			t.Fatal(err)
		}
		counted := f.enrollment.Fails()
		if path == "/recovery" {
			counted = f.recovery.Fails()
		}
		if n := int(looked.Load()); n != counted || n > 5 || n == 0 {
			t.Errorf("%s: %d were looked at, %d counted", path, n, counted)
		}
		v := owing(t, w)
		for range 5 - counted {
			if _, err := v.post(t.Context(), path, url.Values{"code": {guess}}); err != nil {
				t.Fatal(err)
			}
		}
		page, err := v.post(t.Context(), path, url.Values{"code": {right}})
		if err == nil {
			err = errors.Join(page.says(http.StatusTooManyRequests), v.mustBeOut(t.Context()))
		}
		if err != nil {
			t.Errorf("%s: a right one: %v", path, err)
		}
		if page.header.Get("Retry-After") != "30" {
			t.Errorf("%s: Retry-After %q", path, page.header.Get("Retry-After"))
		}
	}
}

// Whose count is not saved has seen no code: a right one and a wrong one end alike.
func TestLostSwap(t *testing.T) {
	t.Parallel()
	w, _ := enrolled(t)
	a := w.site.app
	f, err := a.factor(rowOf(t, w, ann).user)
	if err != nil {
		t.Fatal(err)
	}
	put(t, w, ann, func(*row) {}) // somebody else was faster
	for _, code := range []string{w.fresh(w.ann), w.wrong(w.ann)} {
		if _, err := a.byApp(f, code); !errors.Is(err, errConflict) {
			t.Errorf("by app: %v", err)
		}
	}
	for _, code := range []string{w.ann.codes[0], "AAAA-BBBB-CCCC-DDDD"} {
		if _, err := a.byRecovery(t.Context(), f, code); !errors.Is(err, errConflict) {
			t.Errorf("by recovery code: %v", err)
		}
	}
	if now := rowOf(t, w, ann); now.version != f.version+1 {
		t.Errorf("version %d after %d", now.version, f.version)
	}
}

// A code that was right and is used up is answered as any wrong one, to the last header.
func TestUsedIsWrong(t *testing.T) {
	t.Parallel()
	w, _ := enrolled(t)
	code := w.code(w.ann) // has confirmed
	var said []answer
	for _, c := range []string{code, w.wrong(w.ann)} {
		page, err := owing(t, w).code(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		page.header.Del("Date")
		said = append(said, page)
	}
	if diff := cmp.Diff(said[0], said[1], cmp.AllowUnexported(answer{})); diff != "" {
		t.Errorf("used and wrong:\n%s", diff)
	}
	if said[0].status != http.StatusUnauthorized {
		t.Errorf("status %d", said[0].status)
	}
}

// A login whose factor went away since is no login.
func TestFactorGoneSince(t *testing.T) {
	t.Parallel()
	w, _ := enrolled(t)
	v := owing(t, w)
	for _, now := range []state{none, due} {
		put(t, w, ann, func(r *row) { r.state = now })
		for _, path := range []string{"/code", "/recovery"} {
			page, err := v.post(t.Context(), path, url.Values{"code": {w.code(w.ann)}})
			if err == nil {
				err = errors.Join(page.says(http.StatusForbidden, "This took too long"), v.mustBeOut(t.Context()))
			}
			if err != nil {
				t.Errorf("%s, %q: %v", path, now, err)
			}
		}
	}
}

// scanned is Ann, whose phone has what waits for its first code.
func scanned(t *testing.T) (*walker, *visitor, *phone) {
	t.Helper()
	w := serving(t)
	v := arrival(t, w)
	if _, err := w.knock(t.Context(), v, ann); err != nil {
		t.Fatal(err)
	}
	page, err := v.post(t.Context(), "/setup", url.Values{"password": {w.site.passwords[ann]}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := scan(page)
	if err != nil {
		t.Fatal(err)
	}
	return w, v, p
}

// One code confirms once, in however many windows it is typed.
func TestConfirmAtOnce(t *testing.T) {
	t.Parallel()
	w, v, p := scanned(t)
	code, cookies := w.fresh(p), cookiesOf(t, v)
	statuses := make(chan int)
	for range 8 {
		go func() {
			resp := hop(t, request(t, http.MethodPost, w.site.origin+"/setup/confirm", url.Values{"code": {code}}.Encode()), cookies...)
			statuses <- resp.StatusCode
		}()
	}
	confirmed := 0
	for range 8 {
		if <-statuses == http.StatusOK {
			confirmed++
		}
	}
	if confirmed != 1 {
		t.Errorf("confirmed %d times", confirmed)
	}
}

// A set-up is guarded as the factor is: who guesses at it is locked out, and starts again.
func TestGuessesAtASetUp(t *testing.T) {
	t.Parallel()
	w, v, p := scanned(t)
	for range 5 {
		if page, err := v.post(t.Context(), "/setup/confirm", url.Values{"code": {w.wrong(p)}}); err != nil || page.status != http.StatusUnauthorized {
			t.Fatalf("status %d, %v", page.status, err)
		}
	}
	page, err := v.post(t.Context(), "/setup/confirm", url.Values{"code": {w.code(p)}})
	if err == nil {
		err = page.says(http.StatusTooManyRequests, "not even a right one")
	}
	if err == nil {
		_, err = w.enrol(t.Context(), v, ann)
	}
	if err != nil {
		t.Error(err)
	}
}

// Of two browsers that set up at the same time, the first to confirm signs the other out.
func TestTwoSetUps(t *testing.T) {
	t.Parallel()
	w := serving(t)
	first, second := arrival(t, w), arrival(t, w)
	for _, v := range []*visitor{first, second} {
		if _, err := w.knock(t.Context(), v, ann); err != nil {
			t.Fatal(err)
		}
	}
	page, err := second.post(t.Context(), "/setup", url.Values{"password": {w.site.passwords[ann]}})
	if err != nil {
		t.Fatal(err)
	}
	late, err := scan(page)
	if err == nil {
		w.ann, err = w.enrol(t.Context(), first, ann)
	}
	if err != nil {
		t.Fatal(err)
	}
	page, err = second.post(t.Context(), "/setup/confirm", url.Values{"code": {w.code(late)}})
	if err == nil {
		err = page.leads("/signin", signInPage)
	}
	if err == nil {
		_, err = w.comeIn(t.Context(), ann, w.ann)
	}
	if err != nil {
		t.Error(err)
	}
}

// Who has a live factor does not set up another beside it.
func TestSetUpOverALiveOne(t *testing.T) {
	t.Parallel()
	w, v := enrolled(t)
	before := rowOf(t, w, ann)
	for _, path := range []string{"/setup", "/setup/confirm"} {
		page, err := v.post(t.Context(), path, url.Values{"password": {w.site.passwords[ann]}, "code": {w.fresh(w.ann)}})
		if err == nil {
			err = page.leads("/", accountPage)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if now := rowOf(t, w, ann); now.version != before.version || now.id != before.id {
		t.Error("the factor changed")
	}
}

// Without a factor there is nothing to renew, change or remove.
func TestNoFactor(t *testing.T) {
	t.Parallel()
	w := serving(t)
	v := arrival(t, w)
	if _, err := w.knock(t.Context(), v, ann); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/codes", "/change", "/remove"} {
		page, err := v.post(t.Context(), path, url.Values{"password": {w.site.passwords[ann]}, "code": {"000000"}})
		if err == nil {
			err = page.says(http.StatusConflict, "You have no second factor")
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	page, err := v.post(t.Context(), "/setup/confirm", url.Values{"code": {"000000"}})
	if err == nil {
		err = page.says(http.StatusForbidden, "This took too long", "Your password, once more")
	}
	if err != nil {
		t.Errorf("confirm nothing: %v", err)
	}
}

// Addresses are one, however they are typed.
func TestAddresses(t *testing.T) {
	t.Parallel()
	w := serving(t)
	page, err := arrival(t, w).post(t.Context(), "/signin", url.Values{"address": {" Ann@Example.COM "}, "password": {w.site.passwords[ann]}})
	if err == nil {
		err = page.leads("/", accountPage)
	}
	if err != nil {
		t.Error(err)
	}
}
