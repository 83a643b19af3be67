package memory

import (
	"context"
	"iter"
	"slices"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type nameKey struct{ org, typ, name string }

type entries struct {
	table[orgKey, entry]
	byOrg  *group[string, entry]
	byName *unique[nameKey, entry]
	byUser *unique[orgKey, entry]
	theirs *external
}

func newEntries() entries {
	byOrg := newGroup(func(e *entry) (string, bool) { return e.org, true })
	byName := newUnique(func(e *entry) (nameKey, bool) {
		return nameKey{e.org, e.kind(), e.nameKey()}, true
	})
	byUser := newUnique(func(e *entry) (orgKey, bool) {
		return orgKey{e.org, e.userID()}, e.userID() != ""
	})
	theirs := &external{newGroup(func(e *entry) (orgKey, bool) {
		return orgKey{e.org, e.externalID()}, e.externalID() != ""
	})}
	return entries{
		table: newTable(
			(*entry).key,
			func(e *entry) *int64 { return &e.version },
			byOrg, byName, byUser, theirs),
		byOrg:  byOrg,
		byName: byName,
		byUser: byUser,
		theirs: theirs,
	}
}

// external finds entries by their ExternalID, which is unique within a connection and a type: so
// there are few under one, however large the directory is.
type external struct {
	*group[orgKey, entry]
}

func (x *external) clashes(e, old *entry) bool {
	k, ok := x.of(e)
	if !ok {
		return false
	}
	for other := range x.get(k) {
		if other != old && other.connectionID() == e.connectionID() && other.kind() == e.kind() {
			return true
		}
	}
	return false
}

func (t *entries) deleteOrg(log *undo, org string) {
	for _, e := range t.byOrg.take(org) {
		t.delete(log, e)
	}
}

// Entry implements [store.Reader].
func (v view) Entry(ctx context.Context, orgID, id string) (store.Entry, error) {
	return read(ctx, v, func(d *data) (store.Entry, error) {
		e, ok := d.entries.get(orgKey{orgID, id})
		if !ok {
			return store.Entry{}, store.ErrNotFound
		}
		return copyEntry(e), nil
	})
}

// Entries implements [store.Reader].
func (v view) Entries(ctx context.Context, orgID string, q store.EntryQuery) (store.Page[store.Entry], error) {
	return read(ctx, v, func(d *data) (store.Page[store.Entry], error) {
		if err := q.Sort.Validate(); err != nil {
			return store.Page[store.Entry]{}, err
		}
		holds := condition(func(*entry) bool { return true })
		if q.Filter != nil {
			if err := q.Filter.Validate(); err != nil {
				return store.Page[store.Entry]{}, err
			}
			if e, only := d.point(orgID, q); only {
				return alone(e, q)
			}
			holds = d.compile(*q.Filter)
		}
		return list[*entry, store.Entry]{
			paging: q.Paging,
			offset: q.Offset,
			count:  q.Count,
			desc:   q.Sort.Desc,
			place:  func(e *entry) keyset.Place { return standing(e, q.Sort.Path) },
			copy:   copyEntry,
		}.page(where(d.candidates(orgID, q.Filter), func(e *entry) bool {
			return (q.Type == "" || e.kind() == q.Type) && holds(e)
		}))
	})
}

// point answers the question for one entry by a unique key: nil, there is none. only is false
// for every other question.
func (d *data) point(org string, q store.EntryQuery) (e *entry, only bool) {
	f := q.Filter
	if f.Op != store.OpEq || f.Value == "" || q.After != "" || q.Offset != 0 {
		return nil, false
	}
	switch f.Path {
	case "id":
		e = d.entries.row(orgKey{org, f.Value})
	case "userId":
		e = d.entries.byUser.row(orgKey{org, f.Value})
	case "name":
		if q.Type == "" {
			return nil, false
		}
		e = d.entries.byName.row(nameKey{org, q.Type, f.Value})
	case "externalId": // of a connection, and of a type
		for one := range d.entries.theirs.get(orgKey{org, f.Value}) {
			if e != nil {
				return nil, false // there are more
			}
			e = one
		}
	default:
		return nil, false
	}
	if e != nil && q.Type != "" && e.kind() != q.Type {
		e = nil
	}
	return e, true
}

// alone is the page of point.
func alone(e *entry, q store.EntryQuery) (store.Page[store.Entry], error) {
	out, err := none[store.Entry](q.Paging)
	if err == nil && e != nil {
		out.Items = []store.Entry{copyEntry(e)}
	}
	if err == nil && q.Count {
		out.Total = len(out.Items)
	}
	return out, err
}

// candidates are all that a filter can hold for: few of them where it names one by
// a key, the whole directory where it does not.
func (d *data) candidates(org string, f *store.Filter) iter.Seq[*entry] {
	if f == nil {
		return d.entries.byOrg.get(org)
	}
	if f.Op == store.OpEq {
		switch f.Path {
		case "id":
			return one(d.entries.row(orgKey{org, f.Value}))
		case "name":
			return one(
				d.entries.byName.row(nameKey{org, store.EntryUser, f.Value}),
				d.entries.byName.row(nameKey{org, store.EntryGroup, f.Value}))
		case "userId":
			if f.Value != "" {
				return one(d.entries.byUser.row(orgKey{org, f.Value}))
			}
		case "externalId":
			if f.Value != "" {
				return d.entries.theirs.get(orgKey{org, f.Value})
			}
		case "members":
			return d.groupsOf(org, f.Value)
		}
	}
	for i := range f.And {
		if a := &f.And[i]; a.Op == store.OpEq && (a.Path == "id" || a.Path == "name" || a.Path == "externalId" || a.Path == "members") {
			return d.candidates(org, a)
		}
	}
	return d.entries.byOrg.get(org)
}

// one ranges over those of rows that are there.
func one(rows ...*entry) iter.Seq[*entry] {
	return where(slices.Values(rows), func(e *entry) bool { return e != nil })
}

// standing is where e stands in a list that is sorted by path.
func standing(e *entry, path string) keyset.Place {
	text := func(s string) keyset.Place { return keyset.Place{Missing: s == "", Text: s, ID: e.id()} }
	switch path {
	case "", "created":
		return keyset.At(e.createdAt, e.id())
	case "modified":
		return keyset.At(e.modifiedAt, e.id())
	case "active":
		if e.active {
			return keyset.Place{Num: 1, ID: e.id()}
		}
		return keyset.Place{ID: e.id()}
	}
	if of := column(path); of != nil {
		return text(of(e))
	}
	var first store.Index // the zero one: there is none
	for x := range e.indexed() {
		if x.Path == path && (first.Path == "" || x.Row < first.Row) {
			first = x
		}
	}
	return text(first.Text)
}

func (t *tx) PutEntry(ctx context.Context, e store.Entry) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if err := need("entry", e.OrgID, e.ID, e.Type); err != nil {
			return err
		}
		p := d.entries.primary.seek(orgKey{e.OrgID, e.ID})
		return d.entries.createOrUpdateAt(log, p, newEntry(&e, d.entries.at[p]))
	})
}

func (t *tx) DeleteEntry(ctx context.Context, orgID, id string) error {
	return t.write(ctx, func(d *data, log *undo) error {
		k := orgKey{orgID, id}
		if err := d.entries.remove(log, k); err != nil {
			return err
		}
		d.members.deleteEntry(log, k)
		return nil
	})
}
