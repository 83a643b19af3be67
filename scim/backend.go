package scim

import (
	"context"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// Backend keeps the users and groups of one tenant. It never sees a PATCH, a bulk, an ETag or
// an unparsed filter. Each call is one transaction; SCIM promises no more, bulk included.
//
// A resource that is not there is [ErrNotFound]; a userName, displayName or externalId that is
// taken is [ErrTaken], on every write, decided by a unique key and not by looking first. What
// wraps ErrTaken in front, as in "userName: scim: taken", is read by the client: no text of a
// database. A *[Error] goes to the client as it is. All other errors are a 500 whose text stays
// here. Whatever the error, nothing of the call has happened.
//
// Values are copies: what is handed in is not kept, what is returned is not changed later. Calls
// come from many requests at once.
//
// IDs are at most 255 characters, of users and groups together no two alike, and never given out
// again; "/" and ".search" are not in one, since they stand in paths. Any id may be asked for: one of
// another tenant is not there, and is nobody as a member. Meta.Version is another one after every
// change: an If-Match is as good as that.
type Backend interface {
	// CreateUser sets ID and Meta, and returns the user as kept. One that takes who was
	// deactivated for the same person returns them with a Meta that was Created before it was
	// LastModified. Who does not leaves that to the engine: on a plain ErrTaken it looks for one
	// who is inactive and has the same ExternalID, and changes that one, if the profile allows.
	CreateUser(ctx context.Context, u User) (User, error)
	User(ctx context.Context, id string) (User, error)
	Users(ctx context.Context, q Query) (Page[User], error)
	// ChangeUser hands edit the stored user and keeps what it leaves, under a new Meta. What edit
	// sees must be what is replaced (locked, or compared by its version when it is written): in
	// edit If-Match is held, and read-only and immutable values are carried over. edit may run
	// again, with what is stored by then. When it reports no change nothing is written; its error
	// ends the call and is returned as it is.
	ChangeUser(ctx context.Context, id string, edit func(*User) (changed bool, err error)) (User, error)
	// DeleteUser asks check before it deletes, in the same transaction. Who is deleted is in no
	// group any more.
	DeleteUser(ctx context.Context, id string, check func(User) error) error

	// CreateGroup also returns the ids of m.Add that are nobody.
	CreateGroup(ctx context.Context, g Group, m MemberChange) (Group, []string, error)
	Group(ctx context.Context, id string) (Group, error)
	Groups(ctx context.Context, q Query) (Page[Group], error)
	// ChangeGroup is as ChangeUser, and applies m beside it, or neither. edit is asked even when
	// there is only m: If-Match is held in it. When it reports no change the group's own record
	// stays untouched, so that many who add members don't fight over it.
	ChangeGroup(ctx context.Context, id string, edit func(*Group) (changed bool, err error), m MemberChange) (Group, []string, error)
	DeleteGroup(ctx context.Context, id string, check func(Group) error) error

	// Members lists a group's members by ID, beginning after that of after, at most limit, and
	// returns the after of the next page, "" at the end.
	Members(ctx context.Context, groupID, after string, limit int) (members []Member, next string, err error)
	// GroupsOf maps each of userIDs that is in a group to the groups that it is in itself.
	GroupsOf(ctx context.Context, userIDs []string) (map[string][]Member, error)
}

// Query is a list request, checked and resolved.
type Query struct {
	// Filter is resolved: paths are canonical, and each comparison has its Key. nil: all. What
	// the type of the resource decides is not in it any more.
	Filter filter.Expr
	SortBy *filter.Attribute
	Desc   bool
	Offset int    // of the first item, from 0; not together with After
	After  string // Page.Next of the page before
	Limit  int    // 0: only Total is asked for
	Total  bool   // whether Page.Total is
}

// Page is a part of a list. The order is the same from page to page: by SortBy, where it is
// set, those without a value last; without it by Meta.Created. Ties are broken by what never
// changes: the ID, say.
type Page[T any] struct {
	Items []T
	Total int    // of all pages; meaningless unless Query.Total
	Next  string // the After of the next page; "" at the end. Any text up to 512 bytes
}
