package flowtest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// logoutFlows: single logout, asked for there and asked for here.
func logoutFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"there, by redirect":                 func(t *testing.T, w *world) { logoutThere(t, w, samltest.Redirect) },
		"there, by a form":                   func(t *testing.T, w *world) { logoutThere(t, w, samltest.POST) },
		"there, of all devices":              logoutAll,
		"there, of who has none":             logoutNobody,
		"what is not to be believed":         logoutRefused,
		"once":                               logoutReplay,
		"once, of fifty at once":             logoutRace,
		"another org's people":               logoutOther,
		"one identity provider for two orgs": logoutSister,
		"switched off":                       logoutOff,
		"here":                               logoutHere,
		"here, and they keep theirs":         logoutKept,
		"here, without single logout there":  logoutWithout,
		"here, when they can't be asked":     logoutFault,
		"an answer that nobody waits for":    logoutUnasked,
		"a connection from before":           logoutOld,
		"names are sealed":                   logoutSealed,
		"whatever call fails":                logoutCutShort,
	})
}

// sessionsThere are those that the customer's identity provider remembers.
func (c *customer) sessionsThere() []samltest.Session { return c.idp.Sessions(c.conn.EntityID) }

// request is a logout message on its way to us.
func (w *world) request(m samltest.LogoutMessage) *http.Request {
	w.t.Helper()
	req, err := m.Request(w.ctx)
	w.must(err)
	return req
}

// arrives reads a logout message as the page does, and hands it on.
func (w *world) arrives(svc *accesssec.Service, connection string, m samltest.LogoutMessage) (accesssec.LoggedOut, error) {
	w.t.Helper()
	read, _ := saml.ReadLogout(nil, w.request(m)) // what is wrong with it, Logout says
	return svc.SignIn().Logout(w.ctx, w.visit(), connection, read)
}

// asks makes a logout request of one session.
func (c *customer) asks(s samltest.Session, attacks ...samltest.Attack) samltest.LogoutMessage {
	c.w.t.Helper()
	m, err := c.idp.StartLogout(s, samltest.POST, attacks...)
	c.w.must(err)
	return m
}

func logoutThere(t *testing.T, w *world, by samltest.Binding) {
	acme := withAnn(w)
	first, second, zoe := acme.signIn(ann), acme.signIn(ann), acme.signIn(samltest.Person{Email: "zoe@example.com"})
	byPassword := must1(w.byPassword("ann@example.com", right))
	there := acme.sessionsThere()
	if len(there) != 3 {
		t.Fatalf("%d sessions there", len(there))
	}
	m, err := acme.idp.StartLogout(there[0], by)
	w.must(err)
	// As in a frame of theirs: no cookie of ours comes with it.
	bare := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := bare.Do(w.request(m))
	w.must(err)
	defer res.Body.Close()
	w.alive(first, false)
	w.alive(second, true)
	w.alive(zoe, true)
	w.alive(byPassword, true)
	if by == samltest.Redirect {
		back, err := http.NewRequest(http.MethodGet, res.Header.Get("Location"), nil)
		w.must(err)
		answer, err := acme.idp.ReadLogoutResponse(back)
		w.must(err)
		if !answer.Success || answer.InResponseTo != m.ID {
			t.Errorf("the answer is %+v", answer)
		}
	} else if res.StatusCode/100 > 3 {
		t.Errorf("status %d", res.StatusCode)
	}
	e := acme.last(audit.SessionsEnded)
	if e.Actor.Kind != audit.KindConnection || e.Actor.ID != acme.conn.ID || e.Reason != "logout" || e.Facts[1].Value != "1" {
		t.Errorf("the log says %+v", e)
	}
}

// logoutAll: a request without an index means all of them.
func logoutAll(t *testing.T, w *world) {
	acme := withAnn(w)
	one, two, zoe := acme.signIn(ann), acme.signIn(ann), acme.signIn(samltest.Person{Email: "zoe@example.com"})
	s := acme.sessionsThere()[0]
	s.Index = ""
	out, err := w.arrives(w.svc, acme.conn.ID, acme.asks(s))
	w.must(err)
	if out.Ended != 2 || out.Bounce == nil {
		t.Errorf("%+v", out)
	}
	w.alive(one, false)
	w.alive(two, false)
	w.alive(zoe, true)
}

func logoutNobody(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	s := acme.sessionsThere()[0]
	s.NameID.Value = "somebody@example.com"
	out, err := w.arrives(w.svc, acme.conn.ID, acme.asks(s))
	w.must(err)
	if out.Ended != 0 || out.Bounce == nil {
		t.Errorf("%+v", out)
	}
	w.alive(in, true)
}

