package flowtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// requestFlows: who asks to be let in is let in by an answer alone, and keeps nobody busy who
// has to give it.
func requestFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"granted":                           requestGranted,
		"declined":                          requestDeclined,
		"by who was refused as no member":   requestRefused,
		"another browser, or too late":      requestElsewhere,
		"who has to come by single sign-on": requestThrough,
		"an org that takes none":            requestNowhere,
		"an address that nobody has proven": requestUnproven,
		"five of a person":                  requestFive,
		"a hundred at an org":               requestHundred,
		"who may answer how":                requestAnswers,
		"ten at once":                       requestRace,
		"whatever fails":                    requestFaults,
	})
}

// outsider is somebody in an org of their own, signed in.
func (w *world) outsider(address string) *accesssec.Me {
	w.t.Helper()
	if _, there := w.user(address); !there {
		w.newOrg("Of "+address, address)
	}
	in := must1(w.byPassword(address, right))
	return w.svc.Me(in.Principal)
}

// pleas are those that wait: "address note".
func (c *customer) pleas() []string {
	c.w.t.Helper()
	out := []string{}
	for _, r := range must1(c.admin().AccessRequests(c.w.ctx, store.Paging{})).Items {
		out = append(out, strings.TrimSpace(r.Address+" "+r.Note))
	}
	return out
}

// request is the one that waits.
func (c *customer) request() accesssec.AccessRequest {
	c.w.t.Helper()
	page := must1(c.admin().AccessRequests(c.w.ctx, store.Paging{}))
	if len(page.Items) != 1 {
		c.w.t.Fatalf("waiting: %+v", page.Items)
	}
	return page.Items[0]
}

func requestGranted(t *testing.T, w *world) {
	p, acme := inviting(w)
	ann := w.outsider("ann@example.net")
	p.told(w)
	w.must(ann.RequestAccess(w.ctx, acme.owner.OrgID, "It's me,\r\nAnn of\u202e sales"))
	got := acme.request()
	u, _ := w.user("ann@example.net")
	want := accesssec.AccessRequest{ID: got.ID, UserID: u.ID, Address: "ann@example.net", Note: "It's me, Ann of sales", Method: policy.Password, At: w.clock(), Expires: w.clock().Add(30 * 24 * time.Hour)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("waiting (-want +got)\n%s", diff)
	}
	p.hears(w, "of it", "access_requested owner@example.com")
	if n := p.tried[len(p.tried)-1]; n.Values["address"] != "ann@example.net" || n.Values["open"] != "1" || strings.Contains(n.Text, "sales") {
		t.Errorf("told %+v", n)
	}
	acme.refuses(ann.RequestAccess(w.ctx, acme.owner.OrgID, "again"), accesssec.CodeRequested)
	if e := acme.last(audit.AccessRequested); e.Targets[0].ID != got.ID || e.Actor.ID != u.ID {
		t.Errorf("the log says %+v", e)
	}
	if acme.roleOf("ann@example.net") != "" {
		t.Error("in by asking")
	}
	w.must(acme.admin().AnswerRequest(w.ctx, got.ID, policy.Billing, true))
	if acme.roleOf("ann@example.net") != policy.Billing || len(acme.pleas()) != 0 {
		t.Errorf("is %q, and %v wait", acme.roleOf("ann@example.net"), acme.pleas())
	}
	if e := acme.last(audit.MemberAdded); factsOf(e)["source"] != "request" || factsOf(acme.last(audit.AccessAnswered))["answer"] != "yes" {
		t.Errorf("the log says %+v", e)
	}
	p.hears(w, "of the answer", "access_granted ann@example.net")
	acme.refuses(acme.admin().AnswerRequest(w.ctx, got.ID, policy.Owner, true), accesssec.CodeNotFound)
	acme.refuses(ann.RequestAccess(w.ctx, acme.owner.OrgID, ""), accesssec.CodeMember)
	if len(w.docsOf("access_asker", "")) != 0 {
		t.Error("the other side is left")
	}
}

