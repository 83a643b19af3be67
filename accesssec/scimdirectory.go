package accesssec

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

const (
	// scimConnection is who manages an entry that provisioning keeps. An org has one identity
	// provider that provisions, whatever tokens it shows.
	scimConnection = "scim"
	// sourceSCIM is of memberships and grants that provisioning has made.
	sourceSCIM = "scim"
)

// directory is one org's people and teams as its identity provider provisions them: a
// scim.Backend. Each call is one transaction, with its events. It is safe for concurrent use.
//
// It shows every member, and touches only those whose address is on a verified domain of the
// org. What is of another org it does not know.
type directory struct {
	s  *Service
	by scimCaller
}

func (s *Service) directory(by scimCaller) *directory { return &directory{s, by} }

// change is one transaction of the caller, who may have lost the right to it since the request
// came in.
func (d *directory) change(ctx context.Context, fn func(*change) error) error {
	err := d.s.change(ctx, func(c *change) error {
		if err := d.s.stillGood(ctx, c, d.by); err != nil {
			return err
		}
		return fn(c)
	})
	return worded(unless(err, errSettled))
}

// worded is err as the client can be told of it. What nobody has worded stays what it is: a
// fault.
func worded(err error) error {
	if _, own := errors.AsType[*scim.Error](err); own || err == nil {
		return err
	}
	no, refused := errors.AsType[*Refusal](err)
	switch {
	case IsRefusal(err, CodeLastOwner):
		return &scim.Error{Status: http.StatusForbidden, Err: err,
			Detail: "This person is the last Owner of the organization who can come in. Make somebody else an Owner first."}
	case refused:
		return &scim.Error{Status: http.StatusBadRequest, Type: scim.InvalidValue, Detail: no.Say + " " + no.Fix, Err: err}
	case errors.Is(err, store.ErrConflict):
		return &scim.Error{Status: http.StatusServiceUnavailable, RetryAfter: time.Second, Err: err,
			Detail: "Too many changes came at the same moment. Nothing was changed; try again."}
	case errors.Is(err, store.ErrExists):
		return taken("The userName, displayName or externalId", err)
	}
	return err
}

// taken is the 409 of what somebody else has.
func taken(what string, err error) *scim.Error {
	if err == nil {
		err = scim.ErrTaken
	}
	return &scim.Error{Status: http.StatusConflict, Type: scim.Uniqueness, Detail: what + " is taken.", Err: err}
}

func badValue(detail string) *scim.Error {
	return &scim.Error{Status: http.StatusBadRequest, Type: scim.InvalidValue, Detail: detail}
}

// forbidden is a refusal that the log gets, and the client in the words of detail.
func (d *directory) forbidden(code Code, e *scim.Error, targets ...audit.Target) *Refusal {
	no := refuse(code, e.Detail)
	no.Err = e
	return no.inOrg(d.by.orgID, d.by.does(audit.ChangeRefused, targets...))
}

// reach is whom an org's provisioning touches: people whose address is on a domain that the
// org, or the one that it has its sign-on from, holds now. A domain that has lapsed is none, and neither is one below the org's that
// somebody else holds. It is for one transaction, or one request that reads.
type reach struct {
	r      store.Reader
	orgID  string
	fromID string          // whose domains count
	known  map[string]bool // by the domain
}

func (d *directory) reach(r store.Reader) *reach {
	return &reach{r: r, orgID: d.by.orgID, fromID: d.by.fromID, known: map[string]bool{}}
}

// has reports whether the address is within it. What is no address is not.
func (x *reach) has(ctx context.Context, address string) (bool, error) {
	a, err := domainclaim.ParseAddress(address)
	if err != nil {
		return false, nil
	}
	return x.hasAddress(ctx, a)
}

// hasAddress is has for who has read the address already.
func (x *reach) hasAddress(ctx context.Context, a domainclaim.Address) (bool, error) {
	if in, ok := x.known[a.Domain()]; ok {
		return in, nil
	}
	claim, err := claimOver(ctx, x.r, a)
	if err != nil {
		return false, err
	}
	in := holds(claim) && claim.OrgID == x.fromID
	x.known[a.Domain()] = in
	return in, nil
}

// hasMember reports whether the address of the account behind an entry is within it, whatever the
// entry says itself. Who has left is nobody's to protect.
func (x *reach) hasMember(ctx context.Context, e store.Entry) (bool, error) {
	m, err := x.r.Membership(ctx, x.orgID, e.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	} else if err != nil {
		return false, err
	}
	return x.has(ctx, m.User.Address)
}

// entry is one of the org's of that type, or scim.ErrNotFound. An id that no entry can have is
// not asked for.
func (d *directory) entry(ctx context.Context, r store.Reader, kind, id string) (store.Entry, error) {
	if !plainID(id) {
		return store.Entry{}, scim.ErrNotFound
	}
	e, err := r.Entry(ctx, d.by.orgID, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && e.Type != kind {
		return store.Entry{}, scim.ErrNotFound
	}
	return e, err
}

// plainID reports whether a store can be asked for it.
func plainID(id string) bool { return id != "" && id == bound(id, 255) }

// externalEntry is the org's entry of that type that provisioning knows by externalID; a zero
// one when there is none.
func (d *directory) externalEntry(ctx context.Context, r store.Reader, kind, externalID string) (store.Entry, error) {
	if externalID == "" {
		return store.Entry{}, nil
	}
	return d.oneEntry(ctx, r, kind, "externalId", externalID)
}

// namedEntry is the org's entry of that type by the key of its name; a zero one when there is
// none.
func (d *directory) namedEntry(ctx context.Context, r store.Reader, kind, key string) (store.Entry, error) {
	return d.oneEntry(ctx, r, kind, "name", key)
}

func (d *directory) oneEntry(ctx context.Context, r store.Reader, kind, column, value string) (store.Entry, error) {
	q := store.EntryQuery{Type: kind, Filter: &store.Filter{Path: column, Op: store.OpEq, Value: value}, Paging: store.Paging{Limit: 2}}
	page, err := r.Entries(ctx, d.by.orgID, q)
	if err != nil {
		return store.Entry{}, err
	}
	for _, e := range page.Items {
		if column != "externalId" || e.ConnectionID == scimConnection {
			return e, nil
		}
	}
	return store.Entry{}, nil
}
