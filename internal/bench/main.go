// Command bench measures this library beside others. The part saml reads responses beside
// github.com/russellhaering/gosaml2 and github.com/crewjam/saml. The part totp looks at
// codes beside github.com/pquerna/otp, right ones beside wrong ones, and at recovery codes
// beside one run of Argon2id. The part domain looks at a claim beside net.Resolver.
// The part scim reads filters beside github.com/scim2/filter-parser, and serves requests beside
// github.com/elimity-com/scim and a handler that says hello, to eight clients at once. The part bound
// serves writes over the whole of accesssec beside that handler. The part session checks sessions
// beside the hash of a token and a look into a map.
// The part password looks at sign-ins by password beside one run of Argon2id. The part access
// asks what somebody may do, among 10,000 grants of others and among ten.
//
// Keys, documents and codes are made at run time; all that is measured runs in one
// process, in turn, and is compared round by round, by the processor's time (requests of SCIM
// by the wall's, under load), with each
// other and with the one piece of cryptography that cannot be saved, so that the numbers
// mean the same on every machine. It is a module of its own, outside the workspace, so that
// the others never become a requirement of the library.
//
//	cd internal/bench && GOWORK=off go run . -check
//	cd internal/bench && GOWORK=off go run . -check -part totp
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == nameServerFlag {
		if err := beNameServer(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	rounds := flag.Int("rounds", 21, "how often each has its turn")
	part := flag.String("part", "", "saml, totp, domain, scim, bound, session, password or access; all when empty")
	check := flag.Bool("check", false, "exit with 1 if a bar is missed")
	flag.Parse()
	missed, err := run(os.Stdout, *part, max(1, *rounds))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if missed > 0 {
		fmt.Printf("\n%d missed\n", missed)
		if *check {
			os.Exit(1)
		}
	}
}

// run measures a part, or all of them, and says how many bars were missed.
func run(out io.Writer, part string, rounds int) (missed int, err error) {
	parts := []struct {
		name    string
		measure func(out io.Writer, rounds int) (int, error)
	}{{"saml", logins}, {"totp", factors}, {"domain", domains}, {"scim", provisioning}, {"bound", boundHTTP}, {"session", sessions}, {"password", passwords}, {"access", accesses}}
	met := false
	for _, p := range parts {
		if part != "" && part != p.name {
			continue
		}
		met = true
		n, err := p.measure(out, rounds)
		if missed += n; err != nil {
			return missed, err
		}
	}
	if !met {
		return 0, fmt.Errorf("bench: there is no part %q", part)
	}
	return missed, nil
}

// logins measures everything about SAML.
func logins(out io.Writer, rounds int) (missed int, err error) {
	w, err := newWorld()
	if err != nil {
		return 0, err
	}
	rows, err := w.rows()
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		subjects, size, err := w.subjects(r)
		if err != nil {
			fmt.Fprintf(out, "%s: FAILS: %v\n\n", r.name, err)
			missed++
			continue
		}
		costs, err := measure(subjects, rounds, 1)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(out, "%s, %d bytes of XML\n", r.name, size)
		show(out, subjects, costs)
		missed += judge(out, r.against, subjects, costs)
		fmt.Fprintln(out)
	}
	n, err := w.hostile(out, rounds)
	fmt.Fprintln(out)
	return missed + n, err
}

// show prints what each takes, in units too.
func show(out io.Writer, subjects []subject, costs []cost) {
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "\t\ttime\tunits\tallocations\tbytes\t\n")
	for i, s := range subjects {
		c := costs[i]
		fmt.Fprintf(tab, "\t%s\t%s\t%.2f\t%d\t%d\t\n", s.name, c.time.Round(100*time.Nanosecond), ratio(c, costs[0]), c.allocs, c.bytes)
	}
	tab.Flush()
}

// judge prints each bar, and counts those that are missed.
func judge(out io.Writer, bars []bar, subjects []subject, costs []cost) (missed int) {
	of := func(name string) cost {
		return costs[slices.IndexFunc(subjects, func(s subject) bool { return s.name == name })]
	}
	for _, b := range bars {
		verdict, got, unit := "ok", 0.0, b.what
		switch {
		case b.of != "":
			got, unit = ratio(of(b.who), of(b.of)), "of "+b.of
		case b.what == "allocations":
			got = float64(of(b.who).allocs)
		case b.what == "bytes":
			got = float64(of(b.who).bytes)
		}
		if got > b.most {
			verdict = "MISSED"
			missed++
		}
		fmt.Fprintf(out, "    %-6s %s: %.4g %s, at most %.4g\n", verdict, b.who, got, unit, b.most)
	}
	return missed
}
