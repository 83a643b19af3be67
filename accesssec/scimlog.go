package accesssec

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// SCIMRequest is one request of an identity provider, and what became of it. Of what was in its
// body it has ids alone, and of a filter nothing.
type SCIMRequest struct {
	TokenID      string           `json:"-"`
	At           time.Time        `json:"-"` // when it was answered
	Method       string           `json:"method"`
	Path         string           `json:"path"` // below the base URL, without the query
	ResourceType string           `json:"type,omitempty"`
	ResourceID   string           `json:"id,omitempty"`
	ExternalID   string           `json:"external_id,omitempty"` // that a write came with
	Status       int              `json:"status"`
	ErrorType    scim.ErrorType   `json:"error,omitempty"`
	Detail       string           `json:"detail,omitempty"` // of the error, without what was sent
	Profile      scim.Profile     `json:"profile,omitempty"`
	Tolerated    []scim.Tolerance `json:"tolerated,omitempty"`
	Skipped      []string         `json:"skipped,omitempty"`    // ids of members that were nobody, at most ten
	Operations   int              `json:"operations,omitempty"` // of a PATCH or bulk
	Duration     time.Duration    `json:"duration"`
}

const (
	scimRequestFor   = 30 * 24 * time.Hour
	mostSCIMRequests = 5000 // of one org; the oldest make room
)

// Requests of an org stand in a ring: where the next one goes, the org's scimRing knows.
var (
	scimLog   = collection[SCIMRequest]{"scim_request"} // by its place in the ring; owned by the token
	scimRings = collection[scimRing]{"scim_ring"}
)

type scimRing struct {
	Next int `json:"next"` // counts on, so that it is known whether there has been one round
}

const theSCIMRing = "ring"

// SCIMRequestQuery narrows the log of requests.
type SCIMRequestQuery struct {
	TokenID  string // of one token; "" all
	Failures bool   // those with a status of 400 or more
	store.Paging
}

// SCIMRequests lists what the org's identity provider has asked for, newest first: each request
// that wrote or was to write, and each that failed, for 30 days, and at most the last 5,000. What
// only reads and succeeds is counted and not listed, because there are a hundred such requests
// to one that matters; so are 429s, what fails more than five times a second for long, and most of
// what comes with a token that has ended. It is written a moment after the answer; what this
// instance has served is there for sure.
//
// With Failures a page may have fewer requests than its limit, also none, before the last one.
func (a *Admin) SCIMRequests(ctx context.Context, q SCIMRequestQuery) (store.Page[SCIMRequest], error) {
	if err := a.allowed(ctx); err != nil {
		return store.Page[SCIMRequest]{}, err
	}
	a.s.scim.flush(ctx, a.s)
	return a.s.scimRequests(ctx, a.p.OrgID, q)
}

func (s *Service) scimRequests(ctx context.Context, orgID string, q SCIMRequestQuery) (store.Page[SCIMRequest], error) {
	dq := store.DocQuery{To: newestFirst(s.now().Add(-scimRequestFor)), Paging: q.Paging}
	if q.TokenID != "" {
		dq.Owners = []string{q.TokenID}
	}
	page, err := scimLog.list(ctx, s.store, orgID, dq)
	out := store.Page[SCIMRequest]{Next: page.Next, Total: page.Total, Items: []SCIMRequest{}}
	if err != nil {
		return store.Page[SCIMRequest]{}, err
	}
	for _, k := range page.Items {
		if q.Failures && k.Value.Status < 400 {
			continue
		}
		v := k.Value
		v.TokenID, v.At = k.Owner, newestFirst(k.At) // turned round twice it is what it was
		out.Items = append(out.Items, v)
	}
	return out, nil
}

// writes reports whether a request was to change something.
func writesSCIM(r scim.Request) bool {
	switch r.Method {
	case "POST":
		return r.Path != "/.search" && !strings.HasSuffix(r.Path, "/.search")
	case "PUT", "PATCH", "DELETE":
		return true
	}
	return false
}

// scimRequestOf is what is kept of a request.
func scimRequestOf(r scim.Request, token string, at time.Time) SCIMRequest {
	out := SCIMRequest{
		TokenID: token, At: at, Method: bound(r.Method, 16), Path: bound(r.Path, 256), ResourceType: bound(r.ResourceType, 64),
		ResourceID: bound(r.ID, 255), ExternalID: bound(r.ExternalID, 255), Status: r.Status, ErrorType: r.ErrorType,
		Detail: bound(unsaid(r.Detail), 1024), Profile: r.Profile, Tolerated: r.Tolerated, Operations: r.Operations, Duration: r.Duration,
	}
	if r.ErrorType == scim.InvalidFilter {
		out.Detail = "The filter can't be taken. The client was told why." // in the filter's own words
	}
	for _, id := range r.Skipped[:min(len(r.Skipped), 10)] {
		out.Skipped = append(out.Skipped, bound(id, 255))
	}
	return out
}

// unsaid is a sentence of ours without what somebody sent: what is quoted, and addresses.
func unsaid(s string) string {
	if s == "" {
		return ""
	}
	words := strings.Split(unquoted(s), " ")
	for i, w := range words {
		if strings.Contains(w, "@") {
			words[i] = "…"
		}
	}
	return strings.Join(words, " ")
}

// unquoted is a sentence without what stands between its first and its last quote. Quotes can
// stand within quotes, so nothing between them is looked at.
func unquoted(s string) string {
	const quotes = "\"`“”„«»"
	first := strings.IndexAny(s, quotes)
	last := strings.LastIndexAny(s, quotes)
	if first < 0 {
		return s
	}
	if last == first { // one alone opens something that was cut off
		return s[:first] + "…"
	}
	return s[:first] + "…" + strings.TrimLeft(s[last:], quotes)
}

// line is r as encoding/json writes it, which reads it back.
func (r *SCIMRequest) line() []byte {
	o := objectAt(make([]byte, 0, 192))
	number := func(name string, n int64) {
		o.name(name)
		o.b = strconv.AppendInt(o.b, n, 10)
	}
	o.name("method")
	o.b = appendJSON(o.b, r.Method)
	o.name("path")
	o.b = appendJSON(o.b, r.Path)
	o.text("type", r.ResourceType)
	o.text("id", r.ResourceID)
	o.text("external_id", r.ExternalID)
	number("status", int64(r.Status))
	o.text("error", string(r.ErrorType))
	o.text("detail", r.Detail)
	o.text("profile", string(r.Profile))
	appendTexts(&o, "tolerated", r.Tolerated)
	appendTexts(&o, "skipped", r.Skipped)
	if r.Operations != 0 {
		number("operations", int64(r.Operations))
	}
	number("duration", int64(r.Duration))
	return append(o.b, '}')
}

// appendTexts leaves out an empty list.
func appendTexts[T ~string](o *object, name string, list []T) {
	if len(list) == 0 {
		return
	}
	o.name(name)
	for i, one := range list {
		o.b = appendJSON(append(o.b, "[,"[min(i, 1)]), string(one))
	}
	o.b = append(o.b, ']')
}
