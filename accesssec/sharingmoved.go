package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
)

// Who is on their way through one org's connection when the say over their domain goes to
// another, by a link, its end, or a transfer, comes back with an answer that was right when it
// was asked for. It lets nobody in any more. But the person has done nothing wrong: a sign-in
// is started where their domain is now, and they see no page.

// movedError undoes a login by a connection that the person's domain has left.
type movedError struct {
	conn kept[connection] // that speaks for the domain now
	no   *Refusal         // what there is to say when nobody can be sent there
}

func (e *movedError) Error() string { return "accesssec: the domain is another connection's by now" }

// whither is where the domain of a response went, when it went there from the org whose
// connection has answered; nil when it did not, or when nothing there signs anybody in.
func (s *Service) whither(ctx context.Context, r store.Reader, a answered, address domainclaim.Address) (*movedError, error) {
	claim, err := claimOver(ctx, r, address)
	if err != nil || !holds(claim) || claim.OrgID == a.conn.OrgID {
		return nil, err
	}
	from, err := r.Org(ctx, a.conn.OrgID)
	if err != nil {
		return nil, err
	}
	if from.SSOFrom != claim.OrgID {
		k, err := handovers.get(ctx, r, from.ID, claim.Name)
		if errors.Is(err, store.ErrNotFound) || err == nil && (k.Value.To != claim.OrgID || !s.now().Before(k.ExpiresAt)) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	conn, err := s.signsOnFor(ctx, r, claim.OrgID)
	if err != nil || conn.ID == "" || conn.ID == a.conn.ID {
		return nil, err
	}
	return &movedError{conn: conn}, nil
}

// signsOnFor is the connection that signs people in on the org's own domains; none where it
// has none, or has its sign-on from another.
func (s *Service) signsOnFor(ctx context.Context, r store.Reader, orgID string) (kept[connection], error) {
	org, acc, err := accessOf(ctx, r, orgID)
	if err != nil || org.SSOFrom != "" || acc.SSO != policy.SSOActive || acc.Connection == "" {
		return kept[connection]{}, err
	}
	k, err := connections.get(ctx, r, orgID, acc.Connection)
	if errors.Is(err, store.ErrNotFound) || err == nil && (k.Value.IdP == nil || k.Value.outOfDate(s.now()) != nil) {
		return kept[connection]{}, nil
	}
	return k, err
}

// follow sends the person on, and records the refusal when they have been sent too often.
func (s *Service) follow(ctx context.Context, a answered, to *movedError) error {
	v, asked := a.visit, a.asked()
	v.OrgID, v.invite = asked.OrgID, asked.Invite
	from, err := s.store.Org(ctx, a.conn.OrgID)
	if err != nil {
		return err
	}
	if v.OrgID == "" && from.SSOFrom == to.conn.OrgID {
		v.OrgID = from.ID // that is where they were going
	}
	bounce, err := s.restart(ctx, v, to.conn, a.whom(), StartOptions{Fresh: asked.Fresh, restarted: asked.Restarted, instead: asked.Instead})
	if err != nil {
		return err
	}
	if to.no.Bounce = bounce; bounce != nil {
		to.no.Trace = v.Trace
		return to.no
	}
	return s.refused(ctx, to.no)
}

// whom is who an answer is about, for counting. By the address, for some providers give
// people another name each time.
func (a answered) whom() string {
	if address, err := domainclaim.ParseAddress(a.id.Email); err == nil {
		return "address\x00" + address.Key()
	}
	return "name\x00" + a.id.NameID.Value
}

// restartAnswer starts a sign-in in place of a sound answer that answers nothing: at the
// connection it came by, or where the person's domain went.
func (s *Service) restartAnswer(ctx context.Context, a answered) (*saml.Bounce, error) {
	v, conn := a.visit, a.conn
	org, to, err := s.standing(ctx, a)
	switch {
	case err != nil:
		return nil, err
	case to != nil:
		conn = to.conn
	case org.SSOFrom != "":
		return nil, nil // the connection rests, and nothing took its place for this person
	}
	if org.SSOFrom != "" {
		v.OrgID = org.ID
	}
	return s.restart(ctx, v, conn, a.whom(), StartOptions{restarted: a.asked().Restarted})
}

// standing is the org of the connection that has answered, and where the domain of the
// response went, both of one moment: a link, and its end, give the org another version.
func (s *Service) standing(ctx context.Context, a answered) (org store.Org, to *movedError, err error) {
	address, noAddress := domainclaim.ParseAddress(a.id.Email)
	for range 10 {
		if org, err = s.store.Org(ctx, a.conn.OrgID); err != nil || noAddress != nil {
			return org, nil, err
		}
		if to, err = s.whither(ctx, s.store, a, address); err != nil {
			return org, nil, err
		}
		now, err := s.store.Org(ctx, a.conn.OrgID)
		if err != nil || now.Version == org.Version {
			return org, to, err
		}
	}
	return org, to, nil
}

// restartHere is for an answer that can't be believed, so that whom it is about is not known.
func (s *Service) restartHere(ctx context.Context, v Visit, conn kept[connection]) (*saml.Bounce, error) {
	org, err := s.store.Org(ctx, conn.OrgID)
	if err != nil {
		return nil, err
	}
	if org.SSOFrom != "" {
		if v, conn, err = s.diverted(ctx, v, conn, org); IsRefusal(err, Code(policy.ConnectionInactive)) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	return s.restart(ctx, v, conn, "browser\x00"+v.id(), StartOptions{})
}

// diverted is a sign-in by a connection that rests, because its org has its sign-on from
// another: through the other's, into the org that the connection is of.
func (s *Service) diverted(ctx context.Context, v Visit, conn kept[connection], org store.Org) (Visit, kept[connection], error) {
	to, err := s.signsOnFor(ctx, s.store, org.SSOFrom)
	if err != nil {
		return v, conn, err
	}
	if to.ID == "" {
		no := refuse(Code(policy.ConnectionInactive), "the organization has its sign-on from another one, which has none that is active")
		return v, conn, s.refusedAt(ctx, v, org.ID, conn.ID, "", no)
	}
	if v.OrgID == "" && v.inviteKey() == "" {
		v.OrgID = org.ID
	}
	return v, to, nil
}
