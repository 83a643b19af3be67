package accesssec

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// request is what is kept between the bounce and the answer.
type request struct {
	Request saml.Request `json:"request"`
	Browser store.Hash   `json:"browser"` // of the visit's secret
	OrgID   string       `json:"org,omitempty"`
	After   string       `json:"after,omitempty"`
	Fresh   bool         `json:"fresh,omitempty"` // the person is to prove themselves anew
	At      time.Time    `json:"at"`
}

// used is an assertion that has made a session.
type used struct{}

// StartOptions of a single sign-on.
type StartOptions struct {
	// Fresh has the identity provider ask the person again although they are signed
	// in there. The session that comes of it has proven the person, as [Me.Prove] does.
	Fresh bool
}

// StartSSO sends the browser to the identity provider of a connection: Step.Bounce.
// What comes back is believed once, within ten minutes, and in this browser alone.
func (i *SignIn) StartSSO(ctx context.Context, v Visit, connectionID string, opts *StartOptions) (Step, error) {
	s := i.s
	if opts == nil {
		opts = &StartOptions{}
	}
	conn, err := s.activeConnection(ctx, s.store, connectionID)
	if err != nil {
		return Step{}, traced(err, v)
	}
	sp, err := conn.Value.sp(s.keys, conn.ID)
	if err != nil {
		return Step{}, err
	}
	now := s.now()
	req, bounce, err := sp.Start(conn.Value.IdP, &saml.StartOptions{ForceAuthn: opts.Fresh}, now)
	if err != nil {
		return Step{}, err
	}
	rec := requests.fresh(conn.OrgID, req.ID, requestKey(connectionID, req.ID), now, req.ExpiresAt, request{
		Request: req, Browser: hashOf(v.id), OrgID: v.OrgID, After: SafePath(v.After), Fresh: opts.Fresh, At: now,
	})
	if err := s.upkeep(ctx, func(tx store.Tx) error { return requests.put(ctx, tx, rec) }); err != nil {
		return Step{}, err
	}
	return Step{Next: policy.NextSSO, Bounce: bounce}, nil
}

// FinishSSO takes what a browser has posted to a connection's ACS. The signature and
// the profile are checked first and outside of any transaction; then one transaction
// takes the request, uses up the assertion, asks the policy and makes the session, so
// that of any number of posts of one response at most one is a login.
func (i *SignIn) FinishSSO(ctx context.Context, v Visit, connectionID string, m saml.Message) (Step, error) {
	s := i.s
	conn, err := s.activeConnection(ctx, s.store, connectionID)
	if err != nil {
		return Step{}, traced(err, v)
	}
	req, err := s.pending(ctx, connectionID, m)
	if err != nil {
		return Step{}, err
	}
	var asked *saml.Request
	if req != nil {
		asked = &req.Value.Request
	}
	id, err := conn.Value.receiver().Finish(conn.Value.IdP, &conn.Value.Rules, m, asked, s.now())
	if err != nil {
		return Step{}, s.refuseResponse(ctx, v, conn, err)
	}
	if req != nil && !v.is(req.Value.Browser) {
		no := refuse(CodeBrowser, "the response came in another browser than the request was made in")
		return Step{}, s.refused(ctx, no.inOrg(conn.OrgID, v.response(connectionID, id.AssertionID)))
	}
	address, err := addressOf(id)
	if err != nil {
		var no *Refusal
		errors.As(err, &no)
		return Step{}, s.refused(ctx, no.inOrg(conn.OrgID, v.response(connectionID, id.AssertionID)))
	}
	step := Step{}
	err = s.change(ctx, func(c *change) error {
		step = Step{}
		if err := s.spend(ctx, c, v, conn, req, id); err != nil {
			return err
		}
		ask := asking{address: address, orgID: conn.OrgID, attempt: policy.Attempt{Method: policy.SSO, Connection: connectionID}}
		if req != nil && req.Value.OrgID != "" {
			ask.orgID = req.Value.OrgID
		}
		f, err := s.ssoFacts(ctx, c, conn.OrgID, ask)
		if err != nil {
			return err
		}
		p := proof{visit: v, method: policy.SSO, connection: connectionID, identity: id}
		if req != nil {
			step.After = req.Value.After
			p.fresh = req.Value.Fresh && !id.AuthenticatedAt.Before(req.Value.At.Add(-time.Minute))
		}
		if step.Entered, err = s.admit(ctx, c, f, p); err != nil {
			var no *Refusal
			if errors.As(err, &no) { // the org whose connection it is shall see it
				no.orgID = conn.OrgID
				no.event.Facts = v.response(connectionID, id.AssertionID).Facts
			}
		}
		return err
	})
	if err != nil {
		return Step{}, err
	}
	return step, nil
}

