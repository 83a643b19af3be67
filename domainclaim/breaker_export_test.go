package domainclaim

// Kept is how many looks, claims and owners a breaker remembers.
func (b *Breaker) Kept() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n + len(b.at) + len(b.owners) + len(b.domains)
}
