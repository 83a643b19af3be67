package flowtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
)

// scimTokenFlows: who may provision an org, and until when.
func scimTokenFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"shown once":                      scimTokenShownOnce,
		"a new one ends the old":          scimTokenRegenerated,
		"an overlap":                      scimTokenOverlap,
		"an end that was set":             scimTokenExpires,
		"revoked":                         scimTokenRevoked,
		"revoked while a request is on":   scimTokenRevokedMeanwhile,
		"the password again":              scimTokenProof,
		"as many as may be":               scimTokenMost,
		"what can't be":                   scimTokenUnsound,
		"told to Owners and Admins":       scimTokenTold,
		"no token":                        scimTokenNone,
		"nothing of other orgs":           scimTokenOtherOrgs,
		"an org that is gone":             scimTokenOrgGone,
		"an org with another's sign-on":   scimTokenShared,
		"a plan without it":               scimTokenPlan,
		"one store, two instances":        scimTokenInstances,
		"the key of cursors is exchanged": scimTokenCursorKey,
		"whatever read fails":             scimTokenFaults,
		"not in a host's transaction":     scimTokenJoined,
	})
}

// provisioner is an identity provider that provisions an org, over HTTP.
type provisioner struct {
	w         *world
	url       string // of the host
	id, token string
	agent, ip string
}

// scimAnswer is what it is told.
type scimAnswer struct {
	status int
	header http.Header
	body   string
	json   map[string]any // nil when the body is none
}

// issue makes a token. nil options are as in CreateSCIMToken.
func (c *customer) issue(opts *accesssec.SCIMTokenOptions) *provisioner {
	c.w.t.Helper()
	tok, err := c.admin().CreateSCIMToken(c.w.ctx, opts)
	c.w.must(err)
	return &provisioner{w: c.w, url: c.w.host.URL, id: tok.ID, token: tok.Secret()}
}

// provisioner is one with a token of its own.
func (c *customer) provisioner() *provisioner { return c.issue(nil) }

// do sends one request below the base URL. A body of "" is none.
func (p *provisioner) do(method, path, body string) scimAnswer {
	p.w.t.Helper()
	return p.with(method, path, body, http.Header{"Authorization": {"Bearer " + p.token}})
}

func (p *provisioner) with(method, path, body string, h http.Header) scimAnswer {
	p.w.t.Helper()
	req, err := http.NewRequestWithContext(p.w.ctx, method, p.url+"/scim/v2"+path, strings.NewReader(body))
	p.w.must(err)
	req.Header = h.Clone()
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	if p.agent != "" {
		req.Header.Set("User-Agent", p.agent)
	}
	if p.ip != "" {
		req.Header.Set("Client-Ip", p.ip)
	}
	res, err := http.DefaultClient.Do(req)
	p.w.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	p.w.must(err)
	out := scimAnswer{status: res.StatusCode, header: res.Header, body: string(b)}
	if json.Unmarshal(b, &out.json) != nil {
		out.json = nil
	}
	return out
}

// good and over are whether the token is.
func (p *provisioner) good() {
	p.w.t.Helper()
	if a := p.do("GET", "/Users?count=1", ""); a.status != 200 {
		p.w.t.Errorf("%d %s", a.status, a.body)
	}
}

