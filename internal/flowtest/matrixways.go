package flowtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/internal/policytable"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// pairFlows are whole sign-ins through the pages: by every way, beside every setting, by every
// kind of person, with their second factor and single sign-on in every state, so that any two of
// these meet. What is to come of each is in docs/policy.md. The states are worlds of their own.
func pairFlows(t *testing.T, open func(*testing.T) store.Store) {
	chosen, pairs := cover()
	met, ends := map[pair]bool{}, map[policytable.Outcome]int{}
	perBase := map[string][]attempt{}
	for _, a := range chosen {
		a.pairs(func(p pair) { met[p] = true })
		ends[a.want()]++
		perBase[a.base.Name] = append(perBase[a.base.Name], a)
	}
	t.Logf("%d sign-ins, in which %d pairs meet, end as %v", len(chosen), pairs, ends)
	if len(met) != pairs || pairs < 1000 || len(ends) != len(outcomes) {
		t.Errorf("%d pairs of %d meet in %d sign-ins, which end in %d ways", len(met), pairs, len(chosen), len(ends))
	}
	for name, attempts := range perBase {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newWays(newWorld(t, open(t)), attempts)
			for n, a := range attempts {
				m.try(n, a)
			}
		})
	}
}

// ways is a world in which the matrix is walked.
type ways struct {
	w      *world
	g      *provider
	base   policytable.Base
	o      *customer // which has D
	wanted *customer // O, or T
	other  *customer
}

func newWays(w *world, attempts []attempt) *ways {
	w.t.Helper()
	m := &ways{w: w, g: w.offering(nil), base: attempts[0].base}
	var people []samltest.Person
	for n, a := range attempts {
		people = append(people, samltest.Person{Email: addressIn(n, a)})
	}
	m.o = w.newCustomer("O", onD, people...)
	m.wanted, m.other = m.o, w.newOrg("Elsewhere", "owner@elsewhere.example")
	switch m.base.State {
	case policytable.Shared:
		m.wanted = w.newOrg("T", "owner@t.example")
		m.wanted.verify(onE)
		m.wanted.linkTo(m.o, false)
	case policytable.Missing:
		m.turn(store.DomainMissing)
	case policytable.Lapse:
		m.turn(store.DomainUnverified)
	case policytable.SSOOff, policytable.InSetUp:
		m.rest()
	}
	return m
}

func addressIn(n int, a attempt) string { return fmt.Sprintf("p%d@%s", n, kinds[a.row.Who].domain) }

// turn brings the claim of O into a state.
func (m *ways) turn(state string) {
	m.w.t.Helper()
	(&matrix{w: m.w, orgs: []*customer{m.o}}).turn(state)
}

// rest has single sign-on be off, or in set-up.
func (m *ways) rest() {
	m.w.t.Helper()
	m.w.must(m.o.admin().Enable(m.w.ctx, m.o.conn.ID, false))
	if m.base.State == policytable.InSetUp {
		must1(m.o.admin().NewConnection(m.w.ctx, "next"))
	}
}

// try has somebody come who was never here, and compares.
func (m *ways) try(n int, a attempt) {
	w := m.w
	w.t.Helper()
	w.advance(25 * time.Minute) // no limit is what this is about
	m.settle(func(*accesssec.Settings) {})
	p := m.person(n, a)
	m.begins(p)
	if p.h != nil {
		p.h.becomes(inState(p.h.kept().Body, a.factor))
	}
	member := m.member(p)
	m.settle(func(s *accesssec.Settings) { a.by(s, m.base.Block, w.clock()) })
	m.clear(p)
	if a.how == policytable.Link {
		m.mailed(p)
	}
	w.advance(time.Second)
	start := w.clock()
	page := m.comes(p)
	if strings.HasSuffix(page.at.Path, "/code") && a.shown != policytable.Nothing {
		page = m.shows(p)
	}
	got := m.outcome(p, page, start, member)
	want := a.want()
	if got != want {
		w.t.Errorf("%s: %s, want %s (status %d at %s)\n%s", a, got, want, page.status, page.at, text(page.body))
	}
	if p.id == "" {
		u, _ := w.user(p.address)
		p.id = u.ID
	}
	in := 1
	if !comesIn(want) {
		in = 0
	}
	if n := m.sessions(p); n != in {
		w.t.Errorf("%s: %d sessions", a, n)
	}
	m.clear(p)
}

