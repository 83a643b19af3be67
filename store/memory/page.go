package memory

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
	maxToken     = 1 << 20 // a token holds one sort value, and comes back from outside
)

var (
	errAfter = errors.New("memory: not a page token of this store")
	errLimit = errors.New("memory: negative limit or offset")
)

// place is where a row stands in a list: by num, then text, then id. Rows without a
// sort value come last in either direction, and ids rise in either direction.
type place struct {
	missing bool
	num     int64
	text    string
	id      string
}

func at(t time.Time, id string) place { return place{num: t.UnixMicro(), id: id} }

func (p place) compare(q place, desc bool) int {
	if p.missing != q.missing {
		if p.missing {
			return 1
		}
		return -1
	}
	c := cmp.Or(cmp.Compare(p.num, q.num), cmp.Compare(p.text, q.text))
	if desc {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(p.id, q.id))
}

// token is the opaque form of a place. It holds the sort value and the id and not a
// count, so that a page starts where the last one ended though rows came or went.
func (p place) token() string {
	b := []byte{1, 0}
	if p.missing {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(p.num))
	b = binary.AppendUvarint(b, uint64(len(p.text)))
	b = append(b, p.text...)
	b = append(b, p.id...)
	return base64.RawURLEncoding.EncodeToString(b)
}

func parsePlace(token string) (place, error) {
	if len(token) > maxToken {
		return place{}, errAfter
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 10 || b[0] != 1 || b[1] > 1 {
		return place{}, errAfter
	}
	p := place{missing: b[1] == 1, num: int64(binary.BigEndian.Uint64(b[2:10]))}
	rest := b[10:]
	n, size := binary.Uvarint(rest)
	if size <= 0 || n > uint64(len(rest)-size) {
		return place{}, errAfter
	}
	rest = rest[size:]
	p.text, p.id = string(rest[:n]), string(rest[n:])
	return p, nil
}

// limit is how many a caller asked for, within the bounds.
func limit(n int) (int, error) {
	switch {
	case n < 0:
		return 0, errLimit
	case n == 0:
		return defaultLimit, nil
	}
	return min(n, maxLimit), nil
}

// list says how rows become a page.
type list[V, T any] struct {
	paging store.Paging
	offset int
	count  bool
	desc   bool
	place  func(V) place
	copy   func(V) T
}

type placed[V any] struct {
	place place
	row   V
}

// page picks the rows of one page. It keeps no more of them than it returns, so that
// a page of a long list costs one pass and no sort of the whole.
func (l list[V, T]) page(rows iter.Seq[V]) (store.Page[T], error) {
	out := store.Page[T]{Items: []T{}, Total: -1}
	size, err := limit(l.paging.Limit)
	if err != nil {
		return out, err
	}
	if l.offset < 0 || l.offset > 0 && l.paging.After != "" {
		return out, errLimit
	}
	var after place
	if l.paging.After != "" {
		if after, err = parsePlace(l.paging.After); err != nil {
			return out, err
		}
	}
	order := func(a, b placed[V]) int { return a.place.compare(b.place, l.desc) }
	keep := l.offset + size + 1
	var best []placed[V]
	total := 0
	for row := range rows {
		total++
		p := placed[V]{l.place(row), row}
		if l.paging.After != "" && p.place.compare(after, l.desc) <= 0 {
			continue
		}
		best = offer(best, p, keep, order)
	}
	if keep > maxLimit+1 {
		slices.SortFunc(best, order)
	}
	if l.count {
		out.Total = total
	}
	best = best[min(l.offset, len(best)):]
	if len(best) > size {
		best = best[:size]
		out.Next = best[size-1].place.token()
	}
	for _, p := range best {
		out.Items = append(out.Items, l.copy(p.row))
	}
	return out, nil
}

// offer keeps the first rows in order; beyond the size of a page it only gathers,
// because inserting into a long slice costs more than sorting it once.
func offer[V any](best []placed[V], p placed[V], keep int, order func(a, b placed[V]) int) []placed[V] {
	if keep > maxLimit+1 {
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
