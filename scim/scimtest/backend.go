package scimtest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// RunBackend tests a Backend by itself, for what [Run] does not see from outside: pages of members
// that are shorter than a mount reads, and that a call which fails leaves nothing behind. It stands
// beside Run, not in its place. open makes an empty Backend; newUserName is as
// [Target.NewUserName].
func RunBackend(t *testing.T, open func(t *testing.T) scim.Backend, newUserName func() string) {
	for name, run := range map[string]func(backed){
		"MembersPaged":  backedMembersPaged,
		"MembersGo":     backedMembersGo,
		"MembersOfNone": backedMembersOfNone,
		"FailedUser":    backedFailedUser,
		"FailedGroup":   backedFailedGroup,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(backed{T: t, Backend: open(t), target: Target{NewUserName: newUserName}})
		})
	}
}

// backed is a Backend under one test.
type backed struct {
	*testing.T
	scim.Backend
	target Target
}

func (b backed) ctx() context.Context { return b.T.Context() }

func (b backed) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// people makes n users, and returns their ids, sorted.
func (b backed) people(n int) []string {
	b.Helper()
	var ids []string
	for range n {
		u, err := b.CreateUser(b.ctx(), scim.User{UserName: b.target.userName(), Active: true})
		b.must(err)
		ids = append(ids, u.ID)
	}
	slices.Sort(ids)
	return ids
}

// group makes one.
func (b backed) group(members ...string) scim.Group {
	b.Helper()
	g, unknown, err := b.CreateGroup(b.ctx(), scim.Group{DisplayName: newText()}, scim.MemberChange{Add: members})
	b.must(err)
	if len(unknown) > 0 {
		b.Fatalf("%q are nobody, and were just made", unknown)
	}
	return g
}

// walk reads the members of a group in pages of at most limit. between is called after each.
func (b backed) walk(id string, limit int, between func(read []string)) []string {
	b.Helper()
	var all []string
	for after, pages := "", 0; ; pages++ {
		page, next, err := b.Members(b.ctx(), id, after, limit)
		b.must(err)
		if len(page) > limit || pages > 100 {
			b.Fatalf("page %d has %d, of at most %d", pages, len(page), limit)
		}
		for _, m := range page {
			all = append(all, m.ID)
		}
		if between != nil {
			between(all)
		}
		if next == "" {
			return all
		}
		after = next
	}
}

// in compares who is in a group.
func (b backed) in(id string, want ...string) {
	b.Helper()
	if diff := cmp.Diff(append([]string(nil), want...), b.walk(id, 1000, nil)); diff != "" {
		b.Errorf("members (-want +got)\n%s", diff)
	}
}

func backedMembersPaged(b backed) {
	ids := b.people(5)
	g := b.group(ids...)
	for limit := 1; limit <= len(ids)+1; limit++ {
		if diff := cmp.Diff(ids, b.walk(g.ID, limit, nil)); diff != "" {
			b.Errorf("members in pages of %d (-want +got)\n%s", limit, diff)
		}
	}
	b.in(b.group().ID)
}

// backedMembersGo has the last of each page leave before the next is read.
func backedMembersGo(b backed) {
	ids := b.people(5)
	g := b.group(ids...)
	got := b.walk(g.ID, 2, func(read []string) {
		_, _, err := b.ChangeGroup(b.ctx(), g.ID, unedited, scim.MemberChange{Remove: read[len(read)-1:]})
		b.must(err)
	})
	if diff := cmp.Diff(ids, got); diff != "" {
		b.Errorf("members (-want +got)\n%s", diff)
	}
}

func unedited(*scim.Group) (bool, error) { return false, nil }

func backedMembersOfNone(b backed) {
	ids := b.people(1)
	for _, id := range []string{"nobody", ids[0]} {
		if page, next, err := b.Members(b.ctx(), id, "", 10); !errors.Is(err, scim.ErrNotFound) {
			b.Errorf("members of %q: %v %q %v, want scim.ErrNotFound", id, page, next, err)
		}
	}
}

var errStop = errors.New("scimtest: stop here")

