package accesssec

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// A group of the identity provider is a team. One that is pushed under the name of a team that
// was made here takes that team over, with what is granted to it and who is in it: the name is
// what both sides know it by.

// mostGroupName is how many characters the name of a team can have that comes from there.
const mostGroupName = 255

// groupName is teamName for a displayName.
func groupName(name string) (kept, key string, ok bool) {
	kept = norm.NFC.String(oneLine(name, mostGroupName+1))
	key = teamKey(kept)
	return kept, key, key != "" && utf8.RuneCountInString(kept) <= mostGroupName && len(key) <= teamKeyMost
}

func noRoomForTeam() *scim.Error {
	return &scim.Error{Status: http.StatusForbidden, Detail: fmt.Sprintf(
		"The organization has %d teams already, and may have no more. Delete some that are not needed any more, or push fewer groups.", mostTeams)}
}

// teamTarget is how the log names one.
func teamTarget(e store.Entry) audit.Target { return thing(audit.KindTeam, e.ID, e.Name) }

// CreateGroup makes a team, or takes over one of that name that nobody kept so far.
func (d *directory) CreateGroup(ctx context.Context, g scim.Group, m scim.MemberChange) (scim.Group, []string, error) {
	var out scim.Group
	var unknown []string
	err := d.change(ctx, func(c *change) error {
		team := store.Entry{OrgID: d.by.orgID, ID: newID("team"), Type: store.EntryGroup, Active: true, CreatedAt: c.now}
		_, key, ok := groupName(g.DisplayName)
		if !ok {
			return badGroupName()
		}
		there, err := d.namedEntry(ctx, c, store.EntryGroup, key)
		if err != nil {
			return err
		}
		e := d.by.does(audit.TeamCreated)
		switch {
		case there.ID == "":
			if err := c.roomForTeam(ctx, d.by.orgID); IsRefusal(err, CodeRoleLimit) {
				return d.forbidden(CodeRoleLimit, noRoomForTeam())
			} else if err != nil {
				return err
			}
		case there.ConnectionID == "":
			if err := d.mayAdopt(ctx, c, there); err != nil {
				return err
			}
			team, e.Type = there, audit.TeamLinked
		default:
			return taken("The displayName", nil)
		}
		if team, err = d.writeGroup(ctx, c, team, g); err != nil {
			return err
		}
		e.Targets = []audit.Target{teamTarget(team)}
		if err := c.record(ctx, d.by.orgID, e); err != nil {
			return err
		}
		if unknown, err = d.changeMembers(ctx, c, team, m); err != nil {
			return err
		}
		if err := d.applyRoles(ctx, c, team, team.NameKey); err != nil {
			return err
		}
		out, err = groupOf(team)
		return err
	})
	return out, unknown, err
}

// mayAdopt refuses a team that has a role which who has made the token could not give: or a token
// would be the way to it. Owners may give any.
func (d *directory) mayAdopt(ctx context.Context, c *change, team store.Entry) error {
	k, err := scimTokens.get(ctx, c, d.by.fromID, d.by.tokenID)
	if err != nil {
		return err
	}
	maker := Admin{s: d.s, p: Principal{UserID: k.Owner, OrgID: d.by.orgID}}
	err = maker.coversTeam(ctx, c, team.ID, true)
	if !IsRefusal(err, CodeAbove) {
		return err
	}
	return d.forbidden(CodeAbove, &scim.Error{Status: http.StatusForbidden,
		Detail: "The application has a team of this name, with roles that whoever made this token may not give. Use a token that an Owner has made, or give the group another name."}, teamTarget(team))
}

func badGroupName() *scim.Error {
	return badValue("A displayName is text of 1 to 255 characters that can be seen.")
}

