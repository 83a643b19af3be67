package domainclaim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

func server(t testing.TB) *dnstest.Server {
	t.Helper()
	s, err := dnstest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// impatient asks s and gives up soon: for servers that do not answer.
func impatient(t testing.TB, s *dnstest.Server) domainclaim.Resolver {
	t.Helper()
	r, err := domainclaim.NewResolver(s.Addr(), &domainclaim.ResolverOptions{Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func checker(resolvers ...domainclaim.Resolver) *domainclaim.Checker {
	return domainclaim.NewChecker(&domainclaim.CheckerOptions{
		Resolvers: resolvers, Timeout: 5 * time.Second, Now: func() time.Time { return start },
	})
}

const (
	apexName  = "example.com"
	labelName = "_acme-challenge.example.com"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	long := "acme-domain-verify=" + c.Token
	other := claim(t, "example.com").Token
	for _, tt := range []struct {
		label       string
		apex, under []string // values of the two names; nil: it does not exist
		want        domainclaim.Outcome
		hint        string // part of it
	}{
		{"nothing", nil, nil, domainclaim.Absent, "No record was found. Add a TXT record at example.com"},
		{"long value at the apex", []string{long}, nil, domainclaim.Present, "Leave it in place"},
		{"token under the label", nil, []string{c.Token}, domainclaim.Present, "Leave it in place"},
		{"long value under the label", nil, []string{long}, domainclaim.Present, ""},
		{"both", []string{long}, []string{c.Token}, domainclaim.Present, ""},
		{"among others", []string{"v=spf1 -all", "other-site-verification=1", long}, nil, domainclaim.Present, ""},
		{"others alone", []string{"v=spf1 -all", "other-site-verification=1"}, nil, domainclaim.Absent, "No record was found"},
		{"padded (18)", []string{"  " + long + "\t "}, nil, domainclaim.Present, ""},
		{"quoted (18)", []string{`"` + long + `"`}, nil, domainclaim.Present, ""},
		{"typographic quotes (18)", []string{"“" + long + "”"}, nil, domainclaim.Present, ""},
		{"host=value (18)", nil, []string{labelName + "=" + c.Token}, domainclaim.Mismatch, "other text around it"},
		{"name and value (18)", []string{"example.com TXT " + long}, nil, domainclaim.Mismatch, "The value must be exactly " + long},
		{"capitals", []string{strings.ToUpper(long)}, nil, domainclaim.Mismatch, "in capital letters"},
		{"token alone at the apex (20)", []string{c.Token}, nil, domainclaim.Mismatch, "The token stands alone at example.com"},
		{"another claim's token (11)", []string{"acme-domain-verify=" + other}, nil, domainclaim.Mismatch, "belongs to another claim"},
		{"another claim's token under the label (11)", nil, []string{other}, domainclaim.Mismatch, "belongs to another claim"},
		{"another product's record", []string{"acmeco-domain-verify=" + c.Token + "x"}, nil, domainclaim.Mismatch, "other text around it"},
		{"another product's token", []string{"other-domain-verify=" + other}, nil, domainclaim.Absent, ""},
		{"cut token", []string{long[:len(long)-1]}, nil, domainclaim.Mismatch, "belongs to another claim"},
		{"longer token", []string{long + "a"}, nil, domainclaim.Mismatch, "other text around it"},
		{"empty value", []string{""}, []string{""}, domainclaim.Mismatch, ""},
	} {
		t.Run(tt.label, func(t *testing.T) {
			t.Parallel()
			s := server(t)
			if tt.apex != nil {
				s.SetTXT(apexName, tt.apex...)
			}
			if tt.under != nil {
				s.SetTXT(labelName, tt.under...)
			}
			o := checker(s.Resolver()).Check(t.Context(), c)
			if o.Outcome != tt.want || !strings.Contains(o.Hint, tt.hint) {
				t.Errorf("%s, hint %q; want %s, %q; answers %+v", o.Outcome, o.Hint, tt.want, tt.hint, o.Answers)
			}
			if o.Name != c.Name || o.Token != c.Token || !o.At.Equal(start) || len(o.Answers) != 2 {
				t.Errorf("observation %+v", o)
			}
		})
	}
}

func TestCheckThenNext(t *testing.T) {
	t.Parallel()
	s := server(t)
	check := checker(s.Resolver())
	c := claim(t, "example.com")
	c, event := c.Next(check.Check(t.Context(), c), start)
	if c.State != domainclaim.Pending || event != domainclaim.EventNone {
		t.Fatalf("before: %s, %q", c.State, event)
	}
	s.SetTXT(c.Records()[1].Name, c.Records()[1].Value)
	c, event = c.Next(check.Check(t.Context(), c), start)
	if c.State != domainclaim.Verified || event != domainclaim.EventVerified {
		t.Fatalf("after: %s, %q", c.State, event)
	}
	s.Remove(c.Records()[1].Name)
	c, _ = c.Next(check.Check(t.Context(), c), start)
	if c.State != domainclaim.Missing || c.Confirmations != 1 {
		t.Fatalf("removed: %s, %d confirmations", c.State, c.Confirmations)
	}
	// SERVFAIL after that neither adds nor resets.
	s.Fail(".", dnstest.ServFail)
	c, _ = c.Next(check.Check(t.Context(), c), start)
	if c.State != domainclaim.Missing || c.Confirmations != 1 || c.Unknowns != 1 {
		t.Fatalf("outage: %s, %d confirmations, %d unknowns", c.State, c.Confirmations, c.Unknowns)
	}
}

// TestFaults: whatever a server does wrong is Unknown while the record is there, and
// while it is not. Regressions 1 to 3, 15 and 16, and the rest of the kind.
func TestFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[dnstest.Fault]domainclaim.Code{
		dnstest.ServFail:       domainclaim.CodeServFail,
		dnstest.Refused:        domainclaim.CodeRefused,
		dnstest.FormErr:        domainclaim.CodeFormErr,
		dnstest.NotImp:         domainclaim.CodeNotImp,
		dnstest.BadVersion:     domainclaim.CodeRCode,
		dnstest.Drop:           domainclaim.CodeTimeout,
		dnstest.WrongID:        domainclaim.CodeTimeout,
		dnstest.WrongQuestion:  domainclaim.CodeTimeout,
		dnstest.TruncatedTwice: domainclaim.CodeTruncated,
		dnstest.WrongOwner:     domainclaim.CodeMalformed,
		dnstest.Garbage:        domainclaim.CodeMalformed,
		dnstest.Lame:           domainclaim.CodeLame,
		dnstest.Hangup:         domainclaim.CodeNetwork,
	} {
		for _, published := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%t", fault, published), func(t *testing.T) {
				t.Parallel()
				s := server(t)
				c := claim(t, "example.com")
				s.SetTXT(apexName, "v=spf1 -all")
				s.SetTXT(labelName, "another")
				if published {
					s.SetTXT(apexName, c.Records()[0].Value)
					s.SetTXT(labelName, c.Records()[1].Value)
				}
				s.Fail(".", fault)
				r := s.Resolver()
				if want == domainclaim.CodeTimeout {
					r = impatient(t, s)
				}
				o := checker(r).Check(t.Context(), c)
				if o.Outcome != domainclaim.Unknown || len(o.Found) != 0 {
					t.Errorf("%s, found %q; want unknown", o.Outcome, o.Found)
				}
				for _, a := range o.Answers {
					if a.Code != want || len(a.Values) != 0 || a.Server != s.Addr() {
						t.Errorf("answer %+v, want code %s", a, want)
					}
				}
				if !strings.HasPrefix(o.Hint, "DNS gave no usable answer") || !strings.Contains(o.Hint, string(want)) {
					t.Errorf("hint %q", o.Hint)
				}
				if s.Heal("."); published {
					if o := checker(s.Resolver()).Check(t.Context(), c); o.Outcome != domainclaim.Present {
						t.Errorf("healed: %s", o.Outcome)
					}
				}
			})
		}
	}
}