func requestDeclined(t *testing.T, w *world) {
	p, acme := inviting(w)
	ann, bob := w.outsider("ann@example.net"), w.outsider("bob@example.net")
	w.must(ann.RequestAccess(w.ctx, acme.owner.OrgID, ""))
	id := acme.request().ID
	w.must(bob.RequestAccess(w.ctx, acme.owner.OrgID, ""))
	p.hears(w, "of the first alone", "access_requested owner@example.com")
	w.must(acme.admin().AnswerRequest(w.ctx, id, "", false))
	p.hears(w, "of the answer", "access_declined ann@example.net")
	if diff := cmp.Diff([]string{"bob@example.net"}, acme.pleas()); diff != "" {
		t.Errorf("waiting (-want +got)\n%s", diff)
	}
	if e := acme.last(audit.AccessAnswered); factsOf(e)["answer"] != "no" || e.Targets[0].ID != id {
		t.Errorf("the log says %+v", e)
	}
	for _, yes := range []bool{true, false} {
		acme.refuses(acme.admin().AnswerRequest(w.ctx, id, policy.Member, yes), accesssec.CodeNotFound)
	}
	acme.refuses(ann.RequestAccess(w.ctx, acme.owner.OrgID, ""), accesssec.CodeRequested)
	w.advance(30 * 24 * time.Hour)
	if got := acme.pleas(); len(got) != 0 {
		t.Errorf("thirty days later: %v", got)
	}
	w.must(w.outsider("ann@example.net").RequestAccess(w.ctx, acme.owner.OrgID, ""))
	p.hears(w, "of the next", "access_requested owner@example.com")
	if acme.request().ID == id {
		t.Error("the same again")
	}
}

// refused is a browser in which somebody has just been refused as no member.
func (c *customer) refused(email string) accesssec.Visit {
	c.w.t.Helper()
	l := c.start()
	_, err := l.finish(l.answer(samltest.Person{Email: email, FirstName: "New"}))
	c.refuses(err, reasonCode(policy.NotMember))
	return l.visit
}

// requestRefused: who has no account gets one by taking up the invitation that is the answer.
func requestRefused(t *testing.T, w *world) {
	p := w.watched()
	acme := w.newCustomer("Acme", "example.com", ann)
	p.told(w)
	v := acme.refused("new@example.com")
	w.must(w.svc.SignIn().RequestAccess(w.ctx, v, "first day"))
	got := acme.request()
	if got.UserID != "" || got.Address != "new@example.com" || got.Method != policy.SSO {
		t.Errorf("waiting: %+v", got)
	}
	if _, there := w.user("new@example.com"); there {
		t.Error("an account by asking")
	}
	acme.refuses(w.svc.SignIn().RequestAccess(w.ctx, v, ""), accesssec.CodeHalfOver)
	acme.refuses(w.svc.SignIn().RequestAccess(w.ctx, acme.refused("new@example.com"), ""), accesssec.CodeRequested)
	p.told(w)
	whole := w.svc
	w.svc = w.service(w.host.URL)
	acme.refuses(acme.admin().AnswerRequest(w.ctx, got.ID, policy.Admin, true), accesssec.CodeNoMail)
	w.svc = whole
	w.must(acme.admin().AnswerRequest(w.ctx, got.ID, policy.Admin, true))
	if _, there := w.user("new@example.com"); there || len(acme.pleas()) != 0 {
		t.Error("an account by the answer, or the request is left")
	}
	token := p.invitation(w, "new@example.com")
	acme.refused("new@example.com") // who does not bring the link
	l := acme.startIn(w.with(token))
	step := must1(l.finish(l.answer(samltest.Person{Email: "new@example.com"})))
	if pr := step.Entered.Principal; pr.OrgID != acme.owner.OrgID || pr.Role != policy.Admin {
		t.Errorf("entered as %+v", pr)
	}
	// Who has an account is a member at once, and told of a no as well.
	other := w.newOrg("Other", "boss@example.net")
	other.add(policy.Member, "bob@example.com")
	w.must(w.svc.SignIn().RequestAccess(w.ctx, acme.refused("bob@example.com"), ""))
	w.must(acme.admin().AnswerRequest(w.ctx, acme.request().ID, policy.Member, true))
	acme.signIn(samltest.Person{Email: "bob@example.com"})
	w.must(w.svc.SignIn().RequestAccess(w.ctx, acme.refused("zed@example.com"), ""))
	p.told(w)
	w.must(acme.admin().AnswerRequest(w.ctx, acme.request().ID, "", false))
	p.hears(w, "of a no", "access_declined zed@example.com")
}

