package memory

import (
	"encoding/binary"
	"iter"

	"github.com/accesssec/accesssec-go/store"
)

// entry is a [store.Entry] as it is kept: a directory is large, so that the texts of one entry are
// one piece of memory. Attributes and Index of the embedded one are nil.
type entry struct {
	store.Entry
	text       string // lengths, columns, attributes and index, one behind the other
	attributes string
	index      string
	values     int // in index
}

// columns are those that are texts, but for the org's, which many entries share.
func (e *entry) columns() [7]*string {
	return [...]*string{&e.ID, &e.ConnectionID, &e.Type, &e.Name, &e.NameKey, &e.ExternalID, &e.UserID}
}

// newEntry is e in a piece of its own, which it shares with old where that says the same. old may
// be nil.
func newEntry(e *store.Entry, old *entry) *entry {
	out := &entry{Entry: *e, values: len(e.Index)}
	out.Attributes, out.Index = nil, nil
	out.CreatedAt, out.ModifiedAt = instant(e.CreatedAt), instant(e.ModifiedAt)
	columns := out.columns()
	var room [1024]byte // most have less
	b := room[:0]
	for _, s := range columns {
		b = binary.AppendUvarint(b, uint64(len(*s)))
	}
	b = binary.AppendUvarint(b, uint64(len(e.Attributes)))
	from := len(b)
	for _, s := range columns {
		b = append(b, *s...)
	}
	b = append(b, e.Attributes...)
	index := len(b)
	for i := range e.Index {
		b = appendIndex(b, &e.Index[i])
	}
	if old != nil && string(b) == old.text {
		out.text = old.text
	} else {
		out.text = string(b)
	}
	for _, s := range columns {
		to := from + len(*s)
		*s = out.text[from:to]
		from = to
	}
	out.attributes, out.index = out.text[from:index], out.text[index:]
	return out
}

func appendIndex(b []byte, x *store.Index) []byte {
	b = binary.AppendUvarint(b, uint64(len(x.Path)))
	b = binary.AppendVarint(b, int64(x.Row))
	b = binary.AppendUvarint(b, uint64(len(x.Text)))
	return append(append(b, x.Path...), x.Text...)
}

// indexed ranges over the Index.
func (e *entry) indexed() iter.Seq[store.Index] {
	return func(yield func(store.Index) bool) {
		var x store.Index
		for rest := e.index; rest != ""; {
			if x, rest = cutIndex(rest); !yield(x) {
				return
			}
		}
	}
}

// cutIndex is what appendIndex has put first, and the rest.
func cutIndex(s string) (x store.Index, rest string) {
	path, s := cutUvarint(s)
	row, s := cutUvarint(s)
	text, s := cutUvarint(s)
	x.Path, s = s[:path], s[path:]
	x.Row = int(row>>1) ^ -int(row&1)
	x.Text, s = s[:text], s[text:]
	return x, s
}

// cutUvarint is binary.Uvarint of a text of ours.
func cutUvarint(s string) (n uint64, rest string) {
	for i := 0; ; i++ {
		c := s[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return n, s[i+1:]
		}
	}
}

// copyEntry is e for who may write into it.
func copyEntry(e *entry) store.Entry {
	out := e.Entry
	out.Attributes = bytesOf(e.attributes)
	if e.values > 0 {
		out.Index = make([]store.Index, 0, e.values)
		for rest := e.index; rest != ""; {
			var x store.Index
			x, rest = cutIndex(rest)
			out.Index = append(out.Index, x)
		}
	}
	return out
}
