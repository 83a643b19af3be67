package memory

import (
	"iter"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/internal/keyset"
	"github.com/accesssec/accesssec-go/store"
)

// list says how rows become a page.
type list[V, T any] struct {
	paging store.Paging
	offset int
	count  bool
	desc   bool
	place  func(V) keyset.Place
	copy   func(V) T
}

type placed[V any] struct {
	place keyset.Place
	row   V
}

// page picks the rows of one page. It keeps no more of them than it returns, so that
// a page of a long list costs one pass and no sort of the whole.
func (l list[V, T]) page(rows iter.Seq[V]) (store.Page[T], error) {
	out := store.Page[T]{Items: []T{}, Total: -1}
	w, err := keyset.Ask(l.paging.After, l.paging.Limit, l.offset)
	if err != nil {
		return out, err
	}
	order := func(a, b placed[V]) int { return a.place.Compare(b.place, l.desc) }
	keep := w.Offset + w.Limit + 1
	var best []placed[V]
	total := 0
	for row := range rows {
		total++
		p := placed[V]{l.place(row), row}
		if w.After != nil && p.place.Compare(*w.After, l.desc) <= 0 {
			continue
		}
		best = offer(best, p, keep, order)
	}
	if keep > keyset.MaxLimit+1 {
		slices.SortFunc(best, order)
	}
	if l.count {
		out.Total = total
	}
	best = best[min(w.Offset, len(best)):]
	if len(best) > w.Limit {
		best = best[:w.Limit]
		out.Next = best[w.Limit-1].place.Token()
	}
	for _, p := range best {
		out.Items = append(out.Items, l.copy(p.row))
	}
	return out, nil
}

// none is the page of a list without rows, which need not be counted.
func none[T any](p store.Paging) (store.Page[T], error) {
	_, err := keyset.Ask(p.After, p.Limit, 0)
	return store.Page[T]{Items: []T{}, Total: -1}, err
}

// offer keeps the first rows in order; beyond the size of a page it only gathers,
// because inserting into a long slice costs more than sorting it once.
func offer[V any](best []placed[V], p placed[V], keep int, order func(a, b placed[V]) int) []placed[V] {
	if keep > keyset.MaxLimit+1 {
		return append(best, p)
	}
	if len(best) == keep && order(p, best[keep-1]) >= 0 {
		return best
	}
	i, _ := slices.BinarySearchFunc(best, p, order)
	if len(best) == keep {
		best = best[:keep-1]
	}
	return slices.Insert(best, i, p)
}

// where narrows rows.
func where[V any](rows iter.Seq[V], ok func(V) bool) iter.Seq[V] {
	return func(yield func(V) bool) {
		for v := range rows {
			if ok(v) && !yield(v) {
				return
			}
		}
	}
}

// anyOf reports whether v is among list, or list is empty.
func anyOf(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }

// within reports whether t is in [from, to), where zero is open.
func within(t, from, to time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (to.IsZero() || t.Before(to))
}
