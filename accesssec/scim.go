package accesssec

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// SCIM serves the provisioning of all orgs (RFC 7643, RFC 7644), to be mounted at
// Options.SCIMPath and everything below:
//
//	srv.Handler = scim.Mount(svc.SCIMPath(), svc.SCIM(), mux)
//
// In front of a mux, since that would redirect what clients make of a base URL with a slash at its
// end.
//
// Which org a request is for, its token says ([Admin.CreateSCIMToken]), in the Authorization
// header and nowhere else. Who shows none that is good gets a 401, and nothing of any org.
// An org that has its sign-on from another is provisioned there, and its own tokens get a 403.
// When the store can't be asked the answer is a 503.
//
// One token may send Options.SCIMRate requests in a second to one instance, each operation of a
// bulk being one, and one network
// some hundred that fail: then the answer is a 429 that says when to come again. What is
// written, and what fails, stands in the org's log of requests ([Admin.SCIMRequests]).
//
// It is one handler for the whole Service, however often it is asked for. It takes no cookie,
// so it needs no guard against forged forms. A Service of [Service.On] serves none.
func (s *Service) SCIM() http.Handler { return http.HandlerFunc(s.serveSCIM) }

// scimMount is what serving SCIM keeps in memory: how fast who comes, and what is still to be
// written down.
type scimMount struct {
	mu      sync.Mutex
	handler http.Handler // made for the first request, because it needs a key from the store

	tokens   *buckets // by the hash of a token that was good when it was last looked up
	sources  *buckets // by network: what has failed
	requests scimRequests
}

const (
	defaultSCIMPath = "/scim/v2"
	defaultSCIMRate = 50

	// What a network may fail at: enough for some old tokens behind the one address that many
	// customers of an identity provider share, and too little to keep a store busy.
	scimFailures      = 5   // in a second
	scimFailuresBurst = 100 // at once

	// How often somebody is listed who shows a token that has ended: it must not be worth
	// anything to push with it all else out of the log.
	scimEnded      = 1.0 / 600 // in a second
	scimEndedBurst = 5

	mostSCIMBuckets = 10_000
)

// mountSCIM fills in what the options leave open, and refuses what can't be served.
func (s *Service) mountSCIM() error {
	o := &s.opts
	if o.SCIMPath == "" {
		o.SCIMPath = defaultSCIMPath
	}
	o.SCIMPath = strings.TrimRight(o.SCIMPath, "/")
	if o.SCIMRate == 0 {
		o.SCIMRate = defaultSCIMRate
	}
	if o.SCIMPath == "" || o.SCIMRate < 0 {
		return fmt.Errorf("accesssec: Options.SCIMPath %q or SCIMRate %d: want a path below the root, and no rate below zero", o.SCIMPath, o.SCIMRate)
	}
	if _, err := scim.NewHandler(s.scimTenant, s.scimOptions(nil)); err != nil {
		return fmt.Errorf("accesssec: Options.SCIMPath or SCIMSchemas: %w", err)
	}
	s.scim = &scimMount{
		tokens:  newBuckets(float64(o.SCIMRate), float64(2*o.SCIMRate), mostSCIMBuckets),
		sources: newBuckets(scimFailures, scimFailuresBurst, mostSCIMBuckets),
		requests: scimRequests{
			used:     map[string]*scimUsed{},
			failures: newBuckets(scimFailures, scimFailuresBurst, mostSCIMBuckets),
			ended:    newBuckets(scimEnded, scimEndedBurst, mostSCIMBuckets),
		},
	}
	return nil
}

func (s *Service) scimOptions(cursorKey []byte) *scim.Options {
	var event func(context.Context, scim.Event)
	if s.opts.SCIMEvent != nil {
		event = func(ctx context.Context, e scim.Event) {
			if call, _ := ctx.Value(scimCallKey{}).(*scimCall); call != nil {
				s.opts.SCIMEvent(ctx, call.provisions(), e)
			}
		}
	}
	return &scim.Options{
		Event: event, BasePath: s.opts.SCIMPath, Schemas: s.opts.SCIMSchemas, CursorKey: cursorKey,
		Now: s.opts.Now, Log: s.opts.Log, Served: s.servedSCIM,
	}
}

// SCIMPath is where [Service.SCIM] is mounted, without a slash at its end.
func (s *Service) SCIMPath() string { return s.opts.SCIMPath }

// scimBase is where provisioning is found, for people to copy.
func (s *Service) scimBase() string { return s.origin + s.opts.SCIMPath }

func (s *Service) serveSCIM(w http.ResponseWriter, r *http.Request) {
	h, err := s.scimHandler(r.Context())
	if err != nil {
		s.opts.Log.ErrorContext(r.Context(), "accesssec: SCIM is not served", "err", err)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "application/scim+json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"503","detail":"Provisioning can't be reached at the moment. Try again."}`)
		return
	}
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), scimCallKey{}, &scimCall{})))
}

