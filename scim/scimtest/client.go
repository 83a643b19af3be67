package scimtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Client is a simulated provisioning client. It sends what the real one sends, in its order,
// with its headers, and takes no more than the real one takes: an answer on which that one
// would stumble is an error. It is one tenant's, and safe for concurrent use.
//
// A client goes by what it looks up, as real ones do, and by the ids it was told. Real clients
// keep what they have pushed; so does this one, for as long as it lives.
type Client interface {
	// Name is "Entra", "Okta" and so on.
	Name() string
	// Target is where it provisions to.
	Target() Target
	// Requests is how many it has sent.
	Requests() int
	// Notes are what it makes do without, and would not say to anybody.
	Notes() []string

	// TestConnection is what an administrator's "test" sends.
	TestConnection(ctx context.Context) error
	// CreateUser provisions a person who was assigned, and returns the id. Somebody who is there
	// already is taken over.
	CreateUser(ctx context.Context, p Person) (id string, err error)
	UpdateUser(ctx context.Context, id string, p Person) error
	Deactivate(ctx context.Context, id string) error
	// Reactivate assigns a person again who was deactivated, maybe under another name.
	Reactivate(ctx context.Context, p Person) (id string, err error)
	// DeleteUser is what becomes of a person who is deleted: Okta deactivates.
	DeleteUser(ctx context.Context, id string) error

	CreateGroup(ctx context.Context, g Team) (id string, err error)
	RenameGroup(ctx context.Context, id, name string) error
	AddMembers(ctx context.Context, group string, users ...string) error
	RemoveMembers(ctx context.Context, group string, users ...string) error
	// PushMembers makes users the group's members, and nobody else.
	PushMembers(ctx context.Context, group string, users ...string) error
	DeleteGroup(ctx context.Context, id string) error
	// Import lists everybody, page by page.
	Import(ctx context.Context) ([]Account, error)
}

// Person is somebody in the client's directory.
type Person struct {
	ExternalID    string // the client's own id
	UserName      string // the address
	Given, Family string
	Department    string // "" is not sent; JumpCloud and authentik have none
}

// Team is a group in the client's directory.
type Team struct{ ExternalID, Name string }

// Account is a user as a client imports it.
type Account struct {
	ID, UserName, ExternalID string
	Active                   bool
}

// connector is what the clients have in common: how a request is sent, and what an answer has
// to be for all of them.
type connector struct {
	name   string
	target Target
	header http.Header // with each request
	sends  string      // content type of bodies
	takes  []string    // content types of answers

	mu       sync.Mutex
	requests int
	notes    []string
	names    map[string]string              // of groups, by id
	members  map[string]map[string]struct{} // of groups, as this client has pushed them
}

func newConnector(name string, target Target, sends string, takes ...string) *connector {
	return &connector{name: name, target: target, header: http.Header{}, sends: sends, takes: takes,
		names: map[string]string{}, members: map[string]map[string]struct{}{}}
}

func (c *connector) Name() string   { return c.name }
func (c *connector) Target() Target { return c.target }

func (c *connector) Requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

func (c *connector) Notes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.notes)
}

func (c *connector) note(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.notes, s) {
		c.notes = append(c.notes, s)
	}
}

// fault is an error of this client about an answer.
func (c *connector) fault(r reply, format string, args ...any) error {
	return fmt.Errorf("scimtest: %s: %s\n%v", c.name, fmt.Sprintf(format, args...), r)
}

// send sends one request. The answer's status must be among those that the client takes; one
// with a body must be JSON, of a content type that it reads.
func (c *connector) send(ctx context.Context, method, path, query, body string, statuses ...int) (reply, error) {
	h := c.header.Clone()
	if body != "" {
		h.Set("Content-Type", c.sends)
	}
	c.mu.Lock()
	c.requests++
	c.mu.Unlock()
	r, err := c.target.send(ctx, call{method: method, path: path, query: query, body: body, header: h})
	if err != nil {
		return r, fmt.Errorf("scimtest: %s: %w", c.name, err)
	}
	if !slices.Contains(statuses, r.status) {
		return r, c.fault(r, "status %d, takes %v", r.status, statuses)
	}
	if r.status == http.StatusNoContent {
		if len(r.body) > 0 {
			return r, c.fault(r, "a 204 with a body")
		}
		return r, nil
	}
	if r.status >= http.StatusBadRequest {
		return r, nil
	}
	if len(r.body) == 0 {
		return r, c.fault(r, "an answer without a body")
	}
	if r.json == nil {
		return r, c.fault(r, "an answer that is no JSON object")
	}
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	if !slices.Contains(c.takes, strings.TrimSpace(kind)) {
		return r, c.fault(r, "Content-Type %q, takes %q", kind, c.takes)
	}
	return r, nil
}

