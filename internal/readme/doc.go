// Package readme holds what the Markdown files say to what the repository is: Go
// snippets equal regions of compiled files, the commands of a first try are run by
// the checks, and relative links lead somewhere. It owns no prose and no style, and
// asks no network: links to other sites are left alone.
//
// A snippet names its origin in the info string of its fence (CommonMark 0.31, 4.5):
//
//	```go file=examples/quickstart/main.go region=setup
//
// and the file marks the region with "// region setup" and "// endregion" on lines
// of their own. Regions may nest; marker lines are no part of the text. Without
// region= the snippet is the whole file.
//
// Start with [Snippets], [Commands] and [Links]. They return one problem a line,
// each with the place to look at, and are pure but for reading from the given file
// system.
package readme
