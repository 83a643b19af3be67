package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := walk(t.Context(), cheap(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "totponly: all ") || !strings.HasSuffix(last, " steps passed") {
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
	go func() { ended <- run(ctx, []string{"-listen", "127.0.0.1:0"}, w) }()
	said := ""
	for !strings.Contains(said, bob) {
		part := make([]byte, 4096)
		n, err := r.Read(part)
		if err != nil {
			t.Fatal(err)
		}
		said += string(part[:n])
	}
	go io.Copy(io.Discard, r)
	origin := between(said, "Open ", " ", "")
	v := arrival(t, &walker{site: &site{origin: origin}, seen: &transcript{}})
	page, err := v.post(t.Context(), "/signin", url.Values{"address": {ann}, "password": {strings.Fields(between(said, ann, "\n", ""))[0]}})
	if err == nil {
		err = page.leads("/", accountPage)
	}
	if err != nil {
		t.Errorf("as it says: %v\n%s", err, said)
	}
	if err := run(t.Context(), []string{"-listen", strings.TrimPrefix(origin, "http://")}, io.Discard); err == nil {
		t.Error("served on a port that is taken")
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"unknown":         {[]string{"-nonsense"}, "-help lists the flags"},
		"no flag":         {[]string{"8080"}, `"8080" is no flag`},
		"no port":         {[]string{"-listen", "localhost"}, "host:port"},
		"everybody":       {[]string{"-listen", ":8080"}, "this machine"},
		"every address":   {[]string{"-listen", "0.0.0.0:8080"}, "this machine"},
		"another machine": {[]string{"-listen", "192.0.2.1:8080"}, "this machine"},
		"a name":          {[]string{"-listen", "totp.example.com:8080"}, "this machine"},
		"no such port":    {[]string{"-listen", "localhost:99999"}, "-listen"},
		"after another":   {[]string{"-check", "-listen", "localhost:0", "more"}, `"more" is no flag`},
		"check, perhaps":  {[]string{"-check=perhaps"}, "-help lists the flags"},
		"interrupted":     {[]string{"-check"}, "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			stop() // it ends at once where it does not refuse
			if err := run(ctx, row.args, io.Discard); err == nil || !strings.Contains(err.Error(), row.want) {
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
	for _, want := range []string{"-listen", "-check"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

// cheap makes hashes that cost next to nothing.
func cheap() *password.Hasher { return password.NewHasher(&password.HasherOptions{InsecureCost: true}) }

// serving is a site for one test.
func serving(t *testing.T) *walker {
	t.Helper()
	w, err := newWalker(t.Context(), cheap())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.site.close() })
	return w
}

func arrival(t *testing.T, w *walker) *visitor {
	t.Helper()
	v, err := w.visitor()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// enrolled is a site at which Ann has a factor, and a browser of hers that is signed in.
func enrolled(t *testing.T) (*walker, *visitor) {
	t.Helper()
	w := serving(t)
	v := arrival(t, w)
	_, err := w.knock(t.Context(), v, ann)
	if err == nil {
		w.ann, err = w.enrol(t.Context(), v, ann)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w, v
}

// owing is a browser that has shown Ann's password, and owes a code.
func owing(t *testing.T, w *walker) *visitor {
	t.Helper()
	v, err := w.knocked(t.Context(), ann)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// rowOf is the row of somebody's factor.
func rowOf(t *testing.T, w *walker, address string) row {
	t.Helper()
	u, err := w.site.app.memory.userAt(address)
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.site.app.memory.factor(u.id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// put changes a row behind the site's back.
func put(t *testing.T, w *walker, address string, change func(*row)) {
	t.Helper()
	r := rowOf(t, w, address)
	change(&r)
	if _, err := w.site.app.memory.swap(r); err != nil {
		t.Fatal(err)
	}
}

// hop is one request without following anything, with these cookies alone.
func hop(t *testing.T, req *http.Request, cookies ...*http.Cookie) *http.Response {
	t.Helper()
	for _, c := range cookies {
		req.AddCookie(c)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	return resp
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}
