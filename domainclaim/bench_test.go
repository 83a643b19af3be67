package domainclaim_test

import (
	"context"
	"net"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// BenchmarkCheck is a check of a claim that is not proven yet, two questions by UDP,
// server and client in one process.
func BenchmarkCheck(b *testing.B) {
	s := server(b)
	c := claim(b, "example.com")
	s.SetTXT(apexName, "v=spf1 -all", c.Records()[0].Value)
	check := checker(s.Resolver())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if o := check.Check(b.Context(), c); o.Outcome != domainclaim.Present {
				b.Errorf("%s: %+v", o.Outcome, o.Answers)
				return
			}
		}
	})
}

// echo is a server that costs next to nothing: it answers every question from one buffer
// with the same records, whatever its name. It is no DNS, but for a benchmark's client.
func echo(b *testing.B, name string, values ...string) string {
	b.Helper()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{Response: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}},
	}
	for _, v := range values {
		m.Answers = append(m.Answers, txt(name, v))
	}
	answer, err := m.Pack()
	if err != nil {
		b.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if n > 2 {
				answer[0], answer[1] = buf[0], buf[1]
				conn.WriteToUDPAddrPort(answer, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

// BenchmarkCheckPresent is the check of a claim that is well, one question, beside the
// same question by net.Resolver.
func BenchmarkCheckPresent(b *testing.B) {
	c := claim(b, "example.com")
	at := echo(b, apexName+".", "v=spf1 -all", c.Records()[0].Value)
	b.Run("ours", func(b *testing.B) {
		r, err := domainclaim.NewResolver(at, nil)
		if err != nil {
			b.Fatal(err)
		}
		check := domainclaim.NewChecker(&domainclaim.CheckerOptions{Resolvers: []domainclaim.Resolver{r}})
		c.State, c.Last = domainclaim.Verified, &domainclaim.Observation{Outcome: domainclaim.Present}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if o := check.Check(context.Background(), c); o.Outcome != domainclaim.Present || len(o.Answers) != 1 {
					b.Errorf("%s: %+v", o.Outcome, o.Answers)
					return
				}
			}
		})
	})
	b.Run("net", func(b *testing.B) {
		r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, at)
		}}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if got, err := r.LookupTXT(context.Background(), apexName+"."); err != nil || len(got) != 2 {
					b.Errorf("%q, %v", got, err)
					return
				}
			}
		})
	})
}

func BenchmarkParseAddress(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := domainclaim.ParseAddress("Ann.Example@Example.COM"); err != nil {
			b.Fatal(err)
		}
	}
}
