// Customstore is a small SaaS that had accounts for years, with its own tables, password
// hashes, roles and session cookie, and then got accesssec. Package accounts beside it
// has the tables; here is what runs on them.
//
//	go run ./examples/customstore          then open http://localhost:8080
//	go run ./examples/customstore -check   walks through it without a browser
//
// It uses a SQLite file that it deletes at the end. The customer's identity provider and
// DNS are simulated.
package main

import (
	"context"
	"database/sql"
	_ "embed" // the pages
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"os/signal"

	_ "modernc.org/sqlite" // the driver is the host's choice

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/signin"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
	"github.com/accesssec/accesssec-go/saml/samltest"
	"github.com/accesssec/accesssec-go/store/seal"
	"github.com/accesssec/accesssec-go/store/sqlstore"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "where to listen: a host and port of this machine")
	check := flag.Bool("check", false, "walk through all of it without a browser, and say what works")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	run := func() error { return serve(ctx, *addr, os.Stdout, 0) }
	if *check {
		run = func() error { return walk(ctx, os.Stdout, 0) }
	}
	err := run()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "customstore:", err)
		os.Exit(1)
	}
}

// app is the SaaS, and what stands in for its customer.
type app struct {
	origin    string
	dir       string // of the database
	db        *sql.DB
	rounds    int // of a password hash; 0 is in earnest
	passwords *accounts.Passwords
	cookies   *cookies
	pages     *template.Template
	st        *sqlstore.Store
	svc       *accesssec.Service
	acme      string            // the customer's org
	known     map[string]person // the people of the years before, by name
	idp       *samltest.IdP     // the customer's identity provider
	dns       *dnstest.Server   // the customer's DNS
	server    *http.Server
	ended     chan error
	rest      context.CancelFunc // ends what runs in the background
	rested    chan error
}

//go:embed pages.html
var pages string

// build makes the service on the host's database, which is as it was before.
func (a *app) build(ctx context.Context, idpURL string) (err error) {
	if a.pages, err = template.New("pages").Parse(pages); err != nil {
		return err
	}
	if a.cookies, err = newCookies(); err != nil {
		return err
	}
	if a.dns, err = dnstest.New(); err != nil {
		return err
	}
	people := []samltest.Person{
		{Email: "ann@example.com", FirstName: "Ann", LastName: "Archer"},
		{Email: "bert@example.com", FirstName: "Bert", LastName: "Baker"},
		{Email: "olive@example.com", FirstName: "Olive", LastName: "Oakes"},
	}
	if a.idp, err = samltest.New(idpURL, people, nil); err != nil {
		return err
	}
	// region service
	if a.st, err = accounts.Open(ctx, a.db); err != nil {
		return err
	}
	a.svc, err = accesssec.New(a.st, a.origin, seal.GenerateRing(), &accesssec.Options{
		PasswordCheck: a.passwords.Check,
		// endregion
		Issuer:    "Desk", // as the app on the phone shows it
		Notify:    mailer{},
		Product:   "customstore",
		Support:   "support@customstore.example",
		Resolvers: []domainclaim.Resolver{a.dns.Resolver()},
	})
	return err
}

// region together

// together runs the host's statements and accesssec's part of the same change in one
// transaction: both are kept, or neither. On SQLite nobody can come in between, for the
// DSN has every transaction take the write lock first. On PostgreSQL it is begun with
// sql.LevelSerializable and run again after a store.ErrConflict.
func (a *app) together(ctx context.Context, fn func(tx *sql.Tx, svc *accesssec.Service) error) error {
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := fn(tx, a.svc.On(a.st.Join(tx))); err != nil {
		return err
	}
	return tx.Commit()
}

// endregion

// routes is all that the SaaS serves.
func (a *app) routes() http.Handler {
	own := http.NewServeMux()
	own.HandleFunc("GET /login", a.askAddress)
	own.HandleFunc("POST /login", a.takeAddress)
	own.HandleFunc("POST /login/password", a.takePassword)
	own.HandleFunc("POST /login/sso", a.startSSO)
	own.HandleFunc("GET /login/code", a.askCode)
	own.HandleFunc("POST /login/code", a.takeCode)
	own.HandleFunc("GET /login/recovery", a.askRecovery)
	own.HandleFunc("POST /login/recovery", a.takeRecovery)
	own.Handle("GET /{$}", a.signedIn(a.home))
	own.Handle("POST /logout", a.either(a.logout, a.logout))
	own.Handle("GET /factor", a.ownFactor(a.showFactor))
	own.Handle("POST /factor/begin", a.ownFactor(a.beginFactor))
	own.Handle("POST /factor/confirm", a.ownFactor(a.confirmFactor))
	own.Handle("POST /factor/codes.txt", a.ownFactor(a.downloadCodes))
	own.Handle("POST /factor/done", a.ownFactor(a.finishFactor))
	own.Handle("POST /factor/change", a.ownFactor(a.changeFactor))
	own.Handle("POST /factor/remove", a.ownFactor(a.removeFactor))
	own.Handle("POST /factor/codes", a.ownFactor(a.renewCodes))
	own.Handle("POST /team/active", a.signedIn(a.setActive))
	own.Handle("POST /team/position", a.signedIn(a.setPosition))
	own.Handle("POST /team/factor", a.signedIn(a.resetFactor))
	own.Handle("POST /workspaces", a.signedIn(a.openWorkspace))

	mux := http.NewServeMux()
	mux.Handle("/", http.NewCrossOriginProtection().Handler(own))
	// The identity provider's answer comes from another site by its nature, and guards
	// itself.
	mux.HandleFunc("POST "+a.svc.Path()+"sso/{connection}/acs", a.finishSSO)
	// Where the link of a message leads to, and who clicks it has no session: this page of
	// package signin serves any host, and guards itself as well. It leads on to the login.
	mux.Handle(a.svc.Path()+"factor/reset", signin.New(a.svc, &signin.Options{Name: "Desk"}))
	mux.Handle("GET "+a.svc.Path()+"{$}", http.RedirectHandler("/login", http.StatusSeeOther))
	mux.Handle("/idp/", a.idp) // in the world this is somewhere else
	return mux
}

// serve runs until it is interrupted. rounds is what a password costs; 0 is in earnest.
func serve(ctx context.Context, addr string, out io.Writer, rounds int) error {
	a, err := start(ctx, addr, rounds, func(string, ...any) {})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `Open %s and try:

  olive@example.com    has had an account since 2019, and is the boss. Password: %s
                       She may add an authenticator app to it ("Your second factor").
  bert@example.com     was staff before; now he may come by single sign-on as well.
                       Password: %s
  ann@example.com      is nobody yet: single sign-on makes her a row in accounts.

Stop with Ctrl-C.
`, a.origin, a.known["olive"].Password, a.known["bert"].Password)
	select {
	case <-ctx.Done():
		return a.close()
	case err := <-a.ended:
		return errors.Join(err, a.close())
	}
}
