package password_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

func ExampleHasher() {
	ctx := context.Background()
	h := password.NewHasher(nil) // one per process

	const chosen = "Correct horse 7 battery staple"
	if err := password.Classic().Check(chosen, password.Whose{Address: "ann@example.com"}); err != nil {
		fmt.Println(err)
		return
	}
	hash, err := h.Hash(ctx, chosen)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(hash[:31])

	ok, stale, err := h.Verify(ctx, chosen, hash)
	fmt.Println(ok, stale, err)

	// There is no such account: as much work, and false.
	ok, _, err = h.Verify(ctx, chosen, "")
	fmt.Println(ok, err)
	// Output:
	// $argon2id$v=19$m=47104,t=1,p=1$
	// true false <nil>
	// false <nil>
}

func ExampleRules_Check() {
	who := password.Whose{Address: "ann@example.com", Words: []string{"Ann", "Lindqvist", "Acme Inc."}}
	for _, chosen := range []string{"P4ssword!", "Lindqvist2026!"} {
		err := password.Classic().Check(chosen, who)
		var rejected *password.RejectedError
		if errors.As(err, &rejected) {
			for _, p := range rejected.Problems {
				fmt.Printf("%s: %s\n", p.Code, p.Say)
			}
		}
	}
	// Output:
	// too_short: Use at least 12 characters.
	// common: Too many people use this password, or one that is nearly the same. Choose another one.
	// personal: Choose something else than your name, your address, or the name of an organization or of this service.
}
