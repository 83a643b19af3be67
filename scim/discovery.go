package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim/filter"
)

const (
	configSchema       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	schemaSchema       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

// A discovery is what clients read to learn what is served (RFC 7644, section 4). It is made
// once; only where it is differs from tenant to tenant.
type discovery struct {
	config        document
	resourceTypes []document
	schemas       []document
}

// A document is JSON without its end: its meta is written behind.
type document struct {
	id, typ, path string
	open          []byte // "{…," with all else
}

func (d document) append(b []byte, base string) []byte {
	b = append(b, d.open...)
	b = appendText(append(b, `"meta":{"resourceType":`...), d.typ)
	b = appendText(append(b, `,"location":`...), base+d.path)
	return append(b, '}', '}')
}

func newDiscovery(o *Options) (*discovery, error) {
	d := &discovery{}
	var err error
	if d.config, err = newDocument("", "ServiceProviderConfig", "/ServiceProviderConfig", configOf(o)); err != nil {
		return nil, err
	}
	for _, s := range o.Schemas.all() {
		made, err := newDocument(s.ID, "Schema", "/Schemas/"+s.ID, schemaOf(s))
		if err != nil {
			return nil, err
		}
		d.schemas = append(d.schemas, made)
	}
	for _, kind := range []resourceKind{userKind, groupKind} {
		made, err := newDocument(kind.String(), "ResourceType", "/ResourceTypes/"+kind.String(), resourceTypeOf(o.Schemas, kind))
		if err != nil {
			return nil, err
		}
		d.resourceTypes = append(d.resourceTypes, made)
	}
	return d, nil
}

func newDocument(id, typ, path string, content any) (document, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return document{}, fmt.Errorf("scim: %s: %w", path, err)
	}
	text[len(text)-1] = ','
	return document{id: id, typ: typ, path: path, open: text}, nil
}

// discover answers a GET of what is served.
func (x *exchange) discover(to route) error {
	p, err := x.parameters()
	if err != nil {
		return err
	}
	if p.given.filter {
		return &Error{Status: http.StatusForbidden, Detail: "What is served can't be filtered."}
	}
	d := x.h.discovery
	list := d.schemas
	switch to.place {
	case atConfig:
		return x.showDocument(d.config)
	case atResourceTypes:
		list = d.resourceTypes
	}
	if to.id == "" {
		return x.showDocuments(list)
	}
	for _, one := range list {
		if strings.EqualFold(one.id, to.id) {
			return x.showDocument(one)
		}
	}
	return notFound()
}

func (x *exchange) showDocument(d document) error {
	x.begin(http.StatusOK, "", x.base+d.path)
	x.b = d.append(x.b[:0], x.base)
	return x.end()
}

// showDocuments shows them all: there are no pages here, whatever the client asks for.
func (x *exchange) showDocuments(list []document) error {
	x.begin(http.StatusOK, "", "")
	n := int64(len(list))
	b := strconv.AppendInt(append(x.b[:0], `{"schemas":["`+listSchema+`"],"totalResults":`...), n, 10)
	b = strconv.AppendInt(append(b, `,"startIndex":1,"itemsPerPage":`...), n, 10)
	b = append(b, `,"Resources":[`...)
	for i, one := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one.append(b, x.base)
	}
	x.b = append(b, ']', '}')
	return x.end()
}

type supported struct {
	Supported bool `json:"supported"`
}

type bulkConfig struct {
	Supported      bool  `json:"supported"`
	MaxOperations  int   `json:"maxOperations"`
	MaxPayloadSize int64 `json:"maxPayloadSize"`
}

type filterConfig struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
}

// pagingConfig is of RFC 9865, section 4.
type pagingConfig struct {
	Cursor        bool   `json:"cursor"`
	Index         bool   `json:"index"`
	Default       string `json:"defaultPaginationMethod"`
	DefaultSize   int    `json:"defaultPageSize"`
	MaxSize       int    `json:"maxPageSize"`
	CursorTimeout int64  `json:"cursorTimeout"` // seconds
}

type schemeConfig struct {
	Type             string `json:"type"`
	Name             string `json:"name"`
	Description      string `json:"description"`
	SpecURI          string `json:"specUri,omitempty"`
	DocumentationURI string `json:"documentationUri,omitempty"`
	Primary          bool   `json:"primary"`
}

