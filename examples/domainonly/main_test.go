package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), []string{"-check"}, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "domainonly: all ") || !strings.HasSuffix(last, " steps passed") {
		t.Errorf("last line: %q", last)
	}
	for _, l := range lines[:len(lines)-1] {
		if !strings.HasPrefix(l, "ok   ") {
			t.Errorf("line: %q", l)
		}
	}
}

// served runs the site until the test ends, and returns what it says until the mark.
func served(t *testing.T, mark string, args ...string) (said string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, append([]string{"-listen", "127.0.0.1:0"}, args...), w); w.Close() }()
	for !strings.Contains(said, mark) {
		part := make([]byte, 4096)
		n, err := r.Read(part)
		if err != nil {
			t.Fatalf("%v after %q", err, said)
		}
		said += string(part[:n])
	}
	go io.Copy(io.Discard, r)
	return said, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

// open is the address that a served site says it is at.
func open(said string) *visitor {
	_, rest, _ := strings.Cut(said, "Open ")
	origin, _, _ := strings.Cut(rest, " ")
	return &visitor{origin}
}

func TestServe(t *testing.T) {
	t.Parallel()
	said, stop := served(t, "Ctrl-C")
	v := open(said)
	page, err := v.get(t.Context(), "/")
	if err == nil {
		err = page.says(http.StatusOK, "Domains of Acme", "Globex")
	}
	if err == nil {
		page, err = v.post(t.Context(), "/acme", "name", "example.com")
	}
	if err == nil {
		err = page.says(http.StatusOK, "The DNS panel of example.com")
	}
	if err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"-listen", strings.TrimPrefix(v.origin, "http://")}, io.Discard); err == nil {
		t.Error("served on a port that is taken")
	}
	stop()
}

// With real servers there is no panel and no clock to put forward.
func TestServeReal(t *testing.T) {
	t.Parallel()
	dns, err := dnstest.New()
	if err != nil {
		t.Fatal(err)
	}
	defer dns.Close()
	said, stop := served(t, "Ctrl-C", "-dns", dns.Addr())
	defer stop()
	v := open(said)
	claim, err := v.post(t.Context(), "/acme", "name", "example.com")
	if err == nil {
		err = claim.says(http.StatusOK, state("pending"))
	}
	if err == nil {
		err = claim.lacks("DNS panel", "Let time go by")
	}
	if err != nil {
		t.Fatal(err)
	}
	dns.SetTXT("example.com", prefix+claim.token())
	page, err := v.post(t.Context(), claim.path+"/verify")
	if err == nil {
		err = page.says(http.StatusOK, state("verified"))
	}
	if err != nil {
		t.Error(err)
	}
	for _, form := range []string{"add", "remove", "weather", "clock"} {
		page, err := v.post(t.Context(), claim.path+"/"+form, "host", "@", "value", "x", "weather", servfail, "by", "days")
		if err == nil {
			err = page.says(http.StatusNotFound)
		}
		if err != nil {
			t.Errorf("%s: %v", form, err)
		}
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
		"a name":          {[]string{"-listen", "domains.example.com:8080"}, "this machine"},
		"no such port":    {[]string{"-listen", "localhost:99999"}, "-listen"},
		"no such DNS":     {[]string{"-listen", "localhost:0", "-dns", "imaginary"}, "it is simulated, real or addresses"},
		"DNS by name":     {[]string{"-listen", "localhost:0", "-dns", "dns.example.com"}, "it is simulated, real or addresses"},
		"half of it":      {[]string{"-listen", "localhost:0", "-dns", "192.0.2.53,"}, "it is simulated, real or addresses"},
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
	for _, want := range []string{"-listen", "-dns", "-check"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

// serving is a site for one test, with a clock that stands still.
func serving(t *testing.T) *walker {
	t.Helper()
	w, err := newWalker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.site.close() })
	return w
}

// claimed is the path of a new claim of an org, and its token.
func claimed(t *testing.T, w *walker, org, name string) (path, token string) {
	t.Helper()
	page, err := w.post(t.Context(), "/"+org, "name", name)
	if err == nil {
		err = page.says(http.StatusOK, state("pending"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return page.path, page.token()
}

// must fails the test at once.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
