package scimtest

import (
	"context"
	"net/http"

	"github.com/accesssec/accesssec-go/scim"
)

const (
	oktaAgent   = "Okta SCIM Client 1.0.0"
	oktaAccepts = "application/scim+json; charset=utf-8"
)

// okta is Okta's provisioning agent, with an app that one has made oneself.
type okta struct{ *connector }

// NewOkta is Okta. It sends application/json, a password with each new user, and updates by a
// PUT of the whole user that it has just read. It never deletes a user: DeleteUser deactivates.
// Who is assigned again is looked for by the name, and posted with the same externalId when
// that finds nobody. With each change of a group's members it sends the group's name and id. It
// can't take a new user without a body, nor one whose id is not in it.
func NewOkta(target Target) Client {
	c := newConnector("Okta", target, plainJSON, scimJSON, plainJSON)
	c.header.Set("User-Agent", oktaAgent)
	c.header.Set("Accept", oktaAccepts)
	return okta{c}
}

const oktaPage = "startIndex=1&count=100"

func (o okta) TestConnection(ctx context.Context) error {
	_, err := o.lookUp(ctx, "/Users", oktaPage, `userName eq "test.user@okta.local"`, true)
	return err
}

func (o okta) user(p Person) map[string]any {
	u := map[string]any{
		"schemas": []any{scim.UserSchema}, "userName": p.UserName, "externalId": p.ExternalID, "active": true,
		"name":        map[string]any{"givenName": p.Given, "familyName": p.Family},
		"emails":      []any{map[string]any{"primary": true, "value": p.UserName, "type": "work"}},
		"displayName": p.Given + " " + p.Family, "locale": "en-US", "groups": []any{}, "password": "1mz050nq",
	}
	if p.Department != "" {
		u["schemas"] = []any{scim.UserSchema, scim.EnterpriseSchema}
		u[scim.EnterpriseSchema] = map[string]any{"department": p.Department}
	}
	return u
}

func (o okta) CreateUser(ctx context.Context, p Person) (string, error) {
	id, err := o.lookUp(ctx, "/Users", oktaPage, "userName eq "+quoted(p.UserName), true)
	if err != nil {
		return "", err
	}
	if id != "" {
		return id, o.UpdateUser(ctx, id, p)
	}
	r, err := o.resource(ctx, http.MethodPost, "/Users", "", marshal(o.user(p)), http.StatusCreated)
	if err == nil && r.text("userName") == "" {
		return "", o.fault(r, "a new user without a userName")
	}
	return r.id(), err
}

// UpdateUser reads the user, and puts all of it back with what has changed.
func (o okta) UpdateUser(ctx context.Context, id string, p Person) error {
	r, err := o.resource(ctx, http.MethodGet, "/Users/"+id, "", "", http.StatusOK)
	if err != nil {
		return err
	}
	whole := r.json
	for name, v := range o.user(p) {
		if name != "password" {
			whole[name] = v
		}
	}
	_, err = o.resource(ctx, http.MethodPut, "/Users/"+id, "", marshal(whole), http.StatusOK)
	return err
}

func (o okta) Deactivate(ctx context.Context, id string) error {
	_, err := o.send(ctx, http.MethodPatch, "/Users/"+id, "",
		operations(operation("replace", "", map[string]any{"active": false})), http.StatusOK, http.StatusNoContent)
	return err
}

// Reactivate is the same as an assignment: who is not found by the name is posted.
func (o okta) Reactivate(ctx context.Context, p Person) (string, error) { return o.CreateUser(ctx, p) }

func (o okta) DeleteUser(ctx context.Context, id string) error { return o.Deactivate(ctx, id) }

func (o okta) CreateGroup(ctx context.Context, g Team) (string, error) {
	id, err := o.lookUp(ctx, "/Groups", oktaPage, "displayName eq "+quoted(g.Name), true)
	if err != nil {
		return "", err
	}
	if id == "" {
		r, err := o.resource(ctx, http.MethodPost, "/Groups", "", marshal(map[string]any{
			"schemas": []any{scim.GroupSchema}, "displayName": g.Name, "members": []any{}}), http.StatusCreated)
		if err != nil {
			return "", err
		}
		id = r.id()
	}
	o.named(id, g.Name)
	return id, nil
}

func (o okta) patchGroup(ctx context.Context, id string, ops ...any) error {
	_, err := o.send(ctx, http.MethodPatch, "/Groups/"+id, "", operations(ops...), http.StatusOK, http.StatusNoContent)
	return err
}

func (o okta) RenameGroup(ctx context.Context, id, name string) error {
	if err := o.patchGroup(ctx, id, operation("replace", "", map[string]any{"id": id, "displayName": name})); err != nil {
		return err
	}
	o.named(id, name)
	return nil
}

// push sends the name again, as it always does, and then what has changed of the members.
func (o okta) push(ctx context.Context, id string, ops ...any) error {
	name, _ := o.known(id)
	if err := o.RenameGroup(ctx, id, name); err != nil {
		return err
	}
	return o.patchGroup(ctx, id, ops...)
}

// displayed are ids as it sends them.
func displayed(ids []string) []any {
	out := []any{}
	for _, id := range ids {
		out = append(out, map[string]any{"value": id, "display": id + "@example.com"})
	}
	return out
}

func (o okta) AddMembers(ctx context.Context, group string, users ...string) error {
	return o.push(ctx, group, operation("add", "members", displayed(users)))
}

func (o okta) RemoveMembers(ctx context.Context, group string, users ...string) error {
	var ops []any
	for _, id := range users {
		ops = append(ops, operation("remove", "members[value eq "+quoted(id)+"]", nil))
	}
	return o.push(ctx, group, ops...)
}

func (o okta) PushMembers(ctx context.Context, group string, users ...string) error {
	return o.push(ctx, group, operation("replace", "members", displayed(users)))
}

func (o okta) DeleteGroup(ctx context.Context, id string) error {
	_, err := o.send(ctx, http.MethodDelete, "/Groups/"+id, "", "", http.StatusNoContent)
	return err
}

func (o okta) Import(ctx context.Context) ([]Account, error) { return o.pages(ctx, "100") }
