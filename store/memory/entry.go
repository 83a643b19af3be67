package memory

import (
	"encoding/binary"
	"iter"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// entry is a [store.Entry] as it is kept. A directory is large, so that the texts of one entry are
// one piece of memory, and none but that is for the garbage collector to follow.
type entry struct {
	org                   string // which many entries share
	text                  string // of all parts, one behind the other
	ends                  [entryIndex]uint32
	values                int32 // in the index
	active                bool
	createdAt, modifiedAt time.Time
	version               int64
}

// The parts of text. The last one ends where text does.
const (
	entryID = iota
	entryConnectionID
	entryType
	entryName
	entryNameKey
	entryExternalID
	entryUserID
	entryAttributes
	entryIndex
)

// newEntry is e in a piece of its own, which it shares with old where that says the same. old may
// be nil.
func newEntry(e *store.Entry, old *entry) *entry {
	out := &entry{
		org: e.OrgID, values: int32(len(e.Index)), active: e.Active,
		createdAt: instant(e.CreatedAt), modifiedAt: instant(e.ModifiedAt), version: e.Version,
	}
	var room [1024]byte // most have less
	b := room[:0]
	for i, s := range [...]string{e.ID, e.ConnectionID, e.Type, e.Name, e.NameKey, e.ExternalID, e.UserID} {
		b = append(b, s...)
		out.ends[i] = uint32(len(b))
	}
	b = append(b, e.Attributes...)
	out.ends[entryAttributes] = uint32(len(b))
	for i := range e.Index {
		b = appendIndex(b, &e.Index[i])
	}
	if old != nil && out.ends == old.ends && string(b) == old.text {
		out.text = old.text
	} else {
		out.text = string(b)
	}
	return out
}

func (e *entry) part(i int) string { return partOf(e.text, e.ends[:], i) }

func (e *entry) id() string           { return e.part(entryID) }
func (e *entry) connectionID() string { return e.part(entryConnectionID) }
func (e *entry) kind() string         { return e.part(entryType) }
func (e *entry) nameKey() string      { return e.part(entryNameKey) }
func (e *entry) externalID() string   { return e.part(entryExternalID) }
func (e *entry) userID() string       { return e.part(entryUserID) }

func (e *entry) key() orgKey { return orgKey{e.org, e.id()} }

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
		for rest := e.part(entryIndex); rest != ""; {
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
	out := store.Entry{
		OrgID: e.org, ID: e.id(), ConnectionID: e.connectionID(), Type: e.kind(), Name: e.part(entryName), NameKey: e.nameKey(),
		ExternalID: e.externalID(), UserID: e.userID(), Active: e.active, Attributes: bytesOf(e.part(entryAttributes)),
		CreatedAt: e.createdAt, ModifiedAt: e.modifiedAt, Version: e.version,
	}
	if e.values > 0 {
		out.Index = make([]store.Index, 0, e.values)
		for x := range e.indexed() {
			out.Index = append(out.Index, x)
		}
	}
	return out
}
