package flowtest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// orgFactorFlows: an org requires a second factor of its members.
func orgFactorFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"once without, and then none":            orgFactorOnce,
		"until a day":                            orgFactorUntil,
		"of many at once one comes in without":   orgFactorRace,
		"whichever way they come":                orgFactorWays,
		"not beside single sign-on":              orgFactorSSO,
		"the preview asks for many at once":      orgFactorPreview,
		"switched off, and on again":             orgFactorAgain,
		"who takes theirs away has had the time": orgFactorRemoved,
		"going on from another org counts":       orgFactorEnter,
		"whatever fails, nobody is in without":   orgFactorFaults,
		"ways that are switched off":             orgWays,
	})
}

func requireFactor(s *accesssec.Settings) { s.RequireFactor = true }

// graceIn signs in by password in a new browser, and reports whether it was without the factor that
// is required. What is neither that nor set-up ends the test.
func (w *world) graceIn(address string) bool {
	w.t.Helper()
	step, err := w.svc.SignIn().Password(w.ctx, w.visit(), address, right)
	w.must(err)
	return w.graced(step)
}

func (w *world) graced(step accesssec.Step) bool {
	w.t.Helper()
	if step.Entered == nil || step.Grace == (step.Next == policy.NextSetUp) || step.Next != "" && step.Next != policy.NextSetUp {
		w.t.Fatalf("neither in without a factor nor to set one up: %+v", step)
	}
	_, err := w.svc.Authenticate(w.ctx, step.Entered.Token())
	if code := w.code(err); step.Grace != (code == "") || !step.Grace && code != accesssec.CodeSetUp {
		w.t.Errorf("grace %v, and the session is refused as %q", step.Grace, code)
	}
	return step.Grace
}

func orgFactorOnce(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	h := acme.newHolder(policy.Member, "has@example.com")
	acme.add(policy.Member, "ann@example.com")
	other := w.newOrg("Other", "ann@example.com")
	p := acme.apply(requireFactor)
	if p.FactorlessCount != 2 || len(p.Factorless) != 2 || p.LoseCount != 0 {
		t.Errorf("the preview names %+v", p)
	}
	if e := acme.last(audit.SettingsChanged); len(e.Changes) != 1 || e.Changes[0].Field != "require_factor" || e.Changes[0].New != "true" {
		t.Errorf("the log says %+v", e.Changes)
	}
	in := func(orgID string) accesssec.Step {
		v := w.visit()
		v.OrgID = orgID
		step, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right)
		w.must(err)
		return step
	}
	if step := in(other.owner.OrgID); step.Grace || step.Next != "" || step.Entered == nil {
		t.Errorf("an org that asks for nothing: %+v", step)
	}
	if step := in(acme.owner.OrgID); !w.graced(step) || !step.GraceUntil.IsZero() {
		t.Errorf("the first time: %+v", step)
	}
	for range 2 {
		if w.graced(in(acme.owner.OrgID)) {
			t.Error("let in without a second factor once more")
		}
	}
	step := in(acme.owner.OrgID)
	ann := &holder{w: w, address: "ann@example.com", id: step.Entered.Principal.UserID}
	w.by(ann.finishes(step.Entered), "password totp")
	if !w.graceIn("owner@example.com") || w.graceIn("owner@example.com") {
		t.Error("the Owner is no member like others")
	}
	w.by(h.signIn(), "password totp") // who has one is asked for it as before
}

// factorReads counts what a store is asked about second factors.
type factorReads struct {
	store.Store
	n atomic.Int32
}

func (r *factorReads) Doc(ctx context.Context, k store.Kind, orgID, id string) (store.Doc, error) {
	if k == "factor" {
		r.n.Add(1)
	}
	return r.Store.Doc(ctx, k, orgID, id)
}

func (r *factorReads) Docs(ctx context.Context, k store.Kind, orgID string, q store.DocQuery) (store.Page[store.Doc], error) {
	if k == "factor" {
		r.n.Add(1)
	}
	return r.Store.Docs(ctx, k, orgID, q)
}

func orgFactorPreview(t *testing.T, w *world) {
	reads := &factorReads{Store: w.store}
	w.store = reads
	w.rehost(func(*accesssec.Options) {})
	acme := w.newOrg("Acme", "owner@example.com")
	acme.newHolder(policy.Member, "has@example.com")
	stranger := w.newOrg("Other", "olga@example.org")
	stranger.newHolder(policy.Member, "another@example.org")
	var people []accesssec.Person
	for i := range 120 {
		people = append(people, accesssec.Person{Address: fmt.Sprintf("p%d@example.com", i), Verified: true, Role: policy.Member})
	}
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, people...))
	u := must1(w.store.UserByAddress(w.ctx, "p119@example.com"))
	w.must(acme.admin().DisableMember(w.ctx, u.ID))
	before := reads.n.Load()
	next := must1(acme.admin().Settings(w.ctx))
	next.RequireFactor = true
	p := must1(acme.admin().Preview(w.ctx, next))
	if p.FactorlessCount != 120 || len(p.Factorless) != 100 { // the Owner, and all but who has one and who is disabled
		t.Errorf("%d have none, and %d are named", p.FactorlessCount, len(p.Factorless))
	}
	for _, m := range p.Factorless {
		if m.Address == "has@example.com" || m.UserID == u.ID || m.OrgID != acme.owner.OrgID {
			t.Errorf("named: %+v", m)
		}
	}
	if n := reads.n.Load() - before; n != 1 {
		t.Errorf("the store was asked %d times for the factors of 122 members", n)
	}
}

