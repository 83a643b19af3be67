package flowtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// period is how long a code of the app is shown.
const period = 30 * time.Second

// holder is a person with a password, an app on their phone, and recovery codes on paper.
type holder struct {
	w       *world
	address string
	id      string
	phone   *totptest.App
	paper   []string
	in      *accesssec.Entered // where it was set up
}

// newHolder makes somebody a member who has a second factor.
func (c *customer) newHolder(role policy.Role, address string) *holder {
	c.w.t.Helper()
	c.add(role, address)
	return c.w.holder(address)
}

// holder has somebody who is there set up a second factor.
func (w *world) holder(address string) *holder {
	w.t.Helper()
	h := &holder{w: w, address: address, in: must1(w.byPassword(address, right))}
	h.id = h.in.Principal.UserID
	h.proves(h.in)
	h.sets(h.in.Principal)
	return h
}

// withHolder is an org with a member who has a second factor.
func withHolder(w *world) (*customer, *holder) {
	w.t.Helper()
	acme := w.newOrg("Acme", "owner@example.com")
	return acme, acme.newHolder(policy.Member, "ann@example.com")
}

func (h *holder) me(in *accesssec.Entered) *accesssec.Me { return h.w.svc.Me(in.Principal) }

// proves types the password again: in is what the session is from then on.
func (h *holder) proves(in *accesssec.Entered) {
	h.w.t.Helper()
	h.w.prove(in)
}

// sets brings a new factor into the phone, and shows its first code.
func (h *holder) sets(p accesssec.Principal) {
	h.w.t.Helper()
	h.scans(p)
	h.paper = must1(h.w.svc.Me(p).ConfirmFactor(h.w.ctx, h.code())).Show()
}

func (h *holder) scans(p accesssec.Principal) {
	h.w.t.Helper()
	setup := must1(h.w.svc.Me(p).BeginFactor(h.w.ctx))
	h.phone = must1(totptest.NewApp(setup.URI()))
}

// code is what the app shows.
func (h *holder) code() string { return h.phone.Code(h.w.clock()) }

// next waits for a code that was not shown before.
func (h *holder) next() string {
	h.w.advance(period)
	return h.code()
}

// fits reports whether the app shows a code now, or a step before or after.
func (h *holder) fits(code string) bool {
	now := h.w.clock()
	return code == h.phone.Code(now.Add(-period)) || code == h.phone.Code(now) || code == h.phone.Code(now.Add(period))
}

// wrong is a code that does not fit.
func (h *holder) wrong() string {
	i := 0
	for h.fits(fmt.Sprintf("%06d", i)) {
		i++
	}
	return fmt.Sprintf("%06d", i)
}

// half signs in by password in a new browser, up to where the code is asked.
func (h *holder) half() accesssec.Visit {
	h.w.t.Helper()
	v := h.w.visit()
	h.halfIn(v)
	return v
}

func (h *holder) halfIn(v accesssec.Visit) {
	h.w.t.Helper()
	got, err := h.w.svc.SignIn().Password(h.w.ctx, v, h.address, right)
	h.w.must(err)
	if got.Entered != nil || got.Next != policy.NextFactor {
		h.w.t.Fatalf("%s: the password alone leads to %+v", h.address, got)
	}
}

// known is a browser that the person has signed in with.
func (h *holder) known() accesssec.Visit {
	h.w.t.Helper()
	v := h.half()
	h.mustShow(v, h.next(), "")
	return v
}

// shows types a code of the app. An answer is a session or a refusal, never both.
func (h *holder) shows(v accesssec.Visit, code string) (accesssec.Step, accesssec.Code) {
	h.w.t.Helper()
	got, err := h.w.svc.SignIn().SecondFactor(h.w.ctx, v, code)
	return got, h.judged(got, err)
}

// redeems types a recovery code.
func (h *holder) redeems(v accesssec.Visit, code string) (accesssec.Step, accesssec.Code) {
	h.w.t.Helper()
	got, err := h.w.svc.SignIn().Recover(h.w.ctx, v, code)
	return got, h.judged(got, err)
}

