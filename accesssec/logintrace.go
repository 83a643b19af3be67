package accesssec

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/internal/throttle"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// LoginTrace is one response that came to a connection's postback URL, and what became of
// it: what an Owner or Admin needs to put right either side. It is kept for a week. Of what
// it says of a person nothing is there before a signature of the identity provider was
// verified, and of attributes it has the names alone. Expected and Received of a response
// that was refused may be written by anybody: they are short and printable, and no more.
type LoginTrace struct {
	ID           string    `json:"-"`
	ConnectionID string    `json:"-"`
	At           time.Time `json:"at"`
	Trace        string    `json:"trace"`               // the code on the person's page and in the log: "7K4Q-M2XD"
	Code         Code      `json:"code,omitempty"`      // why it was refused; "" it was a login
	Restarted    bool      `json:"restarted,omitempty"` // a sign-in was started in its place

	Detail   string       `json:"detail,omitempty"`   // of the Refusal, as its Fix
	Fix      string       `json:"fix,omitempty"`      // what would mend it
	Expected string       `json:"expected,omitempty"` // by saml, as the three that follow
	Received string       `json:"received,omitempty"`
	Side     saml.Side    `json:"side,omitempty"`   // who has to act
	Checks   []TraceCheck `json:"checks,omitempty"` // all of them, for a response that saml refused

	Solicited    bool             `json:"solicited,omitempty"`   // it answers a request of ours
	AssertionID  string           `json:"assertion,omitempty"`   // from here on: verified
	Certificate  string           `json:"certificate,omitempty"` // SHA-256 of the one that verified it, in hex
	Address      string           `json:"address,omitempty"`     // as asserted
	NameID       string           `json:"name_id,omitempty"`
	NameIDFormat string           `json:"name_id_format,omitempty"`
	AuthnContext []string         `json:"authn_context,omitempty"`
	Attributes   []TraceAttribute `json:"attributes,omitempty"` // by name; at most 100
	FirstName    bool             `json:"first_name,omitempty"` // whether one was found
	LastName     bool             `json:"last_name,omitempty"`
	Groups       int              `json:"groups,omitempty"` // how many were found
	UserID       string           `json:"user,omitempty"`   // who it signed in
}

// TraceAttribute is an attribute of an assertion, without its values.
type TraceAttribute struct {
	Name   string `json:"name"`
	Values int    `json:"values"`
}

// TraceCheck is one check of a response that was refused.
type TraceCheck struct {
	Check    string    `json:"check"`          // a name of package saml
	Saw      string    `json:"saw,omitempty"`  // what it looked at; only behind a signature that holds
	Code     saml.Code `json:"code,omitempty"` // "" it passed
	Expected string    `json:"expected,omitempty"`
	Received string    `json:"received,omitempty"`
	Side     saml.Side `json:"side,omitempty"`
	Hint     string    `json:"hint,omitempty"`
}

const (
	traceFor    = 7 * 24 * time.Hour
	mostOfTrace = 100 // attributes, and values of other lists
	traceWithin = 2 * time.Second
)

var loginTraces = collection[LoginTrace]{"login_trace"} // owned by the connection

// limitTraces bounds what refusals of one kind may leave at a connection, from however
// many networks they come: about twelve hundred in a week.
var limitTraces = throttle.Limit{Free: 500, First: 30 * time.Second, Max: 15 * time.Minute}

// traceEpoch is the instant at which times are turned round, because lists of docs begin
// with the oldest.
func traceEpoch() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// newestFirst is t as Doc.At: the later, the earlier.
func newestFirst(t time.Time) time.Time { return traceEpoch().Add(traceEpoch().Sub(t)) }

// TraceQuery narrows the traces of a connection.
type TraceQuery struct {
	Trace string // the code that a person reads out; "" all
	store.Paging
}

// LoginTraces lists what came to a connection in the last week, newest first: what was
// refused, and of each person the newest login and the newest that was started anew.
// Refusals at volume leave no more of them,
// as they leave no more lines in the log.
func (a *Admin) LoginTraces(ctx context.Context, connectionID string, q TraceQuery) (store.Page[LoginTrace], error) {
	var out store.Page[LoginTrace]
	if err := a.allowed(ctx); err != nil {
		return out, err
	}
	if _, err := connections.get(ctx, a.s.store, a.p.OrgID, connectionID); err != nil {
		return out, gone(err)
	}
	dq := store.DocQuery{Owners: []string{connectionID}, To: newestFirst(a.s.now().Add(-traceFor)), Paging: q.Paging}
	out.Items = []LoginTrace{}
	for {
		page, err := loginTraces.list(ctx, a.s.store, a.p.OrgID, dq)
		if err != nil {
			return store.Page[LoginTrace]{}, err
		}
		for _, k := range page.Items {
			if q.Trace == "" || k.Value.Trace == q.Trace {
				t := k.Value
				t.ID, t.ConnectionID = k.ID, connectionID
				out.Items = append(out.Items, t)
			}
		}
		out.Next, out.Total = page.Next, page.Total
		// One code is looked for on all pages: there are few of them.
		if dq.After = page.Next; q.Trace == "" || dq.After == "" {
			return out, nil
		}
	}
}

