package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

// internet is simulated DNS: the name servers of all domains, and one resolver, which keeps
// what it has seen for five minutes. Both are real servers on loopback.
type internet struct {
	hosts *dnstest.Server // the name servers
	cache *dnstest.Server // the resolver
	net   *dnstest.Network
	ask   domainclaim.Resolver
	now   func() time.Time

	mu      sync.Mutex
	zones   map[string]bool
	records map[string][]string  // what the name servers have, by name
	stale   map[string]time.Time // until when the resolver has something else
	weather string
}

const cacheLife = 5 * time.Minute

// What the name servers are called, and where they are: in a range that is public, and
// given back by those who had it (RFC 3701).
func nameServers() map[string]netip.Addr {
	return map[string]netip.Addr{
		"ns1.dns-panel.net": netip.MustParseAddr("3ffe::1:53"),
		"ns2.dns-panel.net": netip.MustParseAddr("3ffe::2:53"),
	}
}

func newInternet(now func() time.Time) (*internet, error) {
	hosts, err := dnstest.New()
	if err != nil {
		return nil, err
	}
	cache, err := dnstest.New()
	if err != nil {
		return nil, errors.Join(err, hosts.Close())
	}
	n := &internet{hosts: hosts, cache: cache, net: dnstest.NewNetwork(), ask: cache.Resolver(), now: now,
		zones: map[string]bool{}, records: map[string][]string{}, stale: map[string]time.Time{}}
	for host, addr := range nameServers() {
		cache.SetAddr(host, addr)
		n.net.Place(addr, hosts)
	}
	return n, nil
}

func (n *internet) close() error { return errors.Join(n.hosts.Close(), n.cache.Close()) }

// LookupTXT is that of the resolver.
func (n *internet) LookupTXT(ctx context.Context, rooted string) (domainclaim.Answer, error) {
	n.settle()
	return n.ask.LookupTXT(ctx, rooted)
}

// authority finds the name servers by what the resolver says.
func (n *internet) authority() domainclaim.Authority { return n.net.Authority(n.cache) }

// register makes a domain that is registered, so that it has name servers.
func (n *internet) register(zone string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.zones[zone] {
		return
	}
	n.zones[zone] = true
	n.hosts.SetZone(zone, cacheLife)
	n.cache.SetZone(zone, cacheLife)
	n.cache.SetNS(zone, slices.Sorted(maps.Keys(nameServers()))...)
}

// settle lets the resolver forget what it has kept for long enough.
func (n *internet) settle() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, until := range n.stale {
		if !n.now().Before(until) {
			n.put(n.cache, name)
			delete(n.stale, name)
		}
	}
}

// put is called under the lock.
func (n *internet) put(s *dnstest.Server, name string) {
	values := n.records[name]
	if len(values) == 0 && !n.zones[name] {
		s.Remove(name)
		return
	}
	s.SetTXT(name, values...)
}

// The bounds of a panel.
const (
	mostRecords = 50
	mostName    = 253
	mostLabel   = 63
	mostValue   = 500
)

var errRecord = errors.New("this is no record")

// fullName is what a DNS panel makes of what was typed for the host of a record: it adds
// the domain, also to a name that has it already.
func fullName(zone, host string) (string, error) {
	host = strings.TrimSuffix(strings.TrimSpace(host), ".")
	name := host + "." + zone
	if host == "@" || host == "" {
		name = zone
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > mostLabel {
			return "", fmt.Errorf("%w: a part of the name is empty, or has more than %d characters", errRecord, mostLabel)
		}
	}
	if len(name) > mostName || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%w: the name has at most %d visible ASCII characters", errRecord, mostName)
	}
	return strings.ToLower(name), nil
}

// add publishes one TXT record beside those that are there.
func (n *internet) add(name, value string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := 0
	for _, values := range n.records {
		count += len(values)
	}
	switch {
	case value == "" || len(value) > mostValue:
		return fmt.Errorf("%w: a value has 1 to %d bytes", errRecord, mostValue)
	case count >= mostRecords:
		return fmt.Errorf("%w: there are %d already", errRecord, mostRecords)
	case slices.Contains(n.records[name], value):
		return nil
	}
	n.change(name, append(slices.Clone(n.records[name]), value))
	return nil
}

// remove takes one away.
func (n *internet) remove(name, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.change(name, slices.DeleteFunc(slices.Clone(n.records[name]), func(v string) bool { return v == value }))
}

// change is called under the lock. The name servers have it at once.
func (n *internet) change(name string, values []string) {
	if n.records[name] = values; len(values) == 0 {
		delete(n.records, name)
	}
	n.put(n.hosts, name)
	if _, ok := n.stale[name]; !ok {
		n.stale[name] = n.now().Add(cacheLife)
	}
}

// record is one of a panel.
type record struct{ Name, Value string }

// of is what stands in a zone.
func (n *internet) of(zone string) []record {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []record
	for _, name := range slices.Sorted(maps.Keys(n.records)) {
		for _, v := range n.records[name] {
			if name == zone || strings.HasSuffix(name, "."+zone) {
				out = append(out, record{name, v})
			}
		}
	}
	return out
}

// The weathers.
const (
	fair     = "fair"     // all is well
	servfail = "servfail" // every server fails
	refused  = "refused"  // every server refuses
	lying    = "lying"    // the resolver says that no name exists
)

// setWeather is for all domains.
func (n *internet) setWeather(to string) bool {
	fault := map[string]dnstest.Fault{fair: "", servfail: dnstest.ServFail, refused: dnstest.Refused, lying: dnstest.NXDomain}
	f, ok := fault[to]
	if !ok {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.weather = to
	n.hosts.Heal(".")
	n.cache.Heal(".")
	if to != fair {
		n.cache.Fail(".", f)
	}
	if to == servfail || to == refused {
		n.hosts.Fail(".", f)
	}
	return true
}

func (n *internet) forecast() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.weather == "" {
		return fair
	}
	return n.weather
}
