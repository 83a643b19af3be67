package accesssec

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/accesssec/accesssec-go/totp"
)

// vault is a store with sealed values in it, and a clock that stands until it is moved.
type vault struct {
	t    *testing.T
	st   store.Store
	mu   sync.Mutex
	now  time.Time
	log  bytes.Buffer
	base *Service // of which instances are copies
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{t: t, st: memory.New(), now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	s, err := New(v.st, "https://app.example.com", seal.GenerateRing(), &Options{
		Now: v.clock, Log: slog.New(slog.NewTextHandler(&v.log, nil)), Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	})
	v.must(err)
	v.base = s
	return v
}

func (v *vault) clock() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

func (v *vault) advance(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(d)
}

func (v *vault) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func sealKey(id string) seal.Key {
	k := seal.Key{ID: id}
	rand.Read(k.Secret[:])
	return k
}

// service is an instance with those keys.
func (v *vault) service(st store.Store, current seal.Key, old ...seal.Key) *Service {
	v.t.Helper()
	ring, err := seal.NewRing(current, old...)
	v.must(err)
	s := *v.base
	s.store, s.keys = st, ring
	return &s
}

func (v *vault) write(fn func(store.Tx) error) {
	v.t.Helper()
	v.must(v.st.RunInTx(v.t.Context(), fn))
}

// org is one with so many connections and sessions, sealed by s.
func (v *vault) org(s *Service, id string, conns, sessions int) {
	v.t.Helper()
	v.write(func(tx store.Tx) error {
		if err := tx.CreateOrg(v.t.Context(), store.Org{ID: id, Name: id, CreatedAt: v.clock()}); err != nil {
			return err
		}
		for i := range conns {
			con := fmt.Sprintf("con-%s-%d", id, i)
			k := connections.fresh(id, con, con, v.clock(), time.Time{}, connection{
				Name: "SSO", EntityID: "https://app.example.com/" + con, Rules: saml.Rules{Skew: time.Minute},
				Subjects: 3, Dropped: []string{"a"}, Cert: []byte{1}, Key: s.keys.Seal([]byte("key of "+con), "saml key", con),
			})
			if err := connections.put(v.t.Context(), tx, k); err != nil {
				return err
			}
		}
		for i := range sessions {
			ses := fmt.Sprintf("ses-%s-%d", id, i)
			k := ssoSessions.fresh(id, ses, "", v.clock(), v.clock().Add(1000*time.Hour), ssoSession{s.keys.Seal([]byte(`{"user":"`+ses+`"}`), "sso session", ses)})
			k.Owner = "owner"
			if err := ssoSessions.put(v.t.Context(), tx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

// person has a second factor, sealed by s.
func (v *vault) person(s *Service, id string) {
	v.t.Helper()
	enrollment, secret, err := totp.New(v.clock(), nil)
	v.must(err)
	f := factor{ID: newID("fac"), Enrollment: enrollment}
	f.Sealed = s.sealFactorSecret(secret, id, f.ID)
	_, err = s.newRecovery(v.t.Context(), &f, id)
	v.must(err)
	v.write(func(tx store.Tx) error {
		return factors.put(v.t.Context(), tx, factors.fresh("", id, "", v.clock(), time.Time{}, f))
	})
}

// docs are all that is kept sealed in that org.
func (v *vault) docs(org string) []store.Doc {
	v.t.Helper()
	var out []store.Doc
	for _, k := range sealedKinds() {
		q := store.DocQuery{Paging: store.Paging{Limit: 1000}}
		for {
			page, err := v.st.Docs(v.t.Context(), k.kind, org, q)
			v.must(err)
			out = append(out, page.Items...)
			if q.After = page.Next; q.After == "" {
				break
			}
		}
	}
	return out
}

// states counts how many of an org's values s can open, and how many are stale for it.
func (v *vault) states(s *Service, org string) (opens, stale int) {
	v.t.Helper()
	for _, d := range v.docs(org) {
		var box []byte
		var err error
		switch d.Kind {
		case connections.kind:
			var c connection
			err = json.Unmarshal(d.Body, &c)
			if err == nil {
				box = c.Key
				_, err = s.keys.Open(c.Key, "saml key", d.ID)
			}
		case ssoSessions.kind:
			var k kept[ssoSession]
			if k, err = ssoSessions.read(d, nil); err == nil {
				box = k.Value.Box
				_, err = s.nameOf(k)
			}
		case factors.kind:
			var f factor
			err = json.Unmarshal(d.Body, &f)
			if err == nil && len(f.Sealed) > 0 {
				box = f.Sealed
				if s.keys.Stale(f.Pepper) {
					box = f.Pepper
				}
				_, fault := s.openPepper(f, d.ID)
				_, err = s.factorSecret(f.Sealed, d.ID, f.ID)
				err = errors.Join(err, fault)
			}
		}
		if err == nil {
			opens++
		}
		if box != nil && s.keys.Stale(box) {
			stale++
		}
	}
	return opens, stale
}

// round is what an instance does six hours later.
func (v *vault) round(s *Service) {
	v.t.Helper()
	v.advance(6 * time.Hour)
	_, err := s.Tick(v.t.Context())
	v.must(err)
}

func (v *vault) resealed(s *Service) Resealing {
	v.t.Helper()
	r, err := s.Resealed(v.t.Context())
	v.must(err)
	return r
}

func TestReseal(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june := sealKey("march"), sealKey("june")
	before := v.service(v.st, march)
	v.org(before, "org-a", 2, 3)
	v.org(before, "org-b", 1, 250)
	v.org(before, "org-c", 0, 0)
	v.person(before, "usr-a")
	v.person(before, "usr-b")
	v.write(func(tx store.Tx) error {
		return factors.put(t.Context(), tx, factors.fresh("", "usr-c", "", v.clock(), time.Time{}, factor{Due: dueReset}))
	})
	all := func() []store.Doc { return slices.Concat(v.docs(""), v.docs("org-a"), v.docs("org-b")) }
	was := all()

	s := v.service(v.st, june, march)
	for range 2 { // again, too soon
		_, err := s.reseal(t.Context(), leased{})
		v.must(err)
	}
	if got := v.resealed(s); got != (Resealing{}) {
		t.Errorf("%+v", got)
	}
	if _, stale := v.states(s, "org-b"); stale != 251 {
		t.Errorf("sealed anew while others may not have the key: %d are left", stale)
	}
	v.round(s)
	if got := v.resealed(s); !got.Since.Equal(v.clock()) || got.Left != 0 {
		t.Errorf("%+v", got)
	}
	after := v.service(v.st, june)
	for org, n := range map[string]int{"": 3, "org-a": 5, "org-b": 251} {
		if opens, stale := v.states(after, org); opens != n || stale != 0 {
			t.Errorf("%s: %d of %d open without the old key, %d are stale", org, opens, n, stale)
		}
	}
	// Nothing else of them is another.
	for i, is := range all() {
		if n := is.Version - was[i].Version; n != 1 && is.ID != "usr-c" || n != 0 && is.ID == "usr-c" {
			t.Errorf("%s was written %d times", is.ID, n)
		}
		rest := func(d store.Doc) (store.Doc, map[string]any) {
			var body map[string]any
			v.must(json.Unmarshal(d.Body, &body))
			for _, box := range []string{"box", "sealed_key", "sealed", "pepper"} {
				delete(body, box)
			}
			d.Body, d.Version = nil, 0
			return d, body
		}
		isDoc, isBody := rest(is)
		wasDoc, wasBody := rest(was[i])
		if diff := cmp.Diff(wasDoc, isDoc) + cmp.Diff(wasBody, isBody); diff != "" {
			t.Errorf("%s (-was +is)\n%s", is.ID, diff)
		}
	}
	if v.log.Len() != 0 {
		t.Errorf("logged %s", &v.log)
	}
	if got := v.resealed(before); got != (Resealing{}) {
		t.Errorf("one who has the old key alone is told %+v", got)
	}
	if got := v.resealed(after); got.Since.IsZero() {
		t.Error("one who has the new key alone is told nothing")
	}
}

// counting counts the pages that are read of what is kept sealed.
type counting struct {
	store.Store
	pages atomic.Int64
	fails int64 // at that one; 0: at none
}

var errAway = errors.New("the store is away")

func (c *counting) Docs(ctx context.Context, kind store.Kind, org string, q store.DocQuery) (store.Page[store.Doc], error) {
	if kind != scimTokens.kind && c.pages.Add(1) == c.fails { // those another job reads
		return store.Page[store.Doc]{}, errAway
	}
	return c.Store.Docs(ctx, kind, org, q)
}

// TestResealIsCheap: what is under the current key is looked at once in a week.
func TestResealIsCheap(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june := sealKey("march"), sealKey("june")
	st := &counting{Store: v.st}
	s := v.service(st, march)
	v.org(s, "org-a", 1, 1)
	for range 7 * 4 {
		v.round(s)
	}
	if n := st.pages.Load(); n != 4 {
		t.Errorf("%d pages read in the first week, want 4", n)
	}
	v.round(s)
	v.round(s)
	if n := st.pages.Load(); n != 8 {
		t.Errorf("%d pages read after it, want 8", n)
	}
	// An instance that still had the old key seals after the walk.
	june4 := v.service(st, june, march)
	v.round(june4)
	v.round(june4)
	since := v.resealed(june4).Since
	v.org(s, "org-b", 1, 1)
	for range 7 * 4 {
		v.round(june4)
	}
	if opens, _ := v.states(v.service(v.st, june), "org-b"); opens != 2 {
		t.Errorf("%d of 2 open a week later", opens)
	}
	if got := v.resealed(june4); !got.Since.After(since) {
		t.Errorf("%+v, and it was %v before", got, since)
	}
}

// TestResealLeavesWhatDoesNotOpen: it is told, and tried again, and keeps nothing waiting.
func TestResealLeavesWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june, lost := sealKey("march"), sealKey("june"), sealKey("lost")
	before := v.service(v.st, march)
	v.person(before, "usr-a")
	v.write(func(tx store.Tx) error { // its secret is of the lost key, its pepper is not
		k, err := factors.get(t.Context(), tx, "", "usr-a")
		if err == nil {
			k.Value.Sealed = v.service(v.st, lost).keys.Seal([]byte("twenty bytes or more"), "totp", "usr-a", k.Value.ID)
			err = factors.put(t.Context(), tx, k)
		}
		return err
	})
	v.org(v.service(v.st, lost), "org-a", 1, 0)
	v.org(before, "org-b", 1, 5)
	v.org(before, "org-c", 1, 1)
	spoil := func(id string, body []byte) {
		v.write(func(tx store.Tx) error {
			d, err := tx.Doc(t.Context(), ssoSessions.kind, "org-b", id)
			if err == nil {
				d.Body = body
				err = tx.PutDocs(t.Context(), d)
			}
			return err
		})
	}
	other, err := v.st.Doc(t.Context(), ssoSessions.kind, "org-b", "ses-org-b-1")
	v.must(err)
	spoil("ses-org-b-2", other.Body) // in another's place
	spoil("ses-org-b-3", []byte(`{"box":"c2VjcmV0"}`))
	spoil("ses-org-b-4", []byte(`a secret`))
	s := v.service(v.st, june, march)
	v.round(s)
	for range 2 {
		v.log.Reset()
		v.round(s)
		if got := v.resealed(s); got != (Resealing{Left: 5}) {
			t.Errorf("%+v", got)
		}
		k, err := factors.get(t.Context(), v.st, "", "usr-a")
		v.must(err)
		if _, err := v.service(v.st, june).openPepper(k.Value, "usr-a"); err != nil {
			t.Errorf("a box beside it: %v", err)
		}
		if opens, _ := v.states(v.service(v.st, june), "org-b"); opens != 3 {
			t.Errorf("%d of 3 open", opens)
		}
		if opens, _ := v.states(v.service(v.st, june), "org-c"); opens != 2 {
			t.Errorf("behind them %d of 2 open", opens)
		}
		text := v.log.String()
		for _, id := range []string{"id=usr-a", "id=con-org-a-0", "id=ses-org-b-2", "id=ses-org-b-3", "id=ses-org-b-4"} {
			if strings.Count(text, id) != 1 {
				t.Errorf("%s is not told once:\n%s", id, text)
			}
		}
		if !strings.Contains(text, "kind=connection org=org-a") || strings.Contains(text, "secret") || strings.Count(text, "\n") != 5 {
			t.Errorf("logged\n%s", text)
		}
	}
	v.write(func(tx store.Tx) error {
		for _, id := range []string{"ses-org-b-2", "ses-org-b-3", "ses-org-b-4"} {
			if err := tx.DeleteDoc(t.Context(), ssoSessions.kind, "org-b", id); err != nil {
				return err
			}
		}
		return nil
	})
	found := v.service(v.st, june, march, lost)
	v.round(found)
	if got := v.resealed(found); !got.Since.Equal(v.clock()) || got.Left != 0 {
		t.Errorf("the key is back: %+v", got)
	}
	if opens, _ := v.states(v.service(v.st, june), "org-a"); opens != 1 {
		t.Error("it does not open")
	}
	if opens, _ := v.states(v.service(v.st, june), ""); opens != 1 {
		t.Error("a factor does not open")
	}
}

// TestWalkSealed: it goes on from wherever it was, and sees each value once.
func TestWalkSealed(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	s := v.service(v.st, sealKey("march"))
	want := map[string]int{}
	for i := range 101 {
		id := fmt.Sprintf("usr-%03d", i)
		want[id] = 1
		v.write(func(tx store.Tx) error {
			return factors.put(t.Context(), tx, factors.fresh("", id, "", v.clock(), time.Time{}, factor{Due: dueReset}))
		})
	}
	for i := range 120 {
		id := fmt.Sprintf("org-%03d", i)
		conns, sessions := i%3, i%2
		if i == 77 {
			sessions = 310
		}
		v.org(s, id, conns, sessions)
		for _, d := range v.docs(id) {
			want[d.ID] = 1
		}
	}
	type stop struct {
		at  sealedPlace
		ids []string
	}
	var all []stop
	v.must(s.walkSealed(t.Context(), sealedPlace{}, func(at sealedPlace, _ sealedKind, page []store.Doc) error {
		var ids []string
		for _, d := range page {
			ids = append(ids, d.ID)
		}
		all = append(all, stop{at, ids})
		return nil
	}))
	if last := all[len(all)-1].at; last.Orgs == "" {
		t.Errorf("from %+v the first page of orgs would be read again", last)
	}
	seen := map[string]int{}
	for _, p := range all {
		for _, id := range p.ids {
			seen[id]++
		}
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("seen (-want +got)\n%s", diff)
	}
	for i, from := range all {
		if i%7 > 0 && len(from.ids) < 100 {
			continue
		}
		var rest []stop
		v.must(s.walkSealed(t.Context(), from.at, func(at sealedPlace, _ sealedKind, page []store.Doc) error {
			var ids []string
			for _, d := range page {
				ids = append(ids, d.ID)
			}
			rest = append(rest, stop{at, ids})
			return nil
		}))
		if diff := cmp.Diff(all[i:], rest, cmp.AllowUnexported(stop{})); diff != "" {
			t.Fatalf("from %+v (-want +got)\n%s", from.at, diff)
		}
	}
	// The org that it stopped in is gone.
	at := all[len(all)/2].at
	v.write(func(tx store.Tx) error { return tx.DeleteOrg(t.Context(), at.Org) })
	var orgs []string
	v.must(s.walkSealed(t.Context(), at, func(at sealedPlace, _ sealedKind, _ []store.Doc) error {
		orgs = append(orgs, at.Org)
		return nil
	}))
	if len(orgs) == 0 || orgs[0] <= at.Org || !slices.IsSorted(orgs) || orgs[len(orgs)-1] != "org-119" {
		t.Errorf("behind %s it walked %v", at.Org, orgs)
	}
}

// cut is a context that ends at the n-th question whether it has.
type cut struct {
	context.Context
	left atomic.Int64
}

func (c *cut) Err() error {
	if c.left.Add(-1) < 0 {
		return context.DeadlineExceeded
	}
	return c.Context.Err()
}

// TestResealCutShort: whatever call it ends at, another instance does the rest.
func TestResealCutShort(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june, lost := sealKey("march"), sealKey("june"), sealKey("lost")
	for n := int64(0); ; n++ {
		v.st = memory.New()
		v.org(v.service(v.st, march), "org-a", 2, 2)
		v.org(v.service(v.st, lost), "org-b", 1, 0)
		s := v.service(v.st, june, march)
		v.round(s)
		v.advance(6 * time.Hour)
		ctx := &cut{Context: t.Context()}
		ctx.left.Store(n)
		_, err := s.reseal(ctx, leased{})
		if err == nil {
			if n < 10 {
				t.Errorf("it was over after %d calls", n)
			}
			return
		}
		if got := v.resealed(s); got != (Resealing{}) {
			t.Fatalf("cut after %d: %+v", n, got)
		}
		_, err = v.service(v.st, june, march).reseal(t.Context(), leased{})
		v.must(err)
		if opens, _ := v.states(v.service(v.st, june), "org-a"); opens != 4 {
			t.Fatalf("cut after %d: %d of 4 open", n, opens)
		}
		if got := v.resealed(s); got != (Resealing{Left: 1}) {
			t.Fatalf("cut after %d: %+v", n, got)
		}
	}
}

// TestResealPauses: a run ends long before its lease, and the next goes on from there.
func TestResealPauses(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june, lost := sealKey("march"), sealKey("june"), sealKey("lost")
	v.org(v.service(v.st, lost), "org-a", 7, 0)
	before := v.service(v.st, march)
	v.org(before, "org-b", 0, 4700)
	for i := range 300 {
		v.org(before, fmt.Sprintf("org-c-%03d", i), 0, 0)
	}
	v.org(before, "org-d", 0, 350)
	st := &counting{Store: v.st}
	pages := 0
	v.must(before.walkSealed(t.Context(), sealedPlace{}, func(sealedPlace, sealedKind, []store.Doc) error {
		pages++
		return nil
	}))
	s := v.service(st, june, march)
	v.round(s)
	v.advance(6 * time.Hour)
	first, err := s.reseal(t.Context(), leased{})
	v.must(err)
	if !first.next.Equal(v.clock()) || first.done != 4700 {
		t.Errorf("%+v", first)
	}
	if got := v.resealed(s); got != (Resealing{}) {
		t.Errorf("%+v", got)
	}
	v.advance(time.Minute)
	second, err := s.reseal(t.Context(), leased{})
	v.must(err)
	if !second.next.IsZero() || second.done != 350 {
		t.Errorf("%+v", second)
	}
	if n := st.pages.Load(); n != int64(pages)+1 { // the one that it stopped at is read again
		t.Errorf("%d pages read of %d", n, pages)
	}
	if got := v.resealed(s); got != (Resealing{Left: 7}) {
		t.Errorf("%+v", got)
	}
	// Without those it is whole, from when it began.
	v.write(func(tx store.Tx) error { return tx.DeleteOrg(t.Context(), "org-a") })
	v.advance(6 * time.Hour)
	begun := v.clock()
	third, err := s.reseal(t.Context(), leased{})
	v.must(err)
	if got := v.resealed(s); !got.Since.Equal(begun) || third.done != 0 {
		t.Errorf("%+v, %+v", got, third)
	}
}

// TestResealFails: most of what was done before a fault is not done again.
func TestResealFails(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	st := &counting{Store: v.st, fails: 1100}
	s := v.service(st, sealKey("march"))
	for i := range 600 {
		v.org(s, fmt.Sprintf("org-%03d", i), 0, 0)
	}
	v.round(s)
	v.advance(6 * time.Hour)
	if _, err := s.reseal(t.Context(), leased{}); !errors.Is(err, errAway) {
		t.Fatal(err)
	}
	_, err := s.reseal(t.Context(), leased{body: jobBody{Attempts: 1}})
	v.must(err)
	// Two of no org, and two of each org; the one that was written down last comes again.
	if n := st.pages.Load() - 1100; n > 1202-1000 || v.resealed(s).Since.IsZero() {
		t.Errorf("%d pages read after the fault, %+v", n, v.resealed(s))
	}
}

// TestResealBeginsAnew: a place that is one no more keeps it from nothing for long.
func TestResealBeginsAnew(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june := sealKey("march"), sealKey("june")
	v.org(v.service(v.st, march), "org-a", 1, 1)
	s := v.service(v.st, june, march)
	v.round(s)
	v.advance(6 * time.Hour)
	k, err := resealings.get(t.Context(), v.st, "", resealingID)
	v.must(err)
	k.Value.Begun, k.Value.At, k.Value.Over = v.clock(), sealedPlace{Orgs: "of another release", Org: "org-b"}, 9
	v.write(func(tx store.Tx) error { return resealings.put(t.Context(), tx, k) })
	for failures := range 3 {
		if _, err := s.reseal(t.Context(), leased{body: jobBody{Attempts: failures}}); err == nil {
			t.Fatal("the page was read")
		}
	}
	_, err = s.reseal(t.Context(), leased{body: jobBody{Attempts: 3}})
	v.must(err)
	if opens, _ := v.states(v.service(v.st, june), "org-a"); opens != 2 || v.resealed(s).Since.IsZero() {
		t.Errorf("%d of 2 open, %+v", opens, v.resealed(s))
	}
}

// meddled is a store in which somebody else writes a value before we do.
type meddled struct {
	store.Store
	meddle func(times int)
	times  int
}

func (m *meddled) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	m.times++
	m.meddle(m.times)
	return m.Store.RunInTx(ctx, fn)
}

func TestResealBesideOthers(t *testing.T) {
	t.Parallel()
	march, june := sealKey("march"), sealKey("june")
	for name, tt := range map[string]struct {
		writes int // by somebody else
		delete bool
		left   int
		name   string // of the connection, afterwards
	}{
		"nobody":      {name: "SSO"},
		"once":        {writes: 1, name: "SSO 1"},
		"twice":       {writes: 2, name: "SSO 1 2"},
		"all along":   {writes: 1 << 30, left: 1, name: "SSO 1 2 3"},
		"it is gone":  {writes: 1, delete: true},
		"gone, later": {writes: 2, delete: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			v.org(v.service(v.st, march), "org-a", 1, 0)
			v.round(v.service(v.st, june, march))
			v.advance(6 * time.Hour)
			st := &meddled{Store: v.st, meddle: func(times int) {
				times-- // the first writes down that a walk begins
				if times < 1 || times > tt.writes || times > 3 {
					return
				}
				v.write(func(tx store.Tx) error {
					k, err := connections.get(t.Context(), tx, "org-a", "con-org-a-0")
					if err != nil {
						return err
					}
					if tt.delete && times == tt.writes {
						return tx.DeleteDoc(t.Context(), connections.kind, "org-a", k.ID)
					}
					k.Value.Name += fmt.Sprintf(" %d", times)
					return connections.put(t.Context(), tx, k)
				})
			}}
			s := v.service(st, june, march)
			_, err := s.reseal(t.Context(), leased{})
			v.must(err)
			if got := v.resealed(s); got.Left != tt.left || got.Since.IsZero() != (tt.left > 0) {
				t.Errorf("%+v", got)
			}
			k, err := connections.get(t.Context(), v.st, "org-a", "con-org-a-0")
			if tt.delete {
				if !errors.Is(err, store.ErrNotFound) {
					t.Errorf("it is back: %v", err)
				}
				return
			}
			v.must(err)
			if stale := s.keys.Stale(k.Value.Key); k.Value.Name != tt.name || stale != (tt.left > 0) {
				t.Errorf("%q, stale: %t", k.Value.Name, stale)
			}
		})
	}
}

// TestResealWaitsForAll: an instance with another current key sets the wait back, and what
// was said to be sealed anew.
func TestResealWaitsForAll(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june := sealKey("march"), sealKey("june")
	before, s := v.service(v.st, march), v.service(v.st, june, march)
	v.org(before, "org-a", 3, 3)
	for range 5 {
		v.round(s)
		v.round(before)
	}
	if opens, _ := v.states(before, "org-a"); opens != 6 || v.log.Len() != 0 {
		t.Errorf("%d of 6 open where the new key is not yet, logged %q", opens, &v.log)
	}
	if got := v.resealed(s); got != (Resealing{}) {
		t.Errorf("%+v", got)
	}
	// The one who does not have it ends.
	v.round(s)
	v.round(s)
	if got := v.resealed(s); got.Since.IsZero() {
		t.Errorf("%+v", got)
	}
	// It is taken back, with both keys still there.
	back := v.service(v.st, march, june)
	if got := v.resealed(back); got != (Resealing{}) {
		t.Errorf("taken back %+v", got)
	}
	v.round(back)
	v.round(back)
	if opens, stale := v.states(before, "org-a"); opens != 6 || stale != 0 || v.resealed(back).Since.IsZero() {
		t.Errorf("taken back: %d of 6 open, %d are stale", opens, stale)
	}
	// Who can write to the store can name a key, and not seal by it.
	v.write(func(tx store.Tx) error {
		k, err := resealings.get(t.Context(), tx, "", resealingID)
		if err != nil {
			return err
		}
		k.Value.Box = v.service(v.st, seal.Key{ID: "june", Secret: [32]byte{1}}).keys.Seal(nil, "resealed")
		return resealings.put(t.Context(), tx, k)
	})
	if got := v.resealed(s); got != (Resealing{}) {
		t.Errorf("forged: %+v", got)
	}
}

// TestResealClockSetBack: nothing waits for a time that was wrong.
func TestResealClockSetBack(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june := sealKey("march"), sealKey("june")
	v.org(v.service(v.st, march), "org-a", 1, 0)
	s := v.service(v.st, june, march)
	tick := func() {
		t.Helper()
		v.advance(6 * time.Hour)
		_, err := s.reseal(t.Context(), leased{})
		v.must(err)
	}
	v.advance(10_000 * time.Hour)
	tick()
	v.advance(-10_000 * time.Hour)
	tick()
	tick()
	if got := v.resealed(s); !got.Since.Equal(v.clock()) {
		t.Errorf("%+v", got)
	}
}

// TestResealAtOnce: of several instances one does it, once.
func TestResealAtOnce(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june := sealKey("march"), sealKey("june")
	v.org(v.service(v.st, march), "org-a", 5, 200)
	services := make([]*Service, 8)
	for i := range services {
		services[i] = v.service(v.st, june, march)
	}
	for range 2 {
		v.advance(6 * time.Hour)
		var wg sync.WaitGroup
		for _, s := range services {
			wg.Go(func() {
				if _, err := s.Tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if opens, _ := v.states(v.service(v.st, june), "org-a"); opens != 205 || v.resealed(services[0]).Since.IsZero() {
		t.Errorf("%d of 205 open", opens)
	}
	versions := map[int64]int{}
	for _, d := range v.docs("org-a") {
		versions[d.Version]++
	}
	if diff := cmp.Diff([]int64{2}, slices.Collect(maps.Keys(versions))); diff != "" {
		t.Errorf("versions %v", versions)
	}
}

// TestResealWithoutLease: one that lost the job to another spoils nothing of its.
func TestResealWithoutLease(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	march, june := sealKey("march"), sealKey("june")
	v.org(v.service(v.st, march), "org-a", 5, 200)
	v.round(v.service(v.st, june, march))
	v.advance(6 * time.Hour)
	var wg sync.WaitGroup
	var ended atomic.Int64
	for range 8 {
		wg.Go(func() {
			_, err := v.service(v.st, june, march).reseal(t.Context(), leased{})
			if err == nil {
				ended.Add(1)
			} else if !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if opens, _ := v.states(v.service(v.st, june), "org-a"); opens != 205 || ended.Load() == 0 {
		t.Errorf("%d of 205 open, %d ended", opens, ended.Load())
	}
	if got := v.resealed(v.service(v.st, june)); !got.Since.Equal(v.clock()) || got.Left != 0 {
		t.Errorf("%+v", got)
	}
}

// TestStoredResealing holds bytes that outlive a release.
func TestStoredResealing(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	got, err := json.Marshal(resealing{Box: []byte{1}, Since: at})
	if want := `{"box":"AQ==","since":"2026-03-02T12:00:00Z"}`; err != nil || string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	got, err = json.Marshal(resealing{[]byte{1}, at, at, 2, at, sealedPlace{"a", "b", "c", "d"}, 3})
	if want := `{"box":"AQ==","since":"2026-03-02T12:00:00Z","whole":"2026-03-02T12:00:00Z","left":2,"begun":"2026-03-02T12:00:00Z",` +
		`"at":{"orgs":"a","org":"b","kind":"c","docs":"d"},"over":3}`; err != nil || string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}
