package flowtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// logFlows: what is written of a login and of a change, and what is not.
func logFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"one login in order":                   logOrder,
		"refused changes":                      logRefusedChanges,
		"where there is no org":                logSystem,
		"hanging up":                           logHangingUp,
		"a chain that verifies, also erased":   logChain,
		"no secret anywhere":                   logCanaries,
		"lost races run again":                 logLostRaces,
		"who acts, and from where":             logActors,
		"a log that fails does not let one in": logFails,
	})
}

func logOrder(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	w.advance(time.Second)
	from := w.clock()
	l := acme.start()
	_, err := l.finish(l.answer(samltest.Person{Email: "new@example.com", FirstName: "Nell"}))
	w.must(err)
	page, err := acme.admin().Events(w.ctx, store.AuditQuery{From: from})
	w.must(err)
	got := ""
	for _, e := range page.Items {
		got += string(e.Type) + " "
		if e.Trace != l.visit.Trace || e.Agent != "flowtest" || e.Actor.Address != "new@example.com" {
			t.Errorf("%s: %+v", e.Type, e)
		}
	}
	if got != "user.created member.added session.created " {
		t.Errorf("the log says %s", got)
	}
}

func logRefusedChanges(t *testing.T, w *world) {
	acme := withAnn(w)
	member := must1(w.byPassword("ann@example.com", right))
	left := must1(w.byPassword("zoe@example.com", right))
	u, _ := w.user("zoe@example.com")
	w.change(func(tx store.Tx) error { return tx.DeleteMembership(w.ctx, acme.owner.OrgID, u.ID) })
	for who, p := range map[string]accesssec.Principal{"a member": member.Principal, "who has left": left.Principal} {
		before := len(acme.events(audit.ChangeRefused))
		calls := everyCall(w, w.svc.Admin(p), acme)
		for _, err := range calls {
			acme.refuses(err, accesssec.CodeNotAllowed)
		}
		if n := len(acme.events(audit.ChangeRefused)) - before; n != len(calls) {
			t.Errorf("%s: %d lines in the log for %d refused calls", who, n, len(calls))
		}
	}
}

func logSystem(t *testing.T, w *world) {
	w.guess(w.visit(), "nobody@example.net", "wrong")
	page, err := w.svc.SystemEvents(w.ctx, store.AuditQuery{Types: []string{string(audit.LoginRefused)}, Desc: true})
	w.must(err)
	if len(page.Items) == 0 || page.Items[0].Actor.Kind != audit.KindStranger || page.Items[0].Actor.ID != "" {
		t.Errorf("the system's log has %+v", page.Items)
	}
}

// logHangingUp: a client that goes away as soon as it is refused is in the log.
func logHangingUp(t *testing.T, w *world) {
	acme := withAnn(w)
	for n := int64(0); n < 40; n++ {
		ctx := &dying{Context: w.ctx}
		ctx.left.Store(n)
		w.advance(25 * time.Hour)
		looked, logged := w.hasher.Runs(), len(acme.events(audit.LoginRefused))
		_, err := w.svc.SignIn().Password(ctx, w.visit(), "ann@example.com", "wrong")
		if err == nil {
			t.Fatal("let in")
		}
		if w.hasher.Runs() > looked && !errors.Is(err, context.DeadlineExceeded) && len(acme.events(audit.LoginRefused)) == logged {
			t.Errorf("after %d calls: refused, and not in the log: %v", n, err)
		}
	}
}

func logChain(t *testing.T, w *world) {
	acme := withAnn(w)
	acme.signIn(ann)
	acme.events()
	read := func() ([]store.AuditEvent, error) {
		page, err := w.store.AuditEvents(w.ctx, acme.owner.OrgID, store.AuditQuery{Paging: store.Paging{Limit: 1000}})
		return page.Items, err
	}
	rows, err := read()
	w.must(err)
	head, err := audit.VerifyChain(store.AuditHead{}, rows)
	w.must(err)
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
		if strings.Contains(string(r.Body), "example.com") && strings.Contains(string(r.Body), "@") {
			t.Errorf("an address is in what is hashed: %s", r.Body)
		}
	}
	w.change(func(tx store.Tx) error {
		_, err := tx.EraseAudit(w.ctx, acme.owner.OrgID, ids)
		return err
	})
	rows, err = read()
	w.must(err)
	again, err := audit.VerifyChain(store.AuditHead{}, rows)
	w.must(err)
	if again != head {
		t.Error("erasing moved the head")
	}
	for _, e := range acme.events() {
		if e.Actor.Address != "" || e.IP != "" {
			t.Errorf("erased, and yet %+v", e)
		}
	}
}

