package flowtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorMeanwhileFlows: what happens after an attempt was counted, and before what it was
// for is committed.
func factorMeanwhileFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"signing in":             meanwhileIn,
		"setting up":             meanwhileSettingUp,
		"removing and renewing":  meanwhileByCode,
		"confirming a reset":     meanwhileLink,
		"a login of the browser": meanwhileAnother,
	})
}

// meanwhile is a store where something happens as soon as an attempt is booked, once.
type meanwhile struct {
	store.Store
	do *func()
}

func (m meanwhile) SwapDoc(ctx context.Context, d store.Doc) error {
	err := m.Store.SwapDoc(ctx, d)
	if do := *m.do; err == nil && do != nil {
		*m.do = nil
		do()
	}
	return err
}

// meanwhile is an instance on which do happens.
func (w *world) meanwhile(do func()) *accesssec.Service {
	w.t.Helper()
	return w.serviceOn(meanwhile{w.store, &do}, w.host.URL, supported)
}

func meanwhileIn(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	const late accesssec.Code = "whichever is noticed first"
	n := 0
	for name, tt := range map[string]struct {
		do   func(*holder)
		want accesssec.Code
		left int // sessions
	}{
		"a reset":          {func(h *holder) { acme.resets(h.id) }, late, 0},
		"disabled":         {func(h *holder) { w.hostSets(h.address, disable) }, reasonCode(policy.PersonDisabled), 1},
		"another password": {func(h *holder) { w.hostSets(h.address, func(u *store.User) { u.Password += "x" }) }, accesssec.CodeHalfOver, 1},
		"no password":      {func(h *holder) { w.hostSets(h.address, func(u *store.User) { u.Password = "" }) }, accesssec.CodeHalfOver, 1},
		"another address": {func(h *holder) {
			w.hostSets(h.address, func(u *store.User) { u.Address, u.AddressKey = "x"+u.Address, "x"+u.AddressKey })
		}, accesssec.CodeHalfOver, 1},
		"another account": {func(h *holder) {
			u := w.hostSets(h.address, func(u *store.User) { u.Address, u.AddressKey = "x"+u.Address, "x"+u.AddressKey })
			w.must(w.svc.PersonChanged(w.ctx, h.id))
			acme.add(policy.Member, h.address) // with the same address, and the same password
			w.hostSets(h.address, func(now *store.User) { now.Password = u.Password })
		}, accesssec.CodeHalfOver, 1},
		"to be changed":             {func(h *holder) { w.must(h.me(h.in).ChangeFactor(w.ctx)) }, accesssec.CodeConflict, 1},
		"a code of somebody else's": {func(h *holder) { h.mustShow(h.half(), h.wrong(), accesssec.CodeWrongCode) }, accesssec.CodeConflict, 1},
		"removed":                   {func(h *holder) { w.must(h.me(h.in).RemoveFactor(w.ctx, h.next())) }, late, 1},
		"the last recovery code":    {func(h *holder) { h.due("used_up") }, accesssec.CodeConflict, 1},
		"unreadable":                {func(h *holder) { h.becomes([]byte("{")) }, late, 1},
	} {
		for _, by := range []policy.Method{policy.TOTP, policy.Recovery} {
			n++
			h := acme.newHolder(policy.Member, fmt.Sprintf("p%d@example.com", n))
			v, code := h.half(), h.next()
			svc := w.meanwhile(func() { tt.do(h) })
			enter := svc.SignIn().SecondFactor
			if by == policy.Recovery {
				enter, code = svc.SignIn().Recover, h.paper[0]
			}
			got, err := enter(w.ctx, v, code)
			if got.Entered != nil || err == nil {
				t.Errorf("%s: %s lets in", name, by)
			} else if tt.want != late && w.code(err) != tt.want {
				t.Errorf("%s: %s is refused as %q, want %q", name, by, w.code(err), tt.want)
			}
			h.has(tt.left)
		}
	}
	for _, e := range acme.events(audit.LoginRefused) {
		if e.Reason != string(accesssec.CodeHalfOver) && e.Reason != string(policy.PersonDisabled) {
			t.Errorf("the log says %+v", e)
		}
	}
	if n := len(acme.events(audit.LoginRefused)); n < 6 {
		t.Errorf("%d refused sign-ins in the log", n)
	}
}

