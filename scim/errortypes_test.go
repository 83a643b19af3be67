package scim_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

// TestErrorTypes has a request for every scimType of RFC 7644, table 9, and RFC 9865, section 2.1.
func TestErrorTypes(t *testing.T) {
	t.Parallel()
	now := clock()
	later := time.Duration(0)
	m := serve(t, func(tenant *scim.Tenant, o *scim.Options) {
		o.Now = func() time.Time { return now().Add(later) }
		tenant.Backend = scim.NewMemory(nil, o.Now)
	})
	ids := m.people(3)
	id := ids[0]
	cursor := func() string {
		return fmt.Sprint(m.must(200, "GET", "/Users?count=1&cursor=", "").body["nextCursor"])
	}
	seen := map[scim.ErrorType]bool{}
	for _, c := range []struct {
		kind         scim.ErrorType
		status       int
		method, path string
		body         string
	}{
		{scim.InvalidFilter, 400, "GET", "/Users?filter=userName+is+1", ""},
		{scim.Sensitive, 400, "GET", `/Users?filter=password+eq+"x"`, ""},
		{scim.InvalidFilter, 400, "POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"password pr"}`}, // in no address
		{scim.Uniqueness, 409, "POST", "/Users", userBody("person-0001")},
		{scim.Mutability, 400, "PATCH", "/Users/" + id, patchBody(`{"op":"remove","path":"userName"}`)},
		{scim.InvalidSyntax, 400, "POST", "/Users", `{`},
		{scim.InvalidPath, 400, "PATCH", "/Users/" + id, patchBody(`{"op":"replace","path":"userName[","value":1}`)},
		{scim.NoTarget, 400, "PATCH", "/Users/" + id, patchBody(`{"op":"replace","path":"emails[value co \"zzz\"].type","value":"work"}`)},
		{scim.InvalidValue, 400, "PATCH", "/Users/" + id, patchBody(`{"op":"replace","path":"userName","value":{}}`)},
		{scim.InvalidCursor, 400, "GET", "/Users?count=1&cursor=x", ""},
		{scim.InvalidCount, 400, "GET", "/Users?count=2&cursor=" + cursor(), ""},
	} {
		if c.kind == scim.Uniqueness {
			c.body = userBody(fmt.Sprint(m.must(200, "GET", "/Users/"+id, "").body["userName"]))
		}
		m.refused(c.status, string(c.kind), c.method, strings.ReplaceAll(c.path, `"`, "%22"), c.body)
		seen[c.kind] = true
	}
	old := cursor()
	later = 2 * time.Hour
	m.refused(400, string(scim.ExpiredCursor), "GET", "/Users?count=1&cursor="+old, "")
	seen[scim.ExpiredCursor] = true

	m.url = strings.TrimSuffix(m.url, "v2") + "v1"
	m.refused(400, string(scim.InvalidVers), "GET", "/Users", "")
	m.refused(400, string(scim.InvalidVers), "GET", "", "")
	seen[scim.InvalidVers] = true
	m.url = strings.TrimSuffix(m.url, "v1") + "vague"
	m.refused(404, "", "GET", "/Users", "")

	busy := serve(t, func(tenant *scim.Tenant, o *scim.Options) {
		tenant.Backend = broken{scim.NewMemory(nil, o.Now), &scim.Error{Status: 400, Type: scim.TooMany, Detail: "Too many.", Err: errors.New("rows")}}
	})
	busy.refused(400, string(scim.TooMany), "GET", "/Users", "") // a Backend's to say
	seen[scim.TooMany] = true
	if len(seen) != 13 {
		t.Errorf("%d types were met", len(seen))
	}
}

// TestOtherQuotes: a value between quotes that are none here would be found nowhere, and made anew.
func TestOtherQuotes(t *testing.T) {
	t.Parallel()
	m := serve(t, nil)
	m.user("ann")
	m.user("o'brien")
	for _, value := range []string{"'ann'", "“ann”", "`ann`", "«ann»", "'ann"} {
		a := m.refused(400, "invalidFilter", "GET", "/Users?filter=userName+eq+"+value, "")
		if !strings.Contains(a.text, "quotes of another kind") {
			t.Errorf("%s: %s", value, a.text)
		}
	}
	if a := m.must(200, "GET", "/Users?filter=userName+eq+o'brien", ""); m.number(a, "totalResults") != 1 {
		t.Error(a.text)
	}
}

// TestToleratedInBulk: what is taken of an operation is noted, and refused by the strict profile.
func TestToleratedInBulk(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]scim.Tolerance{
		`{"method":"post","path":"/Users","bulkId":"q","data":` + userBody("ann") + `}`:         scim.OpCase,
		`{"method":"POST","path":"Users","bulkId":"q","data":` + userBody("ann") + `}`:          scim.PathForm,
		`{"method":"POST","path":"/scim/v2/Users","bulkId":"q","data":` + userBody("ann") + `}`: scim.PathForm,
		`{"method":"POST","path":"/Users/","bulkId":"q","data":` + userBody("ann") + `}`:        scim.PathForm,
	} {
		for _, profile := range []scim.Profile{scim.Detect, scim.Strict} {
			m := serve(t, func(tenant *scim.Tenant, _ *scim.Options) { tenant.Profile = profile })
			a := m.must(200, "POST", "/Bulk", bulkBody(body))
			done := strings.Contains(a.text, `"status":"201"`)
			if used := m.last().Tolerated; done != (profile == scim.Detect) || done != slices.Contains(used, want) {
				t.Errorf("%s: %s %q, %s", profile, body, used, a.text)
			}
		}
	}
}

// TestBareInFilter: so is an extension's attribute without its URN.
func TestBareInFilter(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"?filter=department+pr", "?filter=manager[value+pr]", "?sortBy=department"} {
		m := serve(t, nil)
		m.must(200, "GET", "/Users"+query, "")
		if used := m.last().Tolerated; !slices.Equal(used, []scim.Tolerance{scim.BareExtension}) {
			t.Errorf("%s: %q", query, used)
		}
		m = serve(t, func(tenant *scim.Tenant, _ *scim.Options) { tenant.Profile = scim.Strict })
		if a := m.send("GET", "/Users"+query, ""); a.status != 400 {
			t.Errorf("%s: strict says %s", query, a.text)
		}
		m.must(200, "GET", "/Users?filter="+scim.EnterpriseSchema+":department+pr", "")
	}
}

// TestMount: no path is made another one on its way.
func TestMount(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "rest ", r.URL.Path) })
	h := scim.Mount("/scim/v2/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "scim ", r.URL.Path) }), mux)
	for path, want := range map[string]string{
		"/scim/v2":              "scim /scim/v2",
		"/scim/v2/":             "scim /scim/v2/",
		"/scim/v2//Users":       "scim /scim/v2//Users",
		"//scim//v2/Users":      "scim //scim//v2/Users",
		"/scim/v2/../x":         "scim /scim/v2/../x",
		"/scim/v2?flag/Users":   "scim /scim/v2",
		"/scim%2Fv2/Users":      "scim /scim/v2/Users",
		"/":                     "rest /",
		"/scim":                 "rest /scim",
		"/scim/v1/Users":        "rest /scim/v1/Users",
		"/scim/v22/Users":       "rest /scim/v22/Users",
		"/SCIM/v2/Users":        "rest /SCIM/v2/Users",
		"/a/scim/v2":            "rest /a/scim/v2",
		strings.Repeat("/", 99): "",
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "http://host"+path, nil))
		if got := rec.Body.String(); got != want && want != "" {
			t.Errorf("%s: %d %s", path, rec.Code, got)
		}
	}
}
