package sqltest

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/internal/scimquery"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/filter"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/memory"
)

// scimQuestions is how many are asked.
const scimQuestions = 800

// SCIMFiltersAgree sends random filters and orders through a SCIM server, about random users
// and groups, and has four answer what becomes of them: filter.Match, one resource after the
// other; SCIM's own backend in memory; the directory in store/memory; and that in a database.
// All must find the same, and those who give an order the same order.
func SCIMFiltersAgree(t *testing.T, db Database) {
	d, schemas := newDice(t), provisioned(t)
	clock := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	kept := &questioned{Memory: scim.NewMemory(schemas, func() time.Time { clock = clock.Add(time.Second); return clock })}
	entries, in := aDirectoryOf(t, d, kept.Memory, schemas, 260, 40)
	stores := []store.Store{memory.New(), db.Store(t)}
	for _, s := range stores {
		must(t, keepDirectory(t.Context(), s, entries, in))
	}
	all := attributesOf(t, kept.Memory, entries, in)
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	server, err := scim.NewHandler(func(*http.Request) (scim.Tenant, error) {
		return scim.Tenant{Backend: kept, Profile: scim.Strict, Scope: "test"}, nil
	}, &scim.Options{Schemas: schemas})
	must(t, err)
	found, refused := 0, 0
	for range scimQuestions {
		q := scimQuestion{typ: pick(d, []string{store.EntryUser, store.EntryUser, store.EntryUser, store.EntryGroup}), desc: d.once(2)}
		q.filter, q.sortBy = aSCIMFilter(d, q.typ, ids, 3), aSCIMOrder(d, q.typ)
		kept.query = nil
		status := q.ask(server)
		if status != http.StatusOK {
			t.Fatalf("%+v is answered by %d", q, status)
		}
		if kept.query == nil {
			continue // answered without looking at anybody
		}
		want := expected(all, entries, q, *kept.query)
		if !gocmp.Equal(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(kept.found(t, q.typ)))) {
			t.Errorf("%+v\nMatch:  %q\nMemory: %q", q, want, kept.found(t, q.typ))
		}
		f, err := scimquery.Filter(kept.query.Filter, q.typ)
		if err != nil {
			refused++ // it would cost too much
			continue
		}
		order, err := scimquery.Sort(kept.query.SortBy, kept.query.Desc)
		must(t, err)
		for _, s := range stores {
			got, err := walk(t, s, crowd, store.EntryQuery{Type: q.typ, Filter: f, Sort: order, Count: true, Paging: store.Paging{Limit: 40 + d.roll(300)}})
			if err != nil || !gocmp.Equal(want, got.ids) || got.totals[0] != len(want) {
				t.Fatalf("%+v\nMatch: %q\n%T: %q, %v", q, want, s, got.ids, err)
			}
		}
		if len(want) > 0 && len(want) < len(entries)/2 {
			found++
		}
	}
	t.Logf("%d of %d questions found some and not most, %d were refused", found, scimQuestions, refused)
	if found < scimQuestions/5 || refused > scimQuestions/5 {
		t.Error("too few to tell")
	}
}

// scimQuestion is what a client asks for.
type scimQuestion struct {
	typ, filter, sortBy string
	desc                bool
}

func (q scimQuestion) ask(server http.Handler) int {
	values := url.Values{"filter": {q.filter}, "count": {"1"}}
	if q.sortBy != "" {
		values.Set("sortBy", q.sortBy)
	}
	if q.desc {
		values.Set("sortOrder", "descending")
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/scim/v2/"+q.typ+"s?"+values.Encode(), nil))
	return answer.Code
}

// questioned is a backend that keeps what it was asked last.
type questioned struct {
	*scim.Memory
	query *scim.Query
}

func (a *questioned) Users(ctx context.Context, q scim.Query) (scim.Page[scim.User], error) {
	a.query = &q
	return a.Memory.Users(ctx, q)
}

func (a *questioned) Groups(ctx context.Context, q scim.Query) (scim.Page[scim.Group], error) {
	a.query = &q
	return a.Memory.Groups(ctx, q)
}

// found are the ids of all that the backend finds.
func (a *questioned) found(t *testing.T, typ string) []string {
	t.Helper()
	q := *a.query
	q.Offset, q.After, q.Limit = 0, "", 1000
	var ids []string
	if typ == store.EntryUser {
		page, err := a.Memory.Users(t.Context(), q)
		must(t, err)
		for _, u := range page.Items {
			ids = append(ids, u.ID)
		}
		return ids
	}
	page, err := a.Memory.Groups(t.Context(), q)
	must(t, err)
	for _, g := range page.Items {
		ids = append(ids, g.ID)
	}
	return ids
}

// expected are the ids of all that match, in order.
func expected(all map[string]map[string]any, entries []store.Entry, asked scimQuestion, q scim.Query) []string {
	type place struct {
		missing bool
		key, id string
	}
	var places []place
	for _, e := range entries {
		if e.Type != asked.typ || q.Filter != nil && !filter.Match(q.Filter, all[e.ID]) {
			continue
		}
		p := place{id: e.ID, key: e.CreatedAt.Format(time.RFC3339Nano)}
		if q.SortBy != nil {
			p.key = filter.SortKey(*q.SortBy, all[e.ID])
			p.missing = p.key == ""
		}
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b place) int {
		switch {
		case a.missing != b.missing && a.missing:
			return 1
		case a.missing != b.missing:
			return -1
		case a.key != b.key && q.Desc:
			return cmp.Compare(b.key, a.key)
		}
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id))
	})
	var ids []string
	for _, p := range places {
		ids = append(ids, p.id)
	}
	return ids
}
