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

// factorResetFlows: who has lost it, and who may do something about that.
func factorResetFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"at once, on the org's own domain":     resetOwnDomain,
		"at once, of who is in no other org":   resetNoOtherOrg,
		"asked of who is in other orgs":        resetAsked,
		"what a link does not do":              resetLinkOver,
		"who asked may not any more":           resetAskerGone,
		"a link, a mail and a password":        resetLinkPassword,
		"one mail in an hour":                  resetLinkAgain,
		"nobody can be asked":                  resetCantTell,
		"not their own, not an Owner's":        resetRefused,
		"many, or none of them":                resetMany,
		"a factor that can't be read":          resetBroken,
		"of who is changing, and of who waits": resetOther,
	})
}

// resets takes the factors of people away, at the request of the Owner.
func (c *customer) resets(ids ...string) []accesssec.FactorReset {
	c.w.t.Helper()
	return must1(c.admin().ResetFactors(c.w.ctx, ids...))
}

// inTwoOrgs is a member of Acme and of Other, signed in to both. Each has its own domain.
func inTwoOrgs(w *world, p *post, address string) (acme, other *customer, h *holder) {
	w.t.Helper()
	acme = w.newCustomer("Acme", "example.com")
	other = w.newOrg("Other", "owner@example.org")
	other.verify("example.org")
	h = acme.newHolder(policy.Member, address)
	other.add(policy.Member, address)
	v := w.visit()
	v.OrgID = other.owner.OrgID
	h.halfIn(v)
	h.mustShow(v, h.next(), "")
	w.svc = w.instance(w.store, p.sink(works))
	return acme, other, h
}

