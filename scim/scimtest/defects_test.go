package scimtest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/accesssec/accesssec-go/scim"
)

// defect is a way to get a mount wrong, and the test that must notice.
type defect struct {
	name   string
	fails  string // below TestSubject
	mount  func(http.Handler) http.Handler
	tenant func(scim.Tenant) scim.Tenant
}

// asked changes requests on their way in.
func asked(change func(r *http.Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		})
	}
}

// sent changes bodies of requests.
func sent(change func(body string) string) func(http.Handler) http.Handler {
	return asked(func(r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return // the handler meets the same
		}
		b = []byte(change(string(b)))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	})
}

// answered changes answers on their way out.
func answered(change func(r *http.Request, a *httptest.ResponseRecorder)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := httptest.NewRecorder()
			next.ServeHTTP(a, r)
			change(r, a)
			for name, values := range a.Header() {
				w.Header()[name] = values
			}
			w.Header().Del("Content-Length")
			w.WriteHeader(a.Code)
			_, _ = a.Body.WriteTo(w)
		})
	}
}

// reworded changes the text of answers below a path.
func reworded(path, pattern, by string) func(http.Handler) http.Handler {
	re := regexp.MustCompile(pattern)
	return answered(func(r *http.Request, a *httptest.ResponseRecorder) {
		if strings.Contains(r.URL.Path, path) {
			text := re.ReplaceAllString(a.Body.String(), by)
			a.Body.Reset()
			a.Body.WriteString(text)
		}
	})
}

// without drops a parameter of the query.
func without(name string) func(http.Handler) http.Handler {
	return asked(func(r *http.Request) {
		q := r.URL.Query()
		q.Del(name)
		r.URL.RawQuery = q.Encode()
	})
}

// deaf drops a header of requests.
func deaf(name string) func(http.Handler) http.Handler {
	return asked(func(r *http.Request) { r.Header.Del(name) })
}

// over puts a defect into each tenant's backend.
func over(wrap func(scim.Backend) scim.Backend) func(scim.Tenant) scim.Tenant {
	return func(t scim.Tenant) scim.Tenant {
		t.Backend = wrap(t.Backend)
		return t
	}
}

// clearing removes all members where some are to be removed.
func clearing(body string) string {
	re := regexp.MustCompile(`("op":"[Rr]emove","path":"members"),"value":\[\{[^\]]*\]`)
	return re.ReplaceAllString(body, "$1")
}

