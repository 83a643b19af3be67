package signin_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/store"
	"github.com/accesssec/accesssec-go/totp/totptest"
)

// phone is what somebody has besides their password.
type phone struct {
	w     *world
	app   *totptest.App
	codes []string // recovery codes
}

// enrol gives somebody a second factor, by no page.
func (w *world) enrol(t testing.TB, address string) *phone {
	t.Helper()
	ctx := t.Context()
	step := must[accesssec.Step](t)(w.svc.SignIn().Password(ctx, accesssec.Visit{}, address, right))
	me := w.svc.Me(step.Entered.Principal)
	if _, err := me.Prove(ctx, right); err != nil {
		t.Fatal(err)
	}
	setup, err := me.BeginFactor(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{w: w}
	p.scan(t, setup.URI())
	codes, err := me.ConfirmFactor(ctx, p.app.Code(w.now()))
	if err != nil {
		t.Fatal(err)
	}
	p.codes = codes.Show()
	return p
}

// scan takes a link into the app.
func (p *phone) scan(t testing.TB, link string) {
	t.Helper()
	p.app = must[*totptest.App](t)(totptest.NewApp(link))
}

// next is a code that has not been used: half a minute later there is another one.
func (p *phone) next() string {
	p.w.advance(30 * time.Second)
	return p.app.Code(p.w.now())
}

// wrong is a code that the app shows at no time near.
func (p *phone) wrong() string {
	for _, code := range []string{"000000", "000001", "000002", "000003"} {
		near := false
		for d := -2 * time.Minute; d <= 2*time.Minute; d += 30 * time.Second {
			near = near || p.app.Code(p.w.now().Add(d)) == code
		}
		if !near {
			return code
		}
	}
	return "" // five steps can't be four codes and more
}

// half types the password, and comes out where the code is asked for.
func (v *visitor) half(address string) *visitor {
	v.t.Helper()
	p := v.post("/auth/password", form("address", address, "password", right))
	if p.url != "/auth/code" || p.status != http.StatusOK {
		v.t.Fatalf("sign in as %s: status %d at %s", address, p.status, p.url)
	}
	return v
}

// byCode signs in with both.
func (v *visitor) byCode(address string, p *phone) *visitor {
	v.t.Helper()
	if got := v.half(address).post("/auth/code", form("code", p.next())); got.url != "/home" {
		v.t.Fatalf("the code of %s: status %d at %s", address, got.status, got.url)
	}
	return v
}

// prove types the password again.
func (v *visitor) prove() *visitor {
	v.t.Helper()
	if p := v.post("/auth/prove", form("password", right)); p.url != "/home" {
		v.t.Fatalf("prove: status %d at %s", p.status, p.url)
	}
	return v
}

// setUp presses the button and scans the picture.
func (v *visitor) setUp() *phone {
	v.t.Helper()
	p := v.post("/auth/factor/begin", form())
	want(v.t, p, http.StatusOK, "<svg", "Can’t scan the QR code?")
	scanned := &phone{w: v.w}
	scanned.scan(v.t, p.link(v.t))
	return scanned
}

// confirm types the first code, and reads the recovery codes.
func (v *visitor) confirm(p *phone, fields ...string) page {
	v.t.Helper()
	got := v.post("/auth/factor/confirm", form(append(fields, "code", p.app.Code(v.w.now()))...))
	want(v.t, got, http.StatusOK, "Save your recovery codes")
	if p.codes = got.codes(); len(p.codes) != 10 {
		v.t.Fatalf("%d recovery codes", len(p.codes))
	}
	return got
}

var (
	linkShape  = regexp.MustCompile(`href="(otpauth:[^"]*)"`)
	keyShape   = regexp.MustCompile(`<code>((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})</code>`)
	codeShape  = regexp.MustCompile(`<li><code>((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})</code></li>`)
	tokenShape = regexp.MustCompile(`token=([^\s&]+)`)
)

// link is the otpauth link on a page.
func (p page) link(t testing.TB) string {
	t.Helper()
	m := linkShape.FindStringSubmatch(p.text)
	if m == nil {
		t.Fatalf("no otpauth link on the page at %s:\n%s", p.url, p.text)
	}
	return html.UnescapeString(m[1])
}

// key is the secret as it is to be typed.
func (p page) key() string {
	if m := keyShape.FindStringSubmatch(p.text); m != nil {
		return m[1]
	}
	return ""
}

// codes are the recovery codes on a page.
func (p page) codes() []string {
	var out []string
	for _, m := range codeShape.FindAllStringSubmatch(p.text, -1) {
		out = append(out, m[1])
	}
	return out
}

// resetLink has an Owner ask, and reads the token of the link that somebody was sent.
func (w *world) resetLink(t testing.TB, userID string) string {
	t.Helper()
	must[[]accesssec.FactorReset](t)(w.owner(t).ResetFactors(t.Context(), userID))
	for _, n := range w.delivered(t) {
		if m := tokenShape.FindStringSubmatch(n.Values["link"]); m != nil {
			return must[string](t)(url.QueryUnescape(m[1]))
		}
	}
	t.Fatal("nobody was sent a link")
	return ""
}

// owner is Olive, as if she had just typed her password.
func (w *world) owner(t testing.TB) *accesssec.Admin {
	t.Helper()
	return w.svc.Admin(must[accesssec.Principal](t)(w.svc.Vouch(t.Context(), w.orgID, w.member(t, "olive@example.com"))))
}

// member is somebody's id.
func (w *world) member(t testing.TB, address string) string {
	t.Helper()
	return must[store.User](t)(w.store.UserByAddress(t.Context(), address)).ID
}

// edit changes somebody's account, by no page.
func (w *world) edit(t testing.TB, address string, change func(*store.User)) {
	t.Helper()
	id := w.member(t, address)
	err := w.store.RunInTx(t.Context(), func(tx store.Tx) error {
		u, err := tx.User(t.Context(), id)
		if err != nil {
			return err
		}
		change(&u)
		return tx.UpdateUser(t.Context(), u)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keep puts bytes in the place of somebody's factor.
func (w *world) keep(t testing.TB, address, body string) {
	t.Helper()
	d := must[store.Doc](t)(w.store.Doc(t.Context(), "factor", "", w.member(t, address)))
	d.Body = []byte(body)
	if err := w.store.RunInTx(t.Context(), func(tx store.Tx) error { return tx.PutDocs(t.Context(), d) }); err != nil {
		t.Fatal(err)
	}
}
