// Package dnstest is a scripted DNS server on loopback, for the tests of packages
// that claim domains. It owns a set of TXT and CNAME records and a list of faults,
// and answers by UDP and TCP on one port as a resolver of the real DNS would.
//
// It refuses to be a DNS server for anything else: it knows two types of records, no
// zones, and listens on 127.0.0.1 alone. Start with [New].
package dnstest

import (
	"errors"
	"fmt"
	"net"
	"strings"
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
	txt     map[string][][]string
	alias   map[string]string
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
		txt: map[string][][]string{}, alias: map[string]string{},
		faults: map[string]Fault{}, conns: map[net.Conn]bool{},
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

// Resolver asks this server. A look-up that the server drops ends after two seconds.
func (s *Server) Resolver() domainclaim.Resolver {
	r, err := domainclaim.NewResolver(s.Addr(), &domainclaim.ResolverOptions{Timeout: 2 * time.Second})
	if err != nil {
		// Not to be had from outside: Addr is an address and a port.
		panic("dnstest: " + err.Error())
	}
	return r
}

// SetTXT gives the name one record for each value, in place of those it had. Without
// values the name exists and has no TXT record. A value of more than 255 bytes goes
// out in several strings.
func (s *Server) SetTXT(name string, values ...string) {
	records := make([][]string, 0, len(values))
	for _, v := range values {
		var parts []string
		for len(v) > 255 {
			parts, v = append(parts, v[:255]), v[255:]
		}
		records = append(records, append(parts, v))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txt[rooted(name)] = records
}

// SetSplitTXT gives the name one record that goes out in these strings, of at most
// 255 bytes each.
func (s *Server) SetSplitTXT(name string, parts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txt[rooted(name)] = [][]string{append([]string(nil), parts...)}
}

// SetCNAME makes the name an alias of target. An answer about it carries the whole
// chain.
func (s *Server) SetCNAME(name, target string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alias[rooted(name)] = rooted(target)
}

// Remove takes the name's records away: it does not exist any more. Its fault stays.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.txt, rooted(name))
	delete(s.alias, rooted(name))
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

func rooted(name string) string {
	b := []byte(strings.TrimSuffix(name, ".") + ".")
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
