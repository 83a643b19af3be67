package accesssec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

func byID(x, y store.Entry) int { return cmp.Compare(x.ID, y.ID) }

// changeMembers puts people into a team and takes people out of it, and returns the ids to add
// that are nobody. It costs what the change costs, however large the team is; only who asks for
// exactly these members has the others looked at.
//
// Only people within reach are put in or taken out. Externals whom somebody here has put into
// the team stay in it when the others go.
func (d *directory) changeMembers(ctx context.Context, c *change, team store.Entry, m scim.MemberChange) ([]string, error) {
	if m.Empty() {
		return nil, nil
	}
	x := memberChange{d: d, c: c, team: team.ID, within: d.reach(c)}
	add, unknown, err := x.toAdd(ctx, m.Add)
	if err != nil {
		return nil, err
	}
	if len(unknown) > 0 && m.Strict {
		return nil, badValue(fmt.Sprintf("There is no user with the id %q.", bound(unknown[0], 64)))
	}
	remove, err := x.toRemove(ctx, m.Remove)
	if err == nil && m.Clear {
		remove, err = x.toClear(ctx, m.Add, remove)
	}
	if err != nil || len(add)+len(remove) == 0 {
		return unknown, err
	}
	if m.Clear && len(unknown) > 0 && len(unknown) == len(slices.Compact(slices.Sorted(slices.Values(m.Add)))) {
		return nil, badValue(fmt.Sprintf("None of these members is known here, %q is not for one, so the group keeps those it has. An empty list empties it.", bound(unknown[0], 64)))
	}
	if err := c.ChangeEntryMembers(ctx, d.by.orgID, team.ID, store.MemberDelta{Add: idsOf(add), Remove: idsOf(remove)}); err != nil {
		return nil, err
	}
	e := d.by.does(audit.TeamChanged, teamTarget(team))
	if err := c.recordTeam(ctx, &e, add, remove); err != nil {
		return nil, err
	}
	if err := c.record(ctx, d.by.orgID, e); err != nil {
		return nil, err
	}
	roles, err := d.groupRoles(ctx, c)
	if err != nil || roles.settings.orgRole(team.NameKey) == "" {
		return unknown, err
	}
	return unknown, roles.people(ctx, slices.Concat(add, remove))
}

// memberChange works out what a change of a team's members comes to.
type memberChange struct {
	d      *directory
	c      *change
	team   string
	within *reach
}

// toAdd are the entries of those ids who are not in the team yet, and the ids that are nobody.
func (x memberChange) toAdd(ctx context.Context, ids []string) (add []store.Entry, unknown []string, err error) {
	entries, unknown, err := x.entries(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	hidden := x.d.by.settings.HideExternals
	in, err := x.already(ctx, idsOf(entries))
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		if e.Type != store.EntryUser {
			return nil, nil, badValue(fmt.Sprintf("%q is a group. A group has people for members, and no groups.", bound(e.ID, 64)))
		}
		if in[e.ID] {
			continue
		}
		m, err := x.c.Membership(ctx, e.OrgID, e.UserID)
		if errors.Is(err, store.ErrNotFound) {
			unknown = append(unknown, e.ID)
			continue
		} else if err != nil {
			return nil, nil, err
		}
		err = x.touches(ctx, m.User)
		if IsRefusal(err, CodeSCIMDomain) && hidden {
			unknown = append(unknown, e.ID)
			continue
		} else if err != nil {
			return nil, nil, err
		}
		add = append(add, e)
	}
	return add, unknown, nil
}

// touches refuses somebody who is external.
func (x memberChange) touches(ctx context.Context, u store.User) error {
	in, err := x.within.has(ctx, u.Address)
	if err != nil || in {
		return err
	}
	return x.d.forbidden(CodeSCIMDomain, &scim.Error{Status: http.StatusForbidden, Detail: fmt.Sprintf(
		"%s is on no verified domain of this organization: provisioning puts external people into no group, and takes them out of none.", u.Address)},
		thing(audit.KindTeam, x.team, ""), personOf(u))
}

