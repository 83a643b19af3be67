package domainclaim

import (
	"context"
	"errors"
	"net"
	"time"
)

// AuthorityOptions changes how name servers are found and asked.
type AuthorityOptions struct {
	// Servers are the resolvers that are asked for the name servers of a zone and for their
	// addresses, each an IP address with or without a port. Empty: the system's.
	Servers []string
	// Dial connects to resolvers and name servers; nil is a net.Dialer. Whose address is not
	// public is never dialled as a name server, whatever Dial is: who owns a domain chooses
	// the addresses of its name servers, and none of them may lead into the host's network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout bounds one question; 0 is 3 seconds.
	Timeout time.Duration
}

// NewAuthority finds the zone of a name by asking resolvers, and asks the zone's name
// servers at their public addresses.
func NewAuthority(opts *AuthorityOptions) (Authority, error) {
	return nil, errors.New("domainclaim: not built yet")
}
