package accesssec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// ssoSession is what a logout needs of a session that came by single sign-on. Its id is
// the session's, its owner the connection and the person's NameID: so an identity
// provider ends it by these alone. It may outlive the session, and brings none back.
type ssoSession struct {
	Box []byte `json:"box"` // a ssoName, sealed: it names a person
}

// ssoName is how the identity provider knows the session.
type ssoName struct {
	UserID string      `json:"user"`
	OrgID  string      `json:"org"`
	Name   saml.NameID `json:"name"`
	Index  string      `json:"index,omitempty"`
}

// logoutRequest is one of ours, until it is answered.
type logoutRequest struct {
	Request saml.Request `json:"request"`
	User    string       `json:"user"`
}

var (
	ssoSessions    = collection[ssoSession]{"sso_session"}
	logoutRequests = collection[logoutRequest]{"logout_request"} // keyed by connection and id
	logouts        = collection[used]{"logout"}                  // those of identity providers, keyed as assertions
)

// nameOwner owns the sessions of one NameID at a connection. The qualifiers may be left
// out of a request, so they are compared later.
func nameOwner(connectionID string, name saml.NameID) string {
	return subjectID("logout", connectionID, name.Value)
}

// keepName writes down what the identity provider has to say to end a session.
func (s *Service) keepName(ctx context.Context, c *change, conn kept[connection], ses store.Session, id *saml.Identity) error {
	if conn.Value.SLO == "" {
		return nil
	}
	return s.putName(ctx, c, conn, ses, ssoName{ses.UserID, ses.OrgID, id.NameID, id.SessionIndex})
}

func (s *Service) putName(ctx context.Context, c *change, conn kept[connection], ses store.Session, name ssoName) error {
	plain, err := json.Marshal(name)
	if err != nil {
		return fmt.Errorf("accesssec: name of a session: %w", err)
	}
	k := ssoSessions.fresh(conn.OrgID, ses.ID, "", c.now, ses.EndAt, ssoSession{Box: s.keys.Seal(plain, "sso session", ses.ID)})
	k.Owner = nameOwner(conn.ID, name.Name)
	return ssoSessions.put(ctx, c, k)
}

func (s *Service) nameOf(k kept[ssoSession]) (ssoName, error) {
	var n ssoName
	plain, err := s.keys.Open(k.Value.Box, "sso session", k.ID)
	if err == nil {
		err = json.Unmarshal(plain, &n)
	}
	if err != nil {
		return n, fmt.Errorf("accesssec: name of session %s: %w", k.ID, err)
	}
	return n, nil
}

// LoggedOut is what came of a message of single logout.
type LoggedOut struct {
	Bounce *saml.Bounce // send the browser there: our answer to the identity provider. nil: there is nothing to answer
	Ended  int          // the sessions that are over by it
}

// Logout takes what arrives at a connection's single logout URL (saml-profiles 4.4): the
// message of saml.ReadLogout, also when that came with an error.
//
// A request of the identity provider ends the sessions that it names, in whatever browser
// they are and whoever brings it: by the NameID and SessionIndex of their sign-ins, and a
// signature, alone. It counts once. An answer to a request of ours ([Me.SignOutSSO]) ends
// nothing, since the session here was over before; refused with saml.CodeStatus it says
// that the person may still be signed in there.
func (i *SignIn) Logout(ctx context.Context, v Visit, connectionID string, m saml.LogoutMessage) (LoggedOut, error) {
	s := i.s
	if err := s.alone(); err != nil {
		return LoggedOut{}, err
	}
	for range 4 {
		out, err := s.logout(ctx, v, connectionID, m)
		if !errors.Is(err, errReconfigured) {
			return out, err
		}
	}
	return LoggedOut{}, s.refusedLogout(ctx, v, "", connectionID, refuse(CodeReconfigured, ""))
}

