package flowtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
)

// factorAttackedFlows: what worked once, for somebody who attacked second factors.
func factorAttackedFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"a right password is free a hundred times":    attackedPile,
		"many that wait are over at once":             attackedMany,
		"a browser that begins for somebody else":     attackedBrowser,
		"no slow computation before a code":           attackedRuns,
		"set-up ends with the password that began it": attackedSetUp,
		"set-ups that are begun are limited":          attackedBegun,
		"a set-up is shown again under a proof":       attackedPending,
		"a session for set-up ends no other":          attackedEverywhere,
		"a link is over with its factor":              attackedLink,
		"a link is over with its person":              attackedLinkPerson,
		"an account that was there before":            attackedImport,
		"other keys count for nobody":                 attackedKeys,
		"the host resets the only Owner":              attackedHost,
		"what can't be read is in nobody else's way":  attackedUnreadable,
		"an account that is gone leaves nothing":      attackedGone,
	})
}

const unreadable = `{"enrollment":{"algorithm":"SHA3"}}`

// attackedPile: who knows the password alone fills no log, and keeps nobody out for long.
func attackedPile(t *testing.T, w *world) {
	acme, h := withHolder(w)
	known := h.known()
	begin := func() error {
		_, err := w.svc.SignIn().Password(w.ctx, w.visit(), h.address, right)
		return err
	}
	for range 100 {
		h.half()
	}
	w.locked(begin(), 30*time.Second)
	if n := len(acme.events(audit.LoginChallenged)); n != 101 {
		t.Errorf("%d challenges in the log, want 100 and the person's", n)
	}
	for range 6 { // none of them is a wrong password
		w.locked(begin(), 30*time.Second)
	}
	if got := w.guess(w.visit(), h.address, "wrong"); got != accesssec.CodeWrongPassword {
		t.Errorf("right passwords that had to wait count as wrong ones: %q", got)
	}
	for _, wait := range []time.Duration{30 * time.Second, time.Minute, time.Minute} {
		w.advance(wait - time.Microsecond)
		w.locked(begin(), time.Microsecond)
		w.advance(time.Microsecond)
		h.half()
		w.locked(begin(), time.Minute)
	}
	bob := acme.newHolder(policy.Member, "bob@example.com") // is counted apart
	bob.signIn()
	w.locked(begin(), time.Minute-period)
	h.halfIn(known)
	h.mustShow(known, h.code(), "")
	h.half() // the right code has forgotten the count
}

// attackedMany: a lock, a reset and a removal don't go looking for the logins they end, so
// that nobody can pile up more than can be found in time.
func attackedMany(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	for i, tt := range []struct {
		name string
		do   func(*holder)
	}{
		{"a reset", func(h *holder) { acme.resets(h.id) }},
		{"a reset by the host", func(h *holder) { w.must(w.svc.ResetFactor(w.ctx, h.id)) }},
		{"removed", func(h *holder) { h.proves(h.in); w.must(h.me(h.in).RemoveFactor(w.ctx, h.next())) }},
		{"a lock", func(h *holder) { h.locks(); w.advance(30 * time.Second) }},
	} {
		h := acme.newHolder(policy.Member, fmt.Sprintf("p%d@example.com", i))
		var waiting []accesssec.Visit
		for range 12 {
			waiting = append(waiting, h.half())
		}
		h.waiting(12)
		tt.do(h)
		if n := len(w.docsOf("half_login", h.id)); n < 12 {
			t.Errorf("%s: it went looking for those that wait: %d are left", tt.name, n)
		}
		code := h.next()
		for _, v := range waiting {
			h.mustShow(v, code, accesssec.CodeHalfOver)
			h.mustRedeem(v, h.paper[0], accesssec.CodeHalfOver)
		}
		h.waiting(0)
	}
}

