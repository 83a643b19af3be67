package flowtest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

func passwordChanged(t *testing.T, w *world) {
	p, acme := mailing(w)
	in, other := must1(w.byPassword("ann@example.com", right)), must1(w.byPassword("ann@example.com", right))
	was, before := *in, must1(w.svc.Me(in.Principal).Profile(w.ctx))
	w.advance(10 * time.Minute)
	me := w.svc.Me(in.Principal)
	next := must1(me.ChangePassword(w.ctx, right, another))
	if next.Token() == was.Token() || next.Principal.SessionID != was.Principal.SessionID {
		t.Errorf("the session is %+v, and was %+v", next.Principal, was.Principal)
	}
	w.alive(&was, false)
	w.alive(other, false)
	w.alive(next, true)
	if after := must1(me.Profile(w.ctx)); !after.Since.Equal(before.Since) {
		t.Errorf("since %v, and before %v", after.Since, before.Since)
	}
	if _, err := me.BeginFactor(w.ctx); err != nil {
		t.Errorf("what wants a proof: %v", err)
	}
	if got := w.guess(w.visit(), "ann@example.com", right); got != accesssec.CodeWrongPassword {
		t.Errorf("the old password: %q", got)
	}
	must1(w.byPassword("ann@example.com", another))
	e := acme.last(audit.PasswordChanged)
	if e.Actor.ID != in.Principal.UserID || e.Session != was.Principal.SessionID || len(e.Facts) != 1 || e.Facts[0] != (audit.Fact{Key: "sessions_ended", Value: "1"}) {
		t.Errorf("the log has %+v", e)
	}
	if m := w.one(p.takes(w), accesssec.TemplatePasswordChanged); m.To != "ann@example.com" || m.UserID != in.Principal.UserID {
		t.Errorf("told %+v", m.Notice)
	}
	if u, _ := w.user("ann@example.com"); !u.PasswordSetByUser || !strings.HasPrefix(u.Password, "$argon2id$") {
		t.Errorf("kept %+v", u)
	}
	// The one of before is nobody.
	_, err := w.svc.Me(was.Principal).ChangePassword(w.ctx, another, right)
	if w.code(err) != accesssec.CodeSignedOut {
		t.Errorf("from the token of before: %v", err)
	}
}

// passwordEnds: what becomes of the session where it is done, of one in another org, of a
// sign-in that waits for its code, and of the browsers that are known.
func passwordEnds(t *testing.T, w *world) {
	p := w.watched()
	acme, beta := w.newOrg("Acme", "owner@example.com"), w.newOrg("Beta", "boss@example.org")
	for name, tt := range map[string]struct {
		do                       func(h *holder)
		here, there, half, known bool
	}{
		"changes it":              {func(h *holder) { w.must(w.changes(h.in, right, another)) }, true, false, false, false},
		"sets one by a link":      {func(h *holder) { w.sets(p.reset(w, h.address, accesssec.TemplateMailPassword).token, another) }, false, false, false, false},
		"signs out":               {func(h *holder) { w.must(h.me(h.in).SignOut(w.ctx)) }, false, true, true, true},
		"signs out everywhere":    {func(h *holder) { w.must(h.me(h.in).SignOutEverywhere(w.ctx, false)) }, false, false, false, true},
		"of all others":           {func(h *holder) { w.must(h.me(h.in).SignOutEverywhere(w.ctx, true)) }, true, false, false, true},
		"disabled by an Admin":    {func(h *holder) { w.must(acme.admin().DisableMember(w.ctx, h.id)) }, false, true, false, true},
		"removed by an Admin":     {func(h *holder) { w.must(acme.admin().RemoveMember(w.ctx, h.id)) }, false, true, false, true},
		"disabled by the host":    {func(h *holder) { w.disables(h, func(u *store.User) { u.Disabled = true }) }, false, false, false, false},
		"changed by the host":     {func(h *holder) { w.disables(h, func(u *store.User) { u.Password += "x" }) }, true, true, false, true},
		"a wrong one was typed":   {func(h *holder) { acme.refuses(w.changes(h.in, another, another), accesssec.CodeWrongPassword) }, true, true, true, true},
		"a bad one was chosen":    {func(h *holder) { acme.refuses(w.changes(h.in, right, "short"), accesssec.CodePasswordRules) }, true, true, true, true},
		"nothing to compare with": {func(*holder) {}, true, true, true, true},
	} {
		h := acme.newHolder(policy.Member, strings.ReplaceAll(name, " ", "-")+"@example.com")
		beta.add(policy.Member, h.address)
		v := w.visit()
		v.OrgID = beta.owner.OrgID
		h.halfIn(v)
		there := h.mustShow(v, h.next(), "").Entered
		if there.Principal.OrgID != beta.owner.OrgID {
			t.Fatalf("%s: in %+v", name, there.Principal)
		}
		half := h.half()
		tt.do(h)
		if w.lives(h.in) != tt.here || w.lives(there) != tt.there {
			t.Errorf("%s: here %v, there %v", name, w.lives(h.in), w.lives(there))
		}
		known := must1(w.store.Docs(w.ctx, "browser", "", store.DocQuery{Owners: []string{h.id}})).Items
		if len(known) > 0 != tt.known {
			t.Errorf("%s: %d browsers are known", name, len(known))
		}
		// An account that is disabled in one org comes into the other one.
		if _, code := h.shows(half, h.next()); (code == "") != tt.half {
			t.Errorf("%s: the sign-in that waits: %q", name, code)
		}
	}
}

