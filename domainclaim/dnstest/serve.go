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
	reply := s.records.reply(m.Header, q, fault)
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
