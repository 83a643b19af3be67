package flowtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// passwordFlows: which passwords may be chosen, wherever one is; and what ends when one is
// changed.
func passwordFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"the rules everywhere":      passwordRules,
		"NIST's rules":              passwordNIST,
		"known from a theft":        passwordBreached,
		"used before":               passwordHistory,
		"changed":                   passwordChanged,
		"what ends by what":         passwordEnds,
		"a wrong one before":        passwordWrongOld,
		"where it would let nobody": passwordClosed,
		"five changes at once":      passwordRace,
		"whatever fails":            passwordFaults,
		"a host that verifies":      passwordHost,
		"a hash of another system":  passwordForeign,
		"eight renew it at once":    passwordForeignRace,
		"the same work":             passwordSameWork,
		"no secret anywhere":        passwordCanary,
	})
}

// problems are the codes of what is wrong with a new password.
func (w *world) problems(err error) string {
	w.t.Helper()
	if err == nil {
		return ""
	}
	if no := refusalOf(err); no.Code != accesssec.CodePasswordRules {
		return string(no.Code)
	}
	var rejected *password.RejectedError
	if !errors.As(err, &rejected) {
		w.t.Fatalf("no reason: %v", err)
	}
	var out []string
	for _, p := range rejected.Problems {
		out = append(out, p.Code)
	}
	return strings.Join(out, " ")
}

// changes is ChangePassword, of who stays signed in.
func (w *world) changes(in *accesssec.Entered, old, next string) error {
	w.t.Helper()
	got, err := w.svc.Me(in.Principal).ChangePassword(w.ctx, old, next)
	if (err == nil) != (got != nil) {
		w.t.Fatalf("%v, %v", got, err)
	}
	if err == nil {
		*in = *got
	}
	return err
}

func passwordRules(t *testing.T, w *world) {
	p, acme := inviting(w)
	acme.add(policy.Member, "ann.lindqvist@example.com")
	in := must1(w.byPassword("ann.lindqvist@example.com", right))
	before, _ := w.user("ann.lindqvist@example.com")
	_, token := acme.invite(p, "bo.lindqvist@example.com", policy.Member)
	for chosen, want := range map[string]string{
		"":                   "too_short",
		"horse":              "too_short no_upper no_digit no_symbol common",
		"Password123!":       "common",
		"Acme-Acme-2090!":    "personal",
		"Lindqvist2090!":     "personal",
		"Example.com1":       "personal",
		"Accesssec-Acme-1":   "personal",
		"horse\x00battery 7": "not_text",
	} {
		for way, do := range map[string]func() error{
			"changed":  func() error { return w.changes(in, right, chosen) },
			"imported": func() error { return w.importing(acme, "bea.lindqvist@example.com", chosen) },
			"invited": func() error {
				_, err := w.svc.SignIn().AcceptInvitation(w.ctx, w.with(token), accesssec.Newcomer{Password: chosen})
				return err
			},
			"of a new org": func() error {
				_, err := w.svc.CreateOrg(w.ctx, "Acme", accesssec.Person{Address: "carl.lindqvist@example.com", Password: chosen})
				return err
			},
		} {
			if chosen == "" && way != "changed" && way != "invited" {
				continue // it is none, which may be
			}
			if got := w.problems(do()); got != want {
				t.Errorf("%q, %s: %q, want %q", chosen, way, got, want)
			}
		}
	}
	if after, _ := w.user("ann.lindqvist@example.com"); after.Password != before.Password || after.Version != before.Version {
		t.Error("something was written")
	}
	for _, address := range []string{"bo", "bea", "carl"} {
		if _, there := w.user(address + ".lindqvist@example.com"); there {
			t.Errorf("%s has an account", address)
		}
	}
	w.alive(in, true)
	w.must(w.changes(in, right, another))
}

// importing brings one person.
func (w *world) importing(c *customer, address, chosen string) error {
	return w.svc.ImportPeople(w.ctx, c.owner.OrgID, accesssec.Person{Address: address, Verified: true, Password: chosen, Role: policy.Member})
}

