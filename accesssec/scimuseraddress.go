package accesssec

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
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

// keepsAddress reports whether the address of a member is none of provisioning's: that of an Owner,
// and of an Admin whom no group has made one. Their passwords are good whatever the org requires, so
// who reads their mail is who they are, and a token alone is to make nobody that.
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

func keptAddress() *scim.Error {
	return &scim.Error{Status: http.StatusForbidden, Detail: "This person is an Owner or Admin of the organization, and provisioning does not change the address that those sign in with. Change it in the application first, or have an Owner make them a Member for as long as it takes."}
}

// moved is what becomes of an account whose address provisioning has changed: from one within
// the org's reach to another, so the org could have signed in as either. Sessions stay, unless
// they could not be made today.
func (d *directory) moved(ctx context.Context, c *change, was, u store.User) error {
	e := d.by.does(audit.UserAddressChanged, personOf(u))
	e.Changes = []audit.Change{{Field: "address", Old: was.Address, New: u.Address, Personal: true}}
	if err := c.freeNameID(ctx, d.by.orgID, was); err != nil {
		return err
	}
	if _, err := c.uninvite(ctx, d.by.orgID, u.AddressKey); err != nil {
		return err
	}
	if err := c.unask(ctx, d.by.orgID, u.AddressKey); err != nil {
		return err
	}
	// Whoever has the old address next is nobody that these browsers have known.
	if err := c.forgetBrowsers(ctx, u.ID); err != nil {
		return err
	}
	if err := d.s.endUnfit(ctx, c, u, &e); err != nil {
		return err
	}
	if err := c.record(ctx, d.by.orgID, e); err != nil {
		return err
	}
	org, err := c.Org(ctx, d.by.orgID)
	if err != nil {
		return err
	}
	return d.s.notify(ctx, c, message{template: TemplateAddressChanged, orgID: org.ID, values: map[string]string{
		"org": org.Name, "site": d.s.site(), "time": noticeTime(c.now), "old": was.Address, "new": u.Address,
	}}, was, u)
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
