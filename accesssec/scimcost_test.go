package accesssec_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

// asked is a store that remembers what it was asked of groups.
type asked struct {
	store.Store
	mu    sync.Mutex
	calls []string
}

func (s *asked) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprintf(format, args...))
}

// listed notes a question for members: for some by their ids, or for all, a page at a time.
func (s *asked) listed(q store.MemberQuery) {
	if len(q.Among) == 0 {
		s.note("lists members")
	}
}

func (s *asked) EntryMembers(ctx context.Context, orgID, groupID string, q store.MemberQuery) (store.Page[string], error) {
	s.listed(q)
	return s.Store.EntryMembers(ctx, orgID, groupID, q)
}

func (s *asked) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(&askedTx{tx, s}) })
}

type askedTx struct {
	store.Tx
	s *asked
}

func (tx *askedTx) EntryMembers(ctx context.Context, orgID, groupID string, q store.MemberQuery) (store.Page[string], error) {
	tx.s.listed(q)
	return tx.Tx.EntryMembers(ctx, orgID, groupID, q)
}

func (tx *askedTx) PutEntry(ctx context.Context, e store.Entry) error {
	if e.Type == store.EntryGroup {
		tx.s.note("writes the group")
	}
	return tx.Tx.PutEntry(ctx, e)
}

func (tx *askedTx) ChangeEntryMembers(ctx context.Context, orgID, groupID string, d store.MemberDelta) error {
	tx.s.note("+%d -%d members", len(d.Add), len(d.Remove))
	return tx.Tx.ChangeEntryMembers(ctx, orgID, groupID, d)
}

// TestSCIMGroupTouchesOnlyWhatChanges: the row of a group is written only when a scalar of it
// changes, and members are read only when somebody asks for them.
func TestSCIMGroupTouchesOnlyWhatChanges(t *testing.T) {
	t.Parallel()
	st := &asked{Store: memory.New()}
	h := newSCIMHostOn(t, st, 300)
	patch := func(op string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + op + `]}`
	}
	one := `[{"value":"` + h.user + `"}]`
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     []string
	}{
		{"one comes", "PATCH", "", patch(`{"op":"add","path":"members","value":` + one + `}`), 204, []string{"+1 -0 members"}},
		{"who is in already", "PATCH", "", patch(`{"op":"add","path":"members","value":` + one + `}`), 204, nil},
		{"one goes", "PATCH", "", patch(`{"op":"remove","path":"members[value eq \"` + h.user + `\"]"}`), 204, []string{"+0 -1 members"}},
		{"the name as it is, and one comes", "PATCH", "", patch(`{"op":"replace","value":{"id":"` + h.group + `","displayName":"G"}},{"op":"add","path":"members","value":` + one + `}`), 204, []string{"+1 -0 members"}},
		{"another name", "PATCH", "", patch(`{"op":"replace","path":"displayName","value":"H"}`), 204, []string{"writes the group"}},
		{"another name, by PUT", "PUT", "", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G"}`, 200, []string{"writes the group"}},
		{"the same, by PUT, and no members asked for", "PUT", "?excludedAttributes=members", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"G"}`, 200, nil},
		{"without its members", "GET", "?excludedAttributes=members", "", 200, nil},
		{"its name", "GET", "?attributes=displayName", "", 200, nil},
		{"all of it", "GET", "", "", 200, []string{"lists members"}},
		{"with its members", "GET", "?attributes=members", "", 200, []string{"lists members"}},
	} {
		st.calls = nil
		h.sends(c.status, c.method, "/Groups/"+h.group+c.path, c.body)
		if diff := cmp.Diff(c.want, st.calls); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
	for _, path := range []string{"/Groups?excludedAttributes=members", "/Groups?attributes=displayName", `/Groups?excludedAttributes=members&filter=displayName+eq+"G"`, "/Users?count=5"} {
		st.calls = nil
		h.sends(200, "GET", strings.ReplaceAll(path, `"`, "%22"), "")
		if len(st.calls) > 0 {
			t.Errorf("%s: %q", path, st.calls)
		}
	}
}