// tracing is a trace as it comes about.
type tracing struct {
	orgID, connectionID string // no org: nobody's connection, and nobody to read it
	trace               LoginTrace
	explain             func() []saml.Finding // nil: it never came to that
}

// saw notes what is known since the signature was verified.
func (t *tracing) saw(idp *saml.IdP, id *saml.Identity) {
	l := &t.trace
	l.Solicited, l.AssertionID = id.Solicited, bound(id.AssertionID, 256)
	if i := id.Certificate; i >= 0 && i < len(idp.Certificates) {
		l.Certificate = fingerprint(idp.Certificates[i])
	}
	l.Address, l.NameID, l.NameIDFormat = bound(id.Email, 512), bound(id.NameID.Value, 512), bound(id.NameID.Format, 256)
	l.FirstName, l.LastName, l.Groups = id.FirstName != "", id.LastName != "", len(id.Groups)
	l.AuthnContext = nil
	for _, c := range id.AuthnContext[:min(len(id.AuthnContext), mostOfTrace)] {
		l.AuthnContext = append(l.AuthnContext, bound(c, 256))
	}
	l.Attributes = nil
	for _, name := range slices.Sorted(maps.Keys(id.Attributes)) {
		if len(l.Attributes) == mostOfTrace {
			break
		}
		l.Attributes = append(l.Attributes, TraceAttribute{bound(name, 256), len(id.Attributes[name])})
	}
}

// refused notes why.
func (t *tracing) refused(no *Refusal) {
	l := &t.trace
	l.Code, l.Detail, l.Fix, l.Restarted = no.Code, bound(no.Detail, 2048), bound(no.Fix, 2048), no.Bounce != nil
	var bad *saml.Error
	if errors.As(no, &bad) {
		l.Expected, l.Received, l.Side = bound(bad.Expected, 2048), bound(bad.Received, 2048), bad.Fix
		if l.AssertionID == "" {
			l.AssertionID = bound(bad.AssertionID, 256)
		}
	}
}

// checks are made once more, and all of them, for what saml has refused. Of what nobody
// has signed they keep nothing that could name a person.
func (t *tracing) checks(no *Refusal) {
	var bad *saml.Error
	if t.explain == nil || !errors.As(no, &bad) {
		return
	}
	all := t.explain()
	signed := slices.ContainsFunc(all, func(f saml.Finding) bool { return f.Check == saml.CheckSignature && f.Err == nil })
	for _, f := range all {
		c := TraceCheck{Check: f.Check}
		if signed {
			c.Saw = bound(f.Saw, 1024)
		}
		if f.Err != nil {
			c.Code, c.Side, c.Hint = f.Err.Code, f.Err.Fix, f.Err.Hint
			if signed || !personal(f.Check) {
				c.Expected, c.Received = bound(f.Err.Expected, 1024), bound(f.Err.Received, 1024)
			}
		}
		t.trace.Checks = append(t.trace.Checks, c)
	}
}

// personal are the checks that look at who it is.
func personal(check string) bool {
	return check == saml.CheckNameID || check == saml.CheckIdentifier || check == saml.CheckValues
}

// keepTrace writes down what became of a response. That it can't be written changes
// nothing of it: who is in is in, and who is out is out. A fault of ours leaves no trace
// here but in Options.Log, because it says nothing of either side.
func (s *Service) keepTrace(ctx context.Context, t *tracing, step Step, err error) {
	var no *Refusal
	if t.orgID == "" || err != nil && !errors.As(err, &no) || no != nil && no.flood {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceWithin)
	defer cancel()
	if err := s.putTrace(ctx, t, step, no); err != nil {
		s.opts.Log.WarnContext(ctx, "accesssec: login trace not kept", "connection", t.connectionID, "trace", t.trace.Trace, "err", err)
	}
}

func (s *Service) putTrace(ctx context.Context, t *tracing, step Step, no *Refusal) error {
	now := s.now()
	t.trace.At = now
	id := newID("trc")
	if no != nil {
		t.refused(no)
	}
	switch {
	case t.trace.Restarted && t.trace.NameID != "":
		id = subjectID("restarted", t.connectionID, t.trace.NameID)
	case no != nil:
		wide := counter{name: "trace\x00" + t.connectionID + "\x00" + string(no.Code), limit: limitTraces, shared: true}
		if flood, err := s.failed(ctx, wide); err != nil || flood {
			return err
		}
		t.checks(no)
	case step.Entered != nil:
		// One for each person, so that a big org's people are no flood.
		t.trace.UserID = step.Entered.Principal.UserID
		id = subjectID("trace", t.connectionID, t.trace.UserID)
	}
	k := loginTraces.fresh(t.orgID, id, "", newestFirst(now), now.Add(traceFor), t.trace)
	k.Owner = t.connectionID
	err := s.upkeep(ctx, func(tx store.Tx) error {
		old, err := tx.Doc(ctx, k.Kind, k.OrgID, k.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		k.Version = old.Version
		return loginTraces.put(ctx, tx, k)
	})
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) {
		return nil // another of theirs has left one at this moment
	}
	return err
}
