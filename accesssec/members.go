package accesssec

import (
	"context"
	"fmt"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/store"
)

// SetRole gives a member another role in the org. Owners give and take any role, Admins
// those up to Admin, from people who are below an Admin; everybody may step down, and
// nobody up. The last Owner who can come in stays one: CodeLastOwner. The person is signed
// out of the org, so that nothing goes on with the rights of before. To make somebody an Owner or
// Admin, and to change another one who is, wants a fresh proof ([Me.Prove]).
//
// Who is less by it than a group of the identity provider makes them ([SCIMGroupRole]) is that
// again when the group is put together or mapped anew: take them out of the group as well, or
// disable them.
func (a *Admin) SetRole(ctx context.Context, userID string, role policy.Role) error {
	if !role.Valid() {
		return fmt.Errorf("accesssec: %q is no role", role)
	}
	return a.changeMember(ctx, userID, audit.MemberRoleChanged, func(c *change, by acting, m store.Member, e *audit.Event) error {
		was := policy.Role(m.Role)
		if was == role {
			return errSettled
		}
		if !by.role.MayGive(role) {
			return refuse(CodeAbove, fmt.Sprintf("%s may not make %s", by.role, role))
		}
		if role.Administers() && was != policy.Owner {
			if err := a.s.proved(by.session); err != nil {
				return err
			}
		}
		if was == policy.Owner {
			if err := c.anotherOwner(ctx, m.OrgID, userID); err != nil {
				return err
			}
		}
		m.Role = string(role)
		if err := c.PutMembership(ctx, m.Membership); err != nil {
			return err
		}
		if err := c.forgetGroupRole(ctx, m.OrgID, userID); err != nil {
			return err
		}
		x, err := c.expel(ctx, m.OrgID, userID, role)
		e.Changes = []audit.Change{{Field: "role", Old: string(was), New: string(role)}}
		e.Facts = x.facts()
		return err
	})
}

// RemoveMember takes a person out of the org: membership, sessions there, grants, teams and
// directory entry, in one transaction. The account stays, as do its other orgs. Owners may
// remove anybody, Admins who is below an Admin, and everybody themselves; but not the last
// Owner who can come in: CodeLastOwner. To take another Owner or Admin out wants a fresh proof
// ([Me.Prove]).
//
// Where access is managed by an identity provider that goes on letting the person in, they are
// a Member again, with nothing but what everyone has, when they come next: DisableMember keeps
// them out.
func (a *Admin) RemoveMember(ctx context.Context, userID string) error {
	return a.changeMember(ctx, userID, audit.MemberRemoved, func(c *change, by acting, m store.Member, e *audit.Event) error {
		return c.leave(ctx, m, e)
	})
}

// leave is the end of a membership, whoever has decided it.
func (c *change) leave(ctx context.Context, m store.Member, e *audit.Event) error {
	if m.Role == string(policy.Owner) {
		if err := c.anotherOwner(ctx, m.OrgID, m.UserID); err != nil {
			return err
		}
	}
	if err := c.forgetGroupRole(ctx, m.OrgID, m.UserID); err != nil {
		return err
	}
	if err := c.forgetOff(ctx, m.OrgID, m.UserID); err != nil {
		return err
	}
	mark, err := changedPeople.get(ctx, c, "", m.UserID)
	if err == nil {
		err = c.forgetLeft(ctx, mark)
	}
	if err := unless(err, store.ErrNotFound); err != nil {
		return err
	}
	x, err := c.part(ctx, m.Membership)
	e.Facts = append([]audit.Fact{fact("role", m.Role)}, x.facts()...)
	return err
}

// DisableMember keeps a member out of the org until EnableMember: their sessions there end
// in the same transaction, and they can't sign in to it, while role, grants and teams stay
// for when they are back. Their own account and other orgs are not touched. Who may do it to
// whom, and with what proof, is as with RemoveMember, and nobody to themselves.
//
// It holds against provisioning: whatever an identity provider sends, the member stays out, and
// a member; SCIM shows active as false. Of a member whom provisioning has deactivated already it
// makes a decision of the org's own, which holds as well.
func (a *Admin) DisableMember(ctx context.Context, userID string) error {
	return a.setDisabled(ctx, userID, true)
}

// EnableMember lets a member in again whom DisableMember keeps out, or an identity provider: that
// one may deactivate them again. An Owner or Admin is let in again by who has given a fresh proof
// ([Me.Prove]).
func (a *Admin) EnableMember(ctx context.Context, userID string) error {
	return a.setDisabled(ctx, userID, false)
}

