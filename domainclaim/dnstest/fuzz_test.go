package dnstest

import (
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func FuzzRespond(f *testing.F) {
	s := &Server{
		txt:    map[string][][]string{"example.com.": {{"a", "b"}, {""}}},
		alias:  map[string]string{"a.example.com.": "b.example.com.", "b.example.com.": "a.example.com."},
		faults: map[string]Fault{},
	}
	for _, name := range []string{"example.com.", "a.example.com.", "gone.example.com.", "."} {
		q := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET}}}
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
