package flowtest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
	"github.com/accesssec/accesssec-go/store"
)

// factorPolicyFlows: what the policy says is said again beside the code. The table is that
// of docs/policy.md, row by row and state by state, a column in one world.
func factorPolicyFlows(t *testing.T, open func(*testing.T) store.Store) {
	for i, col := range policytable.Columns() {
		t.Run("table/"+col.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t))
			factorTable(w, i, col)
		})
	}
	each(t, open, map[string]flow{
		"between the password and the code":  factorBetween,
		"another org's rules by then":        factorBetweenOrgs,
		"between the first code and the end": factorBetweenSetUp,
	})
}

// factorTable has everybody set up a factor, and then has the switches on.
func factorTable(w *world, i int, col policytable.Column) {
	w.t.Helper()
	o := tableOrg(w, policytable.Columns()[0], false)
	people := map[policytable.Who]*holder{}
	for _, row := range policytable.Rows() {
		if row.How == policytable.Password {
			h := w.holder(addressOf(row.Who))
			w.must(h.me(h.in).SignOut(w.ctx))
			people[row.Who] = h
		}
	}
	o.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = col.RequireSSO, col.IdPManaged })
	for _, row := range policytable.Rows() {
		if row.How != policytable.Password {
			continue
		}
		for _, state := range policytable.FactorRows() {
			if state.Factor == policytable.FactorNone { // that is the main table
				continue
			}
			c := &factorCell{w: w, o: o, h: people[row.Who], above: row.In(i), name: fmt.Sprintf("%s, %s", row.Who, state.Factor)}
			c.bypasses = len(o.events(audit.LoginBypassed))
			live := c.h.kept().Body
			c.h.becomes(inState(live, state.Factor))
			c.walk(state)
			c.h.becomes(live)
		}
	}
}

// inState is a live factor in another state.
func inState(live []byte, state policytable.Factor) []byte {
	switch state {
	case policytable.FactorChanging:
		return bytes.Replace(live, []byte("{"), []byte(`{"due":"change",`), 1)
	case policytable.FactorDue:
		return []byte(`{"due":"used_up"}`)
	case policytable.FactorJunk:
		return bytes.Replace(live, []byte("{"), []byte(`{"due":"junk",`), 1)
	}
	return live
}

// factorCell is one person in one column, with their factor in one state.
type factorCell struct {
	w     *world
	o     *customer
	h     *holder
	above policytable.Outcome // of the main table
	name  string

	bypasses int // in the log so far
}

func (c *factorCell) walk(state policytable.FactorRow) {
	w := c.w
	w.t.Helper()
	v := w.visit()
	got, err := w.svc.SignIn().Password(w.ctx, v, c.h.address, right)
	if c.judge("the password", state.Nothing, got, err); c.over(state.Nothing) != policytable.Asked {
		return
	}
	got, err = w.svc.SignIn().SecondFactor(w.ctx, v, c.h.next())
	c.judge("and a code", state.Code, got, err)
	if state.Factor != policytable.FactorLive {
		return
	}
	c.h.halfIn(v)
	got, err = w.svc.SignIn().Recover(w.ctx, v, c.h.paper[0])
	c.judge("and a recovery code", state.Recovery, got, err)
}

// over is what a cell of the table about the factor comes to: whom all else refuses is
// refused for that reason.
func (c *factorCell) over(cell policytable.Outcome) policytable.Outcome {
	if cell == policytable.Above || c.above == policytable.SentSSO {
		return c.above
	}
	return cell
}

