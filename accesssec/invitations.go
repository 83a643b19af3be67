package accesssec

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// mostInvitations is how many of an org may be open at once.
const mostInvitations = 1000

// Invitation waits for one person to come into the org. What opens it is in their mail and
// nowhere else.
type Invitation struct {
	ID      string
	Address string
	Role    policy.Role
	By      string // the user's id of who sent it last
	At      time.Time
	Expires time.Time
}

func invitationOf(inv kept[invitation]) Invitation {
	return Invitation{
		ID: inv.ID, Address: inv.Value.Address, Role: inv.Value.Role, By: inv.Owner, At: inv.At, Expires: inv.ExpiresAt,
	}
}

// invited says which invitation is the open one for an address, so that there is one at most:
// its id is made of the address, and its owner is the invitation. One whose invitation is gone
// says nothing.
var invited = collection[struct{}]{"invited"}

func invitedID(addressKey string) string {
	sum := hashOf("invited\x00" + addressKey)
	return hexOf(sum[:])
}

// Invite sends somebody a link by which they become a member, with an account of their own or
// with the one they have. It goes to that address by mail and nowhere else, is good for seven
// days and once, and only for the one whose address it is: a link that somebody else opens
// makes nobody a member. Whoever sends it may give the role, now and when it is taken up:
// Owners any, Admins up to Admin. Nothing here tells whether the address has an account.
//
// Refusals: CodeAddress; CodeNoMail without a Notifier; CodeAbove; CodeMember; CodeInvited,
// while one is open; policy.ExternalBlocked for who could not come in, because the org keeps
// out people of other domains; CodeRoleLimit beyond a thousand that are open; CodeLocked
// beyond about ten an hour to one mail domain, or 200 a day: calling them back makes no room. To
// invite an Owner or Admin wants a fresh proof ([Me.Prove]).
func (a *Admin) Invite(ctx context.Context, address string, role policy.Role) (Invitation, error) {
	s := a.s
	if err := s.alone(); err != nil {
		return Invitation{}, err
	}
	to, err := domainclaim.ParseAddress(address)
	if err != nil {
		no := refuse(CodeAddress, err.Error())
		no.Err = err
		return Invitation{}, no
	}
	if !role.Valid() {
		return Invitation{}, fmt.Errorf("accesssec: %q is no role", role)
	}
	look := func(r store.Reader, now time.Time) (acting, error) {
		by, err := a.mayInvite(ctx, r, to, role)
		if err != nil {
			return by, err
		}
		_, err = openInvitation(ctx, r, a.p.OrgID, to.Key(), now)
		if err == nil {
			err = refuse(CodeInvited, "")
		} else if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return by, err
	}
	if _, err := look(s.store, s.now()); err != nil {
		return Invitation{}, s.refused(ctx, err)
	}
	if err := s.book(ctx, inviteCounters(a.p.OrgID, to.Domain())); err != nil {
		return Invitation{}, err
	}
	var out Invitation
	err = s.change(ctx, func(c *change) error {
		by, err := look(c, c.now)
		if err != nil {
			return err
		}
		inv, err := s.invite(ctx, c, by, a.p.OrgID, to, role)
		out = invitationOf(inv)
		return err
	})
	if err != nil {
		return Invitation{}, err
	}
	return out, nil
}

// mayInvite is whether the Principal may invite this person, and the person could come in.
func (a *Admin) mayInvite(ctx context.Context, r store.Reader, to domainclaim.Address, role policy.Role) (acting, error) {
	by, err := a.authorise(ctx, r, asIs)
	if err != nil {
		return by, err
	}
	e := by.by(audit.InvitationSent, invitationFor("", to.String()))
	if a.s.opts.Notify == nil {
		return by, refuse(CodeNoMail, "an invitation goes by mail").inOrg(a.p.OrgID, refusedChange(e))
	}
	if !by.role.MayGive(role) {
		no := refuse(CodeAbove, fmt.Sprintf("%s may not make %s", by.role, role))
		return by, no.inOrg(a.p.OrgID, refusedChange(e))
	}
	if role.Administers() {
		if err := a.s.proved(by.session); err != nil {
			return by, err
		}
	}
	if err := a.s.couldEnter(ctx, r, a.p.OrgID, to, role); err != nil {
		return by, refusedAs(err, a.p.OrgID, e)
	}
	u, err := r.UserByAddress(ctx, to.Key())
	if errors.Is(err, store.ErrNotFound) {
		return by, nil
	} else if err != nil {
		return by, err
	}
	_, err = r.Membership(ctx, a.p.OrgID, u.ID)
	if errors.Is(err, store.ErrNotFound) {
		return by, nil
	} else if err == nil {
		err = refuse(CodeMember, "")
	}
	return by, err
}

