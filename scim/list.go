package scim

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim/filter"
)

const listSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// parameters are what a request says of its answer, in its URL (RFC 7644, section 3.4.2) or in
// the body of a search (section 3.4.3).
type parameters struct {
	filter, sortBy, sortOrder, cursor string
	startIndex, count                 int
	given                             namedParameters
	attributes, excluded              []string
}

// namedParameters says which parameters are there, whatever their values.
type namedParameters struct{ filter, sortBy, sortOrder, cursor, startIndex, count bool }

// parameters reads those of the URL. What else is there is somebody else's.
func (x *exchange) parameters() (parameters, error) {
	var p parameters
	for rest := x.query; rest != ""; {
		var one string
		one, rest, _ = strings.Cut(rest, "&")
		name, value, _ := strings.Cut(one, "=")
		if strings.IndexByte(name, '%') >= 0 { // what is ours is never left out
			name, _ = url.QueryUnescape(name)
		}
		switch name {
		case "filter", "sortBy", "sortOrder", "cursor", "startIndex", "count", "attributes", "excludedAttributes":
			text, err := url.QueryUnescape(value)
			if err == nil {
				err = p.set(name, text)
			} else {
				err = badRequest(InvalidSyntax, "The parameter "+name+" is not escaped as a URL's are.")
			}
			if err != nil {
				return p, err
			}
		}
	}
	x.seen.Filter = p.given.filter
	return p, nil
}

