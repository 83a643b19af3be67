package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/accesssec/accesssec-go/store"
)

// docs checks that these are stored as they are here.
func (s subject) docs(what string, want ...store.Doc) {
	s.Helper()
	for _, m := range want {
		got, err := s.Doc(s.Context(), m.Kind, m.OrgID, m.ID)
		s.want(what, err, nil)
		s.same(what, got, m)
	}
}

func testDocsInOrder(s subject, others int) {
	kind, org := newKind(), newID("org")
	rest := make([]store.Doc, others)
	for i := range rest {
		rest[i] = aDoc(kind, org)
	}
	// with are the docs of one call, the others in the middle.
	with := func(docs ...store.Doc) []store.Doc {
		return slices.Concat(docs[:len(docs)/2], rest, docs[len(docs)/2:])
	}
	put := func(docs ...store.Doc) func(store.Tx) error {
		return func(tx store.Tx) error { return tx.PutDocs(s.Context(), docs...) }
	}
	a, b, c := aDoc(kind, org), aDoc(kind, org), aDoc(kind, org)
	second := a
	second.Version, second.Body = 1, []byte("second")
	s.must(put(with(a, b, second)...))
	a, b = withVersion(second, 2), withVersion(b, 1)
	for i := range rest {
		rest[i].Version = 1
	}
	s.docs("created and updated in one call", with(a, b)...)

	moved, heir := b, c
	moved.Key, heir.Key = newID("key"), b.Key
	s.refuse("a key before it is given up", store.ErrExists, put(with(heir, moved)...))
	s.docs("a key before it is given up", with(a, b)...)
	s.must(put(with(a, moved, heir)...))
	a, moved, heir = withVersion(a, 3), withVersion(moved, 2), withVersion(heir, 1)
	for i := range rest {
		rest[i].Version = 2
	}
	s.docs("a key after it was given up", with(a, moved, heir)...)

	left, right := moved, heir
	left.Key, right.Key = heir.Key, moved.Key
	s.refuse("two that swap their keys", store.ErrExists, put(with(left, right)...))
	was := with(a, moved, heir)
	for i := range rest {
		rest[i] = aDoc(kind, org) // new ones
	}
	twin := aDoc(kind, org)
	s.refuse("two new ones with one id", store.ErrExists, put(with(twin, twin)...))
	s.refuse("one that is there", store.ErrExists, put(with(aDoc(kind, org), withVersion(a, 0))...))
	rest = was[1 : len(was)-1]
	s.refuse("twice by one Version", store.ErrConflict, put(with(a, a)...))
	s.docs("after all that", was...)
}

func testManyDocs(s subject) {
	kind, org := newKind(), newID("org")
	docs := make([]store.Doc, inBatch)
	for i := range docs {
		docs[i] = aDoc(kind, org)
		docs[i].ID, docs[i].Owner = docs[i].ID+odd(i), odd(i)
		docs[i].At = day(0).Add(time.Duration(i) * time.Microsecond)
		if i%3 == 0 {
			docs[i].Key, docs[i].ExpiresAt, docs[i].Body = "", time.Time{}, nil
		}
	}
	s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), docs...) })
	for i := range docs {
		docs[i].Version = 1
	}
	s.docs("created", docs...)
	for i := range docs {
		docs[i].Body, docs[i].At = []byte(fmt.Sprint("second", i)), day(i)
		if i%7 == 0 {
			docs[i].Key, docs[i].ExpiresAt = newID("key")+odd(i), time.Time{}
		}
	}
	s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), docs...) })
	for i := range docs {
		docs[i].Version = 2
	}
	s.docs("updated", docs...)
	stale := slices.Clone(docs)
	stale[250].Version = 1
	s.must(func(tx store.Tx) error {
		s.want("one of many is stale", tx.PutDocs(s.Context(), stale...), store.ErrConflict)
		return nil
	})
	s.docs("after one of many was stale", docs...)
}
