package sqlstore

import (
	"bytes"
	"context"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const entryColumns = `e.org_id, e.id, e.connection_id, e.type, e.name, e.name_key, e.external_id, e.user_id,
	e.active, e.attributes, e.indexed, e.created_at, e.modified_at, e.version`

func scanEntry(r row) (store.Entry, error) {
	var e store.Entry
	var index []byte
	err := r.Scan(&e.OrgID, &e.ID, &e.ConnectionID, &e.Type, &e.Name, &e.NameKey, &e.ExternalID, &e.UserID,
		&e.Active, &e.Attributes, &index, instant{&e.CreatedAt}, instant{&e.ModifiedAt}, &e.Version)
	if err != nil {
		return e, err
	}
	e.Index, err = readIndex(index)
	return e, err
}

// Entry implements [store.Reader].
func (c conn) Entry(ctx context.Context, orgID, id string) (store.Entry, error) {
	return found(ctx, c, scanEntry, "SELECT "+entryColumns+" FROM {entries} AS e WHERE e.org_id = $1 AND e.id = $2", orgID, id)
}

// Entries implements [store.Reader].
func (c conn) Entries(ctx context.Context, orgID string, q store.EntryQuery) (store.Page[store.Entry], error) {
	return do(ctx, c, func() (store.Page[store.Entry], error) {
		if err := q.Sort.Validate(); err != nil {
			return store.Page[store.Entry]{}, err
		}
		if q.Filter != nil {
			if err := q.Filter.Validate(); err != nil {
				return store.Page[store.Entry]{}, err
			}
		}
		w := c.where()
		f := &filter{w: w, org: w.arg(orgID)}
		w.and("e.org_id = " + f.org)
		w.narrow("e.type", q.Type)
		l := list[store.Entry]{scan: scanEntry}
		if q.Filter != nil {
			w.and(f.entry(*q.Filter))
			l.unkept = true
		}
		var value string
		l.order, l.place, value = entryOrder(w, q.Sort)
		if q.Filter != nil && narrow(*q.Filter) && (l.order.kind == byInstant || l.order.kind == byNumber) {
			l.order.by = w.d.unindexed(l.order.by) // the index of the filter is the better one
		}
		from := " FROM {entries} AS e"
		if value != "" {
			// Worked out once for each entry, behind a fence, and not wherever it is named.
			from = " FROM (SELECT e.*, " + value + " AS sorted FROM {entries} AS e" + w.String() + w.d.fence() + ") AS e"
			w.sql.Reset()
		}
		l.from = "SELECT " + entryColumns + from
		if q.Count {
			l.count = "SELECT count(*)" + from
		}
		return l.page(ctx, c, w, q.Paging, q.Offset)
	})
}

// fence ends a query that is to be answered as it stands, before the one around it.
func (d Dialect) fence() string {
	if d == SQLite {
		return " LIMIT -1"
	}
	return " OFFSET 0"
}

// entryOrder is the order of s, the place of an entry in it and, for the path of an
// Index, the value that the order calls e.sorted.
func entryOrder(w *where, s store.Sort) (order, func(store.Entry) keyset.Place, string) {
	o := order{id: "e.id", desc: s.Desc}
	switch s.Path {
	case "", "created":
		o.by, o.kind = "e.created_at", byInstant
		return o, func(e store.Entry) keyset.Place { return keyset.At(e.CreatedAt, e.ID) }, ""
	case "modified":
		o.by, o.kind = "e.modified_at", byInstant
		return o, func(e store.Entry) keyset.Place { return keyset.At(e.ModifiedAt, e.ID) }, ""
	case "active":
		o.by, o.kind = "CASE WHEN e.active THEN 1 ELSE 0 END", byNumber
		return o, func(e store.Entry) keyset.Place {
			if e.Active {
				return keyset.Place{Num: 1, ID: e.ID}
			}
			return keyset.Place{ID: e.ID}
		}, ""
	}
	o.kind = byText
	of, value := func(e *store.Entry) string { return firstText(e.Index, s.Path) }, ""
	if column, ok := textColumn(s.Path); ok {
		o.by, of = column.name, column.of
		if s.Path == "id" && !s.Desc {
			o.by = "" // it is never missing, and is what comes last anyway
		}
	} else {
		o.by, value = "e.sorted", w.d.firstValue(w.arg(s.Path))
	}
	return o, func(e store.Entry) keyset.Place {
		text := of(&e)
		return keyset.Place{Missing: text == "", Text: text, ID: e.ID}
	}, value
}

// entryText is a column of text that filters and orders name.
type entryText struct {
	name string
	of   func(*store.Entry) string
	// partial says that the index on it leaves out "", which a statement has to say as
	// well for the index to be used.
	partial bool
}

// textColumn is the column of that path. There is none for the path of an Index.
func textColumn(path string) (entryText, bool) {
	switch path {
	case "id":
		return entryText{name: "e.id", of: func(e *store.Entry) string { return e.ID }}, true
	case "name":
		return entryText{name: "e.name_key", of: func(e *store.Entry) string { return e.NameKey }}, true
	case "externalId":
		return entryText{name: "e.external_id", of: func(e *store.Entry) string { return e.ExternalID }, partial: true}, true
	case "userId":
		return entryText{name: "e.user_id", of: func(e *store.Entry) string { return e.UserID }, partial: true}, true
	case "connectionId":
		return entryText{name: "e.connection_id", of: func(e *store.Entry) string { return e.ConnectionID }}, true
	}
	return entryText{}, false
}

// PutEntry implements [store.Writer].
func (t *Tx) PutEntry(ctx context.Context, e store.Entry) error {
	return step(ctx, t.conn, func() error {
		if err := need("entry", e.OrgID, e.ID, e.Type); err != nil {
			return err
		}
		index, err := writeIndex(e.Index)
		if err != nil {
			return err
		}
		had := []byte("[]")
		if e.Version != 0 {
			had, err = one(ctx, t.conn, scanBytes, "SELECT indexed FROM {entries} WHERE org_id = $1 AND id = $2", e.OrgID, e.ID)
			if err != nil {
				return err
			}
		}
		if err := t.put(ctx, t.entryRecord(e, index)); err != nil || bytes.Equal(had, index) {
			return err
		}
		return t.replaceIndex(ctx, e, index)
	})
}

func scanBytes(r row) (b []byte, err error) { err = r.Scan(&b); return b, err }

func (t *Tx) entryRecord(e store.Entry, index []byte) record {
	d := t.dialect()
	return record{
		version: e.Version,
		insert: `INSERT INTO {entries} (org_id, id, connection_id, type, name, name_key, external_id, user_id,
			active, attributes, indexed, created_at, modified_at, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1) ON CONFLICT DO NOTHING`,
		update: `UPDATE {entries} SET connection_id = $3, type = $4, name = $5, name_key = $6, external_id = $7,
			user_id = $8, active = $9, attributes = $10, indexed = $11, created_at = $12, modified_at = $13,
			version = version + 1 WHERE org_id = $1 AND id = $2 AND version = $14`,
		same: "connection_id = $3 AND type = $4 AND name_key = $6 AND external_id = $7 AND user_id = $8",
		values: []any{e.OrgID, e.ID, e.ConnectionID, e.Type, e.Name, e.NameKey, e.ExternalID, e.UserID,
			e.Active, blob(e.Attributes), index, d.at(e.CreatedAt), d.at(e.ModifiedAt)},
		find: "SELECT version FROM {entries} WHERE org_id = $1 AND id = $2",
		key:  []any{e.OrgID, e.ID},
		taken: `SELECT count(*) FROM {entries} WHERE org_id = $1 AND id <> $2 AND (type = $3 AND name_key = $4
			OR connection_id = $5 AND type = $3 AND external_id = $6 AND external_id <> ''
			OR user_id = $7 AND user_id <> '')`,
		keys: []any{e.OrgID, e.ID, e.Type, e.NameKey, e.ConnectionID, e.ExternalID, e.UserID},
	}
}

// DeleteEntry implements [store.Writer].
func (t *Tx) DeleteEntry(ctx context.Context, orgID, id string) error {
	return step(ctx, t.conn, func() error {
		n, err := t.exec(ctx, "DELETE FROM {entries} WHERE org_id = $1 AND id = $2", orgID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNotFound
		}
		for _, rest := range []string{
			"DELETE FROM {entry_index} WHERE org_id = $1 AND entry_id = $2",
			"DELETE FROM {members} WHERE org_id = $1 AND entry_id = $2",
			"DELETE FROM {members} WHERE org_id = $1 AND group_id = $2",
		} {
			if _, err := t.exec(ctx, rest, orgID, id); err != nil {
				return err
			}
		}
		return nil
	})
}
