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

func testDocsInOrder(s subject) {
	kind, org := newKind(), newID("org")
	a, b, c := aDoc(kind, org), aDoc(kind, org), aDoc(kind, org)
	second := a
	second.Version, second.Body = 1, []byte("second")
	s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), a, b, second) })
	a = withVersion(second, 2)
	b.Version = 1
	s.docs("created and updated in one call", a, b)

	moved, heir := b, c
	moved.Key, heir.Key = newID("key"), b.Key
	s.refuse("a key before it is given up", store.ErrExists, func(tx store.Tx) error {
		return tx.PutDocs(s.Context(), heir, moved)
	})
	s.docs("a key before it is given up", a, b)
	s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), a, moved, heir) })
	a.Version, moved.Version, heir.Version = 3, 2, 1
	s.docs("a key after it was given up", a, moved, heir)

	swap := []store.Doc{moved, heir}
	swap[0].Key, swap[1].Key = heir.Key, moved.Key
	s.refuse("two that swap their keys", store.ErrExists, func(tx store.Tx) error {
		return tx.PutDocs(s.Context(), swap...)
	})
	for name, again := range map[string][]store.Doc{
		"two new ones with one id": {withVersion(c, 0), aDoc(kind, org), withVersion(c, 0)},
		"one that is there":        {aDoc(kind, org), withVersion(a, 0), aDoc(kind, org)},
	} {
		s.refuse(name, store.ErrExists, func(tx store.Tx) error { return tx.PutDocs(s.Context(), again...) })
	}
	s.refuse("twice by one Version", store.ErrConflict, func(tx store.Tx) error {
		return tx.PutDocs(s.Context(), a, moved, a)
	})
	s.docs("after all that", a, moved, heir)
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
