package flowtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// revokeFlows: what ends sessions wins, whatever is under way, and a token that was good for
// less is good for nothing more.
func revokeFlows() map[string]flow {
	return map[string]flow{
		"another token at each proof":        rotateProof,
		"a proof by single sign-on":          rotateSSO,
		"a proof in two windows":             rotateRace,
		"what is there before the sign-in":   rotateFixation,
		"a sign-in under way":                revokeUnderWay,
		"a request under way":                revokeRequest,
		"sign-ins and the end of all, often": revokeRace,
	}
}

func rotateProof(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	in := must1(w.byPassword("owner@example.com", right))
	before, me := *in, w.svc.Me(in.Principal)
	next := must1(me.Prove(w.ctx, right))
	w.alive(&before, false)
	w.alive(next, true)
	if next.Token() == before.Token() || next.Principal.SessionID != before.Principal.SessionID || !next.EndsAt.Equal(before.EndsAt) {
		t.Errorf("%+v after %+v", next.Principal, before.Principal)
	}
	// A wrong one changes nothing.
	if _, err := me.Prove(w.ctx, "wrong"); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("%v", err)
	}
	w.alive(next, true)
	// Me goes on, and who holds the Principal of before acts no more.
	must1(me.Profile(w.ctx))
	if _, err := w.svc.Me(before.Principal).Profile(w.ctx); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("by the Principal of before: %v", err)
	}
	if _, err := w.svc.Admin(before.Principal).ClaimDomain(w.ctx, "example.com"); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("by the Principal of before: %v", err)
	}
	must1(w.svc.Admin(next.Principal).ClaimDomain(w.ctx, "example.com"))
	w.left(acme, 1)
}

// rotateSSO: the session that is proven at the identity provider takes the place of the one
// that asked, and of nobody else's.
func rotateSSO(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.add(policy.Admin, "adam@example.com")
	adam := samltest.Person{Email: "adam@example.com"}
	in, other := acme.signIn(adam), acme.signIn(adam)
	prove := func(in *accesssec.Entered, as samltest.Person) (accesssec.Step, error) {
		v := w.visit()
		step := must1(w.svc.Me(in.Principal).ProveSSO(w.ctx, v, acme.conn.ID))
		w.alive(in, true) // until then
		l := acme.bounced(v, step)
		return l.finish(l.answer(as))
	}
	if _, err := prove(in, ann); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("by somebody else: %v", err)
	}
	w.alive(in, true)
	w.advance(time.Hour)
	got := must1(prove(in, adam)).Entered
	w.alive(in, false)
	w.alive(other, true)
	must1(w.svc.Admin(got.Principal).ClaimDomain(w.ctx, "example.net"))
	if e := acme.last(audit.SessionEnded); e.Session != in.Principal.SessionID || e.Reason != "proved" {
		t.Errorf("%+v", e)
	}
	if want := w.clock().Add(14 * 24 * time.Hour); !got.EndsAt.Equal(want) {
		t.Errorf("ends at %v, want %v", got.EndsAt, want)
	}
	// Their identity provider still knows it.
	there := acme.sessionsThere()
	must1(w.arrives(w.svc, acme.conn.ID, acme.asks(there[len(there)-1])))
	w.alive(got, false)
	// Who has signed out meanwhile is not in again by it.
	v := w.visit()
	step := must1(w.svc.Me(other.Principal).ProveSSO(w.ctx, v, acme.conn.ID))
	w.must(w.svc.Me(other.Principal).SignOut(w.ctx))
	l := acme.bounced(v, step)
	if _, err := l.finish(l.answer(adam)); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("signed out meanwhile: %v", err)
	}
	w.left(acme, 0)
}

