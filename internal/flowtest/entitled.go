package flowtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// entitledFlows: a plan guards what is switched on, and locks nobody out.
func entitledFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"nothing can be switched on":        entitledToNothing,
		"nobody is locked out":              entitledNoMore,
		"a preview names what is lacking":   entitledPreview,
		"a host that can't say":             entitledUnknown,
		"who may not act learns no plan":    entitledStrangers,
		"no transaction is open meanwhile":  entitledOutside,
		"settings that changed since asked": entitledStale,
		"a link to another org":             entitledLink,
	})
}

// plans is a host that sells features. Everything is in every plan until it is said
// otherwise.
type plans struct {
	mu     sync.Mutex
	none   bool
	fault  error
	asked  []accesssec.Feature
	during func() // what happens while the host thinks
}

func (p *plans) entitled(_ context.Context, _ string, f accesssec.Feature) (bool, error) {
	p.mu.Lock()
	p.asked = append(p.asked, f)
	during, none, fault := p.during, p.none, p.fault
	p.mu.Unlock()
	if during != nil {
		during()
	}
	// What comes beside an error counts for nothing, so the worst is said.
	return fault != nil || !none, fault
}

// say is what the host answers from now on; it returns what was asked until now.
func (p *plans) say(none bool, fault error) []accesssec.Feature {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.asked
	p.none, p.fault, p.asked, p.during = none, fault, nil, nil
	return asked
}

// sells makes the host of w one with plans, at an address of its own.
func (w *world) sells() *plans {
	w.t.Helper()
	p := &plans{}
	w.rehost(func(o *accesssec.Options) { o.Entitled = p.entitled })
	return p
}

// switchOn is a way to switch something on, with the feature it needs.
type switchOn struct {
	of      *customer // whose plan has it
	feature accesssec.Feature
	try     func() error
}

// switchOns are all the ways of one customer, and one of an org without single sign-on, which a
// second factor is not required beside. A link takes two plans and has a flow of its own.
func switchOns(w *world, c *customer) map[string]switchOn {
	w.t.Helper()
	set := func(c *customer, change func(*accesssec.Settings)) func() error {
		return func() error {
			next, err := c.admin().Settings(w.ctx)
			w.must(err)
			change(&next)
			p, err := c.admin().Preview(w.ctx, next)
			if err != nil {
				return err
			}
			return c.admin().Apply(w.ctx, next, p.Hash)
		}
	}
	plain := w.newOrg("Plain", "plain@example.net")
	return map[string]switchOn{
		"ClaimDomain": {c, accesssec.FeatureDomains, func() error {
			_, err := c.admin().ClaimDomain(w.ctx, "example.net")
			return err
		}},
		"NewConnection": {c, accesssec.FeatureSSO, func() error {
			_, err := c.admin().NewConnection(w.ctx, "another")
			return err
		}},
		"CreateSCIMToken": {c, accesssec.FeatureSCIM, func() error {
			_, err := c.admin().CreateSCIMToken(w.ctx, nil)
			return err
		}},
		"LinkingCode": {c, accesssec.FeatureSharedSSO, func() error {
			_, err := c.admin().LinkingCode(w.ctx)
			return err
		}},
		"Enable":        {c, accesssec.FeatureSSO, func() error { return c.admin().Enable(w.ctx, c.conn.ID, true) }},
		"RequireSSO":    {c, accesssec.FeatureRequireSSO, set(c, func(s *accesssec.Settings) { s.RequireSSO = true })},
		"IdPManaged":    {c, accesssec.FeatureIdPManaged, set(c, func(s *accesssec.Settings) { s.IdPManaged = true })},
		"BlockExternal": {c, accesssec.FeatureBlockExternal, set(c, func(s *accesssec.Settings) { s.BlockExternal = true })},
		"RequireFactor": {plain, accesssec.FeatureRequireFactor, set(plain, requireFactor)},
	}
}