func (s *Service) logout(ctx context.Context, v Visit, connectionID string, m saml.LogoutMessage) (LoggedOut, error) {
	conn, err := s.logoutConnection(ctx, v, connectionID)
	if err != nil {
		return LoggedOut{}, err
	}
	sp, key, err := conn.Value.receiver(s.keys, conn.ID)
	if err != nil {
		return LoggedOut{}, err
	}
	s.guardKey(ctx, v, conn, key)
	side := ourSide{conn, sp, conn.Value.trusted(s.now())}
	if !m.IsRequest() && m.InResponseTo() != "" {
		return LoggedOut{}, s.finishLogout(ctx, v, side, m)
	}
	lo, err := sp.ReceiveLogout(side.idp, &conn.Value.Rules, m, s.now())
	if fault := key.failed(); fault != nil {
		return LoggedOut{}, fault
	} else if err != nil {
		if err := s.countEncrypted(ctx, v, conn, key, err); err != nil {
			return LoggedOut{}, err
		}
		return LoggedOut{}, s.refuseLogout(ctx, v, conn, err)
	}
	ended := 0
	err = s.change(ctx, func(c *change) (err error) {
		ended, err = s.endNamed(ctx, c, v, side, lo)
		return err
	})
	if err != nil {
		return LoggedOut{}, err
	}
	out := LoggedOut{Ended: ended}
	if side.idp.SLO.URL == "" {
		return out, nil
	}
	out.Bounce, err = sp.AnswerLogout(side.idp, lo, true, s.now())
	return out, err
}

// ourSide is a connection as it is when a message is judged.
type ourSide struct {
	conn kept[connection]
	sp   *saml.SP
	idp  *saml.IdP
}

// logoutConnection is one that signs people in, and has single logout.
func (s *Service) logoutConnection(ctx context.Context, v Visit, id string) (kept[connection], error) {
	k, err := s.connection(ctx, s.store, id)
	var no *Refusal
	if errors.As(err, &no) {
		return k, s.refusedLogout(ctx, v, "", id, no)
	} else if err != nil {
		return k, err
	}
	_, acc, err := accessOf(ctx, s.store, k.OrgID)
	if err != nil {
		return k, err
	}
	if acc.Connection != id || k.Value.IdP == nil || k.Value.SLO == "" {
		return k, s.refusedLogout(ctx, v, k.OrgID, id, refuse(Code(policy.ConnectionInactive), ""))
	}
	if no := k.Value.outOfDate(s.now()); no != nil {
		return k, s.refusedLogout(ctx, v, k.OrgID, id, no)
	}
	return k, nil
}

