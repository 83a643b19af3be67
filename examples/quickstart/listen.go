package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// start sets everything up and listens. done hears of each step that is done.
func start(ctx context.Context, addr string, done func(format string, args ...any)) (*app, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	// To a browser localhost and 127.0.0.1 are two sites, as a service and an identity
	// provider are.
	a := &app{origin: "http://localhost:" + port, ended: make(chan error, 1)}
	if err = a.build("http://127.0.0.1:" + port + "/idp"); err == nil {
		err = a.setUp(ctx, done)
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close(), a.close())
	}
	a.server = &http.Server{Handler: a.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { a.ended <- a.server.Serve(ln) }()
	// Beside the server: seal the log, delete what is over, deliver notices.
	ctx, a.rest = context.WithCancel(ctx)
	a.rested = make(chan error, 1)
	go func() { a.rested <- a.svc.Run(ctx) }()
	return a, nil
}

// close ends what start began.
func (a *app) close() error {
	var errs []error
	if a.server != nil {
		errs = append(errs, a.server.Close())
		a.rest()
		errs = append(errs, <-a.rested)
	}
	if a.dns != nil {
		errs = append(errs, a.dns.Close())
	}
	return errors.Join(errs...)
}
