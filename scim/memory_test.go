package scim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

var _ scim.Backend = (*scim.Memory)(nil)

// 64 who change one group at once lose nothing of each other's.
func TestConcurrentMembers(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	const n = 64
	ids := make([]string, n)
	for i := range ids {
		ids[i] = m.user(fmt.Sprint("u", i))
	}
	g := m.group("Staff", ids[0])
	m.must(204, "PATCH", "/Groups/"+g, patchBody(`{"op":"remove","path":"members[value eq \"`+ids[0]+`\"]"}`))
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			m.must(204, "PATCH", "/Groups/"+g, patchBody(`{"op":"add","path":"members","value":`+memberList(ids[i])+`}`))
			if i%2 == 1 {
				m.must(204, "PATCH", "/Groups/"+g, patchBody(`{"op":"remove","path":"members","value":`+memberList(ids[i])+`}`))
			}
			m.must(200, "PATCH", "/Users/"+ids[0], patchBody(fmt.Sprintf(`{"op":"add","path":"emails","value":[{"value":"%d@example.com"}]}`, i)))
		})
	}
	wg.Wait()
	var want []string
	for i := 0; i < n; i += 2 {
		want = append(want, ids[i])
	}
	list, _ := m.must(200, "GET", "/Groups/"+g, "").body["members"].([]any)
	var got []string
	for _, one := range list {
		got = append(got, one.(map[string]any)["value"].(string))
	}
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("%d members instead of %d", len(got), len(want))
	}
	if emails := m.must(200, "GET", "/Users/"+ids[0], "").body["emails"].([]any); len(emails) != n {
		t.Errorf("%d addresses instead of %d", len(emails), n)
	}
}