func defects() []defect {
	bodiless := answered(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == http.StatusCreated {
			a.Body.Reset()
		}
	})
	typed := func(kind string) func(http.Handler) http.Handler {
		return answered(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set("Content-Type", kind) })
	}
	status := func(from, to int) func(http.Handler) http.Handler {
		return answered(func(_ *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == from {
				a.Code = to
				text := strings.ReplaceAll(a.Body.String(), `"status":"`+strconv.Itoa(from)+`"`, `"status":"`+strconv.Itoa(to)+`"`)
				a.Body.Reset()
				a.Body.WriteString(text)
			}
		})
	}
	open := asked(func(r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer two" {
			r.Header.Set("Authorization", "Bearer one")
		}
	})
	return []defect{
		{name: "a new user without a body", fails: "Run/Users/Create", mount: bodiless},
		{name: "another content type", fails: "Run/Groups/Create", mount: typed("text/json")},
		{name: "no token is asked for", fails: "Run/Tokens/Refused", mount: open},
		{name: "one token is as good as another's", fails: "Run/Tenants/Unseen", mount: asked(func(r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer two" {
				r.Header.Set("Authorization", "Bearer one")
			}
		})},
		{name: "no Location", fails: "Run/Users/Create", mount: answered(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del("Location") })},
		{name: "no ETag", fails: "Run/Versions/Groups", mount: answered(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del("ETag") })},
		{name: "If-Match is not read", fails: "Run/Versions/Users", mount: deaf("If-Match")},
		{name: "If-Match is not read in a race", fails: "Run/Races/OneVersion", mount: deaf("If-Match")},
		{name: "If-None-Match is not read", fails: "Run/Versions/Users", mount: deaf("If-None-Match")},
		{name: "filters are not read", fails: "Run/Lists/Filters", mount: without("filter")},
		{name: "filters are not read, nor refused", fails: "Run/Lists/BadFilters", mount: without("filter")},
		{name: "sortBy is not read", fails: "Run/Lists/Sorted", mount: without("sortBy")},
		{name: "startIndex is not read", fails: "Run/Lists/Pages", mount: without("startIndex")},
		{name: "excludedAttributes is not read", fails: "Run/Projection/Members", mount: without("excludedAttributes")},
		{name: "attributes is not read", fails: "Run/Projection/One", mount: without("attributes")},
		{name: "cursors are not bound to the tenant", fails: "Run/Cursors/Refused", tenant: func(t scim.Tenant) scim.Tenant { t.Scope = "all"; return t }},
		{name: "no bulk.maxOperations", fails: "Run/Discovery/ServiceProviderConfig", mount: reworded("/ServiceProviderConfig", `"maxOperations":\d+,`, "")},
		{name: "a null among the schemas", fails: "Run/Discovery/Schemas", mount: reworded("/Schemas", `"required":true`, `"required":null`)},
		{name: "404 for another method", fails: "Run/Discovery/ReadOnly", mount: status(http.StatusMethodNotAllowed, http.StatusNotFound)},
		{name: "409 is 400", fails: "Run/Users/Taken", mount: status(http.StatusConflict, http.StatusBadRequest)},
		{name: "status as a number", fails: "Run/Okta/R12", mount: reworded("/Users", `"status":"404"`, `"status":404`)},
		{name: "failOnErrors is not read", fails: "Run/Bulk/Errors", mount: sent(func(b string) string { return strings.Replace(b, `"failOnErrors"`, `"fail"`, 1) })},
		{name: "duplicate names are taken", fails: "Run/Hostile/Bodies", mount: sent(func(b string) string {
			return strings.Replace(b, `,"USERNAME":"other@example.com"`, "", 1)
		})},
		{name: "NUL is taken", fails: "Run/Hostile/Text", mount: sent(func(b string) string { return strings.ReplaceAll(b, `\u0000`, " ") })},
		{name: "members are read, changed and written", fails: "Run/Races/MembersAdded", tenant: over(func(b scim.Backend) scim.Backend { return forgetful{b} })},
		{name: "members end after one page", fails: "Backend/MembersPaged", tenant: over(func(b scim.Backend) scim.Backend { return onePage{b} })},
		{name: "a page of members begins with who was last", fails: "Backend/MembersPaged", tenant: over(func(b scim.Backend) scim.Backend { return again{b} })},
		{name: "members go before a name is taken", fails: "Run/Groups/HalfDone", tenant: over(func(b scim.Backend) scim.Backend { return hasty{b} })},
		{name: "members go before an edit fails", fails: "Backend/FailedGroup", tenant: over(func(b scim.Backend) scim.Backend { return hasty{b} })},
		{name: "a user is a group", fails: "Run/Groups/OtherType", mount: asked(func(r *http.Request) {
			if strings.Contains(r.URL.Path, "/Groups/user-") {
				r.URL.Path = strings.Replace(r.URL.Path, "/Groups/", "/Users/", 1)
			}
		})},
		{name: "an externalId of two groups", fails: "Run/Groups/ExternalID", tenant: over(func(b scim.Backend) scim.Backend { return lax{b} })},
		{name: "lists go by the last change", fails: "Run/Lists/Stable", tenant: over(func(b scim.Backend) scim.Backend {
			return ordered{b, func(x, y scim.User) int { return x.Meta.LastModified.Compare(y.Meta.LastModified) }}
		})},
		{name: "lists begin with who came last", fails: "Run/Lists/Stable", tenant: over(func(b scim.Backend) scim.Backend {
			return ordered{b, func(x, y scim.User) int { return y.Meta.Created.Compare(x.Meta.Created) }}
		})},
		{name: "lists in the order of versions", fails: "Run/Lists/Stable", tenant: over(func(b scim.Backend) scim.Backend {
			return ordered{b, func(x, y scim.User) int { return cmp.Compare(x.Meta.Version, y.Meta.Version) }}
		})},
		{name: "a PUT lets in again", fails: "Run/Users/Replace", mount: asked(func(r *http.Request) {
			if r.Method == http.MethodPut {
				sent(func(b string) string { return strings.Replace(b, `"userName"`, `"active":true,"userName"`, 1) })(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
			}
		})},
		{name: "remove by value removes all", fails: "Bodies/Entra/remove_a_member_by_value", mount: sent(clearing)},
		{name: "remove by value removes all, one by one", fails: "Bodies/authentik/remove_members_one_by_one", mount: sent(clearing)},
		{name: "a removal of none removes all", fails: "Run/Hostile/NoWipe", mount: sent(func(b string) string {
			return strings.Replace(b, `"op":"remove","path":"members","value":[]`, `"op":"remove","path":"members"`, 1)
		})},
		{name: "members that are nobody empty a group", fails: "Run/Hostile/NoWipe", tenant: over(func(b scim.Backend) scim.Backend { return emptying{b} })},
		{name: "who is deactivated leaves the groups", fails: "Walk/Okta", tenant: over(func(b scim.Backend) scim.Backend { return expelling{b} })},
		{name: "Entra and another content type", fails: "Walk/Entra", mount: typed("application/json")},
		{name: "OneLogin and its content type", fails: "Walk/OneLogin", mount: typed("application/scim+json")},
		{name: "Okta and a new user without a body", fails: "Walk/Okta", mount: bodiless},
		{name: "JumpCloud can't delete", fails: "Walk/JumpCloud", mount: asked(func(r *http.Request) {
			if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/Users/") {
				r.Method = http.MethodTrace
			}
		})},
		{name: "authentik does without PATCH", fails: "Walk/authentik", mount: reworded("/ServiceProviderConfig", `"maxOperations":\d+,`, "")},
		{name: "Entra reads members that it has not asked for", fails: "Walk/EntraFlag", mount: without("excludedAttributes")},
		{name: "pages overlap", fails: "Walk/authentik", mount: asked(func(r *http.Request) {
			if q := r.URL.Query(); q.Get("startIndex") != "" && q.Get("filter") == "" {
				q.Set("startIndex", "1")
				q.Set("count", "2")
				r.URL.RawQuery = q.Encode()
			}
		})},
	}
}

