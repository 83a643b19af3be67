package accesssec

import (
	"encoding/json"
	"strings"
	"testing"
)

// What a linked login is found by outlives a release. The bytes were worked out outside:
//
//	printf '5:login27:https://accounts.google.com21:110169484474386276334' | sha256sum
func TestStoredLogin(t *testing.T) {
	t.Parallel()
	l, no := loginOf(OpenIDClaims{Issuer: "https://accounts.google.com", Subject: "110169484474386276334", Address: "Gina@Example.net", Verified: true})
	if no != nil {
		t.Fatal(no)
	}
	const key = "1a3b5bf5f433ee963341cf24c70a172c346ab74b3497dedf7b98478ca81acd58"
	if l.key != key {
		t.Errorf("key %s", l.key)
	}
	body, err := json.Marshal(l.asLogin())
	if want := `{"issuer":"https://accounts.google.com","address":"Gina@Example.net"}`; err != nil || string(body) != want {
		t.Errorf("%s, %v", body, err)
	}
}

// Issuer and subject can't run into each other, and are bounded.
func TestLoginOf(t *testing.T) {
	t.Parallel()
	a, _ := loginOf(OpenIDClaims{Issuer: "https://a", Subject: "bc"})
	b, _ := loginOf(OpenIDClaims{Issuer: "https://ab", Subject: "c"})
	if a.key == b.key || a.key == "" {
		t.Error("two people with one key")
	}
	long := strings.Repeat("x", 255)
	if _, no := loginOf(OpenIDClaims{Issuer: long, Subject: long}); no != nil {
		t.Error(no)
	}
	for name, c := range map[string]OpenIDClaims{
		"no subject":     {Issuer: "a"},
		"no issuer":      {Subject: "a"},
		"a long subject": {Issuer: "a", Subject: long + "x"},
		"no text":        {Issuer: "a", Subject: "\xff"},
		"a control":      {Issuer: "a", Subject: "b\x00"},
	} {
		if l, no := loginOf(c); no == nil || no.Code != CodeOpenID || l.key != "" {
			t.Errorf("%s: %+v, %v", name, l, no)
		}
	}
}
