package flowtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// passwordCheckFlows: a host that verifies passwords in its own way is believed about
// the password, and about nothing else.
func passwordCheckFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"right and wrong":                checkRightAndWrong,
		"the limits hold":                checkLimits,
		"a fault lets nobody in":         checkFault,
		"a panic lets nobody in":         checkPanic,
		"nobody can be right":            checkNobody,
		"the policy closes the password": checkPolicy,
		"changed meanwhile":              checkChanged,
		"outside of any transaction":     checkOutside,
		"Prove asks it as well":          checkProve,
		"an emptied account":             checkEmptied,
	})
}

// legacy is a host with hashes of its own. Its marks are no hashes that we know.
type legacy struct {
	mu     sync.Mutex
	fault  error
	asked  []string
	during func() // what happens while the host computes
	always bool   // right, whatever was typed and whoever is asked about
}

// hostRight is everybody's password at the host, and not in our hashes.
const hostRight = "known to the host alone"

func (l *legacy) check(_ context.Context, userID, password string) (bool, error) {
	l.mu.Lock()
	l.asked = append(l.asked, userID)
	during, fault, always := l.during, l.fault, l.always
	l.mu.Unlock()
	if during != nil {
		during()
	}
	// What comes beside an error counts for nothing, so the worst is said.
	return fault != nil || always || userID != "" && password == hostRight, fault
}

// were returns the accounts that were asked about until now.
func (l *legacy) were() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = nil
	return asked
}

// verifies makes the host of w one that verifies passwords by itself. Acme is its
// customer, with Ann, whose hash is the host's.
func (w *world) verifies() (*legacy, *customer) {
	w.t.Helper()
	l := &legacy{}
	w.rehost(func(o *accesssec.Options) { o.PasswordCheck = l.check })
	acme := withAnn(w)
	for _, address := range []string{"ann@example.com", "owner@example.com"} {
		w.hostSets(address, func(u *store.User) { u.Password = "1$" + u.ID })
	}
	return l, acme
}

func checkRightAndWrong(t *testing.T, w *world) {
	l, acme := w.verifies()
	u, _ := w.user("ann@example.com")
	runs := w.hasher.Runs()
	if got := w.guess(w.visit(), "ann@example.com", right); got != accesssec.CodeWrongPassword {
		t.Errorf("the password of our own hash: %q", got)
	}
	if n := len(acme.events(audit.LoginRefused)); n != 1 {
		t.Errorf("%d refusals in the log", n)
	}
	in := must1(w.byPassword("ANN@example.com", hostRight))
	if in.Principal.UserID != u.ID || in.Principal.Role != policy.Member {
		t.Errorf("in as %+v", in.Principal)
	}
	if asked := l.were(); !slices.Equal(asked, []string{u.ID, u.ID}) {
		t.Errorf("asked about %q", asked)
	}
	for _, password := range []string{"", strings.Repeat("x", 1025)} {
		if got := w.guess(w.visit(), "ann@example.com", password); got != accesssec.CodeWrongPassword {
			t.Errorf("%d bytes: %q", len(password), got)
		}
	}
	if asked := l.were(); len(asked) != 0 {
		t.Errorf("asked about what is no password: %q", asked)
	}
	if after, _ := w.user("ann@example.com"); after.Password != u.Password {
		t.Errorf("the host's hash was replaced by %q", after.Password)
	}
	if n := w.hasher.Runs() - runs; n != 0 {
		t.Errorf("our own hasher computed %d times", n)
	}
}

func checkLimits(t *testing.T, w *world) {
	l, _ := w.verifies()
	v := w.from("192.0.2.1")
	for range 5 {
		w.guess(v, "ann@example.com", "wrong")
	}
	l.were()
	if got := w.guess(v, "ann@example.com", hostRight); got != accesssec.CodeLocked {
		t.Errorf("the sixth: %q", got)
	}
	if asked := l.were(); len(asked) != 0 {
		t.Errorf("the host was asked beyond the limit: %q", asked)
	}
	w.advance(30 * time.Second)
	if got := w.guess(v, "ann@example.com", hostRight); got != "" {
		t.Errorf("half a minute later: %q", got)
	}
}

var errDirectory = errors.New("the host's directory is away")

