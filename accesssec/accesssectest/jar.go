package accesssectest

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"
)

// jar is a cookie jar that goes by the world's clock: net/http/cookiejar goes by the
// machine's, and so would forget a session of last year's and keep one for ever that
// the world has outlived.
type jar struct {
	now     func() time.Time
	cookies *cookiejar.Jar // of cookies that never end by themselves

	mu   sync.Mutex
	ends map[place]ending
}

var _ http.CookieJar = (*jar)(nil)

// place is what tells cookies apart (RFC 6265, section 5.3, step 11).
type place struct{ domain, path, name string }

// ending is a cookie that does end, and where it came from.
type ending struct {
	at     time.Time
	from   *url.URL
	cookie http.Cookie
}

func newJar(now func() time.Time) *jar {
	cookies, err := cookiejar.New(nil)
	if err != nil {
		panic("accesssectest: " + err.Error()) // not to be had without options
	}
	return &jar{now: now, cookies: cookies, ends: map[place]ending{}}
}

// SetCookies keeps what u has sent.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.now()
	for _, c := range cookies {
		kept := *c
		kept.MaxAge, kept.Expires, kept.RawExpires = 0, time.Time{}, ""
		at := placeOf(u, c)
		delete(j.ends, at)
		end, ends := endOf(c, now)
		switch {
		case ends && !end.After(now):
			kept.MaxAge = -1
		case ends:
			j.ends[at] = ending{end, u, kept}
		}
		j.cookies.SetCookies(u, []*http.Cookie{&kept})
	}
}

// Cookies are those that go to u now.
func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.now()
	for at, e := range j.ends {
		if !e.at.After(now) {
			e.cookie.MaxAge = -1
			j.cookies.SetCookies(e.from, []*http.Cookie{&e.cookie})
			delete(j.ends, at)
		}
	}
	return j.cookies.Cookies(u)
}

// endOf is when a cookie ends, if it does: Max-Age goes before Expires (RFC 6265,
// section 5.3, step 3).
func endOf(c *http.Cookie, now time.Time) (time.Time, bool) {
	switch {
	case c.MaxAge < 0:
		return time.Time{}, true
	case c.MaxAge > 0:
		return now.Add(time.Duration(c.MaxAge) * time.Second), true
	}
	return c.Expires, !c.Expires.IsZero()
}

func placeOf(u *url.URL, c *http.Cookie) place {
	p := place{strings.ToLower(strings.TrimPrefix(c.Domain, ".")), c.Path, c.Name}
	if p.domain == "" {
		p.domain = strings.ToLower(u.Hostname())
	}
	if !strings.HasPrefix(p.path, "/") { // the default path (section 5.1.4)
		p.path = "/"
		if i := strings.LastIndex(u.Path, "/"); i > 0 {
			p.path = u.Path[:i]
		}
	}
	return p
}
