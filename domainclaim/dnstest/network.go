package dnstest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// Network is a made-up Internet: addresses with servers behind them. Name servers are
// dialled at public addresses alone, and tests have none, so [Network.Dial] brings who
// dials one to the server that was placed there. Its methods are safe for concurrent use.
type Network struct {
	mu      sync.Mutex
	servers map[netip.Addr]*Server
	dialled []string
}

// NewNetwork makes a network where nobody is.
func NewNetwork() *Network {
	return &Network{servers: map[netip.Addr]*Server{}}
}

// Place puts the server at port 53 of an address, where only who uses Dial finds it.
func (n *Network) Place(at netip.Addr, s *Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers[at] = s
}

// Dial is for domainclaim.AuthorityOptions. Besides the addresses of servers that were
// placed it lets through to [Server.Addr] of any server; where nobody is it fails.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("dnstest: %w", err)
	}
	n.mu.Lock()
	n.dialled = append(n.dialled, address)
	s := n.servers[to.Addr()]
	n.mu.Unlock()
	var d net.Dialer
	switch {
	case s != nil && to.Port() == 53:
		return d.DialContext(ctx, network, s.Addr())
	case to.Addr().IsLoopback() && to.Port() != 53:
		return d.DialContext(ctx, network, address)
	}
	return nil, fmt.Errorf("dnstest: nobody is at %s", address)
}

// Dialled are the addresses that were dialled so far, in order, with those where nobody
// is.
func (n *Network) Dialled() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.dialled...)
}

// Authority asks these resolvers for name servers, by [Server.SetNS] and [Server.SetAddr],
// and those where they were placed, by [Server.SetZone]. A question that is dropped ends
// after two seconds.
func (n *Network) Authority(resolver *Server, more ...*Server) domainclaim.Authority {
	servers := []string{resolver.Addr()}
	for _, s := range more {
		servers = append(servers, s.Addr())
	}
	a, err := domainclaim.NewAuthority(&domainclaim.AuthorityOptions{Servers: servers, Dial: n.Dial, Timeout: patience})
	if err != nil {
		// Not to be had from outside: Addr is an address and a port.
		panic("dnstest: " + err.Error())
	}
	return a
}
