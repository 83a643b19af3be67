package accesssectest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

// RefusedError is a sign-in that ended on a page of the host's and not behind it.
type RefusedError struct {
	Address string
	Status  int    // of that page
	URL     string // of that page
	Text    string // what can be read on it
	Reason  string // what was looked for and not found on it, or is asked besides; "" the host said no
}

// Error shows the beginning of the page.
func (e *RefusedError) Error() string {
	text := []rune(e.Text)
	if len(text) > 300 {
		text = append(text[:300], '…')
	}
	why := "refused"
	if e.Reason != "" {
		why = e.Reason
	}
	return fmt.Sprintf("accesssectest: sign in as %s: %s: status %d at %s: %s", e.Address, why, e.Status, e.URL, string(text))
}

// SignIn goes through a whole single sign-on as a person does, in a browser of its own:
// it types address on the sign-in page, presses the button, has the identity provider
// answer, and carries that back. With attacks the provider, or who stands between, forges
// the answer in these ways: a host with a postback of its own tests by them that it
// refuses.
//
// Who is sent on to a page outside Service.Path counts as let in, and the browser is
// returned; what that page says is for the test to look at. Who is not is a
// [*RefusedError], and any other error is a fault: of the connection, or of what was asked
// for. The person is the one in Options.People, or one without names.
//
// SignIn knows the pages of package signin, and others whose forms have the same fields
// (address, connection). For a sign-in page unlike that, use Client and samltest.Login.
func (w *World) SignIn(address string, attacks ...samltest.Attack) (*http.Client, error) {
	v := visit{w, w.Client(), address}
	p, err := v.askFor()
	if err != nil {
		return nil, err
	}
	start, ok := p.form("connection")
	if !ok {
		return nil, v.refused(p, "no single sign-on is offered")
	}
	asked, err := v.bounce(start)
	if err != nil {
		return nil, err
	}
	req, err := w.IdP.ReadRequest(asked)
	if err != nil {
		return nil, fmt.Errorf("accesssectest: sign in as %s: the identity provider refuses the request: %w", address, err)
	}
	person, ok := w.people[addressKey(address)]
	if !ok {
		person = samltest.Person{Email: address}
	}
	answer, err := w.IdP.Respond(req, person, attacks...)
	if err != nil {
		return nil, fmt.Errorf("accesssectest: sign in as %s: %w", address, err)
	}
	return v.behind(v.carryBack(answer))
}

// SignInPassword types address and password on the host's sign-in pages, in a browser of
// its own, which it returns signed in. Its errors, and the pages it knows, are those of
// SignIn; the field that it looks for is password. Of somebody with a second factor more
// is asked: that is a RefusedError too, and [World.SignInFactor] goes on.
func (w *World) SignInPassword(address, password string) (*http.Client, error) {
	v := visit{w, w.Client(), address}
	return v.behind(v.typePassword(password))
}

// typePassword opens the sign-in page and types both.
func (v visit) typePassword(password string) (page, error) {
	p, err := v.askFor()
	if err != nil {
		return p, err
	}
	if other, ok := p.button("way", "password"); ok { // single sign-on comes first
		if p, err = v.post(other); err != nil {
			return p, err
		}
	}
	f, ok := p.form("password")
	if !ok {
		return p, v.refused(p, "no password is asked for")
	}
	f.fields.Set("address", v.address)
	f.fields.Set("password", password)
	return v.post(f)
}

// visit is a browser on its way in.
type visit struct {
	w       *World
	client  *http.Client
	address string
}

// askFor opens the sign-in page and types the address.
func (v visit) askFor() (page, error) {
	p, err := v.get(v.w.URL + v.w.Service.Path())
	if err != nil {
		return p, err
	}
	f, ok := p.form("address")
	if !ok {
		return p, v.refused(p, "there is no field for an address")
	}
	f.fields.Set("address", v.address)
	return v.post(f)
}

// bounce presses the button, and is the request that the host has the browser make at
// the identity provider, by redirect or by a form.
func (v visit) bounce(start form) (*http.Request, error) {
	req, err := start.request()
	if err != nil {
		return nil, err
	}
	p, err := read(v.stays().Do(req))
	if err != nil {
		return nil, err
	}
	if to := v.leads(p); to != nil {
		return http.NewRequestWithContext(context.Background(), http.MethodGet, to.String(), nil)
	}
	if f, ok := p.form("SAMLRequest"); ok && v.atProvider(f.action) {
		return f.request()
	}
	return nil, v.refused(p, "the host does not lead to the identity provider")
}

// stays is the browser, which stops before it goes to the identity provider.
func (v visit) stays() *http.Client {
	c := *v.client
	c.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		if v.atProvider(next.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &c
}

func (v visit) atProvider(u *url.URL) bool {
	return u != nil && strings.HasPrefix(u.String(), v.w.IdP.SSOURL())
}

// leads is where a page redirects to, if that is the identity provider.
func (v visit) leads(p page) *url.URL {
	to, err := p.at.Parse(p.header.Get("Location"))
	if err != nil || p.status/100 != 3 || !v.atProvider(to) {
		return nil
	}
	return to
}

// carryBack posts the answer from the identity provider's site, as its page would.
func (v visit) carryBack(answer samltest.Response) (page, error) {
	to, err := url.Parse(answer.ACS)
	if err != nil {
		return page{}, fmt.Errorf("accesssectest: postback URL: %w", err)
	}
	f := form{action: to, fields: url.Values{"SAMLResponse": {answer.SAMLResponse}}}
	if answer.RelayState != "" {
		f.fields.Set("RelayState", answer.RelayState)
	}
	req, err := f.request()
	if err != nil {
		return page{}, err
	}
	req.Header.Set("Origin", strings.TrimSuffix(v.w.IdP.SSOURL(), "/idp/sso"))
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	return read(v.stays().Do(req))
}

// behind is the browser when it came out on the other side of the sign-in pages.
func (v visit) behind(p page, err error) (*http.Client, error) {
	if err != nil {
		return nil, err
	}
	if v.leads(p) != nil {
		return nil, v.refused(p, "sent to the identity provider once more, because nobody here had asked for the answer")
	}
	if strings.HasPrefix(p.at.Path, v.w.Service.Path()) {
		reason := ""
		if _, asked := p.form("code"); asked && p.status == http.StatusOK {
			reason = "a code of a second factor is asked for"
		} else if _, due := p.posts("factor/begin"); due {
			reason = "a second factor has to be set up first"
		}
		return nil, v.refused(p, reason)
	}
	return v.client, nil
}

func (v visit) post(f form) (page, error) {
	req, err := f.request()
	if err != nil {
		return page{}, err
	}
	return read(v.client.Do(req))
}

func (f form) request() (*http.Request, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, f.action.String(), strings.NewReader(f.fields.Encode()))
	if err != nil {
		return nil, fmt.Errorf("accesssectest: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

func (v visit) refused(p page, reason string) error {
	return &RefusedError{Address: v.address, Status: p.status, URL: p.at.Redacted(), Text: p.text, Reason: reason}
}
