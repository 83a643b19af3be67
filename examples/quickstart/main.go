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
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store"
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
	store    *memory.Store
	svc      *accesssec.Service
	idp      *samltest.IdP   // the customer's identity provider
	dns      *dnstest.Server // the customer's DNS
	acme     *accesssec.Admin
	password string // Olive's
	server   *http.Server
	ended    chan error
}

// start sets everything up and listens. done hears of each step.
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
	a := &app{origin: "http://localhost:" + port, store: memory.New(), ended: make(chan error, 1)}
	if err = a.make("http://127.0.0.1:" + port + "/idp"); err == nil {
		err = a.setUp(ctx, done)
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close(), a.close())
	}
	a.server = &http.Server{Handler: a.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { a.ended <- a.server.Serve(ln) }()
	return a, nil
}

// make builds the service and the two that are simulated.
func (a *app) make(idpURL string) (err error) {
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
	a.svc, err = accesssec.New(a.store, a.origin, seal.GenerateRing(), &accesssec.Options{
		Product:   "quickstart",
		Support:   "support@quickstart.example",
		Resolvers: []domainclaim.Resolver{a.dns.Resolver()},
	})
	return err
}

// setUp does what Acme's Owner would do on the settings pages.
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
	done("claim example.com: record %s TXT %s", record.Name, record.Value)
	a.dns.SetTXT(record.Name, record.Value)
	done("add the record to DNS")
	if _, err := a.acme.VerifyDomain(ctx, domain.ID); err != nil {
		return err
	}
	done("verify example.com")

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
	done("configure single sign-on: postback URL %s", conn.ACS)

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
	done("switch on IdP-managed access: %d people lose their way in", preview.LoseCount)
	// endregion
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

// hello is the protected page.
func (a *app) hello(w http.ResponseWriter, r *http.Request) {
	p, ok := accesssec.FromContext(r.Context())
	if !ok {
		http.Error(w, "not signed in", http.StatusUnauthorized)
		return
	}
	profile, profileErr := a.svc.Me(p).Profile(r.Context())
	org, orgErr := a.store.Org(r.Context(), p.OrgID)
	sessions, sessionErr := a.store.Sessions(r.Context(), store.SessionQuery{UserID: p.UserID, ID: p.SessionID})
	if err := errors.Join(profileErr, orgErr, sessionErr); err != nil || len(sessions.Items) != 1 {
		http.Error(w, "The page can't be shown. Try again.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	err := helloPage.Execute(w, map[string]string{
		"Name": profile.FirstName + " " + profile.LastName, "Address": profile.Address,
		"Org": org.Name, "Role": string(p.Role), "Method": sessions.Items[0].Methods[0],
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
	}
}

var helloPage = template.Must(template.New("hello").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Quickstart</title>
<style>
body { max-width: 34rem; margin: 12vh auto; padding: 0 1rem; font: 1.05rem/1.6 system-ui, sans-serif }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem } dd { margin: 0 } dt { opacity: .7 }
</style>
<h1>Hello {{.Name}}</h1>
<dl>
<dt>Address</dt><dd>{{.Address}}</dd>
<dt>Organization</dt><dd>{{.Org}}</dd>
<dt>Role</dt><dd>{{.Role}}</dd>
<dt>Signed in by</dt><dd>{{.Method}}</dd>
</dl>
<p><a href="/auth/signout">Sign out</a>, on this device or on all of them.</p>
</html>
`))

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

Stop with Ctrl-C.
`, a.origin, a.password)
	select {
	case <-ctx.Done():
		return a.close()
	case err := <-a.ended:
		return errors.Join(err, a.close())
	}
}

func (a *app) close() error {
	var errs []error
	if a.server != nil {
		errs = append(errs, a.server.Close())
	}
	if a.dns != nil {
		errs = append(errs, a.dns.Close())
	}
	return errors.Join(errs...)
}