func (h *holder) judged(got accesssec.Step, err error) accesssec.Code {
	h.w.t.Helper()
	if (got.Entered != nil) != (err == nil) {
		h.w.t.Errorf("%+v beside the error %v", got, err)
	}
	return h.w.code(err)
}

// mustShow and mustRedeem compare why a code is refused; "" is let in.
func (h *holder) mustShow(v accesssec.Visit, code string, want accesssec.Code) accesssec.Step {
	h.w.t.Helper()
	got, no := h.shows(v, code)
	if no != want {
		h.w.t.Errorf("%s shows a code: refused as %q, want %q", h.address, no, want)
	}
	return got
}

func (h *holder) mustRedeem(v accesssec.Visit, code string, want accesssec.Code) accesssec.Step {
	h.w.t.Helper()
	got, no := h.redeems(v, code)
	if no != want {
		h.w.t.Errorf("%s redeems a code: refused as %q, want %q", h.address, no, want)
	}
	return got
}

// signIn is the whole of it, in a new browser, with the next code.
func (h *holder) signIn() *accesssec.Entered {
	h.w.t.Helper()
	got := h.mustShow(h.half(), h.next(), "")
	if got.Entered == nil || got.Next != "" {
		h.w.t.Fatalf("%s is not in: %+v", h.address, got)
	}
	return got.Entered
}

// locks types wrong codes until the factor is locked: five, in a new browser.
func (h *holder) locks() accesssec.Visit {
	h.w.t.Helper()
	v := h.half()
	for range 5 {
		h.mustShow(v, h.wrong(), accesssec.CodeWrongCode)
	}
	return v
}

// settingUp signs in by password where a new factor is due, to a session for that alone.
func (h *holder) settingUp() *accesssec.Entered {
	h.w.t.Helper()
	got, err := h.w.svc.SignIn().Password(h.w.ctx, h.w.visit(), h.address, right)
	h.w.must(err)
	h.mustSetUp(got)
	return got.Entered
}

// mustSetUp compares that a way in led to a session for set-up.
func (h *holder) mustSetUp(got accesssec.Step) {
	h.w.t.Helper()
	if got.Entered == nil || got.Next != policy.NextSetUp {
		h.w.t.Fatalf("%s: let in as %+v, want a session for set-up", h.address, got)
	}
	if _, err := h.w.svc.Authenticate(h.w.ctx, got.Entered.Token()); h.w.code(err) != accesssec.CodeSetUp {
		h.w.t.Errorf("%s: a session for set-up is good for more: %v", h.address, err)
	}
}

// finishes sets up the new factor of such a session, to the end.
func (h *holder) finishes(in *accesssec.Entered) *accesssec.Entered {
	h.w.t.Helper()
	h.sets(in.Principal)
	got, err := h.w.svc.SignIn().FinishSetUp(h.w.ctx, h.w.visit(), in.Principal)
	h.w.must(err)
	if got.Entered == nil || got.Next != "" || got.Entered.Token() == in.Token() {
		h.w.t.Fatalf("%s: set up, and let in as %+v", h.address, got)
	}
	return got.Entered
}

// has compares how many sessions somebody has, anywhere.
func (h *holder) has(want int) {
	h.w.t.Helper()
	if n := h.w.sessions(store.SessionQuery{UserID: h.id}); n != want {
		h.w.t.Errorf("%s has %d sessions, want %d", h.address, n, want)
	}
}

