package dnstest

import (
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// records is what a server knows, by rooted names in lower case.
type records struct {
	txt        map[string][][]string
	alias      map[string]string
	ns         map[string][]string
	addr       map[string][]netip.Addr
	zones      map[string]uint32 // apex to the seconds that an absence may be kept
	ttls       map[string]uint32 // of those who have one of their own
	everywhere bool              // every registered domain is a zone as well
}

func newRecords() records {
	return records{
		txt: map[string][][]string{}, alias: map[string]string{}, ns: map[string][]string{},
		addr: map[string][]netip.Addr{}, zones: map[string]uint32{}, ttls: map[string]uint32{},
	}
}

// The name server of every domain, after [Server.Authority].
const keeper = "ns.dnstest.net."

// keeperAddr is of a range that was given back to IANA (RFC 3701): public, and nobody's.
func keeperAddr() netip.Addr { return netip.MustParseAddr("3ffe::53") }

// SetTXT gives the name one record for each value, in place of those it had. Without
// values the name exists and has no TXT record. A value of more than 255 bytes goes
// out in several strings.
func (s *Server) SetTXT(name string, values ...string) {
	split := make([][]string, 0, len(values))
	for _, v := range values {
		var parts []string
		for len(v) > 255 {
			parts, v = append(parts, v[:255]), v[255:]
		}
		split = append(split, append(parts, v))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records.txt[rooted(name)] = split
}

// SetSplitTXT gives the name one record that goes out in these strings, of at most
// 255 bytes each.
func (s *Server) SetSplitTXT(name string, parts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records.txt[rooted(name)] = [][]string{append([]string(nil), parts...)}
}

// SetCNAME makes the name an alias of target. An answer to a resolver's client carries the
// whole chain, that of a name server as much of it as is in the zone.
func (s *Server) SetCNAME(name, target string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records.alias[rooted(name)] = rooted(target)
}

// SetNS makes the hosts the name servers of zone, in place of those it had. What a server
// keeps itself is said by [Server.SetZone]: the name server of a zone refers to these
// hosts, where they are of a zone below that it does not keep.
func (s *Server) SetNS(zone string, hosts ...string) {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = rooted(h)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records.ns[rooted(zone)] = names
}

// SetAddr gives the host these addresses, as A and AAAA records, in place of those it had.
// One that is IPv4 in the form of IPv6 is an AAAA record.
func (s *Server) SetAddr(host string, addrs ...netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records.addr[rooted(host)] = append([]netip.Addr(nil), addrs...)
}

// SetZone makes the server a name server of the zone, which questions that are not
// recursive are answered from, with the AA bit; for names in none of its zones it refuses
// them. An absence in the zone may be kept for so long, in whole seconds: the SOA's
// MINIMUM (RFC 2308 section 4), for recursive questions as well.
func (s *Server) SetZone(apex string, minimum time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records.zones[rooted(apex)] = uint32(minimum / time.Second)
}

// SetTTL says for how long the name's records may be kept, in whole seconds. Those of other
// names may be for five minutes, but for name servers and addresses: so that a change of
// them is seen by the next look, nobody is to keep them.
func (s *Server) SetTTL(name string, ttl time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records.ttls[rooted(name)] = uint32(ttl / time.Second)
}

// Remove takes the name's records away: it does not exist any more, but as the apex of a
// zone. Its fault stays.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = rooted(name)
	delete(s.records.txt, name)
	delete(s.records.alias, name)
	delete(s.records.ns, name)
	delete(s.records.addr, name)
}

// zone is the closest zone that a name is in, if the server keeps it.
func (r *records) zone(name string) (apex string, minimum uint32, ok bool) {
	for at := name; at != ""; _, at, _ = strings.Cut(at, ".") {
		if minimum, ok := r.zones[at]; ok {
			return at, minimum, true
		}
	}
	if r.everywhere {
		if registered, err := publicsuffix.EffectiveTLDPlusOne(strings.TrimSuffix(name, ".")); err == nil {
			return registered + ".", ttl, true
		}
	}
	return "", ttl, false
}

// servers are the hosts that keep the zone of that name.
func (r *records) servers(name string) []string {
	if hosts, ok := r.ns[name]; ok {
		return hosts
	}
	if apex, _, ok := r.zone(name); ok && apex == name && r.everywhere {
		return []string{keeper}
	}
	return nil
}

func (r *records) addrs(name string) []netip.Addr {
	if r.everywhere && name == keeper {
		return []netip.Addr{keeperAddr()}
	}
	return r.addr[name]
}

// cut is the name below the apex that others keep, at or above name.
func (r *records) cut(name, apex string) (string, bool) {
	found := ""
	for at := name; at != apex && at != ""; _, at, _ = strings.Cut(at, ".") {
		if _, ok := r.ns[at]; ok {
			found = at
		}
	}
	return found, found != ""
}

// exists reports whether the name or one below it has records, RFC 8020.
func (r *records) exists(name string) bool {
	if apex, _, ok := r.zone(name); ok && apex == name {
		return true
	}
	return has(r.txt, name) || has(r.alias, name) || has(r.ns, name) || has(r.addr, name)
}

func has[V any](m map[string]V, name string) bool {
	for known := range m {
		if known == name || strings.HasSuffix(known, "."+name) {
			return true
		}
	}
	return false
}

func rooted(name string) string {
	b := []byte(strings.TrimSuffix(name, ".") + ".")
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
