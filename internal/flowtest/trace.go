package flowtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// tracesFlows: what is kept of each response, for whom, and what is not.
func tracesFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"what came, newest first":               tracesListed,
		"nothing of a person before it is true": tracesUnverified,
		"all that is wrong, and not the first":  tracesChecks,
		"a connection that is in set-up":        tracesInSetUp,
		"the code that a person reads out":      tracesByCode,
		"of each person one login":              tracesOnePerPerson,
		"who may read them":                     tracesReaders,
		"a week":                                tracesWeek,
		"a flood":                               tracesFlood,
		"one that can't be written":             tracesUnwritten,
		"for nobody's connection":               tracesNobody,
	})
}

// traces are the customer's, newest first.
func (c *customer) traces() []accesssec.LoginTrace {
	c.w.t.Helper()
	page, err := c.admin().LoginTraces(c.w.ctx, c.conn.ID, accesssec.TraceQuery{Paging: store.Paging{Limit: 1000}})
	c.w.must(err)
	return page.Items
}

func tracesListed(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	_, err := l.finish(l.answer(ann, samltest.WrongAudience))
	acme.refuses(err, "saml_audience")
	w.advance(time.Second)
	stranger := acme.start()
	_, err = stranger.finish(stranger.answer(samltest.Person{Email: "bob@example.com", NameID: "u-17"}))
	acme.refuses(err, reasonCode(policy.NotMember))
	w.advance(time.Second)
	last := acme.start()
	_, err = last.finish(last.answer(samltest.Person{Email: "ann@example.com", FirstName: "Ann",
		Attributes: map[string][]string{"team": {"secret-a", "secret-b"}}}))
	w.must(err)
	got := acme.traces()
	if len(got) != 3 {
		t.Fatalf("%d traces", len(got))
	}
	in, notMember, audience := got[0], got[1], got[2]
	u, _ := w.user("ann@example.com")
	if in.Code != "" || in.UserID != u.ID || in.Address != "ann@example.com" || in.NameID != "ann@example.com" || !in.Solicited ||
		!in.FirstName || in.LastName || in.AssertionID == "" || len(in.Certificate) != 64 || in.Trace != last.visit.Trace ||
		!in.At.Equal(w.clock()) || in.ConnectionID != acme.conn.ID || in.ID == "" {
		t.Errorf("the login left %+v", in)
	}
	team := 0
	for _, a := range in.Attributes {
		if a.Name == "team" {
			team = a.Values
		}
	}
	if team != 2 {
		t.Errorf("attributes %+v", in.Attributes)
	}
	if notMember.Code != reasonCode(policy.NotMember) || notMember.NameID != "u-17" || notMember.Address != "bob@example.com" ||
		notMember.Fix == "" || notMember.Detail == "" || notMember.UserID != "" {
		t.Errorf("who is no member left %+v", notMember)
	}
	if audience.Code != "saml_audience" || audience.Expected != acme.conn.EntityID || audience.Received == "" ||
		audience.Side != saml.FixIdentityProvider || audience.Fix == "" || audience.Trace != l.visit.Trace {
		t.Errorf("another audience left %+v", audience)
	}
	page, err := acme.admin().LoginTraces(w.ctx, acme.conn.ID, accesssec.TraceQuery{Paging: store.Paging{Limit: 2}})
	w.must(err)
	rest, err := acme.admin().LoginTraces(w.ctx, acme.conn.ID, accesssec.TraceQuery{Paging: store.Paging{Limit: 2, After: page.Next}})
	w.must(err)
	if diff := cmp.Diff(got, append(page.Items, rest.Items...)); diff != "" || rest.Next != "" {
		t.Errorf("in pages (-all +pages)\n%s", diff)
	}
	docs, err := w.store.Docs(w.ctx, "login_trace", acme.owner.OrgID, store.DocQuery{})
	w.must(err)
	for _, d := range docs.Items {
		if strings.Contains(string(d.Body), "secret-") {
			t.Errorf("an attribute's value is kept: %s", d.Body)
		}
	}
}