func logoutRefused(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	s := acme.sessionsThere()[0]
	for attack, want := range map[samltest.Attack]accesssec.Code{
		samltest.Unsigned: "saml_unsigned", samltest.OtherKey: "saml_signature", samltest.BorrowedCertificate: "saml_signature",
		samltest.Tampered: "saml_signature", samltest.WrongIssuer: "saml_issuer", samltest.WrongDestination: "saml_destination",
		samltest.Expired: "saml_expired", samltest.Stale: "saml_stale", samltest.Doctype: "saml_xml", samltest.WeakDigest: "saml_algorithm",
	} {
		w.advance(time.Second)
		_, err := w.arrives(w.svc, acme.conn.ID, acme.asks(s, attack))
		if got := w.code(err); got != want {
			t.Errorf("%s: refused as %s, want %s", attack, got, want)
		}
		if e := acme.last(audit.LogoutRefused); e.Reason != string(want) {
			t.Errorf("%s: the log says %s", attack, e.Reason)
		}
	}
	_, err := w.svc.SignIn().Logout(w.ctx, w.visit(), acme.conn.ID, saml.LogoutMessage{})
	acme.refuses(err, "saml_encoding")
	_, err = w.svc.SignIn().Logout(w.ctx, w.visit(), "con-none", saml.LogoutMessage{})
	acme.refuses(err, accesssec.CodeNoConnection)
	w.alive(in, true)
	// Whoever refuses at volume writes no log.
	for range 100 {
		_, err := w.svc.SignIn().Logout(w.ctx, w.from("192.0.2.1"), acme.conn.ID, saml.LogoutMessage{})
		acme.refuses(err, "saml_encoding")
	}
	if n := len(acme.events(audit.LogoutRefused)); n > 70 {
		t.Errorf("%d lines in the log", n)
	}
}

func logoutReplay(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	s := acme.sessionsThere()[0]
	s.Index = ""
	m := acme.asks(s)
	must1(w.arrives(w.svc, acme.conn.ID, m))
	again := acme.signIn(ann)
	w.advance(time.Minute)
	w.tick(w.svc)
	_, err := w.arrives(w.svc, acme.conn.ID, m)
	acme.refuses(err, accesssec.CodeReplay)
	w.alive(again, true)
	if e := acme.last(audit.LogoutRefused); e.Reason != string(accesssec.CodeReplay) {
		t.Errorf("the log says %s", e.Reason)
	}
}

func logoutRace(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	read, err := saml.ReadLogout(nil, w.request(acme.asks(acme.sessionsThere()[0])))
	w.must(err)
	services := []*accesssec.Service{w.svc, w.service(w.host.URL)}
	won, codes := w.race(50, func(i int) error {
		_, err := services[i%2].SignIn().Logout(w.ctx, w.visit(), acme.conn.ID, read)
		return err
	})
	if won != 1 || codes[accesssec.CodeReplay] != 49 {
		t.Errorf("%d carried out, refused as %v", won, codes)
	}
	w.alive(in, false)
}

// logoutOther: an identity provider ends what came through its own connection alone.
func logoutOther(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	evil := w.newCustomer("Evil", "example.org")
	evil.add(policy.Member, "eve@example.org")
	evil.signIn(samltest.Person{Email: "eve@example.org"})
	s := evil.sessionsThere()[0]
	s.NameID, s.Index = acme.sessionsThere()[0].NameID, ""
	m := evil.asks(s)
	out, err := w.arrives(w.svc, evil.conn.ID, m)
	w.must(err)
	if out.Ended != 0 {
		t.Errorf("%+v", out)
	}
	_, err = w.arrives(w.svc, acme.conn.ID, m)
	acme.refuses(err, "saml_signature")
	w.alive(in, true)
}

// logoutSister: nor does one that both trust, through the other's.
func logoutSister(t *testing.T, w *world) {
	m := newMatrix(w)
	acme, sister := m.orgs[0], m.orgs[1]
	in, there := acme.signIn(ann), sister.signIn(samltest.Person{Email: "ann@example.org"})
	s := sister.sessionsThere()[0]
	s.NameID, s.Index = acme.sessionsThere()[0].NameID, ""
	request := sister.asks(s)
	_, err := w.arrives(w.svc, acme.conn.ID, request)
	acme.refuses(err, "saml_destination")
	if out := must1(w.arrives(w.svc, sister.conn.ID, request)); out.Ended != 0 {
		t.Errorf("%+v", out)
	}
	w.alive(in, true)
	w.alive(there, true)
}

func logoutOff(_ *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	m := acme.asks(acme.sessionsThere()[0])
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	_, err := w.arrives(w.svc, acme.conn.ID, m)
	acme.refuses(err, reasonCode(policy.ConnectionInactive))
}

