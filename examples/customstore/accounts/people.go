package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// People answers accesssec from the host's tables. It is made anew for every question,
// on the pool or on the running transaction, so it holds nothing but where to ask.
type People struct{ q sqlstore.Querier }

var _ sqlstore.People = People{}

// On is for [sqlstore.Options].
func On(q sqlstore.Querier) sqlstore.People { return People{q} }

// instant is how created is written: the host's own format, to the microsecond.
const instant = "2006-01-02T15:04:05.000000Z"

const userColumns = `a.access_id, a.mail, a.address_key, a.mail_confirmed, a.first_name, a.last_name,
	a.names_from, a.pw, a.pw_by_user, NOT a.active, a.created, a.version`

// userFields are where a row of userColumns goes. done reads what the driver can't.
func userFields(u *store.User) (fields []any, done func() error) {
	var created string
	fields = []any{&u.ID, &u.Address, &u.AddressKey, &u.AddressVerified, &u.FirstName, &u.LastName,
		&u.NamesFrom, &u.Password, &u.PasswordSetByUser, &u.Disabled, &created, &u.Version}
	return fields, func() (err error) {
		u.CreatedAt, err = time.Parse(time.RFC3339Nano, created)
		return err
	}
}

// user is one account, or store.ErrNotFound. Any other error is a fault: nobody may be
// taken for unknown because the database is away.
func (p People) user(ctx context.Context, where string, arg any) (store.User, error) {
	var u store.User
	fields, done := userFields(&u)
	err := p.q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM accounts AS a WHERE `+where, arg).Scan(fields...)
	if errors.Is(err, sql.ErrNoRows) {
		return store.User{}, store.ErrNotFound
	}
	if err == nil {
		err = done()
	}
	return u, wrap("user", err)
}

// User implements [store.People].
func (p People) User(ctx context.Context, id string) (store.User, error) {
	return p.user(ctx, `a.access_id = ?1`, id)
}

// UserByAddress implements [store.People]. Many accounts may have no key.
func (p People) UserByAddress(ctx context.Context, addressKey string) (store.User, error) {
	return p.user(ctx, `a.address_key = ?1 AND a.address_key <> ''`, addressKey)
}

// CreateUser implements [store.PeopleWriter]: a first sign-on makes a row of the host's.
func (p People) CreateUser(ctx context.Context, u store.User) error {
	if u.ID == "" {
		return errors.New("accounts: user without an id")
	}
	if u.Version != 0 {
		return store.ErrConflict
	}
	n, err := p.exec(ctx, `INSERT INTO accounts (access_id, mail, address_key, mail_confirmed, first_name, last_name,
			names_from, pw, pw_by_user, active, created, display_name, version)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1) ON CONFLICT DO NOTHING`,
		u.ID, u.Address, u.AddressKey, u.AddressVerified, u.FirstName, u.LastName,
		u.NamesFrom, u.Password, u.PasswordSetByUser, !u.Disabled, u.CreatedAt.UTC().Format(instant), shown(u))
	if err == nil && n == 0 {
		return store.ErrExists // its id or its address: of two at once one made it
	}
	return wrap("create user", err)
}

// UpdateUser implements [store.PeopleWriter]. The password is among what is written: an
// account that is emptied, because somebody else has proven its address, has to lose it.
func (p People) UpdateUser(ctx context.Context, u store.User) error {
	// OR IGNORE leaves the row as it is when another one has the address.
	n, err := p.exec(ctx, `UPDATE OR IGNORE accounts SET mail = ?2, address_key = ?3, mail_confirmed = ?4,
			display_name = CASE WHEN first_name = ?5 AND last_name = ?6 THEN display_name ELSE ?12 END,
			first_name = ?5, last_name = ?6, names_from = ?7, pw = ?8, pw_by_user = ?9, active = ?10, created = ?11,
			version = version + 1
		WHERE access_id = ?1 AND version = ?13`,
		u.ID, u.Address, u.AddressKey, u.AddressVerified, u.FirstName, u.LastName,
		u.NamesFrom, u.Password, u.PasswordSetByUser, !u.Disabled, u.CreatedAt.UTC().Format(instant), shown(u), u.Version)
	if err != nil || n == 1 {
		return wrap("update user", err)
	}
	now, err := p.User(ctx, u.ID)
	switch {
	case err != nil:
		return err // store.ErrNotFound, or a fault
	case now.Version != u.Version:
		return store.ErrConflict
	}
	return store.ErrExists
}

// DeleteUser implements [store.PeopleWriter]. A host whose other tables refer to an
// account deletes what hangs on it here, or lets the foreign key refuse.
func (p People) DeleteUser(ctx context.Context, id string) error {
	_, err := p.exec(ctx, `DELETE FROM team_members WHERE account_id = (SELECT id FROM accounts WHERE access_id = ?1)`, id)
	if err != nil {
		return wrap("delete user", err)
	}
	return p.one(ctx, "delete user", `DELETE FROM accounts WHERE access_id = ?1`, id)
}

// shown is the name in one piece, as the host's pages show it.
func shown(u store.User) string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// exec counts the rows that a statement has changed.
func (p People) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := p.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// one is exec for a statement that changes one row, or finds none.
func (p People) one(ctx context.Context, what, query string, args ...any) error {
	n, err := p.exec(ctx, query, args...)
	switch {
	case err != nil:
		return wrap(what, err)
	case n == 0:
		return store.ErrNotFound
	case n > 1:
		return fmt.Errorf("accounts: %s: %d rows", what, n)
	}
	return nil
}
