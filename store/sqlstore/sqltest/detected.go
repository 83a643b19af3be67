//go:build race

package sqltest

// Raced reports that the race detector is on, under which the flows take ten times as long.
const Raced = true