func rotateRace(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	in := must1(w.byPassword("owner@example.com", right))
	won, codes := w.race(4, func(int) error {
		_, err := w.svc.Me(in.Principal).Prove(w.ctx, right)
		return err
	})
	if won != 1 || codes[accesssec.CodeSignedOut] != 3 {
		t.Errorf("%d have proved it, the others %v", won, codes)
	}
	if n := w.sessions(store.SessionQuery{UserID: in.Principal.UserID}); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// rotateFixation: a cookie that somebody else has put there never becomes a session, nor does
// one of a session become one of more.
func rotateFixation(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	h := acme.newHolder(policy.Member, "ann@example.com")
	acme.add(policy.Member, "eve@example.com")
	eve := must1(w.byPassword("eve@example.com", right))
	planted := []string{eve.Token(), "s1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
	for _, token := range planted {
		b := w.browser()
		r, err := http.NewRequest(http.MethodGet, w.host.URL+w.svc.Path(), nil)
		w.must(err)
		b.Jar.SetCookies(r.URL, []*http.Cookie{{Name: "__Host-accesssec", Value: token, Path: "/", Secure: true}})
		b.submit("password", "address", "owner@example.com", "password", right)
		user, _, role := b.whoami()
		if user != acme.owner.UserID || role != "owner" {
			t.Errorf("in as %q, %q", user, role)
		}
		for _, c := range b.Jar.Cookies(r.URL) {
			if c.Name == "__Host-accesssec" && c.Value == token {
				t.Error("the planted token is the session's")
			}
		}
		p, err := w.svc.Authenticate(w.ctx, token)
		if err == nil && p.UserID != eve.Principal.UserID {
			t.Errorf("the planted token is %+v", p)
		}
	}
	// The session for set-up is dead when that is done.
	h.proves(h.in)
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	setUp := h.mustShow(h.half(), h.next(), "").Entered
	done := h.finishes(setUp)
	w.alive(setUp, false)
	w.alive(done, true)
	if _, err := w.svc.SignIn().SettingUpBy(w.ctx, setUp.Token()); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("the token of the set-up: %v", err)
	}
}

// underWay is each way in, at the moment before it makes a session.
func underWay(w *world, acme *customer, h *holder) map[string]func(svc *accesssec.Service) (accesssec.Step, error) {
	return map[string]func(svc *accesssec.Service) (accesssec.Step, error){
		"a password": func(svc *accesssec.Service) (accesssec.Step, error) {
			return svc.SignIn().Password(w.ctx, w.visit(), "ann@example.com", right)
		},
		"a password before a code": func(svc *accesssec.Service) (accesssec.Step, error) {
			return svc.SignIn().Password(w.ctx, w.visit(), h.address, right)
		},
		"a code": func(svc *accesssec.Service) (accesssec.Step, error) {
			return svc.SignIn().SecondFactor(w.ctx, h.half(), h.next())
		},
		"single sign-on": func(svc *accesssec.Service) (accesssec.Step, error) {
			l := acme.start()
			return svc.SignIn().FinishSSO(w.ctx, l.visit, acme.conn.ID, l.answer(ann))
		},
		"another org": func(svc *accesssec.Service) (accesssec.Step, error) {
			in := w.into(acme, "ann@example.com")
			return svc.Me(in.Principal).Enter(w.ctx, w.visit(), "")
		},
	}
}

// revokeUnderWay: of a sign-in that began before all sessions were ended nothing is left after.
func revokeUnderWay(t *testing.T, w *world) {
	acme := withAnn(w)
	h := acme.newHolder(policy.Member, "bob@example.com")
	annID := must1(w.byPassword("ann@example.com", right)).Principal.UserID
	everywhere := func(in *accesssec.Entered, id string) error {
		return w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, false)
	}
	ends := map[string]func(*accesssec.Entered, string) error{
		"everywhere": everywhere,
		"by an Admin": func(_ *accesssec.Entered, id string) error {
			_, err := acme.admin().EndSessions(w.ctx, id)
			return err
		},
		"everybody's": func(*accesssec.Entered, string) error {
			_, err := acme.admin().EndSessions(w.ctx)
			return err
		},
		"disabled": func(_ *accesssec.Entered, id string) error { return acme.admin().DisableMember(w.ctx, id) },
	}
	for end, do := range ends {
		for name, way := range underWay(w, acme, h) {
			address, id := "ann@example.com", annID
			if name == "a code" || name == "a password before a code" {
				address, id = h.address, h.id
			}
			w.advance(period * 3)
			in := w.inNow(address, h)
			done := false
			svc := w.when("", func() {
				done = true
				w.advance(time.Second)
				if err := do(in, id); err != nil {
					t.Errorf("%s, %s: %v", name, end, err)
				}
			})
			step, err := way(svc)
			switch {
			case !done:
				t.Errorf("%s, %s: it was not ended", name, end)
			case step.Entered != nil && end != "disabled" && (name != "another org" || end == "everywhere"):
				t.Errorf("%s, %s: let in all the same", name, end)
			case step.Next == policy.NextFactor && end != "disabled":
				t.Errorf("%s, %s: a code is asked for all the same", name, end)
			}
			w.code(err)
			if n := w.sessions(store.SessionQuery{UserID: id, OrgID: acme.owner.OrgID}); n != 0 {
				t.Errorf("%s, %s: %d sessions are left", name, end, n)
			}
			if end == "disabled" {
				w.must(acme.admin().EnableMember(w.ctx, id))
			}
			w.must(w.svc.PersonChanged(w.ctx, id))
			// Who begins anew is let in.
			w.advance(period)
			w.alive(w.inNow(address, h), true)
		}
	}
}

// inNow is a session of Ann's, or of the holder's.
func (w *world) inNow(address string, h *holder) *accesssec.Entered {
	w.t.Helper()
	if address == h.address {
		return h.signIn()
	}
	return must1(w.byPassword(address, right))
}

