package accesssectest_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
)

func TestSignInGoogle(t *testing.T) {
	t.Parallel()
	p, err := accesssectest.NewOpenID(
		accesssec.OpenIDClaims{Subject: "1", Address: "gina@example.net", Verified: true},
		accesssec.OpenIDClaims{Subject: "2", Address: "eve@example.net"},
		accesssec.OpenIDClaims{Subject: "3", Address: "owner@example.com", Verified: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	w := accesssectest.New(t, &accesssectest.Options{Service: &accesssec.Options{Google: p}})
	gina, err := w.SignInGoogle("1")
	if err != nil {
		t.Fatal(err)
	}
	res, err := gina.Get(w.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(page), "gina@example.net") {
		t.Errorf("%v: %s", err, page)
	}
	// Whose address is not verified, who has an account that they have to show first, and whom
	// the provider does not know.
	for _, subject := range []string{"2", "3", "4"} {
		var no *accesssectest.RefusedError
		if _, err := w.SignInGoogle(subject); !errors.As(err, &no) {
			t.Errorf("subject %s: %v", subject, err)
		}
	}
	p.Fail(errors.New("the provider is away"))
	if _, err := w.SignInGoogle("1"); err == nil {
		t.Error("in without a token")
	}
}

// What the fake compares is what a real provider does.
func TestOpenIDCompares(t *testing.T) {
	t.Parallel()
	p, err := accesssectest.NewOpenID(accesssec.OpenIDClaims{Subject: "1", Address: "gina@example.net", Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	const verifier = "a verifier of forty-three letters and more...."
	to := p.AuthURL("state", "nonce", "xDC6ngx86-YRw8_MxVfdmY_jWNFvJ6TOrhURPUOmqM4", false)
	for name, try := range map[string]struct{ verifier, nonce string }{
		"another verifier": {verifier + "x", "nonce"},
		"another nonce":    {verifier, "other"},
	} {
		q, err := p.Answer(to, "1")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time the code is used up
			if c, err := p.Exchange(t.Context(), q.Get("code"), try.verifier, try.nonce); err == nil {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
	if _, err := p.Answer(to, "2"); err == nil {
		t.Error("it knows a stranger")
	}
	if _, err := p.Answer("https://elsewhere.example/authorize", "1"); err == nil {
		t.Error("it answers what is not its own")
	}
}