// TestFaultsWithoutHarm: what can be got around is.
func TestFaultsWithoutHarm(t *testing.T) {
	t.Parallel()
	for _, fault := range []dnstest.Fault{dnstest.Truncated, dnstest.FormErrEDNS, dnstest.ShortChain} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			s := server(t)
			c := claim(t, "example.com")
			s.SetTXT(apexName, "v=spf1 -all", c.Records()[0].Value)
			s.SetCNAME(labelName, "challenge.example.net")
			s.SetTXT("challenge.example.net", c.Token)
			s.Fail(".", fault)
			o := checker(s.Resolver()).Check(t.Context(), c)
			if o.Outcome != domainclaim.Present || len(o.Found) != 3 && fault != dnstest.Truncated {
				t.Errorf("%s: %+v", o.Outcome, o.Answers)
			}
			for _, a := range o.Answers {
				if a.Code != domainclaim.CodeOK {
					t.Errorf("answer %+v", a)
				}
			}
		})
	}
}

// TestSearchList4: names are asked for as they are and never with a search domain
// behind them, which is how net.Resolver turns an outage into "no such host".
func TestSearchList4(t *testing.T) {
	t.Parallel()
	s := server(t)
	// What a resolver with a search list would come upon: the name fails, and the
	// name in the search domain does not exist.
	s.Fail(apexName, dnstest.ServFail)
	s.Fail(labelName, dnstest.ServFail)
	s.SetTXT("corp.example.net", "the search domain")
	c := claim(t, "example.com")
	if o := checker(s.Resolver()).Check(t.Context(), c); o.Outcome != domainclaim.Unknown {
		t.Errorf("%s, want unknown", o.Outcome)
	}
	asked := map[string]int{}
	for _, q := range s.Queries() {
		if q.Type == "TXT" {
			asked[q.Name]++
		}
	}
	if d := cmp.Diff(map[string]int{apexName + ".": 1, labelName + ".": 1}, asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	// A name that is not rooted is not asked for at all.
	before := len(s.Queries())
	var refused *domainclaim.LookupError
	if _, err := s.Resolver().LookupTXT(t.Context(), apexName); !errors.As(err, &refused) || refused.Code != domainclaim.CodeLocal {
		t.Errorf("not rooted: %v", err)
	}
	if n := len(s.Queries()); n != before {
		t.Errorf("%d queries, want %d", n, before)
	}
}

// TestQuorum9 tells what several servers say apart, where no name server can be asked.
// Regression 9: one that has the record against two that do not is no absence. Neither is
// it a proof, for who has not proven the domain yet.
func TestQuorum9(t *testing.T) {
	t.Parallel()
	const has, gone, fails, other = "has", "gone", "fails", "other"
	for _, tt := range []struct {
		servers []string
		pending domainclaim.Outcome // of a claim that has to be proven
		held    domainclaim.Outcome // and of one that was
	}{
		{[]string{has}, domainclaim.Present, domainclaim.Present},
		{[]string{gone}, domainclaim.Absent, domainclaim.Absent},
		{[]string{fails}, domainclaim.Unknown, domainclaim.Unknown},
		{[]string{other}, domainclaim.Mismatch, domainclaim.Mismatch},
		{[]string{has, gone}, domainclaim.Unknown, domainclaim.Present},
		{[]string{has, has}, domainclaim.Present, domainclaim.Present},
		{[]string{gone, gone}, domainclaim.Absent, domainclaim.Absent},
		{[]string{gone, fails}, domainclaim.Unknown, domainclaim.Unknown},
		{[]string{has, gone, gone}, domainclaim.Unknown, domainclaim.Present},
		{[]string{has, fails, fails}, domainclaim.Unknown, domainclaim.Present},
		{[]string{has, has, fails}, domainclaim.Present, domainclaim.Present},
		{[]string{has, has, gone}, domainclaim.Present, domainclaim.Present},
		{[]string{gone, gone, fails}, domainclaim.Absent, domainclaim.Absent},
		{[]string{gone, other, fails}, domainclaim.Mismatch, domainclaim.Mismatch},
		{[]string{gone, fails, fails}, domainclaim.Unknown, domainclaim.Unknown},
		{[]string{gone, gone, fails, fails}, domainclaim.Unknown, domainclaim.Unknown},
	} {
		t.Run(strings.Join(tt.servers, " "), func(t *testing.T) {
			t.Parallel()
			c := claim(t, "example.com")
			var resolvers []domainclaim.Resolver
			for _, kind := range tt.servers {
				s := server(t)
				switch kind {
				case has:
					s.SetTXT(apexName, c.Records()[0].Value)
				case other:
					s.SetTXT(labelName, "something else")
				case fails:
					s.Fail(".", dnstest.ServFail)
				}
				resolvers = append(resolvers, s.Resolver())
			}
			if o := checker(resolvers...).Check(t.Context(), c); o.Outcome != tt.pending || o.Authoritative {
				t.Errorf("pending: %s, want %s", o.Outcome, tt.pending)
			}
			c.State = domainclaim.Missing
			if o := checker(resolvers...).Check(t.Context(), c); o.Outcome != tt.held || o.Authoritative {
				t.Errorf("missing: %s, want %s", o.Outcome, tt.held)
			}
		})
	}
}

// TestHalfAnswer: a server that knows one of the names and fails on the other has not
// said that there is no record.
func TestHalfAnswer(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{apexName, labelName} {
		s := server(t)
		s.Fail(failing, dnstest.ServFail)
		c := claim(t, "example.com")
		if o := checker(s.Resolver()).Check(t.Context(), c); o.Outcome != domainclaim.Unknown {
			t.Errorf("%s fails: %s, want unknown", failing, o.Outcome)
		}
	}
}

// TestAppended19: a panel that appends the domain to a full name is found out.
func TestAppended19(t *testing.T) {
	t.Parallel()
	s := server(t)
	c := claim(t, "example.com")
	s.SetTXT(labelName+".example.com", c.Token)
	o := checker(s.Resolver()).Check(t.Context(), c)
	if o.Outcome != domainclaim.Absent || !strings.Contains(o.Hint, `Type "_acme-challenge" as the name`) {
		t.Errorf("%s, hint %q", o.Outcome, o.Hint)
	}
	// It costs a proven claim no question.
	before := len(s.Queries())
	c.State = domainclaim.Verified
	checker(s.Resolver()).Check(t.Context(), c)
	for _, q := range s.Queries()[before:] {
		if strings.HasSuffix(q.Name, "example.com.example.com.") {
			t.Errorf("a verified claim asked for %s", q.Name)
		}
	}
}

// TestFoundBounded: what is kept of an answer is little, and prints.
func TestFoundBounded(t *testing.T) {
	t.Parallel()
	s := server(t)
	values := make([]string, 40)
	for i := range values {
		values[i] = fmt.Sprintf("%02d\x1b[31m\xff%s", i, strings.Repeat("ü", 300))
	}
	s.SetTXT(apexName, values...)
	s.SetTXT(labelName, "mine "+strings.Repeat("x", 300))
	o := checker(s.Resolver()).Check(t.Context(), claim(t, "example.com"))
	if o.Outcome != domainclaim.Mismatch || len(o.Found) != 10 || !strings.HasPrefix(o.Found[0], "mine ") {
		t.Errorf("%s, found %q", o.Outcome, o.Found)
	}
	all := o.Found
	for _, a := range o.Answers {
		if len(a.Values) > 10 {
			t.Errorf("%d values in an answer", len(a.Values))
		}
		all = append(all, a.Values...)
	}
	for _, v := range all {
		if len(v) > 100 || strings.Contains(v, "\x1b") || !utf8.ValidString(v) {
			t.Errorf("kept %q", v)
		}
	}
}

func TestCheckContext(t *testing.T) {
	t.Parallel()
	s := server(t)
	c := claim(t, "example.com")
	s.SetTXT(apexName, c.Records()[0].Value)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o := checker(s.Resolver()).Check(ctx, c); o.Outcome != domainclaim.Unknown {
		t.Errorf("cancelled: %s, want unknown", o.Outcome)
	}
}

// TestNobodyToAsk: without a DNS server nothing is known, and the hint says whose
// fault it is.
func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	o := domainclaim.NewIdleChecker().Check(t.Context(), claim(t, "example.com"))
	if o.Outcome != domainclaim.Unknown || !strings.HasPrefix(o.Hint, "No DNS server is configured") || len(o.Answers) != 0 {
		t.Errorf("%+v", o)
	}
	// What the system has depends on the system: some servers, or an error.
	resolvers, err := domainclaim.SystemResolvers()
	if (err == nil) != (len(resolvers) > 0) || len(resolvers) > 3 {
		t.Errorf("%d resolvers, %v", len(resolvers), err)
	}
	if domainclaim.NewChecker(nil) == nil {
		t.Error("no checker")
	}
}

