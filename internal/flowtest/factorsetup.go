package flowtest

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// factorFlows: a second factor is set up, and asked from then on.
func factorFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"set up, and asked from then on":         factorSetUp,
		"what waits for its first code":          factorPending,
		"which sessions end":                     factorEndsOthers,
		"a code is good once":                    factorOnce,
		"however it is typed":                    factorTyped,
		"half a login is one browser's":          factorHalf,
		"half a login is somebody's":             factorHalfOfAnother,
		"where the person was going":             factorGoing,
		"nobody else's codes":                    factorOfAnother,
		"a session for set-up is for that alone": factorRestricted,
		"a session for set-up ends":              factorRestrictedEnds,
		"a host's own cookie":                    factorToken,
	})
}

func factorSetUp(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in, other := must1(w.byPassword("ann@example.com", right)), must1(w.byPassword("ann@example.com", right))
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID}
	me := h.me(in)
	_, err := me.BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeProve)
	_, err = me.ConfirmFactor(w.ctx, "123456")
	acme.refuses(err, accesssec.CodeFactorExpired)
	h.proves(in)
	me = h.me(in)
	h.scans(in.Principal)
	if h.phone.Account != "ann@example.com" || !strings.HasPrefix(h.phone.Issuer, "127.0.0.1") {
		t.Errorf("the app shows %q of %q", h.phone.Account, h.phone.Issuer)
	}
	_, err = me.ConfirmFactor(w.ctx, h.wrong())
	acme.refuses(err, accesssec.CodeWrongCode)
	h.owns(in, accesssec.Factor{State: policy.FactorNone}) // until the first code
	must1(w.byPassword("ann@example.com", right))          // a password is enough until it is confirmed
	first := h.code()
	h.paper = must1(me.ConfirmFactor(w.ctx, first)).Show()
	if len(h.paper) != 10 || len(slices.Compact(slices.Sorted(slices.Values(h.paper)))) != 10 ||
		slices.ContainsFunc(h.paper, func(c string) bool { return !recoveryForm.MatchString(c) }) {
		t.Errorf("the recovery codes are %v", h.paper)
	}
	h.owns(in, accesssec.Factor{State: policy.FactorLive, Since: w.clock(), CodesLeft: 10})
	w.alive(in, true)
	w.alive(other, false)
	h.has(1)
	if p := must1(me.Profile(w.ctx)); !slices.Equal(p.Methods, []policy.Method{policy.Password, policy.TOTP}) {
		t.Errorf("the session is by %v", p.Methods)
	}
	_, err = me.BeginFactor(w.ctx)
	acme.refuses(err, accesssec.CodeFactorLive)

	w.must(me.SignOut(w.ctx))
	v := h.half()
	h.has(0)
	w.advance(time.Second)
	h.mustShow(v, first, accesssec.CodeWrongCode) // it was used to confirm
	if e := acme.last(audit.FactorRefused); factsOf(e)["code"] != "used" || factsOf(e)["failures"] != "1" {
		t.Errorf("a used code is told as %+v", e)
	}
	h.has(0)
	got := h.mustShow(v, h.next(), "")
	h.has(1)
	h.waiting(0)
	w.by(got.Entered, "password totp")
	w.alive(got.Entered, true)
	if p := got.Entered.Principal; p.UserID != h.id || p.OrgID != acme.owner.OrgID || p.Role != policy.Member {
		t.Errorf("in as %+v", p)
	}
	acme.refuses(h.me(got.Entered).ChangeFactor(w.ctx), accesssec.CodeProve)
}

