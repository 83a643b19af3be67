package accesssec

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// groupRole is what the groups of the identity provider have made of a member, and what they
// were before. It counts as long as the member has that role, in that membership: what an Owner
// or Admin gives by hand is not the groups' to take.
type groupRole struct {
	Role   policy.Role `json:"role"`
	Was    policy.Role `json:"was"`
	Joined time.Time   `json:"joined"`
}

// counts reports whether the member is what they are by their groups.
func (g groupRole) counts(m store.Member) bool {
	return g.Role != "" && g.Role != policy.Owner && g.Role == policy.Role(m.Role) && g.Joined.Equal(m.JoinedAt)
}

var groupRoleDocs = collection[groupRole]{"scim_role"} // by the user's id

// forgetGroupRole makes a member's role nobody's but theirs.
func (c *change) forgetGroupRole(ctx context.Context, orgID, userID string) error {
	err := c.DeleteDoc(ctx, groupRoleDocs.kind, orgID, userID)
	return unless(err, store.ErrNotFound)
}

// orgRanks are the roles that a group can come across, the lowest first.
func orgRank(r policy.Role) int {
	return slices.Index([]policy.Role{policy.Member, policy.Billing, policy.Admin, policy.Owner}, r)
}

// orgRole is the highest role in the org that a group of that name gives; "" none.
func (k scimSettings) orgRole(key string) policy.Role {
	var out policy.Role
	for _, g := range k.GroupRoles {
		if g.OrgRole != "" && g.OrgRole != policy.Owner && teamKey(g.Group) == key && (out == "" || orgRank(g.OrgRole) > orgRank(out)) {
			out = g.OrgRole
		}
	}
	return out
}

// groupRoles carries out what groups give. Its events are by whoever has changed what that
// rests on: the identity provider, or who has changed the settings.
type groupRoles struct {
	s        *Service
	c        *change
	orgID    string
	settings scimSettings
	event    func(audit.Type, ...audit.Target) audit.Event
	within   *reach
	teams    map[string]store.Entry
}

// groupRoles is by the settings that hold in this transaction.
func (d *directory) groupRoles(ctx context.Context, c *change) (*groupRoles, error) {
	k, err := scimSettingsOf(ctx, c, d.by.orgID)
	return &groupRoles{
		s: d.s, c: c, orgID: d.by.orgID, settings: k.Value, event: d.by.does,
		within: d.reach(c), teams: map[string]store.Entry{},
	}, err
}

// applyRoles is for a team that has become the identity provider's, or has another name: keys
// are those that it has or had.
func (d *directory) applyRoles(ctx context.Context, c *change, team store.Entry, keys ...string) error {
	roles, err := d.groupRoles(ctx, c)
	if err == nil {
		err = roles.grants(ctx, team)
	}
	if err != nil || !slices.ContainsFunc(keys, func(key string) bool { return roles.settings.orgRole(key) != "" }) {
		return err
	}
	return roles.everybodyIn(ctx, team.ID)
}

// rolesAfter remembers who is in a team that is about to go, for what they are after it.
func (d *directory) rolesAfter(ctx context.Context, c *change, team store.Entry) (func() error, error) {
	roles, err := d.groupRoles(ctx, c)
	if err != nil || roles.settings.orgRole(team.NameKey) == "" {
		return func() error { return nil }, err
	}
	var people []store.Entry
	err = c.eachIn(ctx, d.by.orgID, team.ID, func(some []store.Entry) error {
		people = append(people, some...)
		return nil
	})
	return func() error { return roles.people(ctx, people) }, err
}

// groupRolesChanged applies other settings to those who are in the groups now.
func (s *Service) groupRolesChanged(ctx context.Context, c *change, by acting, org store.Org, was, next scimSettings) error {
	orgID := org.ID
	d := s.directory(scimCaller{orgID: orgID, fromID: cmp.Or(org.SSOFrom, orgID), settings: next})
	roles := &groupRoles{s: s, c: c, orgID: orgID, settings: next, event: by.by, within: d.reach(c), teams: map[string]store.Entry{}}
	keys := map[string]bool{}
	for _, g := range slices.Concat(without(was.GroupRoles, next.GroupRoles), without(next.GroupRoles, was.GroupRoles)) {
		keys[teamKey(g.Group)] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		team, err := d.namedEntry(ctx, c, store.EntryGroup, key)
		if err != nil {
			return err
		}
		if team.ConnectionID != scimConnection {
			continue
		}
		if err := roles.grants(ctx, team); err != nil {
			return err
		}
		if was.orgRole(key) == next.orgRole(key) {
			continue
		}
		if err := roles.everybodyIn(ctx, team.ID); err != nil {
			return err
		}
	}
	return nil
}

func (g *groupRoles) everybodyIn(ctx context.Context, team string) error {
	return g.c.eachIn(ctx, g.orgID, team, func(some []store.Entry) error { return g.people(ctx, some) })
}

// people decides again what each of them is in the org.
func (g *groupRoles) people(ctx context.Context, entries []store.Entry) error {
	for some := range slices.Chunk(entries, entriesAtOnce) {
		in, err := g.c.EntryGroups(ctx, g.orgID, idsOf(some))
		if err != nil {
			return err
		}
		if err := g.load(ctx, in); err != nil {
			return err
		}
		for _, e := range some {
			if err := g.person(ctx, e, in[e.ID]); err != nil {
				return err
			}
		}
	}
	return nil
}

