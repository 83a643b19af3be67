package flowtest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// deviceFlows: browsers that stand in for a code.
func deviceFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"stands in for a code, for a time": deviceStandsIn,
		"only where it was asked for":      deviceUnasked,
		"of one org, and of one person":    deviceElsewhere,
		"what forgets it":                  deviceForgotten,
		"who was signed out is asked":      deviceSignedOut,
		"of a link and of Google":          deviceWays,
		"proves nothing":                   deviceProves,
		"the person is told":               deviceTold,
		"a copy of the browser":            deviceCopied,
	})
}

const aWeek = 7 * 24 * time.Hour

// rememberedHolder is an org that remembers browsers, somebody with a second factor, and a browser
// of theirs that is.
func rememberedHolder(w *world) (*customer, *holder, accesssec.Visit) {
	w.t.Helper()
	acme, h := withHolder(w)
	acme.apply(func(s *accesssec.Settings) { s.RememberDevices = aWeek })
	return acme, h, h.remembers("")
}

// remembers has a new browser remembered, on the way into an org.
func (h *holder) remembers(orgID string) accesssec.Visit {
	h.w.t.Helper()
	v := h.w.visit()
	v.OrgID = orgID
	h.halfIn(v)
	v.Remember = true
	h.mustShow(v, h.next(), "")
	v.Remember = false
	return v
}

// asked signs in by password in a browser, and reports whether a code is asked.
func (h *holder) asked(v accesssec.Visit) bool {
	h.w.t.Helper()
	step, err := h.w.svc.SignIn().Password(h.w.ctx, v, h.address, right)
	h.w.must(err)
	if (step.Entered != nil) == (step.Next == policy.NextFactor) {
		h.w.t.Fatalf("%+v", step)
	}
	if step.Entered != nil {
		h.w.by(step.Entered, "password device")
	}
	return step.Entered == nil
}

func deviceStandsIn(t *testing.T, w *world) {
	acme, h := withHolder(w)
	v := h.half()
	if d := must1(w.svc.SignIn().Rememberable(w.ctx, v)); d != 0 {
		t.Errorf("offered for %s by an org that has not said so", d)
	}
	acme.apply(func(s *accesssec.Settings) { s.RememberDevices = aWeek })
	if d := must1(w.svc.SignIn().Rememberable(w.ctx, v)); d != aWeek {
		t.Errorf("offered for %s", d)
	}
	if d := must1(w.svc.SignIn().Rememberable(w.ctx, w.visit())); d != 0 {
		t.Errorf("offered for %s to who waits for nothing", d)
	}
	v.Remember = true
	h.mustShow(v, h.next(), "")
	if e := acme.last(audit.DeviceRemembered); e.Actor.ID != h.id {
		t.Errorf("the log says %+v", e)
	}
	if h.asked(v) {
		t.Error("asked in a browser that is remembered")
	}
	if !h.asked(w.visit()) {
		t.Error("not asked in another")
	}
	w.advance(aWeek - period)
	if h.asked(v) {
		t.Error("asked before the time is over")
	}
	w.advance(period)
	if !h.asked(v) {
		t.Error("not asked when the time is over: it goes on by being used")
	}
}

func deviceTold(t *testing.T, w *world) {
	p := newPost()
	acme := w.newOrg("Acme", "owner@example.com")
	w.svc = w.instance(w.store, p.sink(works))
	h := acme.newHolder(policy.Member, "ann@example.com")
	acme.apply(func(s *accesssec.Settings) { s.RememberDevices = aWeek })
	p.told(w)
	told := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, want...), p.told(w)); diff != "" {
			t.Errorf("told (-want +got)\n%s", diff)
		}
	}
	const once = "device_remembered ann@example.com"
	v := h.half()
	v.Remember = true
	h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
	told()
	h.mustShow(v, h.next(), "")
	p.tried = nil
	told(once)
	if n := p.tried[0]; n.UserID != h.id || n.Values["org"] != "Acme" || n.Values["until"] != w.clock().Add(aWeek).Format("2 January 2006, 15:04 UTC") || n.Values["ip"] == "" {
		t.Errorf("%+v", n.Values)
	}
	v.Remember = false
	if h.asked(v) {
		t.Error("asked in a browser that is remembered")
	}
	told()
	w.advance(aWeek)
	h.halfIn(v)
	v.Remember = true
	h.mustShow(v, h.next(), "")
	told(once)
}

