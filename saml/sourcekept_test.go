package saml_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/saml"
)

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func read(t *testing.T, doc string, now time.Time) *saml.Metadata {
	t.Helper()
	m, err := new(saml.Source).Parse([]byte(doc), now)
	if err != nil {
		t.Fatal(explain(err))
	}
	return m
}

// The last good file is kept through failures, until its own end and not a moment longer.
func TestLastGoodMetadataIsKept(t *testing.T) {
	t.Parallel()
	var k saml.Kept
	if idp, err := k.IdP(clock()); idp != nil {
		t.Errorf("%+v", idp)
	} else {
		refused(t, nil, err, saml.CodeMetadata)
	}
	if !k.DueAt.IsZero() {
		t.Error("a new one is due at once")
	}
	k = k.Next(nil, errors.New("no"), clock())
	if k.Failures != 1 || k.DueAt.Sub(clock()) != 15*time.Minute || k.Metadata != nil {
		t.Errorf("%+v", k)
	}
	good := read(t, published("one", `validUntil="`+at(48*time.Hour)+`"`, idpID, "idp"), clock())
	if k = k.Next(good, nil, clock()); k.Failures != 0 || k.Failure != "" || !k.DueAt.Equal(clock().Add(24*time.Hour)) {
		t.Errorf("%+v", k)
	}
	_, failure := new(saml.Source).Parse([]byte(published("one", `validUntil="`+at(0)+`"`, idpID, "attacker")), clock())
	for i, wait := range []time.Duration{15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440} {
		now := clock().Add(time.Duration(i) * time.Hour)
		k = k.Next(nil, failure, now)
		if k.Failures != i+1 || k.DueAt.Sub(now) != wait*time.Minute || !strings.HasPrefix(k.Failure, "metadata: validUntil 2026-03-01T12:00:00Z. this file is out of date") {
			t.Errorf("after %d failures: %+v, %s", i+1, k, k.DueAt.Sub(now))
		}
		idp, err := k.IdP(now)
		if err != nil || idp != good.IdP {
			t.Fatal(explain(err))
		}
	}
	if _, err := k.IdP(clock().Add(48*time.Hour - 1)); err != nil {
		t.Error(explain(err))
	}
	idp, err := k.IdP(clock().Add(48 * time.Hour))
	if idp != nil {
		t.Error("metadata that is over is used")
	}
	if e := refused(t, nil, err, saml.CodeMetadata); !strings.Contains(e.Hint, "out of date") {
		t.Error(e.Hint)
	}
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	var again saml.Kept
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if second, err := json.Marshal(again); err != nil || string(second) != string(text) || again.Failures != 10 || !again.Metadata.ValidUntil.Equal(good.ValidUntil) {
		t.Errorf("%s\n%s", text, second)
	}
	if k = k.Next(good, nil, clock()); k.Failures != 0 || k.Failure != "" {
		t.Errorf("%+v", k)
	}
}

func TestMetadataOfAnotherProviderIsNotTaken(t *testing.T) {
	t.Parallel()
	good := read(t, published("one", "", idpID, "idp"), clock())
	k := saml.Kept{}.Next(good, nil, clock())
	for name, m := range map[string]*saml.Metadata{"another": read(t, published("one", "", otherID, "attacker"), clock()), "none": nil, "empty": {}} {
		next := k.Next(m, nil, clock())
		if next.Metadata != good || next.Failures != 1 || next.Failure == "" {
			t.Errorf("%s: %+v", name, next)
		}
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	var doc atomic.Value
	doc.Store(published("one", "", idpID, "idp"))
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, doc.Load()) })
	from := s.source("/")
	k, err := saml.Kept{}.Refresh(t.Context(), from, clock())
	if err != nil || k.Failures != 0 {
		t.Fatal(explain(err))
	}
	for _, bad := range []string{"", published("one", "", otherID, "attacker"), published("one", `validUntil="`+at(0)+`"`, idpID, "attacker")} {
		doc.Store(bad)
		next, err := k.Refresh(t.Context(), from, clock())
		if err == nil || next.Failures != 1 || next.Metadata != k.Metadata {
			t.Errorf("%v %+v", err, next)
		}
		refusedAny(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if next, err := k.Refresh(ctx, from, clock()); !errors.Is(err, context.Canceled) || next.Metadata != k.Metadata {
		t.Errorf("%v %+v", err, next)
	}
	doc.Store(published("one", "", idpID, "second"))
	next, err := k.Refresh(t.Context(), from, clock().Add(time.Hour))
	if err != nil || next.Failures != 0 || !next.DueAt.Equal(clock().Add(25*time.Hour)) {
		t.Fatalf("%s %+v", explain(err), next)
	}
	if changes := saml.Compare(k.Metadata.IdP, next.Metadata.IdP); len(changes) != 2 || !changes[0].Key || changes[1].Key {
		t.Errorf("%+v", changes)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	name := func(key string) string { return "SHA-256 " + fingerprint(keys()[key].cert.Raw) + ", until 2027-03-01" }
	// The same key, in a certificate that was issued anew.
	anew, err := saml.ParseCertificates(made(t, keys()["idp"].key.Public(), 30))
	if err != nil {
		t.Fatal(explain(err))
	}
	renewed := theirIdP("second")
	renewed.Certificates = append(renewed.Certificates, anew...)
	moved := theirIdP()
	moved.EntityID, moved.SSO.URL, moved.SLO, moved.SLOResponseURL, moved.SignRequests = "urn:x\n", "https://x.example", saml.Endpoint{URL: "https://x.example/slo", Binding: saml.POST}, "https://x.example/a", true
	written := theirIdP()
	written.SSO.Binding = saml.Redirect
	for what, c := range map[string]struct {
		before, after *saml.IdP
		want          []saml.Change
	}{
		"nothing":                 {theirIdP("idp", "second"), theirIdP("second", "idp"), nil},
		"the default written out": {theirIdP(), written, nil},
		"nil":                     {nil, nil, nil},
		"one more":                {theirIdP("idp"), theirIdP("idp", "second"), []saml.Change{{What: saml.ChangedCertificate, After: name("second"), Key: true}}},
		"one less":                {theirIdP("idp", "second"), theirIdP("second"), []saml.Change{{What: saml.ChangedCertificate, Before: name("idp")}}},
		"another":                 {theirIdP("idp"), theirIdP("second"), []saml.Change{{What: saml.ChangedCertificate, After: name("second"), Key: true}, {What: saml.ChangedCertificate, Before: name("idp")}}},
		"issued anew":             {theirIdP("idp", "second"), renewed, []saml.Change{{What: saml.ChangedCertificate, Before: name("idp"), After: "SHA-256 " + fingerprint(anew[0].Raw) + ", until 2026-03-31"}}},
		"everything but the keys": {theirIdP(), moved, []saml.Change{
			{What: saml.ChangedEntityID, Before: idpID, After: "urn:x ", Key: true}, {What: saml.ChangedSSO, Before: "redirect https://idp.example/sso", After: "redirect https://x.example"},
			{What: saml.ChangedSLO, After: "post https://x.example/slo"}, {What: saml.ChangedSLOResponseURL, After: "https://x.example/a"}, {What: saml.ChangedSignRequests, Before: "false", After: "true"}}},
		"from nothing": {nil, theirIdP(), []saml.Change{{What: saml.ChangedEntityID, After: idpID, Key: true}, {What: saml.ChangedSSO, After: "redirect https://idp.example/sso"}, {What: saml.ChangedCertificate, After: name("idp"), Key: true}}},
	} {
		if diff := cmp.Diff(c.want, saml.Compare(c.before, c.after)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}