// entitledLink: both orgs need it, the one that gives its sign-on and the one that has it from there.
func entitledLink(t *testing.T, w *world) {
	p := w.sells()
	acme, beta := twoOrgs(w)
	code := acme.linkingCode()
	preview := must1(beta.admin().PreviewLink(w.ctx, code, nil))
	p.say(true, nil)
	if err := beta.admin().LinkTo(w.ctx, code, preview.Hash, nil); w.code(err) != accesssec.CodeNotEntitled {
		t.Errorf("not in the plan: %v", err)
	}
	away := errors.New("flowtest: billing is away")
	if asked := p.say(false, away); !slices.Equal(asked, []accesssec.Feature{accesssec.FeatureSharedSSO}) {
		t.Errorf("asked about %v", asked)
	}
	if err := beta.admin().LinkTo(w.ctx, code, preview.Hash, nil); !errors.Is(err, away) {
		t.Errorf("the host can't say: %v", err)
	}
	p.say(false, nil)
	w.must(beta.again(func() error { return beta.admin().LinkTo(w.ctx, code, preview.Hash, nil) }))
	p.say(true, nil) // what is linked stays, and can be ended
	if b := w.browser(); b.sso(acme, ann.Email).status != 200 && !in(b, acme) {
		t.Error("the sign-on of both ended with the plan")
	}
	unlink := must1(beta.admin().PreviewUnlink(w.ctx, beta.owner.OrgID, nil))
	w.must(beta.again(func() error { return beta.admin().Unlink(w.ctx, beta.owner.OrgID, unlink.Hash, nil) }))
	if asked := p.say(true, nil); len(asked) != 0 {
		t.Errorf("the plan was asked about %v", asked)
	}
}

