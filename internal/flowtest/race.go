package flowtest

import (
	"sync"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// racesFlows: of everything that may happen once, one of many wins.
func racesFlows(t *testing.T, open func(*testing.T) store.Store) {
	each(t, open, map[string]flow{
		"100 posts of one response":                 race100PostsOfOneResponse,
		"100 posts of one response at two services": race100PostsOfOneResponseAtTwoServices,
		"100 posts of one unsolicited response":     race100PostsOfOneUnsolicitedResponse,
		"100 answers to one request":                race100AnswersToOneRequest,
		"one new person in 20 browsers":             raceOneNewPersonIn20Browsers,
		"50 orgs prove one domain":                  race50OrgsProveOneDomain,
		"200 wrong passwords at once":               race200WrongPasswordsAtOnce,
	})
}

func race100PostsOfOneResponse(t *testing.T, w *world) {
	onePost(t, w, 100, w.svc)
}

func race100PostsOfOneResponseAtTwoServices(t *testing.T, w *world) {
	onePost(t, w, 100, w.svc, w.service(w.host.URL))
}

// race100AnswersToOneRequest: each of them is a good one, and has never been used.
func race100AnswersToOneRequest(t *testing.T, w *world) {
	acme := withAnn(w)
	l := acme.start()
	answers := make([]saml.Message, 100)
	for i := range answers {
		answers[i] = l.answer(ann)
	}
	services := []*accesssec.Service{w.svc, w.service(w.host.URL)}
	won, codes := w.race(len(answers), func(i int) error {
		_, err := services[i%2].SignIn().FinishSSO(w.ctx, l.visit, acme.conn.ID, answers[i])
		return err
	})
	if won != 1 || codes[accesssec.CodeReplay]+codes["saml_request_unknown"] != 99 {
		t.Errorf("%d let in, refused as %v", won, codes)
	}
	w.left(acme, 1)
}

func race100PostsOfOneUnsolicitedResponse(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ann@example.com")
	_, err := acme.admin().Configure(w.ctx, acme.conn.ID, idpOf(t, acme), &saml.Rules{IdPInitiated: true})
	w.must(err)
	resp, err := acme.idp.Unsolicited(acme.conn.EntityID, ann)
	w.must(err)
	m := w.message(resp)
	won, codes := w.race(100, func(int) error {
		_, err := w.svc.SignIn().FinishSSO(w.ctx, w.visit(), acme.conn.ID, m)
		return err
	})
	if won != 1 || codes[accesssec.CodeReplay] != 99 {
		t.Errorf("%d let in, refused as %v", won, codes)
	}
	w.left(acme, 1)
}

func raceOneNewPersonIn20Browsers(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.apply(func(s *accesssec.Settings) { s.IdPManaged = true })
	logins, answers := make([]*login, 20), make([]saml.Message, 20)
	for i := range logins {
		logins[i] = acme.start()
		answers[i] = logins[i].answer(samltest.Person{Email: spelling(i)})
	}
	var faults sync.Map
	won, _ := w.race(len(logins), func(i int) error {
		_, err := logins[i].finish(answers[i])
		if err != nil {
			faults.Store(i, err)
		}
		return nil
	})
	faults.Range(func(k, v any) bool { t.Errorf("login %v: %v", k, v); return true })
	u, there := w.user("new@example.com")
	if won != 20 || !there {
		t.Fatal("not let in")
	}
	if n := w.sessions(store.SessionQuery{UserID: u.ID}); n != 20 {
		t.Errorf("%d sessions of one person, want 20", n)
	}
	if n := len(acme.events(audit.MemberAdded)); n != 2 { // the Owner and the new one
		t.Errorf("%d members were made", n)
	}
}

func race50OrgsProveOneDomain(t *testing.T, w *world) {
	orgs, claims, values := make([]*customer, 50), make([]accesssec.Domain, 50), []string{}
	var name string
	for i := range orgs {
		orgs[i] = w.newOrg("Org", "owner"+string(rune('a'+i%26))+string(rune('a'+i/26))+"@example.net")
		claims[i] = orgs[i].claim("example.com")
		name = claims[i].Records()[0].Name
		values = append(values, claims[i].Records()[0].Value)
	}
	w.dns.SetTXT(name, values...)
	won, codes := w.race(len(orgs), func(i int) error {
		_, err := orgs[i].admin().VerifyDomain(w.ctx, claims[i].ID)
		return err
	})
	if won != 1 || codes[accesssec.CodeDomainTaken] != 49 {
		t.Errorf("%d verified it, refused as %v", won, codes)
	}
}

func race200WrongPasswordsAtOnce(t *testing.T, w *world) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ann@example.com")
	v := w.visit()
	_, codes := w.race(200, func(i int) error {
		_, err := w.svc.SignIn().Password(w.ctx, v, spellingOf("ann", i), "not her password")
		return err
	})
	if codes[accesssec.CodeWrongPassword] != 5 || codes[accesssec.CodeLocked] != 195 {
		t.Errorf("looked at and locked: %v; five are free", codes)
	}
	if n := len(acme.events(audit.LoginRefused)); n != 5 {
		t.Errorf("%d in the log, want the five that were looked at", n)
	}
	if _, err := w.svc.SignIn().Password(w.ctx, v, "ann@example.com", right); w.code(err) != accesssec.CodeLocked {
		t.Errorf("the right password while locked: %v", err)
	}
}

// onePost posts one good response n times at once, to these services in turn.
func onePost(t *testing.T, w *world, n int, services ...*accesssec.Service) {
	acme := w.newCustomer("Acme", "example.com")
	acme.add(policy.Member, "ann@example.com")
	l := acme.start()
	m := l.answer(ann)
	won, codes := w.race(n, func(i int) error {
		_, err := services[i%len(services)].SignIn().FinishSSO(w.ctx, l.visit, acme.conn.ID, m)
		return err
	})
	if won != 1 || codes[accesssec.CodeReplay] != n-1 {
		t.Errorf("%d let in, refused as %v", won, codes)
	}
	if left := w.sessions(store.SessionQuery{OrgID: acme.owner.OrgID}); left != 1 {
		t.Errorf("%d sessions, want 1", left)
	}
	if in := acme.events(audit.SessionCreated); len(in) != 1 {
		t.Errorf("%d sign-ins in the log, want 1", len(in))
	}
}

// race runs fn n times at once, and counts those without an error and the codes of
// the others.
func (w *world) race(n int, fn func(int) error) (won int, codes map[accesssec.Code]int) {
	w.t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-gate
			errs[i] = fn(i)
		})
	}
	close(gate)
	wg.Wait()
	codes = map[accesssec.Code]int{}
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			codes[w.code(err)]++
		}
	}
	return won, codes
}
