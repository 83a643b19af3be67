package accesssec

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// request is what is kept between the bounce and the answer.
type request struct {
	Request saml.Request `json:"request"`
	Browser store.Hash   `json:"browser"` // of the visit's secret
	OrgID   string       `json:"org,omitempty"`
	Invite  string       `json:"invite,omitempty"` // the key of an invitation
	After   string       `json:"after,omitempty"`
	Fresh   bool         `json:"fresh,omitempty"` // the person is to prove themselves anew
	At      time.Time    `json:"at"`
	// Restarted are the counts of sign-ins that were started unasked, by which this one came
	// about: they are forgotten when it leads to a session.
	Restarted []string `json:"restarted,omitempty"`
	Instead   string   `json:"instead,omitempty"` // the session whose place the new one takes
}

// used is an assertion that has made a session.
type used struct{}

// StartOptions of a single sign-on.
type StartOptions struct {
	// Fresh has the identity provider ask the person again although they are signed
	// in there. The session that comes of it has proven the person, as [Me.Prove] does.
	Fresh bool

	restarted []string // as request has it
	instead   string   // as well
}

// StartSSO sends the browser to the identity provider of a connection: Step.Bounce.
// What comes back is believed once, within ten minutes, and in this browser alone. Where
// the connection is one of an org that has its sign-on from another ([Admin.LinkTo]), the
// other's takes its place.
func (i *SignIn) StartSSO(ctx context.Context, v Visit, connectionID string, opts *StartOptions) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	if opts == nil {
		opts = &StartOptions{}
	}
	if v.id() == "" {
		return Step{}, v.refused(CodeBrowser, nil) // it could never be finished
	}
	conn, org, err := s.activeConnection(ctx, v, connectionID)
	if err == nil && org.SSOFrom != "" {
		v, conn, err = s.diverted(ctx, v, conn, org)
	}
	if err != nil {
		return Step{}, err
	}
	bounce, err := s.begin(ctx, v, conn, opts)
	if err != nil {
		return Step{}, err
	}
	return Step{Next: policy.NextSSO, Bounce: bounce}, nil
}

// begin makes a request and keeps what its answer has to fit.
func (s *Service) begin(ctx context.Context, v Visit, conn kept[connection], opts *StartOptions) (*saml.Bounce, error) {
	sp, err := conn.Value.sp(s.keys, conn.ID)
	if err != nil {
		return nil, err
	}
	wanted, err := v.wanted(ctx, s.store)
	if err != nil {
		return nil, err
	}
	now := s.now()
	req, bounce, err := sp.Start(conn.Value.IdP, &saml.StartOptions{ForceAuthn: opts.Fresh}, now)
	var bad *saml.Error
	if errors.As(err, &bad) {
		return nil, traced(refuseSAML(bad), v)
	} else if err != nil {
		return nil, err
	}
	rec := requests.fresh(conn.OrgID, req.ID, requestKey(conn.ID, req.ID), now, req.ExpiresAt, request{
		Request: req, Browser: hashOf(v.id()), OrgID: wanted, Invite: v.inviteKey(), After: SafePath(v.After), Fresh: opts.Fresh, At: now,
		Restarted: opts.restarted, Instead: opts.instead,
	})
	if err := s.upkeep(ctx, func(tx store.Tx) error { return requests.put(ctx, tx, rec) }); err != nil {
		return nil, err
	}
	return bounce, nil
}

// FinishSSO takes what a browser has posted to a connection's ACS: the message of
// saml.ReadMessage, also when that came with an error. The signature and the profile
// are checked first and outside of any transaction; then one transaction takes the
// request, uses up the assertion, asks the policy and makes the session, so that of any
// number of posts of one response at most one is a login. What became of it is in
// [Admin.LoginTraces].
//
// A response that nobody asked for here is a login only where the connection's rules say
// so ([saml.Rules].IdPInitiated): nothing binds it to this browser. Elsewhere a sign-in
// is started in its place, and the refusal has its Bounce: a person who comes from the
// identity provider's own page ends signed in. When that leads to nothing it is not done
// again, and the refusal has Next set, to start from here.
func (i *SignIn) FinishSSO(ctx context.Context, v Visit, connectionID string, m saml.Message) (Step, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return Step{}, err
	}
	t := &tracing{connectionID: connectionID}
	step, err := s.finishSSO(ctx, v, m, t)
	s.keepTrace(ctx, t, step, err)
	return step, err
}

