package domainclaim_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
)

// others are records of somebody else.
func others(n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("other-verification=%d", i)
	}
	return values
}

// TestGlance: a claim that is well costs one question, to another resolver from day to
// day, at the name where its record is.
func TestGlance(t *testing.T) {
	t.Parallel()
	for place, name := range []string{apexName, labelName} {
		c := claim(t, "example.com")
		var servers []*dnstest.Server
		var resolvers []domainclaim.Resolver
		for range 3 {
			s := server(t)
			s.SetTXT(apexName, "v=spf1 -all")
			s.SetTXT(name, append(others(12), c.Records()[place].Value)...)
			servers, resolvers = append(servers, s), append(resolvers, s.Resolver())
		}
		now := start
		check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: resolvers, Now: func() time.Time { return now }})
		c, _ = c.Next(check.CheckNow(t.Context(), c), now)
		if c.State != domainclaim.Verified {
			t.Fatalf("%s: %q", c.State, c.Last.Hint)
		}
		count := func() (all []int) {
			for _, s := range servers {
				all = append(all, len(s.Queries()))
			}
			return all
		}
		asked := map[int]bool{}
		for range 3 {
			now = now.Add(24 * time.Hour)
			before := count()
			o := check.Check(t.Context(), c)
			if o.Outcome != domainclaim.Present || len(o.Answers) != 1 || o.Answers[0].Name != name+"." {
				t.Fatalf("%s at %+v", o.Outcome, o.Answers)
			}
			c, _ = c.Next(o, now)
			sum := 0
			for i, n := range count() {
				sum += n - before[i]
				if n > before[i] {
					asked[i] = true
				}
			}
			if sum != 1 {
				t.Errorf("%d questions, want 1", sum)
			}
		}
		if len(asked) != 3 {
			t.Errorf("the resolvers %v were asked on three days", asked)
		}
		// Gone at the one that is asked today: the others are, and show it.
		now = now.Add(24 * time.Hour)
		for _, s := range servers[:2] {
			s.Remove(name)
		}
		for range 3 {
			now = now.Add(24 * time.Hour)
			if o := check.Check(t.Context(), c); o.Outcome != domainclaim.Present {
				t.Errorf("at one of three: %s", o.Outcome)
			}
		}
		servers[2].Remove(name)
		if o := check.Check(t.Context(), c); o.Outcome != domainclaim.Absent || o.Authoritative || len(o.Answers) != 6 {
			t.Errorf("at none: %s, %d answers", o.Outcome, len(o.Answers))
		}
	}
}

// TestGlancedOnce: what a resolver has answered at a glance it is not asked again, whichever
// of them has its turn, and what it could not answer it is.
func TestGlancedOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault dnstest.Fault
		want  domainclaim.Outcome
		more  int // questions, besides one for each name to each resolver
	}{
		"it answered": {want: domainclaim.Absent},
		"it failed":   {fault: dnstest.ServFail, want: domainclaim.Unknown, more: 1},
	} {
		for day := range 3 {
			var servers []*dnstest.Server
			var resolvers []domainclaim.Resolver
			for range 3 {
				s := server(t)
				s.SetTXT(apexName, "v=spf1 -all")
				if tt.fault != "" {
					s.Fail(apexName, tt.fault)
				}
				servers, resolvers = append(servers, s), append(resolvers, s.Resolver())
			}
			c := claim(t, "example.com")
			c.State, c.Last = domainclaim.Verified, &domainclaim.Observation{Outcome: domainclaim.Present}
			now := start.AddDate(0, 0, day)
			o := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: resolvers, Now: func() time.Time { return now }}).Check(t.Context(), c)
			asked, sum := map[string]int{}, 0
			for i, s := range servers {
				for _, q := range s.Queries() {
					if q.Type == "TXT" {
						asked[fmt.Sprint(i, " ", q.Name)]++
						sum++
					}
				}
			}
			if sum != 6+tt.more || len(asked) != 6 || len(o.Answers) != 6 {
				t.Errorf("%s, day %d: asked %v, %d answers", name, day, asked, len(o.Answers))
			}
			if o.Outcome != tt.want || o.Authoritative {
				t.Errorf("%s, day %d: %s, authoritative %t", name, day, o.Outcome, o.Authoritative)
			}
		}
	}
}

// TestSilence: two hundred looks at servers that do not answer end, each with Unknown, and
// leave nothing running.
func TestSilence(t *testing.T) {
	// Alone, because it counts goroutines.
	silent, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	const timeout = 500 * time.Millisecond
	var resolvers []domainclaim.Resolver
	for range 2 {
		r, err := domainclaim.NewResolver(silent.LocalAddr().String(), &domainclaim.ResolverOptions{Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		resolvers = append(resolvers, r)
	}
	check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: resolvers, Timeout: timeout})
	c := claim(t, "example.com")
	seen := held(c)
	seen.Last = &domainclaim.Observation{Outcome: domainclaim.Present}
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if o := check.Check(context.Background(), []domainclaim.Claim{c, seen}[i%2]); o.Outcome != domainclaim.Unknown {
				t.Errorf("%s", o.Outcome)
			}
		})
	}
	wg.Wait()
	for patience := time.Now().Add(time.Minute); time.Now().Before(patience); {
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// TestSilenceInTime: a look at servers that do not answer takes one Timeout, and half of
// one more where a glance came before it.
func TestSilenceInTime(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	seen := held(c)
	seen.Last = &domainclaim.Observation{Outcome: domainclaim.Present}
	for want, claim := range map[time.Duration]domainclaim.Claim{time.Second: c, 1500 * time.Millisecond: seen} {
		synctest.Test(t, func(t *testing.T) { // whose clock stands while anything can still be done
			silent := resolverFunc(func(ctx context.Context, _ string) (domainclaim.Answer, error) {
				<-ctx.Done()
				return domainclaim.Answer{}, ctx.Err()
			})
			check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: []domainclaim.Resolver{silent, silent}, Timeout: time.Second})
			begun := time.Now()
			o := check.Check(context.Background(), claim)
			if took := time.Since(begun); o.Outcome != domainclaim.Unknown || took != want {
				t.Errorf("%s after %s, want %s", o.Outcome, took, want)
			}
		})
	}
}

// TestForgedPacket: an answer that comes from another port is not the server's, though it
// has the id and the question.
func TestForgedPacket(t *testing.T) {
	t.Parallel()
	c := claim(t, "example.com")
	local := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	honest, err := net.ListenUDP("udp4", local)
	if err != nil {
		t.Fatal(err)
	}
	defer honest.Close()
	forger, err := net.ListenUDP("udp4", local)
	if err != nil {
		t.Fatal(err)
	}
	defer forger.Close()
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := honest.ReadFromUDP(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buf[:n]); err != nil {
				t.Error(err)
				return
			}
			m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
			m.Answers = []dnsmessage.Resource{txt(m.Questions[0].Name.String(), c.Token)}
			forged, err := m.Pack()
			if err != nil {
				t.Error(err)
				return
			}
			m.Answers = []dnsmessage.Resource{txt(m.Questions[0].Name.String(), "nothing here")}
			right, err := m.Pack()
			if err != nil {
				t.Error(err)
				return
			}
			forger.WriteToUDP(forged, from)
			honest.WriteToUDP(right, from)
		}
	}()
	r, err := domainclaim.NewResolver(honest.LocalAddr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := r.LookupTXT(t.Context(), labelName+"."); err != nil || strings.Join(a.Values, " ") != "nothing here" {
		t.Errorf("%+v, %v", a, err)
	}
}
