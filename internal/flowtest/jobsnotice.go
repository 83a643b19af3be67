package flowtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/store/seal"
)

// noticesFlows: who is told of what, and how long it is tried.
func noticesFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"what is told, and to whom":            noticesTold,
		"what is not told":                     noticesNotTold,
		"a change that is undone tells nobody": noticesUndone,
		"one that can't be written":            noticesUnwritten,
		"nothing of it is stored in clear":     noticesSealed,
		"a box is good for its own job":        noticesMoved,
		"ever later, and then dropped":         noticesExpire,
		"a sink that hangs":                    noticesHang,
		"whoever is gone by then":              noticesGone,
		"without a Notifier":                   noticesNobody,
		"a name that forges a header":          noticesForged,
		"keys that are not ours any more":      noticesOtherKeys,
	})
}

// told ticks, and takes what has come: "template address" of each.
func (p *post) told(w *world) []string {
	w.t.Helper()
	w.tick(w.svc)
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []string{}
	for id, n := range p.delivered {
		if p.heard[id] {
			continue // the same notice, delivered once more
		}
		p.heard[id] = true
		out = append(out, string(n.Template)+" "+n.To)
	}
	clear(p.delivered)
	slices.Sort(out)
	return out
}

func noticesTold(t *testing.T, w *world) {
	p := newPost()
	acme := withAnn(w)
	acme.add(policy.Admin, "adam@example.com")
	acme.add(policy.Billing, "bill@example.com")
	w.must(w.svc.ImportPeople(w.ctx, acme.owner.OrgID,
		accesssec.Person{Address: "squatter@example.com", Role: policy.Admin}, // nobody has proven that it is theirs
		accesssec.Person{Address: "off@example.com", Verified: true, Role: policy.Owner}))
	w.change(func(tx store.Tx) error {
		u, err := tx.UserByAddress(w.ctx, "off@example.com")
		if err != nil {
			return err
		}
		u.Disabled = true
		return tx.UpdateUser(w.ctx, u)
	})
	w.svc = w.instance(w.store, p.sink(works))
	second := must1(acme.admin().NewConnection(w.ctx, "Second"))
	idp := *idpOf(t, acme)
	idp.SSO.URL += "/elsewhere"
	for _, step := range []struct {
		template accesssec.Template
		do       func()
		values   map[string]string
	}{
		{"settings_changed", func() { acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true }) },
			map[string]string{"changes": "require_sso from false to true", "by": "the application on behalf of owner@example.com"}},
		{"sso_bypassed", func() {
			v := w.from("192.0.2.7")
			must1(w.svc.SignIn().Password(w.ctx, v, "Adam@example.com", right))
		}, map[string]string{"by": "adam@example.com", "ip": "192.0.2.7"}},
		{"connection_changed", func() { must1(acme.admin().Configure(w.ctx, acme.conn.ID, &idp, nil)) },
			map[string]string{"change": "configured", "fields": "sign_in_url", "connection": "Acme IdP"}},
		{"connection_changed", func() { w.must(acme.admin().RemoveConnection(w.ctx, second.ID)) },
			map[string]string{"change": "removed", "fields": "none", "connection": "Second"}},
		{"settings_changed", func() { acme.apply(func(s *accesssec.Settings) { s.RequireSSO, s.SessionIdle = false, time.Hour }) },
			map[string]string{"changes": "require_sso from true to false, session_idle from 24h0m0s to 1h0m0s"}},
		{"connection_changed", func() { w.must(acme.admin().Enable(w.ctx, acme.conn.ID, false)) }, map[string]string{"change": "disabled"}},
		{"connection_changed", func() { w.must(acme.admin().Enable(w.ctx, acme.conn.ID, true)) }, map[string]string{"change": "enabled"}},
	} {
		p.tried = nil
		step.do()
		want := []string{string(step.template) + " adam@example.com", string(step.template) + " owner@example.com"}
		if diff := cmp.Diff(want, p.told(w)); diff != "" {
			t.Errorf("told (-want +got)\n%s", diff)
		}
		step.values["org"], step.values["site"] = "Acme", strings.TrimPrefix(w.host.URL, "http://")
		step.values["time"] = "2 March 2090, 12:00 UTC"
		for _, n := range p.tried {
			for k, v := range step.values {
				if n.Values[k] != v || !strings.Contains(n.Subject+n.Text, v) {
					t.Errorf("%s: %s is %q, want %q, in\n%s\n%s", n.Template, k, n.Values[k], v, n.Subject, n.Text)
				}
			}
			if u, _ := w.user(n.To); n.UserID != u.ID || n.OrgID != acme.owner.OrgID || !n.Expires.Equal(w.clock().Add(72*time.Hour)) || n.ID == "" {
				t.Errorf("%+v", n)
			}
		}
	}
}