// judge compares what a step has come to, and ends the session.
func (c *factorCell) judge(shown string, cell policytable.Outcome, got accesssec.Step, err error) {
	w := c.w
	w.t.Helper()
	w.advance(time.Second)
	all := len(c.o.events(audit.LoginBypassed))
	bypassed := all - c.bypasses
	c.bypasses = all
	want := c.over(cell)
	var is policytable.Outcome
	switch code := w.code(err); {
	case got.Entered != nil && got.Next == policy.NextSetUp:
		is = policytable.SetUp
	case got.Entered != nil && got.Entered.Principal.OrgID == "":
		is = policytable.Own
	case got.Entered != nil && bypassed > 0:
		is = policytable.Bypass
	case got.Entered != nil:
		is = policytable.In
	case got.Next == policy.NextFactor:
		is = policytable.Asked
	case code == reasonCode(policy.SSORequired):
		is = policytable.SentSSO
	case code == reasonCode(policy.MethodUnknown):
		is = policytable.Unknown
	default:
		is = policytable.Outcome("? " + code)
	}
	if is != want {
		w.t.Errorf("%s: %s: %s, want %s (%v)", c.name, shown, is, want, err)
	}
	if (want == policytable.Bypass) != (bypassed == 1) {
		w.t.Errorf("%s: %s: %d bypasses in the log", c.name, shown, bypassed)
	}
	sessions := 0
	w.change(func(tx store.Tx) (err error) {
		sessions, err = tx.DeleteSessions(w.ctx, store.SessionQuery{UserID: c.h.id})
		return err
	})
	if (sessions == 1) != (got.Entered != nil) || sessions > 1 {
		w.t.Errorf("%s: %s: %d sessions", c.name, shown, sessions)
	}
}

// factorBetween: what changes while somebody looks for their phone.
func factorBetween(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	other := w.newOrg("Other", "owner@example.org")
	drop := func(h *holder) {
		w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, h.id) })
	}
	for name, tt := range map[string]struct {
		change func(*holder)
		want   accesssec.Code
		org    string // let in
		role   policy.Role
	}{
		"nothing":      {func(*holder) {}, "", acme.owner.OrgID, policy.Member},
		"disabled":     {func(h *holder) { w.hostSets(h.address, disable) }, reasonCode(policy.PersonDisabled), "", ""},
		"another role": {func(h *holder) { w.hostRoles(acme, h.id, policy.Billing) }, "", acme.owner.OrgID, policy.Billing},
		"no member":    {drop, "", "", ""},
		"a member elsewhere": {func(h *holder) {
			drop(h)
			other.add(policy.Admin, h.address)
		}, "", other.owner.OrgID, policy.Admin},
		"another password": {func(h *holder) {
			w.hostSets(h.address, func(u *store.User) { u.Password += "x" })
		}, accesssec.CodeHalfOver, "", ""},
		"no password": {func(h *holder) {
			w.hostSets(h.address, func(u *store.User) { u.Password = "" })
		}, accesssec.CodeHalfOver, "", ""},
		"another address": {func(h *holder) {
			w.hostSets(h.address, func(u *store.User) { u.Address, u.AddressKey = "x"+u.Address, "x"+u.AddressKey })
		}, accesssec.CodeHalfOver, "", ""},
		"gone": {func(h *holder) {
			w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, h.id) })
		}, accesssec.CodeHalfOver, "", ""},
		"gone, and another account has the address": {func(h *holder) {
			w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, h.id) })
			acme.add(policy.Owner, h.address)
		}, accesssec.CodeHalfOver, "", ""},
		"a state that nobody knows": {func(h *holder) {
			h.becomes(inState(h.kept().Body, policytable.FactorJunk))
		}, accesssec.CodeNoFactor, "", ""},
	} {
		h := acme.newHolder(policy.Member, fmt.Sprintf("p%d@example.com", len(name)))
		w.must(h.me(h.in).SignOut(w.ctx))
		v := h.half()
		tt.change(h)
		got := h.mustShow(v, h.next(), tt.want)
		if tt.want != "" {
			if h.has(0); got.Entered != nil {
				t.Errorf("%s: let in", name)
			}
			h.mustRedeem(v, h.paper[0], tt.want)
			h.has(0)
			continue
		}
		if got.Entered == nil {
			t.Errorf("%s: not let in", name)
		} else if p := got.Entered.Principal; p.OrgID != tt.org || p.Role != tt.role || p.UserID != h.id {
			t.Errorf("%s: in as %+v", name, p)
		}
	}
}

