package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// names of who signs in
const (
	unknown = "no such account"
	bare    = "an account without a password"
)

// passwordRounds are how often each has its turn, however often is asked for: a turn is one
// computation, whose 35 milliseconds vary by more than what is looked for.
const passwordRounds = 21

// passwords prints what a sign-in by password costs beside its one Argon2id, and counts the bars
// missed.
func passwords(out io.Writer, rounds int) (missed int, err error) {
	subjects, err := passwordSubjects()
	if err != nil {
		return 0, err
	}
	costs, err := measure(subjects, max(rounds, passwordRounds), 1)
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(out, "a sign-in by password, in memory, in units of one Argon2id")
	show(out, subjects, costs)
	missed = judge(out, passwordBars(), subjects, costs)
	fmt.Fprintln(out)
	return missed, nil
}

func passwordBars() []bar {
	return []bar{
		atMost(right, alike, units), atMost(wrong, alike, units),
		atMost(unknown, alike, wrong), atMost(wrong, alike, unknown), atMost(bare, alike, wrong), atMost(wrong, alike, bare),
	}
}

// passwordSubjects are sign-ins of people who have come a day after the last one, so that no
// attempt meets a limit.
func passwordSubjects() ([]subject, error) {
	const chosen = "Correct horse 7 battery staple"
	ctx, now := context.Background(), time.Unix(1_700_000_000, 0)
	svc, err := accesssec.New(memory.New(), "https://app.example.com", seal.GenerateRing(), &accesssec.Options{
		Now: func() time.Time { return now },
	})
	if err != nil {
		return nil, err
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "olive@example.com", Verified: true, Password: chosen})
	if err == nil {
		err = svc.ImportPeople(ctx, owner.OrgID, accesssec.Person{Address: "bare@example.com", Verified: true, Role: policy.Member})
	}
	if err != nil {
		return nil, err
	}
	salt := []byte("0123456789abcdef")
	out := []subject{{units, func() error {
		if len(argon2.IDKey([]byte(chosen), salt, 1, 47104, 1, 32)) != 32 {
			return errUnit
		}
		return nil
	}}}
	for _, who := range []struct{ name, address, typed string }{
		{right, "olive@example.com", chosen},
		{wrong, "olive@example.com", chosen + "x"},
		{unknown, "nobody@example.com", chosen},
		{bare, "bare@example.com", chosen},
	} {
		out = append(out, subject{who.name, func() error {
			now = now.Add(25 * time.Hour)
			step, err := svc.SignIn().Password(ctx, accesssec.Visit{IP: "192.0.2.1"}, who.address, who.typed)
			if who.name == right {
				if err == nil && step.Entered == nil {
					err = errors.New("bench: nobody is signed in")
				}
				return err
			}
			if !accesssec.IsRefusal(err, accesssec.CodeWrongPassword) {
				return fmt.Errorf("bench: %s: %w", who.name, err)
			}
			return nil
		}})
	}
	return out, nil
}