func deviceUnasked(t *testing.T, w *world) {
	acme, h := withHolder(w)
	v := h.half()
	v.Remember = true
	h.mustShow(v, h.next(), "") // the org does not remember
	acme.apply(func(s *accesssec.Settings) { s.RememberDevices = aWeek })
	if !h.asked(v) {
		t.Error("remembered before the org allowed it")
	}
	recovers := h.half()
	recovers.Remember = true
	h.mustRedeem(recovers, h.paper[0], "")
	if !h.asked(recovers) {
		t.Error("remembered by a recovery code")
	}
	if v = h.known(); !h.asked(v) {
		t.Error("remembered, and nobody has asked for it")
	}
	wrong := h.half()
	wrong.Remember = true
	h.mustShow(wrong, h.wrong(), accesssec.CodeWrongCode)
	if !h.asked(wrong) || len(w.docsOf("device", h.id)) != 0 {
		t.Error("remembered by a wrong code")
	}
	for _, d := range []time.Duration{-time.Second, 30*24*time.Hour + time.Second} {
		next := must1(acme.admin().Settings(w.ctx))
		next.RememberDevices = d
		if p := must1(acme.admin().Preview(w.ctx, next)); len(p.Refused) != 1 || p.Refused[0].Code != "remember_devices" {
			t.Errorf("%s: in the way %+v", d, p.Refused)
		}
	}
}

func deviceElsewhere(t *testing.T, w *world) {
	acme, h, v := rememberedHolder(w)
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Member, h.address)
	other.apply(func(s *accesssec.Settings) { s.RememberDevices = aWeek })
	there := v
	there.OrgID = other.owner.OrgID
	if !h.asked(there) {
		t.Error("another org takes it too")
	}
	here := v
	here.OrgID = acme.owner.OrgID
	if h.asked(here) {
		t.Error("asked in the org that remembers")
	}
	// Nor is it by going on from one to the other.
	step, err := w.svc.SignIn().Password(w.ctx, here, h.address, right)
	w.must(err)
	step, err = w.svc.Me(step.Entered.Principal).Enter(w.ctx, v, other.owner.OrgID)
	if w.must(err); step.Entered != nil || step.Next != policy.NextFactor {
		t.Errorf("entered by a browser that is remembered elsewhere: %+v", step)
	}
	bob := acme.newHolder(policy.Member, "bob@example.com")
	if !bob.asked(v) {
		t.Error("remembered for somebody else")
	}
}