func requestElsewhere(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", ann)
	v := acme.refused("new@example.com")
	for name, other := range map[string]accesssec.Visit{"another browser": w.visit(), "no browser": {}} {
		if got := w.code(w.svc.SignIn().RequestAccess(w.ctx, other, "")); got != accesssec.CodeHalfOver {
			t.Errorf("%s: %q", name, got)
		}
	}
	w.advance(10 * time.Minute)
	acme.refuses(w.svc.SignIn().RequestAccess(w.ctx, v, ""), accesssec.CodeHalfOver)
	// Refused for anything else, nothing is offered.
	l := acme.start()
	_, err := l.finish(l.answer(samltest.Person{Email: "ann@example.org"}))
	acme.refuses(err, reasonCode(policy.DomainUnowned))
	acme.refuses(w.svc.SignIn().RequestAccess(w.ctx, l.visit, ""), accesssec.CodeHalfOver)
	l = acme.start()
	_, err = l.finish(l.answer(samltest.Person{Email: "new@example.com"}, samltest.OtherKey))
	if err == nil {
		t.Fatal("a forged answer")
	}
	acme.refuses(w.svc.SignIn().RequestAccess(w.ctx, l.visit, ""), accesssec.CodeHalfOver)
	if got := acme.pleas(); len(got) != 0 {
		t.Errorf("waiting: %v", got)
	}
}

func requestThrough(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", ann)
	out := w.newOrg("Out", "boss@example.net")
	zoe := w.outsider("zoe@example.com")
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	for _, orgID := range []string{acme.owner.OrgID, out.owner.OrgID} {
		err := zoe.RequestAccess(w.ctx, orgID, "")
		if got := refusalOf(err); got.Code != reasonCode(policy.SSORequired) || got.Next != policy.NextSSO {
			t.Errorf("%v", err)
		}
	}
	// Once they have, they may ask others; their own makes a member of them.
	in := acme.signIn(samltest.Person{Email: "zoe@example.com"})
	w.must(w.svc.Me(in.Principal).RequestAccess(w.ctx, out.owner.OrgID, ""))
	if got := out.request(); got.Method != policy.SSO {
		t.Errorf("%+v", got)
	}
	acme.refuses(w.svc.Me(in.Principal).RequestAccess(w.ctx, acme.owner.OrgID, ""), accesssec.CodeMember)
}

func requestNowhere(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", ann)
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.BlockExternal = true, true })
	ext := w.outsider("ext@example.net")
	var heard []accesssec.Refusal
	for _, orgID := range []string{acme.owner.OrgID, "org-none", ""} {
		no := refusalOf(ext.RequestAccess(w.ctx, orgID, ""))
		heard = append(heard, accesssec.Refusal{Code: no.Code, Say: no.Say, Next: no.Next})
	}
	for _, no := range heard {
		if no.Code != accesssec.CodeNotFound || no.Say != heard[0].Say {
			t.Errorf("heard %+v", no)
		}
	}
	if len(acme.pleas()) != 0 || len(acme.events(audit.AccessRequested)) != 0 {
		t.Error("something came of it")
	}
}

