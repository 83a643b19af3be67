package totp

import "time"

// The limits on guessing: NIST SP 800-63B-4, section 3.2.2. With three steps good at a
// time, a hundred guesses at six digits are right with a chance of 0.03 %.
const (
	freeAttempts = 5
	firstWait    = 30 * time.Second
	longestWait  = time.Hour
	mostAttempts = 100
)

// limit counts the attempts since the last one that was right, the one under way
// included. Waiting alone never brings the count down.
type limit struct {
	Fails  int       `json:"fails,omitempty"`
	NextAt time.Time `json:"next_at,omitzero"` // no attempt before; zero: at once
}

// book counts one more attempt at now, as if it had failed.
func (l limit) book(now time.Time) (limit, error) {
	if l.disabled() {
		return l, ErrDisabled
	}
	if now.Before(l.NextAt) {
		return l, &LockedError{RetryAfter: l.NextAt.Sub(now)}
	}
	l.Fails = max(l.Fails, 0) + 1
	if l.Fails >= freeAttempts {
		l.NextAt = now.Add(waitAfter(l.Fails))
	}
	return l, nil
}

// broken reports whether book could not have made l, or l could not be kept: the years of
// a time in JSON have four digits.
func (l limit) broken() bool {
	return l.Fails < 0 || !l.NextAt.IsZero() && !kept(l.NextAt)
}

func (l limit) disabled() bool { return l.Fails >= mostAttempts }

// waitAfter is 30 seconds after the fifth attempt, doubled by each one after it.
func waitAfter(fails int) time.Duration {
	wait := firstWait
	for n := freeAttempts; n < fails && wait < longestWait; n++ {
		wait *= 2
	}
	return min(wait, longestWait)
}
