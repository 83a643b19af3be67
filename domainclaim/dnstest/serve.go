package dnstest

import (
	"encoding/binary"
	"io"
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// plainSize is what fits in a UDP answer without EDNS, RFC 1035 section 4.2.1.
const plainSize = 512

// ttl of every record, in seconds.
const ttl = 300

func (s *Server) serveUDP() {
	buf := make([]byte, 4096)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if out := s.respond(buf[:n], "udp"); out != nil {
			s.udp.WriteToUDPAddrPort(out, from)
		}
	}
}

func (s *Server) serveTCP() {
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			conn.Close()
			return
		}
		s.conns[conn] = true
		s.wg.Go(func() { s.converse(conn) })
		s.mu.Unlock()
	}
}

// converse answers the questions of one connection until its end.
func (s *Server) converse(conn net.Conn) {
	defer func() {
		conn.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
	}()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		msg := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, msg); err != nil {
			return
		}
		out := s.respond(msg, "tcp")
		if out == nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...)); err != nil {
			return
		}
	}
}

// respond returns the bytes of an answer; nil is none.
func (s *Server) respond(msg []byte, network string) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(msg); err != nil || m.Response || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	size, edns := plainSize, false
	for _, r := range m.Additionals {
		if r.Header.Type == dnsmessage.TypeOPT {
			size, edns = max(plainSize, int(r.Header.Class)), true
		}
	}
	s.mu.Lock()
	s.queries = append(s.queries, Query{
		Name: q.Name.String(), Type: strings.TrimPrefix(q.Type.String(), "Type"),
		Network: network, EDNS: edns, Recursive: m.RecursionDesired,
	})
	fault := s.fault(rooted(q.Name.String()))
	reply := s.reply(m.ID, q, fault)
	s.mu.Unlock()

	if fault == Drop || fault == Hangup && network == "tcp" {
		return nil
	}
	reply.apply(fault, network, edns)
	out, err := reply.Pack()
	if err != nil {
		return nil
	}
	if fault == Garbage {
		binary.BigEndian.PutUint16(out[6:], 1) // announces an answer
		return append(out, 0xc0, 0xff, 0xff, 0xff)
	}
	if network == "udp" && len(out) > size {
		reply.Answers, reply.Truncated = nil, true
		if out, err = reply.Pack(); err != nil {
			return nil
		}
	}
	return out
}

func (s *Server) fault(name string) Fault {
	if f, ok := s.faults[name]; ok {
		return f
	}
	return s.faults["."]
}

type reply struct{ dnsmessage.Message }

// reply is the answer that the records give.
func (s *Server) reply(id uint16, q dnsmessage.Question, fault Fault) *reply {
	r := &reply{dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, Response: true, RecursionDesired: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{q},
	}}
	name := rooted(q.Name.String())
	seen := map[string]bool{}
	for target, ok := s.alias[name]; ok && !seen[name]; target, ok = s.alias[name] {
		seen[name] = true
		r.add(name, dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: wire(target)})
		name = target
		if fault == ShortChain {
			return r
		}
	}
	records := s.txt[name]
	if q.Type != dnsmessage.TypeTXT {
		records = nil
	}
	for _, parts := range records {
		r.add(name, dnsmessage.TypeTXT, &dnsmessage.TXTResource{TXT: parts})
	}
	if len(records) == 0 {
		r.negative()
		if !s.exists(name) {
			r.RCode = dnsmessage.RCodeNameError
		}
	}
	return r
}

// exists reports whether the name or one below it has records, RFC 8020.
func (s *Server) exists(name string) bool {
	for _, known := range s.names() {
		if known == name || strings.HasSuffix(known, "."+name) {
			return true
		}
	}
	return false
}

func (s *Server) names() []string {
	names := make([]string, 0, len(s.txt)+len(s.alias))
	for name := range s.txt {
		names = append(names, name)
	}
	for name := range s.alias {
		names = append(names, name)
	}
	return names
}

func (r *reply) add(owner string, t dnsmessage.Type, body dnsmessage.ResourceBody) {
	r.Answers = append(r.Answers, dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: wire(owner), Type: t, Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   body,
	})
}

// negative adds what tells an empty answer from a referral, RFC 2308.
func (r *reply) negative() {
	r.Authorities = []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: wire("."), Type: dnsmessage.TypeSOA, Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   &dnsmessage.SOAResource{NS: wire("ns."), MBox: wire("hostmaster."), Serial: 1, MinTTL: ttl},
	}}
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
		r.negative()
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
		r.Answers, r.RCode, r.RecursionAvailable = nil, dnsmessage.RCodeSuccess, false
		r.Authorities = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: wire("."), Type: dnsmessage.TypeNS, Class: dnsmessage.ClassINET, TTL: ttl},
			Body:   &dnsmessage.NSResource{NS: wire("ns.")},
		}}
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