// disables has the host change an account, and say so.
func (w *world) disables(h *holder, set func(*store.User)) {
	w.t.Helper()
	w.hostSets(h.address, set)
	w.must(w.svc.PersonChanged(w.ctx, h.id))
}

func (w *world) lives(in *accesssec.Entered) bool {
	w.t.Helper()
	_, err := w.svc.Authenticate(w.ctx, in.Token())
	return w.code(err) == ""
}

// passwordWrongOld: guesses are counted with those of Prove, and keep nobody out at the page.
func passwordWrongOld(t *testing.T, w *world) {
	_, acme := mailing(w)
	in := must1(w.byPassword("ann@example.com", right))
	for range 3 {
		acme.refuses(w.changes(in, "a guess", another), accesssec.CodeWrongPassword)
	}
	for range 2 {
		_, err := w.svc.Me(in.Principal).Prove(w.ctx, "a guess")
		acme.refuses(err, accesssec.CodeWrongPassword)
	}
	runs := w.hasher.Runs()
	acme.refuses(w.changes(in, right, another), accesssec.CodeLocked)
	if w.hasher.Runs() != runs {
		t.Error("the password was looked at")
	}
	if n := len(acme.events(audit.ProveRefused)); n != 5 {
		t.Errorf("%d refusals in the log", n)
	}
	must1(w.byPassword("ann@example.com", right))
	w.advance(30 * time.Second)
	w.must(w.changes(in, right, another))
	// That has settled the count.
	for range 5 {
		acme.refuses(w.changes(in, right, another), accesssec.CodeWrongPassword)
	}
	acme.add(policy.Member, "bo@example.com")
	w.hostSets("bo@example.com", func(u *store.User) { u.AddressVerified = true })
	bo := must1(w.byPassword("bo@example.com", right))
	w.hostSets("bo@example.com", func(u *store.User) { u.Password = "" })
	if no := refusalOf(w.changes(bo, right, another)); no.Code != accesssec.CodeNoPassword || no.Next != policy.NextSSO {
		t.Errorf("without one: %+v", no)
	}
}

// passwordClosed: nobody sets a password that would not let them in.
func passwordClosed(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	owner := must1(w.byPassword("owner@example.com", right))
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	before, _ := w.user("ann@example.com")
	runs := w.hasher.Runs()
	for _, old := range []string{right, "a guess"} {
		acme.refuses(w.changes(in, old, another), reasonCode(policy.SSORequired))
	}
	if after, _ := w.user("ann@example.com"); after.Version != before.Version || w.hasher.Runs() != runs {
		t.Errorf("%d computations, and %+v", w.hasher.Runs()-runs, after)
	}
	w.alive(in, true)
	if e := acme.last(audit.ProveRefused); e.Actor.ID != in.Principal.UserID {
		t.Errorf("%+v", e)
	}
	w.must(w.changes(owner, right, another))
	must1(w.byPassword("owner@example.com", another))
}

