package flowtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// againFlows: an end that an identity provider has set.
func againFlows() map[string]flow {
	return map[string]flow{
		"an end that the provider sets":          againEnds,
		"an end that comes too soon":             againTooSoon,
		"on to the provider, and back":           againThere,
		"on to the provider from another org":    againElsewhere,
		"no way back from what was ended":        againNever,
		"a provider that ends them all the time": againLoop,
	}
}

// withEnds is Acme, whose identity provider sets an end to sessions.
func withEnds(w *world, after time.Duration) *customer {
	w.t.Helper()
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	acme.sessionFor = after
	acme.connect()
	acme.add(policy.Member, "ann@example.com")
	return acme
}

func againEnds(t *testing.T, w *world) {
	acme := withEnds(w, 3*time.Hour)
	in := acme.signIn(ann)
	if want := w.clock().Add(3 * time.Hour); in.EndsAt.After(want) || in.EndsAt.Before(want.Add(-time.Second)) {
		t.Errorf("ends at %v, want %v", in.EndsAt, want)
	}
	acme.apply(func(s *accesssec.Settings) { s.SessionIdle, s.SessionEnd = time.Hour, 2*time.Hour })
	if own := acme.signIn(ann); !own.EndsAt.Equal(w.clock().Add(2 * time.Hour)) {
		t.Errorf("with shorter ones of the org's own it ends at %v", own.EndsAt)
	}
}

func againTooSoon(t *testing.T, w *world) {
	acme := withEnds(w, 5*time.Minute)
	if in := acme.signIn(ann); !in.EndsAt.Equal(w.clock().Add(time.Hour)) {
		t.Errorf("ends at %v", in.EndsAt)
	}
	w.advance(time.Second)
	conn := must1(acme.admin().StrictSessionEnd(w.ctx, acme.conn.ID, true))
	if !conn.StrictEnd {
		t.Error("it is not shown")
	}
	if e := acme.last(audit.ConnectionConfigured); len(e.Changes) != 1 || e.Changes[0] != (audit.Change{Field: "strict_session_end", Old: "false", New: "true"}) {
		t.Errorf("%+v", e)
	}
	in := acme.signIn(ann)
	if want := w.clock().Add(5 * time.Minute); in.EndsAt.After(want) || in.EndsAt.Before(want.Add(-time.Second)) {
		t.Errorf("by its word it ends at %v", in.EndsAt)
	}
	w.advance(5 * time.Minute)
	w.alive(in, false)
	must1(acme.admin().StrictSessionEnd(w.ctx, acme.conn.ID, false))
	if in := acme.signIn(ann); !in.EndsAt.Equal(w.clock().Add(time.Hour)) {
		t.Errorf("ends at %v", in.EndsAt)
	}
	_, err := acme.admin().StrictSessionEnd(w.ctx, "con-none", true)
	acme.refuses(err, accesssec.CodeNotFound)
}

// sentTo is where a request for a page with that session is sent; "" it is let through.
func (w *world) sentTo(in *accesssec.Entered, accept string) (status int, to string) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	in.SetCookie(rec)
	r := httptest.NewRequest(http.MethodGet, "/page?tab=2", nil)
	r.Header.Set("Accept", accept)
	for _, c := range rec.Result().Cookies() {
		r.AddCookie(c)
	}
	rec = httptest.NewRecorder()
	w.svc.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(rec, r)
	return rec.Code, rec.Header().Get("Location")
}

// again is SignIn.Again in a browser, with the session's cookie.
func (w *world) again(v accesssec.Visit, in *accesssec.Entered) (accesssec.Step, error) {
	rec := httptest.NewRecorder()
	in.SetCookie(rec)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range rec.Result().Cookies() {
		r.AddCookie(c)
	}
	return w.svc.SignIn().Again(w.ctx, v, r)
}

func againThere(t *testing.T, w *world) {
	acme := withEnds(w, time.Hour)
	in := acme.signIn(ann)
	w.advance(in.EndsAt.Sub(w.clock()) - time.Microsecond)
	if status, to := w.sentTo(in, "text/html"); status != http.StatusOK || to != "" {
		t.Errorf("%d %q", status, to)
	}
	if _, err := w.again(w.visit(), in); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("while it lasts: %v", err)
	}
	w.advance(5 * time.Minute)
	if status, to := w.sentTo(in, "text/html"); status != http.StatusSeeOther || to != "/auth/sso/again?next=%2Fpage%3Ftab%3D2" {
		t.Errorf("%d %q", status, to)
	}
	if status, _ := w.sentTo(in, "application/json"); status != http.StatusUnauthorized {
		t.Errorf("a call that is for no page: %d", status)
	}
	v := w.visit()
	v.After = "/page?tab=2"
	step, err := w.again(v, in)
	w.must(err)
	if step.Bounce == nil || step.Next != policy.NextSSO || step.Entered != nil {
		t.Fatalf("%+v", step)
	}
	back := acme.bounced(v, step)
	got, err := back.finish(back.answer(ann))
	w.must(err)
	if got.Entered.Principal.OrgID != acme.owner.OrgID || got.After != "/page?tab=2" {
		t.Errorf("%+v", got)
	}
	w.alive(in, false)
	w.alive(got.Entered, true)
	w.advance(10 * time.Minute)
	must1(w.svc.Tick(w.ctx))
	if _, err := w.again(w.visit(), in); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("swept by now: %v", err)
	}
	if _, to := w.sentTo(in, "text/html"); !strings.HasPrefix(to, "/auth/?next=") {
		t.Errorf("swept, and sent to %q", to)
	}
}