func (a *Admin) setDisabled(ctx context.Context, userID string, disabled bool) error {
	t := audit.MemberEnabled
	if disabled {
		t = audit.MemberDisabled
	}
	return a.changeMember(ctx, userID, t, func(c *change, by acting, m store.Member, e *audit.Event) error {
		switch {
		case m.Disabled == disabled:
			return c.holdBack(ctx, m.Membership)
		case userID == a.p.UserID:
			return refuse(CodeAbove, "nobody disables themselves")
		case disabled && m.Role == string(policy.Owner):
			if err := c.anotherOwner(ctx, m.OrgID, userID); err != nil {
				return err
			}
		}
		m.Disabled = disabled
		if err := c.PutMembership(ctx, m.Membership); err != nil {
			return err
		}
		if err := c.forgetOff(ctx, m.OrgID, userID); err != nil {
			return err
		}
		if err := c.setActive(ctx, m); err != nil || !disabled {
			return err
		}
		x, err := c.expel(ctx, m.OrgID, userID, "")
		e.Facts = x.facts()
		return err
	})
}

// overMember refuses what is not for that role to do to somebody of the other. Who has only found a
// session shuts none of those out who could end it.
func (a *Admin) overMember(by acting, of policy.Role) error {
	if !by.role.MayChange(of) {
		return refuse(CodeAbove, fmt.Sprintf("%s may not do this to %s", by.role, of))
	}
	if of.Administers() {
		return a.s.proved(by.session)
	}
	return nil
}

// changeMember is what all changes of one member have in common: who may do it to whom, the
// event, and the refusal in the log. do makes the change, and fills the event in.
func (a *Admin) changeMember(ctx context.Context, userID string, t audit.Type, do func(*change, acting, store.Member, *audit.Event) error) error {
	err := a.s.change(ctx, func(c *change) error {
		by, err := a.authorise(ctx, c, asIs)
		if err != nil {
			return err
		}
		m, err := c.member(ctx, a.p.OrgID, userID)
		if err != nil {
			return err
		}
		e := by.by(t, personOf(m.User))
		if userID != a.p.UserID {
			err = a.overMember(by, policy.Role(m.Role))
		}
		if err == nil {
			err = do(c, by, m, &e)
		}
		if err == nil {
			err = a.s.endUnfit(ctx, c, m.User, &e)
		}
		if err != nil {
			return refusedAs(err, a.p.OrgID, e)
		}
		return c.record(ctx, a.p.OrgID, e)
	})
	return unless(err, errSettled)
}

// endUnfit ends what the person is signed in to elsewhere and could not sign in to today,
// because it rested on what they were in the org: the password of an Owner or Admin, for
// example, where everybody else has to come by single sign-on.
func (s *Service) endUnfit(ctx context.Context, c *change, u store.User, e *audit.Event) error {
	v := review{userID: u.ID, was: map[string]string{}}
	sessions, err := sessionsOf(ctx, c, u.ID)
	if err != nil || len(sessions) == 0 {
		return err
	}
	if address, no := domainclaim.ParseAddress(u.Address); no != nil {
		v.ends = sessions // nobody can sign in like that, so nobody stays
	} else if err := s.reviewSessions(ctx, c, &v, address, sessions); err != nil {
		return err
	}
	if len(v.ends) > 0 {
		e.Facts = append(e.Facts, count("sessions_ended_elsewhere", len(v.ends)))
	}
	return c.carryOutSessions(ctx, v)
}

// LeaveOrg ends the person's own membership in the org that they are signed in to, as
// RemoveMember does, and with it this session.
func (m *Me) LeaveOrg(ctx context.Context) error {
	return m.s.change(ctx, func(c *change) error {
		who, err := m.signedIn(ctx, c)
		if err != nil {
			return err
		}
		in, err := c.member(ctx, who.session.OrgID, who.user.ID)
		if err != nil {
			return err
		}
		e := who.by(audit.MemberRemoved, personOf(who.user))
		err = c.leave(ctx, in, &e)
		if err == nil {
			err = m.s.endUnfit(ctx, c, in.User, &e)
		}
		if err != nil {
			return refusedAs(err, in.OrgID, e)
		}
		return c.record(ctx, in.OrgID, e)
	})
}