func (p *provisioner) over() {
	p.w.t.Helper()
	a := p.do("GET", "/Users?count=1", "")
	if a.status != 401 || a.json["status"] != "401" || !strings.Contains(a.body, "has ended") || a.header.Get("WWW-Authenticate") == "" || a.json["Resources"] != nil {
		p.w.t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

// scimState is what an Owner sees.
func (c *customer) scimState() accesssec.SCIMState {
	c.w.t.Helper()
	return must1(c.admin().SCIM(c.w.ctx))
}

// everything is all that the store has of those orgs, as text.
func (w *world) everything(orgs ...string) string {
	w.t.Helper()
	var out strings.Builder
	for _, org := range append(orgs, "") {
		for _, kind := range []store.Kind{"scim_token", "scim_use", "scim_settings", "scim_request", "scim_ring", "scim_cursor_key", "attempts"} {
			page, err := w.store.Docs(w.ctx, kind, org, store.DocQuery{Paging: store.Paging{Limit: 1000}})
			w.must(err)
			for _, d := range page.Items {
				fmt.Fprintf(&out, "%s %s %s %s %s\n", kind, d.ID, d.Key, d.Owner, d.Body)
			}
		}
		page, err := w.store.AuditEvents(w.ctx, org, store.AuditQuery{Unsealed: true, Paging: store.Paging{Limit: 1000}})
		w.must(err)
		for _, e := range page.Items {
			fmt.Fprintf(&out, "%s %s %s\n", e.Type, e.Body, e.Personal)
		}
		if org == "" {
			continue
		}
		entries, err := w.store.Entries(w.ctx, org, store.EntryQuery{Paging: store.Paging{Limit: 1000}})
		w.must(err)
		for _, e := range entries.Items {
			fmt.Fprintf(&out, "%+v %s\n", e, e.Attributes)
		}
	}
	return out.String()
}

func scimTokenShownOnce(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	before := acme.scimState()
	if before.BaseURL != w.host.URL+"/scim/v2" || len(before.Tokens)+len(before.Requests) != 0 || before.Resting.ID != "" {
		t.Errorf("before: %+v", before)
	}
	tok := must1(acme.admin().CreateSCIMToken(w.ctx, &accesssec.SCIMTokenOptions{Name: " Okta\t2 "}))
	secret := tok.Secret()
	if len(secret) != len("accesssec_scim_")+49 || tok.Name != "Okta 2" || !strings.HasPrefix(secret, tok.Begins) || len(tok.Begins) != len("accesssec_scim_")+4 {
		t.Errorf("made %q, %+v", secret, tok.SCIMToken)
	}
	all := fmt.Sprintf("%v %+v %#v %s %x", tok, &tok, tok, tok, struct{ held any }{tok}) + string(must1(json.Marshal(tok)))
	list := acme.scimState()
	if len(list.Tokens) != 1 || list.Tokens[0].ID != tok.ID || list.Tokens[0].Ended || !list.Tokens[0].CreatedAt.Equal(w.clock()) ||
		list.Tokens[0].CreatedBy != acme.owner.UserID || !list.Tokens[0].EndsAt.IsZero() || !list.Tokens[0].LastUsedAt.IsZero() {
		t.Errorf("listed %+v", list.Tokens)
	}
	p := &provisioner{w: w, url: w.host.URL, id: tok.ID, token: secret}
	p.good()
	p.do("GET", "/Users?filter="+secret, "")
	all += fmt.Sprintf("%+v", acme.scimState()) + w.everything(acme.owner.OrgID) + acme.lines(noon())
	random := strings.TrimPrefix(secret, tok.Begins)
	if strings.Contains(all, random) || !strings.Contains(all, tok.Begins) {
		t.Errorf("the token is in\n%s", all)
	}
	e := acme.last(audit.SCIMTokenCreated)
	if e.Targets[0].ID != tok.ID || e.Targets[0].Kind != audit.KindSCIMToken || e.Targets[0].Name != "Okta 2" || factsOf(e)["ends"] != "never" || factsOf(e)["replaced"] != "0" {
		t.Errorf("the log says %+v", e)
	}
}

func scimTokenRegenerated(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	first := acme.provisioner()
	first.good()
	w.advance(time.Second)
	second := acme.provisioner()
	first.over()
	second.good()
	list := acme.scimState().Tokens
	if len(list) != 2 || list[0].ID != second.id && list[1].ID != second.id {
		t.Fatalf("listed %+v", list)
	}
	for _, tok := range list {
		if tok.Ended != (tok.ID == first.id) {
			t.Errorf("%+v", tok)
		}
	}
	if e := acme.last(audit.SCIMTokenCreated); factsOf(e)["replaced"] != "1" || factsOf(e)["overlap"] != "0s" {
		t.Errorf("the log says %+v", e)
	}
	w.advance(31 * 24 * time.Hour)
	w.tick(w.svc)
	if list := acme.scimState().Tokens; len(list) != 1 || list[0].ID != second.id {
		t.Errorf("a month later: %+v", list)
	}
	if a := first.do("GET", "/Users", ""); a.status != 401 || strings.Contains(a.body, "has ended") {
		t.Errorf("forgotten, it is %d %s", a.status, a.body)
	}
	second.good()
}

func scimTokenOverlap(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	first := acme.provisioner()
	second := acme.issue(&accesssec.SCIMTokenOptions{Overlap: time.Hour})
	third := acme.issue(&accesssec.SCIMTokenOptions{Overlap: 2 * time.Hour})
	// What one was given to go on by is not good for the other.
	acme.add(policy.Member, "bob@example.com")
	next := fmt.Sprint(second.do("GET", "/Users?count=1&cursor=", "").json["nextCursor"])
	if a := third.do("GET", "/Users?count=1&cursor="+next, ""); a.status != 400 || a.json["scimType"] != "invalidCursor" {
		t.Errorf("another token's cursor: %d %s", a.status, a.body)
	}
	if a := second.do("GET", "/Users?count=1&cursor="+next, ""); a.status != 200 || len(resourcesOf(a)) != 1 {
		t.Errorf("its own: %d %s", a.status, a.body)
	}
	w.advance(time.Hour - time.Microsecond)
	first.good()
	second.good()
	third.good()
	w.advance(time.Microsecond)
	first.over() // a longer overlap gives it no more time
	second.good()
	w.advance(time.Hour)
	second.over()
	third.good()
	for _, tok := range acme.scimState().Tokens {
		if tok.Ended != (tok.ID != third.id) {
			t.Errorf("%+v", tok)
		}
	}
	acme.issue(nil)
	third.over()
}

func scimTokenExpires(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	end := w.clock().Add(24 * time.Hour).Add(999 * time.Nanosecond)
	p := acme.issue(&accesssec.SCIMTokenOptions{ExpiresAt: end.In(time.FixedZone("", 3600))})
	if tok := acme.scimState().Tokens[0]; !tok.EndsAt.Equal(end.Truncate(time.Microsecond)) || tok.EndsAt.Location() != time.UTC {
		t.Errorf("%+v", tok)
	}
	w.advance(24*time.Hour - time.Microsecond)
	p.good()
	w.advance(time.Microsecond)
	p.over()
	if !acme.scimState().Tokens[0].Ended {
		t.Error("it is shown as good")
	}
	w.tick(w.svc)
	p.over()
}

func scimTokenRevoked(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "adam@example.com")
	p := acme.provisioner()
	p.good()
	w.must(acme.as("adam@example.com").RevokeSCIMToken(w.ctx, p.id))
	p.over()
	if e := acme.last(audit.SCIMTokenRevoked); e.Targets[0].ID != p.id {
		t.Errorf("the log says %+v", e)
	}
	w.must(acme.admin().RevokeSCIMToken(w.ctx, p.id)) // it is over already
	if n := len(acme.events(audit.SCIMTokenRevoked)); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	acme.refuses(acme.admin().RevokeSCIMToken(w.ctx, "tok-none"), accesssec.CodeNotFound)
	if a := p.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new@example.com"}`); a.status != 401 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, there := w.user("new@example.com"); there {
		t.Error("somebody was made all the same")
	}
	if q := acme.scimState().Requests; len(q) != 2 || q[0].Status != 401 || q[0].TokenID != p.id {
		t.Errorf("who shows an old token is not to be seen: %+v", q)
	}
}

