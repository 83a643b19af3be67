package ui_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/accesssec/accesssec-go/internal/ui"
)

func pages() *ui.Pages {
	return ui.MustParse(fstest.MapFS{
		"parts.html":  {Data: []byte(`{{define "greet"}}<p>Hello {{.}}</p>{{end}}`)},
		"hello.html":  {Data: []byte(`{{template "greet" .}}`)},
		"broken.html": {Data: []byte(`<p>half {{.Missing.Field}}</p>`)},
	})
}

func write(host, name string, p ui.Page) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = host
	rec := httptest.NewRecorder()
	pages().Write(rec, r, http.StatusTeapot, name, p)
	return rec
}

func TestWrite(t *testing.T) {
	t.Parallel()
	rec := write("app.example.com", "hello", ui.Page{Product: "über <b>", Title: "A & B", Alert: "No.", Support: "help@host.example", Data: "<i>"})
	if rec.Code != http.StatusTeapot {
		t.Errorf("status %d", rec.Code)
	}
	for _, want := range []string{
		`<html lang="en">`, "<title>Error: A &amp; B – über &lt;b&gt;</title>", `<span class="mark" aria-hidden="true">Ü</span>`,
		`<p class="alert" id="alert" role="alert">No.</p>`, "<p>Hello &lt;i&gt;</p>", `<a href="mailto:help@host.example">help@host.example</a>`,
	} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, rec.Body)
		}
	}
	bare := write("app.example.com", "hello", ui.Page{Title: "T"}).Body.String()
	for _, not := range []string{"alert\"", "Error:", "footer>", `<p class="product`} {
		if strings.Contains(bare, not) {
			t.Errorf("%s in a page that has none", not)
		}
	}
}

// Never half a page.
func TestWriteWhatCannotBe(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"broken", "nowhere", "parts", ""} {
		rec := write("app.example.com", name, ui.Page{Title: "T", Data: 1})
		if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "half") || strings.Contains(rec.Body.String(), "<") {
			t.Errorf("%q: status %d: %s", name, rec.Code, rec.Body)
		}
	}
}

func TestSupport(t *testing.T) {
	t.Parallel()
	for support, want := range map[string]string{
		"help@host.example":           `<a href="mailto:help@host.example">help@host.example</a>`,
		"mailto:help@host.example":    `<a href="mailto:help@host.example">help@host.example</a>`,
		"https://host.example/help":   `<a href="https://host.example/help">host.example/help</a>`,
		"javascript:alert(1)@x":       "Need help? javascript:alert(1)@x<",
		"Call +1 555 0100":            "Need help? Call &#43;1 555 0100<",
		`https://x/"><script>alert()`: `<a href="https://x/%22%3e%3cscript%3ealert%28%29">`,
	} {
		if body := write("h", "hello", ui.Page{Support: support}).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s: no %s in\n%s", support, want, body[strings.Index(body, "</main>"):])
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host  string
		leave bool
		forms string
	}{
		{"app.example.com", false, "'self'"},
		{"app.example.com", true, "'self' https:"},
		{"localhost.example.com", true, "'self' https:"},
		{"127.0.0.1.example.com", true, "'self' https:"},
		{"localhost", false, "'self'"},
		{"localhost", true, "'self' https: http:"},
		{"LOCALHOST:8080", true, "'self' https: http:"},
		{"127.0.0.1:8080", true, "'self' https: http:"},
		{"[::1]:8080", true, "'self' https: http:"},
		{"", true, "'self' https:"},
	} {
		rec := write(c.host, "hello", ui.Page{FormsLeave: c.leave})
		_, rest, _ := strings.Cut(rec.Body.String(), "<style>")
		style, _, _ := strings.Cut(rest, "</style>")
		sum := sha256.Sum256([]byte(style))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; img-src 'self'; form-action " + c.forms + "; base-uri 'none'; frame-ancestors 'none'"
		if got := rec.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%q: %s\nwant %s", c.host, got, want)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := rec.Header().Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

// Text on what lies behind it: 4.5 to 1, and edges of fields 3 to 1, in both schemes
// (WCAG 2.2, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	schemes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(style), -1)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes", len(schemes))
	}
	for i, s := range schemes {
		colour := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(s[1], -1) {
			colour[m[1]] = m[2]
		}
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"text", "card", 4.5}, {"quiet", "card", 4.5}, {"quiet", "page", 4.5}, {"quiet", "glow", 4.5}, {"accent", "card", 4.5}, {"accent", "tint", 4.5},
			{"accent", "page", 4.5}, {"on-accent", "accent", 4.5}, {"on-accent", "accent-over", 4.5}, {"alert", "alert-page", 4.5},
			{"text", "tint", 4.5}, {"field", "card", 3}, {"accent", "card", 3}, {"alert", "card", 3},
		} {
			front, back := luminance(t, colour[pair.front]), luminance(t, colour[pair.back])
			ratio := (max(front, back) + .05) / (min(front, back) + .05)
			if ratio < pair.least {
				t.Errorf("scheme %d: %s on %s has a contrast of %.2f, less than %.1f", i, pair.front, pair.back, ratio, pair.least)
			}
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(fmt.Errorf("colour %q: %w", hex, err))
	}
	linear := func(c uint64) float64 {
		v := float64(c&0xff) / 255
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*linear(n>>16) + .7152*linear(n>>8) + .0722*linear(n)
}

func TestMustParse(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a template that does not parse is taken")
		}
	}()
	ui.MustParse(fstest.MapFS{"a.html": {Data: []byte("{{")}})
}

// A URL that holds a secret is told to nobody, our own pages included, while forms are
// still posted with an Origin that the server can compare.
func TestSecretURL(t *testing.T) {
	t.Parallel()
	if got := write("app.example.com", "hello", ui.Page{SecretURL: true}).Header().Get("Referrer-Policy"); got != "strict-origin" {
		t.Errorf("Referrer-Policy %q", got)
	}
}
