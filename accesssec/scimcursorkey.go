package accesssec

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// scimCursorKey signs the cursors of lists, and is the same on every instance.
type scimCursorKey struct {
	Box []byte `json:"box"`
}

var scimCursorKeys = collection[scimCursorKey]{"scim_cursor_key"} // one, in no org

const theCursorKey = "cursors"

// cursorKey reads the key, or makes it. One that does not open, for an instance whose ring is
// another, is nil beside no error: then cursors are good on this instance alone, and for none
// is more lost than that a list begins anew.
func (s *Service) cursorKey(ctx context.Context) ([]byte, error) {
	k, err := scimCursorKeys.get(ctx, s.store, "", theCursorKey)
	for range 3 {
		if !errors.Is(err, store.ErrNotFound) {
			break
		}
		var fresh [32]byte
		rand.Read(fresh[:]) // never fails: the program is ended instead
		k = scimCursorKeys.fresh("", theCursorKey, "", s.now(), time.Time{}, scimCursorKey{s.keys.Seal(fresh[:], "scim cursors", theCursorKey)})
		err = s.upkeep(ctx, func(tx store.Tx) error { return scimCursorKeys.put(ctx, tx, k) })
		if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) { // another instance has just made one
			k, err = scimCursorKeys.get(ctx, s.store, "", theCursorKey)
		}
	}
	if err != nil {
		return nil, err
	}
	key, err := s.keys.Open(k.Value.Box, "scim cursors", theCursorKey)
	if err != nil || len(key) < 32 {
		s.opts.Log.ErrorContext(ctx, "accesssec: the key of SCIM cursors does not open; they are good on this instance alone", "err", err)
		return nil, nil
	}
	return key, nil
}