// factorBetweenOrgs: an org that asks for its own sign-on by now, or for nobody from
// outside, refuses by the gate; the code comes too late.
func factorBetweenOrgs(t *testing.T, w *world) {
	acme := withAnn(w)
	h := w.holder("ann@example.com")
	out := acme.newHolder(policy.Member, "out@example.net")
	adam := acme.newHolder(policy.Admin, "adam@example.com")
	waits, away, admin := h.half(), out.half(), adam.half()
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	before := w.everySession()
	w.advance(period)
	h.mustShow(waits, h.code(), reasonCode(policy.SSORequired))
	h.mustRedeem(waits, h.paper[0], reasonCode(policy.SSORequired))
	if e := acme.last(audit.LoginRefused); e.Reason != string(policy.SSORequired) || e.Actor.ID != h.id || e.Trace != waits.Trace {
		t.Errorf("the log says %+v", e)
	}
	out.mustShow(away, out.code(), reasonCode(policy.ExternalBlocked))
	if n := w.everySession(); n != before {
		t.Errorf("%d sessions, want %d", n, before)
	}
	// The Owners and Admins come past it with a code, and it is told then and not before.
	if n := len(acme.events(audit.LoginBypassed)); n != 0 {
		t.Errorf("%d bypasses before the code", n)
	}
	in := adam.mustShow(admin, adam.code(), "").Entered
	w.by(in, "password totp")
	if e := acme.last(audit.LoginBypassed); e.Session != in.Principal.SessionID {
		t.Errorf("the log says %+v", e)
	}
	// One who is a member by the time of the code does not.
	admin = adam.half()
	w.hostRoles(acme, adam.id, policy.Member)
	adam.mustShow(admin, adam.next(), reasonCode(policy.SSORequired))
}

// factorBetweenSetUp: who sets up has shown a password, and is let in by what holds at
// the end of it.
func factorBetweenSetUp(t *testing.T, w *world) {
	acme := withAnn(w)
	ends := func(h *holder, in *accesssec.Entered) (accesssec.Step, accesssec.Code) {
		got, err := w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), in.Principal)
		return got, h.judged(got, err)
	}
	setUp := func(address string) (*holder, *accesssec.Entered) {
		h := w.holder(address)
		h.due("reset")
		in := h.settingUp()
		h.sets(in.Principal)
		return h, in
	}
	h, in := setUp("ann@example.com")
	w.hostRoles(acme, h.id, policy.Billing)
	if got, _ := ends(h, in); got.Entered == nil || got.Entered.Principal.Role != policy.Billing {
		t.Errorf("with another role in as %+v", got)
	}
	h, in = setUp("zoe@example.com")
	w.hostSets(h.address, disable)
	if _, no := ends(h, in); no != accesssec.CodeSignedOut {
		t.Errorf("disabled: %q", no)
	}
	acme.add(policy.Member, "bob@example.com")
	h, in = setUp("bob@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, h.id) })
	if got, _ := ends(h, in); got.Entered == nil || got.Entered.Principal.OrgID != "" {
		t.Errorf("no member any more, in as %+v", got)
	}
	acme.add(policy.Member, "cid@example.com")
	acme.add(policy.Admin, "adam@example.com")
	h, in = setUp("cid@example.com")
	adam, bypasses := setUp("adam@example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	if _, no := ends(h, in); no != accesssec.CodeSignedOut { // like all that was by password
		t.Errorf("single sign-on is required by now: %q", no)
	}
	if n := len(acme.events(audit.LoginBypassed)); n != 0 {
		t.Errorf("%d bypasses in the log", n)
	}
	if got, _ := ends(adam, bypasses); got.Entered == nil || len(acme.events(audit.LoginBypassed)) != 1 {
		t.Errorf("an Admin is in as %+v, with %d bypasses in the log", got, len(acme.events(audit.LoginBypassed)))
	}
}
