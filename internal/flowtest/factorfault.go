package flowtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorFaultFlows: whatever fails, nobody is let in, nothing is half-way, and what was
// not used is good for another try.
func factorFaultFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a code, at each call":            factorFaultsCode,
		"a recovery code, at each call":   factorFaultsRecovery,
		"the first code, at each call":    factorFaultsConfirm,
		"the end of set-up, at each call": factorFaultsFinish,
		"the lock, at each call":          factorFaultsLock,
		"a reset, at each call":           factorFaultsReset,
		"a link, at each call":            factorFaultsLink,
		"an attempt that can't be booked": factorFaultsBooking,
		"what can't be committed":         factorFaultsCommit,
		"keys that are not ours":          factorOtherKeys,
		"what is somebody else's":         factorMoved,
		"what is broken denies":           factorBroken,
	})
}

// spent is what is used up of a factor.
type spent struct {
	Enrollment struct {
		LastStep int `json:"last_step"`
	}
	Recovery struct {
		ID     string
		Hashes [][]byte
	}
}

func spentOf(body []byte) (s spent) {
	if err := json.Unmarshal(body, &s); err != nil {
		panic(err)
	}
	return s
}

// untilIn runs enter with the store failing ever later, until it succeeds. Somebody who
// has no session waits for a code in one browser.
func (h *holder) untilIn(enter func(context.Context) (accesssec.Step, error)) *accesssec.Entered {
	w, t := h.w, h.w.t
	t.Helper()
	whole := h.kept().Body
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		got, err := enter(ctx)
		if err == nil {
			if got.Entered == nil || n < 5 {
				t.Fatalf("in as %+v after %d failures", got, n)
			}
			return got.Entered
		}
		if no := (*accesssec.Refusal)(nil); got.Entered != nil || errors.As(err, &no) {
			t.Fatalf("failure %d: in as %+v, with the error %v", n, got, err)
		}
		h.has(0)
		h.waiting(1)
		if diff := cmp.Diff(spentOf(whole), spentOf(h.kept().Body)); diff != "" {
			t.Fatalf("failure %d: used up\n%s", n, diff)
		}
		if app, paper := h.counted(); app+paper > 1 {
			t.Fatalf("failure %d is counted as %d", n, app+paper)
		}
		h.becomes(whole) // a hundred of them would disable it
	}
	t.Fatal("never let in")
	return nil
}

func factorFaultsCode(t *testing.T, w *world) {
	acme, h := withHolder(w)
	w.must(h.me(h.in).SignOut(w.ctx))
	v, code := h.half(), h.next()
	in := h.untilIn(func(ctx context.Context) (accesssec.Step, error) {
		return w.svc.SignIn().SecondFactor(ctx, v, code)
	})
	w.by(in, "password totp")
	if n := len(acme.events(audit.SessionCreated)); n != 2 {
		t.Errorf("%d sign-ins in the log", n)
	}
}

func factorFaultsRecovery(t *testing.T, w *world) {
	acme, h := withHolder(w)
	w.svc = w.instance(w.store, newPost().sink(works))
	w.must(h.me(h.in).SignOut(w.ctx))
	v := h.half()
	in := h.untilIn(func(ctx context.Context) (accesssec.Step, error) {
		return w.svc.SignIn().Recover(ctx, v, h.paper[0])
	})
	w.by(in, "password recovery")
	if got := h.own(in); got.CodesLeft != 9 {
		t.Errorf("%d codes are left", got.CodesLeft)
	}
	if n := len(acme.events(audit.FactorRecovered)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
	if n := len(w.lease("reader")); n != 1 {
		t.Errorf("%d notices", n)
	}
}

func factorFaultsConfirm(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in, other := must1(w.byPassword("ann@example.com", right)), must1(w.byPassword("ann@example.com", right))
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID}
	h.proves(in)
	h.scans(in.Principal)
	whole := w.docsOf("factor_pending", h.id)[0].Body
	for n := int64(0); h.paper == nil; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		codes, err := h.me(in).ConfirmFactor(ctx, h.code())
		if h.paper = codes.Show(); (err == nil) != (h.paper != nil) {
			t.Fatalf("failure %d: %d codes beside %v", n, len(h.paper), err)
		}
		if err == nil {
			break
		}
		if no := (*accesssec.Refusal)(nil); errors.As(err, &no) || n > 1000 {
			t.Fatalf("failure %d is told as %v", n, err)
		}
		if h.has(2); h.kept().Version != 0 {
			t.Fatalf("failure %d: the factor is live", n)
		}
		d := w.docsOf("factor_pending", h.id)[0]
		d.Body = whole
		w.change(func(tx store.Tx) error { return tx.PutDocs(w.ctx, d) })
	}
	w.alive(in, true)
	w.alive(other, false)
	h.signIn()
	h.mustRedeem(h.half(), h.paper[0], "")
	if n := len(acme.events(audit.FactorAdded)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
}

