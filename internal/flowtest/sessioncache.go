package flowtest

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

func sessionCacheFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"without one, a read for each request": cacheNone,
		"reads":                                cacheReads,
		"how long at most":                     cacheOptions,
		"marked as seen all the same":          cacheSeen,
		"over is over":                         cacheOver,
		"what is ended here":                   cacheEnded,
		"what is ended elsewhere":              cacheElsewhere,
		"what was read before the end":         cacheLate,
		"what is not kept":                     cacheNot,
		"requests beside the end":              cacheBeside,
	})
}

const cacheFor = 5 * time.Second

// sessionReads counts what a request asks of the store, and has nothing else.
type sessionReads struct {
	store.Store // nil in a store that may be asked for sessions alone
	from        store.Store
	reads       atomic.Int64
	touched     atomic.Int64
}

func (s *sessionReads) SessionByHash(ctx context.Context, h store.Hash) (store.Session, error) {
	s.reads.Add(1)
	return s.from.SessionByHash(ctx, h)
}

func (s *sessionReads) TouchSession(ctx context.Context, h store.Hash, seen, idle time.Time) error {
	s.touched.Add(1)
	return s.from.TouchSession(ctx, h, seen, idle)
}

// cached is an instance with a cache.
func (w *world) cached(st store.Store) *accesssec.Service {
	w.t.Helper()
	return w.serviceOn(st, w.host.URL, func(o *accesssec.Options) { supported(o); o.SessionCache = cacheFor })
}

func cacheNone(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	in := must1(w.byPassword("owner@example.com", right))
	st := &sessionReads{from: w.store}
	svc := w.serviceOn(st, w.host.URL, supported)
	for range 10 {
		must1(svc.Authenticate(w.ctx, in.Token()))
	}
	if n := st.reads.Load(); n != 10 || st.touched.Load() != 0 {
		t.Errorf("%d reads for ten requests", n)
	}
}

func cacheReads(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in, ann := must1(w.byPassword("owner@example.com", right)), must1(w.byPassword("ann@example.com", right))
	st := &sessionReads{from: w.store}
	svc := w.cached(st)
	for range 100 {
		for _, s := range []*accesssec.Entered{in, ann} {
			if p := must1(svc.Authenticate(w.ctx, s.Token())); p != s.Principal {
				t.Fatalf("%+v is %+v", s.Principal, p)
			}
		}
	}
	if n := st.reads.Load(); n != 2 {
		t.Errorf("%d reads of two sessions", n)
	}
	w.advance(cacheFor - time.Microsecond)
	must1(svc.Authenticate(w.ctx, in.Token()))
	if n := st.reads.Load(); n != 2 {
		t.Errorf("%d reads before the time was up", n)
	}
	w.advance(time.Microsecond)
	must1(svc.Authenticate(w.ctx, in.Token()))
	if n := st.reads.Load(); n != 3 {
		t.Errorf("%d reads when the time was up", n)
	}
}

func cacheOptions(t *testing.T, w *world) {
	for d, ok := range map[time.Duration]bool{0: true, time.Nanosecond: true, cacheFor: true, cacheFor + 1: false, time.Minute: false, -1: false} {
		if _, err := accesssec.New(w.store, w.host.URL, w.keys, &accesssec.Options{SessionCache: d}); (err == nil) != ok {
			t.Errorf("%v: %v", d, err)
		}
	}
}

// cacheSeen: who goes on asking stays signed in.
func cacheSeen(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	in := must1(w.byPassword("owner@example.com", right))
	st := &sessionReads{from: w.store}
	svc := w.cached(st)
	for range 5 * 60 {
		w.advance(time.Second)
		must1(svc.Authenticate(w.ctx, in.Token()))
	}
	if n := st.touched.Load(); n != 5 {
		t.Errorf("marked %d times in five minutes", n)
	}
	if n := st.reads.Load(); n < 60 || n > 70 {
		t.Errorf("%d reads in five minutes", n)
	}
	if seen := w.row(in).SeenAt; w.clock().Sub(seen) >= time.Minute {
		t.Errorf("seen at %v", seen)
	}
}

