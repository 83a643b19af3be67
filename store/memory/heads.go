package memory

// heads finds the first row of a chain by its hash. It is one array without pointers, in which
// who looks for a hash that is not there looks at one place: a map looks at three, and most
// questions of a write are whether something is there already. Linear probing, at most three
// quarters full.
type heads struct {
	slots []head // as many as a power of two; none at first
	n     int
}

// head is a hash with the first of its chain; nowhere in one that is free.
type head struct {
	hash  uint32
	first place
}

// slot is where hash stands, or would.
func (h *heads) slot(hash uint32) int {
	last := uint32(len(h.slots) - 1)
	i := hash & last
	for h.slots[i].first != nowhere && h.slots[i].hash != hash {
		i = (i + 1) & last
	}
	return int(i)
}

func (h *heads) get(hash uint32) place {
	if len(h.slots) == 0 {
		return nowhere
	}
	return h.slots[h.slot(hash)].first
}

func (h *heads) set(hash uint32, first place) {
	if 4*(h.n+1) > 3*len(h.slots) {
		h.grow()
	}
	i := h.slot(hash)
	if h.slots[i].first == nowhere {
		h.n++
	}
	h.slots[i] = head{hash, first}
}

func (h *heads) grow() {
	old := h.slots
	h.slots = make([]head, max(8, 2*len(old)))
	for _, s := range old {
		if s.first != nowhere {
			h.slots[h.slot(s.hash)] = s
		}
	}
}

// drop frees the place of a hash that is there. What stood behind it because that was taken
// moves up, so that nothing is looked for in vain.
func (h *heads) drop(hash uint32) {
	last := uint32(len(h.slots) - 1)
	free := uint32(h.slot(hash))
	for i := (free + 1) & last; h.slots[i].first != nowhere; i = (i + 1) & last {
		if home := h.slots[i].hash & last; (i-home)&last >= (i-free)&last {
			h.slots[free] = h.slots[i]
			free = i
		}
	}
	h.slots[free] = head{}
	h.n--
}
