// Package dnstest is a scripted DNS server on loopback, for the tests of packages
// that claim domains. It owns the records that proofs and name servers need, TXT, CNAME,
// NS, A, AAAA and SOA, and a list of faults, and answers by UDP and TCP on one port: a
// recursive question as a resolver of the real DNS would, another one as the name server
// of the zones it was given (RFC 1034 section 4.3.1).
//
// It refuses to be a DNS server for anything else: it knows no other types of records,
// asks nobody, and listens on 127.0.0.1 alone. Start with [New]; [Server.Resolver] and
// [Server.Authority] are what a Checker wants. A [Network] is for several name servers.
package dnstest

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// Server is a DNS server. Its methods are safe for concurrent use, and a change is
// seen by the next question. Names are A-labels, with or without the trailing dot,
// and compared without regard to ASCII case.
type Server struct {
	udp *net.UDPConn
	tcp *net.TCPListener
	wg  sync.WaitGroup

	mu      sync.Mutex
	records records
	faults  map[string]Fault
	queries []Query
	conns   map[net.Conn]bool
	closed  bool
}

// New starts a server on a free port of 127.0.0.1. Close it.
func New() (*Server, error) {
	udp, tcp, err := listen()
	if err != nil {
		return nil, fmt.Errorf("dnstest: %w", err)
	}
	s := &Server{
		udp: udp, tcp: tcp,
		records: newRecords(), faults: map[string]Fault{}, conns: map[net.Conn]bool{},
	}
	s.wg.Go(s.serveUDP)
	s.wg.Go(s.serveTCP)
	return s, nil
}

// listen finds a port that is free for both.
func listen() (*net.UDPConn, *net.TCPListener, error) {
	var errs error
	for range 20 {
		udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, nil, err
		}
		port := udp.LocalAddr().(*net.UDPAddr).Port
		tcp, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err == nil {
			return udp, tcp, nil
		}
		udp.Close()
		errs = err
	}
	return nil, nil, errs
}

// Addr is where the server listens, as host:port.
func (s *Server) Addr() string { return s.udp.LocalAddr().String() }

// patience is how long a look-up waits that is dropped.
const patience = 2 * time.Second

// Resolver asks this server. A look-up that the server drops ends after two seconds.
func (s *Server) Resolver() domainclaim.Resolver {
	r, err := domainclaim.NewResolver(s.Addr(), &domainclaim.ResolverOptions{Timeout: patience})
	if err != nil {
		// Not to be had from outside: Addr is an address and a port.
		panic("dnstest: " + err.Error())
	}
	return r
}

// Authority finds this server as the only name server of every registered domain, and
// asks it there. From then on it says so to everybody: NS questions have an answer, at an
// address that is public in form and nobody's, which only this Authority gets through to.
func (s *Server) Authority() domainclaim.Authority {
	s.mu.Lock()
	s.records.everywhere = true
	s.mu.Unlock()
	n := NewNetwork()
	n.Place(keeperAddr(), s)
	return n.Authority(s)
}

// Fail makes every answer about the name wrong in that way, until [Server.Heal]. The
// name "." stands for all names that have no fault of their own.
func (s *Server) Fail(name string, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[rooted(name)] = fault
}

// Heal ends what Fail began. The name "." heals all names.
func (s *Server) Heal(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rooted(name) == "." {
		clear(s.faults)
		return
	}
	delete(s.faults, rooted(name))
}

// Query is one question that reached the server.
type Query struct {
	Name      string // as asked, rooted
	Type      string // "TXT", "NS", "A" and the like
	Network   string // "udp" or "tcp"
	EDNS      bool
	Recursive bool // meant for a resolver, not for the name server of a zone
}

// Queries are the questions so far, in the order they came.
func (s *Server) Queries() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Query(nil), s.queries...)
}

// Close stops the server and waits until nothing of it runs. Closing twice is no
// error.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	err := errors.Join(s.udp.Close(), s.tcp.Close())
	s.wg.Wait()
	return err
}
