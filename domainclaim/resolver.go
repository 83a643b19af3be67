package domainclaim

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// ResolverOptions changes how a server is asked.
type ResolverOptions struct {
	// Timeout bounds one look-up with all its packets, aliases and its change to TCP;
	// 0 is 3 seconds. A packet that may be lost is sent again half-way.
	Timeout time.Duration
}

// NewResolver asks one DNS server, given as an IP address with or without a port (53
// when there is none). It is no host name: who answers must not depend on DNS.
//
// Each question goes out by UDP from a socket and with an id of its own; the answer
// must come from the server and repeat both id and question. A truncated answer is
// fetched by TCP. Nothing is cached.
func NewResolver(server string, opts *ResolverOptions) (Resolver, error) {
	if opts == nil {
		opts = &ResolverOptions{}
	}
	c, err := newClient(server, opts.Timeout)
	if err != nil {
		return nil, err // and no Resolver that holds a nil
	}
	return c, nil
}

func newClient(server string, timeout time.Duration) (*client, error) {
	addr, err := netip.ParseAddrPort(server)
	if err != nil {
		ip, ipErr := netip.ParseAddr(strings.Trim(server, "[]"))
		if ipErr != nil {
			return nil, fmt.Errorf("domainclaim: DNS server %q: want an IP address and a port", printable(server, maxShown))
		}
		addr = netip.AddrPortFrom(ip, dnsPort)
	}
	if addr.Port() == 0 || addr.Addr().IsUnspecified() {
		return nil, fmt.Errorf("domainclaim: DNS server %q: nobody can be asked there", printable(server, maxShown))
	}
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	return &client{server: addr.String(), timeout: timeout}, nil
}

// dnsPort is where name servers listen.
const dnsPort = 53

const resolvConf = "/etc/resolv.conf"

// The bounds of the configuration file; more than three servers is more than the
// system's own resolver asks.
const (
	maxConf    = 64 << 10
	maxServers = 3
)

// SystemResolvers are the servers in /etc/resolv.conf, at most three. Its search list
// is not used: the names that are asked for are complete.
func SystemResolvers() ([]Resolver, error) {
	servers, err := systemServers()
	if err != nil {
		return nil, err
	}
	resolvers := make([]Resolver, 0, len(servers))
	for _, server := range servers {
		r, err := NewResolver(server, nil)
		if err != nil {
			return nil, err
		}
		resolvers = append(resolvers, r)
	}
	return resolvers, nil
}

// systemServers are host:port.
func systemServers() ([]string, error) {
	f, err := os.Open(resolvConf)
	if err != nil {
		return nil, fmt.Errorf("domainclaim: the system's DNS servers: %w", err)
	}
	defer f.Close()
	found, err := parseResolvConf(f)
	if err != nil {
		return nil, err
	}
	servers := make([]string, len(found))
	for i, ip := range found {
		servers[i] = net.JoinHostPort(ip.String(), strconv.Itoa(dnsPort))
	}
	return servers, nil
}

// parseResolvConf returns the usable name servers of a resolv.conf(5), which has at
// least one or is an error.
func parseResolvConf(r io.Reader) ([]netip.Addr, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxConf+1))
	if err != nil {
		return nil, fmt.Errorf("domainclaim: the system's DNS servers: %w", err)
	}
	if len(text) > maxConf {
		return nil, fmt.Errorf("domainclaim: the system's DNS servers: %s is longer than %d bytes", resolvConf, maxConf)
	}
	var servers []netip.Addr
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		ip, err := netip.ParseAddr(fields[1])
		if err != nil || ip.IsUnspecified() {
			continue
		}
		if servers = append(servers, ip); len(servers) == maxServers {
			break
		}
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("domainclaim: the system's DNS servers: %s names none", resolvConf)
	}
	return servers, nil
}
