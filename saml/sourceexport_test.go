package saml

import (
	"context"
	"net"
)

// DialPublic is what guards Source.Fetch when it has no Dial.
func DialPublic(ctx context.Context, network, address string) (net.Conn, error) {
	return dialPublic(ctx, network, address)
}