// attackedBrowser: a code of hers does not use up the login of somebody else's, which took
// the place of hers after the code was looked at.
func attackedBrowser(t *testing.T, w *world) {
	acme, h := withHolder(w)
	bob := acme.newHolder(policy.Member, "bob@example.com")
	for name, enter := range map[string]func(*accesssec.SignIn, accesssec.Visit) (accesssec.Step, error){
		"a code": func(i *accesssec.SignIn, v accesssec.Visit) (accesssec.Step, error) {
			return i.SecondFactor(w.ctx, v, h.code())
		},
		"a recovery code": func(i *accesssec.SignIn, v accesssec.Visit) (accesssec.Step, error) {
			return i.Recover(w.ctx, v, h.paper[0])
		},
	} {
		v := h.half()
		w.advance(period)
		got, err := enter(w.meanwhile(func() { bob.halfIn(v) }).SignIn(), v)
		if no := h.judged(got, err); no != accesssec.CodeHalfOver {
			t.Errorf("%s: %q", name, no)
		}
		h.has(1)
		if in := bob.mustShow(v, bob.code(), "").Entered; in == nil || in.Principal.UserID != bob.id {
			t.Errorf("%s: in as %+v", name, in)
		}
	}
}

// attackedRuns: a stolen session makes the host compute nothing slow.
func attackedRuns(t *testing.T, w *world) {
	acme, h := withHolder(w)
	acme.add(policy.Member, "eve@example.com")
	eve := must1(w.byPassword("eve@example.com", right))
	h.proves(eve)
	h.proves(h.in)
	before := w.hasher.Runs()
	try := func(in *accesssec.Entered, code string, want accesssec.Code) {
		t.Helper()
		codes, err := h.me(in).NewRecoveryCodes(w.ctx, code)
		if got := w.code(err); got != want || codes.Show() != nil {
			t.Errorf("refused as %q, want %q", got, want)
		}
		if n := w.hasher.Runs() - before; n != 0 {
			t.Errorf("%q has cost %d slow runs", want, n)
		}
	}
	try(eve, "000000", accesssec.CodeNoFactor)
	for range 5 {
		try(h.in, h.wrong(), accesssec.CodeWrongCode)
	}
	try(h.in, h.code(), accesssec.CodeLocked)
	w.advance(30 * time.Second)
	must1(h.me(h.in).NewRecoveryCodes(w.ctx, h.code()))
	if w.hasher.Runs() == before {
		t.Error("new codes have cost nothing: this measures nothing")
	}
}

// attackedSetUp: who knew the old password does not bring their phone in.
func attackedSetUp(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	n := 0
	for _, next := range []string{must1(w.hasher.Hash(w.ctx, "Another horse 8 at the fence")), ""} {
		for name, tt := range map[string]struct {
			before func(*holder, accesssec.Principal) // with the password that began it
			then   func(*holder, accesssec.Principal) error
		}{
			"begin": {func(*holder, accesssec.Principal) {}, func(_ *holder, p accesssec.Principal) error {
				_, err := w.svc.Me(p).BeginFactor(w.ctx)
				return err
			}},
			"see": {(*holder).scans, func(_ *holder, p accesssec.Principal) error {
				_, err := w.svc.Me(p).PendingFactor(w.ctx)
				return err
			}},
			"confirm": {(*holder).scans, func(h *holder, p accesssec.Principal) error {
				_, err := w.svc.Me(p).ConfirmFactor(w.ctx, h.code())
				return err
			}},
			"finish": {(*holder).sets, func(_ *holder, p accesssec.Principal) error {
				_, err := w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), p)
				return err
			}},
		} {
			n++
			h := acme.newHolder(policy.Member, fmt.Sprintf("p%d@example.com", n))
			h.due("reset")
			w.must(h.me(h.in).SignOut(w.ctx))
			p := h.settingUp().Principal
			tt.before(h, p)
			u := w.hostSets(h.address, func(u *store.User) { u.Password = next })
			if got := w.code(tt.then(h, p)); got != accesssec.CodeSignedOut {
				t.Errorf("%s after another password: %q", name, got)
			}
			if row := h.kept(); name != "finish" && string(row.Body) != `{"due":"reset"}` {
				t.Errorf("%s: kept is %s", name, row.Body)
			}
			h.has(1) // which is good for nothing
			w.hostSets(h.address, func(now *store.User) { now.Password = u.Password })
			w.must(tt.then(h, p))
		}
	}
}

func attackedBegun(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "eve@example.com", "bob@example.com")
	eve, bob := must1(w.byPassword("eve@example.com", right)), must1(w.byPassword("bob@example.com", right))
	other := must1(w.byPassword("eve@example.com", right))
	for _, in := range []*accesssec.Entered{eve, other, bob} {
		w.prove(in)
	}
	for range 20 {
		must1(w.svc.Me(eve.Principal).BeginFactor(w.ctx))
	}
	for _, in := range []*accesssec.Entered{eve, other} {
		_, err := w.svc.Me(in.Principal).BeginFactor(w.ctx)
		w.locked(err, 30*time.Second)
	}
	must1(w.svc.Me(bob.Principal).BeginFactor(w.ctx))
	if n := len(acme.events(audit.FactorBegun)); n != 21 {
		t.Errorf("%d begun by the log", n)
	}
	w.advance(30 * time.Second)
	h := &holder{w: w, address: "eve@example.com", id: eve.Principal.UserID, in: eve}
	h.sets(eve.Principal)
	h.signIn()
}

