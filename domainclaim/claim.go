package domainclaim

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"
)

// State is where a [Claim] stands.
type State string

// The states of a [Claim]. Verified and Missing hold the name, the others do not.
//
//	         Present              gone                    gone for the Grace
//	Pending ---------> Verified --------> Missing -----------------------> Unverified
//	   |                  ^                  | Present                         | Present
//	   | PendingFor       +------------------+---------------------------------+
//	   v
//	Released <--- Release, from any state; Renew starts over as Pending
const (
	Pending    State = "pending"    // not yet proven
	Verified   State = "verified"   // proven
	Missing    State = "missing"    // proven, and its record is gone for less than the grace
	Unverified State = "unverified" // lapsed: the record was gone for longer
	Released   State = "released"   // given up, or never proven; nothing moves it but Renew
)

// Claim is one organisation's claim on one name. It is a plain value: keep it as JSON
// (its field names are stable), and replace it by what [Claim.Next] returns, under a
// compare-and-swap on the stored version so that two checks at once count once.
// That no two claims hold a name at once is the caller's to enforce, by a unique key.
//
// Instants are UTC, in whole microseconds.
type Claim struct {
	Name       string `json:"name"`    // A-label, lower case
	Product    string `json:"product"` // stands in the records
	Token      string `json:"token"`   // public once it stands in DNS
	Generation int    `json:"generation"`
	Subdomains bool   `json:"subdomains,omitempty"` // also covers the names below
	State      State  `json:"state"`

	CreatedAt  time.Time `json:"createdAt"`
	VerifiedAt time.Time `json:"verifiedAt,omitzero"` // when it was proven last

	// AbsentSince is the first confirmed absence since the record was last seen, AbsentAt
	// the latest, and Confirmations counts them; AbsentFor is the time between them that
	// counts towards the [Grace]: see [Claim.Next]. Warned counts the events that told of
	// it. Only a claim that was proven has them.
	AbsentSince   time.Time     `json:"absentSince,omitzero"`
	AbsentAt      time.Time     `json:"absentAt,omitzero"`
	AbsentFor     time.Duration `json:"absentFor,omitempty"` // nanoseconds
	Confirmations int           `json:"confirmations,omitempty"`
	Warned        int           `json:"warned,omitempty"`
	LapsedAt      time.Time     `json:"lapsedAt,omitzero"` // when it became Unverified
	// Unknowns counts the looks in a row that told nothing, the first at UnknownSince.
	Unknowns     int       `json:"unknowns,omitempty"`
	UnknownSince time.Time `json:"unknownSince,omitzero"`
	// Contested is since when the proof is there but another claim holds the name.
	Contested time.Time `json:"contested,omitzero"`

	CheckAt time.Time    `json:"checkAt,omitzero"` // when to look next; zero: never
	Last    *Observation `json:"last,omitempty"`
	// History is what was seen so far: at most 30 spans of looks that came to the same, the
	// oldest first.
	History []Span `json:"history,omitempty"`
	// NameServers are the hosts that the zone was last known to be kept at, rooted and
	// sorted. Claims that share them are better not looked up all at once.
	NameServers []string `json:"nameServers,omitempty"`
}

// New makes a pending claim with a fresh random token of 160 bits. The product, 1 to
// 32 of a-z, 0-9 and "-" with no hyphen at either end, stands in the records that the
// organisation publishes, so that nobody can be talked into publishing them for
// somebody else. A token is never used for two claims: an old record proves nothing
// for a new claim, or for that of another organisation.
//
// The error is a [*NameError] when the name is zero, or so long that the label of the
// challenge does not fit before it.
func New(product string, n Name, now time.Time) (Claim, error) {
	if !productOK(product) {
		return Claim{}, fmt.Errorf("domainclaim: product %q: want 1 to 32 of a-z, 0-9 and inner hyphens", printable(product, maxShown))
	}
	if n.ascii == "" {
		return Claim{}, &NameError{Code: NameEmpty, Hint: "type a domain, such as example.com"}
	}
	c := Claim{Name: n.ascii, Product: product, Generation: 1, State: Pending}
	if len(c.challenge()) > maxName {
		return Claim{}, &NameError{Code: NameTooLong, Name: printable(n.ascii, maxShown), Hint: "the name of the record would be longer than the 253 characters that DNS allows"}
	}
	c.Token = newToken()
	c.CreatedAt = instant(now)
	c.CheckAt = c.CreatedAt
	return c, nil
}

