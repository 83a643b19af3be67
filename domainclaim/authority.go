package domainclaim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/publicsuffix"

	"github.com/accesssec/accesssec-go/internal/publicaddr"
)

// The bounds of a zone, as far as it is asked.
const (
	maxHosts       = 16 // name servers
	maxHostServers = 1  // addresses of one of them: each host has one voice
	maxZoneServers = 16 // addresses in all
	maxClimb       = 16 // names that are tried for a zone
)

// AuthorityOptions changes how name servers are found and asked.
type AuthorityOptions struct {
	// Servers are the resolvers that are asked for the name servers of a zone and for their
	// addresses, each an IP address with or without a port. Empty: the system's. Only what
	// more than half of them say is believed.
	Servers []string
	// Dial connects to resolvers and name servers; nil is a net.Dialer. Whose address is not
	// public is never dialled as a name server, whatever Dial is: who owns a domain chooses
	// the addresses of its name servers, and none of them may lead into the host's network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout bounds one question; 0 is 3 seconds.
	Timeout time.Duration
	// Now is the clock by which answers about name servers grow old; nil is time.Now.
	Now func() time.Time
}

// NewAuthority finds the zone of a name by asking resolvers, and asks the zone's name
// servers at their public addresses.
//
// The zone is that of the longest parent that has NS records, up to the public suffix,
// whose own zone is nobody's: a name that has none below it is an error. Of a name
// server its IPv4 addresses are asked, or those of IPv6 where it has none or this system
// no way to them. Zone keeps nothing from one call to the next. [Checker.Check] does, for
// those of its looks that can neither prove a claim nor end one: what the resolvers agreed
// on about a name server or a zone is not asked again for as long as the shortest TTL among
// their answers, five minutes at most; of 4096 answers at most, and of no failures.
//
// The Servers of a [Zone] send no recursive questions and take answers with the AA bit
// alone (RFC 1035 section 4.1.1); any other is [CodeLame].
func NewAuthority(opts *AuthorityOptions) (Authority, error) {
	if opts == nil {
		opts = &AuthorityOptions{}
	}
	servers := opts.Servers
	if len(servers) == 0 {
		var err error
		if servers, err = systemServers(); err != nil {
			return nil, err
		}
	}
	a := &authority{dial: opts.Dial, timeout: opts.Timeout, kept: newKept(opts.Now)}
	if a.timeout <= 0 {
		a.timeout = defaultTimeout
	}
	for _, s := range servers {
		c, err := newClient(s, a.timeout)
		if err != nil {
			return nil, err
		}
		c.dialer = opts.Dial
		a.resolvers = append(a.resolvers, c)
	}
	return a, nil
}

type authority struct {
	resolvers []*client
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	timeout   time.Duration
	kept      *kept
	keeps     bool // it takes answers from there, and puts them there
}

// keeping is the authority that may answer from what it has kept.
func (a *authority) keeping() *authority {
	b := *a
	b.keeps = true
	return &b
}

// zoneError is why the name servers of a name cannot be asked.
type zoneError struct {
	zone string // rooted; "" when not even that was found
	name string // that was asked for, rooted
	hint string // a sentence
	err  error  // may be nil
}

func (e *zoneError) Error() string {
	s := "domainclaim: zone of " + quote(printable(e.name, maxName+1)) + ": " + e.hint
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return s
}

func (e *zoneError) Unwrap() error { return e.err }

// Zone implements [Authority].
func (a *authority) Zone(ctx context.Context, rooted string) (Zone, error) {
	if _, err := question(rooted, dnsmessage.TypeNS); err != nil {
		return Zone{}, &zoneError{name: rooted, hint: "It is no name that can be asked for.", err: err}
	}
	var failed error
	name := foldASCII(rooted)
	begun := ownable(name)
	for tried := 0; ownable(name) && tried < maxClimb; tried++ {
		hosts, err := a.agreed(ctx, name, dnsmessage.TypeNS)
		if ctx.Err() != nil {
			return Zone{}, ctx.Err()
		}
		if len(hosts) > 0 {
			return a.zone(ctx, name, hosts)
		}
		// What lies below a cut that could not be seen is not answered for by the servers
		// above it, so going on is safe.
		failed = cmp.Or(failed, err)
		_, name, _ = strings.Cut(name, ".")
	}
	if failed == nil && begun && !ownable(name) {
		if z, err := a.ending(ctx, name); err == nil {
			return z, nil
		}
	}
	hint := "No name servers are known for the domain: it may not be registered any more."
	if failed != nil {
		hint = "The domain's name servers could not be found."
	}
	return Zone{}, &zoneError{name: rooted, hint: hint, err: failed}
}

