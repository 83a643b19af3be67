package scim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// groupRecord keeps g, and shares nothing with it that can be changed.
func (m *Memory) groupRecord(g Group) *record[Group] {
	r := &record[Group]{value: g, extra: partsOf(g.Extra), position: position{created: g.Meta.Created.UnixMicro(), id: g.ID}}
	r.value.Extra = nil
	hash := m.groups.hash
	r.unique[byUniqueName], r.unique[byExternalID] = hash.of(indexed(m.keys.displayName, g.DisplayName)), hash.of(indexed(m.keys.externalID, g.ExternalID))
	return r
}

// groupOf is the group of a record, for who may change it.
func groupOf(r *record[Group]) Group {
	g := r.value
	g.Extra = r.extraOf()
	return g
}

func flatGroup(r *record[Group]) map[string]any {
	return r.flat.get(func() map[string]any {
		return flattened(groupOf(r).Attributes(), r.value.ID, r.value.ExternalID, r.value.Meta)
	})
}

// CreateGroup is as [Backend] has it.
func (m *Memory) CreateGroup(ctx context.Context, g Group, change MemberChange) (Group, []string, error) {
	if err := ctx.Err(); err != nil {
		return Group{}, nil, err
	}
	g.ID = newID(groupKind)
	r := m.groupRecord(g)
	m.mu.Lock()
	defer m.mu.Unlock()
	g.Meta = m.stamp(time.Time{})
	r.value.Meta, r.created = g.Meta, g.Meta.Created.UnixMicro()
	if err := m.groups.free(r); err != nil {
		return Group{}, nil, err
	}
	nobody, err := m.strangers(change)
	if err != nil {
		return Group{}, nil, err
	}
	m.groups.put(r)
	m.join(g.ID, change)
	return groupOf(r), nobody, nil
}