// attackedPending: whoever finds a session open does not see the secret. Who has seen it in
// time may be slow to type the code.
func attackedPending(_ *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	h := &holder{w: w, address: "ann@example.com", in: must1(w.byPassword("ann@example.com", right))}
	h.id = h.in.Principal.UserID
	h.proves(h.in)
	h.scans(h.in.Principal)
	must1(h.me(h.in).PendingFactor(w.ctx))
	w.advance(5 * time.Minute)
	_, err := h.me(h.in).PendingFactor(w.ctx)
	acme.refuses(err, accesssec.CodeProve)
	_, err = h.me(h.in).BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeProve)
	must1(h.me(h.in).ConfirmFactor(w.ctx, h.code()))
	h.signIn()
	// A session for set-up has no proof, and needs none.
	h.due("reset")
	in := h.settingUp()
	h.scans(in.Principal)
	w.advance(9 * time.Minute)
	must1(h.me(in).PendingFactor(w.ctx))
	must1(h.me(in).ConfirmFactor(w.ctx, h.code()))
}

func attackedEverywhere(_ *testing.T, w *world) {
	acme, h := withHolder(w)
	h.due("reset")
	in := h.settingUp()
	refused := func(sessions int) {
		w.t.Helper()
		for _, others := range []bool{true, false} {
			acme.refuses(h.me(in).SignOutEverywhere(w.ctx, others), accesssec.CodeSetUp)
		}
		h.has(sessions)
	}
	refused(2)
	w.alive(h.in, true)
	h.sets(in.Principal)
	refused(1) // of those that were not shown the new factor, confirming leaves none
	full := must1(w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), in.Principal)).Entered
	w.must(h.me(full).SignOutEverywhere(w.ctx, false))
	h.has(0)
}

// attackedKeys: an instance that can open nothing locks nobody out.
func attackedKeys(t *testing.T, w *world) {
	_, h := withHolder(w)
	ours := w.keys
	w.keys = seal.GenerateRing()
	bad := w.service(w.host.URL)
	w.keys = ours
	v, before := h.half(), h.kept().Version
	for range 10 {
		_, app := bad.SignIn().SecondFactor(w.ctx, v, h.next())
		_, paper := bad.SignIn().Recover(w.ctx, v, h.paper[0])
		for _, err := range []error{app, paper} {
			if err == nil || errors.As(err, new(*accesssec.Refusal)) {
				t.Errorf("under other keys: %v", err)
			}
		}
	}
	if app, paper := h.counted(); app != 0 || paper != 0 || h.kept().Version != before {
		t.Errorf("%d and %d of our own faults are counted", app, paper)
	}
	h.mustShow(v, h.code(), "")
	h.mustRedeem(h.half(), h.paper[0], "")
}

