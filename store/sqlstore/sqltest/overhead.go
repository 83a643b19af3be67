package sqltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

// raw is database/sql by hand: the statements of the store, prepared, and nothing around
// them.
type raw struct {
	d       Database
	db      *sql.DB
	ctx     context.Context
	session *sql.Stmt
	user    *sql.Stmt
	rename  *sql.Stmt
	create  *sql.Stmt
}

const (
	rawSession = "hash, id, user_id, org_id, connection_id, role, methods, restricted, idp_session, ip, agent, created_at, seen_at, idle_at, end_at, proved_at, version"
	rawUser    = "id, address, address_key, address_verified, first_name, last_name, names_from, password, password_set_by_user, disabled, created_at, version"
)

func newRaw(b *testing.B, d Database) *raw {
	b.Helper()
	r := &raw{d: d, db: d.Pool(b), ctx: b.Context()}
	for s, text := range map[**sql.Stmt]string{
		&r.session: "SELECT " + rawSession + " FROM {sessions} WHERE hash = $1",
		&r.user:    "SELECT " + rawUser + " FROM {users} WHERE id = $1",
		&r.rename:  "UPDATE {users} SET first_name = $2, version = version + 1 WHERE id = $1 AND version = $3",
		&r.create:  "INSERT INTO {sessions} (" + rawSession + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1) ON CONFLICT DO NOTHING",
	} {
		for _, table := range []string{"sessions", "users"} {
			text = strings.ReplaceAll(text, "{"+table+"}", d.qualified("accesssec_"+table))
		}
		if d.Dialect == sqlstore.SQLite {
			text = strings.ReplaceAll(text, "$", "?")
		}
		var err error
		*s, err = r.db.PrepareContext(r.ctx, text)
		must(b, err)
		b.Cleanup(func() { (*s).Close() })
	}
	return r
}

// lookup reads one session.
func (r *raw) lookup(hash store.Hash) error {
	var s store.Session
	var h, methods []byte
	var at [5]any
	return r.session.QueryRowContext(r.ctx, hash[:]).Scan(&h, &s.ID, &s.UserID, &s.OrgID, &s.ConnectionID, &s.Role, &methods, &s.Restricted,
		&s.IdPSession, &s.IP, &s.Agent, &at[0], &at[1], &at[2], &at[3], &at[4], &s.Version)
}

// at is an instant as the tables have it.
func (r *raw) at(t time.Time) any {
	if r.d.Dialect == sqlstore.SQLite {
		return t.Format("2006-01-02T15:04:05.000000Z")
	}
	return t
}

// change reads a person, writes them, and makes a session.
func (r *raw) change(s store.Session) error {
	conn, err := r.db.Conn(r.ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	level := sql.LevelSerializable
	if r.d.Dialect == sqlstore.SQLite {
		level = sql.LevelDefault
	}
	tx, err := conn.BeginTx(r.ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var u store.User
	var created any
	err = tx.StmtContext(r.ctx, r.user).QueryRowContext(r.ctx, s.UserID).Scan(&u.ID, &u.Address, &u.AddressKey, &u.AddressVerified, &u.FirstName,
		&u.LastName, &u.NamesFrom, &u.Password, &u.PasswordSetByUser, &u.Disabled, &created, &u.Version)
	if err != nil {
		return err
	}
	if _, err := tx.StmtContext(r.ctx, r.rename).ExecContext(r.ctx, u.ID, s.ID, u.Version); err != nil {
		return err
	}
	_, err = tx.StmtContext(r.ctx, r.create).ExecContext(r.ctx, s.Hash[:], s.ID, s.UserID, s.OrgID, s.ConnectionID, s.Role, `["sso"]`, s.Restricted,
		s.IdPSession, s.IP, s.Agent, r.at(s.CreatedAt), r.at(s.SeenAt), r.at(s.IdleAt), r.at(s.EndAt), nil)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// Overhead compares the store with database/sql by hand, for the same statements: a look
// at a session, and a change of one read and two writes.
func Overhead(b *testing.B, d Database) {
	s := d.emptied(b)
	newChanges(b, s)
	ctx := b.Context()
	known := newSession()
	must(b, s.RunInTx(ctx, func(tx store.Tx) error { return tx.CreateSession(ctx, known) }))
	r := newRaw(b, d)
	for name, pair := range map[string][2]func() error{
		"session": {
			func() error { return r.lookup(known.Hash) },
			func() error { _, err := s.SessionByHash(ctx, known.Hash); return err },
		},
		"change": {
			func() error { return r.change(newSession()) },
			func() error {
				made := newSession()
				return s.RunInTx(ctx, func(tx store.Tx) error {
					u, err := tx.User(ctx, made.UserID)
					if err != nil {
						return err
					}
					u.FirstName = made.ID
					if err := tx.UpdateUser(ctx, u); err != nil {
						return err
					}
					return tx.CreateSession(ctx, made)
				})
			},
		},
	} {
		for i, by := range []string{"database", "store"} {
			b.Run(fmt.Sprintf("%s/by=%s", name, by), func(b *testing.B) {
				b.ReportAllocs()
				must(b, pair[i]())
				for b.Loop() {
					must(b, pair[i]())
				}
			})
		}
		b.Run(name+"/ratio", func(b *testing.B) {
			must(b, pair[0]())
			must(b, pair[1]())
			takeTurns(b, "store/database", func() {}, [2]func(){func() { must(b, pair[0]()) }, func() { must(b, pair[1]()) }})
		})
	}
}

func newSession() store.Session {
	var hash store.Hash
	rand.Read(hash[:])
	return session(rand.Text(), hash, "member")
}