// revokeRequest: a request that has read its session before the end does not bring it back.
func revokeRequest(t *testing.T, w *world) {
	w.newOrg("Acme", "owner@example.com")
	for name, call := range map[string]func(*accesssec.Service, *accesssec.Entered) error{
		"seen": func(svc *accesssec.Service, in *accesssec.Entered) error {
			_, err := svc.Authenticate(w.ctx, in.Token())
			return err
		},
		"proved": func(svc *accesssec.Service, in *accesssec.Entered) error {
			_, err := svc.Me(in.Principal).Prove(w.ctx, right)
			return err
		},
		"renamed": func(svc *accesssec.Service, in *accesssec.Entered) error {
			return svc.Me(in.Principal).SetName(w.ctx, "O", "W")
		},
	} {
		in := must1(w.byPassword("owner@example.com", right))
		w.advance(2 * time.Minute) // so that it is marked as seen
		st := &reading{Store: w.store}
		svc := w.serviceOn(st, w.host.URL, supported)
		st.after = func() { w.must(w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, false)) }
		if err := call(svc, in); w.code(err) != accesssec.CodeSignedOut {
			t.Errorf("%s: %v", name, err)
		}
		if n := w.sessions(store.SessionQuery{UserID: in.Principal.UserID}); n != 0 || st.after != nil {
			t.Errorf("%s: %d sessions are back", name, n)
		}
	}
}

// reading does something once, right after a session was read outside of a transaction; where
// none is, right before one.
type reading struct {
	store.Store
	after func()
}

func (r *reading) once() {
	if after := r.after; after != nil {
		r.after = nil
		after()
	}
}

func (r *reading) SessionByHash(ctx context.Context, h store.Hash) (store.Session, error) {
	ses, err := r.Store.SessionByHash(ctx, h)
	r.once()
	return ses, err
}

func (r *reading) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	r.once()
	return r.Store.RunInTx(ctx, fn)
}

// revokeRace: of many at once, whatever comes after the end began after it.
func revokeRace(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in := must1(w.byPassword("ann@example.com", right))
	services := w.two()
	var wg sync.WaitGroup
	wg.Add(1)
	w.race(12, func(i int) error {
		if i == 0 {
			defer wg.Done()
			w.advance(time.Second)
			return w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, false)
		}
		_, err := services[i%2].SignIn().Password(w.ctx, w.visit(), "ann@example.com", right)
		return err
	})
	wg.Wait()
	page, err := w.store.Sessions(w.ctx, store.SessionQuery{UserID: in.Principal.UserID})
	w.must(err)
	for _, s := range page.Items {
		if s.CreatedAt.Equal(noon()) {
			t.Errorf("a session of before is left: %+v", s)
		}
	}
	w.alive(in, false)
}

// cookiesFlow: every cookie that any page sets is one that only we can have set, and that no
// script reads.
func cookiesFlow(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	h := acme.newHolder(policy.Member, "ann@example.com")
	var names []string
	seen := func(rec *httptest.ResponseRecorder) {
		t.Helper()
		for _, c := range rec.Result().Cookies() {
			names = append(names, c.Name)
			same := http.SameSiteLaxMode
			if c.Name == "__Host-accesssec-visit" {
				same = http.SameSiteNoneMode // an identity provider's answer is a post from its site
			}
			if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != same || c.Partitioned {
				t.Errorf("%+v", c)
			}
		}
	}
	rec := httptest.NewRecorder()
	w.svc.SignIn().Visit(rec, httptest.NewRequest(http.MethodGet, "https://host.example/", nil))
	seen(rec)
	rec = httptest.NewRecorder()
	h.in.SetCookie(rec)
	seen(rec)
	acme.apply(func(s *accesssec.Settings) { s.RememberDevices = aWeek })
	v := h.half()
	v.Remember = true
	rec = httptest.NewRecorder()
	h.mustShow(v, h.next(), "").Entered.SetCookie(rec)
	seen(rec)
	rec = httptest.NewRecorder()
	accesssec.ClearCookie(rec)
	seen(rec)
	if c := rec.Result().Cookies()[0]; c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("cleared: %+v", c)
	}
	b := w.browser()
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, page := range []struct {
		path   string
		fields []string
	}{{"", nil}, {"start", []string{"address", "ann@example.com"}}, {"password", []string{"address", "owner@example.com", "password", right}}, {"prove", []string{"password", right}}, {"signout", nil}} {
		res, err := b.send(b.Client, page.path, page.fields...)
		w.must(err)
		res.Body.Close()
		rec := httptest.NewRecorder()
		rec.Header()["Set-Cookie"] = res.Header["Set-Cookie"]
		seen(rec)
	}
	slices.Sort(names)
	if names = slices.Compact(names); !slices.Equal(names, []string{"__Host-accesssec", "__Host-accesssec-device", "__Host-accesssec-visit"}) {
		t.Errorf("cookies: %v", names)
	}
}
