package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// cheap has the tests spend their time on something else than hashing.
const cheap = 1000

func TestCheck(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := walk(t.Context(), &out, cheap); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "customstore: all ") || !strings.HasSuffix(last, " steps passed") {
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
	go func() { ended <- serve(ctx, "localhost:0", w, cheap) }()
	said := make([]byte, 4096)
	n, err := r.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(said[:n]), "Open ")
	origin, _, _ := strings.Cut(rest, " ")
	resp, err := http.Get(origin + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/login" {
		t.Errorf("sign-in page: %s at %s", resp.Status, resp.Request.URL)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestStartOnATakenPort(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := serve(t.Context(), ln.Addr().String(), io.Discard, cheap); err == nil {
		t.Error("served on a port that is taken")
	}
}
