package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/password"
	"github.com/accesssec/accesssec-go/store/seal"
)

// site is an app that is served.
type site struct {
	app       *app
	origin    string
	passwords map[string]string // by address, to be printed; the app has hashes
	server    *http.Server
	ended     chan error
}

// start makes the accounts and listens.
func start(ctx context.Context, listen string, hasher *password.Hasher, now func() time.Time, out io.Writer) (*site, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w; it is host:port, such as localhost:8080", err)
	}
	// Without https passwords and cookies would cross a network for everybody to read.
	if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.IsLoopback()) {
		return nil, fmt.Errorf("-listen %s: it has to be this machine, such as localhost:8080; for others to come here a site has https", listen)
	}
	pages, err := newPages()
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w", err)
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	s := &site{origin: "http://" + net.JoinHostPort(host, port), passwords: map[string]string{}, ended: make(chan error, 1)}
	s.app = &app{
		// The keys of a service come from where it keeps its secrets, never from its database.
		keys:   seal.GenerateRing(),
		hasher: hasher, memory: newMemory(), pages: pages, now: now,
		log: log.New(out, "", log.Ltime),
	}
	if err := s.addPeople(ctx); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	s.server = &http.Server{Handler: s.app.routes(), ErrorLog: s.app.log, ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	go func() { s.ended <- s.server.Serve(ln) }()
	return s, nil
}

func (s *site) addPeople(ctx context.Context) error {
	for _, address := range people() {
		s.passwords[address] = "A-1-" + strings.ToLower(rand.Text())
		hash, err := s.app.hasher.Hash(ctx, s.passwords[address])
		if err != nil {
			return err
		}
		s.app.memory.addUser(user{id: rand.Text(), address: address, password: hash})
	}
	return nil
}

// close ends what start began.
func (s *site) close() error { return s.server.Close() }
