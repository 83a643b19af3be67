// Package archtest holds the tests of the module's own shape: which package may
// import which, who may mint a session or open a transaction, and where clocks,
// XML and package-level state are allowed. It has tests only and exports nothing.
//
// Start with table_test.go: it lists every package with its allowed imports and
// the reason for each. A package without a row fails the test, so a new package
// begins there. The tests read source files and need no build of what they judge.
package archtest