// load reads the teams that are not known yet.
func (g *groupRoles) load(ctx context.Context, in map[string][]string) error {
	var ids []string
	for _, list := range in {
		for _, id := range list {
			if _, ok := g.teams[id]; !ok {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	for some := range slices.Chunk(slices.Compact(ids), entriesAtOnce) {
		teams, err := entriesOf(ctx, g.c, g.orgID, some)
		if err != nil {
			return err
		}
		for _, t := range teams {
			g.teams[t.ID] = t
		}
	}
	return nil
}

// person is what one member is by the groups that they are in. Owners and externals are
// nothing by any group; what an external has by one from before goes.
func (g *groupRoles) person(ctx context.Context, e store.Entry, groups []string) error {
	m, err := g.c.Membership(ctx, g.orgID, e.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	in, err := g.within.has(ctx, m.User.Address)
	if err != nil {
		return err
	}
	var want policy.Role
	for _, id := range groups {
		if t := g.teams[id]; in && t.ConnectionID == scimConnection {
			if r := g.settings.orgRole(t.NameKey); r != "" && (want == "" || orgRank(r) > orgRank(want)) {
				want = r
			}
		}
	}
	return g.give(ctx, m, want)
}

// give makes a member what their groups want them to be, where that is more than they are by
// hand, and takes it back where no group wants it any more.
func (g *groupRoles) give(ctx context.Context, m store.Member, want policy.Role) error {
	is := policy.Role(m.Role)
	doc, err := groupRoleDocs.get(ctx, g.c, g.orgID, m.UserID)
	there := err == nil
	if err = unless(err, store.ErrNotFound); err != nil {
		return err
	}
	base := is // by hand
	if there && doc.Value.counts(m) {
		base = doc.Value.Was
	}
	next := base
	if is != policy.Owner && orgRank(want) > orgRank(base) {
		next = want
	}
	switch {
	case next == base && there:
		err = g.c.forgetGroupRole(ctx, g.orgID, m.UserID)
	case next != base:
		if !there {
			doc = groupRoleDocs.fresh(g.orgID, m.UserID, "", g.c.now, time.Time{}, groupRole{})
			doc.Owner = m.UserID
		}
		if value := (groupRole{next, base, m.JoinedAt}); !there || doc.Value.Role != next || doc.Value.Was != base || !doc.Value.Joined.Equal(m.JoinedAt) {
			doc.Value = value
			err = groupRoleDocs.put(ctx, g.c, doc)
		}
	}
	if err != nil || next == is {
		return err
	}
	m.Role = string(next)
	if err := g.c.PutMembership(ctx, m.Membership); err != nil {
		return err
	}
	x, err := g.c.expel(ctx, g.orgID, m.UserID, next)
	if err != nil {
		return err
	}
	e := g.event(audit.MemberRoleChanged, personOf(m.User))
	e.Changes = []audit.Change{{Field: "role", Old: string(is), New: string(next)}}
	e.Facts = append(append(e.Facts, fact("by", "group")), x.facts()...)
	if err := g.s.endUnfit(ctx, g.c, m.User, &e); err != nil {
		return err
	}
	return g.c.record(ctx, g.orgID, e)
}

// grants gives a team the roles on projects that its name stands for, and takes back those
// that it does not any more. What Owners and Admins have granted stays.
func (g *groupRoles) grants(ctx context.Context, team store.Entry) error {
	want, err := g.wanted(ctx, team)
	if err != nil {
		return err
	}
	q := store.GrantQuery{Subjects: []string{team.ID}, Paging: store.Paging{Limit: 1000}}
	var old []store.Grant
	for {
		page, err := g.c.Grants(ctx, g.orgID, q)
		if err != nil {
			return err
		}
		for _, rec := range page.Items {
			if rec.Source != sourceSCIM || rec.SubjectKind != store.SubjectGroup {
				continue
			}
			if _, stays := want[rec.ID]; stays {
				delete(want, rec.ID)
			} else {
				old = append(old, rec)
			}
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	for _, rec := range old {
		if err := g.c.DeleteGrant(ctx, g.orgID, rec.ID); err != nil {
			return err
		}
		if err := g.c.record(ctx, g.orgID, grantEvent(g.event(audit.GrantRevoked, teamTarget(team)), rec)); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		rec := want[id]
		if err := g.c.PutGrant(ctx, rec); err != nil {
			return err
		}
		if err := g.c.record(ctx, g.orgID, grantEvent(g.event(audit.GrantAdded, teamTarget(team)), rec)); err != nil {
			return err
		}
	}
	return nil
}

// wanted are the grants that a team's name stands for, by id. A role that is gone is none.
func (g *groupRoles) wanted(ctx context.Context, team store.Entry) (map[string]store.Grant, error) {
	out := map[string]store.Grant{}
	if team.ConnectionID != scimConnection {
		return out, nil
	}
	for _, r := range g.settings.GroupRoles {
		if r.Role == "" || teamKey(r.Group) != team.NameKey {
			continue
		}
		set, err := rolesOf(ctx, g.c, g.orgID)
		if err != nil {
			return nil, err
		}
		if !set.Value.has(r.Role) {
			continue
		}
		rec := store.Grant{
			OrgID: g.orgID, Project: r.Project, Subject: team.ID, SubjectKind: store.SubjectGroup, Role: r.Role,
			Source: sourceSCIM, CreatedAt: g.c.now,
		}
		rec.ID = grantID(rec)
		out[rec.ID] = rec
	}
	return out, nil
}
