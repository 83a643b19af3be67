package memory

// undo remembers how to take back what a transaction did, newest last.
type undo struct {
	steps []func()
}

func (u *undo) add(step func()) { u.steps = append(u.steps, step) }

// mark is where a rollback may later stop.
func (u *undo) mark() int { return len(u.steps) }

// back takes back all that was done since mark.
func (u *undo) back(mark int) {
	for i := len(u.steps) - 1; i >= mark; i-- {
		u.steps[i]()
		u.steps[i] = nil
	}
	u.steps = u.steps[:mark]
}