// passwordRace: of five who change it at once in as many browsers one has.
func passwordRace(t *testing.T, w *world) {
	_, acme := mailing(w)
	var ins []*accesssec.Entered
	for range 5 {
		ins = append(ins, must1(w.byPassword("ann@example.com", right)))
	}
	chosen := func(i int) string { return another + string(rune('0'+i)) }
	got := make([]*accesssec.Entered, len(ins))
	won, codes := w.race(len(ins), func(i int) (err error) {
		got[i], err = w.svc.Me(ins[i].Principal).ChangePassword(w.ctx, right, chosen(i))
		return err
	})
	if won != 1 || codes[accesssec.CodeSignedOut]+codes[accesssec.CodeConflict]+codes[accesssec.CodeWrongPassword] != 4 {
		t.Fatalf("%d have changed it, refused as %v", won, codes)
	}
	w.left(acme, 1)
	if n := len(acme.events(audit.PasswordChanged)); n != 1 {
		t.Errorf("%d changes in the log", n)
	}
	i := slices.IndexFunc(got, func(in *accesssec.Entered) bool { return in != nil })
	w.alive(got[i], true)
	must1(w.byPassword("ann@example.com", chosen(i)))
}

// passwordFaults: whatever call to the store fails, everything is as it was.
func passwordFaults(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) { o.PasswordHistory = 2 })
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in, other := must1(w.byPassword("ann@example.com", right)), must1(w.byPassword("ann@example.com", right))
	before, _ := w.user("ann@example.com")
	for n := int64(0); ; n++ {
		w.advance(25 * time.Minute) // attempts that fail stay counted for a while
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		next, err := w.svc.Me(in.Principal).ChangePassword(ctx, right, another)
		if err == nil {
			if n < 10 {
				t.Errorf("changed after %d failures: the store was hardly asked", n)
			}
			w.alive(next, true)
			w.alive(in, false)
			w.alive(other, false)
			return
		}
		var no *accesssec.Refusal
		if errors.As(err, &no) && no.Code == accesssec.CodeLocked {
			w.advance(time.Hour)
			n--
			continue
		}
		after, _ := w.user("ann@example.com")
		if next != nil || errors.As(err, &no) || after.Password != before.Password || n > 500 {
			t.Fatalf("failure %d: %v, %v, written %v", n, next, err, after.Password != before.Password)
		}
		w.alive(in, true)
		w.alive(other, true)
	}
}

// passwordCanary: no password and no hash is anywhere but in the account.
func passwordCanary(t *testing.T, w *world) {
	p, log := newPost(), &lockedBuffer{}
	c := &canary{w: w, secrets: map[string][]string{}, sinks: map[string]*strings.Builder{}}
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	text := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.svc = w.logging(w.store, p.sink(works), text)
	closed := w.logging(undone{w.store}, p.sink(fails), text)
	in := must1(w.byPassword("ann@example.com", right))
	c.entered(in)
	u, _ := w.user("ann@example.com")
	c.secret("a password", right, another, "Horse-of-Acme-7", "Horse-of-Acme-8")
	c.secret("a hash", u.Password, u.Password[len(u.Password)-43:])
	c.failed(second(w.svc.Me(in.Principal).ChangePassword(w.ctx, "Horse-of-Acme-7", another)))
	c.failed(second(w.svc.Me(in.Principal).ChangePassword(w.ctx, right, "Horse-of-Acme-8"[:11])))
	c.failed(second(closed.Me(in.Principal).ChangePassword(w.ctx, right, another)))
	c.failed(w.importing(acme, "bea@example.com", "Horse"))
	breached := w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) {
		o.PasswordBreached = func(context.Context, string) (bool, error) { return true, nil }
	})
	c.failed(second(breached.Me(in.Principal).ChangePassword(w.ctx, right, another)))
	in = must1(w.svc.Me(in.Principal).ChangePassword(w.ctx, right, another))
	c.entered(in)
	u, _ = w.user("ann@example.com")
	c.secret("a hash", u.Password, u.Password[len(u.Password)-43:])
	c.stored(acme.owner.OrgID)
	c.write("log lines", log.String(), "every one of them, which may be none, and is looked at in any case")
	c.check("errors", "what a host prints", "the log", "jobs", "log lines")
}
