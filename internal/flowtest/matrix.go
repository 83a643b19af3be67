package flowtest

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// matrixFlows: org by connection by state of the domain. Acme and Sister are customers of
// one identity provider, with one entity ID and one certificate for both; Other has its
// own. Everybody is a member of all three, so that nothing but the binding of request,
// connection and domain keeps them apart. Only the diagonal is let in.
func matrixFlows(t *testing.T, open func(*testing.T) store.Store) {
	for _, state := range []string{
		store.DomainVerified, store.DomainMissing, store.DomainUnverified, store.DomainPending, store.DomainReleased,
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t))
			m := newMatrix(w)
			m.turn(state)
			m.walk(state == store.DomainVerified || state == store.DomainMissing)
		})
	}
}

type matrix struct {
	w       *world
	orgs    []*customer
	domains []string
	spare   []accesssec.Connection // the same identity provider, and not switched on
}

func newMatrix(w *world) *matrix {
	w.t.Helper()
	m := &matrix{w: w, domains: []string{"example.com", "example.org", "example.net"}}
	acme := w.newCustomer("Acme", m.domains[0])
	sister := w.newOrg("Sister", "owner@"+m.domains[1])
	sister.verify(m.domains[1])
	sister.idp = acme.idp
	sister.conn = sister.connectTo(acme.idp, "same")
	w.must(sister.admin().Enable(w.ctx, sister.conn.ID, true))
	m.orgs = []*customer{acme, sister, w.newCustomer("Other", m.domains[2])}
	for _, c := range m.orgs {
		for _, d := range m.domains {
			c.add(policy.Member, "ann@"+d)
		}
		m.spare = append(m.spare, c.connectTo(c.idp, "spare"))
	}
	return m
}

// connectTo makes one more connection to an identity provider that is there.
func (c *customer) connectTo(idp *samltest.IdP, name string) accesssec.Connection {
	c.w.t.Helper()
	conn, err := c.admin().NewConnection(c.w.ctx, name)
	c.w.must(err)
	ours, err := c.w.svc.SignIn().Metadata(c.w.ctx, conn.ID)
	c.w.must(err)
	c.w.must(idp.Trust(ours))
	theirs, err := saml.ParseMetadata(idp.Metadata(), "")
	c.w.must(err)
	conn, err = c.admin().Configure(c.w.ctx, conn.ID, theirs, nil)
	c.w.must(err)
	return conn
}

// turn brings every org's claim into a state.
func (m *matrix) turn(state string) {
	w := m.w
	w.t.Helper()
	w.change(func(tx store.Tx) error {
		for _, c := range m.orgs {
			page, err := tx.Domains(w.ctx, c.owner.OrgID, store.Paging{})
			if err != nil {
				return err
			}
			for _, d := range page.Items {
				d.Status = state
				if err := tx.UpdateDomains(w.ctx, d); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// walk posts an answer for each place it can be asked from, posted to and say. Where the
// wrapper says another place than that, it is rewritten as well: nobody has signed it.
func (m *matrix) walk(holds bool) {
	w := m.w
	w.t.Helper()
	for asked := range m.orgs {
		for posted := range 2 * len(m.orgs) {
			for person := range m.domains {
				at := m.at(posted)
				for _, forged := range []bool{false, true} {
					if forged && (at.ID == m.orgs[asked].conn.ID || !holds) {
						continue
					}
					want := holds && asked == person && at.ID == m.orgs[asked].conn.ID
					if got := m.post(asked, at, person, forged); got != want {
						w.t.Errorf("asked by %s, posted to %s (forged %v), for ann@%s: let in %v, want %v",
							m.orgs[asked].name, at.Name, forged, m.domains[person], got, want)
					}
				}
			}
		}
	}
	diagonal := 0
	if holds {
		diagonal = 1
	}
	for _, c := range m.orgs {
		w.left(c, diagonal)
		if n := len(c.events(audit.SessionCreated)); n != diagonal {
			w.t.Errorf("%s: %d sign-ins in the log", c.name, n)
		}
	}
}

// at is one of the six connections: the active ones first.
func (m *matrix) at(i int) accesssec.Connection {
	if i < len(m.orgs) {
		return m.orgs[i].conn
	}
	return m.spare[i-len(m.orgs)]
}

// post is one sign-on, and whether somebody was let in.
func (m *matrix) post(asked int, at accesssec.Connection, person int, forged bool) bool {
	w, c := m.w, m.orgs[asked]
	w.t.Helper()
	l := c.start()
	resp, err := c.idp.Respond(l.req, samltest.Person{Email: "ann@" + m.domains[person]})
	w.must(err)
	if forged {
		resp.SAMLResponse = w.readdress(resp.SAMLResponse, c.conn.ACS, at.ACS)
	}
	before := w.everySession()
	step, err := w.svc.SignIn().FinishSSO(w.ctx, l.visit, at.ID, w.message(resp))
	if in := step.Entered != nil; in != (err == nil) || in != (w.everySession() > before) {
		w.t.Errorf("in %v, %v, and %d sessions more", in, err, w.everySession()-before)
	}
	if err != nil {
		w.code(err)
		return false
	}
	return step.Entered.Principal.OrgID == c.owner.OrgID
}

// readdress writes another Destination on a response.
func (w *world) readdress(response, from, to string) string {
	w.t.Helper()
	xml := w.decode(samltest.Response{SAMLResponse: response})
	out := strings.Replace(xml, fmt.Sprintf(`Destination="%s"`, from), fmt.Sprintf(`Destination="%s"`, to), 1)
	if out == xml {
		w.t.Fatal("there is no Destination to replace")
	}
	return base64.StdEncoding.EncodeToString([]byte(out))
}

// decode is the document of a response.
func (w *world) decode(resp samltest.Response) string {
	w.t.Helper()
	xml, err := base64.StdEncoding.DecodeString(resp.SAMLResponse)
	w.must(err)
	return string(xml)
}

// everySession is how many there are of anybody, anywhere.
func (w *world) everySession() int {
	w.t.Helper()
	page, err := w.store.Orgs(w.ctx, store.OrgQuery{})
	w.must(err)
	n := 0
	for _, o := range page.Items {
		n += w.sessions(store.SessionQuery{OrgID: o.ID})
	}
	return n
}