func orgFactorUntil(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	from := w.clock().Add(10 * 24 * time.Hour)
	next := must1(acme.admin().Settings(w.ctx))
	next.RequireFactor, next.FactorFrom = true, w.clock().Add(90*24*time.Hour+time.Second)
	p := must1(acme.admin().Preview(w.ctx, next))
	if len(p.Refused) != 1 || p.Refused[0].Code != "factor_from" {
		t.Errorf("in the way: %+v", p.Refused)
	}
	acme.refuses(acme.admin().Apply(w.ctx, next, p.Hash), accesssec.CodeSettings)
	acme.apply(func(s *accesssec.Settings) { s.RequireFactor, s.FactorFrom = true, from })
	for range 2 {
		step, err := w.svc.SignIn().Password(w.ctx, w.visit(), "owner@example.com", right)
		w.must(err)
		if !w.graced(step) || !step.GraceUntil.Equal(from) {
			t.Errorf("before the day: %+v", step)
		}
	}
	w.advance(from.Sub(w.clock()) - time.Microsecond)
	if !w.graceIn("owner@example.com") {
		t.Error("asked before the day")
	}
	w.advance(time.Microsecond)
	if w.graceIn("owner@example.com") {
		t.Error("the day has come, and in without a second factor")
	}
	// A day that has been is now.
	other := w.newOrg("Other", "olga@example.org")
	other.apply(func(s *accesssec.Settings) { s.RequireFactor, s.FactorFrom = true, w.clock().Add(-time.Hour) })
	if w.graceIn("olga@example.org") {
		t.Error("let in without, after the day")
	}
}

func orgFactorRace(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.apply(requireFactor)
	var without, setUp atomic.Int32
	const n = 8
	_, codes := w.race(n, func(int) error {
		step, err := w.svc.SignIn().Password(w.ctx, w.visit(), "owner@example.com", right)
		if err != nil {
			return err
		}
		if step.Next == policy.NextSetUp {
			setUp.Add(1)
		} else if step.Grace {
			without.Add(1)
		}
		return nil
	})
	refused := 0
	for _, k := range codes {
		refused += k
	}
	if without.Load() != 1 || int(setUp.Load())+refused != n-1 {
		t.Errorf("%d came in without a second factor, %d to set one up, refused as %v", without.Load(), setUp.Load(), codes)
	}
}

func orgFactorWays(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	acme := w.newOrg("Acme", "owner@example.com")
	in := g.in("g-1").Principal.UserID
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "gina@example.net", Verified: true, Role: policy.Member}))
	acme.apply(requireFactor)
	byLink := func() accesssec.Step {
		v := w.visit()
		return must1(w.svc.SignIn().Link(w.ctx, v, w.of(g.p.asks(w, v, "gina@example.net", accesssec.MailSignIn), accesssec.TemplateMailSignIn).token))
	}
	if step := byLink(); !w.graced(step) || step.Entered.Principal.UserID != in {
		t.Errorf("by a link: %+v", step)
	}
	step, no := g.comes(w.visit(), "g-1")
	if no != "" || w.graced(step) {
		t.Errorf("by Google, after a link: %+v, %s", step, no)
	}
	w.advance(time.Hour)
	step = byLink()
	if w.graced(step) {
		t.Errorf("by a link once more: %+v", step)
	}
	h := &holder{w: w, address: "gina@example.net", id: in}
	w.by(h.finishes(step.Entered), "link totp") // without ever having had a password
	if step, no = g.comes(w.visit(), "g-1"); no != "" || step.Next != policy.NextFactor || step.Entered != nil {
		t.Errorf("who has one comes by Google: %+v, %s", step, no)
	}
}

func orgFactorSSO(t *testing.T, w *world) {
	acme := withAnn(w)
	next := must1(acme.admin().Settings(w.ctx))
	next.RequireFactor = true
	p := must1(acme.admin().Preview(w.ctx, next))
	if len(p.Refused) != 1 || p.Refused[0].Code != "sso_active" {
		t.Errorf("in the way: %+v", p.Refused)
	}
	acme.refuses(acme.admin().Apply(w.ctx, next, p.Hash), accesssec.CodeSettings)
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	acme.apply(requireFactor)
	if !w.graceIn("ann@example.com") || w.graceIn("ann@example.com") {
		t.Error("it is not required")
	}
	w.advance(time.Second)
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, true))
	if s := must1(acme.admin().Settings(w.ctx)); s.RequireFactor {
		t.Error("it is required beside single sign-on")
	}
	if e := acme.last(audit.SettingsChanged); len(e.Changes) != 1 || e.Changes[0].Field != "require_factor" || e.Changes[0].New != "false" {
		t.Errorf("the log says %+v", e.Changes)
	}
	w.by(must1(w.byPassword("ann@example.com", right)), "password")
	w.by(acme.signIn(samltest.Person{Email: "ann@example.com"}), "sso")
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	if step, err := w.svc.SignIn().Password(w.ctx, w.visit(), "ann@example.com", right); err != nil || step.Next != "" || step.Grace {
		t.Errorf("it has come back by itself: %+v, %v", step, err)
	}
}