func deviceForgotten(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	remember := func(d time.Duration) {
		w.advance(time.Second)
		acme.apply(func(s *accesssec.Settings) { s.RememberDevices = d })
	}
	remember(aWeek)
	renew := func(h *holder) { // another factor
		in := h.settingUp()
		h.finishes(in)
	}
	n := 0
	for name, forget := range map[string]func(*holder){
		"sign-out everywhere": func(h *holder) { w.must(h.me(h.signIn()).SignOutEverywhere(w.ctx, false)) },
		"of the others":       func(h *holder) { w.must(h.me(h.signIn()).SignOutEverywhere(w.ctx, true)) },
		"the factor changes": func(h *holder) {
			in := h.signIn()
			h.proves(in)
			w.must(h.me(in).ChangeFactor(w.ctx))
		},
		"the factor is reset, and another one": func(h *holder) {
			acme.resets(h.id)
			renew(h)
		},
		"the factor is taken away, and another one": func(h *holder) {
			in := h.signIn()
			h.proves(in)
			w.must(h.me(in).RemoveFactor(w.ctx, h.next()))
			h.proves(in)
			h.sets(in.Principal)
		},
		"five wrong codes": func(h *holder) {
			h.locks()
			w.advance(time.Hour)
		},
		"the org remembers none, and then again": func(*holder) {
			remember(0)
			remember(aWeek)
		},
		"for a shorter time, that is over": func(*holder) {
			w.advance(time.Hour)
			remember(time.Hour)
		},
		"disabled, and enabled": func(h *holder) {
			w.hostSets(h.address, disable)
			w.must(w.svc.PersonChanged(w.ctx, h.id))
			w.hostSets(h.address, func(u *store.User) { u.Disabled = false })
		},
	} {
		n++
		remember(aWeek)
		h := acme.newHolder(policy.Member, string(rune('a'+n))+"@example.net")
		v := h.remembers("")
		if h.asked(v) {
			t.Errorf("%s: not remembered in the first place", name)
		}
		forget(h)
		if !h.asked(v) {
			t.Errorf("%s: and the browser still stands in", name)
		}
	}
}

func deviceWays(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	acme := w.newOrg("Acme", "owner@example.com")
	g.in("g-1")
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "gina@example.net", Verified: true, Role: policy.Member}))
	acme.apply(func(s *accesssec.Settings) {
		s.RequireFactor, s.FactorFrom, s.RememberDevices = true, w.clock().Add(-time.Hour), aWeek
	})
	v := w.visit()
	step, no := g.comes(v, "g-1")
	if no != "" || step.Next != policy.NextSetUp {
		t.Fatalf("%+v, %s", step, no)
	}
	h := &holder{w: w, address: "gina@example.net", id: step.Entered.Principal.UserID}
	h.finishes(step.Entered)
	if step, no = g.comes(v, "g-1"); no != "" || step.Next != policy.NextFactor {
		t.Fatalf("%+v, %s", step, no)
	}
	v.Remember = true
	h.mustShow(v, h.next(), "")
	if step, no = g.comes(v, "g-1"); no != "" || step.Entered == nil {
		t.Fatalf("%+v, %s", step, no)
	}
	w.by(step.Entered, "google device")
	step = must1(w.svc.SignIn().Link(w.ctx, v, w.of(g.p.asks(w, v, "gina@example.net", accesssec.MailSignIn), accesssec.TemplateMailSignIn).token))
	w.by(step.Entered, "link device")
	// A session that a browser has stood in for asks for the code when that is forgotten.
	in := step.Entered
	prove := func() accesssec.Step {
		step, no := g.finish(v, must1(g.Answer(must1(w.svc.Me(in.Principal).ProveGoogle(w.ctx, v)).URL, "g-1")))
		if no != "" {
			t.Fatalf("refused as %q", no)
		}
		return step
	}
	if in = prove().Entered; in == nil {
		t.Fatal("the browser is remembered, and a code is asked")
	}
	w.must(w.svc.Me(in.Principal).SignOutEverywhere(w.ctx, true))
	w.advance(time.Second)
	if step := prove(); step.Entered != nil || step.Next != policy.NextFactor {
		t.Errorf("%+v", step)
	}
	w.alive(in, true)
}

func deviceProves(t *testing.T, w *world) {
	_, h, v := rememberedHolder(w)
	step, err := w.svc.SignIn().Password(w.ctx, v, h.address, right)
	w.must(err)
	in := step.Entered
	if err := h.me(in).RemoveFactor(w.ctx, h.next()); w.code(err) != accesssec.CodeProve {
		t.Errorf("the factor is taken away without a proof: %v", err)
	}
	h.proves(in)
	if err := h.me(in).RemoveFactor(w.ctx, h.wrong()); w.code(err) != accesssec.CodeWrongCode {
		t.Errorf("and without a code: %v", err)
	}
	if e := h.kept(); slices.Equal(e.Body, nil) {
		t.Error("the factor is gone")
	}
}

