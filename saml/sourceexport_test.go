package saml

import (
	"context"
	"net"
	"net/netip"
)

// IsPublic and DialPublic are what guards Source.Fetch when it has no Dial.
func IsPublic(a netip.Addr) bool { return isPublic(a) }

func DialPublic(ctx context.Context, network, address string) (net.Conn, error) {
	return dialPublic(ctx, network, address)
}
