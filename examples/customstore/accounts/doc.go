// Package accounts is the database of a small SaaS that had users long before it had
// single sign-on, and that keeps them where they are: in its own tables, under its own
// numbers, with its own password hashes and its own words for roles.
//
// It shows the three things such a host writes to use accesssec:
//
//   - access.sql and [Migrate]: the columns that are added, and how the rows that were
//     there before get their values;
//   - [People]: answers accesssec from these tables, for sqlstore.Options.People;
//   - [Passwords.Check]: verifies the host's own hashes, for accesssec.Options.PasswordCheck.
//
// The rest ([SignUp], [SetActive], [Adopt] and so on) is what such a host has anyway: its
// own statements on its own tables. They take a [sqlstore.Querier], so that they run
// inside one transaction with accesssec's part of the same change.
//
// It is written for SQLite. On PostgreSQL the statements are the same but for the names
// of parameters and for UPDATE OR IGNORE, which has to become a savepoint.
package accounts
