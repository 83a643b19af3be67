package audit

import "time"

// Event says who did what to whom, when, and how it ended. Type, At and Outcome are
// required. Every other value may be empty, and is cut when it is too long.
type Event struct {
	ID      string // "": [Encode] makes one
	Type    Type
	At      time.Time // kept in UTC and whole microseconds
	Actor   Actor
	Targets []Target // the first is the one that queries find
	Outcome Outcome
	Reason  string // a code for the outcome, not a sentence: "wrong_password"
	Session string // the id of the session it was done in
	Trace   string // the id of the sign-in it belongs to, as a person can speak it
	IP      string // personal
	Agent   string // personal; the User-Agent header
	Changes []Change
	Facts   []Fact

	// Erased is set by [Decode] when the personal values were erased: those fields
	// are empty, but were not. Encode ignores it.
	Erased bool
}

// Outcome is how it ended.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Refused Outcome = "refused" // a rule said no
	Failed  Outcome = "failed"  // something broke
)

// Kinds of an [Actor] or [Target]. Others may be used.
const (
	KindUser       = "user"
	KindStranger   = "stranger" // nobody has signed in
	KindHost       = "host"     // the program that embeds this library
	KindSystem     = "system"   // this library's own background work
	KindOrg        = "org"
	KindDomain     = "domain"
	KindConnection = "connection"
	KindNotice     = "notice"
	KindInvitation = "invitation"
	KindRequest    = "access_request"
	KindGrant      = "grant"
	KindRole       = "role"
	KindTeam       = "team"

	KindServiceAccount = "service_account"
	KindSCIMToken      = "scim_token" // as an actor: the identity provider that shows it
)

// Actor is who did it.
type Actor struct {
	Kind       string `json:"kind"`
	ID         string `json:"id"`           // opaque, kept in clear; "" when there is no account
	Name       string `json:"name"`         // personal
	Address    string `json:"address"`      // personal
	OnBehalfOf string `json:"on_behalf_of"` // id of who the actor stood in for
}

// Target is what it was done to.
type Target struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`   // opaque, kept in clear
	Name   string `json:"name"` // personal when Person is set
	Person bool   `json:"person"`
}

// Change is a field before and after. A secret is never in it: where one was
// replaced, say so with both values empty.
type Change struct {
	Field    string `json:"field"`
	Old      string `json:"old"` // personal when Personal is set
	New      string `json:"new"` // personal when Personal is set
	Personal bool   `json:"personal"`
}

// Fact is a circumstance that names nobody, for example method=password.
type Fact struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}
