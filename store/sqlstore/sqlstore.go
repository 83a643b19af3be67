package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/accesssec/accesssec-go/store"
)

// Querier is *sql.DB or *sql.Tx.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// People is the part a host may bring: accounts and who belongs where.
type People interface {
	store.People
	store.PeopleWriter
}

// Options of a [Store]; Open and Migrate must be given the same.
type Options struct {
	// People, when set, is asked for the host's own accounts and memberships: with the
	// *sql.DB for reads, and with the *sql.Tx inside RunInTx and Join. It is called often
	// and must be cheap. Our users and memberships tables are then not made, and no
	// statement of ours touches the host's. What it answers has to keep the contract of
	// package store: storetest.Run judges it with the rest. In particular a write that
	// comes back with an error that is no sentinel ends the transaction.
	People func(q Querier) People
	// Prefix begins the name of every table and index. "" is "accesssec_". A lower-case
	// letter, then such letters, digits and underscores; at most 24 in all.
	Prefix string
	// Schema is where the tables are, on PostgreSQL. "" is the first of the connection's
	// search path. Migrate makes it when it is missing. As Prefix.
	Schema string
}

// Store implements [store.Store] on a pool. It is safe for concurrent use, keeps nothing
// but prepared statements, and needs no closing: it ends with the pool.
type Store struct {
	conn
	db    *sql.DB
	texts texts
	turn  chan struct{} // of SQLite's one writer; nil on PostgreSQL
}

var _ store.Store = (*Store)(nil)

// Open makes a Store of a pool. It asks the database nothing: whether the tables are
// there is for [Migrate] to see to. Its errors are those of bad options.
func Open(db *sql.DB, d Dialect, opts *Options) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: Open needs a database")
	}
	n, err := namesOf(d, opts)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, texts: texts{names: n, kept: map[string]*text{}}}
	if d == SQLite {
		s.turn = make(chan struct{}, 1)
	}
	s.conn = s.on(db, nil)
	return s, nil
}

// names is how a dialect and options turn names into names.
type names struct {
	dialect        Dialect
	schema, prefix string // schema with its dot
	people         func(Querier) People
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]{0,23}$`)

func namesOf(d Dialect, opts *Options) (names, error) {
	if opts == nil {
		opts = &Options{}
	}
	n := names{dialect: d, prefix: opts.Prefix, people: opts.People}
	if n.prefix == "" {
		n.prefix = "accesssec_"
	}
	if !identifier.MatchString(n.prefix) {
		return n, fmt.Errorf("sqlstore: Options.Prefix %q: want a lower-case letter, then such letters, digits and underscores, at most 24 in all", opts.Prefix)
	}
	switch {
	case d != PostgreSQL && d != SQLite:
		return n, errors.New("sqlstore: the dialect is PostgreSQL or SQLite")
	case opts.Schema == "":
	case d == SQLite:
		return n, errors.New("sqlstore: Options.Schema is for PostgreSQL")
	case !identifier.MatchString(opts.Schema):
		return n, fmt.Errorf("sqlstore: Options.Schema %q: want a lower-case letter, then such letters, digits and underscores, at most 24 in all", opts.Schema)
	default:
		n.schema = opts.Schema + "."
	}
	return n, nil
}
