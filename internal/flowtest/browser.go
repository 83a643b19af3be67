package flowtest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

// browser is one person's browser: cookies, redirects, and the headers a browser adds.
type browser struct {
	*http.Client
	w    *world
	site string
}

// browser starts one at the host.
func (w *world) browser() *browser { return w.browserAt(w.host.URL) }

// browserAt starts one at another instance of the host.
func (w *world) browserAt(site string) *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{&http.Client{Jar: jar}, w, site} // whose patience is that of go test
}

// answer is what a page said, after all redirects.
type answer struct {
	status int
	body   string
	at     *url.URL
}

func (b *browser) read(res *http.Response, err error) answer {
	b.w.t.Helper()
	b.w.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	b.w.must(err)
	return answer{res.StatusCode, string(body), res.Request.URL}
}

// submit sends one of the sign-in page's own forms.
func (b *browser) submit(path string, fields ...string) answer {
	b.w.t.Helper()
	return b.read(b.send(b.Client, path, fields...))
}

func (b *browser) send(c *http.Client, path string, fields ...string) (*http.Response, error) {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequestWithContext(b.w.ctx, http.MethodPost, b.site+b.w.svc.Path()+path, strings.NewReader(form.Encode()))
	b.w.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Origin", b.site)
	return c.Do(req)
}

// sso signs in by the customer's single sign-on: the form, the bounce, the identity
// provider's page, and its answer posted back.
func (b *browser) sso(c *customer, email string, attacks ...samltest.Attack) answer {
	b.w.t.Helper()
	stay := *b.Client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := b.send(&stay, "sso/start", "connection", c.conn.ID)
	b.w.must(err)
	res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		return answer{status: res.StatusCode}
	}
	return b.read(samltest.Login(b.w.ctx, b.Client, res.Header.Get("Location"), email, attacks...))
}

// whoami is the user, org and role of the browser's session; nothing when it has none.
func (b *browser) whoami() (user, org, role string) {
	b.w.t.Helper()
	req, err := http.NewRequestWithContext(b.w.ctx, http.MethodGet, b.site+"/", nil)
	b.w.must(err)
	a := b.read(b.Do(req))
	switch a.status {
	case http.StatusOK:
		parts := strings.Split(a.body, " ")
		if len(parts) != 3 {
			b.w.t.Fatalf("the page says %q", a.body)
		}
		return parts[0], parts[1], parts[2]
	case http.StatusUnauthorized:
		return "", "", ""
	}
	b.w.t.Fatalf("status %d", a.status)
	return "", "", ""
}
