package flowtest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// importFlows: what another system has kept of people's passwords is kept, and opens nothing
// that can't be verified.
func importFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"hashes of other systems":    importHashes,
		"a host that verifies them":  importChecked,
		"an account that is there":   importThere,
		"what is no hash":            importNoHash,
		"what everyone has, at once": importEveryone,
	})
}

// foreignHashes are of right, as other systems keep it, each with whether Hasher verifies it.
func foreignHashes() map[string]bool {
	return map[string]bool{
		"$2a$04$VZ1mooAIC23ciONUZQUvMuvqLpcXs00Oz854ysCKrIWmj51jN/kna":                             true,
		"$scrypt$ln=4,r=8,p=1$c29tZXNhbHQwMTIzNDU2Nw$UavUpOJ3MnYVNs4tBBuaCM5oq22s+jl6SzzSxgo22aM":  true,
		"pbkdf2_sha256$1000$somesalt$LU0MjeWFx+0no0LKMXdYdws6c+VpHEzIMvS5iYI8cuw=":                 true,
		"$pbkdf2-sha256$1000$c29tZXNhbHQ$LU0MjeWFx.0no0LKMXdYdws6c.VpHEzIMvS5iYI8cuw":              true,
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$OUurPfUNVbKw8IRnq+7eOY4kk1fkEyIItKfSwLn11G8":     true,
		"$argon2id$v=19$m=256,t=11,p=1$c29tZXNhbHQ$FsU/KP+E0SejncPszsvDL6Fk+/CDi0xvjMfuY7lTuf0":    false, // beyond the bounds
		"$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$OUurPfUNVbKw8IRnq+7eOY4kk1fkEyIItKfSwLn11G8": false,
		"$2a$15$VZ1mooAIC23ciONUZQUvMuvqLpcXs00Oz854ysCKrIWmj51jN/kna":                             false,
		"pbkdf2_sha256$2000001$somesalt$LU0MjeWFx+0no0LKMXdYdws6c+VpHEzIMvS5iYI8cuw=":              false,
		"$7$CU..../....2Q9obwLhin8qvQl6sisAO/$sgKHtvvG3hl9gaMjZ0bbbVzKBnYaGFZvxcQzxWmn4e2":         false,
	}
}

func importHashes(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", samltest.Person{Email: "p0@example.com"})
	hashes := foreignHashes()
	order := slices.Sorted(func(yield func(string) bool) {
		for h := range hashes {
			if !yield(h) {
				return
			}
		}
	})
	var people []accesssec.Person
	for i, h := range order {
		people = append(people, accesssec.Person{Address: "p" + string(rune('0'+i)) + "@example.com", Verified: true, PasswordHash: h, Role: policy.Member})
	}
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID, people...))
	_, err := w.byPassword("nobody@example.com", right)
	acme.refuses(err, accesssec.CodeWrongPassword)
	for _, p := range people {
		if u, _ := w.user(p.Address); u.Password != p.PasswordHash {
			t.Errorf("%s became %s", p.PasswordHash, u.Password)
		}
		before := w.hasher.Runs()
		in, err := w.byPassword(p.Address, right)
		if runs := w.hasher.Runs() - before; !hashes[p.PasswordHash] && runs != 1 {
			t.Errorf("%s: %d hashes were computed, and 1 for nobody", p.PasswordHash, runs)
		}
		if hashes[p.PasswordHash] {
			w.must(err)
			if u, _ := w.user(p.Address); u.Password == p.PasswordHash || in == nil {
				t.Error("not made anew")
			}
			continue
		}
		acme.refuses(err, accesssec.CodeWrongPassword)
		for _, guess := range []string{p.PasswordHash, "", p.PasswordHash[:20]} {
			_, err := w.byPassword(p.Address, guess)
			if got := w.code(err); got != accesssec.CodeWrongPassword && got != accesssec.CodeLocked {
				t.Errorf("%q for %s: %q", guess, p.PasswordHash, got)
			}
		}
		// It counts as none where it would have to be typed.
		me := w.svc.Me(acme.signIn(samltest.Person{Email: p.Address}).Principal)
		if profile := must1(me.Profile(w.ctx)); profile.HasPassword {
			t.Errorf("%s counts as a password", p.PasswordHash)
		}
		_, err = me.Prove(w.ctx, right)
		if no := refusalOf(err); no.Code != accesssec.CodeNoPassword || no.Next != policy.NextSSO {
			t.Errorf("proved by %s: %+v", p.PasswordHash, no)
		}
	}
}