// toRemove are the entries of those ids who are in the team.
func (x memberChange) toRemove(ctx context.Context, ids []string) ([]store.Entry, error) {
	entries, _, err := x.entries(ctx, ids)
	if err != nil {
		return nil, err
	}
	in, err := x.already(ctx, idsOf(entries))
	if err != nil {
		return nil, err
	}
	var out []store.Entry
	for _, e := range entries {
		if !in[e.ID] {
			continue
		}
		m, err := x.c.Membership(ctx, e.OrgID, e.UserID)
		if err == nil {
			err = x.touches(ctx, m.User)
		} else if errors.Is(err, store.ErrNotFound) {
			err = nil // who has left by the host's own code is in nobody's way
		}
		if IsRefusal(err, CodeSCIMDomain) && x.d.by.settings.HideExternals {
			continue // is not there
		}
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// toClear adds to remove all who are in the team, within reach, and not to be kept.
func (x memberChange) toClear(ctx context.Context, keep []string, remove []store.Entry) ([]store.Entry, error) {
	stays := make(map[string]bool, len(keep)+len(remove))
	for _, id := range keep {
		stays[id] = true
	}
	for _, e := range remove {
		stays[e.ID] = true // is in it already
	}
	err := x.c.eachIn(ctx, x.d.by.orgID, x.team, func(entries []store.Entry) error {
		for _, e := range entries {
			if stays[e.ID] {
				continue
			}
			in, err := x.within.hasMember(ctx, e)
			if err != nil {
				return err
			} else if in {
				remove = append(remove, e)
			}
		}
		return nil
	})
	return remove, err
}

// entries are those of the org with these ids, of whichever type, by id and each once; and the
// ids without one.
func (x memberChange) entries(ctx context.Context, ids []string) (out []store.Entry, unknown []string, err error) {
	var plain []string
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if plainID(id) {
			plain = append(plain, id)
		} else {
			unknown = append(unknown, id)
		}
	}
	for some := range slices.Chunk(plain, entriesAtOnce) {
		found, err := entriesOf(ctx, x.c, x.d.by.orgID, some)
		if err != nil {
			return nil, nil, err
		}
		slices.SortFunc(found, byID)
		for _, id := range some {
			if _, ok := slices.BinarySearchFunc(found, id, func(e store.Entry, id string) int { return cmp.Compare(e.ID, id) }); !ok {
				unknown = append(unknown, id)
			}
		}
		out = append(out, found...)
	}
	return out, unknown, nil
}

// fewIDs are read one by one: by its key a store finds each at once, and of a handful that is as
// quick as one question.
const fewIDs = 4

// entriesOf are the entries of the org with these ids, at most entriesAtOnce, of whichever type.
func entriesOf(ctx context.Context, r store.Reader, orgID string, ids []string) ([]store.Entry, error) {
	if len(ids) > fewIDs {
		return entriesBy(ctx, r, orgID, "", "id", ids)
	}
	var out []store.Entry
	for _, id := range ids {
		e, err := r.Entry(ctx, orgID, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// already says which of these are in the team.
func (x memberChange) already(ctx context.Context, ids []string) (map[string]bool, error) {
	in := make(map[string]bool, len(ids))
	for some := range slices.Chunk(ids, entriesAtOnce) {
		page, err := x.c.EntryMembers(ctx, x.d.by.orgID, x.team, store.MemberQuery{Among: some, Paging: store.Paging{Limit: entriesAtOnce}})
		if err != nil {
			return nil, err
		}
		for _, id := range page.Items {
			in[id] = true
		}
	}
	return in, nil
}

// eachIn hands out who is in a team, some at a time.
func (c *change) eachIn(ctx context.Context, orgID, team string, do func([]store.Entry) error) error {
	q := store.MemberQuery{Paging: store.Paging{Limit: 1000}}
	for {
		page, err := c.EntryMembers(ctx, orgID, team, q)
		if err != nil {
			return err
		}
		entries, err := entriesBy(ctx, c, orgID, store.EntryUser, "id", page.Items)
		if err == nil {
			err = do(entries)
		}
		if err != nil {
			return err
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}
