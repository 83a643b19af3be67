package flowtest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// factorRaceFlows: of everything that is good once, one of many wins, at two instances.
func factorRaceFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"64 times one code in one browser":     factorRaceOneBrowser,
		"64 browsers with one code":            factorRaceBrowsers,
		"20 browsers with one recovery code":   factorRaceRecovery,
		"a code and a recovery code at once":   factorRaceBoth,
		"20 first codes at once":               factorRaceConfirm,
		"two sessions for set-up":              factorRaceSetUps,
		"20 times to the end of set-up":        factorRaceFinish,
		"to sign in by it, or to do away with": factorRaceRemove,
		"20 times new recovery codes":          factorRaceRenew,
		"sign-ins, and a reset":                factorRaceReset,
		"sign-ins, and a person disabled":      factorRaceDisabled,
	})
}

// two are two instances on one store.
func (w *world) two() []*accesssec.Service {
	w.t.Helper()
	return []*accesssec.Service{w.svc, w.service(w.host.URL)}
}

// lost compares why those were refused who lost a race.
func (w *world) lost(codes map[accesssec.Code]int, reasons ...accesssec.Code) {
	w.t.Helper()
	for _, r := range reasons {
		delete(codes, r)
	}
	if len(codes) != 0 {
		w.t.Errorf("refused as %v", codes)
	}
}

