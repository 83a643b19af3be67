package password

import "golang.org/x/crypto/bcrypt"

// SetCompute puts f in place of Argon2id, to watch what it is asked for.
func (h *Hasher) SetCompute(f func(memory, time uint32, lanes uint8, salt []byte, n uint32) []byte) {
	h.compute = func(_, salt []byte, c cost, n uint32) []byte {
		return f(c.memory, c.time, c.lanes, salt, n)
	}
}

// Reformat parses a hash and writes it again.
func Reformat(hash string) (string, error) {
	p, err := parsePHC(hash)
	if err != nil {
		return "", err
	}
	return p.String(), nil
}

// Listed reports whether a word is one of the common passwords.
func Listed(word string) bool { return listed(word) }

// CommonList is how many there are, and whether they are in order.
func CommonList() (n int, ordered bool) {
	ordered = len(commonHashes)%commonLen == 0
	for at := commonLen; at < len(commonHashes); at += commonLen {
		ordered = ordered && commonHashes[at-commonLen:at] < commonHashes[at:at+commonLen]
	}
	return len(commonHashes) / commonLen, ordered
}

// ForeignCost is how many bytes another system's hash takes, and which part of the most work.
func ForeignCost(hash string) (memory int, work float64, err error) {
	f, err := parseForeign(hash)
	switch h := f.(type) {
	case bcryptHash:
		cost, _ := bcrypt.Cost([]byte(h))
		work = float64(int(1)<<cost) / (1 << 14)
	case scryptHash:
		memory, work = 128*h.r*h.n, float64(h.n*h.r*h.p)/maxScryptWork
	case pbkdf2Hash:
		work = float64(h.iter) / maxIterations
	}
	return memory, work, err
}