func factorFaultsFinish(t *testing.T, w *world) {
	_, h := withHolder(w)
	h.due("reset")
	in := h.settingUp()
	h.sets(in.Principal)
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		got, err := w.svc.SignIn().FinishSetUp(ctx, w.visit(), in.Principal)
		h.has(1)
		if err == nil {
			w.alive(in, false)
			w.alive(got.Entered, true)
			return
		}
		if no := (*accesssec.Refusal)(nil); errors.As(err, &no) || got.Entered != nil {
			t.Fatalf("failure %d: in as %+v, with the error %v", n, got, err)
		}
		if w.row(in).Restricted != "enrolled" {
			t.Fatalf("failure %d: the session is %+v", n, w.row(in))
		}
	}
	t.Fatal("never let in")
}

// factorFaultsLock: what was looked at was counted, and the fifth locks, also where the
// lock itself can't be told of.
func factorFaultsLock(t *testing.T, w *world) {
	_, h := withHolder(w)
	w.must(h.me(h.in).SignOut(w.ctx))
	whole := bytes.Replace(h.kept().Body, []byte(`"last_step"`), []byte(`"fails":4,"last_step"`), 1)
	w.advance(period)
	for n := int64(0); n < 1000; n++ {
		h.becomes(whole)
		v := h.half()
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		_, err := w.svc.SignIn().SecondFactor(ctx, v, h.wrong())
		if err == nil {
			t.Fatal("let in")
		}
		app, _ := h.counted()
		if app == 5 {
			_, err := w.svc.SignIn().SecondFactor(w.ctx, h.half(), h.code())
			w.locked(err, 30*time.Second)
		}
		if h.has(0); app != 4 && app != 5 {
			t.Fatalf("failure %d: %d attempts are counted", n, app)
		}
		if no := (*accesssec.Refusal)(nil); errors.As(err, &no) {
			if app != 5 || n < 3 || no.Code != accesssec.CodeWrongCode {
				t.Errorf("failure %d: refused as %s, and %d are counted", n, no.Code, app)
			}
			return
		}
	}
	t.Fatal("never refused")
}

func factorFaultsReset(_ *testing.T, w *world) {
	acme, h := withHolder(w)
	admin := acme.admin()
	h.untilReset(func(ctx context.Context) error {
		_, err := admin.ResetFactors(ctx, h.id)
		return err
	}, 1)
	h.settingUp()
}

// factorFaultsLink is of somebody without a password, so that none is counted.
func factorFaultsLink(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	w.hostSets(h.address, func(u *store.User) { u.Password = "" })
	token := acme.mustLink(p, h)
	h.untilReset(func(ctx context.Context) error {
		return w.svc.SignIn().ConfirmReset(ctx, w.visit(), token, "")
	}, 2)
	if n := len(acme.events(audit.FactorReset)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
}

// untilReset is untilIn for what takes the factor away: all of it, or nothing.
func (h *holder) untilReset(do func(context.Context) error, sessions int) {
	w, t := h.w, h.w.t
	t.Helper()
	before := h.kept()
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		err := do(ctx)
		if err == nil {
			if h.has(0); string(h.kept().Body) != `{"due":"reset"}` {
				t.Errorf("what is left is %s", h.kept().Body)
			}
			return
		}
		if no := (*accesssec.Refusal)(nil); errors.As(err, &no) {
			t.Fatalf("failure %d is told as %s", n, no.Code)
		}
		if h.has(sessions); h.kept().Version != before.Version {
			t.Fatalf("failure %d: half of it is done", n)
		}
	}
	t.Fatal("never done")
}
