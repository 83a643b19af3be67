package dnstest

import (
	"golang.org/x/net/dns/dnsmessage"
)

type reply struct{ dnsmessage.Message }

// reply is the answer that the records give. A server without zones takes every question
// for one to a resolver.
func (r *records) reply(h dnsmessage.Header, q dnsmessage.Question, fault Fault) *reply {
	out := r.about(h, q, fault)
	for i := range out.Answers {
		header := &out.Answers[i].Header
		own, ok := r.ttls[rooted(header.Name.String())]
		switch {
		case ok:
			header.TTL = own
		case header.Type == dnsmessage.TypeNS, header.Type == dnsmessage.TypeA, header.Type == dnsmessage.TypeAAAA:
			header.TTL = 0
		}
	}
	return out
}

func (r *records) about(h dnsmessage.Header, q dnsmessage.Question, fault Fault) *reply {
	out := &reply{dnsmessage.Message{
		Header:    dnsmessage.Header{ID: h.ID, Response: true, RecursionDesired: h.RecursionDesired},
		Questions: []dnsmessage.Question{q},
	}}
	if !h.RecursionDesired && (r.everywhere || len(r.zones) > 0) {
		r.authoritative(out, q, fault)
		return out
	}
	out.RecursionAvailable = true
	name := rooted(q.Name.String())
	seen := map[string]bool{}
	for target, ok := r.alias[name]; ok && !seen[name]; target, ok = r.alias[name] {
		seen[name] = true
		out.add(name, dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: wire(target)})
		name = target
		if fault == ShortChain {
			return out
		}
	}
	r.fill(out, name, q.Type)
	return out
}

// authoritative answers from the zone that the name is in, and from no other.
func (r *records) authoritative(out *reply, q dnsmessage.Question, fault Fault) {
	name := rooted(q.Name.String())
	apex, _, ok := r.zone(name)
	if !ok {
		out.RCode = dnsmessage.RCodeRefused
		return
	}
	seen := map[string]bool{}
	for {
		if below, ok := r.cut(name, apex); ok {
			out.refer(below, r.ns[below])
			return
		}
		out.Authoritative = true
		target, ok := r.alias[name]
		if !ok {
			break
		}
		seen[name] = true
		out.add(name, dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: wire(target)})
		name = target
		if at, _, _ := r.zone(name); at != apex || seen[name] || fault == ShortChain {
			return
		}
	}
	r.fill(out, name, q.Type)
}

// fill adds the records of one name, or what says that there are none.
func (r *records) fill(out *reply, name string, kind dnsmessage.Type) {
	before := len(out.Answers)
	switch kind {
	case dnsmessage.TypeTXT:
		for _, parts := range r.txt[name] {
			out.add(name, kind, &dnsmessage.TXTResource{TXT: parts})
		}
	case dnsmessage.TypeNS:
		for _, host := range r.servers(name) {
			out.add(name, kind, &dnsmessage.NSResource{NS: wire(host)})
		}
	case dnsmessage.TypeA, dnsmessage.TypeAAAA:
		for _, a := range r.addrs(name) {
			switch {
			case kind == dnsmessage.TypeA && a.Is4():
				out.add(name, kind, &dnsmessage.AResource{A: a.As4()})
			case kind == dnsmessage.TypeAAAA && a.Is6():
				out.add(name, kind, &dnsmessage.AAAAResource{AAAA: a.As16()})
			}
		}
	}
	if len(out.Answers) > before {
		return
	}
	apex, minimum, ok := r.zone(name)
	if !ok {
		apex = "."
	}
	out.negative(apex, minimum)
	if !r.exists(name) {
		out.RCode = dnsmessage.RCodeNameError
	}
}

func (r *reply) add(owner string, t dnsmessage.Type, body dnsmessage.ResourceBody) {
	r.Answers = append(r.Answers, dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: wire(owner), Type: t, Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   body,
	})
}

// negative adds what tells an empty answer from a referral, RFC 2308.
func (r *reply) negative(apex string, minimum uint32) {
	r.Authorities = []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: wire(apex), Type: dnsmessage.TypeSOA, Class: dnsmessage.ClassINET, TTL: max(minimum, ttl)},
		Body:   &dnsmessage.SOAResource{NS: wire("ns."), MBox: wire("hostmaster."), Serial: 1, MinTTL: minimum},
	}}
}

// refer names who else keeps a zone.
func (r *reply) refer(zone string, hosts []string) {
	r.Authorities = nil
	for _, h := range hosts {
		r.Authorities = append(r.Authorities, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: wire(zone), Type: dnsmessage.TypeNS, Class: dnsmessage.ClassINET, TTL: ttl},
			Body:   &dnsmessage.NSResource{NS: wire(h)},
		})
	}
}

// apply spoils a right answer.
func (r *reply) apply(fault Fault, network string, edns bool) {
	switch fault {
	case "", ShortChain:
	case NoData, NXDomain:
		r.fail(dnsmessage.RCodeSuccess)
		if fault == NXDomain {
			r.RCode = dnsmessage.RCodeNameError
		}
		r.negative(".", ttl)
	case Garbage:
		r.fail(dnsmessage.RCodeSuccess)
	case Truncated, TruncatedTwice, Hangup:
		if network == "udp" || fault == TruncatedTwice {
			r.Truncated = true
			r.Answers = r.Answers[:min(1, len(r.Answers))]
		}
	case WrongID:
		r.ID ^= 0x5555
	case WrongQuestion:
		r.Questions[0].Name = wire("another.example.net.")
	case WrongOwner:
		for i := range r.Answers {
			r.Answers[i].Header.Name = wire("another.example.net.")
		}
	case Lame:
		r.Answers, r.RCode, r.RecursionAvailable, r.Authoritative = nil, dnsmessage.RCodeSuccess, false, false
		r.refer(".", []string{"ns."})
	case NoAA:
		r.Authoritative = false
	case FormErrEDNS:
		if edns {
			r.fail(dnsmessage.RCodeFormatError)
		}
	case BadVersion:
		r.fail(dnsmessage.RCodeSuccess)
		var h dnsmessage.ResourceHeader
		if err := h.SetEDNS0(plainSize, dnsmessage.RCode(16), false); err == nil {
			r.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
		}
	case Refused:
		r.fail(dnsmessage.RCodeRefused)
	case FormErr:
		r.fail(dnsmessage.RCodeFormatError)
	case NotImp:
		r.fail(dnsmessage.RCodeNotImplemented)
	default:
		r.fail(dnsmessage.RCodeServerFailure)
	}
}

func (r *reply) fail(code dnsmessage.RCode) {
	r.Answers, r.Authorities, r.RCode = nil, nil, code
}

// wire is a name that DNS can carry; one that is too long becomes the root, which no
// question asks for.
func wire(name string) dnsmessage.Name {
	n, err := dnsmessage.NewName(name)
	if err != nil {
		return dnsmessage.MustNewName(".")
	}
	return n
}
