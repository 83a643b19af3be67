package interop_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// openIDLab is a Service beside oidc-provider from npm.
type openIDLab struct {
	svc      *accesssec.Service
	issuer   string
	callback string
}

// noted is the adapter, which keeps the last error of an exchange.
type noted struct {
	*OpenID
	last error
}

func (n *noted) Exchange(ctx context.Context, code, verifier, nonce string) (accesssec.OpenIDClaims, error) {
	c, err := n.OpenID.Exchange(ctx, code, verifier, nonce)
	n.last = err
	return c, err
}

func newOpenIDLab(t *testing.T) (*openIDLab, *noted) {
	t.Helper()
	folder := os.Getenv("ACCESSSEC_TEST_OPENID")
	if folder == "" {
		t.Skip("left out: no folder with oidc-provider in ACCESSSEC_TEST_OPENID; .ci/openid.sh installs it and runs this test")
	}
	l := &openIDLab{callback: "http://127.0.0.1:1/auth/google/callback"}
	secret := rand.Text()
	cmd := exec.CommandContext(t.Context(), "node", "testdata/oidcprovider.mjs", folder, l.callback)
	cmd.Env = append(os.Environ(), "ACCESSSEC_TEST_OPENID_SECRET="+secret)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider says nothing: %v", err)
	}
	l.issuer = strings.TrimSpace(line)
	p, err := NewOpenID(t.Context(), l.issuer, "host", secret, l.callback)
	if err != nil {
		t.Fatal(err)
	}
	n := &noted{OpenID: p}
	l.svc, err = accesssec.New(memory.New(), "http://127.0.0.1:1", seal.GenerateRing(), &accesssec.Options{
		Google: n, Hasher: password.NewHasher(&password.HasherOptions{InsecureCost: true}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, n
}

func (l *openIDLab) visit() accesssec.Visit {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:1/", nil)
	return l.svc.SignIn().Visit(httptest.NewRecorder(), r)
}

// answer goes through the provider's pages as a person does, in a browser of its own: a login,
// then consent. It ends where the provider would send the browser back.
func (l *openIDLab) answer(t *testing.T, v accesssec.Visit, login string, opts *accesssec.StartOptions) url.Values {
	t.Helper()
	step, err := l.svc.SignIn().StartGoogle(t.Context(), v, opts)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back url.Values
	c := &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), l.callback) {
			back = r.URL.Query()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	action := regexp.MustCompile(`<form [^>]*action="([^"]+)"`)
	res, err := c.Get(step.URL)
	for range 3 {
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if back != nil {
			return back
		}
		to := action.FindSubmatch(page)
		if to == nil {
			t.Fatalf("%d: no form on %s", res.StatusCode, page)
		}
		form := url.Values{"prompt": {"login"}, "login": {login}, "password": {"any"}}
		if !strings.Contains(string(page), `name="login"`) {
			form = url.Values{"prompt": {"consent"}}
		}
		res, err = c.PostForm(string(to[1]), form)
		if err != nil {
			t.Fatal(err)
		}
	}
	if back == nil {
		t.Fatal("the provider did not send the browser back")
	}
	return back
}

func TestOpenIDProvider(t *testing.T) {
	l, adapter := newOpenIDLab(t)
	ctx, in := t.Context(), l.svc.SignIn()
	finish := func(v accesssec.Visit, q url.Values) (accesssec.Step, accesssec.Code) {
		step, err := in.FinishGoogle(ctx, v, q)
		var no *accesssec.Refusal
		if err != nil && !errors.As(err, &no) {
			t.Fatal(err)
		}
		if no != nil {
			return step, no.Code
		}
		return step, ""
	}

	v := l.visit()
	q := l.answer(t, v, "ann", nil)
	if q.Get("iss") != l.issuer {
		t.Errorf("RFC 9207: iss is %q", q.Get("iss"))
	}
	first, no := finish(v, q)
	if no != "" || first.Entered == nil {
		t.Fatalf("ann: refused as %q, %v", no, adapter.last)
	}
	profile, err := l.svc.Me(first.Entered.Principal).Profile(ctx)
	if err != nil || profile.Address != "ann@example.net" || profile.FirstName != "Ann" || profile.LastName != "Archer" {
		t.Errorf("%+v, %v", profile, err)
	}
	if _, no := finish(v, q); no != accesssec.CodeOpenID {
		t.Errorf("again: refused as %q", no)
	}

	again, no := finish(v, l.answer(t, v, "ann", &accesssec.StartOptions{Fresh: true}))
	if no != "" || again.Entered.Principal.UserID != first.Entered.Principal.UserID {
		t.Errorf("asked anew: refused as %q, %v", no, adapter.last)
	}

	// A code of another browser's: the provider refuses its verifier.
	other := l.visit()
	mine, theirs := l.answer(t, v, "ann", nil), l.answer(t, other, "eve", nil)
	mine.Set("code", theirs.Get("code"))
	if _, no := finish(v, mine); no != accesssec.CodeOpenID || adapter.last == nil || !strings.Contains(adapter.last.Error(), "invalid_grant") {
		t.Errorf("a code that was swapped: refused as %q, %v", no, adapter.last)
	}

	for login, exchanged := range map[string]bool{"una": true, "text": false} {
		v := l.visit()
		if _, no := finish(v, l.answer(t, v, login, nil)); no != accesssec.CodeOpenID || (adapter.last == nil) != exchanged {
			t.Errorf("%s: refused as %q, %v", login, no, adapter.last)
		}
	}
}