// comesIn reports whether there is a session then, if for setting up a factor alone.
func comesIn(o policytable.Outcome) bool {
	return slices.Contains([]policytable.Outcome{
		policytable.In, policytable.Bypass, policytable.Own, policytable.Made, policytable.Exempt, policytable.Grace, policytable.SetUp,
	}, o)
}

func (m *ways) sessions(p *comer) int {
	if p.id == "" {
		return 0
	}
	return m.w.sessions(store.SessionQuery{UserID: p.id})
}

// clear ends what sessions the person has, and nothing else.
func (m *ways) clear(p *comer) {
	m.w.t.Helper()
	if p.id == "" {
		return
	}
	m.w.change(func(tx store.Tx) error {
		_, err := tx.DeleteSessions(m.w.ctx, store.SessionQuery{UserID: p.id})
		return err
	})
}

func (m *ways) member(p *comer) bool {
	m.w.t.Helper()
	if p.id == "" {
		return false
	}
	orgs := must1(m.w.store.OrgsOf(m.w.ctx, p.id))
	return slices.ContainsFunc(orgs, func(o store.Membership) bool { return o.OrgID == m.wanted.owner.OrgID })
}

// by are the settings of an attempt. Browsers are remembered for a week where nothing else is said.
func (a attempt) by(s *accesssec.Settings, block bool, now time.Time) {
	col := policytable.Columns()[a.column]
	s.RequireSSO, s.IdPManaged, s.BlockExternal = col.RequireSSO, col.IdPManaged, block
	if a.left != "" {
		s.Methods = []policy.Method{methodOf(a.left)}
	}
	switch a.required {
	case requirements[1]:
		s.RequireFactor, s.FactorFrom = true, now.Add(time.Hour)
	case requirements[2]:
		s.RequireFactor, s.FactorFrom = true, now.Add(-time.Hour)
	}
	if a.devices == deviceStates[0] || a.devices == deviceStates[3] {
		s.RememberDevices = 0
	}
}

func methodOf(h policytable.How) policy.Method {
	return map[policytable.How]policy.Method{
		policytable.Password: policy.Password, policytable.Link: policy.Link, policytable.Google: policy.Google, policytable.SSO: policy.SSO,
	}[h]
}

// settle makes the settings, on top of none: the switches those of O, the rest those of the org
// that is wanted.
func (m *ways) settle(change func(*accesssec.Settings)) {
	m.w.t.Helper()
	next := accesssec.Settings{RememberDevices: aWeek}
	change(&next)
	switches, rest := next, next
	rest.RequireSSO, rest.IdPManaged, rest.BlockExternal = false, false, false
	switches.Methods, switches.RequireFactor, switches.FactorFrom, switches.RememberDevices = nil, false, time.Time{}, 0
	if m.wanted == m.o {
		m.set(m.o, next)
		return
	}
	m.set(m.o, switches)
	m.set(m.wanted, rest)
}

// set goes the way of every org, and where that refuses writes what the org would have if it had
// been changed before: single sign-on is in another state then, or the domain.
func (m *ways) set(c *customer, want accesssec.Settings) {
	w := m.w
	w.t.Helper()
	next := must1(c.admin().Settings(w.ctx))
	want.SSOFrom, want.Version, want.SessionIdle, want.SessionEnd = next.SSOFrom, next.Version, next.SessionIdle, next.SessionEnd
	preview := must1(c.admin().Preview(w.ctx, want))
	if len(preview.Refused) == 0 {
		w.must(c.admin().Apply(w.ctx, want, preview.Hash))
		return
	}
	for _, f := range preview.Refused {
		if !slices.Contains([]string{"sso_inactive", "sso_active", "no_domain"}, f.Code) {
			w.t.Fatalf("in the way of %+v: %+v", want, f)
		}
	}
	org := must1(w.store.Org(w.ctx, c.owner.OrgID))
	var has, gets map[string]json.RawMessage
	w.must(json.Unmarshal(org.Access, &has))
	w.must(json.Unmarshal(must1(json.Marshal(want)), &gets))
	for _, name := range []string{"methods", "require_factor", "factor_from", "remember_devices"} {
		delete(has, name)
	}
	for name, v := range gets {
		has[name] = v
	}
	org.Access = must1(json.Marshal(has))
	w.change(func(tx store.Tx) error { return tx.UpdateOrg(w.ctx, org) })
}

