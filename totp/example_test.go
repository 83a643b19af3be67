package totp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/accesssec/accesssec-go/totp"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// row stands for one row of a table of yours. In SQL its swap is
//
//	UPDATE factors SET body = $1, version = version + 1 WHERE id = $2 AND version = $3
//
// and errChanged is that no row was touched.
type row struct {
	body    []byte
	version int
}

var errChanged = errors.New("the row has changed since it was read")

func (r *row) swap(version int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if version != r.version {
		return errChanged
	}
	r.body, r.version = body, version+1
	return nil
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A person sets up their app: they are shown the secret once, and prove by a code that the
// app has it.
func Example() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) // yours: time.Now()
	var pending row                                     // apart from a factor that is live

	// The set-up page. Keep secret.Bytes() too, sealed under a key that the database does
	// not hold. Show setup.QR().SVG() and setup.SecretText(), with Cache-Control: no-store.
	enrollment, secret, err := totp.New(now, nil)
	must(err)
	setup, err := enrollment.Setup("Acme", "ann@example.com", secret)
	must(err)
	must(pending.swap(0, enrollment))

	// The phone scans the picture, and shows six digits.
	phone, err := totptest.NewApp(setup.URI())
	must(err)
	code := phone.Code(now)

	// The form with the code comes back. Read the row, and unseal the secret.
	version := pending.version
	must(json.Unmarshal(pending.body, &enrollment))

	attempt, err := enrollment.BeginConfirmation(now)
	must(err) // totp.ErrExpired: show a new set-up page

	// Commit the count before the code is looked at.
	must(pending.swap(version, attempt.Booked()))

	confirmed, err := attempt.Check(secret, code)
	must(err) // totp.ErrWrongCode: ask for another

	// Put it in the place of the factor that was live, if any. The code is used up.
	must(pending.swap(version+1, confirmed))

	fmt.Println("live:", confirmed.Confirmed())
	fmt.Printf("kept: %s\n", pending.body)
	fmt.Println("in a log:", secret, setup)
	// Output:
	// live: true
	// kept: {"algorithm":"SHA1","digits":6,"period":30,"confirmed":true,"created_at":"2026-03-01T12:00:00Z","last_step":59078880}
	// in a log: [redacted] [redacted]
}
