package scim

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// handler serves SCIM. It keeps nothing of a request.
type handler struct {
	tenant    func(*http.Request) (Tenant, error)
	o         Options // with its defaults filled in
	base      []string
	users     *model
	groups    *model
	discovery *discovery
	exchanges sync.Pool // of *exchange
}

// NewHandler serves the resources of whoever tenant says that a request is for. It is to be
// mounted at Options.BasePath and everything below, with the prefix or without, best by [Mount].
//
// tenant authenticates. It is asked once for each request, before its body is read. A *[Error]
// that it returns is the answer; a 401 goes out with "WWW-Authenticate: Bearer", if tenant's
// caller has set no such header. Any other error is a 500. It must look at the Authorization
// header alone, never at a cookie: nothing here guards against requests from other sites.
//
// opts may be nil. It is an error when they make no sense. The handler is safe for concurrent
// use.
func NewHandler(tenant func(*http.Request) (Tenant, error), opts *Options) (http.Handler, error) {
	if tenant == nil {
		return nil, errors.New("scim: a handler needs to know whom a request is for")
	}
	h := &handler{tenant: tenant}
	if opts != nil {
		h.o = *opts
	}
	if err := h.o.complete(); err != nil {
		return nil, err
	}
	var ok bool
	if h.base, _, ok = segments(h.o.BasePath, nil); !ok {
		return nil, fmt.Errorf("scim: base path %q has too many parts", h.o.BasePath)
	}
	h.users, h.groups = h.o.Schemas.user(), h.o.Schemas.group()
	h.exchanges.New = func() any { return new(exchange) }
	var err error
	if h.discovery, err = newDiscovery(&h.o); err != nil {
		return nil, err
	}
	return h, nil
}