func resetOwnDomain(t *testing.T, w *world) {
	p := newPost()
	acme, other, h := inTwoOrgs(w, p, "ann@example.com")
	sso := acme.signIn(ann)
	v, known := h.half(), h.half()
	h.mustShow(known, h.next(), "")
	h.has(4)
	by := must1(w.byPassword("owner@example.com", right))
	_, err := w.svc.Admin(by.Principal).ResetFactors(w.ctx, h.id)
	acme.refuses(err, accesssec.CodeProve)
	w.prove(by)
	got := must1(w.svc.Admin(by.Principal).ResetFactors(w.ctx, h.id))
	if diff := cmp.Diff([]accesssec.FactorReset{{UserID: h.id, Outcome: accesssec.ResetDone}}, got); diff != "" {
		t.Errorf("the outcome (-want +got)\n%s", diff)
	}
	h.has(0) // in every org
	for _, in := range []*accesssec.Entered{h.in, sso} {
		w.alive(in, false)
	}
	h.waiting(0)
	h.mustShow(v, h.next(), accesssec.CodeHalfOver)
	h.mustRedeem(v, h.paper[0], accesssec.CodeHalfOver)
	if n := len(w.docsOf("browser", h.id)); n != 0 {
		t.Errorf("known by %d browsers", n)
	}
	e := acme.last(audit.FactorReset)
	if e.Actor.ID != by.Principal.UserID || e.Session != by.Principal.SessionID || e.Targets[0].ID != h.id || factsOf(e)["sessions_ended"] != "4" {
		t.Errorf("the log says %+v", e)
	}
	if n := len(other.events(audit.FactorReset)); n != 0 {
		t.Errorf("%d lines in the log of another org", n)
	}
	if diff := cmp.Diff([]string{"factor_reset ann@example.com"}, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	// Single sign-on goes on; the very next password leads to set-up, and to nothing else.
	w.by(acme.signIn(ann), "sso")
	in := h.settingUp()
	if n := len(w.docsOf("browser", h.id)); n != 1 { // that of single sign-on
		t.Errorf("known by %d browsers before it is set up", n)
	}
	old := h.paper
	w.alive(h.finishes(in), true)
	h.mustRedeem(h.half(), old[0], accesssec.CodeWrongCode)
	h.signIn()
}

func resetNoOtherOrg(t *testing.T, w *world) {
	acme, h := withHolder(w) // on a domain that nobody has claimed
	other := w.newOrg("Other", "owner@example.org")
	other.verify("example.org")
	bob := acme.newHolder(policy.Admin, "bob@example.org") // on one that is another's
	want := []accesssec.FactorReset{{UserID: h.id, Outcome: accesssec.ResetDone}, {UserID: bob.id, Outcome: accesssec.ResetDone}}
	slices.SortFunc(want, func(a, b accesssec.FactorReset) int { return strings.Compare(a.UserID, b.UserID) })
	if diff := cmp.Diff(want, acme.resets(bob.id, h.id, bob.id)); diff != "" {
		t.Errorf("the outcomes (-want +got)\n%s", diff)
	}
	for _, one := range []*holder{h, bob} {
		one.has(0)
		one.settingUp()
	}
}

func resetRefused(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	boss, h := w.holder("owner@example.com"), acme.newHolder(policy.Admin, "adam@example.com")
	second := acme.newHolder(policy.Owner, "olga@example.com")
	ann := acme.newHolder(policy.Member, "ann@example.com")
	other := w.newOrg("Other", "owner@example.org")
	eve := other.newHolder(policy.Member, "eve@example.org")
	before := len(acme.events(audit.ChangeRefused))
	for _, tt := range []struct {
		name string
		by   *holder
		ids  []string
		want accesssec.Code
	}{
		{"an Admin's own", h, []string{h.id}, accesssec.CodeOwnFactor},
		{"an Owner's own", second, []string{second.id}, accesssec.CodeOwnFactor},
		{"an Owner's, by an Admin", h, []string{ann.id, second.id}, accesssec.CodeNotAllowed},
		{"by a member", ann, []string{h.id}, accesssec.CodeNotAllowed},
		{"by a member, their own", ann, []string{ann.id}, accesssec.CodeNotAllowed},
		{"nobody", h, []string{"usr-none"}, accesssec.CodeNotFound},
		{"another org's", h, []string{ann.id, eve.id}, accesssec.CodeNotFound},
	} {
		_, err := w.svc.Admin(tt.by.in.Principal).ResetFactors(w.ctx, tt.ids...)
		if got := w.code(err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	// Of those only what is not there is no line in the log.
	if n := len(acme.events(audit.ChangeRefused)) - before; n != 5 {
		t.Errorf("%d lines in the log, want 5", n)
	}
	for _, one := range []*holder{boss, h, second, ann, eve} {
		w.alive(one.in, true)
		one.signIn()
	}
	w.advance(6 * time.Minute)
	_, err := w.svc.Admin(h.in.Principal).ResetFactors(w.ctx, ann.id)
	acme.refuses(err, accesssec.CodeProve)
	// An Owner may do it to an Owner, and an Admin to an Admin.
	second.proves(second.in)
	must1(w.svc.Admin(second.in.Principal).ResetFactors(w.ctx, boss.id, h.id))
	boss.settingUp()
	h.settingUp()
}

func resetMany(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	var people []*holder
	want := []accesssec.FactorReset{}
	for _, address := range []string{"ann@example.com", "bob@example.com", "cid@example.com"} {
		h := acme.newHolder(policy.Member, address)
		people = append(people, h)
		want = append(want, accesssec.FactorReset{UserID: h.id, Outcome: accesssec.ResetDone})
	}
	acme.add(policy.Member, "zoe@example.com")
	zoe, _ := w.user("zoe@example.com")
	in := must1(w.byPassword("zoe@example.com", right))
	want = append(want, accesssec.FactorReset{UserID: zoe.ID, Outcome: accesssec.ResetNone})
	slices.SortFunc(want, func(a, b accesssec.FactorReset) int { return strings.Compare(a.UserID, b.UserID) })
	ids := []string{people[0].id, people[1].id, people[2].id, zoe.ID}

	_, err := acme.admin().ResetFactors(w.ctx, append(slices.Clone(ids), "usr-none")...)
	acme.refuses(err, accesssec.CodeNotFound)
	for _, h := range people {
		h.signIn()
	}
	for _, n := range []int{0, 101} {
		many := make([]string, n)
		for i := range many {
			many[i] = strings.Repeat("x", i+1)
		}
		if _, err := acme.admin().ResetFactors(w.ctx, many...); err == nil {
			t.Errorf("%d at once", n)
		}
	}
	if n := len(acme.events(audit.FactorReset)); n != 0 {
		t.Errorf("%d resets in the log of what was refused", n)
	}
	if diff := cmp.Diff(want, acme.resets(ids...)); diff != "" {
		t.Errorf("the outcomes (-want +got)\n%s", diff)
	}
	for _, h := range people {
		h.has(0)
		h.settingUp()
	}
	w.alive(in, true) // there was nothing to reset
	if n := len(acme.events(audit.FactorReset)); n != 3 {
		t.Errorf("%d resets in the log", n)
	}
	if diff := cmp.Diff([]accesssec.FactorReset{{UserID: zoe.ID, Outcome: accesssec.ResetNone}}, acme.resets(zoe.ID)); diff != "" {
		t.Errorf("the outcome (-want +got)\n%s", diff)
	}
}

// resetBroken: a factor that denies everything is not there for ever.
func resetBroken(t *testing.T, w *world) {
	acme, h := withHolder(w)
	for _, body := range []string{"", "{", "null", "{}", `{"due":"junk"}`, `{"enrollment":{"confirmed":true}}`} {
		h.becomes([]byte(body))
		if got := acme.resets(h.id); got[0].Outcome != accesssec.ResetDone {
			t.Errorf("%q: %v", body, got)
		}
		h.has(0)
		h.finishes(h.settingUp())
		h.signIn()
		w.advance(period)
	}
}

func resetOther(t *testing.T, w *world) {
	acme, h := withHolder(w)
	h.proves(h.in)
	w.must(h.me(h.in).ChangeFactor(w.ctx))
	in := h.mustShow(h.half(), h.next(), "").Entered
	h.scans(in.Principal)
	acme.resets(h.id)
	_, err := h.me(in).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeSignedOut)
	if n := len(w.docsOf("factor_pending", h.id)); n != 0 {
		t.Errorf("%d wait for a first code", n)
	}
	// Somebody who knows the password is setting up; a reset throws them out again.
	first := h.settingUp()
	h.scans(first.Principal)
	if got := acme.resets(h.id); got[0].Outcome != accesssec.ResetDone {
		t.Errorf("of one that is due: %v", got)
	}
	_, err = h.me(first).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeSignedOut)
	h.finishes(h.settingUp())
	h.signIn()
}
