package totp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/totp"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// A login: count the attempt, commit the count, look at the code, save what comes of it
// with the session.
func ExampleEnrollment_Begin() {
	factor := row{version: 7, body: []byte(`{"algorithm":"SHA1","digits":6,"period":30,` +
		`"confirmed":true,"created_at":"2026-03-01T12:00:00Z","last_step":59078880}`)}
	secret, err := totp.SecretFrom([]byte("12345678901234567890")) // unsealed
	must(err)

	logIn := func(code string, now time.Time) error {
		// SELECT body, version FROM factors WHERE id = ...
		var enrollment totp.Enrollment
		version := factor.version
		if err := json.Unmarshal(factor.body, &enrollment); err != nil {
			return err
		}

		// Refused unseen: pending, disabled, or a *totp.LockedError with the time to wait.
		attempt, err := enrollment.Begin(now)
		if err != nil {
			return err
		}

		// By itself, outside of the transaction below: a login that is rolled back was
		// counted. Who loses this swap has seen no code: another attempt is under way.
		if err := factor.swap(version, attempt.Booked()); err != nil {
			return err
		}

		next, err := attempt.Check(secret, code)
		if err != nil {
			return err
		}

		// In the transaction that makes the session. Who loses this swap is not let in.
		return factor.swap(version+1, next)
	}

	phone, err := totptest.NewTypedApp("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")
	must(err)
	now := time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)
	say := func(what string, err error) {
		if errors.Is(err, totp.ErrWrongCode) {
			fmt.Printf("%s: the page says \"wrong code\", the log %q\n", what, err)
			return
		}
		fmt.Printf("%s: %v\n", what, err)
	}

	say("right", logIn(phone.Code(now), now))
	say("again", logIn(phone.Code(now), now))
	say("wrong", logIn("000000", now))
	say("wrong", logIn("000001", now))
	say("wrong", logIn("000002", now))
	say("wrong", logIn("000003", now))
	say("right, locked", logIn(phone.Code(now.Add(30*time.Second)), now))
	now = now.Add(30 * time.Second)
	say("right, later", logIn(phone.Code(now), now))
	// Output:
	// right: <nil>
	// again: the page says "wrong code", the log "totp: wrong code: used before"
	// wrong: the page says "wrong code", the log "totp: wrong code"
	// wrong: the page says "wrong code", the log "totp: wrong code"
	// wrong: the page says "wrong code", the log "totp: wrong code"
	// wrong: the page says "wrong code", the log "totp: wrong code"
	// right, locked: totp: locked, retry after 30s
	// right, later: <nil>
}
