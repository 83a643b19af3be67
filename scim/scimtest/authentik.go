package scimtest

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/accesssec/accesssec-go/scim"
)

// authentik is authentik's SCIM provider.
type authentik struct {
	*connector
	once *sync.Once
	can  *abilities
}

// abilities are what it has read of a mount.
type abilities struct {
	err    error
	patch  bool
	filter bool
	chunk  int // operations of one PATCH; 0: all
}

// NewAuthentik is authentik. It reads /ServiceProviderConfig first, and believes it: where
// bulk.maxOperations is missing it can read none of it, and does without PATCH and filters, so
// that a change of one member is a PUT of all (see Notes). It posts without looking, takes a 409
// as a reason to look, sends an operation for each member, in chunks of bulk.maxOperations, and
// lists by startIndex alone. It sends no department.
func NewAuthentik(target Target) Client {
	c := newConnector("authentik", target, scimJSON, scimJSON, plainJSON)
	c.header.Set("User-Agent", "authentik@2025.10.0")
	return authentik{c, &sync.Once{}, &abilities{}}
}

// config reads the mount's abilities, once.
func (a authentik) config(ctx context.Context) (abilities, error) {
	a.once.Do(func() {
		r, err := a.send(ctx, http.MethodGet, "/ServiceProviderConfig", "", "", http.StatusOK)
		if err != nil {
			a.can.err = err
			return
		}
		most, ok := dig(r.json, "bulk", "maxOperations").(json.Number)
		n, err := most.Int64()
		if !ok || err != nil {
			a.note("there is no bulk.maxOperations: it does without PATCH and filters")
			return
		}
		a.can.chunk = int(n)
		a.can.patch, _ = dig(r.json, "patch", "supported").(bool)
		a.can.filter, _ = dig(r.json, "filter", "supported").(bool)
		if !a.can.patch {
			a.note("patch.supported is false: a change of one member is a PUT of all")
		}
	})
	return *a.can, a.can.err
}

func (a authentik) TestConnection(ctx context.Context) error {
	_, err := a.config(ctx)
	return err
}

func (a authentik) user(p Person, active bool) map[string]any {
	return map[string]any{
		"schemas": []any{scim.UserSchema}, "userName": p.UserName, "externalId": p.ExternalID, "active": active,
		"name":        map[string]any{"formatted": p.Given + " " + p.Family, "givenName": p.Given, "familyName": p.Family},
		"displayName": p.Given + " " + p.Family, "locale": "en", "photos": []any{},
		"emails": []any{map[string]any{"value": p.UserName, "type": "other", "primary": true}},
	}
}

// found looks for what a 409 says is there.
func (a authentik) found(ctx context.Context, r reply, path, filter string) (string, error) {
	can, err := a.config(ctx)
	if err != nil {
		return "", err
	}
	if !can.filter {
		return "", a.fault(r, "a 409, and it can't look for what is there")
	}
	id, err := a.lookUp(ctx, path, "", filter, false)
	if err == nil && id == "" {
		return "", a.fault(r, "a 409, and nothing is found by %s", filter)
	}
	return id, err
}

// create posts, and looks when it is told that it is there.
func (a authentik) create(ctx context.Context, path string, body map[string]any, filter string) (string, error) {
	if _, err := a.config(ctx); err != nil {
		return "", err
	}
	r, err := a.send(ctx, http.MethodPost, path, "", marshal(body), http.StatusCreated, http.StatusOK, http.StatusConflict)
	if err != nil {
		return "", err
	}
	if r.status == http.StatusConflict {
		return a.found(ctx, r, path, filter)
	}
	return r.id(), a.isResource(r, r.json)
}

func (a authentik) CreateUser(ctx context.Context, p Person) (string, error) {
	id, err := a.create(ctx, "/Users", a.user(p, true), "userName eq "+quoted(p.UserName))
	if err != nil {
		return "", err
	}
	return id, a.UpdateUser(ctx, id, p)
}

func (a authentik) putUser(ctx context.Context, id string, body map[string]any) error {
	body["id"] = id
	_, err := a.resource(ctx, http.MethodPut, "/Users/"+id, "", marshal(body), http.StatusOK)
	return err
}

func (a authentik) UpdateUser(ctx context.Context, id string, p Person) error {
	return a.putUser(ctx, id, a.user(p, true))
}

