package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/store"
)

// listing is one method that pages. Rows are ordered by rank, then by id; where
// there is nothing but the id, rank is ignored.
type listing struct {
	add    func(ctx context.Context, tx store.Tx, org, id string, rank int) error
	list   func(ctx context.Context, r store.Reader, org string, p store.Paging) (listed, error)
	remove func(ctx context.Context, tx store.Tx, org, id string) error
	byID   bool
}

// listed is a page of ids.
type listed = store.Page[string]

func ids[T any](page store.Page[T], err error, id func(T) string) (listed, error) {
	out := listed{Next: page.Next, Total: page.Total}
	if page.Items != nil {
		out.Items = []string{}
	}
	for _, row := range page.Items {
		out.Items = append(out.Items, id(row))
	}
	return out, err
}

// rows are added in this order, with these ranks.
const rows, ranks, byRank = "abcdefg", "1010210", "bdgacfe"

func testPaging(s subject) {
	for name, l := range listings() {
		s.run(name+"/Order", l.testOrder)
		s.run(name+"/StaysPut", l.testStaysPut)
		s.run(name+"/Misuse", l.testMisuse)
	}
	s.run("AuditChain", testChainPages)
	s.run("AtMostAThousand", func(s subject) {
		kind, org := newKind(), newID("org")
		docs := make([]store.Doc, 1001)
		for i := range docs {
			docs[i] = aDoc(kind, org)
		}
		s.must(func(tx store.Tx) error { return tx.PutDocs(s.Context(), docs...) })
		for limit, want := range map[int]int{0: 100, 1000: 1000, 1001: 1000, 1 << 40: 1000} {
			page, err := s.Docs(s.Context(), kind, org, store.DocQuery{Paging: store.Paging{Limit: limit}})
			s.want("Docs", err, nil)
			if len(page.Items) != want || page.Next == "" {
				s.Errorf("limit %d: %d docs, next %q; want %d and more", limit, len(page.Items), page.Next, want)
			}
		}
	})
}

// fill adds the rows and returns the prefix of their ids.
func (l listing) fill(s subject, org string) string {
	s.Helper()
	prefix := newID("row")
	s.must(func(tx store.Tx) error {
		for i, row := range rows {
			if err := l.add(s.Context(), tx, org, prefix+string(row), int(ranks[i]-'0')); err != nil {
				return err
			}
		}
		return nil
	})
	return prefix
}

// page returns the last letters of the ids on one page.
func (l listing) page(s subject, org string, p store.Paging) (string, string) {
	s.Helper()
	page, err := l.list(s.Context(), s.Store, org, p)
	s.want("list", err, nil)
	if page.Items == nil || page.Total != -1 {
		s.Errorf("items %v, total %d; want a list and -1", page.Items, page.Total)
	}
	letters := ""
	for _, id := range page.Items {
		letters += id[len(id)-1:]
	}
	return letters, page.Next
}

func (l listing) testOrder(s subject) {
	org := newID("org")
	if got, next := l.page(s, org, store.Paging{}); got != "" || next != "" {
		s.Errorf("an empty list is %q, next %q", got, next)
	}
	l.fill(s, org)
	want := byRank
	if l.byID {
		want = rows
	}
	for _, limit := range []int{1, 2, 3, len(want) - 1, len(want), len(want) + 1, 0} {
		got, pages := "", 0
		for p := (store.Paging{Limit: limit}); pages <= len(want); pages++ {
			letters, next := l.page(s, org, p)
			got += letters
			if limit > 0 && len(letters) > limit {
				s.Errorf("limit %d: a page of %d", limit, len(letters))
			}
			if letters == "" {
				s.Errorf("limit %d: the page before an empty one has a Next", limit)
			}
			if p.After = next; next == "" {
				break
			}
		}
		if got != want {
			s.Errorf("limit %d: %q, want %q", limit, got, want)
		}
	}
}

// testStaysPut takes rows away after the first page, the one that it ended with
// among them, and adds others after the second: counting rows would pass over one
// in the first case and show one twice in the second.
func (l listing) testStaysPut(s subject) {
	org := newID("org")
	prefix := l.fill(s, org)
	first, next := l.page(s, org, store.Paging{Limit: 2})
	if len(first) != 2 || next == "" {
		s.Fatalf("first page %q, next %q", first, next)
	}
	s.must(func(tx store.Tx) error {
		for _, id := range []string{first[1:], "f"} {
			if err := l.remove(s.Context(), tx, org, prefix+id); err != nil {
				return err
			}
		}
		return nil
	})
	seen, next := l.page(s, org, store.Paging{After: next, Limit: 2})
	s.must(func(tx store.Tx) error {
		if err := l.add(s.Context(), tx, org, prefix+"A", 0); err != nil { // sorts first
			return err
		}
		return l.add(s.Context(), tx, org, prefix+"h", 9) // sorts last
	})
	seen = first + seen
	for range 10 {
		letters, after := l.page(s, org, store.Paging{After: next, Limit: 2})
		seen += letters
		if next = after; next == "" {
			break
		}
	}
	for _, row := range rows {
		want := 1
		if row == 'f' {
			want = 0
		}
		if n := strings.Count(seen, string(row)); n != want {
			s.Errorf("row %c was seen %d times in %q, want %d", row, n, seen, want)
		}
	}
	if !strings.HasSuffix(seen, "h") || strings.Contains(seen, "A") {
		s.Errorf("seen %q, want the new last row and not the new first one", seen)
	}
}

func (l listing) testMisuse(s subject) {
	org := newID("org")
	l.fill(s, org)
	for _, after := range []string{"x", "garbage", "%%%", "\x00", "a'; --", strings.Repeat("A", 5000)} {
		page, err := l.list(s.Context(), s.Store, org, store.Paging{After: after})
		s.misuse(fmt.Sprintf("after %.10q", after), err)
		if len(page.Items) != 0 {
			s.Errorf("after %.10q: %v", after, page.Items)
		}
	}
	_, err := l.list(s.Context(), s.Store, org, store.Paging{Limit: -1})
	s.misuse("negative limit", err)
}

func testChainPages(s subject) {
	org := newID("org")
	events := s.logged(org, 5)
	// The chain turns the order of At round, so that a list by At shows.
	slices.Reverse(events)
	chain := chained(store.AuditHead{}, events...)
	s.want("seal", s.seal(org, store.AuditHead{}, chain...), nil)
	for _, desc := range []bool{false, true} {
		var got []int64
		q := store.AuditQuery{Desc: desc, Paging: store.Paging{Limit: 2}}
		for range 5 {
			page, err := s.AuditEvents(s.Context(), org, q)
			s.want("AuditEvents", err, nil)
			for _, e := range page.Items {
				got = append(got, e.Seq)
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		want := []int64{1, 2, 3, 4, 5}
		if desc {
			slices.Reverse(want)
		}
		s.same("chain", got, want)
	}
}
