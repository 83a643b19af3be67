package sqlstore

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/accesssec/accesssec-go/store"
)

// filter writes a [store.Filter] as a condition on the entry e. It is given none that
// [store.Filter.Validate] has not passed. Values are parameters, and columns come from
// textColumn and the cases below, so that no text of a caller's is part of a statement.
//
// No column is NULL, so a condition is true or false, and NOT is its opposite.
type filter struct {
	w   *where
	org string // the parameter with the org's id

	sets  int  // how many conditions look into another table
	apart bool // inside anyOf
}

// mostJoined is how many of these conditions PostgreSQL is left to make joins of. It
// weighs the orders of joins against each other, which takes it for ever where there are
// many, and takes sets that most entries are in for small ones: what then is to be read once
// is read once for each entry. One that finds few, and one beside it, are what a join is for.
const mostJoined = 2

// set is a condition that looks into another table.
func (f *filter) set(cond string) string {
	if f.sets++; f.sets > mostJoined && f.w.d == PostgreSQL {
		return "(" + cond + " IS TRUE)"
	}
	return "(" + cond + ")"
}

func (f *filter) entry(x store.Filter) string {
	switch {
	case len(x.And) > 0:
		return joined(x.And, " AND ", f.entry)
	case len(x.Or) > 1 && len(x.Or) <= mostSets && !f.apart && narrow(x):
		return f.anyOf(x.Or)
	case len(x.Or) > 0:
		return joined(x.Or, " OR ", f.entry)
	case x.Not != nil:
		return "NOT " + f.entry(*x.Not)
	case len(x.Element) > 0:
		return f.among(f.element(x))
	}
	switch x.Path {
	case "members":
		return f.set("e.id IN (" + f.groups(x) + ")")
	case "active":
		if x.Op == store.OpPresent {
			return always
		}
		return "(e.active = " + f.w.arg(x.Value == "true") + ")"
	case "created":
		return f.instant("e.created_at", x)
	case "modified":
		return f.instant("e.modified_at", x)
	}
	if column, ok := textColumn(x.Path); ok {
		cond := f.text(column.name, x)
		if column.partial && x.Value != "" && (x.Op == store.OpEq || x.Op == store.OpStarts) {
			return "(" + cond + " AND " + column.name + " <> '')"
		}
		return cond
	}
	return f.among(f.value(x))
}

// mostSets is how many queries go into one; SQLite has a bound on it.
const mostSets = 100

// anyOf holds for entries that meet one of parts, each of which an index finds. As one
// condition beside another they would be asked of every entry.
func (f *filter) anyOf(parts []store.Filter) string {
	f.apart = true // once: what is nested deeper is beyond what SQLite reads
	defer func() { f.apart = false }()
	var sets []string
	for _, p := range parts {
		sets = append(sets, f.found(p))
	}
	return f.set("e.id IN (" + strings.Join(sets, " UNION ALL ") + ")")
}

// found are the ids of the entries that meet x. What is in another table is asked of that
// alone: of the entries beside it, PostgreSQL would read all, for each of many such queries.
func (f *filter) found(x store.Filter) string {
	switch {
	case len(x.Element) > 0:
		return f.rows(f.element(x))
	case x.Op == "":
	case x.Path == "members":
		return f.groups(x)
	case !isColumn(x.Path):
		return f.rows(f.value(x))
	}
	return "SELECT e.id FROM {entries} AS e WHERE e.org_id = " + f.org + " AND " + f.entry(x)
}

// The conditions that every entry meets, and that none does.
const (
	always = "(1 = 1)"
	never  = "(1 = 0)"
)

// groups are the ids of the groups that have x.Value as a member.
func (f *filter) groups(x store.Filter) string {
	return "SELECT m.group_id FROM {members} AS m WHERE m.org_id = " + f.org + " AND m.entry_id = " + f.w.arg(x.Value)
}

// among holds for entries that have a row r in {entry_index}. As a set of ids, which
// depends on no entry, it is found by an index.
func (f *filter) among(cond string) string {
	set := f.rows(cond)
	if f.w.d == PostgreSQL {
		// Else it is taken apart, and its size guessed wrong. SQLite would choose an index
		// that gives the ids in order.
		set = strings.Replace(set, "SELECT", "SELECT DISTINCT", 1)
	}
	return f.set("e.id IN (" + set + ")")
}

// rows are the ids of the entries that have a row r in {entry_index}, each as often as that.
func (f *filter) rows(cond string) string {
	return "SELECT r.entry_id FROM {entry_index} AS r WHERE r.org_id = " + f.org + " AND " + cond
}