// couldEnter refuses who would be kept out by the org as a member, whatever they did: the
// people of other domains, where it lets none of them in.
func (s *Service) couldEnter(ctx context.Context, r store.Reader, orgID string, a domainclaim.Address, role policy.Role) error {
	f, err := s.facts(ctx, r, asking{address: a, orgID: orgID})
	if err != nil {
		return err
	}
	f.in.Person = policy.Person{Address: a.String(), Known: true, Role: role}
	attempts := []policy.Attempt{{Method: policy.Password}}
	if f.in.Owner != nil {
		attempts = append(attempts, policy.Attempt{Method: policy.SSO, Connection: f.in.Owner.Connection})
		if f.in.Owner.ID == orgID {
			f.in.Person.OwnerRole = role
		}
	}
	var blocked error
	for _, attempt := range attempts {
		f.in.Attempt = attempt
		d := policy.Decide(f.in)
		if d.Allow {
			return nil
		}
		if d.Reason == policy.ExternalBlocked {
			blocked = refuseDecision(d)
		}
	}
	return blocked
}

// openInvitation is the one that waits for an address; store.ErrNotFound when none does.
func openInvitation(ctx context.Context, r store.Reader, orgID, addressKey string, now time.Time) (kept[invitation], error) {
	mark, err := invited.get(ctx, r, orgID, invitedID(addressKey))
	if err != nil {
		return kept[invitation]{}, err
	}
	inv, err := invitations.get(ctx, r, orgID, mark.Owner)
	if err == nil && !now.Before(inv.ExpiresAt) {
		err = store.ErrNotFound
	}
	return inv, err
}

// invite makes the invitation and its mail. None is open for the address.
func (s *Service) invite(ctx context.Context, c *change, by acting, orgID string, to domainclaim.Address, role policy.Role) (kept[invitation], error) {
	if _, err := c.uninvite(ctx, orgID, to.Key()); err != nil { // what is over, and not deleted yet
		return kept[invitation]{}, err
	}
	n, err := openOf(ctx, c, invitations, orgID, mostInvitations, c.now, nil)
	if err != nil {
		return kept[invitation]{}, err
	} else if n >= mostInvitations {
		return kept[invitation]{}, refuse(CodeRoleLimit, fmt.Sprintf("%d invitations are open", n))
	}
	id := newID("inv")
	inv := invitations.fresh(orgID, id, "", c.now, time.Time{}, invitation{Address: to.String(), Key: to.Key(), Role: role})
	mark := invited.fresh(orgID, invitedID(to.Key()), "", c.now, time.Time{}, struct{}{})
	return inv, s.send(ctx, c, by, &inv, mark, "first")
}

// send gives an invitation a new link, which is the only one that is good from then on, keeps
// it and mails it.
func (s *Service) send(ctx context.Context, c *change, by acting, inv *kept[invitation], mark kept[struct{}], sent string) error {
	token := newSecret(inviteMark)
	inv.Key, inv.Owner, inv.ExpiresAt = inviteKeyOf(token), by.user.ID, c.now.Add(inviteFor)
	mark.Owner, mark.ExpiresAt = inv.ID, inv.ExpiresAt
	if err := invitations.put(ctx, c, *inv); err != nil {
		return err
	}
	if err := invited.put(ctx, c, mark); err != nil {
		return err
	}
	e := by.by(audit.InvitationSent, invitationFor(inv.ID, inv.Value.Address))
	e.Facts = []audit.Fact{fact("role", string(inv.Value.Role)), fact("sent", sent)}
	if err := c.record(ctx, inv.OrgID, e); err != nil {
		return err
	}
	org, err := c.Org(ctx, inv.OrgID)
	if err != nil {
		return err
	}
	values := map[string]string{
		"org": org.Name, "site": s.site(), "by": by.named(), "role": string(inv.Value.Role), "until": noticeTime(inv.ExpiresAt),
		"link": s.origin + s.opts.Path + "invitation?" + url.Values{"token": {token}}.Encode(),
	}
	return s.notify(ctx, c, message{template: TemplateInvitation, orgID: inv.OrgID, values: values, lasts: inviteFor}, addressee(inv.Value.Address))
}

// addressee stands where an account does, of which there may be none: for what goes to an
// address that an Owner or Admin has typed, and to nobody's account.
func addressee(address string) store.User { return store.User{Address: address, AddressVerified: true} }

// invitationFor names one in the log.
func invitationFor(id, address string) audit.Target {
	return audit.Target{Kind: audit.KindInvitation, ID: id, Name: address, Person: true}
}

// uninvite takes away what waits for an address in an org: who is in needs no other way in,
// and who was removed shall find none.
func (c *change) uninvite(ctx context.Context, orgID, addressKey string) (int, error) {
	mark, err := invited.get(ctx, c, orgID, invitedID(addressKey))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	if err := c.DeleteDoc(ctx, invited.kind, orgID, mark.ID); err != nil {
		return 0, err
	}
	err = c.DeleteDoc(ctx, invitations.kind, orgID, mark.Owner)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return 1, err
}

