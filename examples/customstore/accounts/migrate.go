package accounts

import (
	"context"
	"database/sql"
	_ "embed" // the two schemas
	"fmt"
	"strings"

	"github.com/accesssec/accesssec-go/domainclaim"
)

//go:embed before.sql
var before string

//go:embed access.sql
var access string

// Before makes the tables as they were in the years before.
func Before(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, before); err != nil {
		return fmt.Errorf("accounts: %w", err)
	}
	return nil
}

// Migrate adds what accesssec has to know, once: all in one transaction, so that a
// database is either as before or ready. It does nothing to one that is ready.
//
// It is an error when two accounts turn out to have one address ("Ann@example.com" and
// "ann@example.com", or two spellings of one domain): which of them is the person only
// the host can find out, and to pick one would hand over the other.
func Migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("accounts: migrate: %w", err)
	}
	defer tx.Rollback()
	var done int
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_info('accounts') WHERE name = 'access_id'`).Scan(&done)
	if err != nil || done > 0 {
		return wrap("migrate", err)
	}
	if _, err := tx.ExecContext(ctx, access); err != nil {
		return fmt.Errorf("accounts: migrate: %w", err)
	}
	if err := backfill(ctx, tx); err != nil {
		return fmt.Errorf("accounts: migrate: %w", err)
	}
	return wrap("migrate", tx.Commit())
}

// old is what the backfill reads of an account.
type old struct {
	id         int64
	mail, name string
}

// backfill works out what SQL can't. A mail that is no address leaves the key empty: the
// account stays and nobody signs in to it until its mail is mended.
func backfill(ctx context.Context, tx *sql.Tx) error {
	accounts, err := olds(ctx, tx)
	if err != nil {
		return err
	}
	seen := map[string]old{}
	for _, a := range accounts {
		key := ""
		if address, err := domainclaim.ParseAddress(a.mail); err == nil {
			key = address.Key()
		}
		if twin, taken := seen[key]; taken && key != "" {
			return fmt.Errorf("accounts %d and %d have one address; settle which of them it is", twin.id, a.id)
		}
		seen[key] = a
		first, last := split(a.name)
		_, err := tx.ExecContext(ctx, `UPDATE accounts SET address_key = ?1, first_name = ?2, last_name = ?3 WHERE id = ?4`,
			key, first, last, a.id)
		if err != nil {
			return err
		}
	}
	return nil
}

func olds(ctx context.Context, tx *sql.Tx) ([]old, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, mail, display_name FROM accounts ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []old
	for rows.Next() {
		var a old
		if err := rows.Scan(&a.id, &a.mail, &a.name); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// split guesses where a name comes apart. The first sign-on puts it right.
func split(displayName string) (first, last string) {
	first, last, _ = strings.Cut(strings.TrimSpace(displayName), " ")
	return first, strings.TrimSpace(last)
}

// wrap adds what was tried to an error, if there is one.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("accounts: %s: %w", what, err)
}