// cacheOver: an end that comes while a session is kept.
func cacheOver(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	for name, ends := range map[string]func(*store.Session, time.Time){
		"idle":     func(s *store.Session, at time.Time) { s.IdleAt = at },
		"absolute": func(s *store.Session, at time.Time) { s.EndAt = at },
	} {
		in := must1(w.byPassword("owner@example.com", right))
		ses := w.row(in)
		ends(&ses, w.clock().Add(2*time.Second))
		w.change(func(tx store.Tx) error { return tx.UpdateSession(w.ctx, ses) })
		svc := w.cached(w.store)
		must1(svc.Authenticate(w.ctx, in.Token()))
		w.advance(2*time.Second - time.Microsecond)
		must1(svc.Authenticate(w.ctx, in.Token()))
		w.advance(time.Microsecond)
		if _, err := svc.Authenticate(w.ctx, in.Token()); w.code(err) != accesssec.CodeSignedOut {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// cacheEnded: whatever this instance ends or changes counts for the next request.
func cacheEnded(t *testing.T, w *world) {
	w.svc = w.cached(w.store)
	acme := withAnn(w)
	acme.add(policy.Admin, "adam@example.com")
	other := w.newOrg("Other", "boss@example.org")
	other.add(policy.Member, "ann@example.com")
	byPassword := func() *accesssec.Entered { return w.into(acme, "ann@example.com") }
	bySSO := func() *accesssec.Entered { return acme.signIn(ann) }
	me := func(in *accesssec.Entered) *accesssec.Me { return w.svc.Me(in.Principal) }
	for _, tt := range []struct {
		name string
		in   func() *accesssec.Entered
		end  func(*accesssec.Entered)
	}{
		{"signed out", byPassword, func(in *accesssec.Entered) { w.must(me(in).SignOut(w.ctx)) }},
		{"everywhere", bySSO, func(in *accesssec.Entered) { w.must(me(in).SignOutEverywhere(w.ctx, false)) }},
		{"others", byPassword, func(in *accesssec.Entered) { w.must(me(byPassword()).SignOutEverywhere(w.ctx, true)) }},
		{"one", byPassword, func(in *accesssec.Entered) { w.must(me(byPassword()).EndSession(w.ctx, in.Principal.SessionID)) }},
		{"proved", byPassword, func(in *accesssec.Entered) { must1(me(in).Prove(w.ctx, right)) }},
		{"elsewhere", byPassword, func(in *accesssec.Entered) { must1(w.enter(in, other.owner.OrgID)) }},
		{"by an Admin", byPassword, func(in *accesssec.Entered) { must1(acme.admin().EndSessions(w.ctx, in.Principal.UserID)) }},
		{"everybody", byPassword, func(*accesssec.Entered) { must1(acme.admin().EndSessions(w.ctx)) }},
		{"at the provider", bySSO, func(*accesssec.Entered) {
			there := acme.sessionsThere()
			must1(w.arrives(w.svc, acme.conn.ID, acme.asks(there[len(there)-1])))
		}},
		{"another role", byPassword, func(in *accesssec.Entered) {
			w.must(acme.admin().SetRole(w.ctx, in.Principal.UserID, policy.Billing))
		}},
		{"single sign-on required", byPassword, func(*accesssec.Entered) { acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true }) }},
		{"single sign-on off", bySSO, func(*accesssec.Entered) {
			acme.apply(func(s *accesssec.Settings) { s.RequireSSO = false })
			w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
		}},
		{"disabled", byPassword, func(in *accesssec.Entered) {
			w.must(acme.admin().DisableMember(w.ctx, in.Principal.UserID))
			w.must(acme.admin().EnableMember(w.ctx, in.Principal.UserID))
		}},
		{"disabled by the host", byPassword, func(in *accesssec.Entered) {
			w.change(func(tx store.Tx) error {
				u, err := tx.User(w.ctx, in.Principal.UserID)
				if err != nil {
					return err
				}
				u.Disabled = true
				return tx.UpdateUser(w.ctx, u)
			})
			w.must(w.svc.PersonChanged(w.ctx, in.Principal.UserID))
		}},
		{"the org is no more", func() *accesssec.Entered { return w.into(acme, "adam@example.com") }, func(*accesssec.Entered) {
			w.must(w.svc.DeleteOrg(w.ctx, acme.owner.OrgID, "the test is over"))
		}},
	} {
		w.advance(time.Second)
		in := tt.in()
		before := *in
		w.alive(&before, true) // and kept
		tt.end(in)
		if _, err := w.svc.Authenticate(w.ctx, before.Token()); w.code(err) != accesssec.CodeSignedOut {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// cacheElsewhere: another instance's word counts within five seconds, and no later.
func cacheElsewhere(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	in := must1(w.byPassword("owner@example.com", right))
	svc := w.cached(w.store)
	must1(svc.Authenticate(w.ctx, in.Token()))
	w.must(w.svc.Me(in.Principal).SignOut(w.ctx))
	w.advance(cacheFor - time.Microsecond)
	must1(svc.Authenticate(w.ctx, in.Token()))
	// What matters is asked of the store all the same.
	if _, err := svc.Me(in.Principal).Profile(w.ctx); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("Me: %v", err)
	}
	if _, err := svc.Admin(in.Principal).Settings(w.ctx); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("Admin: %v", err)
	}
	w.advance(time.Microsecond)
	if _, err := svc.Authenticate(w.ctx, in.Token()); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("five seconds later: %v", err)
	}
}

// cacheLate: a request that has read a session before its end does not keep it past that.
func cacheLate(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	in := must1(w.byPassword("owner@example.com", right))
	st := &reading{Store: w.store}
	svc := w.cached(st)
	st.after = func() { w.must(svc.Me(in.Principal).SignOut(w.ctx)) }
	must1(svc.Authenticate(w.ctx, in.Token())) // it came before the end
	if _, err := svc.Authenticate(w.ctx, in.Token()); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("after the end: %v", err)
	}
}