// Group is as [Backend] has it.
func (m *Memory) Group(ctx context.Context, id string) (Group, error) {
	if err := ctx.Err(); err != nil {
		return Group{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.groups.row(id)
	if r == nil {
		return Group{}, ErrNotFound
	}
	return groupOf(r), nil
}

// Groups is as [Backend] has it.
func (m *Memory) Groups(ctx context.Context, q Query) (Page[Group], error) {
	if err := ctx.Err(); err != nil {
		return Page[Group]{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	f := finder[Group]{t: &m.groups, flat: flatGroup, matches: m.matchesGroup,
		members: func(id string) []string { return m.in[id] }}
	found, err := f.list(q)
	page := Page[Group]{Total: found.Total, Next: found.Next, Items: make([]Group, len(found.Items))}
	for i, r := range found.Items {
		page.Items[i] = groupOf(r)
	}
	return page, err
}

// matchesGroup is filter.Match, but for members, which are not among a group's attributes.
func (m *Memory) matchesGroup(e filter.Expr, r *record[Group]) bool {
	switch e := e.(type) {
	case filter.And:
		for _, part := range e {
			if !m.matchesGroup(part, r) {
				return false
			}
		}
		return true
	case filter.Or:
		for _, part := range e {
			if m.matchesGroup(part, r) {
				return true
			}
		}
		return false
	case filter.Not:
		return !m.matchesGroup(e.Expr, r)
	case filter.Compare:
		if e.Attribute.Name == "members" {
			if e.Op == filter.OpEqual && (e.Attribute.Sub == "" || e.Attribute.Sub == "value") {
				return m.members[r.id].has(e.Key)
			}
			return filter.Match(e, m.withMembers(r.id))
		}
	case filter.Element:
		if e.Attribute.Name == "members" {
			return filter.Match(e, m.withMembers(r.id))
		}
	}
	return filter.Match(e, flatGroup(r))
}

// withMembers are the members of a group as filters see them.
func (m *Memory) withMembers(id string) map[string]any {
	set := m.members[id]
	list := make([]any, 0, set.len())
	for _, id := range set.all() {
		one := m.member(id)
		list = append(list, map[string]any{"value": id, "type": one.Type, "display": one.Display})
	}
	return map[string]any{"members": list}
}

// ChangeGroup is as [Backend] has it.
func (m *Memory) ChangeGroup(ctx context.Context, id string, edit func(*Group) (bool, error), change MemberChange) (Group, []string, error) {
	if err := ctx.Err(); err != nil {
		return Group{}, nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.groups.row(id)
	if old == nil {
		return Group{}, nil, ErrNotFound
	}
	g := groupOf(old)
	changed, err := edit(&g)
	if err != nil {
		return Group{}, nil, err
	}
	r := old
	if changed {
		g.ID, g.Meta = id, m.stamp(old.value.Meta.Created)
		r = m.groupRecord(g)
		if err := m.groups.free(r); err != nil {
			return Group{}, nil, err
		}
	}
	nobody, err := m.strangers(change)
	if err != nil {
		return Group{}, nil, err
	}
	if change.Clear && len(nobody) > 0 && len(nobody) == len(change.Add) && m.members[id].len() > 0 {
		return Group{}, nil, &Error{Status: http.StatusBadRequest, Type: InvalidValue,
			Detail: fmt.Sprintf("None of these members is known here, %q is not for one, so the group keeps those it has. An empty list empties it.", noted(nobody[0]))}
	}
	if changed {
		m.groups.put(r)
	}
	m.join(id, change)
	return groupOf(r), nobody, nil
}

// DeleteGroup is as [Backend] has it.
func (m *Memory) DeleteGroup(ctx context.Context, id string, check func(Group) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.groups.row(id)
	if r == nil {
		return ErrNotFound
	}
	if err := check(groupOf(r)); err != nil {
		return err
	}
	m.groups.remove(r)
	for _, member := range m.members[id].all() {
		m.leave(member, id)
	}
	delete(m.members, id)
	m.forget(id)
	return nil
}

func (m *Memory) exists(id string) bool { return m.users.row(id) != nil || m.groups.row(id) != nil }

// strangers are those who shall be added and are nobody.
func (m *Memory) strangers(change MemberChange) ([]string, error) {
	var nobody []string
	for _, id := range change.Add {
		if m.exists(id) {
			continue
		}
		if change.Strict {
			return nil, &Error{Status: http.StatusBadRequest, Type: InvalidValue, Detail: fmt.Sprintf("There is no user or group %q to be a member.", noted(id))}
		}
		nobody = append(nobody, id)
	}
	return nobody, nil
}

// join changes who is in a group.
func (m *Memory) join(group string, change MemberChange) {
	if change.Clear {
		for _, id := range m.members[group].all() {
			m.leave(id, group)
		}
		delete(m.members, group)
	}
	for _, id := range change.Remove {
		if m.members[group].remove(id) {
			m.leave(id, group)
		}
	}
	for _, id := range change.Add {
		if !m.exists(id) {
			continue
		}
		if m.members[group] == nil {
			m.members[group] = &idSet{}
		}
		if m.members[group].add(id) {
			i, _ := slices.BinarySearch(m.in[id], group)
			m.in[id] = slices.Insert(m.in[id], i, group)
		}
	}
}

// leave notes that id is not in the group any more.
func (m *Memory) leave(id, group string) {
	i, found := slices.BinarySearch(m.in[id], group)
	if !found {
		return
	}
	if m.in[id] = slices.Delete(m.in[id], i, i+1); len(m.in[id]) == 0 {
		delete(m.in, id)
	}
}

// forget takes who is no more out of all groups.
func (m *Memory) forget(id string) {
	for _, group := range m.in[id] {
		m.members[group].remove(id)
	}
	delete(m.in, id)
}

// member is who has that id.
func (m *Memory) member(id string) Member {
	if r := m.groups.row(id); r != nil {
		return Member{ID: id, Type: groupKind.String(), Display: r.value.DisplayName}
	}
	if r := m.users.row(id); r != nil {
		return Member{ID: id, Type: userKind.String(), Display: shown(r)}
	}
	return Member{ID: id}
}

// Members is as [Backend] has it.
func (m *Memory) Members(ctx context.Context, groupID, after string, limit int) ([]Member, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.groups.row(groupID) == nil {
		return nil, "", ErrNotFound
	}
	ids, more := m.members[groupID].after(after, limit)
	list := make([]Member, len(ids))
	for i, id := range ids {
		list[i] = m.member(id)
		list[i].Display = "" // who wants names asks for the users
	}
	if !more {
		return list, "", nil
	}
	return list, ids[len(ids)-1], nil
}

// GroupsOf is as [Backend] has it.
func (m *Memory) GroupsOf(ctx context.Context, userIDs []string) (map[string][]Member, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out map[string][]Member
	for _, id := range userIDs {
		if len(m.in[id]) == 0 {
			continue
		}
		if out == nil {
			out = make(map[string][]Member, len(userIDs))
		}
		for _, group := range m.in[id] {
			out[id] = append(out[id], m.member(group))
		}
	}
	return out, nil
}
