package flowtest

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

var ann = samltest.Person{Email: "ann@example.com", FirstName: "Ann", LastName: "Lee"}

// refusalsFlows shows that each way in which a response is not to be trusted has a reason of
// its own, leaves no session behind, and stands in the log of the connection's org.
func refusalsFlows(t *testing.T, open func(*testing.T) store.Store) {
	for name, tt := range map[string]struct {
		attack samltest.Attack
		person samltest.Person
		want   accesssec.Code
	}{
		"control":           {"", ann, ""},
		"wrong audience":    {samltest.WrongAudience, ann, "saml_audience"},
		"no audience":       {samltest.NoAudience, ann, "saml_audience_missing"},
		"expired":           {samltest.Expired, ann, "saml_expired"},
		"not yet valid":     {samltest.NotYetValid, ann, "saml_not_yet_valid"},
		"stale":             {samltest.Stale, ann, "saml_stale"},
		"session over":      {samltest.SessionOver, ann, "saml_session_over"},
		"unsigned":          {samltest.Unsigned, ann, "saml_unsigned"},
		"other key":         {samltest.OtherKey, ann, "saml_signature"},
		"borrowed cert":     {samltest.BorrowedCertificate, ann, "saml_signature"},
		"tampered":          {samltest.Tampered, ann, "saml_signature"},
		"wrapped":           {samltest.Wrapped, ann, "saml_profile"},
		"two assertions":    {samltest.TwoAssertions, ann, "saml_profile"},
		"whole reference":   {samltest.ReferenceWhole, ann, "saml_profile"},
		"weak digest":       {samltest.WeakDigest, ann, "saml_algorithm"},
		"wrong issuer":      {samltest.WrongIssuer, ann, "saml_issuer"},
		"wrong recipient":   {samltest.WrongRecipient, ann, "saml_recipient"},
		"wrong destination": {samltest.WrongDestination, ann, "saml_destination"},
		"status":            {samltest.StatusFailed, ann, "saml_status"},
		"comment in NameID": {samltest.CommentInNameID, ann, "saml_xml"},
		"doctype":           {samltest.Doctype, ann, "saml_xml"},
		"unknown request":   {samltest.UnknownRequest, ann, "saml_request_unknown"},
		"unsolicited":       {samltest.NoInResponseTo, ann, "saml_unsolicited"},

		"unverified domain":     {"", samltest.Person{Email: "ann@example.net"}, reasonCode(policy.DomainUnowned)},
		"foreign domain":        {samltest.ForeignDomain, ann, reasonCode(policy.DomainUnowned)},
		"another org's domain":  {"", samltest.Person{Email: "ann@example.org"}, reasonCode(policy.DomainOfAnother)},
		"subdomain":             {"", samltest.Person{Email: "ann@sub.example.com"}, reasonCode(policy.DomainUnowned)},
		"look-alike domain":     {"", samltest.Person{Email: "ann@notexample.com"}, reasonCode(policy.DomainUnowned)},
		"no address":            {"", samltest.Person{Email: "not an address", NameID: "u-17"}, accesssec.CodeAddress},
		"two addresses in one":  {"", samltest.Person{Email: `"ann@example.com"@evil.example.net`}, accesssec.CodeAddress},
		"not invited, not made": {"", samltest.Person{Email: "bob@example.com"}, reasonCode(policy.NotMember)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t))
			acme := w.newCustomer("Acme", "example.com")
			acme.add(policy.Member, "ann@example.com")
			w.newCustomer("Other", "example.org")
			pending := w.newOrg("Pending", "owner@elsewhere.example.net")
			pending.claim("example.net")

			l := acme.start()
			var attacks []samltest.Attack
			if tt.attack != "" {
				attacks = append(attacks, tt.attack)
			}
			m := l.answer(tt.person, attacks...)
			step, err := l.finish(m)
			if got := w.code(err); got != tt.want {
				t.Fatalf("refused as %q, want %q (%v)", got, tt.want, err)
			}
			left := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID})
			if tt.want == "" {
				if step.Entered == nil || left != 1 {
					t.Fatalf("the control is not let in: %d sessions", left)
				}
				return
			}
			if step.Entered != nil || left != 0 {
				t.Errorf("refused, and %d sessions left", left)
			}
			if no := (*accesssec.Refusal)(nil); errors.As(err, &no) && no.Bounce != nil {
				if n := len(acme.events(audit.LoginRefused)); n != 0 {
					t.Errorf("it goes on at the identity provider, and the log has %d refusals", n)
				}
				return
			}
			e := acme.last(audit.LoginRefused)
			if e.Reason != string(tt.want) || e.Outcome != audit.Refused || e.Trace != l.visit.Trace {
				t.Errorf("the log says %+v", e)
			}
			if _, there := w.user("bob@example.com"); there {
				t.Error("an account was made for somebody who was refused")
			}
		})
	}
}