// resolverFunc is a host's own resolver.
type resolverFunc func(ctx context.Context, rooted string) (domainclaim.Answer, error)

func (f resolverFunc) LookupTXT(ctx context.Context, rooted string) (domainclaim.Answer, error) {
	return f(ctx, rooted)
}

// TestForeignResolver: a resolver of another make says "absent" in so many words, or
// it has said nothing.
func TestForeignResolver(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	for _, tt := range []struct {
		label  string
		answer domainclaim.Answer
		err    error
		want   domainclaim.Outcome
		code   domainclaim.Code
	}{
		{"zero answer", domainclaim.Answer{}, nil, domainclaim.Unknown, domainclaim.CodeUnexpected},
		{"no values", domainclaim.Answer{Code: domainclaim.CodeOK}, nil, domainclaim.Unknown, domainclaim.CodeUnexpected},
		{"its own code", domainclaim.Answer{Code: "gone"}, nil, domainclaim.Unknown, domainclaim.CodeUnexpected},
		{"no name", domainclaim.Answer{Code: domainclaim.CodeNoName}, nil, domainclaim.Absent, domainclaim.CodeNoName},
		{"no data", domainclaim.Answer{Code: domainclaim.CodeNoData}, nil, domainclaim.Absent, domainclaim.CodeNoData},
		{"values", domainclaim.Answer{Values: []string{c.Records()[0].Value}}, nil, domainclaim.Present, domainclaim.CodeOK},
		{"error", domainclaim.Answer{Code: domainclaim.CodeNoName}, errors.New("no such host"), domainclaim.Unknown, domainclaim.CodeNetwork},
		{"values and error", domainclaim.Answer{Values: []string{c.Records()[0].Value}}, errors.New("cut"), domainclaim.Unknown, domainclaim.CodeNetwork},
		{"late", domainclaim.Answer{}, fmt.Errorf("asking: %w", context.DeadlineExceeded), domainclaim.Unknown, domainclaim.CodeTimeout},
	} {
		r := resolverFunc(func(_ context.Context, rooted string) (domainclaim.Answer, error) {
			if !strings.HasSuffix(rooted, ".") {
				t.Errorf("asked for %q, which is not rooted", rooted)
			}
			return tt.answer, tt.err
		})
		o := checker(r).Check(t.Context(), c)
		if o.Outcome != tt.want || o.Answers[0].Code != tt.code {
			t.Errorf("%s: %s, %s; want %s, %s", tt.label, o.Outcome, o.Answers[0].Code, tt.want, tt.code)
		}
	}
}

