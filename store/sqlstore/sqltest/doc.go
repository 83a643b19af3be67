// Package sqltest opens databases for the tests of sqlstore: its sub-packages run the
// conformance suite of stores, the tests of whole flows and what is particular to each
// database. Each test is written once, as a function over a [Database]; where a test takes
// several processes, its binary starts itself again ([Main]).
//
// It is a module of its own, so that no driver comes to a host that does not want it.
package sqltest
