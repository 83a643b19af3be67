package memory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

// crowd is a group of n people in org1, and one more who is not in it.
func crowd(tb testing.TB, n int) *memory.Store {
	tb.Helper()
	s, ctx := memory.New(), tb.Context()
	err := s.RunInTx(ctx, func(tx store.Tx) error {
		ids := make([]string, n)
		for i := range n + 1 {
			id := fmt.Sprintf("u%06d", i)
			if i < n {
				ids[i] = id
			}
			e := store.Entry{OrgID: "org1", ID: id, Type: store.EntryUser, NameKey: id, CreatedAt: time.Unix(int64(i), 0)}
			if err := tx.PutEntry(ctx, e); err != nil {
				return err
			}
		}
		if err := tx.PutEntry(ctx, store.Entry{OrgID: "org1", ID: "group", Type: store.EntryGroup, NameKey: "group"}); err != nil {
			return err
		}
		return tx.ChangeEntryMembers(ctx, "org1", "group", store.MemberDelta{Add: ids})
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func BenchmarkRead(b *testing.B) {
	s, ctx := memory.New(), b.Context()
	if err := s.SwapDoc(ctx, store.Doc{Kind: "k", ID: "d", Body: make([]byte, 64)}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Doc(ctx, "k", "", "d"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRunInTxWithOneWrite(b *testing.B) {
	s, ctx := memory.New(), b.Context()
	d := store.Doc{Kind: "k", ID: "d", Body: make([]byte, 64)}
	for b.Loop() {
		if err := s.RunInTx(ctx, func(tx store.Tx) error { return tx.PutDocs(ctx, d) }); err != nil {
			b.Fatal(err)
		}
		d.Version++
	}
}

func BenchmarkSwapDoc(b *testing.B) {
	s, ctx := memory.New(), b.Context()
	d := store.Doc{Kind: "k", ID: "d", Body: make([]byte, 64)}
	for b.Loop() {
		if err := s.SwapDoc(ctx, d); err != nil {
			b.Fatal(err)
		}
		d.Version++
	}
}

// BenchmarkAddMember adds one and takes it back, beside ten and beside 100,000: the
// cost must not follow the size of the group.
func BenchmarkAddMember(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, ctx, last := crowd(b, n), b.Context(), []string{fmt.Sprintf("u%06d", n)}
			for b.Loop() {
				for _, d := range []store.MemberDelta{{Add: last}, {Remove: last}} {
					err := s.RunInTx(ctx, func(tx store.Tx) error {
						return tx.ChangeEntryMembers(ctx, "org1", "group", d)
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkPageOf100000(b *testing.B) {
	s, ctx := crowd(b, 100_000), b.Context()
	for b.Loop() {
		page, err := s.Entries(ctx, "org1", store.EntryQuery{Type: store.EntryUser})
		if err != nil || len(page.Items) != 100 {
			b.Fatal(len(page.Items), err)
		}
	}
}

// BenchmarkGrantsOfPerson asks for what reaches one person, of ten grants and of ten
// thousand: the same seven.
func BenchmarkGrantsOfPerson(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, ctx := crowd(b, n), b.Context()
			err := s.RunInTx(ctx, func(tx store.Tx) error {
				e, err := tx.Entry(ctx, "org1", "u000000")
				if err != nil {
					return err
				}
				e.UserID = "ann"
				if err := tx.PutEntry(ctx, e); err != nil {
					return err
				}
				for i := range n {
					g := store.Grant{OrgID: "org1", ID: fmt.Sprint(i), Project: "p1", Subject: fmt.Sprint("usr", i), SubjectKind: store.SubjectUser}
					switch {
					case i < 3:
						g.Subject = "ann"
					case i < 6:
						g.Subject, g.SubjectKind = "group", store.SubjectGroup
					case i < 7:
						g.Subject, g.SubjectKind = "", store.SubjectEveryone
					}
					if err := tx.PutGrant(ctx, g); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				page, err := s.Grants(ctx, "org1", store.GrantQuery{Person: "ann", Projects: []string{"p1", ""}})
				if err != nil || len(page.Items) != 7 {
					b.Fatal(len(page.Items), err)
				}
			}
		})
	}
}