func noticesNotTold(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	acme.apply(func(*accesssec.Settings) {})
	must1(acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, acme), nil)) // as it was
	other := must1(acme.admin().NewConnection(w.ctx, "In set-up"))
	must1(acme.admin().Configure(w.ctx, other.ID, idpOf(t, acme), &saml.Rules{}))
	must1(w.byPassword("ann@example.com", right))
	must1(w.byPassword("owner@example.com", right)) // nothing is required
	acme.signIn(ann)
	if got := p.told(w); len(got) != 0 {
		t.Errorf("told of %v", got)
	}
}

// undone is a store whose transactions fail at their end.
type undone struct{ store.Store }

func (u undone) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return u.Store.RunInTx(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errAway
	})
}

func noticesUndone(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	p.told(w)
	whole := w.svc
	w.svc = w.instance(undone{w.store}, p.sink(works))
	if in, err := w.byPassword("owner@example.com", right); err == nil || in != nil {
		t.Errorf("let in by a transaction that failed: %v", err)
	}
	if err := acme.admin().Enable(w.ctx, acme.conn.ID, false); err == nil {
		t.Error("switched off by a transaction that failed")
	}
	w.svc = whole
	acme.refuses(acme.admin().Enable(w.ctx, acme.conn.ID, false), accesssec.CodeInUse)
	acme.refuses(acme.admin().Apply(w.ctx, must1(acme.admin().Settings(w.ctx)), "stale"), accesssec.CodePreviewStale)
	if got := p.told(w); len(got) != 0 {
		t.Errorf("told of %v", got)
	}
}

// noJobs is a store that takes no jobs.
type noJobs struct{ store.Store }

func (n noJobs) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return n.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(noJobsTx{tx}) })
}

type noJobsTx struct{ store.Tx }

func (noJobsTx) PutJobs(context.Context, ...store.Job) error { return errAway }

func noticesUnwritten(t *testing.T, w *world) {
	acme := told(w, sink(works))
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	w.svc = w.instance(noJobs{w.store}, sink(works))
	if in, err := w.byPassword("owner@example.com", right); err == nil || in != nil {
		t.Errorf("past the sign-on that is required, and nobody is told: %v", err)
	}
	next := must1(acme.admin().Settings(w.ctx))
	next.RequireSSO = false
	plan := must1(acme.admin().Preview(w.ctx, next))
	if err := acme.admin().Apply(w.ctx, next, plan.Hash); err == nil {
		t.Error("changed, and nobody is told")
	}
	if got := must1(acme.admin().Settings(w.ctx)); !got.RequireSSO {
		t.Error("changed, although it failed")
	}
}

func noticesSealed(t *testing.T, w *world) {
	acme := told(w, sink(works))
	acme.apply(func(s *accesssec.Settings) { s.RequireSSO = true })
	v := w.from("192.0.2.7")
	must1(w.svc.SignIn().Password(w.ctx, v, "owner@example.com", right))
	jobs := w.lease("reader")
	if len(jobs) != 2 {
		t.Fatalf("%d notices", len(jobs))
	}
	for _, j := range jobs {
		// Words of few letters turn up in base64 by themselves.
		var body struct{ Box []byte }
		w.must(json.Unmarshal(j.Body, &body))
		all := fmt.Sprintf("%s %s %s %s %s", j.Kind, j.OrgID, j.Key, j.Body, body.Box)
		for _, secret := range []string{"owner", "example.com", "192.0.2.7", "settings", "sign-on", "password", acme.owner.UserID} {
			if strings.Contains(all, secret) {
				t.Errorf("%q is stored in clear: %s", secret, all)
			}
		}
	}
}

