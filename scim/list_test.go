package scim_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

// people makes n users "u00", "u01", … and returns their ids.
func (m *mount) people(n int) []string {
	m.t.Helper()
	var ids []string
	for i := range n {
		name := fmt.Sprintf("u%02d", i)
		ids = append(ids, m.user(name, fmt.Sprintf(`,"externalId":"x-%s","title":"%c","emails":[{"value":"%s@example.com","type":"work"}]`, name, 'z'-i%5, name)))
	}
	return ids
}

func (m *mount) number(a answer, name string) int {
	m.t.Helper()
	n, ok := a.body[name].(float64)
	if !ok {
		m.t.Errorf("no %s in %.300s", name, a.text)
	}
	return int(n)
}

func TestIndexPages(t *testing.T) {
	t.Parallel()
	m := serve(t, func(_ *scim.Tenant, o *scim.Options) { o.DefaultCount, o.MaxResults = 5, 8 })
	ids := m.people(12)
	for _, row := range []struct {
		query        string
		start        int
		want         []string
		status, kind string
	}{
		{query: "", start: 1, want: ids[:5]},
		{query: "?count=3", start: 1, want: ids[:3]},
		{query: "?startIndex=4&count=3", start: 4, want: ids[3:6]},
		{query: "?startIndex=0&count=2", start: 1, want: ids[:2]},
		{query: "?startIndex=-7&count=2", start: 1, want: ids[:2]},
		{query: "?startIndex=11&count=5", start: 11, want: ids[10:]},
		{query: "?startIndex=13", start: 13},
		{query: "?startIndex=99999999999999999999", start: 1 << 30},
		{query: "?count=0", start: 1},
		{query: "?count=-1", start: 1},
		{query: "?count=1000", start: 1, want: ids[:8]},
		{query: "?filter=" + url.QueryEscape(`userName sw "u1"`), start: 1, want: ids[10:]},
	} {
		a := m.must(200, "GET", "/Users"+row.query, "")
		if got := a.ids(); !slices.Equal(got, row.want) && len(got)+len(row.want) > 0 {
			t.Errorf("%s: %v", row.query, got)
		}
		total := 12
		if strings.Contains(row.query, "filter") {
			total = 2
		}
		if m.number(a, "totalResults") != total || m.number(a, "startIndex") != row.start || m.number(a, "itemsPerPage") != len(row.want) {
			t.Errorf("%s: %.200s", row.query, a.text)
		}
		if fmt.Sprint(a.body["schemas"]) != "["+listURN+"]" || a.body["Resources"] == nil || a.body["nextCursor"] != nil {
			t.Errorf("%s: %.200s", row.query, a.text)
		}
	}
	for query, kind := range map[string]string{
		"?count=x":                                      "invalidValue",
		"?startIndex=1.5":                               "invalidValue",
		"?count=1&count=2":                              "invalidValue",
		"?sortBy=userName&sortOrder=up":                 "invalidValue",
		"?sortBy=nothing":                               "invalidPath",
		"?sortBy=name":                                  "invalidPath",
		"?sortBy=groups":                                "invalidPath",
		"?sortBy=meta.resourceType":                     "invalidPath",
		"?filter=":                                      "invalidFilter",
		"?filter=userName":                              "invalidFilter",
		"?filter=%zz":                                   "invalidSyntax",
		"?filter=nothing+eq+1":                          "invalidFilter",
		"?filter=groups+eq+%22x%22":                     "invalidFilter",
		"?filter=password+sw+%22a%22":                   "sensitive",
		"?filter=schemas+eq+%22a%22":                    "invalidFilter",
		"?filter=meta.version+eq+%22a%22":               "invalidFilter",
		"?attributes=userName&excludedAttributes=title": "invalidValue",
	} {
		m.refused(400, kind, "GET", "/Users"+query, "")
	}
}

