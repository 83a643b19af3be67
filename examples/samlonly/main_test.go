package main

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml/samltest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), []string{"-check"}, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "samlonly: all ") || !strings.HasSuffix(last, " steps passed") {
		t.Errorf("last line: %q", last)
	}
	for _, l := range lines[:len(lines)-1] {
		if !strings.HasPrefix(l, "ok   ") {
			t.Errorf("line: %q", l)
		}
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-listen", "localhost:0"}, w) }()
	said := make([]byte, 4096)
	n, err := r.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, r)
	_, rest, _ := strings.Cut(string(said[:n]), "Open ")
	origin, _, _ := strings.Cut(rest, " ")
	resp, err := http.Get(origin + "/metadata")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`Location="`+origin+`/acs"`)) {
		t.Errorf("metadata: %s, %v\n%s", resp.Status, err, body)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

// serving is a service for one test.
func serving(t *testing.T, how *samltest.Options, flags ...string) *service {
	t.Helper()
	o, err := parse(append(flags, "-listen", "localhost:0"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), o, how, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

func arrival(t *testing.T, s *service) *visitor {
	t.Helper()
	v, err := s.visitor()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	notKey := filepath.Join(dir, "not-a-key.pem")
	if err := os.WriteFile(notKey, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"unknown":           {[]string{"-nonsense"}, "-help lists the flags"},
		"no flag":           {[]string{"idp.xml"}, "-metadata FILE"},
		"binding":           {[]string{"-binding", "soap"}, "redirect or post"},
		"skew":              {[]string{"-skew", "1h"}, "10"},
		"check and file":    {[]string{"-check", "-metadata", "idp.xml"}, "-check brings its own"},
		"entity of nothing": {[]string{"-idp-entity-id", "x"}, "say which with -metadata"},
		"listen":            {[]string{"-listen", "nonsense"}, "host:port"},
		"not this machine":  {[]string{"-listen", "0.0.0.0:0", "-origin", "http://sp.example.com"}, "https"},
		"origin with path":  {[]string{"-origin", "https://sp.example.com/app"}, "scheme and host alone"},
		"acs elsewhere":     {[]string{"-origin", "https://sp.example.com", "-acs", "https://other.example.com/acs"}, "cookie"},
		"acs like origin":   {[]string{"-origin", "https://sp.example.com", "-acs", "https://sp.example.com.evil.example/acs"}, "cookie"},
		"acs underscore":    {[]string{"-origin", "https://sp.example.com", "-acs", "https://sp.example.com/saml_acs"}, `no "_"`},
		"acs query":         {[]string{"-origin", "https://sp.example.com", "-acs", "https://sp.example.com/acs?x=1"}, "no query"},
		"acs wildcard":      {[]string{"-origin", "https://sp.example.com", "-acs", "https://sp.example.com/{x}"}, "its path may have"},
		"acs dots":          {[]string{"-origin", "https://sp.example.com", "-acs", "https://sp.example.com/a/../b"}, "its path may have"},
		"acs taken":         {[]string{"-origin", "https://sp.example.com", "-acs", "https://sp.example.com/login"}, "something else is served"},
		"acs is slo":        {[]string{"-origin", "https://sp.example.com", "-slo", "https://sp.example.com/acs"}, "the same"},
		"no file":           {[]string{"-metadata", filepath.Join(dir, "none.xml")}, "no such file"},
		"no metadata":       {[]string{"-metadata", notKey}, "What helps"},
		"no https":          {[]string{"-metadata", "http://idp.example.com/metadata"}, "download the file"},
		"no key":            {[]string{"-key", notKey}, "both in PEM"},
		"no place for key":  {[]string{"-key", filepath.Join(dir, "none", "key.pem")}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// It ends at once where it does not refuse.
			ctx, stop := context.WithCancel(t.Context())
			stop()
			args := row.args
			if name != "listen" && name != "not this machine" {
				args = append([]string{"-listen", "localhost:0"}, args...)
			}
			if err := run(ctx, args, io.Discard); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v does not say %q", err, row.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), []string{"-help"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-metadata", "-idp-initiated", "-allow-cbc", "-check"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ listen, origin, want string }{
		{"localhost:80", "", "http://localhost:1"},
		{":80", "", "http://localhost:1"},
		{"0.0.0.0:80", "", "http://localhost:1"},
		{"[::]:80", "", "http://localhost:1"},
		{"127.0.0.1:80", "", "http://127.0.0.1:1"},
		{"[::1]:80", "", "http://[::1]:1"},
		{"192.0.2.1:80", "", ""},
		{"sp.example.com:80", "", ""},
		{"192.0.2.1:80", "https://sp.example.com/", "https://sp.example.com"},
		{":80", "http://localhost:9000", "http://localhost:9000"},
		{":80", "http://192.0.2.1", ""},
		{":80", "https://ann@sp.example.com", ""},
		{":80", "sp.example.com", ""},
	} {
		o := options{listen: row.listen, origin: row.origin}
		if got, err := o.reachable("1"); got != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%s %s: %q, %v", row.listen, row.origin, got, err)
		}
	}
}

// The key of the first run is the key of the second, and nobody else can read it.
func TestKeyFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "sp.pem")
	first := serving(t, nil, "-key", name)
	second := serving(t, nil, "-key", name)
	if !first.app.sp.Keys[0].Cert.Equal(second.app.sp.Keys[0].Cert) {
		t.Error("another certificate at the second start")
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	page, err := arrival(t, second).signIn(t.Context(), "/login", ann)
	if err == nil {
		err = page.says(http.StatusOK, "Signed in")
	}
	if err != nil {
		t.Error(err)
	}
}

// What a flag opens or closes is what it says, and nothing is open without it.
func TestOptIns(t *testing.T) {
	t.Parallel()
	clear := samltest.Options{Encrypt: samltest.Encryption{Cipher: samltest.AES256GCM, NameID: true, ClearAssertion: true}}
	cbc := samltest.Options{Encrypt: samltest.Encryption{Cipher: samltest.AES256CBC}}
	gcm := samltest.Options{Encrypt: samltest.Encryption{Cipher: samltest.AES256GCM}}
	sha1 := samltest.Options{Signing: samltest.SignSHA1}
	for _, row := range []struct {
		name  string
		how   samltest.Options
		flags []string
		want  string // the code; "" is signed in
	}{
		{"clear", clear, []string{"-encryption"}, ""},
		{"clear, refused", clear, []string{"-require-encrypted"}, "not_encrypted"},
		{"GCM", gcm, []string{"-encryption"}, ""},
		{"CBC", cbc, []string{"-encryption"}, "algorithm"},
		{"CBC, allowed", cbc, []string{"-encryption", "-allow-cbc"}, ""},
		{"SHA-1", sha1, nil, "algorithm"},
		{"SHA-1, allowed", sha1, []string{"-allow-legacy"}, ""},
		{"RSA 1024, allowed", samltest.Options{Signing: samltest.SignRSA1024}, []string{"-allow-legacy"}, ""},
		{"one verifier", samltest.Options{}, []string{"-engine-only"}, ""},
		{"attribute", samltest.Options{}, []string{"-identifier", "nickname"}, "identifier"},
		{"domain", samltest.Options{}, []string{"-domains", "example.org, Example.COM"}, ""},
		{"another domain", samltest.Options{}, []string{"-domains", "ample.com"}, "identifier"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := serving(t, &row.how, row.flags...)
			page, err := arrival(t, s).signIn(t.Context(), "/login", ann)
			if err == nil && row.want == "" {
				err = page.says(http.StatusOK, "Signed in")
			} else if err == nil {
				err = page.says(http.StatusForbidden, `<tr class="fail">`, "<td>"+row.want+"</td>")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A key that is too weak is refused at the start.
func TestWeakKey(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-listen", "localhost:0"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = start(t.Context(), o, &samltest.Options{Signing: samltest.SignRSA1024}, io.Discard); err == nil || !strings.Contains(tell(err), "2048") {
		t.Errorf("RSA 1024: %v", err)
	}
}

// The wishes are in the request, and without any there is none.
func TestWishes(t *testing.T) {
	t.Parallel()
	const format, class = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "https://refeds.org/profile/mfa"
	for _, row := range []struct {
		flags []string
		want  bool
	}{
		{nil, false},
		{[]string{"-force", "-nameid-format", format, "-authn-context", class + ",urn:other"}, true},
	} {
		s := serving(t, nil, row.flags...)
		v := arrival(t, s)
		v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		resp, err := v.client.Get(s.app.origin + "/login")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		to, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		deflated, err := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
		if err != nil {
			t.Fatal(err)
		}
		xml, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
		if err != nil {
			t.Fatal(err)
		}
		for _, wish := range []string{`ForceAuthn="true"`, format, class, "urn:other"} {
			if bytes.Contains(xml, []byte(wish)) != row.want {
				t.Errorf("%v: %s in\n%s", row.flags, wish, xml)
			}
		}
	}
}

// A form on another site cannot sign anybody out.
func TestLogoutFromElsewhere(t *testing.T) {
	t.Parallel()
	s := serving(t, nil)
	v := arrival(t, s)
	if _, err := v.signIn(t.Context(), "/login", ann); err != nil {
		t.Fatal(err)
	}
	page, err := v.post(t.Context(), s.app.origin+"/logout", "https://elsewhere.example", nil)
	if err == nil {
		err = page.says(http.StatusForbidden)
	}
	if err == nil {
		err = v.mustBeIn(t.Context())
	}
	if err != nil {
		t.Error(err)
	}
}

// Whatever is posted is shown as text.
func TestPostedMarkup(t *testing.T) {
	t.Parallel()
	s := serving(t, nil)
	for _, posted := range []string{
		`<script>alert(1)</script>`,
		base64.StdEncoding.EncodeToString([]byte(`<a><script>alert(1)</script></a>`)),
		base64.StdEncoding.EncodeToString([]byte("\xff<a b='<script>'")),
		strings.Repeat("A", 3<<18),
		"",
	} {
		page, err := arrival(t, s).post(t.Context(), s.app.sp.ACS, s.simulatedURL, url.Values{"SAMLResponse": {posted}})
		if err == nil {
			err = page.says(http.StatusForbidden, "This response is refused", `<tr class="fail">`)
		}
		if err != nil {
			t.Errorf("%.40q: %v", posted, err)
		}
		if strings.Contains(page.text, "<script") {
			t.Errorf("%.40q: a script on the page", posted)
		}
	}
}

// Every page forbids scripts and frames, and no cache keeps it.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := serving(t, nil)
	for _, at := range []string{"/", "/login?binding=soap", "/slo?SAMLRequest=x"} {
		resp, err := http.Get(s.app.origin + at)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", at, resp.Header)
		}
	}
}

// Cookies are of this host alone, out of reach of scripts, and Secure.
func TestCookies(t *testing.T) {
	t.Parallel()
	s := serving(t, nil)
	v := arrival(t, s)
	seen := map[string]*http.Cookie{}
	v.client.Transport = watch(func(resp *http.Response) {
		for _, c := range resp.Cookies() {
			seen[c.Name] = c
		}
	})
	if _, err := v.signIn(t.Context(), "/login", ann); err != nil {
		t.Fatal(err)
	}
	for name, site := range map[string]http.SameSite{browserCookie: http.SameSiteNoneMode, sessionCookie: http.SameSiteLaxMode} {
		c := seen[name]
		if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != site || c.Path != "/" || c.Domain != "" || len(c.Value) < 26 {
			t.Errorf("%s: %v", name, c)
		}
	}
}

// watch sees every response.
type watch func(*http.Response)

func (see watch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		see(resp)
	}
	return resp, err
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	s := serving(t, nil)
	_, at, _ := strings.Cut(s.app.origin, "//")
	if err := run(t.Context(), []string{"-listen", at}, io.Discard); err == nil {
		t.Error("served on a port that is taken")
	}
}