func checkFault(t *testing.T, w *world) {
	l, acme := w.verifies()
	l.fault = errDirectory
	v := w.from("192.0.2.1")
	for _, address := range []string{"ann@example.com", "nobody@example.com"} {
		for range 5 {
			step, err := w.svc.SignIn().Password(w.ctx, v, address, hostRight)
			var no *accesssec.Refusal
			if !errors.Is(err, errDirectory) || errors.As(err, &no) || step.Entered != nil {
				t.Errorf("%s: %v, %v", address, step, err)
			}
		}
		// The attempts were counted all the same.
		if got := w.guess(v, address, hostRight); got != accesssec.CodeLocked {
			t.Errorf("%s, the sixth: %q", address, got)
		}
	}
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func checkPanic(t *testing.T, w *world) {
	l, acme := w.verifies()
	l.during = func() { panic(errDirectory) }
	v := w.from("192.0.2.1")
	for range 5 {
		func() {
			defer func() {
				if p := recover(); p != errDirectory {
					t.Errorf("the panic became %v", p)
				}
			}()
			w.svc.SignIn().Password(w.ctx, v, "ann@example.com", hostRight)
		}()
	}
	if got := w.guess(v, "ann@example.com", hostRight); got != accesssec.CodeLocked {
		t.Errorf("the sixth: %q", got)
	}
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// checkNobody: the host is asked for the sake of the time it takes, and not believed.
func checkNobody(t *testing.T, w *world) {
	l, acme := w.verifies()
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "bare@example.com", Verified: true, Role: policy.Member}))
	l.always = true
	for _, address := range []string{"nobody@example.com", "bare@example.com"} {
		if got := w.guess(w.visit(), address, hostRight); got != accesssec.CodeWrongPassword {
			t.Errorf("%s: %q", address, got)
		}
		if asked := l.were(); !slices.Equal(asked, []string{""}) {
			t.Errorf("%s: asked about %q", address, asked)
		}
	}
}

func checkPolicy(t *testing.T, w *world) {
	l, acme := w.verifies()
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	l.were()
	if got := w.guess(w.visit(), "ann@example.com", "wrong"); got != accesssec.CodeWrongPassword {
		t.Errorf("a wrong one: %q", got)
	}
	_, err := w.byPassword("ann@example.com", hostRight)
	var no *accesssec.Refusal
	if !errors.As(err, &no) || no.Next != policy.NextSSO {
		t.Errorf("a right one: %v", err)
	}
	w.hostSets("owner@example.com", func(u *store.User) { u.Disabled = true })
	if got := w.guess(w.visit(), "owner@example.com", hostRight); got == "" {
		t.Error("a disabled Owner came in")
	}
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func checkChanged(t *testing.T, w *world) {
	l, _ := w.verifies()
	l.during = func() { w.hostSets("ann@example.com", func(u *store.User) { u.Password = "2$" + u.ID }) }
	if got := w.guess(w.visit(), "ann@example.com", hostRight); got != accesssec.CodeWrongPassword {
		t.Errorf("the password of before: %q", got)
	}
	l.during = nil
	if got := w.guess(w.visit(), "ann@example.com", hostRight); got != "" {
		t.Errorf("the new one: %q", got)
	}
}

// checkOutside: while the host computes others can write.
func checkOutside(t *testing.T, w *world) {
	l, _ := w.verifies()
	in := must1(w.byPassword("ann@example.com", hostRight))
	written := 0
	l.during = func() {
		w.change(func(tx store.Tx) error {
			return tx.PutDocs(w.ctx, store.Doc{Kind: "flowtest", ID: string(rune('0' + written))})
		})
		written++
	}
	must1(w.byPassword("ann@example.com", hostRight))
	must1(w.svc.Me(in.Principal).Prove(w.ctx, hostRight))
	if written != 2 {
		t.Errorf("asked %d times", written)
	}
}

func checkProve(t *testing.T, w *world) {
	l, acme := w.verifies()
	in := must1(w.byPassword("owner@example.com", hostRight))
	me, admin := w.svc.Me(in.Principal), w.svc.Admin(in.Principal)
	w.advance(10 * time.Minute) // what was proven at the login is stale
	if _, err := admin.ClaimDomain(w.ctx, "example.org"); w.code(err) != accesssec.CodeProve {
		t.Errorf("before: %v", err)
	}
	_, err := me.Prove(w.ctx, right)
	acme.refuses(err, accesssec.CodeWrongPassword)
	l.fault = errDirectory
	if _, err := me.Prove(w.ctx, hostRight); !errors.Is(err, errDirectory) {
		t.Errorf("with a fault: %v", err)
	}
	if _, err := admin.ClaimDomain(w.ctx, "example.org"); w.code(err) != accesssec.CodeProve {
		t.Errorf("after a wrong one and a fault: %v", err)
	}
	l.fault = nil
	admin = w.svc.Admin(must1(me.Prove(w.ctx, hostRight)).Principal)
	if _, err := admin.ClaimDomain(w.ctx, "example.org"); err != nil {
		t.Errorf("after a right one: %v", err)
	}
}

// checkEmptied: who made an account with an address of somebody else's is out once its
// owner has come, whatever the host still says of the password.
func checkEmptied(t *testing.T, w *world) {
	l, acme := w.verifies()
	w.hostSets("ann@example.com", func(u *store.User) { u.AddressVerified = false })
	must1(w.byPassword("ann@example.com", hostRight))
	acme.signIn(ann)
	l.always = true
	if got := w.guess(w.visit(), "ann@example.com", hostRight); got != accesssec.CodeWrongPassword {
		t.Errorf("the password of before: %q", got)
	}
}
