package saml

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/accesssec/accesssec-go/internal/publicaddr"
)

// errNotPublic is why the guarded dialer gives up.
var errNotPublic = errors.New("saml: an address that is not on the public internet")

// dialPublic connects to public addresses only. The rule is asked with the address of
// each connection about to be made, after names were resolved, so that a name that
// changes its answer between a check and its use has nothing to gain.
func dialPublic(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		Timeout: 10 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !publicaddr.Is(to.Addr()) {
				return errNotPublic
			}
			return nil
		},
	}
	return d.DialContext(ctx, network, address)
}
