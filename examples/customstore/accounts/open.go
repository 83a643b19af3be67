package accounts

import (
	"context"
	"database/sql"

	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// DSN follows the name of the file. Writers wait for each other, readers for nobody, and
// every transaction takes the lock it will need at its beginning, the host's own too.
const DSN = "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)&_txlock=immediate"

// Open brings the host's tables and accesssec's up to date, and gives the store on both.
func Open(ctx context.Context, db *sql.DB) (*sqlstore.Store, error) {
	if err := Migrate(ctx, db); err != nil {
		return nil, err
	}
	// region people
	opts := &sqlstore.Options{People: On}
	if err := sqlstore.Migrate(ctx, db, sqlstore.SQLite, opts); err != nil {
		return nil, err
	}
	return sqlstore.Open(db, sqlstore.SQLite, opts)
	// endregion
}