// importChecked: a host's own check is asked about the account, as about any other.
func importChecked(t *testing.T, w *world) {
	var asked []string
	w.rehost(func(o *accesssec.Options) {
		o.PasswordCheck = func(ctx context.Context, userID, password string) (bool, error) {
			asked = append(asked, userID)
			if userID == "" {
				return true, nil
			}
			u, err := w.store.User(ctx, userID)
			return err == nil && strings.HasPrefix(u.Password, "$2a$") && password == hostRight, err
		}
	})
	acme := w.newOrg("Acme", "owner@example.com")
	hash := "$2a$04$q2Ew9RzkaWONEramHeFS7.7fZV0HxfnDiDr9vjF6T/0qRx2or6Pgy"
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID,
		accesssec.Person{Address: "ann@example.com", Verified: true, PasswordHash: hash, Role: policy.Member},
		accesssec.Person{Address: "bob@example.com", Verified: true, Role: policy.Member}))
	runs := w.hasher.Runs()
	in := must1(w.byPassword("ann@example.com", hostRight))
	if u, _ := w.user("ann@example.com"); u.Password != hash || !cmp.Equal(asked, []string{u.ID}) || w.hasher.Runs() != runs {
		t.Errorf("asked about %v, %d hashes of ours, kept %s", asked, w.hasher.Runs()-runs, u.Password)
	}
	if !must1(w.svc.Me(in.Principal).Profile(w.ctx)).HasPassword {
		t.Error("what the host verifies is no password")
	}
	for _, address := range []string{"bob@example.com", "nobody@example.com"} {
		_, err := w.byPassword(address, hostRight)
		acme.refuses(err, accesssec.CodeWrongPassword)
	}
	_, err := w.byPassword("ann@example.com", right)
	acme.refuses(err, accesssec.CodeWrongPassword)
}

// importThere: a proven account keeps its password; a trap gets the one that is brought.
func importThere(t *testing.T, w *world) {
	other := w.newOrg("Other", "boss@example.org")
	other.add(policy.Member, "ann@example.com")
	w.must(w.svc.ImportPeople(w.ctx, other.owner.OrgID, accesssec.Person{Address: "bob@example.com", Password: right, Role: policy.Member}))
	trapped := must1(w.byPassword("bob@example.com", right))
	acme := w.newOrg("Acme", "owner@example.com")
	const hash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4" // of "password"
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID,
		accesssec.Person{Address: "ann@example.com", Verified: true, PasswordHash: hash, Role: policy.Member},
		accesssec.Person{Address: "bob@example.com", Verified: true, PasswordHash: hash, Role: policy.Member}))
	must1(w.byPassword("ann@example.com", right))
	w.alive(trapped, false)
	_, err := w.byPassword("bob@example.com", right)
	acme.refuses(err, accesssec.CodeWrongPassword)
	must1(w.byPassword("bob@example.com", "password"))
}

func importNoHash(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	bcrypt := "$2a$04$q2Ew9RzkaWONEramHeFS7.7fZV0HxfnDiDr9vjF6T/0qRx2or6Pgy"
	for name, p := range map[string]accesssec.Person{
		"a password":         {PasswordHash: right},
		"both":               {PasswordHash: bcrypt, Password: right},
		"cut":                {PasswordHash: bcrypt[:59]},
		"too long":           {PasswordHash: "$scrypt$ln=4,r=8,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 500)},
		"without its end":    {PasswordHash: "$scrypt$ln=4,r=8,p=1$c29tZXNhbHQ$"},
		"a short end":        {PasswordHash: "pbkdf2_sha256$1000$somesalt$aaaa"},
		"a line end":         {PasswordHash: bcrypt + "\n"},
		"a cost of 3":        {PasswordHash: "$2a$03" + bcrypt[6:]},
		"a cost of 32":       {PasswordHash: "$2a$32" + bcrypt[6:]},
		"MD5":                {PasswordHash: "$1$somesalt$aaaaaaaaaaaaaaaaaaaaaa"},
		"SHA-1":              {PasswordHash: "{SHA}aaaaaaaaaaaaaaaaaaaaaaaaaaa="},
		"what begins as one": {PasswordHash: "$argon2id$ is my favourite password"},
	} {
		p.Address, p.Role, p.Verified = "new@example.com", policy.Member, true
		err := w.svc.ImportPeople(w.ctx, acme.owner.OrgID, accesssec.Person{Address: "first@example.com", Verified: true, Role: policy.Member, PasswordHash: bcrypt}, p)
		if err == nil || !strings.Contains(err.Error(), "person 2") || strings.Contains(err.Error(), p.PasswordHash) {
			t.Errorf("%s: %v", name, err)
		}
		p.Address = "third@example.com"
		if _, err := w.svc.CreateOrg(w.ctx, "Third", p); err == nil {
			t.Errorf("%s: an Owner by it", name)
		}
	}
	for _, address := range []string{"first@example.com", "new@example.com", "third@example.com"} {
		if _, there := w.user(address); there {
			t.Errorf("%s is there", address)
		}
	}
}

func importEveryone(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	must1(acme.admin().Grant(w.ctx, accesssec.Grant{To: accesssec.Subject{Kind: accesssec.ToEveryone}, Project: "p1", Role: string(policy.Analyst)}))
	acme.add(policy.Member, "a@example.com", "b@example.net")
	for _, address := range []string{"a@example.com", "b@example.net"} {
		u, _ := w.user(address)
		got := must1(w.svc.AccessOf(w.ctx, acme.owner.OrgID, accesssec.Subject{Kind: accesssec.ToPerson, ID: u.ID}, "p1"))
		if got.Role != policy.Analyst || len(got.Sources) != 1 || got.Sources[0].Kind != accesssec.FromEveryone {
			t.Errorf("%s has %+v", address, got)
		}
	}
}
