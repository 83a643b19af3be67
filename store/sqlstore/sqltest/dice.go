package sqltest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"strconv"
	"testing"
)

// dice are numbers that come of a seed: the same ones for the same seed.
type dice struct {
	seed string
	next uint64
}

// newDice throws with the seed in SQLTEST_SEED, or with a new one, and says which.
func newDice(t *testing.T) *dice {
	t.Helper()
	seed := os.Getenv("SQLTEST_SEED")
	if seed == "" {
		seed = rand.Text()
	}
	t.Logf("SQLTEST_SEED=%s throws the same again", seed)
	return &dice{seed: seed}
}

// roll is a number from 0 to n-1.
func (d *dice) roll(n int) int {
	sum := sha256.Sum256([]byte(d.seed + strconv.FormatUint(d.next, 10)))
	d.next++
	return int(binary.BigEndian.Uint32(sum[:]) % uint32(n))
}

// once says yes once in n times.
func (d *dice) once(n int) bool { return d.roll(n) == 0 }

func pick[T any](d *dice, list []T) T { return list[d.roll(len(list))] }
