package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// run does what the flags say, until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return explained(err)
	}
	if o.check {
		return walk(ctx, out)
	}
	s, err := start(ctx, o, nil, out)
	if err != nil {
		return explained(err)
	}
	fmt.Fprintf(out, "Open %s and sign in.\n", s.app.origin)
	if s.simulated != nil {
		fmt.Fprintf(out, "The identity provider is simulated: anybody may be picked there, and \"Misbehave\" forges the answer.\n"+
			"Its own page, to start from or to log out: %s/\nTo try a real one: -metadata FILE or URL.\n", s.simulatedURL)
	}
	if o.key == "" {
		fmt.Fprintln(out, "Our key is new at each start, so the provider needs our metadata again each time; -key FILE keeps it.")
	}
	fmt.Fprintln(out, "Stop with Ctrl-C.")
	select {
	case <-ctx.Done():
	case err = <-s.ended:
	}
	return errors.Join(err, s.close())
}

// explained adds to an error of package saml what it knows besides its sentence.
func explained(err error) error {
	if e := (*saml.Error)(nil); errors.As(err, &e) {
		before, _, _ := strings.Cut(err.Error(), e.Error())
		return errors.New(before + tell(e))
	}
	return err
}

// service is an app that is served, with a simulated provider or without.
type service struct {
	app          *app
	simulated    *samltest.IdP
	simulatedURL string
	servers      []*http.Server
	ended        chan error
	rest         func() // ends what runs in the background
}

// start builds everything and listens. how is how a simulated provider speaks.
func start(ctx context.Context, o options, how *samltest.Options, out io.Writer) (s *service, err error) {
	ln, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w; it is host:port, such as localhost:8080", err)
	}
	s = &service{ended: make(chan error, 2), rest: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, ln.Close(), s.close())
			s = nil
		}
	}()
	now := time.Now()
	if s.app, err = newApp(o, ln, now, log.New(out, "", log.Ltime)); err != nil {
		return s, err
	}
	if o.metadata == "" {
		err = s.simulate(o, how, now)
	} else {
		s.app.provider, err = newProvider(ctx, o.metadata, o.idpEntityID, s.app.log, now)
	}
	if err != nil {
		return s, err
	}
	idp, err := s.app.provider.idp(now)
	if err != nil {
		return s, err
	}
	if err = idp.Check(s.app.rules); err != nil {
		return s, err
	}
	plain := strings.HasPrefix(s.app.origin, "http:") || strings.HasPrefix(idp.SLO.URL, "http:")
	if s.app.pages, err = newPages(plain); err != nil {
		return s, err
	}
	s.serve(ln, s.app.routes())
	ctx, cancel := context.WithCancel(ctx)
	rested := make(chan struct{})
	s.rest = func() { cancel(); <-rested }
	go func() {
		defer close(rested)
		s.app.provider.follow(ctx)
	}()
	return s, nil
}

// newApp is our side.
func newApp(o options, ln net.Listener, now time.Time, log *log.Logger) (*app, error) {
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return nil, err
	}
	origin, sp, err := o.serviceProvider(port)
	if err != nil {
		return nil, err
	}
	_, host, _ := strings.Cut(origin, "://")
	key, err := loadKey(o.key, host, now)
	if err != nil {
		return nil, err
	}
	sp.Keys = []saml.Key{key}
	a := &app{origin: origin, sp: sp, rules: &o.rules, ask: &o.ask, publish: &saml.MetadataOptions{Encryption: o.encryption},
		binding: saml.Binding(o.binding), memory: newMemory(), log: log}
	for d := range strings.SplitSeq(o.domains, ",") {
		if d = strings.TrimSpace(d); d != "" {
			a.domains = append(a.domains, d)
		}
	}
	_, err = sp.Metadata(a.publish) // what is wrong with our side shows here
	return a, err
}

// simulate starts an identity provider on a port of its own, at 127.0.0.1: to a browser
// that is another site than localhost, as in the world.
func (s *service) simulate(o options, how *samltest.Options, now time.Time) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.simulatedURL = "http://" + ln.Addr().String()
	if how == nil {
		how = &samltest.Options{}
	}
	if o.encryption && how.Encrypt.Cipher == "" {
		how.Encrypt = samltest.Encryption{Cipher: samltest.AES256GCM}
	}
	ours, err := s.app.sp.Metadata(s.app.publish)
	if err == nil {
		s.simulated, err = samltest.New(s.simulatedURL, people(), how)
	}
	if err == nil {
		err = s.simulated.Trust(ours)
	}
	var theirs *saml.Metadata
	if err == nil {
		s.app.provider = &provider{log: s.app.log}
		theirs, err = s.app.provider.source.Parse(s.simulated.Metadata(), now)
	}
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	s.app.provider.kept = saml.Kept{}.Next(theirs, nil, now)
	s.serve(ln, s.simulated)
	return nil
}

func people() []samltest.Person {
	return []samltest.Person{
		{Email: "ann@example.com", FirstName: "Ann", LastName: "Archer", Groups: []string{"engineering", "everybody"}},
		{Email: "bob@example.com", FirstName: "Bob", LastName: "Baker", Groups: []string{"everybody"}},
	}
}

func (s *service) serve(ln net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	s.servers = append(s.servers, server)
	go func() { s.ended <- server.Serve(ln) }()
}

// close ends what start began.
func (s *service) close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	s.rest()
	return errors.Join(errs...)
}
