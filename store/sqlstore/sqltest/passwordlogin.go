package sqltest

import (
	"crypto/rand"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store/seal"
)

// PasswordLogin is a sign-in by password on the database, beside the one Argon2id that it takes
// at the cost that hosts have.
func PasswordLogin(b *testing.B, d Database) {
	const chosen = "Correct horse 7 battery staple"
	hasher := password.NewHasher(nil)
	var secret [32]byte
	rand.Read(secret[:])
	keys, err := seal.NewRing(seal.Key{ID: "test", Secret: secret})
	must(b, err)
	svc, err := accesssec.New(d.emptied(b), "https://app.example.com", keys, &accesssec.Options{Hasher: hasher})
	must(b, err)
	owner, err := svc.CreateOrg(b.Context(), "Acme", accesssec.Person{Address: "boss@example.com", Verified: true})
	must(b, err)
	must(b, svc.ImportPeople(b.Context(), owner.OrgID, accesssec.Person{Address: ann, Verified: true, Password: chosen, Role: policy.Member}))
	takeTurnsOf(b, 15, "login/argon2id", func() {}, [2]func(){
		func() {
			_, err := hasher.Derive(b.Context(), []byte(chosen), secret[:16])
			must(b, err)
		},
		func() {
			step, err := svc.SignIn().Password(b.Context(), accesssec.Visit{}, ann, chosen)
			must(b, err)
			if step.Entered == nil {
				b.Fatal(step.Next)
			}
		},
	})
}
