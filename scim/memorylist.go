package scim

import (
	"encoding/base64"
	"errors"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// A position is the place of a resource in a list.
type position struct {
	key     string // by which it is sorted; "" none
	created int64  // µs since 1970
	id      string
}

// mostKey bytes of a key are sorted by, so that a place in a list has a bounded length.
const mostKey = 256

// compare puts what has no key last, whichever way the others are sorted.
func (p position) compare(q position, desc bool) int {
	if p.key != q.key {
		switch {
		case p.key == "":
			return 1
		case q.key == "":
			return -1
		case (p.key < q.key) != desc:
			return -1
		}
		return 1
	}
	if p.created != q.created {
		if p.created < q.created {
			return -1
		}
		return 1
	}
	return strings.Compare(p.id, q.id)
}

// String is the After of the page behind it.
func (p position) String() string {
	return strconv.FormatInt(p.created, 10) + "." + base64.RawURLEncoding.EncodeToString([]byte(p.key)) + "." + p.id
}

func positionOf(after string) (position, error) {
	created, rest, _ := strings.Cut(after, ".")
	key, id, ok := strings.Cut(rest, ".")
	n, err := strconv.ParseInt(created, 10, 64)
	raw, bad := base64.RawURLEncoding.DecodeString(key)
	if !ok || err != nil || bad != nil {
		return position{}, errors.New("scim: a place in a list that is none")
	}
	return position{key: string(raw), created: n, id: id}, nil
}

// lazily is worked out when it is first needed.
type lazily struct {
	p atomic.Pointer[map[string]any]
}

func (l *lazily) get(make func() map[string]any) map[string]any {
	if known := l.p.Load(); known != nil {
		return *known
	}
	made := make()
	l.p.Store(&made)
	return made
}

// standing is where p is in the order, or would be.
func (t *table[T]) standing(p position) int {
	if n := len(t.order); n == 0 || t.order[n-1].compare(p, false) < 0 {
		return n // as all do that are new, without a search
	}
	return sort.Search(len(t.order), func(i int) bool { return t.order[i].compare(p, false) >= 0 })
}

// A finder is what a list needs to know of a type.
type finder[T any] struct {
	t       *table[T]
	matches func(filter.Expr, *record[T]) bool
	flat    func(*record[T]) map[string]any
	members func(id string) []string // who has that id as a member
}

// list finds a page. The records in it are those that are kept.
func (f finder[T]) list(q Query) (Page[*record[T]], error) {
	var page Page[*record[T]]
	rows := f.rows(q)
	place, err := positionOf(q.After)
	if err != nil && q.After != "" {
		return page, err
	}
	if q.Total {
		page.Total = len(rows)
	}
	from := min(max(q.Offset, 0), len(rows))
	if q.After != "" {
		from = sort.Search(len(rows), func(i int) bool { return f.place(rows[i], q).compare(place, q.Desc) > 0 })
	}
	to := min(from+max(q.Limit, 0), len(rows))
	page.Items = slices.Clone(rows[from:to])
	if to < len(rows) && to > from {
		page.Next = f.place(rows[to-1], q).String()
	}
	return page, nil
}

// place is where a record is in this list.
func (f finder[T]) place(r *record[T], q Query) position {
	p := r.position
	if q.SortBy != nil {
		key := filter.SortKey(*q.SortBy, f.flat(r))
		p.key = key[:min(len(key), mostKey)]
	}
	return p
}

// rows are all that match, in order. They are not to be written to.
func (f finder[T]) rows(q Query) []*record[T] {
	if q.Filter == nil && q.SortBy == nil {
		return f.t.order
	}
	source := f.t.order
	few, indexed := f.candidates(q.Filter)
	if indexed {
		source = few
	}
	rows := few
	if _, whole := q.Filter.(filter.Compare); !indexed || !whole {
		rows = nil
		for _, r := range source {
			if q.Filter == nil || f.matches(q.Filter, r) {
				rows = append(rows, r)
			}
		}
	}
	if q.SortBy == nil && !indexed || len(rows) < 2 {
		return rows
	}
	places := make(map[*record[T]]position, len(rows))
	for _, r := range rows {
		places[r] = f.place(r, q)
	}
	slices.SortFunc(rows, func(a, b *record[T]) int { return places[a].compare(places[b], q.Desc) })
	return rows
}

// candidates are those among whom all matches are; false: they may be anywhere.
func (f finder[T]) candidates(e filter.Expr) ([]*record[T], bool) {
	switch e := e.(type) {
	case filter.And:
		for _, part := range e {
			if few, ok := f.candidates(part); ok {
				return few, true
			}
		}
	case filter.Element:
		return f.candidates(e.Expr)
	case filter.Compare:
		if e.Op == filter.OpEqual {
			return f.equal(e)
		}
	}
	return nil, false
}

func (f finder[T]) equal(c filter.Compare) ([]*record[T], bool) {
	var ids []string
	switch path := c.Attribute.Path.String(); path {
	case "id":
		ids = []string{c.Key}
	case "members", "members.value":
		if f.members == nil {
			return nil, false
		}
		ids = f.members(c.Key)
	default:
		var ok bool
		if ids, ok = f.t.holding(path, c.Key); !ok {
			return nil, false
		}
	}
	var few []*record[T]
	for _, id := range ids {
		if r := f.t.row(id); r != nil {
			few = append(few, r)
		}
	}
	return few, true
}