// bounced is a sign-on that a Step has begun in that browser.
func (c *customer) bounced(v accesssec.Visit, step accesssec.Step) *login {
	c.w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, step.Bounce.URL(), nil)
	c.w.must(err)
	req, err := c.idp.ReadRequest(r)
	c.w.must(err)
	return &login{c: c, visit: v, req: req}
}

// againElsewhere: into the org in which the person was, which has another's end.
func againElsewhere(t *testing.T, w *world) {
	acme := withEnds(w, time.Hour)
	other := w.newOrg("Other", "boss@example.org")
	other.add(policy.Member, "ann@example.com")
	in := must1(w.enter(acme.signIn(ann), other.owner.OrgID)).Entered
	w.advance(2 * time.Hour)
	v := w.visit()
	step, err := w.again(v, in)
	w.must(err)
	back := acme.bounced(v, step)
	if got := must1(back.finish(back.answer(ann))); got.Entered.Principal.OrgID != other.owner.OrgID {
		t.Errorf("%+v", got)
	}
}

// againNever: what somebody has ended, or nobody has used, stays ended.
func againNever(t *testing.T, w *world) {
	acme := withEnds(w, 3*time.Hour)
	never := func(why string, in *accesssec.Entered) {
		t.Helper()
		w.alive(in, false)
		if _, to := w.sentTo(in, "text/html"); !strings.HasPrefix(to, "/auth/?next=") {
			t.Errorf("%s: sent to %q", why, to)
		}
		if step, err := w.again(w.visit(), in); w.code(err) != accesssec.CodeSignedOut || step.Bounce != nil {
			t.Errorf("%s: %+v %v", why, step, err)
		}
	}
	for why, end := range map[string]func(*accesssec.Entered){
		"signed out":            func(in *accesssec.Entered) { w.must(w.svc.Me(in.Principal).SignOut(w.ctx)) },
		"signed out everywhere": func(in *accesssec.Entered) { w.must(w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, false)) },
		"by an Admin":           func(in *accesssec.Entered) { must1(acme.admin().EndSessions(w.ctx, in.Principal.UserID)) },
		"by the provider": func(*accesssec.Entered) {
			for _, s := range acme.sessionsThere() {
				must1(w.arrives(w.svc, acme.conn.ID, acme.asks(s)))
			}
		},
	} {
		in := acme.signIn(ann)
		end(in)
		w.advance(4 * time.Hour)
		never(why, in)
	}
	in := acme.signIn(ann)
	acme.apply(func(s *accesssec.Settings) { s.SessionIdle, s.SessionEnd = time.Hour, 2*time.Hour })
	short := acme.signIn(ann)
	w.advance(time.Hour)
	never("idle", short)
	w.alive(in, true)
	acme.apply(func(s *accesssec.Settings) { s.SessionIdle, s.SessionEnd = 4*time.Hour, 2*time.Hour })
	own, byPassword := acme.signIn(ann), must1(w.byPassword("ann@example.com", right))
	w.advance(2 * time.Hour)
	w.alive(own, false)
	for _, s := range []*accesssec.Entered{own, byPassword} { // the org wants a sign-in then
		if step, err := w.again(w.visit(), s); w.code(err) != accesssec.CodeSignedOut || step.Bounce != nil {
			t.Errorf("the org's own end: %+v %v", step, err)
		}
	}
	w.must(acme.admin().DisableMember(w.ctx, in.Principal.UserID))
	never("disabled", in)
	for _, token := range []string{"", "s1.", strings.Repeat("x", 10000)} {
		if _, err := w.svc.SignIn().AgainBy(w.ctx, w.visit(), token); w.code(err) != accesssec.CodeSignedOut {
			t.Errorf("%.10q: %v", token, err)
		}
	}
}

// againLoop: who is sent back and forth sees a page in the end.
func againLoop(t *testing.T, w *world) {
	acme := withEnds(w, time.Minute)
	must1(acme.admin().StrictSessionEnd(w.ctx, acme.conn.ID, true))
	in, rounds := acme.signIn(ann), 0
	for ; rounds < 20; rounds++ {
		w.advance(time.Minute)
		v := w.visit()
		step, err := w.again(v, in)
		if w.code(err) == accesssec.CodeSignedOut {
			break
		}
		w.must(err)
		back := acme.bounced(v, step)
		in = must1(back.finish(back.answer(ann))).Entered
	}
	if rounds < 2 || rounds > 10 {
		t.Errorf("%d rounds", rounds)
	}
}