// Of many who take one name at once, one has it.
func TestConcurrentNames(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	other := m.user("other")
	for round, rival := range map[string]func(i int) answer{
		"userName": func(i int) answer { return m.send("POST", "/Users", userBody([]string{"ANN", "ann"}[i%2])) },
		"externalId": func(i int) answer {
			return m.send("POST", "/Users", userBody(fmt.Sprint("u", i), `,"externalId":"one"`))
		},
		"group": func(i int) answer { return m.send("POST", "/Groups", groupBody([]string{"Staff", "STAFF"}[i%2])) },
		"put": func(i int) answer {
			if i == 0 {
				return m.send("PUT", "/Users/"+other, userBody("bob"))
			}
			return m.send("POST", "/Users", userBody("BOB"))
		},
	} {
		var made, taken atomic.Int64
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				switch a := rival(i); {
				case a.status == 200 || a.status == 201:
					made.Add(1)
				case a.status == 409 && a.str("scimType") == "uniqueness":
					taken.Add(1)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 || taken.Load() != 31 {
			t.Errorf("%s: %d made, %d taken", round, made.Load(), taken.Load())
		}
	}
}

// What is handed in is not kept, and what is handed out is nobody else's.
func TestMemoryCopies(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := scim.NewMemory(nil, nil)
	mine := scim.User{UserName: "ann", Emails: []scim.Email{{Value: "a"}}, Extra: map[string]any{"roles": []any{map[string]any{"value": "r"}}}}
	spoil := func(u *scim.User) {
		u.Emails[0].Value = "spoilt"
		u.Extra["roles"].([]any)[0].(map[string]any)["value"] = "spoilt"
	}
	made, err := m.CreateUser(ctx, mine)
	if err != nil {
		t.Fatal(err)
	}
	id := made.ID
	want, err := m.User(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	spoil(&mine)
	spoil(&made)
	read, _ := m.User(ctx, id)
	spoil(&read)
	list, _ := m.Users(ctx, scim.Query{Limit: 1})
	spoil(&list.Items[0])
	refusal := errors.New("no")
	if _, err := m.ChangeUser(ctx, id, func(u *scim.User) (bool, error) { spoil(u); return true, refusal }); !errors.Is(err, refusal) {
		t.Errorf("an edit's error comes back as %v", err)
	}
	if _, err := m.ChangeUser(ctx, id, func(u *scim.User) (bool, error) { spoil(u); return false, nil }); err != nil {
		t.Error(err)
	}
	if err := m.DeleteUser(ctx, id, func(u scim.User) error { spoil(&u); return refusal }); !errors.Is(err, refusal) {
		t.Errorf("a check's error comes back as %v", err)
	}
	got, err := m.User(ctx, id)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestMemoryContract(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := scim.NewMemory(nil, clock())
	user := func(name, external string) (scim.User, error) {
		return m.CreateUser(ctx, scim.User{UserName: name, ExternalID: external})
	}
	ann, err := user("Ann", "E")
	if err != nil || ann.ID == "" || ann.Meta.Version == "" || ann.Meta.Created.IsZero() || !ann.Meta.Created.Equal(ann.Meta.LastModified) {
		t.Fatalf("%+v %v", ann, err)
	}
	if _, err := user("aNN", ""); !errors.Is(err, scim.ErrTaken) {
		t.Errorf("a userName that is taken: %v", err)
	}
	if _, err := user("bob", "E"); !errors.Is(err, scim.ErrTaken) {
		t.Errorf("an externalId that is taken: %v", err)
	}
	bob, err := user("bob", "e") // the case of an externalId matters
	if err != nil {
		t.Fatal(err)
	}
	taken := func(u *scim.User) (bool, error) { u.UserName = "ANN"; return true, nil }
	if _, err := m.ChangeUser(ctx, bob.ID, taken); !errors.Is(err, scim.ErrTaken) {
		t.Errorf("a userName that is taken, later: %v", err)
	}
	changed, err := m.ChangeUser(ctx, ann.ID, func(u *scim.User) (bool, error) { u.ID, u.UserName = "other", "Anna"; return true, nil })
	if err != nil || changed.ID != ann.ID || changed.Meta.Version == ann.Meta.Version || !changed.Meta.Created.Equal(ann.Meta.Created) || !changed.Meta.LastModified.After(ann.Meta.LastModified) {
		t.Errorf("%+v %v", changed, err)
	}
	if _, err := user("ann", ""); err != nil {
		t.Errorf("a name that was given up: %v", err)
	}

	g, nobody, err := m.CreateGroup(ctx, scim.Group{DisplayName: "G"}, scim.MemberChange{Add: []string{ann.ID, "x", bob.ID, ann.ID}})
	if err != nil || !slices.Equal(nobody, []string{"x"}) {
		t.Fatalf("%v %v", nobody, err)
	}
	same := func(*scim.Group) (bool, error) { return false, nil }
	after, _, err := m.ChangeGroup(ctx, g.ID, same, scim.MemberChange{Remove: []string{bob.ID, "x"}})
	if err != nil || after.Meta != g.Meta {
		t.Errorf("who is in a group changes it: %+v %v", after.Meta, err)
	}
	var refusal *scim.Error
	rename := func(g *scim.Group) (bool, error) { g.DisplayName = "H"; return true, nil }
	if _, _, err := m.ChangeGroup(ctx, g.ID, rename, scim.MemberChange{Clear: true, Add: []string{"x"}, Strict: true}); !errors.As(err, &refusal) || refusal.Status != http.StatusBadRequest {
		t.Errorf("a stranger is strictly added: %v", err)
	}
	if now, _ := m.Group(ctx, g.ID); now.DisplayName != "G" {
		t.Error("half of a change is done")
	}
	nested, _, err := m.CreateGroup(ctx, scim.Group{DisplayName: "nested"}, scim.MemberChange{Add: []string{g.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if list, next, err := m.Members(ctx, nested.ID, "", 10); err != nil || next != "" || len(list) != 1 || list[0].Type != "Group" {
		t.Errorf("%v %q %v", list, next, err)
	}
	in, err := m.GroupsOf(ctx, []string{ann.ID, bob.ID, "x"})
	if diff := cmp.Diff(map[string][]scim.Member{ann.ID: {{ID: g.ID, Type: "Group", Display: "G"}}}, in); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if err := m.DeleteGroup(ctx, g.ID, func(scim.Group) error { return nil }); err != nil {
		t.Error(err)
	}
	if list, _, _ := m.Members(ctx, nested.ID, "", 10); len(list) != 0 {
		t.Errorf("a group that is gone is a member: %v", list)
	}
	if in, _ := m.GroupsOf(ctx, []string{ann.ID}); len(in) != 0 {
		t.Errorf("somebody is in a group that is gone: %v", in)
	}
	if err := m.DeleteUser(ctx, bob.ID, func(scim.User) error { return nil }); err != nil {
		t.Error(err)
	}
	if _, err := user("BOB", "e"); err != nil {
		t.Errorf("the name of one that is gone: %v", err)
	}
	if _, err := m.Users(ctx, scim.Query{After: "x", Limit: 1}); err == nil {
		t.Error("a place that is none")
	}
}

// Nothing is done for who has gone away, and nothing is found that is not there.
func TestMemoryRefusals(t *testing.T) {
	t.Parallel()
	m := scim.NewMemory(nil, nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	edit := func(*scim.User) (bool, error) { return true, nil }
	editGroup := func(*scim.Group) (bool, error) { return true, nil }
	calls := map[string]func(ctx context.Context) error{
		"CreateUser": func(ctx context.Context) error { _, err := m.CreateUser(ctx, scim.User{UserName: "x"}); return err },
		"User":       func(ctx context.Context) error { _, err := m.User(ctx, "x"); return err },
		"Users":      func(ctx context.Context) error { _, err := m.Users(ctx, scim.Query{}); return err },
		"ChangeUser": func(ctx context.Context) error { _, err := m.ChangeUser(ctx, "x", edit); return err },
		"DeleteUser": func(ctx context.Context) error { return m.DeleteUser(ctx, "x", nil) },
		"CreateGroup": func(ctx context.Context) error {
			_, _, err := m.CreateGroup(ctx, scim.Group{DisplayName: "x"}, scim.MemberChange{})
			return err
		},
		"Group":  func(ctx context.Context) error { _, err := m.Group(ctx, "x"); return err },
		"Groups": func(ctx context.Context) error { _, err := m.Groups(ctx, scim.Query{}); return err },
		"ChangeGroup": func(ctx context.Context) error {
			_, _, err := m.ChangeGroup(ctx, "x", editGroup, scim.MemberChange{})
			return err
		},
		"DeleteGroup": func(ctx context.Context) error { return m.DeleteGroup(ctx, "x", nil) },
		"Members":     func(ctx context.Context) error { _, _, err := m.Members(ctx, "x", "", 1); return err },
		"GroupsOf":    func(ctx context.Context) error { _, err := m.GroupsOf(ctx, nil); return err },
	}
	finds := []string{"CreateUser", "Users", "CreateGroup", "Groups", "GroupsOf"}
	for name, call := range calls {
		if err := call(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("%s for who has gone: %v", name, err)
		}
		if err := call(t.Context()); errors.Is(err, scim.ErrNotFound) == slices.Contains(finds, name) {
			t.Errorf("%s of what is not there: %v", name, err)
		}
	}
}

// The set of members is the same as a plain one, whatever is done to it.
func TestMemberPages(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := scim.NewMemory(nil, nil)
	var ids []string
	for i := range 3000 {
		u, err := m.CreateUser(ctx, scim.User{UserName: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	g, _, err := m.CreateGroup(ctx, scim.Group{DisplayName: "all"}, scim.MemberChange{Add: ids})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, id := range ids {
		want[id] = true
	}
	same := func(*scim.Group) (bool, error) { return false, nil }
	for round := range 8 {
		var change scim.MemberChange
		for i, id := range ids {
			switch {
			case (i*7+round*13)%5 == 0:
				change.Remove = append(change.Remove, id)
				delete(want, id)
			case (i*11+round)%4 == 0:
				change.Add = append(change.Add, id)
				want[id] = true
			}
		}
		if round == 6 {
			change, want = scim.MemberChange{Remove: ids}, map[string]bool{}
		}
		if _, _, err := m.ChangeGroup(ctx, g.ID, same, change); err != nil {
			t.Fatal(err)
		}
		var got []string
		for after, first := "", true; first || after != ""; first = false {
			list, next, err := m.Members(ctx, g.ID, after, 7+round*100)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range list {
				got = append(got, one.ID)
			}
			after = next
		}
		if !slices.IsSortedFunc(got, strings.Compare) || len(slices.Compact(got)) != len(want) || slices.ContainsFunc(got, func(id string) bool { return !want[id] }) {
			t.Fatalf("round %d: %d instead of %d", round, len(got), len(want))
		}
	}
}