// finishSSO judges again what was judged against a connection that has changed meanwhile:
// by what it is now.
func (s *Service) finishSSO(ctx context.Context, v Visit, m saml.Message, t *tracing) (Step, error) {
	for range 4 {
		step, err := s.answer(ctx, v, m, t)
		if !errors.Is(err, errReconfigured) {
			return step, err
		}
	}
	return Step{}, s.refusedAt(ctx, v, t.orgID, t.connectionID, t.trace.AssertionID, refuse(CodeReconfigured, ""))
}

var errReconfigured = errors.New("accesssec: the connection was changed since it was read")

// answer is one try of finishSSO.
func (s *Service) answer(ctx context.Context, v Visit, m saml.Message, t *tracing) (Step, error) {
	t.trace, t.explain = LoginTrace{Trace: v.Trace}, nil // of an earlier try nothing holds
	conn, _, err := s.activeConnection(ctx, v, t.connectionID)
	t.orgID = conn.OrgID
	if err != nil {
		return Step{}, err
	}
	req, err := s.pending(ctx, conn.ID, m)
	if err != nil {
		return Step{}, err
	}
	var asked *saml.Request
	if req != nil {
		asked, v.After = &req.Value.Request, req.Value.After
	}
	rules := conn.Value.Rules
	rules.IdPInitiated = true // check looks at that, when it is known whom it is about
	now := s.now()
	idp := conn.Value.trusted(now)
	sp, key, err := conn.Value.receiver(s.keys, conn.ID)
	if err != nil {
		return Step{}, err
	}
	s.guardKey(ctx, v, conn, key)
	t.explain = func() []saml.Finding { return sp.Explain(idp, &rules, m, asked, now) }
	id, err := sp.Finish(idp, &rules, m, asked, now)
	if fault := key.failed(); fault != nil {
		return Step{}, fault
	} else if err != nil {
		return Step{}, s.refuseFinished(ctx, v, conn, key, err)
	}
	t.saw(idp, id)
	a := answered{v, conn, req, id, t.trace.Certificate, key.decrypted(), now}
	address, no := a.check()
	if no != nil && no.Next == policy.NextSSO {
		no.Bounce, err = s.restartAnswer(ctx, a)
	}
	switch {
	case err != nil:
		return Step{}, err
	case no != nil:
		return Step{}, s.refusedAt(ctx, v, conn.OrgID, conn.ID, id.AssertionID, no)
	}
	step := Step{}
	err = s.change(ctx, func(c *change) (err error) {
		step, err = s.admitAnswer(ctx, c, a, address)
		return err
	})
	var elsewhere *movedError
	if errors.As(err, &elsewhere) {
		return Step{}, s.follow(ctx, a, elsewhere)
	}
	if err != nil {
		s.keepRefused(ctx, v, address, err)
		return Step{}, err
	}
	return step, nil
}

// answered is a response that is sound, the request it answers, and where it came.
type answered struct {
	visit Visit
	conn  kept[connection]
	req   *kept[request] // nil: nobody asked
	id    *saml.Identity
	print string // of the certificate that has verified it

	encrypted bool // a part of it was
	at        time.Time
}

// asked is what was wanted: nothing in particular where nobody asked.
func (a answered) asked() request {
	if a.req == nil {
		return request{}
	}
	return a.req.Value
}

// began is when the sign-in did, in this browser.
func (a answered) began() time.Time {
	if a.req == nil {
		return a.at
	}
	return a.req.Value.At
}

// check is what a sound response still has to be: asked for, in this browser, and for
// an address.
func (a answered) check() (domainclaim.Address, *Refusal) {
	switch {
	case (a.req == nil || !a.id.Solicited) && !a.conn.Value.Rules.IdPInitiated:
		return domainclaim.Address{}, refuseSAML(&saml.Error{
			Code: saml.CodeUnsolicited, Fix: saml.FixPerson, AssertionID: a.id.AssertionID,
			Hint: "sign-ins from the identity provider's own page are sent to start here",
		})
	case a.req != nil && !a.visit.is(a.req.Value.Browser):
		return domainclaim.Address{}, refuse(CodeBrowser, "the response came in another browser than the request was made in")
	}
	address, err := domainclaim.ParseAddress(a.id.Email)
	if err != nil {
		no := refuse(CodeAddress, "the assertion carries no usable address")
		if a.id.Email == "" {
			no.Detail = "the assertion has no email attribute, and its NameID is no address"
		}
		no.Err = err
		return address, no
	}
	return address, nil
}