// noticesMoved: whoever can write the store can't send one org's notice as another's.
func noticesMoved(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	acme.toggle()
	other := w.newOrg("Other", "owner@example.org")
	other.toggle()
	jobs := w.lease("thief")
	if len(jobs) != 2 {
		t.Fatalf("%d notices", len(jobs))
	}
	jobs[0].Body, jobs[1].Body = jobs[1].Body, jobs[0].Body
	w.change(func(tx store.Tx) error {
		_, err := tx.FinishJobs(w.ctx, store.JobDone{Job: jobs[0], Next: w.clock()}, store.JobDone{Job: jobs[1], Next: w.clock()})
		return err
	})
	if _, err := w.svc.Tick(w.ctx); err == nil {
		t.Error("boxes that don't open are no error")
	}
	w.advance(73 * time.Hour)
	w.tick(w.svc)
	if tried, _ := p.counts(); tried != 0 {
		t.Errorf("%d were delivered out of another's box", tried)
	}
	for _, c := range []*customer{acme, other} {
		if e := c.last(audit.NoticeDropped); e.Reason != "unreadable" {
			t.Errorf("dropped as %+v", e)
		}
	}
}

func noticesExpire(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(fails))
	acme.toggle()
	written := w.clock()
	var at []time.Duration
	look := func() {
		before := len(p.tried)
		_, _ = w.svc.Tick(w.ctx) // the error is the sink's
		if len(p.tried) > before {
			at = append(at, w.clock().Sub(written))
		}
	}
	wait := 30 * time.Second
	for look(); w.clock().Before(written.Add(72 * time.Hour)); look() {
		w.advance(wait - time.Microsecond)
		look()
		w.advance(time.Microsecond)
		wait = min(2*wait, time.Hour)
	}
	var want []time.Duration
	wait = 30 * time.Second
	for d := time.Duration(0); d < 72*time.Hour; d += wait {
		if want = append(want, d); len(want) > 1 {
			wait = min(2*wait, time.Hour)
		}
	}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("tried at (-want +got)\n%s", diff)
	}
	dropped := acme.events(audit.NoticeDropped)
	if len(dropped) != 1 {
		t.Fatalf("%d events of a notice that was given up", len(dropped))
	}
	e := dropped[0]
	if e.Actor.Kind != audit.KindSystem || e.Outcome != audit.Failed || e.Reason != "expired" || len(e.Targets) != 2 ||
		e.Targets[0].ID != p.tried[0].ID || e.Targets[0].Name != "settings_changed" || e.Targets[1].ID != acme.owner.UserID {
		t.Errorf("the event is %+v", e)
	}
	for _, row := range w.chain(acme) {
		if row.Type == string(audit.NoticeDropped) && strings.Contains(string(row.Body)+string(row.Personal), "owner@") {
			t.Errorf("it says more than it has to: %s", row.Body)
		}
	}
	w.advance(24 * time.Hour)
	w.svc = w.instance(w.store, p.sink(works))
	if got := p.told(w); len(got) != 0 {
		t.Errorf("delivered after it was given up: %v", got)
	}
}

func noticesHang(t *testing.T, w *world) {
	p := newPost()
	acme := withAnn(w)
	var people []string
	for i := range 20 {
		people = append(people, fmt.Sprintf("admin%d@example.com", i))
	}
	acme.add(policy.Admin, people...)
	hung := make(chan struct{}, 1)
	w.svc = w.instance(w.store, p.sink(func(ctx context.Context, n accesssec.Notice) error {
		if n.To != "admin7@example.com" {
			return nil
		}
		hung <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}))
	acme.toggle()
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := w.svc.Tick(ctx)
		ended <- err
	}()
	<-hung
	for range 20 { // the others, the Owner among them
		<-p.came
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("one hung until the end, and that is no error")
	}
	w.svc = w.instance(w.store, p.sink(works))
	w.tick(w.svc)
	if n := <-p.came; n.To != "admin7@example.com" {
		t.Errorf("then came %s", n.To)
	}
}

