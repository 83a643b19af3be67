package scim

import (
	"context"
	"log/slog"
	"time"
)

// Tenant is whom a request is for, and where their resources are.
type Tenant struct {
	Backend Backend
	Profile Profile // ""; [Detect]

	// Scope binds cursors to who asked for them, so that one that another tenant's client shows
	// is no cursor: the id of the org and of the token, say. Tenants without one take each other's
	// cursors, as places in lists of their own.
	Scope string
	// Me is the id of the user that /Me stands for; "" is a 501, as for tokens that are nobody's.
	Me string
	// BaseURL is what locations begin with, "https://api.example.com/scim/v2". "": made of the
	// request's Host and Options.BasePath, which is good enough where Host can be trusted.
	BaseURL string
}

// Options changes how SCIM is served. The zero value is complete.
type Options struct {
	BasePath string   // where the handler is mounted; "" is "/scim/v2"
	Schemas  *Schemas // nil: User with EnterpriseUser, and Group

	MaxBody       int64 // bytes of a request; 0: 1 MiB
	MaxOperations int   // of a bulk or PATCH request; 0: 1000
	MaxResults    int   // of one page; 0: 200
	DefaultCount  int   // of one page when the client names none; 0: 100

	// CursorKey signs cursors (RFC 9865): 32 bytes or more, the same on every instance. nil: a
	// key of this handler alone, whose cursors no other instance takes.
	CursorKey      []byte
	CursorLifetime time.Duration // 0: one hour

	// Authentication is what /ServiceProviderConfig says of tokens. nil: OAuth bearer tokens.
	Authentication []AuthenticationScheme
	Documentation  string // the URL of the customer's guide

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // faults of ours, and errors of the backend; nil: discarded

	// Served is told of each request when it is over, also of those that Tenant's function has
	// refused: for a request log. It must not block. Who limits how much a tenant may do counts
	// Request.Operations too: a bulk is one request and up to MaxOperations writes.
	Served func(ctx context.Context, r Request)
	// Event is told what has changed, after it has: the events of RFC 9967, section 2. It must not
	// block. Nothing tells it again after a crash: what must not be lost, an audit log say, the
	// Backend writes in its own transaction.
	Event func(ctx context.Context, e Event)
}

// AuthenticationScheme is one way to authenticate (RFC 7643, section 5).
type AuthenticationScheme struct {
	Type             string // "oauthbearertoken", "httpbasic", …
	Name             string
	Description      string
	SpecURI          string
	DocumentationURI string
	Primary          bool
}

// Request is what a request came to. It holds nothing that was in a body but ids, and what Detail
// quotes to be understood: names, URNs and ids, paths with what stands in their brackets, parts
// of a filter. These may name a person. What an attribute is given is never quoted.
type Request struct {
	Method       string
	Path         string // below the base path, without the query, cut to 1 KiB
	ResourceType string // "User", "Group"; "" others
	ID           string // of the resource, cut to 255 bytes; "" none
	ExternalID   string // that a write came with, cut to 255 bytes
	Filter       bool
	Status       int
	ErrorType    ErrorType
	Detail       string      // of the error, as it was sent
	Profile      Profile     // the one that was gone by
	Tolerated    []Tolerance // each once, in order
	Skipped      []string    // ids of members that were nobody, at most ten
	Operations   int         // of a PATCH or bulk
	Duration     time.Duration
}

// Event is one of the events of RFC 9967, of which the type is a URI.
type Event struct {
	Type         string // [EventCreate] and so on
	ResourceType string
	ID           string
	ExternalID   string
	Attributes   []string // canonical names of what has changed; never the values
	// Of a group: the ids of members that the request has put in or taken out. Who was in already,
	// or was not, is among them: nobody looks. Replaced says that whoever is not in Added is out of
	// the group now; of those nobody has a list.
	Added, Removed []string
	Replaced       bool
	At             time.Time
}