// reasonCode names a reason of the policy as the code it is refused with.
func reasonCode(r policy.Reason) accesssec.Code { return accesssec.Code(r) }

// withAnn is an org with two members and active sign-on.
func withAnn(w *world) *customer {
	w.t.Helper()
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ann@example.com", "zoe@example.com")
	return acme
}

// refuses compares why err refuses.
func (c *customer) refuses(err error, want accesssec.Code) {
	c.w.t.Helper()
	if got := c.w.code(err); got != want {
		c.w.t.Errorf("refused as %q, want %q", got, want)
	}
}

// left compares how many sessions there are in an org.
func (w *world) left(c *customer, want int) {
	w.t.Helper()
	if n := w.sessions(store.SessionQuery{OrgID: c.owner.OrgID}); n != want {
		w.t.Errorf("%s has %d sessions, want %d", c.name, n, want)
	}
}

// bindingsFlows of a response to its request, its browser, its connection and its time.
func bindingsFlows(t *testing.T, open func(*testing.T) store.Store) {
	signedByRSA := map[string]flow{}
	for name, fn := range map[string]flow{
		"another browser":                                 bindingAnotherBrowser,
		"replay":                                          bindingReplay,
		"two answers to one request":                      bindingTwoAnswersToOneRequest,
		"the answer to another's request":                 bindingTheAnswerToAnotherSRequest,
		"a request that is too old":                       bindingARequestThatIsTooOld,
		"another org's connection":                        bindingAnotherOrgSConnection,
		"another org's ACS, one key for both":             bindingAnotherOrgSACSOneKeyForBoth,
		"switched off meanwhile":                          bindingSwitchedOffMeanwhile,
		"no such connection":                              bindingNoSuchConnection,
		"over HTTP, no cookie and no session cookie back": bindingOverHTTPNoCookieAndNoSessionCookieBack,
	} {
		signedByRSA[name] = func(t *testing.T, w *world) {
			w.signing = samltest.SignRSA // as nearly everybody's are
			fn(t, w)
		}
	}
	each(t, open, signedByRSA)
}

func bindingAnotherBrowser(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	m := l.answer(ann)
	_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, m)
	acme.refuses(err, accesssec.CodeBrowser)
	_, err = w.svc.SignIn().FinishSSO(w.ctx, accesssec.Visit{}, acme.conn.ID, m)
	acme.refuses(err, accesssec.CodeBrowser)
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		t.Errorf("%d sessions", n)
	}
	if _, err := l.finish(m); err != nil {
		t.Errorf("the browser that asked is refused as well: %v", err)
	}
}