// begins is what was begun before the settings were made: a link was mailed, and where nobody is
// sent to the identity provider any more, somebody was.
func (m *ways) begins(p *comer) {
	w := m.w
	w.t.Helper()
	switch {
	case p.how == policytable.Link:
		m.g.p.takes(w)
		p.submit("link", append(p.fields, "address", p.address)...)
		p.token = w.of(m.g.p.takes(w), accesssec.TemplateMailSignIn).token
	case p.how == policytable.SSO && (m.base.State == policytable.SSOOff || m.base.State == policytable.InSetUp):
		w.must(m.o.admin().Enable(w.ctx, m.o.conn.ID, true))
		p.to = p.startSSO(m.o, p.fields...)
		m.rest()
	}
}

// mailed asks for one more link, from another browser: it is written where it would open, but for
// a domain whose people come by single sign-on first.
func (m *ways) mailed(p *comer) {
	w := m.w
	w.t.Helper()
	w.browser().submit("link", append(p.fields, "address", p.address)...)
	sent := slices.ContainsFunc(m.g.p.takes(w), func(n accesssec.Notice) bool { return n.Template == accesssec.TemplateMailSignIn })
	col := policytable.Columns()[p.column]
	off := m.wanted == m.o && p.left != "" && p.left != policytable.Link
	active := m.base.State == policytable.Verified || m.base.State == policytable.Missing || m.base.State == policytable.Shared
	first := kinds[p.row.Who].domain == onD && active && (col.RequireSSO || col.IdPManaged && off)
	closed := []policytable.Outcome{policytable.SentSSO, policytable.Blocked, policytable.SwitchedOff, policytable.Unknown}
	if want := !first && !slices.Contains(closed, p.want()); sent != want {
		w.t.Errorf("%s: a link was mailed: %v", p, sent)
	}
}

// comes is the way itself, through the pages.
func (m *ways) comes(p *comer) answer {
	w := m.w
	w.t.Helper()
	switch p.how {
	case policytable.Password:
		return p.submit("password", append(p.fields, "address", p.address, "password", right)...)
	case policytable.Link:
		return p.submit("link/open", "token", p.token)
	case policytable.Google:
		choose := p.submit("google/start", p.fields...)
		return p.read(p.PostForm(choose.at.String(), url.Values{"subject": {p.address}}))
	}
	if p.to == "" {
		p.to = p.startSSO(m.o, p.fields...)
	}
	return p.walk(p.to, p.address)
}

func (m *ways) shows(p *comer) answer {
	m.w.t.Helper()
	if p.shown == policytable.Recovery {
		return p.submit("recover", append(p.fields, "code", p.h.paper[0])...)
	}
	return p.submit("code", append(p.fields, "code", p.h.next())...)
}

// outcome translates what the browser sees, and what the logs say since then.
func (m *ways) outcome(p *comer, page answer, start time.Time, member bool) policytable.Outcome {
	w := m.w
	w.t.Helper()
	switch strings.TrimPrefix(page.at.Path, w.svc.Path()) {
	case "code", "recover":
		return policytable.Asked
	case "factor":
		return policytable.SetUp
	}
	user, org, role := p.whoami()
	switch k := kinds[p.row.Who]; {
	case user == "":
		return m.refusal(start)
	case org == "":
		return policytable.Own
	case org != m.wanted.owner.OrgID:
		return policytable.Outcome("in another org")
	case role != cmp.Or(string(k.role), string(k.invited), string(policy.Member)):
		return policytable.Outcome("in as " + role)
	case strings.HasSuffix(page.at.Path, "/factor/soon"):
		return policytable.Grace
	}
	switch bypassed := len(m.since(start, audit.LoginBypassed)) == 1; {
	case bypassed && !member:
		return policytable.Exempt
	case bypassed:
		return policytable.Bypass
	case !member:
		return policytable.Made
	}
	return policytable.In
}

// since are the events of that type, in the logs of both orgs and in the system's.
func (m *ways) since(start time.Time, what audit.Type) []audit.Event {
	m.w.t.Helper()
	out := append(m.w.system(what), m.o.events(what)...)
	if m.wanted != m.o {
		out = append(out, m.wanted.events(what)...)
	}
	return slices.DeleteFunc(out, func(e audit.Event) bool { return e.At.Before(start) })
}

// refusal is the word of the tables for what the log says, which says it once.
func (m *ways) refusal(start time.Time) policytable.Outcome {
	m.w.t.Helper()
	e := m.since(start, audit.LoginRefused)
	if len(e) != 1 {
		return policytable.Outcome(fmt.Sprintf("refused %d times by the log", len(e)))
	}
	return policytable.Refused(e[0].Reason)
}
