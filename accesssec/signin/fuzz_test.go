package signin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/store"
)

// The browsers that the fuzzer sends from.
const (
	stranger  = iota
	signedIn  // Olive, who has a password alone
	halfway   // Fay has typed her password, and not her code
	proven    // Fay is in, and has typed her password again
	settingUp // Fay is to set up another app before anything else
	scanning  // and has one that waits for its first code
	saving    // and has confirmed it
	browsers
)

// FuzzHandler sends whatever a client can: no panic, no 5xx, no way off the site, no
// session without the password, nor without the code where there is a second factor, no
// script on a page.
func FuzzHandler(f *testing.F) {
	w := newWorld(f)
	h := signin.New(w.svc, nil)
	acs := "sso/" + w.connection + "/acs"
	invitation := "token=i1." + strings.Repeat("A", 43)
	link := "token=r1." + strings.Repeat("A", 43)
	mailed := "token=m1." + strings.Repeat("A", 43)
	for _, s := range []struct{ method, path, query, body string }{
		{"GET", "", "next=/a&org=b", ""}, {"HEAD", "signout", "", ""}, {"GET", "prove", "next=%2F%2Fevil", ""},
		{"POST", "", "", "address=max%40example.com&way=password&next=/a"},
		{"POST", "password", "", "address=max%40example.com&password=x&org=" + w.orgID},
		{"POST", "password", "", "address=fay%40example.org&password=" + url.QueryEscape(right) + "&next=/a"},
		{"POST", "sso/start", "", "connection=" + w.connection}, {"POST", "prove/sso", "", "next=/a&connection=" + w.connection},
		{"POST", acs, "", "SAMLResponse=PGE%2BPC9hPg%3D%3D&RelayState=x"}, {"GET", acs, "", ""},
		{"GET", "sso/" + w.connection + "/metadata", "", ""}, {"POST", "signout", "", "scope=device"},
		{"POST", "prove", "", "password=x&next=/a"}, {"PATCH", "\x00", "%zz", "%zz=;"}, {"POST", "sso/a/acs", "", "a=%ff"},
		{"GET", "code", "next=/a&org=b", ""}, {"POST", "code", "", "code=123+456&next=/a"}, {"POST", "code", "", "code=%D9%A1"},
		{"GET", "recover", "", ""}, {"POST", "recover", "", "code=0000-0000-0000-0000"}, {"GET", "factor", "next=%5C%5Cevil", ""},
		{"POST", "factor/begin", "", "next=/a"}, {"POST", "factor/confirm", "", "code=123456&next=/a"}, {"POST", "factor/done", "", "next=/a&org=b"},
		{"POST", "factor/codes.txt", "", "code=0000-0000-0000-0000&code=1111-1111-1111-1111"}, {"POST", "factor/codes.txt", "", "code=<script>"},
		{"POST", "factor/change", "", "next=//evil"}, {"POST", "factor/remove", "", "code=123456"}, {"POST", "factor/codes", "", "code=123456&code=1"},
		{"GET", "factor/reset", link, ""}, {"POST", "factor/reset", "", link + "&password=x"}, {"GET", "factor/reset", "token=%22%3E", ""},
		{"GET", "invitation", invitation, ""}, {"POST", "invitation", "", invitation + "&first=A&password=" + url.QueryEscape(right)}, {"GET", "invitation", "token=%22%3E", ""},
		{"POST", "password", "", "invitation=" + invitation[len("token="):] + "&address=max%40example.com&password=x"}, {"GET", "", "invitation=" + invitation[len("token="):], ""}, {"POST", "request", "", "note=%ff%3Cscript%3E"},
		{"GET", "link", "next=/a", ""}, {"POST", "link", "", "address=fay%40example.org&next=/a"}, {"POST", "link/code", "", "code=ABCD-EFGH"}, {"GET", "link/open", mailed, ""},
		{"POST", "link/open", "", mailed}, {"GET", "password/forgot", "next=/a", ""}, {"POST", "password/forgot", "", "address=olive%40example.com"}, {"GET", "password/sent", "", ""},
		{"GET", "password/reset", mailed, ""}, {"POST", "password/reset", "", mailed + "&password=x"}, {"GET", "signup", "", ""}, {"POST", "signup", "", "address=new%40example.net"},
		{"GET", "signup/finish", mailed, ""}, {"POST", "signup/finish", "", mailed + "&first=%ff&password=x"}, {"GET", "address/confirm", mailed, ""}, {"POST", "address/confirm", "", mailed},
		{"POST", "google/start", "", "next=/a"}, {"GET", "google/callback", "code=a&state=b", ""}, {"GET", "google/callback", "error=a&state=b&state=c", ""},
		{"GET", "login/link", "next=/a", ""}, {"POST", "login/link", "", ""}, {"POST", "prove/google", "", "next=/a"}, {"POST", "security/unlink", "", "login=x"},
		{"GET", "security", "next=%2F%2Fevil", ""}, {"POST", "security/mail", "", "next=/a"}, {"POST", "security/password", "", "password=x&new=y"}, {"GET", "sso/again", "next=%2F%2Fevil", ""},
		{"POST", "security/address", "", "to=a%40example.net&password=x&next=/a"}, {"POST", "security/end", "", "session=ses-x"}, {"POST", "security/end", "", ""},
		{"POST", "enter", "", "org=" + w.orgID + "&next=/a"}, {"POST", "enter", "", "org="}, {"POST", "code", "", "code=1&remember=1"}, {"POST", "", "", "way=forgot&address=%22%3E"},
	} {
		for browser := range browsers {
			f.Add(s.method, s.path, s.query, s.body, "application/x-www-form-urlencoded", byte(browser))
		}
	}
	f.Add("POST", "", "", "--b\r\n\r\n--b--", "multipart/form-data; boundary=b", byte(stranger))
	b := &browsing{w: w, h: h, marks: map[string]*http.Cookie{}, people: map[string]store.User{}}
	f.Fuzz(func(t *testing.T, method, path, query, body, kind string, browser byte) {
		browser %= browsers
		r := &http.Request{
			Method: method, URL: &url.URL{Path: w.svc.Path() + path, RawQuery: query}, Host: "app.example.com",
			Header: http.Header{"Content-Type": {kind}}, RemoteAddr: "192.0.2.1:1",
			Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		}
		r = r.WithContext(t.Context())
		if body != "" {
			post := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Body, r.ContentLength = post.Body, post.ContentLength
		}
		for _, c := range b.cookies(t, browser) {
			r.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code >= 500 {
			t.Fatalf("status %d:\n%s", rec.Code, rec.Body)
		}
		if to := rec.Header().Get("Location"); to != "" && !strings.HasPrefix(to, w.idp.SSOURL()+"?") && !strings.HasPrefix(to, authorize+"?") &&
			(!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t ")) {
			t.Fatalf("leads to %q", to)
		}
		for _, c := range rec.Result().Cookies() {
			if c.Name == "__Host-accesssec" && c.Value != "" {
				b.earned(t, browser, body, c.Value)
			}
		}
		if strings.Contains(strings.ToLower(rec.Body.String()), "<script") {
			t.Fatalf("a script:\n%s", rec.Body)
		}
	})
}

// browsing makes the browsers, each afresh: what one input has done to Fay's factor is
// undone before the next.
type browsing struct {
	w     *world
	h     http.Handler
	marks map[string]*http.Cookie // of a person's browser, which is known after the first time

	first  *phone    // Fay's, as at the beginning
	factor store.Doc // and as it is kept
	phone  *phone    // hers by now

	people map[string]store.User // as they were at first
}

func (b *browsing) cookies(t *testing.T, browser byte) []*http.Cookie {
	t.Helper()
	const fay = "fay@example.org"
	switch browser {
	case stranger:
		return nil
	case signedIn:
		b.revive(t, "olive@example.com")
		return b.post(t, "olive@example.com", "password", form("password", right))
	}
	b.revive(t, fay)
	b.restore(t, fay)
	cookies := b.post(t, fay, "password", form("password", right))
	if browser == halfway {
		return cookies
	}
	cookies = b.post(t, fay, "code", form("code", b.phone.next()), cookies...)
	cookies = b.post(t, fay, "prove", form("password", right), cookies...)
	if browser == proven {
		return cookies
	}
	b.post(t, fay, "factor/change", form(), cookies...)
	cookies = b.post(t, fay, "password", form("password", right))
	cookies = b.post(t, fay, "code", form("code", b.phone.next()), cookies...)
	if browser == settingUp {
		return cookies
	}
	b.post(t, fay, "factor/begin", form(), cookies...)
	if browser == scanning {
		return cookies
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	me := b.w.svc.Me(must[accesssec.Principal](t)(b.w.svc.SignIn().SettingUp(r)))
	setup, err := me.PendingFactor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.phone.scan(t, setup.URI())
	b.post(t, fay, "factor/confirm", form("code", b.phone.next()), cookies...)
	return cookies
}

// revive gives somebody back the password that one input may have changed.
func (b *browsing) revive(t *testing.T, address string) {
	t.Helper()
	now := must[store.User](t)(b.w.store.User(t.Context(), b.w.member(t, address)))
	first, ok := b.people[address]
	if !ok {
		b.people[address] = now
		return
	}
	err := b.w.store.RunInTx(t.Context(), func(tx store.Tx) error {
		u := now
		u.Password = first.Password
		return tx.UpdateUser(t.Context(), u)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restore puts somebody's factor back to what it was at first, and ends their sessions.
func (b *browsing) restore(t *testing.T, address string) {
	t.Helper()
	id := b.w.member(t, address)
	if b.first == nil {
		b.first = b.w.enrol(t, address)
		b.factor = must[store.Doc](t)(b.w.store.Doc(t.Context(), "factor", "", id))
	}
	phone := *b.first
	b.phone = &phone
	b.w.advance(6 * time.Minute) // longer than any wait between set-ups
	err := b.w.store.RunInTx(t.Context(), func(tx store.Tx) error {
		d := b.factor
		d.Version = 0
		if now, err := tx.Doc(t.Context(), "factor", "", id); err == nil {
			d.Version = now.Version
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := tx.PutDocs(t.Context(), d); err != nil {
			return err
		}
		if err := tx.DeleteDoc(t.Context(), "factor_pending", "", id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err := tx.DeleteSessions(t.Context(), store.SessionQuery{UserID: id})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// post sends a form that has to work, and is the cookies of that browser afterwards.
func (b *browsing) post(t *testing.T, address, path string, fields url.Values, cookies ...*http.Cookie) []*http.Cookie {
	t.Helper()
	fields.Set("address", address)
	r := httptest.NewRequest(http.MethodPost, "/auth/"+path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if mark := b.marks[address]; mark != nil {
		r.AddCookie(mark)
	}
	var in *http.Cookie
	for _, c := range cookies {
		if c.Name == "__Host-accesssec" {
			in = c
			r.AddCookie(c)
		}
	}
	rec := httptest.NewRecorder()
	b.h.ServeHTTP(rec, r)
	if rec.Code >= 400 {
		t.Fatalf("%s of %s: status %d:\n%s", path, address, rec.Code, rec.Body)
	}
	for _, c := range rec.Result().Cookies() {
		c = &http.Cookie{Name: c.Name, Value: c.Value}
		switch c.Name {
		case "__Host-accesssec-visit":
			b.marks[address] = c
		case "__Host-accesssec":
			in = c
		}
	}
	out := []*http.Cookie{b.marks[address]}
	if in != nil && in.Value != "" {
		out = append(out, in)
	}
	return out
}

// earned looks whether a session was given for what it takes.
func (b *browsing) earned(t *testing.T, browser byte, body, token string) {
	t.Helper()
	p, err := b.w.svc.Authenticate(t.Context(), token)
	if accesssec.IsRefusal(err, accesssec.CodeSetUp) {
		p, err = b.w.svc.SignIn().SettingUpBy(t.Context(), token)
	}
	switch {
	case err != nil:
		t.Fatalf("a session cookie that is none: %v", err)
	case browser == signedIn && p.UserID == b.w.member(t, "olive@example.com"), browser == proven && p.UserID == b.w.member(t, "fay@example.org"):
		// the session that was there goes on under another token
	case p.UserID == b.w.member(t, "fay@example.org"):
		byCode := false
		for d := -time.Minute; d <= time.Minute; d += 30 * time.Second {
			byCode = byCode || browser == halfway && strings.Contains(body, b.phone.app.Code(b.w.now().Add(d)))
		}
		if !byCode && browser != saving {
			t.Fatal("a session without the code")
		}
	case !strings.Contains(body, url.QueryEscape(right)):
		t.Fatal("a session for nothing")
	}
}
