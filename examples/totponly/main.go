// Totponly is a small site whose people sign in by a password and may add an
// authenticator app, on package totp alone: no Service, no Store, no pages of ours. It is
// there to be read and copied.
//
//	go run ./examples/totponly          then open http://localhost:8080
//	go run ./examples/totponly -check   walks through all of it without a browser
//
// factor.go is where to start: what is kept of a factor, and the order in which a code is
// looked at. memory.go stands in for the database, each method with the SQL that it stands
// for. signin.go, setup.go and account.go are the forms.
//
// Three things it leaves to the site that you have: a limit on guesses at the first
// password, a mail to the person whenever their factor changes, and support for somebody
// who has lost both the phone and the recovery codes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/accesssec/accesssec-go/accesssec/password"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "totponly:", err)
		os.Exit(1)
	}
}

// run does what the flags say, until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("totponly", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	listen := f.String("listen", "localhost:8080", "where to listen: a host and port of this machine")
	check := f.Bool("check", false, "walk through all of it without a browser, and say what works")
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		f.SetOutput(out)
		fmt.Fprintln(out, "A site with a second factor by authenticator app. Flags:")
		f.PrintDefaults()
		return nil
	}
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("%q is no flag", f.Arg(0))
	}
	if err != nil {
		return fmt.Errorf("%w; -help lists the flags", err)
	}
	// One Hasher for passwords and recovery codes: it bounds the memory of both together.
	hasher := password.NewHasher(nil)
	if *check {
		return walk(ctx, hasher, out)
	}
	return serve(ctx, *listen, hasher, out)
}

// serve listens until ctx ends.
func serve(ctx context.Context, listen string, hasher *password.Hasher, out io.Writer) error {
	s, err := start(ctx, listen, hasher, time.Now, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Open %s and sign in:\n\n", s.origin)
	for _, address := range people() {
		fmt.Fprintf(out, "  %s   %s\n", address, s.passwords[address])
	}
	fmt.Fprint(out, `
Then set up a second factor, with any authenticator app on your phone. Everything is in
memory and gone at the end.

Stop with Ctrl-C.
`)
	select {
	case <-ctx.Done():
	case err = <-s.ended:
	}
	return errors.Join(err, s.close())
}

// people are those who have an account here.
func people() []string { return []string{"ann@example.com", "bob@example.com"} }
