package scim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// The types of an [Event] (RFC 9967, section 2): those of provisioning. They are notices: they say
// what has changed, not to what. Who joins or leaves a receiver's feed, and what is answered later,
// are not this package's to tell.
const (
	EventCreate     = "urn:ietf:params:scim:event:prov:create:notice"
	EventPatch      = "urn:ietf:params:scim:event:prov:patch:notice"
	EventPut        = "urn:ietf:params:scim:event:prov:put:notice"
	EventDelete     = "urn:ietf:params:scim:event:prov:delete"
	EventActivate   = "urn:ietf:params:scim:event:prov:activate"
	EventDeactivate = "urn:ietf:params:scim:event:prov:deactivate"
)

// happened tells of a change.
func (x *exchange) happened(kind resourceKind, id, externalID, what string, attributes []string) {
	if x.h.o.Event == nil {
		return
	}
	x.h.o.Event(x.ctx, Event{Type: what, ResourceType: kind.String(), ID: id, ExternalID: externalID,
		Attributes: attributes, At: x.h.o.Now()})
}

// happenedTo is happened for a group, some of whose members may have changed.
func (x *exchange) happenedTo(g Group, what string, attributes []string, m MemberChange, skipped []string) {
	if x.h.o.Event == nil {
		return
	}
	nobody := make(map[string]bool, len(skipped))
	for _, id := range skipped {
		nobody[id] = true
	}
	e := Event{Type: what, ResourceType: groupKind.String(), ID: g.ID, ExternalID: g.ExternalID, Attributes: attributes, Replaced: m.Clear, At: x.h.o.Now()}
	for _, id := range m.Add {
		if !nobody[id] {
			e.Added = append(e.Added, id)
		}
	}
	e.Removed = slices.Clone(m.Remove)
	x.h.o.Event(x.ctx, e)
}

// snapshot is a copy of attributes that no later change reaches, each as it would be sent.
func snapshot(externalID string, attributes map[string]any) map[string]any {
	out := make(map[string]any, len(attributes)+1)
	if externalID != "" {
		out["externalId"] = externalID
	}
	for name, v := range attributes {
		if parts, ok := v.(map[string]any); ok && strings.HasPrefix(name, "urn:") {
			for part, v := range parts {
				out[name+":"+part] = frozen(v)
			}
			continue
		}
		out[name] = frozen(v)
	}
	return out
}

func frozen(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// differing names the attributes that are not the same.
func differing(before, after map[string]any) []string {
	var names []string
	for name, v := range after {
		if before[name] != v {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// names are those of the attributes that a new resource has.
func (x *exchange) names(externalID string, attributes func() map[string]any) []string {
	if x.h.o.Event == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(snapshot(externalID, attributes())))
}

// changes are the names of the attributes that are not as they were in before, a snapshot.
func (x *exchange) changes(before map[string]any, externalID string, attributes func() map[string]any) []string {
	if x.h.o.Event == nil {
		return nil
	}
	return differing(before, snapshot(externalID, attributes()))
}
