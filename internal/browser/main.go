// Browser walks through the quickstart, samlonly and a host of its own with a real Chromium:
// signs in by clicking, meets a forged answer, signs out everywhere and is asked to sign in
// again; signs up, and sets up a second factor and signs in with it and without it; goes by
// links and codes of mails, by an OpenID provider, in a browser that is remembered, and to another
// address; once with scripts and once without. It owns the walks and the
// little of WebDriver that they need, and is a module of its own so that nobody who uses the
// library meets it.
//
//	go run . -quickstart path/of/the/program -samlonly path/of/the/other
//
// It needs chromium, chromedriver and zbarimg, and speaks W3C WebDriver over loopback.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"
)

func main() {
	quickstart := flag.String("quickstart", "", "the built quickstart; \"\" leaves its walk out")
	samlonly := flag.String("samlonly", "", "the built samlonly; \"\" leaves its walk out")
	driver := flag.String("driver", "chromedriver", "the WebDriver of the browser")
	chromium := flag.String("chromium", "/usr/bin/chromium", "the browser")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	programs := []program{
		{walk: walkMail,
			shows: "pages: signed up, came by a code and by a link of a mail, recovered without the phone, set another password, ended another device"},
		{walk: walkWays,
			shows: "pages: came by an OpenID provider, linked it to an account, was remembered and forgotten, came in by grace, moved to another address"},
	}
	if *quickstart != "" {
		command := []string{*quickstart, "-addr", "localhost:0"}
		programs = append(programs, program{command, "Stop with ", walk,
			"quickstart: signed in, refused a forged answer, signed out everywhere, asked to sign in again"})
		programs = append(programs, program{command, "Stop with ", walkFactor,
			"quickstart: set up a second factor, signed in by a code and by a recovery code, moved to another app"})
	}
	if *samlonly != "" {
		programs = append(programs, program{[]string{*samlonly, "-listen", "localhost:0"}, "Open ", walkSamlonly,
			"samlonly: signed in by both bindings and from the portal, saw the diagnosis of a forged answer, signed out from both sides"})
	}
	err := run(ctx, programs, *driver, *chromium)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

// program is one to walk through.
type program struct {
	command []string // none: the walk brings its own host
	ready   string   // begins the line by which it says that it is
	walk    func(ctx context.Context, b *browser, h host, scripts bool) error
	shows   string
}

// host is a program that runs.
type host struct {
	origin string
	said   string // until it was ready
}

func run(ctx context.Context, programs []program, driver, chromium string) error {
	for _, p := range programs {
		for _, scripts := range []bool{true, false} {
			if err := once(ctx, p, driver, chromium, scripts); err != nil {
				return fmt.Errorf("%s, scripts %s: %w", p.shows, onOff(scripts), err)
			}
			fmt.Printf("ok   scripts %s: %s\n", onOff(scripts), p.shows)
		}
	}
	return nil
}

// once starts everything afresh for one walk.
func once(ctx context.Context, p program, driver, chromium string, scripts bool) (err error) {
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(profile)) }()

	said := ""
	if len(p.command) > 0 {
		out, endApp, err := launch(ctx, p.ready, p.command[0], p.command[1:]...)
		if err != nil {
			return err
		}
		defer endApp()
		said = out
	}
	_, origin, _ := strings.Cut("\n"+said, "\nOpen ")
	origin, _, _ = strings.Cut(origin, " ")

	const port = "ChromeDriver was started successfully on port "
	lines, endDriver, err := launch(ctx, port, driver, "--port=0")
	if err != nil {
		return err
	}
	defer endDriver()
	_, at, _ := strings.Cut(lines, port)
	at, _, _ = strings.Cut(at, ".")

	b, err := open(ctx, "http://127.0.0.1:"+at, chromium, profile, scripts)
	if err != nil {
		return err
	}
	return errors.Join(p.walk(ctx, b, host{origin, said}, scripts), b.close(ctx))
}

// launch starts a program and waits for the line by which it says that it is ready. said
// is all up to the end of that line.
func launch(ctx context.Context, ready, program string, args ...string) (said string, end func(), err error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	end = func() {
		// It is only ended here, so how it ends says nothing.
		if cmd.Process.Signal(os.Interrupt) == nil {
			io.Copy(io.Discard, out)
		}
		cmd.Wait()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), ready) {
			return said, end, nil
		}
	}
	end()
	return "", nil, fmt.Errorf("%s did not say %q", program, ready)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