// writeGroup has the entry of a team say what g says, under a name that no other has.
func (d *directory) writeGroup(ctx context.Context, c *change, team store.Entry, g scim.Group) (store.Entry, error) {
	kept, key, ok := groupName(g.DisplayName)
	if !ok {
		return team, badGroupName()
	}
	named, err := d.namedEntry(ctx, c, store.EntryGroup, key)
	if err != nil {
		return team, err
	} else if named.ID != "" && named.ID != team.ID {
		return team, taken("The displayName", nil)
	}
	known, err := d.externalEntry(ctx, c, store.EntryGroup, g.ExternalID)
	if err != nil {
		return team, err
	} else if known.ID != "" && known.ID != team.ID {
		return team, taken("The externalId", nil)
	}
	team.Name, team.NameKey, team.ModifiedAt = kept, key, c.now
	if err := d.dressGroup(&team, g); err != nil {
		return team, err
	}
	err = c.PutEntry(ctx, team)
	team.Version++
	return team, err
}

// Group reads one.
func (d *directory) Group(ctx context.Context, id string) (scim.Group, error) {
	e, err := d.entry(ctx, d.s.store, store.EntryGroup, id)
	if err != nil {
		return scim.Group{}, err
	}
	return groupOf(e)
}

// Groups lists teams, kept by the identity provider or not.
func (d *directory) Groups(ctx context.Context, q scim.Query) (scim.Page[scim.Group], error) {
	out := scim.Page[scim.Group]{}
	find, err := d.query(store.EntryGroup, q)
	if err != nil {
		return out, err
	}
	page, err := d.s.store.Entries(ctx, d.by.orgID, find)
	if err != nil {
		return out, err
	}
	if out.Total = page.Total; q.Limit == 0 {
		return out, nil
	}
	out.Next, out.Items = page.Next, make([]scim.Group, len(page.Items))
	for i, e := range page.Items {
		if out.Items[i], err = groupOf(e); err != nil {
			return out, err
		}
	}
	return out, nil
}

// ChangeGroup changes a team and who is in it. The first change of one that was made here makes
// it the identity provider's. Where edit changes nothing the team's own record stays as it is,
// so that many who put people into it don't fight over it.
func (d *directory) ChangeGroup(ctx context.Context, id string, edit func(*scim.Group) (bool, error), m scim.MemberChange) (scim.Group, []string, error) {
	var out scim.Group
	var unknown []string
	err := d.change(ctx, func(c *change) error {
		unknown = nil
		team, err := d.entry(ctx, c, store.EntryGroup, id)
		if err != nil {
			return err
		}
		next, err := groupOf(team)
		if err != nil {
			return err
		}
		out = next
		changed, err := edit(&next)
		if err != nil {
			return err
		}
		linked := team.ConnectionID == scimConnection
		if !linked && (changed || !m.Empty()) {
			if err := d.mayAdopt(ctx, c, team); err != nil {
				return err
			}
		}
		if changed || !linked && !m.Empty() {
			if team, err = d.renameGroup(ctx, c, team, next); err != nil {
				return err
			}
			if out, err = groupOf(team); err != nil {
				return err
			}
		}
		if unknown, err = d.changeMembers(ctx, c, team, m); err != nil {
			return err
		}
		if !linked && team.ConnectionID == scimConnection {
			err = d.applyRoles(ctx, c, team, team.NameKey)
		}
		if err == nil && c.recorded == 0 {
			err = errSettled
		}
		return err
	})
	return out, unknown, err
}

// renameGroup writes what a client says of a team, with the event of what it comes to, and what
// another name comes to for the roles that it gives.
func (d *directory) renameGroup(ctx context.Context, c *change, team store.Entry, next scim.Group) (store.Entry, error) {
	was := team
	team, err := d.writeGroup(ctx, c, team, next)
	if err != nil {
		return team, err
	}
	e := d.by.does(audit.TeamProvisioned, teamTarget(team))
	if was.ConnectionID == "" {
		e.Type = audit.TeamLinked
		if err := c.record(ctx, d.by.orgID, e); err != nil {
			return team, err
		}
		e.Type = ""
	}
	if was.Name != team.Name {
		e.Type, e.Changes = audit.TeamRenamed, []audit.Change{{Field: "name", Old: was.Name, New: team.Name}}
	}
	if e.Type != "" {
		if err := c.record(ctx, d.by.orgID, e); err != nil {
			return team, err
		}
	}
	if was.ConnectionID != "" && was.NameKey != team.NameKey {
		err = d.applyRoles(ctx, c, team, was.NameKey, team.NameKey)
	}
	return team, err
}

