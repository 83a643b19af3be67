package seal_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log"

	"github.com/accesssec/accesssec-go/store/seal"
)

func Example() {
	// A host loads these from where it keeps its own secrets.
	march, june := seal.Key{ID: "2026-03"}, seal.Key{ID: "2026-06"}
	rand.Read(march.Secret[:])
	rand.Read(june.Secret[:])

	ring, err := seal.NewRing(march)
	if err != nil {
		log.Fatal(err)
	}
	box := ring.Seal([]byte("what the store must not see"), "totp", "user1", "factor1")

	_, err = ring.Open(box, "totp", "user2", "factor1")
	fmt.Println("for another user:", errors.Is(err, seal.ErrSealed))

	// In June the new key comes first, and the old one stays until nothing is stale.
	ring, err = seal.NewRing(june, march)
	if err != nil {
		log.Fatal(err)
	}
	plain, err := ring.Open(box, "totp", "user1", "factor1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stale:", ring.Stale(box))
	box = ring.Seal(plain, "totp", "user1", "factor1")
	fmt.Println("stale:", ring.Stale(box))
	// Output:
	// for another user: true
	// stale: true
	// stale: false
}
