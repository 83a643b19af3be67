package flowtest

import (
	"context"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// bcryptOfRight is right, as another system has kept it.
const bcryptOfRight = "$2a$04$VZ1mooAIC23ciONUZQUvMuvqLpcXs00Oz854ysCKrIWmj51jN/kna"

// withForeign is an org with people whose hashes are another system's.
func withForeign(w *world, hash string, addresses ...string) *customer {
	w.t.Helper()
	acme := w.newOrg("Acme", "owner@example.com")
	for _, a := range addresses {
		w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: a, Verified: true, PasswordHash: hash, Role: policy.Member}))
	}
	return acme
}

// passwordHost: a host that verifies passwords by itself is asked about the old one, and finds
// the new one in our form.
func passwordHost(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) {
		o.PasswordCheck = func(ctx context.Context, userID, password string) (bool, error) {
			if userID == "" {
				return false, nil
			}
			u, err := w.store.User(ctx, userID)
			if err != nil || !strings.HasPrefix(u.Password, "$argon2id$") {
				return password == hostRight, err
			}
			ok, _, err := w.hasher.Verify(ctx, password, u.Password)
			return ok, err
		}
	})
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	w.hostSets("ann@example.com", func(u *store.User) { u.Password = "1$" + u.ID })
	in := must1(w.byPassword("ann@example.com", hostRight))
	acme.refuses(w.changes(in, right, another), accesssec.CodeWrongPassword)
	w.must(w.changes(in, hostRight, another))
	if u, _ := w.user("ann@example.com"); !strings.HasPrefix(u.Password, "$argon2id$") {
		t.Errorf("kept %s", u.Password)
	}
	acme.refuses(w.changes(in, hostRight, right), accesssec.CodeWrongPassword)
	must1(w.byPassword("ann@example.com", another))
}

// passwordForeign: a hash of another system opens, is made anew at the sign-in, and can be
// changed and proved by before that.
func passwordForeign(t *testing.T, w *world) {
	acme := withForeign(w, bcryptOfRight, "ann@example.com", "bob@example.com")
	acme.refuses(second(w.byPassword("ann@example.com", right+"x")), accesssec.CodeWrongPassword)
	if u, _ := w.user("ann@example.com"); u.Password != bcryptOfRight {
		t.Errorf("a wrong one has made it %s", u.Password)
	}
	runs := w.hasher.Runs()
	in := must1(w.byPassword("ann@example.com", right))
	if n := w.hasher.Runs() - runs; n != 2 {
		t.Errorf("%d computations", n)
	}
	u, _ := w.user("ann@example.com")
	if !strings.HasPrefix(u.Password, "$argon2id$") || u.PasswordSetByUser {
		t.Errorf("kept %+v", u)
	}
	must1(w.byPassword("ann@example.com", right))
	w.must(w.changes(in, right, another))
	// Whoever came by another way has a password all the same.
	bob := must1(w.byPassword("bob@example.com", right))
	w.hostSets("bob@example.com", func(u *store.User) { u.Password = bcryptOfRight })
	if !must1(w.svc.Me(bob.Principal).Profile(w.ctx)).HasPassword {
		t.Error("it counts as none")
	}
	w.prove(bob)
	w.must(w.changes(bob, right, another))
	must1(w.byPassword("bob@example.com", another))
}

// passwordForeignRace: all come in, and one hash is kept.
func passwordForeignRace(t *testing.T, w *world) {
	acme := withForeign(w, bcryptOfRight, "ann@example.com")
	before, _ := w.user("ann@example.com")
	visits := make([]accesssec.Visit, 4)
	for i := range visits {
		visits[i] = w.visit()
	}
	won, codes := w.race(len(visits), func(i int) error {
		_, err := w.svc.SignIn().Password(w.ctx, visits[i], "ann@example.com", right)
		return err
	})
	if won != len(visits) {
		t.Fatalf("%d came in, refused as %v", won, codes)
	}
	w.left(acme, len(visits))
	after, _ := w.user("ann@example.com")
	if !strings.HasPrefix(after.Password, "$argon2id$") || after.Version != before.Version+1 {
		t.Errorf("version %d after %d, kept %s", after.Version, before.Version, after.Password)
	}
	if n := len(acme.events(audit.LoginRefused)); n != 0 {
		t.Errorf("%d refusals", n)
	}
}

// passwordSameWork: a wrong password costs as many computations and calls of the store, whoever
// it is tried on and however their hash was made.
func passwordSameWork(t *testing.T, w *world) {
	acme := withForeign(w, bcryptOfRight, "bcrypt@example.com")
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID,
		accesssec.Person{Address: "ours@example.com", Verified: true, Password: right, Role: policy.Member},
		accesssec.Person{Address: "bare@example.com", Verified: true, Role: policy.Member},
		accesssec.Person{Address: "dear@example.com", Verified: true, Role: policy.Member,
			PasswordHash: "$2a$15$VZ1mooAIC23ciONUZQUvMuvqLpcXs00Oz854ysCKrIWmj51jN/kna"},
		accesssec.Person{Address: "scrypt@example.com", Verified: true, Role: policy.Member,
			PasswordHash: "$scrypt$ln=4,r=8,p=1$c29tZXNhbHQwMTIzNDU2Nw$UavUpOJ3MnYVNs4tBBuaCM5oq22s+jl6SzzSxgo22aM"}))
	calls := int64(-1)
	for _, address := range []string{"nobody@example.com", "ours@example.com", "bare@example.com", "dear@example.com", "bcrypt@example.com", "scrypt@example.com"} {
		asked := int64(1 << 40)
		for range 4 { // a store may have to run something again: the least is what it costs
			ctx := &dying{Context: context.WithoutCancel(w.ctx)}
			ctx.left.Store(1 << 40)
			runs := w.hasher.Runs()
			_, err := w.svc.SignIn().Password(ctx, w.visit(), address, "wrong")
			acme.refuses(err, accesssec.CodeWrongPassword)
			if n := w.hasher.Runs() - runs; n != 1 {
				t.Errorf("%s: %d computations", address, n)
			}
			asked = min(asked, 1<<40-ctx.left.Load())
		}
		if calls < 0 {
			calls = asked
		}
		if asked != calls {
			t.Errorf("%s: %d calls; %d for nobody", address, asked, calls)
		}
	}
}
