package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

const (
	// settleFor is how long a key has to be the current one before what others have sealed
	// is sealed under it: while a host deploys, and when it takes that back, instances run
	// that do not have it yet.
	settleFor = 6 * time.Hour
	// walkAfter is when everything is looked at again, though all of it was under the
	// current key: an instance with another one may have sealed since.
	walkAfter = 7 * 24 * time.Hour

	// One run of the job ends after either, and goes on in the next.
	mostCalls  = 5000 // of the store
	longestRun = 2 * time.Minute

	saveAfter = 500 // calls, the place is written down
)

// resealing is how far that has come: one for all instances.
type resealing struct {
	Box   []byte      `json:"box"`            // nothing, sealed by the key that all this is about
	Since time.Time   `json:"since"`          // that key is the current one
	Whole time.Time   `json:"whole,omitzero"` // when the last walk began, if it left nothing over
	Left  int         `json:"left,omitempty"` // over, of the last walk
	Begun time.Time   `json:"begun,omitzero"` // the walk under way; zero: there is none
	At    sealedPlace `json:"at,omitzero"`    // how far it is
	Over  int         `json:"over,omitempty"` // left so far
}

var resealings = collection[resealing]{"resealed"}

const resealingID = "resealed"

// about reports whether it is about the current key.
func (s *Service) about(r resealing) bool {
	if s.keys.Stale(r.Box) {
		return false
	}
	_, err := s.keys.Open(r.Box, "resealed") // the key's name alone proves nothing
	return err == nil
}

// Resealing is how far the sealing anew has come that follows a change of keys.
type Resealing struct {
	// Since is when the last look at everything began that found it under the current key,
	// or put it there, without exception; zero: there was none yet.
	Since time.Time
	// Left is how many values the last look at everything found sealed under another key
	// and had to leave so: their box does not open by any key of the ring, or somebody
	// else was writing them. Options.Log names each that does not open.
	Left int
}

// Resealed tells when an old key may leave the ring (seal.NewRing). What is kept for long,
// which is the keys of connections, the names that sessions have at identity providers,
// and second factors, is sealed under the current key in the background, by [Service.Run]
// or [Service.Tick]: six hours or more after a key has become the current one, and looked
// at again every week.
//
// An old key may leave when the last instance that sealed by it ended before
// Resealing.Since, and three days ago: what else is sealed, notices above all, is over by
// then, and is not sealed anew. What is sealed under a key that has left is lost.
//
// Bring all instances to the same ring within those six hours: after them, one without the
// new key can't open what it needs. Since is about the current key of the Service that is
// asked, and zero again as soon as an instance with another one has had the job.
func (s *Service) Resealed(ctx context.Context) (Resealing, error) {
	k, err := resealings.get(ctx, s.store, "", resealingID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !s.about(k.Value) {
		return Resealing{}, nil
	} else if err != nil {
		return Resealing{}, err
	}
	return Resealing{Since: k.Value.Whole, Left: k.Value.Left}, nil
}

var errPause = errors.New("accesssec: enough for one run")

// reseal seals under the current key what another one has sealed. It goes on where the run
// before it has stopped, whoever that was. What does not open is told, and keeps nothing
// else waiting.
func (s *Service) reseal(ctx context.Context, j leased) (result, error) {
	var res result
	k, err := s.resealing(ctx, j.body.Attempts)
	if err != nil || k.Value.Begun.IsZero() {
		return res, err
	}
	soon, cancel := context.WithTimeout(ctx, longestRun)
	defer cancel()
	calls, saved := 0, 0
	err = s.walkSealed(ctx, k.Value.At, func(at sealedPlace, kind sealedKind, page []store.Doc) error {
		k.Value.At = at // not looked at yet: whoever goes on begins with it
		pause := calls >= mostCalls || soon.Err() != nil
		if pause || calls-saved >= saveAfter {
			saved = calls
			if err := s.keepResealing(ctx, &k); err != nil {
				return err
			}
		}
		if pause {
			return errPause
		}
		calls++
		for _, d := range page {
			changed, left, err := s.sealAnew(ctx, kind, d)
			if err != nil {
				return err
			}
			if changed {
				calls, res.done = calls+1, res.done+1
			}
			if left {
				k.Value.Over++
			}
		}
		return nil
	})
	if errors.Is(err, errPause) {
		res.next = s.now()
		return res, nil
	} else if err != nil {
		return res, err
	}
	k.Value = k.Value.ended()
	return res, s.keepResealing(ctx, &k)
}

// resealing is how far it is, with a walk begun when one is due. After failures in a row it
// begins anew: the place that it was at may be one no more.
func (s *Service) resealing(ctx context.Context, failures int) (kept[resealing], error) {
	now := s.now()
	k, err := resealings.get(ctx, s.store, "", resealingID)
	if errors.Is(err, store.ErrNotFound) {
		k, err = resealings.fresh("", resealingID, "", now, time.Time{}, resealing{}), nil
	}
	if err != nil {
		return k, err
	}
	v := &k.Value
	switch {
	case !s.about(*v) || v.Since.After(now):
		*v = resealing{Box: s.keys.Seal(nil, "resealed"), Since: now}
		return k, s.keepResealing(ctx, &k)
	case now.Sub(v.Since) < settleFor:
		return k, nil
	case !v.Begun.IsZero() && failures < 3:
		return k, nil
	case v.Begun.IsZero() && !v.Whole.IsZero() && !v.Whole.After(now) && now.Sub(v.Whole) < walkAfter:
		return k, nil
	}
	v.Begun, v.At, v.Over = now, sealedPlace{}, 0
	return k, s.keepResealing(ctx, &k)
}

// ended is r at the end of its walk.
func (r resealing) ended() resealing {
	out := resealing{Box: r.Box, Since: r.Since, Left: r.Over}
	if r.Over == 0 {
		out.Whole = r.Begun
	}
	return out
}

// keepResealing writes down how far it is: one instance does, and another one that has
// taken the job meanwhile gets store.ErrConflict.
func (s *Service) keepResealing(ctx context.Context, k *kept[resealing]) error {
	err := s.upkeep(ctx, func(tx store.Tx) error { return resealings.put(ctx, tx, *k) })
	if err == nil {
		k.Version++
	}
	return err
}
