//go:build unix

package main

import (
	"syscall"
	"time"
)

// worked is the processor time this process has used, the collector's included: on a
// machine that others use too, the time on the wall says more about them.
func worked() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
