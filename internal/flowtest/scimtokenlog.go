package flowtest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/store"
)

// scimLogFlows: what is kept of what an identity provider asked for, and what is not.
func scimLogFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"what is listed, and what is counted": scimLogKept,
		"no secret in it":                     scimLogNoSecrets,
		"the oldest make room":                scimLogRing,
		"after 30 days":                       scimLogExpires,
		"last used, to a minute":              scimLogUsed,
		"a store that can't write":            scimLogStoreAway,
		"a store that hangs":                  scimLogStoreHangs,
		"many at once, by two instances":      scimLogAtOnce,
		"events, to a hook of the host's":     scimEvents,
	})
}

const userSchema = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`

// log is the org's log of requests, newest first, as "method path status".
func (c *customer) scimLog(q accesssec.SCIMRequestQuery) []string {
	c.w.t.Helper()
	out := []string{}
	for {
		page := must1(c.admin().SCIMRequests(c.w.ctx, q))
		for _, r := range page.Items {
			out = append(out, fmt.Sprintf("%s %s %d", r.Method, r.Path, r.Status))
		}
		if q.After = page.Next; q.After == "" {
			return out
		}
	}
}

func scimLogKept(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	p := acme.provisioner()
	step := func(method, path, body string, want int) scimAnswer {
		t.Helper()
		w.advance(time.Second)
		a := p.do(method, path, body)
		if a.status != want {
			t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
		}
		return a
	}
	step("GET", "/ServiceProviderConfig", "", 200)
	step("GET", "/Users?count=1", "", 200)
	made := step("POST", "/Users", `{`+userSchema+`,"userName":"ann@example.com","externalId":"x1"}`, 201)
	id := fmt.Sprint(made.json["id"])
	step("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"count":1}`, 200)
	step("GET", "/Users/none", "", 404)
	step("GET", "/Users?filter=nonsense", "", 400)
	step("PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, 200)
	step("POST", "/Users", `{`+userSchema+`,"userName":"ann@elsewhere.example","externalId":"x2"}`, 403)
	want := []string{"POST /Users 403", "PATCH /Users/" + id + " 200", "GET /Users 400", "GET /Users/none 404", "POST /Users 201"}
	if diff := cmp.Diff(want, acme.scimLog(accesssec.SCIMRequestQuery{})); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, acme.scimLog(accesssec.SCIMRequestQuery{TokenID: p.id, Paging: store.Paging{Limit: 2}})); diff != "" {
		t.Errorf("page by page (-want +got):\n%s", diff)
	}
	if got := acme.scimLog(accesssec.SCIMRequestQuery{Failures: true, Paging: store.Paging{Limit: 1}}); !slices.Equal(got, []string{want[0], want[2], want[3]}) {
		t.Errorf("failures: %q", got)
	}
	if got := acme.scimLog(accesssec.SCIMRequestQuery{TokenID: "tok-none"}); len(got) != 0 {
		t.Errorf("of another token: %q", got)
	}
	s := acme.scimState()
	if r := s.Requests[1]; r.ResourceID != id || r.ResourceType != "User" || r.Operations != 1 || r.TokenID != p.id || !r.At.Equal(noon().Add(7*time.Second)) ||
		!slices.Contains(r.Tolerated, scim.OpCase) || !slices.Contains(r.Tolerated, scim.BooleanText) {
		t.Errorf("%+v", r)
	}
	if r := s.Requests[0]; r.ExternalID != "x2" || r.Detail == "" || strings.Contains(r.Detail, "ann@") {
		t.Errorf("%+v", r)
	}
	if use := s.Tokens[0].SCIMUse; use.Requests != 8 || use.Failures != 3 || use.Tolerated[scim.OpCase] != 1 || use.Unlogged+use.Limited != 0 || !use.LastUsedAt.Equal(w.clock()) {
		t.Errorf("counted %+v", use)
	}
}

