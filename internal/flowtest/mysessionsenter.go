package flowtest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// enterFlows: from one org into another without signing in anew.
func enterFlows() map[string]flow {
	return map[string]flow{
		"entering another org":                   enterAnother,
		"entering one's own account":             enterOwn,
		"entering where one does not belong":     enterNowhere,
		"entering by single sign-on":             enterBySSO,
		"entering an org that requires SSO":      enterRequired,
		"entering an org that has the other SSO": enterOtherSSO,
		"entering where a factor comes first":    enterFactor,
		"entering where a browser is remembered": enterDevice,
		"entering where a factor is to be made":  enterSetUp,
		"entering never makes a session longer":  enterTimes,
		"entering twice at once":                 enterRace,
		"entering after the end of all":          enterAfterEnd,
		"entering in a browser of nobody's":      enterUnknown,
	}
}

// enter is Me.Enter in a browser of its own.
func (w *world) enter(in *accesssec.Entered, orgID string) (accesssec.Step, error) {
	v := w.visit()
	v.After = "/there"
	return w.svc.Me(in.Principal).Enter(w.ctx, v, orgID)
}

func enterAnother(t *testing.T, w *world) {
	acme, other, in, _ := annInTwo(w)
	me := w.svc.Me(in.Principal)
	step, err := me.Enter(w.ctx, w.visit(), other.owner.OrgID)
	w.must(err)
	got := step.Entered
	if got == nil || got.Principal.OrgID != other.owner.OrgID || got.Principal.Role != policy.Member || got.Token() == in.Token() || got.Principal.SessionID == in.Principal.SessionID {
		t.Fatalf("%+v", step)
	}
	w.alive(in, false)
	w.alive(got, true)
	w.by(got, "password")
	if p := must1(me.Profile(w.ctx)); p.OrgName != "Beta" {
		t.Errorf("Me goes on in %q", p.OrgName)
	}
	if e := acme.last(audit.SessionEnded); e.Session != in.Principal.SessionID || e.Reason != "switched" {
		t.Errorf("%+v", e)
	}
	if e := other.last(audit.SessionCreated); e.Session != got.Principal.SessionID {
		t.Errorf("%+v", e)
	}
	// What was proved was proved for the other.
	w.prove(got)
	back := must1(w.enter(got, acme.owner.OrgID)).Entered
	if !w.row(back).ProvedAt.IsZero() {
		t.Error("the proof has come along")
	}
	if _, err := w.enter(in, other.owner.OrgID); w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("from a session that is over: %v", err)
	}
}

func enterOwn(t *testing.T, w *world) {
	_, _, in, _ := annInTwo(w)
	own := must1(w.enter(in, "")).Entered
	if own.Principal.OrgID != "" || own.Principal.Role != "" {
		t.Errorf("%+v", own.Principal)
	}
	w.alive(in, false)
	w.alive(own, true)
	// Also where a code comes before that, which no org remembers a browser for.
	third, h, _ := rememberedHolder(w)
	v := h.remembers(third.owner.OrgID) // of the three it is the one that remembers browsers
	v.OrgID = third.owner.OrgID
	step := must1(w.svc.SignIn().Password(w.ctx, v, h.address, right))
	w.by(step.Entered, "password device")
	if step = must1(w.svc.Me(step.Entered.Principal).Enter(w.ctx, v, "")); step.Next != policy.NextFactor {
		t.Fatalf("%+v", step)
	}
	if p := h.mustShow(v, h.next(), "").Entered.Principal; p.OrgID != "" || p.Role != "" {
		t.Errorf("after a code: %+v", p)
	}
}

