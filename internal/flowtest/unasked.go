package flowtest

import (
	"errors"
	"net/http"
	"net/url"
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

// unaskedFlows: people who come from the identity provider's own page.
func unaskedFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"off: signed in by a request of ours":    unaskedOff,
		"off: it does not go round":              unaskedRound,
		"off: nor without cookies":               unaskedNoCookies,
		"off: an answer to nothing we know":      unaskedUnknown,
		"off: a hundred at once":                 unaskedRace,
		"off: whom the store can't count":        unaskedFault,
		"on: signed in at once":                  unaskedOn,
		"on: once":                               unaskedReplay,
		"on: and everything else is looked at":   unaskedOnRefused,
		"on: an answer to nothing we know":       unaskedOnUnknown,
		"on: for the people of another org":      unaskedOnOther,
		"on: another's, and switched off by now": unaskedOnThenOff,
	})
}

// unasked is a response of the customer's identity provider to nobody.
func (c *customer) unasked(p samltest.Person, attacks ...samltest.Attack) samltest.Response {
	c.w.t.Helper()
	resp, err := c.idp.Unsolicited(c.conn.EntityID, p, attacks...)
	c.w.must(err)
	return resp
}

// letIn opts in.
func (c *customer) letIn() {
	c.w.t.Helper()
	_, err := c.admin().Configure(c.w.ctx, c.conn.ID, idpOf(c.w.t, c), &saml.Rules{IdPInitiated: true})
	c.w.must(err)
}

// carry posts a response as the identity provider's page would, and follows nothing.
func (b *browser) carry(resp samltest.Response) *http.Response {
	b.w.t.Helper()
	stay := *b.Client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	form := url.Values{"SAMLResponse": {resp.SAMLResponse}, "RelayState": {"https://evil.example/"}}
	req, err := http.NewRequestWithContext(b.w.ctx, http.MethodPost, resp.ACS, strings.NewReader(form.Encode()))
	b.w.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://idp.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := stay.Do(req)
	b.w.must(err)
	res.Body.Close()
	for _, c := range res.Cookies() {
		if c.Name == "__Host-accesssec" && res.StatusCode != http.StatusSeeOther {
			b.w.t.Error("a session cookie came with a page")
		}
	}
	return res
}

// away is where a bounce leads; "" there was none.
func (c *customer) away(res *http.Response) string {
	to := res.Header.Get("Location")
	if res.StatusCode == http.StatusSeeOther && strings.HasPrefix(to, c.idp.SSOURL()) {
		return to
	}
	return ""
}

func unaskedOff(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", ann)
	acme.add(policy.Member, "ann@example.com")
	b := w.browser()
	to := acme.away(b.carry(acme.unasked(ann)))
	if to == "" {
		t.Fatal("not sent to the identity provider")
	}
	w.left(acme, 0)
	a := b.read(samltest.Login(w.ctx, b.Client, to, ann.Email))
	u, _ := w.user(ann.Email)
	if user, org, _ := b.whoami(); user != u.ID || org != acme.owner.OrgID {
		t.Errorf("in as %q, status %d", user, a.status)
	}
	if n := len(acme.events(audit.LoginRefused)); n != 0 {
		t.Errorf("%d refusals in the log of somebody who did nothing wrong", n)
	}
	got := acme.traces()
	if len(got) != 2 || got[1].Code != "saml_unsolicited" && got[0].Code != "saml_unsolicited" {
		t.Errorf("the traces are %+v", got)
	}
	for _, tr := range got {
		if tr.Restarted != (tr.Code != "") {
			t.Errorf("%+v", tr)
		}
	}
}

// unaskedRound: a provider that leaves InResponseTo out of every answer.
func unaskedRound(t *testing.T, w *world) {
	acme := withAnn(w)
	b := w.browser()
	rounds := 0
	for ; rounds < 10 && acme.away(b.carry(acme.unasked(ann))) != ""; rounds++ {
	}
	if rounds != 3 {
		t.Errorf("went round %d times", rounds)
	}
	if e := acme.last(audit.LoginRefused); e.Reason != "saml_unsolicited" {
		t.Errorf("the log says %s", e.Reason)
	}
	if acme.away(w.browser().carry(acme.unasked(samltest.Person{Email: "zoe@example.com"}))) == "" {
		t.Error("somebody else is kept from it")
	}
	w.left(acme, 0)
	w.advance(20 * time.Minute)
	if acme.away(b.carry(acme.unasked(ann))) == "" {
		t.Error("never again")
	}
}

func unaskedNoCookies(t *testing.T, w *world) {
	acme := withAnn(w)
	rounds := 0
	for ; rounds < 10 && acme.away(w.browser().carry(acme.unasked(ann))) != ""; rounds++ {
	}
	if rounds != 3 {
		t.Errorf("went round %d times", rounds)
	}
	_, err := w.svc.SignIn().FinishSSO(w.ctx, accesssec.Visit{}, acme.conn.ID, w.message(acme.unasked(samltest.Person{Email: "zoe@example.com"})))
	if no := (*accesssec.Refusal)(nil); !errors.As(err, &no) || no.Bounce != nil || no.Next != policy.NextSSO {
		t.Errorf("a visit without a browser: %+v", no)
	}
}

