// Domainonly is a small site where organizations prove by DNS that a domain is theirs, on
// package domainclaim alone: no Service, no Store, no pages of ours. It is there to be
// read, to be copied, and to try a domain of your own.
//
//	go run ./examples/domainonly             with simulated DNS and a DNS panel, at http://localhost:8080
//	go run ./examples/domainonly -dns real   with the system's resolvers and the domains' own name servers
//	go run ./examples/domainonly -dns 9.9.9.9,1.1.1.1
//	go run ./examples/domainonly -check      walks through all of it without a browser
//
// registry.go is where to start: how a claim is looked up, moved and kept, now and in the
// background. memory.go stands in for the database, each method with the SQL that it stands
// for. simulated.go is a small Internet with a clock that can be put forward.
//
// Three things it leaves to the site that you have: who may speak for an organization,
// an audit log, and sending what is only shown here to the organization's admins by mail.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "domainonly:", err)
		os.Exit(1)
	}
}

// run does what the flags say, until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("domainonly", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	listen := f.String("listen", "localhost:8080", "where to listen: a host and port of this machine")
	dns := f.String("dns", simulatedDNS, "simulated; real, the resolvers of this system; or the addresses of resolvers, with commas")
	check := f.Bool("check", false, "walk through all of it without a browser, and say what works")
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		f.SetOutput(out)
		fmt.Fprintln(out, "A site where organizations claim domains. Flags:")
		f.PrintDefaults()
		return nil
	}
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("%q is no flag", f.Arg(0))
	}
	if err != nil {
		return fmt.Errorf("%w; -help lists the flags", err)
	}
	if *check {
		return walk(ctx, out)
	}
	return serve(ctx, *listen, *dns, out)
}

// The values of -dns, besides addresses.
const (
	simulatedDNS = "simulated"
	realDNS      = "real"
)

// resolvers are those of the flag.
func resolvers(dns string) ([]domainclaim.Resolver, error) {
	if dns == realDNS {
		found, err := domainclaim.SystemResolvers()
		if err != nil {
			return nil, fmt.Errorf("-dns %s: %w", dns, err)
		}
		return found, nil
	}
	var out []domainclaim.Resolver
	for address := range strings.SplitSeq(dns, ",") {
		r, err := domainclaim.NewResolver(strings.TrimSpace(address), nil)
		if err != nil {
			return nil, fmt.Errorf("-dns: %w; it is %s, %s or addresses", err, simulatedDNS, realDNS)
		}
		out = append(out, r)
	}
	return out, nil
}

// serve listens until ctx ends.
func serve(ctx context.Context, listen, dns string, out io.Writer) error {
	s, err := start(listen, dns, &clock{base: time.Now}, out)
	if err != nil {
		return err
	}
	swept := make(chan struct{})
	background, stop := context.WithCancel(ctx)
	go func() {
		defer close(swept)
		s.app.registry.run(background)
	}()
	fmt.Fprintf(out, "Open %s and claim a domain.\n", s.origin)
	if s.app.internet != nil {
		fmt.Fprint(out, "DNS is simulated: every claim has a panel with the records of its domain, and a clock to put forward.\n"+
			"To try a domain of yours: -dns real\n")
	}
	fmt.Fprint(out, "Everything is in memory and gone at the end. Stop with Ctrl-C.\n")
	select {
	case <-ctx.Done():
	case err = <-s.ended:
	}
	stop()
	<-swept
	return errors.Join(err, s.close())
}