// endNamed ends the sessions that a request names, and uses it up.
func (s *Service) endNamed(ctx context.Context, c *change, v Visit, side ourSide, lo *saml.Logout) (int, error) {
	conn := side.conn
	now, err := connections.get(ctx, c, conn.OrgID, conn.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Version != conn.Version {
		return 0, errReconfigured
	} else if err != nil {
		return 0, err
	}
	key := assertionKey(conn.ID, lo.ID)
	until := lo.ReplayUntil.UTC().Truncate(time.Microsecond).Add(time.Second)
	err = logouts.put(ctx, c, logouts.fresh(conn.OrgID, key, key, c.now, until, used{}))
	if errors.Is(err, store.ErrExists) {
		no := refuse(CodeReplay, "the logout request has been carried out before")
		no.Err = err
		return 0, no.inOrg(conn.OrgID, v.logout(conn.ID))
	} else if err != nil {
		return 0, err
	}
	named, err := s.named(ctx, c, side, lo)
	if err != nil {
		return 0, err
	}
	total, ended := 0, map[string]int{conn.OrgID: 0}
	for id, n := range named {
		gone, err := c.DeleteSessions(ctx, store.SessionQuery{UserID: n.UserID, ConnectionID: conn.ID, ID: id})
		if err != nil {
			return 0, err
		}
		if err := c.DeleteDoc(ctx, ssoSessions.kind, conn.OrgID, id); err != nil {
			return 0, err
		}
		total += gone
		ended[n.OrgID] += gone
	}
	for orgID, n := range ended {
		e := v.by(audit.SessionsEnded, audit.Actor{Kind: audit.KindConnection, ID: conn.ID, Name: conn.Value.Name})
		e.Reason = "logout"
		e.Facts = []audit.Fact{fact("connection", conn.ID), count("sessions_ended", n)}
		if err := c.record(ctx, orgID, e); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// named are the sessions that a request is for, by their ids.
func (s *Service) named(ctx context.Context, r store.Reader, side ourSide, lo *saml.Logout) (map[string]ssoName, error) {
	out := map[string]ssoName{}
	q := store.DocQuery{Owners: []string{nameOwner(side.conn.ID, lo.NameID)}, Paging: store.Paging{Limit: 1000}}
	for {
		page, err := ssoSessions.list(ctx, r, side.conn.OrgID, q)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Items {
			n, err := s.nameOf(k)
			if err != nil {
				return nil, err
			}
			if side.sp.Ends(side.idp, lo, n.Name, n.Index) {
				out[k.ID] = n
			}
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// finishLogout takes the answer to a request of ours.
func (s *Service) finishLogout(ctx context.Context, v Visit, side ourSide, m saml.LogoutMessage) error {
	conn := side.conn
	var asked *saml.Request
	req, err := logoutRequests.byKey(ctx, s.store, requestKey(conn.ID, m.InResponseTo()))
	if err == nil {
		asked = &req.Value.Request
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	err = side.sp.FinishLogout(side.idp, &conn.Value.Rules, m, asked, s.now())
	var bad *saml.Error
	if err != nil && (!errors.As(err, &bad) || bad.Code != saml.CodeStatus || asked == nil) {
		return s.refuseLogout(ctx, v, conn, err)
	}
	fault := s.change(ctx, func(c *change) error {
		if _, err := logoutRequests.take(ctx, c, req.Key); errors.Is(err, store.ErrNotFound) {
			return refuse(CodeReplay, "the logout request was answered before").inOrg(conn.OrgID, v.logout(conn.ID))
		} else if err != nil {
			return err
		}
		e := v.by(audit.LogoutAnswered, audit.Actor{Kind: audit.KindUser, ID: req.Value.User})
		e.Facts = []audit.Fact{fact("connection", conn.ID)}
		if bad != nil {
			e.Outcome, e.Reason = audit.Failed, string(bad.Code)
		}
		return c.record(ctx, conn.OrgID, e)
	})
	if fault != nil || bad == nil {
		return fault
	}
	return traced(refuseSAML(bad), v)
}

// refuseLogout is a refusal of what was found wrong with a message.
func (s *Service) refuseLogout(ctx context.Context, v Visit, conn kept[connection], err error) error {
	var bad *saml.Error
	if !errors.As(err, &bad) {
		return err
	}
	no := refuseSAML(bad)
	no.Next = "" // there is nothing to sign in for
	return s.refusedLogout(ctx, v, conn.OrgID, conn.ID, no)
}

// refusedLogout is refusedAt for what is no sign-in.
func (s *Service) refusedLogout(ctx context.Context, v Visit, orgID, connectionID string, no *Refusal) error {
	ctx, cancel := lingering(ctx)
	defer cancel()
	no.Trace = v.Trace
	if orgID == "" {
		connectionID = ""
	}
	flood, err := s.failed(ctx, responseCounter("logout "+connectionID, v.IP, no.Code))
	if err != nil {
		return err
	}
	if flood {
		return no
	}
	return s.refused(ctx, no.inOrg(orgID, v.logout(connectionID)))
}

// logout starts the event of a logout message that was refused.
func (v Visit) logout(connectionID string) audit.Event {
	e := v.by(audit.LogoutRefused, audit.Actor{Kind: audit.KindStranger})
	if connectionID != "" {
		e.Facts = []audit.Fact{fact("connection", connectionID)}
	}
	return e
}