func entitledToNothing(t *testing.T, w *world) {
	p := w.sells()
	acme := withAnn(w)
	p.say(true, nil)
	for name, on := range switchOns(w, acme) {
		before, conns := settingsOf(w, on.of), connectionsOf(w, on.of)
		refusals := len(on.of.events(audit.ChangeRefused))
		err := on.try()
		var no *accesssec.Refusal
		if !errors.As(err, &no) || no.Code != accesssec.CodeNotEntitled {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if no.Say == "" || no.Fix == "" || no.Detail != "The organization's plan does not include \""+string(on.feature)+"\"." {
			t.Errorf("%s: say %q, detail %q, fix %q", name, no.Say, no.Detail, no.Fix)
		}
		events := on.of.events(audit.ChangeRefused)
		if len(events) != refusals+1 || !slices.ContainsFunc(events, func(e audit.Event) bool {
			return e.Reason == string(accesssec.CodeNotEntitled) && e.Outcome == audit.Refused
		}) {
			t.Errorf("%s: %d refusals in the log, want %d", name, len(events), refusals+1)
		}
		if asked := p.say(true, nil); len(asked) == 0 || slices.ContainsFunc(asked, func(f accesssec.Feature) bool { return f != on.feature }) {
			t.Errorf("%s: asked about %v, want %s", name, asked, on.feature)
		}
		if diff := cmp.Diff(before, settingsOf(w, on.of)); diff != "" || connectionsOf(w, on.of) != conns {
			t.Errorf("%s: refused, and yet (-before +after)\n%s", name, diff)
		}
	}
	p.say(false, nil)
	for name, on := range switchOns(w, acme) {
		if err := on.try(); err != nil {
			t.Errorf("%s, entitled: %v", name, err)
		}
	}
}

func settingsOf(w *world, c *customer) accesssec.Settings {
	w.t.Helper()
	s, err := c.admin().Settings(w.ctx)
	w.must(err)
	return s
}

func connectionsOf(w *world, c *customer) int {
	w.t.Helper()
	conns, err := c.admin().Connections(w.ctx)
	w.must(err)
	return len(conns)
}

// entitledNoMore: everything is on, and then the plan ends.
func entitledNoMore(t *testing.T, w *world) {
	p := w.sells()
	people := []samltest.Person{{Email: "ann@example.com"}, {Email: "new@example.com"}, {Email: "later@example.com"}}
	acme := w.newCustomer("Acme", "example.com", people...)
	acme.add(policy.Member, "ann@example.com", "out@example.net")
	waiting := acme.claim("example.org") // claimed, and still to be verified
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	logins := map[string]func(*browser) answer{
		"by SSO":       func(b *browser) answer { return b.sso(acme, "ann@example.com") },
		"just in time": func(b *browser) answer { return b.sso(acme, "new@example.com") },
		"by password":  func(b *browser) answer { return b.submit("password", "address", "out@example.net", "password", right) },
		"an Owner's bypass": func(b *browser) answer {
			return b.submit("password", "address", "owner@example.com", "password", right)
		},
		"just in time, by then": func(b *browser) answer { return b.sso(acme, "later@example.com") },
	}
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	for name, login := range logins {
		if name == "just in time, by then" {
			continue
		}
		b := w.browser()
		if a := login(b); !in(b, acme) {
			t.Errorf("%s, before: status %d", name, a.status)
		}
	}
	p.say(true, nil)
	for name, login := range logins {
		b := w.browser()
		if a := login(b); !in(b, acme) {
			t.Errorf("%s, after the plan has ended: status %d", name, a.status)
		}
	}

	rec := waiting.Records()[0]
	w.dns.SetTXT(rec.Name, rec.Value)
	if _, err := acme.admin().VerifyDomain(w.ctx, waiting.ID); err != nil {
		t.Errorf("a claim that was there: %v", err)
	}
	if _, err := acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, acme), nil); err != nil {
		t.Errorf("configured while on: %v", err)
	}
	acme.apply(func(s *accesssec.Settings) { s.SessionIdle = s.SessionIdle / 2 }) // with all else as it is
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.IdPManaged = false, false })
	if err := acme.admin().Enable(w.ctx, acme.conn.ID, false); err != nil {
		t.Errorf("switched off: %v", err)
	}
	if asked := p.say(true, nil); len(asked) != 0 {
		t.Errorf("the plan was asked about %v", asked)
	}
	for name, on := range switchOns(w, acme) {
		if err := on.try(); w.code(err) != accesssec.CodeNotEntitled {
			t.Errorf("%s again: %v", name, err)
		}
	}
	if err := acme.admin().RemoveConnection(w.ctx, acme.conn.ID); err != nil {
		t.Errorf("removed: %v", err)
	}
}

// in reports whether the browser is signed in to the customer's org.
func in(b *browser, c *customer) bool {
	_, org, _ := b.whoami()
	return org == c.owner.OrgID
}

func entitledPreview(t *testing.T, w *world) {
	p := w.sells()
	acme := withAnn(w)
	next := settingsOf(w, acme)
	next.RequireSSO, next.BlockExternal = true, true
	good, err := acme.admin().Preview(w.ctx, next)
	w.must(err)
	if len(good.Refused) != 0 {
		t.Fatalf("entitled, and in the way: %+v", good.Refused)
	}
	p.say(true, nil)
	bad, err := acme.admin().Preview(w.ctx, next)
	w.must(err)
	fix := "Ask support for a plan that includes it. What is on already stays on, and can be switched off."
	want := []accesssec.Finding{
		{Code: "not_entitled", Text: `The organization's plan does not include "require_sso".`, Fix: fix},
		{Code: "not_entitled", Text: `The organization's plan does not include "block_external".`, Fix: fix},
	}
	if diff := cmp.Diff(want, bad.Refused); diff != "" {
		t.Errorf("in the way (-want +got)\n%s", diff)
	}
	if bad.Hash == good.Hash {
		t.Error("the hash does not cover the plan")
	}
	if err := acme.admin().Apply(w.ctx, next, good.Hash); w.code(err) != accesssec.CodeNotEntitled {
		t.Errorf("a preview from better days: %v", err)
	}
	p.say(false, nil)
	if err := acme.admin().Apply(w.ctx, next, bad.Hash); w.code(err) != accesssec.CodePreviewStale {
		t.Errorf("a preview that was refused: %v", err)
	}
	w.must(acme.admin().Apply(w.ctx, next, good.Hash))
}

