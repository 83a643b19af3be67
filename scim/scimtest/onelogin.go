package scimtest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/accesssec/accesssec-go/scim"
)

// oneLogin is OneLogin's provisioning, and, with other headers, most of JumpCloud's.
type oneLogin struct{ *connector }

// NewOneLogin is OneLogin. It reads application/json and nothing else, looks for a user by name
// before it makes one, takes a 404 for an empty list, puts whole users, and deletes them. Of its
// headers only two are published: an empty User-Agent, and application/scim+json for a PATCH. It
// is taken to ask for what it reads.
func NewOneLogin(target Target) Client {
	c := newConnector("OneLogin", target, scimJSON, plainJSON)
	c.header["User-Agent"] = []string{""}
	c.header.Set("Accept", plainJSON)
	return oneLogin{c}
}

func (o oneLogin) TestConnection(ctx context.Context) error {
	_, err := o.lookUp(ctx, "/Users", "", "userName eq "+quoted(newText()), true)
	return err
}

// plainUser is a user of core attributes alone.
func plainUser(p Person, active bool) map[string]any {
	return map[string]any{
		"schemas": []any{scim.UserSchema}, "userName": p.UserName, "externalId": p.ExternalID, "active": active,
		"name":        map[string]any{"givenName": p.Given, "familyName": p.Family},
		"displayName": p.Given + " " + p.Family,
		"emails":      []any{map[string]any{"value": p.UserName, "type": "work", "primary": true}},
	}
}

func (o oneLogin) user(p Person) map[string]any {
	u := plainUser(p, true)
	if p.Department != "" {
		u["schemas"] = []any{scim.UserSchema, scim.EnterpriseSchema}
		u[scim.EnterpriseSchema] = map[string]any{"department": p.Department}
	}
	return u
}

func (o oneLogin) CreateUser(ctx context.Context, p Person) (string, error) {
	id, err := o.lookUp(ctx, "/Users", "", "userName eq "+quoted(p.UserName), true)
	if err != nil {
		return "", err
	}
	if id != "" {
		return id, o.UpdateUser(ctx, id, p)
	}
	r, err := o.resource(ctx, http.MethodPost, "/Users", "", marshal(o.user(p)), http.StatusCreated)
	return r.id(), err
}

func (o oneLogin) UpdateUser(ctx context.Context, id string, p Person) error {
	if _, err := o.resource(ctx, http.MethodGet, "/Users/"+id, "", "", http.StatusOK); err != nil {
		return err
	}
	_, err := o.resource(ctx, http.MethodPut, "/Users/"+id, "", marshal(o.user(p)), http.StatusOK)
	return err
}

func (o oneLogin) setActive(ctx context.Context, id string, on bool) error {
	_, err := o.send(ctx, http.MethodPatch, "/Users/"+id, "", operations(operation("replace", "active", on)), http.StatusOK, http.StatusNoContent)
	return err
}

func (o oneLogin) Deactivate(ctx context.Context, id string) error {
	return o.setActive(ctx, id, false)
}

func (o oneLogin) Reactivate(ctx context.Context, p Person) (string, error) {
	id, err := o.lookUp(ctx, "/Users", "", "userName eq "+quoted(p.UserName), true)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", errNobody
	}
	if err := o.setActive(ctx, id, true); err != nil {
		return "", err
	}
	return id, o.UpdateUser(ctx, id, p)
}

func (o oneLogin) DeleteUser(ctx context.Context, id string) error {
	_, err := o.send(ctx, http.MethodDelete, "/Users/"+id, "", "", http.StatusNoContent)
	return err
}

// CreateGroup looks through the list of groups, as it has no other way to find one.
func (o oneLogin) CreateGroup(ctx context.Context, g Team) (string, error) {
	for start := 1; ; {
		r, found, err := o.list(ctx, "/Groups", fmt.Sprintf("startIndex=%d&count=100", start), true)
		if err != nil {
			return "", err
		}
		for _, m := range found {
			if m["displayName"] == g.Name {
				id, _ := m["id"].(string)
				o.named(id, g.Name)
				return id, nil
			}
		}
		start += len(found)
		if len(found) == 0 || start > r.number("totalResults") {
			break
		}
	}
	r, err := o.resource(ctx, http.MethodPost, "/Groups", "", marshal(map[string]any{
		"schemas": []any{scim.GroupSchema}, "displayName": g.Name}), http.StatusCreated)
	if err != nil {
		return "", err
	}
	o.named(r.id(), g.Name)
	return r.id(), nil
}

func (o oneLogin) patchGroup(ctx context.Context, id string, ops ...any) error {
	_, err := o.send(ctx, http.MethodPatch, "/Groups/"+id, "", operations(ops...), http.StatusOK, http.StatusNoContent)
	return err
}

func (o oneLogin) RenameGroup(ctx context.Context, id, name string) error {
	if err := o.patchGroup(ctx, id, operation("replace", "displayName", name)); err != nil {
		return err
	}
	o.named(id, name)
	return nil
}

func (o oneLogin) AddMembers(ctx context.Context, group string, users ...string) error {
	return o.patchGroup(ctx, group, operation("add", "members", values(users...)))
}

func (o oneLogin) RemoveMembers(ctx context.Context, group string, users ...string) error {
	var ops []any
	for _, id := range users {
		ops = append(ops, operation("remove", "members[value eq "+quoted(id)+"]", nil))
	}
	return o.patchGroup(ctx, group, ops...)
}

func (o oneLogin) PushMembers(ctx context.Context, group string, users ...string) error {
	return o.patchGroup(ctx, group, operation("replace", "members", values(users...)))
}

func (o oneLogin) DeleteGroup(ctx context.Context, id string) error {
	_, err := o.send(ctx, http.MethodDelete, "/Groups/"+id, "", "", http.StatusNoContent)
	return err
}

func (o oneLogin) Import(ctx context.Context) ([]Account, error) { return o.pages(ctx, "100") }
