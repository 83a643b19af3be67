package accesssec

import (
	"context"
	"errors"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// external is what userType says of members whom provisioning can't change (RFC 7643, section
// 4.1.1, has it among its examples).
const external = "External"

// mostNarrowed is by how many domains a list is narrowed in the store. Of an org with more of
// them the total also counts those that are hidden.
const mostNarrowed = 60

// User reads one.
func (d *directory) User(ctx context.Context, id string) (scim.User, error) {
	e, err := d.entry(ctx, d.s.store, store.EntryUser, id)
	if err != nil {
		return scim.User{}, err
	}
	list, err := d.shown(ctx, d.s.store, []store.Entry{e})
	if err != nil {
		return scim.User{}, err
	} else if len(list) == 0 {
		return scim.User{}, scim.ErrNotFound
	}
	return list[0], nil
}

// Users lists members.
func (d *directory) Users(ctx context.Context, q scim.Query) (scim.Page[scim.User], error) {
	out := scim.Page[scim.User]{}
	find, err := d.query(store.EntryUser, q)
	if err == nil && d.by.settings.HideExternals {
		find.Filter, err = d.narrowed(ctx, d.s.store, find.Filter)
	}
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
	out.Next = page.Next
	out.Items, err = d.shown(ctx, d.s.store, page.Items)
	return out, err
}

// query is a list request in the words of the store.
func (d *directory) query(kind string, q scim.Query) (store.EntryQuery, error) {
	find := store.EntryQuery{Type: kind, Count: q.Total, Offset: q.Offset, Paging: store.Paging{After: q.After, Limit: max(q.Limit, 1)}}
	var err error
	if find.Filter, err = pushdown(q.Filter, kind); err != nil {
		return find, err
	}
	find.Sort, err = pushdownSort(q.SortBy, q.Desc)
	return find, err
}

// narrowed adds to a filter that the address is on a domain that counts for the caller, or that
// provisioning keeps the member.
func (d *directory) narrowed(ctx context.Context, r store.Reader, f *store.Filter) (*store.Filter, error) {
	mine := store.Filter{Or: []store.Filter{{Path: "connectionId", Op: store.OpEq, Value: scimConnection}}}
	p := store.Paging{Limit: 1000}
	for {
		page, err := r.Domains(ctx, d.by.fromID, p)
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Items {
			if !holds(rec) {
				continue
			}
			if len(mine.Or) > mostNarrowed {
				return f, nil
			}
			claim, err := domainOf(rec)
			if err != nil {
				return nil, err
			}
			mine.Or = append(mine.Or, store.Filter{Path: "name", Op: store.OpEnds, Value: "@" + rec.Name})
			if claim.Subdomains {
				mine.Or = append(mine.Or, store.Filter{Path: "name", Op: store.OpEnds, Value: "." + rec.Name})
			}
		}
		if p.After = page.Next; p.After != "" {
			continue
		}
		if len(mine.Or) == 1 {
			mine = mine.Or[0]
		}
		if f != nil {
			mine = store.Filter{And: []store.Filter{*f, mine}}
		}
		return &mine, nil
	}
}

// shown are entries as the client sees them: who is no member any more is left out, who is
// external is marked as such, or left out as well where the settings say so.
func (d *directory) shown(ctx context.Context, r store.Reader, entries []store.Entry) ([]scim.User, error) {
	within := d.reach(r)
	out := make([]scim.User, 0, len(entries))
	for _, e := range entries {
		if e.UserID == "" {
			continue // waits for its person
		}
		m, err := r.Membership(ctx, d.by.orgID, e.UserID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		u, err := userOf(e)
		if err != nil {
			return nil, err
		}
		if e.ConnectionID == scimConnection {
			u.Active = !m.Disabled // also where the host's own code has done that
		}
		in, err := within.has(ctx, m.User.Address)
		if err != nil {
			return nil, err
		}
		if !in && d.by.settings.HideExternals {
			continue
		} else if !in {
			if u.Extra == nil {
				u.Extra = map[string]any{}
			}
			u.Extra["userType"] = external
		}
		out = append(out, u)
	}
	return out, nil
}