// scimLogNoSecrets: of bodies and filters, and of tokens, nothing is anywhere.
func scimLogNoSecrets(t *testing.T, w *world) {
	said := &lockedBuffer{}
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.Log = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	p := acme.provisioner()
	const secret = "hunter2-Canary"
	created := p.do("POST", "/Users", `{`+userSchema+`,"userName":"ann@example.com","password":"`+secret+`"}`)
	id := fmt.Sprint(created.json["id"])
	patch := func(ops string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + ops + `]}`
	}
	for _, tt := range []struct{ method, path, body string }{
		{"PUT", "/Users/" + id, `{` + userSchema + `,"userName":"ann@example.com","password":"` + secret + `"}`},
		{"PATCH", "/Users/" + id, patch(`{"op":"replace","path":"password","value":"` + secret + `"}`)},
		{"PATCH", "/Users/" + id, patch(`{"op":"replace","value":{"password":"` + secret + `"}}`)},
		{"PATCH", "/Users/" + id, patch(`{"op":"replace","path":"active","value":"` + secret + `"}`)},
		{"PATCH", "/Users/" + id, patch(`{"op":"` + secret + `","path":"active","value":true}`)},
		{"PATCH", "/Users/" + id, patch(`{"op":"replace","path":"emails[value co \"` + secret + `\"].type","value":"work"}`)},
		{"POST", "/Users", `{` + userSchema + `,"userName":"bob@example.com","password":["` + secret + `"]}`},
		{"POST", "/Users", `{` + userSchema + `,"userName":"bob@example.com","active":"` + secret + `"}`},
		{"POST", "/Users", `{"password":"` + secret + `"`},
		{"POST", "/Users", `{` + userSchema + `,"userName":"` + secret + `"}`},
		{"GET", "/Users?filter=userName%20eq%20%22" + secret + "%22", ""},
		{"GET", "/Users?filter=userName%20xx%20" + secret, ""},
		{"GET", "/Users?filter=" + secret + "%20eq%20%22x%22", ""},
		{"GET", "/Users?sortBy=" + secret, ""},
		{"GET", "/Users?cursor=" + secret, ""},
		{"POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName eq ` + secret + `"}`},
	} {
		p.do(tt.method, tt.path, tt.body)
	}
	p.with("GET", "/Users", "", map[string][]string{"Authorization": {"Bearer " + secret}})
	page := must1(acme.admin().SCIMRequests(w.ctx, accesssec.SCIMRequestQuery{Paging: store.Paging{Limit: 100}}))
	if len(page.Items) < 10 {
		t.Errorf("only %d requests are in the log", len(page.Items))
	}
	shown := must1(json.Marshal(page)) // what an Owner sees
	all := w.everything(acme.owner.OrgID) + said.String() + string(shown)
	random := strings.TrimPrefix(p.token, acme.scimState().Tokens[0].Begins)
	for name, s := range map[string]string{"what was sent": secret, "the token": random} {
		if at := strings.Index(all, s); at >= 0 {
			t.Errorf("%s is kept: …%s…", name, all[max(0, at-300):min(len(all), at+100)])
		}
	}
}

// turned is how an instant is kept where the newest come first.
func turned(t time.Time) time.Time {
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	return epoch.Add(epoch.Sub(t))
}

func scimLogRing(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	org := acme.owner.OrgID
	w.change(func(tx store.Tx) error {
		docs := []store.Doc{{Kind: "scim_ring", OrgID: org, ID: "ring", At: w.clock(), Body: []byte(`{"next":9998}`)}}
		for _, place := range []int{4997, 4998, 4999, 0, 1, 2} {
			docs = append(docs, store.Doc{Kind: "scim_request", OrgID: org, ID: strconv.Itoa(place), At: turned(w.clock()), ExpiresAt: w.clock().Add(time.Hour),
				Body: []byte(`{"method":"OLD","path":"/` + strconv.Itoa(place) + `","status":200}`)})
		}
		return tx.PutDocs(w.ctx, docs...)
	})
	for range 4 {
		p.do("GET", "/Users/none", "")
	}
	got := acme.scimLog(accesssec.SCIMRequestQuery{})
	slices.Sort(got)
	want := []string{"GET /Users/none 404", "GET /Users/none 404", "GET /Users/none 404", "GET /Users/none 404", "OLD /2 200", "OLD /4997 200"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("left is (-want +got):\n%s", diff)
	}
}

func scimLogExpires(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	p.do("GET", "/Users/none", "")
	acme.scimState()
	w.advance(30*24*time.Hour - time.Second)
	if got := acme.scimLog(accesssec.SCIMRequestQuery{}); len(got) != 1 {
		t.Errorf("before: %q", got)
	}
	w.advance(time.Second)
	if got := acme.scimLog(accesssec.SCIMRequestQuery{}); len(got) != 0 {
		t.Errorf("then: %q", got)
	}
	w.tick(w.svc)
	page := must1(w.store.Docs(w.ctx, "scim_request", acme.owner.OrgID, store.DocQuery{}))
	if len(page.Items) != 0 {
		t.Errorf("%d are kept", len(page.Items))
	}
	p.good()
	if use := acme.scimState().Tokens[0].SCIMUse; use.Requests != 2 {
		t.Errorf("counts are kept for longer: %+v", use)
	}
}

// useDoc is what the store has of a token's use; zero when there is none yet.
func (c *customer) useDoc(token string) store.Doc {
	c.w.t.Helper()
	d, err := c.w.store.Doc(c.w.ctx, "scim_use", c.owner.OrgID, token)
	if err != nil {
		return store.Doc{}
	}
	return d
}

func scimLogUsed(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	if use := acme.scimState().Tokens[0]; !use.LastUsedAt.IsZero() {
		t.Errorf("never used, and it says %v", use.LastUsedAt)
	}
	p.good()
	acme.scimState() // all is written
	first := acme.useDoc(p.id)
	for range 20 {
		w.advance(time.Second)
		p.good()
	}
	if again := acme.useDoc(p.id); again.Version != first.Version {
		t.Errorf("written %d times within a minute", again.Version)
	}
	w.advance(time.Minute)
	p.good()
	if tok := acme.scimState().Tokens[0]; !tok.LastUsedAt.Equal(w.clock()) || tok.Requests != 22 {
		t.Errorf("%+v", tok)
	}
	w.must(acme.admin().RevokeSCIMToken(w.ctx, p.id))
	if d := acme.useDoc(p.id); !d.ExpiresAt.Equal(w.clock().Add(30 * 24 * time.Hour)) {
		t.Errorf("what is known of its use stays until %v", d.ExpiresAt)
	}
	p.over()
	acme.scimState()
	w.advance(31 * 24 * time.Hour)
	w.tick(w.svc)
	if d := acme.useDoc(p.id); d.ID != "" {
		t.Errorf("left is %+v", d)
	}
}

// unwritable is a store whose transactions fail, or wait, as long as that is said.
type unwritable struct {
	store.Store
	fails atomic.Bool
	mu    sync.Mutex
	gate  chan struct{} // nil: nobody waits
}

func (u *unwritable) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	u.mu.Lock()
	gate := u.gate
	u.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if u.fails.Load() {
		return errAway
	}
	return u.Store.RunInTx(ctx, fn)
}

func scimLogStoreAway(t *testing.T, w *world) {
	st := &unwritable{Store: w.store}
	w.store = st
	w.rehost(supported)
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	p.good()
	acme.scimState()
	st.fails.Store(true)
	for range 3 {
		if a := p.do("GET", "/Users/none", ""); a.status != 404 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	acme.scimState() // tries to write them
	st.fails.Store(false)
	p.do("GET", "/Users/none", "")
	s := acme.scimState()
	if use := s.Tokens[0].SCIMUse; use.Requests != 5 || use.Failures != 4 || use.Unlogged != 3 || len(s.Requests) != 1 {
		t.Errorf("%+v, and %d are listed", use, len(s.Requests))
	}
}

// scimLogStoreHangs: nobody waits for the log, and what does not fit is counted.
func scimLogStoreHangs(t *testing.T, w *world) {
	st := &unwritable{Store: w.store}
	w.store = st
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.SCIMRate = 1_000_000
	})
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	p.good()
	acme.scimState()
	gate := make(chan struct{})
	st.mu.Lock()
	st.gate = gate
	st.mu.Unlock()
	h := w.svc.SCIM()
	const many = 2300
	for range many {
		w.advance(time.Second)
		r := httptest.NewRequestWithContext(w.ctx, "GET", "/scim/v2/Users/none", nil)
		r.Header.Set("Authorization", "Bearer "+p.token)
		rec := httptest.NewRecorder()
		if h.ServeHTTP(rec, r); rec.Code != 404 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
	}
	st.mu.Lock()
	st.gate = nil
	st.mu.Unlock()
	close(gate)
	acme.scimState()
	listed := len(acme.scimLog(accesssec.SCIMRequestQuery{Paging: store.Paging{Limit: 1000}}))
	use := acme.scimState().Tokens[0].SCIMUse
	if use.Requests != many+1 || use.Unlogged == 0 || int64(listed)+use.Unlogged != many || listed < 2000 {
		t.Errorf("%+v, and %d are listed", use, listed)
	}
}

func scimLogAtOnce(t *testing.T, w *world) {
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.SCIMRate = 1_000_000
	})
	acme, beta := w.newOrg("Acme", "owner@example.com"), w.newOrg("Beta", "owner@example.net")
	second := w.serviceOn(w.store, w.host.URL, func(o *accesssec.Options) { o.SCIMRate = 1_000_000 })
	a, b := acme.provisioner(), beta.provisioner()
	var wg sync.WaitGroup
	for i := range 8 {
		svc, p := []*accesssec.Service{w.svc, second}[i%2], []*provisioner{a, b}[i/2%2]
		wg.Go(func() {
			for range 20 {
				r := httptest.NewRequestWithContext(w.ctx, "DELETE", "/scim/v2/Users/none", nil)
				r.Header.Set("Authorization", "Bearer "+p.token)
				rec := httptest.NewRecorder()
				if svc.SCIM().ServeHTTP(rec, r); rec.Code != 404 {
					t.Errorf("%d %s", rec.Code, rec.Body)
				}
			}
		})
	}
	wg.Wait()
	for _, c := range []*customer{acme, beta} {
		p, err := second.Vouch(w.ctx, c.owner.OrgID, c.owner.UserID)
		w.must(err)
		must1(second.Admin(p).SCIM(w.ctx)) // what that one has served is written
		listed := len(c.scimLog(accesssec.SCIMRequestQuery{}))
		if use := c.scimState().Tokens[0].SCIMUse; use.Requests != 80 || use.Unlogged != 0 || listed != 80 {
			t.Errorf("%s: %+v, and %d are listed", c.name, use, listed)
		}
	}
}

// scimEvents: the host is told whose it was, and nothing of what changed nothing.
func scimEvents(t *testing.T, w *world) {
	var mu sync.Mutex
	var told []string
	w.rehost(func(o *accesssec.Options) {
		supported(o)
		o.SCIMEvent = func(_ context.Context, orgID string, e scim.Event) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, orgID+" "+strings.TrimPrefix(e.Type, "urn:ietf:params:scim:event:")+" "+e.ResourceType)
		}
	})
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	p := acme.provisioner()
	p.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"out@example.net"}`)
	if a := p.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com"}`); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{acme.owner.OrgID + " prov:create:notice User"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