// isColumn reports whether a filter's path is that of a column of {entries}.
func isColumn(path string) bool {
	switch path {
	case "active", "created", "modified":
		return true
	}
	_, ok := textColumn(path)
	return ok
}

// unindexed is column where no index on it is to be used.
func (d Dialect) unindexed(column string) string {
	if d == SQLite {
		return "+" + column
	}
	return column
}

// joined writes parts as a balanced tree: SQLite bounds how deep an expression may be,
// and a chain of AND is as deep as it is long.
func joined(parts []store.Filter, op string, write func(store.Filter) string) string {
	conds := make([]string, len(parts))
	for i, p := range parts {
		conds[i] = write(p)
	}
	return balanced(conds, op)
}

func balanced(conds []string, op string) string {
	if len(conds) == 1 {
		return conds[0]
	}
	half := len(conds) / 2
	return "(" + balanced(conds[:half], op) + op + balanced(conds[half:], op) + ")"
}

// compared are the operators that compare by an order.
func compared(op store.Op) string {
	switch op {
	case store.OpEq:
		return " = "
	case store.OpGreater:
		return " > "
	case store.OpAtLeast:
		return " >= "
	case store.OpLess:
		return " < "
	case store.OpAtMost:
		return " <= "
	}
	return ""
}

// text is a condition on the text in a column.
func (f *filter) text(column string, x store.Filter) string {
	switch x.Op {
	case store.OpPresent:
		return "(" + column + " <> '')"
	case store.OpContains:
		if x.Value == "" {
			return always
		}
		return "(" + f.w.d.position(column, f.w.arg(x.Value)) + " > 0)"
	case store.OpStarts:
		return f.prefix(column, x.Value)
	case store.OpEnds:
		if x.Value == "" {
			return always
		}
		return "(" + f.w.d.ending(column, utf8.RuneCountInString(x.Value)) + " = " + f.w.arg(x.Value) + ")"
	}
	op := compared(x.Op)
	if op == "" {
		return never // not after Validate
	}
	return "(" + column + op + f.w.arg(x.Value) + ")"
}

// ending is the last n characters of a text, or all of one that has fewer.
func (d Dialect) ending(text string, n int) string {
	if d == PostgreSQL {
		return "right(" + text + ", " + strconv.Itoa(n) + ")"
	}
	return "substr(" + text + ", -" + strconv.Itoa(n) + ")"
}

// prefix is a range, for the sake of indexes.
func (f *filter) prefix(column, value string) string {
	if value == "" {
		return always
	}
	from := column + " >= " + f.w.arg(value)
	if next := successor(value); next != "" {
		return "(" + from + " AND " + column + " < " + f.w.arg(next) + ")"
	}
	return "(" + from + ")"
}

// successor is the first text, in the order of bytes, behind all that begin with s; ""
// when there is none. The order of bytes of UTF-8 is that of code points.
func successor(s string) string {
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
		switch {
		case r == utf8.MaxRune:
			continue
		case r == 0xD7FF:
			r = 0xE000 // surrogates are no characters
		default:
			r++
		}
		return s + string(r)
	}
	return ""
}

// instant is a condition on the time in a column, which is whole microseconds, while the
// value it is compared with may be finer, or of a year that not every database can tell.
func (f *filter) instant(column string, x store.Filter) string {
	if x.Op == store.OpPresent {
		return "(" + column + " <> " + f.w.arg(time.Time{}) + ")"
	}
	t, err := time.Parse(time.RFC3339, x.Value)
	if err != nil {
		return never // not after Validate
	}
	t = t.UTC()
	whole := t.Truncate(time.Microsecond)
	switch {
	case t.Year() < 1:
		return constant(x.Op == store.OpGreater || x.Op == store.OpAtLeast)
	case t.Year() > 9999:
		return constant(x.Op == store.OpLess || x.Op == store.OpAtMost)
	case whole.Equal(t):
		return "(" + column + compared(x.Op) + f.w.arg(t) + ")"
	}
	switch x.Op { // nothing stored lies between whole and t
	case store.OpGreater, store.OpAtLeast:
		return "(" + column + " > " + f.w.arg(whole) + ")"
	case store.OpLess, store.OpAtMost:
		return "(" + column + " <= " + f.w.arg(whole) + ")"
	}
	return never
}

func constant(holds bool) string {
	if holds {
		return always
	}
	return never
}
