package domainclaim_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// start is when the claims of these tests are made.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func name(t testing.TB, s string) domainclaim.Name {
	t.Helper()
	n, err := domainclaim.ParseName(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func claim(t testing.TB, domain string) domainclaim.Claim {
	t.Helper()
	c, err := domainclaim.New("acme", name(t, domain), start)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func address(t testing.TB, s string) domainclaim.Address {
	t.Helper()
	a, err := domainclaim.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNew(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("east", 3600)
	c, err := domainclaim.New("acme-1", name(t, "Bücher.com"), start.Add(1234*time.Nanosecond).In(zone))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[a-z2-7]{32}$`).MatchString(c.Token) {
		t.Errorf("token %q: want 160 bits as base32 in lower case", c.Token)
	}
	want := domainclaim.Claim{
		Name: "xn--bcher-kva.com", Product: "acme-1", Token: c.Token, Generation: 1, State: domainclaim.Pending,
		CreatedAt: start.Add(time.Microsecond), CheckAt: start.Add(time.Microsecond),
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if c.CreatedAt.Location() != time.UTC {
		t.Errorf("CreatedAt in %v, want UTC", c.CreatedAt.Location())
	}
	if c.Display() != "bücher.com (xn--bcher-kva.com)" {
		t.Errorf("Display() = %q", c.Display())
	}
}

func TestNewRefused(t *testing.T) {
	t.Parallel()
	n := name(t, "example.com")
	for _, product := range []string{"", "Acme", "ac me", "-acme", "acme-", "acme.x", "a_b", "ü", strings.Repeat("a", 33)} {
		if c, err := domainclaim.New(product, n, start); err == nil || c.Token != "" {
			t.Errorf("New(%q): %v, want refused", product, err)
		}
	}
	var refused *domainclaim.NameError
	if _, err := domainclaim.New("acme", domainclaim.Name{}, start); !errors.As(err, &refused) || refused.Code != domainclaim.NameEmpty {
		t.Errorf("zero name: %v", err)
	}
	long := name(t, strings.Repeat("abcdefghi.", 24)+"example.com") // 251 bytes
	// The record of the token alone has a name of 253 bytes at the longest.
	for host, fits := range map[string]bool{"abcde": true, "abcdef": false} {
		n := name(t, strings.Repeat("abcdefghi.", 22)+host+".example.com")
		if c, err := domainclaim.New("acme", n, start); (err == nil) != fits || fits && len(c.Records()[1].Name) != 253 {
			t.Errorf("a name of %d bytes: %v", len(n.String()), err)
		}
	}
	if _, err := domainclaim.New("acme", long, start); !errors.As(err, &refused) || refused.Code != domainclaim.NameTooLong {
		t.Errorf("no room for the label: %v", err)
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	want := []domainclaim.Record{
		{Name: "example.com", Host: "@", Type: "TXT", Value: "acme-domain-verify=" + c.Token},
		{Name: "_acme-challenge.example.com", Host: "_acme-challenge", Type: "TXT", Value: c.Token},
	}
	if d := cmp.Diff(want, c.Records()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := c.Records()[1].Rooted(); got != "_acme-challenge.example.com." {
		t.Errorf("Rooted() = %q", got)
	}
}

// TestRenewedToken12: a claim that is given up and made again has another token, and
// what was seen of the old one proves nothing.
func TestRenewedToken12(t *testing.T) {
	t.Parallel()
	old := claim(t, "example.com")
	old.Subdomains = true
	verified, _ := old.Next(seen(old, domainclaim.Present), start)
	released := verified.Release()
	if released.Holds() || released.State != domainclaim.Released || !released.CheckAt.IsZero() {
		t.Errorf("released: %+v", released)
	}
	if got, event := released.Next(seen(old, domainclaim.Present), start); got.State != domainclaim.Released || event != domainclaim.EventNone {
		t.Errorf("a released claim moved: %s, %q", got.State, event)
	}
	renewed := released.Renew(start.Add(time.Hour))
	if renewed.Token == old.Token || renewed.Generation != 2 || renewed.State != domainclaim.Pending || !renewed.Subdomains || !renewed.VerifiedAt.IsZero() {
		t.Errorf("renewed: %+v", renewed)
	}
	if got, event := renewed.Next(seen(old, domainclaim.Present), start); got.State != domainclaim.Pending || event != domainclaim.EventNone {
		t.Errorf("the old token proved the new claim: %s, %q", got.State, event)
	}
	if other := claim(t, "example.com"); other.Token == old.Token {
		t.Error("two claims with one token")
	}
}

// TestCovers28: a claim covers its name alone, and what is below it on request; of two
// claims the most specific wins; labels are compared, never text.
func TestCovers28(t *testing.T) {
	t.Parallel()
	exact := claim(t, "example.com")
	wide := exact
	wide.Subdomains = true
	sub := claim(t, "sub.example.com")
	for _, tt := range []struct {
		address          string
		exact, wide, sub bool
	}{
		{"a@example.com", true, true, false},
		{"a@Example.COM", true, true, false},
		{"a@sub.example.com", false, true, true},
		{"a@deep.sub.example.com", false, true, false},
		{"a@notexample.com", false, false, false},
		{"a@example.com.evil.org", false, false, false},
		{"a@ample.com", false, false, false},
	} {
		a := address(t, tt.address)
		got := []bool{exact.Covers(a), wide.Covers(a), sub.Covers(a)}
		if d := cmp.Diff([]bool{tt.exact, tt.wide, tt.sub}, got); d != "" {
			t.Errorf("%s: exact, wide, sub (-want +got):\n%s", tt.address, d)
		}
	}
	// Both cover; the order of the candidates says who wins.
	a := address(t, "a@sub.example.com")
	for _, candidate := range a.Candidates() {
		for _, c := range []domainclaim.Claim{wide, sub} {
			if c.Name == candidate && c.Covers(a) {
				if c.Name != "sub.example.com" {
					t.Errorf("%s wins", c.Name)
				}
				return
			}
		}
	}
	t.Error("nobody covers " + a.String())
}

// TestCoversPublicSuffix: a claim on a suffix whose operator hands out names never
// covers those.
func TestCoversPublicSuffix(t *testing.T) {
	t.Parallel()
	n, err := domainclaim.ParseName("github.io", &domainclaim.NameOptions{AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := domainclaim.New("acme", n, start)
	if err != nil {
		t.Fatal(err)
	}
	c.Subdomains = true
	if !c.Covers(address(t, "a@github.io")) || c.Covers(address(t, "a@tenant.github.io")) {
		t.Error("want github.io covered and its tenants not")
	}
	if (domainclaim.Claim{}).Covers(domainclaim.Address{}) {
		t.Error("nothing covers nobody")
	}
}

// TestClaimJSON pins the stored form: a change here breaks what hosts have stored.
func TestClaimJSON(t *testing.T) {
	t.Parallel()
	c := domainclaim.Claim{
		Name: "example.com", Product: "acme", Token: "tok", Generation: 2, Subdomains: true, State: domainclaim.Verified,
		CreatedAt: start, VerifiedAt: start.Add(time.Hour), AbsentSince: start.Add(2 * time.Hour), Confirmations: 3, Unknowns: 1,
		CheckAt: start.Add(3 * time.Hour),
		Last: &domainclaim.Observation{
			Name: "example.com", Token: "tok", Outcome: domainclaim.Unknown, At: start, Found: []string{"x"}, Hint: "h",
			Answers: []domainclaim.Answer{{Server: "192.0.2.1:53", Name: "example.com.", Code: domainclaim.CodeOK, Aliases: []string{"b."}, Values: []string{"x"}, TTL: time.Second}},
		},
	}
	want := `{"name":"example.com","product":"acme","token":"tok","generation":2,"subdomains":true,"state":"verified",` +
		`"createdAt":"2026-03-01T12:00:00Z","verifiedAt":"2026-03-01T13:00:00Z","absentSince":"2026-03-01T14:00:00Z","confirmations":3,"unknowns":1,` +
		`"checkAt":"2026-03-01T15:00:00Z","last":{"name":"example.com","token":"tok","outcome":"unknown","at":"2026-03-01T12:00:00Z","found":["x"],"hint":"h",` +
		`"answers":[{"server":"192.0.2.1:53","name":"example.com.","code":"NOERROR","aliases":["b."],"values":["x"],"ttl":1000000000}]}}`
	got, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var back domainclaim.Claim
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, back); d != "" {
		t.Errorf("round trip (-want +got):\n%s", d)
	}
	fresh, err := json.Marshal(domainclaim.Claim{Name: "example.com", Product: "acme", Token: "tok", Generation: 1, State: domainclaim.Pending, CreatedAt: start})
	if err != nil {
		t.Fatal(err)
	}
	want = `{"name":"example.com","product":"acme","token":"tok","generation":1,"state":"pending","createdAt":"2026-03-01T12:00:00Z"}`
	if d := cmp.Diff(want, string(fresh)); d != "" {
		t.Errorf("a new claim (-want +got):\n%s", d)
	}
}
