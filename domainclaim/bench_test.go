package domainclaim_test

import (
	"testing"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// BenchmarkCheck is one check, two questions by UDP, server and client in one process.
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

func BenchmarkParseAddress(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := domainclaim.ParseAddress("Ann.Example@Example.COM"); err != nil {
			b.Fatal(err)
		}
	}
}
