package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/examples/customstore/accounts"
	"github.com/accesssec/accesssec-go/saml"
)

// person is somebody of the years before.
type person struct{ Mail, Password string }

// start makes a database as it was, brings it up to date, and listens. done hears of
// each step that is done.
func start(ctx context.Context, addr string, rounds int, done func(format string, args ...any)) (*app, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	a := &app{rounds: rounds, known: map[string]person{}, ended: make(chan error, 1)}
	if err := a.setUp(ctx, ln.Addr().String(), done); err != nil {
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

func (a *app) setUp(ctx context.Context, addr string, done func(format string, args ...any)) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if err := a.before(ctx); err != nil {
		return err
	}
	done("a database of 2019: %d accounts with hashes of the host's own, in one workspace", len(a.known))
	// To a browser localhost and 127.0.0.1 are two sites, as a service and an identity
	// provider are.
	a.origin = "http://localhost:" + port
	if err := a.build(ctx, "http://127.0.0.1:"+port+"/idp"); err != nil {
		return err
	}
	done("its tables get the columns that accesssec needs, and its rows their values")
	people := 0
	if a.acme, people, err = a.adopt(ctx, 1); err != nil {
		return err
	}
	if people != len(a.known) {
		return fmt.Errorf("%d of %d people came along", people, len(a.known))
	}
	done("workspace 1 is an org now, and all %d people are in it", people)
	return a.customer(ctx, done)
}

// before makes the tables and the people of the years before.
func (a *app) before(ctx context.Context) (err error) {
	if a.dir, err = os.MkdirTemp("", "customstore"); err != nil {
		return err
	}
	if a.db, err = sql.Open("sqlite", "file:"+filepath.Join(a.dir, "host.db")+accounts.DSN); err != nil {
		return err
	}
	if err := accounts.Before(ctx, a.db); err != nil {
		return err
	}
	a.passwords = accounts.NewPasswords(a.db, a.rounds)
	if _, err := a.db.ExecContext(ctx, `INSERT INTO workspaces (id, name, plan) VALUES (1, 'Acme', 'team')`); err != nil {
		return err
	}
	for i, p := range []struct{ first, mail, shown, position string }{
		{"olive", "olive@example.com", "Olive Oakes", "boss"},
		{"bert", "Bert@Example.com", "Bert", "staff"},
		{"tess", "tess@example.org", "Tess Tyler", "trainee"},
	} {
		k := person{p.mail, p.first + "-" + strings.ToLower(rand.Text()[:12])}
		a.known[p.first] = k
		hash, err := a.passwords.Hash(ctx, k.Password)
		if err != nil {
			return err
		}
		_, err = a.db.ExecContext(ctx, `INSERT INTO accounts (id, mail, display_name, pw, mail_confirmed, created)
			VALUES (?1, ?2, ?3, ?4, 1, '2019-05-06T07:08:09Z')`, i+1, p.mail, p.shown, hash)
		if err == nil {
			_, err = a.db.ExecContext(ctx, `INSERT INTO team_members (workspace_id, account_id, position, since)
				VALUES (1, ?1, ?2, '2019-05-07')`, i+1, p.position)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// admin acts as Acme's boss, as the settings pages would after a password.
func (a *app) admin(ctx context.Context) (*accesssec.Admin, error) {
	p, err := a.svc.Vouch(ctx, a.acme, "acct-1")
	if err != nil {
		return nil, err
	}
	return a.svc.Admin(p), nil
}

// customer does what Acme's boss would do on the settings pages: a verified domain, and
// single sign-on that makes people members.
func (a *app) customer(ctx context.Context, done func(format string, args ...any)) error {
	acme, err := a.admin(ctx)
	if err != nil {
		return err
	}
	domain, err := acme.ClaimDomain(ctx, "example.com")
	if err != nil {
		return err
	}
	record := domain.Records()[0]
	a.dns.SetTXT(record.Name, record.Value)
	if _, err := acme.VerifyDomain(ctx, domain.ID); err != nil {
		return err
	}
	conn, err := acme.NewConnection(ctx, "Acme's identity provider")
	if err != nil {
		return err
	}
	theirs, err := saml.ParseMetadata(a.idp.Metadata(), "")
	if err != nil {
		return err
	}
	if _, err := acme.Configure(ctx, conn.ID, theirs, nil); err != nil {
		return err
	}
	ours, err := a.svc.SignIn().Metadata(ctx, conn.ID)
	if err != nil {
		return err
	}
	if err := a.idp.Trust(ours); err != nil {
		return err
	}
	if err := acme.Enable(ctx, conn.ID, true); err != nil {
		return err
	}
	done("Acme has verified example.com and switched on single sign-on")
	return a.apply(ctx, func(s *accesssec.Settings) { s.IdPManaged = true })
}

// apply changes Acme's settings as previewed.
func (a *app) apply(ctx context.Context, change func(*accesssec.Settings)) error {
	acme, err := a.admin(ctx)
	if err != nil {
		return err
	}
	settings, err := acme.Settings(ctx)
	if err != nil {
		return err
	}
	change(&settings)
	preview, err := acme.Preview(ctx, settings)
	if err != nil {
		return err
	}
	return acme.Apply(ctx, settings, preview.Hash)
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
	if a.db != nil {
		errs = append(errs, a.db.Close())
	}
	if a.dir != "" {
		errs = append(errs, os.RemoveAll(a.dir))
	}
	return errors.Join(errs...)
}