type providerConfig struct {
	Schemas        []string       `json:"schemas"`
	Documentation  string         `json:"documentationUri,omitempty"`
	Patch          supported      `json:"patch"`
	Bulk           bulkConfig     `json:"bulk"`
	Filter         filterConfig   `json:"filter"`
	ChangePassword supported      `json:"changePassword"`
	Sort           supported      `json:"sort"`
	ETag           supported      `json:"etag"`
	Pagination     pagingConfig   `json:"pagination"`
	Schemes        []schemeConfig `json:"authenticationSchemes"`
}

// configOf is all that a client may ask about (RFC 7643, section 5). Clients have taken a
// number that is missing for a feature that is.
func configOf(o *Options) providerConfig {
	c := providerConfig{
		Schemas: []string{configSchema}, Documentation: o.Documentation,
		Patch: supported{true}, Sort: supported{true}, ETag: supported{true},
		Bulk:   bulkConfig{true, o.MaxOperations, o.MaxBody},
		Filter: filterConfig{true, o.MaxResults},
		Pagination: pagingConfig{Cursor: true, Index: true, Default: "index",
			DefaultSize: o.DefaultCount, MaxSize: o.MaxResults, CursorTimeout: int64(o.CursorLifetime / time.Second)},
		Schemes: []schemeConfig{},
	}
	schemes := o.Authentication
	if schemes == nil {
		schemes = []AuthenticationScheme{{Type: "oauthbearertoken", Name: "Bearer token", Primary: true,
			Description: "A token in the Authorization header.", SpecURI: "https://www.rfc-editor.org/info/rfc6750"}}
	}
	for _, s := range schemes {
		c.Schemes = append(c.Schemes, schemeConfig(s))
	}
	return c
}

type extensionConfig struct {
	Schema   string `json:"schema"`
	Required bool   `json:"required"`
}

type resourceTypeConfig struct {
	Schemas     []string          `json:"schemas"`
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Endpoint    string            `json:"endpoint"`
	Description string            `json:"description"`
	Schema      string            `json:"schema"`
	Extensions  []extensionConfig `json:"schemaExtensions,omitempty"`
}

func resourceTypeOf(s *Schemas, kind resourceKind) resourceTypeConfig {
	c := resourceTypeConfig{Schemas: []string{resourceTypeSchema}, ID: kind.String(), Name: kind.String(),
		Endpoint: kind.path(), Description: "A person who may use the service.", Schema: UserSchema}
	if kind == groupKind {
		c.Description, c.Schema = "A group of people.", GroupSchema
	}
	for _, urn := range s.extensionsOf(kind.String()) {
		c.Extensions = append(c.Extensions, extensionConfig{Schema: urn})
	}
	return c
}

type schemaConfig struct {
	Schemas     []string          `json:"schemas"`
	ID          string            `json:"id"`
	Name        string            `json:"name,omitempty"`
	Description string            `json:"description,omitempty"`
	Attributes  []attributeConfig `json:"attributes"`
}

// attributeConfig describes an attribute with all its defaults written out (RFC 7643, section
// 7): nothing is null, nothing has to be known.
type attributeConfig struct {
	Name            string            `json:"name"`
	Type            filter.Type       `json:"type"`
	SubAttributes   []attributeConfig `json:"subAttributes,omitempty"`
	MultiValued     bool              `json:"multiValued"`
	Description     string            `json:"description"`
	Required        bool              `json:"required"`
	CanonicalValues []string          `json:"canonicalValues,omitempty"`
	CaseExact       bool              `json:"caseExact"`
	Mutability      string            `json:"mutability"`
	Returned        string            `json:"returned"`
	Uniqueness      string            `json:"uniqueness"`
	ReferenceTypes  []string          `json:"referenceTypes,omitempty"`
}

func schemaOf(s Schema) schemaConfig {
	return schemaConfig{Schemas: []string{schemaSchema}, ID: s.ID, Name: s.Name, Description: s.Description,
		Attributes: attributesConfig(s.Attributes)}
}

func attributesConfig(list []Attribute) []attributeConfig {
	out := make([]attributeConfig, 0, len(list))
	for _, a := range list {
		c := attributeConfig{Name: a.Name, Type: a.Type, MultiValued: a.MultiValued, Description: a.Description,
			Required: a.Required, CanonicalValues: a.CanonicalValues, CaseExact: a.CaseExact,
			Mutability: either(a.Mutability, "readWrite"), Returned: either(a.Returned, "default"),
			Uniqueness: either(a.Uniqueness, "none"), ReferenceTypes: a.ReferenceTypes}
		if a.Type == filter.Complex {
			c.SubAttributes = attributesConfig(a.SubAttributes)
		}
		out = append(out, c)
	}
	return out
}
