package scim

import (
	"encoding/json"
	"errors"

	"github.com/accesssec/accesssec-go/scim/filter"
)

const searchSchema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

// search answers a POST to a ".search" (RFC 7644, section 3.4.3).
func (x *exchange) search(kind resourceKind) error {
	raw, err := x.body()
	if err != nil {
		return err
	}
	if err := hasSchema(raw, searchSchema); err != nil {
		return err
	}
	p, err := searched(raw)
	if err != nil {
		return err
	}
	x.seen.Filter = p.given.filter
	if kind == anyKind {
		return x.both(p)
	}
	return x.listOf(kind, p)
}

// searched reads the parameters of a search. null is as if it were not there.
func searched(raw map[string]any) (parameters, error) {
	var p parameters
	for _, name := range []string{"attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "cursor", "startIndex", "count"} {
		v, _ := fieldNamed(raw, name)
		var err error
		switch v := v.(type) {
		case nil:
		case string:
			err = p.set(name, v)
		case json.Number:
			if name != "startIndex" && name != "count" {
				err = badRequest(InvalidValue, name+" is a text.")
				break
			}
			err = p.set(name, v.String())
		case []any:
			if name != "attributes" && name != "excludedAttributes" {
				err = badRequest(InvalidValue, name+" is no list.")
				break
			}
			for _, one := range v {
				s, ok := one.(string)
				if !ok {
					return p, badRequest(InvalidValue, name+" is a list of texts.")
				}
				if err = p.set(name, s); err != nil {
					break
				}
			}
		default:
			err = badRequest(InvalidValue, name+" is of the wrong type.")
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// both lists users and then groups, each in its order (RFC 7644, section 3.4.2.1).
func (x *exchange) both(p parameters) error {
	users, err := x.h.users.projection(p.attributes, p.excluded)
	if err != nil {
		return err
	}
	groups, err := x.h.groups.projection(p.attributes, p.excluded)
	if err != nil {
		return err
	}
	u, g, err := x.questions(p)
	if err != nil {
		return err
	}
	pages, err := x.page(p, anyKind, u.where, g.where)
	if err != nil {
		return err
	}
	found, next, err := x.findBoth(pages, u, g)
	if err != nil {
		return err
	}
	x.beginList(pages, found.total, found.len(), x.further(pages, found.total, next))
	if err := x.appendBatch(found, users, groups, true); err != nil {
		return err
	}
	return x.endList()
}

// A question is what a search over both types asks of one.
type question struct {
	kind  resourceKind
	where where
	by    *filter.Attribute
	desc  bool
}

// questions takes a search apart. An attribute that one type has and the other not is absent
// there.
func (x *exchange) questions(p parameters) (users, groups question, err error) {
	users, groups = question{kind: userKind, desc: descending(p)}, question{kind: groupKind, desc: descending(p)}
	parsed, err := x.parsed(p)
	if err != nil {
		return users, groups, err
	}
	for _, q := range []*question{&users, &groups} {
		own, other := x.h.users, x.h.groups
		if q.kind == groupKind {
			own, other = other, own
		}
		q.where.ever = true
		if parsed != nil {
			n := narrowing{kind: q.kind, look: x.lookup(own), other: x.lookup(other)}
			if q.where, err = x.narrowedBy(&n, parsed); err != nil {
				return users, groups, err
			}
		}
		if q.by, err = x.sorted(p, own); err != nil {
			if _, known := x.sorted(p, other); known != nil {
				return users, groups, err
			}
		}
	}
	return users, groups, nil
}

// partUsers and partGroups begin a place in the list of both, and say in which part it is.
const partUsers, partGroups = "u", "g"

// findBoth finds a page of users, then groups. Its next is where the one after it begins.
func (x *exchange) findBoth(g paging, users, groups question) (found batch, next string, err error) {
	offset, after := g.start-1, ""
	part := partUsers
	if g.cursor {
		offset = 0
		if g.place.after != "" {
			part, after = g.place.after[:1], g.place.after[1:]
		}
	}
	counted := g.place.after == "" // else the cursor knows how many there are
	limit := g.limit
	if part == partUsers {
		if found, err = x.ask(users, Query{Offset: offset, After: after, Limit: limit, Total: counted}); err != nil {
			return found, "", err
		}
		limit -= found.len()
		offset, after = max(0, offset-found.total), ""
		if found.next != "" && g.cursor {
			next = partUsers + found.next
			limit = 0
		}
	}
	if limit > 0 || counted || next == "" {
		theirs, err := x.ask(groups, Query{Offset: offset, After: after, Limit: limit, Total: counted || limit == 0})
		if err != nil {
			return found, "", err
		}
		switch {
		case next != "":
		case limit == 0 && theirs.total > 0:
			next = partGroups
		case theirs.next != "":
			next = partGroups + theirs.next
		}
		found.groups, found.total = theirs.groups, found.total+theirs.total
	}
	if !counted {
		found.total = g.place.total
	}
	return found, next, nil
}

func (x *exchange) ask(of question, q Query) (batch, error) {
	if !of.where.ever {
		return batch{}, nil
	}
	if q.After != "" && q.Offset != 0 {
		return batch{}, errors.New("scim: a place and an offset at once")
	}
	q.Filter, q.SortBy, q.Desc = of.where.expr, of.by, of.desc
	return x.find(of.kind, q)
}
