package totp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/accesssec/accesssec-go/totp"
)

// The phone is lost, and the person has the codes that they were shown once.
func ExampleRecoveryCodes_Begin() {
	ctx := context.Background()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

	// The pepper comes from where your other keys do, not from the database. A server
	// bounds how many of these run at once: each takes 46 MiB.
	pepper := []byte("32 bytes or more, of a random key")
	kdf := totp.Peppered(pepper, func(_ context.Context, secret, salt []byte) ([]byte, error) {
		return argon2.IDKey(secret, salt, 1, 46*1024, 1, 32), nil
	})

	// After the set-up. Save the set, which has hashes only, and show the codes: by
	// codes.Show() on the page, by codes.Download as a file.
	set, codes, err := totp.NewRecoveryCodes(ctx, kdf)
	must(err)
	var kept row
	must(kept.swap(0, set))
	paper := codes.Show()

	enter := func(code string) error {
		version := kept.version
		if err := json.Unmarshal(kept.body, &set); err != nil {
			return err
		}
		attempt, err := set.Begin(now)
		if err != nil {
			return err // totp.ErrNoCodes, totp.ErrDisabled, a *totp.LockedError
		}

		// By itself, before the code is looked at.
		if err := kept.swap(version, attempt.Booked()); err != nil {
			return err
		}
		next, err := attempt.Check(ctx, kdf, code)
		if err != nil {
			return err
		}

		// In the transaction that makes the session: of two with one code, one swap wins.
		// Tell the person by mail, and let the session do no more than set up a new app.
		if err := kept.swap(version+1, next); err != nil {
			return err
		}
		fmt.Println("in,", next.Left(), "codes left")
		return nil
	}

	must(enter(strings.ToLower(paper[3])))
	err = enter(paper[3])
	fmt.Println(err, errors.Is(err, totp.ErrWrongCode))
	must(enter(paper[7]))
	fmt.Println("in a log:", codes)
	// Output:
	// in, 9 codes left
	// totp: wrong code true
	// in, 8 codes left
	// in a log: [redacted]
}
