package accesssec

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// TemplateAddressChanged tells a person that an identity provider has changed the address that
// they sign in with. It goes to both addresses.
const TemplateAddressChanged Template = "address_changed"

// addressTemplates are of the addresses of accounts.
func addressTemplates() []TemplateInfo {
	return []TemplateInfo{{
		TemplateAddressChanged,
		"Your address at {site} was changed",
		"On {time} the identity provider of {org} changed the address of your account at {site} from {old} to {new}. " +
			"{org} has proven that both are on domains of its own.\n\n" +
			"Sign in with {new} from now on. Your password, if you have one, stays as it is. " +
			"If you did not expect this, ask the administrators of {org}.\n",
		[]TemplateKey{
			{"org", "the name of the organization"},
			{"site", "the host that people know the application by"},
			{"time", "when it happened, in UTC"},
			{"old", "the address of before"},
			{"new", "the address from now on"},
		},
	}}
}

// keepsAddress reports whether the address of a member is nothing for a directory or an identity
// provider to change: that of an Owner, and of an Admin whom no group has made one. Their passwords
// are good whatever the org requires, so who reads their mail is who they are, and a token or an
// assertion alone is to make nobody that.
func keepsAddress(ctx context.Context, r store.Reader, m store.Member) (bool, error) {
	role := policy.Role(m.Role)
	if role == policy.Admin {
		byGroup, err := groupRoleDocs.get(ctx, r, m.OrgID, m.UserID)
		if err = unless(err, store.ErrNotFound); err != nil {
			return false, err
		}
		if byGroup.Value.counts(m) {
			role = byGroup.Value.Was
		}
	}
	return role == policy.Owner || role == policy.Admin, nil
}

// keepsAddressIn is keepsAddress in each org that the account is in and that org signs on to: itself,
// and those that have their sign-on from it.
func keepsAddressIn(ctx context.Context, r store.Reader, orgID string, u store.User) (bool, error) {
	orgs, err := signsOnTo(ctx, r, orgID, u.ID)
	for _, m := range orgs {
		kept, err := keepsAddress(ctx, r, store.Member{Membership: m, User: u})
		if err != nil || kept {
			return kept, err
		}
	}
	return false, err
}

