// Package sqlstore is a [store.Store] on database/sql, for PostgreSQL (13 or later) and
// SQLite (3.37 or later). Driver and pool are the host's: this package imports neither.
//
// It owns the tables, the migrations that make them and every statement on them. It
// refuses nothing that the contract of package store allows, and adds nothing to it but
// two ways for a host to share its database: [Options.People], which answers for the
// host's own accounts, and [Store.Join], which works inside the host's own transaction.
//
// Start with [Migrate] and [Open].
//
// # PostgreSQL
//
// Transactions are SERIALIZABLE. One that PostgreSQL undoes because of another is run
// again, a bounded number of times, with growing pauses. What has to commit by itself
// is READ COMMITTED. The driver must tell its SQLSTATE by a method of that name on its
// errors, as pgx and lib/pq do. Statements are prepared: a pooler in between has to know
// of that (PgBouncer does from 1.21 on).
//
// # SQLite
//
// Every transaction is BEGIN IMMEDIATE, on one connection, whatever the host's DSN says,
// and those of one Store wait for each other in the order they came. Open the database in
// WAL mode and with a busy timeout, or readers fail while somebody writes:
//
//	sql.Open("sqlite", "file:app.db?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)") // modernc.org/sqlite
//	sql.Open("sqlite3", "file:app.db?_journal=WAL&_timeout=5000")                          // github.com/mattn/go-sqlite3
package sqlstore
