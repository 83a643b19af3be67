package flowtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// counting counts what a store is asked.
type counting struct {
	store.Store
	mu sync.Mutex
	n  int
}

func (c *counting) DocByKey(ctx context.Context, k store.Kind, key string) (store.Doc, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Store.DocByKey(ctx, k, key)
}

func scimTokenNone(t *testing.T, w *world) {
	st := &counting{Store: w.store}
	w.store = st
	w.rehost(supported)
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	p.good()
	in := must1(w.byPassword("owner@example.com", right))
	other := acme.issue(&accesssec.SCIMTokenOptions{Overlap: time.Hour}).token
	forged := other[:len(other)-7] + "0" + other[len(other)-6:]
	if forged == other {
		forged = other[:len(other)-7] + "1" + other[len(other)-6:]
	}
	for name, h := range map[string]http.Header{
		"no header":        {},
		"empty":            {"Authorization": {""}},
		"an empty token":   {"Authorization": {"Bearer "}},
		"another scheme":   {"Authorization": {"Basic " + p.token}},
		"no scheme":        {"Authorization": {p.token}},
		"two":              {"Authorization": {"Bearer " + p.token, "Bearer " + other}},
		"two in one":       {"Authorization": {"Bearer " + p.token + ", Bearer " + other}},
		"cut short":        {"Authorization": {"Bearer " + p.token[:len(p.token)-1]}},
		"mistyped":         {"Authorization": {"Bearer " + forged}},
		"a session's":      {"Authorization": {"Bearer " + in.Token()}},
		"a session cookie": {"Cookie": {"__Host-accesssec=" + in.Token()}},
		"in a cookie":      {"Cookie": {"Authorization=" + p.token}},
		"very long":        {"Authorization": {"Bearer " + strings.Repeat(p.token, 1000)}},
	} {
		for _, path := range []string{"/Users?access_token=" + p.token, "/ServiceProviderConfig", "/nowhere", ""} {
			before := st.n
			a := p.with("GET", path, "", h)
			if a.status != 401 || a.header.Get("WWW-Authenticate") != "Bearer" || a.json["status"] != "401" || strings.Contains(a.body, "Acme") {
				t.Errorf("%s, %q: %d %v %s", name, path, a.status, a.header, a.body)
			}
			if st.n != before {
				t.Errorf("%s, %q: the store was asked", name, path)
			}
		}
	}
	unknown := w.anotherToken()
	if a := p.with("GET", "/Users", "", http.Header{"Authorization": {"bearer " + unknown}}); a.status != 401 || strings.Contains(a.body, "has ended") {
		t.Errorf("one that nobody has made: %d %s", a.status, a.body)
	}
	p.good()
	if a := p.with("GET", "/Users", "", http.Header{"Authorization": {"bearer  " + p.token + " "}}); a.status != 200 {
		t.Errorf("written otherwise: %d %s", a.status, a.body)
	}
	if n := len(acme.scimState().Requests); n != 0 {
		t.Errorf("%d requests of nobody are in its log", n)
	}
}

// anotherToken is one of the right form that no org has: the one that made it is gone.
func (w *world) anotherToken() string {
	w.t.Helper()
	gone := w.newOrg("Elsewhere", "elsewhere@example.net")
	token := gone.provisioner().token
	w.must(w.svc.DeleteOrg(w.ctx, gone.owner.OrgID, "over"))
	return token
}

