package memory

// undo remembers how to take back what a transaction did, newest last.
type undo struct {
	steps []step
}

// step is one change of a row, or anything else.
type step struct {
	of      restorer
	at      place
	old, is any    // rows of it; nil: there was none, there is none any more
	back    func() // in place of all that
}

// restorer takes back one change of its rows.
type restorer interface {
	restore(at place, old, is any)
}

func (u *undo) add(back func()) { u.steps = append(u.steps, step{back: back}) }

func (u *undo) row(of restorer, at place, old, is any) {
	u.steps = append(u.steps, step{of: of, at: at, old: old, is: is})
}

// mark is where a rollback may later stop.
func (u *undo) mark() int { return len(u.steps) }

// back takes back all that was done since mark.
func (u *undo) back(mark int) {
	for i := len(u.steps) - 1; i >= mark; i-- {
		if s := u.steps[i]; s.back != nil {
			s.back()
		} else {
			s.of.restore(s.at, s.old, s.is)
		}
		u.steps[i] = step{}
	}
	u.steps = u.steps[:mark]
}

// mostSpare is how many steps are room that is kept for the next transaction.
const mostSpare = 1024

// room is what u leaves for the next transaction. u is not used any more.
func (u *undo) room() []step {
	steps := u.steps
	u.steps = nil
	if cap(steps) > mostSpare {
		return nil
	}
	clear(steps)
	return steps[:0]
}
