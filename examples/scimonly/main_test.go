package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), []string{"-check", "-profile", "strict"}, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.HasSuffix(out.String(), "12 steps: all of it works.\n") {
		t.Errorf("it ends so:\n%s", out.String())
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"-profile", "lax"}, "it is one of detect, entra"},
		{[]string{"-token", "x", "-token2", "x"}, "give each its own"},
		{[]string{"-token", "a b"}, "no blanks"},
		{[]string{"-origin", "example.com"}, "a scheme and a host"},
		{[]string{"-origin", "https://example.com/scim"}, "a scheme and a host"},
		{[]string{"-listen", "nowhere"}, "host:port"},
		{[]string{"-no"}, "-help lists the flags"},
		{[]string{"more"}, "is no flag"},
	} {
		if err := run(t.Context(), row.args, io.Discard); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: %v", row.args, err)
		}
	}
	var out strings.Builder
	if err := run(t.Context(), []string{"-help"}, &out); err != nil || !strings.Contains(out.String(), "-token2") {
		t.Errorf("help: %v\n%s", err, out.String())
	}
}

// lines is a log that is read while others write to it.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// What is printed says what a request came to, and nothing that was in it.
func TestLog(t *testing.T) {
	t.Parallel()
	var out lines
	o, err := parse([]string{"-listen", "127.0.0.1:0", "-token", "token-of-acme"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(o, &out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.server.Close() })
	c := client{s.origin + basePath, o.token}
	ctx := t.Context()
	if _, err := c.must(ctx, 201, "POST", "//Users", user("ann@example.com", `,"password":"a secret","shoe":"size-38"`)); err != nil {
		t.Error(err)
	}
	if _, err := c.must(ctx, 404, "GET", "/Users/x%0Ay", ""); err != nil {
		t.Error(err)
	}
	resp, err := http.Get(s.origin + "/elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != http.StatusNotFound {
		t.Errorf("outside of the base path: %s", resp.Status)
	}
	for _, want := range []string{`POST /Users: 201 tolerated ["unknown-attribute" "path-form"]`, "prov:create:notice User", "GET /Users/x?y: 404"} {
		if !strings.Contains(out.String(), want) && !strings.Contains(out.String(), strings.Replace(want, `["unknown-attribute" "path-form"]`, `["path-form" "unknown-attribute"]`, 1)) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for _, secret := range []string{"a secret", "token-of-acme", o.token2, "size-38"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is printed:\n%s", secret, out.String())
		}
	}
}

// It is served until it is told to end, and says where and with which tokens.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var out lines
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-listen", "localhost:0", "-token", "one"}, &out) }()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, want := range []string{"SCIM is at http://localhost:", basePath, "token:  one\n", "second tenant's token: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