// DeleteGroup deletes a team that the identity provider keeps, and all that is granted to it.
// The people stay. One that was made here is not its to delete.
func (d *directory) DeleteGroup(ctx context.Context, id string, check func(scim.Group) error) error {
	return d.change(ctx, func(c *change) error {
		team, err := d.entry(ctx, c, store.EntryGroup, id)
		if err != nil {
			return err
		}
		g, err := groupOf(team)
		if err == nil && check != nil {
			err = check(g)
		}
		if err != nil {
			return err
		}
		e := d.by.does(audit.TeamDeleted, teamTarget(team))
		if team.ConnectionID != scimConnection {
			return d.forbidden(CodeNotAllowed, &scim.Error{Status: http.StatusForbidden,
				Detail: "This team was made in the application, and no group was ever pushed to it. Delete it there."}, e.Targets...)
		}
		n, err := c.revokeAll(ctx, d.by.orgID, id, store.SubjectGroup)
		if err != nil {
			return err
		}
		e.Facts = append(e.Facts, count("grants_revoked", n))
		after, err := d.rolesAfter(ctx, c, team)
		if err != nil {
			return err
		}
		if err := c.DeleteEntry(ctx, d.by.orgID, id); err != nil {
			return err
		}
		if err := c.record(ctx, d.by.orgID, e); err != nil {
			return err
		}
		return after()
	})
}

// Members lists who is in a team.
func (d *directory) Members(ctx context.Context, groupID, after string, limit int) ([]scim.Member, string, error) {
	r := d.s.store
	if after == "" {
		if _, err := d.entry(ctx, r, store.EntryGroup, groupID); err != nil {
			return nil, "", err
		}
	}
	page, err := r.EntryMembers(ctx, d.by.orgID, groupID, store.MemberQuery{Paging: store.Paging{After: after, Limit: limit}})
	if errors.Is(err, store.ErrNotFound) {
		return nil, "", scim.ErrNotFound
	} else if err != nil {
		return nil, "", err
	}
	entries, err := entriesBy(ctx, r, d.by.orgID, store.EntryUser, "id", page.Items)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(entries, byID)
	within := d.reach(r)
	out := make([]scim.Member, 0, len(entries))
	for _, e := range entries {
		if d.by.settings.HideExternals {
			if in, err := within.hasMember(ctx, e); err != nil {
				return nil, "", err
			} else if !in {
				continue
			}
		}
		out = append(out, scim.Member{ID: e.ID, Type: store.EntryUser, Display: e.Name})
	}
	return out, page.Next, nil
}

// GroupsOf are the teams that each of these people is in.
func (d *directory) GroupsOf(ctx context.Context, userIDs []string) (map[string][]scim.Member, error) {
	r := d.s.store
	in := map[string][]string{}
	var ids []string
	for some := range slices.Chunk(userIDs, entriesAtOnce) {
		groups, err := r.EntryGroups(ctx, d.by.orgID, some)
		if err != nil {
			return nil, err
		}
		for id, list := range groups {
			in[id] = list
			ids = append(ids, list...)
		}
	}
	slices.Sort(ids)
	named := map[string]scim.Member{}
	for some := range slices.Chunk(slices.Compact(ids), entriesAtOnce) {
		teams, err := entriesOf(ctx, r, d.by.orgID, some)
		if err != nil {
			return nil, err
		}
		for _, e := range teams {
			named[e.ID] = scim.Member{ID: e.ID, Type: store.EntryGroup, Display: e.Name}
		}
	}
	out := make(map[string][]scim.Member, len(in))
	for id, list := range in {
		for _, group := range list {
			if t, ok := named[group]; ok {
				out[id] = append(out[id], t)
			}
		}
	}
	return out, nil
}
