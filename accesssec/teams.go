package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/store"
)

// team is one of an org's: an Entry of its directory.
func (c *change) team(ctx context.Context, orgID, id string) (store.Entry, error) {
	e, err := c.Entry(ctx, orgID, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && e.Type != store.EntryGroup {
		return store.Entry{}, refuse(CodeNotFound, "no team of the organization")
	}
	return e, err
}