// logoutHere goes through the pages.
func logoutHere(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", ann)
	acme.add(policy.Member, "ann@example.com")
	b := w.browser()
	b.sso(acme, ann.Email)
	page := b.read(b.Get(w.host.URL + w.svc.Path() + "signout"))
	if !strings.Contains(page.body, `value="provider"`) {
		t.Fatalf("not offered\n%s", page.body)
	}
	stay := *b.Client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := b.send(&stay, "signout", "scope", "provider")
	w.must(err)
	res.Body.Close()
	to := res.Header.Get("Location")
	if !strings.HasPrefix(to, acme.idp.SLOURL()) {
		t.Fatalf("sent to %q", to)
	}
	w.left(acme, 0) // before anybody there has heard of it
	if user, _, _ := b.whoami(); user != "" {
		t.Error("still signed in")
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, to, nil)
	w.must(err)
	a := b.read(samltest.Follow(b.Client, req))
	if a.status != http.StatusOK || !strings.Contains(a.body, "You are signed out") || len(acme.sessionsThere()) != 0 {
		t.Errorf("status %d at %s, %d sessions there\n%s", a.status, a.at, len(acme.sessionsThere()), text(a.body))
	}
	u, _ := w.user(ann.Email)
	if e := acme.last(audit.LogoutAnswered); e.Outcome != audit.Success || e.Actor.ID != u.ID {
		t.Errorf("the log says %+v", e)
	}
	// Who came by password is offered no such thing.
	b = w.browser()
	b.submit("password", "address", "ann@example.com", "password", right)
	if page := b.read(b.Get(w.host.URL + w.svc.Path() + "signout")); strings.Contains(page.body, `value="provider"`) {
		t.Error("offered to who came by password")
	}
}

// bounceOf signs out here, and is what their identity provider is then asked.
func (c *customer) bounceOf(in *accesssec.Entered) samltest.LogoutRequest {
	c.w.t.Helper()
	bounce, err := c.w.svc.Me(in.Principal).SignOutSSO(c.w.ctx)
	c.w.must(err)
	c.w.alive(in, false)
	req, err := http.NewRequest(http.MethodGet, bounce.URL(), nil)
	c.w.must(err)
	asked, err := c.idp.ReadLogoutRequest(req)
	c.w.must(err)
	return asked
}

func logoutKept(t *testing.T, w *world) {
	acme := withAnn(w)
	asked := acme.bounceOf(acme.signIn(ann))
	s := acme.sessionsThere()[0]
	if asked.NameID != s.NameID || len(asked.SessionIndexes) != 1 || asked.SessionIndexes[0] != s.Index {
		t.Errorf("asked for %+v, they know %+v", asked, s)
	}
	answer, err := acme.idp.AnswerLogout(asked, samltest.StatusFailed)
	w.must(err)
	_, err = w.arrives(w.svc, acme.conn.ID, answer)
	acme.refuses(err, "saml_status")
	if e := acme.last(audit.LogoutAnswered); e.Outcome != audit.Failed {
		t.Errorf("the log says %+v", e)
	}
	_, err = w.arrives(w.svc, acme.conn.ID, answer)
	acme.refuses(err, "saml_unsolicited")
}

func logoutWithout(t *testing.T, w *world) {
	acme := withAnn(w)
	idp := idpOf(t, acme)
	idp.SLO = saml.Endpoint{}
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idp, nil))
	for _, in := range []*accesssec.Entered{acme.signIn(ann), must1(w.byPassword("ann@example.com", right))} {
		if p := must1(w.svc.Me(in.Principal).Profile(w.ctx)); p.ProviderLogout {
			t.Error("offered")
		}
		if bounce := must1(w.svc.Me(in.Principal).SignOutSSO(w.ctx)); bounce != nil {
			t.Error("sent somewhere")
		}
		w.alive(in, false)
	}
	// Their request counts all the same, and there is nowhere to answer.
	in := acme.signIn(ann)
	there := acme.sessionsThere()
	if out := must1(w.arrives(w.svc, acme.conn.ID, acme.asks(there[len(there)-1]))); out.Ended != 1 || out.Bounce != nil {
		t.Errorf("%+v", out)
	}
	w.alive(in, false)
	bad := *idp
	bad.SLO = saml.Endpoint{URL: "http://idp.example.com/slo"}
	_, err := acme.admin().Configure(w.ctx, acme.conn.ID, &bad, nil)
	acme.refuses(err, accesssec.CodeConfiguration)
}

// noNames is a store that can't say how an identity provider knows a session.
type noNames struct{ store.Store }