func backedFailedUser(b backed) {
	ids := b.people(2)
	g := b.group(ids...)
	was, err := b.User(b.ctx(), ids[0])
	b.must(err)
	other, err := b.User(b.ctx(), ids[1])
	b.must(err)
	_, err = b.ChangeUser(b.ctx(), ids[0], func(u *scim.User) (bool, error) {
		u.UserName, u.Active = b.target.userName(), false
		return true, errStop
	})
	b.stopped("ChangeUser", err, errStop)
	_, err = b.ChangeUser(b.ctx(), ids[0], func(u *scim.User) (bool, error) {
		u.UserName, u.Active = other.UserName, false
		return true, nil
	})
	b.stopped("ChangeUser", err, scim.ErrTaken)
	_, err = b.ChangeUser(b.ctx(), ids[0], func(u *scim.User) (bool, error) {
		u.Active = false
		return false, nil
	})
	b.must(err)
	b.stopped("DeleteUser", b.DeleteUser(b.ctx(), ids[0], func(scim.User) error { return errStop }), errStop)
	now, err := b.User(b.ctx(), ids[0])
	b.must(err)
	if diff := cmp.Diff(was, now); diff != "" {
		b.Errorf("the user has changed (-was +is)\n%s", diff)
	}
	b.in(g.ID, ids...)
}

func backedFailedGroup(b backed) {
	ids := b.people(3)
	g, other := b.group(ids[:2]...), b.group()
	swap := scim.MemberChange{Add: ids[2:], Remove: ids[:1]}
	for want, edit := range map[error]func(*scim.Group) (bool, error){
		errStop:       func(g *scim.Group) (bool, error) { g.DisplayName = newText(); return true, errStop },
		scim.ErrTaken: func(g *scim.Group) (bool, error) { g.DisplayName = other.DisplayName; return true, nil },
	} {
		_, _, err := b.ChangeGroup(b.ctx(), g.ID, edit, swap)
		b.stopped("ChangeGroup", err, want)
	}
	strict := scim.MemberChange{Add: []string{ids[2], "nobody"}, Remove: ids[:1], Strict: true}
	if _, _, err := b.ChangeGroup(b.ctx(), g.ID, unedited, strict); err == nil {
		b.Error("somebody who is nobody was taken, strictly")
	}
	for _, nobody := range [][]string{{"nobody"}, {"nobody", "else"}, {"nobody", "nobody"}} {
		_, _, err := b.ChangeGroup(b.ctx(), g.ID, unedited, scim.MemberChange{Clear: true, Add: nobody})
		if refused, ok := errors.AsType[*scim.Error](err); !ok || refused.Status != 400 || refused.Type != scim.InvalidValue {
			b.Errorf("%q in place of a group's members: %v, want a 400 invalidValue", nobody, err)
		}
	}
	name := newText()
	if _, _, err := b.CreateGroup(b.ctx(), scim.Group{DisplayName: name}, strict); err == nil {
		b.Error("a group of somebody who is nobody was made, strictly")
	}
	_, _, err := b.CreateGroup(b.ctx(), scim.Group{DisplayName: g.DisplayName}, scim.MemberChange{Add: ids[2:]})
	b.stopped("CreateGroup", err, scim.ErrTaken)
	b.stopped("DeleteGroup", b.DeleteGroup(b.ctx(), g.ID, func(scim.Group) error { return errStop }), errStop)
	now, err := b.Group(b.ctx(), g.ID)
	b.must(err)
	if diff := cmp.Diff(g, now); diff != "" {
		b.Errorf("the group has changed (-was +is)\n%s", diff)
	}
	b.in(g.ID, ids[:2]...)
	of, err := b.GroupsOf(b.ctx(), ids[2:])
	b.must(err)
	if len(of[ids[2]]) > 0 {
		b.Errorf("who was to be added is in %v", of)
	}
	if _, _, err = b.CreateGroup(b.ctx(), scim.Group{DisplayName: name}, scim.MemberChange{}); err != nil {
		b.Errorf("under the name of a group that was not made: %v", err)
	}
}

// stopped holds that a call has failed for that reason.
func (b backed) stopped(what string, err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Errorf("%s: %v, want %v", what, err, want)
	}
}
