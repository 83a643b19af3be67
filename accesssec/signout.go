package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// SignOutSSO ends this session, and then takes the person to their identity provider to
// end theirs there, and with it what they are signed in to elsewhere (saml-profiles 4.4):
// send the browser to the Bounce. The session here is over whatever becomes of that. The
// Bounce is nil when it did not come by single sign-on, or the identity provider has no
// single logout, or it can't be asked at the moment: then the person may still be signed
// in there.
func (m *Me) SignOutSSO(ctx context.Context) (*saml.Bounce, error) {
	s := m.s
	if err := s.alone(); err != nil {
		return nil, err
	}
	who, err := m.leaving(ctx, s.store)
	if err != nil {
		return nil, err
	}
	conn, k, err := s.providerOf(ctx, who.session)
	var name ssoName
	if err == nil && conn != nil {
		name, err = s.nameOf(k)
	}
	if err != nil {
		s.opts.Log.WarnContext(ctx, "accesssec: sign-out at the identity provider not started", "session", who.session.ID, "err", err)
		conn = nil
	}
	if err := m.SignOut(ctx); err != nil || conn == nil {
		return nil, err
	}
	bounce, err := s.askLogout(ctx, *conn, name)
	if err != nil {
		s.opts.Log.WarnContext(ctx, "accesssec: sign-out at the identity provider not started", "session", who.session.ID, "err", err)
		return nil, nil
	}
	return bounce, nil
}

// providerOf is the connection by whose identity provider a session can be logged out,
// and how that knows it, sealed; nil when there is none.
func (s *Service) providerOf(ctx context.Context, ses store.Session) (*kept[connection], kept[ssoSession], error) {
	var none kept[ssoSession]
	if ses.ConnectionID == "" {
		return nil, none, nil
	}
	conn, err := connections.byKey(ctx, s.store, ses.ConnectionID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, none, nil
	} else if err != nil {
		return nil, none, err
	}
	if v := conn.Value; v.SLO == "" || v.IdP == nil || v.IdP.SLO.URL == "" {
		return nil, none, nil
	}
	_, acc, err := accessOf(ctx, s.store, conn.OrgID)
	if err != nil || acc.SSO != policy.SSOActive || acc.Connection != conn.ID {
		return nil, none, err
	}
	k, err := ssoSessions.get(ctx, s.store, conn.OrgID, ses.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, none, nil // from before the connection had single logout
	} else if err != nil {
		return nil, none, err
	}
	return &conn, k, nil
}

// askLogout makes a logout request, and keeps what its answer has to fit.
func (s *Service) askLogout(ctx context.Context, conn kept[connection], name ssoName) (*saml.Bounce, error) {
	sp, err := conn.Value.sp(s.keys, conn.ID)
	if err != nil {
		return nil, err
	}
	now := s.now()
	req, bounce, err := sp.StartLogout(conn.Value.trusted(now), name.Name, name.Index, nil, now)
	if err != nil {
		return nil, err
	}
	rec := logoutRequests.fresh(conn.OrgID, req.ID, requestKey(conn.ID, req.ID), now, req.ExpiresAt, logoutRequest{req, name.UserID})
	if err := s.upkeep(ctx, func(tx store.Tx) error { return logoutRequests.put(ctx, tx, rec) }); err != nil {
		return nil, err
	}
	return bounce, nil
}