// Cursors go through all there is, each once, whatever comes and goes in between.
func TestCursors(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	ids := m.people(11)
	for _, query := range []string{"count=3", "count=4&sortBy=userName&sortOrder=descending", "count=3&sortBy=title", "count=1&filter=title+pr", "count=11", "count=200"} {
		var seen []string
		next, pages := "", 0
		for first := true; first || next != ""; first = false {
			a := m.must(200, "GET", "/Users?"+query+"&cursor="+next, "")
			seen = append(seen, a.ids()...)
			if next, _ = a.body["nextCursor"].(string); strings.Trim(next, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") != "" {
				t.Fatalf("the cursor %q has to be escaped", next)
			}
			if m.number(a, "totalResults") != 11 || a.body["startIndex"] != nil {
				t.Errorf("%s: %.200s", query, a.text)
			}
			if pages++; pages > 20 {
				t.Fatal("no end")
			}
		}
		whole := m.must(200, "GET", "/Users?"+strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(query, "count=1&", "x&"), "count=3", "x"), "count=4", "x"), "").ids()
		if !slices.Equal(seen, whole) {
			t.Errorf("%s: %v\nin one: %v", query, seen, whole)
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != len(ids) {
			t.Errorf("%s: %d of %d", query, len(seen), len(ids))
		}
	}

	a := m.must(200, "GET", "/Users?cursor&count=4", "")
	at := a.str("nextCursor")
	m.must(204, "DELETE", "/Users/"+ids[3], "")
	m.must(204, "DELETE", "/Users/"+ids[5], "")
	m.user("late")
	b := m.must(200, "GET", "/Users?count=4&cursor="+at, "")
	if want := []string{ids[4], ids[6], ids[7], ids[8]}; !slices.Equal(b.ids(), want) {
		t.Errorf("behind one that is gone: %v", b.ids())
	}
}

// A cursor goes with its tenant, its query and its time.
func TestCursorBinding(t *testing.T) {
	t.Parallel()
	var now time.Time
	m := serve(t, func(_ *scim.Tenant, o *scim.Options) {
		tick := o.Now
		o.Now = func() time.Time { return tick().Add(now.Sub(time.Time{})) }
		o.CursorKey = []byte(strings.Repeat("k", 32))
	})
	m.people(7)
	m.group("g1")
	const query = "filter=title+pr&sortBy=userName&count=2"
	at := m.must(200, "GET", "/Users?"+query+"&cursor=", "").str("nextCursor")
	if at == "" {
		t.Fatal("no cursor")
	}
	m.must(200, "GET", "/Users?"+query+"&cursor="+at, "")
	m.must(200, "GET", "/Users?filter=title+pr&sortBy=userName&cursor="+at, "") // it knows the count
	m.must(200, "POST", "/Users/.search", `{"schemas":["`+searchURN+`"],"filter":"title pr","sortBy":"userName","count":2,"cursor":"`+at+`"}`)
	for _, row := range []struct{ path, kind string }{
		{"/Users?" + query + "&cursor=" + at[:len(at)-1], "invalidCursor"},
		{"/Users?" + query + "&cursor=" + at + "A", "invalidCursor"},
		{"/Users?" + query + "&cursor=x", "invalidCursor"},
		{"/Users?" + query + "&cursor=" + strings.Repeat("A", 5000), "invalidCursor"},
		{"/Users?filter=title+pr&count=2&cursor=" + at, "invalidCursor"},
		{"/Users?sortBy=userName&count=2&cursor=" + at, "invalidCursor"},
		{"/Users?" + query + "&sortOrder=descending&cursor=" + at, "invalidCursor"},
		{"/Users?" + strings.Replace(query, "title", "userName", 1) + "&cursor=" + at, "invalidCursor"},
		{"/?" + query + "&cursor=" + at, "invalidCursor"},
		{"/Groups?count=2&cursor=" + at, "invalidCursor"},
		{"/Users?" + strings.Replace(query, "count=2", "count=3", 1) + "&cursor=" + at, "invalidCount"},
		{"/Users?" + query + "&startIndex=1&cursor=" + at, "invalidValue"},
		{"/Users?count=-1&cursor=", "invalidCount"},
	} {
		m.refused(400, row.kind, "GET", row.path, "")
	}
	foreign := m.refused(400, "invalidCursor", "GET", "/Users?"+query+"&cursor="+at, "", "Authorization", "Bearer "+otherToken)
	forged := m.refused(400, "invalidCursor", "GET", "/Users?"+query+"&cursor=AAAA", "")
	if foreign.text != forged.text {
		t.Errorf("another tenant's cursor is told from a forged one:\n%s\n%s", foreign.text, forged.text)
	}
	now = now.Add(time.Hour)
	m.refused(400, "expiredCursor", "GET", "/Users?"+query+"&cursor="+at, "")
}