// logCanaries looks for secrets in everything that is stored and recorded.
func logCanaries(t *testing.T, w *world) {
	acme := withAnn(w)
	in := must1(w.byPassword("ann@example.com", right))
	sso := acme.signIn(ann)
	w.guess(w.visit(), "ann@example.com", "canary-of-a-guess")
	before := in.Token()
	w.prove(in)
	secrets := []string{right, "canary-of-a-guess", before, before[3:], in.Token(), sso.Token(), in.Token()[3:], sso.Token()[3:]}
	var all strings.Builder
	for _, kind := range []store.Kind{"request", "assertion", "connection", "attempts", "browser"} {
		for _, org := range []string{"", acme.owner.OrgID} {
			page, err := w.store.Docs(w.ctx, kind, org, store.DocQuery{})
			w.must(err)
			for _, d := range page.Items {
				all.WriteString(d.ID + d.Key + string(d.Body))
			}
		}
	}
	page, err := w.store.AuditEvents(w.ctx, acme.owner.OrgID, store.AuditQuery{Paging: store.Paging{Limit: 1000}})
	w.must(err)
	for _, e := range append(page.Items, eventsUnsealed(w, acme)...) {
		all.Write(e.Body)
		all.Write(e.Personal)
	}
	for _, secret := range secrets {
		if strings.Contains(all.String(), secret) {
			t.Errorf("%q is stored in clear", secret)
		}
	}
}

func eventsUnsealed(w *world, c *customer) []store.AuditEvent {
	page, err := w.store.AuditEvents(w.ctx, c.owner.OrgID, store.AuditQuery{Unsealed: true, Paging: store.Paging{Limit: 1000}})
	w.must(err)
	return page.Items
}

// losing is a store whose transactions lose a race to a key, as one does that locks
// nothing while others write.
type losing struct {
	store.Store
	times *int
}

func (l losing) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return l.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(losingTx{tx, l.times}) })
}

type losingTx struct {
	store.Tx
	times *int
}

func (tx losingTx) CreateUser(ctx context.Context, u store.User) error {
	if *tx.times > 0 {
		*tx.times--
		return store.ErrExists
	}
	return tx.Tx.CreateUser(ctx, u)
}

func (tx losingTx) UpdateUser(ctx context.Context, u store.User) error {
	if *tx.times > 0 {
		*tx.times--
		return store.ErrConflict
	}
	return tx.Tx.UpdateUser(ctx, u)
}

func logLostRaces(t *testing.T, w *world) {
	times := 0
	w.store = losing{w.store, &times}
	w.svc = w.service(w.host.URL)
	acme := withAnn(w)
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	times = 2
	acme.signIn(samltest.Person{Email: "new@example.com"})
	times = 2
	acme.signIn(samltest.Person{Email: "new@example.com", FirstName: "Nell"})
	if n := len(acme.events(audit.SessionCreated)); n != 2 {
		t.Errorf("%d sign-ins in the log, want 2", n)
	}
	times = 100
	l := acme.start()
	if _, err := l.finish(l.answer(samltest.Person{Email: "late@example.com"})); !errors.Is(err, store.ErrExists) {
		t.Errorf("a race that is always lost: %v", err)
	}
}

func logActors(t *testing.T, w *world) {
	acme := withAnn(w)
	e := acme.last(audit.ConnectionEnabled)
	if e.Actor.Kind != audit.KindHost || e.Actor.OnBehalfOf != acme.owner.UserID {
		t.Errorf("vouched for by the host: %+v", e.Actor)
	}
	acme.add(policy.Admin, "adam@example.com")
	step, err := w.svc.SignIn().Password(w.ctx, w.from("192.0.2.77"), "adam@example.com", right)
	w.must(err)
	p := step.Entered.Principal
	_, err = w.svc.Admin(p).NewConnection(w.ctx, "another")
	w.must(err)
	w.advance(time.Second)
	e = acme.last(audit.ConnectionCreated)
	if e.Actor.ID != p.UserID || e.Session != p.SessionID || e.IP != "192.0.2.77" || e.Agent != "flowtest" {
		t.Errorf("by an Admin: %+v", e)
	}
}

// mute is a store that takes no events.
type mute struct{ store.Store }

func (m mute) RunInTx(ctx context.Context, fn func(store.Tx) error) error {
	return m.Store.RunInTx(ctx, func(tx store.Tx) error { return fn(muteTx{tx}) })
}

type muteTx struct{ store.Tx }

var errMute = errors.New("flowtest: no events today")

func (muteTx) AddAudit(context.Context, ...store.AuditEvent) error { return errMute }

func logFails(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	m := l.answer(ann)
	whole := w.store
	w.store = mute{whole}
	w.svc = w.service(w.host.URL)
	if in, err := w.byPassword("ann@example.com", right); !errors.Is(err, errMute) || in != nil {
		t.Errorf("let in without an event: %v", err)
	}
	if step, err := l.finish(m); !errors.Is(err, errMute) || step.Entered != nil {
		t.Errorf("let in without an event: %v", err)
	}
	if _, err := w.byPassword("ann@example.com", "wrong"); w.code(err) != accesssec.CodeWrongPassword {
		t.Errorf("a refusal that can't be recorded: %v", err)
	}
	if n := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); n != 0 {
		t.Errorf("%d sessions", n)
	}
	w.store = whole
	w.svc = w.service(w.host.URL)
	if _, err := l.finish(m); err != nil {
		t.Errorf("the response was used up by the fault: %v", err)
	}
}
