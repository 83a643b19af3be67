package scimtest

import (
	"context"
	"net/http"

	"github.com/accesssec/accesssec-go/scim"
)

// jumpCloud looks up and lists as OneLogin does.
type jumpCloud struct{ oneLogin }

// NewJumpCloud is JumpCloud. Its test of a connection makes and deletes a user and a group, so
// the mount must let it; where a DELETE is not supported it deactivates (see Notes). It knows the
// core attributes alone, renames a group by a replace without a path, removes members by value,
// and sends each addition of members twice.
func NewJumpCloud(target Target) Client {
	c := newConnector("JumpCloud", target, scimJSON, scimJSON, plainJSON)
	return jumpCloud{oneLogin{c}}
}

func (j jumpCloud) TestConnection(ctx context.Context) error {
	p := Person{ExternalID: newText(), UserName: j.target.userName(), Given: "Test", Family: "User"}
	id, err := j.CreateUser(ctx, p)
	if err != nil {
		return err
	}
	if err := j.DeleteUser(ctx, id); err != nil {
		return err
	}
	group, err := j.CreateGroup(ctx, Team{Name: newText()})
	if err != nil {
		return err
	}
	return j.DeleteGroup(ctx, group)
}

func (j jumpCloud) CreateUser(ctx context.Context, p Person) (string, error) {
	id, err := j.lookUp(ctx, "/Users", "", "userName eq "+quoted(p.UserName), true)
	if err != nil {
		return "", err
	}
	if id != "" {
		return id, j.UpdateUser(ctx, id, p)
	}
	r, err := j.resource(ctx, http.MethodPost, "/Users", "", marshal(plainUser(p, true)), http.StatusCreated)
	return r.id(), err
}

func (j jumpCloud) put(ctx context.Context, id string, user map[string]any) error {
	_, err := j.resource(ctx, http.MethodPut, "/Users/"+id, "", marshal(user), http.StatusOK)
	return err
}

func (j jumpCloud) UpdateUser(ctx context.Context, id string, p Person) error {
	return j.put(ctx, id, plainUser(p, true))
}

// DeleteUser deactivates where there is no DELETE.
func (j jumpCloud) DeleteUser(ctx context.Context, id string) error {
	r, err := j.send(ctx, http.MethodDelete, "/Users/"+id, "", "", http.StatusNoContent, http.StatusMethodNotAllowed, http.StatusNotImplemented)
	if err != nil || r.status == http.StatusNoContent {
		return err
	}
	j.note("users can't be deleted: it deactivates them")
	u, err := j.resource(ctx, http.MethodGet, "/Users/"+id, "", "", http.StatusOK)
	if err != nil {
		return err
	}
	u.json["active"] = false
	return j.put(ctx, id, u.json)
}

func (j jumpCloud) Reactivate(ctx context.Context, p Person) (string, error) {
	id, err := j.lookUp(ctx, "/Users", "", "userName eq "+quoted(p.UserName), true)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", errNobody
	}
	return id, j.put(ctx, id, plainUser(p, true))
}

func (j jumpCloud) CreateGroup(ctx context.Context, g Team) (string, error) {
	id, err := j.lookUp(ctx, "/Groups", "", "displayName eq "+quoted(g.Name), true)
	if err != nil || id != "" {
		return id, err
	}
	r, err := j.resource(ctx, http.MethodPost, "/Groups", "", marshal(map[string]any{
		"schemas": []any{scim.GroupSchema}, "displayName": g.Name, "externalId": g.ExternalID, "members": []any{}}), http.StatusCreated)
	return r.id(), err
}

func (j jumpCloud) RenameGroup(ctx context.Context, id, name string) error {
	return j.patchGroup(ctx, id, operation("replace", "", map[string]any{"displayName": name}))
}

func (j jumpCloud) AddMembers(ctx context.Context, group string, users ...string) error {
	for range 2 {
		if err := j.patchGroup(ctx, group, operation("add", "members", values(users...))); err != nil {
			return err
		}
	}
	j.booked(group, users, nil)
	return nil
}

func (j jumpCloud) RemoveMembers(ctx context.Context, group string, users ...string) error {
	if err := j.patchGroup(ctx, group, operation("remove", "members", values(users...))); err != nil {
		return err
	}
	j.booked(group, nil, users)
	return nil
}

func (j jumpCloud) PushMembers(ctx context.Context, group string, users ...string) error {
	add, remove := j.difference(group, users)
	if len(remove) > 0 {
		if err := j.RemoveMembers(ctx, group, remove...); err != nil {
			return err
		}
	}
	if len(add) == 0 {
		return nil
	}
	return j.AddMembers(ctx, group, add...)
}