// resource sends a request whose answer is one resource.
func (c *connector) resource(ctx context.Context, method, path, query, body string, status int) (reply, error) {
	r, err := c.send(ctx, method, path, query, body, status)
	if err != nil {
		return r, err
	}
	return r, c.isResource(r, r.json)
}

func (c *connector) isResource(r reply, m map[string]any) error {
	if id, _ := m["id"].(string); id == "" {
		return c.fault(r, "a resource without an id")
	}
	if len(schemasOf(m)) == 0 {
		return c.fault(r, "a resource without schemas")
	}
	return nil
}

// list sends a query; its answer must be a ListResponse. absent also takes a 404 for none.
func (c *connector) list(ctx context.Context, path, query string, absent bool) (reply, []map[string]any, error) {
	statuses := []int{http.StatusOK}
	if absent {
		statuses = append(statuses, http.StatusNotFound)
	}
	r, err := c.send(ctx, http.MethodGet, path, query, "", statuses...)
	if err != nil || r.status == http.StatusNotFound {
		return r, nil, err
	}
	if !hasSchema(r.json, listSchema) {
		return r, nil, c.fault(r, "no ListResponse")
	}
	total := r.number("totalResults")
	found := r.resources()
	if total < 0 || total > 0 && len(found) > 0 && (r.number("itemsPerPage") < 0 || r.number("startIndex") < 0) {
		return r, nil, c.fault(r, "totalResults, itemsPerPage and startIndex are to be integers")
	}
	for _, m := range found {
		if err := c.isResource(r, m); err != nil {
			return r, nil, err
		}
	}
	return r, found, nil
}

// lookUp finds one resource by a filter; "" is none.
func (c *connector) lookUp(ctx context.Context, path, query, filter string, absent bool) (string, error) {
	q := "filter=" + escape(filter)
	if query != "" {
		q += "&" + query
	}
	r, found, err := c.list(ctx, path, q, absent)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", nil
	case len(found) > 1:
		return "", c.fault(r, "%d match a filter that one may", len(found))
	}
	return found[0]["id"].(string), nil
}

// pages reads all users by startIndex, and count where it is not "".
func (c *connector) pages(ctx context.Context, count string) ([]Account, error) {
	var out []Account
	seen := map[string]bool{}
	for start := 1; ; {
		q := fmt.Sprintf("startIndex=%d", start)
		if count != "" {
			q += "&count=" + count
		}
		r, found, err := c.list(ctx, "/Users", q, false)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			a := account(m)
			if seen[a.ID] {
				return nil, c.fault(r, "%s is on two pages: the order is not stable", a.ID)
			}
			seen[a.ID] = true
			out = append(out, a)
		}
		start += len(found)
		if start > r.number("totalResults") {
			return out, nil
		}
		if len(found) == 0 {
			return nil, c.fault(r, "an empty page at %d of %d", start, r.number("totalResults"))
		}
	}
}

func account(m map[string]any) Account {
	a := Account{}
	a.ID, _ = m["id"].(string)
	a.UserName, _ = m["userName"].(string)
	a.ExternalID, _ = m["externalId"].(string)
	a.Active, _ = m["active"].(bool)
	return a
}

// known are what this client has made of a group.
func (c *connector) known(group string) (name string, members []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.members[group] {
		members = append(members, id)
	}
	slices.Sort(members)
	return c.names[group], members
}

func (c *connector) named(group, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names[group] = name
	if c.members[group] == nil {
		c.members[group] = map[string]struct{}{}
	}
}

// booked books what was pushed: who was added, and who removed.
func (c *connector) booked(group string, added, removed []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set := c.members[group]
	if set == nil {
		set = map[string]struct{}{}
		c.members[group] = set
	}
	for _, id := range removed {
		delete(set, id)
	}
	for _, id := range added {
		set[id] = struct{}{}
	}
}

// difference is what brings a group from what this client has pushed to users.
func (c *connector) difference(group string, users []string) (add, remove []string) {
	_, had := c.known(group)
	for _, id := range users {
		if !slices.Contains(had, id) {
			add = append(add, id)
		}
	}
	for _, id := range had {
		if !slices.Contains(users, id) {
			remove = append(remove, id)
		}
	}
	return add, remove
}

// operations is the body of a PATCH.
func operations(list ...any) string {
	return marshal(map[string]any{"schemas": []any{patchSchema}, "Operations": list})
}

// operation is one of them; path "" and value nil are left out.
func operation(op, path string, value any) map[string]any {
	out := map[string]any{"op": op}
	if path != "" {
		out["path"] = path
	}
	if value != nil {
		out["value"] = value
	}
	return out
}

// values are ids as a value of members.
func values(ids ...string) []any {
	out := []any{}
	for _, id := range ids {
		out = append(out, map[string]any{"value": id})
	}
	return out
}

// quoted is a text as the value of a filter.
func quoted(s string) string { return marshal(s) }

var errNobody = errors.New("scimtest: nobody is there to be assigned again")