// enterNowhere: an org of others looks like none, and nobody is made a member by asking.
func enterNowhere(t *testing.T, w *world) {
	acme, other, in, _ := annInTwo(w)
	closed := w.newCustomer("Closed", "example.net")
	closed.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	for _, id := range []string{closed.owner.OrgID, "org-none", "x"} {
		if step, err := w.enter(in, id); w.code(err) != accesssec.CodeNotFound || step.Entered != nil || step.Next != "" {
			t.Errorf("%s: %+v %v", id, step, err)
		}
	}
	w.left(closed, 0)
	w.must(other.admin().DisableMember(w.ctx, in.Principal.UserID))
	if step, err := w.enter(in, other.owner.OrgID); w.code(err) != reasonCode(policy.MemberDisabled) || step.Entered != nil {
		t.Errorf("disabled there: %+v %v", step, err)
	}
	w.must(other.admin().RemoveMember(w.ctx, in.Principal.UserID))
	if _, err := w.enter(in, other.owner.OrgID); w.code(err) != accesssec.CodeNotFound {
		t.Errorf("removed: %v", err)
	}
	w.alive(in, true)
	w.left(acme, 1)
}

// enterBySSO: the connection vouches for its people wherever they are members, and a logout at
// the identity provider ends the session in which they are by then.
func enterBySSO(t *testing.T, w *world) {
	acme := withAnn(w)
	other := w.newOrg("Other", "boss@example.org")
	other.add(policy.Admin, "ann@example.com")
	in := acme.signIn(ann)
	got := must1(w.enter(in, other.owner.OrgID)).Entered
	if got == nil || got.Principal.OrgID != other.owner.OrgID || got.Principal.Role != policy.Admin {
		t.Fatalf("%+v", got)
	}
	w.alive(in, false)
	if row := w.row(got); row.ConnectionID != acme.conn.ID || !slices.Equal(row.Methods, []string{"sso"}) {
		t.Errorf("%+v", row)
	}
	// Their own account is no org's to vouch for.
	step, err := w.enter(got, "")
	w.must(err)
	if step.Entered != nil || step.Next != policy.NextPassword || !step.Offers(policy.Password) || step.Offers(policy.SSO) {
		t.Errorf("%+v", step)
	}
	w.alive(got, true)
	_, err = w.arrives(w.svc, acme.conn.ID, acme.asks(acme.sessionsThere()[0]))
	w.must(err)
	w.alive(got, false)
}

func enterRequired(t *testing.T, w *world) {
	acme := withAnn(w)
	other := w.newOrg("Other", "boss@example.org")
	other.add(policy.Member, "ann@example.com", "owner@example.com")
	in := w.into(other, "ann@example.com")
	boss := w.into(other, "owner@example.com")
	// By a password that Acme closes afterwards one is in nowhere any more.
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, in.Principal.UserID) })
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	w.change(func(tx store.Tx) error {
		return tx.PutMembership(w.ctx, store.Membership{OrgID: acme.owner.OrgID, UserID: in.Principal.UserID, Role: "member", JoinedAt: w.clock()})
	})
	w.alive(in, true)
	step, err := w.enter(in, acme.owner.OrgID)
	w.must(err)
	if step.Entered != nil || step.Next != policy.NextSSO || step.Connection != acme.conn.ID || step.OrgName != "Acme" || step.After != "/there" {
		t.Errorf("%+v", step)
	}
	w.alive(in, true)
	step, err = w.enter(boss, acme.owner.OrgID)
	w.must(err)
	if step.Entered == nil || step.Entered.Principal.Role != policy.Owner {
		t.Errorf("the Owner goes past it: %+v", step)
	}
	acme.last(audit.LoginBypassed)
}

// enterOtherSSO: the connection that vouches is that of the person's domain, not the one by
// which a session was made once.
func enterOtherSSO(t *testing.T, w *world) {
	acme := withAnn(w)
	other := w.newOrg("Other", "boss@example.org")
	other.add(policy.Member, "ann@example.com")
	in := acme.signIn(ann)
	w.change(func(tx store.Tx) error { // as it was before the connection was another
		page, err := tx.Sessions(w.ctx, store.SessionQuery{UserID: in.Principal.UserID})
		if err != nil {
			return err
		}
		ses := page.Items[0]
		ses.ConnectionID = "con-before"
		return tx.UpdateSession(w.ctx, ses)
	})
	step, err := w.enter(in, other.owner.OrgID)
	w.must(err)
	if step.Entered != nil || step.Next != policy.NextSSO || step.Connection != acme.conn.ID {
		t.Errorf("%+v", step)
	}
	w.alive(in, true)
	w.left(other, 0)
}