// refuse is a refusal in the log of the org whose connection it is.
func (a answered) refuse(no *Refusal) *Refusal {
	no.After = a.visit.After
	return no.inOrg(a.conn.OrgID, a.visit.response(a.conn.ID, a.id.AssertionID))
}

// admitAnswer goes through the gate with what the response says.
func (s *Service) admitAnswer(ctx context.Context, c *change, a answered, address domainclaim.Address) (Step, error) {
	step := Step{After: a.visit.After}
	conn, err := s.spend(ctx, c, a)
	if err != nil {
		return step, err
	}
	if err := s.followAddress(ctx, c, a, conn, address); err != nil {
		return step, err
	}
	f, err := s.answerFacts(ctx, c, a, address)
	if err != nil {
		return step, err
	}
	asked := a.asked()
	fresh := !a.id.AuthenticatedAt.Before(asked.At.Add(-min(time.Minute, a.conn.Value.Rules.EffectiveSkew())))
	if asked.Fresh && !fresh {
		return step, a.refuse(refuse(CodeNotFresh, "the person signed in there before they were asked to"))
	}
	if len(f.choices) > 1 {
		return c.askOrg(ctx, a, f)
	}
	out, err := s.admit(ctx, c, f, proof{visit: a.visit, conn: conn, identity: a.id, fresh: asked.Fresh, began: a.began(), instead: asked.Instead})
	if err == nil {
		err = s.settleAnswer(ctx, c, a, conn, out.entered)
	}
	if err == nil {
		step.Entered = out.entered
	}
	var no *Refusal
	if !errors.As(err, &no) {
		return step, err
	}
	if no.Code == Code(policy.DomainOfAnother) {
		if moved, err := s.whither(ctx, c, a, address); err != nil {
			return step, err
		} else if moved != nil {
			moved.no = a.refuse(no)
			return step, moved
		}
	}
	// The org whose connection it is shall see it, and learn no more of a person
	// than its identity provider has said.
	who := stranger(address)
	if f.owner.ID == a.conn.OrgID && f.in.Person.OwnerRole != "" || f.in.Target.ID == a.conn.OrgID && f.in.Person.Role != "" {
		who = no.event.Actor
	}
	a.refuse(no).event.Actor = who
	return step, err
}

// settleAnswer writes down what a login by single sign-on was good for beyond itself.
func (s *Service) settleAnswer(ctx context.Context, c *change, a answered, conn kept[connection], in *Entered) error {
	err := s.noteUse(ctx, c, conn, a.print)
	for _, id := range a.asked().Restarted {
		if err == nil {
			err = c.drop(ctx, attempts.kind, "", id)
		}
	}
	if err == nil && a.encrypted {
		err = c.rememberAs(ctx, a.visit, encryptedName(conn.ID), in.Principal.UserID)
	}
	return err
}

