//go:build !cgo

package sqlite_test

import _ "modernc.org/sqlite"

// drivers are the SQLite drivers, and how each is told to write ahead and to wait. The
// other one needs cgo.
func drivers() map[string]string {
	return map[string]string{
		"sqlite": "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(10000)&_pragma=synchronous(NORMAL)",
	}
}