// openOf counts what of an org is not over and passes which (nil: all), up to most.
func openOf[T any](ctx context.Context, r store.Reader, k collection[T], orgID string, most int, now time.Time, which func(kept[T]) bool) (int, error) {
	q := store.DocQuery{Paging: store.Paging{Limit: 1000}}
	for n := 0; ; {
		page, err := k.list(ctx, r, orgID, q)
		if err != nil {
			return n, err
		}
		for _, v := range page.Items {
			if now.Before(v.ExpiresAt) && (which == nil || which(v)) {
				n++
			}
		}
		if q.After = page.Next; q.After == "" || n >= most {
			return n, nil
		}
	}
}

// Invitations lists those that are open, oldest first. A page may be shorter than its limit,
// and there is more while Next says so.
func (a *Admin) Invitations(ctx context.Context, p store.Paging) (store.Page[Invitation], error) {
	if err := a.allowed(ctx); err != nil {
		return store.Page[Invitation]{}, err
	}
	page, err := invitations.list(ctx, a.s.store, a.p.OrgID, store.DocQuery{Paging: p})
	if err != nil {
		return store.Page[Invitation]{}, err
	}
	out := store.Page[Invitation]{Next: page.Next, Total: page.Total, Items: []Invitation{}}
	now := a.s.now()
	for _, inv := range page.Items {
		if now.Before(inv.ExpiresAt) {
			out.Items = append(out.Items, invitationOf(inv))
		}
	}
	return out, nil
}

// ResendInvitation mails a new link, good for seven days from now; the one before is dead. The
// invitation is from then on that of who sends it again, who may give the role: CodeAbove. It
// counts like another one: CodeLocked. One that is over or taken up is CodeNotFound.
func (a *Admin) ResendInvitation(ctx context.Context, id string) (Invitation, error) {
	s := a.s
	if err := s.alone(); err != nil {
		return Invitation{}, err
	}
	look := func(r store.Reader, now time.Time) (acting, kept[invitation], domainclaim.Address, error) {
		by, inv, err := a.invitation(ctx, r, id, now)
		if err != nil {
			return by, inv, domainclaim.Address{}, err
		}
		to, err := domainclaim.ParseAddress(inv.Value.Address)
		if err == nil {
			by, err = a.mayInvite(ctx, r, to, inv.Value.Role)
		}
		return by, inv, to, err
	}
	_, _, to, err := look(s.store, s.now())
	if err != nil {
		return Invitation{}, s.refused(ctx, err)
	}
	if err := s.book(ctx, inviteCounters(a.p.OrgID, to.Domain())); err != nil {
		return Invitation{}, err
	}
	var out Invitation
	err = s.change(ctx, func(c *change) error {
		by, inv, to, err := look(c, c.now)
		if err != nil {
			return err
		}
		mark, err := invited.get(ctx, c, inv.OrgID, invitedID(to.Key()))
		if err != nil {
			return gone(err)
		}
		err = s.send(ctx, c, by, &inv, mark, "again")
		out = invitationOf(inv)
		return err
	})
	if err != nil {
		return Invitation{}, err
	}
	return out, nil
}

// invitation is one of the org's that is open, for who may do something about any.
func (a *Admin) invitation(ctx context.Context, r store.Reader, id string, now time.Time) (acting, kept[invitation], error) {
	by, err := a.authorise(ctx, r, asIs)
	if err != nil {
		return by, kept[invitation]{}, err
	}
	inv, err := invitations.get(ctx, r, a.p.OrgID, id)
	if err == nil && !now.Before(inv.ExpiresAt) {
		err = store.ErrNotFound
	}
	return by, inv, gone(err)
}

// CancelInvitation calls one back: its link is dead. Who may give the role may: CodeAbove.
func (a *Admin) CancelInvitation(ctx context.Context, id string) error {
	return a.s.change(ctx, func(c *change) error {
		by, inv, err := a.invitation(ctx, c, id, c.now)
		if err != nil {
			return err
		}
		e := by.by(audit.InvitationCancelled, invitationFor(inv.ID, inv.Value.Address))
		e.Facts = []audit.Fact{fact("role", string(inv.Value.Role))}
		if !by.role.MayGive(inv.Value.Role) {
			no := refuse(CodeAbove, fmt.Sprintf("%s may not make or unmake %s", by.role, inv.Value.Role))
			return no.inOrg(inv.OrgID, refusedChange(e))
		}
		if _, err := c.uninvite(ctx, inv.OrgID, inv.Value.Key); err != nil {
			return err
		}
		return c.record(ctx, inv.OrgID, e)
	})
}
