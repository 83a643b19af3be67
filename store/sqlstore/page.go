package sqlstore

import (
	"context"
	"time"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

// list says how rows become a page.
type list[T any] struct {
	from   string // what to select, up to the conditions
	count  string // the same, counting; "" when it is not asked for
	scan   func(row) (T, error)
	order  order
	place  func(T) keyset.Place
	unkept bool // the statement is one of too many to keep prepared
}

// order is what a list is ordered by: a column or an expression, and an id that breaks
// ties, rising also where the order is turned round.
type order struct {
	by   string // "" nothing but the id
	kind sortKind
	id   string
	desc bool
}

type sortKind int

const (
	byInstant sortKind = iota
	byNumber
	byText // where "" and NULL come last in either direction
)

// key is what is compared.
func (o order) key() string {
	if o.kind == byText {
		return "NULLIF(" + o.by + ", '')"
	}
	return o.by
}

func (o order) String() string {
	switch {
	case o.by == "":
		return " ORDER BY " + o.id
	case o.kind == byText && o.desc:
		return " ORDER BY " + o.key() + " IS NULL, " + o.key() + " DESC, " + o.id
	case o.kind == byText:
		return " ORDER BY " + o.key() + " IS NULL, " + o.key() + ", " + o.id
	case o.desc:
		return " ORDER BY " + o.by + " DESC, " + o.id
	}
	return " ORDER BY " + o.by + ", " + o.id
}

// after narrows w to what comes behind a place.
func (o order) after(w *where, p keyset.Place) error {
	if o.by == "" {
		w.and(o.id + " > " + w.arg(p.ID))
		return nil
	}
	if o.kind == byText && p.Missing {
		w.and("(" + o.key() + " IS NULL AND " + o.id + " > " + w.arg(p.ID) + ")")
		return nil
	}
	var v any = p.Text
	switch o.kind {
	case byInstant:
		t := time.UnixMicro(p.Num).UTC()
		if t.Year() < 1 || t.Year() > 9999 {
			return keyset.ErrToken
		}
		v = t
	case byNumber:
		v = p.Num
	}
	beyond := " > "
	if o.desc {
		beyond = " < "
	}
	key, at, id := o.key(), w.arg(v), w.arg(p.ID)
	cond := key + beyond + at + " OR " + key + " = " + at + " AND " + o.id + " > " + id
	switch {
	case o.kind == byText:
		w.and("(" + cond + " OR " + key + " IS NULL)")
	case o.desc:
		w.and("(" + cond + ")")
	default:
		w.and("(" + key + ", " + o.id + ") > (" + at + ", " + id + ")") // as an index goes
	}
	return nil
}

// page reads one page of what w leaves.
func (l list[T]) page(ctx context.Context, c conn, w *where, p store.Paging, offset int) (store.Page[T], error) {
	out := store.Page[T]{Items: []T{}, Total: -1}
	ask, err := keyset.Ask(p.After, p.Limit, offset)
	if err != nil {
		return out, err
	}
	read := all[T]
	if l.unkept {
		read = unkept[T]
	}
	if l.count != "" {
		total, err := l.total(ctx, c, w)
		if err != nil {
			return out, err
		}
		out.Total = int(total)
	}
	if ask.After != nil {
		if err := l.order.after(w, *ask.After); err != nil {
			return out, err
		}
	}
	s := l.from + w.String() + l.order.String() + " LIMIT " + w.arg(ask.Limit+1)
	if ask.Offset > 0 {
		s += " OFFSET " + w.arg(ask.Offset)
	}
	if out.Items, err = read(ctx, c, l.scan, s, w.args...); err != nil {
		return store.Page[T]{}, err
	}
	if len(out.Items) > ask.Limit {
		out.Items = out.Items[:ask.Limit]
		out.Next = l.place(out.Items[ask.Limit-1]).Token()
	}
	return out, nil
}

func (l list[T]) total(ctx context.Context, c conn, w *where) (int64, error) {
	count := all[int64]
	if l.unkept {
		count = unkept[int64]
	}
	n, err := count(ctx, c, scanInt, l.count+w.String(), w.args...)
	if err != nil || len(n) != 1 {
		return 0, err
	}
	return n[0], nil
}