func factorRaceOneBrowser(t *testing.T, w *world) {
	acme, h := withHolder(w)
	services := w.two()
	v, code := h.half(), h.next()
	won, codes := w.race(64, func(i int) error {
		_, err := services[i%2].SignIn().SecondFactor(w.ctx, v, code)
		return err
	})
	if won != 1 {
		t.Errorf("%d let in, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeConflict, accesssec.CodeWrongCode, accesssec.CodeLocked, accesssec.CodeHalfOver)
	h.has(2)
	if n := len(acme.events(audit.SessionCreated)); n != 2 {
		t.Errorf("%d sign-ins in the log, want 2", n)
	}
}

// factorRaceBrowsers: each of them has shown the password.
func factorRaceBrowsers(t *testing.T, w *world) {
	_, h := withHolder(w)
	services := w.two()
	visits := make([]accesssec.Visit, 64)
	for i := range visits {
		visits[i] = h.half()
	}
	code := h.next()
	won, codes := w.race(len(visits), func(i int) error {
		_, err := services[i%2].SignIn().SecondFactor(w.ctx, visits[i], code)
		return err
	})
	if won != 1 {
		t.Errorf("%d let in, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeConflict, accesssec.CodeWrongCode, accesssec.CodeLocked, accesssec.CodeHalfOver)
	h.has(2)
}

func factorRaceRecovery(t *testing.T, w *world) {
	acme, h := withHolder(w)
	services := w.two()
	visits := make([]accesssec.Visit, 20)
	for i := range visits {
		visits[i] = h.half()
	}
	won, codes := w.race(len(visits), func(i int) error {
		_, err := services[i%2].SignIn().Recover(w.ctx, visits[i], h.paper[3])
		return err
	})
	if won != 1 {
		t.Errorf("%d let in, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeConflict, accesssec.CodeWrongCode, accesssec.CodeLocked, accesssec.CodeHalfOver)
	h.has(2)
	if got := h.own(h.in); got.CodesLeft != 9 {
		t.Errorf("%d codes are left", got.CodesLeft)
	}
	if n := len(acme.events(audit.FactorRecovered)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
}

// factorRaceBoth: they share what is kept, and each is good once all the same.
func factorRaceBoth(t *testing.T, w *world) {
	_, h := withHolder(w)
	visits := make([]accesssec.Visit, 20)
	for i := range visits {
		visits[i] = h.half()
	}
	code := h.next()
	byCode, byPaper := 0, 0
	var mu sync.Mutex
	_, codes := w.race(len(visits), func(i int) error {
		enter, shown, count := w.svc.SignIn().SecondFactor, code, &byCode
		if i%2 == 1 {
			enter, shown, count = w.svc.SignIn().Recover, h.paper[0], &byPaper
		}
		_, err := enter(w.ctx, visits[i], shown)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			*count++
		}
		return err
	})
	if byCode > 1 || byPaper > 1 || byCode+byPaper == 0 {
		t.Errorf("%d let in by the code, %d by the recovery code, refused as %v", byCode, byPaper, codes)
	}
	h.has(1 + byCode + byPaper)
}

// factorRaceConfirm: the recovery codes that are shown are the ones that are good.
func factorRaceConfirm(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in := must1(w.byPassword("ann@example.com", right))
	h := &holder{w: w, address: "ann@example.com", id: in.Principal.UserID}
	h.proves(in)
	h.scans(in.Principal)
	services := w.two()
	shown, code := make([][]string, 20), h.code()
	won, codes := w.race(len(shown), func(i int) error {
		got, err := services[i%2].Me(in.Principal).ConfirmFactor(w.ctx, code)
		shown[i] = got.Show()
		return err
	})
	if won != 1 {
		t.Fatalf("%d have confirmed it, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeConflict, accesssec.CodeLocked, accesssec.CodeFactorLive, accesssec.CodeFactorExpired)
	for _, c := range shown {
		if c != nil {
			h.paper = c
		}
	}
	h.mustRedeem(h.half(), h.paper[9], "")
	if n := len(acme.events(audit.FactorAdded)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
}

// factorRaceSetUps: somebody who knows the password is setting up as well.
func factorRaceSetUps(t *testing.T, w *world) {
	acme, h := withHolder(w)
	h.due("reset")
	one, two := h.settingUp(), h.settingUp()
	h.scans(one.Principal)
	first := h.code()
	h.scans(two.Principal)
	_, err := h.me(one).ConfirmFactor(w.ctx, first)
	acme.refuses(err, accesssec.CodeFactorExpired)
	won, codes := w.race(12, func(i int) error {
		in := []*accesssec.Entered{one, two}[i%2]
		_, err := h.me(in).ConfirmFactor(w.ctx, h.code())
		return err
	})
	if won != 1 {
		t.Errorf("%d have confirmed it, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeConflict, accesssec.CodeLocked, accesssec.CodeFactorExpired, accesssec.CodeFactorLive,
		accesssec.CodeSignedOut, accesssec.CodeSetUp)
	h.has(1)
	_, err = w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), one.Principal)
	acme.refuses(err, accesssec.CodeSignedOut)
	must1(w.svc.SignIn().FinishSetUp(w.ctx, w.visit(), two.Principal))
}

func factorRaceFinish(t *testing.T, w *world) {
	_, h := withHolder(w)
	h.due("reset")
	in := h.settingUp()
	h.sets(in.Principal)
	services := w.two()
	won, codes := w.race(20, func(i int) error {
		_, err := services[i%2].SignIn().FinishSetUp(w.ctx, w.visit(), in.Principal)
		return err
	})
	if won != 1 || codes[accesssec.CodeSignedOut] != 19 {
		t.Errorf("%d let in, refused as %v", won, codes)
	}
	h.has(1)
}

// factorRaceRemove: one code, to sign in by, to remove the factor, or for new recovery
// codes: it does one of the three.
func factorRaceRemove(t *testing.T, w *world) {
	acme, h := withHolder(w)
	visits := make([]accesssec.Visit, 10)
	for i := range visits {
		visits[i] = h.half()
	}
	code := h.next()
	h.proves(h.in)
	won, codes := w.race(30, func(i int) error {
		var err error
		switch i % 3 {
		case 0:
			_, err = w.svc.SignIn().SecondFactor(w.ctx, visits[i/3], code)
		case 1:
			err = h.me(h.in).RemoveFactor(w.ctx, code)
		case 2:
			_, err = h.me(h.in).NewRecoveryCodes(w.ctx, code)
		}
		return err
	})
	if won != 1 {
		t.Errorf("%d have used it, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeConflict, accesssec.CodeWrongCode, accesssec.CodeLocked, accesssec.CodeHalfOver, accesssec.CodeNoFactor)
	entered := w.sessions(store.SessionQuery{UserID: h.id}) - 1
	if n := entered + len(acme.events(audit.FactorRemoved, audit.RecoveryRenewed)); n != 1 {
		t.Errorf("it was good %d times", n)
	}
}

func factorRaceRenew(t *testing.T, w *world) {
	acme, h := withHolder(w)
	h.proves(h.in)
	services := w.two()
	shown, code := make([][]string, 20), h.next()
	won, codes := w.race(len(shown), func(i int) error {
		got, err := services[i%2].Me(h.in.Principal).NewRecoveryCodes(w.ctx, code)
		shown[i] = got.Show()
		return err
	})
	if won != 1 {
		t.Fatalf("%d have new ones, refused as %v", won, codes)
	}
	w.lost(codes, accesssec.CodeConflict, accesssec.CodeWrongCode, accesssec.CodeLocked)
	for _, c := range shown {
		if c != nil {
			h.paper = c
		}
	}
	h.mustRedeem(h.half(), h.paper[0], "")
	if n := len(acme.events(audit.RecoveryRenewed)); n != 1 {
		t.Errorf("%d times in the log", n)
	}
}

// factorRaceReset: whoever comes in while the factor is reset is out again, or was too late.
func factorRaceReset(t *testing.T, w *world) {
	acme, h := withHolder(w)
	h.race(func() error {
		_, err := acme.admin().ResetFactors(w.ctx, h.id)
		return err
	}, accesssec.CodeNoFactor)
	h.settingUp()
}

// factorRaceDisabled is the same with a person whom the host disables.
func factorRaceDisabled(_ *testing.T, w *world) {
	_, h := withHolder(w)
	h.race(func() error {
		err := w.tries(func(tx store.Tx) error {
			now, err := tx.User(w.ctx, h.id)
			if err != nil {
				return err
			}
			now.Disabled = true
			return tx.UpdateUser(w.ctx, now)
		})
		if err != nil {
			return err
		}
		return w.svc.PersonChanged(w.ctx, h.id)
	}, reasonCode(policy.PersonDisabled))
}

// race has somebody sign in, in ten browsers by one code and in ten by a recovery code
// each, while end does what ends their sessions.
func (h *holder) race(end func() error, also ...accesssec.Code) {
	w := h.w
	w.t.Helper()
	visits := make([]accesssec.Visit, 20)
	for i := range visits {
		visits[i] = h.half()
	}
	code := h.next()
	_, codes := w.race(len(visits)+1, func(i int) error {
		if i == len(visits) {
			if err := end(); err != nil {
				return fmt.Errorf("flowtest: it was not ended: %w", err)
			}
			return nil
		}
		if i%2 == 0 {
			_, err := w.svc.SignIn().SecondFactor(w.ctx, visits[i], code)
			return err
		}
		_, err := w.svc.SignIn().Recover(w.ctx, visits[i], h.paper[i/2])
		return err
	})
	w.lost(codes, append(also, accesssec.CodeConflict, accesssec.CodeWrongCode, accesssec.CodeLocked, accesssec.CodeHalfOver)...)
	h.has(0)
}
