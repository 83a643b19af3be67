// Package publicaddr says which IP addresses are of the public internet. It is for what
// connects to an address that a stranger chose, and must not be led into the host's own
// network that way. It refuses to resolve and to connect: its callers do, and ask with the
// address they are about to use. Start with [Is].
//
// Sources: RFC 6890 and the registries of IANA that it made, RFC 6052.
package publicaddr

import "net/netip"

// Is says whether an address is one of the public internet: global unicast by the
// registries of IANA for special purposes (RFC 6890), and not one of the few that mean
// something else in places. Only what is known to be public is. It is safe for concurrent
// use.
func Is(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	if a = a.Unmap(); a.Is4() {
		return !inRanges(a, special4())
	}
	// An IPv4 address behind a NAT64 gateway (RFC 6052) is as public as it is itself.
	if netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
		b := a.As16()
		return Is(netip.AddrFrom4([4]byte(b[12:])))
	}
	return netip.MustParsePrefix("2000::/3").Contains(a) && !inRanges(a, special6())
}

func inRanges(a netip.Addr, prefixes []string) bool {
	for _, p := range prefixes {
		if netip.MustParsePrefix(p).Contains(a) {
			return true
		}
	}
	return false
}

func special4() []string {
	return []string{
		"0.0.0.0/8",        // this network, and the unspecified address
		"10.0.0.0/8",       // private
		"100.64.0.0/10",    // behind a provider's NAT; metadata of one cloud
		"127.0.0.0/8",      // loopback
		"168.63.129.16/32", // the host of virtual machines in one cloud
		"169.254.0.0/16",   // link-local; metadata of most clouds
		"172.16.0.0/12",    // private
		"192.0.0.0/24",     // protocol assignments; metadata of one cloud
		"192.0.2.0/24",     // documentation
		"192.88.99.0/24",   // 6to4 relays, no longer in use
		"192.168.0.0/16",   // private
		"198.18.0.0/15",    // benchmarks
		"198.51.100.0/24",  // documentation
		"203.0.113.0/24",   // documentation
		"224.0.0.0/4",      // multicast
		"240.0.0.0/4",      // reserved, and broadcast
	}
}

// special6 is what of 2000::/3 is no address of a server.
func special6() []string {
	return []string{
		"2001::/23",     // protocol assignments, Teredo among them, which hides IPv4 addresses
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4, which hides IPv4 addresses
		"3fff::/20",     // documentation
	}
}
