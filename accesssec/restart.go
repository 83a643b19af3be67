package accesssec

import (
	"context"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/internal/throttle"
	"github.com/accesssec/accesssec-go/saml"
)

// limitRestart is how often one person, or one browser, is sent to the identity provider
// unasked before they see a page: what leads to nothing must not go round for ever.
var limitRestart = throttle.Limit{Free: 3, First: time.Minute, Max: 5 * time.Minute, Forget: 15 * time.Minute}

// restart starts a sign-in for who came with an answer to no request of this browser's.
// It is nil when they have been sent there just now. What comes of it forgets the count.
func (s *Service) restart(ctx context.Context, v Visit, conn kept[connection], who string, opts StartOptions) (*saml.Bounce, error) {
	if v.id() == "" {
		return nil, nil
	}
	k := counter{name: "restart\x00" + conn.ID + "\x00" + who, limit: limitRestart}
	tired, err := s.failed(ctx, k)
	if err != nil || tired {
		return nil, err
	}
	if !slices.Contains(opts.restarted, k.id()) {
		opts.restarted = append(slices.Clone(opts.restarted), k.id())
	}
	return s.begin(ctx, v, conn, &opts)
}