// signsOnTo are those of a person's memberships.
func signsOnTo(ctx context.Context, r store.Reader, orgID, userID string) ([]store.Membership, error) {
	orgs, err := r.OrgsOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	var out []store.Membership
	for _, m := range orgs {
		org, err := r.Org(ctx, m.OrgID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		if m.OrgID == orgID || org.SSOFrom == orgID {
			out = append(out, m)
		}
	}
	return out, nil
}

func keptAddress() *scim.Error {
	return &scim.Error{Status: http.StatusForbidden, Detail: "This person is an Owner or Admin of the organization, or of one that shares its sign-on, and provisioning does not change the address that those sign in with. Have an Owner make them a Member for as long as it takes."}
}

// addressMoved is what becomes of an account whose address the org's directory or identity provider has
// changed: from one on a domain of the org's to another, so the org could have signed in as
// either. Sessions stay, unless they could not be made today. from is whose connections sign the org's
// people in: its own, or those of the org that it has its sign-on from. e says by whom.
func (s *Service) addressMoved(ctx context.Context, c *change, orgID, from string, e audit.Event, was, u store.User) error {
	e.Changes = []audit.Change{{Field: "address", Old: was.Address, New: u.Address, Personal: true}}
	if err := c.freeNameID(ctx, from, was); err != nil {
		return err
	}
	if _, err := c.uninvite(ctx, orgID, u.AddressKey); err != nil {
		return err
	}
	if err := c.unask(ctx, orgID, u.AddressKey); err != nil {
		return err
	}
	if _, err := c.movedIn(ctx, u); err != nil {
		return err
	}
	// Whoever has the old address next is nobody that these browsers have known.
	if err := c.forgetBrowsers(ctx, u.ID); err != nil {
		return err
	}
	if err := s.endUnfit(ctx, c, u, &e); err != nil {
		return err
	}
	if err := c.record(ctx, orgID, e); err != nil {
		return err
	}
	org, err := c.Org(ctx, orgID)
	if err != nil {
		return err
	}
	return s.notify(ctx, c, message{template: TemplateAddressChanged, orgID: orgID, values: map[string]string{
		"org": org.Name, "site": s.site(), "time": noticeTime(c.now), "old": was.Address, "new": u.Address,
	}}, was, u)
}

// followAddress gives the account that a NameID is tied to the address that the assertion has for
// it by now: people marry, and their identity provider is the first to know. It is the account of
// a member, old and new address are on verified domains of the connection's org, and nobody has
// the new one, or is awaited under it. Where anything of that is otherwise it does nothing, and bind
// refuses the login.
// Owners and Admins it leaves alone ([keepsAddress]), and those whom a directory keeps, which is
// asked before an assertion is.
func (s *Service) followAddress(ctx context.Context, c *change, a answered, conn kept[connection], to domainclaim.Address) error {
	if a.id.NameID.Transient() {
		return nil
	}
	tied, err := subjects.byKey(ctx, c, subjectKey(conn, a.id.NameID))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	was, err := c.User(ctx, tied.Owner)
	if errors.Is(err, store.ErrNotFound) || err == nil && was.AddressKey == to.Key() {
		return nil
	} else if err != nil {
		return err
	}
	if may, err := mayFollow(ctx, c, conn.OrgID, was, to); err != nil || !may {
		return err
	}
	u := was
	u.Address, u.AddressKey, u.AddressVerified = to.String(), to.Key(), true
	if err := c.UpdateUser(ctx, u); err != nil {
		return err
	}
	u.Version++
	e := a.visit.by(audit.UserAddressChanged, actorOf(u))
	e.Targets, e.Facts = []audit.Target{personOf(u)}, []audit.Fact{fact("connection", conn.ID), fact("assertion", a.id.AssertionID)}
	if err := s.addressMoved(ctx, c, conn.OrgID, conn.OrgID, e, was, u); err != nil {
		return err
	}
	return c.refreshEntries(ctx, u)
}

// mayFollow reports whether the identity provider of the org says what the account's address is.
func mayFollow(ctx context.Context, r store.Reader, orgID string, u store.User, to domainclaim.Address) (bool, error) {
	from, no := domainclaim.ParseAddress(u.Address)
	if no != nil {
		return false, nil
	}
	for _, a := range []domainclaim.Address{from, to} {
		claim, err := claimOver(ctx, r, a)
		if err != nil || claim.OrgID != orgID || claim.Status != store.DomainVerified {
			return false, err
		}
	}
	if taken, err := isTaken(ctx, r, to); err != nil || taken {
		return false, err
	}
	if kept, err := keepsAddressIn(ctx, r, orgID, u); err != nil || kept {
		return false, err
	}
	orgs, err := signsOnTo(ctx, r, orgID, u.ID)
	if err != nil {
		return false, err
	}
	for _, m := range orgs {
		own, err := entryWith(ctx, r, m.OrgID, "userId", u.ID)
		if err != nil || own.ConnectionID != "" {
			return false, err
		}
		there, err := entryWith(ctx, r, m.OrgID, "name", to.Key())
		if err != nil || there.ID != "" && there.ID != own.ID {
			return false, err
		}
	}
	return len(orgs) > 0, nil
}

// freeNameID unties an account from its old address where that is the NameID that a connection
// of the org has vouched for it with: the identity provider calls the person by the new one from
// now on, and may call somebody else by the old one. Any other NameID stays tied.
func (c *change) freeNameID(ctx context.Context, orgID string, was store.User) error {
	conns, err := connections.list(ctx, c, orgID, store.DocQuery{Paging: store.Paging{Limit: mostConnections}})
	if err != nil {
		return err
	}
	for _, conn := range conns.Items {
		generation := strconv.Itoa(conn.Value.Subjects)
		k, err := subjects.get(ctx, c, orgID, subjectID(conn.ID, generation, "user", was.ID))
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return err
		}
		if !conn.Value.qualified(func(by, at string) bool {
			return k.Key == subjectID(conn.ID, generation, "subject", was.AddressKey, by, at)
		}) {
			continue
		}
		if err := c.DeleteDoc(ctx, subjects.kind, orgID, k.ID); err != nil {
			return err
		}
	}
	return nil
}

// qualified asks is about each pair of qualifiers that a NameID of the connection can have: its
// own names and none.
func (v connection) qualified(is func(by, at string) bool) bool {
	issuers := []string{""}
	if v.IdP != nil {
		issuers = append(issuers, v.IdP.EntityID)
	}
	for _, by := range issuers {
		for _, at := range []string{"", v.EntityID} {
			if is(by, at) {
				return true
			}
		}
	}
	return false
}
