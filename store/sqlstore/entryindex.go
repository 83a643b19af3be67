package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/store"
)

// What filters may ask for beyond the columns is kept twice: as JSON in the entry's own
// row, so that reading an entry is reading one row, and as rows of {entry_index}, which
// are for searching alone. The database makes the rows from the JSON in one statement.

// indexed is one store.Index as JSON.
type indexed struct {
	Path string `json:"path"`
	Row  int    `json:"row"`
	Text string `json:"text"`
}

var errIndexText = errors.New("sqlstore: text in the index of an entry is no UTF-8 or has a NUL")

// writeIndex is index as JSON. Text that JSON would change is refused.
func writeIndex(index []store.Index) ([]byte, error) {
	list := make([]indexed, len(index))
	for i, x := range index {
		for _, s := range []string{x.Path, x.Text} {
			if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
				return nil, errIndexText
			}
		}
		list[i] = indexed(x)
	}
	return json.Marshal(list)
}

func readIndex(b []byte) ([]store.Index, error) {
	var list []indexed
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("index of an entry: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	index := make([]store.Index, len(list))
	for i, x := range list {
		index[i] = store.Index(x)
	}
	return index, nil
}

// replaceIndex makes the rows of e those of index.
func (t *Tx) replaceIndex(ctx context.Context, e store.Entry, index []byte) error {
	if e.Version != 0 {
		if _, err := t.exec(ctx, "DELETE FROM {entry_index} WHERE org_id = $1 AND entry_id = $2", e.OrgID, e.ID); err != nil {
			return err
		}
	}
	if len(e.Index) == 0 {
		return nil
	}
	const into = "INSERT INTO {entry_index} (org_id, entry_id, pos, path, element, value) "
	var err error
	if t.dialect() == PostgreSQL {
		_, err = t.exec(ctx, into+`SELECT $1, $2, CAST(each.pos AS integer), each.item ->> 'path',
			CAST(each.item ->> 'row' AS bigint), each.item ->> 'text'
			FROM jsonb_array_elements(CAST($3 AS jsonb)) WITH ORDINALITY AS each(item, pos)`, e.OrgID, e.ID, string(index))
	} else {
		// The paths are parameters for their dollar signs.
		_, err = t.exec(ctx, into+`SELECT $1, $2, each.key, json_extract(each.value, $4), json_extract(each.value, $5),
			json_extract(each.value, $6) FROM json_each($3) AS each`, e.OrgID, e.ID, string(index), "$.path", "$.row", "$.text")
	}
	return err
}

// firstText is the value by which an order by path takes an entry: of the lowest Row,
// and of several there the first. "" when there is none.
func firstText(index []store.Index, path string) string {
	var first *store.Index
	for i, x := range index {
		if x.Path == path && (first == nil || x.Row < first.Row) {
			first = &index[i]
		}
	}
	if first == nil {
		return ""
	}
	return first.Text
}

// firstValue is firstText in SQL, of the entry e.
func (d Dialect) firstValue(path string) string {
	return "(SELECT x.value FROM {entry_index} AS x WHERE x.org_id = e.org_id AND x.entry_id = e.id AND " +
		d.unindexed("x.path") + " = " + path + " ORDER BY x.element, x.pos LIMIT 1)"
}
