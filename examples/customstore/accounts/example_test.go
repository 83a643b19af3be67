package accounts_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
	"github.com/accesssec/accesssec-go/store/seal"
)

// A person who has had an account for years signs in with the password of then.
func Example() {
	dir, err := os.MkdirTemp("", "customstore")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := signIn(context.Background(), filepath.Join(dir, "host.db")); err != nil {
		fmt.Println(err)
	}
	// Output:
	// in as acct-1
	// accesssec: refused: wrong_password
}

func signIn(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", "file:"+file+accounts.DSN)
	if err != nil {
		return err
	}
	defer db.Close()
	passwords := accounts.NewPasswords(db, 0)
	hash, err := passwords.Hash(ctx, "a password of 2019")
	if err != nil {
		return err
	}
	if err := accounts.Before(ctx, db); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO accounts (mail, display_name, pw) VALUES ('ann@example.com', 'Ann Lee', ?1)`, hash); err != nil {
		return err
	}

	// From here on with accesssec.
	st, err := accounts.Open(ctx, db)
	if err != nil {
		return err
	}
	svc, err := accesssec.New(st, "https://app.example.com", seal.GenerateRing(), &accesssec.Options{PasswordCheck: passwords.Check})
	if err != nil {
		return err
	}
	for _, password := range []string{"a password of 2019", "another one"} {
		step, err := svc.SignIn().Password(ctx, accesssec.Visit{}, "Ann@Example.com", password)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("in as", step.Entered.Principal.UserID)
	}
	return nil
}
