package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type domains struct {
	table[orgKey, store.Domain]
	byOrg  *group[string, store.Domain]
	byName *group[string, store.Domain]
}

func newDomains() domains {
	byOrg := newGroup(func(m *store.Domain) (string, bool) { return m.OrgID, true })
	byName := newGroup(func(m *store.Domain) (string, bool) { return m.Name, true })
	held := newUnique(func(m *store.Domain) (string, bool) {
		return m.Name, m.Status == store.DomainVerified || m.Status == store.DomainMissing
	})
	perOrg := newUnique(func(m *store.Domain) (orgKey, bool) { return orgKey{m.OrgID, m.Name}, true })
	return domains{
		table: newTable(
			func(m *store.Domain) orgKey { return orgKey{m.OrgID, m.ID} },
			func(m *store.Domain) *int64 { return &m.Version },
			byOrg, byName, held, perOrg),
		byOrg:  byOrg,
		byName: byName,
	}
}

func (t *domains) deleteOrg(log *undo, org string) {
	for _, m := range t.byOrg.take(org) {
		t.delete(log, m)
	}
}

func copyDomain(m *store.Domain) store.Domain {
	c := *m
	c.Claim = bytes.Clone(m.Claim)
	return c
}

// Domain implements [store.Reader].
func (v view) Domain(ctx context.Context, orgID, id string) (store.Domain, error) {
	return read(ctx, v, func(d *data) (store.Domain, error) {
		m, ok := d.domains.get(orgKey{orgID, id})
		if !ok {
			return store.Domain{}, store.ErrNotFound
		}
		return copyDomain(m), nil
	})
}

// Domains implements [store.Reader].
func (v view) Domains(ctx context.Context, orgID string, p store.Paging) (store.Page[store.Domain], error) {
	return read(ctx, v, func(d *data) (store.Page[store.Domain], error) {
		return list[*store.Domain, store.Domain]{
			paging: p,
			place:  func(m *store.Domain) keyset.Place { return keyset.Place{Text: m.Name, ID: m.ID} },
			copy:   copyDomain,
		}.page(d.domains.byOrg.get(orgID))
	})
}

// DomainsByName implements [store.Reader].
func (v view) DomainsByName(ctx context.Context, names []string) ([]store.Domain, error) {
	return read(ctx, v, func(d *data) ([]store.Domain, error) {
		if len(names) == 0 {
			return nil, store.ErrUnbounded
		}
		out := []store.Domain{}
		if len(names) > 1 {
			names = slices.Compact(slices.Sorted(slices.Values(names)))
		}
		for _, name := range names {
			for m := range d.domains.byName.get(name) {
				switch m.Status {
				case store.DomainVerified, store.DomainMissing, store.DomainUnverified:
					out = append(out, copyDomain(m))
				}
			}
		}
		slices.SortFunc(out, func(a, b store.Domain) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.OrgID, b.OrgID), cmp.Compare(a.ID, b.ID))
		})
		return out, nil
	})
}

func (t *tx) CreateDomain(ctx context.Context, m store.Domain) error {
	return t.write(ctx, func(d *data, log *undo) error {
		if err := need("domain", m.OrgID, m.ID); err != nil {
			return err
		}
		row := copyDomain(&m)
		return d.domains.create(log, &row)
	})
}

func (t *tx) UpdateDomains(ctx context.Context, ds ...store.Domain) error {
	return t.write(ctx, func(d *data, log *undo) error {
		for _, m := range ds {
			row := copyDomain(&m)
			if err := d.domains.update(log, &row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) DeleteDomain(ctx context.Context, orgID, id string) error {
	return t.write(ctx, func(d *data, log *undo) error {
		return d.domains.remove(log, orgKey{orgID, id})
	})
}
