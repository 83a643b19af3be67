//go:build !unix

package main

import "time"

// began is when the process did.
var began = time.Now()

// worked is the time on the wall where the processor's cannot be had.
func worked() time.Duration { return time.Since(began) }
