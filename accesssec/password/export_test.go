package password

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