// ssoFacts falls back to the connection's own org when the one that was wanted is gone
// or has no place for the person.
func (s *Service) ssoFacts(ctx context.Context, r store.Reader, own string, ask asking) (facts, error) {
	f, err := s.facts(ctx, r, ask)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing || ask.orgID == own {
		return f, err
	}
	if missing || f.in.Person.Role == "" && f.in.Target.GovernedBy != own {
		ask.orgID = own
		return s.facts(ctx, r, ask)
	}
	return f, nil
}

// pending finds the request that m claims to answer; nil when there is none. The claim
// is only a hint: Finish compares the signed one.
func (s *Service) pending(ctx context.Context, connectionID string, m saml.Message) (*kept[request], error) {
	hint := m.InResponseTo()
	if hint == "" {
		return nil, nil
	}
	req, err := requests.byKey(ctx, s.store, requestKey(connectionID, hint))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return &req, nil
}

// refuseResponse tells a response that was used before from one that never was good.
func (s *Service) refuseResponse(ctx context.Context, v Visit, conn kept[connection], err error) error {
	var bad *saml.Error
	if !errors.As(err, &bad) {
		return err
	}
	no := refuseSAML(bad)
	if bad.AssertionID != "" {
		_, err := assertions.byKey(ctx, s.store, assertionKey(conn.ID, bad.AssertionID))
		switch {
		case err == nil:
			no = refuse(CodeReplay, "the assertion has made a session before")
			no.Err = bad
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	return s.refused(ctx, no.inOrg(conn.OrgID, v.response(conn.ID, bad.AssertionID)))
}

// spend makes sure, inside the transaction of the login, that the connection is still
// the one that was verified against, and that neither request nor assertion serves
// twice.
func (s *Service) spend(ctx context.Context, c *change, v Visit, conn kept[connection], req *kept[request], id *saml.Identity) error {
	e := v.response(conn.ID, id.AssertionID)
	now, err := connections.get(ctx, c, conn.OrgID, conn.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Version != conn.Version {
		return refuse(CodeReconfigured, "").inOrg(conn.OrgID, e)
	} else if err != nil {
		return err
	}
	if req != nil {
		_, err := requests.take(ctx, c, req.Key)
		if errors.Is(err, store.ErrNotFound) {
			return refuse(CodeReplay, "the request was answered before").inOrg(conn.OrgID, e)
		} else if err != nil {
			return err
		}
	}
	key := assertionKey(conn.ID, id.AssertionID)
	until := id.ReplayUntil.UTC().Truncate(time.Microsecond).Add(time.Second)
	mark := assertions.fresh(conn.OrgID, key, key, c.now, until, used{})
	err = assertions.put(ctx, c, mark)
	if errors.Is(err, store.ErrExists) {
		return refuse(CodeReplay, "the assertion has made a session before").inOrg(conn.OrgID, e)
	}
	return err
}

// is reports whether this is the browser with that mark.
func (v Visit) is(browser store.Hash) bool {
	mine := sha256.Sum256([]byte(v.id))
	return v.id != "" && subtle.ConstantTimeCompare(mine[:], browser[:]) == 1
}

// response starts the event of a response that was refused.
func (v Visit) response(connectionID, assertionID string) audit.Event {
	e := v.by(audit.LoginRefused, audit.Actor{Kind: "stranger"})
	e.Facts = []audit.Fact{fact("method", string(policy.SSO)), fact("connection", connectionID)}
	if assertionID != "" {
		e.Facts = append(e.Facts, fact("assertion", assertionID))
	}
	return e
}

func requestKey(connectionID, requestID string) string { return connectionID + " " + requestID }

// assertionKey hashes the id, which is as long as the identity provider likes.
func assertionKey(connectionID, assertionID string) string {
	h := hashOf(assertionID)
	return connectionID + " " + hexOf(h[:])
}

// Metadata is our side of a connection, to upload at the identity provider. It is
// public: it holds no secret, and names the connection alone.
func (i *SignIn) Metadata(ctx context.Context, connectionID string) ([]byte, error) {
	conn, err := i.s.connection(ctx, i.s.store, connectionID)
	if err != nil {
		return nil, err
	}
	sp, err := conn.Value.sp(i.s.keys, conn.ID)
	if err != nil {
		return nil, err
	}
	return sp.Metadata()
}
