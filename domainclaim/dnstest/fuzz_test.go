package dnstest

import (
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func FuzzRespond(f *testing.F) {
	s := &Server{records: newRecords(), faults: map[string]Fault{}}
	s.SetSplitTXT("example.com", "a", "b")
	s.SetCNAME("a.example.com", "b.example.com")
	s.SetCNAME("b.example.com", "a.example.com")
	s.SetZone("example.com", 0)
	s.SetNS("sub.example.com", "ns.example.net")
	s.SetAddr("ns.example.net", netip.MustParseAddr("8.8.8.8"), keeperAddr())
	for i, name := range []string{"example.com.", "a.example.com.", "gone.example.com.", ".", "x.sub.example.com.", "ns.example.net.", "example.net."} {
		q := dnsmessage.Message{
			Header:    dnsmessage.Header{RecursionDesired: i%2 == 0},
			Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}},
		}
		msg, err := q.Pack()
		if err != nil {
			f.Fatal(err)
		}
		for _, fault := range []Fault{"", Truncated, Garbage, WrongOwner, BadVersion, "other"} {
			f.Add(msg, string(fault), true)
			f.Add(msg, string(fault), false)
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte, fault string, udp bool) {
		network := "tcp"
		if udp {
			network = "udp"
		}
		s.faults["."] = Fault(fault)
		s.queries = s.queries[:0]
		out := s.respond(msg, network)
		if out == nil {
			return
		}
		var p dnsmessage.Parser
		h, err := p.Start(out)
		if err != nil || !h.Response {
			t.Errorf("answered %x, %v", out, err)
		}
	})
}