func noticesGone(t *testing.T, w *world) {
	p := newPost()
	acme := withAnn(w)
	acme.add(policy.Admin, "adam@example.com", "adele@example.com")
	w.svc = w.instance(w.store, p.sink(works))
	acme.toggle()
	w.change(func(tx store.Tx) error {
		adam, err := tx.UserByAddress(w.ctx, "adam@example.com")
		if err != nil {
			return err
		}
		adele, err := tx.UserByAddress(w.ctx, "adele@example.com")
		if err != nil {
			return err
		}
		adele.Disabled = true
		if err := tx.UpdateUser(w.ctx, adele); err != nil {
			return err
		}
		return tx.DeleteUser(w.ctx, adam.ID)
	})
	// What happened happened while they were Admins.
	want := []string{"settings_changed adam@example.com", "settings_changed adele@example.com", "settings_changed owner@example.com"}
	if diff := cmp.Diff(want, p.told(w)); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	acme.toggle()
	if diff := cmp.Diff(want[2:], p.told(w)); diff != "" {
		t.Errorf("told of the next one (-want +got)\n%s", diff)
	}
	acme.toggle()
	w.change(func(tx store.Tx) error { return tx.DeleteOrg(w.ctx, acme.owner.OrgID) })
	if got := p.told(w); len(got) != 0 {
		t.Errorf("told of an org that is gone: %v", got)
	}
}

func noticesNobody(t *testing.T, w *world) {
	p := newPost()
	acme := withAnn(w)
	silent := w.svc
	acme.toggle()
	if jobs := w.lease("looker"); len(jobs) != 0 {
		t.Errorf("%d notices that nobody will deliver", len(jobs))
	}
	w.svc = w.instance(w.store, p.sink(works))
	acme.toggle()
	for range 3 {
		w.tick(silent)
		w.advance(time.Hour)
	}
	if got := p.told(w); len(got) != 1 {
		t.Errorf("told %v; an instance that can't deliver must leave it alone", got)
	}
}

func noticesForged(t *testing.T, w *world) {
	p := newPost()
	w.svc = w.instance(w.store, p.sink(works))
	evil := w.newOrg("Acme\r\nBcc: everybody@example.com\n\n<b>\u202e\x07{by}", "owner@example.com")
	evil.toggle()
	must1(evil.admin().NewConnection(w.ctx, "x"))
	if got := p.told(w); len(got) != 1 {
		t.Fatalf("told %v", got)
	}
	n := p.tried[0]
	if want := "The access settings of Acme Bcc: everybody@example.com <b>{by} were changed"; n.Subject != want {
		t.Errorf("the subject is %q, want %q", n.Subject, want)
	}
	lines := append(slices.Collect(maps.Values(n.Values)), n.Subject, strings.ReplaceAll(n.Text, "\n", ""))
	for _, line := range lines {
		if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q", line)
		}
	}
	if strings.Contains(n.Text, "\nBcc:") {
		t.Errorf("a line of its own:\n%s", n.Text)
	}
}

// noticesOtherKeys: an instance that can't open a notice leaves it to one that can.
func noticesOtherKeys(t *testing.T, w *world) {
	p := newPost()
	acme := told(w, p.sink(works))
	acme.toggle()
	newer := w.keys
	w.keys = must1(seal.NewRing(seal.Key{ID: "other", Secret: [32]byte{1}}))
	if _, err := w.instance(w.store, p.sink(works)).Tick(w.ctx); err == nil {
		t.Error("a box that does not open is no error")
	}
	w.keys = newer
	w.advance(30 * time.Second)
	if got := p.told(w); len(got) != 1 {
		t.Errorf("told %v", got)
	}
}