// enterFactor: who has a second factor, and has not shown it in this session, shows it. The
// session goes on until then, and where it ends meanwhile there is nothing to go on from.
func enterFactor(t *testing.T, w *world) {
	acme, other, in, there := annInTwo(w)
	w.must(w.svc.Me(there.Principal).SignOut(w.ctx))
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID, in: in}
	bare := w.row(in)
	h.proves(in)
	h.sets(in.Principal)
	withoutCode := func(in *accesssec.Entered) {
		ses := w.row(in)
		ses.Methods = bare.Methods
		w.change(func(tx store.Tx) error { return tx.UpdateSession(w.ctx, ses) })
	}
	withoutCode(in)
	v := w.visit()
	v.After = "/there"
	ask := func(in *accesssec.Entered) {
		t.Helper()
		step, err := w.svc.Me(in.Principal).Enter(w.ctx, v, other.owner.OrgID)
		w.must(err)
		if step.Entered != nil || step.Next != policy.NextFactor {
			t.Fatalf("%+v", step)
		}
		w.alive(in, true)
	}
	ask(in)
	h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
	w.alive(in, true)
	got := h.mustShow(v, h.next(), "")
	if got.Entered.Principal.OrgID != other.owner.OrgID || got.After != "/there" {
		t.Errorf("%+v", got)
	}
	w.by(got.Entered, "password totp")
	w.alive(in, false)
	h.has(1)
	// It was enough, so it is enough on the way back.
	back := must1(w.enter(got.Entered, acme.owner.OrgID)).Entered
	w.by(back, "password totp")
	withoutCode(back)
	ask(back)
	w.must(w.svc.Me(back.Principal).SignOut(w.ctx))
	h.mustShow(v, h.next(), accesssec.CodeSignedOut)
	h.has(0)
}

// enterDevice: a browser is remembered for one org. Another asks for the code, as at its own
// sign-in, until it remembers the browser itself.
func enterDevice(t *testing.T, w *world) {
	acme, other, in, there := annInTwo(w)
	w.must(w.svc.Me(there.Principal).SignOut(w.ctx))
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID, in: in}
	h.proves(in)
	h.sets(in.Principal)
	month := func(s *accesssec.Settings) { s.RememberDevices = 30 * 24 * time.Hour }
	acme.apply(month)
	other.apply(month)
	v := w.visit()
	v.OrgID = acme.owner.OrgID
	h.halfIn(v)
	keep := v
	keep.Remember = true
	h.mustShow(keep, h.next(), "")
	in = must1(w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right)).Entered
	w.by(in, "password device")
	enter := func(in *accesssec.Entered, to *customer) accesssec.Step {
		return must1(w.svc.Me(in.Principal).Enter(w.ctx, v, to.owner.OrgID))
	}
	if step := enter(in, other); step.Entered != nil || step.Next != policy.NextFactor {
		t.Fatalf("%+v", step)
	}
	got := h.mustShow(keep, h.next(), "").Entered
	w.by(got, "password totp")
	v.OrgID = acme.owner.OrgID
	in = must1(w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right)).Entered
	w.by(in, "password device")
	got = enter(in, other).Entered
	if got == nil || got.Principal.OrgID != other.owner.OrgID {
		t.Fatal("the other org remembers the browser by now")
	}
	w.by(got, "password device")
	if step := must1(w.enter(got, acme.owner.OrgID)); step.Entered != nil || step.Next != policy.NextFactor {
		t.Errorf("in another browser: %+v", step)
	}
}

func enterSetUp(t *testing.T, w *world) {
	_, other, in, _ := annInTwo(w)
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID, in: in}
	h.proves(in)
	h.sets(in.Principal)
	h.due("used_up")
	step, err := w.enter(in, other.owner.OrgID)
	w.must(err)
	if step.Entered != nil || step.Next != policy.NextSetUp {
		t.Errorf("%+v", step)
	}
	w.alive(in, true)
	w.left(other, 0)
}