// attackedHost: nobody in the org can help its only Owner.
func attackedHost(t *testing.T, w *world) {
	p := newPost()
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	other := w.newOrg("Other", "owner@example.org")
	h := w.holder("owner@example.com")
	other.add(policy.Member, h.address)
	zoe := acme.newHolder(policy.Member, "zoe@example.net") // on nobody's domain
	w.svc = w.instance(w.store, p.sink(works))
	_, err := acme.admin().ResetFactors(w.ctx, h.id)
	acme.refuses(err, accesssec.CodeOwnFactor)
	v := h.half()
	w.must(w.svc.ResetFactor(w.ctx, h.id))
	h.has(0)
	w.alive(h.in, false)
	h.mustShow(v, h.next(), accesssec.CodeHalfOver)
	if n := len(w.docsOf("browser", h.id)); n != 0 {
		t.Errorf("known by %d browsers", n)
	}
	e := acme.last(audit.FactorReset)
	if e.Actor != (audit.Actor{Kind: audit.KindHost}) || e.Targets[0].ID != h.id || factsOf(e)["sessions_ended"] != "1" {
		t.Errorf("the log says %+v", e)
	}
	if diff := cmp.Diff([]string{"factor_reset " + h.address}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	w.by(h.finishes(h.settingUp()), "password totp")
	p.told(w)

	w.must(w.svc.ResetFactor(w.ctx, zoe.id))
	zoe.has(0)
	system := must1(w.svc.SystemEvents(w.ctx, store.AuditQuery{Types: []string{string(audit.FactorReset)}}))
	if len(system.Items) != 1 || system.Items[0].Targets[0].ID != zoe.id {
		t.Errorf("the system's log says %+v", system.Items)
	}
	if diff := cmp.Diff([]string{"factor_reset " + zoe.address}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	// Nobody, and who has none.
	plain := must1(w.byPassword("owner@example.org", right))
	for _, id := range []string{"", "usr-none", plain.Principal.UserID} {
		w.must(w.svc.ResetFactor(w.ctx, id))
	}
	w.alive(plain, true)
	if n := len(acme.events(audit.FactorReset)) + len(other.events(audit.FactorReset)); n != 1 {
		t.Errorf("%d resets in the logs", n)
	}
	if told := p.told(w); len(told) != 0 {
		t.Errorf("told %v of nothing", told)
	}
}

// attackedUnreadable: it stands in the way of the password, and of nothing else.
func attackedUnreadable(t *testing.T, w *world) {
	acme := withAnn(w)
	h := w.holder("ann@example.com")
	refused := func() {
		t.Helper()
		got, err := w.svc.SignIn().Password(w.ctx, w.visit(), h.address, right)
		if got.Entered != nil || got.Next == policy.NextFactor || w.code(err) == "" {
			t.Errorf("the password leads to %+v, %v", got, err)
		}
	}
	h.becomes([]byte(unreadable))
	refused()
	w.by(acme.signIn(ann), "sso")
	if got := acme.resets(h.id); got[0].Outcome != accesssec.ResetDone {
		t.Errorf("the outcome is %+v", got)
	}
	h.has(0)
	in := h.finishes(h.settingUp())
	h.signIn()
	h.becomes([]byte(unreadable))
	sso := acme.signIn(ann)
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	w.alive(sso, true)
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, h.id) })
	w.must(w.svc.PersonChanged(w.ctx, h.id))
	w.alive(sso, false)
	w.alive(in, false)
	h.has(0)
	refused()
}

// attackedGone: each of what may be left, alone and together.
func attackedGone(t *testing.T, w *world) {
	p := newPost()
	acme, other, _ := inTwoOrgs(w, p, "ann@example.net")
	n := 0
	for _, kinds := range [][]store.Kind{{"factor"}, {"factor_pending"}, {"factor_reset"}, {"factor_pending", "factor_reset"}, {"factor", "factor_reset"}} {
		n++
		h := acme.newHolder(policy.Member, fmt.Sprintf("p%d@example.net", n))
		other.add(policy.Member, h.address)
		token := acme.mustLink(p, h)
		factor, links := h.kept(), w.docsOf("factor_reset", h.id)
		w.must(h.me(h.in).RemoveFactor(w.ctx, h.next()))
		h.scans(h.in.Principal)
		all := append(w.docsOf("factor_pending", h.id), append(links, factor)...)
		w.change(func(tx store.Tx) error {
			if err := tx.DeleteDoc(w.ctx, "factor_pending", "", h.id); err != nil {
				return err
			}
			for _, d := range all {
				for _, kind := range kinds {
					if d.Version = 0; d.Kind == kind {
						if err := tx.PutDocs(w.ctx, d); err != nil {
							return err
						}
					}
				}
			}
			return nil
		})
		for _, kind := range kinds {
			if len(w.docsOf(kind, h.id)) != 1 {
				t.Fatalf("there is no %s", kind)
			}
		}
		w.must(h.me(h.in).SignOut(w.ctx)) // nothing but those is left to look after
		w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, h.id) })
		w.must(w.svc.PersonChanged(w.ctx, h.id))
		for _, kind := range []store.Kind{"factor", "factor_pending", "factor_reset"} {
			if n := len(w.docsOf(kind, h.id)); n != 0 {
				t.Errorf("of %v %d of %s are left of an account that is gone", kinds, n, kind)
			}
		}
		acme.refuses(w.svc.SignIn().ConfirmReset(w.ctx, w.visit(), token, right), accesssec.CodeLinkOver)
	}
}