func orgFactorAgain(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.apply(requireFactor)
	if !w.graceIn("owner@example.com") || w.graceIn("owner@example.com") {
		t.Error("it is not required")
	}
	w.advance(time.Second)
	acme.apply(func(s *accesssec.Settings) { s.SessionIdle = time.Hour })
	if w.graceIn("owner@example.com") {
		t.Error("another setting gives the time anew")
	}
	acme.apply(func(s *accesssec.Settings) { s.RequireFactor = false })
	w.by(must1(w.byPassword("owner@example.com", right)), "password")
	w.advance(time.Second)
	acme.apply(requireFactor)
	if !w.graceIn("owner@example.com") || w.graceIn("owner@example.com") {
		t.Error("switched on again, and not once without")
	}
}

func orgFactorRemoved(t *testing.T, w *world) {
	acme, h := withHolder(w)
	acme.apply(requireFactor)
	in := h.signIn()
	h.proves(in)
	w.must(h.me(in).RemoveFactor(w.ctx, h.next()))
	if w.graceIn(h.address) {
		t.Error("in without the one that was taken away")
	}
}

func orgFactorEnter(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	other := w.newOrg("Other", "ann@example.com")
	acme.add(policy.Member, "ann@example.com")
	acme.apply(requireFactor)
	for i, want := range []bool{true, false} {
		v := w.visit()
		v.OrgID = other.owner.OrgID
		step, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right)
		w.must(err)
		step, err = w.enter(step.Entered, acme.owner.OrgID)
		w.must(err)
		if (step.Entered != nil) != want || step.Grace != want || (step.Next == policy.NextSetUp) == want {
			t.Errorf("entered %d times before: %+v", i, step)
		}
	}
}

func orgFactorFaults(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	acme.apply(requireFactor)
	w.change(func(tx store.Tx) error {
		_, err := tx.DeleteSessions(w.ctx, store.SessionQuery{OrgID: acme.owner.OrgID})
		return err
	})
	acme.untilIn(func(ctx context.Context) (*accesssec.Entered, error) {
		w.advance(25 * time.Hour)
		step, err := w.svc.SignIn().Password(ctx, w.visit(), "ann@example.com", right)
		if err == nil && !step.Grace {
			t.Errorf("a sign-in that failed was counted: %+v", step)
		}
		return step.Entered, err
	})
	if w.graceIn("ann@example.com") {
		t.Error("in without a second factor once more")
	}
}

func orgWays(t *testing.T, w *world) {
	g := w.offering(nil, gina())
	acme := w.newOrg("Acme", "owner@example.com")
	g.in("g-1")
	acme.add(policy.Member, "gina@example.net")
	only := func(m ...policy.Method) accesssec.Preview {
		w.advance(time.Second)
		return acme.apply(func(s *accesssec.Settings) { s.Methods = m })
	}
	byGoogle := g.in("g-1")
	owner := must1(w.byPassword("owner@example.com", right))
	only(policy.Link, policy.Link)
	if s := must1(acme.admin().Settings(w.ctx)); len(s.Methods) != 1 || s.Methods[0] != policy.Link {
		t.Errorf("left on: %v", s.Methods)
	}
	if e := acme.last(audit.SettingsChanged); len(e.Changes) != 1 || e.Changes[0].Field != "methods" || e.Changes[0].Old != "all" || e.Changes[0].New != "link" {
		t.Errorf("the log says %+v", e.Changes)
	}
	w.alive(byGoogle, false)
	w.alive(owner, true)
	g.refuses("g-1", reasonCode(policy.MethodOff))
	v := w.visit()
	v.OrgID = acme.owner.OrgID
	w.by(must1(w.svc.SignIn().Link(w.ctx, v, w.of(g.p.asks(w, v, "gina@example.net", accesssec.MailSignIn), accesssec.TemplateMailSignIn).token)).Entered, "link")
	w.by(must1(w.byPassword("owner@example.com", right)), "password") // an Owner's stays
	only(policy.Google)
	w.by(g.in("g-1"), "google")
	for _, bad := range [][]policy.Method{{policy.SSO}, {policy.TOTP}, {"junk"}, {policy.Google, policy.Device}} {
		next := must1(acme.admin().Settings(w.ctx))
		next.Methods = bad
		p := must1(acme.admin().Preview(w.ctx, next))
		if len(p.Refused) != 1 || p.Refused[0].Code != "methods" {
			t.Errorf("%v: in the way %+v", bad, p.Refused)
		}
		acme.refuses(acme.admin().Apply(w.ctx, next, p.Hash), accesssec.CodeSettings)
	}
}