// forgetful reads a group's members, changes them, and writes them all back.
type forgetful struct{ scim.Backend }

func (f forgetful) ChangeGroup(ctx context.Context, id string, edit func(*scim.Group) (bool, error), m scim.MemberChange) (scim.Group, []string, error) {
	if m.Clear || m.Empty() {
		return f.Backend.ChangeGroup(ctx, id, edit, m)
	}
	all := map[string]bool{}
	for after := ""; ; {
		page, next, err := f.Members(ctx, id, after, 100)
		if err != nil {
			return scim.Group{}, nil, err
		}
		for _, p := range page {
			all[p.ID] = true
		}
		if after = next; next == "" {
			break
		}
	}
	for _, gone := range m.Remove {
		delete(all, gone)
	}
	for _, came := range m.Add {
		all[came] = true
	}
	runtime.Gosched() // where there is one processor, somebody else's change comes in here
	whole := scim.MemberChange{Clear: true, Strict: m.Strict}
	for member := range all {
		whole.Add = append(whole.Add, member)
	}
	return f.Backend.ChangeGroup(ctx, id, edit, whole)
}

// emptying takes a list of nobody for an empty one.
type emptying struct{ scim.Backend }

func (e emptying) ChangeGroup(ctx context.Context, id string, edit func(*scim.Group) (bool, error), m scim.MemberChange) (scim.Group, []string, error) {
	g, nobody, err := e.Backend.ChangeGroup(ctx, id, edit, m)
	if refused, ok := errors.AsType[*scim.Error](err); ok && m.Clear && refused.Type == scim.InvalidValue {
		g, _, err = e.Backend.ChangeGroup(ctx, id, edit, scim.MemberChange{Clear: true})
		nobody = m.Add
	}
	return g, nobody, err
}

// expelling takes who is deactivated out of all groups.
type expelling struct{ scim.Backend }

func (e expelling) ChangeUser(ctx context.Context, id string, edit func(*scim.User) (bool, error)) (scim.User, error) {
	u, err := e.Backend.ChangeUser(ctx, id, edit)
	if err != nil || u.Active {
		return u, err
	}
	groups, err := e.GroupsOf(ctx, []string{id})
	for _, g := range groups[id] {
		_, _, err = e.ChangeGroup(ctx, g.ID, func(*scim.Group) (bool, error) { return false, nil }, scim.MemberChange{Remove: []string{id}})
	}
	return u, err
}

// onePage knows no more members than fit one page.
type onePage struct{ scim.Backend }

func (o onePage) Members(ctx context.Context, id, after string, limit int) ([]scim.Member, string, error) {
	page, _, err := o.Backend.Members(ctx, id, after, limit)
	return page, "", err
}

// again begins each page with the last of the one before.
type again struct{ scim.Backend }

func (a again) Members(ctx context.Context, id, after string, limit int) ([]scim.Member, string, error) {
	page, next, err := a.Backend.Members(ctx, id, after, limit)
	if after != "" && len(page) < limit {
		page = append([]scim.Member{{ID: after}}, page...)
	}
	return page, next, err
}

// hasty changes the members before the group, in a transaction of its own.
type hasty struct{ scim.Backend }

func (h hasty) ChangeGroup(ctx context.Context, id string, edit func(*scim.Group) (bool, error), m scim.MemberChange) (scim.Group, []string, error) {
	_, unknown, err := h.Backend.ChangeGroup(ctx, id, func(*scim.Group) (bool, error) { return false, nil }, m)
	if err != nil {
		return scim.Group{}, nil, err
	}
	g, _, err := h.Backend.ChangeGroup(ctx, id, edit, scim.MemberChange{})
	return g, unknown, err
}

// lax makes a second group with an externalId.
type lax struct{ scim.Backend }

func (l lax) CreateGroup(ctx context.Context, g scim.Group, m scim.MemberChange) (scim.Group, []string, error) {
	made, unknown, err := l.Backend.CreateGroup(ctx, g, m)
	if g.ExternalID == "" || !errors.Is(err, scim.ErrTaken) {
		return made, unknown, err
	}
	external := g.ExternalID
	g.ExternalID = ""
	made, unknown, err = l.Backend.CreateGroup(ctx, g, m)
	made.ExternalID = external
	return made, unknown, err
}

// ordered lists users by what changes.
type ordered struct {
	scim.Backend
	by func(x, y scim.User) int
}

func (o ordered) Users(ctx context.Context, q scim.Query) (scim.Page[scim.User], error) {
	if q.After != "" {
		return o.Backend.Users(ctx, q)
	}
	from, to := q.Offset, q.Offset+q.Limit
	q.Offset, q.Limit = 0, 1000
	page, err := o.Backend.Users(ctx, q)
	slices.SortStableFunc(page.Items, o.by)
	page.Items = page.Items[min(from, len(page.Items)):min(to, len(page.Items))]
	return page, err
}