func (n noNames) Doc(ctx context.Context, kind store.Kind, orgID, id string) (store.Doc, error) {
	if kind == "sso_session" {
		return store.Doc{}, errAway
	}
	return n.Store.Doc(ctx, kind, orgID, id)
}

// logoutFault: what can't be asked there is over here.
func logoutFault(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	svc := w.serviceOn(noNames{w.store}, w.host.URL, supported)
	if bounce, err := svc.Me(in.Principal).SignOutSSO(w.ctx); err != nil || bounce != nil {
		t.Errorf("%v, %v", bounce, err)
	}
	w.alive(in, false)
}

func logoutUnasked(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	other := acme.signIn(ann)
	asked := acme.bounceOf(in)
	for attack, want := range map[samltest.Attack]accesssec.Code{
		samltest.UnknownRequest: "saml_unsolicited", samltest.Unsigned: "saml_unsigned", samltest.OtherKey: "saml_signature",
		samltest.WrongIssuer: "saml_issuer", samltest.WrongDestination: "saml_destination",
	} {
		m, err := acme.idp.AnswerLogout(asked, attack)
		w.must(err)
		_, err = w.arrives(w.svc, acme.conn.ID, m)
		if got := w.code(err); got != want {
			t.Errorf("%s: refused as %s, want %s", attack, got, want)
		}
	}
	m, err := acme.idp.AnswerLogout(asked)
	w.must(err)
	must1(w.arrives(w.svc, acme.conn.ID, m))
	_, err = w.arrives(w.svc, acme.conn.ID, m)
	acme.refuses(err, "saml_unsolicited")
	w.alive(other, true)
}

// logoutOld: a connection that was made before there was single logout.
func logoutOld(t *testing.T, w *world) {
	acme := withAnn(w)
	w.change(func(tx store.Tx) error {
		doc, err := tx.DocByKey(w.ctx, "connection", acme.conn.ID)
		if err != nil {
			return err
		}
		var body map[string]json.RawMessage
		if err := json.Unmarshal(doc.Body, &body); err != nil {
			return err
		}
		delete(body, "slo")
		if doc.Body, err = json.Marshal(body); err != nil {
			return err
		}
		return tx.PutDocs(w.ctx, doc)
	})
	in := acme.signIn(ann)
	if p := must1(w.svc.Me(in.Principal).Profile(w.ctx)); p.ProviderLogout {
		t.Error("offered")
	}
	_, err := w.arrives(w.svc, acme.conn.ID, acme.asks(acme.sessionsThere()[0]))
	acme.refuses(err, reasonCode(policy.ConnectionInactive))
	w.alive(in, true)
	if xml := must1(w.svc.SignIn().Metadata(w.ctx, acme.conn.ID)); strings.Contains(string(xml), "SingleLogoutService") {
		t.Error("its metadata has a logout URL")
	}
	if bounce := must1(w.svc.Me(in.Principal).SignOutSSO(w.ctx)); bounce != nil {
		t.Error("sent somewhere")
	}
	w.alive(in, false)
}

func logoutSealed(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	page, err := w.store.Docs(w.ctx, "sso_session", acme.owner.OrgID, store.DocQuery{})
	w.must(err)
	if len(page.Items) != 1 {
		t.Fatalf("%d names", len(page.Items))
	}
	d := page.Items[0]
	var body struct{ Box []byte }
	w.must(json.Unmarshal(d.Body, &body))
	if all := d.ID + d.Owner + d.Key + string(d.Body) + string(body.Box); strings.Contains(all, "ann@") {
		t.Errorf("a name in clear: %s", all)
	}
	w.advance(31 * 24 * time.Hour)
	w.tick(w.svc)
	if page, err := w.store.Docs(w.ctx, "sso_session", acme.owner.OrgID, store.DocQuery{}); err != nil || len(page.Items) != 0 {
		t.Errorf("%d names outlive every session, %v", len(page.Items), err)
	}
}

// logoutCutShort: a request that failed half-way has ended nothing, and is good for
// another try.
func logoutCutShort(t *testing.T, w *world) {
	acme := withAnn(w)
	in := acme.signIn(ann)
	read, err := saml.ReadLogout(nil, w.request(acme.asks(acme.sessionsThere()[0])))
	w.must(err)
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		_, err := w.svc.SignIn().Logout(ctx, w.visit(), acme.conn.ID, read)
		if err == nil {
			if n < 5 {
				t.Errorf("after %d failures", n)
			}
			w.alive(in, false)
			return
		}
		if no := (*accesssec.Refusal)(nil); errors.As(err, &no) {
			t.Fatalf("failure %d: a fault is told as %s", n, no.Code)
		}
		w.alive(in, true)
	}
	t.Fatal("never carried out")
}