func requestUnproven(t *testing.T, w *world) {
	acme := w.newOrg("Acme", "owner@example.com")
	evil := w.newOrg("Evil", "eve@example.net")
	w.must(w.svc.ImportPeople(w.ctx, evil.owner.OrgID, accesssec.Person{Address: "ann@example.com", Password: right, Role: policy.Member}))
	in := must1(w.byPassword("ann@example.com", right))
	acme.refuses(w.svc.Me(in.Principal).RequestAccess(w.ctx, acme.owner.OrgID, ""), accesssec.CodeUnproven)
	acme.refuses(w.svc.Me(acme.owner).RequestAccess(w.ctx, evil.owner.OrgID, ""), accesssec.CodeSignedOut)
}

func requestFive(t *testing.T, w *world) {
	ann := w.outsider("ann@example.net")
	var orgs []*customer
	for i := range 6 {
		orgs = append(orgs, w.newOrg("Org", string(rune('a'+i))+"@example.com"))
	}
	for _, o := range orgs[:5] {
		w.must(ann.RequestAccess(w.ctx, o.owner.OrgID, ""))
	}
	orgs[5].refuses(ann.RequestAccess(w.ctx, orgs[5].owner.OrgID, ""), accesssec.CodeLocked)
	w.must(orgs[0].admin().AnswerRequest(w.ctx, orgs[0].request().ID, "", false))
	w.must(ann.RequestAccess(w.ctx, orgs[5].owner.OrgID, ""))
	orgs[1].refuses(ann.RequestAccess(w.ctx, orgs[1].owner.OrgID, ""), accesssec.CodeRequested)
	// An org that is gone has no request of theirs any more.
	sixth := w.newOrg("Org", "g@example.com")
	sixth.refuses(ann.RequestAccess(w.ctx, sixth.owner.OrgID, ""), accesssec.CodeLocked)
	w.must(w.svc.DeleteOrg(w.ctx, orgs[2].owner.OrgID, "gone"))
	w.must(ann.RequestAccess(w.ctx, sixth.owner.OrgID, ""))
}

