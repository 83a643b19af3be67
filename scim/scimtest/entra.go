package scimtest

import (
	"context"
	"net/http"

	"github.com/accesssec/accesssec-go/scim"
)

// entra is Microsoft Entra ID's provisioning service.
type entra struct {
	*connector
	flag bool
}

// NewEntra is Microsoft Entra ID. flag says whether the tenant's URL has the feature flag
// aadOptscim062020, with which it sends PATCHes that keep to the RFC. Without it, active is
// text, members are removed by value, and an op begins with a capital.
//
// It looks up by userName and displayName, asks for groups without their members, changes
// users attribute by attribute, deactivates before it deletes, and sends only what differs. It
// can't take any other content type than application/scim+json, a 404 for a list, or the
// answer to a PATCH of a group that has the members in it.
func NewEntra(target Target, flag bool) Client {
	c := newConnector("Entra", target, "application/scim+json; charset=utf-8", scimJSON)
	if flag {
		c.name = "Entra with its flag"
	}
	c.header["User-Agent"] = []string{""} // it publishes none
	return entra{c, flag}
}

// op is a name of an operation as this version writes it.
func (e entra) op(capital, plain string) string {
	if e.flag {
		return plain
	}
	return capital
}

func (e entra) TestConnection(ctx context.Context) error {
	id, err := e.lookUp(ctx, "/Users", "", `userName eq "AzureAD_Test-`+newText()+`"`, false)
	if err == nil && id != "" {
		return e.fault(reply{}, "a name that nobody has finds %q", id)
	}
	return err
}

func (e entra) CreateUser(ctx context.Context, p Person) (string, error) {
	id, err := e.lookUp(ctx, "/Users", "", "userName eq "+quoted(p.UserName), false)
	if err != nil {
		return "", err
	}
	if id != "" {
		return id, e.change(ctx, id, p, true)
	}
	body := map[string]any{
		"schemas": []any{scim.UserSchema, scim.EnterpriseSchema}, "externalId": p.ExternalID, "userName": p.UserName, "active": true,
		"displayName": p.Given + " " + p.Family,
		"emails":      []any{map[string]any{"primary": true, "type": "work", "value": p.UserName}},
		"meta":        map[string]any{"resourceType": "User"},
		"name":        map[string]any{"formatted": p.Given + " " + p.Family, "familyName": p.Family, "givenName": p.Given},
		"roles":       []any{},
	}
	if p.Department != "" {
		body[scim.EnterpriseSchema] = map[string]any{"department": p.Department}
	}
	r, err := e.resource(ctx, http.MethodPost, "/Users", "", marshal(body), http.StatusCreated)
	return r.id(), err
}

func (e entra) UpdateUser(ctx context.Context, id string, p Person) error {
	return e.change(ctx, id, p, false)
}

// change reads a user and sends what differs.
func (e entra) change(ctx context.Context, id string, p Person, activate bool) error {
	r, err := e.resource(ctx, http.MethodGet, "/Users/"+id, "", "", http.StatusOK)
	if err != nil {
		return err
	}
	work := ""
	if list, ok := r.json["emails"].([]any); ok {
		for _, m := range list {
			if dig(m, "type") == "work" {
				work, _ = dig(m, "value").(string)
			}
		}
	}
	var ops []any
	loose := map[string]any{}
	for _, a := range []struct{ path, is, want string }{
		{"userName", r.text("userName"), p.UserName},
		{"displayName", r.text("displayName"), p.Given + " " + p.Family},
		{"externalId", r.text("externalId"), p.ExternalID},
		{"name.givenName", r.text("name", "givenName"), p.Given},
		{"name.familyName", r.text("name", "familyName"), p.Family},
		{`emails[type eq "work"].value`, work, p.UserName},
		{scim.EnterpriseSchema + ":department", r.text(scim.EnterpriseSchema, "department"), p.Department},
	} {
		switch {
		case a.is == a.want, a.want == "":
		case e.flag && a.path != `emails[type eq "work"].value`:
			loose[a.path] = a.want
		case a.is == "":
			ops = append(ops, operation(e.op("Add", "add"), a.path, a.want))
		default:
			ops = append(ops, operation(e.op("Replace", "replace"), a.path, a.want))
		}
	}
	if active, _ := r.json["active"].(bool); activate && !active {
		ops = append(ops, e.active(true))
	}
	if len(loose) > 0 {
		ops = append(ops, operation("replace", "", loose))
	}
	if len(ops) == 0 {
		return nil
	}
	return e.patchUser(ctx, id, ops...)
}