// deviceSignedOut: whose sessions in the org were ended, or who was out of it, is asked for the code
// again; what another org remembers is that one's.
func deviceSignedOut(t *testing.T, w *world) {
	acme, h, _ := rememberedHolder(w)
	other := w.newOrg("Other", "o@example.org")
	other.apply(func(s *accesssec.Settings) { s.RememberDevices = aWeek })
	other.add(policy.Member, h.address)
	there := h.remembers(other.owner.OrgID)
	asked := func(v accesssec.Visit, orgID string) bool {
		v.OrgID = orgID
		return h.asked(v)
	}
	for name, out := range map[string]func(){
		"by name":        func() { must1(acme.admin().EndSessions(w.ctx, h.id)) },
		"with everybody": func() { must1(acme.admin().EndSessions(w.ctx)) },
		"disabled for a while": func() {
			w.must(acme.admin().DisableMember(w.ctx, h.id))
			w.must(acme.admin().EnableMember(w.ctx, h.id))
		},
		"removed, and back": func() {
			w.must(acme.admin().RemoveMember(w.ctx, h.id))
			acme.add(policy.Member, h.address)
		},
	} {
		w.advance(time.Minute)
		v := h.remembers(acme.owner.OrgID)
		if asked(v, acme.owner.OrgID) {
			t.Fatalf("%s: it is not remembered to begin with", name)
		}
		w.advance(time.Minute)
		out()
		if !asked(v, acme.owner.OrgID) {
			t.Errorf("%s: not asked", name)
		}
		if asked(there, other.owner.OrgID) {
			t.Errorf("%s: asked by another org", name)
		}
	}
}

// deviceCopied: what somebody has copied out of a browser is good no more when that was ended, also
// when the person has the browser remembered again.
func deviceCopied(t *testing.T, w *world) {
	acme, h := withHolder(w)
	other := w.newOrg("Other", "o@example.org")
	other.apply(func(s *accesssec.Settings) { s.RememberDevices = aWeek })
	other.add(policy.Member, h.address)
	remember := func(d time.Duration) {
		w.advance(time.Second)
		acme.apply(func(s *accesssec.Settings) { s.RememberDevices = d })
	}
	ticks := func(v accesssec.Visit, orgID string) *accesssec.Entered {
		t.Helper()
		v.OrgID = orgID
		h.halfIn(v)
		v.Remember = true
		return h.mustShow(v, h.next(), "").Entered
	}
	for name, out := range map[string]func(){
		"by name":        func() { must1(acme.admin().EndSessions(w.ctx, h.id)) },
		"with everybody": func() { must1(acme.admin().EndSessions(w.ctx)) },
		"of the org":     func() { remember(0) },
	} {
		remember(aWeek)
		v := w.visit()
		rec := httptest.NewRecorder()
		ticks(v, acme.owner.OrgID).SetCookie(rec)
		r := httptest.NewRequest(http.MethodGet, "https://host.example/", nil)
		for _, c := range rec.Result().Cookies() {
			r.AddCookie(c)
		}
		copied := w.svc.SignIn().Visit(httptest.NewRecorder(), r)
		copied.OrgID = acme.owner.OrgID
		if h.asked(copied) {
			t.Fatalf("%s: the copy does not stand in to begin with", name)
		}
		ticks(v, other.owner.OrgID) // goes on with the same secret
		w.advance(time.Minute)
		out()
		remember(aWeek)
		ticks(v, acme.owner.OrgID)
		if v.OrgID = acme.owner.OrgID; h.asked(v) {
			t.Errorf("%s: and is not remembered again", name)
		}
		if !h.asked(copied) {
			t.Errorf("%s: the copy stands in again", name)
		}
	}
}