var recoveryForm = regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`)

// factorPending: ten minutes, one at a time, and in the session that has begun it.
func factorPending(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in, other := must1(w.byPassword("ann@example.com", right)), must1(w.byPassword("ann@example.com", right))
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID}
	h.proves(in)
	h.scans(in.Principal)
	again := must1(totptest.NewApp(must1(h.me(in).PendingFactor(w.ctx)).URI()))
	if again.Code(w.clock()) != h.code() {
		t.Error("shown again it is another one")
	}
	_, err := h.me(other).PendingFactor(w.ctx)
	acme.refuses(err, accesssec.CodeProve)
	h.proves(other)
	_, err = h.me(other).PendingFactor(w.ctx)
	acme.refuses(err, accesssec.CodeFactorExpired)
	_, err = h.me(other).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeFactorExpired)

	// Shown again it is under the proof by which it was begun; the code can be typed later.
	w.advance(5 * time.Minute)
	_, err = h.me(in).PendingFactor(w.ctx)
	acme.refuses(err, accesssec.CodeProve)
	h.proves(in)
	w.advance(5*time.Minute - time.Microsecond)
	must1(h.me(in).PendingFactor(w.ctx))
	h.proves(in)
	w.advance(time.Microsecond)
	_, err = h.me(in).PendingFactor(w.ctx)
	acme.refuses(err, accesssec.CodeFactorExpired)
	_, err = h.me(in).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeFactorExpired)

	h.proves(in)
	h.scans(in.Principal)
	dropped := h.code()
	for h.scans(in.Principal); h.fits(dropped); h.scans(in.Principal) {
	}
	for _, code := range []string{dropped, h.wrong(), h.wrong(), h.wrong(), h.wrong()} {
		_, err = h.me(in).ConfirmFactor(w.ctx, code)
		acme.refuses(err, accesssec.CodeWrongCode)
	}
	_, err = h.me(in).ConfirmFactor(w.ctx, h.code())
	acme.refuses(err, accesssec.CodeLocked)
	w.advance(30 * time.Second)
	must1(h.me(in).ConfirmFactor(w.ctx, h.code()))
	if got := h.own(in); got.State != policy.FactorLive {
		t.Errorf("confirmed: %+v", got)
	}
	if n := len(w.docsOf("factor_pending", h.id)); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

// factorEndsOthers: no second factor was asked for those sessions. For single sign-on
// none is asked.
func factorEndsOthers(t *testing.T, w *world) {
	acme := withAnn(w)
	sso, other := acme.signIn(ann), must1(w.byPassword("ann@example.com", right))
	zoe := must1(w.byPassword("zoe@example.com", right))
	h := w.holder("ann@example.com")
	w.alive(sso, true)
	w.alive(other, false)
	w.alive(h.in, true)
	w.alive(zoe, true)
	w.by(sso, "sso")
	if got := factsOf(acme.last(audit.FactorAdded)); got["sessions_ended"] != "1" || got["before"] != "none" {
		t.Errorf("the log says %v", got)
	}
	// Set up in a session by single sign-on, that one is what it was.
	z := &holder{w: w, address: "zoe@example.com", id: zoe.Principal.UserID}
	z.in = acme.signIn(samltest.Person{Email: "zoe@example.com"})
	z.proves(z.in)
	z.sets(z.in.Principal)
	w.by(z.in, "sso")
	w.alive(zoe, false)
	w.alive(h.in, true)
	z.signIn()
}

// factorOnce: a code that matched is used up, and with it all that were shown before it.
func factorOnce(t *testing.T, w *world) {
	_, h := withHolder(w)
	w.advance(period)
	at := w.clock()
	t0, t1 := h.phone.Code(at), h.phone.Code(at.Add(period))
	for i, shown := range []struct {
		code string
		want accesssec.Code
	}{
		{t0, ""}, {t1, ""}, // a phone that is ahead
		{t0, accesssec.CodeWrongCode}, {t1, accesssec.CodeWrongCode}, // Gitea's A, B, A
		{h.phone.Code(at.Add(-period)), accesssec.CodeWrongCode},
	} {
		if _, got := h.shows(h.half(), shown.code); got != shown.want {
			t.Errorf("code %d: refused as %q, want %q", i, got, shown.want)
		}
	}
	for range 4 { // also when it has become the one of now, and the one of before
		w.advance(period)
		h.mustShow(h.half(), t1, accesssec.CodeWrongCode)
		w.advance(period)
		h.mustShow(h.half(), h.code(), "")
		h.mustShow(h.half(), h.phone.Code(w.clock().Add(-period)), accesssec.CodeWrongCode)
		h.mustShow(h.half(), h.code(), accesssec.CodeWrongCode)
	}
	// Behind by one step: it is used up then, and when it would have been current.
	w.advance(3 * period)
	late := h.phone.Code(w.clock().Add(-period))
	h.mustShow(h.half(), late, "")
	h.mustShow(h.half(), late, accesssec.CodeWrongCode)
	h.mustShow(h.half(), h.code(), "")
}

// factorTyped: however a code is typed, it is one attempt and one use.
func factorTyped(t *testing.T, w *world) {
	_, h := withHolder(w)
	spellings := func(c string) []string {
		wide := strings.Map(func(r rune) rune { return r - '0' + '\uff10' }, c)
		return []string{c[:3] + " " + c[3:], " " + c + "\n", c[:3] + "-" + c[3:], c[:2] + "\u00a0" + c[2:4] + "\u2011" + c[4:], wide}
	}
	n := len(spellings("123456"))
	for i := range n {
		if got := h.mustShow(h.half(), spellings(h.next())[i], ""); got.Entered == nil {
			t.Errorf("%d is refused", i)
		}
		v := h.half()
		for k, s := range spellings(h.code())[:4] {
			h.mustShow(v, s, accesssec.CodeWrongCode)
			if app, _ := h.counted(); app != k+1 {
				t.Errorf("%d attempts are counted as %d", k+1, app)
			}
		}
	}
	for _, s := range []string{"", "12345", "1234567", "1234567890123456789012345678901234567890123456789012345678901234567890", h.paper[0]} {
		h.mustShow(h.half(), s, accesssec.CodeWrongCode)
		h.signIn() // forgets it
	}
}

func factorHalf(t *testing.T, w *world) {
	acme, h := withHolder(w)
	v := h.half()
	for name, other := range map[string]accesssec.Visit{"a new browser": w.visit(), "no browser": {}} {
		if _, no := h.shows(other, h.next()); no != accesssec.CodeHalfOver {
			t.Errorf("%s goes on with it: %q", name, no)
		}
		if _, no := h.redeems(other, h.paper[0]); no != accesssec.CodeHalfOver {
			t.Errorf("%s goes on with it: %q", name, no)
		}
	}
	// None of that was an attempt: nobody has shown a password there.
	if app, paper := h.counted(); app+paper != 0 {
		t.Errorf("%d and %d attempts are counted", app, paper)
	}
	_, err := w.svc.SignIn().Password(w.ctx, accesssec.Visit{}, h.address, right)
	acme.refuses(err, accesssec.CodeBrowser)
	h.mustShow(v, h.next(), "")
	h.mustShow(v, h.next(), accesssec.CodeHalfOver) // it was for once
	h.has(2)

	h.halfIn(v)
	w.advance(10*time.Minute - time.Microsecond)
	h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
	w.advance(time.Microsecond)
	h.mustShow(v, h.code(), accesssec.CodeHalfOver)
	h.halfIn(v) // typed again, it begins anew
	h.mustShow(v, h.code(), "")
	h.half()
	w.advance(time.Hour)
	w.tick(w.svc)
	h.waiting(0)
}

// factorHalfOfAnother: two people at one browser.
func factorHalfOfAnother(t *testing.T, w *world) {
	acme, h := withHolder(w)
	bob := acme.newHolder(policy.Member, "bob@example.com")
	v := w.visit()
	h.halfIn(v)
	bob.halfIn(v)
	h.waiting(0)
	bob.waiting(1)
	for h.next(); bob.fits(h.code()); h.next() {
	}
	h.mustShow(v, h.code(), accesssec.CodeWrongCode) // it is Bob who is asked
	if app, _ := h.counted(); app != 0 {
		t.Errorf("%d attempts are counted for somebody else", app)
	}
	if in := bob.mustShow(v, bob.code(), "").Entered; in.Principal.UserID != bob.id {
		t.Errorf("in as %s", in.Principal.UserID)
	}
	// A password alone is enough for who has no second factor, whoever waits there.
	acme.add(policy.Member, "zoe@example.com")
	h.halfIn(v)
	got := must1(w.svc.SignIn().Password(w.ctx, v, "zoe@example.com", right))
	if zoe, _ := w.user("zoe@example.com"); got.Entered == nil || got.Entered.Principal.UserID != zoe.ID {
		t.Errorf("in as %+v", got)
	}
	if in := h.mustShow(v, h.next(), "").Entered; in.Principal.UserID != h.id {
		t.Errorf("in as %s", in.Principal.UserID)
	}
}

// factorGoing: where to is what was asked for with the password.
func factorGoing(t *testing.T, w *world) {
	acme, h := withHolder(w)
	other := w.newOrg("Other", "owner@example.org")
	other.add(policy.Billing, "ann@example.com")
	v := w.visit()
	v.OrgID, v.After = other.owner.OrgID, "/reports"
	h.halfIn(v)
	v.OrgID, v.After = acme.owner.OrgID, "/elsewhere"
	got := h.mustShow(v, h.next(), "")
	if p := got.Entered.Principal; p.OrgID != other.owner.OrgID || p.Role != policy.Billing || got.After != "/reports" {
		t.Errorf("in as %+v, on the way to %q", p, got.After)
	}
	v.After = "//evil.example/"
	h.halfIn(v)
	if got := h.mustShow(v, h.next(), ""); got.After != "" || got.Entered.Principal.OrgID != acme.owner.OrgID {
		t.Errorf("on the way to %q", got.After)
	}
}

func factorOfAnother(t *testing.T, w *world) {
	acme, h := withHolder(w)
	bob := acme.newHolder(policy.Member, "bob@example.com")
	v := h.half()
	for bob.next(); h.fits(bob.code()); bob.next() {
	}
	h.mustShow(v, bob.code(), accesssec.CodeWrongCode)
	h.mustRedeem(v, bob.paper[0], accesssec.CodeWrongCode)
	h.mustShow(v, bob.paper[0], accesssec.CodeWrongCode)
	h.mustRedeem(v, h.code(), accesssec.CodeWrongCode)
	h.has(1) // where it was set up
	bob.mustShow(bob.half(), bob.code(), "")
	bob.mustRedeem(bob.half(), bob.paper[0], "")
	if app, paper := h.counted(); app != 2 || paper != 2 {
		t.Errorf("%d and %d attempts are counted", app, paper)
	}
	if app, paper := bob.counted(); app+paper != 0 {
		t.Errorf("%d and %d attempts are counted for somebody else", app, paper)
	}
}
