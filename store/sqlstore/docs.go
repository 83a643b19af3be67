package sqlstore

import (
	"context"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

const docColumns = "org_id, kind, id, key, owner, at, expires_at, body, version"

func scanDoc(r row) (d store.Doc, err error) {
	err = r.Scan(&d.OrgID, &d.Kind, &d.ID, &d.Key, &d.Owner, instant{&d.At}, instant{&d.ExpiresAt}, &d.Body, &d.Version)
	return d, err
}

func (c conn) docRecord(m store.Doc) record {
	kind, d := string(m.Kind), c.dialect()
	return record{
		version: m.Version,
		values:  []any{m.OrgID, kind, m.ID, m.Key, m.Owner, d.at(m.At), d.maybe(m.ExpiresAt), blob(m.Body)},
		insert:  `INSERT INTO {docs} (` + docColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) ON CONFLICT DO NOTHING`,
		update: `UPDATE {docs} SET key = $4, owner = $5, at = $6, expires_at = $7, body = $8, version = version + 1
			WHERE org_id = $1 AND kind = $2 AND id = $3 AND version = $9`,
		same: `key = $4`,
		find: `SELECT version FROM {docs} WHERE org_id = $1 AND kind = $2 AND id = $3`, key: []any{m.OrgID, kind, m.ID},
		taken: `SELECT count(*) FROM {docs} WHERE kind = $2 AND key = $4 AND key <> '' AND NOT (org_id = $1 AND id = $3)`,
		keys:  []any{m.OrgID, kind, m.ID, m.Key},
	}
}

func (c conn) putDoc(ctx context.Context, m store.Doc) error {
	if err := need("doc", string(m.Kind), m.ID); err != nil {
		return err
	}
	return c.put(ctx, c.docRecord(m))
}

// Doc implements [store.Reader].
func (c conn) Doc(ctx context.Context, kind store.Kind, orgID, id string) (store.Doc, error) {
	return found(ctx, c, scanDoc, `SELECT `+docColumns+` FROM {docs} WHERE org_id = $1 AND kind = $2 AND id = $3`, orgID, string(kind), id)
}

// DocByKey implements [store.Reader].
func (c conn) DocByKey(ctx context.Context, kind store.Kind, key string) (store.Doc, error) {
	return found(ctx, c, scanDoc, `SELECT `+docColumns+` FROM {docs} WHERE kind = $1 AND key = $2 AND key <> ''`, string(kind), key)
}

// Docs implements [store.Reader].
func (c conn) Docs(ctx context.Context, kind store.Kind, orgID string, q store.DocQuery) (store.Page[store.Doc], error) {
	return do(ctx, c, func() (store.Page[store.Doc], error) {
		w := c.where()
		w.is("org_id", orgID)
		w.is("kind", string(kind))
		w.in("owner", q.Owners)
		w.within("at", q.From, q.To)
		return list[store.Doc]{
			from:  `SELECT ` + docColumns + ` FROM {docs}`,
			scan:  scanDoc,
			order: order{by: "at", kind: byInstant, id: "id"},
			place: func(d store.Doc) keyset.Place { return keyset.At(d.At, d.ID) },
		}.page(ctx, c, w, q.Paging, 0)
	})
}

// PutDocs implements [store.Writer].
func (t *Tx) PutDocs(ctx context.Context, docs ...store.Doc) error {
	return step(ctx, t.conn, func() error {
		if len(docs) == 1 {
			return t.putDoc(ctx, docs[0])
		}
		rs := make([]record, len(docs))
		for i, m := range docs {
			if err := need("doc", string(m.Kind), m.ID); err != nil {
				return err
			}
			rs[i] = t.docRecord(m)
		}
		columns := []string{"org_id text", "kind text", "id text", "key text", "owner text",
			"at timestamptz", "expires_at timestamptz", "body bytea", "version bigint"}
		return t.putAll(ctx, rs, batch{
			before: `INSERT INTO {docs} (` + docColumns + `)
				SELECT r.org_id, r.kind, r.id, r.key, r.owner, r.at, r.expires_at, r.body, 1 FROM`,
			columns: columns[:8],
			after:   `ON CONFLICT DO NOTHING`,
		}, batch{
			before: `UPDATE {docs} AS d SET owner = r.owner, at = r.at, expires_at = r.expires_at, body = r.body,
				version = d.version + 1 FROM`,
			columns: columns,
			after: `WHERE d.org_id = r.org_id AND d.kind = r.kind AND d.id = r.id AND d.version = r.version
				AND d.key || '' = r.key RETURNING r.n`, // not by the index of keys
		})
	})
}

// TakeDoc implements [store.Writer].
func (t *Tx) TakeDoc(ctx context.Context, kind store.Kind, key string) (store.Doc, error) {
	return found(ctx, t.conn, scanDoc, `DELETE FROM {docs} WHERE kind = $1 AND key = $2 AND key <> '' RETURNING `+docColumns, string(kind), key)
}

// DeleteDoc implements [store.Writer].
func (t *Tx) DeleteDoc(ctx context.Context, kind store.Kind, orgID, id string) error {
	return t.remove(ctx, `DELETE FROM {docs} WHERE org_id = $1 AND kind = $2 AND id = $3`, orgID, string(kind), id)
}

// SwapDoc implements [store.Standalone].
func (s *Store) SwapDoc(ctx context.Context, d store.Doc) error {
	_, err := alone(ctx, s, func(c conn) (struct{}, error) {
		return struct{}{}, step(ctx, c, func() error { return c.putDoc(ctx, d) })
	})
	return err
}