func bindingReplay(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	m := l.answer(ann)
	_, err := l.finish(m)
	w.must(err)
	_, err = l.finish(m)
	acme.refuses(err, accesssec.CodeReplay)
	again := l.answer(ann, samltest.Replayed)
	_, err = l.finish(again)
	acme.refuses(err, accesssec.CodeReplay)
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func bindingTwoAnswersToOneRequest(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	first, second := l.answer(ann), l.answer(samltest.Person{Email: "zoe@example.com"})
	_, err := l.finish(first)
	w.must(err)
	_, err = l.finish(second)
	acme.refuses(err, "saml_request_unknown")
	w.left(acme, 1)
}

func bindingTheAnswerToAnotherSRequest(t *testing.T, w *world) {
	acme := withAnn(w)
	mine, theirs := acme.start(), acme.start()
	_, err := mine.finish(theirs.answer(ann))
	acme.refuses(err, accesssec.CodeBrowser)
	w.left(acme, 0)
}

func bindingARequestThatIsTooOld(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	w.advance(11 * time.Minute)
	_, err := l.finish(l.answer(ann))
	acme.refuses(err, "saml_request_expired")
	w.left(acme, 0)
}

func bindingAnotherOrgSConnection(t *testing.T, w *world) {
	acme := withAnn(w)
	evil := w.newCustomer("Evil", "example.org")
	evil.add(policy.Member, "eve@example.org")
	// The response is good for Evil's ACS, and posted to Acme's.
	l := evil.start()
	m := l.answer(samltest.Person{Email: "ann@example.com"})
	_, err := w.svc.SignIn().FinishSSO(w.ctx, l.visit, acme.conn.ID, m)
	acme.refuses(err, "saml_signature")
	// Evil's provider vouches for Acme's people through Evil's connection.
	_, err = l.finish(m)
	evil.refuses(err, reasonCode(policy.DomainOfAnother))
	// Evil's provider says it is Acme's.
	r := acme.start()
	resp, err := evil.idp.Respond(samltest.Request{ID: r.req.ID, Issuer: evil.conn.EntityID}, ann)
	w.must(err)
	_, err = r.finish(w.message(resp))
	acme.refuses(err, "saml_signature")
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func bindingAnotherOrgSACSOneKeyForBoth(t *testing.T, w *world) {
	acme := withAnn(w)
	// Two orgs of one company at one identity provider: same issuer, same key.
	sister := w.newOrg("Sister", "owner@example.org")
	sister.verify("example.org")
	var err error
	sister.conn, err = sister.admin().NewConnection(w.ctx, "same IdP")
	w.must(err)
	_, err = sister.admin().Configure(w.ctx, sister.conn.ID, idpOf(t, acme), nil)
	w.must(err)
	w.must(sister.admin().Enable(w.ctx, sister.conn.ID, true))
	l := acme.start()
	m := l.answer(ann)
	_, err = w.svc.SignIn().FinishSSO(w.ctx, l.visit, sister.conn.ID, m)
	sister.refuses(err, "saml_destination")
	// The wrapper is not signed, so anybody can write another Destination on it. What is
	// signed still says whom it is for.
	resp, err := acme.idp.Respond(l.req, ann)
	w.must(err)
	resp.SAMLResponse = w.readdress(resp.SAMLResponse, acme.conn.ACS, sister.conn.ACS)
	_, err = w.svc.SignIn().FinishSSO(w.ctx, l.visit, sister.conn.ID, w.message(resp))
	sister.refuses(err, "saml_audience")
	w.left(acme, 0)
	w.left(sister, 0)
}

func bindingSwitchedOffMeanwhile(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	m := l.answer(ann)
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	_, err := l.finish(m)
	acme.refuses(err, reasonCode(policy.ConnectionInactive))
	w.left(acme, 0)
	if e := acme.last(audit.LoginRefused); e.Reason != string(policy.ConnectionInactive) || e.Trace != l.visit.Trace {
		t.Errorf("the log says %+v", e)
	}
}

func bindingNoSuchConnection(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	_, err := w.svc.SignIn().FinishSSO(w.ctx, l.visit, "con-none", l.answer(ann))
	acme.refuses(err, accesssec.CodeNoConnection)
	_, err = w.svc.SignIn().StartSSO(w.ctx, l.visit, "con-none", nil)
	acme.refuses(err, accesssec.CodeNoConnection)
}

func bindingOverHTTPNoCookieAndNoSessionCookieBack(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	resp, err := acme.idp.Respond(l.req, ann)
	w.must(err)
	res, err := http.PostForm(acme.conn.ACS, map[string][]string{"SAMLResponse": {resp.SAMLResponse}})
	w.must(err)
	defer res.Body.Close()
	if res.StatusCode/100 != 4 {
		t.Errorf("status %d", res.StatusCode)
	}
	for _, c := range res.Cookies() {
		if c.Name == "__Host-accesssec" && c.Value != "" {
			t.Error("a session cookie came with the refusal")
		}
	}
	w.left(acme, 0)
	if e := acme.last(audit.LoginRefused); e.Reason != string(accesssec.CodeBrowser) {
		t.Errorf("the log says %s", e.Reason)
	}
}
