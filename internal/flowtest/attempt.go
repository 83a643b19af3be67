package flowtest

import (
	"errors"
	"net/http"
	"net/http/httptest"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/audit"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
)

// visit is a browser of its own, for flows that call SignIn without pages.
func (w *world) visit() accesssec.Visit {
	r := httptest.NewRequest(http.MethodGet, "https://host.example/", nil)
	r.Header.Set("User-Agent", "flowtest")
	return w.svc.SignIn().Visit(httptest.NewRecorder(), r)
}

// login is one sign-on under way: the request has been made, and nothing answered.
type login struct {
	c     *customer
	visit accesssec.Visit
	req   samltest.Request
}

// start sends a browser off to the customer's identity provider.
func (c *customer) start() *login { return c.startWith("", nil) }

// startFor is on its way to an org.
func (c *customer) startFor(orgID string) *login { return c.startWith(orgID, nil) }

// startFresh asks the identity provider to have the person prove themselves anew.
func (c *customer) startFresh() *login {
	return c.startWith("", &accesssec.StartOptions{Fresh: true})
}

func (c *customer) startWith(orgID string, opts *accesssec.StartOptions) *login {
	c.w.t.Helper()
	v := c.w.visit()
	v.OrgID = orgID
	return c.startAs(v, opts)
}

// startIn is in a browser that was here before.
func (c *customer) startIn(v accesssec.Visit) *login { return c.startAs(v, nil) }

func (c *customer) startAs(v accesssec.Visit, opts *accesssec.StartOptions) *login {
	c.w.t.Helper()
	l := &login{c: c, visit: v}
	step, err := c.w.svc.SignIn().StartSSO(c.w.ctx, l.visit, c.conn.ID, opts)
	c.w.must(err)
	r, err := http.NewRequest(http.MethodGet, step.Bounce.URL(), nil)
	c.w.must(err)
	l.req, err = c.idp.ReadRequest(r)
	c.w.must(err)
	return l
}

// answer is what the identity provider sends back for a person.
func (l *login) answer(p samltest.Person, attacks ...samltest.Attack) saml.Message {
	l.c.w.t.Helper()
	resp, err := l.c.idp.Respond(l.req, p, attacks...)
	l.c.w.must(err)
	return l.c.w.message(resp)
}

func (w *world) message(resp samltest.Response) saml.Message {
	w.t.Helper()
	m, err := saml.ParseMessage(resp.SAMLResponse)
	if err != nil {
		w.t.Logf("handed on unread: %v", err)
	}
	return m
}

// finish posts an answer from the browser that asked.
func (l *login) finish(m saml.Message) (accesssec.Step, error) {
	return l.c.w.svc.SignIn().FinishSSO(l.c.w.ctx, l.visit, l.c.conn.ID, m)
}

// signIn is the whole of it, for somebody who is let in.
func (c *customer) signIn(p samltest.Person) *accesssec.Entered {
	c.w.t.Helper()
	l := c.start()
	step, err := l.finish(l.answer(p))
	c.w.must(err)
	return step.Entered
}

// byPassword signs in at the sign-in page.
func (w *world) byPassword(address, password string) (*accesssec.Entered, error) {
	step, err := w.svc.SignIn().Password(w.ctx, w.visit(), address, password)
	return step.Entered, err
}

// code is why err refuses; "" when there is no error. A fault ends the test.
func (w *world) code(err error) accesssec.Code {
	w.t.Helper()
	if err == nil {
		return ""
	}
	var no *accesssec.Refusal
	if !errors.As(err, &no) {
		w.t.Fatalf("not a refusal: %v", err)
	}
	if no.Say == "" {
		w.t.Errorf("%s: the person hears nothing", no.Code)
	}
	return no.Code
}

// last is the newest event of that type in the customer's log, or of all types.
func (c *customer) last(types ...audit.Type) audit.Event {
	c.w.t.Helper()
	events := c.events(types...)
	if len(events) == 0 {
		c.w.t.Fatalf("no event of %v", types)
	}
	return events[0]
}

// events are those of these types, newest first.
func (c *customer) events(types ...audit.Type) []audit.Event {
	c.w.t.Helper()
	q := store.AuditQuery{Desc: true, Paging: store.Paging{Limit: 1000}}
	for _, t := range types {
		q.Types = append(q.Types, string(t))
	}
	page, err := c.admin().Events(c.w.ctx, q)
	c.w.must(err)
	return page.Items
}