// entitledUnknown: an error is a fault. It refuses, whatever comes beside it.
func entitledUnknown(t *testing.T, w *world) {
	p := w.sells()
	acme := withAnn(w)
	away := errors.New("flowtest: billing is away")
	p.say(false, away)
	for name, on := range switchOns(w, acme) {
		before, events := settingsOf(w, on.of), len(on.of.events())
		err := on.try()
		var no *accesssec.Refusal
		if !errors.Is(err, away) || errors.As(err, &no) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, settingsOf(w, on.of)); diff != "" || len(on.of.events()) != events {
			t.Errorf("%s: a fault, and yet (-before +after)\n%s", name, diff)
		}
	}
}

func entitledStrangers(t *testing.T, w *world) {
	p := w.sells()
	acme := withAnn(w)
	p.say(true, nil)
	member := must1(w.byPassword("ann@example.com", right))
	for name, err := range everyCall(w, w.svc.Admin(member.Principal), acme) {
		if w.code(err) != accesssec.CodeNotAllowed {
			t.Errorf("a member, %s: %v", name, err)
		}
	}
	owner := must1(w.byPassword("owner@example.com", right))
	next := settingsOf(w, acme)
	next.RequireSSO = true
	admin := w.svc.Admin(owner.Principal) // who has not proven anything lately
	_, claim := admin.ClaimDomain(w.ctx, "example.net")
	for name, err := range map[string]error{
		"ClaimDomain": claim, "Enable": admin.Enable(w.ctx, acme.conn.ID, true), "Apply": admin.Apply(w.ctx, next, ""),
	} {
		if w.code(err) != accesssec.CodeProve {
			t.Errorf("not proven, %s: %v", name, err)
		}
	}
	if asked := p.say(true, nil); len(asked) != 0 {
		t.Errorf("the plan was asked about %v", asked)
	}
}

// entitledOutside: while the host thinks others can write, so no transaction is open.
func entitledOutside(t *testing.T, w *world) {
	p := w.sells()
	acme := withAnn(w)
	for name, on := range switchOns(w, acme) {
		p.say(false, nil)
		written := 0
		p.during = func() {
			w.change(func(tx store.Tx) error {
				written++
				return tx.PutDocs(w.ctx, store.Doc{Kind: "flowtest", ID: name + string(rune('0'+written))})
			})
		}
		if err := on.try(); err != nil || written == 0 {
			t.Errorf("%s: %v, and %d written meanwhile", name, err, written)
		}
	}
}

// entitledStale: what was not asked about is not switched on, although the settings
// changed between the question and the transaction.
func entitledStale(t *testing.T, w *world) {
	p := w.sells()
	acme := withAnn(w)
	next := settingsOf(w, acme)
	next.RequireSSO = true
	preview, err := acme.admin().Preview(w.ctx, next)
	w.must(err)
	p.say(false, nil)
	p.during = func() {
		w.change(func(tx store.Tx) error {
			org, err := tx.Org(w.ctx, acme.owner.OrgID)
			if err != nil {
				return err
			}
			return tx.UpdateOrg(w.ctx, org)
		})
	}
	if err := acme.admin().Apply(w.ctx, next, preview.Hash); w.code(err) != accesssec.CodePreviewStale {
		t.Errorf("settings of another version: %v", err)
	}
	// The other way round: the host was not asked, since the version was not there yet.
	p.say(true, nil)
	next.Version++
	if err := acme.admin().Apply(w.ctx, next, preview.Hash); w.code(err) != accesssec.CodePreviewStale && w.code(err) != accesssec.CodeNotEntitled {
		t.Errorf("settings of a version to come: %v", err)
	}
	if settingsOf(w, acme).RequireSSO {
		t.Error("switched on")
	}
}