func meanwhileSettingUp(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	for i, tt := range []struct {
		name string
		do   func(h *holder, other *accesssec.Entered)
		want accesssec.Code
	}{
		{"begun anew", func(h *holder, _ *accesssec.Entered) { must1(h.me(h.in).BeginFactor(w.ctx)) }, accesssec.CodeConflict},
		{"begun elsewhere", func(h *holder, other *accesssec.Entered) { must1(h.me(other).BeginFactor(w.ctx)) }, accesssec.CodeFactorExpired},
		{"set up elsewhere", func(h *holder, other *accesssec.Entered) {
			late := *h
			late.sets(other.Principal)
		}, accesssec.CodeSignedOut},
		{"signed out", func(h *holder, _ *accesssec.Entered) { w.must(h.me(h.in).SignOut(w.ctx)) }, accesssec.CodeSignedOut},
		{"disabled", func(h *holder, _ *accesssec.Entered) { w.hostSets(h.address, disable) }, accesssec.CodeSignedOut},
		{"another code", func(h *holder, _ *accesssec.Entered) {
			_, err := h.me(h.in).ConfirmFactor(w.ctx, h.wrong())
			acme.refuses(err, accesssec.CodeWrongCode)
		}, accesssec.CodeConflict},
		{"live by now", func(h *holder, _ *accesssec.Entered) {
			h.becomes(must1(w.store.Doc(w.ctx, "factor", "", acme.owner.UserID)).Body)
		}, accesssec.CodeFactorLive},
	} {
		if i == 0 {
			w.holder("owner@example.com")
		}
		address := fmt.Sprintf("p%d@example.com", i)
		acme.add(policy.Member, address)
		h := &holder{w: w, address: address, in: must1(w.byPassword(address, right))}
		h.id = h.in.Principal.UserID
		other := must1(w.byPassword(address, right))
		h.proves(h.in)
		h.proves(other)
		h.scans(h.in.Principal)
		before := len(acme.events(audit.FactorAdded))
		svc := w.meanwhile(func() { tt.do(h, other) })
		codes, err := svc.Me(h.in.Principal).ConfirmFactor(w.ctx, h.code())
		if got := w.code(err); got != tt.want || codes.Show() != nil {
			t.Errorf("%s: refused as %q, want %q, with %d codes", tt.name, got, tt.want, len(codes.Show()))
		}
		added := len(acme.events(audit.FactorAdded)) - before
		if want := map[bool]int{true: 1}[tt.name == "set up elsewhere"]; added != want {
			t.Errorf("%s: set up %d times", tt.name, added)
		}
	}
}

func meanwhileByCode(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	n := 0
	for name, tt := range map[string]struct {
		do   func(*holder)
		want accesssec.Code
	}{
		"signed out":         {func(h *holder) { w.must(h.me(h.in).SignOut(w.ctx)) }, accesssec.CodeSignedOut},
		"the proof is over":  {func(*holder) { w.advance(5 * time.Minute) }, accesssec.CodeProve},
		"a reset":            {func(h *holder) { acme.resets(h.id) }, accesssec.CodeSignedOut},
		"disabled":           {func(h *holder) { w.hostSets(h.address, disable) }, accesssec.CodeSignedOut},
		"to be changed":      {func(h *holder) { w.must(h.me(h.in).ChangeFactor(w.ctx)) }, accesssec.CodeConflict},
		"used at a sign-in":  {func(h *holder) { h.mustShow(h.half(), h.next(), "") }, accesssec.CodeConflict},
		"a recovery code is": {func(h *holder) { h.mustRedeem(h.half(), h.paper[0], "") }, accesssec.CodeConflict},
	} {
		for _, remove := range []bool{true, false} {
			n++
			h := acme.newHolder(policy.Member, fmt.Sprintf("p%d@example.com", n))
			code := h.next()
			svc := w.meanwhile(func() { tt.do(h) })
			var err error
			if remove {
				err = svc.Me(h.in.Principal).RemoveFactor(w.ctx, code)
			} else {
				_, err = svc.Me(h.in.Principal).NewRecoveryCodes(w.ctx, code)
			}
			if got := w.code(err); got != tt.want {
				t.Errorf("%s: refused as %q, want %q", name, got, tt.want)
			}
			if h.kept().Version == 0 {
				t.Errorf("%s: removed", name)
			}
		}
	}
	if n := len(acme.events(audit.FactorRemoved, audit.RecoveryRenewed)); n != 0 {
		t.Errorf("done %d times by the log", n)
	}
}

// meanwhileLink: the password is compared outside of the transaction.
func meanwhileLink(t *testing.T, w *world) {
	p := newPost()
	acme, _, h := inTwoOrgs(w, p, "ann@example.net")
	token := acme.mustLink(p, h)
	for name, do := range map[string]func(){
		"another password": func() { w.hostSets(h.address, func(u *store.User) { u.Password += "x" }) },
		"no member": func() {
			w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, h.id) })
		},
		"another address": func() {
			w.hostSets(h.address, func(u *store.User) { u.Address, u.AddressKey = "x"+u.Address, "x"+u.AddressKey })
		},
	} {
		u, _ := w.user(h.address)
		m, err := w.store.Membership(w.ctx, acme.owner.OrgID, h.id)
		w.must(err)
		got := w.code(w.meanwhile(do).SignIn().ConfirmReset(w.ctx, w.visit(), token, right))
		if got != accesssec.CodeLinkOver {
			t.Errorf("%s: %q", name, got)
		}
		h.has(2)
		w.change(func(tx store.Tx) error { // as it was
			now, err := tx.User(w.ctx, h.id)
			if err != nil {
				return err
			}
			u.Version = now.Version
			if err := tx.UpdateUser(w.ctx, u); err != nil || name != "no member" {
				return err
			}
			m.Membership.Version = 0
			return tx.PutMembership(w.ctx, m.Membership)
		})
	}
	w.must(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right))
	h.has(0)
}

// meanwhileAnother: the same browser goes on by a recovery code, or somebody else begins to
// sign in there. One half is good for one session of whose it is.
func meanwhileAnother(_ *testing.T, w *world) {
	acme, h := withHolder(w)
	bob := acme.newHolder(policy.Member, "bob@example.com")
	v := h.half()
	for i, do := range []func(){func() { h.mustRedeem(v, h.paper[0], "") }, func() { bob.halfIn(v) }} {
		if i > 0 {
			h.halfIn(v)
		}
		got, err := w.meanwhile(do).SignIn().SecondFactor(w.ctx, v, h.next())
		acme.refuses(err, accesssec.CodeHalfOver)
		h.judged(got, err)
		h.has(2)
	}
	bob.mustShow(v, bob.code(), "")
	bob.has(2)
}