// TestCheckTimeout: the time of a look-up is up even for a resolver without one.
func TestCheckTimeout(t *testing.T) {
	t.Parallel()
	r := resolverFunc(func(ctx context.Context, _ string) (domainclaim.Answer, error) {
		<-ctx.Done()
		return domainclaim.Answer{}, ctx.Err()
	})
	check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: []domainclaim.Resolver{r}, Timeout: time.Millisecond})
	o := check.Check(t.Context(), claim(t, "example.com"))
	if o.Outcome != domainclaim.Unknown || o.Answers[0].Code != domainclaim.CodeTimeout || o.At.IsZero() {
		t.Errorf("%+v", o)
	}
}

// TestBrokenClaim: a claim that was not made by New is looked up without harm.
func TestBrokenClaim(t *testing.T) {
	t.Parallel()
	s := server(t)
	for _, c := range []domainclaim.Claim{
		{},
		{Name: "a..b", Product: "acme", Token: "x"},
		{Name: strings.Repeat("a", 300), Product: "acme", Token: "x"},
		{Name: "example.com", Product: strings.Repeat("a", 70), Token: "x"},
	} {
		if o := checker(s.Resolver()).Check(t.Context(), c); o.Outcome != domainclaim.Unknown {
			t.Errorf("%+v: %s, want unknown", c, o.Outcome)
		}
	}
	// Without a token nothing is proof, an empty record least of all.
	s.SetTXT(labelName, "")
	s.SetTXT(apexName, "acme-domain-verify=")
	if o := checker(s.Resolver()).Check(t.Context(), domainclaim.Claim{Name: "example.com", Product: "acme"}); o.Outcome != domainclaim.Mismatch {
		t.Errorf("no token: %s", o.Outcome)
	}
}