// tracesUnverified: who can sign nothing can write nobody's name into a trace.
func tracesUnverified(t *testing.T, w *world) {
	acme := withAnn(w)
	for _, attack := range []samltest.Attack{samltest.Unsigned, samltest.OtherKey, samltest.Tampered, samltest.Wrapped, samltest.Doctype} {
		w.advance(time.Second)
		l := acme.start()
		_, err := l.finish(l.answer(samltest.Person{Email: "ann@example.com", FirstName: "Canary"}, attack))
		code := w.code(err)
		got := acme.traces()[0]
		if got.Code != code || got.Fix == "" {
			t.Errorf("%s: %+v", attack, got)
		}
		for _, c := range got.Checks {
			if c.Saw != "" {
				t.Errorf("%s: unsigned, and kept: %+v", attack, c)
			}
		}
		if len(got.Checks) == 0 {
			t.Errorf("%s: no checks", attack)
		}
		if got.Address+got.NameID+got.AssertionID+got.UserID+got.Certificate != "" || got.Attributes != nil {
			t.Errorf("%s: unverified, and kept: %+v", attack, got)
		}
	}
	docs, err := w.store.Docs(w.ctx, "login_trace", acme.owner.OrgID, store.DocQuery{})
	w.must(err)
	for _, d := range docs.Items {
		if strings.Contains(string(d.Body), "ann@") || strings.Contains(string(d.Body), "Canary") {
			t.Errorf("a person is in what nobody has signed: %s", d.Body)
		}
	}
}

func tracesChecks(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	_, err := l.finish(l.answer(ann, samltest.WrongAudience, samltest.WrongRecipient))
	code := w.code(err)
	wrong, saw := map[string]string{}, map[string]string{}
	for _, c := range acme.traces()[0].Checks {
		saw[c.Check] = c.Saw
		if c.Code != "" {
			wrong[c.Check] = c.Expected
			if c.Hint == "" || c.Side == "" {
				t.Errorf("%+v", c)
			}
		}
	}
	if diff := cmp.Diff(map[string]string{saml.CheckAudience: acme.conn.EntityID, saml.CheckRecipient: acme.conn.ACS}, wrong); diff != "" {
		t.Errorf("refused as %s, wrong (-want +got)\n%s", code, diff)
	}
	if saw[saml.CheckNameID] == "" || saw[saml.CheckIssuer] != acme.idp.EntityID() {
		t.Errorf("saw %v", saw)
	}
	// One that makes a login needs no explanation.
	acme.signIn(ann)
	if got := acme.traces()[0]; got.Code == "" && got.Checks != nil {
		t.Errorf("%+v", got.Checks)
	}
}

// tracesInSetUp: who tries a connection before it is on sees why nothing comes of it.
func tracesInSetUp(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	m := l.answer(ann)
	w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false))
	_, err := l.finish(m)
	acme.refuses(err, reasonCode(policy.ConnectionInactive))
	if got := acme.traces(); len(got) != 1 || got[0].Code != reasonCode(policy.ConnectionInactive) {
		t.Errorf("%+v", got)
	}
}

func tracesByCode(t *testing.T, w *world) {
	acme := withAnn(w)
	var wanted string
	for i := range 5 {
		l := acme.start()
		_, err := l.finish(l.answer(ann, samltest.Expired))
		acme.refuses(err, "saml_expired")
		if i == 2 {
			wanted = l.visit.Trace
		}
		w.advance(time.Second)
	}
	page, err := acme.admin().LoginTraces(w.ctx, acme.conn.ID, accesssec.TraceQuery{Trace: wanted, Paging: store.Paging{Limit: 2}})
	w.must(err)
	if len(page.Items) != 1 || page.Items[0].Trace != wanted || page.Next != "" {
		t.Errorf("%+v", page)
	}
	if e := acme.events(); e[2].Trace != wanted {
		t.Errorf("the log has it under %q", e[2].Trace)
	}
}