// ending is the zone of a public ending, which may be kept in one further up.
func (a *authority) ending(ctx context.Context, name string) (Zone, error) {
	for name != "" {
		hosts, err := a.agreed(ctx, name, dnsmessage.TypeNS)
		if err != nil {
			return Zone{}, err
		}
		if len(hosts) > 0 {
			z, err := a.zone(ctx, name, hosts)
			z.Ending = true
			return z, err
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return Zone{}, errors.New("domainclaim: an ending without name servers")
}

// ownable reports whether somebody can own name: it is below an ending of the public DNS.
func ownable(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if !strings.Contains(name, ".") {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	return !icann || suffix != name
}

// zone finds the servers of a zone by the names of its hosts.
func (a *authority) zone(ctx context.Context, apex string, hosts []string) (Zone, error) {
	slices.Sort(hosts)
	z := Zone{Name: apex, NameServers: hosts[:min(len(hosts), maxHosts)]}
	v4, err := a.addresses(ctx, z.NameServers, dnsmessage.TypeA)
	if err != nil {
		return Zone{}, err
	}
	if !a.reaches(ctx, v4.public) {
		v4.public = make([][]netip.Addr, len(z.NameServers))
	}
	var without []string
	var at []int
	for i, host := range z.NameServers {
		if len(v4.public[i]) == 0 {
			without, at = append(without, host), append(at, i)
		}
	}
	v6, err := a.addresses(ctx, without, dnsmessage.TypeAAAA)
	if err != nil {
		return Zone{}, err
	}
	for i, addrs := range v6.public {
		v4.public[at[i]] = addrs
	}
	for _, addr := range spread(v4.public) {
		server := netip.AddrPortFrom(addr, dnsPort).String()
		z.Servers = append(z.Servers, &client{server: server, timeout: a.timeout, zone: apex, dialer: a.dial})
	}
	shown := strings.TrimSuffix(apex, ".")
	switch {
	case len(z.Servers) > 0:
		return z, nil
	case v4.private+v6.private > 0:
		return Zone{}, &zoneError{zone: apex, name: apex, hint: fmt.Sprintf("The name servers of %s have private addresses.", shown)}
	}
	return Zone{}, &zoneError{zone: apex, name: apex, hint: fmt.Sprintf("The name servers of %s have no addresses that can be reached.", shown), err: cmp.Or(v4.failed, v6.failed)}
}

// found is what is known of the addresses of some hosts.
type found struct {
	public  [][]netip.Addr // by host
	private int            // how many are not public
	failed  error          // why some are not known
}

// addresses asks for all hosts at once.
func (a *authority) addresses(ctx context.Context, hosts []string, kind dnsmessage.Type) (found, error) {
	f := found{public: make([][]netip.Addr, len(hosts))}
	values := make([][]string, len(hosts))
	errs := make([]error, len(hosts))
	var wg sync.WaitGroup
	for i, host := range hosts {
		wg.Go(func() { values[i], errs[i] = a.agreed(ctx, host, kind) })
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return found{}, err
	}
	for i := range hosts {
		f.failed = cmp.Or(f.failed, errs[i])
		slices.Sort(values[i])
		for _, v := range values[i] {
			addr, err := netip.ParseAddr(v)
			switch {
			case err != nil || !publicaddr.Is(addr):
				f.private++
			case len(f.public[i]) < maxHostServers:
				f.public[i] = append(f.public[i], addr.Unmap())
			}
		}
	}
	return f, nil
}

// reaches reports whether this system has a way to the first of the addresses. Nothing
// is sent: a UDP socket is connected, and closed.
func (a *authority) reaches(ctx context.Context, byHost [][]netip.Addr) bool {
	all := slices.Concat(byHost...)
	if len(all) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	c := &client{server: netip.AddrPortFrom(all[0], dnsPort).String(), dialer: a.dial}
	_, stop, err := c.dial(ctx, "udp", 1)
	if err != nil {
		return false
	}
	stop()
	return true
}

// spread takes one address of each host in turn, each once, up to what is asked of a zone.
func spread(byHost [][]netip.Addr) []netip.Addr {
	var out []netip.Addr
	for i := range maxHostServers {
		for _, addrs := range byHost {
			if i < len(addrs) && len(out) < maxZoneServers && !slices.Contains(out, addrs[i]) {
				out = append(out, addrs[i])
			}
		}
	}
	return out
}

// agreed is what is kept of a vote, or a vote.
func (a *authority) agreed(ctx context.Context, name string, kind dnsmessage.Type) ([]string, error) {
	if !a.keeps {
		values, _, err := a.vote(ctx, name, kind)
		return values, err
	}
	at := keptKey{foldASCII(name), kind}
	if values, ok := a.kept.find(at); ok {
		return values, nil
	}
	asked := a.kept.now()
	values, ttl, err := a.vote(ctx, name, kind)
	if err == nil {
		a.kept.put(at, values, asked, ttl)
	}
	return values, err
}

// vote asks every resolver, and returns what more than half of them say, and the shortest
// time for which one of those that answered lets it be kept. One that lies is not
// enough to lead a look to servers of its own. Without values, the error is why less than a
// majority answered; nil when they say that there is nothing.
func (a *authority) vote(ctx context.Context, name string, kind dnsmessage.Type) ([]string, time.Duration, error) {
	answers := make([]Answer, len(a.resolvers))
	errs := make([]error, len(a.resolvers))
	var wg sync.WaitGroup
	for i, c := range a.resolvers {
		wg.Go(func() { answers[i], errs[i] = c.lookup(ctx, name, kind) })
	}
	wg.Wait()
	votes := map[string]int{}
	proper, ttl := 0, longestKept
	for i, answer := range answers {
		if errs[i] != nil {
			continue
		}
		proper++
		ttl = min(ttl, answer.TTL)
		if kind == dnsmessage.TypeNS && len(answer.Aliases) > 0 {
			continue // an alias is no apex: these are another zone's
		}
		said := map[string]bool{}
		for _, v := range answer.Values {
			if !said[v] {
				said[v] = true
				votes[v]++
			}
		}
	}
	var values []string
	for v, n := range votes {
		if 2*n > len(a.resolvers) {
			values = append(values, v)
		}
	}
	if len(values) == 0 && len(votes) > 0 {
		errs = append(errs, fmt.Errorf("domainclaim: resolvers differ about %s", quote(printable(name, maxName+1))))
	} else if len(values) > 0 || 2*proper > len(a.resolvers) {
		return values, ttl, nil
	}
	return nil, 0, errors.Join(errs...)
}
