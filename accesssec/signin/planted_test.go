package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
)

// A mark that somebody else has put into a browser is not what that browser is remembered by.
func TestPlantedMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fay := w.enrol(t, "fay@example.org")
	w.apply(t, func(s *accesssec.Settings) { s.RememberDevices = 7 * 24 * time.Hour })
	planted := &http.Cookie{Name: "__Host-accesssec-visit", Value: "v1." + strings.Repeat("A", 43), Path: "/", Secure: true}
	r, err := http.NewRequest(http.MethodGet, w.origin+"/auth/", nil)
	if err != nil {
		t.Fatal(err)
	}
	v := w.visitor(t)
	v.c.Jar.SetCookies(r.URL, []*http.Cookie{planted})
	v = v.half("fay@example.org")
	if p := v.post("/auth/code", form("code", fay.next(), "remember", "1")); p.url != "/home" {
		t.Fatalf("status %d at %s", p.status, p.url)
	}
	thief := w.visitor(t)
	thief.c.Jar.SetCookies(r.URL, []*http.Cookie{planted})
	if p := thief.post("/auth/password", form("address", "fay@example.org", "password", right)); p.url != "/auth/code" {
		t.Errorf("who has planted the mark, by password alone: at %s", p.url)
	}
	// Nor is a remembered browser's of their own: it is put into hers, and she has hers remembered.
	max := w.enrol(t, "max@example.com")
	own := w.visitor(t).half("max@example.com")
	own.post("/auth/code", form("code", max.next(), "remember", "1"))
	var device *http.Cookie
	for _, c := range own.c.Jar.Cookies(r.URL) {
		if c.Name == "__Host-accesssec-device" {
			device = &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", Secure: true}
		}
	}
	if device == nil {
		t.Fatal("Max's browser is not remembered")
	}
	hers := w.visitor(t)
	hers.c.Jar.SetCookies(r.URL, []*http.Cookie{device})
	hers = hers.half("fay@example.org")
	hers.post("/auth/code", form("code", fay.next(), "remember", "1"))
	thief = w.visitor(t)
	thief.c.Jar.SetCookies(r.URL, []*http.Cookie{device})
	if p := thief.post("/auth/password", form("address", "fay@example.org", "password", right)); p.url != "/auth/code" {
		t.Errorf("who has planted their own, by password alone: at %s", p.url)
	}
	hers.post("/auth/signout", form())
	if p := hers.post("/auth/password", form("address", "fay@example.org", "password", right)); p.url != "/home" {
		t.Errorf("she is asked in her own browser: at %s", p.url)
	}
}
