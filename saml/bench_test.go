package saml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/accesssec/accesssec-go/saml"
)

func sized(b *testing.B, groups int) string {
	var values strings.Builder
	for i := range groups {
		fmt.Fprintf(&values, "<saml:AttributeValue>group-%04d</saml:AttributeValue>", i)
	}
	return base("assertion").sign(replace(b, genuine(), `<saml:AttributeValue>red</saml:AttributeValue>`, values.String()), signing{})
}

func BenchmarkFinish(b *testing.B) {
	for name, groups := range map[string]int{"7kB": 50, "2000groups": 2000} {
		doc := sized(b, groups)
		idp, req := theirIdP(), ourRequest()
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := finish(doc, idp, nil, req, clock()); err != nil {
					b.Fatal(explain(err))
				}
			}
		})
	}
}

// BenchmarkFinishForged is what an attacker without the key can make us do.
func BenchmarkFinishForged(b *testing.B) {
	doc := strings.Replace(sized(b, 9000), "ann@victim.example", "owner@victim.example", 1)
	idp, req := theirIdP("second"), ourRequest()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := finish(doc, idp, nil, req, clock()); err == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for name, sp := range map[string]*saml.SP{"unsigned": ourSP(), "signed": signingSP()} {
		idp := theirIdP()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := sp.Start(idp, nil, clock()); err != nil {
					b.Fatal(explain(err))
				}
			}
		})
	}
}
