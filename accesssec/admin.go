package accesssec

import (
	"context"
	"errors"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// Admin is what a Principal may do in its org. It holds both, so that no call can name
// the one of one org and the other of another. Every method asks the store again
// whether the person is an Owner or Admin; those that change do so inside their
// transaction, and record what they did.
type Admin struct {
	s *Service
	p Principal
}

// A proof of who one is, beyond being signed in, is good for this long.
const provedFor = 5 * time.Minute

// strength is what an action asks of the one who acts.
type strength int

const (
	asIs   strength = iota // signed in
	proven                 // and has proved who they are in the last five minutes
)

// authorise is whether the Principal may act in its org now: by what the store says,
// not by what the Principal says.
func (a *Admin) authorise(ctx context.Context, r store.Reader, need strength) (store.User, error) {
	if !a.p.genuine || a.p.OrgID == "" || a.p.UserID == "" {
		return store.User{}, refuse(CodeNotAllowed, "not signed in to an organization")
	}
	proved, err := a.s.provedAt(ctx, r, a.p)
	if err != nil {
		return store.User{}, err
	}
	m, err := r.Membership(ctx, a.p.OrgID, a.p.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return store.User{}, refuse(CodeNotAllowed, "not a member")
	} else if err != nil {
		return store.User{}, err
	}
	if m.User.Disabled || !policy.Role(m.Role).Administers() {
		no := refuse(CodeNotAllowed, "the person is "+m.Role)
		return m.User, no.inOrg(a.p.OrgID, a.p.by(audit.ChangeRefused, m.User))
	}
	if need == proven && a.s.now().Sub(proved) >= provedFor {
		return m.User, refuse(CodeProve, "")
	}
	return m.User, nil
}

// provedAt is when the person last proved who they are; zero: not since they came. It
// refuses when the session is over.
func (s *Service) provedAt(ctx context.Context, r store.Reader, p Principal) (time.Time, error) {
	if p.hash == (store.Hash{}) {
		return p.proved, nil
	}
	ses, err := s.session(ctx, r, p.hash)
	if err != nil {
		return time.Time{}, err
	}
	if ses.UserID != p.UserID || ses.OrgID != p.OrgID {
		return time.Time{}, refuse(CodeSignedOut, "the session is another one by now")
	}
	return ses.ProvedAt, nil
}

// Member is one person in the org.
type Member struct {
	UserID, Address, FirstName, LastName string
	AddressVerified, Disabled            bool
	Role                                 policy.Role
	Source                               string
	JoinedAt                             time.Time
}

func memberOf(m store.Member) Member {
	return Member{
		UserID: m.UserID, Address: m.User.Address, FirstName: m.User.FirstName, LastName: m.User.LastName,
		AddressVerified: m.User.AddressVerified, Disabled: m.User.Disabled,
		Role: policy.Role(m.Role), Source: m.Source, JoinedAt: m.JoinedAt,
	}
}

// MemberQuery narrows a list of members.
type MemberQuery struct {
	Search string // in address or names
	store.Paging
}

// Members lists the org's people, oldest first.
func (a *Admin) Members(ctx context.Context, q MemberQuery) (store.Page[Member], error) {
	if _, err := a.authorise(ctx, a.s.store, asIs); err != nil {
		return store.Page[Member]{}, err
	}
	page, err := a.s.store.Memberships(ctx, a.p.OrgID, store.MembershipQuery{Search: q.Search, Paging: q.Paging})
	out := store.Page[Member]{Next: page.Next, Total: page.Total, Items: make([]Member, len(page.Items))}
	for i, m := range page.Items {
		out.Items[i] = memberOf(m)
	}
	return out, err
}