// scimHandler is the one of this instance.
func (s *Service) scimHandler(ctx context.Context) (http.Handler, error) {
	if err := s.alone(); err != nil {
		return nil, err
	}
	m := s.scim
	m.mu.Lock()
	h := m.handler
	m.mu.Unlock()
	if h != nil {
		return h, nil
	}
	key, err := s.cursorKey(ctx) // by more than one, maybe, so that none waits for another's store
	if err == nil {
		h, err = scim.NewHandler(s.scimTenant, s.scimOptions(key))
	}
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.handler == nil {
		m.handler = h
	}
	return m.handler, nil
}

// scimCall is what is known of a request beside what scim says of it: whose it is.
type scimCall struct {
	scimBearer
	key     string // of its bucket
	limited bool   // came too fast, and nothing was looked at
	ended   bool   // the token has
}

type scimCallKey struct{}

// scimTenant finds whose request it is, by its token.
func (s *Service) scimTenant(r *http.Request) (scim.Tenant, error) {
	ctx := r.Context()
	call, _ := ctx.Value(scimCallKey{}).(*scimCall)
	if call == nil {
		return scim.Tenant{}, errors.New("accesssec: a SCIM request that did not come by Service.SCIM")
	}
	by, err := s.scimCaller(ctx, call, r)
	if no, is := errors.AsType[*scim.Error](err); is {
		return scim.Tenant{}, no
	} else if err != nil {
		s.opts.Log.ErrorContext(ctx, "accesssec: SCIM token not checked", "err", err)
		return scim.Tenant{}, &scim.Error{Status: http.StatusServiceUnavailable, RetryAfter: time.Second, Detail: "The token can't be checked at the moment. Try again.", Err: err}
	}
	return scim.Tenant{
		Backend: s.directory(by), Profile: by.settings.Profile,
		Scope: by.orgID + " " + by.tokenID, BaseURL: s.scimBase(),
	}, nil
}

// scimCaller looks a token up. What does not look like one costs the store nothing, and a token
// that was good lately is not kept out by what others behind the same address fail at.
func (s *Service) scimCaller(ctx context.Context, call *scimCall, r *http.Request) (scimCaller, error) {
	now, source := s.now(), ""
	if ip := s.opts.TrustedIP(r); outside(ip) {
		source = network(ip)
	}
	token, ok := bearer(r.Header)
	if !ok || len(token) > mostSCIMToken {
		return scimCaller{}, s.scimFailed(source, noSCIMToken())
	}
	key := scimKey(token)
	whose, known, wait := s.scim.tokens.takeKnown(key, now)
	if !known && !plausibleSCIMToken(token) {
		return scimCaller{}, s.scimFailed(source, noSCIMToken())
	} else if wait > 0 {
		call.scimBearer, call.limited = whose, true
		return scimCaller{}, tooFast(wait)
	} else if wait := s.scim.sources.wait(source, now); !known && source != "" && wait > 0 {
		return scimCaller{}, tooFast(wait)
	}
	doc, err := s.store.DocByKey(ctx, scimTokens.kind, key)
	k, err := scimTokens.reread(doc, err, whose.token)
	if errors.Is(err, store.ErrNotFound) {
		s.scim.tokens.forget(key)
		return scimCaller{}, s.scimFailed(source, noSCIMToken())
	} else if err != nil {
		return scimCaller{}, err
	}
	call.scimBearer = scimBearer{orgID: k.OrgID, tokenID: k.ID, forgotten: k.ExpiresAt, token: &k}
	if k.Value.over(now) {
		call.ended = true
		s.scim.tokens.forget(key)
		return scimCaller{}, s.scimFailed(source, endedSCIMToken())
	}
	s.scim.tokens.know(key, call.scimBearer, now)
	call.key = key
	orgID := call.provisions()
	if err := provisioned(ctx, s.store, k.OrgID, orgID); err != nil {
		return scimCaller{}, err
	}
	settings, err := scimSettingsOf(ctx, s.store, orgID)
	if err != nil {
		return scimCaller{}, err
	}
	if orgID != k.OrgID { // who is beside the people of its domains is none of the other org's business
		settings.Value.HideExternals = true
	}
	return scimCaller{orgID: orgID, fromID: k.OrgID, tokenID: k.ID, tokenName: k.Value.Name, token: &k, settings: settings.Value}, nil
}

// scimFailed counts a failure, and is no, or that there were too many from there.
func (s *Service) scimFailed(source string, no *scim.Error) error {
	if source == "" {
		return no // maybe a proxy's, behind which everybody comes
	}
	if wait := s.scim.sources.take(source, s.now()); wait > 0 {
		return tooFast(wait)
	}
	return no
}
