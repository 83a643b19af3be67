package main

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"

	elimity "github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	filterparser "github.com/scim2/filter-parser/v2"
)

// elimityUsers is the least that a host of that library has to write: a map, an index of
// names, and "active" in a PATCH.
type elimityUsers struct {
	mu     sync.Mutex
	byID   map[string]elimity.ResourceAttributes
	byName map[string]string
}

// elimityServer serves /v2/Users to the same users as ours.
func elimityServer(ids []string) (http.Handler, error) {
	h := &elimityUsers{byID: map[string]elimity.ResourceAttributes{}, byName: map[string]string{}}
	for n, id := range ids {
		name := address(int64(n))
		h.byName[name] = id
		h.byID[id] = elimity.ResourceAttributes{"userName": name, "active": true,
			"emails": []any{map[string]any{"value": name, "type": "work", "primary": true}},
			"name":   map[string]any{"givenName": "Ann", "familyName": "Example"}}
	}
	return elimity.NewServer(&elimity.ServerArgs{
		ServiceProviderConfig: &elimity.ServiceProviderConfig{SupportFiltering: true, SupportPatch: true},
		ResourceTypes: []elimity.ResourceType{{
			ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: schema.CoreUserSchema(),
			SchemaExtensions: []elimity.SchemaExtension{{Schema: schema.ExtensionEnterpriseUser()}}, Handler: h,
		}},
	})
}

// found is a copy, since the library writes into what it is handed.
func (h *elimityUsers) found(id string) (elimity.Resource, error) {
	a, ok := h.byID[id]
	if !ok {
		return elimity.Resource{}, fmt.Errorf("no user %q", id)
	}
	return elimity.Resource{ID: id, Attributes: maps.Clone(a)}, nil
}

func (h *elimityUsers) Create(_ *http.Request, a elimity.ResourceAttributes) (elimity.Resource, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := fmt.Sprintf("u%d", len(h.byID))
	h.byID[id] = maps.Clone(a)
	h.byName[strings.ToLower(a["userName"].(string))] = id
	return h.found(id)
}

func (h *elimityUsers) Get(_ *http.Request, id string) (elimity.Resource, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.found(id)
}

func (h *elimityUsers) GetAll(_ *http.Request, p elimity.ListRequestParams) (elimity.Page, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.FilterValidator == nil {
		return elimity.Page{TotalResults: len(h.byID)}, nil
	}
	if err := p.FilterValidator.Validate(); err != nil {
		return elimity.Page{}, err
	}
	e, ok := p.FilterValidator.GetFilter().(*filterparser.AttributeExpression)
	if !ok {
		return elimity.Page{}, fmt.Errorf("only userName eq is asked here")
	}
	r, err := h.found(h.byName[strings.ToLower(e.CompareValue.(string))])
	return elimity.Page{TotalResults: 1, Resources: []elimity.Resource{r}}, err
}

func (h *elimityUsers) Patch(_ *http.Request, id string, ops []elimity.PatchOperation) (elimity.Resource, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, op := range ops {
		h.byID[id]["active"] = op.Value
	}
	return h.found(id)
}

func (h *elimityUsers) Replace(*http.Request, string, elimity.ResourceAttributes) (elimity.Resource, error) {
	return elimity.Resource{}, fmt.Errorf("not asked here")
}

func (h *elimityUsers) Delete(*http.Request, string) error { return fmt.Errorf("not asked here") }
