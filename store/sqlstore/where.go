package sqlstore

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// where gathers the conditions of a query. What is put together is column names and
// operators of ours; values are parameters.
type where struct {
	d    Dialect
	sql  strings.Builder
	args []any
}

func (c conn) where() *where { return &where{d: c.dialect()} }

// arg adds a parameter, and is what stands for it.
func (w *where) arg(v any) string {
	if t, ok := v.(time.Time); ok {
		v = w.d.at(t)
	}
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// and adds a condition.
func (w *where) and(cond string) {
	if w.sql.Len() == 0 {
		w.sql.WriteString(" WHERE ")
	} else {
		w.sql.WriteString(" AND ")
	}
	w.sql.WriteString(cond)
}

// is narrows to one value of a column.
func (w *where) is(column string, v any) { w.and(column + " = " + w.arg(v)) }

// narrow is is, unless v is "".
func (w *where) narrow(column, v string) {
	if v != "" {
		w.is(column, v)
	}
}

// in narrows to any of list, unless list is empty.
func (w *where) in(column string, list []string) {
	if len(list) > 0 {
		w.and(column + " IN (" + w.each(list) + ")")
	}
}

// each is a query for the values of list.
func (w *where) each(list []string) string {
	return "SELECT value FROM " + w.d.each(w.arg(textList(list)))
}

// once is a table of the values of list, each once.
func (w *where) once(list []string) string {
	return "(SELECT DISTINCT value FROM " + w.d.each(w.arg(textList(list))) + ")"
}

// within narrows to instants in [from, to), where zero is open.
func (w *where) within(column string, from, to time.Time) {
	if !from.IsZero() {
		w.and(column + " >= " + w.arg(from))
	}
	if !to.IsZero() {
		w.and(column + " < " + w.arg(to))
	}
}

func (w *where) String() string { return w.sql.String() }

// textList is a list of texts as one parameter.
func textList(list []string) string {
	if list == nil {
		list = []string{}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "[]" // unreachable: texts can always be written
	}
	return string(b)
}