// enterTimes: from org to org one comes without end, and not for longer than from the sign-in.
func enterTimes(t *testing.T, w *world) {
	acme, other, in, _ := annInTwo(w)
	other.apply(func(s *accesssec.Settings) { s.SessionIdle, s.SessionEnd = time.Hour, 12*time.Hour })
	w.advance(10 * time.Hour)
	there := must1(w.enter(in, other.owner.OrgID)).Entered
	if want := noon().Add(12 * time.Hour); !there.EndsAt.Equal(want) {
		t.Errorf("ends at %v, want %v", there.EndsAt, want)
	}
	list := must1(w.svc.Me(there.Principal).Sessions(w.ctx))
	if len(list) != 2 || !list[0].Since.Equal(noon()) {
		t.Errorf("%+v", list)
	}
	back := must1(w.enter(there, acme.owner.OrgID)).Entered
	if want := noon().Add(12 * time.Hour); !back.EndsAt.Equal(want) {
		t.Errorf("back again it ends at %v, want %v", back.EndsAt, want)
	}
	// Too long ago for that org: sign in anew.
	long := w.into(acme, "ann@example.com")
	w.advance(12 * time.Hour)
	step, err := w.enter(long, other.owner.OrgID)
	w.must(err)
	if step.Entered != nil || step.Next != policy.NextPassword || !step.Offers(policy.Password) {
		t.Errorf("%+v", step)
	}
	w.alive(long, true)
}

func enterRace(t *testing.T, w *world) {
	_, other, in, there := annInTwo(w)
	w.must(w.svc.Me(there.Principal).SignOut(w.ctx))
	var mu sync.Mutex
	made := 0
	w.race(12, func(int) error {
		step, err := w.enter(in, other.owner.OrgID)
		mu.Lock()
		defer mu.Unlock()
		if step.Entered != nil {
			made++
		}
		return err
	})
	if n := w.sessions(store.SessionQuery{UserID: in.Principal.UserID}); made != 1 || n != 1 {
		t.Errorf("%d came in, and %d sessions are left", made, n)
	}
}

// enterAfterEnd: who has gone elsewhere before their sessions were ended comes back by a sign-in.
func enterAfterEnd(t *testing.T, w *world) {
	acme, other, _, _ := annInTwo(w)
	for name, ends := range map[string]func(id string) (int, error){
		"hers":        func(id string) (int, error) { return acme.admin().EndSessions(w.ctx, id) },
		"everybody's": func(string) (int, error) { return acme.admin().EndSessions(w.ctx) },
	} {
		away := must1(w.enter(w.into(acme, "ann@example.com"), other.owner.OrgID)).Entered
		w.advance(2 * time.Hour)
		must1(ends(away.Principal.UserID))
		w.alive(away, true)
		for range 2 {
			step, err := w.enter(away, acme.owner.OrgID)
			w.must(err)
			if step.Entered != nil || step.Next != policy.NextPassword {
				t.Errorf("%s: %+v", name, step)
			}
			w.must(w.svc.PersonChanged(w.ctx, away.Principal.UserID))
			w.advance(3 * time.Hour)
			must1(w.svc.Tick(w.ctx))
		}
		// A new sign-in counts, here and from there.
		there := must1(w.enter(w.into(acme, "ann@example.com"), other.owner.OrgID)).Entered
		if step := must1(w.enter(there, acme.owner.OrgID)); step.Entered == nil {
			t.Errorf("%s: after a sign-in: %+v", name, step)
		}
	}
}

// enterUnknown: a session makes no browser one of the person's, in which guesses are counted apart.
func enterUnknown(t *testing.T, w *world) {
	_, other, in, _ := annInTwo(w)
	v := w.visit()
	for range 5 {
		if got := w.guess(v, "ann@example.com", "wrong"); got != accesssec.CodeWrongPassword {
			t.Fatalf("%q", got)
		}
	}
	if step := must1(w.svc.Me(in.Principal).Enter(w.ctx, v, other.owner.OrgID)); step.Entered == nil {
		t.Fatalf("%+v", step)
	}
	if got := w.guess(v, "ann@example.com", "wrong"); got != accesssec.CodeLocked {
		t.Errorf("after it: %q", got)
	}
}
