package sqlstore

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
)

// mostTexts is how many statements are kept prepared. There are fewer than half as many
// by design, but for the filters of a directory, which are not kept.
const mostTexts = 256

// texts are the statements of a Store, by the text they are written in.
type texts struct {
	names
	mu   sync.RWMutex
	kept map[string]*text
}

// text is one statement in the words of its database.
type text struct {
	sql      string
	prepared atomic.Pointer[sql.Stmt] // on the pool; nil until it was prepared
}

var (
	braced    = regexp.MustCompile(`\{(\w+)\}`)
	indexName = regexp.MustCompile(`(CREATE (?:UNIQUE )?INDEX) \{(\w+)\}`)
)

// render writes the names of tables and indexes, and parameters as the database
// numbers them.
func (n *names) render(s string) string {
	s = n.tables(s)
	if n.dialect == SQLite {
		s = strings.ReplaceAll(s, "$", "?")
	}
	return s
}

func (n *names) tables(s string) string {
	// A new index is in its table's schema, and can't be said to be in another.
	s = indexName.ReplaceAllString(s, "${1} "+n.prefix+"${2}")
	return braced.ReplaceAllString(s, n.schema+n.prefix+"${1}")
}

func (t *texts) get(s string) *text {
	t.mu.RLock()
	found := t.kept[s]
	t.mu.RUnlock()
	if found != nil {
		return found
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if found = t.kept[s]; found == nil {
		found = &text{sql: t.render(s)}
		if len(t.kept) < mostTexts {
			t.kept[s] = found
		}
	}
	return found
}

// prepare prepares t on the pool. A transaction must not wait for that: its own
// connection may be the only one.
func (t *text) prepare(ctx context.Context, db *sql.DB) *sql.Stmt {
	if p := t.prepared.Load(); p != nil {
		return p
	}
	p, err := db.PrepareContext(ctx, t.sql)
	if err != nil {
		return nil // the statement itself will say what is wrong
	}
	if !t.prepared.CompareAndSwap(nil, p) {
		p.Close()
	}
	return t.prepared.Load()
}
