package domainclaim

import (
	"context"
	"time"
)

// Outcome is what one look at DNS came to.
type Outcome string

// The outcomes of an [Observation].
const (
	Present  Outcome = "present"  // a record with the claim's token
	Absent   Outcome = "absent"   // confirmed: no record that could be meant for it
	Mismatch Outcome = "mismatch" // confirmed: records meant for it, none with its token as it must be
	Unknown  Outcome = "unknown"  // nothing is known: DNS did not answer, or not properly
)

// Observation is what one look at DNS gave, with what to tell a person. It is kept in
// [Claim.Last]; its JSON is stable, and its size is bounded.
type Observation struct {
	Name    string    `json:"name"`  // of the claim that was looked up
	Token   string    `json:"token"` // that was looked for
	Outcome Outcome   `json:"outcome"`
	At      time.Time `json:"at"`
	// Authoritative says that the Outcome is what the zone's own name servers said. An
	// absence is counted from resolvers too; the one that ends a claim has to be this.
	Authoritative bool `json:"authoritative,omitempty"`
	// Zone and NameServers are where the name is kept, when that was looked up: the
	// apex, rooted, and at most 16 hosts, rooted and sorted.
	Zone        string   `json:"zone,omitempty"`
	NameServers []string `json:"nameServers,omitempty"`
	// CachedUntil is until when resolvers go on saying what they said, where that is not
	// what the zone's own name servers say, or those could not be asked.
	CachedUntil time.Time `json:"cachedUntil,omitzero"`
	// Doubted says that the record was not found, and that a [Breaker] does not believe it.
	Doubted bool `json:"doubted,omitempty"`
	// Found are values that were seen, those that look meant for the claim first: at
	// most 10, each cut to 100 bytes of printable text. Empty where a claim that is well took
	// one answer, whose Values they are.
	Found []string `json:"found,omitempty"`
	// Hint says in plain English what was seen and what to do about it.
	Hint string `json:"hint"`
	// Answers are the answers one by one: at most 32, with the first three Values of each,
	// cut as Found.
	Answers []Answer `json:"answers,omitempty"`
}

// Answer is what one server said about the TXT records of one name.
type Answer struct {
	Server  string   `json:"server"`            // host:port
	Name    string   `json:"name"`              // that was asked for, rooted
	Code    Code     `json:"code"`              // how the look-up ended
	Aliases []string `json:"aliases,omitempty"` // the CNAME targets that led to Values, in order, rooted
	Values  []string `json:"values,omitempty"`  // each record's strings joined
	// TTL is how long the answer may be kept, in nanoseconds: the shortest on the way, and
	// for an absence what the zone says about those (RFC 2308).
	TTL           time.Duration `json:"ttl,omitempty"`
	Authoritative bool          `json:"authoritative,omitempty"` // from a name server of the zone
}

// Code is how a look-up ended.
type Code string

// The codes of an [Answer] that was understood. Only NXDOMAIN and NODATA say that
// there is no record.
const (
	CodeOK     Code = "NOERROR"
	CodeNoName Code = "NXDOMAIN" // the name does not exist
	CodeNoData Code = "NODATA"   // the name exists and has no TXT record
	// CodeElsewhere is for the servers of a [Zone] alone: the name is an alias that leaves
	// the zone, and the last of Aliases is to be looked up where it is kept.
	CodeElsewhere Code = "ELSEWHERE"
)

// The codes of a [LookupError]. None of them says anything about the record.
const (
	CodeServFail   Code = "SERVFAIL"
	CodeRefused    Code = "REFUSED"
	CodeFormErr    Code = "FORMERR"
	CodeNotImp     Code = "NOTIMP"
	CodeRCode      Code = "RCODE" // any other response code
	CodeTimeout    Code = "TIMEOUT"
	CodeNetwork    Code = "NETWORK" // no connection, or it broke
	CodeTruncated  Code = "TRUNCATED"
	CodeMalformed  Code = "MALFORMED"
	CodeLame       Code = "LAME"       // the server answers for somebody else
	CodeAliasLoop  Code = "CNAME_LOOP" // or more than eight aliases in a row
	CodeLocal      Code = "LOCAL"      // the question could not be asked
	CodeUnexpected Code = "UNEXPECTED" // a Resolver broke its contract, or panicked
)

// Resolver looks the TXT records of one name up at one server. The name is rooted:
// it ends in a dot, and nothing may be appended to it. Any error is [Unknown]; an
// answer without values says "absent" only with [CodeNoName] or [CodeNoData], so that
// a zero Answer says nothing. An implementation must have checked that the records
// belong to the name or to the end of its chain of aliases, must never pass off a
// truncated answer, returns when ctx ends, and is safe for concurrent use.
//
// Do not wrap net.Resolver: it takes records of any owner, and cannot tell all
// failures from absence.
type Resolver interface {
	LookupTXT(ctx context.Context, rooted string) (Answer, error)
}

// Authority finds the name servers that keep a name, to ask them and no cache. It is
// safe for concurrent use. An error says nothing about the record; it may be a
// [*LookupError].
type Authority interface {
	Zone(ctx context.Context, rooted string) (Zone, error)
}

// Zone is the zone that a name is kept in.
type Zone struct {
	Name        string     // its apex, rooted
	NameServers []string   // their hosts, rooted and sorted
	Servers     []Resolver // one for each address; they believe authoritative answers alone
	// Ending says that the name has no zone, and that this is the one of the public ending
	// above it, whose servers know whether the name is registered at all. That it is not,
	// they say by NXDOMAIN; nothing else that they say counts.
	Ending bool
}

// LookupError is a look-up that says nothing about the record. The error of a
// [Resolver] of another make counts as [CodeNetwork], or [CodeTimeout] when it wraps
// context.DeadlineExceeded.
type LookupError struct {
	Server string // host:port
	Name   string // rooted
	Code   Code
	Err    error // may be nil
}

func (e *LookupError) Error() string {
	s := "domainclaim: look-up of " + quote(printable(e.Name, maxName+1)) + " at " + e.Server + ": " + string(e.Code)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *LookupError) Unwrap() error { return e.Err }
