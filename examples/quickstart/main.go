// Quickstart is a small SaaS with one protected page and single sign-on for one
// customer, Acme. Everything is in memory, and the customer's identity provider and
// DNS are simulated, so it needs nothing but Go:
//
//	go run ./examples/quickstart          then open http://localhost:8080
//	go run ./examples/quickstart -check   walks through it without a browser
package main

import (
	"context"
	"crypto/rand"
	_ "embed" // the protected page
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "where to listen: a host and port of this machine")
	check := flag.Bool("check", false, "walk through all of it without a browser, and say what works")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	run := func() error { return serve(ctx, *addr, os.Stdout) }
	if *check {
		run = func() error { return walk(ctx, os.Stdout) }
	}
	err := run()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// app is the SaaS, and what stands in for its customer.
type app struct {
	origin   string
	page     *template.Template // the protected one
	svc      *accesssec.Service
	idp      *samltest.IdP   // the customer's identity provider
	dns      *dnstest.Server // the customer's DNS
	acme     *accesssec.Admin
	password string // Olive's
	server   *http.Server
	ended    chan error
	rest     context.CancelFunc // ends what runs in the background
	rested   chan error
}

// build makes the service and the two that are simulated.
func (a *app) build(idpURL string) (err error) {
	if a.page, err = template.New("hello").Parse(helloPage); err != nil {
		return err
	}
	if a.dns, err = dnstest.New(); err != nil {
		return err
	}
	people := []samltest.Person{
		{Email: "ann@example.com", FirstName: "Ann", LastName: "Archer"},
		{Email: "olive@example.com", FirstName: "Olive", LastName: "Oakes"},
	}
	if a.idp, err = samltest.New(idpURL, people, nil); err != nil {
		return err
	}
	a.svc, err = accesssec.New(memory.New(), a.origin, seal.GenerateRing(), &accesssec.Options{
		Product:   "quickstart",
		Issuer:    "Quickstart", // as an authenticator app shows it
		Support:   "support@quickstart.example",
		Resolvers: []domainclaim.Resolver{a.dns.Resolver()},
	})
	return err
}

// setUp does what Acme's Owner would do on the settings pages, and then says so.
func (a *app) setUp(ctx context.Context, done func(format string, args ...any)) error {
	a.password = "Olive-1-" + strings.ToLower(rand.Text())
	// region setup
	owner, err := a.svc.CreateOrg(ctx, "Acme", accesssec.Person{
		Address: "olive@example.com", FirstName: "Olive", LastName: "Oakes",
		Verified: true, Password: a.password,
	})
	if err != nil {
		return err
	}
	a.acme = a.svc.Admin(owner)

	// Claim the domain, put the record into DNS, have it verified.
	domain, err := a.acme.ClaimDomain(ctx, "example.com")
	if err != nil {
		return err
	}
	record := domain.Records()[0]
	a.dns.SetTXT(record.Name, record.Value)
	if _, err := a.acme.VerifyDomain(ctx, domain.ID); err != nil {
		return err
	}

	// Exchange metadata with the identity provider, and switch the connection on.
	conn, err := a.acme.NewConnection(ctx, "Acme's identity provider")
	if err != nil {
		return err
	}
	theirs, err := saml.ParseMetadata(a.idp.Metadata(), "")
	if err != nil {
		return err
	}
	if _, err := a.acme.Configure(ctx, conn.ID, theirs, nil); err != nil {
		return err
	}
	ours, err := a.svc.SignIn().Metadata(ctx, conn.ID)
	if err != nil {
		return err
	}
	if err := a.idp.Trust(ours); err != nil {
		return err
	}
	if err := a.acme.Enable(ctx, conn.ID, true); err != nil {
		return err
	}

	// IdP-managed access: whom the identity provider lets in becomes a member.
	settings, err := a.acme.Settings(ctx)
	if err != nil {
		return err
	}
	settings.IdPManaged = true
	preview, err := a.acme.Preview(ctx, settings)
	if err != nil {
		return err
	}
	if err := a.acme.Apply(ctx, settings, preview.Hash); err != nil {
		return err
	}
	// endregion
	done("claim example.com: record %s TXT %s", record.Name, record.Value)
	done("add the record to DNS, and have it verified")
	done("configure single sign-on: postback URL %s", conn.ACS)
	done("switch on IdP-managed access, as previewed: %d people lose their way in", preview.LoseCount)
	return nil
}

// routes is all that the SaaS serves.
func (a *app) routes() http.Handler {
	// region serve
	mux := http.NewServeMux()
	mux.Handle(a.svc.Path(), signin.New(a.svc, &signin.Options{Name: "Quickstart"}))
	mux.Handle("/", a.svc.Protect(http.HandlerFunc(a.hello)))
	// endregion
	mux.Handle("/idp/", a.idp) // in the world this is somewhere else
	return mux
}

//go:embed hello.html
var helloPage string

// hello is the protected page.
func (a *app) hello(w http.ResponseWriter, r *http.Request) {
	// region hello
	p, ok := accesssec.FromContext(r.Context())
	if !ok {
		http.Error(w, "Not signed in.", http.StatusUnauthorized)
		return
	}
	profile, err := a.svc.Me(p).Profile(r.Context())
	// endregion
	if err == nil {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		err = a.page.Execute(w, map[string]any{"Person": profile, "Role": p.Role, "Path": a.svc.Path()})
	}
	if err != nil {
		http.Error(w, "The page can't be shown.", http.StatusServiceUnavailable)
	}
}

// serve runs until it is interrupted.
func serve(ctx context.Context, addr string, out io.Writer) error {
	a, err := start(ctx, addr, func(string, ...any) {})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `Open %s and try:

  ann@example.com      comes by single sign-on and is made a member of Acme.
                       On her identity provider's page, "Misbehave" forges the answer.
  olive@example.com    owns Acme. She may also choose a password: %s
                       and add an authenticator app to it ("Your second factor").

Stop with Ctrl-C.
`, a.origin, a.password)
	select {
	case <-ctx.Done():
		return a.close()
	case err := <-a.ended:
		return errors.Join(err, a.close())
	}
}