// Renew starts the claim over: pending, with a new token and the next generation. The
// record of the old token proves nothing any more. For a name that was released and is
// claimed again, or a token that must change.
func (c Claim) Renew(now time.Time) Claim {
	now = instant(now)
	return Claim{
		Name: c.Name, Product: c.Product, Token: newToken(), Generation: c.Generation + 1,
		Subdomains: c.Subdomains, State: Pending, CreatedAt: now, CheckAt: now,
	}
}

// Release gives the claim up. No observation moves it from here.
func (c Claim) Release() Claim {
	c.State = Released
	c.CheckAt, c.NameServers = time.Time{}, nil
	if c.Last != nil { // its end is of interest, not all that was answered
		last := *c.Last
		last.Found, last.Answers, last.NameServers = nil, nil, nil
		c.Last = &last
	}
	return c
}

// Holds reports whether the claim keeps the name from being verified by another.
func (c Claim) Holds() bool { return c.State == Verified || c.State == Missing }

// Covers reports whether an address is at the claimed name, or below it where the
// claim is for subdomains too. Labels are compared, not text: a claim on example.com
// covers nothing at notexample.com. It looks at the name alone: see [Claim.Holds] for
// whether the claim counts.
//
// An address can be covered by two claims, on a name and on its parent; the most
// specific one wins, in the order of [Address.Candidates].
func (c Claim) Covers(a Address) bool {
	if c.Name == "" || a.domain == "" {
		return false
	}
	return c.Name == a.domain || c.Subdomains && slices.Contains(candidates(a.domain), c.Name)
}

// Candidates are the claimed name and its parents, as [Name.Candidates].
func (c Claim) Candidates() []string {
	if c.Name == "" {
		return nil
	}
	return candidates(c.Name)
}

// Display is the claimed name for a person, as [Name.Display].
func (c Claim) Display() string { return display(c.Name) }

// Record is one DNS record to publish.
type Record struct {
	Name string `json:"name"` // without the trailing dot, for showing
	// Host is the name as most DNS panels ask for it, which add the registered domain by
	// themselves: relative to that, "@" for it itself.
	Host  string `json:"host"`
	Type  string `json:"type"` // "TXT"
	Value string `json:"value"`
}

// Rooted is the name with the trailing dot, for asking: a resolver appends nothing
// to it.
func (r Record) Rooted() string { return r.Name + "." }

// Records are the two spellings of the proof, either of which is enough:
//
//	example.com                     TXT  <product>-domain-verify=<token>
//	_<product>-challenge.example.com  TXT  <token>
//
// The bare token counts only under the label that names the product; the long value
// counts at both names. Blanks and quotation marks around a value are forgiven.
func (c Claim) Records() []Record {
	return []Record{
		{Name: c.Name, Host: c.host(c.Name), Type: "TXT", Value: c.prefix() + c.Token},
		{Name: c.challenge(), Host: c.host(c.challenge()), Type: "TXT", Value: c.Token},
	}
}

// host is name relative to the registered domain that it is in.
func (c Claim) host(name string) string {
	top := registered(c.Name)
	if name == top {
		return "@"
	}
	return strings.TrimSuffix(name, "."+top)
}

// registered is the domain right below the public suffix that name is in.
func registered(name string) string {
	names := candidates(name)
	return names[len(names)-1]
}

func (c Claim) prefix() string    { return c.Product + "-domain-verify=" }
func (c Claim) challenge() string { return "_" + c.Product + "-challenge." + c.Name }

func productOK(product string) bool {
	if len(product) < 1 || len(product) > 32 || strings.Trim(product, "-") != product {
		return false
	}
	return strings.Trim(product, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// newToken needs no check of an error: crypto/rand.Read never returns one.
func newToken() string {
	b := make([]byte, 20)
	rand.Read(b)
	return foldASCII(base32.StdEncoding.EncodeToString(b))
}

// instant is the precision that every store keeps.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
