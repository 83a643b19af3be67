package sqlstore

import (
	"context"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

// EntryMembers implements [store.Reader].
func (c conn) EntryMembers(ctx context.Context, orgID, groupID string, q store.MemberQuery) (store.Page[string], error) {
	return do(ctx, c, func() (store.Page[string], error) {
		w := c.where()
		w.is("m.org_id", orgID)
		w.is("m.group_id", groupID)
		w.in("m.entry_id", q.Among)
		l := list[string]{
			from:  "SELECT m.entry_id FROM {members} AS m",
			scan:  scanText,
			order: order{id: "m.entry_id"},
			place: func(id string) keyset.Place { return keyset.Place{ID: id} },
		}
		if q.Count {
			l.count = "SELECT count(*) FROM {members} AS m"
		}
		return l.page(ctx, c, w, q.Paging, 0)
	})
}

// EntryGroups implements [store.Reader].
func (c conn) EntryGroups(ctx context.Context, orgID string, entryIDs []string) (map[string][]string, error) {
	return do(ctx, c, func() (map[string][]string, error) {
		out := map[string][]string{}
		if len(entryIDs) == 0 {
			return out, nil
		}
		w := c.where()
		w.is("m.org_id", orgID)
		w.in("m.entry_id", entryIDs)
		rows, err := all(ctx, c, scanPair, "SELECT m.entry_id, m.group_id FROM {members} AS m"+w.String()+" ORDER BY m.group_id", w.args...)
		for _, r := range rows {
			out[r[0]] = append(out[r[0]], r[1])
		}
		return out, err
	})
}

func scanPair(r row) (p [2]string, err error) { err = r.Scan(&p[0], &p[1]); return p, err }

// groupHead is what a change of members asks of the group itself.
type groupHead struct {
	typ     string
	version int64
}

func scanGroupHead(r row) (g groupHead, err error) { err = r.Scan(&g.typ, &g.version); return g, err }

// ChangeEntryMembers implements [store.Writer]. However large the group, it costs what d
// costs: the ids of d travel as one parameter for each list, and the group is not read.
func (t *Tx) ChangeEntryMembers(ctx context.Context, orgID, groupID string, d store.MemberDelta) error {
	return step(ctx, t.conn, func() error {
		g, err := one(ctx, t.conn, scanGroupHead, "SELECT type, version FROM {entries} WHERE org_id = $1 AND id = $2", orgID, groupID)
		switch {
		case err != nil:
			return err
		case g.typ != store.EntryGroup:
			return store.ErrNotFound
		case d.Version != 0 && d.Version != g.version:
			return store.ErrConflict
		}
		if err := t.areEntries(ctx, orgID, d.Add); err != nil {
			return err
		}
		if d.Clear {
			if _, err := t.exec(ctx, "DELETE FROM {members} WHERE org_id = $1 AND group_id = $2", orgID, groupID); err != nil {
				return err
			}
		}
		each := t.dialect().each("$3")
		if len(d.Remove) > 0 {
			_, err := t.exec(ctx, "DELETE FROM {members} WHERE org_id = $1 AND group_id = $2 AND entry_id IN (SELECT value FROM "+
				each+")", orgID, groupID, textList(d.Remove))
			if err != nil {
				return err
			}
		}
		if len(d.Add) == 0 {
			return nil
		}
		// In order, so that two who add the same do not wait for each other. WHERE keeps
		// SQLite from reading ON as that of a join.
		_, err = t.exec(ctx, "INSERT INTO {members} (org_id, group_id, entry_id) SELECT $1, $2, value FROM "+
			each+" WHERE 1 = 1 ORDER BY value ON CONFLICT DO NOTHING", orgID, groupID, textList(d.Add))
		return err
	})
}

// areEntries is store.ErrNotFound unless each of ids is an entry of the org.
func (t *Tx) areEntries(ctx context.Context, orgID string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	strangers, err := one(ctx, t.conn, scanInt, "SELECT count(*) FROM "+t.dialect().each("$2")+
		" WHERE NOT EXISTS (SELECT 1 FROM {entries} AS e WHERE e.org_id = $1 AND e.id = value)", orgID, textList(ids))
	if err == nil && strangers > 0 {
		err = store.ErrNotFound
	}
	return err
}
