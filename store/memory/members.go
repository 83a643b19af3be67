package memory

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

// set is a set of ids.
type set map[string]struct{}

func newSet(ids []string) set {
	if len(ids) == 0 {
		return nil
	}
	s := make(set, len(ids))
	for _, id := range ids {
		s[id] = struct{}{}
	}
	return s
}

// admits reports whether v is in s, or s is empty.
func (s set) admits(v string) bool {
	_, ok := s[v]
	return ok || len(s) == 0
}

// members are the groups of each org, from both sides: who is in a group, and which
// groups an entry is in.
type members struct {
	of     map[orgKey]set // group to members
	groups map[orgKey]set // member to groups
}

func newMembers() members {
	return members{of: map[orgKey]set{}, groups: map[orgKey]set{}}
}

func (m *members) has(org, group, member string) bool {
	_, ok := m.of[orgKey{org, group}][member]
	return ok
}

func (m *members) add(log *undo, org, group, member string) {
	if m.has(org, group, member) {
		return
	}
	m.join(org, group, member)
	log.add(func() { m.part(org, group, member) })
}

func (m *members) remove(log *undo, org, group, member string) {
	if !m.has(org, group, member) {
		return
	}
	m.part(org, group, member)
	log.add(func() { m.join(org, group, member) })
}

func (m *members) join(org, group, member string) {
	insert(m.of, orgKey{org, group}, member)
	insert(m.groups, orgKey{org, member}, group)
}

func (m *members) part(org, group, member string) {
	erase(m.of, orgKey{org, group}, member)
	erase(m.groups, orgKey{org, member}, group)
}

func insert(sets map[orgKey]set, k orgKey, id string) {
	s := sets[k]
	if s == nil {
		s = set{}
		sets[k] = s
	}
	s[id] = struct{}{}
}

func erase(sets map[orgKey]set, k orgKey, id string) {
	delete(sets[k], id)
	if len(sets[k]) == 0 {
		delete(sets, k)
	}
}

func (m *members) clear(log *undo, k orgKey) {
	for _, id := range slices.Collect(maps.Keys(m.of[k])) {
		m.remove(log, k.org, k.id, id)
	}
}

// deleteEntry takes the entry out of its groups, and all out of it.
func (m *members) deleteEntry(log *undo, k orgKey) {
	m.clear(log, k)
	for _, group := range slices.Collect(maps.Keys(m.groups[k])) {
		m.remove(log, k.org, group, k.id)
	}
}

func (m *members) deleteOrg(log *undo, org string) {
	for _, k := range slices.Collect(maps.Keys(m.of)) {
		if k.org == org {
			m.clear(log, k)
		}
	}
}

// EntryMembers implements [store.Reader].
func (v view) EntryMembers(ctx context.Context, orgID, groupID string, q store.MemberQuery) (store.Page[string], error) {
	return read(ctx, v, func(d *data) (store.Page[string], error) {
		in := d.members.of[orgKey{orgID, groupID}]
		ids := maps.Keys(in)
		if len(q.Among) > 0 {
			among := slices.Compact(slices.Sorted(slices.Values(q.Among)))
			ids = where(slices.Values(among), func(id string) bool {
				_, ok := in[id]
				return ok
			})
		}
		return list[string, string]{
			paging: q.Paging,
			count:  q.Count,
			place:  func(id string) keyset.Place { return keyset.Place{ID: id} },
			copy:   func(id string) string { return id },
		}.page(ids)
	})
}

// EntryGroups implements [store.Reader].
func (v view) EntryGroups(ctx context.Context, orgID string, entryIDs []string) (map[string][]string, error) {
	return read(ctx, v, func(d *data) (map[string][]string, error) {
		out := map[string][]string{}
		for _, id := range entryIDs {
			if groups := d.members.groups[orgKey{orgID, id}]; len(groups) > 0 {
				out[id] = slices.Sorted(maps.Keys(groups))
			}
		}
		return out, nil
	})
}

// groupsOf are the groups that an entry is in.
func (d *data) groupsOf(org, id string) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for group := range d.members.groups[orgKey{org, id}] {
			if !yield(d.entries.row(orgKey{org, group})) {
				return
			}
		}
	}
}

func (t *tx) ChangeEntryMembers(ctx context.Context, orgID, groupID string, c store.MemberDelta) error {
	return t.write(ctx, func(d *data, log *undo) error {
		k := orgKey{orgID, groupID}
		g, ok := d.entries.get(k)
		switch {
		case !ok || g.kind() != store.EntryGroup:
			return store.ErrNotFound
		case c.Version != 0 && c.Version != g.version:
			return store.ErrConflict
		}
		for _, id := range c.Add {
			if _, ok := d.entries.get(orgKey{orgID, id}); !ok {
				return store.ErrNotFound
			}
		}
		if c.Clear {
			d.members.clear(log, k)
		}
		for _, id := range c.Remove {
			d.members.remove(log, orgID, groupID, id)
		}
		for _, id := range c.Add {
			d.members.add(log, orgID, groupID, id)
		}
		return nil
	})
}
