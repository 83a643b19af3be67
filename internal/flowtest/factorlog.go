package flowtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorLogFlows: what is written of it, who is told, and what nobody ever sees.
func factorLogFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"one login in order":     factorLogOrder,
		"who is told of what":    factorTold,
		"no secret in any place": factorCanary,
	})
}

// lines are those of the log from then on, oldest first: the type, and what is special
// about it.
func (c *customer) lines(from time.Time) string {
	c.w.t.Helper()
	var out []string
	events := c.w.since(c, from)
	// The clock stands still between a refusal and what comes of it.
	slices.SortStableFunc(events, func(a, b audit.Event) int {
		if at := a.At.Compare(b.At); at != 0 || a.Outcome == b.Outcome {
			return at
		} else if a.Outcome == audit.Refused {
			return -1
		}
		return 1
	})
	for _, e := range events {
		line := string(e.Type)
		for _, f := range e.Facts {
			if f.Key != "sessions_ended" {
				line += " " + f.Key + "=" + f.Value
			}
		}
		if e.Outcome == audit.Refused {
			line += " refused=" + e.Reason
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// factorLogOrder is what an auditor reads of somebody who signs in, step by step.
func factorLogOrder(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	h := w.holder("owner@example.com")
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	for _, tt := range []struct {
		name string
		do   func()
		want string
	}{
		{"a wrong code and a right one", func() {
			v := h.half()
			w.advance(time.Second)
			h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
			h.mustShow(v, h.next(), "")
			for _, e := range w.since(acme, w.clock().Add(-period-time.Second)) {
				if e.Trace != v.Trace || e.Agent != "flowtest" || e.IP == "" || e.Actor.ID != h.id {
					t.Errorf("%s: %+v", e.Type, e)
				}
			}
		}, `login.challenged
factor.refused factor=totp failures=1 refused=wrong_code
session.created method=password totp
login.bypassed`},
		{"a used code, and a recovery code", func() {
			h.signIn()
			w.advance(time.Second)
			v := h.half()
			w.advance(time.Second)
			h.mustShow(v, h.code(), accesssec.CodeWrongCode)
			w.advance(time.Second)
			h.mustRedeem(v, "0000-0000-0000-0000", accesssec.CodeWrongCode)
			w.advance(time.Second)
			h.mustRedeem(v, h.paper[0], "")
		}, `login.challenged
session.created method=password totp
login.bypassed
login.challenged
factor.refused factor=totp failures=1 code=used refused=wrong_code
factor.refused factor=recovery failures=1 refused=wrong_code
factor.recovered left=9
session.created method=password recovery
login.bypassed`},
		{"locked", func() {
			h.signIn()
			w.advance(time.Second)
			v := h.half()
			for range 5 {
				w.advance(time.Second)
				h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
			}
			w.advance(time.Second)
			h.halfIn(v)
			w.advance(time.Second)
			h.mustShow(v, h.code(), accesssec.CodeLocked) // who is locked out does not fill the log
			w.advance(time.Minute)
		}, `login.challenged
session.created method=password totp
login.bypassed
login.challenged
factor.refused factor=totp failures=1 refused=wrong_code
factor.refused factor=totp failures=2 refused=wrong_code
factor.refused factor=totp failures=3 refused=wrong_code
factor.refused factor=totp failures=4 refused=wrong_code
factor.refused factor=totp failures=5 refused=wrong_code
factor.locked failures=5
login.challenged`},
		{"another phone", func() {
			in := h.signIn()
			w.advance(time.Second)
			h.proves(in)
			w.advance(time.Second)
			w.must(h.me(in).ChangeFactor(w.ctx))
			w.advance(time.Second)
			got := h.mustShow(h.half(), h.next(), "").Entered
			w.advance(time.Second)
			h.scans(got.Principal)
			w.advance(time.Second)
			_, err := h.me(got).ConfirmFactor(w.ctx, h.wrong())
			acme.refuses(err, accesssec.CodeWrongCode)
			w.advance(time.Second)
			h.paper = must1(h.me(got).ConfirmFactor(w.ctx, h.code())).Show()
			w.advance(time.Second)
			must1(w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), got.Principal))
		}, `login.challenged
session.created method=password totp
login.bypassed
user.proved
factor.changing
login.challenged
session.created method=password totp restricted=enrol
factor.begun
factor.refused factor=pending failures=1 refused=wrong_code
factor.added before=changing
session.created method=password totp
login.bypassed`},
	} {
		w.advance(time.Minute)
		from := w.clock()
		tt.do()
		if diff := cmp.Diff(tt.want, acme.lines(from)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

// factorTold: the person is told, at the address of the account, and nobody else.
func factorTold(t *testing.T, w *world) {
	p := newPost()
	acme := w.newOrg("Acme", "owner@example.com")
	w.svc = w.instance(w.store, p.sink(works))
	h := acme.newHolder(policy.Member, "ann@example.com")
	want := func(template accesssec.Template, values map[string]string) {
		t.Helper()
		p.tried = nil
		if diff := cmp.Diff([]string{string(template) + " ann@example.com"}, p.told(w)); diff != "" {
			t.Errorf("told (-want +got)\n%s", diff)
			return
		}
		n := p.tried[0]
		values["site"], values["address"], values["time"] = "127.0.0.1", "ann@example.com", w.clock().Format("2 January 2006, 15:04 UTC")
		for k, v := range values {
			if !strings.Contains(n.Values[k], v) || v == "" || !strings.Contains(n.Subject+n.Text, n.Values[k]) {
				t.Errorf("%s: %s is %q, want %q, in\n%s\n%s", n.Template, k, n.Values[k], v, n.Subject, n.Text)
			}
		}
		if n.UserID != h.id || n.OrgID != "" || !n.Expires.Equal(w.clock().Add(72*time.Hour)) {
			t.Errorf("%+v", n)
		}
	}
	want(accesssec.TemplateFactorAdded, map[string]string{})
	h.mustRedeem(h.half(), h.paper[0], "")
	want(accesssec.TemplateRecoveryUsed, map[string]string{"left": "9 more are left"})
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	want(accesssec.TemplateFactorChanging, map[string]string{})
	must1(h.me(h.in).NewRecoveryCodes(w.ctx, h.next()))
	want(accesssec.TemplateRecoveryRenewed, map[string]string{})
	w.advance(period)
	h.locks()
	want(accesssec.TemplateFactorLocked, map[string]string{})
	w.advance(period)
	h.mustShow(h.half(), h.wrong(), accesssec.CodeWrongCode) // one more, which locks as well
	if got := p.told(w); len(got) != 0 {
		t.Errorf("told of the sixth: %v", got)
	}
	w.advance(time.Minute)
	w.must(h.me(h.in).RemoveFactor(w.ctx, h.code()))
	want(accesssec.TemplateFactorRemoved, map[string]string{})
	h.sets(h.in.Principal)
	p.told(w)
	acme.resets(h.id)
	want(accesssec.TemplateFactorReset, map[string]string{})
}