func tracesOnePerPerson(t *testing.T, w *world) {
	acme := withAnn(w)
	for range 3 {
		w.advance(time.Minute)
		acme.signIn(ann)
	}
	acme.signIn(samltest.Person{Email: "zoe@example.com"})
	got := acme.traces()
	if len(got) != 2 {
		t.Fatalf("%d traces of two people", len(got))
	}
	for _, tr := range got {
		if !tr.At.Equal(w.clock()) {
			t.Errorf("%s at %v", tr.Address, tr.At)
		}
	}
}

func tracesReaders(t *testing.T, w *world) {
	acme := withAnn(w)
	other := w.newCustomer("Other", "example.org")
	acme.signIn(ann)
	member := must1(w.byPassword("zoe@example.com", right))
	_, err := w.svc.Admin(member.Principal).LoginTraces(w.ctx, acme.conn.ID, accesssec.TraceQuery{})
	acme.refuses(err, accesssec.CodeNotAllowed)
	_, err = other.admin().LoginTraces(w.ctx, acme.conn.ID, accesssec.TraceQuery{})
	other.refuses(err, accesssec.CodeNotFound)
	if got := other.traces(); len(got) != 0 {
		t.Errorf("another org reads %+v", got)
	}
}

func tracesWeek(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	w.advance(7*24*time.Hour - time.Second)
	if n := len(acme.traces()); n != 1 {
		t.Errorf("%d traces within the week", n)
	}
	w.advance(2 * time.Second)
	if n := len(acme.traces()); n != 0 {
		t.Errorf("%d traces after the week", n)
	}
	w.tick(w.svc)
	docs, err := w.store.Docs(w.ctx, "login_trace", acme.owner.OrgID, store.DocQuery{})
	w.must(err)
	if len(docs.Items) != 0 {
		t.Errorf("%d are kept beyond it", len(docs.Items))
	}
}

func tracesFlood(t *testing.T, w *world) {
	acme := withAnn(w)
	v := w.from("192.0.2.1")
	for range 80 {
		_, err := w.svc.SignIn().FinishSSO(w.ctx, v, acme.conn.ID, saml.Message{})
		acme.refuses(err, "saml_encoding")
	}
	if n := len(acme.traces()); n != 50 {
		t.Errorf("%d traces of a flood", n)
	}
	// Somebody else's trouble is seen beside it.
	l := acme.start()
	_, err := l.finish(l.answer(ann, samltest.Expired))
	acme.refuses(err, "saml_expired")
	if got := acme.traces(); len(got) != 51 {
		t.Errorf("%d traces", len(got))
	}
}

// noTraces is a store that takes none.
type noTraces struct{ store.Store }

func (n noTraces) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return n.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(noTracesTx{tx}) })
}

type noTracesTx struct{ store.Tx }

func (n noTracesTx) PutDocs(ctx context.Context, docs ...store.Doc) error {
	for _, d := range docs {
		if d.Kind == "login_trace" {
			return errAway
		}
	}
	return n.Tx.PutDocs(ctx, docs...)
}

// tracesUnwritten: a trace that fails lets nobody in, and keeps nobody out.
func tracesUnwritten(t *testing.T, w *world) {
	acme := withAnn(w)
	w.svc = w.serviceOn(noTraces{w.store}, w.host.URL, supported)
	w.alive(acme.signIn(ann), true)
	l := acme.start()
	_, err := l.finish(l.answer(ann, samltest.Expired))
	acme.refuses(err, "saml_expired")
	w.left(acme, 1)
	if got := acme.traces(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func tracesNobody(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	_, err := w.svc.SignIn().FinishSSO(w.ctx, l.visit, "con-none", l.answer(ann))
	acme.refuses(err, accesssec.CodeNoConnection)
	docs, err := w.store.Docs(w.ctx, "login_trace", "", store.DocQuery{})
	w.must(err)
	if len(docs.Items) != 0 {
		t.Errorf("kept for nobody: %+v", docs.Items)
	}
}
