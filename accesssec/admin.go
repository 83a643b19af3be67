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
// transaction, and record what they did. It is safe for concurrent use.
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

// allowed is authorise for those who only read: outside of a transaction, where a
// refusal has nobody else to record it.
func (a *Admin) allowed(ctx context.Context) error {
	_, err := a.authorise(ctx, a.s.store, asIs)
	return a.s.refused(ctx, err)
}

// authorise is whether the Principal may act in its org now: by what the store says,
// not by what the Principal says.
func (a *Admin) authorise(ctx context.Context, r store.Reader, need strength) (acting, error) {
	who, err := a.member(ctx, r)
	if err != nil {
		return acting{}, err
	}
	if !who.role.Administers() {
		return acting{}, a.notAllowed(who, "the person is "+string(who.role))
	}
	if need == proven {
		err = a.s.proved(who.session)
	}
	if err != nil {
		return acting{}, err
	}
	return who, nil
}

// authoriseOwner is authorise for what is an Owner's alone to do.
func (a *Admin) authoriseOwner(ctx context.Context, r store.Reader) (acting, error) {
	who, err := a.authorise(ctx, r, proven)
	if err == nil && who.role != policy.Owner {
		return acting{}, a.notAllowed(who, "only an Owner may do this")
	}
	return who, err
}

// member is who acts, and what they are in the org by now: anything but disabled.
func (a *Admin) member(ctx context.Context, r store.Reader) (acting, error) {
	if !a.p.genuine() || a.p.OrgID == "" {
		return acting{}, refuse(CodeNotAllowed, "not signed in to an organization")
	}
	ses, err := a.s.sessionOf(ctx, r, a.p)
	if err != nil {
		return acting{}, err
	}
	m, err := r.Membership(ctx, a.p.OrgID, a.p.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return acting{}, a.notAllowed(acting{user: store.User{ID: a.p.UserID}, session: ses}, "not a member")
	} else if err != nil {
		return acting{}, err
	}
	who := acting{m.User, ses, policy.Role(m.Role)}
	if m.User.Disabled || m.Disabled {
		return acting{}, a.notAllowed(who, "the person is disabled")
	}
	return who, nil
}

func (a *Admin) notAllowed(who acting, detail string) *Refusal {
	return refuse(CodeNotAllowed, detail).inOrg(a.p.OrgID, who.by(audit.ChangeRefused))
}

// proved refuses unless the person has just proved who they are.
func (s *Service) proved(ses store.Session) error {
	if since := s.now().Sub(ses.ProvedAt); since >= provedFor || since < -time.Minute {
		return refuse(CodeProve, "")
	}
	return nil
}

// sessionOf is the session that p acts in. Without one it is what the host has vouched
// for, which is over as soon as the proof is.
func (s *Service) sessionOf(ctx context.Context, r store.Reader, p Principal) (store.Session, error) {
	if p.hash == (store.Hash{}) {
		if s.now().Sub(p.proved) >= provedFor {
			return store.Session{}, refuse(CodeSignedOut, "the host vouched for the person more than five minutes ago")
		}
		return store.Session{ProvedAt: p.proved}, nil
	}
	ses, err := s.session(ctx, r, p.hash)
	if err == nil && (ses.UserID != p.UserID || ses.OrgID != p.OrgID) {
		err = refuse(CodeSignedOut, "the session is another one by now")
	}
	return ses, err
}

// Member is one person in an org.
type Member struct {
	OrgID                                string // it is the org's own, but in previews of one that others have their sign-on from
	UserID, Address, FirstName, LastName string
	AddressVerified                      bool
	Disabled                             bool // in this org, or the whole account
	Role                                 policy.Role
	Source                               string
	JoinedAt                             time.Time
}

func memberOf(m store.Member) Member {
	return Member{
		OrgID: m.OrgID, UserID: m.UserID, Address: m.User.Address, FirstName: m.User.FirstName, LastName: m.User.LastName,
		AddressVerified: m.User.AddressVerified, Disabled: m.Disabled || m.User.Disabled,
		Role: policy.Role(m.Role), Source: m.Source, JoinedAt: m.JoinedAt,
	}
}

// MemberQuery narrows a list of members.
type MemberQuery struct {
	Search string        // in address or names
	Roles  []policy.Role // any of these; empty: every role
	store.Paging
}

// Members lists the org's people, oldest first.
func (a *Admin) Members(ctx context.Context, q MemberQuery) (store.Page[Member], error) {
	if err := a.allowed(ctx); err != nil {
		return store.Page[Member]{}, err
	}
	find := store.MembershipQuery{Search: q.Search, Paging: q.Paging}
	for _, r := range q.Roles {
		find.Roles = append(find.Roles, string(r))
	}
	page, err := a.s.store.Memberships(ctx, a.p.OrgID, find)
	if err != nil {
		return store.Page[Member]{}, err
	}
	out := store.Page[Member]{Next: page.Next, Total: page.Total, Items: make([]Member, len(page.Items))}
	for i, m := range page.Items {
		out.Items[i] = memberOf(m)
	}
	return out, nil
}