// unaskedUnknown: some providers make an InResponseTo up for their own page, and some
// people take more than ten minutes.
func unaskedUnknown(t *testing.T, w *world) {
	acme := withAnn(w)
	unknown := func() samltest.Response { return acme.unasked(ann, samltest.UnknownRequest) }
	b := w.browser()
	if res := b.carry(unknown()); acme.away(res) != "" || res.StatusCode != http.StatusForbidden {
		t.Errorf("a browser that may take no cookies is sent round: %d", res.StatusCode)
	}
	rounds := 0
	for ; rounds < 10 && acme.away(b.carry(unknown())) != ""; rounds++ {
	}
	if rounds != 3 {
		t.Errorf("went round %d times", rounds)
	}
	w.left(acme, 0)
}

func unaskedRace(t *testing.T, w *world) {
	acme := withAnn(w)
	m := w.message(acme.unasked(ann))
	bounced := make([]bool, 100)
	won, codes := w.race(100, func(i int) error {
		_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, m)
		no := (*accesssec.Refusal)(nil)
		bounced[i] = errors.As(err, &no) && no.Bounce != nil
		return err
	})
	sent := 0
	for _, b := range bounced {
		if b {
			sent++
		}
	}
	if won != 0 || codes["saml_unsolicited"] != 100 || sent != 3 {
		t.Errorf("%d let in, %d sent on, refused as %v", won, sent, codes)
	}
	w.left(acme, 0)
}

func unaskedFault(t *testing.T, w *world) {
	acme := withAnn(w)
	m := w.message(acme.unasked(ann))
	for n := int64(0); n < 1000; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		step, err := w.svc.SignIn().FinishSSO(ctx, w.visit(), acme.conn.ID, m)
		if step.Entered != nil || err == nil {
			t.Fatalf("failure %d: let in", n)
		}
		w.left(acme, 0)
		if no := (*accesssec.Refusal)(nil); errors.As(err, &no) {
			if n < 5 {
				t.Errorf("an answer after %d failures: %v", n, no)
			}
			return
		}
	}
	t.Fatal("never answered")
}

func unaskedOn(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.letIn()
	b := w.browser()
	res := b.carry(acme.unasked(ann))
	// What the provider says as RelayState is nobody's address.
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || to != "/" {
		t.Errorf("status %d, sent to %q", res.StatusCode, to)
	}
	u, _ := w.user(ann.Email)
	if user, org, _ := b.whoami(); user != u.ID || org != acme.owner.OrgID {
		t.Errorf("in as %q in %q", user, org)
	}
	facts := ""
	for _, f := range acme.last(audit.SessionCreated).Facts {
		facts += f.Key + "=" + f.Value + " "
	}
	if !strings.Contains(facts, "idp_initiated=true") {
		t.Errorf("the log says %s", facts)
	}
	if got := acme.traces(); len(got) != 1 || got[0].Solicited || got[0].Code != "" {
		t.Errorf("the trace is %+v", got)
	}
	// Who asks is bound to the request as before.
	l := acme.start()
	_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, l.answer(ann))
	acme.refuses(err, accesssec.CodeBrowser)
}

func unaskedReplay(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.letIn()
	m := w.message(acme.unasked(ann))
	_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, m)
	w.must(err)
	for range 3 {
		w.advance(time.Minute)
		w.tick(w.svc) // what has expired is swept, and this has not
		_, err = w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, m)
		acme.refuses(err, accesssec.CodeReplay)
	}
	w.left(acme, 1)
}

func unaskedOnRefused(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.letIn()
	for attack, want := range map[samltest.Attack]accesssec.Code{
		samltest.WrongAudience: "saml_audience", samltest.Expired: "saml_expired", samltest.Unsigned: "saml_unsigned",
		samltest.OtherKey: "saml_signature", samltest.WrongRecipient: "saml_recipient", samltest.Wrapped: "saml_profile",
		samltest.ForeignDomain: reasonCode(policy.DomainUnowned),
	} {
		_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, w.message(acme.unasked(ann, attack)))
		acme.refuses(err, want)
	}
	_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, w.message(acme.unasked(samltest.Person{Email: "bob@example.com"})))
	acme.refuses(err, reasonCode(policy.NotMember))
	w.left(acme, 0)
}

func unaskedOnUnknown(_ *testing.T, w *world) {
	acme := withAnn(w)
	acme.letIn()
	_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, w.message(acme.unasked(ann, samltest.UnknownRequest)))
	acme.refuses(err, "saml_request_unknown")
	w.left(acme, 0)
}

func unaskedOnOther(_ *testing.T, w *world) {
	acme := withAnn(w)
	evil := w.newCustomer("Evil", "example.org")
	evil.letIn()
	resp := evil.unasked(ann)
	_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), evil.conn.ID, w.message(resp))
	evil.refuses(err, reasonCode(policy.DomainOfAnother))
	_, err = w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, w.message(resp))
	acme.refuses(err, "saml_signature")
	w.left(acme, 0)
	w.left(evil, 0)
}

func unaskedOnThenOff(_ *testing.T, w *world) {
	acme := withAnn(w)
	acme.letIn()
	m := w.message(acme.unasked(ann))
	_, err := acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(w.t, acme), &saml.Rules{})
	w.must(err)
	_, err = w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, m)
	acme.refuses(err, "saml_unsolicited")
	w.left(acme, 0)
}
