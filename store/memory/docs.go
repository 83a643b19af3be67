package memory

import (
	"bytes"
	"context"
	"iter"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

type docKey struct {
	kind    store.Kind
	org, id string
}

// docPart is a kind and either an org or a unique key.
type docPart struct {
	kind store.Kind
	part string
}

type docs struct {
	table[docKey, store.Doc]
	byKey   *unique[docPart, store.Doc]
	byKind  *group[docPart, store.Doc]
	byOwner *group[docKey, store.Doc]
	byOrg   *group[string, store.Doc]
}

func newDocs() docs {
	t := docs{
		byKey:   newUnique(func(m *store.Doc) (docPart, bool) { return docPart{m.Kind, m.Key}, m.Key != "" }),
		byKind:  newGroup(func(m *store.Doc) (docPart, bool) { return docPart{m.Kind, m.OrgID}, true }),
		byOwner: newGroup(func(m *store.Doc) (docKey, bool) { return docKey{m.Kind, m.OrgID, m.Owner}, true }),
		byOrg:   newGroup(func(m *store.Doc) (string, bool) { return m.OrgID, true }),
	}
	t.table = newTable(
		func(m *store.Doc) docKey { return docKey{m.Kind, m.OrgID, m.ID} },
		func(m *store.Doc) *int64 { return &m.Version },
		t.byKey, t.byKind, t.byOwner, t.byOrg)
	return t
}

func (t *docs) deleteOrg(log *undo, org string) {
	for _, m := range t.byOrg.take(org) {
		t.delete(log, m)
	}
}

func copyDoc(m *store.Doc) store.Doc {
	c := *m
	c.At = instant(m.At)
	c.ExpiresAt = instant(m.ExpiresAt)
	c.Body = bytes.Clone(m.Body)
	return c
}

// Doc implements [store.Reader].
func (v view) Doc(ctx context.Context, kind store.Kind, orgID, id string) (store.Doc, error) {
	return read(ctx, v, func(d *data) (store.Doc, error) {
		m, ok := d.docs.get(docKey{kind, orgID, id})
		if !ok {
			return store.Doc{}, store.ErrNotFound
		}
		return copyDoc(m), nil
	})
}

// DocByKey implements [store.Reader].
func (v view) DocByKey(ctx context.Context, kind store.Kind, key string) (store.Doc, error) {
	return read(ctx, v, func(d *data) (store.Doc, error) {
		m, ok := d.docs.byKey.get(docPart{kind, key})
		if !ok {
			return store.Doc{}, store.ErrNotFound
		}
		return copyDoc(m), nil
	})
}

// Docs implements [store.Reader].
func (v view) Docs(ctx context.Context, kind store.Kind, orgID string, q store.DocQuery) (store.Page[store.Doc], error) {
	return read(ctx, v, func(d *data) (store.Page[store.Doc], error) {
		var rows iter.Seq[*store.Doc]
		switch len(q.Owners) {
		case 0:
			if !d.docs.byKind.has(docPart{kind, orgID}) {
				return none[store.Doc](q.Paging)
			}
			rows = d.docs.byKind.get(docPart{kind, orgID})
		case 1: // most people own nothing of most kinds
			owned := docKey{kind, orgID, q.Owners[0]}
			if !d.docs.byOwner.has(owned) {
				return none[store.Doc](q.Paging)
			}
			rows = d.docs.byOwner.get(owned)
		default:
			keys := make([]docKey, len(q.Owners))
			for i, owner := range q.Owners {
				keys[i] = docKey{kind, orgID, owner}
			}
			rows = d.docs.byOwner.any(keys)
		}
		return list[*store.Doc, store.Doc]{
			paging: q.Paging,
			place:  func(m *store.Doc) keyset.Place { return keyset.At(m.At, m.ID) },
			copy:   copyDoc,
		}.page(where(rows, func(m *store.Doc) bool { return within(m.At, q.From, q.To) }))
	})
}

func (d *data) putDoc(log *undo, m store.Doc) error {
	if err := need("doc", string(m.Kind), m.ID); err != nil {
		return err
	}
	row := copyDoc(&m)
	return d.docs.createOrUpdate(log, &row)
}

func (t *tx) PutDocs(ctx context.Context, docs ...store.Doc) error {
	return t.write(ctx, func(d *data, log *undo) error {
		for _, m := range docs {
			if err := d.putDoc(log, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) TakeDoc(ctx context.Context, kind store.Kind, key string) (store.Doc, error) {
	var taken store.Doc
	err := t.write(ctx, func(d *data, log *undo) error {
		m, ok := d.docs.byKey.get(docPart{kind, key})
		if !ok {
			return store.ErrNotFound
		}
		taken = copyDoc(m)
		d.docs.delete(log, m)
		return nil
	})
	return taken, err
}

func (t *tx) DeleteDoc(ctx context.Context, kind store.Kind, orgID, id string) error {
	return t.write(ctx, func(d *data, log *undo) error {
		return d.docs.remove(log, docKey{kind, orgID, id})
	})
}

// SwapDoc implements [store.Standalone].
func (s *Store) SwapDoc(ctx context.Context, m store.Doc) error {
	_, err := commit(ctx, s, func(t *tx) (struct{}, error) {
		return struct{}{}, t.data.putDoc(&t.log, m)
	})
	return err
}