// complete fills in the defaults, and refuses what makes no sense.
func (o *Options) complete() error {
	if o.BasePath == "" {
		o.BasePath = "/scim/v2"
	}
	o.BasePath = strings.TrimRight(o.BasePath, "/")
	if o.BasePath != "" && o.BasePath[0] != '/' || strings.ContainsAny(o.BasePath, "?#%\\ ") || strings.Contains(o.BasePath, "//") {
		return fmt.Errorf("scim: base path %q is no path such as /scim/v2", o.BasePath)
	}
	if o.MaxBody < 0 || o.MaxOperations < 0 || o.MaxResults < 0 || o.DefaultCount < 0 || o.CursorLifetime < 0 {
		return errors.New("scim: a bound is negative")
	}
	o.MaxBody = either(o.MaxBody, 1<<20)
	o.MaxOperations = either(o.MaxOperations, 1000)
	o.MaxResults = either(o.MaxResults, 200)
	o.DefaultCount = min(either(o.DefaultCount, 100), o.MaxResults)
	o.CursorLifetime = either(o.CursorLifetime, time.Hour)
	switch {
	case o.CursorKey == nil:
		o.CursorKey = make([]byte, 32)
		rand.Read(o.CursorKey) // never fails
	case len(o.CursorKey) < 32:
		return errors.New("scim: the key of cursors has fewer than 32 bytes")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func either[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := h.exchanges.Get().(*exchange)
	*x = exchange{h: h, ctx: r.Context(), w: w, r: r, in: x.in[:cap(x.in)], b: x.b[:0], fields: x.fields}
	if h.o.Served != nil {
		x.began = h.o.Now()
	}
	x.answer()
	if h.o.Served != nil {
		x.seen.Tolerated = x.taken.used
		x.seen.Duration = h.o.Now().Sub(x.began)
		h.o.Served(x.ctx, x.seen)
	}
	if cap(x.b)+cap(x.in) <= 2*spillAt {
		clear(x.fields[:cap(x.fields)])
		*x = exchange{in: x.in, b: x.b[:0], fields: x.fields[:0]} // keeps nothing of the request
		h.exchanges.Put(x)
	}
}

// exchange is one request and its answer.
type exchange struct {
	h       *handler
	ctx     context.Context
	w       http.ResponseWriter
	r       *http.Request
	backend Backend
	tenant  Tenant
	base    string // what locations begin with
	query   string // as it came, still escaped
	taken   leniency
	seen    Request
	secret  bool // the address asks for what is never returned
	began   time.Time

	in             []byte               // room for a body
	parts          [mostSegments]string // room for a path
	fields         fields               // room for a resource
	b              []byte               // the answer, as far as it is not sent
	status         int
	etag, location string
	sent           bool // its beginning is: there is no other answer any more
}

// answer does everything.
func (x *exchange) answer() {
	x.seen.Method = x.r.Method
	if err := x.identify(); err != nil {
		x.fail(err)
		return
	}
	to, err := x.locate()
	if err == nil {
		err = x.dispatch(to)
	}
	if err != nil {
		x.fail(err)
	}
}

// identify finds out whom the request is for.
func (x *exchange) identify() error {
	var err error
	if x.tenant, err = x.h.tenant(x.r); err != nil {
		return err
	}
	if x.backend = x.tenant.Backend; x.backend == nil {
		return errors.New("scim: a tenant without a backend")
	}
	x.taken.profile = either(x.tenant.Profile, Detect)
	x.seen.Profile = x.taken.profile
	if x.base = strings.TrimRight(x.tenant.BaseURL, "/"); x.base == "" {
		scheme := "http://"
		if x.r.TLS != nil {
			scheme = "https://"
		}
		x.base = scheme + x.r.Host + x.h.o.BasePath
	}
	return nil
}

// locate finds out what it is about.
func (x *exchange) locate() (route, error) {
	x.query = x.r.URL.RawQuery
	to, below, loose := locate(x.r.URL.Path, x.h.base, &x.parts)
	if len(below) == 0 && x.query != "" {
		if path, rest, ok := glued(x.query); ok {
			to, below, _ = locate(path, nil, &x.parts)
			x.query, loose = rest, true
		}
	}
	if x.h.o.Served != nil {
		x.seen.Path = cutAt("/"+strings.Join(below, "/"), 1<<10)
	}
	x.seen.ResourceType = to.kind.String()
	if to.place == atResource {
		x.seen.ID = noted(to.id)
	}
	switch {
	case to.place == nowhere && x.otherVersion():
		return to, badRequest(InvalidVers, "This is another version of the protocol. What is served here is SCIM 2.0, below "+x.base+".")
	case to.place == nowhere:
		return to, &Error{Status: http.StatusNotFound, Detail: "There is nothing at this path. Resources are at /Users and /Groups below " + x.base + "."}
	case loose && !x.taken.allow(PathForm):
		return to, &Error{Status: http.StatusNotFound, Detail: "This path has slashes that are doubled, or one at its end. Leave them out."}
	case !to.takes(x.r.Method):
		x.w.Header().Set("Allow", to.allowed())
		return to, &Error{Status: http.StatusMethodNotAllowed, Detail: "This path takes " + to.allowed() + " alone."}
	}
	return to, nil
}

// otherVersion reports whether the request is for the base path with another version at its end
// (RFC 7644, section 3.13).
func (x *exchange) otherVersion() bool {
	n := len(x.h.base)
	if n == 0 || !isVersion(x.h.base[n-1]) {
		return false
	}
	parts, _, ok := segments(x.r.URL.Path, nil)
	return ok && len(parts) >= n && slices.Equal(parts[:n-1], x.h.base[:n-1]) && isVersion(parts[n-1]) && parts[n-1] != x.h.base[n-1]
}

func isVersion(part string) bool {
	rest, ok := strings.CutPrefix(part, "v")
	return ok && rest != "" && strings.Trim(rest, "0123456789.") == ""
}

func (x *exchange) dispatch(to route) error {
	switch to.place {
	case atList:
		if x.r.Method == http.MethodPost {
			return x.post(to.kind)
		}
		return x.list(to.kind)
	case atSearch:
		return x.search(to.kind)
	case atResource:
		return x.resource(to.kind, to.id)
	case atMe:
		return x.me()
	case atBulk:
		return x.bulk()
	}
	return x.discover(to)
}

// resource is a request for one.
func (x *exchange) resource(kind resourceKind, id string) error {
	switch x.r.Method {
	case http.MethodPut:
		return x.put(kind, id)
	case http.MethodPatch:
		return x.patch(kind, id)
	case http.MethodDelete:
		return x.remove(kind, id)
	}
	return x.get(kind, id)
}

// me is a request for whom the token is (RFC 7644, section 3.11). The answer says where they
// are for good.
func (x *exchange) me() error {
	if x.tenant.Me == "" {
		return &Error{Status: http.StatusNotImplemented, Detail: "This token belongs to no user, so there is no /Me for it."}
	}
	x.seen.ResourceType, x.seen.ID = userKind.String(), x.tenant.Me
	return x.resource(userKind, x.tenant.Me)
}

func (x *exchange) model(kind resourceKind) *model {
	if kind == groupKind {
		return x.h.groups
	}
	return x.h.users
}