func requestHundred(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com", ann)
	fill := func(n int, mark string) {
		w.change(func(tx store.Tx) error {
			for i := range n {
				id := "req-" + mark + string(rune('a'+i%26)) + string(rune('a'+i/26))
				d := store.Doc{Kind: "access_request", OrgID: acme.owner.OrgID, ID: id, Key: id, At: w.clock(), ExpiresAt: w.clock().Add(time.Hour), Body: []byte("{}")}
				if err := tx.PutDocs(w.ctx, d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	fill(50, "x")
	// Strangers fill half of it; the rest is for people of the org's own domain.
	acme.refuses(w.outsider("ext@example.net").RequestAccess(w.ctx, acme.owner.OrgID, ""), accesssec.CodeLocked)
	w.must(w.outsider("zoe@example.com").RequestAccess(w.ctx, acme.owner.OrgID, ""))
	fill(49, "y")
	acme.refuses(w.outsider("max@example.com").RequestAccess(w.ctx, acme.owner.OrgID, ""), accesssec.CodeLocked)
	w.advance(time.Hour)
	w.must(w.outsider("max@example.com").RequestAccess(w.ctx, acme.owner.OrgID, ""))
}

func requestAnswers(t *testing.T, w *world) {
	p, acme := inviting(w)
	acme.add(policy.Admin, "adam@example.com")
	acme.add(policy.Member, "max@example.com")
	other := w.newOrg("Other", "boss@example.org")
	w.must(w.outsider("ann@example.net").RequestAccess(w.ctx, acme.owner.OrgID, ""))
	id := acme.request().ID
	acme.refuses(acme.as("max@example.com").AnswerRequest(w.ctx, id, policy.Member, true), accesssec.CodeNotAllowed)
	acme.refuses(acme.as("max@example.com").AnswerRequest(w.ctx, id, policy.Member, false), accesssec.CodeNotAllowed)
	acme.refuses(acme.as("adam@example.com").AnswerRequest(w.ctx, id, policy.Owner, true), accesssec.CodeAbove)
	acme.refuses(other.admin().AnswerRequest(w.ctx, id, policy.Member, true), accesssec.CodeNotFound)
	if _, err := acme.as("max@example.com").AccessRequests(w.ctx, store.Paging{}); w.code(err) != accesssec.CodeNotAllowed {
		t.Errorf("a Member sees them: %v", err)
	}
	if err := acme.admin().AnswerRequest(w.ctx, id, "king", true); err == nil {
		t.Error("a role that there is none of")
	}
	for name, change := range map[string][2]func(*store.User){
		"disabled":        {disable, func(u *store.User) { u.Disabled = false }},
		"another address": {func(u *store.User) { u.Address, u.AddressKey = "x@example.net", "x@example.net" }, func(u *store.User) { u.Address, u.AddressKey = "ann@example.net", "ann@example.net" }},
	} {
		w.hostSets("ann@example.net", change[0])
		if got := w.code(acme.admin().AnswerRequest(w.ctx, id, policy.Member, true)); got != accesssec.CodeNotFound {
			t.Errorf("%s: %q", name, got)
		}
		for _, now := range []string{"ann@example.net", "x@example.net"} {
			if _, there := w.user(now); there {
				w.hostSets(now, change[1])
				break
			}
		}
	}
	w.must(acme.as("adam@example.com").AnswerRequest(w.ctx, id, policy.Admin, true))
	if acme.roleOf("ann@example.net") != policy.Admin {
		t.Errorf("is %q", acme.roleOf("ann@example.net"))
	}
	// A member has nothing to ask, however they came.
	w.must(w.outsider("bob@example.net").RequestAccess(w.ctx, acme.owner.OrgID, ""))
	acme.add(policy.Member, "bob@example.net")
	if got := acme.pleas(); len(got) != 0 {
		t.Errorf("a member waits: %v", got)
	}
	p.told(w)
}

func requestRace(t *testing.T, w *world) {
	p, acme := inviting(w)
	ann := w.outsider("ann@example.net")
	won, codes := w.race(10, func(int) error { return ann.RequestAccess(w.ctx, acme.owner.OrgID, "") })
	if won != 1 || codes[accesssec.CodeRequested] != 9 {
		t.Errorf("%d asked, refused as %v", won, codes)
	}
	id, admin := acme.request().ID, acme.admin()
	p.told(w)
	won, codes = w.race(10, func(i int) error { return admin.AnswerRequest(w.ctx, id, policy.Member, i%2 == 0) })
	if won != 1 || codes[accesssec.CodeNotFound]+codes[accesssec.CodeMember] != 9 {
		t.Errorf("%d answers, refused as %v", won, codes)
	}
	if n := len(acme.events(audit.AccessAnswered)); n != 1 {
		t.Errorf("%d answers in the log", n)
	}
}

// requestFaults: a store that fails keeps no half of a request, nor of an answer.
func requestFaults(t *testing.T, w *world) {
	p, acme := inviting(w)
	ann := w.outsider("ann@example.net")
	p.told(w)
	until := func(what string, fn func(context.Context) error, nothing func() bool) {
		for n := int64(0); n < 1000; n++ {
			ctx := &dying{Context: w.ctx}
			ctx.left.Store(n)
			err := fn(ctx)
			if err == nil {
				return
			}
			if refusalOf(err).Code != "" || !nothing() {
				t.Fatalf("%s, failure %d: %v, and something is there", what, n, err)
			}
		}
		t.Fatalf("%s: never done", what)
	}
	until("asked", func(ctx context.Context) error { return ann.RequestAccess(ctx, acme.owner.OrgID, "") },
		func() bool { return len(acme.pleas()) == 0 })
	id := acme.request().ID
	until("answered", func(ctx context.Context) error { return acme.admin().AnswerRequest(ctx, id, policy.Admin, true) },
		func() bool { return len(acme.pleas()) == 1 && acme.roleOf("ann@example.net") == "" })
	if acme.roleOf("ann@example.net") != policy.Admin || len(acme.pleas()) != 0 {
		t.Error("not answered")
	}
	p.hears(w, "of both, once", "access_granted ann@example.net", "access_requested owner@example.com")
}