// answerFacts gathers the facts for the org that was wanted if the person belongs there, as
// a member, as somebody invited, or because the connection's org says who does; and where
// they land by themselves if not: what a link says makes nobody a member of anything.
func (s *Service) answerFacts(ctx context.Context, r store.Reader, a answered, address domainclaim.Address) (facts, error) {
	wanted := a.asked().OrgID
	ask := asking{address: address, orgID: a.conn.OrgID, invite: a.asked().Invite, attempt: policy.Attempt{Method: policy.SSO, Connection: a.conn.ID}}
	if wanted == a.conn.OrgID {
		return s.facts(ctx, r, ask)
	}
	if wanted != "" {
		ask.orgID = wanted
		f, err := s.facts(ctx, r, ask)
		belongs := f.in.Person.Role != "" || f.in.Person.Invited != "" || f.in.Target != nil && f.in.Target.GovernedBy == a.conn.OrgID
		if err == nil && belongs || err != nil && !errors.Is(err, store.ErrNotFound) {
			return f, err
		}
		ask.orgID = a.conn.OrgID // it is no more, or not theirs
	}
	return s.landing(ctx, r, ask, wanted == "")
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

// refuseFinished is refuseResponse for what may have asked the key. What could not be
// opened is not tried again for its trace.
func (s *Service) refuseFinished(ctx context.Context, v Visit, conn kept[connection], key *lazyKey, err error) error {
	var bad *saml.Error
	if errors.As(err, &bad) && bad.Code == saml.CodeEncrypted {
		key.close()
	}
	if err := s.countEncrypted(ctx, v, conn, key, err); err != nil {
		return err
	}
	return s.refuseResponse(ctx, v, conn, err)
}

// refuseResponse tells a response that was used before from one that never was good.
func (s *Service) refuseResponse(ctx context.Context, v Visit, conn kept[connection], err error) error {
	var bad *saml.Error
	if !errors.As(err, &bad) {
		return err
	}
	ctx, cancel := lingering(ctx)
	defer cancel()
	no := refuseSAML(bad)
	conn.Value.explainOutOfDate(no, s.now())
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
	if no.Next == policy.NextSSO && v.known {
		if no.Bounce, err = s.restartHere(ctx, v, conn); err != nil {
			return err
		}
	}
	return s.refusedAt(ctx, v, conn.OrgID, conn.ID, bad.AssertionID, no)
}

// refusedAt records what was refused at a connection's addresses, where anybody may
// knock. Who is refused there by the hundred leaves no more lines in the log.
func (s *Service) refusedAt(ctx context.Context, v Visit, orgID, connectionID, assertionID string, no *Refusal) error {
	ctx, cancel := lingering(ctx)
	defer cancel()
	no.Trace, no.After = v.Trace, v.After
	if no.Bounce != nil {
		return no // it goes on, and how it ends will be in the log
	}
	if orgID == "" {
		connectionID = "" // nobody's: whatever was typed is one place
	}
	flood, err := s.failed(ctx, responseCounter(connectionID, v.IP, no.Code))
	if err != nil {
		return err
	}
	if flood {
		no.flood = true
		return no
	}
	return s.refused(ctx, no.inOrg(orgID, v.response(connectionID, assertionID)))
}

// spend makes sure, inside the transaction of the login, that the connection is still
// the one that was verified against, and that neither request nor assertion serves
// twice.
func (s *Service) spend(ctx context.Context, c *change, a answered) (kept[connection], error) {
	conn, err := connections.get(ctx, c, a.conn.OrgID, a.conn.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && conn.Version != a.conn.Version {
		return conn, errReconfigured
	} else if err != nil {
		return conn, err
	}
	if a.req != nil {
		_, err = requests.take(ctx, c, a.req.Key)
	}
	if errors.Is(err, store.ErrNotFound) {
		return conn, a.refuse(refuse(CodeReplay, "the request was answered before"))
	} else if err != nil {
		return conn, err
	}
	key := assertionKey(a.conn.ID, a.id.AssertionID)
	until := a.id.ReplayUntil.UTC().Truncate(time.Microsecond).Add(time.Second)
	err = assertions.put(ctx, c, assertions.fresh(a.conn.OrgID, key, key, c.now, until, used{}))
	if errors.Is(err, store.ErrExists) {
		no := refuse(CodeReplay, "the assertion has made a session before")
		no.Err = err
		return conn, a.refuse(no)
	}
	return conn, err
}

// is reports whether this is the browser with that mark.
func (v Visit) is(browser store.Hash) bool {
	mine := hashOf(v.id())
	return v.id() != "" && subtle.ConstantTimeCompare(mine[:], browser[:]) == 1
}

// response starts the event of a response that was refused.
func (v Visit) response(connectionID, assertionID string) audit.Event {
	e := v.by(audit.LoginRefused, audit.Actor{Kind: audit.KindStranger})
	e.Facts = []audit.Fact{fact("method", string(policy.SSO))}
	if connectionID != "" {
		e.Facts = append(e.Facts, fact("connection", connectionID))
	}
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
	return sp.Metadata(&saml.MetadataOptions{Encryption: conn.Value.Encrypt || conn.Value.Rules.RequireEncrypted})
}
