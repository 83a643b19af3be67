package scim

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// resourceKind is one of the two types of resources.
type resourceKind uint8

const (
	anyKind resourceKind = iota // of a search over both
	userKind
	groupKind
)

func (k resourceKind) String() string { return [...]string{"", "User", "Group"}[k] }

// path is the endpoint of the type.
func (k resourceKind) path() string { return [...]string{"", "/Users", "/Groups"}[k] }

// place is what a path leads to.
type place uint8

const (
	nowhere place = iota
	atList        // /Users, /Groups, and the root, which lists both
	atResource
	atSearch
	atMe
	atBulk
	atSchemas
	atResourceTypes
	atConfig
)

// route is where a request goes.
type route struct {
	place place
	kind  resourceKind
	id    string // of a resource, schema or resource type; "" the list of them
}

// allowed are the methods of a place (RFC 7644, section 3.2), as in an Allow header.
func (r route) allowed() string {
	switch r.place {
	case atList:
		if r.kind != anyKind {
			return "GET, HEAD, POST"
		}
	case atResource, atMe:
		return "GET, HEAD, PUT, PATCH, DELETE"
	case atSearch, atBulk:
		return "POST"
	}
	return "GET, HEAD"
}

// takes reports whether the method is one of the place's.
func (r route) takes(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead:
		return r.place != atSearch && r.place != atBulk
	case http.MethodPost:
		return r.place == atSearch || r.place == atBulk || r.place == atList && r.kind != anyKind
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		return r.place == atResource || r.place == atMe
	}
	return false
}

// mostSegments of a path lead anywhere: a base path has some of them.
const mostSegments = 12

// segments are the parts of a path between its slashes. loose: some were empty; !ok: there are
// too many.
func segments(path string, room []string) (parts []string, loose, ok bool) {
	path = strings.TrimPrefix(path, "/")
	for path != "" {
		part, rest, more := strings.Cut(path, "/")
		if part == "" || more && rest == "" {
			loose = true
		}
		if part != "" {
			if len(room) == mostSegments {
				return nil, false, false
			}
			room = append(room, part)
		}
		path = rest
	}
	return room, loose, true
}

// locate finds where a path leads. base, as segments, is left out where it is there: the
// handler may stand behind an http.StripPrefix. below lies in room.
func locate(path string, base []string, room *[mostSegments]string) (to route, below []string, loose bool) {
	parts, loose, ok := segments(path, room[:0])
	if !ok {
		return route{}, nil, false
	}
	if len(base) > 0 && len(parts) >= len(base) {
		same := true
		for i, b := range base {
			same = same && parts[i] == b
		}
		if same {
			parts = parts[len(base):]
		}
	}
	return routeOf(parts), parts, loose && len(parts) > 0 // the base itself may end in a slash
}

func routeOf(parts []string) route {
	switch len(parts) {
	case 0:
		return route{place: atList}
	case 1:
		return route{place: firstPlace(parts[0]), kind: kindOf(parts[0])}
	case 2:
		to := route{place: firstPlace(parts[0]), kind: kindOf(parts[0]), id: parts[1]}
		switch {
		case !utf8.ValidString(to.id) || strings.IndexByte(to.id, 0) >= 0: // no database takes it
			return route{}
		case to.place == atList && to.id == ".search":
			return route{place: atSearch, kind: to.kind}
		case to.place == atList:
			to.place = atResource
			return to
		case to.place == atSchemas || to.place == atResourceTypes:
			return to
		}
	}
	return route{}
}

func firstPlace(part string) place {
	switch part {
	case "Users", "Groups":
		return atList
	case ".search":
		return atSearch
	case "Me":
		return atMe
	case "Bulk":
		return atBulk
	case "Schemas":
		return atSchemas
	case "ResourceTypes":
		return atResourceTypes
	case "ServiceProviderConfig":
		return atConfig
	}
	return nowhere
}

func kindOf(part string) resourceKind {
	switch part {
	case "Users":
		return userKind
	case "Groups":
		return groupKind
	}
	return anyKind
}

// glued finds the path of a request whose client was told a base URL with a query, and put
// the path behind it: "/scim/v2?aadOptscim062020/Users?count=1".
func glued(query string) (path, rest string, ok bool) {
	slash := strings.IndexByte(query, '/')
	if slash < 0 || strings.ContainsAny(query[:slash], "=&%?") {
		return "", "", false
	}
	path, rest, _ = strings.Cut(query[slash:], "?")
	path, err := url.PathUnescape(path)
	return path, rest, err == nil
}