// passwordNIST: how long a password has to be says who else asks for something.
func passwordNIST(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) { o.Passwords = password.NIST() })
	acme := w.newOrg("Acme", "owner@example.com")
	if got := w.problems(w.importing(acme, "ann@example.com", "marm lad")); got != "too_short" {
		t.Errorf("eight alone: %q", got)
	}
	w.must(w.importing(acme, "ann@example.com", "quiet marmalade"))
	h := acme.newHolder(policy.Member, "bob@example.com")
	if got := w.problems(w.changes(h.in, right, "marm la")); got != "too_short" {
		t.Errorf("seven with a factor: %q", got)
	}
	w.must(w.changes(h.in, right, "marm lad"))
	if got := w.svc.PasswordRules().Say(); !strings.HasPrefix(got, "Use at least 15 characters (8 while") {
		t.Errorf("pages say %q", got)
	}
}

func passwordBreached(t *testing.T, w *world) {
	var asked []string
	var fault error
	w.rehost(func(o *accesssec.Options) {
		o.PasswordBreached = func(_ context.Context, chosen string) (bool, error) {
			asked = append(asked, chosen)
			return fault == nil && chosen == another, fault
		}
	})
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	in := must1(w.byPassword("ann@example.com", right))
	asked = nil
	if got := w.problems(w.changes(in, right, "Password123!")); got != "common" || len(asked) != 0 {
		t.Errorf("%q, and asked about %q", got, asked)
	}
	if got := w.problems(w.changes(in, right, another)); got != "breached" || !slices.Equal(asked, []string{another}) {
		t.Errorf("%q, and asked about %q", got, asked)
	}
	fault = errDirectory
	if err := w.changes(in, right, another+"!"); !errors.Is(err, errDirectory) {
		t.Errorf("a fault: %v", err)
	}
	if err := w.importing(acme, "bea@example.com", another); !errors.Is(err, errDirectory) {
		t.Errorf("a fault at an import: %v", err)
	}
	fault = nil
	must1(w.byPassword("ann@example.com", right))
	w.must(w.changes(in, right, another+"!"))
}

// passwordHistory: of three, the one of now is one.
func passwordHistory(t *testing.T, w *world) {
	host := func(n int) { w.rehost(func(o *accesssec.Options) { o.PasswordHistory = n }) }
	host(3)
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com", "zoe@example.com")
	in := must1(w.byPassword("ann@example.com", right))
	chosen := []string{right, another + "1", another + "2", another + "3"}
	now := right
	change := func(next string, want accesssec.Code, runs int64) {
		t.Helper()
		before := w.hasher.Runs()
		if got := w.code(w.changes(in, now, next)); got != want || w.hasher.Runs()-before != runs {
			t.Fatalf("%q: %q after %d computations, want %q and %d", next, got, w.hasher.Runs()-before, want, runs)
		}
		if want == "" {
			now = next
		}
	}
	change(right, accesssec.CodePasswordReused, 2)
	change(chosen[1], "", 3)
	change(right, accesssec.CodePasswordReused, 3)
	change(chosen[2], "", 4)
	change(right, accesssec.CodePasswordReused, 4)
	change(chosen[1], accesssec.CodePasswordReused, 3)
	change(chosen[3], "", 5)
	change(chosen[2], accesssec.CodePasswordReused, 3)
	change(right, "", 5) // the fourth from here
	kept := func() int {
		return len(must1(w.store.Docs(w.ctx, "password_history", "", store.DocQuery{})).Items)
	}
	if kept() != 1 {
		t.Errorf("%d histories", kept())
	}
	host(0)
	change(right, "", 2)
	if kept() != 0 {
		t.Error("nobody asks for it, and it is kept")
	}
	host(10)
	change(chosen[1], "", 3)
	w.change(func(tx store.Tx) error { return tx.DeleteUser(w.ctx, in.Principal.UserID) })
	w.must(w.svc.PersonChanged(w.ctx, in.Principal.UserID))
	if kept() != 0 {
		t.Error("it outlives the account")
	}
	if acme.last(audit.UserChanged).Reason != "account_gone" {
		t.Errorf("%+v", acme.last(audit.UserChanged))
	}
	for _, n := range []int{-1, 11} {
		if _, err := accesssec.New(w.store, w.host.URL, w.keys, &accesssec.Options{PasswordHistory: n}); err == nil {
			t.Errorf("a history of %d", n)
		}
	}
}