// waiting compares in how many browsers a sign-in of theirs waits for a code.
func (h *holder) waiting(want int) {
	h.w.t.Helper()
	var now struct {
		ID    string `json:"id"`
		Locks int    `json:"locks"`
	}
	for _, d := range h.w.docsOf("factor", h.id) {
		h.w.must(json.Unmarshal(d.Body, &now))
	}
	n := 0
	for _, d := range h.w.docsOf("half_login", h.id) {
		var half struct {
			Factor string `json:"factor"`
		}
		h.w.must(json.Unmarshal(d.Body, &half))
		if now.ID != "" && half.Factor == fmt.Sprintf("%s %d", now.ID, now.Locks) {
			n++ // the others are over, and wait to be swept
		}
	}
	if n != want {
		h.w.t.Errorf("%d sign-ins of %s wait for a code, want %d", n, h.address, want)
	}
}

func (w *world) docsOf(kind store.Kind, owner string) []store.Doc {
	w.t.Helper()
	page, err := w.store.Docs(w.ctx, kind, "", store.DocQuery{Owners: []string{owner}, Paging: store.Paging{Limit: 1000}})
	w.must(err)
	return page.Items
}

// row is what the store has of a session.
func (w *world) row(in *accesssec.Entered) store.Session {
	w.t.Helper()
	page, err := w.store.Sessions(w.ctx, store.SessionQuery{UserID: in.Principal.UserID, ID: in.Principal.SessionID})
	w.must(err)
	if len(page.Items) != 1 {
		w.t.Fatalf("%d sessions of one id", len(page.Items))
	}
	return page.Items[0]
}

// by compares how somebody signed in: "password totp".
func (w *world) by(in *accesssec.Entered, want string) {
	w.t.Helper()
	if got := strings.Join(w.row(in).Methods, " "); got != want {
		w.t.Errorf("signed in by %q, want %q", got, want)
	}
}

// own is what somebody sees of their factor.
func (h *holder) own(in *accesssec.Entered) accesssec.Factor {
	h.w.t.Helper()
	return must1(h.me(in).Factor(h.w.ctx))
}

// owns compares that, but for what is the same in every state.
func (h *holder) owns(in *accesssec.Entered, want accesssec.Factor) {
	h.w.t.Helper()
	want.Issuer, want.Address, want.At = "127.0.0.1", h.address, h.w.clock()
	if got := h.own(in); got != want {
		h.w.t.Errorf("the factor is %+v, want %+v", got, want)
	}
}

// kept is the factor as it is stored; there is none when Version is 0.
func (h *holder) kept() store.Doc {
	h.w.t.Helper()
	docs := h.w.docsOf("factor", h.id)
	if len(docs) > 1 {
		h.w.t.Fatalf("%s has %d factors", h.address, len(docs))
	}
	if len(docs) == 0 {
		return store.Doc{Kind: "factor", ID: h.id, Owner: h.id, At: h.w.clock()}
	}
	return docs[0]
}

// becomes writes the stored factor anew: it makes what takes long, or can't be.
func (h *holder) becomes(body []byte) {
	h.w.t.Helper()
	d := h.kept()
	d.Body = body
	h.w.change(func(tx store.Tx) error { return tx.PutDocs(h.w.ctx, d) })
}

// due has a new factor be set up at the next sign-in, in place of theirs.
func (h *holder) due(why string) {
	h.w.t.Helper()
	h.becomes([]byte(`{"due":"` + why + `"}`))
}

// counted is how many attempts in a row are counted as wrong: of the app, and of the
// recovery codes.
func (h *holder) counted() (app, paper int) {
	h.w.t.Helper()
	var f struct {
		Enrollment, Recovery struct{ Fails int }
	}
	h.w.must(json.Unmarshal(h.kept().Body, &f))
	return f.Enrollment.Fails, f.Recovery.Fails
}

// sent is a request of a browser that has this session, for a page or not.
func sent(in *accesssec.Entered, page bool) *http.Request {
	rec := httptest.NewRecorder()
	in.SetCookie(rec)
	r := httptest.NewRequest(http.MethodGet, "https://host.example/reports?of=today", nil)
	for _, c := range rec.Result().Cookies() {
		r.AddCookie(c)
	}
	if page {
		r.Header.Set("Accept", "text/html")
	}
	return r
}