func scimTokenOtherOrgs(t *testing.T, w *world) {
	acme, evil := w.newOrg("Acme", "owner@example.com"), w.newOrg("Evil", "owner@example.org")
	acme.verify("example.com")
	evil.verify("example.org")
	ours, theirs := acme.provisioner(), evil.provisioner()
	made := ours.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new@example.com","externalId":"x1"}`)
	group := ours.do("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Desk","externalId":"g1"}`)
	if made.status != 201 || group.status != 201 {
		t.Fatalf("%d %s\n%d %s", made.status, made.body, group.status, group.body)
	}
	user, desk := fmt.Sprint(made.json["id"]), fmt.Sprint(group.json["id"])
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`
	rename := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"Mine"}]}`
	for _, tt := range []struct{ method, path, body string }{
		{"GET", "/Users/" + user, ""}, {"DELETE", "/Users/" + user, ""}, {"PATCH", "/Users/" + user, patch},
		{"PUT", "/Users/" + user, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"owner@example.org"}`},
		{"GET", "/Groups/" + desk, ""}, {"DELETE", "/Groups/" + desk, ""}, {"PATCH", "/Groups/" + desk, rename},
		{"PUT", "/Groups/" + desk, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Mine"}`},
	} {
		if a := theirs.do(tt.method, tt.path, tt.body); a.status != 404 || strings.Contains(a.body, "example.com") {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, a.status, a.body)
		}
	}
	for _, path := range []string{"/Users", "/Groups", `/Users?filter=userName%20eq%20%22new@example.com%22`, `/Users?filter=externalId%20eq%20%22x1%22`, "/Users?filter=id%20eq%20%22" + user + "%22"} {
		if a := theirs.do("GET", path, ""); a.status != 200 || strings.Contains(a.body, "example.com") || strings.Contains(a.body, "Desk") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	// A cursor is good for who was given it.
	page := ours.do("GET", "/Users?count=1&cursor=", "")
	next := fmt.Sprint(page.json["nextCursor"])
	if len(next) < 20 {
		t.Fatalf("no cursor: %s", page.body)
	}
	if a := theirs.do("GET", "/Users?count=1&cursor="+next, ""); a.status != 400 || a.json["scimType"] != "invalidCursor" {
		t.Errorf("another's cursor: %d %s", a.status, a.body)
	}
	if a := ours.do("GET", "/Users?count=1&cursor="+next, ""); a.status != 200 {
		t.Errorf("its own: %d %s", a.status, a.body)
	}
	evil.refuses(evil.admin().RevokeSCIMToken(w.ctx, ours.id), accesssec.CodeNotFound)
	q := must1(evil.admin().SCIMRequests(w.ctx, accesssec.SCIMRequestQuery{TokenID: ours.id}))
	if len(q.Items) != 0 || len(evil.scimState().Tokens) != 1 {
		t.Errorf("another org sees %+v", q)
	}
	ours.good()
	if a := ours.do("GET", "/Users/"+user, ""); a.status != 200 || a.json["active"] != true {
		t.Errorf("it was changed: %s", a.body)
	}
}

func scimTokenOrgGone(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	p.good()
	w.must(w.svc.DeleteOrg(w.ctx, acme.owner.OrgID, "offboarded"))
	if a := p.do("GET", "/Users", ""); a.status != 401 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if left := w.everything(acme.owner.OrgID); strings.Contains(left, "scim_") && !strings.Contains(left, "scim_cursor_key") {
		t.Errorf("left is\n%s", left)
	}
}

func scimTokenShared(t *testing.T, w *world) {
	acme, beta := twoOrgs(w)
	p, theirs := beta.provisioner(), acme.provisioner()
	p.good()
	beta.linkTo(acme, false)
	a := p.do("GET", "/Users", "")
	if a.status != 403 || !strings.Contains(a.body, "sign-on from another") || strings.Contains(a.body, "Acme") {
		t.Errorf("%d %s", a.status, a.body)
	}
	theirs.good()
	_, err := beta.admin().CreateSCIMToken(w.ctx, nil)
	beta.refuses(err, accesssec.CodeShared)
	must1(beta.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{HideExternals: true})) // what becomes of its people stays its own
	_, err = beta.admin().PreviewSCIM(w.ctx, nil)
	beta.refuses(err, accesssec.CodeShared)
	if s := beta.scimState(); s.Resting.ID != acme.owner.OrgID || s.Resting.Name != "Acme" {
		t.Errorf("%+v", s)
	}
	beta.unlink(beta, false)
	p.good()
	beta.linkTo(acme, false)
	w.must(beta.admin().RevokeSCIMToken(w.ctx, p.id)) // to end one goes always
}