// beforehand does something before the first transaction of whoever is told to wait.
type beforehand struct {
	store.Store
	once sync.Once
	do   func()
}

func (m *beforehand) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	m.once.Do(m.do)
	return m.Store.RunInTx(ctx, fn)
}

// scimTokenRevokedMeanwhile: a request that was let in changes nothing once the token is over.
func scimTokenRevokedMeanwhile(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	acme.verify("example.com")
	p := acme.provisioner()
	p.good() // the key of cursors is made
	acme.scimState()
	srv := httptest.NewUnstartedServer(nil)
	m := &beforehand{Store: w.store, do: func() { w.must(acme.admin().RevokeSCIMToken(w.ctx, p.id)) }}
	srv.Config.Handler = handler(w.serviceOn(m, "http://"+srv.Listener.Addr().String(), supported))
	srv.Start()
	t.Cleanup(srv.Close)
	p.url = srv.URL
	a := p.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new@example.com"}`)
	if a.status != 401 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, there := w.user("new@example.com"); there {
		t.Error("somebody was made by a token that is over")
	}
}

func scimTokenProof(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	in := must1(w.byPassword("owner@example.com", right))
	admin, me := w.svc.Admin(in.Principal), w.svc.Me(in.Principal)
	_, err := admin.CreateSCIMToken(w.ctx, nil)
	acme.refuses(err, accesssec.CodeProve)
	_, err = admin.SetSCIM(w.ctx, accesssec.SCIMSettings{HideExternals: true})
	acme.refuses(err, accesssec.CodeProve)
	p.good()
	admin = w.svc.Admin(must1(me.Prove(w.ctx, right)).Principal)
	w.advance(time.Second)
	tok := must1(admin.CreateSCIMToken(w.ctx, nil))
	if e := acme.last(audit.SCIMTokenCreated); e.Session != in.Principal.SessionID || e.Actor.Address != "owner@example.com" {
		t.Errorf("the log says %+v", e)
	}
	w.advance(6 * time.Minute)
	_, err = admin.CreateSCIMToken(w.ctx, nil)
	acme.refuses(err, accesssec.CodeProve)
	w.must(admin.RevokeSCIMToken(w.ctx, tok.ID)) // to end one is no time to look for a password
}

