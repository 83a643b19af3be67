package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/internal/throttle"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// limitEncrypted bounds what fails behind a connection's private key from all networks
// together, where the connection takes AES-CBC: there, who can ask the key as often as they
// like can find out by how long it takes what a captured message holds. Elsewhere such a
// limit would help those alone who want to keep people out.
var limitEncrypted = throttle.Limit{Free: 150, First: 30 * time.Second, Max: 5 * time.Minute}

// encryptedCounters are asked before the key is used, and count what has failed behind it.
// A browser in which somebody has signed in through the connection is counted by itself,
// so that strangers can't keep its people out.
func (s *Service) encryptedCounters(ctx context.Context, v Visit, conn kept[connection]) ([]counter, error) {
	id := v.browser(encryptedName(conn.ID))
	known, err := browsers.get(ctx, s.store, "", id)
	if err == nil && s.now().Before(known.ExpiresAt) {
		return []counter{{name: "encrypted browser\x00" + id, limit: limitResponse, shared: true}}, nil
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	out := []counter{{name: "encrypted\x00" + conn.ID + "\x00" + network(v.IP), limit: limitResponse, shared: true}}
	if conn.Value.Rules.InsecureAllowCBC {
		out = append(out, counter{name: "encrypted\x00" + conn.ID, limit: limitEncrypted, shared: true})
	}
	return out, nil
}

// encryptedName stands where an address key does, and is none.
func encryptedName(connectionID string) string { return "encrypted\x00" + connectionID }

// guardKey has the limits asked before the key decrypts. They are asked, and not booked
// as for a password: a whole office signs in at once from one network.
func (s *Service) guardKey(ctx context.Context, v Visit, conn kept[connection], key *lazyKey) {
	key.guard = func() error {
		counters, err := s.encryptedCounters(ctx, v, conn)
		if err != nil {
			return err
		}
		for _, c := range counters {
			if err := s.open(ctx, c); err != nil {
				return locked(err, v)
			}
		}
		return nil
	}
}

// locked is a refusal at a connection's addresses by a limit. It leaves no line and no
// trace: those that led to it have.
func locked(err error, v Visit) error {
	var no *Refusal
	if errors.As(err, &no) {
		no.Trace, no.After, no.flood = v.Trace, v.After, true
	}
	return err
}

// countEncrypted counts what was refused behind the key before a signature held. What the
// identity provider itself has signed is no guess.
func (s *Service) countEncrypted(ctx context.Context, v Visit, conn kept[connection], key *lazyKey, err error) error {
	var bad *saml.Error
	if !errors.As(err, &bad) || !key.decrypted() || bad.AssertionID != "" {
		return nil
	}
	ctx, cancel := lingering(ctx)
	defer cancel()
	counters, err := s.encryptedCounters(ctx, v, conn)
	if err != nil {
		return err
	}
	for _, c := range counters {
		if _, err := s.failed(ctx, c); err != nil {
			return err
		}
	}
	return nil
}