// Deactivate puts the user as it is, but for active.
func (a authentik) Deactivate(ctx context.Context, id string) error {
	r, err := a.resource(ctx, http.MethodGet, "/Users/"+id, "", "", http.StatusOK)
	if err != nil {
		return err
	}
	r.json["active"] = false
	return a.putUser(ctx, id, r.json)
}

func (a authentik) Reactivate(ctx context.Context, p Person) (string, error) {
	return a.CreateUser(ctx, p)
}

func (a authentik) DeleteUser(ctx context.Context, id string) error {
	_, err := a.send(ctx, http.MethodDelete, "/Users/"+id, "", "", http.StatusNoContent, http.StatusNotFound)
	return err
}

func (a authentik) group(g Team) map[string]any {
	return map[string]any{"schemas": []any{scim.GroupSchema}, "displayName": g.Name, "externalId": g.ExternalID}
}

func (a authentik) CreateGroup(ctx context.Context, g Team) (string, error) {
	id, err := a.create(ctx, "/Groups", a.group(g), "displayName eq "+quoted(g.Name))
	if err == nil {
		a.named(id, g.Name)
	}
	return id, err
}

// put replaces a group, with all members that it knows of.
func (a authentik) put(ctx context.Context, id, name string) error {
	_, members := a.known(id)
	body := a.group(Team{Name: name})
	delete(body, "externalId")
	body["id"], body["members"] = id, values(members...)
	_, err := a.resource(ctx, http.MethodPut, "/Groups/"+id, "", marshal(body), http.StatusOK)
	return err
}

func (a authentik) RenameGroup(ctx context.Context, id, name string) error {
	can, err := a.config(ctx)
	if err != nil {
		return err
	}
	if !can.patch {
		err = a.put(ctx, id, name)
	} else {
		whole := map[string]any{"schemas": []any{scim.GroupSchema}, "id": id, "displayName": name}
		_, err = a.send(ctx, http.MethodPatch, "/Groups/"+id, "", operations(operation("replace", "", whole)), http.StatusOK, http.StatusNoContent)
	}
	if err == nil {
		a.named(id, name)
	}
	return err
}

// changeMembers sends an operation for each, in chunks.
func (a authentik) changeMembers(ctx context.Context, group string, add, remove []string) error {
	can, err := a.config(ctx)
	if err != nil {
		return err
	}
	a.booked(group, add, remove)
	if !can.patch {
		name, _ := a.known(group)
		return a.put(ctx, group, name)
	}
	var ops []any
	for _, id := range add {
		ops = append(ops, operation("add", "members", values(id)))
	}
	for _, id := range remove {
		ops = append(ops, operation("remove", "members", values(id)))
	}
	for len(ops) > 0 {
		n := len(ops)
		if can.chunk > 0 {
			n = min(n, can.chunk)
		}
		if _, err := a.send(ctx, http.MethodPatch, "/Groups/"+group, "", operations(ops[:n]...), http.StatusOK, http.StatusNoContent); err != nil {
			return err
		}
		ops = ops[n:]
	}
	return nil
}

func (a authentik) AddMembers(ctx context.Context, group string, users ...string) error {
	return a.changeMembers(ctx, group, users, nil)
}

func (a authentik) RemoveMembers(ctx context.Context, group string, users ...string) error {
	return a.changeMembers(ctx, group, nil, users)
}

// PushMembers reads the group, and sends what differs. A group that is read without members is
// taken to be as it should.
func (a authentik) PushMembers(ctx context.Context, group string, users ...string) error {
	r, err := a.resource(ctx, http.MethodGet, "/Groups/"+group, "", "", http.StatusOK)
	if err != nil {
		return err
	}
	if _, ok := r.json["members"]; ok {
		a.seen(group, memberIDs(r.json))
	}
	add, remove := a.difference(group, users)
	return a.changeMembers(ctx, group, add, remove)
}

// seen makes members what this client knows of a group.
func (a authentik) seen(group string, members []string) {
	_, had := a.known(group)
	a.booked(group, members, had)
}

func (a authentik) DeleteGroup(ctx context.Context, id string) error {
	_, err := a.send(ctx, http.MethodDelete, "/Groups/"+id, "", "", http.StatusNoContent, http.StatusNotFound)
	return err
}

func (a authentik) Import(ctx context.Context) ([]Account, error) { return a.pages(ctx, "") }