func TestSort(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	a := m.user("a", `,"title":"B","emails":[{"value":"z@example.com"},{"value":"b@example.com","primary":true}]`)
	b := m.user("B", `,"emails":[{"value":"A@example.com"}]`)
	c := m.user("c", `,"title":"a","name":{"familyName":"Zed"}`)
	d := m.user("d", `,"title":"b","name":{"familyName":"Ash"}`)
	for query, want := range map[string][]string{
		"sortBy=userName":                                 {a, b, c, d},
		"sortBy=USERNAME&sortOrder=Descending":            {d, c, b, a},
		"sortBy=title":                                    {c, a, d, b},
		"sortBy=title&sortOrder=descending":               {a, d, c, b},
		"sortBy=emails":                                   {b, a, c, d},
		"sortBy=emails.value":                             {b, a, c, d},
		"sortBy=name.familyName":                          {d, c, a, b},
		"sortBy=meta.created&sortOrder=descending":        {d, c, b, a},
		"sortBy=" + scim.UserSchema + ":userName":         {a, b, c, d},
		"sortOrder=descending":                            {a, b, c, d},
		"sortBy=active&startIndex=2&count=2":              {b, c},
		"sortBy=id&filter=userName+eq+%22C%22":            {c},
		"sortBy=title&filter=title+pr&sortOrder=":         {c, a, d},
		"sortBy=" + scim.EnterpriseSchema + ":costCenter": {a, b, c, d},
	} {
		if got := m.must(200, "GET", "/Users?"+query, "").ids(); !slices.Equal(got, want) {
			t.Errorf("%s: %v instead of %v", query, got, want)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	ann := m.user("Ann", `,"externalId":"E1","displayName":"Ann A","emails":[{"value":"ann@example.com","type":"work"},{"value":"a@home.example","type":"home"}],"`+scim.EnterpriseSchema+`":{"department":"R&D","manager":{"value":"m1"}}`)
	bob := m.user("bob", `,"active":false,"externalId":"e1"`)
	staff := m.group("Staff", ann, bob)
	crew := m.group("Crew", bob)
	users := map[string][]string{
		`id eq "` + ann + `"`:                                  {ann},
		`userName eq "ANN"`:                                    {ann},
		`userName eq "x"`:                                      nil,
		`externalId eq "E1"`:                                   {ann},
		`externalId eq "e1"`:                                   {bob},
		`displayName eq "ann a"`:                               {ann},
		`emails eq "ANN@example.com"`:                          {ann},
		`emails.value eq "a@home.example"`:                     {ann},
		`emails[type eq "work"].value eq "ann@example.com"`:    {ann},
		`emails[type eq "work" and value eq "a@home.example"]`: nil,
		`active eq true`:                                       {ann},
		`active eq "False"`:                                    {bob},
		`not (active eq true)`:                                 {bob},
		`externalId eq E1`:                                     {ann},
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "r&d"`: {ann},
		`manager eq "m1"`:                                        {ann},
		`id eq "` + ann + `" and manager eq "m1"`:                {ann},
		`meta.resourceType eq "User"`:                            {ann, bob},
		`meta.resourceType eq "Group"`:                           nil,
		`not (meta.resourceType eq "Group") and userName sw "b"`: {bob},
		`meta.resourceType eq "Group" or userName eq "bob"`:      {bob},
		`meta.created gt "2020-01-01T00:00:00Z"`:                 {ann, bob},
		`meta.lastModified lt "2020-01-01T00:00:00.0000000Z"`:    nil,
		`userName ne "ann"`:                                      {bob},
		`title pr`:                                               nil,
		`title eq null`:                                          {ann, bob},
	}
	for f, want := range users {
		if got := m.must(200, "GET", "/Users?filter="+url.QueryEscape(f), "").ids(); !slices.Equal(got, append([]string{}, want...)) {
			t.Errorf("%s: %v instead of %v", f, got, want)
		}
	}
	groups := map[string][]string{
		`displayName eq "STAFF"`:                                   {staff},
		`members eq "` + ann + `"`:                                 {staff},
		`members.value eq "` + bob + `"`:                           {staff, crew},
		`members[value eq "` + bob + `"]`:                          {staff, crew},
		`members[value eq "` + bob + `" and value sw "user"]`:      {staff, crew},
		`members[value sw "group"]`:                                nil,
		`members pr`:                                               {staff, crew},
		`members ne "` + ann + `"`:                                 {crew},
		`not (members.value eq "` + ann + `")`:                     {crew},
		`members.value eq "` + bob + `" and displayName eq "crew"`: {crew},
		`members.value eq "` + ann + `" or displayName sw "c"`:     {staff, crew},
		`members.value eq "nobody"`:                                nil,
		`meta.resourceType ne "User"`:                              {staff, crew},
	}
	for f, want := range groups {
		if got := m.must(200, "GET", "/Groups?filter="+url.QueryEscape(f), "").ids(); !slices.Equal(got, append([]string{}, want...)) {
			t.Errorf("%s: %v instead of %v", f, got, want)
		}
	}
	both := map[string][]string{
		`displayName sw "A" or displayName sw "C"`:        {ann, crew},
		`userName eq "bob"`:                               {bob},
		`members eq "` + ann + `"`:                        {staff},
		`userName ne "bob"`:                               {ann, staff, crew},
		`userName eq null`:                                {staff, crew},
		`userName pr or members pr`:                       {ann, bob, staff, crew},
		`meta.resourceType eq "Group"`:                    {staff, crew},
		`emails[type eq "work"] or displayName eq "crew"`: {ann, crew},
		`id pr`: {ann, bob, staff, crew},
	}
	for f, want := range both {
		a := m.must(200, "GET", "/?filter="+url.QueryEscape(f), "")
		b := m.must(200, "POST", "/.search", fmt.Sprintf(`{"schemas":["%s"],"filter":%q}`, searchURN, f))
		if !slices.Equal(a.ids(), want) || a.text != b.text || m.number(a, "totalResults") != len(want) {
			t.Errorf("%s: %v instead of %v\n%s", f, a.ids(), want, b.text)
		}
	}
	m.refused(400, "invalidFilter", "GET", "/Groups?filter=members.type+pr", "")
	m.refused(400, "invalidFilter", "GET", "/?filter=nothing+pr", "")
	m.refused(400, "invalidFilter", "GET", "/?filter=groups+pr", "")
	m.refused(400, "invalidPath", "GET", "/?sortBy=nothing", "")
}

// A search over both types pages through users, then groups.
func TestBothPages(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	all := m.people(5)
	for i := range 4 {
		all = append(all, m.group(fmt.Sprintf("g%d", i)))
	}
	for size := 1; size <= 10; size++ {
		var byIndex, byCursor []string
		for start := 1; start <= 9; start += size {
			a := m.must(200, "GET", fmt.Sprintf("/?startIndex=%d&count=%d", start, size), "")
			if m.number(a, "totalResults") != 9 {
				t.Errorf("total: %.200s", a.text)
			}
			byIndex = append(byIndex, a.ids()...)
		}
		next, pages := "", 0
		for first := true; (first || next != "") && pages < 20; first = false {
			a := m.must(200, "POST", "/.search", fmt.Sprintf(`{"schemas":["%s"],"count":%d,"cursor":%q}`, searchURN, size, next))
			if m.number(a, "totalResults") != 9 {
				t.Errorf("total: %.200s", a.text)
			}
			byCursor = append(byCursor, a.ids()...)
			next, _ = a.body["nextCursor"].(string)
			pages++
		}
		if !slices.Equal(byIndex, all) || !slices.Equal(byCursor, all) {
			t.Errorf("pages of %d: %v\n%v\nof %v", size, byIndex, byCursor, all)
		}
	}
	a := m.must(200, "GET", "/?sortBy=displayName&sortOrder=descending&attributes=displayName", "")
	if got := a.ids(); !slices.Equal(got[5:], []string{all[8], all[7], all[6], all[5]}) || strings.Contains(a.text, "userName") {
		t.Errorf("sorted: %s", a.text)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	ids := m.people(3)
	m.group("g", ids...)
	a := m.must(200, "POST", "/Users/.search", `{"schemas":["`+searchURN+`"],"attributes":["userName"],"filter":"userName eq \"u01\"","startIndex":1,"count":10,"sortBy":null}`)
	if !slices.Equal(a.ids(), ids[1:2]) || strings.Contains(a.text, "emails") {
		t.Errorf("search: %s", a.text)
	}
	a = m.must(200, "POST", "/Groups/.search", `{"schemas":["`+searchURN+`"],"excludedAttributes":["members"]}`)
	if strings.Contains(a.text, "members") {
		t.Errorf("search: %s", a.text)
	}
	if r := m.last(); r.ResourceType != "Group" || r.Path != "/Groups/.search" || r.Filter {
		t.Errorf("served: %+v", r)
	}
	for body, kind := range map[string]string{
		``:               "invalidSyntax",
		`[]`:             "invalidSyntax",
		`{}`:             "invalidSyntax",
		`{"schemas":[]}`: "invalidSyntax",
		`{"schemas":["` + searchURN + `"],"count":"x"}`:         "invalidValue",
		`{"schemas":["` + searchURN + `"],"count":[1]}`:         "invalidValue",
		`{"schemas":["` + searchURN + `"],"count":1.5}`:         "invalidValue",
		`{"schemas":["` + searchURN + `"],"filter":1}`:          "invalidValue",
		`{"schemas":["` + searchURN + `"],"filter":{}}`:         "invalidValue",
		`{"schemas":["` + searchURN + `"],"attributes":[1]}`:    "invalidValue",
		`{"schemas":["` + searchURN + `"],"filter":"x y z"}`:    "invalidFilter",
		`{"schemas":["` + searchURN + `"],"count":1,"Count":2}`: "invalidSyntax",
		`{"schemas":["` + searchURN + `"],"cursor":"x"}`:        "invalidCursor",
	} {
		m.refused(400, kind, "POST", "/Users/.search", body, "Content-Type", scimType)
	}
}

// A backend whose places are too long gives no cursor that nobody could take back.
func TestLongPlace(t *testing.T) {
	t.Parallel()
	for n, status := range map[int]int{512: 200, 513: 500} {
		m := serve(t, func(tenant *scim.Tenant, o *scim.Options) {
			tenant.Backend = placed{scim.NewMemory(nil, o.Now), strings.Repeat("p", n)}
		})
		m.user("ann")
		for _, path := range []string{"/Users", "/"} {
			a := m.must(status, "GET", path+"?count=1&cursor=", "")
			if next := a.str("nextCursor"); status == 200 {
				m.must(200, "GET", path+"?count=1&cursor="+next, "")
			}
		}
	}
}

// placed is a backend with a place of its own, which leads to the end.
type placed struct {
	*scim.Memory
	next string
}

func (p placed) Users(ctx context.Context, q scim.Query) (scim.Page[scim.User], error) {
	if q.After == p.next {
		return scim.Page[scim.User]{}, nil
	}
	page, err := p.Memory.Users(ctx, q)
	page.Next = p.next
	return page, err
}