// cacheNot: a refusal is no answer for later, and a session for set-up no session.
func cacheNot(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	h := w.holder("owner@example.com")
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	setUp := h.mustShow(h.half(), h.next(), "").Entered
	st := &sessionReads{from: w.store, Store: w.store}
	svc := w.cached(st)
	for i := range 3 {
		for token, want := range map[string]accesssec.Code{
			"s1." + strings.Repeat("A", 43): accesssec.CodeSignedOut,
			setUp.Token():                   accesssec.CodeSetUp,
		} {
			before := st.reads.Load()
			if _, err := svc.Authenticate(w.ctx, token); w.code(err) != want || st.reads.Load() != before+1 {
				t.Errorf("%d: %v, and %d reads", i, err, st.reads.Load()-before)
			}
		}
	}
}

// cacheBeside: whoever is asked after the end has returned, on this instance, says that it is
// over, however many ask meanwhile.
func cacheBeside(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	svc := w.cached(w.store)
	for range 10 {
		in := must1(w.byPassword("owner@example.com", right))
		var over atomic.Bool
		var wrong atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					ended := over.Load()
					if _, err := svc.Authenticate(w.ctx, in.Token()); ended && err == nil {
						wrong.Add(1)
					}
				}
			})
		}
		w.must(svc.Me(in.Principal).SignOutEverywhere(w.ctx, false))
		over.Store(true)
		wg.Wait()
		if n := wrong.Load(); n != 0 {
			t.Fatalf("let in %d times after the end", n)
		}
	}
}
