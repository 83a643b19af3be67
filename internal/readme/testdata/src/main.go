// Package src is a fixture: the files of the documents beside it quote it.
package src

// region all
func all(n int) int {
	// region setup
	if n > 0 {
		n++
	}
	// endregion setup
	return n
}

// endregion

// region empty
// endregion