// active is the operation that sets it.
func (e entra) active(on bool) map[string]any {
	switch {
	case e.flag:
		return operation("replace", "active", on)
	case on:
		return operation("Replace", "active", "True")
	default:
		return operation("Replace", "active", "False")
	}
}

func (e entra) patchUser(ctx context.Context, id string, ops ...any) error {
	_, err := e.send(ctx, http.MethodPatch, "/Users/"+id, "", operations(ops...), http.StatusOK, http.StatusNoContent)
	return err
}

func (e entra) Deactivate(ctx context.Context, id string) error {
	if _, err := e.resource(ctx, http.MethodGet, "/Users/"+id, "", "", http.StatusOK); err != nil {
		return err
	}
	return e.patchUser(ctx, id, e.active(false))
}

func (e entra) Reactivate(ctx context.Context, p Person) (string, error) {
	id, err := e.lookUp(ctx, "/Users", "", "userName eq "+quoted(p.UserName), false)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", errNobody
	}
	return id, e.change(ctx, id, p, true)
}

func (e entra) DeleteUser(ctx context.Context, id string) error {
	if err := e.Deactivate(ctx, id); err != nil {
		return err
	}
	_, err := e.send(ctx, http.MethodDelete, "/Users/"+id, "", "", http.StatusNoContent)
	return err
}

func (e entra) CreateGroup(ctx context.Context, g Team) (string, error) {
	id, err := e.lookUp(ctx, "/Groups", "excludedAttributes=members", "displayName eq "+quoted(g.Name), false)
	if err != nil {
		return "", err
	}
	if id == "" {
		r, err := e.resource(ctx, http.MethodPost, "/Groups", "", marshal(map[string]any{
			"schemas":    []any{scim.GroupSchema, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"},
			"externalId": g.ExternalID, "displayName": g.Name, "meta": map[string]any{"resourceType": "Group"},
		}), http.StatusCreated)
		if err != nil {
			return "", err
		}
		id = r.id()
	}
	e.named(id, g.Name)
	return id, e.readGroup(ctx, id)
}

// readGroup reads a group as it always does: without the members.
func (e entra) readGroup(ctx context.Context, id string) error {
	r, err := e.resource(ctx, http.MethodGet, "/Groups/"+id, "excludedAttributes=members", "", http.StatusOK)
	if err == nil && r.json["members"] != nil {
		return e.fault(r, "members that were not asked for")
	}
	return err
}

func (e entra) patchGroup(ctx context.Context, id string, ops ...any) error {
	if err := e.readGroup(ctx, id); err != nil {
		return err
	}
	r, err := e.send(ctx, http.MethodPatch, "/Groups/"+id, "", operations(ops...), http.StatusNoContent, http.StatusOK)
	if err == nil && r.json["members"] != nil {
		return e.fault(r, "the answer to a PATCH lists the members")
	}
	return err
}

func (e entra) RenameGroup(ctx context.Context, id, name string) error {
	if err := e.patchGroup(ctx, id, operation(e.op("Replace", "replace"), "displayName", name)); err != nil {
		return err
	}
	e.named(id, name)
	return nil
}

// referred are ids as it sends them.
func referred(ids []string) []any {
	out := []any{}
	for _, id := range ids {
		out = append(out, map[string]any{"$ref": nil, "value": id})
	}
	return out
}

func (e entra) AddMembers(ctx context.Context, group string, users ...string) error {
	if err := e.patchGroup(ctx, group, operation(e.op("Add", "add"), "members", referred(users))); err != nil {
		return err
	}
	e.booked(group, users, nil)
	return nil
}

func (e entra) RemoveMembers(ctx context.Context, group string, users ...string) error {
	ops := []any{operation("Remove", "members", referred(users))}
	if e.flag {
		ops = nil
		for _, id := range users {
			ops = append(ops, operation("remove", "members[value eq "+quoted(id)+"]", nil))
		}
	}
	if err := e.patchGroup(ctx, group, ops...); err != nil {
		return err
	}
	e.booked(group, nil, users)
	return nil
}

func (e entra) PushMembers(ctx context.Context, group string, users ...string) error {
	add, remove := e.difference(group, users)
	if len(remove) > 0 {
		if err := e.RemoveMembers(ctx, group, remove...); err != nil {
			return err
		}
	}
	if len(add) == 0 {
		return nil
	}
	return e.AddMembers(ctx, group, add...)
}

func (e entra) DeleteGroup(ctx context.Context, id string) error {
	_, err := e.send(ctx, http.MethodDelete, "/Groups/"+id, "", "", http.StatusNoContent)
	return err
}

func (e entra) Import(ctx context.Context) ([]Account, error) { return e.pages(ctx, "100") }
