package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/scim"
)

// options are the flags.
type options struct {
	listen, origin, token, token2, profile string
	check                                  bool
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("scimonly", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.listen, "listen", "localhost:8080", "where to listen: host:port")
	f.StringVar(&o.origin, "origin", "", "where clients find this, when it is behind a tunnel: https://host; \"\" is http and the -listen address")
	f.StringVar(&o.token, "token", "", "the bearer token of the first tenant; \"\" is a new one, which is printed")
	f.StringVar(&o.token2, "token2", "", "the bearer token of the second tenant; \"\" is a new one, which is printed")
	f.StringVar(&o.profile, "profile", string(scim.Detect), "what is taken that breaks the standard: "+profileNames())
	f.BoolVar(&o.check, "check", false, "walk through all of it over HTTP, and say what works")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		f.SetOutput(out)
		fmt.Fprintln(out, "scimonly serves SCIM 2.0 for two tenants, in memory. Its flags:")
		f.PrintDefaults()
		return o, err
	} else if err != nil {
		return o, fmt.Errorf("%w; -help lists the flags", err)
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag; -help lists the flags", f.Arg(0))
	}
	for _, token := range []*string{&o.token, &o.token2} {
		if *token == "" {
			*token = rand.Text()
		}
	}
	return o, o.checked()
}

func profileNames() string {
	var names []string
	for _, p := range scim.Profiles() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

func (o options) checked() error {
	switch {
	case !slices.Contains(scim.Profiles(), scim.Profile(o.profile)):
		return fmt.Errorf("-profile %s: it is one of %s", o.profile, profileNames())
	case o.token == o.token2:
		return errors.New("the tenants have one token; give each its own")
	case strings.ContainsAny(o.token+o.token2, " \t\r\n"):
		return errors.New("a token has no blanks")
	}
	if o.origin != "" {
		u, err := url.Parse(o.origin)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return fmt.Errorf("-origin %s: it is a scheme and a host, such as https://a-tunnel.example.com", o.origin)
		}
	}
	return nil
}

// run does what the flags say, until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.check {
		return walk(ctx, o, out)
	}
	s, err := start(o, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "SCIM is at %s%s\nThe first tenant's token:  %s\nThe second tenant's token: %s\nStop with Ctrl-C.\n", s.origin, basePath, o.token, o.token2)
	select {
	case <-ctx.Done():
	case err = <-s.ended:
	}
	return errors.Join(err, s.server.Close())
}

// service is an app that is served.
type service struct {
	origin string
	server *http.Server
	ended  chan error
}

func start(o options, out io.Writer) (*service, error) {
	ln, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w; it is host:port, such as localhost:8080", err)
	}
	s := &service{origin: strings.TrimRight(o.origin, "/"), ended: make(chan error, 1)}
	if s.origin == "" {
		s.origin = "http://" + reachable(ln.Addr().String(), o.listen)
	}
	routes, err := newApp(o, s.origin, log.New(out, "", log.Ltime)).routes()
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	s.server = &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	go func() { s.ended <- s.server.Serve(ln) }()
	return s, nil
}

// reachable is the address as clients on this machine use it.
func reachable(bound, asked string) string {
	_, port, _ := net.SplitHostPort(bound)
	host, _, _ := net.SplitHostPort(asked)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