// set takes one by its name. Twice is refused, but for those that are lists anyway: nobody
// knows which one counts.
func (p *parameters) set(name, text string) error {
	var known *bool
	var to *string
	switch name {
	case "attributes":
		p.attributes = append(p.attributes, text)
		return nil
	case "excludedAttributes":
		p.excluded = append(p.excluded, text)
		return nil
	case "filter":
		known, to = &p.given.filter, &p.filter
	case "sortBy":
		known, to = &p.given.sortBy, &p.sortBy
	case "sortOrder":
		known, to = &p.given.sortOrder, &p.sortOrder
	case "cursor":
		known, to = &p.given.cursor, &p.cursor
	case "startIndex":
		known = &p.given.startIndex
	case "count":
		known = &p.given.count
	}
	if *known {
		return badRequest(InvalidValue, "The parameter "+name+" is there twice.")
	}
	*known = true
	if to != nil {
		*to = text
		return nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if errors.Is(err, strconv.ErrRange) {
		err, n = nil, maxIndex
		if strings.HasPrefix(strings.TrimSpace(text), "-") {
			n = -maxIndex
		}
	}
	if err != nil {
		return badRequest(InvalidValue, "The parameter "+name+" is no number.")
	}
	if n = max(-maxIndex, min(n, maxIndex)); name == "count" {
		p.count = n
	} else {
		p.startIndex = n
	}
	return nil
}

// maxIndex is beyond every list.
const maxIndex = 1 << 30

// A paging is which part of a list is asked for, checked.
type paging struct {
	start  int // the index of the first, from 1
	limit  int
	cursor bool
	place  cursor // where it goes on; the zero value at the first page
	asked  asked
}

// page checks what the parameters say of pages. A cursor is bound to the type and the filters.
func (x *exchange) page(p parameters, kind resourceKind, filters ...where) (paging, error) {
	g := paging{start: max(p.startIndex, 1), limit: x.h.o.DefaultCount, cursor: p.given.cursor}
	if p.given.count {
		g.limit = min(max(p.count, 0), x.h.o.MaxResults)
	}
	if !g.cursor {
		return g, nil
	}
	g.asked = asked{scope: x.tenant.Scope, resource: kind.String(), sort: p.sortBy, desc: descending(p)}
	for _, f := range filters {
		g.asked.filter += f.String() + "\x00"
	}
	if p.given.startIndex {
		return g, badRequest(InvalidValue, "A request has a cursor or a startIndex, not both.")
	}
	if p.given.count && p.count < 0 {
		return g, badRequest(InvalidCount, "A count is 0 or more.")
	}
	if p.cursor == "" {
		return g, nil
	}
	var err error
	if g.place, err = openCursor(x.h.o.CursorKey, g.asked, p.cursor, x.h.o.Now()); err != nil {
		return g, err
	}
	if p.given.count && g.limit != g.place.count {
		return g, badRequest(InvalidCount, "The count is another one than at the first page.")
	}
	g.limit = g.place.count
	return g, nil
}

// further is the cursor of the page behind after, "" at the end.
func (x *exchange) further(g paging, total int, after string) string {
	if !g.cursor || after == "" || g.limit == 0 {
		return ""
	}
	c := cursor{expires: x.h.o.Now().Add(x.h.o.CursorLifetime).Truncate(time.Second), count: g.limit, total: total, after: after}
	return c.sign(x.h.o.CursorKey, g.asked)
}

// descending reports the order that is asked for; checked by sorted.
func descending(p parameters) bool {
	return p.given.sortBy && strings.EqualFold(p.sortOrder, "descending")
}

// sorted resolves what to sort by.
func (x *exchange) sorted(p parameters, m *model) (*filter.Attribute, error) {
	if p.sortOrder != "" && !strings.EqualFold(p.sortOrder, "ascending") && !strings.EqualFold(p.sortOrder, "descending") {
		return nil, badRequest(InvalidValue, "The sortOrder is ascending or descending.")
	}
	if p.sortBy == "" {
		return nil, nil
	}
	a, err := filter.ResolveSort(p.sortBy, x.lookup(m))
	if err != nil {
		return nil, filterFault(InvalidPath, err)
	}
	if a.Path.Name == "members" || a.Path.Sub == "resourceType" { // many for one, one for all
		return nil, badRequest(InvalidPath, "A list can't be sorted by "+a.Path.String()+".")
	}
	return &a, nil
}

// list answers a GET of many (RFC 7644, section 3.4.2).
func (x *exchange) list(kind resourceKind) error {
	p, err := x.parameters()
	if err != nil {
		return err
	}
	if kind == anyKind {
		return x.both(p)
	}
	return x.listOf(kind, p)
}

// listOf lists resources of one type.
func (x *exchange) listOf(kind resourceKind, p parameters) error {
	m := x.model(kind)
	proj, err := m.projection(p.attributes, p.excluded)
	if err != nil {
		return err
	}
	where, err := x.where(p, kind)
	if err != nil {
		return err
	}
	by, err := x.sorted(p, m)
	if err != nil {
		return err
	}
	g, err := x.page(p, kind, where)
	if err != nil {
		return err
	}
	q := Query{Filter: where.expr, SortBy: by, Desc: descending(p), Limit: g.limit, Total: g.place.after == "", After: g.place.after}
	if !g.cursor {
		q.Offset = g.start - 1
	}
	var found batch
	if where.ever {
		if found, err = x.find(kind, q); err != nil {
			return err
		}
	}
	if !q.Total {
		found.total = g.place.total
	}
	x.beginList(g, found.total, found.len(), x.further(g, found.total, found.next))
	if err := x.appendBatch(found, proj, proj, true); err != nil {
		return err
	}
	return x.endList()
}

// A batch is what is found of one type.
type batch struct {
	users  []User
	groups []Group
	total  int
	next   string
}

func (f batch) len() int { return len(f.users) + len(f.groups) }

func (x *exchange) find(kind resourceKind, q Query) (found batch, err error) {
	if kind == groupKind {
		var page Page[Group]
		page, err = x.backend.Groups(x.ctx, q)
		found = batch{groups: page.Items, total: page.Total, next: page.Next}
	} else {
		var page Page[User]
		page, err = x.backend.Users(x.ctx, q)
		found = batch{users: page.Items, total: page.Total, next: page.Next}
	}
	if err == nil && len(found.next) > mostPlace {
		err = errors.New("scim: the backend's place in a list is longer than 512 bytes")
	}
	return found, err
}

// beginList writes a list as far as its resources.
func (x *exchange) beginList(g paging, total, items int, next string) {
	x.begin(http.StatusOK, "", "")
	b := append(x.b[:0], `{"schemas":["`+listSchema+`"],"totalResults":`...)
	b = strconv.AppendInt(b, int64(total), 10)
	if !g.cursor {
		b = strconv.AppendInt(append(b, `,"startIndex":`...), int64(g.start), 10)
	}
	b = strconv.AppendInt(append(b, `,"itemsPerPage":`...), int64(items), 10)
	if next != "" {
		b = appendText(append(b, `,"nextCursor":`...), next)
	}
	x.b = append(b, `,"Resources":[`...)
}

func (x *exchange) endList() error {
	x.b = append(x.b, ']', '}')
	return x.end()
}

// appendBatch writes resources. leading: there are none before them.
func (x *exchange) appendBatch(f batch, users, groups *projection, leading bool) error {
	in, err := x.groupsOf(f.users, users)
	if err != nil {
		return err
	}
	for _, u := range f.users {
		if !leading {
			x.b = append(x.b, ',')
		}
		leading = false
		x.b = x.spill(x.h.users.appendUser(x.b, u, in[u.ID], x.base, users))
	}
	for _, g := range f.groups {
		if !leading {
			x.b = append(x.b, ',')
		}
		leading = false
		var members func([]byte) ([]byte, error)
		if groups.wants("members") {
			members = x.membersOf(g.ID, groups)
		}
		b, err := x.h.groups.appendGroup(x.b, g, x.base, groups, members)
		if err != nil {
			return err
		}
		x.b = x.spill(b)
	}
	return nil
}

// groupsOf reads the groups of all of them at once.
func (x *exchange) groupsOf(users []User, p *projection) (map[string][]Member, error) {
	if len(users) == 0 || !p.wants("groups") {
		return nil, nil
	}
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	return x.backend.GroupsOf(x.ctx, ids)
}
