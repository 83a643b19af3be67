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

	const chosen = "correct horse battery staple"
	if err := password.CheckNew(chosen); err != nil {
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

func ExampleCheckNew() {
	err := password.CheckNew("Passw0rd!")
	var rejected *password.RejectedError
	if errors.As(err, &rejected) {
		for _, p := range rejected.Problems {
			fmt.Println(p.Say)
		}
	}
	// Output:
	// Use at least 12 characters.
}