func scimTokenMost(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	beside := &accesssec.SCIMTokenOptions{Overlap: 24 * time.Hour}
	var made []*provisioner
	for range 10 {
		made = append(made, acme.issue(beside))
	}
	_, err := acme.admin().CreateSCIMToken(w.ctx, beside)
	acme.refuses(err, accesssec.CodeRoleLimit)
	for _, p := range made {
		p.good()
	}
	last := acme.issue(nil)
	for _, p := range made {
		p.over()
	}
	for range 30 {
		last = acme.issue(nil)
	}
	if list := acme.scimState().Tokens; len(list) != 22 { // the one that is good, the one it has ended, and twenty more
		t.Errorf("%d are kept", len(list))
	}
	last.good()
	admin := acme.admin()
	won, codes := w.race(4, func(int) error {
		_, err := admin.CreateSCIMToken(w.ctx, nil)
		return err
	})
	good := 0
	for _, tok := range acme.scimState().Tokens {
		if !tok.Ended {
			good++
		}
	}
	if won < 1 || good != 1 {
		t.Errorf("%d at once were made, %v, and %d are good", won, codes, good)
	}
}

func scimTokenUnsound(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	p := acme.provisioner()
	for name, tt := range map[string]struct {
		opts accesssec.SCIMTokenOptions
		want accesssec.Code
	}{
		"a name too long":       {accesssec.SCIMTokenOptions{Name: strings.Repeat("ä", 101)}, accesssec.CodeName},
		"an end that is past":   {accesssec.SCIMTokenOptions{ExpiresAt: w.clock()}, accesssec.CodeTime},
		"an end that is none":   {accesssec.SCIMTokenOptions{ExpiresAt: time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC)}, accesssec.CodeTime},
		"an overlap backwards":  {accesssec.SCIMTokenOptions{Overlap: -1}, accesssec.CodeTime},
		"an overlap of a month": {accesssec.SCIMTokenOptions{Overlap: 30*24*time.Hour + 1}, accesssec.CodeTime},
	} {
		tok, err := acme.admin().CreateSCIMToken(w.ctx, &tt.opts)
		acme.refuses(err, tt.want)
		if tok.Secret() != "" || tok.ID != "" {
			t.Errorf("%s: made %+v", name, tok)
		}
	}
	p.good()
	if n := len(acme.scimState().Tokens); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

func scimTokenTold(t *testing.T, w *world) {
	post := newPost()
	acme := w.newOrg("Acme", "owner@example.com")
	acme.add(policy.Admin, "adam@example.com")
	acme.add(policy.Member, "ann@example.com")
	w.svc = w.instance(w.store, post.sink(works))
	for _, step := range []struct {
		template string
		do       func()
	}{
		{"scim_token_created", func() { must1(acme.admin().CreateSCIMToken(w.ctx, &accesssec.SCIMTokenOptions{Name: "Okta"})) }},
		{"scim_token_revoked", func() { w.must(acme.admin().RevokeSCIMToken(w.ctx, acme.scimState().Tokens[0].ID)) }},
		{"scim_changed", func() { must1(acme.admin().SetSCIM(w.ctx, accesssec.SCIMSettings{HideExternals: true})) }},
	} {
		post.tried = nil
		step.do()
		got := strings.Join(post.told(w), ", ")
		if want := step.template + " adam@example.com, " + step.template + " owner@example.com"; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
		for _, n := range post.tried {
			if n.Values["by"] != "the application on behalf of owner@example.com" || step.template != "scim_changed" && !strings.HasPrefix(n.Values["token"], "Okta (accesssec_scim_") {
				t.Errorf("%+v", n.Values)
			}
		}
	}
}
