package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

// site is an app that is served.
type site struct {
	app    *app
	origin string
	server *http.Server
	ended  chan error
}

// start builds everything and listens.
func start(listen, dns string, c *clock, out io.Writer) (s *site, err error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w; it is host:port, such as localhost:8080", err)
	}
	// Nobody signs in here, so nobody else may come.
	if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.IsLoopback()) {
		return nil, fmt.Errorf("-listen %s: it has to be this machine, such as localhost:8080; a site for others knows who they are", listen)
	}
	pages, err := newPages()
	if err != nil {
		return nil, err
	}
	a := &app{pages: pages, clock: c, log: log.New(out, "", log.Ltime)}
	o := domainclaim.CheckerOptions{Now: c.now}
	if dns == simulatedDNS {
		if a.internet, err = newInternet(c.now); err != nil {
			return nil, err
		}
		o.Resolvers, o.Authority = []domainclaim.Resolver{a.internet}, a.internet.authority()
	} else if o.Resolvers, err = resolvers(dns); err != nil {
		return nil, err
	}
	a.registry = &registry{memory: newMemory(), checker: domainclaim.NewChecker(&o), now: c.now, log: a.log}
	s = &site{app: a, ended: make(chan error, 1)}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("-listen: %w", err), a.close())
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return nil, errors.Join(err, ln.Close(), a.close())
	}
	a.host = net.JoinHostPort(host, port)
	s.origin = "http://" + a.host
	s.server = &http.Server{Handler: a.routes(), ErrorLog: a.log, ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	go func() { s.ended <- s.server.Serve(ln) }()
	return s, nil
}

// close ends what start began.
func (s *site) close() error { return errors.Join(s.server.Close(), s.app.close()) }

func (a *app) close() error {
	if a.internet == nil {
		return nil
	}
	return a.internet.close()
}