// scimTokenPlan: a plan guards the first token, and ends nothing.
func scimTokenPlan(t *testing.T, w *world) {
	plan := w.sells()
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	plan.say(true, nil)
	_, err := acme.admin().CreateSCIMToken(w.ctx, nil)
	acme.refuses(err, accesssec.CodeNotEntitled)
	_, err = acme.as("ann@example.com").CreateSCIMToken(w.ctx, nil)
	acme.refuses(err, accesssec.CodeNotAllowed)
	plan.say(false, errAway)
	if _, err := acme.admin().CreateSCIMToken(w.ctx, nil); !errors.Is(err, errAway) {
		t.Errorf("the host can't say: %v", err)
	}
	if asked := plan.say(false, nil); len(asked) != 1 || asked[0] != accesssec.FeatureSCIM {
		t.Errorf("asked for %v", asked)
	}
	first := acme.provisioner()
	plan.say(true, nil)
	first.good()
	second := acme.provisioner() // keeps going what is on
	second.good()
	w.must(acme.admin().RevokeSCIMToken(w.ctx, second.id))
	_, err = acme.admin().CreateSCIMToken(w.ctx, nil)
	acme.refuses(err, accesssec.CodeNotEntitled)
}

func scimTokenInstances(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com", "bob@example.com")
	here := acme.provisioner()
	there := *here
	srv := httptest.NewServer(handler(w.service(w.host.URL)))
	t.Cleanup(srv.Close)
	there.url = srv.URL
	a := here.do("GET", "/Users?count=1&cursor=", "")
	next := fmt.Sprint(a.json["nextCursor"])
	if b := there.do("GET", "/Users?count=1&cursor="+next, ""); b.status != 200 || a.body == b.body {
		t.Errorf("a cursor of the other instance: %d %s", b.status, b.body)
	}
	w.must(acme.admin().RevokeSCIMToken(w.ctx, here.id))
	there.over()
	here.over()
}

// scimTokenCursorKey: the key that signs cursors goes over to a new key of the host's, and an
// instance that can't open it serves all the same.
func scimTokenCursorKey(t *testing.T, w *world) {
	at := func(svc *accesssec.Service, p provisioner) *provisioner {
		srv := httptest.NewServer(handler(svc))
		t.Cleanup(srv.Close)
		p.url = srv.URL
		return &p
	}
	w.svc = w.under(march())
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Member, "ann@example.com")
	p := acme.provisioner()
	next := fmt.Sprint(at(w.svc, *p).do("GET", "/Users?count=1&cursor=", "").json["nextCursor"])
	strange := at(w.under(june()), *p)
	strange.good()
	if a := strange.do("GET", "/Users?count=1&cursor="+next, ""); a.status != 400 {
		t.Errorf("a key that is not there has signed it: %d %s", a.status, a.body)
	}
	w.svc = w.under(june(), march())
	w.tick(w.svc)
	w.sixHours()
	fresh := fmt.Sprint(at(w.svc, *p).do("GET", "/Users?count=1&cursor=", "").json["nextCursor"])
	if a := at(w.under(june()), *p).do("GET", "/Users?count=1&cursor="+fresh, ""); a.status != 200 {
		t.Errorf("sealed anew: %d %s", a.status, a.body)
	}
}

// scimTokenFaults: whichever read of the store fails, nobody is let in and it is told as a fault.
func scimTokenFaults(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	for n := int64(0); n < 200; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		r := httptest.NewRequest("GET", "/scim/v2/Users", nil).WithContext(ctx)
		r.Header.Set("Authorization", "Bearer "+p.token)
		rec := httptest.NewRecorder()
		w.svc.SCIM().ServeHTTP(rec, r)
		if rec.Code == 200 {
			if n < 3 {
				t.Errorf("in after %d failures: the store was hardly asked", n)
			}
			return
		}
		if rec.Code != 503 && rec.Code != 500 || strings.Contains(rec.Body.String(), "owner@") || strings.Contains(rec.Body.String(), "deadline") {
			t.Fatalf("failure %d: %d %s", n, rec.Code, rec.Body)
		}
	}
	t.Error("never let in")
}

func scimTokenJoined(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	r := httptest.NewRequest("GET", "/scim/v2/Users", nil)
	r.Header.Set("Authorization", "Bearer "+p.token)
	rec := httptest.NewRecorder()
	w.svc.On(w.store).SCIM().ServeHTTP(rec, r)
	if rec.Code != 503 || strings.Contains(rec.Body.String(), "owner@") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	p.good()
}
