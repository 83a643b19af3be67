package domainclaim

import (
	"io"
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// ParseResolvConf opens the parser to tests.
func ParseResolvConf(r io.Reader) ([]netip.Addr, error) { return parseResolvConf(r) }

// ReadMessage runs what a client does with a message off the wire: match it to the
// question, and follow it. matched is false for a message that would be passed over.
// A zone makes it the client of a name server.
func ReadMessage(msg []byte, id uint16, rooted string, want dnsmessage.Type, zone string) (a Answer, matched bool, err error) {
	q, err := question(rooted, want)
	if err != nil {
		return Answer{}, false, err
	}
	if _, ok := answers(msg, id, q); !ok {
		return Answer{}, false, nil
	}
	c := &chain{want: want, zone: zone, name: key(q.Name)}
	code, err := c.follow(msg)
	return Answer{Name: rooted, Code: code, Aliases: c.aliases, Values: c.values, TTL: time.Duration(c.ttl) * time.Second}, true, err
}

// NewQuery packs the question that a client sends.
func NewQuery(rooted string) (uint16, []byte, error) {
	q, err := question(rooted, dnsmessage.TypeTXT)
	if err != nil {
		return 0, nil, err
	}
	return query(q, true, true)
}

// FreeMail and Tenants are the embedded lists.
func FreeMail() string { return freeMail }
func Tenants() string  { return tenants }

// NewIdleChecker has nobody to ask, as on a system without DNS servers.
func NewIdleChecker() *Checker { return &Checker{timeout: defaultTimeout, now: time.Now} }

// Kept opens what an Authority keeps to tests.
type Kept struct{ *kept }

// NewKept keeps nothing yet.
func NewKept(now func() time.Time) Kept { return Kept{newKept(now)} }

// Put keeps the addresses of a host, asked for now.
func (k Kept) Put(host string, ttl time.Duration, values ...string) {
	k.put(keptKey{host, dnsmessage.TypeA}, values, k.now(), ttl)
}

// Find finds them.
func (k Kept) Find(host string) ([]string, bool) { return k.find(keptKey{host, dnsmessage.TypeA}) }

// Size is how many answers take room.
func (k Kept) Size() int { return len(k.late) + len(k.before) }
