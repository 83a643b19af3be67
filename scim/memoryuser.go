package scim

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim/filter"
)

// userRecord keeps u, and shares nothing with it that can be changed.
func (m *Memory) userRecord(u User) *record[User] {
	r := &record[User]{value: u, extra: partsOf(u.Extra), position: position{created: u.Meta.Created.UnixMicro(), id: u.ID}}
	r.value.Emails, r.value.Extra = slices.Clone(u.Emails), nil
	hash := m.users.hash
	r.unique[byUniqueName], r.unique[byExternalID] = hash.of(indexed(m.keys.userName, u.UserName)), hash.of(indexed(m.keys.externalID, u.ExternalID))
	r.shared = make([]sharedKey, 0, len(u.Emails)+1)
	for _, e := range u.Emails {
		if key := indexed(m.keys.email, e.Value); key != "" {
			r.shared = append(r.shared, sharedKey{bySharedEmail, hash.of(key)})
		}
	}
	name, _ := u.Extra["displayName"].(string)
	if key := indexed(m.keys.name, name); key != "" {
		r.shared = append(r.shared, sharedKey{bySharedName, hash.of(key)})
	}
	return r
}

// userOf is the user of a record, for who may change it.
func userOf(r *record[User]) User {
	u := r.value
	u.Emails, u.Extra = slices.Clone(u.Emails), r.extraOf()
	return u
}

// flatUser is a user as filters see one.
func flatUser(r *record[User]) map[string]any {
	return r.flat.get(func() map[string]any {
		return flattened(userOf(r).Attributes(), r.value.ID, r.value.ExternalID, r.value.Meta)
	})
}

// flattened adds what is kept beside the attributes.
func flattened(attributes map[string]any, id, externalID string, meta Meta) map[string]any {
	attributes["id"] = id
	if externalID != "" {
		attributes["externalId"] = externalID
	}
	attributes["meta"] = map[string]any{
		"created":      meta.Created.UTC().Format(time.RFC3339Nano),
		"lastModified": meta.LastModified.UTC().Format(time.RFC3339Nano),
	}
	return attributes
}

// CreateUser is as [Backend] has it.
func (m *Memory) CreateUser(ctx context.Context, u User) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	u.ID = newID(userKind)
	r := m.userRecord(u) // most of the work, which keeps nobody else waiting
	m.mu.Lock()
	defer m.mu.Unlock()
	u.Meta = m.stamp(time.Time{})
	r.value.Meta, r.created = u.Meta, u.Meta.Created.UnixMicro()
	if err := m.users.free(r); err != nil {
		return User{}, err
	}
	m.users.put(r)
	return u, nil
}

// User is as [Backend] has it.
func (m *Memory) User(ctx context.Context, id string) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.users.row(id)
	if r == nil {
		return User{}, ErrNotFound
	}
	return userOf(r), nil
}

// Users is as [Backend] has it.
func (m *Memory) Users(ctx context.Context, q Query) (Page[User], error) {
	if err := ctx.Err(); err != nil {
		return Page[User]{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	f := finder[User]{t: &m.users, flat: flatUser,
		matches: func(e filter.Expr, r *record[User]) bool { return filter.Match(e, flatUser(r)) }}
	found, err := f.list(q)
	page := Page[User]{Total: found.Total, Next: found.Next, Items: make([]User, len(found.Items))}
	for i, r := range found.Items {
		page.Items[i] = userOf(r)
	}
	return page, err
}

// ChangeUser is as [Backend] has it.
func (m *Memory) ChangeUser(ctx context.Context, id string, edit func(*User) (bool, error)) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.users.row(id)
	if old == nil {
		return User{}, ErrNotFound
	}
	u := userOf(old)
	changed, err := edit(&u)
	if err != nil {
		return User{}, err
	}
	if !changed {
		return userOf(old), nil
	}
	u.ID, u.Meta = id, m.stamp(old.value.Meta.Created)
	r := m.userRecord(u)
	if err := m.users.free(r); err != nil {
		return User{}, err
	}
	m.users.put(r)
	return u, nil
}

// DeleteUser is as [Backend] has it.
func (m *Memory) DeleteUser(ctx context.Context, id string, check func(User) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.users.row(id)
	if r == nil {
		return ErrNotFound
	}
	if err := check(userOf(r)); err != nil {
		return err
	}
	m.users.remove(r)
	m.forget(id)
	return nil
}

// shown is the name by which a user is shown.
func shown(r *record[User]) string {
	u := &r.value
	if name := r.extra.text("displayName"); name != "" {
		return name
	}
	if u.Name.Formatted != "" {
		return u.Name.Formatted
	}
	if name := strings.TrimSpace(u.Name.Given + " " + u.Name.Family); name != "" {
		return name
	}
	return u.UserName
}
